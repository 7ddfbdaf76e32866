"""What is measured: each function makes its worlds, times commands in turns with what they cannot avoid, and gives rows."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from agency.runners import hook
from internal_tests.bench import jobs, plans
from internal_tests.bench.crowd import give_commits, long_transcript, new_world, populate
from internal_tests.bench.measure import Row, Timed, in_turns, one_after_the_other, program
from internal_tests.support.world import AGENCY, World, demo_config

CLICK = 'python -c "import click"'


def resume_live(rounds: int) -> list[Row]:
    """``resume --detached`` of a live session."""
    with new_world() as world:
        run = world.run("live")
        ask = _tmux(world, "list-panes", "-s", "-t", f"={run.session}:", "-F", "#{pane_id}")
        took = in_turns(
            {
                "resume": _agency(world, "resume", "live", "--detached"),
                "unavoidable": one_after_the_other(_python(world, "import click"), ask),
                "click": _python(world, "import click"),
                "tmux": ask,
            },
            rounds,
        )
    what = "resume --detached, live session"
    return [
        Row(
            what=what,
            against=f"{CLICK} + tmux list-panes",
            seconds=took["resume"],
            base=took["unavoidable"],
            wanted=1.6,
        ),
        Row(what=what, against=CLICK, seconds=took["resume"], base=took["click"]),
        Row(what=what, against="tmux list-panes", seconds=took["resume"], base=took["tmux"]),
    ]


def ls_many(rounds: int) -> list[Row]:
    """``ls`` with 1, 50 and 500 runs, at most 10 of them live."""
    with ExitStack() as stack:
        worlds = {count: stack.enter_context(new_world()) for count in (1, 50, 500)}
        for count, world in worlds.items():
            populate(world, live=min(count, 10), present=count)
        variants = {f"{count}": _agency(world, "ls") for count, world in worlds.items()}
        variants["click"] = _python(worlds[500], "import click")
        variants["tmux"] = _tmux(worlds[500], "list-panes", "-a", "-F", "#{session_name}")
        took = in_turns(variants, rounds)
    rows = [
        Row(what="ls, 500 runs", against="ls, 1 run", seconds=took["500"], base=took["1"], wanted=3.0),
        Row(what="ls, 50 runs", against="ls, 1 run", seconds=took["50"], base=took["1"]),
    ]
    for count in worlds:
        what = f"ls, {count} run{'s' if count > 1 else ''}"
        unavoidable = took["click"] + took["tmux"]
        rows.append(Row(what=what, against=CLICK, seconds=took[f"{count}"], base=took["click"]))
        against = f"{CLICK} + tmux list-panes -a"
        rows.append(Row(what=what, against=against, seconds=took[f"{count}"], base=unavoidable))
    return rows


def ls_beside_archive(rounds: int) -> list[Row]:
    """``ls`` of 10 present runs with 10 and with 5,000 archived ones beside them."""
    with ExitStack() as stack:
        worlds = {count: stack.enter_context(new_world()) for count in (10, 5000)}
        for count, world in worlds.items():
            populate(world, live=10, present=10, archived=count)
        took = in_turns({f"{count}": _agency(world, "ls") for count, world in worlds.items()}, rounds)
    return [
        Row(
            what="ls, 10 present, 5000 archived",
            against="ls, 10 present, 10 archived",
            seconds=took["5000"],
            base=took["10"],
            wanted=1.1,
        )
    ]


def ls_wide(rounds: int) -> list[Row]:
    """``ls --wide`` of 100 runs of which 20 have commits: all in files of their own, two in one file, all of them in one file."""
    rows = []
    for sharing in (0, 2, 20):
        with new_world() as world:
            populate(world, live=0, present=100)
            give_commits(world, runs=20, sharing=sharing)
            took = in_turns({"wide": _agency(world, "ls", "--wide"), "ls": _agency(world, "ls")}, rounds)
        what = f"ls --wide, 100 runs, 20 with commits, {sharing} in one file"
        rows.append(Row(what=what, against="ls, 100 runs", seconds=took["wide"], base=took["ls"]))
    return rows


def run_detached(rounds: int) -> list[Row]:
    """``run --detached``, as it is and without the time in which it deliberately watches the runner start."""
    with new_world() as world:
        plain = world.make_repo("plain", demo=False)
        unwatched = demo_config(more="session: {startup_grace: 0s}\n")
        quick = world.make_repo("quick", {"agency.yaml": unwatched})
        watched: list[float] = []
        took = in_turns(
            {
                "plain": _run(world, plain, "--runner", "shell", watched=watched),
                "quick": _run(world, quick),
                "bare": _bare_run(world),
                "click": _python(world, "import click"),
            },
            rounds,
        )
    watch = sorted(watched)[len(watched) // 2]
    bare = "git worktree add + tmux new-session + python"
    less = took["plain"] - watch
    return [
        Row(
            what="run --detached, no config, without the watch",
            against=bare,
            seconds=less,
            base=took["bare"],
            wanted=2.5,
        ),
        Row(
            what="run --detached, agency.yaml, startup_grace 0s",
            against=bare,
            seconds=took["quick"],
            base=took["bare"],
            wanted=2.5,
        ),
        Row(what="run --detached, no config, as it is", against=bare, seconds=took["plain"], base=took["bare"]),
        Row(what="run --detached, no config, without the watch", against=CLICK, seconds=less, base=took["click"]),
    ]


def hook_writer(rounds: int) -> list[Row]:
    """What an agent waits for at each of its hooks: without notifications, and where the hook starts one."""
    with new_world() as world:
        quiet, telling = world.root / "quiet", world.root / "telling"
        for place in (quiet, telling):
            place.mkdir()
        (telling / "notify.json").write_text(json.dumps({"when": []}))
        took = in_turns(
            {
                "quiet": _hook(world, quiet, {"hook_event_name": "PreToolUse", "tool_name": "Read"}),
                "telling": _hook(world, telling, {"hook_event_name": "PermissionRequest", "tool_name": "Bash"}),
                "python": program([sys.executable, "-I", "-S", "-c", "pass"], world.env, world.repo),
            },
            rounds,
        )
    against = "python -I -S -c pass"
    return [
        Row(what="hook writer", against=against, seconds=took["quiet"], base=took["python"], wanted=3.0),
        Row(what="hook writer, notifies", against=against, seconds=took["telling"], base=took["python"], wanted=3.5),
    ]


def usage_of_long_conversation(rounds: int) -> list[Row]:
    """``usage`` of one run whose transcript has 20 MB."""
    with new_world() as world:
        script = world.repo / "claude"
        script.write_text('#!/bin/sh\n[ "$1" != --version ] || { echo 9.9.9; exit; }\nexec sleep 1000\n')
        script.chmod(0o755)
        world.commit({"agency.yaml": "version: 1\nrunners: {claude: {command: [./claude]}}\n"})
        run = world.run("long", "--runner", "claude")
        thread = json.loads((run.directory / "thread.json").read_text())["thread_id"]
        path = long_transcript(world, thread, megabytes=20)
        read = f"import click; file = open({str(path)!r}, 'rb'); [line for line in file if b'usage' in line]"
        took = in_turns({"usage": _agency(world, "usage"), "read": _python(world, read)}, rounds)
    against = f'{CLICK[:-1]}; reading the lines of that file"'
    return [
        Row(what="usage, transcript of 20 MB", against=against, seconds=took["usage"], base=took["read"], wanted=3.0)
    ]


CASES: dict[str, Callable[[int], list[Row]]] = {
    "resume": resume_live,
    "ls": ls_many,
    "wide": ls_wide,
    "archive": ls_beside_archive,
    "run": run_detached,
    "hook": hook_writer,
    "usage": usage_of_long_conversation,
    "job-start": jobs.start,
    "job-heal": jobs.heal,
    "job-reset": jobs.hard_reset,
    "job-flood": jobs.flood,
    "job-idle": jobs.idle,
    "plan-slot": plans.slot,
    "plan-many": plans.many,
    "plan-conductor": plans.conductor,
}


def _agency(world: World, *words: str) -> Timed:
    return program([AGENCY, *words], world.env, world.repo)


def _python(world: World, code: str) -> Timed:
    return program([sys.executable, "-c", code], world.env, world.repo)


def _tmux(world: World, *words: str) -> Timed:
    return program(["tmux", "-S", str(world.socket), "-u", *words], world.env, world.repo)


def _run(world: World, repo: Path, *words: str, watched: list[float] | None = None) -> Timed:
    """Makes a run; ``watched`` collects the seconds in which it only watched the runner start."""

    def timed(number: int) -> float:
        name = f"run-{number + 2}"
        started = time.perf_counter()
        done = subprocess.run(
            [AGENCY, "run", name, "--detached", "--json", *words],
            env=world.env,
            cwd=repo,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        seconds = time.perf_counter() - started
        assert done.returncode == 0, done.stderr.decode()
        run = world.find(json.loads(done.stdout)["data"]["run_id"])
        if watched is not None and number >= 0:
            launch = json.loads((run.directory / "session.json").read_text())
            made = datetime.fromisoformat(run.events[-1]["timestamp"]).timestamp()
            watched.append(max(0.0, launch["epoch"] + launch["grace"] - made))
        world.tmux_ask("kill-session", "-t", f"={run.session}")
        return seconds

    return timed


def _hook(world: World, place: Path, told: dict[str, str]) -> Timed:
    """The hook writer with that input, different in each round."""
    argv = [sys.executable, "-I", "-S", hook.__file__, str(place / "hooks.jsonl")]

    def timed(number: int) -> float:
        given = json.dumps({**told, "tool_input": {"command": f"make {number}"}}).encode()
        started = time.perf_counter()
        done = subprocess.run(argv, input=given, env=world.env, cwd=world.repo, capture_output=True)
        seconds = time.perf_counter() - started
        assert done.returncode == 0
        return seconds

    return timed


def _bare_run(world: World) -> Timed:
    """The git, tmux and Python that no run can do without."""
    python = _python(world, "pass")

    def timed(number: int) -> float:
        name = f"bare-{number + 2}"
        tree = str(world.root / "bare" / name)
        seconds = program(["git", "worktree", "add", "--quiet", "-b", name, tree], world.env, world.repo)(number)
        seconds += _tmux(world, "new-session", "-d", "-s", name, "-c", tree, "/bin/sh")(number)
        seconds += python(number)
        world.tmux_ask("kill-session", "-t", f"={name}")
        return seconds

    return timed
