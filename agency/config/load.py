"""From the directories that may hold a config file to the effective settings.

Loads neither yaml nor msgspec until a file is there that needs them, because every command passes through here.
"""

import os

from agency.config.layers import Layer, effective_settings
from agency.config.problems import invalid_config
from agency.domain.settings import Settings

_ENDINGS = (".yaml", ".yml", ".json")


def load_settings(repo_root: str | None, config_dir: str) -> Settings:
    """The settings in force for the repo at ``repo_root`` (None: outside any), for the user of ``config_dir``.

    Raises E_INVALID_CONFIG when a file cannot be read, breaks a rule, or stands beside another of the same purpose.
    """
    user_file = find_user_config(config_dir)
    repo_file = find_repo_config(repo_root)
    layers: list[Layer] = []
    if user_file or repo_file:
        from agency.config.file import read_repo_file, read_user_file

        if user_file:
            layers.append(read_user_file(user_file))
        if repo_file:
            layers.append(read_repo_file(repo_file))
    return effective_settings(layers)


def find_repo_config(repo_root: str | None) -> str | None:
    """The path of the repo's config file, or None. Raises E_INVALID_CONFIG when there are several."""
    return None if repo_root is None else _find(repo_root, "agency")


def find_user_config(config_dir: str) -> str | None:
    """The path of the user's config file, or None. Raises E_INVALID_CONFIG when there are several."""
    return _find(config_dir, "config")


def _find(directory: str, stem: str) -> str | None:
    # Broken links count, so that a config which is meant to be there is not passed over in silence.
    present = [name for ending in _ENDINGS if os.path.lexists(os.path.join(directory, name := stem + ending))]
    if len(present) > 1:
        names = " and ".join(present)
        file = os.path.join(directory, present[0])
        raise invalid_config(file, f"{names} are both there, and only one can hold", hint="keep one of them")
    return os.path.join(directory, present[0]) if present else None
