"""One module a subcommand. Each parses, calls one service and prints."""
