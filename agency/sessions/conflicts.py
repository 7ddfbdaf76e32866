"""``agency conflicts``: which runs could not be combined with the branch they are to go to, or with each other. It only looks:
merges are tried, and what that makes is thrown away."""

import os
from collections.abc import Iterable, Sequence

from agency.domain.conflicts import UNKNOWN, Conflict, Radar, may_conflict, pairs_to_try
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import RepoId
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.find import find_repo, require_repo
from agency.sessions.place import repo_of
from agency.store.runs import list_repo_ids, list_runs
from agency.tools.git.ahead import bases_of, branch_tips, changes_between
from agency.tools.git.command import Git
from agency.tools.git.status import tree_status
from agency.tools.git.trial import trial_merges


@frozen
class Uncommitted:
    """So many paths of a run hold changes that no commit has."""

    name: str
    count: int

    def __str__(self) -> str:
        return f"{self.name} has {self.count} uncommitted file{'s, which do' if self.count != 1 else ', which does'} not count"


@frozen
class _Tip:
    """A run and the commit of its branch."""

    run: Run
    commit: str


@frozen
class _Trial:
    """A merge to be tried: of a run with its target branch, or with ``other``."""

    ours: _Tip
    theirs: str
    target: str
    other: Run | None


def find_conflicts(context: Context, *, repo: str | None, into: str | None) -> tuple[Radar, list[Uncommitted]]:
    """The conflicts among the present runs of a repo (the caller's, else of every repo), each run compared with its parent branch
    and with the other runs of that parent; with ``into`` all of them with that branch and with each other.

    Uncommitted work does not count, and is told. Writes nothing. Raises E_NO_REPO with ``into`` outside a repo,
    E_PARENT_BRANCH_NOT_FOUND, E_GIT_TOO_OLD, E_GIT_FAILED.
    """
    here = require_repo(context, repo) if into is not None else find_repo(context, repo)
    radars = []
    uncommitted = []
    for repo_id in [here.repo_id] if here is not None else list_repo_ids(context.paths):
        runs = _present(context, repo_id)
        place = here or (repo_of(context, runs[0]) if runs else None)
        if place is not None:
            radars.append(_look(context, Git(environ=context.environ, git_dir=place.git_dir), runs, into))
            uncommitted += [found for run in runs if (found := _uncommitted(context, run)) is not None]
        elif runs:
            context.tell(
                f"the repository of {', '.join(run.name for run in runs)} is gone, so nothing is known of them"
            )
    return _together(radars), uncommitted


def radar_of(context: Context, repo_ids: Iterable[RepoId]) -> Radar:
    """The conflicts among the present runs of repos, for a list. Where nothing can be said that is told, and the list goes on."""
    radars = []
    for repo_id in repo_ids:
        runs = _present(context, repo_id)
        repo = repo_of(context, runs[0]) if runs else None
        try:
            if repo is not None:
                radars.append(_look(context, Git(environ=context.environ, git_dir=repo.git_dir), runs, None))
                continue
        except AgencyError as error:
            context.tell(f"going on without conflicts: {error.message}")
        radars.append(Radar(unknown=frozenset(run.run_id for run in runs)))
    return _together(radars)


def _present(context: Context, repo_id: RepoId) -> list[Run]:
    """The runs that can be used, newest first."""
    runs = [run for run in list_runs(context.paths, repo_id) if isinstance(run, Run)]
    return sorted(runs, key=lambda run: (run.created_at, run.run_id), reverse=True)


def _look(context: Context, git: Git, runs: Sequence[Run], into: str | None) -> Radar:
    tips = branch_tips(git)
    if into is not None and into not in tips:
        raise AgencyError(
            "E_PARENT_BRANCH_NOT_FOUND", f"there is no local branch {into}", hint="git branch shows those there are"
        )
    groups: dict[str, list[_Tip]] = {}
    for run in runs:
        if run.branch in tips:
            groups.setdefault(into or run.parent_branch, []).append(_Tip(run=run, commit=tips[run.branch]))
    trials: list[_Trial] = []
    compared = 0
    for target, group in groups.items():
        if target not in tips:
            context.tell(f"there is no branch {target}, so its runs are compared with each other only")
        found, ahead = _trials(git, target, tips.get(target), group)
        trials += found
        compared += ahead
    merged = trial_merges(git, [(trial.theirs, trial.ours.commit) for trial in trials])
    conflicts = [_conflict(trial, paths) for trial, paths in zip(trials, merged, strict=True) if paths]
    return Radar(conflicts=tuple(conflicts), compared=compared)


def _trials(git: Git, target: str, tip: str | None, group: Sequence[_Tip]) -> tuple[list[_Trial], int]:
    """What has to be tried among the runs that go to ``target``, whose commit is ``tip``; and how many runs have commits that it
    lacks. Where it is gone, what lies before the runs stands in for it."""
    onto = {tip} if tip is not None else {one.run.base_commit for one in group if one.run.base_commit}
    bases = bases_of(git, {one.commit for one in group}, onto)
    sides = [(base, commit) for commit, base in bases.items() if base is not None]
    behind = {base for base, _ in sides if tip is not None and base != tip}
    changes = changes_between(git, [*sides, *((base, tip) for base in sorted(behind) if tip is not None)])
    trials: list[_Trial] = []
    ahead = [one for one in group if one.commit in bases]
    changed = []
    for one in ahead:
        base = bases[one.commit]
        ours = changes[base, one.commit] if base is not None else UNKNOWN
        changed.append((one, ours))
        if tip is not None and base != tip:
            theirs = changes[base, tip] if base is not None else UNKNOWN
            if may_conflict(ours, theirs):
                trials.append(_Trial(ours=one, theirs=tip, target=target, other=None))
    for one, other in pairs_to_try(changed):
        if one.commit != other.commit:
            trials.append(_Trial(ours=one, theirs=other.commit, target=target, other=other.run))
    return trials, len(ahead)


def _conflict(trial: _Trial, paths: tuple[str, ...]) -> Conflict:
    run, other = trial.ours.run, trial.other
    if other is None:
        return Conflict(
            run_id=run.run_id, name=run.name, kind="parent", other=trial.target, other_run_id=None, paths=paths
        )
    return Conflict(
        run_id=run.run_id, name=run.name, kind="run", other=other.name, other_run_id=other.run_id, paths=paths
    )


def _together(radars: Sequence[Radar]) -> Radar:
    return Radar(
        conflicts=tuple(conflict for radar in radars for conflict in radar.conflicts),
        compared=sum(radar.compared for radar in radars),
        unknown=frozenset(run_id for radar in radars for run_id in radar.unknown),
    )


def _uncommitted(context: Context, run: Run) -> Uncommitted | None:
    """None too where it cannot be told, as in a worktree that is gone or half-made."""
    if not os.path.exists(f"{run.worktree}/.git"):
        return None
    try:
        count = tree_status(Git(environ=context.environ, tree=run.worktree)).uncommitted
    except AgencyError:
        return None
    return Uncommitted(name=run.name, count=count) if count else None


def describe_conflict(conflict: Conflict) -> dict[str, object]:
    """A conflict as ``--json`` prints it."""
    return {
        "run_id": conflict.run_id,
        "name": conflict.name,
        "with": conflict.other,
        "with_run_id": conflict.other_run_id,
        "kind": conflict.kind,
        "paths": list(conflict.paths),
    }
