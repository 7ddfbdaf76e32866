"""Which run a reference means: a name, an id or the beginning of one, here first and then everywhere."""

import shutil
from pathlib import Path

import pytest

from internal_tests.support.terminal import agency_in_terminal
from internal_tests.support.world import SeenRun, World

LOOKING = [
    *(("show",), ("explain",), ("diff",), ("events",), ("logs",), ("path",), ("mark",), ("send", "text")),
    *(("wait", "--for", "idle", "--quiet", "1ms"), ("open", "--editor", "true"), ("shell", "--", "true")),
]
CHANGING = {
    "stop": ("stop",),
    "kill": ("kill_session",),
    "resume": ("resume_attach",),
    "rename": ("rename",),
    "clean": ("clean_finished",),
}


@pytest.fixture
def twins(world: World) -> tuple[SeenRun, SeenRun, Path]:
    """A run in the world's repo and one of the same name in another repo."""
    other = world.make_repo("other")
    return world.run("twin"), world.run("twin", cwd=other), other


def meant(world: World, ref: str, *words: str, cwd: Path | None = None) -> str:
    """The id of the run that a reference means."""
    return str(world.ok("show", ref, "--json", *words, cwd=cwd).data["run_id"])


def shortest(run: SeenRun, others: list[SeenRun]) -> str:
    """The shortest beginning of its id, of 4 characters or more, that no other id has."""
    return next(run.id[:n] for n in range(4, 20) if not any(other.id.startswith(run.id[:n]) for other in others))


def test_a_name_an_id_and_its_unique_beginning_mean_the_run(world: World) -> None:
    runs = [world.run(name) for name in ("one", "two", "three")]
    for run in runs:
        others = [other for other in runs if other.id != run.id]
        assert meant(world, run.name) == meant(world, run.id) == meant(world, shortest(run, others)) == run.id


def test_a_beginning_of_4_characters_is_enough(world: World) -> None:
    run = world.run("only")
    assert [meant(world, run.id[:size]) for size in range(4, 20)] == [run.id] * 16


def test_a_beginning_of_3_characters_is_not(world: World) -> None:
    run = world.run("only")
    assert world.agency("show", run.id[:3]).error_code == "E_RUN_NOT_FOUND"


@pytest.mark.parametrize("ref", ["onl", "only-", "ONLY", "", "*", ".", "agency_x", "agency/only", "a\nb", "%"])
def test_nothing_else_means_a_run(world: World, ref: str) -> None:
    world.run("only")
    result = world.agency("show", "--", ref)
    assert (result.code, result.error_code, result.out) == (1, "E_RUN_NOT_FOUND", "")


def test_an_ambiguous_beginning_lists_the_candidates(world: World) -> None:
    runs = sorted((world.run(name) for name in ("one", "two")), key=lambda run: run.id)
    result = world.agency("show", runs[0].id[:4])
    assert (result.code, result.error_code, result.out) == (1, "E_RUN_AMBIGUOUS", "")
    lines = result.err.splitlines()
    at = lines.index("candidates:")
    repo = runs[0].meta["repo_id"]
    assert lines[at + 1 : at + 3] == [f"  {run.id} {run.name} (repo {repo})" for run in runs]


def test_the_candidates_are_in_the_json_too(world: World) -> None:
    runs = [world.run(name) for name in ("one", "two")]
    error = world.agency("show", runs[0].id[:4], "--json").error
    assert error["code"] == "E_RUN_AMBIGUOUS"
    assert sorted(line.split()[0] for line in error["details"]["candidates"]) == sorted(run.id for run in runs)


def test_nothing_found_names_the_nearest(world: World) -> None:
    for name in ("fix-login", "fix-logout", "docs"):
        world.run(name)
    result = world.agency("kill", "fix-logn")
    assert (result.code, result.error_code) == (1, "E_RUN_NOT_FOUND")
    assert "no run is called fix-logn; did you mean fix-login or fix-logout?" in result.err
    assert world.agency("kill", "fix-logn", "--json").error["details"]["nearest"] == ["fix-login", "fix-logout"]


def test_nothing_near_names_nothing(world: World) -> None:
    world.run("fix-login")
    result = world.agency("kill", "zzzzzz")
    assert "did you mean" not in result.err
    assert "hint: agency ls --all-repos" in result.err


def test_a_name_means_the_run_of_the_repo_around_the_caller(world: World, twins: tuple[SeenRun, SeenRun, Path]) -> None:
    here, there, other = twins
    assert meant(world, "twin") == here.id
    assert meant(world, "twin", cwd=other) == there.id
    (other / "deep").mkdir()
    assert meant(world, "twin", cwd=other / "deep") == there.id


def test_inside_the_worktree_of_a_run_its_repo_is_around_the_caller(
    world: World, twins: tuple[SeenRun, SeenRun, Path]
) -> None:
    here, there, _ = twins
    assert meant(world, "twin", cwd=here.worktree) == here.id
    assert meant(world, "twin", cwd=there.worktree) == there.id


def test_a_run_of_another_repo_is_found_from_anywhere(world: World) -> None:
    run = world.run("there", cwd=world.make_repo("other"))
    assert meant(world, "there") == meant(world, "there", cwd=world.home) == meant(world, run.id[:8]) == run.id


def test_from_outside_a_name_in_two_repos_is_ambiguous(world: World, twins: tuple[SeenRun, SeenRun, Path]) -> None:
    here, there, _ = twins
    result = world.agency("kill", "twin", cwd=world.home)
    assert (result.code, result.error_code) == (1, "E_RUN_AMBIGUOUS")
    for run in (here, there):
        assert f"  {run.id} twin (repo {run.meta['repo_id']})" in result.err
    assert "--repo PATH" in result.err
    assert len(world.sessions()) == 2


def test_repo_says_which_is_meant(world: World, twins: tuple[SeenRun, SeenRun, Path]) -> None:
    here, there, other = twins
    assert meant(world, "twin", "--repo", str(other)) == there.id
    assert meant(world, "twin", "--repo", str(world.repo), cwd=world.home) == here.id
    assert meant(world, "twin", "--repo", "../other") == there.id
    assert meant(world, "twin", "--repo", str(there.worktree)) == there.id


def test_repo_keeps_the_runs_of_others_out(world: World) -> None:
    world.run("here")
    other = world.make_repo("other")
    assert world.agency("show", "here", "--repo", str(other)).error_code == "E_RUN_NOT_FOUND"


@pytest.mark.parametrize("words", LOOKING, ids=lambda words: words[0])
def test_repo_is_heard_by_every_command_that_looks(
    world: World, twins: tuple[SeenRun, SeenRun, Path], words: tuple[str, ...]
) -> None:
    _, _, other = twins
    command, *rest = words
    assert world.agency(command, "twin", *rest, cwd=world.home).error_code == "E_RUN_AMBIGUOUS"
    world.ok(command, "twin", "--repo", str(other), *rest, cwd=world.home)


@pytest.mark.parametrize("command", CHANGING)
def test_repo_is_heard_by_every_command_that_changes(
    world: World, twins: tuple[SeenRun, SeenRun, Path], command: str
) -> None:
    here, there, other = twins
    before = here.event_names()
    more = {"resume": ["--detached"], "rename": ["renamed"], "clean": ["--yes"]}.get(command, [])
    world.ok(command, "twin", *more, "--repo", str(other), cwd=world.home)
    assert there.event_names()[-1:] == list(CHANGING[command])
    assert here.event_names() == before


def test_repo_is_heard_by_restore(world: World, twins: tuple[SeenRun, SeenRun, Path]) -> None:
    here, there, other = twins
    for run in (here, there):
        world.ok("clean", run.id, "--yes")
    assert world.agency("restore", "twin", cwd=world.home).error_code == "E_RUN_AMBIGUOUS"
    world.ok("restore", "twin", "--repo", str(other), cwd=world.home)
    assert (here.archived, there.archived) == (True, False)


def test_repo_is_heard_by_attach(world: World, twins: tuple[SeenRun, SeenRun, Path]) -> None:
    _, there, other = twins
    with agency_in_terminal(world, "attach", "twin", "--repo", str(other), cwd=world.home) as terminal:
        terminal.shows(f"demo agent ready in {there.worktree}"[:100])


@pytest.mark.parametrize(
    "command", ["run --detached", "ls", "init", "doctor", "gc", "du", "config explain", "kill --all"]
)
def test_repo_is_heard_by_commands_that_act_on_a_repo(world: World, command: str) -> None:
    plain = world.root / "plain"
    plain.mkdir()
    result = world.agency(*command.split(), "--repo", str(plain))
    assert (result.code, result.error_code) == (1, "E_NO_REPO")
    assert str(plain) in result.err


def test_the_name_of_an_archived_run_points_to_restore(world: World) -> None:
    run = world.run("old")
    world.ok("clean", "old", "--yes")
    result = world.agency("kill", "old")
    assert (result.code, result.error_code) == (1, "E_RUN_NOT_FOUND")
    assert f"hint: agency restore {run.id}" in result.err


def test_a_name_that_several_archived_runs_had_lists_them(world: World) -> None:
    ids = []
    for _ in range(2):
        ids.append(world.run("twin").id)
        world.ok("clean", "twin", "--yes")
    result = world.agency("kill", "twin")
    assert result.error_code == "E_RUN_NOT_FOUND"
    assert all(run_id in result.err for run_id in ids)
    assert world.agency("restore", "twin").error_code == "E_RUN_AMBIGUOUS"


def test_a_present_run_wins_over_an_archived_one_of_its_name(world: World) -> None:
    old = world.run("again")
    world.ok("clean", "again", "--yes")
    new = world.run("again")
    assert meant(world, "again") == new.id
    assert meant(world, old.id) == old.id


def test_a_broken_run_is_found_by_its_id_and_refused_where_its_record_is_needed(world: World) -> None:
    run = world.run("broken")
    (run.directory / "meta.json").write_text("{")
    assert meant(world, run.id[:14]) == run.id
    result = world.agency("path", run.id)
    assert (result.code, result.error_code) == (1, "E_RUN_BROKEN")
    assert f"hint: agency restore {run.id}" in result.err
    assert f"record: {run.directory}/meta.json" in result.err


def test_a_run_whose_repo_is_gone_is_still_found(world: World) -> None:
    other = world.make_repo("other")
    run = world.run("orphan", cwd=other)
    shutil.rmtree(other)
    assert meant(world, "orphan") == run.id
