"""``agency push``: bring the branch of a run to origin, and open its pull request or bring it up to date.

No lock is held while anything waits for the network. What a kill leaves half-done is finished by the same command.
"""

from dataclasses import dataclass

from agency.domain.errors import AgencyError
from agency.domain.eventdata import PushFinished
from agency.domain.events import DIRTY_ALLOWED, PUSH_FAILED, PUSH_FINISHED, PUSH_STARTED
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.pullrequest import PullRequest
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.finished import require_committed, require_present
from agency.sessions.origin import git_of, require_github, require_origin
from agency.sessions.place import require_repo_of
from agency.sessions.prbody import Told, tell
from agency.sessions.pullrequest import find_pull, open_pull, sync_body
from agency.sessions.pushbranch import fetch_parent, push_branch
from agency.sessions.remove import clear_way
from agency.sessions.settle import settle_land
from agency.sessions.whole import require_idle, require_whole
from agency.sessions.worktree import git_in
from agency.store.runs import log_of
from agency.tools.gh import Gh
from agency.tools.git.command import Git
from agency.tools.git.status import tree_status
from agency.tools.git.worktree import resolve
from agency.tools.identity import this_process
from agency.tools.signals import shielded


@frozen
class PushRequest:
    """What the user asked for. ``force_with_lease``: the branch of the remote may be replaced where it is as agency left it."""

    allow_dirty: bool
    force_with_lease: bool
    draft: bool


@frozen
class Pushed:
    """What was done. ``pull`` is None where origin is not on GitHub; ``action`` tells what became of the pull request."""

    run: Run
    commit: str
    pull: PullRequest | None
    action: str


@dataclass(slots=True)
class _Progress:
    """The step that a push is at, for the event of its failure."""

    step: str = "dirty_check"


def push_run(context: Context, run: Run, request: PushRequest) -> Pushed:
    """Push the branch of a run and see to its pull request.

    Raises E_WORKTREE_MISSING, E_RUN_INCOMPLETE, E_RUN_BUSY, E_NOT_ON_BRANCH, E_DIRTY_WORKTREE, E_NO_ORIGIN, E_GH_NOT_INSTALLED,
    E_GH_NOT_AUTHENTICATED, E_GIT_FETCH_FAILED, E_PARENT_BRANCH_NOT_FOUND, E_EMPTY_DIFF, E_PR_NOT_OPEN, E_GIT_PUSH_FAILED, and
    the errors of gh.
    """
    tip = require_committed(context, run, dirty_ok=True).tip
    journal = require_whole(run)
    require_idle(run, journal)
    repo = require_repo_of(context, run)
    if journal.operation is not None and journal.operation.kind == "land":
        run = settle_land(context, run, repo)
    with context.lock(run.repo_id) as lock:
        run = require_present(context, run)
        require_idle(run, fold(log_of(run).read()))
        shared = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        clear_way(context, run, shared)
        commit = resolve(shared, f"refs/heads/{run.branch}") or tip
        log_of(run).append(
            PUSH_STARTED({"branch": run.branch, "commit": commit, "operator": this_process(context.command)}),
            durable=True,
        )
    progress = _Progress()
    try:
        return _push(context, run, repo, commit, request, progress)
    except BaseException as error:
        with shielded():
            code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
            log_of(run).append(PUSH_FAILED({"error_code": code, "step": progress.step}), durable=True)
        raise


def _push(context: Context, run: Run, repo: Repo, commit: str, request: PushRequest, progress: _Progress) -> Pushed:
    _check_dirt(context, run, request)
    progress.step = "origin_check"
    origin = require_origin(context, run, repo)
    progress.step = "gh_auth"
    gh = None if origin.github is None else require_github(context, run, origin)
    progress.step = "git_fetch"
    remote = fetch_parent(context, run, repo)
    progress.step = "parent_ref"
    git = git_of(context, repo)
    parent = remote.parent or (resolve(git, f"refs/heads/{run.parent_branch}") if gh is None else None)
    if parent is None:
        raise AgencyError(
            "E_PARENT_BRANCH_NOT_FOUND",
            f"origin has no branch {run.parent_branch} for the work to go into",
            hint=f"git push origin {run.parent_branch}",
            run_id=run.run_id,
        )
    progress.step = "ahead_check"
    if git.say("rev-list", "--count", f"{parent}..{commit}") == "0":
        raise AgencyError(
            "E_EMPTY_DIFF",
            f"{run.name} has no commit that {run.parent_branch} of origin lacks",
            hint="commit the work first; agency diff shows it",
            run_id=run.run_id,
        )
    progress.step = "pr_body"
    told = None if gh is None else tell(run, git, base=parent, tip=commit)
    progress.step = "pr_state"
    pull = None if gh is None else _require_open(run, find_pull(gh, run))
    progress.step = "git_push"
    push_branch(context, run, git, commit, remote.own, force_with_lease=request.force_with_lease)
    progress.step = "pr"
    action = "none"
    if gh is not None and told is not None:
        with context.busy("bringing the pull request up to date"):
            pull, action = _see_to_pull(context, run, gh, pull, told, request)
    done: PushFinished = {"commit": commit, "pr_action": action}
    if pull is not None:
        done["pr_number"], done["pr_url"] = pull.number, pull.url
    log_of(run).append(PUSH_FINISHED(done), durable=True)
    return Pushed(run=run, commit=commit, pull=pull, action=action)


def _check_dirt(context: Context, run: Run, request: PushRequest) -> None:
    status = tree_status(git_in(context, run))
    dirt = sorted({*status.changed, *status.untracked})
    if not dirt:
        return
    if not request.allow_dirty:
        raise AgencyError(
            "E_DIRTY_WORKTREE",
            f"{run.name} has uncommitted changes, which a push would leave behind",
            hint=f"commit them, or agency push {run.name} --allow-dirty",
            run_id=run.run_id,
            dirty_status=dirt[:20],
        )
    context.tell(f"pushing without {len(dirt)} uncommitted file{'' if len(dirt) == 1 else 's'}")
    log_of(run).append(DIRTY_ALLOWED({"cmd": "push", "status": dirt}))


def _require_open(run: Run, pull: PullRequest | None) -> PullRequest | None:
    if pull is None or pull.state == "OPEN":
        return pull
    merged = pull.state == "MERGED"
    raise AgencyError(
        "E_PR_NOT_OPEN",
        f"pull request {pull.number} of {run.name} {'is merged already' if merged else 'was closed'}",
        hint=f"agency merge {run.name}" if merged else f"gh pr reopen {pull.url}, then agency push {run.name}",
        run_id=run.run_id,
        pr=pull.url,
    )


def _see_to_pull(
    context: Context, run: Run, gh: Gh, pull: PullRequest | None, told: Told, request: PushRequest
) -> tuple[PullRequest, str]:
    if pull is None:
        synced = open_pull(context, run, gh, told, draft=request.draft)
    else:
        if request.draft and not pull.is_draft:
            context.tell(f"pull request {pull.number} is open already; gh pr ready --undo {pull.url} makes it a draft")
        known = run.last_report_hash if run.pr_number == pull.number else None
        synced = sync_body(context, run, gh, pull, told, known_digest=known)
    return synced.pull, synced.action
