"""The exported layers, tested with other numbers than in the notebook."""

import re
import warnings

import numpy as np
import pytest

from tinytorch.layers import (
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    LogSoftmax,
    Module,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    dropout,
    kaiming_uniform_,
    linear,
    uniform_,
    xavier_uniform_,
)
from tinytorch.nn import GELU, ModuleDict, ModuleList
from tinytorch.tensor import Tensor, manual_seed, randn, zeros


def assert_uniform(numbers, bound):
    """All between -bound and bound, close to both, around 0, and evenly spread."""
    assert np.abs(numbers).max() < 1.0001 * bound
    assert numbers.max() > 0.99 * bound and numbers.min() < -0.99 * bound
    assert np.isclose(numbers.std(), bound / 3**0.5, rtol=0.05)


@pytest.mark.parametrize(("shape", "bound"), [((300, 84), 0.125), ((84, 300), 0.125), ((16, 8, 4, 4), 0.125)])
def test_xavier(shape, bound):
    """WHAT: the bound follows from fan-in and fan-out, also for the weight of a convolution.
    WHY: it keeps the size of activations and of gradients through many layers.
    TIP: a bound, a variance and its root are three different things.
    """
    manual_seed(4)
    weight = zeros(*shape)
    assert xavier_uniform_(weight) is weight and weight.dtype == np.float32
    assert_uniform(weight.array, bound)


@pytest.mark.parametrize(
    ("shape", "a", "bound"),
    [((40, 384), 0, 0.125), ((400, 96), 0, 0.25), ((90, 192), 1, 0.125), ((30, 24, 4, 4), 0, 0.125)],
)
def test_kaiming(shape, a, bound):
    """WHAT: the bound follows from fan-in and from the slope of the leaky ReLU.
    WHY: it makes up for what the activation takes away.
    TIP: which share of the mean square does a slope of `a` leave? Which axes of the weight are summed over?
    """
    manual_seed(4)
    weight = zeros(*shape)
    assert kaiming_uniform_(weight, a=a) is weight and weight.dtype == np.float32
    assert_uniform(weight.array, bound)


def test_kaiming_keeps_the_size_through_relu_layers():
    """WHAT: after eight layers of ReLU the mean square is still about 1.
    WHY: this is what the formula is for.
    TIP: near 0? The weights are too small. Huge? Too large: print the mean square after every layer.
    """
    manual_seed(5)
    x = randn(200, 300)
    for _ in range(8):
        x = linear(ReLU()(x), kaiming_uniform_(zeros(300, 300)))
    assert 0.3 < (x**2).mean().item() < 3


def test_filling_is_in_place_and_repeats():
    """WHAT: the array stays the same, its numbers change; a seed repeats them.
    WHY: whoever holds the array must see the new numbers.
    TIP: write into the array that is there.
    """
    weight = Parameter(zeros(4, 6))
    array = weight.array
    draws = []
    for _ in range(2):
        manual_seed(9)
        draws.append([fill(weight).tolist() for fill in (uniform_, xavier_uniform_, kaiming_uniform_)])
    assert weight.array is array and isinstance(weight, Parameter) and draws[0] == draws[1]


@pytest.mark.parametrize("leading", [(), (5,), (0,), (2, 3), (3, 1, 4)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_linear(leading, with_bias):
    """WHAT: the same numbers as one row at a time, for any leading axes, and in float32.
    WHY: images, sentences and batches of both go through this function.
    TIP: keep an eye on the last axis: it is the only one that changes its size.
    """
    random = np.random.default_rng(1)
    x, weight, bias = (random.standard_normal(s, dtype=np.float32) for s in ((*leading, 4), (6, 4), (6,)))
    before = bias.copy()
    out = linear(Tensor(x), Tensor(weight), Tensor(bias) if with_bias else None)
    assert isinstance(out, Tensor) and out.shape == (*leading, 6) and out.dtype == np.float32
    expected = np.array([weight @ row + bias * with_bias for row in x.reshape(-1, 4)]).reshape(*leading, 6)
    assert np.allclose(out.array, expected, atol=1e-6) and np.array_equal(bias, before)


def test_linear_of_a_transposed_view():
    """WHAT: an input whose rows do not lie one after another gives the same numbers.
    WHY: attention hands over such views.
    TIP: `reshape` copies where it must; nothing else may depend on the strides.
    """
    x, weight = randn(2, 3, 4), randn(5, 4)
    view = x.transpose(0, 1)
    assert np.allclose(linear(view, weight).array, linear(x, weight).transpose(0, 1).array, atol=1e-6)


def test_linear_is_one_operation_and_refuses_a_wrong_width():
    """WHAT: `Tensor.apply` sees one operation with its three inputs; rows of another length are a ValueError.
    WHY: one operation has one gradient, and a wrong width that passes is a silent bug.
    TIP: `@op` stands above the function. Rows that are too long must not be cut to fit.
    """
    x, weight, bias = randn(3, 2, 4), randn(5, 4), randn(5)
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda function, out, inputs, *rest: seen.append((function, inputs))
    try:
        linear(x, weight, bias)
    finally:
        Tensor.recorder = before
    assert len(seen) == 1 and seen[0][0] is getattr(linear, "op", linear)
    assert all(a is b for a, b in zip(seen[0][1], (x, weight, bias), strict=True))
    with pytest.raises(ValueError):
        linear(randn(2, 6), randn(5, 4))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_average(p):
    """WHAT: a share p becomes 0, survivors grow alike, the average stays; with the same luck for every number.
    WHY: the next layer must see the same size of numbers in training and at work.
    TIP: count the zeros first, then look at the size of a survivor.
    """
    manual_seed(8)
    x = Tensor(np.full((200, 300), 3))
    out = dropout(x.float(), p).array
    assert abs((out == 0).mean() - p) < 0.01 and np.allclose(out[out != 0], 3 / (1 - p), rtol=1e-5)
    assert 0 < (out == 0).mean(axis=0).std() < 0.1 and 0 < (out == 0).mean(axis=1).std() < 0.1
    assert out.dtype == np.float32


def test_dropout_at_work_and_at_the_ends():
    """WHAT: nothing happens at work; p = 0 keeps all, p = 1 none; anything else is refused, also at work.
    WHY: a nan from dividing by zero would spread through the whole network.
    TIP: try p = 1 by hand: what would you divide by?
    """
    x = Tensor([-1.0, 0.0, 2.0])
    assert dropout(x, 0.7, training=False).tolist() == dropout(x, 0.0).tolist() == x.tolist()
    assert dropout(x, 1.0).tolist() == [0.0, 0.0, 0.0]
    for p in (-0.5, 1.01, float("nan")):
        with pytest.raises(ValueError):
            dropout(x, p)


class Block(Module):
    """A module with everything: a child before its own tensors, a buffer, things that are not to be found."""

    def __init__(self):
        super().__init__()
        self.inner = Linear(2, 2, bias=False)
        self.gain = Parameter([1.0, 2.0])
        self.register_buffer("steps", Tensor(0))
        self.mask, self.size, self.missing = Tensor([1.0]), 2, None

    def forward(self, x):
        return self.inner(x) * self.gain


def test_names_are_paths():
    """WHAT: own tensors first, in order of assignment, then each child's; buffers are no parameters.
    WHY: these names are what stands in a saved file, and PyTorch's are the same.
    TIP: a child's path goes in front of the names it finds.
    """
    net = Sequential(Block(), ReLU(), Sequential(Block()))
    names = ["gain", "steps", "inner.weight"]
    assert [name for name, _ in net.named_tensors()] == [f"0.{n}" for n in names] + [f"2.0.{n}" for n in names]
    assert [name for name, _ in net[2].named_parameters("x")] == ["x.0.gain", "x.0.inner.weight"]
    assert len(list(net.parameters())) == 4 and len(list(net.buffers())) == 2
    assert all(isinstance(p, Parameter) and p.requires_grad for p in net.parameters())


def test_shared_modules_and_parameters_count_once():
    """WHAT: a layer in two places has two names in state_dict, and is one among modules() and parameters().
    WHY: an optimizer that got a parameter twice would change it twice.
    TIP: `named_tensors` lists all names; the given methods around it count each tensor once.
    """
    layer = Linear(2, 2)
    net = Sequential(layer, Tanh(), layer)
    assert len(list(net.parameters())) == 2 and len(list(net.modules())) == 3
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    x = randn(1, 2)
    assert np.allclose(net(x).array, layer(Tanh()(layer(x))).array, atol=1e-6)


def test_state_dict_is_a_picture():
    """WHAT: copies, of all parameters and buffers, each with its type of number.
    WHY: the best state of a training run is kept while the run goes on.
    TIP: who else holds the array?
    """
    net = Block()
    state = net.state_dict()
    net.gain.array += 1
    net.steps = net.steps + 5
    assert state["gain"].tolist() == [1.0, 2.0] and state["steps"].item() == 0
    assert state["steps"].dtype == np.int64 and net.state_dict()["steps"].item() == 5
    net.register_buffer("precise", Tensor([0.1], dtype=np.float64))
    assert net.state_dict()["precise"].dtype == np.float64


def test_load_state_dict_writes_into_the_arrays():
    """WHAT: after loading two networks agree, and every array is still the one it was.
    WHY: optimizers and shared layers hold these arrays.
    TIP: copy numbers, do not replace tensors.
    """
    net, other = Sequential(Block(), Linear(2, 3)), Sequential(Block(), Linear(2, 3))
    arrays = {name: tensor.array for name, tensor in net.named_tensors()}
    other[0].steps.array[...] = 4
    state = other.state_dict()
    assert net.load_state_dict(state) == ([], [])
    state["0.gain"].array[:] = -1
    x = randn(4, 2)
    assert net(x).tolist() == other(x).tolist() and net[0].steps.item() == 4
    assert all(tensor.array is arrays[name] for name, tensor in net.named_tensors())


@pytest.mark.parametrize("strict", [True, False])
def test_load_state_dict_refuses_before_it_changes(strict):
    """WHAT: names that do not fit are listed, unless strict is off; other shapes are always refused; nothing changes.
    WHY: a network that is half loaded works badly and says nothing.
    TIP: finish checking before you copy.
    """
    net = Sequential(Linear(2, 3), Linear(3, 1))
    before = {name: tensor.tolist() for name, tensor in net.named_tensors()}
    state = {name: Tensor(tensor.array + 1) for name, tensor in net.named_tensors()}
    lacking = {name: tensor for name, tensor in state.items() if name != "1.bias"} | {"extra": Tensor([1.0])}
    if strict:
        with pytest.raises(RuntimeError, match="1.bias") as error:
            net.load_state_dict(lacking)
        assert "extra" in str(error.value)
    with pytest.raises(RuntimeError, match="1.bias"):
        net.load_state_dict(state | {"1.bias": Tensor([[1.0]])}, strict)
    assert {name: tensor.tolist() for name, tensor in net.named_tensors()} == before
    if not strict:
        assert net.load_state_dict(lacking, strict=False) == (["1.bias"], ["extra"])
        assert (
            np.allclose(net[0].bias.array, np.array(before["0.bias"]) + 1) and net[1].bias.tolist() == before["1.bias"]
        )


def test_train_and_eval_reach_every_module():
    """WHAT: one call at the root switches dropout off, and on again.
    WHY: at work a network must give the same answer twice.
    TIP: given.
    """
    net = Sequential(Linear(8, 50), Sequential(ReLU(), Dropout(0.5)))
    x = randn(3, 8)
    assert net(x).tolist() != net(x).tolist()
    assert net.eval() is net and net(x).tolist() == net(x).tolist() and not net[1][1].training
    net.train()
    assert all(module.training for module in net.modules()) and len(list(net.modules())) == 5


def test_linear_layer_starts_like_pytorchs():
    """WHAT: weight and bias between -1 / sqrt(in) and 1 / sqrt(in); shape (out, in); the bias can be left out.
    WHY: results can be compared with PyTorch's only when both start alike.
    TIP: given; it calls kaiming_uniform_ with a = sqrt(5). Is the slope squared in yours?
    """
    manual_seed(4)
    layer = Linear(64, 5000)
    assert layer.weight.shape == (5000, 64) and layer.bias.shape == (5000,)
    assert_uniform(layer.weight.array, 0.125)
    assert_uniform(layer.bias.array, 0.125)
    assert [name for name, _ in Linear(3, 4, bias=False).named_parameters()] == ["weight"]


def test_zero_grad_forgets():
    """WHAT: no parameter has a gradient afterwards.
    WHY: gradients add up over calls of backward.
    TIP: given.
    """
    net = Sequential(Linear(2, 2))
    for parameter in net.parameters():
        parameter.grad = zeros(*parameter.shape)
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())


def test_small_layers():
    """WHAT: Flatten, Sequential's indices and the activations do what their names say.
    WHY: they are the mortar between the layers.
    TIP: given.
    """
    x = Tensor([[-2.0, 0.0, 1.0]])
    assert Flatten()(zeros(2, 3, 4, 5)).shape == (2, 60) and Flatten()(zeros(0, 3, 4)).shape == (0, 12)
    assert Flatten(2)(zeros(2, 3, 4, 5)).shape == (2, 3, 20)
    assert ReLU()(x).tolist() == [[0.0, 0.0, 1.0]] and LeakyReLU(0.5)(x).tolist() == [[-1.0, 0.0, 1.0]]
    assert Sigmoid()(x)[0, 1].item() == 0.5 and np.allclose(Tanh()(x).array, np.tanh(x.array), atol=1e-6)
    assert abs(GELU(approximate="tanh")(x)[0, 2].item() - 0.841) < 1e-2 and Flatten(0, 1)(zeros(2, 3, 4)).shape == (
        6,
        4,
    )
    assert np.allclose(LogSoftmax(dim=1)(x).exp().array, Softmax(dim=1)(x).array, atol=1e-6)
    net = Sequential(Flatten(), ReLU(), Tanh())
    assert isinstance(net[-1], Tanh) and isinstance(net[1:], Sequential) and len(net[1:]) == 2


def test_lists_and_dicts_of_modules():
    """WHAT: layers in a ModuleList or ModuleDict are found; those in a plain list are not, and a warning says so.
    WHY: what `parameters` does not find is never trained.
    TIP: given; both rely on your named_tensors.
    """

    class Net(Module):
        def __init__(self):
            self.layers = ModuleList(Linear(2, 2) for _ in range(2))
            self.heads = ModuleDict({"one": Linear(2, 1)})
            self.order = [self.layers[0], self.layers[1]]

    net = Net()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(net.parameters())) == 6
    net.heads["two"] = Linear(2, 2)
    assert list(net.state_dict())[-2:] == ["heads.two.weight", "heads.two.bias"]
    net.hidden = {"a": [], "b": Linear(1, 1)}
    with pytest.warns(UserWarning, match="'hidden' is a plain dict.*nn.ModuleList"):
        assert len(list(net.parameters())) == 8


def test_what_must_not_replace_a_parameter():
    """WHAT: a parameter, a module and a buffer can be replaced by their kind or by None, and by nothing else.
    WHY: a tensor in the place of a parameter would never be trained, and nobody would notice.
    TIP: given. To change the numbers, copy them into `net.weight.data`.
    """
    net = Sequential(Linear(2, 3))
    net[0].register_buffer("mean", zeros(3))
    for module, name, value in ((net[0], "weight", zeros(3, 2)), (net, "0", 3), (net[0], "mean", [1.0])):
        with pytest.raises(TypeError, match=name):
            setattr(module, name, value)
    net[0].weight, net[0].mean, net[0].bias = Parameter(zeros(3, 2)), zeros(3), None
    assert list(net.state_dict()) == ["0.weight", "0.mean"]


def test_hooks():
    """WHAT: hooks are called in order, may replace the output, and are gone once removed.
    WHY: this is how one looks into a network that somebody else wrote.
    TIP: given.
    """
    net, seen = Linear(2, 1, bias=False), []
    net.weight = Parameter([[1.0, 1.0]])
    first = net.register_forward_hook(lambda module, args, out: seen.append((module, args[0].tolist(), out.tolist())))
    second = net.register_forward_hook(lambda module, args, out: out * 2)
    assert net(Tensor([1.0, 2.0])).tolist() == [6.0] and seen == [(net, [1.0, 2.0], [3.0])]
    first.remove()
    second.remove()
    second.remove()
    assert net(Tensor([1.0, 2.0])).tolist() == [3.0] and len(seen) == 1


def test_a_wrong_width_names_the_layer():
    """WHAT: the message has the layer, the shape, and the size that it needs.
    WHY: in a network of ten layers, that is what you want to know.
    TIP: given, above your part of `linear`.
    """
    message = "Linear(2, 3) got an input of shape (4, 5): its last size must be 2"
    with pytest.raises(ValueError, match=re.escape(message)):
        Linear(2, 3)(zeros(4, 5))
    with pytest.raises(ValueError, match="two axes"):
        linear(zeros(4, 5), zeros(5))


def test_print_shows_the_tree():
    """WHAT: a network prints as in PyTorch.
    WHY: it is the first thing to look at when something is wrong.
    TIP: given.
    """
    net = Sequential(Linear(2, 1, bias=False), Sequential(Dropout(0.1), ReLU()))
    assert repr(net) == (
        "Sequential(\n  (0): Linear(in_features=2, out_features=1, bias=False)\n"
        "  (1): Sequential(\n    (0): Dropout(p=0.1, inplace=False)\n    (1): ReLU()\n  )\n)"
    )
