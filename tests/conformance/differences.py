"""Where TinyTorch differs from PyTorch on purpose, and why. Each is run: one that is gone fails, so the list stays true."""

import re

import numpy as np

from tests.conformance.compare import leaf


def loss_of_different_shapes(lib):
    """A loss refuses shapes that differ; PyTorch warns, broadcasts, and trains on the wrong number."""
    return lib.nn.functional.mse_loss(lib.ones(3, 1), lib.ones(3))


def linear_with_one_output_and_no_axis_for_it(lib):
    """`F.linear` wants a weight of two axes; PyTorch also takes a vector, and leaves out the last axis."""
    return lib.nn.functional.linear(lib.ones(2, 3), lib.ones(3))


def state_dict_is_a_copy(lib):
    """`best = net.state_dict()` keeps the best network; in PyTorch it changes as training goes on, unless it is copied."""
    layer = lib.nn.Linear(2, 2)
    return bool((layer.state_dict()["weight"].mul_(0) == layer.weight).all())


def a_module_in_two_places(lib):
    """`children` lists a module that is used twice under both of its names; PyTorch lists it once."""
    layer = lib.nn.ReLU()
    return len(list(lib.nn.Sequential(layer, layer).children()))


def a_module_without_super(lib):
    """`super().__init__()` may be left out; PyTorch has no place for parameters without it."""

    class Net(lib.nn.Module):
        def __init__(self):
            self.layer = lib.nn.Linear(2, 2)

    return len(list(Net().parameters()))


def dropping_what_is_infinite(lib):
    """What dropout drops is 0, also where it was infinite; PyTorch multiplies by 0, which is not a number there."""
    return lib.nn.functional.dropout(lib.tensor([float("inf")]), p=1.0)


def activations_of_integers(lib):
    """gelu, silu, elu, softplus and softmax make floats of integers; PyTorch refuses."""
    return lib.nn.functional.silu(lib.tensor([1, 2]))


def changing_the_input_in_place(lib):
    """`inplace=True` is accepted, and makes a new tensor all the same: the old one may still be needed for a gradient."""
    x = lib.tensor([-1.0])
    lib.nn.functional.relu(x, inplace=True)
    return x


def lists_of_equal_modules(lib):
    """A ModuleList prints every module; PyTorch counts those that print alike."""
    return repr(lib.nn.ModuleList([lib.nn.ReLU(), lib.nn.ReLU()]))


def arrays_of_float64(lib):
    """`tensor(array)` makes float32 of NumPy's default type, so that float64 never creeps in; say `dtype=float64` to keep it."""
    return lib.tensor(np.array([1.0, 2.0]))


def arithmetic_with_masks(lib):
    """PyTorch wants a mask turned into numbers before it is subtracted; NumPy counts True as 1, as Python does."""
    return lib.ones(2) - lib.tensor([True, False])


def average_of_integers(lib):
    """PyTorch refuses the mean of integers, their std and var; here these are floats, as in NumPy."""
    return lib.tensor([1, 2]).mean()


def class_numbers_of_any_integer(lib):
    """Class numbers may be int32, too; PyTorch takes int64 and uint8 alone."""
    return lib.nn.functional.cross_entropy(lib.ones(2, 3), leaf(lib, np.array([0, 1], "int32"), False))


def one_class_number_in_a_list(lib):
    """For scores (C,) PyTorch takes a target of shape (1,) as well; here it has no axes, as PyTorch's page says."""
    return lib.nn.functional.cross_entropy(lib.ones(3), lib.tensor([1]))


def smoothing_below_zero(lib):
    """A negative label_smoothing is refused; PyTorch says that it must be 0 to 1, and ignores it."""
    return lib.nn.functional.cross_entropy(lib.ones(2, 3), lib.tensor([0, 1]), label_smoothing=-0.5)


def dtypes_of_class_weights(lib):
    """A weight of another dtype is promoted as everywhere else; PyTorch wants the dtype of the scores."""
    return lib.nn.functional.cross_entropy(lib.ones(2, 3), lib.tensor([0, 1]), weight=lib.tensor([1, 2, 3]))


def learning_class_weights(lib):
    """The weights of class numbers have a gradient here, as in every product; PyTorch's nll_loss refuses it."""
    weight = lib.ones(3, requires_grad=True)
    lib.nn.functional.cross_entropy(lib.ones(2, 3), lib.tensor([0, 1]), weight=weight, reduction="sum").backward()
    return weight.grad


def probabilities_of_other_dtypes(lib):
    """`binary_cross_entropy` promotes two dtypes, as `mse_loss` does; PyTorch wants one."""
    p = lib.tensor([0.5, 0.25])
    return lib.nn.functional.binary_cross_entropy(p, leaf(lib, np.array([1.0, 0.0]), False))


def huber_of_two_dtypes(lib):
    """`huber_loss` promotes two dtypes, as `smooth_l1_loss` does; PyTorch keeps the first, and has then no gradient."""
    return lib.nn.functional.huber_loss(lib.ones(2), leaf(lib, np.zeros(2), False))


def tensors_of_integers(lib):
    """`Tensor([1, 2])` is the same as `tensor([1, 2])`, and `Tensor(3)` a number; PyTorch makes floats, and 3 a shape."""
    return lib.Tensor([1, 2])


def shapes_are_tuples(lib):
    """A shape is a plain tuple; PyTorch has a class of its own, which is a tuple with another name."""
    return str(lib.ones(2).shape)


def results_changed_in_place(lib):
    """Where a gradient is recorded, `y *= 2` gives `y` other memory, and the rules keep the old: PyTorch refuses in backward."""
    x = lib.ones(2, requires_grad=True)
    y = x.exp()
    y *= 2
    y.sum().backward()
    return x.grad


def views_changed_in_place(lib):
    """So views that were made before do not follow; in PyTorch they do."""
    y = lib.ones(2, requires_grad=True) * 2
    first = y[0]
    y.zero_()
    return first


def backward_through_a_shared_part(lib):
    """The first `backward` frees the graph, all of it; PyTorch frees what it has saved, and a sum needs nothing."""
    h = lib.ones(2, requires_grad=True) + 1
    h.sum().backward()
    h.sum().backward()


def assigning_part_of_a_tensor_to_itself(lib):
    """`x[1:] = x[:-1]` copies first; PyTorch refuses memory that overlaps."""
    x = lib.arange(3)
    x[1:] = x[:-1]
    return x


def drawing_more_than_there_is(lib):
    """`multinomial` refuses to draw what has no weight; PyTorch draws it in the end."""
    return lib.multinomial(lib.tensor([1.0, 0.0]), 2)


def what_loading_returns(lib):
    """`load_state_dict` returns a plain pair; PyTorch's also has names, missing_keys and unexpected_keys."""
    layer = lib.nn.Linear(1, 1)
    return hasattr(layer.load_state_dict(layer.state_dict()), "missing_keys")


def assignments_convert(lib):
    """`x[[0]] = y` converts the dtype, as `x[0] = y` does; PyTorch converts only in the second."""
    x = lib.zeros(2)
    x[[0]] = lib.tensor([1])
    return x


def comparing_two_dtypes(lib):
    """`allclose` promotes; PyTorch wants one dtype."""
    return lib.allclose(lib.ones(2), lib.tensor([1, 1]))


def types_of_targets(lib):
    """BCE takes targets of True and False; PyTorch wants floats."""
    return lib.nn.functional.binary_cross_entropy_with_logits(lib.ones(2), lib.tensor([True, False]))


def strides_of_nothing(lib):
    """Where there are no numbers, or one along an axis, NumPy's strides may be 0; PyTorch's are what they would be."""
    return lib.zeros(0, 2).stride()


def clamp_to_nothing(lib):
    """Without bounds everything is left as it is; PyTorch wants at least one."""
    return lib.ones(2).clamp()


def counting_steps(lib):
    """Adam counts its steps in a number; PyTorch in a tensor, which a graphics card can keep."""
    p = leaf(lib, np.ones(2, "float32"), True)
    optimizer = lib.optim.Adam([p])
    p.grad = lib.ones(2)
    optimizer.step()
    return type(optimizer.state_dict()["state"][0]["step"]) is int


def dtypes_without_a_kernel(lib):
    """PyTorch has no compiled kernel for some ops and dtypes (`abs` of booleans) and refuses; NumPy has one."""
    return lib.tensor([True]).abs()


def slopes_at_nan(lib):
    """A function has no slope at nan. PyTorch makes something up, for each op something else."""
    x = lib.tensor([float("nan")], requires_grad=True)
    lib.relu(x).sum().backward()
    return x.grad


def slices_backwards(lib):
    """`x[::-1]` is a view in NumPy; PyTorch has no negative strides and refuses."""
    return lib.ones(3)[::-1]


def indices_of_any_integer_dtype(lib):
    """Every integer dtype may index; PyTorch takes uint8 for a mask and refuses int8."""
    return lib.ones(3)[leaf(lib, np.array([1], "int8"), False)]


def ids_of_any_integer_dtype(lib):
    """So may ids of an embedding: a corpus of bytes fits into uint8. PyTorch takes int32 and int64."""
    return lib.nn.functional.embedding(leaf(lib, np.array([1], "uint8"), False), lib.ones(3, 2))


def ids_in_a_list(lib):
    """An embedding also takes a plain list of ids; PyTorch wants a tensor."""
    return lib.nn.functional.embedding([1, 0], lib.ones(3, 2))


def limited_rows(lib):
    """An embedding has none of max_norm, scale_grad_by_freq and sparse; PyTorch shortens rows in place, which no gradient sees."""
    return lib.nn.Embedding(3, 2, max_norm=1.0)(lib.tensor([1])).shape[1]


def cosines_of_zeros_in_float16(lib):
    """A cosine of two dtypes is computed in their common one; in PyTorch, float16 vectors of zeros are divided by eps, which is 0 there."""
    return lib.nn.functional.cosine_similarity(lib.zeros(1, 2, dtype=lib.float16), lib.ones(1, 2))


def products_of_two_dtypes(lib):
    """`@` promotes like every other op; PyTorch wants one dtype."""
    return lib.ones(2, 2) @ lib.tensor([[1, 2], [3, 4]])


def results_that_a_rule_kept(lib):
    """A recorded `y += 1` leaves the old array to the rule that kept it; PyTorch changes the array, and backward refuses."""
    x = lib.ones(2, requires_grad=True)
    y = x.exp()
    y += 1
    y.sum().backward()
    return x.grad


def extremes_on_the_way(lib):
    """Near the largest and smallest numbers of a dtype, one order of multiplying overflows or underflows, another does not."""
    x = lib.tensor(1.2e-38, requires_grad=True)
    (x**x).backward(lib.tensor(1e-38))
    return x.grad * 1e38


def an_epsilon_of_float32(lib):
    """The 1e-12 that keeps the slope of `binary_cross_entropy` finite is a float32 in PyTorch, also between float64."""
    p = leaf(lib, np.array(0.0), True)
    lib.nn.functional.binary_cross_entropy(p, leaf(lib, np.array(1.0), False)).backward()
    return p.grad


def views_without_recording(lib):
    """Under `no_grad` nothing requires a gradient; in PyTorch a view of a tensor that does still says so, but passes none on."""
    x = lib.ones(2, requires_grad=True)
    with lib.no_grad():
        return x[0].requires_grad


def ranges_the_wrong_way(lib):
    """`arange(1, 2, -1)` is empty, as Python's `range` is; PyTorch refuses."""
    return lib.arange(1, 2, -1)


def numbers_for_tensors(lib):
    """`maximum(x, 1)` takes a plain number, as `x + 1` does; PyTorch wants a tensor there."""
    return lib.maximum(lib.ones(2), 3)


def floats_beyond_a_dtype(lib):
    """A plain number that is too large for float32 is infinite, as in NumPy; PyTorch refuses it in some functions."""
    return lib.full((2,), 1e300)


def integers_beyond_a_dtype(lib):
    """An integer that does not fit is refused, and a float that does not fit becomes any integer; in PyTorch -3 is 253 in uint8."""
    return lib.tensor([-3], dtype=lib.uint8)


def negative_powers_of_integers(lib):
    """`2 ** -1` is refused for integers: the result would have to be a float. PyTorch rounds to 0 if the -1 is in a tensor."""
    return lib.tensor([2]) ** lib.tensor([-1])


def parts_changed_in_place(lib):
    """A part from `split`, `chunk` or `unbind` may change in place, as any view; where it is recorded, PyTorch refuses."""
    with lib.no_grad():
        part = lib.ones(2, requires_grad=True).split(1)[0]
    part.mul_(2)
    return part + 1


def infinite_scores(lib):
    """BCE of an infinite score is 0 or infinite; PyTorch's formula subtracts infinity from infinity."""
    return lib.nn.functional.binary_cross_entropy_with_logits(lib.tensor([-float("inf")]), lib.ones(1))


def slopes_of_gelu_far_out(lib):
    """The slope of gelu is 0 or 1 far out; PyTorch cubes a huge number on the way, and then has none."""
    x = lib.tensor([-float("inf")], requires_grad=True)
    lib.nn.functional.gelu(x, approximate="tanh").sum().backward()
    return x.grad


def dtypes_are_printed_short(lib):
    """A dtype is NumPy's, and prints as `float16`; PyTorch prints `torch.float16`."""
    return repr(lib.ones(1, dtype=lib.float16))


def softmax_with_a_dtype(lib):
    """The functions softmax and log_softmax have no `dtype`: convert first, or use the method, `x.softmax(0, dtype=...)`."""
    return lib.nn.functional.softmax(lib.ones(2), dim=0, dtype=lib.float64)


def transposing_without_axes(lib):
    """A number has no axes, so none can be swapped; PyTorch lets axis 0 be swapped with itself."""
    return lib.tensor(1.0).transpose(0, 0)


def masks_without_axes(lib):
    """Next to a list, `True` is a mask of its own, as in NumPy; in PyTorch it is a new axis first, and then gone."""
    return lib.arange(3)[[1], True]


def slopes_of_remainders(lib):
    """`a % b` has a gradient for both; PyTorch has none for a `b` that `a`, a number, is divided by."""
    x = lib.tensor([2.0, 3.0], requires_grad=True)
    (7 % x).sum().backward()
    return x.grad


def softmax_of_nothing(lib):
    """softmax along an axis of size 0 is refused, since nothing is the largest there; PyTorch returns the empty tensor."""
    return lib.nn.functional.softmax(lib.zeros(2, 0), dim=1)


def indices_into_nothing(lib):
    """An index that is out of range is refused; PyTorch does not look at it if the result is empty anyway."""
    return lib.zeros(1, 1)[[1], 1:]


def infinite_gradients(lib):
    """An infinite gradient goes only to the largest number, the others have 0; PyTorch multiplies it by 0, which gives nan."""
    x = lib.tensor([0.0, 1.0], requires_grad=True)
    (x.amax() / 0).backward()
    return x.grad


def gradients_of_a_diagonal(lib):
    """`einsum("ii->i", x)` has no gradient here; PyTorch has one."""
    x = lib.ones(2, 2, requires_grad=True)
    lib.einsum("ii->i", x).sum().backward()
    return x.grad


def drawing_from_nothing(lib):
    """`randint(1, 1, (0,))` draws no numbers, so it needs none to choose from; PyTorch refuses."""
    return lib.randint(1, 1, (0,))


def dims_of_a_number(lib):
    """A tensor without axes takes any `dim`, where there is nothing to do; PyTorch takes 0 and -1."""
    return lib.tensor(1.0).squeeze(2)


def numpy_under_no_grad(lib):
    """`x.numpy()` of a tensor that requires a gradient is refused everywhere; PyTorch allows it under `no_grad`."""
    with lib.no_grad():
        return lib.ones(2, requires_grad=True).numpy()


def slopes_at_an_infinite_sum(lib):
    """Where `logsumexp` is infinite, its slope may be nan at a huge number; PyTorch's is 0 there."""
    x = lib.tensor([1e30, float("inf")], requires_grad=True)
    x.logsumexp(0).backward()
    return x.grad


def integers_that_require_gradients(lib):
    """Integers never require a gradient; in PyTorch they say so when a float that does is assigned to one of them."""
    x = lib.tensor([[1]])
    x[0,] = lib.tensor(1.0, requires_grad=True)
    return x.requires_grad


def views_of_a_leaf(lib):
    """A diagonal by `einsum`, or a view without numbers, may change in place; PyTorch refuses where it came from a leaf."""
    x = lib.ones(2, 2, requires_grad=True)
    diagonal = lib.einsum("ii->i", x)
    diagonal -= 1
    return diagonal


def numbering_nan(lib):
    """`unique` numbers nan by their order in memory; PyTorch's sorting leaves their order to chance."""
    x = lib.tensor([float("nan"), 0.0, 1.0] * 9)
    return x.unique(return_inverse=True)[1]


def steps_in_float16(lib):
    """Between the steps of a formula float16 is rounded to three digits; PyTorch computes some formulas in float32."""
    return 1000 * lib.tensor([[2.0], [-2.0]]).log_softmax(0, dtype=lib.float16).float()


def slopes_of_infinite_products(lib):
    """The slope of `prod` is the product of the others; PyTorch divides the result by each number, and infinity by itself is nan."""
    x = lib.tensor([float("inf")], requires_grad=True)
    x.prod().backward()
    return x.grad


def numpy_numbers(lib):
    """A NumPy number may become a tensor of any dtype, as a plain number may; PyTorch refuses a float as an integer."""
    return lib.tensor(np.float32(2.0), dtype=lib.int64)


def gelu_of_numbers_below_zero(lib):
    """The exact gelu is right to the last digits; PyTorch's subtracts numbers that are nearly 1 from 1."""
    return 1e12 * lib.nn.functional.gelu(leaf(lib, np.array(-7.0), False))


def remainders_of_tiny_numbers(lib):
    """A remainder is a number that is smaller than the divisor; PyTorch's of a huge number may be nan, if it stands among others."""
    return lib.tensor([2147483647.0] * 40) % 1e-30


def dims_in_a_tensor(lib):
    """A tensor with a single integer is a number, also as a `dim`; PyTorch refuses."""
    return lib.tensor([True]).any(lib.tensor([0]))


def dims_that_come_twice(lib):
    """`squeeze([1, 1])` is `squeeze(1)`; PyTorch refuses."""
    return lib.ones(1, 2).squeeze([1, 1])


def inputs_that_a_rule_kept(lib):
    """`cross_entropy` keeps the scores for its gradient, so they must not change before; PyTorch keeps what it made of them."""
    x = lib.tensor([[0.0, 1.0]], requires_grad=True)
    loss = lib.nn.functional.cross_entropy(x, lib.tensor([0]))
    with lib.no_grad():
        x[0] = 2.0
    loss.backward()
    return x.grad


def powers_of_true(lib):
    """`True ** x` is 1, and its gradient 0; PyTorch fails inside."""
    x = lib.tensor(1.0, requires_grad=True)
    (True**x).backward()
    return x.grad


def parts_of_expanded_tensors(lib):
    """What `expand` made is only read, as in NumPy; PyTorch lets a part change where no number is in it twice."""
    x = lib.arange(3).expand(2, 3)
    x[0] = 1
    return x


def tensors_of_different_length(lib):
    """A ValueError, as for every bad argument here; PyTorch asserts."""
    try:
        lib.utils.data.TensorDataset(lib.zeros(3), lib.zeros(4))
    except Exception as error:
        return type(error).__name__


def no_datasets_to_join(lib):
    """A ValueError; PyTorch asserts."""
    try:
        lib.utils.data.ConcatDataset([])
    except Exception as error:
        return type(error).__name__


def a_dataset_without_tensors(lib):
    """A TensorDataset has at least one tensor; PyTorch makes one that has no length."""
    return type(lib.utils.data.TensorDataset()).__name__


def items_of_weight_0(lib):
    """Without replacement, an item of weight 0 is never drawn, so asking for it is an error; PyTorch draws it after the others."""
    return len(list(lib.utils.data.WeightedRandomSampler([0.0, 1.0], 2, replacement=False)))


def bad_weights(lib):
    """A sampler refuses negative weights when it is made; PyTorch when it is used."""
    return len(lib.utils.data.WeightedRandomSampler([-1.0, 1.0], 2))


def strings_in_tuples(lib):
    """A batch of strings is a list; PyTorch's is a tuple if the items are tuples, and a list otherwise."""
    return lib.utils.data.default_collate([(1, "a"), (2, "b")])[1]


def batches_off(lib):
    """`batch_size=None` is refused: a loader makes batches; PyTorch then yields single items."""
    return len(list(lib.utils.data.DataLoader([1, 2], batch_size=None)))


def loaders_of_no_dataset(lib):
    """A loader refuses what has no items by number when it is made; PyTorch when it is used. (There is no IterableDataset.)"""
    return lib.utils.data.DataLoader(5).batch_size


def a_thread_instead_of_processes(lib):
    """Workers are one thread, so they share memory with the loop; PyTorch's processes have copies of the dataset."""
    read = []

    class Items(lib.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            read.append(index)
            return index

    list(lib.utils.data.DataLoader(Items(), num_workers=1))
    return read


def the_state_of_a_loader(lib):
    """A loader can resume in the middle of an epoch; PyTorch's has no state."""
    return lib.utils.data.DataLoader([1, 2, 3]).state_dict()["position"]


def unbatched_images(lib):
    """Convolution and pooling want (N, C, H, W), and say what to do with one image; PyTorch also takes (C, H, W), or anything."""
    return lib.nn.functional.max_pool2d(lib.ones(2, 4, 4), 2)


def images_of_integers(lib):
    """Convolution and pooling refuse integers, and say to convert them; PyTorch rounds the mean of a window to an integer."""
    return lib.nn.functional.avg_pool2d(lib.ones(1, 1, 2, 2, dtype=lib.int64), 2)


def images_without_pixels(lib):
    """Only a batch may be empty: channels, rows and columns are at least 1. PyTorch allows some of them to be 0, in some functions."""
    return lib.nn.functional.conv2d(lib.ones(1, 0, 4, 4), lib.ones(2, 0, 3, 3))


def batch_norm_of_nothing(lib):
    """An empty batch has no mean, so training refuses it; PyTorch counts it, and checks nothing if there are no numbers."""
    return lib.nn.BatchNorm2d(2)(lib.ones(0, 2, 3, 3))


def batch_norm_of_two_dtypes(lib):
    """Batch norm wants one dtype, as a convolution does; PyTorch takes float16 with statistics and weights of float32."""
    return lib.nn.BatchNorm2d(2)(lib.ones(2, 2, 3, 3).half())


def batch_norm_with_a_bias_alone(lib):
    """`affine` is for weight and bias together; PyTorch's modules have an argument `bias` beside it since version 2.13."""
    return repr(lib.nn.BatchNorm2d(2))


def running_statistics_that_a_graph_needs(lib):
    """The gradient of a batch in eval mode is that of the statistics it saw; PyTorch's uses those that a later batch has left."""
    layer, x = lib.nn.BatchNorm2d(1), lib.arange(4.0).reshape(1, 1, 2, 2).requires_grad_()
    out = layer.eval()(x)
    layer.train()(x)
    out.sum().backward()
    return x.grad


def windows_of_minus_infinity(lib):
    """If all of a window is -inf, padding counts as its first maximum and takes the gradient; in PyTorch a pixel does."""
    x = lib.full((1, 1, 2, 2), -float("inf")).requires_grad_()
    lib.nn.functional.max_pool2d(x, 2, padding=1).sum().backward()
    return x.grad


def zeros_times_infinity(lib):
    """A convolution multiplies the zeros of its padding as well, and 0 times infinity is not a number; PyTorch's may skip them."""
    x = lib.ones(1, 1, 1, 3, requires_grad=True)
    weight = lib.full((1, 1, 1, 1), float("inf"))
    lib.nn.functional.conv2d(x, weight, stride=2).sum().backward()
    return x.grad


def regions_with_infinity(lib):
    """Adaptive pooling is two products of matrices, so an infinite pixel reaches all regions of its rows and columns."""
    x = lib.tensor([[[[float("inf"), 1.0, 1.0, 1.0]]]])
    return lib.nn.functional.adaptive_avg_pool2d(x, (1, 2))


def gradients_that_batch_norm_cancels(lib):
    """Where a channel has two values, its gradient is nearly 0 after three large parts have cancelled: what is left is rounding."""
    x = lib.tensor([[2.25, 1.375, 0.125], [0.125, 1.75, 0.25]], requires_grad=True)
    out = lib.nn.functional.batch_norm(x, None, None, training=True)
    out.backward(lib.tensor([[0.5478467, -0.9208532, -1.8361059], [-1.9338892, 1.2530814, 1.6510206]]))
    return 1e5 * x.grad


def adaptive_pooling_to_nothing(lib):
    """An output size of 0 is refused; PyTorch returns an empty tensor, and refuses in backward."""
    return lib.nn.functional.adaptive_avg_pool2d(lib.ones(1, 1, 2, 2), 0)


def heads_that_may_read_nothing(lib):
    """A query that may read nothing gets 0, as in scaled_dot_product_attention. In PyTorch's layer it is nan, with need_weights=True."""
    layer, x = lib.nn.MultiheadAttention(2, 1, batch_first=True), lib.ones(1, 2, 2)
    return bool(layer(x, x, x, key_padding_mask=lib.ones(1, 2).bool())[0].isnan().any())


def a_causal_layer_without_a_mask(lib):
    """`is_causal=True` is enough to hide all later keys; PyTorch also wants the mask, of which the option is a hint only."""
    layer, x = lib.nn.MultiheadAttention(2, 1, batch_first=True), lib.ones(1, 2, 2)
    return layer(x, x, x, is_causal=True)[1]


def a_mask_beside_a_causal_one(lib):
    """Every mask of MultiheadAttention counts; PyTorch ignores attn_mask if is_causal=True and need_weights=False."""
    layer, x = lib.nn.MultiheadAttention(2, 1, batch_first=True), lib.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    with lib.no_grad():
        for p in layer.parameters():
            p.fill_(0.5)
        layer.in_proj_weight[0, 0] = 3.0
    hidden = lib.tensor([[False, True], [True, False]])
    return layer(x, x, x, attn_mask=hidden, is_causal=True, need_weights=False)[0]


def more_keys_than_given(lib):
    """MultiheadAttention has none of add_bias_kv, add_zero_attn, kdim and vdim: keys and values are those that are given, as wide as the queries."""
    return lib.nn.MultiheadAttention(2, 1, kdim=3, vdim=3).embed_dim


def layers_of_attention_are_linear(lib):
    """The last layer of MultiheadAttention is a Linear; PyTorch's has a name of its own, because it can't be quantized."""
    return repr(lib.nn.MultiheadAttention(2, 1))


DIFFERENCES = (
    heads_that_may_read_nothing,
    a_causal_layer_without_a_mask,
    a_mask_beside_a_causal_one,
    more_keys_than_given,
    layers_of_attention_are_linear,
    unbatched_images,
    images_of_integers,
    images_without_pixels,
    batch_norm_of_nothing,
    batch_norm_of_two_dtypes,
    batch_norm_with_a_bias_alone,
    running_statistics_that_a_graph_needs,
    windows_of_minus_infinity,
    zeros_times_infinity,
    regions_with_infinity,
    gradients_that_batch_norm_cancels,
    adaptive_pooling_to_nothing,
    tensors_of_different_length,
    no_datasets_to_join,
    a_dataset_without_tensors,
    items_of_weight_0,
    bad_weights,
    strings_in_tuples,
    batches_off,
    loaders_of_no_dataset,
    a_thread_instead_of_processes,
    the_state_of_a_loader,
    loss_of_different_shapes,
    linear_with_one_output_and_no_axis_for_it,
    state_dict_is_a_copy,
    a_module_in_two_places,
    a_module_without_super,
    dropping_what_is_infinite,
    activations_of_integers,
    changing_the_input_in_place,
    lists_of_equal_modules,
    arrays_of_float64,
    arithmetic_with_masks,
    average_of_integers,
    class_numbers_of_any_integer,
    one_class_number_in_a_list,
    smoothing_below_zero,
    dtypes_of_class_weights,
    learning_class_weights,
    probabilities_of_other_dtypes,
    huber_of_two_dtypes,
    tensors_of_integers,
    shapes_are_tuples,
    results_changed_in_place,
    views_changed_in_place,
    backward_through_a_shared_part,
    assigning_part_of_a_tensor_to_itself,
    drawing_more_than_there_is,
    what_loading_returns,
    assignments_convert,
    comparing_two_dtypes,
    types_of_targets,
    strides_of_nothing,
    clamp_to_nothing,
    counting_steps,
    dtypes_without_a_kernel,
    slopes_at_nan,
    slices_backwards,
    indices_of_any_integer_dtype,
    ids_of_any_integer_dtype,
    ids_in_a_list,
    limited_rows,
    cosines_of_zeros_in_float16,
    products_of_two_dtypes,
    results_that_a_rule_kept,
    extremes_on_the_way,
    an_epsilon_of_float32,
    views_without_recording,
    ranges_the_wrong_way,
    numbers_for_tensors,
    floats_beyond_a_dtype,
    integers_beyond_a_dtype,
    negative_powers_of_integers,
    parts_changed_in_place,
    infinite_scores,
    slopes_of_gelu_far_out,
    dtypes_are_printed_short,
    softmax_with_a_dtype,
    transposing_without_axes,
    masks_without_axes,
    slopes_of_remainders,
    softmax_of_nothing,
    indices_into_nothing,
    infinite_gradients,
    gradients_of_a_diagonal,
    drawing_from_nothing,
    dims_of_a_number,
    numpy_under_no_grad,
    slopes_at_an_infinite_sum,
    integers_that_require_gradients,
    views_of_a_leaf,
    numbering_nan,
    steps_in_float16,
    slopes_of_infinite_products,
    numpy_numbers,
    gelu_of_numbers_below_zero,
    remainders_of_tiny_numbers,
    dims_in_a_tensor,
    dims_that_come_twice,
    inputs_that_a_rule_kept,
    powers_of_true,
    parts_of_expanded_tensors,
)

# Printed text that differs on purpose: PyTorch's -> ours, and why
TEXTS_THAT_DIFFER = {
    r"torch\.Size\(\[(\d+)\]\)": (r"(\1,)", "a shape is a plain tuple"),
    r"torch\.Size\(\[([\d, ]*)\]\)": (r"(\1)", "a shape is a plain tuple"),
    r"torch\.(?=[a-z])": ("", "a dtype is NumPy's, and prints as NumPy prints it"),
    r"dtype\('(\w+)'\)": (r"\1", "a dtype is NumPy's; the other form is in a list or dict"),
    r",\n +(?=[a-z])": (", ", "so lines break elsewhere, because torch.float64 is longer than float64"),
    r"(Mean|NllLoss|MseLoss)Backward0": ("DivBackward0", "a mean is a sum and a quotient here, and so are losses"),
    r"(Sum)Backward1": (r"\1Backward0", "PyTorch's sum along an axis is another function than the sum of everything"),
    r"(Select|Slice)Backward0": ("IndexBackward0", "all indexing is one op here"),
    r"\bConvolutionBackward0": ("Conv2DBackward0", "PyTorch has one function for convolutions of all numbers of axes"),
    r"MaxPool2DWithIndicesBackward0": ("MaxPool2DBackward0", "PyTorch's also returns where the maxima are"),
    r"\bNativeBatchNormBackward0": ("BatchNormBackward0", "PyTorch has one for each device"),
    r"(affine=\w+), bias=\w+": (r"\1", "affine is for both, see batch_norm_with_a_bias_alone"),
}


def in_our_words(text: str) -> str:
    """A text of either library, without the differences of TEXTS_THAT_DIFFER."""
    for theirs, (ours, _) in TEXTS_THAT_DIFFER.items():
        text = re.sub(theirs, ours, text)
    return text


# Single numbers at the edges that test_corners.py leaves out, because PyTorch's kernel for them depends on the processor
EDGES_THAT_DEPEND = {"exact gelu": (np.isinf, "one kernel for float32 gives nan at inf, the other inf")}

# Single numbers at the edges where the two differ on purpose: name of the program in test_corners.py -> (which, why)
NOT_A_NUMBER = "the slope of something that is not a number is nothing to be relied on"
EDGES_THAT_DIFFER = {
    "gelu": (lambda x: abs(x) > 1e4, "PyTorch cubes a huge number and then has no slope; here the slope is 0 or 1"),
    "abs": (np.isnan, NOT_A_NUMBER),
    "relu": (np.isnan, NOT_A_NUMBER),
    "maximum with a number": (np.isnan, NOT_A_NUMBER),
    "maximum": (lambda x, y: np.isnan(x) or np.isnan(y), NOT_A_NUMBER),
    "power 0.5": (
        lambda x: x == -np.inf or (x == 0 and np.signbit(x)),
        "PyTorch takes the square root instead, which has another sign at -0, and no slope at -inf",
    ),
    "binary_cross_entropy": (
        lambda x, y: np.isinf(x),
        "an infinite score: infinite or no number here, no number or infinite in PyTorch's formula",
    ),
}

# Public names that no case runs, and why
NOT_COMPARED = {
    "tinytorch.keep_memory": "PyTorch has no such option",
    "tinytorch.op": "PyTorch's ops are made in C++",
    "tinytorch.set_num_threads": "does nothing: NumPy's library has its own threads",
    "tinytorch.set_printoptions": "compared in test_text.py",
    "tinytorch.save": "a format of its own, without pickle",
    "tinytorch.load": "a format of its own, without pickle",
    "tinytorch.get_rng_state": "other random numbers; plain data instead of a tensor of bytes",
    "tinytorch.set_rng_state": "other random numbers; plain data instead of a tensor of bytes",
    "Tensor.apply": "the seam through which every op passes; PyTorch's is in C++",
    "Tensor.wrap": "how apply makes its result",
    "Tensor.set_recorder": "how module 05 joins module 01",
    "Tensor.set_engine": "how module 05 joins module 01",
    "Module.named_tensors": "parameters and buffers in one list; PyTorch has two",
    "Optimizer.update": "where a subclass says what it does; in PyTorch it overrides step",
    "Optimizer.scratch": "lends memory to update",
    "Activation.__init_subclass__": "runs when a class is made, which is on import",
    "LRScheduler.rate": "abstract: a group's rate after so many steps",
    **dict.fromkeys(
        (
            "CIFAR10._load",
            "Digits.__init__",
            "Digits._load",
            "MNIST._load",
            "SmallTalk.__init__",
            "TinyShakespeare.__init__",
            "_Images.__getitem__",
            "_Images.__getitems__",
            "_Images.__init__",
            "_Images.__len__",
            "_Images.__repr__",
            "_Images._check",
            "_Images._download",
            "_Images._read",
            "_Images.class_to_idx",
            "_Text.__getitem__",
            "_Text.__len__",
            "_Text.__repr__",
        ),
        "torchvision's data sets, which PyTorch does not bring: tests/tito/test_datasets.py has their tests",
    ),
    **dict.fromkeys(
        (
            "Compose.__call__",
            "Compose.__init__",
            "CropOptions.__init__",
            "CropOptions.padded",
            "CropOptions.random",
            "Normalize.__call__",
            "NormalizeOptions.__init__",
            "NormalizeOptions.check_channels",
            "RandomCrop.__call__",
            "RandomHorizontalFlip.__call__",
            "RandomHorizontalFlip.__init__",
            "ToTensor.__call__",
        ),
        "torchvision's: compared with its formulas in tests/modules",
    ),
    **dict.fromkeys(
        ("LoaderOptions.state_dict", "LoaderOptions.load_state_dict", "LoaderOptions.set_rng_states"),
        "PyTorch's loader has no state: tests/modules",
    ),
}


def has_extremes(tensor) -> bool:
    """Whether the square of one of these numbers overflows or underflows."""
    if not tensor.dtype.is_floating_point:
        return False
    info = np.finfo(str(tensor.dtype).removeprefix("torch."))
    sizes = np.abs(tensor.detach().numpy().astype(np.float64))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return bool(((sizes > np.sqrt(float(info.max))) | (sizes < np.sqrt(float(info.tiny)))).any())


def only_theirs_is_nan(m) -> bool:
    """Whether a result of PyTorch is not a number somewhere, and everywhere else the same as ours."""
    ours, theirs = m.ours.array, m.theirs.detach().numpy()
    nan = np.isnan(theirs)
    return bool(nan.any() and np.allclose(ours[~nan], theirs[~nan]))


def steepest(m) -> float:
    """How many times larger batch norm makes a difference of two numbers, in the channel where that is most."""
    x = m.x.detach().double()
    variances = x.transpose(0, 1).flatten(1).var(1, correction=0)
    weights = [w.abs().max().item() for w in m.tensors[1:] if w.numel()]
    return float((variances.min() + 1e-5) ** -0.5) * max([1.0, *weights])


def reads_what_it_writes(m) -> bool:
    """Whether a step in place also reads memory that it changes."""
    place, *read = (x.untyped_storage().data_ptr() for x in (m.theirs, *m.tensors[1:]))
    return place in read


def without_node(text: str) -> str:
    """A text in our words, without the name of a node."""
    return re.sub(r"grad_fn=<\w+>", "grad_fn=<>", in_our_words(text))


ACTIVATIONS = {"elu", "gelu", "leaky_relu", "log_softmax", "logsigmoid", "mish", "selu", "silu", "softmax", "softplus"}
PRODUCTS = {"matmul", "__matmul__", "mm", "bmm", "dot", "mv", "linear", "einsum"}
CONVOLUTIONS = {"conv2d", "Conv2d"}
ADAPTIVE = {"adaptive_avg_pool2d", "AdaptiveAvgPool2d"}
MAX_POOLS = {"max_pool2d", "MaxPool2d"}
BATCH_NORMS = {"batch_norm", "BatchNorm1d", "BatchNorm2d"}
SPATIAL = {*CONVOLUTIONS, *ADAPTIVE, *MAX_POOLS, *BATCH_NORMS, "avg_pool2d", "AvgPool2d"}
CLASS_LOSSES = {"cross_entropy", "nll_loss", "CrossEntropyLoss", "NLLLoss"}

# What the fuzzer (fuzz.py) leaves out: a difference of this file -> whether a mismatch is this one. A mismatch `m` has the op, the
# kind of difference, PyTorch's tensors before the step (m.x, m.tensors, m.dtypes, m.args, m.kwargs) and both results.
FUZZED = {
    unbatched_images: lambda m: (
        m.op in SPATIAL and m.kind == "ours refuses" and "it must be (N, C, H, W)" in str(m.ours)
    ),
    images_of_integers: lambda m: (
        m.op in SPATIAL and m.kind == "ours refuses" and "convert it with .float()" in str(m.ours)
    ),
    images_without_pixels: lambda m: m.op in SPATIAL and m.kind == "ours refuses" and 0 in m.x.shape[-3:],
    batch_norm_of_nothing: lambda m: m.op in BATCH_NORMS and m.kind == "ours refuses" and m.x.numel() == 0,
    batch_norm_of_two_dtypes: lambda m: m.op in BATCH_NORMS and m.kind == "ours refuses" and len(set(m.dtypes)) > 1,
    windows_of_minus_infinity: lambda m: (
        m.op in MAX_POOLS and m.kind == "gradient: value" and any(x.isneginf().any() for x in m.tensors)
    ),
    zeros_times_infinity: lambda m: (
        m.op in CONVOLUTIONS and "value" in m.kind and not all(x.isfinite().all() for x in m.tensors)
    ),
    regions_with_infinity: lambda m: m.op in ADAPTIVE and m.kind == "value" and not m.x.isfinite().all(),
    gradients_that_batch_norm_cancels: lambda m: (
        m.kind == "gradient: value"
        and m.op in BATCH_NORMS
        and np.abs(m.ours.array - m.theirs.numpy()).max() <= 64 * np.finfo(m.ours.dtype).eps * steepest(m)
    ),
    adaptive_pooling_to_nothing: lambda m: "output_size is 0:" in str(m.ours),
    loss_of_different_shapes: lambda m: (
        m.op.lower().replace("loss", "").strip("_") in ("mse", "l1", "smooth_l1", "smoothl1", "huber")
        and m.kind == "ours refuses"
        and m.tensors[0].shape != m.tensors[1].shape
    ),
    linear_with_one_output_and_no_axis_for_it: lambda m: m.op == "linear" and m.tensors[1].ndim < 2,
    dropping_what_is_infinite: lambda m: m.op.lower() == "dropout" and not m.x.isfinite().all(),
    activations_of_integers: lambda m: (
        m.kind == "PyTorch refuses" and m.op in ACTIVATIONS and not m.x.dtype.is_floating_point
    ),
    class_numbers_of_any_integer: lambda m: (
        m.op in CLASS_LOSSES
        and "PyTorch refuses" in m.kind
        and not m.tensors[1].dtype.is_floating_point
        and m.dtypes[1] != "int64"
    ),
    dtypes_of_class_weights: lambda m: (
        m.op in CLASS_LOSSES and m.kind == "PyTorch refuses" and m.dtypes[2] != m.dtypes[0]
    ),
    learning_class_weights: lambda m: (
        m.op in CLASS_LOSSES and "PyTorch refuses" in m.kind and m.tensors[2].requires_grad
    ),
    probabilities_of_other_dtypes: lambda m: (
        m.op in ("binary_cross_entropy", "BCELoss") and "PyTorch refuses" in m.kind and m.dtypes[0] != m.dtypes[1]
    ),
    huber_of_two_dtypes: lambda m: m.op in ("huber_loss", "HuberLoss") and m.dtypes[0] != m.dtypes[1],
    arithmetic_with_masks: lambda m: re.search(
        "operator, (with|on) (a|two) bool tensors? is not supported", str(m.theirs)
    ),
    average_of_integers: lambda m: (
        m.kind == "PyTorch refuses"
        and re.search("mean.*could not infer output dtype|std and var only support floating point", str(m.theirs))
    ),
    types_of_targets: lambda m: (
        m.op in ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss")
        and m.kind == "PyTorch refuses"
        and not m.tensors[1].dtype.is_floating_point
    ),
    strides_of_nothing: lambda m: m.op in ("stride", "is_contiguous") and (m.x.numel() == 0 or 1 in m.x.shape),
    clamp_to_nothing: lambda m: m.op == "clamp" and len(m.args) == 1 and not m.kwargs,
    dtypes_without_a_kernel: lambda m: (
        m.kind == "PyTorch refuses"
        and re.search("not implemented for|not supported for|does not support", str(m.theirs))
    ),
    slopes_at_nan: lambda m: (
        m.kind == "gradient: value"
        and (
            any(x.detach().isnan().any() for x in m.tensors)
            or ("pow" in m.op and only_theirs_is_nan(m))
            or (m.op in ("l1_loss", "L1Loss") and (m.tensors[0] - m.tensors[1]).isnan().any())
        )
    ),
    slices_backwards: lambda m: "step must be greater than zero" in str(m.theirs),
    indices_of_any_integer_dtype: lambda m: re.search(
        "tensors used as indices must be long|Expected dtype int32/int64 for index", str(m.theirs)
    ),
    ids_of_any_integer_dtype: lambda m: re.search(
        "argument #1 'indices' .* but got (torch.|CPU)(Byte|Char|Short)", str(m.theirs)
    ),
    cosines_of_zeros_in_float16: lambda m: (
        m.kind in ("value", "gradient: value")
        and m.op in ("cosine_similarity", "CosineSimilarity")
        and "float16" in m.dtypes
    ),
    products_of_two_dtypes: lambda m: (
        m.kind in ("PyTorch refuses", "dtype") and m.op in PRODUCTS and len(set(m.dtypes)) > 1
    ),
    # that no changed numbers are used where PyTorch refuses is tested in test_changed_arrays.py
    results_that_a_rule_kept: lambda m: (
        m.kind == "gradient: PyTorch refuses" and "modified by an inplace operation" in str(m.theirs)
    ),
    extremes_on_the_way: lambda m: (
        (m.kind == "gradient: value" or (m.kind == "value" and m.op in PRODUCTS | SPATIAL))
        and any(has_extremes(x) or (m.op in BATCH_NORMS and not x.isfinite().all()) for x in m.tensors)
    ),
    remainders_of_tiny_numbers: lambda m: m.op in ("__mod__", "__rmod__", "remainder") and only_theirs_is_nan(m),
    an_epsilon_of_float32: lambda m: (
        m.kind == "gradient: value"
        and m.op in ("binary_cross_entropy", "BCELoss")
        and "float64" in m.dtypes
        and np.allclose(m.ours.array, m.theirs.numpy(), rtol=1e-8)
    ),
    views_without_recording: lambda m: m.kind == "requires_grad" and m.step.no_grad and m.theirs.requires_grad,
    tensors_of_integers: lambda m: m.op == "Tensor" and m.kind == "dtype",
    arrays_of_float64: lambda m: (
        m.op in ("tensor", "Tensor", "full") and m.kind == "dtype" and any(isinstance(x, np.float64) for x in m.args)
    ),
    comparing_two_dtypes: lambda m: m.op == "allclose" and "did not match" in str(m.theirs),
    assignments_convert: lambda m: re.search(
        "Index put requires the source and dest|can't assign a numpy", str(m.theirs)
    ),
    ranges_the_wrong_way: lambda m: m.op == "arange" and "inconsistent with step sign" in str(m.theirs),
    numbers_for_tensors: lambda m: m.op in ("maximum", "minimum") and "must be Tensor, not" in str(m.theirs),
    floats_beyond_a_dtype: lambda m: (
        re.search("cannot be converted to type .* without overflow", str(m.theirs))
        or ("value" in m.kind and m.dtypes[0] == "float16" and abs(m.args[1]) > 65504)
    ),
    integers_beyond_a_dtype: lambda m: (
        (m.kind == "ours refuses" and "out of bounds for" in str(m.ours))
        or (m.kind == "value" and m.op in ("to", "type") and m.theirs.abs().max() < m.x.abs().max())
    ),
    negative_powers_of_integers: lambda m: "Integers to negative integer powers" in f"{m.ours} {m.theirs}",
    parts_changed_in_place: lambda m: re.search(
        "Output .* is a view and .* (its base|inplace)|A view was created in no_grad mode", str(m.theirs)
    ),
    infinite_scores: lambda m: (
        m.op in ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss") and m.x.isinf().any() and "value" in m.kind
    ),
    slopes_of_gelu_far_out: lambda m: (
        re.search("gelu|GELU", m.op) and m.kind == "gradient: value" and only_theirs_is_nan(m)
    ),
    dtypes_are_printed_short: lambda m: m.kind == "text" and without_node(m.ours) == without_node(m.theirs),
    softmax_with_a_dtype: lambda m: (
        m.kind == "ours refuses" and "argument 'dtype'" in str(m.ours) and "softmax" in m.op
    ),
    transposing_without_axes: lambda m: m.kind == "ours refuses" and m.op == "transpose" and m.x.ndim == 0,
    slopes_of_remainders: lambda m: "derivative for aten::remainder is not implemented" in str(m.theirs),
    softmax_of_nothing: lambda m: "softmax" in m.op.lower() and m.x.numel() == 0 and m.kind == "ours refuses",
    indices_into_nothing: lambda m: (
        m.op in ("__getitem__", "__setitem__") and "out of bounds for axis" in str(m.ours) and m.theirs.numel() == 0
    ),
    infinite_gradients: lambda m: (
        m.kind == "gradient: value"
        and re.search("max|min|abs|norm|[dD]ropout|clamp|where|[lL]1|[hH]uber", m.op)
        and (
            (m.ours.array == m.theirs.numpy())
            | (np.isnan(m.theirs.numpy()) & ((m.ours.array == 0) | np.isnan(m.ours.array)))
        ).all()
    ),
    gradients_of_a_diagonal: lambda m: m.op == "einsum" and "appeared more than once in the output" in str(m.ours),
    drawing_more_than_there_is: lambda m: "Fewer non-zero entries in p than size" in str(m.ours),
    drawing_from_nothing: lambda m: m.op == "randint" and "to be less than 'to'" in str(m.theirs) and 0 in m.ours.shape,
    dims_of_a_number: lambda m: (
        m.kind == "PyTorch refuses" and m.x.ndim == 0 and "Dimension out of range" in str(m.theirs)
    ),
    numpy_under_no_grad: lambda m: m.op in ("numpy", "__array__") and m.kind == "ours refuses" and m.step.no_grad,
    slopes_at_an_infinite_sum: lambda m: m.kind == "gradient: value" and m.op == "logsumexp" and m.x.isinf().any(),
    views_changed_in_place: lambda m: (
        m.kind.startswith("memory")
        and (m.theirs.requires_grad and m.theirs._is_view() or re.search("detach|data", f"{m.op} {m.detail}"))
    ),
    assigning_part_of_a_tensor_to_itself: lambda m: (
        "some elements of the input tensor and the written-to tensor refer" in str(m.theirs)
        or (m.kind == "value" and m.step.in_place and reads_what_it_writes(m))
    ),
    integers_that_require_gradients: lambda m: (
        m.kind == "requires_grad" and m.theirs.requires_grad and not m.theirs.dtype.is_floating_point
    ),
    views_of_a_leaf: lambda m: "a view of a leaf Variable that requires grad" in str(m.theirs) and not m.ours._view_of,
    numbering_nan: lambda m: m.op == "unique" and m.x.isnan().any() and m.kwargs.get("return_inverse"),
    steps_in_float16: lambda m: (
        "value" in m.kind
        and "float16" in (*m.dtypes, str(m.kwargs.get("dtype")).removeprefix("torch."), m.ours.array.dtype)
        and np.allclose(m.ours.array, m.theirs.detach().numpy(), rtol=0.05, atol=0.01, equal_nan=True)
    ),
    slopes_of_infinite_products: lambda m: m.kind == "gradient: value" and "prod" in m.op and only_theirs_is_nan(m),
    numpy_numbers: lambda m: m.kind == "PyTorch refuses" and "object cannot be interpreted as an inte" in str(m.theirs),
    gelu_of_numbers_below_zero: lambda m: (
        m.op in ("gelu", "GELU")
        and "value" in m.kind
        and np.allclose(m.ours.array, m.theirs.detach().numpy(), atol=1e-15)
    ),
    dims_in_a_tensor: lambda m: (
        len(m.tensors) > 1 and re.search("invalid combination of arguments|must be int, not Tensor", str(m.theirs))
    ),
    dims_that_come_twice: lambda m: m.op == "squeeze" and "appears multiple times" in str(m.theirs),
    inputs_that_a_rule_kept: lambda m: (
        m.kind == "gradient: ours refuses"
        and "CrossEntropyTermsBackward0> needs an array that has changed" in str(m.ours)
    ),
    powers_of_true: lambda m: "INTERNAL ASSERT FAILED" in str(m.theirs) and "Scalar.cpp" in str(m.theirs),
    parts_of_expanded_tensors: lambda m: m.kind == "ours refuses" and "destination is read-only" in str(m.ours),
    masks_without_axes: lambda m: (
        m.op in ("__getitem__", "__setitem__") and isinstance(m.args[1], list) and any(x is True for x in m.args[1])
    ),
}

# Names that the fuzzer does not run, and why
NOT_FUZZED = {
    name: why
    for why, names in {
        "has no counterpart in PyTorch": "torch.op torch.names_of F.names_of nn.names_of Tensor.apply Tensor.wrap Tensor.array "
        "Tensor.set_recorder Tensor.set_engine Tensor.recorder Tensor.engine Tensor.increment_version Tensor.axes Tensor.hooks Tensor.view_of Tensor.become Tensor.cuda",
        "is an old type, made as FloatTensor is": "torch.DoubleTensor torch.IntTensor torch.ByteTensor torch.BoolTensor",
        "is in every program": "torch.no_grad Tensor.backward",
        "PyTorch has no such option": "torch.keep_memory",
        "writes and reads files: tests/modules": "torch.save torch.load",
        "other random numbers": "torch.manual_seed torch.get_rng_state torch.set_rng_state torch.Generator "
        "torch.default_generator torch.seed torch.initial_seed",
        "has a state: run in cases_layers.py and cases_optimizers.py": "nn.Linear nn.Module nn.Parameter nn.Sequential "
        "nn.ModuleList nn.ModuleDict nn.Buffer",
        "is a dtype": "torch.bool torch.uint8 torch.int8 torch.int16 torch.short torch.int torch.int32 torch.int64 torch.long "
        "torch.half torch.float16 torch.float torch.float32 torch.double torch.float64 torch.dtype",
        "does nothing": "torch.set_num_threads",
        "is run by scripts.py": "torch.device torch.inference_mode torch.enable_grad torch.set_grad_enabled "
        "torch.is_grad_enabled torch.set_printoptions torch.Size Tensor.retain_grad Tensor.register_hook",
    }.items()
    for name in names.split()
}
