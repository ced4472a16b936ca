"""Beside Module 13: memory that is kept for the next step."""

import sys

# of glibc's mallopt(3)
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
NEVER = (1 << 31) - 1  # bytes


def keep_memory() -> str:
    """Keep the memory of large arrays for the next ones, instead of giving it back to the system after every operation.

    On Linux, glibc's allocator returns large blocks at once, and asks for them again a moment later; the system then clears every
    page anew. This call turns that off, for the whole process and for good, so that it never uses less memory than it did at its peak.
    Source: [mallopt(3)](https://man7.org/linux/man-pages/man3/mallopt.3.html).

    Returns:
        A sentence that says what has changed, to print. Elsewhere nothing changes, and the sentence says so.

    >>> keep_memory().startswith("Memory")
    True
    """
    try:
        from ctypes import CDLL

        set_option = CDLL(None).mallopt if sys.platform == "linux" else None
    except (ImportError, AttributeError, OSError):  # a browser; a C library without mallopt
        set_option = None
    options = ((M_MMAP_THRESHOLD, 1 << 30), (M_TRIM_THRESHOLD, NEVER), (M_TOP_PAD, 1 << 26))
    done = [] if set_option is None else [set_option(name, value) for name, value in options]  # sets all three
    if not done or not all(done):
        return "Memory is managed as usual: keep_memory() does nothing on this system."
    return "Memory of large arrays is kept for the next ones (tinytorch.keep_memory)."
