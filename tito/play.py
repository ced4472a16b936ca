"""Every module as a page that runs in the reader's browser: marimo on Pyodide, with the exercise version of the notebook."""

import json
import re
import shutil
from hashlib import sha256
from html import escape
from pathlib import Path
from urllib.parse import quote

from tito import course
from tito.course import ROOT, Module
from tito.errors import TitoError
from tito.files import read, write
from tito.stub import stub
from tito.wheel import wheel

WHEELS = Path("public", "wheels")  # where marimo's worker, which lives in assets/, looks one folder up
RUNTIME = Path("pyodide")
NEEDED = ("pyodide.mjs", "pyodide.asm.wasm", "pyodide-lock.json")  # of a Pyodide distribution


def export(folder: Path, self_host: Path | None = None) -> None:
    """Write `NN_slug.html` for every module into `folder`; they share marimo's files and the course's wheel.

    A page that would come out the same is left as it is.

    Args:
        folder: where the pages go.
        self_host: an unpacked Pyodide distribution with the wheels that a notebook needs, served from `folder` then.
            None: the pages take them from the hosts that marimo has chosen.

    Raises:
        TitoError: `self_host` is no such distribution, or the wheel could not be built.
    """
    runtime = _serve(self_host, folder / RUNTIME) if self_host else {}
    course_wheel = wheel(folder / WHEELS)
    _copy_assets(folder)
    for module in course.available():
        _write_page(module, course_wheel.name, runtime, folder / f"{module.stem}.html")


def _serve(source: Path, folder: Path) -> dict[str, str]:
    """Put a Pyodide distribution into the site, with an index of its wheels; returns the settings that lead to it."""
    if missing := [name for name in NEEDED if not (source / name).exists()]:
        raise TitoError(f"{source} is no unpacked Pyodide distribution: it has no {missing[0]}")
    shutil.copytree(source, folder, dirs_exist_ok=True)
    for file in folder.glob("*.whl"):
        name = re.sub(r"[-_.]+", "-", file.name.partition("-")[0]).lower()
        link = (
            f'<!doctype html><title>{escape(name)}</title><a href="../../{quote(file.name)}">{escape(file.name)}</a>\n'
        )
        write(folder / "index" / name / "index.html", link)
    return {
        "pyodide_index_url": f"./{RUNTIME}/",
        "pyodide_lockfile_url": f"./{RUNTIME}/pyodide-lock.json",
        "pypi_index_url": f"./{RUNTIME}/index/",
    }


def _copy_assets(folder: Path) -> None:
    from marimo import __version__
    from marimo._export.exporter import Exporter

    made_by = folder / "assets" / "marimo-version.txt"
    if not made_by.exists() or read(made_by) != __version__:
        shutil.rmtree(folder / "assets", ignore_errors=True)
        Exporter().export_assets(folder)
        for note in folder.glob("*.md"):
            note.unlink()
        write(made_by, __version__)


def header(course):
    return f"""# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "marimo",
#     "matplotlib",
#     "numpy; sys_platform != 'emscripten'",
#     "pytest",
#     "{course}",
# ]
# ///

"""


def _write_page(module: Module, course_wheel: str, runtime: dict[str, str], page: Path) -> None:
    from marimo import __version__

    text = header(f"tinytorch-course @ ../{WHEELS.as_posix()}/{quote(course_wheel)}") + stub(
        ROOT / "notebooks" / f"{module.stem}.py"
    )
    text = re.sub(r"\((\.\./notebooks/)?(\d\d_\w+)\.py\)", r"(\2.html)", text)  # links between notebooks
    made_from = [text, json.dumps(runtime), __version__, read(Path(__file__))]
    digest = sha256("\0".join(made_from).encode()).hexdigest()
    mark = f"<!-- made from {digest} -->"
    if not page.exists() or mark not in read(page):
        write(page, _page(text, page, runtime) + mark + "\n")


def _page(text: str, page: Path, runtime: dict[str, str]) -> str:
    # marimo's command asks uv for a tool of its own on every export, and takes seconds; this is what it calls then
    from marimo._ast.app import InternalApp
    from marimo._ast.load import load_app
    from marimo._config.config import DEFAULT_CONFIG
    from marimo._export.exporter import Exporter
    from marimo._export.requests import WASMExportRequest
    from marimo._schemas.export_options import WASMExportOptions, WASMRuntimeConfig

    source = page.with_suffix(".py")
    write(source, text)
    app = InternalApp(load_app(str(source)))
    source.unlink()
    made, _ = Exporter().export_as_wasm(
        WASMExportRequest(
            filename=source.name,
            app_config=app.config,
            display_config=DEFAULT_CONFIG["display"],
            code=text,
            options=WASMExportOptions(mode="edit", show_code=True, runtime=WASMRuntimeConfig(**runtime)),
            layout=None,
        )
    )
    idle = '"auto_instantiate": false'
    if made.count(idle) != 1:
        raise TitoError("marimo's page has no auto_instantiate setting any more: look at tito/play.py")
    return made.replace(idle, '"auto_instantiate": true')  # cells run by themselves when the page is opened
