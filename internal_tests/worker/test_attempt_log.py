"""The log of an attempt that grows large."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from agency.domain.redaction import Redactor
from agency.sessions.follow import log_chunks
from agency.worker.attemptlog import AttemptLog
from internal_tests.support.services import context_of, load
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

BLOCK = ("flood " * 20 + "\n") * 8000


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_a_log_that_begins_anew_is_there_at_every_moment_and_followed_on(
    world: World, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    run = world.run("job")
    path = run.directory / "logs/setup.log"
    there: list[bool] = []

    def watched(name: str) -> None:
        real = getattr(os, name)

        def call(*given: Any, **more: Any) -> Any:
            try:
                if name == "link" and not links:
                    raise PermissionError(1, "no links here")
                return real(*given, **more)
            finally:
                there.append(path.exists())

        monkeypatch.setattr(os, name, call)

    with AttemptLog(str(path), Redactor()) as log:
        followed = log_chunks(context_of(world), load(world, run), "setup", follow=True)
        log.write("the beginning\n")
        assert next(followed) == b"the beginning\n"
        for name in ("link", "replace", "rename", "unlink", "open", "close"):
            watched(name)
        for _ in range(18):
            log.write(BLOCK)
        monkeypatch.undo()
        assert there and all(there)
        log.write("the end\n")
        chunks: list[bytes] = []
        threading.Thread(target=lambda: chunks.extend(followed), daemon=True).start()
        wait_for(lambda: chunks and chunks[-1].endswith(b"the end\n"), "the new log to be followed")
    seen = b"".join(chunks)
    assert seen == BLOCK.encode() * 18 + b"the end\n"
    before = Path(f"{path}.1")
    assert before.read_bytes() + path.read_bytes() == b"the beginning\n" + seen
    assert sorted(one.name for one in path.parent.iterdir() if "setup" in one.name) == ["setup.log", "setup.log.1"]
