"""Agents that other packages bring along: entry points of the group ``agency.runners``, each an :class:`Adapter` or its class.

``importlib.metadata`` takes longer to load than most commands take, and looks at every installed package: only names that are
neither built in nor configured come here.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from agency.domain.errors import AgencyError
from agency.runners.adapter import Adapter

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "agency.runners"


def installed_names() -> list[str]:
    """The names of all agents that other packages bring along, whether or not they can be loaded."""
    return sorted({point.name for point in _points()})


def installed_adapter(name: str) -> Adapter | None:
    """The agent ``name`` of another package; None when none brings it. Raises E_RUNNER_BROKEN."""
    point = next((point for point in _points() if point.name == name), None)
    if point is None:
        return None
    try:
        loaded = point.load()
        adapter = loaded() if isinstance(loaded, type) else loaded
    except (Exception, SystemExit) as error:
        raise _broken(point, f"cannot be loaded: {_told(error)}") from error
    if not isinstance(adapter, Adapter):
        raise _broken(point, f"is no Adapter but {type(adapter).__name__}")
    if adapter.name != name:
        raise _broken(point, f"calls itself {adapter.name}")
    if not isinstance(adapter.command, tuple) or not adapter.command:
        raise _broken(point, "names no command")
    return _guarded(point, adapter)


def provider_of(name: str) -> str | None:
    """The package that brings the agent ``name``, as name and version; None when none does."""
    point = next((point for point in _points() if point.name == name), None)
    return _package(point) if point is not None else None


def _points() -> list["EntryPoint"]:
    from importlib.metadata import entry_points

    return list(entry_points(group=GROUP))


def _guarded(point: "EntryPoint", adapter: Adapter) -> Adapter:
    """``adapter``, whose methods raise E_RUNNER_BROKEN for whatever goes wrong in them."""
    adapter.origin = "entry point"
    for name, member in vars(Adapter).items():
        if callable(member) and not name.startswith("_"):
            setattr(adapter, name, _guard(point, getattr(adapter, name)))
    return adapter


def _guard(point: "EntryPoint", method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def guarded(*words: Any, **named: Any) -> Any:
        try:
            return method(*words, **named)
        except AgencyError:
            raise
        except Exception as error:
            raise _broken(point, f"failed in {method.__name__}: {_told(error)}") from error

    return guarded


def _broken(point: "EntryPoint", why: str) -> AgencyError:
    package = point.dist.name if point.dist is not None else None
    mend = f"pip install --upgrade {package}, or pip uninstall {package}" if package else f"mend {point.value}"
    return AgencyError(
        "E_RUNNER_BROKEN",
        f"runner {point.name} of {_package(point)} {why}",
        hint=mend,
        runner=point.name,
        entry_point=point.value,
    )


def _package(point: "EntryPoint") -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "another package"


def _told(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
