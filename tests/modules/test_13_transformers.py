"""The exported GPT and its parts, tested with other numbers than in the notebook."""

import math

import numpy as np
import pytest

from tinytorch.autograd import gradcheck
from tinytorch.layers import Module
from tinytorch.tensor import Tensor, manual_seed, randn
from tinytorch.transformers import (
    GPT,
    MLP,
    Block,
    GPTConfig,
    LayerNorm,
    count_parameters,
    generate,
    init_weights,
    keep_top_k,
    keep_top_p,
    layer_norm,
    next_logits,
    next_token_probabilities,
    write_on,
)
from tito.lesson import close, waves

SMALL = GPTConfig(11, block_size=6, n_layer=2, n_head=2, n_embd=8)


def small_gpt(**options):
    """A GPT whose weights are large enough for its logits to differ."""
    manual_seed(1)
    model = GPT(GPTConfig(**{**vars(SMALL), **options}))
    for name, parameter in model.named_parameters():
        if "ln_" not in name:
            parameter.array *= 20
    return model


# Layer norm


@pytest.mark.parametrize(
    ("shape", "size"), [((5,), 5), ((4, 7), 7), ((2, 3, 4), (3, 4)), ((0, 3), 3), ((2, 1, 6), (1, 6))]
)
def test_layer_norm_gives_mean_0_and_variance_1(shape, size):
    """WHAT: each vector has mean 0 and variance 1, whatever its size and offset; also without any vectors.
    WHY: later layers rely on it.
    TIP: over which axes are the numbers of one vector?
    """
    out = layer_norm(100 * waves(*shape) + 40, size)
    axes = tuple(range(-(1 if isinstance(size, int) else len(size)), 0))
    close(out.mean(axis=axes), np.zeros(out.shape[: len(axes) * -1]), "means")
    close(out.var(axis=axes), np.ones(out.shape[: len(axes) * -1]), "variances", rtol=1e-4)


def test_layer_norm_ignores_scale_and_offset():
    """WHAT: a vector times 10 plus 3 has the same result; with a large eps it doesn't.
    WHY: this is what keeps sizes steady over many layers.
    TIP: is eps added to the variance? Is the mean subtracted first?
    """
    x = waves(3, 8)
    close(layer_norm(10 * x + 3, 8), layer_norm(x, 8), "times 10 plus 3", atol=1e-3)
    close(layer_norm(x, 8, eps=3.0), (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 3), "eps = 3")


@pytest.mark.parametrize("options", [{}, {"elementwise_affine": False}, {"bias": False}], ids=str)
def test_the_module_learns_what_it_has(options):
    """WHAT: weight and bias exist as asked for, start as 1 and 0, and their gradients and the input's match numerical ones.
    WHY: PyTorch's options mean the same here.
    TIP: this class is given. Does your `layer_norm` work without a weight and without a bias?
    """
    layer, x = LayerNorm((2, 3), **options).double(), Tensor(waves(4, 2, 3), dtype=np.float64)
    assert len(list(layer.parameters())) == {"{}": 2, "{'bias': False}": 1}.get(str(options), 0)
    close(layer(x), layer_norm(x.numpy(), (2, 3)), "at first")
    assert gradcheck(lambda x, *_: layer(x), (x, *layer.parameters()))


def test_layer_norm_keeps_float32():
    """WHAT: result and gradients of float32 are float32, for a batch of many rows.
    WHY: float64 would take twice the memory and time.
    TIP: which of your arrays isn't in the dtype of the input?
    """
    layer, x = LayerNorm(16), randn(300, 16).requires_grad_()
    out = layer(x)
    (out * Tensor(np.float32(waves(300, 16)))).sum().backward()
    for array in (out.detach(), x.grad, layer.weight.grad, layer.bias.grad):
        close(array, array.numpy(), "float32", dtype=np.float32)
    close(layer.bias.grad, waves(300, 16).sum(0), "the bias' gradient", atol=1e-4)


# The block and the model


def test_a_block_adds_to_the_stream():
    """WHAT: with both last weights 0 a block returns its input; its gradient is then the upstream one.
    WHY: the stream is a shortcut for the gradient.
    TIP: what is each branch added to?
    """
    block, x = Block(SMALL), randn(2, 5, 8).requires_grad_()
    for layer in (block.attn.out_proj, block.mlp.c_proj):
        for parameter in layer.parameters():
            parameter.array[...] = 0
    out = block(x)
    close(out, x.detach().numpy(), "branches of zeros")
    (out * Tensor(np.float32(waves(2, 5, 8)))).sum().backward()
    close(x.grad, waves(2, 5, 8), "the gradient")


def test_the_branches_read_normalized_vectors():
    """WHAT: what a block adds stays the same if the stream is 100 times as large.
    WHY: this is pre-norm. With post-norm, or without a norm, it changes.
    TIP: does each branch read the stream through its norm, and is the sum left alone?
    """
    manual_seed(0)
    block, x = Block(SMALL), randn(1, 4, 8)
    block.mlp.c_proj.weight.array[...] = 0
    added = block(x).detach().numpy() - x.numpy()
    close((block(x * 100.0) - x * 100.0).detach(), added, "a stream 100 times as large", atol=2e-3)
    assert np.abs(added).max() > 0.01


def test_a_later_token_changes_no_earlier_logit():
    """WHAT: if token t changes, the logits before t stay exactly as they were, and those from t on change.
    WHY: a model that sees the next token learns to copy it, and can't write.
    TIP: which of attention's options hides what comes later?
    """
    model, ids = small_gpt(), np.array([[3, 1, 4, 1, 5, 9]])
    before = model(Tensor(ids)).detach().numpy()
    for t in range(6):
        changed = ids.copy()
        changed[0, t] = 10
        after = model(Tensor(changed)).detach().numpy()
        close(after[:, :t], before[:, :t], f"the logits before position {t}, whose token changed")
        assert np.abs(after[:, t:] - before[:, t:]).max(axis=2).min() > 1e-4, f"the logits from position {t} on"


def test_positions_tell_equal_tokens_apart():
    """WHAT: a text of one token, repeated, has other logits at each position.
    WHY: without positions, a word at the start and one at the end are the same.
    TIP: are the vectors of the positions added, each to its own token?
    """
    logits = small_gpt()(Tensor([[2, 2, 2, 2]])).detach().numpy()[0]
    gaps = np.abs(logits[:, None] - logits[None]).max(axis=2)[np.triu_indices(4, 1)]
    assert gaps.min() > 0.01, f"the logits at two positions are apart by {gaps.min():.2g} only"


def test_a_text_alone_and_in_a_batch():
    """WHAT: a text has the same logits alone, in a batch, and as the beginning of a longer text.
    WHY: no text may depend on its neighbors in the batch.
    TIP: along which axis do you normalize?
    """
    model, ids = small_gpt(), np.random.default_rng(0).integers(11, size=(3, 6))
    whole = model(Tensor(ids)).detach().numpy()
    for i in range(3):
        close(model(Tensor(ids[i : i + 1, :4])), whole[i : i + 1, :4], f"text {i} alone, its first 4 tokens", atol=1e-4)


def test_the_output_is_tied():
    """WHAT: no weight has the shape of a second table; doubling the table's row changes that token's logits alone, up to reading it.
    WHY: GPT-2's output is its table of tokens.
    TIP: which weight do you multiply by in the end?
    """
    model, ids = small_gpt(), Tensor([[1, 2, 3]])
    assert sum(p.shape == (11, 8) for p in model.parameters()) == 1
    before = model(ids).detach().numpy()
    model.wte.weight.array[7] *= 2
    after = model(ids).detach().numpy()
    close(after[..., 7], 2 * before[..., 7], "the logits of token 7, whose row was doubled", rtol=1e-4)
    close(np.delete(after, 7, axis=2), np.delete(before, 7, axis=2), "all others")


def test_mlp_is_applied_to_each_vector():
    """WHAT: (..., D) -> (..., D), the same for each vector.
    WHY: words meet in attention only.
    TIP: this class is given.
    """
    mlp, x = MLP(SMALL), randn(2, 3, 8)
    close(mlp(x)[1, 2], mlp(x[1, 2]).detach().numpy(), "one vector of many")


@pytest.mark.parametrize("layers", [1, 3, 12])
def test_the_size_of_the_last_weights(layers):
    """WHAT: the last weights of the branches have a variance of 1 / (2 L) of the others'.
    WHY: the stream then has the same size at any depth.
    TIP: how many branches does a model of that many layers have?
    """
    manual_seed(0)
    model = GPT(GPTConfig(50, 16, layers, 2, 64))
    init_weights(model, std=0.5)
    for block in model.h:
        first, last = block.mlp.c_fc.weight.array.std(), block.mlp.c_proj.weight.array.std()
        close([first, last], [0.5, 0.5 / math.sqrt(2 * layers)], "deviations of c_fc and c_proj", rtol=0.05)
        close(block.attn.out_proj.weight.array.std(), 0.5 / math.sqrt(2 * layers), "and of out_proj", rtol=0.08)
    assert all((p.array == 0).all() for name, p in model.named_parameters() if "bias" in name)


@pytest.mark.parametrize("sizes", [(65, 128, 4, 4, 128), (300, 7, 2, 5, 20), (2, 1, 1, 1, 1)])
def test_counted_and_real_parameters(sizes):
    """WHAT: the table's sum is the number of parameters of the model.
    WHY: a table that is off by a bias isn't to be trusted.
    TIP: print the shapes of the model's parameters, part by part.
    """
    config = GPTConfig(*sizes)
    assert sum(count_parameters(config).values()) == sum(p.numel() for p in GPT(config).parameters())


# Choosing and writing


@pytest.mark.parametrize("k", [1, 3, 50, 200])
def test_top_k_keeps_k(k):
    """WHAT: k logits stay, at their places, none of them below one that goes.
    WHY: the ids of the tokens are their places.
    TIP: compare the smallest that stays with the largest that goes.
    """
    logits = np.random.default_rng(k).normal(size=200).astype(np.float32)
    out = keep_top_k(logits, k)
    kept = np.isfinite(out)
    assert kept.sum() == k and out.dtype == np.float32
    close(out[kept], logits[kept], "those that stay")
    assert k == 200 or logits[kept].min() > logits[~kept].max()


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9, 0.999])
def test_top_p_keeps_the_fewest_that_reach_p(p):
    """WHAT: what stays has at least probability p, and without its least likely token less than p.
    WHY: one token more or less changes every sampled text.
    TIP: is the token that reaches p among those that stay?
    """
    logits = 2 * np.random.default_rng(3).normal(size=100)
    probabilities = np.exp(logits) / np.exp(logits).sum()
    kept = probabilities[np.isfinite(keep_top_p(logits, p))]
    assert kept.sum() >= p > kept.sum() - kept.min(), f"p = {p}: {len(kept)} tokens with {kept.sum():.4f}"


def test_greedy_and_top_k_1_take_the_lower_id_of_equal_logits():
    """WHAT: equal logits, one answer: the lowest id.
    WHY: a text must be repeatable on any machine.
    TIP: is your sort stable?
    """
    logits = np.float32([0, 7, 7, 1, 7])
    for options in ({"top_k": 1}, {"top_p": 0.01}, {"top_k": 3, "top_p": 0.1}):
        close(next_token_probabilities(logits, **options), [0, 1, 0, 0, 0], str(options))


def test_tokens_are_drawn_by_their_probabilities():
    """WHAT: of 2,000 texts of one token, each token begins as many as its probability says, within chance.
    WHY: sampling that favors a token isn't visible in a single text.
    TIP: this is given, except for keep_top_k and keep_top_p.
    """
    model = small_gpt()
    expected = next_token_probabilities(next_logits(model, [1, 2]), 1.5, top_k=4)
    draws = [next(generate(model, [1, 2], 1, 1.5, top_k=4, seed=seed)) for seed in range(2000)]
    shares = np.bincount(draws, minlength=11) / 2000
    assert np.abs(shares - expected).max() < 4 * math.sqrt(0.25 / 2000), f"{shares} instead of {expected}"
    assert (shares[expected == 0] == 0).all()


def test_writing_goes_on_beyond_the_block():
    """WHAT: 20 tokens from a model that reads 6; each is what the last 6 give.
    WHY: texts are longer than what a model can read.
    TIP: which ids does the model get after the 6th?
    """
    model = small_gpt()
    text = [1, *generate(model, [1], 20, greedy=True)]
    assert len(text) == 21
    for end in range(1, 21):
        best = next_logits(model, text[max(0, end - 6) : end]).argmax()
        assert text[end] == best, f"token {end} of {text}"


def test_writing_leaves_the_model_as_it_was():
    """WHAT: dropout is off while it writes, and on afterwards; nothing is recorded for gradients.
    WHY: a sample in the middle of training must not change the training.
    TIP: `next_logits` is given. Do you call it, or the model itself?
    """
    model = small_gpt(dropout=0.5)
    texts = {tuple(generate(model, [1, 2], 8, greedy=True)) for _ in range(3)}
    assert len(texts) == 1 and model.training and all(m.training for m in model.modules() if isinstance(m, Module))


def test_a_text_ends_with_stop_and_can_be_left():
    """WHAT: the stop token is the last one; without it, the limit ends the text; a reader may leave earlier.
    WHY: a chatbot that can't end its answer goes on with yours.
    TIP: what comes after the `yield` of the stop token?
    """
    model, answers = small_gpt(), iter([5, 6, 7, 8, 9])
    assert list(write_on(model, [1], 99, lambda logits: next(answers), stop=7)) == [5, 6, 7]
    assert next(answers) == 8, "nothing is chosen after the stop token"
    stream = write_on(model, [1], 99, lambda logits: 3)
    assert [next(stream) for _ in range(3)] == [3, 3, 3]
    stream.close()
