"""An autoencoder from an OrderedDict of layers: dropout while training, a bottleneck, pictures in and out."""

from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Autoencoder(nn.Module):
    def __init__(self, size=16, code=3):
        super(Autoencoder, self).__init__()
        self.encoder = nn.Sequential(
            OrderedDict(
                [
                    ("flat", nn.Flatten(1)),
                    ("down", nn.Linear(size, 8)),
                    ("act", nn.LeakyReLU(0.1)),
                    ("code", nn.Linear(8, code)),
                ]
            )
        )
        self.dropout = nn.Dropout(p=0.25)
        self.decoder = nn.Sequential(nn.Linear(code, 8), nn.GELU(approximate="tanh"))
        self.decoder.append(nn.Linear(8, size))
        self.decoder.append(nn.Sigmoid())

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(self.dropout(code)).view(x.size(0), 1, 4, 4), code


rng = np.random.default_rng(17)
model = Autoencoder()
for i, p in enumerate(model.parameters()):
    p.data = torch.from_numpy(rng.normal(0, 0.5 / (1 + i % 2), p.shape)).float()
print(model.encoder.down, model.encoder.code.weight.shape, len(model.decoder))

pictures = torch.zeros(12, 1, 4, 4)
for i in range(12):
    pictures[i, 0, i % 4, :] = 1.0
    pictures[i, 0, :, i // 4] += 0.5
pictures.clamp_(0, 1)

# dropout: what is left is scaled up, and nothing is dropped in eval mode
model.train()
kept = model.dropout(torch.ones(1000))
values = kept.unique()
assert 650 < (kept > 0).sum().item() < 850
del kept
model.eval()
assert torch.equal(model.dropout(pictures), pictures)

optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(30):
    restored, code = model(pictures)
    loss = F.mse_loss(restored, pictures)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print(f"====> Epoch: {epoch} Average loss: {loss.item():.4f}")

with torch.no_grad():
    restored, code = model(pictures)
    distance = (code.unsqueeze(1) - code.unsqueeze(0)).norm(dim=-1)
    distance = distance + torch.eye(12) * 100
    nearest = distance.argmin(dim=1)
small = code.half()
assert small.dtype == torch.float16 and (small.float() - code).abs().max() < 0.01
brighter = torch.minimum(pictures + 0.25, torch.full_like(pictures, 1.0))
padded = F.pad(pictures[0, 0], (1, 1, 0, 0))
print("nearest:", nearest.tolist(), "padded:", padded.shape, "code from", code.min().item(), "to", code.max().item())
