"""Data loading.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later

__getattr__ = _later.names_of(__name__)
