"""The exported engine, tested with numbers other than the notebook's."""

import gc
import threading
import weakref

import numpy as np
import pytest

from tinytorch.activations import relu, softmax
from tinytorch.arrays import add_at, add_up
from tinytorch.autograd import (
    add_gradient,
    cross_entropy_gradient,
    getitem_gradient,
    gradcheck,
    gradients,
    matmul_gradient,
    multiply_gradient,
    numerical_gradient,
    relu_gradient,
    softmax_gradient,
    sum_gradient,
)
from tinytorch.graph import enable_grad, grad_mode, no_grad
from tinytorch.layers import Linear, dropout, linear
from tinytorch.losses import cross_entropy, cross_entropy_terms
from tinytorch.tensor import Tensor, cat, maximum, op, randn, stack, where, zeros
from tito.lesson import close


def leaf(data, **options):
    return Tensor(data, requires_grad=True, **options)


def central_differences(f, x, eps=1e-6):
    """The gradient of f at x, so that no rule is tested with the learner's own `numerical_gradient`."""
    nudges = eps * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([(f(x + nudge) - f(x - nudge)) / (2 * eps) for nudge in nudges]).reshape(x.shape)


def test_numerical_gradient():
    """WHAT: slopes of a function of a table, one entry nudged at a time; also of a single number.
    WHY: it checks every other gradient.
    TIP: a step up, a step down, and every entry back at its old value.
    """
    x = np.array([[2.0, -1.0, 4.0], [0.5, 1.0, -3.0]])
    f = lambda x: x[0, 0] * x[0, 1] * x[1, 2]  # noqa: E731
    close(numerical_gradient(f, x, eps=0.25), [[3, -6, 0], [0, 0, -2]], "x[0, 0] * x[0, 1] * x[1, 2], with eps=0.25")
    close(x, [[2.0, -1.0, 4.0], [0.5, 1.0, -3.0]], "x must keep its values", rtol=0, atol=0)
    close(numerical_gradient(np.square, np.array(-3.0)), -6, "x ** 2 at a single number, -3")


def test_rules_of_sums_and_products():
    """WHAT: the rules of +, *, sum and indexing, on the arrays of a small example.
    WHY: nearly every other gradient is made of these.
    TIP: by how much does the result move if this one number moves by 1?
    """
    a, b, grad = (np.array(v, dtype=np.float32) for v in ([0.0, 5.0], [2.0, -3.0], [1.0, 100.0]))
    close([to_input(grad) for to_input in add_gradient(a + b, a, b)], [[1, 100], [1, 100]], "the gradients of a + b")
    close([to_input(grad) for to_input in multiply_gradient(a * b, a, b)], [[2, -300], [0, 500]], "those of a * b")
    cube = np.zeros((3, 2, 2), dtype=np.float32)
    (to_x,) = sum_gradient(None, cube, axis=(0, 2))
    close(to_x(grad), [[[1, 1], [100, 100]]] * 3, "sum of a (3, 2, 2) array, axis=(0, 2)")
    (to_x,) = sum_gradient(None, cube, axis=-1, keepdims=True)
    close(to_x(cube[:, :, :1] + 4), cube + 4, "sum of a (3, 2, 2) array, axis=-1, keepdims=True")
    (to_x,) = sum_gradient(None, cube)
    close(to_x(np.float32(3)), cube + 3, "sum of a (3, 2, 2) array over all axes")
    (to_x,) = getitem_gradient(None, cube[0], ([1, 1, 0], [0, 0, 1]))
    for call in ("first", "second"):
        picked = to_x(np.array([1, 2, 4], dtype=np.float32))
        close(picked, [[0, 4], [3, 0]], f"x[[1, 1, 0], [0, 0, 1]], {call} call", dtype=np.float32)


def test_rules_of_matrices_and_activations():
    """WHAT: the rules of @, relu, softmax and cross-entropy match central differences, and change none of their inputs.
    WHY: one wrong sign here, and the network learns to be wrong.
    TIP: compare with a case that you can compute by hand: one row, two columns.
    """
    rng = np.random.default_rng(5)
    a, b, grad = rng.normal(size=(2, 1, 3)), rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 1, 2))
    to_a, to_b = matmul_gradient(a @ b, a, b)
    close(to_a(grad), central_differences(lambda a: (a @ b * grad).sum(), a), "the gradient of a in a @ b")
    close(to_b(grad), central_differences(lambda b: (a @ b * grad).sum(), b), "the gradient of b in a @ b")
    x = np.array([[3.0, 0.0, -1.0]], dtype=np.float32)
    grad = x + 2
    close(relu_gradient(relu(x), x)[0](grad), [[5.0, 0.0, 0.0]], "the gradient of relu at (3, 0, -1)", dtype=np.float32)
    close(grad, x + 2, "grad must not change")
    x, grad = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 2, 3))
    for dim in (0, 1, -1):
        expected = central_differences(lambda x, dim=dim: (softmax(x, dim=dim) * grad).sum(), x)
        close(softmax_gradient(softmax(x, dim=dim), x, dim=dim)[0](grad), expected, f"softmax with dim={dim}")
    x, y, grad = rng.normal(size=(3, 5)), np.array([4, 0, 4]), np.array([1.0, 0.0, -2.0])
    to_x, to_y = cross_entropy_gradient(cross_entropy_terms(x, y), x, y)
    expected = central_differences(lambda x: (cross_entropy_terms(x, y) * grad).sum(), x)
    for call in ("first", "second"):
        close(to_x(grad), expected, f"the gradient of the logits, {call} call")
    assert to_y is None, "classes have no gradient: the second entry of the tuple must be None"


def test_gradients_add_up():
    """WHAT: gradients add up over several uses and several calls, in place, in an array that belongs to the leaf.
    WHY: a batch may be cut into pieces whose gradients add up.
    TIP: do other nodes hold the array that you add to?
    """
    x = leaf([1.0, -2.0])
    (x * 3).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad is first, "a leaf's .grad stays the same tensor: use `accumulate`"
    close(first, [5, -1], "3 x and x * x, in two calls")
    start = Tensor([1.0, 1.0])
    y = leaf([7.0, 8.0])
    y.backward(start)
    y.backward(start)
    close(y.grad, [2, 2], "backward of a leaf, twice")
    close(start, [1, 1], "the upstream gradient must not change")
    for place in ("first", "last"):
        z = leaf([2.0])
        a, b = z * 1, z * 10
        c = b * 100
        (c + (a + b) if place == "first" else (a + b) + c).backward()
        close(z.grad, [1 + 10 + 1000], f"z + 10 z + 1000 z, with the longest way {place}")


def test_broadcasting_is_undone():
    """WHAT: a gradient has the shape of its tensor, however that was broadcast.
    WHY: a bias is added to every row of a batch.
    TIP: which axes are missing, and which have size 1?
    """
    for shape in ((), (1,), (3,), (1, 3), (2, 1), (4, 1, 1), (4, 2, 3)):
        x = leaf(np.ones(shape))
        (x * Tensor(np.ones((4, 2, 3)))).sum().backward()
        close(x.grad, np.full(shape, 24 / np.prod(shape)), f"shape {shape}, broadcast to (4, 2, 3)")


def test_graph_is_used_once():
    """WHAT: backward runs twice only with retain_graph, and then gives the same again; otherwise it raises RuntimeError.
    WHY: the arrays that rules keep are most of the memory of training.
    TIP: step 6 of backward: what replaces a node's `next_functions`, and when?
    """
    x = leaf([3.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    close(x.grad, [12], "x * x at 3, twice with retain_graph=True")
    with pytest.raises(RuntimeError):
        y.backward()
    shared = x * 2
    (shared + 1).backward()
    with pytest.raises(RuntimeError):
        (shared * 5).backward()


@pytest.mark.parametrize(
    ("make", "gradient", "message"),
    [
        (lambda: Tensor([1.0]) * 2, None, "requires_grad"),
        (lambda: leaf([1.0, 2.0]) * 2, None, r"\(2,\).*sum"),
        (lambda: leaf([1.0, 2.0]) * 2, Tensor([[1.0, 1.0]]), r"\(1, 2\).*\(2,\)"),
        (lambda: leaf([1.0, 2.0]).detach(), Tensor([1.0, 1.0]), "requires_grad"),
    ],
)
def test_refusals(make, gradient, message):
    """WHAT: a backward call that makes no sense raises RuntimeError and says why.
    WHY: a gradient that is silently missing costs days.
    TIP: the checks are given; what did `record` set?
    """
    with pytest.raises(RuntimeError, match=message):
        make().backward(gradient)


def test_only_floats_have_gradients():
    """WHAT: integer tensors can't require a gradient; comparisons and argmax return tensors without one.
    WHY: a class number cannot move by a millionth.
    TIP: step 1 of record: what is the dtype of the result?
    """
    with pytest.raises(RuntimeError, match="int64.*float"):
        leaf([1, 2])
    x = leaf([1.0, 3.0])
    for name, result in (("x > 2", x > 2), ("x.argmax()", x.argmax()), ("x.long()", x.long())):
        assert not result.requires_grad, f"{name} doesn't hold floats, so it can't require a gradient"
    assert (x * Tensor([1, 0])).requires_grad, "a product of floats and integers holds floats: record it"


def test_op_without_a_rule_is_refused():
    """WHAT: the forward pass of an op without a rule works; its backward pass raises RuntimeError.
    WHY: a parameter that gets no gradient never learns, and there is no error to tell you.
    TIP: `missing_rule` is given; when is it called?
    """
    arcsine = op(np.arcsin)
    close(arcsine(Tensor([0.0])), [0], "the forward pass of arcsin")
    x = leaf([0.0])
    with pytest.raises(RuntimeError, match="arcsin"):
        (arcsine(x) * 2).sum().backward()
    assert x.grad is None, "x must get no gradient from an op without a rule"
    with no_grad():
        assert not arcsine(leaf([0.0])).requires_grad, "record nothing under no_grad"
    double = op(lambda x: (2 * x, (lambda grad: 2 * grad,)))
    assert gradcheck(double, randn(3))


def test_options_and_tensors_by_position_or_by_name():
    """WHAT: an op may get its tensors by name and its options by position.
    WHY: PyTorch code does both.
    TIP: `op` and these rules are given. Step 3 of record: what do you do with an input that has no function?
    """
    x, layer = leaf([[1.0, 2.0, 4.0]]), Linear(3, 2)
    linear(x, weight=layer.weight, bias=layer.bias).sum().backward()
    close(layer.bias.grad, [1, 1], "the gradient of the bias")
    assert x.grad is not None, "x must get a gradient when weight and bias are given by name"
    assert gradcheck(lambda x: softmax(x, 0), randn(3, 2))


def test_no_grad():
    """WHAT: no_grad also works as a decorator; results computed inside it are leaves.
    WHY: an optimizer's own arithmetic must not be recorded.
    TIP: `no_grad` is given.
    """

    @no_grad()
    def scaled(x):
        return x * 3

    x = leaf([1.0])
    assert not scaled(x).requires_grad and scaled(x).is_leaf and (x * 3).requires_grad


def test_no_grad_around_a_generator():
    """WHAT: recording is off while the generator's body runs, and on for its caller; also with send, throw, and when abandoned.
    WHY: a generator pauses in the middle of its body: what it switched off would stay off.
    TIP: `no_grad` is given, in graph.py.
    """
    x, log = leaf([1.0]), []

    @no_grad()
    def batches():
        try:
            for _ in range(3):
                try:
                    log.append((yield (x * 2).requires_grad))
                except KeyError:
                    log.append((x * 2).requires_grad)
            return "done"
        finally:
            log.append((x * 2).requires_grad)

    generator = batches()
    assert next(generator) is False and grad_mode.enabled
    assert generator.send("sent") is False and grad_mode.enabled
    assert generator.throw(KeyError) is False and grad_mode.enabled
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "done" and log == ["sent", False, None, False] and grad_mode.enabled
    abandoned = batches()
    next(abandoned)
    abandoned.close()
    assert log[-1] is False and grad_mode.enabled
    forgotten = batches()
    next(forgotten)
    del forgotten
    gc.collect()
    assert grad_mode.enabled and list(batches()) == [False] * 3


def test_no_grad_in_threads():
    """WHAT: each thread has its own switch: one records while the other does not, and overlapping blocks end in any order.
    WHY: a server answers requests in threads while another one trains.
    TIP: the switch belongs to a thread, not to the program.
    """
    x, step = leaf([1.0]), threading.Barrier(2, timeout=20)
    seen = {}

    def work(name, enter, leave):
        recorded = []
        block = no_grad()
        for turn in range(4):
            if turn == enter:
                block.__enter__()
            if turn == leave:
                block.__exit__(None, None, None)
            step.wait()
            recorded.append((x * 2).requires_grad)
            step.wait()
        seen[name] = recorded

    threads = [threading.Thread(target=work, args=args) for args in (("first", 0, 2), ("second", 1, 3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"first": [False, False, True, True], "second": [True, False, False, True]}
    assert (x * 2).requires_grad


def test_one_no_grad_used_twice():
    """WHAT: one object may be entered again, even inside its own block, and decorate a function at the same time.
    WHY: what was on before a block is on after it, however blocks are nested.
    TIP: given: each thread has a stack of earlier states, because an object could remember only one.
    """
    x, block = leaf([1.0]), no_grad()
    for _ in range(2):
        with block:
            with block, enable_grad():
                assert (x * 2).requires_grad
            assert not (x * 2).requires_grad
            assert not block(lambda: x * 2)().requires_grad
        assert (x * 2).requires_grad


def test_depth_and_width():
    """WHAT: 100,000 operations in a row, and 40 doublings, take seconds; and the memory is free afterwards.
    WHY: a recurrent network over a long text is a deep graph; a wide graph has more paths than you could ever follow.
    TIP: no recursion; each operation once.
    """
    x = leaf([1.0])
    y = x
    for _ in range(100_000):
        y = y + 0
    y.backward()
    close(x.grad, [1], "100,000 additions of 0")
    for _ in range(100_000):
        y = y * 1
    del y  # without backward: a long chain of nodes must also be freed without recursion
    x.grad, y = None, x
    for _ in range(40):
        y = y + y
    y.backward()
    close(x.grad, [2.0**40], "40 doublings")


def test_what_rules_keep_is_freed_on_the_way():
    """WHAT: when the backward pass reaches an operation, the arrays that later operations kept have been freed.
    WHY: gradients can then reuse the memory of activations, which lowers the peak.
    TIP: step 6 of backward: do you free each node right after you used it, or all of them at the end?
    """
    kept, alive = [], []

    def thrice(x):
        factor = np.full(2, 3, dtype=np.float32)
        kept.append(weakref.ref(factor))

        def backward(grad):
            alive.append([reference() is not None for reference in kept])
            return grad * factor

        return x * factor, (backward,)

    x = leaf([1.0, 2.0])
    y = Tensor.apply(thrice, Tensor.apply(thrice, Tensor.apply(thrice, x)))
    y.sum().backward()
    close(x.grad, [27, 27], "three times 3 x")
    expected = [[True, True, True], [True, True, False], [True, False, False]]
    assert alive == expected, f"which of the three arrays are alive at each node: got {alive}, expected {expected}"


@pytest.mark.parametrize("used", [True, False])
def test_no_reference_cycles(used):
    """WHAT: arrays are freed with their last name, without the garbage collector, whether backward ran or not.
    WHY: a cycle keeps a whole batch of activations until the garbage collector runs.
    TIP: a node must not hold its result.
    """
    layer, x = Linear(4, 3), randn(5, 4)
    y = Tensor([0, 1, 2, 0, 1])

    def step():
        loss = cross_entropy(relu(layer(x)) * softmax(layer(x)), y)
        if used:
            loss.backward()

    step()
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0, "the garbage collector found a reference cycle"
    finally:
        gc.enable()


def test_gradients_have_the_dtype_of_their_tensor():
    """WHAT: float32 for float32, float64 for float64, whatever other dtypes an op meets.
    WHY: one float64 array in the backward pass makes everything after it slower.
    TIP: which number in your rule is not a plain Python number?
    """
    for dtype in (np.float32, np.float64):
        for f in (
            lambda x: x**2 + x**0.5 + 1 / x + x / 3,
            lambda x: x.amax(0) + x.mean() + x.clamp(0.2, 0.7).abs().sqrt(),
            lambda x: where(x > 1, x, 0) + maximum(x, 0.5),
            lambda x: cat([x, x * Tensor([2])]) @ x.T + stack([x, x]).sum(),
            lambda x: cross_entropy(x, Tensor([0, 1])),
        ):
            x = leaf([[0.5, 1.5], [2.0, 0.25]], dtype=dtype)
            seen = []
            start = Tensor.apply(lambda x: (x * 1, (lambda grad: seen.append(grad.dtype) or grad,)), x)  # noqa: B023
            f(start).sum().backward()
            assert seen == [x.dtype], f"a gradient inside the graph has dtype {seen}, its tensor {x.dtype}"
            assert x.grad.dtype == dtype, f"a leaf's gradient has dtype {x.grad.dtype}, the leaf {x.dtype}"


@pytest.mark.parametrize("rule", list(gradients.values()), ids=lambda rule: rule.__name__)
def test_rules_do_not_mention_tensors(rule):
    """WHAT: every rule in the table is a plain function of arrays.
    WHY: a rule that recorded its own arithmetic would never end.
    TIP: the table is filled by @gradient_of.
    """
    assert callable(rule) and not isinstance(rule, Tensor)


def test_gradcheck_finds_what_is_wrong():
    """WHAT: gradcheck raises for a wrong factor, a wrong sign, a swapped pair and a missing function.
    WHY: a check that lets these pass is worse than none.
    TIP: gradcheck is given; it relies on numerical_gradient, record and backward.
    """
    right = lambda a, b: (a * b + a, (lambda grad: grad * (b + 1), lambda grad: grad * a))  # noqa: E731
    assert gradcheck(op(right), (randn(3), randn(3)))
    for wrong in (
        lambda a, b: (lambda grad: grad * b, lambda grad: grad * a),
        lambda a, b: (lambda grad: -grad * (b + 1), lambda grad: grad * a),
        lambda a, b: (lambda grad: grad * a, lambda grad: grad * (b + 1)),
        lambda a, b: (lambda grad: grad * (b + 1), lambda grad: 0 * grad),
        lambda a, b: (lambda grad: grad * (b + 1),),
        lambda a, b: (lambda grad: b + 1, lambda grad: a),
    ):
        with pytest.raises((RuntimeError, IndexError)):
            gradcheck(
                op(lambda a, b, wrong=wrong: (a * b + a, wrong(a, b))),
                (Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 7.0])),
            )
    assert gradcheck(lambda x: x.sum(), zeros(2, 0)), "an empty input has no gradient that could be wrong"


def test_a_changed_array_is_noticed():
    """WHAT: backward raises RuntimeError when an array that a rule uses has changed in place since.
    WHY: the gradient would be that of other numbers, without any error.
    TIP: given: `versions` counts changes; step 3 of backward calls `arrived`.
    """
    x = leaf([1.0, 2.0])
    y = x.exp()  # its rule uses the result
    with no_grad():
        y.array *= 3
        y.increment_version()
    with pytest.raises(RuntimeError):
        y.sum().backward()
    assert x.grad is None, "x must get no gradient that is computed from changed numbers"
    y = x.log().sum()  # its rule uses x, of which a view changes
    view = x.detach()[:1]
    view.array += 1
    view.increment_version()
    with pytest.raises(RuntimeError):
        y.backward()


def test_a_change_that_matters_to_no_rule_is_fine():
    """WHAT: arrays may change before the op, after the backward pass, and if no rule uses them, as with x + y.
    WHY: an optimizer changes every weight after every step; a false alarm would stop all training.
    TIP: do your rules use only arrays that they need? The rule of + needs none.
    """
    x, other = leaf([1.0, 2.0]), Tensor([5.0])
    x.array *= 2
    x.increment_version()
    y = x + other
    z = (y * 3).exp().sum()
    for unused in (x, y, other):
        unused.array += 1
        unused.increment_version()
    z.backward()
    close(x.grad, 3 * np.exp([21.0, 27.0]), "exp(3 (x + 5)) at (2, 4)")
    for _ in range(3):
        loss = (x * x).sum()
        x.grad = None
        loss.backward()
        x.array -= 0.1 * x.grad.array
        x.increment_version()


def test_hooks():
    """WHAT: a hook sees the gradient of a leaf or a node; what it returns, if anything, replaces it.
    WHY: hooks let you inspect, clip or log a gradient in the middle of a network.
    TIP: given: `run_hooks`; step 3 of backward calls `arrived` for a node with hooks.
    """
    x, seen = leaf([1.0, 2.0]), []
    y = x * 3
    y.grad_fn.hooks = [lambda grad: seen.append(grad.tolist()), lambda grad: grad * 10]
    x.hooks = [lambda grad: seen.append(grad.tolist()) or grad + 1]
    (y * y).sum().backward()
    assert seen == [[6.0, 12.0], [180.0, 360.0]], "the gradients that the hook of y and the hook of x see"
    close(x.grad, [181, 361], "the gradient of x, after both hooks")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: relu(x).sqrt(),
        lambda x: relu(x).log(),
        lambda x: relu(x) ** 0.5,
        lambda x: x.clamp(min=0).sqrt(),
        lambda x: maximum(x, 0.0).sqrt(),
        lambda x: where(x > 0, x, 0.0).sqrt(),
        lambda x: stack([x, zeros(2)], dim=1).amax(1).sqrt(),
        lambda x: (x - x.detach()).abs().sqrt(),
        lambda x: dropout(x, 1.0).sqrt(),
    ],
)
def test_masks_select(f):
    """WHAT: where a mask cuts off, the gradient is 0, even if the upstream gradient is infinite.
    WHY: 0 times infinity is nan, and one nan in a gradient destroys every weight.
    TIP: `select(mask, grad)`, not `mask * grad`.
    """
    x = leaf([-1.0, -4.0])
    with np.errstate(divide="ignore"):
        f(x).sum().backward()
    close(x.grad, [0, 0], "the gradient of x = (-1, -4)")


INDICES = [
    (slice(0, 2),),
    (1, slice(None, None, 2)),
    ([0, 2, 0],),
    ([1, -3, -1], [0, 0, 0]),
    (slice(None), [3, 3, 1]),
    (np.array([[0, 1], [1, 1]]),),
    (np.array([True, False, True]),),
    ([-1, 2, 2, -1] * 5,),
    (..., 2),
    (1, 2, 3),
]

INDICES_WITHOUT_REPEATS = [(slice(0, 2),), (1, slice(None, None, 2)), (np.eye(3, 4) > 0,), (..., 2), (1, 3)]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_add_at_equals_numpy(index):
    """WHAT: the same sums as np.add.at, for slices, masks and repeated indices, also negative ones.
    WHY: it takes a faster way if no entry can be picked twice, or if rows are picked many times.
    TIP: given: `add_at`. Are -1 and the last row the same row?
    """
    rng = np.random.default_rng(3)
    full = rng.normal(size=(3, 4, 32)).astype(np.float32)
    grad = rng.normal(size=full[index].shape).astype(np.float32)
    expected = full.copy()
    np.add.at(expected, index, grad)
    add_at(full, index, grad)
    close(full, expected, f"x[{index}]")


def test_add_at_with_many_rows():
    """WHAT: rows picked hundreds of times each, at random, and from both ends.
    WHY: a language model's batch picks frequent words that often.
    TIP: given: `add_at` sums each run of equal rows once. Is the first run lost, or the last?
    """
    rng = np.random.default_rng(4)
    for count, rows, width in ((4000, 7, 32), (500, 1, 64), (3000, 100, 40)):
        index, grad = rng.integers(-rows, rows, count), rng.normal(size=(count, width)).astype(np.float32)
        actual, expected = np.zeros((rows, width), np.float32), np.zeros((rows, width), np.float64)
        add_at(actual, (index,), grad)
        np.add.at(expected, (index,), grad)
        close(actual, expected, f"{count} of {rows} rows", rtol=1e-4, atol=1e-3)


def test_a_slice_is_added_without_add_at(monkeypatch):
    """WHAT: only indices that may repeat need np.add.at; slices, single numbers and masks do without.
    WHY: np.add.at is 25 times slower than += for the slice of an image.
    TIP: given: `add_at`. Which indices can pick an entry twice?
    """
    calls = []

    class Add:
        reduce, reduceat = np.add.reduce, np.add.reduceat
        at = staticmethod(lambda *args: calls.append(args))

    monkeypatch.setattr(np, "add", Add)
    full, grad = np.zeros((3, 4)), np.ones((3, 4))
    for index in INDICES_WITHOUT_REPEATS:
        add_at(full, index, grad[index])
    assert full.sum() == sum(grad[index].size for index in INDICES_WITHOUT_REPEATS) and not calls
    add_at(full, ([0, 0],), grad[[0, 0]])
    assert len(calls) == 1


def test_long_sums_are_exact():
    """WHAT: sums, means and the gradients of biases over 60,000 rows are exact to a millionth.
    WHY: float32 numbers added one after the other lose digits: here 6e-4 of the sum.
    TIP: given: `add_up` instead of np.sum.
    """
    rows = Tensor(np.full((60_000, 2), 0.1, np.float32))
    exact = 60_000 * float(np.float32(0.1))
    for sums in (rows.sum(0), rows.sum(), rows.T.sum(1), rows.mean(0) * 60_000, rows.reshape(200, 300, 2).sum((0, 1))):
        expected = np.full(sums.shape, exact * (2 if sums.shape == () else 1))
        close(sums, expected, f"a sum of shape {sums.shape}", rtol=1e-6, atol=0)
    layer = Linear(2, 3)
    out = layer(rows)
    out.backward(Tensor(np.full(out.shape, 0.1, np.float32)))
    close(layer.bias.grad, np.full(3, exact), "the gradient of the bias", rtol=1e-6, atol=0)
    assert add_up(rows.array, axis=0).dtype == np.float32, "add_up must keep float32"
