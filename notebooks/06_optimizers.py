import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 06: Optimizers")

with app.setup(hide_code=True):
    import math
    from collections import defaultdict
    from collections.abc import Iterable

    import marimo as mo
    import numpy as np

    from tinytorch.layers import Linear, Sequential
    from tinytorch.tensor import Tensor
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels

    Array, Betas = np.ndarray, tuple[float, float]
    Params = Iterable[Tensor] | Iterable[dict]  # tensors, or groups of tensors with options


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 06: Optimizers

    The gradient says which way is down. It doesn't say how far to go: too short a step, and learning takes forever; too long,
    and the loss climbs. Optimizers decide by what they remember of earlier gradients, schedules by the number of the step.

    **When you are done:** I can ...

    - say above which learning rate gradient descent diverges, and how momentum changes that limit;
    - write SGD and Adam as textbooks give them, and read the same steps without a single new array;
    - explain why Adam's first step is as long as `lr`, and why AdamW is not Adam with an L2 penalty;
    - compute how much memory training takes before I start it.

    **You need:** Modules 01, 03 and 05. **It unlocks:** Module 07, training.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("optimizers")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. How far do I go?

    Near its minimum a loss looks like a bowl, $\frac c2 x^2$, with the gradient $c x$. A step against it with **learning rate**
    $\eta$ (in code `lr`), $x \leftarrow x - \eta\, c x = (1 - \eta c)\, x$, multiplies $x$ by the same factor each time:

    | $\eta$, for $c = 20$ | 0.01 | 0.05 | 0.09 | 0.1 | 0.11 |
    |:---|---:|---:|---:|---:|---:|
    | factor $1 - \eta c$ | 0.8 | 0 | -0.8 | -1 | -1.2 |
    | after 20 steps, from $x = 1$ | 0.012 | 0 | 0.012 | 1 | 38 |

    Above $\eta = 2 / c$ each step lands higher on the other side. A network has many directions, each with its own curvature $c$. The
    steepest sets the limit; with $\eta < 0.1$, a direction with $c = 1$ must live with factors above 0.9.

    ## 2. Momentum: a ball instead of a hiker

    Picture a rolling ball: the gradient $g$ changes its speed $v$, and each step keeps a share of that, the **momentum** $\mu$:

    $$v \leftarrow \mu v + (1 - d)\, g \qquad\quad x \leftarrow x - \eta v$$

    With $\mu = 0.5$, $d = 0$ and gradients 2, 2, -2 the speed is 2, 3, -0.5: what agrees adds up, what alternates cancels. If
    $g$ never changes, $v$ approaches $g / (1 - \mu)$, ten times $g$ for $\mu = 0.9$. The **dampening** $d$ is usually 0. **Nesterov
    momentum** looks one step ahead: with the new $v$, it steps along $g + \mu v$.

    Update the weights and the speed **in place**: the network holds the very array you are given. `a += b` and `a[...] = b` write
    into that array; `a = a + b` creates a new one, and the network keeps the old one.
    """)
    return


@app.function
def sgd_update(
    param: Array, grad: Array, buffer: Array | None, lr: float, momentum: float = 0, dampening: float = 0,
    nesterov: bool = False
) -> None:  # fmt: skip
    """One step of stochastic gradient descent.

    Args:
        param, grad: arrays of the same shape; the first is changed in place, the second is only read.
        buffer: array of that shape, the speed; changed in place. Without momentum it is not used, and may be None.
        lr, momentum, dampening: numbers; nesterov: whether to look ahead.

    Returns: None.

    >>> weight, speed = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    >>> sgd_update(weight, np.array([10.0, -10.0]), speed, lr=0.1, momentum=0.5)
    >>> weight, speed
    (array([0. , 2.8]), array([10., -8.]))

    Steps:
        1. If there is momentum, update the speed.
        2. Choose the direction: the gradient, the speed, or Nesterov's sum of the two.
        3. Subtract `lr` times the direction.

    Hint: `*=`, `+=` and `-=` change `buffer` and `param` in place; never use them on `grad`.
    """
    ### BEGIN SOLUTION
    if momentum:
        buffer *= momentum
        buffer += (1 - dampening) * grad
        grad = grad + momentum * buffer if nesterov else buffer
    param -= lr * grad
    ### END SOLUTION


@app.function
# points: 3
def test_sgd_update():
    """WHAT: plain, with momentum, dampened and Nesterov steps; in place, and the gradient is left alone.
    WHY: the engine adds into the array that holds the gradient, and the network reads the array that holds the weights.
    TIP: work out the failing case by hand: speed, then direction. If nothing moved, is there an `a = a + b`? A TypeError about
    arguments? The signature is (param, grad, buffer, lr, ...): older versions of this exercise also took `scratch`.
    """
    for weight, speed, options in (
        (0.5, 2.0, {}),
        (0.25, 3.0, {"momentum": 0.5}),
        (0.625, 1.5, {"momentum": 0.5, "dampening": 0.75}),
        (0.125, 3.0, {"momentum": 0.5, "nesterov": True}),
    ):
        param, grad, buffer = (np.array([x], dtype=np.float32) for x in (1, 2, 2))
        sgd_update(param, grad, buffer if options else None, 0.25, **options)
        case = f"weight 1, gradient 2, speed 2, lr 0.25, options {options}"
        close(buffer, [speed], f"the speed after a step ({case})")
        close(param, [weight], f"the weight after a step ({case})")
        close(grad, [2], f"the gradient must not change ({case})")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. The optimizer: what must it remember, and for which tensor?

    An optimizer holds tensors, in **groups** with their own options (no decay for biases, say), and its **state**: what the next
    step needs from the last one. State is as much a result of training as the weights: save only the weights, and the run that
    continues from them is a different run. This is bookkeeping, and given; read how `step` and `update` share the work. In your package
    `tinytorch/vocabulary/optimizers.py` adds checks (a tensor given twice, an `lr` below 0), and `RMSprop`.

    `SGD.update` is your formula again, without new arrays. `lr * grad` creates an array as large as the weights at every step;
    `np.multiply(grad, lr, out=scratch)` writes into existing memory. The result is the same, and a test compares them.
    """)
    return


@app.class_definition
class Optimizer:
    """Tensors, in groups with options, and the state of each tensor.

    PyTorch: [`optim.Optimizer`](https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer). Here a subclass defines
    `update(p, state, group)`, which changes `p.array` in place. `params` are tensors, or groups: dicts {"params": tensors, ...}
    with options; `defaults` are the options of groups that don't set them. Frozen tensors (`requires_grad = False`) are accepted
    and skipped while they have no gradient.
    """

    def __init__(self, params: Params, defaults: dict) -> None:
        groups, self.defaults, self.param_groups, self.state = list(params), defaults, [], defaultdict(dict)
        self.memory = np.empty(0, np.uint8)
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group: dict) -> None:
        """Add a group; options that it lacks are the defaults."""
        self.param_groups.append({**self.defaults, **group, "params": list(group["params"])})

    def parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set all gradients to None; without `set_to_none`, fill them with zeros."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.array.fill(0)

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, self.state[p], group)
                    p.increment_version()

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        raise NotImplementedError(f"{type(self).__name__}.update: define this method in your optimizer")

    def decayed(self, p: Tensor, group: dict) -> Array:
        """The gradient of loss + weight_decay / 2 * (sum of squared weights)."""
        return p.grad.array + group["weight_decay"] * p.array if group["weight_decay"] else p.grad.array

    def scratch(self, array: Array) -> Array:
        """Memory for an array like this one. All parameters reuse the same memory, so it isn't state."""
        if self.memory.nbytes < array.nbytes:
            self.memory = np.empty(array.nbytes, np.uint8)
        return np.ndarray(array.shape, array.dtype, self.memory)

    def buffer(self, p: Tensor, name: str) -> Array:
        """The array with this name in the state of p; it starts as zeros."""
        state = self.state[p]
        if state.get(name) is None:
            state[name] = Tensor.wrap(np.zeros_like(p.array))
        return state[name].array

    def state_dict(self) -> dict:
        """A copy: {"state": {number: {name: value}}, "param_groups": [options, with numbers as "params"]}."""
        from copy import deepcopy  # slow to import, and few programs save a state

        number = {id(p): i for i, p in enumerate(self.parameters())}
        groups = [{**group, "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        return deepcopy({"state": {number[id(p)]: s for p, s in self.state.items() if s}, "param_groups": groups})

    def load_state_dict(self, state_dict: dict) -> None:
        """Copy a state from `state_dict`, to continue where that optimizer was."""
        from copy import deepcopy

        state, saved_groups = deepcopy((state_dict["state"], state_dict["param_groups"]))
        params = dict(zip((i for group in saved_groups for i in group["params"]), self.parameters(), strict=True))
        self.state = defaultdict(dict, {params[i]: names for i, names in state.items()})
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            group.update({**saved, "params": group["params"]})


@app.class_definition
class SGD(Optimizer):
    """The steps of `sgd_update`, without new arrays. `weight_decay` is an L2 penalty."""

    def __init__(
        self, params: Params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False
    ) -> None:  # fmt: skip
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(params, {**options, "weight_decay": weight_decay})

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        grad, momentum, scratch = self.decayed(p, group), group["momentum"], self.scratch(p.array)
        if momentum:
            dampening = group["dampening"] if state.get("momentum_buffer") is not None else 0  # not the first gradient
            speed = self.buffer(p, "momentum_buffer")
            speed *= momentum
            speed += np.multiply(grad, 1 - dampening, out=scratch)
            grad = np.add(np.multiply(speed, momentum, out=scratch), grad, out=scratch) if group["nesterov"] else speed
        p.array -= np.multiply(grad, group["lr"], out=scratch)


@app.function
# points: 1
def test_sgd_update_memory():
    """WHAT: an optimizer's step moves the weights as `sgd_update` does, and creates no new arrays.
    WHY: a model of a billion parameters has no room for another 4 GB in each step.
    TIP: `SGD` is given and right. Which line of `sgd_update` differs from it, with these options?
    """
    rng = np.random.default_rng(0)
    for options in ({}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.5}, {"momentum": 0.9, "nesterov": True}):
        p = Tensor(np.ones(5000), requires_grad=True)
        optimizer, plain, speed = SGD([p], lr=0.1, **options), np.ones(5000, np.float32), np.zeros(5000, np.float32)
        for t in range(3):
            p.grad = Tensor(rng.standard_normal(5000))
            sgd_update(plain, p.grad.numpy(), speed, 0.1, **{**options, **({} if t else {"dampening": 0})})
            optimizer.step()
        close(plain, p.array, f"three steps of sgd_update against SGD, with {options}", rtol=1e-4)
        allocated = compare({"step": optimizer.step}, rounds=1)["step"][1]
        assert allocated < plain.nbytes / 2, f"a step must not create arrays; {options}: {allocated} bytes"


@app.function
def test_optimizer():
    """WHAT: groups, parameters without a gradient, and a run that resumes bit for bit.
    WHY: training for days means stopping and resuming.
    TIP: these classes are given and don't use your code. Did you change one of them?
    """
    p, q, r = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(3))
    array, optimizer = p.array, SGD([{"params": [p]}, {"params": [q], "lr": 1.0}], lr=0.5, momentum=0.5)
    p.grad = r.grad = Tensor([2.0, 4.0])
    optimizer.step()
    assert p.array is array, "a step must change the array in place"
    close([p.array, q.array], [[0, 0], [1, 2]], "p with a gradient, and q without one, after a step")
    other = SGD([{"params": [r]}, {"params": [q]}])
    r.array[:] = 0
    other.load_state_dict(optimizer.state_dict())
    optimizer.step()
    other.step()
    close([p.array, r.array], 2 * [[-1.5, -3]], "p after two steps, and r after a step with the state of p")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Adam: what if every weight needs its own step?

    One weight has gradients around 100, another around 0.001: no single learning rate suits both. Adam keeps two running averages
    for each weight, of the gradient and of its square, and divides one by the square root of the other, so that the size cancels:

    $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \quad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \quad
    \hat m = \frac{m}{1 - \beta_1^t} \quad \hat v = \frac{v}{1 - \beta_2^t} \quad x \leftarrow x - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$

    The averages start at 0. After the first step, $t = 1$, with $\beta = (0.9, 0.999)$ and $g = 100$, they are $m = 10$ and
    $v = 10$; the divisors correct for that start, $\hat m = 100$, $\hat v = 10\,000$, and the step is $\eta \cdot 100 / 100 = \eta$. With
    $g = 0.001$ it is also $\eta$: Adam's first step is as long as `lr`, whatever the gradient. Without this **bias correction** it
    would be $m / \sqrt v = 0.1 / \sqrt{0.001} = \sqrt{10} \approx 3.16$ times as long. It gets worse: while the gradient
    stays the same, the ratio grows to 6.57 at step 12, and is still 1.26 at step 1000.
    """)
    return


@app.function
def adam_update(
    param: Array, grad: Array, exp_avg: Array, exp_avg_sq: Array, step: int, lr: float, betas: Betas, eps: float
) -> None:
    """One step of Adam ([Kingma and Ba, 2014](https://arxiv.org/abs/1412.6980)).

    Args:
        param, grad: arrays of the same shape; the first is changed in place, the second is only read.
        exp_avg, exp_avg_sq: arrays of that shape, the running averages m and v; changed in place.
        step: t, the number of this step, starting at 1.
        lr, eps: numbers; betas: two numbers, the shares of m and v that each step keeps.

    Returns: None.

    >>> weight, m, v = np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
    >>> adam_update(weight, np.array([100.0, -0.001]), m, v, 1, 0.1, (0.9, 0.999), 1e-8)
    >>> weight.round(4)
    array([0.9, 1.1])

    Steps:
        1. Update both averages, in place.
        2. Correct them, into new arrays.
        3. Take the step.

    Hint: one line for each formula. `exp_avg[...] = ...` writes into the array; `exp_avg = ...` only rebinds a name.
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    exp_avg[...] = beta1 * exp_avg + (1 - beta1) * grad
    exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * grad**2
    m = exp_avg / (1 - beta1**step)
    v = exp_avg_sq / (1 - beta2**step)
    param -= lr * m / (np.sqrt(v) + eps)
    ### END SOLUTION


@app.function
# points: 3
def test_adam_update():
    """WHAT: both averages, both corrections, eps in its place; in place, and the gradient is left alone.
    WHY: most of today's language models were trained with this formula.
    TIP: work out the numbers of the failing case by hand. Right at step 1 and wrong at step 2? Check both corrections. A TypeError
    about arguments? Older versions of this exercise also took `scratch`: drop it.
    """
    param, grad, m, v = (np.full(2, x, dtype=np.float32) for x in (1, [2, -4], 0, 0))
    adam_update(param, grad, m, v, 1, 0.1, (0.5, 0.75), 1e-8)
    close(m, [1, -2], "m after a first step with g = (2, -4), beta_1 = 0.5 (written into the array?)")
    close(v, [1, 4], "v after a first step with g = (2, -4), beta_2 = 0.75 (written into the array?)")
    close(param, [0.9, 1.1], "the weights after a first step from (1, 1) with lr = 0.1")
    adam_update(param, np.array([-2, -4], dtype=np.float32), m, v, 2, 0.1, (0.5, 0.75), 1e-8)
    close(m, [-0.5, -3], "m after a second step with g = (-2, -4): averages keep what the first step wrote")
    close(v, [1.75, 7], "v after a second step with g = (-2, -4): averages keep what the first step wrote")
    close(param, [0.9 + 0.1 / 3, 1.2], "the weights after step 2, where m is divided by 0.75, and v by 0.4375")
    close(grad, [2, -4], "the gradient must not change")
    param, m, v = (np.full(2, x, dtype=np.float32) for x in (1, 0, 0))
    adam_update(param, grad, m, v, 1, 1.0, (0.5, 0.75), 2.0)
    close(param, [0.5, 5 / 3], "a first step with eps = 2, which is added to the root of the corrected v")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Nearly every operation of your formula creates a new array as large as the weights. `Adam`, below, creates none. The corrections
    are plain numbers, so with $r = \sqrt{1 - \beta_2^t}$ you can factor them out of the arrays, and the same step is

    $$x \leftarrow x - \frac{\eta\, r}{1 - \beta_1^t} \cdot \frac{m}{\sqrt v + \epsilon r}$$

    Match each line of `update` with your own. You will measure how much faster it is.
    """)
    return


@app.class_definition
class Adam(Optimizer):
    """The steps of `adam_update`, without new arrays. `weight_decay` is an L2 penalty."""

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        grad, scratch, (beta1, beta2) = self.decayed(p, group), self.scratch(p.array), group["betas"]
        state["step"] = t = state.get("step", 0) + 1
        m, v, root = self.buffer(p, "exp_avg"), self.buffer(p, "exp_avg_sq"), math.sqrt(1 - beta2**t)
        m *= beta1
        m += np.multiply(grad, 1 - beta1, out=scratch)
        v *= beta2
        np.multiply(grad, grad, out=scratch)
        v += np.multiply(scratch, 1 - beta2, out=scratch)
        np.sqrt(v, out=scratch)
        scratch += group["eps"] * root
        np.divide(m, scratch, out=scratch)
        p.array -= np.multiply(scratch, group["lr"] * root / (1 - beta1**t), out=scratch)


@app.function
# points: 1
def test_adam_update_memory():
    """WHAT: an optimizer's step moves the weights as `adam_update` does, and creates no new arrays.
    WHY: Adam already keeps two more numbers for each weight; there is often no room for copies.
    TIP: `Adam` is given and right. Does `adam_update` differ from it at step 1, or only later? Then check the corrections.
    """
    rng, p = np.random.default_rng(0), Tensor(np.ones(5000), requires_grad=True)
    optimizer, (plain, m, v) = Adam([p], 0.1, (0.8, 0.9), 1e-3), (np.full(5000, x, np.float32) for x in (1, 0, 0))
    for t in range(1, 6):
        p.grad = Tensor(rng.standard_normal(5000))
        adam_update(plain, p.grad.numpy(), m, v, t, 0.1, (0.8, 0.9), 1e-3)
        optimizer.step()
        close(plain, p.array, f"adam_update against Adam after step {t}", rtol=1e-4, atol=1e-5)
    allocated = compare({"step": optimizer.step}, rounds=1)["step"][1]
    assert allocated < plain.nbytes / 2, f"a step must not create arrays; it allocated {allocated} bytes"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. AdamW: what if you want small weights?

    Large weights fit noise. An **L2 penalty** adds $\frac\lambda2 \sum x^2$ to the loss, hence $\lambda x$ to the gradient. In plain
    SGD each weight is then also multiplied by $1 - \eta\lambda$. In Adam the penalty passes through the division together
    with the gradient, so weights with large gradients hardly decay. **Decoupled** weight decay multiplies the weights as in SGD, and
    leaves Adam's gradient alone. Take two weights, both 1, whose gradients change sign at every step, so that only the decay matters;
    after 1000 steps with $\eta = 0.001$, $\lambda = 0.1$ ($0.9999^{1000} = 0.905$):

    | | gradients $\pm 10$ | gradients $\pm 0.01$ |
    |:---|---:|---:|
    | Adam with an L2 penalty | 0.99 | 0.26 |
    | AdamW | 0.91 | 0.91 |
    """)
    return


@app.class_definition
class AdamW(Adam):
    """Adam with decoupled decay ([Loshchilov and Hutter, 2017](https://arxiv.org/abs/1711.05101))."""

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay)

    def decayed(self, p: Tensor, group: dict) -> Array:
        """Decay the array of the tensor `p` in place, and return the array of the gradient that Adam uses.

        >>> p = Tensor([2.0, -4.0], requires_grad=True)
        >>> p.grad = Tensor([1.0, 1.0])
        >>> AdamW([p]).decayed(p, {"lr": 0.25, "weight_decay": 0.5}), p.tolist()
        (array([1., 1.], dtype=float32), [1.75, -3.5])

        Steps:
            1. Multiply every weight by the factor in the text; the options are in `group`.
            2. Which gradient does Adam get?

        Hint: compare `decayed` of Optimizer, which adds the penalty to the gradient.
        """
        ### BEGIN SOLUTION
        p.array *= 1 - group["lr"] * group["weight_decay"]
        return p.grad.array
        ### END SOLUTION


@app.function
# points: 2
def test_AdamW_decayed():
    """WHAT: weights shrink by their factor, in place, and the gradient stays what it was: the table above.
    WHY: Adam and AdamW differ in this line, and so does every network trained with them.
    TIP: fill in `decayed` of AdamW above. First work out a weight by hand: 8 * (1 - 0.5 * 0.5).
    """
    p, group = Tensor([8.0, -4.0], requires_grad=True), {"lr": 0.5, "weight_decay": 0.5}
    p.grad, array = Tensor([3.0, 0.0]), p.array
    close(AdamW([p]).decayed(p, group), [3, 0], "the gradient that decayed returns")
    close(p.grad, [3, 0], "the gradient must not change")
    close(p.array, [6, -3], "the weights (8, -4), decayed with lr = 0.5 and weight_decay = 0.5")
    assert p.array is array, "the weights must decay in place: p.array must stay the same array"
    for kind, expected in ((Adam, [0.992, 0.262]), (AdamW, [0.906, 0.906])):
        p = Tensor([1.0, 1.0], requires_grad=True)
        optimizer = kind([p], weight_decay=0.1)
        p.grad = Tensor([10.0, 0.01])
        gradient, step = p.grad.array, optimizer.step
        for _ in range(1000):
            gradient *= -1
            step()
        close(p.array, expected, f"1000 steps of {kind.__name__}, as in the table", rtol=0, atol=2e-3)


@app.cell(hide_code=True)
def _():
    rates = [0.01, 0.02, 0.05, 0.09, 0.1, 0.11, 0.15, 0.18, 0.2]
    race_lr = mo.ui.slider(steps=rates, value=0.02, label="lr", show_value=True)
    race_momentum = mo.ui.slider(0, 0.95, step=0.05, value=0.9, label="momentum", show_value=True)
    mo.md(f"""
    ### Explore: a race in a narrow valley

    Three of your optimizers in a bowl with the curvatures 1 and 20. **Predict**: above which `lr` does plain SGD diverge? Does
    momentum lower or raise that limit? Where is Adam's limit? Then find all three.

    {mo.hstack([race_lr, race_momentum], justify="start", wrap=True)}
    """)
    return race_lr, race_momentum


@app.function(hide_code=True)
def explore_race(lr, momentum, steps=100):
    """Plot the paths of three optimizers over a loss of two parameters, and the loss at every step."""
    figure, (left, right) = panels(2)
    x, y = np.meshgrid(np.linspace(-2, 1, 90), np.linspace(-1, 1, 60))
    left.contour(x, y, x**2 + 20 * y**2, levels=(np.arange(9) / 1.8) ** 2, colors="0.8", linewidths=0.8)
    runners = {"SGD": (SGD, {}), f"momentum {momentum:g}": (SGD, {"momentum": momentum}), "Adam": (Adam, {})}
    for (name, (kind, options)), look in zip(runners.items(), ("o-", "s--", "^:"), strict=True):
        p = Tensor([-1.8, 0.8], requires_grad=True)
        optimizer, path, losses = kind([p], lr=lr, **options), [], []
        while len(path) <= steps and np.abs(p.array).max() < 1e3:
            optimizer.zero_grad()
            loss = (p * p * Tensor([0.5, 10.0])).sum()
            loss.backward()
            path.append(p.tolist())
            losses.append(loss.item())
            optimizer.step()
        left.plot(*np.array(path).T, look, markersize=3, linewidth=1)
        right.semilogy(losses, look, markevery=10, markersize=4, label=name)
    left.set(xlim=(-2, 1), ylim=(-1, 1), title="the minimum is at (0, 0)")
    right.set(ylim=(1e-9, 1e5), xlabel="step", title="loss")
    right.legend(fontsize=8)
    return figure


@app.cell(hide_code=True)
def _(race_lr, race_momentum):
    show(explore_race, race_lr.value, race_momentum.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Schedules: should the learning rate stay the same?

    At first the averages know only a few gradients, and steps as long as `lr` are risky: **warm up**. At the end, steps that were right
    on the slope jump around the minimum, because each batch pulls in another direction: **cool down**. A warm-up is usually a
    straight line, a cool-down half a cosine wave: while its angle goes from 0 to $\pi$, a cosine goes from 1 to -1; scaled and
    shifted, it leads from one rate to another.

    | after ... of 10 steps | 0 | 1 | 5 | 9 | 10 |
    |:---|---:|---:|---:|---:|---:|
    | cosine from 0.1 to 0 | 0.1 | 0.0976 | 0.05 | 0.0024 | 0 |

    Both are **closed forms**: they need the number of the step, not the previous rate. So a run can resume at any step. Others,
    such as `StepLR` and `ReduceLROnPlateau`, are in `tinytorch/vocabulary/optimizers.py`.
    """)
    return


@app.function
def cosine_lr(epoch: int, base_lr: float, T_max: int, eta_min: float) -> float:
    """The learning rate along half a cosine wave ([Loshchilov and Hutter, 2016](https://arxiv.org/abs/1608.03983)).

    Args:
        epoch, T_max: the number of steps taken so far, from 0; the number of steps in all.
        base_lr, eta_min: the learning rates at the start and at the end.

    Returns: the learning rate.

    >>> np.round([cosine_lr(epoch, 0.1, 10, 0.0) for epoch in (0, 1, 5, 10)], 4)
    array([0.1   , 0.0976, 0.05  , 0.    ])

    Steps:
        1. Compute the angle, and its cosine.
        2. Scale and shift the cosine to the two rates.

    Hint: try your formula at both ends and in the middle.
    """
    ### BEGIN SOLUTION
    return eta_min + (base_lr - eta_min) * (1 + math.cos(math.pi * epoch / T_max)) / 2
    ### END SOLUTION


@app.function
# points: 2
def test_cosine_lr():
    """WHAT: both ends, the middle and a third of the way, also above a floor.
    WHY: a rate that misses its floor keeps the last steps too long, or makes them negative.
    TIP: at a third of the way the cosine is 0.5. Which share of the way from one rate to the other should that be?
    """
    for epoch, expected in ((0, 0.9), (10, 0.7), (15, 0.5), (20, 0.3), (30, 0.1)):
        close(cosine_lr(epoch, 0.9, 30, 0.1), expected, f"step {epoch} of 30, from 0.9 to 0.1")
    close(cosine_lr(1, 0.1, 10, 0.0), 0.0976, "step 1 of 10, from 0.1 to 0, as in the table", rtol=1e-3)


@app.class_definition
class LRScheduler:
    """Sets each group's lr from its first lr and the number of steps. A subclass defines `rate`, or `get_lr` for all groups.

    PyTorch: [`LRScheduler`](https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate).
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer, self.last_epoch = optimizer, last_epoch
        self.base_lrs = [group.setdefault("initial_lr", group["lr"]) for group in optimizer.param_groups]
        LRScheduler.step(self)

    def rate(self, base_lr: float, epoch: int) -> float:
        raise NotImplementedError(f"{type(self).__name__}.get_lr: define this method in your scheduler")

    def get_lr(self) -> list[float]:
        return [self.rate(base_lr, self.last_epoch) for base_lr in self.base_lrs]

    def step(self) -> None:
        self.last_epoch += 1
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        return list(self._last_lr)

    def state_dict(self) -> dict:
        return {k: v for k, v in vars(self).items() if k not in ("optimizer", "schedulers")}

    def load_state_dict(self, state_dict: dict) -> None:
        """Continue where that scheduler was (the learning rates are in the optimizer's state)."""
        vars(self).update(state_dict)


@app.class_definition
class LinearLR(LRScheduler):
    """The first lr times a factor: a straight line from `start_factor` to `end_factor` in `total_iters` steps, then flat."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1
    ) -> None:  # fmt: skip
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, base_lr: float, epoch: int) -> float:
        share = min(epoch, self.total_iters) / self.total_iters
        return base_lr * (self.start_factor + (self.end_factor - self.start_factor) * share)


@app.class_definition
class CosineAnnealingLR(LRScheduler):
    """From the first lr to `eta_min` by `cosine_lr`."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, base_lr: float, epoch: int) -> float:
        return cosine_lr(epoch, base_lr, self.T_max, self.eta_min)


@app.class_definition
class SequentialLR(LRScheduler):
    """One scheduler after the other, each from its own step 0; `milestones` are the steps at which the next one starts."""

    def __init__(self, optimizer: Optimizer, schedulers: list, milestones: list, last_epoch: int = -1) -> None:
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        current = sum(milestone <= self.last_epoch for milestone in self.milestones)
        self.schedulers[current].last_epoch = self.last_epoch - (0, *self.milestones)[current]
        return self.schedulers[current].get_lr()


@app.function
# not exported
def learning_rates(make, steps):
    """The learning rates that the scheduler `make(optimizer)` sets, for an optimizer with lr = 1."""
    scheduler, rates = make(SGD([Tensor([0.0], requires_grad=True)], lr=1.0)), []
    for _ in range(steps):
        rates += scheduler.get_last_lr()
        scheduler.step()
    return rates


@app.function
def test_schedulers():
    """WHAT: the rates of a warm-up, and of the cosine after it.
    WHY: one step off, and the warm-up ends in a jump.
    TIP: the schedulers are given; the last two rates come from `cosine_lr`.
    """
    rates = learning_rates(lambda o: SequentialLR(o, [LinearLR(o, 0.5, 1, 2), CosineAnnealingLR(o, 2)], [2]), 5)
    close(rates, [0.5, 0.75, 1, 0.5, 0], "two steps of warm-up from 0.5 to 1, then a cosine to 0")


@app.cell(hide_code=True)
def _():
    schedule_warmup = mo.ui.slider(1, 50, value=10, label="warm-up steps", show_value=True)
    schedule_total = mo.ui.slider(60, 300, step=20, value=100, label="total steps", show_value=True)
    mo.md(f"""
    ### Explore: warm up, cool down

    Suppose every step is as long as `lr`. **Predict**: with a short warm-up, which share of the distance have you covered after half
    of the steps? And how far do you get in total, compared to a constant rate?

    {mo.hstack([schedule_warmup, schedule_total], justify="start", wrap=True)}
    """)
    return schedule_total, schedule_warmup


@app.function(hide_code=True)
def explore_schedule(warmup, total):
    """Plot warm-up and cosine, and the share of the distance covered by half time."""

    def make(o):
        line, wave = LinearLR(o, 0.01, total_iters=warmup), CosineAnnealingLR(o, total - warmup)
        return SequentialLR(o, [line, wave], [warmup])

    rates = np.array(learning_rates(make, total))
    half = rates[: total // 2].sum() / rates.sum()
    figure, axes = panels(height=2.2)
    axes.plot(rates)
    axes.fill_between(range(total // 2), rates[: total // 2], color="0.9")
    title = f"distance: {rates.mean():.0%} of that at a constant lr, {half:.0%} of it by half time (grey)"
    axes.set(xlabel="step", ylabel="lr", title=title)
    return figure


@app.cell(hide_code=True)
def _(schedule_total, schedule_warmup):
    show(explore_schedule, schedule_warmup.value, schedule_total.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does an optimizer cost?

    A network 784-256-128-10 has 235,146 parameters, 0.90 MiB. Measure one step of each optimizer, and of an Adam that calls your
    `adam_update`, which creates new arrays. **Predict**: how much state does each keep, how much does each step allocate, and
    how much slower is Adam than SGD? How much time does working in place save?
    """)
    return


@app.function(hide_code=True)
def measure_optimizers(rounds=15):
    """Markdown: time of a step, bytes of state, and peak of bytes allocated in a step."""

    class PlainAdam(Adam):
        def update(self, p, state, group):
            state["step"] = state.get("step", 0) + 1
            averages = self.buffer(p, "exp_avg"), self.buffer(p, "exp_avg_sq")
            adam_update(p.array, p.grad.array, *averages, state["step"], group["lr"], group["betas"], group["eps"])

    optimizers = {}
    kinds = {
        "SGD": (SGD, {}),
        "momentum": (SGD, {"momentum": 0.9}),
        "Adam": (Adam, {}),
        "`adam_update`": (PlainAdam, {}),
    }
    for name, (kind, options) in kinds.items():
        net = Sequential(Linear(784, 256), Linear(256, 128), Linear(128, 10))
        optimizers[name] = kind(net.parameters(), **options)
        for p in net.parameters():
            p.grad = Tensor(np.ones(p.shape))
    rows = ["| | time | against SGD | state | allocated in a step |", "|:---|---:|---:|---:|---:|"]
    costs = compare({name: optimizer.step for name, optimizer in optimizers.items()}, rounds)
    for name, (seconds, peak) in costs.items():
        state = sum(
            v.array.nbytes for s in optimizers[name].state.values() for v in s.values() if isinstance(v, Tensor)
        )
        times = f"{seconds * 1e3:.2f} ms | {seconds / costs['SGD'][0]:.1f}x"
        rows.append(f"| {name} | {times} | {state / 2**20:.2f} MiB | {peak / 2**20:.2f} MiB |")
    return mo.md("\n".join(rows))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_optimizers)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The state is exactly what the formulas keep: nothing, $v$, or $m$ and $v$. A step in place allocates next to nothing.
    `adam_update` needs five arrays of the largest weight's size at once, and allocates and touches that memory at every step; on a
    busy machine, that costs more than the arithmetic. Twelve passes against two should make Adam six times as slow as SGD. Is
    it less on your machine? A pass over numbers that are still in the cache is cheap.

    ## Complexity

    For $P$ parameters, of which the largest tensor has $L$:

    | | passes over arrays of size $P$ | state | parameters, gradients and state | scratch |
    |:---|---:|---:|---:|---:|
    | SGD | 2 | 0 | $2P$ | $L$ |
    | SGD with momentum | 5 | $P$ | $3P$ | $L$ |
    | Adam, AdamW | 12, 13 | $2P$ | $4P$ | $L$ |

    The last row goes into the table that grows through the book: *Adam: 3x parameters* (4x, with the gradients).

    ## In production

    PyTorch's optimizers are in `torch/optim/sgd.py` and `torch/optim/adam.py`; `torch/optim/adamw.py` is a subclass that sets one flag.
    `_single_tensor_adam` is your loop. `_multi_tensor_adam` does each operation for a list of tensors at once, and the fused kernel
    in `aten/src/ATen/native/cpu/FusedAdamKernel.cpp` all twelve operations in one pass. The schedules are in `torch/optim/lr_scheduler.py`.
    For a model of 7 billion parameters, Adam's state alone is 56 GB in float32; ZeRO splits it across machines, and 8-bit
    optimizers need a quarter of that.

    ## Questions
    """)
    return


@app.function
def answer_training_bytes():
    """How many bytes do parameters, gradients and Adam's averages take, all in float32, for
    a network with the layers Linear(1000, 500) and Linear(500, 10)?

    Hint: count the parameters of the network first, with the biases. How many arrays of that size are there?
    """
    ### BEGIN SOLUTION
    return 4 * 4 * (1000 * 500 + 500 + 500 * 10 + 10)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_training_bytes():
    """WHAT: the least memory that training this network with Adam needs.
    WHY: it decides whether you can train a network on a machine, before you start.
    TIP: which arrays are there for each parameter, and how many? How many bytes does a number take?
    """
    optimizer = Adam(Sequential(Linear(1000, 500), Linear(500, 10)).parameters())
    for p in optimizer.parameters():
        p.grad = p.detach()
    optimizer.step()
    tensors = [t for p, s in optimizer.state.items() for t in (p, p.grad, s["exp_avg"], s["exp_avg_sq"])]
    assert answer_training_bytes() == sum(t.array.nbytes for t in tensors), "count numbers, arrays, bytes per number"
    ### BEGIN HIDDEN TESTS
    assert answer_training_bytes() == 16 * 505_510, "count numbers, arrays, bytes per number"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def question_kept_gradient():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** To avoid a copy, a colleague's first step with momentum does `state["momentum_buffer"] = p.grad`. Follow the speed over
    three steps, with `zero_grad()` and with `zero_grad(set_to_none=False)`. Which of the two goes wrong, and how?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_resume():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A run with Adam is stopped after 10,000 steps and resumes from the saved weights, but with a new optimizer and a new
    scheduler with warm-up. Follow the length of the first steps: what does the loss do, and why does the warm-up help? What would
    happen with plain SGD and a constant `lr`?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - The steepest direction limits the learning rate to $2 / c$; the flattest one pays for it.
    - Momentum adds up what agrees, and even raises that limit, to $2 (1 + \mu) / c$.
    - Adam divides by the size of the gradients: its first step is as long as `lr`, if you correct both averages.
    - Decoupled decay shrinks all weights alike; an L2 penalty inside Adam doesn't.
    - Steps in place create no new arrays. State is as large as the weights, or twice as large: Adam is 3x parameters.
    - Warm up, because the averages know little at first; cool down, because long steps jump around the minimum.

    **Next:** export your work with `tito module complete 06`. Module 07 trains networks.
    """)
    return


if __name__ == "__main__":
    app.run()
