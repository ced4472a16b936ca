"""A student's workspace: made by `tito init`, of the same shape as the course, with nothing solved in it."""

from pathlib import Path

from tito import __version__, course, progress
from tito.backup import keep
from tito.course import ROOT, Module
from tito.errors import TitoError
from tito.export import package
from tito.files import read, write
from tito.place import COURSE, MARK, Place, is_workspace
from tito.stub import stub

EDITOR_CSS = ROOT / "tito" / "templates" / "editor.css"

DISPLAY = f"""\
[tool.marimo.display]
custom_css = ["{EDITOR_CSS.name}"]
"""
PYPROJECT = f"""\
# The settings of this workspace. marimo, pytest and tito read them; tito knows a workspace by the next line.
{MARK}
course = "{__version__}"

[tool.marimo.runtime]
auto_instantiate = true  # run the notebook when it is opened
auto_reload = "autorun"  # run what uses a module again when you export that module
reactive_tests = true  # run a test when the code it tests has run
pythonpath = ["."]  # `import tinytorch` means yours

{DISPLAY}
[tool.pytest.ini_options]
addopts = "--tb=short"
pythonpath = ["."]
"""

CONFTEST = '''\
"""Turns a failing test into a sentence: what is not done yet, or the tip of the test."""

pytest_plugins = ["tito.feedback"]
'''

README = """\
# My TinyTorch

The notebooks are yours to solve, and `tinytorch/` fills up with what you export.

    tito start              # open your next notebook
    tito module test        # test the current module
    tito module complete    # test it, export it, unlock the next one
    tito module status      # where am I?
    tito module hint        # a step at a time, never the code
    tito module update      # after a git pull of the course: the new notebook, with your answers
    tito milestone list     # history, replayed with your own tinytorch

`tito` is on your PATH while the course's virtual environment is active.
"""

GITIGNORE = "__pycache__/\n__marimo__/\n.pytest_cache/\n.tinytorch/\n"


def init(folder: Path) -> tuple[Place, list[Path]]:
    """Make a workspace, or add to one what is missing; what is there stays as it is.

    Returns:
        The workspace, and the files that were written.

    Raises:
        TitoError: `folder` holds something else, or lies inside another workspace, or there is no course to take it from.
    """
    course.refuse_missing_files()
    place = Place(folder.resolve())
    _refuse(place)
    texts = {
        "pyproject.toml": PYPROJECT,  # first: from here on the folder is a workspace, and init can be run again
        "conftest.py": CONFTEST,
        EDITOR_CSS.name: read(EDITOR_CSS),
        "README.md": README,
        ".gitignore": GITIGNORE,
    }
    texts |= {f"tinytorch/{name}": text for name, text in package(place, []).items()}
    written = [_add(place.root / name, text) for name, text in texts.items() if not (place.root / name).exists()]
    written += _use_editor_css(place)
    written += [write_stub(place, module) for module in course.available() if not place.notebook(module).exists()]
    # pages, scripts and recorded runs, not the pictures that scripts may have left beside themselves
    for source in (
        path for m in course.MILESTONES for path in sorted(m.path.glob("*.*")) if path.suffix in (".md", ".py", ".json")
    ):
        target = place.root / source.relative_to(ROOT)
        written += [] if target.exists() else [_add(target, read(source))]
    progress.begin(place)
    return place, written


def _use_editor_css(place: Place) -> list[Path]:
    """Add the setting to a workspace of an earlier version, which has none."""
    path = place.root / "pyproject.toml"
    settings = read(path)
    if "[tool.marimo.display]" in settings:
        return []
    return [_add(path, f"{settings.rstrip()}\n\n{DISPLAY}")]


def _refuse(place: Place) -> None:
    if is_workspace(place.root):
        return
    if place.root == ROOT:
        raise TitoError(
            "this is the course itself: give the workspace a folder of its own, as in `tito init my-tinytorch`"
        )
    if place.root.exists() and (not place.root.is_dir() or any(place.root.iterdir())):
        raise TitoError(
            f"{place.root} exists and is not a workspace, so nothing was written there: choose another name"
        )
    outer = next((parent for parent in place.root.parents if is_workspace(parent)), None)
    if outer is not None:
        raise TitoError(f"{place.root} would lie inside the workspace {outer}: cd out of it, or use that one")


def _add(path: Path, text: str) -> Path:
    write(path, text)
    return path


def write_stub(place: Place, module: Module) -> Path:
    """Write a module's unsolved notebook; the caller has made sure that nothing is lost."""
    text = stub(COURSE.notebook(module))
    written = _add(place.notebook(module), text)
    _add(place.stub(module), text)
    return written


def reset(place: Place, module: Module) -> Path | None:
    """Start a module over. Returns the backup of the old notebook; None when there was none."""
    path = place.notebook(module)
    files = [file for file in (path, place.stub(module)) if file.exists()]
    completed = progress.entry_of(place, module)
    kept = keep(place, files, f"reset_{module.number}", completed) if path.exists() else None
    write_stub(place, module)
    progress.forget(place, module)
    return kept
