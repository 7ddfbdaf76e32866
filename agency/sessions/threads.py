"""Which conversation a run is in, and the command line that begins or goes on with one."""

from collections.abc import Callable
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.domain.eventdata import ThreadEvent
from agency.domain.events import Event, thread_resumed, thread_started
from agency.domain.frozen import frozen
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.domain.thread import Thread, last_thread_id
from agency.runners.adapter import Scene
from agency.runners.resolve import Runner
from agency.runners.table import adapter_of_launch
from agency.sessions.context import Context
from agency.store.eventlog import now
from agency.store.launches import read_launch, read_shown_thread, write_shown_thread
from agency.store.runs import log_of
from agency.store.threads import read_thread, write_thread

_SLACK = 1.0
"""Seconds that a session file may seem older than the launch that wrote it, by the coarse clocks of file systems."""


@frozen
class Plan:
    """How to start a runner: its argv, the conversation that is then on record (None while it is not known), the event
    that tells of it, and what the user has to be told. ``tries``: only the start shows whether the agent still has it.
    ``copies`` is the conversation that is copied under an id of the agent's choice."""

    argv: tuple[str, ...]
    thread: Thread | None = None
    event: Event | None = None
    note: str | None = None
    tries: bool = False
    copies: str | None = None


def plan_first(run: Run, runner: Runner, prompt: str | None) -> Plan:
    """Begin the first conversation of a run."""
    words = runner.adapter.start(scene_of(run, runner), runner.extra, prompt)
    argv = (runner.program, *words.words)
    if words.thread_id is None:
        return Plan(argv=argv)
    thread = Thread(agent=runner.adapter.name, thread_id=words.thread_id, learned_at=now(), how="chosen")
    return Plan(argv=argv, thread=thread, event=_started(thread))


def plan_again(run: Run, runner: Runner, *, fresh: bool) -> Plan:
    """Go on with the conversation of a run, or begin another: when ``fresh`` asks for it, when none is known, or when the
    agent no longer has it, which is told."""
    thread = read_thread(run.directory)
    if thread is None and not fresh and (begun_again := _plan_unknown_copy(run, runner)) is not None:
        return begun_again
    if thread is None or thread.agent != runner.adapter.name:
        plan = plan_first(run, runner, None)
        asked = runner.adapter.has_threads and not fresh
        return replace(plan, note=f"no conversation of {run.name} is known; a new one begins" if asked else None)
    if fresh:
        return plan_anew(run, runner, thread, reason="fresh")
    scene = scene_of(run, runner)
    known = runner.adapter.knows(scene, thread.thread_id) if runner.adapter.has_threads else False
    if known is False and (copied_again := _plan_copy(run, runner, thread)) is not None:
        return copied_again
    if known is False:
        return plan_anew(run, runner, thread, reason="unknown")
    words = runner.adapter.resume(scene, runner.extra, thread.thread_id)
    data: ThreadEvent = {"thread_id": thread.thread_id, "how": thread.how}
    event = thread_resumed(thread.agent)(data)
    return Plan(argv=(runner.program, *words.words), thread=thread, event=event, tries=known is None)


def _plan_copy(run: Run, runner: Runner, thread: Thread) -> Plan | None:
    """Begin the copy again of which the agent kept nothing, because nothing was said in it; None when it was none."""
    scene = scene_of(run, runner)
    if thread.forked_from is None or thread.earlier or runner.adapter.knows(scene, thread.forked_from) is False:
        return None
    words = runner.adapter.fork(scene, runner.extra, thread.forked_from, None)
    if words is None or words.thread_id is None:
        return None
    successor = replace(thread, thread_id=words.thread_id, learned_at=now())
    return Plan(argv=(runner.program, *words.words), thread=successor, event=_started(successor, reason="fork"))


def _plan_unknown_copy(run: Run, runner: Runner) -> Plan | None:
    """Begin the copy again that the last start was to make, when the agent ended before it told under which id; None when it was
    to make none."""
    launch = read_launch(run.directory)
    if launch is None or launch.copies is None or launch.agent != runner.adapter.name:
        return None
    scene = scene_of(run, runner)
    if runner.adapter.knows(scene, launch.copies) is False:
        return None
    words = runner.adapter.fork(scene, runner.extra, launch.copies, None)
    if words is None or words.thread_id is not None:
        return None
    note = f"no conversation of {run.name} is known; the copy of conversation {launch.copies} begins again"
    return Plan(argv=(runner.program, *words.words), copies=launch.copies, note=note)


def plan_anew(run: Run, runner: Runner, thread: Thread, *, reason: str) -> Plan:
    """Begin another conversation in the place of ``thread``; unless it was asked for (``fresh``), that is told."""
    words = runner.adapter.start(scene_of(run, runner), runner.extra, None)
    note = (
        None if reason == "fresh" else f"{runner.name} no longer has conversation {thread.thread_id}; a new one begins"
    )
    argv = (runner.program, *words.words)
    if words.thread_id is None:
        return Plan(argv=argv, thread=thread, note=note)
    successor = thread.followed_by(words.thread_id, learned_at=now(), how="chosen")
    return Plan(argv=argv, thread=successor, event=_started(successor, reason=reason), note=note)


def plan_fork(run: Run, runner: Runner, source: Thread | None, prompt: str | None) -> Plan:
    """Begin a copy of the conversation ``source``, or, told plainly, a new one where there is none to copy."""
    scene = scene_of(run, runner)
    same = source is not None and source.agent == runner.adapter.name
    same = same and source is not None and runner.adapter.knows(scene, source.thread_id) is not False
    words = runner.adapter.fork(scene, runner.extra, source.thread_id, prompt) if same and source is not None else None
    if words is None or source is None:
        plan = plan_first(run, runner, prompt)
        why = f"{runner.name} cannot fork conversations" if source is not None else "there is no conversation to fork"
        return Plan(argv=plan.argv, thread=plan.thread, event=plan.event, note=f"{why}; a new one begins")
    argv = (runner.program, *words.words)
    if words.thread_id is None:
        return Plan(argv=argv, copies=source.thread_id)
    thread = Thread(
        agent=source.agent, thread_id=words.thread_id, learned_at=now(), how="forked", forked_from=source.thread_id
    )
    return Plan(argv=argv, thread=thread, event=_started(thread, reason="fork"))


def learn_thread(run: Run, runner: Runner, screen: Callable[[], str]) -> Thread | None:
    """Record the conversation that the runner is in, when it tells another one than is on record. ``screen`` gives what its pane
    shows. Hold the repo lock."""
    recorded = read_thread(run.directory)
    launch = read_launch(run.directory)
    if launch is None or launch.agent != runner.adapter.name or not runner.adapter.has_threads:
        return recorded
    scene = replace(scene_of(run, runner), worktree=launch.worktree, screen=screen)
    found = runner.adapter.find_thread(scene, launch.epoch - _SLACK)
    if found is None and runner.adapter.thread_pattern is not None:
        found = read_shown_thread(run.directory, launch.number)
    if found is None or (recorded is not None and found == recorded.thread_id):
        return recorded
    how = runner.adapter.learns_from
    if recorded is None or recorded.agent != runner.adapter.name:
        thread = Thread(agent=runner.adapter.name, thread_id=found, learned_at=now(), how=how)
        event = _started(thread)
    else:
        thread = recorded.followed_by(found, learned_at=now(), how=how)
        event = _started(thread, reason="left")
    write_thread(run.directory, thread)
    log_of(run).append(event, durable=True)
    return thread


def note_shown_thread(run: Run, launch: Launch, screen: Callable[[], str]) -> None:
    """Keep the id of the conversation that the screen of a launch shows, before that is gone. Needs no lock."""
    if launch.thread_pattern is None:
        return
    found = last_thread_id(launch.thread_pattern, screen())
    if found is None or found == read_shown_thread(run.directory, launch.number):
        return
    try:
        write_shown_thread(run.directory, launch.number, found)
    except AgencyError:  # a full disk keeps nothing from being ended
        pass


def forget_trust(context: Context, run: Run) -> None:
    """Take back the trust in the worktree that the agent of the last launch was given for good."""
    launch = read_launch(run.directory)
    adapter = adapter_of_launch(launch) if launch is not None else None
    if adapter is not None:
        adapter.forget_trust(Scene(worktree=run.worktree, directory=run.directory, environ=context.environ))


def scene_of(run: Run, runner: Runner) -> Scene:
    """Where the runner of a run works."""
    return Scene(
        worktree=run.worktree,
        directory=run.directory,
        environ=runner.environ,
        lacking=runner.lacking,
        trusted=runner.trusted,
    )


def _started(thread: Thread, *, reason: str | None = None) -> Event:
    data: ThreadEvent = {"thread_id": thread.thread_id, "how": thread.how}
    replaced = thread.earlier[-1] if thread.earlier else thread.forked_from
    if reason is not None and replaced is not None:
        data["replaced"] = replaced
        data["reason"] = reason
    return thread_started(thread.agent)(data)
