"""Right and wrong solutions of module 04: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "mse_loss": {
        "the square of the mean": Wrong(
            "",
            "",
            (
                "reduce((input - target) ** 2, reduction)",
                "reduce(input - target, reduction) ** 2",
            ),
        ),
        "absolute errors": Wrong("", "", ("(input - target) ** 2", "(input - target).abs()")),
        "half of the square": Wrong("", "", ("(input - target) ** 2", "(input - target) ** 2 / 2")),
        "the root": Wrong(
            "", "", ("reduce((input - target) ** 2, reduction)", "reduce((input - target) ** 2, reduction).sqrt()")
        ),
        "shapes are left to broadcasting": Wrong("", "", ("check_shapes(input, target)", "pass")),
        "compares lengths only": Wrong("", "", ("check_shapes(input, target)", "assert len(input) == len(target)")),
        "always the mean": Wrong("", "", (", reduction)", ")")),
        "any reduction": Wrong(
            "",
            "",
            (
                "return reduce((input - target) ** 2, reduction)",
                """\
terms = (input - target) ** 2
return terms if reduction == "none" else terms.sum() if reduction == "sum" else terms.mean()""",
            ),
        ),
        "float64 for integer targets": Wrong(
            "",
            "",
            """\
check_shapes(input, target)
return reduce(Tensor.wrap((input.array - target.array) ** 2), reduction)""",
        ),
    },
    "cross_entropy_terms": {
        "the sign": Wrong("", "", ("return -log_softmax", "return log_softmax")),
        "a whole column": Wrong("", "", ("[np.arange(len(target)), target]", "[:, target]")),
        "rows instead of columns": Wrong(
            "", "", ("[np.arange(len(target)), target]", "[target, np.arange(len(target)) % 3]")
        ),
        "along the wrong axis": Wrong("", "", ("dim=-1", "dim=0")),
        "by way of the probability": Wrong(
            "", "", ("-log_softmax(logits, dim=-1)", "-np.log(softmax(logits, dim=-1))")
        ),
        "a tiny number against inf": Wrong(
            "", "", ("-log_softmax(logits, dim=-1)", "-np.log(softmax(logits, dim=-1) + 1e-12)")
        ),
        "the probability itself": Wrong("", "", ("-log_softmax(logits, dim=-1)", "1 - softmax(logits, dim=-1)")),
        "no softmax at all": Wrong("", "", ("-log_softmax(logits, dim=-1)", "-logits")),
        "already the mean": Wrong("", "", ("target]", "target].mean()")),
        "bits": Wrong("", "", ("target]", "target] / np.log(2)")),
        "one-hot in float64": Wrong(
            "",
            "",
            """\
return -(log_softmax(logits) * np.eye(logits.shape[1])[target]).sum(axis=1)""",
        ),
    },
    "cross_entropy": {
        "nothing is checked": Wrong("", "", "return reduce(cross_entropy_terms(input, target), reduction)"),
        "negative class numbers": Wrong("", "", ("(target.array < 0) | ", "")),
        "the last class is refused": Wrong("", "", ("target.array >= classes", "target.array >= classes - 1")),
        "moved into the range": Wrong(
            "",
            "",
            """\
return reduce(cross_entropy_terms(input, Tensor(np.clip(target.array, 0, input.shape[1] - 1))), reduction)""",
        ),
        "floats are cut": Wrong(
            "",
            "",
            """\
if input.ndim != 2 or target.shape != input.shape[:1]:
    raise ValueError("shapes")
if ((target.array < 0) | (target.array >= input.shape[1])).any():
    raise IndexError("class")
return reduce(cross_entropy_terms(input, target.long()), reduction)""",
        ),
        "booleans pass": Wrong("", "", ('"iu"', '"iub"')),
        "only int64": Wrong("", "", ('target.dtype.kind not in "iu"', "target.dtype != np.int64")),
        "fewer targets than rows": Wrong("", "", ("target.shape != input.shape[:1]", "target.ndim != 1")),
        "scores of any number of axes": Wrong("", "", ("input.ndim != 2 or ", "")),
        "columns of class numbers": Wrong(
            "", "", ("target.shape != input.shape[:1]", "target.shape[:1] != input.shape[:1]")
        ),
        "always the mean": Wrong("", "", (", reduction)", ")")),
        "always ValueError": Wrong("", "", ("raise IndexError", "raise ValueError")),
    },
    "binary_cross_entropy_terms": {
        "by way of the probability": Wrong(
            "",
            "",
            """\
p = sigmoid(logits)
return -target * np.log(p) - (1 - target) * np.log(1 - p)""",
        ),
        "cut at 1e-7": Wrong(
            "",
            "",
            """\
p = np.clip(sigmoid(logits), 1e-7, 1 - 1e-7)
return -target * np.log(p) - (1 - target) * np.log(1 - p)""",
        ),
        "the formula as it stands": Wrong("", "", "return np.log1p(np.exp(logits)) - logits * target"),
        "safe for one sign": Wrong("", "", "return logits + np.log1p(np.exp(-logits)) - logits * target"),
        "both forms, then a choice": Wrong(
            "",
            "",
            """\
yes, no = np.log1p(np.exp(logits)), logits + np.log1p(np.exp(-logits))
return np.where(logits > 0, no, yes) - logits * target""",
        ),
        "no log1p": Wrong("", "", ("np.log1p(np.exp(-np.abs(logits)))", "np.log(1 + np.exp(-np.abs(logits)))")),
        "yes and no exchanged": Wrong("", "", ("logits * target", "logits * (1 - target)")),
        "targets are rounded": Wrong("", "", ("logits * target", "logits * np.round(target)")),
        "the absolute value is forgotten": Wrong("", "", ("-np.abs(logits)", "-np.maximum(logits, 0)")),
        "already the mean": Wrong("", "", ("-np.abs(logits)))", "-np.abs(logits))).mean()")),
    },
    "answer_as_unsure_as": {
        "the logarithm again": Wrong("", "", ("math.exp(3.5)", "math.log(50257)")),
        "bits": Wrong("", "", ("math.exp(3.5)", "2**3.5")),
        "a share of all": Wrong("", "", ("math.exp(3.5)", "50257 * 3.5 / 10.8")),
        "the difference": Wrong("", "", ("math.exp(3.5)", "math.exp(10.8 - 3.5)")),
        "the probability": Wrong("", "", ("math.exp(3.5)", "math.exp(-3.5)")),
    },
}
