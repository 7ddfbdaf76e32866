"""A pull request as GitHub tells it."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from agency.domain.frozen import frozen

Strategy = Literal["squash", "merge", "rebase"]

FIELDS = (
    "number", "url", "state", "isDraft", "headRefName", "headRefOid", "baseRefName",
    "mergeable", "body", "mergedAt", "mergeCommit", "isCrossRepository",
)  # fmt: skip
"""What GitHub is asked for, by its own names."""


@frozen
class PullRequest:
    """One pull request. ``state``: OPEN, CLOSED or MERGED; ``mergeable``: MERGEABLE, CONFLICTING, or UNKNOWN as long as GitHub
    has not computed it. ``merged_at`` is RFC 3339; ``of_a_fork``: its branch is in somebody else's repository."""

    number: int
    url: str
    state: str
    is_draft: bool
    head_branch: str
    head_commit: str
    base_branch: str
    mergeable: str
    body: str
    merged_at: str | None
    merge_commit: str | None
    of_a_fork: bool


def pull_request_from(told: Mapping[str, Any]) -> PullRequest:
    """The pull request of an object with :data:`FIELDS`. Raises KeyError, TypeError or ValueError when one is wrong."""
    return PullRequest(
        number=int(told["number"]),
        url=str(told["url"]),
        state=str(told["state"]),
        is_draft=bool(told["isDraft"]),
        head_branch=str(told["headRefName"]),
        head_commit=str(told["headRefOid"]),
        base_branch=str(told["baseRefName"]),
        mergeable=str(told["mergeable"]),
        body=str(told["body"] or ""),
        merged_at=told["mergedAt"] or None,
        merge_commit=(told["mergeCommit"] or {}).get("oid"),
        of_a_fork=bool(told["isCrossRepository"]),
    )


def the_one_of(branch: str, found: Iterable[PullRequest]) -> PullRequest | None:
    """Which of ``found`` stands for ``branch`` of our own repository: the open one, else the newest."""
    ours = [pull for pull in found if pull.head_branch == branch and not pull.of_a_fork]
    return max(ours, key=lambda pull: (pull.state == "OPEN", pull.number), default=None)
