"""A config file from disk into a :class:`Document`. The parser is loaded only for the kind of file that is read."""

import os
import stat

from agency.config.document import Document
from agency.config.problems import invalid_config


def read_document(file: str, *, if_unreadable: str | None = None) -> Document:
    """What ``file`` holds; ``if_unreadable`` is the hint where it cannot be read, in place of one about a file that nobody named.

    Raises E_INVALID_CONFIG when it is unreadable, or not the YAML or JSON its name promises.
    """
    text = _read_text(file, if_unreadable)
    try:
        if file.endswith(".json"):
            from agency.config.json_text import parse_json

            return parse_json(text, file)
        from agency.config.yaml_text import parse_yaml

        return parse_yaml(text, file)
    except RecursionError:
        message = f"{os.path.basename(file)} is nested too deeply"
        raise invalid_config(file, message, hint="take out levels: a few are all that is needed") from None


def _read_text(file: str, if_unreadable: str | None) -> str:
    name = os.path.basename(file) or repr(file)
    try:
        # Looked at before it is opened: opening a named pipe would wait for a writer.
        if not stat.S_ISREG(os.stat(file).st_mode):
            hint = if_unreadable or "move away what bears that name"
            raise invalid_config(file, f"{name} is not a regular file", hint=hint)
        with open(file, "rb") as stream:
            raw = stream.read()
    except OSError as error:
        reason = error.strerror or "unknown reason"
        hint = if_unreadable or "make it a file that you may read, or remove it"
        raise invalid_config(file, f"{name} cannot be read: {reason}", hint=hint) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"{name} is not UTF-8 text"
        raise invalid_config(file, message, hint="save it with the encoding UTF-8", line=line) from None
