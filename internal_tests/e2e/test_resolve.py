"""``agency resolve``: the card that tells the way out of a conflict, and the conflict opened in the worktree."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from internal_tests.support.endings import exit_runner
from internal_tests.support.footprint import footprint
from internal_tests.support.gate import Gate, hold_files, spawned
from internal_tests.support.lockholder import lock_held
from internal_tests.support.traces import checkout
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World, demo_config

LINES = "".join(f"{number}\n" for number in range(9))


@pytest.fixture
def run(world: World) -> SeenRun:
    """A run whose commits change what its parent has changed since, too."""
    world.commit({"file.txt": LINES, "deep/a b.txt": "a\n"}, "lines")
    run = world.run("fix")
    world.commit({"file.txt": LINES.replace("4", "FIX"), "deep/a b.txt": "fix\n"}, "fix it", cwd=run.worktree)
    world.commit({"more.txt": "more\n"}, "more of it", cwd=run.worktree)
    world.commit({"file.txt": LINES.replace("4", "MAIN"), "deep/a b.txt": "main\n"}, "elsewhere")
    return run


def tip(world: World, ref: str) -> str:
    """The commit of a ref; empty when there is none."""
    return world.git("rev-parse", "--verify", "--quiet", ref, check=False)


def opened(run: SeenRun) -> list[dict[str, object]]:
    """The data of the events that tell of an opened conflict."""
    return [event["data"] for event in run.events if event["event"] == "conflict_opened"]


def is_rebasing(world: World, run: SeenRun) -> bool:
    """Whether git is in the middle of a rebase in the worktree."""
    return Path(world.git("rev-parse", "--git-path", "rebase-merge", cwd=run.worktree)).exists()


def mend(world: World, run: SeenRun) -> None:
    """What a person does to end the rebase."""
    (run.worktree / "file.txt").write_text(LINES.replace("4", "BOTH"))
    (run.worktree / "deep/a b.txt").write_text("both\n")
    world.git("add", "--all", cwd=run.worktree)
    world.git("-c", "core.editor=true", "rebase", "--continue", cwd=run.worktree)


def test_the_card_names_the_paths_and_the_commands_to_type(world: World, run: SeenRun) -> None:
    before = footprint(world.data, world.config, world.home, world.repo)
    result = world.ok("resolve", "fix")
    lines = result.out.splitlines()
    assert lines[:5] == [
        "base: main",
        f"branch: {run.branch}",
        f"worktree: {run.worktree}",
        "conflicts: deep/a b.txt, file.txt",
        "next:",
    ]
    assert [line.partition("#")[0].strip() for line in lines[5:]] == [
        "1. agency resolve fix --start",
        "2. agency attach fix, or agency open fix",
        "3. agency shell fix",
        "4. git add -- 'deep/a b.txt' file.txt",
        "5. git rebase --continue",
        "6. agency land fix",
    ]
    assert footprint(world.data, world.config, world.home, world.repo) == before
    with lock_held(world):
        assert world.ok("resolve", "fix").out == result.out


def test_the_card_as_json(world: World, run: SeenRun) -> None:
    told = world.ok("resolve", "fix", "--json").data
    assert told.pop("next")[0]["command"] == "agency resolve fix --start"
    assert told == {
        "run_id": run.id,
        "name": "fix",
        "pr": None,
        "base": "main",
        "branch": run.branch,
        "worktree": str(run.worktree),
        "worktree_present": True,
        "state": "conflict",
        "conflicts": ["deep/a b.txt", "file.txt"],
        "started": None,
        "undo": None,
        "told": None,
        "took_it": None,
        "not_told_because": None,
    }


def test_without_a_conflict_the_card_sends_on_to_land(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more='scripts: {verify: {command: ["true"]}}\n')})
    run = world.run("fix")
    card = world.ok("resolve", "fix")
    assert card.pairs["conflicts"] == "none; the branch has nothing that main lacks"
    assert "1. agency clean fix" in card.out
    world.commit({"new.txt": "new\n"}, cwd=run.worktree)
    card = world.ok("resolve", "fix")
    assert card.pairs["conflicts"] == "none"
    assert [line.split("#")[0].strip() for line in card.out.splitlines()[5:]] == [
        "1. agency verify fix",
        "2. agency land fix",
    ]


def test_a_missing_worktree_is_told_with_how_to_restore_it(world: World, run: SeenRun) -> None:
    shutil.rmtree(run.worktree)
    card = world.ok("resolve", "fix")
    assert card.pairs["worktree"] == f"{run.worktree} (missing; agency restore fix brings it back)"
    assert card.pairs["conflicts"] == "deep/a b.txt, file.txt"
    assert "1. agency restore fix" in card.out
    result = world.agency("resolve", "fix", "--start")
    assert (result.code, result.error_code) == (1, "E_WORKTREE_MISSING")
    assert "hint: agency restore fix" in result.err


def test_into_another_branch(world: World, run: SeenRun) -> None:
    world.git("branch", "next", "main~1")
    assert world.ok("resolve", "fix", "--into", "next").pairs["conflicts"] == "none"
    world.git("branch", "--force", "next", "main")
    card = world.ok("resolve", "fix", "--into", "next")
    assert card.pairs["base"] == "next"
    assert "agency resolve fix --into next --start" in card.out
    assert "agency land fix --into next" in card.out
    world.ok("resolve", "fix", "--into", "next", "--start")
    assert opened(run)[0]["target"] == "next"
    result = world.agency("resolve", "fix", "--into", "nowhere")
    assert (result.code, result.error_code) == (1, "E_PARENT_BRANCH_NOT_FOUND")
    assert world.agency("resolve", "fix", "--into", run.branch).error_code == "E_USAGE"


def test_a_run_with_a_pull_request_is_held_against_origin_as_last_fetched(world: World, run: SeenRun) -> None:
    meta = run.directory / "meta.json"
    meta.write_text(json.dumps({**run.meta, "pr_number": 7, "pr_url": "https://github.com/o/r/pull/7"}))
    result = world.agency("resolve", "fix")
    assert (result.code, result.error_code) == (1, "E_PARENT_BRANCH_NOT_FOUND")
    assert f"hint: git -C {world.repo} fetch origin" in result.err
    world.git("update-ref", "refs/remotes/origin/main", "main~1")
    assert world.ok("resolve", "fix").pairs["conflicts"] == "none"
    world.git("update-ref", "refs/remotes/origin/main", "main")
    card = world.ok("resolve", "fix")
    assert card.out.startswith("pr: https://github.com/o/r/pull/7\nbase: origin/main\n")
    assert "1. git fetch origin" in card.out
    assert "agency push fix --force-with-lease" in card.out
    assert "agency merge fix" in card.out
    world.ok("resolve", "fix", "--start", "--no-tell")
    assert opened(run)[0]["target"] == "origin/main"


def test_a_land_that_is_refused_names_the_command_that_looks_at_the_same_branch(world: World, run: SeenRun) -> None:
    world.git("branch", "next", "main")
    for words, hint in (
        ((), "hint: agency resolve fix"),
        (("--into", "next"), "hint: agency resolve fix --into next"),
        (
            ("--into", "next", "--ff-only"),
            "hint: agency land fix --into next --rebase, or agency resolve fix --into next --start",
        ),
    ):
        result = world.agency("land", "fix", "--yes", *words)
        assert result.code == 1
        assert result.err.splitlines()[-1] == hint
    meta = run.directory / "meta.json"
    meta.write_text(json.dumps({**run.meta, "pr_number": 7, "pr_url": "https://github.com/o/r/pull/7"}))
    assert world.agency("land", "fix", "--yes").err.splitlines()[-1] == "hint: agency resolve fix --into main"


def test_start_opens_the_conflict_and_keeps_where_the_branch_was(world: World, run: SeenRun) -> None:
    world.ok("kill", "fix")
    old, mine = tip(world, run.branch), checkout(world)
    result = world.ok("resolve", "fix", "--start")
    assert f"rebasing {run.branch} on main stopped at a conflict" in result.err
    assert result.pairs["conflicts"] == "deep/a b.txt, file.txt"
    assert result.pairs["told"] == "no, its runner is not there"
    assert result.out.splitlines()[-1] == f"undo: git -C {run.worktree} rebase --abort"
    assert "1. agency resume fix, or agency open fix" in result.out
    assert is_rebasing(world, run)
    assert "<<<<<<<" in (run.worktree / "file.txt").read_text()
    assert tip(world, run.branch) == tip(world, f"refs/agency/before/{run.id}") == old
    assert opened(run) == [
        {
            "target": "main",
            "onto": tip(world, "main"),
            "old": old,
            "conflicts": ["deep/a b.txt", "file.txt"],
            "told": False,
        }
    ]
    assert checkout(world) == mine
    mend(world, run)
    assert not is_rebasing(world, run)
    assert world.git("log", "--format=%s", "-3", run.branch).splitlines() == ["more of it", "fix it", "elsewhere"]
    assert world.ok("resolve", "fix").pairs["conflicts"] == "none"


def test_the_undo_that_is_told_takes_all_of_it_back(world: World, run: SeenRun) -> None:
    old, mine = tip(world, run.branch), checkout(world)
    undo = world.ok("resolve", "fix", "--start", "--json").data["undo"]
    subprocess.run(undo, shell=True, cwd=world.repo, env=world.env, check=True, capture_output=True)  # noqa: S602
    assert checkout(world) == mine
    assert tip(world, run.branch) == old
    assert world.git("status", "--porcelain", "--branch", cwd=run.worktree).splitlines() == [f"## {run.branch}"]
    assert (run.worktree / "file.txt").read_text() == LINES.replace("4", "FIX")


def test_start_without_a_conflict_rebases_and_says_so(world: World) -> None:
    run = world.run("fix")
    world.commit({"new.txt": "new\n"}, "mine", cwd=run.worktree)
    world.commit({"other.txt": "other\n"}, "theirs")
    old = tip(world, run.branch)
    result = world.ok("resolve", "fix", "--start")
    assert result.err == "rebased, nothing conflicts\n"
    assert world.git("log", "--format=%s", "-2", run.branch).splitlines() == ["mine", "theirs"]
    (event,) = [event["data"] for event in run.events if event["event"] == "rebased"]
    assert event == {"target": "main", "onto": tip(world, "main"), "old": old, "new": tip(world, run.branch)}
    undo = f"git -C {run.worktree} reset --hard refs/agency/before/{run.id}"
    assert result.out.splitlines()[-1] == f"undo: {undo}"
    assert "told" not in result.pairs
    mine = checkout(world)
    subprocess.run(undo, shell=True, cwd=world.repo, env=world.env, check=True, capture_output=True)  # noqa: S602
    assert (tip(world, run.branch), checkout(world)) == (old, mine)


def test_start_with_nothing_to_rebase_changes_nothing(world: World) -> None:
    run = world.run("fix")
    world.commit({"new.txt": "new\n"}, "mine", cwd=run.worktree)
    events = run.event_names()
    result = world.ok("resolve", "fix", "--start")
    assert result.err == f"{run.branch} has all of main already\n"
    assert run.event_names() == events
    assert tip(world, f"refs/agency/before/{run.id}") == ""


def test_a_second_rebase_does_not_lose_where_the_branch_was_before_the_first(world: World) -> None:
    run = world.run("fix")
    world.commit({"new.txt": "new\n"}, "mine", cwd=run.worktree)
    tips = []
    for number in range(2):
        tips.append(tip(world, run.branch))
        world.commit({"other.txt": f"{number}\n"}, "theirs")
        world.ok("resolve", "fix", "--start")
    kept = world.git("reflog", "show", "--format=%H", f"refs/agency/before/{run.id}").splitlines()
    assert kept == tips[::-1]


def test_a_second_start_shows_the_rebase_that_is_under_way_and_leaves_it(world: World, run: SeenRun) -> None:
    world.ok("resolve", "fix", "--start")
    (run.worktree / "file.txt").write_text("half mended\n")
    events = run.event_names()
    result = world.ok("resolve", "fix", "--start")
    assert "a rebase is under way in the worktree of fix already" in result.err
    assert "told" not in result.pairs
    assert run.event_names() == events
    assert (run.worktree / "file.txt").read_text() == "half mended\n"
    world.git("add", "file.txt", cwd=run.worktree)
    card = world.ok("resolve", "fix")
    assert card.pairs["conflicts"] == "deep/a b.txt"
    assert card.pairs["undo"] == f"git -C {run.worktree} rebase --abort"
    assert "--start" not in card.out
    world.git("add", "--all", cwd=run.worktree)
    assert world.ok("resolve", "fix").pairs["conflicts"] == "none left"


def test_uncommitted_work_is_refused_and_kept(world: World, run: SeenRun) -> None:
    (run.worktree / "notes.txt").write_text("untracked\n")
    result = world.agency("resolve", "fix", "--start")
    assert (result.code, result.error_code) == (1, "E_DIRTY_WORKTREE")
    assert "notes.txt" in result.err
    assert not is_rebasing(world, run)
    assert tip(world, f"refs/agency/before/{run.id}") == ""


def test_another_branch_in_the_worktree_is_refused(world: World, run: SeenRun) -> None:
    for words in (("checkout", "--quiet", "--detach"), ("checkout", "--quiet", "-b", "aside")):
        world.git(*words, cwd=run.worktree)
        result = world.agency("resolve", "fix", "--start")
        assert (result.code, result.error_code) == (1, "E_NOT_ON_BRANCH")
    assert opened(run) == []


def test_an_ignored_file_that_the_target_would_overwrite_is_refused_and_kept(world: World) -> None:
    world.commit({".gitignore": "*.local\nbuild\n"}, "ignore")
    run = world.run("fix")
    world.commit({"new.txt": "new\n"}, "mine", cwd=run.worktree)
    (run.worktree / "secret.local").write_text("only here\n")
    (run.worktree / "build").write_text("only here too\n")
    (run.worktree / "harmless.local").write_text("in nobody's way\n")
    (world.repo / "build").mkdir()
    for name in ("secret.local", "build/output"):
        (world.repo / name).write_text("theirs\n")
        world.git("add", "--force", name)
    world.git("commit", "--quiet", "--message=theirs")
    result = world.agency("resolve", "fix", "--start", "--json")
    assert (result.code, result.error["code"]) == (1, "E_DIRTY_WORKTREE")
    assert result.error["details"]["ignored"] == ["build", "secret.local"]
    assert (run.worktree / "secret.local").read_text() == "only here\n"
    (run.worktree / "secret.local").unlink()
    (run.worktree / "build").unlink()
    assert world.ok("resolve", "fix", "--start").err == "rebased, nothing conflicts\n"
    assert (run.worktree / "harmless.local").exists()


def test_hooks_editors_and_odd_settings_of_the_user_do_not_come_in(world: World, run: SeenRun) -> None:
    for hook in ("pre-rebase", "post-checkout", "post-rewrite", "pre-commit", "commit-msg"):
        path = world.repo / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {world.root}/hooked\nexit 1\n")
        path.chmod(0o755)
    world.git("branch", "stacked", f"{run.branch}~1")
    old = tip(world, "stacked")
    for key, value in {
        "core.editor": f"touch {world.root}/edited; false",
        "sequence.editor": f"touch {world.root}/edited; false",
        "rebase.backend": "apply",
        "rebase.autoStash": "true",
        "rebase.updateRefs": "true",
        "rebase.rebaseMerges": "true",
        "rerere.enabled": "true",
        "rerere.autoUpdate": "true",
    }.items():
        world.git("config", key, value)
    world.ok("resolve", "fix", "--start")
    assert is_rebasing(world, run)
    assert not (world.root / "hooked").exists()
    assert not (world.root / "edited").exists()
    hooks = world.repo / ".git" / "hooks"
    hooks.rename(f"{hooks}.off")
    world.git("rebase", "--abort", cwd=run.worktree)
    world.git("reset", "--quiet", "--hard", "main~1")
    world.commit({"apart.txt": "apart\n"})
    Path(f"{hooks}.off").rename(hooks)
    world.ok("resolve", "fix", "--start")
    assert tip(world, "stacked") == old
    assert not (world.root / "hooked").exists()
    assert not (world.root / "edited").exists()


def test_without_a_name_to_commit_in_nothing_is_begun(world: World, run: SeenRun) -> None:
    for key in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        del world.env[key]
    world.git("config", "user.useConfigOnly", "true")
    result = world.agency("resolve", "fix", "--start")
    assert (result.code, result.error_code) == (1, "E_GIT_FAILED")
    assert "git config --global user.name" in result.err
    assert not is_rebasing(world, run)


def test_a_living_runner_is_told_what_to_do(world: World, run: SeenRun) -> None:
    run.wait_for_screen("demo agent ready")
    result = world.ok("resolve", "fix", "--start")
    assert result.pairs["told"] == "yes, it does not tell whether it took it"
    screen = run.wait_for_screen("git rebase --abort takes all of it back.")
    told = " ".join(screen.split())
    assert f"agency: {run.branch} is being rebased on main and stopped at conflicts in file.txt and 1 more" in told
    assert opened(run)[0]["told"] is True
    assert "send" in run.event_names()


def test_with_no_tell_nothing_is_typed(world: World, run: SeenRun) -> None:
    result = world.ok("resolve", "fix", "--start", "--no-tell")
    assert result.pairs["told"] == "no, as you said"
    assert opened(run)[0]["told"] is False
    assert "send" not in run.event_names()
    assert world.agency("resolve", "fix", "--no-tell").code == 2


def test_a_runner_that_waits_for_an_answer_is_not_told(world: World) -> None:
    patterns = '    state_patterns: {waiting: ["asks: (.*)"]}\n'
    config = (
        demo_config().replace("session:", f"{patterns}session:").replace("  demo: {command:", "  demo:\n    command:")
    )
    world.commit({"agency.yaml": config.replace("]}\n", "]\n", 1), "file.txt": "one\n"})
    run = world.run("fix")
    world.commit({"file.txt": "fix\n"}, cwd=run.worktree)
    world.commit({"file.txt": "main\n"})
    run.wait_for_screen("demo agent ready")
    run.type("* asks: may I?")
    wait_for(lambda: run.status() == "waiting", "the run to wait for an answer")
    result = world.ok("resolve", "fix", "--start")
    assert result.pairs["told"].startswith("no, it waits for an answer: ")
    assert "being rebased" not in run.screen()


def test_a_runner_that_has_ended_is_not_told(world: World, run: SeenRun) -> None:
    exit_runner(run, 0)
    assert world.ok("resolve", "fix", "--start").pairs["told"] == "no, its runner is not there"


def test_a_kill_while_git_rebases_is_gone_on_from(world: World, run: SeenRun) -> None:
    world.ok("kill", "fix")
    old = tip(world, run.branch)
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.commit({"big.held": "held\n"}, "held")
    with spawned(world, "resolve", "fix", "--start") as command:
        gate.wait()
        command.process.kill()
        command.process.wait()
        gate.open()
    result = world.ok("resolve", "fix", "--start")
    assert f"rebasing {run.branch} on main stopped at a conflict" in result.err
    assert [event["old"] for event in opened(run)] == [old]
    assert "under way" in world.ok("resolve", "fix", "--start").err
    assert len(opened(run)) == 1
    mend(world, run)
    assert world.git("log", "--format=%s", "-2", run.branch).splitlines() == ["more of it", "fix it"]


def test_a_kill_while_git_rebases_without_a_conflict_is_told_by_the_next_start(world: World) -> None:
    run = world.run("fix")
    world.commit({"new.txt": "new\n"}, "mine", cwd=run.worktree)
    old = tip(world, run.branch)
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.commit({"big.held": "held\n"}, "held")
    with spawned(world, "resolve", "fix", "--start") as command:
        gate.wait()
        command.process.kill()
        command.process.wait()
        gate.open()
    wait_for(lambda: tip(world, run.branch) != old, "git to end the rebase")
    result = world.ok("resolve", "fix", "--start")
    assert result.err == "rebased, nothing conflicts\n"
    assert "rebased" in run.event_names()
    assert "has all of main already" in world.ok("resolve", "fix", "--start").err


def test_a_rebase_that_was_taken_back_after_a_kill_is_begun_anew(world: World, run: SeenRun) -> None:
    gate = Gate(world)
    hold_files(world, gate, filter_of="smudge")
    world.commit({"big.held": "held\n"}, "held")
    with spawned(world, "resolve", "fix", "--start") as command:
        gate.wait()
        command.process.kill()
        command.process.wait()
        gate.open()
    wait_for(lambda: "git" not in world.program_names(), "git to end")
    assert is_rebasing(world, run)
    world.git("rebase", "--abort", cwd=run.worktree)
    world.commit({"after.txt": "after\n"}, "after", cwd=run.worktree)
    assert "stopped at a conflict" in world.ok("resolve", "fix", "--start", "--no-tell").err
    assert [event["old"] for event in opened(run)] == [tip(world, run.branch)]


def test_a_rebase_of_the_agent_itself_is_not_taken_for_ours(world: World, run: SeenRun) -> None:
    world.git("rebase", "main", cwd=run.worktree, check=False)
    result = world.ok("resolve", "fix", "--start")
    assert "a rebase is under way" in result.err
    assert opened(run) == []


def test_a_run_that_another_command_works_on_is_refused(world: World, run: SeenRun) -> None:
    gate = Gate(world)
    config = demo_config(more=f"scripts: {json.dumps({'verify': {'command': ['/bin/sh', '-c', gate.shell]}})}\n")
    (world.repo / "agency.yaml").write_text(config)
    with spawned(world, "verify", "fix") as command:
        gate.wait()
        result = world.agency("resolve", "fix", "--start")
        assert (result.code, result.error_code) == (1, "E_RUN_BUSY")
        gate.open()
        assert command.end().code == 0


def test_gc_lets_go_of_where_the_branch_was(world: World, run: SeenRun) -> None:
    world.ok("resolve", "fix", "--start", "--no-tell")
    world.git("rebase", "--abort", cwd=run.worktree)
    world.ok("clean", "fix", "--yes", "--discard")
    assert tip(world, f"refs/agency/before/{run.id}")
    world.ok("gc", "--older-than", "0s")
    assert world.git("for-each-ref", "refs/agency") == ""


def test_a_started_rebase_outlives_clean_and_restore(world: World, run: SeenRun) -> None:
    world.ok("resolve", "fix", "--start", "--no-tell")
    world.ok("clean", "fix", "--yes", "--discard")
    world.ok("restore", "fix")
    assert world.ok("resolve", "fix").pairs["conflicts"] == "deep/a b.txt, file.txt"
    mend(world, run)
    assert world.ok("resolve", "fix").pairs["conflicts"] == "none"
