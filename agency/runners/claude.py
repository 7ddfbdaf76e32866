"""Claude Code.

Facts, seen with 2.1.197: ``--session-id UUID`` begins a conversation under an id of our choice and refuses one that exists;
``--resume UUID`` goes on with it and ends at once when the directory it is typed in has no transcript of it; ``/clear`` begins
another id. A transcript is ``<UUID>.jsonl`` in ``$CLAUDE_CONFIG_DIR/projects`` (else ``~/.claude/projects``), in a directory
named as the working directory with everything but letters and digits turned into hyphens. ``--settings FILE`` adds hooks for this
start alone; each gets a JSON object with ``hook_event_name`` and ``session_id`` on standard input.
"""

import glob
import json
import os
import re
import shlex
import shutil
import sys
import uuid
from typing import Any

from agency.domain.agent import AgentState, state_from_hooks
from agency.runners import hook
from agency.runners.adapter import Adapter, Scene, Words

_OWN_CHOICE = frozenset({"--session-id", "--resume", "-r", "--continue", "-c", "--from-pr", "--fork-session"})

_EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PermissionRequest",
    "PostToolUse",
    "Notification",
    "Stop",
    "SessionEnd",
)
_TOLD = "hooks.jsonl"
_TAIL = 16384


class Claude(Adapter):
    """Claude Code, which takes the id of its conversation from us."""

    name = "claude"
    command = ("claude",)
    has_threads = True
    confirms_prompts = True
    dialogs = (
        ("Do you trust the files in this folder", "trust dialog"),
        ("Quick safety check", "trust dialog"),
        ("Bypass Permissions mode", "bypass-permissions dialog"),
        ("Detected a custom API key", "API key dialog"),
        ("Choose the text style", "first-run dialog"),
        ("Select login method", "login dialog"),
    )

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """A conversation under a fresh id, unless the user's own words choose one."""
        last = (prompt,) if prompt is not None else ()
        extra = (*extra, *_hooks(scene, extra, prompted=prompt is not None))
        if _OWN_CHOICE.intersection(word.partition("=")[0] for word in extra):
            return Words(words=(*extra, *last))
        thread_id = str(uuid.uuid4())
        return Words(words=(*extra, "--session-id", thread_id, *last), thread_id=thread_id)

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The same id; a transcript that was written before the worktree was moved is brought along."""
        _bring_transcript(scene, thread_id)
        return Words(words=(*extra, *_hooks(scene, extra), "--resume", thread_id), thread_id=thread_id)

    def fork(self, scene: Scene, extra: tuple[str, ...], thread_id: str, prompt: str | None) -> Words | None:
        """A copy under a fresh id of our choice; claude looks for the transcript in the directory it starts in."""
        _bring_transcript(scene, thread_id)
        fresh = str(uuid.uuid4())
        words = ("--resume", thread_id, "--fork-session", "--session-id", fresh)
        last = (prompt,) if prompt is not None else ()
        return Words(words=(*extra, *_hooks(scene, extra, prompted=prompt is not None), *words, *last), thread_id=fresh)

    def knows(self, scene: Scene, thread_id: str) -> bool:
        """Whether there is a transcript, in whatever directory it was written."""
        return os.path.exists(_transcript(scene, thread_id)) or bool(_transcripts_anywhere(scene, thread_id))

    def state(self, scene: Scene, thread_id: str | None) -> AgentState | None:
        """What its hooks told last."""
        return state_from_hooks(_told(scene))

    def took_prompt(self, scene: Scene, thread_id: str | None, since: float) -> bool:
        """Whether its hooks told of a submitted prompt."""
        told = _told(scene)
        return any(event.get("event") == "UserPromptSubmit" and event.get("at", 0.0) >= since for event in told)

    def find_thread(self, scene: Scene, since: float) -> str | None:
        """What its hooks told last, else the transcript of this worktree that was written last."""
        told = [
            event["thread_id"] for event in _told(scene) if event.get("thread_id") and event.get("at", 0.0) >= since
        ]
        if told:
            return str(told[-1])
        written = [
            path
            for path in glob.glob(f"{glob.escape(_project(scene))}/*.jsonl")
            if os.path.getmtime(path) >= since and _is_uuid(os.path.basename(path).removesuffix(".jsonl"))
        ]
        if not written:
            return None
        return os.path.basename(max(written, key=os.path.getmtime)).removesuffix(".jsonl")


def _hooks(scene: Scene, extra: tuple[str, ...], *, prompted: bool = False) -> tuple[str, ...]:
    """``--settings`` with our hooks, in a file beside the run's record; nothing when the user gives settings of their own.

    A start that is ``prompted`` is not told: claude is up then, but not done, and tells of the prompt next.
    """
    if any(word.partition("=")[0] == "--settings" for word in extra):
        return ()
    command = shlex.join((sys.executable, "-I", "-S", hook.__file__, f"{scene.directory}/{_TOLD}"))
    entry = [{"hooks": [{"type": "command", "command": command, "timeout": 10}]}]
    hooks: dict[str, object] = dict.fromkeys(_EVENTS, entry)
    if prompted:
        hooks["SessionStart"] = [{"matcher": "clear|compact", **entry[0]}]
    path = f"{scene.directory}/claude-settings.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"hooks": hooks}, file, indent=2)
    return ("--settings", path)


def _bring_transcript(scene: Scene, thread_id: str) -> None:
    """Copy a transcript that stands under another directory to where claude looks for it."""
    here = _transcript(scene, thread_id)
    if os.path.exists(here):
        return
    elsewhere = _transcripts_anywhere(scene, thread_id)
    if elsewhere:
        os.makedirs(os.path.dirname(here), exist_ok=True)
        shutil.copy2(max(elsewhere, key=os.path.getmtime), here)


def _told(scene: Scene) -> list[dict[str, Any]]:
    """The last hook events of the run, oldest first."""
    try:
        with open(f"{scene.directory}/{_TOLD}", "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = file.read().splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def _projects(scene: Scene) -> str:
    home = scene.environ.get("CLAUDE_CONFIG_DIR") or f"{scene.environ.get('HOME') or os.path.expanduser('~')}/.claude"
    return f"{home}/projects"


def _project(scene: Scene) -> str:
    return f"{_projects(scene)}/{re.sub('[^A-Za-z0-9]', '-', os.path.realpath(scene.worktree))}"


def _transcript(scene: Scene, thread_id: str) -> str:
    return f"{_project(scene)}/{thread_id}.jsonl"


def _transcripts_anywhere(scene: Scene, thread_id: str) -> list[str]:
    return glob.glob(f"{glob.escape(_projects(scene))}/*/{glob.escape(thread_id)}.jsonl")


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
