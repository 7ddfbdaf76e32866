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

from agency.runners.adapter import Adapter, Scene, Words

_ID_LENGTH = 36


class Codex(Adapter):
    """Codex, whose conversation is found in the session file it writes for the worktree."""

    name = "codex"
    command = ("codex",)
    has_threads = True
    shared_daemons = ("app-server",)

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The same id in this worktree, wherever it was begun."""
        return Words(words=("resume", "-C", scene.worktree, *extra, thread_id), thread_id=thread_id)

    def knows(self, scene: Scene, thread_id: str) -> bool:
        """Whether there is a session file."""
        return bool(glob.glob(f"{glob.escape(_sessions(scene))}/*/*/*/rollout-*-{glob.escape(thread_id)}.jsonl"))

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
