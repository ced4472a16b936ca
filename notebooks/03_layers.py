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
    from tito.lesson import compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 03: Layers

    Even a small network that reads handwriting has some hundred thousand numbers to learn. Somebody must choose their first
    values, find all of them when it is time to change them, save them under names that still mean something next year, and
    know whether the network is learning or at work. This module is that somebody.

    **When you are done:** I can ...

    - choose first weights that neither blow up nor fade away, in a network of any depth;
    - apply a linear layer to a batch of any shape with a single matrix product;
    - say what dropout does, and why it must know whether the network is training;
    - build layers, compose them, save their numbers and load them again;
    - say how many bytes a network takes before I build it.

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
    ## 1. Parameters: which of these numbers are learnt?

    A layer holds many tensors: weights, a mask, a running average, the size of its input. Only some of them are to be learnt.
    A **parameter** is a tensor that says so by its type, and nothing else is new about it:
    """)
    return


@app.class_definition
class Parameter(Tensor):
    """A tensor that a network learns. Made of a tensor, it shares that tensor's memory.

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
    ## 2. How large should a first weight be?

    They cannot all be equal, or all outputs of a layer would stay equal for ever. So they are random, around 0. How far around?
    One output of a layer is a sum of $n$ products, $y = \sum_i w_i x_i$. For independent weights around 0 the variances add up:

    $$\operatorname{E}[y^2] = n \cdot \operatorname{Var}(w) \cdot \operatorname{E}[x^2]$$

    So each layer multiplies the mean square by $n \operatorname{Var}(w)$. Take $n = 256$, ten layers, and inputs of size 1:

    | $\operatorname{Var}(w)$ | factor of one layer | size of the outputs after ten layers |
    |---:|---:|---:|
    | 1 | 256 | $\sqrt{256^{10}} \approx 1\,100\,000\,000\,000$ |
    | 0.001 | 0.256 | $\sqrt{0.256^{10}} \approx 0.001$ |
    | 1 / 256 | 1 | 1 |

    There is one value that works, and it depends on $n$, the number of inputs: **fan-in**. In Module 05 gradients will travel
    through the same weights backwards, summed over the outputs: they want 1 / **fan-out**. Xavier Glorot and Yoshua Bengio
    settled in 2010 for the variance in between, $2 / (\text{fan-in} + \text{fan-out})$.

    Random numbers between $-b$ and $b$, all equally likely, have the variance $b^2 / 3$: for $b = 0.3$ that is 0.03.
    """)
    return


@app.function(hide_code=True)
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill a tensor, in place, with a number (or an array of its shape); returns the tensor.

    >>> constant_(zeros(2), 0.5).tolist()
    [0.5, 0.5]
    """
    tensor.array[...] = val
    tensor.increment_version()
    return tensor


@app.function
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: object = None) -> Tensor:
    """Fill a tensor, in place, with random numbers between a and b; returns the tensor."""
    return constant_(tensor, a + (b - a) * rand(*tensor.shape, generator=generator).array)


@app.function
def fan_in_and_out(tensor: Tensor) -> tuple:
    """How many inputs each output of a weight sums over, and how many outputs each input goes to.

    A weight has shape (out, in), or (out, in, height, width) for a convolution. At least 1, also of an empty one.

    >>> fan_in_and_out(zeros(128, 784)), fan_in_and_out(zeros(32, 3, 5, 5))
    ((784, 128), (75, 800))
    """
    places = math.prod(tensor.shape[2:])
    return max(1, tensor.shape[1] * places), max(1, tensor.shape[0] * places)


@app.function
def xavier_uniform_(tensor: Tensor, generator: object = None) -> Tensor:
    """Fill a weight, in place, so that a linear layer nearly keeps variances, both ways.

    [Glorot and Bengio, 2010](https://proceedings.mlr.press/v9/glorot10a.html).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).
        generator: where the random numbers come from; hand it to `uniform_`.

    Returns:
        The same tensor, filled with uniform random numbers around 0.

    >>> weight = xavier_uniform_(zeros(200, 400))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True

    Steps:
        1. Find fan-in and fan-out, and from them the variance you want.
        2. Between which bounds do uniform random numbers have that variance?
        3. Fill the tensor.

    Hint: two functions above do half of the work. Check your bound with the example.
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fan_in_and_out(tensor)
    bound = math.sqrt(6 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)
    ### END SOLUTION


@app.function
# points: 2
def test_xavier_uniform():
    """WHAT: uniform numbers around 0, with the right bounds, in the tensor that was given.
    WHY: a factor of 2 in each layer is a factor of 1000 after ten layers.
    TIP: print the largest number. Is it the variance, its root, or a bound? They are three different things.
    """
    weight = zeros(200, 400)
    assert xavier_uniform_(weight) is weight, "fill the tensor that was given, and return it"
    numbers = weight.array
    assert numbers.dtype == np.float32
    assert 0.099 < numbers.max() < 0.1001 and -0.1001 < numbers.min() < -0.099, "(200, 400): between -0.1 and 0.1"
    assert abs(numbers.std() / 0.0577 - 1) < 0.02, "(200, 400): a variance of 0.00333, evenly spread"
    ### BEGIN HIDDEN TESTS
    assert 0.195 < xavier_uniform_(zeros(100, 50)).amax().item() < 0.2001
    assert 0.095 < xavier_uniform_(zeros(10, 14, 5, 5)).amax().item() < 0.1001, "a convolution's weight"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. What ReLU takes away

    Xavier's weights keep the size of $y$. But what goes into the next layer is $\operatorname{relu}(y)$, and its negative half is
    gone: of the mean square only **half** is left. Ten such layers leave $1 / 2^{10}$, a thousandth. A leaky ReLU with slope $a$
    multiplies the negative half by $a$, so that the mean square keeps the share

    $$\frac{1 + a^2}{2} \qquad a = 0:\; 0.5 \qquad a = 0.5:\; \frac{1 + 0.25}{2} = 0.625 \qquad a = 1:\; 1$$

    Kaiming He and colleagues made up for the loss in 2015: they chose the weights so that a layer *together with* the
    activation before it has a factor of 1. They looked at the forward direction alone, so only fan-in counts.
    """)
    return


@app.function
def kaiming_uniform_(tensor: Tensor, a: float = 0.0, generator: object = None) -> Tensor:
    """Fill a weight, in place, so that leaky ReLU and layer together keep the mean square.

    [He and others, 2015](https://arxiv.org/abs/1502.01852).

    Args:
        tensor: the weight, of shape (out, in) or (out, in, height, width).
        a: slope of the leaky ReLU for negative numbers; 0 for ReLU, 1 for no activation.
        generator: where the random numbers come from; hand it to `uniform_`.

    Returns:
        The same tensor, filled with uniform random numbers around 0.

    >>> weight = kaiming_uniform_(zeros(50, 600))
    >>> bool(0.099 < weight.abs().amax() < 0.101)
    True

    Steps:
        1. Activation, then layer: by what does the pair multiply the mean square?
        2. Which variance of the weights makes that 1?
        3. Fill the tensor with uniform random numbers of this variance.

    Hint: solve for the variance on paper. With a = 1 nothing is lost, and the third line of
    the table in section 2 must come out.
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
    WHY: without it nobody could train a ReLU network of thirty layers; that is what the paper of 2015 showed.
    TIP: a weight has shape (out, in). How many products does one output add up? What share of the mean square does the activation leave?
    """
    weight = zeros(50, 600)
    assert kaiming_uniform_(weight) is weight, "fill the tensor that was given, and return it"
    assert weight.dtype == np.float32
    assert 0.099 < weight.amax().item() < 0.1001 and -0.1001 < weight.amin().item() < -0.099, "ReLU, 600 inputs: 0.1"
    leaky = kaiming_uniform_(zeros(500, 96), a=0.5).array
    assert 0.22 < leaky.max() < 0.2237 and -0.2237 < leaky.min() < -0.22, "slope 0.5, 96 inputs: 0.2236"
    ### BEGIN HIDDEN TESTS
    assert 0.099 < kaiming_uniform_(zeros(50, 300), a=1).amax().item() < 0.1001, "no activation, 300 inputs: 0.1"
    assert 0.097 < kaiming_uniform_(zeros(40, 24, 5, 5)).amax().item() < 0.1001, "a convolution's weight"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The same two ideas with normal instead of uniform numbers, for other activations (a **gain** is what makes up for one) and with
    fan-out instead of fan-in are in `tinytorch/vocabulary/layers.py`, and offered by `nn.init`.
    """)
    return


@app.cell(hide_code=True)
def _():
    spread_init = mo.ui.dropdown(["xavier_uniform_", "kaiming_uniform_"], value="xavier_uniform_", label="weights from")
    spread_activation = mo.ui.dropdown(["none", "relu", "tanh"], value="none", label="activation")
    spread_factor = mo.ui.slider(0.4, 2.0, step=0.05, value=1.0, label="times", show_value=True)
    mo.md(f"""
    ### Explore: how far do numbers get in a deep network?

    Ten layers, 256 wide, made with your two functions; then every weight is multiplied by a factor. **Predict**: with a factor
    of 2 and no activation, how large are the outputs after ten layers? Which of the two functions goes with ReLU, and what
    does the other one do? Why does tanh forgive a factor of 2? Then try it.

    {mo.hstack([spread_init, spread_activation, spread_factor], justify="start", wrap=True)}
    """)
    return spread_activation, spread_factor, spread_init


@app.function(hide_code=True)
def explore_spread(init, activation, factor, layers=10, width=256):
    """Draw the size of the activations, layer by layer, and how those of the last layer are distributed."""
    manual_seed(0)
    fill = {"xavier_uniform_": xavier_uniform_, "kaiming_uniform_": kaiming_uniform_}[init]
    bend = {"none": lambda x: x, "relu": relu, "tanh": tanh}[activation]
    x = randn(256, width)
    sizes = [(x**2).mean().item() ** 0.5]
    for _ in range(layers):
        x = bend(x @ (factor * fill(zeros(width, width))).T)
        sizes.append((x**2).mean().item() ** 0.5)
    figure, (left, right) = panels(2, height=2.6)
    left.semilogy(sizes, marker="o")
    left.axhline(sizes[0], color="gray", linestyle=":")
    left.set(ylim=(1e-6, 1e6), xlabel="layer", title=f"root mean square, at the end {sizes[-1]:.3g}")
    right.hist(x.numpy().reshape(-1), bins=61)
    right.locator_params(axis="x", nbins=4)
    right.set(yticks=[], xlabel="activation", title=f"the numbers after layer {layers}")
    return figure


@app.cell(hide_code=True)
def _(spread_activation, spread_factor, spread_init):
    show(explore_spread, spread_init.value, spread_activation.value, spread_factor.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Linear: one product for any number of axes

    Each output of a linear layer is a weighted sum of all inputs, plus a bias. The weight has shape (out, in), a row for each
    output, so $y = x W^T + b$:

    $$\begin{pmatrix} 1 & 2 \end{pmatrix} \begin{pmatrix} 1 & 0 & 1 \\ 0 & 1 & 1 \end{pmatrix} + \begin{pmatrix} 0 & 0 & 10 \end{pmatrix}
    = \begin{pmatrix} 1 & 2 & 13 \end{pmatrix}$$

    What if `x` is a batch of sentences, of shape $(B, T, \text{in})$? Every word is treated alike, so the leading axes are only a
    way of counting rows. NumPy does not see that: for three axes it does $B$ small products, one after the other, and a small
    product keeps a processor less busy than a large one. Fold the leading axes into one first, and all rows go through a
    **single** product; at the end the axes come back. With 2 sentences of 3 words, 4 inputs and 5 outputs:

    $$(2, 3, 4) \;\to\; (6, 4) \;\to\; (6, 5) \;\to\; (2, 3, 5)$$

    Folding and unfolding are views, so they cost nothing, as long as the rows lie one after another.
    """)
    return


@app.function
@op
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Weighted sums of the last axis: x W^T + b, as one matrix product.

    PyTorch: [`F.linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).

    Args:
        input: array of shape (..., in), with any number of leading axes, also none. Call it `x`.
        weight: array of shape (out, in).
        bias: array of shape (out,), or None.

    Returns:
        Array of shape (..., out).

    Raises:
        ValueError: the last axis of `x` has another size than that of `weight` (given).

    >>> linear(Tensor([1.0, 2.0]), Tensor([[1.0, 0.0], [1.0, 1.0]]), Tensor([0.0, 10.0]))
    tensor([ 1., 13.])

    Steps:
        1. Fold all axes of `x` but the last into one.
        2. Multiply; which of the two matrices must be transposed?
        3. Add the bias, if there is one.
        4. Give the result the leading axes of `x` again.

    Hint: `@op` lets you forget tensors: here all are arrays. One size of a new shape may be
    -1, "whatever fits"; which size must stay what it is?
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
    """WHAT: weighted sums, for inputs of any number of axes, with and without bias; wrong widths are refused.
    WHY: nearly all the numbers and nearly all the time of a network are in this function.
    TIP: write the shape beside every line of your function. Which axis must survive from first to last?
    """
    weight = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    bias = np.array([0, 0, 10], dtype=np.float32)
    x = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    assert linear(x[0], weight).tolist() == [[0, 1, 1], [2, 3, 5]]
    assert linear(x[0], weight, bias).tolist() == [[0, 1, 11], [2, 3, 15]]
    assert linear(x, weight, bias).shape == (3, 2, 3), "leading axes stay"
    assert linear(x, weight, bias)[2, 1].tolist() == [10, 11, 31]
    assert linear(x, weight, bias).dtype == np.float32 and bias.tolist() == [0, 0, 10]
    try:
        linear(np.zeros((2, 4), dtype=np.float32), weight)
    except ValueError:
        pass
    else:
        raise AssertionError("4 numbers a row, and a weight for 2: that must be a ValueError")
    ### BEGIN HIDDEN TESTS
    assert linear(x[0, 1], weight, bias).tolist() == [2, 3, 15], "a single row"
    assert linear(x[None], weight, bias).shape == (1, 3, 2, 3), "four axes"
    assert linear(x[:0], weight, bias).shape == (0, 2, 3), "an empty batch"
    assert isinstance(linear(Tensor(x), Tensor(weight), Tensor(bias)), Tensor)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Dropout: how to keep a network from relying on one number

    A network that has found a single telling pixel listens to nothing else, and fails when that pixel is dirty. **Dropout** sets
    each number to 0 with probability $p$, anew each time, so that no number can be relied on. It does so while the network is
    training. At work all numbers are there.

    But then the next layer adds up more than it is used to: with $p = 0.5$, twice as much. So the survivors are made larger
    *during training*, just enough for the average over all masks to be what it was, and at work nothing is left to do:

    | | | | | | sum |
    |---|---:|---:|---:|---:|---:|
    | `x` | 2 | 4 | 6 | 8 | 20 |
    | one mask, $p = 0.5$ | keep | drop | drop | keep | |
    | while training | 4 | 0 | 0 | 16 | 20 |
    | another mask | drop | keep | drop | keep | |
    | while training | 0 | 8 | 0 | 16 | 24 |
    | at work | 2 | 4 | 6 | 8 | 20 |

    With $p = 0.75$ one in four survives, and must count four times. What is it for any $p$?
    """)
    return


@app.function
def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set numbers to 0 with probability `p`; the others grow, so that the average stays.

    [Srivastava and others, 2014](https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        x: tensor of any shape.
        p: probability of a 0, from 0 to 1; 0 leaves `x` as it is, and 1 nothing but zeros.
        training: without it nothing happens to `x`.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        ValueError: `p` is no probability.

    >>> dropout(Tensor([1.0, 2.0]), p=0.5, training=False)
    tensor([1., 2.])
    >>> sorted(set(dropout(Tensor(np.ones(1000)), p=0.75).tolist()))
    [0.0, 4.0]

    Steps:
        1. Refuse a `p` that is no probability.
        2. Not training: `x` itself.
        3. Draw a random number for every number of `x`, and compare: a mask of survivors.
        4. Survivors, as large as they must be, where the mask says so; zeros elsewhere.

    Hint: stay with tensors and their operations: `x.array` would hide from `Tensor.apply` what
    you do. `rand(2, 3)` makes random numbers between 0 and 1, and `where(mask, a, b)` selects.
    Think about p = 1.
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, from 0 to 1, and not {p}")
    if not training or p == 0:
        return x
    scale = 1 / (1 - p) if p < 1 else 0.0
    return where(rand(*x.shape) >= p, x * scale, 0.0)
    ### END SOLUTION


@app.function
# points: 4
def test_dropout():
    """WHAT: the right share is dropped, number by number, anew each time; the average stays; at work nothing happens.
    WHY: wrong by a factor here, a network sees other numbers at work than in training, and nobody notices.
    TIP: half of the numbers, p = 0.2: print the different values and how often each occurs. Then do the same for two calls.
    """
    manual_seed(3)
    x = Tensor(np.ones((100, 100)))
    out = dropout(x, p=0.2)
    assert out.dtype == np.float32 and out.shape == (100, 100)
    assert abs((out.numpy() == 0).mean() - 0.2) < 0.02, "p is the share that is dropped"
    assert abs(out.mean().item() - 1) < 0.02, "the average stays"
    assert out[0].tolist() != out[1].tolist(), "each number has its own luck"
    assert out.tolist() != dropout(x, p=0.2).tolist(), "each call has its own mask"
    assert dropout(x, p=0.2, training=False).tolist() == x.tolist()
    assert dropout(x, p=1).tolist() == (0 * x).tolist() and dropout(x, p=0).tolist() == x.tolist()
    for p in (-0.1, 1.5):
        try:
            dropout(x, p)
        except ValueError:
            continue
        raise AssertionError(f"{p} is no probability: that must be a ValueError")
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda function, out, inputs, *rest: seen.extend(inputs)
    try:
        dropout(x)
    finally:
        Tensor.recorder = before
    assert any(tensor is x for tensor in seen), "Tensor.apply must see what happens to x"
    ### BEGIN HIDDEN TESTS
    assert set(np.unique(dropout(x, p=0.75).numpy())) == {0.0, 4.0}
    manual_seed(3)
    assert dropout(x, p=0.2).tolist() == out.tolist(), "the same seed gives the same mask"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Module: who finds all the numbers?

    Functions know no state. A **module** keeps it: parameters, smaller modules, and **buffers**, tensors that belong to the layer but
    are not learnt, such as a running average. It keeps them as plain attributes, and Python keeps an object's attributes in a
    dictionary, `vars(module)`, in the order in which they were assigned. A network is therefore a *tree*, and the path to a tensor
    is its name:

    ```
    net                     what vars() holds            name
    ├── scale               a Parameter                  scale
    ├── note                a text                       (not ours)
    └── first               a Module
        ├── weight          a Parameter                  first.weight
        ├── mean            a buffer                     first.mean
        └── mask            a Tensor, nothing more       (not ours)
    ```

    Who walks this tree can do everything: count, train, save, load. One switch at the root, `net.train()` or `net.eval()`, tells
    every dropout below whether the network is training. As in PyTorch, a module's own tensors come first, then those of its
    children, one child after the other. Write the walk, `named_tensors`, in the class below; the other two exercises have their
    explanations and tests under the class.
    """)
    return


@app.class_definition
class Module:
    """A part of a network: `forward`, and as attributes its parameters, buffers and smaller modules.

    PyTorch: [`nn.Module`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html). This one needs no
    `super().__init__()`, and does not mind it. Hooks, casting and more are added by `tinytorch/vocabulary/layers.py`.

    >>> net = Module()
    >>> net.weight = Parameter([1.0, 2.0])
    >>> [name for name, parameter in net.named_parameters()]
    ['weight']
    """

    training = True  # until `train` or `eval` says otherwise
    _persistent = {}  # buffer -> whether it is saved; never changed in place, since all modules share it

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *args: object, **kwargs: object) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}.forward: a module needs this method")

    def add_module(self, name: str, module: "Module") -> None:
        setattr(self, name, module)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that is not learnt as `self.name`; if `persistent`, it is saved and loaded with the parameters."""
        setattr(self, name, tensor)
        self._persistent = self._persistent | {name: persistent}

    @property
    def buffer_names(self) -> list[str]:
        """The names of this module's buffers, without those that are None or not to be saved."""
        return [name for name, saved in self._persistent.items() if saved and vars(self).get(name) is not None]

    def named_children(self) -> Iterator[tuple]:
        """(name, module) of the modules right below this one."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def modules(self) -> "Iterator[Module]":
        """This module and all below it, each once."""
        found = [self, *(module for _, child in self.named_children() for module in child.modules())]
        return iter({id(module): module for module in found}.values())

    def named_tensors(self, prefix: str = "") -> list:
        """All parameters, and all buffers that are saved, here and below, with their names.

        Args:
            prefix: the path to this module: "first", "first.block", or "" at the root.

        Returns:
            List of (name, tensor): this module's own, then each child's. A tensor that stands
            in two places comes twice.

        >>> net, first = Module(), Module()
        >>> first.weight, net.first = Parameter([1.0]), first
        >>> [(name, tensor.tolist()) for name, tensor in net.named_tensors()]
        [('first.weight', [1.0])]

        Steps:
            1. Collect this module's own parameters and buffers, in order of assignment. A name
               is the path and the attribute's name, with a dot between; no dot at the root.
            2. Add what each child finds; what is the path to a child?

        Hint: `vars(self).items()`, `self.buffer_names` and `self.named_children()` tell all
        you need. The same method does the work for a child.
        """
        ### BEGIN SOLUTION
        path = f"{prefix}." if prefix else ""
        found = []
        for name, value in vars(self).items():
            if isinstance(value, Parameter) or name in self.buffer_names:
                found.append((path + name, value))
        for name, child in self.named_children():
            found += child.named_tensors(path + name)
        return found
        ### END SOLUTION

    def named_parameters(self, prefix: str = "") -> Iterator[tuple]:
        """(name, parameter), each parameter once, under its first name."""
        seen = set()
        for name, tensor in self.named_tensors(prefix):
            if isinstance(tensor, Parameter) and id(tensor) not in seen:
                seen.add(id(tensor))
                yield name, tensor

    def parameters(self) -> Iterator[Parameter]:
        """Each parameter once: what an optimizer gets."""
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict:
        """Name -> copy of the tensor, for all parameters and buffers.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.state_dict()
        {'weight': tensor([1.])}

        Steps:
            1. Copy each tensor, with its type of number.
            2. Enter it under its name.

        Hint: `Tensor(...)` copies, and decides on a type unless told which.
        """
        ### BEGIN SOLUTION
        return {name: Tensor(tensor) for name, tensor in self.named_tensors()}
        ### END SOLUTION

    def load_state_dict(self, state: dict, strict: bool = True) -> tuple:
        """Copy numbers into the parameters and buffers, in place.

        Args:
            state: dict of name -> tensor, as `state_dict` makes it.
            strict: every name must be in both, `state` and this module; without it, names
                that are only in one of them are left alone.

        Returns:
            (missing, unexpected): names only this module has, names only `state` has.

        Raises:
            RuntimeError: names or shapes do not fit. It lists all these names, and nothing
                has been changed.

        >>> net = Module()
        >>> net.weight = Parameter([1.0])
        >>> net.load_state_dict({"weight": Tensor([2.0]), "bias": Tensor([3.0])}, strict=False)
        ([], ['bias'])

        Steps:
            1. Find the missing, the unexpected, and those in both whose shapes differ.
            2. Raise, if there is a reason to; the message lists the names.
            3. Copy the numbers into the arrays that are there.
            4. Return the two lists.

        Hint: `array[...] = other` writes into an array; `array = other` only renames.
        """
        ### BEGIN SOLUTION
        own = dict(self.named_tensors())
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        misfits = [name for name in own if name in state and own[name].shape != state[name].shape]
        if misfits or (strict and (missing or unexpected)):
            shapes = [f"{name} {state[name].shape}, here {own[name].shape}" for name in misfits]
            raise RuntimeError(f"missing: {missing}, unexpected: {unexpected}, other shape: {shapes}")
        for name in own.keys() & state.keys():
            own[name].array[...] = state[name].array
            own[name].increment_version()
        return missing, unexpected
        ### END SOLUTION

    def train(self, mode: bool = True) -> "Module":
        """Tell this module, and all below it, that the network is training; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """The opposite of `train`: the network is at work."""
        return self.train(False)

    def extra_repr(self) -> str:
        """What a layer says about itself when it is printed."""
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
    WHY: a parameter that is not found is never trained and never saved, and nobody says so.
    TIP: draw the tree of the test. Which of its leaves are yours to name, and which dots stand between them?
    """
    net = Module()
    net.first, net.note, net.scale = Module(), "a text", Parameter([2.0])
    net.first.block, net.first.weight = Module(), Parameter([[1.0]])
    net.first.register_buffer("mean", Tensor([0.0]))
    net.first.mask, net.first.block.bias = Tensor([1.0]), Parameter([3.0])
    found = dict(net.named_tensors())
    assert list(found) == ["scale", "first.weight", "first.mean", "first.block.bias"]
    assert found["first.block.bias"] is net.first.block.bias, "the tensors themselves, no copies"
    assert [name for name, _ in net.first.named_tensors("a")] == ["a.weight", "a.mean", "a.block.bias"], "with a prefix"
    assert len(list(net.parameters())) == 3
    ### BEGIN HIDDEN TESTS
    net.tied = Module()
    net.tied.weight = net.first.weight
    assert len(net.named_tensors()) == 5, "a shared parameter has two names"
    assert len(list(net.parameters())) == 3, "and is one parameter"
    assert list(Module().named_tensors()) == [], "an empty module"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Saving: a picture or a window?

    In its 12th round of training a network is at its best. You keep `best = net.state_dict()`, train on, and the 20th round is worse.
    What is in `best`? If it holds the tensors themselves, it is a *window*: the 20th round. Ours is a *picture*, a copy. (PyTorch's
    is a window. There you write `copy.deepcopy(net.state_dict())`, and sooner or later everybody forgets to.)
    And an integer buffer that counts rounds must come out an integer. Fill in `state_dict`.
    """)
    return


@app.function
# points: 2
def test_Module_state_dict():
    """WHAT: copies of all parameters and buffers, under their names, each with its own type of number.
    WHY: the best network so far must not change when training goes on.
    TIP: change a parameter afterwards. Who else changes? Which types of number went in, and which came out?
    """
    net = Module()
    net.first = Module()
    net.first.weight = Parameter([1.0, 2.0])
    net.first.register_buffer("count", Tensor(7))
    state = net.state_dict()
    assert list(state) == ["first.weight", "first.count"] and state["first.count"].item() == 7
    net.first.weight.array[0] = 9
    assert state["first.weight"].tolist() == [1.0, 2.0], "a copy does not change with the network"
    assert state["first.count"].dtype == np.int64, "whole numbers stay whole"
    net.first.register_buffer("precise", Tensor([0.1], dtype=np.float64))
    assert net.state_dict()["first.precise"].dtype == np.float64, "float64 stays float64"
    ### BEGIN HIDDEN TESTS
    net.first.register_buffer("flag", Tensor([True]))
    assert net.state_dict()["first.flag"].dtype == bool, "the type stays"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Loading: all or nothing

    You load a file into a network with one layer more. What should happen? If names that do not fit were skipped, the new layer
    would keep its random numbers, and you would wonder for days why the network reads so badly. So loading is *strict*: it
    refuses, says which names are missing, which are unexpected and which have another shape, and leaves the network as it was.
    Who wants only a part says `strict=False`.

    The numbers go *into* the arrays that are there. An optimizer, or a layer that shares a weight, holds the same tensor, and a new
    one would be unknown to it. Fill in `load_state_dict`.
    """)
    return


@app.function
# points: 4
def test_Module_load_state_dict():
    """WHAT: numbers are copied in place; what does not fit is refused by name, before anything changes.
    WHY: a network that is half loaded works, badly, and says nothing.
    TIP: in which order do you check and copy? Does the message hold the names? Is the array after loading the one from before?
    """
    net = Module()
    net.weight, net.bias = Parameter([1.0, 2.0]), Parameter([3.0])
    array, fitting = net.weight.array, {"weight": Tensor([5.0, 6.0]), "bias": Tensor([7.0])}
    assert net.load_state_dict(fitting) == ([], [])
    assert net.weight.array is array and array.tolist() == [5.0, 6.0] and net.bias.tolist() == [7.0]
    fitting["weight"].array[0] = 0
    assert array.tolist() == [5.0, 6.0], "the network owns its numbers"

    def refused(name, state, strict=True):
        try:
            net.load_state_dict(state, strict)
        except RuntimeError as error:
            assert name in str(error), f"the message must name {name!r}"
            assert net.weight.tolist() == [5.0, 6.0] and net.bias.tolist() == [7.0], "nothing may change"
        else:
            raise AssertionError(f"{name!r} does not fit: that must be a RuntimeError")

    new = Tensor([8.0, 9.0])
    refused("bias", {"weight": new})
    refused("extra", {"weight": new, "bias": Tensor([1.0]), "extra": new})
    refused("bias", {"weight": new, "bias": Tensor([[1.0]])})
    refused("bias", {"weight": new, "bias": new}, strict=False)
    assert net.load_state_dict({"weight": new, "extra": new}, strict=False) == (["bias"], ["extra"])
    assert net.weight.tolist() == [8.0, 9.0] and net.bias.tolist() == [7.0]
    ### BEGIN HIDDEN TESTS
    net.register_buffer("count", Tensor(3))
    assert net.load_state_dict({"count": Tensor(4)}, strict=False) == (["weight", "bias"], [])
    assert net.count.item() == 4 and net.count.dtype == np.int64, "buffers are loaded, too"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Layers: thin classes around functions

    With `Module` at hand a layer is short: it makes its parameters and calls a function. `Linear(64, 32)` has a weight of
    $32 \cdot 64 = 2048$ numbers and a bias of 32, together 2080, or 8320 bytes in float32: $O(\text{in} \cdot \text{out})$. These
    classes are given; `ModuleList`, `ModuleDict` and more activations are in `tinytorch/vocabulary/layers.py`.

    Read `Linear`: PyTorch uses `kaiming_uniform_` with $a = \sqrt 5$ there. The share of section 3 is then $(1 + 5) / 2 = 3$, so that
    the bound is simply $1 / \sqrt{\text{fan-in}}$. That is *less* than what keeps the spread: try a factor of
    $\sqrt{1/6} \approx 0.4$ with `kaiming_uniform_` and ReLU above. It was the default of Torch, PyTorch's predecessor.
    """)
    return


@app.class_definition
class Linear(Module):
    """Weighted sums of all inputs, and a bias: (..., in_features) -> (..., out_features).

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
        dropout(zeros(0), p)  # refuses a p that is no probability

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


@app.class_definition
class Sequential(Module):
    """Modules that run one after another. They are called "0", "1", ..., or as in the dict that is given.

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
    """A function as a layer. Its options are the function's own, and are kept as attributes.

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
    """The axes from `start_dim` to `end_dim` become one: images to rows."""


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
    """WHAT: layers compose, in order; their numbers can be found, saved and loaded; eval makes dropout stand still.
    WHY: this is the network of every later module.
    TIP: these classes are given. If this fails, look at the exercise that the failing line relies on.
    """
    net = Sequential(Flatten(), Linear(4, 3), ReLU(), Dropout(0.5), Linear(3, 2), Softmax())
    assert len(net) == 6 and net[1] is list(net)[1] and len(net[:3]) == 3
    assert [name for name, _ in net.named_parameters()] == ["1.weight", "1.bias", "4.weight", "4.bias"]
    x = Tensor(np.arange(12).reshape(3, 2, 2) / 12)
    out = net.eval()(x)
    assert out.shape == (3, 2) and np.allclose(out.sum(dim=1).array, 1) and out.dtype == np.float32
    assert net(x).tolist() == out.tolist() and not net[3].training
    other = Sequential(Flatten(), Linear(4, 3), ReLU(), Dropout(0.5), Linear(3, 2), Softmax()).eval()
    other.load_state_dict(net.state_dict())
    assert other(x).tolist() == out.tolist()
    row = Tensor([[-1.0, 2.0]])
    for layer, function in ((Sigmoid(), sigmoid), (Tanh(), tanh), (LogSoftmax(), log_softmax)):
        assert layer(row).tolist() == function(row).tolist()
    assert LeakyReLU(0.5)(row).tolist() == [[-0.5, 2.0]]
    assert list(Sequential({"fc": Linear(2, 1)}).state_dict()) == ["fc.weight", "fc.bias"]
    assert Linear(100, 3, bias=False).bias is None and Linear(100, 300).weight.abs().amax().item() < 0.1001


@app.cell(hide_code=True)
def _():
    net_width = mo.ui.slider(32, 1024, step=32, value=256, label="width", show_value=True)
    net_depth = mo.ui.slider(1, 6, value=2, label="hidden layers", show_value=True)
    mo.md(f"""
    ### Explore: where are the bytes?

    A network from 784 pixels to 10 classes. **Predict**: you double the width. Do the bytes double? You double the number
    of hidden layers. Do they double now? And in which tensor are most of them, when the network is narrow and when it is wide?

    {mo.hstack([net_width, net_depth], justify="start", wrap=True)}
    """)
    return net_depth, net_width


@app.function(hide_code=True)
def explore_memory(width, depth):
    """Markdown: every parameter of a network, how many numbers it has, and how many bytes."""
    layers = [Linear(784, width), ReLU()]
    for _ in range(depth - 1):
        layers += [Linear(width, width), ReLU()]
    net = Sequential(*layers, Linear(width, 10))
    total = sum(parameter.numel() for parameter in net.parameters())
    rows = [
        f"| `{name}` | {tuple(p.shape)} | {p.numel():,} | {p.array.nbytes / 1024:,.1f} | {p.numel() / total:.1%} |"
        for name, p in net.named_parameters()
    ]
    head = ["| parameter | shape | numbers | KiB | share |", "|---|---|---:|---:|---:|"]
    return mo.md("\n".join([*head, *rows]) + f"\n\n**{total:,} numbers, {4 * total / 2**20:.2f} MiB** in float32.")


@app.cell(hide_code=True)
def _(net_depth, net_width):
    show(explore_memory, net_width.value, net_depth.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does folding buy?

    256 sentences of 16 words, 256 numbers each, to 256 outputs: input and output are 4 MiB each. One way lets NumPy do 256 small
    products; the other is your `linear`. In the third line the input is a *view*, `(16, 256, 256)` with two axes swapped, whose rows
    do not lie one after another: can such an array be folded without a copy? **Predict** the ratio of the first two times (1x, 2x
    or 10x), and for each line the memory that is needed beyond the input. Then measure.
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
    rows = ["| | time | against folded | memory |", "|---|---:|---:|---:|"]
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
    All three do the same $2 \cdot 4096 \cdot 256 \cdot 256$ operations. The small products read the weight anew, 256 times, and each
    of them ends before the processor has got going. Folding a view copies the input first: its 4 MiB appear in the memory, and
    the copy takes its time, but less than one large product saves.

    ## Complexity

    Of $N$ rows (all leading axes together), and a network with $P$ parameters:

    | | operations | memory |
    |---|---|---|
    | `Linear(in, out)`, parameters | | $\text{out} \cdot \text{in} + \text{out}$ numbers: **O(in x out)**, whatever $N$ is |
    | `linear` | $2 N \cdot \text{in} \cdot \text{out}$ | $N \cdot \text{out}$ for the result |
    | `dropout` of $n$ numbers | $n$ random numbers, about $3n$ | the mask: $n$ |
    | `state_dict`, `load_state_dict` | $P$ | $P$ for the copies; none |
    | `named_tensors`, `train` | one visit to each module | one entry for each tensor |

    The first line begins a table that grows through the book: *dense: O(in x out)*.

    ## In production

    PyTorch's `Module` is in `torch/nn/modules/module.py`. It sorts parameters, buffers and children into three dictionaries when an
    attribute is set (`__setattr__`), where yours looks when it is asked; hence its `super().__init__()`. `Linear` is in
    `torch/nn/modules/linear.py`, with the $\sqrt 5$ in `reset_parameters`; `xavier_uniform_` and `kaiming_uniform_` are in
    `torch/nn/init.py`. Your fold is `_flatten_nd_linear` in `aten/src/ATen/native/Linear.cpp`.

    ## Questions
    """)
    return


@app.function
def answer_mlp_bytes():
    """How many bytes do the parameters of the network 784-256-128-10 take, in float32?

    It has three linear layers, each with a bias.

    Hint: a weight and a bias for each layer; count numbers first.
    """
    ### BEGIN SOLUTION
    return 4 * (784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_mlp_bytes():
    """WHAT: the memory of a network's parameters.
    WHY: it is the least a machine must have, and Module 06 will multiply it.
    TIP: what does the first layer have, besides its 784 x 256 weights? How many bytes is a number?
    """
    answer = answer_mlp_bytes()
    net = Sequential(Linear(784, 256), Linear(256, 128), Linear(128, 10))
    assert answer == sum(parameter.array.nbytes for parameter in net.parameters())
    ### BEGIN HIDDEN TESTS
    assert answer == 4 * 235_146, "whatever the layers say"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def question_plain_list():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague writes `self.blocks = [Linear(64, 64) for _ in range(6)]` in a module. The network runs, its loss even
    goes down a little. What does `named_tensors` make of the list, and what exactly goes wrong? `parameters()` warns of such a list here,
    but not in PyTorch: which single line, run before training, would have shown it there? How would you write it instead?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_scale_at_work():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** The first dropout, of 2012, left the survivors as they were while training, and multiplied *all* numbers at work
    instead. By what? Both give the same average. Why did everybody change to yours? Think of who runs the network at work, and on
    what machine.

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A parameter is a tensor that is learnt; a buffer belongs to a layer, and is not.
    - Each layer multiplies the mean square by fan-in times the variance of its weights: keep that, with the activation, at 1.
    - A linear layer is one matrix product, whatever the leading axes; its memory is O(in x out).
    - Dropout hides numbers while training, and leaves the average alone.
    - A network is a tree of modules. One walk over it gives names to all tensors, and with names come saving and loading.

    **Next:** export your work with `tito module complete 03`. Module 04 tells a network how wrong it is.
    """)
    return


if __name__ == "__main__":
    app.run()
