"""What every module's notebook must have. Each rule reads the notebook and yields what is missing: line, what, what to do."""

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json import loads
from pathlib import Path

from tito import course, files, solutions
from tito.course import Module
from tito.errors import TitoError
from tito.feedback import explain
from tito.glue import GIVEN
from tito.notebook import (
    Cell,
    Definition,
    Notebook,
    line_of,
    modules_imported,
    names_bound,
    names_read,
    parse,
    test_name,
    test_of,
)
from tito.place import COURSE, Place
from tito.plain import plain_module
from tito.solutions import Wrong
from tito.stub import stub
from tito.syntax import parse_python
from tito.voice import unwanted, unwanted_names

Problem = tuple[int, str]  # line; what is wrong and what to do
# after the numbered ones, in this order
LAST_SECTIONS = ("Measure", "Complexity", "In production", "Questions", "Summary")
FEW_POINTS = 1  # of a test that measures time or memory
MEASURING_MODULES = ("tracemalloc", "resource", "socket", "psutil")
MEASURES = rf"(time|{'|'.join(MEASURING_MODULES)})\.\w+|(perf_counter|monotonic|process_time)(_ns)?"
MOST_WEAKER = 0.2  # of the points of a module's tests
FIRST_CELL = ("**When you are done:**", "**You need:**", "**It unlocks:**")


@dataclass(frozen=True)
class Finding:
    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def check(module: Module, place: Place = COURSE) -> list[Finding]:
    """Everything in a module's notebook that falls short of the standards; empty when nothing does."""
    path = place.notebook(module)
    try:
        notebook = parse(path)
        problems = [problem for rule in RULES for problem in rule(notebook, module)]
        if not problems:  # what has to be run takes seconds, and says little about a notebook that is not whole
            problems = _run(notebook, place)
    except TitoError as error:
        line = re.search(r":(\d+):", str(error))
        return [Finding(path, int(line[1]) if line else 1, str(error).split(": ", 1)[-1])]
    return [Finding(path, line, text) for line, text in sorted(problems)]


# Sections


def _headings(notebook: Notebook, deepest: int = 2) -> list[tuple[int, str]]:
    """Line and text of every `#` and `##` heading in the prose, and of smaller ones if asked for."""
    headings = []
    for cell in notebook.cells:
        if cell.kind == "markdown":
            for offset, line in enumerate(cell.source.split("\n")):
                if match := re.match(rf"#{{1,{deepest}}} (.+)", line.strip()):
                    headings.append((cell.line + offset, match[1]))
    return headings


def sections(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Title, numbered concepts, and the closing sections in their order; the summary is the last cell."""
    headings = _headings(notebook)
    if not headings or headings[0][1] != module.title:
        yield headings[0][0] if headings else 1, f"the first heading must be '# {module.title}'"
    first = notebook.cells[1] if len(notebook.cells) > 1 else notebook.cells[0]
    for part in FIRST_CELL:
        if part not in first.source:
            yield first.line, f"the opening lacks {part}: say it there"
    numbers = [(line, int(match[1])) for line, text in headings if (match := re.match(r"(\d+)\. ", text))]
    for expected, (line, number) in enumerate(numbers, 1):
        if number != expected:
            yield line, f"section {number} should be section {expected}: number the concepts from 1"
    if not 4 <= len(numbers) <= 9:
        yield 1, f"there are {len(numbers)} numbered concepts: a module has four to nine"
    closing = [(line, name) for line, text in headings for name in LAST_SECTIONS if text.startswith(name)]
    for name in LAST_SECTIONS:
        if name not in [other for _, other in closing]:
            yield len(notebook.lines), f"there is no section '## {name}': add it"
    in_order = sorted(closing, key=lambda item: LAST_SECTIONS.index(item[1]))
    for (line, name), (_, expected) in zip(closing, in_order, strict=True):
        if name != expected:
            yield line, f"'{name}' is where '{expected}' belongs: the order is {', '.join(LAST_SECTIONS)}"
    if numbers and closing and numbers[-1][0] > closing[0][0]:
        yield numbers[-1][0], f"this concept comes after '{closing[0][1]}': concepts come first"
    last = notebook.cells[-1]
    if last.kind != "markdown" or "## Summary" not in last.source:
        yield last.line, "the summary must be the last cell"
    elif "**Next:**" not in last.source:
        yield last.line, "the summary must end on what comes next: **Next:** ..."


def _between(notebook: Notebook, name: str) -> list[Cell]:
    """The cells of one of the closing sections, from its heading to the next."""
    headings = _headings(notebook)
    start = next((line for line, text in headings if text.startswith(name)), None)
    if start is None:
        return []
    end = next((line for line, _ in headings if line > start), len(notebook.lines) + 1)
    return [cell for cell in notebook.cells if cell.line + cell.source.count("\n") >= start and cell.line < end]


def measured(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """One measured section: predict, press a button, time and memory."""
    cells = _between(notebook, "Measure")
    if not cells:
        return
    prose = "\n".join(cell.source for cell in cells if cell.kind == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.kind != "markdown")
    for source, pattern, advice in (
        (prose, r"\*\*Predict\*\*", "ask for a prediction before the number is shown"),
        (code, r"run_button", "measure when a button is pressed, not after every keystroke"),
        (code, r"\bmeasure\(", "call measure(measure_button, measure_...): the book's build has no button to press"),
        (code, r"def measure_", "put the measuring into a function measure_..."),
        (code, r"compare\(|perf_counter|median_seconds", "measure time"),
        (code, r"compare\(|tracemalloc|nbytes|itemsize", "measure memory"),
    ):
        if not re.search(pattern, source):
            yield cells[0].line, f"the measured section: {advice}"


def complexity_and_production(notebook: Notebook, module: Module) -> Iterator[Problem]:
    for name, pattern, advice in (
        ("Complexity", r"\|.*\|", "give operations and memory in a table"),
        ("In production", r"`[\w./]*\w+/\w[\w./]*`", "name the file in PyTorch where the same is done"),
    ):
        cells = _between(notebook, name)
        if cells and not re.search(pattern, "\n".join(cell.source for cell in cells)):
            yield cells[0].line, f"'{name}': {advice}"


def questions(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Three to five, at least one numeric and checked, at least one free."""
    numeric = [cell for name, cell in notebook.definitions.items() if name.startswith("answer_")]
    free = [cell for cell in notebook.cells if cell.name.startswith("question_")]
    line = next((line for line, text in _headings(notebook) if text.startswith("Questions")), 1)
    if not 3 <= len(numeric) + len(free) <= 5:
        yield line, f"there are {len(numeric) + len(free)} questions: a module has three to five"
    if not numeric:
        yield line, "no question is numeric: add a function answer_NAME() with its test"
    if not free:
        yield line, "no question is free: add a cell question_NAME"
    for cell in free:
        if "answered by hand" not in cell.marks or not cell.marks.get("points", "").isdigit():
            yield cell.line, f"{cell.name} needs the comment `# points: 2, answered by hand`"


# Exercises and tests


def scaffolds(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """What helps to write an exercise: an example that is run, steps, a hint."""
    for block in notebook.solutions:
        node = notebook.definition(block.owner)
        text = ast.get_docstring(node) or ""
        is_question = block.owner.startswith("answer_")
        parts = {"Hint:": "a hint", **({} if is_question else {">>>": "an example", "Steps:": "steps"})}
        if isinstance(node, ast.FunctionDef) and "." not in block.owner and not is_question and node.args.args:
            parts |= {"Args:": "its arguments, with shapes", "Returns:": "what it returns"}
        for part, name in parts.items():
            if part not in text:
                yield node.lineno, f"the docstring of {block.owner} lacks {name} ({part})"
    for block in (*notebook.solutions, *notebook.hidden_tests):
        if block.end == block.begin + 1:
            yield block.begin, f"there is nothing between the markers in {block.owner}"


def exercises_are_tested(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """An exercise's test is right below it; those of a class's methods are below the class, in order."""
    names = [cell.name for cell in notebook.cells if cell.is_definition]
    lines = {name: notebook.definitions[name].node.lineno for name in names}
    previous = 0
    for block in notebook.solutions:
        test = test_name(block.owner)
        if test not in lines:
            yield block.begin, f"{block.owner} has no test: write {test} below it"
        elif "." not in block.owner and names[names.index(block.owner) + 1] != test:
            yield lines[test], f"{test} must be the next definition below {block.owner}"
        elif lines[test] < previous:
            yield lines[test], f"{test} is above the test of an earlier exercise: keep the order of the exercises"
        previous = max(previous, lines.get(test, 0))


def definitions_are_tested(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Whatever is exported is used by a test further down, at least through another definition."""
    definitions = notebook.definitions
    reads = {name: names_read(cell.source) & definitions.keys() for name, cell in definitions.items()}
    for name, cell in definitions.items():
        if not cell.is_exported:
            continue
        users, before = {name}, 0
        while len(users) > before:
            before = len(users)
            users |= {other for other, read in reads.items() if read & users}
        tests = [definitions[user] for user in users if user.startswith("test_")]
        if not any(test.line > cell.line for test in tests):
            yield cell.node.lineno, f"no test below uses {name}: write test_{name}, or mark it `# not exported`"


def type_hints(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Public functions and methods of the package say what they take and give: PyTorch's documentation does, too."""
    for cell in notebook.cells:
        if cell.is_exported:
            for line, name, lacking in without_hints([cell.node]):
                yield line, f"{name} lacks type hints for {lacking}: write them as PyTorch's documentation does"


def without_hints(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[int, str, str]]:
    """Line, name and what has no type hint, of each public function and of each public method of a public class."""
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from without_hints(node.body, f"{node.name}.")
            continue
        given = node.args
        parameters = [*given.posonlyargs, *given.args]
        if prefix and "staticmethod" not in map(ast.unparse, node.decorator_list):
            del parameters[:1]  # self, or cls
        parameters += [arg for arg in (given.vararg, *given.kwonlyargs, given.kwarg) if arg is not None]
        lacking = [arg.arg for arg in parameters if arg.annotation is None]
        lacking += ["the result"] if node.returns is None else []
        if lacking:
            yield node.lineno, prefix + node.name, ", ".join(lacking)


def test_docstrings(notebook: Notebook, module: Module) -> Iterator[Problem]:
    for cell in notebook.cells:
        if cell.is_test:
            lacking = [part for part in ("WHAT", "WHY", "TIP") if not explain(ast.get_docstring(cell.node)).get(part)]
            if lacking:
                yield cell.node.lineno, f"the docstring of {cell.name} lacks {', '.join(lacking)}"


test_docstrings.__test__ = False


def points(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Points for the tests of exercises, and for no others: those pass on the stub."""
    exercises = [block.owner for block in notebook.solutions]
    graded = set(map(test_name, exercises))
    for cell in notebook.cells:
        if cell.is_test:
            given = cell.marks.get("points", "")
            if cell.name in graded and not (given.isdigit() and int(given) > 0):
                yield cell.line, f"{cell.name} is graded: say `# points: N` between @app.function and def"
            if given and test_of(cell.name, exercises) is None:
                yield cell.line, f"{cell.name} belongs to no exercise and passes on the stub: it carries no points"


def tested_together(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """A comment `# with: NAME` is above a graded test and names another exercise: both are then the student's."""
    exercises = [block.owner for block in notebook.solutions]
    for cell in notebook.cells:
        if "with" not in cell.marks:
            continue
        own = test_of(cell.name, exercises) if cell.is_test and "points" in cell.marks else None
        if own is None:
            yield cell.line, f"`# with:` is for graded tests, and {cell.name} is none: delete it"
        names = cell.marks["with"].split()
        for name in [name for name in names if own and (name not in exercises or name == own)] or (
            [] if names else [""]
        ):
            yield (
                cell.line,
                f"`# with: {name}` above {cell.name} names no other exercise: use the name of one, as in `# with: relu`",
            )


def counts_instead_of_clocks(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """A graded test runs in another process than the code it tests, and sees no time, memory or socket of that one."""
    for cell in notebook.cells:
        points = cell.marks.get("points", "")
        measures = _measures(cell.node) if cell.is_test and points.isdigit() and int(points) > FEW_POINTS else []
        for name in measures[:1]:
            yield (
                line_of(cell, name.partition(".")[0]),
                f"{cell.name} reads {name} and has {points} points: count calls, FLOPs or bytes instead, or measure in a test of"
                f" {FEW_POINTS} point, {cell.name}_memory",
            )


def _measures(test: ast.AST) -> list[str]:
    """The clocks, memory meters and sockets that a test uses, as it writes them."""
    measures = set()
    for node in ast.walk(test):
        if isinstance(node, ast.Name | ast.Attribute):
            text = ast.unparse(node)
            measures |= {text} if re.fullmatch(MEASURES, text) else set()
        measures |= {name for name in modules_imported(node) if name.partition(".")[0] in MEASURING_MODULES}
    return sorted(measures)


def solutions_end_their_body(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """A solution is the rest of its body, or binds no name that is used after it: else the stub has undefined names."""
    for block in notebook.solutions:
        node = notebook.definition(block.owner)
        after = [child for child in node.body if child.lineno > block.end]
        inside = [child for child in node.body if block.begin < child.lineno < block.end]
        bound = names_bound("\n".join(map(ast.unparse, inside)))
        used = {n.id for child in after for n in ast.walk(child) if isinstance(n, ast.Name)}
        for name in sorted(bound & used):
            yield block.end, f"{block.owner} uses {name} after its solution: let the solution be the rest of the body"


def right_and_wrong(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Each exercise has right and wrong solutions; each wrong one a name, a sentence and a heading for the learner."""
    headings = [text for _, text in _headings(notebook, 3)]
    all_right, all_wrong = solutions.right(module), solutions.wrong(module)
    for block in notebook.solutions:
        line, is_question = notebook.definition(block.owner).lineno, block.owner.startswith("answer_")
        right, wrong = all_right.get(block.owner), all_wrong.get(block.owner)
        if not is_question and not right:
            yield line, f"{block.owner} has no right solutions: add two to RIGHT in tests/solutions/{module.stem}.py"
        if not wrong:
            yield line, f"{block.owner} has no wrong solutions: add them to WRONG in tests/solutions/{module.stem}.py"
        for what, mistake in (wrong or {}).items():
            for problem in _mistake(mistake, headings, "\n".join(notebook.body(block))):
                yield line, f"{block.owner}, wrong solution {what!r}: {problem}"


def _mistake(mistake: Wrong, headings: list[str], reference: str) -> Iterator[str]:
    if mistake.name not in solutions.NAMES:
        yield f"{mistake.name!r} is not a name in tito/solutions.py: choose one of those"
    if not re.fullmatch(r".{10,140}[.?]", mistake.sentence):
        yield "say it to the learner in one sentence of at most 140 characters"
    if any(len(code) > 3 and code in reference for code in re.findall(r"`(.+?)`", mistake.sentence)):
        yield "its sentence has code of the answer: ask, or say what can be seen"
    if mistake.heading and mistake.heading not in headings:
        yield f"the notebook has no heading {mistake.heading!r}"


# Words and tables


def words(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """The notebook sounds like an engineer at a whiteboard."""
    yield from unwanted(notebook.text)
    yield from unwanted_names(notebook.text)


def tables(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Columns say how they are aligned: marimo shows the others flush right."""
    for number, line in enumerate(notebook.lines, 1):
        if re.fullmatch(r"\s*\|[ :|-]+\|\s*", line) and re.search(r"\|\s*-+\s*(?=\|)", line):
            yield number, "a column of this table is not aligned: `|:---|` for text, `|---:|` for numbers"


def compared(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Numbers are compared with `close`, which wants equal shapes."""
    for cell in notebook.cells:
        if cell.is_test and (call := re.search(r"np\.(allclose|isclose|array_equal)\(", cell.source)):
            line = cell.line + cell.source[: call.start()].count("\n")
            yield (
                line,
                f"{cell.name} compares with np.{call[1]}, which may broadcast: use close(actual, expected, what)",
            )


# Reactivity and imports


def reactive(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """At least two cells that answer to a control, besides the button that measures."""
    cells = [cell for cell in notebook.cells if cell.kind == "code"]
    controls = {
        name
        for cell in cells
        if re.search(r"mo\.ui\.(?!run_button)|sliders_of\(", cell.source)
        for name in names_bound(cell.source)
    }
    readers = [cell for cell in cells if names_read(cell.source) & controls]
    if len(readers) < 2:
        yield 1, f"{len(readers)} cells answer to a control: a module has at least two to explore with"


def imports(notebook: Notebook, module: Module) -> Iterator[Problem]:
    """Only from modules with a smaller number, what the course gives beside them, given files that build on none, and data sets."""
    numbers = {other.exported_as: other.number for other in course.MODULES} | dict.fromkeys(GIVEN, "")
    numbers |= {f"vocabulary.{name}": number for name, number in numbers.items() if number}
    numbers["datasets"] = course.find("dataloader").number
    for node in ast.walk(parse_python(notebook.text)):
        for name in modules_imported(node):
            package, _, slug = name.partition(".")
            if package == "tinytorch" and (slug not in numbers or numbers[slug] >= module.number):
                yield (
                    node.lineno,
                    f"`{name}` is not from an earlier module: a notebook imports tinytorch.SLUG of those only",
                )


RULES: tuple[Callable[[Notebook, Module], Iterator[Problem]], ...] = (
    sections,
    measured,
    complexity_and_production,
    questions,
    scaffolds,
    exercises_are_tested,
    definitions_are_tested,
    test_docstrings,
    points,
    tested_together,
    counts_instead_of_clocks,
    solutions_end_their_body,
    right_and_wrong,
    words,
    tables,
    compared,
    reactive,
    imports,
)


# What has to be run


def _run(notebook: Notebook, place: Place) -> list[Problem]:
    with tempfile.TemporaryDirectory(prefix="tito_") as name:
        folder = Path(name)
        files.write(folder / "solved" / notebook.path.name, plain_module(notebook))
        files.write(folder / "stub" / notebook.path.name, stub(notebook.path))
        with ThreadPoolExecutor() as pool:
            checks = (_marimo_check, _tests, _opened_unsolved, _weaker_tests)
            jobs = [pool.submit(job, notebook, place, folder) for job in checks]
            *others, weaker = jobs
            # what a test is worth is the question once the reference passes it
            return [problem for job in others for problem in job.result()] or weaker.result()


def _python(place: Place, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, *map(str, arguments)]
    environment = place.environment() | {"MPLBACKEND": "agg", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=place.root, env=environment, capture_output=True, encoding="utf-8", errors="replace"
    )


def _marimo_check(notebook: Notebook, place: Place, folder: Path) -> list[Problem]:
    run = _python(place, "-m", "marimo", "check", "--strict", notebook.path)
    lines = re.findall(r"^\s*--> .*?:(\d+)(?::\d+)?$", run.stdout + run.stderr, re.MULTILINE)
    whats = re.findall(r"^(?:error|warning)\[[\w-]+\]: (.+)$", run.stdout + run.stderr, re.MULTILINE)
    if run.returncode and not whats:
        whats = ["see `marimo check`"]
    return [(int(line), f"marimo check: {what}") for line, what in zip([*lines, 1], whats, strict=False)]


def _tests(notebook: Notebook, place: Place, folder: Path) -> list[Problem]:
    """The reference passes its own tests, and the docstrings' examples run."""
    path = folder / "solved" / notebook.path.name
    run = _python(place, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "--doctest-modules", path)
    failed = re.findall(r"^FAILED \S*?::(\S+)", run.stdout, re.MULTILINE)
    if run.returncode and not failed:
        return [(1, f"the tests do not run: {(run.stdout + run.stderr).strip().splitlines()[-1]}")]
    lines = notebook.qualified_names
    problems = []
    for name in failed:
        definition = name.removeprefix(f"{notebook.path.stem}.")
        what = (
            f"{name} fails on the reference" if name in lines else f"an example in the docstring of {definition} fails"
        )
        problems.append(
            (lines.get(definition, 1), f"{what}: run `pytest --doctest-modules notebooks/{notebook.path.name}`")
        )
    return problems


def _opened_unsolved(notebook: Notebook, place: Place, folder: Path) -> list[Problem]:
    """In the unsolved notebook only tests fail; a cell that needs an exercise says which one."""
    run = _python(place, "-m", "tito.opened", folder / "stub" / notebook.path.name)
    if run.returncode:
        return [(1, f"the unsolved notebook does not open: {run.stderr.strip().splitlines()[-1]}")]
    sources = {cell.source: cell.line for cell in notebook.cells}
    unsolved = {cell.line: cell.source for cell in parse(folder / "stub" / notebook.path.name).cells}
    return [
        (sources.get(unsolved[line], 1), f"in the unsolved notebook this cell raises {error}: draw through show(...)")
        for line, error in loads(run.stdout.strip().splitlines()[-1])
    ]


def _weaker_tests(notebook: Notebook, place: Place, folder: Path) -> list[Problem]:
    """Code in the same process as its test can deceive it: such a test carries few points."""
    from tito.assignments.kinds import kinds_of

    kinds = kinds_of(notebook.path, notebook.text)
    weaker = [kind for kind in kinds if kind.why_weaker]
    if sum(kind.points for kind in weaker) <= MOST_WEAKER * sum(kind.points for kind in kinds):
        return []
    return [
        (
            notebook.definitions[kind.test].line,
            f"{kind.test} is a weaker test with {kind.points} points ({kind.why_weaker}): compare numbers and arrays, or move what must"
            f" share the code's process into a test of its own, {kind.test}_memory, with few points",
        )
        for kind in weaker
    ]
