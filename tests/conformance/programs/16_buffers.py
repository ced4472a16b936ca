"""A layer that standardizes what it sees: buffers, train and eval, extra_repr, and float64."""

import numpy as np
import torch
import torch.nn as nn


class Standardize(nn.Module):
    def __init__(self, width, momentum=0.1):
        super().__init__()
        self.width, self.momentum = width, momentum
        self.gain = nn.Parameter(torch.ones(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, x):
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            with torch.no_grad():
                self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
                self.running_var.mul_(1 - self.momentum).add_(self.momentum * var)
                self.seen += 1
        else:
            mean, var = self.running_mean, self.running_var
        return self.gain * (x - mean) / torch.sqrt(var + 1e-5)

    def extra_repr(self):
        return f"{self.width}, momentum={self.momentum}"


rng = np.random.default_rng(16)
net = nn.Sequential(Standardize(3), nn.Linear(3, 2))
net[1].load_state_dict(
    {"weight": torch.tensor([[0.5, -0.2, 0.1], [0.3, 0.8, -0.6]]), "bias": torch.tensor([0.1, -0.1])}
)
print(net)
print(list(net.state_dict()))
assert len(list(net.parameters())) == 3 and len(list(net.buffers())) == 3

x = torch.tensor(rng.normal([5, -2, 100], [1, 3, 20], (30, 3)), dtype=torch.float32)
y = torch.tensor(rng.normal(size=(30, 2)), dtype=torch.float32)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
net.train()
for step in range(25):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
below = 0.5 * (1 + torch.erf(net[0].running_mean / (2 * net[0].running_var).sqrt()))
print("seen", net[0].seen, "running mean", net[0].running_mean)
train_out = net(x).detach()
net.eval()
eval_out = net(x).detach()
assert net[0].seen.item() == 26 and not net[0].training

# in float64 everything follows: parameters and buffers, but not the counter
wide = net.double()
assert wide is net and net[0].gain.dtype == torch.float64
kinds = {name: str(value.dtype).split(".")[-1] for name, value in net.state_dict().items()}
print(kinds)
in_double = net(x.double()).detach().float()
net.float().to("cpu")
buffers = {name: b.clone() for name, b in net.named_buffers()}
difference = (in_double - eval_out).abs().max().item() < 1e-4
print("close to float32:", difference, "frozen:", [p.requires_grad for p in net.requires_grad_(False).parameters()])
