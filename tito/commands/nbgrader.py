"""tito nbgrader init | generate | release | collect | autograde | feedback | export | status | report | validate | formgrade"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tito import course
from tito.console import paint, say, table
from tito.course import Module
from tito.errors import TitoError
from tito.verdict import Verdict

app = typer.Typer(help="Assignments for a class, graded with NBGrader.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NN", help="The module, as in 02.")]
Some = Annotated[str | None, typer.Argument(metavar="[NN]", help="The module; without it, all that were generated.")]
Jobs = Annotated[int, typer.Option(min=1, help="How many at the same time.")]
Unsafe = Annotated[bool, typer.Option("--unsafe-ok", help="Run students' code even if it cannot be walled in.")]
COLORS = {"graded": "green", "needs manual": "yellow", "failed": "red", "no submission": "yellow"}


def _classroom():
    from tito.assignments.classroom import find_classroom

    return find_classroom()


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new folder, or a class that lacks something.")]) -> None:
    """Make the folder of a class: NBGrader's settings, folders and gradebook."""
    from tito.assignments.classroom import init as make

    make(folder)
    typer.echo(f"{folder} is ready. Next: cd {folder}, then `tito nbgrader generate 01`.")


@app.command()
def generate(
    name: Annotated[str | None, typer.Argument(metavar="[NN]", help="The module, as in 02.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every module.")] = False,
) -> None:
    """Make an assignment: the instructor's version in source/, the students' in release/."""
    from tito.assignments.cells import weaker_tests
    from tito.assignments.generate import frozen_ids
    from tito.assignments.generate import generate as make

    if (name is None) != everything:
        raise TitoError("say which module, as in `tito nbgrader generate 02`, or --all")
    modules = course.available() if everything else [course.find(name)]
    for module, source in make(_classroom(), modules):
        points = sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in source.cells)
        graded = sum(kind != "solution" for kind in frozen_ids(source).values())
        typer.echo(
            f"{module.stem}: {graded} graded cells, {points} points. Unsolved it scores 0, with the reference everything."
        )
        for test, worth, why in weaker_tests(source):
            typer.echo(
                f"  weaker, because it must run beside the student's code: {test}, {worth} point{'s' * (worth != 1)}"
            )
            typer.echo(f"    ({why})")
    typer.echo("Next: `tito nbgrader release NN --to NN_release.zip`, for the students.")


@app.command()
def release(
    name: Name,
    to: Annotated[Path, typer.Option(help="The archive to write.", dir_okay=False)],
    due: Annotated[
        datetime | None,
        typer.Option(help="When it is due, in UTC, as in 2030-01-31T23:59.", formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    ] = None,
) -> None:
    """Pack what students get, and freeze the names of the graded cells."""
    from tito.assignments.generate import release as pack

    names = pack(_classroom(), course.find(name), to, due)
    typer.echo(f"{to}: {', '.join(names)}" + (f"; due {due:%Y-%m-%d %H:%M} UTC" if due else ""))


@app.command()
def collect(
    name: Name,
    incoming: Annotated[
        Path, typer.Argument(help="A folder with one folder for each student, or a zip of that shape.")
    ],
    times: Annotated[
        Path | None,
        typer.Option(help="CSV of the LMS: id, handed_in.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Collect submissions, and rebuild each on the released notebook."""
    from tito.assignments.collect import collect as take_in
    from tito.assignments.lateness import read_times

    classroom, module = _classroom(), course.find(name)
    known_times = read_times(times) if times else {}
    counted: dict[str, int] = {}
    without_time = 0
    for collected in take_in(classroom, module, incoming, known_times):
        counted[collected.status] = counted.get(collected.status, 0) + 1
        without_time += collected.status == "collected" and collected.handed_in is None
        parts = [
            _summary(collected.report) if collected.report else collected.why,
            *([str(collected.handed_in)] if collected.handed_in else []),
        ]
        say(f"{collected.student}: {collected.status}, {'; '.join(parts)}")
    if without_time and classroom.due(module):
        typer.echo(
            f"For {without_time} the time it was handed in is unknown, so there is no late penalty: "
            "put timestamp.txt into their folders, or use --times"
        )
    typer.echo(
        "; ".join(f"{count} {status}" for status, count in counted.items())
        + f". Next: tito nbgrader autograde {module.number}"
    )


def _summary(report) -> str:
    return "; ".join([f"{len(report.filled)} filled", *_found(report)])


def _found(report) -> list[str]:
    """What there is to say of a submission besides that it was filled in."""
    words = ("altered", "missing", "duplicated")
    return [f"{word}: {', '.join(names)}" for word in words if (names := getattr(report, word))] + report.remarks


@app.command()
def autograde(
    name: Name,
    jobs: Jobs = 1,
    force: Annotated[bool, typer.Option("--force", help="Also what was graded already and has not changed.")] = False,
    unsafe_ok: Unsafe = False,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler: grade on its machines.")] = None,
) -> None:
    """Grade everything that was collected; what was graded before is graded again when it or the tests have changed."""
    from tito.assignments.grading import autograde as grade
    from tito.assignments.grading import known_students
    from tito.assignments.progress import progress

    classroom, module = _classroom(), course.find(name)
    results = list(
        progress(grade(classroom, module, jobs, force, unsafe_ok, scheduler), len(known_students(classroom, module)))
    )
    head, late = _lateness(results)
    rows = [(*_start(r), *cells, _remarks(r)) for r, cells in zip(results, late, strict=True)]
    typer.echo(table(("student", "status", "score", *head, "remarks"), rows))
    for result in results:
        for test, (before, now) in result.changed.items():
            say(f"{result.student}: {test} {before:g} -> {now:g}")


def _start(result) -> tuple[str, str, str]:
    return result.student, paint(result.status, COLORS[result.status]), _score(result)


def _lateness(results: list) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The columns about late work, and each student's entries; none, where there is no due date."""
    if not any(result.days_late is not None for result in results):
        return (), [()] * len(results)
    return ("handed in", "days late", "penalty", "before"), [_lateness_of(result) for result in results]


def _lateness_of(result) -> tuple[str, ...]:
    if result.score is None:
        return ("",) * 4
    days = "" if result.days_late is None else str(result.days_late)
    return result.handed_in[:16] or "not known", days, f"{result.penalty:g}", f"{result.score_before:g}"


def _score(result) -> str:
    return "" if result.score is None else f"{result.score:g} of {result.max_score:g}"


def _remarks(result) -> str:
    return "; ".join([*result.remarks, *(["as before"] if result.score is not None and not result.again else [])])


@app.command()
def feedback(
    name: Name, to: Annotated[Path, typer.Option(help="Folder for the pages.", file_okay=False)], jobs: Jobs = 1
) -> None:
    """Write a page for each student: the score, and for each failed test what, why and a tip."""
    from tito.assignments.grading import known_students
    from tito.assignments.progress import progress
    from tito.assignments.returning import feedback as write_pages

    classroom, module = _classroom(), course.find(name)
    pages = list(progress(write_pages(classroom, module, to, jobs), len(known_students(classroom, module))))
    missing = [page for page in pages if page.path is None]
    typer.echo(f"{len(pages) - len(missing)} pages in {to}")
    for page in missing:
        say(f"no page for {page.student}: {page.why}")
    raise typer.Exit(1 if missing else 0)


@app.command()
def export(
    name: Some = None,
    to: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)] = Path("grades.csv"),
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of CSV.")] = False,
) -> None:
    """Write all grades to a file."""
    from tito.assignments.results import export as write_grades

    classroom = _classroom()
    files = write_grades(classroom, _modules(classroom, name), to, as_json)
    typer.echo(f"{to}: {len(files)} rows")
    for row in files:
        if row["above_maximum"]:
            say(f"CHECK {row['student']}, {row['assignment']}: above the maximum: {row['above_maximum']}")


def _modules(classroom, name: str | None) -> list[Module]:
    modules = [course.find(name)] if name else classroom.assignments()
    missing = [module for module in modules if not classroom.source(module).exists()]
    if missing or not modules:
        number = missing[0].number if missing else "02"
        raise TitoError(f"there is no assignment yet: `tito nbgrader generate {number}` makes it")
    return modules


@app.command()
def status(name: Some = None) -> None:
    """How far each assignment is."""
    from tito.assignments.results import counts

    classroom = _classroom()
    rows = []
    for module in _modules(classroom, name):
        released, counted = classroom.record("released", module), counts(classroom, module)
        rows.append(
            (
                module.stem,
                released["at"][:10] if released else "no",
                *(counted[status] for status in (*COLORS, "to grade")),
            )
        )
    # in 80 columns
    head = (status.replace("no submission", "unsubmitted") for status in COLORS)
    typer.echo(table(("assignment", "released", *head, "to grade"), rows))


@app.command()
def report(name: Name) -> None:
    """What was found in each submission, as facts, and how many solved each exercise."""
    from tito.assignments.lateness import shown
    from tito.assignments.rebuild import Report
    from tito.assignments.results import by_exercise, exercises_of, reported

    classroom = _classroom()
    (module,) = _modules(classroom, name)
    lines, graded = [], []
    everything = reported(classroom, module)
    head, late = _lateness([result for result, _ in everything])
    for (result, record), cells in zip(everything, late, strict=True):
        report = Report(**record.get("report", {}))
        at = [f"handed in at {shown(result.handed_in)}, by {result.handed_in_by}"] if result.handed_in else []
        parts = at + _found(report) + result.remarks + ([record["later"]] if record.get("later") else [])
        lines.append((*_start(result), *cells, len(report.filled), "; ".join(parts)))
        graded += [by_exercise(module, result)] if result.score is not None else []
    typer.echo(table(("student", "status", "score", *head, "filled", "found"), lines))
    lines = []
    for exercise in exercises_of(classroom, module):
        read = [score for scores in graded if (score := scores.get(exercise)) is not None]
        lines.append((exercise, sum(map(bool, read)), len(read), len(graded) - len(read)))
    typer.echo()
    typer.echo(table(("exercise", "with points", "of", "not read yet"), lines))


@app.command()
def validate(
    file: Annotated[
        Path, typer.Argument(help="A notebook, .ipynb or .py, as a student hands it in.", exists=True, dir_okay=False)
    ],
    unsafe_ok: Unsafe = False,
) -> None:
    """Say what would be collected of a file, and what it solves."""
    from tito.assignments.validate import validate as look

    module, report, verdicts = look(_classroom(), file, unsafe_ok)
    say(f"{file.name}: {module.stem}, {_summary(report)}")
    rows = [(name, paint(str(judgement), judgement.color), why) for name, (judgement, why) in verdicts.items()]
    typer.echo(table(("exercise", "verdict", "why"), rows))
    raise typer.Exit(int(any(judgement.verdict is not Verdict.SOLVED for judgement, _ in verdicts.values())))


@app.command()
def formgrade(
    port: Annotated[int, typer.Option(help="Where it is served, on this machine only.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window, or only print the address.")] = True,
) -> None:
    """Open NBGrader's formgrader, where answers are read and marked, until Ctrl-C."""
    from tito.assignments.formgrade import formgrade as serve

    raise typer.Exit(serve(_classroom(), port, browser))
