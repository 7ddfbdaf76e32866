"""``agency gc`` and ``agency du``: letting go of what was archived long ago, and what everything costs on disk."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import RepoId, RunId, is_run_id
from agency.domain.journal import fold
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.expire import drop_checkpoints, drop_evidence, evidence_of, old_checkpoints, old_evidence
from agency.sessions.find import find_repo
from agency.sessions.gcplans import OldPlan, due_plans, every_plan, let_go_of_plan, sweep_plans
from agency.sessions.park import parked_trees
from agency.sessions.place import repo_of
from agency.sessions.remove import remove_directory
from agency.store.runs import list_repo_ids, list_runs, load_run, log_of, remove_record, sweep_hidden
from agency.tools.git.command import Git
from agency.tools.git.keptrefs import drop_refs, kept_refs
from agency.tools.git.rebase import before_ref
from agency.tools.git.snapshot import trash_ref

_CENTURY = 36525 * 86400.0


@frozen
class Item:
    """Something on disk: ``kind`` is run, archived, plan, leftover, checkpoint (``name`` tells of which run and its number) or
    evidence (the worktree that a hard reset replaced); ``size`` is in bytes as the disk counts them, of a checkpoint 0."""

    kind: str
    repo_id: str
    run_id: str
    name: str
    size: int
    archived_at: str | None = None


def collect_garbage(context: Context, *, repo: str | None, older_than: float, dry_run: bool) -> list[Item]:
    """Remove archived runs (record, parked worktree, refs) older than ``older_than`` seconds, leftovers, and what was kept of
    present runs without a person asking for it: checkpoints, and worktrees that a hard reset replaced. Plans go that were cleaned
    or completed before that.

    Looks at the repo of the caller, else at every repo. With ``dry_run`` only tells what would go. Never touches what a present
    run works in.
    """
    limit = datetime.now(UTC) - timedelta(seconds=min(older_than, _CENTURY))
    gone = []
    for repo_id in _repo_ids(context, repo):
        if not dry_run and os.path.isdir(context.paths.repo(repo_id)):
            with context.lock(repo_id):
                sweep_hidden(context.paths.runs(repo_id))
                sweep_hidden(context.paths.archive(repo_id))
                sweep_plans(context, repo_id)
        for run in list_runs(context.paths, repo_id, archived=True):
            if _is_due(run, limit):
                item = _archived_item(context, run)
                if dry_run or _let_go(context, run, limit):
                    gone.append(item)
        for present in list_runs(context.paths, repo_id):
            if isinstance(present, Run):
                gone += _expire(context, present, limit, dry_run=dry_run)
        for plan in due_plans(context, repo_id, limit):
            item = _plan_item(repo_id, plan)
            if dry_run or let_go_of_plan(context, repo_id, plan, limit):
                gone.append(item)
        for path in _leftovers(context, repo_id, limit):
            gone.append(
                Item(kind="leftover", repo_id=repo_id, run_id="", name=os.path.basename(path), size=size_of([path]))
            )
            if not dry_run:
                with context.lock(repo_id):
                    remove_directory(context, repo_id, path)
    return gone


def disk_usage(context: Context, repo: str | None) -> list[Item]:
    """What every run and every archived run costs on disk, largest first."""
    items = []
    for repo_id in _repo_ids(context, repo):
        for run in list_runs(context.paths, repo_id):
            worktree = context.paths.worktree(repo_id, run.run_id)
            items.append(
                Item(
                    kind="run",
                    repo_id=repo_id,
                    run_id=run.run_id,
                    name=_name(run),
                    size=size_of([worktree, run.directory]),
                )
            )
        items += [_archived_item(context, run) for run in list_runs(context.paths, repo_id, archived=True)]
        items += [_plan_item(repo_id, plan) for plan in every_plan(context, repo_id)]
        for path in _leftovers(context, repo_id, datetime.now(UTC)):
            items.append(
                Item(kind="leftover", repo_id=repo_id, run_id="", name=os.path.basename(path), size=size_of([path]))
            )
    return sorted(items, key=lambda item: -item.size)


def size_of(paths: Iterable[str]) -> int:
    """Bytes on disk below ``paths``, links not followed, files with several names counted once."""
    total = 0
    seen: set[tuple[int, int]] = set()
    for top in paths:
        for place, directories, files in os.walk(top):
            for name in (*directories, *files, "."):
                try:
                    found = os.lstat(os.path.join(place, name))
                except OSError:
                    continue
                if (found.st_dev, found.st_ino) not in seen:
                    seen.add((found.st_dev, found.st_ino))
                    total += found.st_blocks * 512
    return total


def _is_due(run: Run | BrokenRun, limit: datetime) -> bool:
    """Whether the run was archived before ``limit``, and nobody began to bring it back. A record that only a later version of
    agency understands is left to that."""
    if (isinstance(run, BrokenRun) and run.newer) or _archived_since(run) > limit:
        return False
    operation = fold(log_of(run).read()).operation
    return operation is None or operation.kind == "clean"


def _let_go(context: Context, run: Run | BrokenRun, limit: datetime) -> bool:
    """The parked worktree, then the refs, then the record: interrupted, the next gc finds the record and goes on.

    False, and nothing done, when the run is no longer due by the time the lock is held.
    """
    with context.lock(run.repo_id) as lock:
        run = load_run(context.paths, run.repo_id, run.run_id, archived=True)
        if not os.path.isdir(run.directory) or not _is_due(run, limit):
            return False
        for path in evidence_of(run):
            drop_evidence(context, run, path)
        for path in parked_trees(context, run):
            remove_directory(context, run.repo_id, path)
        repo = repo_of(context, run)
        if repo is not None:
            git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
            for ref in (trash_ref(run.run_id), before_ref(run.run_id)):
                git.ask("update-ref", "-d", ref)
            drop_refs(git, kept_refs(git, run.run_id))
        remove_record(run)
    return True


def _expire(context: Context, run: Run, limit: datetime, *, dry_run: bool) -> list[Item]:
    """Let go of what was kept of a present run without a person asking for it."""
    checkpoints = old_checkpoints(context, run, limit)
    evidence = old_evidence(run, limit)
    items = [_kept_item(run, "checkpoint", str(one.number), 0) for one in checkpoints]
    items += [_kept_item(run, "evidence", os.path.basename(path), size_of([path])) for path in evidence]
    if not dry_run:
        if checkpoints:
            drop_checkpoints(context, run, limit)
        for path in evidence:
            with context.lock(run.repo_id):
                drop_evidence(context, run, path)
    return items


def _kept_item(run: Run, kind: str, what: str, size: int) -> Item:
    return Item(kind=kind, repo_id=run.repo_id, run_id=run.run_id, name=f"{run.name} {what}", size=size)


def _leftovers(context: Context, repo_id: RepoId, limit: datetime) -> list[str]:
    """Directories of the trash that belong to no archived run, older than ``limit``."""
    trash = context.paths.trash(repo_id)
    known = {run.run_id for run in list_runs(context.paths, repo_id, archived=True)}
    known |= {run.run_id for run in list_runs(context.paths, repo_id)}
    try:
        names = os.listdir(trash)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise AgencyError(
            "E_STORE_FAILED", f"{trash} cannot be read: {error.strerror}", hint="agency doctor"
        ) from error
    found = []
    for name in names:
        run_id = name.partition(".")[0]
        if is_run_id(name) and RunId(run_id) in known:
            continue
        changed = datetime.fromtimestamp(os.lstat(f"{trash}/{name}").st_ctime, UTC)
        if changed <= limit:
            found.append(f"{trash}/{name}")
    return sorted(found)


def _archived_item(context: Context, run: Run | BrokenRun) -> Item:
    return Item(
        kind="archived",
        repo_id=run.repo_id,
        run_id=run.run_id,
        name=_name(run),
        size=size_of([*parked_trees(context, run), run.directory]),
        archived_at=run.archived_at if isinstance(run, Run) else None,
    )


def _plan_item(repo_id: RepoId, plan: OldPlan) -> Item:
    size = size_of([plan.directory])
    return Item(
        kind="plan", repo_id=repo_id, run_id=plan.plan_id, name=plan.name, size=size, archived_at=plan.cleaned_at
    )


def _repo_ids(context: Context, repo: str | None) -> list[RepoId]:
    here = find_repo(context, repo)
    return [here.repo_id] if here is not None else list_repo_ids(context.paths)


def _name(run: Run | BrokenRun) -> str:
    return run.name if isinstance(run, Run) else "<broken>"


def _archived_since(run: Run | BrokenRun) -> datetime:
    """When the run was archived; for a record that does not tell, when it last changed place or content."""
    text = (run.archived_at or run.created_at) if isinstance(run, Run) else ""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(os.lstat(run.directory).st_ctime, UTC)
