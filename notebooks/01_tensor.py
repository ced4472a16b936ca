import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 01: Tensor")

with app.setup(hide_code=True):
    import math
    from collections.abc import Callable
    from functools import cache, wraps
    from inspect import signature

    import marimo as mo
    import numpy as np

    import tinytorch.arrays as arrays
    from tinytorch.arrays import add_up, cast, float32, float64, int64, promote, wants_float64
    from tinytorch.graph import versions
    from tito.diagrams import diagram
    from tito.lesson import compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 01: Tensor

    A photograph, a sentence, the weights of a network: to a computer each is a long row of numbers and a note that says how to read
    it. That pair is a *tensor*. Everything in this course is built on the class you write here, and at the end it reads handwriting.

    **When you are done:** I can ...

    - say what dtype, shape and strides are, and compute the address of `x[i, j]` by hand;
    - tell a view from a copy, and know what each costs;
    - predict the shape of `a + b`, and sum the result back to either of the two shapes;
    - write a `Tensor` whose every operation goes through one method, `apply`.

    **You need:** Module 00, and NumPy arrays. **It unlocks:** Module 02, activations.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("tensor")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. Creation: which dtype?

    Python's `0.1` has 64 bits. Half of them are wasted on a neural network: its weights come from noisy data, and 7 decimal
    digits are plenty. So a framework stores floats in 32 bits, and a processor does twice the work per second on them. Integers
    (class labels) and booleans (masks) keep their own dtype: label 3 is not 3.0.

    | you give | NumPy makes | a tensor keeps |
    |---|---|---|
    | `[1.0, 2.5]` | float64 | **float32** |
    | `[3, 1, 2]` | int64 | int64 |
    | `[True, False]` | bool | bool |
    | an array you still use | *the same memory* | **its own copy** |

    The last line matters most: if tensor and array shared memory, changing one would change the other behind your back.
    """)
    return


@app.function
def as_array(data: object, dtype: np.dtype | None = None) -> np.ndarray:
    """Copy numbers, nested lists or an array into a new array.

    Args:
        data: a number, nested lists of numbers, or an array.
        dtype: exactly this dtype; by default floats become float32, integers and booleans keep theirs.

    Returns:
        A new array that shares no memory with `data`.

    >>> as_array([1.0, 2.5]).dtype, as_array([3, 1]).dtype
    (dtype('float32'), dtype('int64'))

    Steps:
        1. Copy `data` into an array of type `dtype`.
        2. If `dtype` is None and the result is float64, convert it to float32.

    Hint: NumPy takes `dtype=None` as "decide yourself". `np.array` or `np.asarray`: which one always copies?
    """
    ### BEGIN SOLUTION
    array = np.array(data, dtype=dtype)
    if dtype is None and array.dtype == np.float64:
        array = array.astype(np.float32)
    return array
    ### END SOLUTION


@app.function
# points: 3
def test_as_array():
    """WHAT: floats become float32, integers and booleans keep their dtype, and no memory is shared.
    WHY: one float64 array turns everything it touches into float64, at half the speed and twice the memory.
    TIP: wrong dtype? Look at when you convert. Shared memory? Not every way to make an array copies.
    """
    assert as_array([1.0, 2.5]).dtype == np.float32, "floats must become float32"
    assert as_array([3, 1]).dtype == np.int64, "labels must stay integers"
    assert as_array([1.0], dtype=np.float64).dtype == np.float64, "an explicit dtype must be kept"
    source = np.zeros(3, dtype=np.float32)
    copy = as_array(source)
    source[0] = 7
    assert copy[0] == 0, "the tensor must own its memory"
    ### BEGIN HIDDEN TESTS
    assert as_array(2.0).shape == (), "a number has an empty shape"
    assert as_array([True]).dtype == np.bool_, "booleans must stay booleans"
    assert as_array([1, 2], dtype=np.float32).dtype == np.float32, "an explicit dtype must be used"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Shape and strides: one row of memory, many ways to read it

    Memory is a single row of cells. Where in that row is `x[1, 2]` of a $3 \times 4$ array? In *row-major* order the rows lie
    one after another, so one step down skips a whole row, 4 cells, and one step right skips 1. These skips are the
    **strides**, and the address is

    $$\text{address}(i, j) = i \cdot s_0 + j \cdot s_1 = 1 \cdot 4 + 2 \cdot 1 = 6$$

    For more axes the rule is the same: the last stride is 1, and each stride is the product of all the sizes to its right.
    A shape of $(2, 3, 4)$ has strides $(12, 4, 1)$. (NumPy counts strides in bytes; we count in elements, as PyTorch does.)
    """)
    return


@app.function
def row_major_strides(shape: tuple) -> tuple:
    """Strides, counted in elements, of an array whose rows lie one after another.

    Args:
        shape: tuple of sizes, any length.

    Returns:
        Tuple of ints, as long as `shape`.

    >>> row_major_strides((2, 3, 4))
    (12, 4, 1)

    Steps:
        1. Start at the last axis with a stride of 1.
        2. Walk to the left; each stride follows from the one before and the size just passed.

    Hint: `reversed` walks from the right; reverse your list at the end.
    """
    ### BEGIN SOLUTION
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))
    ### END SOLUTION


@app.function
# points: 3
def test_row_major_strides():
    """WHAT: strides are products of the sizes to the right.
    WHY: strides turn an index into an address; a wrong one reads the wrong number.
    TIP: is the last stride 1? Did you use the size of the axis to the right, not the axis's own?
    """
    assert row_major_strides((3, 4)) == (4, 1)
    assert row_major_strides((2, 3, 4)) == (12, 4, 1)
    ### BEGIN HIDDEN TESTS
    assert row_major_strides(()) == (), "a number has no axes"
    x = np.zeros((3, 2, 5, 7), dtype=np.float32)
    assert row_major_strides(x.shape) == tuple(s // x.itemsize for s in x.strides), "must agree with NumPy"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Views: slicing moves nothing

    What does `x[:, ::2]` cost for an array of a billion numbers? The same as for ten: not one number is touched. Only the
    *note* changes: where to start (the **offset**), how many (the shape), how far apart (the strides). An array that shares
    its memory with another through such a note is a **view**.

    Take the row of memory 10, 11, ..., 21, read as $3 \times 4$: offset 0, shape $(3, 4)$, strides $(4, 1)$.

    | you write | offset | shape | strides | you read first |
    |---|---:|---|---|---|
    | `x` | 0 | (3, 4) | (4, 1) | 10, 11, 12, 13 |
    | `x[1:3]` | 4 | (2, 4) | (4, 1) | 14, 15, 16, 17 |
    | `x[:, ::2]` | 0 | (3, 2) | (4, 2) | 10, 12 |
    | `x[::-1]` | 8 | (3, 4) | (-4, 1) | 18, 19, 20, 21 |

    A transpose only swaps two sizes and two strides. Writing through a view writes to the original; independent numbers need a copy.
    """)
    return


@app.function
# not exported
def slice_note(note, dim, start, stop, step):
    """The note of a view that takes `start:stop:step` along one axis.

    Args:
        note: (offset, shape, strides) of the array that is sliced; all counted in elements.
        dim: the axis to slice.
        start, stop, step: as in `range(start, stop, step)`; its indices exist on that axis.

    Returns:
        (offset, shape, strides) of the view.

    >>> slice_note((0, (3, 4), (4, 1)), 1, 0, 4, 2)
    (0, (3, 2), (4, 2))

    Steps:
        1. Move the offset to the first element that is taken.
        2. Replace the size of axis `dim` by how many elements are taken.
        3. Replace its stride: how far apart are two elements that are taken?

    Hint: a `range` has a length. Tuples cannot be changed, lists can.
    """
    ### BEGIN SOLUTION
    offset, shape, strides = note
    shape, new_strides = list(shape), list(strides)
    shape[dim] = len(range(start, stop, step))
    new_strides[dim] *= step
    return offset + start * strides[dim], tuple(shape), tuple(new_strides)
    ### END SOLUTION


@app.function
# points: 4
def test_slice_note():
    """WHAT: offset, shape and strides of a slice, also of a slice of a slice.
    WHY: views make slicing free; a wrong note reads the wrong numbers.
    TIP: draw the row of memory for the failing slice and mark what it takes. How far apart are the marks, and where is the first?
    """
    x = (0, (3, 4), (4, 1))
    assert slice_note(x, 0, 1, 3, 1) == (4, (2, 4), (4, 1)), "x[1:3]"
    assert slice_note(x, 1, 0, 4, 2) == (0, (3, 2), (4, 2)), "x[:, ::2]"
    assert slice_note(x, 1, 0, 4, 3) == (0, (3, 2), (4, 3)), "x[:, ::3] takes columns 0 and 3"
    assert slice_note(x, 0, 2, -1, -1) == (8, (3, 4), (-4, 1)), "x[::-1]"
    odd_columns = slice_note(x, 1, 1, 4, 2)
    assert slice_note(odd_columns, 1, 1, 2, 1) == (3, (3, 1), (4, 2)), "x[:, 1::2][:, 1:]: offsets add up"
    ### BEGIN HIDDEN TESTS
    memory = np.arange(60)
    offset, shape, strides = slice_note(slice_note((0, (3, 4, 5), (20, 5, 1)), 2, 1, 5, 3), 1, 1, 4, 2)
    view = np.lib.stride_tricks.as_strided(memory[offset:], shape, [8 * s for s in strides])
    assert np.array_equal(view, memory.reshape(3, 4, 5)[:, 1:4:2, 1:5:3]), "must read what NumPy reads"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    _names = ["as stored", "transposed", "every second column", "rows reversed", "reshaped to 2 rows"]
    layout = mo.ui.dropdown({name: i for i, name in enumerate(_names)}, value="as stored", label="read it")
    memory_row = mo.ui.slider(0, 3, value=1, label="row $i$", show_value=True)
    memory_column = mo.ui.slider(0, 3, value=2, label="column $j$", show_value=True)
    mo.md(f"""
    ### Explore: what moves when you transpose?

    **Predict**: how many of the twelve numbers in memory does a transpose move? What changes in the note when the rows are reversed?

    {mo.hstack([layout, memory_row, memory_column], justify="start", wrap=True)}
    """)
    return layout, memory_column, memory_row


@app.function(hide_code=True)
def plot_memory(layout, row, column):
    """HTML: the numbers as read, the row of memory under them, and the way from index to address."""
    base = np.arange(10, 22).reshape(3, 4)
    view = [base, base.T, base[:, ::2], base[::-1], base.reshape(2, 6)][layout]
    i, j = min(row, view.shape[0] - 1), min(column, view.shape[1] - 1)
    down, right = (s // base.itemsize for s in view.strides)
    start = view[0, 0] - 10
    address = start + i * down + j * right

    def cell(value):
        border = "3px solid" if value == base.reshape(-1)[address] else "1px solid" if value in view else "1px dotted"
        return f"<td style='border:{border};padding:2px 9px;text-align:right'>{value}</td>"

    rows = "".join(f"<tr>{''.join(map(cell, values))}</tr>" for values in view)
    return mo.Html(
        f"<p>offset {start}, shape {view.shape}, strides {(down, right)}</p><table>{rows}</table>"
        f"<p>memory, unchanged (dotted: not in the view)</p><table><tr>{''.join(map(cell, base.reshape(-1)))}</tr></table>"
        f"<p>address of [{i}, {j}] = {start} + {i} · ({down}) + {j} · ({right}) = <b>{address}</b></p>"
    )


@app.cell(hide_code=True)
def _(layout, memory_column, memory_row):
    show(plot_memory, layout.value, memory_row.value, memory_column.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Broadcasting: adding things of different shape

    A batch of 64 images plus one bias per pixel: $(64, 784) + (784)$. Nothing copies the bias 64 times; **broadcasting** only
    pretends to. Write the shapes under one another, **aligned at the right**. Each pair of sizes must be equal, or one of
    them must be 1 or missing:

    |  |  |  |  |
    |---|---:|---:|---:|
    | a | 8 | 1 | 6 |
    | b |   | 7 | 1 |
    | a + b | **8** | **7** | **6** |

    A size of 1 is stretched without copying: by a view, with a stride of **0**. A step along that axis goes nowhere.
    """)
    return


@app.function
def broadcast_shape(a: tuple, b: tuple) -> tuple:
    """The shape of the result when arrays of two shapes meet.

    Args:
        a, b: tuples of sizes, of any lengths.

    Returns:
        Tuple, as long as the longer of the two. ValueError, if two sizes differ and neither is 1.

    >>> broadcast_shape((8, 1, 6), (7, 1))
    (8, 7, 6)

    Steps:
        1. Make both shapes equally long, without changing what they mean.
        2. For each pair: equal sizes stay; a 1 gives way to the other; anything else is an error.

    Hint: `(1,) * n` is a tuple of n ones, and an empty one for n <= 0. `zip` pairs two tuples.
    """
    ### BEGIN SOLUTION
    longest = max(len(a), len(b))
    pairs = zip((1,) * (longest - len(a)) + a, (1,) * (longest - len(b)) + b, strict=True)
    result = []
    for m, n in pairs:
        if m != n and 1 not in (m, n):
            raise ValueError(f"cannot broadcast {a} with {b}: {m} is not {n}, and neither is 1")
        result.append(n if m == 1 else m)
    return tuple(result)
    ### END SOLUTION


@app.function
# points: 4
def test_broadcast_shape():
    """WHAT: shapes align at the right, ones stretch, clashes raise.
    WHY: (N, 1) + (N,) is a legal (N, N): the most common silent bug in a loss function.
    TIP: aligned at the wrong end? Look at where the missing axes go. An empty axis (size 0) meets a 1: which of them gives way?
    """
    assert broadcast_shape((8, 1, 6), (7, 1)) == (8, 7, 6)
    assert broadcast_shape((64, 784), (784,)) == (64, 784)
    assert broadcast_shape((5, 1), (5,)) == (5, 5), "aligned at the right, this is a table"
    for a, b in (((2, 3), (2,)), ((4, 3), (2, 3))):
        try:
            broadcast_shape(a, b)
        except ValueError:
            continue
        raise AssertionError(f"{a} and {b} do not fit: that must be a ValueError")
    ### BEGIN HIDDEN TESTS
    assert broadcast_shape((), (3,)) == (3,), "a number fits everything"
    assert broadcast_shape((0, 3), (1, 3)) == (0, 3), "an empty batch stays empty"
    assert broadcast_shape((3,), (4, 1)) == (4, 3), "the order of the arguments does not matter"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Undoing it: summing over what was stretched

    A bias of shape $(3)$ was added to a batch of shape $(2, 3)$, so each of its numbers was used twice. Now you get one number
    for every *use*, a $(2, 3)$ array. How much is that for each number of the bias? Add up the uses:

    $$\begin{pmatrix} 1 & 2 & 3 \\ 10 & 20 & 30 \end{pmatrix} \;\to\; (11, 22, 33)$$

    This is broadcasting in reverse: sum along every axis that was stretched. An axis that was missing disappears; an axis of size 1
    comes back as size 1. In Module 05 this function gives the gradient of a bias the shape of the bias.
    """)
    return


@app.function
def sum_to_shape(array: np.ndarray, shape: tuple) -> np.ndarray:
    """Undo broadcasting: sum along every axis that was stretched.

    PyTorch: [`Tensor.sum_to_size`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.sum_to_size.html).

    Args:
        array: array whose shape is what `shape` was broadcast to.
        shape: tuple of sizes.

    Returns:
        Array of shape `shape`, with the dtype of `array`.

    >>> uses = np.array([[1, 2, 3], [10, 20, 30]])
    >>> sum_to_shape(uses, (3,)).tolist(), sum_to_shape(uses, (2, 1)).tolist()
    ([11, 22, 33], [[6], [60]])

    Steps:
        1. Which axes of `array` does `shape` not have? They are the first ones.
        2. Which axes does `shape` have with size 1?
        3. Sum over both, and give the result exactly the shape `shape`.

    Hint: `add_up(array, axis=...)` is `np.sum` without its rounding errors; `axis` may be a tuple. Align the axes at the right.
    """
    ### BEGIN SOLUTION
    missing = array.ndim - len(shape)
    stretched = [missing + axis for axis, size in enumerate(shape) if size == 1]
    return add_up(array, axis=(*range(missing), *stretched)).reshape(shape)
    ### END SOLUTION


@app.function
# points: 4
def test_sum_to_shape():
    """WHAT: missing axes and axes of size 1 are summed away, everything else stays.
    WHY: a gradient must have the shape of what it belongs to; here it gets it.
    TIP: compare with the shapes aligned at the right. Which axes are longer above than below?
    """
    x = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]], dtype=np.float32)
    assert sum_to_shape(x, (3,)).tolist() == [11, 22, 33]
    assert sum_to_shape(x, (2, 1)).tolist() == [[6], [60]]
    assert sum_to_shape(x, (2, 3)).tolist() == x.tolist(), "nothing was stretched: nothing to add"
    assert sum_to_shape(x, ()).tolist() == 66
    ### BEGIN HIDDEN TESTS
    cube = np.arange(24.0).reshape(2, 3, 4)
    assert sum_to_shape(cube, (3, 1)).tolist() == cube.sum(axis=(0, 2)).reshape(3, 1).tolist()
    assert sum_to_shape(cube, (1, 1, 4)).shape == (1, 1, 4)
    assert sum_to_shape(x, (1, 3)).dtype == np.float32, "float32 in, float32 out"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Matrix product: where the time goes

    $$C_{ij} = \sum_k A_{ik} B_{kj} \qquad \begin{pmatrix} 1 & 2 \end{pmatrix} \begin{pmatrix} 3 \\ 4 \end{pmatrix} = 1 \cdot 3 + 2 \cdot 4 = 11$$

    An $(m, k)$ times a $(k, n)$ matrix takes $2mkn$ operations on $mk + kn + mn$ numbers: the bigger the matrices, the more work
    per number read, and the closer a machine gets to its peak. Write it once with loops, to see what it does. The tensor will use
    NumPy's, which is a thousand times faster; Module 18 shows how.
    """)
    return


@app.function
# not exported
def matmul_loops(a, b):
    """Matrix product, one number at a time.

    Args:
        a: array of shape (m, k).
        b: array of shape (k, n).

    Returns:
        Array of shape (m, n), with the dtype of `a`.

    >>> matmul_loops(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])

    Steps:
        1. Make an (m, n) array of zeros, with the dtype of `a`.
        2. Fill in its entries one by one, by the formula above.

    Hint: three nested loops. Over which of the three letters does the sum run?
    """
    ### BEGIN SOLUTION
    out = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out
    ### END SOLUTION


@app.function
# points: 3
def test_matmul_loops():
    """WHAT: rows of a against columns of b.
    WHY: every layer of every network in this course is one of these.
    TIP: try a (1, 2) and a (2, 3) matrix by hand; which index does the sum run over?
    """
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    assert np.allclose(matmul_loops(a, b), a @ b)
    assert matmul_loops(a.astype(np.float32), b.astype(np.float32)).dtype == np.float32, "float32 in, float32 out"
    ### BEGIN HIDDEN TESTS
    assert matmul_loops(np.ones((2, 0)), np.ones((0, 3))).tolist() == [[0.0] * 3] * 2, "an empty sum is zero"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Tensor: every operation goes through `apply`

    A tensor wraps one NumPy array, `x.array`. We could write a hundred methods that each unwrap their inputs, call NumPy and wrap
    the result. Instead that happens in **one** place, `Tensor.apply(function, *inputs, **params)`, and every operator is a line:

    ```python
    def __add__(self, other):
        return Tensor.apply(np.add, self, other)
    ```

    `function` is any function from arrays to an array, NumPy's or yours: we call it an **op**. Because every operation passes through
    `apply`, anything placed there sees every operation. We add a **hook**, `Tensor.recorder`, and leave it empty for now.

    | step | `Tensor([1., 2.]) * 3` |
    |:---|:---|
    | unwrap tensors, leave numbers alone | `array([1., 2.])`, `3` |
    | agree on a dtype | float32 already |
    | call the op | `np.multiply(array([1., 2.]), 3)` |
    | keep float32, wrap | `tensor([3., 6.])` |
    | call the recorder | (there is none) |

    *Leave numbers alone* hides a trap. NumPy lets a plain `3` take the array's dtype, but `np.asarray(3)` is an int64 **array**,
    and float32 with int64 makes float64. *Agree on a dtype* is `promote`, which is given: int64 with float32 is float32, as in PyTorch.

    The class has two halves. `TensorOps`, folded away, is given: operators, reductions, shapes. In the other half you write four short
    methods: `__init__`, `apply`, `__rsub__` and `mean`, in that order; each has its test below the class. What NumPy does differently
    from PyTorch is in `tinytorch/arrays.py`, also `promote`, and `add_up`, a sum that does not lose digits.
    """)
    return


@app.class_definition(hide_code=True)
class TensorOps(arrays.ArrayInfo):
    """The given half of Tensor: `binary(op)` is a method like `__add__` above. What has no op (`shape`, `item`) is in ArrayInfo."""

    __add__, __sub__, __mul__, __truediv__ = map(arrays.binary, (np.add, np.subtract, np.multiply, np.divide))
    __pow__ = arrays.binary(arrays.power)
    __radd__, __rmul__ = __add__, __mul__
    __neg__, exp, log, sqrt, abs = map(arrays.unary, (np.negative, np.exp, np.log, np.sqrt, np.absolute))
    __eq__, __ne__, __lt__ = map(arrays.comparison, (np.equal, np.not_equal, np.less))
    __le__, __gt__, __ge__ = map(arrays.comparison, (np.less_equal, np.greater, np.greater_equal))
    __hash__ = object.__hash__  # Python removes it from a class that defines ==
    sum, argmax, argmin = map(arrays.reduction, (add_up, np.argmax, np.argmin))
    amax, amin = map(arrays.reduction, (np.max, np.min))  # values only; PyTorch's `max(dim)` also returns indices

    def __rtruediv__(self, other):
        return self.apply(np.divide, other, self)

    def __matmul__(self, other):
        """A vector on the left is a matrix of one row, on the right one of one column; that axis disappears again."""
        if self.ndim > 1 and other.ndim > 1:
            return self.apply(np.matmul, self, other)
        left = self.unsqueeze(0) if self.ndim == 1 else self
        right = self.apply(np.expand_dims, other, axis=-1) if other.ndim == 1 else other
        out = self.apply(np.matmul, left, right)
        return out.squeeze((*[-1] * (other.ndim == 1), *[-2] * (self.ndim == 1)))

    def axes(self, dim: int | tuple | list | None) -> int | tuple | None:
        """What NumPy calls `axis`. As in PyTorch, a tensor without axes accepts axis 0."""
        dim = tuple(dim) if isinstance(dim, (list, tuple)) else dim
        return None if dim == () or (self.ndim == 0 and dim in (0, -1, (0,), (-1,))) else dim

    def clamp(self, min: object = None, max: object = None) -> "Tensor":
        return self.apply(arrays.clip, self, min, max)

    def float(self) -> "Tensor":
        return self.apply(cast, self, dtype=float32)

    def long(self) -> "Tensor":
        return self.apply(cast, self, dtype=int64)

    def reshape(self, *shape: object) -> "Tensor":
        """The same numbers in another shape; one size may be -1 and follows from the others."""
        shape = arrays.as_shape(shape)
        if any(size < -1 for size in shape):
            raise ValueError(f"{shape} has a negative size: write -1 for the one that follows from the others")
        return self.apply(np.reshape, self, shape=shape)

    T = property(lambda self: self.permute(*reversed(range(self.ndim))))
    is_leaf = property(lambda self: self.grad_fn is None)

    def transpose(self, dim0: int, dim1: int) -> "Tensor":
        return self.apply(np.swapaxes, self, axis1=dim0, axis2=dim1)

    def permute(self, *dims: object) -> "Tensor":
        return self.apply(np.transpose, self, axes=arrays.as_shape(dims))

    def unsqueeze(self, dim: int) -> "Tensor":
        """Insert an axis of size 1."""
        return self.apply(np.expand_dims, self, axis=dim)

    def squeeze(self, dim: int | tuple | None = None) -> "Tensor":
        """Remove all axes of size 1, or those of `dim` that have size 1."""
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
        return self.apply(np.squeeze, self, axis=tuple(d for d in dims if self.ndim and self.shape[d] == 1))

    def __getitem__(self, index):
        first, second = arrays.split_index(index)
        view = self.apply(arrays.getitem, self, index=first)
        return view if second is None else self.apply(arrays.getitem, view, index=second)


@app.class_definition
class Tensor(TensorOps):
    """An n-dimensional array of numbers, with PyTorch's names.

    >>> Tensor([1.0, 2.0]) + 1
    tensor([2., 3.])
    """

    __array_ufunc__ = None  # tells NumPy to leave `array * tensor` to Tensor.__rmul__
    requires_grad, grad, grad_fn, hooks = False, None, None, None  # of a tensor that needs no gradient
    recorder = None  # the hook in `apply`: recorder(function, out, inputs, arrays, params, backward)
    engine = None  # what `backward` calls; Module 05 sets both

    def __init__(self, data: object, *sizes: int, dtype: np.dtype | None = None, requires_grad: bool = False):
        """Copy `data` (numbers, nested lists, an array or a tensor) into a tensor; `as_array` decides the dtype.

        >>> Tensor([1, 2]).shape
        (2,)

        Steps:
            1. If `data` is a Tensor, go on with its array.
            2. Store an array of our own in `self.array`.

        Hint: you wrote the function that does step 2.
        """
        if sizes:  # PyTorch's old way to ask for a shape: Tensor(4, 2)
            data = np.zeros((data, *sizes))
        dtype = data.dtype if dtype is None and isinstance(data, Tensor) else dtype
        ### BEGIN SOLUTION
        self.array = as_array(data.array if isinstance(data, Tensor) else data, dtype)
        ### END SOLUTION
        if self.array.dtype.kind not in "buif":
            raise TypeError(
                f"a tensor holds numbers, not {type(data).__name__}: give numbers, lists of them or an array"
            )
        self.requires_grad_(requires_grad)

    @staticmethod
    def wrap(array: np.ndarray) -> "Tensor":
        """A tensor around this very array: no copy, same dtype."""
        out = Tensor.__new__(Tensor)
        out.array = array if type(array) is np.ndarray else np.asarray(array)
        return out

    @staticmethod
    def apply(function: Callable, *inputs: object, **params: object) -> "Tensor":
        """Run an op on the arrays of `inputs` and wrap the result. Every operation passes through here.

        Args:
            function: the op, from arrays (and plain numbers) to one array, or to (array, backward) if it brings its gradient.
            inputs: tensors and plain numbers; what the result depends on.
            params: everything else that the op needs (an axis, a shape), passed by name.

        >>> Tensor.apply(np.multiply, Tensor([1.0, 2.0]), 3)
        tensor([3., 6.])

        Steps:
            1. Replace each Tensor among `inputs` by its array; leave everything else alone.
            2. `promote(function, arrays)` returns them with the dtypes that PyTorch would use.
            3. Call the op with those and `params`. A tuple is (array, backward); otherwise `backward` is None.
            4. If the result is float64 although `wants_float64(inputs, params)` is False, make it float32.
            5. Wrap it with `Tensor.wrap`.
            6. If there is a `Tensor.recorder`, call it with (function, out, inputs, arrays, params, backward). Return `out`.

        Hint: `isinstance` tells a Tensor from everything else, and a tuple from an array.
        """
        ### BEGIN SOLUTION
        arrays = promote(function, [x.array if isinstance(x, Tensor) else x for x in inputs])
        array, backward = function(*arrays, **params), None
        if type(array) is tuple:
            array, backward = array
        if array.dtype is float64 and not wants_float64(inputs, params):
            array = array.astype(float32)
        out = Tensor.wrap(array)
        if Tensor.recorder is not None:
            Tensor.recorder(function, out, inputs, arrays, params, backward)
        return out
        ### END SOLUTION

    @staticmethod
    def set_recorder(function: Callable) -> Callable:
        """Decorator: call `function` after every operation."""
        Tensor.recorder = function
        return function

    @staticmethod
    def set_engine(function: Callable) -> Callable:
        """Decorator: `x.backward()` calls `function`."""
        Tensor.engine = function
        return function

    def backward(self, gradient: "Tensor | None" = None, retain_graph: bool = False) -> None:
        """Compute the gradients of what this tensor was computed from."""
        if Tensor.engine is None:
            raise RuntimeError("there are no gradients yet: finish module 05, which calls Tensor.set_engine")
        Tensor.engine(self, gradient, retain_graph)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Turn the gradient on or off; returns the tensor. Only floats can have one."""
        if requires_grad and self.array.dtype.kind != "f":
            raise RuntimeError(f"only floats can have a gradient, and these are {self.dtype}: use .float() first")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> "Tensor":
        """The same numbers in the same memory, without their history. `x.data` is that, too, and assignable."""
        return Tensor.wrap(self.array)

    data = property(detach, lambda self, data: setattr(self, "array", np.asarray(getattr(data, "array", data))))

    def increment_version(self) -> None:
        """Call this after changing the numbers in place, for gradient rules that need the old ones."""
        versions.increment(self.array)

    def __rsub__(self, other):
        """`other - self`, where `other` is a plain number.

        >>> 1 - Tensor([3.0])
        tensor([-2.])

        Steps:
            1. The same op as for `self - other`; think about the order.

        Hint: Python calls this when the *left* side does not know what to do.
        """
        ### BEGIN SOLUTION
        return Tensor.apply(np.subtract, other, self)
        ### END SOLUTION

    def mean(self, dim: int | tuple | None = None, keepdim: bool = False) -> "Tensor":
        """Average over one axis, several (a tuple), or all (None).

        >>> Tensor([[1.0, 3.0], [5.0, 7.0]]).mean(dim=0)
        tensor([3., 5.])

        Steps:
            1. Sum over the same axes, with `self.sum`.
            2. Divide by how many numbers went into each sum.

        Hint: that count depends on shapes alone. Which sizes does `dim` name, and what do you do with them?
        """
        dim = self.axes(dim)
        if self.dtype == arrays.float16:  # a sum of them soon exceeds their largest number, 65504
            return self.apply(cast, self.float().mean(dim, keepdim), dtype=self.dtype)
        ### BEGIN SOLUTION
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
        return self.sum(dim, keepdim) / math.prod(self.shape[d] for d in dims)
        ### END SOLUTION


@app.function
# points: 2
def test_Tensor_init():
    """WHAT: a tensor can be made of numbers, lists, arrays and tensors, and owns its memory.
    WHY: two tensors that share memory by accident change together.
    TIP: `data` may be a Tensor, which as_array does not know. Is what you store an array?
    """
    x = Tensor([[1.0, 2.0]])
    assert isinstance(x.array, np.ndarray) and x.array.shape == (1, 2), "x.array must be an array"
    again = Tensor(x)
    assert isinstance(again.array, np.ndarray), "x.array must be an array, also when x is made of a tensor"
    x.array[0, 0] = 9
    assert again.array[0, 0] == 1, "a tensor of a tensor must own its memory"
    assert Tensor([1.0], requires_grad=True).requires_grad and not x.requires_grad
    ### BEGIN HIDDEN TESTS
    assert Tensor([1, 2], dtype=np.float32).array.dtype == np.float32, "dtype must be passed on"
    ### END HIDDEN TESTS


@app.function
# points: 5
def test_Tensor_apply():
    """WHAT: unwraps, promotes, calls, keeps float32, wraps, calls the recorder.
    WHY: every operation of every later module goes through `apply`.
    TIP: float64? Look at what you do to plain numbers, and at step 4. Nothing recorded? Steps 5 and 6 have an order.
    """
    x = Tensor([1.0, 2.0])
    out = Tensor.apply(np.multiply, x, 3)
    assert isinstance(out, Tensor), "the result must be a Tensor"
    assert out.array.tolist() == [3.0, 6.0] and out.array.dtype == np.float32
    assert Tensor.apply(np.add, Tensor([True]), 1).array.dtype == np.int64, "integers must stay integers"
    assert Tensor.apply(np.divide, Tensor([1, 2]), Tensor([2, 2])).array.dtype == np.float32, "int / int is float32"
    half = Tensor.apply(np.add, Tensor([1.0], dtype=np.float16), Tensor([1]))
    assert half.array.dtype == np.float16, "float16 + int64 is float16: promote the arrays"
    weighted = Tensor.apply(lambda a, b: a * b * np.ones(2), x, np.float64(2))
    assert weighted.array.dtype == np.float32, (
        "no input tensor is float64, so the result must not be, whatever the op does"
    )
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda *call: seen.append(call)
    try:
        total = Tensor.apply(np.sum, x, axis=0)
        Tensor.apply(np.add, x, 3)
    finally:
        Tensor.recorder = before
    assert len(seen) == 2, "the recorder must be called once for each operation"
    function, out, inputs, arrays, params, backward = seen[0]
    assert function is np.sum and out is total and inputs[0] is x and params == {"axis": 0} and backward is None
    assert arrays[0] is x.array, "the op must get the tensor's own array, not a copy"
    assert seen[1][3][1] == 3 and not isinstance(seen[1][3][1], np.ndarray), "a plain number must stay one"
    ### BEGIN HIDDEN TESTS
    assert Tensor.apply(np.add, Tensor([1.0]), Tensor([1])).array.dtype == np.float32, "float32 + int64 is float32"
    assert Tensor.apply(np.add, Tensor([1.0], dtype=np.float64), 1).array.dtype == np.float64, "explicit float64 stays"
    assert Tensor.apply(lambda a: (a + 1, None), x).array.tolist() == [2.0, 3.0], "an op may bring its gradient rule"
    assert np.shares_memory(Tensor.apply(np.reshape, x, shape=(2, 1)).array, x.array), "a view must stay a view"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Arithmetic from both sides

    `x - 1` asks the tensor; `1 - x` asks the number first, which does not know tensors. Python then calls `x.__rsub__(1)`. For `+` and
    `*` the order does not matter: `__radd__` is `__add__`. For `-` it does: $1 - x \ne x - 1$. Fill in `__rsub__` in the class above.
    """)
    return


@app.function
# points: 2
def test_Tensor_rsub():
    """WHAT: operators work with tensors and numbers on either side, and broadcast.
    WHY: a loss is written as a formula; `1 - x` with a flipped sign trains a network to be wrong.
    TIP: 1 - 0.25 is 0.75. What does -0.75 tell you?
    """
    x = Tensor([0.25, 0.5])
    assert (1 - x).tolist() == [0.75, 0.5]
    assert (2 * x).tolist() == (x * 2).tolist() == [0.5, 1.0]
    assert (-x).tolist() == [-0.25, -0.5] and (x**2).tolist() == [0.0625, 0.25] and (1 / x).tolist() == [4.0, 2.0]
    ### BEGIN HIDDEN TESTS
    assert (np.float32(1) - x).tolist() == [0.75, 0.5], "a NumPy number on the left"
    assert isinstance(np.ones(2) - x, Tensor), "an array on the left gives a Tensor"
    assert (Tensor([[1.0], [2.0]]) - x).shape == (2, 2), "broadcast"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Reductions: which axis disappears?

    `x.sum(dim=0)` adds *along* axis 0, and axis 0 disappears: $(3, 4) \to (4)$. With `keepdim=True` it stays as a 1, so that the
    result still broadcasts against `x`. The mean of $(1, 3, 5, 7)$ is $16 / 4$; of a table it is the sum divided by a count that
    depends on `dim`. Fill in `mean`, with the tensor's own operations: Module 05 gives each of them a gradient, but not `np.mean`.
    """)
    return


@app.function
# points: 3
def test_Tensor_mean():
    """WHAT: the mean over all, one or several axes, in float32, made of operations that will have a gradient.
    WHY: a loss is a mean; with the wrong count the learning rate is wrong by that factor.
    TIP: for the failing `dim`, write down the shape before and after. How many numbers went into each sum?
    """
    x = Tensor([[1.0, 3.0, 5.0], [5.0, 7.0, 9.0]])
    assert x.mean().item() == 5.0
    assert x.mean(dim=0).tolist() == [3.0, 5.0, 7.0]
    assert x.mean(dim=1, keepdim=True).tolist() == [[3.0], [7.0]]
    before, ran = Tensor.recorder, []
    Tensor.recorder = lambda function, *rest: ran.append(function.__name__)
    try:
        x.mean(dim=1)
    finally:
        Tensor.recorder = before
    assert ran, "mean must be made of the tensor's own operations: only those can have a gradient"
    unknown = [name for name in ran if name not in ("add_up", "divide", "multiply")]
    assert not unknown, f"mean ran {unknown[0]}, for which Module 05 has no gradient rule: use self.sum and a division"
    ### BEGIN HIDDEN TESTS
    assert Tensor(np.arange(24.0).reshape(2, 3, 4)).mean(dim=(0, 2)).tolist() == [7.5, 11.5, 15.5]
    assert x.mean(dim=-1).tolist() == [3.0, 7.0], "axes counted from the end"
    assert Tensor([1, 2]).mean().dtype == np.float32, "a mean of integers is float32"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### The rest is given

    The functions below make and join tensors; their test shows what you may rely on. `op` lets a function that was written for arrays
    take tensors, through `apply`: Module 02 uses it.
    """)
    return


@app.function
def op(function: Callable) -> Callable:
    """Decorator: a function on arrays that also takes tensors, through `Tensor.apply`.

    >>> double = op(lambda x: 2 * x)
    >>> double(Tensor([1.0])), double(1.0)
    (tensor([2.]), 2.0)
    """

    @wraps(function)
    def either(*inputs, **params):
        if params:
            params.pop("inplace", None)  # accepted, as in PyTorch, and ignored
            if any(isinstance(x, Tensor) for x in params.values()):  # a tensor given by name is also an input
                bound = signature(function).bind(*inputs, **params)
                bound.apply_defaults()
                inputs, params = bound.args, bound.kwargs
        for x in inputs:
            if isinstance(x, Tensor):
                return Tensor.apply(function, *inputs, **params)
        result = function(*inputs, **params)
        return result[0] if isinstance(result, tuple) else result

    either.op = function
    return either


@app.function
def tensor(data: object, dtype: np.dtype | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of numbers, nested lists (also of tensors without axes) or an array. `tensor([[1.0, 2.0]])`."""

    def numbers(data):
        return [numbers(part) for part in data] if isinstance(data, (list, tuple)) else getattr(data, "array", data)

    return Tensor(numbers(data), dtype=dtype, requires_grad=requires_grad)


@app.function
def zeros(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros. `zeros(2, 3)`."""
    return Tensor.wrap(np.zeros(arrays.as_shape(shape), dtype)).requires_grad_(requires_grad)


@app.function
def ones(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False) -> Tensor:
    """A tensor of ones. `ones(2, 3)`."""
    return Tensor.wrap(np.ones(arrays.as_shape(shape), dtype)).requires_grad_(requires_grad)


@app.function
def arange(*start_stop_step: float, dtype: np.dtype | None = None, requires_grad: bool = False) -> Tensor:
    """Evenly spaced numbers. `arange(3)` is `tensor([0, 1, 2])`."""
    return Tensor(np.arange(*start_stop_step), dtype=dtype, requires_grad=requires_grad)


@app.function(hide_code=True)
@cache
def default_generator() -> "np.random.Generator":
    """The source of random numbers if no generator is given. Made on first use, because NumPy's random module loads slowly."""
    return np.random.default_rng()


@app.function
def manual_seed(seed: int) -> None:
    """Seed the default generator, so that a run can be repeated."""
    default_generator().bit_generator.state = np.random.default_rng(seed).bit_generator.state


@app.function
def randn(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False, generator: object = None) -> Tensor:
    """A tensor of standard normal random numbers. `randn(2, 3)`."""
    draw = default_generator() if generator is None else generator.numpy
    return Tensor(draw.standard_normal(arrays.as_shape(shape), dtype=float32), dtype=dtype, requires_grad=requires_grad)


@app.function
def rand(*shape: object, dtype: np.dtype = float32, requires_grad: bool = False, generator: object = None) -> Tensor:
    """A tensor of random numbers between 0 and 1. `rand(2, 3)`."""
    draw = default_generator() if generator is None else generator.numpy
    return Tensor(draw.random(arrays.as_shape(shape), dtype=float32), dtype=dtype, requires_grad=requires_grad)


@app.function
def cat(tensors: list[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an existing axis. `cat([zeros(2, 3), ones(1, 3)])` has shape (3, 3)."""
    return Tensor.apply(arrays.concatenate, *tensors, dim=dim)


@app.function
def stack(tensors: list[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis. `stack([zeros(3), ones(3)])` has shape (2, 3)."""
    return Tensor.apply(arrays.stack_arrays, *tensors, dim=dim)


@app.function
def where(condition: Tensor, input: Tensor, other: Tensor) -> Tensor:
    """`input` where `condition` holds, else `other`."""
    return Tensor.apply(arrays.choose, input, other, condition=getattr(condition, "array", condition))


@app.function
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The elementwise larger of two."""
    return Tensor.apply(np.maximum, input, other)


@app.function
def test_creation():
    """WHAT: views share memory; making, joining and choosing tensors; seeds; functions decorated with `op`.
    WHY: a view is free, and writing to it writes to the original; a run that cannot be repeated cannot be debugged.
    TIP: these are given. If this fails, look at apply: does it copy on the way, or change plain numbers?
    """
    x = Tensor(np.arange(12.0).reshape(3, 4))
    for view in (x.reshape(2, -1), x.T, x.permute(1, 0), x.unsqueeze(0), x[1:], x[:, ::2]):
        assert np.shares_memory(view.array, x.array), "must be a view"
    assert not np.shares_memory(x[[0, 2]].array, x.array), "picking rows by a list must copy"
    assert x.T.stride() == (1, 4) and not x.T.is_contiguous() and x[x > 10].tolist() == [11.0]
    assert zeros(2, 3).shape == rand((2, 3)).shape == (2, 3) and ones(2).tolist() == tensor([1.0, 1.0]).tolist()
    assert arange(3).dtype == np.int64 and arange(0, 1, 0.5).dtype == np.float32 and randn(2).dtype == np.float32
    manual_seed(3)
    first = randn(4).tolist()
    manual_seed(3)
    assert randn(4).tolist() == first and randn(2, requires_grad=True).requires_grad
    a, b = Tensor([1.0, -2.0]), Tensor([3.0, 4.0])
    assert cat([a, b]).tolist() == [1.0, -2.0, 3.0, 4.0] and stack([a, b], dim=1).tolist() == [[1.0, 3.0], [-2.0, 4.0]]
    assert where(a > 0, a, 0.0).tolist() == [1.0, 0.0] and maximum(a, b).tolist() == [3.0, 4.0]
    line = op(lambda x, slope=0.5, offset=0.0: slope * x + offset)
    assert line(3.0) == 1.5 and line(Tensor([3.0])).tolist() == [1.5] == line(1.0, offset=Tensor([1.0])).tolist()


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 8. Reading handwriting

    Here are 1797 handwritten digits, 8 by 8 pixels each, so 64 numbers from 0 to 16. Can what you have written read them? The oldest
    idea: average all threes into *one* blurred three, and so on. A new image is the digit whose average is **nearest**, by the sum
    of squared differences

    $$d(x, \mu_c) = \sum_i (x_i - \mu_{c,i})^2$$

    Two points, $(1, 1)$ and $(3, 1)$, have the mean $(2, 1)$. The point $(2, 3)$ is $0^2 + 2^2 = 4$ away from it. No loop over images:
    with shapes $(N, 1, D)$ and $(C, D)$, one subtraction makes all $N \cdot C$ differences.
    """)
    return


@app.function
# not exported
def class_means(x, y, classes):
    """The average example of every class.

    Args:
        x: tensor of shape (N, D), the examples.
        y: integer tensor of shape (N,), their classes, from 0 to `classes` - 1.
        classes: how many classes there are; each has at least one example.

    Returns:
        Tensor of shape (classes, D).

    >>> class_means(Tensor([[1.0, 1.0], [3.0, 1.0], [5.0, 5.0]]), Tensor([0, 0, 1]), 2)
    tensor([[2., 1.],
            [5., 5.]])

    Steps:
        1. For each class, pick its examples.
        2. Average them; think about which axis must disappear.
        3. Join the averages to one tensor.

    Hint: `y == 3` is a tensor of booleans, and a tensor may be an index.
    """
    ### BEGIN SOLUTION
    return stack([x[y == c].mean(dim=0) for c in range(classes)])
    ### END SOLUTION


@app.function
# points: 3
def test_class_means():
    """WHAT: one mean per class, in the order of the classes.
    WHY: these means are all that the classifier knows.
    TIP: a mean of examples has the shape of one example.
    """
    x, y = Tensor([[1.0, 1.0], [5.0, 5.0], [3.0, 1.0]]), Tensor([0, 1, 0])
    assert class_means(x, y, 2).tolist() == [[2.0, 1.0], [5.0, 5.0]]
    ### BEGIN HIDDEN TESTS
    assert class_means(x, 1 - y, 2).tolist() == [[5.0, 5.0], [2.0, 1.0]], "the order is that of the class numbers"
    ### END HIDDEN TESTS


@app.function
# not exported
def nearest_mean(x, means):
    """The class of each example: the one whose mean is nearest.

    Args:
        x: tensor of shape (N, D).
        means: tensor of shape (C, D).

    Returns:
        Integer tensor of shape (N,).

    >>> nearest_mean(Tensor([[2.0, 3.0], [4.0, 4.0]]), Tensor([[2.0, 1.0], [5.0, 5.0]]))
    tensor([0, 1])

    Steps:
        1. Make all differences at once, of shape (N, C, D).
        2. Square them and sum; what is left is one distance for each example and class.
        3. Which class has the smallest?

    Hint: `unsqueeze` makes an axis of size 1.
    """
    ### BEGIN SOLUTION
    difference = x.unsqueeze(1) - means
    return (difference**2).sum(dim=2).argmin(dim=1)
    ### END SOLUTION


@app.function
# points: 3
def test_nearest_mean():
    """WHAT: the nearest mean wins, for each example independently.
    WHY: this is a classifier: the first one you have built.
    TIP: print the shape after each step; which axis counts pixels, which one classes?
    """
    means = Tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 9.0]])
    assert nearest_mean(Tensor([[1.0, 0.0], [1.0, 8.0]]), means).tolist() == [0, 2]
    assert nearest_mean(means, means).tolist() == [0, 1, 2], "every mean is nearest to itself"
    assert nearest_mean(means[:1], Tensor([[0.0, 5.0], [3.0, 3.0]])).tolist() == [1], "squared: 25 against 18"
    ### BEGIN HIDDEN TESTS
    assert nearest_mean(Tensor([[-3.0, 0.0]]), means).tolist() == [0], "differences of both signs count"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    examples_seen = mo.ui.slider(20, 1000, step=20, value=1000, label="examples to learn from", show_value=True)
    mo.md(f"""
    ### Explore: how many examples does it need?

    Guessing would be right for one digit in ten. **Predict** the share that your classifier gets right after 1000 examples, and
    after 20, two of each digit. It is asked about 797 others that it has never seen.

    {examples_seen}
    """)
    return (examples_seen,)


@app.function(hide_code=True)
def explore_reader(seen):
    """Learn from the first digits, read the last 797, print how many were right, and draw the means with each digit's share."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = Tensor(digits.data), Tensor(digits.target)
    means = class_means(x[:seen], y[:seen], 10)
    guess, truth = nearest_mean(x[1000:], means), y[1000:]
    share = (guess == truth).float().mean().item()
    print(f"{share:.1%} of {len(truth)} handwritten digits read correctly, after {seen} examples.")
    figure, axes = panels(10, height=1.3)
    for c, axis in enumerate(axes):
        axis.imshow(means[c].reshape(8, 8).numpy(), cmap="gray_r")
        axis.set(xticks=[], yticks=[], title=str(c), xlabel=f"{(guess[truth == c] == c).float().mean().item():.0%}")
    return figure


@app.cell(hide_code=True)
def _(examples_seen):
    show(explore_reader, examples_seen.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The means are blurred because people write in different ways: a three that leans left has little in common with one that leans
    right. More examples stop helping: the *idea* is too simple. The next six modules build a network, which learns something better.

    ## Measure: what does a stride cost?

    A view costs nothing to make. Does it cost something to *read*? Memory comes in lines of 64 bytes, 16 float32 at a time.
    Summing a million numbers that lie next to each other uses every byte of a line; with a stride of 16 it uses 4 of 64.
    **Predict** the slowdown at stride 16: 1x, 4x or 16x? And at 64: four times that again, or the same? Then measure.
    """)
    return


@app.function(hide_code=True)
def measure_strides(strides=(1, 2, 4, 8, 16, 32, 64), count=1_000_000, rounds=5):
    """Markdown: nanoseconds per element and MiB spanned, for summing `count` float32 at each stride."""
    memory = np.ones(count * max(strides), dtype=np.float32)
    costs = compare({stride: memory[: count * stride : stride].sum for stride in strides}, rounds)
    rows = ["| stride | ns per element | against stride 1 | MiB spanned |", "|---:|---:|---:|---:|"]
    for stride, (seconds, _) in costs.items():
        ratio, span = seconds / costs[1][0], count * stride * memory.itemsize / 2**20
        rows.append(f"| {stride} | {seconds / count * 1e9:.2f} | {ratio:.1f}x | {span:.0f} |")
    return mo.md("\n".join(rows))


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_strides)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Up to stride 16 more of each line is never used, and the time per number grows. From 16 on every number costs a whole line, and
    the curve flattens (finding the pages of a larger memory still costs more). The *view* was free; reading through it was not.

    ## Complexity

    | operation | operations | memory for the result |
    |---|---|---|
    | `reshape`, `transpose`, slice | 1 | 0: a view |
    | `a + b` on $n$ elements | $n$ | $n$ |
    | matmul $(m, k) (k, n)$ | $2mkn$ | $mn$ |
    | `nearest_mean` of $N$ examples | $3NCD$ | $NCD$: the price of having no loop |

    ## In production

    PyTorch's tensor is your pair: a `Storage` (the row of memory) and sizes, strides, offset (the note), in `c10/core/TensorImpl.h`.
    Your `broadcast_shape` is `infer_size` in `aten/src/ATen/ExpandUtils.cpp`, and your `sum_to_shape` is `sum_to` in the header beside
    it. Your `apply` is its *dispatcher*: profilers, automatic differentiation and the compiler hook in there.

    ## Questions
    """)
    return


@app.function
def answer_batch_bytes():
    """How many bytes does a batch of 64 colour images of 224 x 224 pixels take as a float32 tensor?

    Hint: three numbers per pixel.
    """
    ### BEGIN SOLUTION
    return 64 * 3 * 224 * 224 * 4
    ### END SOLUTION


@app.function
# points: 1
def test_answer_batch_bytes():
    """WHAT: the size of a batch.
    WHY: memory is the first wall a training run hits.
    TIP: count the numbers first, then ask how many bytes each takes.
    """
    assert answer_batch_bytes() == np.empty((64, 3, 224, 224), np.float32).nbytes


@app.cell(hide_code=True)
def question_transposed_weights():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague keeps a weight as `w.T` (a view) and multiplies with it a million times. Another makes it
    contiguous first. When does each of them win, and what would you measure to find out?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_broadcast_bug():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** `prediction` has shape $(N, 1)$ and `target` $(N)$. What is the shape of `prediction - target`, how many bytes
    is it for $N = 10\,000$, and why does training still seem to work?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A tensor is a row of memory and a note: offset, shape, strides. Views change the note, copies cost memory.
    - Shapes broadcast from the right; a size of 1 stretches with a stride of 0; summing undoes it.
    - float32 unless you say otherwise; plain numbers take the tensor's dtype.
    - Every operation goes through `Tensor.apply`.
    - Averages and distances read most handwritten digits.

    **Next:** export your work with `tito module complete 01`. Module 02 adds what makes a network more than one big matrix.
    """)
    return


if __name__ == "__main__":
    app.run()
