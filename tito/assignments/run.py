"""Run the cells of a notebook, with the reference for the earlier modules: what each cell printed, and how each test ended.

One endless loop, one `os._exit`, one crash must not take the other tests along. So the cells run in a process that can be
given up: another one is started, runs what the others need, and goes on with the next test.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic

from tito import course, files
from tito.course import Module
from tito.glue import glue
from tito.place import COURSE

RUNNER = Path(__file__).with_name("runner.py")
CELL_SECONDS = 10.0
TOTAL_SECONDS = 120.0


class RunFailed(Exception):
    """The cells could not be run to their end; the text says why, for the instructor and the student."""


@dataclass(frozen=True)
class Code:
    """A cell as it is run."""

    name: str  # the grade id, or what else the cell is called
    source: str
    is_test: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a cell ended."""

    error: tuple[str, str] | None = None  # type and text
    frames: list[list] = field(
        default_factory=list
    )  # [file, line, function], the innermost last; a cell's file is <name>
    printed: str = ""
    gave_up: bool = False  # it ended the process, or was stopped

    def as_json(self) -> dict:
        return asdict(self)

    def line_in(self, name: str) -> int | None:
        """The line of the cell `name` where the error came up."""
        return next((line for file, line, _ in reversed(self.frames) if file == f"<{name}>"), None)


@contextmanager
def reference_before(module: Module) -> Iterator[Path]:
    """A folder whose `tinytorch` has the reference of the modules before `module`, and nothing of `module` itself."""
    earlier = course.earlier(module)
    with tempfile.TemporaryDirectory(prefix="tito_") as folder:
        texts = {f"{other.slug}.py": files.read(COURSE.package / f"{other.slug}.py") for other in earlier}
        for name, text in (texts | glue(earlier)).items():
            files.write(Path(folder) / "tinytorch" / name, text)
        yield Path(folder)


def run(
    cells: list[Code], package_in: Path, cell_seconds: float = CELL_SECONDS, total_seconds: float = TOTAL_SECONDS
) -> list[Outcome]:
    """Run cells from top to bottom, in one process for as long as it lives.

    Args:
        cells: code; a cell that is a test may fail or die without consequence for the others.
        package_in: folder with the `tinytorch` that the cells import.
        cell_seconds: how long one cell may take.
        total_seconds: how long all of them may take.

    Returns:
        One outcome for each cell.

    Raises:
        RunFailed: all together took too long.
    """
    outcomes: list[Outcome] = []
    until = monotonic() + total_seconds
    with tempfile.TemporaryDirectory(prefix="tito_", ignore_cleanup_errors=True) as scratch:
        worker = None
        try:
            for number, cell in enumerate(cells):
                if worker is None:
                    worker = _Worker(package_in, Path(scratch), total_seconds + 10)
                    _again(worker, cells[:number], outcomes, cell_seconds)
                outcome = worker.run(cell, cell_seconds)
                outcomes.append(outcome)
                if outcome.gave_up:
                    worker = worker.close()
                if monotonic() > until:
                    raise RunFailed(f"all cells together ran longer than {total_seconds:g} s; the last was {cell.name}")
        finally:
            if worker is not None:
                worker.close()
    return outcomes


def _again(worker: "_Worker", cells: list[Code], outcomes: list[Outcome], seconds: float) -> None:
    """Run once more what later cells may need: no tests, and nothing that ended the process."""
    for cell, before in zip(cells, outcomes, strict=True):
        if not cell.is_test and not before.gave_up:
            worker.run(cell, seconds)


class _Worker:
    """One process of `runner.py`."""

    def __init__(self, package_in: Path, scratch: Path, cpu_seconds: float):
        environment = os.environ | {
            "PYTHONPATH": str(package_in),
            "MPLBACKEND": "agg",
            "OPENBLAS_NUM_THREADS": "1",  # as many processes run as there are jobs
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-s", "-P", str(RUNNER), str(int(cpu_seconds))],
            cwd=scratch,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            encoding="utf-8",
        )
        self.answers: queue.Queue = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    def run(self, cell: Code, seconds: float) -> Outcome:
        try:
            print(
                json.dumps({"source": cell.source, "name": cell.name, "is_test": cell.is_test}),
                file=self.process.stdin,
                flush=True,
            )
            line = self.answers.get(timeout=seconds)
            answer = json.loads(line) if line else None
        except queue.Empty:
            return Outcome(("TimeoutError", f"it ran longer than {seconds:g} s and was stopped"), gave_up=True)
        except (OSError, ValueError):
            answer = None
        if answer is None:
            return Outcome(("SystemExit", "the code ended the program that runs it"), gave_up=True)
        error = answer["error"]
        return Outcome(error and (error[0], error[1]), error[2] if error else [], answer["printed"])

    def close(self) -> None:
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # with whatever it has started
        else:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()
