"""What the programs of an attempt print, as it comes: logged, shown, and kept as far as the verdict needs it; all of it without
secrets."""

from collections.abc import Sequence
from dataclasses import replace

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold
from agency.domain.redactstream import StreamRedactor
from agency.runners.adapter import Adapter
from agency.runners.resolve import Runner
from agency.worker.attemptlog import AttemptLog
from agency.worker.ended import Ended
from agency.worker.meter import Meter
from agency.worker.thread import note_thread
from agency.worker.work import Work

_LAST_LINES = 40
_LONGEST_LINE = 64 * 1024
_LONGEST_SAID = 64 * 1024


class Listener:
    """Takes in what the runner prints, then what the check does, and notes it in ``ended``. Output of a runner that tells events
    is read line by line; all other text goes through the log, which takes secrets out, and is told as it comes from there.

    ``meter``: what the tokens that are told are counted with, once the runner is started.
    """

    def __init__(self, work: Work, runner: Runner, log: AttemptLog, ended: Ended) -> None:
        self._work, self._runner, self._log, self._ended = work, runner, log, ended
        self._as_is = type(runner.adapter).read_output is Adapter.read_output
        self._rest = {"output": "", "complaints": ""}
        self._parts = StreamRedactor(work.redactor)
        self._said_in_parts = ""
        self.meter: Meter | None = None

    @property
    def unfinished(self) -> str:
        """The line that goes on, as it came."""
        return self._rest["output"] + (self._log.held("output") if self._as_is else "")

    def output(self, text: str) -> None:
        """Standard output of the runner."""
        if self._as_is:
            self.plain(text)
            return
        self._log.write(text)
        self._read(self._whole_lines("output", text))

    def complaint(self, text: str) -> None:
        """Standard error of the runner."""
        self._tell(self._whole_lines("complaints", self._log.write(text, "complaints")), self._ended.complaints)

    def plain(self, text: str) -> None:
        """Standard output of a program that tells no events."""
        self._tell(self._whole_lines("output", self._log.write(text)), self._ended.printed)

    def plain_complaint(self, text: str) -> None:
        """Standard error of the check."""
        self._tell(self._whole_lines("complaints", self._log.write(text, "complaints")), self._ended.printed)

    def finish(self, *, check: bool = False) -> None:
        """Take in the last lines, which nothing ended: the runner has, or the ``check``."""
        ended = self._ended
        last = {stream: rest + self._log.finish(stream) for stream, rest in self._rest.items()}
        if not check and not self._as_is:
            last["output"] = ""
            self._read([self._rest["output"]])
        self._rest = dict.fromkeys(self._rest, "")
        for stream, kept in (("output", ended.printed), ("complaints", ended.printed if check else ended.complaints)):
            if last[stream]:
                self._tell(last[stream].removesuffix("\n").split("\n"), kept)
        self._end_parts()

    def _whole_lines(self, stream: str, text: str) -> list[str]:
        if not text:
            return []
        *whole, rest = (self._rest[stream] + text).split("\n")
        self._rest[stream] = rest[-_LONGEST_LINE:]
        return whole

    def _tell(self, lines: Sequence[str], kept: list[str]) -> None:
        """Show lines, which are without secrets, and keep the last."""
        _keep(kept, lines)
        self._work.view.lines(lines)

    def _read(self, lines: Sequence[str]) -> None:
        """Take in events. Messages that follow each other are looked through for secrets in one go, which is far quicker."""
        read = self._runner.adapter.read_output
        messages: list[str] = []
        for event in (event for line in lines for event in read(line)):
            self._ended.told_anything = True
            if isinstance(event, Message) and not event.part:
                messages.append(event.text)
                continue
            self._take_messages(messages)
            self._take(event)
        self._take_messages(messages)

    def _take_messages(self, messages: list[str]) -> None:
        if messages:
            self._end_parts()
            text = self._work.redactor.text
            self._tell(text("\n".join(messages)).splitlines(), self._ended.printed)
            self._ended.said = text(messages[-1])
            messages.clear()

    def _take(self, event: Output) -> None:
        ended = self._ended
        if isinstance(event, Message):
            self._said_in_parts = (self._said_in_parts + event.text)[-_LONGEST_SAID:]
            self._tell(self._parts.feed(event.text).splitlines(), ended.printed)
            return
        self._end_parts()
        shown = self._redacted(event)
        self._work.view.output(shown)
        match shown:
            case ThreadTold(thread_id=thread_id):
                if self.meter is not None:
                    self.meter.turned_to(thread_id)
                note_thread(self._work, self._runner, thread_id, how="output")
            case ToolUse(tool=tool, detail=detail):
                ended.last_command = f"{tool} {detail}".strip()
            case ToolEnded(ok=False, detail=detail):
                ended.last_command = f"{ended.last_command or 'a tool'}: failed: {detail}"
            case Problem(text=text):
                _keep(ended.complaints, (text,))
            case UsageTold():
                if self.meter is not None:
                    self.meter.take(shown)
            case TurnEnded(ok=ok, text=text):
                ended.said = text or ended.said
                ended.failed_turn = None if ok else text or "the runner says that the turn failed"
                if not ok and text:
                    _keep(ended.complaints, (text,))
            case Message() | ToolEnded():
                pass

    def _end_parts(self) -> None:
        """A message that came in pieces is whole; only so can a secret be seen that two of them share."""
        if self._said_in_parts:
            self._tell(self._parts.flush().splitlines(), self._ended.printed)
            self._ended.said = self._work.redactor.text(self._said_in_parts)
            self._said_in_parts = ""

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


def _keep(kept: list[str], lines: Sequence[str]) -> None:
    """Remember the last lines, but for blank ones."""
    last: list[str] = []
    for line in reversed(lines):
        if line.strip():
            last.append(line[:1000])
            if len(last) == _LAST_LINES:
                break
    kept.extend(reversed(last))
    del kept[:-_LAST_LINES]
