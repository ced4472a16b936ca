"""What milestones ask of a network besides how well it does: are its gradients right, and are two of them equal, bit for bit?

It imports `tinytorch`: a milestone imports it after `use_own_tinytorch`.
"""

import zlib
from collections.abc import Callable

import numpy as np

from tinytorch import Tensor, no_grad
from tinytorch.nn import Module

LOSS_STEP = 1e-3  # by how much central differences change the loss: little, but more than rounding does


def count_weights(net: Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def checksum(net: Module) -> int:
    """A CRC-32 of all weights and running statistics: two networks with the same one are equal, bit for bit."""
    total = 0
    for tensor in net.state_dict().values():
        total = zlib.crc32(np.ascontiguousarray(tensor.numpy()).tobytes(), total)
    return total


def gradient_error(loss: Callable[[], Tensor], parameter: Tensor) -> float:
    """How far central differences of the loss, along a parameter's gradient, are from the gradient, as a share of it.

    Args:
        loss: computes the loss; its `backward()` has filled in the gradient.
        parameter: it is left as it was.
    """
    gradient, start = parameter.grad.numpy(), parameter.detach().numpy().copy()
    square = float(np.square(gradient, dtype=np.float64).sum())
    if square == 0:
        return 1.0
    step, losses = LOSS_STEP / square, []
    with no_grad():
        for sign in (1, -1):
            parameter.array[...] = start + np.float32(sign * step) * gradient
            losses.append(loss().item())
        parameter.array[...] = start
    return abs((losses[0] - losses[1]) / (2 * LOSS_STEP) - 1)
