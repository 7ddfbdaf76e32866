"""Large files that Git LFS keeps outside the repository. It uploads them in a hook, and hooks do not run in our git calls."""

from agency.tools.git.command import LONG, Git
from agency.tools.git.remote import network


def push_large_files(git: Git, remote: str, *, commit: str, branch: str) -> None:
    """Upload the large files of a branch that is at ``commit``, where the repository has such and Git LFS is set up.

    Raises E_GIT_PUSH_FAILED.
    """
    if git.ask("config", "--get-regexp", r"^filter\.lfs\.").code != 0:
        return
    marked = git.ask("grep", "--quiet", "--fixed-strings", "filter=lfs", commit, "--", ":(glob)**/.gitattributes")
    if marked.code == 0:
        network(git, "E_GIT_PUSH_FAILED", "lfs", "push", remote, f"refs/heads/{branch}", timeout=LONG)
