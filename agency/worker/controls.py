"""What operators asked for, as the worker takes it in: it is acknowledged, and holds back or changes what comes next."""

import os
import uuid

from agency.domain.control import Command, Standing, standing_of
from agency.domain.errors import AgencyError
from agency.domain.events import (
    PAUSE_ACTIVE,
    PAUSE_CLEARED,
    RECOVERY_ACK,
    RECOVERY_APPLIED,
    RECOVERY_FAILED,
    RECOVERY_SUPERSEDED,
    EventKind,
)
from agency.domain.taskdata import Recovery
from agency.store.control import append_command, control_size, read_commands
from agency.store.eventlog import now
from agency.tools.signals import Interrupted
from agency.worker.commands import recovery_data, tell_commands
from agency.worker.work import Work

_OVER = frozenset({RECOVERY_APPLIED.name, RECOVERY_FAILED.name, RECOVERY_SUPERSEDED.name})
_HOLDS = frozenset({PAUSE_ACTIVE.name, PAUSE_CLEARED.name})


class Controls:
    """Reads ``control.jsonl`` as it grows. What was done is told by events, so that a successor does nothing twice."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._size = -1
        self._stopped = False
        self._standing = Standing()

    def look(self) -> Standing:
        """What stands now. New commands are acknowledged."""
        if self._stopped:
            self._stopped = False
            by = {"user": os.environ.get("USER", ""), "via": "terminal"}
            stop = Command(command_id=uuid.uuid4().hex, action="pause", requested_at=now(), requested_by=by)
            append_command(self._work.run.directory, stop)
        size = control_size(self._work.run.directory)
        if size != self._size:
            self._size = size
            self._take_in()
        return self._standing

    def interrupts(self) -> str | None:
        """Why a running attempt is to be ended now: ``stop``, ``takeover``, or ``recovery``; None to let it go on."""
        if self._stopped:
            self.look()
            return "stop"
        standing = self.look()
        if standing.taken_over:
            return "takeover"
        return "recovery" if standing.pending is not None and standing.pending.kind.at_once else None

    def stop(self) -> None:
        """A person typed Ctrl-C into the pane: the attempt ends, and nothing goes on until ``agency unpause``."""
        self._stopped = True

    def stopped_by(self, error: AgencyError) -> None:
        """A signal ended a script (E_INTERRUPTED), and means the worker: Ctrl-C in the pane holds the job, any other ends the
        worker, which raises Interrupted. What the script was for is done when it goes on."""
        if error.details.get("signal") != "SIGINT":
            raise Interrupted(str(error.details.get("signal")))
        self.stop()

    def tell_held(self, status: str | None) -> None:
        """Tell that the job is held back (``paused``, ``taken_over``), or with None that it goes on; each once."""
        held = [event["data"]["status"] for event in self._work.log.read() if event["event"] in _HOLDS][-1:]
        if status is not None and held != [status]:
            self._work.tell(PAUSE_ACTIVE({"status": status}), durable=True)
        elif status is None and held and held != ["running"]:
            self._work.tell(PAUSE_CLEARED({"status": "running"}), durable=True)

    def applied(self, command: Command) -> None:
        """The recovery was carried out."""
        self._close(RECOVERY_APPLIED, command)

    def failed(self, command: Command, error: str) -> None:
        """The recovery could not be carried out, and nothing changed."""
        self._close(RECOVERY_FAILED, command, error=error)

    def _close(self, kind: EventKind[Recovery], command: Command, error: str | None = None) -> None:
        self._work.tell_once(kind(recovery_data(self._work.job, self._work.state, command, error)), "commandId")
        self._take_in()

    def _take_in(self) -> None:
        work = self._work
        tell_commands(work.run, work.job, work.state)
        closed = {str(event["data"].get("commandId")) for event in work.log.read() if event["event"] in _OVER}
        standing = standing_of(read_commands(work.run.directory), closed)
        for command in standing.superseded:
            work.tell_once(RECOVERY_SUPERSEDED(recovery_data(work.job, work.state, command)), "commandId")
        if standing.pending is not None:
            work.tell_once(RECOVERY_ACK(recovery_data(work.job, work.state, standing.pending)), "commandId")
        self._standing = standing
