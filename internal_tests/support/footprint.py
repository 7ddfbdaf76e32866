"""What a command leaves behind: every file of a directory to the byte, and every tool it called."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from internal_tests.support.world import World


def footprint(*places: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file and directory under ``places``: mode, time of change in nanoseconds, content."""
    seen: dict[str, tuple[int, int, bytes]] = {}
    for place in places:
        for directory, _, files in os.walk(place):
            for path in (directory, *(f"{directory}/{name}" for name in files)):
                status = os.lstat(path)
                regular = os.path.isfile(path) and not os.path.islink(path)
                content = Path(path).read_bytes() if regular else b""
                seen[path] = (status.st_mode, status.st_mtime_ns, content)
    return seen


class ToolLog:
    """Puts wrappers of ``tools`` first on PATH that note every call and then do it."""

    def __init__(self, world: World, *tools: str) -> None:
        self._log = world.root / "tool-calls"
        directory = world.root / "logged-tools"
        directory.mkdir()
        for tool in tools:
            real = shutil.which(tool, path=world.env["PATH"])
            assert real is not None
            wrapper = directory / tool
            wrapper.write_text(f'#!/bin/sh\nprintf \'%s\\n\' "{tool} $*" >> {self._log}\nexec {real} "$@"\n')
            wrapper.chmod(0o755)
        self.env: Mapping[str, str] = {"PATH": f"{directory}:{world.env['PATH']}"}

    def calls(self) -> list[str]:
        """Every call so far, oldest first, and forget them."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return lines
