"""What a task changed, measured against what it had declared and locked."""

from collections.abc import Mapping, Sequence
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.globs import matches
from agency.domain.manifest import Access
from agency.domain.plansettings import Resource

_SIGNS = frozenset("*?[]{}!\\")
"""What means something in a pattern."""
NOT_LOCKED, NOT_DECLARED, UNMAPPED = "resource_not_locked_for_write", "file_not_declared_for_write", "resource_unmapped"


@frozen
class Violation:
    """A file that the task should not have changed as it is, the resources it belongs to, and why."""

    path: str
    resources: tuple[str, ...]
    reasons: tuple[str, ...]


@frozen
class Compliance:
    """How a task complied. ``status`` is ``skip``, ``pass``, ``warn`` or ``block``; ``resources`` are those of each changed
    file."""

    status: str
    resources: Mapping[str, tuple[str, ...]]
    violations: tuple[Violation, ...]


def resources_of(path: str, resources: Sequence[Resource], fallback: str) -> tuple[str, ...]:
    """The resources that a file belongs to: all whose patterns fit, or else the fallback."""
    return tuple(one.name for one in resources if matches(path, one.paths)) or (fallback,)


def comply(owners: Mapping[str, tuple[str, ...]], *, locks: Access, files: Access, enforcement: str) -> Compliance:
    """The verdict on changed files, given the resources (``owners``) of each."""
    if enforcement == "off":
        return Compliance(status="skip", resources=owners, violations=())
    found = []
    for path, resources in sorted(owners.items()):
        reasons = []
        if not resources:
            reasons.append(UNMAPPED)
        if any(name not in locks.writes for name in resources):
            reasons.append(NOT_LOCKED)
        if not matches(path, files.writes):
            reasons.append(NOT_DECLARED)
        if reasons:
            found.append(Violation(path=path, resources=resources, reasons=tuple(reasons)))
    status = "pass" if not found else enforcement
    return Compliance(status=status, resources=owners, violations=tuple(found))


def widened(compliance: Compliance, *, locks: Access, files: Access) -> tuple[Access, Access] | None:
    """The locks and files with which the task would have complied; None when nothing can be added to them."""
    missing = {name for one in compliance.violations for name in one.resources if name not in locks.writes}
    paths = {one.path for one in compliance.violations if NOT_DECLARED in one.reasons}
    if not missing and not paths:
        return None
    return locks.with_writes(missing), files.with_writes((_literal(path) for path in paths), read_too=True)


def _literal(path: str) -> str:
    """A pattern that fits this path alone."""
    return "".join(f"\\{sign}" if sign in _SIGNS else sign for sign in path)


def report_of(
    task_id: str, name: str, policy: str, compliance: Compliance, locks: Access, files: Access
) -> dict[str, Any]:
    """The report on a task."""
    return {
        "schema_version": "1.0",
        "task_id": task_id,
        "task_name": name,
        "policy": policy,
        "status": "skipped" if compliance.status == "skip" else compliance.status,
        "changed_files": [
            {"path": path, "resources": list(resources)} for path, resources in sorted(compliance.resources.items())
        ],
        "violations": [violation_record(one) for one in compliance.violations],
        "manifest": {
            "locks": {"reads": list(locks.reads), "writes": list(locks.writes)},
            "files": {"reads": list(files.reads), "writes": list(files.writes)},
        },
    }


def violation_record(violation: Violation) -> dict[str, Any]:
    """A violation as reports and events tell it."""
    return {
        "path": violation.path,
        "resources": list(violation.resources),
        "reasons": list(violation.reasons),
        "guidance": [
            {
                "action": "expand_scope",
                "detail": f"add {violation.path} to files.writes and its resources to locks.writes",
            },
            {"action": "split_task", "detail": f"leave {violation.path} to a task of its own"},
        ],
    }
