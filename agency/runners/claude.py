"""Claude Code.

Facts, seen with 2.1.197: ``--session-id UUID`` begins a conversation under an id of our choice and refuses one that exists;
``--resume UUID`` goes on with it and ends at once when the directory it is typed in has no transcript of it; ``/clear``
begins another id; ``-p`` goes on under the same id and takes the prompt from standard input. A transcript is ``<UUID>.jsonl``
in ``$CLAUDE_CONFIG_DIR/projects`` (else ``~/.claude/projects``), in a directory named as the working directory with
everything but letters and digits turned into hyphens. ``--settings FILE`` adds hooks for this start alone; each gets a JSON
object with ``hook_event_name`` and ``session_id`` on standard input.
"""

import glob
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from agency.domain.agent import AgentState, later_state, state_from_hooks
from agency.domain.output import Output
from agency.domain.usage import Spending
from agency.runners import claudetrust
from agency.runners.adapter import Adapter, Scene, Words
from agency.runners.claude_output import read_claude
from agency.runners.claude_usage import read_spendings
from agency.runners.flags import Flag
from agency.runners.threadids import is_uuid, new_thread_id
from agency.runners.told import hook_command, read_told, took_prompt_since

_OWN_CHOICE = frozenset({"--session-id", "--resume", "-r", "--continue", "-c", "--from-pr", "--fork-session"})

_HEADLESS = ("-p", "--output-format", "stream-json", "--verbose")
_TAIL = 64 * 1024
_INTERRUPTED, _FAILED = b'"[Request interrupted by user', b'"isApiErrorMessage":true'

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


class Claude(Adapter):
    """Claude Code, which takes the id of its conversation from us."""

    name = "claude"
    command = ("claude",)
    model_flag = "--model"
    has_threads = True
    confirms_prompts = True
    flags = (
        Flag(word="--session-id", since=(1, 0, 53), without="its conversation is known only once it has written it"),
        Flag(word="--fork-session", since=(1, 0, 119), without="conversations cannot be forked"),
        Flag(
            word="--settings", since=(1, 0, 61), without="it tells neither what it is doing nor that it took a prompt"
        ),
    )
    tells_usage = True
    dialogs = (
        ("Do you trust the files in this folder", "trust dialog"),
        ("Quick safety check", "trust dialog"),
        ("Bypass Permissions mode", "bypass-permissions dialog"),
        ("Detected a custom API key", "API key dialog"),
        ("Choose the text style", "first-run dialog"),
        ("Select login method", "login dialog"),
    )

    busy = "esc to interrupt"
    asking = ("Esc to cancel",)

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """A conversation under a fresh id, unless the user's own words choose one."""
        last = (prompt,) if prompt is not None else ()
        extra = (*extra, *_hooks(scene, extra, prompted=prompt is not None))
        if "--session-id" in scene.lacking or _OWN_CHOICE.intersection(word.partition("=")[0] for word in extra):
            return Words(words=(*extra, *last))
        thread_id = new_thread_id()
        return Words(words=(*extra, "--session-id", thread_id, *last), thread_id=thread_id)

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The same id; a transcript that was written before the worktree was moved is brought along."""
        _bring_transcript(scene, thread_id)
        return Words(words=(*extra, *_hooks(scene, extra), "--resume", thread_id), thread_id=thread_id)

    def fork(self, scene: Scene, extra: tuple[str, ...], thread_id: str, prompt: str | None) -> Words | None:
        """A copy under a fresh id of our choice; claude looks for the transcript in the directory it starts in."""
        if scene.lacking.intersection(("--fork-session", "--session-id")):
            return None
        _bring_transcript(scene, thread_id)
        fresh = new_thread_id()
        words = ("--resume", thread_id, "--fork-session", "--session-id", fresh)
        last = (prompt,) if prompt is not None else ()
        return Words(words=(*extra, *_hooks(scene, extra, prompted=prompt is not None), *words, *last), thread_id=fresh)

    def headless(self, scene: Scene, extra: tuple[str, ...], prompt: str, thread_id: str | None) -> Words | None:
        """The prompt by standard input. What it would ask a person is refused unless the user's words allow it."""
        begun = self.resume(scene, extra, thread_id) if thread_id is not None else self.start(scene, extra, None)
        return Words(words=(*begun.words, *_HEADLESS), thread_id=begun.thread_id, typed=prompt)

    def answering(self, scene: Scene, extra: tuple[str, ...], prompt: str, schema: Mapping[str, Any]) -> Words | None:
        """``--json-schema``: its result is then what it gave the tool that takes the answer."""
        words = self.headless(scene, extra, prompt, None)
        assert words is not None
        return replace(words, words=(*words.words, "--json-schema", json.dumps(schema)))

    def read_output(self, line: str) -> tuple[Output, ...]:
        """Lines of ``--output-format stream-json``."""
        return read_claude(line)

    def knows(self, scene: Scene, thread_id: str) -> bool:
        """Whether there is a transcript, in whatever directory it was written."""
        return os.path.exists(_transcript(scene, thread_id)) or bool(_transcripts_anywhere(scene, thread_id))

    def state(self, scene: Scene, thread_id: str | None) -> AgentState | None:
        """What its hooks told last; of a turn that was interrupted or failed only the transcript tells."""
        told = state_from_hooks(read_told(scene))
        return later_state(told, _broken_off(_transcript(scene, thread_id)) if thread_id is not None else None)

    def own_files(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """``$CLAUDE_CONFIG_DIR``, else a directory and a file in the home."""
        chosen = environ.get("CLAUDE_CONFIG_DIR")
        return (chosen,) if chosen else ("~/.claude", "~/.claude.json")

    def forget_trust(self, scene: Scene) -> None:
        """What was added to the user's file for the worktree."""
        claudetrust.forget(scene)

    def took_prompt(self, scene: Scene, thread_id: str | None, since: float) -> bool:
        """Whether its hooks told of a submitted prompt."""
        return took_prompt_since(scene, since)

    def find_thread(self, scene: Scene, since: float) -> str | None:
        """What its hooks told last, else the transcript of this worktree that was written last. At the start of a fork its hooks
        tell the conversation that it copies."""
        told = [
            event["thread_id"]
            for event in read_told(scene)
            if event.get("thread_id")
            and event.get("at", 0.0) >= since
            and (event.get("event"), event.get("source")) != ("SessionStart", "resume")
        ]
        if told:
            return str(told[-1])
        written = [
            path
            for path in glob.glob(f"{glob.escape(_project(scene))}/*.jsonl")
            if os.path.getmtime(path) >= since and is_uuid(os.path.basename(path).removesuffix(".jsonl"))
        ]
        if not written:
            return None
        return os.path.basename(max(written, key=os.path.getmtime)).removesuffix(".jsonl")

    def threads(self, scene: Scene) -> tuple[str, ...]:
        """What its hooks told, except of starts: at the start of a fork that is the conversation it copies."""
        told = (event for event in read_told(scene, whole=True) if event.get("event") != "SessionStart")
        return tuple(dict.fromkeys(str(event["thread_id"]) for event in told if event.get("thread_id")))

    def spendings(self, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
        """From the transcripts, wherever they stand."""
        return read_spendings(_projects(scene), thread_id)


def _hooks(scene: Scene, extra: tuple[str, ...], *, prompted: bool = False) -> tuple[str, ...]:
    """``--settings`` with our hooks, in a file beside the run's record; nothing when the user gives settings of their own.
    Where the user wants that, claude is told before its start that the worktree is trusted.

    A start that is ``prompted`` is not told: claude is up then, but not done, and tells of the prompt next.
    """
    if scene.trusted:
        claudetrust.trust(scene)
    if "--settings" in scene.lacking or any(word.partition("=")[0] == "--settings" for word in extra):
        return ()
    entry = [{"hooks": [{"type": "command", "command": hook_command(scene), "timeout": 10}]}]
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


def _broken_off(path: str) -> AgentState | None:
    """That a turn ended before its end: the last note of that in a transcript."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = [line for line in file.read().splitlines() if _INTERRUPTED in line or _FAILED in line]
        entry = json.loads(lines[-1])
        moment = datetime.fromisoformat(entry["timestamp"]).timestamp()
        if entry.get("isApiErrorMessage"):
            return AgentState(doing="done", detail=str(entry["message"]["content"][0]["text"]), at=moment)
        said = entry["message"]["content"]
        texts = [said] if isinstance(said, str) else [part.get("text") for part in said]
        broken_off = any(str(text).startswith("[Request interrupted by user") for text in texts)
        return AgentState(doing="done", detail="interrupted", at=moment) if broken_off else None
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError):
        return None


def _projects(scene: Scene) -> str:
    home = scene.environ.get("CLAUDE_CONFIG_DIR") or f"{scene.environ.get('HOME') or os.path.expanduser('~')}/.claude"
    return f"{home}/projects"


def _project(scene: Scene) -> str:
    return f"{_projects(scene)}/{re.sub('[^A-Za-z0-9]', '-', os.path.realpath(scene.worktree))}"


def _transcript(scene: Scene, thread_id: str) -> str:
    return f"{_project(scene)}/{thread_id}.jsonl"


def _transcripts_anywhere(scene: Scene, thread_id: str) -> list[str]:
    return glob.glob(f"{glob.escape(_projects(scene))}/*/{glob.escape(thread_id)}.jsonl")
