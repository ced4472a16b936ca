"""The same table of pairs of letters, found by gradient descent: one_hot times a matrix, exp, a normalized row."""

import numpy as np
import torch
import torch.nn.functional as F

text = "the cat sat on the mat. the rat ate the hat. "
letters = sorted(set(text))
index = {c: i for i, c in enumerate(letters)}
K = len(letters)
xs, ys = [], []
for c1, c2 in zip(text, text[1:], strict=False):
    xs.append(index[c1])
    ys.append(index[c2])
xs = torch.tensor(xs)
ys = torch.tensor(ys)
num = xs.nelement()
print("number of pairs:", num, xs.dtype)

g = torch.Generator().manual_seed(7)
_random = torch.randn((K, K), generator=g, requires_grad=True)
assert _random.shape == (K, K) and _random.requires_grad
W = torch.tensor(np.random.default_rng(19).normal(size=(K, K)), dtype=torch.float32, requires_grad=True)

for k in range(60):
    xenc = F.one_hot(xs, num_classes=K).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
    if k % 20 == 0:
        print(k, loss.item())
    W.grad = None
    loss.backward()
    W.data += -10 * W.grad

print("loss at the end", loss)
# counting gives nearly the same rows
N = torch.zeros(K, K)
for i, j in zip(xs.tolist(), ys.tolist(), strict=True):
    N[i, j] += 1
P = N / N.sum(1, keepdim=True)
learned = F.softmax(W.detach(), dim=1)
gap = (P - learned).abs().max()
entropy = -(P[P > 0] * P[P > 0].log()).sum() / K
t = index["t"]
print("after t: counted", P[t, index["h"]].item(), "learned", learned[t, index["h"]].item())
assert gap < 0.3 and torch.equal(P.argmax(1)[:3], learned.argmax(1)[:3])
best_loss = F.cross_entropy((P + 1e-4).log()[xs], ys)
print(f"{gap=:.4f} {entropy=:.4f} {best_loss.item():.4f}")
