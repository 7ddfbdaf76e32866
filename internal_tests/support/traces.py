"""What a command leaves behind, taken as plain values before and after it and compared."""

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from internal_tests.support.world import SeenRun, World


@dataclass(frozen=True)
class Traces:
    """Everything that agency makes for runs, by name: directories in its data, refs and worktrees in git, sessions."""

    directories: tuple[str, ...]
    refs: str
    worktrees: str
    sessions: tuple[str, ...]


def traces(world: World, repo: Path | None = None) -> Traces:
    """The traces of every run there is now. ``repo``: where refs and worktrees are looked at."""
    places = [
        path for part in ("runs", "archive", "worktrees", "trash") for path in world.data.glob(f"repos/*/{part}/*")
    ]
    return Traces(
        directories=tuple(sorted(str(path.relative_to(world.data)) for path in places)),
        refs=world.git("for-each-ref", cwd=repo),
        worktrees=world.git("worktree", "list", "--porcelain", cwd=repo),
        sessions=tuple(sorted(world.sessions())),
    )


@dataclass(frozen=True)
class Checkout:
    """A user's checkout: files and their content, index, HEAD, branch and stash."""

    files: dict[str, str]
    index: str
    head: str
    status: str
    stash: str


def checkout(world: World, place: Path | None = None) -> Checkout:
    """The state of the user's checkout at ``place``, looked at without changing it."""
    tree = place or world.repo
    git_dir = Path(world.git("rev-parse", "--absolute-git-dir", cwd=tree))
    return Checkout(
        files={path: seen for path, seen in file_tree(tree).items() if not path.startswith(".git/")},
        index=hashlib.sha256((git_dir / "index").read_bytes()).hexdigest(),
        head=(git_dir / "HEAD").read_text(),
        status=world.git("--no-optional-locks", "status", "--porcelain=v2", "--branch", "--ignored", cwd=tree),
        stash=world.git("stash", "list", cwd=tree),
    )


def file_tree(root: Path) -> dict[str, str]:
    """Every path below ``root`` with its kind, its mode and what it holds."""
    seen: dict[str, str] = {}
    for place, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = Path(place) / name
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                held = f"link to {os.readlink(path)}"
            elif stat.S_ISDIR(mode):
                held = "directory"
            else:
                held = hashlib.sha256(path.read_bytes()).hexdigest()
            seen[os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")] = (
                f"{stat.S_IMODE(mode):o} {held}"
            )
    return seen


def find_named(world: World, name: str) -> SeenRun:
    """The one run called ``name``, present or archived, found in the files."""
    found = [
        record.parent.name
        for part in ("runs", "archive")
        for record in world.data.glob(f"repos/*/{part}/*/meta.json")
        if json.loads(record.read_text())["name"] == name
    ]
    assert len(found) == 1, f"runs called {name}: {found}"
    return world.find(found[0])
