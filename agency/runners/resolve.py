"""From the name of a runner to the argv and environment that start it."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import field

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.reference import nearest
from agency.domain.settings import RunnerSettings, Settings
from agency.runners.adapter import Adapter
from agency.runners.table import ADAPTERS, ANY_COMMAND, adapter_of

_LONGEST_WORD = 131_071
"""Bytes that Linux takes in one word of a command line."""
_ALWAYS_PASSED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
)


@frozen
class Runner:
    """A runner that can be started: ``program`` is an absolute path, ``extra`` the words after it that were configured or
    given. ``environ`` is what it is to see, ``lacking`` the flags that the installed version is known to lack, ``state_patterns``
    what the config says of its screen. ``trusted``: it need not ask whether it may trust a worktree."""

    name: str
    program: str
    extra: tuple[str, ...]
    adapter: Adapter
    environ: Mapping[str, str] = field(repr=False)
    lacking: frozenset[str] = frozenset()
    state_patterns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trusted: bool = False


def runner_names(settings: Settings) -> list[str]:
    """Every runner that could be named, configured or built in."""
    return sorted({*ADAPTERS, *settings.runners})


def resolve_runner(
    settings: Settings, name: str, environ: Mapping[str, str], *, directory: str, extra: tuple[str, ...] = ()
) -> Runner:
    """The runner ``name`` with ``extra`` words on its command line.

    ``directory`` is where a program given as a relative path is looked for. Raises E_RUNNER_NOT_CONFIGURED, E_RUNNER_NOT_FOUND,
    E_RUNNER_BROKEN, and E_INVALID_CONFIG when what is configured for it cannot work together.
    """
    configured = settings.runners.get(name)
    named = ADAPTERS.get(name)
    if named is None and (configured is None or not configured.command):
        from agency.runners.entrypoints import installed_adapter

        named = installed_adapter(name)
    if configured is None and named is None:
        from agency.runners.entrypoints import installed_names

        known = sorted({*runner_names(settings), *installed_names()})
        close = nearest(name, known, most=1)
        raise AgencyError(
            "E_RUNNER_NOT_CONFIGURED",
            f"no runner is called {name}; known are {', '.join(known)}",
            hint=f"agency run --runner {close[0] if close else known[0]}, or add runners.{name}.command to agency.yaml",
            runner=name,
        )
    words = _command(name, configured, named, environ)
    program = _program(words[0], environ, directory)
    if program is None:
        raise AgencyError(
            "E_RUNNER_NOT_FOUND",
            f"the program of runner {name} is not there or not executable: {words[0]}",
            hint=f"install {words[0]} or choose another runner with --runner; agency doctor shows which are here",
            runner=name,
        )
    return Runner(
        name=name,
        program=program,
        extra=(*words[1:], *extra),
        adapter=_adapter(settings, name, words[0], named),
        environ=environment_of(settings, name, environ),
        state_patterns=configured.state_patterns if configured is not None else {},
        trusted=configured is not None and configured.trust_worktrees,
    )


def environment_of(settings: Settings, name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What the runner ``name`` sees of ``environ``, with what is configured for it."""
    configured = settings.runners.get(name)
    if configured is None:
        return dict(environ)
    if not configured.env_passthrough:
        return {**environ, **configured.env}
    passed = {*configured.env_passthrough, *_ALWAYS_PASSED}
    kept = {key: value for key, value in environ.items() if key in passed or key.startswith("AGENCY_")}
    return {**kept, **configured.env}


def require_prompt_fits(runner: Runner, prompt: str | None) -> None:
    """Raise E_USAGE when the first prompt cannot be handed over on the command line of the runner."""
    if prompt is None:
        return
    if (size := len(os.fsencode(prompt))) > _LONGEST_WORD:
        raise _unfit(
            runner.name, f"the prompt has {size} bytes; one word of a command line takes at most {_LONGEST_WORD}"
        )
    if "\0" in prompt:
        raise _unfit(runner.name, "the prompt holds a NUL byte, which no command line can carry")
    if not runner.adapter.takes_prompt:
        raise _unfit(runner.name, f"runner {runner.name} takes no prompt on its command line")


def model_words(runner: Runner, model: str) -> tuple[str, ...]:
    """The words that tell ``runner`` which model to use. Raises E_USAGE when it cannot be told."""
    if runner.adapter.model_flag is None:
        raise AgencyError(
            "E_USAGE",
            f"agency does not know how runner {runner.name} is told a model",
            hint="put the words that tell it after --",
            runner=runner.name,
        )
    if any(word.partition("=")[0] in ("-m", runner.adapter.model_flag) for word in runner.extra):
        raise AgencyError(
            "E_USAGE",
            f"the words of runner {runner.name} name a model already",
            hint="name it once: there, or with --model",
            runner=runner.name,
        )
    return (runner.adapter.model_flag, model)


def _adapter(settings: Settings, name: str, program: str, named: Adapter | None) -> Adapter:
    """That of the config where it describes the agent, else the one of that name or program, else that of any command."""
    configured = settings.runners.get(name)
    if configured is not None and configured.describes_agent:
        from agency.runners.configured import Configured, require_complete

        require_complete(name, configured, settings.origins)
        return Configured(name, configured)
    adapter = named or adapter_of(name, program)
    if adapter is ANY_COMMAND and configured is not None and configured.state_patterns:
        from agency.runners.configured import Configured

        return Configured(name, configured)
    return adapter


def _command(
    name: str, configured: RunnerSettings | None, named: Adapter | None, environ: Mapping[str, str]
) -> tuple[str, ...]:
    if configured is not None and configured.command:
        return configured.command
    if named is None:
        raise AgencyError(
            "E_RUNNER_NOT_CONFIGURED",
            f"runner {name} has no command",
            hint=f"add runners.{name}.command to agency.yaml",
            runner=name,
        )
    return tuple(environ.get("SHELL") or "/bin/sh" if word == "{shell}" else word for word in named.command)


def _unfit(runner: str, why: str) -> AgencyError:
    return AgencyError(
        "E_USAGE", why, hint="start the run without the prompt, then: agency send NAME < FILE", runner=runner
    )


def _program(word: str, environ: Mapping[str, str], directory: str) -> str | None:
    path = os.path.expanduser(word)
    if "/" not in path:
        return shutil.which(path, path=environ.get("PATH", os.defpath))
    path = os.path.normpath(os.path.join(directory, path))
    return path if os.path.isfile(path) and os.access(path, os.X_OK) else None
