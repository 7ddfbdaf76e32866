"""What the agent of a living run tells: what it is doing, and whether it took a prompt."""

import time
from dataclasses import dataclass

from agency.domain.agent import AgentState
from agency.domain.errors import AgencyError
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.domain.screen import doing_on_screen
from agency.domain.status import Doing
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
    adapter = _adapter(launch)
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
    except (OSError, AgencyError):  # what cannot be told now must not hide what else is known
        return None
    return state if state is not None and state.at >= launch.epoch - _SLACK else None


def shown_on_screens(context: Context, silent: list[tuple[Launch, Pane]]) -> dict[tuple[str, str], Doing]:
    """What the screens of agents that told nothing show, by (socket, pane id): a dialog in the way of the agent, else what its
    patterns find. One tmux call for each server, none where nothing could be found."""
    asked: dict[str, dict[str, tuple[Adapter, Launch, Pane]]] = {}
    for launch, pane in silent:
        adapter = _adapter(launch)
        if adapter is not None and (adapter.dialogs or adapter.state_patterns or launch.state_patterns):
            asked.setdefault(launch.socket, {})[pane.pane_id] = (adapter, launch, pane)
    found: dict[tuple[str, str], Doing] = {}
    for socket, panes in asked.items():
        tmux = Tmux(socket=choose_socket(context.environ, socket, None), environ=context.environ)
        for pane_id, screen in screens(tmux, list(panes)).items():
            adapter, launch, pane = panes[pane_id]
            doing = _dialog(adapter, screen) or doing_on_screen(
                screen, launch.state_patterns or adapter.state_patterns, max(0.0, time.time() - pane.activity)
            )
            if doing is not None:
                found[socket, pane_id] = doing
    return found


def _dialog(adapter: Adapter, screen: str) -> Doing | None:
    words = " ".join(screen.split())
    name = next((name for phrase, name in adapter.dialogs if phrase in words), None)
    return Doing(what="waiting", detail=name, age=0.0) if name is not None else None


def _adapter(launch: Launch) -> Adapter | None:
    """The adapter of a launch; None for programs that tell nothing in any way."""
    if launch.agent in _SILENT and launch.known_by == "built in" and not launch.state_patterns:
        return None
    from agency.runners.table import adapter_of_launch

    return adapter_of_launch(launch)
