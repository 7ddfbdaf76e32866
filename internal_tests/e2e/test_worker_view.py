"""What a person sees who attaches to a headless run."""

import pytest

from internal_tests.support.jobs import begin, deeds, step
from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import World


@pytest.mark.case(60, "DOC-REQ-013")
def test_the_pane_tells_line_by_line_what_the_agent_does_and_obeys_nothing_that_it_prints(world: World) -> None:
    go = world.root / "go"
    plan = {
        "form": [
            deeds(
                ["say", "I look at the form.\nIt has two fields."],
                ["stdout", "\033[2J\033[31mred\033]0;title\007\a and \033[?1049h gone\n"],
                ["stderr", "warning: old style\n"],
                ["problem", "the server is slow"],
                ["write", "form.html", "name\n"],
                ["wait_for", str(go)],
                ["fail", "the field is missing"],
            ),
            deeds(["flood", 200_000], ["say", "that was a lot"], ["write", "form.html", "name and field\n"]),
        ]
    }
    run = begin(world, plan, steps=[step("form", title="The form", check="grep field form.html")])
    with agency_in_terminal(world, "attach", "job") as terminal:
        terminal.shows("* write form.html")
        screen = terminal.screen
        for line in (
            "[agency] step 1/1 The form | attempt 1 of 3, resets 0 of 1 | timeout 60s | idle timeout 30s",
            "I look at the form.",
            "It has two fields.",
            "warning: old style",
            "problem, it tries again: the server is slow",
        ):
            assert line in screen, line
        assert "red" in screen and "gone" in screen, "the rest of the line is shown as text"
        go.touch()
        run.ended()
        terminal.shows("[agency] done: every step was accepted")
    screen = run.screen()
    for line in (
        "problem: the field is missing",
        "[agency] transient_runtime: the runner ended with exit code 1: ",
        "[agency] soft reset: another attempt follows",
        "| attempt 2 of 3, resets 0 of 1 |",
        "more lines are in the log",
        "that was a lot",
        "[agency] check: grep field form.html",
        "name and field",
        "[agency] step 1/1 accepted after",
    ):
        assert line in screen, line
    assert sum("flood" in line for line in screen.splitlines()) < 1000
    log = (run.directory / "logs/attempt-0000-0002.log").read_text()
    assert log.count("flood") > 20_000
