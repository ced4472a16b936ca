"""LogSoftmax and NLLLoss, a rate that falls on a plateau, a confusion matrix, and a list of the worst cases."""

import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(12)
label = np.repeat(np.arange(3), 20)
angle = rng.uniform(0, 2 * np.pi, 60)
radius = 1 + label + rng.normal(0, 0.25, 60)
x = torch.tensor(np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), dtype=torch.double)
y = torch.tensor(label)

net = nn.Sequential(nn.Linear(2, 10), nn.Tanh(), nn.Linear(10, 3), nn.LogSoftmax(dim=1)).double()
for p in net.parameters():
    p.data.copy_(torch.from_numpy(rng.normal(0, 0.7, tuple(p.size()))))

loss_fn = nn.NLLLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.2, betas=(0.9, 0.99), weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0.3)
lrs = []
for epoch in range(50):
    optimizer.zero_grad()
    loss = loss_fn(net(x), y)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
    optimizer.step()
    scheduler.step(loss.item())
    lrs.append(optimizer.param_groups[0]["lr"])
print("rates:", sorted(set(lrs), reverse=True))

log_p = net(x).detach()
guess = log_p.argmax(1)
confusion = torch.zeros(3, 3, dtype=torch.int64)
for t, p in zip(y, guess, strict=True):
    confusion[t.long(), p.long()] += 1
print(confusion)
recall = (confusion * torch.eye(3, dtype=torch.long)).sum(1).float() / confusion.sum(1)
assert int(confusion.sum()) == 60
print("recall:", recall)

cost = -log_p[range(60), y]
worst, where = torch.sort(cost, descending=True)
print("worst three:", worst[:3], where[:3].tolist())
share = worst.cumsum(0) / worst.sum()
needed = int((share < 0.9).sum()) + 1
found, times = torch.unique(guess, return_counts=True)
print(f"{needed} of 60 points carry 90% of the loss; guessed {dict(zip(found.tolist(), times.tolist(), strict=True))}")
