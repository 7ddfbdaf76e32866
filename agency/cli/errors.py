"""The one door for failures: every exception becomes a message and an exit code."""

import errno
import os
import sys
from contextlib import suppress

import click

from agency.cli.output import print_json
from agency.domain.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_USAGE, AgencyError


def exit_code_of(error: BaseException) -> int:
    """The exit code of a command that ends with ``error``."""
    if isinstance(error, AgencyError):
        return error.kind.exit_code
    if isinstance(error, (click.UsageError, click.BadParameter)):
        return EXIT_USAGE
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return EXIT_INTERRUPTED
    return EXIT_ERROR


def show_error(error: BaseException, argv: list[str]) -> None:
    """Say what went wrong on standard error, and with ``--json`` on standard output too. A traceback only with ``--debug``."""
    words = argv[: argv.index("--")] if "--" in argv else argv
    if "--debug" in words or os.environ.get("AGENCY_DEBUG"):
        import traceback

        traceback.print_exception(error)
    told = _as_agency_error(error)
    if "--json" in words:
        with suppress(OSError):  # then it is told on standard error
            print_json(
                "error",
                {"code": told.code, "message": told.message, "hint": told.hint, "details": told.details},
            )
            sys.stdout.flush()
            return
    lines = [f"error_code: {told.code}", told.message]
    for key, value in told.details.items():
        lines += (
            [f"{key}:", *(f"  {item}" for item in value)] if isinstance(value, list) else [f"{key}: {_line(value)}"]
        )
    if told.hint:
        lines.append(f"hint: {told.hint}")
    print("\n".join(lines).encode("utf-8", "replace").decode(), file=sys.stderr)


def _as_agency_error(error: BaseException) -> AgencyError:
    if isinstance(error, AgencyError):
        return error
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "agency"
        return AgencyError("E_USAGE", _sentence(error.format_message()), hint=f"{path} --help")
    if isinstance(error, click.ClickException):
        return AgencyError("E_USAGE", _sentence(error.format_message()), hint="agency --help")
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        name = str(error.__cause__ or error)  # click wraps what the signal raised
        return AgencyError("E_INTERRUPTED", f"stopped by {name or 'a signal'}")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return AgencyError("E_DISK_FULL", "there is no space left for the output", hint="free some space")
    return AgencyError(
        "E_INTERNAL",
        f"something unexpected happened: {type(error).__name__}: {error}",
        hint="type the command again with --debug and report what it shows",
    )


def _sentence(text: str) -> str:
    """A message in the form of ours: one line, small first letter, no full stop."""
    line = " ".join(text.split()).rstrip(".")
    return line[:1].lower() + line[1:] if line[1:2].islower() else line


def _line(value: object) -> str:
    return str(value).replace("\n", "\\n")
