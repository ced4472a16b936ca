"""What tests say about an exercise: solved, not done yet, wrong, or waiting for another exercise.

`judge` is the only place that decides. `tito module test`, `module complete`, `module status`, `submit` and
`nbgrader validate` all ask it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    SOLVED = "solved"
    UNSOLVED = "not done yet"
    WRONG = "wrong"
    WAITING = "waiting"


COLORS = {Verdict.SOLVED: "green", Verdict.UNSOLVED: "yellow", Verdict.WRONG: "red", Verdict.WAITING: "yellow"}


@dataclass(frozen=True)
class Outcome:
    """How one test ended."""

    subject: str  # the exercise that it tests; the test's own name where it tests no exercise
    passed: bool
    placeholder: str = ""  # the unsolved exercise whose placeholder ended the test
    calls: frozenset[str] = frozenset()  # the exercises that ran during a failing test


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    waits_for: str = ""

    def __str__(self) -> str:
        return f"waits for {self.waits_for}" if self.waits_for else str(self.verdict)

    @property
    def color(self) -> str:
        return COLORS[self.verdict]


def judge(subjects: Iterable[str], outcomes: Iterable[Outcome], unsolved: Iterable[str] = ()) -> dict[str, Judgement]:
    """Judge each subject by the outcomes of its tests. A subject without an outcome counts as wrong: no test has passed.

    A failing exercise waits for another one if that one also fails and was called by the first one's tests. Of exercises that
    call each other, the first in `subjects` is the one to look at.

    Args:
        subjects: the exercises, in the order of the notebook, and whatever else is tested.
        unsolved: the exercises whose placeholder is still in the notebook's text.

    >>> failing = Outcome("b", passed=False, calls=frozenset("ab")), Outcome("a", passed=False, calls=frozenset("a"))
    >>> {name: str(judgement) for name, judgement in judge("abc", [*failing, Outcome("c", passed=True)]).items()}
    {'a': 'wrong', 'b': 'waits for a', 'c': 'solved'}
    """
    subjects, outcomes, unsolved = list(subjects), list(outcomes), set(unsolved)
    tested = {outcome.subject for outcome in outcomes}
    failing = {outcome.subject for outcome in outcomes if not outcome.passed} | (set(subjects) - tested)
    placeholders = {outcome.placeholder for outcome in outcomes if outcome.placeholder == outcome.subject}
    unsolved = (unsolved | placeholders) & failing
    needs = {name: set() for name in failing}
    for outcome in outcomes:
        if not outcome.passed and outcome.subject not in unsolved:
            needs[outcome.subject] |= {outcome.placeholder} - {""} | (outcome.calls & failing)
    order = {name: number for number, name in enumerate(subjects)}
    reached = {name: _reachable(name, needs) for name in failing}
    waiting = {name for name in failing - unsolved if _before(name, reached, order)}

    def judged(name: str) -> Judgement:
        if name not in failing:
            return Judgement(Verdict.SOLVED)
        if name in unsolved:
            return Judgement(Verdict.UNSOLVED)
        if name in waiting:
            roots = _before(name, reached, order) - waiting
            return Judgement(Verdict.WAITING, min(roots, key=lambda root: order.get(root, len(order))))
        return Judgement(Verdict.WRONG)

    return {name: judged(name) for name in subjects}


def _reachable(start: str, needs: dict[str, set[str]]) -> set[str]:
    """What an exercise needs, what that needs, and so on."""
    reached, waiting = set(), [start]
    while waiting:
        new = needs.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _before(name: str, reached: dict[str, set[str]], order: dict[str, int]) -> set[str]:
    """What must be right before `name` can be: all that it needs, but of those that need `name` only the earlier ones."""
    last = len(order)
    return {
        other
        for other in reached[name] - {name}
        if name not in reached.get(other, set()) or order.get(other, last) < order.get(name, last)
    }
