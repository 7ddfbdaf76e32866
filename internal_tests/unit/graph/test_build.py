"""From the manifests and files of a commit to its components."""

import json
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from agency.domain.blast import blast
from agency.domain.components import Model, deps, owner
from agency.domain.controlplane import ConfiguredComponent
from agency.plans.graph.build import build_model, is_manifest
from agency.plans.graph.record import model_of, record_of


def built(files: Mapping[str, str], *configured: ConfiguredComponent) -> Model:
    """The model of a commit that holds the files."""
    manifests = {path: text.encode() for path, text in files.items() if is_manifest(path)}
    return build_model("c", list(files), manifests, configured)


def needs(model: Model) -> dict[str, list[str]]:
    """What each component needs, without those that need nothing."""
    return {one: sorted(found) for one in model.components if (found := deps(model, one))}


def package(name: str, *wanted: str, **more: object) -> str:
    """A package.json."""
    return json.dumps({"name": name, "dependencies": dict.fromkeys(wanted, "*"), **more})


def test_npm_workspaces_are_components_and_others_below_them_are_not() -> None:
    model = built(
        {
            "package.json": json.dumps({"name": "all", "workspaces": {"packages": ["packages/*", "!packages/old"]}}),
            "packages/ui/package.json": package("@acme/ui", "core", "react"),
            "packages/core/package.json": package("core"),
            "packages/old/package.json": package("old", "core"),
            "packages/ui/demo/package.json": package("demo"),
            "packages/ui/node_modules/x/package.json": package("x"),
        }
    )
    assert {one: component.roots for one, component in model.components.items()} == {
        "acme-ui": ("packages/ui",), "core": ("packages/core",), "packages": ("packages",), "root": ("",),
    }  # fmt: skip
    assert needs(model) == {"acme-ui": ["core"]}


def test_python_projects_find_each_other_by_name_and_by_path() -> None:
    model = built(
        {
            "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
            "libs/core/pyproject.toml": '[project]\nname = "My_Core"\n',
            "libs/web/pyproject.toml": '[project]\nname = "web"\ndependencies = ["my-core[fast]>=1; python_version>\'3\'"]\n',
            "libs/cli/pyproject.toml": '[tool.poetry]\nname = "cli"\n[tool.poetry.dependencies]\nanything = {path = "../web"}\n',
            "libs/dev/pyproject.toml": '[project]\nname = "dev"\n[dependency-groups]\nt = ["my.core", {include-group = "x"}]\n',
        }
    )
    assert needs(model) == {"cli": ["web"], "dev": ["my-core"], "web": ["my-core"]}


def test_go_modules_find_each_other_by_module_and_by_replacement() -> None:
    model = built(
        {
            "core/go.mod": "module example.com/acme/core/v2 // the core\n\ngo 1.22\n",
            "api/go.mod": 'module example.com/acme/api\nrequire (\n\t"example.com/acme/core/v2" v2.0.0\n\to.org/x v1.0.0\n)\n',
            "web/go.mod": "module example.com/acme/web\nrequire some.where/api v0.0.0\nreplace some.where/api => ../api\n",
        }
    )
    assert needs(model) == {"api": ["core"], "web": ["api"]}


def test_crates_find_each_other_by_path_by_workspace_and_by_name() -> None:
    model = built(
        {
            "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n',
            "crates/core/Cargo.toml": '[package]\nname = "core"\n',
            "crates/a/Cargo.toml": '[package]\nname = "a"\n[dependencies]\nanything = {path = "../core"}\nserde = "1"\n',
            "crates/b/Cargo.toml": "[package]\nname = 'b'\n[target.'cfg(unix)'.dependencies]\ncore = {workspace = true}\n",
            "crates/c/Cargo.toml": "[package]\nname = 'c'\n[dev-dependencies]\nrenamed = {package = 'core', version = '1'}\n",
        }
    )
    assert needs(model) == {"a": ["core"], "b": ["core"], "c": ["core"]}
    assert {edge.source: edge.confidence for edge in model.edges} == {"a": "high", "b": "high", "c": "medium"}


def test_what_is_configured_goes_before_manifests_and_these_before_folders() -> None:
    model = built(
        {
            "services/api/package.json": package("api", "ui"),
            "ui/package.json": package("ui"),
            "docs/index.md": "",
            "db/migrations/1.sql": "",
            ".github/workflows/ci.yml": "",
            "README.md": "",
        },
        ConfiguredComponent(id="backend", roots=("services", "db"), depends_on=("docs", "nothing")),
    )
    assert {one.id: one.source for one in model.components.values()} == {
        "backend": "config", "docs": "folder", "root": "rest", "ui": "package.json",
    }  # fmt: skip
    assert needs(model) == {"backend": ["docs", "ui"]}
    assert owner(model, "db/migrations/2.sql").id == "backend"
    assert owner(model, ".github/workflows/ci.yml").id == "root"
    assert model.notes == ("component backend depends on nothing, which is not there",)


def test_two_packages_of_one_name_are_told_apart() -> None:
    model = built({"a/package.json": package("same"), "b/pyproject.toml": '[project]\nname = "Same"\n'})
    assert owner(model, "a/x").id == "same" and owner(model, "b/x").id == "same-2"


def test_a_folder_beside_a_package_in_it_is_a_component_too() -> None:
    model = built(
        {"tests/tool/package.json": package("tool"), "tests/test_a.py": "", "pyproject.toml": '[project]\nname="p"\n'}
    )
    assert [owner(model, path).id for path in ("tests/x", "tests/tool/x", "x")] == ["tests", "tool", "p"]
    assert needs(model) == {"tests": ["p"]}


def test_a_manifest_that_cannot_be_read_is_told_and_nothing_is_taken_for_granted() -> None:
    files = {"a/package.json": "{", "b/package.json": package("b"), "c/package.json": package("c", "b")}
    model = built(files)
    assert len(model.notes) == 1 and model.notes[0].startswith("a/package.json cannot be read")
    assert owner(model, "a/x").id == "a"
    assert blast(model, ["b/x"]).widened == ("low_confidence_edges",)
    assert "missing_dependency_graph" in blast(model, ["a/x"]).widened


@given(
    st.dictionaries(
        st.sampled_from([f"{place}{name}" for place in ("", "a/", "a/b/", "c/") for name in
                         ("package.json", "pyproject.toml", "go.mod", "Cargo.toml", "x.txt")]),
        st.one_of(
            st.binary(max_size=30),
            st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
                st.sampled_from(["name", "workspaces", "dependencies", "packages"]), inner, max_size=3), max_leaves=6,
            ).map(lambda value: json.dumps(value).encode()),
        ),
    )
)  # fmt: skip
def test_whatever_the_manifests_hold_there_is_a_model_that_can_be_kept(files: dict[str, bytes]) -> None:
    model = build_model("c", list(files), {path: text for path, text in files.items() if is_manifest(path)}, ())
    assert model_of(json.loads(json.dumps(record_of(model)))) == model
    assert all(owner(model, path) for path in files)
