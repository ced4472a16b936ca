"""Run the cells of a notebook, with the reference for the earlier modules: what each cell printed, and how each test ended.

What a student wrote runs in a worker (`worker.py`), behind walls. The tests run in a judge (`judge.py`), which asks the worker. For
each test the worker starts over, and runs what the test needs. What students are told comes from runs in which no hidden test
has run: the notebook's cells run before all tests, and a test that failed runs once more in a new worker, without its hidden part.

One endless loop, one `os._exit`, one crash must not take the other tests along: then judge and worker are given up, and others
are started.
"""

import json
import os
import py_compile
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic

from tito import course, files
from tito.assignments import sandbox
from tito.assignments.around import GIVEN, OWN, TRUSTED, WEAKER, Code, before
from tito.assignments.sandbox import Limits
from tito.course import Module
from tito.glue import glue
from tito.notebook import HIDDEN
from tito.place import COURSE

__all__ = ["GIVEN", "OWN", "TRUSTED", "WEAKER", "Code"]
WORKER = Path(__file__).with_name("worker.py")
CELL_SECONDS = 10.0
TOTAL_SECONDS = 120.0
START_SECONDS = 60.0  # for the programs that run cells to start
LONGEST = 1 << 20  # bytes of an answer
BROKE = ("SystemExit", "the code broke the program that runs it")
TITO_IN = Path(__file__).parent.parent.parent
HIDDEN_BLOCK = re.compile(rf"^([ ]*){HIDDEN[0]}\n.*?^[ ]*{HIDDEN[1]}", re.DOTALL | re.MULTILINE)


class RunFailed(Exception):
    """The cells could not be run to their end; the text says why, for the instructor and the student."""


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
    reason: str = ""  # of a trusted test: the sentence to begin with, as in `reasons.py`
    shown: "Outcome | None" = None  # of a test that failed: how it ends without its hidden part

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
            path = Path(folder) / "tinytorch" / name
            files.write(path, text)
            if path.suffix == ".py":  # once, and not for each worker: they may write nothing here
                py_compile.compile(str(path), doraise=True)
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
    """Run a student's cells from top to bottom, and each test apart.

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
    with _Programs(package_in, cell_seconds, total_seconds, walls) as programs:
        outcomes = dict(_own_cells(programs, cells))
        usable = [cell for number, cell in enumerate(cells) if cell.is_test or not outcomes[number].gave_up]
        tests = {number: cell for number, cell in enumerate(cells) if cell.is_test}
        for number, test in tests.items():
            outcomes[number] = _test(programs, usable, test, test)
        programs.give_up()  # what is shown to students comes from a worker that no hidden test has used
        with suppress(RunFailed):
            for number, test in tests.items():
                if outcomes[number].error and not outcomes[number].gave_up:
                    shown = _test(programs, usable, test, replace(test, source=without_hidden(test.source)))
                    outcomes[number] = replace(outcomes[number], shown=shown)
    return [outcomes[number] for number in range(len(cells))]


def _own_cells(programs: "_Programs", cells: list[Code]) -> Iterator[tuple[int, Outcome]]:
    """All cells but the tests, before any test has run; the last one tells what was replaced in the libraries."""
    done: list[Code] = []
    numbers = [number for number, cell in enumerate(cells) if not cell.is_test]
    for number in numbers:
        outcome = programs.run(cells[number], done)
        done += [] if outcome.gave_up else [cells[number]]
        yield number, replace(outcome, replaced=programs.replaced()) if number == numbers[-1] else outcome


def _test(programs: "_Programs", cells: list[Code], test: Code, as_it_is_run: Code) -> Outcome:
    programs.start_over()
    for code in before(cells[: cells.index(test)], test):
        programs.run(code)
    return programs.run(as_it_is_run)


def without_hidden(source: str) -> str:
    r"""A test without its hidden part, every line where it was.

    >>> without_hidden("a\n  ### BEGIN HIDDEN TESTS\n  b\n  ### END HIDDEN TESTS\nc")
    'a\n  pass\n\n\nc'
    """
    return HIDDEN_BLOCK.sub(lambda block: block[1] + "pass" + "\n" * block[0].count("\n"), source)


def run_each(
    notebooks: list[list[Code]],
    package_in: Path,
    cell_seconds: float = CELL_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
) -> list[list[Outcome]]:
    """Run notebooks of the course's own, one after the other: each from top to bottom, its tests among its cells."""
    with _Programs(package_in, cell_seconds, total_seconds, walls=False) as programs:
        return [_in_one(programs, cells) for cells in notebooks]


def _in_one(programs: "_Programs", cells: list[Code]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    programs.start_over()
    programs.until = monotonic() + programs.total_seconds
    for number, cell in enumerate(cells):
        ended = zip(cells[:number], outcomes, strict=True)
        outcomes.append(programs.run(cell, [c for c, outcome in ended if not c.is_test and not outcome.gave_up]))
    return outcomes


class _Programs:
    """A judge and its worker, and others after each time that they were given up."""

    def __init__(self, package_in: Path, cell_seconds: float, total_seconds: float, walls: bool):
        self.package_in, self.seconds, self.total_seconds, self.walls = package_in, cell_seconds, total_seconds, walls
        self.until = monotonic() + total_seconds
        self.judge: _Judge | None = None

    def __enter__(self) -> "_Programs":
        return self

    def __exit__(self, *_: object) -> None:
        self.give_up()

    def start_over(self) -> None:
        """Forget all that was run."""
        if self.judge is not None and self.judge.ask({"do": "start over"}, self.seconds).gave_up:
            self.give_up()

    def run(self, cell: Code, done: list[Code] = ()) -> Outcome:
        """Run one cell.

        Args:
            done: what it needs of the cells above it, should the programs be new.

        Raises:
            RunFailed: the time for all cells is over.
        """
        if self.judge is None:
            self.judge = _Judge(self.package_in, Limits(seconds=int(self.total_seconds) + 10), self.walls)
            # to start takes longer on a busy machine: that does not count as a cell's time
            started = self.judge.ask({"do": "replaced"}, START_SECONDS)
            if started.gave_up:
                self.give_up()
                return started
            for earlier in done:
                self.judge.ask(_command(earlier), self.seconds)
        outcome = self.judge.ask(_command(cell), self.seconds)
        if outcome.gave_up:
            self.give_up()
        if monotonic() > self.until:
            raise RunFailed(f"all cells together ran longer than {self.total_seconds:g} s; the last was {cell.name}")
        return outcome

    def replaced(self) -> frozenset[str]:
        """Which functions of the libraries the cells have replaced."""
        return self.judge.ask({"do": "replaced"}, self.seconds).replaced if self.judge is not None else frozenset()

    def give_up(self) -> None:
        """End the programs; the next cell has others."""
        if self.judge is not None:
            self.judge.close()
        self.judge = None


def _command(cell: Code) -> dict:
    request = asdict(cell) | {"objects": None if cell.objects is None else sorted(cell.objects)}
    names = ("name", "source", "kind", "objects", "returns", "reference", "methods")
    return {"do": "cell", "cell": {name: request[name] for name in names}}


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

    def ask(self, command: dict, seconds: float) -> Outcome:
        self._say(command)
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
        noticed["reason"] = _text(answer.get("reason", ""))
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
