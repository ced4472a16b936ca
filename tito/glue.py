"""The package's own glue: what stands in `tinytorch/` besides the exported modules. Export writes it, from this one place."""

from textwrap import indent

from tito.course import MODULES, Module

NOTE = "Written by `tito export`: edit the notebooks instead."

VIEWS = {
    "tinytorch": "TinyTorch: a machine-learning framework, made of what the notebooks export.",
    "tinytorch.nn": "Layers, under PyTorch's names.",
    "tinytorch.nn.functional": "What layers do, as functions.",
    "tinytorch.nn.init": "How the weights of layers begin.",
    "tinytorch.nn.utils": "What is done to gradients before a step.",
    "tinytorch.optim": "Optimizers, under PyTorch's names.",
    "tinytorch.optim.lr_scheduler": "How the learning rate changes.",
}

# Importing autograd makes tensors remember. While it is broken they must work without: how else could one mend it?
IF_IT_WORKS = """try:
{imports}
except Exception as error:
    warnings.warn(f"tinytorch.autograd does not work, so there are no gradients: {{error}}", stacklevel=2)"""

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
    modules = {module.slug: module.number for module in todo}
    names = {view: {name: m.slug for m in todo for name in m.offers.get(view, ())} for view in VIEWS}
    files = {"_later.py": LATER.format(note=NOTE, modules=_table(modules), names=_table(names))}
    for view, title in VIEWS.items():
        offering = {module.slug: module.offers[view] for module in exported if view in module.offers}
        engine = offering.pop("autograd", ())
        imports = ["import warnings\n"] if engine else []
        imports += [_import("tinytorch._later", ["names_of"])]
        imports += [_import(f"tinytorch.{slug}", offering[slug]) for slug in sorted(offering)]
        if engine:
            imports += ["", IF_IT_WORKS.format(imports=indent(_import("tinytorch.autograd", engine), "    "))]
        head = f'"""{title}\n\n{NOTE}\n"""\n'
        files[_file_of(view)] = "\n".join([head, *imports, "", "__getattr__ = names_of(__name__)", ""])
    return files


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
