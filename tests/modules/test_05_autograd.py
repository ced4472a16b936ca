"""The exported engine, tested with other numbers than in the notebook."""

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


def leaf(data, **options):
    return Tensor(data, requires_grad=True, **options)


def test_numerical_gradient():
    """WHAT: slopes of a function of a table, one number moved at a time; also of a single number.
    WHY: it is the judge of all other gradients.
    TIP: a step up, a step down, and everything back in its place.
    """
    x = np.array([[2.0, -1.0, 4.0], [0.5, 1.0, -3.0]])
    f = lambda x: x[0, 0] * x[0, 1] * x[1, 2]  # noqa: E731
    found = numerical_gradient(f, x, eps=0.25)
    assert np.allclose(found, [[3, -6, 0], [0, 0, -2]], atol=1e-12)
    assert x.tolist() == [[2.0, -1.0, 4.0], [0.5, 1.0, -3.0]]
    assert abs(numerical_gradient(np.square, np.array(-3.0)) + 6) < 1e-6


def test_rules_of_sums_and_products():
    """WHAT: the rules of +, *, sum and indexing, on the arrays of a small example.
    WHY: nearly every other gradient is made of these.
    TIP: by how much does the result move, if this one number moves by 1?
    """
    a, b, grad = (np.array(v, dtype=np.float32) for v in ([0.0, 5.0], [2.0, -3.0], [1.0, 100.0]))
    assert [to_input(grad).tolist() for to_input in add_gradient(a + b, a, b)] == [[1, 100], [1, 100]]
    assert [to_input(grad).tolist() for to_input in multiply_gradient(a * b, a, b)] == [[2, -300], [0, 500]]
    cube = np.zeros((3, 2, 2), dtype=np.float32)
    (to_x,) = sum_gradient(None, cube, axis=(0, 2))
    assert to_x(grad).tolist() == [[[1, 1], [100, 100]]] * 3
    (to_x,) = sum_gradient(None, cube, axis=-1, keepdims=True)
    assert to_x(cube[:, :, :1] + 4).tolist() == (cube + 4).tolist()
    (to_x,) = sum_gradient(None, cube)
    assert to_x(np.float32(3)).tolist() == (cube + 3).tolist()
    (to_x,) = getitem_gradient(None, cube[0], ([1, 1, 0], [0, 0, 1]))
    for _ in range(2):
        picked = to_x(np.array([1, 2, 4], dtype=np.float32))
        assert picked.tolist() == [[0, 4], [3, 0]] and picked.dtype == np.float32


def test_rules_of_matrices_and_activations():
    """WHAT: the rules of @, relu, softmax and cross-entropy match the numerical gradient, and change none of their inputs.
    WHY: one wrong sign here, and the network learns to be wrong.
    TIP: compare with a case that you can compute by hand: one row, two columns.
    """
    rng = np.random.default_rng(5)
    a, b, grad = rng.normal(size=(2, 1, 3)), rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 1, 2))
    to_a, to_b = matmul_gradient(a @ b, a, b)
    assert np.allclose(to_a(grad), numerical_gradient(lambda a: (a @ b * grad).sum(), a), atol=1e-6)
    assert np.allclose(to_b(grad), numerical_gradient(lambda b: (a @ b * grad).sum(), b), atol=1e-6)
    x = np.array([[3.0, 0.0, -1.0]], dtype=np.float32)
    grad, kept = x + 2, x + 2
    assert relu_gradient(relu(x), x)[0](grad).tolist() == [[5.0, 0.0, 0.0]] and np.array_equal(grad, kept)
    x, grad = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 2, 3))
    for dim in (0, 1, -1):
        expected = numerical_gradient(lambda x, dim=dim: (softmax(x, dim=dim) * grad).sum(), x)
        assert np.allclose(softmax_gradient(softmax(x, dim=dim), x, dim=dim)[0](grad), expected, atol=1e-6)
    x, y, grad = rng.normal(size=(3, 5)), np.array([4, 0, 4]), np.array([1.0, 0.0, -2.0])
    to_x, to_y = cross_entropy_gradient(cross_entropy_terms(x, y), x, y)
    expected = numerical_gradient(lambda x: (cross_entropy_terms(x, y) * grad).sum(), x)
    for _ in range(2):
        assert np.allclose(to_x(grad), expected, atol=1e-6) and to_y is None


def test_gradients_add_up():
    """WHAT: over several uses, and over several calls; in place, in an array of the leaf's own.
    WHY: a batch may be cut into pieces whose gradients add up.
    TIP: do other nodes hold the array that you add to?
    """
    x = leaf([1.0, -2.0])
    (x * 3).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad is first and first.tolist() == [5.0, -1.0]
    start = Tensor([1.0, 1.0])
    y = leaf([7.0, 8.0])
    y.backward(start)
    y.backward(start)
    assert y.grad.tolist() == [2.0, 2.0] and start.tolist() == [1.0, 1.0]
    z = leaf([2.0])
    a, b = z * 1, z * 10
    c = b * 100
    (c + (a + b)).backward()
    assert z.grad.tolist() == [1 + 10 + 1000]
    a, b = z * 1, z * 10
    c = b * 100
    z.grad = None
    ((a + b) + c).backward()
    assert z.grad.tolist() == [1 + 10 + 1000]


def test_broadcasting_is_undone():
    """WHAT: a gradient has the shape of its tensor, however that was stretched.
    WHY: a bias is added to every row of a batch.
    TIP: which axes are missing, and which have size 1?
    """
    for shape in ((), (1,), (3,), (1, 3), (2, 1), (4, 1, 1), (4, 2, 3)):
        x = leaf(np.ones(shape))
        (x * Tensor(np.ones((4, 2, 3)))).sum().backward()
        assert x.grad.shape == shape and x.grad.numpy().sum() == 24


def test_graph_is_used_once():
    """WHAT: twice only with retain_graph, then with the same result; otherwise a sentence says what to do.
    WHY: what the rules keep is most of the memory of training.
    TIP: what does a node forget when it has been passed, and when not?
    """
    x = leaf([3.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12.0]
    with pytest.raises(RuntimeError, match="again"):
        y.backward()
    shared = x * 2
    (shared + 1).backward()
    with pytest.raises(RuntimeError, match="again"):
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
    """WHAT: what makes no sense is refused with a sentence.
    WHY: a gradient that is missing without a word costs days.
    TIP: the checks are given; what did `record` write down?
    """
    with pytest.raises(RuntimeError, match=message):
        make().backward(gradient)


def test_only_floats_have_gradients():
    """WHAT: integers are refused where a gradient is asked for; comparisons and argmax give tensors without one.
    WHY: a class number cannot move by a millionth.
    TIP: what kind of number comes out of the op?
    """
    with pytest.raises(RuntimeError, match="int64.*float"):
        leaf([1, 2])
    x = leaf([1.0, 3.0])
    assert not (x > 2).requires_grad and not x.argmax().requires_grad and not x.long().requires_grad
    assert (x * Tensor([1, 0])).requires_grad


def test_op_without_a_rule_is_refused():
    """WHAT: an error, when a gradient is asked of it; never silence. The forward pass just works.
    WHY: a parameter that gets no gradient never learns, and there is no error to tell you.
    TIP: `missing_rule` is given; when is it called?
    """
    arcsine = op(np.arcsin)
    assert arcsine(Tensor([0.0])).tolist() == [0.0]
    x = leaf([0.0])
    with pytest.raises(RuntimeError, match="arcsin.*rule"):
        (arcsine(x) * 2).sum().backward()
    assert x.grad is None
    with no_grad():
        assert not arcsine(leaf([0.0])).requires_grad
    double = op(lambda x: (2 * x, (lambda grad: 2 * grad,)))
    assert gradcheck(double, randn(3))


def test_options_and_tensors_by_position_or_by_name():
    """WHAT: an op may get its tensors by name and its options by position.
    WHY: both are written in PyTorch.
    TIP: `op` and these rules are given; what does `record` do with an input that is not a tensor?
    """
    x, layer = leaf([[1.0, 2.0, 4.0]]), Linear(3, 2)
    linear(x, weight=layer.weight, bias=layer.bias).sum().backward()
    assert layer.bias.grad.tolist() == [1.0, 1.0] and x.grad is not None
    assert gradcheck(lambda x: softmax(x, 0), randn(3, 2))


def test_no_grad():
    """WHAT: also as a decorator; what is computed inside is a leaf.
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
    WHY: a generator is left in the middle of its body: whatever it switched off would stay off.
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
    """WHAT: one object may be entered again, also inside of its own block, and decorate a function at the same time.
    WHY: what was on before a block is on after it, however blocks are nested.
    TIP: an object that remembers one earlier state forgets it when it is entered again.
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
    """WHAT: 100,000 operations in a row, and 40 doublings, in seconds; and the memory is free afterwards.
    WHY: a recurrent network over a long text is a deep graph; a wide one has more paths than atoms.
    TIP: no recursion; each operation once.
    """
    x = leaf([1.0])
    y = x
    for _ in range(100_000):
        y = y + 0
    y.backward()
    assert x.grad.tolist() == [1.0]
    for _ in range(100_000):
        y = y * 1
    del y  # never used: a long chain of nodes must also be forgotten without recursion
    y = x
    for _ in range(40):
        y = y + y
    y.backward()
    assert x.grad.tolist() == [2.0**40]


def test_what_rules_keep_is_freed_on_the_way():
    """WHAT: when the backward pass reaches an operation, what the later ones kept has been freed.
    WHY: the gradients can then take the place of the activations: the peak of memory is lower.
    TIP: what does a node forget, and when: at once, or when all is done?
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
    assert x.grad.tolist() == [27.0, 27.0]
    assert alive == [[True, True, True], [True, True, False], [True, False, False]]


@pytest.mark.parametrize("used", [True, False])
def test_no_reference_cycles(used):
    """WHAT: when the last name is gone the arrays are, without the garbage collector, whether the graph was used or not.
    WHY: a cycle holds a whole batch of activations until the collector comes by.
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
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_gradients_have_the_type_of_their_tensor():
    """WHAT: float32 for float32, float64 for float64, whatever the op mixes in.
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
            assert seen == [x.dtype] and x.grad.dtype == dtype


@pytest.mark.parametrize("rule", list(gradients.values()), ids=lambda rule: rule.__name__)
def test_rules_do_not_mention_tensors(rule):
    """WHAT: every rule in the table is a plain function of arrays.
    WHY: a rule that recorded its own arithmetic would never come to an end.
    TIP: the table is filled by @gradient_of.
    """
    assert callable(rule) and not isinstance(rule, Tensor)


def test_gradcheck_finds_what_is_wrong():
    """WHAT: a factor, a sign, a swapped pair, a missing function.
    WHY: a check that lets these pass is worse than none.
    TIP: gradcheck relies on numerical_gradient.
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
        with pytest.raises(RuntimeError, match="input"):
            gradcheck(
                op(lambda a, b, wrong=wrong: (a * b + a, wrong(a, b))),
                (Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 7.0])),
            )
    assert gradcheck(lambda x: x.sum(), zeros(2, 0)), "nothing to check is not wrong"


def test_a_changed_array_is_noticed():
    """WHAT: a rule that needs an array which has changed in place since refuses; one that does not mention it goes on.
    WHY: the gradient would be that of other numbers, and no error would tell.
    TIP: given: `versions` counts changes; step 3 of backward asks.
    """
    x = leaf([1.0, 2.0])
    y = x.exp()  # its rule mentions the result
    with no_grad():
        y.array *= 3
        y.increment_version()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()
    assert x.grad is None
    y = x.log().sum()  # its rule mentions x, of which a view changes
    view = x.detach()[:1]
    view.array += 1
    view.increment_version()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_change_that_no_rule_mentions_is_fine():
    """WHAT: changes before the op, of other arrays, of what only the sum's rule saw, and after the backward pass.
    WHY: an optimizer changes every weight after every step; a false alarm would stop all training.
    TIP: a node compares its own arrays with the changes after it was made.
    """
    x, other = leaf([1.0, 2.0]), Tensor([5.0])
    x.array *= 2
    x.increment_version()
    y = x + other
    z = (y * 3).exp().sum()
    for unmentioned in (x, y, other):
        unmentioned.array += 1
        unmentioned.increment_version()
    z.backward()
    assert np.allclose(x.grad.array, 3 * np.exp([21.0, 27.0]), rtol=1e-5)
    for _ in range(3):
        loss = (x * x).sum()
        x.grad = None
        loss.backward()
        x.array -= 0.1 * x.grad.array
        x.increment_version()


def test_hooks():
    """WHAT: a hook sees the gradient of a leaf or a node; what it returns, if anything, goes on in its place.
    WHY: this is how a gradient in the middle of a network is looked at, clipped or logged.
    TIP: given: `run_hook`; step 3 of backward calls `arrived` for a node with hooks.
    """
    x, seen = leaf([1.0, 2.0]), []
    y = x * 3
    y.grad_fn.hooks = [lambda grad: seen.append(grad.tolist()), lambda grad: grad * 10]
    x.hooks = [lambda grad: seen.append(grad.tolist()) or grad + 1]
    (y * y).sum().backward()
    assert seen == [[6.0, 12.0], [180.0, 360.0]] and x.grad.tolist() == [181.0, 361.0]


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
    """WHAT: where a mask cuts off, the gradient is 0, also when an infinite one arrives.
    WHY: 0 times infinity is not a number, and one nan in a gradient destroys every weight.
    TIP: `select(mask, grad)`, not `mask * grad`.
    """
    x = leaf([-1.0, -4.0])
    with np.errstate(divide="ignore"):
        f(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


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
    WHY: it takes a faster way wherever a place cannot be picked twice, or rows are picked many times.
    TIP: given: `add_at`. Are -1 and the last row the same row?
    """
    rng = np.random.default_rng(3)
    full = rng.normal(size=(3, 4, 32)).astype(np.float32)
    grad = rng.normal(size=full[index].shape).astype(np.float32)
    expected = full.copy()
    np.add.at(expected, index, grad)
    add_at(full, index, grad)
    assert np.allclose(full, expected, rtol=1e-5, atol=1e-6)


def test_add_at_with_many_rows():
    """WHAT: rows picked hundreds of times each, at random, and from both ends.
    WHY: a language model's batch picks frequent words that often.
    TIP: each run of equal rows is added up once; is the first run, or the last, lost?
    """
    rng = np.random.default_rng(4)
    for count, rows, width in ((4000, 7, 32), (500, 1, 64), (3000, 100, 40)):
        index, grad = rng.integers(-rows, rows, count), rng.normal(size=(count, width)).astype(np.float32)
        found, expected = np.zeros((rows, width), np.float32), np.zeros((rows, width), np.float64)
        add_at(found, (index,), grad)
        np.add.at(expected, (index,), grad)
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_a_slice_is_added_without_add_at(monkeypatch):
    """WHAT: only indices that may repeat need np.add.at; slices, single numbers and masks do without.
    WHY: np.add.at is 25 times slower than += for the slice of an image.
    TIP: which indices can pick a place twice?
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
    """WHAT: sums, means and the gradients of biases over 60,000 rows, within a millionth.
    WHY: float32 numbers that are added one after the other lose digits: here 6e-4 of the sum.
    TIP: `add_up`, instead of np.sum.
    """
    rows = Tensor(np.full((60_000, 2), 0.1, np.float32))
    exact = 60_000 * float(np.float32(0.1))
    for sums in (rows.sum(0), rows.sum(), rows.T.sum(1), rows.mean(0) * 60_000, rows.reshape(200, 300, 2).sum((0, 1))):
        assert np.allclose(sums.array / (2 if sums.shape == () else 1), exact, rtol=1e-6)
    layer = Linear(2, 3)
    out = layer(rows)
    out.backward(Tensor(np.full(out.shape, 0.1, np.float32)))
    assert np.allclose(layer.bias.grad.array, exact, rtol=1e-6)
    assert add_up(rows.array, axis=0).dtype == np.float32
