"""Entry point of ``python -m agency``."""

from agency.cli.entry import main

if __name__ == "__main__":
    main()
