"""How long a provider asks to be left alone, from what an agent says of its errors."""

import re
from collections.abc import Iterable

_ASKS = re.compile(
    r"(?:retry[- _]after|(?:try|retry)(?:ing)? (?:again )?(?:in|after))[\"']?[:= ]{1,3}[\"']?(\d{1,6}(?:\.\d{1,3})?)"
    r"\s?(ms|milliseconds?|m|min|minutes?|s|secs?|seconds?)?\b",
    re.IGNORECASE,
)


def retry_after(lines: Iterable[str]) -> float | None:
    """Seconds that the last line which asks for a pause asks for, without a unit seconds; None when none does."""
    found: float | None = None
    for line in lines:
        for match in _ASKS.finditer(line[:2000]):
            unit = (match[2] or "s").lower()
            found = float(match[1]) * (
                0.001 if unit.startswith("mil") or unit == "ms" else 60.0 if unit[0] == "m" else 1.0
            )
    return found
