"""The rules of validators: when one need not be asked, what follows from what it says, and what it is shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.judgeprompt import Exhibit, clipped, judging_prompt
from agency.domain.planrules import with_judging
from agency.domain.plansettings import TEST_PATHS, PlanSettings, ValidatorSettings
from agency.domain.planstate import Dispatch, TaskState
from agency.domain.validators import (
    CADENCE,
    CANARY_PASSED,
    DOCTOR,
    SCHEMAS,
    STUBS,
    TASK_VALIDATORS,
    Verdict,
    blocks,
    doctor_is_due,
    fits,
    is_test,
    of_trigger,
    settled,
    task_validators,
    verdict_of_answer,
    verdict_of_command,
)

NAMES = (*TASK_VALIDATORS, DOCTOR)


def one(name: str, mode: str = "block", **options: object) -> ValidatorSettings:
    """A validator."""
    return ValidatorSettings(name=name, mode=mode, options=options)


def test_validators_of_tasks_are_asked_in_one_order_and_those_that_are_off_not_at_all() -> None:
    settings = PlanSettings(validators=(one("doctor"), one("architecture"), one("style", "off"), one("test", "warn")))
    assert [validator.name for validator in task_validators(settings)] == ["test", "architecture"]


@pytest.mark.parametrize(
    "path", ["tests/a.py", "src/__tests__/a.ts", "a.spec.ts", "pkg/a_test.go", "test_a.py", "deep/test/data.json"]
)
def test_tests_are_known_by_what_tests_are_called(path: str) -> None:
    assert is_test(path, ())


@pytest.mark.parametrize("path", ["src/latest.py", "contest/a.py", "docs/testing.md", "test.md"])
def test_what_only_sounds_like_a_test_is_none(path: str) -> None:
    assert not is_test(path, TEST_PATHS)


def test_the_patterns_of_the_plan_make_a_file_a_test() -> None:
    assert is_test("checks/a.sh", ("checks/**",))


@pytest.mark.parametrize(
    ("validator", "changed", "tests", "docs", "status"),
    [
        (one("test"), ["a.py"], [], [], "skip"),
        (one("test"), ["test_a.py"], ["test_a.py"], [], None),
        (one("style"), [], [], [], "skip"),
        (one("style"), ["a.py"], [], [], None),
        (one("architecture"), ["a.py"], [], [], "skip"),
        (one("architecture", fail_if_docs_missing=True), ["a.py"], [], [], "fail"),
        (one("architecture"), ["a.py"], [], ["docs/a.md"], None),
        (one("architecture", fail_if_docs_missing=True), [], [], [], "skip"),
    ],
)
def test_nobody_is_asked_about_nothing(
    validator: ValidatorSettings, changed: list[str], tests: list[str], docs: list[str], status: str | None
) -> None:
    verdict = settled(validator, changed, tests, docs)
    assert (verdict.status if verdict is not None else None) == status


@pytest.mark.parametrize("name", NAMES)
def test_what_a_stand_in_says_has_the_form_that_is_asked_for_and_is_a_yes(name: str) -> None:
    assert fits(name, STUBS[name])
    assert verdict_of_answer(name, STUBS[name]).status == "pass"
    no = {**STUBS[name], "effective" if name == DOCTOR else "pass": False}
    assert verdict_of_answer(name, no).status == "fail"


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_as_strict_as_agents_want_them(name: str) -> None:
    def look(schema: object) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False
                assert schema["required"] == list(schema["properties"])
            for part in schema.values():
                look(part)

    look(SCHEMAS[name])


NO = json.dumps({**STUBS["style"], "pass": False, "summary": "too long"})
YES = json.dumps({**STUBS["style"], "summary": "fine"})


@pytest.mark.parametrize(
    ("code", "printed", "status", "summary"),
    [
        (0, "", "pass", "the command ended with exit code 0"),
        (0, "looks\nfine\n", "pass", "fine"),
        (1, "line 3: too long\n", "fail", "line 3: too long"),
        (0, NO, "fail", "too long"),
        (1, YES, "fail", "fine"),
        (0, f"checking\n{YES}", "pass", "fine"),
        (0, '{"other": 1}', "pass", '{"other": 1}'),
        (None, "half", "error", "it was not done in time"),
        (-9, "", "error", "the command cannot be run: exit code -9"),
        (127, "", "error", "the command cannot be run: exit code 127"),
    ],
)
def test_a_command_says_yes_by_its_exit_code_unless_it_prints_a_no(
    code: int | None, printed: str, status: str, summary: str
) -> None:
    verdict = verdict_of_command("style", code, printed)
    assert (verdict.status, verdict.summary) == (status, summary)


@given(st.one_of(st.none(), st.integers(-64, 255)), st.text(max_size=60), st.sampled_from(NAMES))
def test_a_command_that_did_not_end_with_0_is_never_a_yes(code: int | None, printed: str, name: str) -> None:
    assert code == 0 or verdict_of_command(name, code, printed).status in ("fail", "error")


def test_only_a_yes_or_nothing_to_ask_lets_work_pass_where_a_validator_blocks() -> None:
    assert {status for status in ("pass", "fail", "skip", "error") if blocks("block", status)} == {"fail", "error"}
    assert not any(blocks(mode, status) for mode in ("off", "warn") for status in ("fail", "error"))


def test_a_doctor_that_said_yes_to_the_canary_has_failed_whatever_is_thought_of_it() -> None:
    good = Verdict(status="pass", summary="it is fine")
    assert of_trigger(good, CANARY_PASSED).status == "fail"
    assert of_trigger(good, CADENCE) == good


@pytest.mark.parametrize(("judged", "more", "due"), [(0, 1, False), (8, 1, False), (9, 1, True), (0, 10, True)])
def test_the_doctor_is_due_after_so_many_tasks(judged: int, more: int, due: bool) -> None:
    assert doctor_is_due(one(DOCTOR, run_every_n_tasks=10), judged, more) is due
    assert doctor_is_due(one(DOCTOR), judged, more) is due
    assert not doctor_is_due(None, judged, more)


def test_of_each_validator_the_last_verdict_stays_and_what_all_used_counts() -> None:
    task = TaskState(dispatches=(Dispatch(number=1, why="first", tokens=100, cost=1.0),))
    first, second = {"validator": "test", "tokens": 7, "cost": 0.5}, {"validator": "style", "status": "pass"}
    again = {"validator": "test", "tokens": 3, "cost": 0.25}
    for verdict in (first, second, again):
        task = with_judging(task, verdict)
    assert task.validators == (second, again)
    assert (task.tokens, task.cost) == (110, 1.75)


@given(st.text(max_size=300), st.integers(1, 200), st.booleans())
def test_what_is_shown_is_cut_to_its_length_and_says_so(text: str, most: int, last: bool) -> None:
    shown = clipped(text, most, last=last)
    whole = text.strip("\n")
    if len(whole) <= most:
        assert shown == whole
    else:
        assert f"[{len(whole) - most} characters are left out]" in shown
        assert (whole[-most:] if last else whole[:most]) in shown
        assert len(shown) <= most + 60


def test_a_prompt_holds_the_rule_what_it_is_about_and_what_there_is_to_go_by() -> None:
    shown = [Exhibit(title="The spec", text="add a form", most=5), Exhibit(title="Nothing", text=" ", most=5)]
    prompt = judging_prompt("test", "Task 001", shown)
    assert "the test validator" in prompt
    assert prompt.index("---") < prompt.index("Task 001") < prompt.index("## The spec\n\nadd a\n[5 characters")
    assert "## Nothing" not in prompt
