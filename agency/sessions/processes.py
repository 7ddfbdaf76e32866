"""Ending what runs in a run: its runner and whatever that started."""

from collections.abc import Sequence

from agency.domain.errors import AgencyError
from agency.domain.launch import Launch
from agency.domain.run import Run
from agency.runners.table import adapter_of_launch
from agency.sessions.environment import OWNER
from agency.store.launches import discard_notify
from agency.tools.identity import process_started
from agency.tools.processtree import Mark, end_tree, find_tree
from agency.tools.tmux.look import Pane

_GRACE = 2.0


def end_processes(run: Run, launch: Launch | None, panes: Sequence[Pane]) -> None:
    """End every process of the run: those in ``panes``, what they started, and orphans of earlier launches.

    TERM first, two seconds to obey, then KILL. Whoever asked for that is not told of it. Raises E_KILL_FAILED when some
    outlive that.
    """
    discard_notify(run.directory)
    left = end_tree(_roots(launch, panes), _mark(run, launch), grace=_GRACE)
    if left:
        raise AgencyError(
            "E_KILL_FAILED",
            f"{len(left)} process{'es' if len(left) != 1 else ''} of the run did not end",
            hint="end them yourself, then type the command again: kill -9 " + " ".join(str(pid) for pid in left),
            run_id=run.run_id,
            pids=left,
        )


def has_processes(run: Run, launch: Launch | None) -> bool:
    """Whether anything of the run still runs although it has no session: what a runner left, or a script."""
    return bool(find_tree(_roots(launch, ()), _mark(run, launch)))


def _roots(launch: Launch | None, panes: Sequence[Pane]) -> list[int]:
    """The processes at the top: of the panes, and of the last launch when tmux no longer knows its pane."""
    roots = [pane.pid for pane in panes if not pane.dead and pane.pid > 0]
    recorded = launch.pane_pid if launch is not None else None
    if recorded is not None and launch is not None and process_started(recorded) == launch.pane_started:
        roots.append(recorded)
    return roots


def _mark(run: Run, launch: Launch | None) -> Mark:
    adapter = adapter_of_launch(launch) if launch is not None else None
    return Mark(
        variable=OWNER,
        value=run.run_id,
        directory=run.worktree,
        spared=adapter.shared_daemons if adapter is not None else (),
    )
