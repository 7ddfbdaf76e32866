"""The report on a plan that has ended: ``reports/summary.json`` in its record."""

from typing import TYPE_CHECKING

from agency.domain.errors import AgencyError
from agency.domain.planevents import RUN_SUMMARY, RUN_SUMMARY_ERROR
from agency.domain.planlog import in_order
from agency.domain.planstate import PlanState
from agency.domain.plansummary import summary_record
from agency.plans.logs import sources_of
from agency.store.eventlog import now
from agency.store.logsources import read_whole
from agency.store.records import make_directory, write_record

if TYPE_CHECKING:
    from agency.plans.conductor import Conductor


def sum_up(conductor: "Conductor", state: PlanState) -> None:
    """Write the report on the plan as it stands in ``state``. Where it cannot be written that is told, and the plan ends."""
    plan = conductor.plan
    path = f"{plan.directory}/reports/summary.json"
    try:
        events = in_order(event for source in sources_of(conductor.context, plan) for event in read_whole(source))
        record = {
            "plan_id": plan.plan_id,
            "name": plan.name,
            "branch": plan.branch,
            "started_at": plan.created_at,
            "completed_at": now(),
            **summary_record(events, state, plan.settings),
        }
        make_directory(f"{plan.directory}/reports")
        write_record(path, record)
    except (AgencyError, OSError) as error:
        conductor.log(RUN_SUMMARY_ERROR({"message": str(error)}))
        return
    conductor.log(RUN_SUMMARY({"status": state.status, "report_path": path, "metrics": record["metrics"]}))
