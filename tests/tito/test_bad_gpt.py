"""Bad input to a GPT: the error names the argument, its value and what was expected, before anything is computed."""

import re

import numpy as np
import pytest

from tinytorch import Tensor, nn, ones, tensor
from tinytorch.nn import functional as F
from tinytorch.transformers import (
    GPT,
    GPTConfig,
    generate,
    keep_top_k,
    keep_top_p,
    layer_norm,
    next_token_probabilities,
)

LOGITS = np.array([1.0, 2.0, 3.0])


def model():
    return GPT(GPTConfig(5, block_size=4, n_layer=1, n_head=1, n_embd=4))


def write(prompt=(1,), new=3, **options):
    """`generate` alone must raise, not the first `next`."""
    return generate(model(), prompt, new, **options)


SHAPES = {
    "heads": (lambda: GPTConfig(5, n_head=3, n_embd=8), ValueError, "n_embd is 8 and n_head is 3: the heads share the width"),
    "no layers": (lambda: GPTConfig(5, n_layer=0), ValueError, "n_layer is 0: use an integer of at least 1"),
    "a negative width": (lambda: GPTConfig(5, n_embd=-8), ValueError, "n_embd is -8: use an integer of at least 1"),
    "half a token": (lambda: GPTConfig(5.5), ValueError, "vocab_size is 5.5: use an integer of at least 1"),
    "a float block": (lambda: GPTConfig(5, block_size=8.0), ValueError, "block_size is 8.0: use an integer"),
    "a boolean": (lambda: GPTConfig(5, n_layer=True), ValueError, "n_layer is True: use an integer"),
    "a text": (lambda: GPTConfig("65"), ValueError, "vocab_size is '65': use an integer"),
    "dropout": (lambda: GPTConfig(5, dropout=1.5), ValueError, "dropout is 1.5: use a probability, from 0 to 1"),
    "nan as dropout": (lambda: GPTConfig(5, dropout=float("nan")), ValueError, "dropout is nan: use a probability"),
    "dropout in words": (lambda: GPTConfig(5, dropout="none"), ValueError, "dropout is 'none': use a probability"),
    "a long text": (
        lambda: model()(tensor([[1, 2, 3, 4, 0]])), ValueError, "ids have 5 tokens, and block_size is 4: read fewer at a time"
    ),
    "one axis": (lambda: model()(tensor([1, 2])), ValueError, "ids have shape (2,): use (batch, tokens)"),
    "floats": (lambda: model()(ones(1, 2)), TypeError, "ids is float32: use integers, the ids of tokens"),
    "an unknown id": (lambda: model()(tensor([[1, 5]])), IndexError, "ids has the id 5: the vocabulary has 0 to 4"),
    "a negative id": (lambda: model()(tensor([[-1]])), IndexError, "ids has the id -1: the vocabulary has 0 to 4"),
    "no ids": (lambda: model()(Tensor(np.zeros((1, 0), int))), ValueError, "ids is empty: give at least one token"),
}  # fmt: skip
SAMPLING = {
    "temperature 0": (
        lambda: write(temperature=0), ValueError, "temperature is 0: use a number above 0, or greedy=True for the likeliest token"
    ),
    "a negative temperature": (lambda: write(temperature=-1.0), ValueError, "temperature is -1.0: use a number above 0"),
    "nan": (lambda: write(temperature=float("nan")), ValueError, "temperature is nan: use a number above 0"),
    "infinity": (lambda: write(temperature=float("inf")), ValueError, "temperature is inf: use a number above 0"),
    "temperature in words": (lambda: write(temperature="hot"), ValueError, "temperature is 'hot': use a number above 0"),
    "no temperature": (lambda: write(temperature=None), ValueError, "temperature is None: use a number above 0"),
    "top-k 0": (lambda: write(top_k=0), ValueError, "top_k is 0: use an integer of at least 1, or None to keep all tokens"),
    "a negative top-k": (lambda: keep_top_k(LOGITS, -2), ValueError, "top_k is -2: use an integer of at least 1"),
    "half a token": (lambda: keep_top_k(LOGITS, 2.5), ValueError, "top_k is 2.5: use an integer of at least 1"),
    "top-k True": (lambda: keep_top_k(LOGITS, True), ValueError, "top_k is True: use an integer of at least 1"),
    "top-p 0": (
        lambda: write(top_p=0.0), ValueError, "top_p is 0.0: use a probability, above 0 and at most 1, or None to keep all tokens"
    ),
    "a large top-p": (lambda: keep_top_p(LOGITS, 1.01), ValueError, "top_p is 1.01: use a probability, above 0 and at most 1"),
    "percent": (lambda: write(top_p=90), ValueError, "top_p is 90: use a probability, above 0 and at most 1"),
    "top-p nan": (lambda: keep_top_p(LOGITS, float("nan")), ValueError, "top_p is nan: use a probability"),
    "top-p True": (lambda: keep_top_p(LOGITS, True), ValueError, "top_p is True: use a probability"),
    "nan logits": (
        lambda: next_token_probabilities(np.array([0, np.nan])), ValueError, "logits have nan at 1: has training diverged?"
    ),
    "nan logits, top-k": (lambda: keep_top_k(np.array([np.nan]), 1), ValueError, "logits have nan at 0"),
    "infinite logits": (
        lambda: next_token_probabilities(np.array([0, np.inf])), ValueError, "the largest of the logits is inf: it must be finite"
    ),
    "no token left": (lambda: keep_top_p(np.full(3, -np.inf), 0.5), ValueError, "the largest of the logits is -inf"),
    "integers": (lambda: keep_top_k(np.array([1, 2]), 1), TypeError, "logits are int64: use a NumPy array of floats"),
    "a list": (lambda: keep_top_p([1.0, 2.0], 0.5), TypeError, "logits are list: use a NumPy array of floats"),
    "a batch": (lambda: next_token_probabilities(np.zeros((2, 3))), ValueError, "logits have shape (2, 3): use (vocab_size,)"),
    "no logits": (lambda: next_token_probabilities(np.zeros(0)), ValueError, "logits have shape (0,): use (vocab_size,)"),
}  # fmt: skip
PROMPTS = {
    "an empty prompt": (lambda: write([]), ValueError, "prompt is empty: give at least one token"),
    "an empty array": (lambda: write(np.zeros(0, int)), ValueError, "prompt is empty: give at least one token"),
    "a text": (lambda: write("Once upon a time"), TypeError, "prompt is the text 'Once upon a time': encode it first"),
    "words": (lambda: write(["a", "b"]), TypeError, "prompt is <U1: use integers, the ids of tokens"),
    "an unknown id": (lambda: write([1, 7]), IndexError, "prompt has the id 7: the vocabulary has 0 to 4"),
    "a negative id": (lambda: write(tensor([-2])), IndexError, "prompt has the id -2: the vocabulary has 0 to 4"),
    "floats": (lambda: write([1.0]), TypeError, "prompt is float64: use integers"),
    "booleans": (lambda: write([True]), TypeError, "prompt is bool: use integers"),
    "a batch": (lambda: write([[1, 2]]), ValueError, "prompt has shape (1, 2): give the ids of one text"),
    "fewer than no tokens": (lambda: write(new=-1), ValueError, "max_new_tokens is -1: use an integer of at least 0"),
    "half a token": (lambda: write(new=2.5), TypeError, "max_new_tokens is 2.5: use an integer of at least 0"),
    "True tokens": (lambda: write(new=True), TypeError, "max_new_tokens is True: use an integer of at least 0"),
    "no limit": (lambda: write(new=None), TypeError, "max_new_tokens is None: use an integer of at least 0"),
    "an unknown stop": (lambda: write(stop=5), IndexError, "stop has the id 5: the vocabulary has 0 to 4"),
    "a stop in words": (lambda: write(stop="end"), TypeError, "stop is <U3: use integers"),
}  # fmt: skip
NORMS = {
    "a width that doesn't fit": (
        lambda: nn.LayerNorm(4)(ones(2, 3)), ValueError, "input has shape (2, 3): it must end with normalized_shape, which is (4,)"
    ),
    "a weight that doesn't fit": (
        lambda: F.layer_norm(ones(2, 3), 3, ones(2)), ValueError, "weight has shape (2,): use that of normalized_shape, (3,)"
    ),
    "a bias that doesn't fit": (
        lambda: F.layer_norm(ones(2, 3), (3,), ones(3), ones(1)), ValueError, "bias has shape (1,): use that of normalized_shape, (3,)"
    ),
    "integers": (lambda: layer_norm(np.ones((2, 3), int), 3), TypeError, "input is int64: use floats"),
    "no axes": (lambda: layer_norm(np.ones((2, 3)), ()), ValueError, "it must end with normalized_shape, which is ()"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "error", "expected"),
    [
        pytest.param(*case, id=f"{kind}: {name}")
        for kind, cases in (("shape", SHAPES), ("sampling", SAMPLING), ("prompt", PROMPTS), ("norm", NORMS))
        for name, case in cases.items()
    ],
)
def test_the_error_says_what_was_expected(step, error, expected):
    with pytest.raises(error, match=re.escape(expected)):
        step()


@pytest.mark.parametrize("options", [{}, {"greedy": True}, {"top_k": 2}], ids=str)
def test_a_diverged_model_writes_nothing(options):
    broken = model()
    broken.ln_f.weight.array[...] = np.nan
    with pytest.raises(ValueError, match="logits have nan at 0: has training diverged"):
        next(generate(broken, [1], 3, **options))


def test_what_else_may_be_given():
    """A prompt as a list, a tuple, an iterator, an array of any integer dtype or a tensor; NumPy's numbers as options."""
    prompts = ([1, 3], (1, 3), iter([1, 3]), range(1, 4, 2), np.array([1, 3], np.uint8), tensor([1, 3]))
    gpt = model()
    texts = {tuple(generate(gpt, prompt, 6, seed=4)) for prompt in prompts}
    assert len(texts) == 1
    options = {"temperature": np.float32(1), "top_k": np.int64(9), "top_p": np.float64(1), "stop": np.int64(4)}
    text = list(generate(gpt, [1, 3], np.int64(6), **options, seed=4))
    assert 1 <= len(text) <= 6 and all(type(token) is int for token in text)
    assert list(generate(gpt, [1], 0)) == []


def test_a_tiny_temperature_is_greedy():
    assert next_token_probabilities(np.array([3.0, 1.0, 2.0]), 1e-300).tolist() == [1.0, 0.0, 0.0]
