"""setup, verify and archive follow one protocol: what they see, what is closed to them, and how they are ended."""

import signal

import psutil
import pytest

from internal_tests.support.gate import Gate, script_config, spawned
from internal_tests.support.traces import find_named
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import Result, SeenRun, World

FAMILY = """
trap '' TERM INT HUP
sleep 1000 &
setsid sleep 1001 > /dev/null 2>&1 < /dev/null &
(setsid sh -c "trap '' TERM; (sleep 1002; sleep 1003) & wait" > /dev/null 2>&1 < /dev/null &) &
"""
"""Children of the script, one in another session and one that is a daemon and deaf to TERM."""

NAMES = ("setup", "verify", "archive")


def call_of(name: str) -> tuple[str, ...]:
    """The command that runs a script."""
    return {
        "setup": ("run", "fix", "--detached"),
        "verify": ("verify", "fix"),
        "archive": ("clean", "fix", "--yes"),
    }[name]


def prepare(world: World, name: str, script: str, *, timeout: str = "60s") -> None:
    """A repo with that one script, and a run called ``fix`` unless the script is what makes one."""
    world.commit({"agency.yaml": script_config(timeout=timeout, **{name: script})})
    if name != "setup":
        world.run("fix")


def play(world: World, name: str, script: str, *, timeout: str = "60s") -> Result:
    """What comes of the command that runs a script."""
    prepare(world, name, script, timeout=timeout)
    return world.agency(*call_of(name), stdin="not for the script\n")


def log(world: World, name: str) -> str:
    """The log of a script."""
    return (find_named(world, "fix").directory / "logs" / f"{name}.log").read_text()


def living(world: World) -> list[list[str]]:
    """The command lines of what the script started and still runs."""
    lines = []
    for process in world.processes():
        try:
            lines.append(process.cmdline())
        except psutil.Error:
            continue
    return [line for line in lines if line[:1] == ["sleep"] and line[1].startswith("100")]


def finished(run: SeenRun, name: str) -> dict[str, object]:
    """The data of the event that ends a script."""
    (data,) = [event["data"] for event in run.events if event["event"] == f"{name}_finished"]
    assert isinstance(data, dict)
    return data


def test_all_three_see_the_same_variables(world: World) -> None:
    world.git("remote", "add", "origin", "https://github.com/owner/repo")
    seen = world.root / "seen"
    seen.mkdir()
    world.commit({"agency.yaml": script_config(**{name: f"env > {seen}/{name}" for name in NAMES})})
    run = world.run("fix")
    world.ok("verify", "fix")
    world.ok("clean", "fix", "--yes")

    def variables(name: str) -> dict[str, str]:
        lines = (seen / name).read_text().splitlines()
        return {key: value for key, _, value in (line.partition("=") for line in lines) if key.startswith("AGENCY_")}

    setup = variables("setup")
    assert variables("verify") == setup
    assert variables("archive") == setup
    assert (
        setup.items()
        >= {
            "AGENCY_RUN_ID": run.id,
            "AGENCY_NAME": "fix",
            "AGENCY_REPO_ROOT": str(world.repo),
            "AGENCY_WORKSPACE_ROOT": str(run.worktree),
            "AGENCY_BRANCH": run.branch,
            "AGENCY_PARENT_BRANCH": "main",
            "AGENCY_ORIGIN_NAME": "origin",
            "AGENCY_ORIGIN_URL": "https://github.com/owner/repo",
            "AGENCY_RUNNER": "demo",
            "AGENCY_PR_URL": "",
            "AGENCY_PR_NUMBER": "",
            "AGENCY_DOTAGENCY_DIR": f"{run.worktree}/.agency",
            "AGENCY_OUTPUT_DIR": f"{run.worktree}/.agency/out",
            "AGENCY_NONINTERACTIVE": "1",
        }.items()
    )
    assert all("\nCI=1\n" in f"\n{(seen / name).read_text()}" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_repo_root_is_the_main_checkout_wherever_the_command_is_typed(world: World, name: str) -> None:
    world.commit({"agency.yaml": script_config(**{name: 'echo "$AGENCY_REPO_ROOT"; pwd'})})
    linked = world.root / "linked"
    world.git("worktree", "add", "--quiet", "-b", "linked", str(linked))
    if name != "setup":
        world.run("fix")
    place = linked if name == "setup" else find_named(world, "fix").worktree
    result = world.agency(*call_of(name), cwd=place)
    assert result.code == 0, result.err
    assert log(world, name).splitlines() == [str(world.repo), str(find_named(world, "fix").worktree)]


@pytest.mark.parametrize("name", NAMES)
def test_standard_input_is_closed_and_there_is_no_terminal(world: World, name: str) -> None:
    result = play(world, name, "cat; (: < /dev/tty) 2> /dev/null && exit 9; echo done")
    assert result.code == 0, result.err
    assert log(world, name) == "done\n"


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_a_process_group_of_its_own(world: World, name: str) -> None:
    gate = Gate(world)
    prepare(world, name, f"echo $$ $(ps -o pgid= -p $$) $(ps -o sid= -p $$); {gate.shell}")
    with spawned(world, *call_of(name)) as command:
        gate.wait()
        pid, group, session = wait_for(lambda: log(world, name), "its output to be in the log").split()
        assert pid == group == session
        assert int(pid) != command.process.pid
        gate.open()
        assert command.end().code == 0


@pytest.mark.parametrize("name", NAMES)
def test_when_its_time_is_over_the_whole_family_is_ended(world: World, name: str) -> None:
    result = play(world, name, f"{FAMILY} echo started; sleep 1004", timeout="1s")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_TIMEOUT")
    assert "  started" in result.err.splitlines()
    assert living(world) == []
    data = finished(find_named(world, "fix"), name)
    assert (data["ok"], data["timed_out"], data["cancelled"]) == (False, True, False)
    assert "exit_code" not in data


@pytest.mark.parametrize("name", NAMES)
def test_it_is_asked_to_end_before_it_is_killed(world: World, name: str) -> None:
    result = play(world, name, "trap 'echo tidied; exit 0' TERM; sleep 1000 & wait", timeout="1s")
    assert result.error_code == "E_SCRIPT_TIMEOUT"
    assert log(world, name) == "tidied\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
@pytest.mark.parametrize("name", NAMES)
def test_a_signal_to_agency_ends_it_and_is_recorded_as_cancelled(
    world: World, name: str, number: signal.Signals
) -> None:
    gate = Gate(world)
    prepare(world, name, f"{FAMILY} {gate.shell}; sleep 1004")
    with spawned(world, *call_of(name)) as command:
        gate.wait()
        command.send(number)
        result = command.end()
    assert (result.code, result.error_code) == (130, "E_INTERRUPTED")
    assert living(world) == []
    run = find_named(world, "fix")
    data = finished(run, name)
    assert (data["ok"], data["timed_out"], data["cancelled"]) == (False, False, True)
    assert run.row()["operation"] is None
    assert run.row()["attention"] is None
    world.ok("mark", "fix", "--reason", "the lock is free")


def test_a_cancelled_verify_leaves_evidence_that_says_so_and_can_be_typed_again(world: World) -> None:
    gate = Gate(world)
    prepare(world, "verify", gate.shell)
    with spawned(world, "verify", "fix") as command:
        gate.wait()
        command.send(signal.SIGTERM)
        assert command.end().code == 130
    shown = world.ok("show", "fix", "--json").data["verify"]
    assert (shown["ok"], shown["cancelled"], shown["timed_out"], shown["exit_code"]) == (False, True, False, None)
    assert shown["word"] == "cancelled"
    assert find_named(world, "fix").status() == "active"
    gate.stand_open()
    world.ok("verify", "fix")


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_that_the_caller_ignores_does_not_end_it(world: World, name: str) -> None:
    gate = Gate(world)
    prepare(world, name, f"{gate.shell}; echo done")
    with spawned(world, *call_of(name), ignoring=(signal.SIGHUP, signal.SIGINT)) as command:
        gate.wait()
        command.send(signal.SIGHUP)
        command.send(signal.SIGINT)
        gate.open()
        result = command.end()
    assert result.code == 0, result.err
    assert log(world, name) == "done\n"


def test_a_daemon_that_a_good_script_leaves_lives_on(world: World) -> None:
    play(world, "verify", "setsid sleep 1000 > /dev/null 2>&1 < /dev/null & exit 0")
    wait_for(lambda: living(world) == [["sleep", "1000"]], "the daemon to be there")
    world.ok("verify", "fix")
    wait_for(lambda: living(world) == [["sleep", "1000"]] * 2, "a second one to be there")
    world.ok("clean", "fix", "--yes")
    assert living(world) == []


def test_what_a_killed_verify_left_running_is_ended_before_the_next_begins(world: World) -> None:
    gate = Gate(world)
    daemon = "setsid sleep 1001 > /dev/null 2>&1 < /dev/null &"
    world.commit(
        {
            "agency.yaml": script_config(
                setup="setsid sleep 1000 > /dev/null 2>&1 < /dev/null &",
                verify=f"{daemon} {gate.shell}; echo done",
            )
        }
    )
    run = world.run("fix")
    with spawned(world, "verify", "fix") as command:
        gate.wait()
        command.process.kill()
        command.process.wait()
    both = [["sleep", "1000"], ["sleep", "1001"]]
    wait_for(lambda: sorted(living(world)) == both, "what both scripts left to be there")
    assert run.status() == "active"
    assert run.row()["operation"]["alive"] is False
    gate.stand_open()
    world.ok("verify", "fix")
    assert log(world, "verify") == "done\n"
    wait_for(lambda: sorted(living(world)) == both, "only what setup left, and the second verify, to be there")
    ended = [process for process in world.processes() if process.name() == "sh" and "done" in str(process.cmdline())]
    assert ended == []
    assert run.row()["operation"] is None
    world.ok("clean", "fix", "--yes")


@pytest.mark.parametrize("name", ["resume", "clean"])
def test_a_killed_verify_is_in_nobodys_way(world: World, name: str) -> None:
    gate = Gate(world)
    prepare(world, "verify", f"{gate.shell}")
    run = find_named(world, "fix")
    with spawned(world, "verify", "fix") as command:
        gate.wait()
        command.process.kill()
        command.process.wait()
    gate.stand_open()
    world.ok(*{"resume": ("resume", "fix", "--detached"), "clean": ("clean", "fix", "--yes")}[name])
    assert run.archived == (name == "clean")
    if name == "resume":
        world.ok("clean", "fix", "--yes")
    wait_for(lambda: not [one for one in world.processes() if one.name() == "sh"], "the script to be ended")


def test_a_signal_without_a_name_is_told_by_its_number(world: World) -> None:
    result = play(world, "verify", "kill -40 $$")
    assert (result.code, result.error_code) == (1, "E_SCRIPT_FAILED")
    assert "ended by signal 40" in result.err


@pytest.mark.parametrize("name", NAMES)
def test_output_goes_to_the_log_to_the_byte_and_is_streamed(world: World, name: str) -> None:
    gate = Gate(world)
    prepare(world, name, f"printf 'caf\\351 '; echo first; {gate.shell}; echo second >&2")
    with spawned(world, *call_of(name)) as command:
        assert command.process.stderr is not None
        assert command.process.stderr.readline() == b"caf\xe9 first\n"
        gate.wait()
        gate.open()
        assert command.end().code == 0
    path = find_named(world, "fix").directory / "logs" / f"{name}.log"
    assert path.read_bytes() == b"caf\xe9 first\nsecond\n"
