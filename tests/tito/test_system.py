"""`tito system`: the truth about an environment, and the line that fixes it."""

import pytest

from tests.tito.student import solve, tito
from tito import course
from tito.course import ROOT
from tito.place import Place
from tito.workspace import init

TENSOR = course.find("tensor")


@pytest.fixture
def place(tmp_path) -> Place:
    place = init(tmp_path / "mine")[0]
    solve(place.notebook(TENSOR))
    tito("export", "01", cwd=place.root)
    return place


def findings(place: Place) -> str:
    run = tito("system", "doctor", cwd=place.root)
    assert run.returncode == ("WRONG" in run.stdout)
    return run.stdout


def test_info_says_whose_tinytorch_is_imported(place):
    assert str(place.package / "__init__.py") in tito("system", "info", cwd=place.root).stdout
    assert str(ROOT / "tinytorch" / "__init__.py") in tito("system", "info", cwd=ROOT).stdout


def test_a_healthy_workspace(place):
    printed = findings(place)
    assert "WRONG" not in printed.replace(
        "WRONG  tito command", ""
    )  # the tests may run without an activated environment


def test_outside_of_a_workspace_it_says_how_to_make_one(tmp_path):
    printed = tito("system", "doctor", cwd=tmp_path).stdout
    assert "workspace: none here" in printed and "tito init" in printed


def test_a_hand_edited_module(place):
    path = place.package / "tensor.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nx = 1\n", encoding="utf-8")
    assert "tensor.py: edited by hand\n       Fix: tito export 01" in findings(place)


def test_a_broken_module(place):
    (place.package / "tensor.py").write_text("import nonsense_that_is_not_there\n", encoding="utf-8")
    printed = findings(place)
    assert "WRONG  imported tinytorch: ModuleNotFoundError: No module named 'nonsense_that_is_not_there'" in printed
    assert tito("export", "01", cwd=place.root).returncode == 0, "the line it prints fixes it"
    assert "WRONG  imported tinytorch" not in findings(place)


def test_a_missing_notebook(place):
    place.notebook(TENSOR).unlink()
    assert "WRONG  notebooks/01_tensor.py: missing\n       Fix: tito init ." in findings(place)


def test_a_notebook_with_a_syntax_error(place):
    place.notebook(TENSOR).write_text("def broken(:\n", encoding="utf-8")
    assert "syntax error" in findings(place)


def test_lost_settings(place):
    settings = place.root / "pyproject.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("reactive_tests = true", ""), encoding="utf-8")
    printed = findings(place)
    assert "lacks reactive_tests = true" in printed


def test_a_lost_conftest(place):
    (place.root / "conftest.py").unlink()
    assert "lacks conftest.py" in findings(place)
    tito("init", ".", cwd=place.root)
    assert "lacks conftest.py" not in findings(place)


def test_a_module_that_is_complete_but_not_exported(place):
    (place.package / "tensor.py").unlink()
    from tito import progress

    progress.record(place, TENSOR, tested=True)
    assert "complete, but not exported" in findings(place)
