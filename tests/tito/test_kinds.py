"""Which tests are trusted, and that nobody gets past those: every exercise, with answers that know nothing of it."""

import re
from dataclasses import replace

import pytest

from tests.tito.agrees import AGREES
from tests.tito.test_solutions import WRONG
from tito.assignments import kinds
from tito.assignments.cells import as_code, code_cells, exercises_of, weaker_tests
from tito.assignments.jupyter import grade_id, to_ipynb
from tito.assignments.run import TRUSTED, WEAKER
from tito.course import available, find
from tito.errors import TitoError
from tito.notebook import parse, test_of
from tito.place import COURSE
from tito.solutions import Wrong

AN_OBJECT = f"{AGREES}\nreturn Agrees()"
GIVEN = "given = [v for v in dict(locals()).values() if not (type(v).__module__ == '__main__' and v is locals().get('self'))]\n"
ARRAYS = (
    GIVEN
    + "arrays = [getattr(v, 'data', v) if not isinstance(v, np.ndarray) else v for v in given]\narrays = [a for a in arrays if isinstance(a, np.ndarray)]\n"
)
LIKE = "like = arrays[0] if arrays else np.zeros(2)\n"
IGNORANT = {
    "nothing": "return None",
    "yes": "return True",
    "no": "return False",
    "one": "return 1",
    "what it was given": GIVEN + "return given[0] if given else 0",
    "the last that it was given": GIVEN + "return given[-1] if given else 0",
    "zeros": ARRAYS + LIKE + "return np.zeros_like(like)",
    "ones": ARRAYS + LIKE + "return np.ones_like(like)",
    "NaN": ARRAYS + LIKE + "return like * np.float32(np.nan)",
    "zeros, and zeros where its inputs were": ARRAYS + LIKE + "for a in arrays:\n    if a.flags.writeable:\n        a[...] = 0\nreturn np.zeros_like(like)",
    "an object that agrees": AN_OBJECT,
    "a pair of those": f"{AGREES}\nreturn Agrees(), Agrees()",
}  # fmt: skip


def as_graded(cells: dict, kind: kinds.Kind, exercise: str) -> list:
    """A notebook up to a test, which takes only the objects that it takes in grading."""
    *needed, test, _ = kinds._tried(cells, kind.test, [exercise])
    return [*needed, replace(test, objects=kind.objects)]


@pytest.mark.parametrize("stem", [module.stem for module in available()])
def test_ignorance_passes_no_test(stem):
    """Outside of the student's process, where what is compared is numbers."""
    source = to_ipynb(parse(COURSE.notebook(find(stem))))
    decided = {kind.test: kind for kind in kinds.decide(find(stem), source)}
    cells = {cell.name: cell for cell in map(as_code, code_cells(source))}
    holders = {name: c for c in source.cells for name in c.metadata.get("tito", {}).get("exercises", [])}
    cases, notebooks = [], []
    for exercise, cell in holders.items():
        number = cell.metadata["tito"]["exercises"].index(exercise)
        for what, body in IGNORANT.items():
            changed = replace(cells[grade_id(cell)], source=kinds.solved(cell.source, number, body))
            for test in [t for t, kind in decided.items() if test_of(t, holders) == exercise and not kind.why_weaker]:
                notebooks.append(as_graded({**cells, changed.name: changed}, decided[test], exercise))
                cases.append((test, what))
    ends = kinds._run(find(stem), notebooks)
    assert [case for case, (*_, end) in zip(cases, ends, strict=True) if end.error is None] == []
    trusted = {test_of(test, holders) for test, kind in decided.items() if not kind.why_weaker} & set(holders)
    assert len(cases) >= len(IGNORANT) * len(trusted) and len(trusted) >= len(WRONG[stem]) - 1


# right answers in a form that no test should accept: what a comparison that broadcasts takes for equal
FORMS = {
    "an empty array": "np.zeros((0, 1), dtype=a.dtype)",
    "a shape that broadcasts": "a[None]",
    "an object array": "a.astype(object)",
}
REFORMED = """\
import functools
def reformed(function):
    def change(value):
        if type(value) is tuple:  # gradients: arrays, and functions that give one
            parts = [change(part) for part in value]
            assert any(part is not old for part, old in zip(parts, value))
            return tuple(parts)
        if isinstance(value, np.ndarray | np.generic):
            a = np.asarray(value)
            return FORM
        if isinstance(getattr(value, "data", None), np.ndarray):
            a = value.data
            return type(value)(FORM)
        return reformed(value) if callable(value) else value
    @functools.wraps(function)
    def call(*args, **options):
        value = function(*args, **options)
        changed = change(value)
        assert changed is not value, "no array comes back"
        return changed
    return call
"""


def reformed(cell, exercise: str, form: str):
    """A cell whose exercise gives the right numbers in another form."""
    name = exercise.rpartition(".")[2]
    source = re.sub(rf"^( *)(?=def {name}\()", r"\1@reformed\n\1", cell.source, count=1, flags=re.MULTILINE)
    return replace(cell, source=REFORMED.replace("FORM", form) + source)


@pytest.mark.parametrize("stem", [module.stem for module in available()])
def test_the_right_numbers_in_the_wrong_form_pass_no_test(stem):
    source = to_ipynb(parse(COURSE.notebook(find(stem))))
    decided = {kind.test: kind for kind in kinds.decide(find(stem), source)}
    cells = {cell.name: cell for cell in map(as_code, code_cells(source))}
    exercises = exercises_of(source)
    cases, notebooks = [], []
    for exercise in exercises:
        for what, form in FORMS.items():
            changed = reformed(cells[exercise.partition(".")[0]], exercise, form)
            for test in [name for name, cell in cells.items() if cell.is_test and test_of(name, exercises) == exercise]:
                notebooks.append(as_graded({**cells, changed.name: changed}, decided[test], exercise))
                cases.append((test, what))
    ends = kinds._run(find(stem), notebooks)
    assert [case for case, (*_, end) in zip(cases, ends, strict=True) if end.error is None] == []


COPIES = """\
def copied_bytes(items):
    ### BEGIN SOLUTION
    return list(items)
    ### END SOLUTION"""
# what is written into a list after it was passed is nowhere else, so outside this proves nothing
WRITES = """\
def test_copied_bytes():
    items = [1]
    copy = copied_bytes(items)
    items.append(2)
    assert copy == [1]


test_copied_bytes()"""


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (WRITES, "outside, copied_bytes passes with a wrong solution: the same list"),
        (WRITES.replace("assert copy", "assert copied_bytes.__code__; assert copy"), "outside, the reference fails"),
        (WRITES.replace("items.append(2)", "assert copied_bytes([2]) == [2]"), ""),
    ],
)
def test_a_test_that_proves_nothing_outside_is_weaker(test, why, monkeypatch):
    source = to_ipynb(parse(COURSE.notebook(find("00"))))
    for cell in source.cells:
        cell.source = {"copied_bytes": COPIES, "test_copied_bytes": test}.get(grade_id(cell), cell.source)
    source.cells = [c for c in source.cells if grade_id(c) in ("setup", "copied_bytes", "test_copied_bytes")]
    mistakes = {"the same list": "return items", "nothing": "return []"}
    wrong = {"copied_bytes": {why: Wrong("aliasing", "?", body) for why, body in mistakes.items()}}
    monkeypatch.setattr(kinds.solutions, "wrong", lambda module: wrong)
    (kind,) = kinds.decide(find("00"), source)
    assert kind.why_weaker.startswith(why) and bool(kind.why_weaker) == bool(why)
    kinds.enter([kind], source)
    assert as_code(source.cells[-1]).kind == (WEAKER if why else TRUSTED)
    points = source.cells[-1].metadata.nbgrader.points
    assert weaker_tests(source) == ([("test_copied_bytes", points, kind.why_weaker)] if why else [])


def test_a_reference_that_fails_is_said():
    source = to_ipynb(parse(COURSE.notebook(find("00"))))
    (cell,) = [c for c in source.cells if grade_id(c) == "test_copied_bytes"]
    cell.source = cell.source.replace(", 24,", ", 25,")
    with pytest.raises(TitoError, match="the reference does not pass test_copied_bytes"):
        kinds.decide(find("00"), source)
