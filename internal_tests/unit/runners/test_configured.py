"""Agents known from the config alone: their command lines, what they print, and what cannot work together."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.errors import AgencyError
from agency.domain.output import Message, ThreadTold
from agency.domain.settings import RunnerSettings
from agency.runners.adapter import Scene
from agency.runners.configured import Configured, require_complete

SCENE = Scene(worktree="/work", directory="/record", environ={})
WHOLE = RunnerSettings(
    command=("agent",),
    start=("--session", "{thread_id}", "--prompt={prompt}", "{prompt}"),
    resume=("--resume={thread_id}",),
    fork=("--copy", "{thread_id}", "--to", "{new_thread_id}", "{prompt}"),
    headless=("-p", "--session", "{thread_id}"),
    headless_resume=("-p", "--resume", "{thread_id}", "{prompt}"),
    thread_pattern=r"conversation: (\S+)",
)


def agent(settings: RunnerSettings) -> Configured:
    """The adapter of a runner called ``mine``."""
    return Configured("mine", settings)


def test_a_start_puts_an_id_of_our_choice_and_the_prompt_in_their_places() -> None:
    words = agent(WHOLE).start(SCENE, ("--fast",), "say hi")
    assert words.thread_id is not None
    assert uuid.UUID(words.thread_id).version == 4
    assert words.words == ("--fast", "--session", words.thread_id, "--prompt=say hi", "say hi")


def test_words_with_a_prompt_vanish_when_there_is_none() -> None:
    words = agent(WHOLE).start(SCENE, (), None)
    assert words.words == ("--session", words.thread_id)


def test_an_empty_prompt_is_a_prompt() -> None:
    assert agent(WHOLE).start(SCENE, (), "").words[2:] == ("--prompt=", "")


def test_each_start_has_an_id_of_its_own() -> None:
    mine = agent(WHOLE)
    assert mine.start(SCENE, (), None).thread_id != mine.start(SCENE, (), None).thread_id


def test_a_start_without_a_place_for_an_id_leaves_it_to_the_agent() -> None:
    words = agent(RunnerSettings(start=("go", "{prompt}"), thread_pattern="(x)")).start(SCENE, (), "p")
    assert (words.words, words.thread_id) == (("go", "p"), None)


def test_without_start_the_prompt_is_the_last_word_as_of_any_command() -> None:
    mine = agent(RunnerSettings(headless=("-p", "{prompt}")))
    assert mine.start(SCENE, ("--fast",), "p").words == ("--fast", "p")
    assert mine.takes_prompt


def test_a_start_without_a_place_for_the_prompt_takes_none() -> None:
    assert not agent(RunnerSettings(start=("go",))).takes_prompt


def test_a_resume_goes_on_with_the_id() -> None:
    words = agent(WHOLE).resume(SCENE, ("--fast",), "abc")
    assert (words.words, words.thread_id) == (("--fast", "--resume=abc"), "abc")


def test_a_fork_names_the_source_and_the_copy() -> None:
    words = agent(WHOLE).fork(SCENE, (), "abc", None)
    assert words is not None
    assert words.words == ("--copy", "abc", "--to", words.thread_id)
    assert words.thread_id not in (None, "abc")


def test_a_fork_without_a_place_for_the_new_id_leaves_it_to_the_agent() -> None:
    mine = agent(RunnerSettings(fork=("--copy", "{thread_id}"), thread_pattern="(x)"))
    words = mine.fork(SCENE, (), "abc", "p")
    assert words is not None
    assert (words.words, words.thread_id) == (("--copy", "abc"), None)


def test_without_words_for_it_an_agent_neither_forks_nor_works_headless() -> None:
    mine = agent(RunnerSettings(start=("x",)))
    assert mine.fork(SCENE, (), "abc", None) is None
    assert mine.headless(SCENE, (), "p", None) is None
    assert mine.headless(SCENE, (), "p", "abc") is None


def test_headless_types_the_prompt_where_the_words_have_no_place_for_it() -> None:
    words = agent(WHOLE).headless(SCENE, (), "say hi", None)
    assert words is not None
    assert (words.words, words.typed) == (("-p", "--session", words.thread_id), "say hi")


def test_headless_goes_on_with_words_of_its_own() -> None:
    words = agent(WHOLE).headless(SCENE, ("--fast",), "say hi", "abc")
    assert words is not None
    assert (words.words, words.thread_id, words.typed) == (
        ("--fast", "-p", "--resume", "abc", "say hi"),
        "abc",
        None,
    )


def test_doubled_braces_are_the_text_itself_and_other_braces_stay() -> None:
    words = ("{{prompt}}", '{"a": {"b": 1}}', "${HOME}", "{id}", "{{new_thread_id}}")
    assert agent(RunnerSettings(start=words)).start(SCENE, (), None).words == (
        *("{prompt}", '{"a": {"b": 1}}', "${HOME}", "{id}", "{new_thread_id}"),
    )


@given(prompt=st.text())
def test_whatever_the_prompt_holds_arrives_as_it_is(prompt: str) -> None:
    words = agent(RunnerSettings(start=("{thread_id}", "<{prompt}>"))).start(SCENE, (), prompt)
    assert words.words == (words.thread_id, f"<{prompt}>")


def test_whether_it_has_a_conversation_cannot_be_told() -> None:
    assert agent(WHOLE).knows(SCENE, "abc") is None


def test_the_conversation_is_the_one_that_the_screen_named_last() -> None:
    shown = "conversation: first\ntext\nconversation: second\n> "
    scene = Scene(worktree="/work", directory="/record", environ={}, screen=lambda: shown)
    assert agent(WHOLE).find_thread(scene, 0.0) == "second"
    assert agent(WHOLE).find_thread(SCENE, 0.0) is None


@pytest.mark.parametrize("pattern", ["(", "no group", ""])
def test_a_pattern_that_a_hand_spoiled_finds_nothing(pattern: str) -> None:
    mine = agent(RunnerSettings(resume=("{thread_id}",), thread_pattern=pattern))
    assert mine.read_output("no group") == (Message(text="no group"),)


@pytest.mark.parametrize("odd", ["--yolo", "", "-", "a b", "x" * 201, "a\x1b[0m", "$(id)"])
def test_what_could_be_an_option_or_worse_is_no_id(odd: str) -> None:
    mine = agent(RunnerSettings(resume=("{thread_id}",), thread_pattern=r"id=<(.*)>"))
    scene = Scene(worktree="/work", directory="/record", environ={}, screen=lambda: f"id=<{odd}>")
    assert mine.find_thread(scene, 0.0) is None
    assert mine.read_output(f"id=<{odd}>") == (Message(text=f"id=<{odd}>".strip()),)


def test_a_line_of_output_is_an_id_a_message_or_nothing() -> None:
    mine = agent(WHOLE)
    assert mine.read_output("conversation: abc\n") == (ThreadTold(thread_id="abc"),)
    assert mine.read_output("  all done \n") == (Message(text="all done"),)
    assert mine.read_output("\n") == ()
    assert mine.read_output('{"level": "debug"}') == ()
    assert mine.read_output('{"log": "conversation: abc"}'.replace('"}', ' "}')) == (ThreadTold(thread_id="abc"),)
    assert mine.read_output('{"type": "message", "text": "conversation: abc"}') == (Message(text="conversation: abc"),)


@pytest.mark.parametrize(
    ("settings", "described"),
    [
        (RunnerSettings(command=("x",), env={"A": "b"}), False),
        (RunnerSettings(state_patterns={"done": ("x",)}, thread_pattern="(x)"), False),
        (RunnerSettings(start=("x",)), True),
        (RunnerSettings(resume=("x",)), True),
        (RunnerSettings(headless=("x",)), True),
    ],
)
def test_command_and_environment_alone_describe_no_agent(settings: RunnerSettings, described: bool) -> None:
    assert settings.describes_agent is described


@pytest.mark.parametrize(
    ("settings", "key", "hint"),
    [
        (RunnerSettings(resume=("--resume",), thread_pattern="(x)"), "resume", 'add the word "{thread_id}"'),
        (RunnerSettings(resume=("--resume", "{{thread_id}}")), "resume", 'add the word "{thread_id}"'),
        (RunnerSettings(start=("go",), resume=("{thread_id}",)), "resume", "or set runners.mine.thread_pattern"),
        (RunnerSettings(resume=("{thread_id}",)), "resume", 'add "{thread_id}" to runners.mine.start'),
        (RunnerSettings(fork=("--fork",), thread_pattern="(x)"), "fork", 'add the word "{thread_id}"'),
        (
            RunnerSettings(start=("{thread_id}",), fork=("{thread_id}",)),
            "fork",
            'add "{new_thread_id}" to runners.mine.fork',
        ),
        (
            RunnerSettings(headless=("-p",), headless_resume=("--resume",)),
            "headless_resume",
            'add the word "{thread_id}" to runners.mine.headless_resume',
        ),
        (RunnerSettings(headless_resume=("{thread_id}",)), "headless_resume", "set runners.mine.headless too"),
        (RunnerSettings(start=("{new_thread_id}",)), "start", 'write "{thread_id}" in runners.mine.start'),
    ],
)
def test_what_cannot_work_together_is_told_with_what_to_write(settings: RunnerSettings, key: str, hint: str) -> None:
    with pytest.raises(AgencyError) as raised:
        require_complete("mine", settings, {f"runners.mine.{key}": "/repo/agency.yaml:7"})
    assert raised.value.code == "E_INVALID_CONFIG"
    assert raised.value.message.startswith(f"runners.mine.{key} ")
    assert raised.value.hint is not None and hint in raised.value.hint
    assert raised.value.details == {"file": "/repo/agency.yaml", "line": 7, "key": f"runners.mine.{key}"}


@pytest.mark.parametrize(
    "settings",
    [
        WHOLE,
        RunnerSettings(start=("{thread_id}",), resume=("{thread_id}",)),
        RunnerSettings(resume=("{thread_id}",), thread_pattern="(x)"),
        RunnerSettings(headless=("-p", "{prompt}"), headless_resume=("{thread_id}",)),
        RunnerSettings(start=("{prompt}",)),
    ],
)
def test_what_works_together_is_taken(settings: RunnerSettings) -> None:
    require_complete("mine", settings, {})
