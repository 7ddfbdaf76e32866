"""``agency send``: text into the pane of the runner, to the byte."""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from internal_tests.support import rawreader
from internal_tests.support.lockholder import lock_held
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

ODD_BYTES = {
    "plain": b"hello there",
    "newlines": b"one\ntwo\r\nthree\n\n",
    "trailing newline": b"done\n",
    "every byte": bytes(range(256)),
    "NUL": b"\0a\0",
    "UTF-8": "grüß 漢字 🎉 e\u0301".encode(),
    "not UTF-8": b"\xff\xfe\x80",
    "for a shell": b"$(touch pwned) `id` ; echo \"a\" 'b' \\ && #{pane_id} %0 !! ~ *",
    "tabs and escapes": b"\t\x1b[31mred\x1b[0m\x7f\x03\x04\x1a",
}


class Reader:
    """A run whose runner writes what its terminal hands it to a file."""

    def __init__(self, world: World, *, bracketed: bool) -> None:
        self._world = world
        self._file = world.root / "received"
        words = [
            sys.executable,
            str(Path(rawreader.__file__)),
            str(self._file),
            *(["--bracketed"] if bracketed else []),
        ]
        world.commit({"agency.yaml": f"version: 1\nrunners:\n  raw: {{command: {json.dumps(words)}}}\n"})
        self.bracketed = bracketed
        self.run = world.run("reader", "--runner", "raw")
        self.run.wait_for_screen("raw reader ready")

    def pasted(self, content: bytes) -> bytes:
        """What arrives when ``content`` is pasted."""
        return b"\x1b[200~" + content + b"\x1b[201~" if self.bracketed and content else content

    def got(self, size: int) -> bytes:
        """What has arrived, as soon as it is ``size`` bytes."""
        wait_for(lambda: self._file.stat().st_size >= size, f"{size} bytes to arrive")
        return self._file.read_bytes()

    def expect(self, content: bytes) -> None:
        """Insist that ``content`` arrives, and nothing after it."""
        assert self.got(len(content)) == content
        self._world.ok("send", "reader", "--no-enter", "end")
        content += self.pasted(b"end")
        assert self.got(len(content)) == content


@pytest.fixture(params=[False, True], ids=["plain", "bracketed"])
def reader(world: World, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A reader that asked for bracketed paste, and one that did not."""
    yield Reader(world, bracketed=request.param)


@pytest.fixture
def plain(world: World) -> Reader:
    """A reader that did not ask for bracketed paste."""
    return Reader(world, bracketed=False)


def test_every_kind_of_text_arrives_to_the_byte_followed_by_enter(world: World, reader: Reader) -> None:
    expected = b""
    for name, content in ODD_BYTES.items():
        world.ok("send", "reader", stdin=content)
        expected += reader.pasted(content) + b"\r"
        assert reader.got(len(expected)) == expected, name


def test_five_megabytes_arrive_whole(world: World, reader: Reader) -> None:
    content = random.Random(7).randbytes(5_000_000)
    world.ok("send", "reader", stdin=content)
    reader.expect(reader.pasted(content) + b"\r")


def test_no_enter_sends_the_text_alone(world: World, reader: Reader) -> None:
    world.ok("send", "reader", "--no-enter", "half a line")
    world.ok("send", "reader", "--no-enter", stdin=b" and the rest\n")
    reader.expect(reader.pasted(b"half a line") + reader.pasted(b" and the rest\n"))


def test_the_text_can_be_an_argument(world: World, plain: Reader) -> None:
    world.ok("send", "reader", "grüß $(x) 'y'; \"z\"\n")
    plain.expect("grüß $(x) 'y'; \"z\"\n\r".encode())


def test_text_with_a_leading_dash_follows_two_dashes(world: World, plain: Reader) -> None:
    world.ok("send", "reader", "--", "--help")
    plain.expect(b"--help\r")


def test_a_dash_stands_for_standard_input(world: World, plain: Reader) -> None:
    world.ok("send", "reader", "-", stdin=b"from the pipe")
    plain.expect(b"from the pipe\r")


def test_empty_text_presses_enter_only(world: World, reader: Reader) -> None:
    world.ok("send", "reader", stdin=b"")
    world.ok("send", "reader", "")
    reader.expect(b"\r\r")


def test_empty_text_without_enter_sends_nothing(world: World, plain: Reader) -> None:
    world.ok("send", "reader", "--no-enter", "")
    world.ok("send", "reader", "--no-enter", "x")
    plain.expect(b"x")


def test_texts_sent_at_the_same_time_arrive_one_after_the_other(world: World, plain: Reader) -> None:
    texts = [f"{number}-" + "x" * 5000 for number in range(12)]
    senders = [world.spawn("send", "reader", text) for text in texts]
    for sender in senders:
        _, err = sender.communicate(timeout=60)
        assert sender.returncode == 0, err
    got = plain.got(sum(len(text) + 1 for text in texts)).decode()
    assert sorted(got.removesuffix("\r").split("\r")) == sorted(texts)


def test_text_reaches_the_runner_while_somebody_scrolls_back(world: World, reader: Reader) -> None:
    world.tmux_ask("copy-mode", "-t", f"={reader.run.session}:")
    world.ok("send", "reader", "wake up")
    reader.expect(reader.pasted(b"wake up") + b"\r")


def test_text_goes_to_the_runner_when_the_user_works_in_another_pane(world: World, plain: Reader) -> None:
    world.tmux_ask("split-window", "-t", f"={plain.run.session}:", "cat")
    world.ok("send", "reader", "for the runner")
    plain.expect(b"for the runner\r")


def test_the_users_paste_buffers_stay_as_they_are(world: World, plain: Reader) -> None:
    world.tmux_ask("set-buffer", "-b", "mine", "what I copied")
    world.ok("send", "reader", "text")
    plain.expect(b"text\r")
    assert world.tmux_ask("list-buffers", "-F", "#{buffer_name}").stdout.split() == ["mine"]


def test_the_event_tells_how_much_was_sent_and_not_what(world: World, plain: Reader) -> None:
    world.ok("send", "reader", "the secret")
    world.ok("send", "reader", "--no-enter", stdin="ü".encode())
    first, second = plain.run.events[-2:]
    assert (first["event"], first["data"]) == (
        "send",
        {"session_name": plain.run.session, "bytes": 10, "enter": True},
    )
    assert second["data"] == {"session_name": plain.run.session, "bytes": 2, "enter": False}
    assert "secret" not in (plain.run.directory / "events.jsonl").read_text()


def test_nothing_is_printed(world: World, plain: Reader) -> None:
    result = world.ok("send", "reader", "text")
    assert (result.out, result.err) == ("", "")


def test_the_lock_of_the_repo_is_not_needed(world: World, plain: Reader) -> None:
    with lock_held(world):
        world.ok("send", "reader", "text", "--lock-timeout", "0s")
    plain.expect(b"text\r")


def test_a_runner_that_has_exited_is_told(world: World) -> None:
    run = _exited(world)
    before = len(run.events)
    result = world.agency("send", "ended", "hello")
    assert (result.code, result.error_code, result.out) == (1, "E_RUNNER_EXITED", "")
    assert "hint: agency resume ended --detached" in result.err
    assert len(run.events) == before
    assert "hello" not in run.screen()


def test_a_run_without_session_is_told(world: World) -> None:
    run = world.run("gone")
    world.ok("kill", "gone")
    before = len(run.events)
    result = world.agency("send", "gone", "hello")
    assert (result.code, result.error_code) == (1, "E_SESSION_NOT_FOUND")
    assert "hint: agency resume gone" in result.err
    assert len(run.events) == before
    assert world.sessions() == []


def _exited(world: World) -> SeenRun:
    run = world.run("ended")
    run.wait_for_screen("demo agent ready")
    run.type("exit 3")
    run.wait_for_exit()
    wait_for(lambda: run.pane()["dead"] == "1", "the pane to be dead")
    return run
