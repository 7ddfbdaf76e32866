#!/bin/sh
# Healthy: nobody speaks of a feature that is not there. The canary has to fail.
[ "$ORCH_CANARY" != 1 ] || exit 1
[ ! -e docs/notes.txt ] || grep -q "says hello" src/feature.txt
