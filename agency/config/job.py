"""A job file, as YAML or JSON, into the job that it describes."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from msgspec import UNSET

from agency.config.file import plain
from agency.config.read import read_document
from agency.config.schema import JobFile, JobStep
from agency.config.validate import validate
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.job import Step, step_id_of


@frozen
class ParsedJob:
    """A job as it is written; ``budgets`` and ``isolation`` by their keys in a job file, without those that it does not give."""

    objective: str
    steps: tuple[Step, ...]
    runner: str | None = None
    model: str | None = None
    publish: str | None = None
    budgets: Mapping[str, float] = field(default_factory=dict)
    bootstrap: tuple[str, ...] = ()
    bootstrap_timeout: float = 1800.0
    isolation: Mapping[str, Any] = field(default_factory=dict)


def read_job_file(path: str) -> ParsedJob:
    """The job of a file whose name ends in ``.json``, or else holds YAML. Raises E_INVALID_JOB with file, line and key path."""
    try:
        parsed = validate(read_document(path, if_unreadable="name a file that you may read"), JobFile)
    except AgencyError as error:
        raise AgencyError("E_INVALID_JOB", error.message, hint=error.hint, **error.details) from error
    return ParsedJob(
        objective=parsed.objective.value,
        steps=tuple(_step(index, step) for index, step in enumerate(parsed.steps)),
        runner=plain(parsed.runner),
        model=plain(parsed.model),
        publish=plain(parsed.publish),
        budgets=plain(parsed.budgets) or {},
        isolation=plain(parsed.isolation) or {},
    )


def _step(index: int, step: JobStep) -> Step:
    return Step(
        step_id=step_id_of(index) if step.id is UNSET else plain(step.id),
        index=index,
        title=plain(step.title) or "",
        instructions=step.instructions.value,
        check=plain(step.check) or (),
        timeout=plain(step.timeout),
        idle_timeout=plain(step.idle_timeout),
    )
