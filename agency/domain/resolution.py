"""The way out of a conflict: how a run stands to the branch its work is to go to, and the commands that bring it there."""

import re
import shlex
from typing import Literal

from agency.domain.frozen import frozen
from agency.domain.ids import RunId

State = Literal["clear", "empty", "conflict", "rebasing", "unknown"]
"""The work can be combined with the target; it adds nothing to it; it conflicts; a rebase is under way in the worktree; nothing
can be said, as the branch is gone."""

_HARMLESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
_TOLD_MOST = 10


@frozen
class Step:
    """A command to be typed, and what it does."""

    command: str
    does: str


@frozen
class Card:
    """``base`` is the branch that the work is to go to, which is ``into`` where the caller named it; ``paths`` are in conflict.
    ``pr`` is the pull request as people know it. ``alive``: a runner works in the session. ``verifies``: a verify script is
    configured."""

    run_id: RunId
    name: str
    pr: str | None
    base: str
    branch: str
    worktree: str
    worktree_present: bool
    state: State
    paths: tuple[str, ...]
    into: str | None
    alive: bool
    verifies: bool

    @property
    def steps(self) -> tuple[Step, ...]:
        """What to type next, in this order."""
        start = f"agency resolve {self.name}{f' --into {shlex.quote(self.into)}' if self.into else ''} --start"
        steps: list[Step] = []
        if not self.worktree_present:
            steps.append(Step(command=f"agency restore {self.name}", does="bring the worktree back"))
        if self.pr is not None and self.into is None and self.state != "rebasing":
            steps.append(Step(command="git fetch origin", does=f"see where {self.base} is now"))
        if self.state == "conflict":
            steps.append(Step(command=start, does=f"rebase {self.branch} on {self.base}, up to the conflict"))
        if self.state in ("conflict", "rebasing"):
            agent = f"agency attach {self.name}" if self.alive else f"agency resume {self.name}"
            add = shlex.join(["git", "add", "--", *self.paths[:_TOLD_MOST]])
            more = " and the others" if len(self.paths) > _TOLD_MOST else ""
            steps += [
                Step(command=f"{agent}, or agency open {self.name}", does="mend the files, with the agent or yourself"),
                Step(command=f"agency shell {self.name}", does="a shell in the worktree, for the next two"),
                Step(command=add if self.paths else "git add --all", does=f"say that they are mended{more}"),
                Step(command="git rebase --continue", does="go on; it may stop at another commit"),
            ]
        return (*steps, *self._last_steps())

    @property
    def undo(self) -> str | None:
        """What takes a rebase that is under way back, typed wherever one stands; None when none is."""
        return self.in_worktree("rebase", "--abort") if self.state == "rebasing" else None

    def in_worktree(self, *words: str) -> str:
        """A git command for the worktree, which does no harm when it is typed in the user's checkout."""
        return shlex.join(["git", "-C", self.worktree, *words])

    def _last_steps(self) -> list[Step]:
        if self.state == "empty":
            return [Step(command=f"agency clean {self.name}", does=f"{self.base} has all that the run committed")]
        steps = []
        if self.verifies:
            steps.append(Step(command=f"agency verify {self.name}", does="see that it still works"))
        if self.pr is not None and self.into is None:
            return [
                *steps,
                Step(command=f"agency push {self.name} --force-with-lease", does="bring the pull request up to date"),
                Step(command=f"agency merge {self.name}", does="merge it"),
            ]
        into = f" --into {shlex.quote(self.into)}" if self.into else ""
        return [*steps, Step(command=f"agency land {self.name}{into}", does=f"bring it into {self.base}")]


def request_to_runner(branch: str, base: str, paths: tuple[str, ...]) -> str:
    """What a runner is told when a conflict was opened under it: one line that harms nothing even where a shell reads it, so
    without paths that hold anything but plain characters."""
    plain = [path for path in paths if _HARMLESS.fullmatch(path)][:_TOLD_MOST]
    others = len(paths) - len(plain)
    where = " ".join([*plain, *([f"and {others} more that git status names"] if others else [])])
    rebased = " ".join(
        [f"{branch} is being rebased on {base}", *(["and stopped at conflicts in", where] if where else [])]
    )
    return (
        f"agency: {rebased} - please mend each file in the worktree, then type git add for it and after that "
        "GIT_EDITOR=true git rebase --continue until the rebase is done. git rebase --abort takes all of it back."
    )
