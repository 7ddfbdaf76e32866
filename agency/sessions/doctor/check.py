"""What a check of ``agency doctor`` says."""

from typing import Literal

from agency.domain.frozen import frozen

State = Literal["ok", "note", "warning", "failure", "mended"]


@frozen
class Check:
    """One line: what was looked at, how it is, and the command that mends it."""

    name: str
    state: State
    text: str
    mend: str | None = None
