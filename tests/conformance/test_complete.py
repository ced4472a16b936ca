"""Nothing is forgotten: every gradient rule, every method of Tensor, every name that the course offers is run by some case."""

import inspect
import sys
from importlib import import_module
from types import CodeType

import numpy as np
import pytest
from hypothesis import given, settings

import tinytorch
from tests.conformance.compare import forward_and_backward, outcome
from tests.conformance.differences import NOT_COMPARED
from tests.conformance.draws import CASES, DRAWN_SCRIPTS, SCRIPTS
from tests.conformance.test_cases import FIXED
from tests.conformance.test_rows import GRADIENTS, LINES, ROWS, gradient_script, value_of
from tests.conformance.test_text import FORMATS, TEXTS
from tinytorch.autograd import gradients
from tito import course


@pytest.fixture(scope="module")
def ran():
    """The code of every Python function that runs, while all cases and scripts run here once more."""
    found = set()
    with np.errstate(all="ignore"):
        sys.setprofile(lambda frame, event, _: found.add(frame.f_code) if event == "call" else None)
        try:
            run_everything()
        finally:
            sys.setprofile(None)
    return found


def run_everything():
    for case in CASES.values():
        for_some(case, lambda found: forward_and_backward(tinytorch, found[0], found[1], [True] * len(found[1])))
    for drawn in DRAWN_SCRIPTS.values():
        for_some(drawn, lambda script: outcome(tinytorch, script))
    for script in [*SCRIPTS.values(), *ROWS.values(), *map(gradient_script, GRADIENTS)]:
        outcome(tinytorch, script)
    for line in LINES.strip().splitlines():
        value_of(line, tinytorch)
    for text in [*TEXTS.values(), *FORMATS.values()]:
        str(text(tinytorch))


def for_some(strategy, step):
    """Take a step with a few examples of a strategy, always the same ones."""

    @settings(FIXED, max_examples=25)
    @given(strategy)
    def run(example):
        step(example)

    run()


def inner(code: CodeType):
    """A function's code, and that of the functions within."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from inner(constant)


@pytest.mark.parametrize("op", gradients, ids=lambda op: op.__name__)
def test_every_gradient_rule_is_run(op, ran):
    """With everything inside: the function that computes the gradient is within the rule."""
    missing = [code for code in inner(gradients[op].__code__) if code not in ran]
    assert not missing, f"no case takes the gradient of {op.__name__}: add one in tests/conformance (lines {missing})"


def unwrapped(function):
    """What decorators have wrapped, as long as it is written in Python: the code that must run."""
    return inspect.unwrap(function, stop=lambda f: not inspect.isfunction(f.__wrapped__))


def methods(kind: type) -> dict:
    """Class.name -> function, for a class of this package: methods, operators, properties. `Class` is the one that defines it."""
    found = {}
    for base in kind.__mro__:
        if base.__module__.startswith("tinytorch"):
            for name, value in vars(base).items():
                found.setdefault(name, (base, getattr(value, "fget", getattr(value, "__func__", value))))
    return {
        f"{base.__name__}.{name}": unwrapped(value)
        for name, (base, value) in found.items()
        if inspect.isfunction(value)
    }


def offered() -> dict:
    """Name -> function, for all that the packages offer; of a class, its methods."""
    found = {}
    for module in course.available():
        for package, names in module.brings.items():
            for name in names:
                thing = getattr(import_module(package), name)
                if inspect.isclass(thing):
                    found |= methods(thing)
                elif inspect.isfunction(thing):
                    found[f"{package}.{name}"] = unwrapped(thing)
    return found


@pytest.mark.parametrize("name", sorted(offered().keys() - NOT_COMPARED.keys()))
def test_every_name_is_run(name, ran):
    assert offered()[name].__code__ in ran, (
        f"no case runs {name}: add one in tests/conformance, or say why not in differences.py"
    )


def test_the_list_of_what_is_not_compared_is_true():
    assert NOT_COMPARED.keys() <= offered().keys()
