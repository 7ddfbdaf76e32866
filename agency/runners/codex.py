"""OpenAI Codex.

Facts, seen with 0.169.0: the agent chooses the id; ``codex resume ID`` (the subcommand first) goes on with it, from whatever
directory, and fails at once when there is no session file. Session files are ``sessions/YYYY/MM/DD/rollout-<time>-<ID>.jsonl`` in
``$CODEX_HOME`` (else ``~/.codex``); the first line, ``session_meta``, tells the directory and, as ``thread_source``, whether a
person or another agent began the conversation. It holds no requests for approval: those come from the hooks of
:mod:`agency.runners.codexhooks`, which bear the id of the conversation also where they are about a sub-agent. The interactive
agent leaves an ``app-server`` behind that all its conversations share. ``-c 'projects={"DIR"={trust_level="trusted"}}'`` with the
worktree keeps it from asking whether it may trust it, for this start alone.
"""

import glob
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from agency.domain.agent import AgentState, later_state, state_from_hooks
from agency.domain.durations import moment_of
from agency.domain.output import Output
from agency.domain.usage import Spending
from agency.runners.adapter import Adapter, Scene, Words
from agency.runners.codex_output import read_codex
from agency.runners.codex_usage import read_spendings
from agency.runners.codexhooks import hook_words
from agency.runners.flags import Flag
from agency.runners.jsonlines import last_objects
from agency.runners.told import hook_command, read_told, took_prompt_since

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
    model_flag = "--model"
    has_threads = True
    confirms_prompts = True
    flags = (
        Flag(word="resume", since=(0, 36, 0), without="a resume begins a new conversation"),
        Flag(word="fork", since=(0, 87, 0), without="conversations cannot be forked"),
    )
    tells_usage = True
    dialogs = (
        ("Trust this folder?", "trust dialog"),
        ("Do you trust the contents of this directory", "trust dialog"),
        ("Sign in with ChatGPT", "login dialog"),
        ("Hooks need review", "hooks dialog"),
    )
    busy = "esc to interrupt)"
    asking = ("esc to cancel", "enter to submit")
    shared_daemons = ("app-server",)

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """A conversation whose id the agent chooses."""
        last = (prompt,) if prompt is not None else ()
        return Words(words=(*_given(scene, extra, prompted=prompt is not None), *extra, *last))

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The same id in this worktree, wherever it was begun."""
        words = ("resume", *_here(scene, extra), *_given(scene, extra), *extra, thread_id)
        return Words(words=words, thread_id=thread_id)

    def fork(self, scene: Scene, extra: tuple[str, ...], thread_id: str, prompt: str | None) -> Words | None:
        """A copy whose id the agent chooses."""
        if "fork" in scene.lacking:
            return None
        last = (prompt,) if prompt is not None else ()
        given = _given(scene, extra, prompted=prompt is not None)
        return Words(words=("fork", *_here(scene, extra), *given, *extra, thread_id, *last))

    def headless(self, scene: Scene, extra: tuple[str, ...], prompt: str, thread_id: str | None) -> Words | None:
        """The prompt by standard input. The user's words come before ``exec``, which takes fewer than codex itself. It works
        in the directory it is started in, which has to belong to a git repository."""
        going_on = ("resume", thread_id) if thread_id is not None else ()
        return Words(words=(*extra, "exec", "--json", *going_on, "-"), thread_id=thread_id, typed=prompt)

    def answering(self, scene: Scene, extra: tuple[str, ...], prompt: str, schema: Mapping[str, Any]) -> Words | None:
        """``--output-schema`` with a file beside the record. The providers behind it take only schemas that require every
        property and allow no other."""
        path = f"{scene.directory}/answer.schema.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(schema, file)
        return Words(words=(*extra, "exec", "--json", "--output-schema", path, "-"), typed=prompt)

    def read_output(self, line: str) -> tuple[Output, ...]:
        """Lines of ``exec --json``."""
        return read_codex(line)

    def knows(self, scene: Scene, thread_id: str) -> bool:
        """Whether there is a session file."""
        return "resume" not in scene.lacking and bool(_files(scene, thread_id))

    def state(self, scene: Scene, thread_id: str | None) -> AgentState | None:
        """What its hooks or the last telling line of its session file say."""
        entries = reversed(_last_entries(scene, thread_id))
        wrote = next((state for entry in entries if (state := _state_of(entry)) is not None), None)
        return later_state(state_from_hooks(read_told(scene)), wrote)

    def own_files(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """``$CODEX_HOME``, else a directory in the home."""
        return (environ.get("CODEX_HOME") or "~/.codex",)

    def took_prompt(self, scene: Scene, thread_id: str | None, since: float) -> bool:
        """Whether its hooks told of a prompt since, or its session file holds something a person said."""
        return took_prompt_since(scene, since) or any(
            _is_prompt(entry) and moment_of(entry.get("timestamp")) >= since
            for entry in _last_entries(scene, thread_id)
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

    def threads(self, scene: Scene) -> tuple[str, ...]:
        """Every session file for this worktree that was begun by a person: it is the run's alone."""
        here = os.path.realpath(scene.worktree)
        paths = glob.glob(f"{glob.escape(_sessions(scene))}/*/*/*/rollout-*.jsonl")
        ours = [path for path in sorted(paths) if _begun_by_person_in(path) == here]
        return tuple(os.path.basename(path).removesuffix(".jsonl")[-_ID_LENGTH:] for path in ours)

    def spendings(self, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
        """From the session files."""
        return read_spendings(_sessions(scene), thread_id)


def _here(scene: Scene, extra: tuple[str, ...]) -> tuple[str, ...]:
    """The worktree as the directory to go on in, unless the user's words name one: codex takes that option once."""
    named = any(word.partition("=")[0] in ("-C", "--cd") for word in extra)
    return () if named else ("-C", scene.worktree)


def _given(scene: Scene, extra: tuple[str, ...], *, prompted: bool = False) -> tuple[str, ...]:
    """Our hooks and, where the user wants that, trust in the worktree, for this start alone."""
    hooks = hook_words(hook_command(scene), extra, prompted=prompted)
    if not scene.trusted:
        return hooks
    folder = json.dumps(os.path.realpath(scene.worktree), ensure_ascii=False)
    return (*hooks, "-c", f'projects={{{folder}={{trust_level="trusted"}}}}')


def _files(scene: Scene, thread_id: str) -> list[str]:
    return glob.glob(f"{glob.escape(_sessions(scene))}/*/*/*/rollout-*-{glob.escape(thread_id)}.jsonl")


def _last_entries(scene: Scene, thread_id: str | None) -> list[Mapping[str, Any]]:
    """The last lines of the session file, oldest first; none while there is no such file."""
    files = _files(scene, thread_id) if thread_id is not None else []
    return last_objects(files[0], _TAIL) if files else []


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
    at = moment_of(entry.get("timestamp"))
    if kind in _DONE:
        return AgentState(doing="done", detail=str(payload.get("last_agent_message") or ""), at=at)
    if kind in _ASKS:
        command = payload.get("command")
        asked = " ".join(command) if isinstance(command, list) else str(payload.get("reason") or kind)
        return AgentState(doing="waiting", detail=f"permission: {asked}", at=at)
    if kind in _WORKS:
        return AgentState(doing="working", detail="", at=at)
    return None


def _sessions(scene: Scene) -> str:
    home = scene.environ.get("CODEX_HOME") or f"{scene.environ.get('HOME') or os.path.expanduser('~')}/.codex"
    return f"{home}/sessions"


@lru_cache(maxsize=65536)
def _begun_by_person_in(path: str) -> str | None:
    """The directory of a session file, which never changes; None when no person began it."""
    meta = _meta(path)
    return os.path.realpath(str(meta.get("cwd"))) if meta.get("thread_source", "user") == "user" else None


def _meta(path: str) -> dict[str, object]:
    """What the first line of a session file says; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            payload = json.loads(file.readline()).get("payload")
    except (OSError, ValueError, AttributeError):
        return {}
    return payload if isinstance(payload, dict) else {}
