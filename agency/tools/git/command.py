"""The one door to git: how every git command is started."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import field

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.tools.process import Completed, run

_KEPT = frozenset(
    {"GIT_EXEC_PATH", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY", "GIT_ASKPASS"}
    | {"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"}
)
_SAFE = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "advice.detachedHead=false",
)  # fmt: skip
SHORT, LONG = 30.0, 1800.0
"""Seconds: for a command that only looks or moves refs, and for one that fills a tree."""


def git_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without the ``GIT_*`` variables that would point git elsewhere, without prompts and in one language."""
    clean = {key: value for key, value in environ.items() if not key.startswith("GIT_") or key in _KEPT}
    clean.update(GIT_TERMINAL_PROMPT="0", GIT_OPTIONAL_LOCKS="0", LC_ALL="C")
    clean.pop("LANGUAGE", None)
    return clean


@frozen
class Git:
    """Git in one place: a working tree (``tree``), or a repository's shared directory (``git_dir``) without one.

    ``lock_fd`` is the held repo lock, which git then shares, so that the lock outlives a killed agency until git is done.
    """

    environ: Mapping[str, str]
    tree: str | None = None
    git_dir: str | None = None
    lock_fd: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def ask(self, *words: str, timeout: float = SHORT, stdin: bytes | None = None) -> Completed:
        """Run git and return how it ended, whatever that is. Raises E_GIT_NOT_INSTALLED or E_TIMEOUT."""
        where = ("-C", self.tree) if self.tree is not None else ("--git-dir", self.git_dir or "")
        try:
            return run(
                ("git", *where, *_SAFE, *words),
                env=git_environment(self.environ) | dict(self.variables),
                timeout=timeout,
                cwd="/",
                stdin=stdin,
                inherit=() if self.lock_fd is None else (self.lock_fd,),
            )
        except FileNotFoundError:
            raise AgencyError(
                "E_GIT_NOT_INSTALLED", "git is not on PATH", hint="install git, then: agency doctor"
            ) from None

    def do(self, *words: str, timeout: float = SHORT, stdin: bytes | None = None) -> Completed:
        """Run git and insist that it succeeds. Raises E_GIT_FAILED with what git said."""
        done = self.ask(*words, timeout=timeout, stdin=stdin)
        if done.code != 0:
            raise git_failed(words, done)
        return done

    def say(self, *words: str, timeout: float = SHORT) -> str:
        """The output of a git command that must succeed."""
        return self.do(*words, timeout=timeout).text

    def items(self, *words: str, timeout: float = SHORT) -> list[str]:
        """The NUL-delimited output of a git command that must succeed."""
        out = self.do(*words, timeout=timeout).out
        return [os.fsdecode(item) for item in out.split(b"\0") if item]


_FULL = (b"No space left on device", b"Disk quota exceeded", b"Out of diskspace", b"unable to write file")
"""What git says on a full disk; it does not always give the reason."""


def git_failed(words: Sequence[str], done: Completed) -> AgencyError:
    """The error for a git command that did not succeed."""
    message = done.complaint or f"exit code {done.code}"
    full = any(sign in done.err for sign in _FULL)
    return AgencyError(
        "E_DISK_FULL" if full else "E_GIT_FAILED",
        f"git {words[0]} failed: {message}",
        hint="free some space; agency du shows what runs take" if full else "agency doctor",
        command="git " + " ".join(words)[:200],
    )
