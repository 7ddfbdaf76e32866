"""Whether the user can be told what the config wants to be told."""

import os
import shutil

from agency.domain.settings import NotifySettings
from agency.sessions.context import Context
from agency.sessions.doctor.check import Check

_NAME = "notifications"


def check_notify(context: Context, root: str, notify: NotifySettings) -> list[Check]:
    """The programs that ``notify`` needs; ``root`` is where the command of a relative path is looked for."""
    if not notify.anything:
        return []
    checks = []
    if notify.command and not _is_there(context, root, notify.command[0]):
        text = f"notify.command is not there or not executable: {notify.command[0]}"
        checks.append(Check(name=_NAME, state="warning", text=text, mend="agency config explain"))
    if notify.desktop:
        from agency.runners.notify import desktop_command

        program = desktop_command("", "")[0]
        if not _is_there(context, root, program):
            text = f"notify.desktop is set, and {program} is not installed"
            mend = f"install {program} (Debian has it in libnotify-bin), or set notify.desktop to false"
            checks.append(Check(name=_NAME, state="warning", text=text, mend=mend))
    ways = [way for way, wanted in (("a bell", notify.bell), ("the desktop", notify.desktop)) if wanted]
    how = ", ".join([*([notify.command[0]] if notify.command else []), *ways])
    return checks or [Check(name=_NAME, state="ok", text=f"{', '.join(notify.when)}: by {how}")]


def _is_there(context: Context, root: str, program: str) -> bool:
    if "/" in program:
        path = os.path.join(root, program)
        return os.path.isfile(path) and os.access(path, os.X_OK)
    return shutil.which(program, path=context.environ.get("PATH", os.defpath)) is not None
