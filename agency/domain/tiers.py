"""How much is at stake with a change, from 0 (one component) to 3 (data, or what everything rests on)."""

from collections.abc import Collection

HIGH_RISK = 2
"""From this tier on a doctor is never scoped, and what would be warned of blocks."""
_MANY = 4


def tier(*, surface: Collection[str], impacted: int, fallback: bool) -> int:
    """The tier of a change: the categories of ``surface`` that it touches, how many components it reaches, and whether that had
    to be widened to all of them (``fallback``)."""
    if "migration" in surface or {"contract", "config"} <= set(surface) or (fallback and impacted >= _MANY):
        return 3
    if surface or fallback or impacted >= _MANY:
        return 2
    return 1 if impacted >= 2 else 0


def enforcement_at(level: int, enforcement: str) -> str:
    """What follows from a violation at this tier, where ``enforcement`` is asked for: ``warn`` becomes ``block`` at high risk."""
    return "block" if enforcement == "warn" and level >= HIGH_RISK else enforcement
