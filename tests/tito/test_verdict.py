"""One verdict for each exercise, whoever asks: `module test`, `module status`, `submit`, the exit codes."""

import json

import pytest

from tests.tito.student import reference_bodies, solve, tito, unsolve
from tito import course, progress
from tito.export import export
from tito.notebook import parse
from tito.testing import exercise_judgements, run, test_notebook
from tito.verdict import Outcome, Verdict, judge
from tito.workspace import init

MODULES = course.available()
# a wrong body of each kind -> a part of what is said about it
WRONG = {
    "no return": (["x = 1"], "returned None: is there a return statement?"),
    "an exception": (["raise KeyError('oh')"], "raised KeyError on line"),
    "endless": (["while True: pass"], "is there a loop that never ends?"),
    "ends Python": (["import os; os._exit(3)"], "ended Python (exit code 3)"),
}


def outcome(subject, passed, calls="", placeholder=""):
    return Outcome(subject, passed, placeholder, frozenset(calls))


def said(subjects, *outcomes, unsolved=""):
    return {name: str(judgement) for name, judgement in judge(subjects, outcomes, unsolved).items()}


def test_one_failing_test_of_two_makes_an_exercise_wrong():
    assert said("a", outcome("a", True), outcome("a", False)) == {"a": "wrong"}
    assert said("a", outcome("a", False), outcome("a", True)) == {"a": "wrong"}


def test_a_placeholder_decides_between_unsolved_and_waiting():
    assert said("ab", outcome("a", False, placeholder="a"), outcome("b", False, placeholder="a")) == {
        "a": "not done yet",
        "b": "waits for a",
    }
    # b is not done either, though its test reached a first
    assert said("ab", outcome("a", False, placeholder="a"), outcome("b", False, placeholder="a"), unsolved="b")["b"] == "not done yet"  # fmt: skip


def test_waiting_names_the_root_through_others_and_in_circles():
    failing = [outcome("c", False, "bc"), outcome("b", False, "ab"), outcome("a", False, "a")]
    assert said("abc", *failing) == {"a": "wrong", "b": "waits for a", "c": "waits for a"}
    circle = [outcome("a", False, "ab"), outcome("b", False, "ab"), outcome("c", False, "bc")]
    assert said("abc", *circle) == {"a": "wrong", "b": "waits for a", "c": "waits for a"}


def test_an_exercise_waits_for_no_solved_one():
    assert said("ab", outcome("a", True), outcome("b", False, "ab"))["b"] == "wrong"


def test_without_a_test_nothing_is_solved():
    assert said("a") == {"a": "wrong"}


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A workspace in which every module is solved and exported."""
    place = init(tmp_path_factory.mktemp("verdict") / "ws")[0]
    for module in MODULES:
        solve(place.notebook(module))
    export(place, MODULES)
    for module in MODULES:
        progress.record(place, module, tested=True)
    return place


@pytest.fixture
def restored(solved):
    texts = {module: solved.notebook(module).read_bytes() for module in MODULES}
    yield solved
    for module, text in texts.items():
        solved.notebook(module).write_bytes(text)


def agreed(place, module, monkeypatch) -> dict[str, str]:
    """The verdicts, after making sure that all commands say the same."""
    from tito.assignments.submit import submit

    monkeypatch.chdir(place.root)
    (phase,) = run(place, module, ("inline",))
    exercises = [block.owner for block in parse(place.notebook(module)).solutions]
    tested = {name: str(phase.judgements[name]) for name in exercises}
    assert tested == {name: str(judgement) for name, judgement in exercise_judgements(place, module).items()}, "status"
    lines = [line for line in submit(place, module).lines if not line.is_question]
    assert tested == {line.name: line.state for line in lines}, "submit"
    assert phase.code == (set(tested.values()) != {"solved"}), "the exit code"
    return tested


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_all_agree_on_wrong_unsolved_and_waiting(restored, module, monkeypatch):
    pytest.importorskip("nbformat", reason="only where nbformat is installed")
    first, *_, last = reference_bodies(module.stem)
    solve(restored.notebook(module), first, bodies={first: ["raise KeyError('oh')"]})
    unsolve(restored.notebook(module), last)
    verdicts = agreed(restored, module, monkeypatch)
    assert (verdicts.pop(first), verdicts.pop(last)) == ("wrong", "not done yet")
    assert set(verdicts.values()) <= {"solved", f"waits for {first}"}


def test_all_agree_on_solved(restored, monkeypatch):
    pytest.importorskip("nbformat", reason="only where nbformat is installed")
    assert set(agreed(restored, course.find("02"), monkeypatch).values()) == {"solved"}


@pytest.mark.parametrize("kind", WRONG)
def test_each_kind_of_wrong_is_said_in_words_and_leaves_the_others_alone(restored, kind, monkeypatch):
    module = course.find("00")
    body, words = WRONG[kind]
    solve(restored.notebook(module), "matmul_flops", bodies={"matmul_flops": body})
    monkeypatch.setenv("TINYTORCH_TEST_TIMEOUT_S", "2")
    phase = test_notebook(restored, parse(restored.notebook(module)))
    assert phase.judgements["matmul_flops"].verdict is Verdict.WRONG
    assert {str(phase.judgements[name]) for name in ("median_seconds", "copied_bytes")} == {"solved"}
    first = next(result for result in phase.results if result.outcome == "failed")
    assert words in first.lines[0]


def test_a_call_that_nothing_interrupts_ends_with_its_process(restored, monkeypatch):
    module = course.find("00")
    solve(restored.notebook(module), "matmul_flops", bodies={"matmul_flops": ["import time", "time.sleep(600)"]})
    monkeypatch.setenv("TINYTORCH_TEST_TIMEOUT_S", "0.5")
    phase = test_notebook(restored, parse(restored.notebook(module)))
    assert "is there a loop that never ends?" in next(r for r in phase.results if r.outcome == "failed").lines[0]
    assert str(phase.judgements["copied_bytes"]) == "solved"


def test_an_op_that_calls_itself_is_one_line(restored):
    module = course.find("02")
    solve(restored.notebook(module), "relu", bodies={"relu": ["return relu(x)"]})
    out = tito("module", "test", "02", "--unit-only", cwd=restored.root).stdout
    assert "relu calls itself without end (RecursionError), on line" in out
    assert len(out.splitlines()) < 25 and "either" not in out and "Use -v" not in out


def test_a_stray_dot_is_one_failure_and_the_others_wait(restored):
    module = course.find("03")
    body = "\n".join(reference_bodies(module.stem)["Module.named_tensors"])
    wrong = body.replace('f"{prefix}." if prefix else ""', 'f"{prefix}." if prefix else "."')
    assert wrong != body
    solve(restored.notebook(module), "Module.named_tensors", bodies={"Module.named_tensors": wrong.splitlines()})
    run = tito("module", "test", "03", cwd=restored.root)
    assert run.returncode == 1
    assert run.stdout.count("  wrong  ") == 1 and run.stdout.count("TIP:") == 1
    assert "waiting       Module.state_dict waits for Module.named_tensors" in run.stdout


def test_success_is_two_lines_and_verbose_lists_every_test(restored):
    lines = tito("module", "test", "00", cwd=restored.root).stdout.splitlines()
    assert lines[0] == "Module 00: Setup" and lines[1].startswith("All ") and len(lines) == 2
    verbose = tito("module", "test", "00", "-v", cwd=restored.root).stdout
    assert "WHAT: every multiplication" in verbose and verbose.count("passed   ") > 10


def test_status_shows_exercises_and_open_questions(solved, restored):
    progress.forget(solved, course.find("07"))
    try:
        content = json.loads(tito("module", "status", "--json", cwd=solved.root).stdout)
    finally:
        progress.record(solved, course.find("07"), tested=True)
    assert set(content["modules"]["07"]["exercises"].values()) == {"solved"}
    assert "cold_call" in content["modules"]["00"]["unanswered"]
