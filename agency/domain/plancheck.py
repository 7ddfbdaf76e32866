"""What is wrong with a plan as a whole, besides the form of its files: all of it at once."""

from collections import Counter
from collections.abc import Iterator, Sequence

from agency.domain.frozen import frozen
from agency.domain.globs import may_share
from agency.domain.manifest import Manifest
from agency.domain.plansettings import PlanSettings
from agency.domain.schedule import cycles


@frozen
class Problem:
    """One thing that is wrong: with which task (None: the plan), which key of its manifest, and what."""

    task_id: str | None
    key: str
    message: str

    def __str__(self) -> str:
        return f"task {self.task_id}, {self.key}: {self.message}" if self.task_id else f"{self.key}: {self.message}"


def problems_of(
    manifests: Sequence[Manifest],
    settings: PlanSettings,
    *,
    elsewhere: Sequence[str] = (),
    locks_follow: bool = False,
) -> tuple[Problem, ...]:
    """Everything that keeps the plan from being carried out, in order of tasks. ``elsewhere`` are the
    tasks that were done before, which others may wait for; ``locks_follow``: locks need not be declared, they follow from
    files."""
    found: list[Problem] = []
    if not manifests:
        found.append(Problem(task_id=None, key="tasks", message="there is no task"))
    if settings.doctor is None:
        found.append(Problem(task_id=None, key="doctor", message="plan.yaml names no doctor to judge the whole with"))
    names = [resource.name for resource in settings.resources]
    for name, count in Counter(names).items():
        if count > 1:
            found.append(Problem(task_id=None, key="resources", message=f"{name} is there {count} times"))
    for task_id, count in Counter(manifest.task_id for manifest in manifests).items():
        if count > 1:
            found.append(Problem(task_id=task_id, key="id", message=f"{count} tasks have it"))
    known = {manifest.task_id for manifest in manifests} | set(elsewhere)
    resources = {*names, settings.fallback_resource}
    for manifest in manifests:
        found += _of_task(manifest, settings, known=known, resources=resources)
        if not locks_follow:
            found += _unlocked(manifest, settings)
    for ring in cycles({manifest.task_id: manifest.dependencies for manifest in manifests}):
        if len(ring) > 1:
            found.append(
                Problem(task_id=ring[0], key="dependencies", message=f"they wait for each other: {', '.join(ring)}")
            )
    return tuple(found)


def _of_task(manifest: Manifest, settings: PlanSettings, *, known: set[str], resources: set[str]) -> Iterator[Problem]:
    def problem(key: str, message: str) -> Problem:
        return Problem(task_id=manifest.task_id, key=key, message=message)

    for kind in ("reads", "writes"):
        for name in getattr(manifest.locks, kind):
            if name not in resources and not name.startswith(("component:", "surface:")):
                yield problem(f"locks.{kind}", f"there is no resource {name}")
    for dependency in manifest.dependencies:
        if dependency == manifest.task_id:
            yield problem("dependencies", "it waits for itself")
        elif dependency not in known:
            yield problem("dependencies", f"there is no task {dependency}")
    if manifest.tdd_mode == "strict":
        if manifest.verify.fast is None:
            yield problem("verify.fast", "tdd_mode strict needs it")
        if not manifest.test_paths:
            yield problem("test_paths", "tdd_mode strict needs them")
        if not manifest.affected_tests:
            yield problem("affected_tests", "tdd_mode strict needs them")
    if not manifest.spec.strip():
        yield problem("spec.md", "it is empty")


def _unlocked(manifest: Manifest, settings: PlanSettings) -> Iterator[Problem]:
    """Files that the task means to write although it locks none of the resources that they may belong to."""
    if any(name.startswith(("component:", "surface:")) for name in manifest.locks.writes):
        return
    for pattern in manifest.files.writes:
        owners = [
            resource.name for resource in settings.resources if any(may_share(pattern, path) for path in resource.paths)
        ] or [settings.fallback_resource]
        if not set(owners) & {*manifest.locks.writes}:
            told = f"{pattern} belongs to {' or '.join(owners)}, which locks.writes does not name"
            yield Problem(task_id=manifest.task_id, key="files.writes", message=told)
