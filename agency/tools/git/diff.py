"""Showing what a run changed since its parent."""

from agency.tools.git.command import LONG, Git
from agency.tools.git.snapshot import write_tree
from agency.tools.git.worktree import resolve


def changes_since(git: Git, *, admin_dir: str | None, parent_branch: str, base: str, options: tuple[str, ...]) -> bytes:
    """The patch (or what ``options`` of ``git diff`` make of it) from where the run left its parent to its tree as it is
    now, uncommitted and untracked files too."""
    tree = write_tree(git, admin_dir, partial=True)
    parent = resolve(git, f"refs/heads/{parent_branch}")
    start = base
    if parent is not None:
        merge_base = git.ask("merge-base", parent, "HEAD")
        start = merge_base.text if merge_base.code == 0 else base
    return git.do("diff", *options, start, tree, "--", timeout=LONG).out
