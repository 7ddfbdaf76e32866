"""The transcript of an autopilot session: written anew after every step, so that it tells how far the session came however that
ended."""

from collections.abc import Sequence

from agency.domain.errors import AgencyError
from agency.domain.interview import NO_ANSWER, Exchange
from agency.plans.draftfiles import write_text
from agency.store.eventlog import now


class Transcript:
    """One session, in the file ``path``. ``begin`` opens a part of it; what is told goes into the part that was opened last."""

    def __init__(self, path: str, session: str, plan: str) -> None:
        """Begin it. Raises E_STORE_FAILED."""
        self.path = path
        self._text = f"# Autopilot session {session}\n\nplan: {plan}\nbegun: {now()}\n"
        self._write()

    def begin(self, part: str) -> None:
        """A new part."""
        self._text += f"\n## {part}\n"
        self._write()

    def tell(self, text: str) -> None:
        """A paragraph."""
        self._text += f"\n{text.strip()}\n"
        self._write()

    def pairs(self, **told: object) -> None:
        """Facts, one a line."""
        self.tell("\n".join(f"{key}: {value}" for key, value in told.items()))

    def exchange(self, said: Exchange) -> None:
        """A question and its answer."""
        self.tell(f"**Q:** {said.question.strip()}\n\n**A:** {said.answer or NO_ANSWER}")

    def failed(self, error: BaseException) -> None:
        """What the session ended with, when it did not come to its end."""
        self.begin("Ended early")
        if isinstance(error, AgencyError):
            self.pairs(error_code=error.code, message=error.message, hint=error.hint or "")
            problems = error.details.get("problems")
            if isinstance(problems, Sequence):
                self.tell("\n".join(f"- {one}" for one in problems))
        else:
            self.pairs(stopped_by=type(error).__name__)

    def _write(self) -> None:
        write_text(self.path, self._text)
