"""Open a notebook without an editor: run its cells from top to bottom and say which of them fail. A program of its own.

python -m tito.opened notebook.py      prints [[line, error], ...] as JSON
"""

import json
import sys
from pathlib import Path

from tito.notebook import Cell, parse


def failures(path: Path) -> list[tuple[int, str]]:
    """Line and error of every cell that raises; cells that stop on purpose (`mo.stop`) do not."""
    notebook, errors = parse(path), []
    namespace = {"__name__": "__notebook__", "__file__": str(path)}
    for cell in notebook.cells:
        try:
            exec(_code(cell, path), namespace)
        except Exception as error:
            errors.append((cell.line, f"{type(error).__name__}: {error}"))
        except BaseException as stop:  # marimo's own signal is not an Exception
            if type(stop).__name__ != "MarimoStopError":
                raise
    return errors


def _code(cell: Cell, path: Path):
    return compile("\n" * (cell.line - 1) + cell.source, str(path), "exec")


if __name__ == "__main__":
    result = failures(Path(sys.argv[1]))
    sys.stdout.reconfigure(encoding="utf-8")
    print("\n" + json.dumps(result))
