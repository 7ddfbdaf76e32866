"""The branch of a run and its remote: looking at what origin has, and bringing the branch there."""

import time

from agency.domain.errors import AgencyError
from agency.domain.events import GIT_FETCH_FINISHED, GIT_PUSH_FINISHED, PUSH_STARTED
from agency.domain.frozen import frozen
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.origin import ORIGIN, git_of
from agency.store.eventlog import now
from agency.store.runs import log_of, update_meta
from agency.tools.git.command import Git
from agency.tools.git.largefiles import push_large_files
from agency.tools.git.remote import fetch_objects, note_remote_branch, push_commit, remote_heads
from agency.tools.git.worktree import resolve


@frozen
class OnOrigin:
    """What origin has: the commits of the parent branch and of the run's own, None where it has none."""

    parent: str | None
    own: str | None


def fetch_parent(context: Context, run: Run, repo: Repo) -> OnOrigin:
    """Look at origin, and bring the commits of the parent branch here. Raises E_GIT_FETCH_FAILED."""
    git = git_of(context, repo)
    begun = time.monotonic()
    with context.busy(f"fetching {run.parent_branch} from origin"):
        heads = remote_heads(git, ORIGIN, [run.parent_branch, run.branch])
        parent = heads.get(run.parent_branch)
        if parent is not None and resolve(git, parent) is None:
            fetch_objects(git, ORIGIN, run.parent_branch)
            if resolve(git, parent) is None:  # it was rewound in between
                parent = remote_heads(git, ORIGIN, [run.parent_branch]).get(run.parent_branch)
    if parent is not None:
        with context.lock(run.repo_id) as lock:
            shared = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
            note_remote_branch(shared, ORIGIN, run.parent_branch, parent)
    log_of(run).append(GIT_FETCH_FINISHED({"remote": ORIGIN, "duration_ms": _milliseconds(begun)}))
    return OnOrigin(parent=parent, own=heads.get(run.branch))


def push_branch(context: Context, run: Run, git: Git, commit: str, seen: str | None, *, force_with_lease: bool) -> None:
    """Bring the branch to origin, which has it at ``seen``. ``force_with_lease``: also where that is no step forward, provided
    that agency pushed what is there. Raises E_GIT_PUSH_FAILED."""
    begun = time.monotonic()
    if seen != commit:
        lease = _lease(run, git, seen) if force_with_lease else None
        with context.busy(f"pushing {run.branch} to origin"):
            try:
                push_large_files(git, ORIGIN, commit=commit, branch=run.branch)
                push_commit(git, ORIGIN, commit=commit, branch=run.branch, lease=lease)
            except AgencyError as error:
                raise _rejected(run, error, forced=force_with_lease) from None
        log_of(run).append(GIT_PUSH_FINISHED({"remote": ORIGIN, "duration_ms": _milliseconds(begun)}), durable=True)
    with context.lock(run.repo_id):
        update_meta(run, {"last_push_at": now(), "last_push_commit": commit})


def _lease(run: Run, git: Git, seen: str | None) -> str:
    """Where the branch of the remote must be to be replaced: at something that agency pushed, else where it was when somebody
    fetched it last; empty when it must not be there."""
    ours = {event["data"].get("commit") for event in log_of(run).read() if event["event"] == PUSH_STARTED.name}
    if seen in ours:
        return seen or ""
    return run.last_push_commit or resolve(git, f"refs/remotes/{ORIGIN}/{run.branch}") or ""


def _rejected(run: Run, error: AgencyError, *, forced: bool) -> AgencyError:
    """The error of a push, with the way on where the remote holds other commits."""
    why = error.details.get("rejected")
    if why in ("non-fast-forward", "fetch first", "needs force") and not forced:
        message = f"{run.branch} on origin has commits that {run.name} lacks"
        hint = f"agency push {run.name} --force-with-lease replaces them, if agency pushed them"
    elif why == "stale info":
        message = f"{run.branch} on origin has commits that agency never pushed; nothing was replaced"
        hint = f"git -C {run.worktree} pull --rebase origin {run.branch}, then agency push {run.name}"
    else:
        return error
    return AgencyError(error.code, message, hint=hint, run_id=run.run_id, rejected=why)


def _milliseconds(since: float) -> int:
    return int((time.monotonic() - since) * 1000)
