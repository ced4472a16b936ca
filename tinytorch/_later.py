"""What is still to be built: a missing module, or a missing name, says which module to finish.

Written by `tito export`: edit the notebooks instead.
"""

import sys
from importlib import import_module

# module -> its number
modules = {
    "dataloader": "08",
    "spatial": "09",
    "tokenization": "10",
    "embeddings": "11",
    "attention": "12",
    "transformers": "13",
    "profiling": "14",
    "quantization": "15",
    "compression": "16",
    "memoization": "17",
    "acceleration": "18",
    "benchmarking": "19",
    "capstone": "20",
    "deployment": "21",
}

# package -> what it will offer -> the module that brings it
names = {
    "tinytorch": {},
    "tinytorch.nn": {},
    "tinytorch.nn.functional": {},
    "tinytorch.nn.init": {},
    "tinytorch.nn.utils": {},
    "tinytorch.optim": {},
    "tinytorch.optim.lr_scheduler": {},
    "tinytorch.cuda": {},
    "tinytorch.vocabulary": {},
}


def unfinished(module):
    start = f"tito module start {modules[module]}"
    return ImportError(f"tinytorch.{module} is not there yet: finish module {modules[module]} first ({start})")


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
        if f"{package}.{name}" in names:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
