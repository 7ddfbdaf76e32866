"""Reading usage from the files of agents: in the forms that were seen, and whatever else stands there."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.domain.usage import Spending, Usage, total_usage
from agency.runners import claude_usage, codex_usage
from agency.runners.jsonlines import count

ROOT = "01a1f7b9-0bba-7452-8ad4-464b77f3073b"
HELPER = "01a1f7b9-0e08-7061-9e95-8e40a8326318"
TIME = "2026-11-20T06:51:02.137Z"


def _usage(input: int, cached: int, output: int) -> dict[str, int]:
    return {"input_tokens": input, "cached_input_tokens": cached, "output_tokens": output, "reasoning_output_tokens": 1}


def _count(answer: tuple[int, int, int], total: tuple[int, int, int]) -> dict[str, Any]:
    info = {"last_token_usage": _usage(*answer), "total_token_usage": _usage(*total)}
    return {"timestamp": TIME, "type": "event_msg", "payload": {"type": "token_count", "info": info}}


def _record(answer: tuple[int, int, int], total: tuple[int, int, int], response: str) -> dict[str, Any]:
    payload = {"response_id": response, "usage": _usage(*answer), "thread_token_usage": _usage(*total)}
    return {"timestamp": TIME, "type": "token_usage_record", "payload": payload}


def _context(model: str) -> dict[str, Any]:
    return {"timestamp": TIME, "type": "turn_context", "payload": {"model": model}}


def _spawn(thread: str) -> dict[str, Any]:
    item = {"type": "CollabAgentToolCall", "tool": "spawn_agent", "receiver_thread_ids": [thread]}
    return {"timestamp": TIME, "type": "event_msg", "payload": {"type": "item_completed", "item": item}}


def _session(place: Path, thread: str, lines: Iterable[object]) -> Path:
    path = place / "2026" / "11" / "20" / f"rollout-2026-11-20T06-51-02-{thread}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def _codex(place: Path, thread: str = ROOT) -> list[Usage]:
    return [one.usage for one in codex_usage.read_spendings(str(place), thread)]


def test_a_total_that_comes_again_is_no_new_answer(tmp_path: Path) -> None:
    first, second = (1000, 100, 5), (3000, 900, 15)
    lines = [_context("m"), _count(first, first), _count(first, first), _count((2000, 800, 10), second)]
    _session(tmp_path, ROOT, lines)
    assert _codex(tmp_path) == [
        Usage(input=900, cached_input=100, output=5),
        Usage(input=1200, cached_input=800, output=10),
    ]


def test_a_record_and_the_count_after_it_are_one_answer(tmp_path: Path) -> None:
    first, total = (1000, 100, 5), (3000, 900, 15)
    lines = [
        _record(first, first, "r1"),
        _count(first, first),
        _record((2000, 800, 10), total, "r2"),
        _count((2000, 800, 10), total),
    ]
    _session(tmp_path, ROOT, lines)
    assert sum(_codex(tmp_path), Usage()) == Usage(input=2100, cached_input=900, output=15)


def test_the_totals_that_a_fork_begins_with_are_not_its_own(tmp_path: Path) -> None:
    _session(tmp_path, ROOT, [_record((100, 0, 7), (90_100, 80_000, 907), "r1")])
    assert _codex(tmp_path) == [Usage(input=100, output=7)]


def test_totals_that_begin_anew_are_no_negative_usage(tmp_path: Path) -> None:
    _session(tmp_path, ROOT, [_count((100, 0, 7), (100, 0, 7)), _count((10, 0, 1), (10, 0, 1))])
    assert _codex(tmp_path) == [Usage(input=100, output=7), Usage(input=10, output=1)]


def test_sub_agents_are_followed_once_however_deep(tmp_path: Path) -> None:
    _session(tmp_path, ROOT, [_context("big"), _count((10, 0, 1), (10, 0, 1)), _spawn(HELPER), _spawn(HELPER)])
    _session(tmp_path, HELPER, [_context("small"), _count((20, 0, 2), (20, 0, 2)), _spawn(ROOT)])
    spent = codex_usage.read_spendings(str(tmp_path), ROOT)
    assert sorted((one.model, one.usage.input) for one in spent) == [("big", 10), ("small", 20)]


def test_a_conversation_without_a_file_used_nothing(tmp_path: Path) -> None:
    assert codex_usage.read_spendings(str(tmp_path), ROOT) == ()
    assert claude_usage.read_spendings(str(tmp_path), ROOT) == ()


def test_a_file_that_grew_is_read_again(tmp_path: Path) -> None:
    path = _session(tmp_path, ROOT, [_count((10, 0, 1), (10, 0, 1))])
    assert len(_codex(tmp_path)) == 1
    with path.open("a") as file:
        file.write(json.dumps(_count((10, 0, 1), (20, 0, 2))) + "\n")
    assert len(_codex(tmp_path)) == 2


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["usage", "message", "payload", "type", "info", "item", "input_tokens", "output_tokens", "id"]
            )
            | st.text(max_size=5),
            inner | st.sampled_from(["assistant", "token_usage_record", "token_count", "turn_context", "spawn_agent"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)
KNOWN = [
    {"type": "assistant", "timestamp": TIME, "message": {"id": "a", "usage": {"input_tokens": 5, "output_tokens": 1}}},
    _record((5, 0, 1), (5, 0, 1), "r1"),
]


@pytest.mark.parametrize("read", [claude_usage.read_spendings, codex_usage.read_spendings], ids=["claude", "codex"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(odd=st.lists(values, max_size=6), torn=st.text(max_size=30), position=st.integers(0, 6))
def test_odd_lines_neither_fail_nor_count_less_than_what_is_known(
    read: Callable[[str, str], tuple[Spending, ...]],
    tmp_path_factory: pytest.TempPathFactory,
    odd: list[Any],
    torn: str,
    position: int,
) -> None:
    place = tmp_path_factory.mktemp("files")
    lines = [*odd[:position], *KNOWN, *odd[position:]]
    path = _session(place, ROOT, lines)
    path.write_bytes(path.read_bytes() + b'{"usage": ' + torn.encode("utf-8", "surrogatepass"))
    (place / "project").mkdir()
    (place / "project" / f"{ROOT}.jsonl").write_bytes(path.read_bytes())
    spent = read(str(place), ROOT)
    assert all(min(one.usage.input, one.usage.cached_input, one.usage.output) >= 0 for one in spent)
    assert total_usage(spent).total >= 6


@given(values)
def test_only_numbers_count(value: object) -> None:
    assert count(value) == (value if type(value) is int and value > 0 else 0)
