"""Tells the user that a run turned to a state: starts the configured command, rings the bell, sends a desktop notification.

    notify.py notify.json waiting|done SUMMARY   by :mod:`agency.runners.hook`
    notify.py notify.json exited CODE            by the shim of a launch, after the exit status is written
    notify.py notify.json stalled LAUNCH TOLD    by a timer of tmux: looks whether the run stalls, and sets the next timer

What is to be done stands in ``notify.json`` in the run's directory, written at each launch and removed when the user ends the
run. It imports nothing but the standard library, keeps nobody waiting, says nothing and never fails.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from typing import Any

_TAIL = 64 * 1024
_WORKS = frozenset({"UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure"})
_PATIENCE = 10.0
_LEAST = 1.0
"""Seconds between two looks at a run, at least."""


def main(path: str, state: str, *words: str) -> None:
    """Do what the caller asks for."""
    with open(path, "rb") as file:
        wanted = json.load(file)
    if state == "stalled":
        look_for_stall(path, wanted, int(words[0]), float(words[1]))
        return
    # The shim ends soon, and what is still in its process group is hung up then.
    hung_up = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if os.fork():
        return
    os.setsid()
    signal.signal(signal.SIGHUP, hung_up)
    tell(wanted, state, f"exit code {words[0]}" if state == "exited" else words[0])


def tell(wanted: dict[str, Any], state: str, summary: str) -> None:
    """Tell of ``state`` in every way that is wanted; one that fails does not keep the others."""
    if state not in wanted["when"]:
        return
    environment = {**os.environ, **wanted["variables"], "AGENCY_STATUS": state, "AGENCY_SUMMARY": summary}
    environment.pop(wanted["owner"], None)  # what the user has started outlives the run
    place = wanted["directory"] if os.path.isdir(wanted["directory"]) else "/"
    title = f"{wanted['variables']['AGENCY_NAME']} {'has exited' if state == 'exited' else f'is {state}'}"
    command = wanted["command"] if _are_as_allowed(place, wanted.get("pins", [])) else None
    for argv in (command, desktop_command(title, summary) if wanted["desktop"] else None):
        if argv:
            try:
                _start(argv, place, environment)
            except (OSError, ValueError):
                continue
    if wanted["bell"]:
        for terminal in _ask(wanted, "list-clients", "-t", f"={wanted['session']}", "-F", "#{client_tty}").split():
            _ring(terminal)


def _are_as_allowed(place: str, pins: list[list[str]]) -> bool:
    """Whether the files that the command executes are still those that the user allowed, where the repo brings them along."""
    if not pins:
        return True
    import hashlib

    for file, sha256 in pins:
        try:
            with open(os.path.join(place, file), "rb") as content:
                if hashlib.sha256(content.read()).hexdigest() != sha256:
                    return False
        except OSError:
            return False
    return True


def desktop_command(title: str, text: str) -> list[str]:
    """The argv that shows a notification on the desktop of this platform."""
    if sys.platform == "darwin":
        script = "on run words\ndisplay notification (item 2 of words) with title (item 1 of words)\nend run"
        return ["osascript", "-e", script, title, text]
    return ["notify-send", "--app-name=agency", "--", title, text]


def look_for_stall(path: str, wanted: dict[str, Any], launch: int, told: float) -> None:
    """Tell when the agent says that it works but gave no sign of life for too long, once for each silence, and have tmux call
    again. ``told`` is when it was told last (seconds since 1970, 0 for never). Ends with its launch."""
    panes = _ask(wanted, "list-panes", "-s", "-t", f"={wanted['session']}:", "-F", "#{window_activity}").split()
    over = os.path.exists(f"{os.path.dirname(path)}/launches/{launch:04d}/exit")
    if wanted["launch"] != launch or over or not panes:
        return
    now, after = time.time(), float(wanted["stalled_after"])
    works, said = _says(os.path.dirname(path), wanted)
    sign = max(said, *(float(activity) for activity in panes))
    left = sign + after - now
    if works and left <= 0 and sign > told:
        told = now
        tell(wanted, "stalled", f"no activity for {int(now - sign) // 60}m")
    delay = max(_LEAST, left if left > 0 else after)
    _ask(wanted, "run-shell", "-b", "-d", f"{delay:.1f}", timer_command(path, launch, told))


def timer_command(path: str, launch: int, told: float) -> str:
    """What tmux has to run: a shell command, in which tmux expands formats."""
    words = (sys.executable, "-I", "-S", os.path.abspath(__file__), path, "stalled", str(launch), f"{told:.3f}")
    return f"{shlex.join(words)} >/dev/null 2>&1".replace("#", "##")


def _says(directory: str, wanted: dict[str, Any]) -> tuple[bool, float]:
    """Whether the agent says that it works, and when it last said anything (seconds since 1970)."""
    status, written = None, 0.0
    try:
        with open(wanted["status_file"], "rb") as file:
            status = json.loads(file.read(65536)).get("status")
            written = os.fstat(file.fileno()).st_mtime
    except (OSError, ValueError, AttributeError):
        pass
    event: dict[str, Any] = {}
    try:
        with open(f"{directory}/hooks.jsonl", "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            event = json.loads(file.read().splitlines()[-1])
    except (OSError, ValueError, IndexError):
        pass
    at = float(event.get("at") or 0.0)
    if at < float(wanted["since"]):
        return status == "working", written
    return event.get("event") in _WORKS, max(at, written)


def _ask(wanted: dict[str, Any], *words: str) -> str:
    """What tmux answers; nothing when it does not."""
    environment = {key: value for key, value in os.environ.items() if key not in ("TMUX", "TMUX_PANE")}
    try:
        done = subprocess.run(
            [*wanted["tmux"], *words],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _start(argv: list[str], place: str, environment: dict[str, str]) -> None:
    quiet = subprocess.DEVNULL
    subprocess.Popen(argv, cwd=place, env=environment, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def _ring(terminal: str) -> None:
    try:
        descriptor = os.open(terminal, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            os.write(descriptor, b"\a")
        finally:
            os.close(descriptor)
    except OSError:
        pass


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BaseException:
        sys.exit(0)
