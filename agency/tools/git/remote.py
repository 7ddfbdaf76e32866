"""Git over the network: what a remote has, fetching from it and pushing to it. No repo lock may be held meanwhile.

The network being away for a moment is tried again; a refusal is not.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from agency.domain.errors import AgencyError
from agency.tools.git.command import LONG, Git
from agency.tools.git.worktree import resolve
from agency.tools.process import Completed
from agency.tools.retry import PAUSES, patiently

T = TypeVar("T")
_LOOK = 60.0
_PATIENT = PAUSES[:2]
_STALLED = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")
"""An https transfer slower than 1000 bytes a second for a minute is given up."""
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"
_PASSING = re.compile(
    rb"Could not resolve host|Temporary failure in name resolution|Connection (refused|reset|timed out|closed)"
    rb"|Operation timed out|Failed to connect|Network is unreachable|No route to host|requested URL returned error: 5\d\d"
    rb"|early EOF|unexpected disconnect|hung up unexpectedly|RPC failed|Operation too slow|kex_exchange_identification"
)
_REFUSED = re.compile(
    rb"Permission denied|Authentication failed|could not read (Username|Password)|Host key verification failed"
    rb"|Permission to .* denied|does not appear to be a git repository|Repository not found|\[(remote )?rejected\]"
)
_REJECTED = re.compile(rb"\[(?:remote )?rejected\] \((.*)\)")
_NO_CREDENTIALS = re.compile(rb"could not read (Username|Password)|Authentication failed")


class _Trouble(AgencyError):
    """A failure whose reason may pass."""


def remote_heads(git: Git, remote: str, branches: Sequence[str]) -> dict[str, str]:
    """Those of ``branches`` that the remote has, and the commits they are at there. Raises E_GIT_FETCH_FAILED."""
    refs = {f"refs/heads/{branch}": branch for branch in branches}
    done = network(git, "E_GIT_FETCH_FAILED", "ls-remote", "--refs", remote, *refs, timeout=_LOOK)
    found = [line.split("\t", 1) for line in done.text.splitlines()]
    return {refs[ref]: commit for commit, ref in found if ref in refs}


def fetch_objects(git: Git, remote: str, branch: str) -> None:
    """Bring the commits of a branch of the remote here. No ref changes. Raises E_GIT_FETCH_FAILED."""
    words = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=", remote)
    network(git, "E_GIT_FETCH_FAILED", "fetch", *words, f"refs/heads/{branch}", timeout=LONG)


def push_commit(git: Git, remote: str, *, commit: str, branch: str, lease: str | None) -> None:
    """Make a branch of the remote point to ``commit``; nothing else is pushed.

    Without ``lease`` only forward; with it (a commit, or empty for none) also elsewhere, provided that the branch is there
    now. Raises E_GIT_PUSH_FAILED; its detail ``rejected`` says why the remote did not take it, where it was that.
    """
    force = () if lease is None else (f"--force-with-lease=refs/heads/{branch}:{lease}",)

    def once() -> None:
        try:
            words = ("--porcelain", "--no-follow-tags", "--no-recurse-submodules", *force, remote)
            _once(git, "E_GIT_PUSH_FAILED", "push", *words, f"{commit}:refs/heads/{branch}", timeout=LONG)
        except AgencyError:
            if remote_heads(git, remote, [branch]).get(branch) != commit:
                raise  # else it was done, and only the answer got lost

    _retried(once)


def delete_remote_branch(git: Git, remote: str, branch: str, commit: str) -> bool:
    """Delete a branch of the remote that is at ``commit`` there; False when there is none. Raises E_GIT_PUSH_FAILED or
    E_GIT_FETCH_FAILED."""
    if branch not in remote_heads(git, remote, [branch]):
        return False
    lease = f"--force-with-lease=refs/heads/{branch}:{commit}"
    network(git, "E_GIT_PUSH_FAILED", "push", "--porcelain", lease, remote, f":refs/heads/{branch}", timeout=LONG)
    return True


def note_remote_branch(git: Git, remote: str, branch: str, commit: str) -> None:
    """Note where a branch of the remote was seen, as a fetch does. Hold the repo lock. Raises E_GIT_FAILED."""
    ref = f"refs/remotes/{remote}/{branch}"
    if resolve(git, ref) != commit:
        git.do("update-ref", ref, commit)


def network(git: Git, code: str, *words: str, timeout: float) -> Completed:
    """Run a git command that talks to a remote and may be done twice. It must succeed; ``code`` is the error otherwise."""
    return _retried(lambda: _once(git, code, *words, timeout=timeout))


def _retried(deed: Callable[[], T]) -> T:
    return patiently(deed, passing=lambda error: isinstance(error, _Trouble), pauses=_PATIENT)


def _once(git: Git, code: str, *words: str, timeout: float) -> Completed:
    try:
        done = _connecting(git).ask(*_STALLED, *words, timeout=timeout)
    except AgencyError as error:
        if error.code != "E_TIMEOUT":
            raise
        raise _Trouble(code, error.message, hint="try again later") from None
    if done.code == 0:
        return done
    said = f"git {words[0]} failed: {done.complaint or f'exit code {done.code}'}"
    if _REFUSED.search(done.err + done.out):
        rejected = _REJECTED.search(done.out)
        raise AgencyError(
            code,
            said
            if rejected is None
            else f"the remote rejected the push: {rejected.group(1).decode('utf-8', 'replace')}",
            hint="gh auth setup-git lets git use what gh knows"
            if _NO_CREDENTIALS.search(done.err)
            else "git remote -v",
            rejected=None if rejected is None else rejected.group(1).decode("utf-8", "replace"),
        )
    raise (_Trouble if _PASSING.search(done.err) else AgencyError)(code, said, hint="try again later")


def _connecting(git: Git) -> Git:
    """``git`` with an ssh that never asks, unless the user says himself how to connect."""
    if any(git.environ.get(name) for name in ("GIT_SSH_COMMAND", "GIT_SSH")):
        return git
    if git.ask("config", "--get", "core.sshCommand").code == 0:
        return git
    return replace(git, variables={**git.variables, "GIT_SSH_COMMAND": _SSH})
