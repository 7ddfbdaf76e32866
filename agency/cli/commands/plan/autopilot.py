"""agency plan autopilot"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from agency.cli.options import allow_scripts, as_json, common, make_context
from agency.cli.output import note, print_line
from agency.cli.plandraft import print_draft, read_plan_text, who_plans
from agency.cli.plans import drive_apart, drive_here, plan_flags
from agency.cli.prompts import answer, can_ask
from agency.domain.errors import EXIT_DONE, AgencyError

if TYPE_CHECKING:
    from agency.domain.repo import Repo
    from agency.plans.autopilot import Session
    from agency.plans.transcript import Transcript
    from agency.sessions.context import Context


@click.command("autopilot", short_help="From a conversation to a plan that is carried out.")
@click.argument("name")
@click.option("--goal", metavar="TEXT", default="", help="What it is about, in your words.")
@click.option("--input", "-i", "source", metavar="FILE", type=click.Path(), help="The same, from a file.")
@click.option("--answers", metavar="FILE", type=click.Path(), help="Your answers: a JSON list of texts, or one a line.")
@click.option("--max-questions", type=click.IntRange(min=0), default=5, show_default=True, metavar="N", help="At most.")
@click.option("--runner", metavar="NAME", help="Who asks and plans; the runner of the plan without it.")
@click.option("--model", metavar="MODEL", help="The model that the runner uses.")
@click.option("--mock", is_flag=True, help="A stand-in asks and plans, as for agency plan draft.")
@click.option("--force", is_flag=True, help="Also in place of tasks that were changed by hand, which are kept aside.")
@click.option("--skip-run", is_flag=True, help="Do not carry the plan out.")
@click.option("--dry-run", is_flag=True, help="Write nothing but the transcript, and carry nothing out.")
@click.option("--detached", "-d", is_flag=True, help="The conductor works in a tmux session of its own.")
@plan_flags
@allow_scripts
@as_json
@common
def command(
    name: str,
    goal: str,
    source: str | None,
    answers: str | None,
    max_questions: int,
    runner: str | None,
    model: str | None,
    mock: bool,
    force: bool,
    skip_run: bool,
    dry_run: bool,
    detached: bool,
    flags: Mapping[str, Any],
    allow_scripts: bool,
    as_json: bool,
    repo: str | None,
    lock_timeout: float,
) -> int:
    """Ask you a few questions, write down what came of it, draft the plan NAME and carry it out.

    The documents are in .agency/plans/NAME/planning, and a transcript of the session in its folder sessions, however it ends. An
    empty answer leaves the question to the planner, the end of the input ends the questions. The exit code is that of agency plan
    run.
    """
    from agency.plans.autopilot import Session, transcript_of
    from agency.sessions.find import require_repo

    context = make_context("plan autopilot", lock_timeout, allow_scripts=allow_scripts, may_ask=not as_json)
    here = require_repo(context, repo)
    if source is not None:
        goal = "\n\n".join(part for part in (goal, read_plan_text(context, name, source, as_text=True)[1]) if part)
    session = Session(
        session_id=_session_id(),
        name=name,
        goal=goal,
        planner=who_plans(runner=runner, model=model, mock=mock, file=None),
        answer=_answers(context, answers),
        most=max_questions,
        force=force,
        dry_run=dry_run,
    )
    transcript = transcript_of(here, name, session.session_id)
    try:
        code = _session(context, here, session, transcript, flags, run=not skip_run, detached=detached, as_json=as_json)
    except BaseException as error:
        transcript.failed(error)
        note(f"transcript: {transcript.path}")
        raise
    if not as_json:
        print_line(f"transcript: {transcript.path}")
    return code


def _session(
    context: "Context",
    repo: "Repo",
    session: "Session",
    transcript: "Transcript",
    flags: Mapping[str, Any],
    *,
    run: bool,
    detached: bool,
    as_json: bool,
) -> int:
    from agency.plans.autopilot import prepare
    from agency.plans.start import PlanRequest, begin_plan, make_ready

    draft = prepare(context, repo, session, transcript)
    carried_out = run and not session.dry_run
    if not (as_json and carried_out):
        print_draft(draft, as_json=as_json, dry_run=session.dry_run, carried_out=carried_out)
    transcript.begin("Run")
    if not carried_out:
        transcript.tell("(it was not asked for)")
        return EXIT_DONE
    ready = make_ready(context, repo, PlanRequest(name=session.name, tasks=None, flags=flags))
    if ready is None:
        transcript.tell("(what it executes was not allowed)")
        note("canceled")
        return EXIT_DONE
    plan = begin_plan(context, repo, ready)
    transcript.pairs(plan_id=plan.plan_id, branch=plan.branch)
    if detached:
        return drive_apart(context, plan, as_json=as_json)
    code = drive_here(context, plan, as_json=as_json)
    from agency.store.plans import read_plan_state

    state = read_plan_state(plan.directory)
    transcript.pairs(status=state.status, reason=state.reason or "")
    transcript.tell("\n".join(f"- {task_id}: {task.status}" for task_id, task in state.tasks.items()))
    return code


def _answers(context: "Context", file: str | None) -> Callable[[str], str | None]:
    """Who answers: the lines of a file, then nobody; or a person at the terminal. Raises E_USAGE, and, once there is a question,
    E_NOT_INTERACTIVE when nobody is there."""
    if file is None:
        return _person
    from agency.domain.interview import answers_in

    _, text = read_plan_text(context, "", file, as_text=True)
    try:
        left = list(answers_in(text))
    except ValueError as error:
        raise AgencyError("E_USAGE", f"{file} holds no answers: {error}", hint='["yes", "no", ""]') from error
    return lambda question: left.pop(0) if left else None


def _person(question: str) -> str | None:
    if not can_ask():
        raise AgencyError(
            "E_NOT_INTERACTIVE",
            f"a question is put, and nobody is there to answer it: {' '.join(question.split())[:200]}",
            hint="--answers FILE holds answers, --max-questions 0 asks nothing",
        )
    return answer(question)


def _session_id() -> str:
    import os
    import time

    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}-{os.urandom(2).hex()}"
