"""Every module as a page that runs in the reader's browser: marimo on Pyodide, with the exercise version of the notebook."""

import json
import re
import shutil
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from tito import course
from tito.course import ROOT, Module
from tito.errors import TitoError
from tito.files import read, write
from tito.launch import header, requirements, with_versions
from tito.notebook import parse
from tito.stub import stub
from tito.wheel import wheel
from tito.workspace import EDITOR_CSS

LOADS = 18  # megabytes, as servers send them, without NumPy; a test in a browser measures it
WHEELS = Path("public", "wheels")  # where marimo's worker, which lives in assets/, looks one folder up
RUNTIME = Path("pyodide")
FRONT = ROOT / "book" / "try_xor.py"
DRAW = ROOT / "milestones" / "03_1986_mlp" / "03_draw.py"
# pages that are run and not edited -> the packages that they import; no page loads more than it needs
APPS = {
    FRONT: ("marimo", "numpy"),
    DRAW: ("marimo", "numpy", "pillow", "platformdirs", "scikit-learn", "wigglystuff"),
}


# marimo scrolls to the cell that the address names once, before the outputs above it have pushed it away
SCROLL = """
<script>
(() => {
  const name = decodeURIComponent(location.hash).replace("#scrollTo=", "");
  const until = Date.now() + 60000;
  let theirs = name === "";
  for (const kind of ["wheel", "keydown", "pointerdown", "touchstart"])
    addEventListener(kind, () => { theirs = true; }, { capture: true });
  const follow = () => {
    if (theirs || Date.now() > until) return;
    const cells = [...document.querySelectorAll("[data-cell-name]")];
    cells.find((cell) => cell.dataset.cellName.replace("*", "") === name)?.scrollIntoView();
    setTimeout(follow, 500);
  };
  follow();
})();
</script>
"""


def export(folder: Path, self_host: Path | None = None) -> None:
    """Write `NN_slug.html` for every module, and a page for each of `APPS`, into `folder`.

    They share marimo's files and the course's wheel.

    A page that would come out the same is left as it is.

    Args:
        folder: where the pages go.
        self_host: what `tito book pyodide` has made, served from `folder` then. None: the pages take Python and its packages
            from the hosts that marimo has chosen.

    Raises:
        TitoError: `self_host` is no such folder, or the wheel could not be built.
    """
    runtime = _serve(self_host, folder / RUNTIME)
    course_wheel = wheel(folder / WHEELS)
    _copy_assets(folder)
    for module in course.available():
        _write_page(_exercises(module, course_wheel.name), runtime, folder / f"{module.stem}.html")
    for app, packages in APPS.items():
        text = header([*with_versions(packages), _in_site(course_wheel.name)]) + read(app)
        _write_page(text, runtime, folder / f"{app.stem}.html", mode="run")


def _serve(source: Path | None, folder: Path) -> dict[str, str]:
    """Put Python for the browser into the site, or take it out; returns the settings that lead to it from a page."""
    if source is None:
        shutil.rmtree(folder, ignore_errors=True)
        return {}
    lock = source / "pyodide-lock.json"
    if not lock.exists() or "marimo-base" not in json.loads(read(lock))["packages"]:
        raise TitoError(
            f"{source} has no pyodide-lock.json with marimo in it: make such a folder with `tito book pyodide`"
        )
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return {"pyodide_index_url": f"./{RUNTIME}/", "pyodide_lockfile_url": f"./{RUNTIME}/{lock.name}"}


def _copy_assets(folder: Path) -> None:
    made_by = folder / "assets" / "marimo-version.txt"
    if not made_by.exists() or read(made_by) != version("marimo"):
        from marimo._export.exporter import Exporter

        shutil.rmtree(folder / "assets", ignore_errors=True)
        Exporter().export_assets(folder)
        for note in folder.glob("*.md"):
            note.unlink()
        write(made_by, version("marimo"))


def _exercises(module: Module, course_wheel: str) -> str:
    """A module's exercise version as a notebook that a browser can run."""
    path = ROOT / "notebooks" / f"{module.stem}.py"
    notebook = parse(path, stub(path))
    text = header([*requirements(notebook), _in_site(course_wheel)]) + notebook.text
    return re.sub(r"\((\.\./notebooks/)?(\d\d_\w+)\.py\)", r"(\2.html)", text)  # links between notebooks


def _in_site(course_wheel: str) -> str:
    return f"tinytorch-course @ ../{WHEELS.as_posix()}/{quote(course_wheel)}"


def _write_page(text: str, runtime: dict[str, str], page: Path, mode: str = "edit") -> None:
    made_from = [text, mode, json.dumps(runtime), version("marimo"), read(Path(__file__)), read(EDITOR_CSS)]
    digest = sha256("\0".join(made_from).encode()).hexdigest()
    mark = f"<!-- made from {digest} -->"
    if not page.exists() or mark not in read(page):
        write(page, _page(text, page, runtime, mode) + mark + "\n")


def _page(text: str, page: Path, runtime: dict[str, str], mode: str) -> str:
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
    html, _ = Exporter().export_as_wasm(
        WASMExportRequest(
            filename=source.name,
            app_config=app.config,
            display_config=DEFAULT_CONFIG["display"],
            code=text,
            options=WASMExportOptions(mode=mode, show_code=mode == "edit", runtime=WASMRuntimeConfig(**runtime)),
            layout=None,
        )
    )
    # as a setting, marimo would write its path on this machine into the page
    html = html.replace("</head>", f"<style title='marimo-custom'>{read(EDITOR_CSS)}</style></head>", 1)
    if mode == "run":
        return html  # its cells run by themselves
    idle = '"auto_instantiate": false'
    if html.count(idle) != 1:
        raise TitoError("marimo's page has no auto_instantiate setting any more: look at tito/play.py")
    running = html.replace(idle, '"auto_instantiate": true')  # cells run by themselves when the page is opened
    return running.replace("</body>", f"{SCROLL}</body>")
