"""Isolation: what each backend takes, and what a sandbox lets through."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.domain.container import Abilities, ContainerPlan, Mount, create_words, require_able, unfit_for_mount
from agency.domain.errors import AgencyError
from agency.domain.isolation import (
    BACKENDS,
    ENGINES,
    OPTIONS,
    Isolation,
    isolation_from_record,
    isolation_of,
    record_of_isolation,
)
from agency.domain.sandbox import HIDDEN, PROTECTED, READABLE, WRITABLE, Layout, access, bwrap_argv, is_in, mounts
from agency.domain.settings import Settings
from agency.sessions.isolation import choose_isolation

VALUES = {
    "network": st.booleans(),
    "writable": st.lists(st.just("/srv/data")).map(tuple),
    "readable": st.lists(st.just("~/shown")).map(tuple),
    "caches": st.lists(st.just("~/.cache")).map(tuple),
    "runner_files": st.booleans(),
    "image": st.just("image"),
    "user": st.just("worker"),
    "network_mode": st.sampled_from(["bridge", "none"]),
    "memory_mb": st.integers(1, 9),
    "cpu_quota": st.integers(1000, 9999),
    "pids_limit": st.integers(1, 9),
}
PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
LAYOUTS = st.builds(
    Layout,
    worktree=PATHS,
    hidden=st.lists(PATHS, max_size=4).map(tuple),
    readable=st.lists(PATHS, max_size=4).map(tuple),
    writable=st.lists(PATHS, max_size=4).map(tuple),
    protected=st.lists(PATHS, max_size=2).map(tuple),
)


@given(st.sampled_from(BACKENDS), st.fixed_dictionaries({}, optional=VALUES))
def test_a_backend_takes_the_options_that_it_can_enforce_and_refuses_all_others(
    backend: str, options: dict[str, object]
) -> None:
    fits = options.keys() <= set(OPTIONS[backend]) and (backend not in ENGINES or "image" in options)
    if fits:
        made = isolation_of(backend, options)
        assert all(getattr(made, key) == value for key, value in options.items())
        assert isolation_from_record(record_of_isolation(made)) == made
        return
    with pytest.raises(AgencyError) as caught:
        isolation_of(backend, options)
    assert caught.value.code == "E_ISOLATION_UNSUPPORTED" and caught.value.hint


def test_a_record_with_an_option_of_a_later_version_is_not_taken_for_less_isolation() -> None:
    assert isolation_from_record(None) == Isolation()
    for record in ({"backend": "bwrap", "disk_mb": 5}, {"backend": "vm"}):
        with pytest.raises(ValueError, match="does not know"):
            isolation_from_record(record)


@given(LAYOUTS, PATHS)
def test_what_a_sandbox_does_with_a_path_is_told_by_its_last_mount(layout: Layout, path: str) -> None:
    words = bwrap_argv("/bin/bwrap", layout, ("true",), network=True)
    seen = READABLE
    for at, word in enumerate(words[: words.index("--")]):
        if word == "--tmpfs" and is_in(path, (words[at + 1],)):
            seen = HIDDEN
        elif word in ("--bind", "--ro-bind") and is_in(path, (words[at + 2],)):
            assert words[at + 1] == words[at + 2]
            seen = WRITABLE if word == "--bind" else READABLE
    expected = access(layout, path)
    assert seen == (READABLE if expected == PROTECTED else expected)


@given(LAYOUTS)
def test_no_mount_covers_one_that_is_deeper(layout: Layout) -> None:
    made = list(mounts(layout))
    assert len(made) == len(dict(made))
    for before, after in pairwise(path for path, _ in made):
        assert not is_in(before, (after,))
    assert all(access(layout, path) == PROTECTED for path in layout.protected)
    changeable = (layout.worktree, *layout.writable)
    for path in layout.hidden:
        if not is_in(path, (*changeable, *layout.readable, *layout.protected)):
            assert access(layout, path) == HIDDEN, "nothing that was not named uncovers a hidden place"


def test_the_program_comes_last_and_everything_ends_with_its_parent() -> None:
    layout = Layout(worktree="/w", links=(("/h/bin/agent", "/h/lib/agent"),))
    words = bwrap_argv("/bin/bwrap", layout, ("agent", "--", "--bind"), network=False)
    assert words[words.index("--cap-drop") + 1] == "ALL"
    assert words[-4:] == ("--", "agent", "--", "--bind")
    assert {"--die-with-parent", "--unshare-pid", "--unshare-net", "--new-session"} <= set(words)
    assert words[words.index("--symlink") :][:3] == ("--symlink", "/h/lib/agent", "/h/bin/agent")
    shared = bwrap_argv("/bin/bwrap", layout, ("agent",), network=True, terminal=True)
    assert not {"--unshare-net", "--new-session"} & set(shared)


PLAN = ContainerPlan(
    name="agency-1",
    labels={"agency.run": "1", "agency.repo": "2"},
    mounts=(Mount(path="/w/.git", writable=False), Mount(path="/w", writable=True)),
    worktree="/w",
    variables=("TOKEN",),
    caller="1000:1000",
)


def test_a_container_gets_its_limits_labels_and_mounts_and_no_secret_in_its_words() -> None:
    isolation = isolation_of(
        "docker",
        {"image": "img", "user": "me", "network_mode": "none", "memory_mb": 64, "cpu_quota": 5000, "pids_limit": 7},
    )
    words = create_words(PLAN, isolation, ("agent", "--flag", "a prompt"))
    line = " ".join(words)
    for part in (
        "--user me",
        "--network none",
        "--memory 64m --memory-swap 64m",
        "--cpu-quota 5000",
        "--pids-limit 7",
        "--label agency.repo=2 --label agency.run=1",
        "--env TOKEN",
        "--cap-drop ALL",
        "type=bind,source=/w,target=/w --mount type=bind,source=/w/.git,target=/w/.git,readonly",
    ):
        assert part in line, part
    assert line.endswith("--workdir /w --entrypoint agent img --flag a prompt")


def test_a_container_works_as_the_caller_where_no_user_is_named() -> None:
    words = create_words(PLAN, isolation_of("podman", {"image": "img"}), ("agent",))
    assert words[words.index("--user") + 1] == "1000:1000" and "keep-id" in words
    as_root = create_words(replace(PLAN, caller="0:0"), isolation_of("podman", {"image": "img"}), ("agent",))
    assert "keep-id" not in as_root, "podman refuses it there"


@pytest.mark.parametrize(("key", "ability"), [("memory_mb", "memory"), ("cpu_quota", "cpu"), ("pids_limit", "pids")])
def test_a_limit_that_the_engine_would_pass_over_is_refused(key: str, ability: str) -> None:
    limited = isolation_of("docker", {"image": "img", key: 5000})
    require_able(limited, Abilities())
    with pytest.raises(AgencyError) as caught:
        require_able(limited, Abilities(**{ability: False}))
    assert (caught.value.code, caught.value.details["option"]) == ("E_ISOLATION_UNSUPPORTED", key)
    require_able(isolation_of("docker", {"image": "img"}), Abilities(**{ability: False}))


def test_a_path_that_no_mount_can_name_is_found() -> None:
    assert unfit_for_mount(["/fine", "/with,comma"]) == "/with,comma"
    assert unfit_for_mount(["/fine path"]) is None


@pytest.mark.parametrize(
    ("of_job", "flag", "expected"),
    [
        ({}, None, Isolation(backend="bwrap", network=False)),
        ({"backend": "bwrap", "caches": ("~/c",)}, None, Isolation(backend="bwrap", network=False, caches=("~/c",))),
        ({"backend": "bwrap", "network": True}, None, Isolation(backend="bwrap")),
        ({"backend": "none"}, None, Isolation()),
        ({"backend": "bwrap", "network": True}, "docker", Isolation(backend="docker", image="img")),
        ({"backend": "docker", "image": "other"}, "none", Isolation()),
    ],
)
def test_the_flag_wins_over_the_job_and_the_job_over_the_config(
    of_job: dict[str, object], flag: str | None, expected: Isolation
) -> None:
    settings = Settings(isolation={"use": "bwrap", "bwrap": {"network": False}, "docker": {"image": "img"}})
    assert choose_isolation(settings, of_job, flag) == expected
