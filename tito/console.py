"""What tito prints. Plain text: it reads the same in a file, on a screen reader and in a terminal without colour."""

import os
import re
import shutil
import sys
import unicodedata

CODES = {"green": "32", "red": "31", "yellow": "33", "bold": "1"}
COLOR = re.compile(r"\x1b\[[0-9;]*m")
GAP = "  "
INDENT = "    "  # of the second line of a row that does not fit into a terminal
NARROWEST = 20  # columns that the last entry of a row has at least beside the others, or it goes below them


class Painted(str):
    """Text that `paint` has coloured: its control codes are ours."""


def paint(text: str, color: str) -> str:
    """Colour a word that says the same without its colour."""
    text = clean(text)
    if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return text
    return Painted(f"\x1b[{CODES[color]}m{text}\x1b[0m")


def clean(text: str) -> str:
    """Text from elsewhere, such as a file's name, whose control codes a terminal would obey: they are shown instead.

    >>> print(clean("a\\x1b]0;title\\x07b"))
    a\\x1b]0;title\\x07b
    """
    if isinstance(text, Painted):
        return text
    return "".join(c if c in "\n\t" or c.isprintable() or unicodedata.category(c) == "Zs" else _shown(c) for c in text)


def say(text: str) -> None:
    """Print lines that have names from elsewhere in them, such as students' folders."""
    print(clean(text))


def _shown(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def width(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian characters two, combining ones none, a colour nothing.

    >>> width("abc"), width("\\u6797"), width("e\\u0301")
    (3, 2, 1)
    """
    return sum(_columns(character) for character in COLOR.sub("", text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def table(head: tuple[str, ...], rows: list[tuple]) -> str:
    """Columns as wide as their longest entry; numbers are right-aligned. In a terminal no line is wider than it.

    >>> print(table(("module", "s"), [("tensor", 1), ("setup", 22)]))
    module   s
    tensor   1
    setup   22
    """
    cells = [tuple(map(_cell, row)) for row in (head, *rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(head))]
    right = [bool(rows) and all(isinstance(row[column], int | float) for row in rows) for column in range(len(head))]
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    layout = _layout(widths, limit)
    return "\n".join(line for row in cells for line in _row(row, widths, right, layout, limit))


def _cell(entry: object) -> str:
    return entry if isinstance(entry, Painted) else clean(str(entry)).replace("\n", " ").replace("\t", " ")


def _layout(widths: list[int], limit: int) -> list[list[int]]:
    """The columns of each line of a row: one line, if a terminal is wide enough. The last column can be wrapped."""
    lines, used = [[]], 0
    for column, columns in enumerate(widths):
        needed = min(columns, NARROWEST) if column == len(widths) - 1 else columns
        if lines[-1] and used + needed > limit:
            lines.append([])
            used = len(INDENT)
        lines[-1].append(column)
        used += columns + len(GAP)
    return lines


def _row(row: tuple[str, ...], widths: list[int], right: list[bool], layout: list[list[int]], limit: int) -> list[str]:
    lines = []
    for number, columns in enumerate(layout):
        line, used = ("", 0) if number == 0 else (INDENT, len(INDENT))
        for column in columns:
            first, *more = _wrap(row[column], max(limit - used, 1)) if column == len(row) - 1 else [row[column]]
            spaces = " " * (widths[column] - width(first))
            line += (spaces + first if right[column] else first + spaces) + GAP
            used += 0 if column == len(row) - 1 else widths[column] + len(GAP)
        lines += [line.rstrip(), *(" " * used + text for text in more)]
    return [line for number, line in enumerate(lines) if line or number == 0]


def _wrap(text: str, columns: int) -> list[str]:
    """A text in lines of so many columns; one that is painted is short."""
    if isinstance(text, Painted) or width(text) <= columns:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        if line and width(line) + 1 + width(word) > columns:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while width(line) > columns:  # a word alone is wider
            cut = next(end for end in range(len(line), 0, -1) if width(line[:end]) <= columns or end == 1)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line]
