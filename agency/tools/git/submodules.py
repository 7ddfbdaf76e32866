"""Submodules of a worktree, taken from the clones that the repository already has, so that no network is needed."""

import os
from dataclasses import replace

from agency.tools.git.command import LONG, Git


def fill_submodules(git: Git, common_dir: str) -> None:
    """Check out the submodules that the main checkout has initialised into the worktree that ``git`` stands in.

    Others, and submodules of submodules, stay as empty as git leaves them. Each keeps its own remote. Raises E_GIT_FAILED.
    """
    if not os.path.isfile(f"{git.tree}/.gitmodules"):
        return
    listed = git.items("config", "-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$")
    local: dict[str, tuple[str, str]] = {}
    for entry in listed:
        key, _, path = entry.partition("\n")
        name = key.removeprefix("submodule.").removesuffix(".path")
        known = git.ask("config", "--get", f"submodule.{name}.url")
        if known.code == 0 and os.path.isdir(f"{common_dir}/modules/{name}"):
            local[name] = (path, known.text)
    if not local:
        return
    urls = [word for name in local for word in ("-c", f"submodule.{name}.url={common_dir}/modules/{name}")]
    paths = [path for path, _ in local.values()]
    git.do("-c", "protocol.file.allow=always", *urls, "submodule", "--quiet", "update", "--", *paths, timeout=LONG)
    for path, url in local.values():
        replace(git, tree=f"{git.tree}/{path}").ask("remote", "set-url", "origin", url)
