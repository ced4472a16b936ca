"""Names of rivers by counting pairs of letters: a table of counts, probabilities, samples, log-likelihood."""

import torch

rivers = "elbe rhine seine loire danube volga tiber ebro tagus thames severn tyne ouse trent clyde tweed forth"
words = rivers.split()
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
V = len(stoi)

N = torch.zeros((V, V), dtype=torch.int32)
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:], strict=False):
        N[stoi[ch1], stoi[ch2]] += 1
print(N.shape, N.dtype, N.sum(), N[0])
most = N.max().item()
place = N.argmax()
row, col = place // V, place % V
print("most frequent:", itos[row.item()] + itos[int(col)], most, "and", (N == 0).sum().item(), "pairs were never seen")

P = (N + 1).float()
P /= P.sum(1, keepdim=True)
assert torch.allclose(P.sum(1), torch.ones(V))
assert P[3].sum().item() - 1 < 1e-6

g = torch.Generator().manual_seed(2024)
for _ in range(3):
    _ix, _out = 0, []
    while len(_out) < 12:
        _ix = torch.multinomial(P[_ix], num_samples=1, replacement=True, generator=g).item()
        if _ix == 0:
            break
        _out.append(itos[_ix])
    assert set("".join(_out)) <= set(chars)
_drawn = torch.multinomial(P[0], 2000, replacement=True, generator=g)
_share = (_drawn == stoi["t"]).float().mean().item()
assert abs(_share - P[0, stoi["t"]].item()) < 0.04

log_likelihood = 0.0
n = 0
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:], strict=False):
        prob = P[stoi[ch1], stoi[ch2]]
        log_likelihood += torch.log(prob)
        n += 1
nll = -log_likelihood
print(f"{log_likelihood=}")
print(f"{nll=}")
print(f"{nll / n}")
perplexity = (nll / n).exp()
best = [itos[i.item()] for i in torch.topk(P[stoi["e"]], 2).indices]
print("after e:", best, "perplexity", perplexity)
