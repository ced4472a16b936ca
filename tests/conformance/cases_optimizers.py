"""Cases: every optimizer with all its options, and every scheduler, step by step."""

import numpy as np
from hypothesis import strategies as st

from tests.conformance.compare import leaf
from tests.conformance.draws import FLOATS, drawn_script

RATES = st.sampled_from([0.001, 0.01, 0.1, 1.0])
DECAY = st.sampled_from([0, 0, 0.01, 0.5])


@st.composite
def options_of(draw, name):
    """Keywords for an optimizer; left out at times, so that the defaults are compared, too."""
    options = {"weight_decay": draw(DECAY), "lr": draw(RATES)}
    if name == "SGD":
        momentum = draw(st.sampled_from([0, 0.5, 0.9]))
        nesterov = bool(momentum) and draw(st.booleans())
        options |= {
            "momentum": momentum,
            "nesterov": nesterov,
            "dampening": 0 if nesterov else draw(st.sampled_from([0, 0.25])),
        }
    elif name == "RMSprop":
        # not the 0.99 of the default with centered: variances near 0 would magnify the rounding
        options |= {
            "alpha": draw(st.sampled_from([0.99, 0.5])),
            "eps": draw(st.sampled_from([1e-8, 1e-3, 1.0])),
            "momentum": draw(st.sampled_from([0, 0.5])),
            "centered": draw(st.booleans()),
        }
    else:
        betas = draw(st.sampled_from([(0.9, 0.999), (0.5, 0.75), (0.0, 0.9), (0.9, 0.0)]))
        options |= {"betas": betas, "eps": draw(st.sampled_from([1e-8, 1e-3, 1.0]))}
    return {key: value for key, value in options.items() if draw(st.integers(0, 3))}


def gradients(seed, shapes, dtype, steps):
    """For each step and each parameter a gradient: of very different sizes, and at times none."""
    rng = np.random.default_rng(seed)
    scales = [10.0 ** rng.integers(-3, 3) for _ in shapes]
    for _ in range(steps):
        found = [scale * rng.standard_normal(shape) for scale, shape in zip(scales, shapes, strict=True)]
        yield [None if rng.random() < 0.1 else grad.astype(dtype) for grad in found]


@drawn_script
def ten_steps(draw):
    """The parameters after each step; then what the optimizer remembers."""
    name = draw(st.sampled_from(["SGD", "Adam", "AdamW", "RMSprop"]))
    options, seed, dtype = draw(options_of(name)), draw(st.integers(0, 999)), draw(FLOATS)
    shapes, groups = [(3, 2), (4,), ()], draw(st.booleans())
    zeroed = draw(st.sampled_from([{}, {"set_to_none": False}]))

    def script(lib):
        params = [leaf(lib, np.full(shape, 1.5, dtype), True) for shape in shapes]
        given = [{"params": params[:2]}, {"params": params[2:], "lr": 0.03}] if groups else params
        optimizer, seen = getattr(lib.optim, name)(given, **options), []
        for grads in gradients(seed, shapes, dtype, steps=10):
            optimizer.zero_grad(**zeroed)
            for p, grad in zip(params, grads, strict=True):
                p.grad = None if grad is None else leaf(lib, grad, False)
            optimizer.step()
            seen.append([p.detach().numpy().copy() for p in params])
        return seen, memory(optimizer)

    return script


def memory(optimizer):
    """What both libraries keep, under the same names; PyTorch counts steps in a tensor, and has more options."""
    saved = optimizer.state_dict()
    state = {
        index: {name: float(value) if name == "step" else value for name, value in sorted(found.items())}
        for index, found in sorted(saved["state"].items())
    }
    names = ("params", "lr", "betas", "eps", "momentum", "dampening", "weight_decay", "nesterov", "alpha", "centered")
    return state, [{name: group[name] for name in names if name in group} for group in saved["param_groups"]]


@drawn_script
def frozen_parameters(draw):
    """Some parameters are frozen when the optimizer is made, and some later; all thaw halfway."""
    name, frozen = draw(st.sampled_from(["SGD", "Adam", "AdamW", "RMSprop"])), draw(st.integers(0, 3))

    def script(lib):
        net = lib.nn.Sequential(lib.nn.Linear(3, 2), lib.nn.Tanh(), lib.nn.Linear(2, 1))
        for i, p in enumerate(net.parameters()):
            p.data = leaf(lib, np.linspace(-1, 1, p.numel(), dtype="float32").reshape(p.shape), False)
            p.requires_grad = i >= frozen
        optimizer, seen = getattr(lib.optim, name)(net.parameters(), lr=0.1), []
        for step in range(6):
            if step == 3:
                for p in net.parameters():
                    p.requires_grad = True
            optimizer.zero_grad()
            net(leaf(lib, np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3), False)).sum().backward()
            optimizer.step()
            seen.append([p.detach().numpy().copy() for p in net.parameters()])
        return seen, memory(optimizer)

    return script


@drawn_script
def steps_with_a_closure(draw):
    name, seed = draw(st.sampled_from(["SGD", "Adam", "AdamW", "RMSprop"])), draw(st.integers(0, 999))

    def script(lib):
        p = leaf(lib, np.random.default_rng(seed).standard_normal(4), True)
        optimizer = getattr(lib.optim, name)([p], lr=0.1)

        def closure():
            optimizer.zero_grad()
            loss = ((p - 1) ** 2).sum()
            loss.backward()
            return loss

        return [optimizer.step(closure).detach().item() for _ in range(5)], p

    return script


SCHEDULERS = {
    "StepLR": st.fixed_dictionaries(
        {"step_size": st.integers(1, 4)}, optional={"gamma": st.sampled_from([0.5, 0.9, 1.0])}
    ),
    "ExponentialLR": st.fixed_dictionaries({"gamma": st.sampled_from([0.5, 0.9, 1.0])}),
    "LinearLR": st.fixed_dictionaries(
        {},
        optional={
            "start_factor": st.sampled_from([0.1, 0.5, 1.0]),
            "end_factor": st.sampled_from([0.0, 0.25, 1.0]),
            "total_iters": st.integers(1, 8),
        },
    ),
    "CosineAnnealingLR": st.fixed_dictionaries(
        {"T_max": st.integers(1, 12)}, optional={"eta_min": st.sampled_from([0.0, 0.001])}
    ),
    "LambdaLR": st.sampled_from(
        [{"lr_lambda": lambda step: 0.9**step}, {"lr_lambda": [lambda s: 1 / (s + 1), lambda s: s]}]
    ),
}


def rates(lib, make, steps=15):
    """The learning rates of two groups, at first and after each step."""
    params = [leaf(lib, np.ones(2, "float32"), True) for _ in range(2)]
    optimizer = lib.optim.SGD([{"params": params[:1]}, {"params": params[1:], "lr": 0.5}], lr=0.1)
    scheduler, seen = make(lib.optim.lr_scheduler, optimizer), []
    for _ in range(steps):
        seen.append(
            (list(scheduler.get_last_lr()), [group["lr"] for group in optimizer.param_groups], scheduler.last_epoch)
        )
        optimizer.step()
        scheduler.step()
    return seen


@drawn_script
def scheduler(draw):
    name = draw(st.sampled_from(sorted(SCHEDULERS)))
    options = draw(SCHEDULERS[name])
    return lambda lib: rates(lib, lambda schedulers, optimizer: getattr(schedulers, name)(optimizer, **options))


@drawn_script
def a_group_added_while_a_schedule_runs(draw):
    """It keeps its lr for now, and follows the curve from there. (A cosine's in PyTorch fails once it is at its end.)"""
    name = draw(st.sampled_from(["StepLR", "ExponentialLR", "LinearLR", "CosineAnnealingLR", "LambdaLR"]))
    options, when, lr = draw(SCHEDULERS[name]), draw(st.integers(0, 4)), draw(st.sampled_from([0.03, 0.5]))
    if name == "CosineAnnealingLR":
        options = {**options, "T_max": draw(st.integers(11, 14))}

    def script(lib):
        p, q, r = (leaf(lib, np.ones(2, "float32"), True) for _ in range(3))
        optimizer, seen = lib.optim.SGD([{"params": [p]}, {"params": [q], "lr": 0.2}], lr=0.1), []
        scheduler = getattr(lib.optim.lr_scheduler, name)(optimizer, **options)
        for step in range(10):
            if step == when:
                optimizer.add_param_group({"params": [r], "lr": lr})
            seen.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()
            scheduler.step()
        return seen

    return script


@drawn_script
def plateaus(draw):
    """The rate of two groups after each metric; metrics below 0, nan and ties among them."""
    metrics = draw(st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 0.99995, 1.0, 1.5, float("nan")]), max_size=20))
    options = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "mode": st.sampled_from(["min", "max"]),
                "factor": st.sampled_from([0.1, 0.5]),
                "patience": st.integers(0, 3),
                "threshold": st.sampled_from([1e-4, 0.1, 0.5]),
                "threshold_mode": st.sampled_from(["rel", "abs"]),
                "cooldown": st.integers(0, 3),
                "min_lr": st.sampled_from([0, 0.02, [0.02, 0.3]]),
                "eps": st.sampled_from([1e-8, 0.1]),
            },
        )
    )
    resumed, added = draw(st.integers(0, 20)), draw(st.integers(0, 20))

    def script(lib):
        params = [leaf(lib, np.ones(2, "float32"), True) for _ in range(3)]
        optimizer = lib.optim.SGD([{"params": params[:1]}, {"params": params[1:2], "lr": 0.5}], lr=0.1)
        make = lib.optim.lr_scheduler.ReduceLROnPlateau
        scheduler, seen = make(optimizer, **options), []
        for step, metric in enumerate(metrics):
            if step == resumed:
                old, scheduler = scheduler, make(optimizer)
                scheduler.load_state_dict(old.state_dict())
            if step == added:
                optimizer.add_param_group({"params": params[2:]})
            scheduler.step(metric)
            seen.append((scheduler.get_last_lr(), [group["lr"] for group in optimizer.param_groups]))
        return seen, scheduler.best, scheduler.num_bad_epochs, scheduler.last_epoch

    return script


@drawn_script
def schedulers_in_sequence(draw):
    """A warm-up, then a cosine, and at times a third."""
    start, milestones = (
        draw(st.sampled_from([0.1, 0.5])),
        sorted(draw(st.sets(st.integers(1, 9), min_size=1, max_size=2))),
    )
    total, period = draw(st.integers(1, 6)), draw(st.integers(6, 12))

    def make(schedulers, optimizer):
        warm = schedulers.LinearLR(optimizer, start_factor=start, total_iters=total)
        wave = schedulers.CosineAnnealingLR(optimizer, T_max=period)
        steps = schedulers.StepLR(optimizer, step_size=2)
        return schedulers.SequentialLR(optimizer, [warm, wave, steps][: len(milestones) + 1], milestones)

    return lambda lib: rates(lib, make)


@drawn_script
def scheduler_of_ones_own(draw):
    factor = draw(st.sampled_from([0.5, 0.9]))

    def make(schedulers, optimizer):
        class Shrinking(schedulers.LRScheduler):
            def get_lr(self):
                return [lr * factor**self.last_epoch for lr in self.base_lrs]

        return Shrinking(optimizer)

    return lambda lib: rates(lib, make)


@drawn_script
def resuming(draw):
    """Optimizer and scheduler are saved after some steps; new ones take over and go on."""
    name, before = draw(st.sampled_from(["SGD", "Adam", "AdamW", "RMSprop"])), draw(st.integers(0, 5))
    options, kind = {"momentum": 0.9} if name == "SGD" else {}, draw(st.sampled_from(["wave", "lambda", "several"]))

    def start(lib, p):
        optimizer = getattr(lib.optim, name)([p], lr=0.1, **options)
        schedulers = lib.optim.lr_scheduler
        if kind == "lambda":
            return optimizer, schedulers.LambdaLR(optimizer, lambda step: 0.9**step)
        wave = schedulers.CosineAnnealingLR(optimizer, T_max=8)
        if kind == "wave":
            return optimizer, wave
        return optimizer, schedulers.SequentialLR(optimizer, [wave, schedulers.StepLR(optimizer, 2)], [3])

    def run(p, optimizer, scheduler, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            ((p - 1) ** 2).sum().backward()
            optimizer.step()
            scheduler.step()

    def script(lib):
        p = leaf(lib, np.linspace(-1, 3, 5), True)
        first = start(lib, p)
        run(p, *first, steps=before)
        second = start(lib, p)
        for new, old in zip(second, first, strict=True):
            new.load_state_dict(old.state_dict())
        run(p, *second, steps=5)
        return p, second[1].get_last_lr(), memory(second[0])

    return script
