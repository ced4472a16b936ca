"""Optimizers and schedulers of PyTorch besides yours, and checks for yours."""

import math
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import unwrap

import numpy as np

from tinytorch.optimizers import LinearLR, LRScheduler, Optimizer, SequentialLR
from tinytorch.tensor import Tensor

Params = Iterable[Tensor] | Iterable[dict]  # tensors, or groups of them with options


def _around(owner: type, name: str) -> Callable:
    """Decorator: replace a method by a function that gets yours as its first argument."""
    yours = unwrap(getattr(owner, name))

    def decorate(function: Callable) -> Callable:
        method = wraps(yours)(lambda self, *args, **options: function(yours, self, *args, **options))
        setattr(owner, name, method)
        return function

    return decorate


# Checks of `Optimizer`, and the options of its methods


@_around(Optimizer, "__init__")
def _refuse_no_tensors(yours: Callable, self: Optimizer, params: Params, defaults: dict) -> None:
    if isinstance(params, (Tensor, dict, set)):
        raise TypeError(f"params is a {type(params).__name__}: give a list of tensors, or net.parameters()")
    if not (params := list(params)):
        raise ValueError("params is empty: give some tensors (you can iterate over net.parameters() only once)")
    yours(self, params, defaults)


@_around(Optimizer, "add_param_group")
def _refuse_group(yours: Callable, self: Optimizer, group: dict) -> None:
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
        raise ValueError("a tensor is given twice and would move twice: give it once")
    _check_options({**self.defaults, **group})
    yours(self, {**group, "params": params})


def _check_options(group: dict) -> None:
    """Refuse options that make no sense."""
    for name in ("lr", "momentum", "weight_decay", "eps", "alpha"):
        if not 0 <= group.get(name, 0) < math.inf:
            raise ValueError(f"{name} is {group[name]}: it must be 0 or more")
    if not all(0 <= beta < 1 for beta in group.get("betas", ())):
        raise ValueError(f"betas are {group['betas']}: both must be at least 0 and less than 1")
    if group.get("nesterov") and (group["momentum"] == 0 or group["dampening"] != 0):
        raise ValueError("nesterov looks ahead along the momentum: give a momentum above 0, and no dampening")


@_around(Optimizer, "step")
def _step_with_closure(yours: Callable, self: Optimizer, closure: Callable | None = None) -> Tensor | None:
    """A `closure`, if any, first computes the loss and the gradients."""
    loss = None if closure is None else closure()
    yours(self)
    return loss


@_around(Optimizer, "load_state_dict")
def _refuse_state(yours: Callable, self: Optimizer, state_dict: dict) -> None:
    """Raise ValueError, before anything changes, if groups, options or shapes don't fit."""
    saved = state_dict["param_groups"]
    theirs, ours = ([len(group["params"]) for group in groups] for groups in (saved, self.param_groups))
    if theirs != ours:
        raise ValueError(
            f"the saved groups have {theirs} parameters, these {ours}: create the optimizer with the same groups"
        )
    for group in saved:
        if lacking := sorted(self.defaults.keys() - group.keys()):
            raise ValueError(f"the saved options lack {lacking}: this is the state of another kind of optimizer")
        _check_options(group)
    params = dict(zip((i for group in saved for i in group["params"]), self.parameters(), strict=True))
    for i, name, value in ((i, name, v) for i, names in state_dict["state"].items() for name, v in names.items()):
        if i not in params or (isinstance(value, Tensor) and value.shape != params[i].shape):
            raise ValueError(f"{name} of parameter {i} doesn't fit: load a state of the same network")
    yours(self, state_dict)


class RMSprop(Optimizer):
    """SGD along the gradient divided by the root of its running square, the predecessor of Adam. With `centered`, divide by
    the root of the variance instead."""

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


# Checks of schedulers, and groups added while a schedule runs


@_around(LRScheduler, "__init__")
def _refuse_no_optimizer(yours: Callable, self: LRScheduler, optimizer: Optimizer, last_epoch: int = -1) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"a scheduler needs an optimizer, and this is a {type(optimizer).__name__}: give one")
    if last_epoch != -1 and any("initial_lr" not in group for group in optimizer.param_groups):
        raise ValueError("to continue at last_epoch, load the optimizer's state first: it has the initial_lr")
    yours(self, optimizer, last_epoch)


@_around(LRScheduler, "get_lr")
def _follow_new_groups(yours: Callable, self: LRScheduler) -> list[float]:
    """The rate of each group. A group added since the last step continues from its own lr."""
    for group in self.optimizer.param_groups[len(self.base_lrs) :]:
        zero, one = (self.rate(base_lr, max(0, self.last_epoch - 1)) for base_lr in (0.0, 1.0))
        base_lr = (group["lr"] - zero) / (one - zero) if one != zero else group["lr"]  # rates are linear in base_lr
        self.base_lrs = [*self.base_lrs, group.setdefault("initial_lr", base_lr)]
    return yours(self)


def _step(self: LRScheduler) -> None:
    """As yours, but raise ValueError before anything changes if the numbers of rates and groups differ."""
    self.last_epoch += 1
    lrs, groups = self.get_lr(), self.optimizer.param_groups
    if len(lrs) != len(groups):
        self.last_epoch -= 1
        raise ValueError(f"{len(lrs)} learning rates for {len(groups)} groups: make the scheduler after all groups")
    self._last_lr = lrs
    for group, lr in zip(groups, lrs, strict=True):
        group["lr"] = lr


LRScheduler.step = _step


@_around(LRScheduler, "load_state_dict")
def _refuse_other_groups(yours: Callable, self: LRScheduler, state_dict: dict) -> None:
    if len(state_dict["_last_lr"]) != len(self._last_lr):
        raise ValueError("the saved scheduler had another number of groups: create it with the same groups")
    yours(self, state_dict)


@_around(LinearLR, "__init__")
def _refuse_factors(
    yours: Callable, self: LinearLR, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0,
    total_iters: int = 5, last_epoch: int = -1
) -> None:  # fmt: skip
    if not (0 < start_factor <= 1 and 0 <= end_factor <= 1 and total_iters >= 1):
        raise ValueError("give LinearLR factors above 0 and up to 1, and at least one step")
    yours(self, optimizer, start_factor, end_factor, total_iters, last_epoch)


@_around(SequentialLR, "__init__")
def _refuse_milestones(
    yours: Callable, self: SequentialLR, optimizer: Optimizer, schedulers: list, milestones: list, last_epoch: int = -1
) -> None:
    if len(schedulers) != len(milestones) + 1 or any(s.optimizer is not optimizer for s in schedulers):
        raise ValueError("give one milestone fewer than schedulers, all of them for this optimizer")
    yours(self, optimizer, schedulers, milestones, last_epoch)


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

    def state_dict(self) -> dict:
        return {name: value for name, value in super().state_dict().items() if name != "lr_lambdas"}


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
