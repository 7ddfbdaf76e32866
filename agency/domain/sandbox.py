"""The command line of bubblewrap: what of the machine a program inside sees, and what of it can be changed."""

from collections.abc import Iterable, Iterator, Sequence

from agency.domain.frozen import frozen

HIDDEN, READABLE, WRITABLE, PROTECTED = "hidden", "readable", "writable", "protected"
_RANK = {HIDDEN: 0, READABLE: 1, WRITABLE: 2, PROTECTED: 3}
_UNSHARED = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")


@frozen
class Layout:
    """Places of the machine, absolute and without symbolic links on the way. Directories in ``hidden`` are empty inside, and
    what is written there is gone with the program; ``readable`` and ``writable`` show through, also in a hidden one;
    ``protected`` cannot be changed, also in a writable one. The deeper path wins. Everything else can be read. ``links`` are
    symbolic links made in hidden directories: where, and where to."""

    worktree: str
    hidden: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def bwrap_argv(
    program: str, layout: Layout, argv: Sequence[str], *, network: bool, root: bool = False, terminal: bool = False
) -> tuple[str, ...]:
    """The words that start ``argv`` under ``program``, which is bubblewrap. It ends with whoever started it, and everything
    inside ends with it. ``terminal``: it is to have the terminal of the caller; ``root``: the caller is root, who could change
    the settings of the kernel without any capability."""
    words = [program, "--die-with-parent", "--cap-drop", "ALL", *_UNSHARED]
    if not network:
        words.append("--unshare-net")
    if not terminal:
        words.append("--new-session")
    words += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    if root:
        words += ["--ro-bind", "/proc/sys", "/proc/sys", "--ro-bind-try", "/proc/sysrq-trigger", "/proc/sysrq-trigger"]
    for path, kind in mounts(layout):
        words += _mount(path, kind)
    for place, target in layout.links:
        words += ["--symlink", target, place]
    return (*words, "--chdir", layout.worktree, "--", *argv)


def probe_argv(program: str, *, network: bool, root: bool) -> tuple[str, ...]:
    """A command line that succeeds where bubblewrap can do all that :func:`bwrap_argv` asks of it."""
    layout = Layout(worktree="/", hidden=("/tmp",))
    return bwrap_argv(program, layout, ("true",), network=network, root=root)


def mounts(layout: Layout) -> Iterator[tuple[str, str]]:
    """What is mounted, in an order in which nothing covers what it should not: path and kind. No path comes twice."""
    kinds: dict[str, str] = {}
    for kind, paths in (
        (HIDDEN, layout.hidden),
        (READABLE, layout.readable),
        (WRITABLE, (layout.worktree, *layout.writable)),
        (PROTECTED, layout.protected),
    ):
        kinds |= dict.fromkeys(paths, kind)
    yield from sorted(kinds.items(), key=lambda item: (item[0].rstrip("/").count("/"), _RANK[item[1]], item[0]))


def access(layout: Layout, path: str) -> str:
    """What can be done with ``path`` inside: the kind of the deepest place of the layout that it is in; ``readable`` in none."""
    found = READABLE
    for place, kind in mounts(layout):
        if is_in(path, (place,)):
            found = kind
    return found


def is_in(path: str, places: Iterable[str]) -> bool:
    """Whether ``path`` is one of ``places`` or below one."""
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)


def _mount(path: str, kind: str) -> list[str]:
    if kind == HIDDEN:
        return ["--tmpfs", path]
    return ["--bind" if kind == WRITABLE else "--ro-bind", path, path]
