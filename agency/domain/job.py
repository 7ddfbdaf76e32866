"""A job: what a headless run has to do, step by step, and the budgets it may take."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from agency.domain.budgets import Budgets
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.isolation import Isolation, isolation_from_record, record_of_isolation

PUBLISH = ("none", "push", "land")
"""What is done with the work once every step is accepted."""
SCHEMA_VERSION = "1.0"


CHECK = "check"
"""The name of the check of a step that has but one."""


@frozen
class Check:
    """A command that accepts the work of a step. ``timeout`` is in seconds, None for what is left to the attempt. ``must_fail``:
    it accepts the work by failing, as tests do whose subject is still to be written."""

    name: str
    argv: tuple[str, ...]
    timeout: float | None = None
    must_fail: bool = False

    @property
    def line(self) -> str:
        """As a person types it."""
        import shlex

        return self.argv[2] if self.argv[:2] == SHELL and len(self.argv) == 3 else shlex.join(self.argv)


SHELL = ("/bin/sh", "-c")
"""What a command line for a shell is handed to."""


@frozen
class Step:
    """One unit of a job. ``index`` counts from 0. ``check`` is the argv of the command that accepts the work, empty for none;
    ``checks`` are several, in their order, of which each has to. ``only`` are patterns of the paths that it may change, empty for
    all. ``timeout`` and ``idle_timeout`` are seconds for each attempt, None where the budgets of the job hold."""

    step_id: str
    index: int
    title: str
    instructions: str
    check: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    only: tuple[str, ...] = ()
    timeout: float | None = None
    idle_timeout: float | None = None

    @property
    def every_check(self) -> tuple[Check, ...]:
        """What accepts the work, in order."""
        return self.checks or ((Check(name=CHECK, argv=self.check),) if self.check else ())


@frozen
class Job:
    """What a headless run has to do. ``origins`` tells where each budget came from (``built in``, ``<file>:<line>``, a
    variable, ``job``, ``flag``), ``publish`` what becomes of the work in the end, one of :data:`PUBLISH`. ``bootstrap`` are
    command lines for a shell that make the worktree ready, each within ``bootstrap_timeout`` seconds. ``isolation`` is what the
    runner and the checks may see and change."""

    objective: str
    steps: tuple[Step, ...]
    budgets: Budgets = field(default_factory=Budgets)
    origins: Mapping[str, str] = field(default_factory=dict)
    runner: str | None = None
    model: str | None = None
    publish: str = "none"
    bootstrap: tuple[str, ...] = ()
    bootstrap_timeout: float = 1800.0
    isolation: Isolation = field(default_factory=Isolation)

    def find_step(self, ref: str) -> Step:
        """The step that ``ref`` means: its exact id, ``#N`` counted from 1, else ``step-N`` counted from 0.

        Raises E_STEP_NOT_FOUND.
        """
        for step in self.steps:
            if step.step_id == ref:
                return step
        number = _number(ref)
        if number is not None and 0 <= number < len(self.steps):
            return self.steps[number]
        known = ", ".join(step.step_id for step in self.steps)
        raise AgencyError(
            "E_STEP_NOT_FOUND",
            f"the job has no step {ref}; its steps are {known}",
            hint=f"--step '#1' to '#{len(self.steps)}', or one of the ids",
            step=ref,
        )


def single_step(prompt: str) -> tuple[Step, ...]:
    """The steps of a job that is one prompt."""
    return (Step(step_id=step_id_of(0), index=0, title="", instructions=prompt),)


def step_id_of(index: int) -> str:
    """The id of a step that was given none."""
    return f"step-{index}"


def record_of_job(job: Job) -> dict[str, Any]:
    """The ``job.json`` object of a job."""
    return {
        "schema_version": SCHEMA_VERSION,
        "objective": job.objective,
        "runner": job.runner,
        "model": job.model,
        "publish": job.publish,
        **({"bootstrap": list(job.bootstrap), "bootstrap_timeout": job.bootstrap_timeout} if job.bootstrap else {}),
        "isolation": record_of_isolation(job.isolation),
        "steps": [
            {
                "id": step.step_id,
                "title": step.title,
                "instructions": step.instructions,
                "check": list(step.check),
                **({"checks": [_record_of_check(check) for check in step.checks]} if step.checks else {}),
                **({"only": list(step.only)} if step.only else {}),
                "timeout": step.timeout,
                "idle_timeout": step.idle_timeout,
            }
            for step in job.steps
        ],
        "budgets": job.budgets.as_record(),
        "budget_origins": dict(job.origins),
    }


def job_from_record(record: Mapping[str, Any]) -> Job:
    """The job of a ``job.json`` object. Raises KeyError, TypeError or ValueError when it is not one."""
    return Job(
        objective=str(record["objective"]),
        runner=record.get("runner"),
        model=record.get("model"),
        publish=str(record.get("publish", "none")),
        bootstrap=tuple(str(line) for line in record.get("bootstrap") or ()),
        bootstrap_timeout=float(record.get("bootstrap_timeout") or 1800.0),
        isolation=isolation_from_record(record.get("isolation")),
        steps=tuple(
            Step(
                step_id=str(step["id"]),
                index=index,
                title=str(step.get("title", "")),
                instructions=str(step["instructions"]),
                check=tuple(str(word) for word in step.get("check") or ()),
                checks=tuple(_check_from_record(check) for check in step.get("checks") or ()),
                only=tuple(str(pattern) for pattern in step.get("only") or ()),
                timeout=step.get("timeout"),
                idle_timeout=step.get("idle_timeout"),
            )
            for index, step in enumerate(record["steps"])
        ),
        budgets=Budgets.from_record(record["budgets"]),
        origins=dict(record.get("budget_origins") or {}),
    )


def _record_of_check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "argv": list(check.argv),
        "timeout": check.timeout,
        "must_fail": check.must_fail,
    }


def _check_from_record(record: Mapping[str, Any]) -> Check:
    return Check(
        name=str(record["name"]),
        argv=tuple(str(word) for word in record["argv"]),
        timeout=record.get("timeout"),
        must_fail=bool(record.get("must_fail")),
    )


def _number(ref: str) -> int | None:
    """The index that ``#N`` or ``step-N`` stands for."""
    for prefix, first in (("#", 1), ("step-", 0)):
        rest = ref.removeprefix(prefix)
        if rest != ref and rest.isascii() and rest.isdigit():
            return int(rest) - first
    return None
