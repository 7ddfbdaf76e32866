"""How an attempt ended, for the verdict on it."""

from dataclasses import dataclass, field

from agency.domain.errors import AgencyError
from agency.domain.usage import Usage
from agency.worker.watched import End


@dataclass(slots=True, kw_only=True)
class Ended:
    """How an attempt ended, as far as it can be seen from outside.

    ``end`` is how the runner ended, or, once that had ended well, the check, of which ``check_code`` tells. ``failed_turn`` is
    why the runner says that it failed. ``complaints`` are the last lines of what the runner itself said is wrong, ``printed`` the
    last ones of everything else, ``check_lines`` those of the check. ``refused`` is the error that kept it from being started.
    ``asked`` is what it needed a person for when it ended.
    """

    end: End = field(default_factory=End)
    failed_turn: str | None = None
    complaints: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    said: str = ""
    last_command: str | None = None
    check_code: int | None = None
    check_lines: list[str] = field(default_factory=list)
    refused: AgencyError | None = None
    asked: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    seconds: float = 0.0
    tried_thread: bool = False
    told_anything: bool = False
    pid: int | None = None

    @property
    def well(self) -> bool:
        """Whether the runner ended well and the check passed."""
        return (
            self.refused is None
            and self.end.exit_code == 0
            and self.end.timeout is None
            and self.end.interrupted is None
            and self.failed_turn is None
            and self.asked is None
            and self.check_code in (None, 0)
        )
