"""A notebook's written questions, which an instructor reads and marks: where they are, and whether they are answered."""

from tito.course import Module
from tito.errors import TitoError
from tito.notebook import Cell, Notebook, parse, prose
from tito.place import Place

ANSWER = "*Your answer:*"


def questions(notebook: Notebook) -> list[Cell]:
    """The cells of the written questions."""
    return [cell for cell in notebook.cells if "answered by hand" in cell.marks]


def find(notebook: Notebook, question: Cell) -> Cell | None:
    """A question in a student's notebook, by its name or by its words: editors lose the comment above it."""
    texts = [cell for cell in notebook.cells if cell.kind == "markdown"]
    asked = _words(prose(question).partition(ANSWER)[0])
    by_name = (cell for cell in texts if cell.name == question.name)
    return next(by_name, None) or next((cell for cell in texts if _words(prose(cell)).startswith(asked)), None)


def answer_state(notebook: Notebook, question: Cell) -> str:
    """ "answered", "no answer yet", or "not found" when the student's notebook has lost the question."""
    cell = find(notebook, question)
    if cell is None:
        return "not found"
    text = prose(cell)
    asked = _words(prose(question).partition(ANSWER)[0])
    answer = text.partition(ANSWER)[2] if ANSWER in text else _words(text)[len(asked) :]
    return "answered" if answer.strip() else "no answer yet"


def unanswered(place: Place, module: Module) -> list[str]:
    """The written questions of a module that have no answer in the student's notebook."""
    path = place.notebook(module)
    try:
        notebook = parse(path)
    except (TitoError, OSError):
        return []
    return [
        question.name.removeprefix("question_")
        for question in questions(notebook)
        if answer_state(notebook, question) == "no answer yet"
    ]


def _words(text: str) -> str:
    return " ".join(text.split())
