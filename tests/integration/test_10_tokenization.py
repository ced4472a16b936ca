"""Tokenizers together with all earlier modules: a table of what follows what learns to write."""

import numpy as np
import pytest

from tinytorch.dataloader import DataLoader, TensorDataset
from tinytorch.datasets import SmallTalk
from tinytorch.layers import Module, Parameter
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor, manual_seed, zeros
from tinytorch.tokenization import BPETokenizer, CharTokenizer
from tinytorch.training import train_epoch


class Bigram(Module):
    """A row of scores for each token: which one comes next?"""

    def __init__(self, vocab_size):
        self.scores = Parameter(zeros(vocab_size, vocab_size))

    def forward(self, ids):
        return self.scores[ids]


def counted_loss(ids, vocab_size):
    """Mean cross-entropy of the frequencies themselves: no table of scores is better on these ids."""
    counts = np.zeros((vocab_size, vocab_size))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return -(counts[counts > 0] * np.log(share[counts > 0])).sum() / counts.sum()


@pytest.mark.parametrize("kind", ["characters", "pairs of bytes"])
def test_a_table_of_what_follows_what(kind):
    """WHAT: the ids of a text train a model, whose loss comes near that of counting, and what it writes is text.
    WHY: this is how a language model is trained, with the smallest model there is.
    TIP: which ids does your tokenizer give for "Ada"? Does decode give "Ada" back?
    """
    text = SmallTalk(train=False).text[:20_000]
    tokenizer = CharTokenizer(text) if kind == "characters" else BPETokenizer.train(text, 300)
    ids = np.array(tokenizer.encode(text))
    manual_seed(0)
    model = Bigram(tokenizer.vocab_size)
    optimizer = Adam(model.parameters(), lr=0.1)
    data = DataLoader(TensorDataset(Tensor(ids[:-1]), Tensor(ids[1:])), 512, shuffle=True)
    for _ in range(4):
        train_epoch(model, cross_entropy, optimizer, data)
    loss = cross_entropy(model(Tensor(ids[:-1])), Tensor(ids[1:])).item()
    best = counted_loss(ids, tokenizer.vocab_size)
    assert best < loss < best + 0.1, f"the loss is {loss:.3f}, and that of counting {best:.3f}"
    likely = [int(ids[0])]
    for _ in range(20):
        likely.append(int(model.scores.detach().numpy()[likely[-1]].argmax()))
    follows = set(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))
    assert set(zip(likely, likely[1:], strict=False)) <= follows, f"it wrote {tokenizer.decode(likely)!r}"
