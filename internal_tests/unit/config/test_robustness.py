"""Whatever a file holds, it is accepted or refused as an invalid config, never anything else."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agency.config.document import Document
from agency.config.file import layer_of
from agency.config.job import read_job_file
from agency.config.json_text import parse_json
from agency.config.layers import effective_settings
from agency.config.schema import EitherFile, RepoFile, UserFile
from agency.config.yaml_text import parse_yaml
from agency.domain.errors import AgencyError

SHAPES = pytest.mark.parametrize("shape", [RepoFile, UserFile])

STRUCTURE = (
    "version: 1\n",
    "scripts:",
    "setup:",
    "path: a",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    ",",
    "? ",
    "--- ",
)
REFERENCES = ("&a ", "*a", "<<: ", "!!int ", "!!set ", "!x ", "%", "...")
SCALARS = ("'", '"', "\\", "\t", "#", "|", ">", "0x", "1:30", "~")
FRAGMENTS = st.lists(st.sampled_from((*STRUCTURE, *REFERENCES, *SCALARS))).map("".join)

SECTIONS = ("version", "scripts", "defaults", "runners", "tmux", "session", "worktree", "editors")
INNER_KEYS = (
    "setup",
    "path",
    "command",
    "timeout",
    "runner",
    "env",
    "env_passthrough",
    "startup_grace",
    "copy",
    "link",
)
JOB_KEYS = ("objective", "steps", "budgets", "publish", "id", "instructions", "check", "idle_timeout", "max_attempts")
KEYS = st.sampled_from((*SECTIONS, *INNER_KEYS, *JOB_KEYS, "a b", ""))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["1s", "a b", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def accepted_or_refused(document: Document, shape: type[EitherFile]) -> None:
    try:
        effective_settings([layer_of(document, shape)])
    except AgencyError as error:
        assert error.code == "E_INVALID_CONFIG"
        assert error.message.isprintable()
        assert int(str(error.details.get("line", 1))) >= 1


@SHAPES
@given(text=st.text() | FRAGMENTS)
def test_any_text_as_yaml(text: str, shape: type[EitherFile]) -> None:
    try:
        document = parse_yaml(text, "agency.yaml")
    except AgencyError as error:
        assert error.code == "E_INVALID_CONFIG"
        assert error.message.isprintable()
        return
    accepted_or_refused(document, shape)


@SHAPES
@given(text=st.text() | FRAGMENTS)
def test_any_text_as_json(text: str, shape: type[EitherFile]) -> None:
    try:
        document = parse_json(text, "agency.json")
    except AgencyError as error:
        assert error.code == "E_INVALID_CONFIG"
        return
    accepted_or_refused(document, shape)


@SHAPES
@given(sections=st.dictionaries(KEYS, VALUES))
def test_any_content_below_the_known_keys(sections: dict[str, Any], shape: type[EitherFile]) -> None:
    content = {"version": 1, **sections}
    accepted_or_refused(parse_yaml(yaml.safe_dump(content), "agency.yaml"), shape)
    accepted_or_refused(parse_json(json.dumps(content), "agency.json"), shape)


@given(top=st.dictionaries(KEYS, VALUES), steps=st.lists(st.dictionaries(KEYS, VALUES), max_size=3))
def test_any_content_below_the_known_keys_of_a_job(
    top: dict[str, Any], steps: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = {"objective": "x", "steps": [{"instructions": "y", **step} for step in steps], **top}
    files = (tmp_path_factory.getbasetemp() / "job.yaml", tmp_path_factory.getbasetemp() / "job.json")
    for file, text in zip(files, (yaml.safe_dump(content), json.dumps(content)), strict=True):
        told_as_a_job_or_refused(file, text)


def told_as_a_job_or_refused(file: Path, text: str) -> None:
    file.write_text(text)
    try:
        job = read_job_file(str(file))
    except AgencyError as error:
        assert error.code == "E_INVALID_JOB"
        assert error.message.isprintable()
        assert int(str(error.details.get("line", 1))) >= 1
    else:
        assert len({step.step_id for step in job.steps}) == len(job.steps) > 0
