"""Cases: embeddings, tied weights, cosine similarity; sinusoidal and rotary positions, against formulas written in PyTorch."""

import numpy as np
import torch
from hypothesis import strategies as st

import tinytorch.embeddings as ours
from tests.conformance.compare import leaf
from tests.conformance.draws import EIGHTHS, FLOATS, arrays, case, pairs, script, shapes
from tests.conformance.scripts import numbers, refusal

PADDINGS = st.none() | st.integers(-4, 3)  # of tables with at least four rows


def few_ids(rows, min_dims=0):
    """Ids of any shape, of so few rows that most repeat."""
    return arrays(shapes(min_dims=min_dims, max_side=4), "int64", st.integers(0, rows - 1))


def given(name, value, draw):
    """An option by name, or left out where it is the default."""
    return {} if value is None and draw(st.booleans()) else {name: value}


# The table's rows


@case
def embedding(draw):
    rows = draw(st.integers(4, 6))
    ids, weight = draw(few_ids(rows)), draw(arrays((rows, draw(st.integers(0, 4))), FLOATS))
    options = given("padding_idx", draw(PADDINGS), draw)
    return lambda lib, ids, weight: lib.nn.functional.embedding(ids, weight, **options), [ids, weight]


@case
def embedding_with_int32(draw):
    ids = draw(arrays((3, 2), "int32", st.integers(0, 3)))
    weight = draw(arrays((4, 3), FLOATS))
    return lambda lib, ids, weight: lib.nn.functional.embedding(input=ids, weight=weight), [ids, weight]


@case
def embedding_of_a_view(draw):
    """A table that isn't contiguous: transposed, every second row, one row for all."""
    dtype = draw(FLOATS)
    see, shape = draw(
        st.sampled_from([
            (lambda x: x.T, (3, 5)), (lambda x: x[::2], (9, 3)), (lambda x: x[:, 1:3], (5, 4)), (lambda x: x.expand(5, 3), (1, 3)),
        ])
    )  # fmt: skip
    ids, weight = draw(few_ids(5)), draw(arrays(shape, dtype))
    padding = draw(PADDINGS)
    turn = draw(st.booleans()) and ids.ndim == 2

    def program(lib, ids, weight):
        return lib.nn.functional.embedding(ids.T if turn else ids, see(weight), padding)

    return program, [ids, weight]


@case
def embedding_that_is_read_twice(draw):
    """The gradients of two lookups and of a product with the same table add up: weight tying by hand."""
    ids, more = draw(few_ids(5, min_dims=1)), draw(few_ids(5))
    weight, padding = draw(arrays((5, 3), FLOATS, EIGHTHS)), draw(PADDINGS)

    def program(lib, ids, more, weight):
        f = lib.nn.functional
        first, second = f.embedding(ids, weight, padding), f.embedding(more, weight)
        return (first @ weight.T).sum(0) + second.sum()

    return program, [ids, more, weight]


@case
def embedding_module(draw):
    ids, weight = draw(few_ids(5)), draw(arrays((5, 3), FLOATS, EIGHTHS))
    padding, by_position = draw(PADDINGS), draw(st.booleans())

    def program(lib, ids, weight):
        layer = lib.nn.Embedding(5, 3, padding) if by_position else lib.nn.Embedding(5, 3, padding_idx=padding)
        layer.to(getattr(lib, str(weight.dtype).removeprefix("torch.")))
        layer.load_state_dict({"weight": weight.detach()})
        out = layer(ids)
        (out * out).sum().backward()
        return lib.cat([layer.weight.grad, layer(ids).reshape(-1, 3), layer(ids).reshape(-1, 3) * weight.sum()])

    return program, [ids, weight]


@case
def pretrained_embedding(draw):
    """The very table that was given, frozen or not."""
    ids, weight = draw(few_ids(5)), draw(arrays((5, 3), FLOATS))
    options = given("padding_idx", draw(PADDINGS), draw) | draw(
        st.sampled_from([{}, {"freeze": True}, {"freeze": False}])
    )

    def program(lib, ids, weight):
        table = weight.detach()
        layer = lib.nn.Embedding.from_pretrained(table, **options)
        table[1] = 5
        out = layer(ids)
        if layer.weight.requires_grad:
            out.sum().backward()
            return lib.cat([layer.weight, layer.weight.grad]) * weight
        return out.reshape(-1, 3) * weight[:1]

    return program, [ids, weight]


@case
def words_and_learned_positions(draw):
    """What GPT-2 begins with."""
    dtype, offset = draw(FLOATS), draw(st.integers(0, 3))
    ids = draw(arrays((2, draw(st.integers(0, 4))), "int64", st.integers(0, 5)))
    tables = [draw(arrays((6, 3), dtype)), draw(arrays((7, 3), dtype))]

    def program(lib, ids, words, positions):
        f = lib.nn.functional
        return f.embedding(ids, words) + f.embedding(lib.arange(offset, offset + ids.shape[1]), positions)

    return program, [ids, *tables]


# Positions: formulas in PyTorch, as they are in published code


def angles(positions, dim, base):
    """Each position times each frequency, in float64."""
    frequencies = 1.0 / (base ** (torch.arange(0, dim, 2, dtype=torch.float64) / dim))
    return torch.outer(torch.as_tensor(positions, dtype=torch.float64), frequencies)


def sinusoids(positions, dim, base):
    """As the tutorials have it: sines in the even columns, cosines in the odd ones."""
    table = torch.zeros(len(positions), dim, dtype=torch.float64)
    table[:, 0::2] = torch.sin(angles(positions, dim, base))
    table[:, 1::2] = torch.cos(angles(positions, dim, base))
    return table


def turned_neighbors(x, positions, base):
    """As in Meta's Llama: neighbors are a complex number."""
    turn = angles(positions, x.shape[-1], base)
    pairs = torch.view_as_complex(x.double().reshape(*x.shape[:-1], x.shape[-1] // 2, 2))
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(turn), turn)).reshape(x.shape).to(x.dtype)


def turned_halves(x, positions, base):
    """As in GPT-NeoX: the halves are turned by a quarter."""
    turn = torch.cat([angles(positions, x.shape[-1], base)] * 2, dim=-1)
    first, second = x.double().chunk(2, dim=-1)
    return (x.double() * turn.cos() + torch.cat([-second, first], dim=-1) * turn.sin()).to(x.dtype)


POSITIONS = st.lists(st.integers(0, 300), min_size=1, max_size=5)


@case
def sinusoidal_positions(draw):
    """Added to float64 vectors, so that every digit counts."""
    count, dim, base = draw(st.integers(1, 20)), 2 * draw(st.integers(1, 5)), draw(st.sampled_from([10000.0, 100.0, 7]))
    positions = draw(st.just(None) | POSITIONS)
    x = draw(arrays((len(positions or range(count)), dim), "float64"))

    def program(lib, x):
        if lib is torch:
            return x * sinusoids(positions or range(count), dim, base)
        options = {} if base == 10000.0 and count % 2 else {"base": base}
        table = ours.sinusoidal_positions(np.array(positions) if positions else count, dim, **options)
        return x * lib.tensor(table, dtype=lib.float64)

    return program, [x]


@case
def rotary(draw):
    """Both layouts, from the beginning, with an offset, and at any positions."""
    dim, base, lead = 2 * draw(st.integers(1, 4)), draw(st.sampled_from([10000.0, 50.0])), draw(shapes(max_dims=2))
    positions, interleaved = draw(POSITIONS), draw(st.booleans())
    x = draw(arrays((*lead, len(positions), dim), FLOATS))
    start = draw(st.none() | st.integers(0, 40))
    as_tensor = draw(st.booleans())

    def program(lib, x):
        numbers = positions if start is None else [start + t for t in range(len(positions))]
        if lib is torch:
            return (turned_neighbors if interleaved else turned_halves)(x, numbers, base)
        where = start if start is not None else lib.tensor(positions) if as_tensor else np.array(positions)
        return ours.apply_rotary(x, where, base, interleaved=interleaved)

    return program, [x]


@case
def rotary_scores(draw):
    """Queries and keys of two heads, a product of both, as in attention."""
    length, interleaved = draw(st.integers(1, 4)), draw(st.booleans())
    dtype = draw(FLOATS)
    q, k = (draw(arrays((2, length, 4), dtype)) for _ in range(2))

    def program(lib, q, k):
        turn = turned_neighbors if interleaved else turned_halves
        if lib is torch:
            q, k = (turn(x, range(length), 10000.0) for x in (q, k))
        else:
            q, k = (ours.apply_rotary(x, interleaved=interleaved) for x in (q, k))
        return q @ k.transpose(1, 2)

    return program, [q, k]


# Similarity


@case
def cosine_similarity(draw):
    x, y = draw(pairs(elements=EIGHTHS.filter(lambda n: n != 0)))
    ndim = max(x.ndim, y.ndim)
    if not ndim:
        x, y, ndim = x.reshape(1), y.reshape(1), 1
    options = {"dim": draw(st.integers(-ndim, ndim - 1))} | draw(st.sampled_from([{}, {"eps": 1e-3}, {"eps": 2.0}]))
    if draw(st.booleans()):
        return lambda lib, x, y: lib.nn.CosineSimilarity(**options)(x, y), [x, y]
    return lambda lib, x, y: lib.nn.functional.cosine_similarity(x, y, **options), [x, y]


@script
def cosine_similarity_of_nothing(lib):
    """A vector of zeros has the cosine 0, and eps decides its gradient."""
    f, x, y = lib.nn.functional, lib.zeros(2, 3, requires_grad=True), numbers(lib, 2, 3)
    out = f.cosine_similarity(x, y, eps=0.5)
    out.sum().backward()
    return (
        out,
        x.grad,
        y.grad,
        f.cosine_similarity(lib.tensor([[1, 2]]), lib.tensor([[3.0, 4.0]])),
        repr(lib.nn.CosineSimilarity(0)),
    )


# Modules: state, padding, tying


@script
def how_embeddings_print(lib):
    nn = lib.nn
    layers = (nn.Embedding(10, 3), nn.Embedding(10, 3, 0), nn.Embedding(10, 3, padding_idx=-1), nn.Embedding(0, 4))
    pretrained = nn.Embedding.from_pretrained(lib.ones(4, 2), padding_idx=1)
    attributes = [(e.num_embeddings, e.embedding_dim, e.padding_idx, e.weight.shape) for e in (*layers, pretrained)]
    return [*map(repr, layers), repr(pretrained)], attributes, pretrained.weight.requires_grad


@script
def what_padding_clears(lib):
    """The constructor only; not loading, not from_pretrained, not initialization. AdamW's decay moves the row all the same."""
    nn, seen = lib.nn, []
    layer = nn.Embedding(4, 3, padding_idx=2)
    seen.append(layer.weight[2].detach().numpy().copy())
    layer.load_state_dict({"weight": lib.ones(4, 3)})
    seen.append(layer.weight.detach().numpy().copy())
    nn.init.constant_(layer.weight, 3.0)
    kept = nn.Embedding.from_pretrained(lib.full((4, 3), 2.0), freeze=False, padding_idx=0)
    for module in (layer, kept):
        for optimizer in (lib.optim.SGD(module.parameters(), lr=0.5), lib.optim.AdamW(module.parameters(), lr=0.1)):
            optimizer.zero_grad()
            (module(lib.tensor([[0, 1, 2], [3, 0, 2]])) ** 2).sum().backward()
            optimizer.step()
            seen.append((module.weight.grad.numpy().copy(), module.weight.detach().numpy().copy()))
    return seen


@script
def initial_rows(lib):
    """Normal numbers: their mean and standard deviation, in tenths, and how many are beyond 2."""
    lib.manual_seed(0)
    rows = lib.nn.Embedding(400, 200, padding_idx=3).weight.detach().numpy()
    beyond = round(50 * float((np.abs(rows) > 2).mean()))
    return (
        rows.dtype.name,
        abs(round(10 * float(rows.mean()))),
        round(10 * float(rows.std())),
        beyond,
        float(np.abs(rows[3]).sum()),
    )


def tied_model(lib):
    """A table for reading and guessing, and one for positions."""
    nn = lib.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.positions = nn.Embedding(6, 4, padding_idx=0), nn.Embedding(5, 4)
            self.head = nn.Linear(4, 6, bias=False)
            self.head.weight = self.words.weight

        def forward(self, ids):
            x = self.words(ids) + self.positions(lib.arange(ids.shape[1]))
            return self.head(x)

    model = Model().double()
    for p in model.parameters():
        p.data.copy_(numbers(lib, *p.shape, requires_grad=False, dtype="float64") - 1)
    return model


@script
def state_of_a_tied_model(lib):
    model = tied_model(lib)
    state = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    names, count = [name for name, _ in model.named_parameters()], sum(p.numel() for p in model.parameters())
    changed = {name: lib.tensor(values + 1, dtype=lib.float64) for name, values in state.items()}
    model.load_state_dict(changed)
    alone = {name: values for name, values in changed.items() if name != "head.weight"}
    return (
        (state, names, count, len(list(model.parameters())), model.head.weight is model.words.weight),
        (dict(model.state_dict()), refusal(lambda: model.load_state_dict(alone)), repr(model)),
    )


@script
def training_a_tied_model(lib):
    model = tied_model(lib)
    ids = lib.tensor([[1, 2, 3, 1, 0], [5, 4, 5, 5, 0]])
    optimizer, losses = lib.optim.Adam(model.parameters(), lr=0.05), []
    for _ in range(5):
        optimizer.zero_grad()
        logits = model(ids[:, :-1])
        loss = lib.nn.functional.cross_entropy(logits.reshape(-1, 6), ids[:, 1:].reshape(-1), ignore_index=0)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, dict(model.state_dict()), model.words.weight.grad


@script
def the_table_may_change_before_backward(lib):
    """An optimizer may step between forward and backward: the gradient needs the ids only, and these may not change."""
    layer, ids, refusals = lib.nn.Embedding(4, 2), lib.tensor([1, 1, 3]), []
    for changed in (layer.weight, ids):
        out = layer(ids)
        with lib.no_grad():
            changed += 0
        refusals.append(refusal(lambda out=out: out.sum().backward()))
    return refusals, layer.weight.grad, out.grad_fn is None, layer(ids).requires_grad


@script
def casting_an_embedding(lib):
    layer = lib.nn.Embedding(3, 2).double()
    out = layer(lib.tensor([2]))
    out.sum().backward()
    return out.dtype, layer.weight.grad.dtype, layer.weight.grad.numpy().copy(), layer.float()(lib.tensor([0])).dtype


# Bad input: refused by both


@script
def bad_embeddings(lib):
    f, nn, weight = lib.nn.functional, lib.nn, lib.ones(4, 3)
    ids = lib.tensor([1])
    return [
        refusal(step)
        for step in (
            lambda: f.embedding(lib.tensor([4]), weight),
            lambda: f.embedding(lib.tensor([-1]), weight),
            lambda: f.embedding(lib.tensor([[0, 1], [9, 0]]), weight),
            lambda: f.embedding(lib.tensor([1.0]), weight),
            lambda: f.embedding(lib.tensor([True]), weight),
            lambda: f.embedding(ids, lib.ones(3)),
            lambda: f.embedding(ids, lib.ones(4, 3, 2)),
            lambda: f.embedding(ids, weight, 4),
            lambda: f.embedding(ids, weight, -5),
            lambda: f.embedding(ids, weight, 1.5),
            lambda: f.embedding(ids),
            lambda: nn.Embedding(3, 2, 3),
            lambda: nn.Embedding(3, 2, padding_idx=-4),
            lambda: nn.Embedding(3, 2, padding_idx=0.5),
            lambda: nn.Embedding(-3, 2),
            lambda: nn.Embedding(3, -2),
            lambda: nn.Embedding(3.0, 2),
            lambda: nn.Embedding(0, 2, padding_idx=0),
            lambda: nn.Embedding(3),
            lambda: nn.Embedding(3, 2)(lib.tensor([3])),
            lambda: nn.Embedding(3, 2)(),
            lambda: nn.Embedding.from_pretrained(lib.ones(3)),
            lambda: nn.Embedding.from_pretrained(lib.ones(3, 2, 2)),
            lambda: nn.Embedding.from_pretrained(lib.ones(3, 2), padding_idx=3),
            lambda: f.cosine_similarity(lib.ones(2, 3), lib.ones(2, 4)),
            lambda: f.cosine_similarity(lib.tensor([[1, 2]]), lib.tensor([[3, 4]])),
            lambda: f.cosine_similarity(lib.ones(2, 3), lib.ones(2, 3), dim=2),
        )
    ]


@script
def empty_embeddings(lib):
    f = lib.nn.functional
    none, weight = lib.zeros(2, 0, dtype=lib.int64), leaf(lib, np.ones((4, 3), "float32"), True)
    out = f.embedding(none, weight)
    out.sum().backward()
    return (
        out,
        weight.grad,
        f.embedding(none, lib.ones(0, 3)),
        f.embedding(lib.tensor(2), weight),
        lib.nn.Embedding(4, 0)(lib.tensor([1])),
    )
