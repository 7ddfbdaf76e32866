"""The programs around us: where they are and which version they say they are."""

import os
import re
import shutil
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.tools.process import run


@frozen
class Program:
    """A program on PATH; ``version`` is empty when it would not say, ``numbers`` its first two numbers."""

    path: str
    version: str
    numbers: tuple[int, int]


def find_program(name: str, environ: Mapping[str, str], *words: str) -> Program | None:
    """Look ``name`` up on PATH and ask it for its version with ``words``; None when it is not there."""
    path = shutil.which(name, path=environ.get("PATH", os.defpath))
    if path is None:
        return None
    try:
        done = run((path, *words), env=environ, timeout=10.0, cwd="/")
    except (AgencyError, OSError):
        return Program(path=path, version="", numbers=(0, 0))
    line = (done.text or done.complaint).partition("\n")[0]
    match = re.search(r"(\d+)\.(\d+)", line)
    return Program(path=path, version=line, numbers=(int(match[1]), int(match[2])) if match else (0, 0))
