"""Having finished work, or the doctor itself, judged by the validators of a plan: what a deed of the conductor does. Every
verdict is a report on disk; one about the same commit is not asked for again."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from agency.config.load import load_settings
from agency.domain.cost import price_of
from agency.domain.errors import AgencyError
from agency.domain.judgeprompt import Exhibit, judging_prompt
from agency.domain.manifest import slug_of
from agency.domain.plansettings import PlanSettings, ValidatorSettings
from agency.domain.planstate import TaskState
from agency.domain.repo import Repo
from agency.domain.usage import Usage
from agency.domain.validators import (
    DOCTOR,
    ERROR,
    SCHEMAS,
    STUBS,
    Verdict,
    of_trigger,
    settled,
    task_validators,
    validator_named,
    verdict_of_answer,
    verdict_of_command,
)
from agency.plans.active import ActivePlan
from agency.plans.ask import Answer, Place, Question, ask_mock, ask_runner, is_mocked, ready_to_ask
from agency.plans.commands import run_line
from agency.plans.evidence import Work, exhibits_of, exhibits_of_doctor, work_of
from agency.plans.judgetree import standing_on
from agency.sessions.context import Context
from agency.sessions.headless import require_headless
from agency.store.records import make_directory, read_record, write_file, write_record

Tree = Callable[[], str]
"""Makes the worktree to look around in, or gives the one that is there."""


def judge_work(context: Context, plan: ActivePlan, task_id: str, task: TaskState) -> Mapping[str, Any]:
    """Have the work of a task judged by all its validators, one after the other; ``judged`` tells of each its ``validator``,
    ``mode``, ``status``, ``summary`` and ``report_path``. Raises E_GIT_FAILED, E_DISK_FULL, E_STORE_FAILED."""
    assert task.dispatch is not None
    work = work_of(context, plan, task_id, task)
    judged = []
    with _one_tree(context, plan, f"task-{task_id}", work.commit) as tree:
        for validator in task_validators(plan.settings):
            report = plan.report(task_id, f"validator-{validator.name}-{task.dispatch.number}.json")
            known = _known(report, work.commit)
            judged.append(known or _judge_task(context, plan, task_id, task, work, validator, report, tree))
    return {"judged": judged}


def judge_doctor(context: Context, plan: ActivePlan, trigger: str, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have the doctor judged for the reason ``trigger``; ``told`` is what came of combining tasks with the branch. ``judged``
    tells the same as of a task, and the ``trigger``."""
    validator = validator_named(plan.settings, DOCTOR)
    assert validator is not None
    new = str(told["new"])
    report = plan.report(DOCTOR, f"{trigger}-{new[:12]}.json")
    known = _known(report, new)
    if known is not None:
        return {"judged": [known]}
    about = f"The plan {plan.name} merges its work into {plan.branch}."
    exhibits = exhibits_of_doctor(context, plan, told)
    with _one_tree(context, plan, "doctor", new) as tree:
        asked = _Asked(
            context, plan, validator, new, about, exhibits, tree, label=f"{DOCTOR}-{trigger}", trigger=trigger
        )
        verdict = of_trigger(asked.verdict(), trigger)
    head = {"plan": plan.name, "plan_id": plan.plan_id, "trigger": trigger}
    return {"judged": [_reported(report, head, validator, verdict, asked.meta, trigger=trigger)]}


def require_validators(context: Context, repo: Repo, settings: PlanSettings) -> None:
    """See that the runners which are to judge are there, allowed, and can work without a terminal. Raises what
    :func:`ready_to_ask` raises, E_HEADLESS_UNSUPPORTED."""
    for validator in settings.validators:
        if validator.mode == "off" or validator.command is not None or validator.mock or is_mocked(context.environ):
            continue
        runner = ready_to_ask(context, repo, validator.runner or settings.runner)
        require_headless(runner, repo.checkout or repo.root)


def _judge_task(
    context: Context,
    plan: ActivePlan,
    task_id: str,
    task: TaskState,
    work: Work,
    validator: ValidatorSettings,
    report: str,
    tree: Tree,
) -> dict[str, Any]:
    manifest = plan.manifests[task_id]
    verdict = settled(validator, work.changed, work.tests, work.docs(validator))
    meta: Mapping[str, Any] = {"commit": work.commit, "base": work.base}
    if verdict is None:
        about = f"Task {task_id}, {manifest.name}: {manifest.description}"
        exhibits = exhibits_of(context, plan, task_id, task, work, validator)
        assert task.dispatch is not None
        label = f"{validator.name}-{task_id}-{task.dispatch.number}"
        asked = _Asked(context, plan, validator, work.commit, about, exhibits, tree, label=label)
        asked.more = {
            "AGENCY_TASK_ID": task_id,
            "AGENCY_BASE_COMMIT": work.base,
            "TASK_ID": task_id,
            "TASK_SLUG": manifest.name,
        }
        verdict = asked.verdict()
        meta = {**meta, **asked.meta}
    head = {
        "plan_id": plan.plan_id,
        "task_id": task_id,
        "task_name": manifest.name,
        "task_slug": slug_of(manifest.name),
        "run_id": task.run_id,
    }
    return _reported(report, head, validator, verdict, meta)


class _Asked:
    """One validator that is asked about one commit. ``meta`` tells afterwards how."""

    def __init__(
        self,
        context: Context,
        plan: ActivePlan,
        validator: ValidatorSettings,
        commit: str,
        about: str,
        exhibits: Sequence[Exhibit],
        tree: Tree,
        *,
        label: str,
        trigger: str | None = None,
    ) -> None:
        self._context, self._plan, self._validator, self._tree = context, plan, validator, tree
        self._prompt = judging_prompt(validator.name, about, exhibits, trigger=trigger)
        self._label = label
        self.more: Mapping[str, str] = {}
        self.meta: dict[str, Any] = {"commit": commit}

    def verdict(self) -> Verdict:
        """What comes of it. No answer that can be used is a verdict too."""
        try:
            return self._of_command() if self._validator.command is not None else self._of_answer()
        except AgencyError as error:
            if error.code in ("E_INTERRUPTED", "E_DISK_FULL", "E_STORE_FAILED"):
                raise
            self.meta["error"] = {"code": error.code, "message": error.message, "hint": error.hint}
            return Verdict(status=ERROR, summary=f"{error.code}: {error.message}")

    def _of_command(self) -> Verdict:
        plan, validator = self._plan, self._validator
        assert validator.command is not None
        shown = self._keep_prompt()
        ended = run_line(
            validator.command,
            directory=self._tree(),
            environ=self._context.environ,
            owner=plan.plan_id,
            timeout=validator.timeout,
            log=plan.log_file(f"validator-{self._label}.log"),
            more={
                "AGENCY_PLAN_ID": plan.plan_id,
                "AGENCY_VALIDATOR": validator.name,
                "AGENCY_VALIDATOR_INPUT": shown,
                "AGENCY_COMMIT": str(self.meta["commit"]),
                **self.more,
            },
        )
        self.meta |= {
            "by": "command",
            "command": validator.command,
            "exit_code": ended.exit_code,
            "log_path": ended.log,
            "seconds": round(ended.seconds, 3),
        }
        return verdict_of_command(validator.name, ended.exit_code, ended.out.decode("utf-8", "replace"))

    def _of_answer(self) -> Verdict:
        answer = self._answer()
        self.meta |= {
            "by": answer.by,
            "usage": _usage_record(answer.usage),
            "spent": {"tokens": answer.usage.total, "cost": self._cost(answer)} if answer.usage.total else {},
            "seconds": round(answer.seconds, 3),
        }
        return verdict_of_answer(self._validator.name, answer.value)

    def _answer(self) -> Answer:
        plan, validator, context = self._plan, self._validator, self._context
        name = validator.name
        question = Question(kind=f"validator.{name}", prompt=self._prompt, schema=SCHEMAS[name], stub=STUBS[name])
        if validator.mock or is_mocked(context.environ):
            return ask_mock(context, question)
        self._keep_prompt()
        log = plan.log_file(f"validator-{self._label}.log")
        place = Place(
            repo=plan.repo,
            directory=self._tree(),
            owner=plan.plan_id,
            timeout=validator.timeout,
            log=log,
        )
        self.meta["log_path"] = log
        return ask_runner(context, validator.runner or plan.settings.runner, validator.model, question, place)

    def _cost(self, answer: Answer) -> float:
        """US dollars, by the prices of the config where the runner does not tell."""
        if answer.cost is not None:
            return answer.cost
        repo = self._plan.repo
        prices = load_settings(repo.checkout or repo.root, self._context.paths.config).prices
        price = price_of(self._validator.model or "", prices)
        return price.of(answer.usage) if price is not None else 0.0

    def _keep_prompt(self) -> str:
        path = self._plan.log_file(f"validator-{self._label}.md")
        write_file(path, self._prompt.encode("utf-8", "replace"), durable=False)
        return path


@contextmanager
def _one_tree(context: Context, plan: ActivePlan, what: str, commit: str) -> Iterator[Tree]:
    """A worktree that is made when it is first asked for."""
    with ExitStack() as stack:
        made: list[str] = []

        def tree() -> str:
            if not made:
                place = f"{context.paths.judging(plan.repo.repo_id, plan.plan_id)}/{what}"
                made.append(stack.enter_context(standing_on(context, plan.repo, place, commit, owner=plan.plan_id)))
            return made[0]

        yield tree


def _reported(
    path: str,
    head: Mapping[str, Any],
    validator: ValidatorSettings,
    verdict: Verdict,
    meta: Mapping[str, Any],
    **more: str,
) -> dict[str, Any]:
    """Write the report of a verdict; what is to be told of it."""
    told = {
        "validator": validator.name,
        "mode": validator.mode,
        "status": verdict.status,
        "summary": verdict.summary[:1000],
        "report_path": path,
        **meta.get("spent", {}),
        **more,
    }
    make_directory(os.path.dirname(path))
    write_record(path, {"schema_version": "1.0", **head, **told, "result": verdict.result, "meta": dict(meta)})
    return told


def _known(path: str, commit: str) -> dict[str, Any] | None:
    """What is to be told of a report that is there, about that commit, and is no error."""
    try:
        record = read_record(path)
        if record["meta"]["commit"] != commit or record["status"] == ERROR:
            return None
        return {key: record[key] for key in _TOLD if key in record}
    except (OSError, ValueError, TypeError, KeyError):
        return None


_TOLD = ("validator", "mode", "status", "summary", "report_path", "trigger", "tokens", "cost")


def _usage_record(usage: Usage) -> dict[str, int]:
    return {"input": usage.input, "cached_input": usage.cached_input, "output": usage.output}
