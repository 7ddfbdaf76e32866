"""The key ``control_plane`` of ``plan.yaml``: its shape, and the settings that it stands for."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from agency.config.planvalues import Glob, ShellLine
from agency.config.schema import Maybe, says
from agency.config.value import OneOf, Value, is_text
from agency.config.values import Attempts, Flag, Name, Text
from agency.domain.controlplane import (
    CHECK_MODES,
    LOCK_MODES,
    SCOPE_MODES,
    SURFACE_CATEGORIES,
    SURFACE_PATTERNS,
    Checks,
    ConfiguredComponent,
    ControlPlane,
)
from agency.domain.plansettings import PlanSettings


class ScopeMode(OneOf):
    """Whether what a task changes is held against its components: not at all, told, or enforced."""

    __slots__ = ()
    words = SCOPE_MODES


class LockMode(OneOf):
    """Which locks a task has: those it declares, those and a report on what would be derived, or the derived ones."""

    __slots__ = ()
    words = LOCK_MODES


class CheckMode(OneOf):
    """Whether a scoped doctor is chosen: not at all, told, or used."""

    __slots__ = ()
    words = CHECK_MODES


class Directory(Value):
    """A directory relative to the top of the repo; ``.`` is the top."""

    __slots__ = ()
    expected = "a directory relative to the top of the repo, without .. and wildcards"
    hint = "write it as services/api, or . for the top"
    json_schema = {"type": "string", "pattern": r"^[^/]"}

    def parse(self, raw: object) -> str:
        if not is_text(raw) or not raw.strip() or raw.startswith("/") or any(sign in raw for sign in "*?[{\\"):
            raise self.refused()
        parts = [part for part in raw.strip().split("/") if part not in ("", ".")]
        if ".." in parts:
            raise self.refused()
        return "/".join(parts)


class ComponentShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of the repo, known by its directories."""

    id: Name
    roots: Annotated[list[Directory], Meta(min_length=1, max_length=1000, description="Its directories.")]
    name: Maybe[Text] = UNSET
    depends_on: Maybe[Annotated[list[Name], says("The ids of the components that it needs.")]] = UNSET


class ChecksShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """When the doctor of a task looks at its components only."""

    mode: Maybe[CheckMode] = UNSET
    commands_by_component: Maybe[Annotated[dict[str, ShellLine], says("The doctor of each component.")]] = UNSET
    max_components_for_scoped: Maybe[Attempts] = UNSET
    fallback_command: Maybe[Annotated[ShellLine, says("The doctor where it cannot be scoped.")]] = UNSET


class SurfacePatternsShape(
    Struct, forbid_unknown_fields=True, kw_only=True, rename={"public_entrypoint": "public-entrypoint"}
):
    """Which files others see; a category that is not written keeps its usual patterns."""

    contract: Maybe[list[Glob]] = UNSET
    config: Maybe[list[Glob]] = UNSET
    migration: Maybe[list[Glob]] = UNSET
    public_entrypoint: Maybe[list[Glob]] = UNSET


class SurfaceLocksShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whether tasks that change what others see of a component wait for each other."""

    enabled: Maybe[Flag] = UNSET


class ControlPlaneShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """The components of the repo, and what follows from them for locks, scope and checks."""

    enabled: Maybe[Flag] = UNSET
    component_resource_prefix: Maybe[Annotated[Text, says("What goes before a component where it is locked.")]] = UNSET
    fallback_resource: Maybe[Annotated[Name, says("What a task locks that may write anything.")]] = UNSET
    scope_mode: Maybe[ScopeMode] = UNSET
    lock_mode: Maybe[LockMode] = UNSET
    checks: Maybe[ChecksShape] = UNSET
    surface_patterns: Maybe[SurfacePatternsShape] = UNSET
    surface_locks: Maybe[SurfaceLocksShape] = UNSET
    components: Maybe[list[ComponentShape]] = UNSET


def controlplane_of(settings: PlanSettings) -> ControlPlane:
    """The settings of a plan's control plane, whose fallback resource is that of the plan where it has none of its own."""
    return controlplane_from({"fallback_resource": settings.fallback_resource, **settings.control_plane})


def controlplane_from(values: Mapping[str, Any]) -> ControlPlane:
    """The settings of the plain values of the key, as they are read from a file or kept in a record. Without ``lock_mode`` locks
    are derived where the control plane is enabled."""
    shaped = ("checks", "surface_patterns", "surface_locks", "components", "lock_mode")
    checks = dict(values.get("checks") or {})
    patterns = values.get("surface_patterns") or {}
    enabled = values.get("enabled", False)
    return ControlPlane(
        **{key: value for key, value in values.items() if key not in shaped},
        lock_mode=values.get("lock_mode", "derived" if enabled else "declared"),
        checks=Checks(**checks),
        surface_patterns={
            # Plain values have the names of the fields of the shape, in which a hyphen is an underscore.
            name: tuple(patterns.get(name, patterns.get(name.replace("-", "_"), SURFACE_PATTERNS[name])))
            for name in SURFACE_CATEGORIES
        },
        surface_locks=(values.get("surface_locks") or {}).get("enabled", False),
        components=tuple(
            ConfiguredComponent(
                id=one["id"],
                roots=tuple(one["roots"]),
                name=one.get("name"),
                depends_on=tuple(one.get("depends_on") or ()),
            )
            for one in values.get("components") or ()
        ),
    )
