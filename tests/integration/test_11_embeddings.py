"""Embeddings together with all earlier modules: a network reads order with positions, and tied weights train and are saved."""

import numpy as np
import pytest

from tinytorch.dataloader import DataLoader, TensorDataset
from tinytorch.datasets import SmallTalk
from tinytorch.embeddings import Embedding, LearnedPositions, WordModel, apply_rotary, sinusoidal_positions
from tinytorch.layers import Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor, manual_seed
from tinytorch.training import batches, load, save, train_epoch
from tito.lesson import close

KINDS = ["learned", "sinusoidal", "rotary"]


class FirstWord(Module):
    """Which of the words came first? A sum over words knows only if each one says where it is."""

    def __init__(self, positions):
        self.words, self.kind = Embedding(8, 16), positions
        self.learned = LearnedPositions(6, 16)
        self.net = Sequential(Linear(16, 32), ReLU(), Linear(32, 8))

    def forward(self, ids):
        x = self.words(ids)
        if self.kind == "learned":
            x = self.learned(x)
        if self.kind == "sinusoidal":
            x = x + Tensor(3 * sinusoidal_positions(6, 16, base=10.0))
        if self.kind == "rotary":
            x = apply_rotary(x)
        return self.net(ReLU()(x).mean(dim=1))


def accuracy(kind):
    """How often a network trained on 2000 shuffled sequences names the first word of 500 others."""
    manual_seed(0)
    rng = np.random.default_rng(0)
    ids = Tensor(np.array([rng.permutation(8)[:6] for _ in range(2500)]))
    train, test = TensorDataset(ids[:2000], ids[:2000, 0]), ids[2000:]
    net = FirstWord(kind)
    optimizer = Adam(net.parameters(), lr=1e-2)
    for _ in range(12):
        train_epoch(net, cross_entropy, optimizer, DataLoader(train, 50, shuffle=True))
    return (net(test).detach().numpy().argmax(axis=1) == test.numpy()[:, 0]).mean()


@pytest.mark.parametrize("kind", KINDS)
def test_order_is_learned_with_positions(kind):
    """WHAT: a network names the first of six words in most sequences that it hasn't seen, with each kind of positions.
    WHY: positions that are the same everywhere train without an error, and tell nothing.
    TIP: the test of the same name in tests/modules looks at the positions alone. Does the embedding's gradient reach every word?
    """
    right = accuracy(kind)
    assert right > 0.5, f"with {kind} positions, {right:.0%} right"


def test_order_cannot_be_learned_without_positions():
    """WHAT: without positions the same network does no better than guessing among the six words.
    WHY: a sum of vectors has no order, whatever the vectors are.
    TIP: if this is better than guessing, something tells your embedding where a word is.
    """
    right = accuracy("none")
    assert right < 0.3, f"without positions, {right:.0%} right: guessing is 17%"


def tied_words():
    """Pairs of (neighbors, word) of a piece of the course's corpus, and the number of different words."""
    words, ids = np.unique(SmallTalk().text[:40_000].lower().split(), return_inverse=True)
    x = np.stack([ids[:-2], ids[2:]], axis=1)
    return Tensor(x), Tensor(ids[1:-1]), len(words)


def test_tied_weights_train_and_are_saved(tmp_path):
    """WHAT: a tied model learns from text, keeps one table through training and saving, and beats guessing by word frequency.
    WHY: a copy instead of the same parameter learns as well, but in two tables that drift apart.
    TIP: WordModel is given. What does the gradient of a table look like that is used twice?
    """
    manual_seed(0)
    x, y, count = tied_words()
    model = WordModel(count, 24)
    optimizer = Adam(model.parameters(), lr=1e-2)
    for _ in range(8):
        loss = train_epoch(model, cross_entropy, optimizer, batches(x, y, 256))
    shares = np.bincount(y.numpy()) / len(y)
    guessing = -(shares[shares > 0] * np.log(shares[shares > 0])).sum()
    assert loss < 0.6 * guessing, f"the loss is {loss:.2f}, and that of guessing by frequency {guessing:.2f}"
    assert model.output.weight is model.embedding.weight
    assert sum(p.numel() for p in model.parameters()) == count * 24
    save(model.state_dict(), tmp_path / "words.npz")
    other = WordModel(count, 24)
    other.load_state_dict(load(tmp_path / "words.npz"))
    assert other.output.weight is other.embedding.weight
    close(other(x[:5]), model(x[:5]).detach().numpy(), "the loaded model")


def test_the_gradient_reaches_every_table():
    """WHAT: the gradient of a tied table along a direction is that of central differences, through positions and a network.
    WHY: with one of its two uses missing, the loss still falls.
    TIP: test_tied_weights looks at the tied table alone, test_apply_rotary at the rotation.
    """
    manual_seed(0)
    net, ids = FirstWord("rotary").double(), Tensor([[0, 3, 3, 1, 7, 0]])
    table, direction = net.words.weight, np.random.default_rng(1).normal(size=(8, 16))

    def loss():
        return cross_entropy(net(ids), Tensor([3]))

    loss().backward()
    slope, middle, ends = (table.grad.numpy() * direction).sum(), table.detach().numpy().copy(), []
    for sign in (1, -1):
        table.array[...] = middle + sign * 1e-6 * direction
        ends.append(loss().item())
    close(slope, (ends[0] - ends[1]) / 2e-6, "the slope along a direction of the table", rtol=1e-4)
    assert abs(slope) > 1e-3
