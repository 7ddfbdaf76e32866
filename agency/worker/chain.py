"""The chain of checkpoints that a worktree can be rebuilt from, verified before anything is touched."""

from collections.abc import Mapping
from hashlib import sha256

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.run import Run
from agency.domain.stepcheckpoint import Fault, StepCheckpoint, fault_in_chain
from agency.store.jobfiles import step_patch, step_record
from agency.store.steps import read_patch, read_step
from agency.tools.git.command import Git
from agency.tools.git.patches import FORMAT, Patch
from agency.tools.git.worktree import resolve


@frozen
class Chain:
    """The verified checkpoints of the steps before one, and their patches. ``head`` is where the branch was after the last."""

    base_commit: str
    base_tree: str
    head: str
    steps: tuple[StepCheckpoint, ...]
    patches: tuple[Patch, ...]


def verify_chain(run: Run, git: Git, target: int, *, patches: bool = True) -> Chain:
    """The checkpoints of the steps before ``target``, all of which must be there, count, follow on each other and have their
    patches to the byte. Changes nothing. ``git`` is of the repository; without ``patches`` the patches are not looked at.

    Raises E_CHECKPOINT_INVALID, which names the step, the file, and what was expected and found.
    """
    base_tree = _tree_of(git, run.base_commit)
    if base_tree is None:
        raise invalid(run, "the commit that the run began from is gone", expected=run.base_commit, actual="nothing")
    chain: dict[int, StepCheckpoint] = {}
    for index in range(target):
        path = step_record(run.directory, index)
        try:
            checkpoint = read_step(run.directory, index)
        except ValueError as error:
            raise invalid(run, f"its record cannot be used: {error}", step=index, file=path) from error
        if checkpoint is not None:
            chain[index] = checkpoint
    fault = fault_in_chain(chain, upto=target, base_commit=run.base_commit, base_tree=base_tree)
    if fault is not None:
        raise _faulty(run, fault)
    steps = tuple(chain[index] for index in range(target))
    read = tuple(_verified_patch(run, step) for step in steps) if patches else ()
    head = steps[-1].head if steps else run.base_commit
    if resolve(git, head) is None:
        raise invalid(run, "the commit of its branch is gone", step=target - 1, expected=head, actual="nothing")
    return Chain(base_commit=run.base_commit, base_tree=base_tree, head=head, steps=steps, patches=read)


def _verified_patch(run: Run, step: StepCheckpoint) -> Patch:
    path = step_patch(run.directory, step.index)
    if step.patch_format != FORMAT:
        raise invalid(
            run, "its patch has an unknown format", step=step.index, expected=FORMAT, actual=step.patch_format
        )
    content = read_patch(run.directory, step.index)
    if content is None:
        raise invalid(run, "its patch is missing", step=step.index, file=path)
    if len(content) != step.patch_bytes:
        expected, actual = f"{step.patch_bytes} bytes", f"{len(content)} bytes"
        raise invalid(run, "its patch has another size", step=step.index, file=path, expected=expected, actual=actual)
    digest = sha256(content).hexdigest()
    if digest != step.patch_sha256:
        raise invalid(
            run, "its patch was changed", step=step.index, file=path, expected=step.patch_sha256, actual=digest
        )
    return Patch(content=content, after=step.after_tree)


def _tree_of(git: Git, commit: str) -> str | None:
    done = git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}")
    return done.text if done.code == 0 else None


def _faulty(run: Run, fault: Fault) -> AgencyError:
    return invalid(
        run,
        f"{fault.what} is not as it must be" if fault.what != "the checkpoint" else "it is missing",
        step=fault.index,
        file=step_record(run.directory, fault.index),
        expected=fault.expected,
        actual=fault.found,
    )


def invalid(
    run: Run,
    what: str,
    *,
    step: int | None = None,
    file: str | None = None,
    expected: str | None = None,
    actual: str | None = None,
) -> AgencyError:
    details: Mapping[str, object] = {"step": step, "file": file, "expected": expected, "actual": actual}
    whose = f"the checkpoint of step {step} of {run.name}" if step is not None else f"the checkpoints of {run.name}"
    return AgencyError(
        "E_CHECKPOINT_INVALID",
        f"{whose} cannot be used: {what}",
        hint=f"agency resume-from {run.name} --step '#{step + 1}'" if step is not None else f"agency show {run.name}",
        run_id=run.run_id,
        **details,
    )


def misfit(run: Run, step: StepCheckpoint, *, expected: str, actual: str, reason: str) -> AgencyError:
    """The error for a patch that does not lead from the tree before the step to the tree after it."""
    path = step_patch(run.directory, step.index)
    return invalid(
        run, f"its patch cannot be replayed ({reason})", step=step.index, file=path, expected=expected, actual=actual
    )
