"""Filters written by hand: edges of a picture, a blur of each channel, and a 3x3 filter that is learned from what it does."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(27)
picture = torch.zeros(1, 1, 9, 12)
picture[:, :, 3:7, 4:9] = 1.0

sobel = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
filters = torch.stack([sobel, sobel.t()]).unsqueeze(1)
edges = F.conv2d(picture, filters, padding=1)
print(filters.shape, edges.shape)
strength = (edges**2).sum(dim=1, keepdim=True).sqrt()
print((strength[0, 0] > 2).int())

# the same blur for each of three channels: one group per channel
colors = torch.from_numpy(rng.uniform(0, 1, (2, 3, 8, 8)).astype(np.float32))
blur = torch.full((3, 1, 3, 3), 1 / 9)
blurred = F.conv2d(colors, blur, groups=3)
assert torch.allclose(blurred, F.avg_pool2d(colors, 3, stride=1), atol=1e-6)
half = F.max_pool2d(blurred, kernel_size=2)
wide = F.conv2d(colors, blur, groups=3, stride=2, dilation=2)
print(blurred.shape, half.shape, wide.shape)

# learn the filter from pictures and their edges
conv = nn.Conv2d(1, 1, kernel_size=3, bias=False)
with torch.no_grad():
    conv.weight.fill_(0.1)
x = torch.from_numpy(rng.normal(size=(1, 1, 10, 10)).astype(np.float32))
y = F.conv2d(x, sobel[None, None])
lr = 0.003
for step in range(12):
    loss = ((conv(x) - y) ** 2).sum()
    conv.zero_grad()
    loss.backward()
    conv.weight.data[:] -= lr * conv.weight.grad
    if (step + 1) % 4 == 0:
        print(f"step {step + 1}, loss {float(loss.detach()):.3f}")
learned = conv.weight.data.reshape(3, 3)
error = (learned - sobel).abs().max().item()
print("largest error of the filter:", round(error, 3))
assert error < 0.1

# how the size changes
for kernel, stride, padding in ((3, 1, 1), (5, 2, 2), ((1, 3), 1, (0, 1)), (2, 2, 0)):
    size = F.conv2d(
        torch.zeros(1, 1, 9, 12), torch.zeros(1, 1, *np.broadcast_to(kernel, 2)), None, stride, padding
    ).shape
    print(kernel, stride, padding, tuple(size[2:]))
