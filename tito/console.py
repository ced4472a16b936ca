"""What tito prints. Plain text: it reads the same in a file, on a screen reader and in a terminal without colour."""

import os
import sys

CODES = {"green": "32", "red": "31", "yellow": "33", "bold": "1"}


def paint(text: str, color: str) -> str:
    """Colour a word that says the same without its colour."""
    if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return text
    return f"\x1b[{CODES[color]}m{text}\x1b[0m"


def table(head: tuple[str, ...], rows: list[tuple]) -> str:
    """Columns as wide as their longest entry; numbers are right-aligned.

    >>> print(table(("module", "s"), [("tensor", 1), ("setup", 22)]))
    module   s
    tensor   1
    setup   22
    """
    cells = [tuple(map(str, row)) for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    right = [bool(rows) and all(isinstance(row[column], int | float) for row in rows) for column in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        padded = (
            f"{cell:>{width}}" if at_right else f"{cell:<{width}}"
            for cell, width, at_right in zip(row, widths, right, strict=True)
        )
        return "  ".join(padded).rstrip()

    return "\n".join(map(line, cells))
