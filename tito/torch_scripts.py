"""`tito try`: PyTorch scripts on the learner's own modules, and the comparison with PyTorch."""

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tito.errors import TitoError
from tito.files import read
from tito.place import Place
from tito.syntax import parse_python

SIGNALLED = 128  # a shell adds this to the number of the signal that ended a program


def refuse_unreadable(script: Path) -> None:
    """
    Raises:
        TitoError: it is not there, or not a Python program.
    """
    if script.is_dir():
        raise TitoError(f"{script} is a folder: give the script in it")
    if not script.exists():
        raise TitoError(f"there is no script {script}: check the path")
    if script.suffix == ".ipynb":
        raise TitoError(f"{script.name} is a notebook: export it as a Python script and give that")
    try:
        parse_python(read(script), script)
    except SyntaxError as error:
        raise TitoError(
            f"{script.name}: {error.msg} on line {error.lineno}. Fix it and run the command again"
        ) from None
    except ValueError as error:  # a null byte
        raise TitoError(f"{script.name} is not a Python script ({error}): give one") from None


def refuse_without_pytorch() -> None:
    """
    Raises:
        TitoError: PyTorch is not installed.
    """
    if find_spec("torch") is None:
        raise TitoError(
            "--compare needs PyTorch, which is not installed: `python -m pip install torch` (200 MB), or leave out --compare"
        )


def run(script: Path, arguments: list[str], place: Place) -> int:
    """Run a script with the place's tinytorch; returns its exit code."""
    return _exit_code(subprocess.run(_command("tinytorch", "-", script, arguments), env=_environment(place)))


def compare(script: Path, arguments: list[str], place: Place) -> tuple[int, str]:
    """Run a script with the place's tinytorch, and with PyTorch on the same random numbers and initial weights.

    Returns:
        (exit code, report). The code is the script's if it fails with tinytorch, else 0 if the runs agree and 1 if they don't.

    Raises:
        TitoError: it fails with PyTorch, or calls backward() in neither.
    """
    from tito.torch_compare import report
    from tito.torch_record import load

    with tempfile.TemporaryDirectory(prefix="tito-try-") as temporary:
        folder = Path(temporary)
        code = _exit_code(subprocess.run(_command("tinytorch", temporary, script, arguments), env=_environment(place)))
        if code:
            return code, f"the script ended with exit code {code} on tinytorch, so there is nothing to compare yet"
        theirs = subprocess.run(
            _command("torch", temporary, script, arguments),
            env=_environment(place) | {"CUDA_VISIBLE_DEVICES": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        if theirs.returncode:
            print(theirs.stderr, end="", file=sys.stderr)
            raise TitoError(f"{script.name} fails with PyTorch itself (above): fix that first")
        return report(load(folder, "tinytorch"), load(folder, "torch"))


def _command(library: str, folder: str, script: Path, arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "tito.torch_run", library, folder, str(script), *arguments]


def _environment(place: Place) -> dict[str, str]:
    return place.environment() | {"PYTHONUNBUFFERED": "1"}


def _exit_code(ended: subprocess.CompletedProcess) -> int:
    return ended.returncode if ended.returncode >= 0 else SIGNALLED - ended.returncode
