"""The values of a config file that say how a headless run is kept to itself."""

from agency.config.value import OneOf, Value, is_text
from agency.config.values import Attempts
from agency.domain.isolation import BACKENDS, NETWORK_MODES


class Amount(Attempts):
    """A whole number, 1 or more."""

    __slots__ = ()
    hint = "write a number such as 512"


class CpuQuota(Amount):
    """Microseconds of processor time in each 100 ms: 100000 is one processor."""

    __slots__ = ()
    expected = "a whole number of microseconds, 1000 or more"
    hint = "write a number such as 200000, which is two processors"
    json_schema = {"type": "integer", "minimum": 1000, "maximum": 100_000_000}
    least, most = 1000, 100_000_000


class Backend(OneOf):
    """What keeps the runner of a headless run apart from the machine."""

    __slots__ = ()
    words = BACKENDS


class NetworkMode(OneOf):
    """The network of a container."""

    __slots__ = ()
    words = NETWORK_MODES


class Switch(Value):
    """On or off."""

    __slots__ = ()
    expected = "on or off"
    hint = "write on or off"
    json_schema = {"enum": ["on", "off", True, False]}

    def parse(self, raw: object) -> bool:
        if raw is True or raw == "on":
            return True
        if raw is False or raw == "off":
            return False
        raise self.refused()


class PlaceOnMachine(Value):
    """An absolute path, or one in your home, which begins with ``~/``."""

    __slots__ = ()
    expected = "an absolute path, or one that begins with ~/"
    hint = "write a path such as /srv/data or ~/.cache/pip"
    json_schema = {"type": "string", "pattern": r"^(~?/|~$)"}

    def parse(self, raw: object) -> str:
        if not is_text(raw) or not (raw.startswith(("/", "~/")) or raw == "~"):
            raise self.refused()
        return raw
