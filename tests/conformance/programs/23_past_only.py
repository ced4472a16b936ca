"""Each letter looks back: averages of the past in four ways, then one head of attention, trained."""

import numpy as np
import torch
import torch.nn as nn
from torch.nn import functional as F

rng = np.random.default_rng(23)
text = "a man, a plan, a canal: panama! was it a rat i saw? "
chars = sorted(set(text))
encode = {ch: i for i, ch in enumerate(chars)}
data = torch.tensor([encode[c] for c in text], dtype=torch.long)
B, T, V, D = 4, 8, len(chars), 6
ix = torch.from_numpy(rng.integers(0, len(data) - T, B))
x = torch.stack([data[i : i + T] for i in ix])
y = torch.stack([data[i + 1 : i + T + 1] for i in ix])
print("inputs", x.shape, "targets", y.shape)

table = torch.from_numpy(rng.normal(0, 0.5, (V, D))).float().requires_grad_()
tok = table[x]
bow = torch.zeros((B, T, D))
for b in range(B):
    for t in range(T):
        bow[b, t] = tok[b, : t + 1].mean(0).detach()
tril = torch.tril(torch.ones(T, T))
wei = tril / tril.sum(1, keepdim=True)
assert torch.allclose(bow, wei @ tok, atol=1e-6)
wei = F.softmax(torch.zeros((T, T)).masked_fill(tril == 0, float("-inf")), dim=-1)
assert torch.allclose(bow, torch.bmm(wei.expand(B, T, T), tok), atol=1e-6)
running = tok.cumsum(dim=1) / torch.arange(1, T + 1).view(1, T, 1)
assert torch.allclose(bow, torch.einsum("ts,bsd->btd", wei, tok), atol=1e-6)
assert torch.allclose(bow, running, atol=1e-6)

query, key, value = (nn.Linear(D, D, bias=False) for _ in range(3))
head = nn.Linear(D, V)
for layer in (query, key, value, head):
    layer.weight.data = torch.tensor(rng.normal(0, 0.4, layer.weight.shape), dtype=torch.float32)
nn.init.zeros_(head.bias)
params = [table, *(p for layer in (query, key, value, head) for p in layer.parameters())]
optimizer = torch.optim.AdamW(params, lr=1e-2)
future = torch.triu(torch.ones(T, T), diagonal=1).bool()
for step in range(25):
    tok = table[x]
    q, k, v = query(tok), key(tok), value(tok)
    att = q @ k.transpose(-2, -1) * D**-0.5
    att = att.masked_fill(future, float("-inf")).softmax(dim=-1)
    logits = head(tok + att @ v)
    loss = F.cross_entropy(logits.view(B * T, V), y.view(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 8 == 0:
        print(f"step {step}: {loss.item():.4f}")

assert (att[:, future] == 0).all()
last = logits[:, -1, :]
next_letters = "".join(chars[i] for i in last.argmax(dim=-1))
context = torch.cat((x, last.argmax(-1, keepdim=True)), dim=1)
rows = att.detach().unbind(0)
print(repr(next_letters), context.shape, len(rows), rows[0][1])
repeated = x[0].repeat(2, 1).flatten()
