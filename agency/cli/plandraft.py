"""What the commands that draft plans share."""

import os
import sys
from typing import TYPE_CHECKING

from agency.cli.output import note, print_json, print_line, table
from agency.domain.errors import AgencyError
from agency.domain.ids import NAME_MAX
from agency.domain.manifest import slug_of

if TYPE_CHECKING:
    from agency.plans.draft import Draft, Planner
    from agency.sessions.context import Context


def read_plan_text(context: "Context", name: str | None, source: str | None, *, as_text: bool) -> tuple[str, str]:
    """The name of a plan, which is that of the file where none is given, and with ``as_text`` the text in that. Raises
    E_USAGE."""
    path = os.path.join(context.cwd, source) if source not in (None, "-") else None
    if name is None:
        if path is None:
            raise AgencyError(
                "E_USAGE", "a plan from standard input has no name", hint="agency plan draft NAME --input -"
            )
        name = slug_of(os.path.basename(path).partition(".")[0])[:NAME_MAX].strip("-")
    if not as_text:
        return name, ""
    try:
        if path is None:
            return name, sys.stdin.read()
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise AgencyError("E_USAGE", f"{source} cannot be read: {reason}", hint="name a file with the plan") from error
    if not text.strip():
        raise AgencyError("E_USAGE", f"{source} is empty", hint="write down what is to be done")
    return name, text


def who_plans(*, runner: str | None, model: str | None, mock: bool, file: str | None) -> "Planner":
    """The planner that options name. Raises E_USAGE when they name several."""
    from agency.plans.draft import Planner

    if sum((runner is not None or model is not None, mock, file is not None)) > 1:
        raise AgencyError("E_USAGE", "--runner, --mock and --from exclude each other", hint="give one of them")
    return Planner(runner=runner, model=model, mock=mock, file=file)


def print_draft(draft: "Draft", *, as_json: bool, dry_run: bool, carried_out: bool = False) -> None:
    """Print what was drafted, or would be."""
    usage = draft.answer.usage
    if as_json:
        result = {
            "name": draft.name,
            "directory": draft.directory,
            "dry_run": dry_run,
            "tasks": [
                {
                    "id": one.task_id,
                    "name": one.name,
                    "directory": one.directory,
                    "dependencies": list(one.dependencies),
                }
                for one in draft.manifests
            ],
            "changes": [
                {"directory": one.directory, "what": one.what, "by_hand": one.by_hand} for one in draft.changes
            ],
            "kept": draft.kept,
            "by": draft.answer.by,
            "usage": {"input": usage.input, "cached_input": usage.cached_input, "output": usage.output},
            "cost": draft.answer.cost,
        }
        print_json("data", result)
        return
    rows = [
        (
            one.directory,
            f"{'would be ' if dry_run and one.what != 'same' else ''}{one.what}",
            "changed by hand: --force" if dry_run and one.by_hand else "",
        )
        for one in draft.changes
    ]
    print_line(table(("TASK", "", ""), rows))
    if usage.total:
        cost = f", {draft.answer.cost:.4f} US dollars" if draft.answer.cost is not None else ""
        note(f"{draft.answer.by} used {usage.total} tokens{cost}")
    if draft.kept is not None:
        note(f"what was changed by hand is kept in {draft.kept}")
    if not dry_run and not carried_out:
        print_line(f"next: agency plan show {draft.name}, then agency plan run {draft.name}")
