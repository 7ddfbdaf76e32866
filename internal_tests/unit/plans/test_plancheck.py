"""What is wrong with a plan as a whole: everything at once, each in its own words."""

from dataclasses import replace

import pytest

from agency.domain.manifest import Access, Manifest, Verify
from agency.domain.plancheck import problems_of
from agency.domain.plansettings import PlanSettings, Resource

SETTINGS = PlanSettings(
    doctor="true", resources=(Resource(name="docs", paths=("docs/**",)), Resource(name="code", paths=("src/**",)))
)
GOOD = Manifest(
    task_id="001",
    name="one",
    description="One",
    verify=Verify(doctor="true"),
    locks=Access(writes=("docs",)),
    files=Access(writes=("docs/**",)),
    spec="Do it.",
)


def said(*manifests: Manifest, settings: PlanSettings = SETTINGS) -> list[str]:
    """What is wrong with this plan."""
    return [str(problem) for problem in problems_of(manifests, settings)]


def test_a_plan_with_which_nothing_is_wrong_has_no_problem() -> None:
    second = replace(GOOD, task_id="002", dependencies=("001",), locks=Access(writes=("repo-root",)), files=Access())
    assert said(GOOD, second) == []
    outside = replace(GOOD, dependencies=("000",))
    assert problems_of([outside], SETTINGS, elsewhere=["000"]) == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"locks": Access(reads=("nix",), writes=("docs",))}, "locks.reads: there is no resource nix"),
        ({"dependencies": ("001",)}, "dependencies: it waits for itself"),
        ({"dependencies": ("777",)}, "dependencies: there is no task 777"),
        ({"spec": " \n"}, "spec.md: it is empty"),
        (
            {"files": Access(writes=("src/**",))},
            "files.writes: src/** belongs to code, which locks.writes does not name",
        ),
        (
            {"files": Access(writes=("other/a",))},
            "files.writes: other/a belongs to repo-root, which locks.writes does not name",
        ),
        ({"tdd_mode": "strict", "test_paths": ("t/**",), "affected_tests": ("t/a",)}, "verify.fast"),
    ],
)
def test_each_problem_is_told_with_its_task_and_key(changes: dict[str, object], told: str) -> None:
    (line,) = said(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert line.startswith("task 001, ") and told in line


def test_all_problems_are_told_at_once() -> None:
    ring = [
        replace(GOOD, task_id="a", dependencies=("b",)),
        replace(GOOD, task_id="b", dependencies=("a",)),
        replace(GOOD, task_id="c", dependencies=("x",), tdd_mode="strict"),
        replace(GOOD, task_id="c", locks=Access(writes=("docs", "nix"))),
    ]
    lines = said(*ring, settings=replace(SETTINGS, doctor=None, resources=(*SETTINGS.resources, SETTINGS.resources[0])))
    for part in (
        "doctor: plan.yaml names no doctor",
        "resources: docs is there 2 times",
        "task c, id: 2 tasks have it",
        "task c, dependencies: there is no task x",
        "task c, verify.fast",
        "task c, test_paths",
        "task c, affected_tests",
        "task c, locks.writes: there is no resource nix",
        "task a, dependencies: they wait for each other: a, b",
    ):
        assert any(part in line for line in lines), f"{part} is not told: {lines}"
    assert said() == ["tasks: there is no task"]
