"""The first prompt of a run: how it is given and that the runner gets it byte for byte."""

import hashlib

import pytest

from internal_tests.support.recorder import recorded_argv, recorder_config
from internal_tests.support.traces import traces
from internal_tests.support.world import SeenRun, World

_ODD = "  two lines\nof 'quoted' \"text\" with $HOME `id` \\n and %s; ünïcode 日本 🚀 #{pane_id}\n\n"


@pytest.fixture
def recording(world: World) -> World:
    """A world whose runner writes down what it is given."""
    world.commit({"agency.yaml": recorder_config()})
    return world


def prompt_of(run: SeenRun) -> bytes:
    """The prompt as the runner got it."""
    (prompt,) = recorded_argv(run)
    return prompt


def run_with_file(world: World, content: bytes) -> SeenRun:
    """A run with a prompt from a file."""
    file = world.root / "prompt.txt"
    file.write_bytes(content)
    return world.run("filed", "--prompt-file", str(file))


def test_a_prompt_reaches_the_runner(recording: World) -> None:
    assert prompt_of(recording.run("given", "--prompt", "mend it")) == b"mend it"


def test_an_odd_prompt_reaches_the_runner_unchanged(recording: World) -> None:
    assert prompt_of(recording.run("odd", "--prompt", _ODD)).decode() == _ODD


def test_a_prompt_file_reaches_the_runner_unchanged(recording: World) -> None:
    assert prompt_of(run_with_file(recording, _ODD.encode())).decode() == _ODD


def test_a_prompt_file_keeps_its_line_ends(recording: World) -> None:
    assert prompt_of(run_with_file(recording, b"one\r\ntwo\rthree\n")) == b"one\r\ntwo\rthree\n"


def test_a_prompt_file_need_not_be_utf8(recording: World) -> None:
    assert prompt_of(run_with_file(recording, b"caf\xe9 \xff")) == b"caf\xe9 \xff"


def test_a_dash_reads_the_prompt_from_standard_input(recording: World) -> None:
    result = recording.ok("run", "piped", "--detached", "--prompt-file", "-", stdin="mend\nit\n")
    assert prompt_of(recording.find(result.pairs["run_id"])) == b"mend\nit\n"


def test_a_prompt_of_100_kilobytes_reaches_the_runner_whole(recording: World) -> None:
    content = b"".join(b"line %d of the long prompt\n" % number for number in range(4000))[:100_000]
    got = prompt_of(run_with_file(recording, content))
    assert (len(got), hashlib.sha256(got).digest()) == (len(content), hashlib.sha256(content).digest())


def test_a_prompt_that_no_command_line_can_carry_is_refused(recording: World) -> None:
    (recording.root / "long.txt").write_bytes(b"word " * 40_000)
    before = traces(recording)
    result = recording.agency("run", "long", "--detached", "--prompt-file", str(recording.root / "long.txt"))
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "200000 bytes" in result.err
    assert "agency send" in result.err
    assert traces(recording) == before


def test_a_prompt_with_a_nul_byte_is_refused(recording: World) -> None:
    (recording.root / "nul.txt").write_bytes(b"one\0two")
    before = traces(recording)
    result = recording.agency("run", "nul", "--detached", "--prompt-file", str(recording.root / "nul.txt"))
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert traces(recording) == before


def test_a_runner_that_takes_no_prompt_is_refused_one(recording: World) -> None:
    before = traces(recording)
    result = recording.agency("run", "none", "--detached", "--runner", "shell", "--prompt", "mend it")
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "agency send" in result.err
    assert traces(recording) == before


def test_the_prompt_is_kept_in_the_worktree(recording: World) -> None:
    run = recording.run("kept", "--prompt", _ODD)
    assert (run.worktree / ".agency" / "prompt.md").read_text() == _ODD


def test_the_prompt_comes_after_the_words_for_the_runner(recording: World) -> None:
    run = recording.run("both", "--prompt", "mend it", "--", "--model", "opus")
    assert recorded_argv(run) == [b"--model", b"opus", b"mend it"]


def test_a_resume_does_not_give_the_prompt_again(recording: World) -> None:
    run = recording.run("once", "--prompt", "mend it")
    assert prompt_of(run) == b"mend it"
    recording.ok("kill", "once")
    (run.worktree / ".agency" / "out" / "argv").unlink()
    recording.ok("resume", "once", "--detached")
    assert recorded_argv(run) == []
