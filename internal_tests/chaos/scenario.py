"""One kill and what follows: the next commands of a user, and what must hold after each of them."""

from collections.abc import Iterator

from internal_tests.chaos.invariants import check_always, check_nothing_left, half_done
from internal_tests.chaos.killing import Ended, run_until
from internal_tests.chaos.operations import CLEAN, NAME, Operation, Work, look_at_work, only_run
from internal_tests.chaos.staging import Stage
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

_NOTHING_TO_DO = {"restore": {"E_NOT_ARCHIVED"}, "run": {"E_NAME_EXISTS"}}
"""Refusals that are right when the kill came before the command had changed anything, or after it was done."""


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
        self.world.ok("restore", NAME)
        work = look_at_work(self.world, only_run(self.world))
        self.stage.put_back()
        return work

    def record(self) -> Ended:
        """The operation without a kill, and all its steps."""
        self.stage.put_back()
        self.operation.warm_up(self.world)
        return run_until(self.world, self.operation.words)

    def kill(self, at: int, how: str = "alone") -> Ended:
        """The operation, killed at a step."""
        self.stage.put_back()
        self.operation.warm_up(self.world)
        return run_until(self.world, self.operation.words, at=at, how=how)

    def go_on(self, direction: str) -> None:
        """Type what a user would type after a kill, and check after each command."""
        world = self.world
        self._settle()
        check_always(world)
        for words in self.operation.forward if direction == "forward" else self.operation.back:
            self._type(words)
            check_always(world)
        rows = world.runs()
        if rows and not rows[0]["archived"]:
            assert half_done(only_run(world).directory) is None, "still half-done after the commands that finish it"
            if direction == "forward" or self.operation.words[0] == "clean":
                assert rows[0]["derived_status"] == "active", f"shown as {rows[0]['derived_status']} in the end"
            self._check_work()
            world.ok(*CLEAN)
        check_nothing_left(world)
        if rows and self.work is not None:
            world.ok("restore", NAME)
            self._check_work()
            check_always(world)
        if self.work is None:
            assert world.agency("run", NAME, "--detached").code == 0, "the name cannot be used again"

    def _type(self, words: tuple[str, ...]) -> None:
        result = self.world.agency(*words)
        if result.code == 0 or result.error_code in _NOTHING_TO_DO.get(words[0], set()):
            return
        absent = result.error_code == "E_RUN_NOT_FOUND" and not self.world.runs()
        assert absent and self.work is None, f"agency {' '.join(words)} failed:\n{result.out}{result.err}"

    def _check_work(self) -> None:
        if self.work is None:
            return
        work = look_at_work(self.world, only_run(self.world))
        assert work == self.work, f"work was lost or changed: {self.work} became {work}"

    def _settle(self) -> None:
        """Wait for programs that outlived agency: everything but the tmux server and what runs in panes."""

        def rest() -> Iterator[str]:
            for process in self.world.processes():
                if process.name() == "git":
                    yield str(process)

        wait_for(lambda: not list(rest()), "git to end")
