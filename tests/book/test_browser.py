"""The book in a real browser, light and dark and on a phone: what axe-core finds, what is asked for, and what a reader clicks."""

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest

from tito.book import HTML, server
from tito.files import write

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
    "book/surprises",
    "book/tito",
    "book/glossary",
    "search",
    "notebooks/01_tensor",
    "notebooks/05_autograd",
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


@pytest.fixture
def view(browser):
    with browser.new_context(viewport={"width": 1300, "height": 1000}) as context:
        yield context.new_page()


def faults(view, url: str, own: str) -> list:
    """What is wrong with a page: violations that axe-core finds, and requests to another host than `own`."""
    from axe_playwright_python.sync_playwright import Axe

    asked = set()
    view.on("request", lambda request: asked.add(request.url))
    view.goto(url, wait_until="load")
    view.add_style_tag(content="* { transition: none !important; }")  # colours that are still on their way are no fault
    view.wait_for_timeout(200)
    found = Axe().run(view, options={"runOnly": RULES}).response["violations"]
    outside = [url for url in asked if not url.startswith((own, "data:"))]
    return [(rule["id"], node["target"], node["failureSummary"]) for rule in found for node in rule["nodes"]] + outside


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", KINDS)
def test_a_page_has_no_fault(view, address, page, scheme):
    view.emulate_media(color_scheme=scheme)
    assert faults(view, f"{address}/{page}.html", address) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<main><h1>x</h1><p style="color: #aaa; background: #fff">pale</p></main>', "color-contrast"),
        ('<main><h1>x</h1><svg role="img"><text y="20">y</text></svg></main>', "svg-img-alt"),
        ("<main><h1>x</h1><button></button></main>", "button-name"),
        ('<main><h1>x</h1><img alt="x" src="http://localhost:9/x.png"></main>', "http://localhost:9/x.png"),
    ],
)
def test_a_planted_fault_is_found(view, tmp_path, body, fault):
    write(tmp_path / "index.html", f'<!doctype html><html lang="en"><title>x</title>{body}</html>')
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as here:
        threading.Thread(target=here.serve_forever, daemon=True).start()
        own = f"http://127.0.0.1:{here.server_port}"
        found = faults(view, f"{own}/index.html", own)
        here.shutdown()
    assert len(found) == 1 and fault in found[0]


@pytest.mark.parametrize("page", KINDS)
def test_on_a_phone_a_page_does_not_scroll_sideways(browser, address, page):
    with browser.new_context(viewport={"width": 360, "height": 800}, is_mobile=True) as context:
        view = context.new_page()
        view.goto(f"{address}/{page}.html", wait_until="load")
        assert view.evaluate("document.documentElement.scrollWidth") <= 360


def test_search_finds_a_module_by_what_it_is_about(view, address):
    view.goto(f"{address}/search.html?q=softmax", wait_until="load")
    view.wait_for_selector("ul.search li")
    assert view.locator('ul.search a[href*="02_activations"]').count() >= 1


def test_a_reader_gets_from_the_first_page_to_the_last_by_clicking_next(view, address):
    view.goto(f"{address}/book/index.html", wait_until="load")
    read = [view.url]
    while (onward := view.locator("a.right-next")).count():
        onward.first.click()
        read.append(view.url)
        assert view.locator("a.left-prev").get_attribute("href").split("/")[-1] == read[-2].split("/")[-1]
    modules = [url for url in read if "/notebooks/" in url]
    assert modules == sorted(modules) and len(modules) == len(list((HTML / "notebooks").glob("*.html")))


def test_on_paper_there_is_the_text_and_no_navigation(view, address):
    view.goto(f"{address}/notebooks/01_tensor.html", wait_until="load")
    view.emulate_media(media="print")
    assert view.locator("#jb-print-docs-body h1").is_visible() and view.locator("figure.diagram").is_visible()
    for navigation in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer"):
        assert not view.locator(navigation).first.is_visible()


@pytest.mark.parametrize("way", [["run Module 00 in this browser"], ["Module 00: Setup", "Run it in this browser"]])
def test_from_the_welcome_page_two_clicks_lead_to_a_running_notebook(view, address, way):
    view.context.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith(address) else route.abort()
    )
    view.goto(f"{address}/book/index.html", wait_until="load")
    for link in way:
        view.get_by_role("link", name=link).first.click()
    view.wait_for_url("**/play/00_setup.html")
    assert view.title() == "Module 00: Setup"


def test_the_front_page_exploration_starts_in_its_frame_when_its_link_is_pressed(view, address):
    asked = []
    view.context.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith(address) else route.abort()
    )
    view.on("request", lambda request: asked.append(request.url))
    view.goto(f"{address}/book/index.html", wait_until="load")
    assert view.frame_locator("iframe[name=live]").locator("svg[role=img]").is_visible(), (
        "how it starts, without a kernel"
    )
    assert not [url for url in asked if "/play/" in url]
    view.locator("figure.live a.run").click()
    view.wait_for_function(
        "document.querySelector('iframe[name=live]').contentWindow.location.pathname.endsWith('try_xor.html')"
    )
    assert view.url.endswith("/book/index.html")


def test_the_front_page_shows_the_editor_in_the_scheme_of_the_page(view, address):
    for scheme in ("light", "dark"):
        view.emulate_media(color_scheme=scheme)
        view.goto(f"{address}/book/index.html", wait_until="load")
        shown = [picture for picture in view.locator("img[src*=editor-]").all() if picture.is_visible()]
        assert [picture.get_attribute("src").rsplit("/", 1)[-1] for picture in shown] == [f"editor-{scheme}.png"]
