"""Backward through every line of a small language model by hand, compared with what autograd finds."""

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(22)
n, vocab, n_embd, n_hidden = 10, 7, 3, 5
Xb = torch.from_numpy(rng.integers(0, vocab, (n, 2)))
Yb = torch.from_numpy(rng.integers(0, vocab, n))
sizes = [(vocab, n_embd), (2 * n_embd, n_hidden), (1, n_hidden), (1, n_hidden), (n_hidden, vocab), (vocab,)]
C, W1, gain, shift, W2, b2 = (torch.from_numpy(rng.normal(0, 0.7, size)) for size in sizes)
parameters = [C, W1, gain, shift, W2, b2]
for p in parameters:
    p.requires_grad = True

emb = C[Xb]
embcat = emb.view(emb.shape[0], -1)
pre = embcat @ W1
mean = 1 / n * pre.sum(0, keepdim=True)
diff = pre - mean
var = 1 / (n - 1) * (diff**2).sum(0, keepdim=True)
var_inv = (var + 1e-5) ** -0.5
raw = diff * var_inv
hpreact = gain * raw + shift
h = torch.tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdim=True).values
norm_logits = logits - logit_maxes
counts = norm_logits.exp()
counts_sum = counts.sum(1, keepdims=True)
probs = counts * counts_sum**-1
logprobs = probs.log()
loss = -logprobs[range(n), Yb].mean()
for t in [logprobs, probs, counts_sum, counts, norm_logits, logits, h, hpreact, raw, var_inv, var, diff, pre, emb]:
    t.retain_grad()
loss.backward()
print(loss)


def cmp(name, dt, t):
    close = torch.allclose(dt, t.grad)
    maxdiff = (dt - t.grad).abs().max().item()
    print(f"{name:12s} | close: {str(close):5s} | small: {maxdiff < 1e-9} | shape {tuple(dt.shape)}")
    assert close and dt.shape == t.shape


dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Yb] = -1.0 / n
dprobs = dlogprobs / probs
dcounts_sum = -(dprobs * counts).sum(1, keepdim=True) / counts_sum**2
dcounts = dprobs / counts_sum + dcounts_sum.expand(n, vocab)
dnorm_logits = dcounts * counts
dlogit_maxes = -dnorm_logits.sum(1, keepdim=True)
dlogits = dnorm_logits + F.one_hot(logits.max(1).indices, num_classes=vocab) * dlogit_maxes
dh, dW2, db2 = dlogits @ W2.T, h.T @ dlogits, dlogits.sum(0)
dhpreact = (1.0 - h**2) * dh
dgain, dshift = (raw * dhpreact).sum(0, keepdim=True), dhpreact.sum(0, keepdim=True)
draw = gain * dhpreact
dvar_inv = (diff * draw).sum(0, keepdim=True)
dvar = -0.5 * (var + 1e-5) ** -1.5 * dvar_inv
ddiff = var_inv * draw + 2 / (n - 1) * diff * dvar
dpre = ddiff + torch.ones_like(pre) / n * -ddiff.sum(0)
dW1 = embcat.T @ dpre
demb = (dpre @ W1.T).view(emb.shape)
dC = torch.zeros_like(C)
for k in range(Xb.shape[0]):
    for j in range(Xb.shape[1]):
        dC[Xb[k, j]] += demb[k, j]
for name, t in {
    "logprobs": logprobs,
    "counts_sum": counts_sum,
    "logits": logits,
    "h": h,
    "raw": raw,
    "var": var,
}.items():
    cmp(name, globals()["d" + name], t)
for name in ["C", "W1", "gain", "shift", "W2", "b2"]:
    cmp(name, globals()["d" + name], globals()[name])

# the gradient of the logits in one line
short = F.softmax(logits, 1).detach()
short[range(n), Yb] -= 1
short /= n
cmp("in one line", short, logits)
assert torch.all(torch.abs(short.sum(1)) < 1e-12)
