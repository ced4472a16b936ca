"""How far a long command is: a bar in one line, on a terminal only."""

import sys
from collections.abc import Iterable, Iterator

from tito.console import clean

WIDTH, NAME = 24, 30


def progress(results: Iterable, total: int) -> Iterator:
    """Pass results on, which have a `student` each, and show how many of `total` are done."""
    shows = sys.stderr.isatty()
    for count, result in enumerate(results, 1):
        if shows:
            filled = WIDTH * min(count, total) // max(total, 1)
            bar = "#" * filled + "-" * (WIDTH - filled)
            print(
                f"\r[{bar}] {count} of {total}  {clean(result.student)[:NAME]:<{NAME}}",
                end="",
                file=sys.stderr,
                flush=True,
            )
        yield result
    if shows:
        print("\r" + " " * (WIDTH + NAME + 24) + "\r", end="", file=sys.stderr, flush=True)
