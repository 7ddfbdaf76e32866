"""A world whose files can be put back to how they were, so that each kill begins from the same state."""

import os
import shutil
import signal
from pathlib import Path

import psutil

from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_PARTS = ("home", "data", "repo", "remote.git")


class Stage:
    """Keeps the files of a world while nothing runs in it, and puts them back as often as wanted."""

    def __init__(self, world: World) -> None:
        """Keep what is there now."""
        self.world = world
        self._kept = world.root / "kept"
        _copy(world.root, self._kept)

    def put_back(self) -> None:
        """End what runs, and bring the kept files back."""
        end_everything(self.world)
        for part in (*_PARTS, "tmp", "trace"):
            path = self.world.root / part
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        _copy(self._kept, self.world.root)


def end_everything(world: World) -> None:
    """End the tmux server and every other process of a world."""
    if world.sessions():
        world.tmux_ask("kill-server")
    for process in world.processes():
        try:
            if process.name() != "tmux: server":
                process.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue
    wait_for(lambda: not world.processes(), "the processes of the world to end")


def _copy(source: Path, target: Path) -> None:
    for part in _PARTS:
        if (source / part).exists():
            shutil.copytree(source / part, target / part, symlinks=True)
        elif part in ("home", "repo"):
            os.makedirs(target / part, exist_ok=True)
