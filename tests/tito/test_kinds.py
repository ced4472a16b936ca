"""Which tests are trusted, and that nobody gets past those: every exercise, with answers that know nothing of it."""

from dataclasses import replace

import pytest

from tests.tito.test_wrong_solutions import WRONG
from tito.assignments import kinds
from tito.assignments.cells import as_code, code_cells
from tito.assignments.jupyter import grade_id, to_ipynb
from tito.course import available, find
from tito.notebook import parse, test_of
from tito.place import COURSE

AGREES = """\
class Agrees:
    shape, dtype, ndim, size = (2,), np.dtype(np.float32), 1, 2
    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: True
    __bool__ = __contains__ = lambda self, *other: True
    __len__ = lambda self: 2
    __float__ = lambda self: 0.5
    __iter__ = lambda self: iter([self, self])
    __array__ = lambda self, *a, **k: np.ones(2)
    __call__ = __getitem__ = __add__ = __sub__ = __mul__ = __truediv__ = __neg__ = lambda self, *a, **k: self
    __getattr__ = lambda self, name: self
    __hash__ = lambda self: 1
    __class__ = np.ndarray
return Agrees()"""
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
    "an object that agrees": AGREES,
    "a pair of those": AGREES.replace("return Agrees()", "return Agrees(), Agrees()"),
}  # fmt: skip


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
            changed = replace(cells[grade_id(cell)], source=kinds._solved(cell.source, number, body))
            for test in [t for t, kind in decided.items() if test_of(t, holders) == exercise and not kind.why_weaker]:
                notebook = kinds._tried({**cells, changed.name: changed}, test)
                notebook[-2] = replace(notebook[-2], objects=decided[test].objects)
                notebooks.append(notebook[:-1])
                cases.append((test, what))
    ends = kinds._run(find(stem), notebooks)
    assert [case for case, (*_, end) in zip(cases, ends, strict=True) if end.error is None] == []
    assert len(cases) >= len(IGNORANT) * len(WRONG[stem])
