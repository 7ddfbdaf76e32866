"""What opencode's database tells, with rows as opencode 1.18.33 writes them."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agency.domain.agent import AgentState
from agency.domain.usage import Spending, Usage
from agency.runners.adapter import Scene
from agency.runners.opencode import Opencode

_OPENCODE = Opencode()
_DONE = {
    "role": "assistant",
    "modelID": "mock",
    "cost": 0,
    "tokens": {"input": 270, "output": 3, "reasoning": 1, "cache": {"write": 2, "read": 30}},
    "time": {"created": 3000, "completed": 4000},
    "finish": "stop",
}


class _Database:
    """A database in a private home, with one conversation of the worktree and one of another place."""

    def __init__(self, root: Path) -> None:
        self.worktree = root / "worktree"
        self.worktree.mkdir()
        place = root / "home" / ".local" / "share" / "opencode"
        place.mkdir(parents=True)
        self.scene = Scene(
            worktree=str(self.worktree), directory=str(root), environ={"HOME": str(root / "home"), "XDG_DATA_HOME": ""}
        )
        self.path = place / "opencode.db"
        self._database = sqlite3.connect(self.path, isolation_level=None)
        for table in (
            "session (id text primary key, directory text, parent_id text, time_updated integer)",
            "message (id text primary key, session_id text, time_created integer, time_updated integer, data text)",
            "part (id text primary key, message_id text, data text)",
        ):
            self._database.execute(f"create table {table}")
        self.session("ses_here", str(self.worktree), updated=5000)
        self.session("ses_elsewhere", "/elsewhere", updated=9000)

    def session(self, name: str, directory: str, *, updated: int, parent: str | None = None) -> None:
        row = (name, os.path.realpath(directory), parent, updated)
        self._database.execute("insert into session values (?, ?, ?, ?)", row)

    def message(self, at: int, data: dict[str, Any], *parts: dict[str, Any], session: str = "ses_here") -> None:
        name = f"msg_{session}_{at}"
        self._database.execute("insert into message values (?, ?, ?, ?, ?)", (name, session, at, at, json.dumps(data)))
        for number, part in enumerate(parts):
            row = (f"prt_{name}_{number}", name, json.dumps(part))
            self._database.execute("insert into part values (?, ?, ?)", row)

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def database(tmp_path: Path) -> _Database:
    """A database while opencode has it open."""
    return _Database(tmp_path)


def test_only_a_conversation_of_the_worktree_is_known(database: _Database) -> None:
    assert _OPENCODE.knows(database.scene, "ses_here")
    assert not _OPENCODE.knows(database.scene, "ses_elsewhere"), "it would work there"
    assert not _OPENCODE.knows(database.scene, "ses_never")


def test_the_conversation_of_the_worktree_that_a_person_began_is_found(database: _Database) -> None:
    database.session("ses_of_a_sub_agent", str(database.worktree), updated=8000, parent="ses_here")
    assert _OPENCODE.find_thread(database.scene, 4.0) == "ses_here"
    assert _OPENCODE.find_thread(database.scene, 6.0) is None


def test_a_prompt_that_was_taken_is_seen(database: _Database) -> None:
    database.message(2000, {"role": "user"}, {"type": "text", "text": "plant it"})
    assert _OPENCODE.took_prompt(database.scene, "ses_here", 1.5)
    assert not _OPENCODE.took_prompt(database.scene, "ses_here", 2.5)
    assert not _OPENCODE.took_prompt(database.scene, None, 0.0)


@pytest.mark.parametrize(
    ("message", "parts", "state"),
    [
        ({"role": "user"}, [{"type": "text", "text": "plant it"}], AgentState(doing="working", detail="", at=3.0)),
        ({"role": "assistant", "time": {"created": 3000}}, [], AgentState(doing="working", detail="", at=3.0)),
        (_DONE, [{"type": "text", "text": "it is planted"}], AgentState(doing="done", detail="it is planted", at=3.0)),
        ({**_DONE, "finish": "tool-calls"}, [], AgentState(doing="working", detail="", at=3.0)),
        ({"role": "assistant", "time": {"created": 3000}}, [{"type": "tool", "state": {"status": "running"}}], None),
    ],
    ids=[
        "a prompt",
        "an answer being written",
        "a whole answer",
        "between two steps",
        "a tool, or a question about it",
    ],
)
def test_the_last_message_tells_the_state(
    database: _Database, message: dict[str, Any], parts: list[dict[str, Any]], state: AgentState | None
) -> None:
    database.message(2000, {"role": "user"})
    database.message(3000, message, *parts)
    assert _OPENCODE.state(database.scene, "ses_here") == state


def test_what_sub_agents_took_counts_too(database: _Database) -> None:
    database.session("ses_child", str(database.worktree), updated=8000, parent="ses_here")
    database.message(2000, {"role": "user"})
    database.message(3000, _DONE)
    database.message(4000, {**_DONE, "cost": 0.5}, session="ses_child")
    database.message(5000, _DONE, session="ses_elsewhere")
    usage = Usage(input=272, cached_input=30, output=4)
    assert _OPENCODE.spendings(database.scene, "ses_here") == (
        Spending(at=3.0, model="mock", usage=usage),
        Spending(at=4.0, model="mock", usage=usage, cost=0.5),
    )


@pytest.mark.parametrize("content", [None, b"", b"no database at all"])
def test_a_database_that_cannot_be_read_tells_nothing(database: _Database, content: bytes | None) -> None:
    database.close()
    if content is None:
        database.path.unlink()
    else:
        database.path.write_bytes(content)
    assert not _OPENCODE.knows(database.scene, "ses_here")
    assert _OPENCODE.find_thread(database.scene, 0.0) is None
    assert _OPENCODE.state(database.scene, "ses_here") is None
    assert _OPENCODE.spendings(database.scene, "ses_here") == ()
    assert database.path.exists() == (content is not None), "looking makes no file"
