"""Logistic regression: two clouds of points, and the line between them. No layers, only tensors and an optimizer."""

import torch
import torch.nn.functional as F

torch.manual_seed(0)

count = 200
left = torch.randn(count, 2) + torch.tensor([-1.5, 0.0])
right = torch.randn(count, 2) + torch.tensor([1.5, 1.0])
points = torch.cat([left, right])
labels = torch.cat([torch.zeros(count), torch.ones(count)])

weight = torch.zeros(2, requires_grad=True)
bias = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([weight, bias], lr=0.5, momentum=0.9)

for step in range(1, 101):
    logits = points @ weight + bias
    loss = F.binary_cross_entropy_with_logits(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        accuracy = ((logits > 0) == (labels > 0.5)).float().mean().item()
        print(f"step {step:3d}  loss {loss.item():.4f}  accuracy {accuracy:.3f}")

print(f"line: {weight[0].item():.2f} x + {weight[1].item():.2f} y + {bias.item():.2f} = 0")
