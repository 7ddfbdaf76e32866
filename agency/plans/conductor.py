"""The conductor: one process that drives a plan, and owns nothing of it but how far it is.

It has one thread and never waits for anything but the next look: what takes time is a deed in a process of its own
(:mod:`agency.plans.deed`), and every task is worked on by a run of its own, whose worker lives on when the conductor dies. Each
change is kept on disk before the next thing is done, so that another conductor goes on from there.
"""

import os
import select
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.eventkind import Event
from agency.domain.planevents import (
    CHECKSET,
    PLAN_SESSION_ENDED,
    PLAN_SESSION_START,
    RUN_STOP,
    TASK_DISPATCH,
)
from agency.domain.planrules import candidates, done_tasks, held, plan_over_limit
from agency.domain.planstate import (
    CHECKING,
    DISPATCHING,
    FAILED,
    PAUSED,
    PENDING,
    RUNNING,
    VALIDATING,
    WORKING,
    PlanState,
    TaskState,
)
from agency.domain.run import Run
from agency.domain.schedule import fitting
from agency.domain.usage import Price
from agency.plans import outcome
from agency.plans.active import ActivePlan
from agency.plans.deed import Deed, Result, begin
from agency.plans.dispatch import make_task_run, run_of_task
from agency.plans.ending import end_plan
from agency.plans.finish import finish_task
from agency.plans.judging import judge_task
from agency.plans.merging import Merging
from agency.plans.putaway import tidy_up
from agency.plans.requests import Requests, end_sessions
from agency.plans.revive import revive
from agency.plans.spending import count_spendings
from agency.plans.takeover import take_over
from agency.plans.watch import Watch, look_at
from agency.sessions.context import Context
from agency.store.plans import write_state

_TICK = 0.1
_LOOK = 1.0
"""Seconds between two looks at whether the workers live."""
_DISPATCHES = 2
"""How many runs are made at once: more only wait for each other."""


class Conductor:
    """Drives one plan. ``show`` is called with what stands after every change, ``tell`` with a line for a person. ``untidy``:
    there may be runs that the plan is done with."""

    def __init__(
        self,
        context: Context,
        plan: ActivePlan,
        state: PlanState,
        *,
        lock_fd: int,
        show: Callable[[PlanState], None],
        tell: Callable[[str], None],
    ) -> None:
        self.context, self.plan, self.state = context, plan, state
        self.tell, self.watch = tell, Watch()
        self.prices = _prices(context, plan)
        self.over = False
        self.untidy = True
        self.stopping = False
        self.signal: str | None = None
        self._show, self._lock_fd = show, lock_fd
        self._deeds: list[tuple[Deed, Callable[[Result], None]]] = []
        self._runs: dict[str, Run] = {}
        self._questions: dict[str, str | None] = {}
        self._looked = 0.0
        self._merging = Merging(self)
        self._requests = Requests(self)

    def drive(self) -> PlanState:
        """Drive the plan until nothing is left to do, or it was told to stop."""
        take_over(self)
        self._show(self.state)
        while not self.over:
            self._requests.hear()
            busy = self._collect()
            self._look_at_jobs()
            count_spendings(self)
            self._begin()
            if self.stopping:
                self._stop()
            elif not self.over and not busy and self._is_at_rest():
                end_plan(self, self._dependencies(), self._merging.blocked)
            if not busy and not self.over:
                self._show(self.state)
                self._wait()
        return self.state

    def hear_only(self) -> None:
        """Carry out what operators asked for, and nothing else."""
        self._requests.hear()
        tidy_up(self)
        while self._deeds:
            if not self._collect():
                self._wait()

    def stop(self, name: str | None = None) -> None:
        """Stop as soon as the step that is under way is done; workers go on. ``name`` is that of the signal, None where an
        operator asked for it."""
        if not self.stopping:
            self.stopping, self.signal = True, name

    def save(self, state: PlanState) -> None:
        """Keep how far the plan is; from now on that holds."""
        if state != self.state:
            write_state(self.plan.directory, state)
            self.state = state
            self._show(state)

    def put(self, task_id: str, task: TaskState) -> None:
        """Keep how far a task is."""
        self.save(self.state.with_task(task_id, task))

    def log(self, event: Event, task_id: str | None = None, *, durable: bool = False) -> None:
        """Append an event of the plan."""
        self.plan.log.append(event, durable=durable, task_id=task_id)

    def log_once(self, event: Event, *same: str, task_id: str | None = None) -> None:
        """Append an event unless one of that name is there about that task which agrees in the keys ``same`` of its data."""
        data = event.data
        assert isinstance(data, dict)
        for known in self.plan.log.read():
            if (
                known["event"] == event.name
                and known.get("task_id") == task_id
                and all(known["data"].get(key) == data[key] for key in same)
            ):
                return
        self.log(event, task_id, durable=True)

    def start(
        self,
        name: str,
        tasks: tuple[str, ...],
        deed: Callable[[], Mapping[str, Any]],
        then: Callable[[Result], None],
    ) -> None:
        """Begin a deed about ``tasks``; ``then`` is called with what comes of it."""
        self._deeds.append((begin(name, tasks, deed, not_shared=self._lock_fd), then))

    def is_about(self, task_id: str) -> bool:
        """Whether a deed about that task is under way."""
        return any(task_id in deed.tasks for deed, _ in self._deeds)

    def counts(self, name: str) -> int:
        """How many deeds of that name are under way."""
        return sum(deed.name == name for deed, _ in self._deeds)

    def run_of(self, task_id: str) -> Run | None:
        """The run of the last dispatch of a task, None when it is not present."""
        task = self.state.tasks[task_id]
        known = self._runs.get(task.run_id or "")
        if known is not None and os.path.isdir(known.directory):
            return known
        run = run_of_task(self.context, self.plan, task)
        if run is not None:
            self._runs[run.run_id] = run
        return run

    def _wait(self) -> None:
        """Until a deed has something to say, or it is time for another look."""
        select.select([deed.pipe for deed, _ in self._deeds], [], [], _TICK)

    def _collect(self) -> bool:
        """Take in what came of deeds that have ended; whether any had."""
        ended = [(deed, then, result) for deed, then in self._deeds if (result := deed.result()) is not None]
        if ended:
            gone = {deed.pid for deed, _, _ in ended}
            self._deeds = [(deed, then) for deed, then in self._deeds if deed.pid not in gone]
        for _, then, result in ended:
            then(result)
        return bool(ended)

    def _look_at_jobs(self) -> None:
        """See whose job has ended, and now and then whose worker is gone."""
        unended = {}
        for task_id in self.state.of_status(RUNNING):
            task = self.state.tasks[task_id]
            if task.phase != WORKING or self.is_about(task_id):
                continue
            run = self.run_of(task_id)
            if run is None:
                outcome.fail(self, task_id, task.with_dispatch(outcome="gone"), "its run was put away by somebody")
                continue
            how = self.watch.outcome(run)
            if how is None:
                unended[task_id] = run
                continue
            told = {"session": run.session_name, "run_id": run.run_id, "outcome": how}
            self.log(PLAN_SESSION_ENDED(told), task_id)  # type: ignore[arg-type]
            outcome.after_job(self, task_id, run, how)
        now = time.monotonic()
        if unended and now - self._looked >= _LOOK:
            self._looked = now
            try:
                seen = look_at(self.context, unended.values())
            except AgencyError as error:  # a machine may be too busy for tmux to answer; that is no reason to end
                self.tell(f"the workers cannot be looked at, which is tried again: {error}")
                return
            for task_id, run in unended.items():
                self._tell_question(task_id, run, seen[run.run_id].waiting)
                if not seen[run.run_id].alive and self.watch.outcome(run) is None:
                    revive(self, task_id, run, seen[run.run_id])

    def _tell_question(self, task_id: str, run: Run, question: str | None) -> None:
        """Say once that the runner of a task waits for a person; its timers stand still, and its slot is taken."""
        if question != self._questions.get(task_id):
            self._questions[task_id] = question
            if question is not None:
                self.tell(f"task {task_id} waits for a person: {question}; agency attach {run.name}")

    def _begin(self) -> None:
        """Begin everything that can go on."""
        if self.stopping:
            return
        state = self.state
        for task_id in state.of_status(RUNNING):
            if not self.is_about(task_id):
                self._go_on(task_id, state.tasks[task_id])
        self._merging.begin()
        self._dispatch()
        if self.untidy and not self.counts("archive"):
            self.untidy = False
            tidy_up(self)

    def _go_on(self, task_id: str, task: TaskState) -> None:
        context, plan = self.context, self.plan
        if task.phase == DISPATCHING and self.counts("dispatch") < _DISPATCHES:
            self.start(
                "dispatch",
                (task_id,),
                lambda: make_task_run(context, plan, task_id, task),
                lambda result: self._dispatched(task_id, result),
            )
        elif task.phase == CHECKING:
            self.start(
                "finish",
                (task_id,),
                lambda: finish_task(context, plan, task_id, task),
                lambda result: outcome.after_finish(self, task_id, result),
            )
        elif task.phase == VALIDATING:
            judge_task(self, task_id, task)

    def _dispatch(self) -> None:
        """Give runs to the tasks that fit now."""
        state, settings = self.state, self.plan.settings
        limits = settings.limits
        if limits.mode == "block" and plan_over_limit(state, limits) is not None:
            return
        if settings.task_failure_policy == "fail_fast" and state.of_status(FAILED):
            return
        working = [name for name in state.of_status(RUNNING) if state.tasks[name].phase in (DISPATCHING, WORKING)]
        slots = settings.max_parallel - len(working)
        now = time.time()
        waiting = [
            each for each in candidates(state, self._dependencies()) if (state.tasks[each.task_id].due_at or 0.0) <= now
        ]
        for task_id in fitting(waiting, done=done_tasks(state), held=held(state), slots=slots):
            task = state.tasks[task_id]
            fresh = task.dispatching()
            locks = {"reads": list(fresh.locks.reads), "writes": list(fresh.locks.writes)}
            assert fresh.dispatch is not None
            self.log(
                TASK_DISPATCH({"number": fresh.dispatch.number, "why": fresh.dispatch.why, "locks": locks}),
                task_id,
                durable=True,
            )
            self.put(task_id, fresh)
            self._go_on(task_id, fresh)

    def _dispatched(self, task_id: str, result: Result) -> None:
        task = self.state.tasks[task_id]
        if task.status != RUNNING or task.phase != DISPATCHING:
            self.untidy = True  # a person decided otherwise meanwhile
            return
        if result.told is None:
            outcome.after_failed_dispatch(self, task_id, result)
            return
        run_id = str(result.told["run_id"])
        if result.told.get("checks") is not None:
            self.log(CHECKSET(result.told["checks"]), task_id)
        assert task.dispatch is not None
        started = {"session": f"agency_{run_id}", "run_id": run_id, "number": task.dispatch.number}
        self.log_once(PLAN_SESSION_START(started), "number", task_id=task_id)  # type: ignore[arg-type]
        self.put(task_id, replace(task.with_dispatch(run_id=run_id), phase=WORKING))

    def _dependencies(self) -> dict[str, tuple[str, ...]]:
        """What each task waits for, besides what an earlier run of the plan has done."""
        external = self.plan.external
        return {
            name: tuple(one for one in manifest.dependencies if one not in external.get(name, {}))
            for name, manifest in self.plan.manifests.items()
        }

    def _is_at_rest(self) -> bool:
        """Whether nothing is under way and nothing can begin."""
        if self._deeds or self.untidy or self.state.of_status(RUNNING) or self._merging.goes_on():
            return False
        state = self.state
        pending = state.of_status(PENDING)
        limits = self.plan.settings.limits
        if pending and limits.mode == "block" and plan_over_limit(state, limits) is not None:
            return True
        if pending and self.plan.settings.task_failure_policy == "fail_fast" and state.of_status(FAILED):
            return True
        ready = [
            each
            for each in candidates(state, self._dependencies())
            if all(name in done_tasks(state) for name in each.dependencies)
        ]
        return not ready

    def _stop(self) -> None:
        """End what is under way here, leave the workers to their work, and say so."""
        for deed, _ in self._deeds:
            if deed.name != "dispatch":
                deed.end()
        deadline = time.monotonic() + 30.0
        while self._deeds and time.monotonic() < deadline:
            if not self._collect():
                self._wait()
        stopped = end_sessions(self.context, self.plan) if self._requests.sessions_too else 0
        how = "stopped" if self._requests.sessions_too else "left_running"
        told: dict[str, Any] = {"reason": "operator", "sessions": how, "sessions_stopped": stopped}
        if self.signal is not None:
            told |= {"reason": "signal", "signal": self.signal}
        self.log(RUN_STOP(told), durable=True)  # type: ignore[arg-type]
        self.over = True
        self.save(replace(self.state, status=PAUSED, reason=f"stopped ({self.signal or 'an operator'})"))


def _prices(context: Context, plan: ActivePlan) -> Mapping[str, Price]:
    """What tokens cost, by the config of the repo and of the user; nothing where that cannot be read, which is told."""
    try:
        return load_settings(plan.repo.checkout or plan.repo.root, context.paths.config).prices
    except AgencyError as error:
        context.tell(f"going on without prices: {error.message}")
        return {}
