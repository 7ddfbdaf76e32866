"""The hard reset of a job: the worktree is rebuilt up to before a step, and the step begins anew in another conversation."""

from agency.domain.control import Command
from agency.domain.errors import AgencyError
from agency.domain.events import RESUME_FROM_STEP
from agency.domain.jobstate import PendingReset
from agency.domain.reset import DONE, SWAPPED, Reset
from agency.store.jobs import read_attempt
from agency.store.resets import last_reset
from agency.worker.attempt import end_processes_of_attempt
from agency.worker.checkpoint import supersede
from agency.worker.controls import Controls
from agency.worker.rebuild import Hooks, ResetRequest, finish_rebuild, rebuild
from agency.worker.records import begun_record, common
from agency.worker.retry import context_after
from agency.worker.trees import clear_stale_locks
from agency.worker.work import Work


class _Interrupted(Exception):
    """An operator wants something else than this rebuild."""


def reset_worktree(work: Work, controls: Controls) -> None:
    """Carry out the rebuild that is pending, or go on with one that a worker before began; then it is no longer pending.

    Raises E_CHECKPOINT_INVALID and the like when it cannot be done: the worktree is then as it was. An operator who asked for it
    is told that instead. Raises E_SCRIPT_FAILED when the setup script fails in the new worktree, Interrupted when a signal that
    tells the worker to end came while it ran.
    """
    pending = work.state.reset
    assert pending is not None
    command = _command(controls, pending)
    work.say(f"rebuilding the worktree as it was before step {pending.step_index + 1}")

    def quiesce() -> None:
        end_processes_of_attempt(work, None)
        clear_stale_locks(work)

    def between() -> None:
        if controls.look().taken_over:
            raise _Interrupted

    try:
        done = _gone_on_with(work)
        if done is None:
            request = ResetRequest(
                step_index=pending.step_index, trigger=pending.trigger, command_id=pending.command_id
            )
            hooks = Hooks(between=between, quiesce=quiesce, show=work.show_script)
            done = rebuild(work.context, work.run, request, hooks)
    except _Interrupted:
        return
    except AgencyError as error:
        if error.code == "E_INTERRUPTED":
            controls.stopped_by(error)
            return
        last = last_reset(work.run.directory)
        if last is None or last.phase != SWAPPED:  # else the new tree stands there, and is still to be made ready
            work.save(work.state.without_reset())
        if command is None or work.state.reset is not None:
            raise
        controls.failed(command, f"{error.code}: {error.message}")
        return
    _tell(work, done)
    supersede(work.context, work.run, done.step_index)
    work.save(work.state.rebuilt(done.number, _context(work, done, command)))
    work.due = 0.0
    if command is not None:
        controls.applied(command)


def _gone_on_with(work: Work) -> Reset | None:
    """The rebuild of a worker before, once it is done; None when there is none that counts for nothing yet."""
    finish_rebuild(work.context, work.run, work.show_script)
    last = last_reset(work.run.directory)
    return last if last is not None and last.phase == DONE and last.number > work.state.resets_made else None


def _command(controls: Controls, pending: PendingReset) -> Command | None:
    asked = controls.look().pending
    return asked if asked is not None and asked.command_id == pending.command_id else None


def _context(work: Work, done: Reset, command: Command | None) -> dict[str, object] | None:
    """What the next attempt is told: of the last one at its step, and that its files are kept elsewhere."""
    attempt = work.state.steps[done.step_index].attempts
    record = read_attempt(work.run.directory, done.step_index, attempt) if attempt else None
    if record is None:
        return None
    kept = f"{work.run.directory}/evidence/reset-{done.number:04d}"
    return context_after(work, record, discarded=kept, message=command.reason if command is not None else None)


def _tell(work: Work, done: Reset) -> None:
    step = work.job.steps[done.step_index]
    attempt = work.state.steps[done.step_index].attempts
    record = read_attempt(work.run.directory, step.index, attempt) if attempt else None
    told = {
        **common(record if record is not None else begun_record(work)),
        "stepId": step.step_id,
        "stepIndex": step.index,
        "strategy": "hard_reset",
        "fromStepIndex": step.index,
        "replayedSteps": [
            {"index": one.index, "diffHash": one.diff_hash, "patchSha256": one.patch_sha256} for one in done.replayed
        ],
        "baseCommit": done.base_commit,
        "durationSeconds": round(done.seconds or 0.0, 3),
        "trigger": done.trigger,
        "commandId": done.command_id,
        "number": done.number,
    }
    work.tell_once(RESUME_FROM_STEP(told), "number")  # type: ignore[arg-type]
