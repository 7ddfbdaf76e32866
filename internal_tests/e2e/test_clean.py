"""``agency clean``: consent, what is counted before it, and what is left of a run after it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pexpect
import psutil
import pytest

from internal_tests.support.gate import signals_as_usual
from internal_tests.support.traces import traces
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, SeenRun, World, demo_config


@contextmanager
def asked(world: World, *words: str) -> "Iterator[pexpect.spawn[str]]":
    """``agency clean`` on a terminal, at its question."""
    child = pexpect.spawn(
        AGENCY,
        ["clean", *words],
        cwd=str(world.repo),
        env=world.env,
        encoding="utf-8",
        timeout=30,
        dimensions=(40, 400),
        preexec_fn=signals_as_usual,
    )
    try:
        child.expect_exact("type clean to go on: ")
        yield child
    finally:
        child.close(force=True)


def answered(child: "pexpect.spawn[str]", answer: str) -> tuple[int | None, str]:
    """The exit code and what is said after ``answer`` was typed."""
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.wait()
    return child.exitstatus, child.before or ""


def with_work(world: World, name: str) -> SeenRun:
    """A run with two uncommitted files and one commit."""
    run = world.run(name)
    world.commit({"done.txt": "done\n"}, cwd=run.worktree)
    (run.worktree / "README.md").write_text("changed\n")
    (run.worktree / "new.txt").write_text("new\n")
    return run


def test_the_question_tells_what_the_run_holds(world: World) -> None:
    with_work(world, "held")
    with asked(world, "held") as child:
        assert "held holds 2 uncommitted files, 1 unmerged commit." in str(child.before)


def test_the_question_tells_of_commits_that_were_never_pushed(world: World) -> None:
    world.git("clone", "--quiet", "--bare", str(world.repo), str(world.root / "remote.git"), cwd=world.root)
    world.git("remote", "add", "origin", str(world.root / "remote.git"))
    world.git("fetch", "--quiet", "origin")
    run = world.run("held")
    world.commit({"one.txt": "1\n"}, cwd=run.worktree)
    world.git("push", "--quiet", "origin", run.branch, cwd=run.worktree)
    world.commit({"two.txt": "2\n"}, cwd=run.worktree)
    with asked(world, "held") as child:
        assert "held holds 2 unmerged commits, 1 unpushed commit." in str(child.before)


def test_the_question_tells_of_a_run_without_work(world: World) -> None:
    world.run("empty")
    with asked(world, "empty") as child:
        assert "empty holds no work of its own." in str(child.before)


def test_the_typed_word_cleans_even_a_run_with_work(world: World) -> None:
    run = with_work(world, "held")
    with asked(world, "held") as child:
        assert answered(child, "clean")[0] == 0
    assert run.archived
    assert not run.worktree.exists()


@pytest.mark.parametrize("answer", ["", "y", "yes", "cleane", "CLEAN"])
def test_any_other_word_changes_nothing(world: World, answer: str) -> None:
    run = with_work(world, "held")
    before, events = traces(world), run.event_names()
    with asked(world, "held") as child:
        code, said = answered(child, answer)
    assert code == 0
    assert "canceled" in said
    assert traces(world) == before
    assert run.event_names() == events
    assert run.status() == "active"


def test_the_end_of_the_input_changes_nothing(world: World) -> None:
    run = world.run("held")
    with asked(world, "held") as child:
        child.sendeof()
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert run.status() == "active"


def test_ctrl_c_at_the_question_changes_nothing(world: World) -> None:
    run = world.run("held")
    events = run.event_names()
    with asked(world, "held") as child:
        child.sendintr()
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 130
    assert (run.status(), run.event_names()) == ("active", events)


def test_no_lock_is_held_while_a_person_thinks(world: World) -> None:
    world.run("held")
    with asked(world, "held"):
        world.ok("run", "other", "--detached", "--lock-timeout", "200ms")


def test_without_a_terminal_consent_is_needed(world: World) -> None:
    run = with_work(world, "held")
    before, events = traces(world), run.event_names()
    result = world.agency("clean", "held")
    assert (result.code, result.error_code, result.out) == (1, "E_CONFIRMATION_REQUIRED", "")
    assert "holds: 2 uncommitted files, 1 unmerged commit" in result.err
    assert "hint: agency clean held --yes --discard" in result.err
    assert (traces(world), run.event_names()) == (before, events)


def test_yes_does_not_put_work_away(world: World) -> None:
    run = with_work(world, "held")
    before, events = traces(world), run.event_names()
    result = world.agency("clean", "held", "--yes")
    assert (result.code, result.error_code) == (1, "E_DIRTY_WORKTREE")
    assert {"uncommitted: 2", "unmerged: 1", "unpushed: 0"} <= set(result.err.splitlines())
    assert (traces(world), run.event_names()) == (before, events)
    assert run.status() == "active"


def test_work_that_appears_while_a_person_thinks_is_asked_about_again(world: World) -> None:
    run = world.run("held")
    with asked(world, "held") as child:
        (run.worktree / "late.txt").write_text("late\n")
        code, said = answered(child, "clean")
    assert code == 1
    assert "error_code: E_DIRTY_WORKTREE" in said
    assert (run.worktree / "late.txt").exists()
    assert run.status() == "active"


def test_discard_keeps_the_work_in_the_trash(world: World) -> None:
    run = with_work(world, "held")
    world.ok("clean", "held", "--yes", "--discard")
    ref = f"refs/agency/trash/{run.id}"
    assert world.git("show", f"{ref}:new.txt") == "new"
    assert world.git("show", f"{ref}:README.md") == "changed"
    assert world.git("show", f"{ref}:done.txt") == "done"


def test_a_clean_tells_what_was_done_and_how_to_undo_it(world: World) -> None:
    run = world.run("empty")
    result = world.ok("clean", "empty", "--yes")
    assert result.out.splitlines() == [
        f"cleaned: {run.id}",
        f"branch: {run.branch} (deleted)",
        f"undo: agency restore {run.id}",
    ]


def test_a_clean_leaves_nothing_in_git_tmux_and_the_process_table(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--children"])})
    before = traces(world)
    run = world.run("family")
    wait_for(lambda: sum("sleep" in process.name() for process in world.processes()) == 4, "the children")
    world.ok("clean", "family", "--yes")
    after = traces(world)
    assert (after.worktrees, after.sessions) == (before.worktrees, ())
    assert [line for line in after.refs.splitlines() if "refs/agency/trash/" not in line] == before.refs.splitlines()
    assert [process.cmdline() for process in world.processes()] == []
    assert run.archived


def test_a_runner_that_ignores_signals_is_ended_too(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--ignore-term"])})
    run = world.run("deaf")
    run.wait_for_screen("demo agent ready")
    world.ok("clean", "deaf", "--yes")
    assert [process.cmdline() for process in world.processes()] == []


def test_the_session_of_another_run_goes_on(world: World) -> None:
    other = world.run("other")
    before = other.pane()
    world.run("gone")
    world.ok("clean", "gone", "--yes")
    assert other.pane() == before
    assert psutil.pid_exists(int(before["pid"]))


def test_a_cleaned_run_is_listed_only_with_all(world: World) -> None:
    run = world.run("gone")
    world.ok("clean", "gone", "--yes")
    assert "gone" not in world.ok("ls").out
    assert "abandoned (archived)" in world.ok("ls", "--all").out
    assert run.status() == "abandoned"


@pytest.mark.parametrize("by", ["name", "id"])
def test_cleaning_again_is_a_note(world: World, by: str) -> None:
    run = world.run("gone")
    world.ok("clean", "gone", "--yes")
    before, events = traces(world), run.event_names()
    result = world.agency("clean", "gone" if by == "name" else run.id)
    assert (result.code, result.out) == (0, "")
    assert "gone is already archived" in result.err
    assert (traces(world), run.event_names()) == (before, events)


def test_json_tells_the_same(world: World) -> None:
    run = world.run("gone")
    expected = {"cleaned": run.id, "name": "gone", "already": False}
    data = world.ok("clean", "gone", "--yes", "--json").data
    assert {key: data[key] for key in expected} == expected
    assert world.ok("clean", "gone", "--yes", "--json").data["already"] is True


def test_the_events_tell_the_clean_in_order(world: World) -> None:
    run = world.run("told")
    world.ok("clean", "told", "--yes")
    assert run.event_names()[-5:] == [
        "clean_started",
        "work_kept",
        "worktree_parked",
        "branch_deleted",
        "clean_finished",
    ]
