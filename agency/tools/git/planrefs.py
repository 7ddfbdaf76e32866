"""The refs that keep what tasks of plans made alive: ``refs/agency/plans/PLAN_ID/TASK_ID/NUMBER``, and those of plans that were
cleaned, which wait in the trash under the same names."""

from agency.tools.git.command import Git

PLANS = "refs/agency/plans"
TRASHED = "refs/agency/trash/plans"


def plan_refs(git: Git, plan_id: str, *, trashed: bool = False) -> dict[str, str]:
    """Every such ref of a plan and its commit. Raises E_GIT_FAILED."""
    place = f"{TRASHED if trashed else PLANS}/{plan_id}/"
    lines = git.say("for-each-ref", "--format=%(refname) %(objectname)", place).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines)


def move_plan_refs(git: Git, plan_id: str, *, to_trash: bool) -> int:
    """Move the refs of a plan into the trash or back; how many. Hold the repo lock. Raises E_GIT_FAILED."""
    source, target = (PLANS, TRASHED) if to_trash else (TRASHED, PLANS)
    refs = plan_refs(git, plan_id, trashed=not to_trash)
    lines = [f"update {target}{ref.removeprefix(source)} {commit}\ndelete {ref}\n" for ref, commit in refs.items()]
    if lines:
        git.do("update-ref", "--stdin", stdin="".join(lines).encode())
    return len(lines)


def plans_with_refs(git: Git) -> set[str]:
    """The plans that have refs, outside the trash. Raises E_GIT_FAILED."""
    found = git.say("for-each-ref", "--format=%(refname:lstrip=3)", PLANS).splitlines()
    return {name.partition("/")[0] for name in found}
