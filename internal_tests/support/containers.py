"""A container engine for one test: the stand-in for docker on its PATH, and what it was asked."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from internal_tests.support.world import DEMO_AGENT, World

STAND_IN = Path(__file__).with_name("docker")
IMAGE = "agency-worker:1"


@dataclass(frozen=True)
class Docker:
    """The stand-in, and its process."""

    world: World
    engine: "subprocess.Popen[str]"

    @property
    def place(self) -> Path:
        """Where it keeps what it keeps."""
        return self.world.root / "docker"

    def calls(self, command: str) -> list[dict[str, Any]]:
        """The calls of one command: their words, and the variables that they took from the environment."""
        try:
            lines = (self.place / "calls.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [call for line in lines if (call := json.loads(line))["words"][0] == command]

    def containers(self) -> list[str]:
        """The ids of all containers, also those that have ended."""
        return self.ask("ps", "--all", "--quiet").split()

    def ask(self, *words: str) -> str:
        """What it prints, insisting that it does what it is asked."""
        done = subprocess.run(
            [sys.executable, str(STAND_IN), *words], env=self.world.env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def end(self) -> None:
        """End the engine, as an administrator would."""
        self.engine.terminate()
        self.engine.wait()


@contextmanager
def serving_docker(world: World) -> Iterator[Docker]:
    """Put docker on the PATH of a world, with an image that holds the demo agent."""
    image, programs = world.root / "docker/image", world.root / "bin"
    image.mkdir(parents=True)
    programs.mkdir()
    (image / "demo-agent").write_text(f'#!/bin/sh\nexec {sys.executable} {DEMO_AGENT} "$@"\n')
    (image / "demo-agent").chmod(0o755)
    (programs / "demo-agent").symlink_to(image / "demo-agent")
    (programs / "docker").write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    (programs / "docker").chmod(0o755)
    world.env["PATH"] = f"{programs}:{world.env['PATH']}"
    engine = subprocess.Popen(
        [sys.executable, str(STAND_IN), "serve"], env=world.env, stdout=subprocess.PIPE, text=True, cwd="/"
    )
    try:
        assert engine.stdout is not None and engine.stdout.readline() == "ready\n"
        yield Docker(world, engine)
    finally:
        engine.terminate()
        engine.wait()
        if engine.stdout is not None:
            engine.stdout.close()
