"""House prices of two numbers: MSELoss, RMSprop, StepLR, a held-out part."""

import numpy as np
import torch
from torch import nn
from torch.optim import lr_scheduler

rng = np.random.default_rng(10)
rooms = rng.integers(1, 7, 64)
area = rooms * 18 + rng.normal(0, 5, 64)
price = 1.2 * rooms + 0.05 * area + rng.normal(0, 0.3, 64)
data = torch.tensor(np.column_stack([rooms, area, price]), dtype=torch.float32)

train, test = torch.split(data, [48, 16])
mean, var = train.mean(0), train.var(dim=0)
train = (train - mean) / var.sqrt()
test = (test - mean).div(var.sqrt())
x_train, y_train = train[:, :2], train[:, 2:]
x_test, y_test = test[:, :-1], test[:, -1].unsqueeze(1)

model = nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 1))
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.from_numpy(rng.normal(0, 0.5, p.shape)))

loss_fn = nn.MSELoss()
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.02)
scheduler = lr_scheduler.StepLR(optimizer, step_size=15, gamma=0.5)
rates, train_losses, test_losses = [], [], []
for epoch in range(40):
    model.train()
    for xb, yb in zip(x_train.chunk(3), y_train.chunk(3), strict=True):
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
    rates.append(optimizer.param_groups[0]["lr"])
    scheduler.step()

    model.eval()
    with torch.no_grad():
        train_losses.append(loss_fn(model(x_train), y_train).item())
        test_losses.append(loss_fn(model(x_test), y_test).item())
    if (epoch + 1) % 10 == 0:
        print("Epoch [{}/{}], loss: {:.4f}, lr: {}".format(epoch + 1, 40, test_losses[-1], scheduler.get_last_lr()))

prediction = model(x_test).detach() * var[2].sqrt() + mean[2]
actual = torch.from_numpy(price[48:]).float().view(16, 1)
error = nn.functional.l1_loss(prediction, actual)
r_squared = 1 - (prediction - actual).square().sum() / (actual - actual.mean()).square().sum()
print(f"mean absolute error {error:.3f}, R squared {r_squared:.3f}")
for guess, true in list(zip(prediction, actual, strict=True))[:3]:
    print(f"{guess.item():6.2f} {true.item():6.2f}")
