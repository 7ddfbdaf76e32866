"""Rebasing the branch of a worktree, and leaving a conflict open in it."""

import os
import shutil
from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.tools.git.combine import conflicts_in, quiet
from agency.tools.git.command import LONG, Git, git_failed

BEFORE = "refs/agency/before"
_AS_TYPED = (
    "-c", "rebase.autoStash=false",
    "-c", "rebase.updateRefs=false",
    "-c", "rerere.autoUpdate=false",
)  # fmt: skip


def before_ref(run_id: str) -> str:
    """The ref that keeps where the branch of a run was before agency rebased it."""
    return f"{BEFORE}/{run_id}"


def is_rebasing(admin: str) -> bool:
    """Whether the worktree whose git directory is ``admin`` is in the middle of a rebase."""
    places = (f"{admin}/rebase-merge", f"{admin}/rebase-apply")
    return any(os.path.isdir(place) and not os.path.exists(f"{place}/applying") for place in places)  # that is git am


def stands_at_conflict(admin: str) -> bool:
    """Whether git came to the end of what it does when a rebase stops, so that it can be continued."""
    return all(os.path.exists(f"{admin}/rebase-merge/{name}") for name in ("stopped-sha", "message"))


def take_back(git: Git, admin: str, branch: str) -> None:
    """End a rebase that git was killed in, and stand on ``branch`` as it is. What the files held is lost. Hold the repo lock."""
    if git.ask("rebase", "--abort", timeout=LONG).code != 0 or is_rebasing(admin):
        git.do("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        git.do("reset", "--quiet", "--hard", timeout=LONG)
        shutil.rmtree(f"{admin}/rebase-merge", ignore_errors=True)  # last: until then it is known to be half-done


def require_identity(git: Git) -> None:
    """Raise E_GIT_FAILED when git does not know in whose name to commit: a rebase would stop half-way."""
    if git.ask("var", "GIT_COMMITTER_IDENT").code != 0:
        raise AgencyError(
            "E_GIT_FAILED",
            "git does not know in whose name to commit",
            hint="git config --global user.name NAME; git config --global user.email ADDRESS; then type it again",
        )


def ignored_in_the_way(git: Git, onto: str) -> list[str]:
    """Files that git ignores in the worktree, and would overwrite with files of ``onto`` without a word."""
    added = git.items("diff", "--no-renames", "--name-only", "--diff-filter=A", "-z", "HEAD", onto, timeout=LONG)
    standing = {found for path in added if (found := _standing(git.tree or "", path)) is not None}
    if not standing:
        return []
    literal = replace(git, variables={**git.variables, "GIT_LITERAL_PATHSPECS": "1"})
    words = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *sorted(standing))
    return sorted(literal.items(*words, timeout=LONG))


def rebase(git: Git, onto: str) -> tuple[str, ...]:
    """Rebase the branch that the worktree of ``git`` stands on onto a commit; the paths in conflict, at which it then stands.

    Without any the branch has moved. No editor opens, and no other branch moves along. Hold the repo lock. Raises E_GIT_FAILED;
    the rebase is then taken back.
    """
    words = (
        *("rebase", "--quiet", "--merge", "--no-autosquash", "--no-rebase-merges", "--no-fork-point", "--no-autostash"),
        onto,
    )
    done = quiet(git).ask(*_AS_TYPED, *words, timeout=LONG)
    if done.code == 0:
        return ()
    conflicts = conflicts_in(git)
    if not conflicts:
        git.ask("rebase", "--abort", timeout=LONG)
        raise git_failed(words, done)
    return conflicts


def keep_before(git: Git, run_id: str, commit: str) -> None:
    """Keep ``commit`` alive under the ref for it; what the ref held before stays in its log. Hold the repo lock."""
    git.do("update-ref", "--create-reflog", "-m", "agency resolve", before_ref(run_id), commit)


def _standing(tree: str, path: str) -> str | None:
    """What stands in the tree where a file ``path`` is to be: something of that name, or a file in place of its directory."""
    if os.path.lexists(f"{tree}/{path}"):
        return path
    above = path.rpartition("/")[0]
    while above:
        if os.path.lexists(f"{tree}/{above}"):
            return None if os.path.isdir(f"{tree}/{above}") and not os.path.islink(f"{tree}/{above}") else above
        above = above.rpartition("/")[0]
    return None
