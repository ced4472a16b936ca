"""The address of the repository: from the one setting, or from where the clone came."""

import pytest

from tito import repository
from tito.files import write

CONFIG = 'title: x\nrepository:\n  branch: main\n  url: "{}" # where\nparse:\n  url: elsewhere\n'


@pytest.mark.parametrize(
    ("setting", "origin", "address"),
    [
        ("https://github.com/a/b", "", "https://github.com/a/b"),
        ("https://github.com/a/b", "https://github.com/c/d", "https://github.com/a/b"),
        ("", "https://github.com/c/d.git", "https://github.com/c/d"),
        ("", "git@github.com:c/d.e.git", "https://github.com/c/d.e"),
        ("", "ssh://git@github.com/c/d", "https://github.com/c/d"),
        ("", "/home/me/course", None),
        ("", "https://example.org/github.com/a/b", None),
        ("", "", None),
    ],
)
def test_address(monkeypatch, tmp_path, setting, origin, address):
    write(tmp_path / "_config.yml", CONFIG.format(setting))
    monkeypatch.setattr(repository, "ROOT", tmp_path)
    monkeypatch.setattr(repository, "_origin", lambda: origin)
    assert repository.address() == address


def test_a_folder_that_is_no_clone_has_no_origin(monkeypatch, tmp_path):
    monkeypatch.setattr(repository, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert repository._origin() == ""
