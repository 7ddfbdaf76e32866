"""What tells a task from what it was before."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.ledger import LedgerEntry, entry_from_record, fingerprint_of, record_of_entry, why_not

ENTRY = LedgerEntry(
    plan="night", task_id="1", fingerprint="f", merge_commit="c" * 40, branch="main", plan_id="p", completed_at="t"
)
VALUES: dict[str, Any] = {"id": "1", "locks": {"reads": ["b", "a"], "writes": []}, "verify": {"doctor": "true"}}


@given(st.randoms(), st.sampled_from(["do\nit\n", "do\r\nit", "do  \nit\t\n\n", "do\rit"]))
def test_order_line_ends_and_trailing_blanks_do_not_matter(chance: random.Random, spec: str) -> None:
    items = list(VALUES.items())
    chance.shuffle(items)
    reads = ["a", "b"]
    chance.shuffle(reads)
    shuffled = {**dict(items), "locks": {"writes": [], "reads": reads}}
    assert fingerprint_of(shuffled, spec) == fingerprint_of(VALUES, "do\nit")


@pytest.mark.parametrize(
    ("values", "spec"), [({**VALUES, "verify": {"doctor": "false"}}, "do"), (VALUES, "do it"), (VALUES, " do")]
)
def test_anything_else_does(values: dict[str, Any], spec: str) -> None:
    assert fingerprint_of(values, spec) != fingerprint_of(VALUES, "do")


def test_a_task_counts_while_it_is_what_it_was_and_its_commit_is_there() -> None:
    assert why_not(ENTRY, "f", reachable=True, branch="main") is None
    assert why_not(ENTRY, None, reachable=True, branch="main") is None
    assert why_not(ENTRY, "g", reachable=True, branch="main") == "it was changed since"
    assert why_not(ENTRY, "f", reachable=False, branch="main") == f"its commit {'c' * 12} is not in main"


def test_an_entry_comes_back_from_its_record_as_it_was() -> None:
    assert entry_from_record(record_of_entry(ENTRY)) == ENTRY
    with pytest.raises(ValueError, match="lacks"):
        entry_from_record({**record_of_entry(ENTRY), "merge_commit": ""})
