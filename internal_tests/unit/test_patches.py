"""Patches carry any tree exactly into any other, whatever git is configured to do."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agency.tools.git.changes import changes_of_trees
from agency.tools.git.command import Git
from agency.tools.git.patches import Patch, PatchMisfit, check_out, replay, write_patch

AWKWARD = """[diff]
  noprefix = true
  mnemonicPrefix = true
  renames = copies
  external = /bin/false
  suppressBlankEmpty = true
  context = 0
[core]
  autocrlf = true
  quotePath = false
[color]
  ui = always
  diff = always
[apply]
  whitespace = fix
  ignoreWhitespace = change
"""
Tree = dict[bytes, tuple[str, bytes]]
"""Path -> mode and content."""

_PART = st.one_of(
    st.sampled_from(
        [b"a", b"b", b"c d", b"x b", b"-r", b"tab\there", b"line\nend", b'"q"', b"\xff\xfe", b"\\", b"end "]
    ),
    st.binary(min_size=1, max_size=3).filter(lambda name: b"\0" not in name and b"/" not in name),
).filter(lambda name: name not in (b".", b"..") and not name.lower().startswith((b".git", b"git~")))
_PATH = st.lists(_PART, min_size=1, max_size=3).map(b"/".join)
_CONTENT = st.one_of(
    st.sampled_from(
        [b"", b"\n", b"no end", b"a\r\nb\r\n", b"a\nb \n\tc\n", b"\0\1\2\xff", b"diff --git a/x b/x\n", b"-- \n"]
    ),
    st.lists(st.sampled_from([b"one\n", b"two\n", b"three\r\n", b"\n", b" \n"]), max_size=12).map(b"".join),
    st.binary(max_size=40),
)
_FILE = st.tuples(st.sampled_from(["100644", "100755", "120000"]), _CONTENT)
_TREE = st.dictionaries(_PATH, _FILE, max_size=6)


@pytest.fixture(scope="module")
def git() -> Iterator[Git]:
    """A bare repository whose configuration does all it can to spoil a patch."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        (home / ".gitconfig").write_text(AWKWARD)
        environ = {"PATH": os.environ["PATH"], "HOME": place, "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", "init", "--quiet", "--bare", "repo"], cwd=place, env=environ, check=True)
        yield Git(environ=environ, git_dir=f"{place}/repo")


def write_objects(git: Git, files: Tree) -> str:
    """The tree object of ``files``, where those that stand where a directory must be give way."""
    kept = {path: file for path, file in files.items() if not any(other.startswith(path + b"/") for other in files)}
    lines = []
    for path, (mode, content) in kept.items():
        blob = git.do("hash-object", "-w", "--stdin", stdin=content).text
        lines.append(f"{mode} {blob}\t".encode() + path)
    with tempfile.TemporaryDirectory() as place:
        private = Git(environ=git.environ, git_dir=git.git_dir, variables={"GIT_INDEX_FILE": f"{place}/index"})
        private.do("update-index", "-z", "--index-info", stdin=b"\0".join((*lines, b"")))
        return private.say("write-tree")


def replayed(git: Git, base: str, patches: list[Patch]) -> str:
    """The tree that the patches lead to."""
    with tempfile.TemporaryDirectory() as place:
        return replay(git, base, patches, index=f"{place}/index", between=lambda: None)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@example(steps=[{}, {b"end /a": ("100644", b"")}, {b"end /a": ("100755", b""), b"a/b": ("100644", b"x")}, {}])
@given(steps=st.lists(_TREE, min_size=2, max_size=4))
def test_patches_lead_from_any_tree_to_any_other(git: Git, steps: list[Tree]) -> None:
    base, *trees = [write_objects(git, files) for files in steps]
    befores = [base, *trees]
    patches = [Patch(content=write_patch(git, befores[n], tree), after=tree) for n, tree in enumerate(trees)]
    assert replayed(git, base, patches) == trees[-1]
    for before, after in zip(befores, trees, strict=False):
        changes = changes_of_trees(git, before, after)
        assert [os.fsencode(change.path) for change in changes] == sorted(os.fsencode(c.path) for c in changes)
        assert (changes == ()) == (before == after)


def test_equal_trees_have_an_empty_patch_that_changes_nothing(git: Git) -> None:
    tree = write_objects(git, {b"a": ("100644", b"one\n")})
    assert write_patch(git, tree, tree) == b""
    assert replayed(git, tree, [Patch(content=b"", after=tree)]) == tree


def test_a_patch_that_leads_elsewhere_or_cannot_be_applied_is_told_with_both_trees(git: Git) -> None:
    one, two, three = (write_objects(git, {b"a": ("100644", content)}) for content in (b"one\n", b"two\n", b"three\n"))
    patch = write_patch(git, one, two)
    with pytest.raises(PatchMisfit) as misfit:
        replayed(git, one, [Patch(content=patch, after=three)])
    assert (misfit.value.number, misfit.value.expected, misfit.value.found) == (0, three, two)
    with pytest.raises(PatchMisfit) as misfit:
        replayed(git, one, [Patch(content=patch, after=two), Patch(content=patch, after=two)])
    assert (misfit.value.number, misfit.value.found) == (1, None)


def test_a_patch_cannot_leave_the_tree(git: Git) -> None:
    tree = write_objects(git, {b"a": ("100644", b"one\n")})
    for path in ("../escaped", ".git/config", "a/../../escaped"):
        evil = (
            f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+evil\n"
        )
        with pytest.raises(PatchMisfit):
            replayed(git, tree, [Patch(content=evil.encode(), after=tree)])


def test_a_tree_is_checked_out_beside_with_an_index_of_its_own(git: Git, tmp_path: Path) -> None:
    files: Tree = {
        b"plain": ("100644", b"one\n"),
        b"deep/run.sh": ("100755", b"#!/bin/sh\n"),
        b"link": ("120000", b"plain"),
        b"\xff": ("100644", b"\0"),
    }
    tree = write_objects(git, files)
    place = tmp_path / "tree"
    check_out(git, tree, str(place), index=str(tmp_path / "index"))
    assert (place / "deep" / "run.sh").stat().st_mode & 0o100
    assert os.readlink(place / "link") == "plain"
    assert (os.fsencode(place) + b"/\xff",) == tuple(
        os.path.join(os.fsencode(place), name) for name in os.listdir(os.fsencode(place)) if name == b"\xff"
    )
