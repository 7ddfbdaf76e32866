"""The one gate before anything that a repo brings along is executed.

Scripts, runners, the command of notifications and the editor, as far as the repo's own config names them, are executed only
after the user allowed them, as they are now. Scripts pass here on their way (:mod:`agency.sessions.scripts`), and what starts a
runner takes a :class:`AllowedStart`, which is made nowhere else.

A person is asked while no lock is held. Whoever does something in several steps asks before the first of them; asked again
later, the gate is passed silently as long as nothing has changed.
"""

import shlex
from collections.abc import Callable, Iterable

from agency.domain.consent import (
    Item,
    editor_item,
    is_allowed,
    item_of_script,
    items_of,
    notify_item,
    runner_item,
    script_item,
)
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import RepoId
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.domain.settings import ScriptSettings, Settings
from agency.runners.resolve import Runner
from agency.sessions.context import Context
from agency.sessions.find import remember
from agency.sessions.parent import Parent
from agency.sessions.treefiles import files_in, files_of
from agency.store.consent import note_consent, read_consent


@frozen
class AllowedStart:
    """A runner that may be started, with the settings that hold for it. ``notify_pins`` are the files that the repo's
    command of notifications executes, with the sha256 of each as it was allowed: they may change while the runner lives. Only
    the gate makes one."""

    runner: Runner
    settings: Settings
    notify_pins: tuple[tuple[str, str], ...] = ()


def allow_start(context: Context, run: Run, settings: Settings, runner: Runner) -> AllowedStart | None:
    """Ask for what starting ``runner`` in the worktree of ``run`` would execute. None: declined. Raises E_CONSENT_REQUIRED."""
    if context.allow_scripts:
        return AllowedStart(runner=runner, settings=settings)
    notify = notify_item(settings, files_in(run.repo_root))
    items = (runner_item(settings, runner.name, files_in(run.worktree)), notify)
    if not _allows_in(context, run, [item for item in items if item is not None]):
        return None
    return AllowedStart(runner=runner, settings=settings, notify_pins=notify.pins if notify is not None else ())


def require_start(context: Context, run: Run, settings: Settings, runner: Runner) -> AllowedStart:
    """The same in the middle of a deed, where a no is a failure. Raises E_CONSENT_REQUIRED."""
    start = allow_start(context, run, settings, runner)
    if start is None:
        raise _declined(run, f"the runner {runner.name}")
    return start


def require_asking(context: Context, repo: Repo, settings: Settings, runner: Runner) -> AllowedStart:
    """Ask for what starting ``runner`` would execute, for a question about the repo itself. Raises E_CONSENT_REQUIRED, for a no
    too."""
    item = runner_item(settings, runner.name, files_in(repo.checkout or repo.root))
    hint = "agency allow shows and allows it; --allow-scripts allows it for this call"
    if item is not None and not allows_items(context, repo, [item], hint=hint):
        raise AgencyError("E_CONSENT_REQUIRED", f"you did not allow the runner {runner.name}", hint=hint)
    return AllowedStart(runner=runner, settings=settings)


def allows_script(context: Context, run: Run, name: str, script: ScriptSettings) -> bool:
    """Ask for script ``name`` as it stands in the worktree. False: declined. Raises E_CONSENT_REQUIRED."""
    item = None if context.allow_scripts else item_of_script(name, script, files_in(run.worktree))
    return item is None or _allows_in(context, run, [item])


def allows_scripts(context: Context, run: Run, settings: Settings, *names: str) -> bool:
    """Ask once for the scripts ``names``, as far as they are configured, as they stand in the worktree. False: declined. Raises
    E_CONSENT_REQUIRED."""
    read = files_in(run.worktree)
    return _allows_in(context, run, [item for name in names if (item := script_item(settings, name, read)) is not None])


def require_script(context: Context, run: Run, name: str, script: ScriptSettings) -> None:
    """The same right before it is executed, where a no is a failure. Raises E_CONSENT_REQUIRED, E_SCRIPT_NOT_FOUND."""
    if context.allow_scripts:
        return
    item = item_of_script(name, script, files_in(run.worktree))
    if item is None:
        message = f"the {name} script {script.path} is not in the worktree"
        raise AgencyError("E_SCRIPT_NOT_FOUND", message, hint=f"agency diff {run.name}", run_id=run.run_id)
    if not _allows_in(context, run, [item]):
        raise _declined(run, f"the {name} script")


def allows_editor(context: Context, run: Run, settings: Settings) -> bool:
    """Ask for the editor that the repo names. False: declined. Raises E_CONSENT_REQUIRED."""
    item = None if context.allow_scripts else editor_item(settings, files_in(run.worktree))
    return item is None or _allows_in(context, run, [item])


def allows_making(
    context: Context, repo: Repo, settings: Settings, runner: str, parent: Parent, *, taken: bool, editor: bool
) -> bool:
    """Ask once for all that making a run from ``parent`` would execute. ``taken``: the worktree starts with the files of the
    parent's checkout; ``editor``: it is opened too. False: declined. Raises E_CONSENT_REQUIRED."""
    checkout = parent.checkout if taken else None
    read = files_in(checkout) if checkout is not None else files_of(context, repo, parent.commit)

    def items() -> Iterable[Item | None]:
        yield script_item(settings, "setup", read)
        yield runner_item(settings, runner, read)
        yield notify_item(settings, files_in(repo.root))
        yield editor_item(settings, read) if editor else None

    def hint(missing: list[Item]) -> str:
        here = items_of(settings, files_in(repo.checkout or repo.root), files_in(repo.root))
        if set(missing) <= set(here):
            return "agency allow shows and allows it; --allow-scripts allows it for this call"
        return f"what {parent.branch} holds differs from your checkout: type it on a terminal, or with --allow-scripts"

    show = f"git -C {shlex.quote(repo.root)} show {shlex.quote(parent.branch)}:"
    found = (item for item in items() if item is not None)
    return _allows(
        context,
        repo.repo_id,
        found,
        place=repo.root,
        whole=f"{checkout}/" if checkout is not None else show,
        hint=hint,
        repo=repo,
    )


def allows_forking(context: Context, run: Run, settings: Settings) -> bool:
    """The same for a run that starts with the files of ``run``."""
    if context.allow_scripts:
        return True
    read = files_in(run.worktree)
    setup, runner = script_item(settings, "setup", read), runner_item(settings, run.runner, read)
    items = (setup, runner, notify_item(settings, files_in(run.repo_root)))
    return _allows_in(context, run, [item for item in items if item is not None])


def _allows_in(context: Context, run: Run, items: Iterable[Item]) -> bool:
    hint = f"agency allow {run.name} shows and allows it; --allow-scripts allows it for this call"
    if run.worktree == context.paths.landing(run.repo_id, run.run_id):
        hint = (
            f"combined with the branch it is not as {run.name} has it: type it on a terminal, or with --allow-scripts"
        )
    return _allows(
        context,
        run.repo_id,
        items,
        place=run.repo_root,
        whole=f"{run.worktree}/",
        hint=lambda missing: hint,
        repo=None,
    )


def _allows(
    context: Context,
    repo_id: RepoId,
    items: Iterable[Item],
    *,
    place: str,
    whole: str,
    hint: Callable[[list[Item]], str],
    repo: Repo | None,
) -> bool:
    """Whether ``items`` may be executed: allowed before, for this call, or by whoever is asked now, which is remembered."""
    if context.allow_scripts:
        return True
    wanted = list(items)
    if not wanted:
        return True
    record, problem = read_consent(context.paths, repo_id)
    missing = [item for item in wanted if not is_allowed(item, record)]
    if not missing:
        return True
    if problem is not None:
        context.tell(
            f"what you allowed is forgotten, because {context.paths.consent(repo_id)} cannot be used: {problem}"
        )
    if context.ask_consent is None:
        raise consent_required(missing, repo=place, hint=hint(missing))
    from agency.domain.consenttext import question

    if not context.ask_consent(question(place, missing, record, whole=whole)):
        return False
    with context.lock(repo_id):
        if repo is not None:
            remember(context, repo)
        note_consent(context.paths, repo_id, missing)
    return True


def consent_required(missing: list[Item], *, repo: str, hint: str) -> AgencyError:
    """The error for what was not allowed, where nobody can be asked."""
    names = [item.name for item in missing]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return AgencyError(
        "E_CONSENT_REQUIRED",
        f"you have not allowed {listed}, which this repo brings along, as {'it is' if len(names) == 1 else 'they are'} now",
        hint=hint,
        repo=repo,
        items=[f"{item.name} {item.sha256}" for item in missing],
    )


def _declined(run: Run, what: str) -> AgencyError:
    return AgencyError(
        "E_CONSENT_REQUIRED",
        f"{what} has changed since it was asked for, and you did not allow it as it is now",
        hint=f"agency allow {run.name}",
        run_id=run.run_id,
    )


def allows_items(context: Context, repo: Repo, items: Iterable[Item], *, hint: str) -> bool:
    """Ask once for things that a repo brings along besides its config. False: declined. Raises E_CONSENT_REQUIRED with
    ``hint``."""
    return _allows(
        context, repo.repo_id, items, place=repo.root, whole=f"{repo.root}/", hint=lambda missing: hint, repo=repo
    )
