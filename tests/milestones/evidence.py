"""The runs that a milestone's gates are set by: `python -m tests.milestones.evidence 03` writes its `evidence.json` again.

Each script runs with 20 seeds on the reference, and with a few on every wrong solution of every exercise that changes what the
script measures (tests/solutions/). It takes an hour or two.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.tito import test_solutions as tests
from tito import course, milestone
from tito.course import ROOT, Module
from tito.errors import TitoError
from tito.export import export
from tito.files import write
from tito.gates import EVIDENCE
from tito.place import MARK, Place
from tito.solutions import Wrong

RUNS = 20


@dataclass(frozen=True)
class Plan:
    """How often a run is recorded: with how many seeds for each mistake (0: no mistakes), and for the reference.

    `only_module` records the mistakes of that module alone, whatever shorter runs have measured.
    """

    mistake_seeds: int
    reference_seeds: int = RUNS
    only_module: str | None = None
    timeout_s_per_seed: int = 120  # a mistake may loop for ever


# milestone -> run -> plan; the short runs come first, and the long ones leave out mistakes that change nothing in those
PLANS = {
    "03": {"01_mlp_digits": Plan(3), "02_mlp_mnist --quick": Plan(1), "02_mlp_mnist": Plan(1)},
    "04": {
        "01_lenet_digits": Plan(3),
        "02_cnn_cifar10 --quick": Plan(1, reference_seeds=2),
        "02_cnn_cifar10": Plan(0, reference_seeds=2, timeout_s_per_seed=1200),
    },
    # mistakes of modules 00 to 11 are in the records of the other milestones
    "05": {
        "01_attention_proof": Plan(1, only_module="12"),
        "02_tinygpt_shakespeare --quick": Plan(1, reference_seeds=3, only_module="13", timeout_s_per_seed=600),
        "03_dialogue --quick": Plan(0, reference_seeds=3, timeout_s_per_seed=600),
        "02_tinygpt_shakespeare": Plan(0, reference_seeds=5, timeout_s_per_seed=3600),
        "03_dialogue": Plan(0, reference_seeds=5, timeout_s_per_seed=3600),
    },
}
NOT_RECORDED = ("seconds", "checksum")  # they differ between machines


@dataclass(frozen=True)
class Case:
    """A wrong solution: `why` is its key in `tests/solutions/`."""

    module: Module
    exercise: str
    why: str

    @property
    def wrong(self) -> Wrong:
        return tests.WRONG[self.module.stem][self.exercise][self.why]


def place_with(folder: Path, case: Case | None = None) -> Place:
    """A workspace whose `tinytorch` is the reference, but for one exercise that is solved wrongly."""
    place = Place(folder)
    write(place.root / "pyproject.toml", f"{MARK}\n")
    for name in ("tinytorch", "milestones"):
        shutil.copytree(ROOT / name, place.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    if case:
        (place.root / "notebooks").mkdir()
        tests.with_solutions(
            case.module.stem, {case.exercise: case.wrong.change}, place.root / "notebooks", keep_hidden=True
        )
        export(place, [case.module])
    return place


def measured(
    place: Place, script: Path, options: list[str], seeds: int, timeout_s_per_seed: int = 120
) -> dict[str, list[float]] | None:
    """What a script records in a place, without what depends on the machine; None if it ends with an error, or not at all."""
    record = place.root / "record.json"
    record.unlink(missing_ok=True)
    command = [sys.executable, script.name, *options, "--seeds", str(seeds), "--record", str(record)]
    folder = place.root / "milestones" / script.parent.name
    environment = place.environment() | {"OPENBLAS_NUM_THREADS": "1"}  # several run at once
    try:
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=timeout_s_per_seed * seeds)
    except subprocess.TimeoutExpired:
        return None
    if not record.exists():
        return None
    columns = json.loads(record.read_text(encoding="utf-8"))
    return {name: column for name, column in columns.items() if name not in NOT_RECORDED}


def of_mistake(case: Case, script: Path, options: list[str], seeds: int, first: dict) -> dict | str:
    """A mistake's entry in the record, or why it has none. `first` is what the reference measures with one seed."""
    with tempfile.TemporaryDirectory(prefix="evidence_") as folder:
        try:
            place = place_with(Path(folder), case)
        except TitoError:
            return "error"  # the package cannot even be imported
        values = measured(place, script, options, 1)
        if values == first:
            return "same"
        if values and seeds > 1:
            values = measured(place, script, options, seeds)
    if not values:
        return "error"
    return {"module": case.module.number, "exercise": case.exercise, "sentence": case.wrong.sentence, "values": values}


def called(script: Path, options: list[str]) -> set[str]:
    """Qualified names of the functions of `tinytorch` that a script calls."""
    program = (
        "import json, runpy, sys\n"
        "names = set()\n"
        "def note(frame, event, argument):\n"
        "    if event == 'call' and 'tinytorch' in frame.f_code.co_filename: names.add(frame.f_code.co_qualname)\n"
        "sys.argv = sys.argv[1:]\n"
        "sys.path.insert(0, '')\n"
        "sys.setprofile(note)\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit: pass\n"
        "sys.setprofile(None)\n"
        "print(json.dumps(sorted(names)))\n"
    )
    with tempfile.TemporaryDirectory(prefix="evidence_") as folder:
        place = place_with(Path(folder))
        command = [sys.executable, "-c", program, script.name, *options, "--seeds", "1", "--record", "record.json"]
        work = place.root / "milestones" / script.parent.name
        run = subprocess.run(command, cwd=work, env=place.environment(), stdout=subprocess.PIPE, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def cases(script: Path, options: list[str]) -> list[Case]:
    """The wrong solutions of the exercises that a script calls."""
    names = called(script, options)
    return [
        Case(module, exercise, why)
        for module in milestone.needs(script)
        for exercise, whys in tests.WRONG[module.stem].items()
        if exercise in names
        for why in whys
    ]


def worth_trying(tried: list[Case], before: dict) -> list[Case]:
    """Of some mistakes those that, in the record of a shorter run, measured something outside of the reference's range."""
    ranges = {name: (min(values), max(values)) for name, values in before["reference"].items()}
    outside = {
        (entry["module"], entry["exercise"], entry["sentence"])
        for entry in before["mistakes"]
        if any(not ranges[name][0] <= value <= ranges[name][1] for name in ranges for value in entry["values"][name])
    }
    return [case for case in tried if (case.module.number, case.exercise, case.wrong.sentence) in outside]


def tried(script: Path, options: list[str], plan: Plan, before: dict | None) -> list[Case]:
    """The mistakes that a plan asks for; `before` is the record of a shorter run, if there is one."""
    if plan.mistake_seeds == 0:
        return []
    if plan.only_module:
        return [case for case in cases(script, options) if case.module.number == plan.only_module]
    return cases(script, options) if before is None else worth_trying(cases(script, options), before)


def collect(script: Path, options: list[str], plan: Plan, mistakes: list[Case], jobs: int) -> dict:
    """The record of a script: its runs on the reference, and on the mistakes that change what it measures."""
    with tempfile.TemporaryDirectory(prefix="evidence_") as folder, ThreadPoolExecutor(jobs) as pool:
        place = place_with(Path(folder))
        first = measured(place, script, options, 1) if mistakes else None
        reference = pool.submit(measured, place, script, options, plan.reference_seeds, plan.timeout_s_per_seed)
        one = partial(of_mistake, script=script, options=options, seeds=plan.mistake_seeds, first=first)
        found = []
        for case, entry in zip(mistakes, pool.map(one, mistakes), strict=True):
            print(f"  {case.exercise}, {case.why}: {entry if isinstance(entry, str) else 'measured'}", flush=True)
            found.append(entry)
        assert reference.result(), f"{script.name} does not run"
    return {
        "reference": reference.result(),
        "ended with an error": found.count("error"),
        "measured the same": found.count("same"),
        "mistakes": [entry for entry in found if isinstance(entry, dict)],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.milestones.evidence", description=__doc__.split("\n")[0])
    parser.add_argument("milestone", help="its number, as in 03")
    parser.add_argument("--only", help="one run, as in '02_mlp_mnist --quick' (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    replayed = course.find_milestone(chosen.milestone)
    path, plans, before = replayed.path, PLANS[replayed.number], None
    for run, plan in plans.items():
        script, options = path / f"{run.split()[0]}.py", run.split()[1:]
        known = json.loads((path / EVIDENCE).read_text(encoding="utf-8")) if (path / EVIDENCE).exists() else {}
        if chosen.only in (None, run):
            known[run] = collect(script, options, plan, tried(script, options, plan, before), chosen.jobs)
            write(
                path / EVIDENCE,
                json.dumps({name: known[name] for name in plans if name in known}, indent=1) + "\n",
            )
            print(f"{run}: {len(known[run]['mistakes'])} mistakes measured", flush=True)
        before = known.get(run, before)
    return 0


if __name__ == "__main__":
    sys.exit(main())
