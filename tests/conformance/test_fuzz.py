"""A small, fixed share of the fuzzer's programs; and its table knows every name that tinytorch offers."""

import inspect

import numpy as np
import pytest
import torch

import tinytorch
from tests.conformance import differences, fuzz
from tests.conformance.fuzz_table import SPACES, Step, show

SHARE = 400  # programs for each seed; about 10 seconds in all


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_as_pytorch(seed):
    report = fuzz.fuzz(seed, SHARE)
    assert not report.found, "\n".join(report.lines())


def offered(space: str) -> set[str]:
    """The names that a part of tinytorch offers: of Tensor what it and its bases define."""
    if space == "Tensor":
        names = {name for kind in tinytorch.Tensor.__mro__[:-1] for name in vars(kind)}
    else:
        owner = {"torch": tinytorch, "F": tinytorch.nn.functional, "nn": tinytorch.nn}[space]
        names = {name for name in dir(owner) if not inspect.ismodule(getattr(owner, name, None))}
    dunder = {name for name in names if name.startswith("__")}
    return {name for name in names if not name.startswith("_") or space == "Tensor" and name in dunder - PYTHONS_OWN}


PYTHONS_OWN = {
    "__module__", "__doc__", "__slots__", "__init__", "__new__", "__dict__", "__weakref__", "__annotations__", "__firstlineno__",
    "__static_attributes__", "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__slotnames__", "__array_ufunc__", "__array_priority__",
}  # fmt: skip


@pytest.mark.parametrize("space", SPACES)
def test_every_name_has_an_entry(space):
    missing = {f"{space}.{name}" for name in offered(space)} - fuzz.covered().keys() - differences.NOT_FUZZED.keys()
    assert not missing, (
        f"no entry of fuzz_table.py runs {sorted(missing)}: add one, or say why not in differences.NOT_FUZZED"
    )


def test_every_wanted_name_is_there():
    assert not fuzz.not_there_yet()


def test_pytorch_has_every_name_of_the_table():
    missing = {name for name in fuzz.covered() if not hasattr(SPACES[name.split(".")[0]], name.split(".")[1])}
    assert not missing


def test_listed_differences_have_a_reason_and_are_run():
    assert set(differences.FUZZED) <= set(differences.DIFFERENCES)
    assert all(difference.__doc__ for difference in differences.FUZZED)


# The fuzzer itself


def broken(function):
    """An op that is wrong for numbers above 1.5."""
    return lambda self: function(self) * (1 + 0.01 * (self > 1.5).float())


@pytest.fixture
def wrong_exp(monkeypatch):
    monkeypatch.setattr(tinytorch.Tensor, "exp", broken(tinytorch.Tensor.exp))


def test_a_fault_is_found_and_minimised(wrong_exp):
    report = fuzz.fuzz(1, 150, names=("exp", "abs", "__add__", "sum", "__mul__"))
    found = [line for key, (_, line, *_) in report.found.items() if key[:2] == ("exp", "value")]
    assert found and len(found[0]) < 60, report.lines()


def test_a_wrong_gradient_is_found(monkeypatch):
    """The numbers are right, and the slope is a bit too large."""
    right = tinytorch.Tensor.abs
    monkeypatch.setattr(tinytorch.Tensor, "abs", lambda self: right(self) + (self - self.detach()) * 0.125)
    report = fuzz.fuzz(1, 150, names=("exp", "abs", "__add__", "sum", "__mul__"))
    assert any(key[1] == "gradient: value" and "abs" in key[0] for key in report.found), report.lines()


def test_rounding_is_no_mismatch_and_a_wrong_digit_is():
    session = fuzz.Session()
    step = Step("sum", "Tensor.sum", "{0}.sum()", (fuzz.Ref(0),))
    array = np.array([1e8, 1.0, -1e8, 3.0], "float32")  # sums to 0, 1, 3 or 4, in another order
    session.add(0, fuzz.Leaf(array))
    session.add(1, step)
    theirs = session.theirs["v1"]
    for number, verdict in ((4.0, None), (0.0, None), (1e6, "value")):
        ours = tinytorch.tensor(number)
        found = session.compare(ours, theirs, 1, step)
        assert (found and found[0]) == verdict


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_line_can_be_run():
    """What is printed is source."""
    for case in range(50):
        session = fuzz.draw_program(case, fuzz.Counter())
        for item in session.program.values():
            compile(item.source(), "line", "exec")
    assert show(float("nan")) == 'float("nan")'
    assert torch.equal(eval(fuzz.Leaf(np.array([[1.5]], "float16")).source()), torch.tensor([[1.5]]).half())
