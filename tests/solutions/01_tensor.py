"""Right and wrong solutions of module 01: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "as_array": {
        "float64 creep": Wrong("", "", "return np.array(data, dtype=dtype)"),
        "shares memory": Wrong(
            "",
            "",
            """\
array = np.asarray(data, dtype=dtype)
return array.astype(np.float32) if dtype is None and array.dtype == np.float64 else array""",
        ),
        "an explicit float64 is lost": Wrong(
            "",
            "",
            """\
array = np.array(data, dtype=dtype)
return array.astype(np.float32) if array.dtype == np.float64 else array""",
        ),
        "everything becomes float32": Wrong("", "", "return np.array(data, dtype=dtype or np.float32)"),
    },
    "row_major_strides": {
        "column-major": Wrong("", "", ("reversed(shape)", "shape")),
        "sizes are added": Wrong("", "", ("step *= size", "step += size")),
        "multiplies by its own size": Wrong(
            "",
            "",
            """\
strides, step = [], 1
for size in reversed(shape):
    step *= size
    strides.append(step)
return tuple(reversed(strides))""",
        ),
        "not turned around": Wrong("", "", ("tuple(reversed(strides))", "tuple(strides)")),
    },
    "slice_note": {
        "stride not multiplied": Wrong("", "", ("new_strides[dim] *= step", "pass")),
        "offset counted in indices": Wrong("", "", ("start * strides[dim]", "start")),
        "offset with the new stride": Wrong("", "", ("start * strides[dim]", "start * new_strides[dim]")),
        "forgets the old offset": Wrong("", "", ("offset + start * strides[dim]", "start * strides[dim]")),
        "size rounded down": Wrong("", "", ("len(range(start, stop, step))", "(stop - start) // step")),
    },
    "broadcast_shape": {
        "aligned at the left": Wrong(
            "",
            "",
            """\
longest = max(len(a), len(b))
pairs = list(zip(a + (1,) * (longest - len(a)), b + (1,) * (longest - len(b))))
if any(m != n and 1 not in (m, n) for m, n in pairs):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in pairs)""",
        ),
        "empty axes grow": Wrong("", "", ("n if m == 1 else m", "max(m, n)")),
        "clashes pass": Wrong("", "", ("m != n and 1 not in (m, n)", "False")),
        "only pads b": Wrong(
            "",
            "",
            """\
b = (1,) * (len(a) - len(b)) + b
if any(m != n and 1 not in (m, n) for m, n in zip(a, b)):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in zip(a, b))""",
        ),
        "cuts to the shorter": Wrong(
            "",
            "",
            """\
pairs = list(zip(reversed(a), reversed(b)))
if any(m != n and 1 not in (m, n) for m, n in pairs):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in reversed(pairs))""",
        ),
    },
    "sum_to_shape": {
        "forgets the axes of size 1": Wrong("", "", "return array.sum(axis=tuple(range(array.ndim - len(shape))))"),
        "forgets the missing axes": Wrong(
            "",
            "",
            """\
stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
return array.sum(axis=stretched, keepdims=True)""",
        ),
        "axes counted from the left": Wrong("", "", ("[missing + axis for", "[axis for")),
        "takes the first instead of the sum": Wrong(
            "", "", "return array.reshape(-1)[: int(np.prod(shape))].reshape(shape)"
        ),
        "averages": Wrong("", "", ("add_up(array, ", "np.mean(array, ")),
        "float64 creep": Wrong("", "", ("add_up(array, ", "add_up(array.astype(np.float64), ")),
    },
    "matmul_loops": {
        "elementwise": Wrong("", "", "return a * b[: a.shape[0], : a.shape[1]]"),
        "overwrites instead of adding": Wrong("", "", ("+=", "=")),
        "float64 creep": Wrong("", "", (", dtype=a.dtype", "")),
        "the last term is missing": Wrong("", "", ("for k in range(a.shape[1])", "for k in range(a.shape[1] - 1)")),
    },
    "Tensor.__init__": {
        "shares a tensor's memory": Wrong(
            "", "", "self.array = data.array if isinstance(data, Tensor) else as_array(data, dtype)"
        ),
        "dtype not passed on": Wrong("", "", "self.array = as_array(data.array if isinstance(data, Tensor) else data)"),
        "stores what it was given": Wrong("", "", "self.array = data"),
        "a tensor of a tensor": Wrong(
            "", "", "self.array = data if isinstance(data, Tensor) else as_array(data, dtype)"
        ),
    },
    "Tensor.apply": {
        "numbers become arrays": Wrong("", "", ("else x for x in inputs]", "else np.asarray(x) for x in inputs]")),
        "float64 creep": Wrong("", "", ("array.astype(float32)", "array")),
        "everything becomes float32": Wrong(
            "",
            "",
            (
                "if array.dtype is float64 and not wants_float64(inputs, params):",
                "if array.dtype != float32:",
            ),
        ),
        "an explicit float64 is lost": Wrong("", "", (" and not wants_float64(inputs, params)", "")),
        "NumPy's numbers count as explicit": Wrong(
            "",
            "",
            (
                "not wants_float64(inputs, params)",
                'not any(getattr(x, "dtype", None) == float64 for x in inputs)',
            ),
        ),
        "no promotion": Wrong(
            "",
            "",
            (
                "promote(function, [x.array if isinstance(x, Tensor) else x for x in inputs])",
                "[x.array if isinstance(x, Tensor) else x for x in inputs]",
            ),
        ),
        "copies": Wrong("", "", ("Tensor.wrap(array)", "Tensor.wrap(array.copy())")),
        "never calls the recorder": Wrong("", "", ("if Tensor.recorder is not None:", "if False:")),
        "drops the params": Wrong("", "", ("function(*arrays, **params)", "function(*arrays)")),
    },
    "Tensor.__rsub__": {
        "sign": Wrong("", "", "return Tensor.apply(np.subtract, self, other)"),
        "adds": Wrong("", "", "return Tensor.apply(np.add, other, self)"),
        "turns the number into a float64 tensor": Wrong(
            "", "", "return Tensor.apply(np.subtract, Tensor(other, dtype=np.float64), self).tolist()"
        ),
    },
    "Tensor.mean": {
        "divides by everything": Wrong("", "", "return self.sum(dim, keepdim) / self.numel()"),
        "divides by the first axis": Wrong("", "", "return self.sum(dim, keepdim) / len(self)"),
        "keepdim not passed on": Wrong("", "", ("self.sum(dim, keepdim)", "self.sum(dim)")),
        "several axes counted once": Wrong(
            "",
            "",
            """\
first = dim[0] if isinstance(dim, tuple) else dim
return self.sum(dim, keepdim) / (self.numel() if dim is None else self.shape[first])""",
        ),
        "no division": Wrong("", "", "return self.sum(dim, keepdim)"),
        "an op that will have no gradient rule": Wrong(
            "", "", "return self.apply(np.mean, self, axis=dim, keepdims=keepdim)"
        ),
        "around apply": Wrong("", "", "return Tensor(self.array.mean(axis=dim, keepdims=keepdim))"),
    },
    "class_means": {
        "wrong axis": Wrong("", "", "return stack([x[y == c].mean(dim=1) for c in range(classes)])"),
        "sums": Wrong("", "", "return stack([x[y == c].sum(dim=0) for c in range(classes)])"),
        "one number for each class": Wrong("", "", "return stack([x[y == c].mean() for c in range(classes)])"),
        "off by one": Wrong("", "", "return stack([x[y == c].mean(dim=0) for c in range(1, classes)])"),
        "divides by all examples": Wrong(
            "", "", "return stack([x[y == c].sum(dim=0) / len(x) for c in range(classes)])"
        ),
    },
    "nearest_mean": {
        "the farthest": Wrong("", "", "return ((x.unsqueeze(1) - means) ** 2).sum(dim=2).argmax(dim=1)"),
        "sums over the classes": Wrong("", "", "return ((x.unsqueeze(1) - means) ** 2).sum(dim=1).argmin(dim=1)"),
        "not squared": Wrong("", "", "return (x.unsqueeze(1) - means).sum(dim=2).argmin(dim=1)"),
        "absolute differences": Wrong("", "", "return (x.unsqueeze(1) - means).abs().sum(dim=2).argmin(dim=1)"),
        "the nearest example for each class": Wrong(
            "", "", "return ((x.unsqueeze(1) - means) ** 2).sum(dim=2).argmin(dim=0)"
        ),
    },
    "answer_batch_bytes": {
        "counts numbers, not bytes": Wrong("", "", "return 64 * 3 * 224 * 224"),
        "float64": Wrong("", "", "return 64 * 3 * 224 * 224 * 8"),
        "forgets the colours": Wrong("", "", "return 64 * 224 * 224 * 4"),
    },
}
