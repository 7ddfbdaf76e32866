"""The text that is left of a terminal's output: without control sequences, and without what was written over."""

import re

# Every part has a bound or ends at the first character that it excludes, so that hostile text costs no more than plain text.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor, erasing
    r"|\x1b[\]PX^_][^\x07\x1b\r\n]*(?:\x07|\x1b\\)?"  # OSC and its like: titles, links
    r"|\x1b[ -/]{0,8}[0-~]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")


def plain_lines(text: str) -> list[str]:
    """The lines of ``text`` as a terminal would leave them; of a line that was written over with carriage returns, the last
    writing. Takes time in proportion to the length."""
    lines = _SEQUENCE.sub("", text).split("\n")
    return [_CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2]) for line in lines]
