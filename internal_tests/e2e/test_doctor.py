"""``agency doctor``: is everything there that agency needs, and what mends it."""

import os
import re
import shutil
import sys
from collections.abc import Mapping

import pytest

from internal_tests.support.checks import Checks
from internal_tests.support.world import World, demo_config


class Toolbox:
    """A PATH of its own, with only the tools that are put on it."""

    def __init__(self, world: World, *tools: str) -> None:
        self.directory = world.root / "tools"
        self.directory.mkdir()
        for tool in tools:
            real = shutil.which(tool, path=world.env["PATH"])
            assert real is not None
            (self.directory / tool).symlink_to(real)

    def add(self, name: str, script: str) -> None:
        """Put a shell script on it."""
        (self.directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.directory / name).chmod(0o755)

    @property
    def env(self) -> Mapping[str, str]:
        """The variable for a call."""
        return {"PATH": str(self.directory)}


def with_scripts(world: World, **scripts: str | None) -> None:
    """An agency.yaml with these scripts: their text, or None for files that are not there. They are executable."""
    lines = "".join(f"  {name}: {{path: scripts/{name}.sh}}\n" for name in scripts)
    world.commit({"agency.yaml": demo_config(more=f"scripts:\n{lines}")})
    (world.repo / "scripts").mkdir()
    for name, text in scripts.items():
        if text is not None:
            (world.repo / "scripts" / f"{name}.sh").write_text(text)
            (world.repo / "scripts" / f"{name}.sh").chmod(0o755)


def test_all_well_is_0_and_nothing_is_a_failure(world: World) -> None:
    world.run("fine")
    found = Checks(world)
    assert {check["state"] for check in found.all} <= {"ok", "note", "warning"}
    for name in ("git", "tmux", "data directory", "repo", "config", "runner demo", "runs", "sessions", "worktrees"):
        assert found.state(name) == "ok", name
    assert str(world.data) in found.one("data directory")["text"]


def test_people_read_a_line_a_check_and_what_mends_it(world: World) -> None:
    world.git("branch", "agency/lost-abcd")
    shown = world.ok("doctor").out
    lines = [line for line in shown.splitlines() if not line.startswith("          mend: ")]
    assert all(re.match(r"(ok|note|warning|failure): +\S.*: \S", line) for line in lines)
    told = "warning:  branch: agency/lost-abcd belongs to no run\n          mend: git branch -d agency/lost-abcd\n"
    assert told in shown


@pytest.mark.parametrize("tool", ["git", "tmux"])
def test_a_tool_that_agency_needs_is_a_failure_when_missing(world: World, tool: str) -> None:
    box = Toolbox(world, *({"git", "tmux", "sh"} - {tool}))
    found = Checks(world, code=1, env=box.env, cwd=world.home)
    assert found.one(tool)["state"] == "failure"
    assert tool in found.one(tool)["mend"]


def test_gh_missing_is_only_a_warning(world: World) -> None:
    gh = Checks(world, env=Toolbox(world, "git", "tmux", "sh").env).one("gh")
    assert (gh["state"], "pull requests" in gh["text"]) == ("warning", True)


def test_gh_there_is_ok(world: World) -> None:
    box = Toolbox(world, "git", "tmux", "sh")
    box.add("gh", "echo gh version 2.40.1")
    assert Checks(world, env=box.env).one("gh")["text"] == f"gh version 2.40.1 ({box.directory}/gh)"


@pytest.mark.parametrize(
    ("version", "state"),
    [("tmux 3.1c", "failure"), ("tmux 2.9", "failure"), ("tmux 3.2", "ok"), ("tmux next-3.6", "ok")],
)
def test_tmux_must_be_new_enough(world: World, version: str, state: str) -> None:
    box = Toolbox(world, "git", "sh")
    box.add("tmux", f'[ "$1" = -V ] && echo "{version}" || exec {shutil.which("tmux")} "$@"')
    tmux = Checks(world, code=int(state == "failure"), env=box.env).one("tmux")
    assert tmux["state"] == state
    assert version in tmux["text"]
    assert ("older than 3.2" in tmux["text"]) is (state == "failure")


def test_a_tool_that_does_not_say_its_version_does_not_stop_the_rest(world: World) -> None:
    box = Toolbox(world, "git", "tmux", "sh")
    box.add("gh", "exit 1")
    assert Checks(world, env=box.env).state("branches") == "ok"


def test_a_data_directory_that_cannot_be_written_is_a_failure(world: World) -> None:
    world.data.write_text("a file where the directory should be")
    data = Checks(world, code=1).one("data directory")
    assert (data["state"], "AGENCY_DATA_DIR" in data["mend"]) == ("failure", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_without_permission_is_a_failure(world: World) -> None:
    world.data.mkdir(mode=0o500)
    assert Checks(world, code=1).state("data directory") == "failure"


def test_a_data_directory_open_to_others_is_a_warning(world: World) -> None:
    world.data.mkdir()
    world.data.chmod(0o755)
    assert Checks(world).one("data directory", "open to others")["mend"] == f"chmod 700 {world.data}"


def test_an_invalid_config_is_a_failure_that_names_the_place(world: World) -> None:
    world.commit({"agency.yaml": "version: 1\nrunnerz: {}\n"})
    config = Checks(world, code=1).one("config")
    assert config["state"] == "failure"
    assert f"{world.repo}/agency.yaml:2" in config["mend"]


def test_a_default_runner_that_is_not_there_is_a_failure_and_another_a_warning(world: World) -> None:
    runners = "runners: {mine: {command: nope}, other: {command: no2}}"
    world.commit({"agency.yaml": f"version: 1\ndefaults: {{runner: mine}}\n{runners}\n"})
    found = Checks(world, code=1)
    assert found.state("runner mine") == "failure"
    assert found.state("runner other") == "warning"


def test_a_default_runner_that_nobody_knows_is_a_failure(world: World) -> None:
    world.commit({"agency.yaml": "version: 1\ndefaults: {runner: cluade}\n"})
    assert Checks(world, code=1).state("runner", "cluade") == "failure"


def test_scripts_in_order_are_ok(world: World) -> None:
    with_scripts(world, setup="#!/bin/sh\n", verify="#!/bin/sh\n")
    found = Checks(world)
    assert (found.state("script setup"), found.state("script verify")) == ("ok", "ok")


def test_the_stub_of_verify_is_called_a_stub(world: World) -> None:
    repo = world.make_repo("fresh", demo=False)
    world.ok("init", cwd=repo)
    (repo / "agency.yaml").write_text(f"{(repo / 'agency.yaml').read_text()}\ndefaults: {{runner: shell}}\n")
    found = Checks(world, cwd=repo)
    verify = found.one("script verify")
    assert (verify["state"], "still the stub" in verify["text"]) == ("warning", True)
    assert found.state("script setup") == "ok"


def test_a_script_that_is_missing_is_a_failure(world: World) -> None:
    with_scripts(world, setup=None)
    setup = Checks(world, code=1).one("script setup")
    assert (setup["state"], setup["text"]) == ("failure", "scripts/setup.sh does not exist")


def test_a_script_that_is_not_executable_is_a_failure(world: World) -> None:
    with_scripts(world, setup="#!/bin/sh\n")
    (world.repo / "scripts" / "setup.sh").chmod(0o644)
    setup = Checks(world, code=1).one("script setup")
    assert (setup["state"], setup["mend"]) == ("failure", "chmod +x scripts/setup.sh")


def test_an_editor_that_is_not_there_is_a_warning(world: World) -> None:
    assert Checks(world, env={"EDITOR": "no-such-editor"}).state("editor") == "warning"
    assert Checks(world, env={"EDITOR": f"{sys.executable} -m x"}).state("editor") == "ok"


def test_it_works_outside_any_repo(world: World) -> None:
    world.run("any")
    found = Checks(world, cwd=world.home)
    assert found.one("runs")["text"] == "1 run, none half-done"
    assert "repo" not in {check["name"] for check in found.all}
