"""What all commands have in common: usage errors, the form of errors, JSON, streams that are gone, colours."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pexpect
import pytest

from internal_tests.support.world import AGENCY, Result, World

OF_JOBS = [
    *("steps", "attempts", "pause", "unpause", "takeover", "release"),
    *("retry-step", "hard-reset", "resume-from"),
]
NEEDS_REF = [
    *("attach", "resume", "send", "wait", "stop", "kill", "show", "explain", "diff", "events", "logs"),
    *(
        "verify",
        "resolve",
        "push",
        "merge",
        "land",
        "path",
        "open",
        "shell",
        "mark",
        "rename",
        "clean",
        "restore",
        "fork",
    ),
    *OF_JOBS,
]
COMMANDS = [
    *("init", "allow", "doctor", "run", "ls", "conflicts", "gc", "usage", "du", "config", "completion"),
    *("job", "checkpoint", "plan"),
    *NEEDS_REF,
]
PRINTS_JSON = [
    *("init", "allow", "doctor", "run", "ls", "conflicts", "gc", "usage", "du"),
    *("resume", "send", "wait", "stop", "kill", "show", "explain", "events", "verify", "land"),
    *("resolve", "push", "merge", "path", "mark", "rename", "clean", "restore"),
    *OF_JOBS,
]


def piped(world: World, script: str) -> Result:
    """What a bash script with ``agency`` on its PATH does."""
    env = {**world.env, "PATH": f"{Path(AGENCY).parent}:{world.env['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, cwd=world.repo, capture_output=True, text=True, timeout=60)
    return Result(done.returncode, done.stdout, done.stderr)


def test_every_command_is_among_those_tried_here(world: World) -> None:
    listed = world.ok("--help").out.partition("Commands:\n")[2].splitlines()
    assert {line.split()[0] for line in listed if line[2:3] != " "} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_a_usage_error(world: World, command: str) -> None:
    result = world.agency(command, "--no-such-option")
    assert (result.code, result.out) == (2, "")
    lines = result.err.splitlines()
    assert lines[0] == "error_code: E_USAGE"
    assert "--no-such-option" in lines[1]
    assert lines[-1] == f"hint: agency {command} --help"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_told_as_json_where_that_was_asked_for(world: World, command: str) -> None:
    result = world.agency(command, "--json", "--no-such-option")
    assert (result.code, result.err) == (2, "")
    envelope = json.loads(result.out)
    assert set(envelope) == {"schema_version", "error"}
    assert envelope["schema_version"] == "1.0"
    assert set(envelope["error"]) == {"code", "message", "hint", "details"}
    assert (envelope["error"]["code"], envelope["error"]["hint"]) == ("E_USAGE", f"agency {command} --help")


@pytest.mark.parametrize("command", NEEDS_REF)
def test_a_command_that_needs_a_run_says_so(world: World, command: str) -> None:
    result = world.agency(command)
    assert (result.code, result.error_code, result.out) == (2, "E_USAGE", "")


@pytest.mark.parametrize("command", ["ls", "doctor", "init", "gc", "usage", "du", "path", "show", "clean"])
def test_a_word_too_many_is_a_usage_error(world: World, command: str) -> None:
    words = ("one", "two") if command in NEEDS_REF else ("one",)
    result = world.agency(command, *words)
    assert (result.code, result.error_code) == (2, "E_USAGE")


@pytest.mark.parametrize("value", ["soon", "10", "-1s", "", "1w"])
def test_a_bad_duration_names_what_is_expected(world: World, value: str) -> None:
    result = world.agency("ls", "--lock-timeout", value)
    assert (result.code, result.error_code) == (2, "E_USAGE")
    assert "90s, 10m" in result.err


@pytest.mark.parametrize(("typed", "meant"), [("resmue", "resume"), ("kil", "kill"), ("list", "ls"), ("LS", None)])
def test_an_unknown_command_names_the_nearest(world: World, typed: str, meant: str | None) -> None:
    result = world.agency(typed)
    assert (result.code, result.error_code, result.out) == (2, "E_USAGE", "")
    assert f"there is no command {typed}" in result.err
    assert ("did you mean" in result.err) is (meant is not None)
    assert meant is None or meant in result.err
    assert "hint: agency --help" in result.err


def test_an_unknown_command_is_told_as_json_too(world: World) -> None:
    result = world.agency("resmue", "--json")
    assert (result.code, result.error["code"]) == (2, "E_USAGE")


def test_bare_agency_prints_help_and_succeeds(world: World) -> None:
    result = world.ok()
    assert result.out.startswith("Usage: agency")
    assert result.err == ""


@pytest.mark.parametrize("command", PRINTS_JSON)
def test_an_error_is_an_envelope_where_json_was_asked_for(world: World, command: str) -> None:
    ref = ("nosuch",) if command in NEEDS_REF else ()
    name = ("other",) if command == "rename" else ()
    result = world.agency(command, *ref, *name, "--json", "--repo", "/no/such/place")
    assert (result.code, result.err) == (1, "")
    envelope = json.loads(result.out)
    assert set(envelope) == {"schema_version", "error"}
    assert envelope["error"]["code"] == "E_NO_REPO"


def test_an_error_has_code_message_context_and_hint_in_this_order(world: World) -> None:
    run = world.run("taken")
    lines = world.agency("run", "taken", "--detached").err.splitlines()
    assert lines == [
        "error_code: E_NAME_EXISTS",
        "a run is called taken already",
        "name: taken",
        f"run_id: {run.id}",
        "hint: agency attach taken, or choose another name",
    ]


def test_words_for_the_runner_do_not_count_as_options(world: World) -> None:
    result = world.agency("run", "Bad_Name", "--detached", "--", "--json", "--debug")
    assert (result.error_code, result.out) == ("E_INVALID_NAME", "")
    assert "Traceback" not in result.err


@pytest.mark.parametrize(("words", "env"), [(("--debug",), {}), ((), {"AGENCY_DEBUG": "1"})])
def test_debug_shows_the_traceback_and_the_error(world: World, words: tuple[str, ...], env: dict[str, str]) -> None:
    result = world.agency("path", "nosuch", *words, env=env)
    assert "Traceback (most recent call last)" in result.err
    assert (result.code, result.error_code, result.out) == (1, "E_RUN_NOT_FOUND", "")


def test_without_debug_there_is_no_traceback(world: World) -> None:
    for words in (("path", "nosuch"), ("ls", "--nope"), ("run",), ("attach", "x"), ("resume", "x")):
        assert "Traceback" not in world.agency(*words).err


def test_results_go_to_stdout_and_all_else_to_stderr(world: World) -> None:
    world.commit(
        {
            "agency.yaml": f"{(world.repo / 'agency.yaml').read_text()}scripts: {{setup: {{command: [echo, setting up]}}}}\n"
        }
    )
    made = world.ok("run", "split", "--detached")
    assert made.err == "setting up\n"
    assert [line.split(": ")[0] for line in made.out.splitlines()] == [
        *("run_id", "name", "runner", "parent", "branch", "worktree", "tmux", "next")
    ]
    world.ok("kill", "split")
    again = world.ok("kill", "split")
    assert (again.out, again.err) == ("", "split has no session\n")


@pytest.mark.parametrize("command", ["run", "init", "stop --all", "ls --repo .", "doctor --repo ."])
def test_outside_a_repo_a_command_that_needs_one_says_so(world: World, command: str) -> None:
    result = world.agency(*command.split(), *(["-d"] if command == "run" else []), cwd=world.home)
    assert (result.code, result.error_code) == (1, "E_NO_REPO")


def test_a_directory_that_was_removed_under_the_caller_is_told(world: World) -> None:
    result = piped(world, f"mkdir {world.root}/gone; cd {world.root}/gone; rmdir {world.root}/gone; agency ls")
    assert (result.code, result.error_code) == (1, "E_NO_REPO")
    assert "no longer exists" in result.err


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "ls",
        "ls --json",
        "events long",
        "events long --json",
        "show long",
        "logs long",
        "diff long",
        "doctor",
        "config schema",
    ],
)
@pytest.mark.parametrize("reader", ["true", "head -1"])
def test_a_reader_that_goes_away_is_no_error(world: World, words: str, reader: str) -> None:
    run = world.run("long", "--", "\n".join("a line of the screen" for _ in range(40)))
    run.wait_for_screen("a line")
    (run.worktree / "big.txt").write_text("a line of work\n" * 20_000)
    with (run.directory / "events.jsonl").open("a") as log:
        last = run.events[-1]
        for number in range(3000):
            log.write(json.dumps({**last, "event": "attach", "seq": last["seq"] + number + 1, "data": ATTACHED}) + "\n")
    result = piped(world, f"agency {words} | {reader}; echo ${{PIPESTATUS[0]}}")
    assert (result.out.splitlines()[-1], result.err) == ("0", "")


ATTACHED = {"session_name": "agency_x", "read_only": False}


@pytest.mark.parametrize("words", ["ls", "ls --json", "show full", "events full --json", "--help"])
def test_output_that_cannot_be_written_is_told(world: World, words: str) -> None:
    world.run("full")
    result = piped(world, f"agency {words} > /dev/full")
    assert (result.code, result.error_code) == (1, "E_DISK_FULL")
    assert "Traceback" not in result.err
    assert "Exception ignored" not in result.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_closed_are_no_error(world: World, closed: str) -> None:
    result = piped(world, f"agency run made --detached {closed} && agency ls --json")
    assert result.code == 0
    (row,) = json.loads(result.out[result.out.index("{") :])["data"]
    assert (row["name"], row["derived_status"]) == ("made", "active")
    assert piped(world, f"agency clean made {closed}").code == 1
    assert piped(world, f"agency attach made {closed}").code == 1
    assert piped(world, f"agency clean made --yes {closed}").code == 0


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_that_want_it(world: World, env: dict[str, str], coloured: bool) -> None:
    run = world.run("red")
    (run.worktree / "README.md").write_text("changed\n")
    shown = pexpect.run(f"{AGENCY} diff red", env={**world.env, **env}, cwd=str(world.repo), timeout=20)
    assert isinstance(shown, bytes)
    assert b"changed" in shown
    assert (b"\x1b[" in shown) is coloured
    assert "\x1b[" not in world.ok("diff", "red").out


def test_version_is_printed(world: World) -> None:
    assert world.ok("--version").out == world.ok("-V").out
    assert world.ok("--version").out.startswith("agency ")


def test_the_module_is_the_command(world: World) -> None:
    python = str(Path(AGENCY).parent / "python")
    env = {**os.environ, **world.env}
    done = subprocess.run(
        [python, "-m", "agency", "ls"], env=env, cwd=world.repo, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, world.ok("ls").out)


@pytest.mark.parametrize("module", ["click", "agency.cli.main", "agency.cli.commands.ls", "agency.sessions.listing"])
def test_an_interrupt_while_the_command_loads_ends_it_without_a_traceback(
    world: World, tmp_path: Path, module: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import os, signal, sys

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupter())
"""
    )
    result = world.agency("ls", env={"PYTHONPATH": str(tmp_path)})
    assert result.code in (130, -signal.SIGINT)
    assert (result.out, "Traceback" in result.err) == ("", False)
