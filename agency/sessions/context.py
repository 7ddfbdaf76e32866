"""What every service needs to know about the call: where the data is, what the caller's surroundings are."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from agency.domain.frozen import frozen
from agency.domain.ids import RepoId
from agency.store.locks import RepoLock, repo_lock
from agency.store.paths import Paths


@frozen
class Context:
    """One call. ``cwd`` is absolute; ``command`` names the call to others who wait for it; ``tell`` shows a note to the
    user, ``busy`` that something takes its time while a block runs; ``lock_timeout`` is in seconds.
    ``ask_consent`` asks a person about what a repo brings along, None where nobody can be asked; ``allow_scripts``: all of it
    may be executed during this call."""

    environ: Mapping[str, str]
    cwd: str
    paths: Paths
    command: str
    lock_timeout: float
    tell: Callable[[str], None]
    busy: Callable[[str], AbstractContextManager[None]]
    ask_consent: Callable[[str], bool] | None = None
    allow_scripts: bool = False

    def lock(self, repo_id: RepoId) -> AbstractContextManager[RepoLock]:
        """Hold the lock of a repo. Raises E_REPO_LOCKED."""
        return repo_lock(self.paths.lock(repo_id), command=self.command, timeout=self.lock_timeout, tell=self.tell)
