"""The branch `launch`: what is in it and what never is, its notebooks in Jupyter, and the way Binder opens one of them."""

import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tito import launch, repository
from tito.course import ROOT, available
from tito.errors import TitoError
from tito.files import read, write
from tito.ipynb import to_ipynb
from tito.notebook import Notebook, parse
from tito.stub import replace_blocks, stub, unsolved

if not (find_spec("nbformat") and find_spec("nbclient") and find_spec("ipykernel")):
    pytest.skip("notebooks in Jupyter: only where the book's tools are installed (make book)", allow_module_level=True)

NOTEBOOKS = [ROOT / "notebooks" / f"{module.stem}.py" for module in available()]


@pytest.fixture(scope="module")
def branch(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("launch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository, "address", lambda: "https://github.com/owner/name")
        launch.launch(folder)
    return folder


@pytest.fixture(scope="module")
def library(branch, tmp_path_factory) -> Path:
    """The wheel, unpacked: what `pip install` would put into site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    (built,) = (branch / "wheels").glob("*.whl")
    ZipFile(built).extractall(folder)
    return folder


# What is in it


def test_the_branch_has_each_module_twice_and_what_binder_needs(branch):
    files = {path.relative_to(branch).as_posix() for path in branch.rglob("*") if path.is_file()}
    (built,) = (branch / "wheels").iterdir()
    modules = {f"notebooks/{path.stem}.{kind}" for path in NOTEBOOKS for kind in ("py", "ipynb")}
    binder = {f"binder/{name}" for name in ("requirements.txt", "runtime.txt", "postBuild", "jupyter_server_config.py")}
    top = {"README.md", "pyproject.toml", "conftest.py", launch.WRITTEN}
    assert files == modules | binder | top | {f"wheels/{built.name}"}
    assert "https://github.com/owner/name" in read(branch / "README.md")


def never_shown(path: Path) -> list[str]:
    """Lines of solutions and hidden tests that stand nowhere else in the notebook."""
    notebook, seen = parse(path), stub(path)
    lines = [line.strip() for block in [*notebook.solutions, *notebook.hidden_tests] for line in notebook.body(block)]
    return [line for line in lines if len(line) > 25 and line not in seen]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_notebook_has_a_solution_or_a_hidden_test(branch, path):
    import nbformat

    made = nbformat.read(branch / "notebooks" / f"{path.stem}.ipynb", as_version=4)
    nbformat.validate(made)
    code = [cell.source for cell in made.cells if cell.cell_type == "code"]
    texts = [cell.source for cell in made.cells] + [read(branch / "notebooks" / path.name)]
    assert len(never_shown(path)) > 5
    assert not [line for line in never_shown(path) if any(line in text for text in texts)]
    assert not [text for text in texts if "HIDDEN" in text]
    todo = [f'raise NotImplementedError("{block.owner}: ' for block in parse(path).solutions]
    assert todo and all(any(line in text for text in code) for line in todo)
    assert not [text for text in code if "@app." in text]
    prose = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    assert code[0].startswith("%pip install ") and prose[0].startswith(
        "Sliders, menus and buttons show nothing in Jupyter"
    )
    assert prose[1].startswith("# Module ") and not [text for text in prose if "mo.md(" in text]


def test_the_same_sources_make_the_same_files(branch, tmp_path, monkeypatch):
    """So that a push to main which changes no notebook changes nothing in the branch."""
    monkeypatch.setattr(repository, "address", lambda: "https://github.com/owner/name")
    again = launch.launch(tmp_path / "again")
    assert len(again) > 10
    assert all(path.read_bytes() == (branch / path.relative_to(tmp_path / "again")).read_bytes() for path in again)


# The notebooks for marimo


def script_header(text: str) -> dict:
    head = text[: text.index("import marimo")]
    assert head.startswith("# /// script\n") and head.endswith("# ///\n\n")
    return tomllib.loads("".join(line.removeprefix("# ") + "\n" for line in head.split("\n")[1:-3]))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_header_names_what_the_notebook_needs(branch, path):
    text = read(branch / "notebooks" / path.name)
    header = script_header(text)
    *packages, course = map(Requirement, header["dependencies"])
    assert header["requires-python"] == ">=3.11"
    assert all(version(package.name) in package.specifier for package in packages), "each exists, in that version"
    by_name = {package.name: str(package.specifier) for package in packages}
    assert {"marimo", "numpy", "matplotlib", "pytest"} <= set(by_name) and "<" in by_name["marimo"]
    assert ("scikit-learn" in by_name) == ("sklearn" in text)
    address = urlsplit(course.url)
    assert (course.name, address.netloc) == ("tinytorch-course", "raw.githubusercontent.com") and "+" not in course.url
    assert (branch / unquote(address.path).removeprefix("/owner/name/launch/")).is_file()


def test_marimo_takes_them_for_notebooks(branch):
    command = [sys.executable, "-m", "marimo", "check", "--strict", *map(str, (branch / "notebooks").glob("*.py"))]
    run = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr


# The notebooks in Jupyter


def run_in_jupyter(notebook: Notebook, library: Path, monkeypatch):
    """Run a notebook from top to bottom; what it printed, and its cells."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(library))
    made = nbformat.reads(to_ipynb(notebook, None), as_version=4)
    made.cells.append(nbformat.v4.new_code_cell("import tinytorch, tito; print(tinytorch.__file__, tito.__file__)"))
    NotebookClient(made, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(library)}}).execute()
    outputs = [output for cell in made.cells for output in cell.get("outputs", [])]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert printed.count(str(library)) == 2, "the course that runs is the wheel's"
    return printed.splitlines(), [output.data for output in outputs if "data" in output]


@pytest.mark.parametrize("stem", ["00_setup", "02_activations"])
def test_a_notebook_in_which_nothing_is_solved_runs_to_its_end(stem, library, monkeypatch):
    path = ROOT / "notebooks" / f"{stem}.py"
    exercises = parse(path, stub(path))
    printed, shown = run_in_jupyter(exercises, library, monkeypatch)
    tests = [cell.name for cell in exercises.cells if cell.is_test]
    assert len([line for line in printed if line.startswith(("Not done yet: ", "test_"))]) == len(tests)
    assert not [line for line in printed if "failed" in line]
    waiting = {"00_setup": "Not done yet: matmul_flops", "02_activations": "Not done yet: relu"}
    assert waiting[stem] in printed
    assert any("This cell waits for you" in data.get("text/markdown", "") for data in shown)
    assert not [data for data in shown if "<marimo-" in str(data)], "what only marimo can show"


def test_tests_say_what_is_right_and_what_is_wrong_with_a_solution(library, monkeypatch):
    path = ROOT / "notebooks" / "02_activations.py"
    notebook = parse(path)
    bodies = {block: unsolved(block) for block in notebook.solutions}
    by_name = {block.owner: block for block in notebook.solutions}
    bodies[by_name["softmax"]] = notebook.body(by_name["softmax"])
    bodies[by_name["gelu"]] = ["return x"]
    bodies[by_name["relu"]] = ["x[x < 0] = 0", "return x"]
    printed, shown = run_in_jupyter(parse(path, replace_blocks(notebook, bodies)), library, monkeypatch)
    assert "test_softmax passed" in printed and "test_tanh passed" in printed
    for start in (
        "test_relu failed: the input must not change: at index (0, 0) got 0, expected -2",
        "test_gelu failed: gelu of -1, 0, 1 and 3: at index 0 got -1, expected -0.158808",
    ):
        assert any(line.startswith(start) for line in printed), start
    assert "Not done yet: sigmoid" in printed
    assert any("image/png" in data for data in shown), "a figure is a picture"


def test_a_test_runs_once_everything_that_it_needs_is_defined(library):
    """marimo orders cells by what they read, Jupyter by where they stand."""
    path = ROOT / "notebooks" / "05_autograd.py"
    cells = to_ipynb(parse(path, stub(path)), None).split('"cell_type"')
    test, needed = (
        next(i for i, cell in enumerate(cells) if text in cell)
        for text in ("check(test_every_rule)", "def simple_rules(")
    )
    assert test >= needed


# Where it is written


def test_without_an_address_a_sentence_says_which_setting_to_fill_in(tmp_path, monkeypatch):
    monkeypatch.setattr(repository, "address", lambda: None)
    with pytest.raises(TitoError, match=r"fill in repository\.url in _config\.yml"):
        launch.launch(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(repository, "address", lambda: "https://github.com/owner/name")
    write(tmp_path / "notebooks" / "mine.py", "mine")
    with pytest.raises(TitoError, match=r"has notebooks/mine\.py in it, .* choose a new folder"):
        launch.launch(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["notebooks", "mine.py"]
    with pytest.raises(TitoError, match="is not a folder"):
        launch.launch(tmp_path / "notebooks" / "mine.py")


def test_a_second_run_removes_what_the_first_one_wrote_and_nothing_else(branch, tmp_path, monkeypatch):
    monkeypatch.setattr(repository, "address", lambda: "https://github.com/owner/name")
    folder = tmp_path / "launch"
    shutil.copytree(branch, folder)
    write(folder / "wheels" / "tinytorch_course-0.0.1-py3-none-any.whl", "of an earlier version")
    write(folder / launch.WRITTEN, read(folder / launch.WRITTEN) + "wheels/tinytorch_course-0.0.1-py3-none-any.whl\n")
    write(folder / ".git" / "config", "git's own")
    launch.launch(folder)
    assert len(list((folder / "wheels").iterdir())) == 1 and read(folder / ".git" / "config") == "git's own"
    write(folder / "notes.txt", "mine")
    with pytest.raises(TitoError, match=r"notes\.txt"):
        launch.launch(folder)
    assert read(folder / "notes.txt") == "mine"


# How it is published


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("git")), reason="only where there are bash and git")
def test_the_workflow_publishes_one_commit_and_only_a_change(tmp_path):
    import yaml

    step = yaml.safe_load(read(ROOT / ".github" / "workflows" / "launch.yml"))["jobs"]["publish"]["steps"][-1]
    main, remote = tmp_path / "main", tmp_path / "remote.git"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {f"GIT_{who}_{what}": "me" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=main, env=clean, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def publish(**files: str) -> str:
        for name, text in files.items():
            write(main / "_build" / "launch" / f"{name}.md", text)
        run("bash", "-eo", "pipefail", "-c", step["run"])
        return run("git", "--git-dir", str(remote), "rev-parse", "launch")

    main.mkdir()
    run("git", "init", "-q", "--bare", str(remote))
    run("git", "init", "-q", "-b", "main")
    run("git", "remote", "add", "origin", str(remote))
    write(main / ".gitignore", "_build/\n")
    run("git", "add", "--all")
    run("git", "commit", "-q", "-m", "main")
    first = publish(README="from commit 1", notebook="one")
    assert publish(README="from commit 2") == first, "the README alone is no change"
    second = publish(notebook="two")
    assert second != first
    assert run("git", "--git-dir", str(remote), "rev-list", "--count", "launch") == "1"
    assert run("git", "--git-dir", str(remote), "ls-tree", "--name-only", "launch").split() == [
        "README.md",
        "notebook.md",
    ]
    assert run("git", "status", "--porcelain") == "", "the clone of main is as it was"


# Binder


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def page(address: str, seconds: float = 90.0) -> str:
    """A page of a server that is still starting."""
    while True:
        try:
            with urlopen(address, timeout=seconds) as answer:
                assert answer.status == 200
                return answer.read().decode()
        except URLError as error:
            seconds -= 0.5
            if not isinstance(error.reason, ConnectionRefusedError) or seconds < 0:
                raise
            time.sleep(0.5)


@pytest.mark.skipif(
    not (find_spec("marimo_jupyter_extension") and shutil.which("bash")),
    reason="Binder's server: only where bash is, and the book's tools (make book)",
)
def test_binder_opens_a_notebook_in_the_environment_that_it_made(branch, tmp_path):
    import psutil

    subprocess.run(
        ["bash", "binder/postBuild"], cwd=branch, env=os.environ | {"NB_PYTHON_PREFIX": str(tmp_path)}, check=True
    )
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST", "UV"))
    }
    environment |= {"HOME": str(tmp_path), "JUPYTER_CONFIG_PATH": str(tmp_path / "etc" / "jupyter")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "jupyter_server",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
    ]
    server = psutil.Popen(
        [*command, "--IdentityProvider.token=secret"], cwd=branch, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        text = page(f"http://127.0.0.1:{port}/marimo/?file=notebooks/02_activations.py&token=secret")
        editors = [process.cmdline() for process in server.children(recursive=True) if "edit" in process.cmdline()]
    finally:
        for process in [*server.children(recursive=True), server]:
            process.kill()
        server.wait()
    assert "02_activations" in text
    assert len(editors) == 1 and not [word for word in editors[0] if word.startswith("--sandbox")]


def test_binder_installs_the_wheel_of_the_branch(branch):
    *packages, course = read(branch / "binder" / "requirements.txt").splitlines()
    assert course.startswith("./wheels/") and (branch / course).is_file()
    assert {"marimo-jupyter-extension", "jupyterlab", "scikit-learn"} <= {Requirement(line).name for line in packages}
    assert read(branch / "binder" / "runtime.txt").startswith("python-3.")
