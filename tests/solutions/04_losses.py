"""Right and wrong solutions of module 04: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "mse_loss": {
        "the error times itself, target first": """\
check_shapes(input, target)
error = target - input
return reduce(error * error, reduction)""",
        "its own checks and reductions": """\
if input.shape != target.shape:
    raise ValueError("the shapes differ")
if reduction not in ("none", "mean", "sum"):
    raise ValueError("unknown reduction")
squares = (input - target).abs() ** 2
if reduction == "none":
    return squares
return squares.sum() if reduction == "sum" else squares.sum() / squares.numel()""",
        "the reduction is checked first": """\
if reduction not in ["mean", "sum", "none"]:
    raise ValueError(f"reduction: {reduction}")
if tuple(input.shape) != tuple(target.shape):
    raise ValueError(f"{input.shape} {target.shape}")
loss = input - target
loss = loss**2
if reduction == "mean":
    loss = loss.mean()
elif reduction == "sum":
    loss = loss.sum()
return loss""",
    },
    "cross_entropy_terms": {
        "row by row": """\
log_p = log_softmax(logits)
losses = []
for i in range(len(target)):
    losses.append(-log_p[i, target[i]])
return np.array(losses, dtype=logits.dtype)""",
        "take_along_axis": """\
log_p = log_softmax(logits, dim=1)
return -np.take_along_axis(log_p, target[:, np.newaxis], axis=1).squeeze(1)""",
        "log-sum-exp minus the target's score": """\
top = np.max(logits, axis=1, keepdims=True)
total = np.sum(np.exp(logits - top), axis=1)
return np.log(total) + top[:, 0] - logits[range(len(logits)), target]""",
        "shifted scores": """\
rows = np.arange(logits.shape[0])
shifted = logits - logits.max(axis=-1, keepdims=True)
return np.log(np.exp(shifted).sum(axis=-1)) - shifted[rows, target]""",
        "one-hot rows": """\
one_hot = np.zeros_like(logits)
one_hot[np.arange(len(target)), target] = 1
return -np.sum(one_hot * log_softmax(logits), axis=-1)""",
        "a list of both indices": """\
log_p = log_softmax(logits)
return -1 * log_p[list(range(len(target))), list(target)]""",
    },
    "cross_entropy": {
        "shape by shape, any() of each bound": """\
if input.ndim != 2:
    raise ValueError("scores must be (N, C)")
if target.ndim != 1 or len(target) != len(input):
    raise ValueError("one class for each row")
if not np.issubdtype(target.dtype, np.integer):
    raise TypeError("integers only")
if (target.array < 0).any() or (target.array > input.shape[1] - 1).any():
    raise IndexError("no such class")
losses = cross_entropy_terms(input, target)
return reduce(losses, reduction)""",
        "a loop over the classes": """\
if len(input.shape) != 2 or len(target.shape) != 1 or input.shape[0] != target.shape[0]:
    raise ValueError(f"{input.shape} and {target.shape}")
if target.dtype.kind not in ("i", "u"):
    raise TypeError(str(target.dtype))
for number in target.tolist():
    if not 0 <= number < input.shape[1]:
        raise IndexError(f"class {number}")
return reduce(cross_entropy_terms(input, target.long()), reduction)""",
        "tensors compare": """\
if input.ndim != 2 or target.ndim != 1 or target.shape[0] != input.shape[0]:
    raise ValueError("wrong shapes")
if target.dtype.kind in "fbc":
    raise TypeError("wrong dtype")
if (target < 0).any().item() or (target >= input.shape[-1]).any().item():
    raise IndexError("out of range")
terms = cross_entropy_terms(input, target)
return terms if reduction == "none" else reduce(terms, reduction)""",
    },
    "binary_cross_entropy_terms": {
        "the formula of the text, in its order": """\
log1p_exp = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
return log1p_exp - logits * target""",
        "logaddexp": "return np.logaddexp(0, logits) - logits * target",
        "both logarithms, weighted": """\
small = np.log1p(np.exp(-np.abs(logits)))
yes = np.maximum(-logits, 0) + small
no = np.maximum(logits, 0) + small
return target * yes + (1 - target) * no""",
        "a safe exponent, then a choice": """\
tail = np.log1p(np.exp(np.where(logits > 0, -logits, logits)))
return np.where(logits > 0, logits + tail, tail) - target * logits""",
        "the smaller of both signs": """\
return np.log1p(np.exp(np.minimum(logits, -logits))) + logits.clip(min=0) - target * logits""",
    },
}


WRONG = {
    "mse_loss": {
        "the square of the mean": Wrong(
            "wrong order",
            "Errors of -1 and 1: what is your loss, and what should it be?",
            ("reduce((input - target) ** 2, reduction)", "reduce(input - target, reduction) ** 2"),
        ),
        "absolute errors": Wrong(
            "wrong formula",
            "How much more does an error of 4 cost than an error of 1?",
            ("(input - target) ** 2", "(input - target).abs()"),
        ),
        "half of the square": Wrong(
            "wrong factor",
            "What does your function return for a single error of 1?",
            ("(input - target) ** 2", "(input - target) ** 2 / 2"),
        ),
        "the root": Wrong(
            "wrong formula",
            "You return a root mean squared error.",
            ("reduce((input - target) ** 2, reduction)", "reduce((input - target) ** 2, reduction).sqrt()"),
        ),
        "shapes are left to broadcasting": Wrong(
            "missing check",
            "How many differences does a column of 3 minus a row of 3 have?",
            ("check_shapes(input, target)", "pass"),
        ),
        "compares lengths only": Wrong(
            "missing check",
            "Which other axes can differ when the lengths agree?",
            ("check_shapes(input, target)", "assert len(input) == len(target)"),
        ),
        "compares sizes only": Wrong(
            "missing check",
            "Can two tensors have equally many entries and different shapes?",
            (
                "check_shapes(input, target)",
                "if input.array.size != target.array.size:\n    raise ValueError(f'{input.shape} {target.shape}')",
            ),
        ),
        "always the mean": Wrong(
            "ignored argument",
            'What do you return for reduction="sum"?',
            (", reduction)", ")"),
            heading="1. Reduction: one number out of many",
        ),
        "any reduction": Wrong(
            "missing check",
            "What happens to a misspelled reduction?",
            (
                "return reduce((input - target) ** 2, reduction)",
                """\
terms = (input - target) ** 2
return terms if reduction == "none" else terms.sum() if reduction == "sum" else terms.mean()""",
            ),
            heading="1. Reduction: one number out of many",
        ),
        "float64 for integer targets": Wrong(
            "float64 creep",
            "What dtype does NumPy give for float32 minus int64?",
            "check_shapes(input, target)\nreturn reduce(Tensor.wrap((input.array - target.array) ** 2), reduction)",
        ),
        "computed on arrays": Wrong(
            "graph cut",
            "Does every operation go through a tensor?",
            "check_shapes(input, target)\nreturn reduce(Tensor((input.array - target.array) ** 2), reduction)",
        ),
        "an axis is kept": Wrong(
            "wrong shape",
            "How many axes does a single number have?",
            (
                "return reduce((input - target) ** 2, reduction)",
                "return reduce((input - target) ** 2, reduction)[None]",
            ),
            heading="1. Reduction: one number out of many",
        ),
        "only the last axis": Wrong(
            "wrong axis",
            "How many numbers are left when a matrix was reduced along one axis?",
            (
                "return reduce((input - target) ** 2, reduction)",
                "terms = reduce((input - target) ** 2, 'none')\n"
                "return terms if reduction == 'none' else getattr(terms, reduction)(dim=-1)",
            ),
            heading="1. Reduction: one number out of many",
        ),
        "empty": Wrong(
            "empty result",
            "How many losses does your tensor hold?",
            ("return reduce", "return Tensor(np.zeros(0))\nreturn reduce"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the loss?", ("return reduce", "reduce")
        ),
    },
    "cross_entropy_terms": {
        "the sign": Wrong("sign", "Can a loss be negative?", ("return -log_softmax", "return log_softmax")),
        "a whole column": Wrong(
            "wrong shape",
            "How many numbers do you take from each row?",
            ("[np.arange(len(target)), target]", "[:, target]"),
        ),
        "rows instead of columns": Wrong(
            "swapped operands",
            "Which of your two indices chooses the row?",
            ("[np.arange(len(target)), target]", "[target, np.arange(len(target)) % 3]"),
        ),
        "along the wrong axis": Wrong(
            "wrong axis", "Do the probabilities of each row add up to 1, or those of each column?", ("dim=-1", "dim=0")
        ),
        "by way of the probability": Wrong(
            "numerical overflow",
            "What is the probability of a score that is 200 below the largest one?",
            ("-log_softmax(logits, dim=-1)", "-np.log(softmax(logits, dim=-1))"),
        ),
        "a tiny number against inf": Wrong(
            "precision loss",
            "What is the largest loss that your function can return?",
            ("-log_softmax(logits, dim=-1)", "-np.log(softmax(logits, dim=-1) + 1e-12)"),
        ),
        "the probability itself": Wrong(
            "wrong formula",
            "How much worse is being sure and wrong than guessing, by your loss?",
            ("-log_softmax(logits, dim=-1)", "1 - softmax(logits, dim=-1)"),
        ),
        "no softmax at all": Wrong(
            "missing term",
            "Does your loss change when the scores of the other classes do?",
            ("-log_softmax(logits, dim=-1)", "-logits"),
        ),
        "already the mean": Wrong(
            "wrong shape",
            "How many losses does a batch of 4 rows have before the reduction?",
            ("target]", "target].mean()"),
        ),
        "bits": Wrong("wrong factor", "What does a coin flip cost in nats?", ("target]", "target] / math.log(2)")),
        "one-hot in float64": Wrong(
            "float64 creep",
            "What dtype does the array have that you multiply with?",
            "return -(log_softmax(logits) * np.eye(logits.shape[1])[target]).sum(axis=1)",
        ),
        "the scores are shifted in place": Wrong(
            "in-place change",
            "Are the scores still the same after your function has run?",
            """\
logits -= logits.max(axis=-1, keepdims=True)
return np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(len(target)), target]""",
        ),
        "no shift": Wrong(
            "numerical overflow",
            "What is the exponential of 1000 in float32?",
            "return np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(len(target)), target]",
        ),
        "an axis is kept": Wrong(
            "wrong shape",
            "Which shape does one number per row have?",
            ("target)), target]", "target)), target][:, None]"),
        ),
        "empty": Wrong(
            "empty result",
            "How many losses does your array hold?",
            ("return -log_softmax", "return np.zeros((0, 1), np.float32)\nreturn -log_softmax"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the losses?", ("return -log", "-log")
        ),
    },
    "cross_entropy": {
        "nothing is checked": Wrong(
            "missing check",
            "What does NumPy take for class -1?",
            "return reduce(cross_entropy_terms(input, target), reduction)",
        ),
        "negative indices": Wrong("missing check", "What does NumPy take for class -1?", ("(target.array < 0) | ", "")),
        "the last class is refused": Wrong(
            "off by one",
            "With three classes, what is the largest index?",
            ("target.array >= classes", "target.array >= classes - 1"),
        ),
        "clipped into the range": Wrong(
            "missing check",
            "Which class does the network learn for a label of -1?",
            "return reduce(cross_entropy_terms(input, Tensor(np.clip(target.array, 0, input.shape[1] - 1))), reduction)",
        ),
        "floats are cut": Wrong(
            "missing check",
            "Which class is 1.7?",
            """\
if input.ndim != 2 or target.shape != input.shape[:1]:
    raise ValueError("shapes")
if ((target.array < 0) | (target.array >= input.shape[1])).any():
    raise IndexError("class")
return reduce(cross_entropy_terms(input, target.long()), reduction)""",
        ),
        "booleans pass": Wrong("missing check", "What does NumPy do with a boolean index?", ('"iu"', '"iub"')),
        "only int64": Wrong(
            "too strict",
            "How many integer dtypes are there?",
            ('target.dtype.kind not in "iu"', "target.dtype != np.int64"),
        ),
        "only signed integers": Wrong("too strict", "How many integer dtypes are there?", ('"iu"', '"i"')),
        "fewer targets than rows": Wrong(
            "missing check",
            "How many rows have a target?",
            ("target.shape != input.shape[:1]", "target.ndim != 1"),
        ),
        "scores of any number of axes": Wrong(
            "missing check", "Where are the classes in scores with three axes?", ("input.ndim != 2 or ", "")
        ),
        "columns of indices": Wrong(
            "missing check",
            "Which shape do N rows and a column of N indices have together?",
            ("target.shape != input.shape[:1]", "target.shape[:1] != input.shape[:1]"),
        ),
        "always the mean": Wrong(
            "ignored argument",
            'What do you return for reduction="sum"?',
            (", reduction)", ")"),
            heading="1. Reduction: one number out of many",
        ),
        "always ValueError": Wrong(
            "wrong error",
            "Which of the three errors in the docstring is for a class that doesn't exist?",
            ("raise IndexError", "raise ValueError"),
        ),
        "the range before the dtype": Wrong(
            "wrong error",
            "Which error do you raise for class indices that are floats?",
            ('raise TypeError(f"class', 'raise ValueError(f"class'),
        ),
        "computed on arrays": Wrong(
            "graph cut",
            "Does the op get tensors, or their arrays?",
            (
                "reduce(cross_entropy_terms(input, target), reduction)",
                "reduce(Tensor(cross_entropy_terms(input.array, target.array)), reduction)",
            ),
        ),
        "an axis is kept": Wrong(
            "wrong shape",
            "How many axes does a single number have?",
            (
                "return reduce(cross_entropy_terms(input, target), reduction)",
                "return reduce(cross_entropy_terms(input, target), reduction).reshape(-1)",
            ),
            heading="1. Reduction: one number out of many",
        ),
        "empty": Wrong(
            "empty result",
            "How many losses does your tensor hold?",
            ("return reduce", "return Tensor(np.zeros(0))\nreturn reduce"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the loss?", ("return reduce", "reduce")
        ),
    },
    "binary_cross_entropy_terms": {
        "by way of the probability": Wrong(
            "numerical overflow",
            "What is sigmoid(17) in float32?",
            """\
p = sigmoid(logits)
return -target * np.log(p) - (1 - target) * np.log(1 - p)""",
        ),
        "clipped at 1e-7": Wrong(
            "precision loss",
            "What is the largest loss that your function can return?",
            """\
p = np.clip(sigmoid(logits), 1e-7, 1 - 1e-7)
return -target * np.log(p) - (1 - target) * np.log(1 - p)""",
        ),
        "the formula, literally": Wrong(
            "numerical overflow",
            "What is the exponential of 1000 in float32?",
            "return np.log1p(np.exp(logits)) - logits * target",
        ),
        "safe for one sign": Wrong(
            "numerical overflow",
            "What do you exponentiate for a score of -1000?",
            "return logits + np.log1p(np.exp(-logits)) - logits * target",
        ),
        "both forms, then a choice": Wrong(
            "numerical overflow",
            "Does np.where skip the branch that it does not choose?",
            """\
yes, no = np.log1p(np.exp(logits)), logits + np.log1p(np.exp(-logits))
return np.where(logits > 0, no, yes) - logits * target""",
        ),
        "no log1p": Wrong(
            "precision loss",
            "What is 1 plus 2e-9 in float32?",
            ("np.log1p(np.exp(-np.abs(logits)))", "np.log(1 + np.exp(-np.abs(logits)))"),
        ),
        "yes and no exchanged": Wrong(
            "swapped operands",
            "Does a high score cost more for yes, or for no?",
            ("logits * target", "logits * (1 - target)"),
        ),
        "targets are rounded": Wrong(
            "wrong formula",
            "What does a target of 0.25 cost?",
            ("logits * target", "logits * np.round(target)"),
        ),
        "targets are a choice": Wrong(
            "missing case",
            "Which targets are there besides 0 and 1?",
            ("logits * target", "np.where(target == 1, logits, np.zeros_like(logits))"),
        ),
        "the target is left out": Wrong(
            "missing term", "Where does your loss use the target?", (" - logits * target", "")
        ),
        "the absolute value is left out": Wrong(
            "missing case",
            "Is the tail of your logarithm right for negative scores?",
            ("-np.abs(logits)", "-np.maximum(logits, 0)"),
        ),
        "already the mean": Wrong(
            "wrong shape",
            "How many losses do five scores have before the reduction?",
            """\
losses = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
return losses.mean()""",
        ),
        "a column": Wrong(
            "wrong shape",
            "Is the shape of your result that of the scores?",
            ("return np.maximum", "logits, target = logits.reshape(-1, 1), target.reshape(-1, 1)\nreturn np.maximum"),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype do five float32 scores return?",
            ("return np.maximum", "logits = logits.astype(np.float64)\nreturn np.maximum"),
        ),
        "the targets' sign is missing": Wrong(
            "sign", "Does a higher score cost less when the answer is yes?", ("- logits * target", "+ logits * target")
        ),
        "empty": Wrong(
            "empty result",
            "How many losses does your array hold?",
            ("return np.maximum", "return np.zeros((0, 1), np.float32)\nreturn np.maximum"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the losses?", ("return np.max", "np.max")
        ),
    },
    "answer_as_unsure_as": {
        "the logarithm again": Wrong(
            "wrong formula", "Which of the two losses do you use?", ("math.exp(3.5)", "math.log(50257)")
        ),
        "bits": Wrong("wrong factor", "Is the loss in bits, or in nats?", ("math.exp(3.5)", "2**3.5")),
        "a share of all": Wrong(
            "wrong formula", "Is a loss proportional to the number of choices?", ("math.exp(3.5)", "50257 * 3.5 / 10.8")
        ),
        "the difference": Wrong(
            "wrong formula", "What does a guess among that many tokens cost?", ("math.exp(3.5)", "math.exp(10.8 - 3.5)")
        ),
        "the probability": Wrong("sign", "Is your answer a number of tokens?", ("math.exp(3.5)", "math.exp(-3.5)")),
        "nothing comes back": Wrong("no return", "What does the last line do with the number?", ("return ", "")),
    },
}


EQUIVALENT = {
    "mse_loss": {
        "check_shapes(input, target) -> check_shapes(target, input)": "only the order in the message changes",
        "return reduce((input - target) ** 2, reduction) -> return reduce((target - input) ** 2, reduction)": (
            "a square has no sign"
        ),
    },
    "cross_entropy_terms": {
        "return -log_softmax(logits, dim=-1)[np.arange(len(target)), target]"
        " -> return -log_softmax(logits, dim=1)[np.arange(len(target)), target]": "of two axes, 1 is the last",
    },
    "cross_entropy": {
        "outside = target.array[(target.array < 0) | (target.array >= classes)]"
        " -> outside = target.array[(target.array < 0) | (target.array > classes)]": (
            "for an index of C, NumPy raises IndexError by itself"
        ),
    },
    "binary_cross_entropy_terms": {
        "return np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))"
        " -> return np.maximum(0, logits) - logits * target + np.log1p(np.exp(-np.abs(logits)))": (
            "the maximum of two numbers has no order"
        ),
    },
}
