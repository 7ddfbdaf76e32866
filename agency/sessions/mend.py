"""Making the record of a run anew from its events, when the record itself was lost or damaged."""

import os
import time

from agency.domain.errors import AgencyError
from agency.domain.events import RECORD_REBUILT
from agency.domain.run import BrokenRun, Run, record_from_events
from agency.sessions.context import Context
from agency.store.failures import told_plainly
from agency.store.records import write_record
from agency.store.repos import read_repo
from agency.store.runs import load_run, log_of


def mend_record(context: Context, broken: BrokenRun) -> Run:
    """Write ``meta.json`` anew as the events of the run tell it; what was there is kept beside it as ``meta.broken-TIME``.

    Raises E_RUN_BROKEN when a later version of agency made the record, or the events do not tell how the run was made.
    """
    if broken.newer:
        raise _unusable(broken, "update agency, which knows this record in a later version")
    with context.lock(broken.repo_id):
        run = load_run(context.paths, broken.repo_id, broken.run_id, archived=broken.archived)
        if isinstance(run, Run):
            return run
        repo = read_repo(context.paths, broken.repo_id)
        record = record_from_events(
            log_of(broken).read(),
            run_id=broken.run_id,
            repo_id=broken.repo_id,
            repo={key: str(repo.get(key) or "") for key in ("repo_key", "root", "git_dir")},
            worktree=context.paths.worktree(broken.repo_id, broken.run_id),
            archived=broken.archived,
        )
        if record is None:
            raise _unusable(broken, f"agency show {broken.run_id} --paths")
        path = f"{broken.directory}/meta.json"
        if os.path.lexists(path):
            with told_plainly("setting the broken record aside", path):
                os.rename(path, f"{broken.directory}/meta.broken-{time.time_ns()}")
        write_record(path, record)
        log_of(broken).append(RECORD_REBUILT({"reason": broken.reason}), durable=True)
        run = load_run(context.paths, broken.repo_id, broken.run_id, archived=broken.archived)
    if isinstance(run, BrokenRun):
        raise _unusable(run, f"agency show {run.run_id} --paths")
    return run


def _unusable(broken: BrokenRun, hint: str) -> AgencyError:
    return AgencyError(
        "E_RUN_BROKEN",
        f"the record of run {broken.run_id} cannot be used: {broken.reason}",
        hint=hint,
        run_id=broken.run_id,
        record=f"{broken.directory}/meta.json",
    )
