"""The files of a plan into what they describe: ``plan.yaml`` into settings, the directories of tasks into manifests."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from agency.config.document import Document
from agency.config.file import plain
from agency.config.planschema import ManifestFile, PlanFile
from agency.config.read import read_document
from agency.config.validate import validate
from agency.domain.errors import AgencyError
from agency.domain.manifest import Access, Manifest, Verify
from agency.domain.plansettings import Canary, Limits, PlanSettings, Resource, ValidatorSettings

PLAN_FILE = "plan.yaml"
MANIFESTS = ("manifest.json", "manifest.yaml", "manifest.yml")
SPEC = "spec.md"
STAGES = ("", "backlog", "active")
"""Where below its ``tasks`` a plan keeps the directories of tasks that are to be done."""


def settings_from(values: Mapping[str, Any]) -> PlanSettings:
    """The settings of the values of a plan file, as they are read from one, or kept in a record."""
    plain_values = {key: value for key, value in values.items() if key not in ("version", *_SHAPED)}
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in plain_values.items()
    }
    if "resources" in values:
        given["resources"] = tuple(
            Resource(name=one["name"], paths=tuple(one["paths"]), description=one.get("description") or "")
            for one in values["resources"]
        )
    canary = values.get("doctor_canary") or {}
    return PlanSettings(
        **given,
        canary=Canary(
            enabled=canary.get("mode", "env") == "env",
            variable=canary.get("env_var", Canary().variable),
            warn=canary.get("warn_on_unexpected_pass", True),
        ),
        limits=Limits(**(values.get("budgets") or {})),
        budgets=dict(values.get("healing") or {}),
        validators=tuple(
            _validator(name, values["validators"][name])
            for name in ("test", "style", "architecture", "doctor")
            if (values.get("validators") or {}).get(name, {}).get("enabled", name in (values.get("validators") or {}))
        ),
    )


_SHAPED = ("resources", "doctor_canary", "budgets", "healing", "validators")


def _validator(name: str, values: Mapping[str, Any]) -> ValidatorSettings:
    known = ("mode", "runner", "model", "command", "mock", "timeout")
    return ValidatorSettings(
        name=name,
        **{key: values[key] for key in known if key in values},
        options={key: value for key, value in values.items() if key not in (*known, "enabled")},
    )


def read_plan_values(files: Iterable[str]) -> dict[str, Any]:
    """What ``files`` say, as plain values: of two a later one wins, key by key, and one that is not there says nothing.

    Raises E_INVALID_PLAN with file, line and key path.
    """
    values: dict[str, Any] = {}
    for file in files:
        if os.path.lexists(file):
            values |= plain(_validated(file, PlanFile))
    return values


def task_directories(tasks: str) -> list[str]:
    """The directories of the tasks below the directory ``tasks``, flat or in stages, in order of their names."""
    found = []
    for stage in STAGES:
        place = f"{tasks}/{stage}" if stage else tasks
        try:
            names = sorted(os.listdir(place))
        except (FileNotFoundError, NotADirectoryError):
            continue
        found += [f"{place}/{name}" for name in names if _manifest_in(f"{place}/{name}") is not None]
    return found


def read_task(directory: str) -> Manifest:
    """The task in a directory: its manifest and the ``spec.md`` beside it. Raises E_INVALID_PLAN with file, line and key path."""
    file = _manifest_in(directory)
    if file is None:
        raise AgencyError("E_INVALID_PLAN", f"{directory} holds no manifest", hint=f"write {directory}/{MANIFESTS[0]}")
    values = plain(_validated(file, ManifestFile))
    try:
        with open(f"{directory}/{SPEC}", encoding="utf-8") as stream:
            spec = stream.read()
    except (OSError, UnicodeDecodeError):
        raise AgencyError(
            "E_INVALID_PLAN",
            f"task {values['id']} has no {SPEC} that can be read",
            hint=f"write what is to be done into {directory}/{SPEC}",
            file=f"{directory}/{SPEC}",
        ) from None
    return manifest_from(values, spec=spec, directory=os.path.basename(directory))


def parse_manifest(value: object, *, where: str, spec: str, directory: str = "") -> Manifest:
    """The task of a JSON value that somebody else made, told as ``where`` in errors. Raises E_INVALID_PLAN with the key path."""
    document = Document(file=where, value=value, line_of=lambda path: 1)
    try:
        values = plain(validate(document, ManifestFile))
    except AgencyError as error:
        raise _of_plan(error) from error
    return manifest_from(values, spec=spec, directory=directory)


def manifest_from(values: Mapping[str, Any], *, spec: str, directory: str = "") -> Manifest:
    """The task of the plain values of a manifest, in normal form: sorted, each once."""
    verify = values["verify"]
    return Manifest(
        task_id=values["id"],
        name=values["name"],
        description=" ".join(values["description"].split()),
        verify=Verify(doctor=verify["doctor"], fast=verify.get("fast"), lint=verify.get("lint")),
        estimated_minutes=values.get("estimated_minutes", 30),
        dependencies=_each_once(values.get("dependencies")),
        locks=_access(values.get("locks")),
        files=_access(values.get("files")),
        affected_tests=_each_once(values.get("affected_tests")),
        test_paths=_each_once(values.get("test_paths")),
        tdd_mode=values.get("tdd_mode", "off"),
        runner=values.get("runner"),
        model=values.get("model"),
        isolation=values.get("isolation"),
        directory=directory,
        spec=spec,
    )


def values_of(manifest: Manifest) -> dict[str, Any]:
    """The plain values of a task, as a manifest holds them; what is not set is left out."""
    verify = {"doctor": manifest.verify.doctor, "fast": manifest.verify.fast, "lint": manifest.verify.lint}
    values: dict[str, Any] = {
        "id": manifest.task_id,
        "name": manifest.name,
        "description": manifest.description,
        "estimated_minutes": manifest.estimated_minutes,
        "dependencies": list(manifest.dependencies),
        "locks": {"reads": list(manifest.locks.reads), "writes": list(manifest.locks.writes)},
        "files": {"reads": list(manifest.files.reads), "writes": list(manifest.files.writes)},
        "affected_tests": list(manifest.affected_tests),
        "test_paths": list(manifest.test_paths),
        "tdd_mode": manifest.tdd_mode,
        "verify": {key: value for key, value in verify.items() if value is not None},
    }
    for key in ("runner", "model", "isolation"):
        if (value := getattr(manifest, key)) is not None:
            values[key] = value
    if not manifest.dependencies:
        del values["dependencies"]
    return values


def _access(values: Mapping[str, Any] | None) -> Access:
    given = values or {}
    return Access(reads=_each_once(given.get("reads")), writes=_each_once(given.get("writes")))


def _each_once(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(sorted({value.strip() for value in values or ()}))


def _manifest_in(directory: str) -> str | None:
    return next((path for name in MANIFESTS if os.path.isfile(path := f"{directory}/{name}")), None)


def _validated(file: str, shape: Any) -> Any:
    try:
        return validate(read_document(file), shape)
    except AgencyError as error:
        raise _of_plan(error) from error


def _of_plan(error: AgencyError) -> AgencyError:
    return AgencyError("E_INVALID_PLAN", error.message, hint=error.hint, **error.details)
