"""Which commits of a branch exist nowhere else."""

from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git
from agency.tools.git.worktree import resolve


@frozen
class Commits:
    """Commits of a branch: those whose content its parent branch does not have, and those on no remote."""

    unmerged: int
    unpushed: int


def own_commits(git: Git, *, tip: str, parent_branch: str, base: str) -> Commits:
    """Compare the commits up to ``tip`` with the parent branch, locally and on its remote, and with every remote.

    Content counts, not ancestry alone: a branch that was merged by squash or rebase has no unmerged commit. ``base`` is
    where the run started; it stands in for a parent branch that is gone.
    """
    parents = [found for found in _targets(git, parent_branch) if found] or [base]
    ahead = git.say("rev-list", tip, *(f"^{parent}" for parent in parents), timeout=LONG).split()
    if ahead and any(_has_content(git, tip=tip, target=parent) for parent in parents):
        ahead = []
    unpushed: list[str] = []
    if ahead and git.say("for-each-ref", "--count=1", "--format=%(refname)", "refs/remotes"):
        unpushed = git.say(
            "rev-list", tip, *(f"^{parent}" for parent in parents), "--not", "--remotes", timeout=LONG
        ).split()
    return Commits(unmerged=len(ahead), unpushed=len(unpushed))


def _targets(git: Git, parent_branch: str) -> list[str | None]:
    return [resolve(git, f"refs/heads/{parent_branch}"), resolve(git, f"refs/remotes/origin/{parent_branch}")]


def _has_content(git: Git, *, tip: str, target: str) -> bool:
    """Whether ``target`` already holds what ``tip`` changed, cheapest test first: the trees are equal, a merge would add
    nothing, every commit has its equal by patch, or one commit has the patch of the whole branch (a squash)."""
    merge_base = git.ask("merge-base", target, tip)
    if merge_base.code != 0:
        return False
    base = merge_base.text
    trees = {revision: git.say("rev-parse", f"{revision}^{{tree}}") for revision in (tip, target, base)}
    if trees[tip] in (trees[target], trees[base]):
        return True
    merged = git.ask("merge-tree", "--write-tree", target, tip, timeout=LONG)
    if merged.code == 0 and merged.text.splitlines()[0] == trees[target]:
        return True
    if not any(line.startswith("+") for line in git.say("cherry", target, tip, timeout=LONG).splitlines()):
        return True
    whole = _patch_id(git, "diff", base, tip)
    ours = git.say("log", "--format=%H", "--no-merges", f"{base}..{target}", timeout=LONG).split()
    return bool(whole) and any(_patch_id(git, "diff-tree", "-p", commit) == whole for commit in ours[:500])


def _patch_id(git: Git, *words: str) -> str:
    patch = git.do(*words, timeout=LONG).out
    return git.do("patch-id", "--stable", stdin=patch).text.partition(" ")[0]
