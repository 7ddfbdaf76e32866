"""What validators go by: the work of a task, or what the doctor of a plan said, read from commits and logs."""

import glob
import os
from collections.abc import Mapping, Sequence
from typing import Any

from agency.domain.frozen import frozen
from agency.domain.globs import matches
from agency.domain.judgeprompt import (
    ALL_FILES,
    CODE_FILE,
    DOCTOR_LOG,
    DOCTOR_LOGS,
    DOCUMENT,
    DOCUMENTS,
    FILES,
    INTEGRATION,
    LOG,
    SPEC,
    STAT,
    TEST_FILE,
    Exhibit,
)
from agency.domain.plansettings import ValidatorSettings
from agency.domain.planstate import TaskState
from agency.domain.validators import DOCS, is_test
from agency.plans.active import ActivePlan
from agency.plans.dispatch import run_of_task
from agency.sessions.context import Context
from agency.tools.git.command import Git

_READ = 256 * 1024
"""Bytes that are read of the end of a log."""


@frozen
class Work:
    """The work of a task: its ``commit`` on top of ``base``, the files that it changed, those of them that are tests, and all
    files that there are with it."""

    git: Git
    base: str
    commit: str
    changed: tuple[str, ...]
    tests: tuple[str, ...]
    files: tuple[str, ...]

    def text(self, path: str) -> str:
        """A file of the commit as a validator is shown it."""
        if path not in self.files:
            return "(the task deleted this file)"
        content = self.git.ask("cat-file", "blob", f"{self.commit}:{path}").out
        return "(not a text)" if b"\0" in content[:8000] else content.decode("utf-8", "replace")

    def stat(self) -> str:
        """How much was changed, file by file."""
        return self.git.say("diff", "--stat=200", "--no-renames", self.base, self.commit)

    def docs(self, validator: ValidatorSettings) -> tuple[str, ...]:
        """The documents that the architecture validator goes by."""
        pattern = validator.options.get("docs_glob") or DOCS
        return tuple(path for path in self.files if matches(path, (pattern,)))


def work_of(context: Context, plan: ActivePlan, task_id: str, task: TaskState) -> Work:
    """The work of a task that is one commit. Raises E_GIT_FAILED."""
    assert task.commit is not None and task.base is not None
    git = Git(environ=context.environ, git_dir=plan.repo.git_dir)
    manifest = plan.manifests[task_id]
    changed = tuple(git.items("diff-tree", "-r", "-z", "--name-only", "--no-renames", task.base, task.commit))
    patterns = (*plan.settings.test_paths, *manifest.test_paths)
    return Work(
        git=git,
        base=task.base,
        commit=task.commit,
        changed=changed,
        tests=tuple(path for path in changed if is_test(path, patterns)),
        files=tuple(git.items("ls-tree", "-r", "-z", "--name-only", task.commit)),
    )


def exhibits_of(
    context: Context, plan: ActivePlan, task_id: str, task: TaskState, work: Work, validator: ValidatorSettings
) -> list[Exhibit]:
    """What a validator of tasks goes by."""
    spec = Exhibit(title="What the task asks for (spec.md)", text=plan.manifests[task_id].spec, most=SPEC)
    stat = Exhibit(title="What was changed (git diff --stat)", text=work.stat(), most=STAT)
    if validator.name == "test":
        files = task.files
        declared = [path for path in work.files if matches(path, (*files.reads, *files.writes))]
        related = list(dict.fromkeys(path for path in (*work.changed, *declared) if path not in work.tests))
        log = Exhibit(title="The end of the last log", text=_log_of(context, plan, task), most=LOG, last=True)
        tests = _files(work, work.tests[:ALL_FILES], TEST_FILE, "Changed test")
        return [spec, stat, *tests, *_files(work, related[:ALL_FILES], CODE_FILE, "Related file"), log]
    if validator.name == "style":
        return [spec, stat, *_files(work, work.changed[:ALL_FILES], CODE_FILE, "Changed file")]
    documents = _files(work, work.docs(validator)[:DOCUMENTS], DOCUMENT, "Document")
    changed = _files(work, work.changed[:FILES], CODE_FILE, "Changed file")
    return [spec, *documents, stat, *changed, *_blast(plan, task_id)]


def exhibits_of_doctor(context: Context, plan: ActivePlan, told: Mapping[str, Any]) -> list[Exhibit]:
    """What the doctor validator goes by: ``told`` is what came of combining tasks with the branch."""
    git = Git(environ=context.environ, git_dir=plan.repo.git_dir)
    doctor, canary = told["doctor"], told["canary"]
    variable = plan.settings.canary.variable
    said = f"With {variable}=1 it ended with exit code {canary['exit_code']}." if canary else "It was not tried."
    stat = git.say("diff", "--stat=200", "--no-renames", plan.base_commit, str(told["new"]))
    return [
        Exhibit(title="The doctor", text=plan.settings.doctor or "", most=SPEC),
        Exhibit(title="The canary", text=said, most=SPEC),
        Exhibit(
            title=f"What it said just now (exit code {doctor['exit_code']})",
            text=_tail(doctor["log"]),
            most=INTEGRATION,
            last=True,
        ),
        Exhibit(title="What the plan has changed so far (git diff --stat)", text=stat, most=STAT),
        *(
            Exhibit(title=f"An earlier log: {os.path.basename(path)}", text=_tail(path), most=DOCTOR_LOG, last=True)
            for path in _newest(f"{glob.escape(plan.directory)}/logs/doctor-*.log", DOCTOR_LOGS, but=doctor["log"])
        ),
    ]


def _files(work: Work, paths: Sequence[str], most: int, title: str) -> list[Exhibit]:
    return [Exhibit(title=f"{title}: {path}", text=work.text(path) or "(empty)", most=most) for path in paths]


def _log_of(context: Context, plan: ActivePlan, task: TaskState) -> str:
    """The log of the last attempt at the task, in which its checks speak last."""
    run = run_of_task(context, plan, task)
    if run is None:
        return ""
    logs = _newest(f"{glob.escape(run.directory)}/logs/attempt-*.log", 1)
    return _tail(logs[0]) if logs else ""


def _blast(plan: ActivePlan, task_id: str) -> list[Exhibit]:
    reports = _newest(f"{glob.escape(plan.directory)}/reports/{glob.escape(task_id)}/change-*.json", 1)
    return [Exhibit(title="What the changes may reach", text=_tail(path), most=CODE_FILE) for path in reports]


def _newest(pattern: str, most: int, *, but: str | None = None) -> list[str]:
    """The files of a pattern that were written last, newest first."""
    found = []
    for path in glob.glob(pattern):
        try:
            found.append((os.stat(path).st_mtime_ns, path))
        except OSError:
            continue
    return [path for _, path in sorted(found, reverse=True) if path != but][:most]


def _tail(path: str) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _READ))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
