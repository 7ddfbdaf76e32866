"""``agency open`` and ``agency shell``: the worktree in an editor, or a shell in it."""

import os
import shutil

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.run import Run
from agency.domain.settings import Settings
from agency.sessions.consent import allows_editor
from agency.sessions.context import Context
from agency.sessions.environment import run_variables, without_run
from agency.sessions.place import config_root
from agency.sessions.worktree import require_worktree
from agency.store.repos import read_repo
from agency.tools.process import run_attached

_USUAL = ("code", "cursor", "zed", "nvim", "vim", "vi", "nano")


def open_run(context: Context, run: Run, editor: str | None) -> int | None:
    """Open the worktree in ``editor``, the configured one, ``$VISUAL``, ``$EDITOR`` or a usual one; its exit code.

    None: it is the repo that names the editor, and that was not allowed. Raises E_WORKTREE_MISSING, E_EDITOR_NOT_CONFIGURED,
    E_CONSENT_REQUIRED.
    """
    require_worktree(run)
    settings = load_settings(config_root(context, run), context.paths.config)
    words = editor_words(context, settings, editor)
    if not editor and not allows_editor(context, run, settings):
        return None
    return run_attached((*words, run.worktree), env=context.environ, cwd=run.worktree)


def editor_words(context: Context, settings: Settings, editor: str | None) -> tuple[str, ...]:
    """The command line of ``editor``, or of the one that is configured or usual. Raises E_EDITOR_NOT_CONFIGURED."""
    words = _chosen_words(context, settings, editor)
    if shutil.which(words[0], path=context.environ.get("PATH", os.defpath)) is None:
        raise AgencyError(
            "E_EDITOR_NOT_CONFIGURED",
            f"the editor {words[0]} is not there or not executable",
            hint="agency open NAME --editor EDITOR, or set defaults.editor in config.yaml",
            editor=words[0],
        )
    return words


def shell_in(context: Context, run: Run, words: tuple[str, ...]) -> int:
    """Run the caller's shell, or the program ``words``, in the worktree with the variables of the run; its exit code.

    Raises E_WORKTREE_MISSING, and E_USAGE when there is no such program.
    """
    require_worktree(run)
    origin = read_repo(context.paths, run.repo_id).get("origin_url")
    variables = run_variables(run, origin_url=origin if isinstance(origin, str) else None)
    argv = words or (context.environ.get("SHELL") or "/bin/sh",)
    try:
        return run_attached(argv, env={**without_run(context.environ), **variables}, cwd=run.worktree)
    except OSError as error:
        raise AgencyError(
            "E_USAGE", f"{argv[0]} cannot be started: {error.strerror}", hint="agency shell NAME"
        ) from None


def _chosen_words(context: Context, settings: Settings, editor: str | None) -> tuple[str, ...]:
    import shlex

    chosen = editor or settings.editor or context.environ.get("VISUAL") or context.environ.get("EDITOR")
    if chosen is None:
        path = context.environ.get("PATH", os.defpath)
        chosen = next((name for name in _USUAL if shutil.which(name, path=path)), "code")
    try:
        words = settings.editors.get(chosen) or tuple(shlex.split(chosen))
    except ValueError as error:
        raise AgencyError(
            "E_EDITOR_NOT_CONFIGURED",
            f"the editor {chosen} cannot be split into words: {str(error).lower()}",
            hint="mend its quotes",
            editor=chosen,
        ) from None
    return words or ("code",)
