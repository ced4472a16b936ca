"""Random programs, run by both libraries: `python -m tests.conformance.fuzz --seed 1 --cases 20000`.

A program is a few leaves and 1 to 8 steps, each a line of Python in PyTorch's names. It runs in both libraries in lockstep. After
every step the two results are compared, and tinytorch's numbers are set to PyTorch's where they differ by rounding: so roundings
do not add up, and what a step does to the numbers it gets is all that counts. At the end the gradients of all leaves are compared,
and once more every value, since a step in place may have changed others.

What differs is minimised and printed once for each op and kind of difference. What differs on purpose is in differences.py
(`FUZZED`), and nothing is left out silently elsewhere: the last lines count everything that was not compared.
"""

import argparse
import contextlib
import random
import re
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import torch

import tinytorch
from tests.conformance import differences
from tests.conformance.compare import leaf as make_leaf
from tests.conformance.fuzz_table import (
    DTYPES,
    FLOATS,
    INTS,
    MAX_NUMEL,
    TABLE,
    Index,
    Ref,
    Source,
    Step,
    offered,
    show,
)

# How far one step, and one gradient, may be apart; further only where the numbers are ill-conditioned
TOLERANCE = {"float16": 4e-3, "float32": 1e-5, "float64": 1e-12}
TINY = {"float16": 2e-7, "float32": 1e-42, "float64": 1e-307}
ILL = 0.05  # where PyTorch itself in float64 is further away than this share, nothing is compared
SECONDS_PER_PROGRAM = 10
NAMES = r"-?\d+|\b(u?int|float|bool|Float|Double|Long|Half|Byte|Char|Int|Bool)\d*\b"  # left out, so that equal kinds are equal


@dataclass(frozen=True)
class Leaf:
    """An input: a tensor of exactly these numbers."""

    array: np.ndarray
    requires_grad: bool = False

    def source(self) -> str:
        data = show_numbers(self.array.tolist(), 17 if self.array.dtype == np.float64 else 9)
        if self.array.size == 0 and self.array.ndim > 1:
            text = f"torch.zeros({self.array.shape}, dtype=torch.{self.array.dtype}"
        else:
            natural = {"f": "float32", "i": "int64", "b": "bool"}.get(self.array.dtype.kind)
            natural = "float32" if self.array.size == 0 else natural
            text = f"torch.tensor({data}" + ("" if natural == self.array.dtype else f", dtype=torch.{self.array.dtype}")
        return text + (", requires_grad=True)" if self.requires_grad else ")")

    def needs(self) -> list:
        return []


def show_numbers(data, digits: int) -> str:
    if isinstance(data, list):
        return "[" + ", ".join(show_numbers(part, digits) for part in data) + "]"
    if not isinstance(data, float) or not np.isfinite(data):
        return show(data)
    return f"{data:.{digits}g}" + "." * (data == round(data) and abs(data) < 1e9)


Program = dict  # number of a value -> Leaf or Step
GONE = object()  # a value that is not there, or not to be used any more


@dataclass
class Mismatch:
    """The two differ; what a predicate in differences.py may look at."""

    op: str  # name in the table; "backward" until the culprit is known
    kind: str  # value, dtype, shape, type, requires_grad, ours refuses, PyTorch refuses, memory, gradient ...
    detail: str
    ours: object
    theirs: object
    step: Step | None = None
    args: list = field(default_factory=list)  # PyTorch's tensors before the step, and plain values
    kwargs: dict = field(default_factory=dict)
    item: int = -1
    out: Ref | None = None  # where backward began

    @property
    def group(self) -> tuple:
        """What stays the same while the program is minimised."""
        return (self.op, self.kind)

    @property
    def key(self) -> tuple:
        """What is printed once. All ops in place share one way to write: where that differs, it is one kind."""
        shared = "refuses" in self.kind or self.kind.startswith("memory")
        ops = [IN_PLACE if shared and op in CHANGING else op for op in self.op.split("; ")]
        return ("; ".join(dict.fromkeys(ops)), self.kind, self.detail)

    @property
    def tensors(self) -> list:
        """The tensors among the arguments."""
        return [x for x in flat([*self.args, *self.kwargs.values()]) if isinstance(x, torch.Tensor)]

    @property
    def x(self):
        """The first tensor."""
        return self.tensors[0] if self.tensors else None

    @property
    def dtypes(self) -> list[str]:
        return [name_of(x.dtype) for x in self.tensors]

    @property
    def backward(self) -> bool:
        return self.kind.startswith("gradient")


IN_PLACE = "(in place)"
CHANGING = {name for name in TABLE if name.endswith("_") and name not in dir(object)}
CHANGING = {name for name in CHANGING if not name.endswith("__") or name.startswith("__i")} - {
    "__iter__",
    "__int__",
    "__invert__",
    "__index__",
    "requires_grad_",
}
CHANGING.add("__setitem__")


def flat(values) -> Iterator:
    for value in values:
        if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
            yield from flat(value)
        else:
            yield value


def name_of(dtype) -> str:
    return str(dtype).removeprefix("torch.")


@lru_cache(20000)
def compiled(source: str):
    return compile(source, "<fuzz>", "exec")


def code_for(number: int, step: Step):
    line = step.source() if step.is_statement else f"v{number} = {step.source()}"
    return f"with torch.no_grad():\n    {line}" if step.no_grad else line


class Hang(BaseException):
    """A step took too long."""


def execute(source: str, names: dict):
    """The error, or None."""
    try:
        exec(compiled(source), names)
    except Exception as error:
        return error
    return None


def array_of(x) -> np.ndarray:
    return x.detach().numpy() if isinstance(x, torch.Tensor) else x.array


def is_tensor(x) -> bool:
    return isinstance(x, (torch.Tensor, tinytorch.Tensor))


class Session:
    """Runs a program's items one after another in both libraries, and remembers what differed."""

    def __init__(self, counts: Counter | None = None, twice=False):
        self.theirs, self.ours = {"torch": torch, "np": np}, {"torch": tinytorch, "np": np}
        self.program: Program = {}
        self.before: dict[int, dict] = {}  # step -> the numbers of a target before the step
        self.after: dict[int, list] = {}  # item -> the numbers right after it
        self.mismatches: list[Mismatch] = []
        self.excluded: list[Mismatch] = []
        self.counts = Counter() if counts is None else counts
        self.stopped = False
        self.twice = twice  # backward is called two times

    # Values

    def value(self, ref: Ref, names=None):
        found = (names or self.theirs).get(f"v{ref.value}", GONE)
        if ref.part is None or found is GONE:
            return found
        return found[ref.part] if isinstance(found, (tuple, list)) and ref.part < len(found) else GONE

    def usable(self, ref: Ref) -> bool:
        return is_tensor(self.value(ref))

    def tensors(self) -> list[Ref]:
        """Every tensor there is, parts of tuples, too."""
        found = []
        for number in self.program:
            value = self.theirs.get(f"v{number}", GONE)
            if isinstance(value, torch.Tensor):
                found.append(Ref(number))
            elif isinstance(value, (tuple, list)):
                found += [Ref(number, i) for i, part in enumerate(value) if isinstance(part, torch.Tensor)]
        return found

    def drop(self, number: int) -> None:
        for names in (self.theirs, self.ours):
            names.pop(f"v{number}", None)

    # Running

    def add(self, number: int, item) -> Mismatch | None:
        self.program[number] = item
        if isinstance(item, Leaf):
            self.theirs[f"v{number}"] = make_leaf(torch, item.array.copy(), item.requires_grad)
            self.ours[f"v{number}"] = make_leaf(tinytorch, item.array.copy(), item.requires_grad)
            self.after[number] = [item.array]
            return None
        return self.step(number, item)

    def resolved(self, value):
        """An argument, with PyTorch's tensors instead of references."""
        if isinstance(value, Ref):
            return self.value(value)
        if isinstance(value, Source):
            found = re.fullmatch(r"torch\.(\w+)", value)
            return getattr(torch, found[1]) if found else str(value)
        if isinstance(value, (list, tuple)):
            return [self.resolved(part) for part in value]
        return value

    def step(self, number: int, step: Step) -> Mismatch | None:
        if self.stopped or any(self.value(ref) is GONE for ref in step.needs()):
            return None
        self.counts["steps"] += 1
        source = code_for(number, step)
        args = [self.resolved(a) for a in step.args]
        kwargs = {name: self.resolved(a) for name, a in step.kwargs.items()}
        saved = None
        if step.in_place:  # the target changes: keep its numbers, for predicates and for the look at rounding
            saved = args[0].detach().clone().requires_grad_(args[0].requires_grad)
            self.before[number] = saved
        error, our_error = execute(source, self.theirs), execute(source, self.ours)
        target = f"v{step.args[0].value}" if step.in_place else f"v{number}"
        theirs, our = self.theirs.get(target, GONE), self.ours.get(target, GONE)
        if step.in_place and step.args[0].part is not None:
            theirs, our = theirs[step.args[0].part], our[step.args[0].part]
        if saved is not None:
            args[0] = saved
        if step.op in ("empty", "empty_like") and error is None:
            theirs.data.zero_()  # what was in memory differs from run to run
        if error is not None and our_error is not None:
            self.counts["refused by both"] += 1
            self.drop(number)
            if saved is not None:  # PyTorch may have written a part before it refused
                with contextlib.suppress(Exception):
                    self.value(step.args[0]).data.copy_(saved)
            return None
        if error is not None or our_error is not None:
            kind = "PyTorch refuses" if error is not None else "ours refuses"
            first = str(error or our_error).split("\n")[0]
            short = f"{type(error or our_error).__name__}: {first}"
            detail = re.sub(NAMES, "#", short)[:60]
            found = (kind, detail, our_error or our, error or theirs)
        else:
            found = self.compare(our, theirs, number, step)
        if found is None:
            self.after[number] = [array_of(x).copy() for x in flat([theirs]) if is_tensor(x)]
            if any(x.numel() > 5 * MAX_NUMEL for x in flat([theirs]) if isinstance(x, torch.Tensor)):
                self.drop(number)
            return None
        mismatch = Mismatch(step.op, *found, step=step, args=args, kwargs=kwargs, item=number)
        self.note(mismatch)
        self.drop(number)
        self.stopped = self.stopped or step.in_place
        return mismatch

    def note(self, mismatch: Mismatch) -> None:
        reason = reason_for(mismatch)
        if reason is None:
            self.mismatches.append(mismatch)
        else:
            self.excluded.append(mismatch)
            self.counts[f"on purpose: {reason}"] += 1

    # Comparing

    def compare(self, our, theirs, number=None, step=None):
        """What differs, as (kind, detail, ours, PyTorch's), or None."""
        if isinstance(theirs, (torch.Size, torch.dtype, np.dtype)) or isinstance(our, np.dtype):
            same = name_of(theirs) == name_of(our) if not isinstance(theirs, torch.Size) else tuple(theirs) == our
            return None if same else ("value", "", our, theirs)
        if isinstance(theirs, (list, tuple)):
            if not isinstance(our, (list, tuple)) or len(our) != len(theirs):
                return ("type", f"{type(our).__name__} for {type(theirs).__name__}", our, theirs)
            for i, (one, other) in enumerate(zip(our, theirs, strict=True)):
                found = self.compare(one, other, number, step if is_tensor(other) and i < 3 else None)
                if found:
                    return found
            return None
        if isinstance(theirs, torch.Tensor) != isinstance(our, tinytorch.Tensor):
            return ("type", f"{type(our).__name__} for {type(theirs).__name__}", our, theirs)
        if isinstance(theirs, torch.Tensor):
            return self.compare_tensors(our, theirs, number, step)
        if isinstance(theirs, np.ndarray):
            if not isinstance(our, np.ndarray):
                return ("type", f"{type(our).__name__} for array", our, theirs)
            return self.compare_arrays(our, theirs, lambda: None)
        if type(theirs) is not type(our):
            return ("type", f"{type(our).__name__} for {type(theirs).__name__}", our, theirs)
        if isinstance(theirs, str):
            plain = [re.sub(r"grad_fn=<\w+>", "grad_fn=<>", text) for text in (our, theirs)]
            return None if plain[0] == plain[1] else ("text", "", our, theirs)
        if isinstance(theirs, float):
            same = theirs == our or (theirs != theirs and our != our) or abs(our - theirs) <= 1e-5 * abs(theirs)
            return None if same else ("value", "", our, theirs)
        return None if theirs == our else ("value", "", our, theirs)

    def compare_tensors(self, our, theirs, number, step):
        found = self.compare_arrays(
            array_of(our),
            array_of(theirs),
            (lambda: self.rounding(number, step)) if step is not None else (lambda: None),
            only_kind=step is not None and step.random,
        )
        if found:
            return (*found[:2], our, theirs)
        if our.requires_grad != theirs.requires_grad:
            return ("requires_grad", f"{our.requires_grad} for {theirs.requires_grad}", our, theirs)
        set_to(our, theirs)
        return None

    def compare_arrays(self, our, theirs, rounding, only_kind=False, tolerance=None):
        if our.dtype != theirs.dtype:
            return ("dtype", f"{our.dtype} for {theirs.dtype}", our, theirs)
        if our.shape != theirs.shape:
            return ("shape", f"{len(our.shape)} for {len(theirs.shape)} axes", our, theirs)
        if only_kind:
            self.counts["random: only dtype and shape compared"] += 1
            return None
        self.counts["results"] += 1
        if our.dtype.kind != "f":
            return None if np.array_equal(our, theirs) else ("value", "", our, theirs)
        far = differ(our, theirs, tolerance)
        if not far.any():
            self.counts["sign of a zero differs"] += bool(((our == 0) & (np.signbit(our) != np.signbit(theirs))).any())
            return None
        verdict = judge(our, theirs, far, rounding())
        if verdict in ("rounding", "ill-conditioned"):
            self.counts[verdict] += 1
            return None
        return ("value", verdict, our, theirs)

    def rounding(self, number: int, step: Step):
        """PyTorch's results of one step in float64, and with inputs that are off by a rounding, and in float32."""
        found = []
        for noise in REPLAYS:
            names = {"torch": torch, "np": np}
            for ref in step.needs():
                value = self.theirs[f"v{ref.value}"]
                if step.in_place and ref == step.args[0]:
                    saved = self.before[number]
                    value = saved if ref.part is None else [saved if i == ref.part else x for i, x in enumerate(value)]
                names[f"v{ref.value}"] = replayed(value, noise)
            if execute(source_for_replay(number, step, noise), names) is not None:
                return None
            target = step.args[0] if step.in_place else Ref(number)
            value = names.get(f"v{target.value}")
            value = value[target.part] if target.part is not None else value
            found.append([array_of(x).astype(np.float64) for x in flat([value]) if is_tensor(x)])
        return found

    # The end of a program

    def finish(self) -> None:
        """Gradients, and once more all numbers."""
        if self.stopped:
            return
        if any(isinstance(item, Step) and item.in_place for item in self.program.values()):
            self.look_again()
        outs = [ref for ref in self.tensors() if self.value(ref).requires_grad and not self.is_leaf(ref)]
        if not outs or self.stopped:
            return
        if any(isinstance(item, Step) and item.random and item.needs() for item in self.program.values()):
            self.counts["random: no gradients compared"] += 1
            return
        out = outs[-1]
        theirs, our = self.value(out), self.value(out, self.ours)
        upstream = np.random.default_rng(0).uniform(-2, 2, theirs.shape).astype(array_of(theirs).dtype)
        mistakes = []
        for lib, x in ((torch, theirs), (tinytorch, our)):
            try:
                x.backward(make_leaf(lib, upstream, False), **({"retain_graph": True} if self.twice else {}))
                if self.twice:
                    x.backward(make_leaf(lib, upstream, False))
                mistakes.append(None)
            except Exception as error:
                mistakes.append(error)
        self.counts["backward"] += 1
        if all(mistakes):
            self.counts["backward refused by both"] += 1
            return
        if any(mistakes):
            kind = "gradient: PyTorch refuses" if mistakes[0] else "gradient: ours refuses"
            error = mistakes[0] or mistakes[1]
            detail = re.sub(NAMES, "#", f"{type(error).__name__}: {error}")[:60]
            self.note(Mismatch("backward", kind, detail, mistakes[1], mistakes[0], item=out.value, out=out))
            return
        for number, item in self.program.items():
            if isinstance(item, Leaf) and item.requires_grad and f"v{number}" in self.theirs:
                found = self.compare_gradients(number, out, upstream)
                if found:
                    self.note(Mismatch("backward", *found, item=number, out=out))
                    return

    def is_leaf(self, ref: Ref) -> bool:
        return isinstance(self.program[ref.value], Leaf)

    def look_again(self) -> None:
        for ref in self.tensors():
            our, theirs = self.value(ref, self.ours), self.value(ref)
            found = self.compare_arrays(array_of(our), array_of(theirs), lambda: None)
            if found:
                step = self.program[ref.value]
                steps = [s for s in self.program.values() if isinstance(s, Step)]
                ops = "; ".join(dict.fromkeys(s.op for s in steps))
                self.note(Mismatch("memory", f"memory: {found[0]}", ops, our, theirs, item=ref.value, step=step))
                self.stopped = True
                return

    def compare_gradients(self, number: int, out: Ref, upstream):
        our, theirs = self.ours[f"v{number}"].grad, self.theirs[f"v{number}"].grad
        if (our is None) != (theirs is None):
            return ("gradient: None", f"{type(our).__name__} for {type(theirs).__name__}", our, theirs)
        if our is None:
            return None
        one, other = array_of(our), array_of(theirs)
        rounding = lambda: self.gradient_rounding(number, out, upstream)  # noqa: E731
        dtypes = {value.dtype.name for values in self.after.values() for value in values}
        coarsest = next(name for name in FLOATS if name in dtypes)  # the gradient may have passed through that dtype
        found = self.compare_arrays(one, other, rounding, tolerance=coarsest)
        if found and found[0] == "value" and only_cancelled(one, other, coarsest, upstream):
            self.counts["rounding"] += 1
            return None
        return (f"gradient: {found[0]}", found[1], our, theirs) if found else None

    def gradient_rounding(self, number: int, out: Ref, upstream):
        """The gradient of a leaf in float64 (every value as it was), and with values and a gradient that are a bit off."""
        found = []
        for noise in REPLAYS:
            names = {"torch": torch, "np": np}
            for i, item in self.program.items():
                if i not in self.after:
                    continue
                values = [off_by_a_rounding(value, noise) for value in self.after[i]]
                if isinstance(item, Leaf):
                    names[f"v{i}"] = torch.tensor(values[0], requires_grad=item.requires_grad)
                    continue
                if execute(source_for_replay(i, item, noise), names) is not None:
                    return None
                target = f"v{item.args[0].value if item.in_place else i}"
                with contextlib.suppress(Exception):  # what was expanded can't be written to
                    for x, value in zip((x for x in flat([names.get(target)]) if is_tensor(x)), values, strict=True):
                        if x.dtype.is_floating_point:
                            x.data.copy_(torch.from_numpy(value))
            with contextlib.suppress(Exception):
                x = names[f"v{out.value}"]
                x = x if out.part is None else x[out.part]
                gradient = torch.tensor(off_by_a_rounding(upstream, noise), dtype=x.dtype)
                for _ in range(1 + self.twice):
                    x.backward(gradient, retain_graph=True)
                found.append([array_of(names[f"v{number}"].grad).astype(np.float64)])
        return found if len(found) == len(REPLAYS) else None


REPLAYS = (0, 1, 2, 3, "float32")  # in float64 without noise, with three kinds of it, and in float32


def off_by_a_rounding(array: np.ndarray, noise) -> np.ndarray:
    """In float64; with noise, off by up to a rounding of its own dtype. Equal numbers stay equal: no tie is broken."""
    if array.dtype.kind != "f":
        return array
    if noise == "float32":
        return array.astype(np.float32)
    exact = array.astype(np.float64)
    return exact * (1 + np.finfo(array.dtype).eps * np.sin(exact * 1e4 * noise + noise)) if noise else exact


def replayed(value, noise):
    """A value in the dtype of a replay."""
    if isinstance(value, (list, tuple)):
        return [replayed(part, noise) for part in value]
    if not isinstance(value, torch.Tensor):
        return value
    return torch.tensor(off_by_a_rounding(array_of(value), noise), requires_grad=value.requires_grad and value.is_leaf)


def source_for_replay(number: int, step: Step, noise) -> str:
    wanted = "torch.float32" if noise == "float32" else "torch.float64"
    return re.sub(r"torch\.float(16|32|64)", wanted, code_for(number, step))


def differ(our, theirs, name=None):
    """Where two arrays of floats are further apart than the tolerance of a dtype, by default their own."""
    name = name or our.dtype.name
    one, other = our.astype(np.float64), theirs.astype(np.float64)
    near = np.abs(one - other) <= TOLERANCE[name] * np.abs(other) + TINY[name]
    return ~(near | (one == other) | (np.isnan(one) & np.isnan(other)))


def judge(our, theirs, far, exact) -> str:
    """Is a difference that large explained by rounding? `exact`: results in float64, without noise, then with."""
    if exact is None:
        return ""
    for clean, *noisy, single in zip(*exact, strict=True):
        if clean.shape != theirs.shape or theirs.dtype.kind != "f":
            continue
        spread = np.max([np.abs(x - clean) for x in (theirs.astype(np.float64), *noisy)], axis=0)
        if theirs.dtype == np.float64:  # nothing is more exact: what float32 rounds, float64 rounds 2^29 times less
            spread = np.fmax(spread, np.abs(single - clean) / 2**29)
        usual = np.sqrt(np.mean(spread[np.isfinite(spread)] ** 2)) if np.isfinite(spread).any() else 0
        one, other, clean, spread = (x[far].astype(np.float64) for x in (our, theirs, clean, spread))
        apart = np.abs(one - other)
        explained = (apart <= 16 * spread) & np.isfinite(spread)
        explained |= np.maximum(np.abs(one), np.abs(other)) <= 16 * usual  # nothing but rounding in either
        ill = ~(spread <= ILL * np.abs(clean)) & np.isfinite(clean)  # not (<=): nan counts
        ill &= ~(apart > 1000 * spread)  # but a difference far beyond the rounding is one
        ill |= np.abs(clean) > 0.99 * np.finfo(theirs.dtype).max
        if explained.all():
            return "ill-conditioned" if ill.any() else "rounding"
        return "ill-conditioned" if (explained | ill).all() else ""
    return ""


def only_cancelled(our, theirs, dtype: str, upstream) -> bool:
    """Whether gradients are apart by no more than a few roundings of what came in: a sum of its parts was nearly 0."""
    largest = np.abs(upstream[np.isfinite(upstream)]).max(initial=0)
    return bool(((our == theirs) | (np.abs(our - theirs) <= 8 * np.finfo(dtype).eps * largest)).all())  # nan is not


def set_to(our, theirs) -> None:
    """Give tinytorch's tensor PyTorch's numbers, so that roundings do not add up."""
    one, other = array_of(our), array_of(theirs)
    if one.size and one.flags.writeable and one.tobytes() != other.tobytes():
        one[...] = other


def reason_for(mismatch: Mismatch) -> str | None:
    """The difference on purpose that this is, by name."""
    for script, predicate in differences.FUZZED.items():
        try:
            if predicate(mismatch):
                return script.__name__
        except (AttributeError, IndexError, TypeError, KeyError, ValueError, RuntimeError):
            continue  # a predicate that looks for arguments this mismatch does not have
    return None


# Drawing programs


class Draw:
    """Random arguments for the next step of a session."""

    def __init__(self, seed: int, session: Session, entries=None):
        self.entries = entries or prepared()
        self.random = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.session = session
        self.next = 0
        self.wild = self.chance(0.3)
        self.records = self.chance(0.75)
        self.sizes = [1, 2, 3, 2, 3, 4] + [0] * self.chance(0.15)
        self.main_dtypes = self.random.choices(
            [("float32",), ("float64",), ("float32", "int64"), DTYPES, FLOATS, INTS], weights=[4, 2, 3, 4, 2, 1]
        )[0]
        self.base = self.shape()

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def int(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def choice(self, items):
        return self.random.choice(items)

    def maybe(self, p=0.5, /, **kwargs) -> dict:
        return kwargs if self.chance(p) else {}

    # Shapes and dtypes

    def shape(self, min_ndim=0, max_ndim=None) -> tuple:
        ndim = self.random.choices(range(6), weights=[2, 4, 5, 3, 1, 1])[0]
        ndim = max(min_ndim, min(ndim, 5 if max_ndim is None else max_ndim))
        shape = [self.choice(self.sizes) for _ in range(ndim)]
        while np.prod(shape) > MAX_NUMEL:
            shape[self.int(0, ndim - 1)] = 1
        return tuple(shape)

    def any_dtype(self) -> str:
        return self.choice(self.main_dtypes if self.chance(0.9) else DTYPES)

    def dtype(self, dtypes=DTYPES) -> Source:
        there = [name for name in dtypes if hasattr(tinytorch, name)]
        return Source(f"torch.{self.choice(there or ['float32'])}")

    def broadcastable(self, shape) -> tuple:
        """A shape that broadcasts to this one."""
        shape = tuple(1 if self.chance(0.2) else n for n in shape)
        return shape[self.int(0, len(shape)) if self.chance(0.3) else 0 :]

    def other_shape(self, numel: int) -> tuple:
        shape, left = [], numel
        while left > 1 and len(shape) < 3 and self.chance(0.8):
            shape.append(self.choice([n for n in range(1, left + 1) if left % n == 0]))
            left //= shape[-1]
        if left != 1 or self.chance(0.3):
            shape.append(left)
        if shape and self.chance(0.4):
            shape[self.int(0, len(shape) - 1)] = -1
        if self.chance(0.04):
            shape.append(self.choice([-2, 2, -1]))
        return tuple(shape)

    # Numbers

    def number(self):
        """A Python number, or NumPy's."""
        if self.chance(0.1):
            return self.choice([np.int64(2), np.float64(0.5), np.float32(2.0), np.float64(2.0)])
        if self.wild and self.chance(0.4):
            return self.choice([float("inf"), float("-inf"), float("nan"), -0.0, 1e30, 1e-30, 300, -1, 2**40, 1e300])
        return self.choice([0, 1, 2, -1, 3, 0.5, -1.5, 2.0, 0.0, 1e-3, True, False])

    def values(self, shape, dtype: str) -> np.ndarray:
        dtype = np.dtype(dtype)
        rng = self.rng
        if dtype.kind == "b":
            return rng.random(shape) < 0.5
        if dtype.kind in "iu":
            info = np.iinfo(dtype)
            array = rng.integers(0 if dtype.kind == "u" else -4, 5, shape)
            if self.wild and self.chance(0.5):
                edges = np.array([info.max, info.min, info.max // 2, 7, 100], dtype)
                array = np.where(rng.random(shape) < 0.3, rng.choice(edges, shape), array)
            return np.asarray(array, dtype)
        array = np.where(rng.random(shape) < 0.4, rng.integers(-16, 17, shape) / 8, rng.uniform(-3, 3, shape))
        if self.chance(0.3):
            array = np.abs(array)
        if self.wild and self.chance(0.6):
            limit = float(np.finfo(dtype).max)
            edges = [
                np.inf,
                -np.inf,
                np.nan,
                -0.0,
                0.0,
                limit,
                1e4,
                -1e4,
                1e-7,
                20.0,
                -100.0,
                89.0,
                1e30,
                float(np.finfo(dtype).tiny),
            ]
            array = np.where(rng.random(shape) < 0.3, rng.choice(edges, shape), array)
        with np.errstate(over="ignore"):
            return np.asarray(array, dtype)

    # Leaves

    def add(self, item) -> int:
        number, self.next = self.next, self.next + 1
        self.session.add(number, item)
        return number

    def new(self, array: np.ndarray) -> Ref:
        grad = array.dtype.kind == "f" and self.records and self.chance(0.65)
        return Ref(self.add(Leaf(array, bool(grad))))

    def leaf(self, shape, dtype=None) -> Ref:
        return self.new(self.values(shape, dtype or self.any_dtype()))

    def whole(self, shape, low: int, high: int) -> Ref:
        """Integers from low up to, without, high; mostly int64."""
        dtype = self.choice(["int64"] * 8 + ["int32", "uint8"]) if low >= 0 else "int64"
        return self.new(self.rng.integers(low, high, shape).astype(dtype))

    def distinct(self, shape) -> Ref:
        """No two numbers are equal."""
        size = int(np.prod(shape))
        return self.new(self.rng.permutation(size).reshape(shape).astype(self.any_dtype() if size < 2 else "float32"))

    def plain(self, shape, dtype, least=None) -> Ref:
        """Numbers that never require a gradient, if given of at least `least`: running statistics."""
        array = self.values(shape, dtype)
        return Ref(self.add(Leaf(array if least is None else np.maximum(np.abs(array), np.asarray(least, dtype)))))

    def unit(self, shape, dtype) -> Ref:
        """Numbers from 0 to 1."""
        array = self.rng.random(shape)
        array = np.where(self.rng.random(shape) < 0.1, np.round(array), array)
        return self.new(np.asarray(array, dtype))

    def single(self, kind="any") -> Ref:
        dtype = self.choice(INTS) if kind == "int" else self.any_dtype()
        return self.leaf(self.choice([(), (1,), (1, 1)]), dtype)

    # Choosing among what is there

    def fits(self, ref: Ref, kind: str, min_ndim: int, part: bool) -> bool:
        x = self.session.value(ref)
        floating = x.dtype.is_floating_point
        return (
            (kind == "any" or (kind == "float") == floating and (kind != "bool" or x.dtype == torch.bool))
            and x.ndim >= min_ndim
            and x.numel() <= MAX_NUMEL
            and (part or ref.part is None)
        )

    def tensor(self, kind="any", min_ndim=0, part=True) -> Ref:
        """A tensor for the next step: mostly a recent result. kind: any, float, int, bool, whole (int or bool)."""
        there = [ref for ref in self.session.tensors() if self.fits(ref, kind, min_ndim, part)]
        if there and self.chance(0.85):
            last = [ref for ref in there if ref.value == there[-1].value]
            return self.choice(last) if self.chance(0.7) else self.choice(there)
        dtype = {
            "float": [d for d in self.main_dtypes if d in FLOATS] or FLOATS,
            "int": INTS,
            "whole": ("bool", *INTS),
            "bool": ("bool",),
        }.get(kind)
        shape = self.base if len(self.base) >= min_ndim and self.chance(0.7) else self.shape(min_ndim)
        return self.leaf(shape, self.choice(dtype) if dtype else self.any_dtype())

    def of(self, x: Ref) -> torch.Tensor:
        return self.session.value(x)

    def shape_of(self, x: Ref) -> tuple:
        return tuple(self.of(x).shape)

    def dtype_of(self, x: Ref) -> str:
        return name_of(self.of(x).dtype)

    def ndim(self, x: Ref) -> int:
        return self.of(x).ndim

    def numel(self, x: Ref) -> int:
        return self.of(x).numel()

    def other(self, x: Ref, dtype=None, expands=True) -> Ref:
        """A tensor whose shape can be broadcast with that of x (nearly always)."""
        shape = self.shape_of(x)
        if dtype is None and self.chance(0.4):
            there = [ref for ref in self.session.tensors() if self.broadcasts(self.shape_of(ref), shape)]
            if there:
                return self.choice(there)
        if self.chance(0.02):
            return self.leaf(self.shape(), dtype)
        wanted = () if self.chance(0.12) else shape if self.chance(0.4) else self.broadcastable(shape)
        if expands and self.chance(0.2):
            wanted = tuple(self.int(1, 3) if n == 1 and self.chance(0.5) else n for n in wanted)
        return self.leaf(wanted, dtype or (self.dtype_of(x) if self.chance(0.5) else None))

    @staticmethod
    def broadcasts(a, b) -> bool:
        try:
            return np.prod(np.broadcast_shapes(a, b)) <= MAX_NUMEL
        except ValueError:
            return False

    def operand(self, x: Ref, expands=True):
        """A tensor or a number."""
        return self.other(x, expands=expands) if self.chance(0.65) else self.number()

    def same_shape(self, x: Ref, kind="normal") -> Ref:
        dtype = self.dtype_of(x) if self.chance(0.9) else None
        if kind == "unit":
            return self.unit(self.shape_of(x), dtype or self.choice(FLOATS))
        return self.leaf(self.shape_of(x), dtype)

    def like(self, x: Ref, axis: int) -> Ref:
        """A tensor to join with x: another size along the axis, now and then."""
        shape = list(self.shape_of(x))
        if shape and -len(shape) <= axis < len(shape) and self.chance(0.4):
            shape[axis] = self.int(0, 3)
        shape = (0,) if self.chance(0.03) else shape
        return self.leaf(tuple(shape), self.dtype_of(x) if self.chance(0.6) else None)

    def matrices(self) -> tuple[Ref, Ref]:
        """Two tensors to multiply: vectors, matrices, stacks of them; one of them is an earlier value, if one fits."""
        dtype = self.choice(FLOATS) if self.chance(0.8) else self.any_dtype()
        there = [ref for ref in self.session.tensors() if self.fits(ref, "any", 1, True)]
        n, k, m = self.int(1, 3), self.choice(self.sizes), self.int(0, 3) if self.chance(0.1) else self.int(1, 3)
        lead = self.choice([(), (), (2,), (2, 3)])
        other_lead = self.choice([lead, lead, (), tuple(1 for _ in lead)])
        if there and self.chance(0.5):
            a = self.choice(there)
            shape, dtype = self.shape_of(a), self.dtype_of(a) if self.chance(0.95) else self.any_dtype()
            right = (shape[-1],) if self.chance(0.3) else (*shape[:-2], shape[-1], m)
            return a, self.leaf(right if np.prod(right) <= MAX_NUMEL else (shape[-1],), dtype)
        left = self.choice([(k,), (*lead, n, k), (*lead, n, k)])
        right = self.choice([(k,), (*other_lead, k, m), (*other_lead, k, m), (k, m)])
        if self.chance(0.03):
            right = (*right[:-1], right[-1] + 1)
        return self.leaf(left, dtype), self.leaf(right, dtype if self.chance(0.95) else None)

    # Axes and indices

    def dim(self, x: Ref, invalid=0.03) -> int:
        ndim = max(self.ndim(x), 1)
        return self.choice([ndim, -ndim - 1]) if self.chance(invalid) else self.int(-ndim, ndim - 1)

    def dims(self, x: Ref):
        ndim = self.ndim(x)
        chosen = [int(i) for i in self.rng.permutation(ndim)[: self.int(1, max(ndim, 1))]]
        chosen = [i - ndim if self.chance(0.3) else i for i in chosen]
        if chosen and self.chance(0.03):
            chosen.append(chosen[0])
        return chosen if self.chance(0.3) else tuple(chosen)

    def index(self, x: Ref) -> Index:
        """What may stand in x[...]."""
        shape = self.shape_of(x)
        if self.chance(0.07):
            return Index((self.leaf(shape, "bool"),))
        together, parts, axis = self.int(1, 3), [], 0
        while axis < len(shape) and self.chance(0.8):
            kind = self.choice(["int", "int", "slice", "slice", "list", "tensor", "mask", "none", "all"])
            if kind == "none":
                parts.append(None)
                continue
            parts.append(self.one_index(kind, shape[axis], together))
            axis += 1
        if self.chance(0.2):
            parts.append(...)
            if axis < len(shape) and self.chance(0.5):
                parts.append(self.one_index(self.choice(["int", "slice", "list"]), shape[-1], together))
        if self.chance(0.02):
            parts.append(self.choice([0, None, 7, True, 1.5]))
        if not parts:
            parts = [self.choice([..., slice(None), None, 0])]
        return Index(parts)

    def one_index(self, kind: str, size: int, together: int):
        place = lambda: self.int(-size, size - 1) if size and self.chance(0.98) else size  # noqa: E731
        end = lambda: None if self.chance(0.4) else self.int(-size - 1, size + 1)  # noqa: E731
        if kind == "int":
            return place()
        if kind == "slice":
            return slice(end(), end(), self.choice([None, None, 1, 2, 3, -1 if self.chance(0.1) else 2]))
        if kind == "list":
            return [place() for _ in range(together)]
        if kind == "tensor":
            dtype = self.choice(["int64"] * 6 + ["int32", "int8"])
            if self.chance(0.2):
                return self.new(np.array(place(), dtype))
            return self.new(np.array([place() for _ in range(together)], dtype))
        if kind == "mask":
            mask = self.rng.random(size if self.chance(0.97) else size + 1) < 0.5
            return self.new(mask) if self.chance(0.8) else mask.tolist()
        return slice(None)

    def shape_at(self, x: Ref, index: Index):
        """The shape of x[index], or None."""
        with contextlib.suppress(Exception):
            return tuple(self.of(x)[tuple(self.session.resolved(tuple(index)))].shape)
        return None

    # Steps

    def step(self) -> bool:
        """Draw one step and run it; False: tinytorch does not have what was drawn."""
        chosen = self.random.choices(*self.entries)[0]
        drawn = chosen.draw(self)
        forms = [form for form in drawn.forms or chosen.forms() if there(form[0])]
        if not forms:
            return False
        covers, form = self.choice(forms)
        step = Step(
            op=covers.split(".")[1],
            covers=covers,
            form=form,
            args=drawn.args,
            kwargs=drawn.kwargs,
            in_place=drawn.in_place,
            random=drawn.random,
            fixed=drawn.fixed,
            no_grad=self.chance(0.6 if drawn.in_place else 0.03),
        )
        if re.search(r"torch\.\w+", step.source()) and not dtypes_there(step):
            return False
        self.session.counts[f"op {covers}"] += 1
        self.add(step)
        return True


@lru_cache(None)
def there(covers: str) -> bool:
    return offered(covers)


def dtypes_there(step: Step) -> bool:
    return all(hasattr(tinytorch, name) for name in re.findall(r"torch\.(float\d+|int\d+|uint8|bool)\b", step.source()))


@lru_cache(None)
def all_forms(name: str) -> tuple:
    """Every (name, spelling) that an entry may draw."""
    chosen = TABLE[name]
    if chosen.spaces:
        return tuple(chosen.forms())
    found, draw = {}, Draw(0, Session(), entries=((), ()))
    for _ in range(20):
        with contextlib.suppress(Exception):
            found |= dict(chosen.draw(draw).forms)
    return tuple(found.items())


def covered() -> dict[str, str]:
    """Every name of PyTorch that the table runs -> the entry."""
    found = {}
    for name in TABLE:
        for covers, _ in all_forms(name):
            found.setdefault(covers, name)
    return found


def not_there_yet() -> list[str]:
    """Names that the course means to offer, and does not yet."""
    return sorted(
        name
        for name, entry in TABLE.items()
        if not entry.optional and all_forms(name) and not any(there(covers) for covers, _ in all_forms(name))
    )


@lru_cache(None)
def prepared(names: tuple = ()) -> tuple:
    """The entries that tinytorch has something of (or only those), and how often each is drawn."""
    entries = [
        entry
        for name, entry in TABLE.items()
        if (not names or name in names) and any(there(covers) for covers, _ in all_forms(name))
    ]
    return entries, [entry.weight for entry in entries]


# Minimising


def run(program: Program, twice=False) -> Session:
    session = Session(twice=twice)
    for number, item in program.items():
        session.add(number, item)
    session.finish()
    return session


def matches(program: Program, group: tuple, twice=False) -> Mismatch | None:
    for mismatch in run(program, twice).mismatches:
        if mismatch.group == group:
            return mismatch
    return None


def minimise(program: Program, mismatch: Mismatch, twice=False, tries=400) -> tuple[Program, Mismatch]:
    """Take away and simplify as long as the same kind of mismatch is there."""
    twice = twice and not matches(program, mismatch.group)
    found = True
    while found and tries > 0:
        found = False
        for smaller in candidates(program):
            tries -= 1
            if tries < 0:
                break
            again = matches(smaller, mismatch.group, twice)
            if again is not None:
                program, mismatch, found = smaller, again, True
                break
    return program, mismatch


def without(program: Program, *numbers: int) -> Program | None:
    """The program without some items; None if others need them."""
    left = {number: item for number, item in program.items() if number not in numbers}
    if any(ref.value not in left for item in left.values() for ref in item.needs()):
        return None
    return left


def candidates(program: Program) -> Iterator[Program]:
    """Simpler programs, the boldest first."""
    numbers = list(program)
    for number in reversed(numbers):
        smaller = without(program, number)
        if smaller:
            yield smaller
    session = run(program)
    for number in reversed(numbers):
        item = program[number]
        values = session.after.get(number)
        if (
            isinstance(item, Step)
            and not item.in_place
            and values
            and not isinstance(session.theirs.get(f"v{number}"), (tuple, list))
        ):
            value = session.theirs.get(f"v{number}")
            grad = values[0].dtype.kind == "f" and bool(getattr(value, "requires_grad", False))
            yield prune(program | {number: Leaf(np.array(values[0], order="C"), grad)}, number)
            if grad:
                yield prune(program | {number: Leaf(np.array(values[0], order="C"), False)}, number)
    for number in numbers:
        item = program[number]
        if isinstance(item, Step):
            yield from (program | {number: simpler} for simpler in simpler_steps(item))
    yield from simpler_shapes(program)
    for number in numbers:
        if isinstance(program[number], Leaf):
            yield from (program | {number: simpler} for simpler in simpler_leaves(program[number]))


def prune(program: Program, keep: int) -> Program:
    """Without items before `keep` that are needed no more."""
    changed = True
    while changed:
        used = {ref.value for item in program.values() for ref in item.needs()} | {keep}
        smaller = {n: item for n, item in program.items() if n in used or n > keep}
        changed, program = len(smaller) < len(program), smaller
    return program


def simpler_steps(step: Step) -> Iterator[Step]:
    if step.no_grad:
        yield replace(step, no_grad=False)
    if step.fixed:
        return
    for name in step.kwargs:
        yield replace(step, kwargs={n: value for n, value in step.kwargs.items() if n != name})
    for i, arg in enumerate(step.args):
        for simpler in simpler_values(arg):
            yield replace(step, args=(*step.args[:i], simpler, *step.args[i + 1 :]))
    for name, arg in step.kwargs.items():
        for simpler in simpler_values(arg):
            yield replace(step, kwargs=step.kwargs | {name: simpler})


def simpler_values(arg) -> Iterator:
    if isinstance(arg, Index) or (isinstance(arg, (tuple, list)) and not isinstance(arg, Ref)):
        if len(arg) > 1:
            for i in range(len(arg)):
                yield type(arg)(part for j, part in enumerate(arg) if j != i)
        for i, part in enumerate(arg):
            for simpler in simpler_values(part):
                yield type(arg)([*arg[:i], simpler, *arg[i + 1 :]])
    elif isinstance(arg, slice):
        if arg != slice(None):
            yield slice(None)
            yield slice(arg.start, arg.stop)
            yield slice(None, arg.stop, arg.step)
    elif isinstance(arg, np.generic):
        yield arg.item()
    elif isinstance(arg, bool) or arg is None or arg is ... or isinstance(arg, (str, Ref)):
        return
    elif isinstance(arg, (int, float)) and arg not in (0, 1, 2):
        yield from (type(arg)(n) for n in (1, 0, 2))


def simpler_shapes(program: Program) -> Iterator[Program]:
    leaves = {number: item for number, item in program.items() if isinstance(item, Leaf)}
    most = max((item.array.ndim for item in leaves.values()), default=0)
    if most:  # one leading axis less, for all that have it
        yield program | {
            n: replace(item, array=item.array[0])
            for n, item in leaves.items()
            if item.array.ndim == most and item.array.shape[0]
        }
    for axis in range(1, most + 1):  # size 1 (0 becomes 1) along an axis, counted from the right, for all that have it
        sizes = {item.array.shape[-axis] for item in leaves.values() if item.array.ndim >= axis}
        for size in sizes - {0, 1}:
            yield program | {
                n: replace(item, array=item.array.take([0], axis=item.array.ndim - axis))
                for n, item in leaves.items()
                if item.array.ndim >= axis and item.array.shape[-axis] == size
            }
    for n, item in leaves.items():
        shape = item.array.shape
        for axis in range(len(shape)):
            if shape[axis]:
                yield program | {n: replace(item, array=item.array.take(0, axis=axis))}
            if shape[axis] > 1:
                for place in dict.fromkeys((0, shape[axis] - 1, *range(min(shape[axis], 6)))):
                    yield program | {n: replace(item, array=item.array.take([place], axis=axis))}


SIMPLE = {"f": (1.0, 2.0, 0.0), "i": (1, 2, 0), "u": (1, 2, 0), "b": (True, False)}


def simpler_leaves(item: Leaf) -> Iterator[Leaf]:
    array = item.array
    kind = array.dtype.kind
    if item.requires_grad:
        yield replace(item, requires_grad=False)
    for dtype in ("float32", "int64", "bool"):
        if array.dtype == dtype or item.requires_grad and dtype != "float32":
            break
        if kind == np.dtype(dtype).kind or dtype != "bool":
            with np.errstate(all="ignore"):
                yield replace(item, array=array.astype(dtype))
    simple = SIMPLE[kind]
    if not any((array == n).all() for n in simple):
        for n in simple:
            yield replace(item, array=np.full_like(array, n))
    counted = np.arange(array.size).reshape(array.shape).astype(array.dtype)
    if array.size > 1 and kind != "b" and not (array == counted).all():
        yield replace(item, array=counted)
    if kind == "f" and array.size and not (np.round(array) == array).all():
        yield replace(item, array=np.round(array))
        yield replace(item, array=np.round(array * 8) / 8)
    if 1 < array.size <= 8:
        for place in np.ndindex(array.shape):
            for n in simple[:2]:
                if array[place] not in simple:
                    changed = array.copy()
                    changed[place] = n
                    yield replace(item, array=changed)


def show_program(program: Program, mismatch: Mismatch) -> str:
    """One line that can be run."""
    names = {}
    parts, texts = [], {}
    used = Counter(ref.value for item in program.values() for ref in item.needs())
    simple = not mismatch.backward and not any(isinstance(s, Step) and s.in_place for s in program.values())
    last = list(program)[-1]
    for number, item in program.items():
        text = re.sub(r"\bv(\d+)\b", lambda m: names.get(int(m[1]), m[0]), item.source())
        text = text.replace("torch.nn.functional.", "F.")
        no_grad = isinstance(item, Step) and item.no_grad
        if no_grad:
            text = f"with torch.no_grad(): {text if item.is_statement else f'v{number} = {text}'}"
        if simple and used[number] <= 1 and number != last and not no_grad:
            names[number] = text if re.fullmatch(r"[\w.]+\([^()]*\)", text) else f"({text})"
            continue
        statement = isinstance(item, Step) and item.is_statement or no_grad
        parts.append(text if statement or (number == last and simple) else f"v{number} = {text}")
        texts[number] = text
    if mismatch.backward:
        parts.append(f"{show(mismatch.out)}.backward(g); v{mismatch.item}.grad")
    elif mismatch.kind.startswith("memory") or not simple:
        parts.append(f"v{mismatch.item if mismatch.kind.startswith('memory') else mismatch.step.args[0].value}")
    return "; ".join(parts)


def brief(value) -> str:
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {str(value).splitlines()[0] if str(value) else ''}"[:110]
    if is_tensor(value):
        array = array_of(value)
        grad = ", requires_grad" if value.requires_grad else ""
        return f"{np.array2string(array, separator=', ', threshold=8, precision=7)} {array.dtype} {array.shape}{grad}".replace(
            "\n", ""
        )[:150]
    return re.sub(r"\s+", " ", repr(value))[:150]


# The whole run


@dataclass
class Report:
    """What a run found."""

    counts: Counter = field(default_factory=Counter)
    found: dict = field(default_factory=dict)  # key -> (how often, case, line, ours, PyTorch's)
    times: Counter = field(default_factory=Counter)  # key -> how often
    tries: Counter = field(default_factory=Counter)  # key before minimising -> how often it was minimised
    same_as: dict = field(default_factory=dict)  # key before -> after

    def add(self, case: int, session: Session, mismatch: Mismatch) -> None:
        program, first = session.program, mismatch.key
        late = mismatch.op in ("backward", "memory")  # which op it is shows when it is minimised
        self.tries[first] += 1
        if self.tries[first] > (400 if late else 2):
            self.times[self.same_as.get(first, first)] += 1
            return
        small, mismatch = minimise(program, mismatch, session.twice)
        if late:
            mismatch = with_op(mismatch, small)
            reason = reason_for(mismatch)
            if reason:
                self.counts[f"on purpose: {reason}"] += 1
                return
        key = mismatch.key
        self.same_as.setdefault(first, key)
        self.times[key] += 1
        if key not in self.found:
            self.found[key] = (case, show_program(small, mismatch), brief(mismatch.ours), brief(mismatch.theirs))

    def lines(self) -> list[str]:
        ordered = sorted(self.found, key=lambda key: -self.times[key])
        return [
            f"{self.times[key]:5} x {key[0]} [{key[1]}{': ' + key[2] if key[2] else ''}] (case {case})  {line}"
            f"  # ours: {one}; PyTorch's: {other}"
            for key in ordered
            for case, line, one, other in [self.found[key]]
        ]


def with_op(mismatch: Mismatch, program: Program) -> Mismatch:
    """A gradient or memory that differs belongs to the ops of the minimised program."""
    steps = [item for item in program.values() if isinstance(item, Step)]
    session, args, kwargs = Session(), [], {}
    for number, item in program.items():
        if steps and item is steps[-1]:
            args = [session.resolved(a) for a in item.args]
            kwargs = {name: session.resolved(a) for name, a in item.kwargs.items()}
        session.add(number, item)
    op = "; ".join(dict.fromkeys(step.op for step in steps))
    detail = "" if mismatch.op == "memory" else mismatch.detail
    return replace(mismatch, op=op, detail=detail, step=steps[-1] if steps else None, args=args, kwargs=kwargs)


def draw_program(seed: int, counts: Counter, entries=None) -> Session:
    """Draw and run one program."""
    session = Session(counts, twice=seed % 16 == 0)
    draw = Draw(seed, session, entries)
    wanted = draw.random.choices(range(1, 9), weights=[3, 4, 4, 4, 3, 2, 1, 1])[0]
    tries = 0
    while wanted and tries < 40 and not session.stopped:
        tries += 1
        wanted -= draw.step()
    session.finish()
    return session


def too_long(*_):
    raise Hang


def fuzz(seed: int, cases: int, only: int | None = None, names=(), progress=False) -> Report:
    """Run so many programs; case i of a seed is always the same program (while the table and the two libraries are)."""
    report, entries = Report(), prepared(tuple(names))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    start = time.perf_counter()
    old = signal.signal(signal.SIGALRM, too_long) if hasattr(signal, "SIGALRM") else None
    try:
        with np.errstate(all="ignore"):
            for case in range(cases) if only is None else [only]:
                fuzz_one(seed, case, report, entries)
                if progress and case % 1000 == 999:
                    taken = time.perf_counter() - start
                    print(f"{case + 1} programs, {len(report.found)} kinds, {taken:.0f} s", file=sys.stderr, flush=True)
    finally:
        if old is not None:
            signal.signal(signal.SIGALRM, old)
    return report


def fuzz_one(seed: int, case: int, report: Report, entries: tuple) -> None:
    report.counts["programs"] += 1
    torch.manual_seed(case)
    tinytorch.manual_seed(case)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_PROGRAM)
    session = None
    try:
        session = draw_program(seed * 1_000_003 + case, report.counts, entries)
        for mismatch in session.mismatches:
            report.add(case, session, mismatch)
    except Hang:
        report.found["hang", str(case), ""] = (case, "took too long", "", "")
        report.times["hang", str(case), ""] = 1
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--only", type=int, help="run this case alone")
    parser.add_argument("--names", nargs="*", default=(), help="draw only these entries of the table: exp __add__")
    parser.add_argument("--counts", action="store_true", help="how often each name was run")
    arguments = parser.parse_args()
    start = time.perf_counter()
    report = fuzz(arguments.seed, arguments.cases, arguments.only, arguments.names, progress=True)
    for line in report.lines():
        print(line)
    counts = report.counts
    for name in sorted(name for name in counts if arguments.counts or not name.startswith("op ")):
        print(f"{counts[name]:8} {name}")
    missing = not_there_yet()
    print(f"{len(missing):8} not there yet: {' '.join(missing)}")
    results = max(counts["results"], 1)
    print(f"{counts['ill-conditioned'] / results:.3%} of all results were too ill-conditioned to compare")
    print(f"{len(report.found)} kinds of mismatches; {time.perf_counter() - start:.0f} s")
    sys.exit(bool(report.found))


if __name__ == "__main__":
    main()
