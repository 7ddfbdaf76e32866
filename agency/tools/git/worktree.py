"""Making and removing worktrees and branches. Every function that changes refs or worktrees needs the repo lock."""

import os
import shutil
import time

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git, git_failed
from agency.tools.git.discover import read_link_file

_PATIENCE = 2.0
_POLL = 0.02


@frozen
class Checkout:
    """Where a branch is checked out. ``branch`` is None when HEAD is detached."""

    path: str
    branch: str | None


def list_checkouts(git: Git) -> list[Checkout]:
    """Every worktree that git knows, the main one first. Raises E_GIT_FAILED."""
    checkouts: list[Checkout] = []
    path: str | None = None
    branch: str | None = None
    for line in [*_listed(git).split(b"\0"), b""]:
        key, _, value = os.fsdecode(line).partition(" ")
        if key == "worktree":
            path, branch = value, None
        elif key == "branch":
            branch = value.removeprefix("refs/heads/")
        elif not key and path is not None:
            checkouts.append(Checkout(path=path, branch=branch))
            path = None
    return checkouts


def _listed(git: Git) -> bytes:
    """What git lists. It stumbles over a worktree that another git is making at that moment, so it is asked again."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        listed = git.ask("worktree", "list", "--porcelain", "-z")
        if listed.code == 0:
            return listed.out
        if b"failed to read" not in listed.err or time.monotonic() >= deadline:
            raise git_failed(("worktree", "list"), listed)
        time.sleep(_POLL)


def add_worktree(git: Git, *, path: str, branch: str, commit: str) -> None:
    """Make an empty worktree on a branch that starts at ``commit`` (or exists already, then as it stands).

    Repeating it after a kill is safe. Raises E_GIT_FAILED.
    """
    if admin_dir_of(git, path) is not None:
        remove_entry(git, path)
    if resolve(git, f"refs/heads/{branch}") is None:
        add_new_worktree(git, path=path, branch=branch, commit=commit)
    else:
        git.do("worktree", "add", "--quiet", "--no-checkout", "--force", path, branch)


def add_new_worktree(git: Git, *, path: str, branch: str, commit: str) -> None:
    """The same for a branch and a path that nothing has used before. Raises E_GIT_FAILED."""
    git.do("worktree", "add", "--quiet", "--no-checkout", "--no-track", "-b", branch, path, commit)


def add_detached(git: Git, *, path: str, commit: str) -> None:
    """Make an empty worktree on ``commit`` and no branch at a path that is free. Raises E_GIT_FAILED."""
    git.do("worktree", "add", "--quiet", "--no-checkout", "--detach", path, commit)


def adopt_tree(git: Git, *, path: str, branch: str, commit: str, index: str | None = None) -> None:
    """Make the directory ``path``, whose files stay as they are, a worktree of the repository on ``branch`` again. Nothing is
    staged in it. ``index`` is an index file that knows the files, so that they need not be read.

    Repeating it after a kill is safe. Raises E_GIT_FAILED.
    """
    beside = f"{path}.new"
    shutil.rmtree(beside, ignore_errors=True)
    add_worktree(git, path=beside, branch=branch, commit=commit)
    admin = admin_dir_of(git, beside)
    if admin is None:
        raise AgencyError("E_GIT_FAILED", f"git made no worktree at {beside}", hint="agency doctor")
    if index is not None and os.path.exists(index):
        shutil.copy2(index, f"{admin}/index")
    write_links(admin, path)
    shutil.rmtree(beside)
    Git(environ=git.environ, tree=path).do("reset", "--quiet", "--mixed", timeout=LONG)


def write_links(admin: str, path: str, *, standing_at: str | None = None) -> None:
    """Point the directory ``admin`` of a repository and the worktree at ``path`` to each other. ``standing_at`` is where the
    worktree still stands while it is about to be moved to ``path``. An entry always leads somewhere: one that does not would
    belong to nobody."""
    _write_link(f"{admin}/gitdir.new", f"{path}/.git")
    os.replace(f"{admin}/gitdir.new", f"{admin}/gitdir")
    _write_link(f"{standing_at or path}/.git", f"gitdir: {admin}")


def _write_link(file: str, line: str) -> None:
    with open(file, "wb") as link:
        link.write(os.fsencode(line) + b"\n")


def fill_tree(git: Git) -> None:
    """Check the files of HEAD out into the (empty) worktree that ``git`` stands in. Needs no lock."""
    git.do("reset", "--hard", "--quiet", "--no-recurse-submodules", timeout=LONG)


def admin_dir_of(git: Git, path: str) -> str | None:
    """The directory in which the repository keeps the worktree at ``path``, whether or not that still exists."""
    linked = read_link_file(f"{path}/.git")
    if linked is not None:
        return linked
    worktrees = f"{git.git_dir}/worktrees"
    try:
        names = os.listdir(worktrees)
    except (FileNotFoundError, NotADirectoryError):
        return None
    for name in names:
        tree = linked_tree(f"{worktrees}/{name}")
        if tree is not None and os.path.realpath(tree) == os.path.realpath(path):
            return f"{worktrees}/{name}"
    return None


def linked_tree(admin: str) -> str | None:
    """The worktree that the directory ``admin`` of a repository points to, whether or not that exists; None for the main one."""
    try:
        with open(f"{admin}/gitdir", "rb") as file:
            return os.path.dirname(os.fsdecode(file.read().removesuffix(b"\n")))
    except OSError:
        return None


def remove_entry(git: Git, path: str) -> None:
    """Make the repository forget the worktree at ``path``, whose directory must be gone or empty of work. Locks that a
    killed git left in the entry go with it."""
    admin = admin_dir_of(git, path)
    gone = aside(git.git_dir or "", "gone")
    if admin is not None and os.path.dirname(admin) == f"{git.git_dir}/worktrees":
        os.rename(admin, gone)
    shutil.rmtree(gone, ignore_errors=True)


def aside(git_dir: str, name: str) -> str:
    """An absent path beside the entries that git reads: an entry is made or taken apart there, and renamed in one step,
    because half an entry makes every ``git worktree list`` fail. What a kill left there goes."""
    place = f"{git_dir}/agency/{name}"
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    return place


def resolve(git: Git, revision: str) -> str | None:
    """The commit that ``revision`` names, or None."""
    done = git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return done.text if done.code == 0 else None


def delete_branch(git: Git, branch: str, commit: str) -> None:
    """Delete a branch that points to ``commit``. Raises E_GIT_FAILED when it points elsewhere by now."""
    git.do("update-ref", "-d", f"refs/heads/{branch}", commit)


def repair_link(git: Git, path: str) -> None:
    """Connect the worktree at ``path`` with the repository again after either has moved, where git can."""
    git.ask("worktree", "repair", path)
