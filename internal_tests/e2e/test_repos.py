"""Repositories of every shape: odd paths, shallow clones, bare repositories with worktrees, submodules."""

import os
import shutil
from pathlib import Path

import psutil
import pytest

from internal_tests.support.traces import file_tree, traces
from internal_tests.support.world import World, demo_config


def whole_life(world: World, repo: Path, *words: str) -> None:
    """Run, kill, resume, clean, restore and clean again in ``repo``: everything works and nothing is left over."""
    before = traces(world, repo)
    run = world.run("life", *words, cwd=repo)
    run.wait_for_screen("demo agent ready")
    pid = world.tmux_ask("list-panes", "-s", "-t", f"={run.session}:", "-F", "#{pane_pid}").stdout
    assert psutil.Process(int(pid)).cwd() == str(run.worktree)
    assert world.git("branch", "--show-current", cwd=run.worktree) == run.branch
    world.commit({"done.txt": "done\n"}, cwd=run.worktree)
    (run.worktree / "new.txt").write_text("new\n")
    world.ok("kill", "life", cwd=repo)
    world.ok("resume", "life", "--detached", cwd=repo)
    assert run.status() == "active"
    world.ok("kill", "life", cwd=repo)
    files = file_tree(run.worktree)
    assert world.agency("clean", "life", "--yes", cwd=repo).error_code == "E_DIRTY_WORKTREE"
    world.ok("clean", "life", "--yes", "--discard", "--delete-branch", cwd=repo)
    assert traces(world, repo).worktrees == before.worktrees
    world.ok("restore", "life", cwd=repo)
    assert file_tree(run.worktree) == files
    assert world.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"
    world.ok("clean", "life", "--yes", "--discard", "--delete-branch", cwd=repo)
    after = traces(world, repo)
    assert (after.worktrees, after.sessions) == (before.worktrees, ())
    assert "refs/heads/agency/" not in after.refs


ODD_NAMES = [
    "with space",
    "with\nnewline",
    "ünïcode 日本 🚀",
    'it\'s "quoted"',
    "$HOME `id` $(id) ;&|",
    "#{pane_id} #(id)",
    "-dash",
    os.fsdecode(b"caf\xe9 not utf-8"),
    "C# | sharp",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_repo_and_a_data_directory_with_odd_paths(world: World, name: str) -> None:
    world.data = world.root / name / "data"
    world.env["AGENCY_DATA_DIR"] = str(world.data)
    whole_life(world, world.make_repo(f"odd/{name}/repo"))


def test_a_repo_reached_through_a_link(world: World) -> None:
    real = world.make_repo("real/deep")
    (world.root / "link").symlink_to(world.root / "real")
    linked = world.root / "link" / "deep"
    run = world.run("first", cwd=linked)
    assert world.ok("ls", "--json", cwd=real).data[0]["run_id"] == run.id
    world.ok("clean", "first", "--yes", cwd=real)
    whole_life(world, linked)


def test_a_data_directory_reached_through_a_link(world: World) -> None:
    (world.root / "real").mkdir()
    (world.root / "link").symlink_to(world.root / "real")
    world.data = world.root / "link" / "data"
    world.env["AGENCY_DATA_DIR"] = str(world.data)
    run = world.run("linked")
    (run.worktree / "new.txt").write_text("new\n")
    world.ok("clean", "linked", "--yes", "--discard", cwd=run.worktree)
    assert run.archived
    assert len(world.git("worktree", "list").splitlines()) == 1
    world.ok("restore", "linked")
    assert (run.worktree / "new.txt").exists()


def test_a_subdirectory_of_a_repo(world: World) -> None:
    world.commit({"deep/er/file.txt": "content\n"})
    run = world.run("below", cwd=world.repo / "deep" / "er")
    assert (run.worktree / "README.md").exists()


def test_a_shallow_clone(world: World) -> None:
    world.commit({"second.txt": "second\n"})
    shallow = world.root / "shallow"
    world.git("clone", "--quiet", "--depth=1", f"file://{world.repo}", str(shallow), cwd=world.root)
    assert world.git("rev-parse", "--is-shallow-repository", cwd=shallow) == "true"
    whole_life(world, shallow)


@pytest.fixture
def bare(world: World) -> Path:
    """A bare repository; the runner is configured for the user, because there is no checkout with an agency.yaml."""
    (world.config / "config.yaml").write_text(demo_config().replace("version: 1\n", ""))
    place = world.root / "bare.git"
    world.git("clone", "--quiet", "--bare", str(world.repo), str(place), cwd=world.root)
    return place


def test_a_bare_repository(world: World, bare: Path) -> None:
    whole_life(world, bare)


def test_a_worktree_of_a_bare_repository(world: World, bare: Path) -> None:
    linked = world.root / "linked"
    world.git("worktree", "add", "--quiet", "-b", "topic", str(linked), cwd=bare)
    whole_life(world, linked)


def test_changes_in_a_worktree_of_a_bare_repository_come_along(world: World, bare: Path) -> None:
    linked = world.root / "linked"
    world.git("worktree", "add", "--quiet", "-b", "topic", str(linked), cwd=bare)
    (linked / "new.txt").write_text("new\n")
    run = world.run("taken", "--take-changes", cwd=linked)
    assert (run.worktree / "new.txt").read_text() == "new\n"
    assert run.meta["parent_branch"] == "topic"


@pytest.fixture
def project(world: World, bare: Path) -> Path:
    """A directory with a bare repository in ``.bare``, a ``.git`` file that leads there, and worktrees beside it."""
    place = world.root / "project"
    place.mkdir()
    bare.rename(place / ".bare")
    (place / ".git").write_text("gitdir: ./.bare\n")
    world.git("worktree", "add", "--quiet", str(place / "main"), "main", cwd=place)
    return place


def test_the_root_of_a_project_around_a_bare_repository(world: World, project: Path) -> None:
    whole_life(world, project)


def test_a_worktree_in_a_project_around_a_bare_repository(world: World, project: Path) -> None:
    whole_life(world, project / "main")


def test_the_root_and_a_worktree_of_a_project_are_one_repo(world: World, project: Path) -> None:
    first, second = world.run("first", cwd=project), world.run("second", cwd=project / "main")
    assert first.meta["repo_id"] == second.meta["repo_id"]
    assert {row["name"] for row in world.ok("ls", "--json", cwd=project).data} == {"first", "second"}


def test_changes_in_the_checkout_of_the_parent_are_seen_from_the_root_of_a_project(world: World, project: Path) -> None:
    (project / "main" / "new.txt").write_text("new\n")
    assert world.agency("run", "dirty", "--detached", cwd=project).error_code == "E_PARENT_DIRTY"


def test_a_separate_git_directory(world: World) -> None:
    place = world.root / "separate"
    world.git(
        "clone", "--quiet", f"--separate-git-dir={world.root}/kept.git", str(world.repo), str(place), cwd=world.root
    )
    whole_life(world, place)


@pytest.fixture
def superproject(world: World) -> Path:
    """A repo with a submodule ``sub`` that is checked out."""
    world.git("config", "--global", "protocol.file.allow", "always")
    place = world.make_repo("super")
    world.git("submodule", "--quiet", "add", str(world.repo), "sub", cwd=place)
    world.git("commit", "--quiet", "--message=sub", cwd=place)
    return place


def test_a_superproject(world: World, superproject: Path) -> None:
    whole_life(world, superproject)
    assert world.git("status", "--porcelain", cwd=superproject) == ""


def test_inside_a_submodule(world: World, superproject: Path) -> None:
    whole_life(world, superproject / "sub")
    assert world.git("status", "--porcelain", cwd=superproject) == ""


def test_a_submodule_and_its_superproject_are_two_repos(world: World, superproject: Path) -> None:
    outer, inner = world.run("outer", cwd=superproject), world.run("inner", cwd=superproject / "sub")
    assert outer.meta["repo_id"] != inner.meta["repo_id"]
    assert inner.meta["repo_root"] == str(superproject / "sub")


def test_work_in_a_submodule_of_the_worktree_comes_back(world: World, superproject: Path) -> None:
    run = world.run("worked", cwd=superproject)
    world.git("submodule", "--quiet", "update", "--init", cwd=run.worktree)
    tip = world.commit({"inner.txt": "inner\n"}, cwd=run.worktree / "sub")
    (run.worktree / "sub" / "new.txt").write_text("new\n")
    files = file_tree(run.worktree)
    world.ok("clean", "worked", "--yes", "--discard", cwd=superproject)
    world.ok("restore", "worked", cwd=superproject)
    assert file_tree(run.worktree) == files
    assert world.git("rev-parse", "HEAD", cwd=run.worktree / "sub") == tip
    assert world.git("status", "--porcelain", cwd=run.worktree / "sub") == "?? new.txt"


def test_a_branch_called_agency_is_told_and_nothing_is_made(world: World) -> None:
    world.git("branch", "agency")
    before = traces(world)
    result = world.agency("run", "--name", "blocked", "--detached")
    assert (result.code, result.error_code) == (1, "E_WORKTREE_CREATE_FAILED")
    assert "refs/heads/agency" in result.err
    assert traces(world) == before
    world.git("branch", "--quiet", "--move", "agency", "mine")
    assert world.run("blocked").status() == "active"


@pytest.mark.parametrize(
    "ref", ["refs/heads/life", "refs/tags/life", "refs/heads/agency/life", "refs/remotes/life/main"]
)
def test_a_name_that_is_a_ref_already(world: World, ref: str) -> None:
    world.git("update-ref", ref, "HEAD")
    tip = world.git("rev-parse", ref)
    run = world.run("life")
    assert world.git("branch", "--show-current", cwd=run.worktree) == run.branch
    world.ok("clean", "life", "--yes", "--delete-branch")
    assert world.git("rev-parse", ref) == tip


def test_an_index_lock_left_behind_in_the_checkout_does_not_hinder(world: World) -> None:
    lock = world.repo / ".git" / "index.lock"
    lock.write_text("")
    run = world.run("life")
    (run.worktree / "new.txt").write_text("new\n")
    world.ok("clean", "life", "--yes", "--discard")
    world.ok("restore", "life")
    assert (run.worktree / "new.txt").exists()
    assert lock.exists()


def test_changes_are_taken_although_an_index_lock_was_left_behind(world: World) -> None:
    (world.repo / ".git" / "index.lock").write_text("")
    (world.repo / "new.txt").write_text("new\n")
    assert (world.run("life", "--take-changes").worktree / "new.txt").read_text() == "new\n"


def test_an_index_lock_left_behind_in_the_worktree_does_not_hinder_a_clean(world: World) -> None:
    run = world.run("life")
    git_dir = Path(world.git("rev-parse", "--absolute-git-dir", cwd=run.worktree))
    (git_dir / "index.lock").write_text("")
    (run.worktree / "new.txt").write_text("new\n")
    world.ok("clean", "life", "--yes", "--discard")
    world.ok("restore", "life")
    assert world.git("status", "--porcelain", cwd=run.worktree) == "?? new.txt"


def test_a_nested_repository_in_the_worktree_comes_back(world: World) -> None:
    run = world.run("nested")
    nested = run.worktree / "nested"
    nested.mkdir()
    world.git("init", "--quiet", "--initial-branch=main", cwd=nested)
    world.commit({"inner.txt": "inner\n"}, cwd=nested)
    (nested / "new.txt").write_text("new\n")
    files = file_tree(run.worktree)
    world.ok("clean", "nested", "--yes", "--discard")
    world.ok("restore", "nested")
    assert file_tree(run.worktree) == files


def test_an_empty_nested_repository_does_not_hinder(world: World) -> None:
    run = world.run("nested")
    (run.worktree / "nested").mkdir()
    world.git("init", "--quiet", cwd=run.worktree / "nested")
    (run.worktree / "new.txt").write_text("new\n")
    result = world.agency("clean", "nested", "--yes", "--discard")
    assert result.code == 0, result.err
    world.ok("restore", "nested")
    assert (run.worktree / "new.txt").exists()


def test_a_name_of_the_repo_says_nothing_about_where_worktrees_are(world: World) -> None:
    shutil.copytree(world.repo, world.root / "worktrees")
    whole_life(world, world.root / "worktrees")
