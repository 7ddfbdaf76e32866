"""Started by an agent at each of its hooks: appends one line about it to the file given as the first argument.

When the line tells that the run turned to something the user wants to be told of, it starts :mod:`agency.runners.notify` and
does not wait for it. It imports nothing but the standard library, takes a few milliseconds, says nothing and never fails,
because an agent may refuse to go on when a hook does.
"""

import json
import os
import sys
import time
from collections.abc import Callable

_NOTIFIER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "notify.py")
_TAIL = 64 * 1024
_TURN = frozenset({"UserPromptSubmit", "Stop", "StopFailure", "SessionStart"})
"""Events between which an agent is in one turn."""
_DONE = frozenset({"Stop", "StopFailure"})
_BUSY = frozenset({"UserPromptSubmit", "PreToolUse", "PostToolUse"})
_WORKS = _BUSY | {"PermissionRequest"}
_ASKS = frozenset({"permission_prompt", "elicitation_dialog"})

Event = dict[str, object]


def main(path: str, given: bytes) -> None:
    """Append what tells the state of ``given``, a hook's input, in one write, and start the notifier where it is due."""
    event = _event(json.loads(given))
    text = json.dumps({key: value for key, value in event.items() if value is not None}, separators=(",", ":"))
    line = text.encode() + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # the disk was full in the middle of a line
            line = b"\n" + line
        if os.write(descriptor, line) != len(line):
            return
        start = os.lseek(descriptor, 0, os.SEEK_CUR) - len(line)
        wanted = f"{os.path.dirname(path)}/notify.json"
        turned = _turned_to(event, lambda: _before(descriptor, start)) if os.path.exists(wanted) else None
    finally:
        os.close(descriptor)
    if turned is not None:
        _start((sys.executable, "-I", "-S", _NOTIFIER, wanted, *turned))


def _event(told: Event) -> Event:
    """What is kept of a hook's input. ``agent`` is the id of the sub-agent that it is about, ``question`` what a tool asks."""
    tool = _short(told.get("tool_name"))
    given = told.get("tool_input")
    return {
        "at": time.time(),
        "event": _short(told["hook_event_name"]),
        "thread_id": _word(told.get("session_id")),
        "agent": _word(told.get("agent_id")),
        "source": _word(told.get("source")),
        "kind": _word(told.get("notification_type")),
        "message": _short(told.get("message") or told.get("last_assistant_message")) or None,
        "tool": f"{tool} {_short(_gist(given))}".strip() if tool else None,
        "question": _short(_question(given)) or None,
    }


def _turned_to(event: Event, before: Callable[[], list[Event]]) -> tuple[str, str] | None:
    """The state that ``event`` turned the run to and what is to be said of it. None: it is none to be told, or nothing has
    changed since it was. ``before`` gives the earlier events, the last one first; two hooks at once see each other in the
    order of their lines, so that only one of them tells."""
    name = event["event"]
    if name in _DONE and event["agent"] is None:
        last = next((earlier for earlier in before() if _main(earlier) in _DONE or earlier["event"] in _WORKS), None)
        return ("done", str(event["message"] or "")) if last is None or last["event"] in _WORKS else None
    if name == "Notification" and event["kind"] == "idle_prompt":  # of a turn that was broken off no other hook tells
        last = next(iter(before()), None)
        return ("done", str(event["message"] or "")) if last is not None and last["event"] in _BUSY else None
    if name == "PermissionRequest" or (name == "PreToolUse" and event["question"]):
        text = event["question"] or f"permission: {event['tool'] or 'unknown'}"
        return None if _asked(event, before()) else ("waiting", str(text))
    if name == "Notification" and event["kind"] in _ASKS:
        return None if _asked(event, before()) else ("waiting", str(event["message"] or ""))
    return None


def _asked(event: Event, before: list[Event]) -> bool:
    """Whether the same question stands already: asked in this turn, and no tool has come back since, which is what an answer
    leads to. Agents that ask for a permission by a hook of its own remind of it by a notification."""
    for earlier in before:
        name = earlier["event"]
        if _main(earlier) in _TURN:
            return False
        if event["event"] == "Notification" and name == "PermissionRequest":
            return True
        if name == "PostToolUse" and event["event"] != "Notification":
            return False
        if event["question"] and earlier.get("question") == event["question"]:
            return True
        if name == event["event"] and all(earlier.get(key) == event[key] for key in ("tool", "message")):
            return True
    return False


def _main(event: Event) -> object:
    """The name of an event of the conversation itself; None when it is about a sub-agent."""
    return event["event"] if event.get("agent") is None else None


def _before(descriptor: int, end: int) -> list[Event]:
    """The events in the file that stand before ``end``, the last one first, as far back as a turn needs."""
    begin = max(0, end - _TAIL)
    events = []
    for line in reversed(os.pread(descriptor, end - begin, begin).splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events


def _start(argv: tuple[str, ...]) -> None:
    """Start a program in a session of its own, whose end nobody waits for and whose output nobody reads."""
    import signal

    hung_up = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the agent may end before the session is its own
    if os.fork():
        return
    try:
        os.setsid()
        signal.signal(signal.SIGHUP, hung_up)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
        os.execv(argv[0], argv)
    finally:
        os._exit(0)


def _question(given: object) -> object:
    """What a tool asks the user; None when it does something else."""
    questions = given.get("questions") if isinstance(given, dict) else None
    first = questions[0] if isinstance(questions, list) and questions else None
    return first.get("question") if isinstance(first, dict) else None


def _gist(given: object) -> str:
    """What a tool is about to be used on, in a few words."""
    if not isinstance(given, dict):
        return ""
    for key in ("command", "file_path", "path", "url", "pattern", "query", "description", "question"):
        value = given.get(key)
        if isinstance(value, str) and value.startswith("*** Begin Patch"):
            lines = [line for line in value.splitlines() if line.startswith("*** ") and " File: " in line]
            return ", ".join(line.partition(" File: ")[2] for line in lines)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return " ".join(value)
    return ""


def _word(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _short(text: object) -> str:
    """``text`` on one line, without what would command a terminal."""
    line = " ".join(str(text or "")[:4000].split())[:200]
    return "".join(char if char.isprintable() else " " for char in line)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.stdin.buffer.read())
    except BaseException:
        sys.exit(0)
