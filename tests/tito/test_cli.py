"""The command line itself: help, errors, terminals."""

import re
import sys

import pytest
from typer.testing import CliRunner

from tests.tito.student import tito
from tito.cli import app
from tito.console import paint, table, width
from tito.course import MODULES, ROOT, available
from tito.workspace import init


def test_without_arguments_it_helps(tmp_path):
    assert "tito start" in " ".join(tito(cwd=tmp_path).stdout.split())


def test_version(tmp_path):
    assert re.fullmatch(r"tito \d+\.\d+\.\d+\n", tito("--version", cwd=tmp_path).stdout)


def test_an_error_is_one_sentence_and_no_traceback(tmp_path):
    run = tito("module", "status", cwd=tmp_path)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith("tito: ") and run.stderr.count("\n") == 1


def test_the_book_can_be_launched(tmp_path):
    assert "the branch `launch`" in " ".join(tito("book", "launch", "--help", cwd=tmp_path).stdout.split())


def test_a_wrong_option_is_a_usage_error(tmp_path):
    assert tito("module", "test", "--nonsense", cwd=tmp_path).returncode == 2
    assert tito("export", cwd=init(tmp_path / "mine")[0].root).returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: permissions")
def test_an_error_of_the_system_names_the_file(tmp_path, monkeypatch, capsys):
    from tito import cli

    def fails():
        raise PermissionError(13, "Permission denied", "notebooks/01_tensor.py")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    assert (
        capsys.readouterr().err
        == "tito: notebooks/01_tensor.py: Permission denied; fix that and run the command again\n"
    )


def test_a_terminal_that_is_not_utf8(tmp_path):
    run = tito("init", "é", cwd=tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert run.returncode == 0, run.stderr


def test_colour_only_in_a_terminal_that_wants_it(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert paint("ok", "green") == "\x1b[32mok\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "")
    assert paint("ok", "green") == "ok"


def test_the_list_has_every_module_and_marks_what_is_planned(tmp_path):
    lines = tito("module", "list", cwd=tmp_path).stdout.splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [[module.number, module.slug] for module in MODULES]
    planned = {line.split()[0] for line in lines if "(planned)" in line}
    assert planned == {module.number for module in MODULES if not module.available}


PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += [*sorted((ROOT / "book").glob("*.md")), *sorted((ROOT / "notebooks").glob("*.py"))]


def test_every_command_that_a_page_names_exists(tmp_path):
    """README, CONTRIBUTING, the workspace's README, the book: each `tito ...` has a help page with the options that are named."""
    pages = [*PAGES, init(tmp_path / "mine")[0].root / "README.md"]
    named = set()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"(?:^ *|`)tito ([a-z][^`#\n]*)", text, re.MULTILINE))
    assert len(named) >= 30
    for words in (command.partition(" -- ")[0].split() for command in named):  # what follows is for a script
        names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
        in_a_group = names[0] in ("module", "system", "milestone", "data", "book", "nbgrader")
        help_page = CliRunner().invoke(app, [*names[: 1 + in_a_group], "--help"])
        assert help_page.exit_code == 0, words
        assert all(option in help_page.stdout for option in words if option.startswith("-")), words


def test_every_target_of_make_that_a_page_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?:^ *|`)make ([a-z-]+)", text, re.MULTILINE))
    assert {"start", "test", "book", "bench"} <= named <= targets


def test_notebooks_and_the_table_agree():
    stems = {path.stem for path in (ROOT / "notebooks").glob("*.py")}
    assert stems == {module.stem for module in available()}
    assert [module.number for module in MODULES] == [f"{number:02}" for number in range(22)]


def commands(group, path=()):
    """Every command of the command line, with the words that call it."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


LEARNER = {"start", "init", "submit", "try", "module", "milestone", "data", "system"}


def test_every_learner_command_has_a_help_that_fits():
    from typer.main import get_command

    found = [(" ".join(path), command) for path, command in commands(get_command(app)) if path[0] in LEARNER]
    assert len(found) >= 18
    too_long = {name: command.help for name, command in found if len((command.help or "").partition(".")[0]) > 55}
    assert not too_long


def test_a_table_aligns_in_colour_and_with_wide_names(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    rows = [(paint("ok", "green"), "\u738b\u5c0f\u660e", 1), ("wrong", "e\u0301va", 22)]
    lines = table(("state", "name", "n"), rows).splitlines()
    assert {width(line) for line in lines} == {17}, lines


def test_the_last_column_wraps_in_a_narrow_terminal(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    lines = table(("NN", "shows"), [("01", "what a neuron does before it has learnt anything")]).splitlines()
    assert len(lines) == 3 and all(width(line) <= 40 for line in lines) and lines[2].startswith("    ")


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: a pseudo-terminal")
@pytest.mark.parametrize("command", ["--help", "system doctor", "module status", "submit 00"])
def test_in_a_terminal_of_80_columns_no_line_runs_over(command, tmp_path):
    import fcntl
    import os
    import pty
    import struct
    import subprocess
    import termios

    place = init(tmp_path / "w")[0]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tito", *command.split()],
        cwd=place.root,
        env=environment | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    printed = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # on Linux that is how a pseudo-terminal ends
            break
        if not part:
            break
        printed += part
    os.close(ours)
    assert process.wait() in (0, 1)
    lines = re.split(r"\r+\n|\r", printed.decode())
    assert len(lines) > 5
    paths = (str(tmp_path), str(ROOT), sys.executable)  # as long as the machine has them
    assert [line for line in lines if width(line) > 80 and not any(path in line for path in paths)] == []
    if command == "--help":
        commands_shown = printed.decode().partition("Commands:")[2]
        assert "submit" in commands_shown and "..." not in commands_shown, "no help text is cut off"
