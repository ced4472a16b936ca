"""What PyTorch has besides what your modules make: `losses.py` here goes with your `losses.py`, and so on.

Each file is built on what you wrote, and is used as soon as its module is exported. What `tinytorch`, `tinytorch.nn` and so on offer of
it is imported there. Files that add methods to your classes are imported here: they must be there however a class is reached.

Copied by `tito export` from tito/templates/vocabulary/__init__.py in the course's folder: edit that file instead.
"""
