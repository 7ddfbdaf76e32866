"""What a report says beyond the template that it was made from."""

import re

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^##\s+\S")
_TITLE = re.compile(r"^#\s+[a-z][a-z0-9]*(-[a-z0-9]+)*\s*$")
"""The title of the template: the name that the run had then."""
_PLACEHOLDER = re.compile(r"^\s*([-*+]|\d+[.)])?\s*$")


def said_in(report: str, template: str) -> str | None:
    """The report without what it has from ``template``: its title, its introduction and the sections in which nothing was
    written. None when nothing is left."""
    printed = {line.strip() for line in _sections(template)[0]} - {""}
    first, *sections = _sections(report)
    introduction = [line for line in first if line.strip() not in printed and not _TITLE.match(line)]
    kept = [introduction, *(section for section in sections if _says_something(section[1:]))]
    text = "\n\n".join("\n".join(part).strip("\n") for part in kept if _says_something(part))
    return f"{text}\n" if text else None


def _sections(text: str) -> list[list[str]]:
    """The lines before the first heading of the second level, and those from each such heading to the next."""
    sections: list[list[str]] = [[]]
    fence: str | None = None
    for line in _lines(text):
        mark = _FENCE.match(line)
        if mark is not None and fence is None:
            fence = mark.group(1)
        elif mark is not None and fence is not None and mark.group(1).startswith(fence):
            fence = None
        elif fence is None and _HEADING.match(line):
            sections.append([])
        sections[-1].append(line)
    return sections


def _says_something(lines: list[str]) -> bool:
    return not all(_PLACEHOLDER.match(line) for line in lines)


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
