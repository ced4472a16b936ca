"""Right and wrong solutions of module 01: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "as_array": {
        "decides before it copies": """\
if dtype is None and np.asarray(data).dtype == np.float64:
    dtype = np.float32
return np.array(data, dtype)""",
        "copies at the end": """\
array = np.asarray(data, dtype=dtype)
if dtype is None and str(array.dtype) == "float64":
    return array.astype("float32")
return array.copy()""",
    },
    "row_major_strides": {
        "the product of the sizes to the right": "return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))",
        "fills a list from the right": """\
strides = [1] * len(shape)
for axis in range(len(shape) - 2, -1, -1):
    strides[axis] = strides[axis + 1] * shape[axis + 1]
return tuple(strides)""",
        "a tuple that grows to the left": """\
strides, step = (), 1
for size in reversed(shape):
    strides = (step, *strides)
    step = step * size
return strides""",
    },
    "slice_note": {
        "parts of tuples": """\
offset, shape, strides = note
taken = len(range(start, stop, step))
new_shape = shape[:dim] + (taken,) + shape[dim + 1 :]
new_strides = strides[:dim] + (strides[dim] * step,) + strides[dim + 1 :]
return (offset + start * strides[dim], new_shape, new_strides)""",
        "counts up": """\
offset, shape, strides = note[0], list(note[1]), list(note[2])
indices = [*range(start, stop, step)]
offset = offset + strides[dim] * indices[0]
shape[dim] = len(indices)
strides[dim] = step * strides[dim]
return offset, tuple(shape), tuple(strides)""",
    },
    "broadcast_shape": {
        "from the right, with zip_longest": """\
from itertools import zip_longest

sizes = []
for m, n in zip_longest(reversed(a), reversed(b), fillvalue=1):
    if m == n or n == 1:
        sizes.append(m)
    elif m == 1:
        sizes.append(n)
    else:
        raise ValueError("these do not fit")
return tuple(sizes[::-1])""",
        "fills the shorter one up with a loop": """\
a, b = list(a), list(b)
while len(a) < len(b):
    a.insert(0, 1)
while len(b) < len(a):
    b.insert(0, 1)
for i in range(len(a)):
    if a[i] == 1:
        a[i] = b[i]
    elif b[i] != 1 and a[i] != b[i]:
        raise ValueError(f"{a[i]} and {b[i]}")
return tuple(a)""",
        "NumPy's own": "return np.broadcast_shapes(a, b)",
    },
    "sum_to_shape": {
        "one axis after the other": """\
while array.ndim > len(shape):
    array = add_up(array, axis=0)
for axis, size in enumerate(shape):
    if size == 1:
        array = add_up(array, axis=axis, keepdims=True)
return array""",
        "np.sum": """\
missing = array.ndim - len(shape)
array = np.sum(array, axis=tuple(range(missing)))
stretched = tuple(i for i in range(len(shape)) if shape[i] == 1)
return np.sum(array, axis=stretched, keepdims=True)""",
        "compares the shapes": """\
padded = (1,) * (array.ndim - len(shape)) + tuple(shape)
axes = tuple(i for i, (n, m) in enumerate(zip(array.shape, padded)) if n != m)
return array.sum(axis=axes, keepdims=True).reshape(shape)""",
    },
    "matmul_loops": {
        "a running sum for each entry": """\
m, n = len(a), b.shape[1]
out = np.zeros((m, n), a.dtype)
for i in range(m):
    for j in range(n):
        total = 0
        for k in range(len(b)):
            total = total + a[i, k] * b[k, j]
        out[i, j] = total
return out""",
        "the sum outside": """\
(rows, inner), columns = a.shape, b.shape[1]
out = np.zeros_like(a, shape=(rows, columns))
for k in range(inner):
    for i in range(rows):
        for j in range(columns):
            out[i][j] += b[k][j] * a[i][k]
return out""",
        "sum of a generator": """\
out = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
for i, row in enumerate(a):
    for j, column in enumerate(b.T):
        out[i, j] = sum(x * y for x, y in zip(row, column))
return out""",
    },
    "Tensor.__init__": {
        "in two steps": """\
if isinstance(data, Tensor):
    data = data.array
self.array = as_array(data, dtype=dtype)""",
        "two branches": """\
if isinstance(data, Tensor):
    self.array = as_array(data.array, dtype)
else:
    self.array = as_array(data, dtype)""",
        "without as_array": """\
source = data.array if isinstance(data, Tensor) else data
array = np.array(source, dtype=dtype)
self.array = array.astype(np.float32) if dtype is None and array.dtype == np.float64 else array""",
    },
    "Tensor.apply": {
        "a loop, and conditions the other way": """\
unwrapped = []
for x in inputs:
    if isinstance(x, Tensor):
        unwrapped.append(x.array)
    else:
        unwrapped.append(x)
unwrapped = promote(function, unwrapped)
result = function(*unwrapped, **params)
if isinstance(result, tuple):
    result, backward = result
else:
    backward = None
if not wants_float64(inputs, params) and result.dtype == np.float64:
    result = result.astype(np.float32)
tensor = Tensor.wrap(result)
if Tensor.recorder:
    Tensor.recorder(function, tensor, inputs, unwrapped, params, backward)
return tensor""",
        "result as a pair": """\
values = tuple(x.array if isinstance(x, Tensor) else x for x in inputs)
values = tuple(promote(function, list(values)))
result = function(*values, **params)
array, backward = result if isinstance(result, tuple) else (result, None)
if array.dtype == float64:
    array = array if wants_float64(inputs, params) else np.asarray(array, dtype=float32)
out = Tensor.wrap(array)
record = Tensor.recorder
if record is None:
    return out
record(function, out, inputs, values, params, backward)
return out""",
    },
    "Tensor.__rsub__": {
        "the negative, plus": "return -self + other",
        "through a tensor": "return Tensor(other) - self",
        "self.apply": "return self.apply(np.subtract, other, self)",
        "other plus the negative": "return Tensor.apply(np.add, other, -self)",
    },
    "Tensor.mean": {
        "how many numbers there are for each result": """\
total = self.sum(dim, keepdim)
return total / (self.numel() // total.numel())""",
        "a loop over the axes": """\
count = 1
if dim is None:
    count = self.numel()
elif isinstance(dim, int):
    count = self.shape[dim]
else:
    for axis in dim:
        count *= self.shape[axis]
return self.sum(dim=dim, keepdim=keepdim) * (1 / count)""",
        "np.prod, and an early return": """\
if dim is None:
    return self.sum(None, keepdim) / self.array.size
sizes = np.array(self.shape)[list(dim) if isinstance(dim, tuple) else [dim]]
return self.sum(dim, keepdim) / np.prod(sizes)""",
        "floats first": """\
numbers = self.float() if self.dtype.kind != "f" else self
total = numbers.sum(dim, keepdim)
return total / (numbers.numel() / total.numel())""",
    },
    "class_means": {
        "a loop": """\
means = []
for c in range(classes):
    means.append(x[y == c].mean(0))
return stack(means, dim=0)""",
        "rows, joined": """\
rows = [x[y == c].mean(dim=0, keepdim=True) for c in range(classes)]
return cat(rows)""",
        "sum and count": """\
means = []
for c in range(classes):
    chosen = x[y == c]
    means.append(chosen.sum(dim=0) / len(chosen))
return stack(means)""",
        "a product with the table of who belongs where": """\
belongs = (y.unsqueeze(1) == arange(classes)).float()
return (belongs.T @ x) / belongs.sum(dim=0).unsqueeze(1)""",
    },
    "nearest_mean": {
        "indexing with None": """\
differences = x[:, None, :] - means[None, :, :]
return (differences * differences).sum(dim=-1).argmin(dim=-1)""",
        "the other way round, and distances": """\
difference = means - x.unsqueeze(1)
distance = (difference**2).sum(2).sqrt()
return distance.argmin(1)""",
        "one example after the other": """\
found = [((means - x[i]) ** 2).sum(dim=1).argmin() for i in range(len(x))]
return stack(found)""",
    },
}


WRONG = {
    "as_array": {
        "float64 creep": Wrong(
            "float64 creep",
            "Which dtype does NumPy choose for 1.0, and who changes it?",
            "return np.array(data, dtype=dtype)",
        ),
        "shares memory": Wrong(
            "aliasing",
            "Change the array that you were given. Does your result change with it?",
            """\
array = np.asarray(data, dtype=dtype)
return array.astype(np.float32) if dtype is None and array.dtype == np.float64 else array""",
        ),
        "an explicit float64 is lost": Wrong(
            "dtype lost",
            "What does a caller get who asks for float64?",
            """\
array = np.array(data, dtype=dtype)
return array.astype(np.float32) if array.dtype == np.float64 else array""",
        ),
        "everything becomes float32": Wrong(
            "dtype lost",
            "What happens to the label 3, and to the mask True?",
            "return np.array(data, dtype=dtype or np.float32)",
        ),
        "ignores the dtype": Wrong(
            "ignored argument",
            "Where do you use what the caller says about the dtype?",
            ("np.array(data, dtype=dtype)", "np.array(data)"),
        ),
        "zeros": Wrong(
            "wrong formula",
            "Shape and dtype are right. And the numbers?",
            ("return array", "return np.zeros_like(array)"),
        ),
        "empty array": Wrong(
            "empty result",
            "How many numbers went in, and how many come out?",
            ("return array", "return array[:0]"),
        ),
        "one more axis": Wrong(
            "wrong shape",
            "Compare the shape of what you return with what was given.",
            ("return array", "return np.atleast_2d(array)"),
        ),
        "converts, and keeps it to itself": Wrong(
            "no return", "You make the right array. What does the caller get?", ("return array", "data = array")
        ),
    },
    "row_major_strides": {
        "column-major": Wrong(
            "wrong axis", "Along which axis do neighbours in memory lie?", ("reversed(shape)", "shape")
        ),
        "sizes are added": Wrong(
            "wrong formula",
            "How many cells does one step skip when there are two axes to its right?",
            ("step *= size", "step += size"),
        ),
        "multiplies by its own size": Wrong(
            "off by one",
            "What is your stride of the last axis?",
            """\
strides, step = [], 1
for size in reversed(shape):
    step *= size
    strides.append(step)
return tuple(reversed(strides))""",
        ),
        "not turned around": Wrong(
            "wrong order",
            "Which axis does the first number of your result belong to?",
            ("tuple(reversed(strides))", "tuple(strides)"),
        ),
        "counted in bytes": Wrong(
            "wrong factor", "Do you count cells, or bytes?", ("strides, step = [], 1", "strides, step = [], 4")
        ),
        "only the size of the neighbour": Wrong(
            "missing term",
            "How many cells does one step along the first of three axes skip?",
            "return (*shape[1:], 1) if shape else ()",
        ),
        "a list": Wrong(
            "broken structure",
            "The numbers are right. What are they in?",
            ("tuple(reversed(strides))", "strides[::-1]"),
        ),
    },
    "slice_note": {
        "stride not multiplied": Wrong(
            "missing term",
            "How far apart are two elements that a step of 2 takes?",
            ("new_strides[dim] *= step", "pass"),
        ),
        "offset counted in indices": Wrong(
            "missing term",
            "Index 1 of an axis: how many cells is that from index 0?",
            ("start * strides[dim]", "start"),
        ),
        "offset with the new stride": Wrong(
            "wrong order",
            "Whose indices does start count, those of the array or those of the view?",
            ("start * strides[dim]", "start * new_strides[dim]"),
        ),
        "forgets the old offset": Wrong(
            "missing term",
            "Where does a slice of a slice begin?",
            ("offset + start * strides[dim]", "start * strides[dim]"),
        ),
        "size rounded down": Wrong(
            "off by one",
            "Columns 0 and 3 of four: how many do you count?",
            ("len(range(start, stop, step))", "(stop - start) // step"),
        ),
        "the step is ignored in the size": Wrong(
            "ignored argument",
            "How many elements does a step of 2 skip?",
            ("len(range(start, stop, step))", "abs(stop - start)"),
        ),
        "the step replaces the stride": Wrong(
            "accumulation",
            "A step of 1 along the rows: how many cells does it skip?",
            ("new_strides[dim] *= step", "new_strides[dim] = step"),
        ),
        "always the first axis": Wrong(
            "ignored argument",
            "Which axis changes when the caller slices the columns?",
            ("shape[dim] =", "shape[0] ="),
        ),
    },
    "broadcast_shape": {
        "aligned at the left": Wrong(
            "wrong axis",
            "At which end do the shapes line up?",
            """\
longest = max(len(a), len(b))
pairs = list(zip(a + (1,) * (longest - len(a)), b + (1,) * (longest - len(b))))
if any(m != n and 1 not in (m, n) for m, n in pairs):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in pairs)""",
        ),
        "empty axes grow": Wrong(
            "wrong formula",
            "What is the larger one of 0 and 1, and is it what you want?",
            ("n if m == 1 else m", "max(m, n)"),
        ),
        "clashes pass": Wrong(
            "missing check", "Which sizes do not go together, and who says so?", ("m != n and 1 not in (m, n)", "False")
        ),
        "empty axes fit everything": Wrong(
            "missing check",
            "Is 0 as flexible as 1?",
            ("1 not in (m, n)", "1 not in (m, n) and 0 not in (m, n)"),
        ),
        "only pads b": Wrong(
            "missing case",
            "What if b is the longer one?",
            """\
b = (1,) * (len(a) - len(b)) + b
if any(m != n and 1 not in (m, n) for m, n in zip(a, b)):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in zip(a, b))""",
        ),
        "cuts to the shorter": Wrong(
            "wrong shape",
            "How long is your result, and how long is the longer shape?",
            """\
pairs = list(zip(reversed(a), reversed(b)))
if any(m != n and 1 not in (m, n) for m, n in pairs):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in reversed(pairs))""",
        ),
        "another error": Wrong(
            "wrong error",
            "Which error does the text name for sizes that clash?",
            ("raise ValueError(", "raise TypeError("),
        ),
        "says it instead of raising": Wrong(
            "missing check",
            "Does your function stop when two sizes clash?",
            ("raise ValueError(", "print("),
        ),
        "backwards": Wrong(
            "wrong order",
            "Which axis does the first size of your result belong to?",
            ("tuple(result)", "tuple(reversed(result))"),
        ),
        "a list": Wrong("broken structure", "The sizes are right. What are they in?", ("tuple(result)", "result")),
    },
    "sum_to_shape": {
        "forgets the axes of size 1": Wrong(
            "missing case",
            "Which axes were stretched although they were there?",
            "return array.sum(axis=tuple(range(array.ndim - len(shape))))",
        ),
        "forgets the missing axes": Wrong(
            "missing case",
            "What becomes of an axis that the smaller shape never had?",
            """\
stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
return array.sum(axis=stretched, keepdims=True)""",
        ),
        "axes counted from the left": Wrong(
            "wrong axis",
            "Axis 0 of the small shape: which axis of the array is that?",
            ("[missing + axis for", "[axis for"),
        ),
        "takes the first instead of the sum": Wrong(
            "missing term",
            "A number was used twice. Where is its second use in your result?",
            "return array.reshape(-1)[: int(np.prod(shape))].reshape(shape)",
        ),
        "averages": Wrong(
            "wrong formula",
            "A number that was used twice gets two parts. Do you add them?",
            ("add_up(array, ", "np.mean(array, "),
        ),
        "float64 creep": Wrong(
            "float64 creep",
            "float32 went in. What comes out?",
            ("add_up(array, ", "add_up(array.astype(np.float64), "),
        ),
        "sums everything": Wrong(
            "missing case",
            "What should happen along an axis that was not stretched?",
            "return np.broadcast_to(array.sum(), shape).astype(array.dtype)",
        ),
        "keeps the missing axes": Wrong(
            "wrong shape",
            "Print the shape of your result next to the one that was asked for.",
            "return array.sum(axis=tuple(range(array.ndim - len(shape))), keepdims=True)",
        ),
        "returns what it was given": Wrong("wrong shape", "Which shape does your result have?", "return array"),
    },
    "matmul_loops": {
        "elementwise": Wrong(
            "wrong formula",
            "Does your product ever meet a whole row with a whole column?",
            "return a * b[: a.shape[0], : a.shape[1]]",
        ),
        "overwrites instead of adding": Wrong(
            "accumulation", "After the innermost loop, which of its terms are left?", ("+=", "=")
        ),
        "float64 creep": Wrong(
            "float64 creep", "Which dtype does an array of zeros have by itself?", (", dtype=a.dtype", "")
        ),
        "the last term is missing": Wrong(
            "off by one",
            "How many terms has the sum for one entry?",
            ("for k in range(a.shape[1])", "for k in range(a.shape[1] - 1)"),
        ),
        "rows with rows": Wrong(
            "wrong axis",
            "Which index of b moves while the sum runs?",
            "return np.array([[sum(row * other[: len(row)]) for other in b] for row in a], dtype=a.dtype)",
        ),
        "the other way round": Wrong(
            "swapped operands", "Which of the two matrices gives the rows?", "return (b.T @ a.T).astype(a.dtype)"
        ),
        "an empty array": Wrong(
            "empty result", "How many entries does the product have?", "return np.zeros((0, b.shape[1]), dtype=a.dtype)"
        ),
        "returns too early": Wrong(
            "wrong order",
            "When does your function return: after one row, or after all?",
            ("\nreturn out", "\n    return out"),
        ),
        "forgets the result": Wrong("no return", "Your loops fill an array. Who gets it?", ("\nreturn out", "")),
    },
    "Tensor.__init__": {
        "shares a tensor's memory": Wrong(
            "aliasing",
            "Two tensors, one array: what happens when one of them changes?",
            "self.array = data.array if isinstance(data, Tensor) else as_array(data, dtype)",
        ),
        "dtype not passed on": Wrong(
            "ignored argument",
            "Where does the dtype that the caller asks for arrive?",
            "self.array = as_array(data.array if isinstance(data, Tensor) else data)",
        ),
        "stores what it was given": Wrong(
            "missing case", "A list goes in. Is what you store an array?", "self.array = data"
        ),
        "a tensor of a tensor": Wrong(
            "missing case",
            "What is inside of a tensor that was made from a tensor?",
            "self.array = data if isinstance(data, Tensor) else as_array(data, dtype)",
        ),
        "as_array gets a tensor": Wrong(
            "missing case", "What can as_array convert? Is a Tensor among it?", "self.array = as_array(data, dtype)"
        ),
        "only arrays and lists": Wrong(
            "float64 creep",
            "Which function of yours decides what becomes of float64?",
            "self.array = np.array(data.array if isinstance(data, Tensor) else data, dtype=dtype)",
        ),
        "a local name": Wrong(
            "no return",
            "Where will the other methods look for the array?",
            ("self.array = as_array", "self.array = np.zeros(0)\narray = as_array"),
        ),
    },
    "Tensor.apply": {
        "numbers become arrays": Wrong(
            "float64 creep",
            "What do you do to inputs that are not tensors?",
            ("else x for x in inputs]", "else np.asarray(x) for x in inputs]"),
        ),
        "float64 creep": Wrong(
            "float64 creep",
            "What becomes of a float64 result that no tensor asked for?",
            ("array.astype(float32)", "array"),
        ),
        "everything becomes float32": Wrong(
            "dtype lost",
            "Which results should become float32, and which should stay what they are?",
            (
                "if array.dtype is float64 and not wants_float64(inputs, params):",
                "if array.dtype != float32:",
            ),
        ),
        "an explicit float64 is lost": Wrong(
            "dtype lost",
            "What comes out when an input tensor is float64 on purpose?",
            (" and not wants_float64(inputs, params)", ""),
        ),
        "NumPy's numbers count as explicit": Wrong(
            "float64 creep",
            "Is np.float64(2) a tensor?",
            (
                "not wants_float64(inputs, params)",
                'not any(getattr(x, "dtype", None) == float64 for x in inputs)',
            ),
        ),
        "no promotion": Wrong(
            "missing term",
            "Which step makes float16 and int64 agree?",
            (
                "promote(function, [x.array if isinstance(x, Tensor) else x for x in inputs])",
                "[x.array if isinstance(x, Tensor) else x for x in inputs]",
            ),
        ),
        "copies": Wrong(
            "extra work",
            "Does a view that goes through apply still share memory?",
            ("Tensor.wrap(array)", "Tensor.wrap(array.copy())"),
        ),
        "makes a new tensor instead of wrapping": Wrong(
            "dtype lost",
            "What does the constructor do to an array that wrap does not?",
            ("Tensor.wrap(array)", "Tensor(array)"),
        ),
        "never calls the recorder": Wrong(
            "graph cut", "Who learns that an operation has run?", ("if Tensor.recorder is not None:", "if False:")
        ),
        "the recorder gets the arrays as inputs": Wrong(
            "graph cut",
            "The recorder wants to know which tensors went in. Does it see any?",
            ("out, inputs, arrays", "out, arrays, arrays"),
        ),
        "the recorder gets the array, not the tensor": Wrong(
            "graph cut",
            "Is what the recorder gets the object that the caller gets?",
            ("Tensor.recorder(function, out,", "Tensor.recorder(function, Tensor.wrap(array),"),
        ),
        "drops the op's own backward": Wrong(
            "graph cut",
            "An op may bring its gradient rule. Who gets it?",
            ("    array, backward = array", "    array = array[0]"),
        ),
        "tuples are not taken apart": Wrong(
            "missing case",
            "What if the op returns two things?",
            ("if type(array) is tuple:", "if type(array) is list:"),
        ),
        "drops the params": Wrong(
            "ignored argument",
            "What should happen to axis=0 on its way to the op?",
            ("function(*arrays, **params)", "function(*arrays)"),
        ),
        "returns the array": Wrong("missing case", "Is what you return a Tensor?", ("return out", "return array")),
        "returns nothing": Wrong("no return", "The recorder knows the result. Does the caller?", ("return out", "")),
    },
    "Tensor.__rsub__": {
        "sign": Wrong(
            "swapped operands",
            "In 1 - x, which of the two is subtracted?",
            "return Tensor.apply(np.subtract, self, other)",
        ),
        "adds": Wrong("wrong formula", "Which op belongs to a minus?", "return Tensor.apply(np.add, other, self)"),
        "turns the number into a float64 tensor": Wrong(
            "broken structure",
            "What type does x - 1 have, and what type does your 1 - x have?",
            "return Tensor.apply(np.subtract, Tensor(other, dtype=np.float64), self).tolist()",
        ),
        "around apply": Wrong(
            "float64 creep",
            "Which dtype has an array of float64 minus your tensor?",
            "return Tensor.wrap(np.asarray(other - self.array))",
        ),
        "an array": Wrong("broken structure", "Is your result a tensor?", "return other - self.array"),
        "negates only": Wrong("ignored argument", "Where is the number on the left?", "return -self"),
        "no return": Wrong(
            "no return", "You subtract. Who gets the difference?", "Tensor.apply(np.subtract, other, self)"
        ),
    },
    "Tensor.mean": {
        "divides by everything": Wrong(
            "wrong factor",
            "How many numbers go into one of your sums, and by what do you divide it?",
            "return self.sum(dim, keepdim) / self.numel()",
        ),
        "divides by the first axis": Wrong(
            "wrong axis",
            "Which axis disappears, and whose size do you divide by?",
            "return self.sum(dim, keepdim) / len(self)",
        ),
        "keepdim not passed on": Wrong(
            "missing keepdims",
            "Which shape does a caller get who asks to keep the axis?",
            ("self.sum(dim, keepdim)", "self.sum(dim)"),
        ),
        "several axes counted once": Wrong(
            "missing case",
            "With two axes in dim, how many numbers go into one sum?",
            """\
first = dim[0] if isinstance(dim, tuple) else dim
return self.sum(dim, keepdim) / (self.numel() if dim is None else self.shape[first])""",
        ),
        "sizes are added": Wrong(
            "wrong formula",
            "Axes of sizes 2 and 4: how many numbers is that?",
            ("math.prod(self.shape[d] for d in dims)", "sum(self.shape[d] for d in dims)"),
        ),
        "no division": Wrong(
            "missing term", "That is a sum. What turns it into a mean?", "return self.sum(dim, keepdim)"
        ),
        "an op that will have no gradient rule": Wrong(
            "graph cut",
            "Which op does your mean run, and will Module 05 know its gradient?",
            "return self.apply(np.mean, self, axis=dim, keepdims=keepdim)",
        ),
        "around apply": Wrong(
            "graph cut",
            "Does any operation on the way see that your result depends on self?",
            "return Tensor(self.array.mean(axis=dim, keepdims=keepdim))",
        ),
        "the sum is recorded, the division is not": Wrong(
            "graph cut",
            "Is your last step an operation on tensors?",
            """\
dims = range(self.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
return Tensor(self.sum(dim, keepdim).array / math.prod(self.shape[d] for d in dims))""",
        ),
        "whole numbers": Wrong(
            "precision loss",
            "What is the mean of 1 and 2?",
            ("self.sum(dim, keepdim) /", "Tensor.apply(np.floor_divide, self.sum(dim, keepdim), 1) /"),
        ),
    },
    "class_means": {
        "wrong axis": Wrong(
            "wrong axis",
            "Which shape does the mean of one class have?",
            "return stack([x[y == c].mean(dim=1) for c in range(classes)])",
        ),
        "sums": Wrong(
            "missing term",
            "Twice as many examples of a class: does your result double?",
            "return stack([x[y == c].sum(dim=0) for c in range(classes)])",
        ),
        "one number for each class": Wrong(
            "wrong shape",
            "How many pixels does your average image have?",
            "return stack([x[y == c].mean() for c in range(classes)])",
        ),
        "off by one": Wrong(
            "off by one",
            "Which class is the first one?",
            "return stack([x[y == c].mean(dim=0) for c in range(1, classes)])",
        ),
        "divides by all examples": Wrong(
            "wrong factor",
            "How many examples go into the sum of one class?",
            "return stack([x[y == c].sum(dim=0) / len(x) for c in range(classes)])",
        ),
        "in the order in which the classes appear": Wrong(
            "wrong order",
            "Which class does your first row belong to?",
            "return stack([x[y == c].mean(dim=0) for c in dict.fromkeys(y.tolist())])",
        ),
        "the first example only": Wrong(
            "missing term",
            "How many examples of a class have a say in its mean?",
            "return stack([x[y == c][0] for c in range(classes)])",
        ),
        "a list": Wrong(
            "broken structure",
            "What do you return: one tensor, or several?",
            "return [x[y == c].mean(dim=0).tolist() for c in range(classes)] + [[]]",
        ),
        "the loop returns at once": Wrong(
            "wrong shape",
            "How many rows does your result have?",
            """\
for c in range(classes):
    return x[y == c].mean(dim=0, keepdim=True)""",
        ),
    },
    "nearest_mean": {
        "the farthest": Wrong(
            "sign",
            "Is the winner near, or far?",
            "return ((x.unsqueeze(1) - means) ** 2).sum(dim=2).argmax(dim=1)",
        ),
        "sums over the classes": Wrong(
            "wrong axis",
            "What does each axis of the differences count, and which one do you sum over?",
            "return ((x.unsqueeze(1) - means) ** 2).sum(dim=1).argmin(dim=1)",
        ),
        "not squared": Wrong(
            "missing term",
            "Can a difference of -3 make up for one of +3?",
            "return (x.unsqueeze(1) - means).sum(dim=2).argmin(dim=1)",
        ),
        "absolute differences": Wrong(
            "wrong formula",
            "Two differences of 3, or one of 5: which is farther by the formula above?",
            "return (x.unsqueeze(1) - means).abs().sum(dim=2).argmin(dim=1)",
        ),
        "the nearest example for each class": Wrong(
            "wrong axis",
            "One answer for each example, or one for each class?",
            "return ((x.unsqueeze(1) - means) ** 2).sum(dim=2).argmin(dim=0)",
        ),
        "squares the sum": Wrong(
            "wrong order",
            "Do you square each difference, or their sum?",
            "return ((x.unsqueeze(1) - means).sum(dim=2) ** 2).argmin(dim=1)",
        ),
        "the distance instead of the class": Wrong(
            "wrong formula",
            "You return how far it is. What was asked for?",
            "return ((x.unsqueeze(1) - means) ** 2).sum(dim=2).amin(dim=1)",
        ),
        "the mean itself": Wrong(
            "wrong shape",
            "You return an average image. What was asked for?",
            "return means[((x.unsqueeze(1) - means) ** 2).sum(dim=2).argmin(dim=1)]",
        ),
    },
    "answer_batch_bytes": {
        "counts numbers, not bytes": Wrong(
            "missing term", "You have counted numbers. How large is one of them?", "return 64 * 3 * 224 * 224"
        ),
        "float64": Wrong("wrong factor", "How many bits does a float32 have?", "return 64 * 3 * 224 * 224 * 8"),
        "forgets the colours": Wrong("missing term", "How many numbers is one pixel?", "return 64 * 224 * 224 * 4"),
        "one image": Wrong("missing term", "How many images are in the batch?", "return 3 * 224 * 224 * 4"),
        "in megabytes": Wrong("wrong factor", "In which unit is your answer?", "return 64 * 3 * 224 * 224 * 4 / 1e6"),
    },
}


# what tests/mutate.py does to a reference without changing what it returns -> why
PAIRS = "pairs = zip((1,) * (longest - len(a)) + a, (1,) * (longest - len(b)) + b, strict=True)"
EQUIVALENT = {
    "broadcast_shape": {
        "longest = max(len(a), len(b)) -> longest = max(len(b), len(a))": "the larger of two has no order",
        f"{PAIRS} -> pairs = zip((1,) * (longest - len(b)) + b, (1,) * (longest - len(a)) + a, strict=True)": (
            "broadcasting is symmetric"
        ),
        **dict.fromkeys(
            (f"{PAIRS} -> {PAIRS.replace('True', value)}" for value in ("False", "2")),
            "both shapes have the same length by then",
        ),
    },
    "nearest_mean": {
        "difference = x.unsqueeze(1) - means -> difference = means - x.unsqueeze(1)": "the difference is squared",
    },
}
