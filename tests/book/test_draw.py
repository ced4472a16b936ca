"""Milestone 03's canvas in a real browser: a digit drawn with the mouse is read, and a test image is chosen with the keyboard."""

import re
from importlib.util import find_spec

import pytest

from tito import pictures
from tito.editor import serving
from tito.place import COURSE
from tito.play import DRAW

if not (find_spec("playwright") and find_spec("wigglystuff") and any(map(pictures.shutil.which, pictures.BROWSERS))):
    pytest.skip("drawing in a browser: only where Chromium is (make book)", allow_module_level=True)

# from 0 to 1 across the canvas, and down
STROKES = {
    1: [[(0.5, 0.1), (0.5, 0.9)]],
    4: [[(0.55, 0.1), (0.25, 0.6), (0.75, 0.6)], [(0.6, 0.4), (0.6, 0.9)]],
    3: [
        [
            (0.3, 0.15),
            (0.6, 0.12),
            (0.7, 0.25),
            (0.6, 0.42),
            (0.45, 0.47),
            (0.65, 0.52),
            (0.72, 0.7),
            (0.6, 0.86),
            (0.3, 0.85),
        ]
    ],
}


@pytest.fixture(scope="module")
def page():
    from playwright.sync_api import sync_playwright

    with serving(COURSE, ["run", str(DRAW)]) as address, sync_playwright() as playwright:
        browser = next(filter(None, map(pictures.shutil.which, pictures.BROWSERS)))
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_context(viewport={"width": 1100, "height": 1300}).new_page()
        page.set_default_timeout(pictures.START_TIMEOUT_MS)
        page.goto(address, wait_until="domcontentloaded")
        page.get_by_text("It reads").wait_for()
        page.get_by_text("Nothing is drawn yet.").wait_for()
        yield page


def draw(page, strokes):
    box = page.locator("canvas").first.bounding_box()
    for stroke in strokes:
        places = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=8)
        page.mouse.up()


@pytest.mark.parametrize("digit", STROKES)
def test_a_digit_drawn_with_the_mouse_is_read(page, digit):
    draw(page, STROKES[digit])
    page.get_by_text("Nothing is drawn yet.").wait_for(state="hidden")  # below, a test image is read, too: a 7
    page.locator("p", has_text=re.compile(f"^It reads {digit}")).first.wait_for()
    assert page.locator("tr").count() == 20, "the ten probabilities of the drawing, and of the test image"
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Nothing is drawn yet.").wait_for()


def test_a_test_image_is_chosen_with_the_keyboard(page):
    number = page.get_by_role("textbox", name=re.compile("Without a mouse"))
    number.focus()
    number.press("Control+A")
    page.keyboard.type("12")
    page.keyboard.press("Tab")
    page.get_by_text("It shows a 3.").wait_for()
    assert page.get_by_text("It reads 3.").is_visible()
