"""What an event is: a name, and data of one shape."""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

D = TypeVar("D")


class Event(NamedTuple):
    """An event to be appended."""

    name: str
    data: object


@dataclass(frozen=True, slots=True, eq=False)
class EventKind(Generic[D]):
    """An event name and the shape of its data (a TypedDict). Called with data of that shape, it makes an event."""

    name: str
    data: type[D]

    def __call__(self, data: D) -> Event:
        """The event of this kind with ``data``."""
        return Event(self.name, data)
