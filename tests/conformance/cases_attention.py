"""Cases: attention with masks of every kind, heads, layer norm, and blocks made of them."""

import numpy as np
import torch
from hypothesis import strategies as st

from tests.conformance.cases_embeddings import given
from tests.conformance.compare import leaf
from tests.conformance.draws import FLOATS, arrays, case, script, shapes
from tests.conformance.scripts import numbers, refusal

SIDES = st.integers(1, 4)


@st.composite
def masks(draw, shape, dtype):
    """A mask of booleans, or of floats with some -inf, that broadcasts to scores of this shape; rows may be hidden as a whole."""
    axes = draw(st.integers(2, len(shape)))
    sides = tuple(side if draw(st.booleans()) else 1 for side in shape[len(shape) - axes :])
    keep = draw(arrays(sides, "bool"))
    if draw(st.booleans()):
        return keep
    return np.where(keep, draw(arrays(sides, dtype)), -np.inf).astype(dtype)


# Attention


@case
def scaled_dot_product_attention(draw):
    """Masks of both kinds, queries that may read nothing, a causal mask of any shape, any scale."""
    lead, queries, keys, width, dtype = (
        draw(shapes(max_dims=2, min_side=1)),
        draw(SIDES),
        draw(SIDES),
        draw(SIDES),
        draw(FLOATS),
    )
    values = draw(SIDES)
    inputs = [draw(arrays((*lead, *shape), dtype)) for shape in ((queries, width), (keys, width), (keys, values))]
    options = draw(st.sampled_from([{}, {}, {"scale": 0.3}, {"scale": 2.0}]))
    kind = draw(st.sampled_from(["none", "causal", "mask"]))
    if kind == "causal":
        options = options | {"is_causal": True}
    mask = [draw(masks((*lead, queries, keys), dtype))] if kind == "mask" else []
    by_name = draw(st.booleans())

    def program(lib, q, k, v, *mask):
        attend = lib.nn.functional.scaled_dot_product_attention
        if by_name and mask:
            return attend(query=q, key=k, value=v, attn_mask=mask[0], **options)
        return attend(q, k, v, *mask, **options)

    return program, [*inputs, *mask]


@case
def attention_with_rows_that_read_nothing(draw):
    """They give 0, and no gradient, in both libraries, with booleans and with -inf."""
    dtype, lead = draw(FLOATS), draw(shapes(max_dims=2, min_side=1))
    q, k, v = (draw(arrays((*lead, 3, 2), dtype)) for _ in range(3))
    keep = np.array([[False, False, False], [True, False, True], [False, False, False]])
    mask = keep if draw(st.booleans()) else np.where(keep, 0, -np.inf).astype(dtype)
    return lambda lib, q, k, v, mask: lib.nn.functional.scaled_dot_product_attention(q, k, v, mask), [q, k, v, mask]


@case
def attention_of_views(draw):
    """Heads of one projection, split as everybody does, which are views; and the way back."""
    dtype, heads, width = draw(FLOATS), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    n, t = draw(SIDES), draw(SIDES)
    x = draw(arrays((n, t, 3 * heads * width), dtype))
    way = draw(st.sampled_from(["split", "chunk", "unbind", "slices"]))
    causal = draw(st.booleans())

    def program(lib, x):
        size = heads * width
        if way == "unbind":
            q, k, v = x.view(n, t, 3, heads, width).permute(2, 0, 3, 1, 4).unbind(0)
        else:
            parts = {"split": lambda: x.split(size, dim=2), "chunk": lambda: x.chunk(3, dim=-1)}.get(
                way, lambda: (x[..., :size], x[..., size : 2 * size], x[..., 2 * size :])
            )()
            q, k, v = (part.view(n, t, heads, width).transpose(1, 2) for part in parts)
        read = lib.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return read.transpose(1, 2).contiguous().view(n, t, size)

    return program, [x]


def filled(lib, module, dtype):
    """The module with weights that are the same in both libraries."""
    module.to(getattr(lib, dtype))
    state = {
        name: leaf(lib, np.random.default_rng(i).uniform(-1, 1, tuple(x.shape)).astype(dtype), False)
        for i, (name, x) in enumerate(module.state_dict().items())
    }
    module.load_state_dict(state)
    return module


@case
def multihead_attention(draw):
    """Every layout, self-attention and cross-attention, masks of every kind, weights of the mean or of each head."""
    dtype, heads, first = str(draw(FLOATS)), draw(st.integers(1, 2)), draw(st.booleans())
    width, n, queries, keys = 2 * heads, draw(SIDES), draw(SIDES), draw(SIDES)
    single = draw(st.integers(0, 4)) == 0
    batch = 1 if single else n
    shape = lambda t: (t, width) if single else (n, t, width) if first else (t, n, width)  # noqa: E731
    inputs = [draw(arrays(shape(t), dtype)) for t in (queries, keys, keys)]
    options = {"need_weights": draw(st.booleans()), "average_attn_weights": draw(st.booleans())}
    options = {name: value for name, value in options.items() if not value or draw(st.booleans())}
    extra = {}
    if draw(st.booleans()):
        lead = draw(st.sampled_from([(), (batch * heads,)]))
        hidden = draw(arrays((*lead, queries, keys), "bool"))
        hidden[..., 0] = False  # a row that may read nothing is nan in PyTorch: see differences.py
        extra["attn_mask"] = hidden if draw(st.booleans()) else np.where(hidden, -np.inf, 0.5).astype(dtype)
    if draw(st.booleans()):
        hidden = draw(arrays((keys,) if single else (n, keys), "bool"))
        hidden[..., 0] = False
        same_kind = extra.get("attn_mask", hidden).dtype == bool
        extra["key_padding_mask"] = hidden if same_kind else np.where(hidden, -np.inf, 0.25).astype(dtype)
    bias = draw(st.booleans())

    def program(lib, q, k, v, *masks):
        layer = filled(lib, lib.nn.MultiheadAttention(width, heads, bias=bias, batch_first=first), dtype)
        out, weights = layer(q, k, v, **dict(zip(extra, masks, strict=True)), **options)
        out = (out * out).sum() if weights is None else (out * out).sum() + (weights**2).sum() * 3
        return out + sum((p * p).sum() for p in layer.parameters())

    return program, [*inputs, *extra.values()]


@script
def multihead_attention_is_saved_under_four_names(lib):
    layer = lib.nn.MultiheadAttention(6, 2)
    bare = lib.nn.MultiheadAttention(6, 3, bias=False)
    shapes = [(name, tuple(x.shape)) for name, x in layer.state_dict().items()]
    return shapes, list(bare.state_dict()), layer.in_proj_bias.abs().sum(), layer.out_proj.bias.abs().sum()


@script
def masks_that_do_not_fit(lib):
    q = numbers(lib, 2, 3, 4)
    f, layer = lib.nn.functional.scaled_dot_product_attention, lib.nn.MultiheadAttention(4, 2, batch_first=True)
    return [
        refusal(lambda: f(q, q, q, lib.ones(3, 2).bool())),
        refusal(lambda: f(q, q, q, lib.ones(3, 3).long())),
        refusal(lambda: f(q, q, q, lib.ones(3, 3).bool(), is_causal=True)),
        refusal(lambda: f(q, q[..., :2], q)),
        refusal(lambda: layer(q, q, q, attn_mask=lib.zeros(3, 2).bool())),
        refusal(lambda: layer(q, q, q, key_padding_mask=lib.zeros(3, 2).bool())),
        refusal(lambda: layer(q[..., :2], q, q)),
        refusal(lambda: lib.nn.MultiheadAttention(4, 3)),
    ]


# Layer norm


@case
def layer_norm(draw):
    """Over the last axis or several, with and without weight and bias, any eps."""
    dtype, inside = draw(FLOATS), draw(shapes(min_dims=1, max_dims=2, min_side=2))
    x = draw(arrays((*draw(shapes(max_dims=2)), *inside), dtype))
    affine = [draw(arrays(inside, dtype)) for _ in range(draw(st.integers(0, 2)))]
    options = given("eps", draw(st.sampled_from([None, 1e-3, 0.5])), draw)
    options = {name: value for name, value in options.items() if value is not None}

    def program(lib, x, *affine):
        return lib.nn.functional.layer_norm(x, inside, *affine, **options)

    return program, [x + np.arange(inside[-1], dtype=dtype), *affine]


@case
def layer_norm_module(draw):
    dtype, size = str(draw(FLOATS)), draw(st.integers(2, 4))
    options = draw(st.sampled_from([{}, {"eps": 0.1}, {"elementwise_affine": False}, {"bias": False}]))
    shape = draw(st.sampled_from([size, (size,), [2, size]]))
    inside = (size,) if isinstance(shape, int) else tuple(shape)
    x = draw(arrays((draw(SIDES), *inside), dtype)) + np.arange(size, dtype=dtype)

    def program(lib, x):
        layer = filled(lib, lib.nn.LayerNorm(shape, **options), dtype)
        (layer(x) ** 2).sum().backward()
        grads = [p.grad.sum() for p in layer.parameters()]
        return layer(x) * (1 + sum(grads))

    return program, [x.astype(dtype)]


@script
def layer_norms_that_do_not_fit(lib):
    x, f = numbers(lib, 2, 3), lib.nn.functional.layer_norm
    return [
        refusal(lambda: f(x, (2,))),
        refusal(lambda: f(x, (3, 3))),
        refusal(lambda: f(x, (3,), lib.ones(2))),
        refusal(lambda: f(x, (3,), None, lib.ones(2))),
        refusal(lambda: lib.nn.LayerNorm(2)(x)),
        list(lib.nn.LayerNorm(3).state_dict()),
        list(lib.nn.LayerNorm(3, elementwise_affine=False).state_dict()),
    ]


# Blocks


def encoder_layer(lib, x, padding, width, heads, before):
    """`nn.TransformerEncoderLayer`, from its parts."""
    nn = lib.nn

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.self_attn = nn.MultiheadAttention(width, heads, batch_first=True)
            self.linear1, self.linear2 = nn.Linear(width, 6), nn.Linear(6, width)
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

        def attend(self, x):
            return self.self_attn(x, x, x, key_padding_mask=padding, need_weights=False)[0]

        def feed(self, x):
            return self.linear2(nn.functional.relu(self.linear1(x)))

        def forward(self, x):
            if before:
                x = x + self.attend(self.norm1(x))
                return x + self.feed(self.norm2(x))
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.feed(x))

    return Layer()


@case
def transformer_encoder_layer(draw):
    """Normalized before and after: from the course's parts, against PyTorch's own layer."""
    dtype, heads, before = str(draw(FLOATS)), draw(st.integers(1, 2)), draw(st.booleans())
    n, t, width = draw(SIDES), draw(SIDES), 2 * heads
    x = draw(arrays((n, t, width), dtype)) + np.arange(width, dtype=dtype)
    hidden = draw(arrays((n, t), "bool"))
    hidden[:, 0] = False

    def program(lib, x, padding):
        if lib is torch:
            layer = torch.nn.TransformerEncoderLayer(width, heads, 6, dropout=0.0, batch_first=True, norm_first=before)
            layer = filled(lib, layer, dtype)
            return layer(x, src_key_padding_mask=padding)
        return filled(lib, encoder_layer(lib, x, padding, width, heads, before), dtype)(x)

    return program, [x.astype(dtype), hidden]
