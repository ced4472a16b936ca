"""The whole way of a student: init, solve exercise by exercise, test, complete, read handwriting with one's own Tensor."""

import json
import re
import subprocess
import sys
import textwrap

import pytest

from tests.milestones.run import write_small_cifar, write_small_mnist
from tests.thorough import THOROUGH
from tests.tito.student import reference_bodies, solve, tito
from tinytorch.datasets import SmallTalk
from tito import course
from tito.files import read
from tito.milestone import is_notebook, takes_options
from tito.notebook import parse, test_name
from tito.place import Place


def lines_of(output: str) -> dict[str, str]:
    """Test name -> "passed" or the verdict of its exercise, as `tito module test -v` printed them."""
    return {
        name: word
        for word, name in re.findall(r"^  (passed|wrong|waiting|not done yet) +(test_\S+)$", output, re.MULTILINE)
    }


def done_so_far(place: Place, module: course.Module, code: int) -> str:
    """What the inline tests print, which end with this code."""
    run = tito("module", "test", module.number, "--unit-only", "-v", cwd=place.root)
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout


def walk(place: Place, module: course.Module) -> None:
    """Solve one module, one exercise after the other, and complete it."""
    path = place.notebook(module)
    bodies = reference_bodies(module.stem)
    printed = done_so_far(place, module, code=1)
    for number, exercise in enumerate(bodies, 1):
        assert lines_of(printed)[test_name(exercise)] == "not done yet", printed
        solve(path, exercise)
        printed = done_so_far(place, module, code=int(number < len(bodies)))
        assert lines_of(printed)[test_name(exercise)] == "passed", printed
    completed = tito("module", "complete", cwd=place.root / "notebooks")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert f"You can {module.you_can}." in completed.stdout
    assert place.exported(module).exists()


def test_a_student_walks_the_whole_course(tmp_path):
    made = tito("init", "my own tinytorch é", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    place = Place(tmp_path / "my own tinytorch é")
    for module in course.available():
        status = json.loads(tito("module", "status", "--json", cwd=place.root).stdout)
        assert status["current"] == module.number
        walk(place, module)
    status = json.loads(tito("module", "status", "--json", cwd=place.root).stdout)
    assert status["current"] is None
    finished = tito("start", cwd=place.root)
    assert finished.returncode == 0 and "Every module is complete" in finished.stdout
    assert all(entry["state"] == "complete" and entry["tested"] for entry in status["modules"].values())
    reads_digits_with_its_own_tensor(place)
    replays_history(place)
    assert tito("system", "doctor", cwd=place.root).returncode == 0


def reads_digits_with_its_own_tensor(place: Place) -> None:
    printed = subprocess.run(
        [sys.executable, place.notebook(course.find("tensor"))],
        cwd=place.root,
        env=place.environment() | {"MPLBACKEND": "agg"},
        capture_output=True,
        encoding="utf-8",
    )
    assert printed.returncode == 0, printed.stderr
    share = float(re.search(r"([\d.]+)% of 797 handwritten digits read correctly", printed.stdout)[1])
    assert share > 85
    program = "import tinytorch; print(tinytorch.__file__, (1 - tinytorch.ones(2)).tolist())"
    own = subprocess.run([sys.executable, "-c", program], cwd=place.root, capture_output=True, encoding="utf-8")
    assert str(place.package) in own.stdout
    assert "[0.0, 0.0]" in own.stdout


def replays_history(place: Place) -> None:
    """By command, and as plain programs from the milestones' own folders (the first of each, or all: TINYTORCH_THOROUGH)."""
    data = {"TINYTORCH_DATA": str(place.root / "data"), "TINYTORCH_TEXT": str(place.root / "data" / "talk.txt")}
    write_small_mnist(place.root / "data" / "MNIST" / "raw")
    write_small_cifar(place.root / "data" / "cifar-10-batches-py", train=400, test=200)
    (place.root / "data" / "talk.txt").write_text(SmallTalk().text[:200_000], encoding="utf-8")
    for milestone in course.MILESTONES:
        folder = place.root / "milestones" / milestone.folder
        assert "ready" in tito("milestone", "status", cwd=folder).stdout
        by_command = tito("milestone", "run", milestone.number, "--quick", cwd=place.root, **data)
        assert by_command.returncode == 0, by_command.stdout + by_command.stderr
        for quoted in re.findall(r"^```text\n(.*?)^```$", read(folder / "README.md"), re.MULTILINE | re.DOTALL):
            assert textwrap.indent(quoted, "    ") in by_command.stdout, (
                "what the page quotes is what the quick run prints"
            )
        scripts = sorted(folder.glob("[0-9]*.py"))
        for number, script in enumerate(scripts, 1):
            if is_notebook(script):  # it opens in a browser, and is not run with the others
                assert f"`tito milestone run {milestone.number} {number}` opens {script.name}" in by_command.stdout
                opened = tito("milestone", "run", milestone.number, str(number), cwd=place.root)
                assert opened.returncode == 0 and "opens at http" in opened.stdout, opened.stdout + opened.stderr
        with_the_same_output = [script for script in scripts if not takes_options(script) and not is_notebook(script)]
        for script in with_the_same_output[: None if THOROUGH else 1]:
            by_hand = subprocess.run([sys.executable, script.name], cwd=folder, capture_output=True, encoding="utf-8")
            assert by_hand.returncode == 0, by_hand.stderr
            assert f"tinytorch: {place.package} (yours)" in by_hand.stdout
            assert by_hand.stdout in by_command.stdout, "the same seeds, the same numbers"
    assert "ready" not in tito("milestone", "status", cwd=place.root).stdout


@pytest.mark.parametrize("module", course.available(), ids=lambda module: module.stem)
def test_a_notebook_needs_only_earlier_modules(module, tmp_path):
    """Its tests run in a workspace that holds the reference of the modules before it, and nothing else."""
    from tito.export import export
    from tito.testing import run
    from tito.verdict import Verdict
    from tito.workspace import init

    place, _ = init(tmp_path / "workspace")
    for earlier in course.earlier(module):
        solve(place.notebook(earlier))
        export(place, [earlier])
    solve(place.notebook(module))
    phases = list(run(place, module, ("inline", "module", "integration")))
    assert [phase.code for phase in phases] == [0] * len(phases)
    assert phases[0].count(Verdict.SOLVED) >= len(parse(place.notebook(module)).solutions)
