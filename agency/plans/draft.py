"""Drafting a plan: a planner makes tasks of a free text, which become the files of a plan. What a person changed in them is not
overwritten without a word."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agency.config.plan import parse_manifest, read_plan_values, settings_from, task_directories, values_of
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import NAME_RULE, is_valid_name
from agency.domain.manifest import Manifest, slug_of
from agency.domain.planner import (
    PLAN_ACCEPTED,
    PLAN_SCHEMA,
    Change,
    changes,
    parts_of_task,
    planner_prompt,
)
from agency.domain.plansettings import PlanSettings
from agency.domain.repo import Repo
from agency.plans.ask import Answer, Place, Question, ask_file, ask_mock, ask_runner, is_mocked
from agency.plans.draftfiles import (
    ANSWER,
    INDEX,
    as_json_text,
    carry_out,
    digests_of,
    drafted_before,
    files_in,
    write_text,
)
from agency.plans.judgetree import asker_in, asking_place, standing_on
from agency.plans.load import invalid_plan, plan_directory_of, problems_with, settings_files
from agency.plans.scaffold import is_scaffold
from agency.sessions.context import Context
from agency.store.eventlog import now
from agency.tools.git.command import Git
from agency.tools.git.worktree import resolve

_TIMEOUT = 1800.0


@frozen
class Planner:
    """Who plans: the ``runner`` of that name (None: the one of the plan or the config) with a ``model``, a stand-in (``mock``),
    or a ``file`` with the answer."""

    runner: str | None = None
    model: str | None = None
    mock: bool = False
    file: str | None = None


@frozen
class DraftRequest:
    """Which plan is drafted from what ``text``, found in the file ``source``. ``force``: also over what a person changed;
    ``dry_run``: nothing is written."""

    name: str
    text: str
    source: str | None
    planner: Planner
    force: bool = False
    dry_run: bool = False


@frozen
class Draft:
    """What was drafted: the tasks, what that did to their directories (relative to ``directory``), and who planned at what cost.
    ``kept`` is where a person's files are that were replaced, None where there were none."""

    name: str
    directory: str
    manifests: tuple[Manifest, ...]
    changes: tuple[Change, ...]
    answer: Answer
    kept: str | None = None


@dataclass(slots=True, kw_only=True)
class _Tasks:
    """What a planner said, as tasks with the files of each, and everything that is wrong with them."""

    manifests: list[Manifest] = field(default_factory=list)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def draft_plan(context: Context, repo: Repo, request: DraftRequest) -> Draft:
    """Draft a plan.

    Raises E_INVALID_NAME, E_INVALID_PLAN with everything that is wrong at once, E_PLAN_EXISTS when a person's changes would be
    overwritten, E_EMPTY_REPO, E_STORE_FAILED, and what asking raises.
    """
    name = request.name
    settings = require_plannable(repo, name)
    answer, tasks = _planned(context, repo, request, settings)
    directory = plan_directory_of(repo, name)
    if tasks.problems:
        error = invalid_plan(name, tasks.problems)
        if request.planner.file is not None or request.dry_run:
            raise AgencyError(error.code, error.message, hint="mend what was planned", **error.details)
        write_text(f"{directory}/{ANSWER}", as_json_text(answer.value))
        hint = f"mend {directory}/{ANSWER}, then: agency plan draft {name} --from {directory}/{ANSWER}"
        raise AgencyError(error.code, error.message, hint=hint, **error.details)
    places = {os.path.basename(place): place for place in task_directories(f"{directory}/tasks")}
    found = {task: files_in(place) for task, place in places.items()}
    told = changes(
        {task: digests_of(files) for task, files in found.items()},
        {task: digests_of(files) for task, files in tasks.files.items()},
        drafted_before(directory),
        [task for task, place in places.items() if is_scaffold(place)],
    )
    kept = None
    if not request.dry_run:
        lost = [change for change in told if change.by_hand]
        write_text(f"{directory}/{ANSWER}", as_json_text(answer.value))
        if lost and not request.force:
            raise _would_be_lost(name, directory, lost)
        kept = carry_out(directory, places, tasks.files, told)
        write_text(f"{directory}/{INDEX}", as_json_text(_index(repo, request, directory, tasks, answer)))
    return Draft(
        name=name, directory=directory, manifests=tuple(tasks.manifests), changes=told, answer=answer, kept=kept
    )


def require_plannable(repo: Repo, name: str) -> PlanSettings:
    """The settings that hold for a plan. Raises E_INVALID_NAME, E_INVALID_PLAN when they are not enough to plan by."""
    if not is_valid_name(name):
        raise AgencyError("E_INVALID_NAME", f"{name!r} cannot name a plan", hint=f"a name has {NAME_RULE}")
    settings = settings_from(read_plan_values(settings_files(repo, name)))
    if settings.doctor is None:
        raise AgencyError(
            "E_INVALID_PLAN",
            "plan.yaml names no doctor to judge the whole with",
            hint=f"agency plan init {name} makes a plan.yaml; name the doctor and the resources in it",
            file=settings_files(repo, name)[0],
        )
    return settings


def _planned(context: Context, repo: Repo, request: DraftRequest, settings: PlanSettings) -> tuple[Answer, _Tasks]:
    """What the planner says. A runner whose tasks cannot be used is told why and asked once more."""
    planner = request.planner
    files = Git(environ=context.environ, tree=repo.checkout or repo.root).items("ls-files", "-z")

    def planned(problems: Sequence[str] = (), earlier: str | None = None) -> tuple[Answer, _Tasks]:
        prompt = planner_prompt(
            project=os.path.basename(repo.root),
            plan=request.text,
            settings=settings,
            files=files,
            problems=problems,
            earlier=earlier,
        )
        question = Question(kind="plan", prompt=prompt, schema=PLAN_SCHEMA, accepts=PLAN_ACCEPTED)
        answer = ask_planner(context, repo, planner, settings.runner, question)
        return answer, _tasks_of(answer.value, settings)

    answer, tasks = planned()
    if tasks.problems and planner.file is None and not (planner.mock or is_mocked(context.environ)):
        context.tell(f"{answer.by} planned tasks with {len(tasks.problems)} problems, and is asked to mend them")
        first = answer
        answer, tasks = planned(tasks.problems, json.dumps(first.value))
        answer = replace(answer, usage=first.usage + answer.usage, cost=_sum(first.cost, answer.cost))
    return answer, tasks


def ask_planner(context: Context, repo: Repo, planner: Planner, runner: str | None, question: Question) -> Answer:
    """What the planner says; ``runner`` is the one of the plan. Raises E_EMPTY_REPO, and what asking raises."""
    if planner.file is not None:
        return ask_file(os.path.join(context.cwd, planner.file), question)
    if planner.mock or is_mocked(context.environ):
        return ask_mock(context, question)
    return _ask_in_copy(context, repo, planner.runner or runner, planner.model, question)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None and other is None else (one or 0.0) + (other or 0.0)


def _ask_in_copy(context: Context, repo: Repo, runner: str | None, model: str | None, question: Question) -> Answer:
    """Ask a runner that stands in a copy of HEAD, which goes afterwards. Raises E_EMPTY_REPO, and what asking raises."""
    head = resolve(Git(environ=context.environ, tree=repo.checkout, git_dir=repo.git_dir), "HEAD")
    if head is None:
        raise AgencyError("E_EMPTY_REPO", "the repository has no commit yet", hint="git commit something first")
    place = asking_place(context, repo)
    owner = asker_in(place)
    log = f"{context.paths.repo(repo.repo_id)}/asked.log"
    with (
        context.busy(f"asking {runner or 'the runner'} ({question.kind.partition('#')[0]})"),
        standing_on(context, repo, place, head, owner=owner) as tree,
    ):
        asked = Place(repo=repo, directory=tree, owner=owner, timeout=_TIMEOUT, log=log)
        return ask_runner(context, runner, model, question, asked)


def _tasks_of(value: Mapping[str, Any], settings: PlanSettings) -> _Tasks:
    tasks = _Tasks()
    unread: list[str] = []
    for number, item in enumerate(value["tasks"]):
        values, spec = parts_of_task(item)
        where = f"task {values['id']}" if isinstance(values.get("id"), str) else f"tasks[{number}]"
        directory = f"{values.get('id')}-{slug_of(str(values.get('name')))}"
        try:
            manifest = parse_manifest(values, where=where, spec=spec, directory=directory)
        except AgencyError as error:
            tasks.problems.append(f"{where}: {error.message}")
            unread.append(str(values.get("id")))
            continue
        tasks.manifests.append(manifest)
        tasks.files[directory] = {"manifest.json": as_json_text(values_of(manifest)), "spec.md": spec.strip() + "\n"}
    tasks.manifests.sort(key=lambda manifest: manifest.order)
    if tasks.manifests:
        tasks.problems += problems_with(tasks.manifests, settings, elsewhere=unread)
    return tasks


def _index(repo: Repo, request: DraftRequest, directory: str, tasks: _Tasks, answer: Answer) -> dict[str, Any]:
    usage = {"input": answer.usage.input, "cached_input": answer.usage.cached_input, "output": answer.usage.output}
    return {
        "schema_version": "1.0",
        "generated_at": now(),
        "project": os.path.basename(repo.root),
        "input": request.source,
        "output_dir": f"{directory}/tasks",
        "by": answer.by,
        "usage": usage,
        "cost": answer.cost,
        "task_count": len(tasks.manifests),
        "tasks": [
            {
                "id": manifest.task_id,
                "name": manifest.name,
                "dir": manifest.directory,
                "files": digests_of(tasks.files[manifest.directory]),
            }
            for manifest in tasks.manifests
        ],
    }


def _would_be_lost(name: str, directory: str, lost: list[Change]) -> AgencyError:
    return AgencyError(
        "E_PLAN_EXISTS",
        f"plan {name} has {len(lost)} task{'' if len(lost) == 1 else 's'} that were changed by hand since they were drafted",
        hint=f"agency plan draft {name} --from {directory}/{ANSWER} --force puts what was drafted now in their place",
        changed=[f"{change.directory} would be {change.what}" for change in lost],
    )
