"""For the notebooks' exploring and measuring cells, and for notebooks in Jupyter."""

import os
import re
import sys
import sysconfig
import tracemalloc
from statistics import median
from time import perf_counter

import numpy as np

from tito.live import report_lines
from tito.notebook import test_of
from tito.place import find_place
from tito.slips import MAX_REPEATED_S, diagnose, exercises_in

# marimo is imported where it is needed: a test that is graded and asks for `compare` should not wait half a second for it

if sys.platform == "emscripten":  # in a browser there is no pyproject.toml to say how a test speaks
    os.environ["PYTEST_ADDOPTS"] = "-p tito.feedback"

# After a test marimo 0.25 asks for these paths while it goes through sys.modules; asked for the first time, they add one
# more module to it, and the run of the notebook ends there.
sysconfig.get_paths()

MOST_NUMBERS = 3  # that a failed comparison shows

# a slider, a menu or a button, which only marimo can show
CONTROL = re.compile(r"<(marimo-ui-element|marimo-button)\b.*?</\1>", re.DOTALL)


def show(draw, *args):
    """What `draw(*args)` returns; while an exercise that it needs is unsolved, a sentence that says which one."""
    try:
        return draw(*args)
    except NotImplementedError as todo:
        import marimo as mo

        return mo.md(f"*This cell waits for you: finish `{str(todo).partition(':')[0]}` first.*")


def measure(button, draw, *args):
    """What `draw(*args)` returns, once the button is pressed: a measurement should not run after every keystroke.

    Where no button can be pressed, the environment asks for it: TINYTORCH_MEASURE=1, in Jupyter and when the book is built.
    """
    if button.value or os.environ.get("TINYTORCH_MEASURE"):
        return show(draw, *args)
    return None


def check(test):
    """Run a test and print how it went, in one line unless it failed; for Jupyter, where no test runs by itself.

    Whatever the test raises, the cells below go on, so that a notebook in which nothing is solved yet runs to its end.

    Args:
        test: function without arguments, `test_` and the name of an exercise.
    """
    name, slip = test.__name__, None
    exercises = exercises_in(test.__globals__)
    names = [exercise.name for exercise in exercises]
    subject = test_of(name, names) or name
    start = perf_counter()
    try:
        test()
    except (KeyboardInterrupt, SystemExit):  # the learner stops a test that does not end
        raise
    except BaseException as failure:  # pytest's own failures are not Exceptions
        error = failure
    else:
        error = None
    if error is not None:
        slip = diagnose(test, error, test, subject, exercises, perf_counter() - start < MAX_REPEATED_S)
    print(*report_lines(name, subject, names, slip, test)[1], sep="\n")


def in_jupyter():
    """Prepare a Jupyter notebook for the course's cells, which are written for marimo."""
    import marimo as mo
    from IPython import get_ipython

    os.environ["TINYTORCH_MEASURE"] = "1"  # no button can be pressed there: what measures does so when its cell is run
    shell = get_ipython()
    shell.run_line_magic("matplotlib", "inline")  # a figure becomes a picture
    html, markdown = (shell.display_formatter.formatters[kind] for kind in ("text/html", "text/markdown"))
    html.for_type(mo.Html, lambda shown: CONTROL.sub("", shown.text))
    markdown.for_type(mo.Html, lambda shown: None)
    # what `mo.md` shows stays Markdown, which Jupyter typesets; in marimo's HTML the formulas are raw
    text = type(mo.md(""))
    html.for_type(text, lambda shown: None)
    markdown.for_type(text, lambda shown: CONTROL.sub("", shown._repr_markdown_()))


def in_workspace():
    """Let a notebook in Jupyter import the `tinytorch` of the workspace that it lies in."""
    root = str(find_place().root)
    if root not in sys.path:
        sys.path.insert(0, root)


def sliders_of(**ranges):
    """A row of sliders, as one `mo.ui.array`: `name=(low, high)`, or `(low, high, value)`, or `(low, high, value, step)`.

    A slider begins at `value`, or else at its low end.
    """
    import marimo as mo

    def slider(name, low, high, value=None, step=1):
        return mo.ui.slider(low, high, step=step, value=value, label=name, show_value=True)

    return mo.ui.array([slider(name, *numbers) for name, numbers in ranges.items()])


def compare(ways, rounds=9):
    """Median seconds and peak extra bytes of several ways to do something.

    The ways take turns, so that whatever else the machine does disturbs all of them alike; the first, cold round does not
    count.

    Args:
        ways: dict of name -> function without arguments.
        rounds: how often each is timed.

    Returns:
        dict of name -> (seconds, bytes).
    """
    seconds = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = perf_counter()
            way()
            seconds[name].append(perf_counter() - start)
    return {name: (median(times[1:]), _peak_bytes(ways[name])) for name, times in seconds.items()}


def close(actual, expected, message="", *, dtype=None, rtol=1e-5, atol=1e-6):
    """Assert that two arrays have one shape and nearly the same numbers; the error says in words how they differ.

    `np.allclose` broadcasts, so for it an empty array is close to everything.

    Args:
        actual: what an exercise returned: a tensor, an array, a number, or a list of them.
        expected: what is right.
        message: what this is about, "softmax of two rows"; the error begins with it.
        dtype: the dtype that `actual` must have, if that matters.
        rtol, atol: how far numbers may be apart: atol + rtol * |expected|.

    Raises:
        AssertionError: they differ in shape, dtype or numbers.

    >>> close([1.0, 2.0], np.array([1.0, 2.0]))
    >>> close([1.0, 2.5], [1.0, 2.0], "the mean of each row")
    Traceback (most recent call last):
    AssertionError: the mean of each row: at index 1 got 2.5, expected 2
    >>> close(np.zeros((2, 1)), [0.0, 0.0])
    Traceback (most recent call last):
    AssertionError: got shape (2, 1), expected (2,)
    """
    problem = _difference(_array(actual), _array(expected), dtype, rtol, atol)
    if problem:
        raise AssertionError(f"{message}: {problem}" if message else problem)


def _array(value):
    """An array, a tensor's too; None and all that is not made of numbers becomes an array of objects."""
    if hasattr(value, "numpy"):
        value = (value.detach() if getattr(value, "requires_grad", False) is True else value).numpy()
    if isinstance(value, list | tuple):
        value = [_array(item) for item in value]
    try:
        return np.asarray(value)
    except ValueError:  # rows of different lengths
        return np.asarray(None)


def waves(*shape):
    """An array of different numbers between -1 and 1, the same in every run; what tests compute with.

    >>> waves(2, 1).round(3).tolist()
    [[0.54], [-0.542]]
    """
    return np.cos(np.arange(1.0, 1 + np.prod(shape)) ** 1.1).reshape(shape)


def correlate_by_taps(x, kernel, stride=(1, 1), dilation=(1, 1)):
    """What Module 09's `correlate` must return, in another way: a product for each place in the kernel. Tests compare the two.

    Args:
        x, kernel: padded images of shape (N, H, W, C), and an array of shape (rows, columns, C, O).
        stride, dilation: pairs, (rows, columns).

    >>> correlate_by_taps(waves(2, 5, 6, 3), waves(3, 3, 3, 4)).shape
    (2, 3, 4, 4)
    """
    high, wide = (n - d * (k - 1) for n, d, k in zip(x.shape[1:3], dilation, kernel.shape[:2], strict=True))
    starts = [(i * dilation[0], j * dilation[1]) for i, j in np.ndindex(kernel.shape[:2])]
    parts = [x[:, top : top + high : stride[0], left : left + wide : stride[1]] for top, left in starts]
    return sum(part @ table for part, table in zip(parts, kernel.reshape(-1, *kernel.shape[2:]), strict=True))


def unchanged(function, *args):
    """What a function returns for these arguments.

    Raises:
        AssertionError: it has changed an array that it was given.

    >>> unchanged(np.negative, np.ones(2)).tolist()
    [-1.0, -1.0]
    >>> unchanged(np.ndarray.sort, np.array([2.0, 1.0]))
    Traceback (most recent call last):
    AssertionError: sort changed argument 0 in place: make a new array
    """
    before = [np.copy(arg) if isinstance(arg, np.ndarray) else arg for arg in args]
    result = function(*args)
    for number, (old, arg) in enumerate(zip(before, args, strict=True)):
        if isinstance(arg, np.ndarray) and not np.array_equal(old, arg):
            raise AssertionError(
                f"{getattr(function, 'func', function).__name__} changed argument {number} in place: make a new array"
            )
    return result


def numpy_pages():
    """A megabyte of English and code that is on every reader's computer: the documentation of NumPy's functions, in one text."""
    return "\n".join(str(getattr(np, name).__doc__) for name in sorted(np.__all__))


def merges_by_rule(words, count, choose):
    """What byte-pair encoding learns by another rule for equal counts; an exploration compares two rules.

    Args:
        words: word, a sequence of ids, -> how often it occurs.
        count: how many merges.
        choose: takes one of the pairs that occur most often, which are in the order in which they are first seen.

    Returns:
        For each merge: (pair, its count, how many pairs have that count).

    >>> merges_by_rule({b"ba": 1, b"ab": 1}, 2, min)
    [((97, 98), 1, 2), ((98, 97), 1, 1)]
    """
    rows, words = [], [(list(word), times) for word, times in words.items()]
    while len(rows) < count:
        counts = {}
        for ids, times in words:
            for pair in zip(ids, ids[1:], strict=False):
                counts[pair] = counts.get(pair, 0) + times
        if not counts:
            break
        most = max(counts.values())
        equal = [pair for pair, times in counts.items() if times == most]
        pair = choose(equal)
        for ids, _ in words:
            place = 0
            while place < len(ids) - 1:
                if (ids[place], ids[place + 1]) == pair:
                    ids[place : place + 2] = [256 + len(rows)]
                place += 1
        rows.append((pair, most, len(equal)))
    return rows


def table(names, rows):
    """A Markdown table; columns of numbers are aligned at the right.

    Args:
        names: of the columns.
        rows: each with an entry for each column.

    >>> print(table(["word", "count"], [("a", 12000), ("the", 7)]))
    | word | count |
    |:---|---:|
    | a | 12,000 |
    | the | 7 |
    """
    rows = [list(row) for row in rows]
    sides = ["---:" if rows and isinstance(rows[0][i], int | float) else ":---" for i in range(len(names))]
    lines = [" | ".join(f"{x:,}" if isinstance(x, int | float) else x for x in row) for row in rows]
    return "\n".join([f"| {' | '.join(names)} |", f"|{'|'.join(sides)}|", *(f"| {line} |" for line in lines)])


def shown_tokens(tokens):
    r"""Markdown: pieces of a text, each in a frame; a space is drawn as ␣, the end of a line as ⏎, and half a character as its bytes.

    Args:
        tokens: bytes objects.

    >>> print(shown_tokens([b"It", b" is", b"\n", b"\xc3"]))
    `It` · `␣is` · `⏎` · `C3`
    """
    return " · ".join(f"`{_shown(token)}`" for token in tokens)


def _shown(token):
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return token.hex(" ").upper()
    return text.translate({ord(sign): other for sign, other in zip(" \n`|", "␣⏎ˋ¦", strict=True)})


def raises(error, call, message):
    """Assert that a call raises an error; if not, say what it did instead.

    Args:
        error: the type of the error.
        call: function without arguments.
        message: what this is about, "softmax of a string"; the error begins with it.

    >>> raises(ValueError, lambda: int("two"), "int of a word")
    >>> raises(TypeError, lambda: int("two"), "int of a word")
    Traceback (most recent call last):
    AssertionError: int of a word: must raise TypeError, and raised ValueError
    >>> raises(TypeError, lambda: int("2"), "int of a number")
    Traceback (most recent call last):
    AssertionError: int of a number: must raise TypeError, and raised nothing
    """
    raised = "nothing"
    try:
        call()
    except error:
        return
    except Exception as other:
        raised = type(other).__name__
    raise AssertionError(f"{message}: must raise {error.__name__}, and raised {raised}")


def _difference(actual, expected, dtype, rtol, atol):
    """What is wrong with `actual`, in words; None if nothing is."""
    if actual.dtype.kind not in "biufc":
        what = "None: is there a return statement?" if actual.ndim == 0 and actual.item() is None else "no numbers"
        return f"got {what}"
    if actual.shape != expected.shape:
        return f"got shape {actual.shape}, expected {expected.shape}"
    if dtype is not None and actual.dtype != dtype:
        return f"got dtype {actual.dtype}, expected {np.dtype(dtype)}"
    wrong = np.argwhere(~np.isclose(actual, expected, rtol, atol, equal_nan=True))
    if not len(wrong):
        return None
    places = [tuple(map(int, place)) for place in wrong[:MOST_NUMBERS]]
    shown = [f"{_place(place)}got {_number(actual[place])}, expected {_number(expected[place])}" for place in places]
    more = f" ({len(wrong)} of {actual.size} differ)" if len(wrong) > MOST_NUMBERS else ""
    return "; ".join(shown) + more


def _place(index):
    """As in "at index 1 ", "at index (0, 2) "; nothing for a single number."""
    return f"at index {index[0] if len(index) == 1 else index} " if index else ""


def _number(value):
    return f"{value:.7g}" if value.dtype.kind in "fc" else str(value)


def _peak_bytes(way):
    tracemalloc.start()
    try:
        way()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
