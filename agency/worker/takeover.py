"""The pane belongs to a person: the agent's own screen in the same conversation, else a shell, until ``agency release``."""

import os
import signal
import sys
import termios
import time
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.domain.settings import Settings
from agency.runners.resolve import Runner
from agency.sessions.environment import OWNER
from agency.sessions.threads import scene_of
from agency.store.threads import read_thread
from agency.tools.process import start_on_terminal
from agency.worker.attempt import end_processes_of_attempt, ready_runner
from agency.worker.controls import Controls
from agency.worker.inside import Inside, put_inside
from agency.worker.work import Work

_TICK = 0.2


def hand_over(work: Work, controls: Controls) -> None:
    """Give the pane to a person until it is released. What they started there then ends."""
    ready = _ready(work)
    runner = ready[0] if ready is not None else None
    seen = runner.environ if runner is not None and not work.job.isolation.in_container else {}
    environment = {**os.environ, **seen, OWNER: work.run.run_id}
    inside = _inside(work, ready, environment)
    terminal = _state_of_terminal()
    work.say(f"yours now; give it back with: agency release {work.run.name}")
    try:
        while controls.look().taken_over:
            process = start_on_terminal(inside.argv, env=inside.environ, cwd=work.run.worktree)
            while process.poll() is None and controls.look().taken_over:
                time.sleep(_TICK)
            if process.poll() is None:
                break
            work.say(f"that ended; here is a shell. Give it back with: agency release {work.run.name}")
            inside = _shell(environment)
            time.sleep(_TICK)
    finally:
        end_processes_of_attempt(work, runner.adapter if runner is not None else None)
        _take_terminal(terminal)


def _ready(work: Work) -> tuple[Runner, Settings] | None:
    try:
        return ready_runner(work)
    except AgencyError as error:
        work.say(f"the runner cannot be started: {error.message}")
        return None


def _inside(work: Work, ready: tuple[Runner, Settings] | None, environment: Mapping[str, str]) -> Inside:
    """The agent under the isolation of the job, or a shell of the person's own, which is not."""
    argv = _argv(work, ready[0]) if ready is not None else None
    if ready is None or argv is None:
        return _shell(environment)
    if work.job.isolation.in_container:
        work.say("the runner works in a container, where it has no screen; here is a shell outside of it")
        return _shell(environment)
    try:
        return put_inside(work, *ready, argv, environment, terminal=True)
    except AgencyError as error:
        work.say(f"the runner cannot be started: {error.message}")
        return _shell(environment)


def _shell(environment: Mapping[str, str]) -> Inside:
    return Inside(argv=(os.environ.get("SHELL") or "/bin/sh",), environ=environment)


def _argv(work: Work, runner: Runner) -> tuple[str, ...] | None:
    """The agent's own screen in the conversation of the job; None where there is none to go on with."""
    thread = read_thread(work.run.directory)
    if thread is not None and thread.agent == runner.adapter.name:
        scene = scene_of(work.run, runner)
        if runner.adapter.has_threads and runner.adapter.knows(scene, thread.thread_id) is not False:
            words = runner.adapter.resume(scene, runner.extra, thread.thread_id)
            return (runner.program, *words.words)
    return None


def _state_of_terminal() -> list[object] | None:
    try:
        return termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, OSError, ValueError):
        return None


def _take_terminal(state: list[object] | None) -> None:
    """Make this the foreground of the terminal again, as it was."""
    old = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
        if state is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, state)  # type: ignore[arg-type]
    except (termios.error, OSError, ValueError):
        pass
    finally:
        signal.signal(signal.SIGTTOU, old)
