"""`tito module ...`: locked, tested, completed, reset, restored; and what is kept."""

import json
import re

import pytest

from tests.tito.student import solve, tito, unsolve
from tito import course, progress
from tito.backup import backups_of, restore
from tito.export import export
from tito.place import Place
from tito.workspace import init

SETUP, TENSOR = course.find("setup"), course.find("tensor")


@pytest.fixture
def place(tmp_path) -> Place:
    return init(tmp_path / "mine")[0]


@pytest.fixture
def ready(place) -> Place:
    """Module 00 complete, 01 solved."""
    progress.record(place, SETUP, tested=True)
    solve(place.notebook(TENSOR))
    return place


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("name", ["01", "1", "01_tensor", "tensor", "Tensor", "01_tensor.py"])
def test_a_module_has_many_names(name):
    assert course.find(name) == TENSOR


def test_an_unknown_module_gets_a_suggestion(place):
    run = tito("module", "test", "tensro", cwd=place.root)
    assert run.returncode == 1
    assert run.stderr == "tito: there is no module 'tensro': did you mean tensor? See `tito module list`\n"


def test_a_later_module_is_locked(place):
    for command in ("start", "complete"):
        run = tito("module", command, "01", cwd=place.root)
        assert run.returncode == 1
        assert "locked until 00_setup is complete" in run.stderr


def test_force_says_what_it_skips(place):
    solve(place.notebook(TENSOR))
    run = tito("module", "complete", "01", "--force", "--skip-test", cwd=place.root)
    assert run.returncode == 0
    assert "Skipping incomplete modules: 00_setup." in run.stdout


def test_skipped_tests_are_recorded_as_such(ready):
    tito("module", "complete", "01", "--skip-test", cwd=ready.root)
    assert progress.completed(ready)["01"]["tested"] is False
    assert "complete, untested" in tito("module", "status", cwd=ready.root).stdout


def test_the_summary_has_real_counts_and_the_exit_code_is_zero(ready):
    run = tito("module", "test", "01", "-v", cwd=ready.root)
    assert run.returncode == 0, run.stdout
    total, *parts = map(int, re.findall(r"\d+", run.stdout.splitlines()[-1]))
    assert total == sum(parts) == len(re.findall(r"^  passed", run.stdout, re.MULTILINE)) > 50


def test_a_wrong_solution_fails_with_its_tip_and_stops_there(ready):
    replace(ready.notebook(TENSOR), "step *= size", "step += size")
    run = tito("module", "test", "01", cwd=ready.root)
    assert run.returncode == 1
    assert "wrong         row_major_strides: " in run.stdout
    assert "TIP: is the last stride 1?" in run.stdout
    assert "notebooks/01_tensor.py:" in run.stdout.replace("\\", "/"), "the failure names the line in the notebook"
    assert "Not run: exported, with the earlier modules." in run.stdout


def test_verbose_says_what_and_why(ready):
    quiet = tito("module", "test", "01", "--unit-only", cwd=ready.root).stdout
    verbose = tito("module", "test", "01", "--unit-only", "-v", cwd=ready.root).stdout
    assert "WHAT: strides are products" not in quiet
    assert "WHAT: strides are products" in verbose and "WHY: strides turn an index" in verbose


def test_the_module_phase_says_what_and_why(ready):
    run = tito("module", "test", "01", "--no-integration", "-v", cwd=ready.root)
    assert "WHAT: row-major strides are NumPy's" in run.stdout
    assert "with the earlier modules" not in run.stdout


def test_the_module_phase_tests_the_notebook_as_it_is_now(ready):
    """It reads the notebook, and not what was exported last."""
    tito("module", "complete", "01", cwd=ready.root)
    before = (ready.package / "tensor.py").read_bytes()
    replace(ready.notebook(TENSOR), "not wants_float64(inputs, params)", "True")
    run = tito("module", "test", "01", cwd=ready.root)
    assert run.returncode == 1
    assert "Tensor.apply: float64 + 1 must be float64" in run.stdout
    assert (ready.package / "tensor.py").read_bytes() == before, "testing changes nothing"


def test_complete_refuses_an_unsolved_module(ready):
    unsolve(ready.notebook(TENSOR), "Tensor.mean")
    run = tito("module", "complete", "01", cwd=ready.root)
    assert run.returncode == 1
    assert re.search("not done yet  Tensor.mean", run.stdout)
    assert not (ready.package / "tensor.py").exists()
    assert "01" not in progress.completed(ready)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def broadcast_shape(", "def broadcasted_shape(", "broadcast_shape (renamed to broadcasted_shape, line"),
        ("    def mean(", "    def average(", "lacks Tensor.mean"),
        ("def test_as_array(", "def check_as_array(", "test_as_array (renamed to check_as_array, line"),
        ("class Tensor(TensorOps):", "class MyTensor(TensorOps):", "Tensor (renamed to MyTensor, line"),
    ],
)
def test_complete_refuses_renamed_definitions(ready, old, new, said):
    replace(ready.notebook(TENSOR), old, new)
    run = tito("module", "complete", "01", cwd=ready.root)
    assert run.returncode == 1
    assert said in run.stderr
    assert not (ready.package / "tensor.py").exists()


def test_complete_refuses_a_deleted_exercise(ready):
    path = ready.notebook(TENSOR)
    text = path.read_text(encoding="utf-8")
    start, end = (
        text.index("@app.function\n# not exported\ndef slice_note"),
        text.index("@app.function\n# points: 4\ndef test_slice_note"),
    )
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    run = tito("module", "complete", "01", cwd=ready.root)
    assert run.returncode == 1
    assert "lacks slice_note:" in run.stderr


def test_complete_refuses_a_duplicated_exercise(ready):
    path = ready.notebook(TENSOR)
    text = path.read_text(encoding="utf-8")
    extra = "@app.function\ndef broadcast_shape(a, b):\n    return a\n\n\n"
    path.write_text(
        text.replace("@app.function\ndef sum_to_shape", extra + "@app.function\ndef sum_to_shape"), encoding="utf-8"
    )
    run = tito("module", "complete", "01", cwd=ready.root)
    assert run.returncode == 1
    assert "broadcast_shape is defined in line" in run.stderr


def test_reset_keeps_what_it_replaces_and_restore_brings_it_back(ready):
    path = ready.notebook(TENSOR)
    mine = path.read_bytes()
    run = tito("module", "reset", "01", cwd=ready.root)
    assert run.returncode == 0
    assert b"raise NotImplementedError" in path.read_bytes()
    assert tito("module", "restore", "01", cwd=ready.root).returncode == 0
    assert path.read_bytes() == mine
    again = tito("module", "restore", "01", cwd=ready.root)
    assert again.returncode == 1 and "nothing to undo" in again.stderr, "it never toggles silently"
    assert path.read_bytes() == mine
    name = re.search(r"\S+_restore_01", again.stderr)[0].rstrip(",")
    assert tito("module", "restore", "01", "--backup", name, cwd=ready.root).returncode == 0
    assert b"raise NotImplementedError" in path.read_bytes(), "what was replaced is kept, too"


def test_reset_takes_the_completion_back(ready):
    tito("module", "complete", "01", "--skip-test", cwd=ready.root)
    tito("module", "reset", "01", cwd=ready.root)
    assert progress.current(ready) == TENSOR
    assert (ready.package / "tensor.py").exists(), "later modules go on working"
    run = tito("module", "restore", "01", cwd=ready.root)
    assert "Module 01 is complete again." in run.stdout
    assert progress.completed(ready)["01"]["tested"] is False


def test_complete_keeps_the_export_that_it_replaces(ready):
    tito("module", "complete", "01", cwd=ready.root)
    first = (ready.package / "tensor.py").read_text(encoding="utf-8")
    replace(ready.notebook(TENSOR), "class Tensor(TensorOps):", "# a better one\n# points: 0\nclass Tensor(TensorOps):")
    replace(ready.notebook(TENSOR), "# tells NumPy", "# mine: tells NumPy")
    tito("module", "complete", "01", cwd=ready.root)
    assert "# mine: tells NumPy" in (ready.package / "tensor.py").read_text(encoding="utf-8")
    newest = backups_of(ready, TENSOR)[0]
    assert (newest / "tinytorch" / "tensor.py").read_text(encoding="utf-8") == first
    tito("module", "restore", "01", cwd=ready.root)
    assert (ready.package / "tensor.py").read_text(encoding="utf-8") == first


def test_restore_lists_and_names(ready):
    for _ in range(2):
        tito("module", "reset", "01", cwd=ready.root)
    names = tito("module", "restore", "01", "--list", cwd=ready.root).stdout.split()
    assert len(names) == 2 and names == sorted(names, reverse=True)
    assert tito("module", "restore", "01", "--backup", names[-1], cwd=ready.root).returncode == 0
    assert b"raise NotImplementedError" not in ready.notebook(TENSOR).read_bytes()
    unknown = tito("module", "restore", "01", "--backup", "yesterday", cwd=ready.root)
    assert unknown.returncode == 1 and names[0] in unknown.stderr


def test_restore_without_a_backup_is_a_sentence(place):
    run = tito("module", "restore", "01", cwd=place.root)
    assert run.returncode == 1
    assert run.stderr == "tito: there is no backup of module 01_tensor\n"


@pytest.mark.parametrize("damage", [None, "", "{", '{"completed": {"01": 3}}', "[]"])
def test_lost_or_damaged_progress_is_rebuilt_from_disk(ready, damage):
    tito("module", "complete", "01", "--skip-test", cwd=ready.root)
    path = ready.state / "progress.json"
    if damage is None:
        path.unlink()
    else:
        path.write_text(damage, encoding="utf-8")
    assert list(progress.completed(ready)) == ["01"], "00 was only recorded, never exported"
    progress.record(ready, SETUP, tested=True)
    assert list(progress.completed(ready)) == ["00", "01"]
    kept = list((ready.state / "backups").glob("*_damaged_progress"))
    assert len(kept) == (damage is not None)


def test_status_for_a_script(ready):
    content = json.loads(tito("module", "status", "--json", cwd=ready.root).stdout)
    assert content["current"] == "01"
    assert content["modules"]["00"]["state"] == "complete" and content["modules"]["01"]["state"] == "next"


def test_start_writes_a_missing_notebook_and_says_where_it_opens(place):
    """The one command to remember: without a terminal it opens the notebook, says where, and stops."""
    place.notebook(SETUP).unlink()
    run = tito("start", cwd=place.root)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "When you finish, you can configure and check your environment." in run.stdout
    assert "tito module complete 00" in run.stdout and f"cd {place.root}" in run.stdout
    assert "http://" in run.stdout and "HTTP 200" in run.stdout
    assert place.notebook(SETUP).exists()


def test_all_tests_what_is_complete_and_what_is_next(ready):
    run = tito("module", "test", "--all", "--unit-only", cwd=ready.root)
    assert "Module 00: Setup" in run.stdout and "Module 01: Tensor" in run.stdout
    assert run.returncode == 1, "00 was recorded, but its notebook is unsolved"


def test_a_syntax_error_names_line_and_column_and_nothing_is_exported(ready):
    replace(
        ready.notebook(TENSOR), "    array = np.array(data, dtype=dtype)\n", "    array = np.array(data, dtype=dtype\n"
    )
    run = tito("module", "complete", "01", cwd=ready.root)
    assert run.returncode == 1
    assert "01_tensor.py:" in run.stderr and "syntax error" in run.stderr and "^" in run.stderr
    assert not (ready.package / "tensor.py").exists()


def test_module_00_is_exported_as_machine(place):
    solve(place.notebook(SETUP))
    run = tito("module", "complete", "00", cwd=place.root)
    assert run.returncode == 0 and "Complete: 00_setup is now tinytorch/machine.py." in run.stdout
    assert not (place.package / "setup.py").exists()


def test_a_workspace_with_setup_py_from_before_goes_on(place):
    """Module 00 was exported as tinytorch/setup.py by earlier versions."""
    solve(place.notebook(SETUP))
    export(place, [SETUP])
    new, old = place.exported(SETUP), place.package / "setup.py"
    new.rename(old)
    text = old.read_text(encoding="utf-8")
    progress.record(place, SETUP, tested=True)
    assert progress.current(place) == TENSOR, "it stays complete"
    written = export(place, [SETUP])
    assert new.exists() and not old.exists()
    assert written[-1].remark.startswith("tinytorch/setup.py is called machine.py now: the old file is kept in ")
    assert (written[-1].kept / "tinytorch" / "setup.py").read_text(encoding="utf-8") == text
    new.write_text("broken", encoding="utf-8")
    assert restore(place, SETUP)[1] == [new] and new.read_text(encoding="utf-8") == text


def test_a_setup_py_of_the_students_own_is_left_alone(place):
    solve(place.notebook(SETUP))
    (place.package / "setup.py").write_text("mine = 1\n", encoding="utf-8")
    export(place, [SETUP])
    assert (place.package / "setup.py").read_text(encoding="utf-8") == "mine = 1\n"
