"""A cubic fitted to a curve, twice: four leaves of no axes, and one vector of powers."""

import math

import torch

dtype = torch.float64
x = torch.linspace(-math.pi, math.pi, 101, dtype=dtype)
y = torch.sin(x) + 0.1 * torch.sign(x)

a = torch.full((), 0.1, dtype=dtype, requires_grad=True)
b = torch.full((), 0.2, dtype=dtype, requires_grad=True)
c = torch.full((), -0.1, dtype=dtype, requires_grad=True)
d = torch.full((), -0.2, dtype=dtype, requires_grad=True)
for t in range(100):
    y_pred = a + b * x + c * x**2 + d * x**3
    loss = (y_pred - y).pow(2).sum()
    if t % 50 == 49:
        print(t, loss.item())
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= 1e-5 * p.grad
            p.grad = None
print(f"y = {a.item():.6f} + {b.item():.6f} x + {c.item():.6f} x^2 + {d.item():.6f} x^3")

powers = torch.tensor([0, 1, 2, 3])
xx = x.unsqueeze(-1).pow(powers)
coefficients = torch.tensor([0.1, 0.2, -0.1, -0.2], dtype=dtype, requires_grad=True)
for _ in range(100):
    loss2 = (xx @ coefficients).sub(y).pow(2).sum()
    loss2.backward()
    coefficients.data -= 1e-5 * coefficients.grad
    coefficients.grad.zero_()
print(xx.size(), xx.dtype, coefficients)
assert torch.allclose(coefficients.data, torch.stack([a, b, c, d]).detach())

# the same by the normal equations, solved by many small steps in whitened coordinates
gram = torch.einsum("ni,nj->ij", xx, xx)
assert torch.allclose(gram, gram.T)
scale = (gram * torch.eye(4, dtype=dtype)).sum(0).rsqrt()
unit = gram * torch.outer(scale, scale)
right = (xx * y.unsqueeze(1)).sum(0) * scale
solution = torch.zeros(4, dtype=dtype)
for _ in range(200):
    solution += 0.5 * (right - unit @ solution)
best = solution * scale
print("best:", [round(v, 4) for v in best.tolist()])
