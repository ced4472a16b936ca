"""Module 06: Optimizers.

Written by `tito export` from notebooks/06_optimizers.py: edit that file instead. sha256: b686358ab7a7ab31
"""

import math
from bisect import bisect_right
from collections import defaultdict
from copy import deepcopy

import numpy as np

from tinytorch.tensor import Tensor


def sgd_update(param, grad, buffer, scratch, lr, momentum=0, dampening=0, nesterov=False):
    """One step of stochastic gradient descent, in place.

    Args:
        param, grad: arrays of one shape; the first is changed, the second only read.
        buffer: array of that shape, the speed; it is changed. None without momentum.
        scratch: array of that shape, for what is needed only for a moment.
        lr, momentum, dampening: numbers; nesterov: whether to look ahead.

    Returns: None.

    >>> weight, speed = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    >>> sgd_update(weight, np.array([10.0, -10.0]), speed, np.empty(2), lr=0.1, momentum=0.5)
    >>> weight, speed
    (array([0. , 2.8]), array([10., -8.]))
    """
    if momentum:
        buffer *= momentum
        np.multiply(grad, 1 - dampening, out=scratch)
        buffer += scratch
        if nesterov:
            np.multiply(buffer, momentum, out=scratch)
            scratch += grad
        grad = scratch if nesterov else buffer
    np.multiply(grad, lr, out=scratch)
    param -= scratch


def check_options(group):
    """Refuse options that make no sense."""
    for name in ("lr", "momentum", "weight_decay", "eps"):
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
    with options; `defaults` are the options of those who say nothing. Raises TypeError for what is no list of tensors or of groups,
    ValueError for no tensor at all, one that comes twice or can have no gradient, and options that make no sense.
    """

    def __init__(self, params, defaults):
        if isinstance(params, (Tensor, dict, set)):
            raise TypeError(f"params is a {type(params).__name__}: give a list of tensors, or net.parameters()")
        groups, self.defaults, self.param_groups, self.state = list(params), defaults, [], defaultdict(dict)
        self.memory = np.empty(0, np.uint8)
        if not groups:
            raise ValueError("params is empty: give some tensors (net.parameters() can be walked through only once)")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group):
        """One more group; options that it lacks are the defaults."""
        if not isinstance(group, dict) or "params" not in group or isinstance(group["params"], set):
            raise TypeError('a group is a dict with a list of tensors: write {"params": [...], "lr": 0.1}')
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        seen = {id(p) for p in self.parameters()}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"an optimizer changes tensors, and this is a {type(p).__name__}: make it a Parameter")
            if not (p.requires_grad and p.is_leaf and p.dtype.kind == "f"):
                raise ValueError(
                    f"a tensor of shape {p.shape} never gets a .grad: make it a Parameter, or leave it out"
                )
            if id(p) in seen:
                raise ValueError(f"a tensor of shape {p.shape} comes twice and would move twice: give it once")
            seen.add(id(p))
        check_options(group := {**self.defaults, **group, "params": params})
        self.param_groups.append(group)

    def parameters(self):
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self, set_to_none=True):
        """Forget all gradients; without `set_to_none`, fill them with zeros."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.array.fill(0)

    def step(self, closure=None):
        """Change every parameter that has a gradient. A `closure`, if any, first computes the loss and the gradients."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, self.state[p], group)
        return loss

    def update(self, p, state, group):
        raise NotImplementedError(f"{type(self).__name__}.update: an optimizer needs this method")

    def scratch(self, array, place=0):
        """Room for an array like this one. The memory is lent to one parameter after the other, so it is not state."""
        if self.memory.nbytes < (place + 1) * array.nbytes:
            self.memory = np.empty((place + 1) * array.nbytes, np.uint8)
        return np.ndarray(array.shape, array.dtype, self.memory, place * array.nbytes)

    def l2_gradient(self, p, weight_decay):
        """The gradient of loss + weight_decay / 2 * (sum of squared weights), in scratch memory."""
        out = np.multiply(p.array, weight_decay, out=self.scratch(p.array, place=1))
        out += p.grad.array
        return out

    def state_dict(self):
        """A copy: {"state": {number: {name: value}}, "param_groups": [options, with numbers as "params"]}."""
        number = {id(p): i for i, p in enumerate(self.parameters())}
        groups = [{**group, "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        return deepcopy({"state": {number[id(p)]: s for p, s in self.state.items() if s}, "param_groups": groups})

    def load_state_dict(self, state_dict):
        """Copy what `state_dict` gave, and go on where that optimizer was. Raises ValueError, before anything is changed,
        where groups, options or shapes do not fit."""
        state, saved = deepcopy((state_dict["state"], state_dict["param_groups"]))
        there, here = ([len(group["params"]) for group in groups] for groups in (saved, self.param_groups))
        if there != here:
            raise ValueError(f"the saved groups have {there} parameters, these {here}: build the optimizer as it was")
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
    """`sgd_update` for each parameter. `weight_decay` is an L2 penalty."""

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(params, {**options, "weight_decay": weight_decay})

    def update(self, p, state, group):
        dampening, decay = group["dampening"], group["weight_decay"]
        if group["momentum"] and state.get("momentum_buffer") is None:
            state["momentum_buffer"], dampening = Tensor.wrap(np.zeros_like(p.array)), 0  # not the first gradient
        grad = self.l2_gradient(p, decay) if decay else p.grad.array
        buffer = state["momentum_buffer"].array if group["momentum"] else None
        options = group["lr"], group["momentum"], dampening, group["nesterov"]
        sgd_update(p.array, grad, buffer, self.scratch(p.array), *options)


def adam_update(param, grad, exp_avg, exp_avg_sq, scratch, step, lr, betas, eps):
    """One step of Adam, in place ([Kingma and Ba, 2014](https://arxiv.org/abs/1412.6980)).

    Args:
        param, grad: arrays of one shape; the first is changed, the second only read.
        exp_avg, exp_avg_sq: arrays of that shape, the running averages m and v; they are changed.
        scratch: array of that shape, for what is needed only for a moment.
        step: t, the number of this step; the first is 1.
        lr, eps: numbers; betas: two numbers, the shares of m and v that stay.

    Returns: None.

    >>> weight, m, v = np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
    >>> adam_update(weight, np.array([100.0, -0.001]), m, v, np.empty(2), 1, 0.1, (0.9, 0.999), 1e-8)
    >>> weight.round(4)
    array([0.9, 1.1])
    """
    beta1, beta2 = betas
    root = math.sqrt(1 - beta2**step)
    exp_avg *= beta1
    np.multiply(grad, 1 - beta1, out=scratch)
    exp_avg += scratch
    exp_avg_sq *= beta2
    np.multiply(grad, grad, out=scratch)
    scratch *= 1 - beta2
    exp_avg_sq += scratch
    np.sqrt(exp_avg_sq, out=scratch)
    scratch += eps * root
    np.divide(exp_avg, scratch, out=scratch)
    scratch *= lr * root / (1 - beta1**step)
    param -= scratch


class Adam(Optimizer):
    """`adam_update` for each parameter. `weight_decay` is an L2 penalty."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def update(self, p, state, group):
        if not state:
            m, v = (Tensor.wrap(np.zeros_like(p.array)) for _ in range(2))
            state.update({"step": 0, "exp_avg": m, "exp_avg_sq": v})
        state["step"] += 1
        grad = self.decayed(p, group) if group["weight_decay"] else p.grad.array
        arrays = p.array, grad, state["exp_avg"].array, state["exp_avg_sq"].array, self.scratch(p.array)
        adam_update(*arrays, state["step"], group["lr"], group["betas"], group["eps"])

    def decayed(self, p, group):
        return self.l2_gradient(p, group["weight_decay"])


class AdamW(Adam):
    """Adam with decoupled decay ([Loshchilov and Hutter, 2017](https://arxiv.org/abs/1711.05101))."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def decayed(self, p, group):
        """Let the array of the tensor `p` decay, in place; returns the array of the gradient that Adam goes by.

        >>> p = Tensor([2.0, -4.0], requires_grad=True)
        >>> p.grad = Tensor([1.0, 1.0])
        >>> AdamW([p]).decayed(p, {"lr": 0.1, "weight_decay": 0.5}), p
        (array([1., 1.], dtype=float32), tensor([ 1.9, -3.8]))
        """
        p.array *= 1 - group["lr"] * group["weight_decay"]
        return p.grad.array


def cosine_lr(epoch, base_lr, T_max, eta_min):
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
    """Sets each group's lr, from its first lr and the number of steps. A subclass writes `get_lr`.

    PyTorch: [`LRScheduler`](https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate).
    """

    def __init__(self, optimizer, last_epoch=-1):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"a scheduler needs an optimizer, and this is a {type(optimizer).__name__}: give one")
        for group in optimizer.param_groups:
            if last_epoch != -1 and "initial_lr" not in group:
                raise ValueError("to go on at last_epoch, load the optimizer's state first: it has the initial_lr")
            group.setdefault("initial_lr", group["lr"])
        self.optimizer, self.last_epoch = optimizer, last_epoch
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.step()

    def get_lr(self):
        raise NotImplementedError(f"{type(self).__name__}.get_lr: a scheduler needs this method")

    def step(self):
        self.last_epoch += 1
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def get_last_lr(self):
        return list(self._last_lr)

    def state_dict(self):
        return {k: v for k, v in vars(self).items() if k not in ("optimizer", "lr_lambdas", "schedulers")}

    def load_state_dict(self, state_dict):
        """Go on where that scheduler was (the optimizer's own state has the learning rates)."""
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise ValueError("the saved scheduler had another number of groups: build it as it was")
        vars(self).update(state_dict)


class LambdaLR(LRScheduler):
    """The first lr times `lr_lambda(steps)`: one function, or a list with one for each group."""

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        groups, many = len(optimizer.param_groups), isinstance(lr_lambda, (list, tuple))
        self.lr_lambdas = list(lr_lambda) if many else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"{len(self.lr_lambdas)} functions for {groups} groups: give one for each")
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [lr * factor(self.last_epoch) for lr, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """Times `gamma` every `step_size` steps."""

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [lr * self.gamma ** (self.last_epoch // self.step_size) for lr in self.base_lrs]


class LinearLR(LRScheduler):
    """The first lr times a factor: a straight line from `start_factor` to `end_factor` in `total_iters` steps, then flat."""

    def __init__(self, optimizer, start_factor=1 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1 and total_iters >= 1):
            raise ValueError("give LinearLR factors above 0 and up to 1, and at least one step")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        share = min(self.last_epoch, self.total_iters) / self.total_iters
        return [lr * (self.start_factor + (self.end_factor - self.start_factor) * share) for lr in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """From the first lr to `eta_min` by `cosine_lr`."""

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [cosine_lr(self.last_epoch, lr, self.T_max, self.eta_min) for lr in self.base_lrs]


class SequentialLR(LRScheduler):
    """One scheduler after the other, each from its own step 0; `milestones` says when the second begins, the third, ..."""

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        if len(schedulers) != len(milestones) + 1 or any(s.optimizer is not optimizer for s in schedulers):
            raise ValueError("give one milestone less than schedulers, all of them for this optimizer")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        now = bisect_right(self.milestones, self.last_epoch)
        self.schedulers[now].last_epoch = self.last_epoch - (0, *self.milestones)[now]
        return self.schedulers[now].get_lr()


def learning_rates(make, steps):
    """The learning rates that the scheduler `make(optimizer)` gives to an optimizer with lr = 1."""
    scheduler, rates = make(SGD([Tensor([0.0], requires_grad=True)], lr=1.0)), []
    for _ in range(steps):
        rates += scheduler.get_last_lr()
        scheduler.step()
    return rates
