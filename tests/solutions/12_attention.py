"""Right and wrong solutions of module 12: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

TO_FLOATS = "if mask is not None and mask.dtype == bool:\n    mask = np.where(mask, 0, -np.inf).astype(scores.dtype)\n"
SPLIT = "x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads).transpose(-2, -3)"
TRIANGLE = "attn_mask = Tensor(np.tri(query.shape[-2], key.shape[-2], dtype=bool))"

RIGHT = {
    "masked_softmax": {
        "hidden scores replaced": """\
if mask is None:
    mask = np.ones(scores.shape, bool)
if mask.dtype != bool:
    scores, mask = scores + mask, np.ones(scores.shape, bool)
scores = np.where(mask, scores, -np.inf)
top = scores.max(axis=-1, keepdims=True)
exps = np.exp(scores - np.where(np.isinf(top), 0, top))
total = exps.sum(axis=-1, keepdims=True)
return (exps / np.where(total > 0, total, 1)).astype(scores.dtype)""",
        "nan replaced by 0": """\
if mask is not None:
    scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
with np.errstate(invalid="ignore"):
    weights = softmax(scores)
return np.nan_to_num(weights)""",
        "rows that may read something": """\
if mask is None:
    return softmax(scores)
if mask.dtype == bool:
    bias = np.zeros(mask.shape, scores.dtype)
    bias[~mask] = -np.inf
    mask = bias
scores = scores + mask
weights = np.zeros_like(scores)
rows = np.isfinite(scores).any(axis=-1)
weights[rows] = softmax(scores[rows])
return weights""",
    },
    "attention_weights": {
        "softmax's rule, both times": """\
if scale is None:
    scale = query.shape[-1] ** -0.5
scores = np.matmul(query, np.swapaxes(key, -1, -2)) * scale
weights = masked_softmax(scores.astype(query.dtype), mask)

def to_scores(grad):
    return weights * (grad - (grad * weights).sum(axis=-1, keepdims=True))

def to_query(grad):
    return scale * np.matmul(to_scores(grad), key)

def to_key(grad):
    return scale * np.matmul(np.swapaxes(to_scores(grad), -1, -2), query)

return weights, (to_query, to_key, to_scores)""",
        "einsum": """\
scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
weights = masked_softmax(np.einsum("...td,...sd->...ts", query, key) * scale, mask)

def to_scores(grad):
    inner = grad * weights
    return inner - weights * inner.sum(-1)[..., None]

return weights, (
    lambda grad: np.einsum("...ts,...sd->...td", to_scores(grad), key) * scale,
    lambda grad: np.einsum("...ts,...td->...sd", to_scores(grad), query) * scale,
    to_scores,
)""",
    },
    "scaled_dot_product_attention": {
        "the triangle of ones": """\
if is_causal and attn_mask is not None:
    raise ValueError("give attn_mask, or is_causal=True, not both")
if is_causal:
    allowed = np.tril(np.ones((query.shape[-2], key.shape[-2]), dtype=bool))
    attn_mask = Tensor(allowed)
weights = attention_weights(query, key, attn_mask, scale)
weights = dropout(weights, p=dropout_p)
return weights @ value""",
        "positions compared": """\
mask = attn_mask
if is_causal:
    if mask is not None:
        raise ValueError("two masks")
    mask = Tensor(np.arange(query.shape[-2])[:, None] >= np.arange(key.shape[-2]))
weights = attention_weights(query, key, mask=mask, scale=scale)
if dropout_p > 0:
    weights = dropout(weights, dropout_p, training=True)
return weights.matmul(value)""",
    },
    "split_heads": {
        "axes by number": """\
*leading, words, width = x.shape
pieces = x.reshape(*leading, words, num_heads, width // num_heads)
n = len(leading)
return pieces.transpose(n, n + 1)""",
        "slices, stacked": """\
size = x.shape[-1] // num_heads
from tinytorch.tensor import stack
return stack([x[..., h * size : (h + 1) * size] for h in range(num_heads)], dim=-3)""",
    },
    "MultiheadAttention.attend": {
        "step by step": """\
q = split_heads(self.project(query, 0), self.num_heads)
k = split_heads(self.project(key, 1), self.num_heads)
v = split_heads(self.project(value, 2), self.num_heads)
weights = attention_weights(q, k, mask)
weights = dropout(weights, p=self.dropout, training=self.training)
read = weights @ v
output = self.out_proj(merge_heads(read))
return output, weights""",
        "dropout in training": """\
parts = [split_heads(self.project(x, i), self.num_heads) for i, x in enumerate([query, key, value])]
weights = attention_weights(parts[0], parts[1], mask, scale=(self.embed_dim // self.num_heads) ** -0.5)
if self.training and self.dropout:
    weights = dropout(weights, self.dropout)
return self.out_proj(merge_heads(weights.matmul(parts[2]))), weights""",
    },
    "attend_in_blocks": {
        "arrays of zeros": """\
peak = np.full(len(query), -np.inf)
total = np.zeros(len(query))
result = np.zeros((len(query), value.shape[1]))
for start in range(0, len(key), size):
    k, v = key[start : start + size], value[start : start + size]
    s = query @ k.T / np.sqrt(query.shape[1])
    new = np.maximum(peak, s.max(axis=1))
    factor = np.exp(peak - new)
    e = np.exp(s - new[:, None])
    total = total * factor + e.sum(axis=1)
    result = result * factor[:, None] + e @ v
    peak = new
return result / total[:, None]""",
        "divided after each block": """\
peak, total, mean = np.full((len(query), 1), -np.inf), np.zeros((len(query), 1)), np.zeros((len(query), value.shape[-1]))
for start in range(0, len(key), size):
    block = slice(start, start + size)
    scores = query @ key[block].T * query.shape[-1] ** -0.5
    new = np.maximum(peak, scores.max(-1, keepdims=True))
    exps, old = np.exp(scores - new), total * np.exp(peak - new)
    total = old + exps.sum(-1, keepdims=True)
    mean = (mean * old + exps @ value[block]) / total
    peak = new
return mean""",
    },
    "answer_memory": "one product",
}

WRONG = {
    "masked_softmax": {
        "hidden after softmax": Wrong(
            "wrong order",
            "What do the weights of a row sum to, if some are removed afterwards?",
            "if mask is None:\n    return softmax(scores)\nif mask.dtype == bool:\n    return softmax(scores) * mask\n"
            "return softmax(scores + mask)",
        ),
        "hidden scores of 0": Wrong(
            "wrong formula",
            "How large is the exponential of a score of 0?",
            "if mask is not None:\n    scores = scores * mask if mask.dtype == bool else scores + mask\nreturn softmax(scores)",
        ),
        "true hides": Wrong(
            "swapped operands",
            "What does True mean in this mask: may the key be read, or not?",
            ("np.where(mask, 0, -np.inf)", "np.where(mask, -np.inf, 0)"),
        ),
        "rows without keys are nan": Wrong(
            "missing case",
            "What is -inf minus -inf?",
            ("np.where(peak == -np.inf, 0, peak)", "peak"),
        ),
        "a sum of 0 divides": Wrong(
            "missing case",
            "What is 0 divided by 0?",
            ("np.where(total == 0, 1, total)", "total"),
        ),
        "the lowest float instead of infinity": Wrong(
            "wrong formula",
            "What are the weights of a row in which every score is the same low number?",
            "if mask is not None and mask.dtype == bool:\n"
            "    mask = np.where(mask, 0, np.finfo(scores.dtype).min).astype(scores.dtype)\n"
            "return softmax(scores if mask is None else np.maximum(scores + mask, np.finfo(scores.dtype).min))",
        ),
        "no largest score": Wrong(
            "numerical overflow",
            "How large is the exponential of 1000?",
            ("weights -= np.where(peak == -np.inf, 0, peak)", "pass"),
        ),
        "the largest of all rows": Wrong(
            "wrong axis",
            "Whose largest score do you subtract, and what is left of a row whose scores are much lower?",
            TO_FLOATS + "scores = scores + (0 if mask is None else mask)\nexps = np.exp(scores - scores.max())\n"
            "total = exps.sum()\nreturn exps / np.where(total == 0, 1, total)",
        ),
        "along the queries": Wrong(
            "wrong axis",
            "Does each row sum to 1, or each column?",
            TO_FLOATS + "return np.nan_to_num(softmax(scores + (0 if mask is None else mask), dim=-2))",
        ),
        "masks of floats are ignored": Wrong(
            "missing case",
            "What does a mask of floats do to the scores?",
            ("(0 if mask is None else mask)", "(0 if mask is None else np.where(np.isinf(mask), mask, 0))"),
        ),
        "masks of floats hide where they are 0": Wrong(
            "missing case",
            "Is a mask of 0 and -inf made of booleans?",
            ("mask.dtype == bool", "True"),
        ),
        "only with a mask": Wrong(
            "missing case",
            "What is the mask if there is none?",
            ("mask is not None and mask.dtype == bool", "mask.dtype == bool"),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does your mask of floats have?",
            (".astype(scores.dtype)", ""),
        ),
        "in place": Wrong(
            "in-place change",
            "What do the scores look like afterwards?",
            (
                "weights = scores + (0 if mask is None else mask)",
                "weights = scores\nweights += 0 if mask is None else mask",
            ),
        ),
        "not divided": Wrong(
            "missing term", "What does each row sum to?", ("weights /= np.where(total == 0, 1, total)", "pass")
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the weights?", ("return weights", "weights")
        ),
    },
    "attention_weights": {
        "no scale": Wrong(
            "missing term",
            "What are dot products of 64 numbers divided by?",
            ("1 / math.sqrt(query.shape[-1]) if scale is None else scale", "1.0 if scale is None else scale"),
        ),
        "divided by the width": Wrong(
            "wrong factor",
            "Is it the variance that you divide by, or the standard deviation?",
            ("1 / math.sqrt(query.shape[-1])", "1 / query.shape[-1]"),
        ),
        "the number of keys": Wrong(
            "wrong axis",
            "Which size is the width of a query?",
            ("math.sqrt(query.shape[-1])", "math.sqrt(key.shape[-2])"),
        ),
        "always the usual scale": Wrong(
            "ignored argument",
            "What if the caller gives a scale?",
            ("1 / math.sqrt(query.shape[-1]) if scale is None else scale", "1 / math.sqrt(query.shape[-1])"),
        ),
        "a scale of 0 is taken for none": Wrong(
            "missing case",
            "What are the weights if the scale is 0?",
            ("1 / math.sqrt(query.shape[-1]) if scale is None else scale", "scale or 1 / math.sqrt(query.shape[-1])"),
        ),
        "a scale that multiplies the usual one": Wrong(
            "wrong factor",
            "What are dot products multiplied by if a scale is given?",
            (
                "1 / math.sqrt(query.shape[-1]) if scale is None else scale",
                "(1 if scale is None else scale) / math.sqrt(query.shape[-1])",
            ),
        ),
        "all axes transposed": Wrong(
            "wrong axis",
            "Which axes of the keys change places, if there is a batch?",
            ("key.swapaxes(-1, -2)", "key.T"),
        ),
        "the mask is forgotten": Wrong("ignored argument", "Where does the mask come in?", (", mask)\n", ")\n")),
        "softmax's gradient without the sum": Wrong(
            "missing term",
            "If one weight grows, what must the others do?",
            ('grad - np.einsum("...s,...s->...", grad, weights)[..., None]', "grad * 1.0"),
        ),
        "softmax's gradient without the weights": Wrong(
            "missing term",
            "How much does a weight of nearly 0 move with its score?",
            ("    scores *= weights\n", ""),
        ),
        "the query's gradient without the scale": Wrong(
            "missing term",
            "The scores were scaled: what does that do to the gradient?",
            ("to_scores(grad) @ key * scale", "to_scores(grad) @ key"),
        ),
        "the key's gradient without the scale": Wrong(
            "missing term",
            "The scores were scaled: what does that do to the gradient?",
            ("@ query * scale", "@ query"),
        ),
        "the key's gradient not transposed": Wrong(
            "wrong axis",
            "Which shape must the gradient of the keys have?",
            "scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale\n"
            "weights = masked_softmax(query * scale @ key.swapaxes(-1, -2), mask)\n\n"
            "def to_scores(grad):\n    return weights * (grad - (grad * weights).sum(-1, keepdims=True))\n\n"
            "return weights, (lambda grad: to_scores(grad) @ key * scale,\n"
            "    lambda grad: (query.swapaxes(-1, -2) @ to_scores(grad)) * scale, to_scores)",
        ),
        "query and key exchanged": Wrong(
            "swapped operands",
            "Which function is the first of the tuple?",
            "scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale\n"
            "weights = masked_softmax(query * scale @ key.swapaxes(-1, -2), mask)\n\n"
            "def to_scores(grad):\n    return weights * (grad - (grad * weights).sum(-1, keepdims=True))\n\n"
            "return weights, (lambda grad: to_scores(grad).swapaxes(-1, -2) @ query * scale,\n"
            "    lambda grad: to_scores(grad) @ key * scale, to_scores)",
        ),
        "the mask's gradient is scaled": Wrong(
            "wrong factor",
            "Was the mask scaled before it was added?",
            ("    to_scores,\n", "    lambda grad: to_scores(grad) * scale,\n"),
        ),
        "the mask has no gradient": Wrong(
            "graph cut",
            "A mask of floats can be learned: what is its gradient?",
            ("    to_scores,\n", "    lambda grad: 0 * grad,\n"),
        ),
        "the upstream gradient is written to": Wrong(
            "in-place change",
            "What do the queries look like afterwards?",
            ("weights = masked_softmax(query * scale @", "query *= scale\nweights = masked_softmax(query @"),
        ),
        "only the weights": Wrong(
            "graph cut",
            "Where are the gradients?",
            "scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale\n"
            "return masked_softmax(query * scale @ key.swapaxes(-1, -2), mask)",
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does a square root from NumPy have?",
            ("1 / math.sqrt(query.shape[-1])", "1 / np.sqrt(query.shape[-1])"),
        ),
    },
    "scaled_dot_product_attention": {
        "later keys may be read": Wrong(
            "ignored argument",
            "What may the first query read, if the mask is causal?",
            (TRIANGLE, "attn_mask = None"),
        ),
        "earlier keys are hidden": Wrong(
            "swapped operands",
            "Which half of the mask is True: below the diagonal, or above?",
            (TRIANGLE, "attn_mask = Tensor(np.tri(key.shape[-2], query.shape[-2], dtype=bool).T)"),
        ),
        "one key too few": Wrong(
            "off by one",
            "May a query read the key at its own place?",
            (TRIANGLE, "attn_mask = Tensor(np.tri(query.shape[-2], key.shape[-2], -1, dtype=bool))"),
        ),
        "one key too many": Wrong(
            "off by one",
            "May query 0 read key 1?",
            (TRIANGLE, "attn_mask = Tensor(np.tri(query.shape[-2], key.shape[-2], 1, dtype=bool))"),
        ),
        "a square mask": Wrong(
            "hard-coded",
            "How many keys are there for two queries?",
            (TRIANGLE, "attn_mask = Tensor(np.tri(query.shape[-2], dtype=bool))"),
        ),
        "aligned at the end": Wrong(
            "off by one",
            "Which keys may query 0 read, if there are more keys than queries?",
            (
                TRIANGLE,
                "attn_mask = Tensor(np.tri(query.shape[-2], key.shape[-2], key.shape[-2] - query.shape[-2], dtype=bool))",
            ),
        ),
        "a triangle that is added": Wrong(
            "wrong formula",
            "What does a mask of floats do to the scores: what does adding 1 hide?",
            (TRIANGLE, "attn_mask = Tensor(np.tri(query.shape[-2], key.shape[-2]), dtype=query.dtype)"),
        ),
        "two masks are accepted": Wrong(
            "missing check",
            "Which of the two masks counts?",
            (
                '    if attn_mask is not None:\n        raise ValueError("attn_mask is given and is_causal is True: put both into one mask")\n',
                "",
            ),
        ),
        "every mask is refused": Wrong(
            "too strict",
            "When are there two masks?",
            ("if is_causal:\n    if attn_mask is not None:", "if attn_mask is not None:\n    if True:"),
        ),
        "no dropout": Wrong(
            "ignored argument",
            "Where does dropout_p come in?",
            (
                "dropout(attention_weights(query, key, attn_mask, scale), dropout_p)",
                "attention_weights(query, key, attn_mask, scale)",
            ),
        ),
        "dropout of the values": Wrong(
            "wrong order",
            "What is dropped: the weights, or the values?",
            (
                "dropout(attention_weights(query, key, attn_mask, scale), dropout_p) @ value",
                "attention_weights(query, key, attn_mask, scale) @ dropout(value, dropout_p)",
            ),
        ),
        "dropout of the result": Wrong(
            "wrong order",
            "What is dropped: the weights, or what was read?",
            (
                "dropout(attention_weights(query, key, attn_mask, scale), dropout_p) @ value",
                "dropout(attention_weights(query, key, attn_mask, scale) @ value, dropout_p)",
            ),
        ),
        "the mask is forgotten": Wrong(
            "ignored argument",
            "Where does attn_mask come in?",
            ("key, attn_mask, scale", "key, None if not is_causal else attn_mask, scale"),
        ),
        "the scale is forgotten": Wrong(
            "ignored argument", "Where does the scale come in?", ("attn_mask, scale)", "attn_mask)")
        ),
        "keys for values": Wrong(
            "swapped operands", "What does a query read: keys, or values?", ("@ value", "@ (0 * value[..., :1] + key)")
        ),
        "cut from the graph": Wrong(
            "graph cut",
            "Does the gradient reach the values?",
            ("return dropout", "value = value.detach()\nreturn dropout"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do?", ("return dropout", "dropout")),
    },
    "split_heads": {
        "a reshape alone": Wrong(
            "wrong order",
            "Which numbers of which vector does head 0 get?",
            (SPLIT, "x.reshape(*x.shape[:-2], num_heads, x.shape[-2], x.shape[-1] // num_heads)"),
        ),
        "heads stay behind the vectors": Wrong(
            "wrong shape",
            "Where is the axis of the heads?",
            (SPLIT, "x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads)"),
        ),
        "every second number": Wrong(
            "wrong order",
            "Does a head get neighbors, or numbers that lie apart?",
            (
                SPLIT,
                "x.reshape(*x.shape[:-1], x.shape[-1] // num_heads, num_heads).permute(*range(x.ndim - 2), x.ndim, x.ndim - 2, x.ndim - 1)",
            ),
        ),
        "one batch axis": Wrong(
            "hard-coded",
            "How many leading axes may there be?",
            (SPLIT, "x.reshape(x.shape[0], x.shape[-2], num_heads, x.shape[-1] // num_heads).transpose(1, 2)"),
        ),
        "axes from the front": Wrong(
            "wrong axis",
            "Which axes change places, if there is a batch?",
            (SPLIT, SPLIT.replace("(-2, -3)", "(0, 1)")),
        ),
        "the sizes exchanged": Wrong(
            "swapped operands",
            "How many heads are there, and how wide is each?",
            (SPLIT, SPLIT.replace("num_heads, x.shape[-1] // num_heads", "x.shape[-1] // num_heads, num_heads")),
        ),
        "cut from the graph": Wrong(
            "graph cut",
            "Does the gradient pass?",
            (SPLIT, "Tensor(" + SPLIT.replace("x.reshape", "x.detach().reshape") + ")"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do?", ("return ", "")),
    },
    "MultiheadAttention.attend": {
        "scaled by the model's width": Wrong(
            "wrong factor",
            "Whose width is under the square root: the model's, or the head's?",
            ("attention_weights(q, k, mask)", "attention_weights(q, k, mask, self.embed_dim**-0.5)"),
        ),
        "one wide head": Wrong(
            "missing case",
            "How many heads attend?",
            (
                "split_heads(self.project(x, part), self.num_heads)",
                "split_heads(self.project(x, part), 1)",
            ),
        ),
        "split before the projection": Wrong(
            "wrong order",
            "Is it the inputs that are cut into heads, or their projections?",
            ("split_heads(self.project(x, part), self.num_heads)", "split_heads(x, self.num_heads)"),
        ),
        "every part is a query": Wrong(
            "hard-coded",
            "Which rows of the weight make keys, which values?",
            ("self.project(x, part)", "self.project(x, 0)"),
        ),
        "self-attention only": Wrong(
            "ignored argument",
            "Do keys and values come from the query?",
            ("enumerate((query, key, value))", "enumerate((query, query, query))"),
        ),
        "values are keys": Wrong("swapped operands", "What do the weights multiply?", ("weights @ v", "weights @ k")),
        "values of the keys": Wrong(
            "ignored argument",
            "What are the values made from?",
            ("enumerate((query, key, value))", "enumerate((query, key, key))"),
        ),
        "keys and values exchanged": Wrong(
            "swapped operands",
            "In which order do the projections come?",
            ("q, k, v = ", "q, v, k = "),
        ),
        "no mask": Wrong("ignored argument", "Where does the mask come in?", ("q, k, mask)", "q, k)")),
        "no last layer": Wrong(
            "missing term",
            "What mixes the results of the heads?",
            ("self.out_proj(merge_heads(weights @ v))", "merge_heads(weights @ v)"),
        ),
        "merged without moving the heads": Wrong(
            "wrong order",
            "Which numbers belong to the first word?",
            ("merge_heads(weights @ v)", "(weights @ v).reshape(*query.shape)"),
        ),
        "dropout at inference": Wrong(
            "stale state",
            "Does dropout act in eval mode?",
            ("self.dropout, self.training)", "self.dropout)"),
        ),
        "no dropout": Wrong(
            "ignored argument",
            "In training, are all weights as they were?",
            ("dropout(attention_weights(q, k, mask), self.dropout, self.training)", "attention_weights(q, k, mask)"),
        ),
        "dropout of the values": Wrong(
            "wrong order",
            "In training, are the weights that you return those that were used?",
            (
                "weights = dropout(attention_weights(q, k, mask), self.dropout, self.training)",
                "weights, v = attention_weights(q, k, mask), dropout(v, self.dropout, self.training)",
            ),
        ),
        "dropout of the returned weights only": Wrong(
            "wrong order",
            "In training, are the weights that you return those that were used?",
            (
                "return self.out_proj(merge_heads(weights @ v)), weights",
                "weights_used = attention_weights(q, k, mask)\nreturn self.out_proj(merge_heads(weights_used @ v)), weights",
            ),
        ),
        "mean over the heads": Wrong(
            "wrong shape",
            "How many heads are there in the weights that you return?",
            ("merge_heads(weights @ v)), weights", "merge_heads(weights @ v)), weights.mean(dim=1)"),
        ),
        "only the output": Wrong(
            "broken structure",
            "How many things come back?",
            (
                "return self.out_proj(merge_heads(weights @ v)), weights",
                "return self.out_proj(merge_heads(weights @ v))",
            ),
        ),
        "cut from the graph": Wrong(
            "graph cut",
            "Does the gradient reach the queries' weight?",
            ("weights @ v", "weights.detach() @ v.detach()"),
        ),
    },
    "attend_in_blocks": {
        "the sum of exponentials isn't corrected": Wrong(
            "missing term",
            "Which sums are too large when a larger score appears?",
            ("total * correction + exps", "total + exps"),
        ),
        "the sum of values isn't corrected": Wrong(
            "missing term",
            "Which sums are too large when a larger score appears?",
            ("result * correction + exps", "result + exps"),
        ),
        "corrected the wrong way": Wrong(
            "sign",
            "Is the correction larger or smaller than 1?",
            ("np.exp(peak - higher)", "np.exp(np.where(peak == -np.inf, -np.inf, higher - peak))"),
        ),
        "the largest score of the block": Wrong(
            "stale state",
            "What if an earlier block had a larger score?",
            ("np.maximum(peak, scores.max(axis=-1, keepdims=True))", "scores.max(axis=-1, keepdims=True)"),
        ),
        "no largest score": Wrong(
            "numerical overflow",
            "How large is the exponential of 1000?",
            (
                "higher = np.maximum(peak, scores.max(axis=-1, keepdims=True))",
                "higher = peak = np.zeros((len(query), 1))",
            ),
        ),
        "the new largest score is forgotten": Wrong(
            "stale state",
            "From which score were your sums computed, when the next block comes?",
            (
                "result, peak = result * correction + exps @ value[start : start + size], higher",
                "result = result * correction + exps @ value[start : start + size]",
            ),
        ),
        "one largest score for all queries": Wrong(
            "wrong axis",
            "Whose largest score is it?",
            ("scores.max(axis=-1, keepdims=True)", "scores.max()"),
        ),
        "the last block is dropped": Wrong(
            "missing case",
            "What if the last block is shorter?",
            ("range(0, len(key), size)", "range(0, len(key) // size * size, size)"),
        ),
        "only the first block": Wrong(
            "missing case",
            "How many keys have you read?",
            ("range(0, len(key), size)", "range(0, min(size, len(key)), size)"),
        ),
        "not divided": Wrong(
            "missing term", "What do the weights sum to?", ("return result / total", "return result + 0 * total")
        ),
        "so many blocks": Wrong(
            "wrong formula",
            "Is the argument the size of a block, or the number of blocks?",
            ("peak, total, result = np.full", "size = -(-len(key) // size)\npeak, total, result = np.full"),
        ),
        "a mean of the blocks": Wrong(
            "wrong formula",
            "Does each block count the same?",
            "outs = [softmax(query @ key[i : i + size].T / math.sqrt(query.shape[-1])) @ value[i : i + size] "
            "for i in range(0, len(key), size)]\nreturn sum(outs) / len(outs)",
        ),
        "no scale": Wrong("missing term", "What are the scores divided by?", (" / math.sqrt(query.shape[-1])", "")),
        "all weights at once": Wrong(
            "extra work",
            "How large is your largest array?",
            "return softmax(query @ key.T / math.sqrt(query.shape[-1])) @ value",
        ),
        "all scores at once": Wrong(
            "extra work",
            "How large is your largest array?",
            ("for start in", "table = query @ key.T\nfor start in"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do?", ("return result / total", "result / total")
        ),
    },
    "answer_memory": {
        "no square": Wrong(
            "missing term",
            "How many weights does one head have for 2,048 tokens?",
            "return 24 * 16 * 8 * 2048 * 4 / 2**30",
        ),
        "numbers, not bytes": Wrong(
            "wrong factor", "How many bytes does a float32 have?", "return 24 * 16 * 8 * 2048**2 / 2**30"
        ),
        "bytes": Wrong("wrong factor", "How many bytes does a GiB have?", "return 24 * 16 * 8 * 2048**2 * 4"),
        "one layer": Wrong(
            "missing term", "Of how many layers are weights kept?", "return 16 * 8 * 2048**2 * 4 / 2**30"
        ),
        "one head": Wrong("missing term", "How many heads are there?", "return 24 * 8 * 2048**2 * 4 / 2**30"),
        "one text": Wrong("missing term", "How many texts are read at once?", "return 24 * 16 * 2048**2 * 4 / 2**30"),
        "nothing comes back": Wrong("no return", "What does the last line do?", "24 * 16 * 8 * 2048**2 * 4 / 2**30"),
    },
}

SHIFT = "softmax of scores that are all shifted by one number is the same"
TRUE = "2 is as true as True"
SWAP = "the same two axes are exchanged"
MATRIX = "the last axis of a matrix is axis 1"
MAXIMUM = "a maximum is symmetric"
FORGOTTEN = "the first correction is the exponential of -inf, 0"
ZERO = "0 divided by any number is 0"

EQUIVALENT = {
    "masked_softmax": {
        "mask = np.where(mask, 0, -np.inf).astype(scores.dtype) -> mask = np.where(mask, -1, -np.inf).astype(scores.dtype)": SHIFT,
        "mask = np.where(mask, 0, -np.inf).astype(scores.dtype) -> mask = np.where(mask, 1, -np.inf).astype(scores.dtype)": SHIFT,
        "weights = scores + (0 if mask is None else mask) -> weights = scores + (-1 if mask is None else mask)": SHIFT,
        "weights = scores + (0 if mask is None else mask) -> weights = scores + (1 if mask is None else mask)": SHIFT,
        "peak = weights.max(axis=-1, keepdims=True, initial=-np.inf) -> peak = weights.max(axis=-1, keepdims=2, initial=-np.inf)": TRUE,
        "weights -= np.where(peak == -np.inf, 0, peak) -> weights -= np.where(peak == -np.inf, -1, peak)": SHIFT,
        "weights -= np.where(peak == -np.inf, 0, peak) -> weights -= np.where(peak == -np.inf, 1, peak)": SHIFT,
        "total = weights.sum(axis=-1, keepdims=True) -> total = weights.sum(axis=-1, keepdims=2)": TRUE,
        "weights /= np.where(total == 0, 1, total) -> weights /= np.where(total == 0, 2, total)": ZERO,
    },
    "attention_weights": {
        "weights = masked_softmax(query * scale @ key.swapaxes(-1, -2), mask) -> weights = masked_softmax(query * scale @ key.swapaxes(-2, -1), mask)": SWAP,
        "return (weights, (lambda grad: to_scores(grad) @ key * scale, lambda grad: to_scores(grad).swapaxes(-1, -2) @ query * scale, to_scores)) -> return (weights, (lambda grad: to_scores(grad) @ key * scale, lambda grad: to_scores(grad).swapaxes(-2, -1) @ query * scale, to_scores))": SWAP,
    },
    "split_heads": {
        "return x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads).transpose(-2, -3) -> return x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads).transpose(-3, -2)": SWAP,
    },
    "attend_in_blocks": {
        "peak, total, result = (np.full((len(query), 1), -np.inf), 0.0, 0.0) -> peak, total, result = (np.full((len(query), 1), -np.inf), 1.0, 0.0)": FORGOTTEN,
        "peak, total, result = (np.full((len(query), 1), -np.inf), 0.0, 0.0) -> peak, total, result = (np.full((len(query), 1), -np.inf), 0.0, 1.0)": FORGOTTEN,
        "higher = np.maximum(peak, scores.max(axis=-1, keepdims=True)) -> higher = np.maximum(scores.max(axis=-1, keepdims=True), peak)": MAXIMUM,
        "scores = query @ key[start:start + size].T / math.sqrt(query.shape[-1]) -> scores = query @ key[start:start + size].T / math.sqrt(query.shape[1])": MATRIX,
        "higher = np.maximum(peak, scores.max(axis=-1, keepdims=True)) -> higher = np.maximum(peak, scores.max(axis=1, keepdims=True))": MATRIX,
        "higher = np.maximum(peak, scores.max(axis=-1, keepdims=True)) -> higher = np.maximum(peak, scores.max(axis=-1, keepdims=2))": TRUE,
        "total = total * correction + exps.sum(axis=-1, keepdims=True) -> total = total * correction + exps.sum(axis=1, keepdims=True)": MATRIX,
        "total = total * correction + exps.sum(axis=-1, keepdims=True) -> total = total * correction + exps.sum(axis=-1, keepdims=2)": TRUE,
    },
}
