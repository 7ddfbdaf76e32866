"""A status as a user writes it: however it is spelled, and only one that there is."""

from agency.domain.errors import AgencyError
from agency.domain.reference import nearest
from agency.domain.status import STATUSES


def status_from(text: str) -> str:
    """The beginning of a status that ``text`` means: ``ready-for-review``, ``READY`` and ``exited`` all mean one.

    Raises E_USAGE, with the words that come nearest, when no status begins so.
    """
    wanted = " ".join(text.lower().replace("-", " ").replace("_", " ").split())
    if wanted and (wanted.startswith("exited (") or any(status.startswith(wanted) for status in STATUSES)):
        return wanted
    close = nearest(wanted, STATUSES)
    raise AgencyError(
        "E_USAGE",
        f"no status is called {text!r}",
        hint=f"did you mean {' or '.join(close)}?" if close else f"a status is one of {', '.join(STATUSES)}",
    )
