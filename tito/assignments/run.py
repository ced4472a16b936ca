"""Run the cells of a notebook, with the reference for the earlier modules: what each cell printed, and how each test ended.

What a student wrote runs in a worker (`worker.py`), behind walls. The tests run in a judge (`judge.py`), which asks the worker. One
endless loop, one `os._exit`, one crash must not take the other tests along: then both are given up, another pair is started, runs
what the others need, and goes on with the next test.
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
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from tito import course, files
from tito.assignments import sandbox
from tito.assignments.sandbox import Limits
from tito.course import Module
from tito.glue import glue
from tito.place import COURSE

WORKER = Path(__file__).with_name("worker.py")
CELL_SECONDS = 10.0
TOTAL_SECONDS = 120.0
LONGEST = 1 << 20  # bytes of an answer
BROKE = ("SystemExit", "the code broke the program that runs it")
TITO_IN = Path(__file__).parent.parent.parent


class RunFailed(Exception):
    """The cells could not be run to their end; the text says why, for the instructor and the student."""


# the kinds of cells
OWN = "own"  # a student wrote it
GIVEN = "given"  # it is the same for all students; tests may use it
TRUSTED = "trusted"  # a test that runs outside of the student's process
WEAKER = "weaker"  # a test that must stand beside the student's code, which can read it and deceive it


@dataclass(frozen=True)
class Code:
    """A cell as it is run."""

    name: str  # the grade id, or what else the cell is called
    source: str
    kind: str = OWN
    # of a trusted test: which questions may be answered by an object instead of data; None if any may
    objects: frozenset[str] | None = None

    @property
    def is_test(self) -> bool:
        return self.kind in (TRUSTED, WEAKER)


@dataclass(frozen=True)
class Outcome:
    """How a cell ended."""

    error: tuple[str, str] | None = None  # type and text
    frames: list[list] = field(
        default_factory=list
    )  # [file, line, function], the innermost last; a cell's file: <name>
    printed: str = ""
    gave_up: bool = False  # it ended the process, or was stopped
    replaced: frozenset[str] = frozenset()  # functions of the libraries that the code had replaced by then
    objects: frozenset[str] = frozenset()  # which questions of a trusted test were answered by objects

    @property
    def hit_a_limit(self) -> bool:
        return self.gave_up or (self.error is not None and self.error[0] == "MemoryError")


def reference_texts(module: Module) -> dict[str, str]:
    """The reference of the modules before `module`, and nothing of `module` itself: file name -> text."""
    earlier = course.earlier(module)
    return {other.file: files.read(COURSE.exported(other)) for other in earlier} | glue(earlier)


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
    return run_each([cells], package_in, cell_seconds, total_seconds, walls)[0]


def run_each(
    notebooks: list[list[Code]],
    package_in: Path,
    cell_seconds: float = CELL_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    walls: bool = False,
) -> list[list[Outcome]]:
    """Run several notebooks one after the other, in the same processes for as long as they live; as `run`, for each of them."""
    with _Runs(package_in, cell_seconds, total_seconds, walls) as runs:
        return [runs.notebook(cells) for cells in notebooks]


class _Runs:
    """A judge and a worker at a time, and another pair after each that was given up."""

    def __init__(self, package_in: Path, cell_seconds: float, total_seconds: float, walls: bool):
        self.package_in, self.seconds, self.total_seconds, self.walls = package_in, cell_seconds, total_seconds, walls
        self.judge: _Judge | None = None

    def __enter__(self) -> "_Runs":
        return self

    def __exit__(self, *_: object) -> None:
        if self.judge is not None:
            self.judge.close()

    def notebook(self, cells: list[Code]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        until = monotonic() + self.total_seconds
        if self.judge is not None and self.judge.run(Code("", "", "start over"), self.seconds).gave_up:
            self.judge = self.judge.close()
        with ExitStack() as rest:
            # a weaker test has a worker that sees no other test; it starts while the others run
            alone = {cell.name: rest.enter_context(closing(self._pair())) for cell in cells if cell.kind == WEAKER}
            for number, cell in enumerate(cells):
                if cell.kind == WEAKER:
                    judge = _prepared(alone[cell.name], cells[:number], outcomes, self.seconds)
                else:
                    self.judge = self.judge or _prepared(self._pair(), cells[:number], outcomes, self.seconds)
                    judge = self.judge
                outcomes.append(judge.run(cell, self.seconds))
                if judge is self.judge and outcomes[-1].gave_up:
                    self.judge = self.judge.close()
                if monotonic() > until:
                    raise RunFailed(
                        f"all cells together ran longer than {self.total_seconds:g} s; the last was {cell.name}"
                    )
        return outcomes

    def _pair(self) -> "_Judge":
        return _Judge(self.package_in, Limits(seconds=int(self.total_seconds) + 10), self.walls)


def _prepared(judge: "_Judge", cells: list[Code], outcomes: list[Outcome], seconds: float) -> "_Judge":
    """A new pair after it has run what later cells may need: no tests, and nothing that ended the process."""
    for cell, before in zip(cells, outcomes, strict=True):
        if not cell.is_test and not before.gave_up:
            judge.run(cell, seconds)
    return judge


class _Judge:
    """One process of `judge.py`, its worker, and the folder that both may write to, which ends with them."""

    def __init__(self, package_in: Path, limits: Limits, walls: bool):
        self.rest = ExitStack()
        scratch = self.rest.enter_context(tempfile.TemporaryDirectory(prefix="tito_", ignore_cleanup_errors=True))
        environment = os.environ | {
            "PYTHONPATH": str(package_in),
            "MPLBACKEND": "agg",
            "OPENBLAS_NUM_THREADS": "1",  # as many processes run as there are jobs
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if walls:
            program = [WORKER, *limits.arguments()]
            worker, inside = self.rest.enter_context(sandbox.command(program, package_in, limits))
            start = {"command": worker, "environment": inside, "folder": "/"}
        else:
            # processes are counted by user, and this user has others
            program = [str(WORKER), *replace(limits, processes=0).arguments()]
            worker = [sys.executable, "-X", "utf8", "-s", "-P", *program]
            start = {"command": worker, "environment": environment, "folder": scratch}
        self.process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-s", "-P", "-m", "tito.assignments.judge"],
            cwd=scratch,
            env=environment | {"PYTHONPATH": str(TITO_IN)},
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
        self._say(start)

    def _listen(self) -> None:
        """Pass lines on."""
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
        """Pass commands on: a judge that waits for its worker does not read, and must not stop the grader."""
        while (line := self.commands.get()) is not None:
            with suppress(OSError, ValueError):
                self.process.stdin.write(line)
                self.process.stdin.flush()

    def _say(self, command: dict) -> None:
        self.commands.put(json.dumps(command).encode() + b"\n")

    def run(self, cell: Code, seconds: float) -> Outcome:
        objects = None if cell.objects is None else sorted(cell.objects)
        self._say({"kind": cell.kind, "name": cell.name, "source": cell.source, "objects": objects})
        try:
            line = self.answers.get(timeout=seconds)
        except queue.Empty:
            return Outcome(("TimeoutError", f"it ran longer than {seconds:g} s and was stopped"), gave_up=True)
        if not line:
            return Outcome(("MemoryError", "the test needed more than there is, and was stopped"), gave_up=True)
        return _outcome(line) or Outcome(BROKE, gave_up=True)

    def close(self) -> None:
        self.closed.set()
        self.commands.put(None)
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # with whatever it has started
        else:
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.process.pid)], capture_output=True)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()
        self.rest.close()


def _outcome(line: bytes) -> Outcome | None:
    """An answer of `judge.py`; None where a student's code has put something else into it."""
    try:
        answer = json.loads(line)
        error, printed = answer["error"], _text(answer["printed"])
        noticed = {key: frozenset(map(_text, answer.get(key, []))) for key in ("replaced", "objects")}
        if error is None:
            return Outcome(printed=printed, **noticed)
        kind, text, frames = error
        known = [[_text(file), int(number), _text(function)] for file, number, function in frames[:30]]
        gave_up = answer.get("ended") is True
        return Outcome((_text(kind), _text(text)), known, printed, gave_up, **noticed)
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError, OverflowError):
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value[:30_000].encode(errors="replace").decode()
