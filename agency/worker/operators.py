"""Operators between two attempts: what they asked for is carried out, and the job held as long as they hold it."""

import time

from agency.domain.control import MAX_OPERATOR_RESETS, Command
from agency.domain.jobstate import PendingReset
from agency.domain.reset import DONE
from agency.store.resets import last_reset
from agency.worker.controls import Controls
from agency.worker.retry import operator_context
from agency.worker.takeover import hand_over
from agency.worker.trees import clear_stale_locks
from agency.worker.work import Work

_TICK = 0.1


def let_operators_in(work: Work, controls: Controls) -> None:
    """Return once nobody holds the job and nothing is asked for."""
    told = False
    while True:
        standing = controls.look()
        controls.tell_held(standing.held)
        if standing.taken_over:
            hand_over(work, controls)
            clear_stale_locks(work)
            work.save(work.state.rebaselined())
            told = False
        elif standing.held is not None:
            if not told:
                work.say(f"paused; it goes on with: agency unpause {work.run.name}")
            told = True
            time.sleep(_TICK)
        elif standing.pending is None or work.state.reset is not None:
            return
        else:
            _recover(work, controls, standing.pending)


def _recover(work: Work, controls: Controls, command: Command) -> None:
    """Turn what an operator asked for into what the worker does next."""
    state = work.state
    current = min(state.step_index, len(work.job.steps) - 1)
    index = command.step_index if command.step_index is not None else current
    if _is_rebuilt_for(work, command):
        controls.applied(command)
    elif index > state.step_index:
        controls.failed(command, f"step {index + 1} is not reached: step {state.step_index + 1} is current")
    elif command.action == "retry_step" and index == state.step_index:
        work.save(state.renewed("operator", operator_context(work, command)))
        work.due = 0.0
        controls.applied(command)
    elif state.operator_resets >= MAX_OPERATOR_RESETS:
        controls.failed(command, f"operators had the worktree rebuilt {MAX_OPERATOR_RESETS} times, which is the most")
    else:
        work.save(state.resetting(PendingReset(step_index=index, trigger="operator", command_id=command.command_id)))


def _is_rebuilt_for(work: Work, command: Command) -> bool:
    """Whether a worker before this one had the rebuild done that the command asks for, and ended before it could tell."""
    last = last_reset(work.run.directory)
    return last is not None and last.command_id == command.command_id and last.phase == DONE
