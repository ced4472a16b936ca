"""Right and wrong solutions of module 05: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "numerical_gradient": {
        "adds a nudge that is 0 elsewhere": """\
slopes = []
for index in np.ndindex(x.shape):
    nudge = np.zeros_like(x)
    nudge[index] = eps
    slopes.append((f(x + nudge) - f(x - nudge)) / (2 * eps))
return np.array(slopes).reshape(x.shape)""",
        "a loop over a flat copy": """\
flat, grad = x.flatten(), np.zeros(x.size)
for i in range(flat.size):
    old = flat[i]
    flat[i] = old + eps
    up = f(flat.reshape(x.shape))
    flat[i] = old - eps
    down = f(flat.reshape(x.shape))
    flat[i] = old
    grad[i] = up / (2 * eps) - down / (2 * eps)
return grad.reshape(x.shape)""",
        "moves x and puts it back": """\
grad = np.zeros(x.shape)
for index in np.ndindex(x.shape):
    old = float(x[index])
    x[index] = old + eps
    up = f(x)
    x[index] = old - eps
    down = f(x)
    x[index] = old
    grad[index] = (up - down) / (2 * eps)
return grad""",
    },
    "add_gradient": {
        "two names": """\
def to_a(grad):
    return grad

def to_b(grad):
    return grad

return to_a, to_b""",
        "the same function twice": "return 2 * (lambda grad: grad,)",
        "a list, times 1": "return [lambda grad: 1 * grad, lambda grad: grad * 1.0]",
    },
    "multiply_gradient": {
        "two names": """\
def to_a(grad):
    return b * grad

def to_b(grad):
    return a * grad

return (to_a, to_b)""",
        "np.multiply": "return lambda grad: np.multiply(grad, b), lambda grad: np.multiply(grad, a)",
        "a comprehension": "return tuple(lambda grad, other=other: grad * other for other in (b, a))",
    },
    "sum_gradient": {
        "adds zeros": """\
def to_x(grad):
    if not keepdims and axis is not None:
        grad = np.expand_dims(grad, axis=axis)
    return np.zeros_like(x) + grad

return (to_x,)""",
        "the shape of a sum with keepdims": """\
shape, kept = x.shape, np.sum(x, axis=axis, keepdims=True).shape
return (lambda grad: np.broadcast_to(np.reshape(grad, kept), shape),)""",
        "axis by axis": """\
axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
axes, shape = sorted(a % x.ndim for a in axes), x.shape

def to_x(grad):
    if not keepdims:
        for a in axes:
            grad = np.expand_dims(grad, a)
    return grad * np.ones(shape)

return (to_x,)""",
    },
    "getitem_gradient": {
        "np.add.at": ("add_at(full, index, grad)", "np.add.at(full, index, grad)"),
        "zeros_like": """\
def to_x(grad):
    zeros = np.zeros_like(x)
    add_at(zeros, index, grad)
    return zeros

return (to_x,)""",
    },
    "matmul_gradient": {
        "np.swapaxes and np.matmul": """\
a_t, b_t = np.swapaxes(a, -2, -1), np.swapaxes(b, -2, -1)
return (lambda grad: np.matmul(grad, b_t)), (lambda grad: np.matmul(a_t, grad))""",
        "the sums of the text": """\
def to_a(grad):
    return np.einsum("...ij,...kj->...ik", grad, b)

def to_b(grad):
    return np.einsum("...ik,...ij->...kj", a, grad)

return to_a, to_b""",
        "the transposed product": ("a.swapaxes(-1, -2) @ grad", "(grad.swapaxes(-1, -2) @ a).swapaxes(-1, -2)"),
    },
    "relu_gradient": {
        "by the input": ("out > 0", "x > 0"),
        "np.where": ("select(out > 0, grad)", "np.where(out > 0, grad, 0)"),
        "zeros in a copy": """\
def to_x(grad):
    passed = np.array(grad)
    passed[x <= 0] = 0
    return passed

return (to_x,)""",
    },
    "softmax_gradient": {
        "as the sum splits": """\
def to_x(grad):
    weighted = np.sum(grad * out, axis=dim, keepdims=True)
    return grad * out - out * weighted

return (to_x,)""",
        "expand_dims": """\
def to_x(grad):
    product = out * grad
    return product - out * np.expand_dims(product.sum(dim), dim)

return (to_x,)""",
        "the Jacobian, row by row": """\
def to_x(grad):
    p, g = np.moveaxis(out, dim, -1), np.moveaxis(grad, dim, -1)
    result = np.empty_like(p)
    for row in np.ndindex(p.shape[:-1]):
        result[row] = g[row] @ (np.diag(p[row]) - np.outer(p[row], p[row]))
    return np.moveaxis(result, -1, dim)

return (to_x,)""",
    },
    "cross_entropy_gradient": {
        "one-hot rows": """\
truth = np.zeros_like(logits)
truth[np.arange(len(target)), target] = 1

def to_logits(grad):
    return (softmax(logits) - truth) * grad.reshape(-1, 1)

return to_logits, None""",
        "a loop over rows": """\
def to_logits(grad):
    result = softmax(logits, dim=1)
    for row, label in enumerate(target):
        result[row, label] -= 1.0
        result[row] *= grad[row]
    return result

return (to_logits, None)""",
        "a comparison": """\
share = np.exp(log_softmax(logits, dim=-1)) - (np.arange(logits.shape[1]) == target[:, None])
return lambda grad: np.expand_dims(grad, 1) * share, None""",
    },
    "record": {
        "early returns, in the order of the text": """\
tensors = [x for x in inputs if isinstance(x, Tensor)]
if not any(x.requires_grad for x in tensors):
    return
if not np.issubdtype(out.dtype, np.floating):
    return
if grad_mode.enabled is False:
    return
if backward is None:
    if op in gradients:
        backward = gradients[op](out.numpy(), *arrays, **params)
    else:
        backward = missing_rule(op, *arrays)
next_functions = []
for x, function in zip(inputs, backward):
    if isinstance(x, Tensor) and x.requires_grad:
        parent = x if x.grad_fn is None else x.grad_fn
        next_functions.append((parent, function))
out.requires_grad = True
out.grad_fn = Node(op, next_functions, out.array)""",
        "by number": """\
needs = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
if needs and out.array.dtype.kind == "f" and grad_mode.enabled:
    backward = backward or gradients.get(op, lambda out, *a, **o: missing_rule(op, *a))(out.array, *arrays, **params)
    pairs = [(inputs[i] if inputs[i].is_leaf else inputs[i].grad_fn, backward[i]) for i in needs]
    out.grad_fn, out.requires_grad = Node(op, pairs, out.array), True""",
    },
    "backward": {
        "always fit, always arrived": """\
node = tensor.grad_fn
waiting = {node: start}
queue = [(-node.sequence_nr, node)]
while len(queue) > 0:
    _, node = heappop(queue)
    grad = arrived(node, waiting.pop(node))
    for parent, function in node.next_functions:
        part = fit(function(grad), parent)
        if isinstance(parent, Tensor):
            accumulate(parent, part)
            continue
        if parent not in waiting:
            heappush(queue, (-parent.sequence_nr, parent))
            waiting[parent] = part
        else:
            waiting[parent] = part + waiting[parent]
    if retain_graph:
        continue
    node.next_functions = freed""",
        "without a heap": """\
waiting = {tensor.grad_fn: start}
while waiting:
    node = max(waiting, key=lambda node: node.sequence_nr)
    grad = waiting.pop(node)
    if node.sequence_nr < versions.latest or node.hooks:
        grad = arrived(node, grad)
    for parent, function in node.next_functions:
        part = function(grad)
        if part.shape != parent.shape or part.dtype != parent.dtype:
            part = fit(part, parent)
        if isinstance(parent, Node):
            waiting[parent] = waiting[parent] + part if parent in waiting else part
        else:
            accumulate(parent, part)
    if not retain_graph:
        node.next_functions = freed""",
        "its own error for a freed graph": """\
waiting, queue = {tensor.grad_fn: start}, [(-tensor.grad_fn.sequence_nr, tensor.grad_fn)]
while queue:
    node = heappop(queue)[1]
    grad, pairs = waiting.pop(node), node.next_functions
    if pairs is freed:
        raise RuntimeError("this graph is gone")
    if node.sequence_nr < versions.latest or node.hooks:
        grad = arrived(node, grad)
    if not retain_graph:
        node.next_functions = freed
    for parent, function in pairs:
        part = function(grad)
        if part.shape != parent.shape or part.dtype is not parent.dtype:
            part = fit(part, parent)
        if isinstance(parent, Tensor):
            accumulate(parent, part)
        elif parent in waiting:
            waiting[parent] = np.add(waiting[parent], part)
        else:
            waiting[parent] = part
            heappush(queue, (-parent.sequence_nr, parent))""",
    },
}


SUM = "lambda grad: grad, lambda grad: grad"
PRODUCT = "lambda grad: grad * b, lambda grad: grad * a"
MATRICES = "grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad"
SOFTMAX = "out * (grad - (grad * out).sum(axis=dim, keepdims=True))"
UNKNOWN = "backward = rule(out.array, *arrays, **params) if rule else missing_rule(op, *arrays)"
FORGETS_UPSTREAM = "The loss moves with the result in some way of its own. Where does your answer depend on that?"

WRONG = {
    "numerical_gradient": {
        "divides by one step": Wrong(
            "wrong factor", "How far apart are the two points at which you evaluate f?", ("/ (2 * eps)", "/ eps")
        ),
        "in one direction": Wrong(
            "missing term",
            "For x ** 2 at 3, do your two points lie on both sides of 3?",
            ("nudged[index] = x[index] - eps", "nudged[index] = x[index]"),
        ),
        "in one direction, by one step": Wrong(
            "wrong formula",
            "Try x ** 3 at 2 with a large step: how do f(2.1) and f(1.9) differ from f(2)?",
            """\
grad = np.zeros_like(x)
for index in np.ndindex(x.shape):
    nudged = x.copy()
    nudged[index] += eps
    grad[index] = (f(nudged) - f(x)) / eps
return grad""",
        ),
        "the wrong way round": Wrong(
            "sign",
            "For an f that grows with x, is your slope positive?",
            ("above - f(nudged)", "f(nudged) - above"),
        ),
        "leaves the others nudged": Wrong(
            "stale state",
            "When you come to the second entry, what is the value of the first?",
            (
                "for index in np.ndindex(x.shape):\n    nudged = x.copy()",
                "nudged = x.copy()\nfor index in np.ndindex(x.shape):",
            ),
        ),
        "changes x": Wrong(
            "in-place change",
            "Print x before and after the call. Is it still the same?",
            ("nudged = x.copy()", "nudged = x"),
        ),
        "moves everything at once": Wrong(
            "wrong formula",
            "How many entries of x move at once in your loop?",
            ("nudged[index] = x[index] +", "nudged[...] = x +"),
        ),
        "one axis only": Wrong(
            "hard-coded",
            "How many slopes does a (2, 3) array have, and for how many do you ask?",
            ("np.ndindex(x.shape)", "range(len(x))"),
        ),
        "its own eps": Wrong(
            "ignored argument",
            "What changes in your result when the caller passes eps=0.1?",
            ("x[index] + eps", "x[index] + 1e-6"),
        ),
        "an empty array": Wrong(
            "empty result",
            "How many entries does your gradient have, and how many does x have?",
            "return np.zeros((0, 1))",
        ),
        "a flat gradient": Wrong(
            "wrong shape",
            "Compare the shape of your gradient with the shape of x.",
            ("return grad", "return grad.reshape(-1)"),
        ),
        "no return": Wrong("no return", "What does a function give back that never says so?", ("return grad", "grad")),
    },
    "add_gradient": {
        "half each": Wrong(
            "wrong factor",
            "If a grows by 1 and b stays, by how much does the sum grow?",
            (SUM, "lambda grad: grad / 2, lambda grad: grad / 2"),
        ),
        "the summands": Wrong(
            "wrong formula",
            "Does the slope of a + b along a depend on how large a is?",
            (SUM, "lambda grad: a, lambda grad: b"),
        ),
        "forgets what came in": Wrong(
            "ignored argument", FORGETS_UPSTREAM, (SUM, "lambda grad: 1.0, lambda grad: 1.0")
        ),
        "only the first": Wrong(
            "missing case", "Which of the two inputs gets no gradient from you?", (SUM, "lambda grad: grad, None")
        ),
        "minus for the second": Wrong(
            "sign", "If b grows, does the sum grow or shrink?", (SUM, "lambda grad: grad, lambda grad: -grad")
        ),
        "one for both": Wrong(
            "broken structure",
            "How many things does your rule return, and how many inputs has the op?",
            (SUM, "lambda grad: grad"),
        ),
        "one function that returns both": Wrong(
            "broken structure",
            "Is what you return a pair of functions, or one function that returns a pair?",
            (SUM, "lambda grad: (grad, grad)"),
        ),
        "empty arrays": Wrong(
            "empty result",
            "What shape does the gradient have that your functions return?",
            (SUM, "lambda grad: np.zeros((0, 1)), lambda grad: np.zeros((0, 1))"),
        ),
        "no return": Wrong("no return", "What does a rule give back that never says so?", ("return ", "")),
    },
    "multiply_gradient": {
        "each gets itself": Wrong(
            "swapped operands",
            "In the table of section 2, which number multiplies the 5 that arrives at a?",
            (PRODUCT, "lambda grad: grad * a, lambda grad: grad * b"),
        ),
        "forgets what came in": Wrong(
            "ignored argument", FORGETS_UPSTREAM, (PRODUCT, "lambda grad: b, lambda grad: a")
        ),
        "both get the product": Wrong(
            "wrong formula",
            "With a = 2 and b = 3, by how much does the product grow when a becomes 3?",
            (PRODUCT, "lambda grad: grad * out, lambda grad: grad * out"),
        ),
        "divides the product": Wrong(
            "missing case",
            "What happens to your gradient when one of the factors is 0?",
            (PRODUCT, "lambda grad: grad * out / a, lambda grad: grad * out / b"),
        ),
        "as if it were a sum": Wrong(
            "missing term",
            "Does a product grow by 1 when one of its factors does?",
            (PRODUCT, "lambda grad: grad, lambda grad: grad"),
        ),
        "the first only": Wrong(
            "missing case", "Which of the two inputs gets no gradient from you?", ("lambda grad: grad * a", "None")
        ),
        "one function that returns both": Wrong(
            "broken structure",
            "Is what you return a pair of functions, or one function that returns a pair?",
            (PRODUCT, "lambda grad: (grad * b, grad * a)"),
        ),
        "empty arrays": Wrong(
            "empty result",
            "What shape does the gradient have that your functions return?",
            (PRODUCT, "lambda grad: np.zeros((0, 1)), lambda grad: np.zeros((0, 1))"),
        ),
        "an axis too many": Wrong(
            "wrong shape",
            "Compare the shapes of your gradients with the shape of grad.",
            (PRODUCT, "lambda grad: (grad * b)[None], lambda grad: (grad * a)[None]"),
        ),
    },
    "sum_gradient": {
        "not expanded": Wrong(
            "missing keepdims",
            "How does a gradient of shape (2,) broadcast against an x of shape (2, 3)?",
            ("if axis is not None and not keepdims:", "if False:"),
        ),
        "expands also what is still there": Wrong(
            "ignored argument", "After a sum with keepdims=True, which axes are missing?", (" and not keepdims", "")
        ),
        "expands also when all were summed": Wrong(
            "missing case",
            "For a sum over all axes, what is axis, and what do you do with it?",
            ("axis is not None and not keepdims", "not keepdims"),
        ),
        "divides, as for a mean": Wrong(
            "wrong factor",
            "If one term grows by 1, by how much does the sum grow?",
            ("np.broadcast_to(grad, shape)", "np.broadcast_to(grad, shape) / x.size"),
        ),
        "not stretched": Wrong(
            "wrong shape",
            "Compare the shape of your gradient with the shape of x.",
            ("np.broadcast_to(grad, shape)", "grad"),
        ),
        "always along axis 0": Wrong(
            "wrong axis",
            "Where did the sum remove an axis, and where do you put one in?",
            ("np.expand_dims(grad, axis)", "np.expand_dims(grad, 0)"),
        ),
        "times x": Wrong(
            "wrong formula",
            "Does the slope of a sum along one term depend on how large that term is?",
            ("np.broadcast_to(grad, shape)", "grad * (x + 1)"),
        ),
        "no tuple": Wrong(
            "broken structure", "What type does your rule return: a tuple, or its only entry?", ("(to_x,)", "to_x")
        ),
        "an empty array": Wrong(
            "empty result",
            "How many entries does your gradient have?",
            ("np.broadcast_to(grad, shape)", "np.zeros((0, 1))"),
        ),
        "no return": Wrong(
            "no return", "What does your inner function give back?", ("return np.broadcast_to", "np.broadcast_to")
        ),
    },
    "getitem_gradient": {
        "the last one wins": Wrong(
            "accumulation",
            "An index picks entry 1 twice. What happens to the first of its two gradients?",
            ("add_at(full, index, grad)", "full[index] = grad"),
        ),
        "adds only once": Wrong(
            "accumulation",
            "An index picks entry 1 twice. What happens to the first of its two gradients?",
            ("add_at(full, index, grad)", "full[index] += grad"),
        ),
        "picks from the gradient": Wrong(
            "wrong formula",
            "Does a gradient go back to where a number came from, or do you pick once more?",
            ("add_at(full, index, grad)\n    return full", "return grad[index]"),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does your result have when x is float32?",
            ("np.zeros(shape, dtype)", "np.zeros(shape)"),
        ),
        "zeros that stay": Wrong(
            "stale state",
            "Call your function twice. Does the second result contain the first?",
            (
                "def to_x(grad):\n    full = np.zeros(shape, dtype)\n",
                "full = np.zeros(shape, dtype)\n\ndef to_x(grad):\n",
            ),
        ),
        "in the shape of the result": Wrong(
            "wrong shape",
            "Your zeros have a shape: is it that of x, or that of what was picked?",
            ("np.zeros(shape, dtype)", "np.zeros(np.shape(grad), dtype)"),
        ),
        "adds to x": Wrong(
            "wrong formula",
            "What gradient does an entry get that was never picked?",
            ("full = np.zeros(shape, dtype)", "full = x.copy()"),
        ),
        "an empty array": Wrong(
            "empty result", "How many entries does your gradient have?", ("return full", "return full[:0]")
        ),
        "no return": Wrong("no return", "What does your inner function give back?", ("    return full\n", "")),
    },
    "matmul_gradient": {
        "not transposed": Wrong(
            "missing term",
            "G is (n, m) and B is (k, m). Which of their axes meet in your product?",
            (MATRICES, "grad @ b, lambda grad: a @ grad"),
        ),
        "T reverses a stack": Wrong(
            "wrong axis",
            "What is the shape of b.T when b is a stack of shape (2, 4, 5)?",
            (MATRICES, "grad @ b.T, lambda grad: a.T @ grad"),
        ),
        "exchanged": Wrong(
            "swapped operands",
            "Compare the shape of each gradient with the shape of the matrix it belongs to.",
            (MATRICES, "a.swapaxes(-1, -2) @ grad, lambda grad: grad @ b.swapaxes(-1, -2)"),
        ),
        "on the wrong side": Wrong(
            "wrong order",
            "For the gradient of b, which matrix must be on the left to give the shape (k, m)?",
            ("a.swapaxes(-1, -2) @ grad", "grad @ a.swapaxes(-1, -2)"),
        ),
        "the transposed result": Wrong(
            "wrong shape",
            "Is your second gradient (k, m), or (m, k)?",
            ("a.swapaxes(-1, -2) @ grad", "grad.swapaxes(-1, -2) @ a"),
        ),
        "element by element": Wrong(
            "wrong formula",
            "The text sums over j. Over what do you sum, and when do you multiply by grad?",
            ("grad @ b.swapaxes(-1, -2)", "grad * b.sum(-1)"),
        ),
        "forgets what came in": Wrong(
            "ignored argument",
            FORGETS_UPSTREAM,
            ("grad @ b.swapaxes(-1, -2)", "np.ones_like(grad) @ b.swapaxes(-1, -2)"),
        ),
        "sums over the stack": Wrong(
            "wrong axis",
            "In a stack of two products, does the first product depend on the second matrix?",
            (
                "a.swapaxes(-1, -2) @ grad",
                "np.array([sum(a.swapaxes(-1, -2) @ grad)] * 2) if a.ndim > 2 else a.T @ grad",
            ),
        ),
        "empty arrays": Wrong(
            "empty result",
            "How many entries do your gradients have?",
            (MATRICES, "(grad @ b.swapaxes(-1, -2))[:0], lambda grad: (a.swapaxes(-1, -2) @ grad)[:0]"),
        ),
        "an axis too many": Wrong(
            "wrong shape",
            "Compare the shape of each gradient with the shape of the matrix it belongs to.",
            (MATRICES, "(grad @ b.swapaxes(-1, -2))[None], lambda grad: (a.swapaxes(-1, -2) @ grad)[None]"),
        ),
    },
    "relu_gradient": {
        "0 passes": Wrong(
            "off by one", "What does the text say about the slope at exactly 0?", ("out > 0", "out >= 0")
        ),
        "everything passes": Wrong(
            "missing case", "What does relu do with -2, and what if it becomes -2.1?", ("select(out > 0, grad)", "grad")
        ),
        "the result": Wrong(
            "wrong formula",
            "Does the slope of relu at 3 differ from its slope at 5?",
            ("select(out > 0, grad)", "grad * out"),
        ),
        "the signs of the gradient": Wrong(
            "swapped operands",
            "Which array decides what passes: the one that went forward, or the one that comes back?",
            ("out > 0", "grad > 0"),
        ),
        "only the mask": Wrong("ignored argument", FORGETS_UPSTREAM, ("select(out > 0, grad)", "(out > 0) * 1.0")),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does your result have when grad is float32?",
            ("select(out > 0, grad)", "np.where(out > 0, grad, np.float64(0))"),
        ),
        "multiplies": Wrong(
            "numerical overflow", "What is 0 times infinity?", ("select(out > 0, grad)", "grad * (out > 0)")
        ),
        "no tuple": Wrong(
            "broken structure",
            "What type does your rule return: a tuple, or its only entry?",
            ("(lambda grad: select(out > 0, grad),)", "lambda grad: select(out > 0, grad)"),
        ),
        "writes into grad": Wrong(
            "in-place change",
            "Print grad before and after the call. Does another node still find what it left there?",
            (
                "return (lambda grad: select(out > 0, grad),)",
                "def to_x(grad):\n    grad[out <= 0] = 0\n    return grad\nreturn (to_x,)",
            ),
        ),
        "only what passes": Wrong(
            "wrong shape",
            "Compare the shape of your gradient with the shape of x.",
            ("select(out > 0, grad)", "grad[out > 0]"),
        ),
        "an empty array": Wrong(
            "empty result", "How many entries does your gradient have?", ("select(out > 0, grad)", "np.zeros((0, 1))")
        ),
    },
    "softmax_gradient": {
        "the diagonal alone": Wrong(
            "missing term",
            "If one score grows, what happens to the other probabilities?",
            (SOFTMAX, "grad * out * (1 - out)"),
        ),
        "without p": Wrong(
            "missing term",
            "Every entry of the Jacobian has a factor that your result lacks. Which?",
            (SOFTMAX, "grad - (grad * out).sum(axis=dim, keepdims=True)"),
        ),
        "that of log_softmax": Wrong(
            "wrong formula",
            "Is what you have the slope of the probabilities, or of their logarithms?",
            (SOFTMAX, "grad - out * grad.sum(axis=dim, keepdims=True)"),
        ),
        "an unweighted sum": Wrong(
            "missing term", "In the sum over i, what is g_i multiplied by?", ("(grad * out).sum", "grad.sum")
        ),
        "always the last axis": Wrong(
            "wrong axis", "With dim=0, which numbers sum to 1: those of a row, or of a column?", ("axis=dim", "axis=-1")
        ),
        "over everything": Wrong(
            "wrong axis", "Does the softmax of one row depend on the other rows?", ("axis=dim, keepdims=True", "")
        ),
        "no keepdims": Wrong(
            "missing keepdims",
            "What is the shape of your sum, and how does it broadcast against grad?",
            (", keepdims=True", ""),
        ),
        "plus": Wrong(
            "sign",
            "If all entries of grad are equal, what should the gradient be, and what is yours?",
            ("grad - (grad", "grad + (grad"),
        ),
        "forgets what came in": Wrong("ignored argument", FORGETS_UPSTREAM, (SOFTMAX, "out * (1 - out) + 0 * grad")),
        "writes into grad": Wrong(
            "in-place change",
            "Print grad before and after the call. Does another node still find what it left there?",
            "def to_x(grad):\n    grad -= (grad * out).sum(axis=dim, keepdims=True)\n    return grad * out\nreturn (to_x,)",
        ),
        "an empty array": Wrong(
            "empty result", "How many entries does your gradient have?", (SOFTMAX, "np.zeros((0, 1))")
        ),
        "an axis too many": Wrong(
            "wrong shape", "Compare the shape of your gradient with the shape of out.", (SOFTMAX, f"({SOFTMAX})[None]")
        ),
    },
    "cross_entropy_gradient": {
        "the truth minus the prediction": Wrong(
            "sign",
            "If the logit of the target class grows, does the loss grow or shrink?",
            ("error * grad[:, None]", "-error * grad[:, None]"),
        ),
        "probabilities alone": Wrong(
            "missing term",
            "Your gradient has the same form in every column. Where does the target come in?",
            ("error[np.arange(len(target)), target] -= 1", "pass"),
        ),
        "scores instead of probabilities": Wrong(
            "wrong formula", "Does each row of your gradient sum to 0?", ("softmax(logits)", "logits.copy()")
        ),
        "whole columns": Wrong(
            "wrong axis",
            "How many entries does your index select, and how many rows are there?",
            ("error[np.arange(len(target)), target] -= 1", "error[:, target] -= 1"),
        ),
        "forgets what came in": Wrong("ignored argument", FORGETS_UPSTREAM, ("error * grad[:, None]", "error")),
        "grad along the wrong axis": Wrong(
            "missing keepdims",
            "Does the second number of grad multiply the second row, or the second column?",
            ("error * grad[:, None]", "error * (grad if len(grad) == 3 else grad[:, None])"),
        ),
        "averages": Wrong(
            "wrong factor",
            "Each row has its own loss and its own grad. Does a row depend on how many others there are?",
            ("error * grad[:, None]", "error * grad[:, None] / len(target)"),
        ),
        "a gradient for class numbers": Wrong(
            "broken structure",
            "Can a class number move by a millionth?",
            ("to_logits, None", "to_logits, lambda grad: target"),
        ),
        "nothing for class numbers": Wrong(
            "broken structure",
            "How many entries does the tuple have that the text asks for?",
            ("to_logits, None", "(to_logits,)"),
        ),
        "subtracts again at each call": Wrong(
            "stale state",
            "Call your function twice. Are both results the same?",
            (
                "def to_logits(grad):\n    error = softmax(logits)\n",
                "error = softmax(logits)\n\ndef to_logits(grad):\n",
            ),
        ),
        "writes into the logits": Wrong(
            "in-place change",
            "Print the logits before and after the call. Are they still the same?",
            ("error = softmax(logits)", "logits[...] = softmax(logits)\n    error = logits"),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does your result have when the logits are float32?",
            ("error * grad[:, None]", "error.astype(float) * grad[:, None]"),
        ),
        "an empty array": Wrong(
            "empty result",
            "How many rows and columns does your gradient have?",
            ("return error * grad[:, None]", "return np.zeros((0, 1))"),
        ),
        "no return": Wrong("no return", "What does your inner function give back?", ("return error", "error")),
    },
    "record": {
        "records everything": Wrong(
            "missing check", "What happens when none of the inputs requires a gradient?", ("else:\n    return\n", "")
        ),
        "records integers": Wrong(
            "missing check", "What is the slope of a > b?", ('out.array.dtype.kind != "f" or ', "")
        ),
        "records under no_grad": Wrong(
            "missing check",
            "Look at (a * b).grad_fn inside a no_grad block. Is it what you want?",
            (" or not grad_mode.enabled", ""),
        ),
        "results as if they were leaves": Wrong(
            "swapped operands",
            "Where does a gradient go next, if the input was itself computed?",
            ("x.grad_fn or x", "x"),
        ),
        "leaves are lost": Wrong(
            "missing case",
            "What is the grad_fn of a tensor that you created yourself?",
            ("x.grad_fn or x", "x.grad_fn"),
        ),
        "constants are parents": Wrong(
            "missing check",
            "In a * b only a requires a gradient. How many pairs should the node have?",
            (
                "    if isinstance(x, Tensor) and x.requires_grad:\n        pairs",
                "    if isinstance(x, Tensor):\n        pairs",
            ),
        ),
        "numbers are parents": Wrong(
            "missing check",
            "In a * 3, can the 3 receive a gradient?",
            (
                "    if isinstance(x, Tensor) and x.requires_grad:\n        pairs.append((x.grad_fn or x, function))",
                "    pairs.append((getattr(x, 'grad_fn', None) or x, function))",
            ),
        ),
        "the functions of the first inputs": Wrong(
            "broken structure",
            "In b - a only a requires a gradient. Which of the two functions does it get?",
            (
                "zip(inputs, backward)",
                "zip([x for x in inputs if isinstance(x, Tensor) and x.requires_grad], backward)",
            ),
        ),
        "a function for every input": Wrong(
            "too strict",
            "Try softmax(x, 0): how many inputs are there, and how many functions?",
            ("zip(inputs, backward)", "zip(inputs, backward, strict=True)"),
        ),
        "no node": Wrong(
            "graph cut",
            "How does backward get from a result to its inputs?",
            ("out.grad_fn = Node(op, pairs, out.array)", "pass"),
        ),
        "the result does not require a gradient": Wrong(
            "graph cut",
            "The next operation asks each input whether it requires a gradient. What does out say?",
            ("out.requires_grad = True", "pass"),
        ),
        "ignores a rule that came along": Wrong(
            "ignored argument", "What if the op has brought its own functions?", ("if backward is None:", "if True:")
        ),
        "an unknown op is a constant": Wrong(
            "graph cut",
            "A parameter goes through an op without a rule. Who tells you that it never learns?",
            ("rule = gradients.get(op)\n", "rule = gradients.get(op)\n    if rule is None:\n        return\n"),
        ),
        "an unknown op is refused": Wrong(
            "wrong error",
            "Should the forward pass of an op without a rule work?",
            ("gradients.get(op)", "gradients[op]"),
        ),
        "the rule of another op": Wrong(
            "swapped operands",
            "Which op does the error name when you ask for the gradient of arctan2?",
            (UNKNOWN, UNKNOWN.replace("missing_rule(op,", "missing_rule(np.subtract,")),
        ),
        "params are lost": Wrong(
            "ignored argument", "How does the rule for a sum learn along which axis it was?", (", **params)", ")")
        ),
        "rules get tensors": Wrong(
            "swapped operands",
            "Of which type are the gradients that your functions return?",
            ("(out.array, *arrays", "(out, *inputs"),
        ),
    },
    "backward": {
        "the oldest first": Wrong(
            "wrong order",
            "For y + y * x: when y is taken, has every part of its gradient arrived?",
            ("(-parent.sequence_nr, parent)", "(parent.sequence_nr, parent)"),
        ),
        "the latest first": Wrong(
            "wrong order",
            "For y + y * x: when y is taken, has every part of its gradient arrived?",
            "waiting, stack = {tensor.grad_fn: start}, [tensor.grad_fn]\nwhile stack:\n    node = stack.pop()\n"
            "    grad = arrived(node, waiting.pop(node))\n    for parent, function in node.next_functions:\n"
            "        part = fit(function(grad), parent)\n        if isinstance(parent, Tensor):\n"
            "            accumulate(parent, part)\n        elif parent in waiting:\n"
            "            waiting[parent] = waiting[parent] + part\n        else:\n            waiting[parent] = part\n"
            "            stack.append(parent)\n    if not retain_graph:\n        node.next_functions = freed",
        ),
        "without fit": Wrong(
            "wrong shape",
            "A row of shape (2,) was broadcast over two rows. Which shape does its part have?",
            ("if part.shape != parent.shape or part.dtype is not parent.dtype:", "if False:"),
        ),
        "forgets the dtype": Wrong(
            "float64 creep",
            "A float16 tensor meets a float32 one. Which dtype does its part have?",
            (" or part.dtype is not parent.dtype", ""),
        ),
        "forgets the shape": Wrong(
            "wrong shape",
            "A row of shape (2,) was broadcast over two rows. Which shape does its part have?",
            ("part.shape != parent.shape or ", ""),
        ),
        "the last part wins": Wrong(
            "accumulation",
            "A result is used twice. What happens to the part that came first?",
            ("waiting[parent] = waiting[parent] + part", "waiting[parent] = part"),
        ),
        "adds into what others hold": Wrong(
            "in-place change",
            "Both terms of a sum get the same array. What if one of them adds to it?",
            ("waiting[parent] = waiting[parent] + part", "waiting[parent] += part"),
        ),
        "leaves keep only the last": Wrong(
            "accumulation",
            "Call backward twice. What should .grad contain, and what does it?",
            ("accumulate(parent, part)", "parent.grad = Tensor(part)"),
        ),
        "the graph stays": Wrong(
            "missing case",
            "After backward, what still holds the activations in memory?",
            ("if not retain_graph:", "if False:"),
        ),
        "the graph never stays": Wrong(
            "ignored argument",
            "What should a second backward do after retain_graph=True?",
            ("if not retain_graph:", "if True:"),
        ),
        "checks nothing": Wrong(
            "missing check",
            "A rule uses an array that has changed since. Of which numbers is your gradient?",
            ("node.sequence_nr < versions.latest or node.hooks", "False"),
        ),
        "freed nodes are skipped": Wrong(
            "missing check",
            "What happens when you call backward twice on the same loss?",
            (
                "for parent, function in node.next_functions:",
                "for parent, function in () if node.next_functions is freed else node.next_functions:",
            ),
        ),
        "freed nodes are None": Wrong(
            "wrong error",
            "Which error does a second backward raise, and does it say what to do?",
            ("node.next_functions = freed", "node.next_functions = None"),
        ),
        "hooks are not called": Wrong(
            "missing case", "Does a node with hooks always have changed arrays, too?", (" or node.hooks", "")
        ),
        "by recursion": Wrong(
            "extra work",
            "How many paths lead back through twenty doublings, and how many operations are there?",
            """\
def back(node, grad):
    grad = arrived(node, grad)
    for parent, function in node.next_functions:
        part = fit(function(grad), parent)
        accumulate(parent, part) if isinstance(parent, Tensor) else back(parent, part)
    if not retain_graph:
        node.next_functions = freed

back(tensor.grad_fn, start)""",
        ),
        "starts at one": Wrong(
            "ignored argument",
            "What if the caller passes an upstream gradient?",
            ("{tensor.grad_fn: start}", "{tensor.grad_fn: np.ones_like(start)}"),
        ),
    },
    "answer_graph_bytes": {
        "float64": Wrong("wrong factor", "How many bytes has a float32?", ("4 * 64", "8 * 64")),
        "numbers, not bytes": Wrong("wrong factor", "Did you count numbers, or bytes?", ("4 * 64", "64")),
        "one image": Wrong("missing term", "How many images are in the batch?", ("4 * 64", "4")),
        "outputs instead of inputs": Wrong(
            "off by one", "Does any rule need the ten outputs of the last layer?", ("784 + 256 + 128", "256 + 128 + 10")
        ),
        "relu's inputs as well": Wrong(
            "duplicate",
            "Is what relu keeps another array than what the next linear layer keeps?",
            ("784 + 256 + 128", "784 + 2 * 256 + 2 * 128"),
        ),
        "forgets the images": Wrong(
            "missing term",
            "What does the rule of the first linear layer need for its weight's gradient?",
            ("784 + 256 + 128", "256 + 128"),
        ),
    },
}


MATMUL = "return (lambda grad: grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad)"
STALE = "if node.sequence_nr < versions.latest or node.hooks:"
QUEUE = "waiting, queue = ({tensor.grad_fn: start}, [(-tensor.grad_fn.sequence_nr, tensor.grad_fn)])"
EQUIVALENT = {
    "matmul_gradient": {
        f"{MATMUL} -> {MATMUL.replace(old, new)}": "which of two axes comes first makes no difference to a swap"
        for old, new in (("b.swapaxes(-1, -2)", "b.swapaxes(-2, -1)"), ("a.swapaxes(-1, -2)", "a.swapaxes(-2, -1)"))
    },
    "softmax_gradient": {
        f"return (lambda grad: {SOFTMAX},) -> return (lambda grad: {SOFTMAX.replace('True', '2')},)": "2 is as true as True",
    },
    "record": {"out.requires_grad = True -> out.requires_grad = 2": "2 is as true as True"},
    "backward": {
        f"{STALE} -> {STALE.replace('<', '<=')}": "one clock numbers nodes and changes, so that no two numbers are equal",
        f"{QUEUE} -> {QUEUE.replace('-', '')}": "the first node is alone in the heap, so that its key doesn't matter",
    },
}
