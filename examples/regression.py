"""Regression with a module of one's own: a noisy sine, fitted by a sum of bumps whose places and widths are learned."""

import math

import torch
from torch import nn, optim


class Bumps(nn.Module):
    """y = bias + sum of height * exp(-((x - center) * sharpness)^2)."""

    def __init__(self, count):
        super().__init__()
        self.centers = nn.Parameter(torch.linspace(-3.0, 3.0, count))
        self.sharpness = nn.Parameter(torch.ones(count))
        self.heights = nn.Linear(count, 1)
        nn.init.normal_(self.heights.weight, std=0.1)
        nn.init.zeros_(self.heights.bias)

    def forward(self, x):
        bumps = torch.exp(-(((x - self.centers) * self.sharpness) ** 2))
        return self.heights(bumps)


def main():
    torch.manual_seed(3)
    x = torch.rand(256, 1) * 2 * math.pi - math.pi
    y = torch.sin(x) + 0.1 * torch.randn(256, 1)
    model, loss_fn = Bumps(8), nn.MSELoss()
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    for step in range(1, 201):
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0:
            print(f"step {step:3d}  loss {loss.item():.5f}")
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters} parameters, mean error {loss.item() ** 0.5:.3f}; the noise is 0.1")


if __name__ == "__main__":
    main()
