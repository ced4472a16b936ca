"""What makes a command slow, counted: the packages it imports, the notebooks it reads, the processes it starts.

How long that takes is measured by `make bench`: no test looks at a clock.
"""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.tito.student import done, solve, tito
from tito import course
from tito.course import ROOT
from tito.place import Place
from tito.workspace import init

# each takes longer to import than tito may take to start
HEAVY = {
    "IPython",
    "jedi",
    "marimo",
    "matplotlib",
    "nbformat",
    "nbgrader",
    "numpy",
    "pytest",
    "rich",
    "sklearn",
    "torch",
}

COUNTED = """
import json, sys

read, started = [], 0

def watch(event, arguments):
    global started
    if event == "open" and str(arguments[0]).endswith(".py") and "/notebooks/" in str(arguments[0]).replace("\\\\", "/"):
        read.append(str(arguments[0]))
    started += event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec")

sys.addaudithook(watch)
from tito.cli import main
try:
    main()
finally:
    print(json.dumps({"imported": list(sys.modules), "read": read, "started": started}), file=sys.stderr)
"""


@dataclass(frozen=True)
class Work:
    imported: set[str]  # packages
    read: Counter  # notebook -> how often
    started: int  # processes


def work_of(*arguments: str, place: Place) -> Work:
    """What a command does, in a process of its own."""
    command = [sys.executable, "-c", COUNTED, *arguments]
    run = subprocess.run(command, cwd=place.root, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stdout + run.stderr
    counted = json.loads(run.stderr.splitlines()[-1])
    names = Counter(path.replace("\\", "/").rpartition("/")[2] for path in counted["read"])
    return Work({name.partition(".")[0] for name in counted["imported"]}, names, counted["started"])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = init(tmp_path_factory.mktemp("speed") / "mine")[0]
    for number in ("00", "01"):
        solve(place.notebook(course.find(number)))
        done(tito("export", number, cwd=place.root))
    return place


# command -> the heavy packages that it may import, how often it may read a notebook, the processes it may start
COMMANDS = {
    "--help": (set(), {}, 0),
    # is it an earlier version? And one pytest for the exercises of the current module
    "module status": (set(), {f"{module.stem}.py": 4 for module in course.available()}, 1),
    "module list": (set(), {}, 0),
    "module test --help": (set(), {}, 0),
    "nbgrader --help": (set(), {}, 0),
    "export 01": (set(), {"01_tensor.py": 1}, 1),  # one Python that imports the result
    "module test 01 --unit-only": (set(), {"01_tensor.py": 4}, 1),
    "module test 01": (set(), {"01_tensor.py": 4}, 3),  # one pytest for each phase
    "check 01": ({"nbformat", "numpy", "pytest"}, {"01_tensor.py": 3}, 5),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_no_more_than_it_must(place, command):
    imported, read, started = COMMANDS[command]
    work = work_of(*command.split(), place=place)
    assert work.imported & HEAVY <= imported
    assert work.read <= Counter(read), work.read
    assert work.started <= started


def test_an_export_of_everything_reads_each_notebook_twice_at_most_and_starts_one_python(place):
    work = work_of("export", "--all", place=place)
    assert work.imported & HEAVY == set()
    assert len(work.read) == len(course.available()) and max(work.read.values()) <= 2
    assert work.started == 1


def test_the_package_imports_nothing_but_numpy_and_some_of_pythons_own():
    program = "import sys, numpy; before = set(sys.modules); import tinytorch; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    new = {name for name in run.stdout.split() if name.partition(".")[0] != "tinytorch"}
    assert {name.partition(".")[0] for name in new} <= sys.stdlib_module_names
    assert len(new) <= 6, new
