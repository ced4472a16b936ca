"""Right and wrong solutions of module 02: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

NO_RETURN = "What does your function give back to its caller?"
CHANGED = "What does x hold after your function ran?"
EMPTY = Wrong("empty result", "How many numbers does your result have?", "return np.zeros((0, 1), dtype=x.dtype)")

RIGHT = {
    "relu": {
        "where": "return np.where(x > 0, x, 0)",
        "half of x + |x|": "return (x + np.abs(x)) / 2",
        "clip": "return np.clip(x, 0, None)",
        "a copy with zeros written in": "out = x.copy()\nout[out < 0] = 0\nreturn out",
    },
    "two_layers": {
        "line by line": """\
x = x @ w1
x = x + b1
x = activation(x)
x = x @ w2
x = x + b2
return x""",
        "one expression, the bias first": "return b2 + activation(b1 + x @ w1) @ w2",
    },
    "leaky_relu": {
        "where": "return np.where(x > 0, x, negative_slope * x)",
        "two relus": "return relu(x) - negative_slope * relu(-x)",
        "a copy, scaled in part": "out = x.copy()\nout[out < 0] *= negative_slope\nreturn out",
        "a sum of masks": "return x * (x > 0) + negative_slope * x * (x <= 0)",
    },
    "sigmoid": {
        "one exponential": "small = np.exp(-np.abs(x))\nreturn np.where(x >= 0, 1, small) / (1 + small)",
        "two safe forms, one chosen": """\
small = np.exp(-np.abs(x))
return np.where(x >= 0, 1 / (1 + small), small / (1 + small))""",
        "each sign on its own": """\
out = np.empty_like(x)
positive = x >= 0
out[positive] = 1 / (1 + np.exp(-x[positive]))
exps = np.exp(x[~positive])
out[~positive] = exps / (1 + exps)
return out""",
        "the denominator of two safe terms": "return np.exp(np.minimum(x, 0)) / (np.exp(np.minimum(x, 0)) + np.exp(-np.maximum(x, 0)))",
        "logaddexp": "return np.exp(-np.logaddexp(0, -x))",
    },
    "gelu": {
        "the formula in its own order": """\
small = np.clip(x, -10, 10)
return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (small + 0.044715 * small**3)))""",
        "x taken out, and tanh from above": """\
small = np.minimum(np.maximum(x, -8), 8)
inner = math.sqrt(2 / math.pi) * small * (1 + 0.044715 * small * small)
return x * (0.5 + 0.5 * tanh(inner))""",
        "sigmoid": """\
small = np.clip(x, -20, 20)
return x * sigmoid(2 * math.sqrt(2 / math.pi) * (small + 0.044715 * small**3))""",
    },
    "softmax": {
        "functions instead of methods": """\
exps = np.exp(x - np.max(x, axis=dim, keepdims=True))
return exps / np.sum(exps, axis=dim, keepdims=True)""",
        "writes into its own array": """\
out = x - x.max(axis=dim, keepdims=True)
np.exp(out, out=out)
out /= out.sum(axis=dim, keepdims=True)
return out""",
        "expand_dims": """\
exps = np.exp(x - np.expand_dims(x.max(axis=dim), dim))
return exps / np.expand_dims(exps.sum(axis=dim), dim)""",
    },
    "log_softmax": {
        "all in one lowering": """\
largest = x.max(axis=dim, keepdims=True)
return x - (largest + np.log(np.exp(x - largest).sum(axis=dim, keepdims=True)))""",
        "two lowerings": """\
largest = np.max(x, axis=dim, keepdims=True)
total = np.sum(np.exp(x - largest), axis=dim, keepdims=True)
return x - largest - np.log(total)""",
        "logaddexp": "return x - np.logaddexp.reduce(x, axis=dim, keepdims=True)",
    },
}


WRONG = {
    "relu": {
        "changes its input": Wrong("in-place change", CHANGED, "x[x < 0] = 0\nreturn x"),
        "writes into its input": Wrong("in-place change", "Into which array does NumPy write your result?", ("np.maximum(x, 0)", "np.maximum(x, 0, out=x)")),
        "returns its input if nothing is negative": Wrong("aliasing", "What happens to the caller's x if someone changes your result later?", "return x if (x >= 0).all() else np.maximum(x, 0)"),
        "float64 creep": Wrong("float64 creep", "What is the dtype of the zeros that you compare with?", ("np.maximum(x, 0)", "np.maximum(x, np.zeros(x.shape))")),
        "sign": Wrong("sign", "Which numbers does your function keep, the positive or the negative ones?", ("np.maximum", "np.minimum")),
        "a gate only": Wrong("wrong formula", "Your result tells which numbers are positive. What should a positive number become?", "return (x > 0).astype(x.dtype)"),
        "absolute value": Wrong("wrong formula", "What does your function make of -3?", "return np.abs(x)"),
        "one maximum for all": Wrong("wrong shape", "Does your function compare each number with 0, or only one of them?", "return max(x.max(), 0)"),
        "hides the numbers": Wrong("wrong shape", "How many numbers go in, and how many come out?", "return x[x > 0]"),
        "a threshold of 1": Wrong("off by one", "What does your function make of 0.5?", "return np.where(x > 1, x, 0)"),
        "no return": Wrong("no return", NO_RETURN, "np.maximum(x, 0)"),
        "an empty array": EMPTY,
    },
    "two_layers": {
        "no activation": Wrong("missing term", "Which argument does your function never use?", ("activation(x @ w1 + b1)", "x @ w1 + b1")),
        "always relu": Wrong("ignored argument", "What does your network compute if the caller asks for tanh?", ("activation(x @ w1 + b1)", "relu(x @ w1 + b1)")),
        "activation before the bias": Wrong("wrong order", "In the table, does layer 1 include its bias before relu is applied?", ("activation(x @ w1 + b1)", "activation(x @ w1) + b1")),
        "activation before the layer": Wrong("wrong order", "In the table, which column does relu work on?", ("activation(x @ w1 + b1)", "activation(x) @ w1 + b1")),
        "activation at the end as well": Wrong("duplicate", "How often does the table apply the activation, and how often do you?", ("return hidden @ w2 + b2", "return activation(hidden @ w2 + b2)")),
        "first bias forgotten": Wrong("missing term", "Which parameters does the first layer have?", ("x @ w1 + b1", "x @ w1")),
        "second bias forgotten": Wrong("missing term", "Which parameters does the second layer have?", ("hidden @ w2 + b2", "hidden @ w2")),
        "elementwise product": Wrong("wrong formula", "Which operator multiplies matrices?", ("x @ w1", "x * w1")),
        "weight on the left": Wrong("swapped operands", "Examples are rows here. On which side does the matrix go?", ("x @ w1", "(w1 @ x.T).T")),
        "weight transposed": Wrong("wrong axis", "Write down the shapes: do (N, D) and your weight fit?", ("x @ w1", "x @ w1.T")),
        "layers exchanged": Wrong("wrong order", "Which layer do the examples go through first?", "return activation(x @ w2 + b2) @ w1 + b1"),
        "no return": Wrong("no return", NO_RETURN, "activation(x @ w1 + b1) @ w2 + b2"),
    },
    "leaky_relu": {
        "the slope must be below 1": Wrong("missing case", "Which of x and slope * x is larger if the slope is 2?", "return np.maximum(x, negative_slope * x)"),
        "the leak is lost": Wrong("missing term", "What does your function make of -3 with a slope of 0.5?", "return np.maximum(x, 0)"),
        "always 0.01": Wrong("ignored argument", "Does your result change when the caller changes the slope?", ("negative_slope *", "0.01 *")),
        "sign of the leak": Wrong("sign", "Which sign should -3 have after a small leak?", ("+ negative_slope", "- negative_slope")),
        "leaks on the positive side": Wrong("wrong formula", "Positive numbers should stay. What does your function make of 2?", ("np.minimum(x, 0)", "x")),
        "the slope instead of the product": Wrong("missing term", "Does the result for -3 differ from the result for -1?", "return np.where(x > 0, x, negative_slope)"),
        "changes its input": Wrong("in-place change", CHANGED, "x[x < 0] *= negative_slope\nreturn x"),
        "float64 creep": Wrong("float64 creep", "What is the dtype of each factor in your product?", "return np.where(x > 0, x, np.float64(negative_slope) * x)"),
        "slope on both sides": Wrong("wrong formula", "Which numbers should the slope multiply?", "return negative_slope * x"),
        "no return": Wrong("no return", NO_RETURN, "np.maximum(x, 0) + negative_slope * np.minimum(x, 0)"),
        "an empty array": EMPTY,
    },
    "sigmoid": {
        "overflows for negative x": Wrong("numerical overflow", "What is your exponent when x is -1000?", "return 1 / (1 + np.exp(-x))"),
        "overflows for positive x": Wrong("numerical overflow", "What is your exponent when x is 1000?", "return np.exp(x) / (1 + np.exp(x))"),
        "computes both, then chooses": Wrong("numerical overflow", "np.where chooses between two results. Which of them are computed?", "return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))"),
        "rounds small probabilities to 0": Wrong("precision loss", "What is 1 + tanh(-50), in a float?", "return 0.5 * (1 + np.tanh(0.5 * x))"),
        "clips too early": Wrong("precision loss", "Which different scores get the same probability from your function?", "return 1 / (1 + np.exp(-np.clip(x, -20, 20)))"),
        "clips where float32 ends": Wrong("precision loss", "Which different scores get the same probability from your function?", "return 1 / (1 + np.exp(-np.clip(x, -88, 88)))"),
        "sign": Wrong("sign", "For which sign of x is your result above a half?", ("np.minimum(x, 0)", "-np.maximum(x, 0)")),
        "symmetric": Wrong("missing term", "sigmoid(-2) and sigmoid(2) should add up to 1. Do yours?", ("np.exp(np.minimum(x, 0))", "1")),
        "never below a half": Wrong("wrong formula", "Compute sigmoid(-2) by hand with your formula. Is it below a half?", ("np.exp(np.minimum(x, 0)) /", "1 -")),
        "float64 creep": Wrong("float64 creep", "Which step of yours has another dtype than x?", ("np.abs(x)", "np.abs(x.astype(np.float64))")),
        "always float32": Wrong("dtype lost", "What does your function return for a float64 array?", ("return ", "x = x.astype(np.float32)\nreturn ")),
        "changes its input": Wrong("in-place change", CHANGED, "np.abs(x, out=x)\nreturn 1 / (1 + np.exp(-x))"),
        "no return": Wrong("no return", NO_RETURN, "np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))"),
        "an empty array": EMPTY,
        "a shape that broadcasts": Wrong("wrong shape", "Compare the shape of your result with the shape of x.", ("return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))", "return (np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))))[None]")),
        "an array of objects": Wrong("dtype lost", "What is the dtype of your result?", ("return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))", "return (np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))).astype(object)")),
    },
    "gelu": {
        "the cube overflows": Wrong("numerical overflow", "What is the cube of 1e20 in float32?", ("np.clip(x, -10, 10)", "x")),
        "the result is limited as well": Wrong("wrong formula", "For large x gelu(x) is x. What is yours for 50?", ("0.5 * x * (1", "0.5 * np.clip(x, -10, 10) * (1")),
        "clips too early": Wrong("precision loss", "Is tanh already flat where your range ends?", ("-10, 10", "-1, 1")),
        "clips a little too early": Wrong("precision loss", "Is tanh already flat in float32 where your range ends?", ("-10, 10", "-4, 4")),
        "factor": Wrong("wrong factor", "For large x gelu(x) is x. What is yours?", ("0.5 * x", "x")),
        "pi upside down": Wrong("swapped operands", "Work out the second column of the table for x = 1. What do you get?", ("math.sqrt(2 / math.pi)", "math.sqrt(math.pi / 2)")),
        "root forgotten": Wrong("missing term", "Work out the second column of the table for x = 1. What do you get?", ("math.sqrt(2 / math.pi)", "(2 / math.pi)")),
        "square instead of cube": Wrong("wrong formula", "What sign should the argument of tanh have for negative x?", ("inner * inner * inner", "inner * inner")),
        "no cube": Wrong("missing term", "The argument of tanh has two terms. Where is the second one?", ("inner + 0.044715 * inner * inner * inner", "inner")),
        "the other approximation": Wrong("wrong formula", "Which formula of gelu does the text give?", "return x / (1 + np.exp(-1.702 * np.clip(x, -10, 10)))"),
        "float64 creep": Wrong("float64 creep", "Which constant of yours is a NumPy number, and of which dtype?", ("math.sqrt(2 / math.pi)", "np.sqrt(2 / np.pi)")),
        "changes its input": Wrong("in-place change", CHANGED, ("np.clip(x, -10, 10)", "np.clip(x, -10, 10, out=x)")),
        "no return": Wrong("no return", NO_RETURN, ("return 0.5", "0.5")),
        "an empty array": EMPTY,
        "a shape that broadcasts": Wrong("wrong shape", "Compare the shape of your result with the shape of x.", ("0.5 * x *", "0.5 * x[None] *")),
    },
    "softmax": {
        "overflows": Wrong("numerical overflow", "Which scores does np.exp get when a row holds 1000?", ("x - x.max(axis=dim, keepdims=True)", "x")),
        "one maximum for all rows": Wrong("wrong axis", "A row near 1000 and a row near -1000: what is left of the second one?", ("x.max(axis=dim, keepdims=True)", "x.max()")),
        "mean instead of maximum": Wrong("numerical overflow", "After your shift, can a score still be positive and large?", ("x.max", "x.mean")),
        "minimum instead of maximum": Wrong("numerical overflow", "After your shift, can a score still be positive and large?", ("x.max", "x.min")),
        "always the last axis": Wrong("ignored argument", "With dim=0, do your columns add up to 1, or your rows?", ("axis=dim", "axis=-1")),
        "always the first axis": Wrong("wrong axis", "Do your rows add up to 1, or your columns?", ("axis=dim", "axis=0")),
        "sums over everything": Wrong("wrong axis", "What does each row of your result add up to?", ("exps.sum(axis=dim, keepdims=True)", "exps.sum()")),
        "keepdims missing in the sum": Wrong("missing keepdims", "What shape does your sum have, and how does it broadcast against x?", ("exps.sum(axis=dim, keepdims=True)", "exps.sum(axis=dim)")),
        "keepdims missing in the maximum": Wrong("missing keepdims", "What shape does your maximum have, and how does it broadcast against x?", ("x.max(axis=dim, keepdims=True)", "x.max(axis=dim)")),
        "adds the maximum": Wrong("sign", "What is the largest score of a row after your shift?", ("x - x.max", "x + x.max")),
        "no division": Wrong("missing term", "What does each row of your result add up to?", ("return exps / exps.sum(axis=dim, keepdims=True)", "return exps")),
        "scores over their sum": Wrong("wrong formula", "Can a probability be negative? Try a row with a score of -1.", "return x / x.sum(axis=dim, keepdims=True)"),
        "changes its input": Wrong("in-place change", CHANGED, ("shifted = x - x.max(axis=dim, keepdims=True)", "x -= x.max(axis=dim, keepdims=True)\nshifted = x")),
        "float64 creep": Wrong("float64 creep", "Which step of yours has another dtype than x?", ("np.exp(shifted)", "np.exp(shifted.astype(np.float64))")),
        "no return": Wrong("no return", NO_RETURN, ("return exps", "exps")),
        "an empty array": EMPTY,
        "equal shares": Wrong("wrong formula", "Does your result depend on the scores?", "return np.ones_like(x) / x.shape[dim]"),
    },
    "log_softmax": {
        "logarithm of a probability": Wrong("precision loss", "What is the probability of a score of -200 in float32, and its logarithm?", "return np.log(softmax(x, dim=dim))"),
        "hides the zero": Wrong("precision loss", "What is your result for the scores (0, -200)?", "return np.log(softmax(x, dim=dim) + 1e-9)"),
        "overflows": Wrong("numerical overflow", "Which scores does np.exp get when a row holds 1000?", "return x - np.log(np.exp(x).sum(axis=dim, keepdims=True))", heading="6. Softmax: from scores to probabilities"),
        "forgets the shift at the end": Wrong("missing term", "By how much did you shift the scores, and is your result lowered by that?", ("return shifted -", "return x -")),
        "one maximum for all rows": Wrong("wrong axis", "A row near 1000 and a row near 0: what is left of the second one?", ("x.max(axis=dim, keepdims=True)", "x.max()")),
        "always the last axis": Wrong("ignored argument", "With dim=0, do the probabilities of a column add up to 1?", ("axis=dim", "axis=-1")),
        "keepdims missing": Wrong("missing keepdims", "What shape does your sum have, and how does it broadcast against x?", ("np.exp(shifted).sum(axis=dim, keepdims=True)", "np.exp(shifted).sum(axis=dim)")),
        "sums over everything": Wrong("wrong axis", "Do the probabilities of each row add up to 1?", ("np.exp(shifted).sum(axis=dim, keepdims=True)", "np.exp(shifted).sum()")),
        "sum of logarithms": Wrong("wrong order", "Is the logarithm of a sum the sum of the logarithms?", ("np.log(np.exp(shifted).sum(axis=dim, keepdims=True))", "np.log(np.exp(shifted)).sum(axis=dim, keepdims=True)")),
        "no logarithm": Wrong("missing term", "What is the logarithm of a quotient?", ("np.log(np.exp(shifted).sum(axis=dim, keepdims=True))", "np.exp(shifted).sum(axis=dim, keepdims=True)")),
        "sign": Wrong("sign", "Can the logarithm of a probability be positive?", ("return shifted - np.log", "return -shifted + np.log")),
        "changes its input": Wrong("in-place change", CHANGED, ("shifted = x - x.max(axis=dim, keepdims=True)", "x -= x.max(axis=dim, keepdims=True)\nshifted = x")),
        "float64 creep": Wrong("float64 creep", "Which step of yours has another dtype than x?", ("np.exp(shifted)", "np.exp(shifted, dtype=np.float64)")),
        "no return": Wrong("no return", NO_RETURN, ("return shifted", "shifted")),
        "an empty array": EMPTY,
    },
    "answer_float16_score": {
        "one too many": Wrong("off by one", "Is the exponential of your answer above or below 65504?", "return math.ceil(math.log(65504))"),
        "one too few": Wrong("off by one", "Would the exponential of the next integer still fit?", "return math.floor(math.log(65504)) - 1"),
        "the number itself": Wrong("wrong formula", "The question asks for the score. What is the exponential of your answer?", "return 65504"),
        "logarithm to base 2": Wrong("wrong formula", "Which base does the exponential have?", "return math.floor(math.log2(65504))"),
        "logarithm to base 10": Wrong("wrong formula", "Which base does the exponential have?", "return math.floor(math.log10(65504))"),
        "float32": Wrong("wrong formula", "Which is the largest number of float16?", "return math.floor(math.log(3.4e38))"),
        "not an integer": Wrong("missing check", "The question asks for an integer. Is your answer one?", "return math.log(65504) - 0.5"),
        "no return": Wrong("no return", NO_RETURN, "math.floor(math.log(65504))"),
    },
}  # fmt: skip

SYMMETRIC, TRUE = "maximum and minimum are symmetric", "2 is as true as True"
FLAT = "beyond 9 tanh is exactly 1 or -1, even in float64"
EQUIVALENT = {
    "relu": {"return np.maximum(x, 0) -> return np.maximum(0, x)": SYMMETRIC},
    "leaky_relu": {
        "return np.maximum(x, 0) + negative_slope * np.minimum(x, 0) -> return np.maximum(0, x) + negative_slope * np.minimum(x, 0)": SYMMETRIC,
        "return np.maximum(x, 0) + negative_slope * np.minimum(x, 0) -> return np.maximum(x, 0) + negative_slope * np.minimum(0, x)": SYMMETRIC,
    },
    "sigmoid": {
        "return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))) -> return np.exp(np.minimum(0, x)) / (1 + np.exp(-np.abs(x)))": SYMMETRIC,
    },
    "gelu": {
        "inner = np.clip(x, -10, 10) -> inner = np.clip(x, -10, 9)": FLAT,
        "inner = np.clip(x, -10, 10) -> inner = np.clip(x, -10, 11)": FLAT,
        "inner = np.clip(x, -10, 10) -> inner = np.clip(x, -9, 10)": FLAT,
        "inner = np.clip(x, -10, 10) -> inner = np.clip(x, -11, 10)": FLAT,
    },
    "softmax": {
        "shifted = x - x.max(axis=dim, keepdims=True) -> shifted = x - x.max(axis=dim, keepdims=2)": TRUE,
        "return exps / exps.sum(axis=dim, keepdims=True) -> return exps / exps.sum(axis=dim, keepdims=2)": TRUE,
    },
    "log_softmax": {
        "shifted = x - x.max(axis=dim, keepdims=True) -> shifted = x - x.max(axis=dim, keepdims=2)": TRUE,
        "return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True)) -> return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=2))": TRUE,
    },
    "answer_float16_score": {
        "return math.floor(math.log(65504)) -> return math.floor(math.log(65503))": "the same integer",
        "return math.floor(math.log(65504)) -> return math.floor(math.log(65505))": "the same integer",
    },
}  # fmt: skip
