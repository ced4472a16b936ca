"""Tables in a terminal: aligned in colour, at any width, with wide names; and no name can give the terminal orders."""

import sys

import pytest

from tito import console
from tito.console import clean, paint, table, width

HEAD = ("student", "status", "score", "handed in", "days late", "penalty", "before", "remarks")
REMARKS = "test_gelu: it ran longer than 10 s and was stopped; replaced: np.allclose; as before"


@pytest.fixture(params=[40, 80, 200])
def terminal(request, monkeypatch) -> int:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def lines_of(*students: str) -> list[str]:
    rows = [
        (name, paint(status, color), "11 of 27", "2027-01-31 23:59", "2", "2.2", "13.2", REMARKS)
        for name, status, color in zip(students, ("graded", "needs manual"), ("green", "yellow"), strict=True)
    ]
    return table(HEAD, rows).split("\n")


def without_colour(line: str) -> str:
    for code in console.CODES.values():
        line = line.replace(f"\x1b[{code}m", "")
    return line.replace("\x1b[0m", "")


def test_columns_are_aligned_whatever_the_colour_and_the_script(terminal):
    lines = [without_colour(line) for line in lines_of("林小明", "Zoe\u0308")]
    for parts in (("score", "11 of 27"), ("handed in", "2027-01-31"), ("penalty", "2.2")):
        places = [width(line[: line.index(part)]) for line in lines for part in parts if part in line]
        assert len(places) == 3 and len(set(places)) == 1, lines


def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(terminal):
    lines = [without_colour(line) for line in lines_of("林" * 5, "b")]
    assert all(width(line) <= terminal for line in lines)
    assert " ".join(" ".join(lines).split()).count(REMARKS) == 2


def test_a_word_that_is_too_long_is_cut_by_columns(terminal):
    lines = table(("a", "b"), [("x", "林" * 150)]).split("\n")
    assert all(width(line) <= terminal for line in lines) and "".join(lines).count("林") == 150


def test_without_a_terminal_a_row_is_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert len(lines_of("ada", "ben")) == 3


@pytest.mark.parametrize("name", ["\x1b]0;title\x07", "\x1b[2J", "a\rb", "a\x08b", "\u202eabc", "\x9b2J", "\ud800"])
def test_control_codes_of_a_name_are_shown_and_not_obeyed(terminal, name):
    for text in (clean(name), without_colour(table(("name", "x"), [(name, paint(name, "red"))])), paint(name, "red")):
        assert without_colour(text).replace("\n", "").isprintable()


def test_an_ordinary_name_stays_as_it_is():
    for name in ("O'Brien, Zoë (2)", "林小明", "Ana\u00a0Maria", "a\tb"):
        assert clean(name) == name
