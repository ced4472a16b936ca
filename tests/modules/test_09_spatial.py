"""The exported convolutions, pooling and batch norm, tested with other numbers than in the notebook."""

import numpy as np
import pytest

from tinytorch.autograd import gradcheck
from tinytorch.nn import AdaptiveAvgPool2d, AvgPool2d, BatchNorm1d, BatchNorm2d, Conv2d, MaxPool2d
from tinytorch.nn.functional import adaptive_avg_pool2d, avg_pool2d, batch_norm, conv2d, max_pool2d
from tinytorch.sliding import blocks, spread, windows
from tinytorch.spatial import LeNet, batch_norm_gradient, correlate, input_gradient, kernel_gradient, norm_statistics
from tinytorch.tensor import Tensor, manual_seed, ones, randn, zeros
from tinytorch.vocabulary.spatial import ResidualBlock
from tito.lesson import close, correlate_by_taps, raises, waves

# Convolution

OPTIONS = [
    ((4, 4), (1, 1), (1, 1)), ((1, 3), (1, 1), (1, 1)), ((3, 1), (2, 2), (1, 1)), ((2, 2), (3, 1), (1, 4)), ((3, 2), (2, 3), (2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("size", "stride", "dilation"), OPTIONS)
def test_correlate_agrees_with_products_per_tap(size, stride, dilation):
    """WHAT: the numbers of another way to compute a convolution, for odd sizes, strides and dilations.
    WHY: one wrong stride shifts what all later layers see.
    TIP: print the shape of the windows. Which of its axes are one row of your matrix?
    """
    x, kernel = waves(3, 7, 8, 2), waves(*size, 2, 5)
    close(correlate(x, kernel, stride, dilation), correlate_by_taps(x, kernel, stride, dilation), f"kernel {size}")


@pytest.mark.parametrize(("size", "stride", "dilation"), OPTIONS)
def test_kernel_gradient_is_linear_in_the_kernel(size, stride, dilation):
    """WHAT: the gradient times any kernel is the sum of the results times the upstream gradient, since a convolution is linear.
    WHY: this holds for the right gradient only, whatever the shapes.
    TIP: which windows met which upstream gradients?
    """
    x, kernel = waves(3, 7, 8, 2), waves(*size, 2, 5)
    out = correlate_by_taps(x, kernel, stride, dilation)
    grad = waves(*out.shape) ** 2
    actual = kernel_gradient(x, grad, size, stride, dilation)
    close((actual * kernel).sum(), (out * grad).sum(), f"kernel {size}, the gradient times the kernel")
    assert actual.shape == kernel.shape


@pytest.mark.parametrize(("size", "stride", "dilation"), OPTIONS)
def test_input_gradient_is_linear_in_the_images(size, stride, dilation):
    """WHAT: the gradient times the images is the sum of the results times the upstream gradient, also with padding.
    WHY: this holds for the right gradient only, whatever the shapes.
    TIP: where in the field of zeros does the first upstream gradient go?
    """
    x, kernel, before = waves(3, 7, 8, 2), waves(*size, 2, 5), (size[0] - 1, 1)
    padded = np.pad(x, [(0, 0), (before[0], before[0]), (1, 1), (0, 0)])
    out = correlate_by_taps(padded, kernel, stride, dilation)
    grad = waves(*out.shape) ** 2
    actual = input_gradient(grad, kernel, (7, 8), before, stride, dilation)
    close((actual * x).sum(), (out * grad).sum(), f"kernel {size}, the gradient times the images")
    assert actual.shape == x.shape


def test_conv2d_of_groups_and_blocks(monkeypatch):
    """WHAT: groups see only their own channels, and a batch gives the same in blocks of one image as at once.
    WHY: a large batch never fits into the cache as a whole.
    TIP: conv2d is given. Do your functions depend on the number of images?
    """
    manual_seed(0)
    x, weight, bias = randn(5, 4, 6, 6), randn(8, 2, 3, 3), randn(8)
    whole = conv2d(x, weight, bias, padding=1, groups=2)
    halves = [conv2d(x[:, i : i + 2], weight[2 * i : 2 * i + 4], bias[2 * i : 2 * i + 4], padding=1) for i in (0, 2)]
    close(whole, np.concatenate([half.numpy() for half in halves], axis=1), "two groups", atol=1e-5)
    monkeypatch.setattr("tinytorch.sliding.BLOCK", 1)
    assert len(blocks(5, 1000)) == 5
    close(conv2d(x, weight, bias, padding=1, groups=2), whole, "in blocks of one image", atol=1e-5)


def test_conv2d_in_float32_stays_float32():
    """WHAT: results and gradients of float32 images are float32.
    WHY: one float64 in a network makes everything after it twice as slow.
    TIP: which array of yours has another dtype?
    """
    layer = Conv2d(2, 3, 3)
    x = randn(2, 2, 5, 5, requires_grad=True)
    out = max_pool2d(BatchNorm2d(3)(layer(x)), 2)
    out.sum().backward()
    assert [t.dtype for t in (out, x.grad, layer.weight.grad, layer.bias.grad)] == [np.float32] * 4


# Pooling


def test_max_pool2d_of_equal_numbers():
    """WHAT: in a window of equal numbers the first gets all of the gradient, for every position of the window.
    WHY: after ReLU windows of zeros are common.
    TIP: compare with `>`, or with `>=`? In which order do the taps come?
    """
    x = zeros(1, 2, 4, 6, requires_grad=True)
    max_pool2d(x, (2, 3)).backward(Tensor([[[[1.0, 2.0], [3.0, 4.0]]] * 2]))
    expected = np.zeros((1, 2, 4, 6))
    expected[:, :, ::2, ::3] = [[1, 2], [3, 4]]
    close(x.grad, expected, "an image of zeros, windows (2, 3)")


@pytest.mark.parametrize("options", [(2,), (3, 2, 1), ((2, 3), (1, 2)), (2, 2, 0, 2), (3, 2, 1, 1, True)])
def test_pooling_passes_gradcheck(options):
    """WHAT: gradients of max-pooling and average pooling match numerical gradients.
    WHY: windows may overlap, leave pixels out, or reach into the padding.
    TIP: average pooling is given. Which option has the failing case?
    """
    assert gradcheck(lambda x: max_pool2d(x, *options), Tensor(waves(2, 2, 7, 6)))
    if len(options) < 4:
        assert gradcheck(lambda x: avg_pool2d(x, *options), Tensor(waves(2, 2, 7, 6)))


def test_average_pooling_of_regions():
    """WHAT: adaptive pooling takes means of regions that cover the image; of one region, the mean of all.
    WHY: it makes a network independent of the size of its images.
    TIP: these functions are given. They need tensors and their gradients only.
    """
    x = Tensor(np.arange(12.0).reshape(1, 1, 3, 4))
    close(adaptive_avg_pool2d(x, 1), [[[[5.5]]]], "one region")
    close(adaptive_avg_pool2d(x, (3, 2)), [[[[0.5, 2.5], [4.5, 6.5], [8.5, 10.5]]]], "three by two regions")
    close(AdaptiveAvgPool2d((None, 1))(x), [[[[1.5], [5.5], [9.5]]]], "the mean of each row")
    close(AvgPool2d((1, 2))(x), [[[[0.5, 2.5], [4.5, 6.5], [8.5, 10.5]]]], "windows of two")
    close(MaxPool2d((3, 2))(x), [[[[9, 11]]]], "the largest of six")


# Batch norm


def test_norm_statistics_over_steps():
    """WHAT: after many batches, the running statistics come close to those of the data.
    WHY: they are all that is known about the data at inference.
    TIP: print the running variance after each step. Where does it go?
    """
    rng = np.random.default_rng(0)
    mean, var = np.zeros(2), np.ones(2)
    for _ in range(200):
        norm_statistics(rng.normal([3, -1], [2, 0.5], (20, 2)), mean, var, True)
    assert abs(mean[0] - 3) < 0.4 and abs(mean[1] + 1) < 0.1, f"running_mean is {mean}, and the data's is (3, -1)"
    assert abs(var[0] - 4) < 1 and abs(var[1] - 0.25) < 0.06, f"running_var is {var}, and the data's is (4, 0.25)"


def test_norm_statistics_of_many_rows():
    """WHAT: the mean of a million equal numbers is exact to a millionth.
    WHY: added up one by one in float32, they are off by percents.
    TIP: do you subtract two large numbers to get a small variance? And how do you add up?
    """
    mean, var = norm_statistics(np.full((1_000_000, 2), 0.1, np.float32), None, None, True)
    close(mean, [0.1, 0.1], "the mean of a million times 0.1", rtol=2e-5)
    close(var, [0, 0], "their variance", atol=1e-9)


def test_batch_norm_gradient_has_no_part_along_the_statistics():
    """WHAT: columns of the gradient add up to 0, and so do their products with the normalized rows.
    WHY: moving or stretching a column changes nothing that batch norm returns.
    TIP: which of the two sums isn't 0?
    """
    x = waves(40, 3) * [1, 5, 0.1]
    normal = (x - x.mean(axis=0)) / x.std(axis=0)
    grad = batch_norm_gradient(waves(40, 3) ** 3 + 1, normal, 1 / x.std(axis=0))
    close(grad.sum(axis=0), np.zeros(3), "the sums of its columns")
    close((grad * normal).sum(axis=0), np.zeros(3), "the sums of its columns times the normalized rows")
    assert np.abs(grad).max() > 0.1, "the gradient is nearly 0"


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 2), (3, 2, 4), (3, 2, 2, 2)])
def test_batch_norm_passes_gradcheck(shape, training):
    """WHAT: the gradients of images, weight and bias, in both modes.
    WHY: at inference the statistics are constants, in training they aren't.
    TIP: batch_norm is given. Look at norm_statistics and batch_norm_gradient.
    """
    inputs = Tensor(waves(*shape)), Tensor(1 + waves(2)), Tensor(waves(2))
    mean, var = Tensor([0.5, -1.0]), Tensor([2.0, 0.5])
    assert gradcheck(
        lambda x, w, b: batch_norm(x, Tensor(mean, dtype=x.dtype), Tensor(var, dtype=x.dtype), w, b, training), inputs
    )


def test_BatchNorm2d_in_both_modes():
    """WHAT: training normalizes with the batch and updates the buffers; after eval neither the batch nor the buffers matter or change.
    WHY: a prediction must not depend on the images beside it.
    TIP: print `layer.state_dict()` before and after a call in each mode.
    """
    manual_seed(1)
    layer, x = BatchNorm2d(3), 5 + 2 * randn(8, 3, 4, 4)
    out = layer(x)
    close(out.mean(dim=(0, 2, 3)), np.zeros(3), "the mean in training", atol=1e-5)
    assert layer.num_batches_tracked.item() == 1 and (layer.running_mean.numpy() > 0.3).all()
    before = layer.eval().state_dict()
    close(layer(x[:1]), layer(x)[:1], "one image alone, after eval")
    assert all((before[name].numpy() == value.numpy()).all() for name, value in layer.state_dict().items())
    assert float(np.abs((layer(x) - out).detach().numpy()).max()) > 0.5, "the two modes must differ after one step"


def test_BatchNorm_without_parameters_and_statistics():
    """WHAT: options of the layer: without affine parameters, without running statistics, with the average of all batches.
    WHY: state dicts of PyTorch's models have exactly these names.
    TIP: BatchNorm2d is given. Does norm_statistics accept None?
    """
    assert list(BatchNorm2d(2, affine=False, track_running_stats=False).state_dict()) == []
    layer = BatchNorm1d(1, momentum=None)
    for batch in ([[0.0], [2.0]], [[4.0], [6.0]]):
        layer(Tensor(batch))
    close(layer.running_mean, [3.0], "momentum=None: the mean of the means 1 and 5")
    layer = BatchNorm2d(2, track_running_stats=False).eval()
    close(
        layer(randn(4, 2, 3, 3)).mean(dim=(0, 2, 3)),
        [0, 0],
        "no running statistics: the batch's, also after eval",
        atol=1e-5,
    )


# Networks


def test_LeNet_and_ResidualBlock():
    """WHAT: the number of parameters of LeNet; a block whose second batch norm has weight 0 passes its input on.
    WHY: wrong shapes between layers show here first.
    TIP: both are given. Which of the layers below fails?
    """
    count = sum(parameter.numel() for parameter in LeNet().parameters())
    assert count == 61_706, f"LeNet for 28 by 28 pixels has 61,706 parameters, not {count}"
    block, x = ResidualBlock(3, 3).eval(), randn(2, 3, 4, 4)
    block.bn2.weight.array[...] = 0
    close(block(x), np.maximum(x.numpy(), 0), "with bn2.weight = 0 the shortcut is left")
    assert ResidualBlock(3, 5, stride=2)(x).shape == (2, 5, 2, 2)


# What your functions are given


def test_windows_are_views_inside_the_images():
    """WHAT: windows share memory with the images, and never reach beyond them.
    WHY: a copy would take nine times the memory.
    TIP: `windows` is given.
    """
    x = waves(2, 5, 6, 3)
    assert np.shares_memory(windows(x, (3, 3)), x)
    close(windows(x, (2, 2), (2, 3), (3, 1))[1, 0, 1], x[1, 0:4:3, 3:5], "stride (2, 3), dilation (3, 1)")
    raises(ValueError, lambda: windows(x[:, :, ::2], (2, 2)), "images that aren't contiguous")


def test_spread_cuts_what_lies_outside():
    """WHAT: entries land `step` apart from `start`; what would lie outside of the field is left out.
    WHY: with more padding than the kernel reaches, some gradients belong to the padding only.
    TIP: `spread` is given.
    """
    row = np.array([1.0, 2.0, 3.0]).reshape(1, 1, 3, 1)
    for start, expected in ((0, [1, 0, 2, 0]), (-1, [0, 2, 0, 3]), (-4, [3, 0, 0, 0]), (3, [0, 0, 0, 1]), (5, [0] * 4)):
        close(spread(row, (1, 4), (0, start), (1, 2))[0, 0, :, 0], expected, f"start {start}, step 2")


# Wrong input

WRONG_INPUT = {
    "three channels for a filter of two": (lambda: conv2d(ones(1, 3, 5, 5), ones(4, 2, 3, 3)), "channels"),
    "a kernel larger than the image": (lambda: conv2d(ones(1, 1, 3, 3), ones(1, 1, 5, 5), padding=0), "kernel_size"),
    "stride 0": (lambda: conv2d(ones(1, 1, 3, 3), ones(1, 1, 1, 1), stride=0), "stride"),
    "groups that don't divide": (lambda: Conv2d(4, 6, 3, groups=4), "groups"),
    "one image without an axis for the batch": (lambda: conv2d(ones(1, 3, 3), ones(1, 1, 1, 1)), "unsqueeze"),
    "one value per channel": (lambda: BatchNorm2d(2)(ones(1, 2, 1, 1)), "one value per channel"),
    "padding of more than half a window": (lambda: max_pool2d(ones(1, 1, 4, 4), 2, padding=2), "padding"),
    "a channel too many": (lambda: BatchNorm2d(2)(ones(3, 3, 2, 2)), "C = 2"),
    "another dtype": (lambda: conv2d(ones(1, 1, 3, 3), ones(1, 1, 1, 1, dtype=np.float64)), "float64"),
    "integers": (lambda: max_pool2d(Tensor(np.ones((1, 1, 4, 4), np.int64)), 2), "int64"),
}


@pytest.mark.parametrize("what", WRONG_INPUT)
def test_wrong_input_is_named(what):
    """WHAT: a ValueError names the argument, before anything has changed.
    WHY: deep in a network, NumPy's own message says nothing about the layer.
    TIP: the checks are given, so an error from your own function means that it ran before them.
    """
    call, word = WRONG_INPUT[what]
    with pytest.raises(ValueError, match=word):
        call()


def test_a_refused_batch_changes_no_statistics():
    """WHAT: a batch that batch norm refuses isn't counted.
    WHY: running statistics can't be undone.
    TIP: BatchNorm2d is given.
    """
    layer = BatchNorm2d(2)
    before = {name: value.numpy().copy() for name, value in layer.state_dict().items()}
    raises(ValueError, lambda: layer(ones(1, 2, 1, 1)), "one value per channel")
    assert all((layer.state_dict()[name].numpy() == value).all() for name, value in before.items())
