"""The shapes of the two config files, as msgspec Structs and as JSON Schema.

A key that is not written is UNSET, so that the value of a lower file can show through; null is not a value.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from agency.config.isolationvalues import Amount, Backend, CpuQuota, NetworkMode, PlaceOnMachine, Switch
from agency.config.value import Refused, Value
from agency.config.values import (
    Attempts,
    AttemptTime,
    CommandLine,
    Count,
    Dollars,
    Failure,
    Flag,
    GroupPattern,
    Name,
    NotifyState,
    PathPattern,
    Pattern,
    Publish,
    RelativePath,
    ScriptTimeout,
    StartupGrace,
    StepId,
    Text,
    VariableName,
    VariableValue,
    Version,
    Words,
)
from agency.domain.job import step_id_of

T = TypeVar("T")
Maybe: TypeAlias = T | UnsetType

_REQUIRED = {"Price": ["input", "output"], "FailureRule": ["pattern", "means"]}
_ONE_OF_PATH_AND_COMMAND = [{"required": ["path"]}, {"required": ["command"]}]


def says(description: str) -> Meta:
    """What a key is for, as the JSON Schema tells it."""
    return Meta(description=description)


def _keys(kind: type[Value]) -> Meta:
    return Meta(extra_json_schema={"propertyNames": kind.json_schema})


class Script(Struct, forbid_unknown_fields=True, kw_only=True):
    """A script of the repo: exactly one of ``path`` and ``command``, and how long it may take."""

    path: Maybe[Annotated[RelativePath, says("An executable file, relative to the repo root.")]] = UNSET
    command: Maybe[CommandLine] = UNSET
    timeout: Maybe[ScriptTimeout] = UNSET

    def __post_init__(self) -> None:
        """Raise Refused unless exactly one of ``path`` and ``command`` is there."""
        if (self.path is UNSET) == (self.command is UNSET):
            hint = "add one of the two" if self.path is UNSET else "remove one of the two"
            raise Refused("a mapping with exactly one of path and command", hint=hint)


class Scripts(Struct, forbid_unknown_fields=True, kw_only=True):
    """The scripts of the repo: ``setup`` fills a new worktree, ``verify`` judges the work, ``archive`` tidies up."""

    setup: Maybe[Script] = UNSET
    verify: Maybe[Script] = UNSET
    archive: Maybe[Script] = UNSET


class Defaults(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a command uses when it is not told otherwise."""

    runner: Maybe[Annotated[Text, says("The name of the runner.")]] = UNSET
    editor: Maybe[Annotated[Text, says("The name of the editor that worktrees are opened with.")]] = UNSET
    parent: Maybe[Annotated[Text, says("The branch that new runs start from.")]] = UNSET


class StatePatterns(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the last lines of the screen show while the agent works, waits for an answer, or is done."""

    working: Maybe[Annotated[list[Pattern], says("It works on its turn.")]] = UNSET
    waiting: Maybe[Annotated[list[Pattern], says("It waits for an answer.")]] = UNSET
    done: Maybe[Annotated[list[Pattern], says("It is done with its turn.")]] = UNSET


class Budgets(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a job may take before a person is asked."""

    max_attempts: Maybe[Annotated[Attempts, says("Attempts at each step.")]] = UNSET
    timeout: Maybe[Annotated[AttemptTime, says("How long an attempt may take.")]] = UNSET
    idle_timeout: Maybe[Annotated[AttemptTime, says("How long an attempt may show no progress.")]] = UNSET
    no_progress_limit: Maybe[Annotated[Count, says("Equal failures in a row that count as stuck.")]] = UNSET
    max_resets: Maybe[Annotated[Count, says("How often the worktree is rebuilt in one job.")]] = UNSET


class FailureRule(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a line of a runner's own error means for trying again."""

    pattern: Maybe[Annotated[Pattern, says("Searched in the line, in any case of letters.")]] = UNSET
    means: Maybe[Annotated[Failure, says("The class of the failure.")]] = UNSET

    def __post_init__(self) -> None:
        """Raise Refused unless both are there."""
        if self.pattern is UNSET or self.means is UNSET:
            raise Refused("a mapping with pattern and means", hint="add the missing one")


class Healing(Budgets, forbid_unknown_fields=True, kw_only=True):
    """How headless runs recover: the budgets of their jobs, and what failures mean."""

    failure_rules: Maybe[Annotated[list[FailureRule], says("Looked at before what is built in.")]] = UNSET


class Runner(Struct, forbid_unknown_fields=True, kw_only=True):
    """A runner: its command line (without ``command``, the built-in one of its name) and what environment it sees."""

    command: Maybe[CommandLine] = UNSET
    env: Maybe[Annotated[dict[str, VariableValue], _keys(VariableName), says("Variables that it sees as well.")]] = (
        UNSET
    )
    env_passthrough: Maybe[
        Annotated[list[VariableName], says("The only variables of the caller that it sees, besides PATH and the like.")]
    ] = UNSET

    start: Maybe[Annotated[Words, says("Words after the command that begin a conversation.")]] = UNSET
    resume: Maybe[Annotated[Words, says("Words after the command that go on with {thread_id}.")]] = UNSET
    fork: Maybe[
        Annotated[Words, says("Words after the command that begin a copy of {thread_id}, {new_thread_id}.")]
    ] = UNSET
    headless: Maybe[Annotated[Words, says("Words after the command that answer {prompt} without a terminal.")]] = UNSET
    headless_resume: Maybe[Annotated[Words, says("The same, going on with {thread_id}.")]] = UNSET
    thread_pattern: Maybe[
        Annotated[GroupPattern, says("Its first group is the id of the conversation, in what the agent prints.")]
    ] = UNSET
    state_patterns: Maybe[StatePatterns] = UNSET
    trust_worktrees: Maybe[
        Annotated[Flag, says("Whether the agent is told that it may trust worktrees of agency.")]
    ] = UNSET
    healing: Maybe[Annotated[Budgets, says("Budgets of jobs that this runner works on.")]] = UNSET

    def __post_init__(self) -> None:
        """Raise Refused for a key of ``env`` that cannot name a variable."""
        _check_keys(self.env, VariableName, "env")


class Tmux(Struct, forbid_unknown_fields=True, kw_only=True):
    """The tmux server that sessions live on."""

    socket: Maybe[Annotated[Text, says("'default' for your own server, else a name as for tmux -L, or a path.")]] = (
        UNSET
    )


class Session(Struct, forbid_unknown_fields=True, kw_only=True):
    """The start of sessions."""

    startup_grace: Maybe[
        Annotated[StartupGrace, says("A runner that ends within this time counts as not started; 0 switches it off.")]
    ] = UNSET


class Notify(Struct, forbid_unknown_fields=True, kw_only=True):
    """What happens when a run turns to waiting, done, exited or stalled."""

    when: Maybe[Annotated[list[NotifyState], says("The states that are told; all four without this key.")]] = UNSET
    command: Maybe[CommandLine] = UNSET
    bell: Maybe[Annotated[Flag, says("Ring the bell of the terminals that show the session.")]] = UNSET
    desktop: Maybe[Annotated[Flag, says("Show a notification on the desktop.")]] = UNSET


class Price(Struct, forbid_unknown_fields=True, kw_only=True):
    """US dollars for a million tokens: of input, of input from the cache (as input, where not given), of output."""

    input: Maybe[Dollars] = UNSET
    cached_input: Maybe[Dollars] = UNSET
    output: Maybe[Dollars] = UNSET

    def __post_init__(self) -> None:
        """Raise Refused unless both ``input`` and ``output`` are there."""
        if self.input is UNSET or self.output is UNSET:
            raise Refused("a mapping with input and output", hint="add the missing one")


class Worktree(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a new worktree gets from the checkout besides the files that git knows."""

    copy: Maybe[Annotated[list[PathPattern], says("Files that are copied.")]] = UNSET
    link: Maybe[Annotated[list[RelativePath], says("Paths that become symbolic links.")]] = UNSET


class EitherFile(Struct, forbid_unknown_fields=True, kw_only=True):
    """What both files may hold."""

    defaults: Maybe[Defaults] = UNSET
    runners: Maybe[Annotated[dict[str, Runner], _keys(Name), says("Runners by name.")]] = UNSET
    tmux: Maybe[Tmux] = UNSET
    session: Maybe[Session] = UNSET
    notify: Maybe[Notify] = UNSET
    prices: Maybe[Annotated[dict[str, Price], says("Prices by model; a name may end in *.")]] = UNSET
    healing: Maybe[Healing] = UNSET

    def __post_init__(self) -> None:
        """Raise Refused for a key of ``runners`` that cannot name a runner."""
        _check_keys(self.runners, Name, "runners")


class Bwrap(Struct, forbid_unknown_fields=True, kw_only=True):
    """What bubblewrap lets through, besides the worktree."""

    network: Maybe[Annotated[Switch, says("Whether the network can be reached; on without this key.")]] = UNSET
    writable: Maybe[Annotated[list[PlaceOnMachine], says("Paths that can be changed.")]] = UNSET
    readable: Maybe[Annotated[list[PlaceOnMachine], says("Hidden paths that can be read after all.")]] = UNSET
    caches: Maybe[Annotated[list[PlaceOnMachine], says("Directories to write to, made where they lack.")]] = UNSET
    runner_files: Maybe[
        Annotated[Flag, says("Whether the runner gets its own config, credentials and conversations.")]
    ] = UNSET


_Image = Annotated[Text, says("The image, which has to be on the machine and to hold the runner.")]
_User = Annotated[Text, says("The user in it; your own number without this key.")]
_Memory = Annotated[Amount, says("Megabytes of memory.")]
_Processor = Annotated[CpuQuota, says("Microseconds of processor time in each 100 ms.")]
_Processes = Annotated[Amount, says("The most processes at a time.")]


class Container(Struct, forbid_unknown_fields=True, kw_only=True):
    """The containers of docker or podman."""

    image: Maybe[_Image] = UNSET
    user: Maybe[_User] = UNSET
    network_mode: Maybe[NetworkMode] = UNSET
    memory_mb: Maybe[_Memory] = UNSET
    cpu_quota: Maybe[_Processor] = UNSET
    pids_limit: Maybe[_Processes] = UNSET


class Isolation(Struct, forbid_unknown_fields=True, kw_only=True):
    """How headless runs are kept apart from the machine where neither job nor flag says, and with what options."""

    use: Maybe[Backend] = UNSET
    bwrap: Maybe[Bwrap] = UNSET
    docker: Maybe[Container] = UNSET
    podman: Maybe[Container] = UNSET


class JobIsolation(Bwrap, forbid_unknown_fields=True, kw_only=True):
    """How the runner and the checks of the job are kept apart from the machine. Only options of the backend fit."""

    backend: Backend
    image: Maybe[_Image] = UNSET
    user: Maybe[_User] = UNSET
    network_mode: Maybe[NetworkMode] = UNSET
    memory_mb: Maybe[_Memory] = UNSET
    cpu_quota: Maybe[_Processor] = UNSET
    pids_limit: Maybe[_Processes] = UNSET


class JobStep(Struct, forbid_unknown_fields=True, kw_only=True):
    """One step of a job, accepted when the runner ends well and ``check`` succeeds."""

    instructions: Annotated[Text, says("What the runner is to do.")]
    id: Maybe[Annotated[StepId, says("Its id; step-N, counted from 0, without one.")]] = UNSET
    title: Maybe[Annotated[Text, says("What it is called in lists.")]] = UNSET
    check: Maybe[CommandLine] = UNSET
    timeout: Maybe[Annotated[AttemptTime, says("How long an attempt may take, in place of the budget.")]] = UNSET
    idle_timeout: Maybe[
        Annotated[AttemptTime, says("How long an attempt may show no progress, in place of the budget.")]
    ] = UNSET


class JobFile(Struct, forbid_unknown_fields=True, kw_only=True):
    """A job: what a headless run has to do, step by step."""

    objective: Annotated[Text, says("What all of it is for.")]
    steps: Annotated[list[JobStep], Meta(min_length=1, max_length=1000, description="In the order they are done.")]
    version: Maybe[Version] = UNSET
    runner: Maybe[Annotated[Text, says("The name of the runner.")]] = UNSET
    model: Maybe[Annotated[Text, says("The model that the runner uses.")]] = UNSET
    budgets: Maybe[Budgets] = UNSET
    publish: Maybe[Publish] = UNSET
    isolation: Maybe[JobIsolation] = UNSET

    def __post_init__(self) -> None:
        """Raise Refused for an id that two steps have."""
        seen: set[str] = set()
        for index, step in enumerate(self.steps):
            step_id = step_id_of(index) if step.id is UNSET else str(step.id.value)
            if step_id in seen:
                raise Refused("an id that no other step has", hint="give it another id", at=("steps", index, "id"))
            seen.add(step_id)


class RepoFile(EitherFile, forbid_unknown_fields=True, kw_only=True):
    """agency.yaml at the root of a repo: what everybody who works on it shares."""

    version: Version
    scripts: Maybe[Scripts] = UNSET
    worktree: Maybe[Worktree] = UNSET


class UserFile(EitherFile, forbid_unknown_fields=True, kw_only=True):
    """config.yaml in your own config directory: what holds for you in every repo that does not say otherwise."""

    version: Maybe[Version] = UNSET
    editors: Maybe[Annotated[dict[str, CommandLine], _keys(Name), says("Editors by name.")]] = UNSET
    isolation: Maybe[Isolation] = UNSET

    def __post_init__(self) -> None:
        """Raise Refused for a key of ``editors`` or ``runners`` that cannot name one."""
        super().__post_init__()
        _check_keys(self.editors, Name, "editors")


def _check_keys(mapping: Maybe[Mapping[str, object]], kind: type[Value], field: str) -> None:
    """Raise Refused for a key that breaks the rule of ``kind``: msgspec hands over values to be checked, never keys."""
    if mapping is UNSET:
        return
    for key in mapping:
        try:
            kind(key)
        except Refused:
            raise kind.refused(at=(field, key)) from None


def repo_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``agency.yaml``."""
    return json_schema(RepoFile)


def user_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the user's ``config.yaml``."""
    return json_schema(UserFile)


def job_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a job file."""
    return json_schema(JobFile)


def json_schema(shape: type[Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the file that ``shape`` describes."""
    schema = msgspec.json.schema(shape, schema_hook=_value_schema)
    definitions = schema["$defs"]
    if "Script" in definitions:
        definitions["Script"]["oneOf"] = _ONE_OF_PATH_AND_COMMAND
    for name, keys in _REQUIRED.items():
        if name in definitions:
            definitions[name]["required"] = keys
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _value_schema(kind: type[Value]) -> dict[str, Any]:
    return {"description": kind.__doc__, **kind.json_schema}
