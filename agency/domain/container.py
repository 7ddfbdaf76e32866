"""The command line of a container engine, docker or podman: what it is told about a container, and what it cannot do."""

from collections.abc import Iterable, Mapping, Sequence

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.isolation import Isolation, unsupported

RUN_LABEL, REPO_LABEL = "agency.run", "agency.repo"
PLAN_LABEL, TASK_LABEL = "agency.plan", "agency.task"
"""Those of a run that a plan made for a task."""
ATTEMPT_LABEL = "agency.attempt"
"""``<step>.<attempt>``, as in the names of logs: steps from 0, attempts from 1."""


@frozen
class Abilities:
    """What an engine can limit on this machine."""

    memory: bool = True
    cpu: bool = True
    pids: bool = True


@frozen
class Mount:
    """A path of the machine that is at the same place in the container."""

    path: str
    writable: bool


@frozen
class ContainerPlan:
    """A container that is to be made. ``variables`` are names: their values are taken from the environment of the engine's
    client, so that none stands in a command line. ``caller`` is who calls, as ``uid:gid``."""

    name: str
    labels: Mapping[str, str]
    mounts: tuple[Mount, ...]
    worktree: str
    variables: tuple[str, ...]
    caller: str


def create_words(plan: ContainerPlan, isolation: Isolation, argv: Sequence[str]) -> tuple[str, ...]:
    """The words after the name of the engine that make a container in which ``argv`` is to run. It gets no privileges, and its
    standard input is that of whoever starts it."""
    words = ["create", "--name", plan.name, "--interactive", "--init", "--pull", "never"]
    words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", isolation.network_mode]
    words += ["--user", isolation.user or plan.caller]
    if isolation.backend == "podman" and isolation.user is None and not plan.caller.startswith("0:"):
        words += ["--userns", "keep-id"]  # without it another user is the caller outside
    if isolation.memory_mb is not None:
        words += ["--memory", f"{isolation.memory_mb}m", "--memory-swap", f"{isolation.memory_mb}m"]
    if isolation.cpu_quota is not None:
        words += ["--cpu-period", "100000", "--cpu-quota", str(isolation.cpu_quota)]
    if isolation.pids_limit is not None:
        words += ["--pids-limit", str(isolation.pids_limit)]
    for key, value in sorted(plan.labels.items()):
        words += ["--label", f"{key}={value}"]
    for mount in sorted(plan.mounts, key=lambda mount: mount.path.count("/")):
        words += ["--mount", _mount(mount)]
    for name in sorted(plan.variables):
        words += ["--env", name]
    assert isolation.image is not None
    return (*words, "--workdir", plan.worktree, "--entrypoint", argv[0], isolation.image, *argv[1:])


def filters(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The words that choose the containers which carry all of ``labels``."""
    return tuple(word for key, value in labels.items() for word in ("--filter", f"label={key}={value}"))


def require_able(isolation: Isolation, abilities: Abilities) -> None:
    """Raise E_ISOLATION_UNSUPPORTED for a limit that the engine would not keep to."""
    asked = (
        ("memory_mb", isolation.memory_mb, abilities.memory),
        ("cpu_quota", isolation.cpu_quota, abilities.cpu),
        ("pids_limit", isolation.pids_limit, abilities.pids),
    )
    for key, limit, able in asked:
        if limit is not None and not able:
            raise cannot_limit(isolation.backend, key)


def cannot_limit(backend: str, key: str) -> AgencyError:
    """The error for a limit that the engine does not keep to on this machine."""
    return unsupported(
        backend,
        f"{backend} cannot enforce {key} on this machine",
        f"remove {key}, or give {backend} the control group it needs",
        option=key,
    )


def unfit_for_mount(paths: Iterable[str]) -> str | None:
    """The first path that no mount option can name: with a comma, a quote or a line break in it."""
    return next((path for path in paths if any(char in path for char in ',"\n\r')), None)


def _mount(mount: Mount) -> str:
    return f"type=bind,source={mount.path},target={mount.path}{'' if mount.writable else ',readonly'}"
