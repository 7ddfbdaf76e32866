"""The hard reset of a job: its worktree is rebuilt from the commit that the run began from and the checkpoints of its steps.

The new tree is built beside the old one and verified step by step while that stands untouched; then it takes its place.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from agency.domain.frozen import frozen
from agency.domain.reset import BUILDING, SWAPPED, Replayed, Reset
from agency.domain.run import Run
from agency.domain.stepcheckpoint import StepFile
from agency.sessions.context import Context
from agency.sessions.hardreset import (
    begin_reset,
    built_index,
    built_tree,
    discard_abandoned,
    finish_reset,
    give_up_reset,
    settle_reset,
    swap,
)
from agency.sessions.place import require_repo_of
from agency.store.eventlog import now
from agency.store.failures import told_plainly
from agency.store.records import make_directory
from agency.store.resets import reset_numbers
from agency.tools.git.changes import changes_of_pairs
from agency.tools.git.command import Git
from agency.tools.git.patches import PatchMisfit, check_out, replay
from agency.tools.git.worktree import resolve
from agency.worker.chain import Chain, invalid, misfit, verify_chain


@frozen
class ResetRequest:
    """What a worktree is to be rebuilt for: step ``step_index``, counted from 0, is done next, and those before it are replayed.
    ``trigger`` is ``auto`` or ``operator``, ``command_id`` the operator's command."""

    step_index: int
    trigger: str
    command_id: str | None = None


@frozen
class Hooks:
    """What whoever asks for a hard reset does in it. ``between`` is called before each step is replayed and may raise, which ends
    the hard reset without a trace. ``quiesce`` ends every process of the run, once the new tree is built and before it takes
    the place of the old one. ``show`` gets the output of the setup script."""

    between: Callable[[], None]
    quiesce: Callable[[], None]
    show: Callable[[bytes], None]


def rebuild(context: Context, run: Run, request: ResetRequest, hooks: Hooks) -> Reset:
    """Rebuild the worktree as it was before step ``request.step_index``, its branch where it was then.

    What was left of an earlier hard reset is finished or undone first. Raises E_CHECKPOINT_INVALID when a checkpoint is not what
    it was, or does not lead to the tree that it led to, E_DISK_FULL, E_RUN_BUSY and what ``hooks`` raise: the old worktree is
    then as it was. Raises E_SCRIPT_FAILED and the like when the setup script fails in the new one, which then stands there:
    :func:`finish_rebuild` runs it again.
    """
    repo = require_repo_of(context, run)
    earlier = settle_reset(context, run, repo)
    if earlier is not None and earlier.phase == SWAPPED:
        finish_reset(context, run, repo, earlier, None)
    began = time.monotonic()
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    chain = verify_chain(run, git, request.step_index)
    reset = _planned(run, git, chain, request)
    begin_reset(context, run, reset)
    try:
        _build(context, run, git, chain, hooks.between)
        hooks.quiesce()
    except BaseException as error:
        give_up_reset(context, run, reset, error)
        raise
    reset = swap(context, run, repo, reset, seconds=lambda: time.monotonic() - began)
    return finish_reset(context, run, repo, reset, hooks.show)


def finish_rebuild(context: Context, run: Run, show: Callable[[bytes], None]) -> Reset | None:
    """Finish or undo what a kill left of a hard reset, at whatever point, and return it, ``done`` or ``failed``; None when there
    was nothing left of one. Repeating it is safe. Raises E_RUN_BUSY while its process lives, E_SCRIPT_FAILED and the like."""
    repo = require_repo_of(context, run)
    reset = settle_reset(context, run, repo)
    if reset is None or reset.phase != SWAPPED:
        return reset
    return finish_reset(context, run, repo, reset, show)


def _planned(run: Run, git: Git, chain: Chain, request: ResetRequest) -> Reset:
    return Reset(
        number=max([0, *reset_numbers(run.directory)]) + 1,
        phase=BUILDING,
        trigger=request.trigger,
        command_id=request.command_id,
        step_index=request.step_index,
        base_commit=chain.base_commit,
        tree=chain.steps[-1].after_tree if chain.steps else chain.base_tree,
        head=chain.head,
        old_head=resolve(git, f"refs/heads/{run.branch}"),
        replayed=tuple(
            Replayed(index=step.index, diff_hash=step.diff_hash, patch_sha256=step.patch_sha256) for step in chain.steps
        ),
        kept=None,
        started_at=now(),
    )


def _build(context: Context, run: Run, git: Git, chain: Chain, between: Callable[[], None]) -> None:
    """Build the new tree beside the old one. No lock is held.

    The files are checked out while the patches are replayed, and count only when these lead to the same tree.
    """
    scratch = context.paths.rebuilding(run.repo_id, run.run_id)
    tree = chain.steps[-1].after_tree if chain.steps else chain.base_tree
    known = git.ask("cat-file", "-e", tree).code == 0
    with context.busy("rebuilding the worktree"), told_plainly("building a worktree", scratch):
        discard_abandoned(context, run)
        make_directory(scratch)
        with ThreadPoolExecutor(1) as pool:
            early = pool.submit(_check_out, context, run, git, tree) if known else None
            _replay(run, git, chain, f"{scratch}/replayed", between)
        if early is not None:
            early.result()
        else:
            _check_out(context, run, git, tree)
        between()
        os.unlink(f"{scratch}/replayed")


def _check_out(context: Context, run: Run, git: Git, tree: str) -> None:
    check_out(git, tree, built_tree(context, run), index=built_index(context, run))


def _replay(run: Run, git: Git, chain: Chain, index: str, between: Callable[[], None]) -> None:
    """See that the patches lead from tree to tree, and change what their records say."""
    try:
        replay(git, chain.base_tree, chain.patches, index=index, between=between)
    except PatchMisfit as wrong:
        step = chain.steps[wrong.number]
        raise misfit(
            run, step, expected=wrong.expected, actual=wrong.found or "no tree", reason=wrong.reason
        ) from wrong
    changed = changes_of_pairs(git, [(step.before_tree, step.after_tree) for step in chain.steps])
    for step, changes in zip(chain.steps, changed, strict=True):
        files = tuple(StepFile(path=file.path, op=file.op, mode=file.mode, blob=file.blob) for file in changes)
        if files != step.files:
            expected, actual = (", ".join(file.path for file in some) for some in (step.files, files))
            raise invalid(
                run,
                "its patch changes other files than its record says",
                step=step.index,
                expected=expected,
                actual=actual,
            )
