"""The checkpoints of the steps of a job: saved when a step was accepted, read, verified, and set aside when a step is done again.

A checkpoint is a ref that keeps the tree alive, a patch from the tree of the step before, and a record, written in this order:
what a kill leaves is a checkpoint that is not there, and saving it again makes it whole.
"""

from contextlib import suppress
from hashlib import sha256

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.redaction import Redactor
from agency.domain.run import Run
from agency.domain.secretnames import looks_like_secret_file, secrets_in
from agency.domain.stepcheckpoint import SUPERSEDED, StepCheckpoint, StepFile, diff_hash
from agency.sessions.context import Context
from agency.sessions.place import require_repo_of, scratch_of
from agency.sessions.remove import clear_way
from agency.sessions.worktree import git_in
from agency.store.eventlog import now
from agency.store.jobfiles import step_record, superseded_label
from agency.store.steps import read_step, relabel_step, step_labels, write_step
from agency.tools.git.changes import changes_of_trees
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.keptrefs import drop_refs, step_ref
from agency.tools.git.patches import FORMAT, write_patch
from agency.tools.git.snapshot import keep, write_tree_without
from agency.tools.git.worktree import resolve
from agency.worker.chain import invalid, verify_chain


@frozen
class StepDone:
    """A step that was accepted: its ``index`` counts from 0, the attempt that did it and the attempt of the job from 1.
    ``summary`` is clean of secrets, ``signature_version`` that of the rule by which failures are told apart."""

    step_id: str
    index: int
    attempt: int
    job_attempt: int
    summary: str | None
    signature_version: int = 1


def save_step(context: Context, run: Run, done: StepDone) -> StepCheckpoint:
    """Keep what a step left behind in the worktree, untracked files too, as its checkpoint.

    The checkpoint of an attempt is taken once: repeating it, after a kill too, returns it as it was taken. An empty step has an
    empty patch. Raises E_CHECKPOINT_INVALID when a step before it has none that counts, or another attempt's stands in the way;
    E_CHECKPOINT_UNSUPPORTED when the step changed a submodule or made a repository in the worktree; E_WORKTREE_MISSING,
    E_REPO_LOCKED, E_DISK_FULL.
    """
    inside = git_in(context, run)
    repo = require_repo_of(context, run)
    standing = _standing(run, done)
    if standing is not None:
        return standing
    shared = Git(environ=context.environ, git_dir=repo.git_dir)
    chain = verify_chain(run, shared, done.index, patches=False)
    before = chain.steps[-1].after_tree if chain.steps else chain.base_tree
    place = discover(run.worktree)
    scratch = scratch_of(context, run.repo_id)
    taken = write_tree_without(
        inside, place.git_dir if place is not None else None, looks_like_secret_file, scratch=scratch
    )
    changes = changes_of_trees(shared, before, taken.tree)
    _require_no_repository(run, [*taken.nested, *(change.path for change in changes if change.is_submodule)])
    patch = write_patch(shared, before, taken.tree)
    head = resolve(shared, f"refs/heads/{run.branch}") or resolve(inside, "HEAD") or run.base_commit
    checkpoint = StepCheckpoint(
        step_id=done.step_id,
        index=done.index,
        attempt=done.attempt,
        job_attempt=done.job_attempt,
        base_commit=run.base_commit,
        before_tree=before,
        after_tree=taken.tree,
        head=head,
        diff_hash=diff_hash(before, taken.tree),
        files=tuple(StepFile(path=file.path, op=file.op, mode=file.mode, blob=file.blob) for file in changes),
        summary=done.summary,
        finished_at=now(),
        patch_sha256=sha256(patch).hexdigest(),
        patch_bytes=len(patch),
        patch_format=FORMAT,
        signature_version=done.signature_version,
        contains_secret=Redactor(secrets_in(context.environ)).contains_secret(patch),
        left_out=taken.left_out,
    )
    ref = step_ref(run.run_id, done.index)
    with context.lock(run.repo_id) as lock:
        locked = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        clear_way(context, run, locked)
        message = f"{run.name} after step {done.step_id}"
        keep(locked, ref=ref, tree=taken.tree, parents=(head, run.base_commit), message=message)
    write_step(run.directory, checkpoint, patch)
    return checkpoint


def read_steps(run: Run) -> list[StepCheckpoint]:
    """Every checkpoint of the run that can be read, also those that no longer count, by step; of one step the one that counts
    first. Those that cannot be used are passed over: :func:`verify_chain` tells of them."""
    found = []
    for index, label in step_labels(run.directory):
        with suppress(ValueError):
            checkpoint = read_step(run.directory, index, label)
            if checkpoint is not None:
                found.append(checkpoint)
    return found


def supersede(context: Context, run: Run, first: int) -> list[StepCheckpoint]:
    """Set aside the checkpoints of step ``first`` and all later ones, because these steps are done again, and return them.

    They are kept, files and refs, under other names, and marked superseded; the last step goes first, so that a checkpoint that
    counts always has all those before it. Repeating it after a kill is safe.
    """
    repo = require_repo_of(context, run)
    labels = step_labels(run.directory)
    done = []
    for index in sorted((index for index, label in labels if not label and index >= first), reverse=True):
        try:
            checkpoint = read_step(run.directory, index)
        except ValueError as error:
            path = step_record(run.directory, index)
            raise invalid(run, f"its record cannot be used: {error}", step=index, file=path) from error
        if checkpoint is None:
            continue
        label = _free_label(run, checkpoint)
        old, new = step_ref(run.run_id, index), step_ref(run.run_id, index, label)
        with context.lock(run.repo_id) as lock:
            git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
            clear_way(context, run, git)
            kept = resolve(git, old)
            if kept is not None:
                git.do("update-ref", new, kept)
            relabel_step(run.directory, checkpoint.with_status(SUPERSEDED), label)
            if kept is not None:
                drop_refs(git, [old])
        done.append(checkpoint.with_status(SUPERSEDED))
    return done[::-1]


def _free_label(run: Run, checkpoint: StepCheckpoint) -> str:
    """A label that no other checkpoint of the step has; the one that a killed call began to use is used again."""
    number = 1
    while True:
        label = superseded_label(number)
        try:
            other = read_step(run.directory, checkpoint.index, label)
        except ValueError:
            number += 1
            continue
        if other is None or other.with_status(checkpoint.status) == checkpoint:
            return label
        number += 1


def _standing(run: Run, done: StepDone) -> StepCheckpoint | None:
    """The checkpoint that this attempt has already."""
    try:
        found = read_step(run.directory, done.index)
    except ValueError:
        return None
    if found is None:
        return None
    if (found.step_id, found.attempt, found.job_attempt) == (done.step_id, done.attempt, done.job_attempt):
        return found
    raise invalid(
        run,
        "the step has a checkpoint of another attempt, which was not set aside",
        step=done.index,
        file=step_record(run.directory, done.index),
        expected=f"{done.step_id}, attempt {done.attempt} of job attempt {done.job_attempt}",
        actual=f"{found.step_id}, attempt {found.attempt} of job attempt {found.job_attempt}",
    )


def _require_no_repository(run: Run, found: list[str]) -> None:
    if found:
        paths = sorted(set(found))
        raise AgencyError(
            "E_CHECKPOINT_UNSUPPORTED",
            f"a repository of its own was made or changed in {run.name}, which a patch cannot carry: {', '.join(paths[:3])}",
            hint=f"agency shell {run.name}, and have git ignore it, move it away or take the change back",
            run_id=run.run_id,
            paths=paths[:20],
        )
