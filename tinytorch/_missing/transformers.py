"""Placeholder for tinytorch.transformers until it is exported.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch._later import missing

raise missing(__name__)
