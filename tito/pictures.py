"""The pictures on the first page of the README and the book, made from the course itself: `tito book pictures`."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from tito import course
from tito.course import ROOT
from tito.editor import serving
from tito.errors import TitoError
from tito.export import export
from tito.files import write
from tito.notebook import parse
from tito.place import COURSE, Place
from tito.stub import replace_blocks, stub
from tito.workspace import PYPROJECT, init

FOLDER = ROOT / "book" / "pictures"
COLORS = 256  # enough for an editor and for plots, at a fraction of the bytes
DPI = 75
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_TIMEOUT_MS = 300_000  # for a browser and a kernel on a busy machine

# What the editor shows: a notebook, and the cell that is at the top of the picture.
EDITOR_MODULE, EDITOR_CELL = "activations", "test_softmax"
EDITOR_SIZE = {"width": 1100, "height": 1080}


@dataclass(frozen=True)
class Figure:
    """A figure that a notebook's own function draws."""

    module: str
    function: str
    arguments: str  # as Python expressions, which may use the notebook's names


FIGURES = (
    Figure("tensor", "explore_reader", "1000"),
    Figure("activations", "plot_activation", "'gelu', -0.75"),
    Figure("layers", "explore_spread", "'kaiming_uniform_', 'relu', 1.0"),
    Figure("losses", "explore_bce", "-110"),
    Figure("autograd", "explore_graph", "lambda a, b, c: a * a + a * b * c, 2.0, 3.0, 4.0"),
    Figure("training", "explore_run", "SGD, 0.1, 'relu', 200, 16, 0.2"),
    Figure("dataloader", "explore_crops", "0, 2, 1"),
    Figure("spatial", "explore_trained", "5, 6, 3"),
    Figure("embeddings", "explore_words", "'seven', 1"),
    Figure("attention", "explore_heads", "'Who gets the salad? The salad is for', 2"),
    Figure("transformers", "explore_writing", "'A: Where does Dan live? B:', 4, 0, 0.7, 20, 0.9, 0"),
)
# the last script of the last milestone: what Module 06 makes possible
MILESTONE = ("optimizers", "02_1969_xor/02_xor_solved")

DRAW = """
import sys
from importlib.util import module_from_spec, spec_from_file_location

spec = spec_from_file_location("notebook", sys.argv[1])
notebook = module_from_spec(spec)
spec.loader.exec_module(notebook)
arguments = eval(f"({sys.argv[3]},)", vars(notebook))
getattr(notebook, sys.argv[2])(*arguments).savefig(sys.argv[4], dpi=int(sys.argv[5]))
"""


def make(folder: Path = FOLDER) -> Iterator[Path]:
    """Make every picture again; yields each file when it is written.

    Raises:
        TitoError: Chromium or one of the book's tools is missing, or a notebook could not draw its figure.
    """
    browser = _browser()
    folder.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        yield _shrink(_drawn(figure), folder / f"{figure.module}.png")
    with tempfile.TemporaryDirectory(prefix="tito_") as temporary:
        place = _solved(Path(temporary, "my-tinytorch"))
        yield _shrink(_milestone_picture(place), folder / f"{MILESTONE[0]}.png")
        for scheme in ("light", "dark"):
            yield _shrink(_editor(place, browser, scheme), folder / f"editor-{scheme}.png")


def _browser() -> str:
    if not (find_spec("playwright") and find_spec("PIL")):
        raise TitoError(
            "the pictures need the book's tools: python -m pip install -e \".[book]\" in the course's folder"
        )
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise TitoError("the pictures need Chromium: install it, and run this again")
    return browser


def _shrink(png: bytes, path: Path) -> Path:
    from PIL import Image

    Image.open(BytesIO(png)).convert("RGB").quantize(COLORS).save(path, optimize=True)
    return path


def _drawn(figure: Figure) -> bytes:
    """A figure as PNG. Each notebook runs in its own process, because importing module 05 changes the others' autograd."""
    notebook = COURSE.notebook(course.find(figure.module))
    with tempfile.TemporaryDirectory(prefix="tito_") as temporary:
        png = Path(temporary, "figure.png")
        command = [sys.executable, "-c", DRAW, notebook, figure.function, figure.arguments, png, DPI]
        _run(f"{notebook.name}: {figure.function}", list(map(str, command)), ROOT)
        return png.read_bytes()


def _milestone_picture(place: Place) -> bytes:
    """The picture that a milestone's script saves beside itself, in a workspace."""
    script = place.root / "milestones" / f"{MILESTONE[1]}.py"
    _run(script.name, [sys.executable, script.name], script.parent)
    return script.with_suffix(".png").read_bytes()


def _run(name: str, command: list[str], folder: Path) -> None:
    environment = COURSE.environment() | {"MPLBACKEND": "agg"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", errors="replace")
    if run.returncode:
        raise TitoError(f"{name} failed: {run.stderr.strip().splitlines()[-1]}")


def _solved(folder: Path) -> Place:
    """A workspace in which every exercise is solved as in the reference, and exported."""
    place, _ = init(folder)
    for module in course.available():
        reference, path = parse(COURSE.notebook(module)), place.notebook(module)
        solutions = {block.owner: reference.body(block) for block in reference.solutions}
        exercises = parse(path, stub(COURSE.notebook(module)))
        write(path, replace_blocks(exercises, {block: solutions[block.owner] for block in exercises.solutions}))
        export(place, [module])
    return place


def _editor(place: Place, browser: str, scheme: str) -> bytes:
    """The editor on a solved notebook: an exercise's test, and the figure below it."""
    from playwright.sync_api import sync_playwright

    stem = course.find(EDITOR_MODULE).stem
    settings = place.root / "pyproject.toml"
    write(settings, PYPROJECT.replace("[tool.marimo.display]", f'[tool.marimo.display]\ntheme = "{scheme}"'))
    with serving(place, ["edit", f"notebooks/{stem}.py"]) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_context(viewport=EDITOR_SIZE, color_scheme=scheme).new_page()
        page.set_default_timeout(START_TIMEOUT_MS)
        page.goto(address, wait_until="domcontentloaded")
        cell = page.locator(f'[data-cell-name="*{EDITOR_CELL}"]')
        cell.get_by_text(re.compile("passed", re.IGNORECASE)).first.wait_for()
        page.locator(".output-area img").first.wait_for()  # the figure below it is drawn
        for _ in range(3):  # cells above it are drawn when they come into view, and push it down
            cell.evaluate("cell => cell.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(3000)
        return page.screenshot()
