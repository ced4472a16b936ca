"""Gates: what a milestone's run must reach, shown beside recorded runs of the reference and of known mistakes.

A milestone's folder holds the recorded runs in `evidence.json`; `python -m tests.milestones.evidence 03` writes it again.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log
from pathlib import Path
from statistics import NormalDist, fmean, stdev

from tito.errors import TitoError
from tito.files import read, write

EVIDENCE = "evidence.json"
ENOUGH_RUNS = 10  # to say how often a correct run fails


@dataclass(frozen=True)
class Gate:
    """A bound that one measured value of every run must keep.

    Args:
        name: what is measured, such as "accuracy".
        low, high: the smallest and the largest value that pass.
        form: how values are printed, a format such as ".1%".
        meaning: what a value within the bounds shows, as a phrase.
    """

    name: str
    low: float = -inf
    high: float = inf
    form: str = ".1%"
    meaning: str = ""

    def passes(self, value: float) -> bool:
        return self.low <= value <= self.high  # nan never does

    def show(self, value: float) -> str:
        return format(value, self.form)

    @property
    def needs(self) -> str:
        """As in "at least 96.0%"."""
        if self.high == inf:
            return f"at least {self.show(self.low)}"
        return (
            f"at most {self.show(self.high)}"
            if self.low == -inf
            else f"{self.show(self.low)} to {self.show(self.high)}"
        )


def classifier_gates(accuracy: float, shuffled: float) -> tuple[Gate, Gate, Gate]:
    """What every classifier among ten classes must pass, whatever its layers.

    Args:
        accuracy: the smallest one on test images.
        shuffled: the largest accuracy of a network that was trained on shuffled labels.
    """
    guess = f"guessing among ten costs ln 10 = {log(10):.3f}"
    return (
        Gate("accuracy", low=accuracy, meaning="on images that the network has not seen"),
        Gate("first loss", low=2.25, high=2.40, form=".3f", meaning=guess),
        Gate("shuffled labels", high=shuffled, meaning="trained on shuffled labels; chance is 10.0%"),
    )


@dataclass(frozen=True)
class Mistake:
    """A wrong solution of an exercise, and what its runs measured."""

    module: str
    exercise: str
    sentence: str
    values: dict[str, list[float]]  # gate -> value of each run; empty if the runs ended with an error


@dataclass(frozen=True)
class Evidence:
    """The recorded runs of one script: of the reference, with many seeds, and of known mistakes, with a few."""

    reference: dict[str, list[float]]  # gate -> value of each run
    mistakes: list[Mistake]

    def failure_rate(self, gate: Gate) -> float:
        """How often a correct run would fail a gate, by a normal distribution through the reference's runs."""
        values = self.reference[gate.name]
        if stdev(values) == 0:
            return float(not gate.passes(values[0]))
        curve = NormalDist(fmean(values), stdev(values))
        return curve.cdf(gate.low) + 1 - curve.cdf(gate.high)

    def like(self, gate: Gate, value: float) -> list[Mistake]:
        """Mistakes whose runs fail a gate with values around this one, nearest first."""
        around = [
            (abs(fmean(values) - value), mistake)
            for mistake in self.mistakes
            if (values := mistake.values.get(gate.name)) and not all(map(gate.passes, values))
            if min(values) - _spread(values) <= value <= max(values) + _spread(values)
        ]
        return [mistake for _, mistake in sorted(around, key=lambda pair: pair[0])]


def _spread(values: Sequence[float]) -> float:
    """How far a further run may lie outside of a few: their range, or 5 % of their mean if that is more."""
    return max(max(values) - min(values), 0.05 * abs(fmean(values)))


def evidence(folder: Path, run: str) -> Evidence:
    """Read the recorded runs of a script; `run` is its name, as in "01_mlp_digits" or "02_mlp_mnist --quick".

    Raises:
        TitoError: the milestone's folder has no record of it.
    """
    path = folder / EVIDENCE
    recorded = json.loads(read(path)) if path.exists() else {}
    if run not in recorded:
        raise TitoError(f"{path} has no runs of {run}: copy the file again from the course's milestones")
    mistakes = [Mistake(**fields) for fields in recorded[run]["mistakes"]]
    return Evidence(recorded[run]["reference"], mistakes)


def judge(
    gates: Sequence[Gate], runs: Sequence[dict[str, float]], recorded: Evidence, first: int = 0
) -> tuple[bool, str]:
    """Hold the measured values of some runs against the gates.

    Args:
        gates: what every run must pass.
        runs: for each seed, gate -> value.
        recorded: the runs that the bounds were chosen by.
        first: the first of the seeds.

    Returns:
        Whether all runs pass all gates, and a report: one line for each gate, and for one that fails where its value lies among
        the recorded runs.
    """
    lines, passed = [], True
    for gate in gates:
        values = [run[gate.name] for run in runs]
        failing = [(value, seed) for seed, value in enumerate(values, first) if not gate.passes(value)]
        passed &= not failing
        verdict = "FAILS" if failing else "passes"
        shown = _range(gate, values)
        lines.append(f"{verdict:6}  {gate.name}: {shown}, needs {gate.needs}{gate.meaning and f' ({gate.meaning})'}")
        if failing:
            lines += [f"        {line}" for line in _where(gate, *failing[0], recorded)]
    return passed, "\n".join(lines)


def recorded_runs(folder: Path, run: str, options: argparse.Namespace) -> Evidence | None:
    """What a script's runs are judged by; None if they are recorded instead. If there is no record, the script ends with a sentence."""
    try:
        return None if options.record else evidence(folder, run)
    except TitoError as error:
        sys.exit(f"{error}")


def conclude(
    gates: Sequence[Gate], runs: Sequence[dict[str, float]], recorded: Evidence | None, options: argparse.Namespace
) -> int:
    """Judge a script's runs and print the report, or write them to the file of `--record`; returns the exit code."""
    if recorded is None:
        write(options.record, to_json(runs))
        return 0
    passed, report = judge(gates, runs, recorded, options.seed)
    print(report)
    return 0 if passed else 1


def _range(gate: Gate, values: Sequence[float]) -> str:
    low, high = gate.show(min(values)), gate.show(max(values))
    return low if low == high else f"{low} to {high}"


def _where(gate: Gate, value: float, seed: int, recorded: Evidence) -> list[str]:
    """Where a value that fails lies among the recorded runs."""
    reference = recorded.reference[gate.name]
    runs = f"{len(reference)} run{'s' * (len(reference) > 1)} of the reference measured {_range(gate, reference)}"
    lines = [f"Seed {seed} measured {gate.show(value)}.", f"{runs}{_how_often(gate, recorded)}."]
    similar = recorded.like(gate, value)
    if similar:
        lines.append("Runs with these mistakes came out like yours:")
        lines += [
            f"  module {m.module}, {m.exercise} ({_range(gate, m.values[gate.name])}): {m.sentence}"
            for m in similar[:3]
        ]
    else:
        lines.append(
            "None of the recorded mistakes came out like this. Run the tests of your modules: tito module test --all"
        )
    return lines


def _how_often(gate: Gate, recorded: Evidence) -> str:
    """How often a correct run fails a gate, as the end of a sentence; nothing if there are too few runs to tell."""
    if len(recorded.reference[gate.name]) < ENOUGH_RUNS:
        return ""
    rate = recorded.failure_rate(gate)
    if rate > 1e-6:
        return f"; about 1 correct run in {1 / rate:,.0f} fails"
    return "; fewer than 1 correct run in a million fails"


def options(description: str, seeds: int = 5, resume: bool = False) -> argparse.Namespace:
    """Read the command line of a milestone's script: `--seeds`, `--seed`, `--quick`, `--record`, and `--resume` if the script can."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seed", type=int, default=0, help="the first random seed (default: 0)")
    parser.add_argument("--seeds", type=_count, help=f"how many random seeds (default: {seeds}, with --quick 1)")
    parser.add_argument("--quick", action="store_true", help="at most a minute: one seed, less training")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write what each seed measured to a JSON file, and judge nothing"
    )
    if resume:
        parser.add_argument("--resume", action="store_true", help="continue a run that you stopped with Ctrl-C")
    chosen = parser.parse_args()
    chosen.seeds = chosen.seeds or (1 if chosen.quick else seeds)
    return chosen


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seeds: give 1 or more")
    return int(text)


def to_json(runs: Sequence[dict[str, float]]) -> str:
    """What some runs measured, as the text of a JSON file: gate -> value of each run, to four significant digits."""
    columns = {name: [float(f"{run[name]:.4g}") for run in runs] for name in runs[0]}
    return json.dumps(columns, indent=1) + "\n"
