"""One attempt at a step: the runner is started, watched and ended with all that it started, then the check of the step."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold
from agency.domain.redactstream import StreamRedactor
from agency.domain.screen import doing_on_screen
from agency.domain.settings import Settings
from agency.domain.usage import Usage
from agency.runners.adapter import Adapter, Scene
from agency.runners.headless import headless_words
from agency.runners.resolve import Runner, resolve_runner
from agency.sessions.consent import require_start
from agency.sessions.environment import OWNER, without_run
from agency.sessions.installed import without_lacking
from agency.sessions.observe import read_saying
from agency.sessions.place import config_root
from agency.sessions.threads import scene_of
from agency.store.jobs import attempt_log
from agency.store.threads import read_thread
from agency.tools.descendants import reap
from agency.tools.process import Attended
from agency.tools.processtree import Mark, end_tree
from agency.worker.attemptlog import AttemptLog
from agency.worker.meter import Meter
from agency.worker.prompt import retry_prompt, step_prompt
from agency.worker.thread import note_thread
from agency.worker.trees import changed_since
from agency.worker.watched import End, Watcher, watch
from agency.worker.work import Work

_GRACE = 2.0
_LAST_LINES = 40
_LONGEST_SAID = 64 * 1024
_NEEDS_A_PERSON = frozenset({"needs_input", "blocked"})


@dataclass(slots=True, kw_only=True)
class Ended:
    """How an attempt ended, as far as it can be seen from outside.

    ``end`` is how the runner ended, or, once that had ended well, the check, of which ``check_code`` tells. ``failed_turn`` is
    why the runner says that it failed. ``complaints`` are the last lines of what the runner itself said is wrong, ``printed`` the
    last ones of everything else, ``check_lines`` those of the check. ``refused`` is the error that kept it from being started.
    ``asked`` is what it needed a person for when it ended.
    """

    end: End = field(default_factory=End)
    failed_turn: str | None = None
    complaints: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    said: str = ""
    last_command: str | None = None
    check_code: int | None = None
    check_lines: list[str] = field(default_factory=list)
    refused: AgencyError | None = None
    asked: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    seconds: float = 0.0
    tried_thread: bool = False
    told_anything: bool = False
    pid: int | None = None

    @property
    def well(self) -> bool:
        """Whether the runner ended well and the check passed."""
        return (
            self.refused is None
            and self.end.exit_code == 0
            and self.end.timeout is None
            and self.end.interrupted is None
            and self.failed_turn is None
            and self.asked is None
            and self.check_code in (None, 0)
        )


def ready_runner(work: Work) -> tuple[Runner, Settings]:
    """The runner as the config describes it now, and allowed. Raises E_INVALID_CONFIG, E_RUNNER_NOT_FOUND, E_CONSENT_REQUIRED."""
    context, run = work.context, work.run
    settings = load_settings(config_root(context, run), context.paths.config)
    runner = resolve_runner(settings, run.runner, context.environ, directory=run.worktree, extra=run.runner_args)
    start = without_lacking(context, require_start(context, run, settings, runner))
    return start.runner, settings


def run_attempt(work: Work, runner: Runner, interrupt: Callable[[], str | None], *, before: str) -> Ended:
    """Run the attempt that ``work.state.running`` names, from start to check; afterwards no process of it is alive.

    ``interrupt`` gives the reason to end it early; ``before`` is the tree of the worktree as it is now. Raises E_KILL_FAILED when
    a process of it outlives everything.
    """
    running = work.state.running
    assert running is not None
    path = attempt_log(work.run.directory, work.step.index, running.attempt)
    with AttemptLog(path, work.redactor) as log:
        reader = _Reader(work, runner, log, before, interrupt)
        try:
            ended = reader.run()
            if ended.well and work.step.check:
                reader.check(ended)
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
    reap()
    if left:
        raise AgencyError(
            "E_KILL_FAILED",
            f"{len(left)} processes of the attempt did not end",
            hint="end them yourself, then: agency resume " + work.run.name,
            pids=left,
        )


class _Reader:
    """Starts the programs of one attempt and takes in what they tell."""

    def __init__(
        self, work: Work, runner: Runner, log: AttemptLog, before: str, interrupt: Callable[[], str | None]
    ) -> None:
        self._work, self._runner, self._log = work, runner, log
        self._before = before
        self._interrupt = interrupt
        self._ended = Ended()
        self._half_lines = {"out": "", "err": ""}
        self._parts = StreamRedactor(work.redactor)
        self._said_in_parts = ""
        self._turn_over: TurnEnded | None = None
        self._as_is = type(runner.adapter).read_output is Adapter.read_output
        self._since = 0.0
        self._meter: Meter | None = None

    def run(self) -> Ended:
        """The runner, from start to end."""
        work, ended = self._work, self._ended
        try:
            scene, prompt, thread_id = self._prepared()
            words = headless_words(self._runner, scene, prompt, thread_id)
            argv = (self._runner.program, *words.words)
            meter = Meter(self._runner.adapter, scene, thread_id)
            program = Attended(argv, env=self._environment(), cwd=work.run.worktree, typed=words.typed)
        except AgencyError as error:
            ended.refused = error
            return ended
        except OSError as error:
            ended.refused = AgencyError(
                "E_RUNNER_NOT_FOUND", f"{self._runner.program}: {error.strerror}", hint="agency doctor"
            )
            return ended
        ended.pid = program.process.pid
        self._meter = meter
        if thread_id is None and words.thread_id is not None:
            meter.turned_to(words.thread_id)
            note_thread(work, self._runner, words.thread_id, how="chosen")
        ended.end = self._watch(program, self._output, self._complaint)
        ended.seconds = ended.end.seconds
        self._finish_lines()
        ended.usage, ended.cost = meter.usage, meter.cost
        turn = self._turn_over
        if turn is not None and not turn.ok:
            ended.failed_turn = turn.text or "the runner says that the turn failed"
        if turn is not None and turn.text:
            ended.said = turn.text
        ended.asked = self._question() if ended.end.exit_code is not None else None
        return ended

    def check(self, ended: Ended) -> None:
        """The check of the step, in the time that is left for the attempt."""
        work = self._work
        try:
            program = Attended(
                work.step.check, env=self._environment() | {"CI": "1"}, cwd=work.run.worktree, typed=None
            )
        except OSError as error:
            ended.check_code = 127
            ended.check_lines = [f"{work.step.check[0]}: {error.strerror}"]
            return
        work.say(f"check: {' '.join(work.step.check)}")
        printed = ended.printed
        ended.printed = []
        seen = self._watch(program, self._plain, self._plain, spent=ended.seconds)
        self._finish_lines(plain=True)
        ended.check_lines, ended.printed = ended.printed, printed
        ended.seconds += seen.seconds
        if seen.exit_code is None:
            ended.end = seen
        else:
            ended.check_code = seen.exit_code

    def _prepared(self) -> tuple[Scene, str, str | None]:
        """Where the runner works, what it is told, and the conversation it goes on with."""
        work, runner = self._work, self._runner
        scene = scene_of(work.run, runner)
        thread = read_thread(work.run.directory)
        thread_id = None
        if thread is not None and thread.agent == runner.adapter.name and not work.state.fresh_thread:
            known = runner.adapter.knows(scene, thread.thread_id)
            can = runner.adapter.headless(scene, runner.extra, "", thread.thread_id) is not None
            thread_id = thread.thread_id if can and known is not False else None
            self._ended.tried_thread = thread_id is not None and known is None
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
        on_output: Callable[[str], None],
        on_complaint: Callable[[str], None],
        *,
        spent: float = 0.0,
    ) -> End:
        work, budgets = self._work, self._work.budgets
        if budgets.timeout_seconds:
            budgets = replace(budgets, timeout_seconds=max(0.001, budgets.timeout_seconds - spent))
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
        tail = "\n".join((*self._ended.printed[-20:], self._half_lines["out"][-1000:]))
        doing = doing_on_screen(tail, {"waiting": patterns["waiting"]}, 0.0)
        return self._work.redactor.text(doing.detail) if doing is not None else None

    def _changed_ago(self) -> float | None:
        """Seconds since the files changed, if they have since this was last asked."""
        ago, self._before = changed_since(self._work, self._before)
        return ago

    def _output(self, text: str) -> None:
        self._log.write(text)
        for line in self._whole_lines("out", text):
            self._line(line)

    def _complaint(self, text: str) -> None:
        self._log.write(text, "complaints")
        for line in self._whole_lines("err", text):
            self._complain(line)

    def _plain(self, text: str) -> None:
        self._log.write(text)
        for line in self._whole_lines("out", text):
            self._print(line)

    def _finish_lines(self, *, plain: bool = False) -> None:
        """Take in the last lines, which nothing ended."""
        last, complaint = self._half_lines["out"], self._half_lines["err"]
        self._half_lines = {"out": "", "err": ""}
        if last:
            (self._print if plain else self._line)(last)
        if complaint:
            self._complain(complaint)
        self._end_parts()

    def _whole_lines(self, which: str, text: str) -> list[str]:
        if not text:
            return []
        *whole, rest = (self._half_lines[which] + text).split("\n")
        self._half_lines[which] = rest[-65536:]
        return whole

    def _line(self, line: str) -> None:
        if self._as_is:
            self._print(line)
            return
        for event in self._runner.adapter.read_output(line):
            self._ended.told_anything = True
            self._take(event)

    def _print(self, line: str) -> None:
        shown = self._work.redactor.text(line)
        _keep(self._ended.printed, shown)
        self._work.view.line(shown)

    def _complain(self, line: str) -> None:
        shown = self._work.redactor.text(line)
        _keep(self._ended.complaints, shown)
        self._work.view.line(shown)

    def _take(self, event: Output) -> None:
        ended = self._ended
        if isinstance(event, Message) and event.part:
            self._said_in_parts = (self._said_in_parts + event.text)[-_LONGEST_SAID:]
            self._show_message(self._parts.feed(event.text))
            return
        self._end_parts()
        shown = self._redacted(event)
        if not isinstance(shown, Message):
            self._work.view.output(shown)
        match shown:
            case ThreadTold(thread_id=thread_id):
                if self._meter is not None:
                    self._meter.turned_to(thread_id)
                note_thread(self._work, self._runner, thread_id, how="output")
            case Message(text=text):
                ended.said = text
                self._show_message(text)
            case ToolUse(tool=tool, detail=detail):
                ended.last_command = f"{tool} {detail}".strip()
            case ToolEnded(ok=False, detail=detail):
                ended.last_command = f"{ended.last_command or 'a tool'}: failed: {detail}"
            case Problem(text=text):
                _keep(ended.complaints, text)
            case UsageTold():
                if self._meter is not None:
                    self._meter.take(shown)
            case TurnEnded(ok=ok, text=text):
                self._turn_over = shown
                if not ok and text:
                    _keep(ended.complaints, text)
            case ToolEnded():
                pass

    def _end_parts(self) -> None:
        """A message that came in pieces is whole; only so can a secret be seen that two of them share."""
        if self._said_in_parts:
            self._show_message(self._parts.flush())
            self._ended.said = self._work.redactor.text(self._said_in_parts)
            self._said_in_parts = ""

    def _show_message(self, text: str) -> None:
        """Show lines of a message, which are without secrets."""
        for line in text.splitlines():
            _keep(self._ended.printed, line)
            self._work.view.line(line)

    def _redacted(self, event: Output) -> Output:
        """The same without secrets in what it says."""
        text = self._work.redactor.text
        match event:
            case Message() | Problem() | TurnEnded():
                return replace(event, text=text(event.text))
            case ToolUse() | ToolEnded():
                return replace(event, detail=text(event.detail))
            case ThreadTold() | UsageTold():
                return event


def _keep(lines: list[str], line: str) -> None:
    """Remember the last lines."""
    if line.strip():
        lines.append(line[:1000])
        del lines[:-_LAST_LINES]
