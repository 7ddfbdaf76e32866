"""What is known of a run when its status is derived: from tmux, from its log, from its agent."""

from dataclasses import replace

from agency.domain.frozen import frozen
from agency.domain.jobprogress import JobProgress

QUESTION_SHOWN_AFTER = 2.0
"""Seconds after which a question that an agent told of is on its screen."""
QUIET_AFTER = 5.0
"""Seconds for which an agent that works never prints nothing: what it shows of its work moves."""

SAYS = ("working", "needs_input", "blocked", "ready_for_review")
"""What a runner may say of itself in ``.agency/state/runner_status.json``."""


@frozen
class Session:
    """What tmux says. ``activity_age`` is seconds since the pane last printed anything."""

    alive: bool
    attached: int = 0
    activity_age: float | None = None


@frozen
class Saying:
    """What the runner says of itself; ``age`` is seconds since it last said so."""

    status: str
    summary: str
    age: float


@frozen
class Doing:
    """What the agent does: working, waiting or done, since ``age`` seconds. ``turn_age`` is seconds since a person last told it
    to do something, None when that is not known."""

    what: str
    detail: str
    age: float
    turn_age: float | None = None


@frozen
class RunFacts:
    """All that a status is derived from.

    ``agent`` is what the agent tells by its hooks or its session file, ``screen`` what its screen shows. ``session`` is None
    when there is none. ``exit_code`` is what the runner of the last launch ended with, None when nothing recorded it.
    ``launched``: a runner was ever started. ``rebooted`` and ``server_gone`` compare the boot and the tmux server of the last
    launch with today's. ``operation`` is the half-done operation, ``operation_alive`` whether the process that does it still
    runs. ``job`` is how the job of a headless run is doing, whose worker is what stands for the runner then.
    """

    broken: str | None = None
    merged: bool = False
    abandoned: bool = False
    archived: bool = False
    operation: str | None = None
    operation_alive: bool = False
    operation_step: str = ""
    create_failed: str | None = None
    setup_failed: bool = False
    attention: str | None = None
    session: Session | None = None
    saying: Saying | None = None
    agent: Doing | None = None
    screen: Doing | None = None
    launched: bool = False
    exit_code: int | None = None
    killed: bool = False
    rebooted: bool = False
    server_gone: bool = False
    worktree_present: bool = True
    job: JobProgress | None = None

    @property
    def runner_alive(self) -> bool:
        """Whether a runner works in the session now."""
        return self.session is not None and self.session.alive

    @property
    def doing(self) -> Doing | None:
        """What the agent does, from the best layer that tells."""
        return self.agent or self.screen

    @property
    def ended_badly(self) -> bool:
        """Whether the runner ended by itself with an exit code other than 0."""
        return self.launched and not self.runner_alive and not self.killed and bool(self.exit_code)

    @property
    def job_outcome(self) -> str | None:
        """How the job ended, None for an interactive run and while it goes on."""
        return self.job.outcome if self.job is not None else None


def is_doubtful(facts: RunFacts) -> bool:
    """Whether the screen may know better than what the agent told: agents do not tell that a question was answered before what
    they asked for is done, nor that a turn was broken off."""
    agent, session = facts.agent, facts.session
    if agent is None or session is None or not session.alive:
        return False
    if agent.what == "waiting":
        return agent.age >= QUESTION_SHOWN_AFTER
    return agent.what == "working" and min(agent.age, session.activity_age or 0.0) >= QUIET_AFTER


def with_screen(agent: Doing, shown: str) -> Doing:
    """What holds of an agent of doubtful state whose screen shows ``working``, ``waiting`` or ``done``. Nothing but work ends a
    question."""
    if agent.what == "waiting":
        return (
            replace(agent, what=shown, detail=agent.detail.removeprefix("permission: "))
            if shown == "working"
            else agent
        )
    if shown == "working":
        return agent
    return replace(agent, what=shown, detail="a question on its screen" if shown == "waiting" else "")
