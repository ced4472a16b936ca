"""The notebook as a student gets it: solutions replaced by a line that says what to do, hidden tests gone."""

from pathlib import Path

from tito.notebook import SOLUTION, Block, Notebook, parse

TODO = "replace this line with your code"


def stub(path: Path, text: str | None = None) -> str:
    """The text of the exercise version of a notebook. Signatures, scaffolds and visible tests stay as they are."""
    notebook = parse(path, text)
    return replace_blocks(notebook, {block: unsolved(block) for block in notebook.solutions})


def unsolved(block: Block) -> list[str]:
    return [todo(block.owner)]


def todo(exercise: str) -> str:
    """The line that stands for an exercise until it is solved."""
    return f'raise NotImplementedError("{exercise}: {TODO}")'


def is_unsolved(text: str, exercise: str) -> bool:
    """Whether a notebook's text still has the line that `unsolved` wrote for an exercise."""
    return f'NotImplementedError("{exercise}: ' in text


def is_untouched(text: str) -> bool:
    """Whether no exercise of a notebook's text is solved."""
    exercises = text.count(f"{SOLUTION[0]}\n")
    return exercises > 0 and text.count(f': {TODO}")\n') == exercises


def replace_blocks(notebook: Notebook, bodies: dict[Block, list[str]], keep_hidden: bool = False) -> str:
    """The notebook's text with other lines in some solution blocks; `bodies` are unindented."""
    hidden = [] if keep_hidden else notebook.hidden_tests
    dropped = {number for block in hidden for number in range(_begin(block, notebook), block.end + 1)}
    dropped |= {number for block in bodies for number in range(block.begin + 1, block.end)}
    inserted = {
        block.begin: [f"{block.indent}{line}" if line else "" for line in body] for block, body in bodies.items()
    }
    lines: list[str] = []
    for number, line in enumerate(notebook.lines, 1):
        if number not in dropped:
            lines.append(line)
        lines += inserted.get(number, [])
    return "\n".join(lines) + "\n"


def _begin(block: Block, notebook: Notebook) -> int:
    """A block's first line, or the first of the blank lines above it: at a cell's end, marimo keeps none."""
    begin = block.begin
    while not notebook.lines[begin - 2].strip():
        begin -= 1
    return begin
