"""``agency land``: the work of a run goes into a local branch, combined and verified before the branch moves.

Those who land wait for each other, so that each combines with what the one before left. The branch itself moves by
compare-and-swap: whoever else moves it meanwhile, the user or a fetch, makes the land start again.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.eventdata import LandMoving
from agency.domain.events import LAND_COMBINED, LAND_FAILED, LAND_MOVING, LAND_STARTED
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.archive import finish_archived
from agency.sessions.consent import allows_scripts
from agency.sessions.context import Context
from agency.sessions.finished import Work, archive_merged, note_landed, require_committed, require_same
from agency.sessions.landing import discard_landing, make_landing, verify_landing
from agency.sessions.place import config_root, require_repo_of
from agency.sessions.remove import clear_way
from agency.sessions.resolve import pull_request
from agency.sessions.settle import settle_land, turn_to_land
from agency.sessions.verify import Subject
from agency.sessions.whole import require_idle, require_whole
from agency.store.locks import RepoLock
from agency.store.runs import log_of
from agency.tools.git.combine import Combined, base_of, combine, quiet
from agency.tools.git.command import Git
from agency.tools.git.target import checkouts_of, move_branch, require_takes, unclean
from agency.tools.git.trial import trial_merge
from agency.tools.git.worktree import resolve
from agency.tools.identity import this_process
from agency.tools.signals import shielded

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LandRequest:
    """What the user asked for. ``target`` None: the parent branch. ``confirm`` shows a question and says whether the word was
    typed; None: nobody is there."""

    target: str | None
    strategy: str
    yes: bool
    confirm: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True, kw_only=True)
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
    _require_landable(context, run, repo, work, target, request)
    settings = load_settings(config_root(context, run), context.paths.config)
    if not allows_scripts(context, run, settings, "setup", "verify", "archive") or not _consent(run, target, request):
        return None
    with turn_to_land(context, run.repo_id) as turn:
        run = _land(context, run, repo, work, target, request.strategy, turn, show)
    context.tell(f"{run.name} is on {target}")
    return _put_away(context, run, repo, show)


def _require_landable(context: Context, run: Run, repo: Repo, work: Work, target: str, request: LandRequest) -> None:
    """See, before anybody is asked and anything is made, that nothing known stands against it."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    if target == run.branch:
        raise AgencyError(
            "E_USAGE", f"{target} is the branch of {run.name} itself", hint=f"agency land {run.name} --into BRANCH"
        )
    onto = _tip_of(git, run, target)
    if git.say("rev-list", "--count", f"{onto}..{work.tip}") == "0":
        raise _empty(run, target)
    _checkout_of(context, run, git, target)
    if request.strategy == "ff-only":
        _require_ahead(git, run, onto, work.tip, target)
    elif request.strategy != "rebase":
        conflicts = trial_merge(git, onto, work.tip)
        if conflicts:
            raise _conflict(run, target, conflicts)


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
            onto = _tip_of(Git(environ=context.environ, git_dir=repo.git_dir), run, target)
            subject = _combine(context, run, repo, work, target, onto, strategy, turn)
            combined = LAND_COMBINED({"commit": subject.commit, "onto": onto, "attempt": attempt})
            log_of(run).append(combined)
            _require_takes(context, run, repo, target, onto, subject.commit)
            step = "verify"
            if verify_landing(context, run, repo, subject, show) is None and attempt == 1:
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
            hint=f"agency land {run.name}, when {target} rests",
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
        _require_ahead(Git(environ=context.environ, git_dir=repo.git_dir), run, onto, work.tip, target)
    with context.busy(f"combining {run.name} with {target}"):
        made = make_landing(context, run, repo, base_of(strategy, onto=onto, tip=work.tip))
        git = quiet(Git(environ=context.environ, tree=made.tree, lock_fd=turn.fd))
        done: Combined = combine(git, strategy, onto=onto, tip=work.tip, name=run.name, branch=run.branch)
    if done.conflicts:
        raise _conflict(run, target, done.conflicts)
    if done.commit is None or done.tree is None:
        raise _empty(run, target)
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
        checkout = _checkout_of(context, run, git, target)
        moving: LandMoving = {"target": target, "old": old, "new": new}
        if checkout is not None:
            moving["checkout"] = checkout
            git = Git(environ=context.environ, tree=checkout, lock_fd=lock.fd)
        log_of(run).append(LAND_MOVING(moving), durable=True)
        if not move_branch(git, target, old=old, new=new, why=f"agency land {run.name}: {strategy}"):
            return None
        return note_landed(context, run, target=target, commit=new, strategy=strategy)


def _checkout_of(context: Context, run: Run, git: Git, target: str) -> str | None:
    """The checkout that stands on the target and can be moved along; None when none stands there. Raises E_TARGET_DIRTY."""
    places = checkouts_of(git, target)
    for place in places:
        reason = unclean(Git(environ=context.environ, tree=place))
        if reason is not None:
            raise AgencyError(
                "E_TARGET_DIRTY",
                f"the checkout of {target} cannot be brought along: {reason}",
                hint=f"commit or stash there, then: agency land {run.name}",
                run_id=run.run_id,
                checkout=place,
            )
    if len(places) > 1:
        raise AgencyError(
            "E_TARGET_DIRTY",
            f"{target} is checked out in {len(places)} places, which cannot be moved at once",
            hint=f"git worktree remove one of them, then: agency land {run.name}",
            run_id=run.run_id,
            checkouts=places,
        )
    return places[0] if places else None


def _require_takes(context: Context, run: Run, repo: Repo, target: str, onto: str, commit: str) -> None:
    """See before the verify script runs that the checkout of the target can take the new files, where there is one."""
    place = _checkout_of(context, run, Git(environ=context.environ, git_dir=repo.git_dir), target)
    if place is not None:
        require_takes(Git(environ=context.environ, tree=place), onto, commit)


def _tip_of(git: Git, run: Run, target: str) -> str:
    tip = resolve(git, f"refs/heads/{target}")
    if tip is None:
        raise AgencyError(
            "E_PARENT_BRANCH_NOT_FOUND",
            f"there is no local branch {target} to land on",
            hint=f"agency land {run.name} --into BRANCH",
            run_id=run.run_id,
            branch=target,
        )
    return tip


def _require_ahead(git: Git, run: Run, onto: str, tip: str, target: str) -> None:
    if git.ask("merge-base", "--is-ancestor", onto, tip).code != 0:
        raise AgencyError(
            "E_NOT_FAST_FORWARD",
            f"{target} has commits that {run.name} lacks",
            hint=f"agency land {run.name}{_into(run, target)} --rebase, or {_resolve(run, target)} --start",
            run_id=run.run_id,
        )


def _into(run: Run, target: str) -> str:
    """The option that names the target, where it is not the one that is meant without."""
    return f" --into {shlex.quote(target)}" if target != run.parent_branch else ""


def _resolve(run: Run, target: str) -> str:
    """The command that tells the way out; without the option it looks at origin when there is a pull request."""
    into = f" --into {shlex.quote(target)}" if pull_request(run) is not None else _into(run, target)
    return f"agency resolve {run.name}{into}"


def _conflict(run: Run, target: str, paths: tuple[str, ...]) -> AgencyError:
    return AgencyError(
        "E_CONFLICT",
        f"{run.name} and {target} changed the same places in {len(paths)} file{'' if len(paths) == 1 else 's'}",
        hint=_resolve(run, target),
        run_id=run.run_id,
        conflicts=list(paths),
    )


def _empty(run: Run, target: str) -> AgencyError:
    return AgencyError(
        "E_EMPTY_DIFF",
        f"{run.name} has nothing that {target} lacks",
        hint=f"agency clean {run.name}",
        run_id=run.run_id,
    )


def _consent(run: Run, target: str, request: LandRequest) -> bool:
    if request.yes:
        return True
    if request.confirm is None:
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"landing {run.name} moves {target}, ends its session and archives it",
            hint=f"agency land {run.name} --yes",
            run_id=run.run_id,
        )
    return request.confirm(
        f"{run.name} goes to {target} ({request.strategy}); its session is ended and it is archived."
    )


def _put_away(context: Context, run: Run, repo: Repo, show: Callable[[bytes], None]) -> Landed:
    return _landed(archive_merged(context, run, repo, delete_branch=True, show=show).run, already=False)


def _landed(run: Run, *, already: bool) -> Landed:
    events = [event for event in log_of(run).read() if event["event"] == "land_finished"]
    data = events[-1].get("data", {}) if events else {}
    return Landed(run=run, target=str(data.get("target", "")), commit=str(data.get("commit", "")), already=already)
