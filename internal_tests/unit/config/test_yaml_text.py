"""What YAML allows and a config file does not, and the lines that errors name."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from agency.domain.errors import AgencyError

Refuse = Callable[[str], AgencyError]


def test_a_key_written_twice_is_refused_at_its_second_line(refuse_repo: Refuse) -> None:
    error = refuse_repo("scripts:\n  setup:\n    path: a\n    path: b\n")
    assert (error.details["key"], error.details["line"]) == ("scripts.setup.path", 5)


def test_a_key_written_twice_is_refused_also_where_nothing_else_is_known(refuse_repo: Refuse) -> None:
    assert refuse_repo("later: {a: 1, a: 2}\n").details["key"] == "later.a"


def test_an_own_key_beside_a_merge_key_is_not_twice(refuse_repo: Refuse) -> None:
    # It is refused for the unknown key, which comes after all of that.
    error = refuse_repo("scripts:\n  setup: &s {path: a}\n  verify: {<<: *s, path: b}\nunknown: 1\n")
    assert error.details["key"] == "unknown"


def test_broken_yaml_is_refused_at_its_line(refuse_repo: Refuse) -> None:
    error = refuse_repo("scripts:\n  setup: {path: a\nrunners: {}\n")
    assert "not valid YAML" in error.message
    assert error.details["line"] == 4


def test_a_tab_as_indentation_is_told_apart(refuse_repo: Refuse) -> None:
    error = refuse_repo("scripts:\n\tsetup: {}\n")
    assert error.details["line"] == 3
    assert error.hint == "indent with spaces, not tabs"


def test_several_documents_are_refused_at_the_second(refuse_repo: Refuse) -> None:
    error = refuse_repo("---\nversion: 1\n")
    assert "more than one document" in error.message
    assert error.details["line"] == 2


def test_an_unknown_alias_is_refused(refuse_repo: Refuse) -> None:
    assert refuse_repo("\nscripts: *base\n").details["line"] == 3


@pytest.mark.parametrize("tag", ["!!binary aGk=", "!!python/name:os.system ''", "!own {}", "!!set {a}"])
def test_a_tag_is_refused(refuse_repo: Refuse, tag: str) -> None:
    error = refuse_repo(f"defaults:\n  runner: {tag}\n")
    assert "has the tag" in error.message
    assert (error.details["key"], error.details["line"]) == ("defaults.runner", 3)


@pytest.mark.parametrize("value", ["!!int abc", "!!int ''", "!!bool abc", "!!float x", "!!map x", "!!str [a]"])
def test_a_value_that_belies_its_tag_is_refused_at_its_line(refuse_repo: Refuse, value: str) -> None:
    assert refuse_repo(f"defaults:\n  runner: {value}\n").details["line"] == 3


@pytest.mark.parametrize(("key", "shown"), [("3", "3"), ("yes", "yes"), ("null", "null"), ("1.5", '"1.5"')])
def test_a_key_that_is_not_text_is_refused(refuse_repo: Refuse, key: str, shown: str) -> None:
    error = refuse_repo(f"\n{key}: x\n")
    assert (error.details["key"], error.details["line"]) == (shown, 3)


def test_a_key_that_is_a_list_is_refused(refuse_repo: Refuse) -> None:
    assert refuse_repo("? [a, b]\n: x\n").details["line"] == 2


def test_a_mapping_that_holds_itself_is_refused(refuse_repo: Refuse) -> None:
    assert refuse_repo("scripts: &a\n  setup: *a\n").details["key"] == "scripts.setup.setup"


def test_aliases_of_aliases_are_not_unfolded(refuse_repo: Refuse) -> None:
    names = [chr(ord("a") + number) for number in range(20)]
    lines = ["a: &a [x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in pairwise(names)]
    assert refuse_repo("\n".join(lines)).details["key"] == "a"


def test_deep_nesting_is_refused(refuse_repo: Refuse) -> None:
    assert "nested too deeply" in refuse_repo("a: " + "[" * 5000).message


def test_a_control_character_is_refused_at_its_line(refuse_repo: Refuse) -> None:
    assert refuse_repo("defaults:\n  runner: a\x07b\n").details["line"] == 3


def test_half_of_a_surrogate_pair_is_refused(refuse_repo: Refuse) -> None:
    assert refuse_repo('defaults: {runner: "\\ud800"}\n').details["key"] == "defaults.runner"
    assert "not valid text" in refuse_repo('"\\ud800": x\n').message
