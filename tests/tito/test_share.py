"""Lines of `tinytorch/` are counted while a piece of a program runs, by who wrote them."""

import sys
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tests.milestones.evidence import place_with
from tests.milestones.run import run_script
from tinytorch.machine import copied_bytes, matmul_flops, median_seconds
from tito.share import BESIDE, GIVEN, WRITTEN, Share, measured_share

PACKAGE = Path(tinytorch.__file__).parent


def test_each_line_counts_once_and_each_execution_counts():
    """`matmul_flops` and `copied_bytes` have one line each, and are exercises of module 00."""

    def run():
        for _ in range(5):
            matmul_flops(2, 3, 4)
        copied_bytes(np.zeros(3))

    share = measured_share(run, PACKAGE)
    assert share.lines == {WRITTEN: 2, GIVEN: 0, BESIDE: 0} and share.executions[WRITTEN] == 6
    assert share.of_lines == share.of_executions == 1


def test_what_lies_outside_of_the_package_does_not_count():
    def run():
        median_seconds(lambda: np.ones(3).sum(), rounds=1)

    def nothing():
        np.ones(3).sum()

    assert measured_share(nothing, PACKAGE).lines == {WRITTEN: 0, GIVEN: 0, BESIDE: 0}
    assert 0 < sum(measured_share(run, PACKAGE).lines.values()) <= 7


def test_given_code_and_files_beside_are_told_apart():
    x = tinytorch.ones(2, 3, requires_grad=True)
    net = tinytorch.nn.Linear(3, 2)
    share = measured_share(lambda: net(x).sum().backward(), PACKAGE)
    assert all(share.lines[kind] > 0 for kind in (WRITTEN, GIVEN, BESIDE))
    assert 0 < share.of_lines < 1


def test_a_gradient_inside_of_an_exercise_belongs_to_it():
    x = tinytorch.ones(3, requires_grad=True)
    y = tinytorch.softmax(x, dim=0).sum()
    forward = measured_share(lambda: tinytorch.softmax(x, dim=0), PACKAGE).lines[WRITTEN]
    both = measured_share(lambda: tinytorch.softmax(x, dim=0).sum().backward(), PACKAGE).lines[WRITTEN]
    assert both > forward > 0 and y.item() > 0


def test_tracing_ends_with_the_piece_even_if_it_fails():
    before = sys.gettrace()
    with pytest.raises(ZeroDivisionError):
        measured_share(lambda: 1 / 0, PACKAGE)
    assert sys.gettrace() is before


def test_it_says_what_is_counted():
    text = str(Share({WRITTEN: 30, GIVEN: 20, BESIDE: 50}, {WRITTEN: 1, GIVEN: 1, BESIDE: 2}))
    assert text.splitlines()[:2] == ["    100 lines of tinytorch/", "     30  30%  in exercises that you solved"]
    assert "25% is yours" in text and "NumPy's lines don't count" in text
    assert max(map(len, text.splitlines())) <= 80


def test_it_counts_the_package_of_the_workspace(tmp_path):
    place = place_with(tmp_path)
    script = tmp_path / "milestones" / "share.py"
    script.write_text(
        "from tito.milestone import use_own_tinytorch\n"
        "use_own_tinytorch(__file__)\n"
        "from pathlib import Path\n"
        "import tinytorch\n"
        "from tinytorch.machine import matmul_flops\n"
        "from tito.share import measured_share\n"
        "print(measured_share(lambda: matmul_flops(1, 2, 3), Path(tinytorch.__file__).parent).lines)\n",
        encoding="utf-8",
    )
    printed = run_script(script).stdout
    assert str(place.package) in printed and "{'written': 1, 'given': 0, 'beside': 0}" in printed
