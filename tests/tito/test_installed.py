"""`tito` where there is no course beside it, as after `pip install .`: it says so and writes nothing."""

import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tito import course, system
from tito.cli import app
from tito.course import ROOT
from tito.errors import TitoError
from tito.workspace import init

SENTENCE = "tito is installed without the course (notebooks, tests, milestones are not in {}): clone the course's repository and run `python -m pip install -e .` in the clone"


def test_as_a_copy_in_site_packages(tmp_path):
    site, folder = tmp_path / "site-packages", tmp_path / "here"
    shutil.copytree(ROOT / "tito", site / "tito", ignore=shutil.ignore_patterns("__pycache__"))
    folder.mkdir()
    command = [sys.executable, "-m", "tito", "init", "x"]  # from nothing: this process has imported the other tito
    environment = os.environ | {"PYTHONPATH": str(site)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8")
    assert (run.returncode, run.stdout, run.stderr) == (1, "", f"tito: {SENTENCE.format(site)}\n")
    assert list(folder.iterdir()) == []


@pytest.fixture
def bare(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "ROOT", tmp_path / "site-packages")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "site-packages"


@pytest.mark.parametrize(
    "command",
    [
        "init x",
        "start",
        "module list",
        "module update 01",
        "milestone list",
        "export --all",
        "check",
        "submit",
        "convert 01 --to ipynb",
        "book build",
        "nbgrader init c",
    ],
)
def test_every_command_says_the_same(bare, tmp_path, command):
    result = CliRunner().invoke(app, command.split())
    assert isinstance(result.exception, TitoError) and str(result.exception) == SENTENCE.format(bare)
    assert list((tmp_path / "here").iterdir()) == []


def test_init_says_it_to_programs(bare, tmp_path):
    with pytest.raises(TitoError, match="is installed without the course"):
        init(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_doctor_names_that_alone_and_advises_no_install_there(bare):
    result = CliRunner().invoke(app, ["system", "doctor"])
    assert result.exit_code == 1 and SENTENCE.format(bare) in result.output
    wrong = [finding for finding in system.doctor() if finding.fix]
    assert [finding.what for finding in wrong] == ["course"]
    assert wrong[0].fix == "git clone the course, then in the clone: python -m pip install -e ."


def test_help_needs_no_course(bare, monkeypatch):
    monkeypatch.setattr("sys.argv", ["tito", "module", "--help"])
    assert CliRunner().invoke(app, ["module", "--help"]).exit_code == 0
    assert CliRunner().invoke(app, ["--version"]).exit_code == 0


@pytest.mark.parametrize("lacking", ["notebooks", "tests", "milestones"])
def test_a_part_is_enough_to_be_missed(bare, lacking):
    for part in {"notebooks", "tests/modules", "milestones"} - {lacking, f"{lacking}/modules"}:
        (bare / part).mkdir(parents=True)
    if lacking != "notebooks":
        (bare / "notebooks" / "00_setup.py").touch()
    assert f"without the course ({lacking} are not in " in course.missing_files()


def test_the_clone_lacks_nothing():
    assert course.missing_files() == ""
