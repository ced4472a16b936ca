"""Right and wrong solutions of module 02: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "relu": {
        "changes its input": Wrong("", "", "x[x < 0] = 0\nreturn x"),
        "writes into its input": Wrong("", "", ("np.maximum(x, 0)", "np.maximum(x, 0, out=x)")),
        "float64 creep": Wrong("", "", ("np.maximum(x, 0)", "np.maximum(x, np.zeros(x.shape))")),
        "sign": Wrong("", "", ("np.maximum", "np.minimum")),
        "a gate only": Wrong("", "", "return (x > 0).astype(x.dtype)"),
        "absolute value": Wrong("", "", "return np.abs(x)"),
        "one maximum for all": Wrong("", "", "return max(x.max(), 0)"),
        "hides the numbers": Wrong("", "", "return x[x > 0]"),
    },
    "two_layers": {
        "no activation": Wrong("", "", ("activation(x @ w1 + b1)", "x @ w1 + b1")),
        "always relu": Wrong("", "", ("activation(x @ w1 + b1)", "relu(x @ w1 + b1)")),
        "activation before the bias": Wrong("", "", ("activation(x @ w1 + b1)", "activation(x @ w1) + b1")),
        "activation before the layer": Wrong("", "", ("activation(x @ w1 + b1)", "activation(x) @ w1 + b1")),
        "activation at the end, too": Wrong("", "", ("return hidden @ w2 + b2", "return activation(hidden @ w2 + b2)")),
        "first bias forgotten": Wrong("", "", ("x @ w1 + b1", "x @ w1")),
        "second bias forgotten": Wrong("", "", ("hidden @ w2 + b2", "hidden @ w2")),
        "elementwise product": Wrong("", "", ("x @ w1", "x * w1")),
        "weight on the left": Wrong("", "", ("x @ w1", "(w1 @ x.T).T")),
        "weight transposed": Wrong("", "", ("x @ w1", "x @ w1.T")),
        "layers exchanged": Wrong("", "", "return activation(x @ w2 + b2) @ w1 + b1"),
    },
    "leaky_relu": {
        "the slope must be below 1": Wrong("", "", "return np.maximum(x, negative_slope * x)"),
        "the leak is lost": Wrong("", "", "return np.maximum(x, 0)"),
        "always 0.01": Wrong("", "", ("negative_slope *", "0.01 *")),
        "sign of the leak": Wrong("", "", ("+ negative_slope", "- negative_slope")),
        "leaks on the positive side": Wrong("", "", ("np.minimum(x, 0)", "x")),
        "the slope instead of the product": Wrong("", "", "return np.where(x > 0, x, negative_slope)"),
        "changes its input": Wrong("", "", "x[x < 0] *= negative_slope\nreturn x"),
        "float64 creep": Wrong("", "", "return np.where(x > 0, x, np.float64(negative_slope) * x)"),
    },
    "sigmoid": {
        "overflows for negative x": Wrong("", "", "return 1 / (1 + np.exp(-x))"),
        "overflows for positive x": Wrong("", "", "return np.exp(x) / (1 + np.exp(x))"),
        "computes both, then chooses": Wrong(
            "", "", "return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))"
        ),
        "rounds small probabilities to 0": Wrong("", "", "return 0.5 * (1 + np.tanh(0.5 * x))"),
        "clips too early": Wrong("", "", "return 1 / (1 + np.exp(-np.clip(x, -20, 20)))"),
        "sign": Wrong("", "", ("np.minimum(x, 0)", "-np.maximum(x, 0)")),
        "symmetric": Wrong("", "", ("np.exp(np.minimum(x, 0))", "1")),
        "never below a half": Wrong("", "", ("np.exp(np.minimum(x, 0)) /", "1 -")),
        "float64 creep": Wrong("", "", ("np.abs(x)", "np.abs(x.astype(np.float64))")),
        "changes its input": Wrong("", "", "np.abs(x, out=x)\nreturn 1 / (1 + np.exp(-x))"),
    },
    "gelu": {
        "the cube overflows": Wrong("", "", ("np.clip(x, -10, 10)", "x")),
        "the result is limited, too": Wrong("", "", ("0.5 * x * (1", "0.5 * np.clip(x, -10, 10) * (1")),
        "clips too early": Wrong("", "", ("-10, 10", "-1, 1")),
        "factor": Wrong("", "", ("0.5 * x", "x")),
        "pi upside down": Wrong("", "", ("math.sqrt(2 / math.pi)", "math.sqrt(math.pi / 2)")),
        "root forgotten": Wrong("", "", ("math.sqrt(2 / math.pi)", "(2 / math.pi)")),
        "square instead of cube": Wrong("", "", ("inner * inner * inner", "inner * inner")),
        "the other approximation": Wrong("", "", "return x / (1 + np.exp(-1.702 * np.clip(x, -10, 10)))"),
        "float64 creep": Wrong("", "", ("math.sqrt(2 / math.pi)", "np.sqrt(2 / np.pi)")),
        "changes its input": Wrong("", "", ("np.clip(x, -10, 10)", "np.clip(x, -10, 10, out=x)")),
    },
    "softmax": {
        "overflows": Wrong("", "", ("x - x.max(axis=dim, keepdims=True)", "x")),
        "one maximum for all rows": Wrong("", "", ("x.max(axis=dim, keepdims=True)", "x.max()")),
        "mean instead of maximum": Wrong("", "", ("x.max", "x.mean")),
        "always the last axis": Wrong("", "", ("axis=dim", "axis=-1")),
        "always the first axis": Wrong("", "", ("axis=dim", "axis=0")),
        "sums over everything": Wrong("", "", ("exps.sum(axis=dim, keepdims=True)", "exps.sum()")),
        "keepdims missing in the sum": Wrong("", "", ("exps.sum(axis=dim, keepdims=True)", "exps.sum(axis=dim)")),
        "keepdims missing in the maximum": Wrong("", "", ("x.max(axis=dim, keepdims=True)", "x.max(axis=dim)")),
        "adds the maximum": Wrong("", "", ("x - x.max", "x + x.max")),
        "no division": Wrong("", "", ("return exps / exps.sum(axis=dim, keepdims=True)", "return exps")),
        "changes its input": Wrong(
            "",
            "",
            (
                "shifted = x - x.max(axis=dim, keepdims=True)",
                "x -= x.max(axis=dim, keepdims=True)\nshifted = x",
            ),
        ),
        "float64 creep": Wrong("", "", ("np.exp(shifted)", "np.exp(shifted.astype(np.float64))")),
    },
    "log_softmax": {
        "logarithm of a probability": Wrong("", "", "return np.log(softmax(x, dim=dim))"),
        "hides the zero": Wrong("", "", "return np.log(softmax(x, dim=dim) + 1e-9)"),
        "overflows": Wrong("", "", "return x - np.log(np.exp(x).sum(axis=dim, keepdims=True))"),
        "forgets the shift at the end": Wrong("", "", ("return shifted -", "return x -")),
        "one maximum for all rows": Wrong("", "", ("x.max(axis=dim, keepdims=True)", "x.max()")),
        "always the last axis": Wrong("", "", ("axis=dim", "axis=-1")),
        "keepdims missing": Wrong(
            "", "", ("np.exp(shifted).sum(axis=dim, keepdims=True)", "np.exp(shifted).sum(axis=dim)")
        ),
        "sums over everything": Wrong(
            "", "", ("np.exp(shifted).sum(axis=dim, keepdims=True)", "np.exp(shifted).sum()")
        ),
        "sum of logarithms": Wrong(
            "",
            "",
            (
                "np.log(np.exp(shifted).sum(axis=dim, keepdims=True))",
                "np.log(np.exp(shifted)).sum(axis=dim, keepdims=True)",
            ),
        ),
        "sign": Wrong("", "", ("return shifted - np.log", "return -shifted + np.log")),
        "changes its input": Wrong(
            "",
            "",
            (
                "shifted = x - x.max(axis=dim, keepdims=True)",
                "x -= x.max(axis=dim, keepdims=True)\nshifted = x",
            ),
        ),
        "float64 creep": Wrong("", "", ("np.exp(shifted)", "np.exp(shifted, dtype=np.float64)")),
    },
    "answer_float16_score": {
        "one too many": Wrong("", "", "return math.ceil(math.log(65504))"),
        "the number itself": Wrong("", "", "return 65504"),
        "logarithm to base 2": Wrong("", "", "return math.floor(math.log2(65504))"),
        "logarithm to base 10": Wrong("", "", "return math.floor(math.log10(65504))"),
        "float32": Wrong("", "", "return math.floor(math.log(3.4e38))"),
        "not a whole number": Wrong("", "", "return math.log(65504) - 0.5"),
    },
}
