"""Manifests as files and back, the layouts of tasks, and the message of the commit of a task."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.config.plan import manifest_from, parse_manifest, read_plan_values, read_task, task_directories, values_of
from agency.domain.errors import AgencyError
from agency.domain.manifest import Access, Manifest, Verify, order_of, slug_of
from agency.domain.plansettings import PlanSettings
from agency.domain.taskjob import commit_message, job_of_task

PATTERNS = st.lists(
    st.text(st.sampled_from("ab/*-."), min_size=1, max_size=6).filter(
        lambda text: not text.startswith(("/", "./")) and ".." not in text.split("/") and text.strip()
    ),
    max_size=3,
)
ACCESS = st.fixed_dictionaries({}, optional={"reads": PATTERNS, "writes": PATTERNS})
LINES = st.sampled_from(["true", "make test", "a && b"])
VALUES = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,6}", fullmatch=True).filter(str.isascii),
        "name": st.from_regex(r"[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,3})?", fullmatch=True).filter(str.isascii),
        "description": st.sampled_from(["Do it", "Do\n  it  all", "é"]),
        "verify": st.fixed_dictionaries({"doctor": LINES}, optional={"fast": LINES, "lint": LINES}),
    },
    optional={
        "estimated_minutes": st.integers(1, 1000),
        "dependencies": st.lists(st.sampled_from(["001", "a"]), max_size=2),
        "locks": ACCESS,
        "files": ACCESS,
        "affected_tests": PATTERNS,
        "test_paths": PATTERNS,
        "tdd_mode": st.sampled_from(["off", "strict"]),
        "runner": st.just("demo"),
        "model": st.just("m1"),
    },
)
PLAIN = Manifest(task_id="001", name="add-form", description="Add a form", verify=Verify(doctor="true"), spec="Do it.")


@given(values=VALUES)
def test_a_manifest_is_the_same_after_it_was_written_and_read(values: dict[str, object]) -> None:
    manifest = parse_manifest(values, where="here", spec="s", directory="d")
    again = json.loads(json.dumps(values_of(manifest)))
    assert parse_manifest(again, where="here", spec="s", directory="d") == manifest
    assert manifest_from(again, spec="s", directory="d") == manifest
    for names in (manifest.locks.writes, manifest.files.reads, manifest.dependencies):
        assert list(names) == sorted(set(names))


def write_task(place: Path, task_id: str, *, name: str = "manifest.json", **more: object) -> None:
    """A directory of a task."""
    place.mkdir(parents=True)
    values = {"id": task_id, "name": "x", "description": "X", "verify": {"doctor": "true"}, **more}
    (place / name).write_text(json.dumps(values))
    (place / "spec.md").write_text("Do it.\n")


@pytest.mark.plan_case(3)
def test_tasks_are_found_flat_and_in_stages_but_not_in_the_archive(tmp_path: Path) -> None:
    write_task(tmp_path / "001-x", "001")
    write_task(tmp_path / "backlog" / "002-x", "002", name="manifest.yaml")
    write_task(tmp_path / "active" / "003-x", "003", name="manifest.yml")
    write_task(tmp_path / "archive" / "run" / "004-x", "004")
    (tmp_path / "notes").mkdir()
    found = [read_task(place).task_id for place in task_directories(str(tmp_path))]
    assert sorted(found) == ["001", "002", "003"]
    assert task_directories(str(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"id": "../x"}, "id"),
        ({"name": "Not Kebab"}, "name"),
        ({"files": {"writes": ["/etc/passwd"]}}, "files.writes"),
        ({"files": {"writes": ["a/../../b"]}}, "files.writes"),
        ({"tdd_mode": "sometimes"}, "tdd_mode"),
        ({"estimated_minutes": 0}, "estimated_minutes"),
        ({"verify": {"doctor": " "}}, "verify.doctor"),
        ({"lock": {}}, "lock"),
    ],
)
@pytest.mark.plan_case(20)
def test_a_manifest_that_is_wrong_is_refused_with_the_path_of_the_key(change: dict[str, object], key: str) -> None:
    values = {"id": "1", "name": "x", "description": "X", "verify": {"doctor": "true"}, **change}
    with pytest.raises(AgencyError) as refused:
        parse_manifest(values, where="here", spec="")
    assert refused.value.code == "E_INVALID_PLAN"
    assert key in f"{refused.value.message} {refused.value.details}"


@pytest.mark.plan_case(20)
def test_of_two_files_of_settings_the_later_one_wins_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\ndoctor: make\nmax_parallel: 2\nmanifest_enforcement: off\n")
    (tmp_path / "b.yaml").write_text("max_parallel: 3\n")
    files = [str(tmp_path / name) for name in ("a.yaml", "none.yaml", "b.yaml")]
    values = read_plan_values(files)
    assert (values["doctor"], values["max_parallel"], values["manifest_enforcement"]) == ("make", 3, "off")
    (tmp_path / "b.yaml").write_text("budgets: {max_tokens_per_task: none}\n")
    with pytest.raises(AgencyError) as refused:
        read_plan_values(files)
    assert "budgets.max_tokens_per_task" in f"{refused.value.message} {refused.value.details}"


@pytest.mark.plan_case(14)
@given(description=st.text(max_size=200), task_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", fullmatch=True))
def test_the_message_of_a_commit_has_a_short_subject_and_ends_with_the_trailer(description: str, task_id: str) -> None:
    flat = " ".join(description.split())
    message = commit_message(replace(PLAIN, task_id=task_id, description=flat))
    subject, _, rest = message.partition("\n")
    assert subject.startswith("add-form: ") and len(subject) <= 72
    assert message.endswith(f"\n\nTask: {task_id}\n") and message.count("\n\nTask: ") == 1
    assert flat in message
    assert rest.startswith("\n")


def test_strict_tdd_makes_two_steps_of_which_the_first_only_writes_tests_that_fail() -> None:
    manifest = replace(
        PLAIN, tdd_mode="strict", verify=Verify(doctor="d", fast="f", lint="l"), test_paths=("t/**",), spec="Spec."
    )
    tests, work = job_of_task(manifest, PlanSettings(), files=Access(writes=("src/**",)), context="Mind it.").steps
    assert [(one.name, one.must_fail) for one in tests.checks] == [("verify.fast", True)] and tests.only == ("t/**",)
    assert [(one.name, one.must_fail) for one in work.checks] == [
        ("verify.fast", False),
        ("lint", False),
        ("doctor", False),
    ]
    assert work.only == ()
    for step in (tests, work):
        assert "Spec." in step.instructions and "Mind it." in step.instructions and "src/**" in step.instructions
    (only,) = job_of_task(PLAIN, PlanSettings(lint="ll"), files=Access()).steps
    assert [one.line for one in only.checks] == ["ll", "true"]


@given(st.text())
def test_a_slug_is_fit_for_the_name_of_a_directory(name: str) -> None:
    slug = slug_of(name)
    assert slug and len(slug) <= 80 and set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug[0] != "-" != slug[-1]


@given(st.lists(st.text(st.sampled_from("012ab²٣"), min_size=1, max_size=4)))
def test_every_id_can_be_sorted(names: list[str]) -> None:
    numbers = [name for name in sorted(names, key=order_of) if name.isascii() and name.isdigit()]
    assert [int(name) for name in numbers] == sorted(int(name) for name in numbers)
