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
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from tito import course, files
from tito.assignments import sandbox
from tito.assignments.sandbox import Limits
from tito.course import Module
from tito.glue import glue
from tito.place import COURSE

RUNNER = Path(__file__).with_name("runner.py")
CELL_SECONDS = 10.0
TOTAL_SECONDS = 120.0
LONGEST = 1 << 20  # bytes of an answer


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
    )  # [file, line, function], the innermost last; a cell's file: <name>
    printed: str = ""
    gave_up: bool = False  # it ended the process, or was stopped

    @property
    def hit_a_limit(self) -> bool:
        return self.gave_up or (self.error is not None and self.error[0] == "MemoryError")


def reference_texts(module: Module) -> dict[str, str]:
    """The reference of the modules before `module`, and nothing of `module` itself: file name -> text."""
    earlier = course.earlier(module)
    return {f"{other.slug}.py": files.read(COURSE.package / f"{other.slug}.py") for other in earlier} | glue(earlier)


@contextmanager
def package_of(texts: dict[str, str]) -> Iterator[Path]:
    """A folder with a `tinytorch` of these files."""
    with tempfile.TemporaryDirectory(prefix="tito_") as folder:
        Path(folder).chmod(0o755)  # the sandbox has another user
        for name, text in texts.items():
            files.write(Path(folder) / "tinytorch" / name, text)
        yield Path(folder)


def reference_before(module: Module) -> AbstractContextManager[Path]:
    """A folder whose `tinytorch` is the reference of the modules before `module`."""
    return package_of(reference_texts(module))


def run(
    cells: list[Code],
    package_in: Path,
    cell_seconds: float = CELL_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    walls: bool = False,
) -> list[Outcome]:
    """Run cells from top to bottom, in one process for as long as it lives.

    Args:
        cells: code; a cell that is a test may fail or die without consequence for the others.
        package_in: folder with the `tinytorch` that the cells import.
        cell_seconds: how long one cell may take.
        total_seconds: how long all of them may take.
        walls: whether they run in the sandbox; what a student wrote should.

    Returns:
        One outcome for each cell.

    Raises:
        RunFailed: all together took too long.
    """
    outcomes: list[Outcome] = []
    until = monotonic() + total_seconds
    limits = Limits(seconds=int(total_seconds) + 10)
    worker = None
    try:
        for number, cell in enumerate(cells):
            if worker is None:
                worker = _Worker(package_in, limits, walls)
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
    """One process of `runner.py`, and the folder that it may write to, which ends with it."""

    def __init__(self, package_in: Path, limits: Limits, walls: bool):
        self.rest = ExitStack()
        if walls:
            command, environment = self.rest.enter_context(
                sandbox.command([RUNNER, *limits.arguments()], package_in, limits)
            )
            scratch = "/"
        else:
            arguments = replace(
                limits, processes=0
            ).arguments()  # it is counted by user, and this user has other processes
            command = [sys.executable, "-X", "utf8", "-s", "-P", str(RUNNER), *arguments]
            environment = os.environ | {
                "PYTHONPATH": str(package_in),
                "MPLBACKEND": "agg",
                "OPENBLAS_NUM_THREADS": "1",  # as many processes run as there are jobs
                "PYTHONDONTWRITEBYTECODE": "1",
            }
            scratch = self.rest.enter_context(tempfile.TemporaryDirectory(prefix="tito_", ignore_cleanup_errors=True))
        self.process = subprocess.Popen(
            command,
            cwd=scratch,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.commands: queue.Queue = queue.Queue()
        self.answers: queue.Queue = queue.Queue(maxsize=10)
        self.closed = threading.Event()
        for loop in (self._listen, self._speak):
            threading.Thread(target=loop, daemon=True).start()

    def _listen(self) -> None:
        """Pass lines on. What a student's code writes to the pipe must not fill the grader's memory."""
        while not self.closed.is_set():
            try:
                line = self.process.stdout.readline(LONGEST)
            except (OSError, ValueError):
                line = b""
            while not self.closed.is_set():
                with suppress(queue.Full):
                    self.answers.put(line, timeout=1)
                    break
            if not line:
                return

    def _speak(self) -> None:
        """Pass commands on: a process that does not read must not stop the grader."""
        while (line := self.commands.get()) is not None:
            with suppress(OSError, ValueError):
                self.process.stdin.write(line)
                self.process.stdin.flush()

    def run(self, cell: Code, seconds: float) -> Outcome:
        command = {"source": cell.source, "name": cell.name, "is_test": cell.is_test}
        self.commands.put(json.dumps(command).encode() + b"\n")
        try:
            line = self.answers.get(timeout=seconds)
        except queue.Empty:
            return Outcome(("TimeoutError", f"it ran longer than {seconds:g} s and was stopped"), gave_up=True)
        if not line:
            return Outcome(("SystemExit", "the code ended the program that runs it"), gave_up=True)
        return _outcome(line) or Outcome(("SystemExit", "the code broke the program that runs it"), gave_up=True)

    def close(self) -> None:
        self.closed.set()
        self.commands.put(None)
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # with whatever it has started
        else:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()
        self.rest.close()


def _outcome(line: bytes) -> Outcome | None:
    """An answer of `runner.py`; None for whatever else a student's code may have written in its place."""
    try:
        answer = json.loads(line)
        error, printed = answer["error"], answer["printed"]
        if error is None:
            return Outcome(printed=_text(printed))
        kind, text, frames = error
        known = [[_text(file), int(number), _text(function)] for file, number, function in frames[:30]]
        return Outcome((_text(kind), _text(text)), known, _text(printed))
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError, OverflowError):
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value[:30_000].encode(errors="replace").decode()
