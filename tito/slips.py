"""Why a test failed, in words: the commonest slips first, then the assertion.

A test that failed is run once more while `Calls` looks at the calls of exercises: what each one returned, and which ones the
test used. Nothing is wrapped or replaced, so the code that is tested stays what it is.
"""

import ast
import contextlib
import dis
import inspect
import linecache
import re
import sys
import traceback
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType

from tito.limit import TimeLimit
from tito.notebook import test_name
from tito.syntax import parse_python

SECTIONS = ("WHAT", "WHY", "TIP")  # of a test's docstring
MAX_REPEATED_S = 5.0  # a test that took longer is not run again to look at its calls
MAX_NUMBER_LINES, MAX_LINE_CHARS = 3, 120
GENERATOR = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
PLACEHOLDER = re.compile(r"([A-Za-z_][\w.]*): ")
# what a value of an annotated type may be instead
ALSO_ALLOWED = {
    "int": ("integer",),
    "float": ("int", "integer", "floating"),
    "bool": ("bool_",),
    "ndarray": ("generic",),
}
CHECKED_TYPES = {"Tensor", "ndarray", "list", "tuple", "dict", "str", "int", "float", "bool"}
NAMES_OF_TYPES = {"ndarray": "array"}

Locate = Callable[[str, int], str]  # a file and a line -> how to say that


def on_line(_file: str, number: int) -> str:
    """The line as an editor shows it that has each cell in a file of its own."""
    return f"line {number}"


@dataclass(frozen=True)
class Exercise:
    name: str
    function: Callable
    takes_arrays: bool = False  # `@op`: called with tensors, it gets and returns arrays

    @property
    def code(self) -> CodeType:
        return self.function.__code__


@dataclass
class Slip:
    """What is said about a failed test."""

    words: str  # one line
    numbers: list[str] = field(default_factory=list)  # a few lines that show it
    placeholder: str = ""  # the exercise that is not done yet
    is_slip: bool = False  # a common one, which needs no tip
    place: str = ""  # the line of the test
    raised_in: str = ""  # the exercise that raised the exception
    calls: frozenset[str] = frozenset()  # the exercises that ran, as far as they were looked at


def exercises_in(namespace: dict, names: Iterable[str] | None = None) -> list[Exercise]:
    """The functions and methods of a namespace with these names; by default those that one of its tests is named after."""
    named = {test_name(name): name for name in names} if names is not None else None
    functions = []
    for name, value in [*namespace.items()]:
        members = [(name, value)]
        if isinstance(value, type) and value.__name__ == name:
            members = [(f"{name}.{method}", member) for method, member in vars(value).items()]
        for member_name, member in members:
            is_wanted = test_name(member_name) in namespace if named is None else member_name in named.values()
            if is_wanted and (exercise := _exercise(member_name, member)):
                functions.append(exercise)
    return functions


def _exercise(name: str, member: object) -> Exercise | None:
    member = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
    function = inspect.unwrap(member) if callable(member) else None
    return Exercise(name, function, hasattr(member, "op")) if isinstance(function, types.FunctionType) else None


class Calls:
    """Inside `with`, the calls of some exercises: which ones ran, and what was odd about what they returned."""

    def __init__(self, exercises: Iterable[Exercise]) -> None:
        self.exercises = {id(exercise.code): exercise for exercise in exercises}
        self.names: set[str] = set()
        self.odd: dict[str, str] = {}  # exercise -> the first return value that cannot be right, in words

    def __enter__(self) -> "Calls":
        self.before = sys.getprofile()
        sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self.before)

    def _look(self, frame: FrameType, event: str, value: object) -> None:
        if event not in ("call", "return") or (exercise := self.exercises.get(id(frame.f_code))) is None:
            return
        self.names.add(exercise.name)
        is_new = event == "return" and exercise.name not in self.odd and _has_returned(frame)
        if is_new and (words := wrong_type(exercise, value)):
            self.odd[exercise.name] = words


def _has_returned(frame: FrameType) -> bool:
    """Whether a frame ends by `return`: an exception and a `yield` look alike to a profiler."""
    code = frame.f_code
    return not code.co_flags & GENERATOR and dis.opname[code.co_code[frame.f_lasti]].startswith("RETURN_")


def wrong_type(exercise: Exercise, value: object) -> str:
    """What to say about a return value that does not fit the annotation; empty when it may fit."""
    hints = [*_alternatives(_return_hint(exercise.function))]
    if value is None:
        if exercise.name.endswith(".__init__"):
            return ""
        fits = any(hint in (None, type(None)) or _name(hint) not in CHECKED_TYPES for hint in hints)
        return "" if fits and hints else f"{exercise.name} returned None: is there a return statement?"
    wanted = [_name(hint) for hint in hints]
    if exercise.takes_arrays:
        wanted = ["ndarray" if name == "Tensor" else name for name in wanted]
        value = value[0] if isinstance(value, tuple) and value and "tuple" not in wanted else value
    bases = {base.__name__ for base in type(value).__mro__}
    allowed = {*wanted, *(name for kind in wanted for name in ALSO_ALLOWED.get(kind, ()))}
    if exercise.takes_arrays:
        allowed |= {"Tensor"}
    if not wanted or not CHECKED_TYPES.issuperset(wanted) or bases & allowed:
        return ""
    return f"{exercise.name} returned {_a(type(value).__name__)}, and {' or '.join(map(_a, wanted))} is expected"


def _return_hint(function: Callable) -> object:
    try:
        return typing.get_type_hints(function).get("return", typing.Any)
    except Exception:  # a name in another annotation that cannot be found
        return function.__annotations__.get("return", typing.Any)


def _alternatives(hint: object) -> Iterator[object]:
    """The parts of `A | B`."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        yield from typing.get_args(hint)
    elif hint is not typing.Any:
        yield hint


def _name(hint: object) -> str:
    if hint is None or hint is type(None):
        return "None"
    hint = typing.get_origin(hint) or hint
    return hint if isinstance(hint, str) else getattr(hint, "__name__", "")


def _a(type_name: str) -> str:
    name = NAMES_OF_TYPES.get(type_name, type_name)
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def diagnose(
    run: Callable[[], object],
    error: BaseException,
    test: Callable | None,
    own: str,
    exercises: list[Exercise],
    may_repeat: bool = True,
    locate: Locate = on_line,
) -> Slip:
    """Say why a test failed. Unless that is clear at once, the test is run again, and its calls are looked at.

    Args:
        run: runs the test again.
        error: what ended the test.
        test: the test function; None for an example.
        own: the exercise that the test is about.
        exercises: all exercises that may have run.
        may_repeat: False for a test that takes long.
        locate: how a line of a file is called.
    """
    slip = _explain(error, test, own, exercises, locate)
    if slip.placeholder or isinstance(error, TimeLimit) or not may_repeat:
        return slip
    calls = Calls(exercises)
    try:
        with calls:
            run()
    except KeyboardInterrupt:
        raise
    except BaseException:  # also pytest's own
        pass
    else:
        return slip  # another story: what was seen is not what happened
    slip.calls = frozenset(calls.names)
    if own in calls.odd and slip.raised_in != own:
        return Slip(calls.odd[own], is_slip=True, calls=slip.calls)
    return slip


def _explain(error: BaseException, test: Callable | None, own: str, exercises: list[Exercise], locate: Locate) -> Slip:
    """What the exception alone tells."""
    frames = [*traceback.walk_tb(error.__traceback__)]
    inside = _frame_of_exercise(frames, own, exercises)
    if placeholder := placeholder_of(type(error).__name__, str(error)):
        return Slip(f"Not done yet: {placeholder}", placeholder=placeholder)
    in_test = _frame_of_test(frames, test)
    place = f"{test.__name__}, {locate(in_test[0].f_code.co_filename, in_test[1])}" if in_test else ""
    if isinstance(error, TimeLimit):
        return Slip(endless(inside[0] if inside else own, error.seconds, _line(inside, locate)), is_slip=True)
    is_assertion = isinstance(error, AssertionError) and not (inside and inside[1] is frames[-1][0])
    if inside and not is_assertion:
        words = _raised(inside[0], error, _line(inside, locate))
        return Slip(words, is_slip=True, raised_in=inside[0])
    if isinstance(error, AssertionError):
        words, *numbers = _assertion(error, in_test)
        return Slip(words, numbers, place=place)
    return Slip(one_line(f"{type(error).__name__}: {error}"), _source(in_test), place=place)


def placeholder_of(error: str, text: str) -> str:
    """The unsolved exercise whose placeholder raised an error, given by its type and its text; empty for other errors.

    >>> placeholder_of("NotImplementedError", "relu: replace this line")
    'relu'
    """
    match = PLACEHOLDER.match(text) if error == "NotImplementedError" else None
    return match[1] if match else ""


def _line(inside: tuple[str, FrameType, int] | None, locate: Locate) -> str:
    return locate(inside[1].f_code.co_filename, inside[2]) if inside else ""


def _raised(name: str, error: BaseException, line: str) -> str:
    if isinstance(error, RecursionError):
        return f"{name} calls itself without end (RecursionError), on {line}"
    # cut only the error's own words: the place is never what is too long
    return f"{name} raised {type(error).__name__} on {line}: {one_line(str(error))}".rstrip(": ")


def endless(name: str, seconds: float, line: str = "") -> str:
    """What is said about code that was stopped."""
    where = f" It was stopped on {line}." if line else ""
    return f"{name} was not done after {seconds:g} s: is there a loop that never ends?{where}"


def _frame_of_exercise(frames: list, own: str, exercises: list[Exercise]) -> tuple[str, FrameType, int] | None:
    """The last frame of the exercise that is tested, else the last one of any exercise; with its line."""
    names = {(e.code.co_filename, e.code.co_qualname): e.name for e in exercises}
    values = []
    for frame, number in frames:
        code = frame.f_code
        name = names.get((code.co_filename, code.co_qualname.partition(".<locals>")[0]))
        if name is not None:
            values.append((name, frame, number))
    return next((entry for entry in reversed(values) if entry[0] == own), values[-1] if values else None)


def _frame_of_test(frames: list, test: Callable | None) -> tuple[FrameType, int] | None:
    """The last frame that belongs to the test function, with its line."""
    code = getattr(inspect.unwrap(test), "__code__", None) if test else None
    own = [
        (frame, number)
        for frame, number in frames
        if code and frame.f_code.co_filename == code.co_filename
        and frame.f_code.co_qualname.partition(".<locals>")[0] == code.co_qualname
    ]  # fmt: skip
    return own[-1] if own else None


def _assertion(error: AssertionError, in_test: tuple[FrameType, int] | None) -> list[str]:
    """The message of an assertion, the asserted code, and what pytest found out about its values."""
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("assert ")), len(lines))
    words = " ".join(line.strip() for line in lines[:first])
    values = [line.strip() for line in lines[first:] if "Use -v" not in line]
    code = _source(in_test) if values or not words else []
    shown = [*code, *values]
    if not words:
        words, shown = (shown or ["the test failed"])[0], shown[1:]
    return [one_line(words), *map(one_line, shown[:MAX_NUMBER_LINES])]


def _source(in_test: tuple[FrameType, int] | None) -> list[str]:
    if in_test is None:
        return []
    line = linecache.getline(in_test[0].f_code.co_filename, in_test[1]).strip()
    with contextlib.suppress(SyntaxError):  # the first line of several
        (statement,) = parse_python(line).body or (None,)
        line = f"assert {ast.unparse(statement.test)}" if isinstance(statement, ast.Assert) else line
    return [one_line(line)] if line else []


def one_line(text: str) -> str:
    """A text in one line of bounded length.

    >>> one_line("a\\n   b")
    'a b'
    """
    text = " ".join(text.split())
    return text if len(text) <= MAX_LINE_CHARS else f"{text[: MAX_LINE_CHARS - 3]}..."


def ended_python(name: str, how: str) -> str:
    """What is said about code that takes its process along."""
    return f"{name} ended Python ({how}): does it call exit, or use far too much memory?"


def explain(docstring: str | None) -> dict[str, str]:
    """The sections of a test's docstring.

    >>> explain('''WHAT: rows add up.
    ... WHY: they are probabilities.
    ... TIP: which axis?''')["WHY"]
    'they are probabilities.'
    """
    parts = re.split(rf"^\s*({'|'.join(SECTIONS)}):", docstring or "", flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def slip_lines(slip: Slip, sections: dict[str, str]) -> list[str]:
    """The lines about a failed test."""
    tip = [f"TIP: {sections['TIP']}"] if "TIP" in sections and not slip.is_slip and not slip.placeholder else []
    return [slip.words, *slip.numbers, *tip, *([slip.place] if slip.place and not slip.placeholder else [])]
