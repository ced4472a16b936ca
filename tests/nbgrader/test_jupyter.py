"""One notebook in two forms: neither way loses a cell."""

import nbformat
import pytest

from tito import course
from tito.assignments.jupyter import to_ipynb, to_marimo
from tito.notebook import parse
from tito.place import COURSE
from tito.stub import stub

MODULES = [module.stem for module in course.available()]


def through_a_file(nb):
    return nbformat.reads(nbformat.writes(nb), 4)


@pytest.mark.parametrize("stem", MODULES)
def test_there_and_back_is_the_same_text(stem):
    path = COURSE.notebook(course.find(stem))
    for text in (path.read_text(encoding="utf-8"), stub(path)):
        nb = to_ipynb(parse(path, text))
        nbformat.validate(nb)
        assert to_marimo(through_a_file(nb)) == text


def test_a_variable_that_a_definition_uses_is_no_show():
    path = COURSE.notebook(course.find("02"))
    text = path.read_text(encoding="utf-8").replace("return np.maximum(x, 0)\n", "return np.maximum(x, LEAST)\n", 1)
    text = text.replace(
        "@app.function\n@op\ndef relu",
        "@app.cell\ndef _():\n    LEAST = 0\n    return (LEAST,)\n\n\n@app.function\n@op\ndef relu",
    )
    sources = [cell.source for cell in to_ipynb(parse(path, text)).cells if cell.cell_type == "code"]
    assert "LEAST = 0" in sources
