"""``agency doctor``: is everything there that agency needs, and is nothing left behind?"""

from agency.sessions.doctor.check import Check
from agency.sessions.doctor.leftovers import check_leftovers
from agency.sessions.doctor.repo import check_repo
from agency.sessions.doctor.surroundings import check_surroundings

__all__ = ["Check", "check_leftovers", "check_repo", "check_surroundings", "examine"]

from agency.sessions.context import Context
from agency.sessions.find import find_repo


def examine(context: Context, *, repo: str | None, fix: bool) -> list[Check]:
    """Every check, in order. With ``fix`` what can safely be mended is, and its check says so. Otherwise writes nothing but a
    probe file in the data directory."""
    here = find_repo(context, repo)
    checks = check_surroundings(context)
    if here is not None:
        checks += check_repo(context, here)
    return checks + check_leftovers(context, here, fix=fix)
