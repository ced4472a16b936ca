"""Right and wrong solutions of module 05: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "numerical_gradient": {
        "divides by one step": Wrong("", "", ("/ (2 * eps)", "/ eps")),
        "in one direction": Wrong("", "", ("moved[place] = x[place] - eps", "moved[place] = x[place]")),
        "the wrong way round": Wrong("", "", ("above - f(moved)", "f(moved) - above")),
        "leaves the others moved": Wrong(
            "",
            "",
            (
                "for place in np.ndindex(x.shape):\n    moved = x.copy()",
                "moved = x.copy()\nfor place in np.ndindex(x.shape):",
            ),
        ),
        "changes x": Wrong("", "", ("moved = x.copy()", "moved = x")),
        "moves everything at once": Wrong("", "", ("moved[place] = x[place] +", "moved[...] = x +")),
        "one axis only": Wrong("", "", ("np.ndindex(x.shape)", "range(len(x))")),
        "its own eps": Wrong("", "", ("x[place] + eps", "x[place] + 1e-6")),
    },
    "add_gradient": {
        "half each": Wrong(
            "", "", ("lambda grad: grad, lambda grad: grad", "lambda grad: grad / 2, lambda grad: grad / 2")
        ),
        "the summands": Wrong("", "", ("lambda grad: grad, lambda grad: grad", "lambda grad: a, lambda grad: b")),
        "forgets what came in": Wrong(
            "", "", ("lambda grad: grad, lambda grad: grad", "lambda grad: 1.0, lambda grad: 1.0")
        ),
        "only the first": Wrong("", "", ("lambda grad: grad, lambda grad: grad", "lambda grad: grad, None")),
        "one for both": Wrong("", "", ("lambda grad: grad, lambda grad: grad", "lambda grad: grad")),
        "one function that returns both": Wrong(
            "", "", ("lambda grad: grad, lambda grad: grad", "lambda grad: (grad, grad)")
        ),
    },
    "multiply_gradient": {
        "each gets itself": Wrong("", "", ("grad * b, lambda grad: grad * a", "grad * a, lambda grad: grad * b")),
        "forgets what came in": Wrong("", "", ("grad * b, lambda grad: grad * a", "b, lambda grad: a")),
        "both get the product": Wrong(
            "", "", ("grad * b, lambda grad: grad * a", "grad * out, lambda grad: grad * out")
        ),
        "divides the product": Wrong(
            "", "", ("grad * b, lambda grad: grad * a", "grad * out / a, lambda grad: grad * out / b")
        ),
        "as if it were a sum": Wrong("", "", ("grad * b, lambda grad: grad * a", "grad, lambda grad: grad")),
        "the first only": Wrong("", "", ("lambda grad: grad * a", "None")),
        "one function that returns both": Wrong(
            "",
            "",
            (
                "lambda grad: grad * b, lambda grad: grad * a",
                "lambda grad: (grad * b, grad * a)",
            ),
        ),
    },
    "sum_gradient": {
        "not expanded": Wrong("", "", ("if axis is not None and not keepdims:", "if False:")),
        "expands also what is still there": Wrong("", "", (" and not keepdims", "")),
        "expands also when all were summed": Wrong("", "", ("axis is not None and not keepdims", "not keepdims")),
        "divides, as for a mean": Wrong(
            "", "", ("np.broadcast_to(grad, shape)", "np.broadcast_to(grad, shape) / x.size")
        ),
        "not stretched": Wrong("", "", ("np.broadcast_to(grad, shape)", "grad")),
        "always along axis 0": Wrong("", "", ("np.expand_dims(grad, axis)", "np.expand_dims(grad, 0)")),
        "times x": Wrong("", "", ("np.broadcast_to(grad, shape)", "grad * (x + 1)")),
        "no tuple": Wrong("", "", ("(to_x,)", "to_x")),
    },
    "getitem_gradient": {
        "the last one wins": Wrong("", "", ("add_at(full, index, grad)", "full[index] = grad")),
        "adds only once": Wrong("", "", ("add_at(full, index, grad)", "full[index] += grad")),
        "picks from the gradient": Wrong("", "", ("add_at(full, index, grad)\n    return full", "return grad[index]")),
        "float64": Wrong("", "", ("np.zeros(shape, dtype)", "np.zeros(shape)")),
        "zeros that stay": Wrong(
            "",
            "",
            (
                "def to_x(grad):\n    full = np.zeros(shape, dtype)\n",
                "full = np.zeros(shape, dtype)\n\ndef to_x(grad):\n",
            ),
        ),
        "in the shape of the result": Wrong("", "", ("np.zeros(shape, dtype)", "np.zeros(np.shape(grad), dtype)")),
        "adds to x": Wrong("", "", ("full = np.zeros(shape, dtype)", "full = x.copy()")),
    },
    "matmul_gradient": {
        "not transposed": Wrong(
            "",
            "",
            (
                "grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad",
                "grad @ b, lambda grad: a @ grad",
            ),
        ),
        "T turns a stack around": Wrong(
            "",
            "",
            (
                "grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad",
                "grad @ b.T, lambda grad: a.T @ grad",
            ),
        ),
        "exchanged": Wrong(
            "",
            "",
            (
                "grad @ b.swapaxes(-1, -2), lambda grad: a.swapaxes(-1, -2) @ grad",
                "a.swapaxes(-1, -2) @ grad, lambda grad: grad @ b.swapaxes(-1, -2)",
            ),
        ),
        "on the wrong side": Wrong("", "", ("a.swapaxes(-1, -2) @ grad", "grad @ a.swapaxes(-1, -2)")),
        "the transposed result": Wrong("", "", ("a.swapaxes(-1, -2) @ grad", "grad.swapaxes(-1, -2) @ a")),
        "element by element": Wrong("", "", ("grad @ b.swapaxes(-1, -2)", "grad * b.sum(-1)")),
        "forgets what came in": Wrong("", "", ("grad @ b.swapaxes(-1, -2)", "np.ones_like(grad) @ b.swapaxes(-1, -2)")),
    },
    "relu_gradient": {
        "0 passes": Wrong("", "", ("out > 0", "out >= 0")),
        "everything passes": Wrong("", "", ("select(out > 0, grad)", "grad")),
        "the result": Wrong("", "", ("select(out > 0, grad)", "grad * out")),
        "the signs of the gradient": Wrong("", "", ("out > 0", "grad > 0")),
        "only the mask": Wrong("", "", ("select(out > 0, grad)", "(out > 0) * 1.0")),
        "float64": Wrong("", "", ("select(out > 0, grad)", "np.where(out > 0, grad, np.float64(0))")),
        "multiplies": Wrong("", "", ("select(out > 0, grad)", "grad * (out > 0)")),
        "no tuple": Wrong("", "", ("(lambda grad: select(out > 0, grad),)", "lambda grad: select(out > 0, grad)")),
        "writes into grad": Wrong(
            "",
            "",
            (
                "return (lambda grad: select(out > 0, grad),)",
                "def to_x(grad):\n    grad[out <= 0] = 0\n    return grad\nreturn (to_x,)",
            ),
        ),
    },
    "softmax_gradient": {
        "the diagonal alone": Wrong(
            "", "", ("out * (grad - (grad * out).sum(axis=dim, keepdims=True))", "grad * out * (1 - out)")
        ),
        "like sigmoid, without p": Wrong(
            "",
            "",
            (
                "out * (grad - (grad * out).sum(axis=dim, keepdims=True))",
                "grad - (grad * out).sum(axis=dim, keepdims=True)",
            ),
        ),
        "that of log_softmax": Wrong(
            "",
            "",
            (
                "out * (grad - (grad * out).sum(axis=dim, keepdims=True))",
                "grad - out * grad.sum(axis=dim, keepdims=True)",
            ),
        ),
        "an unweighted sum": Wrong("", "", ("(grad * out).sum", "grad.sum")),
        "always the last axis": Wrong("", "", ("axis=dim", "axis=-1")),
        "over everything": Wrong("", "", ("axis=dim, keepdims=True", "")),
        "plus": Wrong("", "", ("grad - (grad", "grad + (grad")),
        "forgets what came in": Wrong(
            "",
            "",
            (
                "out * (grad - (grad * out).sum(axis=dim, keepdims=True))",
                "out * (1 - out) + 0 * grad",
            ),
        ),
    },
    "cross_entropy_gradient": {
        "the truth minus the network": Wrong("", "", ("share * grad[:, None]", "-share * grad[:, None]")),
        "probabilities alone": Wrong("", "", ("share[np.arange(len(target)), target] -= 1", "pass")),
        "scores instead of probabilities": Wrong("", "", ("softmax(logits)", "logits.copy()")),
        "whole columns": Wrong("", "", ("share[np.arange(len(target)), target] -= 1", "share[:, target] -= 1")),
        "forgets what came in": Wrong("", "", ("share * grad[:, None]", "share")),
        "grad along the wrong axis": Wrong(
            "", "", ("share * grad[:, None]", "share * (grad if len(grad) == 3 else grad[:, None])")
        ),
        "averages": Wrong("", "", ("share * grad[:, None]", "share * grad[:, None] / len(target)")),
        "a gradient for class numbers": Wrong("", "", ("to_logits, None", "to_logits, lambda grad: target")),
        "subtracts again at each call": Wrong(
            "",
            "",
            (
                "def to_logits(grad):\n    share = softmax(logits)\n",
                "share = softmax(logits)\n\ndef to_logits(grad):\n",
            ),
        ),
    },
    "record": {
        "records everything": Wrong("", "", ("else:\n    return\n", "")),
        "records integers": Wrong("", "", ('out.array.dtype.kind != "f" or ', "")),
        "records under no_grad": Wrong("", "", (" or not grad_mode.enabled", "")),
        "results as if they were leaves": Wrong("", "", ("x.grad_fn or x", "x")),
        "results forget where they came from": Wrong("", "", ("x.grad_fn or x", "x.grad_fn")),
        "constants are parents": Wrong(
            "",
            "",
            (
                "    if isinstance(x, Tensor) and x.requires_grad:\n        pairs",
                "    if isinstance(x, Tensor):\n        pairs",
            ),
        ),
        "numbers are parents": Wrong(
            "",
            "",
            (
                "    if isinstance(x, Tensor) and x.requires_grad:\n        pairs.append((x.grad_fn or x, function))",
                "    pairs.append((getattr(x, 'grad_fn', None) or x, function))",
            ),
        ),
        "the functions of the first inputs": Wrong(
            "",
            "",
            (
                "zip(inputs, backward)",
                "zip([x for x in inputs if isinstance(x, Tensor) and x.requires_grad], backward)",
            ),
        ),
        "no node": Wrong("", "", ("out.grad_fn = Node(op, pairs, out.array)", "pass")),
        "the result does not require a gradient": Wrong("", "", ("out.requires_grad = True", "pass")),
        "ignores a rule that came along": Wrong("", "", ("if backward is None:", "if True:")),
        "an unknown op is a constant": Wrong(
            "",
            "",
            (
                "rule = gradients.get(op)\n",
                "rule = gradients.get(op)\n    if rule is None:\n        return\n",
            ),
        ),
        "an unknown op is refused": Wrong("", "", ("gradients.get(op)", "gradients[op]")),
        "params are lost": Wrong("", "", (", **params)", ")")),
        "rules get tensors": Wrong("", "", ("(out.array, *arrays", "(out, *inputs")),
    },
    "backward": {
        "the oldest first": Wrong("", "", ("(-parent.sequence_nr, parent)", "(parent.sequence_nr, parent)")),
        "without sum_to_shape": Wrong(
            "", "", ("if part.shape != parent.shape or part.dtype is not parent.dtype:", "if False:")
        ),
        "forgets the dtype": Wrong("", "", (" or part.dtype is not parent.dtype", "")),
        "forgets the shape": Wrong("", "", ("part.shape != parent.shape or ", "")),
        "the last part wins": Wrong("", "", ("waiting[parent] = waiting[parent] + part", "waiting[parent] = part")),
        "adds into what others hold": Wrong(
            "", "", ("waiting[parent] = waiting[parent] + part", "waiting[parent] += part")
        ),
        "leaves keep only the last": Wrong("", "", ("accumulate(parent, part)", "parent.grad = Tensor(part)")),
        "the graph stays": Wrong("", "", ("if not retain_graph:", "if False:")),
        "the graph never stays": Wrong("", "", ("if not retain_graph:", "if True:")),
        "checks nothing": Wrong("", "", ("node.sequence_nr < versions.latest or node.hooks", "False")),
        "freed nodes are skipped": Wrong(
            "",
            "",
            (
                "if node.sequence_nr < versions.latest or node.hooks:\n        grad = arrived(node, grad)",
                "if node.next_functions is None:\n        continue",
            ),
        ),
        "hooks are not called": Wrong("", "", (" or node.hooks", "")),
        "by recursion": Wrong(
            "",
            "",
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
        "starts at one": Wrong("", "", ("{tensor.grad_fn: start}", "{tensor.grad_fn: np.ones_like(start)}")),
    },
    "answer_graph_bytes": {
        "float64": Wrong("", "", ("4 * 64", "8 * 64")),
        "numbers, not bytes": Wrong("", "", ("4 * 64", "64")),
        "one image": Wrong("", "", ("4 * 64", "4")),
        "outputs instead of inputs": Wrong("", "", ("784 + 256 + 128", "256 + 128 + 10")),
        "relu's inputs as well": Wrong("", "", ("784 + 256 + 128", "784 + 2 * 256 + 2 * 128")),
        "forgets the images": Wrong("", "", ("784 + 256 + 128", "256 + 128")),
    },
}
