"""The program that runs the tests of one submission: `run.py` starts it, and it starts the worker, which has the student's code.

It is a child of the grader that may be lost: an answer such as two arrays of shapes (n, 1) and (1, n) can make a test ask for n x n
numbers, and then this program's limits hold, not the grader's. Commands come on standard input, one JSON object in each line.
"""

import ast
import builtins
import json
import subprocess
from contextlib import suppress
from typing import Any, BinaryIO

from tito.assignments.reasons import AN_ERROR, raised
from tito.assignments.standin import StandIn, Student
from tito.assignments.wire import BrokenWire, Refused
from tito.assignments.worker import limit, run, take_pipes
from tito.notebook import names_bound, names_read

SECONDS, MEMORY, FILE = 600, 3 << 30, 1 << 20
BUILTINS = frozenset(vars(builtins))
ENDED = ["SystemExit", "the code ended the program that runs it", []]
BROKE = ["SystemExit", "the code broke the program that runs it", []]


def main() -> None:
    commands, answers = take_pipes()
    start = json.loads(commands.readline())
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    worker = subprocess.Popen(start["command"], cwd=start["folder"], env=start["environment"], **pipes)
    limit(SECONDS, MEMORY, FILE, 0)
    judge = Judge(worker.stdin, worker.stdout)
    for line in commands:
        answers.write(json.dumps(judge.answer(**json.loads(line))).encode() + b"\n")
        answers.flush()


class Judge:
    """Runs one cell after the other: the notebook's in the worker, tests here."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO):
        self.pipes = commands, answers
        self.forget()

    def forget(self) -> None:
        self.student = Student(*self.pipes)
        self.space = {"__name__": "__main__"}
        self.imports: dict[str, str] = {}  # name -> the statement that brings it

    def answer(self, do: str, cell: dict[str, Any] | None = None) -> dict:
        """How a cell ended: `error`, `printed`; of a trusted test also what it noticed and which questions brought objects."""
        try:
            if do == "start over":
                self.forget()
                self.student.ask("start_over", "")
                return {"error": None, "printed": ""}
            if do == "replaced":
                return {"error": None, "printed": "", "replaced": self.student.replaced()}
            return self.test(**cell) if cell["kind"] == "trusted" else self.cell(**cell)
        except BrokenWire as broken:
            error = ENDED if str(broken) == "it has ended" else BROKE
        except Exception:
            error = BROKE
        return {"error": error, "printed": "", "ended": True}

    def cell(self, name: str, source: str, kind: str, reference: str, methods: list[str], **_: Any) -> dict:
        if kind == "given":
            self.take(source)
        ended = self.student.ask("cell", "", source, name, kind, reference, methods)
        answer = {"error": ended["error"], "printed": ended["printed"]}
        json.dumps(answer)  # it is the student's: perhaps no JSON
        return answer

    def test(self, name: str, source: str, objects: list[str] | None, returns: list, **_: Any) -> dict:
        """Run a test against stand-ins."""
        read = names_read(source)
        self.bring(read)
        wanted = sorted(read - self.space.keys() - BUILTINS)
        expected = dict(map(tuple, returns))
        # no more than is wanted: `np` stays NumPy
        answered = self.student.begin(wanted, None if objects is None else frozenset(objects), expected)
        classes = {"__builtins__": {**vars(builtins), "__build_class__": self.class_builder(source)}}
        ended = run(source, name, {**self.space, **answered, **classes}, is_test=True)
        failed = self.student.failed
        replaced = self.student.replaced() if not isinstance(failed, BrokenWire) else []
        if isinstance(self.student.failed, BrokenWire):
            raise self.student.failed
        if failed:
            ended["error"] = ["TypeError", str(failed), ended["error"][2] if ended["error"] else []]
        if ended["error"]:
            ended["reason"] = self.student.wrong or self.raised(ended["error"], list(expected))
        return ended | {"replaced": replaced, "objects": sorted(self.student.seen)}

    def raised(self, error: list, exercises: list[str]) -> str:
        """The sentence about an exception inside an exercise; a type of the student's own has come as `Refused`."""
        kind = AN_ERROR if isinstance(self.student.failed, Refused) else error[0]
        return raised(exercises, [kind, *error[1:]])

    def class_builder(self, source: str):
        """What a `class` statement of a test calls: a class that extends one of the student's is made on the other side.

        Its text goes there, with the values of the test's own names that it uses. Its methods run there, beside the student's code.
        """

        def build(function: Any, name: str, *bases: Any, **options: Any) -> Any:
            if not any(isinstance(base, StandIn) for base in bases):
                return builtins.__build_class__(function, name, *bases, **options)
            first = function.__code__.co_firstlineno
            nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
            text = next(_bare(node) for node in nodes if node.name == name and _first_line(node) == first)
            values = {f"base_{number}": base for number, base in enumerate(bases)}
            values |= {key: function.__globals__.get(key) for key in names_read(text) & names_bound(source)}
            for key, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                with suppress(ValueError):  # a name that gets its value later
                    values[key] = cell.cell_contents
            return self.student.ask("define", name, text, name, values)

        return build

    def bring(self, names: set[str]) -> None:
        """Import what is used; the others would cost time."""
        for name in self.imports.keys() & names:
            exec(self.imports[name], self.space)

    def take(self, source: str) -> None:
        """What tests use of a cell that no student has written: its imports, and functions that need nothing of a student's."""
        for node in ast.parse(source).body:
            text = ast.unparse(node)
            if isinstance(node, ast.ImportFrom | ast.Import):
                if "tinytorch" not in text:  # that is on the other side
                    self.imports |= dict.fromkeys(names_bound(text), text)
            elif isinstance(node, ast.FunctionDef):
                read = names_read(text) - BUILTINS
                if read <= self.space.keys() | self.imports.keys():
                    self.bring(read)
                    exec(compile(source, f"<{node.name}>", "exec"), self.space)


def _bare(node: ast.ClassDef) -> str:
    """A class's text without its decorators, which the test applies to what it gets, and with other names for its bases."""
    node.decorator_list = []
    node.bases = [ast.Name(f"base_{number}") for number in range(len(node.bases))]
    return ast.unparse(node)


def _first_line(node: ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


if __name__ == "__main__":
    main()
