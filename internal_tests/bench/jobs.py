"""What is measured of headless runs: how soon a worker is at work, how soon it notices and heals, and what it costs itself.

Processor time stands where the others have time by the clock. Long ones are measured in fewer rounds than asked for.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from datetime import datetime
from itertools import count
from pathlib import Path

import psutil

from internal_tests.bench.crowd import new_world
from internal_tests.bench.measure import Row, Timed, in_turns
from internal_tests.support.services import context_of, load
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import SeenRun, World

_IDLE = 1.0
_FLOOD = 50_000_000
_UNLIMITED = ("--timeout", "0s", "--idle-timeout", "0s")
_READ = "import os\nwhile os.read(0, 65536): pass"


def start(rounds: int) -> list[Row]:
    """``run --headless`` until its first attempt begins."""
    with new_world() as world:
        _use(world, "exec sleep 1000")
        numbers = count()

        def headless(number: int) -> float:
            begun = time.time()
            run = _begin(world, f"job-{next(numbers)}", *_UNLIMITED)
            took = _moment(run, "task.step.attempt.started") - begun
            world.tmux_ask("kill-session", "-t", f"={run.session}")
            return took

        def interactive(number: int) -> float:
            begun = time.time()
            run = world.find(_ran(world, "run", f"talk-{next(numbers)}", "--detached"))
            took = time.time() - begun
            world.tmux_ask("kill-session", "-t", f"={run.session}")
            return took

        took = in_turns({"headless": headless, "interactive": interactive}, rounds)
    against = "run --detached, startup_grace 0s"
    what = "run --headless to the first attempt"
    return [Row(what=what, against=against, seconds=took["headless"], base=took["interactive"], wanted=2.0)]


def heal(rounds: int) -> list[Row]:
    """A runner that hangs, until the next one runs."""
    with new_world() as world:
        told = world.root / "told"
        _use(world, f'date +%s.%N >>"{told}"; [ "$AGENCY_ATTEMPT" != 1 ] || exec sleep 1000')

        def hang(number: int) -> float:
            told.unlink(missing_ok=True)
            run = _begin(world, f"job-{number + 2}", "--timeout", "0s", "--idle-timeout", f"{_IDLE}s")
            _moment(run, "task.finished")
            hung, ran = map(float, told.read_text().split())
            return ran - hung

        took = in_turns({"hang": hang}, rounds)
    what = "a hang to the next attempt"
    return [
        Row(what=what, against="its idle timeout", seconds=took["hang"], base=_IDLE, wanted=1 + 1 / _IDLE),
    ]


def hard_reset(rounds: int) -> list[Row]:
    """A worktree of 10,000 files rebuilt with ten steps."""
    from agency.worker.checkpoint import save_step
    from agency.worker.rebuild import Hooks, ResetRequest, rebuild
    from internal_tests.worker.test_step_checkpoints import done

    hooks = Hooks(between=lambda: None, quiesce=lambda: None, show=lambda chunk: None)
    with new_world() as world:
        world.commit({f"src/{number // 100}/{number}.txt": f"{number}\n" * 20 for number in range(10_000)}, "files")
        run = world.run("job")
        world.ok("kill", "job")
        context = context_of(world)
        for step in range(10):
            for number in range(20):
                (run.worktree / f"src/{number}/{100 * number + step}.txt").write_text(f"by step {step}\n" * 30)
            (run.worktree / f"new-{step}.txt").write_text("new\n")
            save_step(context, load(world, run), done(step))

        def reset(number: int) -> float:
            began = time.perf_counter()
            rebuild(context, load(world, run), ResetRequest(step_index=10, trigger="auto"), hooks)
            took = time.perf_counter() - began
            shutil.rmtree(run.directory / "evidence")
            return took

        def bare(number: int) -> float:
            tree = str(world.root / "bare")
            began = time.perf_counter()
            world.git("worktree", "add", "--quiet", "--detach", tree)
            took = time.perf_counter() - began
            world.git("worktree", "remove", "--force", tree)
            return took

        took = in_turns({"reset": reset, "bare": bare}, rounds)
    what = "hard reset, 10 steps, 10,000 files"
    return [Row(what=what, against="git worktree add", seconds=took["reset"], base=took["bare"])]


def flood(rounds: int) -> list[Row]:
    """A runner that prints 50 MB, of lines that are all alike, and of lines that are all different."""
    rows = []
    for what, line in (
        ("equal", "f'compiling with flags -O2 -Wall\\n'"),
        ("different", "f'{random():.17f} {i:x} words\\n'"),
    ):
        with new_world() as world:
            file = world.root / "flood.txt"
            code = f"from random import random\nfor i in range(4000): print({line}, end='')"
            part = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
            file.write_bytes(part * (_FLOOD // len(part) + 1))
            took = in_turns({"worker": _flooded(world, file), "reader": _read(world, file)}, max(3, rounds // 5))
        rows.append(
            Row(
                what=f"processor time of a worker, 50 MB of {what} lines",
                against="cat to a Python that reads",
                seconds=took["worker"],
                base=took["reader"],
            )
        )
    return rows


def idle(rounds: int) -> list[Row]:
    """Twenty workers whose runners are silent."""
    seconds = 10.0
    with new_world() as world:
        _use(world, "exec sleep 1000")
        for number in range(20):
            _moment(_begin(world, f"job-{number}", *_UNLIMITED), "task.step.attempt.started")
        workers = _workers(world)
        assert len(workers) == 20

        def spent(number: int) -> float:
            before = sum(map(_processor_time, workers))
            time.sleep(seconds)
            return (sum(map(_processor_time, workers)) - before) / len(workers)

        took = in_turns({"idle": spent}, max(3, rounds // 5))
    what = "processor time of one of 20 idle workers"
    return [Row(what=what, against=f"{seconds:g} s by the clock", seconds=took["idle"], base=seconds, wanted=0.01)]


def _use(world: World, script: str) -> None:
    """Make a shell script the default runner."""
    command = json.dumps(["sh", "-c", script])
    runners = f"runners: {{script: {{command: {command}}}}}"
    world.commit(
        {"agency.yaml": f"version: 1\nsession: {{startup_grace: 0s}}\ndefaults: {{runner: script}}\n{runners}\n"}
    )


def _begin(world: World, name: str, *words: str) -> SeenRun:
    return world.find(_ran(world, "run", name, "--headless", "--prompt", "go", "--detached", *words))


def _ran(world: World, *words: str) -> str:
    data = world.ok(*words, "--json").data
    assert isinstance(data, dict)
    return str(data["run_id"])


def _moment(run: SeenRun, name: str) -> float:
    """When the first event of that name was told, in seconds since 1970; it is waited for."""
    (first, *_) = wait_for(lambda: [one for one in run.events if one["event"] == name], name, 60)
    return datetime.fromisoformat(first["timestamp"]).timestamp()


def _workers(world: World) -> list[psutil.Process]:
    return [one for one in world.processes() if "agency.worker" in one.cmdline() and one.name() != "sh"]


def _processor_time(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _flooded(world: World, file: Path) -> Timed:
    """What a worker needs from the beginning of a flood to the end of it."""
    go, over = world.root / "go", world.root / "over"
    _use(world, f'while ! [ -e "{go}" ]; do sleep 0.1; done; cat "{file}"; : >"{over}"; echo the end; exec sleep 1000')

    def timed(number: int) -> float:
        run = _begin(world, f"job-{number + 2}", *_UNLIMITED)
        _moment(run, "task.step.attempt.started")
        wait_for(lambda: len(_workers(world)) == 1, "the worker")
        (worker,) = _workers(world)
        before = _processor_time(worker)
        go.touch()
        wait_for(over.exists, "the end of the flood", 120)
        log = run.directory / "logs" / "attempt-0000-0001.log"
        wait_for(lambda: b"the end\n" in _end_of(log), "the last line", 120)
        spent = _processor_time(worker) - before
        world.tmux_ask("kill-session", "-t", f"={run.session}")
        wait_for(lambda: not _workers(world), "the worker to end")
        go.unlink()
        over.unlink()
        return spent

    return timed


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 1000))
            return file.read()
    except FileNotFoundError:  # the log is just being begun anew
        return b""


def _read(world: World, file: Path) -> Timed:
    """What ``cat`` and a Python that only reads need for the same."""

    def timed(number: int) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["sh", "-c", f'cat "{file}" | "{sys.executable}" -S -c "{_READ}"'], env=world.env, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return timed
