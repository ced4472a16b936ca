"""The list of findings has each script, with the sentence that the script begins with."""

from tito.course import ROOT


def test_the_list_has_each_script_and_its_first_sentence():
    scripts = sorted((ROOT / "findings").glob("*.sh"))
    said = {path.name: path.read_text(encoding="utf-8").splitlines()[1].removeprefix("# ") for path in scripts}
    text = (ROOT / "findings" / "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert lines == [f"- [`{name}`]({name}): {sentence}" for name, sentence in said.items()]
