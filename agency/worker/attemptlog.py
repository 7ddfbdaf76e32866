"""The log of one attempt: all that its programs printed, without secrets."""

import os
import shutil
from typing import Self

from agency.domain.redaction import Redactor
from agency.domain.redactstream import StreamRedactor
from agency.store.failures import told_plainly
from agency.store.records import discard

_MOST = 16 * 1024 * 1024
"""Bytes after which the log begins anew; the part before is kept as ``<log>.1``, an earlier one is not."""


class AttemptLog:
    """Appends to the file of an attempt. Raises E_DISK_FULL or E_STORE_FAILED where it cannot."""

    def __init__(self, path: str, redactor: Redactor) -> None:
        self._path = path
        self._streams = {name: StreamRedactor(redactor) for name in ("output", "complaints")}
        self._size = 0
        with told_plainly("writing a log", path):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            self._fd = self._open(path)

    def write(self, text: str, stream: str = "output") -> str:
        """Add what a program printed, as ``output`` or as ``complaints``; gives what was added, without secrets. A line that has
        not ended, and what may be the beginning of a secret, is held back until more of the same has come."""
        return self._put(self._streams[stream].feed(text)) if text else ""

    def held(self, stream: str) -> str:
        """What is held back, as it came."""
        return self._streams[stream].held

    def finish(self, stream: str) -> str:
        """Add what was held back, as no more comes; gives it without secrets."""
        return self._put(self._streams[stream].flush())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for stream in self._streams:
            self.finish(stream)
        os.close(self._fd)

    def _put(self, text: str) -> str:
        content = text.encode("utf-8", "replace")
        if not content:
            return text
        with told_plainly("writing a log", self._path):
            if self._size + len(content) > _MOST and self._size:
                self._begin_anew()
            view = memoryview(content)
            while view:
                view = view[os.write(self._fd, view) :]
            self._size += len(content)
        return text

    def _begin_anew(self) -> None:
        """Keep what is there as the part before. Whoever looks finds a log at every moment."""
        before, fresh = f"{self._path}.1", f"{self._path}.new"
        discard(before)
        try:
            os.link(self._path, before)
        except OSError:  # the file system has no links
            shutil.copy(self._path, before)
        discard(fresh)
        os.close(self._fd)
        self._fd, self._size = self._open(fresh), 0
        os.replace(fresh, self._path)

    def _open(self, path: str) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
