"""NBGrader's own steps, with ours in the place of those that were measured to go wrong. `nbgrader_config.py` names the lists.

So plain `nbgrader autograde` in a class's folder does the same as `tito nbgrader autograde`.
"""

import ast
import builtins
import re
import textwrap
from copy import deepcopy
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode, reads, v4
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ComputeChecksums,
    DeduplicateIds,
    GetGrades,
    IgnorePattern,
    IncludeHeaderFooter,
    LimitOutput,
    LockCells,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
    SaveCells,
)
from nbgrader.utils import is_grade
from traitlets import Bool, Float

from tito import course
from tito.assignments import sandbox
from tito.assignments.cells import as_code, code_cells, graded_cells, nb_key, with_tests
from tito.assignments.classroom import find_classroom
from tito.assignments.jupyter import grade_id, kept_of
from tito.assignments.lateness import days_late
from tito.assignments.pages import SafePage
from tito.assignments.reasons import headline
from tito.assignments.run import CELL_SECONDS, TOTAL_SECONDS, Outcome, reference_before, run
from tito.assignments.standin import CHANGED, NO_DATA, NO_JUDGE
from tito.course import Module
from tito.feedback import explain
from tito.files import read
from tito.notebook import HIDDEN, SOLUTION
from tito.stub import TODO, todo
from tito.syntax import parse_python

HIDDEN_BLOCK = re.compile(rf"{HIDDEN[0]}\n(.*?){HIDDEN[1]}", re.DOTALL)
WIDTH = 95  # characters in a line of a page of feedback
MOST_LINES = 3  # of a message
LINE_CHARS = 300
DOCSTRING = re.compile(r'"""WHAT:.*?"""', re.DOTALL)
REDACTED = "# Hidden tests removed."


class Unsolve(NbGraderPreprocessor):
    """Instead of ClearSolutions: its stub names the exercise, and the markers stay, so that a learner sees where to write."""

    def preprocess_cell(self, cell, resources, index):
        for key in ("objects", "why_weaker"):  # both say a little about the hidden tests
            cell.metadata.get("tito", {}).pop(key, None)
        exercises = iter(cell.metadata.get("tito", {}).get("exercises", []))
        lines, inside = [], False
        for line in cell.source.split("\n") if cell.cell_type == "code" else []:
            inside = inside and line.strip() != SOLUTION[1]
            lines += [] if inside else [line]
            if line.strip() == SOLUTION[0]:
                inside = True
                lines.append(line[: line.index("#")] + todo(next(exercises)))
        if lines:
            cell.source = "\n".join(lines)
        return cell, resources


class RunTests(NbGraderPreprocessor):
    """Instead of Execute, a kernel: the cells run in a process that may die, with the reference for the earlier modules."""

    cell_seconds = Float(CELL_SECONDS, help="How long one cell may run.").tag(config=True)
    total_seconds = Float(TOTAL_SECONDS, help="How long all cells of a notebook may run.").tag(config=True)
    unsafe_ok = Bool(False, help="Run students' code also where there is no sandbox, with your rights.").tag(
        config=True
    )

    known: dict[str, list[Outcome]] = {}  # what `tito nbgrader autograde` has run already, several at a time

    def preprocess(self, nb, resources):
        cells = code_cells(nb)
        outcomes = self.known.pop(nb_key(nb), None) or self._run(nb, course.find(resources["nbgrader"]["assignment"]))
        for cell, outcome in zip(cells, outcomes, strict=True):
            cell.outputs = outputs(cell, outcome)
            if is_grade(cell):
                cell.metadata["tito"] = {**kept_of(cell), "failed": failed(outcome)}
        return nb, resources

    def _run(self, nb: NotebookNode, module: Module) -> list[Outcome]:
        """For plain `nbgrader autograde`: how its tests are run is said in the instructor's version."""
        source = reads(read(find_classroom(Path(self.parent.parent.coursedir.root)).source(module)), 4)
        cells = graded_cells(with_tests(deepcopy(nb), source), source)
        with reference_before(module) as package_in:
            return run(cells, package_in, self.cell_seconds, self.total_seconds, sandbox.require(self.unsafe_ok))


def outputs(cell: NotebookNode, outcome: Outcome) -> list[NotebookNode]:
    """The outputs of a cell that was run. A warning isn't a failure: all that was printed is ordinary output."""
    outputs = [v4.new_output("stream", name="stdout", text=outcome.printed)] if outcome.printed else []
    if outcome.error:
        kind, text = outcome.error
        trace = [line for frame in outcome.frames for line in _frame(cell, *frame)]
        outputs.append(v4.new_output("error", ename=kind, evalue=text, traceback=[*trace, f"{kind}: {text}"]))
    return outputs


def failed(outcome: Outcome) -> dict[str, str | int | None] | None:
    """What a student may read about a test that failed: what its visible part gave; of its hidden part only the headline."""
    if outcome.error is None:
        return None
    if outcome.shown is None or outcome.shown.error is None:
        return {"part": "hidden", "reason": headline(outcome.reason), "kind": outcome.error[0]}
    (kind, text), shown = outcome.shown.error, outcome.shown
    lines = [line for file, line, _ in shown.frames if file.startswith("<test_")]
    return {"part": "visible", "reason": shown.reason, "kind": kind, "text": text, "line": lines[-1] if lines else None}


def _frame(cell: NotebookNode, file: str, line: int, function: str) -> list[str]:
    """A line of a traceback, and below it the code, where that is the cell's own."""
    lines = cell.source.split("\n")
    is_own = file == f"<{as_code(cell).name}>" and 0 < line <= len(lines)
    return [f"{file}, line {line}, in {function}", *([f"    {lines[line - 1].strip()}"] if is_own else [])]


class Grades(GetGrades):
    """An answer that has not been read has no score yet, and the page says so."""

    def _get_score(self, cell, resources):
        super()._get_score(cell, resources)
        where = self.notebook_id, self.assignment_id, self.student_id
        grade = self.gradebook.find_grade(grade_id(cell), *where)
        if grade.needs_manual_grade and grade.manual_score is None:
            cell.metadata.nbgrader["comment"] = "This answer has not been read yet, so its points are still to come."


class Reasons(NbGraderPreprocessor):
    """For feedback: every failed test says why it failed, what it checks, and a tip.

    What a student's code says while a hidden test runs is not there: it can read that test's inputs, and could say so in any
    disguise. What is shown comes from a run without hidden tests.
    """

    def preprocess(self, nb, resources):
        exercises = {name for cell in nb.cells for name in cell.metadata.get("tito", {}).get("exercises", [])}
        for cell in nb.cells:
            if cell.cell_type == "code":
                say = reason if is_grade(cell) else place
                errors = [output for output in cell.outputs if output.output_type == "error"]
                cell.outputs = [say(cell, output, exercises) for output in errors]
                cell.source = HIDDEN_BLOCK.sub(REDACTED, cell.source)
        return nb, resources


def reason(cell: NotebookNode, output: NotebookNode, exercises: set[str]) -> NotebookNode:
    """Why a test failed; of its hidden part only that it is there."""
    name, line = grade_id(cell), own_line(cell, output)
    why = kind_of(output) + "".join(f": {why}" for why in (CHANGED, NO_DATA, NO_JUDGE) if output.evalue.startswith(why))
    waits_for = next((exercise for exercise in exercises if output.evalue == f"{exercise}: {TODO}"), None)
    known = kept_of(cell).get("failed")
    if waits_for:
        text = [f"{name}: not done yet. {waits_for} is not written."]
    elif isinstance(known, dict):
        text = why_failed(cell, known)
    elif is_hidden(cell.source, line):
        text = [f"{name} failed in its hidden part: {why}."]
    else:
        text = [f"{name} failed: {why}.", *statement_at(cell.source, line)]
    text += [f"{section}: {sentence}" for section, sentence in explain(docstring(cell.source)).items()]
    return error_output(output, text)


def why_failed(cell: NotebookNode, known: dict) -> list[str]:
    """The lines about a failed test: what the exercise did wrong, then what the test compared.

    Args:
        known: as `failed` has it.
    """
    name, kind, reason = grade_id(cell), kind_named(known["kind"]), known["reason"]
    if known["part"] == "hidden":
        return [
            f"{name} failed in its hidden part: {reason.rstrip('.?') or kind}{'?' if reason.endswith('?') else '.'}"
        ]
    lines = [printable(line) for line in known["text"].split("\n") if line.strip()][:MOST_LINES]
    if kind != "AssertionError":
        lines = [f"{kind}: {why}." for why in (CHANGED, NO_DATA, NO_JUDGE) if known["text"].startswith(why)]
    first = [f"{printable(reason)}"] if reason else []
    return [
        *first,
        f"{name} failed: {lines[0] if lines else f'{kind}.'}",
        *lines[1:],
        *statement_at(cell.source, known["line"]),
    ]


def printable(text: str) -> str:
    """One line of a message, without control codes."""
    return "".join(c if c.isprintable() else " " for c in text)[:LINE_CHARS]


def place(cell: NotebookNode, output: NotebookNode, exercises: set[str]) -> NotebookNode:
    """Where a cell of the student's own failed."""
    line = own_line(cell, output)
    return error_output(output, [f"{kind_of(output)} in {f'line {line} of ' if line else ''}this cell."])


def error_output(output: NotebookNode, text: list[str]) -> NotebookNode:
    lines = [line for part in text for line in textwrap.wrap(part, WIDTH, subsequent_indent="    ")]
    return v4.new_output("error", ename=kind_of(output), evalue="", traceback=["\n".join(lines)])


def kind_of(output: NotebookNode) -> str:
    """The type of an exception, if Python has it; a name that a student made up could say anything."""
    return kind_named(output.ename)


def kind_named(name: str) -> str:
    return name if isinstance(getattr(builtins, name, None), type) else "an exception of its own"


def own_line(cell: NotebookNode, output: NotebookNode) -> int | None:
    """The line of the cell where an error came up, as `outputs` has noted it."""
    pattern = rf"<{re.escape(as_code(cell).name)}>, line (\d+)"
    places = [match for line in output.traceback if (match := re.match(pattern, line))]
    return int(places[-1][1]) if places else None


def statement_at(source: str, line: int | None) -> list[str]:
    """The lines of the statement that a line belongs to."""
    simple = [
        node for node in ast.walk(parse_python(source)) if isinstance(node, ast.stmt) and not hasattr(node, "body")
    ]
    statements = [node for node in simple if line is not None and node.lineno <= line <= node.end_lineno]
    return [text.strip() for node in statements[:1] for text in source.split("\n")[node.lineno - 1 : node.end_lineno]]


def docstring(source: str) -> str | None:
    """Of the first definition in a cell."""
    nodes = [node for node in parse_python(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return ast.get_docstring(nodes[0]) if nodes else None


def secret_lines(nb: NotebookNode) -> set[str]:
    """The lines of the hidden tests, without those that say too little to be recognised, or that are visible elsewhere."""
    code = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    hidden = {line.strip() for source in code for block in HIDDEN_BLOCK.findall(source) for line in block.split("\n")}
    shown = {line.strip() for source in code for line in HIDDEN_BLOCK.sub("", source).split("\n")}
    # what a docstring says is for the student
    shown |= {line.strip() for source in code for line in DOCSTRING.findall(source) for line in line.split("\n")}
    return {line for line in hidden - shown if len(line) > 12}


def is_hidden(source: str, line: int | None) -> bool:
    """Whether a line (counted from 1) is in a hidden part; a test that does not know where it failed counts as hidden."""
    if line is None:
        return HIDDEN[0] in source
    above = source.split("\n")[: line - 1]
    opened = sum(text.strip() == HIDDEN[0] for text in above)
    return opened > sum(text.strip() == HIDDEN[1] for text in above)


class LatePenalty(BasePlugin):
    """So many percent of the score for every day that has begun after the due date."""

    percent_per_day = Float(0.0, help="0 takes nothing away.").tag(config=True)

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score * min(1.0, self.percent_per_day / 100 * days_late(total_seconds_late))


# The lists that `nbgrader_config.py` names
RELEASE = [
    IncludeHeaderFooter,
    LockCells,
    Unsolve,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    SaveCells,
    ClearHiddenTests,
    ComputeChecksums,
    CheckCellMetadata,
]
SANITIZE = [ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
AUTOGRADE = [RunTests, IgnorePattern, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]
FEEDBACK = [Grades, Reasons, CSSHTMLHeaderPreprocessor, SafePage]
