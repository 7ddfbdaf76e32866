"""What the control plane of a plan decides on a task: its locks before it begins, the doctor it gets, how far what it changed
reaches. Each decision is kept as a report; where the control plane is off there is none."""

from collections.abc import Mapping, Sequence
from typing import Any

from agency.config.controlplane import controlplane_of
from agency.domain.blast import Blast, blast, expected, values_of
from agency.domain.checkset import CheckSet, select
from agency.domain.components import Model, owner
from agency.domain.controlplane import ControlPlane
from agency.domain.derivedlocks import Derived, derive
from agency.domain.frozen import frozen
from agency.domain.manifest import Access, Manifest
from agency.domain.plansettings import PlanSettings
from agency.domain.repo import Repo
from agency.domain.surface import surface_of
from agency.domain.tiers import enforcement_at, tier
from agency.plans.graph import model_at, tracked_at
from agency.sessions.context import Context
from agency.store.records import make_directory, write_record

SCHEMA_VERSION = "1.0"


@frozen
class Reach:
    """How far a change reaches, what of it others see, and how risky that is: a tier from 0 to 3."""

    blast: Blast
    surface: frozenset[str]
    tier: int


class Controlled:
    """The control plane at one commit. ``tracked`` are the files of that."""

    def __init__(self, settings: ControlPlane, model: Model, tracked: Sequence[str]) -> None:
        self.settings, self.model, self._tracked = settings, model, tuple(tracked)

    def derived(self, files: Access) -> Derived:
        """The locks that follow from the files that a task may write and read."""
        return derive(self.model, files.writes, self._tracked, self.settings, read_globs=files.reads)

    def locks(self, manifest: Manifest) -> Access:
        """What a task has to hold: its own locks, unless those that follow from its files count."""
        return self.derived(manifest.files).locks if self.settings.lock_mode == "derived" else manifest.locks

    def resources(self, paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The resource of the component of each path."""
        return {path: (self.settings.resource_of(owner(self.model, path).id),) for path in paths}

    def allowed(self, locks: Access, files: Access) -> Access:
        """What a task may write: what it locks, and the components that it had said it would write to."""
        components = self.derived(files).components
        return locks.with_writes(self.settings.resource_of(one) for one in components)

    def reach_of(self, changed: Sequence[str]) -> Reach:
        """How far a change of these files reaches."""
        return self._reach(blast(self.model, changed), surface_of(changed, self.settings.surface_patterns))

    def doctor(self, files: Access, doctor: str) -> CheckSet:
        """The doctor for a task that may write ``files``; ``doctor`` is the one that it has otherwise."""
        literal = surface_of(files.writes, self.settings.surface_patterns)
        reach = self._reach(expected(self.model, self.derived(files).components), literal)
        return select(reach.blast, surface=reach.surface, tier=reach.tier, checks=self.settings.checks, doctor=doctor)

    def enforcement(self, wanted: str, reach: Reach) -> str:
        """How what a task wrote beyond its scope is enforced: as the plan says, more strictly where that is risky."""
        if self.settings.scope_mode == "off":
            return "off"
        at_tier = enforcement_at(reach.tier, wanted)
        return "warn" if self.settings.scope_mode == "shadow" and at_tier == "block" else at_tier

    def _reach(self, reach: Blast, surface: frozenset[str]) -> Reach:
        level = tier(surface=surface, impacted=len(reach.impacted), fallback=bool(reach.widened))
        return Reach(blast=reach, surface=surface, tier=level)


def controlled_at(context: Context, repo: Repo, settings: PlanSettings, commit: str) -> Controlled | None:
    """The control plane of a plan at a commit; None where it is off. Raises E_GIT_FAILED."""
    control = controlplane_of(settings)
    if not control.enabled:
        return None
    return Controlled(control, model_at(context, repo, commit, control), tracked_at(context, repo, commit))


def locks_report(manifest: Manifest, control: Controlled) -> dict[str, Any]:
    """The report on the locks of a task."""
    derived = control.derived(manifest.files)
    return {
        "schema_version": SCHEMA_VERSION,
        "task_id": manifest.task_id,
        "task_name": manifest.name,
        "lock_mode": control.settings.lock_mode,
        "derived_write_resources": list(derived.writes),
        "derived_locks": {"reads": list(derived.reads), "writes": list(derived.writes)},
        "confidence": derived.confidence,
        "notes": list(derived.notes),
        "manifest": {"reads": list(manifest.locks.reads), "writes": list(manifest.locks.writes)},
    }


def reach_report(task_id: str, base: str, head: str, reach: Reach) -> dict[str, Any]:
    """The report on what a task changed: how far it reaches, what of it others see, its tier."""
    return {
        "schema_version": SCHEMA_VERSION,
        "task_id": task_id,
        "base_sha": base,
        "head_sha": head,
        **values_of(reach.blast),
        "surface_change": bool(reach.surface),
        "surface_categories": sorted(reach.surface),
        "tier": reach.tier,
    }


def checks_report(task_id: str, chosen: CheckSet) -> dict[str, Any]:
    """The report on the doctor of a task."""
    return {
        "schema_version": SCHEMA_VERSION,
        "task_id": task_id,
        "mode": chosen.mode,
        "required_components": list(chosen.required),
        "selected_command": chosen.command,
        "fallback_reason": chosen.reason,
        "enforced": chosen.enforced,
        "confidence": chosen.confidence,
        "rationale": list(chosen.rationale),
    }


def keep_report(path: str, report: Mapping[str, Any]) -> str:
    """Write a report; where it is. Raises E_DISK_FULL or E_STORE_FAILED."""
    make_directory(path.rpartition("/")[0])
    write_record(path, report)
    return path
