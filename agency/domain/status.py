"""The status of a run: facts in, verdict out.

The rules stand in order; the first that applies decides. ``docs`` and ``agency explain`` name the rule, so that every
status can be traced to what was seen. What the facts come from, the strongest first, and how long each stands:

===================  ============================================  ==========================================================
layer                tells                                         stands
===================  ============================================  ==========================================================
record and log       half-done operations, merged, abandoned,      until another event ends it; over all below
                     attention, what failed
tmux and exit file   whether the runner lives, how it ended        always seen anew; over all below, but the word ``ready for
                                                                   review`` outlives the runner unless that failed
hooks                working, waiting (the question), done         since the last launch; working only while there is a sign of
                                                                   life in 15 minutes, the others without limit
session file         working, done; waiting where it is written    as hooks; the later of both counts, but a question of a hook
                                                                   stands until a hook or the end of the turn ends it
screen: dialog,      waiting (which dialog), working, done         only while hooks and session file told nothing since the
patterns                                                           last launch; looked at anew each time
screen: prompt       working                                       only over a question that is 2 seconds old: it was answered
screen: prompt       waiting, done                                 only over work of which nothing was told or printed for 5
                                                                   seconds: the turn was broken off
runner_status.json   needs input, blocked, ready for review,       until the agent works on after it, or a person tells it to
                     working                                       do something; ``working`` as that of hooks
activity             that something was printed                    with the age of the words, as the sign of life: nothing for
                                                                   15 minutes makes ``working`` ``stalled``; alone it is
                                                                   ``active``
===================  ============================================  ==========================================================

``waiting`` of the agent is over every word in ``runner_status.json`` but ``ready for review``; ``needs input`` and ``blocked``
are over ``done``, which is over ``working``.
"""

from collections.abc import Callable

from agency.domain.durations import format_duration
from agency.domain.errors import AgencyError
from agency.domain.facts import RunFacts
from agency.domain.jobrules import JOB_RULES
from agency.domain.reference import nearest
from agency.domain.rule import Rule, Verdict

STALLED_AFTER = 15 * 60.0
"""Seconds without a sign of life after which a run that says it works counts as stalled."""

STATUSES = (
    *("working", "waiting", "done"),
    *("needs input", "blocked", "ready for review"),
    *("active", "stalled", "needs attention", "paused", "taken over"),
    *("exited", "stopped", "lost (reboot)", "lost (tmux died)", "lost (ended from outside)"),
    *("creating", "cleaning", "restoring", "verifying", "pushing", "merging", "landing", "resetting"),
    *("interrupted (create)", "interrupted (clean)", "interrupted (restore)"),
    *("interrupted (push)", "interrupted (merge)", "interrupted (land)"),
    *("interrupted (checkpoint)", "interrupted (hard reset)"),
    *("failed", "worktree missing", "broken", "idle", "merged", "abandoned"),
)
"""Every status; ``exited`` is followed by its exit code in brackets."""


_OPERATION_WORDS = {
    "create": "creating",
    "clean": "cleaning",
    "restore": "restoring",
    "verify": "verifying",
    "push": "pushing",
    "merge": "merging",
    "land": "landing",
    "checkpoint": "restoring",
    "hard reset": "resetting",
}
_OPERATION_NEXT = {
    "create": "agency restore finishes the worktree, agency clean removes it",
    "clean": "agency clean finishes it, agency restore undoes it",
    "restore": "agency restore finishes it",
    "push": "agency push finishes it",
    "merge": "agency merge finishes it",
    "land": "agency land finishes it",
    "checkpoint": "agency checkpoint restore, typed again, finishes it",
    "hard reset": "agency resume goes on, agency restore finishes the worktree",
}


def _lost_because(facts: RunFacts) -> str:
    if facts.rebooted:
        return "lost (reboot)"
    if facts.server_gone:
        return "lost (tmux died)"
    return "lost (ended from outside)"


def _said(facts: RunFacts) -> str:
    return facts.saying.summary if facts.saying else ""


def _ended(facts: RunFacts) -> str:
    if facts.runner_alive or not facts.launched:
        return ""
    if facts.killed:
        return "stopped by you"
    return f"runner exited ({facts.exit_code})" if facts.exit_code is not None else _lost_because(facts)


def quiet_for(facts: RunFacts) -> float | None:
    """Seconds without a sign of life from a runner that said something; None when it said nothing or is not there."""
    told = [source.age for source in (facts.saying, facts.doing) if source is not None]
    if facts.session is None or not facts.session.alive or not told:
        return None
    ages = [*told, facts.session.activity_age]
    return min(age for age in ages if age is not None)


def _says(status: str) -> Callable[[RunFacts], bool]:
    return lambda facts: (
        facts.runner_alive and _stands(facts) and facts.saying is not None and facts.saying.status == status
    )


def _stands(facts: RunFacts) -> bool:
    """Whether what the runner wrote about itself still stands: the agent has not gone back to work since, and nobody told it to
    do something else."""
    doing = facts.doing
    if doing is None or facts.saying is None:
        return True
    if doing.turn_age is not None and doing.turn_age < facts.saying.age:
        return False
    return doing.what != "working" or doing.age >= facts.saying.age


def _does(what: str) -> Callable[[RunFacts], bool]:
    return lambda facts: facts.runner_alive and facts.agent is not None and facts.agent.what == what


def _shows(what: str) -> Callable[[RunFacts], bool]:
    return lambda facts: (
        facts.runner_alive and facts.agent is None and facts.screen is not None and facts.screen.what == what
    )


def _doing(facts: RunFacts) -> str:
    return facts.doing.detail if facts.doing else ""


def _always(text: str) -> Callable[[RunFacts], str]:
    return lambda facts: text


RULES: tuple[Rule, ...] = (
    Rule(
        name="record-unreadable",
        says="the record of the run cannot be read",
        applies=lambda f: f.broken is not None,
        status=_always("broken"),
        summary=lambda f: f.broken or "",
    ),
    Rule(
        name="operation-in-progress",
        says="a command is working on the run right now",
        applies=lambda f: f.operation is not None and f.operation_alive,
        status=lambda f: _OPERATION_WORDS.get(f.operation or "", f.operation or ""),
        summary=lambda f: f.operation_step,
    ),
    Rule(
        name="operation-interrupted",
        says="a command began something and ended before it was done",
        applies=lambda f: f.operation is not None and f.operation != "verify",  # of which nothing stays half-done
        status=lambda f: f"interrupted ({f.operation})",
        summary=lambda f: _OPERATION_NEXT.get(f.operation or "", ""),
    ),
    Rule(
        name="merged",
        says="the work of the run was merged",
        applies=lambda f: f.merged,
        status=_always("merged"),
        summary=_always(""),
    ),
    Rule(
        name="abandoned",
        says="the run was cleaned without a merge",
        applies=lambda f: f.abandoned,
        status=_always("abandoned"),
        summary=_always(""),
    ),
    Rule(
        name="worktree-missing",
        says="the directory of the worktree is gone",
        applies=lambda f: not f.worktree_present and not f.archived and f.create_failed is None,
        status=_always("worktree missing"),
        summary=_always("agency restore brings it back"),
    ),
    Rule(
        name="creation-failed",
        says="the run could not be made whole and no runner was started since",
        applies=lambda f: (f.setup_failed or f.create_failed is not None) and not f.launched,
        status=_always("failed"),
        summary=lambda f: "setup failed" if f.setup_failed else f"creation failed ({f.create_failed})",
    ),
    Rule(
        name="attention",
        says="a verify failed or somebody asked for a look at the run, and nothing has ended that since",
        applies=lambda f: f.attention is not None,
        status=_always("needs attention"),
        summary=lambda f: "; ".join(part for part in (f.attention, _ended(f)) if part),
    ),
    *JOB_RULES,
    Rule(
        name="said-ready-for-review",
        says="the runner said it is ready for review and did not end with an error since",
        applies=lambda f: (
            f.saying is not None and f.saying.status == "ready_for_review" and not f.ended_badly and _stands(f)
        ),
        status=_always("ready for review"),
        summary=_said,
    ),
    Rule(
        name="runner-exited",
        says="the runner ended by itself; its exit code was recorded",
        applies=lambda f: f.launched and not f.runner_alive and not f.killed and f.exit_code is not None,
        status=lambda f: f"exited ({f.exit_code})",
        summary=_said,
    ),
    Rule(
        name="stopped-by-you",
        says="the session was ended with agency kill",
        applies=lambda f: f.launched and not f.runner_alive and f.killed,
        status=_always("stopped"),
        summary=_said,
    ),
    Rule(
        name="runner-lost",
        says="the runner is gone and nothing recorded how it ended",
        applies=lambda f: f.launched and not f.runner_alive,
        status=_lost_because,
        summary=_always("agency resume starts it again"),
    ),
    Rule(
        name="agent-waits",
        says="the agent is alive and waits for an answer",
        applies=_does("waiting"),
        status=_always("waiting"),
        summary=_doing,
    ),
    Rule(
        name="screen-waits",
        says="the screen of the agent shows a question",
        applies=_shows("waiting"),
        status=_always("waiting"),
        summary=_doing,
    ),
    Rule(
        name="said-needs-input",
        says="the runner is alive and said it needs an answer",
        applies=_says("needs_input"),
        status=_always("needs input"),
        summary=_said,
    ),
    Rule(
        name="said-blocked",
        says="the runner is alive and said it is blocked",
        applies=_says("blocked"),
        status=_always("blocked"),
        summary=_said,
    ),
    Rule(
        name="agent-done",
        says="the agent is alive and done with its turn",
        applies=_does("done"),
        status=_always("done"),
        summary=_doing,
    ),
    Rule(
        name="screen-done",
        says="the screen of the agent shows that it is done with its turn, and prints nothing",
        applies=_shows("done"),
        status=_always("done"),
        summary=_doing,
    ),
    Rule(
        name="no-sign-of-life",
        says=f"the runner said it works, but said and printed nothing for {format_duration(STALLED_AFTER)}",
        applies=lambda f: (quiet_for(f) or 0.0) >= STALLED_AFTER,
        status=_always("stalled"),
        summary=lambda f: f"no activity for {format_duration(quiet_for(f) or 0.0)}",
    ),
    Rule(
        name="agent-works",
        says="the agent is alive and works on its turn",
        applies=_does("working"),
        status=_always("working"),
        summary=lambda f: _doing(f) or _said(f),
    ),
    Rule(
        name="screen-works",
        says="the screen of the agent shows that it works on its turn",
        applies=_shows("working"),
        status=_always("working"),
        summary=lambda f: _doing(f) or _said(f),
    ),
    Rule(
        name="said-working",
        says="the runner is alive and said it is working",
        applies=_says("working"),
        status=_always("working"),
        summary=_said,
    ),
    Rule(
        name="session-alive",
        says="the runner is alive and said nothing",
        applies=lambda f: f.runner_alive,
        status=_always("active"),
        summary=_always(""),
    ),
    Rule(
        name="never-started",
        says="no runner was ever started",
        applies=lambda f: True,
        status=_always("idle"),
        summary=_always(""),
    ),
)


def derive_status(facts: RunFacts) -> Verdict:
    """The verdict of the first rule that applies. Total: the last rule applies to everything."""
    for rule in RULES:
        if rule.applies(facts):
            return Verdict(status=rule.status(facts), rule=rule.name, summary=rule.summary(facts))
    raise AssertionError("the last rule applies to everything")


def status_from(text: str) -> str:
    """The beginning of a status that ``text`` means: ``ready-for-review``, ``READY`` and ``exited`` all mean one.

    Raises E_USAGE, with the words that come nearest, when no status begins so.
    """
    wanted = " ".join(text.lower().replace("-", " ").replace("_", " ").split())
    if wanted and (wanted.startswith("exited (") or any(status.startswith(wanted) for status in STATUSES)):
        return wanted
    close = nearest(wanted, STATUSES)
    raise AgencyError(
        "E_USAGE",
        f"no status is called {text!r}",
        hint=f"did you mean {' or '.join(close)}?" if close else f"a status is one of {', '.join(STATUSES)}",
    )
