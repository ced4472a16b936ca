import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 02: Activations")

with app.setup(hide_code=True):
    import math

    import marimo as mo
    import numpy as np

    from tinytorch.arrays import in_blocks, promoted
    from tinytorch.tensor import Tensor, op
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 02: Activations

    A network is a stack of layers, and each layer is a matrix product. Stack a hundred of them, and you do a hundred times the
    work without computing anything that one layer couldn't. A nonlinear function between the layers changes that. In this module
    you write the ones that networks use, and you write them so that no input, however large, turns the output into `nan`.

    **When you are done:** I can ...

    - explain why linear layers alone cannot learn XOR, and set the weights of a network that computes it;
    - write `relu`, `leaky_relu`, `sigmoid`, `gelu`, `softmax` and `log_softmax`, and say what each is for;
    - see in a formula where float32 overflows, and rewrite the formula so that it doesn't;
    - measure what that stability costs.

    **You need:** Module 01. **It unlocks:** Module 03, layers.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("activations")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. ReLU: why is a stack of linear layers no better than one?

    A linear layer multiplies by a matrix. Each example is a row, so the matrix goes on the right. Send $x = (1, 1)$ through two:

    $$W_1 = \begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix} \quad W_2 = \begin{pmatrix} 1 & 0 \\ -1 & 2 \end{pmatrix} \qquad
    x W_1 = (3, 7) \qquad (x W_1) W_2 = (3 - 7,\; 2 \cdot 7) = (-4, 14)$$

    Now multiply the two matrices first, without any $x$:

    $$W_1 W_2 = \begin{pmatrix} -2 & 6 \\ -2 & 8 \end{pmatrix} \qquad x (W_1 W_2) = (-4, 14)$$

    You get the same result for every $x$, because $(x W_1) W_2 = x (W_1 W_2)$. Biases merge the same way. However deep the stack
    is, it computes what a single layer computes.

    So you need something *nonlinear* between two layers: an **activation**. The cheapest is the *rectified linear unit*. It keeps
    positive numbers and replaces all others by 0: of $(3, -7)$ it leaves $(3, 0)$.

    `@op` above the function is your decorator from Module 01: you write the function for arrays, and it also takes tensors.
    """)
    return


@app.function(hide_code=True)
# not exported
def check_contract(activation):
    """Assert what every activation promises: a new array, the dtype of its input, and an input that has not changed."""
    for dtype in (np.float32, np.float64):
        x = np.array([[0.5, 3.0], [1.0, 2.0], [0.25, 1.5]], dtype=dtype)
        before = x.copy()
        out = activation(x)
        close(x, before, "the input must not change")
        close(out, activation(before), f"the result for a {x.dtype} input", dtype=dtype)
        assert out.shape == x.shape, f"a {x.shape} input must give a {x.shape} result, not {out.shape}"
        assert not np.shares_memory(out, x), "the result must be a new array: it shares memory with the input"


@app.function
@op
def relu(x: Tensor, inplace: bool = False) -> Tensor:
    """Keep positive numbers, and replace all others by 0.

    Args:
        x: array or tensor of any shape.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])

    Steps:
        1. Compare each number with zero.
        2. Keep one of the two. Which?

    Hint: one NumPy function does both steps for a whole array. Don't write into `x`.
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0)
    ### END SOLUTION


@app.function
# points: 2
def test_relu():
    """WHAT: negative numbers become 0, the others stay; the input does not change, and its dtype is kept.
    WHY: the backward pass of Module 05 needs the input again; an op that overwrites it makes every gradient wrong.
    TIP: work out relu of -2, 0 and 3 by hand. Does your function write into `x`, or bring in an array of another dtype?
    """
    x = np.array([[-2.0, 0.0, 3.0], [0.5, -0.5, -1e30]], dtype=np.float32)
    before = x.copy()
    close(relu(x), [[0.0, 0.0, 3.0], [0.5, 0.0, 0.0]], "relu of a float32 array", dtype=np.float32)
    close(x, before, "the input must not change")
    check_contract(relu)
    assert isinstance(relu(Tensor([1.0])), Tensor), "relu of a tensor must be a tensor: keep the @op"
    ### BEGIN HIDDEN TESTS
    close(relu(Tensor([[-0.5], [7.0]])), [[0.0], [7.0]], "relu of a tensor", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. XOR: what one nonlinearity makes possible

    *Exclusive or* is 1 when exactly one of two inputs is 1. Can one linear layer, $f(x) = x_1 w_1 + x_2 w_2 + b$, compute it?

    $$f(0, 0) + f(1, 1) = w_1 + w_2 + 2b = f(0, 1) + f(1, 0)$$

    Whatever the weights, both pairs of opposite corners of the square have the same sum. XOR wants $0 + 0$ for one pair and
    $1 + 1$ for the other. So one linear layer can't compute it, and neither can a stack of them. No amount of training helps:
    the weights don't exist. In 1969 Minsky and Papert's *Perceptrons* made arguments of this kind famous, and research on
    networks nearly stopped.

    Now take two layers with a relu between them, and set the weights by hand:

    $$W_1 = \begin{pmatrix} 1 & 1 \\ 1 & 1 \end{pmatrix} \quad b_1 = (0, -1) \qquad W_2 = \begin{pmatrix} 1 \\ -2 \end{pmatrix} \quad b_2 = 0$$

    | $x$ | after layer 1 | after relu | after layer 2 | without relu |
    |:---|:---|:---|---:|---:|
    | (0, 0) | (0, -1) | (0, 0) | **0** | 2 |
    | (0, 1) | (1, 0) | (1, 0) | **1** | 1 |
    | (1, 0) | (1, 0) | (1, 0) | **1** | 1 |
    | (1, 1) | (2, 1) | (2, 1) | **0** | 0 |

    The last column obeys the rule of the corners, $2 + 0 = 1 + 1$. The relu breaks the rule by cutting off a single -1. Write the
    network; you have had all the operators since Module 01.
    """)
    return


@app.function
# not exported
def two_layers(x, w1, b1, w2, b2, activation):
    """A network of two linear layers with an activation between them.

    Args:
        x: tensor of shape (N, D), one example per row.
        w1, b1: weight of shape (D, H) and bias of shape (H,) of the first layer.
        w2, b2: weight of shape (H, C) and bias of shape (C,) of the second layer.
        activation: function from a tensor to a tensor of the same shape.

    Returns:
        Tensor of shape (N, C).

    >>> one = Tensor([[1.0]])
    >>> two_layers(Tensor([[-1.0], [5.0]]), one, Tensor([1.0]), one, Tensor([0.5]), relu)
    tensor([[0.5000],
            [6.5000]])

    Steps:
        1. Send the examples through the first layer: weight and bias.
        2. Apply the activation.
        3. Send the result through the second layer.

    Hint: write down the shape after each step. Tensors have operators for all of it.
    """
    ### BEGIN SOLUTION
    hidden = activation(x @ w1 + b1)
    return hidden @ w2 + b2
    ### END SOLUTION


@app.function
# points: 3
def test_two_layers():
    """WHAT: weight, bias, activation, weight, bias, in this order.
    WHY: this is the forward pass of every network up to Module 08; only the sizes grow.
    TIP: work out the failing row by hand, one column of the table at a time. Which is the first column that your code gets wrong?
    """
    corners = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    table = Tensor([[1.0, 1.0], [1.0, 1.0]]), Tensor([0.0, -1.0]), Tensor([[1.0], [-2.0]]), Tensor([0.0])
    close(two_layers(corners, *table, relu), [[0.0], [1.0], [1.0], [0.0]], "the table, with relu", dtype=np.float32)
    close(two_layers(corners, *table, lambda h: h), [[2.0], [1.0], [1.0], [0.0]], "the table, without relu")
    square = [[-2.0], [1.0], [1.0], [2.0]]
    close(two_layers(corners, *table, lambda h: h * h), square, "activation=square, applied to the hidden layer only")
    w1, w2 = Tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]), Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    out = two_layers(Tensor([[1.0, 2.0]]), w1, Tensor([0.0, 0.5, 1.0]), w2, Tensor([10.0, 20.0]), relu)
    close(out, [[13.0, 26.5]], "one example, three hidden units, two outputs", dtype=np.float32)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Leaky ReLU: what if a unit stops learning for good?

    Training asks: if this number were a little larger, how would the output change? The answer is a *slope*. For a negative number
    relu's slope is 0: move it from -3 to -2.9, and the output stays 0. A unit that is negative for every example gets no signal
    about which way to change. It is *dead*.

    A leak fixes that: multiply negative numbers by a small slope instead of zeroing them. With PyTorch's 0.01, -3 becomes
    -0.03 and -2.9 becomes -0.029. The caller chooses the slope, and it may exceed 1.
    """)
    return


@app.function
@op
def leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Keep positive numbers, and multiply negative ones by `negative_slope`.

    Args:
        x: array or tensor of any shape.
        negative_slope: any number, also above 1 or below 0.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> leaky_relu(np.array([-3.0, 2.0]), negative_slope=0.5)
    array([-1.5,  2. ])

    Steps:
        1. Split `x` into a part that is never negative and a part that is never positive.
        2. Scale one of them, and put the two together.

    Hint: for every number one of the two parts is 0. `relu` gives you the first.
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)
    ### END SOLUTION


@app.function
# points: 2
def test_leaky_relu():
    """WHAT: negative numbers are multiplied by the slope, whatever it is; the default is 0.01.
    WHY: a unit with slope 0 cannot learn its way back.
    TIP: which sign fails, and for which slope? With a slope above 1, slope * x is the larger one for positive x.
    """
    x = np.array([-3.0, -1.0, 0.0, 2.0], dtype=np.float32)
    close(leaky_relu(x), [-0.03, -0.01, 0.0, 2.0], "the default slope, 0.01", dtype=np.float32)
    close(leaky_relu(x, negative_slope=0.5), [-1.5, -0.5, 0.0, 2.0], "slope 0.5")
    close(leaky_relu(x, negative_slope=2.0), [-6.0, -2.0, 0.0, 2.0], "slope 2, which is above 1")
    close(leaky_relu(x, negative_slope=-1.0), [3.0, 1.0, 0.0, 2.0], "slope -1, which makes the absolute value")
    close(x, [-3.0, -1.0, 0.0, 2.0], "the input must not change")
    check_contract(leaky_relu)
    ### BEGIN HIDDEN TESTS
    close(leaky_relu(Tensor([-4.0, 4.0]), negative_slope=0.25), [-1.0, 4.0], "a tensor, slope 0.25", dtype=np.float32)
    close(leaky_relu(x, negative_slope=0.0), [0.0, 0.0, 0.0, 2.0], "slope 0")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Sigmoid: how to compute a formula that overflows

    How likely is it that this image shows a cat? The last layer gives a score, which can be any number; we want a probability. The
    *sigmoid* maps every number to one between 0 and 1, and there are two ways to write it:

    $$\sigma(x) = \frac{1}{1 + e^{-x}} = \frac{e^x}{1 + e^x} \qquad \sigma(2) = \frac{1}{1 + 0.135} = \frac{7.39}{1 + 7.39} = 0.881$$

    On paper they are equal. On a machine the largest float32 is $3.4 \cdot 10^{38} = e^{88.7}$, and anything larger is `inf`:

    | $x$ | $1 / (1 + e^{-x})$ in float32 | $e^x / (1 + e^x)$ in float32 | true value |
    |---:|---:|---:|---:|
    | 100 | 1 | inf / inf = **nan** | $1 - 4 \cdot 10^{-44}$ |
    | -100 | 1 / inf = **0**, and a warning | $3.8 \cdot 10^{-44}$ | $3.7 \cdot 10^{-44}$ |

    A `nan` spreads to every weight it touches. The 0 looks harmless, but a loss takes its logarithm, which should be -100 and is
    `-inf`. So each form is safe for one sign of $x$. Find out which, and what sign the exponent has there. Don't compute both
    forms and choose afterwards: by then the bad one has overflowed. (A relative is given further down:
    $\tanh(x) = 2\,\sigma(2x) - 1$ maps 0 to 0, 1 to $2 \cdot 0.8808 - 1 = 0.7616$, and NumPy's is safe for both signs.)
    """)
    return


@app.function
@op
@promoted("float")
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), a number between 0 and 1, without overflow for any x.

    Args:
        x: array or tensor of any shape.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> sigmoid(np.array([-2.0, 0.0, 2.0])).round(4)
    array([0.1192, 0.5   , 0.8808])

    Steps:
        1. Find a numerator that is 1 for positive x and the numerator of the other form for
           negative x.
        2. Find a denominator that works for both signs.
        3. Make sure that no exponent is ever greater than 0.

    Hint: `np.minimum`, `np.maximum` and `np.abs` give you exponents of a known sign, so that
    you never have to choose between two results.
    """
    ### BEGIN SOLUTION
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))
    ### END SOLUTION


@app.function
# points: 4
def test_sigmoid():
    """WHAT: the right values for both signs, no overflow however large x is, and small probabilities that are not 0.
    WHY: an early layer with large weights produces scores of a thousand; training must survive them.
    TIP: "overflow encountered in exp" means that an exponent was large and positive, perhaps in a result that you throw away.
    """
    x = np.array([-2.0, 0.0, 2.0], dtype=np.float32)
    close(sigmoid(x), [0.119203, 0.5, 0.880797], "sigmoid of -2, 0 and 2", dtype=np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        close(sigmoid(np.array([-1000.0, 1000.0], dtype=np.float32)), [0.0, 1.0], "sigmoid of -1000 and 1000")
    tiny = sigmoid(np.array([-50.0, -700.0])) * np.exp(np.array([50.0, 700.0]))
    close(tiny, [1.0, 1.0], "sigmoid(x) / exp(x) for x = -50 and -700, which are tiny and not 0")
    close(x, [-2.0, 0.0, 2.0], "the input must not change")
    check_contract(sigmoid)
    ### BEGIN HIDDEN TESTS
    many = np.linspace(-30, 30, 61)
    close(sigmoid(many), 1 / (1 + np.exp(-many)), "sigmoid of -30, -29, ... 30", rtol=1e-9, atol=0)
    close(sigmoid(Tensor([[1.0]])), [[0.731059]], "sigmoid of a tensor", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    score = mo.ui.slider(-120, 120, step=1, value=-100, label="score $x$", show_value=True)
    mo.md(f"""
    ### Explore: where does float32 give up?

    **Predict** three numbers, then find them: the first integer $x$ at which $e^x$ is `inf`; the first at which sigmoid is exactly
    1; and how far down you must go until it is exactly 0. Why aren't the last two mirror images?

    {score}
    """)
    return (score,)


@app.function(hide_code=True)
def explore_overflow(x):
    """Markdown: the forms of sigmoid at one number, all computed in float32, and the slope there."""
    one = np.array([x], dtype=np.float32)
    with np.errstate(all="ignore"):
        rows = {
            "$e^x$": np.exp(one),
            "$1 / (1 + e^{-x})$": 1 / (1 + np.exp(-one)),
            "$e^x / (1 + e^x)$": np.exp(one) / (1 + np.exp(one)),
            "your `sigmoid`": sigmoid(one),
            "its slope, $\\sigma(x) \\, \\sigma(-x)$": sigmoid(one) * sigmoid(-one),
        }
    lines = [f"| {name} | {value[0]:.9g} |" for name, value in rows.items()]
    return mo.md("\n".join([f"| $x = {x}$ | in float32 |", "|:---|---:|", *lines]))


@app.cell(hide_code=True)
def _(score):
    show(explore_overflow, score.value)
    return


@app.function
@op
@promoted("float")
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent, between -1 and 1.

    >>> tanh(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7616])
    """
    return np.tanh(x)


@app.function
def test_tanh():
    """WHAT: tanh takes arrays and tensors, and keeps float32.
    WHY: its slope is steeper than sigmoid's, and gelu is built on it.
    TIP: this is given. If it fails, look at `op` in Module 01.
    """
    close(tanh(np.array([-1.0, 0.0, 1000.0])), [-0.761594, 0.0, 1.0], "tanh of -1, 0 and 1000")
    assert isinstance(tanh(Tensor([1.0])), Tensor), "tanh of a tensor must be a tensor"
    close(tanh(Tensor([1.0])), [0.761594], "tanh of a tensor", dtype=np.float32)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. GELU: a gate without a corner

    Relu multiplies $x$ by a gate that is 0 or 1, and the gate jumps. GPT and BERT use a soft gate: the probability $\Phi(x)$ that a
    normally distributed number is smaller than $x$. The exact $x \, \Phi(x)$ needs the error function. NumPy doesn't have it; Python does,
    for one number at a time, so the exact form is slow here. It's in `tinytorch/vocabulary/activations.py`, as `nn.functional.gelu`.
    [Hendrycks and Gimpel](https://arxiv.org/abs/1606.08415) approximated it with tanh, and GPT-2 was trained with that formula:

    $$\operatorname{gelu}(x) = \frac{x}{2} \left(1 + \tanh\!\left(\sqrt{2 / \pi}\,(x + 0.044715\,x^3)\right)\right)$$

    | $x$ | $\sqrt{2/\pi}\,(x + 0.044715\,x^3)$ | tanh | gelu | exact |
    |---:|---:|---:|---:|---:|
    | 1 | 0.798 · 1.0447 = 0.834 | 0.682 | 0.8412 | 0.8413 |
    | -1 | -0.834 | -0.682 | -0.1588 | -0.1587 |
    | 3 | 0.798 · 4.207 = 3.357 | 0.998 | 2.996 | 2.996 |

    The formula has a trap. Take $x = 10^{20}$. Which power of ten is its cube, and which is the largest that fits into a float32?
    Then ask how much of that cube you need: $\tanh(10)$ differs from 1 by $4 \cdot 10^{-9}$, and a float32 has 7 digits.
    """)
    return


@app.function
@op
@in_blocks
def gelu(x: Tensor, approximate: str = "tanh") -> Tensor:
    """Gaussian error linear unit, by the formula with tanh.

    Args:
        x: array or tensor of any shape.
        approximate: only "tanh"; anything else is a ValueError (given).

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1588,  0.    ,  0.8412])

    Steps:
        1. Limit the number that you will cube, so that its cube fits.
        2. Compute the argument of tanh from it.
        3. Finish the formula, this time with `x` itself.

    Hint: `np.clip` limits numbers to a range. From which x on does tanh no longer change?
    """
    if approximate != "tanh":
        raise ValueError(f'this gelu is "tanh", not {approximate!r}: the exact one is nn.functional.gelu')
    ### BEGIN SOLUTION
    inner = np.clip(x, -10, 10)  # beyond that tanh is 1 or -1 anyway, and the cube of a huge x would be inf
    inner = math.sqrt(2 / math.pi) * (inner + 0.044715 * inner * inner * inner)
    return 0.5 * x * (1 + np.tanh(inner))
    ### END SOLUTION


@app.function
# points: 3
def test_gelu():
    """WHAT: the formula's values, even where the cube of x does not fit into a float32.
    WHY: a model trained with one gelu and run with another gives slightly wrong answers, and no error tells you.
    TIP: wrong values? Work out the row for x = 3 by hand. Overflow? Which intermediate number is larger than the result needs?
    """
    x = np.array([-1.0, 0.0, 1.0, 3.0], dtype=np.float32)
    close(gelu(x), [-0.158808, 0.0, 0.841192, 2.996363], "gelu of -1, 0, 1 and 3", dtype=np.float32)
    with np.errstate(over="raise", invalid="raise"):
        close(gelu(np.array([1e20, -1e20, 50], dtype=np.float32)), [1e20, 0, 50], "gelu of 1e20, -1e20 and 50")
    close(x, [-1.0, 0.0, 1.0, 3.0], "the input must not change")
    check_contract(gelu)
    ### BEGIN HIDDEN TESTS
    close(gelu(Tensor([-0.5, 2.0])), [-0.154286, 1.954598], "gelu of a tensor", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Four relatives

    You'll meet four more activations in other people's networks. They are in `tinytorch/vocabulary/activations.py`, and you call them
    as `nn.functional.silu` and so on.

    | | formula | where you find it |
    |:---|:---|:---|
    | `silu` | $x \, \sigma(x)$, a soft gate that uses your `sigmoid` | Llama |
    | `elu` | $x$ above 0, $\alpha (e^x - 1)$ below | older image networks |
    | `softplus` | $\log(1 + e^x)$, a relu without its corner | where a number must stay positive |
    | `logsigmoid` | $\log \sigma(x)$ | losses |
    """)
    return


@app.cell(hide_code=True)
def _():
    curve = mo.ui.dropdown(["relu", "leaky_relu", "sigmoid", "tanh", "gelu"], value="gelu", label="activation")
    curve_x = mo.ui.slider(-5, 5, step=0.25, value=-2, label="$x$", show_value=True)
    mo.md(f"""
    ### Explore: the slope is what training sees

    **Predict** the steepest slope of sigmoid and of tanh. Which of the five has a negative slope somewhere? For which does the
    slope vanish on *both* sides, so that a unit far from 0 learns nothing?

    {mo.hstack([curve, curve_x], justify="start", wrap=True)}
    """)
    return curve, curve_x


@app.function(hide_code=True)
def plot_activation(name, at):
    """Figure: an activation, its tangent at one point, and its slope everywhere as a dotted line."""
    activation = {"relu": relu, "leaky_relu": leaky_relu, "sigmoid": sigmoid, "tanh": tanh, "gelu": gelu}[name]
    x, step = np.linspace(-5, 5, 401), 1e-5
    slopes = (activation(x + step) - activation(x - step)) / (2 * step)
    value, slope = (np.interp(at, x, y) for y in (activation(x), slopes))
    figure, axes = panels(width=5, height=3)
    axes.plot(x, activation(x), label="value")
    axes.plot(x, slopes, ":", color="gray", label="slope")
    axes.plot([at - 1, at, at + 1], [value - slope, value, value + slope], "-o", markevery=[1], label="tangent")
    axes.set(title=f"{name}({at:g}) = {value:.4f}, slope {slope:.4f}", xlabel="$x$", ylim=(-1.2, 5.2))
    axes.legend()
    axes.grid(alpha=0.3)
    return figure


@app.cell(hide_code=True)
def _(curve, curve_x):
    show(plot_activation, curve.value, curve_x.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Softmax: from scores to probabilities

    A classifier gives you three scores, `[2.0, 1.0, 0.1]`. Which class is it, and *how sure* is the classifier? Scores can be
    negative and add up to anything, so they can't answer the second question. We want numbers that are positive, add up to one,
    and keep the order. Exponentials are positive and keep the order; dividing by their sum does the rest:

    $$\operatorname{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$

    | score $x_i$ | $e^{x_i}$ | probability |
    |---:|---:|---:|
    | 2.0 | 7.39 | 0.66 |
    | 1.0 | 2.72 | 0.24 |
    | 0.1 | 1.11 | 0.10 |

    There is a trap. A score of 1000 is not absurd for an untrained network, and $e^{1000}$ is `inf` in any float; `inf / inf`
    is `nan`. Before you write any code, find a number $c$ for which

    $$\frac{e^{x_i - c}}{\sum_j e^{x_j - c}}$$

    can never overflow, and convince yourself that the result is the same for *every* $c$. Then think of a batch: one row of
    scores is about 1000, the next about 0. Can the two rows share one $c$?
    """)
    return


@app.function
@op
def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """Turn scores into probabilities along one axis.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis along which the results sum to one (NumPy calls it `axis`).

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])

    Steps:
        1. Shift the scores so that the largest along `dim` becomes 0.
        2. Exponentiate.
        3. Divide by the sum along `dim`.

    Hint: `keepdims=True` keeps a reduced axis with size 1, so that the result broadcasts
    against `x`.
    """
    ### BEGIN SOLUTION
    shifted = x - x.max(axis=dim, keepdims=True)
    exps = np.exp(shifted)
    return exps / exps.sum(axis=dim, keepdims=True)
    ### END SOLUTION


@app.function
# points: 4
def test_softmax():
    """WHAT: probabilities along any axis, in the order of the scores, even for huge scores.
    WHY: attention and every classifier end in softmax; one nan or a wrong axis ruins a training run.
    TIP: nan or overflow? Which scores does np.exp get, and what may you subtract from a whole row? Wrong shape? A sum drops its axis.
    """
    x = np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], dtype=np.float32)
    before, thirds = x.copy(), [1 / 3, 1 / 3, 1 / 3]
    close(softmax(x), [[0.659001, 0.242433, 0.098566], thirds], "each row of probabilities", dtype=np.float32)
    columns = [[0.880797, 0.731059, 0.524979], [0.119203, 0.268941, 0.475021]]
    close(softmax(x, dim=0), columns, "dim=0, where each column adds up to 1")
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        p = softmax(np.array([[1000.0, 0.0], [0.0, 0.0], [-1000.0, -1000.0]], dtype=np.float32))
    close(p, [[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]], "rows with scores of 1000, 0 and -1000")
    close(x, before, "the input must not change")
    check_contract(softmax)
    ### BEGIN HIDDEN TESTS
    x = np.arange(24.0).reshape(2, 3, 4)
    close(softmax(x, dim=1).sum(axis=1), np.ones((2, 4)), "sums along dim=1 of three axes")
    close(softmax(x, dim=1)[0, :, 0], [0.000329, 0.017980, 0.981690], "dim=1 of three axes")
    close(softmax(Tensor([[-1000.0, -1000.0]])), [[0.5, 0.5]], "scores of -1000 in a tensor", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    temperature = mo.ui.slider(0.1, 5.0, step=0.1, value=1.0, label="temperature $T$", show_value=True)
    mo.md(f"""
    ### Explore: what does temperature do?

    Language models divide the scores by a temperature before the softmax. **Predict**: which way does $T \\to 0$ push the
    probabilities, and which way $T \\to \\infty$? Then drag the slider.

    {temperature}
    """)
    return (temperature,)


@app.function(hide_code=True)
def plot_temperature(t):
    """Figure: three scores as probabilities, at one temperature."""
    figure, axes = panels(width=5, height=1.6)
    bars = axes.barh(["2.0", "1.0", "0.1"], softmax(np.array([2.0, 1.0, 0.1]) / t))
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set(xlim=(0, 1.15), xlabel=f"probability at T = {t:.1f}", ylabel="score")
    axes.invert_yaxis()
    return figure


@app.cell(hide_code=True)
def _(temperature):
    show(plot_temperature, temperature.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Log-softmax: the logarithm of a number that underflowed

    A loss doesn't need the probability of the right class, it needs the logarithm of it. Isn't that `np.log(softmax(x))`? Take the
    scores $(0, -200)$:

    | score | softmax | in float32 | its logarithm | true logarithm |
    |---:|---:|---:|---:|---:|
    | 0 | 1 | 1 | 0 | 0 |
    | -200 | $1.4 \cdot 10^{-87}$ | **0** | **-inf** | -200 |

    The smallest positive float32 is $1.4 \cdot 10^{-45}$: softmax *underflows*. The second class is just unlikely, and -200 is a
    perfectly good float32. What ruins it is the detour through an exponential that the logarithm undoes.

    On paper, take the logarithm of the shifted softmax, use $\log(a / b) = \log a - \log b$, and simplify. For the scores
    $(2, 1, 0.1)$ you should get $(-0.417, -1.417, -2.317)$: the scores themselves, all lowered by the same 2.417. How is that number
    made of 7.39, 2.72 and 1.11?
    """)
    return


@app.function
@op
def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """The logarithm of `softmax(x, dim)`, even where that is too small for a float.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis along which the probabilities sum to one.

    Returns:
        A new array or tensor with the shape and dtype of `x`.

    >>> log_softmax(np.array([1.0, 1.0, -200.0])).round(4)
    array([  -0.6931,   -0.6931, -201.6931])

    Steps:
        1. Shift the scores as in `softmax`.
        2. For each row along `dim`, compute the number by which all its scores are lowered.
        3. Lower them.

    Hint: do you still need each exponential, or only what they add up to?
    """
    ### BEGIN SOLUTION
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
    ### END SOLUTION


@app.function
# points: 4
def test_log_softmax():
    """WHAT: logarithms of probabilities, finite for every finite score, along any axis.
    WHY: cross-entropy in Module 04 is one line on top of this; -inf there ends a training run.
    TIP: -inf? Something computed a probability first. nan or overflow? Shift the scores as in softmax. Wrong shape? A sum drops its axis.
    """
    x = np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], dtype=np.float32)
    before, third = x.copy(), -math.log(3)
    rows = [[-0.417030, -1.417030, -2.317030], [third, third, third]]
    close(log_softmax(x), rows, "the log-probabilities of two rows", dtype=np.float32)
    columns = [[-0.126928, -0.313262, -0.644397], [-2.126928, -1.313262, -0.744397]]
    close(log_softmax(x, dim=0), columns, "dim=0, the log-probabilities of three columns")
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        log_p = log_softmax(np.array([[0.0, -200.0], [1000.0, -1000.0]], dtype=np.float32))
    close(log_p, [[0.0, -200.0], [0.0, -2000.0]], "rows with scores of (0, -200) and (1000, -1000)")
    close(x, before, "the input must not change")
    check_contract(log_softmax)
    ### BEGIN HIDDEN TESTS
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    expected = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    close(log_softmax(x, dim=1), expected, "dim=1 of three axes")
    close(log_softmax(Tensor([5.0, 5.0])), [-math.log(2)] * 2, "two equal scores in a tensor", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does stability cost?

    An activation does a few operations for each number it reads and writes. Here are four things you wrote, or could have
    written, and another way to write each, on 256 000 numbers. **Predict**: is the other way faster or slower, by 1x, 2x or 10x?
    How many arrays as large as the input exist at the worst moment of your softmax?
    """)
    return


@app.function(hide_code=True)
def measure_ways(rounds=21):
    """Markdown: time and peak memory of two ways to compute the same thing."""

    def naive_softmax(x):
        exps = np.exp(x)
        return exps / exps.sum(axis=-1, keepdims=True)

    pairs = {
        "your `relu` / `np.where(x > 0, x, 0)`": (relu, lambda x: np.where(x > 0, x, 0)),
        "`x * x * x` / `x**3`": (lambda x: x * x * x, lambda x: x**3),
        "your `sigmoid` / the plain $1 / (1 + e^{-x})$": (sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        "your `softmax` / without the shift": (softmax, naive_softmax),
    }
    x = np.random.default_rng(0).standard_normal((256, 1000), dtype=np.float32)
    lines = ["| one / other | one | other | ratio | arrays, one | arrays, other |", "|:---|" + "---:|" * 5]
    for name, ways in pairs.items():
        (one, one_bytes), (other, other_bytes) = compare(
            {i: lambda way=way: way(x) for i, way in enumerate(ways)}, rounds
        ).values()
        times = f"{one * 1e3:.2f} ms | {other * 1e3:.2f} ms | **{other / one:.1f}x**"
        lines.append(f"| {name} | {times} | {one_bytes / x.nbytes:.1f} | {other_bytes / x.nbytes:.1f} |")
    return mo.md("\n".join(lines))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_ways)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Where NumPy has a vectorized loop, which processes 8 or 16 numbers per instruction, it runs at the speed of memory. Where it
    doesn't, it goes through the array number by number: `np.where` branches each time, and `x**3` calls a general power function
    that could also compute $x^{2.7}$. (Does your relu take as long as the other way? Then look for a NumPy function that doesn't branch.)

    The last two lines show the price of stability: in sigmoid a second exponential; in softmax a pass for the maximum, a pass for
    the subtraction, and one more array. It is worth it: without it, one large score ends the training run.

    ## Complexity

    | for $n$ numbers | exponentials or tanh | time | arrays of size $n$ at once, in the reference |
    |:---|---:|:---|---:|
    | `relu` | 0 | $O(n)$ | 1, the result |
    | `sigmoid` | $2n$ | $O(n)$ | 3 |
    | `gelu` | $n$ | $O(n)$ | 4 |
    | `softmax`, `log_softmax` | $n$ | $O(n)$ | 3, 2 |

    ## In production

    In PyTorch, `relu`, `leaky_relu` and `gelu` start in `aten/src/ATen/native/Activation.cpp`. `softmax` and `log_softmax` share one
    loop in `SoftMax.cpp` in the same folder, which subtracts the maximum as you do. `cross_entropy` never builds the probabilities:
    it calls `log_softmax`, as yours will in Module 04. FlashAttention's *online* softmax finds the maximum while it is summing: Module 18.

    One surprise: `sigmoid_kernel` in `aten/src/ATen/native/cpu/UnaryOpsKernel.cpp` is the plain $1 / (1 + e^{-x})$. C++ doesn't warn
    about an overflow, and $1 / \infty$ is 0. If you need the logarithm, you call `logsigmoid` instead. Both designs are sound: make
    a function safe everywhere, or know where it isn't.

    ## Questions
    """)
    return


@app.function
def answer_float16_score():
    """The largest number of float16, a format that graphics cards compute fast, is 65504. What
    is the largest integer score whose exponential still fits into it?

    Hint: which function undoes the exponential?
    """
    ### BEGIN SOLUTION
    return math.floor(math.log(65504))
    ### END SOLUTION


@app.function
# points: 1
def test_answer_float16_score():
    """WHAT: the largest integer whose exponential float16 can hold.
    WHY: float16 saves half the bytes, and its range is so small that you need the shift even for ordinary scores.
    TIP: the test takes the exponential of your answer, and of the next integer. One must fit, the other must not.
    """
    answer = answer_float16_score()
    is_number = isinstance(answer, (int, float, np.integer, np.floating))
    assert is_number, f"answer_float16_score must return a number, not {answer}: is there a return statement?"
    assert answer % 1 == 0, f"{answer} is not an integer"
    with np.errstate(over="ignore"):
        fits, overflows = np.exp(np.array([answer, answer + 1], dtype=np.float16))
    assert np.isfinite(fits), f"the exponential of your answer, {answer}, is inf in float16"
    assert np.isinf(overflows), f"the exponential of {answer + 1} also fits into float16"


@app.cell(hide_code=True)
def question_softmax_memory():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** Attention takes a softmax over a $(B, H, T, T)$ array. For $B=8$, $H=12$, $T=1024$ in float32: how many bytes
    is the array, how does that grow with $T$, and which arrays inside *your* softmax could you reuse instead of allocating new ones?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_vanishing_slope():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** The slope of a stack is the product of the slopes of its layers. Stack ten sigmoids. How large is that product at
    most, and what does it mean for the first layer? Answer the same question for tanh and for relu, and say what relu risks instead.

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - Linear layers multiply into one. They give opposite corners of a square equal sums, and XOR needs different ones.
    - One relu between two layers breaks that rule. Its price: slope 0 for negative numbers; a leak or a soft gate avoids it.
    - Equal on paper is not equal in float32. Rewrite a formula so that no exponent is positive.
    - Don't take the logarithm of a probability. Compute the log-probability directly.
    - Stability costs a pass or two over the data; a loop that branches on every number costs more.

    **Next:** export your work with `tito module complete 02`. Module 03 combines weights and activations into layers.
    """)
    return


if __name__ == "__main__":
    app.run()
