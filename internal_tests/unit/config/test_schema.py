"""The JSON Schemas: sound in themselves, and saying the same as the rules."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.config.schema import job_schema, repo_schema, user_schema
from agency.config.value import Refused, Value
from agency.config.values import Name, RelativePath, ScriptTimeout, StepId, Text, VariableName

SCHEMAS = pytest.mark.parametrize("schema", [repo_schema(), user_schema(), job_schema()], ids=["repo", "user", "job"])


def nodes_of(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from nodes_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from nodes_of(inner)


@SCHEMAS
def test_it_names_its_dialect_and_is_json(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema


@SCHEMAS
def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    for node in nodes_of(schema):
        if isinstance(node.get("$ref"), str):
            assert node["$ref"].removeprefix("#/$defs/") in schema["$defs"]


@SCHEMAS
def test_every_section_and_key_is_described(schema: dict[str, Any]) -> None:
    for definition in schema["$defs"].values():
        assert definition["description"]
        for key, node in definition["properties"].items():
            assert "$ref" in node or node["description"], key


@SCHEMAS
def test_no_section_lets_unknown_keys_in(schema: dict[str, Any]) -> None:
    assert all(definition["additionalProperties"] is False for definition in schema["$defs"].values())


def test_only_the_repos_file_needs_a_version() -> None:
    assert repo_schema()["$defs"]["RepoFile"]["required"] == ["version"]
    assert user_schema()["$defs"]["UserFile"]["required"] == []


def test_a_price_needs_input_and_output() -> None:
    assert repo_schema()["$defs"]["Price"]["required"] == ["input", "output"]


def test_a_rule_about_failures_needs_pattern_and_means() -> None:
    assert repo_schema()["$defs"]["FailureRule"]["required"] == ["pattern", "means"]


def test_a_script_needs_one_of_path_and_command() -> None:
    assert repo_schema()["$defs"]["Script"]["oneOf"] == [{"required": ["path"]}, {"required": ["command"]}]


def accepts(kind: type[Value], raw: str) -> bool:
    try:
        kind(raw)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("kind", [RelativePath, Text, Name, VariableName, StepId])
@given(raw=st.text("a1_./~ -+=*"))
def test_the_pattern_accepts_what_the_rule_accepts(kind: type[Value], raw: str) -> None:
    in_schema = re.search(kind.json_schema["pattern"], raw) is not None
    if raw.strip():  # a path of nothing but blanks is refused by the rule alone
        assert in_schema == accepts(kind, raw)


@given(st.text("019.msh "))
def test_a_timeout_that_the_rule_accepts_fits_the_pattern(raw: str) -> None:
    if accepts(ScriptTimeout, raw):
        assert re.search(ScriptTimeout.json_schema["pattern"], raw)
