"""``agency init``: make a repo ready. It adds files and never overwrites what a person wrote."""

import os

from agency.config.load import find_repo_config
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.repo import Repo
from agency.sessions.allow import allow_written
from agency.sessions.context import Context
from agency.sessions.templates import template
from agency.store.failures import told_plainly

_SCRIPTS = ("agency-setup.sh", "agency-verify.sh", "agency-archive.sh")
_ITEMS = ("scripts.setup", "scripts.verify", "scripts.archive")
"""What the template of agency.yaml calls them."""
_IGNORED = ".agency/"


@frozen
class Initialised:
    """What was done with each file: created, overwritten, exists, updated or unchanged."""

    root: str
    config: str
    config_path: str
    scripts_created: tuple[str, ...]
    ignored: str
    ignored_in: str
    agents_md: str
    claude_md: str


def init_repo(context: Context, repo: Repo, *, gitignore: bool, force: bool) -> Initialised:
    """Write agency.yaml, stub scripts, the ignore line for ``.agency/`` and the instructions for runners.

    ``gitignore`` False puts the ignore line into ``.git/info/exclude``. ``force`` lets agency.yaml be written anew; scripts
    and instructions that exist are left alone in any case. The scripts that were written are allowed, as the user wanted them;
    those that were there are not (where that cannot be remembered, it is told). Raises E_CONFIG_EXISTS, E_NO_REPO
    (bare repository).
    """
    if repo.checkout is None:
        raise AgencyError(
            "E_NO_REPO", "a bare repository has no files to add to", hint="type it in one of its worktrees"
        )
    root = repo.checkout
    old = find_repo_config(root)
    if old is not None and os.path.basename(old) != "agency.yaml":
        raise AgencyError(
            "E_CONFIG_EXISTS",
            f"{old} is there, and agency.yaml beside it would be one too many",
            hint=f"move {old} away, then type the command again",
            file=old,
        )
    if old is not None and not force:
        raise AgencyError(
            "E_CONFIG_EXISTS",
            f"{old} is there already",
            hint="agency init --force writes it anew (scripts are kept); agency config explain shows what it says",
            file=old,
        )
    with told_plainly("writing into the repository", root):
        path = f"{root}/agency.yaml"
        os.makedirs(f"{root}/scripts", exist_ok=True)
        created = tuple(name for name in _SCRIPTS if _create(f"{root}/scripts/{name}", template(name), 0o755))
        ignore_file = f"{root}/.gitignore" if gitignore else f"{repo.git_dir}/info/exclude"
        done = Initialised(
            root=root,
            config="overwritten" if old is not None else "created",
            config_path=path,
            scripts_created=created,
            ignored="updated" if _ignore(ignore_file) else "unchanged",
            ignored_in=ignore_file,
            agents_md="created" if _create(f"{root}/AGENTS.md", template("AGENTS.md"), 0o644) else "exists",
            claude_md="created" if _create(f"{root}/CLAUDE.md", template("CLAUDE.md"), 0o644) else "exists",
        )
        # The config is last: until it is there, an init that did not succeed can be typed again.
        _write(path, template("agency.yaml"), 0o644)
    items = zip(_ITEMS, _SCRIPTS, strict=True)
    try:
        allow_written(context, repo, frozenset(item for item, script in items if script in created))
    except AgencyError as error:
        context.tell(f"the scripts are written but not allowed yet (agency allow): {error.message}")
    return done


def _ignore(path: str) -> bool:
    """Add the ignore line to a file unless it is there; whether it was added."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    if any(line.strip() in (_IGNORED, ".agency", "/.agency", "/.agency/") for line in text.splitlines()):
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(("" if not text or text.endswith("\n") else "\n") + _IGNORED + "\n")
    return True


def _create(path: str, text: str, mode: int) -> bool:
    """Write a file unless something of that name exists; whether it was written."""
    if os.path.lexists(path):
        return False
    _write(path, text, mode)
    return True


def _write(path: str, text: str, mode: int) -> None:
    """Replace a file as a whole."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, mode)
    os.replace(temporary, path)
