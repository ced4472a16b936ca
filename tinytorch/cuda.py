"""There is no GPU in this course: scripts that ask get the answer "no", and go on with the CPU.

Copied by `tito export` from tito/templates/cuda.py in the course's folder: edit that file instead.
"""

from tinytorch import _later

__getattr__ = _later.names_of(__name__)


def is_available() -> bool:
    """Whether there is a GPU: never."""
    return False


def device_count() -> int:
    """How many GPUs there are: none."""
    return 0


def manual_seed(seed: int) -> None:
    """Does nothing: there is no random generator on a GPU."""


def manual_seed_all(seed: int) -> None:
    """Does nothing: there is no random generator on a GPU."""


def empty_cache() -> None:
    """Does nothing: there is no memory of a GPU to free."""


def synchronize(device: object = None) -> None:
    """Does nothing: on the CPU an operation is done when it returns."""
