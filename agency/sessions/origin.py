"""The remote ``origin`` of the repo of a run, and GitHub where that is."""

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.repo import Repo, key_from_origin
from agency.domain.run import Run
from agency.sessions.context import Context
from agency.sessions.find import origin_url
from agency.tools.gh import Gh
from agency.tools.git.command import Git

ORIGIN = "origin"


@frozen
class Origin:
    """``url`` without credentials; ``github`` is ``owner/name`` where it is on github.com."""

    url: str
    github: str | None


def require_origin(context: Context, run: Run, repo: Repo) -> Origin:
    """The origin of the repo. Raises E_NO_ORIGIN."""
    url = origin_url(context, repo)
    if url is None:
        raise AgencyError(
            "E_NO_ORIGIN",
            f"the repository of {run.name} has no remote called origin",
            hint="git remote add origin URL; without a remote, agency land takes the work into a branch here",
            run_id=run.run_id,
            repo=repo.root,
        )
    key = key_from_origin(url)
    return Origin(url=url, github=None if key is None else key.removeprefix("github:"))


def require_github(context: Context, run: Run, origin: Origin) -> Gh:
    """gh, ready for the repository. Raises E_UNSUPPORTED_ORIGIN, E_GH_NOT_INSTALLED, E_GH_NOT_AUTHENTICATED, E_GH_FAILED."""
    if origin.github is None:
        raise AgencyError(
            "E_UNSUPPORTED_ORIGIN",
            "origin is not on GitHub, so there is no pull request to merge",
            hint=f"agency land {run.name}",
            run_id=run.run_id,
            origin=origin.url,
        )
    gh = Gh(environ=context.environ, repo=origin.github)
    with context.busy("asking GitHub who we are"):
        gh.require_ready()
    return gh


def git_of(context: Context, repo: Repo) -> Git:
    """Git where the URL of a remote means what the user meant: in the main checkout, whose files it leaves alone."""
    return Git(environ=context.environ, tree=repo.root)
