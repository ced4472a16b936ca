"""tito: the command line of the TinyTorch course, and the library behind it."""

__version__ = "0.1.0"
