"""What is not exported yet.

Written by `tito export`: edit the notebooks instead.
"""

# the last module of this version of the course
last = "13"

# module -> its number
modules = {
    "profiling": "14",
    "quantization": "15",
    "compression": "16",
    "memoization": "17",
    "acceleration": "18",
    "benchmarking": "19",
    "capstone": "20",
    "deployment": "21",
}

# package -> module -> the names that it brings
packages = {
    "tinytorch": {},
    "tinytorch.nn": {},
    "tinytorch.nn.functional": {},
    "tinytorch.nn.init": {},
    "tinytorch.nn.utils": {},
    "tinytorch.optim": {},
    "tinytorch.optim.lr_scheduler": {},
    "tinytorch.utils": {},
    "tinytorch.utils.data": {},
    "tinytorch.datasets": {},
    "tinytorch.transforms": {},
}
