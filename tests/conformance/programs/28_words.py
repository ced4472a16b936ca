"""A word from the two before it, with nn.Embedding: padding, positions, tied weights, similar words, a frozen copy of the table."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

text = """the cat sleeps on the sofa . the dog sleeps on the rug . the cat eats fish . the dog eats bones .
the owl sleeps in the tree . the owl eats mice . a cat sees the dog . a dog sees the owl ."""
words = text.split()
vocab = ["<pad>", *sorted(set(words))]
word_to_ix = {word: i for i, word in enumerate(vocab)}
ids = torch.tensor([word_to_ix[w] for w in words], dtype=torch.long)
print(len(words), "words,", len(vocab), "different")

CONTEXT, DIM = 2, 6
padded = torch.cat([torch.zeros(CONTEXT, dtype=torch.long), ids])
X = torch.stack([padded[i : i + CONTEXT] for i in range(len(ids))])
Y = ids
print(X.shape, X[:3].tolist(), Y[:3].tolist())


class NextWord(nn.Module):
    def __init__(self, vocab_size, dim, context):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.position = nn.Embedding(context, dim)
        self.hidden = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, vocab_size, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        t = torch.arange(x.shape[1])
        h = self.embed(x) + self.position(t)
        h = torch.tanh(self.hidden(h.mean(dim=1)))
        return self.out(h)


model = NextWord(len(vocab), DIM, CONTEXT)
rng = np.random.default_rng(28)
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.from_numpy(rng.normal(0, 0.4, tuple(p.shape)).astype(np.float32)))
    model.embed.weight[0].fill_(0)
print(model)
print(sum(p.numel() for p in model.parameters()), "parameters:", [name for name, _ in model.named_parameters()])
print("saved as", list(model.state_dict()))

one_hot = F.one_hot(X[0], num_classes=len(vocab)).float()
assert torch.allclose(one_hot @ model.embed.weight, model.embed(X[0]), atol=1e-6)

optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
losses = []
for epoch in range(25):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    if epoch == 0:
        pad_is_used_as_output = bool(model.embed.weight.grad[0].abs().sum() > 0)
        print("the padding row's gradient comes from the output alone:", pad_is_used_as_output)
    optimizer.step()
    losses.append(loss.item())
print("loss:", round(losses[0], 3), "->", round(losses[-1], 3))

model.eval()
with torch.no_grad():
    vectors = model.embed.weight.detach()
    cat, dog, on = (vectors[word_to_ix[w]] for w in ("cat", "dog", "on"))
    alike = F.cosine_similarity(cat, dog, dim=0)
    others = F.cosine_similarity(cat.unsqueeze(0), vectors[1:], dim=1)
    similar = nn.CosineSimilarity(dim=1)(vectors[1:4], vectors[4:7])
    logits = model(torch.tensor([[word_to_ix["the"], word_to_ix["cat"]]]))
print("cat and dog:", round(alike.item(), 3), "cat and all:", others.shape)
print("the cat ...", vocab[int(logits.argmax())])

frozen = nn.Embedding.from_pretrained(model.embed.weight.detach().clone(), padding_idx=0)
print(frozen, frozen.weight.requires_grad)
head = nn.Linear(DIM, 1)
with torch.no_grad():
    head.weight.fill_(0.1)
    head.bias.fill_(0.0)
animals = torch.tensor([word_to_ix[w] for w in ("cat", "dog", "owl", "sofa", "rug", "tree")])
is_animal = torch.tensor([1.0, 1, 1, 0, 0, 0])
sgd = torch.optim.SGD([p for p in head.parameters() if p.requires_grad], lr=0.5)
for _ in range(10):
    score = head(frozen(animals)).squeeze(1)
    bce = F.binary_cross_entropy_with_logits(score, is_animal)
    sgd.zero_grad()
    bce.backward()
    sgd.step()
print("animals:", round(bce.item(), 3))

try:
    model.embed(torch.tensor([len(vocab)]))
except IndexError:
    print("id", len(vocab), "is out of range")
