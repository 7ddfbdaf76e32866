"""OpenAI Codex.

Facts, seen with 0.169.0: the agent chooses the id; ``codex resume ID`` (the subcommand first) goes on with it, from whatever
directory, and fails at once when there is no session file. Session files are ``sessions/YYYY/MM/DD/rollout-<time>-<ID>.jsonl`` in
``$CODEX_HOME`` (else ``~/.codex``); the first line, ``session_meta``, tells the directory and, as ``thread_source``, whether a
person or another agent began the conversation. The interactive agent leaves an ``app-server`` behind that all its
conversations share.
"""

import glob
import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agency.domain.agent import AgentState
from agency.domain.usage import Spending
from agency.runners.adapter import Adapter, Scene, Words
from agency.runners.codex_usage import read_spendings

_ID_LENGTH = 36
_TAIL = 256 * 1024
_DONE = frozenset({"task_complete", "turn_complete", "turn_aborted"})
_ASKS = frozenset(
    {"exec_approval_request", "apply_patch_approval_request", "request_user_input", "elicitation_request"}
)
_WORKS = frozenset({"task_started", "turn_started", "user_message", "item_completed", "item_started"})


class Codex(Adapter):
    """Codex, whose conversation is found in the session file it writes for the worktree."""

    name = "codex"
    command = ("codex",)
    has_threads = True
    confirms_prompts = True
    tells_usage = True
    dialogs = (
        ("Trust this folder?", "trust dialog"),
        ("Do you trust the contents of this directory", "trust dialog"),
        ("Sign in with ChatGPT", "login dialog"),
    )
    shared_daemons = ("app-server",)

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The same id in this worktree, wherever it was begun."""
        return Words(words=("resume", "-C", scene.worktree, *extra, thread_id), thread_id=thread_id)

    def fork(self, scene: Scene, extra: tuple[str, ...], thread_id: str, prompt: str | None) -> Words | None:
        """A copy whose id the agent chooses."""
        last = (prompt,) if prompt is not None else ()
        return Words(words=("fork", "-C", scene.worktree, *extra, thread_id, *last))

    def knows(self, scene: Scene, thread_id: str) -> bool:
        """Whether there is a session file."""
        return bool(_files(scene, thread_id))

    def state(self, scene: Scene, thread_id: str | None) -> AgentState | None:
        """What the last telling line of its session file says."""
        for entry in reversed(_last_entries(scene, thread_id)):
            state = _state_of(entry)
            if state is not None:
                return state
        return None

    def took_prompt(self, scene: Scene, thread_id: str | None, since: float) -> bool:
        """Whether its session file holds something a person said since."""
        return any(
            _is_prompt(entry) and _moment(entry.get("timestamp")) >= since for entry in _last_entries(scene, thread_id)
        )

    def find_thread(self, scene: Scene, since: float) -> str | None:
        """The session file for this worktree, begun by a person, that was written last."""
        here = os.path.realpath(scene.worktree)
        paths = glob.glob(f"{glob.escape(_sessions(scene))}/*/*/*/rollout-*.jsonl")
        written = [(os.path.getmtime(path), path) for path in paths]
        for moment, path in sorted(written, reverse=True):
            if moment < since:
                return None
            meta = _meta(path)
            if meta.get("thread_source", "user") == "user" and os.path.realpath(str(meta.get("cwd"))) == here:
                return os.path.basename(path).removesuffix(".jsonl")[-_ID_LENGTH:]
        return None

    def spendings(self, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
        """From the session files."""
        return read_spendings(_sessions(scene), thread_id)


def _files(scene: Scene, thread_id: str) -> list[str]:
    return glob.glob(f"{glob.escape(_sessions(scene))}/*/*/*/rollout-*-{glob.escape(thread_id)}.jsonl")


def _last_entries(scene: Scene, thread_id: str | None) -> list[Mapping[str, Any]]:
    """The last lines of the session file, oldest first; none while there is no such file."""
    files = _files(scene, thread_id) if thread_id is not None else []
    if not files:
        return []
    with open(files[0], "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
        lines = file.read().splitlines()
    entries: list[Mapping[str, Any]] = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def _is_prompt(entry: Mapping[str, Any]) -> bool:
    payload = entry.get("payload")
    if entry.get("type") != "event_msg" or not isinstance(payload, dict):
        return False
    item = payload.get("item")
    return payload.get("type") == "user_message" or (isinstance(item, dict) and item.get("type") == "UserMessage")


def _state_of(entry: Mapping[str, Any]) -> AgentState | None:
    """What one line of a session file tells of the state."""
    payload = entry.get("payload")
    kind = payload.get("type") if isinstance(payload, dict) else None
    if entry.get("type") != "event_msg" or not isinstance(payload, dict):
        return None
    at = _moment(entry.get("timestamp"))
    if kind in _DONE:
        return AgentState(doing="done", detail=str(payload.get("last_agent_message") or ""), at=at)
    if kind in _ASKS:
        command = payload.get("command")
        asked = " ".join(command) if isinstance(command, list) else str(payload.get("reason") or kind)
        return AgentState(doing="waiting", detail=f"permission: {asked}", at=at)
    if kind in _WORKS:
        return AgentState(doing="working", detail="", at=at)
    return None


def _moment(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0


def _sessions(scene: Scene) -> str:
    home = scene.environ.get("CODEX_HOME") or f"{scene.environ.get('HOME') or os.path.expanduser('~')}/.codex"
    return f"{home}/sessions"


def _meta(path: str) -> dict[str, object]:
    """What the first line of a session file says; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            payload = json.loads(file.readline()).get("payload")
    except (OSError, ValueError, AttributeError):
        return {}
    return payload if isinstance(payload, dict) else {}
