"""Patches that carry one tree exactly into another, whatever the configuration of git and the content of the files, and making
a directory of files from a tree and such patches.

They are of blobs: line endings and filters are none of their business.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git, git_failed

FORMAT = "binary-full-index"
_DIFF = (
    *("diff-tree", "-r", "--patch", "--binary", "--full-index", "--unified=3", "--no-renames"),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/"),
)
_AS_IT_IS = ("-c", "diff.suppressBlankEmpty=false", "-c", "core.quotePath=true")
_TO_THE_LETTER = ("-c", "apply.ignoreWhitespace=no", "apply", "--cached", "--whitespace=nowarn", "-")


@frozen
class Patch:
    """A patch and the tree that it leads to. Empty content leaves the tree as it is."""

    content: bytes
    after: str


class PatchMisfit(Exception):
    """A patch cannot be applied, or leads to another tree. ``number`` counts from 0; ``found`` is None where git refused it, for
    the ``reason``."""

    def __init__(self, number: int, *, expected: str, found: str | None, reason: str) -> None:
        super().__init__(reason)
        self.number = number
        self.expected = expected
        self.found = found
        self.reason = reason


def write_patch(git: Git, before: str, after: str) -> bytes:
    """The patch from the tree ``before`` to ``after``; empty when they are equal. Raises E_GIT_FAILED."""
    if before == after:
        return b""
    done = git.ask(*_AS_IT_IS, *_DIFF, before, after, timeout=LONG)
    if done.code != 0:
        raise git_failed(_DIFF, done)
    names = git.do("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after, timeout=LONG).out.split(b"\0")
    return _with_names_quoted(done.out, [name for name in names if b" /" in name])


def _with_names_quoted(patch: bytes, names: Iterable[bytes]) -> bytes:
    """The same with ``names`` in quotes where git left these out: of a file in a directory whose name ends in a space git apply
    finds the name only so, when the patch holds no line of it. Nothing but a header begins a line like that."""
    for name in names:
        header = b"\ndiff --git a/%b b/%b\n" % (name, name)
        patch = (b"\n" + patch).replace(header, b'\ndiff --git "a/%b" "b/%b"\n' % (name, name))[1:]
    return patch


def replay(git: Git, base: str, patches: Iterable[Patch], *, index: str, between: Callable[[], None]) -> str:
    """Apply ``patches`` to the tree ``base``, one after the other, and return the last tree. Nothing but objects is written, and
    the file ``index``, which must not exist.

    ``between`` is called before each and may raise. Raises PatchMisfit, E_GIT_FAILED, E_DISK_FULL.
    """
    private = replace(git, variables={**git.variables, "GIT_INDEX_FILE": index})
    private.do("read-tree", base)
    tree = base
    for number, patch in enumerate(patches):
        between()
        if patch.content:
            applied = private.ask(*_TO_THE_LETTER, stdin=patch.content, timeout=LONG)
            if applied.code != 0:
                failed = git_failed(("apply",), applied)
                if failed.code == "E_DISK_FULL":
                    raise failed
                raise PatchMisfit(number, expected=patch.after, found=None, reason=failed.message)
            tree = private.say("write-tree")
        if tree != patch.after:
            raise PatchMisfit(number, expected=patch.after, found=tree, reason="the patch leads to another tree")
    return tree


def check_out(git: Git, tree: str, directory: str, *, index: str) -> None:
    """Make ``directory`` with the files of ``tree``, and the file ``index`` of git that goes with them. Neither may exist.

    Submodules are empty directories in it. Raises E_GIT_FAILED, E_DISK_FULL.
    """
    os.makedirs(directory, mode=0o700)
    variables = {**git.variables, "GIT_INDEX_FILE": index, "GIT_WORK_TREE": directory}
    words = ("read-tree", "--reset", "-u", "--no-recurse-submodules", tree)
    done = replace(git, variables=variables).ask("-c", "core.sparseCheckout=false", *words, timeout=LONG)
    if done.code != 0:
        raise git_failed(words, done)
