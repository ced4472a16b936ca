"""Right and wrong solutions of module 13: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "layer_norm": {
        "by mean and var": """\
mean, var = rows.mean(axis=1, keepdims=True), rows.var(axis=1, keepdims=True)
std = np.sqrt(var + eps)
normal = (rows - mean) / std

def to_input(grad):
    g = grad.reshape(rows.shape) * weight_row
    g = (g - g.mean(axis=1, keepdims=True) - normal * (g * normal).mean(axis=1, keepdims=True)) / std
    return g.reshape(input.shape)

def to_weight(grad):
    return (grad.reshape(rows.shape) * normal).sum(axis=0).reshape(weight.shape)

def to_bias(grad):
    return grad.reshape(rows.shape).sum(axis=0).reshape(bias.shape)

return (normal * weight_row + bias_row).reshape(input.shape), (to_input, None, to_weight, to_bias)""",
        "the variance as the mean of squares": """\
centered = rows - np.mean(rows, -1, keepdims=True)
factor = (np.mean(centered**2, -1, keepdims=True) + eps) ** -0.5
normal = centered * factor

def to_rows(grad):
    grad = grad.reshape(-1, rows.shape[1]) * weight_row
    size = rows.shape[1]
    part = grad.sum(-1, keepdims=True) + normal * (grad * normal).sum(-1, keepdims=True)
    return (factor * (grad - part / size)).reshape(input.shape)

return np.reshape(weight_row * normal + bias_row, input.shape), (
    to_rows,
    None,
    lambda grad: np.sum(grad.reshape(normal.shape) * normal, axis=0).reshape(np.shape(weight)),
    lambda grad: np.sum(grad.reshape(normal.shape), axis=0).reshape(np.shape(bias)),
)""",
    },
    "Block.forward": {
        "branch by branch": """\
branch = self.ln_1(x)
branch, _ = self.attn(branch, branch, branch, is_causal=True)
branch = self.dropout(branch)
x = x + branch
branch = self.mlp(self.ln_2(x))
return x + branch""",
        "a mask of its own": """\
h = self.ln_1(x)
later = Tensor(~np.tri(x.shape[1], dtype=bool))
attended = self.attn(h, h, h, attn_mask=later, need_weights=False)[0]
middle = self.dropout(attended) + x
return self.mlp(self.ln_2(middle)) + middle""",
    },
    "init_weights": {
        "by the end of the name": """\
scaled = std * (2 * model.config.n_layer) ** -0.5
for name, p in model.named_parameters():
    if "ln_1" in name or "ln_2" in name or "ln_f" in name:
        continue
    if name.endswith("bias"):
        p.array[:] = 0.0
    elif "proj.weight" in name and "in_proj" not in name:
        normal_(p, mean=0.0, std=scaled)
    else:
        normal_(p, mean=0.0, std=std)""",
        "all first, then the last ones": """\
for name, p in model.named_parameters():
    if p.ndim > 1:
        normal_(p, 0.0, std)
    elif "bias" in name and "ln" not in name:
        p.array.fill(0)
for block in model.h:
    for layer in (block.attn.out_proj, block.mlp.c_proj):
        layer.weight.array /= math.sqrt(2 * len(model.h))""",
    },
    "GPT.forward": {
        "the table transposed": """\
n, t = ids.shape
stream = self.wte(ids) + self.wpe(Tensor(list(range(t))))
stream = self.dropout(stream)
for i in range(self.config.n_layer):
    stream = self.h[i](stream)
return self.ln_f(stream) @ self.wte.weight.T""",
        "a slice of the positions": """\
tokens, positions = self.wte(ids), self.wpe.weight[: ids.shape[-1]]
x = self.dropout(tokens + positions)
for layer in self.h:
    x = layer(x)
x = self.ln_f(x)
return linear(x, self.wte.weight, None)""",
    },
    "count_parameters": {
        "layer by layer": """\
d = config.n_embd
sizes = {"tokens": config.vocab_size * d, "positions": config.block_size * d, "attention": 0, "mlp": 0, "norms": 2 * d}
for _ in range(config.n_layer):
    sizes["attention"] += 3 * d * d + 3 * d + d * d + d
    sizes["mlp"] += d * 4 * d + 4 * d + 4 * d * d + d
    sizes["norms"] += 4 * d
return sizes""",
        "from a model": """\
model = GPT(config)
parts = {"tokens": "wte", "positions": "wpe", "attention": ".attn.", "mlp": ".mlp.", "norms": "ln_"}
return {
    part: sum(p.numel() for name, p in model.named_parameters() if piece in name) for part, piece in parts.items()
}""",
    },
    "keep_top_k": {
        "Python's sorted": """\
order = sorted(range(len(logits)), key=lambda i: -logits[i])
out = np.full(logits.shape, -np.inf, logits.dtype)
for i in order[:k]:
    out[i] = logits[i]
return out""",
        "a mask": """\
ids = np.lexsort((np.arange(len(logits)), -logits))
keep = np.zeros(len(logits), dtype=bool)
keep[ids[:k]] = True
return np.where(keep, logits, -np.inf).astype(logits.dtype)""",
        "the largest, k times": """\
rest, result = logits.copy(), np.full_like(logits, -np.inf)
for _ in range(min(k, len(logits))):
    i = rest.argmax()
    result[i] = logits[i]
    rest[i] = -np.inf
return result""",
    },
    "keep_top_p": {
        "a loop": """\
probabilities = np.exp((logits - logits.max()).astype(np.float64))
probabilities = probabilities / probabilities.sum()
out, total = np.full_like(logits, -np.inf), 0.0
for i in np.argsort(-probabilities, kind="stable"):
    out[i] = logits[i]
    total += probabilities[i]
    if total >= p:
        break
return out""",
        "searchsorted": """\
order = np.argsort(-logits, kind="stable")
probabilities = softmax(logits[order].astype(np.float64))
count = np.searchsorted(np.cumsum(probabilities), p) + 1
result = np.full(len(logits), -np.inf, dtype=logits.dtype)
result[order[:count]] = logits[order[:count]]
return result""",
    },
    "write_on": {
        "while": """\
text, count = list(ids), 0
while count < max_new_tokens:
    window = text[-model.config.block_size :]
    new = choose(next_logits(model, window))
    text.append(new)
    yield new
    if stop is not None and new == stop:
        break
    count += 1""",
        "a new list each time": """\
for _ in range(max_new_tokens):
    start = max(0, len(ids) - model.config.block_size)
    logits = next_logits(model, ids[start:])
    token = choose(logits)
    ids = [*ids, token]
    yield token
    if token == stop:
        break""",
    },
}

NOTHING = "What does the last line do with the result?"
CAUSAL = "need_weights=False, is_causal=True"

WRONG = {
    "layer_norm": {
        "ddof=1": Wrong(
            "wrong factor",
            "Do you divide the sum of squares by D, or by D - 1?",
            ("[:, None] / size + eps", "[:, None] / (size - 1) + eps"),
        ),
        "eps outside of the root": Wrong(
            "wrong formula",
            "Is eps added before or after the square root?",
            (
                '1 / np.sqrt(np.einsum("nd,nd->n", normal, normal)[:, None] / size + eps)',
                '1 / (np.sqrt(np.einsum("nd,nd->n", normal, normal)[:, None] / size) + eps)',
            ),
        ),
        "no eps": Wrong("missing term", "What happens to a constant vector?", ("/ size + eps)", "/ size + 1e-300)")),
        "its own eps": Wrong("ignored argument", "Where do you use eps?", ("/ size + eps)", "/ size + 1e-5)")),
        "over the batch": Wrong(
            "wrong axis",
            "Which numbers share a mean: those of one vector, or those of one column?",
            """\
normal = rows - rows.mean(axis=0)
scale = 1 / np.sqrt((normal**2).mean(axis=0) + eps)
normal = normal * scale
return (normal * weight_row + bias_row).reshape(input.shape), (
    lambda grad: (grad.reshape(rows.shape) * weight_row * scale).reshape(input.shape),
    None,
    lambda grad: (grad.reshape(rows.shape) * normal).sum(0).reshape(weight.shape),
    lambda grad: grad.reshape(rows.shape).sum(0).reshape(bias.shape),
)""",
        ),
        "one mean for all": Wrong(
            "wrong axis",
            "Does each vector have a mean of its own?",
            ("rows.mean(axis=-1, keepdims=True)", "rows.mean()"),
        ),
        "the mean stays": Wrong(
            "missing term",
            "What is the mean of each result?",
            ("rows - rows.mean(axis=-1, keepdims=True)", "rows.copy()"),
        ),
        "divided by the variance": Wrong(
            "wrong formula", "Do you divide by the variance, or by the standard deviation?", ("1 / np.sqrt(", "1 / (")
        ),
        "no weight": Wrong(
            "missing term", "Where does the weight come in?", ("out = normal * weight_row", "out = normal * 1")
        ),
        "no bias": Wrong("missing term", "Where does the bias come in?", ("out += bias_row\n", "")),
        "the bias is scaled": Wrong(
            "wrong order",
            "Is the bias multiplied by the weight?",
            ("out = normal * weight_row\nout += bias_row", "out = (normal + bias_row) * weight_row"),
        ),
        "the gradient of a constant mean": Wrong(
            "missing term",
            "If you nudge one number of a vector, does its mean stay the same?",
            (" + grad.mean(axis=-1, keepdims=True)", ""),
        ),
        "the gradient of a constant deviation": Wrong(
            "missing term",
            "If you nudge one number of a vector, does its standard deviation stay the same?",
            ('normal * (np.einsum("nd,nd->n", grad, normal)[:, None] / size) + grad.mean', "grad.mean"),
        ),
        "the gradient forgets the weight": Wrong(
            "missing term",
            "What was each number multiplied by after it was normalized?",
            ("grad = grad.reshape(count, size) * weight_row", "grad = grad.reshape(count, size) * 1"),
        ),
        "the gradient isn't scaled": Wrong(
            "missing term",
            "How much does a result move if the deviation of its vector is large?",
            ("    grad *= scale\n", ""),
        ),
        "the weight's gradient of the bias": Wrong(
            "missing term",
            "What is the weight multiplied by?",
            ('np.einsum("nd,nd->d", grad.reshape(count, size), normal)', "grad.reshape(count, size).sum(axis=0)"),
        ),
        "the mean of the bias' gradient": Wrong(
            "wrong factor",
            "Do the gradients of all rows add up, or is it their mean?",
            ("add_up(grad.reshape(count, size), axis=0)", "grad.reshape(count, size).mean(axis=0)"),
        ),
        "the input changes": Wrong(
            "in-place change",
            "What does the input look like afterwards?",
            ("return out.reshape(shape), (", "rows -= rows.mean(axis=-1, keepdims=True)\nreturn out.reshape(shape), ("),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does the result have for float32?",
            ("out = normal * weight_row", "out = normal * weight_row.astype(np.float64)"),
        ),
        "rows come back": Wrong(
            "wrong shape",
            "Which shape does the input have, and which one the result?",
            ("return out.reshape(shape), (", "return out, ("),
        ),
        "no gradient": Wrong(
            "graph cut",
            "What comes back besides the array?",
            "return ((rows - rows.mean(-1, keepdims=True)) / np.sqrt(rows.var(-1, keepdims=True) + eps) * weight_row + bias_row).reshape(input.shape)",
        ),
        "the shape gets a gradient": Wrong(
            "swapped operands", "Which of the four inputs has no gradient?", ("to_input,\n    None,", "None, to_input,")
        ),
        "nothing comes back": Wrong(
            "no return", NOTHING, ("return out.reshape(shape), (", "_ = out.reshape(shape), (")
        ),
    },
    "Block.forward": {
        "post-norm": Wrong(
            "wrong order",
            "What does each norm read: the stream, or the sum?",
            "x = self.ln_1(x + self.dropout(self.attn(x, x, x, need_weights=False, is_causal=True)[0]))\nreturn self.ln_2(x + self.mlp(x))",
        ),
        "attention replaces the stream": Wrong(
            "missing term",
            "What happens to the input of the attention branch?",
            ("x = x + self.dropout", "x = self.dropout"),
        ),
        "the MLP replaces the stream": Wrong(
            "missing term",
            "What happens to the stream when the MLP is done?",
            ("return x + self.mlp", "return self.mlp"),
        ),
        "the normalized vectors are added": Wrong(
            "wrong formula",
            "Do you add to the stream itself, or to its normalized vectors?",
            ("x = x + self.dropout", "x = normal + self.dropout"),
        ),
        "the MLP reads the old stream": Wrong(
            "wrong order",
            "Does the MLP know what attention has read?",
            "normal = self.ln_1(x)\nread = self.dropout(self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0])\nreturn x + read + self.mlp(self.ln_2(x))",
        ),
        "the future is visible": Wrong(
            "missing check", "Which vectors may the first one read?", (CAUSAL, "need_weights=False")
        ),
        "no first norm": Wrong(
            "missing term", "Which vectors does attention read?", ("normal = self.ln_1(x)", "normal = x")
        ),
        "no second norm": Wrong(
            "missing term", "Which vectors does the MLP read?", ("self.mlp(self.ln_2(x))", "self.mlp(x)")
        ),
        "dropout twice": Wrong(
            "duplicate",
            "Where is the dropout of the MLP?",
            ("return x + self.mlp(self.ln_2(x))", "return x + self.dropout(self.mlp(self.ln_2(x)))"),
        ),
        "one norm for both": Wrong(
            "stale state",
            "How many norms does a block have, and which one is before the MLP?",
            ("self.ln_2(x)", "self.ln_1(x)"),
        ),
        "only the queries are normalized": Wrong(
            "missing term",
            "Are the keys and values normalized as well?",
            ("self.attn(normal, normal, normal,", "self.attn(normal, x, x,"),
        ),
        "no dropout": Wrong(
            "missing term",
            "What does dropout=1.0 leave of the attention branch?",
            (
                "self.dropout(self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0])",
                "self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0]",
            ),
        ),
        "dropout on the stream": Wrong(
            "wrong order",
            "Is a branch dropped, or the whole stream?",
            (
                "x = x + self.dropout(self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0])",
                "x = self.dropout(x + self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0])",
            ),
        ),
        "the pair is added": Wrong(
            "broken structure",
            "What does attention return besides the vectors?",
            ("is_causal=True)[0]", "is_causal=True)"),
        ),
        "in place": Wrong(
            "in-place change",
            "What does the input look like afterwards?",
            "normal = self.ln_1(x)\nx.array[...] += self.dropout(self.attn(normal, normal, normal, is_causal=True)[0]).detach().numpy()\nreturn x + self.mlp(self.ln_2(x))",
        ),
        "nothing comes back": Wrong("no return", NOTHING, ("return x + self", "x + self")),
    },
    "init_weights": {
        "not scaled by depth": Wrong(
            "missing term",
            "Do the last weights of the branches have a size of their own?",
            (" / math.sqrt(2 * model.config.n_layer) if last else std", ""),
        ),
        "scaled by the number of layers": Wrong(
            "wrong factor",
            "Is that factor for a variance, or for a standard deviation?",
            ("math.sqrt(2 * model.config.n_layer)", "model.config.n_layer"),
        ),
        "the variance's factor": Wrong(
            "wrong factor",
            "Is that factor for a variance, or for a standard deviation?",
            ("math.sqrt(2 * model.config.n_layer)", "(2 * model.config.n_layer)"),
        ),
        "one branch per layer": Wrong(
            "wrong factor",
            "How many branches are added in each layer?",
            ("math.sqrt(2 * model.config.n_layer)", "math.sqrt(model.config.n_layer)"),
        ),
        "larger instead of smaller": Wrong(
            "sign", "Does a deep model need smaller or larger last weights?", ("std / math", "std * math")
        ),
        "all weights are scaled": Wrong("wrong formula", "Which weights end a branch?", (" if last else std", "")),
        "only the MLP's": Wrong(
            "missing case",
            "Which weight ends the attention branch?",
            ('(("out_proj.weight", "c_proj.weight"))', '("c_proj.weight")'),
        ),
        "only attention's": Wrong(
            "missing case",
            "Which weight ends the MLP branch?",
            ('(("out_proj.weight", "c_proj.weight"))', '("out_proj.weight")'),
        ),
        "every projection": Wrong(
            "wrong formula",
            "Does the first projection of attention end a branch?",
            ('name.endswith(("out_proj.weight", "c_proj.weight"))', '"proj" in name'),
        ),
        "0.02 always": Wrong(
            "ignored argument",
            "Where do you use std?",
            ("normal_(parameter, 0.0, std", "std = 0.02\n        normal_(parameter, 0.0, std"),
        ),
        "biases stay": Wrong(
            "missing case",
            "What are the biases afterwards?",
            ('\n    elif "ln_" not in name:\n        parameter.array[...] = 0', ""),
        ),
        "the norms become 0": Wrong(
            "missing case", "What does a norm with a weight of 0 return?", ('elif "ln_" not in name:', "else:")
        ),
        "uniform": Wrong(
            "randomness",
            "Which distribution are the weights drawn from?",
            (
                "normal_(parameter, 0.0, std / math.sqrt(2 * model.config.n_layer) if last else std)",
                "width = std / math.sqrt(2 * model.config.n_layer) if last else std\n        parameter.array[...] = width * 3**0.5 * (2 * np.random.default_rng(0).random(parameter.shape) - 1)",
            ),
        ),
        "another generator": Wrong(
            "randomness",
            "Does manual_seed decide what is drawn?",
            (
                "normal_(parameter, 0.0, std / math.sqrt(2 * model.config.n_layer) if last else std)",
                "parameter.array[...] = np.random.default_rng().normal(0, std / math.sqrt(2 * model.config.n_layer) if last else std, parameter.shape)",
            ),
        ),
        "a mean of 1": Wrong(
            "wrong formula", "What is the mean of the weights?", ("normal_(parameter, 0.0,", "normal_(parameter, 1.0,")
        ),
        "new parameters": Wrong(
            "aliasing",
            "Are these the parameters of the model, or others?",
            ("normal_(parameter, 0.0,", "normal_(Tensor(parameter.array.copy()), 0.0,"),
        ),
    },
    "GPT.forward": {
        "no positions": Wrong(
            "missing term",
            "Does the model know that two equal words are at different places?",
            (" + self.wpe(Tensor(np.arange(ids.shape[1])))", ""),
        ),
        "positions from 1 on": Wrong(
            "off by one",
            "Which position does the first token have?",
            ("np.arange(ids.shape[1])", "np.arange(1, ids.shape[1] + 1)"),
        ),
        "position 0 for all": Wrong(
            "wrong formula",
            "Do two tokens of a text have the same position?",
            ("np.arange(ids.shape[1])", "np.zeros(ids.shape[1], int)"),
        ),
        "positions look up ids": Wrong(
            "swapped operands",
            "Which ids does the table of positions get?",
            ("self.wpe(Tensor(np.arange(ids.shape[1])))", "self.wpe(Tensor(ids.array % self.config.block_size))"),
        ),
        "no last norm": Wrong(
            "missing term",
            "What comes after the last block, before the scores?",
            ("linear(self.ln_f(x), ", "linear(x, "),
        ),
        "the first block only": Wrong(
            "missing case",
            "How many blocks does your stream pass?",
            ("for block in self.h:", "for block in [self.h[0]]:"),
        ),
        "blocks read the input": Wrong(
            "stale state",
            "What does the second block read?",
            ("for block in self.h:\n    x = block(x)", "start = x\nfor block in self.h:\n    x = block(start)"),
        ),
        "blocks in reverse": Wrong(
            "wrong order", "Which block comes first?", ("for block in self.h:", "for block in reversed(list(self.h)):")
        ),
        "no blocks": Wrong(
            "missing term", "Where does attention come in?", ("for block in self.h:\n    x = block(x)\n", "")
        ),
        "no dropout": Wrong(
            "missing term",
            "What is left of the stream with dropout=1.0?",
            (
                "self.dropout(self.wte(ids) + self.wpe(Tensor(np.arange(ids.shape[1]))))",
                "self.wte(ids) + self.wpe(Tensor(np.arange(ids.shape[1])))",
            ),
        ),
        "a table that isn't tied": Wrong(
            "graph cut",
            "Do the scores send a gradient to the table of the tokens?",
            ("self.wte.weight)", "self.wte.weight.detach())"),
        ),
        "another table": Wrong(
            "wrong formula",
            "Which vectors are the scores dot products with?",
            (
                "return linear(self.ln_f(x), self.wte.weight)",
                "return linear(self.ln_f(x), Tensor(np.ones((self.config.vocab_size, self.config.n_embd), np.float32)))",
            ),
        ),
        "probabilities": Wrong(
            "wrong formula",
            "Are logits what softmax takes, or what it returns?",
            ("return linear(self.ln_f(x), self.wte.weight)", "return softmax(linear(self.ln_f(x), self.wte.weight))"),
        ),
        "the last position only": Wrong(
            "wrong shape",
            "At how many positions does the model guess?",
            ("linear(self.ln_f(x), ", "linear(self.ln_f(x)[:, -1:], "),
        ),
        "the norm before the blocks": Wrong(
            "wrong order",
            "Where is the last norm?",
            "x = self.ln_f(self.dropout(self.wte(ids) + self.wpe(Tensor(np.arange(ids.shape[1])))))\nfor block in self.h:\n    x = block(x)\nreturn linear(x, self.wte.weight)",
        ),
        "nothing comes back": Wrong("no return", NOTHING, ("return linear", "linear")),
    },
    "count_parameters": {
        "no biases in attention": Wrong(
            "missing term", "How many biases do four projections have?", ("(width * width + width)", "width * width")
        ),
        "no biases in the MLP": Wrong(
            "missing term",
            "How many biases do the two linear layers have?",
            ("(8 * width * width + 5 * width)", "8 * width * width"),
        ),
        "equal biases": Wrong(
            "wrong factor", "How many outputs do the two layers of the MLP have?", ("5 * width)", "8 * width)")
        ),
        "three projections": Wrong(
            "missing term", "What happens to the results of the heads?", ("layers * 4 *", "layers * 3 *")
        ),
        "one layer": Wrong("missing term", "Are these numbers of one layer, or of all?", ("layers * (8", "(8")),
        "no norm at the end": Wrong(
            "missing term", "How many norms are there after the last block?", ("(2 * layers + 1)", "2 * layers")
        ),
        "one norm per layer": Wrong(
            "wrong factor", "How many norms does a block have?", ("(2 * layers + 1)", "(layers + 1)")
        ),
        "norms without biases": Wrong(
            "missing term",
            "What does a norm learn besides its weight?",
            ("(2 * layers + 1) * 2 * width", "(2 * layers + 1) * width"),
        ),
        "two tables of tokens": Wrong(
            "duplicate",
            "Do the scores have a table of their own?",
            ('"tokens": config.vocab_size * width', '"tokens": 2 * config.vocab_size * width'),
        ),
        "heads count": Wrong(
            "wrong formula", "Do more heads mean more weights?", ("layers * 4 *", "layers * config.n_head * 4 *")
        ),
        "the block squared": Wrong(
            "wrong formula",
            "How many rows does the table of positions have, and how long are they?",
            ("config.block_size * width", "config.block_size * config.block_size"),
        ),
        "bytes": Wrong("wrong factor", "Do you count numbers, or bytes?", ('"mlp": layers', '"mlp": 4 * layers')),
        "the sum": Wrong(
            "broken structure",
            "Does the docstring ask for one number?",
            (
                'return sizes | {"norms": (2 * layers + 1) * 2 * width}',
                "return sum(sizes.values()) + (2 * layers + 1) * 2 * width",
            ),
        ),
        "a part is missing": Wrong(
            "broken structure",
            "Which keys does the docstring name?",
            ('return sizes | {"norms": (2 * layers + 1) * 2 * width}', "return sizes"),
        ),
        "nothing comes back": Wrong("no return", NOTHING, ("return sizes", "sizes")),
    },
    "keep_top_k": {
        "argpartition": Wrong(
            "wrong order",
            "Which of two equal logits stays?",
            ('np.argsort(-logits, kind="stable")[:k]', "np.argpartition(-logits, min(k, len(logits)) - 1)[:k]"),
        ),
        "all ties stay": Wrong(
            "missing case",
            "How many tokens stay if all logits are equal?",
            "threshold = np.sort(logits)[-min(k, len(logits))]\nreturn np.where(logits >= threshold, logits, -np.inf).astype(logits.dtype)",
        ),
        "larger ids first": Wrong(
            "wrong order",
            "Which of two equal logits stays?",
            ('np.argsort(-logits, kind="stable")[:k]', 'np.argsort(logits, kind="stable")[-k:]'),
        ),
        "an unstable sort": Wrong(
            "wrong order",
            "Does your sort keep equal numbers in order, also in a long array?",
            ('np.argsort(-logits, kind="stable")', 'np.argsort(-logits, kind="heapsort")'),
        ),
        "the smallest": Wrong(
            "sign", "Which end of the order do you keep?", ("np.argsort(-logits", "np.argsort(logits")
        ),
        "one more": Wrong("off by one", "How many logits are left?", ("[:k]", "[: k + 1]")),
        "one less": Wrong("off by one", "How many logits are left?", ("[:k]", "[: max(k - 1, 1)]")),
        "zeros": Wrong(
            "wrong formula",
            "Which probability does a score of 0 have after softmax?",
            ("np.full_like(logits, -np.inf)", "np.zeros_like(logits)"),
        ),
        "sorted logits": Wrong(
            "broken structure",
            "Is each logit at the place of its id?",
            ("out[kept] = logits[kept]", "out[: len(kept)] = logits[kept]"),
        ),
        "only the k": Wrong(
            "wrong shape", "How many logits does the result have?", ("return out", "return logits[kept]")
        ),
        "in place": Wrong(
            "in-place change",
            "What do the logits look like afterwards?",
            (
                "out = np.full_like(logits, -np.inf)\nout[kept] = logits[kept]\nreturn out",
                "values = logits[kept]\nlogits[...] = -np.inf\nlogits[kept] = values\nreturn logits",
            ),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype has the result for float32?",
            ("np.full_like(logits, -np.inf)", "np.full(len(logits), -np.inf)"),
        ),
        "more than there are": Wrong(
            "too strict",
            "What should happen if k is larger than the vocabulary?",
            ("kept = np", "assert k <= len(logits)\nkept = np"),
        ),
        "nothing comes back": Wrong("no return", NOTHING, ("return out", "out")),
    },
    "keep_top_p": {
        "float32 sums": Wrong(
            "precision loss",
            "How many digits has a sum of 50,000 numbers in float32?",
            (".astype(np.float64)", ""),
        ),
        "the token that passes p is dropped": Wrong(
            "off by one",
            "Does what you keep have probability p, or less?",
            ("np.cumsum(weights) - weights < p", "np.cumsum(weights) < p"),
        ),
        "the token that passes p is dropped, unless it is alone": Wrong(
            "off by one",
            "Does what you keep have probability p, or less?",
            (
                "order[np.cumsum(weights) - weights < p]",
                "order[(np.cumsum(weights) <= p) | (np.arange(len(weights)) == 0)]",
            ),
        ),
        "one more at the edge": Wrong(
            "off by one",
            "How many tokens do you keep when a sum is exactly p?",
            ("np.cumsum(weights) - weights < p", "np.cumsum(weights) - weights <= p"),
        ),
        "always one more": Wrong(
            "off by one",
            "How many tokens does it take to reach p?",
            (
                "order[np.cumsum(weights) - weights < p]",
                "order[: np.count_nonzero(np.cumsum(weights) - weights < p) + 1]",
            ),
        ),
        "each above p": Wrong(
            "wrong formula",
            "Do you compare p with each probability, or with their sum?",
            ("order[np.cumsum(weights) - weights < p]", "order[(weights >= p) | (np.arange(len(weights)) == 0)]"),
        ),
        "each above 1 - p": Wrong(
            "wrong formula",
            "Do you compare p with each probability, or with their sum?",
            ("np.cumsum(weights) - weights < p", "weights >= 1 - p"),
        ),
        "from the unlikeliest": Wrong(
            "sign",
            "Which token comes first when you add up?",
            ('np.argsort(-logits, kind="stable")', 'np.argsort(logits, kind="stable")'),
        ),
        "in the order of the ids": Wrong(
            "missing term",
            "In which order do you add up?",
            ('np.argsort(-logits, kind="stable")', "np.arange(len(logits))"),
        ),
        "larger ids first": Wrong(
            "wrong order",
            "Which of two equal tokens stays?",
            ('np.argsort(-logits, kind="stable")', 'np.argsort(logits, kind="stable")[::-1]'),
        ),
        "an unstable sort": Wrong(
            "wrong order",
            "Does your sort keep equal numbers in order, also in a long array?",
            ('np.argsort(-logits, kind="stable")', 'np.argsort(-logits, kind="heapsort")'),
        ),
        "logits are added up": Wrong(
            "wrong formula",
            "Is p a probability, and what are logits?",
            (
                "weights = np.exp((logits[order] - logits[order[0]]).astype(np.float64))",
                "weights = np.maximum(logits[order], 0).astype(np.float64) + 1e-9",
            ),
        ),
        "not divided by the sum": Wrong(
            "missing term", "What do your probabilities add up to?", ("weights /= weights.sum()\n", "")
        ),
        "overflow": Wrong(
            "numerical overflow",
            "What is the exponential of 1000?",
            (
                "np.exp((logits[order] - logits[order[0]]).astype(np.float64))",
                "np.exp(logits[order].astype(np.float64))",
            ),
        ),
        "zeros": Wrong(
            "wrong formula",
            "Which probability does a score of 0 have after softmax?",
            ("np.full_like(logits, -np.inf)", "np.zeros_like(logits)"),
        ),
        "probabilities": Wrong(
            "wrong formula",
            "Are these logits, or probabilities?",
            ("out[kept] = logits[kept]", "out[kept] = weights[: len(kept)]"),
        ),
        "places in the order": Wrong(
            "broken structure",
            "Is each logit at the place of its id?",
            (
                "kept = order[np.cumsum(weights) - weights < p]",
                "kept = np.flatnonzero(np.cumsum(weights) - weights < p)",
            ),
        ),
        "in place": Wrong(
            "in-place change",
            "What do the logits look like afterwards?",
            (
                "out = np.full_like(logits, -np.inf)\nout[kept] = logits[kept]\nreturn out",
                "values = logits[kept]\nlogits[...] = -np.inf\nlogits[kept] = values\nreturn logits",
            ),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype has the result for float32?",
            ("np.full_like(logits, -np.inf)", "np.full(len(logits), -np.inf)"),
        ),
        "nothing comes back": Wrong("no return", NOTHING, ("return out", "out")),
    },
    "write_on": {
        "the context isn't cropped": Wrong(
            "missing case", "How long a text can the model read?", ("ids[-model.config.block_size :]", "ids")
        ),
        "the first tokens": Wrong(
            "wrong formula",
            "Which tokens should the model read, if it can't read all?",
            ("ids[-model.config.block_size :]", "ids[: model.config.block_size]"),
        ),
        "one token less": Wrong(
            "off by one",
            "How many tokens can the model read?",
            ("ids[-model.config.block_size :]", "ids[-max(1, model.config.block_size - 1) :]"),
        ),
        "the last token only": Wrong(
            "missing term",
            "What does the model know about the words before?",
            ("ids[-model.config.block_size :]", "ids[-1:]"),
        ),
        "the text doesn't grow": Wrong(
            "stale state", "What does the model read for the second token?", ("    ids.append(token)\n", "")
        ),
        "the caller's list": Wrong(
            "in-place change", "What does the list of ids look like afterwards?", ("ids = list(ids)\n", "")
        ),
        "stop isn't yielded": Wrong(
            "missing case",
            "Is the stop token part of the text?",
            (
                "    yield token\n    ids.append(token)\n    if token == stop:\n        return",
                "    if token == stop:\n        return\n    yield token\n    ids.append(token)",
            ),
        ),
        "never stops": Wrong(
            "ignored argument", "What ends a text before the limit?", ("    if token == stop:\n        return", "")
        ),
        "0 never stops": Wrong(
            "missing case", "Is 0 the id of a token?", ("if token == stop:", "if stop and token == stop:")
        ),
        "stops at the prompt": Wrong(
            "wrong order",
            "Does the stop token end the text if it is in the prompt?",
            ("    token = choose", "    if ids[-1] == stop:\n        return\n    token = choose"),
        ),
        "skips instead of stopping": Wrong(
            "wrong formula", "What comes after the stop token?", ("        return", "        continue")
        ),
        "all at once": Wrong(
            "extra work",
            "How many tokens have been chosen when the first one comes out?",
            "ids, new = list(ids), []\nfor _ in range(max_new_tokens):\n    new.append(choose(next_logits(model, ids[-model.config.block_size :])))\n    ids.append(new[-1])\n    if new[-1] == stop:\n        break\nyield from new",
        ),
        "the prompt as well": Wrong(
            "duplicate",
            "Are the ids of the prompt new tokens?",
            ("ids = list(ids)\n", "ids = list(ids)\nyield from ids\n"),
        ),
        "one token more": Wrong(
            "off by one", "How many tokens come out?", ("range(max_new_tokens)", "range(max_new_tokens + 1)")
        ),
        "until the length": Wrong(
            "wrong formula",
            "Does max_new_tokens count the prompt?",
            ("range(max_new_tokens)", "range(max_new_tokens - len(ids))"),
        ),
        "forever": Wrong(
            "ignored argument",
            "What ends a text without a stop token?",
            ("for _ in range(max_new_tokens):", "while True:"),
        ),
        "always greedy": Wrong(
            "ignored argument",
            "Who decides which token comes next?",
            (
                "choose(next_logits(model, ids[-model.config.block_size :]))",
                "int(next_logits(model, ids[-model.config.block_size :]).argmax())",
            ),
        ),
        "the text is yielded": Wrong(
            "broken structure",
            "What comes out: the new token, or the whole text?",
            ("yield token", "yield [*ids, token]"),
        ),
        "a list": Wrong("no return", "Where does your function pause?", ("    yield token\n", "")),
    },
    "answer_activations": {
        "one text": Wrong("missing term", "How many tokens does a step read?", ("8 * 1024 * 12 *", "1024 * 12 *")),
        "one layer": Wrong("missing term", "How many blocks keep something?", ("8 * 1024 * 12 *", "8 * 1024 *")),
        "one byte each": Wrong("missing term", "How many bytes has a float32?", (" * 4 / 2**30", " / 2**30")),
        "no attention weights": Wrong("missing term", "What do the heads keep?", (" + 12 * 1024", "")),
        "one head": Wrong("missing term", "How many heads keep a row of weights?", ("12 * 1024)", "1024)")),
        "gigabytes": Wrong("wrong factor", "Is a GiB a power of ten?", ("2**30", "10**9")),
        "bytes": Wrong("wrong factor", "Is your result in bytes, or in GiB?", (" / 2**30", "")),
        "nothing comes back": Wrong("no return", "What does the line do with the number?", ("return ", "")),
    },
}

CENTERED = "normal = rows - rows.mean(axis={}, keepdims={})"
GRADIENT = "grad -= normal * (np.einsum('nd,nd->n', grad, normal)[:, None] / size) + grad.mean(axis={}, keepdims={})"
ATTENDED = "x = x + self.dropout(self.attn(normal, normal, normal, need_weights={}, is_causal={})[0])"
LAST = "rows have two axes, so the last one is axis 1"
TRUE = "any number that isn't 0 counts as True"

EQUIVALENT = {
    "layer_norm": {
        f"{line.format(-1, True)} -> {line.format(axis, keep)}": why
        for line in (CENTERED, GRADIENT)
        for axis, keep, why in ((1, True, LAST), (-1, 2, TRUE))
    },
    "Block.forward": {
        f"{ATTENDED.format(False, True)} -> {ATTENDED.format(*options)}": why
        for options, why in (
            ((True, True), "weights that nothing reads"),
            ((1, True), "weights that nothing reads"),
            ((False, 2), TRUE),
        )
    },
}
