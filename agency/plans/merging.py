"""The merge queue: finished tasks on their way into the branch, one group after the other.

A group is combined with the newest commit of the branch and judged where nobody else works; only what the doctor says yes to
moves the branch, and only if that is where it was.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agency.domain.errors import AgencyError
from agency.domain.planevents import (
    CANARY_EXPECTED_FAIL,
    CANARY_SKIPPED,
    CANARY_START,
    CANARY_UNEXPECTED_PASS,
    INTEGRATION_FAIL,
    INTEGRATION_PASS,
    INTEGRATION_START,
    MERGE_BISECT,
    MERGE_BLOCKED,
    MERGE_CONFLICT,
    MERGE_GROUP,
    MERGE_MOVED,
)
from agency.domain.planrules import after_conflict, reviewed
from agency.domain.planstate import PENDING, VALIDATED
from agency.domain.validators import DOCTOR_FAILED, blocks
from agency.plans import outcome
from agency.plans.combine import try_together
from agency.plans.deed import Result
from agency.plans.judging import BY_DOCTOR_VALIDATOR, JUDGING_DOCTOR, ask_about_doctor, trigger_of
from agency.plans.move import move, require_movable, tip_of

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor

_WAIT = 2.0
"""Seconds until it is looked again whether the branch can be moved."""
_PATIENCE = 60.0
"""Seconds for which a plan with nothing else to do waits until the branch can be moved."""
_MOVED_MOST = 10
"""How often in a row the branch may be moved by others while the same tasks are judged."""
_SHOWN = 500


class Merging:
    """The queue of one plan. What waits is what the state says; nothing here is needed by another conductor."""

    def __init__(self, conductor: "Conductor") -> None:
        self._conductor = conductor
        self._most = conductor.plan.settings.merge_group
        self._wait_until = 0.0
        self.blocked: str | None = None
        self._blocked_since = 0.0
        self._moved_by_others = 0

    def goes_on(self) -> bool:
        """Whether a task is on its way, and is not waiting for the branch to be movable for longer than is worth waiting."""
        if not self._conductor.state.of_status(VALIDATED):
            return False
        return self.blocked is None or time.monotonic() - self._blocked_since < _PATIENCE

    def begin(self) -> None:
        """Judge the next group, unless one is being judged or the branch cannot be moved now."""
        conductor = self._conductor
        if conductor.counts("merge") or conductor.counts(JUDGING_DOCTOR) or time.monotonic() < self._wait_until:
            return
        group = conductor.state.of_status(VALIDATED)[: self._most]
        if not group:
            return
        try:
            require_movable(conductor.context, conductor.plan.repo, conductor.plan.branch)
            onto = tip_of(conductor.context, conductor.plan)
        except AgencyError as error:
            self._wait(list(group), error)
            return
        self.blocked = None
        work = [(task_id, str(conductor.state.tasks[task_id].commit)) for task_id in group]
        conductor.log(MERGE_GROUP({"tasks": list(group), "onto": onto}))
        conductor.log(INTEGRATION_START({"tasks": list(group), "command": conductor.plan.settings.doctor or ""}))
        context, plan, tell = conductor.context, conductor.plan, conductor.tell
        conductor.start(
            "merge",
            group,
            lambda: try_together(context, plan, work, onto, tell),
            lambda result: self._judged(group, result),
        )

    def _judged(self, group: tuple[str, ...], result: Result) -> None:
        conductor = self._conductor
        if result.told is None:
            self._could_not(group, result)
            return
        told = result.told
        for task_id, paths in told["conflicts"].items():
            self._conflict(task_id, list(paths))
        tasks = [task_id for task_id in told["commits"] if self._still_waits(task_id)]
        if len(tasks) < len(told["commits"]):
            return  # a person has taken one of them out meanwhile; the others are judged without it
        if not tasks:
            return
        if told["new"] == told["onto"]:
            for task_id in tasks:
                outcome.complete(conductor, task_id, conductor.state.tasks[task_id], told["onto"])
            return
        if not self._is_healthy(tasks, told):
            return
        surprised = self._is_surprising(tasks, told)
        trigger = trigger_of(conductor, tasks, surprised=surprised)
        if trigger is None:
            self._go_on(tasks, told, surprised, None)
        else:
            ask_about_doctor(
                conductor, tasks, trigger, told, lambda verdict: self._go_on(tasks, told, surprised, verdict)
            )

    def _go_on(
        self, tasks: list[str], told: Mapping[str, Any], surprised: bool, verdict: Mapping[str, Any] | None
    ) -> None:
        """The doctor said yes: the branch is moved, unless too little can be thought of its word. What a person approved goes on
        all the same."""
        conductor = self._conductor
        if not all(self._still_waits(task_id) for task_id in tasks):
            return
        doubted = [task_id for task_id in tasks if not conductor.state.tasks[task_id].approved]
        if verdict is not None and blocks(verdict["mode"], verdict["status"]):
            by, reason = BY_DOCTOR_VALIDATOR, f"the doctor is not trusted: {verdict['summary']}"
            where = verdict.get("report_path")
        elif surprised and not conductor.plan.settings.canary.warn:
            by, reason, where = "canary", self._surprise, told["canary"]["log"]
        else:
            doubted = []
        for task_id in doubted:
            outcome.settle(
                conductor, task_id, reviewed(conductor.state.tasks[task_id], by, reason, where), report=where
            )
        if not doubted:
            self._move(tasks, told)

    @property
    def _surprise(self) -> str:
        variable = self._conductor.plan.settings.canary.variable
        return f"the doctor succeeds with {variable}=1, so that it may not notice what is broken"

    def _still_waits(self, task_id: str) -> bool:
        return self._conductor.state.tasks[task_id].status == VALIDATED

    def _could_not(self, group: tuple[str, ...], result: Result) -> None:
        error = result.error
        assert error is not None
        if result.died or error.code == "E_INTERRUPTED":
            self._wait_until = time.monotonic() + _WAIT
            return
        for task_id in group:
            if self._still_waits(task_id):
                task = self._conductor.state.tasks[task_id]
                outcome.settle(self._conductor, task_id, reviewed(task, "merge", f"{error.code}: {error.message}"))

    def _conflict(self, task_id: str, paths: list[str]) -> None:
        conductor = self._conductor
        if not self._still_waits(task_id):
            return
        after = after_conflict(conductor.state.tasks[task_id], paths, conductor.plan.branch)
        action = "rescheduled" if after.status == PENDING else "review"
        conductor.log(MERGE_CONFLICT({"paths": paths, "action": action}), task_id)
        outcome.settle(conductor, task_id, after)

    def _is_healthy(self, tasks: list[str], told: Mapping[str, Any]) -> bool:
        """Whether the doctor said yes; a no to several is asked again of fewer."""
        conductor = self._conductor
        doctor = told["doctor"]
        data: Any = {
            "tasks": tasks,
            "command": conductor.plan.settings.doctor or "",
            "exit_code": doctor["exit_code"],
            "timed_out": doctor["exit_code"] is None,
            "log_path": doctor["log"],
            "duration_ms": doctor["duration_ms"],
        }
        if doctor["exit_code"] == 0:
            conductor.log(INTEGRATION_PASS(data))
            return True
        conductor.log(INTEGRATION_FAIL(data), durable=True)
        if len(tasks) > 1:
            self._most = (len(tasks) + 1) // 2
            conductor.log(MERGE_BISECT({"tasks": tasks, "parts": [tasks[: self._most], tasks[self._most :]]}))
            return False
        said = " ".join(doctor["said"].split())[-_SHOWN:]
        how = "ran out of time" if doctor["exit_code"] is None else f"ended with exit code {doctor['exit_code']}"
        reason = f"with this task the doctor of the whole {how}" + (f": {said}" if said else "")
        outcome.settle(conductor, tasks[0], reviewed(conductor.state.tasks[tasks[0]], "doctor", reason, doctor["log"]))
        self._most = conductor.plan.settings.merge_group
        ask_about_doctor(conductor, tasks, DOCTOR_FAILED, told, None)
        return False

    def _is_surprising(self, tasks: list[str], told: Mapping[str, Any]) -> bool:
        """Tell what the canary said; whether the doctor said yes to it."""
        conductor = self._conductor
        canary, settings = told["canary"], conductor.plan.settings.canary
        if canary is None:
            conductor.log(
                CANARY_SKIPPED({"tasks": tasks, "env_var": settings.variable, "reason": "disabled_by_config"})
            )
            return False
        conductor.log(CANARY_START({"tasks": tasks, "env_var": settings.variable}))
        data: Any = {"tasks": tasks, "env_var": settings.variable, "exit_code": canary["exit_code"]}
        if canary["exit_code"] != 0:
            conductor.log(CANARY_EXPECTED_FAIL(data))
            return False
        data |= {"severity": "warn" if settings.warn else "error", "message": self._surprise}
        conductor.log(CANARY_UNEXPECTED_PASS(data), durable=True)
        if settings.warn:
            conductor.tell(f"warning: {self._surprise}")
        return True

    def _move(self, tasks: list[str], told: Mapping[str, Any]) -> None:
        conductor = self._conductor
        try:
            moved = move(conductor.context, conductor.plan, tasks, old=told["onto"], new=told["new"])
        except AgencyError as error:
            self._wait(tasks, error)
            return
        if not moved:
            self._moved_by_others += 1
            message = f"{conductor.plan.branch} has moved in the meantime"
            again = self._moved_by_others <= _MOVED_MOST
            blocked: Any = {
                "tasks": tasks,
                "reason": "main_advanced",
                "message": message,
                "action": "again" if again else "review",
            }
            conductor.log(MERGE_BLOCKED(blocked))
            if not again:
                for task_id in tasks:
                    reason = f"{message}, {self._moved_by_others} times"
                    outcome.settle(conductor, task_id, reviewed(conductor.state.tasks[task_id], "merge", reason))
                self._moved_by_others = 0
            return
        self._moved_by_others = 0
        finish_merge(conductor, tasks, str(told["new"]))

    def _wait(self, tasks: list[str], error: AgencyError) -> None:
        """The branch cannot be moved now; told once for each reason."""
        conductor = self._conductor
        self._wait_until = time.monotonic() + _WAIT
        if self.blocked is None:
            self._blocked_since = time.monotonic()
        if self.blocked != error.message:
            self.blocked = error.message
            told: Any = {"tasks": tasks, "reason": error.code, "message": error.message, "action": "waits"}
            conductor.log(MERGE_BLOCKED(told), durable=True)
            conductor.tell(f"waiting to merge: {error.message}; {error.hint}")


def finish_merge(conductor: "Conductor", tasks: list[str], new: str) -> None:
    """The branch has moved to ``new``: its tasks are complete."""
    conductor.log_once(MERGE_MOVED({"tasks": tasks, "branch": conductor.plan.branch, "new": new}), "new")
    state = conductor.state
    conductor.save(replace(state, merges=state.merges + 1, judged=state.judged + len(tasks)))
    for task_id in tasks:
        if conductor.state.tasks[task_id].status == VALIDATED:
            outcome.complete(conductor, task_id, conductor.state.tasks[task_id], new)
