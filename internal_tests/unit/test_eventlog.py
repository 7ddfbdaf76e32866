"""The event log: whole lines in one order, whoever writes at once, whatever a crash left behind."""

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.domain.errors import AgencyError
from agency.domain.events import ATTENTION_SET, RENAME, RUN_CREATED, SEND
from agency.domain.ids import RepoId, RunId
from agency.store.eventlog import EventLog, parse_lines
from internal_tests.support.limits import no_file_grows_beyond

DONE = RUN_CREATED({})


def log_in(directory: Path) -> EventLog:
    """A log in ``directory``."""
    return EventLog(directory=str(directory), repo_id=RepoId("0" * 16), run_id=RunId("20240101000000-abcd"))


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    """An empty log."""
    return log_in(tmp_path)


def file_of(log: EventLog) -> Path:
    """The file of a log."""
    return Path(log.path)


def sequence(log: EventLog) -> list[int]:
    """The numbers of the events in a log."""
    return [event["seq"] for event in log.read()]


def test_an_event_stands_in_an_envelope(log: EventLog) -> None:
    assert log.append(ATTENTION_SET({"reason": "user_marked"})) == 1
    event = json.loads(file_of(log).read_bytes())
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "schema_version": "1.0",
        "seq": 1,
        "event": "attention_set",
        "repo_id": "0" * 16,
        "run_id": "20240101000000-abcd",
        "data": {"reason": "user_marked"},
    }


def test_a_log_that_does_not_exist_is_empty_and_reading_makes_none(log: EventLog) -> None:
    assert log.read() == []
    assert not file_of(log).exists()


def test_only_its_owner_may_read_a_log(log: EventLog) -> None:
    log.append(DONE)
    assert stat.S_IMODE(file_of(log).stat().st_mode) == 0o600


def test_numbers_rise_by_one(log: EventLog) -> None:
    assert [log.append(DONE, durable=durable) for durable in (True, False, True)] == [1, 2, 3]
    assert sequence(log) == [1, 2, 3]


def test_text_of_every_kind_comes_back_as_it_was(log: EventLog) -> None:
    texts = ["line\nbreak", 'quote "', "grüße 日本 🎉", "\x00\x1b[2J", "\u2028"]
    for text in texts:
        log.append(RENAME({"old": text, "new": text}))
    assert [event["data"]["old"] for event in log.read()] == texts
    assert file_of(log).read_bytes().count(b"\n") == len(texts)


@pytest.mark.parametrize(
    "torn", [b"{", b'{"schema_version":"1.0","seq":2,"eve', b"\xff\xfe\x00", b"\x00" * 5000, b"null"]
)
def test_a_torn_last_line_is_passed_over_and_closed_by_the_next_append(log: EventLog, torn: bytes) -> None:
    log.append(DONE)
    with file_of(log).open("ab") as file:
        file.write(torn)
    assert sequence(log) == [1]
    assert log.append(DONE) == 2
    assert sequence(log) == [1, 2]
    assert file_of(log).read_bytes().split(b"\n")[1] == torn


def test_a_last_line_that_only_lacks_its_end_counts(log: EventLog) -> None:
    log.append(DONE)
    file_of(log).write_bytes(file_of(log).read_bytes().rstrip(b"\n"))
    assert log.append(DONE) == 2
    assert sequence(log) == [1, 2]


@pytest.mark.parametrize(
    "junk", [b"not json\n", b"[]\n", b"7\n", b'{"seq": 9}\n', b'{"event": 5}\n', b"\n\n\n", b"\xff\n"]
)
def test_lines_that_are_no_events_are_passed_over(log: EventLog, junk: bytes) -> None:
    log.append(DONE)
    with file_of(log).open("ab") as file:
        file.write(junk)
    log.append(DONE)
    assert [event["event"] for event in log.read()] == ["run_created", "run_created"]


def test_the_last_number_is_found_behind_a_line_longer_than_one_look(log: EventLog) -> None:
    log.append(DONE)
    log.append(RENAME({"old": "x" * 300_000, "new": ""}))
    with file_of(log).open("ab") as file:
        file.write(b"y" * 700_000)
    assert log.append(DONE) == 3


def append_many(directory: str, count: int, size: int) -> None:
    """Append to a log from another process."""
    log = log_in(Path(directory))
    for _ in range(count):
        log.append(RENAME({"old": "x" * size, "new": ""}))


def test_writers_at_once_neither_lose_nor_mix_nor_repeat(log: EventLog, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(str(tmp_path), 60, 10 + 3000 * i)) for i in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert sequence(log) == list(range(1, 241))
    assert file_of(log).read_bytes().count(b"\n") == 240


@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_full_disk_leaves_the_log_as_it_was(log: EventLog, room: int) -> None:
    log.append(DONE)
    before = file_of(log).read_bytes()
    with no_file_grows_beyond(len(before) + room), pytest.raises(AgencyError) as failure:
        log.append(RENAME({"old": "x" * 500, "new": ""}))
    assert failure.value.code in {"E_DISK_FULL", "E_STORE_FAILED"}
    assert file_of(log).read_bytes() == before
    assert log.append(DONE) == 2


def test_a_log_that_may_not_be_written_is_told_with_its_path(log: EventLog, tmp_path: Path) -> None:
    file_of(log).mkdir()
    with pytest.raises(AgencyError) as failure:
        log.append(DONE)
    assert failure.value.code == "E_STORE_FAILED"
    assert failure.value.details["path"] == log.path


lines = st.lists(
    st.binary(max_size=30) | st.sampled_from([b'{"event":"stop","seq":3}', b'{"event":"stop"', b"{}", b"[1]", b"null"]),
    max_size=8,
)


@given(lines)
def test_no_content_is_too_odd_to_be_read(content: list[bytes]) -> None:
    for event in parse_lines(b"\n".join(content)):
        assert isinstance(event["event"], str)


@given(lines, st.binary(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_an_append_after_any_content_is_read_back_and_changes_nothing_before_it(
    tmp_path: Path, content: list[bytes], end: bytes
) -> None:
    log = log_in(tmp_path)
    before = b"\n".join([*content, end])
    file_of(log).write_bytes(before)
    old = log.read()
    number = log.append(SEND({"session_name": "s", "bytes": 1, "enter": True}))
    assert file_of(log).read_bytes().startswith(before)
    after = log.read()
    assert after[:-1] == old
    assert (after[-1]["event"], after[-1]["seq"]) == ("send", number)
    os.unlink(log.path)
