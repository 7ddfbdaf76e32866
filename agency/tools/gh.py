"""The one door to gh, GitHub's command line: how each of its commands is started and what its answers mean."""

import json
import re
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.pullrequest import FIELDS, PullRequest, Strategy, pull_request_from, the_one_of
from agency.tools.git.command import git_environment
from agency.tools.process import Completed, run
from agency.tools.retry import patiently

_HOST = "github.com"
_DROPPED = frozenset(
    {"GH_REPO", "GH_HOST", "GH_FORCE_TTY", "GH_DEBUG", "DEBUG", "GH_PAGER", "PAGER", "CLICOLOR_FORCE", "GH_EDITOR"}
)
_MANY = "100"
_NEEDS_LOGIN = 4
"""The exit code of gh when it has no token at all."""
_LOGIN = re.compile(rb"HTTP 401|401 Unauthorized|Bad credentials|gh auth login")
_PASSING = re.compile(
    rb"HTTP 5\d\d|status code: 5\d\d|\bEOF\b|error connecting to|connection refused|connection reset|broken pipe"
    rb"|i/o timeout|TLS handshake timeout|deadline exceeded|no such host|Temporary failure in name resolution"
    rb"|network is unreachable|no route to host|stream error|Something went wrong while executing your query"
)
"""What gh says when the network or GitHub itself is in trouble, which may pass."""
_NO_SUCH_PULL = b"Could not resolve to a PullRequest"
_PULL_URL = re.compile(r"/pull/(\d+)\s*$", re.MULTILINE)


def gh_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without what would point gh elsewhere, and without prompts, colours, pagers and news of releases."""
    clean = {key: value for key, value in git_environment(environ).items() if key not in _DROPPED}
    clean.update(GH_PROMPT_DISABLED="1", GH_NO_UPDATE_NOTIFIER="1", NO_COLOR="1", CI="1")
    return clean


class _Trouble(AgencyError):
    """A failure whose reason may pass."""


def may_pass(error: AgencyError) -> bool:
    """Whether a call failed for a reason that may pass, after which nobody knows whether GitHub did what it was asked for."""
    return isinstance(error, _Trouble)


@frozen
class Gh:
    """gh for one repository on github.com, ``repo`` being ``owner/name``. A call takes ``timeout`` seconds at most.

    What only reads is tried again when the network or GitHub is in trouble. What changes something is done once: whoever asked
    looks again at what became of it. Every function raises E_GH_NOT_INSTALLED, E_GH_NOT_AUTHENTICATED, or the E_GH_ error that
    it names, with what gh said.
    """

    environ: Mapping[str, str]
    repo: str
    timeout: float = 60.0

    def require_ready(self) -> None:
        """Insist that gh is installed and that GitHub accepts its token. Raises E_GH_FAILED when GitHub cannot be reached."""
        self._read("E_GH_FAILED", "api", "--hostname", _HOST, "--silent", "rate_limit")

    def view(self, number: int) -> PullRequest | None:
        """A pull request by its number; None when there is none. Raises E_GH_PR_VIEW_FAILED."""
        words = ("pr", "view", str(number), *self._here, "--json", ",".join(FIELDS))
        done = self._read("E_GH_PR_VIEW_FAILED", *words, unless=_NO_SUCH_PULL)
        return None if done.code != 0 else _parsed(done)[0]

    def find(self, branch: str) -> PullRequest | None:
        """The pull request of a branch of this repository: the open one, else the newest. Raises E_GH_PR_VIEW_FAILED."""
        words = ("pr", "list", *self._here, "--head", branch, "--state", "all", "--limit", _MANY)
        return the_one_of(branch, _parsed(self._read("E_GH_PR_VIEW_FAILED", *words, "--json", ",".join(FIELDS))))

    def create(self, *, title: str, base: str, head: str, body_file: str, draft: bool) -> int:
        """Open a pull request and return its number; that of the open one when there is one already.

        Raises E_GH_PR_CREATE_FAILED, also when it was opened and the answer got lost.
        """
        words = ["pr", "create", *self._here, "--base", base, "--head", head, "--title", title]
        words += ["--body-file", body_file, *(("--draft",) if draft else ())]
        done = self._ask("E_GH_PR_CREATE_FAILED", *words)
        exists = b"already exists" in done.err
        said = _PULL_URL.search((done.err if exists else done.out).decode("utf-8", "replace"))
        if said is None or (done.code != 0 and not exists):
            raise _failed(
                "E_GH_PR_CREATE_FAILED", done, hint=f"gh pr list --repo {self.repo} --state all --head {head}"
            )
        return int(said.group(1))

    def edit_body(self, number: int, body_file: str) -> None:
        """Replace the text of a pull request by that of a file. Raises E_GH_PR_EDIT_FAILED."""
        # Not by `gh pr edit`: before 2.82 it asks for classic projects first, which GitHub refuses since they are gone.
        place = f"repos/{self.repo}/pulls/{number}"
        words = ("--hostname", _HOST, "--silent", "--method", "PATCH", place, "--field", f"body=@{body_file}")
        self._do("E_GH_PR_EDIT_FAILED", "api", *words, hint=self._shown(number))

    def merge(self, number: int, strategy: Strategy, match_head: str) -> str:
        """Merge a pull request, provided that its branch is at ``match_head``, and return what gh printed.

        Raises E_GH_PR_MERGE_FAILED, also when it was merged and the answer got lost.
        """
        words = ("pr", "merge", str(number), *self._here, f"--{strategy}", "--match-head-commit", match_head)
        done = self._do("E_GH_PR_MERGE_FAILED", *words, hint=self._shown(number))
        return (done.out + done.err).decode("utf-8", "replace")

    @property
    def _here(self) -> tuple[str, str]:
        return ("--repo", f"{_HOST}/{self.repo}")

    def _shown(self, number: int) -> str:
        return f"gh pr view {number} --repo {self.repo} --web shows what stands against it"

    def _read(self, code: str, *words: str, unless: bytes | None = None) -> Completed:
        """A call that changes nothing and must succeed, or fail with the words ``unless``."""

        return patiently(
            lambda: self._do(code, *words, unless=unless), passing=lambda error: isinstance(error, _Trouble)
        )

    def _do(self, code: str, *words: str, unless: bytes | None = None, hint: str = "gh auth status") -> Completed:
        done = self._ask(code, *words)
        if done.code != 0 and (unless is None or unless not in done.err):
            raise _failed(code, done, hint=hint)
        return done

    def _ask(self, code: str, *words: str) -> Completed:
        try:
            done = run(("gh", *words), env=gh_environment(self.environ), timeout=self.timeout, cwd="/")
        except FileNotFoundError:
            raise AgencyError(
                "E_GH_NOT_INSTALLED",
                "gh is not on PATH",
                hint="install gh (https://cli.github.com), then: gh auth login",
            ) from None
        except AgencyError as error:
            raise _Trouble(code, error.message, hint="try again later") from None
        if done.code == _NEEDS_LOGIN or (done.code != 0 and _LOGIN.search(done.err)):
            raise AgencyError(
                "E_GH_NOT_AUTHENTICATED", f"GitHub does not know who asks: {done.complaint}", hint="gh auth login"
            )
        return done


def _failed(code: str, done: Completed, *, hint: str) -> AgencyError:
    said = f"gh failed: {done.complaint or f'exit code {done.code}'}"
    if _PASSING.search(done.err):
        return _Trouble(code, said, hint="try again later")
    return AgencyError(code, said, hint="try again later" if b"rate limit" in done.err else hint)


def _parsed(done: Completed) -> list[PullRequest]:
    try:
        told = json.loads(done.out)
        return [pull_request_from(each) for each in (told if isinstance(told, list) else [told])]
    except (ValueError, KeyError, TypeError, AttributeError):
        said = done.text[:200]
        raise AgencyError(
            "E_GH_PR_VIEW_FAILED", f"gh printed what is no pull request: {said}", hint="gh --version"
        ) from None
