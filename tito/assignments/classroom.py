"""The folder of a class: NBGrader's folders and database, and beside them what `tito nbgrader` remembers."""

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from glob import escape
from pathlib import Path

from tito import course
from tito.assignments.quiet import quiet
from tito.course import Module
from tito.errors import TitoError
from tito.files import write

CONFIG = "nbgrader_config.py"
MARK = "from tito.assignments import preprocessors"
FOLDERS = ("source", "release", "submitted", "autograded", "feedback", "originals", "private")
SETTINGS = '''\
"""NBGrader's settings for this class; `tito nbgrader` and `nbgrader` both read them."""

{mark}

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "{name}"

# The course's own steps: each replaces one of NBGrader's that was measured to go wrong.
c.GenerateAssignment.preprocessors = preprocessors.RELEASE
c.Autograde.sanitize_preprocessors = preprocessors.SANITIZE
c.Autograde.autograde_preprocessors = preprocessors.AUTOGRADE
c.GenerateFeedback.preprocessors = preprocessors.FEEDBACK
c.OverwriteCells.add_missing_cells = True

# How long one cell, and a whole notebook, may run when it is graded.
c.RunTests.cell_seconds = 10.0
c.RunTests.total_seconds = 120.0
# True runs students' code also where there is no bubblewrap to wall it in: with your rights.
c.RunTests.unsafe_ok = False

# Percent of the score that each day after the due date takes away (`tito nbgrader release 02 --due 2030-01-31T23:59`).
c.AssignLatePenalties.plugin_class = preprocessors.LatePenalty
c.LatePenalty.percent_per_day = 0.0
'''
# what students wrote, and their grades, are private
IGNORED = """\
incoming/
originals/
submitted/
autograded/
feedback/
gradebook.db*
*.csv
.tito/
.ipynb_checkpoints/
__pycache__/
"""


@dataclass(frozen=True)
class Classroom:
    root: Path

    @property
    def state(self) -> Path:
        """What `tito nbgrader` remembers; losing it means grading again, nothing else."""
        return self.root / ".tito"

    def source(self, module: Module) -> Path:
        return self.root / "source" / module.stem / f"{module.stem}.ipynb"

    def release(self, module: Module) -> Path:
        return self.root / "release" / module.stem / f"{module.stem}.ipynb"

    def submitted(self, module: Module, student: str) -> Path:
        return self.root / "submitted" / student / module.stem

    def autograded(self, module: Module, student: str) -> Path:
        return self.root / "autograded" / student / module.stem / f"{module.stem}.ipynb"

    def feedback(self, module: Module, student: str) -> Path:
        return self.root / "feedback" / student / module.stem / f"{module.stem}.html"

    def private(self, module: Module) -> Path:
        return self.root / "private" / f"{module.stem}.py"

    def record(self, kind: str, module: Module, student: str | None = None) -> dict | None:
        """What was noted down: "released", or of a student "collected" and "graded"; None when nothing was, or it is damaged."""
        try:
            record = json.loads(self._record(kind, module, student).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    def note(self, kind: str, content: dict, module: Module, student: str | None = None) -> None:
        write(self._record(kind, module, student), json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def _record(self, kind: str, module: Module, student: str | None) -> Path:
        folder = self.state / kind / module.stem
        return folder.with_suffix(".json") if student is None else folder / f"{student}.json"

    def config(self):
        """NBGrader's configuration, as read from the class's folder."""
        from traitlets.config import PyFileConfigLoader

        config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root)
        return config

    def coursedir(self, **options: str):
        """NBGrader's idea of this folder, for an `assignment_id` and a `student_id`."""
        from nbgrader.coursedir import CourseDirectory

        return CourseDirectory(config=self.config(), **options)

    def convert(self, converter: type, module: Module, student: str | None = None) -> None:
        """Let NBGrader take a step: make a release, grade a submission, write a page of feedback.

        Raises:
            TitoError: it could not, with the last thing that it said.
        """
        if student is not None and escape(student) != student:  # it would be everybody whom the pattern fits
            raise TitoError(
                f"NBGrader takes the name {student} for a pattern. Rename the student's folder and collect it again"
            )
        coursedir = self.coursedir(assignment_id=module.stem, student_id="*" if student is None else student)
        with quiet() as messages, one_engine():
            try:
                converter(coursedir=coursedir, config=coursedir.config, force=True).start()
            except Exception as error:
                raise TitoError(messages.last() or str(error)) from None

    @contextmanager
    def gradebook(self):
        from nbgrader.api import Gradebook

        folder = self.coursedir()
        with one_engine(), Gradebook(folder.db_url, folder.course_id) as gradebook:
            yield gradebook

    def due(self, module: Module) -> datetime | None:
        """When an assignment is due, in UTC; None if it has no such date."""
        with self.gradebook() as gradebook:
            return gradebook.find_assignment(module.stem).duedate

    def assignments(self) -> list[Module]:
        """What was generated, in the order of the course."""
        return [module for module in course.available() if self.source(module).exists()]


@contextmanager
def one_engine():
    """NBGrader makes a database engine for every step of every submission, and each compiles the same queries anew."""
    from nbgrader import api

    before = api.create_engine
    api.create_engine = _engine
    try:
        yield
    finally:
        api.create_engine = before


@cache
def _engine(url: str, **options):
    from sqlalchemy import create_engine

    return create_engine(url, **options)


def need_nbgrader() -> None:
    """Refuse at once, and not in the middle of something, when NBGrader is not installed."""
    from importlib.util import find_spec

    if find_spec("nbgrader") is None:
        raise TitoError('NBGrader is not installed: python -m pip install -e ".[nbgrader]" in the course\'s folder')
    # NBGrader calls alembic by its name, and only an activated environment has its programs on the PATH
    folder = str(Path(sys.executable).parent)
    if folder not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", "")])


def find_classroom(start: Path | None = None) -> Classroom:
    """The class whose folder `start` (or the current folder) is or lies in."""
    need_nbgrader()
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        settings = folder / CONFIG
        if settings.is_file() and MARK in settings.read_text(encoding="utf-8", errors="replace"):
            return Classroom(folder)
    raise TitoError(
        f"{start} is not in a class's folder: cd into yours, or make one with `tito nbgrader init my-class`"
    )


def init(folder: Path) -> Classroom:
    """Make a class's folder, or add to one what is missing; nothing that is there is touched.

    Raises:
        TitoError: the folder has something else in it.
    """
    need_nbgrader()
    root = folder.resolve()
    classroom = Classroom(root)
    if root == course.ROOT or (root / "pyproject.toml").exists():
        raise TitoError(
            f"{folder} is not a place for a class: give it a folder of its own, as in `tito nbgrader init my-class`"
        )
    if root.exists() and not (root / CONFIG).exists() and (not root.is_dir() or any(root.iterdir())):
        raise TitoError(
            f"{folder} exists and is not a class's folder, so nothing was written there: choose another name"
        )
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.format(mark=MARK, name=root.name.replace('"', ""))
    for name, text in {CONFIG: settings, ".gitignore": IGNORED}.items():
        if not (root / name).exists():
            write(root / name, text)
    with classroom.gradebook():  # makes the database
        pass
    return classroom
