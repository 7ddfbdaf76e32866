"""``agency allow``: what a repo brings along that agency would execute, and allowing or forgetting all of it."""

from collections.abc import Callable, Iterable
from typing import Literal

from agency.config.load import load_settings
from agency.domain.consent import Item, is_allowed, items_of, last_allowed, missing_files
from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.ids import RepoId
from agency.domain.repo import Repo
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.find import remember
from agency.sessions.place import config_root
from agency.sessions.treefiles import files_in
from agency.store.consent import forget_consent, note_consent, read_consent

State = Literal["allowed", "changed", "not allowed", "missing"]


@frozen
class Supplied:
    """One thing that the repo brings along. ``changed``: another version was allowed, at ``allowed_at``. ``missing``: the file
    of the script is not there, so there is nothing to allow."""

    name: str
    state: State
    text: str
    sha256: str | None = None
    allowed_at: str | None = None
    item: Item | None = None

    @property
    def open(self) -> bool:
        """Whether it is there and not allowed as it is now."""
        return self.state in ("changed", "not allowed")


@frozen
class Supply:
    """Where what the repo brings along is looked at: its config is read at ``config``, what it names in ``tree``. ``repo``
    is None where a run is looked at, whose repo is known already."""

    repo_id: RepoId
    repo: Repo | None
    root: str
    config: str
    tree: str


def supply_of(context: Context, *, repo: Repo | None, run: Run | None) -> Supply:
    """The worktree of ``run``, or without one the checkout of ``repo``."""
    if run is not None:
        config = config_root(context, run)
        return Supply(repo_id=run.repo_id, repo=None, root=run.repo_root, config=config, tree=run.worktree)
    assert repo is not None
    place = repo.checkout or repo.root
    return Supply(repo_id=repo.repo_id, repo=repo, root=repo.root, config=place, tree=place)


def look_at_supplied(context: Context, supply: Supply, more: Iterable[Item] = ()) -> list[Supplied]:
    """Everything that is brought along, with ``more`` that the config does not name, and whether it is allowed as it is now.
    Raises E_INVALID_CONFIG."""
    settings = load_settings(supply.config, context.paths.config)
    read = files_in(supply.tree)
    record, problem = read_consent(context.paths, supply.repo_id)
    if problem is not None:
        context.tell(f"{context.paths.consent(supply.repo_id)} cannot be used, so nothing is allowed: {problem}")
    found = []
    for item in (*items_of(settings, read, files_in(supply.root)), *more):
        at = next((version.at for version in record.get(item.name, ()) if version.sha256 == item.sha256), None)
        before = last_allowed(item, record)
        state: State = "allowed" if is_allowed(item, record) else "changed" if before is not None else "not allowed"
        found.append(
            Supplied(
                name=item.name,
                state=state,
                text="; ".join(item.lines),
                sha256=item.sha256,
                allowed_at=at or before,
                item=item,
            )
        )
    found += [
        Supplied(name=name, state="missing", text=f"{path} is not there")
        for name, path in missing_files(settings, read).items()
    ]
    return found


def allow_supplied(
    context: Context, supply: Supply, found: list[Supplied], *, yes: bool, confirm: Callable[[str], bool] | None
) -> bool:
    """Allow what is not allowed yet of ``found``, after it was shown with ``confirm``, unless ``yes``. False: declined.

    Raises E_CONFIRMATION_REQUIRED when there is nobody to ask.
    """
    from agency.domain.consenttext import question

    items = [each.item for each in found if each.item is not None and each.open]
    if not items:
        return True
    if not yes and confirm is None:
        raise AgencyError(
            "E_CONFIRMATION_REQUIRED",
            f"allowing {', '.join(item.name for item in items)} needs your word",
            hint="agency allow --yes, after a look at them",
            items=[f"{item.name} {item.sha256}" for item in items],
        )
    if not yes and confirm is not None:
        record, _ = read_consent(context.paths, supply.repo_id)
        if not confirm(question(supply.root, items, record, whole=f"{supply.tree}/")):
            return False
    keep_allowed(context, supply, items)
    return True


def keep_allowed(context: Context, supply: Supply, items: list[Item]) -> None:
    """Remember that the user allowed ``items`` as they are."""
    with context.lock(supply.repo_id):
        if supply.repo is not None:
            remember(context, supply.repo)
        note_consent(context.paths, supply.repo_id, items)


def forget_allowed(context: Context, supply: Supply) -> int:
    """Forget all that was allowed; how many things that were."""
    record, problem = read_consent(context.paths, supply.repo_id)
    if not record and problem is None:
        return 0
    with context.lock(supply.repo_id):
        return forget_consent(context.paths, supply.repo_id)


def allow_written(context: Context, repo: Repo, names: frozenset[str]) -> None:
    """Allow the scripts ``names`` (of items) that agency itself has just written."""
    supply = supply_of(context, repo=repo, run=None)
    found = look_at_supplied(context, supply)
    items = [each.item for each in found if each.item is not None and each.name in names]
    if items:
        keep_allowed(context, supply, items)
