"""How a notebook looks in marimo's editor, in a real browser: the width of its text, its tables, and what is hidden."""

from importlib.util import find_spec

import pytest

from tito import pictures
from tito.editor import serving
from tito.files import read, write
from tito.place import Place
from tito.workspace import EDITOR_CSS, PYPROJECT

if not (find_spec("playwright") and find_spec("PIL") and any(map(pictures.shutil.which, pictures.BROWSERS))):
    pytest.skip("marimo's editor in a browser: only where Chromium is (make book)", allow_module_level=True)

NOTEBOOK = '''
import marimo

app = marimo.App(width="medium")

with app.setup(hide_code=True):
    import marimo as mo


@app.cell(hide_code=True)
def _():
    mo.md("""
    # A title

    %s

    | name | text | number |
    |---|:---|---:|
    | a | b | 1 |
    """)
    return


@app.function
def visible():
    return 1


@app.function(hide_code=True)
def plumbing():
    return "drawn"


@app.cell(hide_code=True)
def _():
    mo.md(plumbing())
    return


@app.cell(hide_code=True)
def shown():
    _value = plumbing()
    mo.Html(f"<p id='drawn'>{_value}</p>")
    return
''' % ("word " * 60)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    from playwright.sync_api import sync_playwright

    place = Place(tmp_path_factory.mktemp("workspace"))
    write(place.root / "pyproject.toml", PYPROJECT)
    write(place.root / EDITOR_CSS.name, read(EDITOR_CSS))
    write(place.root / "notebooks" / "looks.py", NOTEBOOK)
    with serving(place, ["edit", "notebooks/looks.py"]) as address, sync_playwright() as playwright:
        browser = next(filter(None, map(pictures.shutil.which, pictures.BROWSERS)))
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_context(viewport={"width": 1300, "height": 1000}).new_page()
        page.set_default_timeout(pictures.START_TIMEOUT_MS)
        page.goto(address, wait_until="domcontentloaded")
        page.locator("#drawn").wait_for()
        yield page


def test_text_is_at_most_90_characters_wide(page):
    """Measured with letters of average width: `word ` again and again."""
    lines = page.evaluate(
        """() => {
            const text = [...document.querySelectorAll('.paragraph, .markdown p')].find((p) => p.innerText.startsWith('word word'));
            const range = document.createRange(), node = text.firstChild, lines = {};
            for (let i = 0; i < node.length; i++) {
                range.setStart(node, i);
                range.setEnd(node, i + 1);
                const top = Math.round(range.getBoundingClientRect().top);
                lines[top] = (lines[top] ?? 0) + 1;
            }
            return Object.values(lines);
        }"""
    )
    assert len(lines) > 2 and 60 <= max(lines) <= 90


def test_text_columns_are_left_aligned_and_numbers_right(page):
    cells = page.locator(".markdown td")
    assert [cell.evaluate("cell => getComputedStyle(cell).textAlign") for cell in cells.all()] == [
        "left",
        "left",
        "right",
    ]


def test_titles_are_larger_than_text(page):
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert page.locator("h1").first.evaluate(size) > 1.5 * page.locator(
        ".markdown .paragraph, .markdown p"
    ).first.evaluate(size)


def test_plumbing_is_hidden_and_code_is_not(page):
    assert page.get_by_text("def").first.is_visible()
    assert not page.locator('[data-cell-name="*plumbing"]').is_visible(), "hidden code, and nothing to show"
    assert not page.locator('[data-cell-name="shown"] [data-testid=cell-editor]').is_visible(), (
        "the call above a figure"
    )
    assert page.locator("#drawn").is_visible()
    assert not page.get_by_text("reusable", exact=True).first.is_visible()


def test_the_setup_cell_is_a_bar_that_opens_with_a_click(page):
    setup = page.locator('[data-cell-name="setup"]')
    assert setup.bounding_box()["height"] < 50
    box = setup.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator('[data-cell-name="setup"] [data-testid=cell-editor]:not(.opacity-20)').wait_for()
    assert setup.bounding_box()["height"] > 50
