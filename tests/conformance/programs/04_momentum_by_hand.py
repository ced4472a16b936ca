"""Softmax regression on three clouds of points: log-softmax written out, momentum and weight decay by hand."""

import numpy as np
import torch

rng = np.random.default_rng(4)
centers = np.array([[2.0, 0.0], [-1.5, 1.5], [-1.0, -2.0]])
kind = rng.integers(0, 3, 75)
x = torch.from_numpy((centers[kind] + rng.normal(size=(75, 2))).astype(np.float32))
y = torch.from_numpy(kind).long()

W = torch.tensor(rng.normal(0, 0.1, (2, 3)).astype(np.float32), requires_grad=True)
b = torch.zeros(3, requires_grad=True)
params = [W, b]
velocity = [torch.zeros_like(p) for p in params]
lr, momentum, decay = 0.1, 0.9, 1e-3


def log_softmax(scores):
    return scores - torch.logsumexp(scores, dim=1, keepdim=True)


for step in range(40):
    log_p = log_softmax(x @ W + b)
    loss = -log_p.gather(1, y.view(-1, 1)).mean()
    for p in params:
        p.grad = None
    loss.backward()
    with torch.no_grad():
        for p, v in zip(params, velocity, strict=True):
            v.mul_(momentum).add_(p.grad).add_(p, alpha=decay)
            p.add_(v, alpha=-lr)
    if step % 10 == 0:
        print(f"step {step}, loss = {loss.item():.4f}")

with torch.no_grad():
    probabilities = log_softmax(x @ W + b).exp()
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(75))
    best, guess = torch.max(probabilities, dim=1)
    per_class = [(guess[y == k] == k).float().mean().item() for k in range(3)]
    least_sure = torch.argmin(best)
    picked = log_p[torch.arange(75), y]
counts = torch.zeros(3).scatter_add(0, y, torch.ones(75))
print("accuracy per class:", [round(a, 2) for a in per_class], "points:", counts.tolist())
print("least sure:", least_sure, "at", x[least_sure].tolist())
