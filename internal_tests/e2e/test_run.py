"""``agency run``: what a run is made of, how it is called and what is told about it."""

import fcntl
import json
import re
import stat
import time

from internal_tests.support.gate import spawned
from internal_tests.support.recorder import recorded_argv, recorder_config
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.traces import checkout, find_named, traces
from internal_tests.support.world import World


def test_eight_lines_tell_what_was_made(world: World) -> None:
    result = world.ok("run", "--name", "fix-login", "--detached")
    run = find_named(world, "fix-login")
    assert result.out.splitlines() == [
        f"run_id: {run.id}",
        "name: fix-login",
        "runner: demo",
        "parent: main",
        f"branch: agency/fix-login-{run.id[-4:]}",
        f"worktree: {run.worktree}",
        f"tmux: agency_{run.id}",
        "next: agency attach fix-login",
    ]


def test_json_tells_the_same_in_an_envelope(world: World) -> None:
    result = world.ok("run", "fix-login", "--json")
    run = find_named(world, "fix-login")
    assert json.loads(result.out) == {
        "schema_version": "1.0",
        "data": {
            "run_id": run.id,
            "name": "fix-login",
            "runner": "demo",
            "parent": "main",
            "branch": run.branch,
            "worktree": str(run.worktree),
            "tmux": run.session,
            "next": "agency attach fix-login",
        },
    }


def test_an_error_in_json_has_an_envelope_too(world: World) -> None:
    result = world.agency("run", "Feat", "--json")
    assert result.code == 1
    envelope = json.loads(result.out)
    assert envelope["schema_version"] == "1.0"
    assert set(envelope["error"]) == {"code", "message", "hint", "details"}
    assert envelope["error"]["code"] == "E_INVALID_NAME"
    assert envelope["error"]["details"] == {"name": "Feat"}


def test_the_worktree_stands_on_a_new_branch_at_the_commit_of_its_parent(world: World) -> None:
    world.commit({"file.txt": "content\n"})
    run = world.run("stand")
    assert world.git("branch", "--show-current", cwd=run.worktree) == run.branch
    assert world.git("rev-parse", "HEAD", cwd=run.worktree) == world.git("rev-parse", "main")
    assert (run.worktree / "file.txt").read_text() == "content\n"
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


def test_the_session_runs_the_runner_in_the_worktree(world: World) -> None:
    run = world.run("works")
    run.wait_for_screen(f"demo agent ready in {run.worktree}")
    (session,) = world.tmux.sessions
    assert session.session_name == run.session
    assert [pane.pane_current_path for pane in session.panes] == [str(run.worktree)]


def test_the_events_tell_the_creation_in_order(world: World) -> None:
    assert world.run("told").event_names() == ["run_create", "worktree_created", "session_start", "run_created"]


def test_the_parents_checkout_is_not_touched(world: World) -> None:
    (world.repo / "README.md").write_text("stashed\n")
    world.git("stash")
    (world.repo / "README.md").write_text("staged\n")
    world.git("add", "README.md")
    (world.repo / "new.txt").write_text("untracked\n")
    before = checkout(world)
    world.run("apart", "--allow-dirty")
    assert checkout(world) == before


def test_the_agency_directory_never_shows_up_in_git(world: World) -> None:
    run = world.run("hidden")
    assert (run.worktree / ".agency" / "INSTRUCTIONS.md").is_file()
    assert (run.worktree / ".agency" / "report.md").is_file()
    world.git("add", "--all", cwd=run.worktree)
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


def test_records_can_be_read_by_their_owner_only(world: World) -> None:
    run = world.run("private")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (run.directory, *run.directory.rglob("*"))}
    for path, mode in modes.items():
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"
    assert stat.S_IMODE(world.data.stat().st_mode) == 0o700


def test_without_a_name_the_prompt_gives_one(world: World) -> None:
    result = world.ok("run", "--detached", "--prompt", "Mend the login form, please! And then the rest of it")
    assert result.pairs["name"] == "mend-the-login-form-please-and"


def test_the_same_prompt_again_gets_a_number(world: World) -> None:
    names = [world.ok("run", "--detached", "--prompt", "mend it").pairs["name"] for _ in range(3)]
    assert names == ["mend-it", "mend-it-2", "mend-it-3"]


def test_without_name_and_prompt_the_date_gives_a_name(world: World) -> None:
    before = time.strftime("run-%m%d-%H%M")
    name = world.ok("run", "--detached").pairs["name"]
    assert name in (before, time.strftime("run-%m%d-%H%M"))
    assert re.fullmatch(r"run-\d{4}-\d{4}", name)


def test_a_prompt_without_a_usable_word_leaves_the_name_to_the_date(world: World) -> None:
    assert world.ok("run", "--detached", "--prompt", "+++ 日本 123").pairs["name"].startswith("run-")


def test_words_after_the_dashes_go_to_the_runner(world: World) -> None:
    world.commit({"agency.yaml": recorder_config()})
    run = world.run("words", "--", "--model", "opus", "--", "-d", "two words", "")
    assert recorded_argv(run) == [b"--model", b"opus", b"--", b"-d", b"two words", b""]


def test_words_after_the_dashes_are_no_name(world: World) -> None:
    world.commit({"agency.yaml": recorder_config()})
    result = world.ok("run", "--detached", "--", "--model")
    run = world.find(result.pairs["run_id"])
    assert run.name.startswith("run-")
    assert recorded_argv(run) == [b"--model"]


def test_words_for_the_runner_need_not_be_utf8(world: World) -> None:
    world.commit({"agency.yaml": recorder_config()})
    run = world.run("bytes", "--", b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert recorded_argv(run) == [b"caf\xe9"]


def test_words_for_the_runner_come_again_with_a_resume(world: World) -> None:
    world.commit({"agency.yaml": recorder_config()})
    run = world.run("again", "--", "--model", b"\xe9".decode("utf-8", "surrogateescape"))
    assert recorded_argv(run) == [b"--model", b"\xe9"]
    world.ok("kill", "again")
    (run.worktree / ".agency" / "out" / "argv").unlink()
    world.ok("resume", "again", "--detached")
    assert recorded_argv(run) == [b"--model", b"\xe9"]


def test_four_at_once_with_one_name_give_one_run_and_three_refusals(world: World) -> None:
    started = [world.spawn("run", "--name", "dup", "--detached") for _ in range(4)]
    ends = [process.communicate(timeout=60) for process in started]
    assert sorted(process.returncode for process in started) == [0, 1, 1, 1], ends
    assert sum(b"error_code: E_NAME_EXISTS" in err for _, err in ends) == 3
    run = find_named(world, "dup")
    assert world.sessions() == [run.session]
    assert world.git("branch", "--list", "--format=%(refname:short)", "agency/*") == run.branch


def test_ten_at_once_with_different_names_are_all_made(world: World) -> None:
    started = [world.spawn("run", "--name", f"many-{number}", "--detached") for number in range(10)]
    ends = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 10, ends
    assert {run["name"]: run["derived_status"] for run in world.runs()} == {f"many-{n}": "active" for n in range(10)}


def test_a_busy_repo_is_told_and_nothing_is_made(world: World) -> None:
    world.run("first")
    before = traces(world)
    (lock,) = world.data.glob("repos/*/.lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = world.agency("run", "second", "--detached", "--lock-timeout", "300ms")
    assert (result.code, result.error_code) == (1, "E_REPO_LOCKED")
    assert traces(world) == before


def test_a_run_that_waited_for_the_lock_is_made(world: World) -> None:
    world.run("first")
    (lock,) = world.data.glob("repos/*/.lock")
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with spawned(world, "run", "second", "--detached") as second:
            assert second.process.stderr is not None
            assert second.process.stderr.readline().startswith(b"waiting for the lock of the repo")
            fcntl.flock(held, fcntl.LOCK_UN)
            assert second.end().code == 0
    assert find_named(world, "second").status() == "active"


def test_on_a_terminal_the_session_is_shown_at_once(world: World) -> None:
    with agency_in_terminal(world, "run", "shown") as terminal:
        terminal.shows("demo agent ready")
        terminal.detach()
        assert terminal.ended() == 0
    run = find_named(world, "shown")
    assert run.status() == "active"
    assert run.event_names()[-1] == "attach"


def test_a_missing_editor_is_told_before_anything_is_made(world: World) -> None:
    result = world.agency("run", "edited", "--detached", "--open", env={"EDITOR": "no-such-editor"})
    assert (result.error_code, world.runs()) == ("E_EDITOR_NOT_CONFIGURED", [])


def test_open_shows_the_worktree_in_the_editor(world: World) -> None:
    editor = world.root / "editor"
    editor.write_text(f'#!/bin/sh\npwd > "{world.root}/opened"; echo "$1" >> "{world.root}/opened"\n')
    editor.chmod(0o755)
    result = world.agency("run", "edited", "--detached", "--open", env={"EDITOR": str(editor)})
    assert result.code == 0, result.err
    worktree = find_named(world, "edited").worktree
    assert (world.root / "opened").read_text().splitlines() == [str(worktree), str(worktree)]
