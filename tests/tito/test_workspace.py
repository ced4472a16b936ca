"""`tito init`, and where commands work."""

import subprocess
import sys
import tomllib

import pytest

from tests import warm
from tests.tito.student import solve, tito
from tito import course
from tito.course import ROOT
from tito.errors import TitoError
from tito.notebook import parse
from tito.place import COURSE, Place, find_place, find_workspace
from tito.workspace import DISPLAY, init


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(tmp_path):
    return init(tmp_path / "mine")[0]


def test_init_writes_a_stub_for_every_module(place):
    for module in course.available():
        notebook = parse(place.notebook(module))
        assert all("raise NotImplementedError" in notebook.lines[block.begin] for block in notebook.solutions)
        assert notebook.hidden_tests == []
    assert not (place.package / "tensor.py").exists()


def test_init_again_changes_nothing(place):
    before = snapshot(place.root)
    assert init(place.root) == (place, [])
    assert snapshot(place.root) == before


def test_init_again_adds_what_is_missing_and_touches_nothing_else(place):
    tensor = course.find("tensor")
    place.notebook(tensor).unlink()
    (place.root / "conftest.py").unlink()
    (place.root / "README.md").write_text("mine\n", encoding="utf-8")
    written = init(place.root)[1]
    assert sorted(path.name for path in written) == ["01_tensor.py", "conftest.py"]
    assert (place.root / "README.md").read_text(encoding="utf-8") == "mine\n"


def test_init_again_gives_an_earlier_workspace_the_editors_style(place):
    path = place.root / "pyproject.toml"
    earlier = path.read_text(encoding="utf-8").replace(DISPLAY, "# my own line")
    path.write_text(earlier, encoding="utf-8")
    (place.root / "editor.css").unlink()
    init(place.root)
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    assert (
        settings["tool"]["marimo"]["display"]["custom_css"] == ["editor.css"] and (place.root / "editor.css").exists()
    )
    assert path.read_text(encoding="utf-8").startswith(earlier.rstrip())


def test_init_again_adds_missing_glue_that_fits_what_is_exported(place):
    """As in a workspace that was made before the course had `tinytorch.nn`."""
    solve(place.notebook(course.find("tensor")))
    tito("export", "01", cwd=place.root)
    before = snapshot(place.package)
    for path in (place.package / "nn").rglob("*.py"):
        path.unlink()
    (place.package / "_later.py").unlink()
    (place.package / "_missing" / "spatial.py").unlink()
    init(place.root)
    assert snapshot(place.package) == before


def test_init_refuses_a_folder_with_something_else_in_it(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    before = snapshot(tmp_path)
    with pytest.raises(TitoError, match="is not a workspace"):
        init(tmp_path)
    assert snapshot(tmp_path) == before


def test_init_refuses_a_file(tmp_path):
    (tmp_path / "mine").write_text("", encoding="utf-8")
    with pytest.raises(TitoError, match="is not a workspace"):
        init(tmp_path / "mine")


def test_init_refuses_a_workspace_inside_a_workspace(place):
    with pytest.raises(TitoError, match="inside the workspace"):
        init(place.root / "notebooks" / "another")


def test_init_refuses_the_course_itself():
    with pytest.raises(TitoError, match="the course itself"):
        init(ROOT)


def test_an_empty_folder_will_do(tmp_path):
    assert init(tmp_path)[0].root == tmp_path.resolve()


def test_the_workspace_is_found_from_any_folder_below(place):
    assert find_place(place.root / "notebooks") == place
    assert find_workspace(place.package) == place


def test_outside_of_everything_there_is_a_sentence(tmp_path):
    with pytest.raises(TitoError, match="tito init"):
        find_place(tmp_path)


@pytest.mark.parametrize(
    "command", ["start", "module start 01", "module complete 01", "module reset 01", "module restore 01"]
)
def test_commands_that_change_notebooks_refuse_the_course(command):
    before = {module: COURSE.notebook(module).read_bytes() for module in course.available()}
    run = tito(*command.split(), cwd=ROOT / "notebooks")
    assert run.returncode == 1
    assert run.stderr.startswith("tito: this is the course itself")
    assert before == {module: COURSE.notebook(module).read_bytes() for module in course.available()}


def python(place: Place, program: str, **options) -> subprocess.CompletedProcess:
    environment = place.environment()
    return warm.run(
        [sys.executable, "-c", program],
        cwd=place.root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        **options,
    )


@pytest.mark.parametrize(
    ("program", "module"),
    [
        ("import tinytorch.tensor", "01"),
        ("from tinytorch.tensor import Tensor", "01"),
        ("from tinytorch import Tensor", "01"),
        ("import tinytorch; tinytorch.Tensor", "01"),
        ("import tinytorch.activations", "02"),
    ],
)
def test_a_missing_module_says_which_one_to_finish(place, program, module):
    run = python(place, program)
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith(("ImportError: ", "AttributeError: ")) and f"finish module {module} first" in last
    assert "ModuleNotFoundError" not in run.stderr


def test_only_the_students_tinytorch_can_be_imported(place):
    """Not even the environment of the course knows the reference."""
    outside = python(Place(place.root.parent), "import tinytorch")
    assert "No module named 'tinytorch'" in outside.stderr
    solve(place.notebook(course.find("tensor")))
    tito("export", "01", cwd=place.root)
    inside = python(place, "import tinytorch, tinytorch.tensor as t; print(tinytorch.__file__)")
    assert inside.stdout.strip() == str(place.package / "__init__.py")


def test_a_broken_file_elsewhere_in_the_package_does_not_hide_the_module(place):
    (place.package / "activations.py").write_text("this is not python", encoding="utf-8")
    assert python(place, "import tinytorch").returncode == 0


def test_a_reexport_reaches_a_living_process(place):
    """As marimo does it: the changed modules are reloaded. `tinytorch.tensor` stays a function and a module to import from."""
    tensor = place.notebook(course.find("tensor"))
    solve(tensor)
    tito("export", "01", cwd=place.root)
    program = """
import importlib, subprocess, sys
import tinytorch
from tinytorch.tensor import Tensor
assert repr(tinytorch.tensor([1.0])) == "tensor([1.])"
print("ready", flush=True)
sys.stdin.readline()
for name in ("tinytorch.tensor", "tinytorch"):
    importlib.reload(sys.modules[name])
from tinytorch.tensor import Tensor
print(repr(tinytorch.tensor([1.0])), repr(Tensor([2.0])), isinstance(tinytorch.tensor([1.0]), Tensor))
"""
    living = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=place.root,
        env=place.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert living.stdout.readline() == "ready\n"
    text = tensor.read_text(encoding="utf-8")
    tensor.write_text(
        text.replace(
            "    recorder = None", '    __repr__ = lambda self: f"TENSOR({self.tolist()})"\n    recorder = None'
        ),
        encoding="utf-8",
    )
    assert tito("export", "01", cwd=place.root).returncode == 0
    printed, _ = living.communicate("go\n", timeout=30)
    assert printed == "TENSOR([1.0]) TENSOR([2.0]) True\n"


def test_init_takes_no_pictures_along(tmp_path):
    """A milestone's script, run in the course itself, leaves its picture there: it is no part of the course."""
    picture = course.MILESTONES[0].path / "left_behind.png"
    picture.write_bytes(b"\x89PNG")
    try:
        place, _ = init(tmp_path / "mine")
    finally:
        picture.unlink()
    folder = place.root / "milestones" / course.MILESTONES[0].folder
    assert {path.suffix for path in folder.iterdir()} == {".md", ".py"}


def test_export_of_all_takes_what_was_begun(tmp_path):
    """An untouched notebook would only hide the sentence "finish module NN first" behind names that do not work."""
    place, _ = init(tmp_path / "mine")
    nothing = tito("export", "--all", cwd=place.root)
    assert nothing.returncode == 1 and "no exercise of any notebook is solved yet" in nothing.stderr
    solve(place.notebook(course.find("setup")))
    solve(place.notebook(course.find("tensor")), "as_array", "Tensor.__init__")
    done = tito("export", "--all", cwd=place.root)
    assert done.returncode == 0 and done.stdout.endswith("exported: 00_setup, 01_tensor\n")
    assert not (place.package / "autograd.py").exists()


def test_export_of_an_unsolved_recorder_is_refused(tmp_path):
    """Every operation on a tensor would call it: nothing would work any more, not even the earlier modules."""
    place, _ = init(tmp_path / "mine")
    for number in ("00", "01", "02", "03", "04"):
        solve(place.notebook(course.find(number)))
        assert tito("export", number, cwd=place.root).returncode == 0
    solve(place.notebook(course.find("autograd")), "numerical_gradient", "add_gradient")
    refused = tito("export", "05", cwd=place.root)
    assert (
        refused.returncode == 1
        and "record is unsolved, and every operation on a tensor would call it" in refused.stderr
    )
    assert not (place.package / "autograd.py").exists()
    solve(place.notebook(course.find("autograd")), "record")
    assert tito("export", "05", cwd=place.root).returncode == 0
