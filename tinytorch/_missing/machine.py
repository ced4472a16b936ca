"""Stands in for tinytorch.machine while that is missing.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import missing

raise missing(__name__)
