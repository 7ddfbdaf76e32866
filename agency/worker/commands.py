"""What operators asked for, as events tell it: each command once, by whoever comes to it first, whoever was killed before."""

from agency.domain.control import Command
from agency.domain.events import RECOVERY_REQUESTED, TASK_CONTROL
from agency.domain.job import Job
from agency.domain.jobstate import JobState
from agency.domain.run import Run
from agency.domain.taskdata import Recovery
from agency.store.control import control_lock, control_size, read_commands
from agency.store.failures import told_plainly
from agency.store.runs import log_of


def tell_commands(run: Run, job: Job, state: JobState | None) -> None:
    """Tell of each command that is written down and was not told. Raises E_DISK_FULL or E_STORE_FAILED."""
    if not control_size(run.directory):
        return
    log = log_of(run)
    with told_plainly("telling of a command", log.path), control_lock(run.directory):
        told = {(event["event"], event.get("data", {}).get("commandId")) for event in log.read()}
        for command in read_commands(run.directory):
            asked = TASK_CONTROL(
                {
                    "commandId": command.command_id,
                    "action": command.action,
                    "stepId": command.step_id,
                    "reason": command.reason,
                    "requestedBy": dict(command.requested_by),
                }
            )
            events = (
                (asked, RECOVERY_REQUESTED(recovery_data(job, state, command))) if command.kind.recovery else (asked,)
            )
            for event in events:
                if (event.name, command.command_id) not in told:
                    log.append(event, durable=True)


def recovery_data(job: Job, state: JobState | None, command: Command, error: str | None = None) -> Recovery:
    """What events tell of a recovery: of the step that it names, else of the current one."""
    current = state.step_index if state is not None else 0
    index = min(command.step_index if command.step_index is not None else current, len(job.steps) - 1)
    data: Recovery = {
        "commandId": command.command_id,
        "action": command.action,
        "stepId": job.steps[index].step_id,
        "stepIndex": index,
        "strategy": command.kind.strategy,
        "requestedBy": dict(command.requested_by),
        "reason": command.reason,
    }
    if error is not None:
        data["error"] = error
    return data
