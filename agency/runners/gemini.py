"""Gemini CLI.

Facts, seen with 0.61.0: ``--session-id UUID`` begins a conversation under an id of our choice and refuses one that exists;
``--resume`` takes such an id too, though its help speaks of ``latest`` and numbers only, and finds it among the conversations
of the working directory that have an answer. ``--session-file FILE`` begins a copy of a conversation under an id that gemini
chooses. Conversations are ``chats/session-<time>-<first 8 of the id>.jsonl`` in a directory of
``$GEMINI_CLI_HOME/.gemini/tmp`` (else ``~/.gemini/tmp``) whose ``.project_root`` names the working directory; the first line
tells the id and whether a sub-agent began it (``kind``). A resume leaves a second, almost empty file of the same id.

Not possible: while it works gemini writes nothing from which a pending tool could be told from the end of a turn, so it tells
no state; what it asks is known from its screen. In a folder that it does not trust it answers headless prompts only with
``--skip-trust``, which trusts the folder for one start: ``trust_worktrees`` gives it.
"""

import glob
import os
from collections.abc import Iterator, Mapping
from typing import Any

from agency.domain.durations import moment_of
from agency.domain.output import Output
from agency.domain.usage import Spending, Usage
from agency.runners.adapter import Adapter, Scene, Words
from agency.runners.flags import Flag
from agency.runners.gemini_output import read_gemini
from agency.runners.jsonlines import count, objects, parsed, string, within
from agency.runners.threadids import new_thread_id

_OWN_CHOICE = frozenset({"--session-id", "--session-file", "--resume", "-r"})
_HEADLESS = ("--output-format", "stream-json")


class Gemini(Adapter):
    """Gemini CLI, which takes the id of its conversation from us."""

    name = "gemini"
    command = ("gemini",)
    model_flag = "--model"
    has_threads = True
    confirms_prompts = True
    tells_usage = True
    flags = (
        Flag(word="stream-json", since=(0, 11, 3), without="it cannot work headless"),
        Flag(word="--resume", since=(0, 15, 3), without="a resume begins a new conversation"),
        Flag(word="--session-id", since=(0, 41, 0), without="its conversation is known only once it has written it"),
        Flag(word="--session-file", since=(0, 43, 0), without="conversations can be neither forked nor moved"),
    )
    dialogs = (
        ("Do you trust the files in this folder", "trust dialog"),
        ("How would you like to authenticate", "login dialog"),
    )
    state_patterns: Mapping[str, tuple[str, ...]] = {
        "working": (r"^ *[⠀-⣿] (.*) \(esc to cancel",),
        "waiting": (r"^│ (Allow execution of .*\?)", r"^│ (Apply this change\?)", r"^│ (Do you want to proceed\?)"),
        "done": (r"^ > {2,}Type your message",),
    }

    def start(self, scene: Scene, extra: tuple[str, ...], prompt: str | None) -> Words:
        """A conversation under a fresh id, unless the user's own words choose one. The prompt goes with the option that stays
        interactive."""
        last = ("--prompt-interactive", prompt) if prompt is not None else ()
        if "--session-id" in scene.lacking or _OWN_CHOICE.intersection(word.partition("=")[0] for word in extra):
            return Words(words=(*_trust(scene), *extra, *last))
        thread_id = new_thread_id()
        return Words(words=(*_trust(scene), *extra, "--session-id", thread_id, *last), thread_id=thread_id)

    def resume(self, scene: Scene, extra: tuple[str, ...], thread_id: str) -> Words:
        """The same id; a copy where the conversation was written before the worktree was moved."""
        files = _files(scene, thread_id)
        if files and not any(_is_here(scene, path) for path in files):
            return Words(words=(*_trust(scene), *extra, "--session-file", _latest(files)))
        return Words(words=(*_trust(scene), *extra, "--resume", thread_id), thread_id=thread_id)

    def fork(self, scene: Scene, extra: tuple[str, ...], thread_id: str, prompt: str | None) -> Words | None:
        """A copy whose id the agent chooses."""
        files = _files(scene, thread_id) if "--session-file" not in scene.lacking else []
        last = ("--prompt-interactive", prompt) if prompt is not None else ()
        return Words(words=(*_trust(scene), *extra, "--session-file", _latest(files), *last)) if files else None

    def headless(self, scene: Scene, extra: tuple[str, ...], prompt: str, thread_id: str | None) -> Words | None:
        """The prompt by standard input, of which gemini reads 8 MiB; it has to stand there when gemini looks, for it waits half a
        second only."""
        if "stream-json" in scene.lacking:
            return None
        begun = self.resume(scene, extra, thread_id) if thread_id is not None else self.start(scene, extra, None)
        return Words(words=(*begun.words, *_HEADLESS), thread_id=begun.thread_id, typed=prompt)

    def read_output(self, line: str) -> tuple[Output, ...]:
        """Lines of ``--output-format stream-json``."""
        return read_gemini(line)

    def knows(self, scene: Scene, thread_id: str) -> bool:
        """Whether there is a file of it with an answer, in whatever directory it was written."""
        files = _files(scene, thread_id) if "--resume" not in scene.lacking else []
        return any("--session-file" not in scene.lacking or _is_here(scene, path) for path in files)

    def find_thread(self, scene: Scene, since: float) -> str | None:
        """The conversation of this worktree, begun by a person, that was written last."""
        for moment, path in sorted(_written(f"{glob.escape(_home(scene))}/*/chats/session-*.jsonl"), reverse=True):
            if moment < since:
                return None
            head = next(_records(path), {})
            if head.get("kind", "main") == "main" and string(head.get("sessionId")) and _is_here(scene, path):
                return string(head.get("sessionId"))
        return None

    def own_files(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """A directory in ``$GEMINI_CLI_HOME``, else in the home."""
        return (f"{environ.get('GEMINI_CLI_HOME') or '~'}/.gemini",)

    def took_prompt(self, scene: Scene, thread_id: str | None, since: float) -> bool:
        """Whether the file of the conversation holds something a person said since."""
        files = _files(scene, thread_id, answered=False) if thread_id is not None else []
        return any(
            _is_prompt(record) and moment_of(record.get("timestamp")) >= since
            for path in files
            for record in _records(path)
        )

    def spendings(self, scene: Scene, thread_id: str) -> tuple[Spending, ...]:
        """What the answers in the files of the conversation took. A record that is written again replaces the earlier one."""
        answers: dict[str, Spending] = {}
        for path in _files(scene, thread_id):
            for record in _records(path):
                if record.get("type") == "gemini" and (tokens := within(record, "tokens")):
                    answers[string(record.get("id"))] = _spending(record, tokens)
        return tuple(sorted(answers.values(), key=lambda spent: spent.at))


def _trust(scene: Scene) -> tuple[str, ...]:
    return ("--skip-trust",) if scene.trusted else ()


def _home(scene: Scene) -> str:
    home = scene.environ.get("GEMINI_CLI_HOME") or scene.environ.get("HOME") or os.path.expanduser("~")
    return f"{home}/.gemini/tmp"


def _files(scene: Scene, thread_id: str, *, answered: bool = True) -> list[str]:
    """The files of a conversation; with ``answered`` those that hold an answer, without which gemini does not find them."""
    pattern = f"{glob.escape(_home(scene))}/*/chats/session-*-{glob.escape(thread_id[:8])}.jsonl"
    return [
        path
        for path in glob.glob(pattern)
        if next(_records(path), {}).get("sessionId") == thread_id
        and (not answered or any(record.get("type") == "gemini" for record in _records(path)))
    ]


def _written(pattern: str) -> Iterator[tuple[float, str]]:
    """When each file was written last; gemini may remove one at any time."""
    for path in glob.glob(pattern):
        try:
            yield os.path.getmtime(path), path
        except OSError:
            continue


def _latest(paths: list[str]) -> str:
    return max(paths, key=os.path.getmtime)


def _is_here(scene: Scene, path: str) -> bool:
    """Whether a file stands with the conversations of the worktree."""
    try:
        with open(f"{os.path.dirname(os.path.dirname(path))}/.project_root", encoding="utf-8") as file:
            return os.path.realpath(file.read().strip()) == os.path.realpath(scene.worktree)
    except (OSError, ValueError):
        return False


def _records(path: str) -> Iterator[Mapping[str, Any]]:
    """What the lines of a file say, oldest first."""
    try:
        with open(path, "rb") as file:
            for line in file:
                yield parsed(line)
    except OSError:
        return


def _is_prompt(record: Mapping[str, Any]) -> bool:
    return record.get("type") == "user" and any(string(part.get("text")) for part in objects(record.get("content")))


def _spending(record: Mapping[str, Any], tokens: Mapping[str, Any]) -> Spending:
    cached = count(tokens.get("cached"))
    usage = Usage(
        input=max(0, count(tokens.get("input")) - cached) + count(tokens.get("tool")),
        cached_input=cached,
        output=count(tokens.get("output")) + count(tokens.get("thoughts")),
    )
    return Spending(at=moment_of(record.get("timestamp")), model=string(record.get("model")), usage=usage)
