"""What a student does, for the tests: call tito, solve exercises."""

import os
import subprocess
import sys
from pathlib import Path

from tests import warm
from tito.course import find
from tito.notebook import parse
from tito.place import COURSE
from tito.stub import replace_blocks, unsolved


def tito(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run the command line as a student would, without a terminal and with this Python."""
    command = [sys.executable, "-m", "tito", *map(str, arguments)]
    # as in an activated environment; the editable install must be enough, so no PYTHONPATH, no options of this test run
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    clean["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), clean.get("PATH", "")])
    return warm.run(
        command,
        cwd=cwd,
        env=clean | {"PYTHONUTF8": "1"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
    )


def done(run: subprocess.CompletedProcess) -> str:
    """What a command printed that must have gone well."""
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def reference_bodies(stem: str) -> dict[str, list[str]]:
    """Exercise -> the lines of its solution, unindented."""
    notebook = parse(COURSE.notebook(find(stem)))
    return {block.owner: notebook.body(block) for block in notebook.solutions}


def solve(path: Path, *exercises: str, bodies: dict[str, list[str]] | None = None) -> None:
    """Write the reference's solution of some exercises (all, if none is named) into a student's notebook."""
    notebook, bodies = parse(path), bodies or reference_bodies(path.stem)
    written = {block: bodies[block.owner] for block in notebook.solutions if not exercises or block.owner in exercises}
    assert written or not bodies, f"no exercise {exercises} in {path}"
    path.write_text(replace_blocks(notebook, written), encoding="utf-8")


def unsolve(path: Path, exercise: str) -> None:
    notebook = parse(path)
    block = next(block for block in notebook.solutions if block.owner == exercise)
    path.write_text(replace_blocks(notebook, {block: unsolved(block)}), encoding="utf-8")
