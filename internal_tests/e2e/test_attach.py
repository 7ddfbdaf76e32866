"""``agency attach``: a terminal becomes a view of the session, as a person sees it."""

import pytest

from internal_tests.support.endings import exit_runner
from internal_tests.support.terminal import OtherTmux, Terminal, agency_in_terminal, clients
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, World, demo_config


def test_attach_shows_the_session_and_passes_keys_on(world: World) -> None:
    run = world.run("look")
    with agency_in_terminal(world, "attach", "look") as terminal:
        terminal.shows(f"demo agent ready in {run.worktree}")
        terminal.type("hello there")
        terminal.shows("you said: hello there")


def test_ctrl_b_d_leaves_the_runner_running(world: World) -> None:
    run = world.run("leave")
    before = run.pane()
    with agency_in_terminal(world, "attach", "leave") as terminal:
        terminal.shows("demo agent ready")
        terminal.detach()
        assert terminal.ended() == 0
    assert run.pane() == before
    assert run.status() == "active"


def test_attach_appends_one_attach_event(world: World) -> None:
    run = world.run("told")
    with agency_in_terminal(world, "attach", "told") as terminal:
        terminal.shows("demo agent ready")
    assert [event["data"] for event in run.events if event["event"] == "attach"] == [
        {"session_name": run.session, "read_only": False}
    ]


def test_attach_without_a_terminal_writes_nothing(world: World) -> None:
    run = world.run("pipe")
    before = run.event_names()
    result = world.agency("attach", "pipe")
    assert (result.code, result.error_code, result.out) == (1, "E_NOT_INTERACTIVE", "")
    assert run.event_names() == before


def test_attach_without_a_session_names_resume(world: World) -> None:
    run = world.run("gone")
    world.ok("kill", "gone")
    before = run.event_names()
    with agency_in_terminal(world, "attach", "gone") as terminal:
        assert terminal.ended() == 1
        assert "error_code: E_SESSION_NOT_FOUND" in terminal.screen
        assert "hint: agency resume gone" in terminal.screen
    assert run.event_names() == before


def test_a_dead_pane_tells_how_the_runner_ended_and_how_to_go_on(world: World) -> None:
    exit_runner(world.run("ended"), 7)
    with agency_in_terminal(world, "attach", "ended") as terminal:
        terminal.shows("the runner exited with code 7")
        terminal.shows("agency resume ended")
        terminal.shows("demo agent ready")
        terminal.detach()
        assert terminal.ended() == 0


def test_read_only_shows_but_passes_no_key_on(world: World) -> None:
    run = world.run("watch")
    with agency_in_terminal(world, "attach", "watch", "--read-only") as terminal:
        terminal.shows("demo agent ready")
        assert clients(world) == [f"{run.session} 1"]
        terminal.type("do not hear this")
        run.type("marker")
        terminal.shows("you said: marker")
        assert "do not hear this" not in run.screen()
    assert run.events[-1]["data"] == {"session_name": run.session, "read_only": True}


def test_several_terminals_show_one_session(world: World) -> None:
    run = world.run("many")
    with agency_in_terminal(world, "attach", "many") as one, agency_in_terminal(world, "attach", "many") as two:
        one.shows("demo agent ready")
        two.shows("demo agent ready")
        assert run.row()["attached"] == 2
        one.type("seen by both")
        two.shows("you said: seen by both")
        one.detach()
        assert one.ended() == 0
        two.type("still here")
        two.shows("you said: still here")


def test_run_in_a_terminal_shows_the_session(world: World) -> None:
    with agency_in_terminal(world, "run", "--name", "shown") as terminal:
        terminal.shows("demo agent ready")
        terminal.detach()
        assert terminal.ended() == 0
    assert world.runs()[0]["derived_status"] == "active"


def test_run_without_a_terminal_needs_detached_and_makes_nothing(world: World) -> None:
    result = world.agency("run", "--name", "none")
    assert (result.code, result.error_code) == (1, "E_NOT_INTERACTIVE")
    assert world.runs() == []


def test_a_runner_that_ends_at_once_is_still_shown_by_run(world: World) -> None:
    world.commit({"agency.yaml": demo_config(runner_args=["--exit", "5"])})
    with agency_in_terminal(world, "run", "--name", "brief") as terminal:
        terminal.shows("the runner exited with code 5")


def test_resume_in_a_terminal_shows_the_session_with_one_event(world: World) -> None:
    run = world.run("back")
    world.ok("kill", "back")
    before = len(run.events)
    with agency_in_terminal(world, "resume", "back") as terminal:
        terminal.shows("demo agent ready")
        terminal.detach()
        assert terminal.ended() == 0
    assert run.event_names()[before:] == ["resume_create"]
    assert run.events[-1]["data"]["detached"] is False


def test_inside_the_same_tmux_server_the_client_is_switched(world: World) -> None:
    run = world.run("switch")
    world.tmux_ask("new-session", "-d", "-s", "mine", "-c", str(world.repo), "-e", f"AGENCY_TMUX_SOCKET={world.socket}",
                   *(word for key in ("AGENCY_DATA_DIR", "AGENCY_CONFIG_DIR") for word in ("-e", f"{key}={world.env[key]}")),
                   "/bin/sh")  # fmt: skip
    with Terminal(world, "tmux", "-S", str(world.socket), "attach", "-t", "=mine") as terminal:
        wait_for(lambda: clients(world) == ["mine 0"], "the terminal to show the user's session")
        terminal.type(f"{AGENCY} attach switch")
        terminal.shows("demo agent ready")
        assert clients(world) == [f"{run.session} 0"]
        terminal.press("C-b", "L")
        wait_for(lambda: clients(world) == ["mine 0"], "the terminal to be back")


def test_inside_another_tmux_server_a_popup_shows_the_session(world: World) -> None:
    run = world.run("popup")
    with (
        OtherTmux(world, "users") as users,
        Terminal(world, "tmux", "-S", str(users.socket), "new", "-s", "mine") as terminal,
    ):
        wait_for(lambda: users.ask("list-clients").stdout, "the terminal to show the user's session")
        terminal.type(f"{AGENCY} attach popup")
        terminal.shows("demo agent ready")
        terminal.type("through the popup")
        run.wait_for_screen("you said: through the popup")
        assert len(clients(world)) == 1
        terminal.detach()
        wait_for(lambda: not clients(world), "the popup to close")
        terminal.type("echo back-$((40 + 2))")
        terminal.shows("back-42")
    assert run.status() == "active"


@pytest.mark.parametrize("ref", ["nosuch", "20200101000000-abcd"])
def test_attach_to_a_run_that_does_not_exist(world: World, ref: str) -> None:
    with agency_in_terminal(world, "attach", ref) as terminal:
        assert terminal.ended() == 1
        assert "error_code: E_RUN_NOT_FOUND" in terminal.screen
