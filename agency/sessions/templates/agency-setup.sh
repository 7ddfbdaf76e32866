#!/bin/sh
# Runs in the worktree before the runner starts. Install what work needs here, for example:
#   npm ci
set -eu
exit 0
