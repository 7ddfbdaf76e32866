"""A config file from disk into a :class:`Document`. The parser is loaded only for the kind of file that is read."""

import os
import stat

from agency.config.document import Document
from agency.config.problems import invalid_config


def read_document(file: str) -> Document:
    """What ``file`` holds. Raises E_INVALID_CONFIG when it is unreadable, or not the YAML or JSON its name promises."""
    text = _read_text(file)
    try:
        if file.endswith(".json"):
            from agency.config.json_text import parse_json

            return parse_json(text, file)
        from agency.config.yaml_text import parse_yaml

        return parse_yaml(text, file)
    except RecursionError:
        message = f"{os.path.basename(file)} is nested too deeply"
        raise invalid_config(file, message, hint="a config needs no more than four levels") from None


def _read_text(file: str) -> str:
    name = os.path.basename(file)
    try:
        # Looked at before it is opened: opening a named pipe would wait for a writer.
        if not stat.S_ISREG(os.stat(file).st_mode):
            raise invalid_config(file, f"{name} is not a regular file", hint="move away what bears that name")
        with open(file, "rb") as stream:
            raw = stream.read()
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise invalid_config(
            file, f"{name} cannot be read: {reason}", hint="make it a file that you may read, or remove it"
        ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"{name} is not UTF-8 text"
        raise invalid_config(file, message, hint="save it with the encoding UTF-8", line=line) from None
