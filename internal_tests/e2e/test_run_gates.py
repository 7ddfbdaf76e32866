"""The gates of ``agency run``: what is refused, how it is told, and that nothing was made."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from internal_tests.support.traces import traces
from internal_tests.support.world import Result, World, demo_config

_NAME_RULE = "2 to 40 characters: lower-case letters, digits and single hyphens, starting with a letter"


def refused(world: World, *words: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Result:
    """The result of a ``run`` that is refused and makes nothing."""
    before = traces(world)
    result = world.agency("run", *words, cwd=cwd, env=env)
    assert traces(world) == before
    assert result.out == ""
    assert result.code != 0
    return result


@pytest.mark.parametrize("name", ["a", "Feat", "a--b", "a-", "-a", "1a", "a_b", "a b", "ä-b", "a\nb", "x" * 41])
def test_a_name_that_breaks_the_rule_is_refused(world: World, name: str) -> None:
    result = refused(world, f"--name={name}", "--detached")
    assert (result.code, result.error_code) == (1, "E_INVALID_NAME")
    assert _NAME_RULE in result.err


@pytest.mark.parametrize("name", ["ab", "a1", "fix-login-2", "x" * 40])
def test_a_name_that_follows_the_rule_is_taken(world: World, name: str) -> None:
    assert world.ok("run", name, "--detached").pairs["name"] == name


def test_a_name_in_use_is_refused_and_its_holder_named(world: World) -> None:
    run = world.run("taken")
    result = refused(world, "taken", "--detached")
    assert (result.code, result.error_code) == (1, "E_NAME_EXISTS")
    assert f"run_id: {run.id}" in result.err.splitlines()


def test_the_name_of_an_archived_run_is_free_again(world: World) -> None:
    first = world.run("again")
    world.ok("clean", "again", "--yes")
    assert world.run("again").id != first.id


def test_outside_a_repository_is_refused(world: World) -> None:
    result = refused(world, "lost", "--detached", cwd=world.home)
    assert (result.code, result.error_code) == (1, "E_NO_REPO")


def test_repo_names_a_repository_from_anywhere(world: World) -> None:
    result = world.ok("run", "far", "--detached", "--repo", "../repo", cwd=world.home)
    assert world.git("rev-parse", "--abbrev-ref", result.pairs["branch"]) == result.pairs["branch"]


def test_a_repo_option_that_names_none_is_refused(world: World) -> None:
    result = refused(world, "lost", "--detached", "--repo", str(world.home))
    assert (result.code, result.error_code) == (1, "E_NO_REPO")


def test_a_repository_without_a_commit_is_refused(world: World) -> None:
    empty = world.root / "empty"
    empty.mkdir()
    world.git("init", "--quiet", cwd=empty)
    result = world.agency("run", "early", "--detached", "--runner", "shell", cwd=empty)
    assert (result.code, result.error_code) == (1, "E_EMPTY_REPO")
    assert list(world.data.glob("repos/*/*/*")) == []


def test_a_parent_that_is_no_local_branch_is_refused(world: World) -> None:
    result = refused(world, "orphan", "--detached", "--parent", "nowhere")
    assert (result.code, result.error_code) == (1, "E_PARENT_BRANCH_NOT_FOUND")
    assert "nowhere" in result.err


def test_a_commit_is_no_parent_branch(world: World) -> None:
    result = refused(world, "commit", "--detached", "--parent", world.git("rev-parse", "HEAD"))
    assert (result.code, result.error_code) == (1, "E_PARENT_BRANCH_NOT_FOUND")


def test_a_detached_head_needs_a_parent(world: World) -> None:
    world.git("checkout", "--quiet", "--detach")
    result = refused(world, "headless", "--detached")
    assert (result.code, result.error_code) == (1, "E_PARENT_BRANCH_NOT_FOUND")
    assert "hint: agency run --parent BRANCH" in result.err
    assert world.run("headed", "--parent", "main").meta["parent_branch"] == "main"


def test_an_unknown_runner_is_refused_with_the_nearest_known(world: World) -> None:
    result = refused(world, "who", "--detached", "--runner", "claud")
    assert (result.code, result.error_code) == (1, "E_RUNNER_NOT_CONFIGURED")
    assert "agency run --runner claude" in result.err


def test_a_runner_that_is_not_installed_is_refused(world: World) -> None:
    world.commit({"agency.yaml": "version: 1\nrunners: {ghost: {command: [no-such-program-here]}}\n"})
    result = refused(world, "who", "--detached", "--runner", "ghost")
    assert (result.code, result.error_code) == (1, "E_RUNNER_NOT_FOUND")
    assert "no-such-program-here" in result.err


def test_a_runner_that_is_not_executable_is_refused(world: World) -> None:
    world.commit({"bin/agent": "#!/bin/sh\n", "agency.yaml": "version: 1\nrunners: {own: {command: [bin/agent]}}\n"})
    result = refused(world, "who", "--detached", "--runner", "own")
    assert (result.code, result.error_code) == (1, "E_RUNNER_NOT_FOUND")


def test_a_config_that_breaks_a_rule_is_refused(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="scrips: {}\n")})
    result = refused(world, "typo", "--detached")
    assert (result.code, result.error_code) == (1, "E_INVALID_CONFIG")


@pytest.mark.parametrize("inside", ["", ".agency/out"])
def test_inside_the_worktree_of_a_run_is_refused(world: World, inside: str) -> None:
    run = world.run("outer")
    result = refused(world, "inner", "--detached", cwd=run.worktree / inside)
    assert (result.code, result.error_code) == (1, "E_INSIDE_RUN")
    assert f"hint: agency run --repo {world.repo}" in result.err


def test_without_a_terminal_a_run_must_be_detached(world: World) -> None:
    result = refused(world, "blind")
    assert (result.code, result.error_code) == (1, "E_NOT_INTERACTIVE")
    assert "--detached" in result.err


@pytest.mark.parametrize(
    "words",
    [
        ["--no-such-option"],
        ["one", "two"],
        ["one", "--name", "two"],
        ["--prompt", "a", "--prompt-file", "README.md"],
        ["--prompt-file", "no-such-file"],
        ["--allow-dirty", "--take-changes"],
        ["--parent"],
        ["--lock-timeout", "soon"],
    ],
)
def test_a_command_line_that_cannot_be_understood_is_a_usage_error(world: World, words: Sequence[str]) -> None:
    result = refused(world, "--detached", *words)
    assert result.code == 2
    lines = result.err.splitlines()
    assert lines[0] == "error_code: E_USAGE"
    assert len(lines) == 3 and lines[1] and not lines[1].endswith(".")
    assert lines[2] in ("hint: agency run --help", "hint: agency --help")


def test_a_usage_error_in_json_has_the_envelope(world: World) -> None:
    result = world.agency("run", "--json", "--no-such-option")
    assert (result.code, result.error["code"], result.err) == (2, "E_USAGE", "")


def test_an_unknown_command_is_a_usage_error_with_the_nearest_known(world: World) -> None:
    result = world.agency("rn")
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "did you mean" in result.err and "run" in result.err


@pytest.fixture
def tools(world: World) -> Path:
    """A directory with the programs that a run needs."""
    place = world.root / "tools"
    place.mkdir()
    for name in ("git", "tmux", "sh", "awk", "rm", "mv"):
        for directory in world.env["PATH"].split(":"):
            if (Path(directory) / name).exists():
                (place / name).symlink_to(Path(directory) / name)
                break
    return place


def test_only_these_tools_are_needed(world: World, tools: Path) -> None:
    assert world.agency("run", "lean", "--detached", env={"PATH": str(tools)}).code == 0


def test_without_tmux_nothing_is_made(world: World, tools: Path) -> None:
    (tools / "tmux").unlink()
    result = refused(world, "no-tmux", "--detached", env={"PATH": str(tools)})
    assert (result.code, result.error_code) == (1, "E_TMUX_NOT_INSTALLED")
    assert "agency doctor" in result.err


def test_without_git_nothing_is_made(world: World, tools: Path) -> None:
    (tools / "git").unlink()
    result = refused(world, "no-git", "--detached", env={"PATH": str(tools)})
    assert (result.code, result.error_code) == (1, "E_GIT_NOT_INSTALLED")
