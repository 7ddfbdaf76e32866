"""Started by an agent at each of its hooks: appends one line about it to the file given as the first argument.

It imports nothing but the standard library, takes a few milliseconds, says nothing and never fails, because an agent may
refuse to go on when a hook does.
"""

import json
import os
import sys
import time


def main() -> None:
    """Read the hook's input from standard input, keep what tells the state, append it in one write."""
    told = json.loads(sys.stdin.buffer.read(1 << 20) or b"{}")
    tool = told.get("tool_name")
    given = told.get("tool_input")
    line = {
        "at": time.time(),
        "event": told.get("hook_event_name"),
        "thread_id": told.get("session_id"),
        "source": told.get("source"),
        "kind": told.get("notification_type"),
        "message": _short(told.get("message") or told.get("last_assistant_message")),
        "tool": f"{tool} {_short(_gist(given))}".strip() if tool else None,
    }
    text = json.dumps({key: value for key, value in line.items() if value is not None}, separators=(",", ":"))
    descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, text.encode() + b"\n")
    os.close(descriptor)


def _gist(given: object) -> str:
    """What a tool is about to be used on, in a few words."""
    if not isinstance(given, dict):
        return ""
    for key in ("command", "file_path", "path", "url", "pattern", "query", "description", "question"):
        if isinstance(given.get(key), str):
            return str(given[key])
    return ""


def _short(text: object) -> str:
    return " ".join(str(text or "").split())[:200]


if __name__ == "__main__":
    try:
        main()
    except Exception:
        sys.exit(0)
