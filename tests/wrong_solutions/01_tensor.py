"""Plausible wrong solutions of module 01: exercise -> what is wrong -> body. The exercise's own tests must reject each."""

WRONG = {
    "as_array": {
        "float64 creep": "return np.array(data, dtype=dtype)",
        "shares memory": """\
array = np.asarray(data, dtype=dtype)
return array.astype(np.float32) if dtype is None and array.dtype == np.float64 else array""",
        "an explicit float64 is lost": """\
array = np.array(data, dtype=dtype)
return array.astype(np.float32) if array.dtype == np.float64 else array""",
        "everything becomes float32": "return np.array(data, dtype=dtype or np.float32)",
    },
    "row_major_strides": {
        "column-major": """\
strides, step = [], 1
for size in shape:
    strides.append(step)
    step *= size
return tuple(strides)""",
        "sizes are added": """\
strides, step = [], 1
for size in reversed(shape):
    strides.append(step)
    step += size
return tuple(reversed(strides))""",
        "multiplies by its own size": """\
strides, step = [], 1
for size in reversed(shape):
    step *= size
    strides.append(step)
return tuple(reversed(strides))""",
        "not turned around": """\
strides, step = [], 1
for size in reversed(shape):
    strides.append(step)
    step *= size
return tuple(strides)""",
    },
    "slice_note": {
        "stride not multiplied": """\
offset, shape, strides = note
shape = list(shape)
shape[dim] = len(range(start, stop, step))
return offset + start * strides[dim], tuple(shape), strides""",
        "offset counted in indices": """\
offset, shape, strides = note
shape, new = list(shape), list(strides)
shape[dim] = len(range(start, stop, step))
new[dim] *= step
return offset + start, tuple(shape), tuple(new)""",
        "offset with the new stride": """\
offset, shape, strides = note
shape, new = list(shape), list(strides)
shape[dim] = len(range(start, stop, step))
new[dim] *= step
return offset + start * new[dim], tuple(shape), tuple(new)""",
        "forgets the old offset": """\
offset, shape, strides = note
shape, new = list(shape), list(strides)
shape[dim] = len(range(start, stop, step))
new[dim] *= step
return start * strides[dim], tuple(shape), tuple(new)""",
        "size rounded down": """\
offset, shape, strides = note
shape, new = list(shape), list(strides)
shape[dim] = (stop - start) // step
new[dim] *= step
return offset + start * strides[dim], tuple(shape), tuple(new)""",
    },
    "broadcast_shape": {
        "aligned at the left": """\
longest = max(len(a), len(b))
pairs = list(zip(a + (1,) * (longest - len(a)), b + (1,) * (longest - len(b))))
if any(m != n and 1 not in (m, n) for m, n in pairs):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in pairs)""",
        "empty axes grow": """\
longest = max(len(a), len(b))
pairs = list(zip((1,) * (longest - len(a)) + a, (1,) * (longest - len(b)) + b))
if any(m != n and 1 not in (m, n) for m, n in pairs):
    raise ValueError("no")
return tuple(max(m, n) for m, n in pairs)""",
        "clashes pass": """\
longest = max(len(a), len(b))
pairs = zip((1,) * (longest - len(a)) + a, (1,) * (longest - len(b)) + b)
return tuple(max(m, n) if 0 not in (m, n) else 0 for m, n in pairs)""",
        "only pads b": """\
b = (1,) * (len(a) - len(b)) + b
if any(m != n and 1 not in (m, n) for m, n in zip(a, b)):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in zip(a, b))""",
        "cuts to the shorter": """\
pairs = list(zip(reversed(a), reversed(b)))
if any(m != n and 1 not in (m, n) for m, n in pairs):
    raise ValueError("no")
return tuple(n if m == 1 else m for m, n in reversed(pairs))""",
    },
    "sum_to_shape": {
        "forgets the axes of size 1": "return array.sum(axis=tuple(range(array.ndim - len(shape))))",
        "forgets the missing axes": """\
stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
return array.sum(axis=stretched, keepdims=True)""",
        "axes counted from the left": """\
missing = array.ndim - len(shape)
stretched = [axis for axis, size in enumerate(shape) if size == 1 and axis >= missing]
return array.sum(axis=(*range(missing), *stretched)).reshape(shape)""",
        "takes the first instead of the sum": "return array.reshape(-1)[: int(np.prod(shape))].reshape(shape)",
        "averages": """\
missing = array.ndim - len(shape)
stretched = [missing + axis for axis, size in enumerate(shape) if size == 1]
return array.mean(axis=(*range(missing), *stretched)).reshape(shape)""",
        "float64 creep": """\
missing = array.ndim - len(shape)
stretched = [missing + axis for axis, size in enumerate(shape) if size == 1]
return array.sum(axis=(*range(missing), *stretched), dtype=np.float64).reshape(shape)""",
    },
    "matmul_loops": {
        "elementwise": "return a * b[: a.shape[0], : a.shape[1]]",
        "overwrites instead of adding": """\
out = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
for i in range(a.shape[0]):
    for j in range(b.shape[1]):
        for k in range(a.shape[1]):
            out[i, j] = a[i, k] * b[k, j]
return out""",
        "float64 creep": """\
out = np.zeros((a.shape[0], b.shape[1]))
for i in range(a.shape[0]):
    for j in range(b.shape[1]):
        for k in range(a.shape[1]):
            out[i, j] += a[i, k] * b[k, j]
return out""",
        "the last term is missing": """\
out = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
for i in range(a.shape[0]):
    for j in range(b.shape[1]):
        for k in range(a.shape[1] - 1):
            out[i, j] += a[i, k] * b[k, j]
return out""",
    },
    "Tensor.__init__": {
        "shares a tensor's memory": "self.data = data.data if isinstance(data, Tensor) else as_array(data, dtype)",
        "dtype not passed on": "self.data = as_array(data.data if isinstance(data, Tensor) else data)",
        "stores what it was given": "self.data = data",
        "a tensor of a tensor": "self.data = data if isinstance(data, Tensor) else as_array(data, dtype)",
    },
    "Tensor.apply": {
        "numbers become arrays": """\
arrays = [x.data if isinstance(x, Tensor) else np.asarray(x) for x in inputs]
array = function(*arrays, **params)
array, backward = array if isinstance(array, tuple) else (array, None)
if array.dtype == np.float64 and not any(isinstance(x, Tensor) and x.dtype == np.float64 for x in inputs):
    array = array.astype(np.float32)
out = Tensor.wrap(array)
if Tensor.recorder is not None:
    Tensor.recorder(function, out, inputs, arrays, params, backward)
return out""",
        "float64 creep": """\
arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
array = function(*arrays, **params)
array, backward = array if isinstance(array, tuple) else (array, None)
out = Tensor.wrap(array)
if Tensor.recorder is not None:
    Tensor.recorder(function, out, inputs, arrays, params, backward)
return out""",
        "everything becomes float32": """\
arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
array = function(*arrays, **params)
array, backward = array if isinstance(array, tuple) else (array, None)
out = Tensor.wrap(np.asarray(array, dtype=np.float32))
if Tensor.recorder is not None:
    Tensor.recorder(function, out, inputs, arrays, params, backward)
return out""",
        "asked-for float64 is lost": """\
arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
array = function(*arrays, **params)
array, backward = array if isinstance(array, tuple) else (array, None)
if array.dtype == np.float64:
    array = array.astype(np.float32)
out = Tensor.wrap(array)
if Tensor.recorder is not None:
    Tensor.recorder(function, out, inputs, arrays, params, backward)
return out""",
        "NumPy's numbers count as asked for": """\
arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
array = function(*arrays, **params)
array, backward = array if isinstance(array, tuple) else (array, None)
if array.dtype == np.float64 and not any(getattr(x, "dtype", None) == np.float64 for x in inputs):
    array = array.astype(np.float32)
out = Tensor.wrap(array)
if Tensor.recorder is not None:
    Tensor.recorder(function, out, inputs, arrays, params, backward)
return out""",
        "copies": """\
arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
array = function(*arrays, **params)
array, backward = array if isinstance(array, tuple) else (array, None)
if array.dtype == np.float64 and not any(isinstance(x, Tensor) and x.dtype == np.float64 for x in inputs):
    array = array.astype(np.float32)
out = Tensor.wrap(array.copy())
if Tensor.recorder is not None:
    Tensor.recorder(function, out, inputs, arrays, params, backward)
return out""",
        "tells nobody": """\
arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
array = function(*arrays, **params)
array, backward = array if isinstance(array, tuple) else (array, None)
if array.dtype == np.float64 and not any(isinstance(x, Tensor) and x.dtype == np.float64 for x in inputs):
    array = array.astype(np.float32)
return Tensor.wrap(array)""",
        "drops the params": """\
arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
array = function(*arrays)
array, backward = array if isinstance(array, tuple) else (array, None)
if array.dtype == np.float64 and not any(isinstance(x, Tensor) and x.dtype == np.float64 for x in inputs):
    array = array.astype(np.float32)
out = Tensor.wrap(array)
if Tensor.recorder is not None:
    Tensor.recorder(function, out, inputs, arrays, params, backward)
return out""",
    },
    "Tensor.__rsub__": {
        "sign": "return Tensor.apply(np.subtract, self, other)",
        "adds": "return Tensor.apply(np.add, other, self)",
        "turns the number into a float64 tensor": "return Tensor.apply(np.subtract, Tensor(other, dtype=np.float64), self).tolist()",
    },
    "Tensor.mean": {
        "divides by everything": "return self.sum(dim, keepdim) / self.numel()",
        "divides by the first axis": "return self.sum(dim, keepdim) / len(self)",
        "keepdim not passed on": """\
dims = range(self.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
return self.sum(dim) / math.prod(self.shape[d] for d in dims)""",
        "several axes counted once": """\
first = dim[0] if isinstance(dim, tuple) else dim
return self.sum(dim, keepdim) / (self.numel() if dim is None else self.shape[first])""",
        "no division": "return self.sum(dim, keepdim)",
    },
    "class_means": {
        "wrong axis": "return stack([x[y == c].mean(dim=1) for c in range(classes)])",
        "sums": "return stack([x[y == c].sum(dim=0) for c in range(classes)])",
        "one number for each class": "return stack([x[y == c].mean() for c in range(classes)])",
        "off by one": "return stack([x[y == c].mean(dim=0) for c in range(1, classes)])",
        "divides by all examples": "return stack([x[y == c].sum(dim=0) / len(x) for c in range(classes)])",
    },
    "nearest_mean": {
        "the farthest": "return ((x.unsqueeze(1) - means) ** 2).sum(dim=2).argmax(dim=1)",
        "sums over the classes": "return ((x.unsqueeze(1) - means) ** 2).sum(dim=1).argmin(dim=1)",
        "not squared": "return (x.unsqueeze(1) - means).sum(dim=2).argmin(dim=1)",
        "absolute differences": "return (x.unsqueeze(1) - means).abs().sum(dim=2).argmin(dim=1)",
        "the nearest example for each class": "return ((x.unsqueeze(1) - means) ** 2).sum(dim=2).argmin(dim=0)",
    },
    "answer_batch_bytes": {
        "counts numbers, not bytes": "return 64 * 3 * 224 * 224",
        "float64": "return 64 * 3 * 224 * 224 * 8",
        "forgets the colours": "return 64 * 224 * 224 * 4",
    },
}
