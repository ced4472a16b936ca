"""A Module of our own with three layers: how its weights are initialized, and what is in it."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Classifier(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.fc1 = nn.Linear(n_in, n_hidden)
        self.fc2 = nn.Linear(n_hidden, n_hidden)
        self.out = nn.Linear(n_hidden, n_out, bias=False)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.out(x)


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)
        if m.bias is not None:
            nn.init.zeros_(m.bias)


model = Classifier(8, 12, 3)
print(model)
torch.manual_seed(14)
model.apply(init_weights)
assert model.fc1.bias.sum().item() == 0 and model.out.bias is None
# a Xavier normal has standard deviation sqrt(2 / (fan_in + fan_out)): close to it, if there are many weights
assert torch.rand_like(model.out.weight).max() < 1 and torch.rand(2, 3).min() >= 0
_wide = torch.empty(300, 100)
nn.init.xavier_normal_(_wide)
print("xavier:", f"{_wide.std().item():.2f}", "expected:", f"{(2 / 400) ** 0.5:.2f}")
nn.init.normal_(_wide, mean=1.0, std=0.5)
print("normal:", f"{_wide.mean().item():.1f} {_wide.std().item():.1f}")
_wide.uniform_(-2, 2)
print("uniform:", bool((_wide.abs() <= 2).all()), f"{_wide.mean().abs().item():.1f}")
_wide.normal_(0, 0.1)
print("shrunk:", f"{_wide.std().item():.1f}")

# from here on with numbers that are known
rng = np.random.default_rng(14)
for name, p in model.named_parameters():
    p.data.copy_(torch.from_numpy(rng.uniform(-0.6, 0.6, p.shape)))
    print(f"{name:12} {str(tuple(p.shape)):9} {p.numel():4d} numbers, mean {p.mean().item():+.3f}")
nn.init.constant_(model.fc2.bias, 0.2)

x = torch.from_numpy(rng.normal(size=(10, 8)).astype("float32"))
y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
opt = torch.optim.SGD(model.parameters(), lr=0.3, weight_decay=0.01)
for _ in range(15):
    loss = F.cross_entropy(model(x), y)
    model.zero_grad()
    loss.backward()
    opt.step()
logits = model(x)
print("loss", loss.item(), "accuracy", (logits.argmax(1) == y).float().mean().item())
total = sum(p.numel() for p in model.parameters() if p.requires_grad)
kinds = [type(m).__name__ for m in model.modules()]
tree = [name for name, _ in model.named_modules()]
print(total, kinds, tree)
