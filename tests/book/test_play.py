"""The pages in which a notebook runs: what is in them, what they load, and that the kernel starts, in a real browser."""

import gzip
import json
import re
import shutil
import threading
import time
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tito import play
from tito.course import ROOT, available
from tito.errors import TitoError
from tito.files import read, write
from tito.notebook import parse
from tito.wheel import can_build

if not (find_spec("jupyter_book") and can_build()):
    pytest.skip("pages that run: only where the book's tools are installed (make book)", allow_module_level=True)

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PYODIDE = ROOT / "_build" / "pyodide"
in_browser = pytest.mark.skipif(
    not (BROWSER and find_spec("playwright") and PYODIDE.exists()),
    reason="a running notebook: only where Chromium is, and `tito book pyodide _build/pyodide` was run (make book)",
)
# Not NumPy, which no registry has for Pyodide: a notebook that imports it can begin, and what computes with it fails.
STAND_IN = "class ndarray: pass\nclass generic: pass\nclass number: pass\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "play"
    play.export(folder)
    return folder


# The files


def test_every_module_has_a_page_and_they_share_the_rest(site):
    pages = sorted(path.name for path in site.glob("*.html"))
    assert pages == sorted([*(f"{module.stem}.html" for module in available()), "03_draw.html", "try_xor.html"])
    assert all(len(gzip.compress((site / name).read_bytes())) <= 60_000 for name in pages)
    assert len(list((site / "assets").glob("worker-*.js"))) == 1 and not list(site.glob("*.md"))
    assert len(list((site / "public" / "wheels").iterdir())) == 1


@pytest.mark.parametrize("module", available(), ids=lambda module: module.slug)
def test_a_page_has_the_exercises_and_nothing_else(site, module):
    text = read(site / f"{module.stem}.html")
    notebook = parse(ROOT / "notebooks" / f"{module.stem}.py")
    code = json.loads(re.search(r'notebookCode: ("(?:[^"\\]|\\.)*")', text)[1])
    for block in notebook.solutions:
        assert f"{block.owner}: replace this line with your code" in code
    assert "HIDDEN TESTS" not in code and 'auto_instantiate": true' in text
    wheel = next((site / "public" / "wheels").iterdir()).name
    assert f"tinytorch-course @ ../public/wheels/{wheel.replace('+', '%2B')}" in code
    assert not re.search(r"\(\S+\.py\)", code), "a link to another notebook leads to its page"


def test_the_front_page_exploration_shows_no_code_and_loads_only_what_it_needs(site):
    text = read(site / "try_xor.html")
    code = json.loads(re.search(r'notebookCode: ("(?:[^"\\]|\\.)*")', text)[1])
    header = code.partition("# ///\n\n")[0]
    assert "numpy" in header and "tinytorch-course @ ../public/wheels/" in header and "matplotlib" not in header
    assert '"mode": "read"' in text


def test_the_page_to_draw_on_brings_what_it_imports(site):
    text = read(site / "03_draw.html")
    code = json.loads(re.search(r'notebookCode: ("(?:[^"\\]|\\.)*")', text)[1])
    header = code.partition("# ///\n\n")[0]
    assert all(name in header for name in ("numpy", "pillow", "platformdirs", "scikit-learn", "wigglystuff"))
    assert '"mode": "read"' in text


def test_a_page_looks_as_in_a_workspace_and_names_no_path_of_this_machine(site):
    for page in site.glob("*.html"):
        text = read(page)
        assert text.count("reusable-definitions") == 1 and str(ROOT) not in text


def test_a_page_is_made_again_only_when_something_in_it_changed(site, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in site.glob("*.html")}
    play.export(site)
    assert {path: path.stat().st_mtime_ns for path in site.glob("*.html")} == before
    exercise = play.stub
    monkeypatch.setattr(play, "stub", lambda path: exercise(path).replace("Module 02", "Module Two"))
    play.export(site)
    changed = {path.stem for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert "02_activations" in changed and "00_setup" not in changed
    monkeypatch.undo()
    play.export(site)


def test_a_folder_without_marimo_in_it_is_no_python_for_the_browser(tmp_path):
    write(tmp_path / "pyodide-lock.json", '{"packages": {}}')
    with pytest.raises(TitoError, match="tito book pyodide"):
        play.export(tmp_path / "site", tmp_path)


# The browser


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """Python for the browser, with stand-ins for what no registry has."""
    from tito.pyodide import locked

    folder = tmp_path_factory.mktemp("python") / "pyodide"
    shutil.copytree(PYODIDE, folder)
    for name in ("numpy", "matplotlib"):
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n"
        with zipfile.ZipFile(folder / f"{name}-9.9-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/__init__.py", STAND_IN)
            wheel.writestr(f"{name}-9.9.dist-info/METADATA", about)
            wheel.writestr(
                f"{name}-9.9.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{name}-9.9.dist-info/RECORD", "")
    write(folder / "pyodide-lock.json", json.dumps(locked(folder, json.loads(read(folder / "pyodide-lock.json")))))
    return folder


class Quiet(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def log_request(self, *args):
        pass


@contextmanager
def served(folder: Path):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as here:
        threading.Thread(target=here.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{here.server_port}"
        here.shutdown()


@pytest.fixture
def view():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
            yield context.new_page()


def answer_from(folder: Path, view, own: str) -> list[str]:
    """Answer every request to another host with the file of that name; returns the list that such requests are noted in."""
    outside = []

    def answer(route):
        url = route.request.url
        if url.startswith((own, "data:", "blob:")):
            return route.continue_()
        outside.append(url)
        file = folder / unquote(urlsplit(url).path).rsplit("/", 1)[-1]
        return (
            route.fulfill(path=file, headers={"access-control-allow-origin": "*"}) if file.is_file() else route.abort()
        )

    view.context.route("**/*", answer)
    return outside


def transferred(folder: Path, host: str, asked: list[str]) -> float:
    """Megabytes of the files behind some requests, each once, compressed as servers send them."""
    paths = {unquote(urlsplit(url).path) for url in asked if url.startswith(host or "https:")}
    files = [folder.parent / path.lstrip("/") if host else folder / path.rsplit("/", 1)[-1] for path in paths]
    packed = (".whl", ".zip", ".woff2", ".png")
    sizes = [len(data) if file.suffix in packed else len(gzip.compress(data)) for file, data in contents(files)]
    return sum(sizes) / 1e6


def contents(files: list[Path]):
    return [(file, file.read_bytes()) for file in files if file.is_file()]


def wait_for_kernel(view, seconds: float) -> float:
    """Wait until the diagram is there, which the course's wheel draws; returns the seconds that it took."""
    start = time.monotonic()
    view.wait_for_selector("figure.diagram svg", timeout=seconds * 1000)
    return time.monotonic() - start


@in_browser
def test_the_kernel_starts_and_runs_what_needs_no_numpy(view, site, python, capsys):
    with served(site.parent) as address:
        outside, asked = answer_from(python, view, address), []
        view.on("request", lambda request: asked.append(request.url))
        view.goto(f"{address}/play/00_setup.html#scrollTo=copied_bytes", wait_until="load")
        seconds = wait_for_kernel(view, 120)
        with capsys.disabled():
            print(f" [kernel and first outputs after {seconds:.1f} s]", end="")
        view.wait_for_function("document.body.innerText.includes('Not done yet: matmul_flops')", timeout=60_000)
        megabytes = transferred(site, address, asked) + transferred(python, "", outside)
        place = "document.querySelector('[data-cell-name=\"*copied_bytes\"]').getBoundingClientRect().top"
        top = view.evaluate(place)
    loaded = {unquote(urlsplit(url).path).rsplit("/", 1)[-1] for url in outside}
    assert {"pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip"} <= loaded
    assert not [name for name in loaded if "tinytorch" in name or "tito" in name], "the course comes from its own site"
    assert abs(megabytes - play.LOADS) < 2, f"the button says {play.LOADS} MB, and these are {megabytes:.1f}"
    assert -50 < top < 850, "the page is open where the link leads"


@in_browser
def test_a_site_that_has_python_itself_asks_no_other_host(view, tmp_path, python):
    play.export(tmp_path / "play", python)
    with served(tmp_path) as address:
        outside = answer_from(python, view, address)
        view.goto(f"{address}/play/00_setup.html", wait_until="load")
        wait_for_kernel(view, 120)
    assert outside == []
    play.export(tmp_path / "play")
    assert not (tmp_path / "play" / "pyodide").exists(), "without the setting it is taken out again"


@in_browser
def test_the_front_page_exploration_has_its_sliders(view, site, python):
    with served(site.parent) as address:
        answer_from(python, view, address)
        view.goto(f"{address}/play/try_xor.html", wait_until="load")
        view.wait_for_selector("marimo-slider", state="attached", timeout=120_000)
        assert view.locator("marimo-slider").count() == 3
