"""Words that the course does not use, and what it says instead: in notebooks, pages, messages and names in code."""

import ast
import re
from collections.abc import Iterator

from tito.syntax import parse_python

WORDS = {
    r"nobody|somebody|whoever|whosoever": "say who: you, PyTorch, a student",
    r"mend|mends|mended|mending": "fix",
    r"at work": "at inference",
    r"types? of numbers?": "dtype",
    r"truth values?": "booleans",
    r"wish|wishes|wished": "say what is asked for",
    r"by trying|and trying|with trying": "by central differences, numerically",
    r"stands?(?!-| for\b| out\b| in for\b)|stood": "is, are",
    r"too,(?= )": "also, or leave it out",
    r"(?<!there )(?<!here )(?:is|are|was|were) no(?= )(?! (?:longer|more|less|such|different|better|worse|other|need)\b)": "isn't, is not a",
    r"hold(s|ing)? \S+ against": "check against",
    r"take(s|n)? up": "run, start",
    r"takes? notes?|took notes?": "record",
    r"beginnings": "seeds, starting points",
    r"for ever": "forever",
    r"to and fro|round about|thereof|therein|wherein|hither|thither": "say it in plain words",
}
PATTERN = re.compile(
    "|".join(f"(?P<w{number}>\\b(?:{word}))(?!\\w)" for number, word in enumerate(WORDS)), re.IGNORECASE
)
NAMES = {"there", "said", "made", "found", "Kept", "Said", "Piece"}  # of variables, arguments, functions and classes


def unwanted(text: str) -> Iterator[tuple[int, str]]:
    """(line, what to do) of each word in a text that the course does not use.

    >>> list(unwanted("Fix it.\\nMend it."))
    [(2, "'Mend': say it as an engineer would (fix)")]
    """
    for number, line in enumerate(text.splitlines(), 1):
        for match in PATTERN.finditer(line):
            advice = list(WORDS.values())[int(match.lastgroup[1:])]
            yield number, f"{match[0]!r}: say it as an engineer would ({advice})"


def unwanted_names(source: str) -> Iterator[tuple[int, str]]:
    """(line, what to do) of each name in Python code that does not say what it holds.

    >>> list(unwanted_names("found = 1"))
    [(1, "'found': name it after what it holds")]
    """
    for node in ast.walk(parse_python(source)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                pass
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case _:
                continue
        if name in NAMES:
            yield node.lineno, f"{name!r}: name it after what it holds"
