"""The pane belongs to a person: the agent's own screen in the same conversation, else a shell, until ``agency release``."""

import os
import signal
import sys
import termios
import time

from agency.domain.errors import AgencyError
from agency.runners.resolve import Runner
from agency.sessions.environment import OWNER
from agency.sessions.threads import scene_of
from agency.store.threads import read_thread
from agency.tools.process import start_on_terminal
from agency.worker.attempt import end_processes_of_attempt, ready_runner
from agency.worker.controls import Controls
from agency.worker.work import Work

_TICK = 0.2


def hand_over(work: Work, controls: Controls) -> None:
    """Give the pane to a person until it is released. What they started there then ends."""
    runner = _runner(work)
    argv = _argv(work, runner)
    environment = {**os.environ, **(runner.environ if runner is not None else {}), OWNER: work.run.run_id}
    terminal = _state_of_terminal()
    work.say(f"yours now; give it back with: agency release {work.run.name}")
    try:
        while controls.look().taken_over:
            process = start_on_terminal(argv, env=environment, cwd=work.run.worktree)
            while process.poll() is None and controls.look().taken_over:
                time.sleep(_TICK)
            if process.poll() is None:
                break
            work.say(f"that ended; here is a shell. Give it back with: agency release {work.run.name}")
            argv = (os.environ.get("SHELL") or "/bin/sh",)
            time.sleep(_TICK)
    finally:
        end_processes_of_attempt(work, runner.adapter if runner is not None else None)
        _take_terminal(terminal)


def _runner(work: Work) -> Runner | None:
    try:
        return ready_runner(work)[0]
    except AgencyError as error:
        work.say(f"the runner cannot be started: {error.message}")
        return None


def _argv(work: Work, runner: Runner | None) -> tuple[str, ...]:
    thread = read_thread(work.run.directory)
    if runner is not None and thread is not None and thread.agent == runner.adapter.name:
        scene = scene_of(work.run, runner)
        if runner.adapter.has_threads and runner.adapter.knows(scene, thread.thread_id) is not False:
            words = runner.adapter.resume(scene, runner.extra, thread.thread_id)
            return (runner.program, *words.words)
    return (os.environ.get("SHELL") or "/bin/sh",)


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
