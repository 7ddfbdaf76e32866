"""What a person sees who attaches to the session of a headless run: what the agent says and does, line by line."""

import os
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence

from agency.domain.output import Message, Output, Problem, ThreadTold, ToolEnded, ToolUse, TurnEnded, UsageTold

_MOST_LINES = 200
"""Lines of an agent that are shown in a second; the rest is only in the log."""
_LAST_LINES = 5
"""Lines, of those that are passed over, that are shown after all: the last ones, which tell how it ended."""
_LONGEST = 400


class View:
    """Writes to the pane. Nothing that an agent prints commands the terminal, and a pane that is gone costs nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._colour = sys.stdout.isatty() and not environ.get("NO_COLOR")
        self._second = 0
        self._shown = 0
        self._passed_over = 0
        self._last: deque[tuple[str, bool]] = deque(maxlen=_LAST_LINES)

    def note(self, text: str) -> None:
        """A line of agency's own."""
        self._write(f"{self._in('1;36', '[agency]')} {_harmless(text)}\n")

    def output(self, event: Output) -> None:
        """What the agent told besides its messages, which :meth:`lines` takes."""
        match event:
            case ToolUse(tool=tool, detail=detail):
                self._lines(f"{self._in('33', f'* {_harmless(tool)}')} {_harmless(detail)}", ours=True)
            case ToolEnded(ok=False, detail=detail):
                self._lines(f"{self._in('31', '  failed:')} {_harmless(detail)}", ours=True)
            case Problem(text=text, goes_on=goes_on):
                word = "problem, it tries again:" if goes_on else "problem:"
                self._lines(f"{self._in('31', word)} {_harmless(text)}", ours=True)
            case TurnEnded(ok=False, text=text):
                self._lines(f"{self._in('31', 'the turn failed:')} {_harmless(text)}", ours=True)
            case Message() | ToolEnded() | ThreadTold() | UsageTold() | TurnEnded():
                pass

    def lines(self, lines: Sequence[str]) -> None:
        """Lines of a program that is not an agent, or of a message or complaint of one."""
        for at, line in enumerate(lines):
            if self._shown >= _MOST_LINES and int(time.monotonic()) == self._second:
                self._passed_over += len(lines) - at
                self._last.extend((_cut(line), False) for line in lines[at:][-_LAST_LINES:])
                return
            self._lines(line)

    def flush(self) -> None:
        """Say how much was passed over, and show the end of it."""
        last, self._last = self._last, deque(maxlen=_LAST_LINES)
        passed, self._passed_over = self._passed_over - len(last), 0
        if passed > 0:
            self.note(f"{passed} more lines are in the log" if passed > 1 else "1 more line is in the log")
        for line, ours in last:
            self._write(f"{line if ours else _harmless(line)}\n")

    def _lines(self, text: str, *, ours: bool = False) -> None:
        for line in text.splitlines() or [""]:
            cut = _cut(line)
            if self._may_show():
                self._write(f"{cut if ours else _harmless(cut)}\n")
            else:
                self._last.append((cut, ours))

    def _may_show(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._shown = second, 0
            self.flush()
        self._shown += 1
        if self._shown <= _MOST_LINES:
            return True
        self._passed_over += 1
        return False

    def _in(self, colour: str, text: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colour else text

    def _write(self, text: str) -> None:
        try:
            os.write(1, text.encode("utf-8", "replace"))
        except OSError:  # the pane is gone; the work goes on
            pass


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _harmless(text: str) -> str:
    """``text`` without what would command the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)
