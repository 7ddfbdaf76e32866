"""The conductor of a plan that works detached, started in the pane of its session: ``python -m agency.plans DIRECTORY
[--allow-scripts]``.

DIRECTORY is where the record of the plan stands. The exit code tells how the plan ended: 0 complete, 3 paused, 4 failed.
"""

import contextlib
import os
import sys

from agency.domain.errors import EXIT_ERROR, PLAN_EXIT_CODES, AgencyError
from agency.domain.ids import PlanId, RepoId
from agency.domain.planstate import COMPLETE
from agency.plans.active import load_active
from agency.plans.attach import tmux_of_plan
from agency.plans.drive import drive_plan
from agency.plans.table import Table
from agency.sessions.context import Context
from agency.store.locks import DEFAULT_LOCK_TIMEOUT
from agency.store.paths import find_paths
from agency.tools.tmux.sessions import close_at_end

_PATIENCE = 6.0


def main(directory: str, *options: str) -> int:
    """Drive the plan whose record stands in ``directory``."""
    repo_directory, _, plan_id = os.path.realpath(directory).rpartition("/plans/")
    environ = dict(os.environ)
    table: Table | None = None

    def tell(text: str) -> None:
        if table is not None:
            table.tell(text)
        else:
            print(text, file=sys.stderr, flush=True)

    context = Context(
        environ=environ,
        cwd=os.getcwd(),
        paths=find_paths(environ),
        command="agency plan conductor",
        lock_timeout=_PATIENCE * DEFAULT_LOCK_TIMEOUT,
        tell=tell,
        busy=lambda what: contextlib.nullcontext(),
        allow_scripts="--allow-scripts" in options,
    )
    try:
        plan = load_active(context, RepoId(os.path.basename(repo_directory)), PlanId(plan_id))
        table = Table(plan)
        state = drive_plan(context, plan, show=table.show, tell=table.tell).state
    except AgencyError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return EXIT_ERROR
    table.close(state)
    if state.status == COMPLETE and (pane := environ.get("TMUX_PANE")) is not None:
        close_at_end(tmux_of_plan(context, plan), pane)
    return PLAN_EXIT_CODES[state.status]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
