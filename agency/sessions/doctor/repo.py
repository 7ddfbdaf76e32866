"""The repo around the caller: its config, runners, editor and scripts."""

import os
import shutil

from agency.config.load import load_settings
from agency.domain.errors import AgencyError
from agency.domain.repo import Repo
from agency.domain.settings import SCRIPT_NAMES, Settings
from agency.runners.entrypoints import installed_names, provider_of
from agency.runners.resolve import resolve_runner, runner_names
from agency.runners.table import ADAPTERS
from agency.sessions.allow import look_at_supplied, supply_of
from agency.sessions.context import Context
from agency.sessions.doctor.check import Check, State
from agency.sessions.doctor.notify import check_notify

_STUB = "agency-stub"


def check_repo(context: Context, repo: Repo) -> list[Check]:
    """Config, runners, editor, scripts, and what of them is allowed."""
    root = repo.checkout or repo.root
    checks = [Check(name="repo", state="ok", text=f"{repo.root} ({repo.repo_key[:60]})")]
    try:
        settings = load_settings(root, context.paths.config)
    except AgencyError as error:
        place = f"{error.details.get('file')}:{error.details.get('line')}"
        return [*checks, Check(name="config", state="failure", text=error.message, mend=f"mend {place}; {error.hint}")]
    checks.append(Check(name="config", state="ok", text="valid"))
    return [
        *checks,
        *_runners(context, root, settings),
        *_editor(context, settings),
        *_scripts(root, settings),
        *check_notify(context, root, settings.notify),
        *_consent(context, repo),
    ]


def _runners(context: Context, root: str, settings: Settings) -> list[Check]:
    checks = []
    absent = []
    brought = installed_names()
    for name in sorted({*runner_names(settings), *brought}):
        try:
            runner = resolve_runner(settings, name, context.environ, directory=root)
        except AgencyError as error:
            if name == settings.runner or name in settings.runners or error.code == "E_RUNNER_BROKEN":
                state: State = "failure" if name == settings.runner else "warning"
                checks.append(Check(name=f"runner {name}", state=state, text=error.message, mend=error.hint))
            else:
                absent.append(name)
            continue
        default = " (default)" if name == settings.runner else ""
        source = f", from {provider_of(name)}" if runner.adapter.origin == "entry point" else ""
        checks.append(Check(name=f"runner {name}", state="ok", text=f"{runner.program}{source}{default}"))
    for name in brought:
        if name in ADAPTERS:
            text = f"that of {provider_of(name)} is not used: agency has one of that name"
            checks.append(Check(name=f"runner {name}", state="warning", text=text, mend="let it bear another name"))
    if settings.runner not in {*settings.runners, *ADAPTERS, *brought}:
        text = f"defaults.runner names {settings.runner}, which is neither built in nor configured"
        checks.append(Check(name="runner", state="failure", text=text, mend="agency config explain"))
    if absent:
        checks.append(Check(name="runners", state="ok", text=f"not installed: {', '.join(absent)}"))
    return checks


def _editor(context: Context, settings: Settings) -> list[Check]:
    name = settings.editor or context.environ.get("VISUAL") or context.environ.get("EDITOR")
    if name is None:
        return []
    words = settings.editors.get(name) or tuple(name.split())
    if words and shutil.which(words[0], path=context.environ.get("PATH", os.defpath)):
        return [Check(name="editor", state="ok", text=" ".join(words))]
    return [
        Check(name="editor", state="warning", text=f"{name} is not there", mend="set defaults.editor in config.yaml")
    ]


def _scripts(root: str, settings: Settings) -> list[Check]:
    checks = []
    for name in SCRIPT_NAMES:
        script = settings.scripts.get(name)
        if script is None:
            continue
        path = f"{root}/{script.path}" if script.path is not None else None
        if path is None:
            checks.append(Check(name=f"script {name}", state="ok", text=" ".join(script.argv)))
        elif not os.path.isfile(path):
            text = f"{script.path} does not exist"
            checks.append(
                Check(name=f"script {name}", state="failure", text=text, mend="agency init --force, or write it")
            )
        elif not os.access(path, os.X_OK):
            text = f"{script.path} is not executable"
            checks.append(Check(name=f"script {name}", state="failure", text=text, mend=f"chmod +x {script.path}"))
        elif _is_stub(path):
            text = f"{script.path} is still the stub that agency init wrote"
            checks.append(Check(name=f"script {name}", state="warning", text=text, mend=f"replace {script.path}"))
        else:
            checks.append(Check(name=f"script {name}", state="ok", text=script.path or ""))
    return checks


def _consent(context: Context, repo: Repo) -> list[Check]:
    """What the repo brings along and the user has not allowed as it is now."""
    try:
        found = look_at_supplied(context, supply_of(context, repo=repo, run=None))
    except AgencyError as error:
        return [Check(name="consent", state="warning", text=error.message, mend=error.hint)]
    names = [each.name for each in found if each.open]
    if not names:
        text = "all that the repo brings along is allowed" if found else "the repo brings nothing along to be executed"
        return [Check(name="consent", state="ok", text=text)]
    return [Check(name="consent", state="note", text=f"not allowed yet: {', '.join(names)}", mend="agency allow")]


def _is_stub(path: str) -> bool:
    with open(path, "rb") as file:
        return _STUB.encode() in file.read(4096)
