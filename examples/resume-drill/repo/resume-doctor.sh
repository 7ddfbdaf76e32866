#!/bin/sh
# The doctor of a task that says no the first time, so that its runner has to take a second turn.
guard=${FAIL_ONCE_FILE:-.agency/fail-once}
if [ ! -e "$guard" ]; then
  mkdir -p "$(dirname "$guard")"
  echo fail-once >"$guard"
  echo "resume doctor: intentional first-attempt failure" >&2
  exit 1
fi
exec ./doctor.sh
