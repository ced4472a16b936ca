"""One class of two: the student's version of some methods, the reference's of the others. The worker imports this, so it is light."""

import ast

from tito.syntax import parse_python

DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def merged(source: str, reference: str, methods: tuple[str, ...]) -> ast.Module:
    """A cell with a class: the student's `methods` and whatever the student added; all else is the reference's.

    The student's nodes keep their lines, so a traceback names the line that the student sees.

    Raises:
        SyntaxError: in the student's cell.
    """
    tree = parse_python(source)
    (theirs,) = [node for node in parse_python(reference).body if isinstance(node, ast.ClassDef)]
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.ClassDef) and node.name == theirs.name:
            known = set().union(*map(_names, theirs.body))
            own = [part for part in node.body if _names(part) & set(methods)]
            added = [part for part in node.body if _names(part) and not _names(part) & known]
            helpers = [part for part in added if isinstance(part, DEFINITION)]
            body = [*helpers]
            for part in theirs.body:
                if not _names(part) & set(methods):
                    body.append(part)
                else:
                    body += [mine for mine in own if _names(mine) & _names(part) and mine not in body]
            theirs.body = body + [part for part in added if part not in helpers]
            tree.body[place] = theirs
    return tree


def _names(node: ast.stmt) -> set[str]:
    """What a statement of a class body defines."""
    if isinstance(node, DEFINITION):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
