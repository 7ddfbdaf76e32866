"""Plans, end to end: real tmux, real git, the demo agent."""
