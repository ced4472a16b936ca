"""Which names of a package a program uses: read from its text, without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """A name of a package in a program."""

    name: str  # in full: torch.nn.Linear, however the program imports it
    line: int
    certain: bool  # False if only the run can tell: the text is reached after a question, or its first name is also a variable


def names_used(tree: ast.Module, *packages: str) -> list[Use]:
    """Every name below one of the packages that a program imports, or reaches through an import, line by line.

    >>> [use.name for use in names_used(ast.parse("import torch.nn as nn\\nnn.init.zeros_(weight)"), "torch")]
    ['torch.nn', 'torch.nn.init', 'torch.nn.init.zeros_']
    """
    asked, variables, aliases, uses = set(map(id, _asked_before(tree))), _variables(tree), {}, []
    for node in ast.walk(tree):
        for name, line, alias, stands_for in _imported(node):
            if name.partition(".")[0] in packages:
                aliases |= {alias: stands_for} if alias else {}
                uses.append(Use(name, line, id(node) not in asked))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = _dotted(node).partition(".")
            if first in aliases:
                certain = id(node) not in asked and first not in variables
                uses.append(Use(f"{aliases[first]}.{rest}", node.end_lineno, certain))
    return sorted(set(uses), key=lambda use: (use.line, use.name))


def _imported(node: ast.AST) -> Iterator[tuple[str, int, str, str]]:
    """(full name, line, name in the program, what that one stands for) of each import in a statement."""
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module, node.lineno, "", ""
        for alias in node.names:
            if alias.name != "*":
                full = f"{node.module}.{alias.name}"
                yield full, alias.lineno, alias.asname or alias.name, full
    elif isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.partition(".")[0]
            yield alias.name, alias.lineno, alias.asname or first, alias.name if alias.asname else first


def _dotted(node: ast.Attribute) -> str:
    """`a.b.c` as text; empty if it doesn't begin with a plain name, as in `f().b`."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _variables(tree: ast.Module) -> set[str]:
    """Names that a program assigns: after `optim = optim.SGD(...)`, `optim.step` is not a name of the package."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    return names | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def _asked_before(tree: ast.Module) -> Iterator[ast.AST]:
    """What a program reaches only if a GPU is there or a name exists, or may fail to reach: it asks, or catches the error."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp) and _asks(node.test):
            body = node.body if isinstance(node.body, list) else [node.body]
        elif isinstance(node, ast.Try) and any(map(_catches_missing, node.handlers)):
            body = node.body
        else:
            continue
        for statement in body:
            yield from ast.walk(statement)


def _asks(test: ast.expr) -> bool:
    """Whether a condition can only be true if something is there: `torch.cuda.is_available()`, `hasattr(torch, "compile")`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(map(_asks, test.values))
    called = test.func if isinstance(test, ast.Call) else None
    name = getattr(called, "attr", getattr(called, "id", ""))
    return name in ("is_available", "hasattr")


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id for kind in caught if isinstance(kind, ast.Name)}
    return handler.type is None or bool(names & {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception"})
