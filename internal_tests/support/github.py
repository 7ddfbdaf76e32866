"""A small GitHub that the real ``gh`` talks to through a unix socket: the API of one repository, with a record of all that was
asked, and with bad days when told to."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from internal_tests.support.pulls import Pull, Pulls, Refused
from internal_tests.support.world import World

OWNER, NAME, TOKEN = "octo", "repo", "a-token-of-the-tests"
ORIGIN = f"https://github.com/{OWNER}/{NAME}.git"
FOREVER = 1_000_000

BAD_GATEWAY = (502, {"message": "Server Error"})
UNAUTHORIZED = (401, {"message": "Bad credentials"})
RATE_LIMIT = (403, {"message": "API rate limit exceeded for user ID 1."})
HANG, STALL, DROP, LOSE = "hang", "stall", "drop", "lose"
"""Nothing happens before :meth:`GitHub.go_on`; no answer comes before that, but the deed is done; the connection ends at once; it
ends after the deed was done."""


def refusal(why: str) -> tuple[int, dict[str, Any]]:
    """The answer with which GitHub refuses something."""
    return 200, {"data": None, "errors": [{"message": why}]}


@dataclass(frozen=True)
class Request:
    """One request: the name of a GraphQL operation, its variables and its text, or ``PATCH /path`` and its body."""

    operation: str
    variables: dict[str, Any]
    query: str = ""


@dataclass
class _Fault:
    what: str | tuple[int, dict[str, Any]]
    on: str
    left: int


class GitHub:
    """GitHub for one world: the repo's origin, the pull requests and what was asked about them."""

    def __init__(self, world: World, repo: Path | None = None) -> None:
        """Make the bare repository, push ``main`` of ``repo`` there, make it its origin, and lead ``gh`` and git to it."""
        self.remote = world.root / "remote.git"
        self.repo = repo or world.repo
        self.pulls = Pulls(self.remote, OWNER, NAME, world.env)
        self.requests: list[Request] = []
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()
        self.going_on = threading.Event()
        world.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        world.git("config", "--global", f"url.{self.remote}.insteadOf", ORIGIN)
        world.git("remote", "add", "origin", ORIGIN, cwd=self.repo)
        world.git("push", "--quiet", "origin", "main", cwd=self.repo)
        config = world.home / ".config" / "gh"
        config.mkdir(parents=True)
        self.socket = world.root / "github"
        (config / "config.yml").write_text(f"http_unix_socket: {self.socket}\n")
        kept_answers = world.root / "gh-tmp"  # gh keeps some answers in the temporary directory, refusals too
        kept_answers.mkdir()
        world.env.update(GH_CONFIG_DIR=str(config), GH_TOKEN=TOKEN, TMPDIR=str(kept_answers))

    def misbehave(self, what: str | tuple[int, dict[str, Any]], *, on: str = "", times: int = 1) -> None:
        """Have a bad day for the next ``times`` requests, or those of the operation ``on``."""
        self._faults.append(_Fault(what, on, times))

    def go_on(self) -> None:
        """Let the requests that wait go on, and every later one."""
        self.going_on.set()

    def behave(self) -> None:
        """Have no bad day any more."""
        self._faults.clear()

    def asked(self, operation: str) -> list[Request]:
        """The requests of one operation, oldest first."""
        return [request for request in self.requests if request.operation == operation]

    def take(self, request: Request) -> str | tuple[int, dict[str, Any]] | None:
        """Note a request down; the bad day that it meets, if any."""
        with self._lock:
            self.requests.append(request)
            for fault in self._faults:
                if fault.left > 0 and fault.on in ("", request.operation):
                    fault.left -= 1
                    return fault.what
            return None

    def answer(self, request: Request) -> tuple[int, object]:
        """The status and the body that GitHub would answer with."""
        with self._lock:
            try:
                return self._graphql(request) if request.query else self._rest(request)
            except Refused as error:
                return refusal(str(error))

    def _graphql(self, request: Request) -> tuple[int, object]:
        if "projectCards" in request.query:
            raise Refused("Projects (classic) is being deprecated (repository.pullRequest.projectCards)")
        if request.operation not in _OPERATIONS:
            raise Refused(f"{request.operation} is unknown here")
        return 200, {"data": _OPERATIONS[request.operation](self, request)}

    def _rest(self, request: Request) -> tuple[int, object]:
        if request.operation == "GET /rate_limit":
            return 200, {"rate": {"remaining": 4999}}
        match = re.fullmatch(f"PATCH /repos/{OWNER}/{NAME}/pulls/([0-9]+)", request.operation)
        if match is None:
            return 404, {"message": "Not Found"}
        try:
            pull = self.pulls.get(int(match.group(1)))
        except Refused:
            return 404, {"message": "Not Found"}
        self.pulls.change(pull.number, body=request.variables["body"])
        return 200, {"number": pull.number}

    def shown(self, pull: Pull, request: Request) -> dict[str, Any]:
        """A pull request as the API tells it; whatever ``request`` asks for is among it."""
        conflicting = self.pulls.conflicting(pull)
        owner = {"id": "U_1", "login": "stranger" if pull.of_a_fork else OWNER, "name": ""}
        return {
            "__typename": "PullRequest",
            "id": f"PR_{pull.number}",
            "number": pull.number,
            "url": self.url(pull),
            "state": pull.state,
            "isDraft": pull.draft,
            "title": pull.title,
            "body": pull.body,
            "headRefName": pull.head,
            "headRefOid": pull.head_commit,
            "headRepositoryOwner": owner,
            "baseRefName": pull.base,
            "mergeable": self.pulls.mergeable(pull) if "mergeable" in request.query else None,
            "mergeStateStatus": "DIRTY" if conflicting else "DRAFT" if pull.draft else "CLEAN",
            "isCrossRepository": pull.of_a_fork,
            "createdAt": pull.created_at,
            "mergedAt": pull.merged_at,
            "mergeCommit": {"oid": pull.merge_commit} if pull.merge_commit else None,
            "commits": {"nodes": [{"commit": {"oid": pull.head_commit}}]},
        }

    def url(self, pull: Pull) -> str:
        """Where a browser would show a pull request."""
        return f"https://github.com/{OWNER}/{NAME}/pull/{pull.number}"


def _repository(github: GitHub, request: Request) -> object:
    ours = {
        "id": "R_1",
        "name": NAME,
        "owner": {"login": OWNER},
        "viewerPermission": "ADMIN",
        "defaultBranchRef": {"name": "main"},
        "mergeCommitAllowed": True,
        "rebaseMergeAllowed": True,
        "squashMergeAllowed": True,
    }
    return {"repository": ours}


def _view(github: GitHub, request: Request) -> object:
    return {"repository": {"pullRequest": github.shown(github.pulls.get(request.variables["pr_number"]), request)}}


def _listed(github: GitHub, request: Request) -> object:
    head = request.variables.get("headBranch") or request.variables.get("headRefName")
    states = request.variables.get("state") or request.variables.get("states") or ["OPEN"]
    found = [pull for pull in reversed(github.pulls.all()) if pull.head == head and pull.state in states]
    page = {"hasNextPage": False, "endCursor": None}
    nodes = [github.shown(pull, request) for pull in found[: request.variables.get("limit", 30)]]
    return {"repository": {"pullRequests": {"totalCount": len(found), "nodes": nodes, "pageInfo": page}}}


def _create(github: GitHub, request: Request) -> object:
    given = request.variables["input"]
    pull = github.pulls.create(
        title=given["title"],
        body=given["body"],
        base=given["baseRefName"],
        head=given["headRefName"],
        draft=given["draft"],
    )
    return {"createPullRequest": {"pullRequest": github.shown(pull, request)}}


def _merge(github: GitHub, request: Request) -> object:
    given = request.variables["input"]
    github.pulls.merge(github.pulls.by_id(given["pullRequestId"]), given["mergeMethod"], given.get("expectedHeadOid"))
    return {"mergePullRequest": {"clientMutationId": ""}}


def _ready(github: GitHub, request: Request) -> object:
    github.pulls.change(github.pulls.by_id(request.variables["input"]["pullRequestId"]).number, draft=False)
    return {"markPullRequestReadyForReview": {"pullRequest": {"id": request.variables["input"]["pullRequestId"]}}}


def _close(github: GitHub, request: Request) -> object:
    github.pulls.change(github.pulls.by_id(request.variables["input"]["pullRequestId"]).number, state="CLOSED")
    return {"closePullRequest": {"pullRequest": {"id": request.variables["input"]["pullRequestId"]}}}


def _fields(github: GitHub, request: Request) -> object:
    names = ("id", "number", "state", "isDraft", "mergeable", "mergeStateStatus")
    return {"PullRequest": {"fields": [{"name": name} for name in names]}}


_OPERATIONS: dict[str, Callable[[GitHub, Request], object]] = {
    "RepositoryInfo": _repository,
    "PullRequest_fields": _fields,
    "PullRequestByNumber": _view,
    "PullRequestList": _listed,
    "PullRequestForBranch": _listed,
    "PullRequestCreate": _create,
    "PullRequestMerge": _merge,
    "PullRequestReadyForReview": _ready,
    "PullRequestClose": _close,
}


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, github: GitHub) -> None:
        self.github = github
        self.answering: set[threading.Thread] = set()
        super().__init__(str(github.socket), _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Known while it answers, so that the end can wait for the git that it may have started."""
        self.answering.add(threading.current_thread())
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.answering.discard(threading.current_thread())

    def handle_error(self, request: object, client_address: object) -> None:
        """A gh that was killed while it asked is no error of GitHub's."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Answer, or do not."""
        github = self.server.github
        request = self._read()
        fault = github.take(request)
        if self.headers.get("Authorization") != f"token {TOKEN}":
            fault = UNAUTHORIZED
        if fault == HANG:
            github.going_on.wait()
        if isinstance(fault, tuple):
            self._send(*fault)
        elif fault != DROP:
            answer = github.answer(request)
            if fault == STALL:
                github.going_on.wait()
            if fault != LOSE:
                self._send(*answer)

    do_GET = do_PATCH = do_POST

    def _read(self) -> Request:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = json.loads(body) if body else {}
        if self.path != "/graphql":
            return Request(f"{self.command} {self.path}", given)
        name = re.search(r"(?:query|mutation) (\w+)", given["query"])
        assert name is not None, given["query"]
        return Request(name.group(1), given.get("variables") or {}, given["query"])

    def _send(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-OAuth-Scopes", "repo, read:org")
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        """Who asks; a unix socket does not tell."""
        return "gh"

    def log_message(self, format: str, *args: object) -> None:
        """What was asked is kept in the record, not printed."""


@contextmanager
def serving(github: GitHub) -> Iterator[GitHub]:
    """Answer ``gh`` as long as the block lasts."""
    server = _Server(github)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        github.go_on()
        server.shutdown()
        server.server_close()
        thread.join()
        for answering in list(server.answering):
            answering.join(5.0)
