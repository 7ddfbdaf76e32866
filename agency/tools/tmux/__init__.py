"""Everything that talks to tmux. Nothing outside this package knows tmux."""
