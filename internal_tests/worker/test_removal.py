"""A directory that is about to go is filled at that moment by a program that a killed agency had only just begun."""

import os
import subprocess
import sys

from agency.sessions.environment import OWNER
from agency.sessions.remove import end_and_remove
from internal_tests.support.services import context_of, load
from internal_tests.support.waiting import wait_for
from internal_tests.support.world import World

FILLS = """
import itertools, os, sys
os.makedirs(sys.argv[1])
first = f"{sys.argv[1]}/0"
try:
    for number in itertools.count():
        open(f"{sys.argv[1]}/{number}", "w").close()
        if not os.path.exists(first):
            break
    os.chdir(sys.argv[1])
    for number in itertools.count(number):
        open(str(number), "w").close()
except OSError:
    pass
"""
"""Fills a directory while it is there, from elsewhere until its removal has begun, as a git does that is about to go there."""


def test_what_fills_a_directory_is_ended_and_the_directory_goes(world: World) -> None:
    run = load(world, world.run("job"))
    context = context_of(world)
    place = context.paths.rebuilding(run.repo_id, run.run_id)
    words = [sys.executable, "-c", FILLS, f"{place}/tree"]
    # The shell between makes it an orphan, as the death of an agency does.
    subprocess.run(["/bin/sh", "-c", '"$@" &', "sh", *words], cwd="/", env={**world.env, OWNER: run.run_id}, check=True)
    wait_for(lambda: os.path.isdir(f"{place}/tree"), "the first files")
    end_and_remove(context, run.repo_id, place, owner=run.run_id)
    assert not os.path.lexists(place)
    wait_for(lambda: not [one for one in world.processes() if f"{place}/tree" in one.cmdline()], "it to have ended")
    assert not os.path.lexists(place)
