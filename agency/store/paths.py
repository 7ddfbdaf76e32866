"""Where everything is on disk. The one place that knows the layout of the data directory."""

import os
import sys
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import PlanId, RepoId, RunId
from agency.domain.testguard import allowed_under_test

LANDING = ".land"
"""After the id of a run in the name of the worktree that is there while it lands."""
REBUILDING = ".rebuild"
"""After it in the name of the directory in which its worktree is built anew."""

JUDGING = ".judge"
"""After the id of a plan in the name of the directory with the worktrees that its validators stand in."""

ASKING = "asked"
"""The name of the directory with the worktrees of runners that are asked about the repo itself."""


@frozen
class Paths:
    """The data and config directories, both absolute."""

    data: str
    config: str

    @property
    def repos(self) -> str:
        """Where the repos are."""
        return f"{self.data}/repos"

    @property
    def programs(self) -> str:
        """What programs said of their version."""
        return f"{self.data}/programs.json"

    def repo(self, repo_id: RepoId) -> str:
        """The directory of one repo."""
        return f"{self.repos}/{repo_id}"

    def repo_record(self, repo_id: RepoId) -> str:
        """``repo.json`` of a repo."""
        return f"{self.repo(repo_id)}/repo.json"

    def consent(self, repo_id: RepoId) -> str:
        """What the user allowed of what a repo brings along."""
        return f"{self.repo(repo_id)}/consent.json"

    def lock(self, repo_id: RepoId) -> str:
        """The lock file of a repo."""
        return f"{self.repo(repo_id)}/.lock"

    def landing_lock(self, repo_id: RepoId) -> str:
        """The lock file that those hold who land, one after the other."""
        return f"{self.repo(repo_id)}/.landing"

    def runs(self, repo_id: RepoId) -> str:
        """Where the records of present runs are."""
        return f"{self.repo(repo_id)}/runs"

    def archive(self, repo_id: RepoId) -> str:
        """Where the records of archived runs are."""
        return f"{self.repo(repo_id)}/archive"

    def plans(self, repo_id: RepoId) -> str:
        """Where the records of plans are."""
        return f"{self.repo(repo_id)}/plans"

    def models(self, repo_id: RepoId) -> str:
        """Where the components of commits are kept, so that they need not be read again; all of it may be removed."""
        return f"{self.repo(repo_id)}/models"

    def worktrees(self, repo_id: RepoId) -> str:
        """Where the worktrees are."""
        return f"{self.repo(repo_id)}/worktrees"

    def trash(self, repo_id: RepoId) -> str:
        """Where the worktrees of archived runs wait to be restored or let go."""
        return f"{self.repo(repo_id)}/trash"

    def worktree(self, repo_id: RepoId, run_id: RunId) -> str:
        """The worktree of a run."""
        return f"{self.worktrees(repo_id)}/{run_id}"

    def landing(self, repo_id: RepoId, run_id: RunId) -> str:
        """The worktree in which the work of a run is combined with the branch that it lands on."""
        return f"{self.worktree(repo_id, run_id)}{LANDING}"

    def integration(self, repo_id: RepoId, plan_id: PlanId) -> str:
        """The worktree in which finished tasks of a plan are combined and judged."""
        return f"{self.worktrees(repo_id)}/{plan_id}{LANDING}"

    def judging(self, repo_id: RepoId, plan_id: PlanId) -> str:
        """Where the worktrees are in which validators of a plan look at finished work."""
        return f"{self.worktrees(repo_id)}/{plan_id}{JUDGING}"

    def asking(self, repo_id: RepoId) -> str:
        """Where the worktrees are in which runners are asked about the repo itself, each named by the process that asks."""
        return f"{self.worktrees(repo_id)}/{ASKING}"

    def rebuilding(self, repo_id: RepoId, run_id: RunId) -> str:
        """Where the worktree of a run is built anew, to take the place of the one that is there."""
        return f"{self.worktree(repo_id, run_id)}{REBUILDING}"


def find_paths(environ: Mapping[str, str]) -> Paths:
    """The directories that ``environ`` names, or those that are usual on this platform.

    Raises E_STORE_FAILED for a relative directory, and RuntimeError under test for one outside the test's own.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    mac = sys.platform == "darwin"
    paths = Paths(
        data=environ.get("AGENCY_DATA_DIR")
        or (f"{home}/Library/Application Support/agency" if mac else "")
        or f"{environ.get('XDG_DATA_HOME') or home + '/.local/share'}/agency",
        config=environ.get("AGENCY_CONFIG_DIR")
        or (f"{home}/Library/Preferences/agency" if mac else "")
        or f"{environ.get('XDG_CONFIG_HOME') or home + '/.config'}/agency",
    )
    for path in (paths.data, paths.config):
        if not os.path.isabs(path):
            raise AgencyError("E_STORE_FAILED", f"{path} is not an absolute path", hint="set AGENCY_DATA_DIR to one")
        if not allowed_under_test(os.path.realpath(path), environ):
            raise RuntimeError(f"a test must not use {path}")
    return paths
