"""A whole GPT with PyTorch's weights: the same logits, gradients, and ten steps of AdamW. PyTorch's has GPT-2's names and layout."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tinytorch import Tensor
from tinytorch.losses import cross_entropy
from tinytorch.optim import AdamW
from tinytorch.transformers import GPT, generate
from tito.lesson import close

VOCABULARY, BLOCK, LAYERS, HEADS, WIDTH = 11, 7, 3, 2, 12


class Conv1D(torch.nn.Module):
    """GPT-2's linear layer, whose weight is transposed: (in, out)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(inputs, outputs) / math.sqrt(inputs))
        self.bias = torch.nn.Parameter(torch.randn(outputs) / 2)

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(torch.nn.Module):
    """As GPT-2 computes it: scores, a mask in a buffer, softmax."""

    def __init__(self):
        super().__init__()
        self.c_attn, self.c_proj = Conv1D(WIDTH, 3 * WIDTH), Conv1D(WIDTH, WIDTH)
        self.register_buffer("bias", torch.tril(torch.ones(BLOCK, BLOCK)).view(1, 1, BLOCK, BLOCK))
        self.register_buffer("masked_bias", torch.tensor(-1e4))

    def forward(self, x):
        n, t, _ = x.shape
        q, k, v = (part.view(n, t, HEADS, -1).transpose(1, 2) for part in self.c_attn(x).split(WIDTH, dim=2))
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        scores = scores.masked_fill(self.bias[:, :, :t, :t] == 0, float("-inf"))
        return self.c_proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(n, t, WIDTH))


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.attn = torch.nn.LayerNorm(WIDTH), Attention()
        self.ln_2 = torch.nn.LayerNorm(WIDTH)
        self.mlp = torch.nn.ModuleDict({"c_fc": Conv1D(WIDTH, 4 * WIDTH), "c_proj": Conv1D(4 * WIDTH, WIDTH)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp.c_proj(F.gelu(self.mlp.c_fc(self.ln_2(x)), approximate="tanh"))


class GPT2(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = torch.nn.Embedding(VOCABULARY, WIDTH), torch.nn.Embedding(BLOCK, WIDTH)
        self.h, self.ln_f = torch.nn.ModuleList([Block() for _ in range(LAYERS)]), torch.nn.LayerNorm(WIDTH)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.T


def as_arrays(tensors):
    return {name: x.detach().numpy().copy() for name, x in tensors}


@pytest.fixture
def both():
    """(theirs, ours): two GPTs with the same weights, in float64."""
    torch.manual_seed(0)
    theirs = GPT2().double()
    ours = GPT.from_gpt2_state(as_arrays(theirs.state_dict().items()), n_head=HEADS).double()
    exact(ours, theirs)
    return theirs, ours


def exact(ours, theirs):
    """Give ours every digit of their weights."""
    for name, array in in_our_layout(as_arrays(theirs.named_parameters())).items():
        dict(ours.named_parameters())[name].array = array


def in_our_layout(arrays):
    """GPT-2's names and layout in ours, said once more: the code under test isn't used to check itself."""
    result = {}
    for name, array in arrays.items():
        transposed = name.endswith(".weight") and (".attn." in name or ".mlp." in name)
        new = name.replace("attn.c_attn.", "attn.in_proj_").replace("attn.c_proj.", "attn.out_proj.")
        result[new] = array.T.copy() if transposed else array
    return result


def text(seed=0, rows=3, columns=BLOCK):
    return np.random.default_rng(seed).integers(0, VOCABULARY, (rows, columns + 1))


def test_logits_and_gradients(both):
    theirs, ours = both
    ids = text()
    logits, expected = ours(Tensor(ids[:, :-1])), theirs(torch.tensor(ids[:, :-1]))
    close(logits, expected.detach().numpy(), "logits", rtol=1e-10, atol=1e-12)
    cross_entropy(logits.flatten(0, 1), Tensor(ids[:, 1:].flatten())).backward()
    F.cross_entropy(expected.flatten(0, 1), torch.tensor(ids[:, 1:].flatten())).backward()
    grads = in_our_layout({name: p.grad.numpy() for name, p in theirs.named_parameters()})
    assert grads.keys() == {name for name, _ in ours.named_parameters()}
    for name, p in ours.named_parameters():
        close(p.grad, grads[name], f"the gradient of {name}", rtol=1e-9, atol=1e-12)


def test_ten_steps_of_adamw(both):
    theirs, ours = both
    options = {"lr": 1e-2, "betas": (0.9, 0.95), "weight_decay": 0.1}
    steppers = AdamW(ours.parameters(), **options), torch.optim.AdamW(theirs.parameters(), **options)
    for step in range(10):
        ids = text(step)
        for optimizer in steppers:
            optimizer.zero_grad()
        loss = cross_entropy(ours(Tensor(ids[:, :-1])).flatten(0, 1), Tensor(ids[:, 1:].flatten()))
        expected = F.cross_entropy(theirs(torch.tensor(ids[:, :-1])).flatten(0, 1), torch.tensor(ids[:, 1:].flatten()))
        close(loss, expected.item(), f"the loss of step {step}", rtol=1e-9)
        loss.backward()
        expected.backward()
        for optimizer in steppers:
            optimizer.step()
    weights = in_our_layout(as_arrays(theirs.named_parameters()))
    for name, p in ours.named_parameters():
        close(p, weights[name], f"{name} after ten steps", rtol=1e-7, atol=1e-9)


def test_float32_and_names_with_a_prefix():
    """As a checkpoint of a language model has them: "transformer." before each name, the output beside."""
    torch.manual_seed(1)
    theirs = GPT2()
    state = {f"transformer.{name}": x for name, x in as_arrays(theirs.state_dict().items()).items()}
    state["lm_head.weight"] = state["transformer.wte.weight"]
    ours, ids = GPT.from_gpt2_state(state, n_head=HEADS), text()[:, :4]
    close(ours(Tensor(ids)), theirs(torch.tensor(ids)).detach().numpy(), "logits", rtol=1e-4, atol=1e-4)
    assert ours.config.n_layer == LAYERS and ours.config.block_size == BLOCK


def test_greedy_text(both):
    """The likeliest tokens, one after the other, beyond the block as well; the margin to the second is far above rounding."""
    theirs, ours = both
    ids, margins = [3, 1], []
    for _ in range(12):
        with torch.no_grad():
            top = theirs(torch.tensor([ids[-BLOCK:]]))[0, -1].topk(2)
        margins.append((top.values[0] - top.values[1]).item())
        ids.append(top.indices[0].item())
    assert min(margins) > 1e-6
    assert list(generate(ours, [3, 1], 12, greedy=True)) == ids[2:]
