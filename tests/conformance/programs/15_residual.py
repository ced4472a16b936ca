"""Blocks in a ModuleList with a way around each, activations by name in a ModuleDict, and hooks that look inside."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, skip=True):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.act = nn.SiLU()
        self.shortcut = nn.Identity() if skip else None

    def forward(self, x):
        out = self.act(self.linear(x))
        return out if self.shortcut is None else out + self.shortcut(x)


class Deep(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.blocks = nn.ModuleList([Block(width) for _ in range(depth)])
        self.blocks.append(Block(width, skip=False))
        self.heads = nn.ModuleDict(
            {"mean": nn.Linear(width, 1), "scale": nn.Sequential(nn.Linear(width, 1), nn.Softplus())}
        )

    def forward(self, x):
        for i, block in enumerate(self.blocks):
            x = block(x) if i % 2 == 0 else block(x) * 0.5
        return F.elu(self.heads["mean"](x)), self.heads["scale"](x)


rng = np.random.default_rng(15)
net = Deep(6, 2)
for p in net.parameters():
    p.data = torch.tensor(rng.normal(0, 0.4, p.shape), dtype=torch.float32)
print(net.blocks[0], net.blocks[2], net.heads)
print(len(net.blocks), [name for name, _ in net.named_children()], "mean" in net.heads)

activations = {}
calls = []


def remember(name):
    def hook(module, inputs, output):
        activations[name] = output.detach()
        calls.append((name, tuple(inputs[0].shape)))

    return hook


handles = [block.register_forward_hook(remember(f"block {i}")) for i, block in enumerate(net.blocks)]
x = torch.from_numpy(rng.normal(size=(7, 6))).float()
y = x.sum(dim=1, keepdim=True) * 0.3
net(x)
assert torch.equal(net.blocks[0].act(x), F.silu(x)) and torch.is_tensor(x)
for handle in handles:
    handle.remove()
print({name: round(a.std().item(), 4) for name, a in activations.items()})

optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
for _ in range(20):
    mean, scale = net(x)
    # the negative log-likelihood of a normal distribution, without its constant
    loss = (((y - mean) / scale) ** 2 / 2 + scale.log()).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
assert len(calls) == 3  # the hooks were removed
by_layer = {name: p.grad.abs().max().item() for name, p in net.named_parameters() if name.endswith("weight")}
print(f"loss {loss:.4f}", list(by_layer))
