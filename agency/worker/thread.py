"""The conversation that the runner of a headless run is in, as it tells it."""

from agency.domain.eventdata import ThreadEvent
from agency.domain.events import thread_resumed, thread_started
from agency.domain.thread import Thread
from agency.runners.resolve import Runner
from agency.sessions.threads import scene_of
from agency.store.eventlog import now
from agency.store.threads import read_thread, write_thread
from agency.worker.work import Work


def note_thread(work: Work, runner: Runner, thread_id: str, *, how: str) -> None:
    """Record that the runner is in ``thread_id``, and tell whether that goes on or is new. Each is told once an attempt."""
    if work.thread_told == thread_id:
        return
    work.thread_told = thread_id
    recorded = read_thread(work.run.directory)
    agent = runner.adapter.name
    if recorded is not None and recorded.agent == agent and recorded.thread_id == thread_id:
        data: ThreadEvent = {"thread_id": thread_id, "how": recorded.how}
        work.tell(thread_resumed(agent)(data), durable=True)
        return
    data = {"thread_id": thread_id, "how": how}
    if recorded is None or recorded.agent != agent:
        thread = Thread(agent=agent, thread_id=thread_id, learned_at=now(), how=how)
    else:
        thread = recorded.followed_by(thread_id, learned_at=now(), how=how)
        data |= {"replaced": recorded.thread_id, "reason": "fresh" if work.state.fresh_thread else "left"}
    write_thread(work.run.directory, thread)
    work.tell(thread_started(agent)(data), durable=True)


def thread_to_go_on_with(work: Work, runner: Runner) -> tuple[str | None, bool]:
    """The conversation that the next attempt goes on with, None for a new one, and whether only the attempt can show that it is
    still there."""
    thread = read_thread(work.run.directory)
    if thread is None or thread.agent != runner.adapter.name or work.state.fresh_thread:
        return None, False
    if work.job.isolation.in_container and work.job.isolation.user is not None:
        return None, False  # whoever works in the container has a home there, which goes with it
    scene = scene_of(work.run, runner)
    known = runner.adapter.knows(scene, thread.thread_id)
    can = runner.adapter.headless(scene, runner.extra, "", thread.thread_id) is not None
    return (thread.thread_id, known is None) if can and known is not False else (None, False)
