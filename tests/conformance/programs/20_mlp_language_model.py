"""A small language model of letters: an embedding by indexing, one hidden layer, a search for the rate, a split."""

import numpy as np
import torch
import torch.nn.functional as F

words = [
    "oak",
    "ash",
    "elm",
    "yew",
    "fir",
    "pine",
    "beech",
    "birch",
    "maple",
    "alder",
    "hazel",
    "holly",
    "larch",
    "willow",
]
chars = [".", *sorted(set("".join(words)))]
stoi = {c: i for i, c in enumerate(chars)}
block_size = 3


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            X.append(context)
            Y.append(stoi[ch])
            context = context[1:] + [stoi[ch]]
    return torch.tensor(X), torch.tensor(Y)


Xtr, Ytr = build_dataset(words[:11])
Xdev, Ydev = build_dataset(words[11:])
print(Xtr.shape, Xtr.dtype, Ytr.shape, Xdev.shape)

rng = np.random.default_rng(20)
V = len(chars)
C, W1, b1, W2, b2 = (torch.tensor(rng.normal(size=s), dtype=torch.float32) for s in [(V, 10), (30, 40), 40, (40, V), V])
W1 *= (5 / 3) / 30**0.5
b1 *= 0.01
W2 *= 0.1
b2 *= 0
parameters = [C, W1, b1, W2, b2]
for p in parameters:
    p.requires_grad = True
print(sum(p.nelement() for p in parameters), "parameters")

lre = torch.linspace(-3, 0, 50)
lrs = 10**lre
_ix = torch.randint(0, Xtr.shape[0], (16,))
assert _ix.dtype == torch.int64 and _ix.shape == (16,) and _ix.max() < len(Xtr)
lossi, stepi = [], []
for i in range(50):
    ix = torch.from_numpy(rng.integers(0, Xtr.shape[0], (16,)))
    emb = C[Xtr[ix]]
    h = torch.tanh(emb.view(-1, 30) @ W1 + b1)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Ytr[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = lrs[i] if i < 25 else 0.1
    for p in parameters:
        p.data += -lr * p.grad
    stepi.append(i)
    lossi.append(loss.log10().item())


@torch.no_grad()
def split_loss(split):
    x, y = {"train": (Xtr, Ytr), "dev": (Xdev, Ydev)}[split]
    h = torch.tanh(C[x].view(x.shape[0], -1) @ W1 + b1)
    loss = F.cross_entropy(h @ W2 + b2, y)
    print(split, loss.item())
    return loss


train_loss, dev_loss = split_loss("train"), split_loss("dev")
smooth = torch.tensor(lossi).view(-1, 10).mean(1)
saturated = (h.abs() > 0.99).float().mean()
print("smoothed:", smooth, "saturated:", saturated.item(), "overfit by", abs(train_loss - dev_loss))
assert emb.shape == (16, 3, 10) and smooth[0] > smooth[-1]
