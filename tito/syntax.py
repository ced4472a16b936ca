"""Python's parser, for one thread at a time: in Python 3.11, two that parse at once can get a SystemError (gh-106905)."""

import ast
from pathlib import Path
from threading import Lock

_parsing = Lock()


def parse_python(text: str, file: str | Path = "<unknown>", mode: str = "exec") -> ast.AST:
    """The syntax tree of a text: a module, or with mode="eval" an expression.

    Raises:
        SyntaxError: the text is not Python; its line is of the text.

    >>> parse_python("x = 1").body[0].targets[0].id
    'x'
    """
    with _parsing:
        return ast.parse(text, str(file), mode)
