"""The outputs of each cell of a notebook, from one run; cached until the notebook, or something it imports, changes."""

import ast
import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path

from tito import course
from tito.files import read, write
from tito.notebook import modules_imported

# Each notebook runs in its own folder in here.
RUN_IN = course.ROOT / "_build" / "marimo"
# without reactive tests, and with figures sized for a page
SETTINGS = {"pyproject.toml": "[tool.marimo.runtime]\nreactive_tests = false\n", "matplotlibrc": "figure.dpi: 75\n"}

started: dict[Path, Future] = {}


def start() -> None:
    """Start running the notebooks that changed, two at a time, while Sphinx is still loading."""
    pool = ThreadPoolExecutor(2)
    for module in course.available():
        path = course.ROOT / "notebooks" / f"{module.stem}.py"
        started[path] = pool.submit(_shown, path)
    pool.shutdown(wait=False)


def shown(notebook: Path) -> list[list[dict]]:
    """The outputs of each cell in Jupyter's format, after a run from top to bottom that includes the measurements."""
    return started[notebook].result() if notebook in started else _shown(notebook)


def _shown(notebook: Path) -> list[list[dict]]:
    digest = sha256(b"".join(path.read_bytes() for path in [*sources(notebook), Path(__file__)])).hexdigest()[:16]
    folder = RUN_IN / notebook.stem
    cached = folder / f"{digest}.ipynb"
    if not cached.exists():
        for name, text in SETTINGS.items():
            write(folder / name, text)
        write(folder / notebook.name, read(notebook))
        for old in [*folder.glob("*.ipynb"), *folder.glob("*.png")]:
            old.unlink()
        _run(folder / notebook.name, cached)
    return [cell.get("outputs", []) for cell in json.loads(read(cached))["cells"]]


def _run(copy: Path, result: Path) -> None:
    fresh = result.with_suffix(".tmp.ipynb")
    command = [sys.executable, "-m", "marimo", "-y", "export", "ipynb", copy.name, "--include-outputs", "--no-sandbox"]
    command += ["--sort", "top-down", "-f", "-o", fresh.name]
    environment = os.environ | {"PYTHONPATH": str(course.ROOT), "TINYTORCH_MEASURE": "1", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(command, cwd=copy.parent, env=environment, capture_output=True, encoding="utf-8")
    if run.returncode:
        raise RuntimeError(f"{copy.name} failed while running:\n{run.stdout[-1000:]}{run.stderr[-2000:]}")
    fresh.replace(result)


@cache
def sources(notebook: Path) -> list[Path]:
    """The files a notebook's outputs depend on: itself, what it imports from tinytorch, and the course's helpers in tito."""
    files, todo = {notebook}, [notebook]
    while todo:
        for node in ast.walk(ast.parse(read(todo.pop()))):
            for name in modules_imported(node):
                path = course.ROOT / Path(*name.split(".")).with_suffix(".py")
                if name.partition(".")[0] in ("tinytorch", "tito") and path.exists() and path not in files:
                    files.add(path)
                    todo.append(path)
    return sorted(files)
