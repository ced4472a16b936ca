"""Time the training of milestone 05's Shakespeare GPT in tinytorch and in PyTorch eager: the same windows, the same weights.

    python -m benchmarks.shakespeare                # the whole training; needs PyTorch and the text (`tito data download TinyShakespeare`)
    python -m benchmarks.shakespeare --steps 200    # a part of it
    python -m benchmarks.shakespeare --keep-memory  # as the milestone runs, after `tinytorch.keep_memory()`, which holds for both

Both take turns, in blocks of steps. A step is zero_grad, forward, loss, backward, clipping, optimizer and scheduler. tinytorch trains
the GPT of module 13; PyTorch's is written for PyTorch, with `scaled_dot_product_attention`. It exits with 1 if the first losses
differ, or if tinytorch takes more than 0.95 of PyTorch's time.
"""

import argparse
import os
import runpy
import sys

import numpy as np

from benchmarks.timing import take_turns
from benchmarks.workloads import gpt_model
from tito import course

FOLDER = course.ROOT / "milestones" / "05_2017_transformer"
GOAL = 0.95  # tinytorch's time divided by PyTorch's: at most this
AGREE = 1e-4  # by how much the first losses may differ
NAMES = {"attn.in_proj_": "c_attn.", "attn.out_proj": "c_out", "mlp.": ""}  # module 13's and PyTorch's


def renamed(name: str) -> str:
    """What a parameter of module 13's GPT is called in `gpt_model`.

    >>> renamed("h.0.attn.in_proj_weight")
    'h.0.c_attn.weight'
    """
    for ours, theirs in NAMES.items():
        name = name.replace(ours, theirs)
    return name


def windows(task, steps: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random pieces of the text, (x, y) for each step."""
    rng, length = np.random.default_rng(0), task.config.block_size
    places = rng.integers(len(task.train) - length, size=(steps, task.recipe.batch_size, 1)) + np.arange(length + 1)
    return [(ids[:, :-1], ids[:, 1:]) for ids in task.train[places]]


def stepper(lib, net, steps: int, lr: float, max_norm: float):
    """A function that trains on a batch as the milestone does, and returns its loss, in either library."""
    parameters = [*net.parameters()]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer, schedule, up = lib.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99)), lib.optim.lr_scheduler, steps // 10
    rise = schedule.LinearLR(optimizer, start_factor=1 / up, total_iters=up)
    fall = schedule.CosineAnnealingLR(optimizer, T_max=steps - up)
    scheduler = schedule.SequentialLR(optimizer, [rise, fall], milestones=[up])

    def step(x, y) -> float:
        optimizer.zero_grad()
        loss = lib.nn.functional.cross_entropy(net(x).flatten(0, 1), y.flatten())
        loss.backward()
        lib.nn.utils.clip_grad_norm_(parameters, max_norm)
        optimizer.step()
        scheduler.step()
        return loss.item()

    return step


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shakespeare", description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--block", type=int, default=50, help="steps in a block")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both")
    parser.add_argument("--keep-memory", action="store_true", help="after tinytorch.keep_memory()")
    chosen = parser.parse_args()
    import threadpoolctl
    import torch

    import tinytorch
    from tinytorch.transformers import GPT

    sys.path.insert(0, str(FOLDER))
    task = runpy.run_path(str(FOLDER / "02_tinygpt_shakespeare.py"))["task"](quick=False)
    if chosen.keep_memory:
        print(tinytorch.keep_memory())
    torch.set_num_threads(chosen.threads)
    tinytorch.manual_seed(0)
    net, config = GPT(task.config), task.config
    theirs = gpt_model(torch, config.vocab_size, config.block_size, config.n_layer, config.n_head, config.n_embd)
    theirs.load_state_dict({renamed(name): torch.tensor(p.detach().numpy()) for name, p in net.named_parameters()})
    data = windows(task, chosen.steps)
    how = chosen.steps, task.recipe.optimizer(net).param_groups[0]["lr"], task.recipe.max_norm
    steps = {"tinytorch": stepper(tinytorch, net, *how), "PyTorch": stepper(torch, theirs, *how)}
    batches = {"tinytorch": tinytorch, "PyTorch": torch}
    batches = {name: [(lib.tensor(x), lib.tensor(y)) for x, y in data] for name, lib in batches.items()}
    print(f"{chosen.steps} steps in blocks of {chosen.block}, batches of {len(data[0][0])}, {chosen.threads} threads")
    with threadpoolctl.threadpool_limits(chosen.threads, user_api="blas"):
        difference, ratio = take_turns(steps, batches, chosen.block, GOAL)
    return 0 if difference <= AGREE and ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
