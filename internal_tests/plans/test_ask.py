"""Asking once: programs without a schema of their own, a stand-in, a file; and nothing of it left when the time is over."""

import contextlib
import json
from collections.abc import Mapping

import pytest

from agency.domain.errors import AgencyError
from agency.domain.jsonshape import TEXT, shape
from agency.plans.ask import Answer, Place, Question, ask_file, ask_mock, ask_runner, is_mocked
from agency.sessions.context import Context
from agency.sessions.find import require_repo
from agency.store.paths import find_paths
from internal_tests.support.world import World

SCHEMA = shape({"summary": TEXT})
QUESTION = Question(kind="nuts", prompt="speak of walnuts", schema=SCHEMA)


def call(world: World, **environ: str) -> Context:
    """A call in the repo of a world."""
    environment = {**world.env, **environ}
    return Context(
        environ=environment,
        cwd=str(world.repo),
        paths=find_paths(environment),
        command="test",
        lock_timeout=10.0,
        tell=lambda text: None,
        busy=lambda what: contextlib.nullcontext(),
        allow_scripts=True,
    )


def ask(world: World, script: str, timeout: float = 30.0) -> Answer:
    """What a runner says that is a shell script; its prompt is $1."""
    command = json.dumps(["sh", "-c", script, "runner"])
    (world.repo / "agency.yaml").write_text(
        f"version: 1\ndefaults: {{runner: own}}\nrunners:\n  own: {{command: {command}}}\n"
    )
    context = call(world)
    place = Place(
        repo=require_repo(context, str(world.repo)),
        directory=str(world.repo),
        owner="asked-once",
        timeout=timeout,
        log=str(world.root / "ask.log"),
    )
    return ask_runner(context, None, None, QUESTION, place)


def refused(world: World, script: str, timeout: float = 30.0) -> AgencyError:
    """The error that asking it ends with."""
    with pytest.raises(AgencyError) as caught:
        ask(world, script, timeout)
    return caught.value


def test_a_program_is_told_the_form_and_its_answer_is_found_in_what_it_prints(world: World) -> None:
    script = """echo thinking >&2; case $1 in *walnuts*additionalProperties*) echo 'So: {"summary": "good"}';; esac"""
    answer = ask(world, script)
    assert (answer.value, answer.by) == ({"summary": "good"}, "own")
    error = refused(world, "echo '{}'")
    assert error.details["problems"] == ["summary is missing"]
    error = refused(world, "echo it is broken >&2; exit 3")
    assert (error.code, "it is broken" in error.message) == ("E_NO_ANSWER", True)


def test_a_program_that_runs_out_of_time_is_gone_with_all_that_it_started(world: World) -> None:
    error = refused(world, "setsid sleep 619 & trap '' TERM; sleep 619; sleep 619", timeout=0.5)
    assert error.code == "E_TIMEOUT"
    assert not [process for process in world.processes() if "619" in process.cmdline()]


SAID = {"summary": "good"}


@pytest.mark.parametrize(
    "said", [SAID, {"answers": {"nuts": SAID, "others": {}}}, {"answers": {"nuts": [{"summary": "first"}, SAID]}}]
)
def test_a_stand_in_and_a_file_say_what_they_were_given(world: World, said: Mapping[str, object]) -> None:
    file = world.root / "said.json"
    file.write_text(json.dumps(said))
    question = Question(kind="nuts#2", prompt="", schema=SCHEMA)
    for context in (
        call(world, MOCK_LLM_OUTPUT_PATH=str(file), MOCK_LLM_OUTPUT="not this"),
        call(world, MOCK_LLM_OUTPUT=json.dumps(said)),
    ):
        assert ask_mock(context, question).value == SAID
    assert ask_file(str(file), question).value == SAID


def test_a_stand_in_without_words_says_its_stub_and_never_takes_words_that_are_not_meant(world: World) -> None:
    stub = {"summary": "nothing"}
    assert ask_mock(call(world), Question(kind="nuts", prompt="", schema=SCHEMA, stub=stub)).value == stub
    aside = Question(kind="nuts", prompt="", schema=SCHEMA, stub=stub, aside=True)
    assert ask_mock(call(world, MOCK_LLM_OUTPUT='{"summary": "of something else"}'), aside).value == stub
    for context in (call(world), call(world, MOCK_LLM_OUTPUT="rubbish"), call(world, MOCK_LLM_OUTPUT_PATH="no/file")):
        with pytest.raises(AgencyError):
            ask_mock(context, QUESTION)


@pytest.mark.parametrize(
    ("word", "mocked"), [("1", True), ("TRUE", True), ("yes", True), (" on ", True), ("0", False), ("", False)]
)
def test_the_variable_of_the_stand_in_takes_the_usual_words(word: str, mocked: bool) -> None:
    assert is_mocked({"MOCK_LLM": word}) is mocked
