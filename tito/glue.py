"""The package's own glue: what stands in `tinytorch/` besides the exported modules. Export writes it, from this one place."""

import ast
from pathlib import Path
from textwrap import indent

from tito.course import MODULES, VOCABULARY, Module
from tito.files import read

NOTE = "Written by `tito export`: edit the notebooks instead."
# written by hand, as Python files; a package that has module 01 gets a copy of each
TEMPLATES = Path(__file__).parent / "templates"

VIEWS = {
    "tinytorch": "TinyTorch: a machine-learning framework, made of what the notebooks export.",
    "tinytorch.nn": "Layers, under PyTorch's names.",
    "tinytorch.nn.functional": "What layers do, as functions.",
    "tinytorch.nn.init": "How the weights of layers begin.",
    "tinytorch.nn.utils": "What is done to gradients before a step.",
    "tinytorch.optim": "Optimizers, under PyTorch's names.",
    "tinytorch.optim.lr_scheduler": "How the learning rate changes.",
}

# Importing these changes what a tensor can do. While one is broken, tensors must work without: how else could you fix it?
OPTIONAL = {
    "autograd": "so there are no gradients",
    "vocabulary": "so its names and methods are missing",
}
IF_IT_WORKS = """try:
{imports}
except Exception as error:
    warnings.warn(f"tinytorch.{slug} does not work, {result}: {{error}}", stacklevel=2)"""

LATER = '''"""What is still to be built: a missing module, or a missing name, says which module to finish.

{note}
"""

import sys
from importlib import import_module

# module -> its number
modules = {modules}

# package -> what it will offer -> the module that brings it
names = {names}


def unfinished(module):
    start = f"tito module start {{modules[module]}}"
    return ImportError(f"tinytorch.{{module}} is not there yet: finish module {{modules[module]}} first ({{start}})")


class Later:
    """Asked when no file was found. (Python's own ModuleNotFoundError would make marimo offer to install a package.)"""

    @staticmethod
    def find_spec(name, path=None, target=None):
        package, _, module = name.partition(".")
        if package == "tinytorch" and module in modules:
            raise unfinished(module)


sys.meta_path.append(Later)


def names_of(package):
    """The `__getattr__` of a package: its parts are imported when somebody asks for them."""

    def find(name):
        if name in names[package] or (package == "tinytorch" and name in modules):
            raise unfinished(names[package].get(name, name))
        if f"{{package}}.{{name}}" in names:
            return import_module(f"{{package}}.{{name}}")
        raise AttributeError(f"module {{package!r}} has no attribute {{name!r}}")

    return find
'''


def glue(exported: list[Module]) -> dict[str, str]:
    """File name -> text of every glue file of a package that holds the modules `exported`."""
    todo = [module for module in MODULES if module not in exported]
    copies = sorted(TEMPLATES.glob("*.py")) if any(module.slug == "tensor" for module in exported) else []
    modules = {module.slug: module.number for module in todo}
    names = {view: {name: m.slug for m in todo for name in m.offers.get(view, ())} for view in VIEWS}
    names |= {f"tinytorch.{path.stem}": {} for path in copies}
    files = {"_later.py": LATER.format(note=NOTE, modules=_table(modules), names=_table(names))}
    for view, title in VIEWS.items():
        offering = {module.slug: module.offers[view] for module in exported if view in module.offers}
        if "tensor" in offering and view in VOCABULARY:
            offering["vocabulary"] = VOCABULARY[view]
        optional = {slug: offering.pop(slug) for slug in OPTIONAL if slug in offering}
        imports = ["import warnings\n"] if optional else []
        imports += [_import("tinytorch._later", ["names_of"])]
        imports += [_import(f"tinytorch.{slug}", offering[slug]) for slug in sorted(offering)]
        for slug, names in optional.items():
            attempt = indent(_import(f"tinytorch.{slug}", names), "    ")
            imports += ["", IF_IT_WORKS.format(imports=attempt, slug=slug, result=OPTIONAL[slug])]
        head = f'"""{title}\n\n{NOTE}\n"""\n'
        files[_file_of(view)] = "\n".join([head, *imports, "", "__getattr__ = names_of(__name__)", ""])
    return files | {path.name: _copy(path) for path in copies}


def is_template(name: str) -> bool:
    """Whether a file of the package is a copy of one of the templates."""
    return (TEMPLATES / name).exists()


def _copy(path: Path) -> str:
    """A template as the package holds it: its docstring says where it comes from."""
    source = read(path)
    docstring = ast.parse(source).body[0]
    lines = source.split("\n")
    title = "\n".join(lines[: docstring.end_lineno]).removesuffix('"""').rstrip()
    note = f"Copied by `tito export` from tito/templates/{path.name} in the course's folder: edit that file instead."
    return "\n".join([title, "", note, '"""', *lines[docstring.end_lineno :]])


def _file_of(view: str) -> str:
    """`tinytorch.nn` is a folder, because there are views below it."""
    path = "/".join(view.split(".")[1:])
    is_folder = any(other.startswith(f"{view}.") for other in VIEWS)
    return f"{path}/__init__.py".lstrip("/") if is_folder else f"{path}.py"


def _import(module: str, names) -> str:
    """One name a line, in the order isort likes: constants (`SGD` looks like one), classes, functions."""
    if len(names) == 1:
        return f"from {module} import {names[0]}"
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name.lower()))
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _table(content: dict, indent: str = "") -> str:
    """A dict as Python source, one entry a line."""
    if not content:
        return "{}"
    values = {key: _table(v, indent + "    ") if isinstance(v, dict) else f'"{v}"' for key, v in content.items()}
    return "{\n" + "".join(f'{indent}    "{key}": {value},\n' for key, value in values.items()) + indent + "}"
