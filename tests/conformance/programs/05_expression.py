"""One expression of a few numbers in float64: gradients of its leaves, and of what lies between."""

import math

import torch

a = torch.Tensor([3.0]).double()
a.requires_grad = True
b = torch.tensor([-1.5], dtype=torch.double, requires_grad=True)

c = a * b + b**3
d = (a - b).relu() + (b + a * 0.1).relu()
c = c + c + 1
c.retain_grad()
e = d / 2 + 1 / d - (c * -0.2).tanh()
f = e**2
e.retain_grad()
f.backward()

print(f.data.item(), f.dtype)
print("df/da =", a.grad.item(), "df/db =", b.grad.item())
print("df/dc =", c.grad, "df/de =", e.grad)
assert f.grad_fn is not None and a.grad_fn is None
assert a.is_leaf and not f.is_leaf

# a neuron whose tanh is put together from exp: it has the same gradients as tanh itself
inputs = torch.tensor([2.0, -0.5, 1.0], dtype=torch.float64)
found = {}
for form in ("tanh", "exp"):
    w = torch.tensor([-0.3, 1.0, 0.25], dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(0.88, dtype=torch.float64, requires_grad=True)
    n = inputs.dot(w) + bias
    if form == "tanh":
        out = torch.tanh(n)
    else:
        two = (2 * n).exp()
        out = (two - 1) / (two + 1)
    out.backward()
    found[form] = (out.item(), w.grad, bias.grad)
    print(form, out, w.grad)

assert torch.allclose(found["tanh"][1], found["exp"][1])
by_hand = 1 - math.tanh(0.88 - 0.6 - 0.5 + 0.25) ** 2
assert abs(found["tanh"][2].item() - by_hand) < 1e-12
