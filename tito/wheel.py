"""The course as a wheel, for places that a notebook is carried to: a browser, a notebook service, a container.

It has `tito`, which the notebooks' exploring cells use, and the reference `tinytorch`, which later modules import from earlier
ones. It requires no other package: the notebook that installs it lists what it needs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import Version

from tito import __version__
from tito.course import ROOT
from tito.errors import TitoError
from tito.files import write

PACKAGES = ("tinytorch", "tito")
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "tinytorch-course"
version = "{version}"
requires-python = ">=3.11"
[tool.setuptools.packages.find]
"""
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


def wheel(folder: Path) -> Path:
    """Build the wheel into `folder`, unless it is there already; older ones are removed.

    The digest of what is in it is part of its version, so a browser or pip that has kept an older one takes the new one.

    Raises:
        TitoError: setuptools is missing or too old, or it could not build.
    """
    target = folder / f"tinytorch_course-{wheel_version()}-py3-none-any.whl"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _build(folder)
        for old in set(folder.glob("tinytorch_course-*.whl")) - {target}:
            old.unlink()
    return target


def can_build() -> bool:
    """Whether setuptools is there, and new enough to build a wheel by itself."""
    try:
        return Version(version("setuptools")) >= Version("70.1")
    except PackageNotFoundError:
        return False


def wheel_version() -> str:
    """The course's version and a digest of everything that is in the wheel."""
    digest = sha256(b"".join(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() for path in _sources()))
    return f"{__version__}+{digest.hexdigest()[:12]}"


def _sources() -> list[Path]:
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def _build(folder: Path) -> None:
    if not can_build():
        raise TitoError('the wheel needs setuptools 70.1: python -m pip install -e ".[book]" in the course\'s folder')
    with tempfile.TemporaryDirectory(prefix="tito_") as temporary:
        for path in _sources():
            copy = Path(temporary, path.relative_to(ROOT))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        write(Path(temporary, "pyproject.toml"), PROJECT.format(version=wheel_version()))
        environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800"}  # the same sources make the same bytes
        command = [sys.executable, "-c", BUILD, str(folder.resolve())]
        run = subprocess.run(command, cwd=temporary, env=environment, capture_output=True, encoding="utf-8")
    if run.returncode:
        raise TitoError(f"the wheel was not built: {run.stderr.strip()[-300:]}")
