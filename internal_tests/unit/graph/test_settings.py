"""The key ``control_plane`` of plan.yaml."""

import json
from pathlib import Path

import pytest

from agency.config.controlplane import controlplane_from, controlplane_of
from agency.config.plan import read_plan_values, settings_from
from agency.domain.controlplane import SURFACE_PATTERNS, Checks, ConfiguredComponent, ControlPlane
from agency.domain.errors import AgencyError

WHOLE = """
fallback_resource: everything
control_plane:
  enabled: true
  component_resource_prefix: "part:"
  scope_mode: off
  lock_mode: shadow
  checks:
    mode: enforce
    commands_by_component: {api: make api}
    max_components_for_scoped: 2
    fallback_command: make most
  surface_patterns:
    contract: [api/*.json]
    public-entrypoint: [lib/main.py]
  surface_locks: {enabled: true}
  components:
    - {id: api, roots: [./services/api/, db], depends_on: [core]}
    - {id: top, roots: [.], name: The rest}
"""


def test_everything_that_can_be_said_is_read_and_survives_being_kept(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(WHOLE)
    values = read_plan_values([str(file)])
    for kept in (values, json.loads(json.dumps(values))):
        assert controlplane_of(settings_from(kept)) == ControlPlane(
            enabled=True,
            component_resource_prefix="part:",
            fallback_resource="everything",
            scope_mode="off",
            lock_mode="shadow",
            checks=Checks(
                mode="enforce",
                commands_by_component={"api": "make api"},
                max_components_for_scoped=2,
                fallback_command="make most",
            ),
            surface_patterns={
                **SURFACE_PATTERNS,
                "contract": ("api/*.json",),
                "public-entrypoint": ("lib/main.py",),
            },
            surface_locks=True,
            components=(
                ConfiguredComponent(id="api", roots=("services/api", "db"), depends_on=("core",)),
                ConfiguredComponent(id="top", roots=("",), name="The rest"),
            ),
        )


def test_locks_are_derived_where_it_is_enabled_and_nothing_else_is_said() -> None:
    assert controlplane_from({}) == ControlPlane()
    assert controlplane_from({"enabled": True}).lock_mode == "derived"
    assert controlplane_from({"enabled": True, "lock_mode": "declared"}).lock_mode == "declared"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("{enabeld: true}", "control_plane.enabeld"),
        ("{enabled: 1}", "control_plane.enabled"),
        ("{scope_mode: maybe}", "control_plane.scope_mode"),
        ("{checks: {max_components_for_scoped: 0}}", "control_plane.checks.max_components_for_scoped"),
        ("{components: [{id: a, roots: [../x]}]}", "control_plane.components[0].roots[0]"),
        ("{components: [{id: a, roots: [x/*]}]}", "control_plane.components[0].roots[0]"),
        ("{components: [{id: a}]}", "control_plane.components[0].roots"),
        ("{surface_patterns: {api: [x]}}", "control_plane.surface_patterns.api"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(f"control_plane: {text}\n")
    with pytest.raises(AgencyError) as caught:
        read_plan_values([str(file)])
    assert caught.value.code == "E_INVALID_PLAN"
    assert key in str(caught.value.details.get("key", "")) or key in caught.value.message
