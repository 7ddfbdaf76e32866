"""``runners.<name>.trust_worktrees``: the real agents start in a new worktree without asking whether they may trust it."""

import json
from pathlib import Path

from internal_tests.agents.agents import CLAUDE, CODEX, Agent
from internal_tests.agents.model_server import ModelServer
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World


def _configure(world: World, agent: Agent, server: ModelServer) -> None:
    """Nothing is trusted but what agency says."""
    agent.configure(world, server)
    config = world.repo / "agency.yaml"
    world.commit({"agency.yaml": config.read_text().replace("]}", "], trust_worktrees: true}")}, "trust worktrees")
    settings = world.home / ".claude.json"
    if settings.exists():
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "projects": {}, "ours": {"a": 1.5}}))
        settings.chmod(0o640)


def _folders(settings: Path) -> dict[str, object]:
    projects = json.loads(settings.read_text())["projects"]
    assert isinstance(projects, dict)
    return projects


def test_no_dialog_comes_in_a_worktree_that_is_to_be_trusted(world: World, agent: Agent, server: ModelServer) -> None:
    _configure(world, agent, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    seen: set[str | None] = set()

    def done() -> bool:
        row = run.row()
        seen.add(row["summary"])
        return bool(row["derived_status"] == "done")

    wait_for(done, "the answer", 60, every=0.2)
    assert "trust dialog" not in seen
    world.ok("kill", "talk")
    world.ok("resume", "talk", "--detached")
    wait_for(lambda: agent.is_ready(run), "the agent to be ready again", 60)


def test_codex_is_told_on_its_command_line_alone(world: World, server: ModelServer) -> None:
    _configure(world, CODEX, server)
    run = world.run("talk", "--prompt", "speak of walnuts")
    wait_for(lambda: run.status() == "done", "the answer", 60, every=0.2)
    assert "trust" not in (world.home / ".codex" / "config.toml").read_text()


def test_claude_is_told_of_one_worktree_and_forgets_it_when_the_run_is_cleaned(
    world: World, server: ModelServer
) -> None:
    _configure(world, CLAUDE, server)
    settings = world.home / ".claude.json"
    run = world.run("talk", "--prompt", "speak of walnuts")
    wait_for(lambda: run.status() == "done", "the answer", 60, every=0.2)
    folder = str(run.worktree)
    assert _folders(settings)[folder] == {"hasTrustDialogAccepted": True}
    assert _folders(settings).get(str(world.repo), {}) != {"hasTrustDialogAccepted": True}
    world.ok("clean", "talk", "--yes")
    assert folder not in _folders(settings)
    assert json.loads(settings.read_text())["ours"] == {"a": 1.5}
    assert not list(world.home.glob(".claude.json.*"))
