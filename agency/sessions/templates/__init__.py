"""Files that agency writes into worktrees and repositories."""

import os


def template(name: str) -> str:
    """The text of one of the files beside this module."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()
