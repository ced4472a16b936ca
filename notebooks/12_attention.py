import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 12: Attention")

with app.setup(hide_code=True):
    import math
    from functools import partial

    import marimo as mo
    import numpy as np

    from tinytorch.activations import softmax
    from tinytorch.arrays import once
    from tinytorch.autograd import gradcheck
    from tinytorch.layers import Linear, Module, Parameter, dropout, linear, xavier_uniform_
    from tinytorch.masks import check_heads, check_scores, check_values, layouts, merged_mask
    from tinytorch.tensor import Tensor, manual_seed, op, randn, zeros
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, raises, show, sliders_of, table, unchanged, waves
    from tito.picture import draw_attention, panels
    from tito.words import read_sentence


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 12: Attention

    "The cat didn't drink the milk because **it** was sour." What was sour? To know, a network must connect *it* with *milk*, and not with
    *cat*. In the next sentence they are elsewhere. How can each word choose, anew in each sentence, which other words to read?

    **When you are done:** I can ...

    - compute attention with masks, and say which mask means what in PyTorch;
    - say why scores are divided by $\sqrt{D}$, and why the cost grows with the square of the length;
    - build `MultiheadAttention`, and compute attention without holding all its weights.

    **You need:** Modules 01 to 11. **It unlocks:** Module 13, transformers.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("attention")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. A dictionary that answers every question

    How do you read from other words? You could take the mean of their vectors, but then every word counts the same. A Python dictionary
    compares your key with its keys, and returns one value, or raises an error. **Attention** compares a **query** with every **key**, and
    returns a weighted mean of the **values**: the better a key matches, the more its value counts. How well query $q$ matches key $k_i$ is
    their dot product, the **score**. Softmax (Module 02) turns the scores into weights:

    $$w_i = \frac{e^{q \cdot k_i}}{\sum_j e^{q \cdot k_j}}, \qquad \text{result} = \sum_i w_i \, v_i$$

    The scores $(\ln 3, 0)$ give the weights $(0.75, 0.25)$, and for the values 10 and 20 the result 12.5. Equal scores give the mean.

    A **mask** hides keys. A language model that predicts the next word must not read it: the **causal mask** hides what comes later. Another
    one hides **padding**. Could you set hidden weights to 0 after softmax? No: its denominator has counted them. Hide the *scores*: a score
    of $-\infty$ has $e^{-\infty} = 0$. And if every key is hidden? There is nothing to read, so the weights are 0.
    """)
    return


@app.function
# points: 4
def masked_softmax(scores: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Turn scores into weights along the last axis; hidden keys get 0.

    Args:
        scores: floats of shape (..., T, S): a row for each query, with a score for each key.
        mask: booleans, True where a query may read a key; or floats to add to the scores, -inf to hide; or None. It broadcasts to `scores`.

    Returns:
        A new array in the shape and dtype of `scores`. Each row sums to 1, or is all 0 if nothing may be read.

    >>> masked_softmax(np.log([[3.0, 1.0, 4.0]]), np.array([True, True, False])).round(2).tolist()
    [[0.75, 0.25, 0.0]]

    Steps:
        1. Convert a boolean mask to the float kind. Add the mask to the scores.
        2. Subtract each row's largest score, so that no exponential overflows. What if that is -inf?
        3. Exponentials, each divided by the sum of its row. What if that is 0?

    Hint: -inf - (-inf) is nan, and so is 0 / 0. `np.where` can replace what you subtract, and what you divide by. Its floats are float64.
    """
    ### BEGIN SOLUTION
    if mask is not None and mask.dtype == bool:
        mask = np.where(mask, 0, -np.inf).astype(scores.dtype)
    weights = scores + (0 if mask is None else mask)  # all that follows is in place: these are large arrays
    peak = weights.max(axis=-1, keepdims=True, initial=-np.inf)
    weights -= np.where(peak == -np.inf, 0, peak)
    np.exp(weights, out=weights)
    total = weights.sum(axis=-1, keepdims=True)
    weights /= np.where(total == 0, 1, total)
    return weights
    ### END SOLUTION


@app.function
# points: 4
def test_masked_softmax():
    """WHAT: softmax over the keys that may be read; both kinds of mask; rows that may read nothing; large scores; float32.
    WHY: a mask that leaks lets a model read the answer, and one nan spoils every weight of a network.
    TIP: does the row sum to 1? Hide scores, before the exponentials. A row that hides all keys: -1e9 isn't -inf, and nan is -inf - (-inf)
        or 0 / 0. A wrong dtype: what dtype does your mask of floats have?
    """
    scores, keep = 3 * waves(2, 4), np.array([True, False, True, True])
    close(unchanged(masked_softmax, scores), softmax(scores), "no mask")
    expected = np.insert(softmax(scores[:, keep]), 1, 0, axis=-1)
    for mask in (keep, np.where(keep, 0, -np.inf), np.float32(np.where(keep, 1, -np.inf))):
        close(unchanged(masked_softmax, scores, mask), expected, f"a mask of {mask.dtype} that hides key 1 of 4")
    close(masked_softmax(scores, np.array([keep, [False] * 4])), [expected[0], [0] * 4], "row 1 may read nothing")
    close(unchanged(masked_softmax, scores, -scores), np.full((2, 4), 0.25), "a mask of -scores: all are equal")
    large = masked_softmax(np.array([[1.0, 2.0, 9000.0], [2001.0, 2002.0, 0.0]]), np.array([True, True, False]))
    close(large, [[0.268941, 0.731059, 0]] * 2, "scores (1, 2) and (2001, 2002), beside a hidden one")
    for mask in (None, keep, np.float32(scores)):
        what = f"float32 scores, {'no mask' if mask is None else f'a mask of {mask.dtype}'}"
        close(masked_softmax(np.float32(scores), mask), masked_softmax(scores, mask), what, dtype=np.float32)


@app.cell(hide_code=True)
def _():
    question = sliders_of(asked=(0, 359, 100), sharpness=(0.0, 12.0, 4.0, 0.5))
    _keys, _names = ["key 1", "key 2", "key 3", "key 4"], ["direction (degrees)", "value"]
    _start = [[20, 30], [110, 10], [200, 25], [290, 5]]
    entries = mo.ui.matrix(_start, min_value=0, max_value=359, step=5, row_labels=_keys, column_labels=_names)
    mo.md(f"""
    ### Explore: a soft dictionary

    Keys are arrows; you choose their directions, and their values. The query is an arrow as well, `sharpness` long. **Predict**: what is
    the result at sharpness 0? At 12, half way between two keys? And if two keys are equal, with different values?

    {mo.hstack([entries, question.vstack()], justify="start", gap=3)}
    """)
    return entries, question


@app.function(hide_code=True)
def explore_dictionary(entries, asked, sharpness):
    """Figure: the weights of four keys for one query; what every query would get, as a curve, and from a hard dictionary, dashed."""
    keys, values = np.array(entries, dtype=float).T
    queries = np.append(np.arange(360.0), asked)
    scores = sharpness * np.cos(np.radians(queries[:, None] - keys))
    weights, (figure, (left, right)) = masked_softmax(scores), panels(2)
    left.bar([f"{key:.0f}°" for key in keys] if len(set(keys)) == 4 else range(1, 5), weights[-1], color="#0072b2")
    left.set(ylim=(0, 1), xlabel="key", title=f"weights of the query at {asked}°")
    right.plot(queries[:-1], weights[:-1] @ values, label="soft")
    right.plot(queries[:-1], values[scores[:-1].argmax(axis=1)], "--", color="gray", label="best match only")
    right.plot(asked, weights[-1] @ values, "o", color="#d55e00")
    right.set(xlabel="direction of the query", title=f"result: {weights[-1] @ values:.2f}")
    right.legend(framealpha=0.9)
    return figure


@app.cell(hide_code=True)
def _(entries, question):
    show(explore_dictionary, entries.value, *question.value)
    return


@app.cell(hide_code=True)
def _():
    words = ["the", "cat", "drank", "the", "milk", "today"]
    drawn = mo.ui.matrix(
        np.ones((6, 6)).tolist(), min_value=0, max_value=1, step=1, row_labels=words, column_labels=words
    )
    mo.md(f"""
    ### Explore: draw a mask

    Drag a number with the mouse: 1 means that the word of this row may read the word of that column. All scores are 0, and each word's
    value is its place, 1 to 6. Draw the causal mask: **predict** its results first. Then let each word read only itself; only the
    word before. What does a word get if it may read nothing?

    {drawn}
    """)
    return drawn, words


@app.function(hide_code=True)
def explore_mask(drawn, words):
    """Figure: the weights that a drawn mask leaves, a row for each word; and the mean place that each word reads."""
    weights = masked_softmax(np.zeros((6, 6)), np.array(drawn) > 0)
    figure, (left, right) = panels(2, height=3.4)
    draw_attention(left, weights, words, "weights", most=1, numbers=True)
    right.barh(range(6), weights @ np.arange(1.0, 7.0), color="#0072b2")
    right.set(
        yticks=range(6), yticklabels=words, xlim=(0, 6), ylim=(5.5, -0.5), title="mean place that each word reads"
    )
    return figure


@app.cell(hide_code=True)
def _(drawn, words):
    show(explore_mask, drawn.value, words)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Scores that don't grow with the width

    A query and a key have $D$ numbers. If these are independent with mean 0 and variance 1, each product has variance 1, and their sum
    has variance $D$: at $D = 64$, scores lie around $\pm 8$. Softmax then gives one key nearly all the weight, and once it is that sure,
    its gradient nearly vanishes (Module 05: $w_i (1 - w_i)$). So attention divides the scores by $\sqrt{D}$
    ([Vaswani and others, 2017](https://arxiv.org/abs/1706.03762)). $D$ is the width of *this* query, not of the model that it is a part of.

    For the gradient, collect all scores in a matrix $S = Q K^T / \sqrt{D}$. Given the upstream gradient $G$ of the weights $W$, softmax's
    rule gives that of the scores, $W \odot (G - \sum_s (G \odot W))$, with a sum over each row. $S$ is a matrix product, and
    Module 05 has its rule. As one operation, the graph keeps one array of $T S$ numbers, $W$. As a product, a scale, a mask and a
    softmax, it would keep more.
    """)
    return


@app.function
@op
# points: 5
def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None = None, scale: float | None = None) -> Tensor:
    """How much each query reads of each key.

    Args:
        query, key: floats of shape (..., T, D) and (..., S, D). TypeError or ValueError if they don't fit (given).
        mask: as for `masked_softmax`, or None.
        scale: what dot products are multiplied by; None is 1 / sqrt(D).

    Returns:
        Weights of shape (..., T, S), and their gradients.

    >>> attention_weights(np.array([[2.0, 0, 0, 0]]), np.array([[1.0986, 0, 0, 0], [0, 0, 0, 0]])).round(2).tolist()
    [[0.75, 0.25]]

    Steps:
        1. The scale, if it is None. Scores: a matrix product with the keys, their last two axes exchanged. Then the weights.
        2. The gradient of the scores, from that of the weights.
        3. Return (weights, (to_query, to_key, to_mask)), three functions of `grad`. The mask was added: what is its gradient?

    Hint: scale the queries, not the scores: there are fewer of them. `@once` above a function of `grad` keeps its result for the next that asks.
    """
    check_scores(query, key, mask)
    ### BEGIN SOLUTION
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    weights = masked_softmax(query * scale @ key.swapaxes(-1, -2), mask)

    @once
    def to_scores(grad):
        scores = grad - np.einsum("...s,...s->...", grad, weights)[..., None]
        scores *= weights
        return scores

    return weights, (
        lambda grad: to_scores(grad) @ key * scale,
        lambda grad: to_scores(grad).swapaxes(-1, -2) @ query * scale,
        to_scores,
    )
    ### END SOLUTION


@app.function
# points: 5
def test_attention_weights():
    """WHAT: scaled scores and their weights, for any leading axes; gradients of queries, keys and a mask of floats; float32.
    WHY: without the scale, wide models begin with gradients near 0; with a wrong one, weights trained elsewhere give other results.
    TIP: return (weights, (to_query, to_key, to_mask)). Wrong weights: is the scale 1 / sqrt(width of one query)? Input 0 or 1 off by a
        factor: the scale is missing, or in twice (have you used the scaled query?). Input 2: the mask was added to the scores.
    """
    for leading, queries, keys, dim in (((), 3, 4, 2), ((2, 3), 2, 2, 8), ((1,), 1, 5, 3)):
        q, k = waves(*leading, queries, dim), 2 * waves(*leading, keys, dim)
        what = f"{queries} queries, {keys} keys, D = {dim}"
        scores = np.einsum("...td,...sd->...ts", q, k)
        close(unchanged(attention_weights, q, k), softmax(scores / dim**0.5), what)
        for scale in (0.3, 0.0):
            close(attention_weights(q, k, scale=scale), softmax(scale * scores), f"{what}, scale={scale}")
        keep = np.tri(queries, keys, dtype=bool)
        expected = masked_softmax(scores / dim**0.5, keep)
        close(unchanged(attention_weights, q, k, keep), expected, f"{what}, a causal mask")
    close(attention_weights(np.float32(q), np.float32(k)), attention_weights(q, k), "float32", dtype=np.float32)
    q, k, bias = (Tensor(waves(*shape), dtype=np.float64) for shape in ((2, 3, 4), (2, 5, 4), (3, 5)))
    for options in ({}, {"scale": 0.7}):
        gradcheck(partial(attention_weights, **options), (q, k, bias))  # query, key and mask are its inputs 0, 1 and 2
    empty, q = np.array([[True, False], [False, False]]), Tensor(waves(2, 3), dtype=np.float64, requires_grad=True)
    (attention_weights(q, waves(2, 3), empty) * waves(2, 2)).sum().backward()
    close(q.grad, np.zeros((2, 3)), "the gradient of queries that may read one key, or none")


@app.cell(hide_code=True)
def _():
    sharp = sliders_of(width=(1, 512, 64), temperature=(0.1, 4.0, 1.0, 0.1))
    mo.md(f"""
    ### Explore: scale and temperature

    500 random queries and 8 keys. Scores are divided by $\\sqrt{{D}}$, or not, and then by a **temperature**. **Predict**: at width 512
    without the scale, how large is the largest weight? What does a temperature of 0.1 do to the scaled one? And what happens to the
    gradient, the mean of $w (1 - w)$? {sharp.hstack(justify="start")}
    """)
    return (sharp,)


@app.function(hide_code=True)
def explore_scale(width, temperature):
    """Figure: the sorted weights of random queries, with and without the scale; the slope of softmax over the width."""
    both, (figure, (left, right)) = np.random.default_rng(0).standard_normal((508, 512)), panels(2)
    q, k = both[:500], both[500:]
    widths = np.unique(np.geomspace(1, 512, 20).astype(int))
    weights_of = lambda d, power: attention_weights(q[:, :d], k[:, :d], scale=d**power / temperature)  # noqa: E731
    for i, (name, power) in enumerate({"scaled": -0.5, "not scaled": 0}.items()):
        left.bar(np.arange(8) + 0.4 * i, np.sort(weights_of(width, power)).mean(0)[::-1], width=0.4, label=name)
        slopes = [(w * (1 - w)).mean() for w in (weights_of(d, power) for d in widths)]
        right.plot(widths, slopes, "--" if i else "-", label=name)
    left.set(ylim=(0, 1), title=f"weights, mean of all queries, D = {width}", xlabel="keys, largest weight first")
    right.axvline(width, color="gray", linewidth=1)
    right.set(xscale="log", title="mean slope of softmax, w (1 - w)", xlabel="width D")
    left.legend(frameon=False)
    return figure


@app.cell(hide_code=True)
def _(sharp):
    show(explore_scale, *sharp.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. The whole of attention

    Weights times values, and attention is complete. In training, **dropout** hides weights at random, so that no word relies on a single one.

    **True isn't always yes.** In PyTorch's `scaled_dot_product_attention`, a boolean mask says where a query *may* read. In its
    `MultiheadAttention` (next section), True says where it must *not*. Mix them up, and a model reads exactly what you meant to hide. No
    error tells you; a suspiciously low loss may.
    """)
    return


@app.function
# points: 4
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None,
) -> Tensor:  # fmt: skip
    """Read a mean of the values for each query, weighted by how well the keys match. PyTorch: [`F.scaled_dot_product_attention`](
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html).

    Args:
        query, key, value: tensors of shape (..., T, D), (..., S, D) and (..., S, E).
        attn_mask, scale: as for `attention_weights`.
        dropout_p: the share of the weights that dropout hides.
        is_causal: whether query i may read only the keys 0 to i.

    Returns:
        Tensor of shape (..., T, E). A query that may read nothing gets 0. ValueError for both `attn_mask` and `is_causal`.

    >>> scaled_dot_product_attention(zeros(2, 1), zeros(2, 1), Tensor([[1.0], [3.0]]), is_causal=True).tolist()
    [[1.0], [2.0]]

    Steps:
        1. Refuse two masks. Make the causal one, a tensor of booleans: which of T queries may read which of S keys?
        2. The weights, then dropout of the weights, then the values.

    Hint: `np.tri(rows, columns)` has 1 on and below the diagonal. Module 03 has `dropout`.
    """
    check_values(key, value)
    ### BEGIN SOLUTION
    if is_causal:
        if attn_mask is not None:
            raise ValueError("attn_mask is given and is_causal is True: put both into one mask")
        attn_mask = Tensor(np.tri(query.shape[-2], key.shape[-2], dtype=bool))
    return dropout(attention_weights(query, key, attn_mask, scale), dropout_p) @ value
    ### END SOLUTION


@app.function
# points: 4
def test_scaled_dot_product_attention():
    """WHAT: weights times values; a later key never changes an earlier result, forward and backward; dropout of the weights.
    WHY: if the future leaks into the past, training looks wonderful, and the model can't write a sentence.
    TIP: causal: print your mask for T = S = 4; row i must be True at 0 to i. Dropout: drop weights, before they meet the values.
    """
    q, k, v = (Tensor(waves(*shape), dtype=np.float64) for shape in ((2, 4, 3), (2, 4, 3), (2, 4, 5)))
    close(
        scaled_dot_product_attention(q, k, v), softmax(q.array @ k.array.swapaxes(1, 2) / 3**0.5) @ v.array, "no mask"
    )
    close(scaled_dot_product_attention(q, k, v, scale=0.0)[:, 0], v.array.mean(1), "scale=0: the mean of the values")
    close(scaled_dot_product_attention(q, k, v, Tensor(np.eye(4, dtype=bool))), v, "a mask where each reads itself")
    causal = scaled_dot_product_attention(q, k, v, is_causal=True).numpy()
    for i in range(4):
        part = scaled_dot_product_attention(q[:, i : i + 1], k[:, : i + 1], v[:, : i + 1])
        close(causal[:, i : i + 1], part, f"causal: query {i} reads the keys 0 to {i}")
    close(scaled_dot_product_attention(q[:, :2], k, v, is_causal=True), causal[:, :2], "causal, 2 queries and 4 keys")
    later = Tensor(v.array, dtype=np.float64, requires_grad=True)
    scaled_dot_product_attention(q, k, later, is_causal=True)[:, 1].sum().backward()
    close(later.grad[:, 2:], np.zeros((2, 2, 5)), "the gradient of values 2 and 3, from query 1")
    raises(ValueError, lambda: scaled_dot_product_attention(q, k, v, Tensor(q.array > 0), is_causal=True), "two masks")
    values = Tensor(np.tile(1 + waves(9000, 1) / 9, (1, 2)))  # different ones, so that no two sums are equal
    dropped = scaled_dot_product_attention(zeros(2, 4), zeros(9000, 4), values, dropout_p=0.75).numpy()
    close(dropped, np.ones((2, 2)), "9000 values near (1, 1), dropout_p=0.75: about 1", atol=0.2)
    rows_agree, columns_agree = (dropped[0] == dropped[1]).all(), (dropped[:, 0] == dropped[:, 1]).all()
    assert columns_agree and not rows_agree, (
        f"dropout_p=0.75 must hide other weights for each query: got {dropped.tolist()}"
    )


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Several heads

    One softmax puts most of its weight in one place, but a word may need two things at once, say its verb and what "it" stands for. So attention has
    several **heads**. Queries, keys and values of $D$ numbers are cut into $H$ pieces of width $D / H$; each head attends with its piece,
    and has weights of its own. This costs no more multiplications than one wide head.

    The pieces come from learned linear layers, one each for queries, keys and values; a last one mixes what the heads have read.
    PyTorch stores the first three in one weight of shape (3D, D), queries on top. In **self-attention** all three read the same
    words. Attention doesn't know their order: shuffle keys and values, and nothing changes. That is why Module 11's positions come first.
    """)
    return


@app.function
# points: 3
def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """Cut each vector into a piece for each head.

    Args:
        x: tensor of shape (..., T, D).
        num_heads: H, a divisor of D.

    Returns:
        Tensor of shape (..., H, T, D / H): head h has the numbers from h * D / H on, of every vector.

    >>> split_heads(Tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), 2).tolist()
    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]

    Steps:
        1. Give the last axis two axes: which head, which number.
        2. Move the axis of the heads to its place.

    Hint: compare the shapes before and after step 2. Which two axes change places?
    """
    ### BEGIN SOLUTION
    return x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads).transpose(-2, -3)
    ### END SOLUTION


@app.function
# points: 3
def test_split_heads():
    """WHAT: head h has the pieces h of all vectors, for any leading axes; the gradient.
    WHY: a reshape alone gives the right shape, and heads that mix up the words.
    TIP: for 2 vectors of 4 numbers and 2 heads, write down what head 0 must hold. Which of it do you have?
    """
    for shape, heads in (((3, 4), 2), ((2, 3, 6), 3), ((2, 1, 5, 4), 4), ((2, 3, 4), 1)):
        x = Tensor(waves(*shape), dtype=np.float64, requires_grad=True)
        pieces, what = split_heads(x, heads), f"{heads} heads of vectors {shape}"
        close(pieces, np.stack(np.split(x.array, heads, axis=-1), axis=-3), what)
        (pieces**2).sum().backward()
        close(x.grad, 2 * x.array, f"{what}: the gradient of the squares")


@app.function
def merge_heads(x: Tensor) -> Tensor:
    """Undo `split_heads`: (..., H, T, D / H) -> (..., T, D).

    >>> merge_heads(Tensor([[[1, 2], [5, 6]], [[3, 4], [7, 8]]])).tolist()
    [[1, 2, 3, 4], [5, 6, 7, 8]]
    """
    x = x.transpose(-2, -3)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


@app.class_definition
class MultiheadAttention(Module):
    """Attention with several heads. PyTorch: [`nn.MultiheadAttention`](
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html).

    >>> layer, x = MultiheadAttention(8, 2, batch_first=True), zeros(1, 3, 8)
    >>> [part.shape for part in layer(x, x, x)]
    [(1, 3, 8), (1, 3, 3)]
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, *, batch_first: bool = False
    ) -> None:
        check_heads(embed_dim, num_heads, dropout)
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.in_proj_weight = xavier_uniform_(Parameter(zeros(3 * embed_dim, embed_dim)))
        self.in_proj_bias = Parameter(zeros(3 * embed_dim)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        self.out_proj.bias = Parameter(zeros(embed_dim)) if bias else None

    def project(self, x: Tensor, part: int) -> Tensor:
        """A linear layer with rows of `in_proj_weight`: part 0 makes queries, 1 keys, 2 values."""
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        return linear(x, self.in_proj_weight[rows], None if self.in_proj_bias is None else self.in_proj_bias[rows])

    # points: 5
    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """What `forward` does, once layouts and masks are sorted out.

        Args:
            query, key, value: of shape (N, T, D), and twice (N, S, D), where D is `embed_dim`.
            mask: as for `attention_weights`, for scores (N, H, T, S); or None.

        Returns:
            (output, weights after dropout), of shape (N, T, D) and (N, H, T, S).

        >>> [part.shape for part in MultiheadAttention(8, 2).attend(*[zeros(1, 3, 8)] * 3, None)]
        [(1, 3, 8), (1, 2, 3, 3)]

        Steps:
            1. Project the three inputs, each with its own part, and split the results into heads.
            2. The weights; in training, dropout of them with probability `self.dropout`.
            3. What each head reads of the values. Merge the heads, and pass them through `out_proj`.

        Hint: all functions that you need are above, or in Module 03.
        """
        ### BEGIN SOLUTION
        inputs = enumerate((query, key, value))
        q, k, v = (split_heads(self.project(x, part), self.num_heads) for part, x in inputs)
        weights = dropout(attention_weights(q, k, mask), self.dropout, self.training)
        return self.out_proj(merge_heads(weights @ v)), weights
        ### END SOLUTION

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
        need_weights: bool = True, attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """Attend, in PyTorch's layouts. True in a mask means: must *not* read.

        Args:
            query, key, value: (T, N, D) and twice (S, N, D); (N, T, D) if `batch_first`; or without N.
            key_padding_mask, attn_mask: (N, S), of the keys that are padding; (T, S) or (N * H, T, S).
            need_weights, average_attn_weights: return weights, (N, T, S); or of each head, (N, H, T, S).
            is_causal: also hide all later keys.
        """
        swap, restore = layouts(query, key, value, self.embed_dim, self.batch_first)
        query, key, value = map(swap, (query, key, value))
        mask = merged_mask(attn_mask, key_padding_mask, is_causal, self.num_heads, query, key)
        mask = Tensor.wrap(mask) if isinstance(mask, np.ndarray) else mask
        output, weights = self.attend(query, key, value, mask)
        if not need_weights:
            return restore(output), None
        weights = weights.mean(dim=1) if average_attn_weights else weights
        return restore(output), weights[0] if restore(output).ndim == 2 else weights


@app.function
# points: 5
def test_MultiheadAttention_attend():
    """WHAT: each head attends with its piece of the projected vectors; masks; dropout in training only; the gradients.
    WHY: this is the layer that lets words read each other, and its weights must fit those of other people's models.
    TIP: parts are 0, 1 and 2. The scale is that of one head. Here, True in a mask means may read. Twice the number: dropout in eval mode?
    """
    manual_seed(0)
    layer = MultiheadAttention(6, 2, dropout=0.5, batch_first=True).eval()
    layer.in_proj_bias.array[:], layer.out_proj.bias.array[:] = waves(18), waves(6)
    x, y, z = randn(2, 3, 6), randn(2, 4, 6), randn(2, 4, 6)
    keep = np.arange(4) < np.array([3, 4])[:, None, None, None]
    w, b = layer.in_proj_weight.array, layer.in_proj_bias.array
    q, k, v = (a.array @ w[i : i + 6].T + b[i : i + 6] for a, i in ((x, 0), (y, 6), (z, 12)))
    pieces = slice(0, 3), slice(3, 6)

    def output_of(weights):
        read = np.concatenate([weights[:, h] @ v[..., piece] for h, piece in enumerate(pieces)], axis=-1)
        return read @ layer.out_proj.weight.array.T + layer.out_proj.bias.array

    for mask, what in ((None, "no mask"), (keep, "a mask that hides the last key of item 0")):
        rows = None if mask is None else mask[:, 0]
        expected = [masked_softmax(q[..., i] @ k[..., i].swapaxes(1, 2) / 3**0.5, rows) for i in pieces]
        output, weights = layer.attend(x, y, z, None if mask is None else Tensor(mask))
        close(weights, np.stack(expected, axis=1), f"the weights of 2 heads, {what}")
        close(output, output_of(np.stack(expected, axis=1)), f"the output, {what}")
    output.sum().backward()
    assert all(p.grad is not None for p in layer.parameters()), "a parameter has no gradient"
    output, weights = layer.train().attend(x, y, z, None)
    hidden = (weights.array == 0).any()
    assert hidden, "in training with dropout=0.5, none of the weights that came back is 0"
    close(output, output_of(weights.array), "the output in training, from the weights that came back")


@app.cell(hide_code=True)
def _():
    typed = mo.ui.text("Who gets the salad? The salad is for", label="sentence", full_width=True)
    learned = sliders_of(epochs=(0, 4, 2))
    mo.md(f"""
    ### Explore: heads on a sentence

    One layer with 4 heads learns to predict the next word of the course's corpus, some seconds per epoch. Dark means that the word of this
    row reads much of the word of that column. **Predict**: what do heads look like before training? Do all four then read the same
    words? What does each prefer? Try other sentences. (Words that the corpus lacks are left out.)

    {typed} {learned.hstack(justify="start")}
    """)
    return learned, typed


@app.function(hide_code=True)
def explore_heads(typed, epochs):
    """Figure: the weights of four heads for a sentence, a row for each word that reads and a column for each that it reads."""
    words, weights, following = read_sentence(MultiheadAttention, typed, epochs)
    figure, axes = panels(4, width=12, height=3.6)
    for head, (ax, each) in enumerate(zip(axes, weights, strict=True)):
        draw_attention(ax, each, words, f"head {head}", most=1)
    figure.suptitle(f"likeliest next word: {following}", fontsize=10)
    return figure


@app.cell(hide_code=True)
def _(learned, typed):
    show(explore_heads, typed.value, *learned.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Without the whole table

    $T$ words have $T^2$ attention weights in each head. At 100,000 words that is 10 billion, 37 GiB. But the result for a query has only $D$ numbers.
    Can you look at a few keys at a time, and forget their weights at once?

    Keep $\sum e^{s_i} v_i$ and $\sum e^{s_i}$, and divide at the end. The trouble is the largest score, which softmax subtracts first: you
    don't know it until you have seen all keys. So subtract the largest *so far*, $m$. When a block brings a larger one, $m'$,
    both sums are too large by $e^{m' - m}$: correct them, and go on. This is **online softmax**
    ([Milakov and Gimelshein, 2018](https://arxiv.org/abs/1805.02867)), the heart of FlashAttention
    ([Dao and others, 2022](https://arxiv.org/abs/2205.14135)).
    """)
    return


@app.function
# points: 4, not exported
def attend_in_blocks(query: np.ndarray, key: np.ndarray, value: np.ndarray, size: int) -> np.ndarray:
    """Attention without a mask, a block of keys at a time.

    Args:
        query, key, value: arrays of shape (T, D), (S, D) and (S, E).
        size: how many keys a block has; the last one may have fewer.

    Returns:
        Array of shape (T, E), as from `scaled_dot_product_attention`; float64 will do.

    >>> attend_in_blocks(np.zeros((1, 2)), np.ones((3, 2)), np.array([[1.0], [2.0], [6.0]]), 2).tolist()
    [[3.0]]

    Steps:
        1. For each query, start with a largest score of -inf, and with sums of 0: of weighted values, and of exponentials.
        2. For each block, the scores, and the largest score so far. Correct the sums. Add what the block contributes.
        3. Divide one sum by the other.

    Hint: the exponential of -inf minus a number is 0, which fits: at first there is nothing to correct.
    """
    ### BEGIN SOLUTION
    peak, total, result = np.full((len(query), 1), -np.inf), 0.0, 0.0
    for start in range(0, len(key), size):
        scores = query @ key[start : start + size].T / math.sqrt(query.shape[-1])
        higher = np.maximum(peak, scores.max(axis=-1, keepdims=True))
        correction, exps = np.exp(peak - higher), np.exp(scores - higher)
        total = total * correction + exps.sum(axis=-1, keepdims=True)
        result, peak = result * correction + exps @ value[start : start + size], higher
    return result / total
    ### END SOLUTION


@app.function
# points: 3
def test_attend_in_blocks():
    """WHAT: the result of attention with all keys at once, for blocks of any size; large scores.
    WHY: blocks must change the memory only, never the result.
    TIP: all keys in one block: is the scale right? Only in blocks that don't divide 7: where is the last one? Growing scores: are both
        sums corrected, before the block is added? nan: can an exponent be positive, or -inf - (-inf)?
    """
    q, k, v = waves(3, 4), waves(7, 4), waves(7, 2)
    for factor in (1, 40, 2000):
        order = np.argsort(factor * k @ q[0])
        for name, rows in {"growing": order, "falling": order[::-1]}.items():
            expected = softmax(q @ (factor * k[rows]).T / 2) @ v[rows]
            for size in (10, 7, 1, 3):
                what = "all keys in one block" if size > 6 else f"blocks of {size}"
                result = unchanged(attend_in_blocks, q, factor * k[rows], v[rows], size)
                close(result, expected, f"7 keys, times {factor}, with {name} scores for query 0, {what}")


@app.function
# points: 1
def test_attend_in_blocks_memory():
    """WHAT: for 2000 queries and keys, no array as large as all their scores.
    WHY: what fits into memory decides how long a text a model can read.
    TIP: how large is your largest array, and does it grow with the number of keys?
    """
    q, k, v = waves(3, 2000, 4)
    used = compare({"blocks": lambda: attend_in_blocks(q, k, v, 10)}, 1)["blocks"][1]
    assert used < 2e6, f"blocks of 10 keys took {used:,} bytes; all scores would take {8 * 2000**2:,}"
    close(attend_in_blocks(q, k, v, 10), softmax(q @ k.T / 2) @ v, "2000 queries and keys, in blocks of 10 keys")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: how does the cost grow with the length?

    4 heads of width 32, one text of 128 to 1,024 words. **Predict**: twice as many words, how many times the time and the memory? How much
    memory do you save in blocks of 128 keys (forward only)? And time?
    """)
    return


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.function(hide_code=True)
def measure_attention(rounds=5):
    """Markdown: median time and peak bytes of attention for texts of several lengths, in blocks as well; the exponents that fit."""
    lengths, rows = (128, 256, 512, 1024), []
    for length in lengths:
        q, k, v = (Tensor(randn(4, length, 32), requires_grad=True) for _ in range(3))
        ways = {
            "forward and backward": lambda q=q, k=k, v=v: scaled_dot_product_attention(q, k, v).sum().backward(),
            "forward": lambda q=q, k=k, v=v: scaled_dot_product_attention(q.detach(), k.detach(), v.detach()),
            "blocks": lambda q=q, k=k, v=v: [attend_in_blocks(*(x.array[i] for x in (q, k, v)), 128) for i in range(4)],
        }
        rows.append([number for pair in compare(ways, rounds).values() for number in pair])
    exponents = np.polyfit(np.log(lengths[1:]), np.log(rows[1:]), 1)[0]
    cells = [[f"{x / 2**20:.2f} MiB" if i % 2 else f"{1e3 * x:.2f} ms" for i, x in enumerate(row)] for row in rows]
    shown = [(f"{length:,}", *row) for length, row in zip(lengths, cells, strict=True)]
    shown.append(("exponent from 256 on", *(f"{x:.2f}" for x in exponents)))
    names = [f"{way}: {what}" for way in ("both ways", "forward", "blocks") for what in ("time", "memory")]
    return mo.md(table(["words", *names], shown))


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_attention)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The number of weights grows with $T^2$, so memory has an exponent near 2. That of time is smaller as long as work that grows with $T$
    counts, and larger once the table leaves the cache. Blocks hold the sums and $T B$ scores, so memory grows with $T$; correcting
    the sums takes some time.

    ## Complexity

    $T$ queries and keys of width $D$ in $H$ heads:

    | | multiplications | memory |
    |:---|:---|:---|
    | projections in and out | $4 T D^2$ | $4 T D$ |
    | scores and weighted values; in blocks of $B$ keys | $2 T^2 D$ | $H T^2$; $T D + T B$ |

    Above $T = 2 D$, the scores cost more than the projections.

    ## In production

    PyTorch's `aten/src/ATen/native/cpu/FlashAttentionKernel.cpp` computes attention in blocks, of queries as well as of keys, and keeps one
    number for each row. The backward pass computes the weights again.

    ## Questions
    """)
    return


@app.function
def answer_memory():
    """A GPT has 24 layers with 16 heads, and reads 8 texts of 2,048 tokens at once. Training keeps the attention weights of all layers, in float32.
    How many GiB ($2^{30}$ bytes) is that? Hint: how many weights does one head of one layer have, for one text?
    """
    ### BEGIN SOLUTION
    return 24 * 16 * 8 * 2048**2 * 4 / 2**30
    ### END SOLUTION


@app.function
# points: 1
def test_answer_memory():
    """WHAT: layers, heads, texts, the square of the length, and the bytes of a float32.
    WHY: this is why long texts need blocks.
    TIP: do both factors of the square count? Is the result in GiB, not in bytes?
    """
    close(answer_memory(), 3 * 2**4, "GiB of weights")


@app.cell(hide_code=True)
def question_after():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague multiplies the weights by a mask of 0 and 1, after softmax. What does each row sum to? Then she divides by
    these sums. Is that right? What if a hidden score is 1,000 higher than the others?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_order():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** You shuffle the words of a sentence, and shuffle the results of self-attention back. No positions were added. Has anything changed
    without a mask? With a causal mask?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - Attention is a soft dictionary: scores, softmax, a weighted mean of the values. The projections around it are learned.
    - Hide scores, not weights. A row that may read nothing gives 0. And mind what True means.
    - Divide by $\sqrt{D}$ of the head. Time and memory grow with $T^2$; in blocks, memory doesn't.

    **Next:** export your work with `tito module complete 12`. In Module 13, attention becomes a GPT.
    """)
    return


if __name__ == "__main__":
    app.run()
