"""What may be done with a job that ended badly."""

from hypothesis import given
from hypothesis import strategies as st

from agency.domain.recovery import Left, prospects_of

faults = st.none() | st.just("something is wrong with it")


@given(
    st.builds(
        Left,
        outcome=st.sampled_from(("done", "failed", "needs_attention")),
        worktree=st.booleans(),
        thread=st.booleans(),
        records_fault=faults,
        patches_fault=faults,
        runner_fault=faults,
    )
)
def test_a_job_may_be_resumed_exactly_when_nothing_that_it_needs_is_missing(left: Left) -> None:
    prospects = prospects_of(left)
    whole = left.outcome != "done" and left.worktree and left.records_fault is None and left.runner_fault is None
    assert (prospects.no_resume is None) == whole
    assert (prospects.no_rebuild is None) == (left.records_fault is None and left.patches_fault is None)
    assert prospects.same_thread == left.thread
    assert all(why is None or why.strip() for why in (prospects.no_resume, prospects.no_rebuild))


def test_a_worktree_that_is_gone_and_a_patch_that_is_gone_keep_from_different_things() -> None:
    gone = prospects_of(Left(outcome="failed", worktree=False, thread=True))
    assert (gone.no_resume, gone.no_rebuild) == ("its worktree is gone", None)
    spoiled = prospects_of(Left(outcome="failed", worktree=True, thread=True, patches_fault="no patch"))
    assert (spoiled.no_resume, spoiled.no_rebuild) == (None, "no patch")
