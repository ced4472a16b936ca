"""A line through points: two leaves, a loss, and a step by hand under no_grad."""

import numpy as np
import torch

rng = np.random.default_rng(1)
hours = torch.linspace(0, 4, 41)
noise = torch.tensor(rng.normal(0, 0.2, 41), dtype=torch.float32)
score = 2.5 * hours - 1.0 + noise

w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
print(w, b)
print(hours.shape, hours.dtype, len(hours))
_jitter = torch.randn_like(hours) * 0.1 + torch.normal(0, 0.1, size=(41,))
assert _jitter.shape == torch.Size([41]) and _jitter.abs().max() < 1

lr = 0.05
losses = []
for epoch in range(60):
    guess = w * hours + b
    loss = ((guess - score) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        if epoch < 59:
            w.grad.zero_()
            b.grad.zero_()
    losses.append(loss.item())
    if epoch % 20 == 0:
        print(f"epoch {epoch:2d}: loss {loss:.4f}, w {w.item():.3f}, b {float(b):.3f}")

assert w.is_leaf and w.requires_grad
assert losses[-1] < 0.1 < losses[0]
with torch.no_grad():
    after_five_hours = w * 5 + b
residuals = (score - (w * hours + b)).detach()
spread = residuals.std()
inside = (residuals.abs() < 2 * spread).sum().item()
print("after five hours:", round(after_five_hours.item(), 2), "within two standard deviations:", inside)
