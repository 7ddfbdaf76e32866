"""The rules that derive the status of a headless run from how its job is doing. They stand in the table of
:mod:`agency.domain.status`, below a person's call for attention."""

from agency.domain.facts import RunFacts
from agency.domain.rule import Rule


def _at_work(facts: RunFacts) -> bool:
    """Whether the worker of a headless run lives."""
    return facts.job is not None and facts.runner_alive


def _where(facts: RunFacts) -> str:
    return facts.job.words if facts.job is not None else ""


def _why(facts: RunFacts) -> str:
    return facts.job.reason if facts.job is not None else ""


JOB_RULES: tuple[Rule, ...] = (
    Rule(
        name="job-needs-attention",
        says="the job of the headless run stopped and needs a person",
        applies=lambda f: f.job_outcome == "needs_attention",
        status=lambda f: "needs attention",
        summary=_why,
    ),
    Rule(
        name="job-failed",
        says="the job of the headless run failed, and trying again as it is cannot help",
        applies=lambda f: f.job_outcome == "failed",
        status=lambda f: "failed",
        summary=_why,
    ),
    Rule(
        name="job-done",
        says="every step of the job was accepted",
        applies=lambda f: f.job_outcome == "done",
        status=lambda f: "done",
        summary=_why,
    ),
    Rule(
        name="job-taken-over",
        says="a person works in the place of the runner, until agency release",
        applies=lambda f: _at_work(f) and f.job is not None and f.job.held == "taken_over",
        status=lambda f: "taken over",
        summary=_where,
    ),
    Rule(
        name="job-paused",
        says="an operator holds the job, until agency unpause",
        applies=lambda f: _at_work(f) and f.job is not None and f.job.held is not None,
        status=lambda f: "paused",
        summary=_where,
    ),
    Rule(
        name="job-waits",
        says="the runner of the headless run waits for an answer",
        applies=lambda f: _at_work(f) and f.job is not None and f.job.waiting is not None,
        status=lambda f: "waiting",
        summary=lambda f: (f.job.waiting or "") if f.job is not None else "",
    ),
    Rule(
        name="job-works",
        says="the worker of the headless run is alive and at its job",
        applies=lambda f: _at_work(f),
        status=lambda f: "working",
        summary=_where,
    ),
)
