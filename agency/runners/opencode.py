"""opencode.

Facts, seen with 1.18.33: the agent chooses the id (``ses_...``); ``--session ID`` goes on with it, always in the directory in
which it was begun. Conversations are in an SQLite database, ``opencode.db`` in ``$XDG_DATA_HOME/opencode`` (else
``~/.local/share/opencode``), or where ``$OPENCODE_DB`` says: a row of ``session`` with the directory and, for sub-agents, the
parent; rows of ``message`` and ``part`` hold JSON. ``opencode run`` refuses by itself what it would ask a person.

Not possible: an id of our choice. A conversation cannot go on in a worktree that was moved (opencode fails), nor be forked:
``--fork`` makes a copy that works in the directory of the original, which is another run's worktree. While a tool is running
or waits for permission the rows look the same, so no state is told then; the question is known from the screen. ``run`` takes
fewer options than opencode itself: what the user configures has to be known to both for headless work (``--model``,
``--agent``, ``--auto`` are).
"""

import os
from collections.abc import Mapping
from typing import Any

from agency.domain.agent import AgentState
from agency.domain.output import Output
from agency.domain.usage import Spending
from agency.runners.adapter import Adapter, Scene, Words
from agency.runners.flags import Flag
from agency.runners.jsonlines import brief, count, dollars, parsed, string, within
from agency.runners.opencode_output import read_opencode, usage_of

_PATIENCE = 1.0
"""Seconds that a busy database is waited for."""


class Opencode(Adapter):
    """opencode, whose conversation is found in its database."""

    name = "opencode"
    command = ("opencode",)
    model_flag = "--model"
    has_threads = True
    confirms_prompts = True
    flags = (Flag(word="--format", since=(1, 0, 0), without="it cannot work headless"),)
    tells_usage = True
    state_patterns: Mapping[str, tuple[str, ...]] = {
        "working": (r"() esc interrupt",),
        "waiting": (r"△ (Permission required)",),
        "done": (r"ctrl\+p commands$",),
    }

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """The prompt goes with its option."""
        return Words(words=(*extra, *(("--prompt", prompt) if prompt is not None else ())))

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The same id, which is one of this worktree."""
        return Words(words=(*extra, "--session", thread_id), thread_id=thread_id)

    def headless(self, scene: Scene, extra: tuple[str, ...], prompt: str, thread_id: str | None) -> Words | None:
        """The prompt by standard input."""
        if "--format" in scene.lacking:
            return None
        going_on = ("--session", thread_id) if thread_id is not None else ()
        return Words(words=("run", "--format", "json", *extra, *going_on), thread_id=thread_id, typed=prompt)

    def read_output(self, line: str) -> tuple[Output, ...]:
        """Lines of ``run --format json``."""
        return read_opencode(line)

    def knows(self, scene: Scene, thread_id: str) -> bool:
        """Whether the database has it for this worktree."""
        here = os.path.realpath(scene.worktree)
        return bool(_rows(scene, "select id from session where id = ? and directory = ?", thread_id, here))

    def find_thread(self, scene: Scene, since: float) -> str | None:
        """The conversation of this worktree, begun by a person, that was written last."""
        found = _rows(
            scene,
            "select id from session where directory = ? and parent_id is null and time_updated >= ?"
            " order by time_updated desc limit 1",
            os.path.realpath(scene.worktree),
            int(since * 1000),
        )
        return str(found[0][0]) if found else None

    def state(self, scene: Scene, thread_id: str | None) -> AgentState | None:
        """What its last message is: one of a person or one that is being written, or a whole one."""
        last = _rows(
            scene,
            "select data, id, time_updated from message where session_id = ? order by time_created desc, id desc limit 1",
            thread_id,
        )
        if not last:
            return None
        message, at = parsed(last[0][0]), count(last[0][2]) / 1000
        parts = [
            parsed(row[0]) for row in _rows(scene, "select data from part where message_id = ? order by id", last[0][1])
        ]
        if any(within(part, "state").get("status") in ("pending", "running") for part in parts):
            return None
        if message.get("role") == "user" or not count(within(message, "time").get("completed")):
            return AgentState(doing="working", detail="", at=at)
        if message.get("finish") in ("tool-calls", "unknown"):
            return AgentState(doing="working", detail="", at=at)
        said = [string(part.get("text")) for part in parts if part.get("type") == "text"]
        return AgentState(doing="done", detail=brief(said[-1]) if said else "", at=at)

    def own_files(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """A directory in each of the usual places."""
        places = (("XDG_DATA_HOME", ".local/share"), ("XDG_CONFIG_HOME", ".config"), ("XDG_STATE_HOME", ".local/state"))
        return tuple(f"{environ.get(variable) or f'~/{usual}'}/opencode" for variable, usual in places)

    def took_prompt(self, scene: Scene, thread_id: str | None, since: float) -> bool:
        """Whether the database holds something a person said since."""
        rows = _rows(
            scene,
            "select data from message where session_id = ? and time_created >= ?",
            thread_id,
            int(since * 1000),
        )
        return any(parsed(row[0]).get("role") == "user" for row in rows)

    def spendings(self, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
        """What the answers of the conversation and of its sub-agents took."""
        rows = _rows(
            scene,
            "with recursive family(id) as (select ? union select session.id from session join family on parent_id = family.id)"
            " select data, time_created from message where session_id in family order by time_created, id",
            thread_id,
        )
        answers = [(parsed(row[0]), count(row[1]) / 1000) for row in rows]
        return tuple(_spending(answer, at) for answer, at in answers if answer.get("role") == "assistant")


def _rows(scene: Scene, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database answers; nothing when there is none, or none of the kind we know."""
    import sqlite3
    from urllib.parse import quote

    path = _database(scene)
    if not os.path.exists(path):
        return []
    try:
        database = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=_PATIENCE)
    except sqlite3.Error:
        return []
    try:
        return database.execute(query, values).fetchall()
    except sqlite3.Error:
        return []
    finally:
        database.close()


def _database(scene: Scene) -> str:
    home = scene.environ.get("HOME") or os.path.expanduser("~")
    place = f"{scene.environ.get('XDG_DATA_HOME') or home + '/.local/share'}/opencode"
    return os.path.join(place, scene.environ.get("OPENCODE_DB") or "opencode.db")


def _spending(answer: Mapping[str, Any], at: float) -> Spending:
    return Spending(
        at=at,
        model=string(answer.get("modelID")),
        usage=usage_of(within(answer, "tokens")),
        cost=dollars(answer.get("cost")) or None,
    )
