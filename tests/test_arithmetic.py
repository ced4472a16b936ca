r"""The arithmetic in the prose is right: what a page works out is computed here again, and must stand on the page.

`CLAIMS` has, for each page, fragments of its prose with their numbers computed: the ingredients are typed, the results
are not. `GIVEN` has what cannot be computed, because a calculation begins with it or because it is a fact. Who writes
another number into the prose adds the fragment that it stands in to the one, or, if there is nothing to compute, to the
other.
"""

import ast
import math
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.activations import leaky_relu, log_softmax, relu, softmax
from tinytorch.layers import linear
from tinytorch.losses import cross_entropy, l1_loss, mse_loss
from tinytorch.machine import matmul_flops
from tinytorch.tensor import sum_to_shape
from tinytorch.text import BYTES, LinkedIds, Vocabulary
from tinytorch.tokenization import count_pairs, encode_word, learn_merges, merge
from tito.assignments.run import CELL_SECONDS, TOTAL_SECONDS
from tito.files import read
from tito.notebook import parse

ROOT = Path(__file__).parents[1]
PAGES = {path.stem: path for path in sorted([*ROOT.glob("notebooks/[0-9]*.py"), *ROOT.glob("book/*.md")])}
FENCE = re.compile(r"^ *(```+)(\{)?[^\n]*\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)
# Not what is part of a name, such as float32 or x_1. 10,000 and 10\,000 and 10 000 are one number, and so is 10^{-6}.
NUMBER = re.compile(r"(?<![\w.])\d+(?:(?:,|\\,| )\d{3}(?!\d))*(?:\.\d+)?(?:e[+-]?\d+)?(?:\^\{?-?\d+)?")
# Whole numbers of one or two digits are mostly names, counts and shapes: to ask each for its reason costs too much.
NEEDS_A_REASON = re.compile(r"[.,\\^e ]|\d{3}")


# Writing numbers as the pages do

WORD = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
LARGE = {10**3: "thousand", 10**6: "million", 10**9: "billion"}


def thin(number, space=r"\,"):
    """A whole number with a space in the place of its commas."""
    return f"{number:,}".replace(",", space)


def power_of_ten(x, digits=1):
    r"""A small or large number, as in 1.4 \cdot 10^{-45}."""
    factor, exponent = f"{x:.{digits}e}".split("e")
    return rf"{factor} \cdot 10^{{{int(exponent)}}}"


def numbers(values, spec="g", between=", "):
    return between.join(f"{value + 0.0:{spec}}" for value in values)  # + 0.0 makes 0 of -0


def vector(values, spec="g"):
    return f"({numbers(values, spec)})"


def matrix(rows, spec="g"):
    lines = r" \\ ".join(numbers(row, spec, " & ") for row in rows)
    return rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}"


def row(*cells):
    return f"| {' | '.join(map(str, cells))} |"


CLAIMS = {}

# 00: what a small product counts, six calls of a function, a machine with round numbers

running_sum = [("multiply 1 by 3", 0), ("add it", 1 * 3), ("multiply 2 by 4", 1 * 3), ("add it", 1 * 3 + 2 * 4)]
ms = [40.0, 2.1, 2.0, 9.6, 2.2, 2.1]
warm = sorted(ms[1:])
billions = WORD[round(matmul_flops(1024, 1024, 1024) / 1e9)]
mebibytes = 1024 * 1024 * 4 / 2**20

CLAIMS["00_setup"] = [
    rf"1 \cdot 3 + 2 \cdot 4 = {1 * 3 + 2 * 4}$$",
    *(row(*step, count) for count, step in enumerate(running_sum, 1)),
    row("ms", *ms),
    f"the {WORD[len(warm)]} warm calls is ${sum(warm):.1f} / {len(warm)} = {mean(warm):.1f}$ ms",
    f"Sort them, {numbers(warm[:2], '.1f')}, **{warm[2]}**, {numbers(warm[3:], '.1f')},",
    f"the **median** is {median(warm)} ms",
    f"a single float32, {np.float32().nbytes} bytes",
    f"two 1024 x 1024 matrices is {billions} billion operations on three matrices of {mebibytes:.0f} MiB",
    f"The product does {billions} billion operations on three matrices of {mebibytes:.0f} MiB.",
    row("product", "2.0e9 operations", "0.020 s", f"{2.0e9 / 0.020 / 1e9:.0f} GFLOP/s, $10^9$ operations a second"),
    row("copy", "1.0e8 bytes", "0.005 s", f"{1.0e8 / 0.005 / 1e9:.0f} GB/s, $10^9$ bytes a second"),
    f"Take the machine of the example: {2.0e9 / 0.020 / 1e9:.0f} GFLOP/s, {1.0e8 / 0.005 / 1e9:.0f} GB/s.",
    f"${3 * np.float32().nbytes} n^2$ in float32",
]

# 01: strides in elements are those of NumPy in bytes, where an element has one byte

memory = np.arange(10, 22, dtype=np.int8).reshape(3, 4)
s0, s1 = memory.strides
views = {"x": memory, "x[1:3]": memory[1:3], "x[:, ::2]": memory[:, ::2], "x[::-1]": memory[::-1]}
uses = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])


def note_of(view):
    return view.ctypes.data - memory.ctypes.data, view.shape, view.strides, numbers(view[0])


CLAIMS["01_tensor"] = [
    f"{math.floor(math.log10(2**24))} decimal digits are plenty",
    rf"= 1 \cdot {s0} + 2 \cdot {s1} = {np.arange(12).reshape(3, 4)[1, 2]}$$",
    f"A shape of $(2, 3, 4)$ has strides ${np.empty((2, 3, 4), dtype=np.int8).strides}$.",
    f"offset 0, shape ${memory.shape}$, strides ${memory.strides}$",
    *(row(f"`{text}`", *note_of(view)) for text, view in views.items()),
    row("a + b", *(f"**{size}**" for size in np.broadcast_shapes((8, 1, 6), (7, 1)))),
    rf"{matrix(uses)} \;\to\; {vector(sum_to_shape(uses, (3,)))}",
    rf"1 \cdot 3 + 2 \cdot 4 = {1 * 3 + 2 * 4}$$",
    row("keep float32, wrap", f"`{Tensor([1.0, 2.0]) * 3}`"),
    f"The mean of $(1, 3, 5, 7)$ is ${sum([1, 3, 5, 7])} / {len([1, 3, 5, 7])}$",
    f"Here are 1797 handwritten digits, 8 by 8 pixels each, so {8 * 8} numbers from 0 to 16.",
    f"Two points, $(1, 1)$ and $(3, 1)$, have the mean ${vector(np.mean([(1, 1), (3, 1)], axis=0))}$.",
    f"The point $(2, 3)$ is $0^2 + 2^2 = {(2 - 2) ** 2 + (3 - 1) ** 2}$ away from it.",
    f"cache lines** of 64 bytes, {64 // np.float32().nbytes} float32 at a time",
    f"with a stride of {64 // 4} it uses {np.float32().nbytes} of 64",
    f"after 1000 examples, and after 20, {WORD[20 // 10]} of each digit. You test it on {1797 - 1000} others",
]

# 02: two layers in one, XOR, and where float32 ends

x, w1, w2 = np.array([1, 1]), np.array([[1, 3], [2, 4]]), np.array([[1, 0], [-1, 2]])
corners = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
hidden = corners @ np.array([[1, 1], [1, 1]]) + np.array([0, -1])
bent, straight = relu(hidden) @ np.array([1, -2]), hidden @ np.array([1, -2])
scores = [2.0, 1.0, 0.1]
shares, logs = softmax(np.array(scores)), log_softmax(np.array(scores))
largest, smallest = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal
far = np.array([0.0, -200.0])
with np.errstate(over="ignore", divide="ignore"):
    lost = np.log(softmax(far.astype(np.float32)))
    too_much = np.exp(1000.0)


def sigmoid(x):
    """In float64: exact enough for what stands on a page."""
    return 1 / (1 + math.exp(-x))


def sigmoid_in_float32(x):
    """Its two forms, as they stand; exponentials rounded only once, so that every processor gets the same."""
    with np.errstate(over="ignore", invalid="ignore"):
        up, down = np.float32(math.exp(x)), np.float32(math.exp(-x))
        return 1 / (1 + down), up / (1 + up)


def gelu_row(x, digits):
    root, cubic = math.sqrt(2 / math.pi), x + 0.044715 * x**3
    product = f"{root:.3f} · {cubic:.{digits}f} = " if x > 0 else ""
    gelu, exact = x / 2 * (1 + math.tanh(root * cubic)), x / 2 * (1 + math.erf(x / math.sqrt(2)))
    results = f"{math.tanh(root * cubic):.3f}", f"{gelu:.{digits}f}", f"{exact:.{digits}f}"
    return row(x, f"{product}{root * cubic:.3f}", *results)


CLAIMS["02_activations"] = [
    rf"W_1 = {matrix(w1)} \quad W_2 = {matrix(w2)}",
    rf"x W_1 = {vector(x @ w1)} \qquad (x W_1) W_2 = (3 - 7,\; 2 \cdot 7) = {vector(x @ w1 @ w2)}",
    rf"W_1 W_2 = {matrix(w1 @ w2)} \qquad x (W_1 W_2) = {vector(x @ (w1 @ w2))}",
    f"of $(3, -7)$ it leaves ${vector(relu(np.array([3, -7])))}$",
    *(
        row(vector(corner), vector(before), vector(relu(before)), f"**{output}**", without)
        for corner, before, output, without in zip(corners, hidden, bent, straight, strict=True)
    ),
    f"${straight[0]} + {straight[3]} = {straight[1]} + {straight[2]}$",
    f"move it from -3 to -2.9, and the output stays {relu(np.array([-3, -2.9])).max():g}",
    f"PyTorch's 0.01, -3 becomes {leaky_relu(np.array(-3.0)):.2f} and -2.9 becomes {leaky_relu(np.array(-2.9)):.3f}",
    rf"\frac{{1}}{{1 + {math.exp(-2):.3f}}} = \frac{{{math.exp(2):.2f}}}{{1 + {math.exp(2):.2f}}} = {sigmoid(2):.3f}$$",
    rf"${power_of_ten(largest)} = e^{{{math.log(largest):.1f}}}$",
    row(
        100,
        f"{sigmoid_in_float32(100)[0]:.0f}",
        f"inf / inf = **{sigmoid_in_float32(100)[1]}**",
        rf"$1 - {power_of_ten(sigmoid(-100), 0)}$",
    ),
    row(
        -100,
        f"1 / inf = **{sigmoid_in_float32(-100)[0]:.0f}**, and a warning",
        f"${power_of_ten(sigmoid_in_float32(-100)[1])}$",
        f"${power_of_ten(sigmoid(-100))}$",
    ),
    f"which should be {math.log(sigmoid(-100)):.0f} and is",
    rf"1 to $2 \cdot {sigmoid(2):.4f} - 1 = {math.tanh(1):.4f}$",
    gelu_row(1, 4),
    gelu_row(-1, 4),
    gelu_row(3, 3),
    rf"$\tanh(10)$ differs from 1 by ${power_of_ten(1 - math.tanh(10), 0)}$",
    f"a float32 has {math.floor(math.log10(2**24))} digits",
    f"three scores, `{scores}`",
    *(row(s, f"{math.exp(s):.2f}", f"{share:.2f}") for s, share in zip(scores, shares, strict=True)),
    f"A score of 1000 is not absurd for an untrained network, and $e^{{1000}}$ is `{too_much}`",
    f"Take the scores ${vector(far)}$:",
    row(
        -200,
        f"${power_of_ten(math.exp(-200))}$",
        f"**{softmax(far.astype(np.float32))[1]:g}**",
        f"**{lost[1]}**",
        f"{log_softmax(far)[1]:g}",
    ),
    f"The smallest positive float32 is ${power_of_ten(smallest)}$",
    f"For the scores $(2, 1, 0.1)$ you should get ${vector(logs, '.3f')}$",
    f"lowered by the same {math.log(sum(map(math.exp, scores))):.3f}.",
    "made of {:.2f}, {:.2f} and {:.2f}?".format(*map(math.exp, scores)),
    f"on {thin(256 * 1000, ' ')} numbers",
]

# 03: first weights, a linear layer, what dropout does to a row, bytes

fan_in = 256
weight, bias = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([0.0, 0.0, 10.0])
small_size = 32 * 64 + 32
dropped_from = np.array([2, 4, 6, 8])


def share_kept(a):
    return (1 + a**2) / 2


def survivors(*mask, p=0.5):
    kept = dropped_from * np.array(mask) / (1 - p)
    return row("in training", numbers(kept, between=" | "), f"{kept.sum():g}")


CLAIMS["03_layers"] = [
    f"Take $n = {fan_in}$, ten layers, and inputs of size 1:",
    row(1, fan_in, rf"$\sqrt{{{fan_in}^{{10}}}} \approx {thin(round(fan_in**5, -11))}$"),
    row(0.001, fan_in * 0.001, rf"$\sqrt{{{fan_in * 0.001}^{{10}}}} \approx {(fan_in * 0.001) ** 5:.3f}$"),
    row(f"1 / {fan_in}", f"{fan_in / fan_in:g}", f"{(fan_in / fan_in) ** 5:g}"),
    f"for $b = 0.3$ that is {0.3**2 / 3:g}.",
    rf"Ten such layers leave $1 / 2^{{10}}$, a {LARGE[round(2**10, -3)]}th",
    rf"a = 0:\; {share_kept(0)} \qquad a = 0.5:\; \frac{{1 + {0.5**2}}}{{2}} = {share_kept(0.5)} "
    rf"\qquad a = 1:\; {share_kept(1):g}$$",
    rf"{matrix([[1, 2]])} {matrix(weight.T)} + {matrix([bias])} = "
    rf"{matrix(linear(np.array([[1.0, 2.0]]), weight, bias))}",
    rf"$$(2, 3, 4) \;\to\; ({2 * 3}, 4) \;\to\; ({2 * 3}, 5) \;\to\; (2, 3, 5)$$",
    row("`x`", *dropped_from, dropped_from.sum()),
    survivors(1, 0, 0, 1),
    survivors(0, 1, 0, 1),
    row("at inference", *dropped_from, dropped_from.sum()),
    f"With $p = 0.75$ one in {WORD[round(1 / (1 - 0.75))]} survives, "
    f"and must count {WORD[round(1 / (1 - 0.75))]} times.",
    rf"a weight of $32 \cdot 64 = {32 * 64}$ numbers and a bias of 32, together {small_size}, "
    f"or {small_size * 4} bytes in float32",
    f"$(1 + 5) / 2 = {share_kept(math.sqrt(5)):g}$",
    # a variance of 1 / (3 fan-in), where relu needs 2 / fan-in
    rf"a factor of $\sqrt{{1/6}} \approx {math.sqrt(1 / 3 / 2):.1f}$",
    f"256 sentences of 16 words, 256 numbers each, to 256 outputs: input and output are {256 * 16 * 256 * 4 >> 20} MiB "
    "each. One way lets NumPy do 256 small products",
    "In the third line the input is a *view*, `(16, 256, 256)` with two axes swapped",
    rf"All three do the same $2 \cdot {256 * 16} \cdot 256 \cdot 256$ operations. "
    "The small products read the weight again, 256 times",
    f"its {256 * 16 * 256 * 4 >> 20} MiB appear in the memory column",
]

# 04: what a row of scores costs, and what float32 holds near 0 and near 1

says, true = np.array([2.0, 5.0]), np.array([3.0, 1.0])
column, target = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 3.0])
eps = np.finfo(np.float32).eps
# the bits of positive floats, read as whole numbers, count them
below, all_of_them = (int(np.float32(end).view(np.uint32)) for end in (6e-8, 1))
many = 8 * 1024 * 50257


def saturated_row(x):
    p = sigmoid_in_float32(x)[0]
    cost = f"{-math.log(1 - float(p)):.5f}" if p < 1 else "**inf**"
    return row(x, f"{p:.7g}", cost, f"{math.log1p(math.exp(x)):.5f}")


CLAIMS["04_losses"] = [
    rf"\text{{MSE}} = \frac{{1}}{{2}}(1 + 16) = {mse_loss(Tensor(says), Tensor(true)).item()}$",
    rf"{matrix(column)} - {matrix([target])} = {matrix(column - target)} \qquad \text{{mean square: }} "
    rf"\frac{{{((column - target) ** 2).sum():g}}}{{9}} = {((column - target) ** 2).mean():.2f}$$",
    f"answers 2 to everything gets ${3 * ((2 - target) ** 2).sum():g} / 9 = {((2 - target) ** 2).mean():.2f}$, *less*",
    f"$|-1|$ and $|4|$ have the mean {l1_loss(Tensor(says), Tensor(true)).item()}.",
    f"For 1797 images and $p = 0.1$ it is $10^{{{round(1797 * math.log10(0.1))}}}$",
    *(row(p, 1 - p, f"{-math.log(p):.3f}") for p in (0.5, 0.1, 0.001)),
    f"being sure and wrong is {WORD[round(math.log(0.001) / math.log(0.1))]} times as bad as guessing",
    f"log-softmax of $(2, 1, 0.1)$: ${vector(logs, '.3f')}$. If class 0 is right, the loss is {-logs[0]:.3f}; "
    f"if class 2 is, it is {-logs[2]:.3f}.",
    rf"It has {round(1 - math.log2(eps))} significant bits, and the point floats: the number after 1 is "
    rf"$1 + {power_of_ten(eps)}$, the number after 0 is ${power_of_ten(smallest)}$.",
    rf"{100 * below / all_of_them:.0f} % are smaller than $6 \cdot 10^{{-8}}$",
    saturated_row(16),
    saturated_row(17),
    f"overflows from {math.ceil(math.log(largest))} on",
    rf"the 1 swallows $e^{{-20}} = {power_of_ten(math.exp(-20), 0)}$",
    f"4096 rows of 1000 scores, {4096 * 1000 * 4 / 2**20:.0f} MiB.",
    f"The first way takes {WORD[round(4096 * 1000 / 1e6)]} million logarithms where {4096 * 1000 // 1000} would do.",
    f"8 texts of 1024 tokens, with {thin(50257, ' ')} classes, are {many / 1e6:.0f} million scores, "
    f"{many * 4 / 1e9:.1f} GB",
    rf"$\log 10 = {math.log(10):.3f}$",
    f"an initial loss far above {math.log(10):.3f} means",
    f"A guess among ten costs {math.log(10):.3f},",
]

# 05: slopes by central differences, and by rule

network = (784, 256, 128, 10)
network_size = sum(inputs * outputs + outputs for inputs, outputs in pairwise(network))
h = 0.001
by_rows, picked_from = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([7.0, 8.0, 9.0])
left, right = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]])
p = np.array([0.5, 0.3, 0.2])
jacobian = np.diag(p) - np.outer(p, p)


def gradients(f, *arrays, upstream=1.0):
    """What `backward` finds: an array for each of `arrays`."""
    leaves = [Tensor(array, requires_grad=True) for array in arrays]
    f(*leaves).backward(Tensor(upstream))
    return [leaf.grad.numpy() for leaf in leaves]


def chain(a=2, b=3, c=4):
    """The three results of section 2: p, s and L."""
    return a * b, a * b + c, (a * b + c) * 5


loss = chain()[2]
(row_gradient,) = gradients(lambda x: x.sum(dim=1), by_rows, upstream=[10.0, 20.0])
(pick_gradient,) = gradients(lambda x: x[np.array([2, 0, 2])], picked_from, upstream=[1.0, 10.0, 100.0])
a11, a12 = gradients(lambda a: a @ Tensor(right), left, upstream=[[10.0, 1.0]])[0][0]
(class_gradient,) = gradients(lambda x: cross_entropy(x, Tensor([0])), np.log(p)[None])

CLAIMS["05_autograd"] = [
    f"The network from module 03 has {network_size:,} parameters",
    f"Take a step of {h} in each direction:",
    rf"\frac{{f({3 + h}) - f({3 - h})}}{{{2 * h}}} = \frac{{{(3 + h) ** 2:.6f} - {(3 - h) ** 2:.6f}}}{{{2 * h}}} = "
    f"{((3 + h) ** 2 - (3 - h) ** 2) / (2 * h):g}$$",
    f"at $(3, 5)$: moving $a$ by {h} moves $f$ by {(3 + h) * 5 - 3 * 5:.3f}, and moving $b$ by {h} moves it by "
    f"{3 * (5 + h) - 3 * 5:.3f}. The gradient is ${vector(gradients(lambda x: x[0] * x[1], [3.0, 5.0])[0])}$.",
    # where the error of curvature, step^2, equals that of rounding, eps / step
    f"near $10^{{{round(math.log10(np.finfo(np.float64).eps) / 3)}}}$",
    f"make {2 * network_size:,} passes for *one* step of our network: at a millisecond each, "
    f"{WORD[round(2 * network_size * 0.001 / 60)]} minutes",
    rf"Take $a = 2$, $b = 3$, $c = 4$ and $L = (a b + c) \cdot 5$, so $L = {loss}$. "
    f"Call $p = a b = {chain()[0]}$ and $s = p + c = {chain()[1]}$",
    row("$s$", (10 + 1) * 5 - loss, "$L = 5 s$"),
    row("$p$", (6 + 1 + 4) * 5 - loss, "$s$ moves as much as $p$ does"),
    row("$c$", chain(c=5)[2] - loss, "$s$ moves as much as $c$ does"),
    row("$a$", chain(a=3)[2] - loss, f"$p$ moves {chain(a=3)[0] - 6} times as much as $a$ does"),
    row("$b$", chain(b=4)[2] - loss, f"$p$ moves {chain(b=4)[0] - 6} times as much as $b$ does"),
    f"is ${vector(gradients(lambda x: x.sum(), np.ones(3), upstream=5.0)[0])}$",
    rf"{matrix(by_rows)} \qquad \text{{sum, axis 1: }} {vector(by_rows.sum(axis=1))} \qquad "
    rf"\text{{grad }} (10, 20) \;\to\; {matrix(row_gradient)}",
    f"From $x = {vector(picked_from)}$ the index `[2, 0, 2]` picks ${vector(picked_from[[2, 0, 2]])}$.",
    f"with the upstream gradient $(1, 10, 100)$ the gradient of $x$ is ${vector(pick_gradient)}$.",
    rf"A = {matrix(left)} \quad B = {matrix(right)} \quad G = {matrix([[10, 1]])}: \qquad "
    rf"A_{{11}} \text{{ gets }} 10 \cdot 3 + 1 \cdot 4 = {a11:g}, \quad "
    rf"A_{{12}} \text{{ gets }} 10 \cdot 5 + 1 \cdot 6 = {a12:g}$$",
    rf"\qquad p = (0.5, 0.3, 0.2): \quad {matrix(jacobian, '.2f')}$$",
    f"that is the first row, ${vector(jacobian.T @ [1, 0, 0], '.2f')}$.",
    f"But for 50,000 words the matrix would take {50_000**2 * 4 / 1e9:.0f} GB.",
    f"For the probabilities $(0.5, 0.3, 0.2)$ and the target class 0, the gradient is ${vector(class_gradient[0])}$",
    rf"thirty times $x + x$ has $2^{{30}}$ paths, a {LARGE[round(2**30, -9)]},",
    f"Sixteen layers of 256 neurons with ReLU, 1024 rows: each layer makes two results of "
    f"{1024 * 256 * 4 / 2**20:g} MiB, one from `linear` and one from `relu`, "
    f"{16 * 2 * 1024 * 256 * 4 >> 20} MiB in all.",
    f"So about {16 * 1024 * 256 * 4 >> 20} MiB stay, not {16 * 2 * 1024 * 256 * 4 >> 20}",
]

# 06: sequences of steps, each from its formula

rates = [0.01, 0.05, 0.09, 0.1, 0.11]
factors = [1 - 20 * rate for rate in rates]
ratios = [(1 - 0.9**t) / math.sqrt(1 - 0.999**t) for t in range(1, 1001)]
top = ratios.index(max(ratios))


def speeds(gradients, momentum):
    speed = 0.0
    for gradient in gradients:
        speed = momentum * speed + gradient
        yield speed


def weight_after(size, penalty, decay, rate=0.001, steps=1000, b1=0.9, b2=0.999):
    """Where Adam, written as its formulas stand, leaves a weight of 1 whose gradients are -size and +size in turn."""
    x, m, v = 1.0, 0.0, 0.0
    for t in range(1, steps + 1):
        g = size * (-1) ** t + penalty * x
        x -= rate * decay * x
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        x -= rate * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + 1e-8)
    return f"{x:.2f}"


CLAIMS["06_optimizers"] = [
    row(r"$\eta$, for $c = 20$", *rates),
    row(r"factor $1 - \eta c$", numbers(factors, between=" | ")),
    row("after 20 steps, from $x = 1$", numbers((f**20 for f in factors), ".2g", " | ")),
    rf"with $\eta < {2 / 20}$, a direction with $c = 1$ must live with factors above {1 - 2 / 20 * 1}.",
    rf"With $\mu = 0.5$, $d = 0$ and gradients 2, 2, -2 the speed is {numbers(speeds([2, 2, -2], 0.5))}: what agrees",
    rf"{WORD[round(1 / (1 - 0.9))]} times $g$ for $\mu = 0.9$",
    rf"with $\beta = (0.9, 0.999)$ and $g = 100$, they are "
    rf"$m = {(1 - 0.9) * 100:g}$ and $v = {(1 - 0.999) * 100**2:g}$",
    rf"$\hat m = {(1 - 0.9) * 100 / (1 - 0.9):g}$, $\hat v = {thin(round((1 - 0.999) * 100**2 / (1 - 0.999)))}$, "
    rf"and the step is $\eta \cdot 100 / {math.sqrt(100**2):g} = \eta$. With $g = 0.001$ it is also $\eta$:",
    rf"= {1 - 0.9:g} / \sqrt{{{1 - 0.999:g}}} = \sqrt{{{(1 - 0.9) ** 2 / (1 - 0.999):g}}} \approx {ratios[0]:.2f}$",
    f"the ratio grows to {ratios[top]:.2f} at step {top + 1}, and is still {ratios[999]:.2f} at step 1000.",
    rf"after 1000 steps with $\eta = 0.001$, $\lambda = 0.1$ "
    rf"(${1 - 0.001 * 0.1}^{{1000}} = {(1 - 0.001 * 0.1) ** 1000:.3f}$)",
    row(r"gradients $\pm 10$", r"gradients $\pm 0.01$"),
    row("Adam with an L2 penalty", weight_after(10, 0.1, 0), weight_after(0.01, 0.1, 0)),
    row("AdamW", weight_after(10, 0, 0.1), weight_after(0.01, 0, 0.1)),
    row("cosine from 0.1 to 0", *(f"{round(0.05 * (1 + math.cos(t * math.pi / 10)), 4):g}" for t in (0, 1, 5, 9, 10))),
    f"A network {'-'.join(map(str, network))} has {network_size:,} parameters, {network_size * 4 / 2**20:.2f} MiB.",
    f"Twelve passes against two should make Adam {WORD[12 // 2]} times as slow as SGD.",
    f"For a model of 7 billion parameters, Adam's state alone is {7 * 2 * 4} GB in float32",
]

# 07: pieces of a batch, one factor for all gradients, and when to stop

row_gradients = [2 * x**2 for x in (1, 2, 3)]
first_piece, second_piece = mean(row_gradients[:2]), mean(row_gradients[2:])
length = math.sqrt(3**2 + 4**2 + 12**2)
validation = [0.90, 0.60, 0.50, 0.55, 0.49, 0.52, 0.51]


def since_best(losses):
    """After each epoch, how many epochs there were without a new best one."""
    return [len(seen) - 1 - seen.index(min(seen)) for seen in (losses[: n + 1] for n in range(len(losses)))]


waited = since_best(validation)
with np.errstate(over="ignore"):
    square = np.float32(1e30) ** 2

CLAIMS["07_training"] = [
    f"Ten rows in batches of 4 are pieces of 4, 4 and {10 - 2 * 4}.",
    f"these are {numbers(row_gradients)}, and their mean is ${sum(row_gradients)} / 3 = {mean(row_gradients):.2f}$.",
    f"the means are {first_piece} and {second_piece}. The sum, {first_piece + second_piece}, is two and a half times "
    f"too large; the mean, {mean([first_piece, second_piece])}, counts the third row twice.",
    rf"$\frac23 \cdot {first_piece} + \frac13 \cdot {second_piece} = {2 / 3 * first_piece + 1 / 3 * second_piece:.2f}$",
    rf"$$\sqrt{{3^2 + 4^2 + 12^2}} = {length:g} \qquad \text{{limit }} 6.5\!: \quad "
    rf"({3 * 6.5 / length:g},\, {4 * 6.5 / length:g}) \text{{ and }} ({12 * 6.5 / length:g})$$",
    f"$(10^{{30}})^2$ is `{square}` in float32",
    f"batches of 4, 4 and 2 rows with losses 1, 1, 6: {mean([1, 1, 6]):.2f} instead of {(4 * 1 + 4 * 1 + 2 * 6) / 10}",
    row("validation loss", numbers(validation, ".2f", " | ")),
    row("epochs without a new best", *waited[:6], f"{waited[6]}: stop"),
    f"A patience of 1 stops at epoch {waited.index(1) + 1} and misses the best. "
    f"And at epoch {waited.index(2) + 1} you want the weights of epoch {validation.index(min(validation)) + 1}:",
    f"One step with 1024 rows, in a network 784-256-256-256-10: as one batch, as 8 pieces of {1024 // 8}, "
    f"and as 64 pieces of {1024 // 64}.",
]

# 08: the batches of an epoch, and what a thread can hide

orders = [[3, 0, 4, 1, 2], [1, 4, 2, 0, 3]]
prepare, compute = 3, 5  # ms


def in_twos(order):
    return ", ".join(f"({numbers(order[i : i + 2])})" for i in range(0, len(order), 2))


CLAIMS["08_dataloader"] = [
    *(row(epoch, numbers(order, between=" "), in_twos(order)) for epoch, order in enumerate(orders, 1)),
    f"for two tensors, 64 items take {2 * 64} indexing operations",
    f"the machine restarts after 700 of {-(-60_000 // 64)} batches. How do you get the other {-(-60_000 // 64) - 700}?",
    f"With {prepare} ms to prepare and {compute} ms to compute, a batch takes {prepare + compute} ms. "
    f"If a **thread** prepares the next batch meanwhile, it takes {max(prepare, compute)} ms:",
    rf"for $\mu = 0.5$ and $\sigma = 0.25$, pixels 0, 0.5 and 1 become ${(0 - 0.5) / 0.25:g}$, "
    f"{(0.5 - 0.5) / 0.25:g} and {(1 - 0.5) / 0.25:g}.",
    f"Pixels from 0 to {np.iinfo(np.uint8).max} make",
    f"a network {32 * 32}-256-10",
]

values = np.array([1.0, 2, 3, 6])  # of a channel in 09
kernel, upstream = np.array([2.0, 3.0]), np.array([10.0, 20.0, 30.0])
flipped = [(3, a, 2, b) for a, b in pairwise([0, 10, 20, 30, 0])]
dense_weights, conv_weights = 3 * 256 * 8 * 256, 8 * 3 * 9

CLAIMS["09_spatial"] = [
    f"in three colors has {32 * 32 * 3} numbers",
    rf"${32 * 32 * 3} \cdot {8 * 32 * 32}$ weights: {3 * 32 * 32 * 8 * 32 * 32 / 1e6:.0f} million",
    f"does it with {8 * 3 * 9} weights",
    rf"All four are $({numbers(np.convolve(upstream, kernel))})$",
    r" \qquad ".join(rf"{a} \cdot {b} + {c} \cdot {d} = {a * b + c * d}" for a, b, c, d in flipped),
    rf"have mean {values.mean():g} and variance $({' + '.join(f'{d:g}' for d in (values - 3) ** 2)}) / 4 = {values.var():g}$; "
    rf"they become $({numbers(values - values.mean())}) / \sqrt{{{values.var():g}}}$",
    rf"normalized with just that, {values.var():g}. But the running variance describes the data, so it takes "
    rf"${((values - 3) ** 2).sum():g} / 3 \approx {values.var(ddof=1):.2f}$",
    f"these are $\\lfloor 7 / 2 \\rfloor + 1 = {(8 + 2 - 2 - 1) // 2 + 1}$",
    f"The convolution has {dense_weights / conv_weights:,.0f} times fewer weights, "
    f"but only {dense_weights / (conv_weights * 256):.0f} times fewer products: it uses each weight at {16 * 16} places",
    f"reads {dense_weights * 4 / 2**20:g} MiB of weights",
    f"the convolution's {conv_weights * 4} bytes",
]

low_and_lot = {b"low": 2, b"lot": 1}  # in 10
merges_of_both = learn_merges(low_and_lot, 3)


def spelled(ids):
    """Ids as 10 writes them: a letter for a byte, a number for a merge."""
    return " ".join(str(id) if id >= BYTES else chr(id) for id in ids)


def merge_row(step):
    """A line of the table of section 3: step, pair, count, new id, the words after it."""
    before, after = (
        [encode_word(word, {pair: BYTES + i for i, pair in enumerate(merges_of_both[:n])}) for word in low_and_lot]
        for n in (step - 1, step)
    )
    counts = count_pairs(dict(zip(map(tuple, before), low_and_lot.values(), strict=True)))
    pair = merges_of_both[step - 1]
    return f"| {step} | {spelled(pair)} | {counts[pair]} | {BYTES + step - 1} | {', '.join(map(spelled, after))} |"


slow_changes = LinkedIds({b"slow": 2}).merge((ord("l"), ord("o")), BYTES)
CLAIMS["10_tokenization"] = [
    f"bytes {numbers('é'.encode(), between=' ')}, and an emoji",
    f"With the {len(Vocabulary().tokens)} bytes as vocabulary",
    f"give the pair an id of its own: {BYTES}.",
    f"pairs that may contain {BYTES}.",
    f'with (a, a) as 256, "aaa" becomes {spelled(merge(b"aaa", (97, 97), BYTES))}, '
    f'and "aaaa" becomes {spelled(merge(b"aaaa", (97, 97), BYTES))}.',
    " ".join(map(merge_row, (1, 2, 3))),
    f"so {min(count_pairs({b'ab': 1, b'cd': 1}))} comes first",
    f"But what changes when (l, o) becomes {BYTES}?",
    f"and (s, {BYTES}) and ({BYTES}, w) gain one",
    ", ".join(f"({spelled([a])}, {spelled([b])}): {change:+}" for (a, b), change in slow_changes.items()).replace(
        f", ({BYTES}, w)", f" and ({BYTES}, w)"
    ),
    f"Say (b, c) became {BYTES}, then (a, b) became {BYTES + 1},",
    f"and get {spelled(merge(b'abc', (97, 98), BYTES + 1))}. In training",
    f"has never seen {BYTES + 1} before a c.",
    f"from {BYTES} tokens to {2 * BYTES},",
    f"From {8 * BYTES:,} to {16 * BYTES:,}?",
]

# 11: a table of three ids, hands of a clock, what one-hot vectors take

uses = np.array([[1, 2], [10, 20], [100, 200]])
gradient = np.zeros((4, 2), int)
np.add.at(gradient, [2, 0, 2], uses)
speeds = 10000 ** (-2 * np.arange(2) / 4)

CLAIMS["11_embeddings"] = [
    rf"{matrix(uses)} \;\to\; {matrix(gradient)}",
    rf"$\sqrt{{32}} \approx {math.sqrt(32):.1f}$",
    f"$10000^0 = {speeds[0]:g}$ radian",
    f"$10000^{{-2/4}} = {speeds[1]:g}$",
    rf"$$(\sin t,\; \cos t,\; \sin {speeds[1]:g} t,\; \cos {speeds[1]:g} t)$$",
    f"A lookup copies {2048 * 128 * 4 / 2**20:g} MiB",
    f"The one-hot vectors alone take {2048 * 5000 * 4 / 2**20:.0f} MiB at 5,000,",
    "With 128 rows, there is nothing for the word after the 128th",
    f"Three models read 128 tokens at a time in training, with learned, sinusoidal or rotary positions. What happens at the {128 + 1}th",
]

# 12: two scores and their weights, dot products of 64 numbers, the weights of a long text

two = np.array([3, 1]) / 4

CLAIMS["12_attention"] = [
    rf"The scores $(\ln 3, 0)$ give the weights $({two[0]:g}, {two[1]:g})$, "
    f"and for the values 10 and 20 the result {two @ [10, 20]:g}.",
    rf"at $D = 64$, scores lie around $\pm {math.sqrt(64):g}$",
    f"At 100,000 words that is {100_000**2 // 10**9} billion, {100_000**2 * 4 / 2**30:.0f} GiB.",
]

# 13: a vector of four numbers, GPT-2's size, three tokens to choose from

vector_of_4 = np.array([1.0, 2.0, 3.0, 6.0])
spread = vector_of_4 - vector_of_4.mean()
odds = np.array([8, 4, 1])

CLAIMS["13_transformers"] = [
    rf"For $x = {vector(vector_of_4)}$, the mean $\mu$ is {vector_of_4.mean():g}",
    rf"$({' + '.join(f'{x:g}' for x in spread**2)}) / 4 = {(spread**2).mean()}$",
    "$y = ({:.2f}, {:.2f}, {:g}, {:.2f})$".format(*spread / np.sqrt((spread**2).mean())),
    rf"a loss of $\ln V$ (Module 04): {math.log(65):.2f} for 65 characters",
    rf"$12 \cdot 12 \cdot 768^2 \approx {12 * 12 * 768**2 / 1e6:.0f}$ million",
    "Softmax makes that {1}/{0}, {2}/{0} and {3}/{0}.".format(odds.sum(), *odds),
    r"$\tau = 0.5$ squares the ratios: {1}/{0}, {2}/{0} and {3}/{0}.".format((odds**2).sum(), *odds**2),
    f"{odds[0]}/{odds.sum()} is too little ({odds[0] / odds.sum():.2f}); "
    f"{odds[:2].sum()}/{odds.sum()} is enough ({odds[:2].sum() / odds.sum():.2f})",
]

# The chapters of the book

CLAIMS["foundation"] = [
    f"the largest float32 is about the exponential of {math.log(largest):.1f},",
    f"a guess among ten costs {math.log(10):.3f}.",
    f"The network {'-'.join(map(str, network))} has {network_size:,} numbers. "
    f"Trying each of them in both directions takes {2 * network_size:,} forward passes",
]
CLAIMS["glossary"] = [
    f"A number in {np.float32().nbytes} bytes, with about {WORD[math.floor(math.log10(2**24))]} digits. "
    f"The largest is about {largest:.1e}.".replace("e+", "e"),
]
CLAIMS["data"] = [f"Ids below {BYTES} are bytes; the first merge makes {BYTES} |"]
CLAIMS["instructor"] = [
    f"after {CELL_SECONDS:g} seconds its test times out",
    f"If all cells together run longer than {TOTAL_SECONDS:g} seconds",
]

# What is not computed: patterns for all pages, and fragments of single ones. Without a comment it was chosen, for an
# example or for a question.

GIVEN_EVERYWHERE = [
    r"\b(19[5-9]|20[0-3])\d\b",  # years
    r"Python 3\.\d+",
    r"SHA-256",
    r"arxiv\.org/abs/[\d.]+",
]
GIVEN = {
    "00_setup": ["1, 10 or 100?", "100 million numbers"],
    "01_tensor": [
        "Python's `0.1`",
        "label 3 is not 3.0",
        "`[1.0, 2.5]`",
        "$(64, 784) + (784)$",
        r"$N = 10\,000$",
    ],
    "02_activations": [
        r"0.044715\,x^3",  # by the authors of GELU
        "Take $x = 10^{20}$.",
        "one row of scores is about 1000",
        "-200 is a perfectly good float32",
        "$x^{2.7}$",
        "$T=1024$",
    ],
    "03_layers": ["$p = 0.5$", "Ten layers, 256 wide", "784 pixels"],
    "04_losses": [
        "500 random inputs",
        "`ignore_index=-100`",  # PyTorch's
        "clamps logarithms at -100",  # PyTorch's
        "each logarithm at -100, so that a sure and wrong answer costs 100",  # PyTorch's
        r"no less than $10^{-12}$",  # PyTorch's
        "`label_smoothing=0.1`",
        "errors of 0.5, 1 and 4 cost 0.125, 0.5 and 3.5",
        r"$-\log(p + 10^{-7})$",
        "scores of -20 and -200",
    ],
    "05_autograd": ["with a step of 0.1"],
    "06_optimizers": ["gradients around 100, another around 0.001", "stopped after 10,000 steps"],
    "07_training": [
        "$+ 10^{-6}$, as in PyTorch",
        "200 points",
        "a factor of 3 or of 100?",
        "since 2.6",  # a version of PyTorch
    ],
    "08_dataloader": ["60,000 images, 784 float32 each", "learns 1000 digits", "1024 images of 32 by 32"],
    "09_spatial": [
        r"$0.9 \cdot \text{running} + 0.1 \cdot \text{the batch's}$",  # PyTorch's default
        "In the 1990s",  # LeCun and others, 1998, section X: several million checks per day
        "learns 1437 digits",
    ],
    "10_tokenization": [
        "a page is 3,000 steps long",
        "Unicode has more than 150,000",  # version 16.0 has 154,998
        "in 1994 to compress files",  # Gage, C Users Journal 12(2)
        "`tokenizers` 0.23.3",  # tests/conformance/test_tokenization.py compares with it
        "`tiktoken` 0.14.0",  # and with this one
        "To learn 1,000 merges your first version counts all pairs 1,000 times",
        "(Module 11): 128 numbers in a small GPT",
        "for 20 merges and for 100",
        "like 127 + 48",
    ],
    "11_embeddings": [
        "the usual base of 10,000",
        "not that it is word 117",
        "2048 ids, rows of 128 numbers; a vocabulary of 65 characters, and one of 5,000 words",
        "a GPT of 4 layers, 128 wide",
        "GPT-2's 50,257 tokens",
    ],
    "12_attention": [
        "at width 512",
        "500 random queries and 8 keys",
        "a temperature of 0.1",
        "At 12, half way between two keys",
        "place, 1 to 6",
        "4 heads",
        "1 means that the word of this row",
        "of shape (3D, D)",
        "one text of 128 to 1,024 words",
        "blocks of 128 keys",
        "a mask of 0 and 1",
        "1,000 higher",
    ],
    "13_transformers": [
        "standard deviation 0.02",  # GPT-2's
        "A model of 124 million parameters",  # its test counts them
        "its table of 50,257 tokens",  # GPT-2's
        "a text of 128 tokens is 128 exercises",
        "Of 50,000 tokens",
        "For $p = 0.9$",
        "with 12 layers of width 768",  # GPT-2's
        "for 4 layers with 4 heads, width 128, 65 characters and 16 texts of 128 tokens",
        "One GPT has a training loss of 0.1",
        "Another has a loss of 1.2",
    ],
    "surprises": [  # tests/conformance/test_surprises.py runs its examples
        "PyTorch 2.13.0, NumPy 2.4.6 and tokenizers 0.23.3",
        "ten million times 0.1",
        "Once the sum is large, 0.1 is rounded",
        "below 0.9999 times the best one",  # PyTorch's default threshold
        "All 256",
    ],
    "data": [  # tests/tito/test_datasets.py counts and measures these
        "600 kB to train and 60 kB to test",  # tests/tito/test_small_talk.py
        "1,797 handwritten digits",
        "| 1,437 | 360 | the people",
        "| 1,437 | 360 | other people",
        "| 60,000 | 10,000 |",  # MNIST's
        "98.1 % of the first test part right and 96.7 % of the second",
    ],
    "faq": ["`http://localhost:2718", "the next free one, 2719"],  # marimo's
    "milestones": [
        "Nature 323",  # a volume
        "300 hidden neurons misreads 4.7 %",  # figure 9 of the paper
        "60,000 images of 28 by 28",
        "97.5 % on the 10,000 test images",  # the gate, and MNIST's test part
        "LeNet-5 misread 0.95 %",  # figure 9 of the paper
        "CIFAR-10, 50,000 color photos",
        "the first time, 170 MB",  # the archive's size, 170,498,071 bytes
        "75 % on the 10,000 test images",  # the gate, and CIFAR's test part
        "117 of its questions",  # tests/milestones/test_transformer.py counts them
    ],
    "start": ["also with 3.13"],  # a version of Python
    "instructor": ["Chromium (from 109 on)"],  # the first with MathML
}


# What the prose is


@cache
def prose(name):
    """The text of a page in one line, without its blocks of code."""
    path = PAGES[name]
    text = read(path) if path.suffix == ".md" else "\n\n".join(said_by(parse(path)))
    # ```{glossary} and its like hold prose
    return " ".join(FENCE.sub(lambda fence: fence[3] if fence[2] else "", text).split())


def said_by(notebook):
    """What a notebook hands to `mo.md`. An f-string says {} where it computes something."""
    calls = (node for cell in notebook.cells for node in ast.walk(cell.node) if isinstance(node, ast.Call))
    for call in calls:
        if ast.unparse(call.func) != "mo.md":
            continue
        said = call.args[0]
        parts = said.values if isinstance(said, ast.JoinedStr) else [said]
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)


def places(fragment, text):
    """Where a fragment stands in a text, as (begin, end). 2.3 does not stand in 2.303 or in 12.3."""
    return [match.span() for match in re.finditer(rf"(?<![\d.]){re.escape(fragment)}(?!(?:[.,]|\\,)?\d)", text)]


def given(name):
    text = prose(name)
    everywhere = [match.span() for pattern in GIVEN_EVERYWHERE for match in re.finditer(pattern, text)]
    return everywhere + [place for fragment in GIVEN.get(name, []) for place in places(fragment, text)]


def claimed(name):
    return [place for fragment in CLAIMS.get(name, []) for place in places(fragment, prose(name))]


def unaccounted(text, accounted):
    """The numbers that lie in none of the places, each with the words around it."""
    for number in NUMBER.finditer(text):
        begin, end = number.span()
        inside = any(first <= begin and end <= last for first, last in accounted)
        if NEEDS_A_REASON.search(number[0]) and not inside:
            yield f'{number[0]} in "{text[max(0, begin - 40) : end + 40]}"'


def fail(problems):
    """Say each problem in a line; the traceback would say nothing more."""
    if said := "\n".join(problems):
        pytest.fail(said, pytrace=False)


@pytest.mark.parametrize("name", CLAIMS)
def test_what_a_page_works_out_is_right(name):
    fail(
        f'{name}: "{fragment}" was computed, and the page says something else.'
        for fragment in CLAIMS[name]
        if not places(fragment, prose(name))
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_number_is_computed_or_given(name):
    fail(
        f"{name}: {number} is neither computed in CLAIMS nor listed in GIVEN."
        for number in unaccounted(prose(name), claimed(name) + given(name))
    )


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_given_is_on_the_page(name):
    fail(
        f'{name}: "{fragment}" is in GIVEN, and no longer on the page: delete it.'
        for fragment in GIVEN[name]
        if not places(fragment, prose(name))
    )
