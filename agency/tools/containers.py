"""The one door to a container engine, docker or podman."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from agency.domain.container import Abilities, filters
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.isolation import unsupported
from agency.tools.process import Completed, run

_PATIENCE = 60.0
_GRACE = 2


@frozen
class Container:
    """A container as the engine tells it. ``exit_code`` is None while it runs, and where it never ran."""

    container_id: str
    name: str
    running: bool
    exit_code: int | None


@frozen
class Engine:
    """A container engine: its name, the path of its command line, and the environment that is called with."""

    name: str
    program: str
    environ: Mapping[str, str] = field(repr=False)

    def abilities(self) -> Abilities:
        """What it can limit here. Raises E_ISOLATION_UNSUPPORTED when it does not answer."""
        done = self._ask("info", "--format", "{{json .}}")
        try:
            told = json.loads(done.out) if done.code == 0 else None
        except ValueError:
            told = None
        if not isinstance(told, dict) or told.get("ServerErrors"):
            hint = f"start {self.name}; {self.name} info says more"
            raise unsupported(self.name, f"{self.name} does not answer: {done.complaint or 'no engine'}", hint)
        return _abilities(told)

    def has_image(self, image: str) -> bool:
        """Whether the image is on this machine."""
        return self._ask("image", "inspect", "--format", "{{.Id}}", image).code == 0

    def create(self, words: tuple[str, ...], environ: Mapping[str, str]) -> str:
        """Make a container with the words of :func:`agency.domain.container.create_words`, whose variables have their values in
        ``environ``; its id. Raises E_ISOLATION_UNSUPPORTED when the engine refuses."""
        done = run((self.program, *words), env={**self.environ, **environ}, timeout=_PATIENCE, cwd="/")
        if done.code != 0 or not done.text.strip():
            raise unsupported(
                self.name,
                f"{self.name} made no container: {done.complaint or f'exit code {done.code}'}",
                f"mend what {self.name} names, then: agency resume",
            )
        return done.text.split()[-1]

    def start_argv(self, container_id: str) -> tuple[str, ...]:
        """The argv that starts a container and hands its input and output through until it ends."""
        return (self.program, "start", "--attach", "--interactive", container_id)

    def find(self, labels: Mapping[str, str]) -> list[Container]:
        """The containers that carry all of ``labels``, also those that have ended. Raises E_ISOLATION_UNSUPPORTED when the engine
        does not answer."""
        done = self._ask("ps", "--all", "--quiet", "--no-trunc", *filters(labels))
        if done.code != 0:
            hint = f"start {self.name}, then type the command again"
            raise unsupported(self.name, f"{self.name} does not answer: {done.complaint}", hint)
        return [found for container_id in done.text.split() if (found := self.look(container_id)) is not None]

    def look(self, container_id: str) -> Container | None:
        """One container; None where there is none."""
        done = self._ask("inspect", "--type", "container", container_id)
        try:
            told = json.loads(done.out)[0] if done.code == 0 else None
        except (ValueError, LookupError):
            told = None
        if not isinstance(told, dict):
            return None
        state: Mapping[str, Any] = told.get("State") or {}
        running = bool(state.get("Running"))
        ran = str(state.get("Status")) not in ("created", "configured", "initialized")
        return Container(
            container_id=str(told["Id"]),
            name=str(told.get("Name", "")).lstrip("/"),
            running=running,
            exit_code=int(state.get("ExitCode", 0)) if ran and not running else None,
        )

    def end(self, container: Container) -> int | None:
        """End a container, TERM first and two seconds to obey, and remove it; the exit code that it had. It is gone afterwards,
        or E_KILL_FAILED is raised."""
        if container.running:
            self._ask("stop", "-t", str(_GRACE), container.container_id)
        last = self.look(container.container_id)
        done = self._ask("rm", "--force", "--volumes", container.container_id)
        if done.code != 0 and self.look(container.container_id) is not None:
            raise AgencyError(
                "E_KILL_FAILED",
                f"container {container.name} did not end: {done.complaint}",
                hint=f"end it yourself: {self.name} rm --force {container.name}",
                container_id=container.container_id,
            )
        return last.exit_code if last is not None else None

    def _ask(self, *words: str) -> Completed:
        try:
            return run((self.program, *words), env=self.environ, timeout=_PATIENCE, cwd="/")
        except FileNotFoundError:
            raise unsupported(self.name, f"{self.program} is gone", f"install {self.name}") from None


def find_engine(name: str, environ: Mapping[str, str]) -> Engine:
    """The engine of that name. Raises E_ISOLATION_UNSUPPORTED when its command line is not on PATH."""
    program = shutil.which(name, path=environ.get("PATH"))
    if program is None:
        raise unsupported(name, f"{name} is not on PATH", f"install {name}, or choose another isolation")
    # What tells a process of a run must not tell the client's: the engine may start a server of its own, which stays.
    kept = {key: value for key, value in environ.items() if not key.startswith("AGENCY_") or key == "AGENCY_TEST_ROOT"}
    return Engine(name=name, program=os.path.abspath(program), environ=kept)


def _abilities(told: Mapping[str, Any]) -> Abilities:
    """From what docker says at the top, or podman under ``host``."""
    host = told.get("host")
    if isinstance(host, dict):
        controllers = host.get("cgroupControllers") or []
        return Abilities(memory="memory" in controllers, cpu="cpu" in controllers, pids="pids" in controllers)
    return Abilities(
        memory=bool(told.get("MemoryLimit")), cpu=bool(told.get("CpuCfsQuota")), pids=bool(told.get("PidsLimit"))
    )
