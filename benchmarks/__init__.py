"""Time and memory against PyTorch: `make bench`."""

import os

# Before NumPy loads, which is when it is read: the kernel of a lesser core than the chip's would halve NumPy's speed.
os.environ.pop("OPENBLAS_CORETYPE", None)
