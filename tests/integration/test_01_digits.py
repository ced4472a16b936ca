"""What the first modules do together: read real handwriting."""

import pytest

import tinytorch
from tinytorch import Tensor, arange, stack
from tito.lesson import close


@pytest.fixture(scope="module")
def digits():
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="the digits come with scikit-learn: pip install -e '.[data]'"
    )
    data = datasets.load_digits()
    return Tensor(data.data), Tensor(data.target)


def test_nearest_mean_reads_digits(digits):
    """WHAT: one mean image per digit, averaged over 1000 examples, reads at least 85 % of 797 others.
    WHY: indexing, reductions, broadcasting and comparison must work together on real data.
    TIP: guessing gives 10 %. Much less than 85 %? Print shapes: images, means, differences, distances.
    """
    x, y = digits
    means = stack([x[:1000][y[:1000] == digit].mean(dim=0) for digit in range(10)])
    distances = ((x[1000:].unsqueeze(1) - means) ** 2).sum(dim=-1)
    share = (distances.argmin(dim=1) == y[1000:]).float().mean().item()
    assert share >= 0.85, f"only {share:.1%} of the digits are read correctly"
    assert distances.dtype == x.dtype, f"pixels are {x.dtype}, and their distances {distances.dtype}: float64 crept in"


def test_distances_by_matrix_product(digits):
    """WHAT: |x - m|^2 = |x|^2 - 2 x m + |m|^2, with a matrix product instead of a table of differences.
    WHY: two ways to compute the same number catch what one alone doesn't.
    TIP: the three terms have shapes (N, 1), (N, C) and (C). Print them: which one is off?
    """
    x, means = digits[0][:200] / 16, digits[0][200:210] / 16
    direct = ((x.unsqueeze(1) - means) ** 2).sum(dim=-1)
    product = (x**2).sum(dim=1, keepdim=True) - 2 * (x @ means.T) + (means**2).sum(dim=1)
    close(product, direct.array, "squared distances by a matrix product", atol=1e-3)


def test_package_is_the_learners_own():
    """WHAT: `import tinytorch` offers what the notebook defines, under PyTorch's names.
    WHY: from now on every module builds on this package.
    TIP: `tito system doctor` tells you which tinytorch is imported.
    """
    assert tinytorch.Tensor is Tensor, "tinytorch.Tensor must be the Tensor of your notebook"
    close(tinytorch.tensor([1.0]), [1], "tinytorch.tensor([1.0])")
    close(tinytorch.ones(1), [1], "tinytorch.ones(1)")
    close(arange(2), [0, 1], "tinytorch.arange(2)")
