"""Putting a worktree that was built beside it in the place of that of a run: the swap of a hard reset.

Before the swap nothing but the new tree was touched, and it is simply removed again. From its first step on it is finished, by
whoever comes after a kill. The old tree is never destroyed: it is kept as a checkpoint and moved into the directory of the run.
Who builds the new tree, and makes sure that nothing of the run is alive, is for others.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agency.domain.checkpoint import BEFORE_HARD_RESET
from agency.domain.errors import AgencyError
from agency.domain.events import HARD_RESET_FAILED, HARD_RESET_FINISHED, HARD_RESET_STARTED, HARD_RESET_SWAPPED
from agency.domain.journal import fold
from agency.domain.repo import Repo
from agency.domain.reset import BUILDING, DONE, FAILED, SWAPPED, SWAPPING, Reset
from agency.domain.run import Run
from agency.sessions.checkpoints import save_checkpoint
from agency.sessions.context import Context
from agency.sessions.remove import clear_way, end_and_remove, remove_directory, require_deletable
from agency.sessions.setup import make_ready
from agency.sessions.whole import require_idle
from agency.sessions.worktree import is_connected
from agency.store.failures import told_plainly
from agency.store.jobfiles import reset_evidence
from agency.store.records import discard, make_directory, move_directory, write_file
from agency.store.resets import last_reset, write_reset
from agency.store.runs import log_of
from agency.tools.git.command import Git, git_failed
from agency.tools.git.keptrefs import checkpoint_ref
from agency.tools.git.worktree import adopt_tree, list_checkouts, remove_entry, resolve
from agency.tools.identity import this_process
from agency.tools.signals import shielded


def built_tree(context: Context, run: Run) -> str:
    """Where the new tree of a hard reset is built."""
    return f"{context.paths.rebuilding(run.repo_id, run.run_id)}/tree"


def built_index(context: Context, run: Run) -> str:
    """The index of git that goes with it."""
    return f"{context.paths.rebuilding(run.repo_id, run.run_id)}/index"


def discard_built(context: Context, run: Run) -> None:
    """Remove what was built: all of it was made from commits and patches."""
    remove_directory(context, run.repo_id, context.paths.rebuilding(run.repo_id, run.run_id))


def discard_abandoned(context: Context, run: Run) -> None:
    """Remove what a killed process built, and end the git that it left at work there."""
    place = context.paths.rebuilding(run.repo_id, run.run_id)
    end_and_remove(context, run.repo_id, place, owner=run.run_id)


def begin_reset(context: Context, run: Run, reset: Reset) -> None:
    """Write down that a hard reset begins. Raises E_RUN_BUSY, E_DISK_FULL, E_STORE_FAILED; nothing has begun then."""
    with context.lock(run.repo_id):
        require_idle(run, fold(log_of(run).read()))
        write_reset(run.directory, reset)
        log_of(run).append(
            HARD_RESET_STARTED(
                {
                    "number": reset.number,
                    "step_index": reset.step_index,
                    "base_commit": reset.base_commit,
                    "trigger": reset.trigger,
                    "operator": this_process(context.command),
                }
            ),
            durable=True,
        )


def give_up_reset(context: Context, run: Run, reset: Reset, error: BaseException) -> Reset:
    """End a hard reset before its swap: what was built goes, and the old worktree is as it was."""
    code = error.code if isinstance(error, AgencyError) else "E_INTERRUPTED"
    return _discard(context, run, reset, code)


def swap(context: Context, run: Run, repo: Repo, reset: Reset, *, seconds: Callable[[], float]) -> Reset:
    """Put the tree that was built in the place of the worktree, on the branch of the run at ``reset.head``.

    No process of the run may be alive. Raises E_RUN_BUSY when the branch has moved or is checked out elsewhere, and what git and
    the disk raise. Before the swap has begun the hard reset is then over and the old worktree as it was; after that
    :func:`settle_reset` finishes it.
    """
    try:
        kept = _keep_old(context, run, repo, reset)
        with shielded(), context.lock(run.repo_id) as lock:
            git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
            clear_way(context, run, git)
            _require_branch_free(run, git)
            tip = resolve(git, f"refs/heads/{run.branch}")
            if tip not in (reset.old_head, reset.head):
                raise _moved(run, reset, tip)
            reset = reset.at(SWAPPING, kept=kept)
            write_reset(run.directory, reset)
            reset = _carry_out(context, run, git, replace(reset, seconds=seconds()))
        if reset.phase == FAILED:
            raise _moved(run, reset, None)
        return reset
    except BaseException as error:
        if reset.phase == BUILDING:
            give_up_reset(context, run, reset, error)
        raise


def settle_reset(context: Context, run: Run, repo: Repo) -> Reset | None:
    """Finish or undo what a kill left of the last hard reset: one that was building is undone, one that was swapping is finished.

    The reset as it then is; None when there is none whose end is not known. One that is ``swapped`` still has to be made ready by
    :func:`finish_reset`. Raises E_RUN_BUSY while its process lives.
    """
    reset = last_reset(run.directory)
    journal = fold(log_of(run).read())
    half_done = journal.operation is not None and journal.operation.kind == "hard reset"
    if not half_done and (reset is None or reset.over):
        return None
    if journal.operation is not None and journal.operation.pid != os.getpid():
        require_idle(run, journal)
    with shielded():
        if reset is None or reset.over:
            _close(run, reset)
            return reset
        if reset.phase == BUILDING:
            discard_abandoned(context, run)
            return _discard(context, run, reset, "E_INTERRUPTED")
        if reset.phase == SWAPPING:
            with context.lock(run.repo_id) as lock:
                git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
                clear_way(context, run, git)
                return _carry_out(context, run, git, reset)
    return reset


def finish_reset(context: Context, run: Run, repo: Repo, reset: Reset, show: Callable[[bytes], None] | None) -> Reset:
    """Make the worktree that was swapped in ready for work, with the setup script whose output ``show`` gets, and close the hard
    reset. With None it is closed as it is. Raises E_SCRIPT_FAILED and the like; it is then still ``swapped``, and this can be
    repeated."""
    _bring_report(run, reset)
    if show is not None:
        try:
            make_ready(context, run, repo, show)
        except AgencyError as error:
            with shielded():
                write_reset(run.directory, reset.at(SWAPPED, error_code=error.code))
                log_of(run).append(HARD_RESET_FAILED({"error_code": error.code, "step": "setup"}), durable=True)
            raise
    done = reset.at(DONE)
    with shielded():
        discard_built(context, run)
        write_reset(run.directory, done)
        _close(run, done)
    return done


def _carry_out(context: Context, run: Run, git: Git, reset: Reset) -> Reset:
    """The steps of the swap, each of which can be repeated. Hold the repo lock."""
    built, evidence = built_tree(context, run), reset_evidence(run.directory, reset.number)
    tip = resolve(git, f"refs/heads/{run.branch}")
    if not os.path.lexists(evidence) and tip not in (reset.old_head, reset.head):
        return _discard(context, run, reset, "E_RUN_BUSY")
    if tip == reset.old_head:
        _move_branch(run, git, reset)
    if os.path.isdir(built):
        if os.path.lexists(run.worktree):
            require_deletable(context, run.repo_id, run.worktree, keep=(run.repo_root, run.git_dir))
            make_directory(os.path.dirname(evidence))
            move_directory(run.worktree, _free(evidence))
        make_directory(os.path.dirname(run.worktree))
        move_directory(built, run.worktree)
    _cut_loose(evidence)
    remove_entry(git, run.worktree)
    index = built_index(context, run)
    adopt_tree(git, path=run.worktree, branch=run.branch, commit=reset.head, index=index)
    reset = reset.at(SWAPPED)
    told = HARD_RESET_SWAPPED({"number": reset.number, "head": reset.head, "evidence": evidence, "ref": reset.kept})
    log_of(run).append(told, durable=True)
    write_reset(run.directory, reset)
    discard_built(context, run)
    return reset


def _bring_report(run: Run, reset: Reset) -> None:
    """The report of the run goes on in the new worktree: git ignores it, so that no checkpoint holds it."""
    old, new = (f"{place}/.agency/report.md" for place in (reset_evidence(run.directory, reset.number), run.worktree))
    if os.path.isfile(old) and not os.path.islink(old) and not os.path.lexists(new):
        with told_plainly("bringing the report along", new):
            os.makedirs(os.path.dirname(new), exist_ok=True)
            with open(old, "rb") as file:
                write_file(new, file.read(), durable=False)


def _keep_old(context: Context, run: Run, repo: Repo, reset: Reset) -> str | None:
    """The ref of a checkpoint of the old worktree; None when there is nothing that git could keep, and it is only moved."""
    if not is_connected(run, repo):
        return None
    message = f"before hard reset {reset.number}"
    saved = save_checkpoint(context, run, reason=BEFORE_HARD_RESET, message=message)
    return checkpoint_ref(run.run_id, saved.checkpoint.number)


def _require_branch_free(run: Run, git: Git) -> None:
    for checkout in list_checkouts(git):
        if checkout.branch == run.branch and os.path.realpath(checkout.path) != os.path.realpath(run.worktree):
            raise AgencyError(
                "E_RUN_BUSY",
                f"branch {run.branch} is checked out at {checkout.path} too",
                hint=f"git -C {checkout.path} switch another branch, then type the command again",
                run_id=run.run_id,
            )


def _move_branch(run: Run, git: Git, reset: Reset) -> None:
    if reset.old_head == reset.head:
        return
    words = ("update-ref", "-m", f"agency hard reset {reset.number}", f"refs/heads/{run.branch}", reset.head)
    done = git.ask(*words, reset.old_head or "0" * len(reset.head))
    if done.code != 0:
        raise git_failed(words, done)


def _moved(run: Run, reset: Reset, tip: str | None) -> AgencyError:
    return AgencyError(
        "E_RUN_BUSY",
        f"branch {run.branch} has moved while the worktree of {run.name} was being rebuilt",
        hint="type the command again",
        run_id=run.run_id,
        expected=reset.old_head,
        actual=tip,
    )


def _discard(context: Context, run: Run, reset: Reset, code: str) -> Reset:
    with shielded():
        discard_built(context, run)
        failed = reset.at(FAILED, error_code=code)
        write_reset(run.directory, failed)
        _close(run, failed)
    return failed


def _close(run: Run, reset: Reset | None) -> None:
    """Write the closing event, unless it is there."""
    events = log_of(run).read()
    operation = fold(events).operation
    half_done = operation is not None and operation.kind == "hard reset"
    if reset is not None and reset.phase == DONE:
        told = HARD_RESET_FINISHED({"number": reset.number, "duration_ms": int((reset.seconds or 0.0) * 1000)})
        if half_done or not any(_tells(event, told.name, reset.number) for event in events):
            log_of(run).append(told, durable=True)
    elif half_done:
        code = (reset.error_code if reset is not None else None) or "E_INTERRUPTED"
        log_of(run).append(HARD_RESET_FAILED({"error_code": code, "step": BUILDING}), durable=True)


def _tells(event: Mapping[str, Any], name: str, number: int) -> bool:
    data = event.get("data")
    return event.get("event") == name and isinstance(data, dict) and data.get("number") == number


def _free(path: str) -> str:
    """``path``, or one like it that nothing has: somebody may have made the worktree anew while the swap was half-done."""
    number = 1
    free = path
    while os.path.lexists(free):
        number += 1
        free = f"{path}.{number}"
    return free


def _cut_loose(evidence: str) -> None:
    """The old tree no longer leads to what git keeps about the worktree: that is of the new one now."""
    place, name = os.path.split(evidence)
    for other in os.listdir(place) if os.path.isdir(place) else []:
        link = f"{place}/{other}/.git"
        if other.startswith(name) and os.path.isfile(link):
            discard(link)
