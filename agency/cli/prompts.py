"""Asking a person. Questions go to standard error, and only when standard input and error are terminals."""

import sys


def can_ask() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def has_terminal() -> bool:
    """Whether a session can be shown here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm(question: str) -> bool:
    """Ask for y or yes; everything else, and the end of the input, is a no."""
    return _answer(f"{question} [y/N] ").lower() in ("y", "yes")


def typed(question: str, word: str) -> bool:
    """Ask for ``word`` to be typed out."""
    return _answer(f"{question} type {word} to go on: ") == word


def answer(question: str) -> str | None:
    """Ask for a line of text; None at the end of the input."""
    print(f"{question}\n> ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
        return None
    return line.strip()


def _answer(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line.endswith("\n"):
        print(file=sys.stderr)
    return line.strip()
