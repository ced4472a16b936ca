"""Solutions that a module's tests must accept, and wrong ones that they must reject: `tests/solutions/NN_slug.py`.

A wrong solution has a name, which it shares with mistakes of the same kind in other modules, and one sentence to the learner.
"""

import runpy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tito.course import ROOT, Module

Change = str | tuple[str, str]  # a whole body, or (old, new) in the reference's body

NAMES = {
    "accumulation": "adds up what should be replaced, or replaces what should be added up",
    "aliasing": "returns or keeps an array that other code can write to",
    "broken structure": "returns the right values in the wrong container or order",
    "dtype lost": "gives another dtype than asked for",
    "duplicate": "counts, calls or returns something more than once",
    "empty result": "returns something without entries",
    "extra work": "gets the right result with more work or memory than allowed",
    "float64 creep": "makes float64 of float32",
    "graph cut": "hides an operation from autograd",
    "hard-coded": "is right for one size, dtype or value only",
    "ignored argument": "never uses one of its arguments, or always uses its default",
    "in-place change": "writes to an array that it was given",
    "missing case": "forgets a case that the text names",
    "missing check": "accepts input that it should refuse",
    "missing keepdims": "drops an axis that broadcasting needs",
    "missing term": "leaves out a part of the formula",
    "no return": "returns nothing",
    "numerical overflow": "computes an intermediate value that leaves float32's range",
    "off by one": "starts, ends or counts one too early or too late",
    "precision loss": "loses digits to rounding",
    "randomness": "draws the wrong random numbers, or ignores the seed",
    "sign": "has the wrong sign or direction",
    "stale state": "keeps, or forgets, something between calls",
    "swapped operands": "exchanges two operands, arguments or branches",
    "too strict": "refuses input that it should accept",
    "wrong axis": "works along the wrong axis",
    "wrong error": "raises the wrong error, or raises too late",
    "wrong factor": "is off by a constant factor",
    "wrong formula": "computes another quantity",
    "wrong order": "does the right steps in the wrong order",
    "wrong shape": "returns another shape",
}


@dataclass(frozen=True)
class Wrong:
    """A mistake that people make in an exercise.

    Args:
        name: its kind, one of `NAMES`.
        sentence: a question or an observation for the learner who made it; never the answer.
        change: its body, or (old, new) in the reference's body.
        heading: the notebook's heading that explains it, without `#`; by default the one above the exercise.
    """

    name: str
    sentence: str
    change: Change
    heading: str = ""


def solutions_file(module: Module) -> Path:
    """Where a module's right and wrong solutions are."""
    return ROOT / "tests" / "solutions" / f"{module.stem}.py"


def right(module: Module) -> dict[str, dict[str, Change] | str]:
    """Exercise -> how it is written -> its body; or a sentence that says why there is one natural way only."""
    return _read(solutions_file(module))["RIGHT"]


def wrong(module: Module) -> dict[str, dict[str, Wrong]]:
    """Exercise -> what is wrong, in a few words for authors -> the mistake."""
    return _read(solutions_file(module))["WRONG"]


def equivalent(module: Module) -> dict[str, dict[str, str]]:
    """Exercise -> a mutant of its reference, as `tests/mutate.py` prints it -> why it does the same as the reference."""
    return _read(solutions_file(module)).get("EQUIVALENT", {})


def body(change: Change, reference: str) -> str:
    """The lines of a solution, unindented.

    Raises:
        ValueError: `change` replaces something that the reference's body no longer has.
    """
    if isinstance(change, str):
        return change.rstrip() + "\n"
    if change[0] not in reference:
        raise ValueError(f"the reference has changed: there is no {change[0]!r} to replace")
    return reference.replace(*change)


@cache
def _read(path: Path) -> dict:
    return runpy.run_path(str(path))
