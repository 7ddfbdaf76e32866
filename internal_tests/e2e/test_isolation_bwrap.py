"""Headless runs under bubblewrap: what the runner and the checks reach of the machine, and how they end."""

import json
import shutil
import socket
import sys
from pathlib import Path

import pytest

from internal_tests.support.endings import lives
from internal_tests.support.jobs import JobRun, begin, deeds, impatient, step, use_plan, write_job, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bubblewrap here")

LOOK = """
import json, os, socket, subprocess, sys
name, home, outside, port, git_dir = sys.argv[1:]

def can(deed):
    try:
        deed()
        return True
    except OSError:
        return False

def write(path):
    return can(lambda: open(path, "a").write("x"))

said = {
    "home": sorted(os.listdir(home)),
    "outside": os.listdir(outside),
    "records": os.listdir(os.environ["AGENCY_DATA_DIR"] + "/repos"),
    "to scratch": write(home + "/mine") and write(outside + "/mine") and write("/tmp/mine"),
    "to what is given": write(outside + "/given/file") and write(home + "/.cache/tool/file"),
    "to what is shown": write(outside + "/shown/file"),
    "to the system": write("/usr/agency-was-here"),
    "to what git obeys": any(map(write, [git_dir + "/hooks/post-commit", git_dir + "/config", ".git"])),
    "to the kernel": can(lambda: os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))),
    "capabilities": [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")],
    "network": can(lambda: socket.create_connection(("127.0.0.1", int(port)), 5)),
    "processes of others": len([entry for entry in os.listdir("/proc") if entry.isdigit()]) > 10,
}
open(name, "w").write(json.dumps(said))
subprocess.run(["git", "add", name], check=True)
subprocess.run(["git", "commit", "--quiet", "--message", name], check=True)
"""


@pytest.fixture
def outside(world: World) -> Path:
    """A directory of the user's outside of the worktree, beside secrets in the home."""
    place = world.root / "outside"
    for path in (place / "given", place / "shown", place / "kept", world.home / ".ssh", world.home / ".demo-agent"):
        path.mkdir(parents=True)
    (world.home / ".ssh/id").write_text("a key")
    (world.root / "look.py").write_text(LOOK)
    return place


def _isolation(world: World, outside: Path, **more: object) -> dict[str, object]:
    return {
        "backend": "bwrap",
        "writable": [str(outside / "given"), "~/.demo-agent"],
        "readable": [str(outside / "shown"), str(world.root / "look.py"), str(world.root / "plan.json")],
        **more,
    }


def test_runner_and_check_reach_the_worktree_and_what_they_were_given_and_nothing_else(
    world: World, outside: Path
) -> None:
    listener = world.closing.enter_context(socket.create_server(("127.0.0.1", 0)))
    words = [str(world.home), str(outside), str(listener.getsockname()[1]), str(world.repo / ".git")]
    look = [sys.executable, str(world.root / "look.py")]
    for variable in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        del world.env[variable]
    (world.home / ".gitconfig").write_text("[user]\nname = An Author\nemail = author@localhost\n")
    run = begin(
        world,
        {"look": [deeds(["run", *look, "runner.json", *words])]},
        steps=[step("look", check=[*look, "check.json", *words])],
        isolation=_isolation(world, outside, network="off", caches=["~/.cache/tool"]),
    ).ended()
    for name in ("runner.json", "check.json"):
        said = json.loads((run.worktree / name).read_text())
        assert said == {
            "home": [".cache", ".demo-agent"],
            "outside": ["given", "shown"] if said["outside"][0] == "given" else ["shown", "given"],
            "records": said["records"],
            "to scratch": True,
            "to what is given": True,
            "to what is shown": False,
            "to the system": False,
            "to what git obeys": False,
            "to the kernel": False,
            "capabilities": ["0" * 16],
            "network": False,
            "processes of others": False,
        }
        assert said["records"] == [run.directory.parents[1].name]
    assert (outside / "given/file").read_text() == (world.home / ".cache/tool/file").read_text() == "xx"
    assert not (outside / "mine").exists() and not (world.home / "mine").exists()
    assert world.git("log", "--format=%an %s", "-2", cwd=run.worktree).splitlines() == [
        "An Author check.json",
        "An Author runner.json",
    ]


def test_a_runner_under_bwrap_dies_with_its_worker_and_the_next_one_goes_on(world: World, outside: Path) -> None:
    waits = deeds(
        ["orphan", "daemon", "ticks", "stubborn", "nameless"], ["say", "I wait"], ["wait_for", "/never/there"]
    )
    crash = deeds(["crash"])
    run = begin(
        world,
        {"form": [waits, crash, writes("form.html")]},
        isolation=_isolation(world, outside),
    )
    run.wait_for_screen("I wait")
    agents = run.agents()
    assert agents and any(one.name() == "bwrap" for one in agents)
    run.kill_worker()
    wait_for(lambda: not any(lives(one.pid) for one in agents), "all inside to end with the worker")
    ticks = (run.worktree / "ticks").read_bytes()
    world.ok("resume", "job", "--detached")
    run.ended()
    assert run.outcomes() == ["lost", "retrying", "success"]
    assert run.attempt(0, 2)["signal"] == "SIGSEGV", "a signal inside is told as one"
    assert (run.worktree / "ticks").read_bytes() == ticks, "a child that nothing tells of outlived the sandbox"
    names = [event["event"] for event in run.events if event["event"].startswith("demo.thread.")]
    assert names[0] == "demo.thread.started" and set(names[1:]) == {"demo.thread.resumed"}


def test_a_runner_that_is_ended_inside_has_its_time_to_obey(world: World) -> None:
    script = "trap 'echo bye > bye; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    runner = {"command": ["sh"], "headless": ["-c", script]}
    world.commit({"agency.yaml": json.dumps({"version": 1, "defaults": {"runner": "it"}, "runners": {"it": runner}})})
    file = write_job(world, [impatient("form")], budgets={"max_attempts": 1}, isolation={"backend": "bwrap"})
    made = world.ok("run", "--name", "job", "--headless", "--job", file, "--detached").pairs["run_id"]
    run = JobRun(world, world.find(made).directory).ended("needs_attention")
    assert run.attempt(0, 1)["idleTimeoutTriggered"] and (run.worktree / "bye").read_text() == "bye\n"


def test_a_check_that_cannot_be_started_inside_is_no_check_that_fails(world: World, outside: Path) -> None:
    isolation = _isolation(world, outside)
    check = [str(world.home / ".ssh/check")]
    run = begin(
        world,
        {"form": [writes("form.html")]},
        steps=[step("form", check=check)],
        budgets={"max_attempts": 1},
        isolation=isolation,
    ).ended("needs_attention")
    assert run.attempt(0, 1)["checkExitCode"] == 127


def test_a_person_who_takes_over_has_the_agent_inside_too(world: World, outside: Path) -> None:
    waits = deeds(["say", "I wait"], ["wait_for", "/never/there"])
    run = begin(world, {"form": [waits, writes("form.html")]}, isolation=_isolation(world, outside))
    run.wait_for_screen("I wait")
    run.ask("takeover", "--wait")
    run.wait_for_screen("demo> ")
    run.type("do " + json.dumps(["run", "sh", "-c", "ls -A ~ > seen"]))
    wait_for(lambda: (run.worktree / "seen").exists() and (run.worktree / "seen").read_text(), "what it sees")
    assert (run.worktree / "seen").read_text() == ".demo-agent\n"
    run.ask("release", "--wait")
    run.ended()


def test_what_bwrap_cannot_enforce_is_refused_before_anything_is_made(world: World) -> None:
    job = use_plan(world, {"form": [writes("form.html")]}).with_name("job.json")
    base = {"objective": "x", "steps": [{"instructions": "x"}]}
    for isolation, code, hint in (
        ({"backend": "bwrap", "memory_mb": 512}, "E_ISOLATION_UNSUPPORTED", "docker or podman"),
        ({"backend": "docker", "image": "x", "network": "off"}, "E_ISOLATION_UNSUPPORTED", "choose isolation bwrap"),
        ({"backend": "bwrap", "writable": ["/not/there"]}, "E_ISOLATION_UNSUPPORTED", "make it"),
        ({"backend": "bwrap", "disk_mb": 5}, "E_INVALID_JOB", "disk_mb"),
        ({"backend": "vm"}, "E_INVALID_JOB", "name one of them"),
    ):
        job.write_text(json.dumps({**base, "isolation": isolation}))
        result = world.agency("run", "--name", "job", "--headless", "--job", str(job), "--detached")
        assert (result.code, result.error_code) == (1, code), result.err
        assert hint in result.err
    broken = world.root / "bin"
    broken.mkdir()
    (broken / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    (broken / "bwrap").chmod(0o755)
    words = ("run", "--name", "job", "--headless", "--prompt", "x", "--isolation", "bwrap", "--detached")
    result = world.agency(*words, env={"PATH": f"{broken}:{world.env['PATH']}"})
    assert result.error_code == "E_ISOLATION_UNSUPPORTED" and "No permissions" in result.err
    assert world.runs() == []
