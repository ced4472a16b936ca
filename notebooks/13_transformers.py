import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 13: Transformers")

with app.setup(hide_code=True):
    import math
    import textwrap
    from collections.abc import Callable, Iterable, Iterator
    from dataclasses import dataclass
    from functools import cache, partial
    from itertools import islice

    import marimo as mo
    import numpy as np

    from tinytorch.activations import gelu, softmax
    from tinytorch.arrays import add_up
    from tinytorch.attention import MultiheadAttention
    from tinytorch.autograd import gradcheck, no_grad
    from tinytorch.datasets import SmallTalk
    from tinytorch.embeddings import Embedding
    from tinytorch.gpt import check_config, check_input, check_sampling, check_top, from_gpt2, norm_rows, prompt_ids
    from tinytorch.layers import Dropout, Linear, Module, Parameter, linear
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import Adam
    from tinytorch.tensor import Tensor, default_generator, manual_seed, ones, op, randn, zeros
    from tinytorch.vocabulary.layers import ModuleList, normal_
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, show, sliders_of, table, unchanged, waves
    from tito.picture import draw_shares, panels
    from tito.words import bigram_loss, moments_of_training, shown_words, text_rows, word_ids


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 13: Transformers

    Attention lets each word read the words before it. But one layer of it is only a weighted mean. How do you get from there to something that writes?
    Stack many layers, and the numbers explode or vanish. And at the end you have a score for each of thousands of tokens, but need a sentence.

    **When you are done:** I can ...

    - build a GPT from layers that I wrote, and predict how many weights and how much memory it takes;
    - choose the next token: greedy, or at random with temperature, top-k and top-p.

    **You need:** Modules 01 to 12. **It unlocks:** Milestone 05, the transformer.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("transformers")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. Layer norm: every vector at one size

    Deep in a network, what one layer makes larger, the next one makes larger still. Batch norm (Module 09) kept sizes steady with the mean and the
    variance of each channel over the batch. With text that is awkward: sentences differ in length, and a model that writes reads a single text.
    **Layer norm** uses the numbers of *one vector*, so that no other word and no other sentence matters:

    $$y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \cdot w + b$$

    For $x = (1, 2, 3, 6)$, the mean $\mu$ is 3 and the variance $\sigma^2$ is $(4 + 1 + 0 + 9) / 4 = 3.5$, so $y = (-1.07, -0.53, 0, 1.60)$ while the
    weight $w$ is 1 and the bias $b$ is 0. It does the same in training and at inference, without running averages.
    """)
    return


@app.function
@op
# points: 6
def layer_norm(
    input: Tensor, normalized_shape: int | tuple, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:  # fmt: skip
    """Normalize each vector to mean 0 and variance 1, then scale and shift it. [Ba and others, 2016](https://arxiv.org/abs/1607.06450).
    PyTorch: [`F.layer_norm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html).

    Args:
        input: array of shape (..., *normalized_shape).
        normalized_shape: the shape of a vector; a number for one axis. What doesn't fit is a ValueError (given).
        weight, bias: of that shape, or None for 1 and 0.
        eps: added to the variance, so that a constant vector doesn't divide by 0.

    Returns:
        Array in the shape and dtype of `input`, and its gradients.

    >>> layer_norm(np.array([[1.0, 3.0], [10.0, 30.0]]), 2).round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]

    Steps:
        1. The mean and the variance of each row (divide by D, not by D - 1).
        2. The normalized rows, scaled and shifted, in the shape of `input`.
        3. The gradient of the rows, in the shape of `input`. It passes the weight first; then it is Module 09's, along another axis.
        4. Return (array, (to_input, None, to_weight, to_bias)): a shape has no gradient.

    Hint: weight and bias may be None. Their gradients have the shape (D,): every row has used them.
    """
    rows, weight_row, bias_row = norm_rows(input, normalized_shape, weight, bias)  # of shape (n, D), (D,) and (D,)
    ### BEGIN SOLUTION
    shape, (count, size) = input.shape, rows.shape  # all that the gradient needs of the input, which isn't kept
    normal = rows - rows.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("nd,nd->n", normal, normal)[:, None] / size + eps)
    normal *= scale
    out = normal * weight_row
    out += bias_row

    def to_input(grad):
        grad = grad.reshape(count, size) * weight_row
        grad -= normal * (np.einsum("nd,nd->n", grad, normal)[:, None] / size) + grad.mean(axis=-1, keepdims=True)
        grad *= scale
        return grad.reshape(shape)

    return out.reshape(shape), (
        to_input,
        None,
        lambda grad: np.einsum("nd,nd->d", grad.reshape(count, size), normal).reshape(weight.shape),
        lambda grad: add_up(grad.reshape(count, size), axis=0).reshape(bias.shape),
    )
    ### END SOLUTION


@app.function
# points: 6
def test_layer_norm():
    """WHAT: each vector gets mean 0 and variance 1, then its weight and bias; vectors of several axes; gradients; float32.
    WHY: every part of a GPT reads its input through this.
    TIP: compute the vector in the message by hand: which numbers share a mean? Gradients: did yours pass the weight? Which rows add up?
    """
    x, weight, bias = 3 * waves(2, 3, 4) + 5, waves(4), waves(8)[4:]
    for shape, axes, eps in (((3, 4), (1, 2), 1e-5), (4, 2, 1e-5), (4, 2, 0.5)):
        normal = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + eps)
        close(unchanged(layer_norm, x, shape, None, None, eps), normal, f"vectors of shape {shape}, eps={eps}")
    close(unchanged(layer_norm, x, 4, weight, bias, eps), normal * weight + bias, f"a weight and a bias, eps={eps}")
    close(layer_norm(np.float32(x), 4), layer_norm(x, 4), "float32", dtype=np.float32, atol=1e-5)
    inputs = [Tensor(array, dtype=np.float64) for array in (x, weight, bias)]
    gradcheck(lambda x, w, b: layer_norm(x, 4, w, b), inputs)  # input, weight and bias are its inputs 0, 1 and 2
    gradcheck(lambda x: layer_norm(x[:1], (3, 4), eps=0.5), inputs[:1])


@app.class_definition
class LayerNorm(Module):
    """`layer_norm` with weights to learn. PyTorch: [`nn.LayerNorm`](https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html)."""

    def __init__(self, normalized_shape: int | tuple, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True) -> None:  # fmt: skip
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(ones(shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(shape)) if elementwise_affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. A block adds to a stream

    One vector for each word runs through the network, from the first layer to the last: the **residual stream**. A layer never replaces it. A
    **block** reads the stream twice, and adds what it has worked out. *Attention* reads the other words; only here do words meet. Then an **MLP**
    works on each word alone: two linear layers with `gelu` between them, four times as wide inside.

    The sum is a shortcut for the gradient. The derivative of $x + f(x)$ is $1 + f'(x)$, so what arrives at the last block also arrives at the first.
    And the norms? The first transformers normalized the stream after each sum, $\text{norm}(x + f(x))$: **post-norm**. Gradients had to go back
    through every norm, and deep models were hard to train. Since GPT-2, only what a branch reads is normalized, $x + f(\text{norm}(x))$: **pre-norm**.
    """)
    return


@app.class_definition
@dataclass(frozen=True)
class GPTConfig:
    """The shape of a GPT, under GPT-2's names. ValueError for a shape that can't exist."""

    vocab_size: int
    block_size: int = 128  # the longest text that it reads, in tokens
    n_layer: int = 4
    n_head: int = 4
    n_embd: int = 128  # the width
    dropout: float = 0.0

    def __post_init__(self):
        check_config(self)


@app.class_definition
class MLP(Module):
    """Two linear layers with `gelu` between them, four times as wide inside: (..., D) -> (..., D)."""

    def __init__(self, config: GPTConfig) -> None:
        self.c_fc, self.c_proj = Linear(config.n_embd, 4 * config.n_embd), Linear(4 * config.n_embd, config.n_embd)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(gelu(self.c_fc(x))))


@app.class_definition
class Block(Module):
    """A layer of a transformer: attention, then an MLP, each added to what came in."""

    def __init__(self, config: GPTConfig) -> None:
        self.ln_1, self.ln_2 = LayerNorm(config.n_embd), LayerNorm(config.n_embd)
        self.attn = MultiheadAttention(config.n_embd, config.n_head, config.dropout, batch_first=True)
        self.dropout, self.mlp = Dropout(config.dropout), MLP(config)

    # points: 3
    def forward(self, x: Tensor) -> Tensor:
        """Vectors of shape (N, T, D) -> as many of the same shape. Each depends on earlier ones and itself only.

        >>> Block(GPTConfig(65, n_embd=8))(zeros(1, 3, 8)).shape
        (1, 3, 8)

        Steps:
            1. The attention branch: norm, causal attention, dropout. Add it to the stream.
            2. The MLP branch (its dropout is inside) reads the new stream through the other norm. Add it as well.

        Hint: Module 12's layer returns (output, weights). Look at its options `is_causal` and `need_weights`.
        """
        ### BEGIN SOLUTION
        normal = self.ln_1(x)
        x = x + self.dropout(self.attn(normal, normal, normal, need_weights=False, is_causal=True)[0])
        return x + self.mlp(self.ln_2(x))
        ### END SOLUTION


@app.function
# points: 3
def test_Block_forward():
    """WHAT: both branches read normalized vectors, and are added; attention reads no later vector; dropout on both branches.
    WHY: a block that replaces instead of adding, or that sees the next word, still trains, and is useless.
    TIP: which of the two branches does the message name? What does it read, and what is it added to?
    """
    manual_seed(0)
    block, x = Block(GPTConfig(5, n_head=2, n_embd=8)), 2 * randn(2, 4, 8) + 1
    block.ln_1.weight.array[...], block.ln_2.weight.array[...], block.ln_2.bias.array[...] = waves(8), 1 + waves(8), 0.1
    before, normal = x.numpy().copy(), block.ln_1(x)
    read = [block.attn(normal[:, t : t + 1], *[normal[:, : t + 1]] * 2)[0].detach().numpy() for t in range(4)]
    middle, mlp = before + np.concatenate(read, axis=1), MLP(GPTConfig(5, n_embd=8))
    whole = middle + mlp(block.ln_2(Tensor(middle))).detach().numpy()
    for parameter in block.mlp.parameters():
        parameter.array[...] = 0
    close(block(x)[:, :1], middle[:, :1], "an MLP of zeros: vector 0, plus what attention reads in it alone", atol=1e-5)
    close(x, before, "the input, afterwards")
    close(block(x), middle, "an MLP of zeros: the input, plus what attention reads here and earlier", atol=1e-5)
    block.mlp = mlp
    close(block(x), whole, "attention and MLP", atol=1e-5)
    dropped = Block(GPTConfig(5, n_head=2, n_embd=8, dropout=1.0))
    dropped.attn.out_proj.bias.array[...] = 1
    close(dropped(x), before, "dropout=1.0, in training: nothing is added to the input")
    dropped.mlp = mlp
    close(dropped(x), x + mlp(dropped.ln_2(x)), "dropout=1.0 for attention alone, none inside the MLP")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Weights to start from

    Before training, the best guess is that all $V$ tokens are equally likely, at a loss of $\ln V$ (Module 04): 4.17 for 65 characters. Small weights
    give that guess. GPT-2 draws them from a normal distribution of standard deviation 0.02.
    But a stream that is added to grows. $L$ layers have $2 L$ branches. If each adds independent numbers of variance $v$, the stream gains $2 L v$. So
    that its size doesn't depend on the depth, each branch should add a $2 L$-th of the variance: draw the *last* weight of each branch smaller.
    """)
    return


@app.function
# points: 3
def init_weights(model: Module, std: float = 0.02) -> None:
    """Draw a GPT's weights again, as GPT-2 does, in place.

    Args:
        model, std: a GPT, whose depth is `model.config.n_layer`; the standard deviation of the weights.

    Returns:
        None.

    >>> model = GPT(GPTConfig(vocab_size=65))
    >>> [round(p.array.std().item(), 3) for p in (model.wte.weight, model.h[0].mlp.c_proj.weight)]
    [0.02, 0.007]

    Steps:
        1. Matrices become normal numbers of mean 0; biases become 0. Leave the layer norms alone.
        2. The last matrix of each branch, `out_proj` in attention and `c_proj` in the MLP, has a smaller standard deviation.

    Hint: `named_parameters()` says what is what. `normal_` fills a tensor in place. How does a variance change if you scale numbers?
    """
    ### BEGIN SOLUTION
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            last = name.endswith(("out_proj.weight", "c_proj.weight"))
            normal_(parameter, 0.0, std / math.sqrt(2 * model.config.n_layer) if last else std)
        elif "ln_" not in name:
            parameter.array[...] = 0
    ### END SOLUTION


@app.function
# points: 3
def test_init_weights():
    """WHAT: normal weights of the right size, smaller at the end of each branch; biases are 0; norms stay; in place.
    WHY: otherwise the stream grows with depth, and each later block changes less of it.
    TIP: is it the weight in the message that ends a branch? How many branches are added in 8 layers?
    """
    model, drawn, model_config = Module(), [], GPTConfig(200, n_layer=8, n_head=2, n_embd=64)
    model.config, model.wte, model.ln_f = model_config, Embedding(200, 64), LayerNorm(64)  # the parts of a GPT
    model.h = ModuleList([Block(model_config) for _ in range(8)])
    for _ in range(2):
        for parameter in model.parameters():
            parameter.array[...] = 7
        manual_seed(3)
        init_weights(model, std=0.1)
        drawn.append(model.wte.weight.detach().numpy().copy())
    close(drawn[1], drawn[0], "drawn again with the same seed")
    for name, parameter in model.named_parameters():
        numbers, std = parameter.array, 0.025 if name.endswith(("out_proj.weight", "c_proj.weight")) else 0.1
        if "ln_" in name or numbers.ndim == 1:
            close(numbers, np.full(len(numbers), 7.0 if "ln_" in name else 0.0), f"{name}, which was 7 before")
        else:
            assert abs(numbers.mean()) < std / 10, f"{name} should have a mean near 0, and has {numbers.mean():.3f}"
            close(numbers.std(), std, f"the standard deviation of {name}, in 8 layers, with std=0.1", rtol=0.06)
            assert np.abs(numbers).max() > 2.5 * std, f"{name} isn't drawn from a normal distribution"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Tokens in, scores out

    A **GPT** is now short: the vectors of the tokens, plus those of their positions (Module 11), then the blocks, one norm for the stream itself, and scores for every
    token of the vocabulary: dot products with the very table that the tokens came from. With **weight tying**, reading and guessing share their weights.
    At each position the model guesses the next token from those so far, so a text of 128 tokens is 128 exercises. The causal mask makes that fair.

    "A model of 124 million parameters": where are they? The config tells you. A linear layer from $D$ to $E$ numbers has $D E$ weights and $E$ biases.
    Attention projects to queries, keys and values, and once more at the end: $4 D^2$ weights. The MLP has $8 D^2$. For GPT-2, with 12 layers of width 768,
    that makes $12 \cdot 12 \cdot 768^2 \approx 85$ million. Most of the rest is its table of 50,257 tokens.
    """)
    return


@app.class_definition
class GPT(Module):
    """GPT-2, by [Radford and others](https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf)."""

    def __init__(self, config: GPTConfig) -> None:
        self.config = config
        self.wte = Embedding(config.vocab_size, config.n_embd)  # tokens; also scores the next one
        self.wpe = Embedding(config.block_size, config.n_embd)  # positions
        self.dropout, self.ln_f = Dropout(config.dropout), LayerNorm(config.n_embd)
        self.h = ModuleList([Block(config) for _ in range(config.n_layer)])
        init_weights(self)

    @classmethod
    def from_gpt2_state(cls, state: dict, n_head: int | None = None) -> "GPT":
        """A GPT with the weights of GPT-2, whose `state_dict` is `state`: see `tinytorch.gpt.from_gpt2`."""
        return from_gpt2(cls, GPTConfig, state, n_head)

    # points: 4
    def forward(self, ids: Tensor) -> Tensor:
        """Integers of shape (N, T), where T is at most `block_size` (checked) -> logits of shape (N, T, vocab_size).

        >>> GPT(GPTConfig(vocab_size=5, n_layer=1, n_embd=8))(Tensor([[1]])).shape
        (1, 1, 5)

        Steps:
            1. The vectors of the tokens, plus those of their positions, from 0 on. Dropout.
            2. All blocks, in turn. The norm at the end.
            3. The scores: dot products with the vector of each token in the table of step 1.

        Hint: positions are ids, in a tensor. Module 03's function `linear` works with any weight of shape (out, in).
        """
        check_input(ids.array, self.config)
        ### BEGIN SOLUTION
        x = self.dropout(self.wte(ids) + self.wpe(Tensor(np.arange(ids.shape[1]))))
        for block in self.h:
            x = block(x)
        return linear(self.ln_f(x), self.wte.weight)
        ### END SOLUTION


@app.function
# points: 4
def test_GPT_forward():
    """WHAT: tokens plus positions, dropout, all blocks in turn, the last norm, scores by the tied table; its gradient.
    WHY: with a part left out, it still learns something, and you would look for the bug in the data.
    TIP: which part does the message name? In "tokens alone", positions and blocks add nothing: the rest is a line of arithmetic.
    """
    manual_seed(0)
    model, rows, ids = GPT(GPTConfig(5, 4, 2, 2, 8)), waves(9, 8), np.array([[3, 1, 3], [0, 2, 2]])
    model.wte.weight.array[...], model.wpe.weight.array[...], model.ln_f.bias.array[...] = rows[:5], rows[5:], waves(8)
    layers = [layer.weight for block in model.h for layer in (block.attn.out_proj, block.mlp.c_proj)]
    for what, place, size in (("tokens alone", 0, 0), ("with positions", 1, 0), ("and two blocks", 1, 1)):
        model.wpe.weight.array[...] = place * rows[5:]
        for weight in layers:
            weight.array[...] = size * randn(*weight.shape).array
        x = Tensor(np.float32(rows[ids] + place * rows[5:8]))
        expected = model.ln_f(model.h[1](model.h[0](x))).detach().numpy() @ rows[:5].T
        close(model(Tensor(ids)), expected, what, atol=1e-4)
    cross_entropy(model(Tensor(ids[:1, :1])).flatten(0, 1), Tensor([0])).backward()
    assert (abs(model.wte.weight.grad.numpy()).max(axis=1) > 1e-6).all(), (
        "each row scores a token, so it has a gradient"
    )
    dropped = GPT(GPTConfig(5, n_layer=1, n_head=2, n_embd=8, dropout=1.0))
    dropped.ln_f.bias.array[...] = 1
    close(dropped(Tensor([[3]])), [[dropped.wte.weight.array.sum(axis=1)]], "dropout=1.0, in training: the stream is 0")


@app.function
# points: 3
def count_parameters(config: GPTConfig) -> dict:
    """How many numbers each part of a GPT learns, from its shape alone.

    Args:
        config: the shape.

    Returns:
        dict with the keys "tokens", "positions", "attention", "mlp" and "norms"; the last three over all layers.

    >>> sum(count_parameters(GPTConfig(vocab_size=65)).values())
    818048

    Steps:
        1. The two tables, and the norm at the end.
        2. For each layer, attention (four projections), the MLP (two linear layers) and two norms. Don't forget biases.

    Hint: most sizes follow from `n_embd`. The scores need no weights of their own.
    """
    ### BEGIN SOLUTION
    width, layers = config.n_embd, config.n_layer
    sizes = {"tokens": config.vocab_size * width, "positions": config.block_size * width}
    sizes |= {"attention": layers * 4 * (width * width + width), "mlp": layers * (8 * width * width + 5 * width)}
    return sizes | {"norms": (2 * layers + 1) * 2 * width}
    ### END SOLUTION


@app.function
# points: 3
def test_count_parameters():
    """WHAT: for several configs, the numbers in each part of the real model; and GPT-2's 124,439,808.
    WHY: you want to know whether a model fits before you build it.
    TIP: which part does the message name? Print the shapes of its parameters: `model.named_parameters()`.
    """
    kinds = {"tokens": "wte", "positions": "wpe", "attention": ".attn.", "mlp": ".mlp.", "norms": "ln_"}
    for config in (GPTConfig(7, 5, 3, 2, 4), GPTConfig(11, 3, 1, 1, 6)):
        got, parameters = count_parameters(config), list(GPT(config).named_parameters())
        assert set(got) == set(kinds), f"the keys should be {list(kinds)}, and are {list(got)}"
        for kind, part in kinds.items():
            close(got[kind], sum(p.numel() for name, p in parameters if part in name), f"{kind} of {config}")
    close(sum(count_parameters(GPTConfig(50257, 1024, 12, 12, 768)).values()), 124_439_808, "all of GPT-2")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Which token comes next?

    Three tokens have the scores $\ln 8$, $\ln 4$ and $\ln 1$. Softmax makes that 8/13, 4/13 and 1/13. Which token do you take?

    - **Greedy**: the likeliest, always. The text is the same each time, and often goes in circles.
    - **At random**, by these probabilities. Of 50,000 tokens, the unlikely ones together still get a good share, and one bad token spoils what follows.
    - **Temperature**: divide the scores by $\tau$ first. $\tau = 0.5$ squares the ratios: 64/81, 16/81 and 1/81. Near 0 it is greedy. It can't be 0.
    - **Top-k**: keep the $k$ likeliest. But in some places only one token makes sense ("3 + 4 ="), in others a hundred do ("The").
    - **Top-p**: keep the fewest tokens that together have probability $p$. For $p = 0.9$, 8/13 is too little (0.62); 12/13 is enough (0.92).

    A token that isn't kept gets the score $-\infty$. Equal scores need a rule, otherwise the same seed can give different texts: lower ids come first.
    """)
    return


@app.function
# points: 3
def keep_top_k(logits: np.ndarray, k: int) -> np.ndarray:
    """Keep the k largest logits, and set all others to -inf.

    Args:
        logits, k: array of shape (V,); how many to keep, at least 1 (checked). If there are fewer, all.

    Returns:
        A new array of the same shape and dtype. Of equal logits, those with lower ids are kept first.

    >>> keep_top_k(np.array([1.0, 3.0, 2.0, 3.0]), 2).tolist()
    [-inf, 3.0, -inf, 3.0]

    Steps:
        1. Put the ids in order, the largest logit first, equal ones by id.
        2. Make an array of -inf, and copy the k logits that stay.

    Hint: NumPy sorts upwards. Only a sort of the kind "stable" keeps equal numbers in order.
    """
    check_top(logits, top_k=k)
    ### BEGIN SOLUTION
    kept = np.argsort(-logits, kind="stable")[:k]
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out
    ### END SOLUTION


@app.function
# points: 3
def test_keep_top_k():
    """WHAT: the k largest logits stay, the others are -inf; of equal ones, lower ids first; dtype kept, nothing changed in place.
    WHY: ties are common after rounding, and a text must be repeatable.
    TIP: which ids should stay for the logits in the message? How does your sorting treat equal ones? Which dtype has your array?
    """
    for logits, k, kept in (
        ([1, 5, 3], 2, [1, 2]), ([-3, -1, -2], 1, [1]), ([2, 7], 5, [0, 1]), ([4, 4, 4], 2, [0, 1]),
        ([-np.inf, 0, -np.inf], 2, [1]), ([0, 2, 2, 1] * 40, 30, [i for i in range(60) if i % 4 in (1, 2)]),
    ):  # fmt: skip
        for array in (np.array(logits, np.float64), np.array(logits, np.float32)):
            expected = np.full_like(array, -np.inf)
            expected[kept] = array[kept]
            what = f"{len(logits)} logits, the first {logits[:4]}, k = {k}"
            close(unchanged(keep_top_k, array, k), expected, what, dtype=array.dtype)


@app.function
# points: 4
def keep_top_p(logits: np.ndarray, p: float) -> np.ndarray:
    """Keep the fewest likely tokens that together have probability p. [Holtzman and others, 2019](https://arxiv.org/abs/1904.09751).

    Args:
        logits, p: array of shape (V,); a probability above 0 and at most 1 (checked).

    Returns:
        A new array of the same shape and dtype: the logits of the tokens that are kept, and -inf.

    >>> keep_top_p(np.log([0.25, 0.5, 0.125, 0.125]), 0.7).round(2).tolist()
    [-1.39, -0.69, -inf, -inf]

    Steps:
        1. Put the ids in order, the likeliest first, equal ones by id. Compute their probabilities, in float64.
        2. How many of them does it take to reach p?
        3. Make an array of -inf, and copy the logits that stay.

    Hint: `np.cumsum` adds up from the left. Large logits overflow, unless you subtract the largest first.
    """
    check_top(logits, top_p=p)
    ### BEGIN SOLUTION
    order = np.argsort(-logits, kind="stable")
    weights = np.exp((logits[order] - logits[order[0]]).astype(np.float64))
    weights /= weights.sum()
    kept = order[np.cumsum(weights) - weights < p]  # the sum of those before is too small
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out
    ### END SOLUTION


@app.function
# points: 4
def test_keep_top_p():
    """WHAT: the fewest tokens that sum to at least p, the likeliest first; sums that are exactly p; ties; large logits; dtypes.
    WHY: without the token that reaches p, a model that is 95 % sure of one word could keep none.
    TIP: write down the probabilities in the message, the largest first, and their sums. Where does a sum reach p, in float64?
    """
    for weights, p, kept in (
        ([1, 8, 4], 0.9, [1, 2]), ([1, 8, 4], 0.6, [1]), ([1, 8, 4], 0.62, [1, 2]), ([1, 8, 4], 0.93, [0, 1, 2]),
        ([1, 97, 1, 1], 0.5, [1]), ([1] * 4, 0.5, [0, 1]), ([1] * 4, 0.51, [0, 1, 2]), ([1] * 4, 0.25, [0]), ([1] * 50_000, 0.50001, range(25_001)),
        ([1, 2, 2, 1] * 40, 0.24, [i for i in range(58) if i % 4 in (1, 2)]), ([2, 1, 1], 1, [0, 1, 2]), ([0, 3, 3], 0.9, [1, 2]),
    ):  # fmt: skip
        for shift, dtype in ((0, np.float64), (1000, np.float64), (0, np.float32)):
            logits = np.array([math.log(n) + shift if n else -math.inf for n in weights], dtype)
            expected = np.full_like(logits, -np.inf)
            expected[kept] = logits[kept]
            what = f"{len(weights)} tokens, shares {weights[:4]} in {sum(weights)}, p = {p}{', logits near 1000' if shift else ''}"
            close(unchanged(keep_top_p, logits, p), expected, what, dtype=dtype)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Writing

    To write, read the text so far, choose a token, add it, and read again. From a text longer than `block_size`, give the model the last tokens. Two
    things end a text: a token that means "end", and a limit. A **generator** hands out each token at once, so your reader needn't wait for the end.
    """)
    return


@app.function
def next_token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The probability of each token to be the next, float64 of shape (V,): temperature first, then top-k, then top-p.

    Args:
        logits: floats of shape (V,). ValueError if one is nan.
        temperature, top_k, top_p: what the logits are divided by; as for `keep_top_k` and `keep_top_p`, or None.

    >>> next_token_probabilities(np.log([0.5, 0.25, 0.25]), temperature=0.5).round(3).tolist()
    [0.667, 0.167, 0.167]
    """
    check_sampling(logits, temperature)
    logits = (logits.astype(np.float64) - logits.max()) / temperature
    logits = logits if top_k is None else keep_top_k(logits, top_k)
    weights = np.exp(logits if top_p is None else keep_top_p(logits, top_p))
    return weights / weights.sum()


@app.function
@no_grad()
def next_logits(model: Module, ids: list[int]) -> np.ndarray:
    """The scores, of shape (V,), of the token after these ids, with dropout turned off meanwhile."""
    if model.training:
        try:
            return next_logits(model.eval(), ids)
        finally:
            model.train()
    return model(Tensor([ids])).array[0, -1]


@app.function
# points: 4
def write_on(model: Module, ids: list[int], max_new_tokens: int, choose: Callable, stop: int | None = None) -> Iterator[int]:  # fmt: skip
    """Add token after token to a text, and yield each one before the next is computed.

    Args:
        model: a GPT, which reads at most its last `model.config.block_size` tokens.
        ids: of the text so far, at least one. They are not changed.
        max_new_tokens: how many to add at most.
        choose: takes logits, an array of shape (V,), and returns an id.
        stop: the id of a token that ends the text; it is yielded, as the last one. None: nothing ends it.

    Returns:
        A generator of the ids of new tokens.

    >>> model = GPT(GPTConfig(vocab_size=5, n_layer=1, n_embd=8))
    >>> list(write_on(model, [0, 3], 4, choose=lambda logits: 2))
    [2, 2, 2, 2]

    Steps:
        1. Get the `next_logits` of the part that the model can read.
        2. Choose an id, and yield it.
        3. Add it to your own list of ids. Does it end the text?

    Hint: a function with `yield` pauses there until the next id is asked for. `return` ends it.
    """
    ### BEGIN SOLUTION
    ids = list(ids)
    for _ in range(max_new_tokens):
        token = choose(next_logits(model, ids[-model.config.block_size :]))
        yield token
        ids.append(token)
        if token == stop:
            return
    ### END SOLUTION


@app.function
# points: 4
def test_write_on():
    """WHAT: each token is chosen after reading the last `block_size` ids; the stop token ends the text; one token at a time.
    WHY: a model that reads the wrong ids writes fluent nonsense, and nothing raises.
    TIP: which ids should the model read before the token in the message? What comes after `stop`?
    """
    model, given, seen = GPT(GPTConfig(6, block_size=3, n_layer=1, n_head=1, n_embd=4)), [0, 3], []
    model.wte.weight.array[...] = 2 * waves(6, 4)

    def choose(logits):
        seen.append(np.array(logits))
        return [5, 2, 4, 1][(len(seen) - 1) % 4]

    assert iter(new := write_on(model, given, 4, choose)) is new, "yield each token, instead of returning all of them"
    assert list(islice(new, 9)) == [5, 2, 4, 1], "4 tokens, chosen as 5, 2, 4, 1"
    assert given == [0, 3], "the list of ids was changed"
    for text, logits in zip(([0, 3], [0, 3, 5], [3, 5, 2], [5, 2, 4]), seen, strict=True):
        close(logits, next_logits(model, text), f"prompt [0, 3], block_size 3: the logits after reading {text}")
    assert list(islice(write_on(model, [1, 1, 2, 0, 3], 9, choose, stop=4), 9)) == [5, 2, 4], "stop=4"
    close(seen[4], next_logits(model, [2, 0, 3]), "a prompt of 5 ids, block_size 3: the logits after the last three")
    for start, n, stop, expected in ((4, 3, 0, [0]), (4, 2, 4, [0, 0]), (4, 0, None, [])):
        got = list(islice(write_on(model, [start], n, lambda logits: 0, stop), 9))
        assert got == expected, f"prompt [{start}], max_new_tokens={n}, stop={stop}; 0 is chosen: got {got}"
    next(write_on(model, [1], 3, choose))
    assert len(seen) == 8, f"before the first token came out, {len(seen) - 7} were chosen"


@app.function
def generate(
    model: Module, prompt: Iterable[int], max_new_tokens: int, temperature: float = 1.0, top_k: int | None = None,
    top_p: float | None = None, *, greedy: bool = False, seed: int | None = None, stop: int | None = None,
) -> Iterator[int]:  # fmt: skip
    """Write on from a prompt: an iterator over the ids of new tokens, as they are chosen. What doesn't fit raises at once.

    Args:
        model, max_new_tokens, stop, temperature, top_k, top_p: as for the functions above.
        prompt: ids of tokens, at least one: a list, an array or a tensor of shape (T,).
        greedy, seed: take the likeliest token; or draw with this seed (None: from the default generator).
    """
    ids = prompt_ids(prompt, max_new_tokens, stop, model.config)
    next_token_probabilities(np.zeros(1), temperature, top_k, top_p)  # refuses wrong options now, not later
    draw = default_generator().random if seed is None else np.random.default_rng(seed).random

    def choose(logits):
        probabilities = next_token_probabilities(logits, temperature, top_k, top_p)
        sums = probabilities.cumsum()
        return int(probabilities.argmax() if greedy else np.searchsorted(sums, draw() * sums[-1], side="right"))

    return write_on(model, ids, max_new_tokens, choose, stop)


@app.function
def test_generate():
    """WHAT: at step 0 the loss is ln V; a text is learned by heart in 60 steps, and written greedily; one seed, one text.
    WHY: two probes that find most bugs within a second. Run them before any long training.
    TIP: a first loss far above ln V: are weights too large? A text that isn't learned: does each weight get a gradient?
    """
    close(next_token_probabilities(np.log([1.0, 8, 4]), 0.5), [1 / 81, 64 / 81, 16 / 81], "temperature 0.5")
    close(next_token_probabilities(np.log([1.0, 8, 4]), 1, 2, 0.65), [0, 1, 0], "top_k=2: 8 and 4 in 12; top_p=0.65")
    manual_seed(0)
    model, text = GPT(GPTConfig(50, 8, n_layer=2, n_embd=32)), np.random.default_rng(0).permutation(50)[None, :9]
    (_, first, new), (_, last, _) = moments_of_training(model, text, text, Adam(model.parameters()), (0, 60), 1e-2)
    assert abs(first - math.log(50)) < 0.2, f"the loss at step 0 is {first:.3f}, and ln 50 is {math.log(50):.3f}"
    assert last < 0.1, f"after 60 steps on one text, the loss is {last:.3f}"
    assert list(generate(model, text[0, :2], 7, greedy=True)) == text[0, 2:].tolist(), "the text, learned by heart"
    texts = [list(generate(new, Tensor([0, 3]), 20, seed=seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2], f"seeds 1, 1 and 2 wrote {texts}"


@app.function(hide_code=True)
# not exported
@cache
def trained_gpt():
    """(words of the course's corpus; moments of one training on them: (step, held-out loss, GPT); the loss of a counted bigram)."""
    manual_seed(0)
    words, ids = word_ids(SmallTalk().text[:300_000])
    rows, model = text_rows(words, ids, 25), GPT(GPTConfig(len(words), 24, n_layer=3, n_embd=64))
    adam = Adam(model.parameters(), betas=(0.9, 0.98))
    moments = moments_of_training(model, rows[:-250], rows[-250:], adam, (0, 20, 60, 120, 350), 1e-2)
    return words, moments, bigram_loss(ids[:-10_000], rows[-250:], len(words))


@app.cell(hide_code=True)
def _():
    prompt = mo.ui.text("A: Where does Dan live? B:", label="prompt", full_width=True)
    options = sliders_of(
        checkpoint=(0, 4, 4), token=(0, 40), temperature=(0.1, 3, 1, 0.1), top_k=(1, 20, 20), top_p=(0.05, 1, 1, 0.05), seed=(0, 20)
    )  # fmt: skip
    mo.md(f"""
    ### Explore: choose the next word while the GPT writes

    A GPT learns the words of the course's corpus, in a few seconds. `checkpoint` picks one of five models from this training, `token` a place in the text
    that it writes. **Predict**: where is the model sure of the next word, and where isn't it? What does each option change there?

    Then compare the texts of checkpoints 0 to 4. The title has their losses, next to those of a blind guess ($\\ln V$) and of a **bigram**, which counts the
    words that follow each word: a GPT whose loss is above that hasn't learned to use earlier words. When do the sentences become good? Are they true then?
    Try some seeds. {prompt} {options.hstack(wrap=True, justify="start")}
    """)
    return options, prompt


@app.function(hide_code=True)
def explore_writing(prompt, checkpoint, token, temperature, top_k, top_p, seed):
    """Figure: a text that a GPT writes, up to a token; the likeliest next words, before and after temperature, top-k and top-p."""
    words, moments, bigram = trained_gpt()
    (step, loss, model), ids = moments[checkpoint], word_ids(prompt, words)[1].tolist()
    ids += generate(model, ids, token, temperature, top_k, top_p, seed=seed)
    logits, (figure, axes) = next_logits(model, ids[-model.config.block_size :]), panels(height=4)
    before, after = next_token_probabilities(logits), next_token_probabilities(logits, temperature, top_k, top_p)
    best = np.argsort(-before, kind="stable")[:12]
    axes.bar(np.arange(12) - 0.2, before[best], 0.4, label="before")
    axes.bar(np.arange(12) + 0.2, after[best], 0.4, label=f"after: {np.count_nonzero(after)} words left", hatch="///")
    axes.set_xticks(range(12), shown_words(words[i] for i in best), rotation=45)
    axes.set(ylim=(0, 1), title=f"step {step}: loss {loss:.2f} (blind {math.log(len(words)):.2f}, bigram {bigram:.2f})")
    axes.legend(frameon=False)
    figure.suptitle(textwrap.fill(" ".join(shown_words(words[i] for i in ids)), 90), x=0.02, ha="left", fontsize=10)
    return figure


@app.cell(hide_code=True)
def _(options, prompt):
    show(explore_writing, prompt.value, *options.value)
    return


@app.cell(hide_code=True)
def _():
    sentence = mo.ui.text("A: Where does Dan live? B: Dan lives in the tent.", full_width=True)
    mo.md(f"""
    ### Explore: which layer knows what?

    All blocks add to one stream; the last norm and the table turn it into scores. You can do that earlier, after each block: that is the **logit lens**
    ([nostalgebraist, 2020](https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens)). For each word that was read, rows show
    the likeliest next one. **Predict** the first row: before any block, which word does the tied table score highest? And the last row? {sentence}
    """)
    return (sentence,)


@app.function(hide_code=True)
def explore_lens(sentence):
    """Figure: for each word of a sentence, the likeliest next word, read off the stream before and after each block; darker is surer."""
    words, moments, _ = trained_gpt()
    ids, model = word_ids(sentence, words)[1][:16], moments[-1][2]
    with no_grad():
        streams = [model.wte(Tensor(ids[None])) + model.wpe(Tensor(np.arange(len(ids))))]
        for block in model.h:
            streams.append(block(streams[-1]))
        shares = np.stack([softmax(linear(model.ln_f(x), model.wte.weight)).numpy()[0] for x in streams])
    figure, axes = panels(width=12)
    draw_shares(axes, shares.max(axis=2), [shown_words(words[i] for i in row) for row in shares.argmax(axis=2)])
    axes.set_xticks(range(len(ids)), shown_words(words[i] for i in ids))
    axes.set_yticks(range(len(streams)), ["before", *(f"after block {i}" for i in range(len(model.h)))])
    axes.set(title="likeliest next word", xlabel="word that was read")
    return figure


@app.cell(hide_code=True)
def _(sentence):
    show(explore_lens, sentence.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does training keep in memory?

    For the gradients, a block keeps, for each token, what its norms compute and return ($4 D$), queries, keys and values ($3 D$), what the heads return
    ($D$), both sides of `gelu` ($8 D$), and $H$ rows of weights ($H T$): $16 D + H T$ numbers. The end of the model keeps $2 D + V$. **Predict**, for 4 layers
    with 4 heads, width 128, 65 characters and 16 texts of 128 tokens: is this more than the weights? What doubles with the depth, what with the batch?
    """)
    return


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.function(hide_code=True)
def measure_depth(sizes=((1, 16), (2, 16), (4, 16), (8, 16), (4, 4), (4, 8)), tokens=128):
    """Markdown: weights and what is kept, by the formulas; measured peak memory and time of a step, over depth and batch."""
    rows = []
    for layers, batch in sizes:
        config = GPTConfig(65, tokens, layers)
        model, x, y = GPT(config), Tensor(np.ones((batch, tokens), int)), Tensor(np.zeros(batch * tokens, int))
        step = partial(lambda model, x, y: cross_entropy(model(x).flatten(0, 1), y).backward(), model, x, y)
        ((seconds, peak),) = compare({"": step}, rounds=1).values()
        block, end = 16 * config.n_embd + config.n_head * tokens, 2 * config.n_embd + config.vocab_size
        counts = sum(count_parameters(config).values()), batch * tokens * (layers * block + end)
        shown = [f"{size / 2**20:.1f} MiB" for size in (4 * counts[0], 4 * counts[1], peak)]
        rows.append((str(layers), str(batch), *shown, f"{1e3 * seconds:.0f} ms"))
    return mo.md(table(["layers", "batch", "weights", "kept, predicted", "peak of a step, measured", "time"], rows))


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_depth)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The peak is a little above the prediction: gradients come on top. What is kept grows with layers times batch; weights grow with layers only. When memory
    is short, use smaller batches and accumulate gradients (Module 07). Or keep only the input of each block, and compute the rest again.

    ## Complexity

    One text of $T$ tokens, $L$ layers of width $D$, $H$ heads, vocabulary $V$; writing reads the whole text again for each token (Module 17 stops that):

    | | multiplications | memory |
    |:---|:---|:---|
    | attention | $L (4 T D^2 + 2 T^2 D)$ | $4 L D^2$ weights |
    | MLPs | $8 L T D^2$ | $8 L D^2$ weights |
    | scores | $T V D$ | $V D$ weights, tied |
    | training | 3 times the sum of these | $T (L (16 D + H T) + 2 D + V)$ kept |

    ## In production

    PyTorch's `aten/src/ATen/native/cpu/layer_norm_kernel.cpp` keeps the mean and the scale of each row for the backward pass, not the normalized rows.
    `torch/utils/checkpoint.py` keeps only inputs, and computes the rest again.

    ## Questions
    """)
    return


@app.function
def answer_activations():
    """A GPT has 12 layers of width 768 with 12 heads. A step reads 8 texts of 1,024 tokens. How many GiB ($2^{30}$ bytes) do its blocks
    keep for the backward pass, in float32? Hint: how many numbers does a block keep for one token?
    """
    ### BEGIN SOLUTION
    return 8 * 1024 * 12 * (16 * 768 + 12 * 1024) * 4 / 2**30
    ### END SOLUTION


@app.function
# points: 1
def test_answer_activations():
    """WHAT: tokens, layers, what a block keeps for each token, and the bytes of a float32.
    WHY: the weights of this model take half a GiB. It is the rest that decides which batch fits.
    TIP: did you count all tokens of the batch? Both parts of what a block keeps? Is the result in GiB?
    """
    close(answer_activations(), 3.0**2, "GiB that all blocks keep")


@app.cell(hide_code=True)
def question_norm():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** You multiply the stream that enters block 5 of a pre-norm GPT by 10. What changes in block 5, and in what the model says at the end?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_loss():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** One GPT has a training loss of 0.1 and writes perfect sentences, which are all in the training text. Another has a loss of 1.2 and
    writes false ones. Which is better, and what would you measure to find out?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A GPT is a stream of vectors. Each block reads it through a norm, and adds: attention between words, an MLP for each word. One table reads and scores.
    - Before you train for long: is the first loss $\ln V$? Can it learn one batch by heart? Gibberish at a loss of 3 isn't a bug, nor is a low loss truth.
    - Temperature, top-k and top-p change the distribution, not the model. Training keeps $16 D + H T$ numbers per token and block.

    **Next:** export your work with `tito module complete 13`. Then Milestone 05 trains your GPT on real text.
    """)
    return


if __name__ == "__main__":
    app.run()
