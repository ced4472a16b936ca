"""Scripts: how backward, modules and creation behave, written once and run in both libraries."""

import numpy as np

from tests.conformance.compare import leaf
from tests.conformance.draws import script


def numbers(lib, *shape, requires_grad=True, dtype="float32"):
    """A tensor of different numbers, the same in both libraries."""
    array = np.random.default_rng(len(shape)).uniform(0.5, 2, shape).astype(dtype)
    return leaf(lib, array, requires_grad)


def refusal(step):
    """Whether a step raises an error."""
    try:
        step()
    except Exception:
        return "refused"
    return "done"


# Backward


@script
def gradients_add_up_over_two_calls(lib):
    x = numbers(lib, 3)
    (x * x).sum().backward()
    first = x.grad.numpy().copy()
    (x * 3).sum().backward()
    return first, x.grad


@script
def fan_out(lib):
    x, y = numbers(lib, 3), numbers(lib, 2, 3)
    a = x * y
    b = a.exp() + a * x
    (a * b + b / (x + 1) + x).sum().backward()
    return x.grad, y.grad


@script
def two_leaves_handed_the_same_gradient(lib):
    x, y = numbers(lib, 3), numbers(lib, 3)
    for _ in range(2):
        (x + y).sum().backward()
    x.grad.numpy()[0] = 100
    return x.grad, y.grad


@script
def retain_graph(lib):
    x = numbers(lib, 3)
    out = (x * x).sum()
    out.backward(retain_graph=True)
    out.backward()
    return x.grad, refusal(lambda: out.backward())


@script
def a_freed_part_of_a_graph(lib):
    x = numbers(lib, 3)
    shared = x * x
    shared.sum().backward()
    return refusal(lambda: (shared * 2).sum().backward())


@script
def no_grad(lib):
    x = numbers(lib, 3)
    with lib.no_grad():
        y = x * 2
        with lib.no_grad():
            pass
        z = x * 3
    w = x * 4
    return y.requires_grad, z.requires_grad, w.requires_grad, y.is_leaf, x.is_leaf, w.is_leaf


@script
def no_grad_ends_with_an_error(lib):
    x = numbers(lib, 3)
    try:
        with lib.no_grad():
            raise KeyError
    except KeyError:
        return (x * 2).requires_grad


@script
def no_grad_as_a_decorator(lib):
    x = numbers(lib, 3)

    @lib.no_grad()
    def double(x):
        return x * 2

    return double(x).requires_grad, double(x).requires_grad, (x * 2).requires_grad


@script
def detach(lib):
    x = numbers(lib, 3)
    y = x.detach()
    (x * y).sum().backward()
    y.numpy()[0] = 7
    return x.grad, y.requires_grad, y.is_leaf, y.grad, x.detach()


@script
def a_leaf_itself(lib):
    x = numbers(lib)
    x.backward()
    x.backward()
    return x.grad


@script
def a_gradient_from_above(lib):
    x = numbers(lib, 2, 3)
    (x * x).backward(leaf(lib, np.arange(6, dtype="float32").reshape(2, 3), False))
    return x.grad


@script
def gradients_of_what_lies_between(lib):
    x = numbers(lib, 3)
    y = x * 2
    y.sum().backward()
    return x.grad, y.is_leaf, y.requires_grad


@script
def asking_late(lib):
    x = numbers(lib, 3, requires_grad=False)
    before = (x * 2).requires_grad
    same = x.requires_grad_() is x
    (x * 2).sum().backward()
    return before, same, x.grad, x.requires_grad_(False).requires_grad


@script
def gradients_have_the_type_of_their_tensor(lib):
    x, y = numbers(lib, 3), numbers(lib, 3, dtype="float64")
    (x * y).sum().backward()
    return (x * y).detach(), x.grad, y.grad


@script
def a_type_in_between(lib):
    x = numbers(lib, 3, dtype="float64")
    (x.float() * 2).sum().backward()
    return x.grad, x.long().requires_grad


@script
def integers_carry_no_gradient(lib):
    x = numbers(lib, 2, 3)
    outs = (x > 1, x.argmax(), x.argmax(dim=1), x.long())
    return [(out, out.requires_grad) for out in outs]


@script
def a_long_chain(lib):
    x = numbers(lib, 2)
    y = x
    for _ in range(5000):
        y = y * 1.0001
    y.sum().backward()
    return x.grad.numpy().round(3)


def refusals(lib):
    """Name -> step that makes no sense, and that both refuse."""
    x, vector, integers = numbers(lib), numbers(lib, 3), lib.tensor([1, 2])
    return {
        "backward of several numbers": lambda: (vector * 2).backward(),
        "backward without a gradient": lambda: lib.tensor([1.0]).sum().backward(),
        "backward within no_grad": lambda: unrecorded(lib, x).backward(),
        "a gradient of another shape": lambda: (vector * 2).backward(lib.ones(2)),
        "a gradient that would have to be broadcast": lambda: (vector * 2).backward(lib.ones(1)),
        "integers with a gradient": lambda: lib.tensor([1, 2], requires_grad=True),
        "integers that ask later": lambda: integers.requires_grad_(),
        "shapes that do not fit": lambda: vector + lib.ones(2),
        "matrices that do not fit": lambda: lib.ones(2, 3) @ lib.ones(2, 3),
        "a product with a number": lambda: lib.ones(2, 3) @ lib.tensor(2.0),
        "reshape to another size": lambda: vector.reshape(2),
        "reshape with two unknowns": lambda: lib.ones(2, 3).reshape(-1, -1),
        "an axis that is not there": lambda: vector.sum(dim=1),
        "an axis twice": lambda: lib.ones(2, 3).sum(dim=(0, 0)),
        "permute with too few": lambda: lib.ones(2, 3).permute(0),
        "permute with one twice": lambda: lib.ones(2, 3).permute(0, 0),
        "an index outside": lambda: vector[3],
        "too many indices": lambda: vector[0, 0],
        "a mask of another size": lambda: vector[lib.tensor([True, False])],
        "cat of nothing": lambda: lib.cat([]),
        "stack of nothing": lambda: lib.stack([]),
        "cat of different shapes": lambda: lib.cat([lib.ones(2, 3), lib.ones(2, 2)]),
        "cat of plain numbers": lambda: lib.cat([lib.tensor(1.0), lib.tensor(2.0)]),
        "stack of different shapes": lambda: lib.stack([lib.ones(2), lib.ones(3)]),
        "the largest of nothing": lambda: lib.zeros(0).amax(),
        "the place of the largest of nothing": lambda: lib.zeros(0).argmax(),
        "the truth of several": lambda: bool(vector > 0),
        "item of several": lambda: vector.item(),
        "len of a number": lambda: len(x),
        "an integer to a negative power": lambda: integers ** (-1),
        "linear with other features": lambda: lib.nn.functional.linear(vector, lib.ones(2, 4)),
        "dropout with p above 1": lambda: lib.nn.functional.dropout(vector, p=1.5),
        "a negative learning rate": lambda: lib.optim.SGD([vector], lr=-1),
        "nesterov without momentum": lambda: lib.optim.SGD([vector], lr=1, nesterov=True),
        "a beta of 1": lambda: lib.optim.Adam([vector], betas=(1.0, 0.9)),
        "a negative alpha": lambda: lib.optim.RMSprop([vector], alpha=-0.5),
        "a tensor computed from others": lambda: lib.optim.SGD([vector * 2], lr=0.1),
        "a factor of 1 on a plateau": lambda: plateau(lib, vector, factor=1.0),
        "a mode of a plateau that is not there": lambda: plateau(lib, vector, mode="least"),
        "a threshold mode that is not there": lambda: plateau(lib, vector, threshold_mode="relative"),
        "nothing to optimize": lambda: lib.optim.SGD([], lr=0.1),
        "a tensor where a list belongs": lambda: lib.optim.SGD(vector, lr=0.1),
        "a parameter twice in two groups": lambda: lib.optim.SGD([{"params": [vector]}, {"params": [vector]}], lr=0.1),
        "a class that is not there": lambda: lib.nn.functional.cross_entropy(lib.ones(1, 2), lib.tensor([2])),
        "class numbers for another batch": lambda: lib.nn.functional.cross_entropy(lib.ones(3, 2), lib.tensor([1, 0])),
        "a reduction that is not there": lambda: lib.nn.functional.mse_loss(vector, vector, reduction="max"),
        "logits and targets of different shape": lambda: lib.nn.functional.binary_cross_entropy_with_logits(
            lib.ones(2), lib.ones(2, 1)
        ),
    }


def plateau(lib, vector, **options):
    return lib.optim.lr_scheduler.ReduceLROnPlateau(lib.optim.SGD([vector], lr=0.1), **options)


def unrecorded(lib, x):
    with lib.no_grad():
        return x * 2


@script
def squeezing_an_axis_of_another_size(lib):
    return lib.ones(2, 3).squeeze(1)


# Creation, and what a tensor knows about itself


@script
def creation(lib):
    return [
        lib.tensor([[1.0, 2.5], [3.0, 4.0]]),
        lib.tensor([1, 2]),
        lib.tensor([1, 2.5]),
        lib.tensor([True, False]),
        lib.tensor(3),
        lib.tensor(3.0),
        lib.tensor(True),
        lib.tensor([]),
        lib.tensor([[], []]),
        lib.tensor([1, 2], dtype=lib.float64),
        lib.tensor([1.7, -1.7], dtype=lib.int64),
        lib.tensor(np.array([1, 2])),
        lib.tensor(np.array([1.5, 2], dtype=np.float32)),
        lib.zeros(2, 3),
        lib.zeros((2, 3)),
        lib.zeros([2, 3]),
        lib.zeros(0),
        lib.zeros(2, dtype=lib.int64),
        lib.ones(3),
        lib.ones((2, 1), dtype=lib.float64),
        lib.arange(4),
        lib.arange(1, 4),
        lib.arange(1, 8, 3),
        lib.arange(4.0),
        lib.arange(0, 1, 0.25),
        lib.zeros(2, requires_grad=True).requires_grad,
        lib.randn(2, requires_grad=True).requires_grad,
        lib.rand(2, 3).shape,
        lib.randn((2, 3)).dtype,
    ]


@script
def what_a_tensor_knows(lib):
    found = []
    for x in (lib.ones(2, 3), lib.ones(2, 3).T, lib.tensor(1.0), lib.ones(2, 3, 4).permute(2, 0, 1)):
        found.append(
            (x.shape, x.ndim, x.size(), x.numel(), x.stride(), x.is_contiguous(), x.tolist(), x.dtype, x.is_leaf)
        )
    x = lib.tensor([[1, 2, 3]])
    return (
        found,
        len(x),
        x.size(0),
        x.size(-1),
        lib.tensor(2.5).item(),
        lib.tensor(3).item(),
        bool(lib.tensor(0.0)),
        x.T.shape,
    )


@script
def a_tensor_of_nothing(lib):
    x = lib.zeros(0, 2)
    return x.shape, x.numel(), x.tolist()


@script
def views_share_memory(lib):
    x = lib.zeros(2, 3)
    views = (
        x.T,
        x.reshape(3, 2),
        x.unsqueeze(0),
        x[0],
        x[:, 1:],
        x.permute(1, 0),
        x.transpose(0, 1),
        x[None].squeeze(0),
        x.detach(),
    )
    x.numpy()[0, 1] = 5
    copies = lib.zeros(2, 3), lib.tensor(x), x[[0, 1]], x.T.reshape(6), x + 0
    x.numpy()[0, 0] = 7
    return views, copies


@script
def tensor_copies(lib):
    array = np.zeros(3, dtype="float32")
    x = lib.tensor(array)
    array[0] = 1
    return x


@script
def tensors_as_keys(lib):
    x, y = lib.tensor([1.0]), lib.tensor([1.0])
    return len({x, y, x}), {x: "x", y: "y"}[y]


@script
def chance(lib):
    """Not the same numbers, but the same kind; and a seed repeats them."""
    lib.manual_seed(0)
    normal, uniform = lib.randn(200, 100), lib.rand(200, 100)
    lib.manual_seed(0)
    again = bool((lib.randn(200, 100) == normal).numpy().all())
    normal, uniform = normal.numpy(), uniform.numpy()
    shape = [round(float(value), 1) for value in (abs(normal.mean()), normal.std(), (normal**4).mean() / 3)]
    return again, shape, bool(uniform.min() >= 0 and uniform.max() < 1), [round(float(uniform.std()), 2), uniform.dtype]


# Modules


def small_network(lib):
    nn = lib.nn
    return nn.Sequential(
        nn.Linear(4, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 3, bias=False), nn.Tanh()), nn.Linear(3, 2)
    )


@script
def names_of_parameters(lib):
    net = small_network(lib)
    state = {name: tensor.shape for name, tensor in net.state_dict().items()}
    return (
        state,
        [name for name, _ in net.named_parameters()],
        [p.shape for p in net.parameters()],
        [p.requires_grad for p in net.parameters()],
    )


@script
def the_tree_of_modules(lib):
    net = small_network(lib)
    return (
        [type(module).__name__ for module in net.modules()],
        [name for name, _ in net.named_children()],
        [type(module).__name__ for module in net.children()],
        [type(module).__name__ for module in net],
        (len(net), type(net[1]).__name__, type(net[-1]).__name__, len(net[:2])),
        [module.training for module in net.eval().modules()],
        [module.training for module in net.train().modules()],
    )


@script
def clipping_gradients(lib):
    """Too long, just right, and with a tensor that has no gradient; then none at all, and a single tensor."""
    found = []
    for max_norm in (0.5, 3.0, 1000.0):
        p, q, none = (numbers(lib, n) for n in (2, 3, 4))
        ((p * p).sum() + (q * 3).sum()).backward()
        norm = lib.nn.utils.clip_grad_norm_([p, none, q], max_norm)
        found += [norm, p.grad, q.grad, none.grad, lib.nn.utils.clip_grad_norm_(p, 0.1), p.grad]
    return [*found, lib.nn.utils.clip_grad_norm_([], 1.0)]


@script
def how_modules_print(lib):
    nn = lib.nn
    layers = nn.Linear(2, 3), nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Sigmoid(), nn.Tanh()
    return repr(nn.Sequential(*layers, nn.Sequential(nn.ReLU())))


@script
def how_activations_print(lib):
    nn = lib.nn
    return [
        repr(layer)
        for layer in (nn.Softmax(dim=1), nn.LogSoftmax(dim=1), nn.LeakyReLU(0.2), nn.GELU(approximate="tanh"))
    ]


@script
def loading(lib):
    net = small_network(lib)
    state = {name: numbers(lib, *tensor.shape, requires_grad=False) for name, tensor in net.state_dict().items()}
    missing, unexpected = net.load_state_dict(state)
    out = net(numbers(lib, 5, 4))
    out.sum().backward()
    first = net[0].weight
    net.load_state_dict({name: tensor * 2 for name, tensor in state.items()})
    grads = [p.grad for p in net.parameters()]
    net.zero_grad()
    return (
        list(missing),
        list(unexpected),
        out,
        grads,
        first is net[0].weight,
        net.state_dict(),
        [p.grad for p in net.parameters()],
    )


@script
def loading_what_does_not_fit(lib):
    layer = lib.nn.Linear(2, 3)
    missing, unexpected = layer.load_state_dict({"weight": lib.ones(3, 2), "more": lib.ones(1)}, strict=False)
    states = ({"weight": lib.zeros(3, 2)}, {}, {"weight": lib.zeros(2, 3), "bias": lib.zeros(3)})
    more = {"weight": lib.zeros(3, 2), "bias": lib.zeros(3), "more": lib.zeros(1)}
    refused = [refusal(lambda state=state: layer.load_state_dict(state)) for state in (*states, more)]
    wrong_shape = refusal(lambda: layer.load_state_dict({"weight": lib.zeros(2, 3)}, strict=False))
    return list(missing), list(unexpected), refused, wrong_shape


@script
def a_module_of_ones_own(lib):
    class Scale(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = lib.nn.Parameter(lib.tensor([2.0, 3.0]))
            self.shared = self.factor
            self.plain = lib.ones(2)
            self.register_buffer("offset", lib.tensor([1.0, 1.0]))
            self.inner = lib.nn.Linear(2, 2)

        def forward(self, x, times=1):
            return (x * self.factor + self.offset) * times

    net = Scale()
    out = net(lib.ones(2), times=2)
    out.sum().backward()
    names, buffers = [name for name, _ in net.named_parameters()], list(net.buffers())
    return out, net.factor.grad, names, buffers, list(net.state_dict()), len(list(net.parameters()))


@script
def a_parameter(lib):
    p, frozen = lib.nn.Parameter(lib.tensor([1.0])), lib.nn.Parameter(lib.tensor([1.0]), requires_grad=False)
    return (
        p.requires_grad,
        frozen.requires_grad,
        p.is_leaf,
        type(p * 2) is type(lib.tensor([1.0])),
        isinstance(p, lib.Tensor),
    )


@script
def a_module_without_forward(lib):
    return refusal(lambda: lib.nn.Module()(1))


@script
def dropout(lib):
    """Which numbers fall is chance; how many, and what the others become, is not. The gradient has the same mask."""
    lib.manual_seed(0)
    x = leaf(lib, np.ones((200, 200), "float32"), True)
    out = lib.nn.Dropout(0.25)(x)
    out.sum().backward()
    values, grad = out.detach().numpy(), x.grad.numpy()
    share = round(float((values == 0).mean()), 2)
    return np.unique(values), share, bool((values == grad).all())


@script
def bounds_of_initial_weights(lib):
    """From where to where, and how evenly, weights are filled in at random: width and spread to two digits, and the middle."""
    lib.manual_seed(0)
    init, fill = lib.nn.init, lib.zeros
    weights = {
        "uniform_": init.uniform_(fill(300, 300)),
        "uniform_ from, to": init.uniform_(fill(300, 300), -3, 5),
        "xavier": init.xavier_uniform_(fill(400, 200)),
        "xavier, convolution": init.xavier_uniform_(fill(60, 40, 5, 5)),
        "kaiming": init.kaiming_uniform_(fill(400, 200)),
        "kaiming, slope": init.kaiming_uniform_(fill(400, 200), a=2.0),
        "kaiming, convolution": init.kaiming_uniform_(fill(60, 40, 5, 5)),
        "Linear": lib.nn.Linear(50, 2000).weight,
        "bias of Linear": lib.nn.Linear(10, 50000).bias,
    }
    arrays = {name: weight.detach().numpy() for name, weight in weights.items()}
    return {
        name: (f"{np.ptp(x):.1e}", f"{x.std():.1e}", round(float(x.min() + x.max()), 1)) for name, x in arrays.items()
    }


@script
def kinds_of_optimizers(lib):
    p = numbers(lib, 2)
    kinds = ("SGD", "Adam", "AdamW", "RMSprop")
    return [isinstance(getattr(lib.optim, name)([p], lr=0.1), lib.optim.Optimizer) for name in kinds]


@script
def kinds_of_schedulers(lib):
    schedulers, optimizer = lib.optim.lr_scheduler, lib.optim.SGD([numbers(lib, 2)], lr=0.1)
    made = schedulers.ReduceLROnPlateau(optimizer), schedulers.ExponentialLR(optimizer, 0.9)
    return [isinstance(scheduler, schedulers.LRScheduler) for scheduler in made]


@script
def a_group_added_later(lib):
    p, q = numbers(lib, 2), numbers(lib, 3)
    optimizer = lib.optim.SGD([p], lr=0.1)
    optimizer.add_param_group({"params": [q], "lr": 0.5})
    (p.sum() + q.sum()).backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    return p, q, p.grad, q.grad
