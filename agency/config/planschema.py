"""The shapes of the files of a plan: ``plan.yaml`` and the manifests of its tasks."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from agency.config.controlplane import ControlPlaneShape
from agency.config.isolationvalues import Backend
from agency.config.planvalues import (
    BudgetMode,
    CanaryMode,
    Cleanup,
    Enforcement,
    FailurePolicy,
    Glob,
    KebabName,
    Minutes,
    Seconds,
    ShellLine,
    TaskId,
    TddMode,
    Tokens,
)
from agency.config.schema import Budgets, JobIsolation, Maybe, json_schema, says
from agency.config.values import Attempts, Count, Dollars, Flag, Name, Text, VariableName, Version


class ResourceShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of the repo that tasks lock by its name."""

    name: Name
    paths: Annotated[list[Glob], Meta(min_length=1, max_length=1000, description="The files that belong to it.")]
    description: Maybe[Text] = UNSET


class CanaryShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whether the doctor is tried once more with a variable set, which it has to fail with."""

    mode: Maybe[CanaryMode] = UNSET
    env_var: Maybe[VariableName] = UNSET
    warn_on_unexpected_pass: Maybe[Flag] = UNSET


class LimitsShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the plan may use; costs are US dollars."""

    mode: Maybe[BudgetMode] = UNSET
    max_tokens_per_task: Maybe[Tokens] = UNSET
    max_cost_per_task: Maybe[Dollars] = UNSET
    max_tokens_per_run: Maybe[Tokens] = UNSET
    max_cost_per_run: Maybe[Dollars] = UNSET


class ValidatorShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """One who judges the work of a task: a runner, a command, or a stand-in (``mock``)."""

    enabled: Maybe[Flag] = UNSET
    mode: Maybe[Enforcement] = UNSET
    runner: Maybe[Text] = UNSET
    model: Maybe[Text] = UNSET
    command: Maybe[ShellLine] = UNSET
    mock: Maybe[Flag] = UNSET
    timeout: Maybe[Seconds] = UNSET
    run_every_n_tasks: Maybe[Annotated[Attempts, says("Of the doctor validator: how many merged tasks.")]] = UNSET
    docs_glob: Maybe[Annotated[Glob, says("Of the architecture validator: which files are its documents.")]] = UNSET
    fail_if_docs_missing: Maybe[Flag] = UNSET


class ValidatorsShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who judges the work before it is merged, in this order."""

    test: Maybe[ValidatorShape] = UNSET
    style: Maybe[ValidatorShape] = UNSET
    architecture: Maybe[ValidatorShape] = UNSET
    doctor: Maybe[ValidatorShape] = UNSET


class PlanFile(Struct, forbid_unknown_fields=True, kw_only=True):
    """plan.yaml: what holds for the plans of a repo."""

    version: Maybe[Version] = UNSET
    branch: Maybe[Annotated[Text, says("Where the work goes; the branch you stand on without it.")]] = UNSET
    runner: Maybe[Annotated[Text, says("The name of the runner.")]] = UNSET
    model: Maybe[Annotated[Text, says("The model that the runner uses.")]] = UNSET
    max_parallel: Maybe[Annotated[Attempts, says("How many tasks are worked on at once.")]] = UNSET
    max_dispatches: Maybe[Annotated[Attempts, says("How many runs a task may get.")]] = UNSET
    retry_delay: Maybe[Annotated[Seconds, says("What goes before the second run of a task; it doubles.")]] = UNSET
    task_failure_policy: Maybe[FailurePolicy] = UNSET
    resources: Maybe[list[ResourceShape]] = UNSET
    fallback_resource: Maybe[Annotated[Name, says("The resource of files that belong to no other.")]] = UNSET
    bootstrap: Maybe[Annotated[list[ShellLine], says("What makes a worktree ready for work.")]] = UNSET
    bootstrap_timeout: Maybe[Seconds] = UNSET
    doctor: Maybe[Annotated[ShellLine, says("Judges the whole, with finished tasks in it, before it is merged.")]] = (
        UNSET
    )
    doctor_timeout: Maybe[Seconds] = UNSET
    doctor_canary: Maybe[CanaryShape] = UNSET
    lint: Maybe[Annotated[ShellLine, says("Goes before the doctor of each task that names none.")]] = UNSET
    lint_timeout: Maybe[Seconds] = UNSET
    test_paths: Maybe[Annotated[list[Glob], says("Which files are tests.")]] = UNSET
    manifest_enforcement: Maybe[
        Annotated[Enforcement, says("What follows when a task wrote what it had not declared.")]
    ] = UNSET
    max_rescopes: Maybe[Annotated[Count, says("How often a task may be given more to write.")]] = UNSET
    merge_group: Maybe[Annotated[Attempts, says("How many finished tasks are judged and merged together.")]] = UNSET
    budgets: Maybe[LimitsShape] = UNSET
    healing: Maybe[Budgets] = UNSET
    validators: Maybe[ValidatorsShape] = UNSET
    cleanup: Maybe[Cleanup] = UNSET
    control_plane: Maybe[ControlPlaneShape] = UNSET
    isolation: Maybe[JobIsolation] = UNSET


class AccessShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is read and what is written."""

    reads: Maybe[list[Glob]] = UNSET
    writes: Maybe[list[Glob]] = UNSET


class VerifyShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """What accepts the work."""

    doctor: ShellLine
    fast: Maybe[ShellLine] = UNSET
    lint: Maybe[ShellLine] = UNSET


class ManifestFile(Struct, forbid_unknown_fields=True, kw_only=True):
    """manifest.json or manifest.yaml: one task of a plan."""

    id: TaskId
    name: KebabName
    description: Text
    verify: VerifyShape
    estimated_minutes: Maybe[Minutes] = UNSET
    dependencies: Maybe[list[TaskId]] = UNSET
    locks: Maybe[AccessShape] = UNSET
    files: Maybe[AccessShape] = UNSET
    affected_tests: Maybe[list[Glob]] = UNSET
    test_paths: Maybe[list[Glob]] = UNSET
    tdd_mode: Maybe[TddMode] = UNSET
    runner: Maybe[Text] = UNSET
    model: Maybe[Text] = UNSET
    isolation: Maybe[Backend] = UNSET


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``plan.yaml``."""
    return json_schema(PlanFile)


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a manifest."""
    return json_schema(ManifestFile)
