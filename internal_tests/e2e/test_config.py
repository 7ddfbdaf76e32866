"""``agency config``, and which config holds: the repo's over the user's, flags over both, every mistake told."""

import json
from pathlib import Path

import pytest

from internal_tests.support.world import World, demo_config


def user_config(world: World, text: str, name: str = "config.yaml") -> Path:
    """Write the user's config."""
    path = world.config / name
    path.write_text(text)
    return path


def explained(world: World, cwd: Path | None = None) -> dict[str, tuple[str, str]]:
    """Key -> value and origin, as ``agency config explain`` says."""
    rows = world.ok("config", "explain", "--json", cwd=cwd).data
    return {row["key"]: (row["value"], row["origin"]) for row in rows}


def test_without_any_file_everything_is_built_in(world: World) -> None:
    repo = world.make_repo("plain", demo=False)
    rows = explained(world, repo)
    assert rows["defaults.runner"] == ("claude", "built in")
    assert rows["session.startup_grace"] == ("300ms", "built in")
    assert {origin for _, origin in rows.values()} == {"built in"}


def test_the_repo_wins_over_the_user_over_what_is_built_in_key_by_key(world: World) -> None:
    mine = user_config(world, "defaults:\n  runner: mine\n  editor: vim\nsession: {startup_grace: 2s}\n")
    world.commit({"agency.yaml": demo_config(more="session: {startup_grace: 1s}\n")})
    rows = explained(world)
    assert rows["defaults.runner"] == ("demo", f"{world.repo}/agency.yaml:2")
    assert rows["defaults.editor"] == ("vim", f"{mine}:3")
    assert rows["session.startup_grace"] == ("1s", f"{world.repo}/agency.yaml:5")
    assert rows["defaults.parent"] == ("not set", "built in")


def test_a_runner_can_be_configured_in_both_key_by_key(world: World) -> None:
    mine = user_config(world, "runners:\n  demo:\n    command: other\n    env: {A: '1', B: '2'}\n")
    (world.repo / "agency.yaml").write_text("version: 1\nrunners:\n  demo:\n    command: ours\n    env: {B: '3'}\n")
    rows = explained(world)
    assert rows["runners.demo.command"] == ("ours", f"{world.repo}/agency.yaml:4")
    assert rows["runners.demo.env.A"] == ("1", f"{mine}:4")
    assert rows["runners.demo.env.B"] == ("3", f"{world.repo}/agency.yaml:5")


def test_the_effective_value_is_what_a_run_uses(world: World) -> None:
    user_config(world, "runners:\n  demo: {env: {COLOUR: user}}\n")
    world.commit({"agency.yaml": demo_config(runner_args=["--show", "COLOUR"])})
    world.run("coloured").wait_for_screen("COLOUR=user")


@pytest.mark.parametrize("words", [("--runner", "quiet"), ("-r", "quiet")])
def test_the_runner_flag_wins_over_both_files(world: World, words: tuple[str, ...]) -> None:
    user_config(world, "defaults: {runner: shell}\nrunners: {quiet: {command: [sleep, '600']}}\n")
    assert world.run("flagged", *words).meta["runner"] == "quiet"


def test_the_parent_flag_wins_over_both_files(world: World) -> None:
    for branch in ("users", "repos", "flags"):
        world.git("branch", branch)
    user_config(world, "defaults: {parent: users}\n")
    text = (world.repo / "agency.yaml").read_text().replace("{runner: demo}", "{runner: demo, parent: repos}")
    assert world.run("by-user").meta["parent_branch"] == "users"
    world.commit({"agency.yaml": text})
    assert world.run("by-repo").meta["parent_branch"] == "repos"
    assert world.run("by-flag", "--parent", "flags").meta["parent_branch"] == "flags"


@pytest.mark.parametrize("name", ["agency.yaml", "agency.yml", "agency.json"])
def test_the_repos_file_may_have_any_of_three_names(world: World, name: str) -> None:
    repo = world.make_repo("named", demo=False)
    (repo / name).write_text('{"version": 1, "defaults": {"runner": "shell"}}\n')
    assert explained(world, repo)["defaults.runner"] == ("shell", f"{repo}/{name}:1")


@pytest.mark.parametrize("name", ["config.yaml", "config.yml", "config.json"])
def test_the_users_file_may_have_any_of_three_names(world: World, name: str) -> None:
    path = user_config(world, '{"defaults": {"editor": "vim"}}\n', name)
    assert explained(world)["defaults.editor"] == ("vim", f"{path}:1")


def test_two_files_of_one_purpose_are_refused(world: World) -> None:
    (world.repo / "agency.yml").write_text("version: 1\n")
    result = world.agency("config", "explain")
    assert (result.code, result.error_code) == (1, "E_INVALID_CONFIG")
    assert "agency.yaml and agency.yml are both there" in result.err


MISTAKES = [
    ("version: 1\nrunnerz: {}\n", {"line": 2, "key": "runnerz", "nearest": "runners"}),
    ("version: 1\ndefaults:\n  runer: x\n", {"line": 3, "key": "defaults.runer", "nearest": "runner"}),
    ("version: 1\nscripts:\n  setup: {path: /bin/true}\n", {"line": 3, "key": "scripts.setup.path"}),
    ("version: 1\nscripts:\n  setup: {path: ../up.sh}\n", {"line": 3, "key": "scripts.setup.path"}),
    ("version: 1\nscripts:\n  setup:\n    path: a\n    timeout: soon\n", {"line": 5, "key": "scripts.setup.timeout"}),
    ("version: 1\nscripts: {setup: a.sh}\n", {"line": 2, "key": "scripts.setup"}),
    ("version: 1\nsession: {startup_grace: 5}\n", {"line": 2, "key": "session.startup_grace"}),
    ("version: 2\n", {"line": 1, "key": "version"}),
    ("version: 1\neditors: {a: b}\n", {"line": 2, "key": "editors"}),
    ("defaults: {}\n", {"key": "version"}),
    ("version: 1\nversion: 1\n", {"line": 2, "key": "version"}),
    ("version: 1\n  bad: [\n", {"line": 2}),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES, ids=[text.splitlines()[-1].strip() for text, _ in MISTAKES])
def test_a_mistake_is_told_with_file_line_key_and_nearest(world: World, text: str, told: dict[str, object]) -> None:
    (world.repo / "agency.yaml").write_text(text)
    result = world.agency("config", "explain", "--json")
    assert (result.code, result.error["code"]) == (1, "E_INVALID_CONFIG")
    details = result.error["details"]
    assert details["file"] == f"{world.repo}/agency.yaml"
    assert {key: details.get(key) for key in told} == told
    assert result.error["hint"]


def test_a_mistake_of_the_users_is_told_the_same_way(world: World) -> None:
    path = user_config(world, "scripts: {}\n")
    details = world.agency("config", "explain", "--json").error["details"]
    assert (details["file"], details["line"], details["key"]) == (str(path), 1, "scripts")


def test_people_read_the_mistake_with_its_place(world: World) -> None:
    (world.repo / "agency.yaml").write_text("version: 1\ndefaults: {runer: x}\n")
    lines = world.agency("config", "explain").err.splitlines()
    assert lines[0] == "error_code: E_INVALID_CONFIG"
    for line in (f"file: {world.repo}/agency.yaml", "line: 2", "key: defaults.runer", "nearest: runner"):
        assert line in lines


def test_a_mistake_stops_a_run_before_anything_is_made(world: World) -> None:
    world.commit({"agency.yaml": "version: 1\nrunnerz: {}\n"})
    result = world.agency("run", "none", "--detached")
    assert (result.code, result.error_code) == (1, "E_INVALID_CONFIG")
    assert world.runs() == []
    assert world.git("branch", "--list", "agency/*") == ""


@pytest.mark.parametrize("command", ["ls", "show", "path", "kill", "events", "diff", "mark", "wait"])
def test_a_mistake_does_not_stop_commands_that_need_no_config(world: World, command: str) -> None:
    world.run("made")
    (world.repo / "agency.yaml").write_text("version: 1\nrunnerz: {}\n")
    ref = {"ls": (), "wait": ("made", "--for", "idle", "--quiet", "1ms")}.get(command, ("made",))
    assert world.agency(command, *ref).code == 0


def test_what_looks_secret_is_not_shown(world: World) -> None:
    user_config(world, "runners:\n  demo: {env: {API_TOKEN: abc123, PLAIN: seen}}\n")
    result = world.ok("config", "explain")
    assert "abc123" not in result.out
    assert "seen" in result.out


def test_people_read_a_table(world: World) -> None:
    lines = world.ok("config", "explain").out.splitlines()
    assert lines[0].split() == ["KEY", "VALUE", "FROM"]
    assert any(line.split() == ["defaults.runner", "demo", f"{world.repo}/agency.yaml:2"] for line in lines)


def test_outside_any_repo_the_users_config_is_explained(world: World) -> None:
    user_config(world, "defaults: {editor: vim}\n")
    rows = explained(world, world.home)
    assert rows["defaults.editor"][0] == "vim"
    assert rows["defaults.runner"] == ("claude", "built in")


@pytest.mark.parametrize(("words", "own"), [((), "scripts"), (("--user",), "editors")])
def test_the_schema_is_json_schema_of_its_file(world: World, words: tuple[str, ...], own: str) -> None:
    schema = json.loads(world.ok("config", "schema", *words).out)
    text = json.dumps(schema)
    assert "$defs" in schema
    assert f'"{own}"' in text
    assert '"runners"' in text
    assert '"additionalProperties": false' in text


def test_bare_config_prints_its_help(world: World) -> None:
    assert world.ok("config").out == world.ok("config", "--help").out
