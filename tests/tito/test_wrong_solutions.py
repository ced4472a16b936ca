"""For every exercise a wrong solution must fail its tests, and the reference must pass them, in any order."""

import os
import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warm
from tests.tito.student import reference_bodies
from tinytorch.tensor import Tensor
from tito.course import ROOT, available, find
from tito.export import export
from tito.notebook import parse, test_name, test_of
from tito.place import Place
from tito.plain import plain_module
from tito.stub import replace_blocks, stub

NOTEBOOKS = {module.stem: parse(ROOT / "notebooks" / f"{module.stem}.py") for module in available()}
WRONG = {stem: runpy.run_path(str(ROOT / "tests" / "wrong_solutions" / f"{stem}.py"))["WRONG"] for stem in NOTEBOOKS}
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


def with_wrong_solution(stem: str, exercise: str, why: str, folder: Path, keep_hidden: bool) -> Path:
    notebook, body = NOTEBOOKS[stem], WRONG[stem][exercise][why]
    if isinstance(body, tuple):
        reference = "\n".join(reference_bodies(stem)[exercise])
        assert body[0] in reference, "the reference has changed: there is nothing to replace"
        body = reference.replace(*body)
    block = next(block for block in notebook.solutions if block.owner == exercise)
    path = folder / notebook.path.name
    text = replace_blocks(notebook, {block: body.splitlines()}, keep_hidden)
    path.write_text(text, encoding="utf-8")
    return path


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
    path = with_wrong_solution(stem, exercise, why, tmp_path, keep_hidden=True)
    own = [test for test in all_tests(stem) if test_of(test, WRONG[stem]) == exercise]
    failed = run_tests(plain_module(parse(path)), path, own)
    assert failed, "the wrong solution passed"
    errors = [error for error in failed.values() if isinstance(error, SyntaxError | NameError)]
    assert not errors, "wrong, but not in the way that was meant"


@pytest.mark.parametrize(("stem", "exercise", "why"), CASES)
def test_wrong_solution_is_rejected_without_the_hidden_tests(stem, exercise, why, tmp_path):
    """A student has only the visible tests and those of the exported module: together they must see it, too."""
    path = with_wrong_solution(stem, exercise, why, tmp_path, keep_hidden=False)
    own_first = sorted(all_tests(stem), key=lambda test: test_of(test, WRONG[stem]) != exercise)
    if any(failures(plain_module(parse(path)), path, own_first)):
        return
    place = Place(tmp_path)
    (tmp_path / "notebooks").mkdir()
    path.rename(tmp_path / "notebooks" / path.name)
    shutil.copytree(ROOT / "tinytorch", tmp_path / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    export(place, [find(stem)])
    command = [sys.executable, "-m", "pytest", "-qq", "-p", "tito.feedback", "-o", f"pythonpath={tmp_path}"]
    command += ["--rootdir", str(tmp_path), "-c", os.devnull, str(ROOT / "tests" / "modules" / f"test_{stem}.py")]
    run = warm.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", env=place.environment())
    assert run.returncode == 1, run.stdout + run.stderr


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
