"""What the agent of a living run tells: what it is doing, and whether it took a prompt."""

from dataclasses import dataclass

from agency.domain.agent import AgentState, Doing
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.runners.adapter import Adapter, Scene
from agency.sessions.context import Context
from agency.store.threads import read_thread
from agency.tools.tmux.command import Tmux, choose_socket
from agency.tools.tmux.look import Pane, screens

_SILENT = frozenset({"command", "shell", "aider"})
_SLACK = 1.0
_LAST_LINES = 10


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
    found: dict[tuple[str, str], str] = {}
    for place, (adapter, screen) in _screens(context, silent).items():
        words = " ".join(screen.split())
        name = next((name for phrase, name in adapter.dialogs if phrase in words), None)
        if name is not None:
            found[place] = name
    return found


def doing_on_screen(context: Context, doubtful: list[tuple[Launch, Pane]]) -> dict[tuple[str, str], Doing]:
    """What the screens of agents show that they are doing, by socket and pane id. One tmux call a server."""
    shown: dict[tuple[str, str], Doing] = {}
    for place, (adapter, screen) in _screens(context, doubtful).items():
        words = " ".join(screen.rstrip().splitlines()[-_LAST_LINES:])
        if adapter.busy is not None:
            asks = any(phrase in words for phrase in adapter.asking)
            shown[place] = "working" if adapter.busy in words else "waiting" if asks else "done"
    return shown


def _screens(context: Context, looked_at: list[tuple[Launch, Pane]]) -> dict[tuple[str, str], tuple[Adapter, str]]:
    """What the panes of agents show whose adapters can read that, by socket and pane id."""
    asked: dict[str, dict[str, Adapter]] = {}
    for launch, pane in looked_at:
        if launch.agent in _SILENT:
            continue
        from agency.runners.table import ADAPTERS

        adapter = ADAPTERS.get(launch.agent)
        if adapter is not None and (adapter.dialogs or adapter.busy):
            asked.setdefault(launch.socket, {})[pane.pane_id] = adapter
    found: dict[tuple[str, str], tuple[Adapter, str]] = {}
    for socket, panes in asked.items():
        tmux = Tmux(socket=choose_socket(context.environ, socket, None), environ=context.environ)
        for pane_id, screen in screens(tmux, list(panes)).items():
            found[socket, pane_id] = (panes[pane_id], screen)
    return found
