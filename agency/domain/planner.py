"""What a planner is asked to make of a plan in free text, and what follows for the files of a plan from what it says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.jsonshape import TEXT, TEXTS, list_of, one_of, or_null, shape
from agency.domain.manifest import TDD_MODES
from agency.domain.plansettings import PlanSettings

_ACCESS = shape({"reads": TEXTS, "writes": TEXTS})
TASK_SCHEMA = shape(
    {
        "id": TEXT,
        "name": TEXT,
        "description": TEXT,
        "estimated_minutes": {"type": "integer"},
        "dependencies": TEXTS,
        "locks": _ACCESS,
        "files": _ACCESS,
        "affected_tests": TEXTS,
        "test_paths": TEXTS,
        "tdd_mode": one_of(TDD_MODES),
        "verify": shape({"doctor": TEXT, "fast": or_null("string"), "lint": or_null("string")}),
        "spec": TEXT,
    }
)
PLAN_SCHEMA = shape({"tasks": list_of(TASK_SCHEMA)})
"""What a planner is asked for: tasks, each with the keys of its manifest and, as ``spec``, the text of its spec.md."""

PLAN_ACCEPTED: Mapping[str, Any] = {
    "type": "object",
    "required": ["tasks"],
    "properties": {"tasks": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
}
"""What is taken from anybody: how each task is made up is looked at task by task."""

_MOST_FILES, _MOST_PLAN = 60_000, 200_000
"""Characters of the list of files and of the plan."""

_RULES = """\
Turn the plan below into tasks that coding agents carry out, each alone, in a worktree of its own, without asking anybody.

Rules:
- A task is one change that can be judged and merged by itself, of 15 to 90 minutes. Make as few as that allows.
- id: 001, 002, ... in the order in which they would be done. name: lower-case words with hyphens. description: one sentence.
- spec: markdown for somebody who knows neither the plan nor the other tasks: what to do and why, where, what counts as done,
  what is not part of it. Say everything that is needed; the plan itself is not shown.
- locks.writes names every resource that the task writes into, locks.reads those that it needs to stay as they are. Tasks that
  lock the same resource to write are never worked on at the same time, so lock no more than needed.
- files.writes are path patterns for all that it will create or change, tests too; each has to belong to a resource in
  locks.writes.
- dependencies are ids of tasks whose work has to be merged before. They must not go in a ring.
- verify.doctor is a command line that succeeds only when the task is done, run in the worktree. It has to hold as soon as this
  task is done, whatever of the others is. verify.fast runs the tests of the task alone in seconds; null where there is none.
  verify.lint is null where that of the plan will do.
- tdd_mode strict has tests written first that fail; it needs verify.fast, test_paths and affected_tests. Else off.
"""


@frozen
class Change:
    """What drafting does to the directory of one task. ``what`` is ``made``, ``changed``, ``removed`` or ``same``; ``by_hand``:
    it is not as it was drafted, so that something of a person's would be lost."""

    directory: str
    what: str
    by_hand: bool = False


def planner_prompt(
    *,
    project: str,
    plan: str,
    settings: PlanSettings,
    files: Sequence[str],
    problems: Sequence[str] = (),
    earlier: str | None = None,
) -> str:
    """What a planner is told. ``problems`` are those of what it said before (``earlier``)."""
    resources = [
        f"- {one.name}: {', '.join(one.paths)}{f' ({one.description})' if one.description else ''}"
        for one in settings.resources
    ]
    resources.append(f"- {settings.fallback_resource}: everything that belongs to no other")
    parts = [
        f"You plan the work on the project {project}. You may look at its files, and change none.",
        _RULES,
        "Resources, and what belongs to each:\n" + "\n".join(resources),
        f"The doctor of the whole, which is run on finished tasks combined with the branch: {settings.doctor}",
    ]
    if settings.lint is not None:
        parts.append(f"The lint of the plan, which goes before the doctor of each task: {settings.lint}")
    parts.append(f"Files count as tests that fit one of: {', '.join(settings.test_paths)}")
    parts.append("The files of the project:\n" + _listed(files))
    parts.append("The plan:\n\n" + plan.strip()[:_MOST_PLAN])
    if problems:
        parts.append(f"You planned this before:\n\n{earlier}")
        parts.append("It cannot be used as it is. Mend all of it:\n" + "\n".join(f"- {one}" for one in problems))
    return "\n\n".join(parts) + "\n"


def parts_of_task(task: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The manifest and the spec in one item of an answer, what is null left out. The manifest may be an object of its own."""
    values = {key: value for key, value in task.items() if key != "spec" and value is not None}
    nested = values.get("manifest")
    if isinstance(nested, dict) and set(values) == {"manifest"}:
        values = {key: value for key, value in nested.items() if value is not None}
    verify = values.get("verify")
    if isinstance(verify, dict):
        values["verify"] = {key: value for key, value in verify.items() if value is not None}
    spec = task.get("spec")
    return values, spec if isinstance(spec, str) else ""


def changes(
    now: Mapping[str, Mapping[str, str]],
    new: Mapping[str, Mapping[str, str]],
    drafted: Mapping[str, Mapping[str, str]],
    untouched: Iterable[str] = (),
) -> tuple[Change, ...]:
    """What has to be done to directories of tasks, by their names. Each is given by its files and the digests of those: as they
    are ``now``, as they are to be (``new``), and as they were ``drafted`` last. ``untouched`` are more that no person has
    changed."""
    told = []
    for name in sorted({*now, *new}):
        by_hand = name in now and now[name] != drafted.get(name) and name not in untouched
        if name not in now:
            told.append(Change(directory=name, what="made"))
        elif name not in new:
            told.append(Change(directory=name, what="removed", by_hand=by_hand))
        elif now[name] == new[name]:
            told.append(Change(directory=name, what="same"))
        else:
            told.append(Change(directory=name, what="changed", by_hand=by_hand))
    return tuple(told)


def _listed(files: Sequence[str]) -> str:
    shown: list[str] = []
    size = 0
    for path in files:
        size += len(path) + 1
        if size > _MOST_FILES:
            return "\n".join([*shown, f"[{len(files) - len(shown)} more are left out]"])
        shown.append(path)
    return "\n".join(shown) or "(none yet)"
