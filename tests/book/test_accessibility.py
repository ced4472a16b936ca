"""Every kind of page in a real browser, light and dark: no violation of WCAG 2.2 AA that axe-core can find, no other host."""

import shutil
import threading
from importlib.util import find_spec

import pytest

from tito.book import HTML, server

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if not (BROWSER and find_spec("axe_playwright_python") and (HTML / "index.html").exists()):
    pytest.skip("the book in a browser: only where Chromium is, and the book (make book)", allow_module_level=True)

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
KINDS = [
    "book/index",
    "book/start",
    "book/map",
    "book/milestones",
    "book/pytorch",
    "book/tito",
    "book/glossary",
    "search",
]


@pytest.fixture(scope="module")
def address():
    with server(0) as here:
        threading.Thread(target=here.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{here.server_port}"
        here.shutdown()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", [*KINDS, "notebooks/01_tensor", "notebooks/05_autograd"])
def test_no_violation(browser, address, page, scheme):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": 1300, "height": 1000}, color_scheme=scheme)
    view, asked = context.new_page(), set()
    view.on("request", lambda request: asked.add(request.url))
    view.goto(f"{address}/{page}.html", wait_until="load")
    found = Axe().run(view, options={"runOnly": RULES}).response["violations"]
    context.close()
    assert [(rule["id"], node["target"], node["failureSummary"]) for rule in found for node in rule["nodes"]] == []
    assert not [url for url in asked if not url.startswith((address, "data:"))], "another host was asked"
