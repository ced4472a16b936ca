"""Four kinds of little pictures: CrossEntropyLoss, Adam, minibatches, accuracy by counting."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

rng = np.random.default_rng(11)
patterns = np.zeros((4, 1, 5, 5), dtype=np.float32)
patterns[0, :, 2, :] = 1  # a bar
patterns[1, :, :, 2] = 1  # a pole
patterns[2, 0] = np.eye(5)  # a diagonal
patterns[3, :, 1:4, 1:4] = 1  # a square
kinds = np.arange(80) % 4
noisy = patterns[kinds] + rng.normal(0, 0.4, (80, 1, 5, 5))
pixels = torch.from_numpy((noisy.transpose(0, 2, 3, 1) * 100 + 60).clip(0, 255).astype(np.uint8))
assert pixels.dtype == torch.uint8 and pixels.dim() == 4
images = pixels.permute(0, 3, 1, 2).contiguous().float().div_(255).sub(0.3).mul(2)
labels = torch.LongTensor(kinds.tolist())

model = nn.Sequential(nn.Flatten(), nn.Linear(25, 16), nn.ReLU(inplace=True), nn.Linear(16, 4))
state = {name: torch.tensor(rng.normal(0, 0.2, p.shape), dtype=torch.float) for name, p in model.state_dict().items()}
model.load_state_dict(state)

criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.01)
scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
for epoch in range(10):
    running_loss, correct, total = 0.0, 0, 0
    order = torch.from_numpy(rng.permutation(64))
    for indices in order.split(16):
        inputs, targets = images[indices], labels[indices]
        optimizer.zero_grad(set_to_none=True)
        outputs = model(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * inputs.size(0)
        _, predicted = torch.max(outputs.data, 1)
        total += targets.size(0)
        correct += predicted.eq(targets).sum().item()
    scheduler.step()
    if epoch % 3 == 0:
        print(f"epoch {epoch + 1}: loss {running_loss / total:.3f}, accuracy {100.0 * correct / total:.1f}%")

model.eval()
with torch.no_grad():
    scores = model(images[64:])
    probabilities = F.softmax(scores, dim=1)
    guesses = scores.argmax(dim=1, keepdim=True)
    hits = guesses.eq(labels[64:].view(guesses.shape))
    top = probabilities.topk(2, dim=1)
    in_top_two = (top.indices == labels[64:].unsqueeze(1)).any(dim=1).float().mean()
print("held out:", hits.sum().item(), "of", len(hits), "top two:", in_top_two.item(), "lr:", scheduler.get_last_lr())
names = ["bar", "pole", "diagonal", "square"]
print(" ".join(names[i] for i in guesses.flatten()))
