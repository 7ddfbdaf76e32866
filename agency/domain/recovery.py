"""What may be done with a job that ended badly, by what is left of it."""

from agency.domain.frozen import frozen


@frozen
class Left:
    """What is left of a job. ``outcome`` is how it ended. ``worktree``: its worktree is there. ``thread``: the conversation of
    its runner is there to go on with. ``records_fault`` and ``patches_fault``: what is wrong with the records of the checkpoints
    before its step, and with their patches; ``runner_fault``: why its runner cannot be started."""

    outcome: str
    worktree: bool
    thread: bool
    records_fault: str | None = None
    patches_fault: str | None = None
    runner_fault: str | None = None


@frozen
class Prospects:
    """``no_resume`` is why ``agency resume`` would not get it done, ``no_rebuild`` why its worktree cannot be rebuilt, each None
    when it can be tried. ``same_thread``: the next attempt goes on in the conversation of the last one."""

    no_resume: str | None
    no_rebuild: str | None
    same_thread: bool


def prospects_of(left: Left) -> Prospects:
    """What may be done. Work that goes on needs the checkpoints to follow on each other, a rebuild their patches too; a
    conversation that is gone keeps nothing from going on, in another one."""
    no_resume = None
    if left.outcome == "done":
        no_resume = "the job is done"
    elif not left.worktree:
        no_resume = "its worktree is gone"
    else:
        no_resume = left.records_fault or left.runner_fault
    return Prospects(no_resume=no_resume, no_rebuild=left.records_fault or left.patches_fault, same_thread=left.thread)
