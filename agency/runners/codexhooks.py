"""Hooks of Codex that are handed over on its command line, for this start alone.

Facts, seen with 0.169.0: ``-c hooks.EVENT=[...]`` adds a hook to those of the user and of the repo. Codex starts a hook only
when ``hooks.state.KEY.trusted_hash`` is the hash of its definition, and asks at the start about those that are not; the
command line may give that too. So our hooks, and no others, are trusted for this start, and nothing is written anywhere. The hash
is sha256 of the definition as JSON with sorted keys. ``Interrupt`` and ``SessionEnd`` are hashed in another way.
"""

import hashlib
import json
from collections.abc import Sequence

_EVENTS = {
    "SessionStart": "session_start",
    "UserPromptSubmit": "user_prompt_submit",
    "PreToolUse": "pre_tool_use",
    "PermissionRequest": "permission_request",
    "PostToolUse": "post_tool_use",
    "Stop": "stop",
}
_SOURCE = "/<session-flags>/config.toml"
_TIMEOUT = 10
"""Seconds after which codex gives a hook up."""


def hook_words(command: str, extra: Sequence[str], *, prompted: bool) -> tuple[str, ...]:
    """The words that have ``command`` started at each event; none when the user's own words (``extra``) configure hooks,
    which ours would replace. A start that is ``prompted`` is not told: codex is up then, but not done."""
    if any(word.startswith(("hooks.", "hooks=")) for word in extra):
        return ()
    words: list[str] = []
    states = []
    for event, label in _EVENTS.items():
        if prompted and event == "SessionStart":
            continue
        quoted = json.dumps(command, ensure_ascii=False)
        words += ("-c", f'hooks.{event}=[{{hooks=[{{type="command",command={quoted},timeout={_TIMEOUT}}}]}}]')
        states.append(f'"{_SOURCE}:{label}:0:0"={{trusted_hash="{_trusted_hash(label, command)}"}}')
    return (*words, "-c", f"hooks.state={{{','.join(states)}}}")


def _trusted_hash(label: str, command: str) -> str:
    handler = {"type": "command", "command": command, "timeout": _TIMEOUT, "async": False}
    definition = {"event_name": label, "hooks": [handler]}
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}"
