"""The worktree in which the work of a run is combined with the branch that it lands on, and verified there."""

import os
from collections.abc import Callable
from dataclasses import replace

from agency.config.load import load_settings
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.domain.settings import Settings
from agency.sessions.context import Context
from agency.sessions.place import config_root
from agency.sessions.remove import clear_way, end_and_remove
from agency.sessions.scaffold import bring_along, scaffold
from agency.sessions.scripts import ScriptResult, run_script, script_failed
from agency.sessions.verify import Subject, record_start, verify_failed, verify_subject
from agency.tools.git.command import Git
from agency.tools.git.submodules import fill_submodules
from agency.tools.git.worktree import add_detached, fill_tree, remove_entry


def make_landing(context: Context, run: Run, repo: Repo, commit: str) -> Git:
    """Make the landing worktree at ``commit``, anew when there is one, and return git in it. Raises E_GIT_FAILED."""
    place = context.paths.landing(run.repo_id, run.run_id)
    discard_landing(context, run, repo)
    with context.lock(run.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        clear_way(context, run, git)
        add_detached(git, path=place, commit=commit)
    inside = Git(environ=context.environ, tree=place)
    fill_tree(inside)
    return inside


def discard_landing(context: Context, run: Run, repo: Repo | None) -> None:
    """Remove the landing worktree, when there is one, with what a killed command left running in it: all it holds was made from
    commits."""
    place = context.paths.landing(run.repo_id, run.run_id)
    end_and_remove(context, run.repo_id, place, owner=run.run_id, keep=(run.repo_root, run.git_dir))
    if repo is None:
        return
    with context.lock(run.repo_id) as lock:
        git = Git(environ=context.environ, git_dir=repo.git_dir, lock_fd=lock.fd)
        clear_way(context, run, git)
        remove_entry(git, place)


def verify_landing(
    context: Context, run: Run, repo: Repo, subject: Subject, show: Callable[[bytes], None], *, again: str
) -> ScriptResult | None:
    """Set the landing worktree up as that of a run is, and run the verify script in it; None when none is configured.
    ``again`` is the command that lands it.

    Raises E_SCRIPT_FAILED, E_SCRIPT_TIMEOUT, E_SCRIPT_NOT_FOUND, E_INTERRUPTED.
    """
    settings = load_settings(config_root(context, run), context.paths.config)
    script = settings.scripts.get("verify")
    if script is None:
        return None
    at_place = replace(run, worktree=subject.place)
    _set_up(context, at_place, repo, settings, show, again=again)
    result = verify_subject(
        context, run, subject, script, begun=lambda event: record_start(context, run, subject, event), show=show
    )
    if not result.ok:
        raise verify_failed(run, result, again=again)
    return result


def _set_up(
    context: Context, at_place: Run, repo: Repo, settings: Settings, show: Callable[[bytes], None], *, again: str
) -> None:
    """What a new worktree gets, so that its verify script finds what it needs."""
    fill_submodules(Git(environ=context.environ, tree=at_place.worktree), repo.git_dir)
    scaffold(at_place, None)
    if repo.checkout is not None:
        bring_along(context, at_place, repo.checkout, settings)
    setup = settings.scripts.get("setup")
    if setup is None:
        return
    result = run_script(context, at_place, "setup", setup, begun=lambda event: None, show=show, log_name="land-setup")
    if not result.ok:
        raise script_failed(at_place, "setup", result, hint=f"mend the setup script, then: {again}")
