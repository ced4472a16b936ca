"""Attention together with embeddings, positions and the training loop."""

import numpy as np

from tinytorch.attention import MultiheadAttention, scaled_dot_product_attention
from tinytorch.embeddings import Embedding, LearnedPositions, apply_rotary
from tinytorch.layers import Linear, Module
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor, manual_seed, randn
from tinytorch.training import load, save
from tito.lesson import close, waves


class Reverser(Module):
    """Scores each digit of the reversed sequence: ids (N, T) -> (N, T, 10)."""

    def __init__(self, length, attend=True):
        self.embedding, self.positions = Embedding(10, 32), LearnedPositions(length, 32)
        self.attention, self.output = MultiheadAttention(32, 2, batch_first=True), Linear(32, 10)
        self.attend = attend

    def forward(self, ids):
        x = self.positions(self.embedding(ids))
        x = x + self.attention(x, x, x, need_weights=False)[0] if self.attend else x
        return self.output(x)


def share_reversed(attend):
    """The share of digits that a Reverser gets right after a short training."""
    manual_seed(0)
    model, rng = Reverser(6, attend), np.random.default_rng(0)
    optimizer = Adam(model.parameters(), 1e-2)
    for _ in range(200):
        ids = rng.integers(10, size=(64, 6))
        optimizer.zero_grad()
        cross_entropy(model(Tensor(ids)).flatten(0, 1), Tensor(ids[:, ::-1].reshape(-1))).backward()
        optimizer.step()
    ids = rng.integers(10, size=(200, 6))
    return (model(Tensor(ids)).argmax(-1).numpy() == ids[:, ::-1]).mean()


def test_only_attention_can_reverse_a_sequence():
    """WHAT: one layer of attention learns to reverse six digits; the same network without it stays near chance.
    WHY: each digit of the result is elsewhere in the input, and nothing else carries it there.
    TIP: if it stays at chance with attention as well, check `attention_weights` and its gradients.
    """
    with_attention, without = share_reversed(True), share_reversed(False)
    assert with_attention > 0.95, f"{with_attention:.1%} right"
    assert without < 0.3, f"{without:.1%} right without attention"


def test_without_positions_the_order_does_not_matter():
    """WHAT: shuffled words give shuffled results without a mask; with positions they don't.
    WHY: attention is a mean, and a mean has no order.
    TIP: does a word read its own place from anything but its vector?
    """
    manual_seed(0)
    layer, x, order = MultiheadAttention(8, 2, batch_first=True), randn(1, 5, 8), [3, 0, 4, 1, 2]
    plain = layer(x, x, x)[0].detach().numpy()
    shuffled = Tensor(x.array[:, order])
    close(layer(shuffled, shuffled, shuffled)[0], plain[:, order], "shuffled, without positions", rtol=1e-4, atol=1e-5)
    positions = LearnedPositions(5, 8)
    placed, moved = positions(x), positions(shuffled)
    a, b = layer(placed, placed, placed)[0].detach().numpy(), layer(moved, moved, moved)[0].detach().numpy()
    assert np.abs(b - a[:, order]).max() > 0.01


def test_rotary_positions_see_distances_only():
    """WHAT: attention with rotary queries and keys gives the same result wherever the text begins.
    WHY: that is why rotary positions reach beyond the texts of training.
    TIP: are queries and keys turned, and the values left alone?
    """
    q, k, v = (Tensor(waves(1, 4, 8), dtype=np.float64) for _ in range(3))

    def read(start):
        return scaled_dot_product_attention(apply_rotary(q, start), apply_rotary(k, start), v, is_causal=True).numpy()

    close(read(0), read(1000), "a text that begins at position 1000")


def test_a_layer_is_saved_and_loaded(tmp_path):
    """WHAT: `state_dict` has PyTorch's four names; a saved layer gives the same results.
    WHY: weights must travel.
    TIP: what are the attributes of your layer called?
    """
    manual_seed(0)
    layer, x = MultiheadAttention(6, 2, batch_first=True), randn(2, 3, 6)
    assert list(layer.state_dict()) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    save(layer.state_dict(), tmp_path / "layer.pt")
    other = MultiheadAttention(6, 2, batch_first=True)
    other.load_state_dict(load(tmp_path / "layer.pt"))
    close(other(x, x, x)[0], layer(x, x, x)[0].detach().numpy(), "after loading")
