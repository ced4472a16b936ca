"""`tito book check`: each fault that a reader would meet is found when it is planted."""

import pytest

from tests.tito.student import tito
from tito.book import check
from tito.files import write

WHOLE = {
    "index.html": '<h1 id="top">Book</h1><a href="part/one.html#two">on</a><img src="a.png" alt="a curve"><a href="https://example.org">out</a>',
    "part/one.html": '<a href="../index.html#top">back</a><h2 id="two">Two</h2><link rel="stylesheet" href="../style.css">',
    "a.png": "",
    "style.css": "",
}


def problems(tmp_path, **changed: str) -> list[str]:
    for name, text in (WHOLE | changed).items():
        write(tmp_path / name, text)
    return list(check(tmp_path))


def test_a_whole_book_passes(tmp_path):
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        ('<a href="part/two.html">on</a>', "the link part/two.html leads nowhere"),
        (
            '<a href="part/one.html#three">on</a>',
            "the link part/one.html#three names a place that the page does not have",
        ),
        ('<a href="#bottom">down</a>', "the link #bottom names a place that the page does not have"),
        ('<img src="a.png" alt=" ">', "the picture a.png has no alternative text"),
        ('<img src="b.png" alt="b">', "the link b.png leads nowhere"),
        (
            '<script src="https://cdn.example.org/x.js"></script>',
            "loads https://cdn.example.org/x.js from another host",
        ),
        ('<link rel="stylesheet" href="//cdn.example.org/x.css">', "loads //cdn.example.org/x.css from another host"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, fault, finding):
    assert problems(tmp_path, **{"index.html": WHOLE["index.html"] + fault}) == [f"index.html: {finding}"]


def test_without_its_tools_or_without_a_book_a_sentence_says_so(monkeypatch, tmp_path):
    from tito import book
    from tito.errors import TitoError

    monkeypatch.setattr(book, "find_spec", lambda name: None)
    with pytest.raises(TitoError, match=r"pip install -e \"\.\[book\]\""):
        book.build()
    monkeypatch.setattr(book, "HTML", tmp_path)
    with pytest.raises(TitoError, match="tito book build"):
        list(book.check())
    assert "build" in tito("book", "--help", cwd=tmp_path).stdout
