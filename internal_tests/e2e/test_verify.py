"""``agency verify``: the verify script judges a run, what it found is evidence for exactly these files, and a failure calls."""

import json
import os
import shutil
from pathlib import Path

import pytest

from internal_tests.support.gate import Gate, script_config, spawned
from internal_tests.support.lockholder import lock_held
from internal_tests.support.traces import checkout
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World, demo_config


def verified(world: World, script: str, *, timeout: str = "60s", more: str = "") -> SeenRun:
    """A run called ``fix`` in a repo with a verify script."""
    world.commit({"agency.yaml": script_config(verify=script, timeout=timeout, more=more)})
    return world.run("fix")


def record(run: SeenRun) -> dict[str, object]:
    """The evidence of a run."""
    data = json.loads((run.directory / "verify_record.json").read_text())
    assert isinstance(data, dict)
    return data


def word(world: World, name: str = "fix") -> str:
    """What ``agency show`` says of the evidence, without when it was found."""
    return world.ok("show", name).pairs["verify"].partition(" at ")[0]


def say(**said: object) -> str:
    """A line of shell that writes ``verify.json``."""
    return f"printf '%s' '{json.dumps(said)}' > \"$AGENCY_OUTPUT_DIR/verify.json\""


def test_a_success_is_told_and_kept_as_evidence_for_the_commit_and_the_tree(world: World) -> None:
    run = verified(world, "echo all is well")
    tip = world.commit({"new.txt": "new\n"}, cwd=run.worktree)
    (run.worktree / "loose.txt").write_text("untracked\n")
    mine = checkout(world)
    result = world.ok("verify", "fix")
    log = run.directory / "logs" / "verify.log"
    evidence = run.directory / "verify_record.json"
    assert result.out == f"verified: {run.id}\nrecord: {evidence}\nlog: {log}\n"
    assert result.err == "all is well\n"
    assert log.read_text() == "all is well\n"
    kept = record(run)
    assert world.git("ls-tree", "--name-only", str(kept["tree"])).splitlines() == [
        "README.md",
        "agency.yaml",
        "loose.txt",
        "new.txt",
    ]
    moments = [kept.pop("started_at"), kept.pop("finished_at"), kept.pop("duration_ms"), kept.pop("tree")]
    assert all(moments[:2]) and str(moments[0]) <= str(moments[1])
    assert kept == {
        "schema_version": "1.0",
        "repo_id": run.meta["repo_id"],
        "run_id": run.id,
        "commit": tip,
        "place": str(run.worktree),
        "script_path": None,
        "command": "/bin/sh -c 'echo all is well'",
        "timeout_ms": 60_000,
        "timed_out": False,
        "cancelled": False,
        "exit_code": 0,
        "signal": None,
        "error": None,
        "ok": True,
        "verify_json_path": None,
        "log_path": str(log),
        "summary": None,
    }
    assert run.meta["last_verify_at"] == moments[1]
    assert run.row()["attention"] is None
    assert word(world) == "ok"
    assert checkout(world) == mine
    assert world.git("status", "--porcelain", cwd=run.worktree) == "?? loose.txt"


def test_what_happened_is_in_the_events(world: World) -> None:
    run = verified(world, f"{say(schema_version='1.0', ok=True, summary='12 tests')}; exit 0")
    world.ok("verify", "fix")
    started, finished = (
        event["data"] for event in run.events if event["event"] in ("verify_started", "verify_finished")
    )
    kept = record(run)
    path = f"{run.worktree}/.agency/out/verify.json"
    assert {key: started[key] for key in ("commit", "tree", "verify_json_path", "timeout_ms", "log_path")} == {
        "commit": kept["commit"],
        "tree": kept["tree"],
        "verify_json_path": path,
        "timeout_ms": 60_000,
        "log_path": kept["log_path"],
    }
    assert started["operator"]["command"] == "agency verify"
    assert finished == {
        "ok": True,
        "exit_code": 0,
        "timed_out": False,
        "cancelled": False,
        "duration_ms": kept["duration_ms"],
        "log_path": kept["log_path"],
        "summary": "12 tests",
        "verify_record_path": f"{run.directory}/verify_record.json",
        "verify_json_path": path,
    }


def test_a_failure_prints_the_last_20_lines_and_calls_for_attention(world: World) -> None:
    run = verified(world, "seq 1 30; echo at last >&2; exit 4")
    result = world.agency("verify", "fix")
    assert (result.code, result.error_code, result.out) == (1, "E_SCRIPT_FAILED", "")
    error = result.err[result.err.index("error_code:") :].splitlines()
    assert error[1] == "the verify script failed: exit code 4"
    start = error.index("last_lines:") + 1
    assert error[start:-1] == [*(f"  {number}" for number in range(12, 31)), "  at last"]
    assert error[-1] == "hint: agency logs fix verify shows all of it; then agency verify fix"
    assert world.ok("logs", "fix", "verify").out.splitlines()[-1] == "at last"
    assert (run.status(), run.row()["attention"]) == ("needs attention", "verify_failed")
    assert (record(run)["ok"], record(run)["exit_code"]) == (False, 4)
    assert word(world) == "failed"


def test_the_next_success_ends_the_call_for_attention(world: World) -> None:
    run = verified(world, "test -e mended.txt")
    assert world.agency("verify", "fix").code == 1
    assert run.row()["attention"] == "verify_failed"
    (run.worktree / "mended.txt").touch()
    world.ok("verify", "fix")
    assert (run.row()["attention"], run.status()) == (None, "active")


@pytest.mark.parametrize("asked", [("mark", "fix", "--reason", "look at this"), ("stop", "fix")], ids=["mark", "stop"])
def test_a_call_of_a_person_outlives_a_good_verify_also_after_a_failed_one(
    world: World, asked: tuple[str, ...]
) -> None:
    run = verified(world, "test -e mended.txt")
    world.ok(*asked)
    reason = run.row()["attention"]
    assert reason
    assert world.agency("verify", "fix").code == 1
    assert run.row()["attention"] == "verify_failed"
    (run.worktree / "mended.txt").touch()
    world.ok("verify", "fix")
    assert run.row()["attention"] == reason


def test_the_result_as_json(world: World) -> None:
    run = verified(world, f"echo noise; {say(schema_version='1.0', ok=True, summary='12 tests')}")
    result = world.ok("verify", "fix", "--json")
    assert result.err == "noise\n"
    assert result.data == {"run_id": run.id, "name": "fix", **record(run)}
    assert result.data["summary"] == "12 tests"
    (run.directory / "verify_record.json").unlink()
    (world.repo / "agency.yaml").write_text(script_config(verify="exit 3"))
    failed = world.agency("verify", "fix", "--json")
    assert failed.code == 1
    assert (failed.error["code"], failed.error["details"]["exit_code"]) == ("E_SCRIPT_FAILED", 3)


def test_what_the_script_says_may_turn_success_into_failure(world: World) -> None:
    run = verified(world, f"{say(schema_version='1.0', ok=False, summary='3 of 12 fail')}; exit 0")
    result = world.agency("verify", "fix")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    assert "the verify script failed: 3 of 12 fail" in result.err
    kept = record(run)
    assert (kept["ok"], kept["exit_code"], kept["summary"], kept["error"]) == (False, 0, "3 of 12 fail", None)
    assert kept["verify_json_path"] == f"{run.worktree}/.agency/out/verify.json"
    assert run.row()["attention"] == "verify_failed"


def test_what_the_script_says_never_turns_failure_into_success(world: World) -> None:
    run = verified(world, f"{say(schema_version='1.0', ok=True, summary='all is well')}; exit 1")
    assert world.agency("verify", "fix").error_code == "E_SCRIPT_FAILED"
    assert (record(run)["ok"], record(run)["exit_code"]) == (False, 1)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("not json", "it is not JSON"),
        ('{"schema_version": "1.0", "ok": tru', "it is not JSON"),
        ("[]", "it has no schema_version"),
        ('{"ok": false}', "it has no schema_version"),
        ('{"schema_version": "1.0", "ok": "false"}', "its ok is neither true nor false"),
    ],
)
def test_what_cannot_be_understood_changes_nothing_and_is_told(world: World, said: str, problem: str) -> None:
    run = verified(world, f"printf '%s' '{said}' > \"$AGENCY_OUTPUT_DIR/verify.json\"")
    world.ok("verify", "fix")
    kept = record(run)
    assert (kept["ok"], kept["error"], kept["summary"]) == (True, problem, None)
    assert kept["verify_json_path"] == f"{run.worktree}/.agency/out/verify.json"


def test_what_an_earlier_script_said_is_gone_before_the_next(world: World) -> None:
    first = say(schema_version="1.0", ok=False, summary="from before")
    run = verified(world, f"test -e second && exit 0; {first}")
    assert world.agency("verify", "fix").code == 1
    (run.worktree / "second").touch()
    world.ok("verify", "fix")
    assert (record(run)["ok"], record(run)["verify_json_path"], record(run)["summary"]) == (True, None, None)


def test_what_the_agent_wrote_in_the_name_of_the_script_does_not_count(world: World) -> None:
    run = verified(world, "exit 0")
    path = run.worktree / ".agency/out/verify.json"
    path.write_text(json.dumps({"schema_version": "1.0", "ok": False}))
    world.ok("verify", "fix")
    assert not path.exists()


def test_something_else_in_the_place_of_verify_json_is_told_and_left(world: World) -> None:
    run = verified(world, "exit 0")
    path = run.worktree / ".agency/out/verify.json"
    path.mkdir()
    (path / "inside").write_text("whose?\n")
    world.ok("verify", "fix")
    assert record(run)["error"] == "it cannot be read: Is a directory"
    assert (path / "inside").read_text() == "whose?\n"


def test_the_directory_for_results_is_there_although_the_agent_removed_it(world: World) -> None:
    run = verified(world, say(schema_version="1.0", ok=True, summary="told"))
    shutil.rmtree(run.worktree / ".agency")
    world.ok("verify", "fix")
    assert record(run)["summary"] == "told"
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""
    assert word(world) == "ok"


def test_evidence_is_stale_after_a_commit_or_any_other_change_and_not_before(world: World) -> None:
    run = verified(world, "exit 0")
    world.ok("verify", "fix")
    assert word(world) == "ok"
    (run.worktree / "loose.txt").write_text("untracked\n")
    assert word(world) == "ok (stale)"
    (run.worktree / "loose.txt").unlink()
    assert word(world) == "ok"
    (run.worktree / "README.md").write_text("changed\n")
    assert word(world) == "ok (stale)"
    assert world.ok("show", "fix", "--json").data["verify"]["stale"] is True
    world.ok("verify", "fix")
    assert word(world) == "ok"
    world.commit({"README.md": "changed again\n"}, cwd=run.worktree)
    assert word(world) == "ok (stale)"


def test_evidence_is_not_stale_when_exactly_the_verified_files_are_committed(world: World) -> None:
    run = verified(world, "exit 0")
    (run.worktree / "README.md").write_text("changed\n")
    (run.worktree / "loose.txt").write_text("untracked\n")
    (run.worktree / "tool.sh").write_text("#!/bin/sh\n")
    (run.worktree / "tool.sh").chmod(0o755)
    world.ok("verify", "fix")
    tip = world.commit({}, cwd=run.worktree)
    assert word(world) == "ok"
    assert record(run)["commit"] != tip
    (run.worktree / "tool.sh").chmod(0o644)
    assert word(world) == "ok (stale)"


def test_a_script_that_changes_files_is_told_that_its_finding_is_stale_already(world: World) -> None:
    verified(world, "echo made > made.txt")
    result = world.ok("verify", "fix")
    assert result.err == "files changed while the script ran, so that what it found is stale already\n"
    assert word(world) == "ok (stale)"


def test_ignored_files_that_a_script_makes_make_nothing_stale(world: World) -> None:
    world.commit({".gitignore": "build/\n"})
    verified(world, "mkdir -p build && echo made > build/out")
    assert world.ok("verify", "fix").err == ""
    assert word(world) == "ok"


def test_a_later_verify_replaces_the_evidence(world: World) -> None:
    run = verified(world, "test ! -e broken.txt")
    world.ok("verify", "fix")
    (run.worktree / "broken.txt").touch()
    assert world.agency("verify", "fix").code == 1
    assert word(world) == "failed"


def test_the_script_of_the_main_checkout_counts_and_runs_in_the_worktree(world: World) -> None:
    run = verified(world, "exit 0")
    (run.worktree / "agency.yaml").write_text(script_config(verify="exit 9"))
    (world.repo / "agency.yaml").write_text(script_config(verify="pwd; git rev-parse --abbrev-ref HEAD"))
    world.ok("verify", "fix", "--repo", str(world.repo))
    assert (run.directory / "logs/verify.log").read_text() == f"{run.worktree}\n{run.branch}\n"


def test_the_script_may_be_a_file_of_the_worktree(world: World) -> None:
    script = world.repo / "check.sh"
    script.write_text("#!/bin/sh\necho checked by $0\n")
    script.chmod(0o755)
    world.commit({"agency.yaml": demo_config(more="scripts: {verify: {path: check.sh}}\n")})
    run = world.run("fix")
    world.ok("verify", "fix")
    assert (run.directory / "logs/verify.log").read_text() == f"checked by {run.worktree}/check.sh\n"
    assert record(run)["script_path"] == "check.sh"


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "not executable"])
def test_a_script_that_cannot_be_run_is_refused_and_nothing_is_recorded(world: World, missing: bool) -> None:
    files = {"agency.yaml": demo_config(more="scripts: {verify: {path: check.sh}}\n")}
    world.commit(files if missing else {**files, "check.sh": "#!/bin/sh\n"})
    run = world.run("fix")
    events = run.event_names()
    result = world.agency("verify", "fix")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_NOT_FOUND")
    assert "git add --chmod=+x check.sh" in result.err
    assert run.event_names() == events
    assert not (run.directory / "verify_record.json").exists()
    assert run.row()["attention"] is None


def test_a_program_that_is_not_there_is_a_failure(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="scripts: {verify: {command: [no-such-program]}}\n")})
    run = world.run("fix")
    result = world.agency("verify", "fix")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    assert "  no-such-program: No such file or directory" in result.err.splitlines()
    assert record(run)["exit_code"] == 127


def test_without_a_script_that_is_said(world: World) -> None:
    run = world.run("fix")
    result = world.agency("verify", "fix")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_NOT_FOUND")
    assert "no verify script is configured" in result.err
    assert "hint: add scripts.verify to agency.yaml" in result.err
    assert "verify_started" not in run.event_names()
    assert world.ok("show", "fix").pairs["verify"] == "-"


def test_an_archived_run_is_not_verified(world: World) -> None:
    run = verified(world, "exit 0")
    world.ok("clean", "fix", "--yes")
    for ref in ("fix", run.id):
        result = world.agency("verify", ref)
        assert (result.code, result.error_code) == (1, "E_RUN_NOT_FOUND")
        assert f"hint: agency restore {run.id}" in result.err


def test_a_missing_worktree_is_told(world: World) -> None:
    run = verified(world, "exit 0")
    shutil.rmtree(run.worktree)
    result = world.agency("verify", "fix")
    assert (result.code, result.error_code) == (1, "E_WORKTREE_MISSING")
    assert "hint: agency restore fix" in result.err


@pytest.mark.parametrize("timeout", ["0", "0s", "-1s", "soon", "", "10 parsecs", "nan", "inf"])
def test_a_timeout_that_is_none_is_a_usage_error(world: World, timeout: str) -> None:
    run = verified(world, "exit 0")
    result = world.agency("verify", "fix", f"--timeout={timeout}")
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "verify_started" not in run.event_names()


def test_the_timeout_of_the_call_goes_before_that_of_the_config(world: World) -> None:
    run = verified(world, "sleep 1000", timeout="30m")
    result = world.agency("verify", "fix", "--timeout", "1s")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_TIMEOUT")
    kept = record(run)
    assert (kept["timeout_ms"], kept["timed_out"], kept["cancelled"], kept["exit_code"]) == (1000, True, False, None)
    assert kept["ok"] is False
    assert run.row()["attention"] == "verify_failed"


def test_no_lock_is_held_while_the_script_runs(world: World) -> None:
    gate = Gate(world)
    run = verified(world, gate.shell)
    with spawned(world, "verify", "fix") as command:
        gate.wait()
        assert run.status() == "verifying"
        world.run("another")
        world.ok("mark", "fix", "--reason", "meanwhile")
        gate.open()
        assert command.end().code == 0
    assert run.row()["attention"] == "meanwhile"
    assert run.row()["operation"] is None


@pytest.mark.parametrize(
    "words",
    [("clean", "fix", "--yes"), ("rename", "fix", "other"), ("verify", "fix")],
    ids=lambda words: str(words[0]),
)
def test_what_would_disturb_a_verify_is_refused_while_it_runs(world: World, words: tuple[str, ...]) -> None:
    gate = Gate(world)
    run = verified(world, f"echo first; {gate.shell}; echo last")
    with spawned(world, "verify", "fix") as command:
        gate.wait()
        result = world.agency(*words)
        assert (result.code, result.error_code) == (1, "E_RUN_BUSY")
        assert "agency verify is working on fix" in result.err
        gate.open()
        assert command.end().code == 0
    assert (run.directory / "logs/verify.log").read_text() == "first\nlast\n"
    assert run.event_names().count("verify_started") == 1
    assert not run.archived


def test_of_two_verifies_at_once_one_is_refused_and_the_other_ends_well(world: World) -> None:
    gate = Gate(world)
    run = verified(world, gate.shell)
    with spawned(world, "verify", "fix") as one, spawned(world, "verify", "fix") as other:
        gate.wait()
        (loser,) = wait_for(
            lambda: [command for command in (one, other) if command.process.poll() is not None], "one to be refused"
        )
        result = loser.end()
        assert (result.code, result.error_code) == (1, "E_RUN_BUSY")
        gate.open()
        assert (other if loser is one else one).end().code == 0
    assert run.event_names().count("verify_finished") == 1
    assert record(run)["ok"] is True


def test_a_busy_lock_after_the_script_does_not_hide_what_it_found(world: World) -> None:
    gate = Gate(world)
    run = verified(world, gate.shell)
    with spawned(world, "verify", "fix", "--lock-timeout", "200ms") as command:
        gate.wait()
        with lock_held(world):
            gate.open()
            result = command.end()
    assert result.code == 0, result.err
    assert "the record does not tell when it was verified: the repo is locked by agency elsewhere" in result.err
    assert record(run)["ok"] is True
    assert run.event_names()[-1] == "verify_finished"


def test_a_repo_that_was_moved_is_told_to_the_script_as_it_is_now(world: World) -> None:
    run = verified(world, 'echo "$AGENCY_REPO_ROOT"')
    moved = world.repo.rename(world.root / "moved")
    world.agency("restore", "fix", cwd=moved)
    result = world.agency("verify", "fix", cwd=moved)
    assert result.code == 0, result.err
    assert (run.directory / "logs/verify.log").read_text() == f"{moved}\n"


def test_the_agent_itself_may_verify_its_run(world: World) -> None:
    run = verified(world, 'echo "$AGENCY_NAME"; env | grep -c "^AGENCY_NAME="')
    inside = {"AGENCY_NAME": "outer", "AGENCY_RUN_ID": "outer", "AGENCY_OWNER": run.id}
    result = world.agency("verify", "fix", cwd=run.worktree, env=inside)
    assert result.code == 0, result.err
    assert (run.directory / "logs/verify.log").read_text() == "fix\n1\n"


def test_an_old_log_is_replaced(world: World) -> None:
    run = verified(world, "test -e second && echo short && exit; touch second; seq 1 1000")
    world.ok("verify", "fix")
    world.ok("verify", "fix")
    assert (run.directory / "logs/verify.log").read_text() == "short\n"


def test_evidence_that_cannot_be_read_counts_as_none(world: World) -> None:
    run = verified(world, "exit 0")
    world.ok("verify", "fix")
    (run.directory / "verify_record.json").write_text("{")
    assert world.ok("show", "fix").pairs["verify"] == "-"
    world.ok("verify", "fix")
    assert word(world) == "ok"


def test_the_evidence_is_for_its_owner_alone(world: World) -> None:
    run = verified(world, "exit 0")
    world.ok("verify", "fix")
    assert os.stat(run.directory / "verify_record.json").st_mode & 0o077 == 0
    assert not list(Path(run.directory).glob("*.tmp"))
