"""Which dtype comes out: every op with every pair of dtypes, against PyTorch. Numbers and refusals are compared as well."""

import numpy as np
import pytest

from tests.conformance.fuzz import Leaf, Session, name_of
from tests.conformance.fuzz_table import DTYPES, Ref, Source, Step

OPERATIONS = {
    "__add__": "{0} + {1}",
    "__sub__": "{0} - {1}",
    "__mul__": "{0} * {1}",
    "__truediv__": "{0} / {1}",
    "__floordiv__": "{0} // {1}",
    "__mod__": "{0} % {1}",
    "__pow__": "{0} ** {1}",
    "__eq__": "{0} == {1}",
    "__lt__": "{0} < {1}",
    "__and__": "{0} & {1}",
    "__or__": "{0} | {1}",
    "maximum": "torch.maximum({0}, {1})",
    "minimum": "torch.minimum({0}, {1})",
    "where": "torch.where({2}, {0}, {1})",
}
NUMBERS = {
    "bool": True,
    "int": 2,
    "float": 2.0,
    "np.int64": np.int64(2),
    "np.float64": np.float64(2),
    "np.float32": np.float32(2),
}
VECTOR, NO_AXES = [1, 2, 1], 2
KINDS = {
    "axes": (VECTOR, VECTOR),
    "axes and none": (VECTOR, NO_AXES),
    "none and axes": (NO_AXES, VECTOR),
    "no axes": (NO_AXES,) * 2,
}
JOINS = {
    "cat": "torch.cat([{0}, {1}])",
    "stack": "torch.stack([{0}, {1}])",
    "matmul": "{0} @ {1}",
}
REDUCTIONS = {
    name: f"{{0}}.{name}({{rest}})"
    for name in ("sum", "mean", "prod", "cumsum", "amax", "argmax", "any", "all", "std", "max")
}
FUNCTIONS = {
    **{name: f"torch.{name}({{0}})" for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "abs", "relu")},
    **{
        name: f"torch.{name}({{0}})"
        for name in ("reciprocal", "rsqrt", "square", "sign", "floor", "round", "erf", "log1p")
    },
    "__neg__": "-{0}",
    "__invert__": "~{0}",
    "pow": "{0} ** 2",
    "softmax": "torch.softmax({0}, dim=0)",
    "clamp": "{0}.clamp(0, 1.5)",
    "clamp by integers": "{0}.clamp(0, 1)",
}
CASTS = {dtype: f"{{0}}.to(torch.{dtype})" for dtype in DTYPES}


def differing(op: str, form: str, *operands, **kwargs) -> list[str]:
    """What a step gives otherwise than in PyTorch, as lines; without what differs on purpose. Arrays become tensors."""
    session, args = Session(), []
    with np.errstate(all="ignore"):
        for number, operand in enumerate(operands):
            if isinstance(operand, np.ndarray):
                session.add(number, Leaf(operand))
            args.append(Ref(number) if isinstance(operand, np.ndarray) else operand)
        session.add(len(operands), Step(op, f"Tensor.{op}", form, tuple(args), kwargs))
    names = [f"{x.dtype}{list(x.shape) or ''}" if isinstance(x, np.ndarray) else repr(x) for x in operands]
    rest = ", ".join(f"{name}={value}" for name, value in kwargs.items())
    shown = form.replace("torch.", "").format(*names, rest=rest)
    return [f"{shown} {m.kind}: {said(m.ours)}, and PyTorch {said(m.theirs)}" for m in session.mismatches]


def said(value) -> str:
    if isinstance(value, Exception):
        return f"refuses ({type(value).__name__}: {str(value)[:60]})"
    return f"{name_of(getattr(value, 'dtype', ''))} {getattr(value, 'tolist', lambda: value)()}"


def check(found: list[str], count: int) -> None:
    assert not found, f"{len(found)} of {count} differ:\n" + "\n".join(found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("op", OPERATIONS)
def test_two_tensors(op, kind):
    one, other = KINDS[kind]
    found = []
    for a in DTYPES:
        for b in DTYPES:
            found += differing(op, OPERATIONS[op], np.array(one, a), np.array(other, b), np.array([True, False, True]))
    check(found, len(DTYPES) ** 2)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("op", [op for op, form in OPERATIONS.items() if not form.startswith("torch.m")])
def test_tensor_and_number(op, number):
    """The number on either side, with and without axes."""
    found = []
    swapped = OPERATIONS[op].replace("{0}", "{x}").replace("{1}", "{0}").replace("{x}", "{1}")
    for dtype in DTYPES:
        for data in (VECTOR, NO_AXES):
            for form in (OPERATIONS[op], swapped):
                found += differing(op, form, np.array(data, dtype), NUMBERS[number], np.array([True, False, True]))
    check(found, 4 * len(DTYPES))


@pytest.mark.parametrize("kind", ("axes", "no axes"))
@pytest.mark.parametrize("op", JOINS)
def test_joined(op, kind):
    found, (data, _) = [], KINDS[kind]
    for a in DTYPES:
        for b in DTYPES:
            found += differing(op, JOINS[op], np.array(data, a), np.array(data, b))
    check(found, len(DTYPES) ** 2)


@pytest.mark.parametrize("op", REDUCTIONS)
def test_reductions(op):
    found = []
    for dtype in DTYPES:
        for data in (VECTOR, [[200, 100], [7, 100]], NO_AXES):
            array = np.array(data).astype(dtype)
            for kwargs in ({"dim": 0}, {}) if op != "cumsum" else ({"dim": 0},):
                found += differing(op, REDUCTIONS[op], array, **kwargs)
    check(found, 6 * len(DTYPES))


@pytest.mark.parametrize("op", ("sum", "mean", "prod", "cumsum"))
def test_reductions_with_a_dtype(op):
    found = []
    for dtype in DTYPES:
        for wanted in DTYPES:
            found += differing(op, REDUCTIONS[op], np.array(VECTOR, dtype), dim=0, dtype=Source(f"torch.{wanted}"))
    check(found, len(DTYPES) ** 2)


@pytest.mark.parametrize("op", FUNCTIONS)
def test_functions_of_one(op):
    found = []
    for dtype in DTYPES:
        for data in (VECTOR, NO_AXES, [0, 12, 100]):
            found += differing(op.split()[0], FUNCTIONS[op], np.array(data).astype(dtype))
    check(found, 3 * len(DTYPES))


@pytest.mark.parametrize("op", CASTS)
def test_casts(op):
    found = []
    for dtype in DTYPES:
        found += differing("to", CASTS[op], np.array([0, 1, 2, 100]).astype(dtype))
    check(found, len(DTYPES))


@pytest.mark.parametrize("sign", ("+=", "-=", "*=", "/="))
def test_in_place(sign):
    """The target keeps its dtype, or PyTorch refuses."""
    names = {"+=": "iadd", "-=": "isub", "*=": "imul", "/=": "itruediv"}
    found = []
    for a in DTYPES:
        for other in (*(np.array(VECTOR, b) for b in DTYPES), *NUMBERS.values()):
            session = Session()
            session.add(0, Leaf(np.array(VECTOR, a)))
            argument = other
            if isinstance(other, np.ndarray):
                session.add(1, Leaf(other))
                argument = Ref(1)
            op = f"__{names[sign]}__"
            with np.errstate(all="ignore"):
                session.add(2, Step(op, f"Tensor.{op}", f"{{0}} {sign} {{1}}", (Ref(0), argument), in_place=True))
            found += [f"{a} {sign} {other!r}: {said(m.ours)}, and PyTorch {said(m.theirs)}" for m in session.mismatches]
    check(found, len(DTYPES) * (len(DTYPES) + len(NUMBERS)))
