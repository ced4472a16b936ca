"""For every exercise wrong solutions fail its tests, and right ones pass all tests of the module, however they are written."""

import doctest
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warm
from tests.tito.student import reference_bodies
from tinytorch.tensor import Tensor
from tito import solutions
from tito.course import ROOT, available, find
from tito.export import export
from tito.notebook import parse, test_name, test_of
from tito.place import Place
from tito.plain import plain_module
from tito.solutions import Change
from tito.stub import replace_blocks, stub

NOTEBOOKS = {module.stem: parse(ROOT / "notebooks" / f"{module.stem}.py") for module in available()}
WRONG = {stem: solutions.wrong(find(stem)) for stem in NOTEBOOKS}
RIGHT = {stem: solutions.right(find(stem)) for stem in NOTEBOOKS}
RIGHT_CASES = [
    (stem, exercise, how)
    for stem, right in RIGHT.items()
    for exercise, ways in right.items()
    if isinstance(ways, dict)
    for how in ways
]
CASES = [(stem, name, why) for stem, wrong in WRONG.items() for name, bodies in wrong.items() for why in bodies]


@pytest.fixture(autouse=True)
def own_recorder():
    """A notebook's autograd enters itself into `tinytorch.tensor.Tensor`: a wrong one must not stay there."""
    before = Tensor.recorder, Tensor.engine
    yield
    Tensor.recorder, Tensor.engine = before


def failures(text: str, path: Path, names: list[str]) -> Iterator[tuple[str, Exception]]:
    """Run test functions of a notebook's text; those that fail, with their exception."""
    namespace = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(text, str(path), "exec"), namespace)
    for name in names:
        try:
            namespace[name]()
        except Exception as error:
            yield name, error


def run_tests(text: str, path: Path, names: list[str]) -> dict[str, Exception]:
    return dict(failures(text, path, names))


def all_tests(stem: str) -> list[str]:
    return [cell.name for cell in NOTEBOOKS[stem].cells if cell.is_test]


def with_solutions(stem: str, changes: dict[str, Change], folder: Path, keep_hidden: bool) -> Path:
    """A copy of a notebook with other solutions of some exercises."""
    notebook, references = NOTEBOOKS[stem], reference_bodies(stem)
    bodies = {name: solutions.body(change, "\n".join(references[name])) for name, change in changes.items()}
    blocks = {block: bodies[block.owner].splitlines() for block in notebook.solutions if block.owner in bodies}
    path = folder / notebook.path.name
    path.write_text(replace_blocks(notebook, blocks, keep_hidden), encoding="utf-8")
    return path


def student_tests(stem: str) -> list[Path]:
    """The files with the tests of a module besides its notebook."""
    integration = sorted((ROOT / "tests" / "integration").glob(f"test_{stem[:2]}_*.py"))
    return [ROOT / "tests" / "modules" / f"test_{stem}.py", *integration]


def exported_tests(stem: str, path: Path) -> subprocess.CompletedProcess:
    """Run the tests of the exported module, and its integration tests, on an export of a notebook."""
    place = Place(path.parent)
    (place.root / "notebooks").mkdir()
    path.rename(place.root / "notebooks" / path.name)
    shutil.copytree(ROOT / "tinytorch", place.root / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    export(place, [find(stem)])
    command = [sys.executable, "-m", "pytest", "-qq", "--import-mode=importlib", "-p", "tito.feedback"]
    command += ["-o", f"pythonpath={place.root}", "--rootdir", str(place.root), "-c", os.devnull]
    command += map(str, student_tests(stem))
    return warm.run(command, cwd=place.root, capture_output=True, encoding="utf-8", env=place.environment())


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_reference_is_accepted(stem):
    notebook = NOTEBOOKS[stem]
    assert run_tests(plain_module(notebook), notebook.path, all_tests(stem)) == {}


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_every_exercise_has_wrong_solutions_and_a_test(stem):
    notebook = NOTEBOOKS[stem]
    exercises = [block.owner for block in notebook.solutions]
    assert exercises == list(WRONG[stem]), "one entry for each exercise, in the order of the notebook"
    assert all(test_name(exercise) in notebook.definitions for exercise in exercises)


@pytest.mark.parametrize(("stem", "exercise", "why"), CASES)
def test_wrong_solution_is_rejected_by_its_own_tests(stem, exercise, why, tmp_path):
    path = with_solutions(stem, {exercise: WRONG[stem][exercise][why].change}, tmp_path, keep_hidden=True)
    own = [test for test in all_tests(stem) if test_of(test, WRONG[stem]) == exercise]
    failed = run_tests(plain_module(parse(path)), path, own)
    assert failed, "the wrong solution passed"
    errors = [error for error in failed.values() if isinstance(error, SyntaxError | NameError)]
    assert not errors, "wrong, but not in the way that was meant"


@pytest.mark.parametrize(("stem", "exercise", "why"), CASES)
def test_wrong_solution_is_rejected_without_the_hidden_tests(stem, exercise, why, tmp_path):
    """A student has only the visible tests and those of the exported module: together they must see it, too."""
    path = with_solutions(stem, {exercise: WRONG[stem][exercise][why].change}, tmp_path, keep_hidden=False)
    own_first = sorted(all_tests(stem), key=lambda test: test_of(test, WRONG[stem]) != exercise)
    if any(failures(plain_module(parse(path)), path, own_first)):
        return
    run = exported_tests(stem, path)
    assert run.returncode == 1, run.stdout + run.stderr


@pytest.mark.parametrize(("stem", "exercise", "how"), RIGHT_CASES)
def test_right_solution_is_accepted(stem, exercise, how, tmp_path):
    """By all tests of the notebook, hidden ones too, and by the exercise's examples."""
    path = with_solutions(stem, {exercise: RIGHT[stem][exercise][how]}, tmp_path, keep_hidden=True)
    text = plain_module(parse(path))
    assert run_tests(text, path, all_tests(stem)) == {}
    namespace = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(text, str(path), "exec"), namespace)
    holder, _, method = exercise.partition(".")
    function = getattr(namespace[holder], method) if method else namespace[holder]
    runner = doctest.DocTestRunner(verbose=False)
    for example in doctest.DocTestFinder(recurse=False).find(function, exercise, globs=namespace):
        runner.run(example)
    assert runner.failures == 0


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_right_solutions_pass_the_tests_of_the_exported_module(stem, number, tmp_path):
    """One of each exercise, all together."""
    ways = {exercise: [*ways.values()] for exercise, ways in RIGHT[stem].items() if isinstance(ways, dict)}
    changes = {exercise: bodies[number % len(bodies)] for exercise, bodies in ways.items()}
    run = exported_tests(stem, with_solutions(stem, changes, tmp_path, keep_hidden=True))
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_stub_raises_and_names_the_exercise(stem, tmp_path):
    """Every stub compiles, and its test says which exercise is not done."""
    notebook = NOTEBOOKS[stem]
    path = tmp_path / notebook.path.name
    path.write_text(stub(notebook.path), encoding="utf-8")
    owners = [block.owner for block in notebook.solutions]
    failed = run_tests(plain_module(parse(path)), path, [test_name(owner) for owner in owners])
    for owner in owners:
        error = failed[test_name(owner)]
        assert isinstance(error, NotImplementedError)
        assert str(error).partition(":")[0] in owners
