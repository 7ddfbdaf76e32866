"""What the agent of a living run says it is doing."""

from agency.domain.agent import AgentState
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.store.threads import read_thread

_SILENT = frozenset({"command", "shell", "aider"})
_SLACK = 1.0


def agent_state(context: Context, run: Run, launch: Launch) -> AgentState | None:
    """The state that the agent of the last launch told since that launch, or None."""
    if launch.agent in _SILENT:
        return None
    from agency.runners.adapter import Scene
    from agency.runners.table import ADAPTERS

    adapter = ADAPTERS.get(launch.agent)
    if adapter is None:
        return None
    scene = Scene(worktree=launch.worktree, directory=run.directory, environ=context.environ)
    thread = read_thread(run.directory)
    known = thread.thread_id if thread is not None and thread.agent == adapter.name else None
    try:
        state = adapter.state(scene, known or adapter.find_thread(scene, launch.epoch - _SLACK))
    except OSError:
        return None
    return state if state is not None and state.at >= launch.epoch - _SLACK else None
