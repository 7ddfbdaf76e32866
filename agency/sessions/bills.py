"""``agency usage``, and how usage is told: sums of tokens and money, by run, model and attempt."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from agency.domain.cost import Bill, bill, bills_by_model
from agency.domain.frozen import frozen
from agency.domain.run import BrokenRun, Run
from agency.domain.usage import Price, Spending, by_launch
from agency.sessions.context import Context
from agency.sessions.find import find_repo
from agency.sessions.usage import RunUsage, usages_of
from agency.store.repos import read_repo
from agency.store.runs import list_repo_ids, list_runs


@frozen
class Bills:
    """What runs spent, newest first, and those whose agent does not tell."""

    billed: tuple[tuple[Run, RunUsage], ...]
    silent: tuple[Run | BrokenRun, ...]

    @property
    def total(self) -> Bill:
        """All of it."""
        return sum((usage.bill for _, usage in self.billed), Bill())


def bills_of(context: Context, *, repo: str | None, every_repo: bool, archived: bool, since: float | None) -> Bills:
    """What the runs of a repo (the caller's, else all) spent, with the archived ones where asked for.

    ``since`` (seconds since 1970) leaves out what was spent before, and the runs that spent nothing since. Writes nothing.
    """
    here = None if every_repo else find_repo(context, repo)
    repo_ids = [here.repo_id] if here is not None else list_repo_ids(context.paths)
    runs = [run for repo_id in repo_ids for run in list_runs(context.paths, repo_id)]
    if archived:
        runs += [run for repo_id in repo_ids for run in list_runs(context.paths, repo_id, archived=True)]
    runs.sort(key=lambda run: (run.created_at if isinstance(run, Run) else "", run.run_id), reverse=True)
    usages = usages_of(context, runs)
    billed = []
    for run in runs:
        usage = usages.get(run.run_id)
        if usage is not None and isinstance(run, Run):
            usage = usage.since(since) if since is not None else usage
            if since is None or usage.spent:
                billed.append((run, usage))
    return Bills(billed=tuple(billed), silent=tuple(run for run in runs if run.run_id not in usages))


def describe_bills(context: Context, bills: Bills) -> dict[str, object]:
    """The same as ``usage --json`` prints it."""
    return {
        "runs": [
            {
                "run_id": run.run_id,
                "repo_id": run.repo_id,
                "repo_key": read_repo(context.paths, run.repo_id).get("repo_key"),
                "name": run.name,
                "runner": run.runner,
                "archived": run.archived,
                **describe_usage(usage),
            }
            for run, usage in bills.billed
        ],
        "without_usage": [run.run_id for run in bills.silent],
        "total": describe_bill(bills.total),
    }


def describe_usage(usage: RunUsage) -> dict[str, object]:
    """What a run spent, as ``show --json`` prints it: in all, by model and by attempt."""
    return {
        **describe_bill(usage.bill),
        "models": _by_model(usage.spent, usage.prices),
        "attempts": [
            {
                "attempt": start.number,
                "started_at": f"{datetime.fromtimestamp(start.at, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
                **describe_bill(bill(part, usage.prices)),
                "models": _by_model(part, usage.prices),
            }
            for start, part in by_launch(usage.spent, usage.starts)
        ],
    }


def describe_bill(told: Bill) -> dict[str, object]:
    """A sum: ``cost`` is null when nothing of it is known; what it does not hold is named in ``unpriced_models``."""
    cost = told.known_cost
    return {
        "input": told.usage.input,
        "cached_input": told.usage.cached_input,
        "output": told.usage.output,
        "total": told.usage.total,
        "cost": round(cost, 9) if cost is not None else None,
        "cost_complete": told.is_complete,
        "cost_from": sorted(told.sources),
        "unpriced_models": sorted(told.unpriced),
    }


def _by_model(spent: Iterable[Spending], prices: Mapping[str, Price]) -> dict[str, dict[str, object]]:
    return {model: describe_bill(told) for model, told in bills_by_model(spent, prices).items()}
