"""The holder of the repo lock is killed: the lock is free at that moment, for those who wait and for those who come."""

import signal
import subprocess
import time

import psutil

from internal_tests.chaos.invariants import check_always
from internal_tests.chaos.killing import run_until, under_killer
from internal_tests.chaos.operations import fresh
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_AT_ONCE = 5.0
"""Seconds within which a command that need not wait is done, even on a busy machine; the wait for a lock is 10."""


def _step_inside_the_lock(world: World) -> int:
    """The number of a step of ``agency run`` at which it holds the lock: when the record is about to appear."""
    steps = run_until(world, ("run", "first", "--detached")).steps
    world.ok("clean", "first", "--yes")
    (step,) = [step for step in steps if step.kind == "os.rename" and step.what.endswith("runs/RUN")]
    return step.number


def test_the_next_command_gets_the_lock_of_a_killed_holder_at_once(world: World) -> None:
    fresh(world)
    world.run("known")
    at = _step_inside_the_lock(world)
    assert run_until(world, ("run", "holder", "--detached"), at=at).killed
    begun = time.monotonic()
    done = world.ok("run", "next", "--detached")
    assert time.monotonic() - begun < _AT_ONCE
    assert "waiting" not in done.err
    check_always(world)


def test_a_waiting_command_gets_the_lock_when_its_holder_is_killed(world: World) -> None:
    fresh(world)
    world.run("known")
    holder = _spawn_and_stop_inside_the_lock(world)
    waiting = world.spawn("run", "waiting", "--detached")
    assert waiting.stderr is not None
    told = waiting.stderr.readline().decode()
    assert "waiting for the lock" in told and str(holder.pid) in told
    begun = time.monotonic()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert time.monotonic() - begun < _AT_ONCE
    assert sorted(row["name"] for row in check_always(world) if not row["archived"]) == ["known", "waiting"]


def _spawn_and_stop_inside_the_lock(world: World) -> "subprocess.Popen[bytes]":
    at = _step_inside_the_lock(world)
    holder = world.spawn("run", "holder", "--detached", env=under_killer(world, at=at, how="stop"))
    wait_for(lambda: psutil.Process(holder.pid).status() == psutil.STATUS_STOPPED, "the holder to stand still")
    return holder
