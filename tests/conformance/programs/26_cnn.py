"""A small CNN on bars: batch norm, train and eval, a checkpoint with the running statistics, and what the filters have learned."""

import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(26)


def bars(count):
    """Images of 8 by 8 with one bar: class 0 is horizontal, 1 vertical, 2 diagonal."""
    images, kinds = rng.normal(0, 0.1, (count, 1, 8, 8)), rng.integers(0, 3, count)
    for image, kind in zip(images, kinds, strict=True):
        place = rng.integers(0, 8)
        if kind == 0:
            image[0, place, :] += 1
        elif kind == 1:
            image[0, :, place] += 1
        else:
            image[0] += np.eye(8)
    return torch.from_numpy(images.astype(np.float32)), torch.from_numpy(kinds)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.bn2 = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.adaptive_avg_pool2d(x, 1)
        x = torch.flatten(x, 1)
        return self.fc(x)


x_train, y_train = bars(60)
x_test, y_test = bars(30)
model = CNN()
print(model)
print("parameters:", sum(p.numel() for p in model.parameters() if p.requires_grad))

# the same start in every run: the weights are drawn here
with torch.no_grad():
    for name, p in model.named_parameters():
        if p.dim() > 1:
            p.copy_(torch.from_numpy(rng.normal(0, 1 / np.sqrt(p[0].numel()), tuple(p.shape))))
        elif "bias" in name:
            p.zero_()

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
best, losses = 0.0, []
with tempfile.TemporaryDirectory() as _folder:
    path = Path(_folder) / "best.pt"
    for epoch in range(8):
        model.train()
        for start in range(0, len(x_train), 20):
            images, labels = x_train[start : start + 20], y_train[start : start + 20]
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            accuracy = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
        print(f"epoch {epoch + 1}: loss {losses[-1]:.4f}, test accuracy {accuracy:.2f}")
        if accuracy >= best:
            best = accuracy
            torch.save({"model": model.state_dict(), "epoch": epoch}, path)
    checkpoint = torch.load(path)

restored = CNN()
restored.load_state_dict(checkpoint["model"])
restored.eval()
with torch.no_grad():
    scores = restored(x_test)
print("best epoch:", checkpoint["epoch"] + 1, "batches seen:", restored.bn1.num_batches_tracked.item())
assert best > 0.9 and not restored.training
# in eval mode one image alone gets the scores that it gets in a batch
assert torch.allclose(restored(x_test[:1]), scores[:1], atol=1e-5)
features = restored.conv1(x_test[:2]).detach()
shapes = [tuple(f.shape) for f in (features, restored.pool(features), F.avg_pool2d(features, 4))]
print(shapes)
