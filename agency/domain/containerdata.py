"""The shapes of the data of ``container.*`` events, which tell of the containers of a headless run."""

from typing import TypedDict


class ContainerStarted(TypedDict):
    """A container was made and is about to be started for an attempt: for its runner, or its ``check``."""

    container_id: str
    name: str
    image: str
    network_mode: str
    user: str | None
    memory_mb: int | None
    cpu_quota: int | None
    pids_limit: int | None


class ContainerFound(TypedDict):
    """A worker found a container that one before it left, by its labels. It ends it."""

    container_id: str
    name: str
    running: bool


class ContainerExited(TypedDict):
    """A container ended, or was ended: ``exit_code`` is null where the engine does not tell."""

    container_id: str
    name: str
    exit_code: int | None


class ContainerMissing(TypedDict):
    """The container of an attempt that the worker before was at is gone."""

    stepIndex: int
    attempt: int
