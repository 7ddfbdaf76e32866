"""Ways in which the runner of a run comes to an end, each waited for until tmux knows of it."""

import psutil

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun

STUBBORN = """  stubborn: {command: [sh, -c, "trap '' HUP INT TERM; echo stubborn runner ready; while :; do sleep 99; done"]}\n"""
"""A runner, to be added to those of an agency.yaml, that outlives the hang-up of its terminal."""


def exit_runner(run: SeenRun, code: int = 4) -> SeenRun:
    """Let the demo agent end by itself with ``code``; its pane stays, dead."""
    run.wait_for_screen("demo agent ready")
    run.type(f"exit {code}")
    assert run.wait_for_exit() == code
    return wait_until_dead(run)


def wait_until_dead(run: SeenRun) -> SeenRun:
    """Wait until tmux says that the pane of the runner is dead."""
    wait_for(lambda: run.pane()["dead"] == "1", f"the pane of {run.name} to be dead")
    return run


def lives(pid: int | str) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def runner_process(run: SeenRun) -> psutil.Process:
    """The demo agent of a run: the child of the shim in its pane."""

    def child() -> list[psutil.Process]:
        return psutil.Process(int(run.pane()["pid"])).children()

    return wait_for(child, f"the runner of {run.name} to be started")[0]


def stubborn_process(run: SeenRun) -> psutil.Process:
    """The process of the runner of :data:`STUBBORN`, which has set its traps."""
    run.wait_for_screen("stubborn runner ready")
    return runner_process(run)
