"""The parts of PyTorch that your modules don't build: `losses.py` here complements your `losses.py`, and so on.

Each file builds on what you wrote, and takes effect once its module is exported. `tinytorch`, `tinytorch.nn` and the other packages
import the names they offer; files that add methods to your classes are imported here, so the methods exist however you get a class.
"""

from importlib import import_module

from tinytorch import _later, _names

for _name in ("layers", "optimizers", "embeddings"):
    if _name not in _names.modules:
        try:
            import_module(f"{__name__}.{_name}")
        except Exception as error:
            _later.warn(f"{__name__}.{_name} doesn't work, so its names and methods are missing", error)
