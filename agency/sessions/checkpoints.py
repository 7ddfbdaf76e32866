"""The checkpoints of a run: its whole worktree as it was, kept under a ref of their own until ``agency gc`` lets go of them."""

import time

from agency.domain.checkpoint import Checkpoint, commit_message, read_commit_message
from agency.domain.errors import AgencyError
from agency.domain.events import CHECKPOINT_SAVED
from agency.domain.frozen import frozen
from agency.domain.run import Run
from agency.domain.secretnames import looks_like_secret_file
from agency.sessions.context import Context
from agency.sessions.place import repo_of, require_repo_of, scratch_of
from agency.sessions.remove import clear_way
from agency.sessions.worktree import git_in
from agency.store.runs import log_of
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.keptrefs import CHECKPOINTS, checkpoint_ref
from agency.tools.git.snapshot import keep, write_commit, write_index_tree, write_tree_without
from agency.tools.git.status import tree_status
from agency.tools.git.worktree import resolve
from agency.tools.signals import shielded

_FIELDS = ("%(refname:lstrip=4)", "%(objectname)", "%(tree)", "%(committerdate:unix)", "%(parent)", "%(contents)")


@frozen
class Saved:
    """A checkpoint; ``new``: it was made now."""

    checkpoint: Checkpoint
    new: bool


def save_checkpoint(
    context: Context, run: Run, *, reason: str, message: str | None = None, if_changed: bool = False
) -> Saved:
    """Keep everything in the worktree, untracked files too, ignored ones not, with what is staged and the commits it stands on.

    With ``if_changed`` the last checkpoint is returned when the files are still as they were then. Untracked files that look like
    secrets are left out and named. Raises E_WORKTREE_MISSING, E_NO_REPO, E_GIT_FAILED, E_DISK_FULL, E_REPO_LOCKED.
    """
    inside = git_in(context, run)
    repo = require_repo_of(context, run)
    place = discover(run.worktree)
    admin = place.git_dir if place is not None else None
    scratch = scratch_of(context, run.repo_id)
    taken = write_tree_without(inside, admin, looks_like_secret_file, scratch=scratch)
    if taken.nested:
        context.tell(f"a repository of its own is no part of a checkpoint: {', '.join(taken.nested[:3])}")
    known = list_checkpoints(context, run) if if_changed else []
    if known and known[-1].tree == taken.tree:
        return Saved(checkpoint=known[-1], new=False)
    index = write_index_tree(inside, admin, scratch=scratch)
    head = resolve(inside, "HEAD")
    text = commit_message(run.name, reason=reason, message=message, left_out=taken.left_out)
    with shielded(), context.lock(run.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        number = _next_number(run, list_checkpoints(context, run))
        ref = checkpoint_ref(run.run_id, number)
        clear_way(context, run, git)
        tip = resolve(git, f"refs/heads/{run.branch}")
        parents = tuple(commit for commit in (head, tip) if commit is not None)
        if index is not None and index != taken.tree:
            staged = write_commit(git, tree=index, parents=parents[:1], message=f"what was staged in {run.name}")
            parents = (*parents, staged)
        commit = keep(git, ref=ref, tree=taken.tree, parents=parents, message=text)
        left_out = list(taken.left_out)
        saved = CHECKPOINT_SAVED(
            {"number": number, "ref": ref, "commit": commit, "reason": reason, "left_out": left_out}
        )
        log_of(run).append(saved)
    made = Checkpoint(
        number=number,
        commit=commit,
        tree=taken.tree,
        created=float(int(time.time())),
        head=head or tip,
        reason=reason,
        message=message,
        left_out=taken.left_out,
    )
    return Saved(checkpoint=made, new=True)


def keep_before(context: Context, run: Run, reason: str) -> None:
    """Keep the files before something is done to the run that does not touch them, as a restart: where anything was written since
    the run began, and has changed since the last checkpoint. Where that cannot be done it is told, and no more."""
    try:
        status = tree_status(git_in(context, run))
        if status.uncommitted or status.commit != run.base_commit:
            save_checkpoint(context, run, reason=reason, if_changed=True)
    except AgencyError as error:
        context.tell(f"going on without a checkpoint of the files: {error.message}")


def list_checkpoints(context: Context, run: Run) -> list[Checkpoint]:
    """The checkpoints of a run, oldest first; none when its repository is gone."""
    repo = repo_of(context, run)
    if repo is None:
        return []
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    form = "--format=" + "%00".join(_FIELDS) + "%00"
    fields = git.do("for-each-ref", form, f"{CHECKPOINTS}/{run.run_id}/").out.split(b"\0")
    texts = [field.decode("utf-8", "surrogateescape") for field in fields]
    rows = [texts[at : at + len(_FIELDS)] for at in range(0, len(texts) - len(_FIELDS) + 1, len(_FIELDS))]
    found = [_checkpoint(*row) for row in rows if row[0].strip().isdigit()]
    return sorted(found, key=lambda checkpoint: checkpoint.number)


def find_checkpoint(context: Context, run: Run, number: int) -> Checkpoint:
    """Checkpoint ``number`` of a run. Raises E_CHECKPOINT_NOT_FOUND."""
    found = [checkpoint for checkpoint in list_checkpoints(context, run) if checkpoint.number == number]
    if found:
        return found[0]
    raise AgencyError(
        "E_CHECKPOINT_NOT_FOUND",
        f"{run.name} has no checkpoint {number}",
        hint=f"agency checkpoint ls {run.name}",
        run_id=run.run_id,
        number=number,
    )


def _checkpoint(number: str, commit: str, tree: str, created: str, parents: str, contents: str) -> Checkpoint:
    reason, message, left_out = read_commit_message(contents)
    return Checkpoint(
        number=int(number),
        commit=commit,
        tree=tree,
        created=float(created),
        head=parents.split(" ")[0] or None,
        reason=reason,
        message=message,
        left_out=left_out,
    )


def _next_number(run: Run, known: list[Checkpoint]) -> int:
    """A number that no checkpoint of the run ever had, as far as refs and events tell."""
    told = [event.get("data", {}).get("number") for event in log_of(run).read() if event["event"] == "checkpoint_saved"]
    numbers = [number for number in told if isinstance(number, int)]
    return max([0, *numbers, *(checkpoint.number for checkpoint in known)]) + 1
