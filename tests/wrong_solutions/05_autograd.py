"""Plausible wrong solutions of module 05: exercise -> what is wrong -> a body, or (old, new) in the reference's body.

The exercise's own tests must reject every one.
"""

WRONG = {
    "numerical_gradient": {
        "divides by one step": ("/ (2 * eps)", "/ eps"),
        "in one direction": ("moved[place] = x[place] - eps", "moved[place] = x[place]"),
        "the wrong way round": ("above - f(moved)", "f(moved) - above"),
        "leaves the others moved": (
            "for place in np.ndindex(x.shape):\n    moved = x.copy()",
            "moved = x.copy()\nfor place in np.ndindex(x.shape):",
        ),
        "changes x": ("moved = x.copy()", "moved = x"),
        "moves everything at once": ("moved[place] = x[place] +", "moved[...] = x +"),
        "one axis only": ("np.ndindex(x.shape)", "range(len(x))"),
        "its own eps": ("x[place] + eps", "x[place] + 1e-6"),
    },
    "add_gradient": {
        "half each": ("lambda grad: grad, lambda grad: grad", "lambda grad: grad / 2, lambda grad: grad / 2"),
        "the summands": ("lambda grad: grad, lambda grad: grad", "lambda grad: a, lambda grad: b"),
        "forgets what came in": ("lambda grad: grad, lambda grad: grad", "lambda grad: 1.0, lambda grad: 1.0"),
        "only the first": ("lambda grad: grad, lambda grad: grad", "lambda grad: grad, None"),
        "one for both": ("lambda grad: grad, lambda grad: grad", "lambda grad: grad"),
        "one function that returns both": ("lambda grad: grad, lambda grad: grad", "lambda grad: (grad, grad)"),
    },
    "multiply_gradient": {
        "each gets itself": ("grad * b, lambda grad: grad * a", "grad * a, lambda grad: grad * b"),
        "forgets what came in": ("grad * b, lambda grad: grad * a", "b, lambda grad: a"),
        "both get the product": ("grad * b, lambda grad: grad * a", "grad * out, lambda grad: grad * out"),
        "divides the product": ("grad * b, lambda grad: grad * a", "grad * out / a, lambda grad: grad * out / b"),
        "as if it were a sum": ("grad * b, lambda grad: grad * a", "grad, lambda grad: grad"),
        "the first only": ("lambda grad: grad * a", "None"),
        "one function that returns both": (
            "lambda grad: grad * b, lambda grad: grad * a",
            "lambda grad: (grad * b, grad * a)",
        ),
    },
    "sum_gradient": {
        "not expanded": ("if axis is not None and not keepdims:", "if False:"),
        "expands also what is still there": (" and not keepdims", ""),
        "expands also when all were summed": ("axis is not None and not keepdims", "not keepdims"),
        "divides, as for a mean": ("np.broadcast_to(grad, shape)", "np.broadcast_to(grad, shape) / x.size"),
        "not stretched": ("np.broadcast_to(grad, shape)", "grad"),
        "always along axis 0": ("np.expand_dims(grad, axis)", "np.expand_dims(grad, 0)"),
        "times x": ("np.broadcast_to(grad, shape)", "grad * (x + 1)"),
        "no tuple": ("(to_x,)", "to_x"),
    },
    "getitem_gradient": {
        "the last one wins": ("add_at(full, index, grad)", "full[index] = grad"),
        "adds only once": ("add_at(full, index, grad)", "full[index] += grad"),
        "picks from the gradient": ("add_at(full, index, grad)\n    return full", "return grad[index]"),
        "float64": ("np.zeros(shape, dtype)", "np.zeros(shape)"),
        "zeros that stay": (
            "def to_x(grad):\n    full = np.zeros(shape, dtype)\n",
            "full = np.zeros(shape, dtype)\n\ndef to_x(grad):\n",
        ),
        "in the shape of the result": ("np.zeros(shape, dtype)", "np.zeros(np.shape(grad), dtype)"),
        "adds to x": ("full = np.zeros(shape, dtype)", "full = x.copy()"),
    },
    "matmul_gradient": {
        "not transposed": (
            "grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad",
            "grad @ b, lambda grad: a @ grad",
        ),
        "T turns a stack around": (
            "grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad",
            "grad @ b.T, lambda grad: a.T @ grad",
        ),
        "exchanged": (
            "grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad",
            "a.swapaxes(-1, -2) @ grad, lambda grad: grad @ b.swapaxes(-1, -2)",
        ),
        "on the wrong side": ("a.swapaxes(-1, -2) @ grad", "grad @ a.swapaxes(-1, -2)"),
        "the transposed result": ("a.swapaxes(-1, -2) @ grad", "grad.swapaxes(-1, -2) @ a"),
        "element by element": ("grad @ b.swapaxes(-1, -2)", "grad * b.sum(-1)"),
        "forgets what came in": ("grad @ b.swapaxes(-1, -2)", "np.ones_like(grad) @ b.swapaxes(-1, -2)"),
    },
    "relu_gradient": {
        "0 passes": ("out > 0", "out >= 0"),
        "everything passes": ("select(out > 0, grad)", "grad"),
        "the result": ("select(out > 0, grad)", "grad * out"),
        "the signs of the gradient": ("out > 0", "grad > 0"),
        "only the mask": ("select(out > 0, grad)", "(out > 0) * 1.0"),
        "float64": ("select(out > 0, grad)", "np.where(out > 0, grad, np.float64(0))"),
        "multiplies": ("select(out > 0, grad)", "grad * (out > 0)"),
        "no tuple": ("(lambda grad: select(out > 0, grad),)", "lambda grad: select(out > 0, grad)"),
        "writes into grad": (
            "return (lambda grad: select(out > 0, grad),)",
            "def to_x(grad):\n    grad[out <= 0] = 0\n    return grad\nreturn (to_x,)",
        ),
    },
    "softmax_gradient": {
        "the diagonal alone": ("out * (grad - (grad * out).sum(axis=dim, keepdims=True))", "grad * out * (1 - out)"),
        "like sigmoid, without p": (
            "out * (grad - (grad * out).sum(axis=dim, keepdims=True))",
            "grad - (grad * out).sum(axis=dim, keepdims=True)",
        ),
        "that of log_softmax": (
            "out * (grad - (grad * out).sum(axis=dim, keepdims=True))",
            "grad - out * grad.sum(axis=dim, keepdims=True)",
        ),
        "an unweighted sum": ("(grad * out).sum", "grad.sum"),
        "always the last axis": ("axis=dim", "axis=-1"),
        "over everything": ("axis=dim, keepdims=True", ""),
        "plus": ("grad - (grad", "grad + (grad"),
        "forgets what came in": (
            "out * (grad - (grad * out).sum(axis=dim, keepdims=True))",
            "out * (1 - out) + 0 * grad",
        ),
    },
    "cross_entropy_gradient": {
        "the truth minus the network": ("share * grad[:, None]", "-share * grad[:, None]"),
        "probabilities alone": ("share[np.arange(len(target)), target] -= 1", "pass"),
        "scores instead of probabilities": ("softmax(logits)", "logits.copy()"),
        "whole columns": ("share[np.arange(len(target)), target] -= 1", "share[:, target] -= 1"),
        "forgets what came in": ("share * grad[:, None]", "share"),
        "grad along the wrong axis": ("share * grad[:, None]", "share * (grad if len(grad) == 3 else grad[:, None])"),
        "averages": ("share * grad[:, None]", "share * grad[:, None] / len(target)"),
        "a gradient for class numbers": ("to_logits, None", "to_logits, lambda grad: target"),
        "subtracts again at each call": (
            "def to_logits(grad):\n    share = softmax(logits)\n",
            "share = softmax(logits)\n\ndef to_logits(grad):\n",
        ),
    },
    "record": {
        "records everything": ("else:\n    return\n", ""),
        "records integers": ('out.array.dtype.kind != "f" or ', ""),
        "records under no_grad": (" or not grad_mode.enabled", ""),
        "results as if they were leaves": ("x.grad_fn or x", "x"),
        "results forget where they came from": ("x.grad_fn or x", "x.grad_fn"),
        "constants are parents": (
            "    if isinstance(x, Tensor) and x.requires_grad:\n        pairs",
            "    if isinstance(x, Tensor):\n        pairs",
        ),
        "numbers are parents": (
            "    if isinstance(x, Tensor) and x.requires_grad:\n        pairs.append((x.grad_fn or x, function))",
            "    pairs.append((getattr(x, 'grad_fn', None) or x, function))",
        ),
        "the functions of the first inputs": (
            "zip(inputs, backward)",
            "zip([x for x in inputs if isinstance(x, Tensor) and x.requires_grad], backward)",
        ),
        "no node": ("out.grad_fn = Node(op, pairs, out.array)", "pass"),
        "the result does not require a gradient": ("out.requires_grad = True", "pass"),
        "ignores a rule that came along": ("if backward is None:", "if True:"),
        "an unknown op is a constant": (
            "rule = gradients.get(op)\n",
            "rule = gradients.get(op)\n    if rule is None:\n        return\n",
        ),
        "an unknown op is refused": ("gradients.get(op)", "gradients[op]"),
        "params are lost": (", **params)", ")"),
        "rules get tensors": ("(out.array, *arrays", "(out, *inputs"),
    },
    "backward": {
        "the oldest first": ("(-parent.sequence_nr, parent)", "(parent.sequence_nr, parent)"),
        "without sum_to_shape": ("if part.shape != parent.shape or part.dtype is not parent.dtype:", "if False:"),
        "forgets the dtype": (" or part.dtype is not parent.dtype", ""),
        "forgets the shape": ("part.shape != parent.shape or ", ""),
        "the last part wins": ("waiting[parent] = waiting[parent] + part", "waiting[parent] = part"),
        "adds into what others hold": ("waiting[parent] = waiting[parent] + part", "waiting[parent] += part"),
        "leaves keep only the last": ("accumulate(parent, part)", "parent.grad = Tensor(part)"),
        "the graph stays": ("if not retain_graph:", "if False:"),
        "the graph never stays": ("if not retain_graph:", "if True:"),
        "checks nothing": ("node.sequence_nr < versions.latest or node.hooks", "False"),
        "freed nodes are skipped": (
            "if node.sequence_nr < versions.latest or node.hooks:\n        grad = arrived(node, grad)",
            "if node.next_functions is None:\n        continue",
        ),
        "hooks are not called": (" or node.hooks", ""),
        "by recursion": """\
def back(node, grad):
    grad = arrived(node, grad)
    for parent, function in node.next_functions:
        part = fit(function(grad), parent)
        accumulate(parent, part) if isinstance(parent, Tensor) else back(parent, part)
    if not retain_graph:
        node.next_functions = freed

back(tensor.grad_fn, start)""",
        "starts at one": ("{tensor.grad_fn: start}", "{tensor.grad_fn: np.ones_like(start)}"),
    },
    "answer_graph_bytes": {
        "float64": ("4 * 64", "8 * 64"),
        "numbers, not bytes": ("4 * 64", "64"),
        "one image": ("4 * 64", "4"),
        "outputs instead of inputs": ("784 + 256 + 128", "256 + 128 + 10"),
        "relu's inputs as well": ("784 + 256 + 128", "784 + 2 * 256 + 2 * 128"),
        "forgets the images": ("784 + 256 + 128", "256 + 128"),
    },
}
