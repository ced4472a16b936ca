"""Module 13: Transformers.

Written by `tito export` from notebooks/13_transformers.py: edit that file instead. sha256: 7025d22b7c1f7be5
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tinytorch.activations import gelu
from tinytorch.arrays import add_up
from tinytorch.attention import MultiheadAttention
from tinytorch.autograd import no_grad
from tinytorch.embeddings import Embedding
from tinytorch.gpt import check_config, check_input, check_sampling, check_top, from_gpt2, norm_rows, prompt_ids
from tinytorch.layers import Dropout, Linear, Module, Parameter, linear
from tinytorch.tensor import Tensor, default_generator, ones, op, zeros
from tinytorch.vocabulary.layers import ModuleList, normal_


@op
def layer_norm(
    input: Tensor, normalized_shape: int | tuple, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:  # fmt: skip
    """Normalize each vector to mean 0 and variance 1, then scale and shift it. [Ba and others, 2016](https://arxiv.org/abs/1607.06450).
    PyTorch: [`F.layer_norm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html).

    Args:
        input: array of shape (..., *normalized_shape).
        normalized_shape: the shape of a vector; a number for one axis. What doesn't fit is a ValueError (given).
        weight, bias: of that shape, or None for 1 and 0.
        eps: added to the variance, so that a constant vector doesn't divide by 0.

    Returns:
        Array in the shape and dtype of `input`, and its gradients.

    >>> layer_norm(np.array([[1.0, 3.0], [10.0, 30.0]]), 2).round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    rows, weight_row, bias_row = norm_rows(input, normalized_shape, weight, bias)  # of shape (n, D), (D,) and (D,)
    shape, (count, size) = input.shape, rows.shape  # all that the gradient needs of the input, which isn't kept
    normal = rows - rows.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("nd,nd->n", normal, normal)[:, None] / size + eps)
    normal *= scale
    out = normal * weight_row
    out += bias_row

    def to_input(grad):
        grad = grad.reshape(count, size) * weight_row
        grad -= normal * (np.einsum("nd,nd->n", grad, normal)[:, None] / size) + grad.mean(axis=-1, keepdims=True)
        grad *= scale
        return grad.reshape(shape)

    return out.reshape(shape), (
        to_input,
        None,
        lambda grad: np.einsum("nd,nd->d", grad.reshape(count, size), normal).reshape(weight.shape),
        lambda grad: add_up(grad.reshape(count, size), axis=0).reshape(bias.shape),
    )


class LayerNorm(Module):
    """`layer_norm` with weights to learn. PyTorch: [`nn.LayerNorm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html)."""

    def __init__(self, normalized_shape: int | tuple, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True) -> None:  # fmt: skip
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(ones(shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(shape)) if elementwise_affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


@dataclass(frozen=True)
class GPTConfig:
    """The shape of a GPT, under GPT-2's names. ValueError for a shape that can't exist."""

    vocab_size: int
    block_size: int = 128  # the longest text that it reads, in tokens
    n_layer: int = 4
    n_head: int = 4
    n_embd: int = 128  # the width
    dropout: float = 0.0

    def __post_init__(self):
        check_config(self)


class MLP(Module):
    """Two linear layers with `gelu` between them, four times as wide inside: (..., D) -> (..., D)."""

    def __init__(self, config: GPTConfig) -> None:
        self.c_fc, self.c_proj = Linear(config.n_embd, 4 * config.n_embd), Linear(4 * config.n_embd, config.n_embd)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(gelu(self.c_fc(x))))


class Block(Module):
    """A layer of a transformer: attention, then an MLP, each added to what came in."""

    def __init__(self, config: GPTConfig) -> None:
        self.ln_1, self.ln_2 = LayerNorm(config.n_embd), LayerNorm(config.n_embd)
        self.attn = MultiheadAttention(config.n_embd, config.n_head, config.dropout, batch_first=True)
        self.dropout, self.mlp = Dropout(config.dropout), MLP(config)

    # points: 3
    def forward(self, x: Tensor) -> Tensor:
        """Vectors of shape (N, T, D) -> as many of the same shape. Each depends on earlier ones and itself only.

        >>> Block(GPTConfig(65, n_embd=8))(zeros(1, 3, 8)).shape
        (1, 3, 8)
        """
        normal = self.ln_1(x)
        x = x + self.dropout(self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0])
        return x + self.mlp(self.ln_2(x))


def init_weights(model: Module, std: float = 0.02) -> None:
    """Draw a GPT's weights again, as GPT-2 does, in place.

    Args:
        model, std: a GPT, whose depth is `model.config.n_layer`; the standard deviation of the weights.

    Returns:
        None.

    >>> model = GPT(GPTConfig(vocab_size=65))
    >>> [round(p.array.std().item(), 3) for p in (model.wte.weight, model.h[0].mlp.c_proj.weight)]
    [0.02, 0.007]
    """
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            last = name.endswith(("out_proj.weight", "c_proj.weight"))
            normal_(parameter, 0.0, std / math.sqrt(2 * model.config.n_layer) if last else std)
        elif "ln_" not in name:
            parameter.array[...] = 0


class GPT(Module):
    """GPT-2, by [Radford and others](https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf)."""

    def __init__(self, config: GPTConfig) -> None:
        self.config = config
        self.wte = Embedding(config.vocab_size, config.n_embd)  # tokens; also scores the next one
        self.wpe = Embedding(config.block_size, config.n_embd)  # positions
        self.dropout, self.ln_f = Dropout(config.dropout), LayerNorm(config.n_embd)
        self.h = ModuleList([Block(config) for _ in range(config.n_layer)])
        init_weights(self)

    @classmethod
    def from_gpt2_state(cls, state: dict, n_head: int | None = None) -> "GPT":
        """A GPT with the weights of GPT-2, whose `state_dict` is `state`: see `tinytorch.gpt.from_gpt2`."""
        return from_gpt2(cls, GPTConfig, state, n_head)

    # points: 4
    def forward(self, ids: Tensor) -> Tensor:
        """Integers of shape (N, T), where T is at most `block_size` (checked) -> logits of shape (N, T, vocab_size).

        >>> GPT(GPTConfig(vocab_size=5, n_layer=1, n_embd=8))(Tensor([[1]])).shape
        (1, 1, 5)
        """
        check_input(ids.array, self.config)
        x = self.dropout(self.wte(ids) + self.wpe(Tensor(np.arange(ids.shape[1]))))
        for block in self.h:
            x = block(x)
        return linear(self.ln_f(x), self.wte.weight)


def count_parameters(config: GPTConfig) -> dict:
    """How many numbers each part of a GPT learns, from its shape alone.

    Args:
        config: the shape.

    Returns:
        dict with the keys "tokens", "positions", "attention", "mlp" and "norms"; the last three over all layers.

    >>> sum(count_parameters(GPTConfig(vocab_size=65)).values())
    818048
    """
    width, layers = config.n_embd, config.n_layer
    sizes = {"tokens": config.vocab_size * width, "positions": config.block_size * width}
    sizes |= {"attention": layers * 4 * (width * width + width), "mlp": layers * (8 * width * width + 5 * width)}
    return sizes | {"norms": (2 * layers + 1) * 2 * width}


def keep_top_k(logits: np.ndarray, k: int) -> np.ndarray:
    """Keep the k largest logits, and set all others to -inf.

    Args:
        logits, k: array of shape (V,); how many to keep, at least 1 (checked). If there are fewer, all.

    Returns:
        A new array of the same shape and dtype. Of equal logits, those with lower ids are kept first.

    >>> keep_top_k(np.array([1.0, 3.0, 2.0, 3.0]), 2).tolist()
    [-inf, 3.0, -inf, 3.0]
    """
    check_top(logits, top_k=k)
    kept = np.argsort(-logits, kind="stable")[:k]
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out


def keep_top_p(logits: np.ndarray, p: float) -> np.ndarray:
    """Keep the fewest likely tokens that together have probability p. [Holtzman and others, 2019](https://arxiv.org/abs/1904.09751).

    Args:
        logits, p: array of shape (V,); a probability above 0 and at most 1 (checked).

    Returns:
        A new array of the same shape and dtype: the logits of the tokens that are kept, and -inf.

    >>> keep_top_p(np.log([0.25, 0.5, 0.125, 0.125]), 0.7).round(2).tolist()
    [-1.39, -0.69, -inf, -inf]
    """
    check_top(logits, top_p=p)
    order = np.argsort(-logits, kind="stable")
    weights = np.exp((logits[order] - logits[order[0]]).astype(np.float64))
    weights /= weights.sum()
    kept = order[np.cumsum(weights) - weights < p]  # the sum of those before is too small
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out


def next_token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The probability of each token to be the next, float64 of shape (V,): temperature first, then top-k, then top-p.

    Args:
        logits: floats of shape (V,). ValueError if one is nan.
        temperature, top_k, top_p: what the logits are divided by; as for `keep_top_k` and `keep_top_p`, or None.

    >>> next_token_probabilities(np.log([0.5, 0.25, 0.25]), temperature=0.5).round(3).tolist()
    [0.667, 0.167, 0.167]
    """
    check_sampling(logits, temperature)
    logits = (logits.astype(np.float64) - logits.max()) / temperature
    logits = logits if top_k is None else keep_top_k(logits, top_k)
    weights = np.exp(logits if top_p is None else keep_top_p(logits, top_p))
    return weights / weights.sum()


@no_grad()
def next_logits(model: Module, ids: list[int]) -> np.ndarray:
    """The scores, of shape (V,), of the token after these ids, with dropout turned off meanwhile."""
    if model.training:
        try:
            return next_logits(model.eval(), ids)
        finally:
            model.train()
    return model(Tensor([ids])).array[0, -1]


def write_on(model: Module, ids: list[int], max_new_tokens: int, choose: Callable, stop: int | None = None) -> Iterator[int]:  # fmt: skip
    """Add token after token to a text, and yield each one before the next is computed.

    Args:
        model: a GPT, which reads at most its last `model.config.block_size` tokens.
        ids: of the text so far, at least one. They are not changed.
        max_new_tokens: how many to add at most.
        choose: takes logits, an array of shape (V,), and returns an id.
        stop: the id of a token that ends the text; it is yielded, as the last one. None: nothing ends it.

    Returns:
        A generator of the ids of new tokens.

    >>> model = GPT(GPTConfig(vocab_size=5, n_layer=1, n_embd=8))
    >>> list(write_on(model, [0, 3], 4, choose=lambda logits: 2))
    [2, 2, 2, 2]
    """
    ids = list(ids)
    for _ in range(max_new_tokens):
        token = choose(next_logits(model, ids[-model.config.block_size :]))
        yield token
        ids.append(token)
        if token == stop:
            return


def generate(
    model: Module, prompt: Iterable[int], max_new_tokens: int, temperature: float = 1.0, top_k: int | None = None,
    top_p: float | None = None, *, greedy: bool = False, seed: int | None = None, stop: int | None = None,
) -> Iterator[int]:  # fmt: skip
    """Write on from a prompt: an iterator over the ids of new tokens, as they are chosen. What doesn't fit raises at once.

    Args:
        model, max_new_tokens, stop, temperature, top_k, top_p: as for the functions above.
        prompt: ids of tokens, at least one: a list, an array or a tensor of shape (T,).
        greedy, seed: take the likeliest token; or draw with this seed (None: from the default generator).
    """
    ids = prompt_ids(prompt, max_new_tokens, stop, model.config)
    next_token_probabilities(np.zeros(1), temperature, top_k, top_p)  # refuses wrong options now, not later
    draw = default_generator().random if seed is None else np.random.default_rng(seed).random

    def choose(logits):
        probabilities = next_token_probabilities(logits, temperature, top_k, top_p)
        sums = probabilities.cumsum()
        return int(probabilities.argmax() if greedy else np.searchsorted(sums, draw() * sums[-1], side="right"))

    return write_on(model, ids, max_new_tokens, choose, stop)
