"""The pull requests of one GitHub repository, backed by a real bare repository on disk: their heads are its branches, a merge
is a commit in it, and what else is known of them is a file in it. What GitHub refuses is refused with its words."""

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


class Refused(Exception):
    """GitHub would not do this; the message is what it says."""


@dataclass
class Pull:
    """One pull request. ``head_commit`` is the last commit that its branch was seen at; ``of_a_fork`` keeps that as it is."""

    number: int
    title: str
    body: str
    base: str
    head: str
    head_commit: str
    draft: bool
    created_at: str
    state: str = "OPEN"
    merged_at: str | None = None
    merge_commit: str | None = None
    of_a_fork: bool = False


def _in_turn(method: F) -> F:
    """Have one thread at a time read or change what is known: the server, or the test."""

    @wraps(method)
    def turn(self: "Pulls", *args: Any, **named: Any) -> Any:
        with self.turn:
            return method(self, *args, **named)

    return cast(F, turn)


class Pulls:
    """The pull requests of ``owner/name``, whose branches are in the bare repository ``place``.

    ``unknown_looks``: for so many looks to come, GitHub has not computed yet whether a pull request can be merged.
    """

    def __init__(self, place: Path, owner: str, name: str, env: Mapping[str, str]) -> None:
        self.place = place
        self.owner = owner
        self.name = name
        self.unknown_looks = 0
        self._env = dict(env)
        self.turn = threading.RLock()
        self._file = place / "pulls.json"

    @_in_turn
    def all(self) -> list[Pull]:
        """Every pull request, oldest first, as its branch is now: an open one whose branch is gone is closed."""
        pulls = [Pull(**each) for each in json.loads(self._file.read_text())] if self._file.exists() else []
        for pull in pulls:
            if pull.state == "OPEN" and not pull.of_a_fork:
                commit = self._commit(pull.head)
                pull.state = "CLOSED" if commit is None else "OPEN"
                pull.head_commit = commit or pull.head_commit
        self._save(pulls)
        return pulls

    @_in_turn
    def change(self, number: int, **fields: Any) -> None:
        """Change fields of a pull request."""
        pulls = self.all()
        for pull in pulls:
            if pull.number == number:
                for name, value in fields.items():
                    setattr(pull, name, value)
        self._save(pulls)

    def get(self, number: int) -> Pull:
        """One pull request. Raises :class:`Refused` when there is none of that number."""
        for pull in self.all():
            if pull.number == number:
                return pull
        raise Refused(f"Could not resolve to a PullRequest with the number of {number}.")

    def by_id(self, identity: str) -> Pull:
        """One pull request by its node id."""
        return self.get(int(identity.removeprefix("PR_")))

    @_in_turn
    def create(self, *, title: str, body: str, base: str, head: str, draft: bool = False) -> Pull:
        """Open one from the branch ``head`` into the branch ``base``."""
        if self._commit(base) is None or (commit := self._commit(head)) is None:
            raise Refused(
                "Head sha can't be blank, Base sha can't be blank, "
                f"No commits between {base} and {head}, Head ref must be a branch"
            )
        if any((pull.state, pull.head, pull.base) == ("OPEN", head, base) for pull in self.all()):
            raise Refused(f"A pull request already exists for {self.owner}:{head}.")
        if self.git("rev-list", "--count", f"{base}..{head}") == "0":
            raise Refused(f"No commits between {base} and {head}")
        return self.add(title=title, body=body, base=base, head=head, head_commit=commit, draft=draft)

    @_in_turn
    def add(
        self,
        *,
        base: str,
        head: str,
        head_commit: str,
        title: str = "",
        body: str = "",
        draft: bool = False,
        **more: Any,
    ) -> Pull:
        """Note one down, whatever is in the repository."""
        pulls = self.all()
        pull = Pull(
            number=len(pulls) + 1,
            title=title,
            body=body,
            base=base,
            head=head,
            head_commit=head_commit,
            draft=draft,
            created_at=_now(),
            **more,
        )
        self._save([*pulls, pull])
        return pull

    def mergeable(self, pull: Pull) -> str:
        """What GitHub says about merging it: MERGEABLE, CONFLICTING, or UNKNOWN as long as it has not computed it."""
        if pull.state != "OPEN":
            return "UNKNOWN"
        if self.unknown_looks > 0:
            self.unknown_looks -= 1
            return "UNKNOWN"
        return "CONFLICTING" if self.conflicting(pull) else "MERGEABLE"

    def conflicting(self, pull: Pull) -> bool:
        """Whether it is open and cannot be merged without a conflict."""
        return pull.state == "OPEN" and self._merged_tree(f"refs/heads/{pull.base}", pull.head_commit) is None

    @_in_turn
    def merge(self, pull: Pull, method: str, expected_head: str | None) -> None:
        """Merge it by ``method`` (MERGE, SQUASH or REBASE) in the base branch."""
        base = self._commit(pull.base)
        assert base is not None
        if pull.state != "OPEN" or pull.draft:
            raise Refused("Pull Request is still a draft" if pull.draft else "Pull Request is not open")
        if expected_head not in (None, pull.head_commit):
            raise Refused("Head branch was modified. Review and try the merge again.")
        tree = self._merged_tree(base, pull.head_commit)
        if tree is None:
            raise Refused("Pull Request is not mergeable")
        if method == "MERGE":
            subject = f"Merge pull request #{pull.number} from {self.owner}/{pull.head}"
            commit = self.git("commit-tree", tree, "-p", base, "-p", pull.head_commit, "-m", subject)
        elif method == "SQUASH":
            commit = self.git("commit-tree", tree, "-p", base, "-m", f"{pull.title} (#{pull.number})")
        else:
            commit = self._rebased(base, pull.head_commit)
        self.git("update-ref", f"refs/heads/{pull.base}", commit, base)
        self.change(pull.number, state="MERGED", merged_at=_now(), merge_commit=commit)

    def git(self, *words: str) -> str:
        """The output of a git command in the bare repository."""
        done = self._ask(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _rebased(self, base: str, head: str) -> str:
        """The commits of ``head`` that ``base`` lacks, one after the other on top of it."""
        tip = base
        for commit in self.git("rev-list", "--reverse", "--no-merges", f"{base}..{head}").split():
            root = self.git("commit-tree", f"{commit}^^{{tree}}", "-m", "base")
            ours = self.git("commit-tree", f"{tip}^{{tree}}", "-p", root, "-m", "ours")
            theirs = self.git("commit-tree", f"{commit}^{{tree}}", "-p", root, "-m", "theirs")
            tree = self._merged_tree(ours, theirs)
            if tree is None:
                raise Refused("This branch can't be rebased")
            tip = self.git("commit-tree", tree, "-p", tip, "-m", self.git("log", "-1", "--format=%B", commit))
        return tip

    def _merged_tree(self, ours: str, theirs: str) -> str | None:
        done = self._ask("merge-tree", "--write-tree", ours, theirs)
        return done.stdout.splitlines()[0] if done.returncode == 0 else None

    def _save(self, pulls: list[Pull]) -> None:
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps([asdict(pull) for pull in pulls]))
        beside.replace(self._file)

    def _commit(self, branch: str) -> str | None:
        done = self._ask("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        return done.stdout.strip() or None

    def _ask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["git", "--git-dir", str(self.place), *words], env=self._env, capture_output=True, text=True, timeout=60
        )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
