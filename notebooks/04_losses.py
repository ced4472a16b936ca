import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 04: Losses")

with app.setup(hide_code=True):
    import math

    import marimo as mo
    import numpy as np

    from tinytorch.activations import log_softmax, sigmoid, softmax
    from tinytorch.layers import Linear, ReLU, Sequential
    from tinytorch.tensor import Tensor, manual_seed, op, randn
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 04: Losses

    A network outputs scores. How wrong are they? The answer must be *one* number, or you couldn't say which of two networks is
    better; and it must tell a bad mistake from a small one, or you couldn't improve a network step by step. Here you write the four
    losses that train nearly everything, and find out why none of them takes a probability.

    **When you are done:** I can ...

    - choose between squared and absolute error, and say which average each of them finds;
    - say what a confident mistake costs, and what loss to expect of an untrained network with ten classes;
    - write cross-entropy so that no score makes it `inf` or `nan`, and say what float32 can and can't represent.

    **You need:** Modules 01 to 03. **It unlocks:** Module 05, autograd.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("losses")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. Reduction: one number out of many

    Every example has its own loss. Add them up, and a batch of 64 looks twice as bad as one of 32; take the mean, and you can
    compare the two. So `"mean"` is the default. A misspelled reduction is an error: a guess would train on the wrong number.
    """)
    return


@app.function
def reduce(terms: Tensor, reduction: str = "mean") -> Tensor:
    """Reduce a tensor of losses to one number, "mean" or "sum". "none" returns it unchanged; anything else is a ValueError.

    >>> reduce(Tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    if reduction == "none":
        return terms
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction must be "mean", "sum" or "none", not {reduction!r}')
    return terms.mean() if reduction == "mean" else terms.sum()


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Mean squared error: how far off?

    The network predicts $\hat y = (2, 5)$, and the target is $y = (3, 1)$. The errors are $-1$ and $4$. Drop the sign, or they
    cancel. Squaring does that, and makes a large error count far more than a small one: $\text{MSE} = \frac{1}{2}(1 + 16) = 8.5$.

    There is a trap. A linear layer with one output returns a *column*, of shape $(3, 1)$; targets often have shape $(3,)$.
    Broadcasting then compares every prediction with every target. Take perfect predictions, 1, 2, 3 for 1, 2, 3:

    $$\begin{pmatrix} 1 \\ 2 \\ 3 \end{pmatrix} - \begin{pmatrix} 1 & 2 & 3 \end{pmatrix} = \begin{pmatrix} 0 & -1 & -2 \\ 1 & 0 & -1 \\ 2 & 1 & 0 \end{pmatrix}
    \qquad \text{mean square: } \frac{12}{9} = 1.33$$

    A network that answers 2 to everything gets $6 / 9 = 0.67$, *less*. Training would end there: no error, no `nan`, and nothing
    learned but the mean. PyTorch only warns. We raise an error.
    """)
    return


@app.function
def check_shapes(input: Tensor, target: Tensor) -> None:
    """ValueError if the two shapes differ: broadcasting would silently compute another loss."""
    if input.shape != target.shape:
        raise ValueError(f"input has shape {input.shape}, target has shape {target.shape}: reshape one of them")


@app.function
def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Mean squared error, as in PyTorch.

    Args:
        input, target: tensors of one shape: the predictions, and the right answers.
        reduction: "mean", "sum" or "none".

    Returns:
        Scalar tensor, of shape (); for "none", a tensor with the shape of `input`.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.

    >>> mse_loss(Tensor([2.0, 5.0]), Tensor([3.0, 1.0]))
    tensor(8.5000)

    Steps:
        1. Refuse shapes that differ.
        2. Compute the loss of each entry, with tensor operations. Reduce.

    Hint: the two functions above help. Stay with tensors, so that `Tensor.apply` sees every operation.
    """
    ### BEGIN SOLUTION
    check_shapes(input, target)
    return reduce((input - target) ** 2, reduction)
    ### END SOLUTION


@app.function
# points: 2
def test_mse_loss():
    """WHAT: squared errors for every reduction; float32; tensor operations; shapes that differ are refused.
    WHY: a loss that broadcasts trains a network to answer the mean, and nothing looks broken.
    TIP: compute the four squared errors of the test by hand. Which step differs: the square, the reduction, or the refusal?
    """
    x, y = Tensor([[2.0, 5.0], [0.0, -1.0]]), Tensor([[3.0, 1.0], [0.0, 1.0]])
    close(mse_loss(x, y, reduction="none"), [[1.0, 16.0], [0.0, 4.0]], 'mse_loss, reduction="none"', dtype=np.float32)
    close(mse_loss(x, y), 5.25, "mse_loss, the mean", dtype=np.float32)
    close(mse_loss(x, y, reduction="sum"), 21.0, 'mse_loss, reduction="sum"')
    close(mse_loss(x, y.long()), 5.25, "mse_loss with integer targets", dtype=np.float32)
    bad = ((x, Tensor([3.0, 1.0]), "mean"), (x.reshape(4, 1), y.reshape(4), "mean"), (x, y, "avg"))
    for input, target, reduction in bad:
        try:
            mse_loss(input, target, reduction)
        except ValueError:
            continue
        case = f"input {input.shape}, target {target.shape} and reduction={reduction!r}"
        raise AssertionError(f"mse_loss must raise ValueError for {case}")
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda function, out, inputs, *rest: seen.extend(inputs)
    try:
        mse_loss(x, y)
    finally:
        Tensor.recorder = before
    assert any(tensor is x for tensor in seen), (
        "Tensor.apply did not see `input`: compute with tensors, not with arrays"
    )


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. L1: how much should an outlier count?

    The other way to drop a sign is the absolute value: $|-1|$ and $|4|$ have the mean 2.5. An error of 4 now counts four times as
    much as an error of 1, not sixteen times. That sounds like a detail. It decides what the network learns.
    """)
    return


@app.function
def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Mean absolute error; same arguments, result and errors as `mse_loss`.

    >>> l1_loss(Tensor([2.0, 5.0]), Tensor([3.0, 1.0]))
    tensor(2.5000)
    """
    check_shapes(input, target)
    return reduce((input - target).abs(), reduction)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Can one loss be both: smooth near 0, where the absolute value has a corner, and robust to outliers? The **Huber loss** is half the
    square up to an error of `delta`, and beyond it a straight line with the same slope. For `delta=1`, errors of 0.5, 1 and 4 cost 0.125,
    0.5 and 3.5. `smooth_l1_loss` is the same curve divided by `beta`, so that the line has slope 1. Both are in
    `tinytorch/vocabulary/losses.py`.
    """)
    return


@app.cell(hide_code=True)
def _():
    outlier = mo.ui.slider(0, 30, step=0.5, value=5, label="the fifth target", show_value=True)
    mo.md(f"""
    ### Explore: which single answer is best?

    Five targets, 1, 2, 3, 4 and one that you move, and a network that can output only one number. **Predict**: which number
    minimizes the MSE, and which the L1 loss? Drag the fifth target from 5 to 30: how far does each minimum move?

    {outlier}
    """)
    return (outlier,)


@app.function(hide_code=True)
def explore_outlier(fifth):
    """Figure: both losses of every constant answer, and the best answers."""
    target, answers = Tensor([1.0, 2.0, 3.0, 4.0, fifth]), np.arange(0, 12.01, 0.05)
    figure, both_axes = panels(2)
    for axes, loss in zip(both_axes, (mse_loss, l1_loss), strict=True):
        losses = [loss(Tensor(np.full(5, answer)), target).item() for answer in answers]
        axes.plot(answers, losses)
        axes.axvline(best := answers[np.argmin(losses)], color="gray", linestyle=":")
        axes.plot(target.tolist(), np.zeros(5), "k|", markersize=16)
        axes.set(xlim=(0, 12), ylim=(0, None), xlabel="answer", title=f"{loss.__name__}: smallest at {best:.1f}")
    return figure


@app.cell(hide_code=True)
def _(outlier):
    show(explore_outlier, outlier.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Cross-entropy: what does a confident mistake cost?

    A classifier gives the right class the probability $p$. How wrong is that? $1 - p$ comes to mind. But ask how probable *all* right
    answers are together: the **likelihood** $p_1 \cdot p_2 \cdots p_n$ should be large. For 1797 images and $p = 0.1$ it is
    $10^{-1797}$, too small for any float. Its logarithm is a sum, so each example gets its own loss, $-\log p$, which is 0 for $p = 1$:

    | $p$ | $1 - p$ | $-\log p$ | |
    |---:|---:|---:|:---|
    | 0.5 | 0.5 | 0.693 | a coin flip |
    | 0.1 | 0.9 | 2.303 | a guess among ten |
    | 0.001 | 0.999 | 6.908 | sure of another class |

    By $1 - p$ the last two are nearly equal. By $-\log p$, being sure and wrong is three times as bad as guessing, and there is no
    limit. (The unit is the *nat*.) Now from scores. Module 02 computed the log-softmax of $(2, 1, 0.1)$: $(-0.417, -1.417, -2.317)$. If
    class 0 is right, the loss is 0.417; if class 2 is, it is 2.317. A batch has scores of shape $(N, C)$, and $N$ class indices.
    """)
    return


@app.function
@op
def cross_entropy_terms(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each row of scores: how surprising is the right class?

    Args:
        logits: array of scores, of shape (N, C).
        target: array of N class indices, integers in 0 .. C - 1.

    Returns:
        New array of shape (N,), with the dtype of `logits`: -log softmax(logits) at the targets.

    >>> cross_entropy_terms(np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), np.array([2, 1])).round(3)
    array([2.317, 1.099])

    Steps:
        1. Turn each row of scores into log-probabilities.
        2. Pick one number from each row; mind the sign.

    Hint: indexed with two lists, of rows and of columns, a NumPy array returns one number for each pair.
    """
    ### BEGIN SOLUTION
    return -log_softmax(logits, dim=-1)[np.arange(len(target)), target]
    ### END SOLUTION


@app.function
# points: 4
def test_cross_entropy_terms():
    """WHAT: one loss per row, at the target; finite for every finite score; float32 stays; the scores do not change.
    WHY: this line trains every classifier and every language model.
    TIP: wrong shape? A whole column, or one number per row? An overflow, or log of 0? You computed a probability first.
    """
    x = np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [1.0, 2.0, 3.0]], dtype=np.float32)
    scores = x.copy()
    out = cross_entropy_terms(scores, np.array([2, 1, 1, 0]))
    close(out, [2.31702, 1.09861, 0.09492, 2.40761], "cross_entropy_terms of 4 rows", dtype=np.float32, atol=1e-5)
    close(scores, x, "cross_entropy_terms must not change the scores it is given")
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        out = cross_entropy_terms(np.array([[0.0, -200.0], [1000.0, 0.0]], dtype=np.float32), np.array([1, 1]))
    close(out, [200.0, 1000.0], "very wrong scores, whose losses are finite")
    out = cross_entropy_terms(Tensor(x), Tensor([2, 1, 1, 0]))
    assert isinstance(out, Tensor), "for tensors it must return a tensor: keep the @op above it"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Which class is number -1?

    For NumPy it is the last one. A label of -1, which many data sets use for "unknown", would train the network to answer 9, and
    the loss would look like any other. So check class indices before you use them: their shape, their dtype, their range.
    """)
    return


@app.function
def cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """How surprising the right classes are: -log softmax, at the targets.

    Args:
        input: tensor of scores (logits), of shape (N, C).
        target: tensor of N integers of any dtype, the class indices, in 0 .. C - 1.
        reduction: "mean", "sum" or "none".

    Returns:
        Scalar tensor, of shape (); for "none", a tensor of shape (N,).

    Raises:
        ValueError: `input` is not (N, C), `target` is not (N,), or there is no such reduction.
        TypeError: the class indices are not integers (booleans aren't either).
        IndexError: there is no such class.

    >>> cross_entropy(Tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), Tensor([2, 1]))
    tensor(1.7078)

    Steps:
        1. Refuse wrong shapes, then a wrong dtype, then indices out of range. Say what you got.
        2. Compute the loss of each row, and reduce. Stay with tensors, so that `Tensor.apply` sees it.

    Hint: `dtype.kind` is one letter: "i" and "u" are integers, "f" floats, "b" booleans.
    """
    ### BEGIN SOLUTION
    if input.ndim != 2 or target.shape != input.shape[:1]:
        raise ValueError(f"input {input.shape}, target {target.shape}: give rows of scores, and a class index for each")
    if target.dtype.kind not in "iu":
        raise TypeError(f"class indices must be integers, not {target.dtype}: use target.long()")
    classes = input.shape[1]
    outside = target.array[(target.array < 0) | (target.array >= classes)]
    if len(outside):
        raise IndexError(f"there is no class {outside[0]}: number the {classes} classes from 0 to {classes - 1}")
    return reduce(cross_entropy_terms(input, target), reduction)
    ### END SOLUTION


@app.function
# points: 3
def test_cross_entropy():
    """WHAT: the loss for every reduction; shapes, dtypes and class indices that do not fit are refused.
    WHY: NumPy counts a negative index from the end, and a network quietly learns the wrong class.
    TIP: is the loss wrong, or did a bad input get through? Print what your checks see: shapes, `target.dtype`, the class indices.
    """
    x, y, terms = Tensor([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), Tensor([2, 1]), [2.31702, 1.09861]
    close(cross_entropy(x, y), sum(terms) / 2, "cross_entropy, the mean", dtype=np.float32, atol=1e-5)
    close(cross_entropy(x, y, reduction="none"), terms, 'cross_entropy, reduction="none"', atol=1e-5)
    close(cross_entropy(x, y, reduction="sum"), sum(terms), 'cross_entropy, reduction="sum"', atol=1e-5)
    close(cross_entropy(x, Tensor(np.array([2, 1], dtype=np.uint8))), sum(terms) / 2, "uint8 targets", atol=1e-5)
    bad = {IndexError: ([2, -1], [2, 3]), TypeError: ([2.0, 1.0], [True, False]), ValueError: ([2], [[2], [1]], 2)}
    cases = [(expected, x, target) for expected, targets in bad.items() for target in targets]
    for expected, scores, target in [*cases, (ValueError, x.reshape(2, 3, 1), [2, 1])]:
        raised = "nothing"
        try:
            cross_entropy(scores, Tensor(target))
        except expected:
            continue
        except Exception as error:
            raised = type(error).__name__
        wanted = f"must raise {expected.__name__} for scores of shape {scores.shape} and target {target}"
        raise AssertionError(f"cross_entropy {wanted}; it raised {raised}")
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda function, out, inputs, *rest: seen.extend(inputs)
    try:
        cross_entropy(x, y)
    finally:
        Tensor.recorder = before
    assert any(tensor is x for tensor in seen), (
        "Tensor.apply did not see `input`: compute with tensors, not with arrays"
    )


@app.function(hide_code=True)
def explore_untrained():
    """Markdown: the loss of an untrained network, and of the same network with larger scores."""
    manual_seed(4)
    scores = Sequential(Linear(64, 32), ReLU(), Linear(32, 10))(randn(500, 64))
    target = randn(500, 10).argmax(dim=1)
    losses = {k: cross_entropy(k * scores, target).item() for k in (0, 1, 3, 10, 30)}
    return mo.md(f"""
    **What loss should an untrained network have?** 500 random inputs, ten random classes, and all scores times a factor, which
    doesn't change the order of the classes: {", ".join(f"times {k}: **{loss:.3f}**" for k, loss in losses.items())}. A guess costs
    $\\log 10 = 2.303$. Overconfident guessing costs more: an initial loss far above 2.303 means the weights are too large.
    """)


@app.cell(hide_code=True)
def _():
    show(explore_untrained)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    **PyTorch's options.** Yours is the common case. `nn.functional.cross_entropy` has more options: it is in
    `tinytorch/vocabulary/losses.py`, and calls yours if you use none of these.

    | option | what it is for |
    |:---|:---|
    | `ignore_index=-100` | padding in a text, pixels without a label: such a row costs nothing, and the mean skips it |
    | `weight`, of shape $(C,)$ | rare classes count more; the mean is weighted, divided by the sum of the weights |
    | `label_smoothing=0.1` | the target is 90 % the right class and 10 % spread over all classes, so that no score has to grow forever |
    | a float `target` shaped like `input` | a probability for each class instead of a class index |
    | scores of shape $(N, C, d_1, \dots)$ or $(C,)$ | one class for each pixel or token, or a single example |

    The same file has `nll_loss`, the second half alone, which takes log-probabilities instead of scores, and all losses as modules,
    such as `nn.CrossEntropyLoss`.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Binary cross-entropy: why do losses take logits?

    Yes or no: one score $x$, and $p = \sigma(x)$. The target $y$ is 1 or 0, or in between if the label is uncertain. The loss is
    $-y \log \sigma(x) - (1 - y) \log (1 - \sigma(x))$. What does float32 make of it?

    It has 24 significant bits, and the point floats: the number after 1 is $1 + 1.2 \cdot 10^{-7}$, the number after 0 is
    $1.4 \cdot 10^{-45}$. Of all float32 numbers between 0 and 1, 81 % are smaller than $6 \cdot 10^{-8}$. A probability can come very
    close to 0, but near 1 there is no room. For the target 0:

    | $x$ | $\sigma(x)$ in float32 | $-\log(1 - \sigma(x))$ | true loss |
    |---:|---:|---:|---:|
    | 16 | 0.9999999 | 15.94239 | 16.00000 |
    | 17 | 1 | **inf** | 17.00000 |

    At first you lose digits, then everything, and 17 is not an extreme score. The fix is the same as for log-softmax: never compute
    the probability. Both logarithms, and the whole loss, follow from the score:

    $$-\log \sigma(x) = \log(1 + e^{-x}) \qquad -\log(1 - \sigma(x)) = \log(1 + e^x) \qquad \ell = \log(1 + e^x) - x y$$

    Two traps are left. $e^x$ overflows from 89 on; but $\log(1 + e^x) = x + \log(1 + e^{-x})$: which side is safe for which sign?
    (`np.where` computes both of its branches.) And for $x = -20$ the 1 swallows $e^{-20} = 2 \cdot 10^{-9}$; NumPy's `log1p(z)` is
    $\log(1 + z)$ without adding the 1. All of this is *one* op on arrays: Module 05 gives each op a gradient rule, and the rule for
    the whole is simpler than the rules for its parts.
    """)
    return


@app.function
@op
def binary_cross_entropy_terms(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each score: how surprising is the answer?

    Args:
        logits: array of scores, of any shape.
        target: array of the same shape, from 0 (no) to 1 (yes).

    Returns:
        Array of the same shape; float32 for float32. No step overflows, whatever the score, not even in an unused branch.

    >>> binary_cross_entropy_terms(np.array([0.0, 2.0, 200.0]), np.array([1.0, 0.25, 0.0])).round(4)
    array([  0.6931,   1.6269, 200.    ])

    Steps:
        1. Find a form of log(1 + e^x) that is safe for both signs.
        2. Subtract the target's term.

    Hint: how does `sigmoid` make sure that it never exponentiates a number greater than 0? The rest is
    0 for one sign and the score for the other.
    """
    ### BEGIN SOLUTION
    return np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    ### END SOLUTION


@app.function
# points: 4
def test_binary_cross_entropy_terms():
    """WHAT: the right losses for every target from 0 to 1; no overflow for huge scores; tiny losses keep their digits.
    WHY: one inf in a batch makes the mean inf, and one nan the whole network.
    TIP: overflow? What do you exponentiate for x = 1000, and for x = -1000? Division by zero in log? You computed a probability.
    """
    x = np.array([0.0, 2.0, 2.0, 2.0, -3.0], dtype=np.float32)
    y = np.array([1.0, 1.0, 0.0, 0.25, 1.0], dtype=np.float32)
    expected = [0.693147, 0.126928, 2.126928, 1.626928, 3.048587]
    close(binary_cross_entropy_terms(x, y), expected, "targets 1, 1, 0, 0.25 and 1", dtype=np.float32, atol=1e-5)
    x, y = np.array([1000, 17, -200, 1000, -1000], dtype=np.float32), np.array([0, 0, 1, 1, 0], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        huge = binary_cross_entropy_terms(x, y)
        tiny = binary_cross_entropy_terms(np.array([-20], dtype=np.float32), np.array([0], dtype=np.float32))
    close(huge, [1000.0, 17.0, 200.0, 0.0, 0.0], "scores 1000, 17, -200, 1000, -1000 for targets 0, 0, 1, 1, 0")
    close(tiny, [math.exp(-20)], "score -20 for target 0 (where do you add 1?)", rtol=1e-4, atol=0)


@app.function
def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """How surprising yes or no is, from scores.

    `input`: scores (logits); `target`: from 0 to 1, of any dtype. Otherwise like `mse_loss`.

    >>> binary_cross_entropy_with_logits(Tensor([0.0, 200.0]), Tensor([True, False]), reduction="sum")
    tensor(200.6931)
    """
    check_shapes(input, target)
    return reduce(binary_cross_entropy_terms(input, target), reduction)


@app.function
def test_given_losses():
    """WHAT: absolute error, and binary cross-entropy from scores, for every reduction, in float32.
    WHY: all later modules train with these losses.
    TIP: these functions are given. The binary one calls your `binary_cross_entropy_terms`.
    """
    x, y = Tensor([[0.0, 2.0, -1.0]]), Tensor([[1, 0, 1]])
    for loss, terms in ((l1_loss, (x - y).abs()), (binary_cross_entropy_with_logits, binary_cross_entropy_terms(x, y))):
        for reduction, expected in (("none", terms), ("mean", terms.mean()), ("sum", terms.sum())):
            close(loss(x, y, reduction), expected, f'{loss.__name__}, reduction="{reduction}"', dtype=np.float32)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    What if a network ends in a sigmoid, and you only have probabilities? PyTorch's `binary_cross_entropy` clamps each logarithm at
    -100, so that a sure and wrong answer costs 100 instead of `inf`, and divides its gradient by no less than $10^{-12}$. It is also in
    `tinytorch/vocabulary/losses.py`.
    """)
    return


@app.cell(hide_code=True)
def _():
    bce_score = mo.ui.slider(-120, 20, step=1, value=-10, label="score $x$", show_value=True)
    mo.md(f"""
    ### Explore: where does the probability fail, and which loss keeps its slope?

    The target is 1. On the left, $-\\log \\sigma(x)$ computed literally, and your loss. On the right, how steep each loss is: how
    fast it falls as the score rises. **Predict**: for the target 0 the probability failed at 17; where does it fail now? And how
    steep is the squared error $(\\sigma(x) - 1)^2$ for a network that is sure and wrong, $x = -10$?

    {bce_score}
    """)
    return (bce_score,)


@app.function(hide_code=True)
def explore_bce(at):
    """Figure: binary cross-entropy with and without the probability, and how steep it and the squared error are."""
    x, fine = np.arange(-120, 21, dtype=np.float32), np.arange(-120, 20, 0.01)
    yours, exact = [binary_cross_entropy_terms(scores, np.ones_like(scores)) for scores in (x, fine)]
    with np.errstate(divide="ignore"):
        naive = -np.log(sigmoid(x))
    figure, (left, right) = panels(2)
    left.plot(x, naive, linewidth=5, alpha=0.4, label=f"with $\\sigma$: {naive[x == at][0]:.6g}")
    left.plot(x, yours, "--", label=f"yours: {yours[x == at][0]:.6g}")
    for name, style, loss in (("squared error", "-", (sigmoid(fine) - 1) ** 2), ("yours", "--", exact)):
        steepness = -np.gradient(loss, fine)
        right.plot(fine, steepness, style, label=f"{name}: {np.interp(at, fine, steepness):.2g}")
    for axes, title in ((left, f"loss at {at}"), (right, f"steepness at {at}")):
        axes.axvline(at, color="gray", linestyle=":")
        axes.set(xlabel="score", title=title, xlim=(-121 if axes is left else min(at, -12) - 1, 21))
        axes.legend()
    return figure


@app.cell(hide_code=True)
def _(bce_score):
    show(explore_bce, bce_score.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: three ways to the same loss

    4096 rows of 1000 scores, 16 MiB. Take the softmax, then its logarithm, then pick; or pick first, then take the logarithm; or
    call your `cross_entropy_terms`. **Predict**: which is fastest, and how many arrays of the input's size does each need? How large
    is the float32 error of each, for scores of size 1 and of size 30?
    """)
    return


@app.function(hide_code=True)
def measure_cross_entropy(n=4096, classes=1000, rounds=9):
    """Markdown: time, peak memory, and the largest error against float64."""
    random = np.random.default_rng(0)
    x, y, rows = random.standard_normal((n, classes), dtype=np.float32), random.integers(0, classes, n), np.arange(n)
    ways = {
        "softmax, log, pick": lambda x: -np.log(softmax(x))[rows, y],
        "softmax, pick, log": lambda x: -np.log(softmax(x)[rows, y]),
        "your `cross_entropy_terms`": lambda x: cross_entropy_terms(x, y),
    }
    costs = compare({name: lambda way=way: way(x) for name, way in ways.items()}, rounds)
    lines = ["| | time | arrays of the input's size | error, scores of size 1 | of size 30 |", "|:---|" + "---:|" * 4]
    for name, (seconds, peak) in costs.items():
        with np.errstate(divide="ignore"):
            errors = [np.abs(ways[name](s * x) - cross_entropy_terms(np.float64(s * x), y)).max() for s in (1, 30)]
        lines.append(f"| {name} | {seconds * 1e3:.1f} ms | {peak / x.nbytes:.1f} | {errors[0]:.1e} | {errors[1]:.1e} |")
    return mo.md("\n".join(lines))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_cross_entropy)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The first way takes four million logarithms where 4096 would do. The second takes one per row, like yours, but holds one more array.
    For small scores all three are equally accurate, and that is the danger: an unsafe loss works at the start of a training run, and
    breaks once the network is sure of something. Memory counts as well: 8 texts of 1024 tokens, with 50 257 classes, are 412
    million scores, 1.6 GB in float32 for each of these arrays.

    ## Complexity

    | | exponentials | logarithms | arrays of the input's size, in the reference |
    |:---|---:|---:|---:|
    | `mse_loss`, `l1_loss` of $n$ numbers | 0 | 0 | 2 |
    | `binary_cross_entropy_terms` of $n$ | $n$ | $n$ | 3 |
    | `cross_entropy_terms` of $(N, C)$ | $NC$ | $N$ | 2 |

    ## In production

    The classes are in `torch/nn/modules/loss.py`. `mse_loss` in `torch/nn/functional.py` only warns when shapes differ. Cross-entropy in
    `aten/src/ATen/native/LossNLL.cpp` is `log_softmax` and a pick, like yours. The binary one is
    in `Loss.cpp` next to it, and so is `binary_cross_entropy` of probabilities: it clamps logarithms at -100, never `inf`, only wrong.

    ## Questions
    """)
    return


@app.function
def answer_as_unsure_as():
    """A language model with 50 257 tokens starts at a loss of about 10.8 and ends at 3.5. A uniform guess
    among how many tokens has that final loss? (This number is called *perplexity*.)

    Hint: where does the 10.8 come from?
    """
    ### BEGIN SOLUTION
    return math.exp(3.5)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_as_unsure_as():
    """WHAT: the number of equally likely choices that has a given loss.
    WHY: it says what a loss means if you don't think in nats.
    TIP: the test computes the `cross_entropy` of a uniform guess among as many tokens as you say.
    """
    tokens = answer_as_unsure_as()
    assert tokens and tokens >= 1, f"return the number of tokens, not {tokens}"
    cost = cross_entropy(Tensor(np.zeros((1, round(tokens)))), Tensor([0])).item()
    assert abs(cost - 3.5) < 0.02, f"a uniform guess among that many tokens costs {cost:.3f}, not 3.5"
    ### BEGIN HIDDEN TESTS
    assert round(answer_as_unsure_as()) == 33, "the number of tokens is wrong"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def question_small_number():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague fears `inf` and writes $-\log(p + 10^{-7})$. What is the largest loss it can give? Two examples are
    wrong, with scores of -20 and -200: what do they cost here, and what with your function? How steep is each loss there?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_class_numbers():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** Ten digits, one output, and MSE against the class index. The network can't decide between 1 and 7: which answer has
    the smallest loss? Which loss would you use, and what shape is the output then? For which task *is* MSE against integers right?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A loss is one number. The mean makes batches comparable; shapes that differ are refused, not broadcast.
    - Squared error finds the mean, absolute error the median, which an outlier can't move.
    - Cross-entropy is $-\log p$ of the right class. A guess among ten costs 2.303, and overconfident guessing costs more.
    - float32 is fine near 0 and coarse near 1. A loss from probabilities breaks at a score of 17; a loss from scores doesn't.
    - When a network is sure and wrong, the squared error of its probability is nearly flat; cross-entropy is steepest there.

    **Next:** export your work with `tito module complete 04`. Module 05 finds out, for every weight, which way the loss falls.
    """)
    return


if __name__ == "__main__":
    app.run()
