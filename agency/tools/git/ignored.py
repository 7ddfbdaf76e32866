"""Ignored files, chosen by patterns in gitignore syntax."""

import tempfile
from collections.abc import Sequence

from agency.tools.git.command import LONG, Git


def ignored_matching(git: Git, patterns: Sequence[str]) -> list[str]:
    """The untracked files of the tree that git ignores and that ``patterns`` name, relative to its root, sorted."""
    ignored = set(git.items("ls-files", "-z", "--others", "--ignored", "--exclude-standard", timeout=LONG))
    with tempfile.NamedTemporaryFile("w", prefix="agency-include-", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\n".join((*patterns, "")))
        file.flush()
        named = git.items("ls-files", "-z", "--others", "--ignored", f"--exclude-from={file.name}", timeout=LONG)
    return sorted(ignored.intersection(named))
