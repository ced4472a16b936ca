"""The package's own glue: what stands in `tinytorch/` besides the exported modules. Export writes it, from this one place."""

from tito.course import MODULES, Module

NOTE = "Written by `tito export`: edit the notebooks instead."

LATER = '''"""What is still to be built: a missing module, or a missing name, says which module to finish.

{note}
"""

import sys

modules = {{
{modules}}}
names = {{
{names}}}


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


def __getattr__(name):
    if name in names or name in modules:
        raise unfinished(names.get(name, name))
    raise AttributeError(f"module 'tinytorch' has no attribute {{name!r}}")
'''


def glue(exported: list[Module]) -> dict[str, str]:
    """File name -> text of every glue file of a package that holds the modules `exported`."""
    todo = [module for module in MODULES if module not in exported]
    imports = [_import("tinytorch._later", ["__getattr__"])] if todo else []
    named = sorted((module for module in exported if module.names), key=lambda module: module.slug)
    imports += [_import(f"tinytorch.{module.slug}", module.names) for module in named]
    init = f'"""TinyTorch: a machine-learning framework, made of what the notebooks export.\n\n{NOTE}\n"""\n'
    files = {"__init__.py": "\n".join([init, *imports]) + "\n" if imports else init}
    if todo:
        modules = "".join(f'    "{module.slug}": "{module.number}",\n' for module in todo)
        names = "".join(f'    "{name}": "{module.slug}",\n' for module in todo for name in module.names)
        files["_later.py"] = LATER.format(note=NOTE, modules=modules, names=names).replace("{\n}", "{}")
    return files


def _import(module: str, names) -> str:
    """One name a line, in the order isort likes: constants (`SGD` looks like one), classes, functions."""
    if len(names) == 1:
        return f"from {module} import {names[0]}"
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name.lower()))
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"
