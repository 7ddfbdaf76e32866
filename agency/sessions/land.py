"""``agency land``: the work of a run goes into a local branch, combined and verified before the branch moves.

Those who land wait for each other, so that each combines with what the one before left. The branch itself moves by
compare-and-swap: whoever else moves it meanwhile, the user or a fetch, makes the land start again.
"""

from collections.abc import Callable

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.eventdata import LandMoving
from agency.domain.events import LAND_COMBINED, LAND_FAILED, LAND_MOVING, LAND_STARTED
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.archive import finish_archived
from agency.sessions.consent import allows_scripts
from agency.sessions.context import Context
from agency.sessions.finished import Work, archive_merged, note_landed, require_committed, require_same
from agency.sessions.landcheck import (
    LandRequest,
    again,
    checkout_of,
    conflict_error,
    consents_to_land,
    nothing_to_land,
    require_ahead,
    require_landable,
    require_target_takes,
    target_tip,
)
from agency.sessions.landing import discard_landing, make_landing, verify_landing
from agency.sessions.place import config_root, require_repo_of
from agency.sessions.remove import clear_way
from agency.sessions.settle import settle_land, turn_to_land
from agency.sessions.verify import Subject
from agency.sessions.whole import require_idle, require_whole
from agency.store.locks import RepoLock
from agency.store.runs import log_of
from agency.tools.git.combine import Combined, base_of, combine, quiet
from agency.tools.git.command import Git
from agency.tools.git.target import move_branch
from agency.tools.git.worktree import resolve
from agency.tools.identity import this_process
from agency.tools.signals import shielded

_TRIES = 3


@frozen
class Landed:
    """What was done. ``commit`` is what the target was moved to. ``already``: an earlier command had done all of it."""

    run: Run
    target: str
    commit: str
    already: bool


def land_run(context: Context, run: Run, request: LandRequest, show: Callable[[bytes], None]) -> Landed | None:
    """Bring the committed work of a run into a local branch and archive the run; None when a person was asked and declined.

    No lock of the repo is held while a person answers or a script runs. A land that was interrupted is finished when its branch
    was being moved, else begun anew. Raises E_DIRTY_WORKTREE, E_NOT_ON_BRANCH, E_EMPTY_DIFF, E_PARENT_BRANCH_NOT_FOUND,
    E_TARGET_DIRTY, E_CONFLICT, E_NOT_FAST_FORWARD, E_TARGET_MOVED, E_SCRIPT_FAILED and the like when the verify script says no,
    E_CONSENT_REQUIRED, E_CONFIRMATION_REQUIRED, E_RUN_BUSY; the target is then as it was.
    """
    if run.archived:
        if run.merged_at is None:
            raise AgencyError(
                "E_WORKTREE_MISSING",
                f"run {run.name} is archived",
                hint=f"agency restore {run.run_id}",
                run_id=run.run_id,
            )
        finish_archived(context, run)
        return _landed(run, already=True)
    repo = require_repo_of(context, run)
    journal = fold(log_of(run).read())
    require_idle(run, journal)
    if journal.operation is not None and journal.operation.kind == "land":
        run = settle_land(context, run, repo)
    if run.merged_at is not None:
        return _put_away(context, run, repo, show)
    require_whole(run)
    target = request.target or run.parent_branch
    work = require_committed(context, run)
    require_landable(context, run, repo, work, target, request)
    settings = load_settings(config_root(context, run), context.paths.config)
    if not allows_scripts(context, run, settings, "setup", "verify", "archive") or not consents_to_land(
        run, target, request
    ):
        return None
    with turn_to_land(context, run.repo_id) as turn:
        run = _land(context, run, repo, work, target, request.strategy, turn, show)
    context.tell(f"{run.name} is on {target}")
    return _put_away(context, run, repo, show)


def _land(
    context: Context,
    run: Run,
    repo: Repo,
    work: Work,
    target: str,
    strategy: str,
    turn: RepoLock,
    show: Callable[[bytes], None],
) -> Run:
    """Combine, verify and move, again when the target moved meanwhile; the run as it then is."""
    with context.lock(run.repo_id):
        require_idle(run, fold(log_of(run).read()))
        require_same(context, run, work)
        log_of(run).append(
            LAND_STARTED(
                {
                    "target": target,
                    "strategy": strategy,
                    "commit": work.tip,
                    "place": context.paths.landing(run.repo_id, run.run_id),
                    "operator": this_process(context.command),
                }
            ),
            durable=True,
        )
    step = "combine"
    try:
        for attempt in range(1, _TRIES + 1):
            step = "combine"
            onto = target_tip(Git(environ=context.environ, git_dir=repo.git_dir), run, target)
            subject = _combine(context, run, repo, work, target, onto, strategy, turn)
            combined = LAND_COMBINED({"commit": subject.commit, "onto": onto, "attempt": attempt})
            log_of(run).append(combined)
            require_target_takes(context, run, repo, target, onto, subject.commit)
            step = "verify"
            next_command = again(run, target, strategy)
            if verify_landing(context, run, repo, subject, show, again=next_command) is None and attempt == 1:
                context.tell("there is no verify script; the work lands without one")
            step = "move"
            with shielded():
                discard_landing(context, run, repo)
                landed = _move(context, run, repo, work, target, onto, subject.commit, strategy)
                if landed is not None:
                    return landed
            context.tell(f"{target} has moved in the meantime; starting again")
        raise AgencyError(
            "E_TARGET_MOVED",
            f"{target} moved {_TRIES} times while {run.name} was being combined with it",
            hint=f"{again(run, target, strategy)}, when {target} rests",
            run_id=run.run_id,
        )
    except BaseException as error:
        with shielded():
            _give_up(context, run, repo, error, step)
        raise


def _give_up(context: Context, run: Run, repo: Repo, error: BaseException, step: str) -> None:
    discard_landing(context, run, repo)
    code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
    conflicts = error.details.get("conflicts") if isinstance(error, AgencyError) else None
    told = {"conflicts": [str(path) for path in conflicts]} if isinstance(conflicts, list) else {}
    log_of(run).append(LAND_FAILED({"error_code": code, "step": step, **told}), durable=True)  # type: ignore[typeddict-item]


def _combine(
    context: Context, run: Run, repo: Repo, work: Work, target: str, onto: str, strategy: str, turn: RepoLock
) -> Subject:
    """Combine the work with ``onto`` in the landing worktree."""
    if strategy == "ff-only":
        require_ahead(Git(environ=context.environ, git_dir=repo.git_dir), run, onto, work.tip, target)
    with context.busy(f"combining {run.name} with {target}"):
        made = make_landing(context, run, repo, base_of(strategy, onto=onto, tip=work.tip))
        git = quiet(Git(environ=context.environ, tree=made.tree, lock_fd=turn.fd))
        done: Combined = combine(git, strategy, onto=onto, tip=work.tip, name=run.name, branch=run.branch)
    if done.conflicts:
        raise conflict_error(run, target, done.conflicts)
    if done.commit is None or done.tree is None:
        raise nothing_to_land(run, target)
    assert made.tree is not None
    return Subject(place=made.tree, commit=done.commit, tree=done.tree)


def _move(
    context: Context, run: Run, repo: Repo, work: Work, target: str, old: str, new: str, strategy: str
) -> Run | None:
    """Move the target, with its checkout, and write that down; None when it is no longer at ``old``."""
    with context.lock(run.repo_id) as lock:
        require_same(context, run, work)
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        clear_way(context, run, git, f"refs/heads/{target}")
        if resolve(git, f"refs/heads/{target}") != old:
            return None
        checkout = checkout_of(context, run, git, target)
        moving: LandMoving = {"target": target, "old": old, "new": new}
        if checkout is not None:
            moving["checkout"] = checkout
            git = Git(environ=context.environ, tree=checkout, lock_fd=lock.fd)
        log_of(run).append(LAND_MOVING(moving), durable=True)
        if not move_branch(git, target, old=old, new=new, why=f"agency land {run.name}: {strategy}"):
            return None
        return note_landed(context, run, target=target, commit=new, strategy=strategy)


def _put_away(context: Context, run: Run, repo: Repo, show: Callable[[bytes], None]) -> Landed:
    return _landed(archive_merged(context, run, repo, delete_branch=True, show=show).run, already=False)


def _landed(run: Run, *, already: bool) -> Landed:
    events = [event for event in log_of(run).read() if event["event"] == "land_finished"]
    data = events[-1].get("data", {}) if events else {}
    return Landed(run=run, target=str(data.get("target", "")), commit=str(data.get("commit", "")), already=already)
