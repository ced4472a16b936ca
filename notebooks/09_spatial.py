import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 09: Spatial")

with app.setup(hide_code=True):
    import math
    from functools import cache, partial

    import marimo as mo
    import numpy as np

    import tinytorch.sliding as sliding
    from tinytorch.activations import relu, softmax
    from tinytorch.arrays import select
    from tinytorch.autograd import gradcheck, no_grad, numerical_gradient
    from tinytorch.dataloader import DataLoader, TensorDataset
    from tinytorch.layers import Linear, Module
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import Adam
    from tinytorch.sliding import as_rows, channels_first, channels_last, column_sums, spread, windows
    from tinytorch.tensor import Tensor, manual_seed, op, randn
    from tinytorch.training import train_epoch
    from tito.diagrams import diagram
    from tito.lesson import close, compare, correlate_by_taps, measure, show, sliders_of, unchanged, waves
    from tito.picture import images, mark


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 09: Spatial

    A photo of 32 by 32 pixels in three colors has 3072 numbers. A linear layer that makes eight pictures of the same size from it needs
    $3072 \cdot 8192$ weights: 25 million. Each pixel has its own, so a cat in the left corner teaches nothing about cats on the right. A
    **convolution** does it with 216 weights, which all places in the picture share. And how do you make it fast?

    **When you are done:** I can ...

    - slide a filter over pictures, and turn that into one matrix product, gradients included, and compare it with a linear layer;
    - pool and normalize feature maps, and say what changes between training and inference;
    - look at what a trained network sees, and find out which part of a picture decides.

    **You need:** Modules 01 to 08. **It unlocks:** Module 10, tokenization.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("spatial")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. A kernel slides over a picture

    A **kernel** is a small table of weights. Put it on the top left corner of the picture, multiply each weight by the pixel under it,
    and add up: that is one number of the result. Move on by one pixel, and do it again:

    $$\begin{pmatrix} 0 & 1 & 2 \\ 3 & 4 & 5 \\ 6 & 7 & 8 \end{pmatrix} \quad\text{with}\quad \begin{pmatrix} 1 & 0 \\ 0 & -1 \end{pmatrix}
    \quad\text{gives}\quad \begin{pmatrix} 0 - 4 & 1 - 5 \\ 3 - 7 & 4 - 8 \end{pmatrix} = \begin{pmatrix} -4 & -4 \\ -4 & -4 \end{pmatrix}$$

    The result is a **feature map**: it shows where the picture has what the kernel looks for, here a change along the diagonal. A picture with
    $C$ channels needs a table for each; the results add up. $O$ such kernels, the **filters** of a layer, give $O$ feature maps, so the
    weight has shape (O, C, rows, columns). (Mathematicians flip the kernel first.) Begin with plain loops: slow, but clear.
    """)
    return


@app.function
# points: 3, not exported
def conv2d_loops(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Slide filters over images in plain loops: one pixel further each time, wherever the whole kernel fits.

    Args:
        x, weight: images of shape (N, C, H, W), and filters of shape (O, C, rows, columns).

    Returns:
        Feature maps of shape (N, O, H - rows + 1, W - columns + 1).

    >>> conv2d_loops(np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, -1.0]]]])).tolist()
    [[[[-4.0, -4.0], [-4.0, -4.0]]]]

    Steps:
        1. Make an array for the results.
        2. For each of its entries: cut the window out of the image, with all channels; multiply it by one filter; add up.

    Hint: `np.ndindex(shape)` yields every index of an array. Which image, filter, row and column does an entry belong to?
    """
    ### BEGIN SOLUTION
    count, _, height, width = x.shape
    filters, _, rows, columns = weight.shape
    out = np.zeros((count, filters, height - rows + 1, width - columns + 1), x.dtype)
    for n, o, i, j in np.ndindex(out.shape):
        out[n, o, i, j] = (x[n, :, i : i + rows, j : j + columns] * weight[o]).sum()
    return out
    ### END SOLUTION


@app.function
# points: 3
def test_conv2d_loops():
    """WHAT: each result is the sum of one window times one filter, over all channels; every place where the kernel fits.
    WHY: everything faster in this module must give the same numbers.
    TIP: work out one window by hand: all channels, in the filter's order. Do the last row and the last column take part?
    """
    x, corner = np.arange(24.0).reshape(2, 3, 4) ** 2, np.array([[[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]]])
    weight = np.array([[[[1.0, 2.0]], [[0.0, 1.0]]], [[[0.0, 0.0]], [[-1.0, 0.0]]]])
    expected = np.stack([x[0, :, :-1] + 2 * x[0, :, 1:] + x[1, :, 1:], -x[1, :, :-1]])
    close(unchanged(conv2d_loops, np.stack([x, -x]), weight), [expected, -expected], "images (2, 3, 4), two filters")
    close(conv2d_loops(x[None, :1], corner), x[None, :1, 1:, :2], "a filter (1, 2, 3) with a 1 in its second row")
    close(conv2d_loops(x[None], x[None]), [[[[(x * x).sum()]]]], "a filter as large as the image")


@app.cell(hide_code=True)
def _():
    _boxes = (mo.ui.number(-9, 9, 0.1, w, label=f"w{i}") for i, w in enumerate((1, 0, -1, 2, 0, -2, 1, 0, -1)))
    kernel_numbers = mo.ui.array([*_boxes])
    digit = sliders_of(image=(0, 99, 4), place=(0, 35, 14))
    _rows = [mo.hstack(kernel_numbers.elements[i : i + 3], justify="start") for i in (0, 3, 6)]
    mo.md(f"""
    ### Explore: edit a kernel, and watch it slide

    **Predict**: what does the feature map show where the paper is empty? On which side of a stroke is it positive? What must the nine
    numbers add up to, so that an evenly gray area becomes 0? Then find a kernel for horizontal edges, and one that changes nothing. {digit.hstack(justify="start")} {mo.vstack(_rows)}
    """)
    return digit, kernel_numbers


@app.function(hide_code=True)
def explore_kernel(number, place, kernel):
    """Figure: a digit with one window, the window times the kernel, and the feature map with the number that it gives."""
    from sklearn.datasets import load_digits

    image, kernel, (row, column) = load_digits().images[number] / 16, np.reshape(kernel, (3, 3)), divmod(place, 6)
    out, products = conv2d_loops(image[None, None], kernel[None, None])[0, 0], image[row:][:3, column:][:, :3] * kernel
    shown = [("picture", "ink", image), (f"window times kernel, sum {products.sum():.3g}", "signed", products)]
    figure, (left, middle, right) = images([*shown, (f"feature map, here {out[row, column]:.3g}", "signed", out)])
    for i, j in np.ndindex(3, 3):
        middle.text(j, i, f"{products[i, j] + 0.0:.2g}", ha="center", va="center", backgroundcolor="white")
    mark(left, row, column, 3), mark(right, row, column)
    return figure


@app.cell(hide_code=True)
def _(digit, kernel_numbers):
    show(explore_kernel, *digit.value, kernel_numbers.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Padding, stride, dilation: which windows are there?

    A 3 by 3 kernel fits into a row of 8 pixels at 6 places, so each layer shrinks the picture. **Padding** first puts $p$ zeros on each
    side; with $p = 1$, 8 pixels stay 8. The **stride** $s$ is the step from one window to the next. **Dilation** $d$ spreads the kernel,
    so that its $k$ entries are $d$ pixels apart, and the last one is $d (k - 1)$ pixels from the first. Along an axis of $n$ pixels there are

    $$\left\lfloor \frac{n + 2 p - d (k - 1) - 1}{s} \right\rfloor + 1$$

    windows: for $n = 8$, $p = 1$, $k = 3$, $d = 1$, $s = 2$ these are $\lfloor 7 / 2 \rfloor + 1 = 4$.
    """)
    return


@app.cell(hide_code=True)
def _():
    sliders = sliders_of(
        pixels=(4, 12, 8), kernel=(1, 5, 3), stride=(1, 4, 2), padding=(0, 4), dilation=(1, 3), window=(0, 143)
    )
    mo.md(f"""
    ### Explore: where is the window?

    A picture in its padding, and the pixels that one window reads. **Predict**: with 8 pixels, a kernel of 3 and no padding, which
    pixels does a stride of 3 never read? Which padding keeps 8 pixels with stride 1 and a kernel of 5? And with a kernel of 3 and
    dilation 2? Which pixels are read most often? {sliders.hstack(justify="start", wrap=True)}
    """)
    return (sliders,)


@app.function(hide_code=True)
def explore_windows(size, kernel, stride, padding, dilation, place):
    """Figure: how many windows read each pixel, and the pixels of one window; or a sentence if none fits."""
    padded, covered = size + 2 * padding, dilation * (kernel - 1) + 1
    if padded < covered:
        return mo.md(f"The kernel covers {covered} pixels, and the padded picture has {padded}: no window fits.")
    numbers = np.arange(padded**2).reshape(1, padded, padded, 1)
    views = windows(numbers, *((n, n) for n in (kernel, stride, dilation)))
    reads, side = np.bincount(views.ravel(), minlength=padded**2).reshape(padded, padded), views.shape[1]
    row, column = divmod(place % side**2, side)
    shown = [(f"read by {reads.min()} to {reads.max()} windows", "count", reads)]
    shown += [(f"the feature map: {side} by {side}", "count", np.zeros((side, side)))]
    figure, (left, right) = images(shown, height=3.2)
    left.plot(*divmod(views[0, row, column].ravel(), padded)[::-1], "s", color="#d55e00", markersize=7)
    mark(left, padding, padding, size), mark(right, row, column)
    return figure


@app.cell(hide_code=True)
def _(sliders):
    show(explore_windows, *sliders.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. im2col: a convolution is a matrix product

    Each result is a sum of products, a window times a filter. So write each window as a row and each filter as a column, and let one
    product do everything. This is **im2col** (image to columns). With the picture and the kernel of section 1:

    $$\begin{pmatrix} 0 & 1 & 3 & 4 \\ 1 & 2 & 4 & 5 \\ 3 & 4 & 6 & 7 \\ 4 & 5 & 7 & 8 \end{pmatrix}
    \begin{pmatrix} 1 \\ 0 \\ 0 \\ -1 \end{pmatrix} = \begin{pmatrix} -4 \\ -4 \\ -4 \\ -4 \end{pmatrix}$$

    From here on images are stored **channels last**, (N, H, W, C), with their padding, and kernels as (rows, columns, C, O). Then a row of
    a window, with all its channels, lies in memory as one piece. `windows(x, kernel_size, stride, dilation)` returns all windows, (N, H',
    W', rows, columns, C), as a view: its **strides** (Module 01) let windows overlap. For images of 4 rows of 5 pixels with 2 channels
    they are (40, 10, 2, 10, 2, 1): one row down is 10 numbers further, for the window as a whole as well as inside it.

    The matrix is a copy, with every pixel up to nine times for a 3 by 3 kernel, because overlapping rows can't be multiplied at full
    speed. You'll measure what it gains over the loops. A large batch goes through in blocks whose columns fit into the cache.
    """)
    return


@app.function
# points: 3
def correlate(x: np.ndarray, kernel: np.ndarray, stride: tuple = (1, 1), dilation: tuple = (1, 1)) -> np.ndarray:
    """Slide a kernel over images that are padded already, as one matrix product.

    Args:
        x, kernel: contiguous images of shape (N, H, W, C), and an array of shape (rows, columns, C, O).
        stride, dilation: pairs, (rows, columns).

    Returns:
        Feature maps of shape (N, H', W', O).

    >>> correlate(np.arange(9.0).reshape(1, 3, 3, 1), np.array([1.0, 0.0, 0.0, -1.0]).reshape(2, 2, 1, 1)).ravel().tolist()
    [-4.0, -4.0, -4.0, -4.0]

    Steps:
        1. Write the windows as a matrix, a row for each, and the kernel as a matrix, a column for each filter.
        2. Multiply, and give the result its four axes.

    Hint: `reshape` merges neighboring axes. Which of the six belong to one row? For an empty batch, -1 can't be inferred.
    """
    ### BEGIN SOLUTION
    views = windows(x, kernel.shape[:2], stride, dilation)
    size, filters = math.prod(kernel.shape[:3]), kernel.shape[3]
    matrix = views.reshape(math.prod(views.shape[:3]), size)
    return (matrix @ kernel.reshape(size, filters)).reshape(*views.shape[:3], filters)
    ### END SOLUTION


@app.function
# points: 3
def test_correlate():
    """WHAT: the numbers of the loops, for any stride, dilation, number of channels and size, also of an empty batch.
    WHY: nearly all the time of a convolutional network is spent in this product.
    TIP: which shapes have both matrices? Does a row of the first list its numbers in the order of a column of the second?
    """
    x = waves(2, 5, 6, 3)
    for size, stride, dilation in (((3, 3), (1, 1), (1, 1)), ((2, 3), (2, 3), (1, 1)), ((2, 2), (1, 2), (3, 2))):
        kernel, what = waves(*size, 3, 4), f"kernel {size}, stride={stride}, dilation={dilation}"
        close(unchanged(correlate, x, kernel, stride, dilation), correlate_by_taps(x, kernel, stride, dilation), what)
    close(correlate(x[:0], waves(3, 3, 3, 4)), np.zeros((0, 3, 4, 4)), "an empty batch")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. The gradients are convolutions, too

    Training needs two gradients. Follow one axis with numbers: the input $(x_0, x_1, x_2, x_3)$, the kernel $(2, 3)$, the result
    $y_i = 2 x_i + 3 x_{i+1}$, and the upstream gradient $(10, 20, 30)$.

    **Of the kernel.** Its first entry met $x_0$, $x_1$ and $x_2$, in a different result each time: its gradient is
    $10 x_0 + 20 x_1 + 30 x_2$. As matrices, this is a linear layer whose rows are the windows.

    **Of the input.** $x_1$ is in $y_0$, with weight 3, and in $y_1$, with weight 2: its gradient is $3 \cdot 10 + 2 \cdot 20 = 70$. All
    four are $(20, 70, 120, 90)$. You get them if you slide the **flipped** kernel $(3, 2)$ over $(0, 10, 20, 30, 0)$:

    $$3 \cdot 0 + 2 \cdot 10 = 20 \qquad 3 \cdot 10 + 2 \cdot 20 = 70 \qquad 3 \cdot 20 + 2 \cdot 30 = 120 \qquad 3 \cdot 30 + 2 \cdot 0 = 90$$

    So it is a convolution again. Its kernel is flipped along rows and columns, and goes from the filters back to the channels. How many
    zeros come before the gradient? As many as there are pixels from the kernel's first entry to its last (section 2); but $p$ fewer,
    since the padding isn't part of the picture. And after a stride $s$, neighboring results are $s$ pixels apart: zeros go in between.
    Below, `conv2d` combines your functions, with PyTorch's order of axes, and returns its result *and* its gradients: an op may bring its
    own rule. Why doesn't it keep the columns? (With `groups`, each group of channels has its own filters.)
    """)
    return


@app.function
# points: 3
def kernel_gradient(
    x: np.ndarray, grad: np.ndarray, kernel_size: tuple, stride: tuple = (1, 1), dilation: tuple = (1, 1)
) -> np.ndarray:
    """The gradient of the kernel of `correlate`.

    Args:
        x, grad: the padded images of the forward pass, (N, H, W, C), and the upstream gradient, (N, H', W', O).
        kernel_size, stride, dilation: pairs, (rows, columns).

    Returns:
        Array of the kernel's shape, (rows, columns, C, O).

    >>> x, grad = np.array([5.0, 6.0, 7.0, 8.0]), np.array([10.0, 20.0, 30.0])
    >>> kernel_gradient(x.reshape(1, 1, 4, 1), grad.reshape(1, 1, 3, 1), (1, 2)).ravel().tolist()
    [380.0, 440.0]

    Steps:
        1. Write the windows as a matrix again, and the upstream gradient as another: one row for each window.
        2. Which product has the shape of the kernel's matrix? Give it the four axes of the kernel.

    Hint: `matmul_gradient` in Module 05 has the same problem.
    """
    ### BEGIN SOLUTION
    views = windows(x, kernel_size, stride, dilation)
    count, size = math.prod(grad.shape[:3]), math.prod(views.shape[3:])
    product = views.reshape(count, size).T @ grad.reshape(count, grad.shape[3])
    return product.reshape(*views.shape[3:], grad.shape[3])
    ### END SOLUTION


@app.function
# points: 3
def test_kernel_gradient():
    """WHAT: the numerical gradient of the kernel, for any stride, dilation and size; zeros for an empty batch.
    WHY: this is what moves the filters.
    TIP: write down the shapes of both matrices and of the kernel's. If only numbers are wrong: which window met which gradient?
    """
    x = waves(2, 5, 6, 2)
    for size, stride, dilation in (((3, 3), (1, 1), (1, 1)), ((2, 3), (2, 3), (1, 1)), ((2, 1), (1, 2), (3, 2))):
        kernel, forward = waves(*size, 2, 3), lambda kernel, s=stride, d=dilation: correlate_by_taps(x, kernel, s, d)
        grad = waves(*forward(kernel).shape) ** 2
        expected = numerical_gradient(lambda kernel, f=forward, g=grad: (f(kernel) * g).sum(), kernel)
        options = f"kernel {size}, stride={stride}, dilation={dilation}"
        close(unchanged(kernel_gradient, x, grad, size, stride, dilation), expected, options, rtol=1e-4)
    close(kernel_gradient(x[:0], np.zeros((0, 4, 5, 3)), (2, 2)), np.zeros((2, 2, 2, 3)), "an empty batch")


@app.function
# points: 4
def input_gradient(
    grad: np.ndarray, kernel: np.ndarray, size: tuple, before: tuple = (0, 0), stride: tuple = (1, 1),
    dilation: tuple = (1, 1),
) -> np.ndarray:  # fmt: skip
    """The gradient of the images.

    Args:
        grad, kernel: the upstream gradient, (N, H', W', O), and the kernel, (rows, columns, C, O).
        size, before: (H, W) of the images without padding, and how many zeros the padding put (above, left of) them.
        stride, dilation: pairs, (rows, columns).

    Returns:
        Array of shape (N, H, W, C).

    >>> grad, kernel = np.array([10.0, 20.0, 30.0]), np.array([2.0, 3.0])
    >>> input_gradient(grad.reshape(1, 1, 3, 1), kernel.reshape(1, 2, 1, 1), (1, 4)).ravel().tolist()
    [20.0, 70.0, 120.0, 90.0]

    Steps:
        1. Put the upstream gradient on a field of zeros. By section 2, how large is it, if the kernel fits at H times W places?
        2. Flip the kernel, and let it go from O filters to C channels.
        3. Slide it over the field. With which stride, and which dilation?

    Hint: `spread(grad, size, start, step)` makes the field, of size (rows, columns). The first entry comes to `start`, the next ones are
    `step` apart. These are pairs as well, and a start may be negative.
    """
    ### BEGIN SOLUTION
    reach = [d * (k - 1) for d, k in zip(dilation, kernel.shape[:2], strict=True)]
    field_size = tuple(n + far for n, far in zip(size, reach, strict=True))
    start = tuple(far - zeros for far, zeros in zip(reach, before, strict=True))
    field = spread(grad, field_size, start, stride)
    return correlate(field, kernel[::-1, ::-1].swapaxes(2, 3), dilation=dilation)
    ### END SOLUTION


@app.function
# points: 4
def test_input_gradient():
    """WHAT: the numerical gradient of the images, for any stride, padding, dilation and size.
    WHY: without it only the last convolution of a network learns.
    TIP: the message has the options that fail. Draw the field for one axis: where does the first gradient go, where the second?
    """
    for size, stride, before, dilation in (
        ((3, 2), (1, 1), (1, 0), (1, 1)), ((2, 3), (2, 3), (1, 2), (1, 1)),
        ((2, 2), (1, 2), (0, 1), (3, 2)), ((2, 1), (1, 1), (2, 1), (1, 1)),
    ):  # fmt: skip
        x, kernel, border = waves(2, 5, 6, 2), waves(*size, 2, 3), [(0, 0), *((n, n) for n in before), (0, 0)]
        forward = lambda x, k=kernel, b=border, s=stride, d=dilation: correlate_by_taps(np.pad(x, b), k, s, d)  # noqa: E731
        grad = waves(*forward(x).shape) ** 2
        expected = numerical_gradient(lambda x, f=forward, g=grad: (f(x) * g).sum(), x)
        options = f"kernel {size}, stride={stride}, padding={before}, dilation={dilation}"
        close(unchanged(input_gradient, grad, kernel, (5, 6), before, stride, dilation), expected, options, rtol=1e-4)


@app.function
@op
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, padding: int | tuple | str = 0,
    dilation: int | tuple = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Slide filters over images, as [PyTorch](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html) does.

    Args:
        input, weight: images of shape (N, C, H, W), and filters of shape (O, C / groups, rows, columns).
        bias: a number for each filter, shape (O,), or None.
        stride, padding, dilation: a number, or (rows, columns); padding may also be "same" or "valid".
        groups: into how many parts the channels are split. ValueError if a shape or an option doesn't fit.

    >>> conv2d(Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), Tensor([[[[1.0, 10.0]]]])).tolist()
    [[[[21.0], [43.0]]]]
    """
    window = sliding.convolution_window(input, weight, bias, stride, padding, dilation, groups)
    options = {"stride": window.stride, "dilation": window.dilation}
    x, kernel = channels_last(input), weight.transpose(2, 3, 1, 0)
    out = np.empty((len(x), *window.out_size, len(weight)), input.dtype)
    parts = sliding.blocks(len(x), math.prod(window.out_size) * weight[0].size * groups)
    for part in parts:
        out[part] = sliding.by_groups(groups, partial(correlate, **options), window.pad(x[part]), kernel)
        if bias is not None:
            out[part] += bias

    def to_input(grad):
        grad, result = channels_last(grad), np.empty(x.shape, x.dtype)
        back = partial(input_gradient, size=window.size, before=window.before, **options)
        for part in sliding.blocks(len(x), math.prod(window.size) * weight[:, 0].size):
            result[part] = sliding.by_groups(groups, back, grad[part], kernel)
        return channels_first(result)

    def to_weight(grad):
        grad, total = channels_last(grad), np.zeros(kernel.shape, x.dtype)
        of_kernel = partial(kernel_gradient, kernel_size=window.kernel_size, **options)
        for part in parts:
            total += sliding.by_groups(groups, of_kernel, window.pad(x[part]), grad[part])
        return total.transpose(3, 2, 0, 1)

    return channels_first(out), (to_input, to_weight, lambda grad: column_sums(as_rows(grad)[0]))


@app.class_definition
class Conv2d(sliding.ConvolutionOptions):
    """`conv2d` with its weights. PyTorch: [`nn.Conv2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)."""

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


@app.function
def test_conv2d():
    """WHAT: your functions work together: the numbers of the loops, and gradients that pass your own gradcheck.
    WHY: every network from here on calls this op.
    TIP: conv2d is given. If this fails, look at the exercises before it, and at their tests.
    """
    x, layer = Tensor(waves(2, 4, 5, 6)), Conv2d(4, 6, (3, 2), groups=2)
    loops = conv2d_loops(x.array[:, :2], layer.weight.array[:3]) + layer.bias.array[:3, None, None]
    close(layer(x)[:, :3], loops, "the first of two groups, against the loops")
    for options in ({"stride": 2, "padding": 1}, {"padding": "same", "dilation": (1, 2)}):
        assert gradcheck(partial(conv2d, groups=2, **options), (x, layer.weight, layer.bias)), f"conv2d with {options}"


@app.cell(hide_code=True)
def _():
    field = sliders_of(layers=(1, 6, 3), kernel=(1, 7, 3, 2), stride=(1, 2))
    mo.md(f"""
    ### Explore: how much of the picture does one number see?

    The **receptive field** of a number is the part of the picture that it depends on, where its gradient isn't 0: your `input_gradient`
    draws it, layer after layer. **Predict**: how wide is it after three layers with a kernel of 3? How many weights do these have, and
    how many does one layer with a kernel of 7 have? What does a stride of 2 change? {field.hstack(justify="start", wrap=True)}
    """)
    return (field,)


@app.function(hide_code=True)
def explore_receptive_field(layers, kernel, stride):
    """Figure: the gradient of one number with respect to each pixel, the darker the larger, for kernels of equal numbers."""
    grad, size = np.ones((1, 1, 1, 1)), 1
    for _ in range(layers):
        size = (size - 1) * stride + kernel
        grad = input_gradient(grad, np.ones((kernel, kernel, 1, 1)), (size, size), stride=(stride, stride))
    return images([(f"{size} by {size} pixels, {layers * kernel**2} weights", "count", grad[0, :, :, 0])], height=3)[0]


@app.cell(hide_code=True)
def _(field):
    show(explore_receptive_field, *field.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Pooling: does it matter exactly where?

    A filter found an edge; whether at pixel 10 or 11 hardly matters. **Max-pooling** keeps the largest number of each window, usually 2
    by 2 with stride 2, and the feature map shrinks to a quarter:

    $$\begin{pmatrix} 1 & 3 & 0 & 0 \\ 2 & 0 & 0 & 0 \end{pmatrix} \to \begin{pmatrix} 3 & 0 \end{pmatrix} \qquad
    \text{grad } (10, 20) \to \begin{pmatrix} 0 & 10 & 20 & 0 \\ 0 & 0 & 0 & 0 \end{pmatrix}$$

    Backwards, the winner gets the gradient and the others nothing: nudging them doesn't change the result. In the second window all are
    equal, which is common after ReLU. Then the first wins, row by row, as in PyTorch. A pixel that wins two windows gets both gradients.
    `window.taps(images)` lists, for each place in a window, what all windows have there: above, $(1, 0)$, $(3, 0)$, $(2, 0)$ and $(0, 0)$.
    `window.gather(parts)` is its opposite: it adds the parts of such a list to the pixels that they came from, and returns images.
    """)
    return


@app.function
@op
# points: 4
def max_pool2d(
    input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0,
    dilation: int | tuple = 1, ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """The largest number in each window ([PyTorch](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html)).

    Args:
        input: images of shape (N, C, H, W).
        kernel_size, stride, padding, dilation: a number, or (rows, columns). The stride is usually the size of the kernel.
        ceil_mode: whether a last window may reach beyond the padding.

    Returns:
        Feature maps of shape (N, C, H', W'), and their gradient. ValueError (given) if a shape or an option doesn't fit.

    >>> max_pool2d(Tensor([[[[1.0, 3.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]]]), 2).tolist()
    [[[[3.0, 0.0]]]]

    Steps:
        1. `out`: the largest of the taps, number by number.
        2. Remember which tap won, for each number; of equal ones, the first.
        3. Write `to_input(grad)`: make a list with a part for each tap, the gradient where it won and 0 elsewhere. Gather them.
        4. Return (array, (to_input,)), with PyTorch's order of axes, as `conv2d` does.

    Hint: compare each tap with the largest of those before it. `select(mask, array)` keeps an array where a mask is true.
    """
    window = sliding.pooling_window("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode)
    taps = window.taps(window.pad(channels_last(input), fill=-np.inf))  # arrays (N, H', W', C); padding never wins
    ### BEGIN SOLUTION
    out, winner, count = taps[0], np.zeros(taps[0].shape, np.min_scalar_type(len(taps))), len(taps)
    for number, tap in enumerate(taps[1:], start=1):
        winner = np.maximum(winner, (tap > out) * winner.dtype.type(number))
        out = np.maximum(out, tap)

    def to_input(grad):
        grad = channels_last(grad)
        return channels_first(window.gather([select(winner == number, grad) for number in range(count)]))

    return channels_first(out), (to_input,)
    ### END SOLUTION


@app.function
# points: 4
def test_max_pool2d():
    """WHAT: the largest number of each window; its gradient goes to the first of the largest, and adds up where windows overlap.
    WHY: after ReLU many windows have several equal numbers, and a shared gradient would train another network than PyTorch does.
    TIP: which tap wins each window of the picture in the message? What do you gather? Do you return (array, (function,))?
    """
    for what, picture, options, expected, upstream, grad in (
        ("the picture of section 5", [[1, 3, 0, 0], [2, 0, 0, 0]], (2,), [[3, 0]], [[10, 20]], [[0, 10, 20, 0], [0, 0, 0, 0]]),
        ("1 5 2 5, windows of two, stride 1", [[1, 5, 2, 5]], ((1, 2), 1), [[5, 5, 5]], [[1, 10, 100]], [[0, 11, 0, 100]]),
        ("-3 -1 -2, windows of three, padding 1", [[-3, -1, -2]], ((1, 3), 2, (0, 1)), [[-1, -1]], [[1, 10]], [[0, 11, 0]]),
    ):  # fmt: skip
        x = Tensor([[picture]], dtype=np.float64, requires_grad=True)
        out = max_pool2d(x, *options)
        close(out, [[expected]], what)
        out.backward(Tensor([[upstream]], dtype=np.float64))
        close(x.grad, [[grad]], f"the gradient of {what}")
    x = Tensor(waves(2, 3, 6, 7))
    close(
        max_pool2d(x, 2),
        x.array[..., :6].reshape(2, 3, 3, 2, 3, 2).max((3, 5)),
        "images (2, 3, 6, 7), windows of 2 by 2",
    )
    assert gradcheck(lambda x: max_pool2d(x, 3, 2, 1), Tensor(waves(1, 2, 7, 5))), "kernel 3, stride 2, padding 1"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    `avg_pool2d`, which takes the mean, and `adaptive_avg_pool2d`, for which you choose the size that comes out, bring nothing new: they
    are in `tinytorch/vocabulary/spatial.py`.

    ## 6. Batch norm: which statistics?

    While a network trains, the mean and the size of each layer's inputs keep changing, as the layers before it change. **Batch norm**
    normalizes each channel: over all pixels of all images of the batch it subtracts the mean and divides by the standard deviation. A
    learned weight and bias then choose the size that suits. The values $(1, 2, 3, 6)$ have mean 3 and variance
    $(4 + 1 + 0 + 9) / 4 = 3.5$; they become $(-2, -1, 0, 3) / \sqrt{3.5}$.

    At inference there may be one image only, and the answer must not depend on which others came along. So in training the layer also
    keeps **running statistics**, $0.9 \cdot \text{running} + 0.1 \cdot \text{the batch's}$, and after `eval()` uses those. Leave `eval()`
    out, and a prediction depends on the batch. If `eval()` seems to hurt, the running statistics are wrong: too few steps, too small
    batches, or other data.

    A detail: the variance of $n$ values around their *own* mean is too small, on average $(n - 1) / n$ of the data's. The batch is
    normalized with just that, 3.5. But the running variance describes the data, so it takes $14 / 3 \approx 4.67$.
    """)
    return


@app.function
# points: 3
def norm_statistics(
    x: np.ndarray, running_mean: np.ndarray | None, running_var: np.ndarray | None, training: bool, momentum: float = 0.1
) -> tuple:  # fmt: skip
    """The mean and variance that batch norm uses; in training it updates the running statistics.

    Args:
        x: array of shape (n, C): a row for each pixel of each image, a column for each channel.
        running_mean, running_var: arrays of shape (C,); or None, if none are kept.
        training, momentum: whether to use `x` or the running statistics; the weight of the batch's in the update of these.

    Returns:
        (mean, variance), each of shape (C,), in the dtype of `x`. A variance of `x` is its mean square distance from the mean.

    >>> mean, var = np.zeros(1), np.ones(1)
    >>> norm_statistics(np.array([[1.0], [2.0], [3.0], [6.0]]), mean, var, training=True)
    (array([3.]), array([3.5]))
    >>> mean.round(2), var.round(2)
    (array([0.3]), array([1.37]))

    Steps:
        1. Not in training: the answer is there already.
        2. In training: the statistics of each column.
        3. If running statistics are kept, update both in place. Which variance do they take?

    Hint: `column_sums(x)` adds up each column, accurately even for millions of rows. `a += b` and `a[...] = b` write in place.
    """
    ### BEGIN SOLUTION
    if not training:
        return running_mean, running_var
    count = len(x)
    mean = column_sums(x) / count
    var = column_sums((x - mean) ** 2) / count
    if running_mean is not None:
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (var * (count / (count - 1)) - running_var)
    return mean, var
    ### END SOLUTION


@app.function
# points: 3
def test_norm_statistics():
    """WHAT: the batch's statistics in training, the running ones at inference; these move in training only, in place.
    WHY: with the wrong ones, a network that trains well fails on the first new image, or depends on its neighbors.
    TIP: which number is wrong? Which variance normalizes in training, and which one is kept? Do you write in place?
    """
    x = np.array([[1.0, 10.0], [2.0, 10.0], [3.0, 10.0], [6.0, 50.0]])
    running = np.array([[1.0, -1.0], [2.0, 5.0]])
    used = norm_statistics(x, *running, True)
    close([*used], [[3, 20], [3.5, 300]], "training: mean and variance of each column")
    after = [[1.2, 1.1], [1.8 + 14 / 30, 44.5]]
    close(running, after, "training: the running statistics, updated in place")
    close([*norm_statistics(x, *running, False)], after, "inference: the running mean and variance")
    close(running, after, "inference must not change the running statistics")
    close([*norm_statistics(x, None, None, True)], [[3, 20], [3.5, 300]], "training without running statistics")
    norm_statistics(x, *running, True, momentum=1)
    close(running, [[3, 20], [14 / 3, 400]], "momentum=1: the running statistics")
    assert norm_statistics(x.astype(np.float32), None, None, True)[1].dtype == np.float32, "float32 must stay float32"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### The gradient that is easily forgotten

    With $\hat{x} = (x - \text{mean}) / \text{std}$, isn't the gradient of $x$ just $\text{grad} / \text{std}$? At inference it is. In
    training, mean and std depend on every $x$ as well. Two changes of a column leave $\hat{x}$ as it is: adding the same number to all
    entries, and stretching them away from their mean. So the gradient can't point along either: it adds up to 0, and so does its product
    with $\hat{x}$. Take $\text{grad}$, and remove exactly what points along $(1, 1, \ldots)$ and along $\hat{x}$. These two are at right
    angles, and each has squared length $n$.

    If you forget this, the network still learns something, thanks to the layers that come after, so you don't notice. (`batch_norm` and
    `nn.BatchNorm2d`, in `tinytorch/vocabulary/spatial.py`, build on your two functions.)
    """)
    return


@app.function
# points: 4
def batch_norm_gradient(grad: np.ndarray, normal: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The gradient of rows that batch norm normalized with their own statistics.

    Args:
        grad, normal: the upstream gradient of the normalized rows, and these rows, each (n, C).
        scale: 1 / standard deviation of each column, shape (C,).

    Returns:
        Array of shape (n, C).

    >>> grad, normal = np.array([[1.0], [0.0], [0.0], [0.0]]), np.array([[1.0], [1.0], [-1.0], [-1.0]])
    >>> batch_norm_gradient(grad, normal, np.array([2.0])).ravel()
    array([ 1., -1.,  0.,  0.])

    Steps:
        1. From each column of `grad`, subtract its mean.
        2. How much of `normal` is in it? Subtract that multiple of `normal`.
        3. The forward pass divided by the standard deviation. What does that do to a gradient?

    Hint: the multiple is such that the product with `normal` adds up to 0 afterwards. `column_sums` adds up columns.
    """
    ### BEGIN SOLUTION
    count = len(grad)
    grad = grad - column_sums(grad) / count
    return scale * (grad - normal * (column_sums(grad * normal) / count))
    ### END SOLUTION


@app.function
# points: 4
def test_batch_norm_gradient():
    """WHAT: the numerical gradient of normalizing each column by its own mean and standard deviation.
    WHY: if it is wrong, the filters before a batch norm learn the wrong thing, and the loss still falls.
    TIP: add up each column of your result (step 1), and of your result times `normal` (step 2). Are both 0? Then look at step 3.
    """
    x, grad = waves(6, 3) * [1, 2, 3] + [0, 5, -2], waves(6, 3) ** 2 - [0, 1, 2]
    normalize = lambda x: (x - x.mean(axis=0)) / x.std(axis=0)  # noqa: E731
    actual = unchanged(batch_norm_gradient, grad, normalize(x), 1 / x.std(axis=0))
    close(actual, numerical_gradient(lambda x: (normalize(x) * grad).sum(), x), "grad of shape (6, 3)", rtol=1e-4)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Networks: LeNet, and a shortcut

    In the 1990s **LeNet** read millions of checks a day. More layers should do better, but for years they didn't: beyond about twenty,
    even the *training* error rose. So in 2015 Kaiming He and colleagues had each block learn the *difference* to its input, and added the
    input back: that passes the gradient on undiminished. Such a `ResidualBlock` is in `tinytorch/vocabulary/spatial.py`.
    """)
    return


@app.class_definition
class LeNet(Module):
    """A network for square images of `size` pixels. [LeCun and others, 1998](http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf).

    >>> LeNet()(randn(2, 1, 28, 28)).shape
    (2, 10)
    """

    def __init__(self, size: int = 28, in_channels: int = 1, classes: int = 10, kernel_size: int = 5) -> None:
        side = (size // 2 - kernel_size + 1) // 2  # of the last feature maps
        self.conv1 = Conv2d(in_channels, 6, kernel_size, padding="same")
        self.conv2 = Conv2d(6, 16, kernel_size)
        self.fc1, self.fc2, self.fc3 = Linear(16 * side**2, 120), Linear(120, 84), Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = max_pool2d(relu(self.conv1(x)), 2)
        x = max_pool2d(relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(relu(self.fc2(relu(self.fc1(x)))))


@app.cell(hide_code=True)
def _():
    seen = sliders_of(image=(0, 359, 5), epochs=(0, 8, 4), patch=(1, 5, 3))
    mo.md(f"""
    ### Explore: what does a trained network see?

    A small LeNet learns 1437 digits, here and now. **Predict**: will its first filters look like parts of digits, or like edges? A gray
    patch then covers one place after the other: where the probability of the right class drops, the network was looking. Would you look there, too? {seen.hstack(justify="start", wrap=True)}
    """)
    return (seen,)


@app.function(hide_code=True)
# not exported
@cache
def trained_digits(epochs):
    """(network, images, classes): a LeNet after some epochs on the training digits, and the test digits."""
    from sklearn.datasets import load_digits

    manual_seed(0)
    images, classes = Tensor(load_digits().images[:, None] / 16), Tensor(load_digits().target)
    net, data = LeNet(size=8, kernel_size=3), TensorDataset(images[:1437], classes[:1437])
    optimizer = Adam(net.parameters(), 3e-3)
    for _ in range(epochs):
        train_epoch(net, cross_entropy, optimizer, DataLoader(data, 32, shuffle=True))
    return net, images[1437:], classes[1437:]


@app.function(hide_code=True)
def explore_trained(number, epochs, size):
    """Figure: six filters of the first layer, an image and its feature maps, and the right class's probability under a patch."""
    net, digits, classes = trained_digits(epochs)
    image, right = digits[number : number + 1], classes[number].item()
    covered, span = np.repeat(image.array, 64, axis=0), lambda c: slice(max(0, c - size // 2), c + (size + 1) // 2)
    for i, (row, column) in enumerate(np.ndindex(8, 8)):
        covered[i, 0, span(row), span(column)] = 0.5
    maps, plain, patched = net.conv1(image).array[0], softmax(net(image)).array[0], softmax(net(Tensor(covered))).array
    shown = [("filter", "signed", kernel[0]) for kernel in net.conv1.weight.array]
    shown += [(f"p({right}) = {plain[right]:.2f}", "share", patched[:, right].reshape(8, 8))]
    shown += [*(("map", "signed", numbers) for numbers in maps), (f"reads {plain.argmax()}", "ink", image.array[0, 0])]
    return images(shown, rows=2, height=3.4)[0]


@app.cell(hide_code=True)
def _(seen):
    show(explore_trained, *seen.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what do shared weights save, and what does im2col?

    From three maps of 16 by 16 to eight: by a linear layer, with a weight for every pair of numbers, and by a 3 by 3 convolution.
    **Predict**: how many times fewer weights and products does the convolution have? How much slower are your loops? The gradients?
    """)
    return


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.function(hide_code=True)
def measure_sharing(rounds=5):
    """Markdown: weights, their bytes, multiplications and median time per image of a linear layer and of convolutions."""
    x, dense, conv = randn(32, 3, 16, 16, requires_grad=True), Linear(3 * 256, 8 * 256), Conv2d(3, 8, 3, padding=1)
    rows, padded = x.detach().flatten(1), np.pad(x.array[:1], [(0, 0), (0, 0), (1, 1), (1, 1)])
    ways = {  # name: (function, images, layer, products per weight and image)
        "conv2d": (no_grad()(lambda: conv(x)), 32, conv, 256),
        "conv2d and its gradients": (lambda: conv(x).sum().backward(), 32, conv, 3 * 256),
        "your loops": (lambda: conv2d_loops(padded, conv.weight.array), 1, conv, 256),
        "linear layer": (no_grad()(lambda: dense(rows)), 32, dense, 1),
    }
    costs = compare({name: way[0] for name, way in ways.items()}, rounds)
    lines = ["| one image | weights | bytes | products | time | against conv2d |", "|:---|---:|---:|---:|---:|---:|"]
    for name, (_, count, layer, uses) in ways.items():
        weight, seconds = layer.weight.array, costs[name][0] / count
        sizes, ratio = (
            f"{weight.size:,} | {weight.nbytes:,} | {weight.size * uses:,}",
            32 * seconds / costs["conv2d"][0],
        )
        lines.append(f"| {name} | {sizes} | {seconds * 1e6:,.0f} µs | {ratio:,.1f}x |")
    return mo.md("\n".join(lines))


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_sharing)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The convolution has 7,282 times fewer weights, but only 28 times fewer products: it uses each weight at 256 places, **spatial
    reuse**. Nor is it 28 times faster: it copies the windows, and its product is narrow, far from peak speed. But the linear layer reads 6
    MiB of weights; the convolution's 864 bytes stay in the first cache. The loops do the same work, with Python code for each window.

    ## Complexity

    $N$ images, $C$ channels, $O$ filters of $k \times k$, results of $H \times W$:

    | | multiplications | memory |
    |:---|:---|:---|
    | linear layer between the same numbers | $N C O (H W)^2$ | $C O (H W)^2$ weights |
    | `conv2d`; gradients: twice as much | $N C O k^2 H W$ | $C O k^2$ weights; $k^2$ times a block of images |

    The table that Module 03 began grows: *dense O(in x out); convolution O(in x out x k^2), whatever the size of the picture*.

    ## In production

    PyTorch chooses among many implementations in `aten/src/ATen/native/Convolution.cpp`; `im2col.h` is nearest to yours. On CPUs it
    usually calls oneDNN, which needs no columns in memory. Batch norm is in `Normalization.cpp` beside it.

    ## Questions
    """)
    return


@app.function
def answer_lenet_second_layer():
    """How many weights (with biases) and how many multiplications per image does the second convolution of `LeNet()` take?

    Its input has 6 maps of 14 by 14. Return (weights, multiplications). Hint: what size comes out?
    """
    ### BEGIN SOLUTION
    return 6 * 16 * 5 * 5 + 16, 6 * 16 * 5 * 5 * 10 * 10
    ### END SOLUTION


@app.function
# points: 1
def test_answer_lenet_second_layer():
    """WHAT: the parameters of a convolution, and its work, which depends on the size of the picture.
    WHY: memory and time of a network follow different laws.
    TIP: without padding, at how many places does a kernel of 5 fit into 14 pixels?
    """
    layer, answer = LeNet().conv2, answer_lenet_second_layer()
    weights, places = layer.weight.numel(), layer(randn(1, 6, 14, 14))[0, 0].numel()
    assert answer == (weights + layer.bias.numel(), weights * places), f"{answer} isn't (weights, multiplications)"


@app.cell(hide_code=True)
def question_eval():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague trains with batches of 2 images. After `eval()` the accuracy falls from 90% to 60%, and leaving out `eval()`
    "fixes" it. What do the running statistics look like, and why? What is wrong with the fix? Name two better ones.

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_assumption():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** What does a convolution assume about pictures? Is it true of a chess board, a song's spectrogram, a table of blood values?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - All places of a picture share a convolution's weights: there are few, and what is learned holds everywhere. im2col makes it one
      matrix product; the input's gradient is a convolution with the flipped kernel.
    - Max-pooling sends the gradient to the first of the largest. Batch norm uses the batch in training, running statistics at inference.

    **Next:** export your work with `tito module complete 09`, then run `tito milestone run 04`. Module 10 turns text into numbers.
    """)
    return


if __name__ == "__main__":
    app.run()
