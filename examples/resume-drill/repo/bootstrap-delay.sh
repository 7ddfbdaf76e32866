#!/bin/sh
# Makes the worktree ready, slowly: time to kill the conductor in.
sleep "${BOOTSTRAP_DELAY:-4}"
echo "bootstrap delay complete (${BOOTSTRAP_DELAY:-4} s)"
