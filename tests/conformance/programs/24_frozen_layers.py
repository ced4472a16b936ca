"""Fine-tuning: a network trained for one task gets a new last layer for another; the rest is frozen."""

import copy

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

rng = np.random.default_rng(24)
x = torch.from_numpy(rng.normal(size=(60, 5))).float()
old_task = (x[:, 0] + x[:, 1] > 0).long()
new_task = (x[:, 0] + x[:, 1]).mul(1.5).round().clamp(-1, 1).add(1).long()


def fill(module):
    if isinstance(module, nn.Linear):
        module.weight.data.copy_(torch.from_numpy(rng.normal(0, 0.5, module.weight.shape)))
        module.bias.data.zero_()


def train(net, y, optimizer, epochs):
    net.train()
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(net(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


net = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 6), nn.ReLU(), nn.Linear(6, 2))
net.apply(fill)
first_loss = train(net, old_task, optim.Adam(net.parameters(), lr=0.02), 25)
before = copy.deepcopy(net.state_dict())

for param in net.parameters():
    param.requires_grad = False
    param.grad = None
net[-1] = nn.Linear(6, 3)
fill(net[-1])
trainable = [name for name, p in net.named_parameters() if p.requires_grad]
print("trainable:", trainable, "of", len(list(net.parameters())))
optimizer = optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), lr=0.2, momentum=0.9)
second_loss = train(net, new_task, optimizer, 25)
for name, _now in net.state_dict().items():
    unchanged = name in before and before[name].shape == _now.shape and torch.equal(before[name], _now)
    print(f"{name:10} {'as before' if unchanged else 'changed'}")
assert net[0].weight.grad is None and net[4].weight.grad is not None

# all parameters go to the optimizer, some of them frozen: it skips them
all_of_them = optim.Adam(net.parameters(), lr=0.01)
train(net, new_task, all_of_them, 5)
assert torch.equal(net[0].weight, before["0.weight"])

# then all of it, at a small rate for the old part
for param in net.parameters():
    param.requires_grad_(True)
_head = [{"params": net[-1].parameters()}]
groups = optim.SGD([{"params": net[:-1].parameters(), "lr": 0.01}, *_head], lr=0.1)
third_loss = train(net, new_task, groups, 10)
net.eval()
with torch.inference_mode():
    accuracy = net(x).argmax(1).eq(new_task).float().mean().item()
print(f"losses {first_loss:.4f} {second_loss:.4f} {third_loss:.4f}, accuracy {accuracy:.3f}")
assert not torch.equal(net[0].weight, before["0.weight"])
print("rates:", [group["lr"] for group in groups.param_groups])
