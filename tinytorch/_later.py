"""What is still to be built: a missing module, or a missing name, says which module to finish.

Written by `tito export`: edit the notebooks instead.
"""

import sys

modules = {
    "activations": "02",
    "layers": "03",
    "losses": "04",
    "autograd": "05",
    "optimizers": "06",
    "training": "07",
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
names = {}


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


def __getattr__(name):
    if name in names or name in modules:
        raise unfinished(names.get(name, name))
    raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")
