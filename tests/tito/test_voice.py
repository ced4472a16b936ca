"""Every page, message and notebook is free of the words that tito/voice.py lists, and code of the names."""

import subprocess
from pathlib import Path

import pytest

from tito.course import ROOT
from tito.voice import unwanted, unwanted_names

READ_BY_PEOPLE = (
    "notebooks",
    "tinytorch",
    "tito",
    "book",
    "milestones",
    "tests/modules",
    "tests/integration",
    "tests/solutions",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "findings/README.md",
)


def texts() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", *READ_BY_PEOPLE], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    return [name for name in listed.stdout.split("\n") if name.endswith((".py", ".md")) and name != "tito/voice.py"]


@pytest.mark.parametrize("name", texts())
def test_voice(name):
    text = Path(ROOT / name).read_text(encoding="utf-8")
    problems = [*unwanted(text), *(unwanted_names(text) if name.endswith(".py") else [])]
    assert [f"{name}:{line}: {what}" for line, what in problems] == []


def test_a_word_is_found():
    assert list(unwanted("There is no file.\nIt is no notebook; whoever stands there")) == [
        (2, "'is no': say it as an engineer would (isn't, is not a)"),
        (2, "'whoever': say it as an engineer would (say who: you, PyTorch, a student)"),
        (2, "'stands': say it as an engineer would (is, are)"),
    ]
    assert list(unwanted_names("def said(there): ...")) != []
