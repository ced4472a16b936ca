"""How many small mistakes would a student's tests catch? `python -m tests.mutate 03` breaks each exercise's reference in many ways.

A mutant is caught if one of the tests that a student has fails: the notebook's without the hidden ones, those of the exported
module, or the module's integration tests. What was measured is kept in `tests/solutions/mutants.json`; a test measures what has
changed since (`tests/tito/test_mutants.py`).
"""

import argparse
import ast
import copy
import hashlib
import inspect
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import warm
from tests.tito import test_solutions as tests
from tito import solutions
from tito.course import ROOT, find
from tito.notebook import Notebook, parse, test_of
from tito.plain import plain_module

RECORD = ROOT / "tests" / "solutions" / "mutants.json"
SCORE = 0.95
UNCHANGED = ""
TIMEOUT_S = 20  # a mutant may loop for ever
SWAPPED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


def mutants(body: str) -> dict[str, str]:
    """What is changed -> the body with this one change.

    >>> for change in mutants("y = f(x, 2)\\nreturn y < 1"): print(change)
    y = f(x, 2) -> pass
    y = f(x, 2) -> y = f(2, x)
    y = f(x, 2) -> y = f(x, 1)
    y = f(x, 2) -> y = f(x, 3)
    return y < 1 -> pass
    return y < 1 -> return y <= 1
    return y < 1 -> return y < 0
    return y < 1 -> return y < 2
    """
    tree = ast.parse(f"def _():\n{_indented(body)}")
    original = ast.unparse(tree.body[0].body)
    found = {}
    for number in range(sum(1 for _ in ast.walk(tree))):
        for kind in range(3):
            changed = copy.deepcopy(tree)
            node = list(ast.walk(changed))[number]
            if _mutate(node, kind, changed):
                text = ast.unparse(changed.body[0].body)
                found[_difference(original, text)] = text
    order = {line: number for number, line in enumerate(original.split("\n"))}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0].partition(" -> ")[0], 0)))


def _indented(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.split("\n"))


def _mutate(node: ast.AST, kind: int, tree: ast.Module) -> bool:
    """Change a node of the tree in one of up to three ways; False if there is no such way."""
    match node:
        case ast.Constant(value=bool(value)) if kind == 0:
            node.value = not value
        case ast.Constant(value=int(value)) if kind < 2:
            node.value = value + 2 * kind - 1
        case ast.Constant(value=float(value)) if kind == 0:
            node.value = value * 2 + 1
        case ast.Compare(ops=[op, *_]) if kind == 0:
            node.ops[0] = SWAPPED[type(op)]()
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if kind == 0 and type(op) in SWAPPED:
            node.op = SWAPPED[type(op)]()
        case ast.BinOp(op=ast.Sub() | ast.Div() | ast.MatMult() | ast.Pow(), left=left, right=right) if kind == 1:
            node.left, node.right = right, left
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand) if kind == 0:
            _replace(tree, node, operand)
        case ast.Call(args=[first, second, *_]) if kind == 0 and not isinstance(second, ast.Starred):
            node.args[:2] = second, first
        case ast.stmt() if kind == 2 and not isinstance(node, ast.FunctionDef | ast.Pass):
            _replace(tree, node, ast.Pass())
        case _:
            return False
    return not _in_message(tree, node)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                value[:] = [new if item is old else item for item in value]


def _in_message(tree: ast.AST, node: ast.AST) -> bool:
    """Whether it is a part of an error's text, which is nobody's to test."""
    raised = [other.exc for other in ast.walk(tree) if isinstance(other, ast.Raise) and isinstance(other.exc, ast.Call)]
    return any(node is part for call in raised for argument in call.args for part in ast.walk(argument))


def _difference(before: str, after: str) -> str:
    """The first line that changes, and what it becomes; of a deleted `if` the block is left out. UNCHANGED if nothing does."""
    if before == after:
        return UNCHANGED
    old, new = before.split("\n"), after.split("\n")
    place = next(n for n, line in enumerate(old) if n >= len(new) or line != new[n])
    return f"{old[place].strip()} -> {new[place].strip() if place < len(new) else ''}"


def caught(stem: str, exercise: str, body: str) -> bool:
    """Whether a test that a student has fails."""
    with tempfile.TemporaryDirectory(prefix="mutant_") as folder:
        path = tests.with_solutions(stem, {exercise: body}, Path(folder), keep_hidden=False)
        own_first = sorted(tests.all_tests(stem), key=lambda test: test_of(test, tests.WRONG[stem]) != exercise)
        if _fails(plain_module(parse(path)), path, own_first):
            return True
        return tests.exported_tests(stem, path).returncode == 1


def _fails(text: str, path: Path, names: list[str]) -> bool:
    """In a child, which may hang or die: that counts as caught."""
    child = os.fork()
    if child == 0:
        signal.alarm(TIMEOUT_S)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        try:
            os._exit(any(True for _ in tests.failures(text, path, names)))
        except BaseException:  # the module itself does not run
            os._exit(1)
    return os.waitpid(child, 0)[1] != 0


def fingerprint(stem: str, exercise: str) -> str:
    """Of all that decides whether an exercise's mutants are caught."""
    notebook = tests.NOTEBOOKS[stem]
    cells = [
        cell.source for cell in notebook.cells if cell.is_test and test_of(cell.name, tests.WRONG[stem]) == exercise
    ]
    parts = [repr(SWAPPED), *map(inspect.getsource, (mutants, _mutate, _in_message))]
    parts += [reference(notebook, exercise), *cells]
    parts += [file.read_text(encoding="utf-8") for file in tests.student_tests(stem)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def reference(notebook: Notebook, exercise: str) -> str:
    return "\n".join(next(notebook.body(block) for block in notebook.solutions if block.owner == exercise))


def measured(stem: str, record: dict, jobs: int) -> Iterator[tuple[str, dict]]:
    """(exercise, {"is", "mutants", "missed"}) of a module; only what has changed since the record is measured."""
    for exercise in tests.WRONG[stem]:
        now, known = fingerprint(stem, exercise), record.get(stem, {}).get(exercise, {})
        if known.get("is") != now:
            bodies = mutants(reference(tests.NOTEBOOKS[stem], exercise))
            bodies.pop(UNCHANGED, None)  # two equal arguments were exchanged
            with ThreadPoolExecutor(jobs) as pool:
                ends = list(pool.map(lambda body: caught(stem, exercise, body), bodies.values()))  # noqa: B023
            missed = [change for change, end in zip(bodies, ends, strict=True) if not end]
            known = {"is": now, "mutants": len(bodies), "missed": missed}
        yield exercise, known


def without_equivalent(stem: str, exercises: dict[str, dict]) -> dict[str, dict]:
    """The same, without the mutants that were missed because they do what the reference does."""
    equivalent = solutions.equivalent(find(stem))
    left = {}
    for exercise, known in exercises.items():
        missed = [change for change in known["missed"] if change not in equivalent.get(exercise, ())]
        dropped = len(known["missed"]) - len(missed)
        left[exercise] = known | {"missed": missed, "mutants": known["mutants"] - dropped}
    return left


def score(exercises: dict[str, dict]) -> float:
    """The share of a module's mutants that is caught."""
    total = sum(known["mutants"] for known in exercises.values())
    return 1 - sum(len(known["missed"]) for known in exercises.values()) / max(total, 1)


def read_record() -> dict:
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="+", help="numbers, as in 03")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    record, low = read_record(), False
    warm.run([sys.executable, "-c", "pass"])  # its server must run before several threads ask for it
    for number in options.modules:
        stem = find(number).stem
        found = dict(measured(stem, record, options.jobs))
        left = without_equivalent(stem, found)
        for exercise, known in left.items():
            print(f"{stem} {exercise}: {known['mutants'] - len(known['missed'])} of {known['mutants']} caught")
            for change in known["missed"]:
                print(f"    missed: {change}")
        print(f"{stem}: {100 * score(left):.1f} % caught", flush=True)
        low |= score(left) < SCORE
        now = read_record() | {stem: found}  # others may measure other modules
        RECORD.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return int(low)


if __name__ == "__main__":
    sys.exit(main())
