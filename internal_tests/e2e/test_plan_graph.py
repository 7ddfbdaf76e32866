"""``agency plan graph``: the components of a commit, what follows from them, and the cache that is worth nothing."""

import json
import shutil

import pytest

from internal_tests.support.world import World

FILES = {
    "package.json": json.dumps({"name": "all", "workspaces": ["packages/*"]}),
    "packages/core/package.json": json.dumps({"name": "@acme/core"}),
    "packages/core/index.js": "export const answer = 42\n",
    "packages/api/package.json": json.dumps({"name": "@acme/api", "dependencies": {"@acme/core": "*"}}),
    "packages/web/package.json": json.dumps({"name": "@acme/web", "dependencies": {"@acme/api": "*"}}),
    "packages/web/page.js": "// the answer\n",
    "plan.yaml": "control_plane:\n  enabled: true\n  checks: {mode: report, commands_by_component: {acme-web: make web}}\n",
}


@pytest.mark.plan_case(22)
def test_the_components_of_a_commit_and_what_follows_from_them(world: World) -> None:
    first = world.commit(FILES)

    def data(*words: str) -> dict[str, object]:
        found = world.ok("plan", "graph", *words, "--json").data
        assert isinstance(found, dict)
        return found

    ids = [one["id"] for one in world.ok("plan", "graph", "components", "--json").data]
    assert {"acme-api", "acme-core", "acme-web"} < set(ids)
    assert data("info")["lock_mode"] == "derived"
    assert world.ok("plan", "graph", "owner", "packages/api/new.js").out == "acme-api\n"
    assert data("owner", "README.md")["resource"] == "component:root"
    assert data("component", "acme-api")["rdeps"] == ["acme-web"]
    assert world.ok("plan", "graph", "deps", "acme-web", "--transitive").out == "acme-api\nacme-core\n"
    assert data("rdeps", "acme-core")["rdeps"] == ["acme-api"]
    assert data("locks", "packages/web/new/**")["writes"] == ["component:acme-web"]
    assert data("tier", "packages/web/page.js")["command"] == "make web"
    assert data("tier", "packages/core/package.json")["fallback_reason"] == "surface_change"
    hits = data("search", "answer", "--glob", "packages/**")["hits"]
    assert [hit["component"] for hit in hits] == ["acme-core", "acme-web"]  # type: ignore[attr-defined]

    # What is not committed is no part of the model, and is what --changed is about.
    repo = world.repo
    (repo / "packages/web/package.json").unlink()
    (repo / "packages/api/new.js").write_text("new\n")
    assert data("blast", "--changed")["changed_files"] == ["packages/api/new.js", "packages/web/package.json"]
    assert data("blast", "packages/api/x.js")["impacted_components"] == ["acme-api", "acme-web"]
    world.git("checkout", "--", ".")
    world.git("rm", "-rq", "packages/web")
    world.commit({"packages/core/more.js": "more\n"})
    against = data("blast", "--against", first)
    assert against["touched_components"] == ["acme-api", "acme-core", "root"]  # what was removed has no other owner now
    assert against["widening_reasons"] == ["unmapped_paths"]
    assert "acme-web" not in str(world.ok("plan", "graph", "components").out)
    assert data("component", "acme-web", "--at", first)["id"] == "acme-web"

    unknown = world.agency("plan", "graph", "deps", "acme-wbe", "--json")
    assert (unknown.code, unknown.error["code"]) == (1, "E_COMPONENT_NOT_FOUND")
    assert world.agency("plan", "graph", "owner", "x", "--at", "nowhere").code == 2
    assert world.agency("plan", "graph", "blast").code == 2
    assert world.agency("plan", "graph", "owner", "../x").code == 2


def test_a_model_is_kept_where_the_repo_is_known_and_made_again_when_it_is_lost_or_broken(world: World) -> None:
    world.commit(FILES)
    words = ("plan", "graph", "components", "--json")
    expected = world.ok(*words).data
    assert not list(world.data.glob("repos/*/models"))  # only looking makes no repo known
    world.run("known")
    builders = [world.spawn(*words) for _ in range(4)]
    for builder in builders:
        out, _ = builder.communicate(timeout=60)
        assert (builder.returncode, json.loads(out)["data"]) == (0, expected)
    (kept,) = world.data.glob("repos/*/models/*")
    whole = kept.read_bytes()
    for broken in (whole[:50], b"", b"[]", b'{"schema_version": 1}', b'{"schema_version": 0}'):
        kept.write_bytes(broken)
        assert world.ok(*words).data == expected
        assert kept.read_bytes() == whole
    shutil.rmtree(kept.parent)
    assert world.ok(*words).data == expected
    kept.write_bytes(whole.replace(b"acme-api", b"acme-was"))
    assert "acme-was" in world.ok("plan", "graph", "components").out  # it was not read again
