"""What tokens cost: as the agent reports it, else by the table of prices."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Literal

from agency.domain.frozen import frozen
from agency.domain.usage import Price, Spending, Usage

Source = Literal["agent", "prices"]


@frozen
class Bill:
    """What a number of answers took. ``cost`` is US dollars for those whose cost is known, ``sources`` who told them, and
    ``unpriced`` are the models of the others, whose tokens count and whose cost does not."""

    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    sources: frozenset[Source] = frozenset()
    unpriced: frozenset[str] = frozenset()

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(
            usage=self.usage + other.usage,
            cost=self.cost + other.cost,
            sources=self.sources | other.sources,
            unpriced=self.unpriced | other.unpriced,
        )

    @property
    def known_cost(self) -> float | None:
        """``cost``, or None when something was used and the cost of no part of it is known."""
        return None if self.unpriced and not self.sources else self.cost

    @property
    def is_complete(self) -> bool:
        """Whether the cost of every part is known."""
        return not self.unpriced


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of that very name, else that of the longest name ending in ``*`` whose beginning fits, else None."""
    if model in prices:
        return prices[model]
    fitting = [name for name in prices if name.endswith("*") and model.startswith(name[:-1])]
    return prices[max(fitting, key=len)] if fitting else None


def bill(spent: Iterable[Spending], prices: Mapping[str, Price]) -> Bill:
    """What ``spent`` adds up to."""
    return sum((_bill_of(one, prices) for one in spent), Bill())


def bills_by_model(spent: Iterable[Spending], prices: Mapping[str, Price]) -> dict[str, Bill]:
    """The same for each model, in the order in which they were first used."""
    bills: dict[str, Bill] = {}
    for one in spent:
        bills[one.model] = bills.get(one.model, Bill()) + _bill_of(one, prices)
    return bills


def _bill_of(one: Spending, prices: Mapping[str, Price]) -> Bill:
    if one.cost is not None:
        return Bill(usage=one.usage, cost=one.cost, sources=frozenset({"agent"}))
    if one.usage.total == 0:
        return Bill()
    price = price_of(one.model, prices)
    if price is None:
        return Bill(usage=one.usage, unpriced=frozenset({one.model}))
    return Bill(usage=one.usage, cost=price.of(one.usage), sources=frozenset({"prices"}))
