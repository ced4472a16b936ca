import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 05: Autograd")

with app.setup(hide_code=True):
    import math
    import os
    from heapq import heappop, heappush
    from itertools import count

    import marimo as mo
    import numpy as np

    from tinytorch.activations import gelu, leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
    from tinytorch.arrays import add_up, float64, select
    from tinytorch.graph import grad_mode, mentioned, no_grad, node_text, versions
    from tinytorch.layers import linear
    from tinytorch.losses import binary_cross_entropy_terms, cross_entropy_terms
    from tinytorch.tensor import (
        Tensor,
        cast,
        cat,
        choose,
        clip,
        concatenate,
        getitem,
        maximum,
        power,
        randn,
        stack,
        stack_arrays,
        sum_to_shape,
        where,
    )
    from tito.diagrams import diagram
    from tito.lesson import compare, show
    from tito.picture import panels

    # op -> its gradient rule; filled by @gradient_of
    gradients = {}
    # what the next node of the graph gets as its sequence_nr
    next_sequence_nr = count(1)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 05: Autograd

    A network of module 03 has 235,146 numbers, and a loss of module 04 says how wrong they are. Which way must each of them move
    to make the loss smaller? When this module is done, `loss.backward()` answers for all of them at once, in about the time of two
    forward passes, for any network that you build from your tensors.

    **When you are done:** I can ...

    - estimate a gradient numerically, and say why that is too slow for training;
    - write the gradient rule of an operation: products, sums, indexing, matrix products, softmax, cross-entropy;
    - say what a framework records during the forward pass, and what of it stays in memory;
    - run a backward pass through any graph, of any depth, visiting each operation once;
    - check any gradient that I will ever write.

    It takes two sittings. **Part I** (sections 1 to 5) is about the rules: one small function for each operation. **Part II** (sections 6
    to 9) is about the engine that records operations and calls the rules.

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

    How much does $f(x) = x^2$ change at $x = 3$? Take a step of 0.001 both ways, and look:

    $$\frac{f(3.001) - f(2.999)}{0.002} = \frac{9.006001 - 8.994001}{0.002} = 6$$

    That is the **derivative**: 6 units of $f$ for each unit of $x$. Of a function of many numbers there is one for each of them, and
    all of them together, in the shape of $x$, are its **gradient**. For $f(a, b) = a b$ at $(3, 5)$: moving $a$ by 0.001 moves $f$ by
    0.005, and moving $b$ by 0.001 moves it by 0.003. The gradient is $(5, 3)$.
    """)
    return


@app.function
def numerical_gradient(f, x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """The gradient of `f` at `x` by central differences: nudge each entry up and down by eps.

    Args:
        f: function from an array to one number.
        x: float64 array of any shape; it is not changed.
        eps: how far an entry is nudged, in each direction.

    Returns:
        Array of the shape of `x`.

    >>> numerical_gradient(lambda x: x[0] * x[1], np.array([3.0, 5.0])).round(4)
    array([5., 3.])

    Steps:
        1. Go through all places of `x`; `np.ndindex(x.shape)` lists them, for any number of axes.
        2. What is `f` when this one number is larger by eps? And when it is smaller?
        3. The slope is a difference, divided by a distance.

    Hint: from where to where did you move? And is everything else where it was, for the next place?
    """
    ### BEGIN SOLUTION
    grad = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + eps
        above = f(moved)
        moved[place] = x[place] - eps
        grad[place] = (above - f(moved)) / (2 * eps)
    return grad
    ### END SOLUTION


@app.function
# points: 3
def test_numerical_gradient():
    """WHAT: the slope along every number, from a step in both directions; `x` stays as it was.
    WHY: every rule of this module, and every op that you will ever write, is checked against it.
    TIP: twice too large or too small? Look at the distance. Right for the first number only? Look at what you left moved.
    """
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    assert np.allclose(numerical_gradient(lambda x: (x**2).sum(), x), 2 * x)
    assert np.allclose(numerical_gradient(lambda x: x[0, 0] * x[1, 1], x), [[3, 0], [0, 1]])
    assert x.tolist() == [[1.0, -2.0], [0.5, 3.0]], "x must not change"
    product = numerical_gradient(lambda x: x[0] * x[1], np.array([3.0, 5.0]), eps=0.5)
    assert product.tolist() == [5.0, 3.0], "one number at a time: all others are where they were"
    ### BEGIN HIDDEN TESTS
    assert abs(numerical_gradient(lambda x: x**3, np.array(2.0), eps=0.1) - 12.01) < 1e-9, "both ways, by eps"
    assert numerical_gradient(lambda x: 0.0, np.zeros((2, 0, 3))).shape == (2, 0, 3)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    trying_function = mo.ui.dropdown(["sin(x)", "exp(x)", "x ** 3"], value="sin(x)", label="f(x) =")
    trying_x = mo.ui.slider(0.1, 5, step=0.1, value=1.0, label="at x =", show_value=True)
    mo.md(f"""
    ### Explore: is a smaller step a better step?

    **Predict**: with a step of 0.1 the slope is wrong by some permille. How small must the step be for the smallest error? And
    what happens if you go on from there? Where is the best step if all numbers are float32?

    {mo.hstack([trying_function, trying_x], justify="start", wrap=True)}
    """)
    return trying_function, trying_x


@app.function(hide_code=True)
def explore_step(name, x):
    """Draw the error of a slope against the size of the step, in both precisions."""
    f, slope = {
        "sin(x)": (np.sin, np.cos),
        "exp(x)": (np.exp, np.exp),
        "x ** 3": (lambda x: x**3, lambda x: 3 * x**2),
    }[name]
    steps = 10.0 ** np.arange(-15, 0.1, 0.25)
    figure, axis = panels()
    for dtype, style in ((np.float32, "o--"), (np.float64, "s-")):
        at = np.array(x, dtype=dtype)
        found = [numerical_gradient(f, at, dtype(step)) for step in steps]
        error = np.abs(np.array(found, dtype=np.float64) / slope(x) - 1) + 1e-14
        best = steps[error.argmin()]
        axis.loglog(steps, error, style, markersize=3, label=f"{at.dtype}: best at {best:.0e}, error {error.min():.0e}")
    axis.set(xlabel="step", ylabel="relative error", ylim=(1e-14, 10))
    axis.legend()
    return figure


@app.cell(hide_code=True)
def _(trying_function, trying_x):
    show(explore_step, trying_function.value, trying_x.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    A large step sees the curve bend; a tiny one subtracts two numbers that agree in nearly all their digits, and only rounding is
    left. In float64 there is a good place in between, near $10^{-5}$. In float32 even the best step leaves an error that is many
    thousand times larger. So checking uses float64.

    And training cannot use it at all. Two forward passes for each number make 470,292 passes for *one* step of our network: at a
    millisecond each, eight minutes. The rest of this module gets the same gradient for the price of about two.

    ## 2. An operation knows its own slope

    Take $a = 2$, $b = 3$, $c = 4$ and $L = (a b + c) \cdot 5$, so $L = 50$. Call $p = a b = 6$ and $s = p + c = 10$, and go backwards:

    | | if it moves by 1, $L$ moves by | because |
    |---|---:|---|
    | $s$ | 5 | $L = 5 s$ |
    | $p$ | 5 | $s$ moves as much as $p$ does |
    | $c$ | 5 | $s$ moves as much as $c$ does |
    | $a$ | 15 | $p$ moves 3 times as much as $a$ does |
    | $b$ | 10 | $p$ moves 2 times as much as $b$ does |

    Each line needs two things: the number in the line of the **result**, and what the operation itself does. Nobody ever looks at the
    whole formula. That is the **chain rule**, and it is why a framework needs only one small rule for each operation.

    A **rule** is a function `rule(out, *arrays, **params)`, called right after the forward pass with everything the operation saw. It returns
    a tuple with **one function for each input**: given `grad`, how much the loss moves with each number of `out`, that function computes
    how much it moves with each number of this input. Only the functions of inputs that need a gradient are kept and called. Two rules are
    given. Read them before you write yours:
    """)
    return


@app.function
def gradient_of(*ops):
    """Decorator: enter a gradient rule for `ops` into the table `gradients`.

    A rule is called right after the op, as `rule(out, *arrays, **params)`, and returns a tuple with one function for each input:
    from the gradient of `out` to that of the input, or None where the input has none. A gradient may have the shape of `out`
    where its input was broadcast. The arrays that a function mentions stay in memory until it has run; nothing else does.
    """

    def enter(rule):
        for op in ops:
            gradients[getattr(op, "op", op)] = rule  # @op keeps the bare function as `op`
        return rule

    return enter


@app.function
@gradient_of(np.subtract)
def subtract_gradient(out, a, b):
    """Rule for a - b."""
    return lambda grad: grad, lambda grad: -grad


@app.function
@gradient_of(np.divide)
def divide_gradient(out, a, b):
    """Rule for a / b."""
    return lambda grad: grad / b, lambda grad: -grad * (out / b)


@app.function
@gradient_of(np.add)
# points: 1
def add_gradient(out, a, b):
    """Rule for a + b.

    Args:
        out: the sum, an array.
        a, b: arrays or numbers that were added.

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
    """WHAT: both summands get the gradient of the sum.
    WHY: wherever a network adds, a gradient splits without getting smaller: residual networks live on that.
    TIP: the rule returns a tuple of two functions, and each of them takes `grad`.
    """
    a, grad = np.array([1.0, 2.0]), np.array([10.0, -3.0])
    to_a, to_b = add_gradient(a + a, a, a)
    assert to_a(grad).tolist() == [10.0, -3.0] and to_b(grad).tolist() == [10.0, -3.0]
    ### BEGIN HIDDEN TESTS
    to_a, to_b = add_gradient(a + 2, a, 2)
    assert to_a(grad).tolist() == [10.0, -3.0] and gradients[np.add] is add_gradient
    ### END HIDDEN TESTS


@app.function
@gradient_of(np.multiply)
# points: 1
def multiply_gradient(out, a, b):
    """Rule for a * b.

    Args:
        out: the product, an array.
        a, b: arrays or numbers that were multiplied.

    Returns:
        Two functions of `grad`: the gradient of a, and the gradient of b, both in the shape of `grad`.

    >>> to_a, to_b = multiply_gradient(6.0, 2.0, 3.0)
    >>> to_a(5.0), to_b(5.0)
    (15.0, 10.0)

    Steps:
        1. By how much does the product move when `a` moves by 1? And the loss?
        2. The same for `b`.

    Hint: the last two lines of the table above.
    """
    ### BEGIN SOLUTION
    return lambda grad: grad * b, lambda grad: grad * a
    ### END SOLUTION


@app.function
# points: 1
def test_multiply_gradient():
    """WHAT: the slope of a product along one factor is the other factor, times what came in.
    WHY: weights and inputs meet in products; this is where a weight learns what its input was.
    TIP: compare with the table in section 2. Which number belongs to which input?
    """
    a, b, grad = np.array([1.0, 2.0]), np.array([4.0, -1.0]), np.array([10.0, 3.0])
    to_a, to_b = multiply_gradient(a * b, a, b)
    assert to_a(grad).tolist() == [40.0, -3.0] and to_b(grad).tolist() == [10.0, 6.0]
    ### BEGIN HIDDEN TESTS
    assert multiply_gradient(a * 3, a, 3)[0](grad).tolist() == [30.0, 9.0], "by a plain number"
    assert multiply_gradient(0 * b, 0 * a, b)[0](grad).tolist() == [40.0, -3.0], "a factor may be 0"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Sums and picks: the shape must come back

    A gradient has the shape of what it belongs to. $s = x_1 + x_2 + x_3$: if $s$ matters 5, then every summand does, and the gradient
    of $x$ is $(5, 5, 5)$. A sum along an axis makes a table shorter, and its rule makes the gradient longer again:

    $$x = \begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix} \qquad \text{sum, axis 1: } (6, 15) \qquad
    \text{grad } (10, 20) \;\to\; \begin{pmatrix} 10 & 10 & 10 \\ 20 & 20 & 20 \end{pmatrix}$$
    """)
    return


@app.function
@gradient_of(add_up)
# points: 2
def sum_gradient(out, x, axis=None, keepdims=False):
    """Rule for sums.

    Args:
        out: the sums, an array.
        x: array of any shape.
        axis: the axis along which was added, a tuple of several, or None for all.
        keepdims: whether the summed axes are still there, with size 1.

    Returns:
        A tuple of one function of `grad`, which has the shape of `out`: the gradient of x, in the shape of `x`.

    >>> (to_x,) = sum_gradient(None, np.zeros((2, 3)), axis=1)
    >>> to_x(np.array([10.0, 20.0])).tolist()
    [[10.0, 10.0, 10.0], [20.0, 20.0, 20.0]]

    Steps:
        1. Give `grad` an axis of size 1 wherever one has disappeared.
        2. Stretch it to the shape of `x`.

    Hint: NumPy has a function for each step: one *expands dims*, one *broadcasts to* a shape. When is the first not needed?
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
    """WHAT: every summand gets the gradient of its sum, for any axis, with and without keepdims.
    WHY: every loss is a sum; here the way back begins.
    TIP: write down three shapes: of x, of the sum, and of grad after your first step. The tuple has one entry, and a comma.
    """
    x = np.ones((2, 3))
    assert sum_gradient(None, x, axis=0)[0](np.array([1.0, 2.0, 3.0])).tolist() == [[1, 2, 3], [1, 2, 3]]
    assert sum_gradient(None, x, axis=1)[0](np.array([1.0, 2.0])).tolist() == [[1, 1, 1], [2, 2, 2]]
    assert sum_gradient(None, x)[0](np.array(7.0)).tolist() == [[7, 7, 7], [7, 7, 7]], "over everything"
    assert sum_gradient(None, x, axis=1, keepdims=True)[0](np.array([[1.0], [2.0]])).tolist() == [[1, 1, 1], [2, 2, 2]]
    ### BEGIN HIDDEN TESTS
    cube, grad = np.ones((2, 3, 4)), np.array([1.0, 2.0, 3.0])
    assert sum_gradient(None, cube, axis=(0, 2))[0](grad).shape == (2, 3, 4)
    assert sum_gradient(None, cube, axis=(0, -1))[0](grad)[1, :, 3].tolist() == [1, 2, 3]
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **Picking** is the opposite. Of $x = (7, 8, 9)$ the index `[2, 0, 2]` picks $(9, 7, 9)$. What was not picked did not matter. What was
    picked twice mattered twice: with the incoming gradient $(1, 10, 100)$ the gradient of $x$ is $(10, 0, 101)$.
    """)
    return


@app.function(hide_code=True)
def add_at(full, index, grad):
    """Add `grad` to `full` at `index`, in place, once for each time that a place is picked.

    Only arrays of integers can pick a place twice. `np.add.at` adds those one after the other; where rows are picked many times each,
    as frequent words are, sorting them and adding up each run is faster.
    """
    arrays = [np.asarray(part) for part in index if isinstance(part, (list, np.ndarray))]
    if not any(array.dtype.kind in "iu" for array in arrays):
        full[index] += grad
    elif len(index) == 1 and full[:1].size >= 32 and arrays[0].size > 4 * len(full):
        rows = arrays[0].reshape(-1) % len(full)  # -1 is the last row
        order = rows.argsort(kind="stable")
        starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
        full[rows[order][starts]] += np.add.reduceat(grad.reshape(len(rows), *full.shape[1:])[order], starts, axis=0)
    else:
        np.add.at(full, index, grad)


@app.function
@gradient_of(getitem)
# points: 2
def getitem_gradient(out, x, index):
    """Rule for x[index].

    Args:
        out: what was picked.
        x: array of any shape.
        index: whatever NumPy takes between square brackets.

    Returns:
        A tuple of one function of `grad`: the gradient of x, in the shape and dtype of `x`.

    >>> (to_x,) = getitem_gradient(None, np.zeros(3), ([2, 0, 2],))
    >>> to_x(np.array([1.0, 10.0, 100.0])).tolist()
    [10.0, 0.0, 101.0]

    Steps:
        1. Begin with zeros.
        2. Add `grad` at the picked places, with `add_at`.

    Hint: why not `zeros[index] += grad`? It writes to a place twice, but adds only once: both times it starts from the old number.
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
    """WHAT: the gradient lands where the number came from; the rest is 0, and what was picked twice gets both.
    WHY: a language model looks its words up by index, and a frequent word is picked many times in a batch.
    TIP: try index [0, 0] on an array of two, and follow each of the two gradients.
    """
    x, grad = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1.0, 10.0], dtype=np.float32)
    assert getitem_gradient(None, x, (slice(None), 2))[0](grad).tolist() == [[0, 0, 1], [0, 0, 10]]
    assert getitem_gradient(None, x[0], ([1, 1],))[0](grad).tolist() == [0, 11, 0], "picked twice"
    assert getitem_gradient(None, x, (1, 0))[0](np.float32(3)).tolist() == [[0, 0, 0], [3, 0, 0]]
    ### BEGIN HIDDEN TESTS
    assert getitem_gradient(None, x, (x > 3,))[0](grad).tolist() == [[0, 0, 0], [0, 1, 10]], "a mask"
    (twice,) = getitem_gradient(None, x, (0, slice(0, 2)))
    assert twice(grad).dtype == np.float32 and twice(grad).sum() == 11, "new zeros each time"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. The matrix product

    Of $C = A B$ one entry is $C_{ij} = \sum_k A_{ik} B_{kj}$. Where does $A_{ik}$ occur? In row $i$ of $C$, once in each column $j$, every
    time with the factor $B_{kj}$. So its gradient is $\sum_j G_{ij} B_{kj}$, where $G$ is the gradient of $C$. With one row and two columns:

    $$A = \begin{pmatrix} 1 & 2 \end{pmatrix} \quad B = \begin{pmatrix} 3 & 4 \\ 5 & 6 \end{pmatrix} \quad G = \begin{pmatrix} 10 & 1 \end{pmatrix}:
    \qquad A_{11} \text{ gets } 10 \cdot 3 + 1 \cdot 4 = 34, \quad A_{12} \text{ gets } 10 \cdot 5 + 1 \cdot 6 = 56$$

    A sum over a common index is itself a matrix product. Find out of what; then do the same for $B_{kj}$, which occurs once in each
    *row* of $C$. The shapes leave you hardly a choice: $A$ is $(n, k)$, $B$ is $(k, m)$, $G$ is $(n, m)$.
    """)
    return


@app.function
@gradient_of(np.matmul)
# points: 3
def matmul_gradient(out, a, b):
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
        2. The same for `b`; which of the two must stand on the left?

    Hint: a matrix with its last two axes swapped is `x.swapaxes(-1, -2)`; `.T` would turn a whole stack around.
    """
    ### BEGIN SOLUTION
    return lambda grad: grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad
    ### END SOLUTION


@app.function
# points: 3
def test_matmul_gradient():
    """WHAT: both gradients match the numerical gradient, for matrices and stacks of matrices.
    WHY: a forward pass is nearly all matrix products; the backward pass takes two for each.
    TIP: write the three shapes down, and see which product has the shape you need. No sum, no loop.
    """
    a, b, grad = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([[10.0, 1.0]])
    to_a, to_b = matmul_gradient(a @ b, a, b)
    assert to_a(grad).tolist() == [[34.0, 56.0]] and to_b(grad).tolist() == [[10.0, 1.0], [20.0, 2.0]]
    a, b, grad = np.sin(np.arange(24.0)).reshape(2, 3, 4), np.cos(np.arange(40.0)).reshape(2, 4, 5), np.ones((2, 3, 5))
    to_a, to_b = matmul_gradient(a @ b, a, b)
    assert np.allclose(to_a(grad), numerical_gradient(lambda a: (a @ b).sum(), a), atol=1e-6), "a stack of matrices"
    assert np.allclose(to_b(grad), numerical_gradient(lambda b: (a @ b).sum(), b), atol=1e-6), "a stack of matrices"
    ### BEGIN HIDDEN TESTS
    grad = np.tan(np.arange(30.0)).reshape(2, 3, 5)
    assert np.allclose(to_a(grad), np.einsum("bnm,bkm->bnk", grad, b))
    assert np.allclose(to_b(grad), np.einsum("bnk,bnm->bkm", a, grad))
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Activations, and the end of a classifier

    **ReLU** passes some numbers on and cuts others off. What was cut off can move a little without any effect. (At exactly 0 there is
    no slope; the convention is 0.) One trap: a gradient can be infinite, as that of $\sqrt{x}$ at 0, and $0 \cdot \infty$ is not a number.
    So a mask must *select*, not multiply. `select(mask, x)` is given: `x` where the mask holds, and 0 elsewhere.
    """)
    return


@app.function
@gradient_of(relu)
# points: 1
def relu_gradient(out, x):
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
        1. Which numbers of `grad` go on, and which end here?

    Hint: the arrays that your function mentions stay in memory. The next layer keeps `out` anyway: can you do without `x`?
    """
    ### BEGIN SOLUTION
    return (lambda grad: select(out > 0, grad),)
    ### END SOLUTION


@app.function
# points: 1
def test_relu_gradient():
    """WHAT: the gradient passes where x > 0, and nowhere else; float32 stays float32.
    WHY: a neuron that is cut off for every input learns nothing any more: it is dead.
    TIP: at x = 0 the answer is 0, even for an infinite gradient. Do you multiply, or select?
    """
    x, grad = np.array([-2.0, 0.0, 0.5, 3.0], dtype=np.float32), np.array([7.0, 7.0, 7.0, -7.0], dtype=np.float32)
    (to_x,) = relu_gradient(np.maximum(x, 0), x)
    assert to_x(grad).tolist() == [0.0, 0.0, 7.0, -7.0] and to_x(grad).dtype == np.float32
    assert to_x(grad * np.float32(np.inf)).tolist() == [0.0, 0.0, np.inf, -np.inf], (
        "0 times infinity is not a number: select"
    )
    ### BEGIN HIDDEN TESTS
    assert grad.tolist() == [7.0, 7.0, 7.0, -7.0], "grad may belong to others: it must not change"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **Softmax** mixes a row: every probability $p_i$ depends on every score $x_j$. The slopes fill a whole matrix, the **Jacobian**:

    $$\frac{\partial p_i}{\partial x_j} = \begin{cases} p_i (1 - p_i) & i = j \\ - p_i p_j & i \ne j \end{cases}
    \qquad p = (0.5, 0.3, 0.2): \quad
    \begin{pmatrix} 0.25 & -0.15 & -0.10 \\ -0.15 & 0.21 & -0.06 \\ -0.10 & -0.06 & 0.16 \end{pmatrix}$$

    The gradient of $x_j$ is $\sum_i g_i \, \partial p_i / \partial x_j$: each column, weighted with the incoming $g$. For $g = (1, 0, 0)$ that is the
    first row, $(0.25, -0.15, -0.10)$. But of 50,000 words the matrix would take 10 GB. Put the formula into the sum, and see that nothing
    of size $n \times n$ is needed: one weighted sum for each row is enough.
    """)
    return


@app.function
@gradient_of(softmax)
# points: 3
def softmax_gradient(out, x, dim=-1):
    """Rule for softmax.

    Args:
        out: the probabilities, which sum to one along `dim`.
        x: the scores, an array of the same shape.
        dim: the axis along which softmax was taken.

    Returns:
        A tuple of one function of `grad`: the gradient of x.

    >>> (to_x,) = softmax_gradient(np.array([0.5, 0.3, 0.2]), None)
    >>> to_x(np.array([1.0, 0.0, 0.0])).round(2).tolist()
    [0.25, -0.15, -0.1]

    Steps:
        1. On paper: split the sum into the one term with i = j and all others. What can be taken out of the sum?
        2. Compute the sum that is left, one for each row.
        3. Put it together.

    Hint: both cases contain $-p_i p_j$, if you read $p_i (1 - p_i)$ as $p_i - p_i p_i$.
    """
    ### BEGIN SOLUTION
    return (lambda grad: out * (grad - (grad * out).sum(axis=dim, keepdims=True)),)
    ### END SOLUTION


@app.function
# points: 3
def test_softmax_gradient():
    """WHAT: the gradient matches the numerical gradient, along any axis.
    WHY: attention, in Module 12, is a softmax in the middle of a network.
    TIP: with the same gradient for all entries nothing can move, because the probabilities sum to one. Do you get zeros?
    """
    out, grad = np.array([[0.5, 0.3, 0.2]]), np.array([[1.0, 0.0, 0.0]])
    assert np.allclose(softmax_gradient(out, None)[0](grad), [[0.25, -0.15, -0.10]])
    assert np.allclose(softmax_gradient(out, None)[0](np.ones((1, 3))), 0), "the same everywhere moves nothing"
    x, grad = np.sin(np.arange(12.0)).reshape(3, 4), np.cos(np.arange(12.0)).reshape(3, 4)
    expected = numerical_gradient(lambda x: (softmax(x, dim=0) * grad).sum(), x)
    assert np.allclose(softmax_gradient(softmax(x, dim=0), x, dim=0)[0](grad), expected, atol=1e-6), "dim=0"
    ### BEGIN HIDDEN TESTS
    expected = numerical_gradient(lambda x: (softmax(x) * grad).sum(), x)
    assert np.allclose(softmax_gradient(softmax(x), x)[0](grad), expected, atol=1e-6)
    assert grad.tolist() == np.cos(np.arange(12.0)).reshape(3, 4).tolist(), "grad must not change"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **Cross-entropy** of one row is $\log \sum_j e^{z_j} - z_t$, where $t$ is the right class. Derive it: the logarithm of the sum has the
    slope $e^{z_j} / \sum_i e^{z_i} = p_j$, the probability. The second part has the slope $-1$ at the right class alone. For the
    probabilities $(0.5, 0.3, 0.2)$ and the right class 0, the gradient is $(-0.5, 0.3, 0.2)$: *what the network says, minus what is
    true*. All the logarithms have cancelled.
    """)
    return


@app.function
@gradient_of(cross_entropy_terms)
# points: 2
def cross_entropy_gradient(out, logits, target):
    """Rule for cross_entropy_terms.

    Args:
        out: one number for each row, shape (N,).
        logits: the scores, shape (N, C).
        target: the right classes, shape (N,), integers.

    Returns:
        A function of `grad`, which has shape (N,): the gradient of the logits. And None, because a class number cannot move.

    >>> to_logits, to_target = cross_entropy_gradient(None, np.array([[0.0, 0.0]]), np.array([1]))
    >>> to_logits(np.array([1.0])).tolist()
    [[0.5, -0.5]]

    Steps:
        1. What the network says: probabilities, shape (N, C).
        2. Minus what is true: at one place in each row.
        3. Each row counts as much as its `grad` says.

    Hint: all rows at once, `np.arange(N)`, and in each row one column, `target`, make an index. (N,) against (N, C)?
    """

    ### BEGIN SOLUTION
    def to_logits(grad):
        share = softmax(logits)
        share[np.arange(len(target)), target] -= 1
        return share * grad[:, None]

    return to_logits, None
    ### END SOLUTION


@app.function
# points: 2
def test_cross_entropy_gradient():
    """WHAT: probabilities minus the truth, row by row, each row times its incoming gradient; None for the class numbers.
    WHY: this is the first gradient of every classifier: the push that everything before it receives.
    TIP: each row must sum to 0. Does it? Then look at how `grad` meets the rows.
    """
    logits, target = np.log(np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], dtype=np.float32)), np.array([0, 2])
    to_logits, to_target = cross_entropy_gradient(None, logits, target)
    grad = to_logits(np.array([1.0, 10.0], dtype=np.float32))
    assert np.allclose(grad, [[-0.5, 0.3, 0.2], [1, 1, -2]], atol=1e-6) and grad.dtype == np.float32
    assert to_target is None
    ### BEGIN HIDDEN TESTS
    assert np.array_equal(to_logits(np.ones(2)), to_logits(np.ones(2))), "backward may run twice"
    square = np.sin(np.arange(9.0)).reshape(3, 3)
    target, grad = np.array([2, 2, 0]), np.array([1.0, 2.0, 3.0])
    expected = numerical_gradient(lambda x: (cross_entropy_terms(x, target) * grad).sum(), square)
    assert np.allclose(cross_entropy_gradient(None, square, target)[0](grad), expected, atol=1e-6), "N = C"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Part II: The engine

    ## 6. Recording the graph

    The rules exist; who calls them? In Module 01 you left a hook in `Tensor.apply`. Now you fill it. It sees every operation and adds a
    **node** to the graph: which functions compute gradients, and where those gradients go next. For $L = (a b + c) \cdot 5$:

    | `sequence_nr` | operation | its gradients go to |
    |---:|:---|:---|
    | 1 | `multiply` | leaf `a`, leaf `b` |
    | 2 | `add` | node 1, leaf `c` |
    | 3 | `multiply` | node 2 (5 is not a tensor) |

    A tensor that an operation made points to its node, its `grad_fn`. A tensor that you made yourself is a **leaf**. A gradient goes to the
    input's node, or, if it has none, to the input itself. If `c` was made without `requires_grad`, its entry is missing.

    Why does a node not hold its result? The result holds the node; if they held each other, that would be a reference cycle, and Python
    would keep both, with all their arrays, until its garbage collector runs. So a node keeps the shape, and the arrays that its functions mention.
    """)
    return


@app.class_definition(hide_code=True)
class Node:
    """One recorded operation: (parent, function) for each input that needs a gradient, and what the result looked like."""

    __slots__ = ("op", "next_functions", "sequence_nr", "shape", "dtype", "version", "hooks")

    def __init__(self, op, next_functions: list, out: np.ndarray):
        self.op, self.next_functions, self.sequence_nr = op, next_functions, next(next_sequence_nr)
        self.shape, self.dtype, self.version, self.hooks = out.shape, out.dtype, versions.latest, None

    def free(self) -> None:
        """Let go of what the functions keep in memory."""
        self.next_functions, self.version = None, -1

    def __repr__(self):
        return node_text(self.op)


@app.function(hide_code=True)
def missing_rule(op, *arrays):
    """The rule of an op that has none: the forward pass works, and asking for the gradient raises."""

    def to_input(grad):
        raise RuntimeError(f"{op.__name__} has no gradient rule: enter one with @gradient_of, or detach() its inputs")

    return (to_input,) * len(arrays)


@app.function
@Tensor.set_recorder
# points: 3
def record(op, out, inputs, arrays, params, backward=None):
    """Record the op on the graph if any input requires a gradient.

    Args:
        op: the function that was called.
        out: the tensor that came out.
        inputs: what went in: tensors and plain numbers.
        arrays: the same, with the tensors' arrays in their place.
        params: its options, by name.
        backward: what a rule would return, if the op brought that along.

    Returns:
        None; sets `out.requires_grad` and `out.grad_fn`.

    >>> a = Tensor([2.0], requires_grad=True)
    >>> product = a * 3
    >>> product.requires_grad, [parent is a for parent, _ in product.grad_fn.next_functions]
    (True, [True])

    Steps:
        1. Does no input require a gradient? Is `out` not made of floats? Is recording off (`grad_mode.enabled`)? Then stop here.
        2. Without a `backward`, take the op's rule from `gradients`, and call it. There is no rule? `missing_rule(op, *arrays)`.
        3. List a pair for each input that is a tensor and requires a gradient: its parent, and its function from `backward`. The parent
           is the input's `grad_fn`, or the input itself if it is a leaf.
        4. Set `out.requires_grad`, and `out.grad_fn` to `Node(op, pairs, out.array)`.

    Hint: section 2 says how a rule is called; `out` is a tensor, rules want arrays.
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
    for x, function in zip(inputs, backward):  # noqa: B905, options given by position have no gradient
        if isinstance(x, Tensor) and x.requires_grad:
            pairs.append((x.grad_fn or x, function))
    out.requires_grad = True
    out.grad_fn = Node(op, pairs, out.array)
    ### END SOLUTION


@app.function
# points: 3
def test_record():
    """WHAT: a node with the right parents if a gradient is wanted, and none if not; an op without a rule raises in backward.
    WHY: what is not recorded here has no gradient later, and there is no error to tell you.
    TIP: print `out.grad_fn.next_functions`. Leaves are there themselves, results through their node; all else is left out.
    """
    assert Tensor.recorder is record
    a, b = Tensor([2.0], requires_grad=True), Tensor([3.0])
    product = a * b
    assert product.requires_grad and not product.is_leaf, "a requires a gradient: there must be a node"
    ((parent, to_a),) = product.grad_fn.next_functions
    assert parent is a, "the only parent is a, because b does not require a gradient"
    grad = to_a(np.array([5.0]))
    assert product.grad_fn.shape == (1,) and isinstance(grad, np.ndarray) and grad.tolist() == [15.0], (
        "rules get arrays"
    )
    total = 1 + (product + a)
    ((inner, _),) = total.grad_fn.next_functions
    assert inner.next_functions[0][0] is product.grad_fn, "results through their node"
    assert not (b * b).requires_grad and (b * b).grad_fn is None, "no input requires a gradient"
    assert not Tensor.apply(np.greater, a, b).requires_grad, "True and False have no slope"
    assert total.grad_fn.sequence_nr > product.grad_fn.sequence_nr
    unknown = Tensor.apply(np.arctan2, a, b)
    assert unknown.requires_grad, (
        "arctan2 has no rule: the forward pass works, and its result still requires a gradient"
    )
    try:
        unknown.grad_fn.next_functions[0][1](np.ones(1))
    except RuntimeError as error:
        assert "arctan2" in str(error)
    else:
        raise AssertionError("asking for the gradient of arctan2 must raise a RuntimeError that names it")
    ### BEGIN HIDDEN TESTS
    own = Tensor.apply(lambda x: (2 * x, (lambda grad: 7 * grad,)), a)
    assert own.grad_fn.next_functions[0][1](1.0) == 7.0, "an op may bring its own gradient"
    rows = Tensor.apply(add_up, Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), axis=1)
    assert rows.grad_fn.next_functions[0][1](np.array([1.0, 10.0])).tolist() == [[1.0, 1.0], [10.0, 10.0]], (
        "params go to the rule by name"
    )
    assert Tensor.apply(np.arctan2, b, b).grad_fn is None, "no input asked for this gradient"
    assert (b - a).grad_fn.next_functions[0][1](np.ones(1)).tolist() == [-1.0], (
        "the function of this input, not of the first"
    )
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Backward: the youngest node first

    Look at $y = x \cdot x$, then $L = y + y \cdot x$. The gradient of $y$ arrives in two parts, one from each place where it was used. $y$ may
    pass on its gradient only when **both** are there. Following every path on its own would also be right, and hopeless: thirty times
    $x + x$ has $2^{30}$ paths, a billion, and only thirty operations.

    How do you know that all parts have arrived? Every operation that *uses* a result is younger than the result. Always take the **youngest**
    node that waits: everything that could still send it something is younger, and done. You need no sorting and no recursion; the
    `sequence_nr` in the nodes is enough. A heap gives out the smallest entry first, so put in minus the number.

    Two things happen on the way. If an input was **broadcast**, its gradient arrives too big, and every copy contributes to it: you
    wrote `sum_to_shape` in Module 01 for this moment. And a **leaf** passes nothing on: it adds to its `.grad`. That is why two
    calls of `backward` add up, and why you call `zero_grad` between two steps.
    """)
    return


@app.function(hide_code=True)
def accumulate(leaf, grad):
    """Add to a leaf's `.grad`, in place. The leaf owns that array, so the first one is copied, in row-major order."""
    for hook in leaf.hooks or ():
        grad = run_hook(hook, grad)
    if grad_mode.collected is not None:  # `grad` runs, which leaves every .grad alone
        grad_mode.collected.setdefault(leaf, []).append(grad)
    elif leaf.grad is None:
        leaf.grad = Tensor.wrap(np.array(grad, leaf.dtype, order="C"))
    else:
        leaf.grad.array += grad


@app.function(hide_code=True)
def run_hook(hook, grad):
    """Show a gradient to a hook, as a tensor; the hook may return another one to go on with."""
    changed = hook(Tensor.wrap(grad))
    return grad if changed is None else changed.array


@app.function(hide_code=True)
def first_gradient(tensor, gradient):
    """Where `backward` begins: at 1 for a single number, else at what the caller gives.

    Raises:
        RuntimeError: the tensor requires no gradient, has several numbers but none was given, or another shape than what was.
    """
    if not tensor.requires_grad:
        raise RuntimeError("this tensor depends on nothing with requires_grad=True, or was computed under no_grad")
    if gradient is None:
        if tensor.numel() != 1:
            raise RuntimeError(
                f"backward starts at one number, not at shape {tensor.shape}: take .sum() or .mean() first"
            )
        return np.ones_like(tensor.array)
    array = np.asarray(gradient.array if isinstance(gradient, Tensor) else gradient, tensor.dtype)
    if array.shape != tensor.shape:
        raise RuntimeError(f"the gradient has shape {array.shape} and its tensor {tensor.shape}: they must agree")
    return array


@app.function(hide_code=True)
def fit(grad, parent):
    """Give a gradient the shape and dtype of what it belongs to, where broadcasting or promotion has changed them."""
    grad = np.asarray(grad)
    return sum_to_shape(grad, parent.shape).astype(parent.dtype, copy=False)


@app.function(hide_code=True)
def arrived(node, grad):
    """What to do with a gradient where a node was freed, has hooks, or may need an array that has changed in place."""
    if node.next_functions is None:
        raise RuntimeError("an earlier backward() freed the graph: compute the loss again, or use retain_graph=True")
    for _, function in node.next_functions:
        if any(versions.changed_since(node.version, array) for array in mentioned(function)):
            raise RuntimeError(
                f"{node} needs an array that has changed in place: change it after backward(), or change a clone()"
            )
    for hook in node.hooks or ():
        grad = run_hook(hook, grad)
    return grad


@app.function
@Tensor.set_engine
# points: 4
def backward(tensor, gradient=None, retain_graph: bool = False) -> None:
    """Fill in `.grad` of every leaf that `tensor` depends on: what `tensor.backward()` does.

    There are no gradients of gradients: rules compute with arrays, and that is not recorded.

    Args:
        tensor: where to begin; one number, unless a `gradient` is given.
        gradient: tensor of the same shape: how much each number of `tensor` matters.
        retain_graph: keep the graph, so that backward can run again.

    Returns:
        None; adds to `.grad` of the leaves.

    Raises:
        RuntimeError: what `first_gradient` refuses, a graph that was freed, or an array that changed in place.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])

    Steps:
        1. Keep two things: `waiting`, from node to the gradient that has arrived there so far, and `queue`, a heap of
           (-sequence_nr, node). `heappush(queue, pair)` puts one in, `heappop(queue)` takes out the smallest.
        2. Take the youngest node, and the gradient that waited for it.
        3. If `node.version != versions.latest` (an array has changed in place, or the node was freed) or the node has hooks, go on with
           `arrived(node, grad)`, which is given.
        4. For each parent and function of its `next_functions`: call the function with the gradient. If shape or dtype are not the parent's,
           `fit` makes them so.
        5. A leaf accumulates. A node that waits already gets the sum, in a new array, because others may hold the old one; any
           other node begins to wait.
        6. Unless the graph is to be retained, free the node.

    Hint: try it on paper, for y = x * x and y + y * x: write `waiting` down after each node. A leaf is a Tensor, a node is not.
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
        if node.version != versions.latest or node.hooks:
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
            node.free()
    ### END SOLUTION


@app.function
# points: 4
def test_backward():
    """WHAT: gradients reach all leaves, through broadcasting and fan-out, at any depth; a used graph is refused.
    WHY: this loop is the heart of the framework.
    TIP: too large? A node went before all its parts had arrived, or an array that others hold was changed. Wrong shape? Step 4.
    """
    assert Tensor.recorder is record and Tensor.engine is backward and gradients[np.add] is add_gradient
    assert gradients[np.multiply] is multiply_gradient and gradients[add_up] is sum_gradient
    a, b, c = (Tensor(value, requires_grad=True) for value in (2.0, 3.0, 4.0))
    ((a * b + c) * 5).backward()
    assert (a.grad.item(), b.grad.item(), c.grad.item()) == (15, 10, 5), "the example of section 2"
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    row = Tensor([10.0, 20.0], requires_grad=True)
    (x * row).sum().backward()
    assert x.grad.tolist() == [[10, 20], [10, 20]] and row.grad.tolist() == [4, 6], "row was broadcast"
    x = Tensor([3.0], requires_grad=True)
    y = x * x
    (y + y * x).backward()
    assert x.grad.tolist() == [33.0], "x^2 + x^3 has the slope 2x + 3x^2"
    y = x
    for _ in range(20):
        y = y + y
    y.backward()
    assert x.grad.tolist() == [33.0 + 2**20], "each operation once; and gradients add up over two calls"
    try:
        y.backward()
    except RuntimeError:
        pass
    else:
        raise AssertionError("the graph was freed: a second backward must raise RuntimeError")
    ### BEGIN HIDDEN TESTS
    deep = x * 1
    for _ in range(2_000):
        deep = deep + 0
    x.grad = None
    deep.backward(retain_graph=True)
    deep.backward()
    assert x.grad.tolist() == [2.0], "any depth; with retain_graph twice"
    z = Tensor([1.0, 1.0], requires_grad=True)
    one, three = z * 1, z * 3
    later = three * 5
    ((one + three) + later).backward(Tensor([1.0, 10.0]))
    assert z.grad.tolist() == [19.0, 190.0], "an array that two nodes hold must not be added into"
    half = Tensor([1.0, 2.0], dtype=np.float16, requires_grad=True)
    (half * z.detach()).sum().backward()
    assert half.grad.dtype == np.float16, "a gradient has the dtype of its tensor"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    graph_formula = mo.ui.dropdown(
        ["(a * b + c) * 5", "(a * b + c) ** 2", "a * a + a * b * c", "relu(a * b - c) / c"],
        value="(a * b + c) * 5",
        label="L =",
    )
    graph_a, graph_b, graph_c = (
        mo.ui.slider(-4, 5, step=0.5, value=value, label=name, show_value=True)
        for name, value in (("a", 2), ("b", 3), ("c", 4))
    )
    mo.md(f"""
    ### Explore: the graph, with values and gradients

    The nodes that your `record` makes: the value on top, the gradient below it. **Predict**: in the second formula, what is the gradient
    of `a`? In the third, `a` is used three times: which arrows bring its parts? In the last, what do all gradients become when
    `a * b` is smaller than `c`? Then move the sliders.

    {mo.hstack([graph_formula, graph_a, graph_b, graph_c], justify="start", wrap=True)}
    """)
    return graph_a, graph_b, graph_c, graph_formula


@app.function(hide_code=True)
def explore_steps(f, leaves):
    """Run `f` forward and backward: [label, tensor, inputs, gradient] of every leaf and every operation, in order."""
    steps = [[name, leaf, (), None] for name, leaf in leaves.items()]

    def watch(op, out, inputs, arrays, params, backward=None):
        record(op, out, inputs, arrays, params, backward)
        step = [op.__name__, out, inputs, np.zeros(())]
        out.grad_fn.hooks = [lambda grad: step.__setitem__(3, grad.array)]
        steps.append(step)

    before, Tensor.recorder = Tensor.recorder, watch
    try:
        backward(f(**leaves))
    finally:
        Tensor.recorder = before
    for step in steps[: len(leaves)]:
        step[3] = np.zeros(()) if step[1].grad is None else step[1].grad.array
    return steps


@app.function(hide_code=True)
def explore_graph(formula, a, b, c):
    """Draw the graph of a formula: a box for each leaf and each operation, with value and gradient."""
    f = {
        "(a * b + c) * 5": lambda a, b, c: (a * b + c) * 5,
        "(a * b + c) ** 2": lambda a, b, c: (a * b + c) ** 2,
        "a * a + a * b * c": lambda a, b, c: a * a + a * b * c,
        "relu(a * b - c) / c": lambda a, b, c: relu(a * b - c) / c,
    }[formula]
    leaves = {name: Tensor(value, requires_grad=True) for name, value in (("a", a), ("b", b), ("c", c))}
    steps = explore_steps(f, leaves)
    place, column = {}, {}
    for _, tensor, inputs, _ in steps:
        depth = 1 + max((place[x][0] for x in inputs if isinstance(x, Tensor)), default=-1)
        place[tensor] = (depth, -column.get(depth, 0) - 0.4 * (depth % 2))
        column[depth] = column.get(depth, 0) + 1
    figure, axis = panels()
    arrow = {"arrowstyle": "-|>", "shrinkB": 40, "color": "gray"}
    for label, tensor, inputs, grad in steps:
        box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "black", "linewidth": 2 if tensor.is_leaf else 1}
        text = f"{label} = {tensor.item():.4g}\ngradient {float(grad):.4g}"
        axis.text(*place[tensor], text, ha="center", va="center", bbox=box, fontsize=9, zorder=2)
        for x in inputs:
            if isinstance(x, Tensor):
                axis.annotate("", place[tensor], place[x], zorder=1, arrowprops=arrow)
    axis.set(xlim=(-0.4, max(column) + 0.4), ylim=(-2.5, 0.5))
    axis.axis("off")
    return figure


@app.cell(hide_code=True)
def _(graph_a, graph_b, graph_c, graph_formula):
    show(explore_graph, graph_formula.value, graph_a.value, graph_b.value, graph_c.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 8. When not to record

    A trained network at inference needs no gradients, and an optimizer that changes the weights must not be recorded itself. `no_grad`
    (in `tinytorch/graph.py`, given) switches recording off, for the thread that runs it. `detach`, from Module 01, cuts at one place: the same numbers, as a leaf.
    """)
    return


@app.function
def test_no_grad():
    """WHAT: nothing is recorded inside the block, nor in a block within a block; after it recording goes on, also after an error.
    WHY: if recording stayed off, the network would never learn again, without an error.
    TIP: `no_grad` is given. If this fails, look at step 2 of record.
    """
    assert Tensor.recorder is record and Tensor.engine is backward and gradients[np.multiply] is multiply_gradient
    x = Tensor([1.0, 2.0], requires_grad=True)
    try:
        with no_grad(), no_grad():
            assert not (x * 2).requires_grad
            raise KeyError
    except KeyError:
        pass
    assert (x * 2).requires_grad
    (x * (x * x).detach()).sum().backward()
    assert x.grad.tolist() == [1.0, 4.0], "what was detached counts as a constant"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 9. Check every gradient: gradcheck

    A wrong rule does not crash. The network trains a little worse, and there is no error to tell you why. So every op of this course is
    compared with `numerical_gradient`, in float64, along one arbitrary direction of its outputs. Use it for every op you write from now on.
    """)
    return


@app.function
def gradcheck(f, inputs, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3) -> bool:
    """Compare the gradients of `backward` with numerical gradients, in float64.

    PyTorch: [`torch.autograd.gradcheck`](https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html).

    Args:
        f: function from tensors to one tensor of any shape; smooth near the inputs, and deterministic.
        inputs: a tensor, or a tuple of tensors; those of floats are checked, as float64 copies.
        eps: how far entries are nudged.
        atol, rtol: how far the two may differ: by atol + rtol times the numerical gradient.

    Returns:
        True.

    Raises:
        RuntimeError: a gradient is wrong; says whose, where, and what it should be.

    >>> gradcheck(lambda a, b: a * b, (Tensor([2.0, 3.0]), Tensor([5.0])))
    True
    """
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves = [Tensor(x, dtype=float64, requires_grad=True) if x.dtype.kind == "f" else x for x in inputs]
    out = f(*leaves)
    direction = np.cos(np.arange(out.numel())).reshape(out.shape)  # no two outputs count the same
    backward(out, direction)

    def moved(array, place):
        with no_grad():
            return (f(*leaves[:place], Tensor(array, dtype=float64), *leaves[place + 1 :]).array * direction).sum()

    for place, leaf in enumerate(leaves):
        if leaf.requires_grad:
            expected = numerical_gradient(lambda array, place=place: moved(array, place), leaf.array, eps)
            found = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.array
            wrong = np.abs(found - expected) > atol + rtol * np.abs(expected)
            if wrong.any():
                at = tuple(int(i) for i in np.argwhere(wrong)[0])
                raise RuntimeError(
                    f"the gradient of input {place} at {at} is {found[at]:.6g}, but central differences give {expected[at]:.6g}"
                )
    return True


@app.function
def test_gradcheck():
    """WHAT: right rules pass, wrong ones are named with the place; integers are left alone.
    WHY: a check that cannot fail checks nothing.
    TIP: gradcheck is given. It relies on numerical_gradient, record and backward.
    """
    assert Tensor.recorder is record and Tensor.engine is backward and gradients[np.matmul] is matmul_gradient
    assert gradcheck(lambda a, b: a @ b, (randn(3, 4), randn(4, 2)))
    assert gradcheck(lambda x, i: x[i], (randn(3), Tensor([0, 2, 0])))
    twice = lambda x: Tensor.apply(lambda a: (a * a, (lambda grad: grad * a,)), x)  # noqa: E731
    try:
        gradcheck(twice, Tensor([0.0, 3.0]))
    except RuntimeError as error:
        assert "input 0 at (1,)" in str(error), "the message must say where"
    else:
        raise AssertionError("a rule that is wrong by a factor of 2 must be found")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### The remaining rules

    Nothing in them is new, so they are given: the other functions of Modules 01 to 04. The simple ones are a table, a line for each op,
    as in PyTorch. Open it: in `np.reshape` nothing is computed at all; `maximum` shares the gradient where both are equal.
    """)
    return


@app.function(hide_code=True)
def table_of(rules):
    """Decorator: enter the rules that a function returns."""
    for op, rule in rules().items():
        gradient_of(op)(rule)
    return rules


@app.function(hide_code=True)
@table_of
def simple_rules():
    """Op -> rule, where the rule is a line."""
    constant = lambda out, a, b: (lambda grad: 0 * grad, lambda grad: 0 * grad)  # noqa: E731
    back = lambda out, x, **params: (lambda grad: grad.reshape(x.shape),)  # noqa: E731
    return {
        np.negative: lambda out, x: (lambda grad: -grad,),
        np.exp: lambda out, x: (lambda grad: grad * out,),
        np.log: lambda out, x: (lambda grad: grad / x,),
        np.sqrt: lambda out, x: (lambda grad: grad / (2 * out),),
        np.absolute: lambda out, x: (lambda grad: select(x != 0, grad) * np.sign(x),),
        np.floor_divide: constant,
        np.remainder: lambda out, a, b: (lambda grad: grad, lambda grad: -grad * np.floor_divide(a, b)),
        np.maximum: lambda out, a, b: (share(a, b, np.greater), share(b, a, np.greater)),
        np.minimum: lambda out, a, b: (share(a, b, np.less), share(b, a, np.less)),
        choose: lambda out, a, b, condition: (lambda g: select(condition, g), lambda g: select(~condition, g)),
        cast: lambda out, x, dtype: (lambda grad: grad,),
        np.reshape: back,
        np.expand_dims: back,
        np.squeeze: back,
        np.swapaxes: lambda out, x, axis1, axis2: (lambda grad: grad.swapaxes(axis1, axis2),),
        np.transpose: lambda out, x, axes: (lambda grad: grad.transpose(np.argsort(np.arange(x.ndim)[list(axes)])),),
        leaky_relu: lambda out, x, negative_slope=0.01: (lambda grad: np.where(x > 0, grad, negative_slope * grad),),
        sigmoid: lambda out, x: (lambda grad: grad * out * (1 - out),),
        tanh: lambda out, x: (lambda grad: grad * (1 - out * out),),
        log_softmax: lambda out, x, dim=-1: (lambda g: g - np.exp(out) * g.sum(axis=dim, keepdims=True),),
        linear: lambda out, x, weight, bias=None: (
            lambda grad: (rows(grad) @ weight).reshape(x.shape),
            lambda grad: rows(grad).T @ rows(x),
            lambda grad: add_up(rows(grad), axis=0),
        ),
        binary_cross_entropy_terms: lambda out, x, target: (
            lambda grad: grad * (sigmoid(x) - target),
            lambda grad: -grad * x,
        ),
    }


@app.function(hide_code=True)
def rows(x):
    """All leading axes as one: a table of rows."""
    return x.reshape(-1, x.shape[-1])


@app.function(hide_code=True)
def share(a, b, wins):
    """The gradient of `a` in maximum or minimum: all of it where a wins, half where both are equal."""
    return lambda grad: select(wins(a, b), grad) + select(np.equal(a, b), grad / 2)


@app.function(hide_code=True)
@gradient_of(power)
def power_gradient(out, base, exponent):
    """Rule for base ** exponent. An exponent of 0 has no slope; 0 stays 0 for every exponent above 0."""

    def to_base(grad):
        return select(
            np.not_equal(exponent, 0) | (grad != grad), grad * exponent * base ** (exponent - np.not_equal(exponent, 0))
        )

    def to_exponent(grad):
        return grad * out * np.log(np.where((base == 0) & (exponent >= 0), 1, base))

    return to_base, to_exponent


@app.function(hide_code=True)
@gradient_of(clip)
def clip_gradient(out, x, low=None, high=None):
    """Rule for clamp: the gradient goes to x where nothing was cut, and to the bound where x was."""
    below = False if low is None else x < low
    above = False if high is None else x > high
    inside = ~(below | np.asarray(above))
    return (
        lambda grad: select(inside, grad),
        lambda grad: select(np.asarray(below), grad),
        lambda grad: select(np.asarray(above), grad),
    )


@app.function(hide_code=True)
@gradient_of(np.max, np.min)
def extreme_gradient(out, x, axis=None, keepdims=False):
    """Rule for amax and amin: the gradient goes to the largest; where several are equal they share it, as in PyTorch."""
    (spread,) = sum_gradient(out, x, axis, keepdims)

    def to_x(grad):
        winners = x == spread(out)
        return select(
            winners, np.ascontiguousarray(spread(grad) / winners.sum(axis=axis, keepdims=True).astype(x.dtype))
        )

    return (to_x,)


@app.function(hide_code=True)
@gradient_of(concatenate)
def concatenate_gradient(out, *arrays, dim):
    """Rule for cat: each input gets the piece that came from it."""
    ends = np.cumsum([array.shape[dim] for array in arrays])

    def piece(i):
        return lambda grad: np.split(grad, ends[:-1], axis=dim)[i]

    return tuple(piece(i) for i in range(len(arrays)))


@app.function(hide_code=True)
@gradient_of(stack_arrays)
def stack_gradient(out, *arrays, dim):
    """Rule for stack: each input gets its slice."""
    return tuple((lambda grad, i=i: np.moveaxis(grad, dim, 0)[i]) for i in range(len(arrays)))


@app.function(hide_code=True)
@gradient_of(gelu)
def gelu_gradient(out, x, approximate="tanh"):
    """Rule for gelu, x/2 (1 + tanh u): the product rule, and the slope of u."""

    def to_x(grad):
        near = np.clip(x, -10, 10)  # beyond, gelu is straight, and the cube of a huge x would be inf
        bend = np.tanh(math.sqrt(2 / math.pi) * (near + 0.044715 * near * near * near))
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near * near)
        return grad * (0.5 * (1 + bend + near * (1 - bend * bend) * slope))

    return (to_x,)


@app.function
def test_every_rule():
    """WHAT: every op in the table matches its numerical gradient.
    WHY: a wrong rule does not crash.
    TIP: the message names the op. If its rule isn't yours, it relies on something that is: divide, say, needs sum_to_shape.
    """
    assert Tensor.recorder is record and Tensor.engine is backward
    x, y, positive, spread = randn(3, 4), randn(4), 1 + randn(3, 4) ** 2, Tensor([[-2.0, 0.5, 3.0], [4.0, 1.5, -1.0]])
    cases = {
        "add": (lambda a, b: a + b, (x, y)),
        "subtract": (lambda a, b: a - b, (x, y)),
        "multiply": (lambda a, b: a * b, (x, y)),
        "divide": (lambda a, b: a / b, (y, positive)),
        "power": (lambda a, b: a**b, (positive, y)),
        "negative": (lambda a: -a, x),
        "exp": (Tensor.exp, x),
        "log": (Tensor.log, positive),
        "sqrt": (Tensor.sqrt, positive),
        "absolute": (Tensor.abs, spread),
        "floor_divide": (lambda a: Tensor.apply(np.floor_divide, a, 1) + a, spread + 0.3),
        "remainder": (lambda a, b: Tensor.apply(np.remainder, a, b), (spread, spread * 0 + 0.7)),
        "clip": (lambda a, b: a.clamp(-1.2, 2) * a.clamp(b), (spread, Tensor([0.0, 1.0, 2.0]))),
        "maximum": (lambda a: maximum(a, 1), spread),
        "minimum": (lambda a: Tensor.apply(np.minimum, a, 1), spread),
        "max": (lambda a: a.amax(0), spread),
        "min": (lambda a: a.amin(1, keepdim=True), spread),
        "choose": (lambda a, b: where(spread > 0, a, b), (spread, spread * 2)),
        "cast": (lambda a: Tensor.apply(cast, a, dtype=float64), x),
        "add_up": (lambda a: a.sum(0) * a.mean(), x),
        "getitem": (lambda a: a[[0, 2, 0], 1:], x),
        "reshape": (lambda a: a.reshape(2, 6), x),
        "expand_dims": (lambda a: a.unsqueeze(1), x),
        "squeeze": (lambda a: a.unsqueeze(1).squeeze(), x),
        "swapaxes": (lambda a: a.transpose(0, 1), x),
        "transpose": (lambda a: a.reshape(3, 2, 2).permute(-1, 0, 1), x),
        "matmul": (lambda a, b: (a @ b) * (b @ b), (x, y)),
        "concatenate": (lambda a, b: cat([a, b], dim=-1), (x, positive)),
        "stack_arrays": (lambda a, b: stack([a, b], dim=1), (x, positive)),
        "linear": (linear, (x, randn(2, 4), randn(2))),
        "relu": (relu, spread),
        "leaky_relu": (leaky_relu, spread),
        "sigmoid": (sigmoid, x),
        "tanh": (tanh, x),
        "gelu": (gelu, x),
        "softmax": (lambda a: softmax(a, dim=0), x),
        "log_softmax": (lambda a: log_softmax(a, dim=0), x),
        "cross_entropy_terms": (cross_entropy_terms, (x, Tensor([3, 0, 1]))),
        "binary_cross_entropy_terms": (binary_cross_entropy_terms, (x, positive)),
    }
    names = {op.__name__.replace("amax", "max").replace("amin", "min") for op in gradients}
    assert names == set(cases), "every rule needs a case, and every case its rule"
    for name, (f, inputs) in cases.items():
        try:
            gradcheck(f, inputs)
        except RuntimeError as error:
            raise AssertionError(f"{name}: {error}") from None


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does remembering cost?

    Sixteen layers of 256 neurons with ReLU, 1024 rows: each layer makes two results of 1 MiB, one from `linear` and one from `relu`, 32
    MiB in all. **Predict**: how much memory does a forward pass take under `no_grad`? How much with notes: 32 MiB, more, or less? And
    how long does forward with backward take, compared with forward alone? Then measure.
    """)
    return


@app.function(hide_code=True)
def measure_memory(depth=16, rows=1024, width=256, rounds=5):
    """Markdown: median time and peak memory of a deep network, without notes, with notes, and with the way back."""
    weights = [Tensor(np.full((width, width), 1 / width), requires_grad=True) for _ in range(depth)]
    start = Tensor(np.ones((rows, width)))

    def forward():
        x = start
        for weight in weights:
            x = relu(linear(x, weight))
        return x

    def without_notes():
        with no_grad():
            return forward()

    def there_and_back():
        for weight in weights:
            weight.grad = None
        backward(forward().sum())

    costs = compare(
        {"forward, no_grad": without_notes, "forward": forward, "forward and backward": there_and_back}, rounds
    )
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


@app.cell
def _(measure_button):
    # measured when asked for, not after every keystroke; the book asks through the environment when it is built
    mo.stop(not (measure_button.value or os.environ.get("TINYTORCH_MEASURE")))

    show(measure_memory)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Without notes, a result is gone as soon as the next one exists. With notes, what the rules mention stays: `linear` keeps its input,
    `relu` its output, and that is the *same* array. So about 16 MiB stay, not 32: a rule that mentioned `relu`'s input as well would
    have cost the other half. The notes themselves take microseconds; what the second line takes longer than the first goes into memory
    that has never been used before. The way back does two products where the way there did one.

    ## Complexity

    Of a network with $P$ parameters, whose forward pass does $F$ operations in $n$ ops:

    | | operations | memory |
    |---|---|---|
    | `numerical_gradient` | $2 P F$ | one copy of $P$ |
    | `record` | a few for each op: $O(n)$ | what the rules mention: grows with depth and batch |
    | `backward` | about $2 F$, and $n \log w$ for the queue, with $w$ nodes waiting | $P$ for the gradients, and what waits |
    | `softmax_gradient` of a row of $C$ | $4 C$, not $C^2$ | $C$ |

    Parameters are paid once, notes for every row of the batch: **graph memory** is why a GPU runs out of memory in training and not at work.

    ## In production

    PyTorch's rules are a table, too: `tools/autograd/derivatives.yaml`, one line for each operation. Its engine takes the youngest
    waiting node first, as yours does (`ReadyQueue` in `torch/csrc/autograd/engine.cpp`, where the number is called `sequence_nr`), with
    threads. `no_grad` is in `torch/autograd/grad_mode.py`, and the checker in `torch/autograd/gradcheck.py`. Where you hand `backward` plain
    arrays, PyTorch can record the way back as well, and so has gradients of gradients. And it counts how often an array was changed in
    place since it was saved, and refuses; writing into `x.array` between forward and backward goes unnoticed, there as here.

    ## Questions
    """)
    return


@app.function
def answer_graph_bytes():
    """How many bytes do the notes of one forward pass keep alive, besides the parameters?

    The network is 784-256-128-10 with ReLU between the linear layers, in float32, on a batch of 64 images; take the rules of this
    module, and do not count the loss.

    Hint: which arrays do the rules of `linear` and `relu` mention? Count each array once.
    """
    ### BEGIN SOLUTION
    return 4 * 64 * (784 + 256 + 128)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_graph_bytes():
    """WHAT: the memory that training needs and work does not.
    WHY: it grows with the batch, so it decides how large a batch may be.
    TIP: go through the network op by op. What does the last linear layer keep: its input or its output?
    """
    answer = answer_graph_bytes()
    kept = [np.zeros((64, width), dtype=np.float32) for width in (784, 256, 128)]  # the input, and what each relu made
    assert answer == sum(array.nbytes for array in kept)


@app.cell(hide_code=True)
def question_wrong_rule():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** Somebody writes $2 x$ instead of $x$ into the rule for `multiply`, for one of the two inputs. The loss still goes down.
    Why? In which networks would nobody ever notice, and in which would training break? How do you find out, without knowing which of
    thirty rules is wrong?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_recompute():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A network of a hundred layers does not fit into memory, because of its notes. You may keep only every tenth layer's
    input, and run the ten layers in between once more when the way back reaches them. What is kept then, at most, compared with
    before? What does it cost in time? Why is ten a good choice for a hundred?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A gradient has the shape of what it belongs to: how much the loss moves with each of its numbers.
    - Trying gives any gradient, at two forward passes for each number: good for checking, useless for training.
    - Every operation has a rule of its own; the chain rule makes a network's gradient of them, whatever the network.
    - Forward takes notes; what the rules mention stays in memory. Backward takes the youngest node first, and each of them once.
    - Gradients of a leaf add up. A wrong rule does not crash: `gradcheck`.

    **Next:** export your work with `tito module complete 05`. Module 06 knows which way is down, and decides how far to go.
    """)
    return


if __name__ == "__main__":
    app.run()
