"""Which files are found, and what loading them gives."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agency.config.load import find_repo_config, find_user_config, load_settings
from agency.domain.errors import AgencyError
from agency.domain.settings import NotifySettings, Settings
from agency.domain.usage import Price


def test_without_files_the_built_in_settings_hold(load: Callable[[], Settings]) -> None:
    settings = load()
    assert settings == Settings(origins=settings.origins)
    assert set(settings.origins.values()) == {"built in"}
    assert settings.origins["defaults.runner"] == "built in"


def test_outside_a_repo_only_the_users_file_is_read(config_dir: Path) -> None:
    (config_dir / "config.yaml").write_text("defaults: {runner: codex}\n")
    assert load_settings(None, str(config_dir)).runner == "codex"


def test_a_missing_config_directory_is_no_error(repo: Path) -> None:
    assert load_settings(str(repo), str(repo / "nowhere")).runner == "claude"


@pytest.mark.parametrize("name", ["agency.yaml", "agency.yml", "agency.json"])
def test_the_repos_file_may_have_any_of_three_endings(repo: Path, name: str) -> None:
    (repo / name).write_text('{"version": 1}')
    assert find_repo_config(str(repo)) == str(repo / name)


@pytest.mark.parametrize("name", ["config.yaml", "config.yml", "config.json"])
def test_the_users_file_may_have_any_of_three_endings(config_dir: Path, name: str) -> None:
    (config_dir / name).write_text("{}")
    assert find_user_config(str(config_dir)) == str(config_dir / name)


def test_no_file_is_found_where_there_is_none(repo: Path, config_dir: Path) -> None:
    assert find_repo_config(None) is None
    assert find_repo_config(str(repo)) is None
    assert find_user_config(str(config_dir)) is None


def test_two_files_of_the_repo_are_refused_by_name(repo: Path, refusal: Callable[[], AgencyError]) -> None:
    (repo / "agency.yaml").write_text("version: 1\n")
    (repo / "agency.json").write_text('{"version": 1}')
    assert "agency.yaml and agency.json" in refusal().message


def test_two_files_of_the_user_are_refused_by_name(config_dir: Path, refusal: Callable[[], AgencyError]) -> None:
    (config_dir / "config.yaml").touch()
    (config_dir / "config.yml").touch()
    assert "config.yaml and config.yml" in refusal().message


def test_every_key_of_the_repos_file_arrives(load_repo: Callable[[str], Settings]) -> None:
    settings = load_repo(
        """
scripts:
  setup: {path: scripts/setup.sh, timeout: 5m}
  verify: {command: make 'all tests'}
  archive: {command: [rm, -rf, build dir], timeout: 1h30m}
defaults: {runner: fast, editor: vim, parent: develop}
runners:
  fast:
    command: claude --model small
    env: {EMPTY: "", MODE: quick}
    env_passthrough: [LANG, HTTPS_PROXY]
tmux: {socket: default}
session: {startup_grace: 2s}
worktree:
  copy: [.env, "config/*.local"]
  link: [node_modules]
"""
    )
    setup, verify, archive = (settings.scripts[name] for name in ("setup", "verify", "archive"))
    assert (setup.argv, setup.path, setup.timeout) == (("scripts/setup.sh",), "scripts/setup.sh", 300)
    assert (verify.argv, verify.path, verify.timeout) == (("make", "all tests"), None, 1800)
    assert (archive.argv, archive.path, archive.timeout) == (("rm", "-rf", "build dir"), None, 5400)
    assert (settings.runner, settings.editor, settings.parent) == ("fast", "vim", "develop")
    assert settings.runners["fast"].command == ("claude", "--model", "small")
    assert settings.runners["fast"].env == {"EMPTY": "", "MODE": "quick"}
    assert settings.runners["fast"].env_passthrough == ("LANG", "HTTPS_PROXY")
    assert (settings.tmux_socket, settings.startup_grace) == ("default", 2.0)
    assert settings.worktree_copy == (".env", "config/*.local")
    assert settings.worktree_link == ("node_modules",)


def test_an_agent_that_is_not_built_in_is_configured_whole(load_repo: Callable[[str], Settings]) -> None:
    settings = load_repo(
        """
runners:
  mine:
    command: my-agent --quiet
    start: [--session, "{thread_id}"]
    resume: --resume {thread_id}
    fork: --fork {thread_id}
    headless: --print {prompt}
    headless_resume: --print --resume {thread_id} {prompt}
    thread_pattern: 'session: ([0-9a-f-]+)'
    state_patterns: {waiting: ['\\[y/n\\]'], working: [esc to interrupt]}
    trust_worktrees: true
"""
    )
    mine = settings.runners["mine"]
    assert (mine.start, mine.resume) == (("--session", "{thread_id}"), ("--resume", "{thread_id}"))
    assert (mine.fork, mine.headless) == (("--fork", "{thread_id}"), ("--print", "{prompt}"))
    assert mine.headless_resume == ("--print", "--resume", "{thread_id}", "{prompt}")
    assert mine.thread_pattern == "session: ([0-9a-f-]+)"
    assert mine.state_patterns == {"waiting": ("\\[y/n\\]",), "working": ("esc to interrupt",)}
    assert mine.trust_worktrees


def test_notifications_and_prices_are_configured(load_repo: Callable[[str], Settings]) -> None:
    settings = load_repo("notify: {when: [done], command: say done, bell: true}\nprices: {m: {input: 3, output: 15}}\n")
    assert settings.notify == NotifySettings(when=("done",), command=("say", "done"), bell=True)
    assert settings.prices == {"m": Price(input=3.0, cached_input=3.0, output=15.0)}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("runners: {m: {thread_pattern: 'no group'}}", "runners.m.thread_pattern"),
        ("runners: {m: {thread_pattern: '(['}}", "runners.m.thread_pattern"),
        ("runners: {m: {state_patterns: {done: ['*']}}}", "runners.m.state_patterns.done[0]"),
        ("runners: {m: {trust_worktrees: 'yes'}}", "runners.m.trust_worktrees"),
        ("notify: {when: [idle]}", "notify.when[0]"),
        ("prices: {m: {input: -1, output: 2}}", "prices.m.input"),
        ("prices: {m: {input: 1}}", "prices.m"),
    ],
)
def test_what_breaks_a_rule_of_agents_or_notifications_is_refused(
    load_repo: Callable[[str], Settings], text: str, key: str
) -> None:
    with pytest.raises(AgencyError) as refusal:
        load_repo(f"{text}\n")
    assert refusal.value.details["key"] == key


def test_the_users_file_configures_editors(config_dir: Path, load: Callable[[], Settings]) -> None:
    (config_dir / "config.yaml").write_text("editors: {code: code --wait, vi: [vim, -u, my rc]}\n")
    assert load().editors == {"code": ("code", "--wait"), "vi": ("vim", "-u", "my rc")}


def test_an_empty_file_of_the_user_is_fine(config_dir: Path, load: Callable[[], Settings]) -> None:
    (config_dir / "config.yaml").write_text("# nothing yet\n")
    assert load().runner == "claude"


def test_json_gives_the_same_settings_as_yaml(repo: Path, load: Callable[[], Settings]) -> None:
    (repo / "agency.json").write_text('{\n\t"version": 1,\n\t"scripts": {"setup": {"path": "s", "timeout": "9s"}}\n}')
    settings = load()
    assert settings.scripts["setup"].timeout == 9
    assert settings.origins["scripts.setup.timeout"] == f"{repo}/agency.json:3"


def test_a_date_is_text(load_repo: Callable[[str], Settings]) -> None:
    assert load_repo("defaults: {parent: 2024-01-31}\n").parent == "2024-01-31"


@pytest.mark.parametrize("zero", ["0", "0s", "'0'"])
def test_the_startup_grace_can_be_switched_off(load_repo: Callable[[str], Settings], zero: str) -> None:
    assert load_repo(f"session: {{startup_grace: {zero}}}\n").startup_grace == 0
