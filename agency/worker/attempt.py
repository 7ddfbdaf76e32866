"""One attempt at a step: the runner is started, watched and ended with all that it started, then the check of the step."""

import os
import time
from collections.abc import Callable
from dataclasses import replace

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.job import Check
from agency.domain.screen import doing_on_screen
from agency.domain.settings import Settings
from agency.runners.adapter import Adapter, Scene
from agency.runners.headless import headless_words
from agency.runners.resolve import Runner, resolve_runner
from agency.sessions.consent import require_start
from agency.sessions.environment import OWNER, task_variables, without_run
from agency.sessions.installed import without_lacking
from agency.sessions.observe import read_saying
from agency.sessions.place import config_root
from agency.sessions.threads import scene_of
from agency.store.jobs import attempt_log
from agency.tools.descendants import reap
from agency.tools.process import Attended
from agency.tools.processtree import Mark, end_tree
from agency.worker.attemptlog import AttemptLog
from agency.worker.checks import (
    changed_elsewhere,
    tell_accepted,
    tell_begun,
    tell_ended,
    told_of_elsewhere,
    verdict_of,
)
from agency.worker.container import end_containers_of_attempt
from agency.worker.ended import Ended
from agency.worker.inside import (
    Inside,
    exit_code_of,
    put_inside,
    runner_inside,
)
from agency.worker.listener import Listener
from agency.worker.meter import Meter
from agency.worker.prompt import retry_prompt, step_prompt
from agency.worker.thread import note_thread, thread_to_go_on_with
from agency.worker.trees import changed_since
from agency.worker.watched import End, Watcher, watch
from agency.worker.work import Work

_GRACE = 2.0
_NEEDS_A_PERSON = frozenset({"needs_input", "blocked"})


def ready_runner(work: Work) -> tuple[Runner, Settings]:
    """The runner as the config describes it now, and allowed. Raises E_INVALID_CONFIG, E_RUNNER_NOT_FOUND, E_CONSENT_REQUIRED."""
    context, run = work.context, work.run
    settings = load_settings(config_root(context, run), context.paths.config)
    runner = resolve_runner(settings, run.runner, context.environ, directory=run.worktree, extra=run.runner_args)
    start = without_lacking(context, require_start(context, run, settings, runner))
    return runner_inside(work, start.runner, settings), settings


def run_attempt(
    work: Work, runner: Runner, settings: Settings, interrupt: Callable[[], str | None], *, before: str
) -> Ended:
    """Run the attempt that ``work.state.running`` names, from start to check; afterwards no process of it is alive.

    ``interrupt`` gives the reason to end it early; ``before`` is the tree of the worktree as it is now. Raises E_KILL_FAILED when
    a process of it outlives everything.
    """
    running = work.state.running
    assert running is not None
    path = attempt_log(work.run.directory, work.step.index, running.attempt)
    with AttemptLog(path, work.redactor) as log:
        attempt = _Attempt(work, runner, settings, log, before, interrupt)
        try:
            ended = attempt.run()
            if ended.well:
                attempt.check(ended)
        finally:
            end_processes_of_attempt(work, runner.adapter)
        return ended


def end_processes_of_attempt(work: Work, adapter: Adapter | None) -> None:
    """End everything that this worker or one before it started, and prove it. Raises E_KILL_FAILED."""
    mark = Mark(
        variable=OWNER,
        value=work.run.run_id,
        directory=work.run.worktree,
        spared=adapter.shared_daemons if adapter is not None else (),
    )
    left = end_tree([os.getpid()], mark, grace=_GRACE)
    end_containers_of_attempt(work)
    reap()
    if left:
        raise AgencyError(
            "E_KILL_FAILED",
            f"{len(left)} processes of the attempt did not end",
            hint="end them yourself, then: agency resume " + work.run.name,
            pids=left,
        )


class _Attempt:
    """Starts the programs of one attempt and watches them."""

    def __init__(
        self,
        work: Work,
        runner: Runner,
        settings: Settings,
        log: AttemptLog,
        before: str,
        interrupt: Callable[[], str | None],
    ) -> None:
        self._work, self._runner, self._settings, self._log = work, runner, settings, log
        self._before = before
        self._interrupt = interrupt
        self._ended = Ended()
        self._heard = Listener(work, runner, log, self._ended)
        self._since = 0.0

    def run(self) -> Ended:
        """The runner, from start to end."""
        work, ended = self._work, self._ended
        try:
            scene, prompt, thread_id = self._prepared()
            words = headless_words(self._runner, scene, prompt, thread_id)
            argv = (self._runner.program, *words.words)
            meter = Meter(self._runner.adapter, scene, thread_id)
            inside = put_inside(work, self._runner, self._settings, argv, self._environment())
            program = Attended(inside.argv, env=inside.environ, cwd=work.run.worktree, typed=words.typed)
        except AgencyError as error:
            ended.refused = error
            return ended
        except OSError as error:
            ended.refused = AgencyError(
                "E_RUNNER_NOT_FOUND", f"{self._runner.program}: {error.strerror}", hint="agency doctor"
            )
            return ended
        ended.pid = program.process.pid
        self._heard.meter = meter
        if thread_id is None and words.thread_id is not None:
            meter.turned_to(words.thread_id)
            note_thread(work, self._runner, words.thread_id, how="chosen")
        ended.end = self._watch(program, inside, self._heard.output, self._heard.complaint)
        ended.seconds = ended.end.seconds
        self._heard.finish()
        ended.usage, ended.cost = meter.usage, meter.cost
        ended.asked = self._question() if ended.end.exit_code is not None else None
        return ended

    def check(self, ended: Ended) -> None:
        """The checks of the step, one after the other up to the first that says no, in the time that is left for the attempt."""
        work = self._work
        if foreign := changed_elsewhere(work):
            ended.check_code, ended.check_lines = 1, told_of_elsewhere(work, foreign)
            return
        for check in work.step.every_check:
            tell_begun(work, check)
            self._check(check, ended)
            tell_ended(work, check, ended)
            if not ended.well:
                return
        tell_accepted(work)

    def _check(self, check: Check, ended: Ended) -> None:
        work = self._work
        try:
            environment = self._environment() | {"CI": "1"}
            inside = put_inside(work, self._runner, self._settings, check.argv, environment, part="check")
            program = Attended(inside.argv, env=inside.environ, cwd=work.run.worktree, typed=None)
        except AgencyError as error:
            ended.refused = error
            return
        except OSError as error:
            ended.check_code = 127
            ended.check_lines = [f"{check.argv[0]}: {error.strerror}"]
            return
        work.say(f"{check.name}: {check.line}")
        printed = ended.printed
        ended.printed = []
        plain, complaint = self._heard.plain, self._heard.plain_complaint
        seen = self._watch(program, inside, plain, complaint, spent=ended.seconds, within=check.timeout)
        self._heard.finish(check=True)
        ended.check_lines, ended.printed = ended.printed, printed
        ended.seconds += seen.seconds
        if seen.exit_code is not None:
            ended.check_code = verdict_of(check, seen.exit_code, ended.check_lines)
        elif check.timeout is not None and seen.timeout == "wall" and seen.seconds >= check.timeout:
            ended.check_code = 124
            ended.check_lines.append(f"{check.name} was not done after {check.timeout:g} s")
        else:
            ended.end = seen

    def _prepared(self) -> tuple[Scene, str, str | None]:
        """Where the runner works, what it is told, and the conversation it goes on with."""
        work, runner = self._work, self._runner
        scene = scene_of(work.run, runner)
        thread_id, self._ended.tried_thread = thread_to_go_on_with(work, runner)
        told = work.state.context
        if told is None:
            return scene, step_prompt(work.job, work.step), thread_id
        prompt = retry_prompt(work.job, work.step, str(told["markdown"]), same_thread=thread_id is not None)
        return scene, prompt, thread_id

    def _environment(self) -> dict[str, str]:
        work = self._work
        running = work.state.running
        assert running is not None
        kept = {key: value for key, value in self._runner.environ.items() if key.startswith("AGENCY_")}
        environment = {**without_run(self._runner.environ), **kept}
        environment |= {
            **task_variables(work.run),
            OWNER: work.run.run_id,
            "AGENCY_NONINTERACTIVE": "1",
            "AGENCY_STEP_ID": work.step.step_id,
            "AGENCY_STEP_INDEX": str(work.step.index),
            "AGENCY_ATTEMPT": str(running.attempt),
            "AGENCY_JOB_ATTEMPT": str(work.state.job_attempt),
        }
        if work.state.context is not None:
            environment["AGENCY_RETRY_CONTEXT"] = f"{work.run.worktree}/.agency/retry-context.md"
        return environment

    def _watch(
        self,
        program: Attended,
        inside: Inside,
        on_output: Callable[[str], None],
        on_complaint: Callable[[str], None],
        *,
        spent: float = 0.0,
        within: float | None = None,
    ) -> End:
        work, budgets = self._work, self._work.budgets
        left = [max(0.001, budgets.timeout_seconds - spent)] if budgets.timeout_seconds else []
        if within is not None:
            left.append(within)
        budgets = replace(budgets, timeout_seconds=min(left, default=0.0))
        self._since = time.time()
        watcher = Watcher(
            budgets=budgets,
            on_output=on_output,
            on_complaint=on_complaint,
            interrupt=self._interrupt,
            waits=self._question,
            changed_ago=self._changed_ago,
            on_waiting=work.waiting,
        )
        try:
            seen = watch(program, watcher)
            seen.exit_code = exit_code_of(work, inside, seen.exit_code)
        finally:
            end_processes_of_attempt(work, self._runner.adapter)
        out, err = program.drain()
        on_output(out.decode("utf-8", "replace"))
        on_complaint(err.decode("utf-8", "replace"))
        program.close()
        work.view.flush()
        return seen

    def _question(self) -> str | None:
        """What the runner needs a person for now, by its status file or by what it printed last."""
        saying = read_saying(self._work.run.worktree)
        if saying is not None and saying["status"] in _NEEDS_A_PERSON:
            written = saying["written"]
            if isinstance(written, float) and written >= self._since - 0.05:
                return self._work.redactor.text(" ".join(str(saying["summary"]).split()))
        patterns = self._runner.state_patterns or self._runner.adapter.state_patterns
        if not patterns.get("waiting"):
            return None
        tail = "\n".join((*self._ended.printed[-20:], self._heard.unfinished[-1000:]))
        doing = doing_on_screen(tail, {"waiting": patterns["waiting"]}, 0.0)
        return self._work.redactor.text(doing.detail) if doing is not None else None

    def _changed_ago(self) -> float | None:
        """Seconds since the files changed, if they have since this was last asked."""
        ago, self._before = changed_since(self._work, self._before)
        return ago
