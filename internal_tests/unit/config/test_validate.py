"""What the shapes and rules refuse, and how the error says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agency.config.document import written
from agency.config.schema import RepoFile
from agency.config.validate import validate
from agency.config.yaml_text import parse_yaml
from agency.domain.errors import AgencyError
from agency.domain.settings import Settings

Refuse = Callable[[str], AgencyError]

WHOLE_FILE: dict[str, Any] = {
    "version": 1,
    "defaults": {"runner": "fast"},
    "runners": {
        "slow": {"command": ["claude"]},
        "own": {
            "command": ["agent"],
            "start": ["--id", "{thread_id}"],
            "resume": ["--resume", "{thread_id}"],
            "fork": ["--fork", "{thread_id}"],
            "headless": ["-p", "{prompt}"],
            "headless_resume": ["-p", "--resume", "{thread_id}"],
            "thread_pattern": "id: (.*)",
            "state_patterns": {"working": ["busy"], "waiting": ["y/n"], "done": ["> $"]},
            "trust_worktrees": True,
        },
        "fast": {"command": ["codex"], "env": {"A": "b"}, "env_passthrough": ["LANG"]},
    },
    "notify": {"when": ["done"], "command": ["say"], "bell": True, "desktop": False},
    "prices": {"small": {"input": 1, "cached_input": 0.1, "output": 4.5}},
    "scripts": {"setup": {"path": "setup.sh"}, "verify": {"command": "make"}},
    "session": {"startup_grace": "1s"},
    "tmux": {"socket": "default"},
    "worktree": {"copy": [".env"], "link": ["node_modules"]},
}
CLOSED_MAPPINGS: list[tuple[str, ...]] = [
    (),
    ("defaults",),
    ("runners", "slow"),
    ("runners", "fast"),
    ("runners", "own"),
    ("runners", "own", "state_patterns"),
    ("notify",),
    ("prices", "small"),
    ("scripts",),
    ("scripts", "setup"),
    ("scripts", "verify"),
    ("session",),
    ("tmux",),
    ("worktree",),
]
KNOWN = {
    *WHOLE_FILE,
    *("runner", "editor", "parent", "command", "env", "env_passthrough", "setup", "verify", "archive"),
    *("path", "timeout", "startup_grace", "socket", "copy", "link"),
    *("start", "resume", "fork", "headless", "headless_resume"),
    *("thread_pattern", "state_patterns", "trust_worktrees"),
    *("working", "waiting", "done", "when", "bell", "desktop", "input", "cached_input", "output"),
}


@given(
    parent=st.sampled_from(CLOSED_MAPPINGS),
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda key: key not in KNOWN),
    value=st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.text()),
    first=st.booleans(),
)
def test_one_unknown_key_anywhere_is_refused_by_name_and_line(
    parent: tuple[str, ...], key: str, value: object, first: bool
) -> None:
    def with_key(mapping: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        if path:
            return {**mapping, path[0]: with_key(mapping[path[0]], path[1:])}
        return {key: "@here@", **mapping} if first else {**mapping, key: "@here@"}

    # The marker finds the line; it does not depend on the value, which therefore goes in afterwards.
    marked = yaml.safe_dump(with_key(WHOLE_FILE, parent), sort_keys=False, width=10**6)
    line = marked[: marked.index("@here@")].count("\n") + 1
    text = marked.replace("'@here@'", yaml.safe_dump(value, default_flow_style=True, width=10**6).split("\n...")[0])
    with pytest.raises(AgencyError) as caught:
        validate(parse_yaml(text, "agency.yaml"), RepoFile)
    details = caught.value.details
    assert details["key"] == written((*parent, key))
    if "? " not in marked:  # a long key stands on a line before its value
        assert details["line"] == line
    assert written((*parent, key)) in caught.value.message


def test_the_whole_file_is_accepted() -> None:
    assert validate(parse_yaml(yaml.safe_dump(WHOLE_FILE), "agency.yaml"), RepoFile)


def test_an_unknown_key_comes_with_the_nearest_known_one(refuse_repo: Refuse) -> None:
    error = refuse_repo("scripts:\n  setup:\n    path: a\n    timout: 3m\n")
    assert error.message == "scripts.setup.timout is not a known key of agency.yaml"
    assert error.hint == "did you mean timeout?"
    assert error.details["key"] == "scripts.setup.timout"
    assert error.details["line"] == 5
    assert error.details["nearest"] == "timeout"
    assert error.details["expected"] == "one of command, path, timeout"


def test_an_unknown_key_that_is_like_no_other_has_no_nearest(refuse_repo: Refuse) -> None:
    assert "nearest" not in refuse_repo("zebra: 1\n").details


def test_a_key_of_the_users_file_is_sent_there(refuse_repo: Refuse) -> None:
    assert "config.yaml" in str(refuse_repo("editors: {}\n").hint)


def test_a_key_of_the_repos_file_is_sent_there(config_dir: Path, refusal: Callable[[], AgencyError]) -> None:
    (config_dir / "config.yaml").write_text("scripts: {}\n")
    assert "agency.yaml" in str(refusal().hint)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "defaults: {runner: a}\n"])
def test_a_file_of_the_repo_without_version_is_refused(
    repo: Path, refusal: Callable[[], AgencyError], text: str
) -> None:
    (repo / "agency.yaml").write_text(text)
    error = refusal()
    assert error.message == "version is missing in agency.yaml"
    assert error.details["key"] == "version"


@pytest.mark.parametrize("version", ["1.0", "'1'", "2", "true", "", "[1]", "10000000000000000000000"])
def test_only_the_integer_1_is_a_version(repo: Path, refusal: Callable[[], AgencyError], version: str) -> None:
    (repo / "agency.yaml").write_text(f"# first\nversion: {version}\n")
    error = refusal()
    assert error.message.startswith("version in agency.yaml must be the number 1")
    assert (error.details["key"], error.details["line"]) == ("version", 2)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("scripts:\n", "scripts", 2),
        ("scripts: []\n", "scripts", 2),
        ("scripts:\n  setup: setup.sh\n", "scripts.setup", 3),
        ("scripts:\n  setup:\n    path: 3\n", "scripts.setup.path", 4),
        ("defaults:\n  runner: [claude]\n", "defaults.runner", 3),
        ("defaults:\n  editor: ''\n", "defaults.editor", 3),
        ("defaults:\n  parent: ' '\n", "defaults.parent", 3),
        ('tmux:\n  socket: "a\\0b"\n', "tmux.socket", 3),
        ("runners: [claude]\n", "runners", 2),
        ("runners:\n  a: {}\n  b: claude\n", "runners.b", 4),
        ("runners:\n  a: {}\n  gpt-4.1:\n    command: 5\n", 'runners."gpt-4.1".command', 5),
        ("runners:\n  a:\n    env: {A: b}\n  b:\n    env:\n      A: x\n      B: 5\n", "runners.b.env.B", 8),
        ("runners:\n  a:\n    env: {A: b}\n  b:\n    env:\n      A: x\n      B C: d\n", 'runners.b.env."B C"', 8),
        ("runners:\n  a: {}\n  b c: {}\n", 'runners."b c"', 4),
        ("runners:\n  a:\n    env_passthrough: LANG\n", "runners.a.env_passthrough", 4),
        ("runners:\n  a:\n    env_passthrough:\n    - LANG\n    - A=B\n", "runners.a.env_passthrough[1]", 6),
        ("worktree:\n  copy: .env\n", "worktree.copy", 3),
        ("worktree:\n  link:\n  - a\n  - 3\n", "worktree.link[1]", 5),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_key_and_line(
    refuse_repo: Refuse, text: str, key: str, line: int
) -> None:
    error = refuse_repo(text)
    assert (error.details["key"], error.details["line"]) == (key, line)
    assert error.message.startswith(f"{key} in agency.yaml must be ")
    assert error.details["expected"]


def test_a_number_where_text_belongs_is_to_be_quoted(refuse_repo: Refuse) -> None:
    error = refuse_repo("runners: {a: {env: {PORT: 8080}}}\n")
    assert error.message.endswith("must be text, not a number")
    assert error.hint == "put quotes around it"


def test_the_value_of_a_variable_is_never_repeated(refuse_repo: Refuse) -> None:
    error = refuse_repo("runners: {a: {env: {API_KEY: [hunter2]}}}\n")
    assert "hunter2" not in f"{error}{error.hint}{error.details}"


@pytest.mark.parametrize("root", ["[]", "text", "3", "null"])
def test_a_file_that_is_not_a_mapping_is_refused(repo: Path, refusal: Callable[[], AgencyError], root: str) -> None:
    (repo / "agency.yaml").write_text(root)
    assert refusal().message.startswith("agency.yaml must be a mapping")


@pytest.mark.parametrize("script", ["{}", "{timeout: 3m}", "{path: a, command: b}"])
def test_a_script_has_exactly_one_of_path_and_command(refuse_repo: Refuse, script: str) -> None:
    error = refuse_repo(f"scripts:\n  verify: {script}\n")
    assert "exactly one of path and command" in error.message
    assert (error.details["key"], error.details["line"]) == ("scripts.verify", 3)


@pytest.mark.parametrize("path", ["/bin/true", "../up.sh", "a/../../up.sh", "a/..", "..", ".", "./", "''"])
@pytest.mark.parametrize("key", ["scripts.setup.path", "worktree.copy", "worktree.link"])
def test_a_path_that_may_leave_the_repo_is_refused(refuse_repo: Refuse, path: str, key: str) -> None:
    section, _, rest = key.partition(".")
    inside = f"setup: {{path: {path}}}" if section == "scripts" else f"{rest}: [{path}]"
    assert str(refuse_repo(f"{section}: {{{inside}}}\n").details["key"]).startswith(key)


@pytest.mark.parametrize("path", ["a..b", "..a/b", ".hidden/x", "./a", "a//b"])
def test_dots_within_a_name_are_fine(load_repo: Callable[[str], Settings], path: str) -> None:
    assert load_repo(f"scripts: {{setup: {{path: {path}}}}}\n").scripts["setup"].path == path


@pytest.mark.parametrize(
    "timeout", ["0s", "999ms", "24h1s", "25h", "5", "5 m", "abc", "-1s", "''", "10M", "9" * 400 + "s"]
)
def test_a_timeout_is_a_duration_from_a_second_to_a_day(refuse_repo: Refuse, timeout: str) -> None:
    error = refuse_repo(f"scripts:\n  setup:\n    path: a\n    timeout: {timeout}\n")
    assert (error.details["key"], error.details["line"]) == ("scripts.setup.timeout", 5)
    assert "from 1s to 24h" in str(error.details["expected"])


@pytest.mark.parametrize(("timeout", "seconds"), [("1s", 1), ("24h", 86400), ("1d", 86400), ("1h30m", 5400)])
def test_the_limits_of_a_timeout_are_part_of_it(
    load_repo: Callable[[str], Settings], timeout: str, seconds: float
) -> None:
    settings = load_repo(f"scripts: {{setup: {{path: a, timeout: {timeout}}}}}\n")
    assert settings.scripts["setup"].timeout == seconds


@pytest.mark.parametrize("grace", ["61s", "2m", "1", "0.0", "false", "-1s", "soon"])
def test_a_startup_grace_is_a_duration_up_to_a_minute(refuse_repo: Refuse, grace: str) -> None:
    assert refuse_repo(f"session: {{startup_grace: {grace}}}\n").details["key"] == "session.startup_grace"


@pytest.mark.parametrize("command", ["[]", "''", "' '", "[' ', a]", "[[a]]", "{a: b}", "5", "'a \"b'"])
def test_a_command_has_a_program_and_closed_quotes(refuse_repo: Refuse, command: str) -> None:
    assert str(refuse_repo(f"runners: {{a: {{command: {command}}}}}\n").details["key"]).startswith("runners.a.command")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_a_command_of_words_arrives_as_it_is(words: list[str]) -> None:
    words = ["program", *words]
    text = yaml.safe_dump({"version": 1, "scripts": {"verify": {"command": words}}}, allow_unicode=True)
    scripts = validate(parse_yaml(text, "agency.yaml"), RepoFile).scripts
    assert scripts and scripts.verify and scripts.verify.command
    assert scripts.verify.command.value == tuple(words)
