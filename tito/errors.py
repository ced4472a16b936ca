"""What goes wrong, said in one sentence with the next step."""


class TitoError(Exception):
    """An error for the user: `tito` prints its text, without a traceback, and exits with 1."""
