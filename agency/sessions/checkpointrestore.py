"""``agency checkpoint restore``: the files of a worktree become those of a checkpoint again."""

import os
import shlex
from collections.abc import Callable

from agency.domain.checkpoint import BEFORE_RESTORE, Checkpoint
from agency.domain.errors import AgencyError
from agency.domain.events import CHECKPOINT_RESTORE_FAILED, CHECKPOINT_RESTORE_FINISHED, CHECKPOINT_RESTORE_STARTED
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.run import Run
from agency.sessions.checkpoints import find_checkpoint, save_checkpoint
from agency.sessions.context import Context
from agency.sessions.live import look
from agency.sessions.place import require_repo_of, scratch_of
from agency.sessions.whole import require_idle, require_whole
from agency.sessions.worktree import git_in
from agency.store.runs import log_of
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.leftovers import clear_lock
from agency.tools.git.setfiles import FilesMoving, files_in_the_way, set_files, unstage
from agency.tools.git.target import UNDER_WAY
from agency.tools.identity import this_process
from agency.tools.signals import shielded

_TRIES = 3


@frozen
class RestoreRequest:
    """What the user asked for. ``confirm`` asks a person; None: nobody is there."""

    number: int
    yes: bool
    confirm: Callable[[str], bool] | None


@frozen
class RestoredFiles:
    """What was done: the files are those of ``checkpoint``; what they were before is ``kept``."""

    checkpoint: Checkpoint
    kept: Checkpoint


def restore_checkpoint(context: Context, run: Run, request: RestoreRequest) -> RestoredFiles | None:
    """Make the files of the worktree those of a checkpoint; None when a person was asked and declined.

    What they are now is kept as a checkpoint first. The branch and the commit it stands on stay, and nothing is staged afterwards
    unless a merge or rebase is under way. Ignored files and those that look like secrets stay. Killed in the middle, it is typed
    again. Raises E_CHECKPOINT_NOT_FOUND, E_CONFIRMATION_REQUIRED when the runner is alive, E_DIRTY_WORKTREE when ignored files
    are in the way, E_RUN_BUSY when the files change all the time, E_RUN_INCOMPLETE, E_WORKTREE_MISSING.
    """
    inside = git_in(context, run)
    repo = require_repo_of(context, run)
    require_whole(run)
    checkpoint = find_checkpoint(context, run, request.number)
    if not _consents(context, run, request):
        return None
    place = discover(run.worktree)
    if place is None:
        raise AgencyError("E_GIT_FAILED", f"git does not work in {run.worktree}", hint=f"agency restore {run.name}")
    with context.lock(run.repo_id):
        require_idle(run, fold(log_of(run).read()))
        for name in ("index", "HEAD"):
            clear_lock(f"{place.git_dir}/{name}.lock", git_dir=repo.git_dir, places=(run.worktree,))
        told = {"number": checkpoint.number, "commit": checkpoint.commit, "operator": this_process(context.command)}
        log_of(run).append(CHECKPOINT_RESTORE_STARTED(told), durable=True)  # type: ignore[arg-type]
    try:
        with context.busy("setting the files"), shielded():
            kept = _set(context, run, inside, place.git_dir, checkpoint)
            if not any(os.path.lexists(f"{place.git_dir}/{name}") for name in UNDER_WAY):
                unstage(inside)
    except BaseException as error:
        code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
        with shielded():
            failed = CHECKPOINT_RESTORE_FAILED({"error_code": code, "step": "files"})
            log_of(run).append(failed, durable=True)
        raise
    finished = CHECKPOINT_RESTORE_FINISHED({"number": checkpoint.number, "kept": kept.number})
    log_of(run).append(finished, durable=True)
    return RestoredFiles(checkpoint=checkpoint, kept=kept)


def _set(context: Context, run: Run, git: Git, admin: str, checkpoint: Checkpoint) -> Checkpoint:
    """Keep the files as they are and set them; again when somebody wrote to them in between."""
    for _ in range(_TRIES):
        message = f"before checkpoint {checkpoint.number} was restored"
        kept = save_checkpoint(context, run, reason=BEFORE_RESTORE, message=message, if_changed=True).checkpoint
        blocking = files_in_the_way(git, current=kept.tree, target=checkpoint.tree)
        if blocking:
            raise AgencyError(
                "E_DIRTY_WORKTREE",
                f"checkpoint {checkpoint.number} has files where {run.name} has files that git ignores or that look like secrets",
                hint=f"agency shell {run.name}, and move them out of the way",
                run_id=run.run_id,
                files=blocking[:20],
            )
        try:
            set_files(git, admin, current=kept.tree, target=checkpoint.tree, scratch=scratch_of(context, run.repo_id))
            return kept
        except FilesMoving:
            continue
    raise AgencyError(
        "E_RUN_BUSY",
        f"the files of {run.name} change while they are being set",
        hint=f"agency stop {shlex.quote(run.name)}, then type the command again",
        run_id=run.run_id,
    )


def _consents(context: Context, run: Run, request: RestoreRequest) -> bool:
    if request.yes or not look(context, run).alive:
        return True
    if request.confirm is None:
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"the runner of {run.name} is alive, and its files would change under it",
            hint=f"agency checkpoint restore {run.name} {request.number} --yes",
            run_id=run.run_id,
        )
    return request.confirm(f"the runner of {run.name} is alive, and its files change under it. go on?")
