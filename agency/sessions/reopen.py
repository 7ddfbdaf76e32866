"""``agency resolve --start``: the conflict of a run with its target is opened in its worktree, by a rebase that stops there, and
the runner is asked to mend it."""

import os

from agency.domain.errors import AgencyError
from agency.domain.eventdata import ConflictOpened, Rebased
from agency.domain.events import CONFLICT_OPENED, REBASED
from agency.domain.frozen import frozen
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.resolution import Card, request_to_runner
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.finished import require_committed
from agency.sessions.observe import observe
from agency.sessions.place import require_repo_of, scratch_of
from agency.sessions.remove import clear_way
from agency.sessions.resolve import Target, describe_state, is_in_rebase, target_of
from agency.sessions.send import send_to
from agency.sessions.whole import require_idle, require_whole
from agency.sessions.worktree import git_in
from agency.store.rebases import Intent, discard_intent, read_intent, write_intent
from agency.store.runs import log_of
from agency.tools.git.combine import conflicts_in
from agency.tools.git.command import Git
from agency.tools.git.discover import discover
from agency.tools.git.leftovers import clear_lock
from agency.tools.git.rebase import (
    before_ref,
    ignored_in_the_way,
    keep_before,
    rebase,
    require_identity,
    stands_at_conflict,
    take_back,
)
from agency.tools.git.snapshot import keep, write_tree
from agency.tools.git.worktree import resolve
from agency.tools.signals import shielded


@frozen
class Telling:
    """Whether the runner was told, and whether it took it (None: it is of a kind that does not say), or why it was not told."""

    told: bool
    took_it: bool | None = None
    reason: str | None = None

    def __str__(self) -> str:
        if not self.told:
            return f"no, {self.reason}"
        return {
            True: "yes",
            False: "yes, but it did not tell that it took it",
            None: "yes, it does not tell whether it took it",
        }[self.took_it]


@frozen
class Started:
    """What came of a start. ``how``: ``opened``, ``rebased`` (nothing conflicted), ``current`` (nothing was to be done), or
    ``under way`` before. ``undo`` is what to type to take it back; ``telling`` is None when there was nothing to
    tell the runner."""

    card: Card
    how: str
    undo: str | None
    telling: Telling | None


@frozen
class _Opened:
    """What was done under the lock, and the paths in conflict. ``intent`` is None when nothing was begun."""

    how: str
    intent: Intent | None = None
    paths: tuple[str, ...] = ()


def open_conflict(context: Context, run: Run, *, into: str | None, tell: bool) -> Started:
    """Rebase the branch of a run onto its target in its worktree and leave a conflict open there; with ``tell`` a living runner
    is asked to mend it.

    Where the branch was stays under a ref of its own. A rebase that is under way already is left as it is; one that a killed
    command of ours began is gone on from. Raises E_WORKTREE_MISSING, E_NOT_ON_BRANCH, E_DIRTY_WORKTREE, E_RUN_BUSY,
    E_RUN_INCOMPLETE, E_PARENT_BRANCH_NOT_FOUND, E_GIT_FAILED.
    """
    git_in(context, run)
    repo = require_repo_of(context, run)
    require_whole(run)
    target = target_of(context, run, repo, into)
    opened = _open(context, run, repo, target)
    telling = None
    if opened.how == "opened" and opened.intent is not None:
        telling = _tell(context, run, opened) if tell else Telling(told=False, reason="as you said")
        with shielded():
            data: ConflictOpened = {
                "target": opened.intent["target"],
                "onto": opened.intent["onto"],
                "old": opened.intent["old"],
                "conflicts": list(opened.paths),
                "told": telling.told,
            }
            log_of(run).append(CONFLICT_OPENED(data), durable=True)
            discard_intent(run)
    card = describe_state(context, run, repo, target)
    undo = card.in_worktree("reset", "--hard", before_ref(run.run_id)) if opened.how == "rebased" else card.undo
    return Started(card=card, how=opened.how, undo=undo, telling=telling)


def _open(context: Context, run: Run, repo: Repo, target: Target) -> _Opened:
    with context.lock(run.repo_id) as lock, context.busy("rebasing"):
        require_idle(run, fold(log_of(run).read()))
        shared = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        git = Git(environ=context.environ, tree=run.worktree, lock_fd=lock.fd)
        clear_way(context, run, shared, before_ref(run.run_id))
        _clear_locks(run, repo)
        begun = read_intent(run)
        if begun is not None and _is_told(run, begun):
            discard_intent(run)
        elif begun is not None and (gone_on := _go_on(context, run, repo, shared, git, begun)) is not None:
            return gone_on
        if is_in_rebase(run, repo):
            return _Opened(how="under way")
        old = require_committed(context, run).tip
        require_identity(git)
        _require_nothing_ignored(run, git, target)
        if git.ask("merge-base", "--is-ancestor", target.commit, old).code == 0:
            return _Opened(how="current")
        events = len(log_of(run).read())
        intent: Intent = {"target": target.name, "onto": target.commit, "old": old, "events": events}
        with shielded():
            keep_before(shared, run.run_id, old)
            write_intent(run, intent)
            try:
                paths = rebase(git, target.commit)
            except AgencyError:
                if not is_in_rebase(run, repo):
                    discard_intent(run)
                raise
            if not paths:
                _note_rebased(run, shared, intent)
        return _Opened(how="opened" if paths else "rebased", intent=intent, paths=paths)


def _go_on(context: Context, run: Run, repo: Repo, shared: Git, git: Git, begun: Intent) -> _Opened | None:
    """Go on from where a killed command left a rebase; None when nothing is left of it."""
    place = discover(run.worktree)
    if place is not None and is_in_rebase(run, repo):
        if stands_at_conflict(place.git_dir):
            return _Opened(how="opened", intent=begun, paths=conflicts_in(git))
        tree = write_tree(git, place.git_dir, scratch=scratch_of(context, run.repo_id), partial=True)
        message = f"{run.name} in a rebase that was interrupted"
        keep(shared, ref=before_ref(run.run_id), tree=tree, parents=(begun["old"],), message=message)
        with shielded():
            take_back(git, place.git_dir, run.branch)
    elif shared.ask("merge-base", "--is-ancestor", begun["onto"], f"refs/heads/{run.branch}").code == 0:
        _note_rebased(run, shared, begun)
        return _Opened(how="rebased", intent=begun)
    discard_intent(run)
    return None


def _note_rebased(run: Run, shared: Git, intent: Intent) -> None:
    new = resolve(shared, f"refs/heads/{run.branch}") or ""
    told: Rebased = {"target": intent["target"], "onto": intent["onto"], "old": intent["old"], "new": new}
    log_of(run).append(REBASED(told), durable=True)
    discard_intent(run)


def _is_told(run: Run, begun: Intent) -> bool:
    """Whether an event tells what came of it: agency was killed after that."""
    names = (CONFLICT_OPENED.name, REBASED.name)
    return any(event["event"] in names for event in log_of(run).read()[begun["events"] :])


def _clear_locks(run: Run, repo: Repo) -> None:
    """Remove what a killed git left locked in the worktree."""
    place = discover(run.worktree)
    if place is None:
        return
    for name in os.listdir(place.git_dir):
        if name.endswith(".lock"):
            clear_lock(f"{place.git_dir}/{name}", git_dir=repo.git_dir, places=(run.worktree,))


def _require_nothing_ignored(run: Run, git: Git, target: Target) -> None:
    lost = ignored_in_the_way(git, target.commit)
    if lost:
        raise AgencyError(
            "E_DIRTY_WORKTREE",
            f"{target.name} has files where {run.name} has files of its own that git ignores",
            hint=f"agency shell {run.name}, and move them out of the way",
            run_id=run.run_id,
            ignored=lost[:20],
        )


def _tell(context: Context, run: Run, opened: _Opened) -> Telling:
    """Ask the runner to mend the conflict, unless the Enter after that would answer a question of its own."""
    try:
        facts = observe(context, run).facts
        if not facts.runner_alive:
            return Telling(told=False, reason="its runner is not there")
        if facts.doing is not None and facts.doing.what == "waiting":
            return Telling(told=False, reason=f"it waits for an answer: {facts.doing.detail or 'see its screen'}")
        text = request_to_runner(run.branch, opened.intent["target"] if opened.intent else "", opened.paths)
        return Telling(told=True, took_it=send_to(context, run, text.encode(), enter=True))
    except AgencyError as error:
        return Telling(told=False, reason=error.message)
