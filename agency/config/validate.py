"""A parsed file into its Struct, or into an error that says what is wrong with it, where, and what to do."""

import os
import re
from typing import Any

import msgspec

from agency.config.document import Document, KeyPath, value_at, written
from agency.config.problems import invalid_config
from agency.config.refusal import F, convert, locate
from agency.config.schema import RepoFile, UserFile, json_schema
from agency.config.value import Refused
from agency.config.values import Version
from agency.domain.errors import AgencyError

_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_KEY = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_STRUCTURES = {
    "Expected `object`": ("a mapping", "put keys with values below it"),
    "Expected `array`": ("a list", "write it as [one, two]"),
}
_GIVE_A_VALUE = "give it a value, or remove the key"


def validate(document: Document, shape: type[F]) -> F:
    """``document`` as ``shape``. Raises E_INVALID_CONFIG with the key path and line of the first wrong thing."""
    try:
        return convert(document.value, shape)
    except msgspec.ValidationError as refusal:
        raise _explained(document, shape, refusal) from None
    except UnicodeEncodeError:
        message = f"{os.path.basename(document.file)} has a key that is not valid text"
        raise invalid_config(document.file, message, hint=r"look for an escape such as \ud800") from None


def _explained(document: Document, shape: type[msgspec.Struct], refusal: msgspec.ValidationError) -> AgencyError:
    problem, path = locate(document.value, shape, refusal)
    cause = refusal.__cause__
    if isinstance(cause, Refused):
        return _wrong_value(document, path, cause.expected, cause.hint, at=cause.at)
    unknown = _UNKNOWN_KEY.fullmatch(problem)
    if unknown:
        return _unknown_key(document, shape, path, unknown[1])
    for beginning, (expected, hint) in _STRUCTURES.items():
        if problem.startswith(beginning) and "of length" not in problem:
            empty = path and value_at(document.value, path) is None
            return _wrong_value(document, path, expected, _GIVE_A_VALUE if empty else hint)
    missing = _MISSING_KEY.fullmatch(problem)
    if missing and missing[1] != "version":
        whole = (*path, missing[1])
        return invalid_config(
            document.file,
            f"{written(whole)} is missing in {os.path.basename(document.file)}",
            hint=f"add {missing[1]}",
            line=document.line_of(path),
            key=whole,
            expected="a value",
        )
    if problem.startswith("Expected `array` of length"):
        return _wrong_value(document, path, "a list of 1 to 1000", "add at least one, or split it up")
    return _version_missing(document)


def _wrong_value(document: Document, path: KeyPath, expected: str, hint: str, at: KeyPath = ()) -> AgencyError:
    """The value at ``path`` is not as ``expected``; ``at`` leads on to the part of it that is to blame."""
    name = os.path.basename(document.file)
    raw = value_at(document.value, path)
    whole = (*path, *at)
    where = f"{written(whole)} in {name}" if whole else name
    return invalid_config(
        document.file,
        f"{where} must be {expected}{'' if at else _instead(raw, expected)}",
        hint=hint,
        line=document.line_of(whole),
        key=whole,
        expected=expected,
    )


def _unknown_key(document: Document, shape: type[msgspec.Struct], parent: KeyPath, key: str) -> AgencyError:
    import difflib

    path = (*parent, key)
    known = _known_keys(shape, parent)
    nearest = next(iter(difflib.get_close_matches(key, known, n=1)), None)
    if nearest is not None:
        hint = f"did you mean {nearest}?"
    elif shape is RepoFile and key in _known_keys(UserFile, parent):
        hint = "it belongs in config.yaml in your own config directory"
    elif shape is UserFile and key in _known_keys(RepoFile, parent):
        hint = "it belongs in agency.yaml at the root of the repo"
    else:
        hint = "remove it"
    return invalid_config(
        document.file,
        f"{written(path)} is not a known key of {os.path.basename(document.file)}",
        hint=hint,
        line=document.line_of(path),
        key=path,
        expected=f"one of {', '.join(known)}",
        nearest=nearest,
    )


def _version_missing(document: Document) -> AgencyError:
    return invalid_config(
        document.file,
        f"version is missing in {os.path.basename(document.file)}",
        hint="add version with the value 1",
        line=document.line_of(()),
        key=("version",),
        expected=Version.expected,
    )


def _instead(raw: object, expected: str) -> str:
    """How the sentence goes on when what is there is of another kind than what is expected."""
    if raw is None:
        return ", and has no value"
    if isinstance(raw, bool):
        return f", not {str(raw).lower()}"
    kind = {int: "number", float: "number", list: "list", dict: "mapping"}.get(type(raw))
    return f", not a {kind}" if kind and kind not in expected else ""


def _known_keys(shape: type[msgspec.Struct], path: KeyPath) -> list[str]:
    """The keys that a mapping at ``path`` may have, in order of the alphabet."""
    schema = json_schema(shape)
    node: dict[str, Any] = schema
    for step in (*path, None):
        while "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        if step is not None:
            node = node.get("properties", {}).get(step) or node.get("additionalProperties") or node.get("items") or {}
    return sorted(node.get("properties", {}))
