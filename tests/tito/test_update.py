"""`tito module update`: a notebook from an earlier version of the course is recognized, and gets the present one with the answers."""

import re
import subprocess

import pytest
from typer.testing import CliRunner

from tests.tito.helpers import notebook, write
from tests.tito.student import reference_bodies, solve
from tito import backup, course, progress, update, workspace
from tito.cli import app
from tito.errors import TitoError
from tito.files import read
from tito.notebook import parse
from tito.place import COURSE, MARK, Place
from tito.stub import replace_blocks, stub

SETUP = course.find("setup")

THEN = notebook(
    '@app.cell(hide_code=True)\ndef _():\n    mo.md(r"""\n    # Boxes\n    """)\n    return',
    "@app.function\ndef shift(x):\n    return x + 1",
    '@app.function\n# points: 2\ndef double(x):\n    """Twice as much.\n\n    Steps:\n    1. Multiply.\n    """\n'
    "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
    '@app.function\n# points: 2\ndef test_double():\n    """WHAT: two times."""\n    assert double(2) == 4\n'
    "    ### BEGIN HIDDEN TESTS\n    assert double(3) == 6\n    ### END HIDDEN TESTS",
    "@app.class_definition\nclass Box:\n    def __init__(self, x):\n        self.x = x\n\n"
    '    def opened(self):\n        """What is in it."""\n        ### BEGIN SOLUTION\n        return self.x\n'
    "        ### END SOLUTION\n\n    def closed(self):\n        return self",
    "@app.cell\ndef _():\n    _at = shift(1)\n    _at\n    return",
    '@app.cell(hide_code=True)\ndef question_why():\n    # points: 1, answered by hand\n    mo.md(r"""\n'
    '    **Question.** Why?\n\n    *Your answer:*\n    """)\n    return',
    setup="import marimo as mo\nimport numpy as np",
)


class Course:
    """A course of one small notebook, and a workspace for it."""

    def __init__(self, folder, monkeypatch):
        self.home = Place(folder / "course")
        self.place = Place(folder / "mine")
        for module in (update, workspace):
            monkeypatch.setattr(module, "COURSE", self.home)
        monkeypatch.setattr(update, "ROOT", self.home.root)
        monkeypatch.chdir(write(self.place.root / "pyproject.toml", f"{MARK}\n").parent)
        self.becomes(THEN)
        workspace.write_stub(self.place, SETUP)
        self.path = self.place.notebook(SETUP)

    def becomes(self, text: str) -> None:
        write(self.home.notebook(SETUP), text)

    def changes(self, *pairs: tuple[str, str]) -> None:
        text = THEN
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        self.becomes(text)

    def student_writes(self, *pairs: tuple[str, str]) -> str:
        text = read(self.path)
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        write(self.path, text)
        return text

    def solve(self, **bodies: str) -> None:
        mine = parse(self.path)
        blocks = {block: bodies[block.owner.split(".")[-1]].split("\n") for block in mine.solutions}
        write(self.path, replace_blocks(mine, blocks))

    def age(self) -> update.Age | None:
        return update.age(self.place, SETUP)

    def update(self) -> update.Updated | None:
        return update.update(self.place, SETUP)


@pytest.fixture
def school(tmp_path, monkeypatch) -> Course:
    return Course(tmp_path, monkeypatch)


OTHER_SHIFT = ("return x + 1", "return x + 2")


# Recognized


def test_a_new_notebook_is_up_to_date_whatever_the_student_does_to_it(school):
    school.solve(double="return x + x", opened="return self.x")
    school.student_writes(
        ("return x + 1", "return 1 + x"), ("def closed", "def mine(self):\n        pass\n\n    def closed")
    )
    assert school.age() is None
    assert school.update() is None


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (OTHER_SHIFT, ["shift"]),
        (("return self\n", "return 1\n"), ["Box.closed"]),
        (("class Box:", "class Box(dict):"), ["Box"]),
        (("1. Multiply.", "1. Add."), ["double"]),
        (("def double(x):", "def double(x, times=2):"), ["double"]),
        (("assert double(2) == 4", "assert double(4) == 8"), ["test_double"]),
        (("import numpy as np", "import math"), [update.SETUP]),
        (("_at = shift(1)", "_at = shift(2)"), [update.UNNAMED]),
        (
            ("def closed(self):\n        return self", "def shut(self):\n        return self"),
            ["Box.shut", "Box.closed"],
        ),
    ],
)
def test_what_changed_is_named(school, change, changed):
    school.changes(change)
    found = school.age()
    assert found.is_certain and found.changed == changed
    assert found.notice.startswith("notebooks/00_setup.py is from an earlier version of the course; since then ")
    assert "`tito module update 00` brings it up to date and keeps your answers." in found.notice


@pytest.mark.parametrize(
    "change",
    [
        ("# Boxes", "# Boxes and more"),
        ("return 2 * x", "return x * 2"),
        ("assert double(3) == 6", "assert double(30) == 60"),
        ("WHAT: two times.", "WHAT: twice."),
        ("@app.function\ndef shift", "@app.function(hide_code=True)\n# a comment\ndef shift"),
    ],
)
def test_prose_solutions_and_hidden_tests_make_no_earlier_version(school, change):
    school.changes(change)
    assert school.age() is None


def test_many_changes_are_a_short_sentence():
    names = [f"f{n}" for n in range(9)] + ["test_a", "test_b"]
    text = update.Age(SETUP, names, True).notice
    assert "since then f0, f1, f2, f3, f4, f5, 3 more and 2 tests changed." in text
    assert "since then 1 test changed" in update.Age(SETUP, ["test_a"], True).notice


def forget_the_stub(school: Course) -> None:
    """As in a workspace from before stubs were recorded."""
    school.place.stub(SETUP).unlink()


def git(school: Course, *arguments: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    subprocess.run(command, cwd=school.home.root, check=True, capture_output=True)


@pytest.fixture
def history(school) -> Course:
    """Three versions in the course's repository, the third not committed yet; the student has the first."""
    git(school, "init")
    for text in (THEN, THEN.replace(*OTHER_SHIFT), THEN.replace("return x + 1", "return x + 3")):
        school.becomes(text)
        if "x + 3" not in text:
            git(school, "add", ".")
            git(school, "commit", "-m", "a version")
    return school


def test_what_was_given_is_found_in_the_history(history):
    forget_the_stub(history)
    history.solve(double="return x + x", opened="return self.x")
    history.student_writes(("_at = shift(1)", "_at = shift(10)"))
    assert history.age().is_certain and history.age().changed == ["shift"]
    assert read(history.place.stub(SETUP)) == stub(history.home.notebook(SETUP), THEN), "and recorded"


def test_the_present_version_is_found_too(history):
    history.becomes(THEN)
    forget_the_stub(history)
    history.student_writes(("return x + 1", "return x + 10"), ("1. Multiply.", "1. Multiply. done"))
    assert history.age() is None
    assert read(history.place.stub(SETUP)) == stub(history.home.notebook(SETUP))


def test_half_a_history_proves_nothing(history, monkeypatch, tmp_path):
    forget_the_stub(history)
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--depth", "1", history.home.root.as_uri(), str(clone)], check=True, capture_output=True
    )
    for name in ("ROOT", "COURSE"):
        monkeypatch.setattr(update, name, clone if name == "ROOT" else Place(clone))
    assert not history.age().is_certain
    assert not history.place.stub(SETUP).exists()


def test_without_a_history_it_is_said_with_care_and_not_before_something_failed(school):
    school.changes(OTHER_SHIFT)
    forget_the_stub(school)
    assert school.age().changed == ["shift"] and not school.age().is_certain
    text = update.notice(school.place, SETUP)
    assert text.startswith("notebooks/00_setup.py differs from the course in shift. If you didn't change that, ")
    assert update.notice(school.place, SETUP, is_sure=True) == ""


def test_without_a_history_a_notebook_like_the_present_one_is_recorded(school):
    forget_the_stub(school)
    school.solve(double="return x + x", opened="return self.x")
    assert school.age() is None
    assert read(school.place.stub(SETUP)) == stub(school.home.notebook(SETUP))


def test_deleted_markers_are_no_earlier_version(school):
    forget_the_stub(school)
    school.solve(double="return x + x", opened="return self.x")
    school.student_writes(("    ### BEGIN SOLUTION\n", ""), ("    ### END SOLUTION\n", ""))
    assert school.age() is None


def test_a_notebook_that_cannot_be_read_has_no_age(school):
    school.changes(OTHER_SHIFT)
    school.student_writes(("return x + 1", "return x +"))
    assert school.age().changed == ["shift"], "what was given is known"
    forget_the_stub(school)
    assert school.age() is None


# Brought up to date


def test_answers_own_cells_and_imports_are_carried_over(school):
    own = "@app.cell\ndef _():\n    mine = helper(3)\n    mine\n    return (mine,)\n\n\n@app.function\ndef helper(n):\n    return n\n\n\n"
    school.solve(double="# a comment\n\nreturn x + x", opened="return self.x")
    old = school.student_writes(
        ("@app.class_definition", own + "@app.class_definition"),
        ("    import numpy as np\n", "    import numpy as np\n    import math\n\n    LIMIT = 3\n"),
        ("*Your answer:*", "*Your answer:* because."),
    )
    school.changes(OTHER_SHIFT, ("2 * x", "x * 2"), ("1. Multiply.", "1. Add."))
    done = school.update()
    expected = old.replace(*OTHER_SHIFT).replace("1. Multiply.", "1. Add.").replace("\n\n    LIMIT", "\n    LIMIT")
    assert read(school.path) == expected
    assert done.carried == ["double", "Box.opened", "question_why"] and done.unsolved == []
    assert done.reworded == {"double": "description or steps"}
    assert done.own_cells == 2 and done.left == [] and done.renamed == {}
    assert (done.kept / "notebooks" / "00_setup.py").read_text(encoding="utf-8") == old
    assert school.age() is None and school.update() is None


def test_nothing_solved_is_the_stub(school):
    school.changes(OTHER_SHIFT)
    done = school.update()
    assert read(school.path) == stub(school.home.notebook(SETUP))
    assert done.carried == [] and done.unsolved == ["double", "Box.opened", "question_why"]


def test_a_draft_is_kept_and_not_called_solved(school):
    school.changes(OTHER_SHIFT)
    school.solve(
        double='y = x\nraise NotImplementedError("double: replace this line with your code")', opened="# later"
    )
    done = school.update()
    assert done.carried == [] and done.unsolved == ["double", "Box.opened", "question_why"]
    assert "    y = x\n    raise NotImplementedError" in read(school.path)
    assert '        # later\n        raise NotImplementedError("Box.opened: ' in read(school.path)


def test_a_new_exercise_is_unsolved_and_one_that_is_gone_is_named(school):
    school.solve(double="return x + x", opened="return self.x")
    school.becomes(THEN.replace("double", "triple"))
    done = school.update()
    assert done.carried == ["Box.opened"] and done.unsolved == ["triple", "question_why"] and done.left == ["double"]
    assert "x + x" not in read(school.path)


def test_an_answer_without_markers_is_carried_over(school):
    school.solve(double="y = x + x\nreturn y", opened="return self.x")
    school.student_writes(("    ### BEGIN SOLUTION\n", ""), ("    ### END SOLUTION\n", ""))
    school.changes(OTHER_SHIFT)
    assert school.update().carried == ["double", "Box.opened"]
    assert "    ### BEGIN SOLUTION\n    y = x + x\n    return y\n    ### END SOLUTION" in read(school.path)


def test_an_answer_without_markers_among_given_lines_is_left_in_the_backup(school):
    around = ("    return 2 * x\n    ### END SOLUTION", "    y = 2 * x\n    ### END SOLUTION\n    return y")
    school.solve(double="return x + x", opened="return self.x")
    school.student_writes(("    ### BEGIN SOLUTION\n", ""), ("    ### END SOLUTION\n", ""))
    school.changes(around)
    done = school.update()
    assert "double" in done.unsolved and "double" in done.left


def test_what_a_student_changed_in_given_cells_is_named(school):
    school.student_writes(OTHER_SHIFT, ("    def closed", "    def mine(self):\n        pass\n\n    def closed"))
    school.changes(("# Boxes", "# Old boxes"), ("assert double(2) == 4", "assert double(4) == 8"))
    assert school.update().left == ["shift", "Box.mine"]


def test_what_was_given_then_is_not_taken_for_the_students_own(school):
    """Prose, exploring cells, definitions and imports that the course has dropped."""
    school.changes(
        ("# Boxes", "# Lids"),
        ("_at = shift(1)", "_at = move(1)"),
        ("def shift", "def move"),
        ("import numpy as np", "import math"),
    )
    done = school.update()
    assert read(school.path) == stub(school.home.notebook(SETUP))
    assert done.own_cells == 0 and done.left == []


def test_a_name_that_the_course_has_taken_is_left_in_the_backup(school):
    school.student_writes(
        ("@app.class_definition", "@app.function\ndef helper():\n    return 1\n\n\n@app.class_definition")
    )
    school.changes(
        ("@app.function\ndef shift", "@app.cell\ndef _():\n    helper = 5\n    return\n\n\n@app.function\ndef shift")
    )
    done = school.update()
    assert done.own_cells == 0 and "helper" in done.left[0]


def test_a_question_of_other_words_keeps_the_answer(school):
    school.student_writes(("*Your answer:*", "*Your answer:* because."))
    school.changes(("Why?", "Why not?"))
    assert school.update().reworded == {"question_why": "question"}
    assert "**Question.** Why?\n\n    *Your answer:* because." in read(school.path)


def test_without_a_history_nothing_of_the_student_is_lost_either(school):
    school.solve(double="return x + x", opened="return self.x")
    school.student_writes(
        (
            "    import numpy as np\n",
            "    import numpy as np\n    import math\n    from tinytorch.tensor import generator\n",
        ),
        ("*Your answer:*", "*Your answer:* because."),
        ("@app.class_definition", "@app.function\ndef helper():\n    return 1\n\n\n@app.class_definition"),
    )
    school.changes(OTHER_SHIFT, ("1. Multiply.", "1. Add."))
    forget_the_stub(school)
    done = school.update()
    assert done.carried == ["double", "Box.opened", "question_why"] and done.own_cells == 1
    assert done.reworded == {"double": "description or steps"}
    text = read(school.path)
    assert "import math" in text and "generator" not in text and "because." in text and "def helper" in text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return x.data + x.data", "`x.data` is a Tensor now; the array is `x.array`"),
        ("return x.node", "`x.node` is called `x.grad_fn` now"),
        ("return generator()", "`generator()` is called `default_generator()` now"),
        ("data = x\nreturn data", None),
    ],
)
def test_answers_that_use_what_changed_are_named_and_not_rewritten(school, body, said):
    school.changes(OTHER_SHIFT)
    school.solve(double=body, opened="return self.x")
    done = school.update()
    assert done.renamed == ({said: ["double"]} if said else {})
    assert body.split("\n")[-1] in read(school.path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("def double(x):", "def double(x: float) -> float:"), {}),
        (("def double(x):", "def double(x, times=2):"), {"double": "signature"}),
        (
            ("    ### BEGIN SOLUTION\n    return", "    x = +x\n    ### BEGIN SOLUTION\n    return"),
            {"double": "the code around it"},
        ),
    ],
)
def test_what_changed_of_an_exercise_is_said_and_type_hints_are_not(school, change, said):
    school.solve(double="return x + x", opened="return self.x")
    school.changes(change)
    assert school.update().reworded == said


def test_what_the_reference_uses_itself_is_not_named(school):
    school.changes(OTHER_SHIFT, ("return 2 * x", "return 2 * x.data"))
    school.solve(double="return x.data + x.data", opened="return self.x")
    assert school.update().renamed == {}


def test_a_notebook_that_cannot_be_read_is_left_alone(school):
    school.changes(OTHER_SHIFT)
    text = school.student_writes(("return x + 1", "return x +"))
    with pytest.raises(TitoError, match="syntax error"):
        school.update()
    assert read(school.path) == text and not (school.place.state / "backups").exists()


def test_a_missing_notebook_is_a_sentence(school):
    school.path.unlink()
    with pytest.raises(TitoError, match="`tito module start 00` writes it"):
        school.update()


# Back again


def test_restore_brings_the_old_notebook_back_as_the_old_one(school):
    school.changes(OTHER_SHIFT)
    old = read(school.path)
    done = school.update()
    _, written = backup.restore(school.place, SETUP)
    undo = backup.backups_of(school.place, SETUP)[0].name
    assert written == [school.path] and read(school.path) == old
    assert school.age().changed == ["shift"] and school.age().is_certain
    school.place.stub(SETUP).write_text("", encoding="utf-8")  # must be in the backup
    backup.restore(school.place, SETUP, done.kept.name)
    assert school.age().is_certain
    backup.restore(school.place, SETUP, undo)
    assert school.age() is None and "x + 2" in read(school.path), "again is undo"
    assert read(school.place.stub(SETUP)) == read(school.path), "nothing was solved"


def test_restore_of_a_backup_from_before_stubs_were_recorded(school):
    old = read(school.path)
    backup.keep(school.place, [school.path], "reset_00")
    school.changes(OTHER_SHIFT)
    school.update()
    school.student_writes(("return x + 2", "return x + 20"))
    backup.restore(
        school.place, SETUP, next(f.name for f in backup.backups_of(school.place, SETUP) if "reset" in f.name)
    )
    assert read(school.path) == old and not school.place.stub(SETUP).exists()
    backup.restore(school.place, SETUP, backup.backups_of(school.place, SETUP)[0].name)
    assert school.age() is None and "x + 20" in read(school.path), "back again, with what was given"


def test_reset_gives_the_present_version(school):
    school.changes(OTHER_SHIFT)
    assert workspace.reset(school.place, SETUP) is not None
    assert school.age() is None
    backup.restore(school.place, SETUP)
    assert school.age().changed == ["shift"]


def test_an_update_that_is_broken_off_can_be_run_again(school, monkeypatch):
    """Whatever it had written by then."""
    school.changes(OTHER_SHIFT)
    school.solve(double="return x + x", opened="return self.x")
    school.student_writes(
        ("@app.class_definition", "@app.cell\ndef _():\n    mine = 3\n    return\n\n\n@app.class_definition")
    )
    old, given = read(school.path), read(school.place.stub(SETUP))
    school.update()
    after, real = read(school.path), update.write
    for survive in range(2):
        write(school.path, old), write(school.place.stub(SETUP), given)
        left = iter(range(survive))

        def killed(path, text, left=left):
            if next(left, None) is None:
                raise KeyboardInterrupt
            real(path, text)

        monkeypatch.setattr(update, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            school.update()
        assert read(school.path) in (old, after)
        assert any(read(f / "notebooks" / "00_setup.py") == old for f in backup.backups_of(school.place, SETUP))
        monkeypatch.setattr(update, "write", real)
        school.update()
        assert read(school.path) == after and school.age() is None


def test_what_was_exported_before_is_set_aside(school):
    """And what imports from it, directly or not; an old autograd would get every operation of a new Tensor."""
    tensor, layers, losses = map(course.find, ("tensor", "layers", "losses"))
    imports = {SETUP: "", tensor: "", layers: "from tinytorch.machine import facts", losses: "import tinytorch.layers"}
    for module, text in imports.items():
        write(school.place.exported(module), f"{text}\n")
        progress.record(school.place, module, tested=True)
    school.changes(OTHER_SHIFT)
    done = school.update()
    assert list(progress.completed(school.place)) == ["01"]
    there = [module for module in imports if school.place.exported(module).exists()]
    assert there == [tensor]
    assert (done.kept / "tinytorch" / "losses.py").read_text(encoding="utf-8") == "import tinytorch.layers\n"
    package = school.place.package / "nn" / "__init__.py"
    assert "import tinytorch.l" not in read(package) and done.again == [SETUP, layers, losses]
    run("module", "restore", "03")
    assert school.place.exported(layers).exists()


# As commands


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_the_command_reports_and_takes_the_completion_back(school):
    school.changes(OTHER_SHIFT, ("1. Multiply.", "1. Add."))
    school.solve(double="return x.data + 1", opened="return self.x")
    progress.record(school.place, SETUP, tested=True)
    printed = run("module", "update", "00")
    for line in (
        "notebooks/00_setup.py is up to date now.\n",
        "  carried over: double, Box.opened\n",
        "  new or not solved: question_why\n",
        "  its text changed: double (description or steps)\n",
        "  `x.data` is a Tensor now; the array is `x.array`: check double\n",
        "`tito module restore 00` brings it back.\n",
        "Nothing was run: `tito module test 00` checks your answers",
    ):
        assert line in printed
    assert "00" not in progress.completed(school.place)
    assert run("module", "update", "--all") == "notebooks/00_setup.py is already up to date.\n"


def test_new_prose_leaves_a_module_complete(school):
    school.changes(("# Boxes", "# Lids"))
    progress.record(school.place, SETUP, tested=True)
    assert "Nothing was run" not in run("module", "update", "--all")
    assert "# Lids" in read(school.path) and "00" in progress.completed(school.place)


def test_status_and_doctor_show_it(school):
    assert "earlier version" not in run("module", "status")
    school.changes(OTHER_SHIFT)
    printed = run("module", "status")
    assert re.search(r"setup +next, earlier version", printed) and "`tito module update --all`" in printed
    assert '"earlier_version": true' in run("module", "status", "--json")
    assert "00_setup.py: from an earlier version of the course" in run("system", "doctor")


def test_start_says_it_before_the_editor_opens(school, monkeypatch):
    school.changes(OTHER_SHIFT)
    monkeypatch.setattr("tito.editor.edit", lambda *_: 0)
    assert "is from an earlier version of the course; since then shift changed." in run("module", "start", "00")
    school.update()
    assert "earlier version" not in run("module", "start", "00")


@pytest.mark.parametrize("command", ["test", "complete"])
def test_test_and_complete_say_it(school, monkeypatch, command):
    school.changes(OTHER_SHIFT)
    monkeypatch.setattr("tito.completion.refuse_lost_names", lambda *_: None)
    monkeypatch.setattr("tito.completion.finish", lambda *_, **__: [])
    for code in (0, 1):
        monkeypatch.setattr("tito.commands.module._test", lambda *_, code=code, **__: code)
        assert run("module", command, "00").count("is from an earlier version of the course") == 1
    forget_the_stub(school)
    assert "If you didn't change that" in run("module", command, "00")
    monkeypatch.setattr("tito.commands.module._test", lambda *_, **__: 0)
    assert ("If you didn't change that" in run("module", command, "00")) == (command == "complete")


def test_an_exercise_that_is_new_is_not_called_lost_alone(school):
    """`complete` compares names with the course's: there are more now."""
    school.changes(OTHER_SHIFT)
    with pytest.raises(
        TitoError, match=r"lacks [\s\S]* is from an earlier version of the course; since then shift changed"
    ):
        run("module", "complete", "00")


def test_the_course_itself_is_refused(monkeypatch):
    monkeypatch.chdir(course.ROOT)
    before = COURSE.notebook(SETUP).read_bytes()
    for arguments in (["00"], ["--all"]):
        with pytest.raises(TitoError, match="this is the course itself"):
            run("module", "update", *arguments)
    assert COURSE.notebook(SETUP).read_bytes() == before
    assert update.age(COURSE, SETUP) is None and not COURSE.stub(SETUP).exists()


# The course's own notebooks


@pytest.mark.parametrize("module", course.available(), ids=lambda module: module.stem)
def test_every_notebook_is_carried_over_whole(module, tmp_path):
    """Solved when another function was given and the first words were others: the answers, and all that is new."""
    place = Place(tmp_path)
    workspace.write_stub(place, module)
    gone = "@app.function\ndef from_before():\n    return 1\n\n\n@app.function\n"
    for path in (place.notebook(module), place.stub(module)):
        write(path, read(path).replace("@app.function\n", gone, 1))
    solve(place.notebook(module))
    done = update.update(place, module)
    assert (
        done.again == [module]
        and done.carried == list(reference_bodies(module.stem))
        and done.left == []
        and done.own_cells == 0
    )
    ours = parse(COURSE.notebook(module))
    assert read(place.notebook(module)) == replace_blocks(ours, {})
