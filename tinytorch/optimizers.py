"""Module 06: Optimizers.

Written by `tito export` from notebooks/06_optimizers.py: edit that file instead. sha256: a5b1957c54d422f1
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy

import numpy as np

from tinytorch.tensor import Tensor

Array, Betas = np.ndarray, tuple[float, float]
Params = Iterable[Tensor] | Iterable[dict]  # tensors, or groups of them with options


def sgd_update(
    param: Array, grad: Array, buffer: Array | None, lr: float, momentum: float = 0, dampening: float = 0,
    nesterov: bool = False
) -> None:  # fmt: skip
    """One step of stochastic gradient descent.

    Args:
        param, grad: arrays of the same shape; the first is changed in place, the second is only read.
        buffer: array of that shape, the speed; changed in place. None without momentum.
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


def check_options(group: dict) -> None:
    """Refuse options that make no sense."""
    for name in ("lr", "momentum", "weight_decay", "eps", "alpha"):
        if not 0 <= group.get(name, 0) < math.inf:
            raise ValueError(f"{name} is {group[name]}: it must be 0 or more")
    if not all(0 <= beta < 1 for beta in group.get("betas", ())):
        raise ValueError(f"betas are {group['betas']}: both must be at least 0 and less than 1")
    if group.get("nesterov") and (group["momentum"] == 0 or group["dampening"] != 0):
        raise ValueError("nesterov looks ahead along the momentum: give a momentum above 0, and no dampening")


class Optimizer:
    """Tensors, in groups with options, and what is remembered about each of them.

    PyTorch: [`optim.Optimizer`](https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer). Here a subclass writes
    `update(p, state, group)`, which changes `p.array` in place. `params` are tensors, or groups: dicts {"params": tensors, ...}
    with options; `defaults` are the options of groups that don't set them. Frozen tensors (`requires_grad = False`) are accepted
    and skipped while they have no gradient. Raises TypeError for anything but a list of tensors or of groups, ValueError for
    an empty list, a tensor that comes twice or is not a leaf, and options that make no sense.
    """

    def __init__(self, params: Params, defaults: dict) -> None:
        if isinstance(params, (Tensor, dict, set)):
            raise TypeError(f"params is a {type(params).__name__}: give a list of tensors, or net.parameters()")
        groups, self.defaults, self.param_groups, self.state = list(params), defaults, [], defaultdict(dict)
        self.memory = np.empty(0, np.uint8)
        if not groups:
            raise ValueError("params is empty: give some tensors (net.parameters() can be walked through only once)")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group: dict) -> None:
        """Add a group; options that it lacks are the defaults."""
        if not isinstance(group, dict) or "params" not in group or isinstance(group["params"], set):
            raise TypeError('a group is a dict with a list of tensors: write {"params": [...], "lr": 0.1}')
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"an optimizer changes tensors, and this is a {type(p).__name__}: make it a Parameter")
            if not p.is_leaf:
                raise ValueError(f"a tensor of shape {p.shape} is not a leaf: give the tensors it was computed from")
        everything = [*self.parameters(), *params]
        if len({id(p) for p in everything}) < len(everything):
            raise ValueError("a tensor comes twice and would move twice: give it once")
        check_options(group := {**self.defaults, **group, "params": params})
        self.param_groups.append(group)

    def parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients; without `set_to_none`, fill them with zeros."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.array.fill(0)

    def step(self, closure: Callable | None = None) -> Tensor | None:
        """Change every parameter that has a gradient. A `closure`, if any, first computes the loss and the gradients."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, self.state[p], group)
                    p.increment_version()
        return loss

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        raise NotImplementedError(f"{type(self).__name__}.update: an optimizer needs this method")

    def decayed(self, p: Tensor, group: dict) -> Array:
        """The gradient of loss + weight_decay / 2 * (sum of squared weights)."""
        return p.grad.array + group["weight_decay"] * p.array if group["weight_decay"] else p.grad.array

    def scratch(self, array: Array) -> Array:
        """Room for an array like this one. All parameters take turns with the same memory, so it is not state."""
        if self.memory.nbytes < array.nbytes:
            self.memory = np.empty(array.nbytes, np.uint8)
        return np.ndarray(array.shape, array.dtype, self.memory)

    def buffer(self, p: Tensor, name: str) -> Array:
        """The array in the state of p under this name: zeros at first."""
        state = self.state[p]
        if state.get(name) is None:
            state[name] = Tensor.wrap(np.zeros_like(p.array))
        return state[name].array

    def state_dict(self) -> dict:
        """A copy: {"state": {number: {name: value}}, "param_groups": [options, with numbers as "params"]}."""
        number = {id(p): i for i, p in enumerate(self.parameters())}
        groups = [{**group, "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        return deepcopy({"state": {number[id(p)]: s for p, s in self.state.items() if s}, "param_groups": groups})

    def load_state_dict(self, state_dict: dict) -> None:
        """Copy what `state_dict` gave, and continue where that optimizer was. Raises ValueError, before anything is changed,
        where groups, options or shapes do not fit."""
        state, saved = deepcopy((state_dict["state"], state_dict["param_groups"]))
        theirs, ours = ([len(group["params"]) for group in groups] for groups in (saved, self.param_groups))
        if theirs != ours:
            raise ValueError(f"the saved groups have {theirs} parameters, these {ours}: build the optimizer as it was")
        params = dict(zip((i for group in saved for i in group["params"]), self.parameters(), strict=True))
        for group in saved:
            if lacking := sorted(self.defaults.keys() - group.keys()):
                raise ValueError(f"the saved options lack {lacking}: this is the state of another kind of optimizer")
            check_options(group)
        for i, name, value in ((i, name, value) for i, names in state.items() for name, value in names.items()):
            if i not in params or (isinstance(value, Tensor) and value.shape != params[i].shape):
                raise ValueError(f"{name} of parameter {i} does not fit: load the state of this very network")
        self.state = defaultdict(dict, {params[i]: names for i, names in state.items()})
        for group, other in zip(self.param_groups, saved, strict=True):
            group.update({**other, "params": group["params"]})


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
            nesterov = group["nesterov"]
            grad = np.add(np.multiply(speed, momentum, out=scratch), grad, out=scratch) if nesterov else speed
        p.array -= np.multiply(grad, group["lr"], out=scratch)


def adam_update(
    param: Array, grad: Array, exp_avg: Array, exp_avg_sq: Array, step: int, lr: float, betas: Betas, eps: float
) -> None:
    """One step of Adam ([Kingma and Ba, 2014](https://arxiv.org/abs/1412.6980)).

    Args:
        param, grad: arrays of the same shape; the first is changed in place, the second is only read.
        exp_avg, exp_avg_sq: arrays of that shape, the running averages m and v; changed in place.
        step: t, the number of this step; the first is 1.
        lr, eps: numbers; betas: two numbers, the shares of m and v that stay.

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
        """Let the array of the tensor `p` decay, in place; returns the array of the gradient that Adam goes by.

        >>> p = Tensor([2.0, -4.0], requires_grad=True)
        >>> p.grad = Tensor([1.0, 1.0])
        >>> AdamW([p]).decayed(p, {"lr": 0.25, "weight_decay": 0.5}), p.tolist()
        (array([1., 1.], dtype=float32), [1.75, -3.5])
        """
        p.array *= 1 - group["lr"] * group["weight_decay"]
        return p.grad.array


class RMSprop(Optimizer):
    """SGD along the gradient divided by the root of its running square: what Adam grew out of. `centered` divides by the
    root of the variance instead."""

    def __init__(
        self, params: Params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False
    ) -> None:  # fmt: skip
        options = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "momentum": momentum, "centered": centered})

    def update(self, p: Tensor, state: dict, group: dict) -> None:
        grad, alpha, v = self.decayed(p, group), group["alpha"], self.buffer(p, "square_avg")
        state["step"] = state.get("step", 0) + 1
        v[...] = variance = alpha * v + (1 - alpha) * grad**2
        if group["centered"]:
            m = self.buffer(p, "grad_avg")
            m += (1 - alpha) * (grad - m)
            variance = v - m**2
        direction = grad / (np.sqrt(variance) + group["eps"])
        if group["momentum"]:
            speed = self.buffer(p, "momentum_buffer")
            speed[...] = direction = group["momentum"] * speed + direction
        p.array -= group["lr"] * direction


def cosine_lr(epoch: int, base_lr: float, T_max: int, eta_min: float) -> float:
    """Down along half a cosine wave ([Loshchilov and Hutter, 2016](https://arxiv.org/abs/1608.03983)).

    Args:
        epoch, T_max: how many steps were made, from 0; how many there are.
        base_lr, eta_min: the learning rates at both ends.

    Returns: the learning rate.

    >>> [round(cosine_lr(epoch, 0.1, 10, 0.0), 4) for epoch in (0, 1, 5, 10)]
    [0.1, 0.0976, 0.05, 0.0]
    """
    return eta_min + (base_lr - eta_min) * (1 + math.cos(math.pi * epoch / T_max)) / 2


class LRScheduler:
    """Sets each group's lr, from its first lr and the number of steps. A subclass writes `rate`, or `get_lr` for all groups.

    PyTorch: [`LRScheduler`](https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate).
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"a scheduler needs an optimizer, and this is a {type(optimizer).__name__}: give one")
        for group in optimizer.param_groups:
            if last_epoch != -1 and "initial_lr" not in group:
                raise ValueError("to continue at last_epoch, load the optimizer's state first: it has the initial_lr")
            group.setdefault("initial_lr", group["lr"])
        self.optimizer, self.last_epoch = optimizer, last_epoch
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        LRScheduler.step(self)

    def rate(self, base_lr: float, epoch: int) -> float:
        raise NotImplementedError(f"{type(self).__name__}.get_lr: a scheduler needs this method")

    def get_lr(self) -> list[float]:
        """The rate of each group. One that was added since the last step goes on from the lr it came with."""
        for group in self.optimizer.param_groups[len(self.base_lrs) :]:
            zero, one = (self.rate(base_lr, max(0, self.last_epoch - 1)) for base_lr in (0.0, 1.0))
            base_lr = (group["lr"] - zero) / (one - zero) if one != zero else group["lr"]  # rates are linear in base_lr
            self.base_lrs = [*self.base_lrs, group.setdefault("initial_lr", base_lr)]
        return [self.rate(base_lr, self.last_epoch) for base_lr in self.base_lrs]

    def step(self) -> None:
        self.last_epoch += 1
        lrs, groups = self.get_lr(), self.optimizer.param_groups
        if len(lrs) != len(groups):
            self.last_epoch -= 1
            raise ValueError(f"{len(lrs)} learning rates for {len(groups)} groups: make the scheduler after all groups")
        self._last_lr = lrs
        for group, lr in zip(groups, lrs, strict=True):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        return list(self._last_lr)

    def state_dict(self) -> dict:
        return {k: v for k, v in vars(self).items() if k not in ("optimizer", "lr_lambdas", "schedulers")}

    def load_state_dict(self, state_dict: dict) -> None:
        """Continue where that scheduler was (the optimizer's own state has the learning rates)."""
        if len(state_dict["_last_lr"]) != len(self._last_lr):
            raise ValueError("the saved scheduler had another number of groups: build it as it was")
        vars(self).update(state_dict)


class LambdaLR(LRScheduler):
    """The first lr times `lr_lambda(steps)`: one function, or a list with one for each group."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable | list[Callable], last_epoch: int = -1) -> None:
        groups, many = len(optimizer.param_groups), isinstance(lr_lambda, (list, tuple))
        self.lr_lambdas = list(lr_lambda) if many else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"{len(self.lr_lambdas)} functions for {groups} groups: give one for each")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * factor(self.last_epoch) for lr, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """Times `gamma` every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base_lr: float, epoch: int) -> float:
        return base_lr * self.gamma ** (epoch // self.step_size)


class ExponentialLR(StepLR):
    """Times `gamma` every step."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        super().__init__(optimizer, 1, gamma, last_epoch)


class LinearLR(LRScheduler):
    """The first lr times a factor: a straight line from `start_factor` to `end_factor` in `total_iters` steps, then flat."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1
    ) -> None:  # fmt: skip
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1 and total_iters >= 1):
            raise ValueError("give LinearLR factors above 0 and up to 1, and at least one step")
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
    """One scheduler after the other, each from its own step 0; `milestones` says when the second begins, the third, ..."""

    def __init__(self, optimizer: Optimizer, schedulers: list, milestones: list, last_epoch: int = -1) -> None:
        if len(schedulers) != len(milestones) + 1 or any(s.optimizer is not optimizer for s in schedulers):
            raise ValueError("give one milestone less than schedulers, all of them for this optimizer")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        now = bisect_right(self.milestones, self.last_epoch)
        self.schedulers[now].last_epoch = self.last_epoch - (0, *self.milestones)[now]
        return self.schedulers[now].get_lr()


class ReduceLROnPlateau(LRScheduler):
    """Times `factor` when `step(metrics)` has seen no improvement for more than `patience` steps.

    With `threshold_mode="rel"` an improvement is judged relative to the best metric, so a metric below 0 always counts as
    one: use "abs" there.
    """

    def __init__(
        self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
        threshold_mode: str = "rel", cooldown: int = 0, min_lr: float | list[float] = 0, eps: float = 1e-8
    ) -> None:  # fmt: skip
        if factor >= 1 or mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError("give a factor below 1, mode 'min' or 'max', and threshold_mode 'rel' or 'abs'")
        self.mode, self.factor, self.patience, self.threshold = mode, factor, patience, threshold
        self.threshold_mode, self.cooldown, self.min_lr, self.eps = threshold_mode, cooldown, min_lr, eps
        self.best, self.num_bad_epochs, self.cooldown_counter = math.inf if mode == "min" else -math.inf, 0, 0
        super().__init__(optimizer)
        if isinstance(min_lr, (list, tuple)) and len(min_lr) != len(self.base_lrs):
            raise ValueError(f"min_lr has {len(min_lr)} values for {len(self.base_lrs)} groups: give one for each")

    def get_lr(self) -> list[float]:
        lrs = [group["lr"] for group in self.optimizer.param_groups]
        if self.num_bad_epochs <= self.patience:
            return lrs
        floors = self.min_lr if isinstance(self.min_lr, (list, tuple)) else [self.min_lr] * len(lrs)
        lower = [(lr, max(lr * self.factor, floor)) for lr, floor in zip(lrs, floors, strict=False)]
        return [new if lr - new > self.eps else lr for lr, new in lower]

    def step(self, metrics: float) -> None:
        metric, sign = float(metrics), 1 if self.mode == "min" else -1
        margin = sign * self.threshold
        bar = self.best * (1 - margin) if self.threshold_mode == "rel" else self.best - margin
        is_better = sign * metric < sign * bar
        self.best, self.num_bad_epochs = (metric, 0) if is_better else (self.best, self.num_bad_epochs + 1)
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        super().step()
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
