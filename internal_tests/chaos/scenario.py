"""One kill and what follows: the next commands of a user, and what must hold after them."""

from collections.abc import Sequence

from internal_tests.chaos.invariants import check_always, check_nothing_left, half_done
from internal_tests.chaos.killing import Ended, run_until
from internal_tests.chaos.operations import AGAIN, CLEAN, RESTORE, RESUME, Operation, Work, look_at_work, only_run
from internal_tests.chaos.staging import Stage
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_SENDS_ON = {RESTORE: {"E_NOT_ARCHIVED"}, RESUME: {"E_RUN_INCOMPLETE", "E_WORKTREE_MISSING", "E_RUN_NOT_FOUND"}}
"""Refusals that are right: nothing is missing; the worktree has to be finished first, as the hint says; the run is archived."""


class Scenario:
    """An operation in a world that can be put back, killed as often as there are steps."""

    def __init__(self, world: World, operation: Operation) -> None:
        """Prepare the state that every kill begins from."""
        self.world = world
        self.operation = operation
        operation.prepare(world)
        self.stage = Stage(world)
        self.work = self._work_before()

    def _work_before(self) -> Work | None:
        """What must never be lost; None when there is no run yet."""
        rows = self.world.runs()
        if not rows:
            return None
        if not rows[0]["archived"]:
            return look_at_work(self.world, only_run(self.world))
        self.world.ok(*RESTORE)
        work = look_at_work(self.world, only_run(self.world))
        self.stage.put_back()
        return work

    def play(self, *, at: int = 0, how: str = "alone") -> Ended:
        """The operation from the state that was prepared, killed at a step (0: not at all)."""
        self.stage.put_back()
        self.operation.warm_up(self.world)
        return run_until(self.world, self.operation.words, at=at, how=how)

    def go_on(self, way: Sequence[tuple[str, ...]], *, git_died: bool = False) -> None:
        """Type the commands of ``way``, which finish or undo what was killed, and check that they did. ``git_died``: git was
        killed too, in the middle of its work."""
        world = self.world
        self._settle()
        rows = check_always(world, git_died=git_died)
        absent = not rows
        for number, words in enumerate(way, 1):
            if (words == AGAIN) == bool(rows):
                continue
            result = world.agency(*words)
            sent_on = number < len(way) or words == RESTORE
            assert result.code == 0 or (sent_on and result.error_code in _SENDS_ON.get(words, ())), (
                f"agency {' '.join(words)}: {result.code}\n{result.out}{result.err}"
            )
        if absent and AGAIN not in way:
            world.ok(*AGAIN)
        rows = check_always(world)
        assert half_done(only_run(world).directory) is None, "still half-done after the commands that finish it"
        if not rows[0]["archived"]:
            self._check_work(way)
            if way[-1] == RESUME:
                assert rows[0]["derived_status"] == "active", f"shown as {rows[0]['derived_status']} in the end"
            world.ok(*CLEAN)
        check_nothing_left(world)
        if self.operation.judge is not None:
            self.operation.judge(world)
        if self.work is not None and self.operation.words[0] != "resume":
            world.ok(*RESTORE)
            self._check_work(way)

    def _check_work(self, way: Sequence[tuple[str, ...]]) -> None:
        if self.work is not None and self.operation.check is not None:
            self.operation.check(self.world, self.work, self.operation.words in way)
        elif self.work is not None:
            work = look_at_work(self.world, only_run(self.world))
            assert work == self.work, f"work was lost or changed:\nbefore: {self.work}\nnow: {work}"

    def _settle(self) -> None:
        """Wait for commands of git and gh that outlived agency: a user does not type within milliseconds."""
        wait_for(lambda: not {"git", "gh"} & self.world.program_names(), "git and gh to end")
