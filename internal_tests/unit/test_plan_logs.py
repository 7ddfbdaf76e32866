"""How the logs of a plan are read: the index says what the logs say, and what is told uses the keys that events have."""

import json
import tempfile
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agency.domain.events import EVENTS
from agency.domain.planadvice import Surroundings, next_command
from agency.domain.planfailures import _KINDS, failures_of
from agency.domain.planlog import OF_PLAN, LogEvent, LogQuery, in_order
from agency.domain.planstate import REVIEW, Review, TaskState
from agency.domain.planstory import _TOLD, story_of
from agency.domain.plansummary import batch_sizes
from agency.store.logsources import LogSource, Tails, read_whole
from agency.store.planindex import ask_index

NAMES = ("run.start", "doctor.start", "doctor.fail", "task.complete")


def event(name: str, data: Mapping[str, Any] | None = None, task_id: str | None = None, seq: int = 1) -> LogEvent:
    """An event of a plan."""
    return LogEvent(
        source=OF_PLAN, seq=seq, timestamp="2026-01-01", event=name, task_id=task_id, raw="{}", data=data or {}
    )


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


changes = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "append", "torn", "cut", "replace", "remove"]),
        st.sampled_from(["plan", "a", "b"]),
        st.sampled_from(NAMES),
        st.sampled_from([None, "001", "002"]),
    ),
    max_size=8,
)
queries = st.builds(
    LogQuery,
    task_id=st.sampled_from([None, "001"]),
    event=st.sampled_from([None, "doctor.*", "run.start", "*", "[dt]*", "Doctor.*"]),
    text=st.sampled_from([None, "complete", "é"]),
)


@pytest.mark.plan_case(21)
@settings(max_examples=30)
@given(changes, st.lists(queries, min_size=1, max_size=2))
def test_the_index_says_what_the_logs_say_whatever_becomes_of_them(
    steps: list[tuple[str, str, str, str | None]], asked: list[LogQuery]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        sources = [LogSource(name=name, path=f"{directory}/{name}", task_id=None) for name in ("plan", "a", "b")]
        for number, (what, name, kind, task_id) in enumerate(steps):
            path = Path(directory) / name
            before = path.read_bytes() if path.exists() else b""
            value = {"seq": number, "timestamp": f"{number % 3}", "event": kind, "task_id": task_id, "data": {"é": 1}}
            line = json.dumps(value, ensure_ascii=False).encode()
            match what:
                case "append":
                    path.write_bytes(before + line + b"\n")
                case "torn":
                    path.write_bytes(before + line[:9])
                case "cut":
                    path.write_bytes(before[: len(before) // 2])
                case "replace":
                    path.unlink(missing_ok=True)
                    path.write_bytes(line + b"\n")
                case _:
                    path.unlink(missing_ok=True)
            for query in asked:
                told = in_order(ask_index(directory, sources, query))
                assert told == in_order(one for source in sources for one in read_whole(source) if query.fits(one))


@pytest.mark.plan_case(21)
def test_following_tells_whole_lines_once_and_survives_a_cut(place: Path) -> None:
    log = place / "events.jsonl"
    lines = [json.dumps({"seq": seq, "event": "run.start", "data": {}}) for seq in (1, 2, 3)]
    tails, sources = Tails(), [LogSource(name="plan", path=str(log))]
    assert tails.more(sources) == []
    log.write_text(f"{lines[0]}\n{lines[1]}")
    assert [one.seq for one in tails.more(sources)] == [1]
    log.write_text(f"{lines[0]}\n{lines[1]}\n")
    assert [one.seq for one in tails.more(sources)] == [2]
    assert tails.more(sources) == []
    log.write_text(f"{lines[2]}\n")
    assert [one.seq for one in tails.more(sources)] == [3]


class Asked(dict[str, Any]):
    """Data of an event that notes what it is asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_asked.add(key)
        return super().get(key, default)


def filled(shape: type) -> dict[str, Any]:
    """Data of a shape with something for every key."""

    def something(kind: Any) -> Any:
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.NotRequired or (inner and origin not in (list, dict)):
            return something(inner[0])
        if origin is list:
            return [something(inner[0])]
        return {int: 1, float: 1.0, str: "x", bool: True}.get(kind, {})

    return {key: something(kind) for key, kind in typing.get_type_hints(shape).items()}


@pytest.mark.parametrize("name", sorted({*_TOLD, *_KINDS}))
def test_what_is_told_of_an_event_uses_only_what_the_event_has(name: str) -> None:
    shape = EVENTS[name].data
    data = Asked(filled(shape))
    if name in _TOLD:
        (moment,) = story_of([event(name, data)])
        assert moment.text != name
    if name in _KINDS:
        _KINDS[name](data)
    assert data.keys_asked - {"tasks"} <= set(typing.get_type_hints(shape))


@pytest.mark.parametrize("name", sorted({*_TOLD, *_KINDS}))
def test_data_of_another_shape_is_told_too(name: str) -> None:
    odd = dict.fromkeys(typing.get_type_hints(EVENTS[name].data), 5)
    story_of([event(name, {}), event(name, odd)])
    failures_of([event(name, {}), event(name, odd)])


def test_merges_are_numbered() -> None:
    begun = {"tasks": ["001"], "onto": "a" * 40}
    moved = {"tasks": ["001"], "branch": "main", "new": "b" * 40}
    told = story_of([event("merge.start", begun), event("merge.moved", moved), event("merge.start", begun)])
    assert [moment.text.partition(":")[0] for moment in told] == ["merge 1", "merge 1", "merge 2"]


def test_failures_are_grouped_counted_and_shown_three_times_at_most() -> None:
    events = [event("doctor.fail", {"exit_code": 1, "summary": f"no {seq}"}, "001", seq) for seq in range(5)]
    events.insert(0, event("doctor.fail", {"exit_code": None}, "002"))
    events.append(event("session.ended", {"outcome": "done"}, "001"))
    groups = failures_of(events)
    assert [(group.kind, group.count, len(group.examples)) for group in groups] == [
        ("exit code 1", 5, 3),
        ("out of time", 1, 1),
    ]
    assert groups[0].examples[0].text == "no 0"


def advice(task: TaskState, *, driven: bool = False, cleaned: bool = False, waiting: str | None = None) -> str | None:
    """What to type next."""
    around = Surroundings(plan_id="P", driven=driven, cleaned=cleaned, waiting_run=waiting)
    return next_command("001", task, around)


@pytest.mark.parametrize(
    ("task", "more", "command"),
    [
        (TaskState(status="complete"), {}, None),
        (TaskState(status="pending"), {}, "agency plan resume P"),
        (TaskState(status="pending"), {"cleaned": True}, "agency plan restore P"),
        (TaskState(status="validated"), {"driven": True}, "agency plan status P --watch"),
        (TaskState(status="running"), {"driven": True, "waiting": "run-1"}, "agency attach run-1"),
        (TaskState(status="failed"), {}, "agency plan review retry 001 --plan P"),
        (
            TaskState(status=REVIEW, commit="c", review=Review(by="style", reason="r")),
            {"driven": True},
            "agency plan review approve 001 --plan P",
        ),
        (
            TaskState(status=REVIEW, commit="c", review=Review(by="doctor", reason="r")),
            {},
            "agency plan review retry 001 --plan P",
        ),
        (
            TaskState(status="paused", reason="the plan cost 2 US dollars, and 1 are its limit"),
            {},
            "agency plan resume P --max-cost-per-run N",
        ),
    ],
)
def test_what_to_type_next_follows_from_how_the_task_stands(
    task: TaskState, more: dict[str, Any], command: str | None
) -> None:
    assert advice(task, **more) == command


def test_tasks_that_were_begun_together_are_one_batch() -> None:
    names = ["run.start", "task.dispatch", "task.dispatch", "session.start", "task.dispatch", "task.complete"]
    assert batch_sizes([event(name, seq=seq) for seq, name in enumerate(names)]) == [2, 1]
    assert batch_sizes([]) == []
