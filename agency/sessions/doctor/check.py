"""What a check of ``agency doctor`` says."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "warning", "failure", "mended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line: what was looked at, how it is, and the command that mends it."""

    name: str
    state: State
    text: str
    mend: str | None = None
