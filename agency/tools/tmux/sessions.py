"""Making and changing sessions: one invocation a deed."""

import os
import shlex
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.tools.process import Completed
from agency.tools.tmux.command import Tmux, no_server, no_such_target, tmux_failed
from agency.tools.tmux.look import FORMAT, Pane, parse_panes

SHIM = os.path.join(os.path.dirname(__file__), "shim.sh")
_SETTLE = "0.2"
"""Seconds between a paste and the keys after it: agents take an Enter that follows at once for a part of the paste."""
_SIZE = ("-x", "200", "-y", "50")


class SessionExists(Exception):
    """Somebody made a session of that name first."""


def start_session(
    tmux: Tmux,
    *,
    session: str,
    window: str,
    cwd: str,
    launch_directory: str,
    variables: Mapping[str, str],
    options: Mapping[str, str],
) -> Pane:
    """Make a detached session with one window, whose one pane runs the shim of a launch, and return that pane.

    ``variables`` are seen by panes that a person opens later; ``options`` are user options (``@name``) that carry the
    identity. Raises SessionExists or E_TMUX_FAILED.
    """
    words = (
        "new-session", "-d", "-P", "-F", FORMAT, "-s", session, "-n", window, *_SIZE, "-c", _literal(cwd),
        *_environment(variables), "/bin/sh", SHIM, launch_directory, ";",
        *_settings(session, options),
    )  # fmt: skip
    done = tmux.ask(*words)
    if b"duplicate session" in done.err:
        raise SessionExists(session)
    return _made(words, done)


def start_window(tmux: Tmux, *, session: str, cwd: str, launch_directory: str) -> Pane:
    """Run the shim of a launch in a new window of a session whose runner pane was closed."""
    words = (
        "new-window", "-P", "-F", FORMAT, "-t", f"={session}:", "-c", _literal(cwd), "/bin/sh", SHIM, launch_directory, ";",
        *_keep_last_screen(session),
        "set-option", "-p", "-t", f"={session}:", "@agency_runner", "1",
    )  # fmt: skip
    done = tmux.ask(*words)
    return _made(words, done)


def respawn(tmux: Tmux, *, pane_id: str, cwd: str, launch_directory: str) -> Pane:
    """Run the shim of a launch in a pane whose program has ended; its viewers stay. Raises E_TMUX_FAILED."""
    words = (
        "respawn-pane", "-k", "-t", pane_id, "-c", _literal(cwd), "/bin/sh", SHIM, launch_directory, ";",
        "display-message", "-p", "-t", pane_id, FORMAT,
    )  # fmt: skip
    done = tmux.ask(*words)
    return _made(words, done)


def pipe_prints(tmux: Tmux, pane_id: str, argv: tuple[str, ...]) -> None:
    """Start a program that gets all that a pane prints from now on. Raises E_TMUX_FAILED, also when the pane is dead."""
    # tmux expands formats in the command, and what strftime knows.
    tmux.do("pipe-pane", "-t", pane_id, f"exec {shlex.join(argv)}".replace("#", "##").replace("%", "%%"))


def close_at_end(tmux: Tmux, pane_id: str) -> None:
    """Let a pane go together with its program, instead of keeping its last screen."""
    tmux.ask("set-option", "-p", "-t", pane_id, "remain-on-exit", "off")


def kill_session(tmux: Tmux, session_id: str) -> bool:
    """End a session by its id or ``=name``; False when it was not there."""
    done = tmux.ask("kill-session", "-t", session_id)
    if done.code == 0:
        return True
    if no_such_target(done) or no_server(done):
        return False
    raise tmux_failed(("kill-session",), done)


def send_keys(tmux: Tmux, pane_id: str, *keys: str) -> None:
    """Type named keys into the program of a pane, whose viewers may be scrolling back. Raises E_TMUX_FAILED."""
    tmux.do(*_typed(pane_id, *keys))


def paste(tmux: Tmux, pane_id: str, content: bytes, *, buffer: str, keys: tuple[str, ...]) -> None:
    """Put bytes into a pane as a paste, in brackets when the program there asked for that, and type named keys after it.

    Between the two tmux serves others: only one may paste into a pane at a time. Raises E_TMUX_FAILED.
    """
    tmux.do(
        "load-buffer", "-b", buffer, "-", ";",
        "copy-mode", "-q", "-t", pane_id, ";",
        "paste-buffer", "-p", "-r", "-d", "-b", buffer, "-t", pane_id,
        *((";", "run-shell", "-d", _SETTLE, ";", *_typed(pane_id, *keys)) if keys else ()),
        stdin=content,
    )  # fmt: skip


def run_later(tmux: Tmux, seconds: float, command: str) -> None:
    """Have the server run a shell command after so many seconds, whether anybody looks at it or not. It expands formats in it."""
    tmux.ask("run-shell", "-b", "-d", f"{seconds:.1f}", command)


def _typed(pane_id: str, *keys: str) -> tuple[str, ...]:
    """Without the first command a pane in which somebody scrolls back would take the keys for commands to itself."""
    return ("copy-mode", "-q", "-t", pane_id, ";", "send-keys", "-t", pane_id, *keys)


def _literal(path: str) -> str:
    """``path`` in a form that tmux, which expands formats in it, takes as it is."""
    return path.replace("#", "##")


def _settings(session: str, options: Mapping[str, str]) -> list[str]:
    words = [
        "set-option", "-t", f"={session}:", "destroy-unattached", "off", ";",
        "set-option", "-t", f"={session}:", "detach-on-destroy", "on", ";",
        *_keep_last_screen(session),
        "set-option", "-p", "-t", f"={session}:", "@agency_runner", "1",
    ]  # fmt: skip
    for name, value in options.items():
        words += [";", "set-option", "-t", f"={session}:", name, value]
    # tmux covers the first session of a server with what is wrong in the user's config, and takes every key for that view.
    return [*words, ";", "copy-mode", "-q", "-t", f"={session}:"]


def _keep_last_screen(session: str) -> tuple[str, ...]:
    """Keep the pane of an ended program, without tmux's own note (tmux 3.3): it is written on the last line, so that in a
    smaller terminal the end of the runner's screen and what the shim says below it would scroll out of sight."""
    window = ("set-option", "-q", "-w", "-t", f"={session}:")
    return (*window, "remain-on-exit", "on", ";", *window, "remain-on-exit-format", "", ";")


def _environment(variables: Mapping[str, str]) -> list[str]:
    return [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]


def _made(words: tuple[str, ...], done: Completed) -> Pane:
    if done.code != 0:
        raise tmux_failed(words, done)
    panes = parse_panes(done.text)
    if not panes:
        why = f": {done.complaint}" if done.complaint else ""
        raise AgencyError("E_TMUX_FAILED", f"tmux {words[0]} made no pane{why}", hint="agency doctor")
    return panes[0]
