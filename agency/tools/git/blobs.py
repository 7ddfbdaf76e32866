"""Reading a file of a commit as it would stand in a worktree."""

import os

from agency.tools.git.command import Git


def read_as_checked_out(git: Git, commit: str, path: str) -> bytes | None:
    """The content that ``path`` would have in a worktree of ``commit``: line endings and filters applied, symbolic links inside
    the tree followed. None when there is no such file."""
    name = os.path.normpath(path)
    if name.startswith(("/", "../")) or "\n" in name:
        return None
    asked = os.fsencode(f"{commit}:{name}\n")
    found = git.ask("cat-file", "--batch-check", "--follow-symlinks", stdin=asked).text.split(" ")
    if len(found) != 3 or found[1] != "blob":
        return None
    done = git.ask("cat-file", "--filters", f"--path={name}", found[0])
    return done.out if done.code == 0 else None
