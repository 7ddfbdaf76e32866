"""The conversation of a run: which one it is, how that was learned, and which ones came before."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agency.domain.frozen import frozen


@frozen
class Thread:
    """A conversation of ``agent`` (the adapter's name). ``how``: ``chosen`` by us, or learned from what the agent wrote
    (``session file``), said (``hook``) or showed (``screen``). ``earlier`` are the ids it replaced, oldest first. ``forked_from``
    is the conversation of another run that the first one of this run was a copy of."""

    agent: str
    thread_id: str
    learned_at: str
    how: str
    earlier: tuple[str, ...] = ()
    forked_from: str | None = None

    def followed_by(self, thread_id: str, *, learned_at: str, how: str) -> "Thread":
        """The conversation that took the place of this one."""
        return replace(
            self, thread_id=thread_id, learned_at=learned_at, how=how, earlier=(*self.earlier, self.thread_id)
        )


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,199}")


def is_thread_id(text: str) -> bool:
    """Whether an agent may call a conversation so. It becomes a word of a command line: nothing that could be an option."""
    return _ID.fullmatch(text) is not None


def last_thread_id(pattern: str | None, text: str) -> str | None:
    """The last id that ``pattern`` (a regular expression whose first group is the id) finds in ``text``, or None."""
    if pattern is None:
        return None
    try:
        found = [match[1] for match in re.finditer(pattern, text, re.MULTILINE)]
    except (re.error, IndexError):  # a record that was changed by hand
        return None
    return next((one for one in reversed(found) if one and is_thread_id(one)), None)


def thread_from_record(record: Mapping[str, Any]) -> Thread:
    """The thread of a ``thread.json`` object. Raises KeyError or TypeError when it is not one."""
    return Thread(
        agent=str(record["agent"]),
        thread_id=str(record["thread_id"]),
        learned_at=str(record["learned_at"]),
        how=str(record["how"]),
        earlier=tuple(str(earlier) for earlier in record.get("earlier") or ()),
        forked_from=str(record["forked_from"]) if record.get("forked_from") else None,
    )


def record_of_thread(thread: Thread) -> dict[str, Any]:
    """The ``thread.json`` object of a thread."""
    return {
        "schema_version": "1.0",
        "agent": thread.agent,
        "thread_id": thread.thread_id,
        "learned_at": thread.learned_at,
        "how": thread.how,
        "earlier": list(thread.earlier),
        **({"forked_from": thread.forked_from} if thread.forked_from is not None else {}),
    }
