"""What the lines of headless agents tell. The recordings are of the real programs, with lists of tools and the like left out."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold
from agency.domain.usage import Usage
from agency.runners.table import ADAPTERS

_RECORDED = Path(__file__).parent / "recorded"
_UNKNOWN_MODEL = Problem(
    text="Model metadata for `mock` not found. Defaulting to fallback metadata; this can degrade performance and cause issues.",
    goes_on=True,
)
_ALL_DONE = Usage(input=360, cached_input=40, output=4)
_ANSWER = Usage(input=80, cached_input=20, output=10)
_REFUSED = '{"type": "error", "error": {"type": "invalid_request_error", "message": "no such thing"}}'

_RECORDINGS: dict[str, tuple[Output, ...]] = {
    "claude-tool": (
        ThreadTold(thread_id="653ae17c-5e88-4cb2-962b-2bba6317d9ae"),
        ToolUse(tool="Bash", detail="touch made"),
        ToolEnded(ok=True, detail="(Bash completed with no output)"),
        Message(text="all done"),
        UsageTold(usage=Usage(input=400, cached_input=40, output=4), whole_thread=False, cost=0.00212),
        TurnEnded(ok=True, text="all done"),
    ),
    "claude-retry": (
        ThreadTold(thread_id="01beca9f-6883-4b34-a52c-41c2b27190af"),
        Problem(text="rate_limit 429, try 1 of 10, retry in 1000 ms", goes_on=True),
        Message(text="answer 2"),
        UsageTold(usage=Usage(input=100, cached_input=20, output=10), whole_thread=False, cost=0.00076),
        TurnEnded(ok=True, text="answer 2"),
    ),
    "claude-broken": (
        ThreadTold(thread_id="a4d5aa5f-8c0b-4995-88f5-eb0be6060553"),
        Message(text="answer 2"),
        UsageTold(usage=Usage(input=100, cached_input=20, output=10), whole_thread=False, cost=0.00076),
        TurnEnded(ok=True, text="answer 2"),
    ),
    "claude-refused": (
        ThreadTold(thread_id="a9cefdea-fcc1-4d68-af59-09a741755bd8"),
        Problem(text="API Error: 400 no such thing", goes_on=False),
        UsageTold(usage=Usage(), whole_thread=False, cost=0.0),
        TurnEnded(ok=False, text="API Error: 400 no such thing"),
    ),
    "claude-unknown": (
        UsageTold(usage=Usage(), whole_thread=False, cost=0.0),
        TurnEnded(ok=False, text="No conversation found with session ID: 7c1f3c53-0000-4000-8000-000000000000"),
    ),
    "codex-tool": (
        ThreadTold(thread_id="01a1f7cc-f0a8-7610-89bb-2de60fc4402f"),
        _UNKNOWN_MODEL,
        ToolUse(tool="command", detail="/bin/bash -lc 'touch made'"),
        ToolEnded(ok=True, detail=""),
        Message(text="all done"),
        UsageTold(usage=_ALL_DONE, whole_thread=True),
        TurnEnded(ok=True, text=""),
    ),
    "codex-patch": (
        ThreadTold(thread_id="01a1f7cc-fd59-7253-9c41-327d28a484ef"),
        _UNKNOWN_MODEL,
        ToolUse(tool="edit", detail="/repo/planted.txt"),
        ToolEnded(ok=True, detail=""),
        Message(text="all done"),
        UsageTold(usage=_ALL_DONE, whole_thread=True),
        TurnEnded(ok=True, text=""),
    ),
    "codex-retry": (
        ThreadTold(thread_id="01a1f7cd-04ef-73b1-b5e1-209706a21da5"),
        _UNKNOWN_MODEL,
        Problem(text="Reconnecting... 1/5 (exceeded retry limit, last status: 429 Too Many Requests)", goes_on=True),
        Message(text="answer 2"),
        UsageTold(usage=_ANSWER, whole_thread=True),
        TurnEnded(ok=True, text=""),
    ),
    "codex-refused": (
        ThreadTold(thread_id="01a1f7cd-1a46-7b01-9ed8-a814eef47b8a"),
        _UNKNOWN_MODEL,
        Problem(text=_REFUSED, goes_on=False),
        TurnEnded(ok=False, text=_REFUSED),
    ),
    "gemini-tool": (
        ThreadTold(thread_id="55ae1c15-4a44-4314-a889-a23b1a2fbadc"),
        ToolUse(tool="run_shell_command", detail="touch made"),
        ToolEnded(ok=True, detail=""),
        Message(text="all ", part=True),
        Message(text="done", part=True),
        UsageTold(usage=_ALL_DONE, whole_thread=False),
        TurnEnded(ok=True, text=""),
    ),
    "gemini-refused": (
        ThreadTold(thread_id="7b6d4893-2e1d-4a75-8778-882438123a4f"),
        UsageTold(usage=Usage(), whole_thread=False),
        TurnEnded(
            ok=False,
            text='[API Error: {"type":"error","error":{"type":"invalid_request_error","message":"no such thing"}}]',
        ),
    ),
    "opencode-tool": (
        ThreadTold(thread_id="ses_e082fb22bffeCZzSwn2oCwF8kK"),
        ToolUse(tool="bash", detail="touch made"),
        ToolEnded(ok=True, detail="(no output)"),
        UsageTold(usage=Usage(input=90, cached_input=10, output=1), whole_thread=False),
        ThreadTold(thread_id="ses_e082fb22bffeCZzSwn2oCwF8kK"),
        Message(text="all done"),
        UsageTold(usage=Usage(input=270, cached_input=30, output=3), whole_thread=False),
        TurnEnded(ok=True, text=""),
    ),
    "opencode-refused": (
        ThreadTold(thread_id="ses_e082f3e66ffeRQf6PBgE4t2ubh"),
        Problem(text="no such thing", goes_on=False),
        TurnEnded(ok=False, text="no such thing"),
    ),
}

_LINES: dict[str, tuple[str, dict[str, Any], tuple[Output, ...]]] = {
    "a sub-agent of claude says something": (
        "claude",
        {
            "type": "assistant",
            "parent_tool_use_id": "toolu_1",
            "message": {"content": [{"type": "text", "text": "hm"}]},
        },
        (),
    ),
    "a sub-agent of claude uses a tool": (
        "claude",
        {
            "type": "assistant",
            "parent_tool_use_id": "toolu_1",
            "message": {"content": [{"type": "tool_use", "name": "Read", "input": {"file_path": "a.py"}}]},
        },
        (ToolUse(tool="Read", detail="a.py"),),
    ),
    "a tool of claude fails and tells it in parts": (
        "claude",
        {
            "type": "user",
            "message": {
                "content": [
                    {"type": "tool_result", "is_error": True, "content": [{"text": "not\n"}, {"text": "found"}]}
                ]
            },
        },
        (ToolEnded(ok=False, detail="not found"),),
    ),
    "claude thinks": (
        "claude",
        {"type": "assistant", "message": {"content": [{"type": "thinking", "thinking": "x"}]}},
        (),
    ),
    "claude counts what its models and those of its sub-agents took": (
        "claude",
        {
            "type": "result",
            "subtype": "error_max_turns",
            "is_error": True,
            "modelUsage": {
                "large": {
                    "inputTokens": 1,
                    "cacheCreationInputTokens": 2,
                    "cacheReadInputTokens": 4,
                    "outputTokens": 8,
                },
                "small": {"inputTokens": 16, "outputTokens": 32},
            },
        },
        (
            UsageTold(usage=Usage(input=19, cached_input=4, output=40), whole_thread=False),
            TurnEnded(ok=False, text="error_max_turns"),
        ),
    ),
    "claude tells the whole conversation and what is new": (
        "claude",
        {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "result": "so",
            "total_cost_usd": 0.75,
            "modelUsage": {"large": {"inputTokens": 340, "outputTokens": 23, "costUSD": 0.75}},
            "model_usage_since_last_result": {
                "large": {"inputTokens": 220, "outputTokens": 12, "costUSD": 0.25},
                "small": {"cacheReadInputTokens": 7, "costUSD": 0.125},
            },
        },
        (
            UsageTold(usage=Usage(input=220, cached_input=7, output=12), whole_thread=False, cost=0.375),
            TurnEnded(ok=True, text="so"),
        ),
    ),
    "claude tells no models": (
        "claude",
        {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "result": "so",
            "usage": {
                "input_tokens": 1,
                "cache_creation_input_tokens": 2,
                "cache_read_input_tokens": 4,
                "output_tokens": 8,
            },
        },
        (
            UsageTold(usage=Usage(input=3, cached_input=4, output=8), whole_thread=False),
            TurnEnded(ok=True, text="so"),
        ),
    ),
    "a command of codex fails": (
        "codex",
        {
            "type": "item.completed",
            "item": {"type": "command_execution", "exit_code": 1, "status": "failed", "aggregated_output": "no\n"},
        },
        (ToolEnded(ok=False, detail="no"),),
    ),
    "codex calls a tool of a server": (
        "codex",
        {
            "type": "item.started",
            "item": {"type": "mcp_tool_call", "server": "tracker", "tool": "find", "arguments": {"query": "walnut"}},
        },
        (ToolUse(tool="tracker.find", detail="walnut"),),
    ),
    "such a tool fails": (
        "codex",
        {
            "type": "item.completed",
            "item": {"type": "mcp_tool_call", "status": "failed", "error": {"message": "no such tracker"}},
        },
        (ToolEnded(ok=False, detail="no such tracker"),),
    ),
    "codex notes what it has to do": ("codex", {"type": "item.updated", "item": {"type": "todo_list"}}, ()),
    "gemini counts its thinking in the total alone": (
        "gemini",
        {
            "type": "result",
            "status": "success",
            "stats": {"total_tokens": 150, "input_tokens": 100, "output_tokens": 10, "cached": 30},
        },
        (
            UsageTold(usage=Usage(input=70, cached_input=30, output=50), whole_thread=False),
            TurnEnded(ok=True, text=""),
        ),
    ),
    "gemini warns": (
        "gemini",
        {"type": "error", "severity": "warning", "message": "Loop detected"},
        (Problem(text="Loop detected", goes_on=True),),
    ),
    "gemini repeats the prompt": ("gemini", {"type": "message", "role": "user", "content": "plant it"}, ()),
    "a tool of gemini fails": (
        "gemini",
        {"type": "tool_result", "status": "error", "error": {"type": "x", "message": "not allowed"}},
        (ToolEnded(ok=False, detail="not allowed"),),
    ),
    "opencode counts thinking beside its output and has a price": (
        "opencode",
        {
            "type": "step_finish",
            "part": {
                "reason": "tool-calls",
                "cost": 0.25,
                "tokens": {"input": 1, "output": 2, "reasoning": 4, "cache": {"read": 8, "write": 16}},
            },
        },
        (UsageTold(usage=Usage(input=17, cached_input=8, output=6), whole_thread=False, cost=0.25),),
    ),
    "the model of opencode wrote all that it may": (
        "opencode",
        {"type": "step_finish", "part": {"reason": "length", "tokens": {}}},
        (UsageTold(usage=Usage(), whole_thread=False), TurnEnded(ok=False, text="the model stopped: length")),
    ),
    "a tool of opencode fails": (
        "opencode",
        {
            "type": "tool_use",
            "part": {"tool": "edit", "state": {"status": "error", "input": {"filePath": "a"}, "error": "no"}},
        },
        (ToolUse(tool="edit", detail="a"), ToolEnded(ok=False, detail="no")),
    ),
}

_HEADLESS = ("claude", "codex", "gemini", "opencode")
_KINDS = st.sampled_from(
    [
        *(
            "system",
            "assistant",
            "user",
            "result",
            "thread.started",
            "item.started",
            "item.completed",
            "turn.completed",
        ),
        *("turn.failed", "error", "init", "message", "tool_use", "tool_result", "step_start", "step_finish", "text"),
    ]
)
_KEYS = st.sampled_from(
    [
        *(
            "type",
            "subtype",
            "session_id",
            "thread_id",
            "sessionID",
            "message",
            "content",
            "item",
            "usage",
            "modelUsage",
        ),
        *(
            "error",
            "errors",
            "part",
            "state",
            "tokens",
            "cache",
            "cost",
            "total_cost_usd",
            "stats",
            "input_tokens",
            "data",
        ),
        *(
            "output_tokens",
            "cached_input_tokens",
            "result",
            "changes",
            "input",
            "text",
            "arguments",
            "is_error",
            "reason",
        ),
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("name", _RECORDINGS)
def test_a_recorded_turn_is_told_event_by_event(name: str) -> None:
    adapter = ADAPTERS[name.partition("-")[0]]
    lines = (_RECORDED / f"{name}.jsonl").read_text().splitlines()
    assert tuple(event for line in lines for event in adapter.read_output(line)) == _RECORDINGS[name]


def test_every_recording_is_of_a_test() -> None:
    assert {path.stem for path in _RECORDED.iterdir()} == set(_RECORDINGS)


@pytest.mark.parametrize("what", _LINES)
def test_a_line_is_told(what: str) -> None:
    agent, line, told = _LINES[what]
    assert ADAPTERS[agent].read_output(json.dumps(line)) == told


@pytest.mark.parametrize("agent", _HEADLESS)
@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "null",
            "[]",
            "3",
            '"text"',
            "not json",
            '{"type":',
            '{"type":"later.invention"}',
            "[" * 100_000,
            "\x00\udcff",
        ),
        *('{"type":"result","usage":' + "9" * 5000 + "}", '{"type":["result"]}', '{"type":"text","part":"x"}'),
    ],
    ids=lambda line: line[:20].encode("unicode_escape").decode(),
)
def test_a_line_that_cannot_be_understood_tells_no_end_that_went_well(agent: str, line: str) -> None:
    told = ADAPTERS[agent].read_output(line)
    assert not any(isinstance(event, TurnEnded) and event.ok for event in told)


@pytest.mark.parametrize("agent", _HEADLESS)
def test_half_of_a_line_tells_nothing(agent: str) -> None:
    for path in _RECORDED.glob(f"{agent}-*.jsonl"):
        for line in path.read_text().splitlines():
            assert ADAPTERS[agent].read_output(line[: len(line) // 2]) == ()


def test_a_huge_message_comes_whole_and_the_detail_of_a_tool_is_short() -> None:
    text = "walnut " * 1_000_000
    said = {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}
    assert ADAPTERS["claude"].read_output(json.dumps(said)) == (Message(text=text),)
    used = {"type": "item.started", "item": {"type": "command_execution", "command": text}}
    (use,) = ADAPTERS["codex"].read_output(json.dumps(used))
    assert isinstance(use, ToolUse)
    assert len(use.detail) == 200


@pytest.mark.parametrize("agent", _HEADLESS)
@given(kind=_KINDS, rest=st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_no_line_raises_or_counts_less_than_nothing(agent: str, kind: str, rest: dict[str, Any]) -> None:
    for event in ADAPTERS[agent].read_output(json.dumps({**rest, "type": kind})):
        if isinstance(event, UsageTold):
            assert min(event.usage.input, event.usage.cached_input, event.usage.output) >= 0
            assert event.cost is None or event.cost >= 0
        else:
            assert all(isinstance(getattr(event, each.name), str | bool) for each in fields(event))


@pytest.mark.parametrize("agent", _HEADLESS)
@given(line=st.text())
def test_no_text_raises(agent: str, line: str) -> None:
    assert isinstance(ADAPTERS[agent].read_output(line), tuple)
