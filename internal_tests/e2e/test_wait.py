"""``agency wait``: block until a run has got somewhere, and say where by the exit code."""

import json
import signal
import sys
import time

import pytest

from internal_tests.support.following import Following
from internal_tests.support.footprint import ToolLog
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World, demo_config


def ready(world: World, name: str, *words: str) -> SeenRun:
    """A run whose runner listens."""
    run = world.run(name, *words)
    run.wait_for_screen("demo agent ready")
    return run


def test_a_runner_that_ends_well_is_0(world: World) -> None:
    run = ready(world, "good")
    with Following(world, "wait", "good") as waiting:
        run.type("exit 0")
        assert waiting.ended() == 0
        assert waiting.out == "exited (0)\n"


def test_a_runner_that_ends_badly_is_4(world: World) -> None:
    run = ready(world, "bad")
    with Following(world, "wait", "bad") as waiting:
        run.type("exit 9")
        assert waiting.ended() == 4
        assert waiting.out == "exited (9)\n"


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (3, 4)])
def test_a_runner_that_has_ended_before_is_told_at_once(world: World, code: int, expected: int) -> None:
    run = ready(world, "over")
    run.type(f"exit {code}")
    run.wait_for_exit()
    result = world.agency("wait", "over", "--timeout", "20s")
    assert (result.code, result.out) == (expected, f"exited ({code})\n")


def test_a_runner_that_was_lost_is_4(world: World) -> None:
    ready(world, "lost")
    world.kill_tmux_server()
    result = world.agency("wait", "lost", "--timeout", "20s")
    assert (result.code, result.out) == (4, "lost (tmux died)\n")


def test_a_runner_that_a_person_ended_is_0(world: World) -> None:
    ready(world, "mine")
    with Following(world, "wait", "mine") as waiting:
        world.ok("kill", "mine")
        assert waiting.ended() == 0
        assert waiting.out == "stopped\n"


def test_a_run_that_could_not_be_made_is_4(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="scripts: {setup: {command: ['false']}}\n")})
    assert world.agency("run", "unmade", "--detached").error_code == "E_SCRIPT_FAILED"
    result = world.agency("wait", "unmade", "--timeout", "20s")
    assert (result.code, result.out) == (4, "failed\n")


def test_time_over_is_3_and_names_the_status(world: World) -> None:
    ready(world, "slow")
    begun = time.monotonic()
    result = world.agency("wait", "slow", "--timeout", "700ms")
    assert (result.code, result.error_code, result.out) == (3, "E_WAIT_TIMEOUT", "")
    assert "slow is active; waited 0.7 s for its runner to exit" in result.err
    assert time.monotonic() - begun >= 0.7


def test_no_time_at_all_is_one_look(world: World) -> None:
    run = ready(world, "now")
    assert world.agency("wait", "now", "--timeout", "0s").error_code == "E_WAIT_TIMEOUT"
    run.type("exit 0")
    run.wait_for_exit()
    assert world.ok("wait", "now", "--timeout", "0s").out == "exited (0)\n"


def test_without_a_timeout_it_goes_on(world: World) -> None:
    run = ready(world, "long")
    with Following(world, "wait", "long") as waiting:
        run.type("status working on it")
        wait_for(lambda: run.status() == "working", "the status to change")
        assert waiting.running
        run.type("exit 0")
        assert waiting.ended() == 0


def test_idle_is_a_runner_that_prints_nothing_for_a_while(world: World) -> None:
    ready(world, "quiet")
    begun = time.monotonic()
    result = world.ok("wait", "quiet", "--for", "idle", "--quiet", "2s", "--timeout", "20s")
    assert result.out == "active\n"
    assert time.monotonic() - begun >= 0.5


def test_a_runner_that_goes_on_printing_is_not_idle(world: World) -> None:
    _chatterbox(world).wait_for_screen("tick 2")
    result = world.agency("wait", "busy", "--for", "idle", "--quiet", "3s", "--timeout", "4s")
    assert (result.code, result.error_code) == (3, "E_WAIT_TIMEOUT")


@pytest.mark.parametrize("word", ["needs_input", "blocked", "ready_for_review"])
def test_a_runner_that_says_it_waits_is_idle_although_it_prints(world: World, word: str) -> None:
    run = _chatterbox(world, status=word)
    run.wait_for_screen("tick 2")
    result = world.ok("wait", "busy", "--for", "idle", "--quiet", "60s", "--timeout", "20s")
    assert result.out == word.replace("_", " ") + "\n"


def test_a_runner_that_has_exited_is_idle(world: World) -> None:
    run = ready(world, "over")
    run.type("exit 0")
    run.wait_for_exit()
    assert world.ok("wait", "over", "--for", "idle", "--quiet", "60s", "--timeout", "20s").out == "exited (0)\n"


@pytest.mark.parametrize("written", ["ready-for-review", "ready_for_review", "ready for review", "READY"])
def test_a_status_can_be_waited_for_however_it_is_written(world: World, written: str) -> None:
    run = ready(world, "work")
    with Following(world, "wait", "work", "--for", "status", "--status", written, "--timeout", "20s") as waiting:
        run.type("status working half of it")
        run.type("status ready_for_review look at it")
        assert waiting.ended() == 0
        assert waiting.out == "ready for review\n"


def test_a_change_of_status_can_be_waited_for(world: World) -> None:
    run = ready(world, "work")
    run.type("status working on it")
    wait_for(lambda: run.status() == "working", "the status to change")
    log = ToolLog(world, "tmux")
    with Following(world, "wait", "work", "--for", "status", "--timeout", "20s", env=log.env) as waiting:
        for _ in range(2):
            wait_for(log.calls, "it to look at how things are before")
        run.type("status blocked no network")
        assert waiting.ended() == 0
        assert waiting.out == "blocked\n"


def test_json_tells_the_end(world: World) -> None:
    run = ready(world, "told")
    run.type("exit 5")
    run.wait_for_exit()
    result = world.agency("wait", "told", "--json")
    assert result.code == 4
    assert result.data == {
        "run_id": run.id,
        "name": "told",
        "reached": "exited",
        "status": "exited (5)",
        "summary": None,
        "exit_code": 5,
        "runner_alive": False,
    }


def test_time_over_is_told_as_json_too(world: World) -> None:
    run = ready(world, "slow")
    result = world.agency("wait", "slow", "--timeout", "300ms", "--json")
    assert (result.code, result.err) == (3, "")
    assert result.error["code"] == "E_WAIT_TIMEOUT"
    assert result.error["details"] == {"run_id": run.id, "status": "active"}


def test_waiting_writes_nothing(world: World) -> None:
    run = ready(world, "still")
    before = run.event_names()
    world.agency("wait", "still", "--timeout", "300ms")
    assert run.event_names() == before


def test_a_run_that_is_cleaned_meanwhile_ends_the_wait(world: World) -> None:
    ready(world, "cleaned")
    with Following(world, "wait", "cleaned") as waiting:
        world.ok("clean", "cleaned", "--yes")
        assert waiting.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_with_130(world: World, number: int) -> None:
    ready(world, "long")
    log = ToolLog(world, "tmux")
    with Following(world, "wait", "long", env=log.env) as waiting:
        wait_for(log.calls, "it to have looked")
        assert waiting.signal(number) == 130
        assert waiting.out == ""
        assert waiting.err.split() == ["error_code:", "E_INTERRUPTED", "stopped", "by", signal.Signals(number).name]


@pytest.mark.parametrize(
    "words",
    [
        ("--for", "happiness"),
        ("--status", "working"),
        ("--for", "idle", "--status", "working"),
        ("--timeout", "soon"),
        ("--timeout", "-1s"),
        ("--quiet", "5"),
        ("--for", "status", "--status", ""),
        ("--for", "status", "--status", "happy"),
    ],
)
def test_what_cannot_be_waited_for_is_a_usage_error(world: World, words: tuple[str, ...]) -> None:
    world.run("any")
    result = world.agency("wait", "any", *words)
    assert (result.code, result.error_code) == (2, "E_USAGE")


def _chatterbox(world: World, *, status: str | None = None) -> SeenRun:
    """A run whose runner prints all the time, and says ``status`` of itself."""
    said = {"status": status, "summary": "x", "questions": ["x"], "blockers": ["x"], "how_to_test": "x"}
    program = f"""
import json, pathlib, time
if {status!r}:
    pathlib.Path(".agency/state/runner_status.json").write_text(json.dumps({said!r}))
for number in range(1000):
    print("tick", number, flush=True)
    time.sleep(0.2)
"""
    command = json.dumps([sys.executable, "-c", program])
    world.commit({"agency.yaml": f"version: 1\nrunners:\n  chatter: {{command: {command}}}\n"})
    return world.run("busy", "--runner", "chatter")


def test_what_is_no_status_is_told_with_the_nearest(world: World) -> None:
    world.run("any")
    result = world.agency("wait", "any", "--for", "status", "--status", "redy-for-review")
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "no status is called 'redy-for-review'" in result.err
    assert "hint: did you mean ready for review" in result.err


def test_what_only_a_living_runner_reaches_ends_with_the_runner(world: World) -> None:
    run = ready(world, "gone")
    with Following(world, "wait", "gone", "--for", "done", "--for", "waiting") as waiting:
        run.type("exit 0")
        assert waiting.ended() == 4
    assert "error_code: E_RUN_ENDED" in waiting.err
    assert "gone is exited (0)" in waiting.err
    assert "status: exited (0)" in waiting.err
    assert "hint: agency resume gone --detached" in waiting.err
    assert world.agency("wait", "gone", "--for", "status", "--status", "working").error_code == "E_RUN_ENDED"
    assert world.agency("wait", "gone", "--for", "done", "--timeout", "0s").error_code == "E_RUN_ENDED"
    for other in ("w", "exited (7)", "merged"):
        result = world.agency("wait", "gone", "--for", "status", "--status", other, "--timeout", "0s")
        assert result.error_code == "E_WAIT_TIMEOUT", other


def test_a_runner_that_is_started_again_meanwhile_is_waited_for(world: World) -> None:
    run = ready(world, "again")
    with Following(world, "wait", "again", "--for", "done", "--timeout", "20s") as waiting:
        world.ok("resume", "again", "--detached", "--restart", "--yes")
        run.type("status ready_for_review look")
        assert waiting.ended() == 0
        assert waiting.out == "ready for review\n"


@pytest.mark.parametrize("word", ["needs_input", "blocked"])
def test_a_runner_that_says_it_needs_a_person_waits(world: World, word: str) -> None:
    run = ready(world, "asks")
    with Following(world, "wait", "asks", "--for", "waiting", "--json") as waiting:
        run.type(f"status {word} which port?")
        assert waiting.ended() == 0
    told = json.loads(waiting.out)["data"]
    assert (told["reached"], told["status"]) == ("waiting", word.replace("_", " "))
    assert told["summary"] == "which port?"
    assert told["runner_alive"] is True


def test_what_comes_first_ends_the_wait(world: World) -> None:
    run = ready(world, "either")
    with Following(world, "wait", "either", "--for", "waiting", "--for", "exited", "--json") as waiting:
        run.type("exit 3")
        assert waiting.ended() == 4
    assert json.loads(waiting.out)["data"]["reached"] == "exited"


def test_the_mark_of_a_person_hides_nothing_from_a_wait(world: World) -> None:
    run = ready(world, "marked")
    world.ok("mark", "marked")
    run.type("status ready_for_review look")
    assert world.ok("wait", "marked", "--for", "done", "--timeout", "20s").out == "needs attention\n"
