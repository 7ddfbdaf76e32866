"""Looking at the checkpoints of a run: what changed from one to the next, and between one and the files as they are."""

from collections.abc import Sequence
from itertools import pairwise

from agency.domain.checkpoint import Checkpoint
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.redaction import Redactor
from agency.domain.run import Run
from agency.domain.secretnames import looks_like_secret_file, secrets_in
from agency.sessions.checkpoints import find_checkpoint, list_checkpoints
from agency.sessions.context import Context
from agency.sessions.place import require_repo_of, scratch_of
from agency.sessions.worktree import git_in
from agency.tools.git.changes import FileChange, changes_of_pairs
from agency.tools.git.command import LONG, Git
from agency.tools.git.discover import discover
from agency.tools.git.snapshot import write_tree_without


@frozen
class Shown:
    """A checkpoint, and the files that changed since the one before it (the first: since the run began)."""

    checkpoint: Checkpoint
    files: tuple[FileChange, ...]


def show_checkpoints(context: Context, run: Run) -> list[Shown]:
    """All of a run, oldest first. Raises E_GIT_FAILED."""
    found = list_checkpoints(context, run)
    if not found:
        return []
    git = Git(environ=context.environ, git_dir=require_repo_of(context, run).git_dir)
    base = git.ask("rev-parse", "--verify", "--quiet", f"{run.base_commit}^{{tree}}")
    first = base.text if base.code == 0 else found[0].tree
    trees = [first, *(checkpoint.tree for checkpoint in found)]
    changed = changes_of_pairs(git, list(pairwise(trees)))
    return [Shown(checkpoint=checkpoint, files=files) for checkpoint, files in zip(found, changed, strict=True)]


def show_checkpoint(context: Context, run: Run, number: int) -> Shown:
    """One of them. Raises E_CHECKPOINT_NOT_FOUND."""
    for shown in show_checkpoints(context, run):
        if shown.checkpoint.number == number:
            return shown
    find_checkpoint(context, run, number)
    raise AssertionError("a checkpoint that is found is shown")


def diff_checkpoint(
    context: Context, run: Run, number: int, other: int | None, *, options: Sequence[str], allow_secrets: bool
) -> bytes:
    """The patch from a checkpoint to the worktree as it is now, or to checkpoint ``other``. ``options`` are for ``git diff``.

    Raises E_CHECKPOINT_NOT_FOUND, E_WORKTREE_MISSING, E_HOLDS_SECRET when what changed seems to hold a secret.
    """
    start = find_checkpoint(context, run, number).tree
    git = Git(environ=context.environ, git_dir=require_repo_of(context, run).git_dir)
    end = find_checkpoint(context, run, other).tree if other is not None else _tree_now(context, run)
    if not allow_secrets:
        plain = git.do("diff", "--no-ext-diff", "--no-textconv", "--no-color", start, end, "--", timeout=LONG).out
        if Redactor(secrets_in(context.environ)).contains_secret(plain):
            raise AgencyError(
                "E_HOLDS_SECRET",
                "what changed seems to hold a secret",
                hint="type the command again with --allow-secrets to see it",
                run_id=run.run_id,
            )
    return git.do("diff", *options, start, end, "--", timeout=LONG).out


def _tree_now(context: Context, run: Run) -> str:
    place = discover(run.worktree)
    admin = place.git_dir if place is not None else None
    scratch = scratch_of(context, run.repo_id)
    return write_tree_without(git_in(context, run), admin, looks_like_secret_file, scratch=scratch).tree
