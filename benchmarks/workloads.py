"""The timed workloads. Each is written once, in PyTorch's names, and runs with `tinytorch` and with `torch` as `lib`.

To add one, write its `start` function and add it to WORKLOADS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np


@dataclass(frozen=True)
class Workload:
    """A computation that both libraries repeat."""

    name: str
    what: str  # one line for the table
    goal: float  # tinytorch's time divided by PyTorch's: at most this
    start: Callable  # start(lib) -> step: a function that runs it once and returns numbers to compare


def mlp(lib):
    """One training step of 784-256-128-10 on a batch of 64: zero_grad, forward, cross-entropy, backward, Adam."""
    nn, rng = lib.nn, np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    fill(lib, net, rng)
    optimizer = lib.optim.Adam(net.parameters())
    return training_step(lib, net, optimizer, (64, 784), rng)


def training_step(lib, net, optimizer, shape, rng):
    """A step on one random batch of ten classes, whose inputs have this shape: zero_grad, forward, cross-entropy, backward, step."""
    x = lib.tensor(rng.standard_normal(shape).astype(np.float32))
    y = lib.tensor(rng.integers(0, 10, shape[0]))

    def step():
        optimizer.zero_grad()
        loss = lib.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return [loss.item()]

    return step


def fill(lib, net, rng):
    """Give both libraries the same weights, uniform in a linear layer's usual range."""
    state = {}
    for name, tensor in net.state_dict().items():
        bound = 1 / np.sqrt(np.prod(tensor.shape[1:]) if len(tensor.shape) > 1 else tensor.shape[0])
        state[name] = lib.tensor(rng.uniform(-bound, bound, tuple(tensor.shape)).astype(np.float32))
    net.load_state_dict(state)


def chain(lib):
    """1000 operations on 8 numbers (500 products, 500 sums), forward and backward: the overhead per operation."""
    x = lib.tensor(np.linspace(0.5, 1.5, 8).astype(np.float32), requires_grad=True)
    factor = lib.tensor(np.full(8, 0.999, np.float32))

    def step():
        x.grad, y = None, x
        for _ in range(500):
            y = y * factor
            y = y + factor
        y.sum().backward()
        return [*y.tolist(), *x.grad.tolist()]

    return step


def xor(lib):
    """One SGD step of a 2-8-1 network on four rows, so small that nearly all the time is overhead per operation."""
    rng = np.random.default_rng(0)
    x = lib.tensor(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32))
    y = lib.tensor(np.array([[0], [1], [1], [0]], np.float32))
    shapes = ((2, 8), (8,), (8, 1), (1,))
    weights = [lib.tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True) for shape in shapes]
    optimizer = lib.optim.SGD(weights, lr=0.1)

    def step():
        optimizer.zero_grad()
        hidden = lib.tanh(x @ weights[0] + weights[1])
        loss = ((lib.sigmoid(hidden @ weights[2] + weights[3]) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return [loss.item()]

    return step


def loader(lib):
    """The next 94 of 938 shuffled batches of 64 from 60,000 rows of 784 float32, without workers, epoch after epoch.

    Both libraries draw other orders, so the results are counts: rows, and rows of the first batch that came with their class.
    """
    x = np.random.default_rng(0).standard_normal((60_000, 784)).astype(np.float32)
    x[:, 0] = np.arange(len(x)) % 10
    data = lib.utils.data.TensorDataset(lib.tensor(x), lib.tensor(np.arange(len(x)) % 10))
    batches = endless(lib.utils.data.DataLoader(data, batch_size=64, shuffle=True))

    def step():
        rows, (x, y) = 64, next(batches)
        for images, _ in islice(batches, 93):
            rows += len(images)
        return [rows, (x[:, 0] == y).float().sum().item() / len(y)]

    return step


def mnist(lib):
    """The next 94 of 938 steps of an epoch of milestone 03: 784-128-10, Adam, shuffled batches of 64 from 60,000 images.

    Both libraries draw other orders, so the results are counts: rows, and steps whose loss went down to below 0.1 ln 10. One
    pixel tells the class, so that is all of them after the first steps.
    """
    nn, rng = lib.nn, np.random.default_rng(0)
    y = np.arange(60_000) % 10
    x = rng.random((60_000, 784), dtype=np.float32)
    x[:, :10] = np.eye(10, dtype=np.float32)[y] * 10
    data = lib.utils.data.TensorDataset(lib.tensor(x), lib.tensor(y))
    batches = endless(lib.utils.data.DataLoader(data, batch_size=64, shuffle=True))
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    fill(lib, net, rng)
    optimizer = lib.optim.Adam(net.parameters(), lr=1e-3)

    def train(steps):
        rows, learned = 0, 0
        for images, classes in islice(batches, steps):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images), classes)
            loss.backward()
            optimizer.step()
            rows, learned = rows + len(images), learned + (loss.item() < 0.23)
        return [rows, learned]

    train(300)
    return lambda: train(94)


def cnn(lib):
    """One training step on 128 images of 32 by 32: four 3x3 convolutions, two poolings, a linear layer; SGD with momentum."""
    return convolutional(lib, (128, 3, 32, 32), widths=(32, 32, None, 64, 64, None))


def small_cnn(lib):
    """One training step on 32 images of 8 by 8: two 3x3 convolutions, each followed by pooling, a linear layer; SGD."""
    return convolutional(lib, (32, 1, 8, 8), widths=(8, None, 16, None))


def convolutional(lib, shape, widths):
    """A training step of a network; `widths` has the output channels of each convolution, and None for a pooling."""
    nn, rng, layers = lib.nn, np.random.default_rng(0), []
    _, channels, side, _ = shape
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2)]
        channels, side = width or channels, side if width else side // 2
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side * side, 10))
    fill(lib, net, rng)
    optimizer = lib.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    return training_step(lib, net, optimizer, shape, rng)


def lenet(lib):
    """LeNet reads one image of 32 by 32, without gradients."""
    nn, rng = lib.nn, np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    fill(lib, net, rng)
    net.eval()
    x = lib.tensor(rng.standard_normal((1, 1, 32, 32)).astype(np.float32))

    def step():
        with lib.no_grad():
            return net(x).tolist()[0]

    return step


def small_vocabulary(lib):
    """Look up 16 sequences of 128 characters and send a gradient back: a vocabulary of 65."""
    return embedding(lib, 65)


def large_vocabulary(lib):
    """Look up 16 sequences of 128 words and send a gradient back: a vocabulary of 5,000."""
    return embedding(lib, 5000)


def embedding(lib, vocabulary):
    """Zero the gradient, look up random ids in rows of 128 numbers, backward."""
    rng = np.random.default_rng(0)
    layer = lib.nn.Embedding(vocabulary, 128)
    fill(lib, layer, rng)
    ids = lib.tensor(rng.integers(0, vocabulary, (16, 128)))
    grad = lib.tensor(rng.standard_normal((16, 128, 128)).astype(np.float32))
    row = ids[0, 0].item()

    def step():
        layer.zero_grad()
        layer(ids).backward(grad)
        return layer.weight.grad[row].tolist()

    return step


def gpt_model(lib, vocabulary=65, block=128, layers=4, heads=4, width=128):
    """A GPT as one writes it for PyTorch: pre-norm blocks, one layer for queries, keys and values, a tied output."""
    nn, f = lib.nn, lib.nn.functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.c_attn, self.c_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.c_fc, self.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            n, t, _ = x.shape
            parts = self.c_attn(self.ln_1(x)).split(width, dim=2)
            q, k, v = (part.view(n, t, heads, width // heads).transpose(1, 2) for part in parts)
            read = f.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.c_out(read.transpose(1, 2).reshape(n, t, width))
            return x + self.c_proj(f.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(block, width)
            self.h, self.ln_f = nn.ModuleList([Block() for _ in range(layers)]), nn.LayerNorm(width)

        def forward(self, ids):
            x = self.wte(ids) + self.wpe(lib.arange(ids.shape[1]))
            for layer in self.h:
                x = layer(x)
            return f.linear(self.ln_f(x), self.wte.weight)

    model = GPT()
    fill(lib, model, np.random.default_rng(0))
    return model


def gpt(lib):
    """A training step of a GPT on 16 texts of 128 tokens: zero_grad, forward, cross-entropy, backward, Adam."""
    model, rng = gpt_model(lib), np.random.default_rng(1)
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3)
    ids = rng.integers(0, 65, (16, 129))
    x, y = lib.tensor(ids[:, :-1]), lib.tensor(ids[:, 1:])

    def step():
        optimizer.zero_grad()
        loss = lib.nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        optimizer.step()
        return [loss.item()]

    return step


def gpt_with_kept_memory(lib):
    """The same, after `tinytorch.keep_memory()`, which holds for the whole process, so for PyTorch as well. It comes last."""
    import tinytorch

    tinytorch.keep_memory()
    return gpt(lib)


def generation(lib):
    """A GPT writes from 1 token to 128, the likeliest one each time, and reads the whole text again for each."""
    model = gpt_model(lib)
    model.eval()

    def step():
        ids = lib.tensor([[1]])
        with lib.no_grad():
            for _ in range(127):
                logits = model(ids)[:, -1]
                ids = lib.cat([ids, logits.argmax(dim=-1, keepdim=True)], dim=1)
        return [*ids.tolist()[0], *logits.tolist()[0]]

    return step


def endless(loader):
    """The batches of one epoch after the other."""
    while True:
        yield from loader


WORKLOADS = (
    Workload("MLP", "training step of 784-256-128-10, batch 64, Adam", 0.66, mlp),
    Workload("chain", "1000 operations on 8 numbers, forward and backward", 0.60, chain),
    Workload("XOR", "training step of 2-8-1 on four rows, SGD", 0.60, xor),
    Workload("loader", "94 shuffled batches of 64 from 60,000 x 784, TensorDataset, no workers", 0.25, loader),
    Workload("MNIST", "94 steps of milestone 03: 784-128-10, Adam, batches of 64 from a DataLoader", 0.75, mnist),
    Workload("CNN", "training step of conv 32-32-pool-64-64-pool, 128 images of 3x32x32, SGD with momentum", 1.25, cnn),
    Workload(
        "small CNN", "training step of conv 8-pool-16-pool, 32 images of 1x8x8, SGD with momentum", 0.65, small_cnn
    ),
    Workload("LeNet", "inference on one image of 1x32x32", 0.60, lenet),
    Workload("embedding 65", "16 x 128 ids of 65, rows of 128, forward and backward", 1.0, small_vocabulary),
    Workload("embedding 5,000", "16 x 128 ids of 5,000, rows of 128, forward and backward", 1.0, large_vocabulary),
    Workload("GPT", "training step of 4 layers, 128 wide, 4 heads, 16 texts of 128 tokens, Adam", 0.95, gpt),
    Workload("generation", "127 tokens of that GPT, greedy, without a cache", 1 / 0.85, generation),
    Workload("GPT, memory kept", "the training step after tinytorch.keep_memory()", 0.80, gpt_with_kept_memory),
)
