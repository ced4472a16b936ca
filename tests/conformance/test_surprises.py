"""What the page book/surprises.md says of PyTorch, NumPy and tokenizers is what they do."""

import doctest

import torch

from tito.course import ROOT


def test_each_example_of_the_page_does_what_it_says():
    text = (ROOT / "book" / "surprises.md").read_text(encoding="utf-8")
    torch.manual_seed(0)
    examples = doctest.DocTestParser().get_doctest(text, {}, "surprises.md", "book/surprises.md", 0)
    report = []
    result = doctest.DocTestRunner().run(examples, out=report.append)
    assert result.attempted > 30 and result.failed == 0, "".join(report)
