import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 13: Transformers")

with app.setup(hide_code=True):
    import math
    from collections.abc import Callable, Iterable, Iterator
    from dataclasses import dataclass

    import marimo as mo
    import numpy as np

    from tinytorch.activations import gelu
    from tinytorch.arrays import add_up
    from tinytorch.attention import MultiheadAttention
    from tinytorch.autograd import no_grad
    from tinytorch.embeddings import Embedding
    from tinytorch.gpt import check_config, check_ids, check_input, check_sampling, gpt2_layout, norm_rows
    from tinytorch.layers import Dropout, Linear, Module, Parameter, linear
    from tinytorch.tensor import Tensor, default_generator, ones, op, zeros
    from tinytorch.vocabulary.layers import ModuleList, normal_


@app.function
@op
# points: 6
def layer_norm(
    input: Tensor,
    normalized_shape: int | tuple,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize each vector to mean 0 and variance 1, then scale and shift it.

    [Ba and others, 2016](https://arxiv.org/abs/1607.06450). PyTorch:
    [`F.layer_norm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html).

    Args:
        input: array of shape (..., *normalized_shape).
        normalized_shape: the shape of a vector; a number for one axis. ValueError if `input`, `weight` or `bias` don't fit (given).
        weight, bias: of that shape, or None for 1 and 0.
        eps: added to the variance, so that a constant vector doesn't divide by 0.

    Returns:
        Array in the shape and dtype of `input`, and its gradients.

    >>> layer_norm(np.array([[1.0, 3.0], [10.0, 30.0]]), 2).round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]

    Steps:
        1. The mean of each row, the variance around it (divided by D), and 1 / standard deviation.
        2. The normalized rows, scaled and shifted.
        3. The gradient of the rows: Module 09's for batch norm, along the other axis.
        4. Return (array, (to_input, None, to_weight, to_bias)).

    Hint: weight and bias may be None. Their gradients have the shape (D,): every row has used them.
    """
    rows, weight_row, bias_row = norm_rows(input, normalized_shape, weight, bias)  # of shape (n, D), (D,) and (D,)
    ### BEGIN SOLUTION
    size = rows.shape[-1]
    normal = rows - rows.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("nd,nd->n", normal, normal)[:, None] / size + eps)
    normal *= scale
    out = normal * weight_row
    out += bias_row

    def to_input(grad):
        grad = grad.reshape(rows.shape) * weight_row
        grad -= normal * (np.einsum("nd,nd->n", grad, normal)[:, None] / size) + grad.mean(axis=-1, keepdims=True)
        grad *= scale
        return grad.reshape(input.shape)

    return out.reshape(input.shape), (
        to_input,
        None,
        lambda grad: np.einsum("nd,nd->d", grad.reshape(rows.shape), normal).reshape(weight.shape),
        lambda grad: add_up(grad.reshape(rows.shape), axis=0).reshape(bias.shape),
    )
    ### END SOLUTION


@app.class_definition
class LayerNorm(Module):
    """`layer_norm` with a weight and a bias to learn. PyTorch: [`nn.LayerNorm`](
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html).

    >>> LayerNorm(4)
    LayerNorm((4,), eps=1e-05, elementwise_affine=True)
    """

    def __init__(
        self, normalized_shape: int | tuple, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(ones(shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(shape)) if elementwise_affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


@app.class_definition
@dataclass(frozen=True)
class GPTConfig:
    """The shape of a GPT, under GPT-2's names.

    >>> GPTConfig(vocab_size=65).n_embd
    128
    """

    vocab_size: int
    block_size: int = 128  # the longest text that it reads, in tokens
    n_layer: int = 4
    n_head: int = 4
    n_embd: int = 128  # the width
    dropout: float = 0.0

    def __post_init__(self):
        check_config(self)


@app.class_definition
class MLP(Module):
    """Two linear layers with `gelu` between them, four times as wide as the vectors outside: (..., D) -> (..., D)."""

    def __init__(self, config: GPTConfig) -> None:
        self.c_fc = Linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = Linear(4 * config.n_embd, config.n_embd)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(gelu(self.c_fc(x))))


@app.class_definition
class Block(Module):
    """A layer of a transformer: attention, then an MLP, each added to what came in."""

    def __init__(self, config: GPTConfig) -> None:
        self.ln_1, self.ln_2 = LayerNorm(config.n_embd), LayerNorm(config.n_embd)
        self.attn = MultiheadAttention(config.n_embd, config.n_head, config.dropout, batch_first=True)
        self.dropout, self.mlp = Dropout(config.dropout), MLP(config)

    # points: 3
    def forward(self, x: Tensor) -> Tensor:
        """Read the other words, then think about what was read.

        Args:
            x: vectors of shape (N, T, D).

        Returns:
            Tensor of the same shape. A vector depends on earlier ones only.

        >>> Block(GPTConfig(65, n_embd=8))(zeros(1, 3, 8)).shape
        (1, 3, 8)

        Steps:
            1. Normalize (`ln_1`), attend causally, and apply dropout. Add the result to `x`.
            2. Normalize the sum (`ln_2`), and pass it through the MLP. Add the result to the sum.

        Hint: attention returns a pair. Its options `is_causal` and `need_weights` say what you want.
        """
        ### BEGIN SOLUTION
        normal = self.ln_1(x)
        x = x + self.dropout(self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0])
        return x + self.mlp(self.ln_2(x))
        ### END SOLUTION


@app.class_definition
class GPT(Module):
    """A decoder-only transformer. [Radford and others, 2019](
    https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf).

    >>> GPT(GPTConfig(vocab_size=65, n_layer=2, n_embd=16))(Tensor([[1, 2, 3]])).shape
    (1, 3, 65)
    """

    def __init__(self, config: GPTConfig) -> None:
        self.config = config
        self.wte = Embedding(config.vocab_size, config.n_embd)  # tokens; also scores the next one
        self.wpe = Embedding(config.block_size, config.n_embd)  # positions
        self.dropout = Dropout(config.dropout)
        self.h = ModuleList([Block(config) for _ in range(config.n_layer)])
        self.ln_f = LayerNorm(config.n_embd)
        init_weights(self)

    @classmethod
    def from_gpt2_state(cls, state: dict, n_head: int | None = None) -> "GPT":
        """A GPT with the weights of GPT-2: `state` is its `state_dict`. ValueError if a weight is missing."""
        options, own = gpt2_layout(state, n_head)
        model = cls(GPTConfig(**options))
        model.load_state_dict({name: Tensor(x) for name, x in own.items()})
        return model

    # points: 4
    def forward(self, ids: Tensor) -> Tensor:
        """Score every token of the vocabulary as the next one, at each position.

        Args:
            ids: integers of shape (N, T). ValueError if T is above `block_size` (given).

        Returns:
            Logits of shape (N, T, vocab_size).

        >>> GPT(GPTConfig(vocab_size=5, n_layer=1, n_embd=8))(Tensor([[1]])).shape
        (1, 1, 5)

        Steps:
            1. Add the vectors of the tokens and of their positions, 0 to T - 1; dropout.
            2. All blocks, in turn; the last normalization.
            3. The scores: dot products with the vector of each token, the very same as in step 1.

        Hint: `linear` without a bias multiplies by a weight of shape (vocab_size, n_embd).
        """
        check_input(ids.array, self.config)
        ### BEGIN SOLUTION
        x = self.dropout(self.wte(ids) + self.wpe(Tensor(np.arange(ids.shape[1]))))
        for block in self.h:
            x = block(x)
        return linear(self.ln_f(x), self.wte.weight)
        ### END SOLUTION


@app.function
# points: 3
def init_weights(model: Module, std: float = 0.02) -> None:
    """Draw a GPT's weights again, as GPT-2 does, in place.

    Args:
        model: a GPT; `model.config.n_layer` is its depth.
        std: the standard deviation of the weights.

    Returns:
        None.

    >>> model = GPT(GPTConfig(vocab_size=65))
    >>> [round(p.array.std().item(), 3) for p in (model.wte.weight, model.h[0].mlp.c_proj.weight)]
    [0.02, 0.007]

    Steps:
        1. Weights with two axes become normal numbers of mean 0; biases of linear layers and attention become 0.
        2. The last weight of each branch (`out_proj` and `c_proj`) is added to the stream of vectors, twice in each layer: use a smaller
           standard deviation, so that the sum keeps its size at any depth.

    Hint: go through `named_parameters()`; the name says which weight it is. Leave the layer norms alone. Variances add up.
    """
    ### BEGIN SOLUTION
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            last = name.endswith(("out_proj.weight", "c_proj.weight"))
            normal_(parameter, 0.0, std / math.sqrt(2 * model.config.n_layer) if last else std)
        elif "ln_" not in name:
            parameter.array[...] = 0
    ### END SOLUTION


@app.function
# points: 3
def count_parameters(config: GPTConfig) -> dict:
    """How many numbers each part of a GPT learns, from its shape alone.

    Args:
        config: the shape.

    Returns:
        dict with the keys "tokens", "positions", "attention", "mlp" and "norms"; the last three over all layers.

    >>> sum(count_parameters(GPTConfig(vocab_size=65)).values())
    818048

    Steps:
        1. The two tables.
        2. For a layer: attention (four projections with biases), the MLP (two linear layers with biases), two norms.
        3. Times the layers; and one norm more, at the end.

    Hint: all sizes follow from `n_embd`. The scores need no weights of their own.
    """
    ### BEGIN SOLUTION
    width = config.n_embd
    return {
        "tokens": config.vocab_size * width,
        "positions": config.block_size * width,
        "attention": config.n_layer * 4 * (width * width + width),
        "mlp": config.n_layer * (8 * width * width + 5 * width),
        "norms": (2 * config.n_layer + 1) * 2 * width,
    }
    ### END SOLUTION


@app.function
# points: 3
def keep_top_k(logits: np.ndarray, k: int) -> np.ndarray:
    """Keep the k largest logits, and set all others to -inf.

    Args:
        logits: array of shape (V,).
        k: how many, at least 1 (given); if there are fewer, all.

    Returns:
        A new array of the same shape and dtype. Of equal logits, those with lower ids are kept first.

    >>> keep_top_k(np.array([1.0, 3.0, 2.0, 3.0]), 2).tolist()
    [-inf, 3.0, -inf, 3.0]

    Steps:
        1. The order of the ids, from the largest logit down. Equal ones must stay in order.
        2. Copy the logits of the first k.

    Hint: `np.argsort` sorts upwards; with `kind="stable"`, equal numbers stay in order.
    """
    if k < 1:
        raise ValueError(f"top_k is {k}: keep at least 1 token, or give None to keep all")
    ### BEGIN SOLUTION
    kept = np.argsort(-logits, kind="stable")[:k]
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out
    ### END SOLUTION


@app.function
# points: 4
def keep_top_p(logits: np.ndarray, p: float) -> np.ndarray:
    """Keep the likeliest tokens that together have probability p, and set all others to -inf.

    This is nucleus sampling, [Holtzman and others, 2019](https://arxiv.org/abs/1904.09751).

    Args:
        logits: array of shape (V,).
        p: above 0, at most 1 (given).

    Returns:
        A new array of the same shape and dtype, with the fewest tokens whose probabilities sum to at least p.

    >>> keep_top_p(np.log([0.25, 0.5, 0.125, 0.125]), 0.7).round(2).tolist()
    [-1.39, -0.69, -inf, -inf]

    Steps:
        1. The ids, from the likeliest down (equal ones in order), and their probabilities.
        2. How many must be kept? The token that passes p is one of them.
        3. Copy their logits.

    Hint: `np.cumsum` adds up from the left. Before the first kept token, the sum is 0.
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}: use a probability, above 0 and at most 1")
    ### BEGIN SOLUTION
    order = np.argsort(-logits, kind="stable")
    weights = np.exp((logits[order] - logits[order[0]]).astype(np.float64))
    weights /= weights.sum()
    kept = order[np.cumsum(weights) - weights < p]
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out
    ### END SOLUTION


@app.function
def next_token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The probability of each token to be the next: temperature first, then top-k, then top-p.

    Args:
        logits: array of shape (V,). ValueError if one is nan.
        temperature: what the logits are divided by, above 0: below 1 makes the likely ones likelier.
        top_k, top_p: as for `keep_top_k` and `keep_top_p`, or None.

    Returns:
        Array of shape (V,), float64, that sums to 1.

    >>> next_token_probabilities(np.log([0.5, 0.25, 0.25]), temperature=0.5).round(3).tolist()
    [0.667, 0.167, 0.167]
    """
    check_sampling(logits, temperature)
    logits = logits.astype(np.float64) / temperature
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p)
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


@app.function
@no_grad()
def next_logits(model: Module, ids: list[int]) -> np.ndarray:
    """The scores, (V,), of the token after these ids, with dropout turned off meanwhile."""
    training = model.training
    if training:
        model.eval()
    try:
        return model(Tensor([ids])).array[0, -1]
    finally:
        if training:
            model.train()


@app.function
# points: 4
def write_on(
    model: Module, ids: list[int], max_new_tokens: int, choose: Callable, stop: int | None = None
) -> Iterator[int]:
    """Add token after token to a text, and yield each one before the next is computed.

    Args:
        model: a GPT, which reads at most its last `model.config.block_size` tokens.
        ids: of the text so far, at least one. They are not changed.
        max_new_tokens: how many to add at most.
        choose: takes logits, an array of shape (V,), and returns an id.
        stop: the id of a token that ends the text; it is yielded, as the last one. None: nothing ends it.

    Yields:
        The id of each new token.

    >>> model = GPT(GPTConfig(vocab_size=5, n_layer=1, n_embd=8))
    >>> list(write_on(model, [0, 3], 4, choose=lambda logits: 2))
    [2, 2, 2, 2]

    Steps:
        1. `next_logits` of the ids that the model can read.
        2. Choose an id, and yield it.
        3. Add it to the ids. Was it `stop`?

    Hint: a function with `yield` pauses there until the next id is asked for. `return` ends it.
    """
    ### BEGIN SOLUTION
    ids = list(ids)
    for _ in range(max_new_tokens):
        token = choose(next_logits(model, ids[-model.config.block_size :]))
        yield token
        ids.append(token)
        if token == stop:
            return
    ### END SOLUTION


@app.function
def generate(
    model: Module, prompt: Iterable[int], max_new_tokens: int, temperature: float = 1.0, top_k: int | None = None,
    top_p: float | None = None, *, greedy: bool = False, seed: int | None = None, stop: int | None = None,
) -> Iterator[int]:  # fmt: skip
    """Write on from a prompt: an iterator over the ids of new tokens, as they are chosen.

    Args:
        model, max_new_tokens, stop: as for `write_on`.
        prompt: ids of tokens, at least one.
        temperature, top_k, top_p: as for `next_token_probabilities`.
        greedy: take the likeliest token instead (of equal ones the lowest id).
        seed: of the random choices; None draws from the default generator.

    Raises:
        TypeError, ValueError, IndexError: a wrong option, or a prompt that is empty or has an unknown id; at once.

    >>> model = GPT(GPTConfig(vocab_size=5, n_layer=1, n_embd=8))
    >>> list(generate(model, [0, 3], 4, seed=1)) == list(generate(model, [0, 3], 4, seed=1))
    True
    """
    ids = np.array(list(prompt))
    check_ids("prompt", ids, model.config)
    next_token_probabilities(
        np.zeros(1), temperature, top_k, top_p
    )  # refuses wrong options now, not at the first token
    draw = default_generator().random if seed is None else np.random.default_rng(seed).random

    def choose(logits):
        sums = next_token_probabilities(logits, temperature, top_k, top_p).cumsum()
        return int(np.searchsorted(sums, draw() * sums[-1], side="right"))

    return write_on(
        model, ids.tolist(), max_new_tokens, (lambda logits: int(logits.argmax())) if greedy else choose, stop
    )


@app.cell
def _():
    mo.md("draft")
    return


if __name__ == "__main__":
    app.run()
