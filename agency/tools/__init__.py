"""The programs we drive: git, tmux, processes."""
