import math

import torch
import torch.nn as nn
import torch.nn.functional as F

B, T, C, head_size = 2, 5, 8, 4
x = torch.sin(torch.arange(B * T * C).float()).view(B, T, C)

# a mean of the past, three times
wei = torch.tril(torch.ones(T, T))
wei = wei / wei.sum(1, keepdim=True)
mean1 = wei @ x
mean2 = torch.zeros((B, T, C))
for b in range(B):
    for t in range(T):
        mean2[b, t] = torch.mean(x[b, : t + 1], 0)
tril = torch.tril(torch.ones(T, T))
wei = torch.zeros((T, T))
wei = wei.masked_fill(tril == 0, float("-inf"))
wei = F.softmax(wei, dim=-1)
mean3 = wei @ x
print(torch.allclose(mean1, mean2, atol=1e-6), torch.allclose(mean1, mean3, atol=1e-6))

# one head
key = nn.Linear(C, head_size, bias=False)
query = nn.Linear(C, head_size, bias=False)
value = nn.Linear(C, head_size, bias=False)
with torch.no_grad():
    for number, layer in enumerate((key, query, value)):
        layer.weight.copy_(torch.cos(torch.arange(32).float() + number).view(4, 8))
k = key(x)
q = query(x)
v = value(x)
scores = q @ k.transpose(-2, -1) / math.sqrt(head_size)
scores = scores.masked_fill(tril == 0, float("-inf"))
weights = F.softmax(scores, dim=-1)
out = weights @ v
fused = F.scaled_dot_product_attention(q, k, v, is_causal=True)
same = torch.allclose(out, fused, atol=1e-6)
print(same, tuple(out.shape))
loss = (out * fused).sum()
loss.backward()
first = key.weight.grad
second = value.weight.grad

# several, in one layer
mha = nn.MultiheadAttention(C, 2, batch_first=True)
with torch.no_grad():
    for number, p in enumerate(mha.parameters()):
        p.copy_(0.3 * torch.cos(torch.arange(p.numel()).float() + number).view(p.shape))
mask = torch.triu(torch.ones(T, T, dtype=torch.bool), diagonal=1)
y, attention = mha(x, x, x, attn_mask=mask)
norm = nn.LayerNorm(C)
z = norm(x + y)
print(norm)
z.pow(2).sum().backward()
projection = mha.in_proj_weight.grad
