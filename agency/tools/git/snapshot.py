"""The state of a working tree as git objects, made through a private index so that the tree's own stays as it is."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git, git_failed

TRASH = "refs/agency/trash"
_NOT_WRITTEN = (b"No space left on device", b"Disk quota exceeded", b"Out of diskspace", b"insert into database")
_AUTHOR = {
    "GIT_AUTHOR_NAME": "agency",
    "GIT_AUTHOR_EMAIL": "agency@localhost",
    "GIT_COMMITTER_NAME": "agency",
    "GIT_COMMITTER_EMAIL": "agency@localhost",
}


def trash_ref(run_id: str) -> str:
    """The ref that keeps what a run held when it was cleaned."""
    return f"{TRASH}/{run_id}"


@contextmanager
def private_index(git: Git, admin_dir: str | None, scratch: str | None) -> Iterator[Git]:
    """``git`` with an index of its own in the directory ``scratch`` (None: the system's for temporary files), which starts as a
    copy of the tree's (for its cached file times)."""
    with tempfile.TemporaryDirectory(prefix="agency-index-", dir=scratch) as place:
        if admin_dir is not None and os.path.exists(f"{admin_dir}/index"):
            shutil.copy2(f"{admin_dir}/index", f"{place}/index")
        yield replace(git, variables={**git.variables, "GIT_INDEX_FILE": f"{place}/index"})


def write_tree(git: Git, admin_dir: str | None, *, scratch: str | None = None, partial: bool = False) -> str:
    """The tree object of everything in the working tree that ``git`` stands in, untracked files too, ignored ones not.

    With ``partial`` what git cannot take is left out: files that nobody may read, and repositories without a commit that
    stand in the tree. Raises E_GIT_FAILED, E_DISK_FULL.
    """
    with private_index(git, admin_dir, scratch) as private:
        _add_all(private, (), partial=partial)
        return private.say("write-tree")


@frozen
class TreeWithout:
    """A tree object, and the untracked files that were left out of it. ``nested`` are untracked directories that are repositories
    of their own: of their files the tree holds none."""

    tree: str
    left_out: tuple[str, ...]
    nested: tuple[str, ...]


def write_tree_without(
    git: Git, admin_dir: str | None, leave_out: Callable[[str], bool], *, scratch: str | None = None
) -> TreeWithout:
    """The same as :func:`write_tree`, partial, without the untracked files that ``leave_out`` says. They never become objects."""
    with private_index(git, admin_dir, scratch) as private:
        untracked = private.items("ls-files", "-z", "--others", "--exclude-standard", timeout=LONG)
        left_out = tuple(sorted(path for path in untracked if leave_out(path)))
        _add_all(private, left_out, partial=True)
        nested = tuple(sorted(path.removesuffix("/") for path in untracked if path.endswith("/")))
        return TreeWithout(tree=private.say("write-tree"), left_out=left_out, nested=nested)


def _add_all(git: Git, left_out: tuple[str, ...], *, partial: bool) -> None:
    """Take everything into the index but ``left_out``, whatever line endings it has."""
    words = (
        "add",
        "--all",
        *(("--ignore-errors",) if partial else ()),
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
    )
    paths = b"\0".join(os.fsencode(path) for path in (".", *(f":(exclude,literal){path}" for path in left_out)))
    added = git.ask("-c", "core.safecrlf=false", *words, timeout=LONG, stdin=paths)
    passed_over = partial and added.code == 1 and not any(reason in added.err for reason in _NOT_WRITTEN)
    if added.code != 0 and not passed_over:
        raise git_failed(words, added)


def write_index_tree(git: Git, admin_dir: str | None, *, scratch: str | None = None) -> str | None:
    """The tree object of what is staged, or None when the index holds an unfinished merge."""
    with private_index(git, admin_dir, scratch) as private:
        done = private.ask("write-tree")
        return done.text if done.code == 0 else None


def keep(git: Git, *, ref: str, tree: str, parents: tuple[str, ...], message: str) -> str:
    """Keep a tree and the commits it came from alive under ``ref`` and return the commit that does so.

    Needs the repo lock. Raises E_GIT_FAILED.
    """
    commit = write_commit(git, tree=tree, parents=parents, message=message)
    git.do("update-ref", ref, commit)
    return commit


def write_commit(git: Git, *, tree: str, parents: tuple[str, ...], message: str) -> str:
    """A commit in the name of agency, which nothing keeps alive yet. Raises E_GIT_FAILED."""
    author = replace(git, variables={**git.variables, **_AUTHOR})
    words = [word for parent in dict.fromkeys(parents) for word in ("-p", parent)]
    return author.say("commit-tree", tree, *words, "-m", message)
