"""How a person is shown what a repo brings along, so that nothing in it can hide or command the terminal."""

from collections.abc import Sequence

from agency.domain.consent import Item, Record, last_allowed

_MOST_LINES = 200
_MOST_COLUMNS = 1000
_TAB = 4


def question(place: str, items: Sequence[Item], record: Record, *, whole: str) -> str:
    """What is asked about ``items`` of the repo at ``place``; with their path after it, ``whole`` says where
    their files can be read in full."""
    lines = [f"{visible(place)} brings along what would be executed with your rights:", ""]
    for item in items:
        lines += [*shown(item, record, whole=whole), ""]
    return "\n".join([*lines, "allow this, as it stands here, from now on?"])


def shown(item: Item, record: Record, *, whole: str) -> list[str]:
    """One item: its key, what it runs, and the text of its files."""
    before = last_allowed(item, record)
    since = f" (changed since you allowed it on {before[:10]})" if before is not None else ""
    lines = [f"{visible(item.name)}{since}", *(f"  {visible(line)}" for line in item.lines)]
    for file, content in item.files:
        lines += _shown_file(file, content, whole=whole)
    return lines


def _shown_file(file: str, content: bytes, *, whole: str) -> list[str]:
    if b"\0" in content:
        return [f"  {visible(file)} is a binary file of {len(content)} bytes"]
    text = content.decode("utf-8", "backslashreplace").removesuffix("\n").split("\n")
    lines = [f"  {visible(file)}:", *(f"  | {visible(_cut(line))}" for line in text[:_MOST_LINES])]
    if (more := len(text) - _MOST_LINES) > 0:
        rest = "1 more line" if more == 1 else f"{more} more lines"
        lines.append(f"  ... and {rest}, in full: {visible(whole + file)}")
    return lines


def visible(text: str) -> str:
    """``text`` on one line, with everything that is not plainly printed written as an escape: what would command a terminal,
    what turns the direction of text, what has no width."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text.expandtabs(_TAB))


def _cut(line: str) -> str:
    most = _MOST_COLUMNS
    return line if len(line) <= most else f"{line[:most]} ... and {len(line) - most} more characters on this line"


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
