"""What a repo brings along, as items: what counts, what does not, and when something is another thing."""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agency
from agency.config.file import read_repo_file, read_user_file
from agency.config.layers import effective_settings
from agency.domain.consent import Allowed, Item, Read, is_allowed, items_of, last_allowed, missing_files
from agency.domain.consenttext import question, shown, visible
from agency.domain.settings import ScriptSettings, Settings

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Settings of a repo's file and, where given, a user's, below their version."""

    def settings(repo: str, user: str = "") -> Settings:
        (tmp_path / "config.yaml").write_text("version: 1\n" + user)
        (tmp_path / "agency.yaml").write_text("version: 1\n" + repo)
        return effective_settings(
            [read_user_file(str(tmp_path / "config.yaml")), read_repo_file(str(tmp_path / "agency.yaml"))]
        )

    return settings


def files(**contents: bytes) -> Read:
    """A tree of these files; ``__`` in a name stands for a slash."""
    found = {name.replace("__", "/"): content for name, content in contents.items()}
    return lambda path: found.get(path.removeprefix("./"))


def one(settings: Settings, read: Read | None = None) -> Item:
    """The one thing that is brought along."""
    (item,) = items_of(settings, read or files(), read or files())
    return item


def names(settings: Settings, read: Read | None = None) -> list[str]:
    """The names of all that is brought along."""
    return [item.name for item in items_of(settings, read or files(), read or files())]


ALL = """
scripts: {setup: {command: [make, deps]}, archive: {path: a.sh}}
runners: {b: {command: [b]}, a: {env: {X: "1"}}}
notify: {command: [tell]}
defaults: {editor: ed, runner: claude}
"""
OF_USER = """
runners: {b: {command: [b]}, a: {env: {X: "1"}}}
notify: {command: [tell]}
defaults: {editor: ed, runner: claude}
"""


def test_all_that_the_repo_names_counts_in_a_fixed_order(load: Load) -> None:
    wanted = ["scripts.setup", "scripts.archive", "runners.a", "runners.b", "notify.command", "defaults.editor"]
    assert names(load(ALL), files(**{"a.sh": b"x"})) == wanted


def test_nothing_of_the_users_config_counts(load: Load) -> None:
    assert names(load("", OF_USER)) == []


@pytest.mark.parametrize(
    ("key", "counts"),
    [
        ("command: [x]", True),
        ("env: {X: y}", True),
        ("env_passthrough: [X]", True),
        ("start: ['{prompt}']", True),
        ("resume: ['{thread_id}']", True),
        ("fork: ['{thread_id}']", True),
        ("headless: ['{prompt}']", True),
        ("headless_resume: ['{thread_id}']", True),
        ("trust_worktrees: true", True),
        ("thread_pattern: 'id (.*)'", False),
        ("state_patterns: {done: [x]}", False),
    ],
)
def test_a_key_of_a_runner_counts_when_it_decides_what_is_executed(load: Load, key: str, counts: bool) -> None:
    user = "runners: {mine: {command: [mine]}}\n"
    assert names(load(f"runners: {{mine: {{{key}}}}}\n", user)) == (["runners.mine"] if counts else [])


def test_what_the_user_adds_to_a_runner_of_the_repo_makes_it_another_thing(load: Load) -> None:
    repo = "runners: {mine: {env: {X: y}}}\n"
    first = one(load(repo, "runners: {mine: {command: [mine]}}\n"))
    assert one(load(repo, "runners: {mine: {command: [other]}}\n")).sha256 != first.sha256
    assert one(load(repo, "runners: {mine: {command: [mine], thread_pattern: '(.*)'}}\n")).sha256 == first.sha256


def test_a_name_with_a_dot_is_one_name(load: Load) -> None:
    settings = load("runners: {gpt-4.1: {command: [x]}, gpt-4: {state_patterns: {done: [x]}}}\n")
    assert names(settings) == ["runners.gpt-4.1"]


def test_a_timeout_makes_no_difference_and_a_byte_does(load: Load) -> None:
    short, long = (load(f"scripts: {{setup: {{path: s, timeout: {time}}}}}\n") for time in ("1m", "2m"))
    assert one(short, files(s=b"x")).sha256 == one(long, files(s=b"x")).sha256
    assert one(short, files(s=b"x")).sha256 != one(short, files(s=b"x\n")).sha256


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_two_contents_have_one_hash_only_when_they_are_the_same(first: bytes, second: bytes) -> None:
    settings = _of_script(("sh", "s"))
    assert (one(settings, files(s=first)).sha256 == one(settings, files(s=second)).sha256) == (first == second)


@given(st.lists(st.text(min_size=1), min_size=1), st.lists(st.text(min_size=1), min_size=1))
def test_two_command_lines_have_one_hash_only_when_they_are_the_same(first: list[str], second: list[str]) -> None:
    hashes = {one(_of_script(tuple(words))).sha256 for words in (first, second)}
    assert (len(hashes) == 1) == (first == second)


@pytest.mark.parametrize(
    ("command", "counts"),
    [
        ("[./s]", True),
        ("[scripts/s]", False),
        ("[sh, s]", True),
        ("[/bin/sh, -e, s]", True),
        ("[python3.12, -X, dev, s, other]", True),
        ("[env, A=1, bash, s]", True),
        ("[timeout, 5s, ./s]", True),
        ("[s]", False),
        ("[sh, '~s']", True),
        ("[cat, s]", False),
        ("[sh, -c, 'echo s']", False),
        ("[sh, /s]", False),
    ],
)
def test_the_file_that_a_command_line_executes(load: Load, command: str, counts: bool) -> None:
    settings = load(f"scripts: {{setup: {{command: {command}}}}}\n")
    item = one(settings, files(**{"s": b"text", "~s": b"text", "other": b"other"}))
    assert bool(item.files) is counts
    assert [content for _, content in item.files] == [b"text"] * counts


def test_a_program_of_the_repo_counts_with_the_file_that_it_is_given(load: Load) -> None:
    settings = load("runners: {mine: {command: [venv/bin/python, ./agent.py, other]}}\n")
    tree = files(**{"venv/bin/python": b"program", "agent.py": b"agent", "other": b"other"})
    assert one(settings, tree).files == (("venv/bin/python", b"program"), ("./agent.py", b"agent"))


def test_a_script_whose_file_is_missing_is_nothing_yet(load: Load) -> None:
    settings = load("scripts: {setup: {path: s.sh}, verify: {command: [x]}}\n")
    assert names(settings) == ["scripts.verify"]
    assert missing_files(settings, files()) == {"scripts.setup": "s.sh"}


def test_what_comes_to_be_where_nothing_was_is_another_thing(load: Load) -> None:
    settings = load("runners: {mine: {command: [./agent]}}\n")
    assert one(settings).sha256 != one(settings, files(agent=b"")).sha256


def test_each_version_is_allowed_by_itself(load: Load) -> None:
    settings = load("scripts: {setup: {path: s}}\n")
    first, second, third = (one(settings, files(s=content)) for content in (b"1", b"2", b"3"))
    record: Mapping[str, tuple[Allowed, ...]] = {
        "scripts.setup": (Allowed(sha256=first.sha256, at="2026-01-01"), Allowed(sha256=second.sha256, at="2026-01-02"))
    }
    assert [is_allowed(item, record) for item in (first, second, third)] == [True, True, False]
    assert last_allowed(third, record) == "2026-01-02" and last_allowed(second, record) == "2026-01-01"
    assert not is_allowed(first, {"scripts.verify": record["scripts.setup"]}) and last_allowed(first, {}) is None


@given(st.text(st.characters(codec=None)))
def test_nothing_that_is_shown_can_command_a_terminal(text: str) -> None:
    assert visible(text).isprintable()


@given(st.binary())
def test_no_script_can_break_out_of_its_lines(content: bytes) -> None:
    item = one(_of_script(("sh", "s")), files(s=content))
    asked = question("/repo", [item], {}, whole="/tree/").split("\n")
    assert all(line.isprintable() for line in asked)
    assert asked[-1] == "allow this, as it stands here, from now on?" and asked[0].startswith("/repo brings along")
    assert all(line.startswith("  ") for line in asked[3:-2])


def test_a_script_of_200_lines_is_shown_whole_and_one_more_line_is_counted() -> None:
    whole = one(_of_script(("sh", "s")), files(s=b"x\n" * 200))
    assert [line for line in shown(whole, {}, whole="/tree/") if line == "  | x"] == ["  | x"] * 200
    longer = one(_of_script(("sh", "s")), files(s=b"x\n" * 201))
    assert shown(longer, {}, whole="/tree/")[-1] == "  ... and 1 more line, in full: /tree/s"


def test_a_long_line_is_cut_and_that_is_said() -> None:
    item = one(_of_script(("sh", "s")), files(s=b"x" * 1007))
    assert shown(item, {}, whole="/tree/")[-1].endswith("x ... and 7 more characters on this line")


def test_a_binary_is_not_printed() -> None:
    item = one(_of_script(("sh", "s")), files(s=b"\x7fELF\0\1"))
    assert shown(item, {}, whole="/tree/")[-1] == "  s is a binary file of 6 bytes"


def test_nothing_but_the_gate_makes_what_a_start_needs_and_nothing_but_a_script_runs_one() -> None:
    made = {"AllowedStart": set[str](), "Streamed": set[str]()}
    for path in Path(agency.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made:
                made[node.func.id].add(f"{path.parent.name}/{path.name}")
    assert made == {"AllowedStart": {"sessions/consent.py"}, "Streamed": {"sessions/scripts.py"}}


def _of_script(argv: tuple[str, ...]) -> Settings:
    return Settings(scripts={"setup": ScriptSettings(argv=argv, path=None, timeout=1.0)})
