"""The program that runs the tests of one submission: `run.py` starts it, and it starts the worker, which has the student's code.

It is a child of the grader that may be lost: an answer such as two arrays of shapes (n, 1) and (1, n) can make a test ask for n x n
numbers, and then this program's limits hold, not the grader's. Commands come on standard input, one JSON object in each line.
"""

import ast
import builtins
import json
import subprocess

from tito.assignments.standin import Student
from tito.assignments.wire import BrokenWire
from tito.assignments.worker import limit, run, take_pipes
from tito.notebook import names_bound, names_read

SECONDS, MEMORY, FILE = 600, 3 << 30, 1 << 20
BUILTINS = frozenset(vars(builtins))
ENDED = ["SystemExit", "the code ended the program that runs it", []]
BROKE = ["SystemExit", "the code broke the program that runs it", []]


def main() -> None:
    commands, answers = take_pipes()
    start = json.loads(commands.readline())
    worker = subprocess.Popen(
        start["command"],
        cwd=start["folder"],
        env=start["environment"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    limit(SECONDS, MEMORY, FILE, 0)
    judge = Judge(Student(worker.stdin, worker.stdout))
    for line in commands:
        answers.write(json.dumps(judge.answer(**json.loads(line))).encode() + b"\n")
        answers.flush()


class Judge:
    """Runs one cell after the other: the notebook's in the worker, tests here."""

    def __init__(self, student: Student):
        self.student = student
        self.start_over()

    def start_over(self) -> None:
        self.space = {"__name__": "__main__"}
        self.imports: dict[str, str] = {}  # name -> the statement that brings it

    def answer(self, kind: str, name: str, source: str, objects: list[str] | None) -> dict:
        """How a cell ended: `error`, `printed`; of a trusted test also what it noticed and which questions brought objects."""
        try:
            if kind == "start over":
                self.start_over()
                self.student.ask("start_over", "")
                return {"error": None, "printed": ""}
            if kind == "trusted":
                return self.test(name, source, None if objects is None else frozenset(objects))
            if kind == "given":
                self.take(source)
            ended = self.student.ask("cell", "", source, name, kind)
            answer = {"error": ended["error"], "printed": ended["printed"]}
            json.dumps(answer)  # it is the student's: perhaps no JSON
            return answer
        except BrokenWire as broken:
            error = ENDED if str(broken) == "it has ended" else BROKE
        except Exception:
            error = BROKE
        return {"error": error, "printed": "", "ended": True}

    def test(self, name: str, source: str, objects: frozenset[str] | None) -> dict:
        """Run a test against stand-ins."""
        read = names_read(source)
        self.bring(read)
        wanted = sorted(read - self.space.keys() - BUILTINS)
        found, replaced = self.student.begin(wanted, objects)  # no more than is wanted: `np` stays NumPy
        ended = run(source, name, {**self.space, **found}, is_test=True)
        if not isinstance(self.student.failed, BrokenWire) and self.student.ask("list", "", ()) != []:
            raise BrokenWire("an answer to nothing")  # stood in the pipe
        if isinstance(self.student.failed, BrokenWire):
            raise self.student.failed
        if self.student.failed:
            ended["error"] = ["TypeError", str(self.student.failed), ended["error"][2] if ended["error"] else []]
        return ended | {"replaced": replaced, "objects": sorted(self.student.seen)}

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


if __name__ == "__main__":
    main()
