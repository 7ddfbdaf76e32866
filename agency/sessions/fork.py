"""``agency fork``: another run that starts where this one is now, its files and its conversation."""

from collections.abc import Callable

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.run import Run
from agency.runners.resolve import require_prompt_fits, resolve_runner
from agency.sessions.consent import allows_forking
from agency.sessions.context import Context
from agency.sessions.create import require_valid_name
from agency.sessions.live import look, screen_of
from agency.sessions.make import Making, make_run
from agency.sessions.parent import Parent
from agency.sessions.place import config_root, require_repo_of, scratch_of
from agency.sessions.threads import learn_thread, plan_fork
from agency.sessions.worktree import git_in
from agency.tools.git.discover import discover
from agency.tools.git.snapshot import write_tree
from agency.tools.git.worktree import resolve


def fork_run(
    context: Context, run: Run, name: str | None, prompt: str | None, *, watch: bool, show: Callable[[bytes], None]
) -> Run | None:
    """Make a run whose worktree starts as that of ``run`` is now, uncommitted and untracked files as uncommitted changes, and
    whose conversation is a copy where the agent can make one (told where it cannot). ``run`` goes on untouched.
    None: what the repo brings along was not allowed, and nothing was made.

    Raises E_WORKTREE_MISSING, E_CONSENT_REQUIRED and what making a run raises.
    """
    require_valid_name(name)
    git = git_in(context, run)
    repo = require_repo_of(context, run)
    settings = load_settings(config_root(context, run), context.paths.config)
    runner = resolve_runner(settings, run.runner, context.environ, directory=run.worktree, extra=run.runner_args)
    require_prompt_fits(runner, prompt)
    head = resolve(git, "HEAD")
    place = discover(run.worktree)
    if head is None or place is None:
        raise AgencyError("E_GIT_FAILED", f"git finds no commit in {run.worktree}", hint=f"agency restore {run.name}")
    if not allows_forking(context, run, settings):
        return None
    with context.lock(run.repo_id):
        seen = look(context, run)
        source = learn_thread(run, runner, screen_of(seen.tmux, seen.panes))
    return make_run(
        context,
        Making(
            repo=repo,
            settings=settings,
            runner=run.runner,
            runner_args=run.runner_args,
            name=name,
            prompt=prompt or f"fork of {run.name}",
            parent=Parent(branch=run.parent_branch, commit=head, checkout=None),
            changes=write_tree(git, place.git_dir, scratch=scratch_of(context, repo.repo_id)),
            watch=watch,
            plan=lambda fork, agent: plan_fork(fork, agent, source, prompt),
        ),
        show,
    )
