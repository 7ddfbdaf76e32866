"""Looking at sessions: one tmux call, whatever their number."""

import os

from agency.domain.frozen import frozen
from agency.tools.tmux.command import Tmux, no_server, no_such_target, tmux_failed

_SEPARATOR = "|"
_FIELDS = (
    "#{session_name}",
    "#{session_id}",
    "#{pane_id}",
    "#{pane_pid}",
    "#{pane_dead}",
    "#{pane_dead_status}",
    "#{window_activity}",
    "#{session_attached}",
    "#{pid}",
    "#{start_time}",
    "#{@agency_runner}",
    "#{@agency_run}",
)
FORMAT = _SEPARATOR.join(_FIELDS)


@frozen
class Pane:
    """One pane. ``activity`` is seconds since 1970; ``runs_runner`` marks the pane in which agency started a runner."""

    session: str
    session_id: str
    pane_id: str
    pid: int
    dead: bool
    dead_status: int | None
    activity: float
    attached: int
    server_pid: int
    server_started: str
    runs_runner: bool
    run_id: str


def parse_panes(text: str) -> list[Pane]:
    """The panes of an answer in :data:`FORMAT`; lines of another form are passed over."""
    panes = []
    for line in text.splitlines():
        parts = line.split(_SEPARATOR)
        if len(parts) != len(_FIELDS):
            continue
        panes.append(
            Pane(
                session=parts[0],
                session_id=parts[1],
                pane_id=parts[2],
                pid=_number(parts[3]) or 0,
                dead=parts[4] == "1",
                dead_status=_number(parts[5]),
                activity=float(_number(parts[6]) or 0),
                attached=_number(parts[7]) or 0,
                server_pid=_number(parts[8]) or 0,
                server_started=parts[9],
                runs_runner=parts[10] == "1",
                run_id=parts[11],
            )
        )
    return panes


def list_panes(tmux: Tmux) -> list[Pane]:
    """Every pane of the server; none when no server runs. Raises E_TMUX_FAILED or E_TIMEOUT."""
    return _list(tmux, "list-panes", "-a", "-F", FORMAT)


def session_panes(tmux: Tmux, session: str) -> list[Pane]:
    """The panes of one session; none when it does not exist. Raises E_TMUX_FAILED or E_TIMEOUT."""
    return _list(tmux, "list-panes", "-s", "-t", f"={session}:", "-F", FORMAT)


def runner_pane(panes: list[Pane]) -> Pane | None:
    """The pane in which the runner was started, or None when it was closed."""
    return next((pane for pane in panes if pane.runs_runner), None)


def capture(tmux: Tmux, pane_id: str, *, lines: int | None = None) -> str:
    """The text of a pane, with its whole history or its last ``lines`` lines, without control sequences."""
    done = tmux.ask("capture-pane", "-p", "-J", "-S", "-" if lines is None else f"-{lines}", "-t", pane_id)
    if done.code != 0:
        raise tmux_failed(("capture-pane",), done)
    text = done.out.decode("utf-8", "replace").rstrip()
    return text if lines is None else "\n".join(text.splitlines()[-lines:])


def screens(tmux: Tmux, pane_ids: list[str]) -> dict[str, str]:
    """What each pane shows now, by pane id, in one call; panes that are gone are left out."""
    mark = f"agency-{os.urandom(8).hex()}"
    script = "".join(f"display-message -p '{mark} {pane}'\ncapture-pane -p -J -t '{pane}'\n" for pane in pane_ids)
    text = tmux.ask("source-file", "-", stdin=script.encode()).out.decode("utf-8", "replace")
    found: dict[str, str] = {}
    for part in text.split(f"{mark} ")[1:]:
        pane, _, screen = part.partition("\n")
        found[pane] = screen
    return found


def _list(tmux: Tmux, *words: str) -> list[Pane]:
    done = tmux.ask(*words)
    if done.code == 0:
        return parse_panes(done.text)
    if no_server(done) or no_such_target(done):
        return []
    raise tmux_failed(words, done)


def _number(text: str) -> int | None:
    return int(text) if text.lstrip("-").isdigit() else None
