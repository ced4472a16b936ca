"""Float32 sums along the first axis of a tall array, forward and backward, within a millionth."""

import numpy as np
import pytest

import tinytorch
from tinytorch.tensor import Tensor, sum_to_shape

ROWS = np.full((60_000, 2), 0.1, np.float32)
EXACT = 60_000 * float(np.float32(0.1))


@pytest.mark.parametrize(
    "sums",
    [
        lambda: sum_to_shape(ROWS, (2,)),
        lambda: sum_to_shape(ROWS, (1, 2)),
        lambda: Tensor(ROWS).sum(0).array,
        lambda: Tensor(ROWS.T.copy()).T.sum(0).array,
        lambda: Tensor(ROWS).mean(0).array * 60_000,
    ],
)
def test_long_sums(sums):
    assert np.allclose(sums(), EXACT, rtol=1e-6)


def test_gradient_of_what_was_broadcast():
    bias = tinytorch.zeros(2, requires_grad=True)
    ((Tensor(ROWS) + bias) * Tensor(ROWS)).sum().backward()
    assert np.allclose(bias.grad.array, EXACT, rtol=1e-6)
