#!/bin/sh
# Whether the tree is healthy. In a task (TASK_ID) its own file has to be there; otherwise whatever is there has to be whole, so that
# one task may be merged before the other. The canary has to fail.
[ "$ORCH_CANARY" != 1 ] || { echo "the canary is set" >&2; exit 1; }
has() { grep -q "$2" "$1" 2>/dev/null || { echo "$1 lacks: $2" >&2; exit 1; }; }
case $TASK_ID in
  001) has notes/release-notes.txt "released" ;;
  002) has src/feature.txt "feature" ;;
  *)
    [ ! -e notes/release-notes.txt ] || has notes/release-notes.txt "released"
    [ ! -e src/feature.txt ] || has src/feature.txt "feature"
    ;;
esac
