"""The trust that Claude Code keeps for folders in the user's own ``.claude.json``: given to one worktree, and taken back.

Facts, seen with 2.1.197: ``projects.<folder>.hasTrustDialogAccepted`` of the worktree itself keeps it from asking; what it
notes while it works there goes to the entry of the main checkout. It changes the file under a lock that is a directory,
``.claude.json.lock``, taken for dead when it has not been touched for ten seconds.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agency.runners.adapter import Scene

_OURS = {"hasTrustDialogAccepted": True}
_NOTE = "claude-trust.json"
"""In the run's directory: which folder was added to which file."""
_PATIENCE = 3.0
_STALE = 10.0
_POLL = 0.02


def trust(scene: Scene) -> None:
    """Add the worktree to the folders that claude trusts. Where that cannot be done safely (no such file, not JSON, busy),
    nothing is done, and claude asks."""
    path, folder = _settings_file(scene), os.path.realpath(scene.worktree)
    with open(f"{scene.directory}/{_NOTE}", "w", encoding="utf-8") as note:
        json.dump({"file": path, "folder": folder}, note)
    try:
        with _locked(path):
            _change(path, lambda projects: _add(projects, folder))
    except (OSError, ValueError):
        return


def forget(scene: Scene) -> None:
    """Take the worktree out again, unless claude or the user noted anything else about it."""
    try:
        with open(f"{scene.directory}/{_NOTE}", encoding="utf-8") as note:
            added = json.load(note)
        with _locked(added["file"]):
            _change(added["file"], lambda projects: _remove(projects, added["folder"]))
        os.unlink(f"{scene.directory}/{_NOTE}")
    except (OSError, ValueError, TypeError, KeyError):
        return


def _settings_file(scene: Scene) -> str:
    directory = scene.environ.get("CLAUDE_CONFIG_DIR") or scene.environ.get("HOME") or os.path.expanduser("~")
    return os.path.realpath(f"{directory}/.claude.json")


def _add(projects: dict[str, Any], folder: str) -> bool:
    entry = projects.setdefault(folder, {})
    if not isinstance(entry, dict) or entry.get("hasTrustDialogAccepted") is True:
        return False
    entry.update(_OURS)
    return True


def _remove(projects: dict[str, Any], folder: str) -> bool:
    if projects.get(folder) != _OURS:
        return False
    del projects[folder]
    return True


def _change(path: str, change: Any) -> None:
    """Replace the file by one in which ``change`` was made to ``projects``; all else, and the mode, stays. Nothing happens when
    it says that there is nothing to change, or somebody else changed the file meanwhile. Raises OSError or ValueError."""
    with open(path, "rb") as file:
        before = os.fstat(file.fileno())
        settings = json.loads(file.read())
    projects = settings.setdefault("projects", {}) if isinstance(settings, dict) else None
    if not isinstance(projects, dict) or not change(projects):
        return
    temporary = f"{path}.agency-{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(json.dumps(settings, indent=2).encode())
            file.flush()
            os.fchmod(descriptor, before.st_mode & 0o7777)
            os.fsync(descriptor)
        now = os.stat(path)
        if (now.st_ino, now.st_mtime_ns, now.st_size) != (before.st_ino, before.st_mtime_ns, before.st_size):
            raise BlockingIOError(f"{path} is being changed")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold the lock under which claude changes the file. Raises OSError when it cannot be had."""
    lock = f"{path}.lock"
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            os.mkdir(lock)
            break
        except FileExistsError:
            if _is_stale(lock):
                os.rmdir(lock)
            elif time.monotonic() >= deadline:
                raise
            time.sleep(_POLL)
    try:
        yield
    finally:
        os.rmdir(lock)


def _is_stale(lock: str) -> bool:
    try:
        return time.time() - os.stat(lock).st_mtime > _STALE
    except FileNotFoundError:
        return False
