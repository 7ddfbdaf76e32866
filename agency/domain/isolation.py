"""What the runner of a headless run may see and change of the machine: the backend that keeps it to that, and its options."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen

NONE, BWRAP = "none", "bwrap"
ENGINES = ("docker", "podman")
BACKENDS = (NONE, BWRAP, *ENGINES)
NETWORK_MODES = ("bridge", "none")

_OF_BWRAP = ("network", "writable", "readable", "caches", "runner_files")
_OF_ENGINES = ("image", "user", "network_mode", "memory_mb", "cpu_quota", "pids_limit")
OPTIONS: dict[str, tuple[str, ...]] = {NONE: (), BWRAP: _OF_BWRAP, **dict.fromkeys(ENGINES, _OF_ENGINES)}
"""Backend -> the options that it can enforce."""


@frozen
class Isolation:
    """How the runner and the checks of a job are kept apart from the machine.

    With ``bwrap``: whether they reach the ``network``; the paths that are ``writable`` and ``readable`` although they would be
    hidden or read-only, the ``caches``, which are made where they are not there, all of them absolute or below ``~/``; whether
    the runner gets the files in which it keeps its own config, credentials and conversations (``runner_files``).

    With an engine: the ``image``, the ``user`` in it (the caller without one), ``network_mode``, megabytes of memory,
    microseconds of processor time in each 100 ms, and the most processes; None for no limit.
    """

    backend: str = NONE
    network: bool = True
    writable: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    runner_files: bool = False
    image: str | None = None
    user: str | None = None
    network_mode: str = "bridge"
    memory_mb: int | None = None
    cpu_quota: int | None = None
    pids_limit: int | None = None

    @property
    def in_container(self) -> bool:
        """Whether a container engine keeps it."""
        return self.backend in ENGINES


def isolation_of(backend: str, options: Mapping[str, Any]) -> Isolation:
    """The isolation that ``backend`` gives with ``options``. Raises E_ISOLATION_UNSUPPORTED for what the backend cannot enforce
    or cannot do without."""
    if backend not in OPTIONS:
        raise unsupported(backend, f"{backend} is no isolation; there are {', '.join(BACKENDS)}", "name one of them")
    for key in options:
        if key not in OPTIONS[backend]:
            able = [other for other in BACKENDS if key in OPTIONS[other]]
            hint = f"remove {key}, or choose isolation {' or '.join(able)}" if able else f"remove {key}"
            raise unsupported(backend, f"isolation {backend} cannot enforce {key}", hint, option=key)
    made = Isolation(backend=backend, **{key: _frozen(value) for key, value in options.items()})
    if made.in_container and not made.image:
        raise unsupported(backend, f"isolation {backend} needs an image", f"set isolation.{backend}.image")
    if made.network_mode not in NETWORK_MODES:
        modes = " and ".join(NETWORK_MODES)
        raise unsupported(backend, f"network_mode {made.network_mode} is none of {modes}", "choose one of them")
    return made


def record_of_isolation(isolation: Isolation) -> dict[str, Any]:
    """The object that stands for it in ``job.json``: what differs from the default."""
    record: dict[str, Any] = {"backend": isolation.backend}
    for key in OPTIONS[isolation.backend]:
        value = getattr(isolation, key)
        if value != getattr(_DEFAULT, key):
            record[key] = list(value) if isinstance(value, tuple) else value
    return record


def isolation_from_record(record: Mapping[str, Any] | None) -> Isolation:
    """The isolation of such an object; without one, none. Raises KeyError, TypeError or ValueError when it is not one: an unknown
    option is not passed over, because something would then not be kept apart that was to be."""
    if record is None:
        return _DEFAULT
    known = {each.name for each in fields(Isolation)}
    if not record.keys() <= known or record["backend"] not in BACKENDS:
        raise ValueError("an isolation that this version does not know")
    return Isolation(**{key: _frozen(value) for key, value in record.items()})


def unsupported(backend: str, message: str, hint: str, **details: object) -> AgencyError:
    """The error for an isolation that cannot be had."""
    return AgencyError("E_ISOLATION_UNSUPPORTED", message, hint=hint, isolation=backend, **details)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_DEFAULT = Isolation()
