"""The files of a commit, without a worktree."""

import os
from collections.abc import Sequence

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git


@frozen
class TreeFile:
    """A file of a commit: its path, and the mode and the blob as git writes them."""

    path: str
    mode: str
    blob: str


def commit_of(git: Git, rev: str) -> str:
    """The id of the commit that ``rev`` means. Raises E_USAGE when it means none, E_EMPTY_REPO for ``HEAD`` before the first."""
    done = git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
    if (done.code != 0 or not done.text) and rev == "HEAD":
        raise AgencyError("E_EMPTY_REPO", "the repo has no commit yet", hint="make one: git commit")
    if done.code != 0 or not done.text:
        raise AgencyError("E_USAGE", f"{rev} is not a commit of this repo", hint="git log --oneline --all")
    return done.text


def tree_files(git: Git, commit: str) -> list[TreeFile]:
    """The files of a commit, by path. Raises E_GIT_FAILED."""
    found = []
    for item in git.items("ls-tree", "-r", "-z", "--full-tree", commit, timeout=LONG):
        head, _, path = item.partition("\t")
        mode, _, blob = head.split(" ")
        found.append(TreeFile(path=path, mode=mode, blob=blob))
    return found


def read_blobs(git: Git, blobs: Sequence[str]) -> list[bytes]:
    """The content of each blob, in one process. Raises E_GIT_FAILED."""
    wanted = list(dict.fromkeys(blobs))
    if not wanted:
        return []
    asked = "".join(f"{blob}\n" for blob in wanted).encode()
    out = git.do("cat-file", "--batch", stdin=asked, timeout=LONG).out
    found: dict[str, bytes] = {}
    at = 0
    for blob in wanted:
        end = out.index(b"\n", at)
        head = os.fsdecode(out[at:end]).split(" ")
        if len(head) != 3 or head[1] != "blob":
            raise AgencyError("E_GIT_FAILED", f"git has no file {blob}", hint="git fsck")
        at = end + 1 + int(head[2]) + 1
        found[blob] = out[end + 1 : at - 1]
    return [found[blob] for blob in blobs]
