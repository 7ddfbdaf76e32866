"""agency resolve"""

from typing import TYPE_CHECKING

import click

from agency.cli.options import as_json, common, make_context, ref_argument
from agency.cli.output import note, print_json, print_line, print_pairs

if TYPE_CHECKING:
    from agency.domain.resolution import Card
    from agency.sessions.reopen import Started

_SAYS = {
    "clear": "none",
    "empty": "none; the branch has nothing that {base} lacks",
    "unknown": "not known, as the branch is gone",
}


@click.command("resolve", short_help="The way out of a conflict.")
@ref_argument
@click.option("--into", metavar="BRANCH", help="The branch the work is to go to, when not the parent branch.")
@click.option("--start", is_flag=True, help="Open the conflict in the worktree and tell the runner.")
@click.option("--no-tell", is_flag=True, help="With --start: type nothing into the runner.")
@as_json
@common
def command(
    ref: str, into: str | None, start: bool, no_tell: bool, as_json: bool, repo: str | None, lock_timeout: float
) -> None:
    """Show which paths of a run conflict with the branch that its work is to go to, and what to type next.

    That branch is the parent; for a run with a pull request, the parent of origin as it was last fetched. With --start the
    branch of the run is rebased onto it in its worktree, which stops at a conflict and leaves it open there. A living runner is
    asked to mend it. Where the branch was stays in git under refs/agency/before/RUN_ID.
    """
    from agency.sessions.find import require_run
    from agency.sessions.reopen import open_conflict
    from agency.sessions.resolve import card_of

    if no_tell and not start:
        raise click.UsageError("--no-tell says how to --start")
    context = make_context("resolve", lock_timeout)
    run = require_run(context, ref, repo=repo)
    started = open_conflict(context, run, into=into, tell=not no_tell) if start else None
    card = started.card if started is not None else card_of(context, run, into=into)
    if as_json:
        print_json("data", _described(card, started))
    else:
        _print(card, started)


def _print(card: "Card", started: "Started | None") -> None:
    if started is not None:
        note(
            {
                "opened": f"rebasing {card.branch} on {card.base} stopped at a conflict",
                "rebased": "rebased, nothing conflicts",
                "current": f"{card.branch} has all of {card.base} already",
                "under way": f"a rebase is under way in the worktree of {card.name} already",
            }[started.how]
        )
    missing = "" if card.worktree_present else f" (missing; agency restore {card.name} brings it back)"
    says = _SAYS.get(card.state, "").format(base=card.base)
    paths = [_shown(path) for path in card.paths]
    print_pairs(
        {
            **({"pr": card.pr} if card.pr is not None else {}),
            "base": card.base,
            "branch": card.branch,
            "worktree": f"{card.worktree}{missing}",
            "conflicts": ", ".join(paths) or says or "none left",
            **({"told": started.telling} if started is not None and started.telling is not None else {}),
        }
    )
    print_line("next:")
    steps = card.steps
    width = min(60, max((len(step.command) for step in steps), default=0))
    for number, step in enumerate(steps, 1):
        print_line(f"  {number}. {_shown(step.command).ljust(width)}  # {step.does}")
    undo = started.undo if started is not None else card.undo
    if undo is not None:
        print_line(f"undo: {undo}")


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _described(card: "Card", started: "Started | None") -> dict[str, object]:
    telling = started.telling if started is not None else None
    return {
        "run_id": card.run_id,
        "name": card.name,
        "pr": card.pr,
        "base": card.base,
        "branch": card.branch,
        "worktree": card.worktree,
        "worktree_present": card.worktree_present,
        "state": card.state,
        "conflicts": list(card.paths),
        "next": [{"command": step.command, "does": step.does} for step in card.steps],
        "started": started.how if started is not None else None,
        "undo": started.undo if started is not None else card.undo,
        "told": telling.told if telling is not None else None,
        "took_it": telling.took_it if telling is not None else None,
        "not_told_because": telling.reason if telling is not None else None,
    }
