"""Which value wins, and where it is said to come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from agency.config.document import Document
from agency.config.file import layer_of
from agency.config.layers import effective_settings
from agency.config.schema import RepoFile, UserFile
from agency.config.yaml_text import parse_yaml
from agency.domain.settings import Settings

WORDS = st.sampled_from(["a", "b", "c"])
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "defaults": st.dictionaries(st.sampled_from(["runner", "editor", "parent"]), WORDS),
        "tmux": st.dictionaries(st.just("socket"), WORDS),
        "session": st.dictionaries(st.just("startup_grace"), st.sampled_from(["1s", "2s"])),
        "runners": st.dictionaries(
            WORDS,
            st.fixed_dictionaries(
                {},
                optional={
                    "command": WORDS,
                    "env": st.dictionaries(WORDS, WORDS),
                    "env_passthrough": st.lists(WORDS),
                },
            ),
        ),
    },
)


def document(name: str, content: dict[str, Any]) -> Document:
    return parse_yaml(yaml.safe_dump(content), name)


def effective(user: dict[str, Any], repo: dict[str, Any]) -> Settings:
    return effective_settings(
        [
            layer_of(document("config.yaml", user), UserFile),
            layer_of(document("agency.yaml", {"version": 1, **repo}), RepoFile),
        ]
    )


def pick(content: dict[str, Any], *path: str) -> Any:
    """What stands at ``path`` in ``content``, or None when nothing does."""
    found: Any = content
    for key in path:
        if key not in found:
            return None
        found = found[key]
    return found


@given(SECTIONS, SECTIONS)
def test_each_default_is_the_repos_else_the_users_else_built_in(user: dict[str, Any], repo: dict[str, Any]) -> None:
    settings = effective(user, repo)
    built_in = Settings()
    for key in ("runner", "editor", "parent"):
        wanted = pick(repo, "defaults", key) or pick(user, "defaults", key) or getattr(built_in, key)
        assert getattr(settings, key) == wanted
    assert settings.tmux_socket == (pick(repo, "tmux", "socket") or pick(user, "tmux", "socket"))


@given(SECTIONS, SECTIONS)
def test_each_key_of_a_runner_is_the_repos_else_the_users(user: dict[str, Any], repo: dict[str, Any]) -> None:
    settings = effective(user, repo)
    names = set(user.get("runners", {})) | set(repo.get("runners", {}))
    assert set(settings.runners) == names
    for name in names:
        of_user, of_repo = (pick(content, "runners", name) or {} for content in (user, repo))
        runner = settings.runners[name]
        command = of_repo.get("command", of_user.get("command"))
        assert runner.command == (() if command is None else (command,))
        assert runner.env == {**of_user.get("env", {}), **of_repo.get("env", {})}
        assert runner.env_passthrough == tuple(of_repo.get("env_passthrough", of_user.get("env_passthrough", ())))


@given(SECTIONS, SECTIONS)
def test_every_origin_names_the_file_whose_value_won(user: dict[str, Any], repo: dict[str, Any]) -> None:
    origins = effective(user, repo).origins
    for key, origin in origins.items():
        path = key.split(".")
        file = origin.partition(":")[0]
        if pick(repo, *path) is not None:
            assert file == "agency.yaml", key
        elif pick(user, *path) is not None:
            assert file == "config.yaml", key


@given(SECTIONS)
def test_a_lone_file_of_the_repo_equals_the_same_file_of_the_user(sections: dict[str, Any]) -> None:
    of_user, of_repo = effective(sections, {}), effective({}, sections)
    assert of_user.runners == of_repo.runners
    assert of_user.runner == of_repo.runner


def test_a_runner_may_have_its_command_from_the_user_and_its_environment_from_the_repo() -> None:
    settings = effective(
        {"runners": {"fast": {"command": "codex --quick", "env": {"A": "user", "B": "user"}}}},
        {"runners": {"fast": {"env": {"B": "repo"}}}},
    )
    assert settings.runners["fast"].command == ("codex", "--quick")
    assert settings.runners["fast"].env == {"A": "user", "B": "repo"}
    assert settings.origins["runners.fast.command"].startswith("config.yaml:")
    assert settings.origins["runners.fast.env.A"].startswith("config.yaml:")
    assert settings.origins["runners.fast.env.B"].startswith("agency.yaml:")


def test_an_origin_is_the_file_and_the_line_of_the_key(repo: Path, load_repo: Callable[[str], Settings]) -> None:
    settings = load_repo("\n# why\ndefaults:\n  parent: develop\nscripts:\n  setup:\n    path: s\n")
    assert settings.origins["defaults.parent"] == f"{repo}/agency.yaml:5"
    assert settings.origins["scripts.setup.path"] == f"{repo}/agency.yaml:8"
    assert settings.origins["scripts.setup.timeout"] == "built in"


def test_a_value_behind_a_merge_key_comes_from_where_it_is_written(
    repo: Path, load_repo: Callable[[str], Settings]
) -> None:
    settings = load_repo(
        "scripts:\n  setup: &base\n    path: a\n    timeout: 9s\n  verify:\n    <<: *base\n    path: b\n"
    )
    assert settings.scripts["verify"].path == "b"
    assert settings.scripts["verify"].timeout == 9
    assert settings.origins["scripts.verify.timeout"] == f"{repo}/agency.yaml:5"
    assert settings.origins["scripts.verify.path"] == f"{repo}/agency.yaml:8"
