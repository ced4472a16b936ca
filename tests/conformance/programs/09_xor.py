"""XOR with Sequential, BCELoss and SGD."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

X = torch.FloatTensor([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = torch.FloatTensor([[0], [1], [1], [0]])

torch.manual_seed(9)
net = nn.Sequential(
    nn.Linear(2, 8),
    nn.Tanh(),
    nn.Linear(8, 1),
    nn.Sigmoid(),
)
print(net)
rng = np.random.default_rng(9)
for layer in (net[0], net[2]):
    layer.weight.data = torch.FloatTensor(rng.uniform(-1, 1, layer.weight.shape))
    layer.bias.data.fill_(0.1)

criterion = nn.BCELoss()
optimizer = optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
costs = []
for epoch in range(100):
    optimizer.zero_grad()
    hypothesis = net(X)
    cost = criterion(hypothesis, Y)
    cost.backward()
    optimizer.step()
    costs.append(cost.item())
    if epoch % 25 == 0:
        print(epoch, "%.4f" % cost)

with torch.no_grad():
    hypothesis = net(X)
    predicted = (hypothesis > 0.5).float()
    accuracy = (predicted == Y).float().mean()
print("Hypothesis:", hypothesis.detach().cpu().numpy().round(2).tolist())
print("Correct:", predicted.view(-1).int().tolist(), "Accuracy:", accuracy.item())
for name, parameter in net.named_parameters():
    print(name, tuple(parameter.shape), parameter.requires_grad)
assert len(list(net.children())) == 4 and sum(p.numel() for p in net.parameters()) == 33
