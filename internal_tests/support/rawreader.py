"""``rawreader.py FILE [--bracketed]``: a program that reads its terminal in raw mode and writes what it gets to FILE."""

import os
import sys
import tty


def main() -> None:
    """Read until the terminal is gone. ``--bracketed``: ask for bracketed paste, as agents with an input field do."""
    tty.setraw(0)
    greeting = "\x1b[?2004h" if "--bracketed" in sys.argv else ""
    with open(sys.argv[1], "wb", buffering=0) as received:
        print(f"{greeting}raw reader ready", end="\r\n", flush=True)
        while chunk := os.read(0, 65536):
            received.write(chunk)


if __name__ == "__main__":
    main()
