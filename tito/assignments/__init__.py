"""Assignments for a class: notebooks for Jupyter and NBGrader, and the work that comes back."""
