"""What a runner is told at the beginning of an attempt."""

from collections.abc import Sequence

from agency.domain.job import Check, Job, Step


def step_prompt(job: Job, step: Step) -> str:
    """The prompt of the first attempt of a step: the bare prompt where that is all of the job."""
    if len(job.steps) == 1 and not step.title and not step.every_check:
        return step.instructions
    parts = [f"Objective: {job.objective}", f"Step {step.index + 1} of {len(job.steps)}{_titled(step)}"]
    if step.instructions:
        parts.append(step.instructions)
    if step.every_check:
        parts.append(_acceptance(step.every_check))
    if step.only:
        parts.append(f"Change only files that fit one of these patterns: {', '.join(step.only)}")
    if step.index + 1 < len(job.steps):
        parts.append("Do this step only; the others follow.")
    return "\n\n".join(parts)


def retry_prompt(job: Job, step: Step, context: str, *, same_thread: bool) -> str:
    """The prompt of a later attempt: the retry context alone where the conversation goes on, else the step as well."""
    return context if same_thread else f"{step_prompt(job, step)}\n\n{context}"


def _acceptance(checks: Sequence[Check]) -> str:
    if len(checks) == 1 and not checks[0].must_fail:
        return f"The step is accepted when this command succeeds in the worktree: {checks[0].line}"
    lines = [f"- {check.line}{' (has to fail)' if check.must_fail else ''}" for check in checks]
    return "\n".join(("The step is accepted when these commands succeed in the worktree, in this order:", *lines))


def _titled(step: Step) -> str:
    return f": {step.title}" if step.title else f": {step.step_id}"
