"""A data set of one's own: number series of different lengths, padded by a collate function. Do they rise, fall or swing?"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split

KINDS = ("rising", "falling", "swinging")
LONGEST = 20


class Series(Dataset):
    def __init__(self, count):
        self.items = [self.make(i % len(KINDS)) for i in range(count)]

    @staticmethod
    def make(kind):
        length = int(torch.randint(8, LONGEST + 1, (1,)))
        time = torch.linspace(0.0, 1.0, length)
        clean = (time, 1 - time, 0.5 + 0.5 * torch.sin(12 * time))[kind]
        return clean + 0.2 * torch.randn(length), kind

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def collate(batch):
    """Pad the series with zeros: (N, LONGEST) numbers, (N, LONGEST) 1 where there is one, (N,) kinds."""
    series = torch.stack([F.pad(numbers, (0, LONGEST - len(numbers))) for numbers, _ in batch])
    mask = torch.stack([(torch.arange(LONGEST) < len(numbers)).float() for numbers, _ in batch])
    return series, mask, torch.tensor([kind for _, kind in batch])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2 * LONGEST, 32), nn.Linear(32, 32)])
        self.out = nn.Linear(32, len(KINDS))

    def forward(self, series, mask):
        x = torch.cat([series, mask], dim=1)
        for layer in self.layers:
            x = F.gelu(layer(x))
        return self.out(x)


def main():
    torch.manual_seed(11)
    train_set, test_set = random_split(Series(400), [320, 80], generator=torch.Generator().manual_seed(5))
    train_loader = DataLoader(train_set, batch_size=16, shuffle=True, collate_fn=collate, drop_last=True)
    test_loader = DataLoader(test_set, batch_size=40, collate_fn=collate)
    model, loss_fn = Classifier(), nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    for epoch in range(1, 7):
        model.train()
        total = 0.0
        for series, mask, kinds in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(series, mask), kinds)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}  loss {total / len(train_loader):.4f}")

    model.eval()
    right = 0
    with torch.inference_mode():
        for series, mask, kinds in test_loader:
            right += (model(series, mask).argmax(dim=1) == kinds).sum().item()
    print(f"{right} of {len(test_set)} series told right")


if __name__ == "__main__":
    main()
