"""`tito convert`: a notebook in its other form, `.py` for marimo or `.ipynb` for Jupyter, beside the one there is."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tito import course
from tito.backup import keep
from tito.errors import TitoError
from tito.files import read, write
from tito.notebook import names_bound, parse
from tito.place import Place, find_place

if TYPE_CHECKING:
    from nbformat import NotebookNode

FORMS = {"py": "marimo's", "ipynb": "Jupyter's"}


@dataclass(frozen=True)
class Written:
    """What became of a file that was to be written."""

    path: Path
    changed: bool
    kept: Path | None = None  # the backup of what was replaced


@dataclass(frozen=True)
class Converted:
    source: Path
    written: Written
    note: str  # what to fix before the notebook can be used; empty if there is nothing


def convert(name: str, to: str, output: Path | None = None) -> Converted:
    """Write a notebook in its other form; the one there is stays as it is.

    Args:
        name: a file, or a module as `tito module start` knows it.
        to: "ipynb" or "py".
        output: where it goes; without it, beside the source.

    Raises:
        TitoError: there is nothing that could be converted, or something else would be lost.
    """
    source = _source(name, to)
    target = output or source.with_suffix(f".{to}")
    if target.is_dir() or target.suffix != f".{to}":
        raise TitoError(f"{target} cannot be the new notebook: give --output the name of a file that ends with .{to}")
    if to == "ipynb":
        from tito.assignments.jupyter import to_ipynb

        text, note = ipynb_text(to_ipynb(parse(source))), ""
    else:
        text = py_text(source)
        note = _to_mend(target, text)
    return Converted(source, replace(target, text, "convert"), note)


def _source(name: str, to: str) -> Path:
    """The notebook that is meant: a file, or that of a module."""
    other = next(form for form in FORMS if form != to)
    path = Path(name)
    if path.is_dir():
        raise TitoError(f"{path} is a folder: name one notebook in it")
    if not path.is_file() and not path.suffix and path.name == name:
        module, place = course.find(name), find_place()
        path = place.root / "notebooks" / f"{module.stem}.{other}"
    if not path.is_file():
        raise TitoError(f"there is no {shown(path)}: name the notebook that is to be converted")
    if path.suffix == f".{to}":
        raise TitoError(f"{shown(path)} is {FORMS[to]} already: did you mean --to {other}?")
    if path.suffix != f".{other}":
        raise TitoError(f"{shown(path)} is not a notebook: tito converts .ipynb and marimo's .py")
    return path


def shown(path: Path) -> Path:
    """A path as short as it can be said here."""
    here = Path.cwd().resolve()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path


def ipynb_text(nb: "NotebookNode") -> str:
    """The text of an `.ipynb`; the same cells make the same text."""
    from nbformat import NO_CONVERT, writes

    return writes(nb, version=NO_CONVERT) + "\n"


def py_text(path: Path) -> str:
    """An `.ipynb` as the text of a marimo notebook."""
    nb = read_ipynb(path)
    from tito.assignments.jupyter import to_marimo

    return to_marimo(nb, title=_title(nb) or path.stem)


def _title(nb: "NotebookNode") -> str:
    """What `marimo export ipynb` has kept of a notebook's title."""
    try:
        return nb.metadata.marimo.app_config.app_title or ""
    except AttributeError:
        return ""


def read_ipynb(path: Path) -> "NotebookNode":
    """The cells of an `.ipynb`, in the newest form, whichever program and version has written it.

    Raises:
        TitoError: it is none.
    """
    from nbformat import convert as upgraded
    from nbformat import reader

    text = read(path)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno} is not JSON: it may have been cut off" if text.strip() else "it is empty"
        raise TitoError(f"{shown(path)} cannot be read, {reason}; save it again in Jupyter, or take a copy") from None
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise TitoError(f"{shown(path)} is not a notebook: it has no `nbformat`; open it in Jupyter and save it there")
    try:
        nb = upgraded(reader.reads(text), 4)
        for cell in nb.cells:
            cell.setdefault("metadata", {})
            cell.source = cell.get("source", "").replace("\r\n", "\n")
            cell.cell_type.strip()
    except Exception as error:  # whatever nbformat stumbles over
        raise TitoError(
            f"{shown(path)} is a damaged notebook ({type(error).__name__}: {error}): save it again in Jupyter, or take a copy"
        ) from None
    return nb


def _to_mend(path: Path, text: str) -> str:
    """What keeps a converted notebook from being tested and exported, or its cells from running."""
    try:
        notebook = parse(shown(path), text)
    except TitoError as error:
        return str(error).partition("\n")[0]
    bound = [(cell.line, names_bound(cell.source)) for cell in notebook.cells if cell.kind != "markdown"]
    times = Counter(name for _, names in bound for name in names if not name.startswith("_"))
    again = sorted(name for name, count in times.items() if count > 1)
    if not again:
        return ""
    lines = [str(line) for line, names in bound if again[0] in names]
    more = f"; so are {', '.join(again[1:])}" if again[1:] else ""
    return f"{again[0]} is set in several cells (lines {', '.join(lines)}), and marimo allows one: rename it or join them{more}"


def replace(target: Path, text: str, why: str) -> Written:
    """Write a file. A file there with other content goes into the workspace's backups.

    Raises:
        TitoError: another file is there, and there is no workspace around it.
    """
    old = target.read_bytes() if target.exists() else None
    if old == text.encode():
        return Written(target, changed=False)
    kept = None
    if old is not None:
        place = _workspace_of(target)
        if place is None:
            raise TitoError(
                f"{shown(target)} exists with other content, so nothing was written: move it away, or name another file"
                " with --output"
            )
        kept = keep(place, [target.resolve()], why) / target.resolve().relative_to(place.root)
    write(target, text)
    return Written(target, True, kept)


def _workspace_of(path: Path) -> Place | None:
    try:
        place = find_place(path.resolve().parent)
    except TitoError:
        return None
    return None if place.is_course else place
