"""How far a long command is, in one line that grows, on a terminal only."""

import sys
from collections.abc import Iterable, Iterator

WIDTH = 30


def progress(results: Iterable, word: str) -> Iterator:
    """Pass results on, and count them on the screen."""
    count, shows = 0, sys.stderr.isatty()
    for result in results:
        count += 1
        if shows:
            print(f"\r{count} {word}: {result.student[:WIDTH]:<{WIDTH}}", end="", file=sys.stderr, flush=True)
        yield result
    if shows and count:
        print("\r" + " " * (WIDTH + 20) + "\r", end="", file=sys.stderr, flush=True)
