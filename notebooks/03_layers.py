import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 03: Layers")

with app.setup(hide_code=True):
    import math
    from collections.abc import Callable, Iterator
    from inspect import signature

    import marimo as mo
    import numpy as np

    from tinytorch.activations import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
    from tinytorch.tensor import Tensor, manual_seed, op, rand, randn, where, zeros
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 03: Layers

    Even a small network that reads handwriting has some hundred thousand numbers to learn. Something has to initialize them, find
    all of them when it is time to change them, save them under names that still mean something next year, and know whether the
    network is training or being used. This module does that.

    **When you are done:** I can ...

    - initialize weights so that activations neither blow up nor vanish, in a network of any depth;
    - apply a linear layer to a batch of any shape with a single matrix product;
    - explain what dropout does, and why it must know whether the network is training;
    - build layers, compose them, save their parameters and load them again;
    - compute how many bytes a network takes before I build it.

    **You need:** Modules 01 and 02. **It unlocks:** Module 04, losses.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("layers")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. Parameters: which of these numbers are learned?

    A layer holds many things: weights, a mask, a running average, the size of its input. Training changes only some of them.
    A **parameter** is a tensor that training changes. Its type says so, and nothing else about it is new:
    """)
    return


@app.class_definition
class Parameter(Tensor):
    """A tensor that training changes. Made from a tensor, it shares that tensor's memory.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    def __init__(self, data: Tensor, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad=requires_grad)
        if isinstance(data, Tensor):
            self.data = data


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. How large should an initial weight be?

    Weights can't all start equal, or all outputs of a layer would stay equal forever. So they are random, with mean 0. How large
    should they be? One output of a layer is a sum of $n$ products, $y = \sum_i w_i x_i$. For independent weights with mean 0 the
    variances add up:

    $$\operatorname{E}[y^2] = n \cdot \operatorname{Var}(w) \cdot \operatorname{E}[x^2]$$

    So each layer multiplies the mean square by $n \operatorname{Var}(w)$. Take $n = 256$, ten layers, and inputs of size 1:

    | $\operatorname{Var}(w)$ | factor per layer | size of the outputs after ten layers |
    |---:|---:|---:|
    | 1 | 256 | $\sqrt{256^{10}} \approx 1\,100\,000\,000\,000$ |
    | 0.001 | 0.256 | $\sqrt{0.256^{10}} \approx 0.001$ |
    | 1 / 256 | 1 | 1 |

    Exactly one variance works, and it depends on $n$, the number of inputs: **fan-in**. In Module 05 gradients will flow backwards
    through the same weights, and are sums over the outputs: they need 1 / **fan-out**. In 2010 Xavier Glorot and Yoshua Bengio
    chose the variance in between, $2 / (\text{fan-in} + \text{fan-out})$.

    Uniform random numbers between $-b$ and $b$ have variance $b^2 / 3$: for $b = 0.3$ that is 0.03.
    """)
    return


@app.function(hide_code=True)
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill a tensor in place with a number (or an array of its shape); returns the tensor.

    >>> constant_(zeros(2), 0.5).tolist()
    [0.5, 0.5]
    """
    tensor.array[...] = val
    tensor.increment_version()
    return tensor


@app.function
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: object = None) -> Tensor:
    """Fill a tensor in place with uniform random numbers between a and b; returns the tensor."""
    return constant_(tensor, a + (b - a) * rand(*tensor.shape, generator=generator).array)


@app.function
def fan_in_and_out(tensor: Tensor) -> tuple:
    """How many inputs each output sums over, and how many outputs each input goes to.

    A weight has shape (out, in), or (out, in, height, width) for a convolution. Both numbers are at least 1, even if it is empty.

    >>> fan_in_and_out(zeros(128, 784)), fan_in_and_out(zeros(32, 3, 5, 5))
    ((784, 128), (75, 800))
    """
    kernel_size = math.prod(tensor.shape[2:])
    return max(1, tensor.shape[1] * kernel_size), max(1, tensor.shape[0] * kernel_size)


@app.class_definition(hide_code=True)
# not exported
class SeededSource:
    """A source of random numbers for `generator=`; for the tests."""

    def __init__(self, seed):
        self.numpy = np.random.default_rng(seed)


@app.function
def xavier_uniform_(tensor: Tensor, generator: object = None) -> Tensor:
    """Fill a weight in place so that a linear layer roughly keeps variances, forward and backward.

    [Glorot and Bengio, 2010](https://proceedings.mlr.press/v9/glorot10a.html).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).
        generator: where the random numbers come from; pass it to `uniform_`.

    Returns:
        The same tensor, filled with uniform random numbers between some -b and b.

    >>> weight = xavier_uniform_(zeros(200, 400))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True

    Steps:
        1. Find fan-in and fan-out, and from them the variance you want.
        2. Between which bounds do uniform random numbers have that variance?
        3. Fill the tensor.

    Hint: two functions above do half of the work. Check your bound against the example.
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fan_in_and_out(tensor)
    bound = math.sqrt(6 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)
    ### END SOLUTION


@app.function
# points: 2
def test_xavier_uniform():
    """WHAT: uniform random numbers with the right bounds, in the tensor that was passed.
    WHY: a factor of 2 in each layer is a factor of 1000 after ten layers.
    TIP: print the largest number. Did you pass `uniform_` the variance, its root, or a bound? They are three different things.
    """
    manual_seed(6)
    weight = zeros(200, 400)
    assert xavier_uniform_(weight) is weight, "xavier_uniform_ must fill the tensor it is given and return it"
    numbers = weight.array
    assert numbers.dtype == np.float32, f"a float32 tensor must stay float32, not become {numbers.dtype}"
    assert 0.099 < numbers.max() < 0.1001, (
        f"shape (200, 400): the largest number must be near 0.1, not {numbers.max():.3g}"
    )
    assert -0.1001 < numbers.min() < -0.099, (
        f"shape (200, 400): the smallest must be near -0.1, not {numbers.min():.3g}"
    )
    spread = numbers.std()
    assert abs(spread / 0.0577 - 1) < 0.02, (
        f"shape (200, 400): uniform numbers have a std of 0.0577, yours {spread:.3g}"
    )
    manual_seed(6)
    close(xavier_uniform_(zeros(200, 400)), numbers, "the same manual_seed must give the same numbers: use uniform_")
    first, second = (xavier_uniform_(zeros(2, 3), generator=SeededSource(5)) for _ in range(2))
    close(first, second, "two generators with the same seed must give the same numbers: pass `generator` on")
    ### BEGIN HIDDEN TESTS
    largest = xavier_uniform_(zeros(100, 50)).amax().item()
    assert 0.195 < largest < 0.2001, f"shape (100, 50): the largest number must be near 0.2, not {largest:.3g}"
    largest = xavier_uniform_(zeros(10, 14, 5, 5)).amax().item()
    assert 0.095 < largest < 0.1001, f"shape (10, 14, 5, 5): the largest number must be near 0.1, not {largest:.3g}"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. How much does ReLU take away?

    Xavier's weights keep the size of $y$. But the next layer gets $\operatorname{relu}(y)$, where the negative half is zero: only
    **half** of the mean square is left. Ten such layers leave $1 / 2^{10}$, a thousandth. A leaky ReLU with slope $a$ multiplies
    the negative half by $a$, so this share of the mean square is left:

    $$\frac{1 + a^2}{2} \qquad a = 0:\; 0.5 \qquad a = 0.5:\; \frac{1 + 0.25}{2} = 0.625 \qquad a = 1:\; 1$$

    In 2015 Kaiming He and colleagues compensated for the loss: they chose the weights so that a layer *together with* the
    activation before it has a factor of 1. They considered only the forward direction, so only fan-in counts.
    """)
    return


@app.function
def kaiming_uniform_(tensor: Tensor, a: float = 0.0, generator: object = None) -> Tensor:
    """Fill a weight in place so that a leaky ReLU and the layer after it keep the mean square.

    [He and others, 2015](https://arxiv.org/abs/1502.01852).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).
        a: slope of the leaky ReLU for negative numbers; 0 for ReLU, 1 for no activation.
        generator: where the random numbers come from; pass it to `uniform_`.

    Returns:
        The same tensor, filled with uniform random numbers between some -b and b.

    >>> weight = kaiming_uniform_(zeros(50, 600))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True

    Steps:
        1. Activation, then layer: by what factor does the pair multiply the mean square?
        2. Which variance of the weights makes that factor 1?
        3. Fill the tensor with uniform random numbers of this variance.

    Hint: solve for the variance on paper. With a = 1 nothing is lost, and you must get the
    third line of the table in section 2.
    """
    ### BEGIN SOLUTION
    fan_in, _ = fan_in_and_out(tensor)
    bound = math.sqrt(6 / ((1 + a**2) * fan_in))
    return uniform_(tensor, -bound, bound, generator)
    ### END SOLUTION


@app.function
# points: 3
def test_kaiming_uniform():
    """WHAT: bounds that follow from fan-in and from the slope of the leaky ReLU.
    WHY: without it you can't train a ReLU network of thirty layers; that is what the paper of 2015 showed.
    TIP: a weight has shape (out, in). How many products does one output sum? What share of the mean square does the activation leave?
    """
    manual_seed(6)
    weight = zeros(50, 600)
    assert kaiming_uniform_(weight) is weight, "kaiming_uniform_ must fill the tensor it is given and return it"
    numbers = weight.array
    assert numbers.dtype == np.float32, f"a float32 tensor must stay float32, not become {numbers.dtype}"
    assert 0.099 < numbers.max() < 0.1001, f"ReLU, 600 inputs: the largest must be near 0.1, not {numbers.max():.3g}"
    assert -0.1001 < numbers.min() < -0.099, (
        f"ReLU, 600 inputs: the smallest must be near -0.1, not {numbers.min():.3g}"
    )
    spread = numbers.std()
    assert abs(spread / 0.0577 - 1) < 0.02, (
        f"ReLU, 600 inputs: uniform numbers have a std of 0.0577, yours {spread:.3g}"
    )
    largest = np.abs(kaiming_uniform_(zeros(500, 96), a=0.5).array).max()
    assert 0.222 < largest < 0.2237, f"slope 0.5, 96 inputs: the bound must be 0.2236, not {largest:.4g}"
    manual_seed(6)
    close(kaiming_uniform_(zeros(50, 600)), numbers, "the same manual_seed must give the same numbers: use uniform_")
    first, second = (kaiming_uniform_(zeros(2, 3), generator=SeededSource(5)) for _ in range(2))
    close(first, second, "two generators with the same seed must give the same numbers: pass `generator` on")
    ### BEGIN HIDDEN TESTS
    largest = kaiming_uniform_(zeros(50, 300), a=1).amax().item()
    assert 0.099 < largest < 0.1001, f"slope 1, 300 inputs: the bound must be 0.1, not {largest:.4g}"
    largest = kaiming_uniform_(zeros(40, 24, 5, 5)).amax().item()
    assert 0.097 < largest < 0.1001, f"shape (40, 24, 5, 5): the bound must be 0.1, not {largest:.4g}"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    `nn.init` has both with normal instead of uniform numbers, for other activations (the factor that compensates for one is its
    **gain**), and with fan-out instead of fan-in. They are in `tinytorch/vocabulary/layers.py`.
    """)
    return


@app.cell(hide_code=True)
def _():
    spread_init = mo.ui.dropdown(["xavier_uniform_", "kaiming_uniform_"], value="xavier_uniform_", label="weights from")
    spread_activation = mo.ui.dropdown(["none", "relu", "tanh"], value="none", label="activation")
    spread_factor = mo.ui.slider(0.4, 2.0, step=0.05, value=1.0, label="times", show_value=True)
    mo.md(f"""
    ### Explore: how large are activations in a deep network?

    Ten layers, 256 wide, initialized by your two functions; then every weight is multiplied by a factor. **Predict**: with a
    factor of 2 and no activation, how large are the outputs after ten layers? Which of the two functions fits ReLU, and what
    does the other one do? Why does tanh tolerate a factor of 2? Then try it.

    {mo.hstack([spread_init, spread_activation, spread_factor], justify="start", wrap=True)}
    """)
    return spread_activation, spread_factor, spread_init


@app.function(hide_code=True)
def explore_spread(init, activation, factor, layers=10, width=256):
    """Figure: the size of the activations, layer by layer, and a histogram of the last layer's."""
    manual_seed(0)
    fill = {"xavier_uniform_": xavier_uniform_, "kaiming_uniform_": kaiming_uniform_}[init]
    activate = {"none": lambda x: x, "relu": relu, "tanh": tanh}[activation]
    x = randn(256, width)
    sizes = [(x**2).mean().item() ** 0.5]
    for _ in range(layers):
        x = activate(x @ (factor * fill(zeros(width, width))).T)
        sizes.append((x**2).mean().item() ** 0.5)
    figure, (left, right) = panels(2, height=2.6)
    left.semilogy(sizes, marker="o")
    left.axhline(sizes[0], color="gray", linestyle=":")
    left.set(ylim=(1e-6, 1e6), xlabel="layer", title=f"root mean square, finally {sizes[-1]:.3g}")
    right.hist(x.numpy().reshape(-1), bins=61)
    right.locator_params(axis="x", nbins=4)
    right.set(yticks=[], xlabel="activation", title=f"activations after layer {layers}")
    return figure


@app.cell(hide_code=True)
def _(spread_activation, spread_factor, spread_init):
    show(explore_spread, spread_init.value, spread_activation.value, spread_factor.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Linear: one product for any number of axes

    Each output of a linear layer is a weighted sum of all inputs, plus a bias. The weight has shape (out, in), one row per
    output, so $y = x W^T + b$:

    $$\begin{pmatrix} 1 & 2 \end{pmatrix} \begin{pmatrix} 1 & 0 & 1 \\ 0 & 1 & 1 \end{pmatrix} + \begin{pmatrix} 0 & 0 & 10 \end{pmatrix}
    = \begin{pmatrix} 1 & 2 & 13 \end{pmatrix}$$

    What if `x` is a batch of sentences, of shape $(B, T, \text{in})$? Every word gets the same treatment, so the leading axes only
    count rows. NumPy doesn't know that: for three axes it does $B$ small products, one after the other, and a small product uses a
    processor less efficiently than a large one. Fold the leading axes into one first, and all rows go through a **single**
    product; then restore the axes. With 2 sentences of 3 words, 4 inputs and 5 outputs:

    $$(2, 3, 4) \;\to\; (6, 4) \;\to\; (6, 5) \;\to\; (2, 3, 5)$$

    Folding and unfolding are views, so they cost nothing, as long as the input is contiguous.
    """)
    return


@app.class_definition(hide_code=True)
# not exported
class CountedArray(np.ndarray):
    """An array that records the shape of every matrix product it takes part in; for the test of `linear`."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [x.view(np.ndarray) if isinstance(x, CountedArray) else x for x in inputs]
        if out is not None:
            options["out"] = tuple(x.view(np.ndarray) for x in out)
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.matmul:
            CountedArray.products.append(result.shape)
        return result.view(CountedArray) if isinstance(result, np.ndarray) else result

    @staticmethod
    def products_in(function, x, *others):
        CountedArray.products = []
        function(x.view(CountedArray), *others)
        return CountedArray.products


@app.function
@op
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Weighted sums over the last axis: x W^T + b, in a single matrix product.

    PyTorch: [`F.linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).

    Args:
        input: array of shape (..., in), called `x` below. It may have any number of leading axes, or
            none, and their sizes may be 0.
        weight: array of shape (out, in).
        bias: array of shape (out,), or None.

    Returns:
        Array of shape (..., out).

    Raises:
        ValueError: the last axes of `x` and `weight` differ in size (given).

    >>> linear(Tensor([1.0, 2.0]), Tensor([[1.0, 0.0], [1.0, 1.0]]), Tensor([0.0, 10.0]))
    tensor([ 1., 13.])

    Steps:
        1. Fold all axes of `x` but the last into one.
        2. Multiply. Which of the two matrices must you transpose?
        3. Add the bias, if there is one.
        4. Restore the leading axes of `x`.

    Hint: `@op` unwraps tensors: all inputs are arrays here. One size of a new shape may be -1,
    which means "whatever fits". Which size do you know, even for an empty batch?
    """
    x = input
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:]:
        rule = f"its last size must be {weight.shape[-1]}" if weight.ndim == 2 else "its weight must have two axes"
        raise ValueError(f"Linear{weight.shape[::-1]} got an input of shape {x.shape}: {rule}")
    ### BEGIN SOLUTION
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1]) @ weight.T
    if bias is not None:
        rows += bias
    return rows.reshape(*x.shape[:-1], len(weight))
    ### END SOLUTION


@app.function
# points: 4
def test_linear():
    """WHAT: weighted sums in one product, for any number of axes, with and without bias; a wrong width is refused.
    WHY: nearly all the numbers and nearly all the time of a network are in this function.
    TIP: write down the shape after every line of your function, for x of shape (3, 2, 2) and for an empty batch, (0, 2, 2).
    """
    weight = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    bias = np.array([0, 0, 10], dtype=np.float32)
    x = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    close(linear(x[0], weight), [[0, 1, 1], [2, 3, 5]], "two rows, no bias", dtype=np.float32)
    close(linear(x[0], weight, bias), [[0, 1, 11], [2, 3, 15]], "two rows with bias", dtype=np.float32)
    close(bias, [0, 0, 10], "the bias must not change")
    out = [[[0, 1, 11], [2, 3, 15]], [[4, 5, 19], [6, 7, 23]], [[8, 9, 27], [10, 11, 31]]]
    close(linear(x, weight, bias), out, "an input of shape (3, 2, 2)", dtype=np.float32)
    close(linear(x[0, 1], weight, bias), [2, 3, 15], "a single row, of shape (2,)")
    close(linear(x[:0], weight, bias), np.zeros((0, 2, 3)), "an empty batch, of shape (0, 2, 2)")
    try:
        linear(np.zeros((2, 4), dtype=np.float32), weight)
    except ValueError:
        pass
    else:
        raise AssertionError("linear must raise ValueError for input (2, 4) and weight (3, 2)")
    products = CountedArray.products_in(linear, x, weight, bias)
    assert len(products) < 2, f"linear of (3, 2, 2) must do a single product, not {len(products)}"
    folded = all(len(shape) == 2 for shape in products)
    assert folded, (
        f"linear of (3, 2, 2) must fold it into (6, 2) before the product, whose result has shape {products[0]}"
    )
    ### BEGIN HIDDEN TESTS
    close(linear(x[None], weight, bias), [out], "four axes", dtype=np.float32)
    close(linear(Tensor(x), Tensor(weight), Tensor(bias)), out, "tensors", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Dropout: how to keep a network from relying on one number

    A network that has found one telling pixel ignores all others, and fails when that pixel is dirty. **Dropout** sets each number
    to 0 with probability $p$, with a new mask in every call, so that the network can't rely on any single one. It does so only
    during training. At **inference**, when the network is used, all numbers are there.

    But then the next layer sums more than it did in training: with $p = 0.5$, twice as much. So dropout scales up the survivors
    *during training*, just enough to keep the average over all masks, and does nothing at inference:

    | | | | | | sum |
    |:---|---:|---:|---:|---:|---:|
    | `x` | 2 | 4 | 6 | 8 | 20 |
    | one mask, $p = 0.5$ | keep | drop | drop | keep | |
    | in training | 4 | 0 | 0 | 16 | 20 |
    | another mask | drop | keep | drop | keep | |
    | in training | 0 | 8 | 0 | 16 | 24 |
    | at inference | 2 | 4 | 6 | 8 | 20 |

    With $p = 0.75$ one in four survives, and must count four times. What is the factor for any $p$?
    """)
    return


@app.function
def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set numbers to 0 with probability `p`, and scale up the others to keep the average.

    [Srivastava and others, 2014](https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        x: tensor of any shape.
        p: probability of a 0, from 0 to 1; 0 leaves `x` as it is, and 1 makes all zeros.
        training: if False, `x` comes back as it is.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        ValueError: `p` is not between 0 and 1, or it is nan.

    >>> dropout(Tensor([1.0, 2.0]), p=0.5, training=False)
    tensor([1., 2.])
    >>> sorted(set(dropout(Tensor(np.ones(1000)), p=0.75).tolist()))
    [0.0, 4.0]

    Steps:
        1. Refuse a `p` that is not between 0 and 1, also if not training.
        2. If not training, return `x`.
        3. Draw a random number for every number of `x`, and compare it with `p`: a mask.
        4. Where the mask keeps a number, scale it; everywhere else put 0.

    Hint: use tensors and their operations: `x.array` would hide what you do from `Tensor.apply`.
    `rand(2, 3)` draws numbers between 0 and 1 that `manual_seed` repeats, and `where(mask, a, b)`
    selects. What happens to your factor at p = 1? How does nan compare with anything?
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be between 0 and 1, not {p}")
    if not training or p == 0:
        return x
    scale = 1 / (1 - p) if p < 1 else 0.0
    return where(rand(*x.shape) >= p, x * scale, 0.0)
    ### END SOLUTION


@app.function
# points: 4
def test_dropout():
    """WHAT: the right share is dropped, entry by entry, with a new mask in each call; the average stays; no change at inference.
    WHY: off by a factor here, a network sees other numbers at inference than in training, and no error tells you.
    TIP: for p = 0.2, print the distinct values of your result and how often each occurs. Then do the same for a second call.
    """
    values = Tensor([[-1.0, 0.0], [2.0, 3.0]])
    close(dropout(values, p=0.2, training=False), values, "training=False must change nothing")
    close(dropout(values, p=1), np.zeros((2, 2)), "p=1 must make all zeros")
    close(dropout(values, p=0), values, "p=0 must change nothing")
    manual_seed(3)
    x = Tensor(np.ones((100, 100)))
    out = dropout(x, p=0.2)
    close(
        out, np.where(out.numpy() == 0, 0, 1.25), "p=0.2: every entry of ones must become 0 or 1.25", dtype=np.float32
    )
    assert out[0].tolist() != out[1].tolist(), "each entry is dropped independently: two rows must differ"
    columns = out.numpy().T
    assert columns[0].tolist() != columns[1].tolist(), "each entry is dropped independently: two columns must differ"
    share = (out.numpy() == 0).mean()
    assert abs(share - 0.2) < 0.02, f"p=0.2 must drop a share of 0.2, not {share:.3g}"
    assert out.tolist() != dropout(x, p=0.2).tolist(), "each call needs a new mask"
    manual_seed(3)
    close(dropout(x, p=0.2), out, "use `rand`, so that `manual_seed` repeats the mask")
    for p, training in ((-0.1, True), (1.5, True), (float("nan"), True), (1.5, False)):
        try:
            dropout(x, p, training)
        except ValueError:
            continue
        raise AssertionError(f"dropout must raise ValueError for p={p}, training={training}")
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda function, out, inputs, *rest: seen.extend(inputs)
    try:
        dropout(x)
    finally:
        Tensor.recorder = before
    assert any(tensor is x for tensor in seen), "Tensor.apply must see x: use operations of tensors, not `x.array`"
    ### BEGIN HIDDEN TESTS
    assert set(np.unique(dropout(x, p=0.75).numpy())) == {0.0, 4.0}, "p=0.75: every entry of ones must become 0 or 4"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Module: how do you find all the parameters?

    Functions have no state. A **module** does: parameters, smaller modules, and **buffers**, tensors that belong to the layer but
    aren't trained, such as a running average. It keeps them as plain attributes, and Python keeps an object's attributes in a
    dictionary, `vars(module)`, in the order in which they were assigned. So a network is a *tree*, and the path to a tensor
    is its name:

    ```
    net                     what vars() holds            name
    ├── scale               a Parameter                  scale
    ├── note                a string                     (skipped)
    └── first               a Module
        ├── weight          a Parameter                  first.weight
        ├── mean            a buffer                     first.mean
        └── mask            a plain Tensor               (skipped)
    ```

    Code that walks this tree can do everything: count, train, save, load. One switch at the root, `net.train()` or `net.eval()`,
    tells every dropout below whether the network is training. As in PyTorch, a module's own tensors come first, then those of its
    children, one child after the other. Write this walk, `named_tensors`, in the class below. The other two exercises are in the
    same class; their explanations and tests follow it.
    """)
    return


@app.class_definition
class Module:
    """A part of a network: a `forward` method, and parameters, buffers and smaller modules as attributes.

    PyTorch: [`nn.Module`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html). Here, calling
    `super().__init__()` is optional. `tinytorch/vocabulary/layers.py` adds hooks, casting and more.

    >>> net = Module()
    >>> net.weight = Parameter([1.0, 2.0])
    >>> [name for name, parameter in net.named_parameters()]
    ['weight']
    """

    training = True  # until you call `eval`
    _persistent = {}  # buffer name -> whether it is saved; never changed in place, since all modules share it

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *args: object, **kwargs: object) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}.forward: a module needs this method")

    def add_module(self, name: str, module: "Module") -> None:
        setattr(self, name, module)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that isn't trained as `self.name`; if `persistent`, it is saved and loaded with the parameters."""
        setattr(self, name, tensor)
        self._persistent = self._persistent | {name: persistent}

    @property
    def buffer_names(self) -> list[str]:
        """The names of this module's buffers that are saved and not None."""
        return [name for name, saved in self._persistent.items() if saved and vars(self).get(name) is not None]

    def named_children(self) -> Iterator[tuple]:
        """(name, module) of the modules right below this one."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def modules(self) -> "Iterator[Module]":
        """This module and all below it, each once."""
        everything = [self, *(module for _, child in self.named_children() for module in child.modules())]
        return iter({id(module): module for module in everything}.values())

    def named_tensors(self, prefix: str = "") -> list:
        """All parameters, and all buffers that are saved, of this module and below, with their names.

        Args:
            prefix: the path to this module: "first", "first.block", or "" at the root.

        Returns:
            List of (name, tensor): this module's own, then each child's. A tensor that two
            attributes hold is listed twice.

        >>> net, first = Module(), Module()
        >>> first.weight, net.first = Parameter([1.0]), first
        >>> [(name, tensor.tolist()) for name, tensor in net.named_tensors()]
        [('first.weight', [1.0])]

        Steps:
            1. Collect this module's own parameters and buffers, in order of assignment. A name
               is the path and the attribute's name, with a dot between; no dot at the root.
            2. Add the tensors of each child. What is the path to a child?

        Hint: `vars(self).items()`, `self.buffer_names` and `self.named_children()` give you
        everything you need. The same method does the work for a child.
        """
        ### BEGIN SOLUTION
        path = f"{prefix}." if prefix else ""
        tensors = []
        for name, value in vars(self).items():
            if isinstance(value, Parameter) or name in self.buffer_names:
                tensors.append((path + name, value))
        for name, child in self.named_children():
            tensors += child.named_tensors(path + name)
        return tensors
        ### END SOLUTION

    def named_parameters(self, prefix: str = "") -> Iterator[tuple]:
        """(name, parameter), each parameter once, under its first name."""
        seen = set()
        for name, tensor in self.named_tensors(prefix):
            if isinstance(tensor, Parameter) and id(tensor) not in seen:
                seen.add(id(tensor))
                yield name, tensor

    def parameters(self) -> Iterator[Parameter]:
        """Each parameter once, as an optimizer needs them."""
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        """Reset all gradients to None."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict:
        """Name -> copy of the tensor, for all parameters and buffers.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.state_dict()
        {'weight': tensor([1.])}

        Steps:
            1. Copy each tensor, with its dtype.
            2. Store the copy under its name.

        Hint: `Tensor(...)` copies its data. Which dtype does it choose for an array, which for a
        tensor?
        """
        ### BEGIN SOLUTION
        return {name: Tensor(tensor) for name, tensor in self.named_tensors()}
        ### END SOLUTION

    def load_state_dict(self, state: dict, strict: bool = True) -> tuple:
        """Copy numbers into the parameters and buffers, in place.

        Args:
            state: dict of name -> tensor, as `state_dict` makes it.
            strict: if True, every name must be both in `state` and in this module; if False,
                names that are in only one of them are skipped.

        Returns:
            (missing, unexpected): a list of the names only this module has, and one of the
            names only `state` has.

        Raises:
            RuntimeError: names (if strict) or shapes don't match. The message lists all such
                names, and nothing has changed.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.load_state_dict({"weight": Tensor([2.0]), "bias": Tensor([3.0])}, strict=False)
        ([], ['bias'])

        Steps:
            1. Find the missing names, the unexpected ones, and those in both whose shapes differ.
            2. Raise if there is a reason to. The message lists the names.
            3. Copy the numbers into the existing arrays.
            4. Return the two lists.

        Hint: `array[...] = other` writes into an array; `array = other` only binds the name to
        another one.
        """
        ### BEGIN SOLUTION
        own = dict(self.named_tensors())
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        mismatched = [name for name in own if name in state and own[name].shape != state[name].shape]
        if mismatched or (strict and (missing or unexpected)):
            shapes = [f"{name} is {own[name].shape}, not {state[name].shape}" for name in mismatched]
            raise RuntimeError(f"missing: {missing}, unexpected: {unexpected}, wrong shape: {shapes}")
        for name in own.keys() & state.keys():
            own[name].array[...] = state[name].array
            own[name].increment_version()
        return missing, unexpected
        ### END SOLUTION

    def train(self, mode: bool = True) -> "Module":
        """Tell this module and all below it that the network is training; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """The opposite of `train`, for inference."""
        return self.train(False)

    def extra_repr(self) -> str:
        """What a layer shows in parentheses when it is printed."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child}" for name, child in self.named_children()]
        inside = "\n".join([*self.extra_repr().splitlines(), *children])
        if "\n" in inside or children:
            inside = f"\n{inside}".replace("\n", "\n  ") + "\n"
        return f"{type(self).__name__}({inside})"


@app.function
# points: 4
def test_Module_named_tensors():
    """WHAT: all parameters and buffers of the tree under their paths, a module's own before its children's.
    WHY: a parameter that isn't found is never trained and never saved, and no error tells you.
    TIP: draw the tree of the test. Which of its leaves must you name, and which names of the path, with which dots, come before each?
    """
    net = Module()
    net.first, net.note, net.scale = Module(), "a string", Parameter([2.0])
    net.first.block, net.first.weight = Module(), Parameter([[1.0]])
    net.first.register_buffer("mean", Tensor([0.0]))
    net.first.register_buffer("scratch", Tensor([0.0]), persistent=False)
    net.first.mask, net.first.block.bias = Tensor([1.0]), Parameter([3.0])
    tensors = net.first.block.named_tensors()
    assert tensors is not None, "named_tensors returned None: is there a return statement?"
    own = [name for name, _ in tensors]
    assert own == ["bias"], f"a module with one parameter, bias, must give its name without a dot: got {own}"
    names, expected = (
        [name for name, _ in net.named_tensors()],
        ["scale", "first.weight", "first.mean", "first.block.bias"],
    )
    assert sorted(names) == sorted(expected), f"named_tensors must list {expected}, not {names}"
    assert names == expected, f"a module's own tensors come before its children's: expected {expected}, got {names}"
    assert dict(net.named_tensors())["first.block.bias"] is net.first.block.bias, (
        "list the tensors themselves, not copies"
    )
    names, expected = [name for name, _ in net.first.named_tensors("a")], ["a.weight", "a.mean", "a.block.bias"]
    assert names == expected, f'with the prefix "a" the names must be {expected}: got {names}'
    net.tied = Module()
    net.tied.weight = net.first.weight
    names = [name for name, _ in net.named_tensors()]
    assert len(names) == 5, f"a parameter that two attributes hold must be listed under both names: got {names}"
    assert len(list(net.parameters())) == 3, "`parameters`, which is given, must find 3 parameters in named_tensors"
    ### BEGIN HIDDEN TESTS
    assert list(Module().named_tensors()) == [], "an empty module has no tensors"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Saving: a copy or a reference?

    After 12 epochs of training a network is at its best. You keep `best = net.state_dict()` and train on, and epoch 20 is worse.
    What is in `best`? If it refers to the tensors themselves, it is now epoch 20. Ours is a **copy**. (PyTorch's isn't. There you
    write `copy.deepcopy(net.state_dict())`, and sooner or later everyone forgets to.)
    Each copy keeps its dtype: an integer buffer that counts epochs must come back as an integer. Fill in `state_dict`.
    """)
    return


@app.function
# points: 2
def test_Module_state_dict():
    """WHAT: copies of all parameters and buffers, under their names, each with its own dtype.
    WHY: the best network so far must not change when training goes on.
    TIP: change a parameter afterwards: does the copy change as well? Which dtypes went in, and which came out?
    """
    net = Module()
    net.first = Module()
    net.first.weight = Parameter([1.0, 2.0])
    net.first.register_buffer("count", Tensor(7))
    net.first.register_buffer("precise", Tensor([0.1], dtype=np.float64))
    state = net.state_dict()
    assert state is not None, "state_dict returned None: is there a return statement?"
    names, expected = list(state), ["first.weight", "first.count", "first.precise"]
    assert sorted(names) == sorted(expected), f"state_dict must have the names {expected}, not {names}"
    net.first.weight.array[0] = 9
    close(state["first.weight"], [1.0, 2.0], "a copy must not change with the network", dtype=np.float32)
    close(state["first.count"], 7, "an integer buffer", dtype=np.int64)
    close(state["first.precise"], [0.1], "a float64 buffer", dtype=np.float64)
    ### BEGIN HIDDEN TESTS
    net.first.register_buffer("flag", Tensor([True]))
    close(net.state_dict()["first.flag"], [True], "a boolean buffer", dtype=bool)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Loading: all or nothing

    You load a file into a network with one more layer. What should happen? If loading skipped names that don't match, the new layer
    would keep its random numbers, and you would wonder for days why the network reads so badly. So loading is *strict*: it
    raises, lists which names are missing, which are unexpected and which have the wrong shape, and leaves the network as it was.
    To load only part, pass `strict=False`.

    The numbers go *into* the existing arrays. An optimizer, or a layer that shares a weight, holds the same tensor, and wouldn't
    know about a new one. Fill in `load_state_dict`.
    """)
    return


@app.function
# points: 4
def test_Module_load_state_dict():
    """WHAT: numbers are copied in place; what doesn't match is refused by name, before anything changes.
    WHY: a half-loaded network runs, badly, and raises no error.
    TIP: do you finish all checks before you copy? Does the message list every name? Is each array the same object after loading?
    """
    net = Module()
    net.weight, net.bias = Parameter([1.0, 2.0]), Parameter([3.0])
    array, matching = net.weight.array, {"weight": Tensor([5.0, 6.0]), "bias": Tensor([7.0])}
    result = net.load_state_dict(matching)
    assert result is not None, "load_state_dict returned None: is there a return statement?"
    missing, unexpected = result
    assert (list(missing), list(unexpected)) == ([], []), "if all names match, both lists must be empty"
    close(net.weight.array, [5.0, 6.0], "the weight after loading")
    close(net.bias.array, [7.0], "the bias after loading")
    assert net.weight.array is array, "copy into the existing array: an optimizer may hold it"
    matching["weight"].array[0] = 0
    close(array, [5.0, 6.0], "the network must not change with the dict it was loaded from")

    def refused(what, names, state, strict=True):
        try:
            net.load_state_dict(state, strict)
        except RuntimeError as error:
            for name in names:
                assert name in str(error), f"{what}: the message must list {name!r}"
        else:
            raise AssertionError(f"load_state_dict must raise RuntimeError for {what}")
        close(net.weight.array, [5.0, 6.0], f"{what}: nothing may change, and the weight did")
        close(net.bias.array, [7.0], f"{what}: nothing may change, and the bias did")

    new, wide = Tensor([8.0, 9.0]), Tensor([[1.0]])
    refused("a missing name", ["bias"], {"weight": new})
    refused("an unexpected name", ["extra"], {"weight": new, "bias": Tensor([1.0]), "extra": new})
    refused("a missing and an unexpected name", ["bias", "extra"], {"weight": new, "extra": new})
    refused("a shape that differs", ["bias"], {"weight": new, "bias": wide})
    refused("a shape that differs, strict=False", ["bias"], {"weight": new, "bias": wide}, strict=False)
    missing, unexpected = net.load_state_dict({"weight": new, "extra": new}, strict=False)
    assert list(missing) == ["bias"], f"strict=False: the missing names are ['bias'], not {missing}"
    assert list(unexpected) == ["extra"], f"strict=False: the unexpected names are ['extra'], not {unexpected}"
    close(net.weight.array, [8.0, 9.0], "strict=False: the weight after loading")
    close(net.bias.array, [7.0], "strict=False: the bias, which must not change")
    net.register_buffer("count", Tensor(3))
    missing, unexpected = net.load_state_dict({"count": Tensor(4)}, strict=False)
    assert sorted(missing) == ["bias", "weight"], f"a dict with a buffer alone misses bias and weight, not {missing}"
    close(net.count, 4, "buffers are loaded as well", dtype=np.int64)
    ### BEGIN HIDDEN TESTS
    net.inner = Module()
    net.inner.weight = Parameter([0.0])
    net.load_state_dict({"inner.weight": Tensor([2.5])}, strict=False)
    close(net.inner.weight.array, [2.5], "a child's weight after loading")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Layers: thin classes around functions

    On top of `Module` a layer is short: it creates its parameters and calls a function. `Linear(64, 32)` has a weight of
    $32 \cdot 64 = 2048$ numbers and a bias of 32, together 2080, or 8320 bytes in float32: $O(\text{in} \cdot \text{out})$. These
    classes are given; `ModuleList`, `ModuleDict` and more activations are in `tinytorch/vocabulary/layers.py`.

    Read `Linear`: PyTorch uses `kaiming_uniform_` with $a = \sqrt 5$ there. The share of section 3 is then $(1 + 5) / 2 = 3$, so
    the bound is simply $1 / \sqrt{\text{fan-in}}$. That is *less* than what keeps the mean square: try a factor of
    $\sqrt{1/6} \approx 0.4$ with `kaiming_uniform_` and ReLU above. It was the default of Torch, PyTorch's predecessor.
    """)
    return


@app.class_definition
class Linear(Module):
    """Weighted sums of all inputs plus a bias: (..., in_features) -> (..., out_features).

    >>> Linear(64, 32)
    Linear(in_features=64, out_features=32, bias=True)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.weight = kaiming_uniform_(Parameter(zeros(out_features, in_features)), a=math.sqrt(5))
        bound = in_features and 1 / math.sqrt(in_features)
        self.bias = uniform_(Parameter(zeros(out_features)), -bound, bound) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


@app.class_definition
class Dropout(Module):
    """`dropout` that knows whether the network is training."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p, self.inplace = p, inplace
        dropout(zeros(0), p)  # raises ValueError if p is not between 0 and 1

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


@app.class_definition
class Sequential(Module):
    """Modules that run one after another. Their names are "0", "1", ..., or the keys of a dict.

    >>> net = Sequential(Linear(2, 3), ReLU())
    >>> net
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    >>> list(net.state_dict())
    ['0.weight', '0.bias']
    """

    def __init__(self, *modules: Module) -> None:
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], dict) else dict(enumerate(modules))
        for name, module in named.items():
            self.add_module(str(name), module)

    def forward(self, x: Tensor) -> Tensor:
        for module in self:
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(list(self.named_children()))

    def __iter__(self):
        return (module for _, module in self.named_children())

    def __getitem__(self, index):
        chosen = list(self.named_children())[index]
        return type(self)(dict(chosen)) if isinstance(index, slice) else chosen[1]


@app.class_definition(hide_code=True)
class Activation(Module):
    """A function as a layer. It takes the function's options and keeps them as attributes.

    >>> LeakyReLU(0.2), LeakyReLU(0.2).negative_slope
    (LeakyReLU(negative_slope=0.2), 0.2)
    """

    inputs = 1  # how many tensors the function takes before its options

    def __init_subclass__(cls, function: Callable | None = None) -> None:
        if function is not None:
            cls.function = staticmethod(function)

    def __init__(self, *args: object, **options: object) -> None:
        bound = signature(self.function).bind(*[None] * self.inputs, *args, **options)
        bound.apply_defaults()
        self.options = tuple(bound.arguments)[self.inputs :]
        vars(self).update((name, bound.arguments[name]) for name in self.options)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs, **{name: getattr(self, name) for name in self.options if name != "inplace"})

    def extra_repr(self) -> str:
        shown = (name for name in self.options if name != "inplace" or self.inplace)
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)


@app.class_definition
class Flatten(Activation, function=lambda x, start_dim=1, end_dim=-1: x.flatten(start_dim, end_dim)):
    """Merge the axes from `start_dim` to `end_dim` into one: images become rows."""


@app.class_definition(hide_code=True)
class ReLU(Activation, function=relu):
    """`relu` as a module."""


@app.class_definition(hide_code=True)
class LeakyReLU(Activation, function=leaky_relu):
    """`leaky_relu` as a module."""


@app.class_definition(hide_code=True)
class Sigmoid(Activation, function=sigmoid):
    """`sigmoid` as a module."""


@app.class_definition(hide_code=True)
class Tanh(Activation, function=tanh):
    """`tanh` as a module."""


@app.class_definition(hide_code=True)
class Softmax(Activation, function=softmax):
    """`softmax` as a module."""


@app.class_definition(hide_code=True)
class LogSoftmax(Activation, function=log_softmax):
    """`log_softmax` as a module."""


@app.function
def test_layers():
    """WHAT: layers compose, in order; you can find, save and load their parameters; `eval` turns dropout off.
    WHY: this is the network of every later module.
    TIP: these classes are given. If this fails, look at the exercise that the failing line relies on.
    """
    net = Sequential(Flatten(), Linear(4, 3), ReLU(), Dropout(0.5), Linear(3, 2), Softmax())
    assert len(net) == 6 and net[1] is list(net)[1] and len(net[:3]) == 3, "Sequential has a length, indices and slices"
    names = [name for name, _ in net.named_parameters()]
    assert names == ["1.weight", "1.bias", "4.weight", "4.bias"], f"the names of the parameters: got {names}"
    x = Tensor(np.arange(12).reshape(3, 2, 2) / 12)
    out = net.eval()(x)
    close(out.sum(dim=1).array, np.ones(3), "the sum of each row of probabilities", dtype=np.float32)
    assert not net[3].training, "`eval` must reach the dropout layer"
    close(net(x).array, out.array, "a second answer, after `eval`")
    other = Sequential(Flatten(), Linear(4, 3), ReLU(), Dropout(0.5), Linear(3, 2), Softmax()).eval()
    other.load_state_dict(net.state_dict())
    close(other(x).array, out.array, "a second network, loaded from the first")
    row = Tensor([[-1.0, 2.0]])
    for layer, function in ((Sigmoid(), sigmoid), (Tanh(), tanh), (LogSoftmax(), log_softmax)):
        close(layer(row), function(row), f"{layer} beside its function")
    close(LeakyReLU(0.5)(row), [[-0.5, 2.0]], "LeakyReLU(0.5)")
    names = list(Sequential({"fc": Linear(2, 1)}).state_dict())
    assert names == ["fc.weight", "fc.bias"], f"the keys of a dict are the layers' names: got {names}"
    assert Linear(100, 3, bias=False).bias is None, "bias=False means no bias"
    assert Linear(100, 300).weight.abs().amax().item() < 0.1001, "100 inputs: weights between -0.1 and 0.1"


@app.cell(hide_code=True)
def _():
    net_width = mo.ui.slider(32, 1024, step=32, value=256, label="width", show_value=True)
    net_depth = mo.ui.slider(1, 6, value=2, label="hidden layers", show_value=True)
    mo.md(f"""
    ### Explore: where are the bytes?

    A network from 784 pixels to 10 classes. **Predict**: you double the width. Do the bytes double? You double the number of
    hidden layers. Do they double now? And which tensor holds most of them in a narrow network, and which in a wide one?

    {mo.hstack([net_width, net_depth], justify="start", wrap=True)}
    """)
    return net_depth, net_width


@app.function(hide_code=True)
def explore_memory(width, depth):
    """Markdown: every parameter of a network, how many numbers it has, and its size in memory."""
    layers = [Linear(784, width), ReLU()]
    for _ in range(depth - 1):
        layers += [Linear(width, width), ReLU()]
    net = Sequential(*layers, Linear(width, 10))
    total = sum(parameter.numel() for parameter in net.parameters())
    rows = [
        f"| `{name}` | {tuple(p.shape)} | {p.numel():,} | {p.array.nbytes / 1024:,.1f} | {p.numel() / total:.1%} |"
        for name, p in net.named_parameters()
    ]
    head = ["| parameter | shape | numbers | KiB | share |", "|:---|:---|---:|---:|---:|"]
    return mo.md("\n".join([*head, *rows]) + f"\n\n**{total:,} numbers, {4 * total / 2**20:.2f} MiB** in float32.")


@app.cell(hide_code=True)
def _(net_depth, net_width):
    show(explore_memory, net_width.value, net_depth.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does folding gain?

    256 sentences of 16 words, 256 numbers each, to 256 outputs: input and output are 4 MiB each. One way lets NumPy do 256 small
    products; the other is your `linear`. In the third line the input is a *view*, `(16, 256, 256)` with two axes swapped, which is
    not contiguous: can you fold such an array without a copy? **Predict** the ratio of the first two times (1x, 2x or 10x), and
    for each line how much memory it needs besides the input. Then measure.
    """)
    return


@app.function(hide_code=True)
def measure_linear(batch=256, words=16, width=256, rounds=9):
    """Markdown: median time and peak extra memory of a linear layer on (batch, words, width)."""
    weight, bias = np.ones((width, width), dtype=np.float32), np.ones(width, dtype=np.float32)
    x = np.ones((batch, words, width), dtype=np.float32)
    view = np.ones((words, batch, width), dtype=np.float32).swapaxes(0, 1)

    def batched():
        out = x @ weight.T
        out += bias
        return out

    ways = {
        f"{batch} products": batched,
        "folded": lambda: linear(x, weight, bias),
        "folded, from a view": lambda: linear(view, weight, bias),
    }
    costs = compare(ways, rounds)
    rows = ["| | time | relative to folded | memory |", "|:---|---:|---:|---:|"]
    for name, (seconds, peak) in costs.items():
        ratio = seconds / costs["folded"][0]
        rows.append(f"| {name} | {seconds * 1e3:.1f} ms | {ratio:.1f}x | {peak / 2**20:.1f} MiB |")
    return mo.md("\n".join(rows))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_linear)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    All three do the same $2 \cdot 4096 \cdot 256 \cdot 256$ operations. The small products read the weight again, 256 times, and each
    is over before the processor reaches full speed. Folding a view copies the input first: its 4 MiB appear in the memory column,
    and the copy takes time, but less than one large product saves.

    ## Complexity

    For $N$ rows (all leading axes together), and a network with $P$ parameters:

    | | operations | memory |
    |:---|:---|:---|
    | `Linear(in, out)`, parameters | | $\text{out} \cdot \text{in} + \text{out}$ numbers: **O(in x out)**, whatever $N$ is |
    | `linear` | $2 N \cdot \text{in} \cdot \text{out}$ | $N \cdot \text{out}$ for the result |
    | `dropout` of $n$ numbers | $n$ random numbers, about $3n$ | the mask: $n$ |
    | `state_dict`, `load_state_dict` | $P$ | $P$ for the copies; none |
    | `named_tensors`, `train` | one visit to each module | one entry per tensor |

    The first line starts a table that grows through the book: *dense: O(in x out)*.

    ## In production

    PyTorch's `Module` is in `torch/nn/modules/module.py`. It sorts parameters, buffers and children into three dictionaries when you
    set an attribute (`__setattr__`), while yours searches when you ask; that is why it needs `super().__init__()`. `Linear` is in
    `torch/nn/modules/linear.py`, with the $\sqrt 5$ in `reset_parameters`; `xavier_uniform_` and `kaiming_uniform_` are in
    `torch/nn/init.py`. Your fold is `_flatten_nd_linear` in `aten/src/ATen/native/Linear.cpp`.

    ## Questions
    """)
    return


@app.function
def answer_mlp_bytes():
    """How many bytes do the parameters of the network 784-256-128-10 take, in float32?

    It has three linear layers, each with a bias.

    Hint: each layer has a weight and a bias; count numbers first.
    """
    ### BEGIN SOLUTION
    return 4 * (784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_mlp_bytes():
    """WHAT: the memory of a network's parameters.
    WHY: it is the least memory a machine must have, and Module 06 will multiply it.
    TIP: what does the first layer have besides its 784 x 256 weights? How many bytes does a float32 take?
    """
    answer = answer_mlp_bytes()
    is_number = isinstance(answer, (int, float, np.integer, np.floating))
    assert is_number, f"answer_mlp_bytes must return a number, not {answer}: is there a return statement?"
    net = Sequential(Linear(784, 256), Linear(256, 128), Linear(128, 10))
    total = sum(parameter.array.nbytes for parameter in net.parameters())
    assert answer == total, f"{answer} is not the number of bytes that the three layers take"
    ### BEGIN HIDDEN TESTS
    assert answer == 4 * 235_146, f"{answer} is not the number of bytes that the three layers take"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def question_plain_list():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague writes `self.blocks = [Linear(64, 64) for _ in range(6)]` in a module. The network runs, and its loss
    even goes down a little. What does `named_tensors` do with the list, and what exactly goes wrong? Here `parameters()` warns about
    such a list, but PyTorch doesn't: which single line, run before training, would have shown it there? How would you write it instead?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_scale_at_work():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** The first dropout, of 2012, didn't scale the survivors in training, but multiplied *all* numbers at inference
    instead. By what? Both give the same average. Why did everyone switch to yours? Think about where inference runs, and how often.

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A parameter is a tensor that training changes; a buffer belongs to a layer and isn't trained.
    - Each layer multiplies the mean square by fan-in times the variance of its weights: keep that factor, with the activation's, at 1.
    - A linear layer is one matrix product, whatever the leading axes; its parameters take O(in x out) memory.
    - Dropout zeroes numbers in training and keeps the average; at inference it does nothing.
    - A network is a tree of modules. One walk over it names all tensors, and names make saving and loading possible.

    **Next:** export your work with `tito module complete 03`. Module 04 tells a network how wrong it is.
    """)
    return


if __name__ == "__main__":
    app.run()
