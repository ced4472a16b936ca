"""The files of the branch `launch`: the exercises, as services open them that take a notebook from a repository.

Learners get there by the buttons of the book's pages. What a service opens is never the notebook on `main`, which has the
solutions and the hidden tests in it.
"""

import ast
import json
import shutil
import subprocess
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tito import course, repository
from tito.errors import TitoError
from tito.files import read, write
from tito.ipynb import to_ipynb
from tito.notebook import Notebook, modules_imported, parse
from tito.services import raw
from tito.stub import stub
from tito.syntax import parse_python
from tito.wheel import wheel
from tito.workspace import CONFTEST

FOLDER = course.ROOT / "_build" / "launch"
WHEEL = FOLDER.with_name("wheel")
WRITTEN = ".written"  # lists what was written, so that the next run removes that and nothing else
NEEDED = ("marimo", "numpy", "matplotlib", "pytest")  # by every notebook; for more see `requirements`

README = """\
# The exercises, for services that open notebooks

`tito book launch` made this branch from [the course]({address}), commit {commit}.
Do not edit it: the next run replaces it. The sources are in `notebooks/` on the branch `main`.

`notebooks/` has the exercise version of each module, for marimo (`.py`) and for Jupyter (`.ipynb`), `wheels/` what they import,
and `binder/` what Binder installs.
"""

# as in a workspace: a notebook runs with its tests when it is opened, and an unsolved exercise is one calm sentence
SETTINGS = {
    "pyproject.toml": "[tool.marimo.runtime]\nauto_instantiate = true\nreactive_tests = true\n",
    "conftest.py": CONFTEST,
}

# Binder: what its image has, and how Jupyter is set up in it.
PYTHON = "python-3.12\n"  # without it Binder may take one that is older than the course allows
ON_BINDER = (*NEEDED, "scikit-learn", "jupyterlab", "marimo-jupyter-extension")
JUPYTER_CONFIG = """\
# marimo runs in the environment that this branch's requirements.txt made. In its sandbox, which is otherwise on, it would
# install what the notebook's header names once more, among it the course, which is in no package index.
c = get_config()  # noqa: F821
c.MarimoProxyConfig.sandbox = None
"""
POST_BUILD = """\
#!/bin/bash
# Jupyter reads its configuration from here, never from the folder that it is started in.
set -e
mkdir -p "$NB_PYTHON_PREFIX/etc/jupyter"
cp binder/jupyter_server_config.py "$NB_PYTHON_PREFIX/etc/jupyter/"
"""


def launch(folder: Path = FOLDER) -> list[Path]:
    """Write the branch's files into `folder`, and remove what an earlier run wrote there and this one does not.

    Args:
        folder: a new or an empty one, or one that an earlier run has written.

    Returns:
        The files.

    Raises:
        TitoError: the repository's address is not known, a tool is missing, or the folder has something else in it.
    """
    address = repository.address()
    if address is None:
        raise TitoError(
            "the address of the repository is not known: fill in repository.url in _config.yml, "
            "such as https://github.com/owner/name"
        )
    before = _earlier(folder)
    built = wheel(WHEEL)
    texts = {f"notebooks/{name}": text for name, text in exercises().items()} | _binder(built)
    texts |= SETTINGS
    texts["README.md"] = README.format(commit=_commit(), address=address)
    files = {*texts, f"wheels/{built.name}", WRITTEN}
    _list(folder, before | files)  # before the files themselves: another run may follow one that was stopped
    for name, text in texts.items():
        write(folder / name, text)
    (folder / "binder" / "postBuild").chmod(0o755)
    (folder / "wheels").mkdir(exist_ok=True)
    shutil.copyfile(built, folder / "wheels" / built.name)
    for name in before - files:
        (folder / name).unlink()
    _list(folder, files)
    return sorted(folder / name for name in files)


def _list(folder: Path, files: set[str]) -> None:
    write(folder / WRITTEN, "".join(f"{name}\n" for name in sorted(files)))


def header(needed: list[str]) -> str:
    """The comment at the top of a notebook that lists what it needs (PEP 723), for tools that make an environment for it.

    Args:
        needed: requirements, such as "numpy>=2", or this course's wheel, "tinytorch-course @ https://...".

    Returns:
        Lines of comment, and an empty one.
    """
    dependencies = [f"#     {json.dumps(line)},\n" for line in needed]
    python = _project()["requires-python"]
    return f'# /// script\n# requires-python = "{python}"\n# dependencies = [\n{"".join(dependencies)}# ]\n# ///\n\n'


def requirements(notebook: Notebook) -> list[str]:
    """The packages that a notebook needs besides this course's, with the versions that `pyproject.toml` asks for."""
    imported = {name for node in ast.walk(parse_python(notebook.text)) for name in modules_imported(node)}
    needs_sklearn = any(name.partition(".")[0] == "sklearn" for name in imported)
    return with_versions([*NEEDED, *["scikit-learn"] * needs_sklearn])


def with_versions(names: list[str] | tuple[str, ...]) -> list[str]:
    """Packages with the versions that `pyproject.toml` asks for."""
    project = _project()
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    known = {Requirement(line).name: line for line in reversed(lines)}
    return [known.get(name, name) for name in names]


def _project() -> dict:
    return tomllib.loads(read(course.ROOT / "pyproject.toml"))["project"]


def exercises() -> dict[str, str]:
    """Each module twice, for marimo and for Jupyter: the file's name, and its text.

    Where the repository's address is known, both say where the course's wheel is; else they need an environment that has it.
    """
    address = repository.address()
    ours = [f"tinytorch-course @ {raw(address, f'wheels/{wheel(WHEEL).name}')}"] if address else []
    texts = {}
    for module in course.available():
        path = course.ROOT / "notebooks" / f"{module.stem}.py"
        notebook = parse(path, stub(path))
        install = " ".join(f'"{line}"' for line in [*requirements(notebook), *ours]) if ours else None
        texts[path.name] = header([*requirements(notebook), *ours]) + notebook.text
        texts[f"{path.stem}.ipynb"] = to_ipynb(notebook, install)
    return texts


def _binder(built: Path) -> dict[str, str]:
    # a path that begins with a dot makes Binder copy the whole branch before it installs, with the branch as working folder
    lines = [*with_versions(ON_BINDER), f"./wheels/{built.name}"]
    return {
        "binder/runtime.txt": PYTHON,
        "binder/requirements.txt": "".join(f"{line}\n" for line in lines),
        "binder/jupyter_server_config.py": JUPYTER_CONFIG,
        "binder/postBuild": POST_BUILD,
    }


def _earlier(folder: Path) -> set[str]:
    """The files that an earlier run has left in a folder, which has nothing else in it; git's own do not count."""
    if folder.exists() and not folder.is_dir():
        raise TitoError(f"{folder} is not a folder: choose another one with --to")
    existing = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink()}
    existing = {path.as_posix() for path in existing if path.parts[0] != ".git"}
    listed = set(read(folder / WRITTEN).splitlines()) if WRITTEN in existing else set()
    if strangers := sorted(existing - listed):
        raise TitoError(
            f"{folder} has {strangers[0]} in it, which `tito book launch` did not write: move it, or choose a new folder with --to"
        )
    return existing


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    try:
        run = subprocess.run(command, cwd=course.ROOT, capture_output=True, encoding="utf-8")
    except OSError:  # no git
        return "unknown"
    return run.stdout.strip() or "unknown"
