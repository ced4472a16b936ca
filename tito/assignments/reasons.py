"""What a student is told first about a failed test: a function without `return`, an exception, a value of the wrong type.

`tito/feedback.py` says the same in a learner's terminal, in the same words.
"""

import ast
import builtins
import re
from typing import Any

import numpy as np

from tito.syntax import parse_python

RETURNED_NONE = "{} returned None: is there a return statement?"
RETURNED_OTHER = "{} returned {}, and {} is expected"
RAISED = "{} raised {} on line {}: {}"
ARRAYS = ("Tensor", "ndarray")
NAMED = {
    "Tensor",
    "function",
    "generator",
    "method",
    "type",
}  # the student's side may name these, and nothing of its own
# type -> the types that are as good, as a test sees them
FAMILIES = {
    **dict.fromkeys(("int", "float", "bool"), {"int", "float", "bool", "number", "ndarray"}),
    **dict.fromkeys(ARRAYS, {*ARRAYS, "int", "float", "bool", "number", "object"}),
    **{name: {name} for name in ("list", "tuple", "dict", "str")},
}
ANY = "anything"  # a type that nothing is known of, except that it is not None
AN_ERROR = "an error"  # of a type that Python does not have
TEXT_CHARS = 200
HEADLINE = re.compile(r"([\w.]+ (?:returned [^:]*(?:: is there a return statement\?)?|raised (?:an error|\w+)))")


def expected_type(cell: str, exercise: str) -> str:
    """What an exercise returns, by the reference's cell: the name of a type, ANY, or "" where None may be right.

    >>> expected_type("def f(x) -> np.ndarray:\\n    return x", "f")
    'ndarray'
    >>> expected_type("class A:\\n    def f(self):\\n        pass", "A.f")
    ''
    """
    name = exercise.rpartition(".")[2]
    node = next(node for node in ast.walk(parse_python(cell)) if getattr(node, "name", None) == name)
    hint = node.returns
    if isinstance(hint, ast.Constant) and isinstance(hint.value, str):  # "Tensor", with quotes
        hint = parse_python(hint.value, mode="eval").body
    if not _always_returns(node) or (hint is not None and "None" in ast.unparse(hint)):
        return ""
    known = ast.unparse(hint).partition("[")[0].rpartition(".")[2] if hint is not None else ""
    return known if known in FAMILIES else ANY


def _always_returns(function: ast.AST) -> bool:
    """Whether the function gives a value wherever it returns, and is not a generator."""
    returns, waiting = [], [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if isinstance(node, ast.Return):
            returns.append(
                node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None)
            )
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return bool(returns) and all(returns)


def wrong_value(exercise: str, kind: str, expected: str) -> str:
    """The sentence about a returned value whose type cannot be right; "" for one that may be.

    Args:
        kind: the value's type, as `kind_of` names it.
        expected: as `expected_type` names it.
    """
    if kind == "NoneType":
        return RETURNED_NONE.format(exercise) if expected else ""
    if expected not in FAMILIES or kind in FAMILIES[expected]:
        return ""
    return RETURNED_OTHER.format(exercise, with_article(kind), with_article(expected))


def kind_of(value: Any) -> str:
    """A type's name: Python's own, "ndarray", or "number" for NumPy's."""
    if isinstance(value, np.ndarray):
        return "ndarray"
    return "number" if isinstance(value, np.generic) else type(value).__name__


def with_article(kind: str) -> str:
    name = {"ndarray": "array"}.get(kind, kind)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def raised(exercises: list[str], error: list) -> str:
    """The sentence about an exception that came up inside an exercise; "" if it came up elsewhere.

    Args:
        error: type, text and frames, as `worker.described` has them.
    """
    kind, text, frames = error
    for file, line, function in reversed(frames):
        for exercise in exercises:
            outer, _, method = exercise.partition(".")
            if file == f"<{outer}>" and function == (method or outer):
                known = kind if isinstance(getattr(builtins, kind, None), type) else AN_ERROR
                return RAISED.format(exercise, known, line, " ".join(text.split())[:TEXT_CHARS])
    return ""


def headline(reason: str) -> str:
    """What may be said where the test's inputs are hidden: the code under test chose neither its words nor a line.

    >>> headline("relu raised ValueError on line 3: -1000 is negative")
    'relu raised ValueError'
    >>> headline("relu returned None: is there a return statement?")
    'relu returned None: is there a return statement?'
    """
    match = HEADLINE.match(reason)
    return match[1] if match else ""
