"""The command lines that have a prompt answered without a terminal."""

import json
import os
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from agency.runners.adapter import Scene, Words
from agency.runners.table import ADAPTERS

_PROMPT = "plant a walnut"
_THREAD = "7c1f3c53-5b61-4a0e-8f57-2d6bd3a0c111"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A worktree and a home of its own."""
    for name in ("worktree", "record", "home"):
        (tmp_path / name).mkdir()
    home = {"HOME": str(tmp_path / "home")}
    return Scene(worktree=str(tmp_path / "worktree"), directory=str(tmp_path / "record"), environ=home)


def _headless(name: str, scene: Scene, *extra: str, thread_id: str | None = None) -> Words:
    words = ADAPTERS[name].headless(scene, extra, _PROMPT, thread_id)
    assert words is not None
    return words


@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "opencode"])
@pytest.mark.parametrize("thread_id", [None, _THREAD])
def test_the_prompt_goes_by_standard_input_and_never_on_the_command_line(
    name: str, thread_id: str | None, scene: Scene
) -> None:
    words = _headless(name, scene, "--model", "m", thread_id=thread_id)
    assert words.typed == _PROMPT
    assert not any(_PROMPT in word for word in words.words)
    place = words.words.index("--model")
    assert words.words[place : place + 2] == ("--model", "m")


@pytest.mark.parametrize("name", ["aider", "shell"])
def test_a_program_that_cannot_work_so_says_it(name: str, scene: Scene) -> None:
    assert ADAPTERS[name].headless(scene, (), _PROMPT, None) is None


@pytest.mark.parametrize("name", ["claude", "gemini"])
def test_a_new_conversation_is_under_an_id_of_our_choice(name: str, scene: Scene) -> None:
    words = _headless(name, scene)
    assert words.thread_id is not None
    assert str(uuid.UUID(words.thread_id)) == words.thread_id
    assert words.words[words.words.index("--session-id") + 1] == words.thread_id


@pytest.mark.parametrize("name", ["claude", "gemini"])
def test_a_conversation_that_the_user_chose_is_left_alone(name: str, scene: Scene) -> None:
    words = _headless(name, scene, "--resume=other")
    assert words.thread_id is None
    assert "--session-id" not in words.words


def test_what_is_configured_for_codex_stands_before_exec(scene: Scene) -> None:
    assert _headless("codex", scene, "-a", "never").words == ("-a", "never", "exec", "--json", "-")
    going_on = ("-a", "never", "exec", "--json", "resume", _THREAD, "-")
    assert _headless("codex", scene, "-a", "never", thread_id=_THREAD).words == going_on


def test_what_is_configured_for_opencode_stands_after_run(scene: Scene) -> None:
    going_on = ("run", "--format", "json", "--model", "a/b", "--session", "ses_1")
    assert _headless("opencode", scene, "--model", "a/b", thread_id="ses_1").words == going_on


def test_gemini_goes_on_with_a_copy_of_a_conversation_of_another_place(scene: Scene) -> None:
    place = Path(scene.environ["HOME"]) / ".gemini" / "tmp" / "elsewhere"
    (place / "chats").mkdir(parents=True)
    (place / ".project_root").write_text("/elsewhere")
    file = place / "chats" / f"session-2026-11-20T06-52-{_THREAD[:8]}.jsonl"
    head = json.dumps({"sessionId": _THREAD, "kind": "main"})
    file.write_text(head + "\n")
    assert not ADAPTERS["gemini"].knows(scene, _THREAD), "gemini itself does not find one without an answer"
    file.write_text(head + "\n" + json.dumps({"type": "gemini", "content": "so"}) + "\n")
    assert ADAPTERS["gemini"].knows(scene, _THREAD)
    assert ADAPTERS["gemini"].find_thread(scene, 0.0) is None
    copy = _headless("gemini", scene, thread_id=_THREAD)
    assert copy.words[:2] == ("--session-file", str(file))
    assert copy.thread_id is None

    (place / ".project_root").write_text(os.path.realpath(scene.worktree))
    assert ADAPTERS["gemini"].find_thread(scene, 0.0) == _THREAD
    assert _headless("gemini", scene, thread_id=_THREAD).words[:2] == ("--resume", _THREAD)


@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "opencode"])
def test_no_flag_that_lacks_is_on_a_command_line(name: str, scene: Scene) -> None:
    adapter = ADAPTERS[name]
    for flag in adapter.flags:
        old = replace(scene, lacking=frozenset([flag.word]))
        begun = [adapter.start(old, (), _PROMPT), adapter.headless(old, (), _PROMPT, None)]
        if adapter.knows(old, _THREAD):
            begun += [adapter.resume(old, (), _THREAD), adapter.fork(old, (), _THREAD, None)]
        assert not any(flag.word in words.words for words in begun if words is not None)


def test_a_version_that_lacks_the_flags_of_a_fork_does_not_fork(scene: Scene) -> None:
    for name in ("claude", "codex", "gemini"):
        adapter = ADAPTERS[name]
        old = replace(scene, lacking=frozenset(flag.word for flag in adapter.flags))
        assert adapter.fork(old, (), _THREAD, None) is None


def test_opencode_does_not_fork_because_the_copy_would_work_in_the_worktree_of_the_original(scene: Scene) -> None:
    assert ADAPTERS["opencode"].fork(scene, (), "ses_1", None) is None
