"""The exported Tensor, tested with other numbers than in the notebook."""

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

SHAPES = [(), (1,), (4,), (3, 1), (2, 3, 4), (5, 1, 2), (0, 3)]


def test_number_types():
    """WHAT: floats become float32, integers and booleans keep their dtype, and an explicit dtype is respected.
    WHY: a single float64 array doubles the memory and halves the speed of all that it touches.
    TIP: as_array decides; look at the line that converts.
    """
    assert as_array(np.linspace(0, 1, 5)).dtype == np.float32
    assert Tensor([[1, 2]]).dtype == np.int64 and Tensor([True]).dtype == np.bool_
    assert Tensor([0.1], dtype=np.float64).dtype == np.float64
    assert Tensor(3.5).shape == () and Tensor([]).shape == (0,)


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
    assert tensor.tolist() == [[5.0, 5.0], [5.0, 5.0]] and again.tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("shape", SHAPES)
def test_strides_agree_with_numpy(shape):
    """WHAT: row-major strides are NumPy's, counted in elements.
    WHY: the address of an element is computed from them.
    TIP: the stride of an axis is the product of the sizes to its right.
    """
    array = np.zeros(shape, dtype=np.float32)
    expected = tuple(step // array.itemsize for step in array.strides) if array.size else None
    assert len(row_major_strides(shape)) == len(shape)
    assert expected is None or all(
        mine == numpys for mine, numpys, size in zip(row_major_strides(shape), expected, shape, strict=True) if size > 1
    )


@pytest.mark.parametrize("a", SHAPES)
@pytest.mark.parametrize("b", SHAPES)
def test_broadcasting_agrees_with_numpy(a, b):
    """WHAT: the shape of a sum is NumPy's, and what NumPy refuses is refused.
    WHY: every operation with a bias, a batch or a mask relies on it.
    TIP: write the two shapes under one another, aligned at the right.
    """
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ValueError):
            broadcast_shape(a, b)
    else:
        assert broadcast_shape(a, b) == expected
        back = sum_to_shape(np.ones(expected, dtype=np.float32), a)
        assert back.shape == a and back.dtype == np.float32
        assert back.sum() == np.prod(expected), "summing back must neither lose nor invent anything"


def test_sum_to_shape_adds_the_uses():
    """WHAT: each number gets the sum of what its copies got.
    WHY: this is how a bias gets its gradient.
    TIP: which axes did broadcasting add or stretch? Sum along exactly those.
    """
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert np.array_equal(sum_to_shape(array, (3, 1)), array.sum(axis=(0, 2))[:, None])
    assert np.array_equal(sum_to_shape(array, (1, 3, 4)), array.sum(axis=0, keepdims=True))


def test_apply_keeps_types():
    """WHAT: float32 stays float32 with numbers on either side; an explicit float64 stays; integers stay integers.
    WHY: every operation of the framework goes through apply, so a leak there is everywhere.
    TIP: a plain number is not an array, and NumPy's own numbers are not tensors.
    """
    x = Tensor([1.5, 2.5])
    for result in (x + 1, 2 * x, x / 3.0, 1 - x, x**2, x * np.float64(2), np.ones(2) + x, Tensor([1, 2]) / 2):
        assert isinstance(result, Tensor) and result.dtype == np.float32
    assert (Tensor([1.5], dtype=np.float64) * 2).dtype == np.float64
    assert (Tensor([1, 2]) + 1).dtype == np.int64 and (x > 2).dtype == np.bool_


def test_apply_shows_everything_to_the_recorder():
    """WHAT: op, result, inputs, arrays, params and a gradient rule reach the recorder, unchanged, once.
    WHY: automatic differentiation will be nothing but such a recorder.
    TIP: the recorder is called after wrapping, with the very objects that apply used.
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
    assert len(calls) == 2
    _, result, inputs, arrays, params, rule = calls[0]
    assert result is out and inputs[0] is x and arrays[0] is x.array and params == {"by": 2} and rule is backward
    assert out.tolist() == [2.0, 4.0] and calls[1][5] is None


def test_operators():
    """WHAT: arithmetic and comparison, tensor with tensor and with numbers on both sides.
    WHY: a formula must mean what it says.
    TIP: for `1 - x` Python calls `x.__rsub__(1)`.
    """
    x = Tensor([0.5, 2.0])
    assert (3 - x).tolist() == [2.5, 1.0] and (x - 3).tolist() == [-2.5, -1.0]
    assert (1 / x).tolist() == [2.0, 0.5] and (-x).tolist() == [-0.5, -2.0] and (x**2).tolist() == [0.25, 4.0]
    assert (x == 2).tolist() == [False, True] and (x <= 0.5).tolist() == [True, False]
    assert (Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]])).tolist() == [[11.0]]
    assert len({x, Tensor([1.0])}) == 2, "tensors must fit into sets"


@pytest.mark.parametrize("dim", [None, 0, 1, -1, (0, 2), (1, -1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_mean(dim, keepdim):
    """WHAT: the mean along any axes, with and without keepdim.
    WHY: every loss ends in a mean.
    TIP: divide by how many numbers went into each sum.
    """
    data = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    mean = Tensor(data).mean(dim, keepdim)
    assert np.allclose(mean.numpy(), data.mean(axis=dim, keepdims=keepdim)) and mean.dtype == np.float32


def test_views_and_copies():
    """WHAT: transposes, slices and reshapes share memory; so a write through them is seen.
    WHY: what looks like a copy may be a view; knowing which is which avoids the strangest bugs.
    TIP: if this fails, apply copies on the way.
    """
    x = Tensor(np.zeros((3, 4)))
    x.T[1:2].array[:] = 1
    x.reshape(2, 6)[0].array[0] = 5
    assert x.tolist() == [[5.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    assert x.T.stride() == (1, 4) and not x.T.is_contiguous()


def test_joining_and_choosing():
    """WHAT: cat, stack, where and indexing by tensors.
    WHY: batches are stacked from examples, and masks choose.
    TIP: these are given; if they fail, apply does something to their inputs.
    """
    a, b = arange(3).float(), Tensor([5.0, 6.0, 7.0])
    assert cat([a, b]).shape == (6,) and stack([a, b], dim=1).shape == (3, 2)
    assert where(a > 1, b, -1.0).tolist() == [-1.0, -1.0, 7.0]
    assert b[Tensor([2, 0])].tolist() == [7.0, 5.0] and b[a == 1].tolist() == [6.0]


def test_op_lets_functions_take_tensors():
    """WHAT: a function for arrays, decorated with `op`, takes both and keeps its name.
    WHY: Module 02 writes its functions for arrays only.
    TIP: given; it calls Tensor.apply when it sees a tensor.
    """

    @op
    def halve(x):
        return x / 2

    assert (
        halve(np.float32(3)) == 1.5
        and halve(Tensor([3.0])).tolist() == [1.5]
        and halve.__name__ == "halve"
        and halve(Tensor([3.0]), inplace=True).tolist() == [1.5]
    )


def test_seeds_repeat():
    """WHAT: the same seed gives the same numbers, another seed others.
    WHY: a result that cannot be repeated cannot be debugged.
    TIP: given.
    """
    draws = []
    for seed in (1, 1, 2):
        manual_seed(seed)
        draws.append(randn(3).tolist())
    assert draws[0] == draws[1] != draws[2]
