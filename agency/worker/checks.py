"""What accepts the work of a step: what is told of each check, and the files that a step must not change."""

import os
from collections.abc import Sequence

from agency.domain.errors import AgencyError
from agency.domain.globs import matches
from agency.domain.job import Check
from agency.domain.plandata import CheckCommand, TddStage
from agency.domain.planevents import (
    DOCTOR_FAIL,
    DOCTOR_PASS,
    DOCTOR_START,
    FAST_FAIL,
    FAST_PASS,
    FAST_START,
    LINT_FAIL,
    LINT_PASS,
    LINT_START,
    TDD_FAIL,
    TDD_PASS,
)
from agency.store.failures import told_plainly
from agency.store.records import write_file
from agency.tools.git.command import LONG
from agency.worker.ended import Ended
from agency.worker.trees import changed_paths, git_of, tree_before, tree_of
from agency.worker.work import Work

_EVENTS = {
    "lint": (LINT_START, LINT_PASS, LINT_FAIL),
    "verify.fast": (FAST_START, FAST_PASS, FAST_FAIL),
    "doctor": (DOCTOR_START, DOCTOR_PASS, DOCTOR_FAIL),
}
"""Name of a check -> the events that tell of it; others are told in the record of the attempt alone."""
_NOT_STARTED = (126, 127)
_SHOWN = 500


def verdict_of(check: Check, exit_code: int, lines: list[str]) -> int:
    """The exit code that counts: that of the command, turned round where it has to fail. ``lines`` is what it printed, and gets
    what is to be known of it."""
    if not check.must_fail or exit_code in _NOT_STARTED:
        return exit_code
    if exit_code != 0:
        return 0
    lines.append(f"{check.line} succeeds already, and has to fail before the work is done")
    return 1


def tell_begun(work: Work, check: Check) -> None:
    """A check begins."""
    if check.name in _EVENTS:
        work.tell(_EVENTS[check.name][0](_told(work, check)))


def tell_ended(work: Work, check: Check, ended: Ended) -> None:
    """A check has ended; what it printed is kept in a log of its own."""
    if check.name not in _EVENTS:
        return
    accepted = ended.well
    log = f"{work.run.directory}/logs/{check.name.replace('.', '-')}-{_number(work):03d}.log"
    with told_plainly("writing a log", log):
        write_file(log, "\n".join((*ended.check_lines, "")).encode("utf-8", "replace"), durable=False)
    said = " ".join(" ".join(ended.check_lines).split())[:_SHOWN]
    told: CheckCommand = {**_told(work, check), "exit_code": ended.check_code, "summary": said, "log_path": log}
    work.tell(_EVENTS[check.name][1 if accepted else 2](told))
    if check.must_fail and not accepted:
        started = ended.check_code not in (*_NOT_STARTED, None)
        _tell_stage(work, "fast_passed" if started else "fast_error", exit_code=ended.check_code)


def tell_accepted(work: Work) -> None:
    """All checks said yes."""
    if any(check.must_fail for check in work.step.every_check):
        work.tell(TDD_PASS({"stage": "A", "mode": "strict"}))


def changed_elsewhere(work: Work) -> list[str]:
    """The paths that the step changed and must not; they are put back as the step found them. Raises E_GIT_FAILED."""
    if not work.step.only:
        return []
    before = tree_before(work)
    foreign = [path for path in changed_paths(work, before, tree_of(work)) if not matches(path, work.step.only)]
    if foreign:
        _put_back(work, before, foreign)
    return foreign


def told_of_elsewhere(work: Work, paths: Sequence[str]) -> list[str]:
    """What the runner is told of such paths; also told as an event."""
    _tell_stage(work, "non_test_changes", files=list(paths))
    return [
        f"only files that fit {', '.join(work.step.only)} may be changed in this step; these were put back: {', '.join(paths)}"
    ]


def _put_back(work: Work, before: str, paths: Sequence[str]) -> None:
    git = git_of(work)
    there = set(git.items("ls-tree", "-r", "-z", "--name-only", before))
    known = [path for path in paths if path in there]
    if known:
        listed = b"\0".join(os.fsencode(path) for path in known)
        words = ("restore", f"--source={before}", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul")
        git.do(*words, stdin=listed, timeout=LONG)
    for path in paths:
        if path not in there:
            place = f"{work.run.worktree}/{path}"
            try:
                os.unlink(place)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise AgencyError("E_GIT_FAILED", f"{path} cannot be put back: {error.strerror}") from error


def _tell_stage(work: Work, reason: str, *, files: list[str] | None = None, exit_code: int | None = None) -> None:
    told: TddStage = {"stage": "A", "mode": "strict", "reason": reason}
    if files is not None:
        told["files"] = files
    if exit_code is not None:
        told["exit_code"] = exit_code
    work.tell(TDD_FAIL(told))


def _number(work: Work) -> int:
    return work.state.running.attempt if work.state.running is not None else 0


def _told(work: Work, check: Check) -> CheckCommand:
    return {"command": check.line, "attempt": _number(work)}
