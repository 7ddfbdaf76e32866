"""What one attempt spent, whatever its runner tells of it."""

import pytest

from agency.domain.output import UsageTold
from agency.domain.usage import Spending, Usage
from agency.runners.adapter import Adapter, Scene
from agency.worker.meter import Meter

SCENE = Scene(worktree="/w", directory="/d", environ={})


class Writer(Adapter):
    """An agent that writes down what it spends."""

    tells_usage = True

    def __init__(self) -> None:
        self.written: dict[str, list[Usage]] = {}

    def spendings(self, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
        """All of it."""
        return tuple(Spending(at=0.0, model="m", usage=usage) for usage in self.written.get(thread_id, ()))


def of(number: int) -> Usage:
    """Some tokens."""
    return Usage(input=1000 * number, cached_input=10 * number, output=number)


@pytest.fixture
def agent() -> Writer:
    """One that has spent something in a conversation before."""
    writer = Writer()
    writer.written["old"] = [of(1), of(2)]
    return writer


def test_of_the_total_of_a_conversation_only_what_is_new_counts(agent: Writer) -> None:
    meter = Meter(agent, SCENE, "old")
    meter.turned_to("old")
    meter.take(UsageTold(usage=of(7), whole_thread=True))
    assert meter.usage == of(4)


def test_a_total_that_began_anew_counts_whole(agent: Writer) -> None:
    meter = Meter(agent, SCENE, "old")
    meter.take(UsageTold(usage=of(2), whole_thread=True))
    assert meter.usage == of(2)


def test_turns_add_up_and_so_does_their_cost(agent: Writer) -> None:
    meter = Meter(agent, SCENE, "old")
    meter.take(UsageTold(usage=of(4), whole_thread=False, cost=0.25))
    meter.take(UsageTold(usage=of(5), whole_thread=False, cost=0.5))
    assert (meter.usage, meter.cost) == (of(9), 0.75)


def test_an_agent_that_was_ended_before_it_told_anything_spent_what_it_wrote_down(agent: Writer) -> None:
    meter = Meter(agent, SCENE, "old")
    agent.written["old"].append(of(5))
    assert (meter.usage, meter.cost) == (of(5), None)


def test_another_conversation_counts_from_its_beginning(agent: Writer) -> None:
    meter = Meter(agent, SCENE, "old")
    meter.turned_to("new")
    agent.written["new"] = [of(3)]
    assert meter.usage == of(3)
    assert Meter(Adapter(), SCENE, None).usage == Usage()
