"""The hard reset: a worktree rebuilt from the commit it began from and the checkpoints of its steps."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agency.domain.errors import AgencyError
from agency.domain.reset import Reset
from agency.worker.checkpoint import save_step
from agency.worker.rebuild import Hooks, ResetRequest, finish_rebuild, rebuild
from internal_tests.support.disks import small_disk
from internal_tests.support.services import context_of, load
from internal_tests.support.traces import file_tree
from internal_tests.support.world import SeenRun, World
from internal_tests.worker.test_step_checkpoints import done


def nothing() -> None:
    """Nothing has to be done."""


HOOKS = Hooks(between=nothing, quiesce=nothing, show=lambda chunk: None)


def reset(world: World, run: SeenRun, step: int, hooks: Hooks = HOOKS) -> Reset:
    """Rebuild the worktree for a step."""
    request = ResetRequest(step_index=step, trigger="auto")
    return rebuild(context_of(world), load(world, run), request, hooks)


def save(world: World, run: SeenRun, index: int) -> None:
    """Save the checkpoint of a step."""
    save_step(context_of(world), load(world, run), done(index))


def content(run: SeenRun) -> dict[str, str]:
    """The files of the worktree but agency's own and git's link."""
    return files_of(run.worktree)


def files_of(tree: Path) -> dict[str, str]:
    """The files of a worktree; of directories git knows nothing."""
    seen = file_tree(tree).items()
    own = (".git", ".agency")
    return {path: what for path, what in seen if path.split("/")[0] not in own and not what.endswith(" directory")}


def edit(tree: Path, step: int) -> None:
    """What a step does: one file that every step changes, and files of every kind."""
    (tree / "same.txt").write_text("".join(f"line {number}\n" for number in range(step + 2)))
    if step == 0:
        (tree / "binary").write_bytes(bytes(range(256)) * 5)
        (tree / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
        (tree / "tool.sh").write_text("#!/bin/sh\n")
        (tree / "deep").mkdir()
        (tree / "deep" / "old name").write_text("moved later\n" * 20)
        (tree / os.fsdecode(b'\xff\n"odd\t')).write_text("odd\n")
        (tree / "link").symlink_to("same.txt")
    elif step == 1:
        (tree / "tool.sh").chmod(0o755)
        (tree / "binary").write_bytes(bytes(range(255, -1, -1)))
        (tree / "deep" / "old name").rename(tree / "new name")
        (tree / "gone.txt").unlink()
        (tree / "dos.txt").write_bytes(b"one\r\ntwo\nthree\r\n")
        (tree / "link").unlink()
        (tree / "link").symlink_to("nowhere")
        (tree / "empty").touch()


@pytest.fixture
def run(world: World) -> SeenRun:
    """A run whose runner has ended."""
    world.commit({".gitignore": "*.log\n", "same.txt": "line 0\n", "gone.txt": "gone in step 1\n"})
    run = world.run("job")
    world.ok("kill", "job")
    return run


@pytest.mark.case(31, "DOC-REQ-005")
@pytest.mark.case(32, "DOC-REQ-005", "DOC-REQ-007")
@pytest.mark.case(33, "DOC-REQ-005")
@pytest.mark.case(35, "DOC-REQ-005")
@pytest.mark.case(37, "DOC-REQ-007")
def test_three_steps_on_the_same_files_are_rebuilt_to_the_byte(world: World, run: SeenRun) -> None:
    (world.repo / "user.txt").write_text("the user is at work\n")
    world.git("add", "user.txt")
    (world.repo / "user.txt").write_text("and has stashed\n")
    world.git("stash", "--quiet")
    (world.repo / "user.txt").write_text("staged again\n")
    world.git("add", "user.txt")
    for step in range(3):
        edit(run.worktree, step)
        if step == 1:
            world.git("add", "--all", cwd=run.worktree)
            world.git("commit", "--quiet", "--message=the agent commits", cwd=run.worktree)
        save(world, run, step)
    save(world, run, 3)
    tip = world.git("rev-parse", run.branch)
    good, status = content(run), world.git("status", "--porcelain", "--branch", cwd=run.worktree)
    (run.worktree / "same.txt").write_text("ruined by step 4\n")
    (run.worktree / "broken").mkdir()
    (run.worktree / "broken" / "file").write_text("half-done\n")
    world.git("commit", "--quiet", "--all", "--message=bad", cwd=run.worktree)
    (run.worktree / "staged").write_text("never committed\n")
    world.git("add", "staged", cwd=run.worktree)
    (run.worktree / ".agency/report.md").write_text("What was done so far.\n")
    bad, bad_tip = content(run), world.git("rev-parse", run.branch)
    world.commit({"same.txt": "the parent branch goes on\n"})
    users = [world.git(*words) for words in (("status", "--porcelain=v2"), ("stash", "list"), ("rev-parse", "HEAD"))]
    events = len(run.events)

    told = reset(world, run, 4)

    assert content(run) == good
    assert world.git("status", "--porcelain", "--branch", cwd=run.worktree) == status
    assert world.git("rev-parse", run.branch) == tip
    assert (told.phase, told.number, told.head, told.base_commit) == ("done", 1, tip, run.meta["base_commit"])
    assert [step.index for step in told.replayed] == [0, 1, 2, 3]
    assert told.replayed[2].diff_hash is not None and told.replayed[3].diff_hash is None
    assert (run.worktree / ".agency" / "INSTRUCTIONS.md").exists()
    assert (run.worktree / ".agency" / "report.md").read_text() == "What was done so far.\n"
    evidence = run.directory / "evidence" / "reset-0001"
    assert files_of(evidence) == bad and not (evidence / ".git").exists()
    assert told.kept == f"refs/agency/checkpoints/{run.id}/1"
    assert world.git("show", f"{told.kept}:staged") == "never committed"
    world.git("merge-base", "--is-ancestor", bad_tip, told.kept)
    names = [event["event"] for event in run.events[events:]]
    assert names == ["hard_reset_started", "checkpoint_saved", "hard_reset_swapped", "hard_reset_finished"]
    assert os.listdir(run.worktree.parent) == [run.id]
    assert users == [
        world.git(*words) for words in (("status", "--porcelain=v2"), ("stash", "list"), ("rev-parse", "HEAD"))
    ]
    assert json.loads((run.directory / "state" / "self_heal" / "reset-0001.json").read_text())["phase"] == "done"
    world.ok("resume", "job", "--detached")
    assert len(world.git("worktree", "list").splitlines()) == 2
    world.ok("kill", "job")

    assert reset(world, run, 1).number == 2
    assert (run.worktree / "same.txt").read_text() == "line 0\nline 1\n"
    assert world.git("rev-parse", run.branch) == run.meta["base_commit"]
    assert reset(world, run, 0).replayed == ()
    assert sorted(content(run)) == [".gitignore", "README.md", "agency.yaml", "gone.txt", "same.txt"]
    assert world.git("status", "--porcelain", cwd=run.worktree) == ""


@pytest.mark.case(34, "DOC-REQ-005")
def test_what_cannot_be_rebuilt_leaves_the_worktree_untouched_and_nothing_behind(world: World, run: SeenRun) -> None:
    for step in range(2):
        edit(run.worktree, step)
        save(world, run, step)
    (run.worktree / "same.txt").write_text("work in progress\n")
    place = run.directory / "patches" / "steps"
    before, refs = file_tree(run.worktree), world.git("for-each-ref")
    record = run.directory / "state" / "steps" / "step-0001.json"
    good, told = (place / "step-0001.patch").read_bytes(), record.read_bytes()

    def failing(hooks: Hooks = HOOKS) -> AgencyError:
        with pytest.raises(AgencyError) as failure:
            reset(world, run, 2, hooks)
        assert file_tree(run.worktree) == before and world.git("for-each-ref") == refs
        assert not (run.directory / "evidence").exists()
        assert os.listdir(run.worktree.parent) == [run.id]
        assert run.status().startswith("stopped")
        return failure.value

    (place / "step-0001.patch").unlink()
    error = failing()
    assert (error.code, error.details["step"]) == ("E_CHECKPOINT_INVALID", 1)
    assert not (run.directory / "state" / "self_heal").exists(), "refused before anything was touched"
    _forge(run, good.replace(b"+line 2", b"+line 9"))
    error = failing()
    assert error.details["step"] == 1 and error.details["file"] == str(place / "step-0001.patch")
    assert error.details["expected"] != error.details["actual"]
    _forge(run, b"no patch at all\n")
    assert failing().details["actual"] == "no tree"
    _forge(run, good, files=[])
    assert "other files" in failing().message
    record.write_bytes(told)
    stop = AgencyError("E_INTERRUPTED", "cancelled")

    def cancel() -> None:
        raise stop

    assert failing(Hooks(between=cancel, quiesce=nothing, show=HOOKS.show)) is stop
    assert failing(Hooks(between=nothing, quiesce=cancel, show=HOOKS.show)) is stop
    assert run.event_names()[-2:] == ["hard_reset_started", "hard_reset_failed"]


def _forge(run: SeenRun, patch: bytes, **change: object) -> None:
    """Give step 1 another patch, with a record that agrees with it."""
    from hashlib import sha256

    record = run.directory / "state" / "steps" / "step-0001.json"
    told = json.loads(record.read_text())
    told |= {"patchSha256": sha256(patch).hexdigest(), "patchBytes": len(patch), **change}
    if "files" in change:
        told["changedFiles"] = []
    record.write_text(json.dumps(told))
    (run.directory / "patches" / "steps" / "step-0001.patch").write_bytes(patch)


def test_a_worktree_that_is_gone_or_ruined_is_rebuilt_too(world: World, run: SeenRun) -> None:
    edit(run.worktree, 0)
    save(world, run, 0)
    good = content(run)
    (run.worktree / ".git").unlink()
    reset(world, run, 1)
    assert content(run) == good
    shutil.rmtree(run.worktree)
    world.git("worktree", "prune")
    world.git("update-ref", "-d", f"refs/heads/{run.branch}")
    assert reset(world, run, 1).kept is None
    assert content(run) == good
    assert world.git("symbolic-ref", "HEAD", cwd=run.worktree) == f"refs/heads/{run.branch}"


def test_the_setup_script_runs_in_the_new_worktree_and_its_failure_is_finished_later(world: World) -> None:
    script = "scripts:\n  setup: {command: [sh, -c, 'test ! -e ../../refuse && echo dependencies > deps.log']}\n"
    config = (world.repo / "agency.yaml").read_text()
    world.commit({"agency.yaml": config + script, ".gitignore": "*.log\n.env\n", ".worktreeinclude": ".env\n"})
    (world.repo / ".env").write_text("brought along\n")
    run = world.run("job")
    world.ok("kill", "job")
    edit(run.worktree, 2)
    save(world, run, 0)
    (run.worktree / "deps.log").unlink()
    refusal = run.worktree.parents[1] / "refuse"
    refusal.touch()
    with pytest.raises(AgencyError) as failure:
        reset(world, run, 1)
    assert failure.value.code == "E_SCRIPT_FAILED"
    assert run.events[-1]["data"] == {"error_code": "E_SCRIPT_FAILED", "step": "setup"}
    refusal.unlink()
    again = finish_rebuild(context_of(world), load(world, run), HOOKS.show)
    assert again is not None and again.phase == "done"
    assert (run.worktree / "deps.log").read_text() == "dependencies\n"
    assert (run.worktree / ".env").read_text() == "brought along\n"
    assert finish_rebuild(context_of(world), load(world, run), HOOKS.show) is None


@pytest.mark.case(58, "DOC-REQ-005")
def test_hard_resets_of_two_runs_of_one_repo_do_not_get_in_each_others_way(world: World, run: SeenRun) -> None:
    other = world.run("other")
    world.ok("kill", "other")
    for each in (run, other):
        edit(each.worktree, 0)
        save(world, each, 0)
    good = content(run)
    failures: list[BaseException] = []

    def again(each: SeenRun) -> Callable[[], None]:
        def work() -> None:
            try:
                for _ in range(3):
                    reset(world, each, 1)
            except BaseException as error:
                failures.append(error)

        return work

    threads = [threading.Thread(target=again(each)) for each in (run, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert content(run) == content(other) == good
    assert len(world.git("worktree", "list").splitlines()) == 3


@pytest.mark.case(34, "DOC-REQ-005")
def test_a_disk_that_is_full_at_any_point_loses_nothing(world: World) -> None:
    with small_disk(world, kilobytes=1024) as disk:
        world.commit({".gitignore": "*.log\n", "same.txt": "line 0\n", "gone.txt": "gone in step 1\n"})
        run = world.run("job")
        world.ok("kill", "job")
        for step in range(2):
            edit(run.worktree, step)
            save(world, run, step)
        good = content(run)
        ends = []
        for leave in (0, 4, 12, 20, 40, 48, 56, 64, 80, 96, 120, 200):
            (run.worktree / "same.txt").write_text("ruined\n")
            old = content(run)
            disk.fill(leave=leave)
            try:
                reset(world, run, 2)
                ends.append("done")
            except AgencyError as error:
                assert error.code in ("E_DISK_FULL", "E_STORE_FAILED"), error
                ends.append("refused")
            disk.free()
            settled = finish_rebuild(context_of(world), load(world, run), HOOKS.show)
            if settled is not None and settled.phase == "done":
                ends[-1] = "finished"
            assert content(run) == (old if ends[-1] == "refused" else good), ends
            assert os.listdir(run.worktree.parent) == [run.id] and not run.status().startswith("interrupted")
            shutil.rmtree(run.directory / "evidence", ignore_errors=True)
        assert {"refused", "done"} <= set(ends), ends


@pytest.mark.case(34, "DOC-REQ-005")
def test_without_the_commit_that_the_run_began_from_nothing_is_rebuilt(world: World, run: SeenRun) -> None:
    edit(run.worktree, 0)
    save(world, run, 0)
    before = file_tree(run.worktree)
    record = run.directory / "meta.json"
    record.write_text(json.dumps({**run.meta, "base_commit": "0" * 40}))
    with pytest.raises(AgencyError) as failure:
        reset(world, run, 1)
    assert (failure.value.code, failure.value.details["expected"]) == ("E_CHECKPOINT_INVALID", "0" * 40)
    assert file_tree(run.worktree) == before
