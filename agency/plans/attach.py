"""Showing the conductor of a plan at work, when it works detached."""

from typing import NoReturn

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.plans.active import ActivePlan
from agency.sessions.context import Context
from agency.sessions.live import tmux_of
from agency.tools.tmux.attach import attach
from agency.tools.tmux.command import Tmux
from agency.tools.tmux.look import session_panes


def tmux_of_plan(context: Context, plan: ActivePlan) -> Tmux:
    """The tmux server that the session of the conductor is on, or would be made on. Raises E_INVALID_CONFIG."""
    settings = load_settings(plan.repo.checkout or plan.repo.root, context.paths.config)
    return tmux_of(context, None, settings.tmux_socket)


def attach_plan(context: Context, plan: ActivePlan, *, read_only: bool) -> NoReturn:
    """Replace this process by a view of the session of the conductor, alive or ended. Raises E_SESSION_NOT_FOUND."""
    tmux = tmux_of_plan(context, plan)
    if not session_panes(tmux, plan.session_name):
        raise AgencyError(
            "E_SESSION_NOT_FOUND",
            f"the conductor of plan {plan.name} ({plan.plan_id}) has no session",
            hint=f"agency plan status {plan.plan_id} --watch, or agency plan resume {plan.plan_id} --detached",
            plan_id=plan.plan_id,
        )
    attach(tmux, plan.session_name, read_only=read_only)
