"""The variables that scripts and runners of a run see."""

from collections.abc import Mapping

from agency.domain.run import Run

OWNER = "AGENCY_OWNER"
"""Set to the id of a run in what agency starts for it, its runner and its scripts, and in nothing that a person starts: what has
it ends with the run."""

SCRIPT = "_AGENCY_SCRIPT"
"""Set in what a script starts, to a word for that one start of it: what is left of it without a parent is known by this."""

OF_THE_CALL = frozenset({"AGENCY_DATA_DIR", "AGENCY_CONFIG_DIR", "AGENCY_TMUX_SOCKET", "AGENCY_TEST_ROOT"})
"""Variables that say where agency keeps things, for whatever calls it."""


def run_variables(run: Run, *, origin_url: str | None) -> dict[str, str]:
    """The ``AGENCY_*`` variables of a run, the same for its runner and all its scripts."""
    return {
        **task_variables(run),
        "AGENCY_RUN_ID": run.run_id,
        "AGENCY_NAME": run.name,
        "AGENCY_REPO_ROOT": run.repo_root,
        "AGENCY_WORKSPACE_ROOT": run.worktree,
        "AGENCY_BRANCH": run.branch,
        "AGENCY_PARENT_BRANCH": run.parent_branch,
        "AGENCY_ORIGIN_NAME": "origin",
        "AGENCY_ORIGIN_URL": origin_url or "",
        "AGENCY_RUNNER": run.runner,
        "AGENCY_PR_URL": run.pr_url or "",
        "AGENCY_PR_NUMBER": str(run.pr_number or ""),
        "AGENCY_DOTAGENCY_DIR": f"{run.worktree}/.agency",
        "AGENCY_OUTPUT_DIR": f"{run.worktree}/.agency/out",
        "AGENCY_LOG_DIR": f"{run.directory}/logs",
    }


def task_variables(run: Run) -> dict[str, str]:
    """What a run that works for a plan sees of its task, empty for any other. The short names are those that checks of tasks
    are used to."""
    if run.task is None:
        return {}
    return {
        "AGENCY_PLAN_ID": run.task.plan_id,
        "AGENCY_TASK_ID": run.task.task_id,
        "AGENCY_TASK_RUN": str(run.task.number),
        "TASK_ID": run.task.task_id,
        "TASK_SLUG": run.name,
        "TASK_BRANCH": run.branch,
    }


def without_run(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without the variables of a run that the caller may be inside of."""
    return {
        key: value for key, value in environ.items() if not key.startswith(("AGENCY_", SCRIPT)) or key in OF_THE_CALL
    }
