"""What explain says of each setting."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.config.explain import explain
from agency.domain.durations import parse_duration
from agency.domain.settings import ScriptSettings, Settings


def rows(settings: Settings) -> dict[str, tuple[str, str]]:
    return {key: (value, origin) for key, value, origin in explain(settings)}


def test_the_built_in_settings_are_listed_in_order() -> None:
    assert explain(Settings()) == [
        ("defaults.editor", "not set", "built in"),
        ("defaults.parent", "not set", "built in"),
        ("defaults.runner", "claude", "built in"),
        ("healing.idle_timeout", "5m", "built in"),
        ("healing.max_attempts", "3", "built in"),
        ("healing.max_resets", "1", "built in"),
        ("healing.no_progress_limit", "2", "built in"),
        ("healing.timeout", "15m", "built in"),
        ("notify.bell", "false", "built in"),
        ("notify.command", "not set", "built in"),
        ("notify.desktop", "false", "built in"),
        ("notify.when", "waiting done exited stalled", "built in"),
        ("scripts.archive", "not set", "built in"),
        ("scripts.setup", "not set", "built in"),
        ("scripts.verify", "not set", "built in"),
        ("session.startup_grace", "300ms", "built in"),
        ("tmux.socket", "not set", "built in"),
        ("worktree.copy", "not set", "built in"),
        ("worktree.link", "not set", "built in"),
    ]


def test_a_configured_value_stands_with_its_file_and_line(repo: Path, load_repo: Callable[[str], Settings]) -> None:
    explained = rows(load_repo("scripts:\n  verify:\n    command: make 'all tests'\n"))
    assert explained["scripts.verify.command"] == ("make 'all tests'", f"{repo}/agency.yaml:4")
    assert explained["scripts.verify.timeout"] == ("30m", "built in")


def test_every_origin_of_a_full_config_is_explained(load_repo: Callable[[str], Settings]) -> None:
    settings = load_repo(
        "scripts: {setup: {path: a}}\ndefaults: {runner: x.y, editor: b, parent: c}\ntmux: {socket: d}\n"
        "runners: {x.y: {command: e, env: {F: g}, env_passthrough: [H], start: m, resume: n, fork: o, headless: p, "
        "headless_resume: t, "
        "thread_pattern: q(r), state_patterns: {done: [s]}, trust_worktrees: true}}\nsession: {startup_grace: 1s}\n"
        "worktree: {copy: [i], link: [j]}\nnotify: {when: [done], command: k, bell: true, desktop: true}\n"
        "prices: {l-*: {input: 3, cached_input: 0.3, output: 15}}\n"
        "healing: {max_attempts: 4, timeout: 1h, failure_rules: [{pattern: quota, means: deterministic_policy}]}\n"
    )
    assert set(settings.origins) <= set(rows(settings))


def test_a_runner_without_command_says_so(load_repo: Callable[[str], Settings]) -> None:
    assert rows(load_repo("runners: {claude: {env: {A: b}}}\n"))["runners.claude.command"] == ("not set", "built in")


@pytest.mark.parametrize("name", ["API_KEY", "gh_token", "DB_PASSWORD_2", "CLIENT_SECRET"])
def test_a_variable_that_looks_secret_shows_its_name_only(load_repo: Callable[[str], Settings], name: str) -> None:
    settings = load_repo(f"runners: {{claude: {{env: {{{name}: hunter2, MODE: quick}}}}}}\n")
    assert rows(settings)[f"runners.claude.env.{name}"][0] == "***"
    assert rows(settings)["runners.claude.env.MODE"][0] == "quick"
    assert "hunter2" not in str(explain(settings))


def test_nothing_that_steers_a_terminal_is_let_through(load_repo: Callable[[str], Settings]) -> None:
    settings = load_repo('runners: {a: {command: ["x", "\\e[2J"], env: {A: "b\\nc"}}}\n')
    assert all(value.isprintable() for _, value, _ in explain(settings))


@given(st.integers(0, 86_400_000))
def test_a_duration_is_said_exactly(milliseconds: int) -> None:
    script = ScriptSettings(argv=("a",), path=None, timeout=milliseconds / 1000)
    said = rows(Settings(scripts={"setup": script}))["scripts.setup.timeout"][0]
    assert round(parse_duration(said) * 1000, 3) == milliseconds
