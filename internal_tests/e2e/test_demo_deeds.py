"""What the demo agent does at each attempt of each step of a job, as a plan says; no run of agency is needed for that."""

import base64
import hashlib
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import DEMO_AGENT, World

SECRET = "open-sesame/0123456789"
ENDLESS = {
    "hang": b"",
    "spin": b"",
    "chat": b'"what about ',
    "spinner": b"Working (0s)\r",
    "elapsed": b"s elapsed\n",
    "control": b"\033[2K",
    "flood": b"flood flood",
}
"""The deeds that go on for ever, and what they show meanwhile."""


class Planned:
    """The demo agent without a terminal, with a plan that has these objects for the step ``build``."""

    def __init__(self, world: World, *entries: dict[str, Any]) -> None:
        self.world = world
        self.plan = world.root / "plan.json"
        self.say(build=list(entries))

    def say(self, **plan: Any) -> None:
        """From now on the plan is this."""
        self.plan.write_text(json.dumps(plan))

    def words(self, prompt: str = "build it") -> list[str]:
        """Its command line."""
        return [DEMO_AGENT, "--headless", "--plan", str(self.plan), prompt]

    def environment(self, step: str | None = "build", attempt: int = 1) -> dict[str, str]:
        """What the worker tells an attempt, and a secret."""
        told = {"AGENCY_STEP_ID": step, "AGENCY_ATTEMPT": str(attempt)} if step is not None else {}
        return {**self.world.env, "DEMO_AGENT_SECRET": SECRET, **told}

    def attempt(self, attempt: int = 1, *, step: str | None = "build") -> "subprocess.CompletedProcess[str]":
        """One attempt, to its end."""
        return subprocess.run(
            self.words(),
            cwd=self.world.repo,
            env=self.environment(step, attempt),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )

    @contextmanager
    def going_on(self) -> Iterator["subprocess.Popen[bytes]"]:
        """An attempt that does not end by itself."""
        with subprocess.Popen(
            self.words(), cwd=self.world.repo, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as agent:
            try:
                yield agent
            finally:
                agent.kill()


def deeds(*taken: list[Any]) -> dict[str, Any]:
    """The object of a plan that takes these deeds and says no more than ``done``."""
    return {"do": list(taken), "say": "done"}


def told(done: "subprocess.CompletedProcess[str]", kind: str) -> list[dict[str, Any]]:
    """What its JSON lines of one kind tell."""
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [line for line in lines if line["type"] == kind]


def said(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """Its messages."""
    return [line["text"] for line in told(done, "message")]


def test_step_and_attempt_choose_what_is_done_and_the_last_object_is_for_all_that_follow(world: World) -> None:
    agent = Planned(world)
    agent.say(build=[{"say": "first"}, deeds(["say", "{step} {attempt}"])], lint=[{"say": "linted"}])
    assert [said(agent.attempt(number))[0] for number in (1, 2, 7)] == ["first", "build 2", "build 7"]
    assert said(agent.attempt(3, step="lint")) == ["linted"]
    assert said(agent.attempt(step="other")) == said(agent.attempt(step=None)) == ["you said: build it"]
    agent.say(**{"build": [{"say": "first"}], "*": [{"say": "any"}]})
    assert [said(agent.attempt(step=step)) for step in ("build", "other", None)] == [["first"], ["any"], ["any"]]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"sya": "hi"}, "not known: sya"),
        (deeds(["hagn"]), "no deed is called hagn"),
        (deeds(["hang", 3]), "too many positional arguments"),
        (deeds(["append", "a"]), "missing a required argument: 'text'"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_before_anything_is_done(
    world: World, entry: dict[str, Any], problem: str
) -> None:
    agent = Planned(world, deeds(["write", "made.txt", "x"]), entry)
    done = agent.attempt()
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{agent.plan}: build, object 2: {problem}\n")
    assert not (world.repo / "made.txt").exists()


def test_it_works_on_files_of_every_kind_and_commits(world: World) -> None:
    (world.repo / "old.txt").write_text("old")
    (world.repo / "gone.txt").write_text("gone")
    agent = Planned(
        world,
        deeds(
            ["write", "a/new.txt", "{step}\n"],
            ["append", "a/new.txt", "{attempt}\n"],
            ["binary", "data.bin", 300],
            ["chmod", "data.bin", "755"],
            ["rename", "old.txt", "b/renamed.txt"],
            ["delete", "gone.txt"],
            ["symlink", "link", "a/new.txt"],
            ["commit", "all of it"],
            ["stale_lock"],
        ),
    )
    done = agent.attempt()
    assert (done.returncode, done.stderr) == (0, "")
    assert [one["tool"] for one in told(done, "tool")][-2:] == ["symlink", "stale_lock"]
    repo = world.repo
    assert (repo / "link").read_text() == "build\n1\n" and (repo / "link").is_symlink()
    data = (repo / "data.bin").read_bytes()
    assert len(data) == 300 and b"\0" in data and (repo / "data.bin").stat().st_mode & 0o777 == 0o755
    assert (repo / "b/renamed.txt").read_text() == "old"
    assert not (repo / "old.txt").exists() and not (repo / "gone.txt").exists()
    assert world.git("log", "-1", "--format=%s").strip() == "all of it"
    assert world.git("status", "--porcelain").strip() == ""
    assert (repo / ".git/index.lock").exists()
    again = agent.attempt()
    assert again.returncode == 1 and "rename: " in again.stderr


def test_the_same_failure_differs_only_in_what_is_volatile_and_a_changing_one_in_its_text(world: World) -> None:
    volatile = "{now} [{pid}] /tmp/{random}/test.py: took {seconds}s"
    agent = Planned(world, deeds(["fail", "the same", 3]), deeds(["fail", f"expected {{attempt}}: {volatile}"]))
    first, second, third = (agent.attempt(number) for number in (1, 2, 3))
    assert (first.returncode, first.stderr) == (3, "the same\n")
    assert (told(first, "problem")[0]["text"], told(first, "end")[0]["ok"]) == ("the same", False)
    assert second.stderr.startswith("expected 2: ") and third.stderr.startswith("expected 3: ")
    parts = [done.stderr.split() for done in (second, third)]
    changed = [mine != other for mine, other in zip(*parts, strict=True)]
    assert changed[:-1] == [False, True, True, True, True, False]  # both may take as many milliseconds


def test_it_ends_by_a_signal_a_code_or_a_limit(world: World) -> None:
    agent = Planned(
        world, deeds(["signal", "KILL"]), deeds(["signal", "TERM"]), deeds(["exit", 7]), deeds(["limited", 9])
    )
    ends = [agent.attempt(number) for number in (1, 2, 3, 4)]
    assert [done.returncode for done in ends] == [-signal.SIGKILL, -signal.SIGTERM, 7, 1]
    assert ends[3].stderr == "429 Too Many Requests, Retry-After: 9\n"


def test_what_does_not_end_by_itself_can_be_ended(world: World) -> None:
    for deed, shown in ENDLESS.items():
        given = [0.01] if deed in ("chat", "spinner", "elapsed", "control") else []
        with Planned(world, deeds(["say", "here I go"], [deed, *given])).going_on() as agent:
            assert agent.stdout is not None
            assert b"here I go" in agent.stdout.readline()
            seen = b""
            while shown not in seen:
                seen += agent.stdout.read(20)
            assert agent.poll() is None, deed
            agent.terminate()
            agent.communicate(timeout=20)
        assert agent.returncode == -signal.SIGTERM, deed


def test_told_to_ignore_term_it_ends_by_kill_only(world: World) -> None:
    with Planned(world, deeds(["ignore_term"], ["tick", 60, 0.01, "still here"])).going_on() as agent:
        assert agent.stdout is not None
        agent.stdout.readline()
        agent.terminate()
        assert all(b"still here" in agent.stdout.readline() for _ in range(20))


def test_it_tells_its_prompt_and_what_it_was_told(world: World) -> None:
    kept = world.root / "prompt-1.txt"
    agent = Planned(
        world,
        deeds(
            ["prompt", f"{world.root}/prompt-{{attempt}}.txt"],
            ["show", "AGENCY_STEP_ID"],
            ["tick", 0.01, 0.02],
            ["usage", {"input": 3}],
            ["problem", "once more"],
            ["status", "needs_input", "Which port?"],
        ),
    )
    done = agent.attempt()
    digest = hashlib.sha256(b"build it").hexdigest()
    assert said(done) == [f"prompt: 8 bytes, sha256 {digest}", "AGENCY_STEP_ID=build", "tick 0", "done"]
    assert kept.read_text() == "build it"
    assert told(done, "problem") == [{"type": "problem", "text": "once more", "goes_on": True}]
    assert told(done, "usage")[0] == {"type": "usage", "input": 3}
    status = json.loads((world.repo / ".agency/state/runner_status.json").read_text())
    assert (status["status"], status["questions"]) == ("needs_input", ["Which port?"])


def test_it_leaks_in_every_way(world: World) -> None:
    agent = Planned(
        world,
        deeds(["leak"]),
        deeds(["leak", "split", "stderr"]),
        deeds(["leak", "base64"]),
        deeds(["leak", "url"]),
        deeds(["write", "secret.txt", "{secret}"], ["stderr", "{secret}"]),
    )
    plain, split, encoded, quoted, filed = (agent.attempt(number) for number in range(1, 6))
    assert f"the secret is {SECRET}\n" in plain.stdout
    assert split.stderr == f"the secret is {SECRET}\n" and SECRET not in split.stdout
    assert base64.b64encode(SECRET.encode()).decode() in encoded.stdout
    assert SECRET.replace("/", "%2F") in quoted.stdout
    assert filed.stderr == (world.repo / "secret.txt").read_text() == SECRET


def test_it_floods_as_much_as_it_is_told(world: World) -> None:
    sizes = [1, 121, 100_000, 24_200]
    agent = Planned(world, *(deeds(["flood", size]) for size in sizes))
    floods = [agent.attempt(number).stdout.partition('{"type"')[0] for number in range(1, len(sizes) + 1)]
    assert [len(flood) for flood in floods] == sizes


def test_it_waits_for_a_file(world: World) -> None:
    with Planned(world, deeds(["say", "waiting"], ["wait_for", f"{world.root}/go"])).going_on() as agent:
        assert agent.stdout is not None
        agent.stdout.readline()
        (world.root / "go").touch()
        assert b'"end"' in agent.communicate(timeout=20)[0]


def ends_only_by_kill(kept: Path) -> None:
    """The orphan that writes ``kept`` goes on when it is told to end, and knows nothing of a run."""
    wait_for(lambda: kept.read_text().endswith("\n"), "the orphan to write")
    orphan = psutil.Process(int(kept.read_text().split()[0]))
    try:
        orphan.terminate()
        size = kept.stat().st_size
        wait_for(lambda: kept.stat().st_size > size + 10, "it to write on")
        assert not any(name.startswith("AGENCY_") for name in orphan.environ())
    finally:
        orphan.kill()


def test_its_orphans_go_on_writing(world: World) -> None:
    for kind in ("plain", "group", "session", "nohup", "daemon"):
        agent = Planned(world, deeds(["orphan", kind, f"{kind}.txt", "stubborn", "nameless"], ["signal", "KILL"]))
        with agent.going_on() as parent:
            parent.wait(timeout=20)
        ends_only_by_kill(world.repo / f"{kind}.txt")


def test_its_help_tells_every_deed() -> None:
    helped = subprocess.run([DEMO_AGENT, "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    taken = {line.split()[0] for line in helped.partition("deeds:")[2].splitlines() if line[2:3].strip()}
    assert {"hang", "append", "orphan", "leak", "limited", "stale_lock", *ENDLESS} <= taken
