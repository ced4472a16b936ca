"""The exported optimizers, tested with numbers other than the notebook's."""

import copy
import math
import tracemalloc

import numpy as np
import pytest

from tinytorch.optim import RMSprop
from tinytorch.optim.lr_scheduler import ExponentialLR, LambdaLR, ReduceLROnPlateau, StepLR
from tinytorch.optimizers import (
    SGD,
    Adam,
    AdamW,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    Optimizer,
    SequentialLR,
    adam_update,
    cosine_lr,
    sgd_update,
)
from tinytorch.tensor import Tensor
from tito.lesson import close


def parameter(*numbers, dtype=np.float32):
    return Tensor(np.array(numbers), dtype=dtype, requires_grad=True)


def gradients(shape, steps, seed=0):
    return np.random.default_rng(seed).standard_normal((steps, *shape))


def by_the_book(kind, x, grads, lr, **o):
    """The formulas as the text gives them, in float64 and with new arrays everywhere."""
    speed = mean = square = 0
    for t, g in enumerate(grads, 1):
        if kind is AdamW:
            x = x * (1 - lr * o.get("weight_decay", 1e-2))
        else:
            g = g + o.get("weight_decay", 0) * x
        if kind is SGD:
            momentum = o.get("momentum", 0)
            speed = g if t == 1 else momentum * speed + (1 - o.get("dampening", 0)) * g
            x = x - lr * (g + momentum * speed if o.get("nesterov") else speed if momentum else g)
        else:
            (b1, b2), eps = o.get("betas", (0.9, 0.999)), o.get("eps", 1e-8)
            mean, square = b1 * mean + (1 - b1) * g, b2 * square + (1 - b2) * g * g
            x = x - lr * (mean / (1 - b1**t)) / (np.sqrt(square / (1 - b2**t)) + eps)
    return x


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SGD, {}),
        (SGD, {"weight_decay": 0.3}),
        (SGD, {"momentum": 0.8}),
        (SGD, {"momentum": 0.8, "dampening": 0.4, "weight_decay": 0.2}),
        (SGD, {"momentum": 0.6, "nesterov": True}),
        (SGD, {"momentum": 0.6, "nesterov": True, "weight_decay": 0.2}),
        (Adam, {}),
        (Adam, {"betas": (0.5, 0.8), "eps": 0.1}),
        (Adam, {"betas": (0.0, 0.9), "weight_decay": 0.2}),
        (AdamW, {}),
        (AdamW, {"betas": (0.7, 0.95), "weight_decay": 0.4}),
    ],
)
@pytest.mark.parametrize("shape", [(3, 2), (1,), (0, 4)])
def test_forty_steps_by_the_book(kind, options, shape):
    """WHAT: forty steps give the numbers of the formulas, for any shape, and leave the gradients alone.
    WHY: a small mistake in a formula still learns, only worse, and without an error.
    TIP: SGD and Adam are given. Does only AdamW fail? Then check its `decayed`: the factor, and the gradient it returns.
    """
    grads = gradients(shape, 40)
    start = gradients(shape, 1, seed=1)[0]
    p = Tensor(start, dtype=np.float64, requires_grad=True)
    optimizer = kind([p], lr=0.03, **options)
    for g in grads:
        p.grad = Tensor(g, dtype=np.float64)
        optimizer.step()
        close(p.grad, g, "a step must not change the gradient", rtol=0, atol=0)
    expected = by_the_book(kind, start, grads, 0.03, **options)
    close(p.array, expected, f"forty steps of {kind.__name__} with {options}", rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "options"), [(SGD, {}), (SGD, {"momentum": 0.9, "nesterov": True}), (Adam, {}), (AdamW, {})]
)
def test_in_place(kind, options):
    """WHAT: the array and its dtype stay the same, views see the change, and later steps create next to no arrays.
    WHY: networks, views and other threads hold these arrays.
    TIP: `a = a - b` creates a new array; `a -= b` does not.
    """
    p = Tensor(np.ones((100, 100)), requires_grad=True)
    array, view = p.array, p.array[:, :1]
    optimizer = kind([p], lr=0.1, **options)
    p.grad = Tensor(np.full((100, 100), 3.0))
    grad = p.grad.array
    optimizer.step()
    tracemalloc.start()
    optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert p.array is array, "a step must change the array in place"
    assert p.dtype == np.float32, f"the parameter was float32, and is {p.dtype} after a step"
    assert view[0, 0] == array[0, 0] < 1, "a step must make the weights smaller, and a view must see it"
    room = array.nbytes * (1.25 if kind is AdamW else 0.25)  # `p.array -= ... * p.array` is one way to decay
    assert peak < room, f"a step allocated {peak} bytes, for a parameter of {array.nbytes}"
    assert p.grad.array is grad and (grad == 3).all(), "a step must not change the gradient"
    for name, value in optimizer.state[p].items():
        if isinstance(value, Tensor):
            assert value.dtype == np.float32, f"{name} must be float32, like the parameter, not {value.dtype}"
            assert not np.shares_memory(value.array, grad), f"{name} must not share memory with the gradient"


def test_update_functions_on_transposed_arrays():
    """WHAT: the functions work on transposed arrays and in float64.
    WHY: a parameter may be a view of another.
    TIP: write into `param` itself: a copy, or a reshaped one, is not what the network holds.
    """
    big = np.ones((3, 2))
    sgd_update(big.T, np.full((2, 3), 2.0), None, 0.5)
    close(big, np.zeros((3, 2)), "sgd_update from 1, with gradient 2 and lr 0.5")
    m, v = np.zeros((2, 3)), np.zeros((2, 3))
    adam_update(big.T, np.full((2, 3), -7.0), m, v, 1, 0.25, (0.9, 0.99), 0.0)
    close(big, np.full((3, 2), 0.25), "adam_update from 0, first step, with lr 0.25")


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_first_step_of_adam_is_lr(size):
    """WHAT: the first step of Adam is as long as lr, whatever the gradient.
    WHY: this is what the two corrections are for.
    TIP: `Adam` is given. Did you change it?
    """
    p, single = parameter(0.0, 0.0), Tensor(0.0, requires_grad=True)
    p.grad, single.grad = Tensor([size, -size]), Tensor(size)
    Adam([p, single], lr=0.2, eps=0).step()
    close(single.array, -0.2, f"a step of Adam with lr 0.2 and a single number, whose gradient is {size:g}", rtol=1e-4)
    close(p.array, [-0.2, 0.2], f"a step of Adam with lr 0.2 and gradients {size:g} and {-size:g}", rtol=1e-4)


def test_groups_have_their_own_options():
    """WHAT: options of a group override the defaults; parameters without a gradient don't move.
    WHY: you may want no decay for biases, and a lower lr for the first layers.
    TIP: given.
    """
    p, q, r = parameter(1.0), parameter(1.0), parameter(1.0)
    optimizer = SGD([{"params": [p]}, {"params": q, "lr": 2.0, "name": "head"}], lr=0.5)
    optimizer.add_param_group({"params": [r]})
    p.grad, q.grad = Tensor([1.0]), Tensor([1.0])
    optimizer.step()
    assert (p.item(), q.item(), r.item()) == (0.5, -1.0, 1.0)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 2.0, 0.5]
    assert optimizer.param_groups[1]["name"] == "head"


def test_zero_grad_and_closure():
    """WHAT: zero_grad sets gradients to None, or to 0 in place; step returns the closure's loss.
    WHY: None is cheaper, 0 is what old scripts expect.
    TIP: given.
    """
    p = parameter(1.0)
    optimizer = Adam([p])
    p.grad = Tensor([4.0])
    array = p.grad.array
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.array is array and array.item() == 0
    optimizer.zero_grad()
    assert p.grad is None and optimizer.step(lambda: "loss") == "loss"


@pytest.mark.parametrize(
    ("error", "params"),
    [
        (ValueError, []),
        (ValueError, iter([])),
        (TypeError, parameter(1.0)),
        (TypeError, [1.0]),
        (TypeError, [np.ones(2)]),
        (TypeError, {parameter(1.0)}),
        (TypeError, [{"parameters": [parameter(1.0)]}]),
        (ValueError, 2 * [parameter(1.0)]),
        (ValueError, 2 * [{"params": [parameter(1.0)]}][:1] * 2),
        (ValueError, [parameter(1.0) * 2]),
    ],
)
@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_refuses_params(kind, error, params):
    """WHAT: an optimizer refuses parameters that it can't optimize, when it is created.
    WHY: later you would only see a network that doesn't learn.
    TIP: given.
    """
    with pytest.raises(error):
        kind(list(params) if hasattr(params, "__next__") else params)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SGD, {"lr": -0.1}),
        (SGD, {"lr": math.nan}),
        (SGD, {"momentum": -0.5}),
        (SGD, {"weight_decay": -1}),
        (SGD, {"nesterov": True}),
        (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
        (Adam, {"betas": (1.0, 0.9)}),
        (Adam, {"betas": (0.9, -0.1)}),
        (Adam, {"eps": -1e-8}),
        (AdamW, {"lr": math.inf}),
    ],
)
def test_refuses_options(kind, options):
    """WHAT: an optimizer refuses options that make no sense, as defaults and in a group.
    WHY: with a negative lr the loss goes up.
    TIP: given.
    """
    with pytest.raises(ValueError):
        kind([parameter(1.0)], **options)
    optimizer = kind([parameter(1.0)])
    with pytest.raises(ValueError):
        optimizer.add_param_group({"params": [parameter(2.0)], **options})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(
    ("kind", "options"), [(SGD, {"momentum": 0.9, "nesterov": True}), (Adam, {"weight_decay": 0.1}), (AdamW, {})]
)
def test_resumed_run_is_equal_bit_for_bit(kind, options):
    """WHAT: state_dict and load_state_dict carry everything, as copies, under PyTorch's names.
    WHY: training for days means stopping and resuming.
    TIP: given.
    """
    shapes, grads = [(3, 2), (4,)], [gradients(shape, 20) for shape in [(3, 2), (4,)]]

    def run(optimizer, steps):
        for i in steps:
            for p, g in zip(optimizer.parameters(), grads, strict=True):
                p.grad = Tensor(g[i])
            optimizer.step()

    def build(lr):
        p, q = (Tensor(np.ones(shape), requires_grad=True) for shape in shapes)
        return kind([{"params": [p], "lr": lr}, {"params": [q]}], **options)

    one, two = build(0.1), build(0.7)
    run(one, range(10))
    saved = one.state_dict()
    picture = copy.deepcopy(saved)
    names = {"momentum_buffer"} if kind is SGD else {"step", "exp_avg", "exp_avg_sq"}
    assert saved["state"].keys() == {0, 1} and saved["state"][0].keys() == names
    assert [group["params"] for group in saved["param_groups"]] == [[0], [1]]
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        q.array[...] = p.array
    run(one, range(10, 20))
    two.load_state_dict(saved)
    run(two, range(10, 20))
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        assert np.array_equal(p.array, q.array)
    for i, state in saved["state"].items():
        for name, value in state.items():
            before = picture["state"][i][name]
            assert np.array_equal(getattr(value, "data", value), getattr(before, "data", before)), "a copy, both ways"
    assert two.param_groups[0]["lr"] == 0.1


def test_load_refuses_before_it_changes():
    """WHAT: a state with other groups, shapes or options raises ValueError, and changes nothing.
    WHY: a half-loaded optimizer trains on, wrongly.
    TIP: given.
    """

    def stepped(kind, *groups, **options):
        optimizer = kind(
            [{"params": [Tensor(np.ones(s), requires_grad=True) for s in group]} for group in groups], **options
        )
        for p in optimizer.parameters():
            p.grad = Tensor(np.ones(p.shape))
        optimizer.step()
        return optimizer

    optimizer = stepped(Adam, [(2,), (3,)], lr=0.5)
    before = optimizer.state_dict()
    broken = stepped(Adam, [(2,), (3,)], lr=0.1).state_dict()
    broken["param_groups"][0]["lr"] = -1
    unknown = stepped(Adam, [(2,), (3,)], lr=0.1).state_dict()
    unknown["state"][7] = {"step": 1}
    for wrong in (
        stepped(Adam, [(2,), (3,), (4,)]).state_dict(),
        stepped(Adam, [(2,)], [(3,)]).state_dict(),
        stepped(Adam, [(2,), (1,)]).state_dict(),
        stepped(SGD, [(2,), (3,)], momentum=0.9).state_dict(),
        broken,
        unknown,
    ):
        with pytest.raises(ValueError):
            optimizer.load_state_dict(wrong)
        assert repr(optimizer.state_dict()) == repr(before)


def test_updates_agree_with_the_optimizers():
    """WHAT: over 30 steps, your formulas and the optimizers without new arrays give the same weights.
    WHY: you check the formula on paper, and the optimizer trains.
    TIP: `SGD` and `Adam` are given: which line of your formula differs?
    """
    for shape in ((6, 5), (1,), (0, 3)):
        start, grads = np.array(gradients(shape, 1, seed=1)[0]), gradients(shape, 30)
        plain_sgd, speed = start.copy(), np.zeros(shape)
        plain_adam, m, v = start.copy(), np.zeros(shape), np.zeros(shape)
        p, q = (Tensor(start, dtype=np.float64, requires_grad=True) for _ in range(2))
        sgd, adam = SGD([p], lr=0.1, momentum=0.9, nesterov=True), Adam([q], lr=0.1, betas=(0.7, 0.8), eps=0.01)
        for t, g in enumerate(grads, 1):
            p.grad = q.grad = Tensor(g, dtype=np.float64)
            sgd.step()
            adam.step()
            sgd_update(plain_sgd, g, speed, 0.1, 0.9, 0, True)
            adam_update(plain_adam, g, m, v, t, 0.1, (0.7, 0.8), 0.01)
        close(plain_sgd, p.array, f"sgd_update against SGD, shape {shape}", rtol=1e-9)
        close(plain_adam, q.array, f"adam_update against Adam, shape {shape}", rtol=1e-9)


def test_frozen_parameters_are_skipped():
    """WHAT: an optimizer accepts frozen parameters and leaves them alone; unfrozen, they move.
    WHY: fine-tuning passes net.parameters() to the optimizer, including the frozen ones.
    TIP: given: an optimizer refuses only a tensor that was computed from others.
    """
    frozen, p = Tensor([1.0, 2.0]), parameter(1.0)
    optimizer = Adam([frozen, p], lr=0.5)
    (frozen.sum() * p).sum().backward()
    optimizer.step()
    assert frozen.tolist() == [1.0, 2.0] and p.item() != 1.0
    assert frozen not in optimizer.state and optimizer.state_dict()["state"].keys() == {1}
    frozen.requires_grad = True
    optimizer.zero_grad()
    (frozen.sum() * p).sum().backward()
    optimizer.step()
    close(frozen.array, [0.5, 1.5], "the first step of an unfrozen parameter, as long as lr")


@pytest.mark.parametrize("options", [{}, {"momentum": 0.8}, {"centered": True}, {"weight_decay": 0.1}])
def test_rmsprop_by_the_book(options):
    """WHAT: 30 steps of RMSprop give the numbers of its formulas.
    WHY: with centered=True it divides by another root, and momentum comes after the division.
    TIP: given.
    """
    grads, start = gradients((3, 2), 30), gradients((3, 2), 1, seed=1)[0]
    p = Tensor(start, dtype=np.float64, requires_grad=True)
    optimizer, x = RMSprop([p], lr=0.03, alpha=0.9, eps=1e-3, **options), start
    array, mean, square, speed = p.array, 0, 0, 0
    for g in grads:
        p.grad = Tensor(g, dtype=np.float64)
        optimizer.step()
        g = g + options.get("weight_decay", 0) * x
        mean, square = 0.9 * mean + 0.1 * g, 0.9 * square + 0.1 * g * g
        speed = options.get("momentum", 0) * speed + g / (np.sqrt(square - mean**2 * options.get("centered", 0)) + 1e-3)
        x = x - 0.03 * speed
    assert p.array is array, "a step must change the array in place"
    close(array, x, f"30 steps of RMSprop with {options}", rtol=1e-9)
    assert optimizer.state[p]["step"] == 30


def test_own_optimizer():
    """WHAT: a subclass needs only `update`.
    WHY: this is how you try new optimizers.
    TIP: given.
    """

    class SignSGD(Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def update(self, p, state, group):
            p.array -= group["lr"] * np.sign(p.grad.array)

    p = parameter(1.0)
    p.grad = Tensor([-30.0])
    SignSGD([p], lr=0.5).step()
    assert p.item() == 1.5
    with pytest.raises(NotImplementedError, match="update"):
        Optimizer([p], {}).step()


def rates(make, steps, lr=0.8):
    optimizer = SGD([{"params": [parameter(0.0)]}, {"params": [parameter(0.0)], "lr": 0.1}], lr=lr)
    scheduler, lrs = make(optimizer), []
    for _ in range(steps):
        lrs.append(optimizer.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        scheduler.step()
    return lrs


def test_cosine():
    """WHAT: both ends, the middle and a third of the way.
    WHY: a wrong end is a jump in the middle of training.
    TIP: try epoch 0 and the last one by hand.
    """
    for epoch, expected in ((0, 1.0), (2, 0.875), (3, 0.75), (6, 0.5)):
        close(cosine_lr(epoch, 1.0, 6, 0.5), expected, f"step {epoch} of 6, from 1 to 0.5")


def test_schedulers():
    """WHAT: each scheduler's values, for each group from its own first lr.
    WHY: a PyTorch script must give the same curve.
    TIP: the schedulers are given; CosineAnnealingLR calls your cosine_lr.
    """
    close(rates(lambda o: StepLR(o, 2), 5), [0.8, 0.8, 0.08, 0.08, 0.008], "StepLR")
    close(rates(lambda o: ExponentialLR(o, 0.5), 4), [0.8, 0.4, 0.2, 0.1], "ExponentialLR")
    expected = 0.8 * np.array([1 / 3, 7 / 15, 0.6, 11 / 15, 13 / 15, 1, 1])
    close(rates(lambda o: LinearLR(o), 7), expected, "LinearLR")
    close(rates(lambda o: LinearLR(o, 0.5, 0.25, 5), 8)[::2], [0.4, 0.32, 0.24, 0.2], "LinearLR from 0.5 to 0.25")
    close(rates(lambda o: CosineAnnealingLR(o, 4, 0.4), 5)[::2], [0.8, 0.6, 0.4], "CosineAnnealingLR")
    close(rates(lambda o: LambdaLR(o, [lambda n: 0.5**n, lambda n: 1]), 3), [0.8, 0.4, 0.2], "LambdaLR")


def test_warmup_and_cosine_as_in_pytorch():
    """WHAT: SequentialLR starts each part at its own step 0, and the last part keeps going.
    WHY: this is how most language models are trained.
    TIP: given; the rates of the cosine come from your cosine_lr.
    """

    def make(optimizer):
        parts = LinearLR(optimizer, 0.25, total_iters=3), CosineAnnealingLR(optimizer, 4), StepLR(optimizer, 1, 0.5)
        return SequentialLR(optimizer, parts, [3, 7])

    expected = [0.25, 0.5, 0.75, 1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 1, 0.5, 0.25]
    close(rates(make, 10, lr=1.0), expected, "a warm-up, a cosine and a StepLR")


@pytest.mark.parametrize(
    "make",
    [
        lambda o: StepLR(o, 2, 0.5),
        lambda o: ExponentialLR(o, 0.5),
        lambda o: LinearLR(o, 0.5, 1.0, 8),
        lambda o: CosineAnnealingLR(o, 9),
        lambda o: SequentialLR(o, [LinearLR(o, 0.5, 1.0, 2), StepLR(o, 2, 0.5)], [2]),
    ],
)
@pytest.mark.parametrize("when", [0, 2, 3])
def test_a_group_added_later_follows(make, when):
    """WHAT: a group that you add while a schedule runs keeps its lr for now, and then follows the same curve.
    WHY: fine-tuning unfreezes layers one by one.
    TIP: given.
    """
    optimizer = SGD([parameter(1.0)], lr=1.0)
    scheduler = make(optimizer)
    for _ in range(when):
        scheduler.step()
    before = optimizer.param_groups[0]["lr"]
    optimizer.add_param_group({"params": parameter(1.0), "lr": 8.0})
    for _ in range(5):
        assert math.isclose(optimizer.param_groups[1]["lr"] / 8, optimizer.param_groups[0]["lr"] / before)
        scheduler.step()
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]


@pytest.mark.parametrize("kind", [LambdaLR, "own"])
def test_a_group_that_cannot_follow_is_refused_before_anything_changes(kind):
    """WHAT: a schedule with one function for each group, or one of your own, refuses a group added later.
    WHY: it doesn't say what the new group's rate should be.
    TIP: given.
    """

    class Own(LRScheduler):
        def get_lr(self):
            return [lr / (self.last_epoch + 1) for lr in self.base_lrs]

    optimizer = SGD([parameter(1.0)], lr=1.0)
    scheduler = Own(optimizer) if kind == "own" else LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    scheduler.step()
    optimizer.add_param_group({"params": parameter(1.0)})
    before = [group["lr"] for group in optimizer.param_groups], scheduler.last_epoch, scheduler.get_last_lr()
    for _ in range(2):
        with pytest.raises(ValueError, match="1 learning rates for 2 groups"):
            scheduler.step()
        assert (
            [group["lr"] for group in optimizer.param_groups],
            scheduler.last_epoch,
            scheduler.get_last_lr(),
        ) == before


@pytest.mark.parametrize(
    ("options", "metrics", "expected"),
    [
        ({"patience": 1}, [3, 2, 2, 2, 2, 1], [1, 1, 1, 0.5, 0.5, 0.5]),
        ({"patience": 0, "cooldown": 2}, [1, 1, 1, 1, 1], [1, 0.5, 0.5, 0.5, 0.25]),
        ({"patience": 0, "mode": "max"}, [1, 2, 2, 3, 1], [1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 0, "threshold": 0.5}, [4, 3, 1.9], [1, 0.5, 0.5]),
        ({"patience": 0, "threshold": 0.5, "threshold_mode": "abs"}, [4, 3.6, 3.4], [1, 0.5, 0.5]),
        ({"patience": 0, "min_lr": 0.4}, [1, 1, 1], [1, 0.5, 0.4]),
        ({"patience": 0, "eps": 0.3}, [1, 1, 1], [1, 0.5, 0.5]),
        ({"patience": 0}, [-1, -1, -1], [1, 1, 1]),
        ({"patience": 0, "threshold_mode": "abs"}, [-1, -1, -1], [1, 0.5, 0.25]),
        ({"patience": 0}, [math.nan, math.nan], [0.5, 0.25]),
    ],
)
def test_plateau(options, metrics, expected):
    """WHAT: patience, cooldown, both modes and thresholds, and both floors; a relative threshold below 0 never reduces.
    WHY: PyTorch has the same rules.
    TIP: given.
    """
    optimizer, rates = SGD([parameter(0.0)], lr=1.0), []
    scheduler = ReduceLROnPlateau(optimizer, factor=0.5, **options)
    for metric in metrics:
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == [rates[-1]]
    assert rates == expected


def test_plateau_resumes_and_refuses():
    """WHAT: a restored plateau resumes counting; options that make no sense are refused.
    WHY: a resumed run that forgets its best loss waits again.
    TIP: given.
    """
    one, two = (ReduceLROnPlateau(SGD([parameter(0.0)], lr=1.0), patience=1) for _ in range(2))
    for metric in (1.0, 2.0):
        one.step(metric)
    two.load_state_dict(one.state_dict())
    two.step(2.0)
    assert math.isclose(two.get_last_lr()[0], 0.1) and two.best == 1.0
    for wrong in ({"factor": 1.0}, {"mode": "least"}, {"threshold_mode": "relative"}, {"min_lr": [0.1, 0.2]}):
        with pytest.raises(ValueError):
            ReduceLROnPlateau(one.optimizer, **wrong)
    with pytest.raises(TypeError):
        ReduceLROnPlateau(0.1)


@pytest.mark.parametrize("sequential", [False, True])
def test_resumed_schedule(sequential):
    """WHAT: optimizer and scheduler, loaded from their states, resume with the same rates; also by last_epoch.
    WHY: a run that warms up twice is another run.
    TIP: given.
    """

    def build():
        optimizer = SGD([parameter(0.0)], lr=0.3)
        cosine = CosineAnnealingLR(optimizer, 20)
        if not sequential:
            return optimizer, cosine
        return optimizer, SequentialLR(optimizer, [LinearLR(optimizer, 0.1), CosineAnnealingLR(optimizer, 15)], [5])

    optimizer, scheduler = build()
    for _ in range(8):
        scheduler.step()
    other, resumed = build()
    other.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    assert resumed.get_last_lr() == scheduler.get_last_lr() == [other.param_groups[0]["lr"]]
    third = SGD([parameter(0.0)])
    third.load_state_dict(optimizer.state_dict())
    again = None if sequential else CosineAnnealingLR(third, 20, last_epoch=7)
    for _ in range(6):
        scheduler.step()
        resumed.step()
        assert resumed.get_last_lr() == scheduler.get_last_lr()
        if again:
            again.step()
            assert again.get_last_lr() == scheduler.get_last_lr()


def test_schedulers_refuse():
    """WHAT: schedulers refuse a missing optimizer or first lr, a wrong number of functions, parts or groups, and bad factors.
    WHY: an error now is better than a wrong rate a thousand steps later.
    TIP: given.
    """
    optimizer, other = SGD([parameter(0.0)], lr=0.3), SGD([parameter(0.0)], lr=0.3)
    with pytest.raises(TypeError):
        StepLR(0.1, 5)
    with pytest.raises(ValueError, match="initial_lr"):
        StepLR(optimizer, 5, last_epoch=3)
    with pytest.raises(ValueError):
        LambdaLR(optimizer, [lambda n: 1, lambda n: 2])
    for wrong in ({"start_factor": 0}, {"end_factor": 1.5}, {"total_iters": 0}):
        with pytest.raises(ValueError):
            LinearLR(optimizer, **wrong)
    parts = [StepLR(optimizer, 5), StepLR(optimizer, 6)]
    with pytest.raises(ValueError):
        SequentialLR(optimizer, parts, [])
    with pytest.raises(ValueError):
        SequentialLR(other, parts, [4])
    two = StepLR(SGD([{"params": [parameter(0.0)]}, {"params": [parameter(0.0)]}]), 5)
    with pytest.raises(ValueError):
        two.load_state_dict(parts[0].state_dict())
    with pytest.raises(NotImplementedError, match="get_lr"):
        LRScheduler(optimizer)
