"""A notebook as a page: what a reader sees of it, and what never."""

import html
import re
import sys
from importlib.util import find_spec

import pytest

from tito.book import HTML
from tito.course import ROOT, available
from tito.files import read
from tito.notebook import parse
from tito.services import services
from tito.stub import stub

if not (find_spec("jupyter_book") and find_spec("nbformat")):
    pytest.skip("pages of the book: only where its tools are installed (make book)", allow_module_level=True)

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import marimo_pages

NOTEBOOK = ROOT / "notebooks" / "02_activations.py"


@pytest.fixture(scope="module")
def page() -> str:
    return marimo_pages.page(NOTEBOOK)


def hidden_lines(path=NOTEBOOK) -> list[str]:
    notebook = parse(path)
    lines = [line.strip() for block in notebook.hidden_tests for line in notebook.body(block)]
    seen = stub(path)  # some lines are in a visible test, too
    return [line for line in lines if len(line) > 30 and line not in seen]


def test_hidden_tests_are_never_shown(page):
    assert len(hidden_lines()) > 5
    assert not [line for line in hidden_lines() if line in page] and "HIDDEN" not in page


def test_an_exercise_is_shown_unsolved_and_its_solution_folded(page):
    notebook = parse(NOTEBOOK)
    for block in notebook.solutions:
        assert f'raise NotImplementedError("{block.owner}: replace this line with your code")' in page
        assert "\n".join(notebook.body(block)) in page
    assert page.count("{dropdown} Show reference solution") == len(notebook.solutions)
    assert "### BEGIN" not in page and "### END" not in page


def test_one_setting_leaves_the_solutions_out():
    bare = marimo_pages.page(NOTEBOOK, solutions=False)
    notebook = parse(NOTEBOOK)
    assert "Show reference solution" not in bare
    longest = max((notebook.body(block) for block in notebook.solutions), key=len)
    assert "\n".join(longest) not in bare


def test_figures_controls_and_measurements_are_there(page):
    pictures = re.findall(r"!\[(.+?)\]\((/\S+\.png)\)", page)
    assert len(pictures) >= 2 and all((ROOT / path[1:]).stat().st_size < 60_000 for _, path in pictures)
    assert re.search(r'<span class="control">\S.* <b>[^<]+</b></span>', page), (
        "a slider becomes the value it begins with"
    )
    assert "marimo-" not in page.replace("marimo-team", ""), "no element that only the editor can show"
    assert re.search(r"\| .*\d ms", page), "what was measured when the page was made"
    assert page.startswith("# Module 02: Activations")


def test_a_page_depends_on_what_its_notebook_imports():
    names = {path.relative_to(ROOT).as_posix() for path in marimo_pages.sources(ROOT / "notebooks" / "03_layers.py")}
    assert {"notebooks/03_layers.py", "tinytorch/activations.py", "tinytorch/tensor.py", "tito/lesson.py"} <= names
    assert "tinytorch/autograd.py" not in names and "notebooks/02_activations.py" not in names


def test_every_module_is_in_the_contents():
    contents = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    assert re.findall(r"file: notebooks/(\S+)", contents) == [module.stem for module in available()]


def test_no_file_of_the_site_has_a_hidden_test_in_it():
    """Nor does any other file that is published: sources, the index for the search."""
    if not (HTML / "index.html").exists():
        pytest.skip("the whole book is looked at only where it was built (make book)")
    lines = [line for module in available() for line in hidden_lines(ROOT / "notebooks" / f"{module.stem}.py")]
    assert len(lines) > 50
    texts = [html.unescape(re.sub("<[^>]+>", "", read(path))) for path in HTML.rglob("*.html")]
    texts += [read(path) for path in HTML.rglob("*.py*")]
    assert not [line for line in lines if any(line in text for text in texts)]


def test_buttons_lead_to_the_running_page_to_files_and_to_services_where_the_repository_is_known(page):
    stem = NOTEBOOK.stem
    assert f'href="../play/{stem}.html"' in page and f'href="../play/{stem}.html#scrollTo=relu"' in page
    assert all(f'href="../download/{stem}.{kind}"' in page for kind in ("py", "ipynb"))
    assert "Open it at" not in page
    known = marimo_pages.page(NOTEBOOK, repository="https://github.com/owner/name")
    for address in services("https://github.com/owner/name", stem).values():
        assert f'href="{html.escape(address)}"' in known
