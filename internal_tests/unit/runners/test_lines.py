"""Agency's own form of headless output, line by line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolUse, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.lines import read_line

USAGE = Usage(input=3, cached_input=2, output=1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"type": "thread", "thread_id": "abc"}', ThreadTold(thread_id="abc")),
        ('{"type": "message", "text": "hi"}', Message(text="hi")),
        ('{"type": "tool", "tool": "write", "detail": "a.txt"}', ToolUse(tool="write", detail="a.txt")),
        ('{"type": "tool", "tool": "write"}', ToolUse(tool="write", detail="")),
        ('{"type": "usage", "input": 3, "cached_input": 2, "output": 1}', UsageTold(usage=USAGE, whole_thread=False)),
        (
            '{"type": "usage", "input": 3, "cached_input": 2, "output": 1, "cost": 0.5, "whole_thread": true}',
            UsageTold(usage=USAGE, whole_thread=True, cost=0.5),
        ),
        ('{"type": "usage"}', UsageTold(usage=Usage(), whole_thread=False)),
        ('{"type": "problem", "text": "429", "goes_on": true}', Problem(text="429", goes_on=True)),
        ('{"type": "problem", "text": "no login"}', Problem(text="no login", goes_on=False)),
        ('{"type": "end", "ok": false, "text": "no"}', TurnEnded(ok=False, text="no")),
        ('  {"type": "end"}\r\n', TurnEnded(ok=True, text="")),
        ('{"type": "message", "text": "hi", "at": 5}', Message(text="hi")),
    ],
)
def test_every_kind_of_line_is_understood(line: str, told: Output) -> None:
    assert read_line(line) == told


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "{",
        "[1]",
        '{"type": "thread"}',
        '{"type": "thread", "thread_id": "--yolo"}',
        '{"type": "thread", "thread_id": 5}',
        '{"type": "message"}',
        '{"type": "message", "text": null}',
        '{"type": "tool", "tool": "x", "detail": []}',
        '{"type": "usage", "input": -1}',
        '{"type": "usage", "input": true}',
        '{"type": "usage", "output": 1.5}',
        '{"type": "usage", "cost": "much"}',
        '{"type": "usage", "cost": NaN}',
        '{"type": "usage", "cost": -1}',
        '{"type": "problem", "text": "x", "goes_on": "no"}',
        '{"type": "end", "ok": 1}',
        '{"type": ["end"]}',
        '{"type": "dance"}',
        '{"text": "hi"}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_not_in_the_form_tells_nothing(line: str) -> None:
    assert read_line(line) is None


@given(st.text())
def test_no_text_is_too_odd(line: str) -> None:
    read_line(line)


@given(
    st.dictionaries(
        st.sampled_from(["type", "thread_id", "text", "tool", "detail", "input", "output", "cost", "goes_on", "ok"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["end", "usage"]),
            lambda value: st.lists(value) | st.dictionaries(st.text(), value),
        ),
    )
)
def test_no_object_is_too_odd(told: dict[str, object]) -> None:
    read_line(json.dumps(told))
