"""Headless runs whose runner and checks work in containers, with a stand-in for docker, and with a real engine where one runs."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from internal_tests.support.containers import IMAGE, Docker, serving_docker
from internal_tests.support.jobs import JobRun, deeds, step, use_plan, write_job, writes
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

REAL_IMAGE = f"localhost/agency-test-{os.getpid()}:1"
NEVER = ["wait_for", "/never/there"]


@pytest.fixture
def docker(world: World) -> Docker:
    """The stand-in for docker."""
    return world.closing.enter_context(serving_docker(world))


def _begin(world: World, plan: dict[str, list[dict[str, object]]], *words: str, **job: object) -> JobRun:
    use_plan(world, plan, command=["demo-agent"], env={"TOKEN": "not-a-secret-1"})
    file = write_job(world, job.pop("steps", None) or list(plan), **job)  # type: ignore[arg-type]
    result = world.ok("run", "--name", "job", "--headless", "--job", file, "--detached", *words)
    return JobRun(world, world.find(result.pairs["run_id"]).directory)


def _told(run: JobRun) -> list[tuple[str, dict[str, object]]]:
    return [(event["event"], event["data"]) for event in run.events if event["event"].startswith("container.")]


def test_runner_and_check_work_in_containers_that_are_gone_afterwards(world: World, docker: Docker) -> None:
    run = _begin(
        world,
        {"form": [deeds(["fail", "no"]), deeds(["show", "TOKEN"], ["write", "form.html", "x"], ["commit", "a form"])]},
        steps=[step("form", check=["sh", "-c", 'test -f form.html && test -n "$AGENCY_RUN_ID"'])],
        isolation={
            "backend": "docker",
            "image": IMAGE,
            "network_mode": "none",
            "memory_mb": 64,
            "cpu_quota": 50000,
            "pids_limit": 100,
        },
    ).ended()
    assert run.outcomes() == ["retrying", "success"]
    told = _told(run)
    assert [name for name, _ in told] == ["container.start", "container.exit"] * 3
    assert [data["exit_code"] for name, data in told if name == "container.exit"] == [1, 0, 0]
    assert [data["name"] for name, data in told[::2]] == [
        f"agency-{run.id}-{name}" for name in ("0.1", "0.2", "0.2-check")
    ]
    assert docker.containers() == []
    made = docker.calls("create")[1]
    line = " ".join(made["words"])
    for part in (
        f"--label agency.repo={run.meta['repo_id']} --label agency.run={run.id}",
        "--network none",
        "--memory 64m",
        "--cpu-quota 50000",
        "--pids-limit 100",
        f"source={run.worktree},target={run.worktree} ",
        f"source={run.worktree}/.git,target={run.worktree}/.git,readonly",
        f"--workdir {run.worktree} --entrypoint demo-agent {IMAGE}",
    ):
        assert part in line, part
    assert "not-a-secret-1" not in line and {"TOKEN", "AGENCY_RUN_ID"} <= set(made["variables"])
    assert not {"PATH", "AGENCY_OWNER"} & set(made["variables"])
    assert len(list((run.directory / "home/.demo-agent/threads").iterdir())) == 1, "one conversation in both attempts"


def test_a_container_that_outlived_its_worker_is_found_again_and_ended(world: World, docker: Docker) -> None:
    said = "a word from inside"
    run = _begin(
        world,
        {"form": [deeds(["say", said], NEVER), deeds(["say", said], NEVER), writes("form.html")]},
        "--isolation",
        "docker",
        isolation={"backend": "docker", "image": IMAGE},
    )
    run.wait_for_screen(said)
    (first,) = docker.containers()
    run.kill_worker()
    assert json.loads(docker.ask("inspect", first))[0]["State"]["Running"], "a container does not end with its client"
    world.ok("resume", "job", "--detached")
    told = wait_for(lambda: (told := _told(run))[3:] and told, "the next container")
    assert [name for name, _ in told] == ["container.start", "container.reattach", "container.exit", "container.start"]
    assert told[1][1] == {"container_id": first, "name": f"agency-{run.id}-0.1", "running": True}
    second = str(told[3][1]["container_id"])
    assert docker.containers() == [second]
    wait_for(lambda: "demo.thread.resumed" in run.event_names(), "the conversation to go on")
    run.kill_worker()
    docker.ask("rm", "--force", second)
    world.ok("resume", "job", "--detached")
    run.ended()
    assert run.outcomes() == ["lost", "lost", "success"] and docker.containers() == []
    names = [event["event"] for event in run.events if event["event"].startswith("demo.thread.")]
    assert names == ["demo.thread.started", "demo.thread.resumed", "demo.thread.resumed"]
    assert [name for name, _ in _told(run)][4:] == ["container.missing", "container.start", "container.exit"]


def test_kill_ends_the_container_too_whether_or_not_the_worker_lives(world: World, docker: Docker) -> None:
    run = _begin(
        world,
        {"form": [deeds(["ignore_term"], ["say", "I wait"], NEVER)]},
        isolation={"backend": "docker", "image": IMAGE},
    )
    run.wait_for_screen("I wait")
    world.ok("kill", "job")
    assert docker.containers() == []
    world.ok("resume", "job", "--detached")
    wait_for(docker.containers, "the next container")
    run.kill_worker()
    world.kill_tmux_server()
    assert len(docker.containers()) == 1
    world.ok("clean", "job", "--yes", "--force")
    assert docker.containers() == []


def test_what_the_engine_cannot_do_is_refused_before_anything_is_made(world: World, docker: Docker) -> None:
    use_plan(world, {"form": [writes("form.html")]}, command=["demo-agent"])
    words = ("run", "--name", "job", "--headless", "--prompt", "x", "--detached", "--isolation")
    config = world.config / "config.yaml"

    few = world.root / "few"
    few.mkdir()
    for name in ("git", "tmux", "sh", "demo-agent"):
        (few / name).symlink_to(str(shutil.which(name, path=world.env["PATH"])))

    def refused(backend: str, options: str, **env: str) -> str:
        config.write_text(f"isolation: {{{options}}}\n")
        result = world.agency(*words, backend, env=env)
        assert (result.code, result.error_code) == (1, "E_ISOLATION_UNSUPPORTED"), result.err
        return result.err

    assert "isolation.docker.image" in refused("docker", "use: docker")
    assert "docker pull other:1" in refused("docker", "docker: {image: 'other:1'}")
    assert "podman is not on PATH" in refused("podman", f"podman: {{image: '{IMAGE}'}}", PATH=str(few))
    (docker.place / "info.json").write_text(json.dumps({"MemoryLimit": False, "CpuCfsQuota": True, "PidsLimit": True}))
    assert "memory_mb" in refused("docker", f"docker: {{image: '{IMAGE}', memory_mb: 64}}")
    docker.end()
    assert "Is the docker daemon running" in refused("docker", f"docker: {{image: '{IMAGE}'}}")
    assert world.runs() == []


@pytest.fixture
def engine(world: World) -> Iterator[str]:
    """A real engine with an image that holds busybox alone; the test skips where none runs."""
    world.env.update({name: os.environ[name] for name in ("CONTAINERS_CONF", "DOCKER_HOST") if name in os.environ})
    busybox = shutil.which("busybox")
    place = world.root / "image"
    for part in ("bin", "tmp"):
        (place / part).mkdir(parents=True)
    (place / "tmp").chmod(0o1777)
    for name in ("sh", "cat", "ls", "sleep", "test", "true"):
        (place / "bin" / name).symlink_to("busybox")
    for name in ("docker", "podman"):
        if busybox is None or shutil.which(name) is None:
            continue
        shutil.copy(busybox, place / "bin")
        packed = subprocess.run(["tar", "-C", str(place), "-c", "."], capture_output=True, check=True).stdout
        made = subprocess.run([name, "import", "-", REAL_IMAGE], env=world.env, input=packed, capture_output=True)
        tried = subprocess.run([name, "run", "--rm", REAL_IMAGE, "/bin/true"], env=world.env, capture_output=True)
        works = made.returncode == tried.returncode == 0
        try:
            if works:
                yield name
                return
        finally:
            subprocess.run([name, "rmi", "--force", REAL_IMAGE], env=world.env, capture_output=True)
    pytest.skip("no container engine runs here, or there is no busybox")


def test_a_real_engine_keeps_a_job_in_containers_and_they_are_gone_afterwards(world: World, engine: str) -> None:
    script = (
        "cat > prompt.txt; ls /sys/class/net > net.txt; test ! -e /usr/bin/git || exit 3; echo x > .git || true;"
        ' test "$AGENCY_ATTEMPT" != 1 || { echo waiting; sleep 600; }'
    )
    runner = {"command": ["sh"], "headless": ["-c", script]}
    world.commit({"agency.yaml": json.dumps({"version": 1, "defaults": {"runner": "it"}, "runners": {"it": runner}})})
    limits = {"memory_mb": 64, "pids_limit": 50, "cpu_quota": 50000}
    file = write_job(
        world,
        [step("form", check=["test", "-s", "net.txt"])],
        isolation={"backend": engine, "image": REAL_IMAGE, "network_mode": "none", **limits},
    )
    made = world.ok("run", "--name", "job", "--headless", "--job", file, "--detached").pairs["run_id"]
    run = JobRun(world, world.find(made).directory)
    wait_for(lambda: "waiting" in run.screen() or run.told("finished"), "the runner to wait")
    assert not run.told("finished"), run.screen()
    run.kill_worker()
    world.ok("resume", "job", "--detached")
    run.ended()
    told = _told(run)
    assert [name.partition(".")[2] for name, _ in told] == [
        "start",
        "reattach",
        "exit",
        "start",
        "exit",
        "start",
        "exit",
    ]
    assert told[1][1]["running"] is True and told[4][1]["exit_code"] == told[6][1]["exit_code"] == 0
    assert (run.worktree / "net.txt").read_text() == "lo\n" and "Do form." in (run.worktree / "prompt.txt").read_text()
    assert (run.worktree / "net.txt").stat().st_uid == os.getuid()
    assert (run.worktree / ".git").read_text().startswith("gitdir: ")
    left = subprocess.run(
        [engine, "ps", "--all", "--quiet", "--filter", f"label=agency.run={run.id}"], env=world.env, capture_output=True
    )
    assert (left.returncode, left.stdout) == (0, b"")
