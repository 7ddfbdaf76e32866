"""The validators of a plan: who judges the work of a task before it may be merged, and the doctor before work is merged on its
word. The judging itself is a deed (:mod:`agency.plans.judge`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agency.domain.plandata import Judged
from agency.domain.planevents import (
    VALIDATOR_BLOCK,
    VALIDATOR_ERROR,
    VALIDATOR_FAIL,
    VALIDATOR_PASS,
    VALIDATOR_SKIP,
    VALIDATOR_START,
)
from agency.domain.planrules import reviewed, with_judging
from agency.domain.plansettings import ValidatorSettings
from agency.domain.planstate import RUNNING, VALIDATED, VALIDATING, TaskState
from agency.domain.validators import (
    CADENCE,
    CANARY_PASSED,
    DOCTOR,
    ERROR,
    FAIL,
    PASS,
    SKIP,
    blocks,
    doctor_is_due,
    task_validators,
    validator_named,
)
from agency.plans import outcome
from agency.plans.deed import Result
from agency.plans.judge import judge_doctor, judge_work
from agency.plans.spending import keep_spendings

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor

JUDGING_DOCTOR = "judge-doctor"
"""The deed that work waits for on its way into the branch."""
BY_DOCTOR_VALIDATOR = "doctor_validator"

_TOLD = {PASS: VALIDATOR_PASS, FAIL: VALIDATOR_FAIL, SKIP: VALIDATOR_SKIP, ERROR: VALIDATOR_ERROR}


def judge_task(conductor: "Conductor", task_id: str, task: TaskState) -> None:
    """Have the work of a task judged by all validators of the plan; it may be merged then, or a person has to look. What a person
    let go on is not judged again."""
    validators = task_validators(conductor.plan.settings)
    if task.approved or task.commit is None or not validators:
        conductor.put(task_id, task.moved(VALIDATED))
        return
    if conductor.counts("judge") >= conductor.plan.settings.max_parallel:
        return
    for validator in validators:
        conductor.log(VALIDATOR_START({"validator": validator.name, "mode": validator.mode}), task_id)
    context, plan = replace(conductor.context, ask_consent=None), conductor.plan
    conductor.start(
        "judge",
        (task_id,),
        lambda: judge_work(context, plan, task_id, task),
        lambda result: _judged(conductor, task_id, task.commit, validators, result),
    )


def trigger_of(conductor: "Conductor", tasks: Sequence[str], *, surprised: bool) -> str | None:
    """Why the doctor has to be judged before these tasks are merged on its word, None when it need not. ``surprised``: it said
    yes with the canary's variable set. Who approved a task has taken that upon himself."""
    state = conductor.state
    validator = validator_named(conductor.plan.settings, DOCTOR)
    if validator is None or all(state.tasks[task_id].approved for task_id in tasks):
        return None
    if surprised:
        return CANARY_PASSED
    return CADENCE if doctor_is_due(validator, state.judged, len(tasks)) else None


def ask_about_doctor(
    conductor: "Conductor",
    tasks: Sequence[str],
    trigger: str,
    told: Mapping[str, Any],
    then: Callable[[Mapping[str, Any]], None] | None,
) -> None:
    """Have the doctor judged. ``told`` is what came of combining ``tasks`` with the branch; they wait for ``then``, which is
    called with the verdict, unless the conductor is stopped meanwhile. None: nobody waits for it."""
    validator = validator_named(conductor.plan.settings, DOCTOR)
    if validator is None:
        return
    conductor.log(VALIDATOR_START({"validator": DOCTOR, "mode": validator.mode, "trigger": trigger}))
    context, plan = replace(conductor.context, ask_consent=None), conductor.plan

    def ended(result: Result) -> None:
        verdicts = _verdicts((validator,), result)
        if verdicts is None:
            return
        verdict = {**verdicts[0], "trigger": trigger}
        _tell(conductor, verdict, None, stops=then is not None)
        if trigger == CADENCE:
            conductor.save(replace(conductor.state, judged=-len(tasks)))  # their merge does not count
        before = conductor.state
        for number, task_id in enumerate(tasks):  # one of them pays
            task = conductor.state.tasks[task_id]
            conductor.put(
                task_id, with_judging(task, verdict if number == 0 else {**verdict, "tokens": 0, "cost": 0.0})
            )
        keep_spendings(conductor, before, conductor.state)
        if then is not None:
            then(verdict)

    name, about = (JUDGING_DOCTOR, tuple(tasks)) if then is not None else ("judge-failure", ())
    conductor.start(name, about, lambda: judge_doctor(context, plan, trigger, told), ended)


def _judged(
    conductor: "Conductor",
    task_id: str,
    commit: str | None,
    validators: Sequence[ValidatorSettings],
    result: Result,
) -> None:
    task = conductor.state.tasks[task_id]
    if task.status != RUNNING or task.phase != VALIDATING or task.commit != commit:
        return
    verdicts = _verdicts(validators, result)
    if verdicts is None:
        return
    before = conductor.state
    for verdict in verdicts:
        _tell(conductor, verdict, task_id)
        task = with_judging(task, verdict)
    against = [one for one in verdicts if blocks(one["mode"], one["status"])]
    if against:
        reason = "; ".join(f"the {one['validator']} validator says {_says(one)}" for one in against)
        report = against[0].get("report_path")
        outcome.settle(conductor, task_id, reviewed(task, against[0]["validator"], reason, report), report=report)
    else:
        conductor.put(task_id, task.moved(VALIDATED))
    keep_spendings(conductor, before, conductor.state)


def _verdicts(validators: Sequence[ValidatorSettings], result: Result) -> list[dict[str, Any]] | None:
    """What is to be told of each validator; None when the deed was ended in order, and will be begun again."""
    if result.told is not None:
        return [dict(one) for one in result.told["judged"]]
    error = result.error
    assert error is not None
    if error.code == "E_INTERRUPTED":
        return None
    summary = f"{error.code}: {error.message}"
    return [{"validator": one.name, "mode": one.mode, "status": ERROR, "summary": summary} for one in validators]


def _tell(conductor: "Conductor", verdict: Mapping[str, Any], task_id: str | None, *, stops: bool = True) -> None:
    told: Judged = {"validator": verdict["validator"], "mode": verdict["mode"], "status": verdict["status"]}
    for key in ("summary", "report_path", "trigger", "tokens", "cost"):
        if verdict.get(key):
            told[key] = verdict[key]
    conductor.log(_TOLD[verdict["status"]](told), task_id)
    if stops and blocks(verdict["mode"], verdict["status"]):
        conductor.log(VALIDATOR_BLOCK(told), task_id, durable=True)
    elif verdict["status"] in (FAIL, ERROR):
        about = f"task {task_id}" if task_id is not None else "the doctor of the plan"
        conductor.tell(f"warning: {about}: the {verdict['validator']} validator says {_says(verdict)}")


def _says(verdict: Mapping[str, Any]) -> str:
    said = "no" if verdict["status"] == FAIL else "nothing that can be used"
    return f"{said}: {verdict['summary']}"
