"""First lessons for PyTorch run with TinyTorch, and end with the same numbers."""

import pytest
import torch

from tests.conformance.run_program import PROGRAMS, check


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The tensors are tiny: PyTorch's threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path):
    check(path)
