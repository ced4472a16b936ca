"""The diagrams: one for each module, that says in words what it shows; and the numbers in them are right."""

import re

import pytest

from tinytorch import Tensor
from tito.course import ROOT, available
from tito.diagrams import DIAGRAMS, WIDTH, diagram
from tito.files import read


@pytest.mark.parametrize("module", available(), ids=lambda module: module.slug)
def test_every_module_has_a_diagram_and_words_for_it(module):
    svg = diagram(module.slug).text
    assert len(re.search(r'aria-label="([^"]+)"', svg)[1]) > 80
    assert len(re.search(r"<figcaption[^>]*>([^<]+)<", svg)[1]) > 40
    sizes = [int(size) for size in re.findall(r'font-size="(\d+)"', svg)]
    assert min(sizes) >= 14, "on a phone three quarters of that are left"
    places = [float(x) for x in re.findall(r'\bx="([\d.-]+)"', svg)]
    assert min(places) >= 0 and max(places) <= WIDTH
    notebook = read(ROOT / "notebooks" / f"{module.stem}.py")
    assert re.findall(r'\bdiagram\("(\w+)"\)', notebook) == [module.slug]


def test_there_is_no_diagram_without_its_module():
    assert list(DIAGRAMS) == [module.slug for module in available()]


def test_the_gradients_of_the_graph_are_those_that_autograd_finds():
    a, b, c = (Tensor(float(number), requires_grad=True) for number in (2, 3, 4))
    (a * b + c).backward()
    description = diagram("autograd").text
    assert (
        f"{c.grad.item():g} at the product and at c, {a.grad.item():g} at a and {b.grad.item():g} at b" in description
    )


def test_the_loss_of_the_scores_is_what_cross_entropy_gives():
    from tinytorch.nn.functional import cross_entropy

    loss = cross_entropy(Tensor([[2.0, 1.0, 0.1]]), Tensor([0])).item()
    assert f">{loss:.3f}<" in diagram("losses").text
