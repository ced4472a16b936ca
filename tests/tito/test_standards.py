"""Every notebook is up to the standards, and a planted violation of each standard is found, with its line."""

import ast
import contextlib
import re
from functools import cache

import pytest

from tests.tito.student import tito
from tito import course
from tito.course import ROOT
from tito.errors import TitoError
from tito.notebook import parse
from tito.place import COURSE, Place
from tito.solutions import Wrong
from tito.standards import RULES, check, right_and_wrong, without_hints

SETUP = course.find("setup")
TEXT = COURSE.notebook(SETUP).read_text(encoding="utf-8")
MATMUL_TEST = "@app.function\n# points: 2\ndef test_matmul_flops"


def cell(code: str, decorator: str = "@app.cell") -> str:
    return f"{decorator}\n{code}\n\n\n"


def without(pattern: str, text: str = TEXT) -> str:
    shorter, count = re.subn(pattern, "", text, count=1, flags=re.DOTALL)
    assert count
    return shorter


# what is planted -> (old text, new text, what the finding says)
PLANTED = {
    "with no exercise": (MATMUL_TEST, MATMUL_TEST.replace("2\n", "2, with: relu\n"), "with: relu` above test_matmul_flops"),
    "with itself": (MATMUL_TEST, MATMUL_TEST.replace("2\n", "2, with: matmul_flops\n"), "names no other exercise"),
    "with nothing": (MATMUL_TEST, MATMUL_TEST.replace("2\n", "2, with:\n"), "names no other exercise"),
    "with above an exercise": (
        "@app.function\ndef matmul_flops",
        "@app.function\n# with: copied_bytes\ndef matmul_flops",
        "is for graded tests, and matmul_flops is none",
    ),
    "a graded test with a clock": (
        "    close(matmul_flops(2, 3, 4)",
        "    assert time.perf_counter() > 0\n    close(matmul_flops(2, 3, 4)",
        "test_matmul_flops reads time.perf_counter and has 2 points: count",
    ),
    "another title": ("# Module 00: Setup\n", "# Module 0: Setup\n", "first heading must be '# Module 00: Setup'"),
    "no objectives": ("**When you are done:**", "Afterwards:", r"opening lacks \*\*When you are done:\*\*"),
    "nothing needed": ("**You need:**", "Needed:", r"opening lacks \*\*You need:\*\*"),
    "nothing unlocked": ("**It unlocks:**", "Then:", r"opening lacks \*\*It unlocks:\*\*"),
    "sections out of order": ("## 3. How much", "## 4. How much", "section 4 should be section 3"),
    "no complexity": ("## Complexity", "## Costs", "no section '## Complexity'"),
    "no measurement": ("## Measure:", "## Try:", "no section '## Measure'"),
    "no production": ("## In production", "## Elsewhere", "no section '## In production'"),
    "production without a place": ("`torch/utils/benchmark/utils/timer.py`", "`timer`", None),
    "summary not last": (
        'if __name__ == "__main__"',
        cell('def _():\n    mo.md("more")\n    return') + 'if __name__ == "__main__"',
        "summary must be the last cell",
    ),
    "no next": ("**Next:**", "Then:", r"\*\*Next:\*\*"),
    "closing sections in another order": ("## Complexity", "## Summary of costs", "the order is Measure"),
    "no prediction": ("**Predict**: which takes longer", "Which takes longer", "ask for a prediction"),
    "no button": ("mo.ui.run_button", "mo.ui.button", "when a button is pressed"),
    "not measured for the book": ("measure(measure_button, ", "show(", r"call measure\(measure_button"),
    "no example": ("    >>> matmul_flops(1, 2, 1)\n    4\n", "", "docstring of matmul_flops lacks an example"),
    "no steps": ("    Steps:\n        1. Count the operations", "    1. Count the operations", "matmul_flops lacks steps"),
    "no hint": ("    Hint: do the (2, 2)", "    Do the (2, 2)", "matmul_flops lacks a hint"),
    "no arguments": ("    Args:\n        m, k, n", "    m, k, n", "matmul_flops lacks its arguments"),
    "no return value": (
        "    Returns:\n        The number of multiplications",
        "    The number of multiplications",
        "matmul_flops lacks what it returns",
    ),
    "empty solution": ("    return 2 * m * k * n\n", "", "there is nothing between the markers in matmul_flops"),
    "unpaired marker": ("    return 2 * m * k * n\n    ### END SOLUTION\n", "    return 2 * m * k * n\n", "unpaired"),
    "unindented marker": ("    ### END SOLUTION\n\n\n@app.function\n# points: 2", "### END SOLUTION\n\n\n@app.function\n# points: 2", None),
    "a name used after the solution": (
        "    return 2 * m * k * n\n    ### END SOLUTION\n",
        "    count = 2 * m * k * n\n    ### END SOLUTION\n    return count\n",
        "uses count after its solution",
    ),
    "test with another name": ("def test_matmul_flops(", "def test_flops(", "matmul_flops has no test: write test_matmul_flops"),
    "test far away": (
        MATMUL_TEST,
        cell("# not exported\ndef between():\n    return 1", "@app.function") + MATMUL_TEST,
        "must be the next definition below matmul_flops",
    ),
    "exported without a test": (
        MATMUL_TEST,
        MATMUL_TEST,  # see below: the definition goes to the end
        "no test below uses untested",
    ),
    "no WHAT": ('"""WHAT: every multiplication', '"""Every multiplication', "test_matmul_flops lacks WHAT"),
    "no TIP": ("    TIP: for the sizes that fail", "    For the sizes that fail", "test_matmul_flops lacks TIP"),
    "no points": ("# points: 2\ndef test_matmul_flops", "def test_matmul_flops", "test_matmul_flops is graded"),
    "points for what is given": (
        "def test_machine_facts",
        "# points: 1\ndef test_machine_facts",
        "belongs to no exercise and passes on the stub",
    ),
    "free question without points": ("    # points: 2, answered by hand\n", "", "question_cold_call needs the comment"),
    "too few controls": ("    show(explore_bound, matrix_size.value)", "    show(explore_bound, 8)", "1 cells answer to a control"),
    "import of a later module": ("    import numpy as np\n", "    import numpy as np\n\n    from tinytorch.tensor import Tensor\n", "not from an earlier module"),
    "import of a later module's data sets": ("    import numpy as np\n", "    import numpy as np\n\n    from tinytorch.datasets import Digits\n", "not from an earlier module"),
    "import of the whole package": ("    import numpy as np\n", "    import numpy as np\n\n    import tinytorch\n", "not from an earlier module"),
    "a word": ("**Predict**: which takes longer", "**Predict**: whoever takes longer", "'whoever': say it as an engineer"),
    "a table that is not aligned": ("|:---|---:|", "|---|---:|", "a column of this table is not aligned"),
    "a comparison that broadcasts": (
        "close(matmul_flops(2, 2, 2), 16, ",
        "assert np.allclose(matmul_flops(2, 2, 2), 16)\n    close(matmul_flops(2, 2, 2), 16, ",
        "test_matmul_flops compares with np.allclose",
    ),
    "a definition twice": (
        MATMUL_TEST,
        cell("def matmul_flops(m, k, n):\n    return 0", "@app.function") + MATMUL_TEST,
        "matmul_flops is defined in line",
    ),
    "a syntax error": ("    return 2 * m * k * n\n", "    return 2 * m * k *\n", "syntax error"),
}  # fmt: skip


def findings(tmp_path, text: str) -> list[str]:
    place = Place(tmp_path)
    path = place.notebook(SETUP)
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return [str(finding) for finding in check(SETUP, place)]


@pytest.mark.parametrize("module", course.available(), ids=lambda module: module.stem)
def test_notebook_is_up_to_the_standards(module):
    assert [str(finding) for finding in check(module)] == []


@pytest.mark.parametrize("what", PLANTED)
def test_planted_violation_is_found(what, tmp_path):
    old, new, said = PLANTED[what]
    assert old in TEXT, "the notebook has changed: plant something else"
    text = TEXT.replace(old, new, 1)
    if what == "production without a place":
        text, said = re.sub(r"`torch[./][\w./]*`", "there", text), "name the file in PyTorch"
    if what == "exported without a test":
        text = text.replace(
            "@app.cell(hide_code=True)\ndef question_cold_call", cell("def untested():\n    return 1", "@app.function") + "@app.cell(hide_code=True)\ndef question_cold_call"
        )  # fmt: skip
    found = findings(tmp_path, text)
    assert found, "nothing was found"
    if said:
        assert any(re.search(said, finding) for finding in found), found
    assert all(re.match(r".*00_setup\.py:\d+: \S", finding) for finding in found)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"@app\.cell\(hide_code=True\)\ndef question_cold_call.*?(?=@app\.cell\(hide_code=True\)\ndef question_add)", "2 questions"),
        (r"@app\.function\ndef answer_token_seconds.*?(?=@app\.cell\(hide_code=True\)\ndef question_cold)", "no question is numeric"),
        (r"    import tracemalloc\n.*?(?=@app\.cell\(hide_code=True\)\ndef _\(\):\n    measure_button)", "measure time|measure memory|measure_"),
    ],
    ids=["too few questions", "no numeric question", "time or memory not measured"],
)  # fmt: skip
def test_missing_part_is_found(pattern, said, tmp_path):
    replacement = without(pattern)
    found = findings(tmp_path, replacement)
    assert any(re.search(said, finding) for finding in found), found


@pytest.mark.parametrize(
    ("source", "lacking"),
    [
        ("def f(x: int, *y: int, z: int = 1, **w: int) -> int: ...", []),
        ("def f(): ...", ["f: the result"]),
        ("def f(x, /, y, *z, w=1, **v) -> int: ...", ["f: x, y, z, w, v"]),
        ("def _f(x): ...", []),
        ("class C:\n    def f(self, x): ...\n    def _g(self, x): ...\n    def __add__(self, x): ...", ["C.f: x, the result"]),
        ("class C:\n    @property\n    def f(self): ...", ["C.f: the result"]),
        ("class C:\n    @staticmethod\n    def f(x): ...\n    @classmethod\n    def g(cls) -> int: ...", ["C.f: x, the result"]),
        ("class _C:\n    def f(self, x): ...", []),
        ("def f() -> None:\n    def g(x): ...", []),
    ],
)  # fmt: skip
def test_what_lacks_type_hints(source, lacking):
    assert [f"{name}: {what}" for _, name, what in without_hints(ast.parse(source).body)] == lacking


def test_too_few_and_too_many_concepts(tmp_path):
    few = re.sub(r"## [456]\. ", "## ", TEXT)
    assert any("3 numbered concepts" in finding for finding in findings(tmp_path, few))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (">>> matmul_flops(1, 2, 1)\n    4", ">>> matmul_flops(1, 2, 1)\n    5", "example in the docstring of matmul_flops fails"),
        ("close(matmul_flops(2, 2, 2), 16, ", "close(matmul_flops(2, 2, 2), 17, ", "test_matmul_flops fails on the reference"),
        ("show(explore_bound, matrix_size.value)", "explore_bound(matrix_size.value)", "raises NotImplementedError: matmul_flops"),
        ("close(matmul_flops(2, 2, 2), 16, ", "assert matmul_flops.__globals__['np'] is np\n    close(matmul_flops(2, 2, 2), 16, ", "test_matmul_flops is a weaker test with 2 points"),
        ("_numbers = side.value**2", "matrix_size = side.value**2\n    _numbers = 1", "marimo check"),
    ],
    ids=["wrong example", "wrong test", "a cell that does not wait", "a test that only code beside it can pass", "a name in two cells"],
)  # fmt: skip
def test_what_has_to_be_run_is_run(old, new, said, tmp_path):
    assert old in TEXT
    found = findings(tmp_path, TEXT.replace(old, new))
    assert len(found) == 1 and re.search(said, found[0]), found


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (Wrong("sloppy", "Is each addition counted?", ""), "'sloppy' is not a name"),
        (Wrong("off by one", "", ""), "say it to the learner"),
        (Wrong("off by one", "Try `2 * m * k`, then look.", ""), "has code of the answer"),
        (Wrong("off by one", "Is each addition counted?", "", "9. Elsewhere"), "no heading '9. Elsewhere'"),
        (Wrong("off by one", "Is each addition counted?", ""), ""),
    ],
)
def test_a_wrong_solution_speaks_to_the_learner(wrong, problem, monkeypatch):
    notebook = parse(COURSE.notebook(SETUP))
    others = {block.owner: {"?": Wrong("sign", "Which sign is it?", "")} for block in notebook.solutions}
    monkeypatch.setattr("tito.solutions.wrong", lambda module: others | {"matmul_flops": {"one": wrong}})
    problems = [text for _, text in right_and_wrong(notebook, SETUP)]
    assert (len(problems) == 1 and problem in problems[0]) if problem else problems == []


@cache
def planted(old: str, new: str):
    """A notebook with a violation, which is nowhere on the disk."""
    text = re.sub(r"`torch[./][\w./]*`", "there", TEXT.replace(old, new, 1))
    return parse(COURSE.notebook(SETUP), text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_finds_something_that_is_planted(rule):
    found = 0
    for old, new, _ in PLANTED.values():
        with contextlib.suppress(TitoError):
            found += bool(list(rule(planted(old, new), SETUP)))
    assert found or rule.__name__ in ("definitions_are_tested", "right_and_wrong"), (
        "which have a test of their own above"
    )


def test_the_command_says_file_and_line_and_exits_1(tmp_path):
    lines = tito("check", "00", cwd=ROOT).stdout.splitlines()
    assert lines == [
        "00_setup: tests with 9 points; weaker, beside the student's code: none.",
        "00_setup: up to the standards.",
    ]
    place = Place(tmp_path)
    place.notebook(SETUP).parent.mkdir()
    place.notebook(SETUP).write_text(TEXT.replace("**Next:**", "Then:"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.tinytorch]\n", encoding="utf-8")
    run = tito("check", "00", cwd=tmp_path)
    assert run.returncode == 1
    assert re.fullmatch(
        r"\S+00_setup\.py:\d+: the summary must end on what comes next: \*\*Next:\*\* \.\.\.\n", run.stdout
    )
