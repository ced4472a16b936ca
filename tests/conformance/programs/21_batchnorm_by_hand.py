"""Layers as plain classes: Linear, BatchNorm1d with running buffers, Tanh; statistics of activations and gradients."""

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(21)


class Linear:
    def __init__(self, fan_in, fan_out, bias=True):
        self.weight = torch.tensor(rng.normal(size=(fan_in, fan_out)), dtype=torch.float32) / fan_in**0.5
        self.bias = torch.zeros(fan_out) if bias else None

    def __call__(self, x):
        self.out = x @ self.weight
        if self.bias is not None:
            self.out += self.bias
        return self.out

    def parameters(self):
        return [self.weight] + ([] if self.bias is None else [self.bias])


class BatchNorm1d:
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
        self.running_mean, self.running_var = torch.zeros(dim), torch.ones(dim)

    def __call__(self, x):
        if self.training:
            xmean = x.mean(0, keepdim=True)
            xvar = x.var(0, keepdim=True)
            with torch.no_grad():
                self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * xmean
                self.running_var = (1 - self.momentum) * self.running_var + self.momentum * xvar
        else:
            xmean, xvar = self.running_mean, self.running_var
        xhat = (x - xmean) / torch.sqrt(xvar + self.eps)
        self.out = self.gamma * xhat + self.beta
        return self.out

    def parameters(self):
        return [self.gamma, self.beta]


class Tanh:
    def __call__(self, x):
        self.out = torch.tanh(x)
        return self.out

    def parameters(self):
        return []


layers = [Linear(8, 12, bias=False), BatchNorm1d(12), Tanh(), Linear(12, 12), BatchNorm1d(12), Tanh(), Linear(12, 4)]
with torch.no_grad():
    layers[-1].weight *= 0.1  # the last layer is less confident
parameters = [p for layer in layers for p in layer.parameters()]
for p in parameters:
    p.requires_grad = True
print(sum(p.nelement() for p in parameters))

x = torch.from_numpy(rng.normal(size=(48, 8))).float()
y = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
ratios = []
for step in range(30):
    batch = torch.from_numpy(rng.integers(0, 48, 24))
    out = x[batch]
    for layer in layers:
        out = layer(out)
    loss = F.cross_entropy(out, y[batch])
    for layer in layers:
        layer.out.retain_grad()
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -0.2 * p.grad
    with torch.no_grad():
        ratios.append([(0.2 * p.grad.std() / p.data.std()).log10().item() for p in parameters if p.ndim == 2])

for i, layer in enumerate(layers):
    if isinstance(layer, Tanh):
        t, d = layer.out, layer.out.grad
        print(f"layer {i} ({layer.__class__.__name__}): mean {t.mean():+.2f}, std {t.std():.2f}, grad std {d.std():e}")
for layer in layers:
    if isinstance(layer, BatchNorm1d):
        layer.training = False
out = x
with torch.no_grad():
    for layer in layers:
        out = layer(out)
accuracy = (out.max(1).indices == y).sum().item() / 48
buffers = [(layer.running_mean, layer.running_var) for layer in layers if isinstance(layer, BatchNorm1d)]
print(f"loss {loss.item():.3f} accuracy {accuracy:.2f}", buffers[0][0].shape)
