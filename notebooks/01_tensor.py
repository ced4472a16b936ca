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
    from tito.lesson import close, compare, measure, show
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 01: Tensor

    A photograph, a sentence, the weights of a network: to a computer each is a long row of numbers plus a note that says how to read
    it. That pair is a **tensor**. Everything in this course builds on the class you write here, and by the end it reads handwriting.

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

    Python's `0.1` takes 64 bits. Half of them are wasted on a neural network: its weights come from noisy data, and 7 decimal
    digits are plenty. So a framework stores floats in 32 bits, and a processor does twice the work per second on them. Integers
    (class labels) and booleans (masks) keep their own dtype: label 3 is not 3.0.

    | you give | NumPy makes | a tensor keeps |
    |:---|:---|:---|
    | `[1.0, 2.5]` | float64 | **float32** |
    | `[3, 1, 2]` | int64 | int64 |
    | `[True, False]` | bool | bool |
    | an array you still use | *the same memory* | **its own copy** |

    The last line matters most: if a tensor and an array shared memory, changing one would change the other behind your back.
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
    close(as_array([1.0, 2.5]), [1.0, 2.5], "floats must become float32", dtype=np.float32)
    close(as_array([3, 1]), [3, 1], "labels must stay integers", dtype=np.int64)
    close(as_array([True]), [True], "masks must stay booleans", dtype=np.bool_)
    close(as_array([1.0], dtype=np.float64), [1.0], "an explicit dtype must be kept", dtype=np.float64)
    source = np.zeros(3, dtype=np.float32)
    copy = as_array(source)
    source[0] = 7
    close(copy, [0, 0, 0], "the array it was made of has changed, and the copy must not")
    ### BEGIN HIDDEN TESTS
    close(as_array(2, dtype=np.float32), 2, "a number has an empty shape and the dtype it is given", dtype=np.float32)
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
    TIP: is the last stride 1? Did you use the size of the axis to the right, not the axis's own? Is the result a tuple?
    """
    for shape, expected in (((3, 4), (4, 1)), ((2, 3, 4), (12, 4, 1)), ((), ())):
        strides = row_major_strides(shape)
        assert strides == expected, f"strides of shape {shape}: got {strides}, expected {expected}"
    ### BEGIN HIDDEN TESTS
    assert row_major_strides((3, 2, 5, 7)) == (70, 35, 7, 1), "strides of shape (3, 2, 5, 7)"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Views: slicing moves nothing

    What does `x[:, ::2]` cost for an array of a billion numbers? The same as for ten: not one number is touched. Only the note
    changes, the array's **metadata**: where to start (the **offset**), how many (the shape), how far apart (the strides). An array
    that shares another's memory, and has its own metadata, is a **view**.

    Take the row of memory 10, 11, ..., 21, read as $3 \times 4$: offset 0, shape $(3, 4)$, strides $(4, 1)$.

    | you write | offset | shape | strides | you read first |
    |:---|---:|:---|:---|:---|
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
    """The metadata of a view that takes `start:stop:step` along one axis.

    Args:
        note: metadata (offset, shape, strides) of the array to slice, counted in elements; shape and strides are tuples.
        dim: the axis to slice.
        start, stop, step: as in `range(start, stop, step)`; its indices exist on that axis.

    Returns:
        (offset, shape, strides) of the view.

    >>> slice_note((0, (3, 4), (4, 1)), 1, 0, 4, 2)
    (0, (3, 2), (4, 2))

    Steps:
        1. Move the offset to the first element that the slice takes.
        2. Replace the size of axis `dim` by the number of elements that the slice takes.
        3. Replace its stride: how far apart are two of these elements?

    Hint: a `range` has a length. You can't change a tuple, but you can change a list and make a tuple of it.
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
    WHY: views make slicing free; wrong metadata reads the wrong numbers.
    TIP: draw the row of memory for the failing slice and mark what it takes. Where is the first mark, how many are there along the axis, and how far apart?
    """
    x, odd_columns = (0, (3, 4), (4, 1)), (1, (3, 2), (4, 2))
    for text, note, slice_of_axis, expected in (
        ("x[1:3]", x, (0, 1, 3, 1), (4, (2, 4), (4, 1))),
        ("x[:, ::3], columns 0 and 3", x, (1, 0, 4, 3), (0, (3, 2), (4, 3))),
        ("x[::-1]", x, (0, 2, -1, -1), (8, (3, 4), (-4, 1))),
        ("x[:, 1::2][:, 1:], a slice of a slice", odd_columns, (1, 1, 2, 1), (3, (3, 1), (4, 2))),
    ):
        view = slice_note(note, *slice_of_axis)
        assert view == expected, f"{text}: got {view}, expected {expected}"
    ### BEGIN HIDDEN TESTS
    memory = np.arange(60)
    offset, shape, strides = slice_note(slice_note((0, (3, 4, 5), (20, 5, 1)), 2, 1, 5, 3), 1, 1, 4, 2)
    view = np.lib.stride_tricks.as_strided(memory[offset:], shape, [8 * step for step in strides])
    close(view, memory.reshape(3, 4, 5)[:, 1:4:2, 1:5:3], "x[:, 1:4:2, 1:5:3] of shape (3, 4, 5), read by NumPy")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    _names = ["as stored", "transposed", "every second column", "rows reversed", "reshaped to 2 rows"]
    layout = mo.ui.dropdown({name: i for i, name in enumerate(_names)}, value="as stored", label="read it")
    memory_row = mo.ui.slider(0, 3, value=1, label="row $i$", show_value=True)
    memory_column = mo.ui.slider(0, 3, value=2, label="column $j$", show_value=True)
    mo.md(f"""
    ### Explore: what moves when you transpose?

    **Predict**: how many of the twelve numbers in memory does a transpose move? Which metadata changes when you reverse the rows?

    {mo.hstack([layout, memory_row, memory_column], justify="start", wrap=True)}
    """)
    return layout, memory_column, memory_row


@app.function(hide_code=True)
def plot_memory(layout, row, column):
    """HTML: the numbers as read, the row of memory below them, and how an index becomes an address."""
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
    ## 4. Broadcasting: adding arrays of different shapes

    A batch of 64 images plus one bias per pixel: $(64, 784) + (784)$. **Broadcasting** acts as if the bias were copied 64 times. Write
    the shapes one below the other, aligned at the right. Each pair of sizes must be equal, or one of them must be 1 or missing; a 1
    takes the other size, even a size of 0 (an empty batch stays empty):

    |  |  |  |  |
    |:---|---:|---:|---:|
    | a | 8 | 1 | 6 |
    | b |   | 7 | 1 |
    | a + b | **8** | **7** | **6** |

    A size of 1 is stretched without copying, by a view with a stride of 0: a step along that axis goes nowhere.
    """)
    return


@app.function
def broadcast_shape(a: tuple, b: tuple) -> tuple:
    """The shape of the result of an operation on arrays of two shapes.

    Args:
        a, b: tuples of sizes, of any lengths.

    Returns:
        Tuple, as long as the longer of the two. Raises ValueError if two sizes differ and neither is 1.

    >>> broadcast_shape((8, 1, 6), (7, 1))
    (8, 7, 6)

    Steps:
        1. Make both shapes equally long, without changing what they mean.
        2. For each pair: equal sizes stay; a 1 takes the other size; anything else is an error.

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
    TIP: for the shapes in the message, write one below the other, fill up with ones, and go through the pairs of sizes. Is the result a tuple?
    """
    for a, b, expected, why in (
        ((8, 1, 6), (7, 1), (8, 7, 6), "the table above"),
        ((5, 1), (5,), (5, 5), "aligned at the right, this is a table"),
        ((3,), (4, 1), (4, 3), "b may be the longer one"),
        ((0, 3), (1, 3), (0, 3), "a 1 takes the other size, even if that is 0"),
    ):
        shape = broadcast_shape(a, b)
        assert shape == expected, f"{a} with {b}: got {shape}, expected {expected} ({why})"
    for a, b in (((2, 3), (2,)), ((4, 3), (2, 3)), ((0,), (3,))):
        try:
            shape = broadcast_shape(a, b)
        except ValueError:
            continue
        raise AssertionError(f"broadcast_shape must raise ValueError for {a} and {b}, and returned {shape}")
    ### BEGIN HIDDEN TESTS
    assert broadcast_shape((), (3,)) == (3,), "a number has no sizes, and broadcasts to every shape"

    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Undoing it: summing over what was stretched

    You added a bias of shape $(3)$ to a batch of shape $(2, 3)$, so each of its numbers was used twice. Now you get one number
    for every *use*, a $(2, 3)$ array. How much is that for each number of the bias? Add up the uses:

    $$\begin{pmatrix} 1 & 2 & 3 \\ 10 & 20 & 30 \end{pmatrix} \;\to\; (11, 22, 33)$$

    This is broadcasting in reverse: sum along every axis that was stretched. An axis that was missing disappears; an axis of size 1
    gets its size 1 back. In Module 05 this function gives the gradient of a bias the shape of the bias.
    """)
    return


@app.function
def sum_to_shape(array: np.ndarray, shape: tuple) -> np.ndarray:
    """Undo broadcasting: sum along every axis that was stretched.

    PyTorch: [`Tensor.sum_to_size`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.sum_to_size.html).

    Args:
        array: array of the shape that `shape` was broadcast to.
        shape: tuple of sizes.

    Returns:
        Array of shape `shape`; floats keep their dtype.

    >>> uses = np.array([[1, 2, 3], [10, 20, 30]])
    >>> sum_to_shape(uses, (3,)).tolist(), sum_to_shape(uses, (2, 1)).tolist()
    ([11, 22, 33], [[6], [60]])

    Steps:
        1. Which axes of `array` does `shape` not have? They are the first ones.
        2. Which axes does `shape` have with size 1?
        3. Sum over both, and give the result exactly the shape `shape`.

    Hint: `add_up(array, axis=...)` is a more accurate `np.sum`; `axis` may be a tuple. Align the axes at the right.
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
    WHY: a gradient must have the shape of the tensor it belongs to; this function gives it that shape.
    TIP: write the two shapes one below the other, aligned at the right. Which axes are longer above than below? Sum along those only.
    """
    x = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]], dtype=np.float32)
    close(sum_to_shape(x, (3,)), [11, 22, 33], "(2, 3) to (3,)")
    close(sum_to_shape(x, (2, 1)), [[6], [60]], "(2, 3) to (2, 1), float32 in and out", dtype=np.float32)
    close(sum_to_shape(x, (2, 3)), x, "(2, 3) to (2, 3): nothing was stretched, so there is nothing to add")
    close(sum_to_shape(x, ()), 66, "(2, 3) to (): a single number was used six times")
    cube = np.arange(24.0).reshape(2, 3, 4)
    close(sum_to_shape(cube, (3, 1)), [[60], [92], [124]], "(2, 3, 4) to (3, 1): one axis missing, one stretched")
    ### BEGIN HIDDEN TESTS
    close(sum_to_shape(cube, (1, 1, 4)), [[[60, 66, 72, 78]]], "(2, 3, 4) to (1, 1, 4)")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Matrix product: where the time goes

    $$C_{ij} = \sum_k A_{ik} B_{kj} \qquad \begin{pmatrix} 1 & 2 \end{pmatrix} \begin{pmatrix} 3 \\ 4 \end{pmatrix} = 1 \cdot 3 + 2 \cdot 4 = 11$$

    An $(m, k)$ times a $(k, n)$ matrix takes $2mkn$ operations on $mk + kn + mn$ numbers: the bigger the matrices, the more work
    per number read, and the closer a machine gets to its peak. Write it once with loops, to see what it does. Your tensor will use
    NumPy's version, which is a thousand times faster; Module 18 shows why.
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
    TIP: try a (1, 2) and a (2, 3) matrix by hand; which index does the sum run over? Wrong dtype? It is that of `a`.
    """
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    close(matmul_loops(a, b), a @ b, "a (2, 3) times a (3, 4) matrix")
    close(matmul_loops(a.astype(np.float32), b.astype(np.float32)), a @ b, "float32 in and out", dtype=np.float32)
    ### BEGIN HIDDEN TESTS
    close(matmul_loops(np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)), "a sum of no terms is zero")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 7. Tensor: every operation goes through `apply`

    A tensor wraps one NumPy array, `x.array`. We could write a hundred methods that each unwrap their inputs, call NumPy and wrap
    the result. Instead, one method does that for all of them, `Tensor.apply(function, *inputs, **params)`, and each operator is a line:

    ```python
    def __add__(self, other):
        return Tensor.apply(np.add, self, other)
    ```

    `function` is any function from arrays to an array, NumPy's or yours: an **op**. Because every operation passes through `apply`,
    anything placed there sees every operation. We add a **hook**, `Tensor.recorder`, and leave it empty for now.

    | step | `Tensor([1., 2.]) * 3` |
    |:---|:---|
    | unwrap tensors, leave numbers alone | `array([1., 2.])`, `3` |
    | agree on a dtype | float32 already |
    | call the op | `np.multiply(array([1., 2.]), 3)` |
    | keep float32, wrap | `tensor([3., 6.])` |
    | call the recorder | (none yet) |

    *Leave numbers alone* hides a trap. NumPy lets a plain `3` take the array's dtype, but `np.asarray(3)` is an int64 array, and
    float32 with int64 makes float64. *Agree on a dtype* is `promote`, which is given: int64 with float32 is float32, as in PyTorch.

    The class has two halves. `TensorOps`, folded away, is given: operators, reductions, shapes. In the other half you write four short
    methods: `__init__`, `apply`, `__rsub__` and `mean`, in that order; each has its test below the class. `tinytorch/arrays.py` covers
    what NumPy does differently from PyTorch, including `promote` and `add_up`, a sum that doesn't lose digits.
    """)
    return


@app.class_definition(hide_code=True)
class TensorOps(arrays.ArrayInfo):
    """The given half of Tensor: `binary(op)` makes a method like `__add__` above. `shape`, `item` and their like are in ArrayInfo."""

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
        """A vector acts as a matrix of one row on the left, and of one column on the right; the result drops that axis."""
        if self.ndim > 1 and other.ndim > 1:
            return self.apply(np.matmul, self, other)
        left = self.unsqueeze(0) if self.ndim == 1 else self
        right = self.apply(np.expand_dims, other, axis=-1) if other.ndim == 1 else other
        out = self.apply(np.matmul, left, right)
        return out.squeeze((*[-1] * (other.ndim == 1), *[-2] * (self.ndim == 1)))

    def axes(self, dim: int | tuple | list | None) -> int | tuple | None:
        """Convert `dim` to NumPy's `axis`. As in PyTorch, a tensor without axes accepts axis 0."""
        dim = tuple(dim) if isinstance(dim, (list, tuple)) else dim
        return None if dim == () or (self.ndim == 0 and dim in (0, -1, (0,), (-1,))) else dim

    def clamp(self, min: object = None, max: object = None) -> "Tensor":
        return self.apply(arrays.clip, self, min, max)

    def float(self) -> "Tensor":
        return self.apply(cast, self, dtype=float32)

    def long(self) -> "Tensor":
        return self.apply(cast, self, dtype=int64)

    def reshape(self, *shape: object) -> "Tensor":
        """The same numbers in another shape; one size may be -1 and is inferred from the others."""
        shape = arrays.as_shape(shape)
        if any(size < -1 for size in shape):
            raise ValueError(f"{shape} has a negative size: write -1 for the one to infer from the others")
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
    requires_grad, grad, grad_fn, hooks = False, None, None, None  # the defaults: no gradient
    recorder = None  # the hook in `apply`: recorder(function, out, inputs, arrays, params, backward)
    engine = None  # what `backward` calls; Module 05 sets both

    def __init__(self, data: object, *sizes: int, dtype: np.dtype | None = None, requires_grad: bool = False):
        """Copy `data` (numbers, nested lists, an array or a tensor) into a tensor; `as_array` decides the dtype.

        >>> Tensor([1, 2]).shape
        (2,)

        Steps:
            1. If `data` is a Tensor, continue with its array.
            2. Store a copy in `self.array`, an array with the given dtype.

        Hint: you already wrote the function that does step 2.
        """
        if sizes:  # PyTorch's legacy constructor: Tensor(4, 2) has this shape
            data = np.zeros((data, *sizes))
        dtype = data.dtype if dtype is None and isinstance(data, Tensor) else dtype
        ### BEGIN SOLUTION
        self.array = as_array(data.array if isinstance(data, Tensor) else data, dtype)
        ### END SOLUTION
        if self.array.dtype.kind not in "buif":
            raise TypeError(f"a tensor holds numbers, not {type(data).__name__}: pass numbers, lists or an array")
        self.requires_grad_(requires_grad)

    @staticmethod
    def wrap(array: np.ndarray) -> "Tensor":
        """Wrap this very array in a tensor: no copy, same dtype."""
        out = Tensor.__new__(Tensor)
        out.array = array if type(array) is np.ndarray else np.asarray(array)
        return out

    @staticmethod
    def apply(function: Callable, *inputs: object, **params: object) -> "Tensor":
        """Run an op on the arrays of `inputs` and wrap the result. Every operation passes through here.

        Args:
            function: the op, from arrays (and plain numbers) to one array, or to (array, backward) if it brings its own gradient.
            inputs: the tensors and plain numbers that the result depends on.
            params: everything else the op needs (an axis, a shape), passed by name.

        >>> Tensor.apply(np.multiply, Tensor([1.0, 2.0]), 3)
        tensor([3., 6.])

        Steps:
            1. Replace each Tensor among `inputs` by its array; leave everything else alone.
            2. `promote(function, arrays)` returns them with the dtypes that PyTorch would use.
            3. Call the op with those and `params`. If it returns a tuple, that is (array, backward); otherwise `backward` is None.
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
        """Compute the gradient of this tensor with respect to the leaves it was computed from."""
        if Tensor.engine is None:
            raise RuntimeError("there are no gradients yet: finish module 05, which calls Tensor.set_engine")
        Tensor.engine(self, gradient, retain_graph)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Turn the gradient on or off; returns the tensor. Only floats can have one."""
        if requires_grad and self.array.dtype.kind != "f":
            raise RuntimeError(f"only floats can have a gradient, not {self.dtype}: call .float() first")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> "Tensor":
        """The same numbers in the same memory, detached from the graph. `x.data` does the same, and you can assign to it."""
        return Tensor.wrap(self.array)

    data = property(detach, lambda self, data: setattr(self, "array", np.asarray(getattr(data, "array", data))))

    def increment_version(self) -> None:
        """Call this after changing the numbers in place: gradient rules may still need the old ones."""
        versions.increment(self.array)

    def __rsub__(self, other):
        """`other - self`, where `other` is a plain number.

        >>> 1 - Tensor([3.0])
        tensor([-2.])

        Steps:
            1. The same op as for `self - other`; think about the order.

        Hint: Python calls this when the *left* side doesn't know how to subtract a tensor.
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

        Hint: that count depends only on shapes. Which sizes does `dim` name, and what do you do with them?
        """
        dim = self.axes(dim)
        if self.dtype == arrays.float16:  # their sum soon exceeds 65504, the largest float16
            return self.apply(cast, self.float().mean(dim, keepdim), dtype=self.dtype)
        ### BEGIN SOLUTION
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
        return self.sum(dim, keepdim) / math.prod(self.shape[d] for d in dims)
        ### END SOLUTION


@app.function
# points: 2
def test_Tensor_init():
    """WHAT: a tensor can be made from numbers, lists, arrays and tensors, has the dtype you ask for, and owns its memory.
    WHY: two tensors that share memory by accident change together.
    TIP: `data` may be a Tensor, which as_array can't convert. Is what you store always a new array? Does as_array get the dtype?
    """
    x = Tensor([[1.0, 2.0]])
    close(x.array, [[1, 2]], "Tensor([[1.0, 2.0]])", dtype=np.float32)
    again = Tensor(x)
    assert isinstance(again.array, np.ndarray), f"Tensor(x).array must be an array, not {type(again.array).__name__}"
    x.array[0, 0] = 9
    close(again.array, [[1, 2]], "y = Tensor(x), then x changed: y must own its memory")
    close(Tensor([1, 2], dtype=np.float64).array, [1, 2], "dtype must be passed on", dtype=np.float64)
    close(Tensor(again, dtype=np.int64).array, [[1, 2]], "dtype must be passed on, also for a tensor", dtype=np.int64)


@app.function
# points: 5
def test_Tensor_apply():
    """WHAT: unwraps, promotes, calls, keeps float32, wraps, calls the recorder.
    WHY: every operation of every later module goes through `apply`.
    TIP: wrong dtype? Look at what you do to plain numbers, and at steps 2 and 4. Wrong record? Compare it with step 6, in its order.
    """
    x = Tensor([1.0, 2.0])
    out = Tensor.apply(np.multiply, x, 3)
    assert isinstance(out, Tensor), f"apply must return a Tensor, and returned {out}"
    close(out.array, [3.0, 6.0], "a float32 tensor times 3", dtype=np.float32)
    for function, a, b, expected, what in (
        (np.add, Tensor([True]), 1, np.int64, "bool + 1"),
        (np.divide, Tensor([1, 2]), Tensor([2, 2]), np.float32, "int64 / int64"),
        (np.add, Tensor([1.0], dtype=np.float16), Tensor([1]), np.float16, "float16 + int64"),
        (np.add, Tensor([1.0], dtype=np.float64), 1, np.float64, "float64 + 1"),
        (lambda a, b: a * b * np.ones(2), x, np.float64(2), np.float32, "no tensor is float64, so the result"),
    ):
        dtype = Tensor.apply(function, a, b).array.dtype
        assert dtype == expected, f"{what} must be {np.dtype(expected)}, not {dtype}"
    before, calls = Tensor.recorder, []
    Tensor.recorder = lambda *call: calls.append(call)
    try:
        column = Tensor.apply(np.reshape, x, shape=(2, 1))
        doubled = Tensor.apply(lambda a, by: (a * by, "a rule"), x, 2)
    finally:
        Tensor.recorder = before
    assert list(map(len, calls)) == [6, 6], "after two operations: two calls of the recorder, with six arguments each"
    function, out, inputs, arrays, params, backward = calls[0]
    assert function is np.reshape and inputs[0] is x and out is column, "the recorder must get apply's own objects"
    assert arrays[0] is x.array, "the op and the recorder must get the tensor's own array, not a copy"
    assert np.shares_memory(column.array, x.array), "a view must stay a view: don't copy"
    assert params == {"shape": (2, 1)} and backward is None, f"apply(np.reshape, x, shape=(2, 1)): {params}, {backward}"
    number, backward = calls[1][3][1], calls[1][5]
    assert number == 2 and not isinstance(number, np.ndarray), "a plain number must stay one, not become an array"
    assert backward == "a rule", f"this op returns (array, 'a rule'): the recorder got {backward=}"
    close(doubled, [2.0, 4.0], "this op returns (array, 'a rule'): the tensor must wrap that array")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Arithmetic from both sides

    `x - 1` asks the tensor; `1 - x` asks the number first, which doesn't know tensors. Python then calls `x.__rsub__(1)`. For `+` and
    `*` the order doesn't matter: `__radd__` is `__add__`. For `-` it does: $1 - x \ne x - 1$. Fill in `__rsub__` in the class above.
    """)
    return


@app.function
# points: 2
def test_Tensor_rsub():
    """WHAT: a number or an array minus a tensor is a tensor.
    WHY: you write a loss as a formula; `1 - x` with a flipped sign trains a network to be wrong.
    TIP: 1 - 0.25 is 0.75. What does -0.75 tell you? And what does `self - other` return that you don't?
    """
    x = Tensor([0.25, 0.5])
    before, recorded = Tensor.recorder, []
    Tensor.recorder = lambda function, out, *rest: recorded.append(out)
    try:
        out = 1 - x
    finally:
        Tensor.recorder = before
    assert isinstance(out, Tensor), f"1 - x must be a Tensor, not {out}"
    close(out, [0.75, 0.5], "1 - x for x = [0.25, 0.5]", dtype=np.float32)
    close(3 - Tensor([1, 5]), [2, -2], "3 - x for x = [1, 5]", dtype=np.int64)
    close(np.ones((2, 1)) - x, [[0.75, 0.5]] * 2, "an array of shape (2, 1) on the left", dtype=np.float32)
    assert recorded and recorded[-1] is out, (
        "1 - x must return the result of a tensor operation: only that gets a gradient"
    )
    ### BEGIN HIDDEN TESTS
    close(np.float32(1) - x, [0.75, 0.5], "a NumPy number on the left", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### Reductions: which axis disappears?

    `x.sum(dim=0)` adds *along* axis 0, and axis 0 disappears: $(3, 4) \to (4)$. With `keepdim=True` it stays, with size 1, so that the
    result still broadcasts against `x`. The mean of $(1, 3, 5, 7)$ is $16 / 4$; of a table it is the sum divided by a count that
    depends on `dim`. Fill in `mean`, with the tensor's own operations: Module 05 gives each of them a gradient, but not `np.mean`.
    """)
    return


@app.function
# points: 3
def test_Tensor_mean():
    """WHAT: the mean over all, one or several axes, in float32, made of operations that will have a gradient.
    WHY: a loss is a mean; with the wrong count the learning rate is off by that factor.
    TIP: for the failing `dim`, write down the shape before and after. How many numbers went into each sum?
    """
    x, cube = Tensor([[1.0, 3.0, 5.0], [5.0, 7.0, 9.0]]), Tensor(np.arange(24.0).reshape(2, 3, 4))
    close(x.mean(), 5, "mean() of all six numbers", dtype=np.float32)
    close(x.mean(dim=0), [3, 5, 7], "mean(dim=0) of shape (2, 3)")
    close(x.mean(dim=-1, keepdim=True), [[3], [7]], "mean(dim=-1, keepdim=True) of shape (2, 3)")
    close(cube.mean(dim=(0, 2)), [7.5, 11.5, 15.5], "mean(dim=(0, 2)) of shape (2, 3, 4)")
    before, ran = Tensor.recorder, []
    Tensor.recorder = lambda function, out, *rest: ran.append((function.__name__, out))
    try:
        mean = x.mean(dim=1)
    finally:
        Tensor.recorder = before
    unknown = [name for name, _ in ran if name not in ("add_up", "divide", "multiply", "cast", "reshape", "squeeze")]
    assert not unknown, f"mean ran {unknown[0]}, which has no gradient rule in Module 05: use self.sum and a division"
    assert ran and ran[-1][1] is mean, "mean must return the result of a tensor operation: only that gets a gradient"
    ### BEGIN HIDDEN TESTS
    close(Tensor([1, 2]).mean(), 1.5, "a mean of integers is float32", dtype=np.float32)
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ### The rest is given

    The functions below make and join tensors; their test shows what you can rely on. `op` lets a function written for arrays take
    tensors as well, through `apply`: Module 02 uses it.
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
    """The random generator to use if none is given, created on first use because NumPy's random module loads slowly."""
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
    """`input` where `condition` is true, `other` elsewhere."""
    return Tensor.apply(arrays.choose, input, other, condition=getattr(condition, "array", condition))


@app.function
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The elementwise maximum of two."""
    return Tensor.apply(np.maximum, input, other)


@app.function
def test_creation():
    """WHAT: views share memory; making, joining and choosing tensors; operators; seeds; functions decorated with `op`.
    WHY: a view is free, and writing to it writes to the original; you can't debug a run that you can't repeat.
    TIP: these are given. If this fails, look at apply: does it copy on the way, or change plain numbers?
    """
    x = Tensor(np.arange(12.0).reshape(3, 4))
    for view in (x.reshape(2, -1), x.T, x.permute(1, 0), x.unsqueeze(0), x[1:], x[:, ::2]):
        assert np.shares_memory(view.array, x.array), f"a view of shape {view.shape} must share the memory of x"
    assert not np.shares_memory(x[[0, 2]].array, x.array), "picking rows by a list must copy"
    assert x.T.stride() == (1, 4) and not x.T.is_contiguous(), "a transpose swaps the strides (4, 1)"
    close(x[x > 10], [11], "x[x > 10], a mask as an index")
    close(zeros(2) + ones((2,)), tensor([1.0, 1.0]).array, "sizes one by one, or as a tuple", dtype=np.float32)
    close(arange(3), [0, 1, 2], "arange(3)", dtype=np.int64)
    manual_seed(3)
    first = randn(4, requires_grad=True).detach()
    manual_seed(3)
    close(randn(4), first.array, "the same numbers after the same manual_seed", dtype=np.float32)
    a, b = Tensor([1.0, -2.0]), Tensor([3.0, 4.0])
    close(2 * a - b / 2, [0.5, -6], "2 * a - b / 2", dtype=np.float32)
    close(cat([stack([a, b], dim=1), ones(1, 2)]), [[1, 3], [-2, 4], [1, 1]], "cat and stack")
    close(where(a > 0, a, 0.0), [1, 0], "where(a > 0, a, 0.0)")
    close(maximum(a, rand(2) - 3), a.array, "random numbers between -3 and -2 are smaller than a")
    line = op(lambda x, slope=0.5, offset=0.0: slope * x + offset)
    close(line(Tensor([3.0])) + line(1.0, offset=Tensor([1.0])), [3], "@op, a tensor by position and one by name")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 8. Reading handwriting

    Here are 1797 handwritten digits, 8 by 8 pixels each, so 64 numbers from 0 to 16. Can your tensors read them? The oldest idea: average
    all threes into *one* blurred three, and so on. A new image is the digit with the nearest average, by the sum of squared differences

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
        3. Join the averages into one tensor.

    Hint: `y == 3` is a tensor of booleans, and you can index with a tensor.
    """
    ### BEGIN SOLUTION
    return stack([x[y == c].mean(dim=0) for c in range(classes)])
    ### END SOLUTION


@app.function
# points: 3
def test_class_means():
    """WHAT: one mean per class, in the order of the classes.
    WHY: these means are all that the classifier knows.
    TIP: a mean of examples has the shape of one example. Which examples go into which mean, and how many are they?
    """
    x = Tensor([[1.0, 1.0], [5.0, 5.0], [3.0, 1.0]])
    close(class_means(x, Tensor([0, 1, 0]), 2), [[2, 1], [5, 5]], "examples of the classes 0, 1, 0")
    close(class_means(x, Tensor([2, 0, 1]), 3), [[5, 5], [3, 1], [1, 1]], "examples of the classes 2, 0, 1")


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
        1. Compute all differences at once, of shape (N, C, D).
        2. Square them and sum, which leaves one distance for each example and class.
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
    TIP: print the shape after each step. Which axis counts examples, which one classes, which one pixels? Along which do you sum?
    """
    means = Tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 9.0]])
    close(nearest_mean(Tensor([[1.0, 0.0], [1.0, 8.0]]), means), [0, 2], "(1, 0) is near (0, 0), (1, 8) near (0, 9)")
    close(nearest_mean(means, means), [0, 1, 2], "every mean is nearest to itself")
    close(nearest_mean(means[:1], Tensor([[0.0, 5.0], [3.0, 3.0]])), [1], "squared distances 25 and 18")
    close(nearest_mean(Tensor([[-3.0, 0.0]]), means), [0], "squared distances 9, 49 and 90: differences of either sign")


@app.cell(hide_code=True)
def _():
    examples_seen = mo.ui.slider(20, 1000, step=20, value=1000, label="examples to learn from", show_value=True)
    mo.md(f"""
    ### Explore: how many examples does it need?

    Guessing would be right for one digit in ten. **Predict** the share that your classifier gets right after 1000 examples, and
    after 20, two of each digit. You test it on 797 others that it has never seen.

    {examples_seen}
    """)
    return (examples_seen,)


@app.function(hide_code=True)
def explore_reader(seen):
    """The means of the first digits, with each digit's accuracy on the last 797; the accuracy on all of them is printed."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = Tensor(digits.data), Tensor(digits.target)
    means = class_means(x[:seen], y[:seen], 10)
    guess, truth = nearest_mean(x[1000:], means), y[1000:]
    accuracy = (guess == truth).float().mean().item()
    print(f"{accuracy:.1%} of {len(truth)} handwritten digits read correctly, after {seen} examples.")
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
    right. More examples stop helping: the *idea* is too simple. In the next six modules you build a network, which learns a better one.

    ## Measure: what does a stride cost?

    A view costs nothing to make. Does it cost something to *read*? Memory arrives in **cache lines** of 64 bytes, 16 float32 at a
    time. Summing a million numbers that lie next to each other uses every byte of a line; with a stride of 16 it uses 4 of 64.
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
    Up to stride 16, more and more of each line goes unused, and the time per number grows. From 16 on, every number costs a whole line,
    and the curve flattens (looking up the pages of a larger memory still costs more). The *view* was free; reading through it wasn't.

    ## Complexity

    | operation | operations | memory for the result |
    |:---|:---|:---|
    | `reshape`, `transpose`, slice | 1 | 0: a view |
    | `a + b` on $n$ elements | $n$ | $n$ |
    | matmul $(m, k) (k, n)$ | $2mkn$ | $mn$ |
    | `nearest_mean` of $N$ examples | $3NCD$ | $NCD$: the price of having no loop |

    ## In production

    PyTorch's tensor is your pair: a `Storage` (the row of memory) and sizes, strides, offset (metadata), in `c10/core/TensorImpl.h`.
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
    assert answer_batch_bytes() == np.empty((64, 3, 224, 224), np.float32).nbytes, "that isn't what the batch takes"


@app.cell(hide_code=True)
def question_transposed_weights():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague keeps a weight as `w.T` (a view) and multiplies by it a million times. Another makes it
    contiguous first. When is each of them faster, and what would you measure to find out?

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

    - A tensor is a row of memory and metadata: offset, shape, strides. Views change the metadata, copies cost memory.
    - Shapes broadcast from the right; a size of 1 stretches with a stride of 0; summing undoes it.
    - float32 unless you say otherwise; plain numbers take the tensor's dtype.
    - Every operation goes through `Tensor.apply`.
    - Averages and distances read most handwritten digits.

    **Next:** export your work with `tito module complete 01`. Module 02 adds what makes a network more than one big matrix.
    """)
    return


if __name__ == "__main__":
    app.run()
