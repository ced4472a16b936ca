"""Save and go on: a checkpoint in memory, another model that takes it up, and a body that is shared by a new head."""

import io

import numpy as np
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, out):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
        self.head = nn.Linear(8, out)

    def forward(self, x):
        return self.head(self.body(x))


def epoch(model, optimizer, target):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), target)
    loss.backward()
    optimizer.step()
    return loss.item()


rng = np.random.default_rng(25)
x = torch.from_numpy(rng.normal(size=(20, 4)).astype(np.float32))
y = torch.from_numpy(rng.normal(size=(20, 2)).astype(np.float32))
model = Net(2)
with torch.no_grad():
    for p in model.parameters():
        p[:] = torch.from_numpy(rng.uniform(-0.5, 0.5, p.shape))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
losses = [epoch(model, optimizer, y) for _ in range(10)]

file = io.BytesIO()
torch.save({"epoch": 10, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "losses": losses}, file)
uninterrupted = [epoch(model, optimizer, y) for _ in range(5)]

file.seek(0)
_checkpoint = torch.load(file, weights_only=True, map_location="cpu")
resumed = Net(2)
resumed.load_state_dict(_checkpoint["model"])
optimizer2 = torch.optim.Adam(resumed.parameters(), lr=0.9)
optimizer2.load_state_dict(_checkpoint["optimizer"])
again = [epoch(resumed, optimizer2, y) for _ in range(5)]
print("from epoch", _checkpoint["epoch"], ["%.4f" % v for v in again])
assert np.allclose(again, uninterrupted, rtol=1e-6)

# another head on the same body
buffer = io.BytesIO()
torch.save(model.state_dict(), buffer)
buffer.seek(0)
weights = torch.load(buffer, weights_only=True)
print({name: tuple(value.shape) for name, value in weights.items()})
other = Net(1)
body_only = {name: value for name, value in weights.items() if name.startswith("body.")}
missing, unexpected = other.load_state_dict(body_only, strict=False)
print("missing:", missing, "unexpected:", unexpected)
with torch.no_grad():
    other.head.weight.fill_(0.25)
    other.head.bias.zero_()
other.body.requires_grad_(False)
sgd = torch.optim.SGD([p for p in other.parameters() if p.requires_grad], lr=0.1)
head_losses = [epoch(other, sgd, y[:, :1]) for _ in range(10)]
other.eval()
with torch.inference_mode():
    output = other(x[:3])
print(output.requires_grad, other.training, output.squeeze(-1).tolist())
assert torch.equal(other.body[0].weight, model.body[0].weight)
