"""The end of a job whose every step is accepted: the work is committed and goes where the job says."""

from agency.domain.errors import AgencyError
from agency.domain.events import TASK_FINISHED
from agency.tools.git.command import LONG
from agency.tools.signals import outlive_the_terminal
from agency.worker.controls import Controls
from agency.worker.settle import end_job
from agency.worker.trees import git_of
from agency.worker.work import Work


def publish(work: Work, controls: Controls) -> None:
    """Finish the job. Work that cannot go out needs a person, and stays as it is. Raises Interrupted when a signal that tells the
    worker to end came while a script ran: it is then still to go out."""
    if work.state.published:  # an operator asked for something that could not be done
        work.save(work.state.ended("done"))
        return
    how = work.job.publish
    if how == "none":
        _done(work, "none")
        return
    try:
        _commit(work)
        (_push if how == "push" else _land)(work)
    except AgencyError as error:
        if error.code == "E_INTERRUPTED":
            controls.stopped_by(error)
            return
        end_job(work, outcome="needs_attention", reason=f"{how} failed: {error.message}", retryable=True)
        work.say(f"{error.code}: {error.message}")
        return


def _commit(work: Work) -> None:
    """Commit what is not committed yet, as the user whose git config holds here."""
    git = git_of(work)
    if not git.items("status", "--porcelain", "-z"):
        return
    git.do("add", "--all", "--", ".", timeout=LONG)
    subject = " ".join(work.job.objective.split())
    title = subject if len(subject) <= 72 else f"{subject[:69]}..."
    git.do("commit", "--quiet", "-m", title, timeout=LONG)


def _push(work: Work) -> None:
    from agency.sessions.push import PushRequest, push_run

    push_run(work.context, work.run, PushRequest(allow_dirty=False, force_with_lease=False, draft=False))
    _done(work, "push")


def _land(work: Work) -> None:
    """Land the work. That archives the run and ends its session, and leaves of all that is in it only this worker."""
    from agency.sessions.land import land_run
    from agency.sessions.landcheck import LandRequest

    outlive_the_terminal()
    landed = land_run(
        work.context, work.run, LandRequest(target=None, strategy="squash", yes=True, confirm=None), work.show_script
    )
    assert landed is not None
    work.run = landed.run
    _done(work, "land")


def _done(work: Work, published: str) -> None:
    work.tell_once(
        TASK_FINISHED(
            {
                "outcome": "done",
                "reason": "every step was accepted",
                "stepId": None,
                "published": published,
                "jobAttempt": work.state.job_attempt,
            }
        ),
        "jobAttempt",
    )
    work.save(work.state.ended("done"))
    work.say("done: every step was accepted")
