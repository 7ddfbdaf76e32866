"""Whether a JSON value has the shape that was asked for, and finding such a value in what an agent said.

Shapes are JSON Schemas of a few keywords (``type``, ``enum``, ``properties``, ``required``, ``additionalProperties: false``,
``items``, ``minItems``, ``maxItems``, ``minLength``), in the form that agents take: every property is required, and one that may
be left out may be null instead.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_FENCED = re.compile(r"^```[A-Za-z]*[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MOST_STARTS = 2000
"""Places in a text at which an object is looked for."""


def shape(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object with exactly these properties."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": dict(properties),
    }


def list_of(items: Mapping[str, Any], **more: int) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": dict(items), **more}


def or_null(kind: str) -> dict[str, Any]:
    """The schema of a value of a type that may be missing."""
    return {"type": [kind, "null"]}


TEXT: Mapping[str, Any] = {"type": "string"}
TEXTS: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}


def one_of(words: Sequence[str]) -> dict[str, Any]:
    """The schema of one of a few words."""
    return {"type": "string", "enum": list(words)}


def misfits(value: object, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Everything in which ``value`` differs from ``schema``, each with its key path."""
    where = path or "the answer"
    kinds = schema.get("type")
    wanted = [kinds] if isinstance(kinds, str) else list(kinds or ())
    if wanted and not any(_is_a(value, kind) for kind in wanted):
        yield f"{where} is not {' or '.join(_called(kind) for kind in wanted)}"
        return
    if "enum" in schema and value is not None and value not in schema["enum"]:
        yield f"{where} is none of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, str) and len(value.strip()) < schema.get("minLength", 0):
        yield f"{where} is empty"
    if isinstance(value, dict):
        yield from _in_object(value, schema, path)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{where} has fewer than {schema['minItems']} items"
        if len(value) > schema.get("maxItems", len(value)):
            yield f"{where} has more than {schema['maxItems']} items"
        for number, item in enumerate(value):
            yield from misfits(item, schema.get("items", {}), f"{path}[{number}]")


def value_in(text: str, schema: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The value of that shape in ``text``, and nothing wrong with it; else the one that comes next to it, and what is wrong.

    ``text`` may be the value itself, or hold it between other words or in a fenced block; of several that fit the last one is
    meant.
    """
    nearest: Any = None
    wrong: tuple[str, ...] = ("there is no JSON object in the answer",)
    found = False
    for value in _values_in(text):
        problems = tuple(misfits(value, schema))
        if not problems:
            return value, ()
        if not found:
            nearest, wrong, found = value, problems, True
    return nearest, wrong


def _in_object(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    known: Mapping[str, Any] = schema.get("properties", {})
    for key in schema.get("required", ()):
        if key not in value and "null" not in _types_of(known.get(key, {})):
            yield f"{_below(path, key)} is missing"
    for key, item in value.items():
        if key in known:
            yield from misfits(item, known[key], _below(path, key))
        elif schema.get("additionalProperties") is False:
            yield f"{_below(path, key)} is not known"


def _values_in(text: str) -> Iterator[Any]:
    """The JSON objects in a text, in the order in which one of them is likely to be meant."""
    yield from _read([text.strip()])
    yield from _read([block.strip() for block in reversed(_FENCED.findall(text))])
    decoder = json.JSONDecoder()
    objects: list[Any] = []
    position = text.find("{")
    for _ in range(_MOST_STARTS):
        if position < 0:
            break
        try:
            value, end = decoder.raw_decode(text, position)
            objects.append(value)
        except (ValueError, RecursionError):
            end = position + 1
        position = text.find("{", end)
    yield from reversed(objects)


def _read(texts: Sequence[str]) -> Iterator[Any]:
    for text in texts:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _types_of(schema: Mapping[str, Any]) -> Sequence[str]:
    kinds = schema.get("type", ())
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def _is_a(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _called(kind: str) -> str:
    return {"null": "null", "boolean": "true or false", "string": "a text", "array": "a list"}.get(kind, f"an {kind}")


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
