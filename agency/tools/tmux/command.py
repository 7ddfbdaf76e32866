"""How tmux is called: always the same server, always with a timeout, its complaints told apart."""

import os
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.domain.frozen import frozen
from agency.domain.testguard import TEST_ROOT_VARIABLE, allowed_under_test
from agency.tools.process import Completed, run

OWN_SERVER = "agency"
TIMEOUT = 10.0
_CONFIG = os.path.join(os.path.dirname(__file__), "agency.conf")
_NOT_OURS = ("TMUX", "TMUX_PANE")


def choose_socket(environ: Mapping[str, str], recorded: str | None, configured: str | None) -> str:
    """The socket to use: the environment's, else the one a session was ``recorded`` on, else the ``configured`` one, else
    our own server. A name as for ``tmux -L`` (``default``: the user's server) or an absolute path."""
    return environ.get("AGENCY_TMUX_SOCKET") or recorded or configured or OWN_SERVER


@frozen
class Tmux:
    """One tmux server, running or not.

    ``lock_fd`` is the held repo lock, which the calls then share, so that the lock outlives a killed agency until the call has
    taken effect. Only for calls to a server that runs: one that they start would share it for good.
    """

    socket: str
    environ: Mapping[str, str]
    lock_fd: int | None = None

    def __post_init__(self) -> None:
        if not allowed_under_test(os.path.realpath(self.socket_path), self.environ):
            raise RuntimeError(f"a test must not use the tmux server {self.socket_path}")

    @property
    def argv(self) -> tuple[str, ...]:
        """The words every call to this server begins with."""
        where = ("-S", self.socket) if os.path.isabs(self.socket) else ("-L", self.socket)
        config = () if self.socket == "default" else ("-f", _CONFIG)
        return ("tmux", *where, *config, "-u")

    @property
    def socket_path(self) -> str:
        """Where tmux puts the socket of this server."""
        if os.path.isabs(self.socket):
            return self.socket
        return f"{self.environ.get('TMUX_TMPDIR') or '/tmp'}/tmux-{os.getuid()}/{self.socket}"

    @property
    def client_environment(self) -> dict[str, str]:
        """The environment for calls: without the tmux we may be inside of, and without what belongs to one run, because
        the first call starts the server and the server keeps it."""
        return {
            key: value
            for key, value in self.environ.items()
            if key not in _NOT_OURS and not (key.startswith("AGENCY_") and key != TEST_ROOT_VARIABLE)
        }

    def require(self) -> None:
        """Raise E_TMUX_NOT_INSTALLED unless tmux is on PATH."""
        import shutil

        if shutil.which("tmux", path=self.environ.get("PATH", os.defpath)) is None:
            raise _not_installed()

    def ask(self, *words: str, stdin: bytes | None = None) -> Completed:
        """Call tmux and return how it ended. One retry when the server was just exiting.

        Raises E_TMUX_NOT_INSTALLED, and E_TIMEOUT when the server does not answer.
        """
        for last in (False, True):
            try:
                done = run(
                    (*self.argv, *words),
                    env=self.client_environment,
                    timeout=TIMEOUT,
                    cwd="/",
                    stdin=stdin,
                    inherit=() if self.lock_fd is None else (self.lock_fd,),
                )
            except FileNotFoundError:
                raise _not_installed() from None
            except AgencyError as error:
                raise AgencyError(
                    error.code,
                    f"the tmux server {self.socket} does not answer",
                    hint="agency doctor",
                    socket=self.socket,
                ) from None
            if last or done.code == 0 or b"server exited unexpectedly" not in done.err:
                break
        return done

    def do(self, *words: str, stdin: bytes | None = None) -> str:
        """Call tmux and insist that it succeeds. Raises E_TMUX_FAILED with what tmux said."""
        done = self.ask(*words, stdin=stdin)
        if done.code != 0:
            raise tmux_failed(words, done)
        return done.text


def _not_installed() -> AgencyError:
    return AgencyError(
        "E_TMUX_NOT_INSTALLED", "tmux is not on PATH", hint="install tmux 3.2 or newer, then: agency doctor"
    )


def tmux_failed(words: tuple[str, ...], done: Completed) -> AgencyError:
    """The error for a tmux command that did not succeed."""
    return AgencyError(
        "E_TMUX_FAILED", f"tmux {words[0]} failed: {done.complaint or f'exit code {done.code}'}", hint="agency doctor"
    )


def no_such_target(done: Completed) -> bool:
    """Whether tmux said that the session, window or pane asked for does not exist."""
    return any(
        phrase in done.err for phrase in (b"can't find", b"no such session", b"no such pane", b"no current target")
    )


def no_server(done: Completed) -> bool:
    """Whether tmux said that no server runs on the socket."""
    return any(
        phrase in done.err
        for phrase in (b"no server running", b"No such file or directory", b"Connection refused", b"no sessions")
    )
