"""A real agent under bubblewrap: it works with its own files, in one conversation, and finds nothing else of the home."""

import json
import shutil

import pytest

from internal_tests.agents.agents import Agent
from internal_tests.agents.model_server import Answer, ModelServer, Request
from internal_tests.agents.test_healing import SECOND, begin, named, proven_by
from internal_tests.support.world import World

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bubblewrap here")

LOOK = (
    "ls -A ~ > seen.txt; cat ~/secret >> seen.txt 2>&1; echo x > ~/secret; git add seen.txt; git commit -qm seen; true"
)


def test_a_real_agent_works_under_bwrap_with_its_own_files_alone(
    world: World, agent: Agent, server: ModelServer
) -> None:
    agent.configure(world, server)
    (world.home / "secret").write_text("of walnuts and kings")
    (world.config / "config.yaml").write_text("isolation: {use: bwrap, bwrap: {runner_files: true}}\n")
    looked: list[Request] = []

    def answer(request: Request) -> Answer:
        if request.says(SECOND) and not request.is_aside and not looked:
            looked.append(request)
            return agent.run_command(LOOK)
        return Answer(text="understood")

    server.responder = answer
    run = begin(world, "--", *agent.allowing)
    ended = world.agency("wait", "nuts", "--timeout", "100s", timeout=120)
    assert (ended.code, ended.out) == (0, "done\n"), run.screen()
    assert json.loads((run.directory / "job.json").read_text())["isolation"] == {
        "backend": "bwrap",
        "runner_files": True,
    }
    proven_by(server)
    threads = named(run, f"{agent.name}.thread.started", f"{agent.name}.thread.resumed")
    assert len({thread["thread_id"] for thread in threads}) == 1
    seen = (run.worktree / "seen.txt").read_text()
    assert "secret\n" not in seen.partition("cat:")[0] and "of walnuts and kings" not in seen
    assert (world.home / "secret").read_text() == "of walnuts and kings"
    assert world.git("log", "-1", "--format=%s", cwd=run.worktree) == "seen"
