"""Where the installed command begins: an interrupt while it still loads ends it without a word, as nothing has been done."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Load the command line, run it and exit."""
    from agency.cli.main import main

    main()
