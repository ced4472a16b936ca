"""Right and wrong solutions of module 11: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "embedding_gradient": {
        "np.add.at for rows": """\
full = np.zeros((num_embeddings, grad.shape[-1]), grad.dtype)
np.add.at(full, ids, grad)
if padding_idx is not None:
    full[padding_idx] = 0
return full""",
        "a loop over ids": """\
full = np.zeros((num_embeddings, grad.shape[-1]), dtype=grad.dtype)
for number, row in zip(ids.ravel(), grad.reshape(-1, grad.shape[-1])):
    if number != padding_idx:
        full[number] += row
return full""",
        "a one-hot product": """\
one_hot = np.zeros((ids.size, num_embeddings), grad.dtype)
one_hot[np.arange(ids.size), ids.reshape(-1)] = 1
if padding_idx is not None:
    one_hot[:, padding_idx] = 0
return one_hot.T @ grad.reshape(ids.size, grad.shape[-1])""",
        "rows of the identity": """\
one_hot = np.eye(num_embeddings, dtype=grad.dtype)[ids.ravel()]
result = np.dot(one_hot.T, grad.reshape(-1, grad.shape[-1]))
if padding_idx is not None:
    result[padding_idx, :] = 0.0
return result""",
        "sorted, and the sum of each run": """\
flat, rows = ids.reshape(-1), grad.reshape(-1, grad.shape[-1])
full = np.zeros((num_embeddings, rows.shape[1]), grad.dtype)
order = flat.argsort(kind="stable")
starts = np.flatnonzero(np.diff(flat[order], prepend=-1))
if len(starts):
    full[flat[order][starts]] = np.add.reduceat(rows[order], starts, axis=0)
if padding_idx is not None:
    full[padding_idx] = 0
return full""",
        "each row of the table": """\
flat, rows = ids.reshape(-1), grad.reshape(-1, grad.shape[-1])
full = np.zeros((num_embeddings, rows.shape[1]), grad.dtype)
for i in range(num_embeddings):
    if padding_idx is None or i != padding_idx:
        full[i] = rows[flat == i].sum(axis=0)
return full""",
    },
    "embedding": {
        "the smallest and the largest": """\
if not np.issubdtype(ids.dtype, np.integer):
    raise TypeError(f"ids must be integers, not {ids.dtype}")
if ids.size > 0 and (ids.min() < 0 or ids.max() >= weight.shape[0]):
    raise IndexError(f"ids go from {ids.min()} to {ids.max()}, and the table has {weight.shape[0]} rows")

def to_weight(grad):
    return embedding_gradient(grad, ids, count, padding_idx=padding)

return np.take(weight, ids, axis=0), (None, to_weight)""",
        "id by id": """\
if ids.dtype.kind not in ("i", "u"):
    raise TypeError("use integers")
for number in ids.ravel().tolist():
    if not 0 <= number < count:
        raise IndexError(f"there is no row for id {number}")
out = np.empty((*ids.shape, weight.shape[1]), weight.dtype)
for place in np.ndindex(ids.shape):
    out[place] = weight[ids[place]]
return out, (None, lambda grad: embedding_gradient(grad, ids, count, padding_idx))""",
        "a one-hot product": """\
if ids.dtype.kind not in "iu":
    raise TypeError("use integers")
if (ids < 0).any() or (ids >= count).any():
    raise IndexError(f"ids must be 0 to {count - 1}")
one_hot = (ids[..., None] == np.arange(count)).astype(weight.dtype)
return one_hot @ weight, (None, lambda grad: embedding_gradient(grad, ids, count, padding))""",
    },
    "LearnedPositions.forward": {
        "a list of positions": """\
positions = [offset + t for t in range(x.shape[-2])]
for position in positions:
    if position < 0 or position >= self.max_length:
        raise ValueError(f"there is no position {position}")
return x + self.table(Tensor(positions))""",
        "a slice of the table": """\
length = x.shape[-2]
if not 0 <= offset <= self.max_length - length:
    raise ValueError(f"{length} vectors from position {offset} on: the table has {self.max_length}")
return self.table.weight[offset : offset + length] + x""",
    },
    "sinusoidal_positions": {
        "stacked": """\
if dim % 2 != 0:
    raise ValueError(f"dim must be even, not {dim}")
hands = np.arange(0, dim, 2)
angles = np.expand_dims(positions, -1) / base ** (hands / dim)
return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(*positions.shape, dim)""",
        "number by number": """\
import math

if dim & 1:
    raise ValueError("dim is odd")
table = np.zeros(positions.shape + (dim,))
for place in np.ndindex(positions.shape):
    for i in range(dim // 2):
        angle = float(positions[place]) * math.pow(base, -2 * i / dim)
        table[place][2 * i] = math.sin(angle)
        table[place][2 * i + 1] = math.cos(angle)
return table""",
        "by the exponential of a logarithm": """\
if dim % 2 == 1:
    raise ValueError(f"dim {dim}")
speeds = np.exp(np.arange(0, dim, 2) * (-np.log(base) / dim))
angles = np.multiply.outer(positions, speeds)
table = np.zeros((*positions.shape, dim))
table[..., ::2] = np.sin(angles)
table[..., 1::2] = np.cos(angles)
return table""",
    },
    "apply_rotary": {
        "complex numbers": """\
table = sinusoidal_positions(positions, x.shape[-1], base)
turn = table[..., 1::2] + 1j * table[..., ::2]

def rotate(x, turn):
    if interleaved:
        pairs = (x[..., ::2] + 1j * x[..., 1::2]) * turn
        return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape).astype(x.dtype)
    half = x.shape[-1] // 2
    pairs = (x[..., :half] + 1j * x[..., half:]) * turn
    return np.concatenate([pairs.real, pairs.imag], axis=-1).astype(x.dtype)

return rotate(x, turn), (lambda grad: rotate(grad, turn.conj()),)""",
        "a rotated copy": """\
table = sinusoidal_positions(positions, x.shape[-1], base).astype(x.dtype)
sin, cos = table[..., 0::2], table[..., 1::2]
if interleaved:
    sin, cos = np.repeat(sin, 2, axis=-1), np.repeat(cos, 2, axis=-1)
else:
    sin, cos = np.concatenate([sin, sin], axis=-1), np.concatenate([cos, cos], axis=-1)

def quarter(v):
    if interleaved:
        return np.stack([-v[..., 1::2], v[..., 0::2]], axis=-1).reshape(v.shape)
    first, second = np.split(v, 2, axis=-1)
    return np.concatenate([-second, first], axis=-1)

def to_x(grad):
    return grad * cos - quarter(grad) * sin

return x * cos + quarter(x) * sin, (to_x,)""",
        "in the order of the other layout": """\
dim = x.shape[-1]
order = np.arange(dim) if interleaved else np.arange(dim).reshape(2, dim // 2).T.reshape(dim)
sin, cos = np.moveaxis(sinusoidal_positions(positions, dim, base).astype(x.dtype).reshape(*positions.shape, -1, 2), -1, 0)

def turn(v, sin):
    result = np.zeros(v.shape, v.dtype)
    a, b = v[..., order[::2]], v[..., order[1::2]]
    result[..., order[::2]] = cos * a - sin * b
    result[..., order[1::2]] = sin * a + cos * b
    return result

return turn(x, sin), (lambda g: turn(g, -sin),)""",
    },
    "answer_order": "an answer is a list of eight numbers, however it is made",
}

WRONG = {
    "embedding_gradient": {
        "repeated ids overwrite each other": Wrong(
            "accumulation",
            "What does NumPy do with the two results for one row?",
            "full = np.zeros((num_embeddings, grad.shape[-1]), grad.dtype)\nfull[ids] += grad\n"
            "if padding_idx is not None:\n    full[padding_idx] = 0\nreturn full",
        ),
        "the last use only": Wrong(
            "accumulation",
            "Which of the gradients of an id are in your result?",
            "full = np.zeros((num_embeddings, grad.shape[-1]), grad.dtype)\nfull[ids] = grad\n"
            "if padding_idx is not None:\n    full[padding_idx] = 0\nreturn full",
        ),
        "the mean of the uses": Wrong(
            "wrong factor",
            "Do the gradients of an id's uses add up, or are they averaged?",
            (
                "if padding_idx is not None",
                "full /= np.maximum(np.bincount(ids.reshape(-1), minlength=num_embeddings), 1)[:, None].astype(full.dtype)\n"
                "if padding_idx is not None",
            ),
        ),
        "the padding row keeps its gradient": Wrong(
            "missing case",
            "What is the gradient of the padding id's row?",
            ("if padding_idx is not None:\n    full[padding_idx] = 0\n", ""),
        ),
        "a padding id of 0 is taken for none": Wrong(
            "missing case",
            "Is there a padding id if it is 0?",
            ("if padding_idx is not None:", "if padding_idx:"),
        ),
        "the last row is always cleared": Wrong(
            "missing check",
            "Which row do you clear if there is no padding id?",
            (
                "if padding_idx is not None:\n    full[padding_idx] = 0",
                "full[-1 if padding_idx is None else padding_idx] = 0",
            ),
        ),
        "one-hot vectors as long as the largest id": Wrong(
            "wrong shape",
            "How many rows has the table, if the last ids don't occur?",
            "flat, rows = ids.reshape(-1), grad.reshape(-1, grad.shape[-1])\n"
            "one_hot = np.eye(flat.max(initial=0) + 1, dtype=grad.dtype)[flat]\nfull = one_hot.T @ rows\n"
            "if padding_idx is not None:\n    full[padding_idx] = 0\nreturn full",
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does a table of zeros have, unless you say one?",
            ("np.zeros((num_embeddings, width), grad.dtype)", "np.zeros((num_embeddings, width))"),
        ),
        "one gradient for each use": Wrong(
            "wrong shape",
            "Which shape does the gradient of the table have?",
            ("return full", "return full[ids]"),
        ),
        "of float32 only": Wrong(
            "dtype lost",
            "Which dtype does the upstream gradient have, and which one do you return?",
            ("np.zeros((num_embeddings, width), grad.dtype)", "np.zeros((num_embeddings, width), np.float16)"),
        ),
        "the gradient is cleared in place": Wrong(
            "in-place change",
            "What does the upstream gradient look like afterwards?",
            ("width, ids = grad", "grad[...] = 2 * grad\nwidth, ids = grad"),
        ),
        "the ids are sorted in place": Wrong(
            "in-place change",
            "What do the ids look like afterwards?",
            ("width, ids = grad", "ids.reshape(-1).sort()\nwidth, ids = grad"),
        ),
        "the upstream gradient doesn't matter": Wrong(
            "ignored argument",
            "Where does the upstream gradient come in?",
            ("grad.reshape(-1))", "np.ones(grad.size, grad.dtype))"),
        ),
        "one axis of ids": Wrong(
            "missing case",
            "How many axes may ids have?",
            "full = np.zeros((num_embeddings, grad.shape[-1]), grad.dtype)\nfor i, number in enumerate(ids):\n"
            "    full[number] += grad[i]\nif padding_idx is not None:\n    full[padding_idx] = 0\nreturn full",
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the table?", ("return full", "full")),
    },
    "embedding": {
        "negative ids are wrapped": Wrong(
            "missing check",
            "Which row does NumPy take for an id of -1?",
            ("(ids < 0) | (ids >= count)", "ids >= count"),
        ),
        "every id is wrapped": Wrong(
            "missing check",
            "What happens to an id that has no row?",
            (
                'if outside.size:\n    raise IndexError(f"id {outside[0]} is not in the vocabulary: use 0 to {count - 1}")\n'
                "return weight[ids]",
                "return weight[ids % count]",
            ),
        ),
        "one id too many": Wrong(
            "off by one",
            "Which is the last row of a table with 5 rows?",
            "if ids.dtype.kind not in 'iu':\n    raise TypeError('use integers')\nif ((ids < 0) | (ids > count)).any():\n"
            "    raise IndexError('no such row')\nreturn weight[np.minimum(ids, count - 1)], "
            "(None, lambda grad: embedding_gradient(grad, ids, count, padding))",
        ),
        "the last id is refused": Wrong(
            "too strict",
            "Which is the last row of a table with 5 rows?",
            ("ids >= count", "ids >= count - 1"),
        ),
        "the first id is refused": Wrong("too strict", "Is there a row 0?", ("ids < 0", "ids <= 0")),
        "floats are rounded": Wrong(
            "missing check",
            "What does an id of 1.5 mean?",
            (
                'if ids.dtype.kind not in "iu":\n    raise TypeError(f"ids are {ids.dtype}: use integers")',
                "ids = ids.astype(np.int64)",
            ),
        ),
        "booleans pick rows": Wrong(
            "missing check",
            "What does NumPy do with an array of True and False between brackets?",
            ('"iu"', '"iub"'),
        ),
        "unsigned ids are refused": Wrong("too strict", "Are ids of np.uint8 integers?", ('"iu"', '"i"')),
        "the wrong error for another dtype": Wrong(
            "wrong error", "Which error is for ids that aren't integers?", ("TypeError", "ValueError")
        ),
        "the wrong error for an id without a row": Wrong(
            "wrong error", "Which error is for an id without a row?", ("IndexError", "ValueError")
        ),
        "no ids": Wrong(
            "missing case",
            "What is the smallest of no ids?",
            "if ids.dtype.kind not in 'iu':\n    raise TypeError('use integers')\nif ids.min() < 0 or ids.max() >= count:\n"
            "    raise IndexError('no such row')\n"
            "return weight[ids], (None, lambda grad: embedding_gradient(grad, ids, count, padding))",
        ),
        "a column is picked": Wrong(
            "wrong axis",
            "Is a vector a row or a column of the table?",
            ("weight[ids]", "weight[:, ids % weight.shape[1]]"),
        ),
        "padding is ignored": Wrong(
            "ignored argument",
            "Which row gets no gradient?",
            ("embedding_gradient(grad, ids, count, padding)", "embedding_gradient(grad, ids, count)"),
        ),
        "the gradient goes to the ids": Wrong(
            "swapped operands",
            "Which of the two inputs comes first, and which one has a gradient?",
            (
                "(None, lambda grad: embedding_gradient(grad, ids, count, padding))",
                "(lambda grad: embedding_gradient(grad, ids, count, padding), None)",
            ),
        ),
        "no gradient": Wrong(
            "graph cut",
            "What comes back besides the rows?",
            (
                "return weight[ids], (None, lambda grad: embedding_gradient(grad, ids, count, padding))",
                "return weight[ids]",
            ),
        ),
        "padding becomes zeros": Wrong(
            "wrong formula",
            "Does the padding row change the result, or only the gradient?",
            ("return weight[ids],", "return weight[ids] * (ids != padding)[..., None],"),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does a one-hot matrix have?",
            ("return weight[ids],", "return weight[ids] * np.float64(1),"),
        ),
        "the table changes": Wrong(
            "in-place change",
            "What does the table look like afterwards?",
            ("return weight[ids],", "weight[...] = 0\nreturn weight[ids],"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the rows?", ("return weight", "weight")
        ),
    },
    "LearnedPositions.forward": {
        "the offset is ignored": Wrong(
            "ignored argument",
            "Which position does the first vector have?",
            ("Tensor(np.arange(offset, end))", "Tensor(np.arange(end - offset))"),
        ),
        "positions from 1 on": Wrong(
            "off by one",
            "Which position does the first vector have, if the offset is 0?",
            ("Tensor(np.arange(offset, end))", "Tensor(np.arange(offset + 1, end + 1))"),
        ),
        "the last position is refused": Wrong(
            "off by one", "Which is the last position of a table with 5?", ("end > self", "end >= self")
        ),
        "the table's own error": Wrong(
            "missing check",
            "Which error do you get for a position that the table lacks, and what does it say?",
            "return x + self.table(Tensor(np.arange(offset, offset + x.shape[-2])))",
        ),
        "a longer sequence is cut": Wrong(
            "missing check",
            "What happens to the words that have no position?",
            "end = min(offset + x.shape[-2], self.max_length)\n"
            "if not 0 <= offset < end:\n    raise ValueError('no such position')\n"
            "return x[..., : end - offset, :] + self.table(Tensor(np.arange(offset, end)))",
        ),
        "positions start again": Wrong(
            "missing check",
            "Which position has the word after the last one?",
            "positions = np.arange(offset, offset + x.shape[-2]) % self.max_length\n"
            "return x + self.table(Tensor(positions))",
        ),
        "a negative offset": Wrong(
            "missing check", "What does a position of -1 mean?", ("offset < 0 or end > self", "end > self")
        ),
        "the wrong error": Wrong("wrong error", "Which error does the text name?", ("ValueError", "RuntimeError")),
        "the vectors are counted along the first axis": Wrong(
            "wrong axis",
            "Which axis of x counts the words of a sequence?",
            ("x.shape[-2]", "x.shape[0]"),
        ),
        "the positions replace the words": Wrong(
            "missing term",
            "What is a vector made of?",
            ("return x + self", "return 0.0 * x + self"),
        ),
        "multiplied": Wrong(
            "wrong formula", "Do you add the position's vector?", ("return x + self", "return x * self")
        ),
        "no gradient": Wrong(
            "graph cut",
            "How does the table of positions learn?",
            ("self.table(Tensor(np.arange(offset, end)))", "self.table(Tensor(np.arange(offset, end))).detach()"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the sum?", ("return x", "x")),
    },
    "sinusoidal_positions": {
        "sine and cosine swapped": Wrong(
            "swapped operands",
            "What are the first two numbers at position 0?",
            ("np.sin(angles), np.cos(angles)", "np.cos(angles), np.sin(angles)"),
        ),
        "all sines first": Wrong(
            "broken structure",
            "Which number comes after the sine of hand 0?",
            (
                "table[..., 0::2], table[..., 1::2] = ",
                "table[..., : dim // 2], table[..., dim // 2 :] = ",
            ),
        ),
        "the exponent is half as large": Wrong(
            "wrong formula",
            "With 4 numbers, which power of the base is hand 1 at?",
            ("-2 * np.arange(dim // 2) / dim", "-np.arange(dim // 2) / dim"),
        ),
        "divided by the number of hands": Wrong(
            "wrong formula",
            "Is the exponent divided by dim, or by the number of hands?",
            ("-2 * np.arange(dim // 2) / dim", "-2 * np.arange(dim // 2) / (dim // 2)"),
        ),
        "hands from 1 on": Wrong(
            "off by one",
            "How far does hand 0 turn per position?",
            ("np.arange(dim // 2) / dim", "np.arange(1, dim // 2 + 1) / dim"),
        ),
        "positions from 1 on": Wrong(
            "off by one",
            "What are the first two numbers at position 0?",
            ("positions[..., None]", "(positions[..., None] + 1)"),
        ),
        "the hands get faster": Wrong(
            "sign", "Do the hands after hand 0 turn faster or slower?", ("** (-2 *", "** (2 *")
        ),
        "the base is 10,000 always": Wrong(
            "ignored argument", "Where do you use the base?", ("* base **", "* 10000.0 **")
        ),
        "one speed": Wrong(
            "missing term",
            "Do all hands turn at one speed?",
            (
                "positions[..., None] * base ** (-2 * np.arange(dim // 2) / dim)",
                "positions[..., None] * np.ones(dim // 2)",
            ),
        ),
        "an odd dim is cut": Wrong(
            "missing check",
            "What should happen with an odd number of numbers?",
            (
                'if dim % 2:\n    raise ValueError(f"dim is {dim}: it must be even, two numbers for each angle")',
                "dim -= dim % 2",
            ),
        ),
        "an even dim is refused": Wrong("wrong error", "Which widths are refused?", ("if dim % 2:", "if not dim % 2:")),
        "the wrong error": Wrong(
            "wrong error", "Which error does the docstring name?", ("ValueError", "AssertionError")
        ),
        "one row of positions": Wrong(
            "missing case",
            "How many axes may positions have?",
            ("np.empty((*positions.shape, dim))", "np.empty((len(positions), dim))"),
        ),
        "angles in float16": Wrong(
            "precision loss",
            "How many digits has float16 left for a large angle?",
            ("np.sin(angles), np.cos(angles)", "np.sin(angles).astype(np.float16), np.cos(angles).astype(np.float16)"),
        ),
        "degrees": Wrong(
            "wrong factor",
            "Does hand 0 turn by 1 degree, or by 1 radian?",
            ("np.sin(angles)", "np.sin(np.radians(angles))"),
        ),
        "the positions change": Wrong(
            "in-place change",
            "What do the positions look like afterwards?",
            ("return table", "positions[...] = 0\nreturn table"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the table?", ("return table", "table")
        ),
    },
    "apply_rotary": {
        "the wrong way": Wrong(
            "sign",
            "Does (1, 0) at position 1 become (cos 1, sin 1)?",
            ("a * cos - b * sin, a * sin + b * cos", "a * cos + b * sin, b * cos - a * sin"),
        ),
        "the gradient turns forward": Wrong(
            "sign", "Which turn undoes a turn?", ("turned(grad, -sin)", "turned(grad, sin)")
        ),
        "the gradient isn't turned": Wrong(
            "missing term",
            "How does the result change if you nudge a number of a pair?",
            ("turned(grad, -sin)", "grad"),
        ),
        "half-split always": Wrong(
            "ignored argument",
            "Which numbers are pair 0 if neighbors are pairs?",
            (
                "(slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(0, half), slice(half, None))",
                "(slice(0, half), slice(half, None))",
            ),
        ),
        "interleaved always": Wrong(
            "ignored argument",
            "Which numbers are pair 0 if the halves are pairs?",
            (
                "(slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(0, half), slice(half, None))",
                "(slice(0, None, 2), slice(1, None, 2))",
            ),
        ),
        "the layouts are exchanged": Wrong(
            "swapped operands",
            "Which layout has neighbors as pairs?",
            ("if interleaved else", "if not interleaved else"),
        ),
        "halves are written as neighbors": Wrong(
            "broken structure",
            "Where did the two numbers of a pair come from, and where do you put them?",
            (
                "out[..., first], out[..., second] = a * cos - b * sin, a * sin + b * cos",
                "out[..., 0::2], out[..., 1::2] = a * cos - b * sin, a * sin + b * cos",
            ),
        ),
        "sine and cosine exchanged": Wrong(
            "swapped operands",
            "What happens to a vector at position 0?",
            ("sin, cos = table", "cos, sin = table"),
        ),
        "positions start at 0 always": Wrong(
            "ignored argument",
            "Which position does the first vector have?",
            ("sinusoidal_positions(positions,", "sinusoidal_positions(x.shape[-2],"),
        ),
        "the base is 10,000 always": Wrong(
            "ignored argument",
            "Where do you use the base?",
            ("sinusoidal_positions(positions, x.shape[-1], base)", "sinusoidal_positions(positions, x.shape[-1])"),
        ),
        "turned by the pair's number": Wrong(
            "wrong formula",
            "Do two words at different positions turn by the same angles?",
            (
                "sinusoidal_positions(positions, x.shape[-1], base)",
                "sinusoidal_positions(np.ones(x.shape[-2], int), x.shape[-1], base)",
            ),
        ),
        "all pairs turn by one angle": Wrong(
            "missing term",
            "Which hand turns pair 1?",
            ("sin, cos = table[..., 0::2], table[..., 1::2]", "sin, cos = table[..., :1], table[..., 1:2]"),
        ),
        "the first number is overwritten": Wrong(
            "wrong order",
            "Which value of the first number does the second one need?",
            (
                "out[..., first], out[..., second] = a * cos - b * sin, a * sin + b * cos",
                "out[..., first] = a * cos - b * sin\n    out[..., second] = out[..., first] * sin + b * cos",
            ),
        ),
        "in place": Wrong(
            "in-place change",
            "What does x look like afterwards?",
            (
                "a, b, out = x[..., first], x[..., second], np.empty_like(x)",
                "a, b, out = x[..., first].copy(), x[..., second].copy(), x",
            ),
        ),
        "positions are added": Wrong(
            "wrong formula",
            "Do you add something, or turn?",
            "table = sinusoidal_positions(positions, x.shape[-1], base).astype(x.dtype)\nreturn x + table, (lambda grad: grad,)",
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype do your sines have?",
            (
                "a, b, out = x[..., first], x[..., second], np.empty_like(x)",
                "a, b, out = x[..., first], x[..., second], np.empty(x.shape)",
            ),
        ),
        "the gradient of float32": Wrong(
            "precision loss",
            "In which dtype are the sines of a float64 vector?",
            (".astype(x.dtype)", ".astype(np.float16).astype(x.dtype)"),
        ),
        "no gradient": Wrong(
            "graph cut",
            "What comes back besides the array?",
            ("return turned(x, sin), (lambda grad: turned(grad, -sin),)", "return turned(x, sin)"),
        ),
        "nothing comes back": Wrong(
            "no return",
            "What does the last line do with the array?",
            ("return turned(x, sin), (lambda grad: turned(grad, -sin),)", "turned(x, sin)"),
        ),
    },
    "answer_order": {
        "the other direction": Wrong(
            "swapped operands",
            "Which two of the old rows are pair 0, and where must they come?",
            ("[0, 2, 4, 6, 1, 3, 5, 7]", "[0, 4, 1, 5, 2, 6, 3, 7]"),
        ),
        "unchanged": Wrong(
            "wrong formula",
            "Are rows 0 and 4 a pair of the old weight?",
            ("[0, 2, 4, 6, 1, 3, 5, 7]", "[0, 1, 2, 3, 4, 5, 6, 7]"),
        ),
        "second numbers first": Wrong(
            "wrong order",
            "Which number of its pair must come to 0, the first or the second?",
            ("[0, 2, 4, 6, 1, 3, 5, 7]", "[1, 3, 5, 7, 0, 2, 4, 6]"),
        ),
        "counted from 1": Wrong(
            "off by one",
            "Which numbers do the rows have?",
            ("[0, 2, 4, 6, 1, 3, 5, 7]", "[1, 3, 5, 7, 2, 4, 6, 8]"),
        ),
        "nothing comes back": Wrong("no return", "What does the line do with the list?", ("return ", "")),
    },
}


EACH = "for row, uses in zip(full, np.split(grad.take(ids.argsort(kind='stable'), axis=0), ends[:-1]), strict={}):"
OFTEN = "if len(ids) > 8 * num_embeddings:"
INFERRED = "NumPy infers a size for any negative number"
FASTER = "both ways give the same sums; this only decides which is faster"

EQUIVALENT = {
    "embedding_gradient": {
        "width, ids = (grad.shape[-1], ids.reshape(-1).astype(np.int64)) -> "
        "width, ids = (grad.shape[-1], ids.reshape(-2).astype(np.int64))": INFERRED,
        **{f"{EACH.format(True)} -> {EACH.format(other)}": "both have as many rows" for other in (False, 2)},
        f"{OFTEN} -> if len(ids) >= 8 * num_embeddings:": FASTER,
        f"{OFTEN} -> if len(ids) > 8 / num_embeddings:": FASTER,
        f"{OFTEN} -> if len(ids) > 7 * num_embeddings:": FASTER,
        f"{OFTEN} -> if len(ids) > 9 * num_embeddings:": FASTER,
    },
    "embedding": {
        "outside = ids[(ids < 0) | (ids >= count)] -> outside = ids[(ids < 0) | (ids > count)]": "NumPy itself refuses the"
        " first id after the table, with the same error",
    },
}
