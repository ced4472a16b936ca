"""The exported Tensor, tested with other numbers than in the notebook."""

from itertools import product

import numpy as np
import pytest

from tinytorch.tensor import (
    Tensor,
    arange,
    as_array,
    broadcast_shape,
    cat,
    manual_seed,
    op,
    randn,
    row_major_strides,
    stack,
    sum_to_shape,
    where,
)
from tito.lesson import close

SHAPES = [(), (1,), (4,), (3, 1), (2, 3, 4), (5, 1, 2), (0, 3)]


def test_number_types():
    """WHAT: floats become float32, integers and booleans keep their dtype, and an explicit dtype is respected.
    WHY: a single float64 array doubles the memory and halves the speed of everything it touches.
    TIP: as_array decides; look at the line that converts, and at when it runs.
    """
    close(as_array(np.linspace(0, 1, 3)), [0, 0.5, 1], "an array of floats becomes float32", dtype=np.float32)
    close(as_array([[1, 2]]), [[1, 2]], "integers stay int64", dtype=np.int64)
    close(as_array([True]), [True], "booleans stay booleans", dtype=np.bool_)
    close(as_array([0.1], dtype=np.float64), [0.1], "float64 if that is asked for", dtype=np.float64, rtol=1e-12)
    close(as_array(3.5), 3.5, "a single number", dtype=np.float32)
    close(as_array([]), [], "an empty list", dtype=np.float32)


def test_tensor_from_data():
    """WHAT: a tensor is made from numbers, lists, arrays and tensors; an explicit dtype reaches as_array.
    WHY: every program starts by making tensors.
    TIP: what does `__init__` hand to as_array, for a tensor and for everything else?
    """
    close(Tensor(3.5).array, 3.5, "Tensor(3.5)", dtype=np.float32)
    close(Tensor([0.1], dtype=np.float64).array, [0.1], "Tensor([0.1], dtype=float64)", dtype=np.float64, rtol=1e-12)
    close(Tensor(Tensor([[1, 2]])).array, [[1, 2]], "a tensor made from a tensor of integers", dtype=np.int64)
    close(Tensor(np.ones((2, 1))).array, [[1], [1]], "a tensor made from an array of float64", dtype=np.float32)


def test_tensors_own_their_memory():
    """WHAT: changing what a tensor was made of does not change the tensor.
    WHY: training changes weights in place; with shared memory it would also change your data.
    TIP: follow the array from the argument to `self.array`: where is it copied?
    """
    source = np.zeros((2, 2), dtype=np.float32)
    tensor = Tensor(source)
    again = Tensor(tensor)
    source[:] = 7
    tensor.array[:] = 5
    close(tensor.array, np.full((2, 2), 5), "the source has changed, and the tensor must not")
    close(again.array, np.zeros((2, 2)), "the tensor it was made from has changed, and the copy must not")


def test_row_major_strides():
    """WHAT: row-major strides are NumPy's, counted in elements.
    WHY: they turn an index into an address.
    TIP: the stride of an axis is the product of the sizes to its right. Is the result a tuple?
    """
    for shape in ((), (1,), (4,), (3, 1), (2, 3, 4), (5, 1, 2), (7, 2, 3, 2)):
        array = np.zeros(shape, dtype=np.float32)
        strides, expected = row_major_strides(shape), tuple(step // array.itemsize for step in array.strides)
        assert strides == expected, f"strides of shape {shape}: got {strides}, and NumPy has {expected}"


def test_broadcast_shape():
    """WHAT: the shape of a result is NumPy's, and shapes that NumPy refuses are refused.
    WHY: every operation with a bias, a batch or a mask relies on it.
    TIP: write the shapes in the message one below the other, aligned at the right, and go through the pairs of sizes.
    """
    for a, b in product(SHAPES, SHAPES):
        try:
            expected = np.broadcast_shapes(a, b)
        except ValueError:
            try:
                shape = broadcast_shape(a, b)
            except ValueError:
                continue
            raise AssertionError(
                f"broadcast_shape must raise ValueError for {a} and {b}, and returned {shape}"
            ) from None
        shape = broadcast_shape(a, b)
        empty = ": a 1 takes the other size, even if that is 0" if 0 in expected else ""
        assert shape == expected, f"{a} with {b}: got {shape}, expected {expected}{empty}"


def test_sum_to_shape():
    """WHAT: each number gets the sum of what its copies got.
    WHY: this is how a bias gets its gradient.
    TIP: write the shapes in the message one below the other, aligned at the right. Sum along the axes that were missing or stretched.
    """
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    close(sum_to_shape(array, (3, 1)), array.sum(axis=(0, 2))[:, None], "(2, 3, 4) to (3, 1)", dtype=np.float32)
    close(sum_to_shape(array, (1, 3, 4)), array.sum(axis=0, keepdims=True), "(2, 3, 4) to (1, 3, 4)")
    close(sum_to_shape(array, (2, 3, 4)), array, "(2, 3, 4) to (2, 3, 4)")
    for small, other in (((), (2, 3)), ((1,), (4,)), ((3, 1), (2, 3, 4)), ((5, 1, 2), (5, 1, 2)), ((1, 3), (0, 3))):
        shape = np.broadcast_shapes(small, other)
        copies = np.prod(shape) / np.prod(small)
        close(sum_to_shape(np.ones(shape), small), np.full(small, copies), f"ones of shape {shape} to {small}")


def test_apply_keeps_dtypes():
    """WHAT: float32 stays float32 with numbers on either side; an explicit float64 stays; integers stay integers.
    WHY: every operation of the framework goes through apply, so a leak there is everywhere.
    TIP: a plain number isn't an array, and NumPy's own numbers aren't tensors.
    """
    x, integers = Tensor([1.5, 2.5]), Tensor([1, 2])
    for text, out, expected, dtype in (
        ("x + 1", x + 1, [2.5, 3.5], np.float32),
        ("2 * x", 2 * x, [3, 5], np.float32),
        ("x / 4.0", x / 4.0, [0.375, 0.625], np.float32),
        ("x**2", x**2, [2.25, 6.25], np.float32),
        ("x * np.float64(2)", x * np.float64(2), [3, 5], np.float32),
        ("np.ones(2) + x", np.ones(2) + x, [2.5, 3.5], np.float32),
        ("integers / 2", integers / 2, [0.5, 1], np.float32),
        ("integers + 1", integers + 1, [2, 3], np.int64),
        ("x > 2", x > 2, [False, True], np.bool_),
        ("a float64 tensor * 2", Tensor([1.5], dtype=np.float64) * 2, [3], np.float64),
    ):
        assert isinstance(out, Tensor), f"{text} must be a Tensor, not {type(out).__name__}"
        close(out, expected, text, dtype=dtype)


def test_apply_calls_the_recorder():
    """WHAT: op, result, inputs, arrays, params and a gradient rule reach the recorder, unchanged, once.
    WHY: automatic differentiation is nothing but such a recorder.
    TIP: call the recorder after wrapping, with the very objects that apply used, in the order of step 6.
    """
    x, calls = Tensor([1.0, 2.0]), []

    def backward(grad):
        return (grad,)

    before = Tensor.recorder
    Tensor.recorder = lambda *call: calls.append(call)
    try:
        out = Tensor.apply(lambda array, by: (array * by, backward), x, by=2)
        x.sum(dim=0)
    finally:
        Tensor.recorder = before
    close(out, [2, 4], "an op that returns (array, backward): the tensor wraps the array")
    assert [len(call) for call in calls] == [6, 6], "two operations make two calls of the recorder, with six arguments"
    _, result, inputs, arrays, params, rule = calls[0]
    assert result is out, "the recorder must get the very tensor that apply returns"
    assert inputs[0] is x, "the recorder must get the inputs as apply got them"
    assert arrays[0] is x.array, "the recorder must get the arrays that the op got"
    assert params == {"by": 2}, f"the recorder must get the params {{'by': 2}}, not {params}"
    assert rule is backward, "the op returned (array, backward): the recorder must get that backward"
    assert calls[1][5] is None, "the op of sum returns an array only: its backward must be None"


def test_rsub():
    """WHAT: a number minus a tensor.
    WHY: a formula must mean what it says.
    TIP: for `3 - x` Python calls `x.__rsub__(3)`: which of the two is subtracted?
    """
    close(3 - Tensor([0.5, 2.0]), [2.5, 1], "3 - x for x = [0.5, 2]", dtype=np.float32)
    close(1 - Tensor([4, 1]), [-3, 0], "1 - x for x = [4, 1]", dtype=np.int64)


def test_operators():
    """WHAT: arithmetic and comparison, tensor with tensor and with numbers.
    WHY: a formula must mean what it says.
    TIP: these are given; if this fails, look at apply: does it unwrap every tensor, and leave numbers alone?
    """
    x = Tensor([0.5, 2.0])
    for text, out, expected in (
        ("x - 3", x - 3, [-2.5, -1]),
        ("1 / x", 1 / x, [2, 0.5]),
        ("-x", -x, [-0.5, -2]),
        ("x - x / 2", x - x / 2, [0.25, 1]),
        ("x == 2", x == 2, [False, True]),
        ("x <= 0.5", x <= 0.5, [True, False]),
        ("a row @ a column", Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]]), [[11]]),
    ):
        close(out, expected, f"{text} for x = [0.5, 2]")
    assert len({x, Tensor([1.0])}) == 2, "tensors can be put into sets"


@pytest.mark.parametrize("dim", [None, 0, 1, -1, (0, 2), (1, -1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_mean(dim, keepdim):
    """WHAT: the mean along any axes, with and without keepdim.
    WHY: every loss ends in a mean.
    TIP: divide by how many numbers went into each sum.
    """
    data = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    expected = data.mean(axis=dim, keepdims=keepdim)
    mean = Tensor(data).mean(dim, keepdim)
    close(mean, expected, f"mean({dim}, {keepdim}) of shape (2, 3, 4)", dtype=np.float32)


def test_views_and_copies():
    """WHAT: transposes, slices and reshapes share memory, so a write through one shows in all.
    WHY: what looks like a copy may be a view; knowing which is which avoids the strangest bugs.
    TIP: if this fails, apply copies on the way.
    """
    x = Tensor(np.zeros((3, 4)))
    x.T[1:2].array[:] = 1
    x.reshape(2, 6)[0].array[0] = 5
    close(x, [[5, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]], "x, after writes through its views")
    assert x.T.stride() == (1, 4) and not x.T.is_contiguous(), "a transpose swaps the strides (4, 1)"


def test_joining_and_choosing():
    """WHAT: cat, stack, where and indexing by tensors.
    WHY: batches are stacked from examples, and masks choose.
    TIP: these are given; if they fail, look at what apply does to their inputs.
    """
    a, b = arange(3).float(), Tensor([5.0, 6.0, 7.0])
    close(cat([a, b]), [0, 1, 2, 5, 6, 7], "cat")
    close(stack([a, b], dim=1), [[0, 5], [1, 6], [2, 7]], "stack along axis 1")
    close(where(a > 1, b, -1.0), [-1, -1, 7], "where(a > 1, b, -1.0)")
    close(b[Tensor([2, 0])], [7, 5], "a tensor of integers as an index")
    close(b[a == 1], [6], "a mask as an index")


def test_op_lets_functions_take_tensors():
    """WHAT: a function on arrays, decorated with `op`, takes arrays and tensors and keeps its name.
    WHY: in Module 02 you write functions for arrays only.
    TIP: `op` is given: it calls Tensor.apply when it gets a tensor. Look at apply.
    """

    @op
    def halve(x):
        return x / 2

    close(halve(np.float32(3)), 1.5, "on a number")
    close(halve(Tensor([3.0])), [1.5], "on a tensor", dtype=np.float32)
    close(halve(Tensor([3.0]), inplace=True), [1.5], "inplace=True is accepted and ignored, as in PyTorch")
    assert halve.__name__ == "halve", f"op must keep the name halve, not {halve.__name__}"


def test_seeds_repeat():
    """WHAT: the same seed gives the same numbers, another seed gives others.
    WHY: you can't debug a result that you can't repeat.
    TIP: these are given; if this fails, as_array or `__init__` changes the numbers.
    """
    draws = []
    for seed in (1, 1, 2):
        manual_seed(seed)
        draws.append(randn(3).tolist())
    assert draws[0] == draws[1], "seed 1 twice: the same numbers must come"
    assert draws[0] != draws[2], "seeds 1 and 2: other numbers must come"
