"""What must hold before the work of a run may go into a branch, and how each refusal is told."""

import shlex
from collections.abc import Callable

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.finished import Work
from agency.sessions.resolve import pull_request
from agency.tools.git.command import Git
from agency.tools.git.target import checkouts_of, require_takes, unclean
from agency.tools.git.trial import trial_merge
from agency.tools.git.worktree import resolve


@frozen
class LandRequest:
    """What the user asked for. ``target`` None: the parent branch. ``confirm`` shows a question and says whether the word was
    typed; None: nobody is there."""

    target: str | None
    strategy: str
    yes: bool
    confirm: Callable[[str], bool] | None


def require_landable(context: Context, run: Run, repo: Repo, work: Work, target: str, request: LandRequest) -> None:
    """See, before anybody is asked and anything is made, that nothing known stands against it."""
    git = Git(environ=context.environ, git_dir=repo.git_dir)
    if target == run.branch:
        raise AgencyError(
            "E_USAGE", f"{target} is the branch of {run.name} itself", hint=f"agency land {run.name} --into BRANCH"
        )
    onto = target_tip(git, run, target)
    if git.say("rev-list", "--count", f"{onto}..{work.tip}") == "0":
        raise nothing_to_land(run, target)
    checkout_of(context, run, git, target)
    if request.strategy == "ff-only":
        require_ahead(git, run, onto, work.tip, target)
    elif request.strategy != "rebase":
        conflicts = trial_merge(git, onto, work.tip)
        if conflicts:
            raise conflict_error(run, target, conflicts)


def consents_to_land(run: Run, target: str, request: LandRequest) -> bool:
    """Whether a person wants it; False: declined. Raises E_CONFIRMATION_REQUIRED where nobody can be asked."""
    if request.yes:
        return True
    if request.confirm is None:
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"landing {run.name} moves {target}, ends its session and archives it",
            hint=f"{again(run, target, request.strategy)} --yes",
            run_id=run.run_id,
        )
    return request.confirm(
        f"{run.name} goes to {target} ({request.strategy}); its session is ended and it is archived."
    )


def checkout_of(context: Context, run: Run, git: Git, target: str) -> str | None:
    """The checkout that stands on the target and can be moved along; None when none stands there. Raises E_TARGET_DIRTY."""
    places = checkouts_of(git, target)
    for place in places:
        reason = unclean(Git(environ=context.environ, tree=place))
        if reason is not None:
            raise AgencyError(
                "E_TARGET_DIRTY",
                f"the checkout of {target} cannot be brought along: {reason}",
                hint=f"commit or stash there, then: {again(run, target)}",
                run_id=run.run_id,
                checkout=place,
            )
    if len(places) > 1:
        raise AgencyError(
            "E_TARGET_DIRTY",
            f"{target} is checked out in {len(places)} places, which cannot be moved at once",
            hint=f"git worktree remove one of them, then: {again(run, target)}",
            run_id=run.run_id,
            checkouts=places,
        )
    return places[0] if places else None


def require_target_takes(context: Context, run: Run, repo: Repo, target: str, onto: str, commit: str) -> None:
    """See before the verify script runs that the checkout of the target can take the new files, where there is one."""
    place = checkout_of(context, run, Git(environ=context.environ, git_dir=repo.git_dir), target)
    if place is not None:
        require_takes(Git(environ=context.environ, tree=place), onto, commit)


def target_tip(git: Git, run: Run, target: str) -> str:
    """The commit of the local branch ``target``. Raises E_PARENT_BRANCH_NOT_FOUND."""
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


def require_ahead(git: Git, run: Run, onto: str, tip: str, target: str) -> None:
    """Raise E_NOT_FAST_FORWARD unless ``tip`` has every commit of ``onto``."""
    if git.ask("merge-base", "--is-ancestor", onto, tip).code != 0:
        raise AgencyError(
            "E_NOT_FAST_FORWARD",
            f"{target} has commits that {run.name} lacks",
            hint=f"{again(run, target, 'rebase')}, or {_resolve(run, target)} --start",
            run_id=run.run_id,
        )


def conflict_error(run: Run, target: str, paths: tuple[str, ...]) -> AgencyError:
    """The error for work that could not be combined with the target."""
    return AgencyError(
        "E_CONFLICT",
        f"{run.name} and {target} changed the same places in {len(paths)} file{'' if len(paths) == 1 else 's'}",
        hint=_resolve(run, target),
        run_id=run.run_id,
        conflicts=list(paths),
    )


def nothing_to_land(run: Run, target: str) -> AgencyError:
    """The error for work that the target has already."""
    return AgencyError(
        "E_EMPTY_DIFF",
        f"{run.name} has nothing that {target} lacks",
        hint=f"agency clean {run.name}",
        run_id=run.run_id,
    )


def again(run: Run, target: str, strategy: str = "squash") -> str:
    """The command that lands the run there, in that way."""
    how = "" if strategy == "squash" else f" --{strategy}"
    return f"agency land {run.name}{_into(run, target)}{how}"


def _resolve(run: Run, target: str) -> str:
    """The command that tells the way out; without the option it looks at origin when there is a pull request."""
    into = f" --into {shlex.quote(target)}" if pull_request(run) is not None else _into(run, target)
    return f"agency resolve {run.name}{into}"


def _into(run: Run, target: str) -> str:
    """The option that names the target, where it is not the one that is meant without."""
    return f" --into {shlex.quote(target)}" if target != run.parent_branch else ""
