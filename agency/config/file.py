"""One config file into a :class:`Layer`: read, validated, and reduced to plain values with where each is written."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from agency.config.document import Document, written
from agency.config.layers import Layer
from agency.config.read import read_document
from agency.config.schema import EitherFile, RepoFile, UserFile
from agency.config.validate import validate
from agency.config.value import Value


def read_repo_file(file: str) -> Layer:
    """The values of ``agency.yaml``. Raises E_INVALID_CONFIG."""
    layer = layer_of(read_document(file), RepoFile)
    return replace(layer, of_repo=frozenset(_leaves(layer.values, ())))


def read_user_file(file: str) -> Layer:
    """The values of the user's ``config.yaml``. Raises E_INVALID_CONFIG."""
    return layer_of(read_document(file), UserFile)


def layer_of(document: Document, shape: type[EitherFile]) -> Layer:
    """The values of ``document``, a file of that ``shape``. Raises E_INVALID_CONFIG."""
    values = plain(validate(document, shape))
    values.pop("version", None)
    origins = {written(path): f"{document.file}:{document.line_of(path)}" for path in _leaves(values, ())}
    return Layer(values=values, origins=origins)


def plain(value: Any) -> Any:
    """``value`` without Structs and Values; keys that are not written are left out, and alone such a value is None."""
    if value is msgspec.UNSET:
        return None
    if isinstance(value, msgspec.Struct):
        return {key: plain(each) for key, each in msgspec.structs.asdict(value).items() if each is not msgspec.UNSET}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(plain(each) for each in value)
    return value.value if isinstance(value, Value) else value


def _leaves(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key)
