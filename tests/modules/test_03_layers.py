"""The exported layers, tested with other numbers than in the notebook."""

import re
import warnings

import numpy as np
import pytest

from tinytorch import Generator
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
from tito.lesson import close


def assert_uniform(numbers, bound):
    """All between -bound and bound, near both, and evenly spread."""
    low, high, spread = numbers.min(), numbers.max(), numbers.std()
    assert 0.99 * bound < high < 1.0001 * bound, f"the largest number must be near {bound}, not {high:.4g}"
    assert 0.99 * bound < -low < 1.0001 * bound, f"the smallest number must be near -{bound}, not {low:.4g}"
    close(spread, bound / 3**0.5, "the standard deviation of uniform numbers", rtol=0.05)


@pytest.mark.parametrize(("shape", "bound"), [((300, 84), 0.125), ((84, 300), 0.125), ((16, 8, 4, 4), 0.125)])
def test_xavier(shape, bound):
    """WHAT: the bound follows from fan-in and fan-out, also for the weight of a convolution.
    WHY: it keeps the size of activations and gradients through many layers.
    TIP: a bound, a variance and its root are three different things.
    """
    manual_seed(4)
    weight = zeros(*shape)
    assert xavier_uniform_(weight) is weight, "xavier_uniform_ must fill the tensor it is given and return it"
    assert weight.dtype == np.float32, "a float32 tensor must stay float32"
    assert_uniform(weight.array, bound)


@pytest.mark.parametrize(
    ("shape", "a", "bound"),
    [((40, 384), 0, 0.125), ((400, 96), 0, 0.25), ((90, 192), 1, 0.125), ((30, 24, 4, 4), 0, 0.125)],
)
def test_kaiming(shape, a, bound):
    """WHAT: the bound follows from fan-in and from the slope of the leaky ReLU.
    WHY: it compensates for what the activation takes away.
    TIP: what share of the mean square does a slope of `a` leave? How many products does one output sum?
    """
    manual_seed(4)
    weight = zeros(*shape)
    assert kaiming_uniform_(weight, a=a) is weight, "kaiming_uniform_ must fill the tensor it is given and return it"
    assert weight.dtype == np.float32, "a float32 tensor must stay float32"
    assert_uniform(weight.array, bound)


def test_kaiming_keeps_the_size_through_relu_layers():
    """WHAT: after eight layers with ReLU the mean square is still about 1.
    WHY: this is what the formula is for.
    TIP: print the mean square after every layer. Near 0? The weights are too small. Huge? They are too large.
    """
    manual_seed(5)
    x = randn(200, 300)
    for _ in range(8):
        x = linear(ReLU()(x), kaiming_uniform_(zeros(300, 300)))
    mean_square = (x**2).mean().item()
    assert 0.3 < mean_square < 3, f"the mean square after eight layers must be about 1, not {mean_square:.3g}"


def test_filling_is_in_place_and_repeats():
    """WHAT: the numbers change in place, and a seed or a seeded generator repeats them.
    WHY: an optimizer that holds the array must see the new numbers.
    TIP: write into the existing array, and draw with `uniform_`, passing on `generator`.
    """
    weight = Parameter(zeros(4, 6))
    array = weight.array
    for fill in (uniform_, xavier_uniform_, kaiming_uniform_):
        draws = []
        for seed in (1, 2):
            manual_seed(9)
            draws.append(fill(weight).tolist())
            manual_seed(seed)
            draws.append(fill(weight, generator=Generator().manual_seed(9)).tolist())
        close(draws[2], draws[0], f"{fill.__name__} after the same manual_seed")
        close(draws[3], draws[1], f"{fill.__name__} from two generators with the same seed")
    assert weight.array is array, "the array must stay the same object"
    assert isinstance(weight, Parameter), "a parameter must stay a parameter"


@pytest.mark.parametrize("leading", [(), (5,), (0,), (2, 3), (3, 1, 4)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_linear(leading, with_bias):
    """WHAT: the same numbers as one row at a time, for any leading axes, and in float32.
    WHY: images, sentences and batches of both go through this function.
    TIP: only the last axis changes its size. A size of -1 can't be inferred for an empty batch.
    """
    random = np.random.default_rng(1)
    x, weight, bias = (random.standard_normal(s, dtype=np.float32) for s in ((*leading, 4), (6, 4), (6,)))
    before = bias.copy()
    out = linear(Tensor(x), Tensor(weight), Tensor(bias) if with_bias else None)
    assert isinstance(out, Tensor), "linear of tensors must be a tensor"
    expected = np.array([weight @ row + bias * with_bias for row in x.reshape(-1, 4)]).reshape(*leading, 6)
    close(out, expected, f"linear of shape {x.shape}, bias={with_bias}", dtype=np.float32)
    close(bias, before, "the bias must not change")


class CountedArray(np.ndarray):
    """An array that notes the shape of the result of every product that it takes part in."""

    shapes = ()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [x.view(np.ndarray) if isinstance(x, CountedArray) else x for x in inputs]
        options |= {} if out is None else {"out": tuple(x.view(np.ndarray) for x in out)}
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.matmul:
            CountedArray.shapes += (result.shape,)
        return result.view(CountedArray) if isinstance(result, np.ndarray) else result


def test_linear_is_one_product():
    """WHAT: an input with three axes goes through one matrix product, not through one for each entry of the first axis.
    WHY: a large product keeps the processor busy; many small ones read the weight again and again.
    TIP: which shape has `x` when you multiply? It must have two axes.
    """
    x, weight = np.ones((5, 3, 4), dtype=np.float32), np.ones((2, 4), dtype=np.float32)
    CountedArray.shapes = ()
    close(np.asarray(linear(x.view(CountedArray), weight)), np.full((5, 3, 2), 4), "linear of shape (5, 3, 4)")
    shapes = CountedArray.shapes
    assert len(shapes) < 2, f"linear must do a single product, not {len(shapes)}"
    assert all(len(shape) == 2 for shape in shapes), f"fold (5, 3, 4) into (15, 4) first: the product gave {shapes[0]}"


def test_linear_of_a_transposed_view():
    """WHAT: an input that is not contiguous gives the same numbers.
    WHY: attention passes such views.
    TIP: `reshape` copies where it must; nothing else may depend on the strides.
    """
    x, weight = randn(2, 3, 4), randn(5, 4)
    view = x.transpose(0, 1)
    close(linear(view, weight), linear(x, weight).transpose(0, 1), "linear of a transposed view", atol=1e-5)


def test_linear_is_one_operation_and_refuses_a_wrong_width():
    """WHAT: `Tensor.apply` sees one operation with its three inputs; a wrong width raises ValueError.
    WHY: one operation has one gradient, and a wrong width that passes is a silent bug.
    TIP: keep `@op` above the function, and the lines that are given at its top.
    """
    x, weight, bias = randn(3, 2, 4), randn(5, 4), randn(5)
    before, seen = Tensor.recorder, []
    Tensor.recorder = lambda function, out, inputs, *rest: seen.append((function, inputs))
    try:
        linear(x, weight, bias)
    finally:
        Tensor.recorder = before
    assert [function for function, _ in seen] == [getattr(linear, "op", linear)], "linear must be one operation"
    inputs = zip(seen[0][1], (x, weight, bias), strict=True)
    assert all(a is b for a, b in inputs), "its inputs must be x, weight and bias"
    with pytest.raises(ValueError):
        linear(randn(2, 6), randn(5, 4))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_average(p):
    """WHAT: a share p becomes 0, the survivors are scaled to keep the average, and each entry is dropped independently.
    WHY: the next layer must see numbers of the same size in training and at inference.
    TIP: count the zeros first, then look at the size of a survivor.
    """
    manual_seed(8)
    x = Tensor(np.full((200, 300), 3))
    out = dropout(x.float(), p).array
    dropped = out == 0
    assert abs(dropped.mean() - p) < 0.01, f"p={p} must drop a share of {p}, not {dropped.mean():.3g}"
    close(out, np.where(dropped, 0, 3 / (1 - p)), f"p={p}: every 3 must become 0 or 3 / (1 - p)", dtype=np.float32)
    for axis, name in ((0, "columns"), (1, "rows")):
        assert 0 < dropped.mean(axis=axis).std() < 0.1, f"each entry is dropped independently: look at the {name}"


def test_dropout_repeats_with_the_seed():
    """WHAT: `manual_seed` repeats the mask, and without it each call draws a new one.
    WHY: a training run that can't be repeated can't be debugged.
    TIP: draw with `rand`; NumPy's own random numbers don't know about `manual_seed`.
    """
    x, masks = Tensor(np.ones((30, 40))), []
    for _ in range(2):
        manual_seed(5)
        masks.append(dropout(x, 0.4).array)
    close(masks[1], masks[0], "dropout after the same manual_seed")
    assert dropout(x, 0.4).tolist() != masks[0].tolist(), "the next call must draw a new mask"


def test_dropout_at_inference_and_at_the_ends():
    """WHAT: nothing changes at inference; p = 0 keeps all, p = 1 none; any other p is refused, also at inference.
    WHY: a nan from dividing by zero would spread through the whole network.
    TIP: try p = 1 by hand: what would you divide by? How does nan compare with 0 and 1?
    """
    x = Tensor([-1.0, 0.0, 2.0])
    close(dropout(x, 0.7, training=False), x, "training=False must change nothing")
    close(dropout(x, 0.0), x, "p=0 must change nothing")
    close(dropout(x, 1.0), [0.0, 0.0, 0.0], "p=1 must make all zeros")
    for p in (-0.5, 1.01, float("nan")):
        for training in (True, False):
            with pytest.raises(ValueError):
                dropout(x, p, training)
                pytest.fail(f"dropout must raise ValueError for p={p}, training={training}")


class Block(Module):
    """A module with everything: a child before its own tensors, a buffer, and attributes that must be skipped."""

    def __init__(self):
        super().__init__()
        self.inner = Linear(2, 2, bias=False)
        self.gain = Parameter([1.0, 2.0])
        self.register_buffer("steps", Tensor(0))
        self.mask, self.size, self.missing = Tensor([1.0]), 2, None

    def forward(self, x):
        return self.inner(x) * self.gain


def test_names_are_paths():
    """WHAT: own tensors first, in order of assignment, then each child's; buffers aren't parameters.
    WHY: these are the names in a saved file, and PyTorch's are the same.
    TIP: a child's path comes before the names of its tensors.
    """
    net = Sequential(Block(), ReLU(), Sequential(Block()))
    own = ["gain", "steps", "inner.weight"]
    names, expected = [name for name, _ in net.named_tensors()], [f"0.{n}" for n in own] + [f"2.0.{n}" for n in own]
    assert names == expected, f"expected the names {expected}, got {names}"
    names, expected = [name for name, _ in net[2].named_parameters("x")], ["x.0.gain", "x.0.inner.weight"]
    assert names == expected, f'with the prefix "x": expected {expected}, got {names}'
    assert len(list(net.parameters())) == 4, "the network has 4 parameters"
    assert len(list(net.buffers())) == 2, "the network has 2 buffers"
    assert all(isinstance(p, Parameter) and p.requires_grad for p in net.parameters()), "they must be of type Parameter"


def test_shared_modules_and_parameters_count_once():
    """WHAT: a layer in two places has two names in state_dict, and counts once in modules() and parameters().
    WHY: an optimizer that got a parameter twice would change it twice.
    TIP: `named_tensors` lists all names; the given methods around it count each tensor once.
    """
    layer = Linear(2, 2)
    net = Sequential(layer, Tanh(), layer)
    assert len(list(net.parameters())) == 2, "a shared layer's parameters count once"
    assert len(list(net.modules())) == 3, "a shared layer counts once"
    names = sorted(net.state_dict())
    assert names == ["0.bias", "0.weight", "2.bias", "2.weight"], f"it has a name for each place: got {names}"
    x = randn(1, 2)
    close(net(x).array, layer(Tanh()(layer(x))).array, "a network that uses a layer twice")


def test_state_dict_is_a_copy():
    """WHAT: copies of all parameters and buffers, each with its dtype.
    WHY: the best state of a training run is kept while the run goes on.
    TIP: does your dict share an array with the network?
    """
    net = Block()
    net.register_buffer("precise", Tensor([0.1], dtype=np.float64))
    state = net.state_dict()
    net.gain.array += 1
    net.steps = net.steps + 5
    close(state["gain"], [1.0, 2.0], "a copy must not change with the network")
    close(state["steps"], 0, "an integer buffer", dtype=np.int64)
    close(state["precise"], [0.1], "a float64 buffer", dtype=np.float64)
    close(net.state_dict()["steps"], 5, "a second call, after the buffer changed")


def test_load_state_dict_writes_into_the_arrays():
    """WHAT: after loading, two networks agree, and every array is still the same object.
    WHY: optimizers and shared layers hold these arrays.
    TIP: copy numbers, don't replace tensors.
    """
    net, other = Sequential(Block(), Linear(2, 3)), Sequential(Block(), Linear(2, 3))
    arrays = {name: tensor.array for name, tensor in net.named_tensors()}
    other[0].steps.array[...] = 4
    state = other.state_dict()
    missing, unexpected = net.load_state_dict(state)
    assert (list(missing), list(unexpected)) == ([], []), "if all names match, both lists must be empty"
    state["0.gain"].array[:] = -1
    x = randn(4, 2)
    close(net(x).array, other(x).array, "the outputs of two networks with the same parameters")
    close(net[0].steps, 4, "a buffer, after loading")
    same = all(tensor.array is arrays[name] for name, tensor in net.named_tensors())
    assert same, "copy into the existing arrays: an optimizer may hold them"


@pytest.mark.parametrize("strict", [True, False])
def test_load_state_dict_refuses_before_it_changes(strict):
    """WHAT: names that don't match are listed, unless strict=False; other shapes are always refused; nothing changes.
    WHY: a half-loaded network runs badly and raises no error.
    TIP: finish all checks before you copy, and list every name.
    """
    net = Sequential(Linear(2, 3), Linear(3, 1))
    before = {name: tensor.tolist() for name, tensor in net.named_tensors()}
    state = {name: Tensor(tensor.array + 1) for name, tensor in net.named_tensors()}
    lacking = {name: tensor for name, tensor in state.items() if name != "1.bias"} | {"extra": Tensor([1.0])}
    if strict:
        with pytest.raises(RuntimeError, match="1.bias") as error:
            net.load_state_dict(lacking)
        assert "extra" in str(error.value), "the message must list the missing and the unexpected names"
    with pytest.raises(RuntimeError, match="1.bias"):
        net.load_state_dict(state | {"1.bias": Tensor([[1.0]])}, strict)
    after = {name: tensor.tolist() for name, tensor in net.named_tensors()}
    assert after == before, "a refused state must change nothing"
    if not strict:
        missing, unexpected = net.load_state_dict(lacking, strict=False)
        assert list(missing) == ["1.bias"], f"the missing names are ['1.bias'], not {missing}"
        assert list(unexpected) == ["extra"], f"the unexpected names are ['extra'], not {unexpected}"
        close(net[0].bias.array, np.array(before["0.bias"]) + 1, "a bias that is in the state")
        close(net[1].bias.array, before["1.bias"], "a bias that isn't in the state")


def test_train_and_eval_reach_every_module():
    """WHAT: one call at the root turns dropout off, and on again.
    WHY: at inference a network must give the same answer twice.
    TIP: given.
    """
    net = Sequential(Linear(8, 50), Sequential(ReLU(), Dropout(0.5)))
    x = randn(3, 8)
    assert net(x).tolist() != net(x).tolist(), "in training, dropout must draw a new mask in each call"
    assert net.eval() is net, "eval must return the module"
    assert not net[1][1].training, "eval must reach every module"
    close(net(x).array, net(x).array, "two answers at inference")
    net.train()
    assert all(module.training for module in net.modules()), "train must reach every module"
    assert len(list(net.modules())) == 5, "the network has 5 modules"


def test_linear_layer_is_initialized_like_pytorchs():
    """WHAT: weight and bias between -1 / sqrt(in) and 1 / sqrt(in); shape (out, in); the bias is optional.
    WHY: results are comparable with PyTorch's only if both initialize alike.
    TIP: given; it calls kaiming_uniform_ with a = sqrt(5). Do you square the slope?
    """
    manual_seed(4)
    layer = Linear(64, 5000)
    assert layer.weight.shape == (5000, 64), "the weight has shape (out, in)"
    assert layer.bias.shape == (5000,), "the bias has shape (out,)"
    assert_uniform(layer.weight.array, 0.125)
    assert_uniform(layer.bias.array, 0.125)
    names = [name for name, _ in Linear(3, 4, bias=False).named_parameters()]
    assert names == ["weight"], f"bias=False leaves the weight alone: got {names}"


def test_zero_grad_resets_gradients():
    """WHAT: no parameter has a gradient afterwards.
    WHY: gradients add up over calls of backward.
    TIP: given.
    """
    net = Sequential(Linear(2, 2))
    for parameter in net.parameters():
        parameter.grad = zeros(*parameter.shape)
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters()), "every gradient must be None"


def test_small_layers():
    """WHAT: Flatten, Sequential's indices and the activations do what their names say.
    WHY: they connect the other layers.
    TIP: given. If an activation fails, look at its function in Module 02.
    """
    x = Tensor([[-2.0, 0.0, 1.0]])
    close(Flatten()(zeros(2, 3, 4, 5)), np.zeros((2, 60)), "Flatten() of shape (2, 3, 4, 5)")
    close(Flatten()(zeros(0, 3, 4)), np.zeros((0, 12)), "Flatten() of an empty batch")
    close(Flatten(2)(zeros(2, 3, 4, 5)), np.zeros((2, 3, 20)), "Flatten(2)")
    close(Flatten(0, 1)(zeros(2, 3, 4)), np.zeros((6, 4)), "Flatten(0, 1)")
    close(ReLU()(x), [[0.0, 0.0, 1.0]], "ReLU()")
    close(LeakyReLU(0.5)(x), [[-1.0, 0.0, 1.0]], "LeakyReLU(0.5)")
    close(Sigmoid()(x), [[0.119203, 0.5, 0.731059]], "Sigmoid()")
    close(Tanh()(x), np.tanh(x.array), "Tanh()")
    close(GELU(approximate="tanh")(x), [[-0.045402, 0.0, 0.841192]], 'GELU(approximate="tanh")')
    close(LogSoftmax(dim=1)(x).exp(), Softmax(dim=1)(x), "LogSoftmax(dim=1) beside Softmax(dim=1)")
    net = Sequential(Flatten(), ReLU(), Tanh())
    assert isinstance(net[-1], Tanh), "net[-1] is the last layer"
    assert isinstance(net[1:], Sequential) and len(net[1:]) == 2, "net[1:] is a Sequential of the other two"


def test_lists_and_dicts_of_modules():
    """WHAT: layers in a ModuleList or ModuleDict are found; those in a plain list aren't, and a warning says so.
    WHY: what `parameters` doesn't find is never trained.
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
        assert len(list(net.parameters())) == 6, "three layers with a weight and a bias each"
    net.heads["two"] = Linear(2, 2)
    names = list(net.state_dict())[-2:]
    assert names == ["heads.two.weight", "heads.two.bias"], f"the names of a new layer in a ModuleDict: got {names}"
    net.hidden = {"a": [], "b": Linear(1, 1)}
    with pytest.warns(UserWarning, match="'hidden' is a plain dict.*nn.ModuleList"):
        assert len(list(net.parameters())) == 8, "a layer in a plain dict must not be found"


def test_what_must_not_replace_a_parameter():
    """WHAT: a parameter, a module or a buffer can be replaced only by one of its kind or by None.
    WHY: a plain tensor instead of a parameter would never be trained, and no error would tell you.
    TIP: given. To change the numbers, copy them into `net.weight.data`.
    """
    net = Sequential(Linear(2, 3))
    net[0].register_buffer("mean", zeros(3))
    for module, name, value in ((net[0], "weight", zeros(3, 2)), (net, "0", 3), (net[0], "mean", [1.0])):
        with pytest.raises(TypeError, match=name):
            setattr(module, name, value)
    net[0].weight, net[0].mean, net[0].bias = Parameter(zeros(3, 2)), zeros(3), None
    names = list(net.state_dict())
    assert names == ["0.weight", "0.mean"], f"what is left after replacing: got {names}"


def test_hooks():
    """WHAT: hooks are called in order, may replace the output, and stop once removed.
    WHY: this is how you look into a network that you didn't write.
    TIP: given.
    """
    net, seen = Linear(2, 1, bias=False), []
    net.weight = Parameter([[1.0, 1.0]])
    first = net.register_forward_hook(lambda module, args, out: seen.append((module, args[0].tolist(), out.tolist())))
    second = net.register_forward_hook(lambda module, args, out: out * 2)
    assert net(Tensor([1.0, 2.0])).tolist() == [6.0], "the second hook doubles the output, 3"
    assert seen == [(net, [1.0, 2.0], [3.0])], "the first hook sees the module, its input and its output"
    first.remove()
    second.remove()
    second.remove()
    assert net(Tensor([1.0, 2.0])).tolist() == [3.0] and len(seen) == 1, "removed hooks must not be called"


def test_a_wrong_width_names_the_layer():
    """WHAT: the message names the layer, the shape it got, and the size it needs.
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
