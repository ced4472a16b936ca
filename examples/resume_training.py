"""Stop in the middle and resume: a checkpoint of weights, optimizer and schedule. With gradient accumulation on the way."""

import argparse
import tempfile
from pathlib import Path

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LinearLR

ACCUMULATE = 4  # batches that are gathered for one step


def make():
    """A new network with its optimizer and schedule."""
    model = nn.Sequential(nn.Linear(10, 32), nn.LeakyReLU(0.1), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
    return model, optimizer, LinearLR(optimizer, start_factor=0.2, total_iters=4)


def train(model, optimizer, scheduler, x, y, epochs):
    """Train, and return the loss of each epoch."""
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch, (rows, targets) in enumerate(zip(x.split(16), y.split(16)), 1):
            loss = nn.functional.smooth_l1_loss(model(rows), targets)
            (loss / ACCUMULATE).backward()
            if batch % ACCUMULATE == 0:
                optimizer.step()
                optimizer.zero_grad()
            total += loss.item()
        scheduler.step()
        losses.append(total / batch)
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="", metavar="FILE", help="keep the checkpoint here")
    args = parser.parse_args()
    file = args.checkpoint or Path(tempfile.mkdtemp()) / "checkpoint.pt"

    torch.manual_seed(2)
    x = torch.randn(256, 10)
    y = (x[:, :3].sum(dim=1, keepdim=True)).tanh() + 0.05 * torch.randn(256, 1)

    model, optimizer, scheduler = make()
    first = train(model, optimizer, scheduler, x, y, epochs=4)
    print("first part: ", " ".join(f"{loss:.4f}" for loss in first))
    torch.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}, file
    )
    straight = train(model, optimizer, scheduler, x, y, epochs=4)
    print("went on:    ", " ".join(f"{loss:.4f}" for loss in straight))

    model, optimizer, scheduler = make()
    saved = torch.load(file)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    resumed = train(model, optimizer, scheduler, x, y, epochs=4)
    print("resumed:    ", " ".join(f"{loss:.4f}" for loss in resumed))
    print("the same" if resumed == straight else "they differ")


if __name__ == "__main__":
    main()
