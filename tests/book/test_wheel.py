"""The course's wheel: what a notebook imports elsewhere."""

import zipfile

import pytest

from tito import wheel as module
from tito.errors import TitoError
from tito.files import write
from tito.wheel import can_build, wheel

if not can_build():
    pytest.skip("the wheel: only where setuptools is new enough (make book)", allow_module_level=True)


def test_it_has_both_packages_and_asks_for_nothing(tmp_path):
    made = wheel(tmp_path)
    assert wheel(tmp_path) == made and len(list(tmp_path.iterdir())) == 1
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        about = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert {"tinytorch/__init__.py", "tinytorch/nn/functional.py", "tito/lesson.py", "tito/commands/book.py"} <= {
        *names
    }
    assert {"tinytorch/vocabulary/tensor.py", "tito/templates/vocabulary/tensor.py"} <= {*names}
    assert not [name for name in names if name.startswith(("tests", "notebooks"))] and "Requires-Dist" not in about


def test_other_sources_are_another_version_and_the_same_are_the_same_bytes(tmp_path, monkeypatch):
    for name in ("tinytorch", "tito"):
        write(tmp_path / "course" / name / "__init__.py", "number = 1\n")
    monkeypatch.setattr(module, "ROOT", tmp_path / "course")
    first, again = wheel(tmp_path / "a"), wheel(tmp_path / "b")
    assert first.name == again.name and first.read_bytes() == again.read_bytes()
    write(tmp_path / "course" / "tito" / "__init__.py", "number = 2\n")
    assert wheel(tmp_path / "a").name != first.name and not first.exists()


def test_without_setuptools_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "can_build", lambda: False)
    with pytest.raises(TitoError, match="needs setuptools"):
        wheel(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(module, "BUILD", "raise SystemExit('no room')")
    with pytest.raises(TitoError, match="was not built: no room"):
        wheel(tmp_path)
