"""What a graph does when it is used twice: fan-out, retain_graph, gradients that add up, detach, no_grad."""

import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * 2
z = y.exp() * x + y
out = z.sum() + (z * y).mean()
out.backward(retain_graph=True)
first = x.grad.clone()
out.backward()
assert torch.allclose(x.grad, 2 * first)  # it adds up
twice = x.grad.clone()
x.grad.zero_()
print("first", first, "then", twice)

try:
    out.backward()
    refused = False
except RuntimeError:
    refused = True
print("a third time:", "refused" if refused else "allowed")

# a vector needs a gradient from above
v = torch.ones(2, 3, requires_grad=True)
u = v * torch.arange(6).view(2, 3)
u.backward(torch.tensor([[1.0, 0.1, 0.01], [2.0, 2.0, 2.0]]))
print(v.grad)

# a part of the graph that is held fixed
p = torch.tensor(4.0, requires_grad=True)
q = p.sqrt()
fixed = q.detach()
(q * fixed).backward()
assert not fixed.requires_grad and fixed.is_leaf
print("p.grad", p.grad, "of sqrt alone:", 0.5 / p.item() ** 0.5 * fixed.item())

with torch.no_grad():
    silent = p * 3
loud = p * 3
print(silent.requires_grad, loud.requires_grad, loud.grad_fn is None)

# the same leaf in many places, and a product of itself with what was made of it
k = torch.tensor([0.5, -0.5], requires_grad=True)
h = k
for _ in range(4):
    h = h * k + h
total = h.abs().sum() + k.prod()
(grad_k,) = torch.autograd.grad(total, [k])
assert k.grad is None
print("grad_k", grad_k.tolist())
total_of_three = sum((k * i).sum() for i in range(1, 4))
total_of_three.backward()
k2 = k.detach().clone().requires_grad_(True)
(k2.max() + k2.min() * 2 + k2.square().sum().reciprocal()).backward()
