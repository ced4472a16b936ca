"""What runs before a graded test: the student's answer to what it is about, the reference's to all else."""

from dataclasses import replace

import pytest

from tito.assignments.around import GIVEN, OWN, TRUSTED, Code, before
from tito.assignments.cells import graded_cells
from tito.assignments.jupyter import grade_id, to_ipynb
from tito.assignments.merging import merged
from tito.assignments.run import reference_before, run
from tito.course import find
from tito.notebook import parse
from tito.place import COURSE

SETUP = Code("setup", "import numpy as np\ntable = {}", GIVEN)
ONE = Code("one", "def one(x): return 1", exercises=("one",), reference="def one(x): return 100")
TWO = Code("two", "def two(x): return 2", exercises=("two",), reference="def two(x): return 200")


def graded_test(source: str, *about: str) -> Code:
    body = source.replace("\n", "\n    ")
    return Code("test_it", f"def test_it():\n    {body}\n\n\ntest_it()", TRUSTED, about=frozenset(about))


def sources(cells: list[Code], test: Code) -> list[str]:
    return [cell.source for cell in before(cells, test)]


def test_other_exercises_are_the_references():
    test = graded_test("assert one(0) == two(0)", "one")
    assert sources([SETUP, ONE, TWO], test) == [SETUP.source, ONE.source, TWO.reference]
    assert sources([SETUP, ONE, TWO], replace(test, about=frozenset({"one", "two"}))) == [
        SETUP.source,
        ONE.source,
        TWO.source,
    ]
    assert sources([SETUP, ONE, TWO], replace(test, about=None)) == [SETUP.source, ONE.source, TWO.source]


@pytest.mark.parametrize(
    ("own", "is_run"),
    [
        ("half = 0.5", True),
        ("table['half'] = 1", True),
        ("table.clear()", True),
        ("for n in range(3):\n    table[n] = n", True),
        ("step = 2\nhalf = 1 / step", True),
        ("losses = [one(n) for n in range(10**9)]", False),
        ("def train():\n    table.clear()", False),
        ("print(one(1))", False),
        ("def half(:", False),
    ],
)
def test_own_cells_run_only_where_the_test_needs_them(own, is_run):
    one = replace(ONE, source="def one(x): return half * len(table)")
    assert (own in sources([SETUP, Code("mine", own), one], graded_test("one(1)", "one"))) == is_run


def test_what_an_own_cell_needs_runs_too():
    cells = [
        Code("a", "step = 2"),
        Code("b", "half = 1 / step"),
        Code("c", "unused = step"),
        replace(ONE, source="def one(x): return half"),
    ]
    assert sources(cells, graded_test("one(1)", "one")) == ["step = 2", "half = 1 / step", "def one(x): return half"]


def test_a_helper_in_the_cell_of_another_exercise_is_kept_and_the_exercise_is_not():
    two = replace(TWO, source="def helper(x): return two(x)\ndef two(x): return 2")
    one = replace(ONE, source="def one(x): return helper(x)")
    outcomes = run([two, one, graded_test("assert one(0) == 200", "one")], None)
    assert outcomes[-1].error is None


def test_a_cell_of_their_own_cannot_put_another_exercise_in_the_references_place():
    """That two answers agree is no evidence when one student has written both."""
    cells = [SETUP, ONE, TWO, Code("mine", "def two(x): return 1")]
    assert run([*cells, graded_test("assert one(0) == two(0)", "one")], None)[-1].error[0] == "AssertionError"
    assert run([*cells, graded_test("assert one(0) == two(0)", "one", "two")], None)[-1].error is None


CLASS = """\
class Sum:
    start = 10
    def add(self, x):
        return self.start + x + self.more()
    def twice(self, x):
        return 2 * self.add(x)
    def more(self):
        return 0"""


def called(source: str, methods: tuple[str, ...], call: str):
    space: dict = {}
    exec(compile(merged(source, CLASS, methods), "<Sum>", "exec"), space)
    return eval(call, space)


def test_a_method_of_the_students_with_the_references_others():
    student = "import math\n" + CLASS.replace("self.start + x", "7 + self.extra").replace("2 *", "3 *").replace(
        "= 10", "= 0"
    )
    student += "\n    extra = 5\n"
    assert called(student, ("add",), "Sum().add(1)") == 12
    assert called(student, ("add",), "Sum().twice(1)") == 24, "the reference's twice"
    assert called(student, ("twice",), "Sum().twice(1)") == 33, "the reference's add and start"
    assert called(student, (), "Sum().twice(1)") == 22
    assert called(student, ("add",), "math.floor(1.5)") == 1


def test_a_method_that_is_missing_is_not_the_references():
    with pytest.raises(AttributeError):
        called(CLASS.replace("def twice", "def thrice"), ("twice",), "Sum().twice(1)")
    assert called("x = 1", ("twice",), "x") == 1


def test_a_traceback_names_the_line_of_the_students_cell():
    student = "\n\n\n" + CLASS.replace("return 2 * self.add(x)", "return 1 / 0")
    cell = Code("Sum", student, OWN, exercises=("Sum.twice", "Sum.add"), reference=CLASS)
    end = run([cell, graded_test("Sum().twice(1)", "Sum.twice")], None)[-1]
    assert end.error[0] == "ZeroDivisionError" and ["<Sum>", 9, "twice"] in end.frames


# A class


@pytest.fixture(scope="module")
def autograd():
    source = to_ipynb(parse(COURSE.notebook(find("05"))))
    return source, {cell.name: cell for cell in graded_cells(source, source)}


RULES = [f"{op}_gradient" for op in ("add", "multiply", "sum", "getitem", "matmul", "relu", "softmax", "cross_entropy")]


def solved_as(cells: dict[str, Code], bodies: dict[str, str]) -> list[Code]:
    """The cells with other solutions: functions that end in one line."""
    found = []
    for cell in cells.values():
        if cell.name in bodies:
            begin, _, rest = cell.source.partition("    ### BEGIN SOLUTION\n")
            cell = replace(cell, source=f"{begin}    {bodies[cell.name]}\n{rest.partition('    ### END SOLUTION')[2]}")
        found.append(cell)
    return found


def failed(cells: list[Code]) -> set[str]:
    with reference_before(find("05")) as package_in:
        return {
            cell.name for cell, end in zip(cells, run(cells, package_in), strict=True) if cell.is_test and end.error
        }


def test_rules_that_agree_with_a_numerical_gradient_of_zeros_have_no_points(autograd):
    """Nothing is solved, and everything agrees with everything: gradients are zeros, also those by central differences."""
    zeros = dict.fromkeys(RULES, "return tuple(np.zeros_like(a) if isinstance(a, np.ndarray) else 0.0 for a in locals().values() if not callable(a))")  # fmt: skip
    cells = solved_as(autograd[1], {**zeros, "numerical_gradient": "return np.zeros_like(x)"})
    assert failed(cells) >= {f"test_{name}" for name in [*RULES, "numerical_gradient"]}


def test_a_mistake_in_one_exercise_costs_its_own_points(autograd):
    cells = solved_as(autograd[1], {"numerical_gradient": "return np.ones_like(x)"})
    assert failed(cells) == {"test_numerical_gradient"}


def test_every_graded_test_is_about_its_exercise(autograd):
    source, cells = autograd
    (test,) = [cell for cell in source.cells if grade_id(cell) == "test_add_gradient"]
    assert cells["test_add_gradient"].about == {"add_gradient"}
    test.source = f"# points: 2, with: numerical_gradient\n{test.source}"
    again = {cell.name: cell for cell in graded_cells(source, source)}
    assert again["test_add_gradient"].about == {"add_gradient", "numerical_gradient"}
