"""What was left behind: half-done operations, worktrees, sessions and branches without a run."""

import os
import re
import shlex

from agency.domain.errors import AgencyError
from agency.domain.events import IN_THE_WAY
from agency.domain.ids import RunId, is_run_id, run_of_session
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.doctor.check import Check
from agency.sessions.doctor.plans import check_plans
from agency.sessions.listing import list_observations
from agency.sessions.live import tmux_of
from agency.sessions.worktree import connect, is_connected
from agency.store.launches import read_launch
from agency.store.paths import ASKING, JUDGING, LANDING, REBUILDING
from agency.store.plans import list_plans
from agency.store.runs import list_repo_ids, list_runs
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.keptrefs import kept_refs, runs_with_refs
from agency.tools.git.worktree import list_checkouts, remove_entry
from agency.tools.tmux.look import list_panes

_RUN_BRANCH = re.compile(r"agency/[a-z][a-z0-9-]*-[0-9a-f]{4}")


def check_leftovers(context: Context, repo: Repo | None, *, fix: bool) -> list[Check]:
    """Half-done operations and sessions everywhere; worktrees and branches in ``repo``."""
    checks = [*_operations(context), *_sessions(context)]
    if repo is not None:
        checks += [*_links(context, repo, fix=fix), *_worktrees(context, repo, fix=fix), *_branches(context, repo)]
        checks += [*_refs(context, repo), *check_plans(context, repo)]
    return checks


def _operations(context: Context) -> list[Check]:
    checks = []
    try:
        listing = list_observations(context, repo=None, every_repo=True, archived=True, status=None)
    except AgencyError as error:
        return [Check(name="runs", state="failure", text=error.message, mend=error.hint)]
    for seen in listing.observations:
        name = seen.run.name if isinstance(seen.run, Run) else seen.run.run_id
        if seen.facts.broken is not None:
            mend = f"agency show {seen.run.run_id} --paths"
            checks.append(Check(name="run", state="warning", text=f"{name}: {seen.facts.broken}", mend=mend))
        elif seen.verdict.rule == "operation-interrupted":
            operation = seen.facts.operation or ""
            text = f"{name}: {operation} was interrupted after {seen.facts.operation_step}"
            mend = f"agency clean {seen.run.run_id}, or agency restore {seen.run.run_id}"
            if operation == "checkpoint":
                mend = f"agency checkpoint ls {seen.run.run_id}, and restore one"
            elif operation not in IN_THE_WAY:
                mend = f"agency {operation} {seen.run.run_id}"
            checks.append(Check(name="run", state="warning", text=text, mend=mend))
        elif not seen.facts.worktree_present and not seen.run.archived:
            text = f"{name}: its worktree is gone"
            checks.append(Check(name="run", state="warning", text=text, mend=f"agency restore {seen.run.run_id}"))
    count = len(listing.observations)
    return checks or [Check(name="runs", state="ok", text=f"{count} run{'' if count == 1 else 's'}, none half-done")]


def _sessions(context: Context) -> list[Check]:
    """Sessions that bear the name of a run which this data directory does not know as present. They may belong to another
    data directory, so they are only told."""
    repo_ids = list_repo_ids(context.paths)
    runs = {run.run_id: run for repo_id in repo_ids for run in list_runs(context.paths, repo_id)}
    plans = {str(plan_id) for repo_id in repo_ids for plan_id in list_plans(context.paths, repo_id)}
    servers = {tmux_of(context, read_launch(run.directory)).socket for run in runs.values()}
    servers.add(tmux_of(context, None).socket)
    checks = []
    for socket in sorted(servers):
        tmux = tmux_of(context, None, socket)
        try:
            names = dict.fromkeys(pane.session for pane in list_panes(tmux))
        except AgencyError as error:
            checks.append(Check(name="sessions", state="failure", text=error.message, mend=error.hint))
            continue
        for name in names:
            run_id = run_of_session(name)
            if run_id is not None and run_id not in runs and run_id not in plans:
                command = shlex.join((*tmux.argv[:3], "kill-session", "-t", f"={name}"))
                text = f"session {name} belongs to no present run"
                checks.append(Check(name="session", state="warning", text=text, mend=command))
    return checks or [Check(name="sessions", state="ok", text="every session belongs to a run")]


def _links(context: Context, repo: Repo, *, fix: bool) -> list[Check]:
    """Worktrees that have lost their repository because it was moved."""
    checks = []
    for run in list_runs(context.paths, repo.repo_id):
        if not isinstance(run, Run) or not os.path.exists(f"{run.worktree}/.git") or is_connected(run, repo):
            continue
        other = discover(run.worktree)
        if other is not None and other.tree == os.path.realpath(run.worktree):
            continue  # a run of another clone of the same repo
        text = f"the worktree of {run.name} has lost its repository"
        if fix:
            with context.lock(repo.repo_id) as lock:
                connect(run, repo, Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd))
            checks.append(Check(name="worktree", state="mended", text=text))
        else:
            checks.append(Check(name="worktree", state="warning", text=text, mend="agency doctor --fix"))
    return checks


def _worktrees(context: Context, repo: Repo, *, fix: bool) -> list[Check]:
    """Entries in git for worktrees of ours whose directory is gone, and directories without a run."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    root = os.path.realpath(context.paths.worktrees(repo.repo_id))
    known = {run.run_id for run in list_runs(context.paths, repo.repo_id)}
    known |= {RunId(plan_id) for plan_id in list_plans(context.paths, repo.repo_id)}
    checks = []
    for checkout in list_checkouts(git):
        inside = os.path.dirname(os.path.realpath(checkout.path)) == root
        run_id = os.path.basename(checkout.path).removesuffix(LANDING)
        if not inside or RunId(run_id) in known or os.path.isdir(checkout.path):
            continue
        text = f"git still lists the worktree {checkout.path}, which is gone"
        if fix:
            with context.lock(repo.repo_id):
                remove_entry(git, checkout.path)
            checks.append(Check(name="worktree", state="mended", text=text))
        else:
            checks.append(Check(name="worktree", state="warning", text=text, mend="agency doctor --fix"))
    try:
        names = os.listdir(root)
    except OSError:
        names = []
    for name in sorted({*names} - {ASKING}):  # who is asked next clears that of what a kill left
        run_id = name  # or a plan, of which finished work is combined and judged
        for suffix in (LANDING, REBUILDING, JUDGING):  # of a run that lands or is reset, or was interrupted
            run_id = run_id.removesuffix(suffix)
        if not is_run_id(run_id) or RunId(run_id) not in known:
            text = f"{root}/{name} belongs to no run"
            mend = f"look at it, then remove it: {root}/{name}"
            checks.append(Check(name="worktree", state="warning", text=text, mend=mend))
    return checks or [Check(name="worktrees", state="ok", text="every worktree belongs to a run")]


def _branches(context: Context, repo: Repo) -> list[Check]:
    """Branches with the name of a run's branch whose run is neither present nor archived."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    known = {
        run.branch
        for archived in (False, True)
        for run in list_runs(context.paths, repo.repo_id, archived=archived)
        if isinstance(run, Run)
    }
    found = git.say("for-each-ref", "--format=%(refname:short)", "refs/heads/agency").splitlines()
    lost = [branch for branch in found if _RUN_BRANCH.fullmatch(branch) and branch not in known]
    return [
        Check(
            name="branch",
            state="warning",
            text=f"{branch} belongs to no run",
            mend=f"git branch -d {branch}",
        )
        for branch in lost
    ] or [Check(name="branches", state="ok", text="every agency branch belongs to a run")]


def _refs(context: Context, repo: Repo) -> list[Check]:
    """Checkpoints of runs that are neither present nor archived."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    known = {
        run.run_id for archived in (False, True) for run in list_runs(context.paths, repo.repo_id, archived=archived)
    }
    return [
        Check(
            name="checkpoints",
            state="warning",
            text=f"{len(refs)} ref{'' if len(refs) == 1 else 's'} of run {run_id}, which is gone",
            mend="; ".join(f"git update-ref -d {ref}" for ref in refs),
        )
        for run_id in sorted(runs_with_refs(git))
        if RunId(run_id) not in known and (refs := kept_refs(git, run_id))
    ]
