"""The interview that comes before a plan: what is asked of whom, and what the answers become."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.jsonshape import TEXT, one_of, shape

ASK, SYNTHESIZE = "ask", "synthesize"
TURN_SCHEMA = shape({"action": one_of((ASK, SYNTHESIZE)), "prompt": TEXT, "notes": TEXT})
"""A turn of the interviewer: another question (``prompt``), or that it knows enough; ``notes`` are what it made of it so far."""

PLAN_ARTIFACT = "implementation_plan"
ARTIFACTS: Mapping[str, tuple[str, str]] = {
    "requirements": ("000-discovery/requirements.md", "what has to be true at the end, as checks that can be made"),
    "research_notes": ("000-discovery/research-notes.md", "what there is in the repo that the work builds on"),
    "api_findings": ("000-discovery/api-findings.md", "interfaces that are used or changed, and their rules"),
    "architecture": ("001-architecture/architecture.md", "the parts, and how they work together"),
    "decisions": ("001-architecture/decisions.md", "what was decided, why, and what was turned down"),
    "infrastructure": ("001-architecture/infrastructure.md", "what it runs on, is built and tested with"),
    PLAN_ARTIFACT: ("002-implementation/implementation-plan.md", "the work in steps, complete without the others"),
    "risk_assessment": ("002-implementation/risk-assessment.md", "what may go wrong, and how it would be seen"),
}
"""Document -> its file, and what is in it."""
ARTIFACTS_SCHEMA = shape({**dict.fromkeys(ARTIFACTS, TEXT), "summary": TEXT})

TURN_STUB: Mapping[str, Any] = {"action": SYNTHESIZE, "prompt": "", "notes": "a stand-in asks nothing"}
NO_ANSWER = "(no answer: decide that yourself)"


@frozen
class Exchange:
    """A question of the interview and what a person answered, empty for nothing."""

    question: str
    answer: str


def turn_prompt(
    *, project: str, goal: str, files: Sequence[str], said: Sequence[Exchange], notes: str, left: int
) -> str:
    """What the interviewer is told before it asks the next question, of which ``left`` may follow."""
    return "\n\n".join(
        (
            f"You prepare work on the project {project} that coding agents will carry out without anybody to ask. Find out from "
            "a person what you need to know for a plan: the goal, its limits, what counts as done. Look at the files first; ask "
            "nothing that they tell, nothing twice, and one thing at a time. A person who does not answer leaves it to you.",
            f"You may ask {left} more question{'' if left == 1 else 's'}. Answer with action ask and the question as prompt, or, "
            "as soon as you know enough, with action synthesize. Keep what you know by then in notes.",
            f"The goal, as far as it was told:\n{goal.strip() or '(nothing was told yet)'}",
            f"Your notes so far:\n{notes.strip() or '(none)'}",
            f"The conversation:\n{_told(said)}",
            "The files of the project:\n" + "\n".join(files),
        )
    )


def artifacts_prompt(*, project: str, goal: str, said: Sequence[Exchange], notes: str) -> str:
    """What the interviewer is told when it has to write down what it found out."""
    wanted = "\n".join(f"- {name}: {about}" for name, (_, about) in ARTIFACTS.items())
    return "\n\n".join(
        (
            f"You prepared work on the project {project} in a conversation. Write down what came of it, each document in "
            "markdown without a heading of the first level, and a summary of one paragraph:",
            wanted,
            f"The goal:\n{goal.strip() or '(it came up in the conversation)'}",
            f"Your notes:\n{notes.strip() or '(none)'}",
            f"The conversation:\n{_told(said)}",
        )
    )


def stub_artifacts(goal: str, said: Sequence[Exchange]) -> dict[str, str]:
    """What a stand-in writes down: what was said, and nothing else."""
    text = "\n\n".join(part for part in (goal.strip(), _told(said) if said else "") if part) or "(nothing was told)"
    return {**dict.fromkeys(ARTIFACTS, "(a stand-in wrote nothing)"), PLAN_ARTIFACT: text, "summary": "a stand-in"}


def answers_in(text: str) -> tuple[str, ...]:
    """The answers in a file for scripts: a JSON list of texts, else one a line; empty ones are no answer. Raises ValueError."""
    try:
        value = json.loads(text)
    except ValueError:
        return tuple(line.strip() for line in text.strip("\n").split("\n")) if text.strip() else ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("it is JSON, but no list of texts")
    return tuple(one.strip() for one in value)


def _told(said: Sequence[Exchange]) -> str:
    return "\n".join(f"Q: {one.question}\nA: {one.answer or NO_ANSWER}" for one in said) or "(nothing was asked)"
