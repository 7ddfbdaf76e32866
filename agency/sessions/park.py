"""Moving the worktree of a run aside, whole, and back: its files, and what git keeps about it (index, HEAD, an
unfinished rebase).

Parking is a few renames. The files wait in the trash directory of the repo, git's part beside the run's record.
"""

import os
import shutil

from agency.domain.repo import Repo
from agency.domain.run import BrokenRun, Run
from agency.sessions.context import Context
from agency.sessions.place import scratch_of
from agency.sessions.remove import require_deletable
from agency.store.failures import told_plainly
from agency.store.records import make_directory, move_directory
from agency.tools.git.command import Git
from agency.tools.git.snapshot import keep, trash_ref, write_index_tree, write_tree
from agency.tools.git.status import tree_status
from agency.tools.git.worktree import admin_dir_of, aside, remove_entry, resolve, write_links


def parked_tree(context: Context, run: Run) -> str:
    """Where the files of the run wait while it is parked."""
    return f"{context.paths.trash(run.repo_id)}/{run.run_id}"


def parked_trees(context: Context, run: Run | BrokenRun) -> list[str]:
    """Everything of the run that waits in the trash: the parked files, and half-made ones that were set aside."""
    trash = context.paths.trash(run.repo_id)
    try:
        names = os.listdir(trash)
    except FileNotFoundError:
        return []
    return sorted(f"{trash}/{name}" for name in names if name.partition(".")[0] == run.run_id)


def snapshot(context: Context, run: Run, repo: Repo) -> tuple[str, str | None, int]:
    """The tree objects of the files (those that git can take; parking keeps all) and of the index (None during a merge), and
    the number of uncommitted paths."""
    git = Git(environ=context.environ, tree=run.worktree)
    admin = admin_dir_of(Git(environ=context.environ, git_dir=repo.git_dir), run.worktree)
    scratch = scratch_of(context, run.repo_id)
    return (
        write_tree(git, admin, scratch=scratch, partial=True),
        write_index_tree(git, admin, scratch=scratch),
        tree_status(git).uncommitted,
    )


def keep_work(context: Context, run: Run, git: Git, tree: str, index: str | None) -> tuple[str, str]:
    """Keep the snapshot and every commit it came from under the trash ref of the run: the ref and its commit.

    Hold the repo lock.
    """
    ref = trash_ref(run.run_id)
    head = resolve(Git(environ=context.environ, tree=run.worktree), "HEAD")
    tips = [head, resolve(git, f"refs/heads/{run.branch}")]
    parents = tuple(tip for tip in tips if tip is not None)
    if index is not None and index != tree:
        parents = (*parents, keep(git, ref=ref, tree=index, parents=parents[:1], message=f"index of {run.name}"))
    return ref, keep(git, ref=ref, tree=tree, parents=parents, message=f"{run.name} as it was when it was cleaned")


def park(context: Context, run: Run, git: Git | None) -> str | None:
    """Move the worktree aside; where to, or None when there was none. Hold the repo lock. Repeating is safe."""
    target = parked_tree(context, run)
    admin = admin_dir_of(git, run.worktree) if git is not None else None
    if admin is not None:
        _save_admin(run, admin)
    if os.path.lexists(run.worktree):
        require_deletable(context, run.repo_id, run.worktree, keep=(run.repo_root, run.git_dir))
        make_directory(os.path.dirname(target))
        move_directory(run.worktree, target)
    if git is not None:
        remove_entry(git, run.worktree)
    return target if os.path.isdir(target) else None


def unpark(context: Context, run: Run, repo: Repo) -> bool:
    """Move the worktree back to where it was, git's part first; False when it is not parked. Hold the repo lock.

    Repeating is safe.
    """
    source = parked_tree(context, run)
    if not os.path.isdir(source):
        return False
    admin = _put_admin_back(run, repo)
    if admin is None:
        return False
    with told_plainly("bringing a worktree back", source):
        write_links(admin, run.worktree, standing_at=source)
        if os.path.isdir(run.worktree):
            os.rmdir(run.worktree)
        make_directory(os.path.dirname(run.worktree))
        move_directory(source, run.worktree)
    return True


def _save_admin(run: Run, admin: str) -> None:
    """Copy what git keeps about the worktree beside the record of the run."""
    place = f"{run.directory}/gitdir"
    with told_plainly("keeping what git knows of the worktree", place):
        shutil.rmtree(f"{place}.tmp", ignore_errors=True)
        stale = shutil.ignore_patterns("*.lock", "locked")
        try:
            shutil.copytree(admin, f"{place}.tmp/{os.path.basename(admin)}", symlinks=True, ignore=stale)
        except OSError:
            shutil.rmtree(f"{place}.tmp", ignore_errors=True)
            raise
        shutil.rmtree(place, ignore_errors=True)
        os.rename(f"{place}.tmp", place)


def _put_admin_back(run: Run, repo: Repo) -> str | None:
    place = f"{run.directory}/gitdir"
    try:
        (name,) = os.listdir(place)
    except (FileNotFoundError, ValueError):
        return None
    target = f"{repo.git_dir}/worktrees/{name}"
    with told_plainly("bringing back what git knew of the worktree", target):
        if not os.path.isdir(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            whole = aside(repo.git_dir, "back")
            shutil.copytree(f"{place}/{name}", whole, symlinks=True)
            os.rename(whole, target)
    return target
