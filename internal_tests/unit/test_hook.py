"""The program that agents start at each of their hooks: what it keeps, what it has told, and that it fails never."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from agency.runners import hook
from internal_tests.support.waiting import wait_for

START = {"hook_event_name": "SessionStart", "session_id": "a"}
PROMPT = {"hook_event_name": "UserPromptSubmit", "session_id": "a"}
ASK = {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": "make all"}}
OTHER = {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": "make some"}}
REMINDER = {"hook_event_name": "Notification", "notification_type": "permission_prompt", "message": "it wants Bash"}
ELICIT = {"hook_event_name": "Notification", "notification_type": "elicitation_dialog", "message": "which port?"}
IDLE = {"hook_event_name": "Notification", "notification_type": "idle_prompt", "message": "still there?"}
CHOICE = {
    "hook_event_name": "PreToolUse",
    "tool_name": "AskUserQuestion",
    "tool_input": {"questions": [{"question": "which port?", "options": [{"label": "80"}]}]},
}
PATCH = {
    "hook_event_name": "PermissionRequest",
    "tool_name": "apply_patch",
    "tool_input": {
        "command": "*** Begin Patch\n*** Add File: a/x.py\n+ File: no\n*** Update File: README.md\n@@\n-a\n*** End Patch"
    },
}
BEFORE = {"hook_event_name": "PreToolUse", "tool_name": "Read", "tool_input": {"file_path": "x"}}
AFTER = {"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": {"command": "make all"}}
STOP = {"hook_event_name": "Stop", "session_id": "a", "last_assistant_message": "all is made"}


class Directory:
    """A run's directory whose notifications end up as lines of a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = path / "hooks.jsonl"
        self.told = path / "told"
        self.told.touch()
        script = 'printf "%s|%s\\n" "$AGENCY_STATUS" "$AGENCY_SUMMARY" >> "$1"'
        wanted = {
            "launch": 1,
            "since": 0.0,
            "when": ["waiting", "done", "exited", "stalled"],
            "command": ["/bin/sh", "-c", script, "sh", str(self.told)],
            "bell": False,
            "desktop": False,
            "directory": str(path),
            "owner": "AGENCY_OWNER",
            "session": "none",
            "status_file": str(path / "runner_status.json"),
            "stalled_after": 900.0,
            "tmux": ["tmux", "-S", str(path / "no-socket")],
            "variables": {"AGENCY_NAME": "fix-it"},
        }
        (path / "notify.json").write_text(json.dumps(wanted))

    def hook(self, given: bytes | dict[str, Any]) -> "subprocess.CompletedProcess[bytes]":
        """Start the program as an agent does."""
        text = given if isinstance(given, bytes) else json.dumps(given).encode()
        argv = [sys.executable, "-I", "-S", hook.__file__, str(self.lines)]
        return subprocess.run(argv, input=text, capture_output=True, timeout=20)

    def events(self) -> list[dict[str, Any]]:
        """The lines that can be read."""
        return [json.loads(line) for line in self.lines.read_text().splitlines() if line.endswith("}")]

    def tellings(self) -> list[str]:
        """What was told until now, as soon as the last notification has arrived."""
        assert self.hook({"hook_event_name": "UserPromptSubmit"}).returncode == 0
        assert self.hook({**STOP, "last_assistant_message": "the end of the test"}).returncode == 0
        wait_for(lambda: "the end of the test" in self.told.read_text(), "the last notification")
        # Each is sent by a process of its own: those before it may come after it.
        wait_for(lambda: not _notifiers(self.path), "the notifiers to end")
        return sorted(line for line in self.told.read_text().splitlines() if "the end of the test" not in line)


def _notifiers(place: Path) -> list[int]:
    """The notifiers of ``place`` that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if f"{place}/notify.json" in process.cmdline():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """A run's directory."""
    return Directory(tmp_path)


def test_a_hook_keeps_what_tells_the_state(directory: Directory) -> None:
    directory.hook({**ASK, "session_id": "a", "agent_id": "b", "secret": "x"})
    (event,) = directory.events()
    assert isinstance(event.pop("at"), float)
    assert event == {"event": "PermissionRequest", "thread_id": "a", "agent": "b", "tool": "Bash make all"}
    assert directory.lines.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"not json",
        b"[1]",
        b"null",
        b"{}",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"hook_event_name": "Stop"',
        b"\x00\xff\xfe\x80",
        os.urandom(4096),
    ],
    ids=range(10),
)
def test_what_cannot_be_understood_is_passed_over_in_silence(directory: Directory, given: bytes) -> None:
    directory.hook(PROMPT)
    done = directory.hook(given)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    directory.hook(STOP)
    assert [event["event"] for event in directory.events()] == ["UserPromptSubmit", "Stop"]


@pytest.mark.parametrize(
    "odd",
    [
        {"tool_name": {"x": [1]}, "tool_input": 7},
        {"tool_name": "Bash", "tool_input": {"command": ["ls", "-l"]}},
        {"tool_name": "Bash", "tool_input": {"command": "a\x00b\x1b[31m\nc \ud800"}},
        {"session_id": 5, "agent_id": [], "message": {"a": None}, "source": {}},
        {"tool_name": "Write", "tool_input": {"file_path": "x", "content": "y" * 20_000_000}},
        {"message": "word " * 1_000_000},
    ],
    ids=range(6),
)
def test_odd_and_huge_inputs_become_one_short_printable_line(directory: Directory, odd: dict[str, Any]) -> None:
    done = directory.hook({"hook_event_name": "PermissionRequest", **odd})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    content = directory.lines.read_bytes()
    assert len(content) < 1500
    assert content.count(b"\n") == 1
    (event,) = directory.events()
    assert all(str(value).isprintable() for value in event.values())


def test_a_file_that_cannot_be_written_is_no_failure(directory: Directory) -> None:
    directory.lines.mkdir()
    assert directory.hook(PROMPT).returncode == 0
    directory.lines = directory.path / "missing" / "hooks.jsonl"
    assert directory.hook(PROMPT).returncode == 0
    directory.lines = Path("/proc/none")
    assert directory.hook(PROMPT).returncode == 0
    assert subprocess.run([sys.executable, "-I", "-S", hook.__file__], input=b"{}").returncode == 0


def test_a_line_that_a_full_disk_tore_costs_no_other_line(directory: Directory) -> None:
    directory.lines.write_bytes(b'{"at":1.0,"event":"Pre')
    directory.hook(PROMPT)
    assert [event["event"] for event in directory.events()] == ["UserPromptSubmit"]


def test_hooks_at_the_same_time_lose_no_line_and_tell_once(directory: Directory) -> None:
    directory.hook(PROMPT)
    argv = [sys.executable, "-I", "-S", hook.__file__, str(directory.lines)]
    started = [subprocess.Popen(argv, stdin=subprocess.PIPE) for _ in range(50)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(json.dumps(ASK).encode())
        process.stdin.close()
    assert [process.wait(60) for process in started] == [0] * 50
    assert [event["event"] for event in directory.events()] == ["UserPromptSubmit", *["PermissionRequest"] * 50]
    assert directory.tellings() == ["waiting|permission: Bash make all"]


ROWS: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("a question", [PROMPT, BEFORE, ASK], ["waiting|permission: Bash make all"]),
    ("the reminder of a question", [PROMPT, ASK, REMINDER], ["waiting|permission: Bash make all"]),
    ("a reminder after something else", [PROMPT, ASK, BEFORE, AFTER, REMINDER], ["waiting|permission: Bash make all"]),
    ("the same question twice", [PROMPT, ASK, ASK], ["waiting|permission: Bash make all"]),
    (
        "another question of the same turn",
        [PROMPT, ASK, AFTER, OTHER],
        ["waiting|permission: Bash make all", "waiting|permission: Bash make some"],
    ),
    ("the same question after an answer", [PROMPT, ASK, AFTER, ASK], ["waiting|permission: Bash make all"] * 2),
    ("the same question in a new turn", [PROMPT, ASK, PROMPT, ASK], ["waiting|permission: Bash make all"] * 2),
    ("a question without a hook of its own", [PROMPT, ELICIT, ELICIT], ["waiting|which port?"]),
    ("a permission without a hook of its own", [PROMPT, REMINDER, REMINDER], ["waiting|it wants Bash"]),
    ("an agent that is idle", [START, IDLE, IDLE], []),
    ("an agent that is idle after its end", [PROMPT, STOP, IDLE, IDLE], ["done|all is made"]),
    ("an agent that is idle without an end", [PROMPT, BEFORE, IDLE, IDLE], ["done|still there?"]),
    ("an agent that is idle at a question", [PROMPT, ASK, IDLE], ["waiting|permission: Bash make all"]),
    ("a start", [START], []),
    ("work", [START, PROMPT, BEFORE, AFTER], []),
    ("an end", [START, PROMPT, STOP], ["done|all is made"]),
    ("an end that is told twice", [START, PROMPT, STOP, STOP, IDLE], ["done|all is made"]),
    ("two turns", [START, PROMPT, STOP, PROMPT, STOP], ["done|all is made"] * 2),
    ("an end after more work without a prompt", [PROMPT, STOP, BEFORE, AFTER, STOP], ["done|all is made"] * 2),
    ("the end of a sub-agent", [PROMPT, {**STOP, "agent_id": "b"}], []),
    ("a tool that asks", [PROMPT, CHOICE, {**CHOICE, "hook_event_name": "PermissionRequest"}], ["waiting|which port?"]),
    ("a patch", [PROMPT, PATCH], ["waiting|permission: apply_patch a/x.py, README.md"]),
    ("a question of a sub-agent", [PROMPT, {**ASK, "agent_id": "b"}], ["waiting|permission: Bash make all"]),
    (
        "a prompt to a sub-agent",
        [PROMPT, ASK, {**PROMPT, "agent_id": "b"}, ASK],
        ["waiting|permission: Bash make all"],
    ),
]


@pytest.mark.parametrize(("events", "told"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_turn_is_told_once(directory: Directory, events: list[dict[str, Any]], told: list[str]) -> None:
    for event in events:
        assert directory.hook(event).returncode == 0
    assert directory.tellings() == told


def test_an_agent_is_not_kept_waiting_by_a_notification_that_hangs(directory: Directory) -> None:
    wanted = json.loads((directory.path / "notify.json").read_text())
    fifo = directory.path / "fifo"
    os.mkfifo(fifo)
    wanted["command"] = ["/bin/sh", "-c", 'echo started > "$1"; cat "$2"', "sh", str(directory.told), str(fifo)]
    (directory.path / "notify.json").write_text(json.dumps(wanted))
    done = directory.hook(STOP)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    wait_for(lambda: directory.told.read_text(), "the command to be started")
    with fifo.open("w") as end:
        end.write("end")


def test_a_notification_that_cannot_be_sent_harms_nothing(directory: Directory) -> None:
    for broken in (b"", b"not json", b"{}", json.dumps({"when": ["done"], "command": ["/nowhere"]}).encode()):
        (directory.path / "notify.json").write_bytes(broken)
        done = directory.hook(STOP)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(directory.events()) == 4


LATE = """
import os, sys, time
setsid = os.setsid

def late():
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.01)
    setsid()

os.setsid = late
"""
"""A process that gets a session of its own only after the one that began it has ended, which hangs up the terminal."""

ENDS_AT_ONCE = {
    "the shim": "from agency.runners import notify; notify.main(sys.argv[1] + '/notify.json', 'exited', '3')",
    "a hook": "from agency.runners import hook; hook._start(('/bin/sh', '-c', 'echo told > \"$1\"', '', sys.argv[1] + '/told'))",
}


@pytest.mark.parametrize("who", ENDS_AT_ONCE)
def test_it_is_told_though_the_terminal_is_hung_up_at_once(directory: Directory, who: str) -> None:
    leader = pexpect.spawn(sys.executable, ["-c", f"{LATE}\n{ENDS_AT_ONCE[who]}", str(directory.path)])
    try:
        wait_for(lambda: directory.told.read_text(), "it to be told")
    finally:
        leader.close(force=True)
