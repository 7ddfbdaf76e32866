"""What a worktree needs before anybody works in it, besides the files of its commit."""

from collections.abc import Callable

from agency.config.load import load_settings
from agency.domain.events import SETUP_FINISHED, SETUP_STARTED
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.domain.settings import Settings
from agency.sessions.context import Context
from agency.sessions.place import config_root
from agency.sessions.scaffold import bring_along, scaffold
from agency.store.runs import update_meta
from agency.tools.git.command import Git
from agency.tools.git.submodules import fill_submodules


def make_ready(context: Context, run: Run, repo: Repo, show: Callable[[bytes], None]) -> None:
    """Make a worktree that was rebuilt ready for work, as a new one is: submodules, the ``.agency`` directory, ignored files that
    work needs, the setup script, whose output ``show`` gets. Repeating it is as safe as the script is.

    Raises E_SCRIPT_FAILED, E_SCRIPT_TIMEOUT, E_CONSENT_REQUIRED.
    """
    settings = load_settings(config_root(context, run), context.paths.config)
    fill_submodules(Git(environ=context.environ, tree=run.worktree), repo.git_dir)
    scaffold(run, None)
    if repo.checkout is not None:
        bring_along(context, run, repo.checkout, settings)
    run_setup(context, run, settings, show, hint=f"mend the setup script, then: agency resume {run.name}")


def run_setup(context: Context, run: Run, settings: Settings, show: Callable[[bytes], None], *, hint: str) -> None:
    """Run the setup script of the repo, where there is one, and write down how it ended. ``hint`` is what to do when it fails.

    Raises E_SCRIPT_FAILED, E_SCRIPT_TIMEOUT, E_SCRIPT_NOT_FOUND, E_CONSENT_REQUIRED.
    """
    script = settings.scripts.get("setup")
    if script is None:
        return
    from agency.sessions.scripts import record_of, run_recorded_script, script_failed

    result = run_recorded_script(
        context, run, "setup", script, started=SETUP_STARTED, finished=SETUP_FINISHED, show=show
    )
    with context.lock(run.repo_id):
        update_meta(run, {"setup": record_of(result), "flags": {"setup_failed": None if result.ok else True}})
    if not result.ok:
        raise script_failed(run, "setup", result, hint=hint)
