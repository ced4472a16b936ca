"""Three spirals, told apart: AdamW, a cosine schedule, gradient clipping, dropout, and early stopping."""

import argparse
import copy
import math

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, TensorDataset


def spirals(count, noise=0.1):
    """`count` points on each of three arms: (3 * count, 2), and the number of the arm."""
    radius = torch.linspace(0.1, 1.0, count)
    arms = []
    for arm in range(3):
        angle = 4 * radius + arm * 2 * math.pi / 3 + noise * torch.randn(count)
        arms.append(torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1))
    return torch.cat(arms), torch.arange(3 * count) // count


def evaluate(model, loss_fn, points, arms):
    model.eval()
    with torch.no_grad():
        scores = model(points)
    return loss_fn(scores, arms).item(), (scores.argmax(dim=1) == arms).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--patience", type=int, default=5)
    args = parser.parse_args()

    torch.manual_seed(7)
    train_set, (points, arms) = TensorDataset(*spirals(100)), spirals(50)
    loader = DataLoader(train_set, batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 3))
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
    scheduler = CosineAnnealingLR(optimizer, T_max=args.epochs)

    best, best_state, waited = math.inf, None, 0
    for epoch in range(1, args.epochs + 1):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
        scheduler.step()
        value, accuracy = evaluate(model, loss_fn, points, arms)
        print(f"epoch {epoch:2d}  loss {loss.item():.4f}  validation {value:.4f}  accuracy {accuracy:.3f}")
        if value < best - 1e-4:
            best, best_state, waited = value, copy.deepcopy(model.state_dict()), 0
        else:
            waited += 1
        if waited >= args.patience:
            print(f"no better for {waited} epochs: stopping")
            break
    model.load_state_dict(best_state)
    print(f"best validation loss {evaluate(model, loss_fn, points, arms)[0]:.4f}")


if __name__ == "__main__":
    main()
