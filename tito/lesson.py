"""For the notebooks' exploring and measuring cells, and for notebooks in Jupyter."""

import os
import re
import sys
import sysconfig
import traceback
import tracemalloc
from statistics import median
from time import perf_counter

from tito.place import find_place

# marimo is imported where it is needed: a test that is graded and asks for `compare` should not wait half a second for it

if sys.platform == "emscripten":  # in a browser there is no pyproject.toml to say how a test speaks
    os.environ["PYTEST_ADDOPTS"] = "-p tito.feedback"

# After a test marimo 0.25 asks for these paths while it goes through sys.modules; asked for the first time, they add one
# more module to it, and the run of the notebook ends there.
sysconfig.get_paths()

# a slider, a menu or a button, which only marimo can show
CONTROL = re.compile(r"<(marimo-ui-element|marimo-button)\b.*?</\1>", re.DOTALL)


def show(draw, *args):
    """What `draw(*args)` returns; while an exercise that it needs is unsolved, a sentence that says which one."""
    try:
        return draw(*args)
    except NotImplementedError as todo:
        import marimo as mo

        return mo.md(f"*This cell waits for you: finish `{str(todo).partition(':')[0]}` first.*")


def check(test):
    """Run a test and print in one line how it went; for Jupyter, where no test runs by itself.

    Whatever the test raises, the cells below go on, so that a notebook in which nothing is solved yet runs to its end.

    Args:
        test: function without arguments, `test_` and the name of an exercise.
    """
    name = test.__name__
    try:
        test()
    except NotImplementedError as todo:
        print(f"Not done yet: {str(todo).partition(':')[0]}")
    except (KeyboardInterrupt, SystemExit):  # somebody stops a test that does not end
        raise
    except BaseException as error:  # pytest's own failures are no Exception
        print(f"{name} failed: {_reason(error, name)}")
    else:
        print(f"{name} passed")


def _reason(error, name):
    """What a failing test has to say, in one line; of an assertion without a message, the line that it stands in."""
    if isinstance(error, AssertionError):
        lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.name == name and frame.line]
        text = str(error) or "".join(lines[-1:])
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())


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


def _peak_bytes(way):
    tracemalloc.start()
    try:
        way()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
