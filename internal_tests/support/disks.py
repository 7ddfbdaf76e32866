"""Data directories that cannot be written: a small disk of their own, and a caller whom the file system may refuse."""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from internal_tests.support.audit import check_event_logs
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import AGENCY, Result, World


class SmallDisk:
    """A file system of a few hundred kilobytes in memory, mounted as the data directory of a world."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._filler = place / "filler"

    def fill(self, *, leave: int = 0) -> None:
        """Use up the space but for ``leave`` kilobytes."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
            if leave:
                file.truncate(max(0, file.tell() - leave * 1024))

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink()

    def protect(self) -> None:
        """Make the whole file system read-only."""
        subprocess.run(["mount", "-o", "remount,ro", str(self._place)], check=True)

    def unprotect(self) -> None:
        """Make it writable again."""
        subprocess.run(["mount", "-o", "remount,rw", str(self._place)], check=True)


@functools.cache
def _can_mount() -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as place:
        if subprocess.run(["mount", "-t", "tmpfs", "agency-test", place], capture_output=True).returncode != 0:
            return False
        return subprocess.run(["umount", place], capture_output=True).returncode == 0


@contextmanager
def small_disk(world: World, *, kilobytes: int = 512, files: int = 10_000) -> Iterator[SmallDisk]:
    """Mount a small disk as the data directory of the world. Skips the test where mounting is not allowed."""
    if not _can_mount():
        pytest.skip("mounting a small file system needs root")
    world.data.mkdir(mode=0o700)
    options = f"size={kilobytes}k,nr_inodes={files},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "agency-test", str(world.data)], check=True)
    try:
        yield SmallDisk(world.data)
        check_event_logs(world.data)
    finally:
        world.tmux_ask("kill-server")
        try:
            wait_for(lambda: not world.processes(), "the sessions on the small disk to end")
        finally:
            subprocess.run(["umount", "--lazy", str(world.data)], check=True)


def agency_without_privileges(world: World, *words: str) -> Result:
    """The installed command, called by somebody to whom permissions apply: root without root's capabilities."""
    prefix = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("permissions do not apply to root, and there is no setpriv")
        prefix = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--"]
    done = subprocess.run(
        [*prefix, AGENCY, *words],
        cwd=world.repo,
        env=world.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def give_to_another_user(world: World) -> None:
    """Make the data directory somebody else's. Skips the test where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("giving files to another user needs root")
    for path in (world.data, *world.data.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
