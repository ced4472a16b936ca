"""What PyTorch has besides what your modules make: `losses.py` here goes with your `losses.py`, and so on.

Each file is built on what you wrote, and is used as soon as its module is exported. What `tinytorch`, `tinytorch.nn` and so on offer of
it is imported there; what adds methods to your classes is imported here, so that they are there however a class is reached.

Copied by `tito export` from tito/templates/vocabulary/__init__.py in the course's folder: edit that file instead.
"""

from importlib import import_module

from tinytorch import _later, _names

for _name in ("layers", "optimizers"):
    if _name not in _names.modules:
        try:
            import_module(f"{__name__}.{_name}")
        except Exception as error:
            _later.warn(f"{__name__}.{_name} does not work, so its names and methods are missing", error)
