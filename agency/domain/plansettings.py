"""What holds for a whole plan: where its work goes, how many tasks at once, what judges them, what they may cost."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from agency.domain.frozen import frozen

ENFORCEMENTS = ("off", "warn", "block")
FAILURE_POLICIES = ("retry", "fail_fast")
CLEANUPS = ("on_success", "never")
TEST_PATHS = (
    "**/__tests__/**",
    "**/tests/**",
    "**/*.test.*",
    "**/*.spec.*",
    "**/*_test.*",
    "**/*_spec.*",
    "**/test_*.py",
)


@frozen
class Resource:
    """A part of the repo that tasks lock by its name: the files that fit one of its path patterns."""

    name: str
    paths: tuple[str, ...]
    description: str = ""


@frozen
class Canary:
    """Whether the doctor is tried once more with ``variable`` set to 1, which an honest one has to fail with. ``warn``: one that
    does not is told as a warning, else as an error."""

    enabled: bool = True
    variable: str = "ORCH_CANARY"
    warn: bool = True


@frozen
class Limits:
    """What a plan may use. ``mode`` is ``warn`` or ``block``. Costs are US dollars; None: no limit."""

    mode: str = "warn"
    max_tokens_per_task: int | None = None
    max_cost_per_task: float | None = None
    max_tokens_per_run: int | None = None
    max_cost_per_run: float | None = None


@frozen
class ValidatorSettings:
    """One who judges the work of a task before it is merged. ``name`` is ``test``, ``style``, ``architecture`` or ``doctor``,
    ``mode`` one of :data:`ENFORCEMENTS`. It is a ``runner``, a ``command`` line for a shell, or (``mock``) a stand-in."""

    name: str
    mode: str = "warn"
    runner: str | None = None
    model: str | None = None
    command: str | None = None
    mock: bool = False
    timeout: float = 600.0
    options: Mapping[str, Any] = field(default_factory=dict)


@frozen
class PlanSettings:
    """The settings of a plan. Command lines are for a shell, times are seconds.

    ``branch`` is where the work goes (None: the branch that the repo's checkout stands on). ``max_dispatches`` counts the runs
    that a task may get, ``retry_delay`` goes before the second and doubles; ``max_rescopes`` counts how often a task may be given
    more to write. ``merge_group`` is how many finished tasks are judged together. ``budgets`` are those of the jobs, by their
    keys in a job file. ``control_plane`` and ``isolation`` are as they are written.
    """

    branch: str | None = None
    runner: str | None = None
    model: str | None = None
    max_parallel: int = 4
    max_dispatches: int = 3
    retry_delay: float = 5.0
    task_failure_policy: str = "retry"
    resources: tuple[Resource, ...] = ()
    fallback_resource: str = "repo-root"
    bootstrap: tuple[str, ...] = ()
    bootstrap_timeout: float = 1800.0
    doctor: str | None = None
    doctor_timeout: float = 1800.0
    lint: str | None = None
    lint_timeout: float = 600.0
    canary: Canary = field(default_factory=Canary)
    test_paths: tuple[str, ...] = TEST_PATHS
    manifest_enforcement: str = "warn"
    max_rescopes: int = 2
    merge_group: int = 1
    limits: Limits = field(default_factory=Limits)
    budgets: Mapping[str, float] = field(default_factory=dict)
    validators: tuple[ValidatorSettings, ...] = ()
    cleanup: str = "on_success"
    control_plane: Mapping[str, Any] = field(default_factory=dict)
    isolation: Mapping[str, Any] = field(default_factory=dict)
