"""agency: run a team of coding agents on one machine and lose nothing."""

__version__ = "0.1.0"
