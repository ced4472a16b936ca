"""There is no accelerator in this course: scripts that ask for one get the answer "no", and go on with the CPU.

Copied by `tito export` from tito/templates/accelerator.py in the course's folder: edit that file instead.
"""

from tinytorch import _later

__getattr__ = _later.names_of(__name__)


def is_available() -> bool:
    """Whether there is an accelerator: never."""
    return False


def device_count() -> int:
    """How many accelerators there are: none."""
    return 0


def current_accelerator() -> None:
    """The accelerator in use: none."""
