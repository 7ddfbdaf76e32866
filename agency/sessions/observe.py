"""Gathering what is known about runs, so that the rules of :mod:`agency.domain.status` can judge it."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from agency.domain.agent import AgentState
from agency.domain.durations import moment_of
from agency.domain.facts import SAYS, Doing, RunFacts, Saying, Session, is_doubtful, with_screen
from agency.domain.frozen import frozen
from agency.domain.jobprogress import fold_job
from agency.domain.journal import Journal, fold
from agency.domain.launch import Launch
from agency.domain.rule import Verdict
from agency.domain.run import BrokenRun, Run
from agency.domain.status import derive_status
from agency.sessions.agentstate import Shown, agent_state, prompt_on_screen, screens_of, told_by_screen
from agency.sessions.context import Context
from agency.sessions.live import live_pane
from agency.store.launches import read_exit_code, read_launch
from agency.store.runs import log_of
from agency.tools.identity import boot_id, is_alive, process_started
from agency.tools.tmux.command import Tmux, choose_socket
from agency.tools.tmux.look import Pane, list_panes, runner_pane
from agency.tools.tmux.recall import recall_server


@frozen
class Observation:
    """A run, what was seen of it and what follows. ``panes`` are those of its session."""

    run: Run | BrokenRun
    journal: Journal
    launch: Launch | None
    panes: tuple[Pane, ...]
    saying: Mapping[str, object] | None
    facts: RunFacts
    verdict: Verdict


def observe(context: Context, run: Run | BrokenRun) -> Observation:
    """Look at one run."""
    if isinstance(run, Run):
        launch, _, panes = live_pane(context, run)
    else:
        launch, panes = read_launch(run.directory), []
    return _judge(context, [(run, launch, panes)])[0]


def observe_all(context: Context, runs: Iterable[Run | BrokenRun]) -> list[Observation]:
    """Look at many runs with one tmux call for each server they are on, which is one as a rule, and one more when an agent tells
    nothing itself: its screen may, and a dialog may be in its way."""
    launches = [(run, read_launch(run.directory)) for run in runs]
    on_socket: dict[str, list[Launch]] = {}
    for run, launch in launches:
        if launch is not None:
            on_socket.setdefault(choose_socket(context.environ, launch.socket, None), []).append(launch)
        elif not run.archived:  # the record of the launch may be lost, and the session still there
            on_socket.setdefault(choose_socket(context.environ, None, None), [])
    by_socket = {
        socket: _by_session(_every_pane(Tmux(socket=socket, environ=context.environ), on_it))
        for socket, on_it in on_socket.items()
    }
    looked = []
    for run, launch in launches:
        socket = choose_socket(context.environ, launch.socket if launch else None, None)
        looked.append((run, launch, by_socket.get(socket, {}).get(f"agency_{run.run_id}", [])))
    return _judge(context, looked)


def _every_pane(tmux: Tmux, launches: list[Launch]) -> list[Pane]:
    panes = list_panes(tmux)
    servers = {(launch.server_pid, launch.server_started) for launch in launches}
    if not panes and any(recall_server(tmux, pid, started) for pid, started in servers):
        panes = list_panes(tmux)
    return panes


def _by_session(panes: list[Pane]) -> dict[str, list[Pane]]:
    sessions: dict[str, list[Pane]] = {}
    for pane in panes:
        sessions.setdefault(pane.session, []).append(pane)
    return sessions


def _judge(context: Context, looked: list[tuple[Run | BrokenRun, Launch | None, list[Pane]]]) -> list[Observation]:
    now, boot = time.time(), boot_id()
    observations: list[Observation] = []
    for run, launch, panes in looked:
        events = log_of(run).read()
        journal = fold(events)
        saying = (
            _without_secrets(context, read_saying(run.worktree)) if isinstance(run, Run) and not run.archived else None
        )
        facts = _facts(run, journal, launch, panes, saying, now=now, boot=boot)
        if isinstance(run, Run) and launch is not None and facts.runner_alive:
            facts = replace(facts, agent=_doing(agent_state(context, run, launch), now))
        if isinstance(run, Run) and run.headless and facts.broken is None:
            facts = replace(facts, job=fold_job(events))
        observations.append(
            Observation(
                run=run,
                journal=journal,
                launch=launch,
                panes=tuple(panes),
                saying=saying,
                facts=facts,
                verdict=derive_status(facts),
            )
        )
    return _with_screens(context, observations)


def _with_screens(context: Context, observations: list[Observation]) -> list[Observation]:
    """The same with what only the screens of agents show: what one does that tells nothing itself, a dialog that keeps one from
    starting, an answer after which it works on, a turn that was broken off. Only the screens of agents that may be in such a
    case are read."""
    places = [_place_in_doubt(seen) for seen in observations]
    shown = screens_of(context, [place for place in places if place is not None])
    return [
        _seen_on_screen(seen, shown.get((place[0].socket, place[1].pane_id)) if place is not None else None)
        for seen, place in zip(observations, places, strict=True)
    ]


def _place_in_doubt(seen: Observation) -> tuple[Launch, Pane] | None:
    """The launch and the pane of a living agent whose screen may tell more than itself."""
    pane = runner_pane(list(seen.panes))
    if seen.launch is None or pane is None or not seen.facts.runner_alive:
        return None
    return (seen.launch, pane) if seen.facts.agent is None or is_doubtful(seen.facts) else None


def _seen_on_screen(seen: Observation, shown: Shown | None) -> Observation:
    if shown is None:
        return seen
    facts, agent = seen.facts, seen.facts.agent
    if agent is None:
        facts = replace(facts, screen=told_by_screen(shown))
    elif (prompt := prompt_on_screen(shown)) is not None:
        facts = replace(facts, agent=with_screen(agent, prompt))
    return replace(seen, facts=facts, verdict=derive_status(facts))


def _facts(
    run: Run | BrokenRun,
    journal: Journal,
    launch: Launch | None,
    panes: list[Pane],
    saying: Mapping[str, object] | None,
    *,
    now: float,
    boot: str,
) -> RunFacts:
    if isinstance(run, BrokenRun):
        return RunFacts(broken=run.reason, archived=run.archived)
    pane = runner_pane(panes)
    operation = journal.operation
    exit_code = read_exit_code(run.directory, launch.number) if launch else None
    if exit_code is None and pane is not None and pane.dead:
        exit_code = pane.dead_status
    # A pane whose runner wrote its exit status is about to be dead: only its shim is left.
    alive = pane is not None and not pane.dead and exit_code is None
    return RunFacts(
        merged=run.merged_at is not None,
        abandoned=run.abandoned,
        archived=run.archived,
        operation=operation.kind if operation else None,
        operation_alive=operation is not None and is_alive(operation.pid, operation.pid_started, operation.boot_id),
        operation_step=operation.step if operation else "",
        create_failed=journal.create_failed,
        setup_failed=journal.setup_ok is False,
        attention=journal.attention,
        session=Session(
            alive=alive,
            attached=panes[0].attached,
            activity_age=max(0.0, now - max(other.activity for other in panes)),
        )
        if panes
        else None,
        saying=_saying(saying, now),
        launched=launch is not None,
        exit_code=exit_code,
        killed=journal.killed,
        rebooted=launch is not None and launch.boot_id != boot,
        server_gone=launch is not None
        and launch.server_pid is not None
        and not panes
        and process_started(launch.server_pid) is None,
        worktree_present=os.path.isdir(run.worktree),
    )


def _doing(state: AgentState | None, now: float) -> Doing | None:
    if state is None:
        return None
    turn_age = max(0.0, now - state.turn_began) if state.turn_began is not None else None
    return Doing(what=state.doing, detail=state.detail, age=max(0.0, now - state.at), turn_age=turn_age)


def read_saying(worktree: str) -> Mapping[str, object] | None:
    """What the runner says of itself, with ``written`` (seconds since 1970); None unless it is valid.

    Valid: a known status, a summary, and what that status needs (questions, blockers, how_to_test).
    """
    path = f"{worktree}/.agency/state/runner_status.json"
    try:
        with open(path, "rb") as file:
            said = json.loads(file.read(65536))
            written = os.fstat(file.fileno()).st_mtime
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("status") not in SAYS:
        return None
    summary = said.get("summary")
    if not isinstance(summary, str) or not summary.strip():
        return None
    needs = {"needs_input": "questions", "blocked": "blockers", "ready_for_review": "how_to_test"}.get(said["status"])
    if needs is not None and not said.get(needs):
        return None
    return {
        **{key: _harmless(value) for key, value in said.items()},
        "written": max(written, moment_of(said.get("updated_at"))),
    }


def _without_secrets(context: Context, said: Mapping[str, object] | None) -> Mapping[str, object] | None:
    """What the runner says of itself, as it may be shown."""
    if said is None:
        return None
    from agency.domain.redaction import Redactor
    from agency.domain.secretnames import secrets_in

    shown = Redactor(secrets_in(context.environ)).value(dict(said))
    return shown if isinstance(shown, dict) and "written" in shown else None


def _harmless(value: object) -> object:
    """``value`` without what would command a terminal or cannot be printed: escape sequences, halves of characters."""
    if isinstance(value, str):
        return "".join(char if char.isprintable() or char in "\n\t" else " " for char in value)
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    return value


def _saying(said: Mapping[str, object] | None, now: float) -> Saying | None:
    if said is None:
        return None
    written = said["written"]
    assert isinstance(written, float)
    return Saying(
        status=str(said["status"]), summary=" ".join(str(said["summary"]).split()), age=max(0.0, now - written)
    )
