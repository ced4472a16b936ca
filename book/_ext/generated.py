"""Directives for generated parts of a chapter: tables of the course, the command line, printed results, a live figure."""

import ast
import subprocess
import sys
from hashlib import sha256
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from tito import course, play
from tito.diagrams import ACCENT, Drawing
from tito.files import read, write
from tito.milestone import names_of
from tito.names import names_used
from tito.notebook import parse
from tito.syntax import parse_python
from tito.torch_run import PACKAGES, our_name

TORCH = "https://docs.pytorch.org/docs/stable"
MAP_LOOK = {True: (ACCENT,), False: ("currentColor", True)}  # by whether the module exists; dashed if planned
# names whose PyTorch page has another name; None: PyTorch has no such name
PAGES = {
    "tinytorch.Tensor": "tensors.html",
    "tinytorch.op": None,
    "tinytorch.float32": "tensor_attributes.html",
    "tinytorch.float64": "tensor_attributes.html",
    "tinytorch.int64": "tensor_attributes.html",
}
TITLE = "How many neurons does XOR take?"
START_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title}</title>
<style>body {{ font: 16px/1.5 sans-serif; margin: 1rem; }}</style></head>
<body><main><p>{neurons} hidden neurons, before you press the button:</p>{body}</main></body></html>"""


class FromCode(SphinxDirective):
    """A directive whose content comes from the course's own code: its page is rebuilt when that code changes."""

    def run(self):
        for path in [Path(__file__), *sorted((course.ROOT / "tito").rglob("*.py"))]:
            self.env.note_dependency(str(path))
        return self.content_nodes()


class Generated(FromCode):
    """Content that `lines` yields as Markdown."""

    def content_nodes(self):
        container = nodes.container()
        self.state.nested_parse(StringList("\n".join(self.lines()).split("\n")), 0, container)
        return container.children


class ModuleTable(Generated):
    """Every module: what it builds, and what you can do after it."""

    def lines(self):
        yield "| | module | builds | afterwards I can |\n|:---|:---|:---|:---|"
        for module in course.MODULES:
            name = f"[{module.slug}](../notebooks/{module.stem}.py)" if module.available else f"{module.slug} (planned)"
            yield f"| {module.number} | {name} | {module.builds} | {module.capability} |"


class CourseMap(FromCode):
    """The modules as a diagram, tier by tier; each needs those before it."""

    def content_nodes(self):
        on, y, last = Drawing(), 0, None
        for tier in dict.fromkeys(module.tier for module in course.MODULES):
            on.text(0, y + 18, tier, "start", bold=True)
            y += 28
            modules = [module for module in course.MODULES if module.tier == tier]
            for i, module in enumerate(modules):
                here = (2 + 122 * (i % 4), y + 60 * (i // 4))
                on.box(*here, 108, 44, f"{module.number}\n{module.slug}", *MAP_LOOK[module.available])
                if last and last[1] == here[1]:
                    on.arrow((last[0] + 108, last[1] + 22), (here[0], here[1] + 22))
                last = here
            y = last[1] + 62
        svg = on.figure(
            "The modules in order, tier by tier, with their numbers.",
            "Each module needs all those before it. Dashed: planned.",
        )
        return [nodes.raw("", svg, format="html")]


class PytorchTable(Generated):
    """Each name the package offers, with a link to PyTorch's page for it."""

    def lines(self):
        yield "| TinyTorch | module | PyTorch |\n|:---|:---|:---|"
        for module in course.available():
            for package, names in sorted(module.offers.items()):
                for name in names:
                    yield f"| `{package}.{name}` | [{module.number}](../notebooks/{module.stem}.py) | {_counterpart(package, name)} |"


def _counterpart(package: str, name: str) -> str:
    theirs = f"{package.replace('tinytorch', 'torch', 1)}.{name}"
    page = PAGES.get(f"{package}.{name}", f"generated/{theirs}.html")
    page = "nn.init.html" if package == "tinytorch.nn.init" else page
    return f"[`{theirs}`]({TORCH}/{page})" if page else "no such name"


class ExerciseCounts(Generated):
    """How many exercises there are."""

    def lines(self):
        notebooks = [parse(course.ROOT / "notebooks" / f"{module.stem}.py") for module in course.available()]
        counts = [len(notebook.solutions) for notebook in notebooks]
        first, *_, last = course.available()
        span = f"between {min(counts)} and {max(counts)} exercises each, {sum(counts)} in total"
        yield f"Modules {first.number} to {last.number} have {span}."


class DataSetTable(Generated):
    """What can be downloaded: size, source, licence."""

    def lines(self):
        from tito.templates.data_files import CATALOGUE, megabytes

        yield "| | what it is | download | license |\n|:---|:---|---:|:---|"
        for known in CATALOGUE:
            yield f"| [{known.name}]({known.source}) | {known.about} | {megabytes(known.size)} | {known.license} |"


class TitoReference(Generated):
    """Every command of `tito` with its help, its arguments and its options."""

    def lines(self):
        from typer.main import get_command

        from tito.cli import app

        yield from _commands(get_command(app), "tito")


def _commands(command, name: str):
    for child_name, child in sorted(getattr(command, "commands", {}).items()):
        full = f"{name} {child_name}"
        if hasattr(child, "commands"):
            yield from _commands(child, full)
            continue
        usage = child.get_usage(child.make_context(full, [], resilient_parsing=True)).removeprefix("Usage: ")
        yield f"\n## `{full}`\n\n{(child.help or '').strip()}\n\n```text\n{usage}\n```\n"
        options = [p for p in child.params if p.param_type_name == "option" and p.name != "help"]
        if options:
            yield (
                "| option | |\n|:---|:---|\n"
                + "\n".join(f"| `{', '.join(p.opts)}` | {p.help or ''} |" for p in options)
                + "\n"
            )


class PytorchScripts(Generated):
    """The scripts of `examples/`, each beside the modules that bring its names."""

    def lines(self):
        for script in sorted((course.ROOT / "examples").glob("*.py")):
            self.env.note_dependency(str(script))
            tree = parse_python(read(script), script)
            about, *_ = ast.get_docstring(tree).split("\n")
            yield f"\n### `examples/{script.name}`\n\n{about}\n"
            yield "| in the script | lines | module | |\n|:---|:---|:---|:---|"
            for name, lines in _lines_of_names(tree).items():
                if module := _module_that_brings(our_name(name)):
                    package, _, short = our_name(name).rpartition(".")
                    source = "you write it" if short in module.offers.get(package, ()) else "given"
                    where = f"[{module.number}](../notebooks/{module.stem}.py)"
                    yield f"| `{name}` | {', '.join(map(str, lines))} | {where} | {source} |"
            yield f"\n```{{literalinclude}} ../examples/{script.name}\n:language: python\n:linenos:\n```\n"


def _lines_of_names(tree: ast.Module) -> dict[str, list[int]]:
    """Name of PyTorch or torchvision -> the lines of a script that use or import it."""
    lines = {}
    for use in names_used(tree, *PACKAGES):
        lines.setdefault(use.name, []).append(use.line)
    return lines


def _module_that_brings(name: str) -> course.Module | None:
    return next((module for module in course.available() if name in names_of(module)), None)


class MilestoneOutput(Generated):
    """What a milestone's script prints, and its picture; it reruns when the script or the package changes."""

    required_arguments = 1
    option_spec = {"alt": str.strip}  # of the picture

    def lines(self):
        script = course.ROOT / "milestones" / f"{self.arguments[0]}.py"
        beside = sorted(path for path in script.parent.iterdir() if path.suffix in (".py", ".json"))
        used = [*beside, course.ROOT / "tito" / "picture.py", *sorted((course.ROOT / "tinytorch").rglob("*.py"))]
        for path in used:
            self.env.note_dependency(str(path))
        printed, picture = _result(script, used)
        yield f"```text\n{printed.strip()}\n```"
        if picture.exists():
            yield f"\n![{self.options['alt']}](/{picture.relative_to(course.ROOT).as_posix()})"


def _result(script: Path, used: list[Path]) -> tuple[str, Path]:
    """What a script printed, and where its picture is if it makes one."""
    digest = sha256(b"".join(path.read_bytes() for path in used)).hexdigest()[:16]
    output = course.ROOT / "_build" / "milestones" / f"{script.parent.name}-{script.stem}-{digest}.txt"
    picture = output.with_name(f"{script.parent.name}-{script.stem}.png")
    if not output.exists():
        run = subprocess.run(
            [sys.executable, script.name], cwd=script.parent, capture_output=True, encoding="utf-8", check=True
        )
        write(output, run.stdout.partition("\n\n")[2])  # without the first line, which says where tinytorch is
        if script.with_suffix(".png").exists():
            picture.write_bytes(script.with_suffix(".png").read_bytes())
    return read(output), picture


class LiveExploration(FromCode):
    """The front page's exploration: a picture of how it starts, until a link opens the running notebook in its place."""

    def content_nodes(self):
        sys.path[:0] = [str(course.ROOT), str(play.FRONT.parent)]
        import try_xor

        start = try_xor.draw(*try_xor.trained(try_xor.START_HIDDEN, try_xor.START_STEPS, try_xor.START_SEED))
        self.env.note_dependency(str(play.FRONT))
        page = START_PAGE.format(title=TITLE, body=start, neurons=try_xor.START_HIDDEN)
        link = f'<a class="run" href="../play/{play.FRONT.stem}.html" target="live">Run it in this browser</a>'
        frame = f'<iframe name="live" title="{TITLE}" srcdoc="{escape(page)}"></iframe>'
        note = f"loads {play.LOADS} MB, and NumPy from another host"
        return [nodes.raw("", f'<figure class="live"><p>{link} ({note})</p>{frame}</figure>', format="html")]


def setup(app):
    for name, directive in {
        "module-table": ModuleTable,
        "course-map": CourseMap,
        "exercise-counts": ExerciseCounts,
        "pytorch-table": PytorchTable,
        "pytorch-scripts": PytorchScripts,
        "data-set-table": DataSetTable,
        "tito-reference": TitoReference,
        "milestone-output": MilestoneOutput,
        "live-exploration": LiveExploration,
    }.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
