"""Cases: activations, layers and losses, as functions and as modules, with the gradients of module 05."""

from collections import OrderedDict

import numpy as np
from hypothesis import strategies as st

from tests.conformance.draws import FLOATS, arrays, case, one_axis, pairs, script, shapes

REDUCTIONS = st.sampled_from([{}, {"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "none"}])


# Activations

GELUS = [{}, {"approximate": "none"}, {"approximate": "tanh"}]


@case
def activation(draw):
    name = draw(st.sampled_from(["relu", "sigmoid", "tanh"]))
    where = draw(st.sampled_from(["functional", "top", "module"]))
    module = {"relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh"}[name]
    find = {
        "functional": lambda lib: getattr(lib.nn.functional, name),
        "top": lambda lib: getattr(lib, name),
        "module": lambda lib: getattr(lib.nn, module)(),
    }[where]
    return lambda lib, x: find(lib)(x), [draw(arrays())]


@case
def leaky_relu(draw):
    options = draw(st.sampled_from([{}, {"negative_slope": 0.25}, {"negative_slope": 0.0}, {"negative_slope": 2.0}]))
    x = draw(arrays())
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.LeakyReLU(**options)(x), [x]
    return lambda lib, x: lib.nn.functional.leaky_relu(x, **options), [x]


@case
def gelu(draw):
    x, options = draw(arrays(elements=st.floats(-8, 8, width=16))), draw(st.sampled_from(GELUS))
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.GELU(**options)(x), [x]
    return lambda lib, x: lib.nn.functional.gelu(x, **options), [x]


# function, module, options
RELATIVES = [
    ("silu", "SiLU", {}),
    ("silu", "SiLU", {"inplace": False}),
    ("elu", "ELU", {}),
    ("elu", "ELU", {"alpha": 0.5}),
    ("softplus", "Softplus", {}),
    ("softplus", "Softplus", {"beta": 2, "threshold": 3}),
    ("logsigmoid", None, {}),
]


@case
def relatives(draw):
    name, module, options = draw(st.sampled_from(RELATIVES))
    if module and draw(st.booleans()):
        return lambda lib, x: getattr(lib.nn, module)(**options)(x), [draw(arrays())]
    return lambda lib, x: getattr(lib.nn.functional, name)(x, **options), [draw(arrays())]


@case
def in_place(draw):
    """The result is the same; in PyTorch the input changes as well, so it is one that nobody needs again."""
    name, module = draw(
        st.sampled_from([("relu", "ReLU"), ("leaky_relu", "LeakyReLU"), ("elu", "ELU"), ("silu", "SiLU")])
    )
    if draw(st.booleans()):
        return lambda lib, x: getattr(lib.nn, module)(inplace=True)(x + 1), [draw(arrays())]
    return lambda lib, x: getattr(lib.nn.functional, name)(x + 1, inplace=True), [draw(arrays())]


@case
def activation_of_integers(draw):
    name = draw(st.sampled_from(["sigmoid", "tanh"]))
    x = draw(arrays(dtype=st.sampled_from(["uint8", "int8", "int64", "bool"]), elements=st.integers(0, 1)))
    return lambda lib, x: getattr(lib, name)(x), [x]


def along_an_axis(draw, name, module):
    x = draw(arrays(shapes(min_dims=1, min_side=1)))
    dim = draw(one_axis(x.ndim))["dim"]
    where = draw(st.sampled_from(["functional", "top", "module"]))
    find = {
        "functional": lambda lib: getattr(lib.nn.functional, name),
        "top": lambda lib: getattr(lib, name),
        "module": lambda lib: lambda x, dim: getattr(lib.nn, module)(dim=dim)(x),
    }[where]
    return lambda lib, x: find(lib)(x, dim=dim), [x]


@case
def softmax(draw):
    return along_an_axis(draw, "softmax", "Softmax")


@case
def log_softmax(draw):
    return along_an_axis(draw, "log_softmax", "LogSoftmax")


# Layers


@st.composite
def linear_inputs(draw):
    """x, weight and, at times, bias; no axis in front of the features, or several."""
    dtype = draw(FLOATS)
    inside, outside = draw(st.integers(0, 4)), draw(st.integers(0, 3))
    sizes = draw(shapes())
    found = [draw(arrays((*sizes, inside), dtype)), draw(arrays((outside, inside), dtype))]
    return found + [draw(arrays((outside,), dtype))] * draw(st.booleans())


@case
def linear(draw):
    return lambda lib, *inputs: lib.nn.functional.linear(*inputs), draw(linear_inputs())


@case
def linear_of_a_view(draw):
    """Rows that do not lie one after another in memory, and the weight transposed."""
    dtype = draw(FLOATS)
    x, weight, bias = (draw(arrays(shape, dtype)) for shape in ((3, 4, 2), (3, 5), (5,)))
    return lambda lib, x, w, b: lib.nn.functional.linear(x.transpose(0, 2), w.transpose(0, 1), bias=b), [
        x,
        weight,
        bias,
    ]


@case
def linear_module(draw):
    x, weight, *bias = draw(linear_inputs().filter(lambda found: found[0].dtype == np.float32))
    outside, inside = weight.shape

    def program(lib, x, weight, *bias):
        layer = lib.nn.Linear(inside, outside, bias=bool(bias))
        layer.load_state_dict(dict(zip(("weight", "bias"), (weight, *bias), strict=False)))
        return layer(x)

    return program, [x, weight, *bias]


@case
def flatten_module(draw):
    x = draw(arrays(shapes(min_dims=1)))
    start = draw(st.integers(-x.ndim, x.ndim - 1))
    end = draw(st.integers(start % x.ndim, x.ndim - 1))
    options = [(start, end), (start, end - x.ndim)] + [(start,)] * (end == x.ndim - 1)
    options = draw(st.sampled_from(options + [()] * (start == 1 and end == x.ndim - 1)))
    return lambda lib, x: lib.nn.Flatten(*options)(x), [x]


@case
def dropout_that_is_certain(draw):
    """p is 0 or 1, or there is no training: nothing depends on chance. The rest is in scripts.py."""
    p, training = draw(st.sampled_from([(0.0, True), (1.0, True), (0.5, False), (1.0, False)]))
    x = draw(arrays())
    if draw(st.booleans()):
        return lambda lib, x: lib.nn.functional.dropout(x + 0, p=p, training=training, inplace=True), [x]
    return lambda lib, x: lib.nn.Dropout(p, inplace=False).train(training)(x), [x]


# What modules can do besides


def refused(step):
    try:
        step()
    except Exception:
        return True
    return False


def names(found):
    return [name for name, _ in found]


@script
def a_module_of_everything(lib):
    """All the ways to register something, and all the walks."""
    nn = lib.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(lib.tensor([2.0]))
            self.register_parameter("shift", nn.Parameter(lib.tensor([1.0, 2.0]), requires_grad=False))
            self.register_parameter("nothing", None)
            self.register_buffer("mean", lib.zeros(2))
            self.register_buffer("steps", lib.tensor(3))
            self.register_buffer("cache", lib.ones(2), persistent=False)
            self.register_buffer("later", None)
            self.add_module("first", nn.Linear(2, 2))
            self.blocks = nn.ModuleList([nn.Linear(2, 2, bias=False), nn.ReLU()])
            self.heads = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Identity()})
            self.gone = nn.Tanh()

        def forward(self, x):
            x = self.first(x) * self.scale + self.shift + self.mean + self.cache
            for block in self.blocks:
                x = block(x)
            return self.heads["a"](x) + self.heads["b"](x)

    net = Net()
    net.gone, net.mean, seen = None, lib.ones(2), []
    applied = net.apply(lambda module: seen.append(type(module).__name__)) is net
    for parameter in net.parameters():
        lib.nn.init.constant_(parameter, 0.5)
    out = net(lib.tensor([[1.0, -2.0]]))
    out.sum().backward()
    grads = [parameter.grad for parameter in net.parameters()]
    net.zero_grad(set_to_none=False)
    zeros = [parameter.grad for parameter in net.parameters()]
    net.zero_grad(set_to_none=True)
    frozen = net.first.requires_grad_(False) is net.first
    return (
        (out, grads, zeros, [parameter.grad for parameter in net.parameters()]),
        (
            names(net.named_parameters()),
            names(net.named_buffers()),
            names(net.named_children()),
            len(list(net.buffers())),
        ),
        ([(name, type(module).__name__) for name, module in net.named_modules()], len(list(net.modules()))),
        (list(net.state_dict()), seen, applied, frozen, [parameter.requires_grad for parameter in net.parameters()]),
        (names(net.named_parameters("net")), names(net.named_buffers("net")), names(net.named_modules(prefix="net"))),
    )


@script
def lists_and_dicts_of_modules(lib):
    nn = lib.nn
    blocks = nn.ModuleList([nn.ReLU(), nn.Linear(2, 3)])
    same = blocks.append(nn.Tanh()) is blocks and blocks.extend([nn.Linear(3, 3), nn.Identity()]) is blocks
    blocks[-1], blocks[0] = nn.Sigmoid(), nn.Linear(1, 1)
    heads = nn.ModuleDict({"a": nn.Linear(2, 1)})
    heads["b"] = nn.Linear(1, 1)
    heads.update({"c": nn.Tanh(), "b": nn.ReLU()})
    del heads["a"]
    return (
        (same, list(blocks.state_dict()), len(blocks), type(blocks[1:3]).__name__, list(blocks[1:4].state_dict())),
        [type(block).__name__ for block in blocks],
        (
            len(heads),
            list(heads),
            list(heads.keys()),
            "c" in heads,
            "a" in heads,
            [str(head) for head in heads.values()],
        ),
        ([(name, str(head)) for name, head in heads.items()], repr(heads), list(nn.ModuleList()), len(nn.ModuleDict())),
        [
            refused(lambda: blocks[9]),
            refused(lambda: heads["z"]),
            refused(lambda: blocks(1)),
            refused(lambda: blocks.append(3)),
        ],
    )


@script
def sequential_is_a_list(lib):
    nn = lib.nn
    net = nn.Sequential(OrderedDict([("fc", nn.Linear(2, 3)), ("act", nn.ReLU()), ("out", nn.Linear(3, 1))]))
    net[-1] = nn.Linear(3, 2)
    net.append(nn.Tanh()).append(nn.Identity())
    head = net[1:3]
    return (
        (list(net.state_dict()), names(net.named_children()), len(net), net.act is net[1], type(net[-1]).__name__),
        (list(head.state_dict()), type(head).__name__, repr(net), list(nn.Sequential())),
        [refused(lambda: nn.Sequential(3)), refused(lambda: net[7]), refused(lambda: setattr(net, "fc", 3))],
        net(lib.ones(4, 2)).shape,
    )


@script
def what_cannot_replace_a_parameter(lib):
    layer = lib.nn.Linear(2, 3)
    layer.register_buffer("mean", lib.zeros(2))
    tries = [
        refused(lambda: setattr(layer, "weight", lib.ones(3, 2))),
        refused(lambda: setattr(layer, "weight", 3)),
        refused(lambda: setattr(layer, "mean", 3)),
        refused(lambda: layer.register_parameter("new", lib.ones(2))),
        refused(lambda: layer.register_buffer("new", 3)),
        refused(lambda: layer.add_module("new", 3)),
    ]
    layer.weight, layer.mean = lib.nn.Parameter(lib.ones(1, 2)), lib.ones(2)
    layer.bias = None
    return tries, list(layer.state_dict()), layer(lib.ones(1, 2)), names(layer.named_parameters())


@script
def forward_hooks(lib):
    net, seen = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.ReLU()), []
    handle = net[0].register_forward_hook(lambda module, args, out: seen.append((len(args), args[0].shape, out.shape)))
    double = net.register_forward_hook(lambda module, args, out: out * 0 + 7)
    first = net(lib.ones(3, 2))
    handle.remove()
    double.remove()
    again = net(lib.ones(3, 2))
    return seen, first, again.shape, bool((again.detach().numpy() == 7).all())


@script
def casting_modules(lib):
    net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.ReLU())
    net[0].register_buffer("steps", lib.tensor(3))
    weight = net[0].weight
    found = []
    for cast in (net.double, net.half, net.float, lambda: net.to("cpu"), lambda: net.to(lib.float64), net.cpu):
        same = cast() is net
        found.append((same, [tensor.dtype for tensor in net.state_dict().values()], net[0].weight is weight))
    net.double()
    out = net(lib.ones(1, 2, dtype=lib.float64))
    out.sum().backward()
    state = {name: tensor.float() for name, tensor in net.state_dict().items()}
    net.load_state_dict(state)
    refusals = [refused(lambda: net.to("cuda")), refused(net.cuda)]
    return found, refusals, out.dtype, weight.grad.dtype, [tensor.dtype for tensor in net.state_dict().values()]


@script
def parameters_keep_their_type_and_memory(lib):
    x = lib.zeros(2, dtype=lib.float64)
    parameter = lib.nn.Parameter(x)
    x.numpy()[0] = 5
    return parameter.dtype, parameter.detach(), repr(lib.nn.Parameter(lib.ones(2), requires_grad=False))


@script
def layers_without_inputs_or_outputs(lib):
    found = []
    for inside, outside in ((0, 3), (3, 0), (0, 0)):
        layer = lib.nn.Linear(inside, outside)
        x = lib.ones(2, inside, requires_grad=True)
        out = layer(x)
        out.sum().backward()
        found.append((out.shape, x.grad, layer.weight.grad, layer.bias.grad, layer.bias.detach() if not inside else 0))
    return found, [
        refused(lambda: lib.nn.Linear(2, 3)(lib.ones(4, 5))),
        refused(lambda: lib.nn.Linear(2, 3)(lib.ones(()))),
    ]


@script
def more_initial_weights(lib):
    """Spread, in twentieths of the expected one, and middle of what is drawn at random."""
    lib.manual_seed(0)
    init, fill = lib.nn.init, lib.zeros
    weights = [
        (init.normal_(fill(300, 300)), 1),
        (init.normal_(fill(300, 300), mean=3.0, std=0.5), 0.5),
        (init.xavier_normal_(fill(400, 200)), (2 / 600) ** 0.5),
        (init.xavier_normal_(fill(400, 200), gain=2.0), 2 * (2 / 600) ** 0.5),
        (init.xavier_uniform_(fill(400, 200), gain=init.calculate_gain("relu")), (4 / 600) ** 0.5),
        (init.kaiming_normal_(fill(400, 200)), (2 / 200) ** 0.5),
        (init.kaiming_normal_(fill(400, 200), a=0.5, mode="fan_out"), (2 / 1.25 / 400) ** 0.5),
        (init.kaiming_normal_(fill(60, 40, 5, 5), mode="fan_out", nonlinearity="relu"), (2 / 1500) ** 0.5),
        (init.kaiming_uniform_(fill(400, 200), mode="fan_out", nonlinearity="tanh"), 5 / 3 / 400**0.5),
        (init.kaiming_uniform_(fill(400, 200), nonlinearity="linear"), 1 / 200**0.5),
        (init.uniform_(fill(300, 300), a=-1.0, b=3.0), 4 / 12**0.5),
    ]
    constants = init.constant_(fill(2, 2), 0.25), init.ones_(fill(3)), init.zeros_(lib.ones(3))
    gains = [
        init.calculate_gain(name) for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "selu", "leaky_relu")
    ]
    frozen = lib.nn.Linear(2, 2)
    init.ones_(frozen.weight)
    return (
        [
            (x.dtype, round(20 * float(x.numpy().std()) / std), round(abs(float(x.numpy().mean()))))
            for x, std in weights
        ],
        constants,
        (gains, init.calculate_gain("leaky_relu", 2.0), frozen.weight.requires_grad, frozen.weight.is_leaf),
        [
            refused(lambda: init.calculate_gain("none")),
            refused(lambda: init.kaiming_normal_(fill(2, 2), mode="fan_avg")),
        ],
    )


@script
def how_more_modules_print(lib):
    nn = lib.nn

    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(1, 1)

        def extra_repr(self):
            return "depth=2"

    layers = (
        *(nn.Dropout(0.25), nn.Dropout(inplace=True), nn.Flatten(), nn.Flatten(0, 1), nn.ReLU(inplace=True), nn.SiLU()),
        *(nn.GELU(), nn.ELU(), nn.ELU(alpha=0.5, inplace=True), nn.Softplus(), nn.Softplus(2, 10), nn.Identity()),
        *(
            nn.LeakyReLU(),
            nn.LeakyReLU(0.2, True),
            nn.ModuleDict({"a": nn.ReLU()}),
            nn.ModuleList(),
            Named(),
            nn.Module(),
        ),
    )
    return [repr(layer) for layer in layers], repr(nn.Sequential(*layers))


@script
def attributes_of_layers(lib):
    nn = lib.nn
    leaky, flat, drop = nn.LeakyReLU(0.2), nn.Flatten(), nn.Dropout(0.1)
    leaky.negative_slope = 0.5
    refusals = [
        refused(lambda: nn.ReLU(alpha=1)),
        refused(lambda: nn.Dropout(1.5)),
        refused(lambda: nn.GELU("erf")(lib.ones(1))),
    ]
    return leaky(lib.tensor([-2.0])), (flat.start_dim, flat.end_dim, drop.p, drop.inplace, nn.ELU().alpha), refusals


# Losses


@case
def loss_of_numbers(draw):
    """Mean squared and mean absolute error; the target may want a gradient, too."""
    name, module = draw(st.sampled_from([("mse_loss", "MSELoss"), ("l1_loss", "L1Loss")]))
    shape, dtype, options = draw(shapes()), draw(FLOATS), draw(REDUCTIONS)
    inputs = [draw(arrays(shape, dtype)), draw(arrays(shape, dtype))]
    if draw(st.booleans()):
        return lambda lib, x, y: getattr(lib.nn, module)(**options)(x, y), inputs
    return lambda lib, x, y: getattr(lib.nn.functional, name)(x, y, **options), inputs


@case
def binary_cross_entropy_with_logits(draw):
    shape, dtype, options = draw(shapes()), draw(FLOATS), draw(REDUCTIONS)
    target = draw(st.sampled_from([st.integers(0, 1).map(float), st.integers(0, 8).map(lambda n: n / 8)]))
    inputs = [draw(arrays(shape, dtype)), draw(arrays(shape, dtype, target))]
    if draw(st.booleans()):
        return lambda lib, x, y: lib.nn.BCEWithLogitsLoss(**options)(x, y), inputs
    return lambda lib, x, y: lib.nn.functional.binary_cross_entropy_with_logits(x, y, **options), inputs


@case
def cross_entropy(draw):
    n, classes, options = draw(st.integers(0, 4)), draw(st.integers(1, 4)), draw(REDUCTIONS)
    inputs = [draw(arrays((n, classes))), draw(arrays((n,), "int64", st.integers(0, classes - 1)))]
    if draw(st.booleans()):
        return lambda lib, x, y: lib.nn.CrossEntropyLoss(**options)(x, y), inputs
    return lambda lib, x, y: lib.nn.functional.cross_entropy(x, y, **options), inputs


@case
def network(draw):
    """A whole step: two layers, an activation, a loss, and gradients through all of it."""
    target = draw(arrays((5,), "int64", st.integers(0, 2)))
    inputs = [draw(arrays(shape, "float32")) for shape in ((5, 4), (6, 4), (6,), (3, 6), (3,))]

    def program(lib, target, x, w1, b1, w2, b2):
        f = lib.nn.functional
        return f.cross_entropy(f.linear(lib.tanh(f.linear(x, w1, b1)), w2, b2), target)

    return program, [target, *inputs]


@case
def formula(draw):
    """Layer normalisation, written with plain operations: broadcasting, reductions and powers together."""
    x, y = draw(pairs(elements=st.integers(-16, 16).map(lambda n: n / 8 + 1 / 16)))

    def program(lib, x, y):
        centred = x * y - (x * y).mean(dim=-1, keepdim=True)
        return centred / ((centred * centred).mean(dim=-1, keepdim=True) + 1).sqrt()

    return program, [x[..., None], y[..., None] + np.arange(4, dtype=y.dtype)]
