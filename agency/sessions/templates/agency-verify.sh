#!/bin/sh
# Runs in the worktree and says by its exit code whether the work is good.
# agency-stub: agency doctor tells as long as this line is here. Replace what follows, for example with:
#   npm test
set -eu
echo "replace scripts/agency-verify.sh with the checks of this repository" >&2
exit 1
