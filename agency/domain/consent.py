"""What a repo brings along that agency would execute, and what of it the user has allowed.

An :class:`Item` is one such thing as it stands now. Consent is to exactly that: another word of its command line, another byte
of its script, and it is another thing. What only says how long something may take, or how a screen is read, is not executed.
Everything here comes from the repo's own config file; what the user's config says is the user's word already.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from agency.domain.frozen import frozen
from agency.domain.settings import SCRIPT_NAMES, RunnerSettings, ScriptSettings, Settings

Read = Callable[[str], bytes | None]
"""The content of a file of the tree in which something would be executed, by its relative path; None when there is none."""

_EXECUTED = (
    "command",
    "env",
    "env_passthrough",
    "start",
    "resume",
    "fork",
    "headless",
    "headless_resume",
    "trust_worktrees",
)
"""The keys of a runner that decide what is executed, and with which rights."""

_STARTERS = re.compile(
    r"(?:(?:a|ba|da|z|k|c|tc|fi)?sh|python[0-9.]*|pypy[0-9.]*|node|deno|bun|ruby|perl|php|lua|Rscript|tclsh|osascript|pwsh|awk"
    r"|env|exec|nice|nohup|setsid|timeout|time|stdbuf|xargs|uv|uvx|npx|poetry|sudo|make|just)"
)
"""Programs that execute a file which their command line names."""


@frozen
class Item:
    """One thing that the repo brings along, by the ``name`` of its key. ``executed`` is all that decides what happens, as
    canonical JSON; ``lines`` say it to a person. ``files`` are the files of the repo that would be executed, each with what
    it holds."""

    name: str
    executed: str
    lines: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def sha256(self) -> str:
        """What stands for it in the record."""
        return _sha256(self.executed.encode())

    @property
    def pins(self) -> tuple[tuple[str, str], ...]:
        """The files that would be executed, each with the sha256 of its content, for whoever executes them later."""
        return tuple((file, _sha256(content)) for file, content in self.files)


@frozen
class Allowed:
    """A version of an item that the user allowed, and when."""

    sha256: str
    at: str


Record = Mapping[str, Sequence[Allowed]]
"""What was allowed, oldest first, by the name of the item. Several versions may be: branches differ."""


def is_allowed(item: Item, record: Record) -> bool:
    """Whether the item, as it is now, was allowed."""
    return any(allowed.sha256 == item.sha256 for allowed in record.get(item.name, ()))


def last_allowed(item: Item, record: Record) -> str | None:
    """When another version of the item was allowed last; None when none was."""
    return max((allowed.at for allowed in record.get(item.name, ()) if allowed.sha256 != item.sha256), default=None)


def items_of(settings: Settings, read: Read, read_root: Read) -> tuple[Item, ...]:
    """Everything that the repo brings along. ``read`` reads the tree in which scripts and runners are executed, ``read_root`` the
    root of the repo, where the command of notifications is."""
    found = [script_item(settings, name, read) for name in SCRIPT_NAMES]
    found += [runner_item(settings, name, read) for name in sorted(settings.runners)]
    found += [notify_item(settings, read_root), editor_item(settings, read)]
    return tuple(item for item in found if item is not None)


def missing_files(settings: Settings, read: Read) -> dict[str, str]:
    """Scripts whose file is not there, by the name of the item."""
    return {
        f"scripts.{name}": script.path
        for name, script in settings.scripts.items()
        if script.path is not None and read(script.path) is None
    }


def script_item(settings: Settings, name: str, read: Read) -> Item | None:
    """Script ``name``; None when there is none, or its file is not there, so that nothing could be executed."""
    script = settings.scripts.get(name)
    return None if script is None else item_of_script(name, script, read)


def item_of_script(name: str, script: ScriptSettings, read: Read) -> Item | None:
    """The same for a script that is known."""
    if script.path is not None and read(script.path) is None:
        return None
    lines = (f"runs {script.path}",) if script.path is not None else (f"runs {_joined(script.argv)}",)
    files = (script.path,) if script.path is not None else _files_in(script.argv, read)
    return _item(f"scripts.{name}", {"command": list(script.argv)}, lines, files, read)


def runner_item(settings: Settings, name: str, read: Read) -> Item | None:
    """Runner ``name``; None when nothing that decides what is executed comes from the repo. A built-in runner that the repo
    merely chooses is none of its own."""
    runner = settings.runners.get(name)
    if runner is None or not any(path[:2] == ("runners", name) and path[2] in _EXECUTED for path in settings.of_repo):
        return None
    executed = {key: _plain(getattr(runner, key)) for key in _EXECUTED}
    lines = tuple(_lines_of_runner(name, runner, settings))
    return _item(f"runners.{name}", executed, lines, _files_in(runner.command, read), read)


def notify_item(settings: Settings, read: Read) -> Item | None:
    """The command of notifications; None when there is none, it is the user's, or nothing is to be told."""
    notify = settings.notify
    if not notify.command or not notify.when or ("notify", "command") not in settings.of_repo:
        return None
    lines = (f"runs {_joined(notify.command)}",)
    return _item("notify.command", {"command": list(notify.command)}, lines, _files_in(notify.command, read), read)


def editor_item(settings: Settings, read: Read) -> Item | None:
    """The editor that the repo names; None when it names none. Its words stand for themselves, or for an editor of the user's."""
    name = settings.editor
    if name is None or ("defaults", "editor") not in settings.of_repo:
        return None
    words = settings.editors.get(name) or tuple(_split(name))
    lines = (f"runs {_joined(words)} on the worktree",)
    return _item("defaults.editor", {"editor": name, "command": list(words)}, lines, _files_in(words, read), read)


def _item(name: str, executed: Mapping[str, object], lines: tuple[str, ...], files: Sequence[str], read: Read) -> Item:
    held = tuple((file, content) for file in files if (content := read(file)) is not None)
    told = {**executed, "files": [[file, _sha256(content)] for file, content in held]}
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return Item(name=name, executed=canonical, lines=lines, files=held)


def _files_in(argv: Sequence[str], read: Read) -> list[str]:
    """The files of the tree that a command line executes: its program, and the first file that a program such as sh is given."""
    if not argv:
        return []
    program = [argv[0]] if "/" in argv[0] and _is_in_tree(argv[0], read) else []
    given = argv[1:] if _STARTERS.fullmatch(argv[0].rpartition("/")[2]) else ()
    return [*program, *[word for word in given if _is_in_tree(word, read)][:1]]


def _is_in_tree(word: str, read: Read) -> bool:
    return not word.startswith("/") and read(word) is not None


def _lines_of_runner(name: str, runner: RunnerSettings, settings: Settings) -> Iterator[str]:
    yield f"runs {_joined(runner.command)}" if runner.command else f"runs the built-in command of {name}"
    for key in ("start", "resume", "fork", "headless", "headless_resume"):
        if words := getattr(runner, key):
            yield f"{key}: {_joined(words)}"
    for variable, value in sorted(runner.env.items()):
        # What the user's own config sets may be a secret, and the user knows it.
        of_repo = ("runners", name, "env", variable) in settings.of_repo
        yield f"sets {variable}={value}" if of_repo else f"sets {variable} (of your config.yaml)"
    if runner.env_passthrough:
        yield f"sees only {', '.join(runner.env_passthrough)} of your environment"
    if runner.trust_worktrees:
        yield "need not ask whether it may trust a worktree"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _split(line: str) -> list[str]:
    import shlex

    try:
        return shlex.split(line)
    except ValueError:  # what cannot be split is not executed either
        return [line]


def _joined(words: Sequence[str]) -> str:
    import shlex

    return shlex.join(words)


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
