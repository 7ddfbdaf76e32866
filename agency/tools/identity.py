"""Processes and boots told apart: a pid alone may have been given to another process since."""

import os
import sys

from agency.domain.eventdata import Operator


def boot_id() -> str:
    """What names the present boot of the machine."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        import psutil

        return f"boot-{psutil.boot_time():.0f}"


def process_started(pid: int) -> str | None:
    """When process ``pid`` started, in a form that only serves to be compared; None when there is none."""
    if sys.platform == "linux":
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return None
        return None if fields[0] in (b"Z", b"X") else fields[19].decode()
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.Error:
        return None


def this_process(command: str) -> Operator:
    """The present process, for an intent event."""
    pid = os.getpid()
    return {"pid": pid, "pid_started": process_started(pid) or "", "boot_id": boot_id(), "command": command}


def is_alive(pid: int, started: str, boot: str) -> bool:
    """Whether the process that started then, in that boot, still runs."""
    return boot == boot_id() and process_started(pid) == started
