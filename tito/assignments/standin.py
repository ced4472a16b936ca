"""What a test sees of a student's code: stand-ins for functions, classes and objects that live in another process.

A test runs unchanged against them. Numbers, texts and arrays arrive as themselves; everything else stays where it is and is a
`StandIn` here. A student's object is never asked whether it is right: comparing it gives an object that refuses to be a boolean.
"""

import builtins
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tito.assignments.reasons import NAMED, kind_of, wrong_value
from tito.assignments.wire import BrokenWire, Mirror, Refused, read_frame

MOST_OBJECTS = 200_000
MOST_CALLBACKS = 100_000
LABEL = 200  # characters of how a value came about
LIBRARY = re.compile(r"(builtins|math|numpy|tinytorch)(\.[A-Za-z_]\w{,40}){1,4}")
CHANGES = "(changes what it is given)"  # among the labels
DEFAULT = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}  # NumPy's own
# why a test fails that would go on beside the code; for the student's eyes, too
CHANGED = "an array was changed that the function was given"
NO_DATA = "an object came back where a number, a text or an array is expected"
NO_JUDGE = "an object of the student's own cannot say whether something is true"
# exceptions that cannot be made of a text, or that would end more than a test
NOT_RAISED = (UnicodeError, ExceptionGroup, StopIteration, StopAsyncIteration)


class Student:
    """The connection to the program that runs a student's code.

    Args:
        commands, answers: its pipes.

    Every question and every answer may be the student's invention, except that the questions are ours: an answer is data, or a number
    that stands for an object on the other side.
    """

    def __init__(self, commands, answers):
        self.commands, self.answers, self.asked = commands, answers, 0
        self.begin_again()

    def begin_again(self) -> None:
        self.mirror = Mirror(0, self._ref, self._deref)
        self.standins: dict[int, StandIn] = {}
        self.theirs: list[Any] = []  # objects of the test, which the student's code may call
        self.objects: frozenset[str] | None = None
        self.seen: set[str] = set()
        self.callbacks, self.label, self.depth = 0, "", 0
        self.failed: BrokenWire | Refused | None = None  # a test that catches it has failed all the same
        self.returns: dict[str, str] = {}
        self.wrong = ""  # the first answer of a type that cannot be right, in words

    def begin(
        self, names: list[str], objects: frozenset[str] | None, returns: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Before each test.

        Args:
            names: what the test uses.
            objects: which questions may be answered by an object, and whether arrays that it was given may change; None if all
                may. They were learned from the reference.
            returns: exercise -> the type that it returns, as `reasons.expected_type` has it.

        Returns:
            What the notebook has of these names.
        """
        self.begin_again()
        answered = self.ask("begin", "", names)
        bindings = {name: answered[name] for name in names if name in answered}
        for name, value in bindings.items():
            if isinstance(value, StandIn):
                object.__setattr__(value, "_label", name)
        self.objects, self.seen, self.returns = objects, set(), returns or {}
        return bindings

    def replaced(self) -> list[str]:
        """Which functions of the libraries were replaced, as far as the student's side says."""
        answer = self.ask("replaced", "")
        if not isinstance(answer, list) or not all(isinstance(name, str) for name in answer):
            raise BrokenWire("an answer to nothing")  # it waited in the pipe
        return [name for name in answer[:20] if LIBRARY.fullmatch(name)]

    def ask(self, do: str, label: str, *args: Any) -> Any:
        """Ask, answer what is asked back, and return or raise what comes.

        Raises:
            BrokenWire: the program has ended, or what it said makes no sense.
            Refused: an object came where the reference has data, or an array was changed that the reference leaves alone.
        """
        self.asked += 1
        number, message = self.asked, {"q": self.asked, "do": do, "args": args}
        if (state := np.geterr()) != DEFAULT:
            message["errstate"] = state
        outer, self.label = self.label, label
        self.depth += 1
        try:
            self._send(message)
            while "callback" in (answer := self._receive()):
                self._call_back(**answer)
            if answer.get("q") != number:
                raise BrokenWire("not the answer to the question")
            # in the middle of a call it may move a number and put it back
            if self.depth == 1 and self.mirror.written():
                self._saw(CHANGES, CHANGED)
            if "error" in answer:
                raise _exception(*answer["error"])
            self._look_at(do, args, answer["value"])
            return answer["value"]
        except (BrokenWire, Refused) as failed:
            self.failed = self.failed or failed
            raise
        finally:
            self.label = outer
            self.depth -= 1

    def _look_at(self, do: str, args: tuple, value: Any) -> None:
        """Notice an answer of the wrong type, when the test itself has called an exercise."""
        kind = object.__getattribute__(value, "_kind") if isinstance(value, StandIn) else kind_of(value)
        for exercise, expected in self.returns.items() if self.depth == 1 and not self.wrong else ():
            if _is_call_of(exercise, do, args):
                known = kind if not isinstance(value, StandIn) or kind in NAMED else "object"
                self.wrong = self.wrong or wrong_value(exercise, known, expected)

    def _send(self, message: dict) -> None:
        packed = self.mirror.pack(message)
        try:
            self.commands.write(packed)
            self.commands.flush()
        except OSError:
            raise BrokenWire("it has ended") from None

    def _receive(self) -> dict:
        answer = self.mirror.unpack(*read_frame(self.answers))
        if not isinstance(answer, dict):
            raise BrokenWire("no answer")
        return answer

    def _call_back(self, callback: int, args: tuple, kwargs: dict) -> None:
        """The student's code calls a function that the test has passed to it."""
        self.callbacks += 1
        if self.callbacks > MOST_CALLBACKS or type(callback) is not int or not 0 <= callback < len(self.theirs):
            raise BrokenWire("a call of what was never passed, or too many of them")
        function = self.theirs[callback]
        try:
            if isinstance(function, Iterator):
                reply = next(((value,) for value in function), None)
            else:
                reply = function(*args, **kwargs)
            self._send({"reply": reply})
        except BrokenWire:
            raise
        except Exception as error:
            self._send({"error": [_builtin_of(error), str(error)[:2000]]})

    def _ref(self, value: Any) -> list:
        if isinstance(value, StandIn):
            return ["handle", object.__getattribute__(value, "_number")]
        if not callable(value) and not isinstance(value, Iterator):
            raise TypeError(f"a {type(value).__name__} of the test cannot travel to the student's code")
        what = "iterator" if isinstance(value, Iterator) else getattr(value, "__name__", "function")
        known = next((number for number, other in enumerate(self.theirs) if other is value), None)
        if known is None:
            known = len(self.theirs)
            self.theirs.append(value)
        return ["theirs", known, what]

    def _saw(self, label: str, why: str) -> None:
        self.seen.add(label)
        if self.objects is not None and label not in self.objects:
            raise Refused(why)

    def _deref(self, kind: str, number: int, name: str = "") -> Any:
        if kind == "theirs" and type(number) is int and 0 <= number < len(self.theirs):
            return self.theirs[number]
        if kind != "handle" or type(number) is not int or len(self.standins) > MOST_OBJECTS:
            raise ValueError("no kind of value")
        self._saw(self.label, f"{NO_DATA}: {self.label} gave a {str(name)[:60]}")
        if number not in self.standins:
            self.standins[number] = StandIn(self, number, str(name)[:60], self.label)
        return self.standins[number]


def _is_call_of(exercise: str, do: str, args: tuple) -> bool:
    """Whether a question calls an exercise: by its name, as a method, or by an operator."""
    outer, _, method = exercise.partition(".")
    if do != "call" or not isinstance(args[0], StandIn):
        return bool(method) and do in (method.strip("_"), method.strip("_").removeprefix("r"))
    label = object.__getattribute__(args[0], "_label")
    return label.endswith(f".{method}") if method else label == outer


def _builtin_of(error: BaseException) -> str:
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def _exception(kind: str, text: str, frames: list[list]) -> Exception:
    """An exception of the student's code, as Python's own type that is nearest to it; `beyond` is where it came up there."""
    known = getattr(builtins, str(kind), None)
    fits = isinstance(known, type) and issubclass(known, Exception) and not issubclass(known, NOT_RAISED)
    error = known(str(text)) if fits else Refused(f"{kind}: {text}")
    # which line of a test failed is not for the student's side to say
    error.beyond = [[str(file), int(line), str(name)] for file, line, name in frames if "<test_" not in str(file)]
    return error


class StandIn:
    """A function, class or object of the student's code."""

    __slots__ = ("_student", "_number", "_kind", "_label")
    __array_ufunc__ = None  # NumPy gives way: the other side evaluates the whole expression

    def __init__(self, student: Student, number: int, kind: str, label: str):
        for slot, value in zip(StandIn.__slots__, (student, number, kind, label), strict=True):
            object.__setattr__(self, slot, value)

    def _ask(self, do: str, suffix: str, *args: Any) -> Any:
        return self._student.ask(do, f"{self._label}{suffix}"[-LABEL:], *args)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__"):
            raise AttributeError(name)  # never __array__, __class__, __len_hint__, ...
        return self._ask("get", f".{name}", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", "", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._ask("del", "", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        kinds = "".join("o" if isinstance(value, StandIn) else "d" for value in [*args, *kwargs.values()])
        return self._ask("call", f"({kinds})", self, args, kwargs)

    def __bool__(self) -> bool:
        raise Refused(f"{NO_JUDGE}: look at the numbers of this {self._kind}")

    __hash__ = object.__hash__
    __contains__ = __index__ = None

    def __instancecheck__(self, other: Any) -> bool:
        return isinstance(other, StandIn) and self._ask("isinstance", "", other, self) is True

    def __subclasscheck__(self, other: Any) -> bool:
        return isinstance(other, StandIn) and self._ask("issubclass", "", other, self) is True

    def __len__(self) -> int:
        return self._ask("len", "", self)

    def __float__(self) -> float:
        return self._ask("float", "", self)

    def __iter__(self) -> Iterator:
        return iter(self._ask("list", "[]", self))

    def __next__(self) -> Any:
        more = self._ask("next", "[]", self)
        if more is None:
            raise StopIteration
        return more[0]

    def __enter__(self) -> Any:
        return self._ask("enter", "", self)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        return self._ask("exit", "", self, None, None, None) is True

    def __repr__(self) -> str:
        return f"<a student's {self._kind}>"


class Verdict(StandIn):
    """What comparing a student's object gave: good as an index, or to be passed on, and never as evidence."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Refused(f"{NO_JUDGE}: compare numbers (.numpy(), .tolist())")

    __getattr__ = __call__ = __len__ = __iter__ = __next__ = __float__ = __enter__ = _refuse


def _forward(name: str, swap: bool = False):
    def method(self: StandIn, *others: Any) -> Any:
        value = self._ask(name, "", *((*others, self) if swap else (self, *others)))
        if name not in COMPARISONS:
            return value
        if not isinstance(value, StandIn):
            raise Refused(f"{NO_JUDGE}: compare numbers (.numpy(), .tolist())")
        return Verdict(self._student, object.__getattribute__(value, "_number"), value._kind, value._label)

    return method


COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
for _name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"]:
    setattr(StandIn, f"__{_name}__", _forward({"and": "and_", "or": "or_"}.get(_name, _name)))
    setattr(StandIn, f"__r{_name}__", _forward({"and": "and_", "or": "or_"}.get(_name, _name), swap=True))
for _name in ("neg", "pos", "abs", "invert", "getitem", "setitem", "delitem", *COMPARISONS):
    setattr(StandIn, f"__{_name}__", _forward(_name))
