"""Grading: each submission is run, several at a time; what came of it is entered into NBGrader's database, one after the other.

A submission is done when its record says so, which is written last. After a kill -9 whatever has no record is graded again.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from nbformat import NotebookNode, reads

from tito.assignments import sandbox
from tito.assignments.cells import code_cells, graded_cells, nb_key, with_tests
from tito.assignments.classroom import CONFIG, Classroom
from tito.assignments.cluster import on_cluster
from tito.assignments.jupyter import grade_id
from tito.assignments.lateness import EARLIER, STAMP, days_late
from tito.assignments.pool import at_once
from tito.assignments.preprocessors import RunTests
from tito.assignments.run import (
    CELL_SECONDS,
    TOTAL_SECONDS,
    Code,
    Outcome,
    RunFailed,
    reference_before,
    reference_texts,
    run,
)
from tito.course import Module
from tito.errors import TitoError
from tito.files import read

RULES = "2"  # another number when the same submission may get another score: then everything is graded again


@dataclass(frozen=True)
class Graded:
    """What became of one student's submission."""

    student: str
    status: str  # "graded", "needs manual", "failed" or "no submission"
    why: str = ""
    score: float | None = None
    max_score: float | None = None
    notes: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)  # by grade id
    unread: frozenset[str] = frozenset()  # grade ids of answers that have not been read
    # grade id -> (before, now), when it was graded again
    changed: dict[str, tuple[float, float]] = field(default_factory=dict)
    again: bool = True  # False: nothing had changed since it was graded
    handed_in: str = ""  # UTC; empty if unknown
    handed_in_by: str = ""  # who says so
    days_late: int | None = None  # None without a due date, or without a time
    penalty: float = 0.0  # what being late took from the score
    above: list[str] = field(default_factory=list)  # scores that are higher than their maximum

    @property
    def score_before(self) -> float | None:
        """The score before the penalty for being late."""
        return None if self.score is None else self.score + self.penalty

    @property
    def remarks(self) -> list[str]:
        """What an instructor should look at."""
        above = [f"CHECK: above the maximum: {', '.join(self.above)}"] if self.above else []
        return [*above, *([self.why] if self.why else []), *self.notes]


def autograde(
    classroom: Classroom,
    module: Module,
    jobs: int = 1,
    force: bool = False,
    unsafe_ok: bool = False,
    scheduler: str | None = None,
) -> Iterator[Graded]:
    """Grade every submission of an assignment.

    Args:
        jobs: how many submissions are graded at the same time, each in a process of its own.
        force: grade also what was graded already and has not changed since.
        unsafe_ok: run students' code also where it cannot be walled in.
        scheduler: the address of a Dask scheduler, on whose machines they run instead.

    Yields:
        One result for each student who is known, in alphabetical order.

    Raises:
        TitoError: the assignment was not generated, or there are no students.
    """
    if not classroom.source(module).exists():
        raise TitoError(f"{module.stem} was not generated yet: `tito nbgrader generate {module.number}` first")
    students = known_students(classroom, module)
    if not students:
        raise TitoError(
            f"nothing was collected for {module.stem}: `tito nbgrader collect {module.number} incoming/` first"
        )
    grader = Grader(classroom, module)
    todo = [student for student in students if grader.is_open(student, force)]
    unsafe_ok = unsafe_ok or bool(classroom.config().RunTests.get("unsafe_ok", False))
    if scheduler:
        way = _on_cluster(grader, todo, scheduler, unsafe_ok)
    else:
        way = _on_this_machine(grader, todo, jobs, unsafe_ok)
    with way as results:
        for student in students:
            yield next(results) if student in todo else as_before(classroom, module, student)


@contextmanager
def _on_this_machine(grader: "Grader", students: list[str], jobs: int, unsafe_ok: bool) -> Iterator[Iterator[Graded]]:
    walls = sandbox.require(unsafe_ok)
    with reference_before(grader.module) as package_in:
        here = partial(
            run, package_in=package_in, cell_seconds=grader.limits[0], total_seconds=grader.limits[1], walls=walls
        )
        with at_once(partial(grader.grade, how=here), students, jobs, _lost) as results:
            yield results


@contextmanager
def _on_cluster(grader: "Grader", students: list[str], scheduler: str, unsafe_ok: bool) -> Iterator[Iterator[Graded]]:
    with on_cluster(scheduler, reference_texts(grader.module), grader.limits, unsafe_ok) as submit:
        waiting = [(student, submit(grader.cells(student))) for student in students]
        yield (grader.grade(student, how=lambda _, outcomes=outcomes: outcomes()) for student, outcomes in waiting)


def _lost(student: str) -> Graded:
    return Graded(student, "failed", "the process that graded it was killed; `tito nbgrader autograde` tries again")


def known_students(classroom: Classroom, module: Module) -> list[str]:
    """Everybody whose work was collected, or failed to be, and everybody in the gradebook."""
    collected = (path.stem for path in (classroom.state / "collected" / module.stem).glob("*.json"))
    submitted = (
        path.parent.parent.name for path in (classroom.root / "submitted").glob(f"*/{module.stem}/{module.stem}.ipynb")
    )
    with classroom.gradebook() as gradebook:
        enrolled = [student.id for student in gradebook.students]
    return sorted({*collected, *submitted, *enrolled})


class Grader:
    """Grades one submission after the other."""

    def __init__(self, classroom: Classroom, module: Module):
        self.classroom, self.module = classroom, module
        self.source = reads(read(classroom.source(module)), 4)
        due = classroom.due(module)
        # the settings too: how long a cell may run, and what being late costs
        self.version = _version(module, self.source) + f"{RULES} {due} {read(classroom.root / CONFIG)}"
        limits = classroom.config().RunTests
        self.limits = limits.get("cell_seconds", CELL_SECONDS), limits.get("total_seconds", TOTAL_SECONDS)

    def is_open(self, student: str, force: bool = False) -> bool:
        """Whether a submission is to be graded: for the first time, or because it or the assignment has changed."""
        if not self._submission(student).exists():
            return False
        record = self.classroom.record("graded", self.module, student)
        if force or record is None or record["key"] != self._key(student):
            return True
        return record["status"] != "failed" and not self.classroom.autograded(self.module, student).exists()

    def cells(self, student: str) -> list[Code]:
        """What is run of a submission."""
        return graded_cells(self._tested(student), self.source)

    def _tested(self, student: str) -> NotebookNode:
        return with_tests(reads(read(self._submission(student)), 4), self.source)

    def grade(self, student: str, how: Callable[[list[Code]], list[Outcome]]) -> Graded:
        """Run a submission, let NBGrader enter what came of it, and note that it is done.

        Args:
            how: what runs cells.
        """
        from nbgrader.converters import Autograde

        key, notes = self._key(student), []
        try:
            before = scores_of(self.classroom, self.module, student)
            nb = self._tested(student)
            cells = graded_cells(nb, self.source)
            outcomes = how(cells)
            notes = noticed(cells, outcomes)
            RunTests.known[nb_key(nb)] = outcomes
            self._forget_time(student)
            self.classroom.convert(Autograde, self.module, student)
            result = result_of(self.classroom, self.module, student, notes, before)
        except (RunFailed, TitoError) as error:
            result = Graded(student, "failed", str(error), notes=notes)
        except Exception as error:  # one submission must never stop the others
            result = Graded(student, "failed", f"{type(error).__name__}: {error}", notes=notes)
        record = {"key": key, "status": result.status, "why": result.why, "notes": result.notes}
        self.classroom.note("graded", record, self.module, student)
        return result

    def _forget_time(self, student: str) -> None:
        """NBGrader keeps the time of an earlier submission, if the new one has none."""
        from nbgrader.api import MissingEntry

        if not self._submission(student).with_name(STAMP).exists():
            with self.classroom.gradebook() as gradebook, suppress(MissingEntry):
                gradebook.find_submission(self.module.stem, student).timestamp = None
                gradebook.db.commit()

    def _submission(self, student: str) -> Path:
        return self.classroom.submitted(self.module, student) / f"{self.module.stem}.ipynb"

    def _key(self, student: str) -> str:
        path = self._submission(student)
        stamp = path.with_name(STAMP)
        parts = [self.version.encode(), path.read_bytes(), stamp.read_bytes() if stamp.exists() else b""]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _version(module: Module, source: NotebookNode) -> str:
    """Changes when the tests, the points or the reference change: then everything is graded again."""
    cells = [
        f"{grade_id(cell)} {cell.metadata.get('nbgrader', {}).get('points')} {cell.source}" for cell in source.cells
    ]
    return hashlib.sha256("\0".join([*cells, *reference_texts(module).values()]).encode()).hexdigest()


def noticed(cells: list[Code], outcomes: list[Outcome]) -> list[str]:
    """What an instructor may want to look at: facts, which may have harmless reasons."""
    ends = [(cell.name, end.error[1]) for cell, end in zip(cells, outcomes, strict=True) if end.hit_a_limit]
    # the text may be the student's: no control codes for the terminal
    messages = [f"{name}: {''.join(c if c.isprintable() else ' ' for c in text)[:200]}" for name, text in ends]
    replaced = sorted(set().union(*(end.replaced for end in outcomes)))
    return [*messages, *([f"replaced: {', '.join(replaced)}"] if replaced else [])]


def result_of(classroom: Classroom, module: Module, student: str, notes: list[str], before: dict[str, float]) -> Graded:
    """What the gradebook says of a submission.

    Args:
        before: the scores that it had before it was graded again.
    """
    with classroom.gradebook() as gradebook:
        submission = gradebook.find_submission(module.stem, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        now = {grade.name: grade.score for grade in grades}
        unread = frozenset(g.name for g in grades if g.needs_manual_grade and g.manual_score is None)
        penalty = sum(notebook.late_submission_penalty or 0 for notebook in submission.notebooks)
        status = "needs manual" if submission.needs_manual_grade else "graded"
        score, most = submission.score - penalty, submission.max_score
        above = [f"{g.name} {g.score:g} of {g.max_score:g}" for g in grades if g.score > g.max_score]
        late = _lateness(classroom, module, submission)
    above += [f"in all {score:g} of {most:g}"] if score > most else []
    changed = {name: (before[name], score) for name, score in now.items() if name in before and before[name] != score}
    result = Graded(student, status, "", score, most, notes, now, unread, changed)
    return replace(result, penalty=penalty, above=above, **late)


def _lateness(classroom: Classroom, module: Module, submission) -> dict:
    """When a submission was handed in, by whom, and how many days late, as entries of `Graded`."""
    if submission.timestamp is None:
        return {}
    record = classroom.record("collected", module, submission.student.id) or {}
    late = None if submission.duedate is None else days_late(submission.total_seconds_late)
    at = f"{submission.timestamp:%Y-%m-%d %H:%M:%S} UTC"
    return {"handed_in": at, "handed_in_by": record.get("by") or EARLIER, "days_late": late}


def scores_of(classroom: Classroom, module: Module, student: str) -> dict[str, float]:
    """Grade id -> score, as the gradebook has it; empty for one that was not graded."""
    from nbgrader.api import MissingEntry

    with classroom.gradebook() as gradebook:
        try:
            submission = gradebook.find_submission(module.stem, student)
        except MissingEntry:
            return {}
        return {grade.name: grade.score for notebook in submission.notebooks for grade in notebook.grades}


def as_before(classroom: Classroom, module: Module, student: str) -> Graded:
    """What is known of a student's work without grading it."""
    record = classroom.record("graded", module, student)
    if record is not None and classroom.submitted(module, student).exists():
        if record["status"] == "failed":
            return Graded(student, "failed", record["why"], notes=record["notes"], again=False)
        return replace(result_of(classroom, module, student, record["notes"], {}), again=False)
    collected = classroom.record("collected", module, student)
    if collected is None:
        return Graded(student, "no submission", again=False)
    return Graded(student, collected["status"], collected.get("why", ""), again=False)


def scores(module: Module, nb: NotebookNode, source: NotebookNode) -> dict[str, tuple[int, int]]:
    """Grade id of each test -> (score, points) of a submission."""
    cells = code_cells(nb)
    with reference_before(module) as package_in:
        outcomes = run(graded_cells(nb, source), package_in)
    counts = {}
    for cell, outcome in zip(cells, outcomes, strict=True):
        if "points" in cell.metadata.get("nbgrader", {}):
            points = cell.metadata.nbgrader.points
            counts[grade_id(cell)] = (0 if outcome.error else points, points)
    return counts
