"""NBGrader tells everything it does, in its log. Here only what went wrong is kept, for the one sentence that a user gets."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Messages(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def last(self) -> str:
        """The last line of the last error's traceback or message."""
        lines = [line for text in self.lines for line in text.strip().split("\n")]
        reasons = [
            line
            for line in lines
            if line and not line.startswith(("Please see", "There was an error", "Removing failed"))
        ]
        return reasons[-1] if reasons else ""


@contextmanager
def quiet() -> Iterator[Messages]:
    """Collect what traitlets' loggers say, instead of printing it."""
    from traitlets.log import get_logger

    log, messages = get_logger(), Messages()
    handlers, propagate, level = log.handlers[:], log.propagate, log.level
    log.handlers, log.propagate = [messages], False
    log.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SQLAlchemy's, about how NBGrader makes its objects
            yield messages
    finally:
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)
