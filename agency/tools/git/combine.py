"""Combining the work of a branch with another in a worktree of its own, whose HEAD is detached, so that no branch moves."""

from dataclasses import replace

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git, git_failed
from agency.tools.git.worktree import resolve

STRATEGIES = ("squash", "merge", "rebase", "ff-only")
"""One commit, a merge commit, each commit anew, or the commits as they are."""

_CALM = (
    "-c", "core.editor=true",
    "-c", "merge.autoStash=false",
    "-c", "rebase.autoStash=false",
    "-c", "rebase.updateRefs=false",
)  # fmt: skip


@frozen
class Combined:
    """What came of it: ``commit`` and its ``tree``, or the ``conflicts``, which are paths from the top of the repository. Both
    are empty when the work adds nothing."""

    commit: str | None = None
    tree: str | None = None
    conflicts: tuple[str, ...] = ()


def base_of(strategy: str, *, onto: str, tip: str) -> str:
    """The commit that the worktree has to stand on for a strategy."""
    return tip if strategy in ("rebase", "ff-only") else onto


def combine(git: Git, strategy: str, *, onto: str, tip: str, name: str, branch: str) -> Combined:
    """Combine ``tip``, the work of run ``name`` on ``branch``, with ``onto`` in the worktree that ``git`` stands in.

    Commits are made by the user that git knows. Raises E_GIT_FAILED.
    """
    if strategy == "merge":
        return _try(git, onto, "merge", "--no-ff", "--no-edit", "-m", f"Merge run {name} ({branch})", tip)
    if strategy == "squash":
        squashed = _try(git, onto, "merge", "--squash", tip)
        if squashed.conflicts or git.ask("diff", "--cached", "--quiet", "HEAD").code == 0:
            return squashed
        message, author = _message(git, onto=onto, tip=tip, name=name), _author(git, onto, tip)
        words = ("commit", "--quiet", "--no-verify", "--cleanup=verbatim", "--file=-", *author)
        return _try(git, onto, *words, stdin=message)
    if strategy == "rebase":
        return _try(git, onto, "rebase", "--quiet", "--no-autosquash", "--no-rebase-merges", onto)
    return _standing(git, onto)


def _try(git: Git, onto: str, *words: str, stdin: bytes | None = None) -> Combined:
    done = git.ask(*_CALM, *words, stdin=stdin, timeout=LONG)
    if done.code == 0:
        return _standing(git, onto)
    conflicts = conflicts_in(git)
    if not conflicts:
        raise _nobody() if b"identity unknown" in done.err else git_failed(words, done)
    return Combined(conflicts=conflicts)


def _nobody() -> AgencyError:
    return AgencyError(
        "E_GIT_FAILED",
        "git does not know in whose name to commit",
        hint="git config --global user.name NAME; git config --global user.email ADDRESS; then type the command again",
    )


def _standing(git: Git, onto: str) -> Combined:
    commit = resolve(git, "HEAD")
    if commit is None or commit == onto:
        return Combined()
    return Combined(commit=commit, tree=git.say("rev-parse", f"{commit}^{{tree}}"))


def conflicts_in(git: Git) -> tuple[str, ...]:
    """The paths that stand in conflict in the worktree."""
    return tuple(dict.fromkeys(git.items("diff", "--name-only", "--diff-filter=U", "-z")))


def _message(git: Git, *, onto: str, tip: str, name: str) -> bytes:
    """The message of the one commit: that of the only commit, or the name of the run and what its commits say."""
    commits = _commits(git, onto, tip)
    if len(commits) == 1:
        return git.do("log", "-1", "--format=%B", commits[0]).out.rstrip(b"\n") + b"\n"
    subjects = git.do("log", "--reverse", "--no-merges", "--format=* %s", f"{onto}..{tip}").out
    return name.encode() + b"\n\n" + subjects


def _author(git: Git, onto: str, tip: str) -> tuple[str, ...]:
    """The one author of all commits; several leave it to the user who lands them."""
    authors = set(git.say("log", "--no-merges", "--format=%an <%ae>", f"{onto}..{tip}").splitlines())
    return (f"--author={authors.pop()}",) if len(authors) == 1 else ()


def _commits(git: Git, onto: str, tip: str) -> list[str]:
    return git.say("rev-list", "--no-merges", f"{onto}..{tip}", timeout=LONG).split()


def quiet(git: Git) -> Git:
    """``git`` that never opens an editor."""
    return replace(git, variables={**git.variables, "GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"})
