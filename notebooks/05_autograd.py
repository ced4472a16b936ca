import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 05: Autograd")

with app.setup(hide_code=True):
    import math
    from collections.abc import Callable
    from contextlib import suppress
    from functools import partial
    from heapq import heappop, heappush

    import marimo as mo
    import numpy as np

    import tinytorch.arrays as arrays
    from tinytorch.activations import gelu, leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
    from tinytorch.arrays import add_at, add_up, choose, clip, concatenate, float64, getitem, in_blocks, power, select
    from tinytorch.graph import check, first_gradient, freed, grad_mode, missing_rule, no_grad, node_text, versions
    from tinytorch.layers import linear
    from tinytorch.losses import binary_cross_entropy_terms, cross_entropy_terms
    from tinytorch.tensor import Tensor, cat, maximum, randn, stack, sum_to_shape, where
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels

    # op -> its gradient rule; filled by @gradient_of
    gradients = {}


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 05: Autograd

    The network from module 03 has 235,146 parameters, and a loss from module 04 says how wrong they are. Which way must each of them
    move to make the loss smaller? At the end of this module `loss.backward()` answers for all of them at once, in about the time of
    two forward passes, for any network you build.

    **When you are done:** I can ...

    - estimate a gradient numerically, and say why that is too slow for training;
    - write the gradient rule of an operation: products, sums, indexing, matrix products, softmax, cross-entropy;
    - say what a framework records during the forward pass, and which arrays stay in memory;
    - run a backward pass through any graph, visiting each operation once, and check any gradient.

    Plan two sittings: Part I (sections 1 to 5) has the rules; Part II (sections 6 to 8) the engine that records and calls them.

    **You need:** Modules 01 to 04. **It unlocks:** Module 06, optimizers.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("autograd")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Part I: Rules

    ## 1. A slope, by central differences

    How fast does $f(x) = x^2$ change at $x = 3$? Take a step of 0.001 in each direction:

    $$\frac{f(3.001) - f(2.999)}{0.002} = \frac{9.006001 - 8.994001}{0.002} = 6$$

    That is the **derivative**: $f$ moves 6 times as far as $x$. A function of many numbers has one derivative per number; together, in
    the shape of $x$, they form its **gradient**. For $f(a, b) = a b$ at $(3, 5)$: moving $a$ by 0.001 moves $f$ by 0.005, and moving $b$
    by 0.001 moves it by 0.003. The gradient is $(5, 3)$.
    """)
    return


@app.function
def numerical_gradient(f: Callable, x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Estimate the gradient of `f` at `x` by central differences: nudge each entry up and down by eps.

    Args:
        f: function from an array to one number.
        x: float64 array of any shape; it keeps its values.
        eps: how far to nudge an entry in each direction.

    Returns:
        Array of the shape of `x`.

    >>> numerical_gradient(lambda x: x[0] * x[1], np.array([3.0, 5.0])).round(4)
    array([5., 3.])

    Steps:
        1. Loop over every index of `x`; `np.ndindex(x.shape)` yields them, for any number of axes.
        2. What is `f` when this one entry is larger by eps? And when it is smaller by eps?
        3. The slope is the difference of the two, divided by a distance.

    Hint: how far apart are the two points? Does every other entry have its old value?
    """
    ### BEGIN SOLUTION
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        nudged = x.copy()
        nudged[index] = x[index] + eps
        above = f(nudged)
        nudged[index] = x[index] - eps
        grad[index] = (above - f(nudged)) / (2 * eps)
    return grad
    ### END SOLUTION


@app.function
# points: 3
def test_numerical_gradient():
    """WHAT: the slope along every entry, from a step of eps in each direction; `x` keeps its values.
    WHY: every op that you write later is checked against it.
    TIP: off by a factor of two? Check the distance. Wrong after the first entry? Check what you did not reset.
    """
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    close(numerical_gradient(lambda x: (x**2).sum(), x), 2 * x, "the gradient of the sum of x ** 2")
    close(numerical_gradient(lambda x: x[0, 0] * x[1, 1], x), [[3, 0], [0, 1]], "the gradient of x[0, 0] * x[1, 1]")
    close(x, [[1, -2], [0.5, 3]], "x must keep its values", rtol=0, atol=0)
    close(numerical_gradient(lambda x: x[0] * x[1], np.array([3.0, 5.0]), eps=0.5), [5, 3], "x[0] * x[1] at (3, 5)")
    close(numerical_gradient(lambda x: x**3, np.array(2.0), eps=0.1), 12.01, "x ** 3 at x = 2, with eps=0.1")
    ### BEGIN HIDDEN TESTS
    close(numerical_gradient(lambda x: x[0] ** 3, np.array([2.0]), eps=0.5), [12.25], "x ** 3 at x = 2, with eps=0.5")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    _functions = {
        "sin(x)": (np.sin, np.cos),
        "exp(x)": (np.exp, np.exp),
        "x ** 3": (lambda x: x**3, lambda x: 3 * x**2),
    }
    step_function = mo.ui.dropdown(_functions, value="sin(x)", label="f(x) =")
    step_x = mo.ui.slider(0.1, 5, step=0.1, value=1.0, label="at x =", show_value=True)
    mo.md(f"""
    ### Explore: is a smaller step a better step?

    **Predict**: with a step of 0.1 the slope is off by a few tenths of a percent. Which step has the smallest error? What happens
    with even smaller ones? And which step is best in float32?

    {mo.hstack([step_function, step_x], justify="start", wrap=True)}
    """)
    return step_function, step_x


@app.function(hide_code=True)
def explore_step(f, slope, x):
    """Plot the error of the slope against the step size, in both precisions."""
    steps = 10.0 ** np.arange(-15, 0.1, 0.25)
    figure, axis = panels()
    for dtype, style in ((np.float32, "o--"), (np.float64, "s-")):
        slopes = [numerical_gradient(f, np.array(x, dtype), dtype(step)) for step in steps]
        error = np.abs(np.array(slopes, dtype=np.float64) / slope(x) - 1) + 1e-14
        best = steps[error.argmin()]
        label = f"{dtype.__name__}: best at {best:.0e}, error {error.min():.0e}"
        axis.loglog(steps, error, style, markersize=3, label=label)
    axis.set(xlabel="step", ylabel="relative error", ylim=(1e-14, 10))
    axis.legend()
    return figure


@app.cell(hide_code=True)
def _(step_function, step_x):
    show(explore_step, *step_function.value, step_x.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    With a large step, the curve bends between the two points; with a tiny one, you subtract nearly equal numbers: rounding error. In
    float64 the best step is near $10^{-5}$. In float32 even the best step is thousands of times less accurate, so checks use float64.

    Training can't use it. Two forward passes per parameter make 470,292 passes for *one* step of our network: at a millisecond
    each, eight minutes. The rest of this module computes the same gradient for the price of about two.

    ## 2. Each operation knows its own slope

    Take $a = 2$, $b = 3$, $c = 4$ and $L = (a b + c) \cdot 5$, so $L = 50$. Call $p = a b = 6$ and $s = p + c = 10$, and work backwards:

    | | if it moves by 1, $L$ moves by | because |
    |:---|---:|:---|
    | $s$ | 5 | $L = 5 s$ |
    | $p$ | 5 | $s$ moves as much as $p$ does |
    | $c$ | 5 | $s$ moves as much as $c$ does |
    | $a$ | 15 | $p$ moves 3 times as much as $a$ does |
    | $b$ | 10 | $p$ moves 2 times as much as $b$ does |

    Each row needs two things: the number from the row of its result, and what the operation itself does. No row needs the whole
    formula. That is the **chain rule**, and it is why a framework needs only one small rule per operation.

    A **rule** is a function `rule(out, *arrays, **params)`, called right after the op with everything the op saw. It returns a tuple
    with one function per input. Each takes `grad`, the **upstream gradient** (how much the loss moves with each entry of `out`), and
    returns the gradient of its input. Only the functions of inputs that require a gradient are kept and called. Two rules are given:
    """)
    return


@app.function
def gradient_of(*ops: Callable) -> Callable:
    """Decorator: register a rule for `ops` in the table `gradients`.

    If an input was broadcast, its gradient may have the shape of `out`. The arrays a function uses stay in memory until it has run.
    """

    def register(rule):
        gradients.update({getattr(op, "op", op): rule for op in ops})  # @op keeps the bare function as `op`
        return rule

    return register


@app.function
@gradient_of(np.subtract)
def subtract_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a - b."""
    return lambda grad: grad, lambda grad: -grad


@app.function
@gradient_of(np.divide)
def divide_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a / b."""
    return lambda grad: grad / b, lambda grad: -grad * (a / b / b)


@app.function
@gradient_of(np.add)
# points: 1
def add_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a + b.

    Args:
        out: the sum, an array.
        a, b: the arrays or numbers added.

    Returns:
        Two functions of `grad`: the gradient of a, and the gradient of b, both in the shape of `grad`.

    >>> to_a, to_b = add_gradient(None, 1.0, 2.0)
    >>> to_a(5.0), to_b(5.0)
    (5.0, 5.0)

    Steps:
        1. Return two functions of `grad`.

    Hint: how much does the sum move when `a` moves by 1?
    """
    ### BEGIN SOLUTION
    return lambda grad: grad, lambda grad: grad
    ### END SOLUTION


@app.function
# points: 1
def test_add_gradient():
    """WHAT: both terms get the gradient of the sum.
    WHY: wherever a network adds, the gradient flows to both sides undiminished: residual networks rely on that.
    TIP: the rule returns a tuple of two functions, and each of them takes `grad`. The example has the numbers.
    """
    a, b, grad = np.array([1.0, 2.0]), np.array([5.0, 7.0]), np.array([10.0, -3.0])
    to_a, to_b = add_gradient(a + b, a, b)
    close(to_a(grad), [10, -3], "the gradient of a")
    close(to_b(grad), [10, -3], "the gradient of b")
    ### BEGIN HIDDEN TESTS
    close(add_gradient(a + 2, a, 2)[0](grad), [10, -3], "the gradient of a in a + 2")
    assert gradients[np.add] is add_gradient, "keep the line @gradient_of(np.add)"
    ### END HIDDEN TESTS


@app.function
@gradient_of(np.multiply)
# points: 1
def multiply_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a * b.

    Args:
        out: the product, an array.
        a, b: the arrays or numbers multiplied.

    Returns:
        Two functions of `grad`: the gradient of a, and the gradient of b, both in the shape of `grad`.

    >>> to_a, to_b = multiply_gradient(6.0, 2.0, 3.0)
    >>> float(to_a(5.0)), float(to_b(5.0))
    (15.0, 10.0)

    Steps:
        1. By how much does the product move when `a` moves by 1? And the loss?
        2. The same for `b`.

    Hint: the last two rows of the table above.
    """
    ### BEGIN SOLUTION
    return lambda grad: grad * b, lambda grad: grad * a
    ### END SOLUTION


@app.function
# points: 1
def test_multiply_gradient():
    """WHAT: the slope of a product along one factor is the other factor, times the upstream gradient.
    WHY: weights and inputs meet in products: a weight's gradient is proportional to its input.
    TIP: the rule returns two functions of `grad`. Compare with the table in section 2: which number belongs to which input?
    """
    a, b, grad = np.array([1.0, 2.0, 0.0]), np.array([4.0, -1.0, 5.0]), np.array([10.0, 3.0, 2.0])
    to_a, to_b = multiply_gradient(a * b, a, b)
    close(to_a(grad), [40, -3, 10], "the gradient of a (its last entry is 0)")
    close(to_b(grad), [10, 6, 0], "the gradient of b")
    ### BEGIN HIDDEN TESTS
    close(multiply_gradient(a * 3, a, 3)[0](grad), [30, 9, 6], "the gradient of a in a * 3")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Sums and indexing: restoring the shape

    A gradient has the shape of the array it belongs to. For $s = x_1 + x_2 + x_3$ with an upstream gradient of 5, each term gets 5: the
    gradient of $x$ is $(5, 5, 5)$. A sum along an axis removes that axis, and its rule puts it back:

    $$x = \begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix} \qquad \text{sum, axis 1: } (6, 15) \qquad
    \text{grad } (10, 20) \;\to\; \begin{pmatrix} 10 & 10 & 10 \\ 20 & 20 & 20 \end{pmatrix}$$
    """)
    return


@app.function
@gradient_of(add_up)
# points: 2
def sum_gradient(out: np.ndarray, x: np.ndarray, axis: int | tuple | None = None, keepdims: bool = False) -> tuple:
    """Rule for sums.

    Args:
        out: the sums, an array.
        x: array of any shape.
        axis: the axis that was summed, a tuple of several, or None for all.
        keepdims: whether the sum kept these axes, with size 1.

    Returns:
        A tuple of one function of `grad`, which has the shape of `out`: the gradient of x, in the shape of `x`.

    >>> (to_x,) = sum_gradient(None, np.zeros((2, 3)), axis=1)
    >>> to_x(np.array([10.0, 20.0])).tolist()
    [[10.0, 10.0, 10.0], [20.0, 20.0, 20.0]]

    Steps:
        1. Give `grad` an axis of size 1 wherever the sum removed one.
        2. Broadcast it to the shape of `x`.

    Hint: NumPy has a function for each step: one *expands dims*, one *broadcasts to* a shape. When can you skip the first?
    """
    ### BEGIN SOLUTION
    shape = x.shape

    def to_x(grad):
        if axis is not None and not keepdims:
            grad = np.expand_dims(grad, axis)
        return np.broadcast_to(grad, shape)

    return (to_x,)
    ### END SOLUTION


@app.function
# points: 2
def test_sum_gradient():
    """WHAT: every term gets the gradient of its sum, for any axes, with and without keepdims.
    WHY: every loss is a sum; the backward pass begins here.
    TIP: write down three shapes: of x, of the sum, and of grad after your first step. A tuple of one entry needs a comma.
    """
    x, per_row = np.ones((2, 3)), [[1, 1, 1], [2, 2, 2]]
    close(sum_gradient(None, x, axis=0)[0](np.array([1.0, 2.0, 3.0])), [[1, 2, 3], [1, 2, 3]], "axis=0")
    close(sum_gradient(None, x, axis=1)[0](np.array([1.0, 2.0])), per_row, "axis=1")
    close(sum_gradient(None, x)[0](np.array(7.0)), [[7, 7, 7], [7, 7, 7]], "axis=None, a sum over all axes")
    close(sum_gradient(None, x, axis=1, keepdims=True)[0](np.array([[1.0], [2.0]])), per_row, "axis=1, keepdims=True")
    (to_x,) = sum_gradient(None, np.ones((3, 2, 2)), axis=(0, -1))
    close(to_x(np.array([1.0, 2.0])), 3 * [[[1, 1], [2, 2]]], "axis=(0, -1)")
    ### BEGIN HIDDEN TESTS
    (to_x,) = sum_gradient(None, np.ones((2, 3, 4)), axis=(1, 2), keepdims=True)
    close(to_x(np.array([[[1.0]], [[2.0]]]))[:, 2, 3], [1, 2], "axis=(1, 2), keepdims=True")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Indexing is the opposite. From $x = (7, 8, 9)$ the index `[2, 0, 2]` picks $(9, 7, 9)$. An entry that was not picked has no effect,
    and one picked twice counts twice: with the upstream gradient $(1, 10, 100)$ the gradient of $x$ is $(10, 0, 101)$.
    """)
    return


@app.function
@gradient_of(getitem)
# points: 2
def getitem_gradient(out: np.ndarray, x: np.ndarray, index: tuple) -> tuple:
    """Rule for x[index].

    Args:
        out: the entries picked.
        x: array of any shape.
        index: what NumPy takes between square brackets, as a tuple.

    Returns:
        A tuple of one function of `grad`: the gradient of x, in the shape and dtype of `x`.

    >>> (to_x,) = getitem_gradient(None, np.zeros(3), ([2, 0, 2],))
    >>> to_x(np.array([1.0, 10.0, 100.0])).tolist()
    [10.0, 0.0, 101.0]

    Steps:
        1. Start from zeros.
        2. Add `grad` at the picked entries: `add_at(zeros, index, grad)` is given, in `tinytorch/arrays.py`.

    Hint: why not `zeros[index] += grad`? It writes to a repeated index twice, but both times it adds to the old value.
    """
    ### BEGIN SOLUTION
    shape, dtype = x.shape, x.dtype

    def to_x(grad):
        full = np.zeros(shape, dtype)
        add_at(full, index, grad)
        return full

    return (to_x,)
    ### END SOLUTION


@app.function
# points: 2
def test_getitem_gradient():
    """WHAT: each gradient goes back to the entry it came from; an entry picked twice gets both, all others get 0.
    WHY: a language model looks up its words by index, and a frequent word is picked many times in a batch.
    TIP: try index [0, 0] on an array of two, and follow each of the two gradients. The shape and dtype are those of x.
    """
    x, grad = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1.0, 10.0], dtype=np.float32)
    (to_x,) = getitem_gradient(None, x, (slice(None), 2))
    close(to_x(grad), [[0, 0, 1], [0, 0, 10]], "the gradient of x, for x[:, 2]", dtype=np.float32)
    close(to_x(grad), [[0, 0, 1], [0, 0, 10]], "the second call, which must begin with zeros again")
    close(getitem_gradient(None, x[0], ([1, 1],))[0](grad), [0, 11, 0], "entry 1 picked twice, by x[[1, 1]]")
    close(getitem_gradient(None, x, (1, 0))[0](np.float32(3)), [[0, 0, 0], [3, 0, 0]], "a single entry, x[1, 0]")
    ### BEGIN HIDDEN TESTS
    close(getitem_gradient(None, x, (x > 3,))[0](grad), [[0, 0, 0], [0, 1, 10]], "a mask, x[x > 3]", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. The matrix product

    One entry of $C = A B$ is $C_{ij} = \sum_k A_{ik} B_{kj}$. Where does $A_{ik}$ occur? In row $i$ of $C$, once in each column $j$, each
    time with the factor $B_{kj}$. So its gradient is $\sum_j G_{ij} B_{kj}$, where $G$ is the gradient of $C$. With one row and two columns:

    $$A = \begin{pmatrix} 1 & 2 \end{pmatrix} \quad B = \begin{pmatrix} 3 & 4 \\ 5 & 6 \end{pmatrix} \quad G = \begin{pmatrix} 10 & 1 \end{pmatrix}:
    \qquad A_{11} \text{ gets } 10 \cdot 3 + 1 \cdot 4 = 34, \quad A_{12} \text{ gets } 10 \cdot 5 + 1 \cdot 6 = 56$$

    A sum over a common index is itself a matrix product. Of which matrices? Then do the same for $B_{kj}$, which occurs once in each
    *row* of $C$. The shapes leave little choice: $A$ is $(n, k)$, $B$ is $(k, m)$, $G$ is $(n, m)$.
    """)
    return


@app.function
@gradient_of(np.matmul)
# points: 3
def matmul_gradient(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Rule for a @ b, for matrices and for stacks of them (the last two axes are the matrix).

    Args:
        out: the product, of shape (..., n, m).
        a: array of shape (..., n, k).
        b: array of shape (..., k, m).

    Returns:
        Two functions of `grad`, which has the shape of `out`: the gradient of a, and the gradient of b.

    >>> to_a, to_b = matmul_gradient(None, np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]))
    >>> to_a(np.array([[10.0, 1.0]])).tolist(), to_b(np.array([[10.0, 1.0]])).tolist()
    ([[34.0, 56.0]], [[10.0, 1.0], [20.0, 2.0]])

    Steps:
        1. Which product of `grad` with the other matrix gives the sums above?
        2. The same for `b`; which of the two is on the left?

    Hint: `x.swapaxes(-1, -2)` swaps the last two axes; `.T` reverses all axes of a stack.
    """
    ### BEGIN SOLUTION
    return lambda grad: grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad
    ### END SOLUTION


@app.function
# points: 3
def test_matmul_gradient():
    """WHAT: both gradients match the numbers worked out by hand, for matrices and for stacks of matrices.
    WHY: a forward pass is nearly all matrix products; the backward pass takes two for each.
    TIP: write down the three shapes: which product has the shape you need? In a stack, every pair of matrices is on its own.
    """
    a, b, grad = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([[10.0, 1.0]])
    to_a, to_b = matmul_gradient(a @ b, a, b)
    close(to_a(grad), [[34, 56]], "the gradient of A in the text's example")
    close(to_b(grad), [[10, 1], [20, 2]], "the gradient of B in the text's example")
    a, b = np.array([a, [[0.0, 7.0]]]), np.array([b, [[1.0, 2.0], [3.0, 4.0]]])
    grad = np.array([grad, [[1.0, 100.0]]])
    to_a, to_b = matmul_gradient(a @ b, a, b)
    close(to_a(grad), [[[34, 56]], [[201, 403]]], "the gradient of A, for a stack of two products")
    close(to_b(grad), [[[10, 1], [20, 2]], [[0, 0], [7, 700]]], "the gradient of B, for a stack of two products")
    ### BEGIN HIDDEN TESTS
    a, b, grad = (np.sin(np.arange(np.prod(s))).reshape(s) for s in ((2, 3, 4), (2, 4, 5), (2, 3, 5)))
    to_a, to_b = matmul_gradient(a @ b, a, b)
    close(to_a(grad), np.einsum("bnm,bkm->bnk", grad, b), "the gradient of A, shapes (2, 3, 4) and (2, 4, 5)")
    close(to_b(grad), np.einsum("bnk,bnm->bkm", a, grad), "the gradient of B, shapes (2, 3, 4) and (2, 4, 5)")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Activations, and the end of a classifier

    ReLU passes some numbers through and sets the others to 0; those can move a little without any effect. (At exactly 0 the slope
    is undefined; the convention is 0.) One trap: a gradient can be infinite, as that of $\sqrt{x}$ at 0, and $0 \cdot \infty$ is nan. So
    a mask must *select*, not multiply. `select(mask, x)` is given: `x` where the mask is True, and 0 elsewhere.
    """)
    return


@app.function
@gradient_of(relu)
# points: 1
def relu_gradient(out: np.ndarray, x: np.ndarray) -> tuple:
    """Rule for relu.

    Args:
        out: relu(x).
        x: array of any shape.

    Returns:
        A tuple of one function of `grad`: the gradient of x, in the dtype of `grad`.

    >>> (to_x,) = relu_gradient(np.array([0.0, 3.0]), np.array([-2.0, 3.0]))
    >>> to_x(np.array([5.0, 5.0])).tolist()
    [0.0, 5.0]

    Steps:
        1. Which numbers of `grad` pass through, and which become 0?

    Hint: the arrays that your function uses stay in memory. The next layer keeps `out` anyway: can you do without `x`?
    """
    ### BEGIN SOLUTION
    return (lambda grad: select(out > 0, grad),)
    ### END SOLUTION


@app.function
# points: 1
def test_relu_gradient():
    """WHAT: the gradient passes where x > 0 and nowhere else; float32 stays float32.
    WHY: a neuron whose output is 0 for every input never learns again: it is dead.
    TIP: which entries of x are above 0? Those of `grad` pass unchanged, and all others become 0, even infinite ones.
    """
    x, grad = np.array([-2.0, 0.0, 0.5, 3.0], dtype=np.float32), np.array([7.0, 7.0, 7.0, -7.0], dtype=np.float32)
    (to_x,) = relu_gradient(np.maximum(x, 0), x)
    close(to_x(grad), [0, 0, 7, -7], "the gradient of x = (-2, 0, 0.5, 3)", dtype=np.float32)
    close(grad, [7, 7, 7, -7], "other nodes may hold grad, so it must not change")
    infinite = grad * np.float32(np.inf)
    close(to_x(infinite), [0, 0, np.inf, -np.inf], "an infinite grad: select, because 0 times infinity is nan")
    ### BEGIN HIDDEN TESTS
    (to_x,) = relu_gradient(np.array([[0.0, 2.0, 1e-30]]), np.array([[-1.0, 2.0, 1e-30]]))
    close(to_x(np.array([[5.0, 0.5, 4.0]])), [[0, 0.5, 4]], "the gradient of x = (-1, 2, 1e-30)")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Softmax mixes a row: every probability $p_i$ depends on every score $x_j$. The slopes fill a whole matrix, the **Jacobian**:

    $$\frac{\partial p_i}{\partial x_j} = \begin{cases} p_i (1 - p_i) & i = j \\ - p_i p_j & i \ne j \end{cases}
    \qquad p = (0.5, 0.3, 0.2): \quad
    \begin{pmatrix} 0.25 & -0.15 & -0.10 \\ -0.15 & 0.21 & -0.06 \\ -0.10 & -0.06 & 0.16 \end{pmatrix}$$

    The gradient of $x_j$ is $\sum_i g_i \, \partial p_i / \partial x_j$: each column, weighted by the upstream $g$. For $g = (1, 0, 0)$ that is the
    first row, $(0.25, -0.15, -0.10)$. But for 50,000 words the matrix would take 10 GB. Substitute the formula into the sum, and you
    need nothing of size $n \times n$: one weighted sum for each row is enough.
    """)
    return


@app.function
@gradient_of(softmax)
# points: 3
def softmax_gradient(out: np.ndarray, x: np.ndarray, dim: int = -1) -> tuple:
    """Rule for softmax.

    Args:
        out: the probabilities, which sum to one along `dim`.
        x: the scores, an array of the same shape.
        dim: the axis of the softmax.

    Returns:
        A tuple of one function of `grad`: the gradient of x.

    >>> (to_x,) = softmax_gradient(np.array([0.5, 0.3, 0.2]), None)
    >>> to_x(np.array([1.0, 0.0, 0.0])).round(2).tolist()
    [0.25, -0.15, -0.1]

    Steps:
        1. On paper: split the sum into the term with i = j and all others. What can be factored out?
        2. Compute the remaining sum, one for each row.
        3. Combine the two.

    Hint: both cases contain $-p_i p_j$, if you read $p_i (1 - p_i)$ as $p_i - p_i p_i$.
    """
    ### BEGIN SOLUTION
    return (lambda grad: out * (grad - (grad * out).sum(axis=dim, keepdims=True)),)
    ### END SOLUTION


@app.function
# points: 3
def test_softmax_gradient():
    """WHAT: the gradient matches the Jacobian in the text, for several rows and along any axis.
    WHY: attention, in Module 12, is a softmax in the middle of a network.
    TIP: compute one entry by hand, from a column of the Jacobian. Along which axis do the probabilities sum to one?
    """
    out, grad = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]), np.array([[10.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    (to_x,) = softmax_gradient(out, np.log(out))
    expected = np.array([[2.35, -1.29, -1.06], [-0.08, -0.08, 0.16]])
    close(to_x(grad), expected, "10 times the first row of the Jacobian plus the second, and another row")
    close(grad, [[10, 1, 0], [0, 0, 1]], "grad must not change")
    close(to_x(np.full((2, 3), 5.0)), np.zeros((2, 3)), "the same upstream gradient for all entries must give 0")
    (to_x,) = softmax_gradient(out.T, np.log(out.T), dim=0)
    close(to_x(grad.T), expected.T, "dim=0: each column is a softmax")
    ### BEGIN HIDDEN TESTS
    x, grad = np.sin(np.arange(24.0)).reshape(2, 3, 4), np.cos(np.arange(24.0)).reshape(2, 3, 4)
    out = softmax(x, dim=1)
    jacobian = np.einsum("bic,ij->bijc", out, np.eye(3)) - np.einsum("bic,bjc->bijc", out, out)
    expected = np.einsum("bijc,bic->bjc", jacobian, grad)
    close(softmax_gradient(out, x, dim=1)[0](grad), expected, "shape (2, 3, 4), dim=1")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The cross-entropy of one row is $\log \sum_j e^{z_j} - z_t$, where $t$ is the target class. Differentiate it: the log of the sum has
    the slope $e^{z_j} / \sum_i e^{z_i} = p_j$, the probability. The second term has the slope $-1$, at the target class only. For the
    probabilities $(0.5, 0.3, 0.2)$ and the target class 0, the gradient is $(-0.5, 0.3, 0.2)$: *the prediction minus the truth*.
    """)
    return


@app.function
@gradient_of(cross_entropy_terms)
# points: 2
def cross_entropy_gradient(out: np.ndarray, logits: np.ndarray, target: np.ndarray) -> tuple:
    """Rule for cross_entropy_terms.

    Args:
        out: the loss of each row, shape (N,).
        logits: the scores, shape (N, C).
        target: the target classes, shape (N,), integers.

    Returns:
        A function of `grad`, which has shape (N,): the gradient of the logits, in their dtype. And None: classes have no gradient.

    >>> to_logits, to_target = cross_entropy_gradient(None, np.array([[0.0, 0.0]]), np.array([1]))
    >>> to_logits(np.array([1.0])).tolist()
    [[0.5, -0.5]]

    Steps:
        1. The prediction: probabilities, shape (N, C).
        2. Minus the truth: at one entry in each row.
        3. Multiply each row by its `grad`.

    Hint: `np.arange(N)` and `target` together index one entry per row. How does (N,) broadcast against (N, C)?
    """

    ### BEGIN SOLUTION
    def to_logits(grad):
        error = softmax(logits)
        error[np.arange(len(target)), target] -= 1
        return error * grad[:, None]

    return to_logits, None
    ### END SOLUTION


@app.function
# points: 2
def test_cross_entropy_gradient():
    """WHAT: the prediction minus the truth, row by row, each row times its upstream gradient; None for the classes.
    WHY: every gradient in a classifier starts from this one.
    TIP: does each row of your result sum to 0? If so, check how `grad` broadcasts against the rows.
    """
    logits, target = np.log(np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], dtype=np.float32)), np.array([0, 2])
    to_logits, to_target = cross_entropy_gradient(None, logits, target)
    assert to_target is None, "the second entry of the tuple must be None: classes have no gradient"
    grad, expected = np.array([1.0, 10.0], dtype=np.float32), [[-0.5, 0.3, 0.2], [1, 1, -2]]
    close(to_logits(grad), expected, "the gradient of the logits", dtype=np.float32)
    close(to_logits(grad), expected, "the second call must give the same, because backward may run twice")
    ### BEGIN HIDDEN TESTS
    square, target = np.log(np.array([[1.0, 1.0, 2.0], [3.0, 4.0, 1.0], [1.0, 0.5, 0.5]])), np.array([2, 2, 0])
    expected = [[0.25, 0.25, -0.5], [0.75, 1, -1.75], [-1.5, 0.75, 0.75]]
    to_logits, _ = cross_entropy_gradient(None, square, target)
    close(to_logits(np.array([1.0, 2.0, 3.0])), expected, "three rows, three classes")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Part II: The engine

    ## 6. Recording the graph

    You have the rules; what calls them? In Module 01 you left a hook in `Tensor.apply`. Now you fill it. It sees every operation and
    adds a **node** to the graph: which functions compute gradients, and where those gradients go next. For $L = (a b + c) \cdot 5$:

    | `sequence_nr` | operation | its gradients go to |
    |---:|:---|:---|
    | 1 | `multiply` | leaf `a`, leaf `b` |
    | 2 | `add` | node 1, leaf `c` |
    | 3 | `multiply` | node 2 (5 is not a tensor) |

    The result of an operation points to its node, its `grad_fn`. A tensor that you create yourself is a **leaf**. A gradient goes to
    the input's node or, if it has none, to the input itself. If `c` doesn't require a gradient, its entry is missing.

    A node doesn't hold its result, because the result already holds the node: Python would keep such a reference cycle, with all its
    arrays, until the garbage collector runs. A node keeps the shape and dtype of its result, and the arrays its functions use.

    At inference you need no gradients, and an optimizer's own arithmetic must not be recorded. Inside a `with no_grad():` block (given, in
    `tinytorch/graph.py`) the flag `grad_mode.enabled` is False. `detach`, from Module 01, cuts at one tensor: the same numbers, as a leaf.
    """)
    return


@app.class_definition(hide_code=True)
class Node:
    """One recorded operation: (parent, function) for each input that requires a gradient, and the result's shape and dtype."""

    __slots__ = ("op", "next_functions", "sequence_nr", "shape", "dtype", "hooks")

    def __init__(self, op, next_functions: list, out: np.ndarray):
        self.op, self.next_functions, self.sequence_nr = op, next_functions, next(versions.clock)
        self.shape, self.dtype, self.hooks = out.shape, out.dtype, None

    def __repr__(self):
        return node_text(self.op)


@app.function
@Tensor.set_recorder
# points: 3
def record(op: Callable, out: Tensor, inputs: tuple, arrays: list, params: dict, backward: tuple | None = None) -> None:
    """Record the op on the graph if any input requires a gradient.

    Args:
        op: the function that was called.
        out: the tensor that it returned.
        inputs, arrays: what it was given, tensors and plain numbers; and the same with arrays instead of tensors.
        params: its options, by name.
        backward: the tuple of functions that a rule returns, if the op brought its own.

    Returns:
        None; sets `out.requires_grad` and `out.grad_fn`.

    >>> a = Tensor([2.0], requires_grad=True)
    >>> product = a * 3
    >>> product.requires_grad, [parent is a for parent, _ in product.grad_fn.next_functions]
    (True, [True])

    Steps:
        1. Return if no input requires a gradient, if `out` doesn't hold floats, or if `grad_mode.enabled` is False.
        2. If `backward` is None, look up the op's rule in `gradients`, and call it. If there is no rule: `missing_rule(op, *arrays)`.
        3. List a pair for each input that is a tensor and requires a gradient: its parent, and its function from `backward`. The parent
           is the input's `grad_fn`, or the input itself if it is a leaf. Options among the inputs may have no function: skip them.
        4. Set `out.requires_grad` to True, and `out.grad_fn` to `Node(op, pairs, out.array)`.

    Hint: section 2 says how a rule is called. `out` is a tensor, but rules take arrays.
    """
    ### BEGIN SOLUTION
    for x in inputs:
        if isinstance(x, Tensor) and x.requires_grad:
            break
    else:
        return
    if out.array.dtype.kind != "f" or not grad_mode.enabled:
        return
    if backward is None:
        rule = gradients.get(op)
        backward = rule(out.array, *arrays, **params) if rule else missing_rule(op, *arrays)
    pairs = []
    for x, function in zip(inputs, backward):  # noqa: B905, options given by position have no function
        if isinstance(x, Tensor) and x.requires_grad:
            pairs.append((x.grad_fn or x, function))
    out.requires_grad = True
    out.grad_fn = Node(op, pairs, out.array)
    ### END SOLUTION


@app.function
# points: 3
def test_record():
    """WHAT: a node with the right parents if a gradient is required, and none if not, or under no_grad; unknown ops raise in backward.
    WHY: what is not recorded here has no gradient later, and there is no error to tell you.
    TIP: print `out.grad_fn.next_functions`: leaves stand for themselves, results for their node, and nothing else is listed.
    """
    assert Tensor.recorder is record, "keep the line @Tensor.set_recorder"
    a, b = Tensor([2.0], requires_grad=True), Tensor([3.0])
    product = a * b
    assert product.requires_grad and not product.is_leaf, "a requires a gradient: set both attributes of a * b"
    assert len(product.grad_fn.next_functions) == 1, "one pair for a * b, because b doesn't require a gradient"
    ((parent, to_a),) = product.grad_fn.next_functions
    assert parent is a, "the parent in that pair is a itself, because a is a leaf"
    assert isinstance(to_a(np.array([5.0])), np.ndarray), "call the rule with arrays, not tensors"
    close(to_a(np.array([5.0])), [15], "the gradient of a in a * b")
    close((b - a).grad_fn.next_functions[0][1](np.ones(1)), [-1], "the function of the second input, in b - a")
    assert (1 + product).grad_fn.next_functions[0][0] is product.grad_fn, "the parent of a result is its node"
    assert not (b * b).requires_grad and (b * b).grad_fn is None, "no input requires a gradient: record nothing"
    assert not Tensor.apply(np.greater, a, b).requires_grad, "booleans have no slope: record nothing"
    with no_grad():
        assert (a * b).grad_fn is None, "record nothing under no_grad"
    table = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    (_, to_table) = table.sum(dim=1).grad_fn.next_functions[0]
    close(to_table(np.array([1.0, 10.0])), [[1, 1], [10, 10]], "params go to the rule by name, as in sum(dim=1)")
    assert len(softmax(table, 0).grad_fn.next_functions) == 1, "softmax(table, 0): the option 0 has no function"
    own = Tensor.apply(lambda x: (2 * x, (lambda grad: 7 * grad,)), a)
    close(own.grad_fn.next_functions[0][1](np.ones(1)), [7], "an op that brings its own functions: use them")
    unknown = Tensor.apply(np.arctan2, a, b)
    assert unknown.requires_grad, "arctan2 has no rule: the forward pass works, and its result requires a gradient"
    try:
        unknown.grad_fn.next_functions[0][1](np.ones(1))
    except RuntimeError as error:
        assert "arctan2" in str(error), "the RuntimeError of missing_rule names the op: is `op` its first argument?"
    else:
        raise AssertionError("asking for the gradient of arctan2 must raise the RuntimeError of missing_rule")
    ### BEGIN HIDDEN TESTS
    nodes = [node for node, _ in (product * product).grad_fn.next_functions]
    assert len(nodes) == 2 and nodes[0] is nodes[1] is product.grad_fn, "an input used twice has two pairs"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Backward: the youngest node first

    Look at $y = x \cdot x$, then $L = y + y \cdot x$. The gradient of $y$ arrives in two parts, one from each operation that uses it, and
    $y$ can pass it on only when both have arrived. Following every path separately would also be correct, but hopeless: thirty times
    $x + x$ has $2^{30}$ paths, a billion, but only thirty operations.

    How do you know that all parts have arrived? Every operation that *uses* a result is younger than the result. So always take the
    youngest waiting node: everything that could still send it something is done. You need no sorting and no recursion; the
    `sequence_nr` is enough. A heap returns the smallest entry first, so store the negative number.

    Two details. If an input was broadcast, every copy contributes to its gradient: that is what `sum_to_shape` from Module 01 is for.
    And a leaf passes nothing on: it adds to its `.grad`. So two calls of `backward` accumulate, and you call `zero_grad` between steps.
    """)
    return


@app.function(hide_code=True)
def run_hooks(owner: Tensor | Node, grad: np.ndarray) -> np.ndarray:
    """Pass a gradient to the hooks of a leaf or a node; if a hook returns a tensor, that replaces it."""
    for hook in owner.hooks or ():
        changed = hook(Tensor.wrap(grad))
        grad = grad if changed is None else changed.array
    return grad


@app.function(hide_code=True)
def accumulate(leaf: Tensor, grad: np.ndarray) -> None:
    """Add to a leaf's `.grad`, in place. The leaf owns that array, so the first gradient is copied, in row-major order."""
    grad = run_hooks(leaf, grad)
    if grad_mode.collected is not None:  # `grad` runs, which leaves every .grad alone
        grad_mode.collected.setdefault(leaf, []).append(grad)
    elif leaf.grad is None:
        leaf.grad = Tensor.wrap(np.array(grad, leaf.dtype, order="C"))
    else:
        leaf.grad.array += grad


@app.function(hide_code=True)
def fit(grad: np.ndarray, parent: Tensor | Node) -> np.ndarray:
    """Restore the shape and dtype of a gradient's tensor, after broadcasting or type promotion."""
    return sum_to_shape(np.asarray(grad), parent.shape).astype(parent.dtype, copy=False)


@app.function(hide_code=True)
def arrived(node: Node, grad: np.ndarray) -> np.ndarray:
    """Check that a node was not freed and that its arrays did not change in place, then run its hooks."""
    check(node)
    return run_hooks(node, grad)


@app.function
@Tensor.set_engine
# points: 4
def backward(tensor: Tensor, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
    """Add to `.grad` of every leaf that `tensor` depends on: what `tensor.backward()` does.

    Args:
        tensor: where to start; a single number, unless `gradient` is given.
        gradient: the upstream gradient, a tensor of the same shape.
        retain_graph: keep the graph, so that backward can run again.

    Returns:
        None.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])

    Steps:
        1. Keep two things: `waiting`, a dict from node to the gradient that has arrived so far, and `queue`, a heap of
           (-sequence_nr, node). `heappush(queue, pair)` puts a pair in, `heappop(queue)` takes out the smallest.
        2. Take the youngest node, and the gradient that waited for it.
        3. If an array has changed in place since (`node.sequence_nr < versions.latest`) or the node has hooks, replace the gradient by
           `arrived(node, grad)`, which is given.
        4. For each parent and function in its `next_functions`: call the function with the gradient. If the shape or dtype of the result
           is not the parent's, fix it with `fit(part, parent)`.
        5. At a leaf, `accumulate`. If a node is waiting already, store the sum, in a new array, because other nodes may hold the old
           one; otherwise the node starts to wait.
        6. Unless the graph is retained, set the node's `next_functions` to `freed`, which raises RuntimeError when a later `backward`
           iterates over it.

    Hint: try it on paper, for y = x * x and y + y * x: write down `waiting` after each node. A leaf is a Tensor, a node is not.
    """
    start = first_gradient(tensor, gradient)
    if tensor.grad_fn is None:
        accumulate(tensor, start)
        return
    ### BEGIN SOLUTION
    waiting, queue = {tensor.grad_fn: start}, [(-tensor.grad_fn.sequence_nr, tensor.grad_fn)]
    while queue:
        node = heappop(queue)[1]
        grad = waiting.pop(node)
        if node.sequence_nr < versions.latest or node.hooks:
            grad = arrived(node, grad)
        for parent, function in node.next_functions:
            part = function(grad)
            if part.shape != parent.shape or part.dtype is not parent.dtype:
                part = fit(part, parent)
            if isinstance(parent, Tensor):
                accumulate(parent, part)
            elif parent in waiting:
                waiting[parent] = waiting[parent] + part
            else:
                waiting[parent] = part
                heappush(queue, (-parent.sequence_nr, parent))
        if not retain_graph:
            node.next_functions = freed
    ### END SOLUTION


@app.function
# points: 4
def test_backward():
    """WHAT: gradients reach all leaves, through broadcasting and fan-out, at any depth; a freed graph is refused.
    WHY: every training step of every network runs this loop.
    TIP: follow the message's example on paper: `waiting` after each node. Have all parts arrived? Is a sum a new array?
    """
    assert Tensor.recorder is record and Tensor.engine is backward, "keep the lines @Tensor.set_recorder and set_engine"
    a, b, c = (Tensor(value, requires_grad=True) for value in (2.0, 3.0, 4.0))
    ((a * b + c) * 5).backward()
    close([a.grad, b.grad, c.grad], [15, 10, 5], "the gradients of a, b and c in section 2")
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    row = Tensor([10.0, 20.0], requires_grad=True)
    (x * row).sum().backward()
    close(x.grad, [[10, 20], [10, 20]], "the gradient of x in the sum of x * row")
    close(row.grad, [4, 6], "row was broadcast over two rows, and both contribute (step 4)")
    x = Tensor([3.0], requires_grad=True)
    y, z = x * x, x * x
    (z + z * x).backward()
    close(x.grad, [33], "z + z * x for z = x * x, at x = 3")
    for _ in range(20):
        y = y + y
    y.backward()
    close(x.grad, [33 + 6 * 2**20], "20 doublings of x * x, added to the 33 of an earlier call", rtol=0)
    with suppress(RuntimeError):
        y.backward()
        raise AssertionError("a second backward must raise RuntimeError, because the graph was freed (step 6)")
    x.grad, square, changed = None, x * x, x * x
    square.backward(retain_graph=True)
    square.backward()
    close(x.grad, [12], "backward of x * x twice at x = 3, with retain_graph=True")
    x.array += 1
    x.increment_version()
    with suppress(RuntimeError):
        changed.backward()
        raise AssertionError("backward must raise RuntimeError, because x has changed in place since x * x (step 3)")
    z = Tensor([1.0, 1.0], requires_grad=True)
    one, three = z * 1, z * 3
    ((one + three) + three * 5).backward(Tensor([1.0, 10.0]))
    close(z.grad, [19, 190], "z + 3 z + 15 z: don't add into an array that another node holds (step 5)")
    twice = z * 2
    twice.grad_fn.hooks = [lambda grad: grad * 10]
    (twice + 0).sum().backward()
    close(z.grad, [19 + 20, 190 + 20], "a hook that multiplies the gradient by 10 (step 3)")
    dtypes, half = [], Tensor([1.0], dtype=np.float16, requires_grad=True)
    middle = Tensor.apply(lambda x: (x * 1, (lambda grad: dtypes.append(grad.dtype) or grad,)), half)
    (middle * Tensor([2.0])).backward()
    assert dtypes == [np.float16], "a gradient has the dtype of its tensor, also in the middle of the graph (step 4)"
    ### BEGIN HIDDEN TESTS
    x.grad, deep = None, x * 1
    for _ in range(2_000):
        deep = deep + 0
    deep.backward(retain_graph=True)
    deep.backward()
    close(x.grad, [2], "2,000 operations in a row, twice with retain_graph=True")
    z.grad, w = None, z * 2
    ((w + w * 3) * w).backward(Tensor([1.0, 10.0]))
    close(z.grad, [32, 320], "w^2 + 3 w^2 with w = 2 z, and an upstream gradient")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    graph_formula = mo.ui.dropdown(
        {
            "(a * b + c) * 5": lambda a, b, c: (a * b + c) * 5,
            "(a * b + c) ** 2": lambda a, b, c: (a * b + c) ** 2,
            "a * a + a * b * c": lambda a, b, c: a * a + a * b * c,
            "relu(a * b - c) / c": lambda a, b, c: relu(a * b - c) / c,
        },
        value="(a * b + c) * 5",
        label="L =",
    )
    graph_a, graph_b, graph_c = (
        mo.ui.slider(-4, 5, step=0.5, value=value, label=name, show_value=True)
        for name, value in (("a", 2), ("b", 3), ("c", 4))
    )
    mo.md(f"""
    ### Explore: the graph, with values and gradients

    The nodes that your `record` creates, each with its value and its gradient. **Predict**: in the second formula, what is the
    gradient of `a`? In the third, `a` is used three times: which arrows carry the parts of its gradient? In the last, what do all
    gradients become when `a * b` is smaller than `c`?

    {mo.hstack([graph_formula, graph_a, graph_b, graph_c], justify="start", wrap=True)}
    """)
    return graph_a, graph_b, graph_c, graph_formula


@app.function(hide_code=True)
def explore_graph(f, a, b, c):
    """Draw the graph of a formula: a box for each leaf and each operation, with value and gradient."""
    leaves = [Tensor(value, requires_grad=True) for value in (a, b, c)]
    steps = [(name, leaf, ()) for name, leaf in zip("abc", leaves, strict=True)]

    def watch(op, out, inputs, *rest):
        record(op, out, inputs, *rest)
        out.grad_fn.hooks = [lambda grad: setattr(out, "grad", grad)]
        steps.append((op.__name__, out, [x for x in inputs if isinstance(x, Tensor)]))

    before, Tensor.recorder = Tensor.recorder, watch
    try:
        backward(f(*leaves))
    finally:
        Tensor.recorder = before
    spot, boxes, (figure, axis) = {}, {}, panels()  # boxes: how many there are at each depth
    for label, out, inputs in steps:
        depth = 1 + max((spot[x][0] for x in inputs), default=-1)
        boxes[depth] = boxes.get(depth, 0) + 1
        spot[out] = (depth, 1 - boxes[depth] - 0.4 * (depth % 2))
        text = f"{label} = {out.item():.4g}\ngradient {out.grad.item() if out.grad else 0:.4g}"
        box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "black", "linewidth": 2 if out.is_leaf else 1}
        axis.text(*spot[out], text, ha="center", va="center", bbox=box, fontsize=9, zorder=2)
        for x in inputs:
            axis.annotate("", spot[out], spot[x], arrowprops={"arrowstyle": "-|>", "shrinkB": 40, "color": "gray"})
    axis.set(xlim=(-0.4, max(boxes) + 0.4), ylim=(-2.5, 0.5)), axis.axis("off")
    return figure


@app.cell(hide_code=True)
def _(graph_a, graph_b, graph_c, graph_formula):
    show(explore_graph, graph_formula.value, graph_a.value, graph_b.value, graph_c.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 8. Check every gradient: gradcheck

    A wrong rule doesn't crash: the network trains a little worse, without an error. So check every op that you write against
    `numerical_gradient`, in float64, along one arbitrary direction of its outputs.
    """)
    return


@app.function
def gradcheck(f: Callable, inputs: Tensor | tuple, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3) -> bool:
    """Compare the gradients of `backward` with numerical gradients, in float64.

    Args:
        f: function from tensors to one tensor of any shape; smooth near the inputs, and deterministic.
        inputs: a tensor, or a tuple of tensors; those that hold floats are checked, as float64 copies.
        eps: how far to nudge each entry.
        atol, rtol: the two may differ by atol + rtol times the numerical gradient.

    Returns:
        True. If a gradient is wrong, RuntimeError: which one, where, and what it should be.

    >>> gradcheck(lambda a, b: a * b, (Tensor([2.0, 3.0]), Tensor([5.0])))
    True
    """
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves = [Tensor(x, dtype=float64, requires_grad=True) if x.dtype.kind == "f" else x for x in inputs]
    out = f(*leaves)
    direction = np.cos(np.arange(out.numel())).reshape(out.shape)  # no two outputs count the same
    backward(out, direction)

    @no_grad()
    def nudged(array, i):
        return (f(*leaves[:i], Tensor(array, dtype=float64), *leaves[i + 1 :]).array * direction).sum()

    for i, leaf in enumerate(leaves):
        if leaf.requires_grad:
            expected = numerical_gradient(lambda array, i=i: nudged(array, i), leaf.array, eps)
            actual = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.array
            for index in np.argwhere(np.abs(actual - expected) > atol + rtol * np.abs(expected)).tolist():
                at, wrong, right = tuple(index), actual[tuple(index)], expected[tuple(index)]
                raise RuntimeError(f"the gradient of input {i} at {at} is {wrong:.6g}, not {right:.6g}")
    return True


@app.function
def test_gradcheck():
    """WHAT: right rules pass, wrong ones are reported with the index of the entry; integers are skipped.
    WHY: a check that cannot fail checks nothing.
    TIP: gradcheck is given. It relies on numerical_gradient, record and backward.
    """
    assert Tensor.recorder is record and Tensor.engine is backward and gradients[np.matmul] is matmul_gradient
    assert gradcheck(lambda a, b: a @ b, (randn(3, 4), randn(4, 2)))
    assert gradcheck(lambda x, i: x[i], (randn(3), Tensor([0, 2, 0])))
    try:
        gradcheck(lambda x: Tensor.apply(lambda a: (a * a, (lambda grad: grad * a,)), x), Tensor([0.0, 3.0]))
    except RuntimeError as error:
        assert "input 0 at (1,)" in str(error), "gradcheck must name entry 1: at entry 0 both gradients are 0"
    else:
        raise AssertionError("gradcheck must raise RuntimeError for a rule that is wrong by a factor of 2")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### The remaining rules

    The other functions of Modules 01 to 04 need nothing new, so their rules are given: a table with a line for each op, and three
    functions. Open it: the rule for `np.reshape` computes nothing at all; `maximum` splits the gradient where both are equal.
    """)
    return


@app.function(hide_code=True)
def table_of(rules: Callable) -> Callable:
    """Decorator: register the rules that a function returns."""
    gradients.update({getattr(op, "op", op): rule for op, rule in rules().items()})
    return rules


@app.function(hide_code=True)
@table_of
def simple_rules() -> dict:
    """Op -> rule, for rules of one line."""
    back_to = lambda shape: (lambda g: g.reshape(shape),)  # noqa: E731, keeps no array, which may change in place
    reshaped = lambda out, x, **params: back_to(x.shape)  # noqa: E731
    rows = lambda x: x.reshape(math.prod(x.shape[:-1]), x.shape[-1])  # noqa: E731, all leading axes as one
    share = lambda wins, a, b: lambda g: select(wins(a, b), g) + select(np.equal(a, b), g / 2)  # noqa: E731
    clamped = lambda x, low, high: (  # noqa: E731
        lambda g: select((low <= x) & (x <= high), g),
        lambda g: select((x < low) & (low < high), g),
        lambda g: select((x > high) | (low > high), g),
    )
    return {
        np.negative: lambda out, x: (lambda g: -g,), np.exp: lambda out, x: (lambda g: g * out,),
        np.log: lambda out, x: (lambda g: g / x,), np.sqrt: lambda out, x: (lambda g: g / (2 * out),),
        np.absolute: lambda out, x: (lambda g: select(x != 0, g) * np.sign(x),),
        np.remainder: lambda out, a, b: (lambda g: g, lambda g: -g * np.floor_divide(a, b)),
        np.maximum: lambda out, a, b: (share(np.greater, a, b), share(np.greater, b, a)),
        np.minimum: lambda out, a, b: (share(np.less, a, b), share(np.less, b, a)),
        clip: lambda out, x, low, high: clamped(x, -np.inf if low is None else low, np.inf if high is None else high),
        choose: lambda out, a, b, condition: (lambda g: select(condition, g), lambda g: select(~condition, g)),
        arrays.cast: lambda out, x, dtype: (lambda g: g,),
        **dict.fromkeys((np.reshape, np.expand_dims, np.squeeze), reshaped),
        np.swapaxes: lambda out, x, axis1, axis2: (lambda g: g.swapaxes(axis1, axis2),),
        np.transpose: lambda out, x, axes: (lambda g: g.transpose(np.argsort(np.arange(g.ndim)[list(axes)])),),
        concatenate: lambda out, *xs, dim: tuple(
            lambda g, ends=ends, shape=x.shape: np.split(g, ends, dim)[1].reshape(shape)
            for x, ends in zip(xs, arrays.ends(xs, dim), strict=True)
        ),
        arrays.stack_arrays: lambda out, *xs, dim: tuple(lambda g, i=i: g.take(i, dim) for i in range(len(xs))),
        leaky_relu: lambda out, x, negative_slope=0.01: (lambda g: np.where(x > 0, g, negative_slope * g),),
        sigmoid: lambda out, x: (lambda g: g * out * (1 - out),), tanh: lambda out, x: (lambda g: g * (1 - out * out),),
        log_softmax: lambda out, x, dim=-1: (lambda g: g - np.exp(out) * g.sum(axis=dim, keepdims=True),),
        linear: lambda out, x, weight, bias=None: (
            lambda g, shape=x.shape: (rows(g) @ weight).reshape(shape),
            lambda g: rows(g).T @ rows(x),
            lambda g: add_up(rows(g), axis=0),
        ),
        binary_cross_entropy_terms: lambda out, x, y: (lambda g: g * (sigmoid(x) - y), lambda g: -g * x),
    }  # fmt: skip


@app.function(hide_code=True)
@gradient_of(power)
def power_gradient(out: np.ndarray, base: np.ndarray, exponent: np.ndarray) -> tuple:
    """Rule for base ** exponent. The slope is 0 for an exponent of 0; so is that along the exponent for a base of 0."""

    def to_base(grad):
        if type(exponent) in (int, float) and exponent != 0:  # the common case
            return grad * exponent * base ** (exponent - 1)
        slope = grad * exponent * base ** (exponent - np.not_equal(exponent, 0))
        return select(np.not_equal(exponent, 0) | (grad != grad), slope)

    return to_base, lambda grad: grad * out * np.log(np.where((base == 0) & (exponent >= 0), 1, base))


@app.function(hide_code=True)
@gradient_of(np.max, np.min)
def extreme_gradient(out: np.ndarray, x: np.ndarray, axis: int | tuple | None = None, keepdims: bool = False) -> tuple:
    """Rule for amax and amin: the gradient goes to the extreme; where several are equal they share it, as in PyTorch."""
    (spread,) = sum_gradient(out, x, axis, keepdims)

    def to_x(grad):
        top, winners = spread(out), x == spread(out)
        share = spread(grad) / np.maximum(1, winners.sum(axis=axis, keepdims=True)).astype(x.dtype)
        return np.where(top == top, select(winners, share), top)  # nan stays nan

    return (to_x,)


@app.function(hide_code=True)
@gradient_of(gelu)
def gelu_gradient(out: np.ndarray, x: np.ndarray, approximate: str = "tanh") -> tuple:
    """Rule for gelu, x/2 (1 + tanh u): the product rule, and the slope of u."""

    @in_blocks
    def slope_times(grad, x):
        x, factor = np.clip(x, -10, 10), math.sqrt(2 / math.pi)  # beyond 10 the cube of x may be inf
        square = x * x
        tanh_u = np.tanh(factor * x * (1 + 0.044715 * square))
        slope = 3 * 0.044715 * factor * square  # in place from here on, of u first: these may be large arrays
        slope += factor
        slope *= x
        slope *= 1 - tanh_u * tanh_u
        slope += 1 + tanh_u
        slope *= 0.5
        slope *= grad
        return slope

    return (lambda grad: slope_times(grad, x),)


@app.function
def test_every_rule():
    """WHAT: every op in the table matches its numerical gradient.
    WHY: a wrong rule doesn't crash.
    TIP: the message names the op. If its rule is given, it relies on code of yours: divide, for example, needs sum_to_shape.
    """
    assert Tensor.recorder is record and Tensor.engine is backward
    waves = lambda *shape: Tensor(np.cos(np.arange(1.0, 1 + math.prod(shape)))).reshape(*shape)  # noqa: E731
    x, y, positive, spread = waves(3, 4), waves(4), 2 + waves(3, 4), Tensor([[-2.0, 0.5, 3.0], [4.0, 1.5, -1.0]])
    apply = lambda f: partial(Tensor.apply, f)  # noqa: E731
    cases = {
        **{f.__name__: (apply(f), (y, positive)) for f in (np.add, np.subtract, np.multiply, np.divide)},
        **{f.__name__: (apply(f), positive) for f in (np.exp, np.log, np.sqrt)},
        **{f.__name__: (f, spread) for f in (relu, leaky_relu, sigmoid, tanh, gelu)},
        **{f.__name__: (partial(f, dim=0), x) for f in (softmax, log_softmax)},
        "power": (lambda a, b: a**b, (positive, y)), "negative": (lambda a: -a, x), "absolute": (Tensor.abs, spread),
        "remainder": (apply(np.remainder), (spread, spread * 0 + 0.7)),
        "clip": (lambda a, b: a.clamp(-1.2, 2) * a.clamp(b), (spread, Tensor([0.0, 1.0, 2.0]))),
        "maximum": (lambda a: maximum(a, 1), spread), "minimum": (lambda a: Tensor.apply(np.minimum, a, 1), spread),
        "max": (lambda a: a.amax(0), spread), "min": (lambda a: a.amin(1, keepdim=True), spread),
        "choose": (lambda a, b: where(spread > 0, a, b), (spread, spread * 2)),
        "cast": (lambda a: Tensor.apply(arrays.cast, a, dtype=float64), x), "add_up": (lambda a: a.sum(0) * a.mean(), x),
        "getitem": (lambda a: a[[0, 2, 0], 1:], x), "reshape": (lambda a: a.reshape(2, 6), x),
        "expand_dims": (lambda a: a.unsqueeze(1), x), "squeeze": (lambda a: a.unsqueeze(1).squeeze(), x),
        "swapaxes": (lambda a: a.transpose(0, 1), x), "transpose": (lambda a: a.reshape(3, 2, 2).permute(-1, 0, 1), x),
        "matmul": (lambda a, b: (a @ b) * (b @ b), (x, y)), "linear": (linear, (x, waves(2, 4), waves(2))),
        "concatenate": (lambda a, b: cat([a, b], dim=-1), (x, positive)),
        "stack_arrays": (lambda a, b: stack([a, b], dim=1), (x, positive)),
        "cross_entropy_terms": (cross_entropy_terms, (x, Tensor([3, 0, 1]))),
        "binary_cross_entropy_terms": (binary_cross_entropy_terms, (x, positive)),
    }  # fmt: skip
    given = {subtract_gradient, divide_gradient, power_gradient, extreme_gradient, gelu_gradient}
    assert given < {*gradients.values()} and len(simple_rules()) < len(gradients), "every rule must be registered"
    names = {op.__name__.replace("amax", "max").replace("amin", "min") for op in gradients}
    assert names == set(cases), "every rule needs a case, and every case a rule"
    for name, (f, inputs) in cases.items():
        try:
            gradcheck(f, inputs)
        except RuntimeError as error:
            raise AssertionError(f"{name}: {error}") from None


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does recording cost?

    Sixteen layers of 256 neurons with ReLU, 1024 rows: each layer makes two results of 1 MiB, one from `linear` and one from `relu`, 32
    MiB in all. **Predict**: how much memory does a forward pass take under `no_grad`? And when it is recorded: 32 MiB, more, or
    less? How long does forward with backward take, compared with forward alone? Then measure.
    """)
    return


@app.function(hide_code=True)
def measure_memory(depth=16, rows=1024, width=256, rounds=5):
    """Markdown: median time and peak memory of a deep network: not recorded, recorded, and with the backward pass."""
    weights = [Tensor(np.full((width, width), 1 / width), requires_grad=True) for _ in range(depth)]
    start = Tensor(np.ones((rows, width)))

    def forward():
        x = start
        for weight in weights:
            x = relu(linear(x, weight))
        return x

    def both():
        for weight in weights:
            weight.grad = None
        backward(forward().sum())

    costs = compare({"forward, no_grad": no_grad()(forward), "forward": forward, "forward and backward": both}, rounds)
    rows = ["| | time | against no_grad | memory |", "|---|---:|---:|---:|"]
    for name, (seconds, peak) in costs.items():
        ratio = seconds / costs["forward, no_grad"][0]
        rows.append(f"| {name} | {seconds * 1e3:.1f} ms | {ratio:.1f}x | {peak / 2**20:.1f} MiB |")
    return mo.md("\n".join(rows))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_memory)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Under `no_grad` a result is freed as soon as the next one exists. Otherwise the arrays that the rules use stay: `linear` keeps its
    input, `relu` its output, and that is the *same* array. So about 16 MiB stay, not 32: a rule that used `relu`'s input would cost the
    other half. Creating the nodes takes microseconds; the second row is slower than the first because it writes to fresh memory. The
    backward pass does two matrix products for each one in the forward pass.

    ## Complexity

    For a network with $P$ parameters, whose forward pass does $F$ operations in $n$ ops:

    | | operations | memory |
    |:---|:---|:---|
    | `numerical_gradient` | $2 P F$ | one copy of $P$ |
    | `record` | a few per op: $O(n)$ | the arrays that rules use: grows with depth and batch |
    | `backward` | about $2 F$, and $n \log w$ for the queue, with $w$ waiting nodes | $P$ for the gradients, and the waiting ones |
    | `softmax_gradient` of a row of $C$ | $4 C$, not $C^2$ | $C$ |

    Parameters take memory once, the graph for each row of a batch: this **graph memory** is why GPUs run out of memory in training.

    ## In production

    PyTorch's rules are a table as well: `tools/autograd/derivatives.yaml`, one entry per operation. Its engine also takes the youngest
    waiting node first (`ReadyQueue` in `torch/csrc/autograd/engine.cpp`). `no_grad` is in `torch/autograd/grad_mode.py`, the checker in
    `torch/autograd/gradcheck.py`. PyTorch's rules can be recorded themselves, which gives gradients of gradients; yours use plain arrays.

    ## Questions
    """)
    return


@app.function
def answer_graph_bytes():
    """How many bytes does the graph of one forward pass keep alive, besides the parameters?

    The network is 784-256-128-10 with ReLU between the linear layers, in float32, on a batch of 64 images; take the rules of this
    module, and do not count the loss.

    Hint: which arrays do the rules of `linear` and `relu` use? Count each array once.
    """
    ### BEGIN SOLUTION
    return 4 * 64 * (784 + 256 + 128)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_graph_bytes():
    """WHAT: the memory that training needs and inference does not.
    WHY: it grows with the batch, so it limits the batch size.
    TIP: go through the network op by op. What does the last linear layer keep: its input or its output?
    """
    kept = [np.zeros((64, width), dtype=np.float32) for width in (784, 256, 128)]  # the input, each relu's output
    assert answer_graph_bytes() == sum(array.nbytes for array in kept), (
        "which arrays stay, and how many bytes has each?"
    )


@app.cell(hide_code=True)
def question_wrong_rule():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** For one of its two inputs, the rule for `multiply` returns twice the right gradient. The loss still goes down. Why? In
    which networks would you never notice, and in which would training break? How do you find out which of thirty rules is wrong?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_recompute():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** The graph of a hundred layers doesn't fit into memory. You keep only every tenth layer's input, and run the layers in
    between again when the backward pass reaches them. How much memory do you save? What does it cost in time? Why ten for a hundred?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A gradient has the shape of the array it belongs to: how much the loss moves with each entry.
    - Central differences give any gradient, at two forward passes per number: good for checking, useless for training.
    - Every operation has a rule; the chain rule combines them into the gradient of any network.
    - The forward pass records; the arrays that rules use stay in memory. Backward takes the youngest node first, and each node once.
    - A wrong rule doesn't crash: run `gradcheck`.

    **Next:** export your work with `tito module complete 05`. Module 06 uses the gradients to take steps.
    """)
    return


if __name__ == "__main__":
    app.run()
