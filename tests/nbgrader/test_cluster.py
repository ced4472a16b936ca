"""Grading on several machines: the same grades, also when one of them is lost in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="runs only where nbgrader is installed: make test-nbgrader")
pytest.importorskip("distributed", reason="runs only where distributed is installed: make test-nbgrader")

from distributed import Client

from tests.nbgrader.students import MODULE, UNSAFE, hand_in, solved_text
from tests.thorough import THOROUGH
from tests.tito.student import done, tito
from tito import course
from tito.assignments.classroom import Classroom
from tito.assignments.grading import autograde
from tito.errors import TitoError

STUDENTS = 300 if THOROUGH else 48  # many more than machines, so that one dies in the middle


@pytest.fixture(scope="module")
def classroom(tmp_path_factory) -> Classroom:
    """A class in which two of three students have something wrong."""
    root = tmp_path_factory.mktemp("cluster")
    done(tito("nbgrader", "init", "class", cwd=root))
    done(tito("nbgrader", "generate", "02", cwd=root / "class"))
    # 21, 23 and 19 points: no other exercise is tested with a student's relu
    texts = [solved_text(relu="return x"), solved_text(), solved_text(sigmoid="return x")]
    hand_in(root / "incoming", {f"s{n:03}": ({"x.py": texts[n % 3]},) for n in range(STUDENTS)})
    done(tito("nbgrader", "collect", "02", root / "incoming", cwd=root / "class"))
    return Classroom(root / "class")


@contextmanager
def cluster(folder: Path, workers: int):
    """A scheduler and some workers on this machine; yields its address and the workers' processes."""
    environment = os.environ | {
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2",
        # a killed worker closes its connection; a busy one that is late with a sign of life is not lost
        "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "60s",
    }
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "stdin": subprocess.DEVNULL,
        "env": environment,
        "cwd": folder,
    }
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    dask = [sys.executable, "-m", "dask"]
    place = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    started = [subprocess.Popen([*dask, "scheduler", *place, "--scheduler-file", str(file)], **quiet)]
    try:
        until = time.monotonic() + 30
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.5)
        line = [
            *dask,
            "worker",
            "--scheduler-file",
            str(file),
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
        ]
        started += [subprocess.Popen(line, **quiet) for _ in range(workers)]
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        with Client(address, timeout=30, set_as_default=False) as client:
            if workers:
                client.wait_for_workers(workers, timeout=60)
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def test_a_lost_machine_loses_no_submission(classroom):
    module = course.find("02")
    with cluster(classroom.root.parent, 3) as (address, workers):
        together = {}
        for result in autograde(classroom, module, unsafe_ok=bool(UNSAFE), scheduler=address):
            together[result.student] = (result.status, result.score)
            if len(together) == STUDENTS // 3:
                os.kill(workers[0].pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    assert together == {f"s{n:03}": ("graded", (21, 23, 19)[n % 3]) for n in range(STUDENTS)}


def test_no_scheduler_is_said_in_one_sentence(classroom):
    run = tito(
        "nbgrader", "autograde", "02", "--force", "--scheduler", "tcp://127.0.0.1:1", *UNSAFE, cwd=classroom.root
    )
    assert run.returncode == 1 and "there is no Dask scheduler at tcp://127.0.0.1:1" in run.stderr, run.stderr


def test_no_machine_is_said_in_one_sentence(classroom):
    with cluster(classroom.root.parent, 0) as (address, _), pytest.raises(TitoError, match="no machine has registered"):
        list(autograde(classroom, course.find(MODULE.number), force=True, scheduler=address))
