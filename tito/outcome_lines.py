"""What a phase of tests looks like in a terminal."""

import textwrap
from collections.abc import Iterator

from tito.console import paint
from tito.testing import Phase, Result
from tito.verdict import COLORS, Verdict

PHASES = {"inline": "in the notebook", "module": "exported", "integration": "with the earlier modules"}
LABEL_WIDTH = max(map(len, Verdict))
MAX_FAILURES = 3  # of tests that belong to no exercise
WIDTH = 100


def failures(phase: Phase) -> Iterator[str]:
    """A few lines for each exercise that is wrong, and one for each that waits; those that are not done yet share one."""
    if phase.broken:
        yield from _entry(Verdict.WRONG, [phase.broken])
    others, unsolved = 0, []
    for subject, judgement in phase.judgements.items():
        if judgement.verdict is Verdict.WRONG:
            others += subject.startswith("test_")
            if not subject.startswith("test_") or others <= MAX_FAILURES:
                yield from _entry(Verdict.WRONG, _about(phase, subject))
        elif judgement.verdict is Verdict.WAITING:
            yield from _entry(Verdict.WAITING, [f"{subject} {judgement}"])
        elif judgement.verdict is Verdict.UNSOLVED:
            unsolved.append(subject)
    if others > MAX_FAILURES:
        yield from _entry(Verdict.WRONG, [f"and {others - MAX_FAILURES} more tests"])
    if unsolved:
        yield from _entry(Verdict.UNSOLVED, [", ".join(unsolved)])


def _about(phase: Phase, subject: str) -> list[str]:
    """The lines of the first failed test of an exercise; an example only if no test has failed."""
    failed = [result for result in phase.results if result.subject == subject and result.outcome == "failed"]
    result = next((result for result in failed if not result.name.startswith("examples ")), failed[0])
    first, *lines = result.lines or ("",)
    return [first if result.is_slip else f"{subject}: {first}", *lines]


def _entry(verdict: Verdict, lines: list[str]) -> Iterator[str]:
    wrapped = [part for line in lines for part in textwrap.wrap(line, WIDTH - LABEL_WIDTH - 4) or [""]]
    yield f"  {paint(f'{verdict:<{LABEL_WIDTH}}', COLORS[verdict])}  {wrapped[0]}"
    yield from (f"{'':{LABEL_WIDTH + 4}}{line}" for line in wrapped[1:])


def everything(phase: Phase) -> Iterator[str]:
    """For -v: each test with WHAT it checks and WHY."""
    for result in phase.results:
        verdict = phase.verdict_of(result)
        word = "skipped" if result.outcome == "skipped" else "passed" if verdict is Verdict.SOLVED else str(verdict)
        yield f"  {paint(f'{word:<{LABEL_WIDTH}}', COLORS[verdict])}  {_with_parameters(result)}"
        for section in ("WHAT", "WHY"):
            if text := (result.sections or {}).get(section):
                indent = " " * (LABEL_WIDTH + 4)
                yield textwrap.fill(f"{section}: {text}", WIDTH, initial_indent=indent, subsequent_indent=indent)


def _with_parameters(result: Result) -> str:
    return result.name + (f"[{result.id.partition('[')[2]}" if result.id.endswith("]") else "")


def summary(phases: list[Phase], not_run: list[str]) -> str:
    """One line about all tests that were run, and one about the phases that were not."""
    if not phases:
        return "There are no tests to run."
    last = phases[-1]
    skipped = sum(result.outcome == "skipped" for phase in phases for result in phase.results)
    if not last.code:
        counts = [(phase.count(Verdict.SOLVED), PHASES[phase.name]) for phase in phases]
        parts = ", ".join(f"{count} {where}" for count, where in counts)
        total = sum(count for count, _ in counts)
        return f"{paint('All', 'green')} {total} tests passed: {parts}{f'; {skipped} skipped' * bool(skipped)}."
    words = {Verdict.WRONG: "failed", Verdict.WAITING: "waiting", Verdict.UNSOLVED: "not done yet"}
    passed = last.count(Verdict.SOLVED)
    parts = [f"{passed} test{'s' * (passed != 1)} passed"]
    parts += [f"{last.count(verdict)} {word}" for verdict, word in words.items() if last.count(verdict)]
    text = f"{PHASES[last.name].capitalize()}: {', '.join(parts)}."
    if last.broken:
        text = f"{PHASES[last.name].capitalize()}: the tests could not be run."
    return text + (f"\nNot run: {', '.join(PHASES[name] for name in not_run)}." if not_run else "")
