"""Everything that talks to git. Nothing outside this package knows git."""
