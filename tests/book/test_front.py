"""The first page, of the README and of the book: its pictures, its live exploration, its commands, its address."""

import re
import sys
from pathlib import Path

import pytest

from tito import course, pictures, repository
from tito.course import ROOT
from tito.files import read
from tito.notebook import parse
from tito.play import FRONT
from tito.workspace import EDITOR_CSS, PYPROJECT, init

PAGES = (ROOT / "README.md", ROOT / "book" / "index.md")
MAX_BYTES = 200_000


def images(page: Path) -> list[tuple[str, str]]:
    """(alt text, path) of every picture on a page."""
    text = read(page)
    found = [(alt, path) for alt, path in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)]
    found += [(alt, path) for path, alt in re.findall(r'<img src="([^"]+)" alt="([^"]*)"', text)]
    found += [(alt, path) for path, alt in re.findall(r"```\{image\} (\S+)\n:alt: \"([^\"]*)\"", text)]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_exists_is_small_and_has_an_alt_text(page):
    assert images(page)
    for alt, path in images(page):
        assert len(alt) > 30, path
        assert (page.parent / path).stat().st_size < MAX_BYTES, path


def test_every_picture_is_used_and_made_by_the_command():
    used = {Path(path).name for page in PAGES for _, path in images(page)}
    made = {f"{figure.module}.png" for figure in pictures.FIGURES} | {f"{pictures.MILESTONE[0]}.png"}
    assert used == made | {"editor-light.png", "editor-dark.png"} == {path.name for path in pictures.FOLDER.iterdir()}


def test_every_figure_and_the_test_in_the_editor_are_still_in_their_notebooks():
    wanted = [(figure.module, figure.function) for figure in pictures.FIGURES]
    for module, name in [*wanted, (pictures.EDITOR_MODULE, pictures.EDITOR_CELL)]:
        assert name in parse(ROOT / "notebooks" / f"{course.find(module).stem}.py").definitions
    assert (ROOT / "milestones" / f"{pictures.MILESTONE[1]}.py").exists()


def test_a_figure_is_drawn_by_its_notebook():
    figure = next(figure for figure in pictures.FIGURES if figure.module == "activations")
    assert pictures._drawn(figure).startswith(b"\x89PNG")


def test_there_is_a_line_for_each_of_the_seven_modules_and_none_for_what_does_not_exist():
    rows = re.findall(r"^\| (\d\d) \|", read(ROOT / "README.md"), re.MULTILINE)
    assert rows == [module.number for module in course.available() if module.number != "00"]


def test_the_readme_has_the_repository_s_address_once_it_is_set():
    """If this fails: write repository.url of _config.yml into the README's `git clone`."""
    setting = repository.SETTING.search(read(ROOT / "_config.yml"))[1]
    clone = re.search(r"git clone (.+) tinytorch$", read(ROOT / "README.md"), re.MULTILINE)[1]
    assert clone == (setting or "<the address of this repository>")


def test_the_book_has_the_address_where_it_is_known_and_says_what_to_put_there_where_it_is_not():
    from types import SimpleNamespace

    sys.path[:0] = [str(ROOT / "book" / "_ext")]
    import buttons

    for name in ("index", "start"):
        text = read(ROOT / "book" / f"{name}.md")
        assert buttons.EXPLANATION in text
        source = [text]
        app = SimpleNamespace(config=SimpleNamespace(tinytorch_repository="https://github.com/o/n", root_doc=""))
        buttons.fill_in(app, name, source)
        assert "git clone https://github.com/o/n tinytorch" in source[0] and "Replace `" not in source[0]
        assert buttons.UNKNOWN not in source[0]


# The exploration


@pytest.fixture(scope="module")
def try_xor():
    sys.path[:0] = [str(FRONT.parent)]
    yield __import__("try_xor")
    sys.path.remove(str(FRONT.parent))


def right(try_xor, *settings) -> int:
    return int(re.search(r"(\d) of 4 points right", try_xor.draw(*try_xor.trained(*settings)))[1])


def test_one_neuron_never_learns_xor_and_eight_hidden_ones_do(try_xor):
    assert max(right(try_xor, 0, 200, seed) for seed in range(3)) < 4
    assert [right(try_xor, 8, 200, seed) for seed in range(3)] == [4, 4, 4]


def test_its_drawing_has_a_text_and_a_mark_for_each_point(try_xor):
    svg = try_xor.draw(*try_xor.trained(2, 0, 0), squares=4)
    assert 'role="img" aria-label="' in svg and svg.count("<rect") == 16
    assert svg.count("<path") == 2 and svg.count("<circle") == 2
    corners = re.findall(r'<rect x="(\d+)" y="(\d+)" width="14" height="14"', svg)
    assert sorted(corners) == sorted((str(14 * i), str(14 * j)) for i in range(4) for j in range(4)), (
        "no gap, no overlap"
    )


# The editor


def test_a_workspace_gets_the_editor_s_looks_and_keeps_its_own(tmp_path):
    place, written = init(tmp_path / "mine")
    css = place.root / EDITOR_CSS.name
    assert css in written and f'custom_css = ["{EDITOR_CSS.name}"]' in PYPROJECT
    css.write_text("/* mine */", encoding="utf-8")
    init(place.root)
    assert read(css) == "/* mine */"
