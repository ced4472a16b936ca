"""A GPT together with all earlier modules: it learns real text, writes, is saved, and reads GPT-2's weights."""

import math
import tracemalloc

import numpy as np
import pytest

from tinytorch.datasets import SmallTalk
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import AdamW
from tinytorch.tensor import Tensor, manual_seed
from tinytorch.tokenization import BPETokenizer
from tinytorch.training import load, save
from tinytorch.transformers import GPT, GPTConfig, generate
from tito.lesson import close, waves


def loss_of(model, ids):
    return cross_entropy(model(Tensor(ids[:, :-1])).flatten(0, 1), Tensor(ids[:, 1:].reshape(-1)))


def trained(model, ids, steps, lr=5e-3):
    """The losses of some steps on one batch."""
    optimizer, losses = AdamW(model.parameters(), lr=lr), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model, ids)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def batch(size=4, length=25):
    """Rows of tokens of the course's corpus, by a tokenizer that was trained on it, and the tokenizer."""
    tokenizer = BPETokenizer.train(SmallTalk().text[:20_000], 300)
    ids = np.array(tokenizer.encode(SmallTalk().text[:2000]))
    return ids[: size * length].reshape(size, length), tokenizer


def test_a_gpt_learns_a_batch_by_heart_and_writes_it():
    """WHAT: the loss at step 0 is ln V, on one batch it falls near 0; then the greedy text is that of the batch.
    WHY: if this fails, no amount of data will help.
    TIP: test_GPT_forward and test_init_weights look at the parts alone.
    """
    manual_seed(0)
    ids, tokenizer = batch()
    model = GPT(GPTConfig(300, 24, n_layer=2, n_head=2, n_embd=48))
    losses = trained(model, ids, 80, 1e-2)
    assert abs(losses[0] - math.log(300)) < 0.1, f"the first loss is {losses[0]:.3f}, and ln 300 is {math.log(300):.3f}"
    assert losses[-1] < 0.1, f"the last loss is {losses[-1]:.3f}"
    text = [*ids[0, :8], *generate(model, ids[0, :8], 16, greedy=True)]
    assert tokenizer.decode(list(map(int, text))) == tokenizer.decode(ids[0, :24].tolist())


@pytest.mark.parametrize("layers", [1, 4, 12])
def test_the_loss_at_step_0_is_ln_v_at_any_depth(layers):
    """WHAT: an untrained GPT of 1, 4 or 12 layers has a loss near ln V.
    WHY: a model that starts by being sure of nonsense first has to unlearn it.
    TIP: which weights does `init_weights` make smaller for a deep model?
    """
    manual_seed(layers)
    ids = np.random.default_rng(0).integers(100, size=(8, 17))
    loss = loss_of(GPT(GPTConfig(100, 16, layers, 4, 64)), ids).item()
    assert abs(loss - math.log(100)) < 0.15, f"{layers} layers: {loss:.3f}, and ln 100 is {math.log(100):.3f}"


def test_a_text_is_reproducible_by_its_seed():
    """WHAT: one seed gives one text, another seed another; it streams; the stop token ends it.
    WHY: a text that can't be repeated can't be debugged.
    TIP: test_write_on looks at the writing alone.
    """
    manual_seed(0)
    letters = sorted(set(SmallTalk().text))
    model, prompt = GPT(GPTConfig(len(letters), 16, 2, 2, 32)), [letters.index(letter) for letter in "A: "]
    texts = ["".join(letters[i] for i in generate(model, prompt, 30, 0.8, 20, seed=seed)) for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2] and len(texts[0]) == 30
    stream = generate(model, prompt, 10**9, 0.8, 20, seed=7)
    assert "".join(letters[next(stream)] for _ in range(30)) == texts[0], "it streams"
    first = next(generate(model, prompt, 1, seed=7))
    assert list(generate(model, prompt, 30, seed=7, stop=first)) == [first]


def test_a_saved_gpt_continues_the_same_text(tmp_path):
    """WHAT: state_dict, saved and loaded, gives the same logits and text; the state has one table of tokens.
    WHY: a model is what its weights are.
    TIP: does the model compute with anything that isn't in its state?
    """
    manual_seed(0)
    model, other = (GPT(GPTConfig(20, 8, 2, 2, 16, dropout=0.3)) for _ in range(2))
    save(model.state_dict(), tmp_path / "gpt.npz")
    other.load_state_dict(load(tmp_path / "gpt.npz"))
    ids = Tensor([[1, 5, 2]])
    close(other.eval()(ids), model.eval()(ids).detach().numpy(), "the logits of the loaded model")
    assert list(generate(model, [1], 12, seed=3)) == list(generate(other, [1], 12, seed=3))
    assert sum(x.shape == (20, 16) for x in model.state_dict().values()) == 1


def test_the_gradient_of_every_parameter():
    """WHAT: the slope along a random direction of all parameters is that of central differences.
    WHY: a branch without a gradient stays as it was drawn, and the loss falls all the same.
    TIP: test_layer_norm checks its gradients alone. Is a part of the graph cut?
    """
    manual_seed(0)
    model, ids = GPT(GPTConfig(7, 5, 2, 2, 8)).double(), np.array([[1, 2, 2, 6, 0], [3, 3, 1, 0, 5]])
    rng = np.random.default_rng(0)
    loss_of(model, ids).backward()
    for name, parameter in model.named_parameters():
        direction, middle = rng.normal(size=parameter.shape), parameter.array.copy()
        ends = []
        for sign in (1, -1):
            parameter.array[...] = middle + sign * 1e-6 * direction
            ends.append(loss_of(model, ids).item())
        parameter.array[...] = middle
        slope = (parameter.grad.numpy() * direction).sum()
        close(slope, (ends[0] - ends[1]) / 2e-6, f"the slope along a direction of {name}", rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(("layers", "batch_size"), [(1, 4), (3, 4), (3, 8)])
def test_what_training_keeps_is_what_the_table_says(layers, batch_size):
    """WHAT: a forward pass keeps 16 D + H T numbers per token and block, and 2 D + V at the end, within 5 %.
    WHY: this decides which batch fits into memory.
    TIP: does your `layer_norm` keep more than its normalized rows? Does `Block.forward` keep more than it needs?
    """
    width, heads, tokens, vocabulary = 32, 4, 64, 50
    model = GPT(GPTConfig(vocabulary, tokens, layers, heads, width))
    ids = np.zeros((batch_size, tokens + 1), int)
    loss_of(model, ids).backward()
    tracemalloc.start()
    loss = loss_of(model, ids)
    kept = tracemalloc.get_traced_memory()[0] / 4
    tracemalloc.stop()
    predicted = batch_size * tokens * (layers * (16 * width + heads * tokens) + 2 * width + vocabulary)
    assert loss.requires_grad and 0.95 < kept / predicted < 1.15, f"{kept:,.0f} numbers, predicted {predicted:,}"


# GPT-2's state_dict


def gpt2_state(layers=2, width=128, vocabulary=9, block=6):
    """A made-up state with GPT-2's names, layouts and masks."""
    rng, state = np.random.default_rng(0), {}

    def weight(name, *shape):
        state[name] = (0.3 * rng.normal(size=shape)).astype(np.float32)

    weight("wte.weight", vocabulary, width)
    weight("wpe.weight", block, width)
    for i in range(layers):
        state[f"h.{i}.attn.bias"] = np.tril(np.ones((1, 1, block, block), bool))
        state[f"h.{i}.attn.masked_bias"] = np.float32(-1e4)
        for name, inputs, outputs in (
            ("attn.c_attn", width, 3 * width), ("attn.c_proj", width, width), ("mlp.c_fc", width, 4 * width), ("mlp.c_proj", 4 * width, width),
        ):  # fmt: skip
            weight(f"h.{i}.{name}.weight", inputs, outputs)
            weight(f"h.{i}.{name}.bias", outputs)
        for name in ("ln_1", "ln_2"):
            weight(f"h.{i}.{name}.weight", width)
            weight(f"h.{i}.{name}.bias", width)
    weight("ln_f.weight", width)
    weight("ln_f.bias", width)
    return state


def gpt2_logits(state, ids, heads):
    """GPT-2's forward pass, written with NumPy and its own names: x @ weight, since its layers are stored as (in, out)."""

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * state[f"{name}.weight"] + state[f"{name}.bias"]

    def conv(x, name):
        return x @ state[f"{name}.weight"] + state[f"{name}.bias"]

    x, hidden = (
        state["wte.weight"][ids] + state["wpe.weight"][: len(ids)],
        np.triu(np.full((len(ids),) * 2, -np.inf), 1),
    )
    for i in range(sum(name.endswith("ln_1.weight") for name in state)):
        q, k, v = np.split(conv(norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn"), 3, axis=-1)
        read = []
        for columns in np.split(np.arange(q.shape[1]), heads):
            scores = q[:, columns] @ k[:, columns].T / np.sqrt(len(columns)) + hidden
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            read.append(weights / weights.sum(-1, keepdims=True) @ v[:, columns])
        x = x + conv(np.concatenate(read, -1), f"h.{i}.attn.c_proj")
        inside = conv(norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc")
        inside = 0.5 * inside * (1 + np.tanh(np.sqrt(2 / np.pi) * (inside + 0.044715 * inside**3)))
        x = x + conv(inside, f"h.{i}.mlp.c_proj")
    return norm(x, "ln_f") @ state["wte.weight"].T


@pytest.mark.parametrize("prefix", ["", "transformer."])
@pytest.mark.parametrize("heads", [None, 4])
def test_weights_of_gpt2_give_its_logits(prefix, heads):
    """WHAT: a made-up state_dict with GPT-2's names gives the logits of GPT-2's formulas; its masks aren't needed.
    WHY: if your layers are those of GPT-2, its weights work in them.
    TIP: the conversion is given. Which of your tests fails? If none, compare `Block.forward` with section 2.
    """
    state, ids = gpt2_state(), np.array([3, 1, 4, 1, 5])
    named = {prefix + name: Tensor(x) for name, x in state.items()}
    if prefix:
        named["lm_head.weight"] = named["transformer.wte.weight"]
    model = GPT.from_gpt2_state(named, heads)
    assert model.config == GPTConfig(9, 6, 2, heads or 2, 128)
    expected = gpt2_logits({name: np.float64(x) for name, x in state.items()}, ids, heads or 2)
    close(model(Tensor(ids[None]))[0], expected, "logits", rtol=1e-3, atol=1e-3)


def without(name):
    return {key: x for key, x in gpt2_state().items() if key != name}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (without("wte.weight"), "state has no wte.weight: use the state_dict of a GPT-2"),
        (without("ln_f.bias"), "state has no ln_f.bias"),
        (without("h.1.mlp.c_fc.weight"), "h.1.mlp.c_fc.weight"),
        (without("h.0.attn.c_attn.bias"), "h.0.attn.in_proj_bias"),
        ({**gpt2_state(), "lm_head.weight": waves(9, 128)}, "lm_head.weight differs from wte.weight"),
        ({**gpt2_state(), "h.0.ln_1.weight": waves(3)}, "h.0.ln_1.weight"),
        ({}, "state has no wte.weight"),
    ],
    ids=["no table", "no last norm", "no MLP", "no bias", "not tied", "another shape", "empty"],
)
def test_what_is_not_a_gpt2_is_refused(state, expected):
    """WHAT: an error names the weight that is missing, has another shape, or isn't tied.
    WHY: half a model writes gibberish, and you would look for the bug elsewhere.
    TIP: all of this is given.
    """
    with pytest.raises(ValueError if expected.startswith(("state", "lm_head")) else RuntimeError, match=expected):
        GPT.from_gpt2_state(state)


def test_heads_that_do_not_divide_the_width_are_refused():
    """WHAT: a ValueError names both numbers.
    WHY: GPT-2's state_dict doesn't say how many heads it has.
    TIP: all of this is given.
    """
    with pytest.raises(ValueError, match="n_embd is 128 and n_head is 3"):
        GPT.from_gpt2_state(gpt2_state(), n_head=3)
