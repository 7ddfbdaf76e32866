"""A job file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agency.domain.job import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedJob:
    """A job file as it is written."""

    objective: str
    steps: tuple[Step, ...]
    runner: str | None = None
    model: str | None = None
    publish: str | None = None
    budgets: Mapping[str, float] = field(default_factory=dict)


def read_job_file(path: str) -> ParsedJob:
    """The job of a file."""
    import shlex

    import yaml

    with open(path, encoding="utf-8") as file:
        raw = yaml.safe_load(file)
    steps = []
    for index, step in enumerate(raw["steps"]):
        check = step.get("check") or ()
        steps.append(
            Step(
                step_id=step.get("id") or f"step-{index}",
                index=index,
                title=step.get("title", ""),
                instructions=step["instructions"],
                check=tuple(shlex.split(check)) if isinstance(check, str) else tuple(check),
            )
        )
    return ParsedJob(
        objective=raw["objective"], steps=tuple(steps), runner=raw.get("runner"), publish=raw.get("publish")
    )
