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
        "half each": ("(grad, grad)", "(grad / 2, grad / 2)"),
        "the summands": ("(grad, grad)", "(a, b)"),
        "forgets what came in": ("(grad, grad)", "(1.0, 1.0)"),
        "only the first": ("(grad, grad)", "(grad, None)"),
        "one for both": ("(grad, grad)", "grad"),
    },
    "multiply_gradient": {
        "each gets itself": ("grad * b, grad * a", "grad * a, grad * b"),
        "forgets what came in": ("grad * b, grad * a", "b, a"),
        "both get the product": ("grad * b, grad * a", "grad * out, grad * out"),
        "divides the product": ("grad * b, grad * a", "grad * out / a, grad * out / b"),
        "as if it were a sum": ("grad * b, grad * a", "grad, grad"),
        "the first only": ("grad * b, grad * a", "grad * b, None"),
    },
    "sum_gradient": {
        "not expanded": ("if axis is not None and not keepdims:", "if False:"),
        "expands also what is still there": (" and not keepdims", ""),
        "expands also when all were summed": ("axis is not None and not keepdims", "not keepdims"),
        "divides, as for a mean": ("np.broadcast_to(grad, shape),", "np.broadcast_to(grad, shape) / x.size,"),
        "not stretched": ("np.broadcast_to(grad, shape),", "grad,"),
        "always along axis 0": ("np.expand_dims(grad, axis)", "np.expand_dims(grad, 0)"),
        "times x": ("np.broadcast_to(grad, shape),", "grad * (x + 1),"),
        "no tuple": ("(np.broadcast_to(grad, shape),)", "np.broadcast_to(grad, shape)"),
    },
    "getitem_gradient": {
        "the last one wins": ("np.add.at(full, index, grad)", "full[index] = grad"),
        "adds only once": ("np.add.at(full, index, grad)", "full[index] += grad"),
        "picks from the gradient": ("np.add.at(full, index, grad)\n    return (full,)", "return (grad[index],)"),
        "float64": ("np.zeros(shape, dtype)", "np.zeros(shape)"),
        "zeros that stay": (
            "def backward(grad):\n    full = np.zeros(shape, dtype)\n",
            "full = np.zeros(shape, dtype)\n\ndef backward(grad):\n",
        ),
        "in the shape of the result": ("np.zeros(shape, dtype)", "np.zeros(np.shape(grad), dtype)"),
        "adds to x": ("full = np.zeros(shape, dtype)", "full = x.copy()"),
    },
    "matmul_gradient": {
        "not transposed": ("(grad @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ grad)", "(grad @ b, a @ grad)"),
        "T turns a stack around": (
            "(grad @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ grad)",
            "(grad @ b.T, a.T @ grad)",
        ),
        "exchanged": (
            "(grad @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ grad)",
            "(a.swapaxes(-1, -2) @ grad, grad @ b.swapaxes(-1, -2))",
        ),
        "on the wrong side": ("a.swapaxes(-1, -2) @ grad", "(grad @ a.swapaxes(-1, -2))"),
        "the transposed result": ("a.swapaxes(-1, -2) @ grad", "(grad.swapaxes(-1, -2) @ a)"),
        "element by element": ("grad @ b.swapaxes(-1, -2)", "grad * b.sum(-1)"),
        "forgets what came in": ("grad @ b.swapaxes(-1, -2)", "np.ones_like(grad) @ b.swapaxes(-1, -2)"),
    },
    "relu_gradient": {
        "0 passes": ("out > 0", "out >= 0"),
        "everything passes": ("grad * (out > 0)", "grad"),
        "the result": ("grad * (out > 0)", "grad * out"),
        "the signs of the gradient": ("out > 0", "grad > 0"),
        "only the mask": ("grad * (out > 0)", "(out > 0) * 1.0"),
        "float64": ("grad * (out > 0)", "np.where(out > 0, grad, np.float64(0))"),
        "writes into grad": (
            "return lambda grad: (grad * (out > 0),)",
            "def backward(grad):\n    grad[out <= 0] = 0\n    return (grad,)\nreturn backward",
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
        "the truth minus the network": ("share * grad[:, None], None", "-share * grad[:, None], None"),
        "probabilities alone": ("share[np.arange(len(target)), target] -= 1", "pass"),
        "scores instead of probabilities": ("softmax(logits)", "logits.copy()"),
        "whole columns": ("share[np.arange(len(target)), target] -= 1", "share[:, target] -= 1"),
        "forgets what came in": ("share * grad[:, None]", "share"),
        "grad along the wrong axis": ("share * grad[:, None]", "share * (grad if len(grad) == 3 else grad[:, None])"),
        "averages": ("share * grad[:, None]", "share * grad[:, None] / len(target)"),
        "a gradient for class numbers": (", None", ", target"),
        "subtracts again at each call": (
            "def backward(grad):\n    share = softmax(logits)\n",
            "share = softmax(logits)\n\ndef backward(grad):\n",
        ),
    },
    "record": {
        "notes everything": ("not wanted or ", ""),
        "notes integers": (' or out.array.dtype.kind != "f"', ""),
        "results as if they were leaves": ("x.grad_fn or x", "x"),
        "results forget where they came from": ("x.grad_fn or x", "x.grad_fn"),
        "leaves out those who want nothing": ("        parents.append(None)", "        pass"),
        "constants are parents": ("isinstance(x, Tensor) and x.requires_grad:", "isinstance(x, Tensor):"),
        "no node": ("out.grad_fn = Node(parents, backward, out.array.shape)", "pass"),
        "the result does not want one": ("out.requires_grad = True", "pass"),
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
        "the oldest first": ("(parent.number, parent)", "(-parent.number, parent)"),
        "without sum_to_shape": ("if part.shape != parent.shape:", "if False:"),
        "the last part wins": ("waiting[parent] = waiting[parent] + part", "waiting[parent] = part"),
        "adds into what others hold": ("waiting[parent] = waiting[parent] + part", "waiting[parent] += part"),
        "leaves keep only the last": ("accumulate(parent, part)", "parent.grad = Tensor(part)"),
        "the graph stays": ("if not retain_graph:", "if False:"),
        "the graph never stays": ("if not retain_graph:", "if True:"),
        "a used graph is silent": ("raise RuntimeError(", "return print("),
        "parts are never functions": ("if callable(part):", "if False:"),
        "by recursion": """\
def back(node, grad):
    if node.backward is None:
        raise RuntimeError("used")
    for parent, part in zip(node.parents, node.backward(grad)):
        if parent is not None:
            part = part() if callable(part) else part
            part = part if part.shape == parent.shape else sum_to_shape(part, parent.shape)
            accumulate(parent, part) if isinstance(parent, Tensor) else back(parent, part)
    if not retain_graph:
        node.backward = None

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
