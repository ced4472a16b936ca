"""Run a first-lesson program of programs/ in either library, and gather what it leaves behind.

A program is a script as a beginner writes it for PyTorch. For TinyTorch only its imports are changed, which is all that a
reader has to change.
"""

import contextlib
import io
import re
import warnings
from pathlib import Path

import numpy as np
import torch

import tinytorch
from tests.conformance.compare import assert_same, plain
from tests.conformance.differences import in_our_words

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))

# Both libraries round every operation, and a program takes up to 100 steps of about ten operations. Measured with PyTorch
# alone: moving every input by one rounding moves the results by up to 1.3e-6 in float32 and 4.6e-15 in float64. The rest is
# room for sums in another order and other exp and tanh at every step. float16 has three digits.
TOLERANCE = {"float16": 1e-3, "float32": 2e-5, "float64": 1e-11, "float": 2e-5}
NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]\d+)?|-?\d+e[-+]\d+|-?\d+\.(?!\w)")


def source_for(path: Path, lib) -> str:
    """The program's text, importing from this library."""
    source = path.read_text("utf-8")
    if lib is torch:
        return source
    source = re.sub(r"^import torch$", "import tinytorch as torch", source, flags=re.MULTILINE)
    return re.sub(r"^(import|from) torch(?=[. ])", r"\1 tinytorch", source, flags=re.MULTILINE)


def run(path: Path, lib) -> tuple[dict, str]:
    """Run a program.

    Returns:
        The variables it ends with that can be compared, and what it printed. A name that begins with an underscore holds
        random numbers, which differ between the libraries, so it is left out.
    """
    variables, printed = {"__name__": path.stem}, io.StringIO()
    code = compile(source_for(path, lib), str(path), "exec")
    with contextlib.redirect_stdout(printed), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code, variables)
        left = {name: contents(value) for name, value in variables.items() if not name.startswith("_")}
    return {name: value for name, value in left.items() if value is not None}, printed.getvalue()


def contents(value):
    """What is compared of a variable: numbers, text, tensors with their gradients, modules; None for anything else."""
    if isinstance(value, (torch.Tensor, tinytorch.Tensor)):
        return {"values": value, "requires_grad": value.requires_grad, "grad": value.grad}
    if isinstance(value, (torch.nn.Module, tinytorch.nn.Module)):
        parameters = {name: contents(p) for name, p in value.named_parameters()}
        return {"state": dict(value.state_dict()), "parameters": parameters, "training": value.training}
    if isinstance(value, dict):
        return {name: contents(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [contents(part) for part in value]
    simple = (bool, int, float, str, np.ndarray, torch.dtype, np.dtype)
    return plain(value) if isinstance(value, simple) and not isinstance(value, tinytorch.device) else None


def assert_same_text(ours: str, theirs: str) -> None:
    """The same text, and the same numbers in it up to the rounding of what was printed."""
    lines = [in_our_words(text).splitlines() for text in (ours, theirs)]
    assert len(lines[0]) == len(lines[1]), f"ours:\n{ours}\nPyTorch's:\n{theirs}"
    for one, other in zip(*lines, strict=True):
        both = f"ours:      {one}\nPyTorch's: {other}"
        assert NUMBER.sub("#", one) == NUMBER.sub("#", other), both
        for a, b in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True):
            digits = len(a.partition("e")[0].partition(".")[2])
            last_digit = 10.0 ** (-digits + int(a.partition("e")[2] or 0))
            assert abs(float(a) - float(b)) <= 1.01 * last_digit + TOLERANCE["float32"] * abs(float(b)), both


def check(path: Path) -> None:
    """Run a program in both libraries: what it prints and what it leaves behind must be the same."""
    theirs, their_text = run(path, torch)
    ours, our_text = run(path, tinytorch)
    assert_same(ours, theirs, path.stem, TOLERANCE)
    assert_same_text(our_text, their_text)
