"""Durations as people write them: ``300ms``, ``90s``, ``10m``, ``1h30m``, ``30d``; and moments, told as a duration or a date."""

import re
from datetime import datetime, timedelta

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
DURATION_RULE = "a duration such as 300ms, 90s, 10m, 1h30m or 30d"


def parse_duration(text: str) -> float:
    """Seconds of ``text``. Raises ValueError when it is not a duration."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"expected {DURATION_RULE}, got {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """``seconds`` in the largest unit that leaves a whole number of at least one: ``45s``, ``12m``, ``3h``, ``2d``."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def moment_of(text: object) -> float:
    """Seconds since 1970 of a time in the form of RFC 3339, 0 for what is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def parse_since(text: str, now: datetime) -> datetime:
    """The moment that ``text`` means: so long before ``now``, or a date or time in the form of ISO 8601, which without a zone
    is one of the clock on the wall, as ``now`` then has to be. Raises ValueError when it is neither."""
    try:
        before = timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"expected {DURATION_RULE}, or a date such as 2030-12-31, got {text!r}") from None
    try:
        return now - before
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)
