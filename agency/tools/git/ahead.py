"""What branches have that another lacks, for many branches with a few calls of git."""

import os
from collections.abc import Collection, Iterable, Mapping

from agency.domain.conflicts import Changes, changes_of
from agency.tools.git.command import LONG, Git


def branch_tips(git: Git) -> dict[str, str]:
    """The commit of every local branch, by the name of the branch."""
    lines = git.say("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").splitlines()
    return {name: commit for commit, _, name in (line.partition(" ") for line in lines)}


def bases_of(git: Git, tips: Collection[str], onto: Collection[str]) -> dict[str, str | None]:
    """Where each of ``tips`` left the commits up to ``onto``, without those that lie among them; None when it never did.

    ``onto`` may name commits that are gone. Raises E_GIT_FAILED.
    """
    if not tips or not onto:
        return dict.fromkeys(tips)
    words = "\n".join((*tips, *(f"^{commit}" for commit in onto), "")).encode()
    listed = git.do("rev-list", "--boundary", "--parents", "--ignore-missing", "--stdin", stdin=words, timeout=LONG)
    parents: dict[str, list[str]] = {}
    boundary: set[str] = set()
    for line in listed.text.splitlines():
        commit, *its_parents = line.split()
        if commit.startswith("-"):
            boundary.add(commit[1:])
        else:
            parents[commit] = its_parents
    return {tip: _base(git, tip, onto, parents, boundary) for tip in tips if tip in parents}


def _base(
    git: Git, tip: str, onto: Collection[str], parents: Mapping[str, list[str]], boundary: Collection[str]
) -> str | None:
    """One place at which the branch left is where it left; of several the best is git's to tell."""
    left: set[str] = set()
    seen = {tip}
    ahead = [tip]
    while ahead:
        for parent in parents.get(ahead.pop(), ()):
            if parent in boundary:
                left.add(parent)
            elif parent not in seen:
                seen.add(parent)
                ahead.append(parent)
    if len(left) < 2:
        return next(iter(left), None)
    found = git.ask("merge-base", tip, *onto, timeout=LONG)
    return found.text if found.code == 0 else None


def changes_between(git: Git, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Changes]:
    """What was changed from the first to the second commit of each pair. Raises E_GIT_FAILED."""
    wanted = list(dict.fromkeys(pairs))
    if not wanted:
        return {}
    lines = "".join(f"{after} {before}\n" for before, after in wanted).encode()
    words = ("diff-tree", "--stdin", "--always", "-r", "-z", "--no-renames", "--name-status")
    fields = iter(git.do(*words, stdin=lines, timeout=LONG).out.split(b"\0"))
    entries: list[list[tuple[str, str]]] = []
    for field in fields:
        if len(field) > 1:  # the commit, before what changed up to it
            entries.append([])
        elif field:
            entries[-1].append((field.decode(), os.fsdecode(next(fields))))
    return {pair: changes_of(changed) for pair, changed in zip(wanted, entries, strict=True)}
