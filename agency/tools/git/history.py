"""What a branch adds to another: its commits, and the files that they change."""

from agency.domain.frozen import frozen
from agency.tools.git.command import LONG, Git


@frozen
class Change:
    """A file that was changed: by git's letter (``A`` added, ``M`` modified, ``D`` deleted, ``T`` another type)."""

    letter: str
    path: str


def subjects(git: Git, *, base: str, tip: str) -> list[str]:
    """The first lines of the commits up to ``tip`` that ``base`` lacks, oldest first; merges are left out."""
    out = git.do("log", "-z", "--reverse", "--no-merges", "--format=%s", f"{base}..{tip}", "--", timeout=LONG).out
    return [line.decode("utf-8", "replace") for line in out.split(b"\0")[:-1]]


def changed_files(git: Git, *, base: str, tip: str) -> list[Change]:
    """The files that ``tip`` changes since it left ``base``, by path."""
    fields = git.items("diff", "--name-status", "--no-renames", "-z", f"{base}...{tip}", "--", timeout=LONG)
    return [Change(letter=letter, path=path) for letter, path in zip(fields[::2], fields[1::2], strict=True)]


def short_stat(git: Git, *, base: str, tip: str) -> str:
    """How much that is, in git's words: ``2 files changed, 3 insertions(+)``; empty for nothing."""
    return git.say("diff", "--shortstat", "--no-renames", f"{base}...{tip}", "--", timeout=LONG).strip()
