"""Finding the repository around a directory by looking at files, so that reading commands need no git process."""

import os

from agency.domain.frozen import frozen


@frozen
class Place:
    """Where a directory stands in git: its working tree (None in a bare repository), the git directory of that
    working tree, and the directory that all worktrees of the repository share."""

    tree: str | None
    git_dir: str
    common_dir: str

    @property
    def main_root(self) -> str:
        """The main checkout, or the shared directory where there is none (bare repositories)."""
        if os.path.basename(self.common_dir) == ".git":
            return os.path.dirname(self.common_dir)
        return self.tree if self.tree is not None and self.git_dir == self.common_dir else self.common_dir


def discover(directory: str) -> Place | None:
    """The repository that ``directory`` (absolute) is in, or None."""
    place = os.path.realpath(directory)
    while True:
        git_dir = read_link_file(f"{place}/.git")
        if git_dir is not None:
            common_dir = common_dir_of(git_dir)
            bare = git_dir == common_dir and _says_bare(git_dir)
            return Place(tree=None if bare else place, git_dir=git_dir, common_dir=common_dir)
        if _is_git_dir(place):
            return Place(tree=None, git_dir=place, common_dir=common_dir_of(place))
        parent = os.path.dirname(place)
        if parent == place:
            return None
        place = parent


def read_link_file(path: str) -> str | None:
    """The git directory that a ``.git`` stands for (a directory, or a file that names one), or None."""
    if os.path.isdir(path):
        return path if _is_git_dir(path) else None
    try:
        with open(path, "rb") as file:
            content = file.read(4096)
    except OSError:
        return None
    if not content.startswith(b"gitdir: "):
        return None
    target = os.fsdecode(content[len(b"gitdir: ") :].removesuffix(b"\n"))
    resolved = os.path.realpath(os.path.join(os.path.dirname(path), target))
    return resolved if _is_git_dir(resolved) else None


def common_dir_of(git_dir: str) -> str:
    """The directory that the worktree of ``git_dir`` shares with all others of its repository."""
    try:
        with open(f"{git_dir}/commondir", "rb") as file:
            common = os.fsdecode(file.read().removesuffix(b"\n"))
    except OSError:
        return git_dir
    return os.path.realpath(os.path.join(git_dir, common))


def _says_bare(git_dir: str) -> bool:
    """Whether the repository has no working tree beside it, although a ``.git`` leads to it (worktrees around a ``.bare``)."""
    try:
        with open(f"{git_dir}/config", "rb") as file:
            lines = file.read().lower().split(b"\n")
    except OSError:
        return False
    return any(line.replace(b" ", b"").strip() == b"bare=true" for line in lines)


def _is_git_dir(path: str) -> bool:
    return os.path.isfile(f"{path}/HEAD") and (
        os.path.isfile(f"{path}/commondir") or (os.path.isdir(f"{path}/objects") and os.path.isdir(f"{path}/refs"))
    )
