"""The setup script of a run: what it sees, what it says, and what becomes of a run whose setup fails."""

import json

import pytest

from internal_tests.support.gate import Gate, script_config, spawned
from internal_tests.support.traces import find_named
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import Result, SeenRun, World, demo_config

_SAY = (
    'printf %s \'{"schema_version": "1.0", "ok": false, "summary": "no database"}\' > "$AGENCY_OUTPUT_DIR/setup.json"'
)


def run_with_setup(world: World, setup: str) -> Result:
    """The result of a ``run`` whose setup script is ``setup``, which is called ``set``."""
    world.commit({"agency.yaml": script_config(setup=setup)})
    return world.agency("run", "--name", "set-up", "--detached")


def finished(run: SeenRun) -> dict[str, object]:
    """The data of the event that tells how the setup ended."""
    (data,) = [event["data"] for event in run.events if event["event"] == "setup_finished"]
    assert isinstance(data, dict)
    return data


def test_setup_runs_in_the_worktree_before_the_session(world: World) -> None:
    result = run_with_setup(world, "pwd > where; tmux -S $AGENCY_TMUX_SOCKET ls > sessions 2>&1; true")
    run = world.find(result.pairs["run_id"])
    assert (run.worktree / "where").read_text().strip() == str(run.worktree)
    assert run.session not in (run.worktree / "sessions").read_text()
    assert run.event_names() == [
        "run_create",
        "worktree_created",
        "setup_started",
        "setup_finished",
        "session_start",
        "run_created",
    ]


def test_setup_output_goes_to_standard_error_and_into_the_log(world: World) -> None:
    result = run_with_setup(world, "echo to out; echo to err >&2; printf 'caf\\351 no newline'")
    run = world.find(result.pairs["run_id"])
    said = b"to out\nto err\ncaf\xe9 no newline"
    assert (run.directory / "logs" / "setup.log").read_bytes() == said
    assert said.decode(errors="replace") in result.err
    assert len(result.out.splitlines()) == 8


def test_setup_output_comes_while_the_script_still_runs(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"echo first; {gate.shell}; echo second")})
    with spawned(world, "run", "streamed", "--detached") as command:
        assert command.process.stderr is not None
        assert command.process.stderr.readline() == b"first\n"
        gate.wait()
        assert (find_named(world, "streamed").directory / "logs" / "setup.log").read_text() == "first\n"
        gate.open()
        result = command.end()
    assert "second" in result.err


def test_much_output_is_kept_whole(world: World) -> None:
    result = run_with_setup(world, "seq 1 200000")
    log = world.find(result.pairs["run_id"]).directory / "logs" / "setup.log"
    assert log.read_text().splitlines() == [str(number) for number in range(1, 200001)]


def test_setup_sees_the_variables_of_the_run(world: World) -> None:
    world.git("remote", "add", "origin", "https://github.com/owner/repo")
    result = run_with_setup(world, "env > seen")
    run = world.find(result.pairs["run_id"])
    seen = dict(line.split("=", 1) for line in (run.worktree / "seen").read_text().splitlines() if "=" in line)
    wanted = {
        "AGENCY_RUN_ID": run.id,
        "AGENCY_NAME": "set-up",
        "AGENCY_REPO_ROOT": str(world.repo),
        "AGENCY_WORKSPACE_ROOT": str(run.worktree),
        "AGENCY_BRANCH": run.branch,
        "AGENCY_PARENT_BRANCH": "main",
        "AGENCY_ORIGIN_NAME": "origin",
        "AGENCY_ORIGIN_URL": "https://github.com/owner/repo",
        "AGENCY_RUNNER": "demo",
        "AGENCY_PR_URL": "",
        "AGENCY_PR_NUMBER": "",
        "AGENCY_DOTAGENCY_DIR": f"{run.worktree}/.agency",
        "AGENCY_OUTPUT_DIR": f"{run.worktree}/.agency/out",
        "AGENCY_LOG_DIR": f"{run.directory}/logs",
        "AGENCY_NONINTERACTIVE": "1",
        "CI": "1",
        "HOME": world.env["HOME"],
    }
    assert {key: seen.get(key) for key in wanted} == wanted


def test_setup_sees_no_variables_of_a_run_around_the_caller(world: World) -> None:
    world.commit({"agency.yaml": script_config(setup="env > seen")})
    result = world.agency("run", "inner", "--detached", env={"AGENCY_JOB": "outer", "AGENCY_NAME": "outer"})
    seen = (world.find(result.pairs["run_id"]).worktree / "seen").read_text()
    assert "AGENCY_NAME=inner\n" in seen
    assert "AGENCY_JOB" not in seen


def test_the_standard_input_of_setup_is_closed(world: World) -> None:
    world.commit({"agency.yaml": script_config(setup="cat > input; echo done")})
    result = world.agency("run", "silent", "--detached", stdin="not for the script\n")
    assert result.code == 0
    assert (world.find(result.pairs["run_id"]).worktree / "input").read_text() == ""


def test_setup_has_no_terminal(world: World) -> None:
    result = run_with_setup(world, "(: < /dev/tty) 2>/dev/null && exit 9; exit 0")
    assert result.code == 0, result.err


def test_a_script_can_be_a_file_of_the_repo(world: World) -> None:
    (world.repo / "scripts").mkdir()
    script = world.repo / "scripts" / "my setup.sh"
    script.write_text("#!/bin/sh\necho set up by $0 > made\n")
    script.chmod(0o755)
    world.commit({"agency.yaml": demo_config(more="scripts: {setup: {path: scripts/my setup.sh}}\n")})
    run = world.run("filed")
    assert (run.worktree / "made").read_text() == f"set up by {run.worktree}/scripts/my setup.sh\n"


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "not executable"])
def test_a_script_that_cannot_be_run_marks_the_run(world: World, missing: bool) -> None:
    files = {"agency.yaml": demo_config(more="scripts: {setup: {path: setup.sh}}\n")}
    world.commit(files if missing else {**files, "setup.sh": "#!/bin/sh\n"})
    result = world.agency("run", "stuck", "--detached")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_NOT_FOUND")
    assert "git add --chmod=+x setup.sh" in result.err
    run = find_named(world, "stuck")
    assert run.status() == "failed"
    assert world.sessions() == []
    world.ok("clean", "stuck", "--yes")
    assert run.archived


def test_a_program_that_is_not_there_marks_the_run(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="scripts: {setup: {command: [no-such-program]}}\n")})
    result = world.agency("run", "stuck", "--detached")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    assert "no-such-program" in (find_named(world, "stuck").directory / "logs" / "setup.log").read_text()


def test_a_failing_setup_is_told_with_its_last_20_lines(world: World) -> None:
    result = run_with_setup(world, "seq 1 30; echo at last >&2; exit 4")
    assert (result.code, result.error_code, result.out) == (1, "E_SCRIPT_FAILED", "")
    error = result.err[result.err.index("error_code:") :].splitlines()
    assert "exit_code: 4" in error
    start = error.index("last_lines:") + 1
    assert error[start : start + 20] == [*(f"  {number}" for number in range(12, 31)), "  at last"]
    assert error[-1] == "hint: agency clean set-up removes the run, agency resume set-up starts it as it is"


def test_a_failing_setup_marks_the_run_and_starts_no_session(world: World) -> None:
    run_with_setup(world, "echo work > made; exit 4")
    run = find_named(world, "set-up")
    assert run.meta["flags"] == {"setup_failed": True}
    assert (run.meta["setup"]["ok"], run.meta["setup"]["exit_code"]) == (False, 4)
    assert finished(run)["exit_code"] == 4
    assert (run.status(), run.row()["summary"]) == ("failed", "setup failed")
    assert world.sessions() == []
    assert (run.worktree / "made").read_text() == "work\n"


def test_a_run_with_a_failed_setup_can_be_started_as_it_is(world: World) -> None:
    run_with_setup(world, "exit 4")
    world.ok("resume", "set-up", "--detached")
    assert find_named(world, "set-up").status() == "active"


def test_a_run_with_a_failed_setup_is_removed_by_clean(world: World) -> None:
    run_with_setup(world, "exit 4")
    run = find_named(world, "set-up")
    world.ok("clean", "set-up", "--yes")
    assert run.archived and not run.worktree.exists()
    assert world.git("branch", "--list", "agency/*") == ""


def test_a_setup_ended_by_a_signal_has_failed(world: World) -> None:
    result = run_with_setup(world, "kill -KILL $$")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    ended = finished(find_named(world, "set-up"))
    assert (ended.get("exit_code"), ended["signal"]) == (None, "SIGKILL")
    assert "ended by SIGKILL" in result.err


def test_a_setup_that_says_no_has_failed_although_it_exits_with_0(world: World) -> None:
    result = run_with_setup(world, _SAY)
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    assert "no database" in result.err
    run = find_named(world, "set-up")
    assert run.meta["setup"]["output_summary"] == "no database"
    assert finished(run) | {"duration_ms": 0, "log_path": ""} == {
        "ok": False,
        "exit_code": 0,
        "timed_out": False,
        "cancelled": False,
        "summary": "no database",
        "duration_ms": 0,
        "log_path": "",
    }


@pytest.mark.parametrize(
    "said",
    ["", "not json", "[]", "{}", '{"ok": false}', '{"schema_version": 1, "ok": false}', "\\377"],
    ids=["empty", "text", "list", "object", "no version", "odd version", "binary"],
)
def test_a_result_that_cannot_be_understood_is_passed_over(world: World, said: str) -> None:
    result = run_with_setup(world, f"printf '{said}' > \"$AGENCY_OUTPUT_DIR/setup.json\"")
    assert result.code == 0, result.err
    assert world.find(result.pairs["run_id"]).meta["setup"]["ok"] is True


def test_a_result_that_says_yes_does_not_mend_a_failing_setup(world: World) -> None:
    said = json.dumps({"schema_version": "1.0", "ok": True, "summary": "all is well"})
    result = run_with_setup(world, f"printf '%s' '{said}' > \"$AGENCY_OUTPUT_DIR/setup.json\"; exit 1")
    assert result.error_code == "E_SCRIPT_FAILED"


def test_a_child_that_setup_leaves_behind_does_not_hold_the_run_up(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"({gate.shell}) & exit 0")})
    with spawned(world, "run", "quick", "--detached") as command:
        gate.wait()
        assert command.end(timeout=10).code == 0
    gate.open()


def test_a_child_that_goes_on_printing_does_not_hold_the_run_up(world: World) -> None:
    result = run_with_setup(world, "yes & exit 0")
    assert result.code == 0
    wait_for(
        lambda: not [one for one in world.processes() if one.name() == "yes"], "the child to meet its closed output"
    )


def test_output_that_nobody_reads_any_more_does_not_end_the_script(world: World) -> None:
    gate = Gate(world)
    world.commit({"agency.yaml": script_config(setup=f"{gate.shell}; seq 1 100000; echo at last")})
    with spawned(world, "run", "unread", "--detached") as command:
        gate.wait()
        assert command.process.stderr is not None
        command.process.stderr.close()
        command.process.stderr = None
        gate.open()
        assert command.end().code == 0
    assert (find_named(world, "unread").directory / "logs" / "setup.log").read_text().endswith("at last\n")


def test_without_a_setup_script_none_is_recorded(world: World) -> None:
    run = world.run("plain")
    assert "setup" not in run.meta
    assert not any("setup" in name for name in run.event_names())
