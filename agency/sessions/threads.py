"""Which conversation a run is in, and the command line that begins or goes on with one."""

from dataclasses import dataclass, replace

from agency.domain.events import Event, ThreadEvent, thread_resumed, thread_started
from agency.domain.run import Run
from agency.domain.thread import Thread
from agency.runners.adapter import Scene
from agency.runners.resolve import Runner
from agency.store.eventlog import now
from agency.store.launches import read_launch
from agency.store.runs import log_of
from agency.store.threads import read_thread, write_thread

_SLACK = 1.0
"""Seconds that a session file may seem older than the launch that wrote it, by the coarse clocks of file systems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to start a runner: its argv, the conversation that is then on record (None while it is not known), the event
    that tells of it, and what the user has to be told."""

    argv: tuple[str, ...]
    thread: Thread | None = None
    event: Event | None = None
    note: str | None = None


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
    scene = scene_of(run, runner)
    thread = read_thread(run.directory)
    if thread is None or thread.agent != runner.adapter.name:
        plan = plan_first(run, runner, None)
        asked = runner.adapter.has_threads and not fresh
        return Plan(
            argv=plan.argv,
            thread=plan.thread,
            event=plan.event,
            note=f"no conversation of {run.name} is known; a new one begins" if asked else None,
        )
    if not fresh and runner.adapter.knows(scene, thread.thread_id):
        words = runner.adapter.resume(scene, runner.extra, thread.thread_id)
        data: ThreadEvent = {"thread_id": thread.thread_id, "how": thread.how}
        return Plan(argv=(runner.program, *words.words), thread=thread, event=thread_resumed(thread.agent)(data))
    words = runner.adapter.start(scene, runner.extra, None)
    note = None if fresh else f"{runner.name} no longer has conversation {thread.thread_id}; a new one begins"
    if words.thread_id is None:
        return Plan(argv=(runner.program, *words.words), thread=thread, note=note)
    successor = thread.followed_by(words.thread_id, learned_at=now(), how="chosen")
    reason = "fresh" if fresh else "unknown"
    return Plan(
        argv=(runner.program, *words.words), thread=successor, event=_started(successor, reason=reason), note=note
    )


def plan_fork(run: Run, runner: Runner, source: Thread | None, prompt: str | None) -> Plan:
    """Begin a copy of the conversation ``source``, or, told plainly, a new one where there is none to copy."""
    scene = scene_of(run, runner)
    same = source is not None and source.agent == runner.adapter.name and runner.adapter.knows(scene, source.thread_id)
    words = runner.adapter.fork(scene, runner.extra, source.thread_id, prompt) if same and source is not None else None
    if words is None or source is None:
        plan = plan_first(run, runner, prompt)
        why = f"{runner.name} cannot fork conversations" if source is not None else "there is no conversation to fork"
        return Plan(argv=plan.argv, thread=plan.thread, event=plan.event, note=f"{why}; a new one begins")
    argv = (runner.program, *words.words)
    if words.thread_id is None:
        return Plan(argv=argv)
    thread = Thread(
        agent=source.agent, thread_id=words.thread_id, learned_at=now(), how="forked", forked_from=source.thread_id
    )
    return Plan(argv=argv, thread=thread, event=_started(thread, reason="fork"))


def learn_thread(run: Run, runner: Runner) -> Thread | None:
    """Record the conversation that the runner is in, when it tells another one than is on record. Hold the repo lock."""
    recorded = read_thread(run.directory)
    launch = read_launch(run.directory)
    if launch is None or not runner.adapter.has_threads:
        return recorded
    scene = replace(scene_of(run, runner), worktree=launch.worktree)
    found = runner.adapter.find_thread(scene, launch.epoch - _SLACK)
    if found is None or (recorded is not None and found == recorded.thread_id):
        return recorded
    if recorded is None or recorded.agent != runner.adapter.name:
        thread = Thread(agent=runner.adapter.name, thread_id=found, learned_at=now(), how="session file")
        event = _started(thread)
    else:
        thread = recorded.followed_by(found, learned_at=now(), how="session file")
        event = _started(thread, reason="left")
    write_thread(run.directory, thread)
    log_of(run).append(event, durable=True)
    return thread


def scene_of(run: Run, runner: Runner) -> Scene:
    """Where the runner of a run works."""
    return Scene(worktree=run.worktree, directory=run.directory, environ=runner.environ)


def _started(thread: Thread, *, reason: str | None = None) -> Event:
    data: ThreadEvent = {"thread_id": thread.thread_id, "how": thread.how}
    replaced = thread.earlier[-1] if thread.earlier else thread.forked_from
    if reason is not None and replaced is not None:
        data["replaced"] = replaced
        data["reason"] = reason
    return thread_started(thread.agent)(data)
