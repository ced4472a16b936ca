"""Right and wrong solutions of module 09: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "conv2d_loops": {
        "six loops": """\
n, c, h, w = x.shape
o, _, kh, kw = weight.shape
result = np.zeros((n, o, h - kh + 1, w - kw + 1))
for image in range(n):
    for filter_number in range(o):
        for i in range(h - kh + 1):
            for j in range(w - kw + 1):
                total = 0.0
                for channel in range(c):
                    for a in range(kh):
                        for b in range(kw):
                            total += x[image, channel, i + a, j + b] * weight[filter_number, channel, a, b]
                result[image, filter_number, i, j] = total
return result""",
        "nested lists": """\
kh, kw = weight.shape[2:]
rows, columns = range(x.shape[2] - kh + 1), range(x.shape[3] - kw + 1)
return np.array([
    [[[np.sum(image[:, i : i + kh, j : j + kw] * kernel) for j in columns] for i in rows] for kernel in weight]
    for image in x
])""",
    },
    "correlate": {
        "tensordot": "return np.tensordot(windows(x, kernel.shape[:2], stride, dilation), kernel, axes=3)",
        "named sizes": """\
kh, kw, c, o = kernel.shape
patches = windows(x, (kh, kw), stride=stride, dilation=dilation)
n, oh, ow = patches.shape[0], patches.shape[1], patches.shape[2]
columns = np.ascontiguousarray(patches).reshape(n * oh * ow, kh * kw * c)
out = np.dot(columns, kernel.reshape(kh * kw * c, o))
return out.reshape((n, oh, ow, o))""",
    },
    "kernel_gradient": {
        "tensordot": """\
patches = windows(x, kernel_size, stride, dilation)
return np.tensordot(patches, grad, axes=([0, 1, 2], [0, 1, 2]))""",
        "transposed": """\
patches = windows(x, kernel_size, stride, dilation)
n, oh, ow, kh, kw, c = patches.shape
g = grad.reshape(n * oh * ow, -1) if grad.size else grad.reshape(0, grad.shape[-1])
product = g.T @ patches.reshape(n * oh * ow, kh * kw * c)
return product.T.reshape(kh, kw, c, grad.shape[-1])""",
    },
    "input_gradient": {
        "by hand": """\
kh, kw, c, o = kernel.shape
n, oh, ow, _ = grad.shape
dh, dw = dilation[0] * (kh - 1), dilation[1] * (kw - 1)
field = spread(grad, (size[0] + dh, size[1] + dw), (dh - before[0], dw - before[1]), stride)
flipped = np.flip(kernel, axis=(0, 1)).transpose(0, 1, 3, 2)
return correlate(field, flipped, (1, 1), dilation)""",
        "added up, window by window": """\
kh, kw, c, _ = kernel.shape
n, oh, ow, _ = grad.shape
need = [(m - 1) * s + d * (k - 1) + 1 for m, s, d, k in zip(grad.shape[1:3], stride, dilation, (kh, kw))]
full = np.zeros((n, max(size[0] + 2 * before[0], need[0]), max(size[1] + 2 * before[1], need[1]), c), grad.dtype)
for i in range(kh):
    for j in range(kw):
        top, left = i * dilation[0], j * dilation[1]
        rows = slice(top, top + (oh - 1) * stride[0] + 1, stride[0])
        columns = slice(left, left + (ow - 1) * stride[1] + 1, stride[1])
        full[:, rows, columns] += grad @ kernel[i, j].T
return full[:, before[0] : before[0] + size[0], before[1] : before[1] + size[1]]""",
    },
    "max_pool2d": {
        "a stack": """\
stacked = np.stack(taps)
out = stacked.max(axis=0)
winner = stacked.argmax(axis=0)

def to_input(grad):
    grad = channels_last(grad)
    parts = [np.where(winner == k, grad, 0).astype(grad.dtype) for k in range(len(stacked))]
    return channels_first(window.gather(parts))

return channels_first(out), (to_input,)""",
        "masks": """\
out = taps[0]
masks = [np.ones(out.shape, bool)]
for tap in taps[1:]:
    larger = tap > out
    masks = [mask & ~larger for mask in masks] + [larger]
    out = np.where(larger, tap, out)

def to_input(grad):
    return channels_first(window.gather([channels_last(grad) * mask for mask in masks]))

return channels_first(out), (to_input,)""",
    },
    "norm_statistics": {
        "NumPy's own": """\
if training:
    mean = x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    var = x.var(axis=0, dtype=np.float64).astype(x.dtype)
    if running_mean is not None and running_var is not None:
        running_mean[:] = (1 - momentum) * running_mean + momentum * mean
        running_var[:] = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
    return mean, var
return running_mean, running_var""",
        "scaled in place": """\
if training:
    n = x.shape[0]
    mean = column_sums(x) / n
    centered = x - mean
    total = column_sums(centered * centered)
    if running_mean is not None:
        running_mean *= 1 - momentum
        running_mean += momentum * mean
        running_var *= 1 - momentum
        running_var += momentum * (total / (n - 1))
    return mean, total / n
else:
    return running_mean, running_var""",
    },
    "batch_norm_gradient": {
        "one formula": """\
n = grad.shape[0]
return scale / n * (n * grad - column_sums(grad) - normal * column_sums(grad * normal))""",
        "means": "return (grad - grad.mean(axis=0) - normal * (grad * normal).mean(axis=0)) * scale",
    },
    "answer_lenet_second_layer": "an answer is two numbers, however they are computed",
}

WRONG = {
    "conv2d_loops": {
        "changes its input": Wrong(
            "in-place change", "What do the images look like afterwards?", ("return out", "x *= 0\nreturn out")
        ),
        "the kernel is flipped": Wrong(
            "sign",
            "Which weight meets the top left pixel of the window?",
            ("* weight[o]", "* weight[o, :, ::-1, ::-1]"),
        ),
        "the last place is missing": Wrong(
            "off by one",
            "At how many places does a kernel of 2 fit into 4 pixels?",
            (
                "(count, filters, height - rows + 1, width - columns + 1)",
                "(count, filters, height - rows, width - columns)",
            ),
        ),
        "rows and columns exchanged": Wrong(
            "swapped operands",
            "Which sizes does a filter with one row and two columns have?",
            ("filters, _, rows, columns = weight.shape", "filters, _, columns, rows = weight.shape"),
        ),
        "the first channel only": Wrong(
            "missing term",
            "Which channels of the window do you multiply?",
            (
                "(x[n, :, i : i + rows, j : j + columns] * weight[o])",
                "(x[n, 0, i : i + rows, j : j + columns] * weight[o, 0])",
            ),
        ),
        "the first filter only": Wrong(
            "ignored argument", "Which filter belongs to this entry?", ("weight[o]", "weight[0]")
        ),
        "the first image only": Wrong("ignored argument", "Which image belongs to this entry?", ("x[n, :", "x[0, :")),
        "the mean": Wrong("wrong factor", "Do you add up, or average?", (").sum()", ").mean()")),
        "place exchanged": Wrong(
            "swapped operands",
            "Does i count rows or columns?",
            ("x[n, :, i : i + rows, j : j + columns]", "x[n, :, j : j + rows, i : i + columns]"),
        ),
        "windows side by side": Wrong(
            "wrong factor",
            "How far is it from one window to the next?",
            (
                "x[n, :, i : i + rows, j : j + columns]",
                "x[n, :, i * rows : i * rows + rows, j * columns : j * columns + columns]",
            ),
        ),
        "integers": Wrong("dtype lost", "Which dtype does your array of results have?", ("x.dtype", "np.int8")),
        "images and filters exchanged": Wrong(
            "broken structure",
            "Which axis comes first, images or filters?",
            ("return out", "return out.swapaxes(0, 1)"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the results?", ("return out", "out")),
    },
    "correlate": {
        "changes its input": Wrong(
            "in-place change",
            "What do the images look like afterwards?",
            ("size, filters = math", "x *= 2\nsize, filters = math"),
        ),
        "stride ignored": Wrong(
            "ignored argument", "Where do you use the stride?", ("stride, dilation)\nsize", "(1, 1), dilation)\nsize")
        ),
        "dilation ignored": Wrong(
            "ignored argument", "Where do you use the dilation?", ("stride, dilation)\nsize", "stride)\nsize")
        ),
        "the kernel is flipped": Wrong(
            "sign",
            "Which weight meets the first pixel of the window?",
            ("@ kernel.reshape", "@ kernel[::-1, ::-1].reshape"),
        ),
        "channels before places": Wrong(
            "wrong axis",
            "In which order does a row of the windows' matrix list its numbers?",
            ("@ kernel.reshape(size, filters)", "@ kernel.transpose(2, 0, 1, 3).reshape(size, filters)"),
        ),
        "rows and columns of the kernel exchanged": Wrong(
            "swapped operands",
            "What is kernel_size for a kernel with two rows and three columns?",
            ("windows(x, kernel.shape[:2]", "windows(x, kernel.shape[1::-1]"),
        ),
        "filters first": Wrong(
            "wrong shape",
            "Which axis is last in the feature maps?",
            (".reshape(*views.shape[:3], filters)", ".T.reshape(filters, *views.shape[:3])"),
        ),
        "filters are mixed up": Wrong(
            "wrong axis",
            "Which entries of the kernel are in one column of its matrix?",
            ("kernel.reshape(size, filters)", "kernel.reshape(filters, size).T"),
        ),
        "a size is inferred": Wrong(
            "missing case",
            "What can -1 stand for if there are no numbers?",
            (
                "views.reshape(math.prod(views.shape[:3]), size)",
                "views.reshape(-1, size)\nsize = matrix.size // len(matrix)",
            ),
        ),
        "still a matrix": Wrong(
            "wrong shape",
            "How many axes has your result?",
            (".reshape(*views.shape[:3], filters)", ""),
        ),
        "stride and dilation exchanged": Wrong(
            "swapped operands",
            "Which of the two options comes first?",
            ("stride, dilation)\nsize", "dilation, stride)\nsize"),
        ),
        "one channel": Wrong(
            "missing term",
            "Over what does each result add up?",
            "views = windows(x, kernel.shape[:2], stride, dilation)[..., 0]\nreturn np.tensordot(views, kernel[:, :, 0], axes=2)",
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the product?", ("return (matrix", "(matrix")
        ),
    },
    "kernel_gradient": {
        "changes its input": Wrong(
            "in-place change",
            "What does the upstream gradient look like afterwards?",
            ("return product", "grad[...] = 0\nreturn product"),
        ),
        "the mean": Wrong(
            "wrong factor",
            "Do the windows' gradients add up, or are they averaged?",
            ("return product", "return product / max(count, 1)"),
        ),
        "stride ignored": Wrong(
            "ignored argument",
            "Which windows did the forward pass have?",
            "views = windows(x, kernel_size, (1, 1), dilation)[:, : grad.shape[1], : grad.shape[2]]\n"
            "return np.tensordot(views, grad, axes=([0, 1, 2], [0, 1, 2]))",
        ),
        "dilation ignored": Wrong(
            "ignored argument",
            "Which pixels were in a window of the forward pass?",
            "views = windows(x, kernel_size, stride)[:, : grad.shape[1], : grad.shape[2]]\n"
            "return np.tensordot(views, grad, axes=([0, 1, 2], [0, 1, 2]))",
        ),
        "flipped": Wrong(
            "sign",
            "Which entry of the kernel met the first pixel of each window?",
            (
                "return product.reshape(*views.shape[3:], grad.shape[3])",
                "return product.reshape(*views.shape[3:], grad.shape[3])[::-1, ::-1]",
            ),
        ),
        "filters before channels": Wrong(
            "wrong shape",
            "In which order are the kernel's axes?",
            (
                "return product.reshape(*views.shape[3:], grad.shape[3])",
                "return product.reshape(*views.shape[3:], grad.shape[3]).swapaxes(2, 3)",
            ),
        ),
        "filters first": Wrong(
            "wrong axis",
            "Which axis of your product has the filters?",
            (
                "product = views.reshape(count, size).T @ grad.reshape(count, grad.shape[3])",
                "product = grad.reshape(count, grad.shape[3]).T @ views.reshape(count, size)",
            ),
        ),
        "the last image only": Wrong(
            "accumulation",
            "Which images have part in the gradient?",
            "out = np.zeros((*kernel_size, x.shape[3], grad.shape[3]))\n"
            "for views, g in zip(windows(x, kernel_size, stride, dilation), grad, strict=True):\n"
            "    out = np.tensordot(views, g, axes=([0, 1], [0, 1]))\n"
            "return out",
        ),
        "the gradient doesn't matter": Wrong(
            "ignored argument",
            "Where does the upstream gradient come in?",
            ("grad.reshape(count, grad.shape[3])", "np.ones((count, grad.shape[3]))"),
        ),
        "rows and columns exchanged": Wrong(
            "swapped operands",
            "Which shape does the gradient of a kernel with two rows and three columns have?",
            ("windows(x, kernel_size, stride", "windows(x, kernel_size[::-1], stride"),
        ),
        "a size is inferred": Wrong(
            "missing case",
            "What can -1 stand for if there are no numbers?",
            ("views.reshape(count, size)", "views.reshape(count, -1)"),
        ),
        "still a matrix": Wrong(
            "wrong shape",
            "How many axes has the kernel?",
            ("return product.reshape(*views.shape[3:], grad.shape[3])", "return product"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the product?", ("return product", "product")
        ),
    },
    "input_gradient": {
        "changes its input": Wrong(
            "in-place change",
            "What does the kernel look like afterwards?",
            ("field = spread(", "kernel[...] = kernel[::-1, ::-1]\nkernel = kernel[::-1, ::-1]\nfield = spread("),
        ),
        "not flipped": Wrong(
            "sign", "Which entry of the kernel did the first pixel meet last?", ("kernel[::-1, ::-1]", "kernel")
        ),
        "flipped along rows only": Wrong(
            "missing case", "Along how many axes do you flip?", ("kernel[::-1, ::-1]", "kernel[::-1]")
        ),
        "all axes flipped": Wrong(
            "wrong axis",
            "Does the order of the channels change?",
            ("kernel[::-1, ::-1]", "kernel[::-1, ::-1, ::-1, ::-1]"),
        ),
        "filters and channels not exchanged": Wrong(
            "missing term",
            "From what to what does the kernel go now?",
            (
                "kernel[::-1, ::-1].swapaxes(2, 3)",
                "kernel[::-1, ::-1].reshape(*kernel.shape[:2], kernel.shape[3], kernel.shape[2])",
            ),
        ),
        "no zeros between": Wrong(
            "ignored argument",
            "How many pixels are two neighboring results apart?",
            ("field_size, start, stride)", "field_size, start)"),
        ),
        "the stride of the forward pass": Wrong(
            "wrong formula",
            "At how many places must the kernel fit now?",
            ("dilation=dilation)", "stride=stride, dilation=dilation)"),
        ),
        "padding ignored": Wrong(
            "ignored argument",
            "Where is the picture's first pixel in the padded picture?",
            ("far - zeros for far, zeros", "far for far, zeros"),
        ),
        "padding added": Wrong("sign", "Are there more zeros with padding, or fewer?", ("far - zeros", "far + zeros")),
        "dilation ignored by the kernel": Wrong(
            "ignored argument",
            "How far apart are the kernel's entries?",
            ("swapaxes(2, 3), dilation=dilation)", "swapaxes(2, 3))[:, : size[0], : size[1]]"),
        ),
        "dilation ignored by the field": Wrong(
            "missing term",
            "How far is the last entry of the kernel from the first?",
            (
                "start = tuple(far - zeros for far, zeros in zip(reach, before, strict=True))",
                "start = tuple(k - 1 - zeros for k, zeros in zip(kernel.shape, before, strict=False))",
            ),
        ),
        "one zero too few": Wrong(
            "off by one", "Where does the first gradient go?", ("far - zeros for", "far - 1 - zeros for")
        ),
        "the field is too small": Wrong(
            "off by one",
            "Which shape does your result have?",
            ("n + far for n, far", "n + far - 1 for n, far"),
        ),
        "rows and columns exchanged": Wrong(
            "swapped operands",
            "Which of the two strides belongs to the rows?",
            ("field_size, start, stride)", "field_size, start, stride[::-1])"),
        ),
        "an image of ones": Wrong(
            "ignored argument",
            "Where does the upstream gradient come in?",
            ("spread(grad,", "spread(np.ones_like(grad),"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the result?", ("return correlate", "correlate")
        ),
    },
    "max_pool2d": {
        "the last of equal ones": Wrong(
            "missing case", "If two taps are equal, which one wins?", ("(tap > out)", "(tap >= out)")
        ),
        "shared by equal ones": Wrong(
            "duplicate",
            "If all four numbers of a window are equal, how much of the gradient does each get?",
            """\
out = np.max(taps, axis=0)
kept = [tap == out for tap in taps]

def to_input(grad):
    return channels_first(window.gather([channels_last(grad) * mask for mask in kept]))

return channels_first(out), (to_input,)""",
        ),
        "equally shared": Wrong(
            "wrong formula",
            "If all four numbers of a window are equal, which one gets the gradient?",
            """\
out = np.max(taps, axis=0)
kept = [tap == out for tap in taps]

def to_input(grad):
    return channels_first(window.gather([channels_last(grad) * mask / sum(kept) for mask in kept]))

return channels_first(out), (to_input,)""",
        ),
        "everyone gets it": Wrong(
            "missing check",
            "Does a pixel that didn't win get a gradient?",
            ("select(winner == number, grad)", "grad"),
        ),
        "the mean": Wrong(
            "wrong formula",
            "Is your result a number of the window?",
            """\
count, out = len(taps), sum(taps) / len(taps)

def to_input(grad):
    return channels_first(window.gather([channels_last(grad) / count] * count))

return channels_first(out), (to_input,)""",
        ),
        "the smallest": Wrong(
            "sign", "Which number of the window do you keep?", ("np.maximum(out, tap)", "np.minimum(out, tap)")
        ),
        "the first tap only": Wrong(
            "missing term", "Which taps do you compare?", ("taps[1:], start=1", "taps[1:1], start=1")
        ),
        "one tap is missing": Wrong(
            "off by one", "How many taps do you compare?", ("taps[1:], start=1", "taps[1:-1], start=1")
        ),
        "numbers shifted": Wrong("off by one", "What is the number of the second tap?", ("start=1", "start=0")),
        "compared with the first": Wrong(
            "stale state",
            "With which number do you compare the third tap?",
            ("(tap > out)", "(tap > taps[0])"),
        ),
        "the axes of the gradient": Wrong(
            "wrong axis",
            "Which axis do the channels have in the upstream gradient, and which in your parts?",
            ("grad = channels_last(grad)", "grad = grad.reshape(winner.shape)"),
        ),
        "the gradient of the sum": Wrong(
            "ignored argument",
            "Where does the upstream gradient come in?",
            ("select(winner == number, grad)", "(winner == number).astype(grad.dtype)"),
        ),
        "zero beats negative numbers": Wrong(
            "hard-coded",
            "Can the largest number of a window be negative?",
            ("out, winner, count = taps[0],", "out, winner, count = np.maximum(taps[0], 0),"),
        ),
        "the winner once and for all": Wrong(
            "wrong order",
            "When do you compare, before `out` takes over the tap or after?",
            (
                "    winner = np.maximum(winner, (tap > out) * winner.dtype.type(number))\n    out = np.maximum(out, tap)",
                "    out = np.maximum(out, tap)\n    winner = np.maximum(winner, (tap > out) * winner.dtype.type(number))",
            ),
        ),
    },
    "norm_statistics": {
        "always the batch": Wrong(
            "ignored argument", "Which statistics does a network use at inference?", ("if not training:", "if False:")
        ),
        "always the running ones": Wrong(
            "ignored argument",
            "Which statistics does a network use while it trains?",
            ("if not training:", "if running_mean is not None:"),
        ),
        "exchanged": Wrong(
            "swapped operands", "Which statistics belong to training?", ("if not training:", "if training:")
        ),
        "divided by n - 1": Wrong(
            "wrong factor",
            "By what is the sum of squares divided where the batch is normalized?",
            ("var = column_sums((x - mean) ** 2) / count", "var = column_sums((x - mean) ** 2) / (count - 1)"),
        ),
        "both variances divide by n": Wrong(
            "wrong factor",
            "Which variance does the running one take?",
            ("(var * (count / (count - 1)) - running_var)", "(var - running_var)"),
        ),
        "both variances divide by n - 1": Wrong(
            "wrong factor",
            "Is the variance of (1, 2, 3, 6) in the example 3.5?",
            """\
if not training:
    return running_mean, running_var
mean, var = column_sums(x) / len(x), x.var(axis=0, ddof=1)
if running_mean is not None:
    running_mean += momentum * (mean - running_mean)
    running_var += momentum * (var - running_var)
return mean, var""",
        ),
        "momentum is the old share": Wrong(
            "swapped operands",
            "With momentum 0.1, how much of the old running mean is left?",
            ("momentum * (mean - running_mean)", "(1 - momentum) * (mean - running_mean)"),
        ),
        "momentum ignored": Wrong(
            "ignored argument",
            "Where does the share of the new values come in?",
            ("running_mean += momentum *", "running_mean += 0.1 *"),
        ),
        "replaced": Wrong(
            "accumulation",
            "What is left of the old running statistics?",
            ("running_mean += momentum * (mean - running_mean)", "running_mean[...] = mean"),
        ),
        "new arrays": Wrong(
            "stale state",
            "Does the caller's array change?",
            (
                "running_mean += momentum * (mean - running_mean)",
                "running_mean = running_mean + momentum * (mean - running_mean)",
            ),
        ),
        "the variance isn't updated": Wrong(
            "missing term",
            "How many running statistics are there?",
            ("    running_var += momentum * (var * (count / (count - 1)) - running_var)\n", ""),
        ),
        "not centered": Wrong(
            "missing term", "From what are the squares' distances measured?", ("(x - mean) ** 2", "x**2")
        ),
        "the standard deviation": Wrong(
            "wrong formula", "Is that the variance, or its root?", ("return mean, var", "return mean, np.sqrt(var)")
        ),
        "one for all channels": Wrong(
            "wrong axis",
            "How many means are there for two channels?",
            ("mean = column_sums(x) / count", "mean = np.full(x.shape[1], x.mean())"),
        ),
        "None isn't expected": Wrong(
            "missing case", "What if no running statistics are kept?", ("if running_mean is not None:", "if True:")
        ),
        "updated at inference, too": Wrong(
            "in-place change",
            "What changes at inference?",
            (
                "    return running_mean, running_var\n",
                "    old = running_mean.copy(), running_var.copy()\n    running_mean += momentum * (x.mean(axis=0) - running_mean)\n    return old\n",
            ),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype do the statistics have?",
            ("return mean, var", "return mean.astype(np.float64), var.astype(np.float64)"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do?", ("return mean, var", "mean, var")),
    },
    "batch_norm_gradient": {
        "changes its input": Wrong(
            "in-place change",
            "What does the upstream gradient look like afterwards?",
            ("grad = grad - column_sums(grad) / count", "grad -= column_sums(grad) / count"),
        ),
        "forgotten": Wrong("missing term", "Do the columns of your result add up to 0?", "return grad * scale"),
        "only the mean": Wrong(
            "missing term",
            "What does the product of your result with the normalized column add up to?",
            "return scale * (grad - column_sums(grad) / len(grad))",
        ),
        "only the second step": Wrong(
            "missing term",
            "Do the columns of your result add up to 0?",
            ("grad = grad - column_sums(grad) / count", "grad = grad * 1"),
        ),
        "zero": Wrong("empty result", "Is there nothing left of the gradient?", "return np.zeros_like(grad)"),
        "sums, not means": Wrong(
            "wrong factor",
            "What do the columns add up to after the first step?",
            ("grad - column_sums(grad) / count", "grad - column_sums(grad)"),
        ),
        "the second isn't divided": Wrong(
            "wrong factor",
            "What is the squared length of a normalized column?",
            ("(column_sums(grad * normal) / count)", "column_sums(grad * normal)"),
        ),
        "added": Wrong(
            "sign",
            "Do you remove what points along the normalized column, or double it?",
            ("(grad - normal *", "(grad + normal *"),
        ),
        "divided by the scale": Wrong(
            "wrong formula",
            "The forward pass divides by the standard deviation. What does that do to a gradient?",
            ("return scale * (", "return 1 / scale * ("),
        ),
        "not scaled": Wrong(
            "missing term", "Where does the standard deviation come in?", ("return scale * (", "return (")
        ),
        "scaled twice": Wrong(
            "duplicate",
            "How often do you divide by the standard deviation?",
            ("return scale * (", "return scale * scale * ("),
        ),
        "over the channels": Wrong(
            "wrong axis",
            "Over which axis do you take the mean?",
            ("grad = grad - column_sums(grad) / count", "grad = grad - grad.mean(axis=1, keepdims=True)"),
        ),
        "absolute values": Wrong(
            "wrong formula",
            "Do negative products count as well?",
            ("normal * (column_sums(grad * normal) / count)", "normal * (column_sums(np.abs(grad * normal)) / count)"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do?", ("return scale", "scale")),
    },
    "answer_lenet_second_layer": {
        "no biases": Wrong(
            "missing term", "Does each filter have a bias?", ("6 * 16 * 5 * 5 + 16,", "6 * 16 * 5 * 5,")
        ),
        "one channel": Wrong(
            "missing term", "How many maps does each filter see?", ("6 * 16 * 5 * 5 * 10 * 10", "16 * 5 * 5 * 10 * 10")
        ),
        "the size that goes in": Wrong(
            "wrong formula", "What size comes out?", ("6 * 16 * 5 * 5 * 10 * 10", "6 * 16 * 5 * 5 * 14 * 14")
        ),
        "one place too few": Wrong(
            "off by one", "At how many places does a kernel of 5 fit into 14 pixels?", ("10 * 10", "9 * 9")
        ),
        "one place": Wrong(
            "missing term", "How often is each weight used?", ("6 * 16 * 5 * 5 * 10 * 10", "6 * 16 * 5 * 5")
        ),
        "exchanged": Wrong(
            "swapped operands",
            "Which number comes first?",
            (
                "return 6 * 16 * 5 * 5 + 16, 6 * 16 * 5 * 5 * 10 * 10",
                "return 6 * 16 * 5 * 5 * 10 * 10, 6 * 16 * 5 * 5 + 16",
            ),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the numbers?", ("return ", "")),
    },
}


EQUIVALENT = {
    "input_gradient": {
        **dict.fromkeys(
            (
                f"{line} -> {line.replace('strict=True', strict)}"
                for line in (
                    "reach = [d * (k - 1) for d, k in zip(dilation, kernel.shape[:2], strict=True)]",
                    "field_size = tuple((n + far for n, far in zip(size, reach, strict=True)))",
                    "start = tuple((far - zeros for far, zeros in zip(reach, before, strict=True)))",
                )
                for strict in ("strict=False", "strict=2")
            ),
            "both are pairs",
        ),
        "field_size = tuple((n + far for n, far in zip(size, reach, strict=True))) -> "
        "field_size = tuple((n + far for n, far in zip(reach, size, strict=True)))": "the terms of a sum are exchanged",
        "return correlate(field, kernel[::-1, ::-1].swapaxes(2, 3), dilation=dilation) -> "
        "return correlate(field, kernel[::-1, ::-1].swapaxes(3, 2), dilation=dilation)": "the same two axes are swapped",
    },
    "max_pool2d": {
        "winner = np.maximum(winner, (tap > out) * winner.dtype.type(number)) -> "
        "winner = np.maximum((tap > out) * winner.dtype.type(number), winner)": "a maximum is symmetric",
        "out = np.maximum(out, tap) -> out = np.maximum(tap, out)": "a maximum is symmetric",
        **dict.fromkeys(
            (
                "out, winner, count = (taps[0], np.zeros(taps[0].shape, np.min_scalar_type(len(taps))), len(taps)) -> "
                f"out, winner, count = (taps[0], np.zeros(taps[{i}].shape, np.min_scalar_type(len(taps))), len(taps))"
                for i in (-1, 1)
            ),
            "all taps have one shape",
        ),
    },
    "norm_statistics": {
        "var = column_sums((x - mean) ** 2) / count -> var = column_sums((mean - x) ** 2) / count": "it is squared",
    },
}
