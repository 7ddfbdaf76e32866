"""A conversation becomes documents, a plan and merged work; the transcript tells how far it came, however it ended."""

import json
from pathlib import Path
from typing import Any

import pexpect

from internal_tests.support.plans import make_plan, task, writes
from internal_tests.support.world import AGENCY, World

DOCUMENTS = (
    "requirements",
    "research_notes",
    "api_findings",
    "architecture",
    "decisions",
    "infrastructure",
    "implementation_plan",
    "risk_assessment",
)


def asks(question: str) -> dict[str, str]:
    """A turn that asks."""
    return {"action": "ask", "prompt": question, "notes": f"asked {question}"}


DONE = {"action": "synthesize", "prompt": "", "notes": "enough"}
PLANNED = {"tasks": [{**task("001", writes="docs"), "spec": "Write about nuts."}]}


def prepare(world: World, **answers: Any) -> Path:
    """A repo with a demo agent, and a stand-in that says ``answers``; where the plan nuts will be."""
    make_plan(world, [], {"*": [writes("docs/{task}.txt")]})
    file = world.root / "said.json"
    said = {
        "interview": [asks("Which nuts?"), asks("How many?"), DONE],
        "artifacts": {**{name: f"This is {name}." for name in DOCUMENTS}, "summary": "All about nuts."},
        "plan": PLANNED,
        **answers,
    }
    file.write_text(json.dumps({"answers": said}))
    world.env.update(MOCK_LLM="1", MOCK_LLM_OUTPUT_PATH=str(file))
    return world.repo / ".agency" / "plans" / "nuts"


def transcript(place: Path) -> str:
    """The transcript of the last session."""
    sessions = (place / "planning" / "sessions").glob("*-autopilot.md")
    return max(sessions, key=lambda path: path.stat().st_mtime_ns).read_text()


def test_answers_become_documents_a_plan_and_merged_work(world: World) -> None:
    place = prepare(world)
    answers = world.root / "answers.json"
    answers.write_text('["walnuts", ""]')
    words = ("plan", "autopilot", "nuts", "--goal", "Write about nuts", "--answers", str(answers))
    dry = world.ok(*words, "--dry-run", "--json").data
    assert [change["what"] for change in dry["changes"]] == ["made"]
    assert sorted(path.name for path in place.rglob("*") if path.is_file() and "sessions" not in path.parts) == []

    result = world.ok(*words)
    assert "status: complete" in result.out
    assert world.git("show", "main:docs/001.txt") == "made"
    plan = (place / "planning" / "002-implementation" / "implementation-plan.md").read_text()
    assert plan.startswith("## Session ") and "This is implementation_plan." in plan
    assert len([path for path in (place / "planning").rglob("*.md") if path.parent.name != "sessions"]) == 8
    told = transcript(place)
    for expected in (
        "Write about nuts",
        "**Q:** Which nuts?\n\n**A:** walnuts",
        "**Q:** How many?\n\n**A:** (no answer: decide that yourself)",
        "All about nuts.",
        "planning/001-architecture/decisions.md",
        "001-task-001: made",
        "status: complete",
    ):
        assert expected in told
    parts = [line for line in told.splitlines() if line.startswith("## ")]
    assert parts == ["## Supervisor", "## Conversation", "## Artifacts", "## Planner", "## Run"]

    world.ok(*words, "--skip-run", "--max-questions", "0")
    again = (place / "planning" / "002-implementation" / "implementation-plan.md").read_text()
    assert again.startswith(plan.rstrip()) and again.count("## Session ") == 2
    assert "(nothing was asked)" in transcript(place)


def test_a_session_that_fails_leaves_its_transcript(world: World) -> None:
    place = prepare(world, plan={"tasks": [{**task("001", writes="nothing"), "spec": "Write."}]})
    failed = world.agency("plan", "autopilot", "nuts", "--max-questions", "0")
    assert (failed.code, failed.error_code) == (1, "E_INVALID_PLAN")
    told = transcript(place)
    assert "## Ended early" in told
    assert "there is no resource nothing" in told
    assert "transcript: " in failed.err
    unanswered = world.agency("plan", "autopilot", "nuts")
    assert unanswered.error_code == "E_NOT_INTERACTIVE"
    assert "error_code: E_NOT_INTERACTIVE" in transcript(place)


def test_a_person_answers_at_the_terminal_and_ends_the_questions(world: World) -> None:
    place = prepare(world)
    person = pexpect.spawn(
        AGENCY,
        ["plan", "autopilot", "nuts", "--skip-run"],
        cwd=str(world.repo),
        env=world.env,
        encoding="utf-8",
        timeout=30,
    )
    person.expect_exact("Which nuts?")
    person.expect_exact("> ")
    person.sendline("almonds")
    person.expect_exact("How many?")
    person.sendeof()
    person.expect_exact("transcript: ")
    person.expect(pexpect.EOF)
    person.close()
    assert person.exitstatus == 0
    told = transcript(place)
    assert "**A:** almonds" in told
    assert (place / "tasks" / "001-task-001" / "spec.md").exists()
