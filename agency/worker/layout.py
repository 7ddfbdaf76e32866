"""What of this machine the runner and the checks of a run need, as the layout of a sandbox."""

import os
import pwd
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import agency
from agency.domain.isolation import BWRAP, Isolation, unsupported
from agency.domain.run import Run
from agency.domain.sandbox import HIDDEN, Layout, access, is_in
from agency.runners.resolve import Runner
from agency.sessions.context import Context
from agency.sessions.isolation import expanded, present
from agency.worker.gitparts import git_parts
from agency.worker.work import Work

_SCRATCH = ("/tmp", "/var/tmp", "/run")
_OF_RUN = (
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/current-system",
    "/run/opengl-driver",
)
"""What /run holds besides sockets: names of hosts are looked up with it, and programs of some systems stand there."""
_LONGEST_PATH = 4096
_MOST_LINKS = 200
"""Parts of a path, those of the links on it included, that are followed."""
_LEAD_TO_SOCKETS = ("SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "XAUTHORITY")


def layout_of(work: Work, runner: Runner, argv: Sequence[str], *, lent: Sequence[str]) -> Layout:
    """The layout for ``argv``; ``lent`` are the paths of the checkout that symbolic links in the worktree lead to. Makes the
    directories of caches. Raises E_ISOLATION_UNSUPPORTED for a path that is not there."""
    isolation, context, run = work.job.isolation, work.context, work.run
    hidden = _hidden(context, isolation)
    for path in isolation.caches:
        os.makedirs(os.path.realpath(expanded(context, path)), mode=0o700, exist_ok=True)
    for path in (*isolation.writable, *isolation.readable):
        present(context, path)
    own = runner.adapter.own_files(runner.environ) if isolation.runner_files else ()
    given = [expanded(context, path) for path in (*isolation.caches, *isolation.writable, *own)]
    shown = [expanded(context, path) for path in isolation.readable]
    git = git_parts(run, isolation.backend)
    writable = (*_real(given), *git.writable, *told_of_run(run.directory))
    # What is shown by itself never uncovers a whole hidden place, nor takes back what can be changed.
    needed = list(_needed(run, runner, argv, lent))
    by_itself = [
        path
        for path in _real(needed)
        if is_in(path, hidden)
        and not is_in(path, (os.path.realpath(run.worktree), *writable))
        and not any(is_in(place, (path,)) for place in hidden)
    ]
    layout = Layout(
        worktree=os.path.realpath(run.worktree),
        hidden=hidden,
        readable=(*_real(shown), *git.readable, *by_itself),
        writable=writable,
        protected=git.protected,
    )
    links = dict(link for path in (run.worktree, *given, *shown, *needed) for link in _links_on(path))
    return replace(layout, links=tuple(link for link in links.items() if access(layout, link[0]) == HIDDEN))


def environment_inside(layout: Layout, environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without variables that lead to sockets which cannot be reached."""
    kept = dict(environ)
    for name in _LEAD_TO_SOCKETS:
        path = kept.get(name, "").removeprefix("unix:path=").partition(",")[0]
        if name in kept and access(layout, os.path.realpath(path)) == HIDDEN:
            del kept[name]
    kept.pop("TMUX", None)
    kept.pop("TMUX_PANE", None)
    if "TMPDIR" in kept:
        kept["TMPDIR"] = "/tmp"
    return kept


def _hidden(context: Context, isolation: Isolation) -> tuple[str, ...]:
    """The homes of the user, where scratch files and sockets are, and what agency keeps."""
    home = context.environ.get("HOME") or "/"
    places = [home, *_SCRATCH, context.environ.get("TMPDIR") or "/tmp", context.paths.data, context.paths.config]
    try:
        places.append(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        pass
    if os.path.realpath(home) == "/":
        raise unsupported(BWRAP, "bwrap cannot hide a home that is /", "set HOME to the directory that is yours")
    if "TMUX" in context.environ:
        places.append(os.path.dirname(context.environ["TMUX"].partition(",")[0]))
    found = dict.fromkeys(os.path.realpath(path) for path in places if os.path.isdir(path))
    return tuple(path for path in found if path != "/")


def _needed(run: Run, runner: Runner, argv: Sequence[str], lent: Sequence[str]) -> Iterator[str]:
    """What may be hidden and has to be seen: the programs, the files that ``argv`` names, what the checkout lends the worktree,
    and agency itself, which hooks of agents start."""
    yield from _OF_RUN
    for directory in (runner.environ.get("PATH") or "").split(":"):
        if os.path.isabs(directory):
            yield directory
    yield runner.program
    before, package, _ = os.path.realpath(runner.program).partition("/node_modules/")
    if package:
        yield f"{before}/node_modules"
    yield from (word for word in argv if word.startswith("/") and len(word) < _LONGEST_PATH and os.path.isfile(word))
    yield from (f"{run.repo_root}/{link}" for link in lent)
    yield from (sys.prefix, sys.base_prefix, os.path.dirname(agency.__file__))


def _real(paths: Iterable[str]) -> list[str]:
    """Where those of ``paths`` are that are there."""
    return [os.path.realpath(path) for path in paths if os.path.exists(path)]


def _links_on(path: str) -> Iterator[tuple[str, str]]:
    """The symbolic links on the way to ``path``: where each stands, without links on the way to it, and what it says."""
    place, left = "/", [part for part in path.split("/")[::-1] if part]
    for _ in range(_MOST_LINKS):
        if not left:
            return
        part = left.pop()
        place = os.path.normpath(f"{place.rstrip('/')}/{part}")
        if os.path.islink(place):
            target = os.readlink(place)
            yield place, target
            place = "/" if target.startswith("/") else os.path.dirname(place)
            left += [part for part in target.split("/")[::-1] if part]


def told_of_run(directory: str) -> tuple[str, ...]:
    """The file in the record of the run that hooks of an agent append to."""
    path = f"{directory}/hooks.jsonl"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError:
        return ()
    return (os.path.realpath(path),)
