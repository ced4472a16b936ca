"""Plausible wrong solutions of module 04: exercise -> what is wrong -> a body, or (old, new) in the reference's body.

The exercise's own tests must reject every one.
"""

WRONG = {
    "mse_loss": {
        "the square of the mean": (
            "reduce((input - target) ** 2, reduction)",
            "reduce(input - target, reduction) ** 2",
        ),
        "absolute errors": ("(input - target) ** 2", "(input - target).abs()"),
        "half of the square": ("(input - target) ** 2", "(input - target) ** 2 / 2"),
        "the root": ("reduce((input - target) ** 2, reduction)", "reduce((input - target) ** 2, reduction).sqrt()"),
        "shapes are left to broadcasting": ("check_shapes(input, target)", "pass"),
        "compares lengths only": ("check_shapes(input, target)", "assert len(input) == len(target)"),
        "always the mean": (", reduction)", ")"),
        "any reduction": (
            "return reduce((input - target) ** 2, reduction)",
            """\
terms = (input - target) ** 2
return terms if reduction == "none" else terms.sum() if reduction == "sum" else terms.mean()""",
        ),
        "float64 for integer targets": """\
check_shapes(input, target)
return reduce(Tensor.wrap((input.array - target.array) ** 2), reduction)""",
    },
    "cross_entropy_terms": {
        "the sign": ("return -log_softmax", "return log_softmax"),
        "a whole column": ("[np.arange(len(target)), target]", "[:, target]"),
        "rows instead of columns": ("[np.arange(len(target)), target]", "[target, np.arange(len(target)) % 3]"),
        "along the wrong axis": ("dim=-1", "dim=0"),
        "by way of the probability": ("-log_softmax(logits, dim=-1)", "-np.log(softmax(logits, dim=-1))"),
        "a tiny number against inf": ("-log_softmax(logits, dim=-1)", "-np.log(softmax(logits, dim=-1) + 1e-12)"),
        "the probability itself": ("-log_softmax(logits, dim=-1)", "1 - softmax(logits, dim=-1)"),
        "no softmax at all": ("-log_softmax(logits, dim=-1)", "-logits"),
        "already the mean": ("target]", "target].mean()"),
        "bits": ("target]", "target] / np.log(2)"),
        "one-hot in float64": """\
return -(log_softmax(logits) * np.eye(logits.shape[1])[target]).sum(axis=1)""",
    },
    "cross_entropy": {
        "nothing is checked": "return reduce(cross_entropy_terms(input, target), reduction)",
        "negative class numbers": ("(target.array < 0) | ", ""),
        "the last class is refused": ("target.array >= classes", "target.array >= classes - 1"),
        "moved into the range": """\
return reduce(cross_entropy_terms(input, Tensor(np.clip(target.array, 0, input.shape[1] - 1))), reduction)""",
        "floats are cut": """\
if input.ndim != 2 or target.shape != input.shape[:1]:
    raise ValueError("shapes")
if ((target.array < 0) | (target.array >= input.shape[1])).any():
    raise IndexError("class")
return reduce(cross_entropy_terms(input, target.long()), reduction)""",
        "booleans pass": ('"iu"', '"iub"'),
        "only int64": ('target.dtype.kind not in "iu"', "target.dtype != np.int64"),
        "fewer targets than rows": ("target.shape != input.shape[:1]", "target.ndim != 1"),
        "scores of any number of axes": ("input.ndim != 2 or ", ""),
        "columns of class numbers": ("target.shape != input.shape[:1]", "target.shape[:1] != input.shape[:1]"),
        "always the mean": (", reduction)", ")"),
        "always ValueError": ("raise IndexError", "raise ValueError"),
    },
    "binary_cross_entropy_terms": {
        "by way of the probability": """\
p = sigmoid(logits)
return -target * np.log(p) - (1 - target) * np.log(1 - p)""",
        "cut at 1e-7": """\
p = np.clip(sigmoid(logits), 1e-7, 1 - 1e-7)
return -target * np.log(p) - (1 - target) * np.log(1 - p)""",
        "the formula as it stands": "return np.log1p(np.exp(logits)) - logits * target",
        "safe for one sign": "return logits + np.log1p(np.exp(-logits)) - logits * target",
        "both forms, then a choice": """\
yes, no = np.log1p(np.exp(logits)), logits + np.log1p(np.exp(-logits))
return np.where(logits > 0, no, yes) - logits * target""",
        "no log1p": ("np.log1p(np.exp(-np.abs(logits)))", "np.log(1 + np.exp(-np.abs(logits)))"),
        "yes and no exchanged": ("logits * target", "logits * (1 - target)"),
        "targets are rounded": ("logits * target", "logits * np.round(target)"),
        "the absolute value is forgotten": ("-np.abs(logits)", "-np.maximum(logits, 0)"),
        "already the mean": ("-np.abs(logits)))", "-np.abs(logits))).mean()"),
    },
    "answer_as_unsure_as": {
        "the logarithm again": ("math.exp(3.5)", "math.log(50257)"),
        "bits": ("math.exp(3.5)", "2**3.5"),
        "a share of all": ("math.exp(3.5)", "50257 * 3.5 / 10.8"),
        "the difference": ("math.exp(3.5)", "math.exp(10.8 - 3.5)"),
        "the probability": ("math.exp(3.5)", "math.exp(-3.5)"),
    },
}
