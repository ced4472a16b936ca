"""End code that does not end by itself, on every system: a loop in Python by an exception, all else with its process."""

import contextlib
import ctypes
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

TEST_TIMEOUT_S = 30.0  # for one of a notebook's tests, which take less than a second
TIMEOUT_VARIABLE = "TINYTORCH_TEST_TIMEOUT_S"
GRACE_S = 5.0  # a call into C cannot be interrupted: after this much longer its process is ended


class TimeLimit(BaseException):
    """Not an `Exception`, so that the code which is stopped does not catch it."""

    seconds = TEST_TIMEOUT_S


def test_timeout() -> float:
    """The seconds that a test may take."""
    return float(os.environ.get(TIMEOUT_VARIABLE, TEST_TIMEOUT_S))


test_timeout.__test__ = False


@contextlib.contextmanager
def time_limit(seconds: float, last_words: TextIO | None = None) -> Iterator[None]:
    """Raise `TimeLimit` in the code inside `with` when it takes longer.

    Args:
        last_words: where to write what ran when even that did not help; the whole process ends then. Without it, it goes on.
    """
    if sys.platform == "emscripten":  # no threads in a browser: there the notebook's stop button ends it
        yield
        return
    thread, lock = threading.get_ident(), threading.Lock()
    is_over = is_late = False

    def stop() -> None:
        nonlocal is_late
        with lock:
            if not is_over:
                is_late = True
                limit = type("TimeLimit", (TimeLimit,), {"seconds": seconds})
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(limit))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    if last_words is not None:
        faulthandler.dump_traceback_later(seconds + GRACE_S, exit=True, file=last_words)
    ended_by = None
    try:
        yield
    except BaseException as error:
        ended_by = error
        raise
    finally:
        timer.cancel()
        if last_words is not None:
            faulthandler.cancel_dump_traceback_later()
        with lock:
            is_over = True
        if is_late and not isinstance(ended_by, TimeLimit):
            time.sleep(1)  # the exception is on its way, and is raised here
