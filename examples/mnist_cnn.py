"""A small convolutional network that reads handwritten digits, with batch norm.

The data is MNIST, in the folder of --data; the first run downloads it (12 MB).
"""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU. The convolution needs no bias: batch norm would take it away again."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class CNN(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.stem = ConvBlock(1, width)
        self.pool = nn.MaxPool2d(2)
        self.down = ConvBlock(width, 2 * width, stride=2)
        self.block = ConvBlock(2 * width, 2 * width)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * width * 7 * 7, 10)

    def forward(self, x):
        x = self.pool(self.stem(x))  # 14 by 14
        x = self.down(x)  # 7 by 7
        x = x + self.block(x)
        return self.fc(self.dropout(torch.flatten(x, 1)))


def train(args, model, device, loader, optimizer, epoch):
    model.train()
    for batch, (images, digits) in enumerate(loader):
        images, digits = images.to(device), digits.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), digits)
        loss.backward()
        optimizer.step()
        if batch % args.log_every == 0:
            print(f"epoch {epoch}  batch {batch:4d} of {len(loader)}  loss {loss.item():.4f}")


@torch.no_grad()
def test(model, device, loader):
    model.eval()
    total, correct = 0.0, 0
    for images, digits in loader:
        images, digits = images.to(device), digits.to(device)
        scores = model(images)
        total += F.cross_entropy(scores, digits, reduction="sum").item()
        correct += scores.argmax(dim=1).eq(digits).sum().item()
    count = len(loader.dataset)
    print(f"test: loss {total / count:.4f}, {correct} of {count} right")
    return correct / count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="data", help="folder of the data set (default: data)")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--test-batch-size", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--width", type=int, default=16, help="channels of the first convolution")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-every", type=int, default=200, metavar="BATCHES")
    parser.add_argument("--save", default="", metavar="FILE", help="write the best weights here")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train_set = datasets.MNIST(args.data, train=True, download=True, transform=transform)
    test_set = datasets.MNIST(args.data, train=False, transform=transform)
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=args.test_batch_size)

    model = CNN(args.width, args.dropout).to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=5e-4)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    best = 0.0
    for epoch in range(1, args.epochs + 1):
        train(args, model, device, train_loader, optimizer, epoch)
        accuracy = test(model, device, test_loader)
        scheduler.step()
        if args.save and accuracy >= best:
            best = accuracy
            torch.save(model.state_dict(), args.save)
    if args.save:
        model.load_state_dict(torch.load(args.save))
        print(f"the best, from {args.save}:")
        test(model, device, test_loader)


if __name__ == "__main__":
    main()
