"""Python for the browser in one folder: what its lock file says, and what is refused. Loading it is `make book`'s business."""

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tito.errors import TitoError
from tito.files import read, write

if find_spec("yaml") is None:
    pytest.skip(
        "Python for the browser: only where the book's tools are installed (make book)", allow_module_level=True
    )
from tito import pyodide


def lock(**files: str) -> dict:
    packages = {
        name: {"name": name, "version": "1", "file_name": file, "imports": [name], "depends": []}
        for name, file in files.items()
    }
    return {"info": {"abi_version": "2026_0", "python": "3.14.0"}, "packages": packages}


def add_wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    about = "".join(
        [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", *(f"Requires-Dist: {n}\n" for n in needs)]
    )
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "")
        wheel.writestr(f"{name}-{version}.dist-info/METADATA", about)


def test_the_lock_file_names_what_is_there_and_nothing_else(tmp_path):
    add_wheel(tmp_path, "numpy", "2")
    add_wheel(tmp_path, "tool", "3", "numpy", "missing", "other; sys_platform != 'emscripten'")
    made = pyodide.locked(tmp_path, lock(numpy="numpy-2-py3-none-any.whl", scipy="scipy-1.whl"))["packages"]
    assert made.keys() == {"numpy", "tool"}
    assert made["numpy"]["version"] == "1", "what the distribution says of its own package stays"
    assert (made["tool"]["version"], made["tool"]["depends"], made["tool"]["imports"]) == ("3", ["numpy"], ["tool"])


def test_a_newer_wheel_of_ours_replaces_what_the_distribution_has(tmp_path):
    add_wheel(tmp_path, "msgspec", "9")
    made = pyodide.locked(tmp_path, lock(msgspec="msgspec-1-py3-none-any.whl"))["packages"]
    assert made["msgspec"]["version"] == "9" and made["msgspec"]["file_name"] == "msgspec-9-py3-none-any.whl"


def test_of_a_distribution_its_core_and_its_packages_are_taken(tmp_path):
    source, folder = tmp_path / "source", tmp_path / "folder"
    for name in (*pyodide.CORE, "numpy-2.whl", "notes.txt"):
        write(source / name, name)
    write(source / pyodide.LOCK, json.dumps(lock(numpy="numpy-2.whl", lost="lost-1.whl")))
    folder.mkdir()
    pyodide._copy_distribution(source, folder)
    assert {path.name for path in folder.iterdir()} == {*pyodide.CORE, "numpy-2.whl"}
    (source / "pyodide.mjs").unlink()
    with pytest.raises(TitoError, match=r"is not an unpacked Pyodide distribution: it lacks pyodide\.mjs"):
        pyodide._copy_distribution(source, folder)


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path):
    write(tmp_path / "thesis.txt", "mine")
    with pytest.raises(TitoError, match="holds something else"):
        pyodide.make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"] and read(tmp_path / "thesis.txt") == "mine"


def test_without_npm_a_sentence_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(pyodide.shutil, "which", lambda name: None)
    with pytest.raises(TitoError, match="npm is needed"):
        pyodide.make(tmp_path / "new")
    assert not (tmp_path / "new").exists()
