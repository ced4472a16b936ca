"""A graded test that extends a student's class: it is made beside the student's code, and proves as much as any other test."""

import re
from dataclasses import replace

import pytest

from tests.tito.agrees import AGREES
from tito.assignments.cells import graded_cells
from tito.assignments.jupyter import to_ipynb
from tito.assignments.run import TRUSTED, Code, Outcome, reference_before, run, run_each
from tito.course import find
from tito.notebook import parse
from tito.place import COURSE

MODULE = find("03")
TEST = """\
def test_Module_named_tensors():
    scale = np.array([2.0, 3.0], dtype=np.float32)

    class Net(Module):
        calls = 0

        def __init__(self, size):
            self.first = Linear(2, size)
            self.scale = Parameter(scale)

        def forward(self, x):
            self.calls += 1
            return self.first(x) * self.scale

    net = Net(2)
    assert isinstance(net, Net) and isinstance(net, Module) and issubclass(Net, Module)
    named = {name: tensor.numpy().copy() for name, tensor in net.named_tensors() if not name.startswith("first")}
    assert sorted(named) == ["scale"] and named["scale"].tolist() == [2.0, 3.0]
    assert [name for name, _ in net.named_tensors()] == ["scale", "first.weight", "first.bias"]
    weight, bias = net.first.weight.detach().numpy(), net.first.bias.detach().numpy()
    y = net(Tensor([[1.0, 1.0]])).detach().numpy()
    assert y.shape == (1, 2) and np.allclose(y, (weight.sum(axis=1) + bias) * scale) and net.calls == 1


test_Module_named_tensors()"""
TEST = TEST.replace("tensor.numpy()", "tensor.detach().numpy()")


@pytest.fixture(scope="module")
def cells() -> list[Code]:
    source = to_ipynb(parse(COURSE.notebook(MODULE)))
    return [cell for cell in graded_cells(source, source) if not cell.is_test]


@pytest.fixture(scope="module")
def test(cells) -> Code:
    """The test with what was learned from the reference."""
    test = Code("test_Module_named_tensors", TEST, TRUSTED, about=frozenset({"Module.named_tensors"}))
    with reference_before(MODULE) as package_in:
        learned = run_each([[*(replace(cell, reference="") for cell in cells), test]], package_in)[0][-1]
    assert learned.error is None, learned
    return replace(test, objects=learned.objects)


def end_of(cells: list[Code], test: Code, change=lambda source: source, own: str = "") -> Outcome:
    changed = [replace(cell, source=change(cell.source)) if cell.name == "Module" else cell for cell in cells]
    place = [cell.name for cell in cells].index("Module")
    with reference_before(MODULE) as package_in:
        return run([*changed[:place], Code("own", own), *changed[place:], test], package_in)[-1]


def solved(body: str):
    """A change of the class: another body of `named_tensors`."""

    def change(source: str) -> str:
        start = source.index("### BEGIN SOLUTION", source.index("def named_tensors"))
        return source[:start] + body.replace("\n", "\n        ") + source[source.index("### END SOLUTION", start) :]

    return change


def test_the_reference_passes(cells, test):
    assert end_of(cells, test).error is None


@pytest.mark.parametrize(
    "body",
    [
        "return []\n",
        "pass\n",
        "return [(name, value) for name, value in vars(self).items() if isinstance(value, Tensor)]\n",
        f"{AGREES}\nreturn [(Agrees(), Agrees())] * 3\n",
        f"{AGREES}\nreturn Agrees()\n",
    ],
)
def test_wrong_solutions_fail(cells, test, body):
    assert end_of(cells, test, solved(body)).error is not None


SEES_THE_CLASS = """\
import inspect
def __init_subclass__(cls):
    cls.forward = lambda self, x: Agrees()
    cls.named_tensors = lambda self: [(n, Agrees()) for n in ("scale", "first.weight", "first.bias")]
"""


@pytest.mark.parametrize(
    "more",
    [
        SEES_THE_CLASS,
        "def __new__(cls, *a, **k): return Agrees()\n",
        "def __getattribute__(self, name): return Agrees()\n",
        "def __init_subclass__(cls): cls.__instancecheck__ = cls.__eq__ = lambda *a: True; cls.__call__ = lambda self, x: x\n",
    ],
)
def test_a_class_that_takes_over_what_extends_it_has_no_points(cells, test, more):
    """Its base's hooks run when the test's class is made; what comes back must still be the right numbers."""

    def change(source: str) -> str:
        indented = re.sub(r"^(?=.)", "    ", more, flags=re.MULTILINE)
        lost = solved("return []\n")(source)
        return re.sub(r"^(class Module.*:\n)", lambda head: head[1] + indented, lost, count=1, flags=re.MULTILINE)

    assert end_of(cells, test, change, own=AGREES).error is not None


def test_the_text_of_the_class_goes_over_and_nothing_else_of_the_test(cells, test):
    body = "import sys\ntexts = []\nframe = sys._getframe()\nwhile frame:\n    texts.append(repr(frame.f_code.co_consts) + repr(frame.f_locals))\n    frame = frame.f_back\nraise ValueError([word for word in (''.join(parts) for parts in (('all', 'close'), ('sor', 'ted'))) if any(word in text for text in texts)])\n"
    assert end_of(cells, test, solved(body)).error == ("ValueError", "[]")
