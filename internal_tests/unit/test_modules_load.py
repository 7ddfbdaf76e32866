"""Each module of agency loads by itself, in whatever order others would come: no ring of imports hides behind another command."""

import subprocess
import sys

from internal_tests.support.warm import modules_of_agency

FLOORS = ("domain", "config", "store", "tools", "runners", "sessions", "worker", "plans", "cli")
LOAD = """
import importlib, os, sys, traceback
import click, msgspec  # what is outside of agency may be there already
floor, loaded = None, []
for name in sys.argv[1:]:
    if name.split(".")[1] != floor:
        floor = name.split(".")[1]
        for each in loaded:  # those below cannot ask for it
            importlib.import_module(each)
    loaded.append(name)
    pid = os.fork()
    if pid == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        print(name)
"""


def test_each_module_loads_by_itself() -> None:
    modules = list(modules_of_agency())
    assert {"agency.cli.main", "agency.cli.commands.plan.status", "agency.domain.job"} <= set(modules)
    ordered = sorted(modules, key=lambda name: FLOORS.index(name.split(".")[1]))
    done = subprocess.run([sys.executable, "-c", LOAD, *ordered], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
