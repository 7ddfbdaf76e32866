"""What an operator asked for and no worker has carried out yet: the worker is killed at each durable step on the way, and the
next one carries it out, once.

The steps of building and swapping in the new worktree are those of any hard reset, which :mod:`test_worker_steps` has killed at;
here each fifth of them is, with AGENCY_CHAOS_EVERY_STEP all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from internal_tests.chaos.jobinvariants import check_done, check_files, check_nothing_left
from internal_tests.chaos.killedworker import EVERY_STEP, KilledWorker, Scenario, kills, look_at_checkout
from internal_tests.chaos.warmworker import WarmWorker
from internal_tests.support.world import World

_AFTER = 4
"""Steps after the one that tells that it was carried out, at which the worker is killed too."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request and what must come of it. ``rebuilt``: so often the worktree was, up to before the first of the steps ``again``
    that were done anew; ``outcomes``: how the job ended each time."""

    scenario: Scenario
    rebuilt: int
    outcomes: Sequence[str]
    again: Sequence[str] = ()


REQUESTS = {
    "retry-step": Asked(
        scenario=Scenario(
            ids=("one", "four"), max_attempts=1, ended=3, asked=("retry-step", "job", "--reason", "mind")
        ),
        rebuilt=0,
        outcomes=("needs_attention", "done"),
    ),
    "hard-reset": Asked(
        scenario=Scenario(
            ids=("one", "five"),
            after="task.step.started",
            asked=("hard-reset", "job", "--reason", "mind"),
            at_work=True,
        ),
        rebuilt=1,
        outcomes=("done",),
    ),
    "resume-from": Asked(
        scenario=Scenario(
            ids=("one", "six"), ended=0, asked=("resume-from", "job", "--step", "one", "--reason", "mind")
        ),
        rebuilt=1,
        outcomes=("done", "done"),
        again=("one", "six"),
    ),
}


def check(killed: KilledWorker, asked: Asked) -> None:
    """What must hold once the last worker has done the job."""
    run, ids = killed.run, asked.scenario.ids
    check_done(run, ids, again=asked.again, outcomes=asked.outcomes)
    counts = {name: len(run.told(f"control.recovery.{name}")) for name in ("ack", "applied", "failed", "superseded")}
    assert counts == {"ack": 1, "applied": 1, "failed": 0, "superseded": 0}, f"told: {counts}"
    (applied,) = run.told("control.recovery.applied")
    resets = (run.state["resets_used"], run.state["operator_resets"], len(run.told("resume.from_step")))
    assert resets == (0, asked.rebuilt, asked.rebuilt), f"resets used, by operators, told: {resets}"
    finished = sum(event["event"] == "hard_reset_finished" for event in run.events)
    evidence = sorted(path.name for path in run.directory.glob("evidence/*"))
    assert (finished, len(evidence)) == (asked.rebuilt, asked.rebuilt), f"rebuilt {finished} times, kept {evidence}"
    if asked.rebuilt:
        (told,) = run.told("resume.from_step")
        assert (told["trigger"], told["commandId"]) == ("operator", applied["commandId"]), f"told: {told}"
        left = {path.name for path in next(run.directory.glob("evidence/*")).iterdir()}
        assert ("half.txt" if asked.scenario.at_work else "six.txt") in left, f"kept: {left}"
    superseded = sorted(path.name for path in run.directory.glob("state/steps/*superseded*"))
    assert len(superseded) == len(asked.again), f"superseded: {superseded}"
    index = ids.index(asked.again[0]) if asked.again else len(ids) - 1
    attempts = [run.attempt(index, number + 1) for number in range(len(run.outcomes(index)))]
    told_of = [one["attempt"] for one in attempts if (one["retryContext"] or {}).get("operator_message") == "mind"]
    assert told_of == list(range(told_of[0], len(attempts) + 1)), f"attempts that were told what they said: {told_of}"
    consumed = [step["consumed"] for step in run.state["steps"]]
    assert consumed == [0, 0], f"of the budget is used: {consumed}"
    check_files(run, ids)
    assert look_at_checkout(killed.world) == killed.checkout, "the user's checkout was touched"
    check_nothing_left(run)


@pytest.mark.case(36, "DOC-REQ-005", "DOC-REQ-009")
@pytest.mark.case(48, "DOC-REQ-009")
@pytest.mark.parametrize("request_", list(REQUESTS))
def test_what_an_operator_asked_for_is_carried_out_once_however_often_the_worker_is_killed(
    world: World, worker: WarmWorker, request_: str
) -> None:
    asked = REQUESTS[request_]
    killed = KilledWorker(world, worker, asked.scenario)
    code, steps, shown = killed.work()
    assert code == 0, shown
    check(killed, asked)
    first, last = (killed.step_of_event(steps, f"task.control.recovery.{part}") for part in ("ack", "applied"))
    failures = []
    near = [steps[number - 1] for number in kills(steps) if first - 2 <= number <= last + _AFTER]
    rebuilding = [step for step in near if "worker/rebuild.py" in step.place and not EVERY_STEP]
    for at in (step.number for step in near if step not in rebuilding or rebuilding.index(step) % 5 == 0):
        killed.stage.put_back()
        code, came_to, _ = killed.work(at=at)
        assert code == -9, came_to[-1]
        try:
            code, _, shown = killed.work()
            assert code == 0, shown
            check(killed, asked)
        except (AssertionError, OSError) as error:
            failures.append(f"killed at {came_to[-1]}:\n    {error}")
    killed.stage.put_back()
    assert not failures, f"{len(failures)} kills:\n" + "\n".join(failures)
