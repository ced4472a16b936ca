"""Down a valley with `.data -=`: a function of two numbers, its gradient by central differences, and plain descent."""

import torch


def height(p):
    x, y = p[0], p[1]
    return (x**2 + y - 5) ** 2 + (x + y**2 - 3) ** 2 + torch.sin(3 * x) + 0.5 * torch.cos(y)


point = torch.tensor([0.5, -0.5], dtype=torch.float64, requires_grad=True)

height(point).backward()
eps = 1e-6
numeric = torch.empty(2, dtype=torch.float64)
for i in range(2):
    nudge = torch.zeros(2, dtype=torch.float64)
    nudge[i] = eps
    with torch.no_grad():
        numeric[i] = (height(point + nudge) - height(point - nudge)) / (2 * eps)
assert torch.allclose(point.grad, numeric, rtol=1e-5), (point.grad, numeric)
close = (point.grad - numeric).abs().max().item() < 1e-4
del numeric  # what is left of it is mostly rounding
point.grad.zero_()

path = []
for step in range(80):
    here = height(point)
    here.backward()
    point.data -= 0.01 * point.grad
    if step == 79:
        length = torch.sqrt((point.grad**2).sum())
    point.grad.zero_()
    path.append(point.data.clone())
    if step % 20 == 0:
        x, y = point.tolist()
        print(f"step {step}: x = {x:.6f}, y = {y:.6f}, f(x, y) = {here.item():.6f}")

path = torch.stack(path)
print(path.shape, path[-1], length < 1.0)

# the square root of 7, as the root of a function: Newton's steps, with the slope from autograd
root = torch.tensor(1.0, requires_grad=True)
for _ in range(6):
    f = root**2 - 7
    f.backward()
    root.data = root.data - f.data / root.grad.data
    root.grad.data.zero_()
print("square root of 7:", root.item(), 7**0.5)
assert abs(float(root) - 7**0.5) < 1e-5
steps = path.sub(torch.cat([path[:1], path[:-1]])).pow(2).sum(1).sqrt()
longest = steps.argmax().item()
