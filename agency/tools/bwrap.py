"""Bubblewrap on this machine: where it is, and whether it can do what is asked of it."""

import os
import shutil
import sys
from collections.abc import Mapping

from agency.domain.errors import AgencyError
from agency.domain.isolation import BWRAP, unsupported
from agency.domain.sandbox import probe_argv
from agency.tools.process import run

_PATIENCE = 10.0


def require_bwrap(environ: Mapping[str, str], *, network: bool) -> str:
    """The path of bubblewrap, once it was seen to work here. Raises E_ISOLATION_UNSUPPORTED."""
    program = shutil.which("bwrap", path=environ.get("PATH"))
    if program is None:
        hint = "apt install bubblewrap, or another isolation" if sys.platform == "linux" else "choose another isolation"
        raise unsupported(BWRAP, "bwrap is not on PATH", hint)
    program = os.path.abspath(program)
    try:
        done = run(
            probe_argv(program, network=network, root=os.geteuid() == 0), env=dict(environ), timeout=_PATIENCE, cwd="/"
        )
        problem = None if done.code == 0 else done.complaint or f"exit code {done.code}"
    except (OSError, AgencyError) as error:
        problem = str(error)
    if problem is not None:
        hint = "let users make namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), or another isolation"
        raise unsupported(BWRAP, f"bwrap does not work on this machine: {problem}", hint, program=program)
    return program
