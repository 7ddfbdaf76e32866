"""Driving a plan: in this process, or by a conductor in a tmux session of its own."""

import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.planstate import PlanState
from agency.plans.active import ActivePlan
from agency.plans.attach import tmux_of_plan
from agency.plans.conductor import Conductor
from agency.plans.requests import stops_before
from agency.plans.start import note_resumed, require_idle
from agency.sessions.context import Context
from agency.sessions.launch import start_script
from agency.store.launches import last_launch_number, write_start_file
from agency.store.plans import conductor_lock
from agency.tools.tmux.look import session_panes
from agency.tools.tmux.sessions import kill_session, start_session

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@frozen
class Drive:
    """How a plan stands after it was driven, and the name of the signal that stopped that, None where none did."""

    state: PlanState
    signal: str | None


def drive_plan(
    context: Context, plan: ActivePlan, *, show: Callable[[PlanState], None], tell: Callable[[str], None]
) -> Drive:
    """Drive the plan in this process until it has ended or is stopped.

    The first INT, TERM or HUP stops it in order, with the workers left to their work; a second one ends this process at once.
    Raises E_PLAN_BUSY while another conductor drives it.
    """
    unheard = stops_before(plan)
    with conductor_lock(plan.directory, context.command) as fd:
        if fd is None:
            require_idle(plan)
            raise AgencyError(
                "E_PLAN_BUSY", f"plan {plan.name} is driven by another process", hint="agency plan status"
            )
        state = note_resumed(context, plan)
        state = replace(state, commands=tuple(dict.fromkeys((*state.commands, *unheard))))
        conductor = Conductor(context, plan, state, lock_fd=fd, show=show, tell=tell)
        old = {number: signal.getsignal(number) for number in _STOPS}

        def heard(number: int, frame: FrameType | None) -> None:
            for each in _STOPS:
                signal.signal(each, signal.SIG_DFL)
            tell("stopping; the workers go on (a second signal ends this at once)")
            conductor.stop(signal.Signals(number).name)

        for number in _STOPS:
            if old[number] is not signal.SIG_IGN:
                signal.signal(number, heard)
        try:
            return Drive(state=conductor.drive(), signal=conductor.signal)
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def drive_detached(context: Context, plan: ActivePlan) -> str:
    """Start a conductor for the plan in a tmux session of its own; the name of that. Raises E_PLAN_BUSY, E_TMUX_FAILED."""
    require_idle(plan)
    tmux = tmux_of_plan(context, plan)
    tmux.require()
    if panes := session_panes(tmux, plan.session_name):
        kill_session(tmux, panes[0].session_id)
    options = ("--allow-scripts",) if context.allow_scripts else ()
    argv = (sys.executable, "-P", "-m", "agency.plans", plan.directory, *options)
    place = plan.repo.checkout or plan.repo.root
    script = start_script(argv, context.environ, {"AGENCY_WORKSPACE_ROOT": place})
    launch = write_start_file(plan.directory, last_launch_number(plan.directory) + 1, f"agency_quiet=yes\n{script}")
    start_session(
        tmux,
        session=plan.session_name,
        window=plan.name,
        cwd=place,
        launch_directory=launch,
        variables={},
        options={"@agency_plan": plan.plan_id, "@agency_repo": plan.repo.repo_id},
    )
    return plan.session_name
