"""JSON text into a :class:`Document`."""

import json
import os
import re
from collections.abc import Iterator

from agency.config.document import Document, KeyPath
from agency.config.problems import invalid_config, twice

# Enough to tell the tokens of a text that the json module has already accepted.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def parse_json(text: str, file: str) -> Document:
    """The document that ``text`` holds. Raises E_INVALID_CONFIG when it is not JSON or writes a key twice."""
    name = os.path.basename(file)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        problem = error.msg[:1].lower() + error.msg[1:]
        raise invalid_config(
            file, f"{name} is not valid JSON: {problem}", hint=f"mend line {error.lineno} of it", line=error.lineno
        ) from None
    except ValueError:
        raise invalid_config(file, f"{name} holds a number that is too long", hint="remove it") from None
    lines: dict[KeyPath, int] = {}
    tokens = _tokens(text)
    _note_lines(*next(tokens), tokens, (), lines, file)
    return Document(file=file, value=value, line_of=lambda path: _nearest_line(lines, path))


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        yield match.group(), line


def _note_lines(
    token: str, line: int, tokens: Iterator[tuple[str, int]], path: KeyPath, lines: dict[KeyPath, int], file: str
) -> None:
    """Note the lines of everything in the value that starts with ``token``, and take its tokens off ``tokens``."""
    lines.setdefault(path, line)
    if token == "{":
        for name, name_line in tokens:
            if name == "}":
                return
            if name == ",":
                continue
            key = (*path, json.loads(name))
            if key in lines:
                raise twice(file, key, name_line)
            lines[key] = name_line
            next(tokens)  # the colon
            _note_lines(*next(tokens), tokens, key, lines, file)
    elif token == "[":
        position = 0
        for item, item_line in tokens:
            if item == "]":
                return
            if item == ",":
                continue
            _note_lines(item, item_line, tokens, (*path, position), lines, file)
            position += 1


def _nearest_line(lines: dict[KeyPath, int], path: KeyPath) -> int:
    while path not in lines:
        path = path[:-1]
    return lines[path]
