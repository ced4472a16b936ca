"""One program, run by both libraries: what comes out must be the same.

A program is a function `program(lib, *tensors)`. It is written once, in PyTorch's names, and gets `tinytorch` or `torch` as
`lib`: so the names and signatures are compared as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getclosurevars

import numpy as np
import torch

import tinytorch

# How far two results may be apart: of a number (relative), and of a sum whose parts cancelled (absolute; the numbers that
# are drawn are between 1/8 and 4, or 0). Both libraries round every step, by at most 6e-8 in float32 and 1e-16 in float64,
# but they add up in another order, and take exp and tanh from other libraries: that is up to about a hundred roundings.
# A wrong rule is wrong in the first or second digit.
# "float" is a plain number of Python: PyTorch goes from one learning rate to the next, which rounds more often than a formula.
TOLERANCE = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-13, "float": 1e-9}


@dataclass(frozen=True)
class Refused:
    """The program raised an error. Which one is not compared: the texts are each library's own."""

    error: Exception

    def __eq__(self, other):
        return isinstance(other, Refused)


def leaf(lib, array: np.ndarray, requires_grad: bool):
    """A tensor of exactly this type. (`tinytorch.tensor` alone would make float32 of an array of float64.)"""
    if lib is torch:
        return torch.tensor(array, requires_grad=requires_grad)
    return lib.tensor(array, dtype=array.dtype, requires_grad=requires_grad)


def gradient_for(array: np.ndarray) -> np.ndarray:
    """The gradient that arrives from above: never all ones, else a rule that forgets it would pass."""
    return np.random.default_rng(0).uniform(-2, 2, array.shape).astype(array.dtype)


def forward_and_backward(lib, program: Callable, arrays: list[np.ndarray], wanted: list[bool]):
    """What a program gives in one library.

    Args:
        lib: `tinytorch` or `torch`.
        program: called with lib and one tensor for each array.
        arrays: its inputs; those of floats are asked for a gradient where `wanted` says so.

    Returns:
        The result, whether it has a gradient, and the gradients of the inputs; or Refused.
    """
    leaves = [leaf(lib, array, ask and array.dtype.kind == "f") for array, ask in zip(arrays, wanted, strict=True)]
    try:
        out = program(lib, *leaves)
        if out.requires_grad:
            out.backward(leaf(lib, gradient_for(out.detach().numpy()), False))
    except Exception as error:
        return Refused(error)
    return [out.detach(), out.requires_grad, *(x.grad for x in leaves)]


def outcome(lib, script: Callable):
    """What a script returns in one library, or that it refuses. A script makes its own tensors and calls backward itself."""
    try:
        return script(lib)
    except Exception as error:
        return Refused(error)


def plain(value):
    """A result without the library that made it: tensors as arrays, and so on inside lists, tuples and dicts."""
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, (torch.dtype, np.dtype)):
        return str(value).removeprefix("torch.")
    if isinstance(value, (torch.Tensor, tinytorch.Tensor)):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {plain(name): plain(part) for name, part in value.items()}
    if isinstance(value, tuple):  # also (values, indices), which is a class of its own in both
        return tuple(map(plain, value))
    return list(map(plain, value)) if isinstance(value, list) else value


def assert_same(ours, theirs, place="result", tolerance=TOLERANCE):
    """Same kinds, shapes, types, and the same numbers up to rounding; `place` tells where in the result they are."""
    ours, theirs = plain(ours), plain(theirs)
    both = f"{place}\nours: {ours!r}\nPyTorch's: {theirs!r}"
    assert type(ours) is type(theirs), both
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), both
        for name in ours:
            assert_same(ours[name], theirs[name], f"{place}[{name!r}]", tolerance)
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs), both
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(one, other, f"{place}[{i}]", tolerance)
    elif isinstance(ours, np.ndarray):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), both
        allowed = tolerance.get(ours.dtype.name, 0)
        np.testing.assert_allclose(ours, theirs, rtol=allowed, atol=allowed, err_msg=both)
    elif isinstance(ours, float):
        allowed = tolerance["float"]
        assert np.isclose(ours, theirs, rtol=allowed, atol=allowed / 1000, equal_nan=True), both
    else:
        assert ours == theirs, both


def explain(error: AssertionError, program: Callable, arrays=()) -> None:
    """Say what was run: the inputs, and the options that the program has in its closure."""
    error.add_note(f"program: {program.__qualname__} with {dict(getclosurevars(program).nonlocals)}")
    error.add_note("\n".join(f"input {i}: {array!r}" for i, array in enumerate(arrays)))


def check_program(program: Callable, arrays: list[np.ndarray], wanted: list[bool], lib=tinytorch):
    """Run a program forward and backward in both libraries; returns what this one gives."""
    with np.errstate(all="ignore"):
        ours = forward_and_backward(lib, program, arrays, wanted)
    theirs = forward_and_backward(torch, program, arrays, wanted)
    try:
        assert_same(ours, theirs)
    except AssertionError as error:
        explain(error, program, arrays)
        raise
    return ours


def check_script(script: Callable, lib=tinytorch):
    """Run a script in both libraries; returns what this one gives."""
    with np.errstate(all="ignore"):
        ours = outcome(lib, script)
    try:
        assert_same(ours, outcome(torch, script))
    except AssertionError as error:
        explain(error, script)
        raise
    return ours
