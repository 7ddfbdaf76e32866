"""YAML text into a :class:`Document`: one document of plain mappings with text keys, lists and scalars."""

import os
from typing import Any

import yaml

from agency.config.document import Document, KeyPath, written
from agency.config.problems import invalid_config, twice
from agency.domain.errors import AgencyError

_TAG = "tag:yaml.org,2002:"
_STR, _MERGE = _TAG + "str", _TAG + "merge"
_PLAIN_TAGS = frozenset(_TAG + kind for kind in ("map", "seq", "str", "int", "float", "bool", "null", "merge"))


class _Loader(yaml.SafeLoader):
    """The safe loader, except that text which looks like a date (or is a lone ``=``) stays text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in _PLAIN_TAGS]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As the safe loader, but a scalar that its tag does not fit is an error of YAML, with its line."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError):
            kind = node.tag.removeprefix(_TAG)
            raise yaml.constructor.ConstructorError(
                None, None, f"a value cannot be read as {kind}", node.start_mark
            ) from None


def parse_yaml(text: str, file: str) -> Document:
    """The document that ``text`` holds; an empty text holds an empty mapping.

    Raises E_INVALID_CONFIG when it is not YAML, holds several documents, writes a key twice, or uses keys that are not
    text or tags of its own.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return Document(file=file, value={}, line_of=lambda path: 1)
        # Before anything is constructed, because that is when merge keys are dissolved into the mappings they stand in.
        _check(root, (), set(), file)
        value = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise _not_yaml(error, text, file) from None
    return Document(file=file, value=value, line_of=lambda path: _line_at(root, path))


def _check(node: yaml.Node, path: KeyPath, seen: set[int], file: str) -> None:
    """Raise E_INVALID_CONFIG for what YAML allows below ``node`` and a config file does not."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.tag not in _PLAIN_TAGS:
        message = f"{written(path) or 'the top'} in {os.path.basename(file)} has the tag {node.tag!r}"
        hint = "remove the tag: only text, numbers, lists and mappings are used"
        raise invalid_config(file, message, hint=hint, line=_line(node), key=path, expected="a value without a tag")
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _check(item, (*path, position), seen, file)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in (_STR, _MERGE):
                raise _key_not_text(key, path, file)
            if key.value in names:
                raise twice(file, (*path, key.value), _line(key))
            names.add(key.value)
            _check(value, (*path, key.value), seen, file)


def _key_not_text(key: yaml.Node, path: KeyPath, file: str) -> AgencyError:
    if isinstance(key, yaml.ScalarNode):
        path, hint = (*path, key.value), "put quotes around it"
        subject = written(path)
    else:
        subject, hint = "a key", "write a word as the key"
    message = f"{subject} in {os.path.basename(file)} is not a key that is text"
    return invalid_config(file, message, hint=hint, line=_line(key), key=path, expected="a key that is text")


def _not_yaml(error: yaml.YAMLError, text: str, file: str) -> AgencyError:
    name = os.path.basename(file)
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, int(error.position)) + 1
        message = f"{name} is not valid YAML: it holds a character that text cannot hold"
        return invalid_config(file, message, hint=f"look for a stray character in line {line}", line=line)
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    problem = getattr(error, "problem", None) or "it cannot be understood"
    if problem == "but found another document":
        message = f"{name} holds more than one document"
        return invalid_config(file, message, hint="keep one document, without a --- line between", line=line)
    hint = "indent with spaces, not tabs" if "'\\t'" in problem else f"mend line {line} of it, or the one before"
    return invalid_config(file, f"{name} is not valid YAML: {problem}", hint=hint, line=line)


def _line_at(root: yaml.Node, path: KeyPath) -> int:
    node, line = root, _line(root)
    for step in path:
        found = _below(node, step)
        if found is None:
            break
        marked, node = found
        line = _line(marked)
    return line


def _below(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that marks where ``step`` is written, and the node of its value."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        # The last one wins: keys taken over by a merge key come first, the mapping's own after them.
        for key, value in reversed(node.value):
            if key.value == step:
                return key, value
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
