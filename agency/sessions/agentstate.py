"""What the agent of a living run tells: what it is doing, and whether it took a prompt."""

import time

from agency.domain.agent import AgentState
from agency.domain.errors import AgencyError
from agency.domain.facts import Doing
from agency.domain.frozen import frozen
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.domain.screen import doing_on_screen
from agency.runners.adapter import Adapter, Scene
from agency.sessions.context import Context
from agency.store.threads import read_thread
from agency.tools.tmux.command import Tmux, choose_socket
from agency.tools.tmux.look import Pane, screens

_SILENT = frozenset({"command", "shell", "aider"})
_SLACK = 1.0
_PROMPT_LINES = 10


@frozen
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


@frozen
class Shown:
    """The screen of the agent of a launch."""

    adapter: Adapter
    launch: Launch
    pane: Pane
    screen: str


def screens_of(context: Context, looked_at: list[tuple[Launch, Pane]]) -> dict[tuple[str, str], Shown]:
    """The screens of agents whose adapters can read them, by socket and pane id. One tmux call for each server, none where
    nothing could be found."""
    asked: dict[str, dict[str, tuple[Adapter, Launch, Pane]]] = {}
    for launch, pane in looked_at:
        adapter = _adapter(launch)
        if adapter is not None and (adapter.dialogs or adapter.busy or adapter.state_patterns or launch.state_patterns):
            asked.setdefault(launch.socket, {})[pane.pane_id] = (adapter, launch, pane)
    found: dict[tuple[str, str], Shown] = {}
    for socket, panes in asked.items():
        tmux = Tmux(socket=choose_socket(context.environ, socket, None), environ=context.environ)
        for pane_id, screen in screens(tmux, list(panes)).items():
            adapter, launch, pane = panes[pane_id]
            found[socket, pane_id] = Shown(adapter=adapter, launch=launch, pane=pane, screen=screen)
    return found


def told_by_screen(shown: Shown) -> Doing | None:
    """What the screen of an agent that tells nothing itself shows: a question that its patterns find, else a dialog in its way,
    else what its patterns find."""
    patterns = shown.launch.state_patterns or shown.adapter.state_patterns
    doing = doing_on_screen(shown.screen, patterns, max(0.0, time.time() - shown.pane.activity))
    if doing is not None and doing.what == "waiting":
        return doing
    words = " ".join(shown.screen.split())
    name = next((name for phrase, name in shown.adapter.dialogs if phrase in words), None)
    return Doing(what="waiting", detail=name, age=0.0) if name is not None else doing


def prompt_on_screen(shown: Shown) -> str | None:
    """Whether an agent that tells its state is ``working``, ``waiting`` or ``done`` by what stands around its prompt; None when
    its adapter cannot tell."""
    if shown.adapter.busy is None:
        return None
    words = " ".join(shown.screen.rstrip().splitlines()[-_PROMPT_LINES:])
    if shown.adapter.busy in words:
        return "working"
    return "waiting" if any(phrase in words for phrase in shown.adapter.asking) else "done"


def _adapter(launch: Launch) -> Adapter | None:
    """The adapter of a launch; None for programs that tell nothing in any way."""
    if launch.headless:  # its screen is that of the worker, which tells by events what the agent does
        return None
    if launch.agent in _SILENT and launch.known_by == "built in" and not launch.state_patterns:
        return None
    from agency.runners.table import adapter_of_launch

    return adapter_of_launch(launch)
