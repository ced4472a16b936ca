"""Without PyTorch there is nothing to compare with: then one test is left, which says so by being skipped."""

from importlib.util import find_spec


def pytest_ignore_collect(collection_path):
    if collection_path.name == "programs":
        return True  # scripts: test_programs.py runs them
    if collection_path.is_dir() or collection_path.name == "test_installed.py":
        return None
    return None if find_spec("torch") and find_spec("hypothesis") else True
