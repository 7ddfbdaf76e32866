"""An agent that only the config describes: the conversation of a run through kill, crash, restart and fork."""

import json
from typing import Any

import pytest

from internal_tests.support import demo
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

PATIENT = "3s"


def described(world: World, *words: Any, **changes: Any) -> None:
    """From now on the default runner of the repo is the demo agent as ``demo.config`` describes it."""
    world.commit({"agency.yaml": demo.config(*words, **changes)})


def talked(world: World, name: str = "talk") -> SeenRun:
    """A run in which something was said."""
    run = world.run(name, "--prompt", "remember the milk")
    run.wait_for_screen("you said: remember the milk")
    return run


def thread(run: SeenRun) -> dict[str, Any]:
    """What is on record of the conversation."""
    record = json.loads((run.directory / "thread.json").read_text())
    assert isinstance(record, dict)
    return record


def last(run: SeenRun, event: str) -> dict[str, Any]:
    """The data of the last event of that name."""
    data = [one["data"] for one in run.events if one["event"] == event][-1]
    assert isinstance(data, dict)
    return data


def test_a_run_begins_a_conversation_under_an_id_of_our_choice(world: World) -> None:
    described(world)
    run = talked(world)
    record = thread(run)
    assert (record["agent"], record["how"], record["earlier"]) == ("demo", "chosen", [])
    assert f"conversation: {record['thread_id']}" in run.screen()
    assert last(run, "demo.thread.started") == {"thread_id": record["thread_id"], "how": "chosen"}


@pytest.mark.parametrize("how", ["kill", "crash", "restart", "tmux died"])
def test_resume_goes_on_with_the_same_conversation(world: World, how: str) -> None:
    described(world)
    run = talked(world)
    before = thread(run)
    if how == "kill":
        world.ok("kill", "talk")
    elif how == "crash":
        run.type("misbehave crash")
        run.wait_for_exit()
    elif how == "tmux died":
        world.kill_tmux_server()
    result = world.ok("resume", "talk", "--detached", *(["--restart", "--yes"] if how == "restart" else []))
    assert "new one begins" not in result.err
    run.wait_for_screen("earlier: you said: remember the milk")
    assert thread(run) == before
    assert last(run, "demo.thread.resumed") == {"thread_id": before["thread_id"], "how": "chosen"}


def test_fresh_begins_another_conversation_and_keeps_the_old_id(world: World) -> None:
    described(world)
    run = talked(world)
    old = thread(run)["thread_id"]
    world.ok("kill", "talk")
    result = world.ok("resume", "talk", "--detached", "--fresh")
    assert result.err == ""
    now = thread(run)
    assert now["earlier"] == [old]
    run.wait_for_screen(f"conversation: {now['thread_id']}")
    assert "earlier: " not in run.screen()
    assert last(run, "demo.thread.started")["reason"] == "fresh"


def test_a_fork_goes_on_with_a_copy_and_leaves_the_other_as_it_was(world: World) -> None:
    described(world)
    run = talked(world)
    result = world.ok("fork", "talk", "other", "--detached", "--prompt", "and the bread")
    other = world.find(result.pairs["run_id"])
    shown = other.wait_for_screen("you said: and the bread")
    assert "earlier: you said: remember the milk" in shown
    assert thread(other)["forked_from"] == thread(run)["thread_id"]
    world.ok("resume", "talk", "--detached", "--restart", "--yes")
    assert "the bread" not in run.wait_for_screen("earlier: you said: remember the milk")


def test_without_words_for_a_fork_that_is_said(world: World) -> None:
    described(world, fork=None)
    talked(world)
    result = world.ok("fork", "talk", "other", "--detached")
    assert "demo cannot fork conversations; a new one begins" in result.err


def test_a_conversation_that_the_agent_lost_is_replaced_and_that_is_told(world: World) -> None:
    described(world, grace=PATIENT)
    run = talked(world)
    old = thread(run)["thread_id"]
    world.ok("kill", "talk")
    (world.home / ".demo-agent" / "threads" / f"{old}.jsonl").unlink()
    result = world.ok("resume", "talk", "--detached")
    assert f"demo ended at once on being told to go on with conversation {old}; a new one begins" in result.err
    now = thread(run)
    assert now["earlier"] == [old]
    run.wait_for_screen(f"conversation: {now['thread_id']}")
    assert last(run, "resume_failed") == {
        "session_name": run.session,
        "reason": "thread_unknown",
        "exit_code": 1,
        "thread_id": old,
    }
    assert last(run, "demo.thread.started") == {
        "thread_id": now["thread_id"],
        "how": "chosen",
        "replaced": old,
        "reason": "unknown",
    }
    assert run.event_names()[-2:] == ["demo.thread.started", "resume_create"]
    assert run.status() != "exited (1)"


def test_when_a_new_conversation_ends_at_once_too_the_old_one_stays_on_record(world: World) -> None:
    described(world, grace=PATIENT)
    run = talked(world)
    before = thread(run)
    world.ok("kill", "talk")
    described(world, grace=PATIENT, command=["sh", "-c", "echo no login; exit 3"])
    result = world.agency("resume", "talk", "--detached")
    assert (result.code, result.error_code) == (1, "E_RUNNER_EXITED")
    assert "no login" in result.err
    assert thread(run) == before
    described(world)
    world.ok("resume", "talk", "--detached")
    run.wait_for_screen("earlier: you said: remember the milk")


def test_an_id_that_the_agent_chose_is_learned_from_its_screen(world: World) -> None:
    described(world, demo.LEARNED)
    run = talked(world)
    world.ok("kill", "talk")
    result = world.ok("resume", "talk", "--detached")
    assert result.err == ""
    shown = run.wait_for_screen("earlier: you said: remember the milk")
    record = thread(run)
    assert record["how"] == "screen"
    assert f"conversation: {record['thread_id']}" in shown
    assert "demo.thread.started" in run.event_names()
    assert last(run, "demo.thread.resumed")["thread_id"] == record["thread_id"]


def test_an_id_that_is_printed_late_outlives_the_tmux_server(world: World) -> None:
    described(world, demo.LEARNED, grace="0s")
    run = talked(world)
    wait_for(lambda: (run.directory / "launches" / "0001" / "thread").exists(), "the id to be kept")
    world.kill_tmux_server()
    world.ok("resume", "talk", "--detached")
    run.wait_for_screen("earlier: you said: remember the milk")


def test_a_fork_whose_id_the_agent_chose_is_learned_too(world: World) -> None:
    described(world, demo.LEARNED)
    run = talked(world)
    result = world.ok("fork", "talk", "other", "--detached", "--prompt", "and the bread")
    other = world.find(result.pairs["run_id"])
    other.wait_for_screen("you said: and the bread")
    world.ok("kill", "other")
    world.ok("resume", "other", "--detached")
    other.wait_for_screen("earlier: you said: and the bread")
    assert thread(other)["thread_id"] != thread(run)["thread_id"]


def test_a_fork_that_ended_before_it_told_its_id_is_begun_again(world: World) -> None:
    described(world, demo.LEARNED)
    talked(world)
    described(world, demo.LEARNED, thread_pattern="never: (.*)", grace="0s")
    other = world.find(world.ok("fork", "talk", "other", "--detached").pairs["run_id"])
    for _ in range(2):
        world.kill_tmux_server()
        result = world.ok("resume", "other", "--detached")
        assert "the copy of conversation" in result.err and "begins again" in result.err
        other.wait_for_screen("earlier: you said: remember the milk")
    world.ok("kill", "other")
    assert world.ok("resume", "other", "--detached", "--fresh").err == ""
    other.wait_for_screen("conversation: ")
    assert "earlier: " not in other.screen()


def test_when_no_id_was_ever_shown_a_new_conversation_begins_and_that_is_said(world: World) -> None:
    described(world, demo.LEARNED, thread_pattern="never: (.*)")
    run = talked(world)
    world.ok("kill", "talk")
    result = world.ok("resume", "talk", "--detached")
    assert "no conversation of talk is known; a new one begins" in result.err
    run.wait_for_screen("conversation: ")
    assert "earlier: " not in run.screen()


def test_a_config_that_cannot_work_is_told_before_anything_is_made(world: World) -> None:
    described(world, start=["{prompt}"])
    result = world.agency("run", "talk", "--detached", "--json")
    assert (result.code, result.error["code"]) == (1, "E_INVALID_CONFIG")
    assert result.error["details"]["key"] in {"runners.demo.resume", "runners.demo.fork"}
    assert 'add "{thread_id}" to runners.demo.start' in result.error["hint"]
    assert world.runs() == []


def test_an_agent_without_a_place_for_a_prompt_takes_none(world: World) -> None:
    described(world, start=["--thread", "{thread_id}"])
    result = world.agency("run", "talk", "--detached", "--prompt", "hi")
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "takes no prompt" in result.err


def test_a_runner_with_command_and_environment_alone_stays_any_command(world: World) -> None:
    run = world.run("plain", "--prompt", "hello")
    run.wait_for_screen("prompt: hello")
    assert not (run.directory / "thread.json").exists()
    world.ok("kill", "plain")
    assert world.ok("resume", "plain", "--detached").err == ""


def test_the_own_words_of_a_run_stand_before_those_of_the_config(world: World) -> None:
    described(world)
    run = world.run("worded", "--", "--show", "AGENCY_NAME")
    run.wait_for_screen("AGENCY_NAME=worded")
    world.ok("resume", "worded", "--detached", "--restart", "--yes")
    wait_for(lambda: run.screen().count("AGENCY_NAME=worded") >= 1, "its words after the restart")
    run.wait_for_screen("demo>")
