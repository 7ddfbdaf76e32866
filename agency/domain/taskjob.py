"""The job that a task of a plan becomes: its steps, what each is told, and what accepts it."""

from agency.domain.frozen import frozen
from agency.domain.job import SHELL, Check, Step
from agency.domain.manifest import Access, Manifest
from agency.domain.plansettings import PlanSettings

TESTS, IMPLEMENT = "tests", "implement"
"""The ids of the steps: tests that fail (strict TDD alone), and the work."""


@frozen
class TaskJob:
    """The objective and the steps of a task."""

    objective: str
    steps: tuple[Step, ...]


def job_of_task(
    manifest: Manifest, settings: PlanSettings, *, files: Access, doctor: str | None = None, context: str | None = None
) -> TaskJob:
    """The job of a task. ``files`` is what it may write now, ``doctor`` a command line in place of that of its manifest,
    ``context`` what its runner is told of what went before."""
    about = _about(manifest, files, context)
    lint = manifest.verify.lint or settings.lint
    checks = []
    if manifest.verify.fast is not None:
        checks.append(_check("verify.fast", manifest.verify.fast, settings.doctor_timeout))
    if lint is not None:
        checks.append(_check("lint", lint, settings.lint_timeout))
    checks.append(_check("doctor", doctor or manifest.verify.doctor, settings.doctor_timeout))
    steps: list[Step] = []
    if manifest.tdd_mode == "strict" and manifest.verify.fast is not None:
        steps.append(
            Step(
                step_id=TESTS,
                index=0,
                title="tests that fail",
                instructions=f"{about}\n\nWrite the tests for this task first, and nothing else. "
                "They have to fail, because what they test is not there yet.",
                checks=(_check("verify.fast", manifest.verify.fast, settings.doctor_timeout, must_fail=True),),
                only=manifest.test_paths or settings.test_paths,
            )
        )
    first = "The tests are written and fail. Now do the work, until they pass.\n\n" if steps else ""
    steps.append(
        Step(
            step_id=IMPLEMENT,
            index=len(steps),
            title=manifest.name,
            instructions=f"{first}{about}",
            checks=tuple(checks),
        )
    )
    return TaskJob(objective=f"{manifest.name}: {manifest.description}", steps=tuple(steps))


def commit_message(manifest: Manifest) -> str:
    """The message of the one commit of a task."""
    subject = f"{manifest.name}: {manifest.description}"
    title = subject if len(subject) <= 72 else f"{subject[:69].rstrip()}..."
    body = f"\n\n{manifest.description}" if title != subject else ""
    return f"{title}{body}\n\nTask: {manifest.task_id}\n"


def _check(name: str, line: str, timeout: float, *, must_fail: bool = False) -> Check:
    return Check(name=name, argv=(*SHELL, line), timeout=timeout or None, must_fail=must_fail)


def _about(manifest: Manifest, files: Access, context: str | None) -> str:
    parts = [f"Task {manifest.task_id}: {manifest.description}", manifest.spec.strip()]
    if files.writes:
        parts.append(
            f"You are expected to change only files that fit: {', '.join(files.writes)}. "
            "Go beyond them only where the task cannot be done otherwise, and say so."
        )
    if manifest.affected_tests:
        parts.append(f"Tests that are concerned: {', '.join(manifest.affected_tests)}")
    parts.append("Leave committing to whoever called you; what you change in the worktree is taken as it is.")
    if context:
        parts.append(context)
    return "\n\n".join(part for part in parts if part)
