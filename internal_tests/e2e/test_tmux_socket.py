"""Which tmux server a session lives on: our own, the user's, or one that was named."""

import os
from pathlib import Path

import pytest

from internal_tests.support.terminal import OtherTmux
from internal_tests.support.world import Result, SeenRun, World, demo_config

NO_SOCKET = {"AGENCY_TMUX_SOCKET": ""}


def named(world: World, name: str) -> OtherTmux:
    """The server that ``tmux -L name`` means in this world."""
    place = Path(world.env["TMUX_TMPDIR"]) / f"tmux-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    return OtherTmux(world, str(place / name))


def agency(world: World, *words: str) -> Result:
    """The installed command without a socket in its environment."""
    result = world.agency(*words, env=NO_SOCKET)
    assert result.code == 0, result.err
    return result


def run(world: World, name: str) -> SeenRun:
    """A run made so."""
    return world.find(agency(world, "run", "--name", name, "--detached").pairs["run_id"])


def sessions(server: OtherTmux) -> list[str]:
    """The names of the sessions on ``server``."""
    done = server.ask("list-sessions", "-F", "#{session_name}")
    return done.stdout.split() if done.returncode == 0 else []


def status(world: World) -> list[str]:
    """The status of every run."""
    return [row["derived_status"] for row in agency(world, "ls", "--json").data]


def test_our_own_server_outlives_the_users(world: World) -> None:
    with named(world, "agency") as own, named(world, "default") as users:
        users.do("new-session", "-d", "-s", "editor", "sleep 1000")
        made = run(world, "safe")
        assert (sessions(own), sessions(users)) == ([made.session], ["editor"])
        users.close()
        assert status(world) == ["active"]


def test_the_users_server_is_used_when_the_config_says_so(world: World) -> None:
    world.commit({"agency.yaml": demo_config(more="tmux: {socket: default}\n")})
    with named(world, "agency") as own, named(world, "default") as users:
        users.do("new-session", "-d", "-s", "editor", "sleep 1000")
        users.do("set-option", "-g", "remain-on-exit", "off", ";", "set-option", "-g", "destroy-unattached", "off")
        made = run(world, "guest")
        assert sessions(users) == [made.session, "editor"]
        assert own.pid() is None
        assert status(world) == ["active"]
        agency(world, "resume", "guest", "--restart", "--yes", "--detached")
        agency(world, "kill", "--all")
        assert sessions(users) == ["editor"]
        agency(world, "resume", "guest", "--detached")
        agency(world, "clean", "guest", "--yes")
        assert sessions(users) == ["editor"]


def test_a_live_session_is_found_where_it_was_made_although_the_config_names_another_server_now(world: World) -> None:
    with named(world, "agency") as own, named(world, "elsewhere") as elsewhere:
        made = run(world, "moved")
        (world.repo / "agency.yaml").write_text(demo_config(more="tmux: {socket: elsewhere}\n"))
        assert status(world) == ["active"]
        agency(world, "resume", "moved", "--detached")
        assert made.event_names()[-1] == "resume_attach"
        assert elsewhere.pid() is None
        agency(world, "kill", "moved")
        agency(world, "resume", "moved", "--detached")
        assert (sessions(own), sessions(elsewhere)) == ([], [made.session])
        assert status(world) == ["active"]


def test_runs_on_several_servers_are_listed_together(world: World) -> None:
    with named(world, "agency"), named(world, "elsewhere") as elsewhere:
        run(world, "one")
        (world.repo / "agency.yaml").write_text(demo_config(more="tmux: {socket: elsewhere}\n"))
        world.git("commit", "--all", "--quiet", "--message=socket")
        run(world, "two")
        assert status(world) == ["active", "active"]
        elsewhere.close()
        assert status(world) == ["lost (tmux died)", "active"]


@pytest.mark.parametrize("socket", ["a-name", "{root}/a path"])
def test_the_environment_wins_over_the_config(world: World, socket: str) -> None:
    world.commit({"agency.yaml": demo_config(more="tmux: {socket: default}\n")})
    value = socket.format(root=world.root)
    with named(world, value) as chosen, named(world, "default") as users:
        result = world.agency("run", "--name", "named", "--detached", env={"AGENCY_TMUX_SOCKET": value})
        assert sessions(chosen) == [f"agency_{result.pairs['run_id']}"]
        assert users.pid() is None
