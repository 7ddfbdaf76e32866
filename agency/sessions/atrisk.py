"""What a run holds that exists nowhere else."""

from agency.domain.frozen import frozen
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.worktree import is_connected
from agency.tools.git.command import Git
from agency.tools.git.status import tree_status
from agency.tools.git.work import own_commits
from agency.tools.git.worktree import resolve


@frozen
class AtRisk:
    """Counts: paths with uncommitted work, commits whose content the parent does not have, and those on no remote."""

    uncommitted: int = 0
    unmerged: int = 0
    unpushed: int = 0

    @property
    def anything(self) -> bool:
        """Whether there is any such work."""
        return bool(self.uncommitted or self.unmerged)

    def __str__(self) -> str:
        parts = []
        if self.uncommitted:
            parts.append(f"{self.uncommitted} uncommitted file{_s(self.uncommitted)}")
        if self.unmerged:
            parts.append(f"{self.unmerged} unmerged commit{_s(self.unmerged)}")
        if self.unpushed:
            parts.append(f"{self.unpushed} unpushed commit{_s(self.unpushed)}")
        return ", ".join(parts) or "no work of its own"


def look_at_risk(context: Context, run: Run, repo: Repo) -> AtRisk:
    """Count the work of a run that a clean puts at risk. Raises E_GIT_FAILED."""
    shared = Git(environ=context.environ, git_dir=repo.git_dir)
    tips = [resolve(shared, f"refs/heads/{run.branch}")]
    uncommitted = 0
    if is_connected(run, repo):
        status = tree_status(Git(environ=context.environ, tree=run.worktree))
        uncommitted = status.uncommitted
        tips.append(status.commit)
    unmerged = unpushed = 0
    if run.merged_at is not None:
        tips = []  # perhaps into another branch than its parent
    for tip in dict.fromkeys(tip for tip in tips if tip is not None and tip != run.base_commit):
        commits = own_commits(shared, tip=tip, parent_branch=run.parent_branch, base=run.base_commit)
        unmerged, unpushed = max(unmerged, commits.unmerged), max(unpushed, commits.unpushed)
    return AtRisk(uncommitted=uncommitted, unmerged=unmerged, unpushed=unpushed)


def _s(count: int) -> str:
    return "" if count == 1 else "s"
