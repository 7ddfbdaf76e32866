"""Takes secrets out of a text that comes in pieces, wherever the pieces end."""

from agency.domain.redaction import Redactor
from agency.domain.secretpatterns import PRIVATE_KEY, PRIVATE_KEY_BEGINS, REDACTED

LONGEST_LINE = 64 * 1024
"""Characters of a line up to which the pieces give exactly what the whole gives. A longer line is masked in parts."""

_OVERLAP = 8 * 1024
_TRIES = 4


class StreamRedactor:
    """Gives out what is fed to it, masked, line by line.

    A line is given out once it has ended, unless a private key, or a known secret broken over lines, may have begun on it: then
    with the lines that tell. It holds little more than twice :data:`LONGEST_LINE`, however much is fed.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._is_swallowing = False
        self._longest = max(LONGEST_LINE, 16 * redactor.known.longest)

    def feed(self, text: str) -> str:
        """What can be given out now that ``text`` has come, masked."""
        try:
            return self._feed(text)
        except Exception:
            self._held, self._is_swallowing = "", True
            return REDACTED

    @property
    def held(self) -> str:
        """What is not given out yet, as it came."""
        return self._held

    def flush(self) -> str:
        """What is left, masked: the text has ended. What is fed afterwards begins a new one."""
        held, self._held, self._is_swallowing = self._held, "", False
        return self._redactor.text(held) if held else ""

    def _feed(self, text: str) -> str:
        if self._is_swallowing:
            text = self._after_swallowed(text)
        if "\n" not in text and len(self._held) + len(text) <= self._longest:
            self._held += text
            return ""
        held = self._held + text
        end = held.rfind("\n") + 1
        lines, self._held = held[:end], held[end:]
        cut, key = self._settled(lines)
        out = self._redactor.text(lines[:cut]) if cut else ""
        rest = lines[cut:]
        if key is not None and len(rest) > _OVERLAP:
            # The lines of a private key say nothing that is given out: its first line stands for them.
            rest = f"{rest[: key - cut]}{PRIVATE_KEY_BEGINS}\n"
        self._held = rest + self._held
        return out + self._without_overlong() if len(self._held) > self._longest else out

    def _settled(self, lines: str) -> tuple[int, int | None]:
        """Up to where ``lines`` cannot change by what comes, and where a private key begins that goes on."""
        keys = list(PRIVATE_KEY.finditer(lines)) if "PRIVATE KEY" in lines else []
        is_open = bool(keys) and keys[-1].end() == len(lines) - 1 and keys[-1].lastindex is None
        cut = _line_start(lines, keys[-1].start()) if is_open else len(lines)
        while True:
            cut = self._redactor.known.open_end(lines[:cut])
            cut_through = next((key.start() for key in keys if key.start() < cut <= key.end()), None)
            if cut_through is None:
                return cut, keys[-1].start() if is_open else None
            cut = _line_start(lines, cut_through)

    def _without_overlong(self) -> str:
        """The beginning of a line that is too long to be held, taken off where nothing that is masked goes on. Where there is no
        such place, all of it is one secret, and what follows up to the next white space belongs to it."""
        held = self._held
        whole = self._redactor.text(held)
        cut = len(held) - max(_OVERLAP, 4 * self._redactor.known.longest)
        for _ in range(_TRIES):
            if cut <= 0:
                break
            left = self._redactor.text(held[:cut])
            if left + self._redactor.text(held[cut:]) == whole:
                self._held = held[cut:]
                return left
            cut = max(held.rfind(" ", 0, cut), held.rfind(",", 0, cut), held.rfind("\n", 0, cut))
        self._held, self._is_swallowing = "", True
        return REDACTED

    def _after_swallowed(self, text: str) -> str:
        for at, char in enumerate(text):
            if char.isspace():
                self._is_swallowing = False
                return text[at:]
        return ""


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1
