"""From a conversation to the files of a plan: an interview, documents that keep what came of it, and a draft."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import NAME_RULE, is_valid_name
from agency.domain.interview import (
    ARTIFACTS,
    ARTIFACTS_SCHEMA,
    ASK,
    PLAN_ARTIFACT,
    TURN_SCHEMA,
    TURN_STUB,
    Exchange,
    artifacts_prompt,
    stub_artifacts,
    turn_prompt,
)
from agency.domain.repo import Repo
from agency.plans.ask import Question
from agency.plans.draft import Draft, DraftRequest, Planner, ask_planner, draft_plan, require_plannable
from agency.plans.draftfiles import write_text
from agency.plans.load import plan_directory_of
from agency.plans.transcript import Transcript
from agency.sessions.context import Context
from agency.store.eventlog import now
from agency.tools.git.command import Git

PLANNING = "planning"
_MOST_FILES = 2000


@frozen
class Session:
    """One autopilot session for the plan ``name``. ``goal`` is what was told beforehand, ``answer`` asks a person (None: no more
    answers), ``most`` is how many questions may be put."""

    session_id: str
    name: str
    goal: str
    planner: Planner
    answer: Callable[[str], str | None]
    most: int
    force: bool
    dry_run: bool


def transcript_of(repo: Repo, name: str, session_id: str) -> Transcript:
    """The transcript of a session, begun. Raises E_INVALID_NAME, E_STORE_FAILED."""
    if not is_valid_name(name):
        raise AgencyError("E_INVALID_NAME", f"{name!r} cannot name a plan", hint=f"a name has {NAME_RULE}")
    path = f"{plan_directory_of(repo, name)}/{PLANNING}/sessions/{session_id}-autopilot.md"
    return Transcript(path, session_id, name)


def prepare(context: Context, repo: Repo, session: Session, transcript: Transcript) -> Draft:
    """Interview, documents and draft. Raises what drafting raises."""
    settings = require_plannable(repo, session.name)
    transcript.begin("Supervisor")
    transcript.pairs(
        planner=_called(session.planner, settings.runner), questions_at_most=session.most, dry_run=session.dry_run
    )
    if session.goal.strip():
        transcript.tell(session.goal)
    transcript.begin("Conversation")
    said, notes = _interviewed(context, repo, session, settings.runner, transcript)
    documents = _documents(context, repo, session, settings.runner, said, notes)
    transcript.begin("Artifacts")
    transcript.tell(str(documents["summary"]))
    if not session.dry_run:
        for name, (file, _) in ARTIFACTS.items():
            _append(f"{plan_directory_of(repo, session.name)}/{PLANNING}/{file}", session, str(documents[name]))
            transcript.tell(f"- {PLANNING}/{file}")
    transcript.begin("Planner")
    file = f"{plan_directory_of(repo, session.name)}/{PLANNING}/{ARTIFACTS[PLAN_ARTIFACT][0]}"
    request = DraftRequest(
        name=session.name,
        text=str(documents[PLAN_ARTIFACT]),
        source=file,
        planner=session.planner,
        force=session.force,
        dry_run=session.dry_run,
    )
    draft = draft_plan(context, repo, request)
    transcript.tell("\n".join(f"- {one.directory}: {one.what}" for one in draft.changes))
    usage = draft.answer.usage
    transcript.pairs(by=draft.answer.by, tokens=usage.total, tasks=len(draft.manifests))
    return draft


def _interviewed(
    context: Context, repo: Repo, session: Session, runner: str | None, transcript: Transcript
) -> tuple[list[Exchange], str]:
    said: list[Exchange] = []
    notes = ""
    files = Git(environ=context.environ, tree=repo.checkout or repo.root).items("ls-files", "-z")[:_MOST_FILES]
    for number in range(1, session.most + 1):
        prompt = turn_prompt(
            project=os.path.basename(repo.root),
            goal=session.goal,
            files=files,
            said=said,
            notes=notes,
            left=session.most - len(said),
        )
        question = Question(kind=f"interview#{number}", prompt=prompt, schema=TURN_SCHEMA, stub=TURN_STUB, aside=True)
        turn = ask_planner(context, repo, session.planner, runner, question).value
        notes = str(turn["notes"]) or notes
        if turn["action"] != ASK or not str(turn["prompt"]).strip():
            break
        answer = session.answer(str(turn["prompt"]).strip())
        said.append(Exchange(question=str(turn["prompt"]).strip(), answer=(answer or "").strip()))
        transcript.exchange(said[-1])
        if answer is None:
            break
    if not said:
        transcript.tell("(nothing was asked)")
    return said, notes


def _documents(
    context: Context, repo: Repo, session: Session, runner: str | None, said: list[Exchange], notes: str
) -> Mapping[str, Any]:
    prompt = artifacts_prompt(project=os.path.basename(repo.root), goal=session.goal, said=said, notes=notes)
    question = Question(
        kind="artifacts",
        prompt=prompt,
        schema=ARTIFACTS_SCHEMA,
        stub=stub_artifacts(session.goal, said),
        aside=True,
    )
    return ask_planner(context, repo, session.planner, runner, question).value


def _append(path: str, session: Session, text: str) -> None:
    """Add to a document what this session has to say. Raises E_STORE_FAILED."""
    try:
        with open(path, encoding="utf-8") as file:
            before = file.read().rstrip("\n") + "\n\n"
    except FileNotFoundError:
        before = ""
    write_text(path, f"{before}## Session {session.session_id} ({now()})\n\n{text.strip()}\n")


def _called(planner: Planner, runner: str | None) -> str:
    return "a stand-in" if planner.mock else planner.runner or runner or "the runner of the config"
