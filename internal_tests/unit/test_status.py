"""The table of statuses, row by row, and what must hold of every verdict."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.facts import SAYS, Doing, RunFacts, Saying, Session, is_doubtful, with_screen
from agency.domain.jobprogress import JobProgress
from agency.domain.status import RULES, STALLED_AFTER, STATUSES, derive_status

ALIVE = Session(alive=True, activity_age=1.0)
QUIET = Session(alive=True, activity_age=STALLED_AFTER + 60.0)
DEAD = Session(alive=False, activity_age=1.0)
LATER = STALLED_AFTER + 60.0


def said(status: str, age: float = 1.0) -> Saying:
    """What a runner says of itself."""
    return Saying(status=status, summary=f"it is {status}", age=age)


def does(what: str, age: float = 1.0, turn_age: float | None = None) -> Doing:
    """What an agent tells by its hooks or its session file."""
    return Doing(what=what, detail=f"it is {what}", age=age, turn_age=turn_age)


LIVE = RunFacts(launched=True, session=ALIVE)
GONE = RunFacts(launched=True)

JOB = JobProgress(steps=3, accepted=(0,), index=1, step="form", attempt=2)

ROWS: list[tuple[str, RunFacts, str, str]] = [
    ("record-unreadable", RunFacts(broken="meta.json is not JSON"), "broken", "meta.json is not JSON"),
    (
        "operation-in-progress",
        RunFacts(operation="create", operation_alive=True, operation_step="setup_started"),
        "creating",
        "setup_started",
    ),
    ("operation-in-progress", replace(LIVE, operation="clean", operation_alive=True), "cleaning", ""),
    ("operation-in-progress", RunFacts(operation="restore", operation_alive=True), "restoring", ""),
    (
        "operation-interrupted",
        RunFacts(operation="create", worktree_present=False),
        "interrupted (create)",
        "agency restore finishes the worktree, agency clean removes it",
    ),
    (
        "operation-interrupted",
        replace(LIVE, operation="clean"),
        "interrupted (clean)",
        "agency clean finishes it, agency restore undoes it",
    ),
    (
        "operation-interrupted",
        RunFacts(operation="restore", archived=True),
        "interrupted (restore)",
        "agency restore finishes it",
    ),
    ("merged", RunFacts(merged=True, abandoned=True, archived=True, worktree_present=False), "merged", ""),
    ("abandoned", RunFacts(abandoned=True, archived=True, worktree_present=False), "abandoned", ""),
    ("worktree-missing", replace(LIVE, worktree_present=False), "worktree missing", "agency restore brings it back"),
    ("creation-failed", RunFacts(setup_failed=True, create_failed="E_SCRIPT_FAILED"), "failed", "setup failed"),
    ("creation-failed", RunFacts(create_failed="E_TMUX_FAILED"), "failed", "creation failed (E_TMUX_FAILED)"),
    (
        "creation-failed",
        RunFacts(create_failed="E_GIT_FAILED", worktree_present=False),
        "failed",
        "creation failed (E_GIT_FAILED)",
    ),
    ("attention", replace(LIVE, attention="stop_requested"), "needs attention", "stop_requested"),
    (
        "attention",
        replace(GONE, attention="stop_requested", session=DEAD, exit_code=130),
        "needs attention",
        "stop_requested; runner exited (130)",
    ),
    (
        "attention",
        replace(GONE, attention="stop_requested", killed=True),
        "needs attention",
        "stop_requested; stopped by you",
    ),
    (
        "attention",
        replace(GONE, attention="verify_failed", rebooted=True),
        "needs attention",
        "verify_failed; lost (reboot)",
    ),
    (
        "said-ready-for-review",
        replace(LIVE, saying=said("ready_for_review")),
        "ready for review",
        "it is ready_for_review",
    ),
    (
        "said-ready-for-review",
        replace(GONE, saying=said("ready_for_review"), exit_code=0),
        "ready for review",
        "it is ready_for_review",
    ),
    (
        "said-ready-for-review",
        replace(GONE, saying=said("ready_for_review"), killed=True, exit_code=1),
        "ready for review",
        "it is ready_for_review",
    ),
    (
        "runner-exited",
        replace(GONE, saying=said("ready_for_review"), session=DEAD, exit_code=1),
        "exited (1)",
        "it is ready_for_review",
    ),
    ("runner-exited", replace(GONE, session=DEAD, exit_code=0), "exited (0)", ""),
    ("runner-exited", replace(GONE, exit_code=7, rebooted=True, server_gone=True), "exited (7)", ""),
    ("runner-exited", replace(GONE, saying=said("working"), exit_code=0), "exited (0)", "it is working"),
    ("stopped-by-you", replace(GONE, killed=True), "stopped", ""),
    (
        "stopped-by-you",
        replace(GONE, killed=True, rebooted=True, server_gone=True, saying=said("working")),
        "stopped",
        "it is working",
    ),
    ("runner-lost", GONE, "lost (ended from outside)", "agency resume starts it again"),
    ("runner-lost", replace(GONE, session=DEAD), "lost (ended from outside)", "agency resume starts it again"),
    (
        "runner-lost",
        replace(GONE, server_gone=True, saying=said("needs_input")),
        "lost (tmux died)",
        "agency resume starts it again",
    ),
    (
        "runner-lost",
        replace(GONE, server_gone=True, rebooted=True),
        "lost (reboot)",
        "agency resume starts it again",
    ),
    ("said-needs-input", replace(LIVE, saying=said("needs_input", age=LATER)), "needs input", "it is needs_input"),
    ("said-blocked", replace(LIVE, saying=said("blocked")), "blocked", "it is blocked"),
    (
        "no-sign-of-life",
        replace(LIVE, saying=said("working", age=LATER), session=Session(alive=True, activity_age=LATER + 60)),
        "stalled",
        "no activity for 16m",
    ),
    (
        "no-sign-of-life",
        replace(LIVE, saying=said("working", age=7300.0), session=Session(alive=True)),
        "stalled",
        "no activity for 2h",
    ),
    ("agent-waits", replace(LIVE, agent=does("waiting")), "waiting", "it is waiting"),
    ("agent-waits", replace(LIVE, agent=does("waiting"), saying=said("blocked")), "waiting", "it is waiting"),
    ("agent-works", replace(LIVE, agent=does("working")), "working", "it is working"),
    (
        "agent-works",
        replace(LIVE, agent=does("working"), saying=said("needs_input", age=60.0)),
        "working",
        "it is working",
    ),
    (
        "agent-waits",
        replace(LIVE, agent=does("waiting", age=LATER), session=QUIET),
        "waiting",
        "it is waiting",
    ),
    (
        "agent-waits",
        replace(LIVE, agent=does("waiting", turn_age=9.0), saying=said("ready_for_review", age=60.0)),
        "waiting",
        "it is waiting",
    ),
    (
        "said-ready-for-review",
        replace(LIVE, agent=does("waiting"), saying=said("ready_for_review")),
        "ready for review",
        "it is ready_for_review",
    ),
    (
        "agent-done",
        replace(LIVE, agent=does("done", turn_age=9.0), saying=said("needs_input", age=60.0)),
        "done",
        "it is done",
    ),
    (
        "said-needs-input",
        replace(LIVE, agent=does("done", turn_age=90.0), saying=said("needs_input", age=60.0)),
        "needs input",
        "it is needs_input",
    ),
    ("said-blocked", replace(LIVE, agent=does("done"), saying=said("blocked")), "blocked", "it is blocked"),
    ("agent-done", replace(LIVE, agent=does("done"), saying=said("working")), "done", "it is done"),
    (
        "no-sign-of-life",
        replace(LIVE, agent=does("working", age=LATER), saying=said("working", age=LATER), session=QUIET),
        "stalled",
        "no activity for 16m",
    ),
    (
        "agent-works",
        replace(LIVE, agent=does("working", age=LATER), session=ALIVE),
        "working",
        "it is working",
    ),
    ("agent-done", replace(LIVE, agent=does("done")), "done", "it is done"),
    ("agent-done", replace(LIVE, agent=does("done"), screen=does("waiting")), "done", "it is done"),
    ("agent-works", replace(LIVE, agent=does("working"), screen=does("done")), "working", "it is working"),
    ("screen-waits", replace(LIVE, screen=does("waiting")), "waiting", "it is waiting"),
    ("screen-waits", replace(LIVE, screen=does("waiting"), saying=said("needs_input")), "waiting", "it is waiting"),
    ("screen-waits", replace(LIVE, screen=does("waiting"), saying=said("working")), "waiting", "it is waiting"),
    ("screen-done", replace(LIVE, screen=does("done")), "done", "it is done"),
    ("screen-done", replace(LIVE, screen=does("done"), saying=said("working")), "done", "it is done"),
    ("said-blocked", replace(LIVE, screen=does("done"), saying=said("blocked")), "blocked", "it is blocked"),
    ("screen-works", replace(LIVE, screen=does("working")), "working", "it is working"),
    (
        "screen-works",
        replace(LIVE, screen=does("working", 1.0), saying=said("blocked", 9.0)),
        "working",
        "it is working",
    ),
    ("said-blocked", replace(LIVE, screen=does("working", 9.0), saying=said("blocked")), "blocked", "it is blocked"),
    (
        "screen-works",
        replace(LIVE, screen=does("working", 1.0), saying=said("ready_for_review", 9.0)),
        "working",
        "it is working",
    ),
    (
        "no-sign-of-life",
        replace(LIVE, screen=does("working", LATER), session=QUIET),
        "stalled",
        "no activity for 16m",
    ),
    ("runner-exited", replace(GONE, session=DEAD, exit_code=0, screen=does("working")), "exited (0)", ""),
    ("agent-done", replace(LIVE, agent=does("done", age=LATER), session=QUIET), "done", "it is done"),
    (
        "said-needs-input",
        replace(LIVE, agent=does("done"), saying=said("needs_input")),
        "needs input",
        "it is needs_input",
    ),
    (
        "said-ready-for-review",
        replace(LIVE, agent=does("done"), saying=said("ready_for_review", age=60.0)),
        "ready for review",
        "it is ready_for_review",
    ),
    (
        "agent-works",
        replace(LIVE, agent=does("working"), saying=said("ready_for_review", age=60.0)),
        "working",
        "it is working",
    ),
    (
        "no-sign-of-life",
        replace(LIVE, agent=does("working", age=LATER), session=QUIET),
        "stalled",
        "no activity for 16m",
    ),
    ("runner-lost", replace(GONE, agent=does("working")), "lost (ended from outside)", "agency resume starts it again"),
    ("said-working", replace(LIVE, saying=said("working")), "working", "it is working"),
    ("said-working", replace(LIVE, saying=said("working", age=LATER)), "working", "it is working"),
    (
        "said-working",
        replace(LIVE, saying=said("working"), session=Session(alive=True, activity_age=LATER)),
        "working",
        "it is working",
    ),
    ("session-alive", LIVE, "active", ""),
    ("session-alive", replace(LIVE, session=Session(alive=True, activity_age=LATER)), "active", ""),
    ("never-started", RunFacts(), "idle", ""),
    ("job-works", replace(LIVE, job=JOB), "working", "step 2/3 form, attempt 2"),
    ("job-works", replace(LIVE, job=JobProgress()), "working", "starting"),
    ("job-waits", replace(LIVE, job=replace(JOB, waiting="go on?")), "waiting", "go on?"),
    ("job-paused", replace(LIVE, job=replace(JOB, held="paused", waiting="?")), "paused", "step 2/3 form, attempt 2"),
    ("job-taken-over", replace(LIVE, job=replace(JOB, held="taken_over")), "taken over", "step 2/3 form, attempt 2"),
    ("job-done", replace(GONE, exit_code=0, job=replace(JOB, outcome="done", reason="all")), "done", "all"),
    ("job-failed", replace(GONE, exit_code=4, job=replace(JOB, outcome="failed", reason="why")), "failed", "why"),
    (
        "job-needs-attention",
        replace(GONE, exit_code=3, job=replace(JOB, outcome="needs_attention", reason="why")),
        "needs attention",
        "why",
    ),
    ("stopped-by-you", replace(GONE, killed=True, job=JOB), "stopped", ""),
    ("runner-lost", replace(GONE, job=JOB), "lost (ended from outside)", "agency resume starts it again"),
]


@pytest.mark.parametrize(("rule", "facts", "status", "summary"), ROWS, ids=[f"{row[0]}-{row[2]}" for row in ROWS])
def test_row(rule: str, facts: RunFacts, status: str, summary: str) -> None:
    verdict = derive_status(facts)
    assert (verdict.rule, verdict.status, verdict.summary) == (rule, status, summary)


SILENT = Session(alive=True, activity_age=6.0)

SCREENS: list[tuple[Doing, Session | None, str, str | None]] = [
    (does("waiting", age=3.0), ALIVE, "working", "working"),
    (does("waiting", age=3.0), SILENT, "waiting", "waiting"),
    (does("waiting", age=3.0), SILENT, "done", "waiting"),
    (does("waiting", age=1.0), ALIVE, "working", None),
    (does("working", age=6.0), SILENT, "done", "done"),
    (does("working", age=6.0), SILENT, "waiting", "waiting"),
    (does("working", age=6.0), SILENT, "working", "working"),
    (does("working", age=6.0), ALIVE, "done", None),
    (does("working", age=1.0), SILENT, "done", None),
    (does("done", age=60.0), SILENT, "working", None),
    (does("waiting", age=3.0), DEAD, "working", None),
    (does("waiting", age=3.0), None, "working", None),
]


@pytest.mark.parametrize(("agent", "session", "shown", "what"), SCREENS)
def test_what_the_screen_shows_counts_where_hooks_cannot_tell(
    agent: Doing, session: Session | None, shown: str, what: str | None
) -> None:
    """``what`` is None where the screen is not asked at all."""
    facts = RunFacts(launched=True, session=session, agent=agent)
    assert is_doubtful(facts) == (what is not None)
    if what is not None:
        assert with_screen(agent, shown).what == what


def test_a_question_that_was_answered_is_shown_as_the_work_that_it_was_about() -> None:
    asked = Doing(what="waiting", detail="permission: Bash make", age=3.0, turn_age=9.0)
    assert with_screen(asked, "working") == Doing(what="working", detail="Bash make", age=3.0, turn_age=9.0)


def test_every_rule_has_a_row() -> None:
    assert {rule for rule, *_ in ROWS} == {rule.name for rule in RULES}


def test_rules_have_names_of_their_own_and_say_when_they_apply() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.says and not rule.says.endswith(".") for rule in RULES)


ages = st.floats(min_value=0, max_value=1e6)
texts = st.none() | st.text(min_size=1, max_size=10)
doings = st.none() | st.builds(Doing, what=st.sampled_from(["working", "waiting", "done"]), detail=st.text(), age=ages)
facts = st.builds(
    RunFacts,
    broken=texts,
    merged=st.booleans(),
    abandoned=st.booleans(),
    archived=st.booleans(),
    operation=st.sampled_from([None, None, None, "create", "clean", "restore"]),
    operation_alive=st.booleans(),
    operation_step=st.text(max_size=5),
    create_failed=texts,
    setup_failed=st.booleans(),
    attention=texts,
    session=st.none()
    | st.builds(Session, alive=st.booleans(), attached=st.integers(0, 3), activity_age=st.none() | ages),
    agent=doings,
    screen=doings,
    saying=st.none() | st.builds(Saying, status=st.sampled_from(SAYS), summary=st.text(min_size=1), age=ages),
    launched=st.booleans(),
    exit_code=st.none() | st.integers(0, 255),
    killed=st.booleans(),
    rebooted=st.booleans(),
    server_gone=st.booleans(),
    worktree_present=st.booleans(),
)
quiet = st.builds(
    replace,
    facts,
    broken=st.none(),
    merged=st.just(False),
    abandoned=st.just(False),
    operation=st.none(),
    attention=st.none(),
    agent=st.none(),
    screen=st.none(),
    worktree_present=st.just(True),
    launched=st.just(True),
)
"""Facts of a run that was started, with nothing above the runner itself to tell."""


@given(facts)
def test_every_run_has_a_status_by_a_rule_that_applies_and_none_before_it(seen: RunFacts) -> None:
    verdict = derive_status(seen)
    applying = [rule for rule in RULES if rule.applies(seen)]
    assert verdict.status
    assert verdict.rule == applying[0].name


@given(facts)
def test_every_status_is_one_of_the_list(seen: RunFacts) -> None:
    status = derive_status(seen).status
    assert status in STATUSES or status == f"exited ({seen.exit_code})"


no_runner = st.sampled_from([None, DEAD])


@given(facts, no_runner)
def test_a_runner_that_is_not_alive_is_never_told_as_at_work(seen: RunFacts, session: Session | None) -> None:
    assert derive_status(replace(seen, session=session)).status not in {
        "working",
        "needs input",
        "blocked",
        "stalled",
        "active",
    }


@given(facts)
def test_a_living_runner_is_never_told_as_ended(seen: RunFacts) -> None:
    assert not derive_status(replace(seen, session=ALIVE)).status.startswith(("exited", "stopped", "lost", "idle"))


@given(quiet, no_runner)
def test_of_a_started_run_that_is_not_alive_the_end_is_told(seen: RunFacts, session: Session | None) -> None:
    status = derive_status(replace(seen, session=session)).status
    if status != "ready for review":
        expected = "stopped" if seen.killed else "lost" if seen.exit_code is None else f"exited ({seen.exit_code})"
        assert status.startswith(expected)


@given(quiet)
def test_ready_for_review_is_told_unless_the_runner_failed(seen: RunFacts) -> None:
    seen = replace(seen, saying=said("ready_for_review"))
    failed = not seen.runner_alive and not seen.killed and seen.exit_code not in (None, 0)
    assert (derive_status(seen).status == "ready for review") is not failed


@given(quiet)
def test_stalled_means_that_neither_a_word_nor_a_line_came_for_long(seen: RunFacts) -> None:
    if derive_status(seen).status == "stalled":
        assert seen.saying is not None
        assert seen.saying.status == "working"
        assert seen.saying.age >= STALLED_AFTER
        assert seen.session is not None
        assert seen.session.activity_age is None or seen.session.activity_age >= STALLED_AFTER


@given(quiet, st.floats(min_value=0, max_value=STALLED_AFTER, exclude_max=True))
def test_a_fresh_sign_of_life_ends_a_stall(seen: RunFacts, age: float) -> None:
    assert derive_status(replace(seen, session=Session(alive=True, activity_age=age))).status != "stalled"
    word = replace(seen, session=Session(alive=True, activity_age=LATER), saying=said("working", age=age))
    assert derive_status(word).status != "stalled"


@given(quiet, st.floats(min_value=STALLED_AFTER, max_value=1e6), st.floats(min_value=STALLED_AFTER, max_value=1e6))
def test_a_runner_that_says_it_works_and_shows_no_sign_of_life_is_stalled(
    seen: RunFacts, one: float, two: float
) -> None:
    seen = replace(seen, session=Session(alive=True, activity_age=one), saying=said("working", age=two))
    assert derive_status(seen).status == "stalled"


@given(facts)
def test_a_broken_record_is_always_told(seen: RunFacts) -> None:
    assert (derive_status(seen).status == "broken") is (seen.broken is not None)


@given(facts, st.sampled_from(["create", "clean", "restore"]))
def test_a_half_done_operation_is_never_hidden(seen: RunFacts, operation: str) -> None:
    status = derive_status(replace(seen, operation=operation, broken=None)).status
    if seen.operation_alive:
        assert status in {"creating", "cleaning", "restoring"}
    else:
        assert status == f"interrupted ({operation})"


@given(facts)
def test_who_watches_does_not_change_the_status(seen: RunFacts) -> None:
    if seen.session is not None:
        assert derive_status(replace(seen, session=replace(seen.session, attached=9))) == derive_status(seen)
