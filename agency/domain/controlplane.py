"""The settings of the control plane: the components of a repo, and what follows from them for locks and checks."""

from collections.abc import Mapping
from dataclasses import field

from agency.domain.frozen import frozen

SCOPE_MODES = ("off", "shadow", "enforce")
LOCK_MODES = ("declared", "shadow", "derived")
CHECK_MODES = ("off", "report", "enforce")
SURFACE_CATEGORIES = ("contract", "config", "migration", "public-entrypoint")
SURFACE_PATTERNS: Mapping[str, tuple[str, ...]] = {
    "contract": (
        "**/openapi*.{json,yaml,yml}",
        "**/swagger*.{json,yaml,yml}",
        "**/*.{proto,graphql,graphqls,thrift,avsc,wsdl,xsd}",
        "**/*.schema.json",
        "**/contracts/**",
    ),
    "config": (
        "**/{package.json,pyproject.toml,go.mod,go.work,Cargo.toml}",
        "**/{package-lock.json,pnpm-lock.yaml,yarn.lock,uv.lock,poetry.lock,go.sum,Cargo.lock}",
        "**/requirements*.txt",
        "**/tsconfig*.json",
        "**/{Dockerfile,Makefile,docker-compose*.yml,compose*.yaml}",
        ".github/workflows/**",
    ),
    "migration": ("**/migrations/**", "**/migrate/**", "**/alembic/versions/**"),
    "public-entrypoint": ("**/src/{lib.rs,index.ts,index.tsx,index.js}", "**/index.d.ts", "**/src/*/__init__.py"),
}


@frozen
class ConfiguredComponent:
    """A component as it is configured: its directories, and the ids of the components that it needs."""

    id: str
    roots: tuple[str, ...]
    name: str | None = None
    depends_on: tuple[str, ...] = ()


@frozen
class Checks:
    """When the doctor of a task is one that looks at its components only. ``mode`` is one of :data:`CHECK_MODES`; command lines
    are for a shell. ``fallback_command`` stands in for the doctor of the task where it cannot be scoped."""

    mode: str = "off"
    commands_by_component: Mapping[str, str] = field(default_factory=dict)
    max_components_for_scoped: int = 3
    fallback_command: str | None = None


@frozen
class ControlPlane:
    """The settings. ``scope_mode`` is one of :data:`SCOPE_MODES`, ``lock_mode`` one of :data:`LOCK_MODES`."""

    enabled: bool = False
    component_resource_prefix: str = "component:"
    fallback_resource: str = "repo-root"
    scope_mode: str = "enforce"
    lock_mode: str = "declared"
    checks: Checks = field(default_factory=Checks)
    surface_patterns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(SURFACE_PATTERNS))
    surface_locks: bool = False
    components: tuple[ConfiguredComponent, ...] = ()

    def resource_of(self, component_id: str) -> str:
        """The name by which a task locks a component."""
        return f"{self.component_resource_prefix}{component_id}"

    def surface_of(self, component_id: str) -> str:
        """The name by which a task locks what others see of a component."""
        return f"surface:{component_id}"
