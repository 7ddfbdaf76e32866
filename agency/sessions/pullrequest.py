"""The one pull request of a run: finding it, opening it, keeping its text up to date."""

import time

from agency.domain.errors import AgencyError
from agency.domain.events import PR_BODY_SYNCED, PR_CREATED, PR_RESOLUTION_ATTEMPT
from agency.domain.frozen import frozen
from agency.domain.pullrequest import PullRequest
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.prbody import Told
from agency.store.eventlog import now
from agency.store.runs import log_of, update_meta
from agency.tools.gh import Gh

_LOOKS = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each look at a pull request that was just opened: GitHub needs a moment to know it everywhere."""


@frozen
class Synced:
    """The pull request, and what was done: ``created``, ``updated`` or ``unchanged``."""

    pull: PullRequest
    action: str


def find_pull(gh: Gh, run: Run) -> PullRequest | None:
    """The pull request of the run: the one that is known, else that of its branch. Raises E_GH_PR_VIEW_FAILED."""
    known = gh.view(run.pr_number) if run.pr_number is not None else None
    return known if known is not None and known.head_branch == run.branch else gh.find(run.branch)


def open_pull(context: Context, run: Run, gh: Gh, told: Told, *, draft: bool) -> Synced:
    """Open the pull request of a run whose branch was pushed. One that is open already, by whomever, is taken as it is.

    Raises E_GH_PR_CREATE_FAILED, E_GH_PR_VIEW_FAILED.
    """
    try:
        number = gh.create(title=told.title, base=run.parent_branch, head=run.branch, body_file=told.file, draft=draft)
    except AgencyError as error:
        pull = _sought(run, gh, None, attempt=1)  # the answer may be lost, and the deed done
        if pull is None or pull.state != "OPEN":
            raise error
    else:
        pull = _seen(run, gh, number)
    log_of(run).append(PR_CREATED({"pr_number": pull.number, "pr_url": pull.url}), durable=True)
    _note(context, run, pull)
    synced = sync_body(context, run, gh, pull, told, known_digest=None)
    return Synced(pull=pull, action="created") if synced.action == "unchanged" else synced


def sync_body(context: Context, run: Run, gh: Gh, pull: PullRequest, told: Told, *, known_digest: str | None) -> Synced:
    """Bring the text of the pull request up to date, unless it is that of the last time (``known_digest``), which a person
    may have changed since. Raises E_GH_PR_EDIT_FAILED."""
    same = told.digest == known_digest if known_digest is not None else _same(pull.body, told.body)
    if not same:
        gh.edit_body(pull.number, told.file)
        log_of(run).append(PR_BODY_SYNCED({"pr_number": pull.number, "pr_url": pull.url}))
    if not same or known_digest is None or run.pr_number != pull.number:
        _note(context, run, pull, told.digest)
    return Synced(pull=pull, action="unchanged" if same else "updated")


def _seen(run: Run, gh: Gh, number: int) -> PullRequest:
    for attempt, pause in enumerate(_LOOKS, 1):
        time.sleep(pause)
        pull = _sought(run, gh, number, attempt=attempt)
        if pull is not None:
            return pull
    raise AgencyError(
        "E_GH_PR_VIEW_FAILED",
        f"GitHub opened pull request {number} and does not show it yet",
        hint=f"agency push {run.name}",
        run_id=run.run_id,
        pr_number=number,
    )


def _sought(run: Run, gh: Gh, number: int | None, *, attempt: int) -> PullRequest | None:
    pull = gh.view(number) if number is not None else gh.find(run.branch)
    found = pull is not None
    log_of(run).append(
        PR_RESOLUTION_ATTEMPT({"owner_repo": gh.repo, "head": run.branch, "attempt": attempt, "found": found})
    )
    return pull


def _note(context: Context, run: Run, pull: PullRequest, digest: str | None = None) -> None:
    """Note the pull request in the record, and that its text is the one with that digest."""
    synced = {} if digest is None else {"last_report_hash": digest, "last_report_sync_at": now()}
    with context.lock(run.repo_id):
        update_meta(run, {"pr_number": pull.number, "pr_url": pull.url, **synced})


def _same(theirs: str, ours: str) -> bool:
    """Whether two texts are the same to GitHub, which may end lines in its own way."""
    return theirs.replace("\r\n", "\n").strip() == ours.replace("\r\n", "\n").strip()
