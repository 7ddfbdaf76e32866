"""Agent command lines: how each is started."""
