"""The programs agency drives, and the directory it keeps its data in."""

import os
import shutil
import sys

from agency.domain.errors import AgencyError
from agency.sessions.context import Context
from agency.sessions.doctor.check import Check
from agency.store.records import discard, make_directory
from agency.tools.git.trial import GIT_AT_LEAST
from agency.tools.versions import find_program

TMUX_AT_LEAST = (3, 2)
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "vboxsf"})
_LITTLE_SPACE = 1 << 30


def check_surroundings(context: Context) -> list[Check]:
    """Programs and data directory."""
    return [
        *_programs(context),
        *_interpreter(),
        *_data_directory(context),
    ]


def _programs(context: Context) -> list[Check]:
    checks = []
    git = find_program("git", context.environ, "--version")
    tmux = find_program("tmux", context.environ, "-V")
    gh = find_program("gh", context.environ, "--version")
    if git is None:
        checks.append(Check(name="git", state="failure", text="not installed", mend=_install("git")))
    elif git.numbers < GIT_AT_LEAST:
        wanted = ".".join(str(number) for number in GIT_AT_LEAST)
        text = f"{git.version} is older than {wanted}, so that agency cannot tell which runs conflict"
        checks.append(Check(name="git", state="warning", text=text, mend=_install("git")))
    else:
        checks.append(Check(name="git", state="ok", text=f"{git.version} ({git.path})"))
    if tmux is None:
        checks.append(Check(name="tmux", state="failure", text="not installed", mend=_install("tmux")))
    elif tmux.numbers < TMUX_AT_LEAST:
        wanted = ".".join(str(number) for number in TMUX_AT_LEAST)
        text = f"{tmux.version} is older than {wanted}"
        checks.append(Check(name="tmux", state="failure", text=text, mend=_install("tmux")))
    else:
        checks.append(Check(name="tmux", state="ok", text=f"{tmux.version} ({tmux.path})"))
    if gh is None:
        text = "not installed; only needed for pull requests"
        checks.append(Check(name="gh", state="warning", text=text, mend=_install("gh")))
    else:
        checks.append(Check(name="gh", state="ok", text=f"{gh.version} ({gh.path})"))
    return checks


def _interpreter() -> list[Check]:
    """A version manager's shim in front of the command costs more than most commands take."""
    command = shutil.which("agency")
    if command is None or f"{os.sep}shims{os.sep}" not in command:
        return []
    return [
        Check(
            name="command",
            state="warning",
            text=f"{command} is a shim that slows every command down",
            mend=f"put {os.path.dirname(sys.executable)} before it on PATH",
        )
    ]


def _data_directory(context: Context) -> list[Check]:
    data = context.paths.data
    probe = f"{data}/.doctor-{os.getpid()}"
    try:
        make_directory(data)
        locks = _locks_work(probe)
    except (AgencyError, OSError) as error:
        reason = error.message if isinstance(error, AgencyError) else str(error)
        mend = f"make {data} writable for you, or set AGENCY_DATA_DIR"
        return [Check(name="data directory", state="failure", text=reason, mend=mend)]
    finally:
        try:
            discard(probe)
        except OSError:
            pass
    checks = []
    kind = file_system_of(data)
    if not locks:
        text = f"locks do not work on {data}"
        checks.append(
            Check(name="data directory", state="failure", text=text, mend="set AGENCY_DATA_DIR to a local disk")
        )
    elif kind in _NETWORK:
        text = f"{data} is on {kind}, where locks may not hold between machines"
        checks.append(
            Check(name="data directory", state="warning", text=text, mend="set AGENCY_DATA_DIR to a local disk")
        )
    else:
        checks.append(Check(name="data directory", state="ok", text=f"{data} is writable and locks work"))
    mode = os.stat(data).st_mode & 0o077
    if mode:
        checks.append(
            Check(name="data directory", state="warning", text=f"{data} is open to others", mend=f"chmod 700 {data}")
        )
    free = shutil.disk_usage(data).free
    if free < _LITTLE_SPACE:
        text = f"only {free >> 20} MiB free on the disk of {data}"
        checks.append(Check(name="disk space", state="warning", text=text, mend="agency du, then agency gc"))
    return checks


def _locks_work(probe: str) -> bool:
    """Whether a second descriptor is kept out of a lock that a first one holds."""
    from filelock import lock_descriptor

    first = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    second = os.open(probe, os.O_RDWR | os.O_CLOEXEC)
    try:
        return lock_descriptor(first, blocking=False) and not lock_descriptor(second, blocking=False)
    finally:
        os.close(first)
        os.close(second)


def file_system_of(path: str) -> str:
    """The type of the file system that holds ``path``; empty when the platform does not tell."""
    try:
        with open("/proc/mounts", encoding="utf-8", errors="surrogateescape") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return ""
    real = os.path.realpath(path) + "/"
    holding = [
        (mount[1].rstrip("/") + "/", mount[2]) for mount in mounts if real.startswith(mount[1].rstrip("/") + "/")
    ]
    return max(holding, key=lambda mount: len(mount[0]), default=("", ""))[1]


def _install(package: str) -> str:
    return f"brew install {package}" if sys.platform == "darwin" else f"apt install {package} (or your system's way)"
