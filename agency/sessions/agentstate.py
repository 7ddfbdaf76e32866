"""What the agent of a living run tells: what it is doing, and whether it took a prompt."""

from dataclasses import dataclass

from agency.domain.agent import AgentState
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.runners.adapter import Adapter, Scene
from agency.sessions.context import Context
from agency.store.threads import read_thread
from agency.tools.tmux.command import Tmux, choose_socket
from agency.tools.tmux.look import Pane, screens

_SILENT = frozenset({"command", "shell", "aider"})
_SLACK = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """The adapter of a running agent, where it works, and the conversation it is in, as far as known."""

    adapter: Adapter
    scene: Scene
    thread_id: str | None


def teller_of(context: Context, run: Run, launch: Launch) -> Teller | None:
    """Who can tell about the agent of a launch; None for programs that tell nothing."""
    if launch.agent in _SILENT:
        return None
    from agency.runners.table import ADAPTERS

    adapter = ADAPTERS.get(launch.agent)
    if adapter is None:
        return None
    scene = Scene(worktree=launch.worktree, directory=run.directory, environ=context.environ)
    thread = read_thread(run.directory)
    known = thread.thread_id if thread is not None and thread.agent == adapter.name else None
    return Teller(adapter=adapter, scene=scene, thread_id=adapter.find_thread(scene, launch.epoch - _SLACK) or known)


def agent_state(context: Context, run: Run, launch: Launch) -> AgentState | None:
    """The state that the agent of the last launch told since that launch, or None."""
    try:
        teller = teller_of(context, run, launch)
        state = teller.adapter.state(teller.scene, teller.thread_id) if teller is not None else None
    except OSError:
        return None
    return state if state is not None and state.at >= launch.epoch - _SLACK else None


def dialogs_of(context: Context, silent: list[tuple[Launch, Pane]]) -> dict[tuple[str, str], str]:
    """The dialogs on the screens of agents that told nothing yet: (socket, pane id) -> what it is. One tmux call a server."""
    asked: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {}
    for launch, pane in silent:
        if launch.agent in _SILENT:
            continue
        from agency.runners.table import ADAPTERS

        adapter = ADAPTERS.get(launch.agent)
        if adapter is not None and adapter.dialogs:
            asked.setdefault(launch.socket, {})[pane.pane_id] = adapter.dialogs
    found: dict[tuple[str, str], str] = {}
    for socket, panes in asked.items():
        tmux = Tmux(socket=choose_socket(context.environ, socket, None), environ=context.environ)
        for pane_id, screen in screens(tmux, list(panes)).items():
            words = " ".join(screen.split())
            name = next((name for phrase, name in panes[pane_id] if phrase in words), None)
            if name is not None:
                found[socket, pane_id] = name
    return found
