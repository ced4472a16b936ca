import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.norm = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 20)
        self.fc2 = nn.Linear(20, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, 16 * 5 * 5)
        return self.fc2(F.relu(self.fc1(x)))


torch.manual_seed(0)
net = Net()
with torch.no_grad():
    for number, p in enumerate(net.parameters()):
        p.copy_(0.1 * torch.cos(torch.arange(p.numel()).float() + number).view(p.shape))
x = torch.sin(torch.arange(2 * 32 * 32).float()).view(2, 1, 32, 32)
scores = net(x)
loss = F.cross_entropy(scores, torch.tensor([3, 7]))
loss.backward()
first = net.conv1.weight.grad
pooled = F.avg_pool2d(x, 4).view(2, -1)
whole = F.max_pool2d(x, 4)
part = whole.view(2, 64)
part[0, 0] = 5.0
corner = whole[0, 0, 0, 0].item()
print(tuple(scores.shape), corner)
