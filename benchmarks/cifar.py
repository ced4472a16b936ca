"""Time the training of milestone 04's CIFAR-10 network in tinytorch and in PyTorch eager: the same batches, the same weights.

    python -m benchmarks.cifar                # the ratio of their times; needs PyTorch and CIFAR-10 (`tito data download CIFAR10`)
    python -m benchmarks.cifar --random       # random images instead
    python -m benchmarks.cifar --profile      # where tinytorch's time goes

Both take turns, in blocks of steps, and each block reads the same batches. A step is zero_grad, forward, loss, backward, optimizer and
scheduler. Preparing the batches isn't counted; how long it takes is printed as well. It exits with 1 if the first losses differ, or if
tinytorch takes more than 1.25 times as long.
"""

import argparse
import cProfile
import os
import pstats
import runpy
import sys
from itertools import islice
from time import perf_counter

import numpy as np

from benchmarks.timing import take_turns
from tito import course

FOLDER = course.ROOT / "milestones" / "04_1998_cnn"
GOAL = 1.25  # tinytorch's time divided by PyTorch's: at most this
BATCH = 128
AGREE = 1e-4  # by how much the first losses may differ
WARM_UP_STEPS = 100  # a large learning rate at once would magnify differences in rounding


def load(folder=FOLDER) -> dict:
    """The names of the milestone's script."""
    sys.path.insert(0, str(folder))
    return runpy.run_path(str(folder / "02_cnn_cifar10.py"))


def batches(script: dict, count: int, random: bool) -> tuple[list, float]:
    """Batches as the milestone reads them, (images, labels) as arrays, and how many seconds each took to prepare."""
    import tinytorch
    from tinytorch.utils.data import DataLoader

    tinytorch.manual_seed(0)
    if random:
        rng = np.random.default_rng(0)
        pixels, labels = (
            rng.integers(256, size=(50 * BATCH, 32, 32, 3), dtype=np.uint8),
            rng.integers(10, size=50 * BATCH),
        )
        cnn = sys.modules["cnn"]
        data = cnn.Images(pixels, labels, *cnn.moments(pixels), shift=2, mirror=True)
    else:
        data, _ = script["parts"](script["CIFAR10"], normalize=True, shift=2, mirror=True)
    loader = DataLoader(data, batch_size=BATCH, shuffle=True, drop_last=True)
    start = perf_counter()
    read = list(islice(loader, min(count, len(loader))))
    seconds = (perf_counter() - start) / len(read)
    return [(np.ascontiguousarray(x.numpy()), y.numpy()) for x, y in read], seconds


def stepper(lib, script: dict, weights: dict):
    """A function that trains on a batch and returns its loss, in either library. It starts from these weights."""
    net = script["network"](lib.nn)
    net.load_state_dict({name: lib.tensor(array) for name, array in weights.items()}, strict=False)
    optimizer = lib.optim.SGD(net.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = lib.optim.lr_scheduler
    scheduler = schedule.LinearLR(optimizer, start_factor=1 / WARM_UP_STEPS, total_iters=WARM_UP_STEPS)

    def step(x, y) -> float:
        optimizer.zero_grad()
        loss = lib.nn.functional.cross_entropy(net(x), y, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss.item()

    return step


def compare(script: dict, data: list, block: int, threads: int) -> tuple[float, float]:
    """Train in both libraries, as `take_turns` does."""
    import torch

    import tinytorch

    torch.set_num_threads(threads)
    tinytorch.manual_seed(0)
    weights = {name: p.detach().numpy().copy() for name, p in script["network"]().named_parameters()}
    libraries = {"tinytorch": tinytorch, "PyTorch": torch}
    steps = {name: stepper(lib, script, weights) for name, lib in libraries.items()}
    tensors = {name: [(lib.tensor(x), lib.tensor(y)) for x, y in data] for name, lib in libraries.items()}
    print(f"{len(data)} steps in blocks of {block}, batches of {BATCH}, {threads} threads")
    return take_turns(steps, tensors, block, GOAL)


def profile(script: dict, data: list) -> None:
    """Print the functions in which tinytorch spends most time."""
    import tinytorch

    weights = {name: p.detach().numpy() for name, p in script["network"]().named_parameters()}
    step = stepper(tinytorch, script, weights)
    tensors = [(tinytorch.tensor(x), tinytorch.tensor(y)) for x, y in data]
    step(*tensors[0])
    with cProfile.Profile() as collected:
        for x, y in tensors:
            step(x, y)
    pstats.Stats(collected).sort_stats("tottime").print_stats(25)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cifar", description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--block", type=int, default=20, help="steps in a block")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of PyTorch")
    parser.add_argument("--random", action="store_true", help="use random images")
    parser.add_argument("--profile", action="store_true", help="show where tinytorch's time goes")
    chosen = parser.parse_args()
    script = load()
    data, seconds = batches(script, chosen.steps, chosen.random)
    print(f"Preparing a batch takes {1000 * seconds:.1f} ms")
    if chosen.profile:
        profile(script, data)
        return 0
    difference, ratio = compare(script, data, chosen.block, chosen.threads)
    return 0 if difference <= AGREE and ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
