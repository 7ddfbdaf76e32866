"""What the runner of a run sees of the environment, and who else gets to see it: nobody."""

import subprocess
from pathlib import Path

import psutil
import pytest

from internal_tests.support.gate import Gate, hold_files, script_config, spawned
from internal_tests.support.recorder import recorded_environment, recorder_config
from internal_tests.support.traces import find_named
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


@pytest.fixture
def secret(world: World) -> str:
    """Text that nothing else on this machine holds."""
    return f"not-to-be-seen-{world.root.name}"


@pytest.fixture
def recording(world: World) -> World:
    """A world whose runner writes down what it sees."""
    world.commit({"agency.yaml": recorder_config()})
    return world


def run_with(world: World, name: str, env: dict[str, str], *words: str) -> dict[str, str]:
    """The environment that the runner sees when ``run`` is called with ``env``."""
    result = world.agency("run", name, "--detached", *words, env=env)
    assert result.code == 0, result.err
    return recorded_environment(world.find(result.pairs["run_id"]))


def holders(world: World, text: str) -> list[str]:
    """The files of the world that hold ``text``."""
    done = subprocess.run(["grep", "-rlF", "-D", "skip", text, str(world.root)], capture_output=True, text=True)
    return done.stdout.splitlines()


def shown(text: str) -> list[list[str]]:
    """The command lines of the machine that show ``text`` to everybody."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if any(text in word for word in words):
            found.append(words)
    return found


def test_the_runner_sees_the_variables_of_a_run(recording: World) -> None:
    recording.git("remote", "add", "origin", "git@github.com:owner/repo.git")
    seen = run_with(recording, "told", {})
    run = find_named(recording, "told")
    agency = {key: value for key, value in seen.items() if key.startswith("AGENCY_") and key not in recording.env}
    assert agency == {
        "AGENCY_RUN_ID": run.id,
        "AGENCY_NAME": "told",
        "AGENCY_REPO_ROOT": str(recording.repo),
        "AGENCY_WORKSPACE_ROOT": str(run.worktree),
        "AGENCY_BRANCH": run.branch,
        "AGENCY_PARENT_BRANCH": "main",
        "AGENCY_ORIGIN_NAME": "origin",
        "AGENCY_ORIGIN_URL": "git@github.com:owner/repo.git",
        "AGENCY_RUNNER": "recorder",
        "AGENCY_PR_URL": "",
        "AGENCY_PR_NUMBER": "",
        "AGENCY_DOTAGENCY_DIR": f"{run.worktree}/.agency",
        "AGENCY_OUTPUT_DIR": f"{run.worktree}/.agency/out",
        "AGENCY_LOG_DIR": f"{run.directory}/logs",
        "AGENCY_OWNER": run.id,
    }


def test_the_runner_sees_what_the_caller_has_now_and_not_what_the_tmux_server_was_started_with(
    recording: World,
) -> None:
    first = run_with(recording, "first", {"CHANGED": "old", "STALE": "yes"})
    assert (first["CHANGED"], first["STALE"]) == ("old", "yes")
    second = run_with(recording, "second", {"CHANGED": "new", "FRESH": "yes"})
    assert (second["CHANGED"], second["FRESH"]) == ("new", "yes")
    assert "STALE" not in second


def test_a_resume_brings_the_environment_of_its_own_call(recording: World) -> None:
    run_with(recording, "again", {"WHICH": "run"})
    run = find_named(recording, "again")
    recording.ok("kill", "again")
    (run.worktree / ".agency" / "out" / "environ").unlink()
    assert recording.agency("resume", "again", "--detached", env={"WHICH": "resume"}).code == 0
    assert recorded_environment(run)["WHICH"] == "resume"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "two\nlines\n",
        'it\'s "quoted" $HOME `id` \\ ; & | #{pane_id} %s',
        "ünïcode 日本 🚀",
        b"caf\xe9".decode("utf-8", "surrogateescape"),
        "x" * 100_000,
    ],
    ids=["empty", "newlines", "quotes", "utf-8", "not utf-8", "long"],
)
def test_a_value_of_any_form_arrives_as_it_is(recording: World, value: str) -> None:
    assert run_with(recording, "odd", {"ODD_VALUE": value})["ODD_VALUE"] == value


@pytest.mark.parametrize("name", ["IFS", "UID", "PPID", "ENV", "PS4", "name", "status", "agency_launch", "_x", "X1"])
def test_variables_that_a_shell_uses_itself_do_not_hinder_the_start(recording: World, name: str) -> None:
    seen = run_with(recording, "shellish", {name: "7"})
    if name not in ("UID", "PPID", "agency_launch"):
        assert seen[name] == "7"
    assert list(find_named(recording, "shellish").directory.glob("launches/*/start")) == []


def test_a_variable_that_no_shell_can_name_does_not_hinder_the_start(recording: World) -> None:
    assert run_with(recording, "dashed", {"npm-config.x": "1", "BASH_FUNC_f%%": "() { :; }"})["AGENCY_NAME"] == "dashed"


def test_the_pane_keeps_the_terminal_that_tmux_gives_it(recording: World) -> None:
    seen = run_with(recording, "term", {"TERM": "dumb", "TMUX": "/elsewhere,1,0", "TMUX_PANE": "%99"})
    assert seen["TERM"].startswith(("tmux", "screen"))
    assert seen["TMUX"].startswith(f"{recording.socket},")
    assert seen["TMUX_PANE"] == find_named(recording, "term").pane()["pane_id"]


def test_a_run_started_by_the_runner_of_another_run_knows_only_itself(recording: World) -> None:
    outer = run_with(recording, "outer", {})
    inherited = {key: value for key, value in outer.items() if key.startswith("AGENCY_")}
    inner = run_with(recording, "inner", {**inherited, "AGENCY_JOB": "of the outer run"})
    assert inner["AGENCY_NAME"] == "inner"
    assert inner["AGENCY_RUN_ID"] != outer["AGENCY_RUN_ID"]
    assert "AGENCY_JOB" not in inner


def test_a_runner_can_have_variables_of_its_own(world: World) -> None:
    world.commit({"agency.yaml": recorder_config(keys=", env: {MODEL: opus, HOME: /elsewhere}")})
    seen = run_with(world, "own", {"MODEL": "of the caller"})
    assert (seen["MODEL"], seen["HOME"]) == ("opus", "/elsewhere")


def test_a_runner_with_a_passthrough_list_sees_only_that(world: World, secret: str) -> None:
    world.commit({"agency.yaml": recorder_config(keys=", env_passthrough: [WANTED]")})
    seen = run_with(world, "narrow", {"WANTED": "yes", "OTHER": secret})
    assert seen["WANTED"] == "yes"
    assert seen["PATH"] == world.env["PATH"]
    assert seen["AGENCY_NAME"] == "narrow"
    assert "OTHER" not in seen


def test_a_secret_reaches_the_runner_and_stays_nowhere(recording: World, secret: str) -> None:
    assert run_with(recording, "secret", {"TOKEN": secret})["TOKEN"] == secret
    run = find_named(recording, "secret")
    (run.worktree / ".agency" / "out" / "environ").unlink()
    assert holders(recording, secret) == []
    assert shown(secret) == []


@pytest.mark.parametrize("stage", ["filling", "setup"])
def test_a_secret_is_on_no_command_line_and_no_disk_while_a_run_is_made(world: World, stage: str, secret: str) -> None:
    gate = Gate(world)
    if stage == "filling":
        hold_files(world, gate, filter_of="smudge")
        world.commit({"a.held": "content\n"})
    else:
        world.commit({"agency.yaml": script_config(setup=gate.shell)})
    with spawned(world, "run", "secret", "--detached", env={"TOKEN": secret}) as command:
        gate.wait()
        assert shown(secret) == []
        assert holders(world, secret) == []
        gate.open()
        assert command.end().code == 0
    wait_for(lambda: holders(world, secret) == [], "the secret to be gone from the disk")


def test_a_secret_does_not_stay_when_tmux_fails(world: World, secret: str) -> None:
    socket = world.root / "no such directory" / "socket"
    result = world.agency("run", "stuck", "--detached", env={"TOKEN": secret, "AGENCY_TMUX_SOCKET": str(socket)})
    assert (result.code, result.error_code) == (1, "E_TMUX_FAILED")
    assert str(socket) in result.err
    assert holders(world, secret) == []


def test_a_failing_tmux_leaves_a_run_that_a_resume_starts(world: World) -> None:
    socket = world.root / "late" / "socket"
    env = {"AGENCY_TMUX_SOCKET": str(socket)}
    assert world.agency("run", "stuck", "--detached", env=env).error_code == "E_TMUX_FAILED"
    run = find_named(world, "stuck")
    assert run.event_names()[-1] == "run_create_failed"
    world.ok("resume", "stuck", "--detached")
    assert run.status() == "active"


def test_credentials_in_the_url_of_the_origin_are_neither_shown_nor_kept(recording: World, secret: str) -> None:
    recording.git("remote", "add", "origin", f"https://user:{secret}@github.com/owner/repo.git")
    seen = run_with(recording, "origin", {})
    assert seen["AGENCY_ORIGIN_URL"] == "https://github.com/owner/repo.git"
    assert shown(secret) == []
    assert holders(recording, secret) == [str(Path(recording.repo) / ".git" / "config")]
