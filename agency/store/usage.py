"""``usage.json``: what the agent of a run spent, kept beside its record because the agent's own files may be gone one day."""

from collections.abc import Iterable
from typing import Any

from agency.domain.usage import Spending, Usage
from agency.store.records import json_bytes, read_record, write_file


def read_spendings(directory: str) -> tuple[Spending, ...]:
    """What is kept for the run whose record stands in ``directory``; nothing when there is no such file or it cannot be used."""
    try:
        return tuple(_spending(kept) for kept in read_record(f"{directory}/usage.json")["spendings"])
    except (OSError, ValueError, TypeError, KeyError):
        return ()


def write_spendings(directory: str, spent: Iterable[Spending]) -> None:
    """Keep what was spent. Hold the repo lock. Raises E_DISK_FULL or E_STORE_FAILED."""
    record = {"schema_version": "1.0", "spendings": [_record(one) for one in spent]}
    write_file(f"{directory}/usage.json", json_bytes(record) + b"\n")


def _spending(record: dict[str, Any]) -> Spending:
    cost = record.get("cost")
    return Spending(
        at=float(record["at"]),
        model=str(record["model"]),
        usage=Usage(input=int(record["input"]), cached_input=int(record["cached_input"]), output=int(record["output"])),
        cost=float(cost) if cost is not None else None,
        key=str(record.get("key") or ""),
    )


def _record(one: Spending) -> dict[str, Any]:
    return {
        "at": one.at,
        "model": one.model,
        "input": one.usage.input,
        "cached_input": one.usage.cached_input,
        "output": one.usage.output,
        **({"cost": one.cost} if one.cost is not None else {}),
        **({"key": one.key} if one.key else {}),
    }
