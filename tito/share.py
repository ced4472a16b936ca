"""Which share of a running program did the learner write? Lines of `tinytorch/` are counted while a piece of it runs.

What counts is a line of code in `tinytorch/` that is executed at least once, or every execution of it. Each line belongs to one of
three kinds: functions whose body the learner wrote, code that a notebook gives beside them, and files that the course brings along,
such as arrays, the graph and the vocabulary. NumPy, Python's library and the program outside of `tinytorch/` aren't counted.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

from tito import course
from tito.hints import exercises

WRITTEN, GIVEN, BESIDE = "written", "given", "beside"


@dataclass(frozen=True)
class Share:
    """Kind -> how many lines ran, and how often lines ran in all."""

    lines: dict[str, int]
    executions: dict[str, int]

    @property
    def of_lines(self) -> float:
        """The share of the lines that the learner wrote, from 0 to 1."""
        return self.lines[WRITTEN] / max(1, sum(self.lines.values()))

    @property
    def of_executions(self) -> float:
        return self.executions[WRITTEN] / max(1, sum(self.executions.values()))

    def __str__(self) -> str:
        total = sum(self.lines.values())
        names = {
            WRITTEN: "in exercises that you solved",
            GIVEN: "that your notebooks give around them",
            BESIDE: "in files beside them, such as arrays.py and graph.py",
        }
        rows = [
            f"{self.lines[kind]:7,} {self.lines[kind] / max(1, total):4.0%}  {name}" for kind, name in names.items()
        ]
        counted = f"Counted as often as they run, {self.of_executions:.0%} is yours. NumPy's lines don't count."
        return "\n".join([f"{total:7,} lines of tinytorch/", *rows, counted])


def measured_share(run: Callable[[], object], package: Path) -> Share:
    """Trace a piece of a program. It runs several times slower meanwhile, so it should be short.

    Args:
        run: the piece. Only what it does in this thread is counted.
        package: the folder `tinytorch`.
    """
    executions = Counter()
    with _traced(package.resolve(), executions):
        run()
    names = _exercises()
    lines, often = {WRITTEN: set(), GIVEN: set(), BESIDE: set()}, Counter()
    for (code, number), count in executions.items():
        kind = _kind(code, names, package.resolve())
        lines[kind].add((code.co_filename, number))  # a line with a comprehension may be in two pieces of code
        often[kind] += count
    return Share({kind: len(lines[kind]) for kind in lines}, {kind: often[kind] for kind in lines})


@contextmanager
def _traced(package: Path, executions: Counter) -> Iterator[None]:
    """Inside this block, count the lines of the package that run: (code, number of the line) -> how often."""
    inside: dict[str, bool] = {}

    def line(frame: FrameType, event: str, _: object) -> Callable:
        if event == "line":
            executions[frame.f_code, frame.f_lineno] += 1
        return line

    def call(frame: FrameType, event: str, _: object) -> Callable | None:
        name = frame.f_code.co_filename
        if name not in inside:
            inside[name] = package in Path(name).resolve().parents
        return line if inside[name] else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(before)


@cache
def _exercises() -> dict[str, set[str]]:
    """File in `tinytorch/` -> the qualified names of its exercises."""
    return {module.file: set(exercises(module)) for module in course.available()}


def _kind(code: CodeType, names: dict[str, set[str]], package: Path) -> str:
    """What a piece of code is. A function inside of an exercise, such as a gradient's, belongs to it."""
    file = Path(code.co_filename).resolve().relative_to(package).as_posix()
    if file not in names:
        return BESIDE
    parts = code.co_qualname.replace(".<locals>", "").split(".")
    outer = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return WRITTEN if outer & names[file] else GIVEN
