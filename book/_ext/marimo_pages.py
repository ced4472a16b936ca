"""Sphinx reads `notebooks/*.py` as pages: prose, code and outputs; exercises as a learner gets them.

A page combines three views of one notebook, cell by cell: the notebook itself, its exercise version, and marimo's outputs from
one run.
"""

import ast
import html
import json
import re
from base64 import b64decode
from html import escape
from io import BytesIO
from pathlib import Path

from myst_parser.parsers.sphinx_ import MystParser
from notebook_runs import RUN_IN, shown, sources

from tito import course
from tito.notebook import FOR_SHOW, MARKERS, Cell, parse, prose
from tito.play import LOADS
from tito.services import services
from tito.stub import stub

COLORS = 48  # enough for a plot, at a quarter of the bytes


# From cells to Markdown


def page(path: Path, solutions: bool = True, repository: str = "") -> str:
    """The Markdown of a notebook's page.

    Args:
        path: the notebook.
        solutions: whether to include the reference solutions, folded.
        repository: its URL; if empty (unknown), there are no buttons for outside services.
    """
    notebook = parse(path)
    exercises = parse(path, stub(path)).cells
    answers = {}
    for block in notebook.solutions:
        cell_name, _, method = block.owner.partition(".")
        answers.setdefault(cell_name, []).extend([f"# {block.owner}"] * bool(method) + notebook.body(block) + [""])
    parts, imports = [], ""
    for cell, exercise, outputs in zip(notebook.cells, exercises, shown(path), strict=True):
        if cell.kind == "markdown":
            parts.append(prose(cell))
        elif cell.kind == "setup":
            imports = folded("What this notebook imports", code(exercise.source))
        elif cell.is_test:
            parts.append(folded(f"The test: {cell.name}", code(exercise.source)))
        elif cell.name in answers:
            parts.append(code(without_markers(exercise.source)))
            parts.append(play(path, cell.name, f"Write <code>{cell.name}</code> in this browser"))
            if solutions:
                parts.append(folded("Show reference solution", code("\n".join(answers[cell.name]))))
        elif cell.is_definition and cell.name.startswith(FOR_SHOW):
            parts.append(folded(f"How this is made: {cell.name}", code(cell.source)))
        elif cell.is_definition:
            parts.append(code(cell.source))
        parts += [output(item, notebook, cell, f"{path.stem}-{len(parts)}") for item in outputs]
        if not cell.is_definition and drawn_by(cell) in notebook.definitions:
            parts.append(play(path, drawn_by(cell), "Play with this in this browser"))
    title, _, introduction = parts[0].partition("\n\n")
    parts[:1] = [title, launch_buttons(path.stem, repository), introduction]
    parts.insert(4, imports)  # after the introduction and its diagram
    return "\n\n".join(part for part in parts if part) + "\n"


def launch_buttons(stem: str, repository: str) -> str:
    """Where to run this notebook: here, at a service, or locally. Nothing is loaded until you press one of them."""
    links = [f'<a class="run" href="../play/{stem}.html">Run it in this browser</a> (loads {LOADS} MB, and NumPy)']
    if repository:
        outside = [f'<a href="{escape(url)}">{name}</a>' for name, url in services(repository, stem).items()]
        links.append(f"Open it at {', '.join(outside)}")
    files = [f'<a href="../download/{stem}.{kind}" download>.{kind}</a>' for kind in ("py", "ipynb")]
    links.append(f"Download it as {' or '.join(files)}")
    items = "".join(f"<li>{link}</li>" for link in links)
    return f'<nav class="launch" aria-label="Run this notebook"><ul>{items}</ul></nav>'


def play(path: Path, name: str, words: str) -> str:
    """A link to a definition in the running notebook."""
    return f'<p class="play"><a href="../play/{path.stem}.html#scrollTo={name}">{words}</a></p>'


def code(source: str) -> str:
    return f"```python\n{source.strip()}\n```"


def folded(title: str, body: str) -> str:
    return f"::::{{dropdown}} {title}\n{body}\n::::"


def without_markers(source: str) -> str:
    return "\n".join(line for line in source.split("\n") if line.strip() not in MARKERS)


def output(item: dict, notebook, cell: Cell, name: str) -> str:
    """One output of a cell as Markdown: text unchanged, a picture as a file, controls as their initial value."""
    data = {kind: "".join(value) for kind, value in item.get("data", {}).items()}
    if item["output_type"] == "error":
        raise RuntimeError(f"{notebook.path}:{cell.line}: this cell fails: {item.get('evalue')}")
    if "image/png" in data:
        return picture(data["image/png"], description(notebook, cell), RUN_IN / notebook.path.stem / f"{name}.png")
    if "<svg" in data.get("text/html", ""):
        return f"```{{raw}} html\n{data['text/html'].strip()}\n```"
    if "text/markdown" in data:
        return controls(
            html.unescape(data["text/markdown"]) if "&lt;marimo-" in data["text/markdown"] else data["text/markdown"]
        )
    text = "".join(item.get("text", "")) or data.get("text/plain", "")
    return f"```text\n{text.strip()}\n```" if text.strip() else ""


def picture(base64: str, alt: str, path: Path) -> str:
    """Save a figure as a small PNG; returns the Markdown that shows it."""
    from PIL import Image

    Image.open(BytesIO(b64decode(base64))).convert("RGB").quantize(COLORS).save(path, optimize=True)
    return f"![{alt}](/{path.relative_to(course.ROOT).as_posix()})"


def drawn_by(cell: Cell) -> str | None:
    """The explore_, plot_ or measure_ function whose result a cell shows."""
    name = re.search(r"\b(?:explore|plot|measure)_\w+", cell.source)
    return name[0] if name else None


def description(notebook, cell: Cell) -> str:
    """A figure's alt text: the first line of the docstring of the function that draws it."""
    name = drawn_by(cell)
    text = ast.get_docstring(notebook.definitions[name].node) if name else None
    if not text:
        raise RuntimeError(
            f"{notebook.path}:{cell.line}: this figure has no description: draw it in a function explore_... with a docstring"
        )
    return re.sub(r"[`\[\]]", "", text.split("\n\n")[0].replace("\n", " ")).removeprefix("Figure: ")


CONTROL = re.compile(r"<marimo-ui-element[^>]*>\s*<marimo-([\w-]+)([^>]*)>.*?</marimo-ui-element>", re.DOTALL)
BUTTON = re.compile(r"<marimo-button[^>]*>\s*</marimo-button>")


def controls(text: str) -> str:
    """The Markdown of a cell with controls: each becomes its label and its initial value."""

    def setting(match: re.Match) -> str:
        attributes = {
            name: json.loads(html.unescape(value)) for name, value in re.findall(r"data-([\w-]+)='([^']*)'", match[2])
        }
        label = re.sub(r"<[^>]*>", "", attributes.get("label") or "").strip()
        label = re.sub(r"\|\|\((.*?)\|\|\)", r"<i>\1</i>", label)  # an inline formula
        value = attributes.get("initial-value")
        value = attributes["steps"][int(value)] if attributes.get("steps") else value
        value = value[0] if isinstance(value, list) and value else value
        return "" if match[1] == "button" else f'<span class="control">{label} <b>{value}</b></span>'

    return BUTTON.sub("", CONTROL.sub(setting, text)).strip()


# Sphinx


class MarimoParser(MystParser):
    supported = ("marimo",)

    def parse(self, inputstring, document):
        env = document.settings.env
        path = Path(env.doc2path(env.docname))
        for source in [*sources(path), Path(__file__)]:
            env.note_dependency(str(source))
        super().parse(page(path, env.config.tinytorch_solutions, env.config.tinytorch_repository), document)


def setup(app):
    app.add_config_value("tinytorch_solutions", True, "env")
    app.add_config_value("tinytorch_repository", "", "env")
    app.add_source_suffix(".py", "marimo")
    app.add_source_parser(MarimoParser)
    return {"env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}
