"""How long tito's commands take, each in a fresh process, alternating with a bare Python."""

import shutil
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.fresh import run
from tito import course
from tito.export import export
from tito.place import COURSE, Place
from tito.workspace import init

# command -> how many milliseconds it may take beyond a bare Python
GOALS = {
    "--help": 150,
    "module status": 150,
    "export --all": 1000,
    "module test 01 --unit-only": 2000,
    "module test 03": 5000,
    "check 01": 5000,
}


def workspace(folder: Path) -> Place:
    """A workspace with modules 00 to 03 solved and exported."""
    place = init(folder / "mine")[0]
    for module in course.available()[:4]:
        shutil.copy(COURSE.notebook(module), place.notebook(module))
        export(place, [module])
    return place


def milliseconds(rounds: int, commands: list[str]) -> dict[str, tuple[float, float]]:
    """Command -> (its time, that of a bare Python): medians over `rounds`."""
    with tempfile.TemporaryDirectory(prefix="tito_") as folder:
        place = workspace(Path(folder))
        results = {}
        for command in commands:
            times = []
            for i in range(rounds + 1):
                pair = [elapsed(place, "-m", "tito", *command.split()), elapsed(place, "-c", "pass")]
                times += [pair] if i else []  # the first run compiles and fills the disk cache
            results[command] = tuple(median(column) for column in zip(*times, strict=True))
    return results


def elapsed(place: Place, *arguments: str) -> float:
    start = perf_counter()
    run(*arguments, cwd=place.root)
    return 1000 * (perf_counter() - start)
