"""Assignments for a class: notebooks for Jupyter and NBGrader, and the work that comes back."""

import sys

# jsonschema, which checks notebooks, loads this for web addresses, where it is installed. It takes 1.4 s, and no notebook needs it.
sys.modules.setdefault("rfc3987_syntax", None)
