"""Files at the top of the repository agree with what they are about."""

import re

from tito import __version__
from tito.course import ROOT


def test_the_list_has_each_script_and_its_first_sentence():
    scripts = sorted((ROOT / "findings").glob("*.sh"))
    said = {path.name: path.read_text(encoding="utf-8").splitlines()[1].removeprefix("# ") for path in scripts}
    text = (ROOT / "findings" / "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert lines == [f"- [`{name}`]({name}): {sentence}" for name, sentence in said.items()]


def test_the_changelog_and_the_citation_are_about_this_version():
    changes, citation = ((ROOT / name).read_text(encoding="utf-8") for name in ("CHANGELOG.md", "CITATION.cff"))
    assert re.search(r"^## (\d\S*?),? ", changes, re.MULTILINE)[1] == __version__
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE)[1] == __version__
