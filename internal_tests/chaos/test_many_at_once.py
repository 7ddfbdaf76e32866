"""Many runs are started at the same moment, on an idle machine and on a busy one: none is lost, none fails."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from internal_tests.chaos.invariants import agency_branches, check_always, check_nothing_left, worktrees
from internal_tests.chaos.operations import fresh
from internal_tests.support.world import Result, World

ROUNDS = int(os.environ.get("AGENCY_CHAOS_ROUNDS", "8"))
_EACH = 16
_HOGS = 8


@contextmanager
def _busy_machine(hogs: int) -> Iterator[None]:
    """Processes that never rest, ended at the end."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(hogs)]
    try:
        yield
    finally:
        for hog in running:
            hog.kill()
            hog.wait()


def _at_once(world: World, commands: list[tuple[str, ...]]) -> list[Result]:
    """Start all commands, then wait for all."""
    processes = [world.spawn(*words) for words in commands]
    ended = [process.communicate(timeout=120) for process in processes]
    return [
        Result(process.returncode, out.decode(), err.decode())
        for process, (out, err) in zip(processes, ended, strict=True)
    ]


@pytest.mark.parametrize(("hogs", "part"), [(0, 0), (0, 1), (_HOGS, 0), (_HOGS, 1)])
def test_sixteen_simultaneous_runs_are_all_created_and_listed_in_every_round(
    world: World, hogs: int, part: int
) -> None:
    fresh(world)
    names: list[str] = []
    with _busy_machine(hogs):
        for round_number in range(part, ROUNDS, 2):
            fresh_names = [f"r{round_number}-n{number}" for number in range(_EACH)]
            results = _at_once(world, [("run", name, "--detached") for name in fresh_names])
            failed = [result.err for result in results if result.code != 0]
            assert not failed, f"round {round_number}: {len(failed)} of {_EACH} failed: {failed}"
            names += fresh_names
            assert sorted(row["name"] for row in world.runs()) == sorted(names), (
                f"round {round_number}: not all are listed"
            )
    rows = check_always(world)
    assert {row["derived_status"] for row in rows} == {"active"}
    assert len(worktrees(world)) == len(agency_branches(world)) == len(world.sessions()) == len(names)


def test_four_simultaneous_runs_of_one_name_give_one_run_and_three_refusals(world: World) -> None:
    fresh(world)
    results = _at_once(world, [("run", "the-one", "--detached")] * 4)
    assert Counter(result.error_code for result in results) == {"": 1, "E_NAME_EXISTS": 3}
    check_always(world)
    assert len(worktrees(world)) == len(world.sessions()) == len(world.runs()) == 1


def test_ten_simultaneous_runs_of_different_names_all_succeed_in_a_repo_never_seen_before(world: World) -> None:
    fresh(world)
    results = _at_once(world, [("run", f"name-{number}", "--detached") for number in range(10)])
    assert [result.code for result in results] == [0] * 10, [result.err for result in results]
    assert len(check_always(world)) == len(world.sessions()) == 10


@pytest.mark.parametrize("strategy", ["--merge", "--squash", "--rebase"])
def test_twelve_simultaneous_lands_of_different_runs_are_all_in_the_branch(world: World, strategy: str) -> None:
    fresh(world)
    world.commit({"agency.yaml": (world.repo / "agency.yaml").read_text() + '  verify: {command: "true"}\n'})
    names = [f"run-{number}" for number in range(12)]
    before = world.git("rev-list", "--count", "--first-parent", "main")
    for name in names:
        run = world.run(name)
        world.commit({f"{name}.txt": f"{name}\n"}, name, cwd=run.worktree)
    results = _at_once(world, [("land", name, strategy, "--yes") for name in names])
    failed = [result.err for result in results if result.code != 0]
    assert not failed, f"{len(failed)} of 12 failed: {failed}"
    assert int(world.git("rev-list", "--count", "--first-parent", "main")) == int(before) + 12
    for name in names:
        assert (world.repo / f"{name}.txt").read_text() == f"{name}\n"
        assert world.git("show", f"main:{name}.txt") == name
    rows = check_always(world)
    assert {row["derived_status"] for row in rows} == {"merged"}
    check_nothing_left(world)
