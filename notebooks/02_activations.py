import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 02: Activations")

with app.setup(hide_code=True):
    import math

    import marimo as mo
    import numpy as np

    from tinytorch.arrays import promoted
    from tinytorch.tensor import Tensor, op
    from tito.diagrams import diagram
    from tito.lesson import compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 02: Activations

    A network is a stack of layers, and each layer is a matrix product. Stack a hundred of them, and you have a hundred times
    the work and not one bit more power. A small bend between the layers changes that. In this module you write the bends that
    networks use, and you write them so that no input, however large, turns them into `nan`.

    **When you are done:** I can ...

    - say why linear layers alone cannot learn XOR, and set the weights of a network that computes it;
    - write `relu`, `leaky_relu`, `sigmoid`, `gelu`, `softmax` and `log_softmax`, and say what each is for;
    - tell from a formula where float32 overflows, and rewrite it so that it does not;
    - measure what that safety costs.

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

    A linear layer multiplies by a matrix. Examples are rows, so the matrix stands on the right. Send $x = (1, 1)$ through two:

    $$W_1 = \begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix} \quad W_2 = \begin{pmatrix} 1 & 0 \\ -1 & 2 \end{pmatrix} \qquad
    x W_1 = (3, 7) \qquad (x W_1) W_2 = (3 - 7,\; 2 \cdot 7) = (-4, 14)$$

    Now multiply the two matrices first, before there is any $x$:

    $$W_1 W_2 = \begin{pmatrix} -2 & 6 \\ -2 & 8 \end{pmatrix} \qquad x (W_1 W_2) = (-4, 14)$$

    The same, for every $x$, because $(x W_1) W_2 = x (W_1 W_2)$. Biases merge, too. Whatever the depth, it is one layer.

    So something that is *not* linear must stand between two layers: an **activation**. The cheapest is the *rectified linear
    unit*. It lets positive numbers pass and stops all others: of $(3, -7)$ it leaves $(3, 0)$.

    `@op` above the function is your bridge from Module 01: written for arrays, it takes tensors, too.
    """)
    return


@app.function
@op
def relu(x: Tensor, inplace: bool = False) -> Tensor:
    """Positive numbers stay, all others become 0.

    Args:
        x: array or tensor of any shape.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])

    Steps:
        1. Compare each number with zero.
        2. Of the two, keep the right one.

    Hint: one function of NumPy does both steps for a whole array. Leave `x` as it is.
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0)
    ### END SOLUTION


@app.function
# points: 2
def test_relu():
    """WHAT: negative numbers become 0, the others stay, the input is not touched, float32 stays.
    WHY: the backward pass of Module 05 needs the input again; an op that overwrites it makes every gradient wrong.
    TIP: float64? Every array that takes part has a dtype. Is the input changed? Look for an assignment to a part of x.
    """
    x = np.array([[-2.0, 0.0, 3.0], [1.5, -0.5, -1e30]], dtype=np.float32)
    before = x.copy()
    out = relu(x)
    assert out.tolist() == [[0.0, 0.0, 3.0], [1.5, 0.0, 0.0]]
    assert np.array_equal(x, before), "the input must not be changed"
    assert out.dtype == np.float32, "float32 in, float32 out"
    assert isinstance(relu(Tensor([1.0])), Tensor), "a tensor in, a tensor out: keep the @op"
    ### BEGIN HIDDEN TESTS
    positive = np.ones(3, dtype=np.float32)
    assert not np.shares_memory(relu(positive), positive), "the result must be a new array"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. XOR: what one bend makes possible

    *Exclusive or* is 1 when exactly one of two inputs is 1. Can one linear layer, $f(x) = x_1 w_1 + x_2 w_2 + b$, compute it?

    $$f(0, 0) + f(1, 1) = w_1 + w_2 + 2b = f(0, 1) + f(1, 0)$$

    Whatever the weights, opposite corners of the square have the same sum; XOR wants $0 + 0$ for one pair and $1 + 1$ for the
    other. So no layer computes it, no stack of layers does, and no training helps: the weights do not exist. In 1969 Minsky and
    Papert's *Perceptrons* made arguments of this kind famous, and research on networks nearly stopped.

    Now two layers with a relu between them, and weights set by hand:

    $$W_1 = \begin{pmatrix} 1 & 1 \\ 1 & 1 \end{pmatrix} \quad b_1 = (0, -1) \qquad W_2 = \begin{pmatrix} 1 \\ -2 \end{pmatrix} \quad b_2 = 0$$

    | $x$ | after layer 1 | after relu | after layer 2 | without relu |
    |---|---|---|---:|---:|
    | (0, 0) | (0, -1) | (0, 0) | **0** | 2 |
    | (0, 1) | (1, 0) | (1, 0) | **1** | 1 |
    | (1, 0) | (1, 0) | (1, 0) | **1** | 1 |
    | (1, 1) | (2, 1) | (2, 1) | **0** | 0 |

    The last column obeys the law of the corners, $2 + 0 = 1 + 1$. The relu breaks it by cutting off a single -1. Write the network;
    you have all the operators since Module 01.
    """)
    return


@app.function
# not exported
def two_layers(x, w1, b1, w2, b2, activation):
    """A network of two linear layers with an activation between them.

    Args:
        x: tensor of shape (N, D), one example in each row.
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
        2. Bend what comes out.
        3. Send it through the second layer.

    Hint: write down the shape after each step; a tensor knows the operators for all of it.
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
    TIP: compute the failing row with a pencil, one column of the table after the other. Which column is the first that your code does not reproduce?
    """
    corners = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    table = Tensor([[1.0, 1.0], [1.0, 1.0]]), Tensor([0.0, -1.0]), Tensor([[1.0], [-2.0]]), Tensor([0.0])
    assert two_layers(corners, *table, relu).tolist() == [[0.0], [1.0], [1.0], [0.0]], "XOR, the table above"
    assert two_layers(corners, *table, lambda h: h).tolist() == [[2.0], [1.0], [1.0], [0.0]], "no bend, no XOR"
    assert two_layers(corners, *table, lambda h: h * h).tolist() == [[-2.0], [1.0], [1.0], [2.0]], (
        "the activation is whatever was passed, and it bends the hidden layer, nothing else"
    )
    w1, w2 = Tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]), Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    out = two_layers(Tensor([[1.0, 2.0]]), w1, Tensor([0.0, 0.5, 1.0]), w2, Tensor([10.0, 20.0]), relu)
    assert out.tolist() == [[13.0, 26.5]] and out.dtype == np.float32, "three hidden numbers, two outputs, both biases"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Leaky ReLU: what if a unit stops for good?

    Learning asks: if this number were a little larger, what would the output do? The answer is a *slope*. For a negative number
    relu's slope is 0: move it from -3 to -2.9, and the output stays 0. A unit that is negative for every example gives learning
    nothing to hold on to. It is *dead*.

    A leak is the remedy: multiply negative numbers by a small slope instead of stopping them. With PyTorch's 0.01, -3 becomes
    -0.03 and -2.9 becomes -0.029. The slope is the caller's choice, and nobody says that it is smaller than 1.
    """)
    return


@app.function
@op
def leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Positive numbers stay, negative ones are multiplied by `negative_slope`.

    Args:
        x: array or tensor of any shape.
        negative_slope: any number.
        inplace: accepted, as in PyTorch, and ignored.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> leaky_relu(np.array([-3.0, 2.0]), negative_slope=0.5)
    array([-1.5,  2. ])

    Steps:
        1. Split `x` into a part that is never negative and a part that is never positive.
        2. Scale one of them, and put the two together.

    Hint: of every number one of the two parts is 0. `relu` gives you the first.
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)
    ### END SOLUTION


@app.function
# points: 2
def test_leaky_relu():
    """WHAT: negative numbers shrink or grow by the slope, whatever it is; 0.01 if nobody says.
    WHY: a unit with slope 0 cannot learn its way back.
    TIP: which sign fails, and for which slope? A slope above 1 turns around which of x and slope * x is the larger.
    """
    x = np.array([-3.0, -1.0, 0.0, 2.0], dtype=np.float32)
    assert np.allclose(leaky_relu(x), [-0.03, -0.01, 0.0, 2.0])
    assert np.allclose(leaky_relu(x, negative_slope=0.5), [-1.5, -0.5, 0.0, 2.0])
    assert np.allclose(leaky_relu(x, negative_slope=2.0), [-6.0, -2.0, 0.0, 2.0]), "a slope above 1"
    assert x.tolist() == [-3.0, -1.0, 0.0, 2.0], "the input must not be changed"
    ### BEGIN HIDDEN TESTS
    assert leaky_relu(x).dtype == np.float32, "float32 in, float32 out"
    assert leaky_relu(Tensor([-4.0]), negative_slope=0.25).tolist() == [-1.0]
    assert leaky_relu(x, negative_slope=-1.0).tolist() == [3.0, 1.0, 0.0, 2.0], "slope -1 makes the absolute value"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Sigmoid: how to compute a formula that overflows

    How likely is it that this image shows a cat? The last layer gives a score, any number; we want a probability. The *sigmoid*
    squeezes all numbers between 0 and 1, and there are two ways to write it:

    $$\sigma(x) = \frac{1}{1 + e^{-x}} = \frac{e^x}{1 + e^x} \qquad \sigma(2) = \frac{1}{1 + 0.135} = \frac{7.39}{1 + 7.39} = 0.881$$

    On paper they are equal. On a machine the largest float32 is $3.4 \cdot 10^{38} = e^{88.7}$, and what lies beyond is `inf`:

    | $x$ | $1 / (1 + e^{-x})$ in float32 | $e^x / (1 + e^x)$ in float32 | true value |
    |---:|---:|---:|---:|
    | 100 | 1 | inf / inf = **nan** | $1 - 4 \cdot 10^{-44}$ |
    | -100 | 1 / inf = **0**, and a warning | $3.8 \cdot 10^{-44}$ | $3.7 \cdot 10^{-44}$ |

    A `nan` spreads to every weight that it touches. The 0 looks harmless, but a loss takes its logarithm, which should be -100
    and is `-inf`. So each form is safe for one sign. Find out which, and what sign the number that is exponentiated has there.
    Beware of computing both forms and choosing afterwards: the bad one has overflowed by then. (A relative is given further down:
    $\tanh(x) = 2\,\sigma(2x) - 1$ sends 0 to 0, 1 to $2 \cdot 0.8808 - 1 = 0.7616$, and is safe on both sides in NumPy.)
    """)
    return


@app.function
@op
@promoted("float")
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), which is between 0 and 1, without overflow for any x.

    Args:
        x: array or tensor of any shape.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> sigmoid(np.array([-2.0, 0.0, 2.0])).round(4)
    array([0.1192, 0.5   , 0.8808])

    Steps:
        1. Find a numerator that is 1 for positive x and the numerator of the other form for
           negative x.
        2. Find a denominator that serves both signs.
        3. Make sure that nothing greater than 0 is ever exponentiated.

    Hint: `np.minimum`, `np.maximum` and `np.abs` can tie a sign down, without any choice
    between two results.
    """
    ### BEGIN SOLUTION
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))
    ### END SOLUTION


@app.function
# points: 4
def test_sigmoid():
    """WHAT: the right values for both signs, no overflow however large x is, and small probabilities that are not 0.
    WHY: an early layer with large weights sends scores of a thousand; the run must survive them.
    TIP: "overflow encountered" means that the exponential of a large positive number was asked for, perhaps for numbers whose result you then throw away.
    """
    x = np.array([-2.0, 0.0, 2.0], dtype=np.float32)
    assert np.allclose(sigmoid(x), [0.119203, 0.5, 0.880797], atol=1e-6)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.allclose(sigmoid(np.array([-1000.0, 1000.0], dtype=np.float32)), [0.0, 1.0]), "huge scores"
        small = sigmoid(np.array([-50.0], dtype=np.float32))
    assert np.allclose(small / math.exp(-50), 1.0), f"sigmoid(-50) is 1.93e-22, tiny and not 0; got {small[0]:.3g}"
    assert x.tolist() == [-2.0, 0.0, 2.0], "the input must not be changed"
    ### BEGIN HIDDEN TESTS
    assert sigmoid(x).dtype == np.float32, "float32 in, float32 out"
    many = np.linspace(-30, 30, 61)
    assert np.allclose(sigmoid(many), 1 / (1 + np.exp(-many)), rtol=1e-12, atol=0)
    assert np.allclose(sigmoid(Tensor([[1.0]])).numpy(), [[0.731059]])
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    score = mo.ui.slider(-120, 120, step=1, value=-100, label="score $x$", show_value=True)
    mo.md(f"""
    ### Explore: where does float32 give up?

    **Predict** three numbers, then find them: the first whole $x$ at which $e^x$ is `inf`; the first at which sigmoid is exactly
    1; and how far down you must go until it is exactly 0. Why are the last two not mirror images?

    {score}
    """)
    return (score,)


@app.function(hide_code=True)
def explore_overflow(x):
    """Markdown: the forms of sigmoid at one number, all computed in float32, and the slope that is left there."""
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
    return mo.md("\n".join([f"| $x = {x}$ | in float32 |", "|---|---:|", *lines]))


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
    WHY: its slope is steeper than sigmoid's, and gelu is made of it.
    TIP: this is given. If it fails, look at `op` in Module 01.
    """
    assert np.allclose(tanh(np.array([-1.0, 0.0, 1000.0])), [-0.761594, 0.0, 1.0])
    assert isinstance(tanh(Tensor([1.0])), Tensor) and tanh(Tensor([1.0])).dtype == np.float32


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. GELU: a gate without a corner

    Relu multiplies $x$ by a gate that is 0 or 1, and the gate jumps. GPT and BERT use a soft gate: the probability $\Phi(x)$ that a
    normally distributed number is smaller than $x$. The exact $x \, \Phi(x)$ needs the error function. NumPy doesn't have it; Python does,
    for one number at a time, so the exact form is slow here. It's in `tinytorch/vocabulary/activations.py`, as `nn.functional.gelu`.
    [Hendrycks and Gimpel](https://arxiv.org/abs/1606.08415) came close with tanh, and GPT-2 was trained with that:

    $$\operatorname{gelu}(x) = \frac{x}{2} \left(1 + \tanh\!\left(\sqrt{2 / \pi}\,(x + 0.044715\,x^3)\right)\right)$$

    | $x$ | $\sqrt{2/\pi}\,(x + 0.044715\,x^3)$ | tanh | gelu | exact |
    |---:|---:|---:|---:|---:|
    | 1 | 0.798 · 1.0447 = 0.834 | 0.682 | 0.8412 | 0.8413 |
    | -1 | -0.834 | -0.682 | -0.1588 | -0.1587 |
    | 3 | 0.798 · 4.207 = 3.357 | 0.998 | 2.996 | 2.996 |

    There is a trap in it. Take $x = 10^{20}$. Which power of ten is its cube, and which is the largest that a float32 holds? Then
    ask how much of that cube is needed: $\tanh(10)$ differs from 1 by $4 \cdot 10^{-9}$, and a float32 has 7 digits.
    """)
    return


@app.function
@op
def gelu(x: Tensor, approximate: str = "tanh") -> Tensor:
    """Gaussian error linear unit, by the formula with tanh.

    Args:
        x: array or tensor of any shape.
        approximate: only "tanh"; anything else is a ValueError (given).

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1588,  0.    ,  0.8412])

    Steps:
        1. Make sure that the cube you will need is one that fits.
        2. Compute what tanh is taken of.
        3. Finish the formula; this time with `x` itself.

    Hint: `np.clip` limits numbers to a range. From which x on does tanh no longer change?
    """
    if approximate != "tanh":
        raise ValueError(f'this gelu is "tanh", not {approximate!r}: the exact one is nn.functional.gelu')
    ### BEGIN SOLUTION
    inner = np.clip(x, -10, 10)  # beyond, tanh is 1 or -1 anyway, and the cube of a huge x would be inf
    inner = math.sqrt(2 / math.pi) * (inner + 0.044715 * inner * inner * inner)
    return 0.5 * x * (1 + np.tanh(inner))
    ### END SOLUTION


@app.function
# points: 3
def test_gelu():
    """WHAT: the formula's values, also where its cube does not fit into a float32.
    WHY: a model trained with one gelu and run with another gives slightly wrong answers, and nobody sees why.
    TIP: values wrong? Compute the row for x = 3 with a pencil. Overflow? Which intermediate number is larger than the result needs?
    """
    x = np.array([-1.0, 0.0, 1.0, 3.0], dtype=np.float32)
    assert np.allclose(gelu(x), [-0.158808, 0.0, 0.841192, 2.996363], atol=1e-6)
    with np.errstate(over="raise", invalid="raise"):
        huge = gelu(np.array([1e20, -1e20], dtype=np.float32))
    assert np.allclose(huge, [1e20, 0.0]), "a huge x"
    assert x.tolist() == [-1.0, 0.0, 1.0, 3.0], "the input must not be changed"
    assert gelu(x).dtype == np.float32, "float32 in, float32 out"
    ### BEGIN HIDDEN TESTS
    assert np.allclose(gelu(Tensor([-0.5, 2.0])).numpy(), [-0.154286, 1.954598], atol=1e-6)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Four relatives

    Four more activations that you'll meet in other people's networks. They are in `tinytorch/vocabulary/activations.py`, and offered by
    `nn.functional`.

    | | formula | where you find it |
    |---|---|---|
    | `silu` | $x \, \sigma(x)$, a soft gate made of your `sigmoid` | Llama |
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
    ### Explore: the slope is what learning sees

    **Predict** the steepest slope of sigmoid and of tanh. Which of the five has a negative slope somewhere? For which does the
    slope vanish on *both* sides, so that a unit far out learns nothing?

    {mo.hstack([curve, curve_x], justify="start", wrap=True)}
    """)
    return curve, curve_x


@app.function(hide_code=True)
def plot_activation(name, at):
    """Figure: an activation, its tangent at one point, and dotted the slope everywhere."""
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

    A classifier hands you three scores, `[2.0, 1.0, 0.1]`. Which class is it, and *how sure* is it? Scores can be negative and
    add up to anything, so they cannot answer the second question. We want numbers that are positive, add up to one, and keep the
    order. Exponentials are positive and keep the order; dividing by their sum does the rest:

    $$\operatorname{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$

    | score $x_i$ | $e^{x_i}$ | probability |
    |---:|---:|---:|
    | 2.0 | 7.39 | 0.66 |
    | 1.0 | 2.72 | 0.24 |
    | 0.1 | 1.11 | 0.10 |

    There is a trap. A score of 1000 is not absurd for an untrained network, and $e^{1000}$ is `inf` in any float; `inf / inf`
    is `nan`. Before you write code, find a number $c$ for which

    $$\frac{e^{x_i - c}}{\sum_j e^{x_j - c}}$$

    can never overflow, and convince yourself that the result is the same for *every* $c$. Then think of a batch: one row of
    scores is about 1000, the next about 0. Can the two share their $c$?
    """)
    return


@app.function
@op
def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """Turn scores into probabilities along one axis.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis that will sum to one (PyTorch says dim, NumPy axis).

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])

    Steps:
        1. Shift the scores so that the largest along `dim` becomes 0.
        2. Exponentiate.
        3. Divide by the sum along `dim`.

    Hint: `keepdims=True` keeps a reduced axis; the result still broadcasts against `x`.
    """
    ### BEGIN SOLUTION
    shifted = x - x.max(axis=dim, keepdims=True)
    exps = np.exp(shifted)
    return exps / exps.sum(axis=dim, keepdims=True)
    ### END SOLUTION


@app.function
# points: 4
def test_softmax():
    """WHAT: rows of probabilities, in the order of the scores, even for huge scores.
    WHY: attention and every classifier end in it: one nan or wrong axis ends a training run.
    TIP: nan or overflow? Ask which score np.exp cannot take, and what may be subtracted from all of its row. Wrong shape? Look at what a sum does to an axis.
    """
    x = np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], dtype=np.float32)
    before = x.copy()
    p = softmax(x)
    assert np.allclose(p.sum(axis=-1), 1.0), "each row must add up to 1"
    assert np.allclose(p[0], [0.659, 0.242, 0.099], atol=1e-3)
    assert np.allclose(softmax(x, dim=0).sum(axis=0), 1.0), "dim=0: each column must add up to 1"
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        p = softmax(np.array([[1000.0, 0.0], [0.0, 0.0]], dtype=np.float32))
    assert p.tolist() == [[1.0, 0.0], [0.5, 0.5]], "huge scores must not overflow, nor disturb another row"
    assert np.array_equal(x, before), "the input must not be changed"
    ### BEGIN HIDDEN TESTS
    x = np.arange(24.0).reshape(2, 3, 4)
    assert np.allclose(softmax(x, dim=1).sum(axis=1), 1.0), "dim must be respected"
    assert np.allclose(softmax(x + 5.0), softmax(x)), "adding a constant changes nothing"
    assert softmax(x.astype(np.float32)).dtype == np.float32, "float32 in, float32 out"
    assert softmax(Tensor([[-1000.0, -1000.0]])).tolist() == [[0.5, 0.5]], "hugely negative scores, in a tensor"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    temperature = mo.ui.slider(0.1, 5.0, step=0.1, value=1.0, label="temperature $T$", show_value=True)
    mo.md(f"""
    ### Explore: what does temperature do?

    Language models divide the scores by a temperature before the softmax. **Predict**: which way does $T \\to 0$ push the
    probabilities, and which way $T \\to \\infty$? Then drag.

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
    ## 7. Log-softmax: the logarithm of a number that is gone

    A loss does not want the probability of the right class, it wants its logarithm. Is that not `np.log(softmax(x))`? Take the
    scores $(0, -200)$:

    | | softmax | in float32 | its logarithm | true logarithm |
    |---:|---:|---:|---:|---:|
    | 0 | 1 | 1 | 0 | 0 |
    | -200 | $1.4 \cdot 10^{-87}$ | **0** | **-inf** | -200 |

    The smallest positive float32 is $1.4 \cdot 10^{-45}$: softmax *underflows*. The second class is just unlikely, and -200 is a number
    like any other. What ruins it is the detour through an exponential that the logarithm takes back.

    With pencil and paper take the logarithm of the shifted softmax, by $\log(a / b) = \log a - \log b$, and simplify. For the scores
    $(2, 1, 0.1)$ you should get $(-0.417, -1.417, -2.317)$: the scores themselves, all lowered by the same 2.417. How is that number
    made of 7.39, 2.72 and 1.11?
    """)
    return


@app.function
@op
def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """The logarithm of `softmax(x, dim)`, also where that is too small for a float.

    Args:
        x: array or tensor of scores (logits).
        dim: the axis along which the probabilities sum to one.

    Returns:
        A new one, with the shape and dtype of `x`.

    >>> log_softmax(np.array([0.0, -200.0]))
    array([   0., -200.])

    Steps:
        1. Shift the scores as in `softmax`.
        2. For each row along `dim`, compute the number by which all its scores are lowered.
        3. Lower them.

    Hint: is any single exponential still needed, or only what they add up to?
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
    TIP: -inf? Somewhere a probability was computed first. nan or overflow? The shift of softmax is needed here, too. Wrong shape? Mind the reduced axis.
    """
    x = np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], dtype=np.float32)
    before = x.copy()
    log_p = log_softmax(x)
    assert np.allclose(log_p[0], [-0.417, -1.417, -2.317], atol=1e-3)
    assert np.allclose(log_p[1], -math.log(3)), "three equal scores: each has probability 1/3"
    assert np.allclose(np.exp(log_softmax(x, dim=0)).sum(axis=0), 1.0), "dim=0: each column must add up to 1"
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        log_p = log_softmax(np.array([[0.0, -200.0], [1000.0, -1000.0]], dtype=np.float32))
    assert log_p.tolist() == [[0.0, -200.0], [0.0, -2000.0]], "very unlikely, and still a number"
    assert np.array_equal(x, before), "the input must not be changed"
    ### BEGIN HIDDEN TESTS
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    assert np.allclose(np.exp(log_softmax(x, dim=1)), softmax(x, dim=1)), "must agree with softmax"
    assert log_softmax(x.astype(np.float32)).dtype == np.float32, "float32 in, float32 out"
    assert np.allclose(log_softmax(Tensor([5.0, 5.0])).numpy(), -math.log(2))
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does safety cost?

    An activation does a few operations for each number that it reads and writes. Here are four things you wrote, or could have
    written, and another way to write each, on 256 000 numbers. **Predict**: is the other way faster or slower, by 1x, 2x or 10x?
    How many arrays as large as the input are alive at the worst moment of your softmax?
    """)
    return


@app.function(hide_code=True)
def measure_ways(rounds=21):
    """Markdown: time and peak memory of two ways to compute the same."""

    def naive_softmax(x):
        exps = np.exp(x)
        return exps / exps.sum(axis=-1, keepdims=True)

    pairs = {
        "your `relu` / `np.where(x > 0, x, 0)`": (relu, lambda x: np.where(x > 0, x, 0)),
        "`x * x * x` / `x**3`": (lambda x: x * x * x, lambda x: x**3),
        "your `sigmoid` / $1 / (1 + e^{-x})$ as it stands": (sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        "your `softmax` / without the shift": (softmax, naive_softmax),
    }
    x = np.random.default_rng(0).standard_normal((256, 1000), dtype=np.float32)
    lines = ["| one / other | one | other | other takes | arrays, one | arrays, other |", "|---|" + "---:|" * 5]
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
    Where NumPy has a loop that treats 8 or 16 numbers with one instruction, it runs at the speed of memory. Where it does not, it
    goes through the array number by number: `np.where` decides each time, and `x**3` calls a general power function that would
    also know $x^{2.7}$. (Your relu takes as long as the other way? Then look for a function of NumPy that needs no decision.)

    The last two lines show the price of safety: in sigmoid a second exponential; in softmax a pass for the maximum, a pass for
    the subtraction, and one more array. Nobody would run a network without it.

    ## Complexity

    | for $n$ numbers | exponentials or tanh | time | arrays of size $n$ alive at once, in the reference |
    |---|---:|---|---:|
    | `relu` | 0 | $O(n)$ | 1, the result |
    | `sigmoid` | $2n$ | $O(n)$ | 3 |
    | `gelu` | $n$ | $O(n)$ | 4 |
    | `softmax`, `log_softmax` | $n$ | $O(n)$ | 3, 2 |

    ## In production

    `relu`, `leaky_relu` and `gelu` enter PyTorch in `aten/src/ATen/native/Activation.cpp`. `softmax` and `log_softmax` share one loop
    in `SoftMax.cpp` beside it, which subtracts the maximum as you do. `cross_entropy` never builds the probabilities, it calls
    `log_softmax`, as yours will in Module 04. FlashAttention's *online* softmax finds the maximum while it is already summing: Module 18.

    One surprise: `sigmoid_kernel` in `aten/src/ATen/native/cpu/UnaryOpsKernel.cpp` is $1 / (1 + e^{-x})$ as it stands. C++ does not warn
    of an overflow, and $1 / \infty$ is 0. Whoever needs the logarithm calls `logsigmoid` instead. Two right answers: make a
    function safe everywhere, or know where it is not.

    ## Questions
    """)
    return


@app.function
def answer_float16_score():
    """The largest number of float16, which graphics cards like, is 65504. What is the
    largest whole score whose exponential still fits into it?

    Hint: which function undoes the exponential?
    """
    ### BEGIN SOLUTION
    return math.floor(math.log(65504))
    ### END SOLUTION


@app.function
# points: 1
def test_answer_float16_score():
    """WHAT: the largest whole number whose exponential float16 can hold.
    WHY: half the bytes, and an exponent range in which even a modest score overflows: the shift is not for the absurd only.
    TIP: the test takes the exponential of your answer, and of the next whole number. One must fit, the other must not.
    """
    with np.errstate(over="ignore"):
        fits, overflows = np.exp(np.array([answer_float16_score(), answer_float16_score() + 1], dtype=np.float16))
    assert answer_float16_score() % 1 == 0, "a whole number"
    assert np.isfinite(fits), "the exponential of your answer is inf in float16"
    assert np.isinf(overflows), "one more would fit, too"


@app.cell(hide_code=True)
def question_softmax_memory():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** Attention takes a softmax over a $(B, H, T, T)$ array. For $B=8$, $H=12$, $T=1024$ in float32: how many bytes
    is it, how does that grow with $T$, and which of the arrays inside *your* softmax could be reused instead of allocated?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_vanishing_slope():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** The slope of a stack is the product of the slopes of its layers. Let ten sigmoids follow each other. How large
    is that product at most, and what does it mean for the first layer? Answer the same for tanh and for relu, and say what
    relu risks instead.

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - Linear layers multiply into one. Opposite corners of a square have equal sums under a linear layer, and XOR does not.
    - One relu between two layers breaks that law. Its price: slope 0 for negative numbers; a leak or a soft gate avoids it.
    - Equal on paper is not equal in float32. Rewrite a formula so that nothing positive is exponentiated.
    - Do not take the logarithm of a probability. Compute the logarithm.
    - Safety costs a pass or two over the data; a loop that decides number by number costs more.

    **Next:** export your work with `tito module complete 02`. Module 03 puts weights and activations together to layers.
    """)
    return


if __name__ == "__main__":
    app.run()
