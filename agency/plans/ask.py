"""Asking once: a prompt to a runner that answers without a terminal, in JSON of a given shape. A stand-in or a file may answer in
its place."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.jsonshape import value_in
from agency.domain.output import Message, Output, Problem, ThreadTold, TurnEnded, UsageTold
from agency.domain.repo import Repo
from agency.domain.usage import Usage
from agency.plans.commands import CommandEnd, run_program
from agency.runners.adapter import Adapter, Scene, Words
from agency.runners.headless import headless_words
from agency.runners.resolve import Runner, resolve_runner
from agency.sessions.consent import require_asking
from agency.sessions.context import Context
from agency.sessions.environment import without_run
from agency.sessions.headless import words_for_model
from agency.sessions.installed import without_lacking
from agency.worker.meter import Meter

_TRUTHY = frozenset({"1", "true", "yes", "on"})
_SHOWN = 300


@frozen
class Question:
    """What is asked. ``kind`` names it for a stand-in, ``stub`` is what that says when it has nothing to say about this kind.
    ``aside``: what a stand-in was given to say is not about this unless it names the kind. ``accepts`` is what an answer has to
    fit where that is less than the ``schema`` that is asked for."""

    kind: str
    prompt: str
    schema: Mapping[str, Any]
    accepts: Mapping[str, Any] | None = None
    stub: Mapping[str, Any] | None = None
    aside: bool = False


@frozen
class Answer:
    """A value of the shape that was asked for, who gave it (a runner by its name, ``mock``, or a file), and what it took:
    ``cost`` in US dollars (None: not told), and seconds."""

    value: Mapping[str, Any]
    by: str
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    seconds: float = 0.0


@frozen
class Place:
    """Where a runner answers: the directory that it stands in, the id that marks what it starts, how many seconds it has, and
    the file that keeps what it prints. ``repo`` is whose config describes the runner."""

    repo: Repo
    directory: str
    owner: str
    timeout: float
    log: str


def is_mocked(environ: Mapping[str, str]) -> bool:
    """Whether ``MOCK_LLM`` asks for the stand-in in place of every runner."""
    return environ.get("MOCK_LLM", "").strip().lower() in _TRUTHY


def ready_to_ask(context: Context, repo: Repo, name: str | None) -> Runner:
    """The runner of that name (None: the one of the config), known and allowed.

    Raises E_RUNNER_NOT_CONFIGURED, E_RUNNER_NOT_FOUND, E_INVALID_CONFIG, E_CONSENT_REQUIRED.
    """
    place = repo.checkout or repo.root
    settings = load_settings(place, context.paths.config)
    runner = resolve_runner(settings, name or settings.runner, context.environ, directory=place)
    return without_lacking(context, require_asking(context, repo, settings, runner)).runner


def ask_runner(context: Context, name: str | None, model: str | None, question: Question, place: Place) -> Answer:
    """Have a runner answer, with all that it started gone afterwards.

    Raises what :func:`ready_to_ask` raises, E_HEADLESS_UNSUPPORTED, E_USAGE, E_TIMEOUT, and E_NO_ANSWER when it fails or says
    nothing of that shape.
    """
    runner = ready_to_ask(context, place.repo, name)
    with tempfile.TemporaryDirectory(prefix="agency-ask-") as record:
        scene = Scene(
            worktree=place.directory,
            directory=record,
            trusted=runner.trusted,
            environ=runner.environ,
            lacking=runner.lacking,
        )
        words = _words(runner, scene, question, words_for_model(runner, model))
        meter = Meter(runner.adapter, scene, None)
        if words.thread_id is not None:
            meter.turned_to(words.thread_id)
        try:
            ended = run_program(
                (runner.program, *words.words),
                directory=place.directory,
                environ=without_run(runner.environ),
                owner=place.owner,
                timeout=place.timeout,
                log=place.log,
                typed=words.typed,
                spared=runner.adapter.shared_daemons,
            )
        finally:
            if runner.trusted:
                runner.adapter.forget_trust(scene)
        told = _told(runner.adapter, ended, meter)
        usage, cost = meter.usage, meter.cost
    _require_well(runner, ended, told)
    value = _value(_said(runner.adapter, ended, told), question, runner.name, place.log)
    return Answer(value=value, by=runner.name, usage=usage, cost=cost, seconds=ended.seconds)


def ask_mock(context: Context, question: Question) -> Answer:
    """What the stand-in says: the JSON in the file ``MOCK_LLM_OUTPUT_PATH``, or in ``MOCK_LLM_OUTPUT``; else its stub.

    An object whose only key is ``answers`` has an answer for each kind of question, or a list of them, of which the last one
    stays. Raises E_NO_ANSWER when that is not of the shape.
    """
    environ = context.environ
    path, text = environ.get("MOCK_LLM_OUTPUT_PATH"), environ.get("MOCK_LLM_OUTPUT")
    if path:
        path = os.path.join(context.cwd, path)
        text = _read(path)
    if text:
        named = _named(text, question)
        if named is not None or not question.aside:
            return Answer(value=_value([named or text], question, "mock", path), by="mock")
    if question.stub is None:
        raise AgencyError(
            "E_NO_ANSWER",
            "the stand-in has nothing to say",
            hint="set MOCK_LLM_OUTPUT_PATH to a file with the answer",
            kind=question.kind,
        )
    return Answer(value=question.stub, by="mock")


def ask_file(path: str, question: Question) -> Answer:
    """The answer that stands in a file. Raises E_NO_ANSWER when it cannot be read or is not of the shape."""
    text = _read(path)
    return Answer(value=_value([_named(text, question) or text], question, path, path), by=path)


def _named(text: str, question: Question) -> str | None:
    """What a text with answers for several kinds of questions has for this one; that it is asked the n-th time, it says."""
    try:
        told = json.loads(text)
    except ValueError:
        return None
    if not isinstance(told, dict) or list(told) != ["answers"] or not isinstance(told["answers"], dict):
        return None
    kind, _, number = question.kind.partition("#")
    answer = told["answers"].get(kind)
    if isinstance(answer, list) and answer:
        answer = answer[min(int(number or 1), len(answer)) - 1]
    return json.dumps(answer) if answer is not None else None


def _words(runner: Runner, scene: Scene, question: Question, model: tuple[str, ...]) -> Words:
    extra = (*runner.extra, *model)
    words = runner.adapter.answering(scene, extra, question.prompt, question.schema)
    if words is not None:
        return words
    asked = (
        f"{question.prompt}\n\nYour last message has to be one JSON object and nothing else. It has to fit this JSON Schema:\n"
        f"{json.dumps(question.schema, indent=1)}\n"
    )
    return headless_words(replace(runner, extra=extra), scene, asked, None)


def _told(adapter: Adapter, ended: CommandEnd, meter: Meter) -> list[Output]:
    told = [event for line in ended.out.decode("utf-8", "replace").splitlines() for event in adapter.read_output(line)]
    for event in told:
        if isinstance(event, ThreadTold):
            meter.turned_to(event.thread_id)
        elif isinstance(event, UsageTold):
            meter.take(event)
    return told


def _require_well(runner: Runner, ended: CommandEnd, told: Sequence[Output]) -> None:
    if ended.exit_code is None:
        raise AgencyError(
            "E_TIMEOUT",
            f"runner {runner.name} did not answer within {ended.seconds:.0f} s",
            hint="give it more time, or another model",
            log=ended.log,
        )
    ends = [event for event in told if isinstance(event, TurnEnded)]
    if ended.exit_code == 0 and (not ends or ends[-1].ok):
        return
    problems = [event.text for event in told if isinstance(event, Problem)]
    reasons = [
        *(end.text for end in ends[-1:] if not end.ok),
        *problems[-1:],
        ended.said,
        f"exit code {ended.exit_code}",
    ]
    why = next(" ".join(reason.split())[-_SHOWN:] for reason in reasons if reason.strip())
    raise AgencyError(
        "E_NO_ANSWER", f"runner {runner.name} failed: {why}", hint="look at what it printed", log=ended.log
    )


def _said(adapter: Adapter, ended: CommandEnd, told: Sequence[Output]) -> list[str]:
    """Where the answer may stand, likeliest first."""
    if type(adapter).read_output is Adapter.read_output:
        return [ended.out.decode("utf-8", "replace")]
    last = [event.text for event in told if isinstance(event, TurnEnded) and event.text]
    return [*last[-1:], *reversed(list(_messages(told)))]


def _messages(told: Sequence[Output]) -> Iterator[str]:
    """The messages, those that came in pieces put together."""
    whole = ""
    for event in told:
        if isinstance(event, Message) and event.part:
            whole += event.text
            continue
        if whole:
            yield whole
            whole = ""
        if isinstance(event, Message):
            yield event.text
    if whole:
        yield whole


def _value(texts: Sequence[str], question: Question, by: str, source: str | None) -> Mapping[str, Any]:
    problems: tuple[str, ...] = ("it said nothing",)
    for number, text in enumerate(texts):
        value, wrong = value_in(text, question.accepts or question.schema)
        if not wrong:
            assert isinstance(value, dict)
            return value
        if number == 0 or value is not None:
            problems = wrong
    raise AgencyError(
        "E_NO_ANSWER",
        f"{by} gave no answer of the form that was asked for: {problems[0]}",
        hint="ask again, or another runner",
        problems=list(problems[:50]),
        source=source,
    )


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise AgencyError(
            "E_NO_ANSWER", f"{path} cannot be read: {reason}", hint="name a file that you may read", file=path
        ) from error
