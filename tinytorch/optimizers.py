"""Module 06: Optimizers.

Written by `tito export` from notebooks/06_optimizers.py: edit that file instead. sha256: 4d2f5181c24ee990
"""

import math
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from tinytorch.tensor import Tensor

Array, Betas = np.ndarray, tuple[float, float]
Params = Iterable[Tensor] | Iterable[dict]  # tensors, or groups of tensors with options


def sgd_update(
    param: Array, grad: Array, buffer: Array | None, lr: float, momentum: float = 0, dampening: float = 0,
    nesterov: bool = False
) -> None:  # fmt: skip
    """One step of stochastic gradient descent.

    Args:
        param, grad: arrays of the same shape; the first is changed in place, the second is only read.
        buffer: array of that shape, the speed; changed in place. Without momentum it is not used, and may be None.
        lr, momentum, dampening: numbers; nesterov: whether to look ahead.

    Returns: None.

    >>> weight, speed = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    >>> sgd_update(weight, np.array([10.0, -10.0]), speed, lr=0.1, momentum=0.5)
    >>> weight, speed
    (array([0. , 2.8]), array([10., -8.]))
    """
    if momentum:
        buffer *= momentum
        buffer += (1 - dampening) * grad
        grad = grad + momentum * buffer if nesterov else buffer
    param -= lr * grad


class Optimizer:
    """Tensors, in groups with options, and the state of each tensor.

    PyTorch: [`optim.Optimizer`](https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer). Here a subclass defines
    `update(p, state, group)`, which changes `p.array` in place. `params` are tensors, or groups: dicts {"params": tensors, ...}
    with options; `defaults` are the options of groups that don't set them. Frozen tensors (`requires_grad = False`) are accepted
    and skipped while they have no gradient.
    """

    def __init__(self, params: Params, defaults: dict) -> None:
        groups, self.defaults, self.param_groups, self.state = list(params), defaults, [], defaultdict(dict)
        self.memory = np.empty(0, np.uint8)
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group: dict) -> None:
        """Add a group; options that it lacks are the defaults."""
        self.param_groups.append({**self.defaults, **group, "params": list(group["params"])})

    def parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set all gradients to None; without `set_to_none`, fill them with zeros."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.array.fill(0)

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, self.state[p], group)
                    p.increment_version()

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        raise NotImplementedError(f"{type(self).__name__}.update: define this method in your optimizer")

    def decayed(self, p: Tensor, group: dict) -> Array:
        """The gradient of loss + weight_decay / 2 * (sum of squared weights)."""
        return p.grad.array + group["weight_decay"] * p.array if group["weight_decay"] else p.grad.array

    def scratch(self, array: Array) -> Array:
        """Memory for an array like this one. All parameters reuse the same memory, so it isn't state."""
        if self.memory.nbytes < array.nbytes:
            self.memory = np.empty(array.nbytes, np.uint8)
        return np.ndarray(array.shape, array.dtype, self.memory)

    def buffer(self, p: Tensor, name: str) -> Array:
        """The array with this name in the state of p; it starts as zeros."""
        state = self.state[p]
        if state.get(name) is None:
            state[name] = Tensor.wrap(np.zeros_like(p.array))
        return state[name].array

    def state_dict(self) -> dict:
        """A copy: {"state": {number: {name: value}}, "param_groups": [options, with numbers as "params"]}."""
        from copy import deepcopy  # slow to import, and few programs save a state

        number = {id(p): i for i, p in enumerate(self.parameters())}
        groups = [{**group, "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        return deepcopy({"state": {number[id(p)]: s for p, s in self.state.items() if s}, "param_groups": groups})

    def load_state_dict(self, state_dict: dict) -> None:
        """Copy a state from `state_dict`, to continue where that optimizer was."""
        from copy import deepcopy

        state, saved_groups = deepcopy((state_dict["state"], state_dict["param_groups"]))
        params = dict(zip((i for group in saved_groups for i in group["params"]), self.parameters(), strict=True))
        self.state = defaultdict(dict, {params[i]: names for i, names in state.items()})
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            group.update({**saved, "params": group["params"]})


class SGD(Optimizer):
    """The steps of `sgd_update`, without new arrays. `weight_decay` is an L2 penalty."""

    def __init__(
        self, params: Params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False
    ) -> None:  # fmt: skip
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(params, {**options, "weight_decay": weight_decay})

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        grad, momentum, scratch = self.decayed(p, group), group["momentum"], self.scratch(p.array)
        if momentum:
            dampening = group["dampening"] if state.get("momentum_buffer") is not None else 0  # not the first gradient
            speed = self.buffer(p, "momentum_buffer")
            speed *= momentum
            speed += np.multiply(grad, 1 - dampening, out=scratch)
            grad = np.add(np.multiply(speed, momentum, out=scratch), grad, out=scratch) if group["nesterov"] else speed
        p.array -= np.multiply(grad, group["lr"], out=scratch)


def adam_update(
    param: Array, grad: Array, exp_avg: Array, exp_avg_sq: Array, step: int, lr: float, betas: Betas, eps: float
) -> None:
    """One step of Adam ([Kingma and Ba, 2014](https://arxiv.org/abs/1412.6980)).

    Args:
        param, grad: arrays of the same shape; the first is changed in place, the second is only read.
        exp_avg, exp_avg_sq: arrays of that shape, the running averages m and v; changed in place.
        step: t, the number of this step, starting at 1.
        lr, eps: numbers; betas: two numbers, the shares of m and v that each step keeps.

    Returns: None.

    >>> weight, m, v = np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
    >>> adam_update(weight, np.array([100.0, -0.001]), m, v, 1, 0.1, (0.9, 0.999), 1e-8)
    >>> weight.round(4)
    array([0.9, 1.1])
    """
    beta1, beta2 = betas
    exp_avg[...] = beta1 * exp_avg + (1 - beta1) * grad
    exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * grad**2
    m = exp_avg / (1 - beta1**step)
    v = exp_avg_sq / (1 - beta2**step)
    param -= lr * m / (np.sqrt(v) + eps)


class Adam(Optimizer):
    """The steps of `adam_update`, without new arrays. `weight_decay` is an L2 penalty."""

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        grad, scratch, (beta1, beta2) = self.decayed(p, group), self.scratch(p.array), group["betas"]
        state["step"] = t = state.get("step", 0) + 1
        m, v, root = self.buffer(p, "exp_avg"), self.buffer(p, "exp_avg_sq"), math.sqrt(1 - beta2**t)
        m *= beta1
        m += np.multiply(grad, 1 - beta1, out=scratch)
        v *= beta2
        np.multiply(grad, grad, out=scratch)
        v += np.multiply(scratch, 1 - beta2, out=scratch)
        np.sqrt(v, out=scratch)
        scratch += group["eps"] * root
        np.divide(m, scratch, out=scratch)
        p.array -= np.multiply(scratch, group["lr"] * root / (1 - beta1**t), out=scratch)


class AdamW(Adam):
    """Adam with decoupled decay ([Loshchilov and Hutter, 2017](https://arxiv.org/abs/1711.05101))."""

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay)

    def decayed(self, p: Tensor, group: dict) -> Array:
        """Decay the array of the tensor `p` in place, and return the array of the gradient that Adam uses.

        >>> p = Tensor([2.0, -4.0], requires_grad=True)
        >>> p.grad = Tensor([1.0, 1.0])
        >>> AdamW([p]).decayed(p, {"lr": 0.25, "weight_decay": 0.5}), p.tolist()
        (array([1., 1.], dtype=float32), [1.75, -3.5])
        """
        p.array *= 1 - group["lr"] * group["weight_decay"]
        return p.grad.array


def cosine_lr(epoch: int, base_lr: float, T_max: int, eta_min: float) -> float:
    """The learning rate along half a cosine wave ([Loshchilov and Hutter, 2016](https://arxiv.org/abs/1608.03983)).

    Args:
        epoch, T_max: the number of steps taken so far, from 0; the number of steps in all.
        base_lr, eta_min: the learning rates at the start and at the end.

    Returns: the learning rate.

    >>> np.round([cosine_lr(epoch, 0.1, 10, 0.0) for epoch in (0, 1, 5, 10)], 4)
    array([0.1   , 0.0976, 0.05  , 0.    ])
    """
    return eta_min + (base_lr - eta_min) * (1 + math.cos(math.pi * epoch / T_max)) / 2


class LRScheduler:
    """Sets each group's lr from its first lr and the number of steps. A subclass defines `rate`, or `get_lr` for all groups.

    PyTorch: [`LRScheduler`](https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate).
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer, self.last_epoch = optimizer, last_epoch
        self.base_lrs = [group.setdefault("initial_lr", group["lr"]) for group in optimizer.param_groups]
        LRScheduler.step(self)

    def rate(self, base_lr: float, epoch: int) -> float:
        raise NotImplementedError(f"{type(self).__name__}.get_lr: define this method in your scheduler")

    def get_lr(self) -> list[float]:
        return [self.rate(base_lr, self.last_epoch) for base_lr in self.base_lrs]

    def step(self) -> None:
        self.last_epoch += 1
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        return list(self._last_lr)

    def state_dict(self) -> dict:
        return {k: v for k, v in vars(self).items() if k not in ("optimizer", "schedulers")}

    def load_state_dict(self, state_dict: dict) -> None:
        """Continue where that scheduler was (the learning rates are in the optimizer's state)."""
        vars(self).update(state_dict)


class LinearLR(LRScheduler):
    """The first lr times a factor: a straight line from `start_factor` to `end_factor` in `total_iters` steps, then flat."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1
    ) -> None:  # fmt: skip
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, base_lr: float, epoch: int) -> float:
        share = min(epoch, self.total_iters) / self.total_iters
        return base_lr * (self.start_factor + (self.end_factor - self.start_factor) * share)


class CosineAnnealingLR(LRScheduler):
    """From the first lr to `eta_min` by `cosine_lr`."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, base_lr: float, epoch: int) -> float:
        return cosine_lr(epoch, base_lr, self.T_max, self.eta_min)


class SequentialLR(LRScheduler):
    """One scheduler after the other, each from its own step 0; `milestones` are the steps at which the next one starts."""

    def __init__(self, optimizer: Optimizer, schedulers: list, milestones: list, last_epoch: int = -1) -> None:
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        current = sum(milestone <= self.last_epoch for milestone in self.milestones)
        self.schedulers[current].last_epoch = self.last_epoch - (0, *self.milestones)[current]
        return self.schedulers[current].get_lr()
