"""What follows for a task from how its job, its check and its merge ended: bounded in every way."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.manifest import Access
from agency.domain.planend import PlanEnd, end_of_plan
from agency.domain.planrules import (
    LONGEST_DELAY,
    MAX_CONFLICTS,
    after_conflict,
    after_failure,
    after_violations,
    approved,
    crossings,
    held,
    over_limit,
    plan_over_limit,
    renewed,
)
from agency.domain.plansettings import Limits, PlanSettings
from agency.domain.planstate import (
    COMPLETE,
    FAILED,
    HALTED,
    PAUSED,
    PENDING,
    RESCOPE,
    REVIEW,
    RUNNING,
    SKIPPED,
    VALIDATED,
    Dispatch,
    PlanState,
    TaskState,
)

MORE = (Access(writes=("code",)), Access(writes=("src/a",)))


def validated(task: TaskState) -> TaskState:
    """A task whose run has a commit, on its way into the branch."""
    return replace(task, status=VALIDATED, phase=None, commit="c0ffee")


def used(*tokens: int, cost: float = 0.0, status: str = RUNNING) -> TaskState:
    """A task whose runs used so many tokens, and cost so much each."""
    dispatches = tuple(
        Dispatch(number=number, why="first", tokens=one, cost=cost) for number, one in enumerate(tokens, 1)
    )
    return TaskState(status=status, dispatches=dispatches)


@pytest.mark.plan_case(11)
@given(most=st.integers(1, 6), rescopes=st.integers(0, 3), ends=st.lists(st.sampled_from("fcr"), min_size=30))
def test_a_task_gets_a_bounded_number_of_runs_whatever_becomes_of_them(
    most: int, rescopes: int, ends: list[str]
) -> None:
    settings = PlanSettings(max_dispatches=most, max_rescopes=rescopes)
    task, runs = TaskState(), 0
    for end in ends:
        if task.status != PENDING:
            break
        task, runs = task.dispatching(), runs + 1
        if end == "f":
            task = after_failure(task, settings, "no", now=0.0)
        elif end == "c":
            task = after_conflict(validated(task), ["a"], "main")
        else:
            task = after_violations(replace(task, commit="c0ffee"), settings, MORE, "report", ["src/a"])
    assert task.status in HALTED and task.review is not None
    assert runs <= most + MAX_CONFLICTS + rescopes


@pytest.mark.plan_case(11)
def test_the_pause_before_another_run_has_an_end_however_many_runs_there_were() -> None:
    settings = PlanSettings(max_dispatches=1_000_000, retry_delay=1.0)
    task = after_failure(replace(TaskState().dispatching(), counted=999_999), settings, "no", now=1000.0)
    assert task.due_at == 1000.0 + LONGEST_DELAY


@pytest.mark.plan_case(11)
@given(most=st.integers(1, 20), delay=st.floats(0, 60))
def test_a_task_that_always_fails_waits_longer_each_time_and_ends_after_its_runs(most: int, delay: float) -> None:
    settings = PlanSettings(max_dispatches=most, retry_delay=delay)
    task, waits = TaskState(), []
    while task.status == PENDING:
        task = after_failure(task.dispatching(), settings, "no", now=1000.0)
        if task.due_at is not None:
            waits.append(task.due_at - 1000.0)
    assert (task.status, len(task.dispatches)) == (REVIEW, most)
    assert waits == sorted(waits) and all(0 <= one <= LONGEST_DELAY for one in waits)
    assert "no" in (task.reason or "")


@pytest.mark.plan_case(11)
def test_with_fail_fast_a_task_has_failed_at_once() -> None:
    settings = PlanSettings(task_failure_policy="fail_fast")
    assert after_failure(TaskState().dispatching(), settings, "no", now=0.0).status == FAILED


@pytest.mark.plan_case(9)
def test_a_conflict_sends_a_task_back_once_with_what_it_was_about() -> None:
    once = after_conflict(validated(TaskState().dispatching()), ["docs/a.txt"], "main")
    assert (once.status, once.next_why, once.due_at) == (PENDING, "conflict", None)
    assert "docs/a.txt" in (once.context or "") and "c0ffee" in (once.context or "")
    twice = after_conflict(validated(once.dispatching()), ["docs/a.txt"], "main")
    assert twice.status == REVIEW and twice.review is not None and twice.review.by == "merge"
    assert twice.commit == "c0ffee", "what it made is kept"


@pytest.mark.plan_case(4)
def test_a_task_is_given_what_it_wrote_until_there_is_nothing_to_give_or_it_was_often_enough() -> None:
    settings = PlanSettings(max_rescopes=1)
    begun = replace(TaskState().dispatching(), commit="c0ffee")
    more = after_violations(begun, settings, MORE, "report", ["src/a"])
    assert (more.status, more.rescopes, more.locks, more.files) == (PENDING, 1, *MORE)
    assert more.dispatching().earlier == "c0ffee"
    again = after_violations(more.dispatching(), settings, MORE, "report", ["src/a"])
    assert again.status == RESCOPE and again.review is not None and again.review.report == "report"
    assert after_violations(begun, settings, None, "report", ["src/a"]).status == RESCOPE


@given(
    before=st.lists(st.integers(0, 50), min_size=1, max_size=4),
    steps=st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), max_size=8),
    task_limit=st.none() | st.integers(1, 60),
    run_limit=st.none() | st.integers(1, 120),
)
def test_a_limit_is_crossed_once_exactly_when_it_is_passed(
    before: list[int], steps: list[list[int]], task_limit: int | None, run_limit: int | None
) -> None:
    limits = Limits(max_tokens_per_task=task_limit, max_tokens_per_run=run_limit)
    names = [str(number) for number in range(len(before))]
    state = PlanState(tasks={name: used(0) for name in names})
    told = []
    for step in [before, *steps]:
        after = PlanState(
            tasks={name: used(state.tasks[name].tokens + more) for name, more in zip(names, step, strict=False)}
        )
        told += crossings(state, after, limits)
        state = after
    assert len(told) == len({(one.scope, one.task_id) for one in told})
    for name in names:
        crossed = any(one.task_id == name for one in told)
        assert crossed == (over_limit(state.tasks[name], limits) is not None)
    assert any(one.scope == "run" for one in told) == (plan_over_limit(state, limits) is not None)
    assert all(one.value > one.limit for one in told)


def test_what_all_runs_of_a_task_cost_counts_together() -> None:
    limits = Limits(max_cost_per_task=1.0, max_cost_per_run=1.5)
    state = PlanState(tasks={"1": used(0, 0, cost=0.6), "2": used(0, cost=0.1)})
    assert over_limit(state.tasks["1"], limits) and not over_limit(state.tasks["2"], limits)
    assert plan_over_limit(state, limits) is None
    assert [one.kind for one in crossings(PlanState(tasks={"1": used(0), "2": used(0)}), state, limits)] == ["cost"]


def test_a_person_who_sends_a_task_back_gives_it_all_its_runs_again_and_says_why() -> None:
    ended = replace(TaskState(status=REVIEW), counted=3, conflicts=1, rescopes=2)
    again = renewed(ended, "mind the width")
    assert (again.status, again.counted, again.conflicts, again.rescopes) == (PENDING, 0, 0, 0)
    assert "mind the width" in (again.context or "")
    assert approved(replace(ended, commit="c0ffee")).status == VALIDATED


def test_locks_are_held_from_the_dispatch_until_the_work_is_in_the_branch() -> None:
    locks = Access(writes=("code",))
    for status, holds in ((PENDING, False), (RUNNING, True), (VALIDATED, True), (COMPLETE, False), (PAUSED, False)):
        state = PlanState(tasks={"1": TaskState(status=status, locks=locks)})
        assert (held(state) == [locks]) == holds, status


@given(st.lists(st.sampled_from([COMPLETE, SKIPPED, FAILED, REVIEW, RESCOPE, PAUSED]), min_size=1, max_size=5))
def test_a_plan_is_complete_when_no_task_needs_a_person(statuses: list[str]) -> None:
    state = PlanState(tasks={str(number): TaskState(status=one) for number, one in enumerate(statuses)})
    end = end_of_plan(state, dict.fromkeys(state.tasks, ()), Limits(), blocked=None)
    assert (end.status == "complete") == (set(statuses) <= {COMPLETE, SKIPPED})
    assert (end.reason is None) == (end.status == "complete")


def test_the_end_of_a_plan_tells_what_each_task_that_waits_is_waiting_for() -> None:
    def end(statuses: dict[str, str], waits: dict[str, tuple[str, ...]], limits: Limits = Limits()) -> PlanEnd:  # noqa: B008
        tasks = {name: TaskState(status=status) for name, status in statuses.items()}
        return end_of_plan(PlanState(tasks=tasks), {**dict.fromkeys(tasks, ()), **waits}, limits, blocked="dirty")

    blocked = end({"1": REVIEW, "2": PENDING}, {"2": ("1",)})
    assert (blocked.status, blocked.why, blocked.waiting) == ("paused", "blocked_dependencies", {"2": ("1",)})
    missing = end({"1": PENDING}, {"1": ("9",)})
    assert (missing.status, missing.why, missing.waiting) == ("failed", "missing_dependencies", {"1": ("9",)})
    ring = end({"1": PENDING, "2": PENDING}, {"1": ("2",), "2": ("1",)})
    assert (ring.status, ring.why) == ("failed", "deadlock")
    merging = end({"1": VALIDATED, "2": PENDING}, {"2": ("1",)})
    assert (merging.status, merging.why) == ("paused", "merge_blocked")
    assert merging.reason is not None and merging.reason.startswith("waiting to merge: dirty; 2 waits for 1")
