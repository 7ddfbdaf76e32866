"""The one error of this package: how a config file that cannot be used is told to the user."""

import os

from agency.config.document import KeyPath, written
from agency.domain.errors import AgencyError


def invalid_config(
    file: str,
    message: str,
    *,
    hint: str,
    line: int | None = None,
    key: KeyPath = (),
    expected: str | None = None,
    nearest: str | None = None,
) -> AgencyError:
    """E_INVALID_CONFIG for ``file``, with ``message`` as its sentence and whatever else is known as context."""
    return AgencyError(
        "E_INVALID_CONFIG",
        message,
        hint=hint,
        file=file,
        line=line,
        key=written(key) or None,
        expected=expected,
        nearest=nearest,
    )


def twice(file: str, key: KeyPath, line: int) -> AgencyError:
    """E_INVALID_CONFIG for a key that is written twice in one mapping; ``line`` is that of the second."""
    message = f"{written(key)} is written twice in {os.path.basename(file)}"
    return invalid_config(file, message, hint="keep one of them", line=line, key=key, expected="each key once")
