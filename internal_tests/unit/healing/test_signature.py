"""The signature of a failure: what it looks past, and what it does not."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.plaintext import plain_lines
from agency.domain.signature import LONGEST, SIGNATURE_VERSION, Signature, failure_signature

VOLATILE = {
    "time": ("2030-01-02T03:04:05.123Z", "2031-12-31 23:59:59,5 +02:00", "2030-01-02", "Jan  2 03:04:05", "03:04:05.1"),
    "duration": ("0.12s", "12.5 seconds", "3 ms", "1h 2m 3s", "2m30s", "7 min"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "FFFFFFFF-e89b-12d3-a456-426614174000"),
    "hex": ("97c7b30", "97c7b30ebc3829131fd13bb62224285657c6d365", "1893456000"),
    "address": ("0x7f3a2b", "0xDEADBEEF01"),
    "pid": ("pid 12", "pid 99999"),
    "port": ("localhost:43121", "localhost:80"),
    "place": ("a.py:12:5", "a.py:7"),
    "line": ("line 12", "line 1234"),
    "tmp": ("/tmp/pytest-of-u/pytest-12/x0", "/tmp/tmpab12", "/var/folders/zz/T/q"),
    "home": ("/home/ann/x.py", "/Users/bob/x.py"),
    "percent": ("10%", "99.5 %"),
    "count": ("3/10", "12 of 20"),
    "attempt": ("attempt 1", "attempt 12"),
    "syslog": ("codex[12]: no", "codex[4711]: no"),
    "log line": ("2026-11-28T13:30:21.377+00:00 [484] no", "2026-11-28 13:31:02 UTC [50712] no"),
}


def signature(error: str, **more: object) -> Signature:
    """The signature of ``error`` at a step that exited with 1."""
    made = failure_signature(error, step_id="build", exit_code=1, **more)  # type: ignore[arg-type]
    assert made is not None
    return made


@pytest.mark.case(21, "DOC-REQ-001")
@given(st.data())
def test_what_is_different_each_time_hides_no_equal_failure(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(list(VOLATILE)), min_size=1, max_size=5))
    words = data.draw(st.lists(st.sampled_from(["error:", "could", "not", "see", "(x)", "\n"]), min_size=1, max_size=5))
    one, other = (
        " ".join(
            f"{word} {data.draw(st.sampled_from(VOLATILE[kind]))} ," for word, kind in zip(words, kinds, strict=False)
        )
        for _ in range(2)
    )
    assert signature(one) == signature(other), (one, other)


@pytest.mark.case(21, "DOC-REQ-001")
def test_two_runs_of_the_same_failing_test_are_equal() -> None:
    told = (
        "{} runner[{}] started in /data/worktrees/{}\n\x1b[31mE   AssertionError: assert 3 == 4\x1b[0m\n"
        "/data/worktrees/{}/tests/test_a.py:{}: AssertionError\r\ncollecting 1\rcollecting 2\rcollected\n"
        "tmp_path: /scratch/{}/test_a0\n==== 1 failed in {}s ===="
    )
    one = told.format("2030-01-02T03:04:05Z", 12, "r1", "r1", 12, "aa", "0.12")
    other = told.format("2030-01-02T04:00:00Z", 13, "r2", "r2", 13, "bb", "12.5")
    first = signature(one, kept_roots=["/data/worktrees/r1"], temporary_roots=["/scratch"])
    assert first == signature(other, kept_roots=("/data/worktrees/r2/",), temporary_roots=("/scratch/",))
    assert "assert 3 == 4" in first.text and "<root>/tests/test_a.py:<n>" in first.text
    assert first.version == SIGNATURE_VERSION and re.fullmatch("sha256:[0-9a-f]{64}", first.hash)


@pytest.mark.case(20, "DOC-REQ-001")
def test_different_failures_differ() -> None:
    told = [
        "assert 3 == 4",
        "assert 5 == 4",
        "status 401",
        "status 503",
        "error in test_a",
        "error in test_b",
        "<root>/a",
    ]
    assert len({signature(one).hash for one in told}) == len(told)
    made = [
        failure_signature("e", step_id="a"),
        failure_signature("e", step_id="b"),
        failure_signature("e", step_id="a", exit_code=0),
        failure_signature("e", step_id="a", hint="idle"),
        failure_signature("", step_id="a", hint="idle"),
        failure_signature("", step_id="a", hint="wall"),
    ]
    assert len({one.hash for one in made if one}) == 6


def test_of_nothing_there_is_no_signature() -> None:
    assert failure_signature("", step_id="build") is None
    assert failure_signature("\x1b[2K \r\n\t\x1b]0;title\x07\n", step_id="build") is None


def test_the_first_error_stands_first_and_of_the_rest_the_last_lines() -> None:
    noise = [f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(100)]
    text = signature("\n".join(["begin", "Fatal: it broke", *noise, "end", "end"])).text
    assert text == " ".join(["step=build exit=1 fatal: it broke", *noise[-19:], "end"])


def test_forms_and_case_of_letters_make_no_difference() -> None:
    assert signature("ERROR: \ufb01le \uff11 missing") == signature("error: file 1   missing")


@given(st.text(), st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_whatever_comes_in_the_text_is_short_and_has_one_line(
    error: str, kept: list[str], temporary: list[str]
) -> None:
    text = signature(error, kept_roots=kept, temporary_roots=temporary).text
    assert len(text) <= LONGEST + len("step=build exit=1 ") and len(text.splitlines()) == 1


HOSTILE = [
    "a",
    "1",
    "1.",
    "1 ",
    "a1",
    "0x",
    "f" * 8 + "-",
    ":1",
    "/tmp",
    "/tmp/",
    "\x1b[",
    "\x1b]",
    "\x1b",
    "\r",
    "\r\n",
    "\n",
    "a\n",
]
HOSTILE += [
    "e\u0301\u0316",
    "\u0316\u0301",
    "\ufdfa",
    "2030-01-02 ",
    "1s",
    "pid ",
    "[1",
    "#1",
    "1/1",
    "error ",
    "\x1b[0;",
    "1h1m",
    " ",
    "jan ",
]


@pytest.mark.parametrize("part", HOSTILE)
def test_hostile_text_costs_little(part: str) -> None:
    started = time.process_time()
    signature(part * (65536 // len(part)), kept_roots=["/home/x"], temporary_roots=["/tmp"])
    assert time.process_time() - started < 3


@given(st.text("ab\r\n\x1b[]mK;0\x07"))
def test_of_a_terminal_s_output_only_text_is_left(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", "".join(plain_lines(text)))


def test_what_was_written_over_is_gone() -> None:
    assert plain_lines("a 1%\ra 2%\rdone\r\nnext\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == ["done", "nextlink"]
