"""The agents agency knows. Adding one is a module and a line."""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module

from agency.domain.errors import AgencyError
from agency.domain.launch import Launch
from agency.domain.settings import RunnerSettings
from agency.runners.adapter import Adapter

_CLASSES = {
    "claude": "claude.Claude",
    "codex": "codex.Codex",
    "gemini": "gemini.Gemini",
    "opencode": "opencode.Opencode",
    "aider": "plain.Aider",
    "shell": "plain.Shell",
}
"""Agent -> module of this package and class."""


class _Adapters(Mapping[str, Adapter]):
    """The adapters by name, each loaded when it is asked for: a command has to do with one agent, or with none."""

    def __init__(self) -> None:
        self._loaded: dict[str, Adapter] = {}

    def __getitem__(self, name: str) -> Adapter:
        if name not in self._loaded:
            module, _, class_name = _CLASSES[name].partition(".")
            adapter = getattr(import_module(f"agency.runners.{module}"), class_name)()
            assert isinstance(adapter, Adapter)
            self._loaded[name] = adapter
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in _CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


ADAPTERS: Mapping[str, Adapter] = _Adapters()

ANY_COMMAND = Adapter()


def adapter_of(name: str, program: str) -> Adapter:
    """The adapter of a runner: of that name, or of the agent that its program is; else that of any command."""
    return ADAPTERS.get(name) or ADAPTERS.get(os.path.basename(program)) or ANY_COMMAND


def adapter_of_launch(launch: Launch) -> Adapter | None:
    """The adapter of a runner that was started, without a look at the config: of one known from there, as much as the record
    keeps. None when it is not known any more."""
    if launch.known_by == "config":
        from agency.runners.configured import Configured

        kept = RunnerSettings(thread_pattern=launch.thread_pattern, state_patterns=launch.state_patterns)
        return Configured(launch.agent, kept)
    if launch.known_by == "entry point":
        from agency.runners.entrypoints import installed_adapter

        try:
            return installed_adapter(launch.agent)
        except AgencyError:  # the package broke since: what runs can still be looked at and ended
            return None
    return ADAPTERS.get(launch.agent)
