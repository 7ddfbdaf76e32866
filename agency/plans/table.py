"""What a conductor shows: on a terminal a table that stays in its place, elsewhere a line for each change."""

import sys
import time
from typing import TYPE_CHECKING

from agency.domain.planstate import COMPLETE, PlanState
from agency.plans.active import ActivePlan
from agency.plans.describe import rows_of, summary_of

if TYPE_CHECKING:
    from rich.live import Live

_AGAIN = 0.25
"""Seconds between two drawings."""


class Table:
    """Shows one plan on standard error."""

    def __init__(self, plan: ActivePlan) -> None:
        self._plan = plan
        self._live: Live | None = None
        self._drawn = 0.0
        self._lines: dict[str, str] = {}

    def show(self, state: PlanState) -> None:
        """Show how the plan stands."""
        if sys.stderr.isatty():
            if time.monotonic() - self._drawn >= _AGAIN:
                self._draw(state)
            return
        for row in rows_of(self._plan, state):
            line = f"{row.task_id} {row.status}"
            if self._lines.get(row.task_id) != line:
                self._lines[row.task_id] = line
                print(f"task {line}", file=sys.stderr, flush=True)

    def tell(self, text: str) -> None:
        """Say something above the table."""
        if self._live is not None:
            self._live.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self, state: PlanState) -> None:
        """Show how the plan stands for the last time."""
        if sys.stderr.isatty():
            self._draw(state)
        elif state.status != COMPLETE:
            self.tell(summary_of(state))
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self, state: PlanState) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid(box=None, pad_edge=False, show_edge=False)
        for name in ("TASK", "STATUS", "RUNS", "TOKENS", "NAME", "NOTE"):
            grid.add_column(name, no_wrap=True, overflow="ellipsis")
        for row in rows_of(self._plan, state):
            grid.add_row(*(Text(cell) for cell in row.cells))
        grid.caption = Text(summary_of(state))
        if self._live is None:  # no thread of rich's: the conductor forks
            self._live = Live(
                console=Console(stderr=True), auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        self._live.update(grid, refresh=True)
        self._drawn = time.monotonic()
