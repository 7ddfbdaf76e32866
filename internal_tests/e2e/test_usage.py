"""``agency usage``, and usage in ``show`` and ``ls --wide``, with a program that passes for claude and scripted transcripts."""

import json
import shutil
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from internal_tests.support.footprint import footprint
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import SeenRun, World

CONFIG = """version: 1
defaults: {runner: claude}
runners: {claude: {command: [./claude]}}
session: {startup_grace: 50ms}
prices:
  big-*: {input: 10, cached_input: 1, output: 50}
"""


@pytest.fixture
def world(world: World) -> World:
    """A world whose agent passes for claude."""
    commit(world)
    return world


def commit(world: World, config: str = CONFIG, *, cwd: Path | None = None) -> None:
    """Make a program that only waits the agent of a repo."""
    script = (cwd or world.repo) / "claude"
    script.write_text('#!/bin/sh\n[ "$1" != --version ] || { echo 9.9.9; exit; }\nexec sleep 1000\n')
    script.chmod(0o755)
    world.commit({"agency.yaml": config}, "an agent that only waits", cwd=cwd)


def thread_of(run: SeenRun) -> str:
    """The conversation of a run."""
    return str(json.loads((run.directory / "thread.json").read_text())["thread_id"])


def answer(key: str, *, model: str = "big-1", at: float | None = None, **counts: int) -> dict[str, Any]:
    """A line of a transcript: an answer with so many ``input``, ``written`` (to the cache), ``cached`` and ``output`` tokens."""
    moment = datetime.fromtimestamp(at if at is not None else time.time(), UTC)
    usage = {
        "input_tokens": counts.get("input", 0),
        "cache_creation_input_tokens": counts.get("written", 0),
        "cache_read_input_tokens": counts.get("cached", 0),
        "output_tokens": counts.get("output", 0),
    }
    message = {"id": key, "model": model, "role": "assistant", "usage": usage}
    return {"type": "assistant", "timestamp": moment.isoformat(), "message": message}


def write(world: World, name: str, lines: Iterable[dict[str, Any]], *, torn: str = "") -> Path:
    """Append to the transcript ``name`` of the agent."""
    path = world.home / ".claude" / "projects" / "-some-place" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("".join(f"{json.dumps(line)}\n" for line in lines) + torn)
    return path


def counts(told: dict[str, Any]) -> tuple[int, int, int]:
    """Input, cached input and output."""
    return told["input"], told["cached_input"], told["output"]


def usage_of(run: SeenRun) -> dict[str, Any]:
    """What ``show --json`` tells."""
    usage = run.world.ok("show", run.id, "--json").data["usage"]
    assert isinstance(usage, dict)
    return usage


def test_an_answer_on_several_lines_counts_once_and_sub_agents_count_too(world: World) -> None:
    run = world.run("one")
    thread = thread_of(run)
    write(
        world,
        thread,
        [
            answer("a", input=100, written=20, cached=1000, output=1),
            {"type": "user", "timestamp": "2030-01-01T00:00:00Z", "message": {"usage": {"input_tokens": 9}}},
            answer("a", input=100, written=20, cached=1000, output=40),
            answer("b", input=5, output=2),
        ],
        torn='{"type": "assistant", "message": {"id": "c", "usage": {"inp',
    )
    write(world, f"{thread}/subagents/agent-x1", [answer("d", model="big-2", input=7, output=3)])
    usage = usage_of(run)
    assert counts(usage) == (132, 1000, 45)
    assert usage["total"] == 1177
    assert usage["cost"] == pytest.approx((132 * 10 + 1000 * 1 + 45 * 50) / 1_000_000)
    assert (usage["cost_complete"], usage["cost_from"], usage["unpriced_models"]) == (True, ["prices"], [])
    assert {model: counts(part) for model, part in usage["models"].items()} == {
        "big-1": (125, 1000, 42),
        "big-2": (7, 0, 3),
    }


def test_the_last_answer_of_a_sub_agent_counts_as_its_asker_tells(world: World) -> None:
    run = world.run("one")
    thread = thread_of(run)
    final = answer("-", input=7, cached=2, output=300)["message"]["usage"]
    asked = {"type": "user", "toolUseResult": {"agentId": "x1", "usage": final}}
    write(world, thread, [answer("a", input=1, output=1), asked])
    write(
        world,
        f"{thread}/subagents/agent-x1",
        [answer("b", input=4, output=1), answer("c", input=7, cached=2, output=1)],
    )
    assert counts(usage_of(run)) == (12, 2, 302)


def test_show_tells_tokens_and_cost_and_what_has_no_price(world: World) -> None:
    run = world.run("one")
    assert world.ok("show", "one").pairs["usage"] == "0 tokens (0 input, 0 cached input, 0 output)"
    write(world, thread_of(run), [answer("a", input=1_000_000, output=20_000)])
    shown = world.ok("show", "one").pairs
    assert shown["usage"] == "1,020,000 tokens (1,000,000 input, 0 cached input, 20,000 output)"
    assert shown["cost"] == "$11.00 (by the prices in the config)"
    write(world, thread_of(run), [answer("b", model="small", input=1)])
    assert "and more: no price for small" in world.ok("show", "one").pairs["cost"]
    usage = usage_of(run)
    assert (usage["cost"], usage["cost_complete"], usage["unpriced_models"]) == (11.0, False, ["small"])


def test_a_cost_that_the_agent_reports_goes_before_the_prices(world: World) -> None:
    run = world.run("one")
    write(world, thread_of(run), [{**answer("a", input=1_000_000), "costUSD": 0.25}])
    assert world.ok("show", "one").pairs["cost"] == "$0.25 (as the agent reports)"


def test_each_attempt_is_told_by_itself(world: World) -> None:
    run = world.run("one")
    write(world, thread_of(run), [answer("a", input=1)])
    for number in (2, 3):
        world.ok("resume", "one", "--restart", "--yes", "--detached")
        write(world, thread_of(run), [answer(f"a{number}", input=10**number)])
    attempts = usage_of(run)["attempts"]
    assert [(part["attempt"], part["input"]) for part in attempts] == [(1, 1), (2, 100), (3, 1000)]
    assert sorted(part["started_at"] for part in attempts) == [part["started_at"] for part in attempts]


def test_a_fork_does_not_count_what_it_copied(world: World) -> None:
    run = world.run("one")
    write(world, thread_of(run), [answer("a", input=1)])
    fork = world.find(world.ok("fork", "one", "two", "--detached").pairs["run_id"])
    during = answer("b", input=10)  # by the other run, after the fork was launched and before it made its copy
    write(world, thread_of(run), [during])
    copied = [answer("a", input=1, at=time.time() - 3600), during]
    write(world, thread_of(fork), [*copied, answer("c", input=100)])
    assert usage_of(fork)["input"] == 100
    assert usage_of(run)["input"] == 11
    assert world.ok("usage", "--json").data["total"]["input"] == 111


def test_what_was_said_before_the_run_began_is_not_of_the_run(world: World) -> None:
    run = world.run("one")
    write(world, thread_of(run), [answer("a", input=1, at=time.time() - 60), answer("b", input=10)])
    assert usage_of(run)["input"] == 10


def test_conversations_that_the_run_left_count_too(world: World) -> None:
    run = world.run("one")
    left = thread_of(run)
    write(world, left, [answer("a", input=1)])
    world.ok("kill", "one")
    world.ok("resume", "one", "--fresh", "--detached")
    assert thread_of(run) != left
    write(world, thread_of(run), [answer("a", input=1), answer("b", input=10)])
    third = "5b0e4a62-4d2c-4f0e-8b76-2f1df8d4a111"
    told = {"at": time.time(), "event": "UserPromptSubmit", "thread_id": third}
    (run.directory / "hooks.jsonl").write_text(json.dumps(told) + "\n")
    write(world, third, [answer("c", input=100)])
    assert usage_of(run)["input"] == 111


def test_what_an_archived_run_used_is_told_without_the_files_of_the_agent(world: World) -> None:
    run = world.run("one")
    write(world, thread_of(run), [answer("a", input=1)])
    world.ok("kill", "one")
    world.ok("resume", "one", "--detached")
    write(world, thread_of(run), [answer("b", input=10)])
    world.ok("clean", "one", "--yes")
    shutil.rmtree(world.home / ".claude")
    usage = usage_of(run)
    assert [(part["attempt"], part["input"]) for part in usage["attempts"]] == [(1, 1), (2, 10)]
    assert world.ok("usage").out == "no usage found\n"
    assert world.ok("usage", "--all", "--json").data["total"]["input"] == 11
    world.ok("restore", "one")
    assert world.ok("usage", "--json").data["total"]["input"] == 11


def test_what_was_used_before_a_resume_is_told_when_the_files_of_the_agent_went_after_it(world: World) -> None:
    run = world.run("one")
    path = write(world, thread_of(run), [answer("a", input=1)])
    world.ok("kill", "one")
    world.ok("resume", "one", "--detached")
    path.write_text("")
    write(world, thread_of(run), [answer("b", input=10)])
    assert usage_of(run)["input"] == 11


def test_usage_sums_over_runs_and_says_what_is_missing(world: World) -> None:
    first, second = world.run("one"), world.run("two")
    world.run("plain", "--runner", "shell")
    write(world, thread_of(first), [answer("a", input=1_000_000, cached=2_000_000, output=10_000)])
    write(world, thread_of(second), [answer("b", model="small", input=1_234)])
    done = world.ok("usage")
    header, *rows = [line.split() for line in done.out.splitlines()]
    assert header == ["RUN_ID", "NAME", "INPUT", "CACHED", "OUTPUT", "COST"]
    assert rows[:3] == [
        [second.id, "two", "1,234", "0", "0", "-"],
        [first.id, "one", "1,000,000", "2,000,000", "10,000", "$12.50"],
        ["total", "1,001,234", "2,000,000", "10,000", "$12.50+"],
    ]
    assert done.pairs["cost"].startswith("$12.50 (by the prices in the config), and more: no price for small")
    assert done.err == "not counted: 1 run whose agent does not tell what it uses\n"
    assert world.ok("show", "plain").pairs["usage"] == "-"
    assert world.ok("show", "plain", "--json").data["usage"] is None


def test_since_counts_only_what_was_used_since(world: World) -> None:
    run, idle = world.run("one"), world.run("idle")
    write(world, thread_of(run), [answer("a", input=1)])
    write(world, thread_of(idle), [])
    assert world.ok("usage", "--since", "1h", "--json").data["total"]["input"] == 1
    assert [told["name"] for told in world.ok("usage", "--since", "1h", "--json").data["runs"]] == ["one"]
    assert world.ok("usage", "--since", "0s").out == "no usage found\n"
    assert world.ok("usage", "--since", "2020-01-01", "--json").data["total"]["input"] == 1
    assert world.agency("usage", "--since", "lately").code == 2


def test_each_repo_has_its_prices(world: World) -> None:
    other = world.make_repo("other")
    commit(world, CONFIG.replace("input: 10,", "input: 20,"), cwd=other)
    runs = {"here": world.run("here"), "there": world.run("there", cwd=other)}
    for name, run in runs.items():
        write(world, thread_of(run), [answer(name, input=1_000_000)])
    told = world.ok("usage", "--all-repos", "--json").data
    assert {one["name"]: one["cost"] for one in told["runs"]} == {"here": 10.0, "there": 20.0}
    assert told["total"]["cost"] == 30.0
    assert [one["name"] for one in world.ok("usage", "--json").data["runs"]] == ["here"]


def test_the_wide_list_tells_runner_branch_age_model_tokens_and_cost(world: World) -> None:
    run = world.run("one")
    world.run("plain", "--runner", "shell")
    write(world, thread_of(run), [answer("a", input=1_000_000), answer("b", model="big-2", output=20_000)])
    header, plain, one = world.ok("ls", "--wide").out.splitlines()
    names = "RUN_ID NAME STATUS RUNNER BRANCH AGE MODEL TOKENS COST CONFLICTS SUMMARY PR"
    assert header.split() == names.split()
    cells = one[header.index("RUNNER") :].split()
    assert [*cells[:2], *cells[3:6]] == ["claude", run.branch, "big-2", "1.02M", "$11.00"]
    assert plain[header.index("MODEL") :].split()[:3] == ["-", "-", "-"]
    rows = {row["name"]: row["usage"] for row in world.ok("ls", "--wide", "--json").data}
    assert counts(rows["one"]) == (1_000_000, 0, 20_000)
    assert rows["plain"] is None


def test_the_wide_list_is_watched_as_tokens_are_used(world: World) -> None:
    run = world.run("one")
    with agency_in_terminal(world, "ls", "--wide", "--watch") as terminal:
        terminal.shows("TOKENS")
        write(world, thread_of(run), [answer("a", input=12_300)])
        terminal.shows("12.3k")
        terminal.press("C-c")
        assert terminal.ended() == 130


def test_the_plain_list_does_not_look_at_what_agents_used(world: World) -> None:
    world.run("one")
    listing = world.agency("ls", "--json", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "agency.sessions.listing" in listing.err
    assert "agency.sessions.usage" not in listing.err
    assert "usage" not in listing.data[0]


def test_looking_at_usage_writes_nothing(world: World) -> None:
    run = world.run("one")
    write(world, thread_of(run), [answer("a", input=1)])
    before = footprint(world.data, world.config, world.home, world.repo)
    for words in (("usage",), ("usage", "--all-repos", "--json"), ("show", "one"), ("ls", "--wide")):
        world.ok(*words)
    assert footprint(world.data, world.config, world.home, world.repo) == before


def test_a_config_that_cannot_be_read_costs_only_the_prices(world: World) -> None:
    run = world.run("one")
    write(world, thread_of(run), [answer("a", input=1)])
    (world.repo / "agency.yaml").write_text("version: 2\n")
    shown = world.ok("show", "one")
    assert shown.pairs["usage"].startswith("1 tokens")
    assert shown.pairs["cost"].startswith("- (no price for big-1")
    assert "going on without the config" in shown.err


def test_the_agent_is_looked_for_where_its_configured_environment_puts_it(world: World) -> None:
    elsewhere = world.root / "elsewhere"
    commit(world, CONFIG.replace("[./claude]", f"[./claude], env: {{CLAUDE_CONFIG_DIR: {elsewhere}}}"))
    run = world.run("one")
    path = write(world, thread_of(run), [answer("a", input=1)])
    shutil.copytree(path.parents[1], elsewhere / "projects")
    shutil.rmtree(world.home / ".claude")
    assert usage_of(run)["input"] == 1
