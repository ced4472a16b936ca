"""The exported engine, tested with other numbers than in the notebook."""

import gc
import weakref

import numpy as np
import pytest

from tinytorch.activations import relu, softmax
from tinytorch.autograd import (
    add_gradient,
    cross_entropy_gradient,
    getitem_gradient,
    gradcheck,
    gradients,
    matmul_gradient,
    multiply_gradient,
    no_grad,
    numerical_gradient,
    relu_gradient,
    softmax_gradient,
    sum_gradient,
)
from tinytorch.layers import Linear
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
    assert [part.tolist() for part in add_gradient(a + b, a, b)(grad)] == [[1, 100], [1, 100]]
    assert [part.tolist() for part in multiply_gradient(a * b, a, b)(grad)] == [[2, -300], [0, 500]]
    cube = np.zeros((3, 2, 2), dtype=np.float32)
    assert sum_gradient(None, cube, axis=(0, 2))(grad)[0].tolist() == [[[1, 1], [100, 100]]] * 3
    assert sum_gradient(None, cube, axis=-1, keepdims=True)(cube[:, :, :1] + 4)[0].tolist() == (cube + 4).tolist()
    assert sum_gradient(None, cube)(np.float32(3))[0].tolist() == (cube + 3).tolist()
    rule = getitem_gradient(None, cube[0], ([1, 1, 0], [0, 0, 1]))
    for _ in range(2):
        picked = rule(np.array([1, 2, 4], dtype=np.float32))[0]
        assert picked.tolist() == [[0, 4], [3, 0]] and picked.dtype == np.float32


def test_rules_of_matrices_and_bends():
    """WHAT: the rules of @, relu, softmax and cross-entropy agree with trying, and leave what they were given alone.
    WHY: one wrong sign here, and the network learns to be wrong.
    TIP: compare with a case that you can compute by hand: one row, two columns.
    """
    rng = np.random.default_rng(5)
    a, b, grad = rng.normal(size=(2, 1, 3)), rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 1, 2))
    to_a, to_b = matmul_gradient(a @ b, a, b)(grad)
    assert np.allclose(to_a, numerical_gradient(lambda a: (a @ b * grad).sum(), a), atol=1e-6)
    assert np.allclose(to_b, numerical_gradient(lambda b: (a @ b * grad).sum(), b), atol=1e-6)
    x = np.array([[3.0, 0.0, -1.0]], dtype=np.float32)
    grad, kept = x + 2, x + 2
    assert relu_gradient(relu(x), x)(grad)[0].tolist() == [[5.0, 0.0, 0.0]] and np.array_equal(grad, kept)
    x, grad = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 2, 3))
    for dim in (0, 1, -1):
        expected = numerical_gradient(lambda x, dim=dim: (softmax(x, dim=dim) * grad).sum(), x)
        assert np.allclose(softmax_gradient(softmax(x, dim=dim), x, dim=dim)(grad)[0], expected, atol=1e-6)
    x, y, grad = rng.normal(size=(3, 5)), np.array([4, 0, 4]), np.array([1.0, 0.0, -2.0])
    rule = cross_entropy_gradient(cross_entropy_terms(x, y), x, y)
    expected = numerical_gradient(lambda x: (cross_entropy_terms(x, y) * grad).sum(), x)
    for _ in range(2):
        to_x, to_y = rule(grad)
        assert np.allclose(to_x, expected, atol=1e-6) and to_y is None


def test_gradients_add_up():
    """WHAT: over several uses, and over several calls; in place, in an array of the leaf's own.
    WHY: a batch may be cut into pieces whose gradients add up.
    TIP: who else holds the array that is added to?
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
    WHY: a parameter that gets no gradient never learns, and nobody notices.
    TIP: `missing_rule` is given; when is it called?
    """
    sine = op(np.sin)
    assert sine(Tensor([0.0])).tolist() == [0.0]
    x = leaf([0.0])
    with pytest.raises(RuntimeError, match="sin.*rule"):
        (sine(x) * 2).sum().backward()
    assert x.grad is None
    with no_grad():
        assert not sine(leaf([0.0])).requires_grad
    double = op(lambda x: (2 * x, lambda grad: (2 * grad,)))
    assert gradcheck(double, randn(3))


def test_options_and_tensors_by_position_or_by_name():
    """WHAT: an op may get its tensors by name and its options by position.
    WHY: both are written in PyTorch.
    TIP: `op` and these rules are given; what does `record` do with an input that is no tensor?
    """
    x, layer = leaf([[1.0, 2.0, 4.0]]), Linear(3, 2)
    from tinytorch.layers import linear

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
    """WHAT: when the way back reaches an operation, whatever the later ones kept is gone already.
    WHY: the gradients can then take the place of the activations: the peak of memory is lower.
    TIP: what does a node forget, and when: at once, or when all is done?
    """
    kept, alive = [], []

    def thrice(x):
        factor = np.full(2, 3, dtype=np.float32)
        kept.append(weakref.ref(factor))

        def backward(grad):
            alive.append([reference() is not None for reference in kept])
            return (grad * factor,)

        return x * factor, backward

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
    WHY: one float64 array on the way back makes everything below it slower.
    TIP: which number in your rule is not a plain one?
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
            for node_part in f(x).sum().grad_fn.backward(np.ones((), dtype)):
                seen.append(None if node_part is None else (node_part() if callable(node_part) else node_part).dtype)
            assert set(seen) <= {None, np.dtype(dtype)}
            f(x).sum().backward()
            assert x.grad.dtype == dtype


@pytest.mark.parametrize("rule", list(gradients.values()), ids=lambda rule: rule.__name__)
def test_rules_do_not_mention_tensors(rule):
    """WHAT: every rule in the table is a plain function of arrays.
    WHY: a rule that recorded its own arithmetic would never come to an end.
    TIP: the table is filled by @gradient_of.
    """
    assert callable(rule) and not isinstance(rule, Tensor)


def test_gradcheck_finds_what_is_wrong():
    """WHAT: a factor, a sign, a swapped pair, a missing part.
    WHY: a check that lets these pass is worse than none.
    TIP: gradcheck relies on numerical_gradient.
    """
    right = lambda a, b: (a * b + a, lambda grad: (grad * (b + 1), grad * a))  # noqa: E731
    assert gradcheck(op(right), (randn(3), randn(3)))
    for wrong in (
        lambda grad, a, b: (grad * b, grad * a),
        lambda grad, a, b: (-grad * (b + 1), grad * a),
        lambda grad, a, b: (grad * a, grad * (b + 1)),
        lambda grad, a, b: (grad * (b + 1), None),
        lambda grad, a, b: (grad * (b + 1),),
        lambda grad, a, b: (b + 1, a),
    ):
        with pytest.raises(RuntimeError, match="input"):
            gradcheck(
                op(lambda a, b, wrong=wrong: (a * b + a, lambda grad: wrong(grad, a, b))),
                (Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 7.0])),
            )
    assert gradcheck(lambda x: x.sum(), zeros(2, 0)), "nothing to check is not wrong"
