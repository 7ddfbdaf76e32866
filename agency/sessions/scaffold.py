"""What a worktree gets besides the files of its commit: the ``.agency`` directory, and the ignored files work needs."""

import os
import shutil

from agency.domain.errors import AgencyError
from agency.domain.run import Run
from agency.domain.settings import Settings
from agency.sessions.context import Context
from agency.sessions.templates import template
from agency.store.failures import told_plainly
from agency.tools.git.command import Git
from agency.tools.git.ignored import ignored_matching

INCLUDE_FILE = ".worktreeinclude"


def scaffold(run: Run, prompt: str | None) -> None:
    """Make ``.agency/`` in the worktree. It ignores itself, so that no commit ever contains it. Repeating is safe."""
    place = f"{run.worktree}/.agency"
    with told_plainly("preparing the worktree", place):
        for part in ("out", "tmp", "state"):
            os.makedirs(f"{place}/{part}", exist_ok=True)
        _write(f"{place}/.gitignore", "*\n")
        _write(f"{place}/INSTRUCTIONS.md", template("INSTRUCTIONS.md"))
        if not os.path.exists(f"{place}/report.md"):
            _write(f"{place}/report.md", template("report.md").replace("{name}", run.name))
        if prompt is not None:
            _write(f"{place}/prompt.md", prompt)


def bring_along(context: Context, run: Run, checkout: str, settings: Settings) -> None:
    """Bring ignored files of ``checkout`` that work needs (``.env``, dependencies) into the worktree.

    Copied are those that ``.worktreeinclude`` (gitignore syntax) and ``worktree.copy`` (globs) name, as copy-on-write where
    the file system has it; linked are the paths of ``worktree.link``. Files that are there already stay.
    """
    git = Git(environ=context.environ, tree=checkout)
    patterns = [f"/{glob}" for glob in settings.worktree_copy]
    include = f"{checkout}/{INCLUDE_FILE}"
    if os.path.isfile(include):
        with open(include, encoding="utf-8", errors="surrogateescape") as file:
            patterns += file.read().splitlines()
    linked = [link.strip("/") for link in settings.worktree_link]
    with told_plainly("bringing ignored files along", run.worktree):
        for link in linked:
            _link(f"{checkout}/{link}", f"{run.worktree}/{link}")
        for path in ignored_matching(git, patterns) if patterns else []:
            if not any(path == link or path.startswith(f"{link}/") for link in linked) and not path.startswith(
                ".agency/"
            ):
                _copy(f"{checkout}/{path}", f"{run.worktree}/{path}")


def _link(source: str, target: str) -> None:
    if not os.path.lexists(source):
        raise AgencyError(
            "E_WORKTREE_CREATE_FAILED",
            f"worktree.link names {source}, which is not there",
            hint="mend worktree.link in agency.yaml",
        )
    if not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(source, target)


def _copy(source: str, target: str) -> None:
    if os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source) or not clone_file(source, target):
        shutil.copy2(source, target, follow_symlinks=False)


def clone_file(source: str, target: str) -> bool:
    """Make ``target`` share the blocks of ``source`` until either changes; False where that cannot be done."""
    try:
        import fcntl

        ficlone = 0x40049409  # Linux: _IOW(0x94, 9, int)
        with open(source, "rb") as old, open(target, "xb") as new:
            fcntl.ioctl(new.fileno(), ficlone, old.fileno())
        shutil.copystat(source, target)
    except OSError:
        if os.path.exists(target):
            os.unlink(target)
        return False
    return True


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
