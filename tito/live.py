"""What a test says below its cell, in marimo's editor and in Jupyter: it remembers what the tests before it said."""

from collections.abc import Callable

from tito.slips import Slip, explain, slip_lines
from tito.verdict import Outcome, Verdict, judge

heard: dict[str, Outcome] = {}  # test -> how it ended last, in this notebook


def report_lines(
    test: str, subject: str, names: list[str], slip: Slip | None, function: Callable
) -> tuple[Verdict, list[str]]:
    """The verdict of a test that has just run, and the lines that say it; `slip` is None when it has passed."""
    placeholder, calls = (slip.placeholder, slip.calls) if slip else ("", frozenset())
    heard[test] = Outcome(subject, slip is None, placeholder, calls)
    judgement = judge(dict.fromkeys([*names, subject]), heard.values())[subject]
    if slip is None:
        return Verdict.SOLVED, [f"{test} passed"]
    if judgement.verdict is Verdict.WAITING:
        return Verdict.WAITING, [f"{test} {judgement}"]
    if slip.placeholder:
        return Verdict.UNSOLVED, [slip.words]
    first, *lines = slip_lines(slip, explain(function.__doc__))
    return Verdict.WRONG, [first if slip.is_slip else f"{test} failed: {first}", *lines]
