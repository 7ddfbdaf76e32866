"""What a pull request of a run says: what the agent reported, else what its commits and the last verify tell."""

import os
import stat

from agency.domain.frozen import frozen
from agency.domain.prbody import LONGEST, generated_body, title_of, within_limit
from agency.domain.report import said_in
from agency.domain.run import Run
from agency.sessions.templates import template
from agency.store.records import write_file
from agency.store.verify import read_verify_record
from agency.tools.git.command import Git
from agency.tools.git.history import changed_files, short_stat, subjects


@frozen
class Told:
    """The title and text of a pull request, the file that holds the text and its sha256."""

    title: str
    body: str
    file: str
    digest: str


def tell(run: Run, git: Git, *, base: str, tip: str) -> Told:
    """What the pull request of the commits from ``base`` to ``tip`` says. Raises E_GIT_FAILED, E_DISK_FULL, E_STORE_FAILED."""
    import hashlib

    lines = subjects(git, base=base, tip=tip)
    body = _reported(run) or generated_body(
        subjects=lines,
        stat=short_stat(git, base=base, tip=tip),
        files=[(change.letter, change.path) for change in changed_files(git, base=base, tip=tip)],
        verify=_verified(run, git, tip),
    )
    content = body.encode("utf-8", "replace")
    file = f"{run.directory}/pr_body.md"
    write_file(file, content, durable=False)
    title = title_of(lines, run.name)
    return Told(title=title, body=content.decode(), file=file, digest=hashlib.sha256(content).hexdigest())


def _reported(run: Run) -> str | None:
    """What the report of the agent says beyond its template. Only a file in the worktree itself is read, so that a link cannot
    publish what is elsewhere."""
    place = f"{run.worktree}/.agency"
    if os.path.realpath(place) != f"{os.path.realpath(run.worktree)}/.agency":
        return None
    try:
        fd = os.open(f"{place}/report.md", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        text = file.read(4 * LONGEST + 1).decode("utf-8", "replace")
    said = said_in(text, template("report.md"))
    return within_limit(said) if said is not None else None


def _verified(run: Run, git: Git, tip: str) -> str:
    """What the last verify found, and whether it was found for the files of ``tip``."""
    record = read_verify_record(run)
    if record is None:
        return "not run"
    word = "ok" if record.get("ok") is True else "cancelled" if record.get("cancelled") is True else "failed"
    holds = record.get("tree") == git.say("rev-parse", f"{tip}^{{tree}}")
    return word if holds else f"{word} (stale: the files have changed since)"
