"""Validators: who judges the work of a task, or the doctor itself; what is asked of them, when they need not be asked, and what
follows from what they say. Facts in, verdict out."""

from collections.abc import Mapping, Sequence
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.globs import matches
from agency.domain.jsonshape import TEXT, list_of, misfits, one_of, or_null, shape, value_in
from agency.domain.plansettings import PlanSettings, ValidatorSettings

DOCTOR = "doctor"
TASK_VALIDATORS = ("test", "style", "architecture")
"""Those that judge the work of a task, in the order in which they are asked."""

PASS, FAIL, SKIP, ERROR = "pass", "fail", "skip", "error"
"""What comes of asking one: yes, no, nothing to be asked, no answer that can be used."""

CADENCE, CANARY_PASSED, DOCTOR_FAILED = "cadence", "doctor_canary_failed", "integration_doctor_failed"
"""Why the doctor itself is judged: so many tasks were merged; it said yes where it had to say no; it said no."""
RUN_EVERY = 10
DOCS = "docs/**"

_LEVELS = ("low", "medium", "high")
_CONFIDENCE = one_of(_LEVELS)
_FILE_CONCERN = shape(
    {
        "file": TEXT,
        "line": or_null("integer"),
        "issue": TEXT,
        "severity": one_of(_LEVELS),
        "suggested_fix": or_null("string"),
    }
)
_JUDGED = {"pass": {"type": "boolean"}, "summary": TEXT, "concerns": list_of(_FILE_CONCERN)}
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "test": shape({**_JUDGED, "coverage_gaps": list_of(TEXT), "confidence": _CONFIDENCE}),
    "style": shape({**_JUDGED, "confidence": _CONFIDENCE}),
    "architecture": shape(
        {
            "pass": {"type": "boolean"},
            "summary": TEXT,
            "concerns": list_of(
                shape(
                    {
                        "issue": TEXT,
                        "severity": one_of(_LEVELS),
                        "evidence": TEXT,
                        "location": or_null("string"),
                        "suggested_fix": or_null("string"),
                    }
                )
            ),
            "recommendations": list_of(
                shape({"description": TEXT, "impact": one_of(_LEVELS), "action": or_null("string")})
            ),
            "confidence": _CONFIDENCE,
        }
    ),
    DOCTOR: shape(
        {
            "effective": {"type": "boolean"},
            "coverage_assessment": one_of(("good", "partial", "poor")),
            "concerns": list_of(shape({"issue": TEXT, "severity": one_of(_LEVELS), "evidence": TEXT})),
            "recommendations": list_of(TEXT),
            "confidence": _CONFIDENCE,
        }
    ),
}
"""What each is asked for."""

_STAND_IN = "a stand-in that looks at nothing"
STUBS: Mapping[str, Mapping[str, Any]] = {
    "test": {"pass": True, "summary": _STAND_IN, "concerns": [], "coverage_gaps": [], "confidence": "low"},
    "style": {"pass": True, "summary": _STAND_IN, "concerns": [], "confidence": "low"},
    "architecture": {
        "pass": True,
        "summary": _STAND_IN,
        "concerns": [],
        "recommendations": [],
        "confidence": "low",
    },
    DOCTOR: {
        "effective": True,
        "coverage_assessment": "partial",
        "concerns": [],
        "recommendations": [],
        "confidence": "low",
    },
}
"""What a stand-in says that was given nothing to say."""

_TEST_PARTS = frozenset({"test", "tests", "__tests__"})
_TEST_ENDS = ("_test", "_spec")


@frozen
class Verdict:
    """What came of asking one validator: one of :data:`PASS`, :data:`FAIL`, :data:`SKIP`, :data:`ERROR`; in a sentence; and all
    that it said, None where that cannot be used."""

    status: str
    summary: str
    result: Mapping[str, Any] | None = None


def task_validators(settings: PlanSettings) -> tuple[ValidatorSettings, ...]:
    """Those of a plan that judge tasks, in their order."""
    return tuple(one for name in TASK_VALIDATORS if (one := validator_named(settings, name)) is not None)


def validator_named(settings: PlanSettings, name: str) -> ValidatorSettings | None:
    """The validator of that name, None where the plan has none or it is off."""
    return next((one for one in settings.validators if one.name == name and one.mode != "off"), None)


def is_test(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file is a test: by the patterns of the plan or the task, or by what tests are usually called."""
    *directories, name = path.split("/")
    stem = name.partition(".")[0]
    return (
        matches(path, patterns)
        or bool(_TEST_PARTS.intersection(directories))
        or ".test." in name
        or ".spec." in name
        or stem.endswith(_TEST_ENDS)
        or (stem.startswith("test_") and name.endswith(".py"))
    )


def settled(
    validator: ValidatorSettings, changed: Sequence[str], tests: Sequence[str], docs: Sequence[str]
) -> Verdict | None:
    """The verdict where the validator need not be asked, None where it has to be. ``changed`` are the files that the task
    changed, ``tests`` those of them that are tests, ``docs`` the documents that there are."""
    if validator.name == "test" and not tests:
        return Verdict(status=SKIP, summary="no test file was changed")
    if not changed:
        return Verdict(status=SKIP, summary="no file was changed")
    if validator.name == "architecture" and not docs:
        wanted = validator.options.get("docs_glob", DOCS)
        missing = f"there is no document that fits {wanted}"
        failing = bool(validator.options.get("fail_if_docs_missing"))
        return Verdict(status=FAIL if failing else SKIP, summary=missing)
    return None


def verdict_of_answer(name: str, result: Mapping[str, Any]) -> Verdict:
    """The verdict of an answer of the shape that was asked for."""
    if name == DOCTOR:
        says_yes = result["effective"] is True
        issues = [str(one["issue"]) for one in result["concerns"]]
        covers = f"what the doctor covers is {result['coverage_assessment']}"
        summary = "; ".join([covers, *issues[:3]])
    else:
        says_yes, summary = result["pass"] is True, str(result["summary"])
    return Verdict(status=PASS if says_yes else FAIL, summary=" ".join(summary.split()), result=result)


def verdict_of_command(name: str, exit_code: int | None, printed: str) -> Verdict:
    """The verdict of a command: exit code 0 is a yes, unless what it printed is an answer that says no. None: it was not done in
    time."""
    if exit_code is None:
        return Verdict(status=ERROR, summary="it was not done in time")
    if exit_code < 0 or exit_code in (126, 127):
        return Verdict(status=ERROR, summary=f"the command cannot be run: exit code {exit_code}")
    value, wrong = value_in(printed, SCHEMAS[name])
    told = verdict_of_answer(name, value) if not wrong else None
    lines = printed.strip().splitlines()
    said = told.summary if told is not None else (lines[-1].strip()[:500] if lines else "")
    status = PASS if exit_code == 0 and (told is None or told.status == PASS) else FAIL
    return Verdict(
        status=status,
        summary=said or f"the command ended with exit code {exit_code}",
        result=told.result if told is not None else None,
    )


def blocks(mode: str, status: str) -> bool:
    """Whether work may not go on: in the mode ``block`` only a yes, or nothing to be asked, lets it."""
    return mode == "block" and status not in (PASS, SKIP)


def doctor_is_due(validator: ValidatorSettings | None, judged: int, more: int) -> bool:
    """Whether the doctor is to be judged before ``more`` tasks are merged, ``judged`` after it was the last time."""
    if validator is None:
        return False
    return judged + more >= int(validator.options.get("run_every_n_tasks") or RUN_EVERY)


def of_trigger(verdict: Verdict, trigger: str) -> Verdict:
    """The verdict on a doctor: one that said yes where it had to say no has failed, whatever anybody thinks of it."""
    if trigger != CANARY_PASSED or verdict.status == ERROR:
        return verdict
    summary = f"it says yes where it has to say no; {verdict.summary}"
    return Verdict(status=FAIL, summary=summary, result=verdict.result)


def fits(name: str, result: object) -> bool:
    """Whether a value is an answer of the validator ``name``."""
    return not any(True for _ in misfits(result, SCHEMAS[name]))
