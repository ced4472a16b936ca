"""What each cell of a notebook shows: found by running it once, and kept until it, or something it imports, changes."""

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

# Each notebook is run in a folder of its own in here.
RUN_IN = course.ROOT / "_build" / "marimo"
# without the reactive tests, and with figures of a size that a page needs
SETTINGS = {"pyproject.toml": "[tool.marimo.runtime]\nreactive_tests = false\n", "matplotlibrc": "figure.dpi: 75\n"}

started: dict[Path, Future] = {}


def start() -> None:
    """Begin to run what has changed, two notebooks at a time; it goes on while Sphinx is still being loaded."""
    pool = ThreadPoolExecutor(2)
    for module in course.available():
        path = course.ROOT / "notebooks" / f"{module.stem}.py"
        started[path] = pool.submit(_shown, path)
    pool.shutdown(wait=False)


def shown(notebook: Path) -> list[list[dict]]:
    """The outputs of each cell of a notebook, as Jupyter keeps them, after a run from top to bottom with its measurements."""
    return started[notebook].result() if notebook in started else _shown(notebook)


def _shown(notebook: Path) -> list[list[dict]]:
    digest = sha256(b"".join(path.read_bytes() for path in [*sources(notebook), Path(__file__)])).hexdigest()[:16]
    folder = RUN_IN / notebook.stem
    kept = folder / f"{digest}.ipynb"
    if not kept.exists():
        for name, text in SETTINGS.items():
            write(folder / name, text)
        write(folder / notebook.name, read(notebook))
        for old in [*folder.glob("*.ipynb"), *folder.glob("*.png")]:
            old.unlink()
        _run(folder / notebook.name, kept)
    return [cell.get("outputs", []) for cell in json.loads(read(kept))["cells"]]


def _run(copy: Path, result: Path) -> None:
    fresh = result.with_suffix(".tmp.ipynb")
    command = [sys.executable, "-m", "marimo", "-y", "export", "ipynb", copy.name, "--include-outputs", "--no-sandbox"]
    command += ["--sort", "top-down", "-f", "-o", fresh.name]
    environment = os.environ | {"PYTHONPATH": str(course.ROOT), "TINYTORCH_MEASURE": "1", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(command, cwd=copy.parent, env=environment, capture_output=True, encoding="utf-8")
    if run.returncode:
        raise RuntimeError(f"{copy.name} does not run to its end:\n{run.stdout[-1000:]}{run.stderr[-2000:]}")
    fresh.replace(result)


@cache
def sources(notebook: Path) -> list[Path]:
    """The files that decide what a notebook shows: itself, what it imports of tinytorch, and the lesson's helpers."""
    found, todo = {notebook}, [notebook]
    while todo:
        for node in ast.walk(ast.parse(read(todo.pop()))):
            for name in modules_imported(node):
                path = course.ROOT / Path(*name.split(".")).with_suffix(".py")
                if name.partition(".")[0] in ("tinytorch", "tito") and path.exists() and path not in found:
                    found.add(path)
                    todo.append(path)
    return sorted(found)
