"""Time and memory against PyTorch: `make bench`."""

import os

# NumPy reads this when it loads: a BLAS kernel for a lesser CPU than this one would halve its speed.
os.environ.pop("OPENBLAS_CORETYPE", None)
