"""Logistic regression in minibatches: standardized columns, sigmoid by hand, and steps through `.data`."""

import numpy as np
import torch

rng = np.random.default_rng(3)
n, batch_size, lr = 60, 12, 0.5
weight_kg = rng.normal(20, 6, n)
height_cm = rng.normal(50, 12, n)
features = torch.tensor(np.stack([weight_kg, height_cm], axis=1), dtype=torch.float32)
features[7, 1] = float("nan")  # one height was never measured
labels = torch.tensor(weight_kg * 2 + height_cm > 90).float()

missing = torch.isnan(features)
features[missing] = features[~missing[:, 1], 1].mean()
features = (features - features.mean(dim=0, keepdim=True)) / features.std(dim=0, keepdim=True)
assert torch.isfinite(features).all()


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


def batches(order):
    for start in range(0, n, batch_size):
        chosen = order[start : min(start + batch_size, n)]
        yield features[chosen], labels[chosen]


w = torch.zeros((2, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
assert torch.equal(torch.sort(torch.randperm(n))[0], torch.arange(n))
history = []
for epoch in range(6):
    order = torch.from_numpy(rng.permutation(n))
    for X, y in batches(order):
        p = sigmoid(torch.matmul(X, w) + b)
        y = y.reshape(p.shape)
        loss = -(y * torch.log(p) + (1 - y) * torch.log1p(-p))
        loss.sum().backward()
        for param in (w, b):
            param.data.sub_(lr * param.grad / batch_size)
            param.grad.data.zero_()
    with torch.no_grad():
        p = sigmoid(features @ w + b).squeeze(1)
        accuracy = ((p > 0.5) == (labels == 1)).float().mean()
        history.append(accuracy.item())
        print("epoch", epoch + 1, "accuracy", format(accuracy.item(), ".3f"))

wrong = torch.where((p > 0.5).float().ne(labels))[0].tolist()
quarters = (p * 4).floor().clamp(max=3).long()
sure = ((p > 0.9) | (p < 0.1)).sum()
undecided = ((p >= 0.4) & (p <= 0.6)).int()
print("wrong:", wrong, "sure:", sure.item(), "undecided:", undecided.sum().item())
assert history[-1] > 0.9
