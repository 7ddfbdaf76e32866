"""An agent that is known from the config alone: ``runners.<name>`` with ``start``, ``resume``, ``fork``, ``headless`` and the
patterns.

In its words ``{thread_id}`` stands for the id of the conversation, ``{new_thread_id}`` for that of a copy, ``{prompt}`` for
what to say first; a word with ``{prompt}`` goes where there is no prompt. Other braces are what they are; ``{{prompt}}`` is the
text ``{prompt}``. Such an agent cannot be asked whether it still has a conversation: a resume that it refuses shows that.
"""

import re
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.domain.output import Message, Output, ThreadTold
from agency.domain.settings import RunnerSettings
from agency.domain.thread import last_thread_id
from agency.runners.adapter import Adapter, Scene, Words
from agency.runners.lines import json_object, read_line
from agency.runners.threadids import new_thread_id

_PLACEHOLDER = re.compile(r"\{(?P<literal>\{(?:new_)?thread_id\}|\{prompt\})\}|\{(?P<name>(?:new_)?thread_id|prompt)\}")


class Configured(Adapter):
    """The agent ``name`` as ``settings`` describe it."""

    origin = "config"
    learns_from = "screen"

    def __init__(self, name: str, settings: RunnerSettings) -> None:
        self.name = name
        self.has_threads = bool(settings.resume)
        self.takes_prompt = not settings.start or _holds(settings.start, "prompt")
        self.thread_pattern = settings.thread_pattern
        self.state_patterns = settings.state_patterns
        self._settings = settings

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """The words of ``start``, under an id of our choice where they have a place for one."""
        if not self._settings.start:
            return super().start(scene, extra, prompt)
        return self._under_fresh_id(extra, self._settings.start, "thread_id", prompt)

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The words of ``resume``."""
        return Words(words=(*extra, *_filled(self._settings.resume, thread_id=thread_id)), thread_id=thread_id)

    def fork(self, scene: Scene, extra: tuple[str, ...], thread_id: str, prompt: str | None) -> Words | None:
        """The words of ``fork``, where there are some."""
        if not self._settings.fork:
            return None
        return self._under_fresh_id(extra, self._settings.fork, "new_thread_id", prompt, thread_id=thread_id)

    def headless(self, scene: Scene, extra: tuple[str, ...], prompt: str, thread_id: str | None) -> Words | None:
        """The words of ``headless``, or to go on with a conversation those of ``headless_resume``; without a place for the prompt
        it is typed. None where there are no such words."""
        words = self._settings.headless if thread_id is None else self._settings.headless_resume
        if not words:
            return None
        typed = None if _holds(words, "prompt") else prompt
        if thread_id is not None:
            filled = _filled(words, thread_id=thread_id, prompt=prompt)
            return Words(words=(*extra, *filled), thread_id=thread_id, typed=typed)
        return self._under_fresh_id(extra, words, "thread_id", prompt, typed=typed)

    def read_output(self, line: str) -> tuple[Output, ...]:
        """A line in agency's own form, one that ``thread_pattern`` fits, or else a message."""
        told = read_line(line)
        if told is not None:
            return (told,)
        thread_id = last_thread_id(self.thread_pattern, line)
        if thread_id is not None:
            return (ThreadTold(thread_id=thread_id),)
        text = line.strip()
        return (Message(text=text),) if text and json_object(text) is None else ()

    def knows(self, scene: Scene, thread_id: str) -> bool | None:
        """It cannot be asked."""
        return None

    def find_thread(self, scene: Scene, since: float) -> str | None:
        """The id that its screen showed last."""
        return last_thread_id(self.thread_pattern, scene.screen()) if self.thread_pattern is not None else None

    def _under_fresh_id(
        self,
        extra: tuple[str, ...],
        words: tuple[str, ...],
        name: str,
        prompt: str | None,
        *,
        thread_id: str | None = None,
        typed: str | None = None,
    ) -> Words:
        """``words`` with a UUID of our choice for ``name``, where that has a place in them."""
        fresh = new_thread_id() if _holds(words, name) else None
        given = {"thread_id": thread_id, "prompt": prompt, name: fresh}
        return Words(words=(*extra, *_filled(words, **given)), thread_id=fresh, typed=typed)


def require_complete(name: str, settings: RunnerSettings, origins: Mapping[str, str]) -> None:
    """Raise E_INVALID_CONFIG when what is configured for a runner cannot work together. ``origins``: see Settings."""
    for key in ("resume", "fork", "headless_resume"):
        words = getattr(settings, key)
        if words and not _holds(words, "thread_id"):
            problem = "does not say where the id of the conversation goes"
            raise _incomplete(name, key, problem, f'add the word "{{thread_id}}" to runners.{name}.{key}', origins)
    learns = settings.thread_pattern is not None
    for key in ("resume", "fork"):
        if getattr(settings, key) and not learns and not _holds(settings.start, "thread_id"):
            problem = "needs the id of the conversation, which nothing tells"
            hint = f'add "{{thread_id}}" to runners.{name}.start, or set runners.{name}.thread_pattern'
            raise _incomplete(name, key, problem, hint, origins)
    if settings.fork and not learns and not _holds(settings.fork, "new_thread_id"):
        problem = "begins a conversation whose id nothing tells"
        hint = f'add "{{new_thread_id}}" to runners.{name}.fork, or set runners.{name}.thread_pattern'
        raise _incomplete(name, "fork", problem, hint, origins)
    if settings.headless_resume and not settings.headless:
        problem = "goes on with what nothing begins"
        raise _incomplete(name, "headless_resume", problem, f"set runners.{name}.headless too", origins)
    for key in ("start", "resume", "headless", "headless_resume"):
        if _holds(getattr(settings, key), "new_thread_id"):
            problem = "has {new_thread_id}, which only a fork has"
            raise _incomplete(name, key, problem, f'write "{{thread_id}}" in runners.{name}.{key}', origins)


def _incomplete(name: str, key: str, problem: str, hint: str, origins: Mapping[str, str]) -> AgencyError:
    path = f"runners.{name}.{key}"
    file, _, line = origins.get(path, "").rpartition(":")
    return AgencyError(
        "E_INVALID_CONFIG",
        f"{path} {problem}",
        hint=hint,
        file=file or None,
        line=int(line) if line.isdigit() else None,
        key=path,
    )


def _holds(words: tuple[str, ...], name: str) -> bool:
    return any(match["name"] == name for word in words for match in _PLACEHOLDER.finditer(word))


def _filled(words: tuple[str, ...], **given: str | None) -> list[str]:
    """``words`` with what is ``given`` in place of the placeholders, without those that hold one for which nothing is."""

    def put(match: re.Match[str]) -> str:
        return match["literal"] or given.get(match["name"]) or ""

    missing = [name for name in ("thread_id", "new_thread_id", "prompt") if given.get(name) is None]
    return [_PLACEHOLDER.sub(put, word) for word in words if not any(_holds((word,), name) for name in missing)]
