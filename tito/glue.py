"""The package's own glue: the files in `tinytorch/` besides the exported modules. Export writes them, and only this file decides what is in them."""

import re
from pathlib import Path
from textwrap import indent, wrap

from tito.course import MODULES, Module
from tito.files import read

NOTE = "Written by `tito export`: edit the notebooks instead."
# written by hand, as Python files; a package that has module 01 gets a copy of each, and module 01 itself builds on some
TEMPLATES = Path(__file__).parent / "templates"
# what modules 01, 08, 09, 10, 12 and 13 build on: in every package
GIVEN = ("arrays", "gpt", "graph", "loading", "masks", "sliding", "text")

VIEWS = {
    "tinytorch": "TinyTorch: a machine-learning framework, made of what the notebooks export.",
    "tinytorch.nn": "Layers, under PyTorch's names.",
    "tinytorch.nn.functional": "Layers, activations and losses as functions.",
    "tinytorch.nn.init": "Weight initialization.",
    "tinytorch.nn.utils": "Gradient clipping.",
    "tinytorch.optim": "Optimizers, under PyTorch's names.",
    "tinytorch.optim.lr_scheduler": "Learning rate schedulers, under PyTorch's names.",
    "tinytorch.utils": "Data loading.",
    "tinytorch.utils.data": "Datasets and data loaders, under PyTorch's names.",
    "tinytorch.datasets": "Datasets, under torchvision's names.",
    "tinytorch.transforms": "Image transforms, under torchvision's names.",
}

# Importing these changes what a tensor can do. While one is broken, tensors must work without: how else could you fix it?
OPTIONAL = {
    "autograd": "so there are no gradients",
    "vocabulary": "so its names and methods are missing",
}
FORMER = ("vocabulary.py",)  # written by earlier versions of the course
IF_IT_WORKS = """try:
{imports}
except Exception as error:
    _later.warn("tinytorch.{slug} does not work, {result}", error)"""

NAMES = '''"""What is not exported yet.

{note}
"""

# the last module of this version of the course
last = "{last}"

# module -> its number
modules = {modules}

# package -> module -> the names that it brings
packages = {packages}
'''

# Python finds these files where no other of that name is: see `__path__` in _later.py
MISSING = '''"""Placeholder for tinytorch.{name} until it is exported.

{note}
"""

from tinytorch._later import missing

raise missing(__name__)
'''
# modules of PyTorch that the course never has: templates/_later.py says what it has instead
NEVER = (
    "amp", "autograd.functional", "cuda.amp", "distributed", "export", "fft", "func", "fx", "hub", "jit", "linalg", "mps",
    "multiprocessing", "nn.modules", "nn.parallel", "nn.utils.prune", "nn.utils.rnn", "onnx", "profiler", "sparse", "special",
    "utils.tensorboard",
)  # fmt: skip


def glue(exported: list[Module], defined: dict[Module, set[str]] | None = None) -> dict[str, str]:
    """File name -> text of every glue file of a package that holds the modules `exported`.

    What an earlier version of the course exported may lack a name that is offered today: only what is `defined` is imported.
    """
    offered = {
        m: {view: [n for n in names if not defined or n in defined[m]] for view, names in m.offers.items()}
        for m in exported
    }
    files = {"_names.py": _names(exported)}
    files |= {f"{name}.py": _copy(f"{name}.py") for name in ("_later", *GIVEN)}
    for view in VIEWS:
        whole = _module_of(view)
        if _modules_of(view) and (whole is None or whole in exported):
            files[_file_of(view)] = _view(view, offered)
    if any(module.slug == "tensor" for module in exported):
        files |= {name: _copy(name) for name in templates()}
    packages = [view.removeprefix("tinytorch.") for view in VIEWS if view.count(".") == 1 and _module_of(view)]
    missing = [*(module.exported_as for module in MODULES), *packages, *NEVER]
    return files | {f"_missing/{name.replace('.', '/')}.py": MISSING.format(name=name, note=NOTE) for name in missing}


def _names(exported: list[Module]) -> str:
    todo = [module for module in MODULES if module not in exported]
    packages = {view: {m.exported_as: " ".join(m.brings[view]) for m in todo if view in m.brings} for view in VIEWS}
    modules = {module.exported_as: module.number for module in todo}
    last = max(module.number for module in MODULES if module.available)
    return NAMES.format(note=NOTE, last=last, modules=_table(modules), packages=_table(packages))


def _view(view: str, offered: dict[Module, dict[str, list[str]]]) -> str:
    offering = {module.exported_as: names[view] for module, names in offered.items() if names.get(view)}
    optional = {slug: offering.pop(slug) for slug in OPTIONAL if slug in offering}
    optional |= {
        f"vocabulary.{vocabulary_file(m, view)}": m.vocabulary[view] for m in offered if m.vocabulary.get(view)
    }
    imports = [_import("tinytorch", ["_later"])]
    imports += [_import(f"tinytorch.{slug}", offering[slug]) for slug in sorted(offering)]
    for slug, names in optional.items():
        attempt = indent(_import(f"tinytorch.{slug}", names), "    ")
        if view == "tinytorch" and slug == "vocabulary.tensor":  # a reload attaches it to the new classes
            attempt = '    _later.forget("tinytorch.vocabulary")\n' + attempt
        if slug == "autograd":  # PyTorch scripts import from there, too
            attempt += '\n\n    _later.explain_missing("tinytorch.autograd")'
        result = OPTIONAL[slug.partition(".")[0]]
        imports += ["", IF_IT_WORKS.format(imports=attempt, slug=slug, result=result)]
    head = f'"""{VIEWS[view]}\n\n{NOTE}\n"""\n'
    return "\n".join([head, *imports, "", "__getattr__ = _later.names_of(__name__)", ""])


def _module_of(view: str) -> Module | None:
    """The module that brings the whole of `optim`, `utils`, ...: without it there is no such package. None for shared ones."""
    modules = _modules_of(".".join(view.split(".")[:2]))
    return modules.pop() if len(modules) == 1 else None


def _modules_of(package: str) -> set[Module]:
    """The modules that bring something of a package, or of one within it."""
    return {module for module in MODULES for other in module.brings if f"{other}.".startswith(f"{package}.")}


def vocabulary_file(module: Module, view: str) -> str:
    """The file of `vocabulary/` that has a module's names for a package: the one called like the package (`datasets` for
    `tinytorch.datasets`), if there is one, else the one called like the module."""
    name = view.rpartition(".")[2]
    return name if (TEMPLATES / "vocabulary" / f"{name}.py").exists() else module.slug


def templates() -> list[str]:
    """The names of the templates: of every file that is copied into a package."""
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.py"))


def is_template(name: str) -> bool:
    """Whether a file of the package is a copy of one of the templates."""
    return (TEMPLATES / name).exists()


def is_stand_in(name: str) -> bool:
    """Whether a file of the package only says that a module is missing."""
    return name.startswith("_missing/")


def _copy(name: str) -> str:
    """A template as the package holds it: its docstring says where it comes from."""
    docstring, rest = read(TEMPLATES / name).removeprefix('"""').split('"""', 1)
    note = f"Copied by `tito export` from tito/templates/{name} in the course's folder: edit that file instead."
    return f'"""{docstring.rstrip()}\n\n{note}\n"""{rest}'


def _file_of(view: str) -> str:
    """`tinytorch.nn` is a folder, because there are views below it."""
    path = "/".join(view.split(".")[1:])
    is_folder = any(other.startswith(f"{view}.") for other in VIEWS)
    return f"{path}/__init__.py".lstrip("/") if is_folder else f"{path}.py"


def _import(module: str, names) -> str:
    """One name a line, in the order isort likes: constants (`SGD` looks like one), classes, functions."""
    if len(names) == 1:
        return f"from {module} import {names[0]}"
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), _natural(name.lower())))
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _natural(name: str) -> list:
    """A key that sorts int8 before int16."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _table(content: dict, indent: str = "") -> str:
    """A dict as Python source, one entry a line; a long text goes over several."""
    if not content:
        return "{}"
    lines = []
    for key, value in content.items():
        start = f'{indent}    "{key}": '
        line = f'{start}"{value}",'
        if isinstance(value, dict):
            lines.append(f"{start}{_table(value, indent + '    ')},")
        elif len(line) <= 120:
            lines.append(line)
        else:
            parts = [f'{indent}        "{part}"' for part in wrap(value, 110 - len(indent), drop_whitespace=False)]
            lines.append("\n".join([f"{start}(", *parts, f"{indent}    ),"]))
    return "\n".join(["{", *lines, indent + "}"])
