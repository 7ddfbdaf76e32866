"""Many resume one run at the same moment: one makes the session, all others find it."""

from collections import Counter

import pytest

from internal_tests.chaos.invariants import check_always
from internal_tests.chaos.operations import NAME, RESUME, dead_pane, only_run, stopped
from internal_tests.support.world import World


@pytest.mark.parametrize("many", [12, 64])
@pytest.mark.parametrize("dead", ["missing", "dead pane"])
def test_parallel_resumes_of_a_dead_session_make_one_session_and_never_fail(world: World, dead: str, many: int) -> None:
    stopped(world)
    if dead == "dead pane":
        dead_pane(world)
    run = only_run(world)
    before = Counter(run.event_names())
    processes = [world.spawn(*RESUME) for _ in range(many)]
    ended = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * many, [err.decode() for _, err in ended if err]
    assert {out.decode() for out, _ in ended} == {f"ok: session {run.session} ready\n"}
    assert Counter(run.event_names()) - before == {"resume_create": 1, "resume_attach": many - 1}
    assert world.sessions() == [run.session]
    (row,) = check_always(world)
    assert (row["name"], row["derived_status"]) == (NAME, "active")
