"""Where the budgets of a job come from."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.config.budgets import VARIABLES, effective_budgets
from agency.config.values import Attempts, AttemptTime
from agency.domain.budgets import Budgets
from agency.domain.errors import AgencyError
from agency.domain.settings import Settings

ALL = {
    "STEP_MAX_ATTEMPTS": "4",
    "STEP_TIMEOUT_SECONDS": "1200",
    "STEP_IDLE_TIMEOUT_SECONDS": "400",
    "STEP_NO_PROGRESS_LIMIT": "5",
    "JOB_SELF_HEAL_MAX_RESETS": "3",
}


@pytest.mark.case(1, "DOC-REQ-002")
def test_without_a_word_the_built_in_budgets_hold() -> None:
    budgets, origins, note = effective_budgets(Settings(), "demo", {}, {}, {})
    assert budgets == Budgets() == Budgets.from_record(Budgets().as_record())
    assert (budgets.max_attempts, budgets.timeout_seconds, budgets.idle_timeout_seconds) == (3, 900, 300)
    assert (budgets.no_progress_limit, budgets.max_resets) == (2, 1)
    assert set(origins.values()) == {"built in"}
    assert note is None


@pytest.mark.case(2, "DOC-REQ-002")
def test_the_environment_sets_each() -> None:
    budgets, origins, _ = effective_budgets(Settings(), "demo", ALL, {}, {})
    assert budgets == Budgets(
        max_attempts=4, timeout_seconds=1200, idle_timeout_seconds=400, no_progress_limit=5, max_resets=3
    )
    assert origins == VARIABLES


def test_a_flag_goes_before_a_variable_that_before_the_job_and_that_before_the_config(
    load_repo: Callable[[str], Settings],
) -> None:
    settings = load_repo(
        "runners: {demo: {command: x, healing: {max_resets: 7, no_progress_limit: 8}}}\n"
        "healing: {max_attempts: 9, timeout: 90s, idle_timeout: 80s, no_progress_limit: 6, max_resets: 6}\n"
    )
    budgets, origins, _ = effective_budgets(
        settings,
        "demo",
        {"STEP_TIMEOUT_SECONDS": "70", "STEP_MAX_ATTEMPTS": ""},
        {"timeout": 1.0, "idle_timeout": 2.0, "max_resets": 3},
        {"max_resets": 4},
    )
    assert budgets == Budgets(
        max_attempts=9, timeout_seconds=70, idle_timeout_seconds=2, no_progress_limit=8, max_resets=4
    )
    assert origins["max_attempts"].endswith("agency.yaml:3")
    assert origins["no_progress_limit"].endswith("agency.yaml:2")
    assert [origins[key] for key in ("timeout", "idle_timeout", "max_resets")] == [
        "STEP_TIMEOUT_SECONDS",
        "job",
        "flag",
    ]


@pytest.mark.case(56, "DOC-REQ-002")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STEP_MAX_ATTEMPTS", "0"),
        ("STEP_MAX_ATTEMPTS", "many"),
        ("STEP_TIMEOUT_SECONDS", "-1"),
        ("STEP_IDLE_TIMEOUT_SECONDS", "10m"),
        ("STEP_NO_PROGRESS_LIMIT", "1.5"),
        ("JOB_SELF_HEAL_MAX_RESETS", "nan"),
        ("STEP_TIMEOUT_SECONDS", "nan"),
        ("STEP_TIMEOUT_SECONDS", "2592001"),
        ("STEP_TIMEOUT_SECONDS", "1_0"),
        ("STEP_TIMEOUT_SECONDS", "-0"),
        ("STEP_MAX_ATTEMPTS", "٣"),
        ("STEP_MAX_ATTEMPTS", "1000001"),
        ("STEP_MAX_ATTEMPTS", "9" * 5000),
    ],
)
def test_a_variable_that_cannot_be_understood_is_named(variable: str, value: str) -> None:
    with pytest.raises(AgencyError) as caught:
        effective_budgets(Settings(), "demo", {variable: value}, {}, {})
    assert caught.value.code == "E_INVALID_CONFIG"
    assert variable in caught.value.message and value in caught.value.message
    assert caught.value.details["variable"] == variable


@pytest.mark.case(56, "DOC-REQ-002")
def test_a_variable_that_cannot_be_understood_is_refused_where_a_flag_wins_over_it() -> None:
    with pytest.raises(AgencyError, match="STEP_MAX_ATTEMPTS must be a whole number from 1 to 1000000, and is 'x'"):
        effective_budgets(Settings(), "demo", {"STEP_MAX_ATTEMPTS": "x"}, {}, {"max_attempts": 2})


@pytest.mark.case(56, "DOC-REQ-002")
@pytest.mark.parametrize(
    ("key", "value"),
    [("max_attempts", 0), ("max_attempts", 1.5), ("timeout", -1), ("idle_timeout", 2592001), ("max_resets", math.nan)],
)
def test_a_flag_out_of_range_is_named(key: str, value: float) -> None:
    with pytest.raises(AgencyError) as caught:
        effective_budgets(Settings(), "demo", {}, {}, {key: value})
    flag = f"--{key.replace('_', '-')}"
    assert (caught.value.code, caught.value.details["flag"]) == ("E_INVALID_CONFIG", flag)
    assert caught.value.message.startswith(flag)


@given(seconds=st.integers(0, 2_592_000), count=st.integers(1, 1_000_000))
def test_whatever_a_variable_may_say_a_config_file_may_say_too(seconds: int, count: int) -> None:
    told = {"STEP_TIMEOUT_SECONDS": f"{seconds}", "STEP_MAX_ATTEMPTS": f" {count}\n"}
    budgets, _, _ = effective_budgets(Settings(), "demo", told, {}, {})
    assert budgets.timeout_seconds == AttemptTime(f"{seconds}s").value == seconds
    assert budgets.max_attempts == Attempts(count).value == count


def test_where_the_budget_of_a_runner_was_written_is_known_whatever_its_name(
    load_repo: Callable[[str], Settings],
) -> None:
    settings = load_repo("runners:\n  gpt-4.1: {command: x, healing: {max_resets: 7}}\n")
    budgets, origins, _ = effective_budgets(settings, "gpt-4.1", {}, {}, {})
    assert budgets.max_resets == 7
    assert origins["max_resets"].endswith("agency.yaml:3")


def test_zero_switches_off_and_an_idle_time_that_never_comes_is_told() -> None:
    off = {"STEP_TIMEOUT_SECONDS": "0", "JOB_SELF_HEAL_MAX_RESETS": "0", "STEP_NO_PROGRESS_LIMIT": "0"}
    budgets, _, note = effective_budgets(Settings(), "demo", off, {}, {})
    assert (budgets.timeout_seconds, budgets.max_resets, budgets.no_progress_limit, note) == (0, 0, 0, None)
    _, _, note = effective_budgets(Settings(), "demo", {}, {"timeout": 10.0}, {})
    assert note is not None and "never comes before" in note
