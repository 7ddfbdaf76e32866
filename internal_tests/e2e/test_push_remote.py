"""``agency push`` and the remote itself: any git remote, what it refuses, leases, a network that comes and goes."""

import os
import stat
from pathlib import Path

import pytest

from internal_tests.support.world import SeenRun, World


@pytest.fixture
def remote(world: World) -> Path:
    """A bare repository that is no GitHub, as origin, with ``main``."""
    place = world.root / "remote.git"
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(place))
    world.git("remote", "add", "origin", str(place))
    world.git("push", "--quiet", "origin", "main")
    return place


@pytest.fixture
def run(world: World, remote: Path) -> SeenRun:
    """A run with one commit."""
    run = world.run("feature")
    world.commit({"new.txt": "new\n"}, "Add a file", cwd=run.worktree)
    return run


def there(world: World, remote: Path, run: SeenRun) -> str:
    """The commit of the run's branch on the remote; empty when it is not there."""
    return world.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{run.branch}", cwd=remote)


def here(world: World, run: SeenRun) -> str:
    """The commit of the run's branch here."""
    return world.git("rev-parse", run.branch)


def amend(world: World, run: SeenRun) -> None:
    """Make the last commit anew, so that the branch goes elsewhere."""
    (run.worktree / "new.txt").write_text("better\n")
    world.git("commit", "--quiet", "--all", "--amend", "--message=Better", cwd=run.worktree)


def somebody_pushes(world: World, remote: Path, run: SeenRun) -> str:
    """A commit of somebody else on the run's branch of the remote."""
    tree = world.git("rev-parse", f"{run.branch}^{{tree}}", cwd=remote)
    commit = world.git("commit-tree", tree, "-p", run.branch, "-m", "by somebody", cwd=remote)
    world.git("update-ref", f"refs/heads/{run.branch}", commit, cwd=remote)
    return commit


def ssh_remote(world: World, remote: Path, script: str) -> None:
    """Let origin be reached through a program that stands for ssh: ``script``, and then what ssh would do over there."""
    program = world.root / "ssh"
    program.write_text(f'#!/bin/sh\n{script}\nfor last; do :; done\nexec /bin/sh -c "$last"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    world.git("remote", "set-url", "origin", f"ssh://git@example.org{remote}")


def test_the_branch_is_pushed_and_no_pull_request_is_promised(world: World, remote: Path, run: SeenRun) -> None:
    result = world.ok("push", "feature")
    assert result.pairs == {
        "branch": run.branch,
        "commit": here(world, run),
        "note": "no pull request: origin is not on GitHub",
    }
    assert there(world, remote, run) == here(world, run)
    data = world.ok("push", "feature", "--json").data
    assert (data["pr_number"], data["pr_action"], data["note"]) == (
        None,
        "none",
        "no pull request: origin is not on GitHub",
    )
    assert run.events[-1]["data"] == {"commit": here(world, run), "pr_action": "none"}


def test_no_gh_is_needed_for_another_remote(world: World, remote: Path, run: SeenRun) -> None:
    broken = world.root / "programs"
    broken.mkdir()
    (broken / "gh").write_text("#!/bin/sh\nexit 70\n")
    (broken / "gh").chmod(0o755)
    assert world.agency("push", "feature", env={"PATH": f"{broken}:{world.env['PATH']}"}).code == 0


def test_a_remote_with_a_relative_path_is_the_one_beside_the_checkout(world: World, remote: Path, run: SeenRun) -> None:
    world.git("remote", "set-url", "origin", "../remote.git")
    world.ok("push", "feature")
    assert there(world, remote, run) == here(world, run)


def test_without_an_origin_it_is_refused(world: World) -> None:
    run = world.run("feature")
    world.commit({"new.txt": "new\n"}, cwd=run.worktree)
    result = world.agency("push", "feature")
    assert (result.code, result.error_code) == (1, "E_NO_ORIGIN")
    assert run.events[-1]["data"] == {"error_code": "E_NO_ORIGIN", "step": "origin_check"}


def test_a_remote_that_is_not_there_is_told(world: World, remote: Path, run: SeenRun) -> None:
    remote.rename(remote.with_name("gone.git"))
    result = world.agency("push", "feature")
    assert result.error_code == "E_GIT_FETCH_FAILED" and "does not appear to be a git repository" in result.err


def test_a_parent_that_only_exists_here_will_do(world: World, remote: Path) -> None:
    world.git("branch", "topic")
    run = world.run("feature", "--parent", "topic")
    world.commit({"new.txt": "new\n"}, cwd=run.worktree)
    world.ok("push", "feature")
    assert there(world, remote, run) == here(world, run)


def test_hooks_of_the_repo_do_not_run(world: World, remote: Path, run: SeenRun) -> None:
    hook = world.repo / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    world.ok("push", "feature")


def test_a_rewritten_branch_needs_the_lease_and_the_hint_says_so(world: World, remote: Path, run: SeenRun) -> None:
    world.ok("push", "feature")
    before = there(world, remote, run)
    amend(world, run)
    result = world.agency("push", "feature")
    assert result.error_code == "E_GIT_PUSH_FAILED"
    assert "hint: agency push feature --force-with-lease" in result.err
    assert there(world, remote, run) == before
    assert run.events[-1]["data"] == {"error_code": "E_GIT_PUSH_FAILED", "step": "git_push"}
    world.ok("push", "feature", "--force-with-lease")
    assert there(world, remote, run) == here(world, run)


def test_the_lease_never_replaces_what_somebody_else_pushed(world: World, remote: Path, run: SeenRun) -> None:
    world.ok("push", "feature")
    theirs = somebody_pushes(world, remote, run)
    amend(world, run)
    for _ in range(2):
        world.agency("push", "feature")
        result = world.agency("push", "feature", "--force-with-lease")
        assert result.error_code == "E_GIT_PUSH_FAILED"
        assert "agency never pushed" in result.err and "pull --rebase origin" in result.err
        assert there(world, remote, run) == theirs
    world.git("fetch", "--quiet", "origin")
    assert world.agency("push", "feature", "--force-with-lease").error_code == "E_GIT_PUSH_FAILED", "a fetch is no look"
    assert there(world, remote, run) == theirs


def test_the_lease_of_a_branch_that_agency_never_pushed_is_what_was_fetched(
    world: World, remote: Path, run: SeenRun
) -> None:
    world.git("push", "--quiet", str(remote), run.branch)
    amend(world, run)
    assert world.agency("push", "feature", "--force-with-lease").error_code == "E_GIT_PUSH_FAILED"
    assert world.agency("push", "feature", "--force-with-lease").error_code == "E_GIT_PUSH_FAILED", "nor the next time"
    world.git("fetch", "--quiet", "origin")
    world.ok("push", "feature", "--force-with-lease")
    assert there(world, remote, run) == here(world, run)


def test_a_remote_that_refuses_is_told_in_its_own_words_and_asked_once(
    world: World, remote: Path, run: SeenRun
) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho x >> asked\necho not on my watch >&2\nexit 1\n")
    hook.chmod(0o755)
    result = world.agency("push", "feature")
    assert result.error_code == "E_GIT_PUSH_FAILED" and "pre-receive hook declined" in result.err
    assert (remote / "asked").read_text() == "x\n"


@pytest.mark.parametrize("away", [1, 2])
def test_a_network_that_is_away_for_a_moment_is_waited_for(world: World, remote: Path, run: SeenRun, away: int) -> None:
    count = world.root / "count"
    ssh_remote(
        world,
        remote,
        f'echo x >> {count}\nif [ "$(wc -l < {count})" -le {away} ]; then\n'
        "  echo 'ssh: connect to host example.org port 22: Connection refused' >&2; exit 255\nfi",
    )
    result = world.agency("push", "feature", env={"GIT_SSH_COMMAND": str(world.root / "ssh")})
    assert result.code == 0, result.err
    assert there(world, remote, run) == here(world, run)


def test_a_network_that_stays_away_is_told_and_the_next_push_goes_through(
    world: World, remote: Path, run: SeenRun
) -> None:
    ssh_remote(world, remote, "[ -e ~/up ] || { echo x >> ~/asked; echo 'ssh: Connection timed out' >&2; exit 255; }")
    env = {"GIT_SSH_COMMAND": str(world.root / "ssh")}
    result = world.agency("push", "feature", env=env)
    assert result.error_code == "E_GIT_FETCH_FAILED" and "Connection timed out" in result.err
    assert "hint: try again later" in result.err
    assert (world.home / "asked").read_text() == "x\n" * 3
    (world.home / "up").touch()
    assert world.agency("push", "feature", env=env).code == 0


def test_a_push_whose_answer_is_lost_is_seen_to_be_done(world: World, remote: Path, run: SeenRun) -> None:
    hook = remote / "hooks" / "post-receive"
    hook.write_text("#!/bin/sh\ncat >> pushes\nkill -9 $PPID\n")
    hook.chmod(0o755)
    world.ok("push", "feature")
    assert there(world, remote, run) == here(world, run)
    assert len((remote / "pushes").read_text().splitlines()) == 1


def test_ssh_never_asks_unless_the_user_says_how_to_connect(world: World, remote: Path, run: SeenRun) -> None:
    ssh_remote(world, remote, 'echo "$@" >> ~/words')
    path = {"PATH": f"{world.root}{os.pathsep}{world.env['PATH']}"}
    assert world.agency("push", "feature", env=path).code == 0
    assert all("BatchMode=yes" in line for line in (world.home / "words").read_text().splitlines())
    (world.home / "words").unlink()
    world.git("config", "core.sshCommand", f"{world.root}/ssh -F mine")
    assert world.agency("push", "feature").code == 0
    lines = (world.home / "words").read_text().splitlines()
    assert lines and all("-F mine" in line and "BatchMode" not in line for line in lines)


def test_parents_that_moved_on_are_fetched_without_touching_the_local_branch(
    world: World, remote: Path, run: SeenRun
) -> None:
    tree = world.git("rev-parse", "main^{tree}", cwd=remote)
    newer = world.git("commit-tree", tree, "-p", "main", "-m", "newer", cwd=remote)
    world.git("update-ref", "refs/heads/main", newer, cwd=remote)
    world.git("tag", "v1", newer, cwd=remote)
    local = world.git("rev-parse", "main")
    world.ok("push", "feature")
    assert world.git("rev-parse", "origin/main") == newer
    assert world.git("rev-parse", "main") == local
    assert world.git("tag") == ""


def _stand_in_for_lfs(world: World, script: str) -> dict[str, str]:
    """The environment with a ``git-lfs`` that notes how it is called, set up as ``git lfs install`` does."""
    programs = world.root / "programs"
    programs.mkdir()
    (programs / "git-lfs").write_text(f'#!/bin/sh\necho "$@" >> {world.root}/lfs\n{script}\n')
    (programs / "git-lfs").chmod(0o755)
    world.git("config", "--global", "filter.lfs.clean", "cat")
    world.git("config", "--global", "filter.lfs.smudge", "cat")
    return {"PATH": f"{programs}:{world.env['PATH']}"}


def test_large_files_are_uploaded_before_the_branch(world: World, remote: Path, run: SeenRun) -> None:
    env = _stand_in_for_lfs(world, f"git --git-dir {remote} for-each-ref refs/heads/agency >> {world.root}/lfs")
    assert world.agency("push", "feature", env=env).code == 0
    assert not (world.root / "lfs").exists(), "the run has none"
    world.commit({"assets/.gitattributes": "*.png filter=lfs\n", "assets/a.png": "x"}, "Art", cwd=run.worktree)
    before = there(world, remote, run)
    assert world.agency("push", "feature", env=env).code == 0
    asked, then = (world.root / "lfs").read_text().splitlines()
    assert asked == f"push origin refs/heads/{run.branch}" and then.startswith(before)
    assert there(world, remote, run) == here(world, run)


def test_large_files_that_cannot_be_uploaded_stop_the_push(world: World, remote: Path, run: SeenRun) -> None:
    env = _stand_in_for_lfs(world, "echo 'batch response: Repository not found' >&2; exit 2")
    world.commit({".gitattributes": "*.png filter=lfs\n", "a.png": "x"}, "Art", cwd=run.worktree)
    result = world.agency("push", "feature", env=env)
    assert result.error_code == "E_GIT_PUSH_FAILED" and "batch response" in result.err
    assert there(world, remote, run) == ""
