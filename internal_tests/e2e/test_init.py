"""``agency init``: what a repo needs is added, and nothing that a person wrote is overwritten."""

import os
from pathlib import Path

import pytest

from internal_tests.support.footprint import footprint
from internal_tests.support.world import World

SCRIPTS = ("agency-setup.sh", "agency-verify.sh", "agency-archive.sh")
FILES = {"agency.yaml", "AGENTS.md", "CLAUDE.md", ".gitignore", *(f"scripts/{name}" for name in SCRIPTS)}


@pytest.fixture
def repo(world: World) -> Path:
    """A repo without anything of agency's."""
    return world.make_repo("bare-bones", demo=False)


def added(world: World, repo: Path) -> set[str]:
    """What git sees as new or changed."""
    out = world.git("status", "--porcelain", "--untracked-files=all", cwd=repo)
    return {line[3:] if line[:1] != " " else line[2:].strip() for line in out.splitlines()}


def test_it_adds_config_scripts_instructions_and_the_ignore_line(world: World, repo: Path) -> None:
    result = world.ok("init", cwd=repo)
    assert added(world, repo) == FILES
    assert (repo / ".gitignore").read_text() == ".agency/\n"
    assert (repo / "CLAUDE.md").read_text() == "@AGENTS.md\n"
    pairs = result.pairs
    assert pairs.pop("next").startswith("git add -A && git commit")
    assert pairs == {
        "repo_root": str(repo),
        "agency_yaml": "created",
        "scripts_created": ", ".join(SCRIPTS),
        "gitignore": f"updated ({repo}/.gitignore)",
        "agents_md": "created",
        "claude_md": "created",
    }


def test_json_tells_the_same(world: World, repo: Path) -> None:
    data = world.ok("init", "--json", cwd=repo).data
    assert (data["repo_root"], data["agency_yaml"], data["claude_md"]) == (str(repo), "created", "created")


def test_scripts_can_be_run_and_the_rest_can_not(world: World, repo: Path) -> None:
    world.ok("init", cwd=repo)
    for file in FILES:
        assert os.access(repo / file, os.X_OK) is file.startswith("scripts/"), file


def test_the_stubs_do_nothing_and_verify_says_it_is_one(world: World, repo: Path) -> None:
    world.ok("init", cwd=repo)
    world.git("add", "--all", cwd=repo)
    world.git("commit", "--quiet", "-m", "init", cwd=repo)
    run = world.run("first", "--runner", "shell", cwd=repo)
    codes = [world.agency("shell", "first", "--", f"scripts/{name}", cwd=repo).code for name in SCRIPTS]
    assert codes == [0, 1, 0]
    assert world.git("status", "--short", cwd=run.worktree) == ""
    world.ok("clean", "first", "--yes", cwd=repo)


def test_the_config_it_writes_is_valid_and_in_effect(world: World, repo: Path) -> None:
    world.ok("init", cwd=repo)
    rows = {row["key"]: row for row in world.ok("config", "explain", "--json", cwd=repo).data}
    assert rows["scripts.verify.path"]["value"] == "scripts/agency-verify.sh"
    assert rows["scripts.verify.path"]["origin"].startswith(f"{repo}/agency.yaml:")
    assert rows["scripts.archive.timeout"]["value"] == "5m"


def test_what_is_commented_out_in_the_config_is_valid_too(world: World, repo: Path) -> None:
    world.ok("init", cwd=repo)
    config = repo / "agency.yaml"
    head, _, commented = config.read_text().partition("# defaults:")
    lines = ["defaults:", *commented.splitlines()[1:]]
    config.write_text(head + "\n".join(line.removeprefix("# ") for line in lines) + "\n")
    rows = {row["key"]: row["value"] for row in world.ok("config", "explain", "--json", cwd=repo).data}
    assert rows["runners.reviewer.command"] == "claude --model opus"
    assert rows["session.startup_grace"] == "300ms"
    assert rows["tmux.socket"] == "default"


def test_the_second_time_is_refused_and_changes_nothing(world: World, repo: Path) -> None:
    world.ok("init", cwd=repo)
    before = footprint(repo)
    result = world.agency("init", cwd=repo)
    assert (result.code, result.error_code, result.out) == (1, "E_CONFIG_EXISTS", "")
    assert f"file: {repo}/agency.yaml" in result.err
    assert footprint(repo) == before


@pytest.mark.parametrize("name", ["agency.yml", "agency.json"])
@pytest.mark.parametrize("words", [(), ("--force",)])
def test_a_config_of_another_name_is_left_alone(world: World, repo: Path, name: str, words: tuple[str, ...]) -> None:
    (repo / name).write_text('{"version": 1}\n')
    before = footprint(repo)
    result = world.agency("init", *words, cwd=repo)
    assert (result.code, result.error_code) == (1, "E_CONFIG_EXISTS")
    assert footprint(repo) == before


def test_force_writes_the_config_anew_and_keeps_everything_else(world: World, repo: Path) -> None:
    world.ok("init", cwd=repo)
    fresh = (repo / "agency.yaml").read_text()
    kept = [f"scripts/{name}" for name in SCRIPTS] + ["AGENTS.md", "CLAUDE.md"]
    for file in ("agency.yaml", *kept):
        (repo / file).write_text("version: 1\n# mine\n")
    pairs = world.ok("init", "--force", cwd=repo).pairs
    assert (repo / "agency.yaml").read_text() == fresh
    assert [(repo / file).read_text() for file in kept] == ["version: 1\n# mine\n"] * len(kept)
    assert (pairs["agency_yaml"], pairs["scripts_created"]) == ("overwritten", "none")
    assert (pairs["agents_md"], pairs["claude_md"]) == ("exists", "exists")
    assert pairs["gitignore"].startswith("unchanged")


def test_scripts_and_instructions_that_are_there_are_kept_to_the_byte(world: World, repo: Path) -> None:
    (repo / "scripts").mkdir()
    (repo / "scripts" / "agency-setup.sh").write_text("#!/bin/sh\nmine\n")
    (repo / "CLAUDE.md").write_text("my own\n")
    before = footprint(repo / "scripts")[f"{repo}/scripts/agency-setup.sh"]
    pairs = world.ok("init", cwd=repo).pairs
    assert footprint(repo / "scripts")[f"{repo}/scripts/agency-setup.sh"] == before
    assert (repo / "CLAUDE.md").read_text() == "my own\n"
    assert (pairs["agents_md"], pairs["claude_md"]) == ("created", "exists")
    assert pairs["scripts_created"] == "agency-verify.sh, agency-archive.sh"


def test_a_link_that_leads_nowhere_is_kept(world: World, repo: Path) -> None:
    (repo / "AGENTS.md").symlink_to("../not-there.md")
    assert world.ok("init", cwd=repo).pairs["agents_md"] == "exists"
    assert os.readlink(repo / "AGENTS.md") == "../not-there.md"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.log", "*.log\n.agency/\n"),
        ("*.log\n", "*.log\n.agency/\n"),
        ("", ".agency/\n"),
        ("*.log\n.agency/\n*.tmp\n", "*.log\n.agency/\n*.tmp\n"),
        (".agency\n", ".agency\n"),
        ("/.agency/", "/.agency/"),
        ("# .agency/\n", "# .agency/\n.agency/\n"),
        ("caf\udce9\n", "caf\udce9\n.agency/\n"),
    ],
)
def test_the_ignore_line_is_added_once(world: World, repo: Path, before: str, after: str) -> None:
    ignore = repo / ".gitignore"
    ignore.write_bytes(before.encode("utf-8", "surrogateescape"))
    pairs = world.ok("init", cwd=repo).pairs
    assert ignore.read_bytes() == after.encode("utf-8", "surrogateescape")
    assert pairs["gitignore"].startswith("updated" if before != after else "unchanged")


def test_no_gitignore_puts_the_line_where_only_this_clone_sees_it(world: World, repo: Path) -> None:
    pairs = world.ok("init", "--no-gitignore", cwd=repo).pairs
    assert not (repo / ".gitignore").exists()
    assert (repo / ".git" / "info" / "exclude").read_text().splitlines()[-1] == ".agency/"
    assert pairs["gitignore"] == f"updated ({repo}/.git/info/exclude)"
    (repo / ".agency").mkdir()
    (repo / ".agency" / "file").write_text("x")
    assert added(world, repo) == FILES - {".gitignore"}


def test_from_a_subdirectory_the_root_is_made_ready(world: World, repo: Path) -> None:
    (repo / "deep" / "er").mkdir(parents=True)
    assert world.ok("init", cwd=repo / "deep" / "er").pairs["repo_root"] == str(repo)
    assert (repo / "agency.yaml").exists()
    assert os.listdir(repo / "deep" / "er") == []


def test_repo_names_another_repo(world: World, repo: Path) -> None:
    world.ok("init", "--repo", str(repo), cwd=world.root)
    assert added(world, repo) == FILES


def test_a_repo_without_a_commit_can_be_made_ready(world: World) -> None:
    repo = world.root / "new"
    repo.mkdir()
    world.git("init", "--quiet", cwd=repo)
    world.ok("init", cwd=repo)
    assert added(world, repo) == FILES


def test_outside_git_nothing_is_written(world: World) -> None:
    place = world.root / "plain"
    place.mkdir()
    result = world.agency("init", cwd=place)
    assert (result.code, result.error_code) == (1, "E_NO_REPO")
    assert os.listdir(place) == []


def test_a_bare_repo_has_no_place_for_files(world: World) -> None:
    bare = world.root / "bare.git"
    world.git("clone", "--quiet", "--bare", str(world.repo), str(bare))
    before = footprint(bare)
    result = world.agency("init", cwd=bare)
    assert (result.code, result.error_code) == (1, "E_NO_REPO")
    assert "hint: type it in one of its worktrees" in result.err
    assert footprint(bare) == before


def test_of_git_and_data_nothing_is_touched_but_what_remembers_that_the_scripts_are_allowed(
    world: World, repo: Path
) -> None:
    before = {path for path in footprint(repo / ".git") if os.path.isfile(path)}
    world.ok("init", cwd=repo)
    after = {path for path in footprint(repo / ".git") if os.path.isfile(path)}
    assert after - before == {str(repo / ".git" / "agency" / "repo.json")}
    assert {path.name for path in world.data.rglob("*") if path.is_file()} == {".lock", "repo.json", "consent.json"}
    assert os.listdir(world.config) == []


def test_a_file_where_the_scripts_should_be_is_told(world: World, repo: Path) -> None:
    (repo / "scripts").write_text("a file\n")
    result = world.agency("init", cwd=repo)
    assert (result.code, result.error_code) == (1, "E_STORE_FAILED")
    assert (repo / "scripts").read_text() == "a file\n"
    assert added(world, repo) == {"scripts"}
    (repo / "scripts").unlink()
    world.ok("init", cwd=repo)
    assert added(world, repo) == FILES
