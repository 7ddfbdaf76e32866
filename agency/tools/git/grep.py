"""Looking for text in the files of a commit."""

import os
from collections.abc import Sequence

from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git, git_failed


@frozen
class Hit:
    """A line that holds the text; lines count from 1."""

    path: str
    line: int
    text: str


def grep(git: Git, commit: str, text: str, *, globs: Sequence[str] = (), regex: bool = False) -> list[Hit]:
    """The lines of a commit that hold ``text``, by path; with ``regex`` it is an extended regular expression. ``globs`` limit
    the files. Raises E_GIT_FAILED, as for a regular expression that is none."""
    kind = "-E" if regex else "-F"
    only = [f":(glob){pattern}" for pattern in globs]
    words = ("grep", "-I", "-n", "-z", "--full-name", "--no-color", kind, "-e", text, commit, "--", *only)
    done = git.ask(*words, timeout=LONG)
    if done.code not in (0, 1):
        raise git_failed(words, done)
    hits, at, out = [], 0, done.out
    while at < len(out):
        middle = out.index(b"\0", at)
        second = out.index(b"\0", middle + 1)
        end = out.find(b"\n", second)
        end = len(out) if end < 0 else end
        path = os.fsdecode(out[at:middle]).removeprefix(f"{commit}:")
        line = out[second + 1 : end].decode("utf-8", "replace")
        hits.append(Hit(path=path, line=int(out[middle + 1 : second]), text=line))
        at = end + 1
    return hits
