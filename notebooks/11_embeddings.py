import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 11: Embeddings")

with app.setup(hide_code=True):
    import re
    from functools import cache, partial

    import marimo as mo
    import numpy as np

    from tinytorch.arrays import all_positions, check_vectors, positions_of, row_of
    from tinytorch.datasets import SmallTalk
    from tinytorch.layers import Linear, Module, Parameter
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import Adam
    from tinytorch.tensor import Tensor, manual_seed, op, randn
    from tinytorch.training import batches, train_epoch
    from tito.diagrams import diagram
    from tito.lesson import close, compare, measure, raises, show, sliders_of, unchanged, waves
    from tito.picture import panels


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 11: Embeddings

    A tokenizer turns a sentence into ids, say 17, 4, 92. Is word 92 larger than word 17? Is it close to word 91? Ids are names, and a
    network can't compute with names. So each id gets a vector, and training moves it. That leaves a second problem: "the dog bites Ada"
    and "Ada bites the dog" have the same vectors. How does a network learn what a word means, and where it is?

    **When you are done:** I can ...

    - look up rows of a table and send gradients back to them, and say what that saves compared with a matrix product;
    - share one table between the input and the output of a model;
    - tell a model where each word is, and convert weights between the two layouts of rotary positions.

    **You need:** Modules 01 to 10. **It unlocks:** Module 12, attention.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("embeddings")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. An id picks a row

    How do you feed a name to a linear layer? You could write id 2 of 4 as a **one-hot** vector, with a 1 at place 2, and multiply it by a
    table of weights:

    $$\begin{pmatrix} 0 & 0 & 1 & 0 \end{pmatrix}
    \begin{pmatrix} 1 & 2 \\ 3 & 4 \\ 5 & 6 \\ 7 & 8 \end{pmatrix} = \begin{pmatrix} 5 & 6 \end{pmatrix}$$

    Three of every four products are with 0, and the result is row 2. An **embedding** doesn't multiply: it picks the row. These rows are learned.
    Which gradient does a row get? Take the ids $(2, 0, 2)$ and their upstream gradients:

    $$\begin{pmatrix} 1 & 2 \\ 10 & 20 \\ 100 & 200 \end{pmatrix} \;\to\;
    \begin{pmatrix} 10 & 20 \\ 0 & 0 \\ 101 & 202 \\ 0 & 0 \end{pmatrix}$$

    Nudging row 2 changes two results, so its gradient is the sum of theirs. Rows that weren't used get 0. A lookup **gathers** rows; its
    gradient is a **scatter-add**. Beware of `full[ids] += grad`: NumPy reads all these rows, adds, and only then writes. Of the two
    results for row 2 one is lost, and the word "the" would learn from only one of its many uses in a batch.

    Sentences in a batch differ in length, so the shorter ones are filled up with a **padding** id. It means nothing: its row gets no
    gradient. And a wrong id must be refused. NumPy takes -1 for the last row: the network trains on the wrong vector, and you never find out.
    """)
    return


@app.function
# points: 4
def embedding_gradient(
    grad: np.ndarray, ids: np.ndarray, num_embeddings: int, padding_idx: int | None = None
) -> np.ndarray:
    """The gradient of a table whose rows were looked up.

    Args:
        grad, ids: the upstream gradient, of shape (*ids.shape, embedding_dim), and the ids, of any shape.
        num_embeddings, padding_idx: how many rows the table has; the id whose row gets no gradient, or None.

    Returns:
        Array of shape (num_embeddings, embedding_dim), in the dtype of `grad`.

    >>> embedding_gradient(np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]]), np.array([2, 0, 2]), 4).tolist()
    [[10.0, 20.0], [0.0, 0.0], [101.0, 202.0], [0.0, 0.0]]

    Steps:
        1. Make a table of zeros.
        2. Add each row of `grad` to the row of its id. An id that occurs twice gets both.
        3. Clear the row of the padding id, if there is one. (0 is an id as well.)

    Hint: a loop will do. So will the gradient of section 1's product (Module 05), or a method of `np.add`.
    """
    ### BEGIN SOLUTION
    width, ids = grad.shape[-1], ids.reshape(-1).astype(np.int64)
    full, grad = np.zeros((num_embeddings, width), grad.dtype), grad.reshape(len(ids), width)
    if len(ids) > 8 * num_embeddings:  # ids occur often: sort the rows by id, and sum those of each
        ends = np.bincount(ids, minlength=num_embeddings).cumsum()
        for row, uses in zip(full, np.split(grad.take(ids.argsort(kind="stable"), axis=0), ends[:-1]), strict=True):
            np.add.reduce(uses, axis=0, out=row)
    else:  # flat, `np.add.at` is three times as fast
        places = ids[:, None] * width + np.arange(width)
        np.add.at(full.reshape(-1), places.reshape(-1), grad.reshape(-1))
    if padding_idx is not None:
        full[padding_idx] = 0
    return full
    ### END SOLUTION


@app.function
# points: 4
def test_embedding_gradient():
    """WHAT: the sum of the gradients of each id's uses; zeros for unused rows and for padding; the dtype of `grad`.
    WHY: with a lost gradient, frequent words learn from one of their uses only.
    TIP: how often does an id of the message occur, and how many gradients are in its sum? Is the padding row zero?
    """
    for ids in (np.array([[2, 0, 2], [2, 4, 0]]), np.array(1), np.zeros(0, np.int64), np.tile([4, 1, 4], 20)):
        grad, what = waves(*ids.shape, 3), f"ids {str(ids.tolist())[:40]} of 5"
        expected = (ids.reshape(-1) == np.arange(5)[:, None]).astype(float) @ grad.reshape(-1, 3)
        close(unchanged(embedding_gradient, grad, ids, 5), expected, what)
        for padding in (0, 4):
            cleared = np.where(np.arange(5)[:, None] == padding, 0, expected)
            close(unchanged(embedding_gradient, grad, ids, 5, padding), cleared, f"{what}, padding_idx={padding}")
    small = waves(2, 3).astype(np.float32)
    close(embedding_gradient(small, np.array([1, 1]), 2), [[0, 0, 0], small.sum(0)], "float32", dtype=np.float32)


@app.function
@op
# points: 3
def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of a table, one for each id. PyTorch:
    [`F.embedding`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html).

    Args:
        input: ids, integers, of any shape. TypeError for another dtype, IndexError for an id without a row.
        weight, padding_idx: the table, of shape (num_embeddings, embedding_dim); the id whose row gets no gradient.

    Returns:
        Array of shape (*input.shape, embedding_dim), and its gradients.

    >>> embedding(Tensor([[1, 0]]), Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[[3.0, 4.0], [1.0, 2.0]]]

    Steps:
        1. Refuse ids that aren't integers, and ids without a row. Say which id it is.
        2. Pick the rows.
        3. Return (array, (None, function)): ids have no gradient, the table has yours.

    Hint: `ids.dtype.kind` is "i" or "u" for integers. The array of ids may be empty, and then has no maximum.
    """
    padding, ids, count = row_of(padding_idx, np.shape(weight)), np.asarray(input), len(weight)
    ### BEGIN SOLUTION
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids are {ids.dtype}: use integers")
    outside = ids[(ids < 0) | (ids >= count)]
    if outside.size:
        raise IndexError(f"id {outside[0]} is not in the vocabulary: use 0 to {count - 1}")
    return weight[ids], (None, lambda grad: embedding_gradient(grad, ids, count, padding))
    ### END SOLUTION


@app.function
# points: 3
def test_embedding():
    """WHAT: the row of each id, for ids of any shape, and the table's gradient; wrong dtypes and ids are refused.
    WHY: every word that a language model reads passes through here.
    TIP: which shape does the result have for the ids in the message? Which errors do you raise before you pick?
    """
    table = waves(5, 3)
    for ids in map(np.array, ([[4, 0], [4, 1], [2, 3]], 3, np.zeros((0, 2), np.int64), np.uint8([1, 4]))):
        expected = (ids[..., None] == np.arange(5)).astype(float) @ table
        close(unchanged(embedding, ids, table), expected, f"ids {ids.tolist()} of a table (5, 3)")
    close(embedding(np.array([1]), table.astype(np.float32)), table[[1]], "a table of float32", dtype=np.float32)
    for error, wrong in ((IndexError, [0, 5]), (IndexError, [-1]), (TypeError, [1.0]), (TypeError, [True])):
        raises(error, lambda wrong=wrong: embedding(np.array(wrong), table), f"ids {wrong} of a table of 5 rows")
    weight, ids = Tensor(table, dtype=np.float64, requires_grad=True), Tensor([[2, 0, 2], [1, 4, 2]])
    for padding, uses in ((None, [1, 1, 3, 0, 1]), (-1, [1, 1, 3, 0, 0])):
        weight.grad, out = None, embedding(ids, weight, padding)
        close(out, table[ids.array], f"the rows, padding_idx={padding}")
        (out**2).sum().backward()
        assert weight.grad is not None, "no gradient reached the table: is your function the second of two?"
        close(weight.grad, 2 * table * np.array(uses)[:, None], f"the gradient of the squares, padding_idx={padding}")


@app.class_definition
class Embedding(Module):
    """`embedding` with its table. PyTorch: [`nn.Embedding`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html).

    >>> Embedding(10, 3, padding_idx=-1)
    Embedding(10, 3, padding_idx=9)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = row_of(padding_idx, (num_embeddings, embedding_dim))
        self.weight = Parameter(randn(num_embeddings, embedding_dim))
        if padding_idx is not None:
            self.weight.array[padding_idx] = 0  # only here: loading keeps the row that it is given

    def forward(self, input: Tensor) -> Tensor:
        return embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. One table for reading and for guessing

    What moves the rows to useful places? Any task that needs the words, such as guessing a word from the two before and the two after it.
    Take the mean of their vectors, and compare it with a vector of every word in the vocabulary: the larger the dot product, the likelier
    the word. These vectors are the weight of a linear layer, of shape (vocabulary, dim), the shape of the input table.

    With **weight tying**, it is the very same `Parameter` ([Press and Wolf, 2016](https://arxiv.org/abs/1608.05859)). A row then gets the
    gradients of both uses, which add up. `parameters()` lists it once, otherwise an optimizer would step it twice; `state_dict()` has both names.

    Tying has a price. `nn.Embedding` starts with normal numbers of standard deviation 1. The dot product of two such rows of 32 numbers
    has standard deviation $\sqrt{32} \approx 5.7$: an untrained model is very sure of nonsense (Module 04). So a tied table starts smaller.
    """)
    return


@app.class_definition
class WordModel(Module):
    """Scores every word as the one between its neighbors: ids (N, neighbors) -> (N, vocabulary)."""

    def __init__(self, vocabulary: int, dim: int, tied: bool = True) -> None:
        self.embedding, self.output = Embedding(vocabulary, dim), Linear(dim, vocabulary, bias=False)
        self.embedding.weight.array *= 0.1
        if tied:
            self.output.weight = self.embedding.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.output(self.embedding(ids).mean(dim=1))


@app.function
def test_tied_weights():
    """WHAT: a tied table is one parameter with two names; its gradient is the sum of those of two separate tables.
    WHY: GPT-2 and many others save a large share of their weights this way.
    TIP: the model is given. If this fails, look at `embedding_gradient`, and at `named_tensors` in Module 03.
    """
    ids, target, tied, untied = Tensor([[2, 0, 2, 1]]), Tensor([2]), WordModel(5, 3), WordModel(5, 3, tied=False)
    untied.load_state_dict(tied.state_dict())
    for model in (tied, untied):
        cross_entropy(model(ids), target).backward()
    assert list(tied.state_dict()) == ["embedding.weight", "output.weight"]
    assert [name for name, _ in tied.named_parameters()] == ["embedding.weight"]
    both = untied.embedding.weight.grad + untied.output.weight.grad
    close(tied.embedding.weight.grad, both.numpy(), "the gradient of the tied table")


@app.function(hide_code=True)
# not exported
@cache
def trained_words(epochs):
    """(words of the course's corpus; the table of a WordModel after some epochs on it, with rows of length 1)."""
    manual_seed(0)
    words, ids = np.unique(re.findall(r"[a-z']+", SmallTalk().text[:400_000].lower()), return_inverse=True)
    model = WordModel(len(words), 32)
    x, y = Tensor(np.stack([ids[:-4], ids[1:-3], ids[3:-1], ids[4:]], axis=1)), Tensor(ids[2:-2])
    optimizer = Adam(model.parameters(), 1e-2)
    for _ in range(epochs):
        train_epoch(model, cross_entropy, optimizer, batches(x, y, 512))
    table = model.embedding.weight.array
    return words.tolist(), table / np.linalg.norm(table, axis=1, keepdims=True)


@app.cell(hide_code=True)
def _():
    word = mo.ui.dropdown(trained_words(0)[0], "seven", label="word")
    epochs = sliders_of(epochs=(0, 4, 1))
    mo.md(f"""
    ### Explore: which words end up near each other?

    The model reads Small Talk, the course's own corpus about one village, which has only {len(trained_words(0)[0])} different words, so
    this embedding is small. The **cosine similarity** of two words is the dot product of their vectors, scaled to length 1. **Predict**: the
    text never says that seven is a number. Will its vector come near those of other numbers? What will be near "she"? With more epochs,
    "cat" comes nearer to "meow", and gets further from "dog". Why? {epochs.hstack(justify="start")} {word}
    """)
    return epochs, word


@app.function(hide_code=True)
def explore_words(word, epochs):
    """Figure: the cosine similarities of twelve words in four groups, and the eight words that are nearest to one."""
    (words, table), (figure, (left, right)) = trained_words(epochs), panels(2, height=3.4)
    shown = ["two", "seven", "nine", "cat", "dog", "owl", "jam", "cake", "pizza", "monday", "friday", "sunday"]
    rows = table[[words.index(name) for name in shown]]
    left.imshow(rows @ rows.T, cmap="PuOr", vmin=-1, vmax=1)
    left.set(xticks=[], yticks=range(12), yticklabels=shown, title=f"cosine similarity, epochs: {epochs}")
    similar = table @ table[words.index(word)]
    nearest = np.argsort(-similar)[8:0:-1]
    right.barh([words[i] for i in nearest], similar[nearest])
    right.set(xlim=(0, 1), title=f"nearest to {word!r}")
    return figure


@app.cell(hide_code=True)
def _(epochs, word):
    show(explore_words, word.value, *epochs.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Where is a word? A second table

    `WordModel` takes a mean, and a mean has no order. Nor has attention, in the next module: it compares vectors in pairs, wherever they
    are. So the vector itself must say where it is. The simplest way, that of GPT-2, is a second table with a learned row for each
    **position**. A vector is then the row of its word plus the row of its position, and "dog" at place 1 and at place 4 differ.

    When a model writes text word by word, a new word comes alone, but its position goes on: an **offset** says how many came before. And
    the table ends. With 128 rows, there is nothing for the word after the 128th.
    """)
    return


@app.class_definition
class LearnedPositions(Module):
    """Adds to each vector a learned vector of its position: (..., T, D) -> (..., T, D)."""

    def __init__(self, max_length: int, dim: int) -> None:
        self.max_length, self.table = max_length, Embedding(max_length, dim)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Add the vectors of the positions from `offset` on. ValueError if the table lacks one of them.

        >>> layer = LearnedPositions(4, 1)
        >>> layer.table.weight.array[:, 0] = 0, 10, 20, 30
        >>> layer(Tensor([[1.0], [2.0]]), offset=2).tolist()
        [[21.0], [32.0]]

        Steps:
            1. Which positions does `x`, of shape (..., T, D), need? Refuse those that the table doesn't have.
            2. Look them up, and add them.

        Hint: `self.table` takes a tensor of ids. T is the size of the second last axis.
        """
        check_vectors(x, self.table.embedding_dim)
        ### BEGIN SOLUTION
        end = offset + x.shape[-2]
        if offset < 0 or end > self.max_length:
            raise ValueError(f"the positions are {offset} to {end - 1}: the table has 0 to {self.max_length - 1}")
        return x + self.table(Tensor(np.arange(offset, end)))
        ### END SOLUTION


@app.function
# points: 2
def test_LearnedPositions_forward():
    """WHAT: each vector plus that of its position, from the offset on, in every sequence; too long ones are refused.
    WHY: off by one, and a model that writes text takes each word for its neighbor.
    TIP: which positions does the case in the message need? Which is the last one that the table has?
    """
    layer, x, rows = LearnedPositions(5, 2), waves(3, 2, 2), waves(5, 2)
    layer.table.weight.array[...] = rows
    for offset in (0, 1, 3):
        close(layer(Tensor(x), offset), x + rows[offset : offset + 2], f"offset {offset}, a table of 5 positions")
    close(layer(Tensor(rows)), 2 * rows, "all 5 positions")
    layer(same := Tensor(x), 2).sum().backward()
    close(same, x, "the vectors that went in, afterwards")
    close(layer.table.weight.grad, [[0, 0], [0, 0], [3, 3], [3, 3], [0, 0]], "the gradient of the table, offset 2")
    for start, n in ((0, 6), (4, 2), (-1, 2)):
        raises(ValueError, lambda start=start, n=n: layer(Tensor(waves(n, 2)), start), f"{n} vectors, offset {start}")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. Sinusoidal positions: a formula instead of a table

    A clock shows the time with hands of different speeds, a fast one for seconds and a slow one for hours. Take $D / 2$ hands. At position
    $t$, hand $i$ is at the angle $t \cdot \text{base}^{-2 i / D}$. With $D = 4$ and the usual base of 10,000, hand 0 turns by
    $10000^0 = 1$ radian from one position to the next, and hand 1 by $10000^{-2/4} = 0.01$. The fast hand tells neighbors apart, the slow
    one distant positions. After each turn a hand looks the same, so each is two numbers, its sine and its cosine:

    $$(\sin t,\; \cos t,\; \sin 0.01 t,\; \cos 0.01 t)$$

    The first transformer added this to its words ([Vaswani and others, 2017](https://arxiv.org/abs/1706.03762)). Nothing is learned, and
    no position is too large.
    """)
    return


@app.function
# points: 4
def sinusoidal_positions(positions: int | np.ndarray, dim: int, base: float = 10000.0) -> np.ndarray:
    """A vector for each position: the sine and the cosine of each hand's angle.

    Args:
        positions: how many, from 0 on; or the positions, an array of integers of any shape.
        dim, base: how many numbers in a vector (ValueError if that is odd), and how slow the slowest hands are.

    Returns:
        Array of shape (*positions.shape, dim), float64: sine and cosine of hand 0, then those of hand 1, and so on.

    >>> sinusoidal_positions(2, 4).round(4).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8415, 0.5403, 0.01, 1.0]]

    Steps:
        1. Refuse an odd `dim`.
        2. How far does each hand turn per position? Multiply each position by that.
        3. Take the sines and the cosines, in pairs.

    Hint: with a new last axis, positions broadcast against hands. A slice with a step writes every second number.
    """
    positions = all_positions(positions)
    ### BEGIN SOLUTION
    if dim % 2:
        raise ValueError(f"dim is {dim}: it must be even, two numbers for each angle")
    angles = positions[..., None] * base ** (-2 * np.arange(dim // 2) / dim)
    table = np.empty((*positions.shape, dim))
    table[..., 0::2], table[..., 1::2] = np.sin(angles), np.cos(angles)
    return table
    ### END SOLUTION


@app.function
# points: 4
def test_sinusoidal_positions():
    """WHAT: sine and cosine of position times base^(-2 i / dim), in pairs; an odd dim is refused.
    WHY: pairs in another order, or with another exponent, are another code, which trained weights can't read.
    TIP: at position 0 every angle is 0: which number comes first? At position 1: which power of the base is hand 1 at?
    """
    close(sinusoidal_positions(1, 6), [[0, 1, 0, 1, 0, 1]], "position 0, dim 6")
    for positions in (np.arange(4), np.array([[3, 0, 7], [100_000, 1, 2]])):
        angles = positions[..., None] * np.array([1, 1 / 4, 1 / 16])  # 64 to the powers 0, -1/3 and -2/3
        expected = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(*positions.shape, 6)
        close(unchanged(sinusoidal_positions, positions, 6, 64.0), expected, f"positions {positions.tolist()}, base 64")
    close(sinusoidal_positions(4, 6, 64.0)[3], expected[0, 0], "position 3 of 4, base 64")
    close(sinusoidal_positions(2, 8)[1, 0::2], np.sin([1, 0.1, 0.01, 0.001]), "the sines of position 1, dim 8")
    for dim in (3, 1):
        raises(ValueError, lambda dim=dim: sinusoidal_positions(4, dim), f"dim {dim}")


@app.cell(hide_code=True)
def _():
    picture = sliders_of(positions=(8, 64, 40), width=(4, 64, 32, 4), position=(0, 63, 20))
    mo.md(f"""
    ### Explore: positions as a picture

    Left, a row for each position; right, one of them times each. **Predict**: which columns change fast? What do the last ones tell? Where
    is the dot product largest, and does the curve change its shape if you move the position? {picture.hstack(justify="start")}
    """)
    return (picture,)


@app.function(hide_code=True)
def explore_positions(count, width, position):
    """Figure: a table of sinusoidal positions; the dot products of one position with each, with itself at the dashed line."""
    table, place, (figure, (left, right)) = sinusoidal_positions(count, width), min(position, count - 1), panels(2)
    left.imshow(table, cmap="PuOr", vmin=-1, vmax=1, aspect="auto")
    left.set(title="positions", xlabel="number in the vector", ylabel="position")
    right.plot(table @ table[place])
    right.axvline(place, color="gray", linestyle="--")
    right.set(title=f"dot products with position {place}", xlabel="position")
    return figure


@app.cell(hide_code=True)
def _(picture):
    show(explore_positions, *picture.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Rotary positions: turn instead of add

    Attention compares words by dot products, a **query** of one word with a **key** of another. What should matter is that the other word is
    two places back, not that it is word 117. So don't add anything. Take the numbers of each vector in pairs, as arrows in the plane, and
    turn pair $i$ by the angle $\varphi$ of hand $i$ at the word's position ([Su and others, 2021](https://arxiv.org/abs/2104.09864)):

    $$(a, b) \;\to\; (a \cos \varphi - b \sin \varphi,\;\; a \sin \varphi + b \cos \varphi)$$

    A quarter turn takes $(3, 1)$ to $(-1, 3)$. If two arrows turn by the same angle, their dot product stays as it is. So it depends on
    the *difference* of their positions only. Lengths stay as well. The gradient of a turn is a turn, too.

    **There isn't one RoPE.** Which numbers are a pair? The paper and Meta's Llama take neighbors, (0, 1), (2, 3), ...: the **interleaved**
    layout. GPT-NeoX and Hugging Face's Llama take the first half with the second, for 8 numbers (0, 4), (1, 5), (2, 6), (3, 7):
    **half-split**. Both train equally well. But weights that were trained with one give nonsense with the other, and no error.
    """)
    return


@app.function
@op
# points: 5
def apply_rotary(x: Tensor, positions: Tensor | int = 0, base: float = 10000.0, *, interleaved: bool = True) -> Tensor:
    """Turn the pairs of each vector by the angles of its position.

    Args:
        x: queries or keys, of shape (..., T, D). ValueError if D is odd.
        positions: the position of the first vector (the others follow); or all of them, an array of shape (T,) or (..., T).
        base: as for `sinusoidal_positions`.
        interleaved: whether neighbors are pairs; if not, number i and number i + D / 2 are.

    Returns:
        Array in the shape and dtype of `x`, and its gradient.

    >>> apply_rotary(np.array([[3.0, 1.0], [3.0, 1.0]])).round(2).tolist()
    [[3.0, 1.0], [0.78, 3.06]]

    Steps:
        1. The sines and the cosines of the positions' angles, in the dtype of `x`.
        2. Which numbers of a vector are the first of their pair, which are the second?
        3. Turn the pairs, and put the results where the numbers came from, in a new array.
        4. Return (array, (function,)). What does turning back change in the formula?

    Hint: your `sinusoidal_positions` has both. An inner function that turns any array of this shape serves twice.
    """
    positions = positions_of(x, positions, interleaved)
    ### BEGIN SOLUTION
    half, table = x.shape[-1] // 2, sinusoidal_positions(positions, x.shape[-1], base).astype(x.dtype)
    sin, cos = table[..., 0::2], table[..., 1::2]
    first, second = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(0, half), slice(half, None))

    def turned(x, sin):
        a, b, out = x[..., first], x[..., second], np.empty_like(x)
        out[..., first], out[..., second] = a * cos - b * sin, a * sin + b * cos
        return out

    return turned(x, sin), (lambda grad: turned(grad, -sin),)
    ### END SOLUTION


@app.function
# points: 5
def test_apply_rotary():
    """WHAT: each pair turned by its angle, in both layouts, from any position on; the gradient; float32 stays float32.
    WHY: a wrong pair, angle or direction trains without complaint, and then can't read any other model's weights.
    TIP: which numbers are pair 0 in the message's layout? Turn (1, 0) at position 1: is it (cos 1, sin 1)? A gradient turns back.
    """
    x = waves(2, 3, 6)
    for interleaved, a, b in ((True, [0, 2, 4], [1, 3, 5]), (False, [0, 1, 2], [3, 4, 5])):
        for numbers in map(np.array, ([0, 1, 2], [7, 8, 9], [[5, 0, 2], [1, 9, 3]])):
            positions = int(numbers[0]) if numbers.ndim == 1 else numbers
            angles = numbers[..., None] * np.array([1, 1 / 4, 1 / 16])  # base 64
            pairs = (x[..., a] + 1j * x[..., b]) * np.exp(1j * angles)  # complex numbers turn when they are multiplied
            expected, what = np.empty(x.shape), f"positions {numbers.tolist()}, interleaved={interleaved}"
            expected[..., a], expected[..., b] = pairs.real, pairs.imag
            close(unchanged(partial(apply_rotary, interleaved=interleaved), x, positions, 64.0), expected, what)
            t = Tensor(x, dtype=np.float64, requires_grad=True)
            (apply_rotary(t, positions, 64.0, interleaved=interleaved) ** 2).sum().backward()
            close(t.grad, 2 * x, f"the gradient of the squares, which no turn changes, for {what}")
    close(apply_rotary(np.float32(waves(2, 4))), apply_rotary(waves(2, 4)), "float32", dtype=np.float32)
    scores = [(apply_rotary(waves(1, 8), 3 + key) * apply_rotary(waves(2, 8)[1:], key)).sum() for key in (0, 1, 50)]
    close(scores, [scores[0]] * 3, "the score of a query 3 places after its key, wherever they are")
    raises(ValueError, lambda: apply_rotary(waves(2, 3)), "vectors of 3 numbers")


@app.cell(hide_code=True)
def _():
    turn = sliders_of(query=(0, 20, 5), key=(0, 20, 2), pair=(0, 3, 0))
    mo.md(f"""
    ### Explore: turn a pair of numbers

    Left, a pair of a query and of a key, before (dotted) and after. Right, the score of a query that moves away from the key. **Predict**:
    if both move by 5, what happens to the angle between the arrows, and to the curves? How far does pair 3 of 8 numbers turn in 20
    positions? Vectors made for interleaved pairs are read as half-split as well, once in another order. Which two curves agree? {turn.hstack()}
    """)
    return (turn,)


@app.function(hide_code=True)
def explore_rotation(query, key, pair):
    """Figure: a pair of a query and of a key as arrows, before and after turning; scores by distance in both layouts."""
    figure, (plane, scores) = panels(2, height=3.4)
    for name, position, arrow, color in (("query", query, (1, 0.4), "#0072b2"), ("key", key, (0.4, 0.8), "#d55e00")):
        x, y = apply_rotary(np.tile(arrow, (1, 4)), position)[0, 2 * pair :][:2]
        plane.plot([0, arrow[0]], [0, arrow[1]], ":", color=color)
        plane.annotate("", (x, y), (0, 0), arrowprops={"color": color, "arrowstyle": "->", "linewidth": 2})
        plane.text(1.2 * x, 1.2 * y, name, color=color, ha="center", va="center")
    plane.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", title=f"pair {pair}, positions {query} and {key}")
    vectors, order = (waves(64), waves(64) + waves(128)[64:]), np.arange(64).reshape(32, 2).T.reshape(64)
    for name, rows in {"interleaved": slice(64), "half-split": slice(64), "half-split, other order": order}.items():
        turned = [apply_rotary(np.tile(v[rows], (40, 1)), key, interleaved=name == "interleaved") for v in vectors]
        scores.plot(turned[0] @ turned[1][0], label=name, linewidth=5 if name == "interleaved" else 2)
    scores.set(title=f"score with a key at position {key}", xlabel="distance")
    scores.legend(frameon=False)
    return figure


@app.cell(hide_code=True)
def _(turn):
    show(explore_rotation, *turn.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what does a lookup save, and how much of a model is embedding?

    2048 ids, rows of 128 numbers; a vocabulary of 65 characters, and one of 5,000 words. **Predict**: how many times slower is a product
    with one-hot vectors? Can it ever be the faster way to the gradient? What share of a GPT of 4 layers, 128 wide, is its table?
    """)
    return


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.function(hide_code=True)
def measure_lookup(rounds=7):
    """Markdown: median time and peak bytes of a lookup and of its gradient, against products with one-hot vectors."""

    def costs(vocabulary):
        ids, table = np.random.default_rng(0).integers(vocabulary, size=2048), randn(vocabulary, 128).array
        grad, one_hot = randn(2048, 128).array, lambda: np.equal.outer(ids, np.arange(vocabulary)).astype(np.float32)
        ways = {
            "lookup": lambda: embedding(ids, table),
            "product with one-hot vectors": lambda: one_hot() @ table,
            "your gradient": lambda: embedding_gradient(grad, ids, vocabulary),
            "gradient by such a product": lambda: one_hot().T @ grad,
        }
        return compare(ways, rounds)

    small, large = costs(65), costs(5000)
    lines = ["| 2048 ids | vocabulary 65 | memory | 5,000 | memory |", "|:---|---:|---:|---:|---:|"]
    for name, numbers in small.items():
        cells = (f"{seconds * 1e6:,.0f} µs | {size / 2**20:,.2f} MiB" for seconds, size in (numbers, large[name]))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    rest = 4 * (12 * 128**2 + 13 * 128) + 2 * 128 + 128 * 128  # of a GPT, as Modules 12 and 13 build it
    lines += ["", "| vocabulary of a GPT | table | all weights | share | untied |", "|---:|---:|---:|---:|---:|"]
    for table in (65 * 128, 1000 * 128, 50257 * 128):
        sizes = f"{table // 128:,} | {table * 4 / 2**20:.2f} MiB | {(table + rest) * 4 / 2**20:.2f} MiB"
        lines.append(f"| {sizes} | {table / (table + rest):.0%} | {2 * table / (2 * table + rest):.0%} |")
    return mo.md("\n".join(lines))


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_lookup)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    A lookup copies 1 MiB, whatever the vocabulary. The one-hot vectors alone take 39 MiB at 5,000, and nearly all products are with 0.
    For the gradient the race is closer: a product adds up at full speed, your gradient goes where the ids say.

    Characters cost a GPT next to nothing; a table of GPT-2's 50,257 tokens would be nearly all of it.

    ## Complexity

    $N$ ids, vocabulary $V$, rows of $D$ numbers, $T$ positions:

    | | multiplications | memory |
    |:---|:---|:---|
    | lookup; its gradient | none | $N D$; $V D$ |
    | products with one-hot vectors | $N V D$ each | $N V$ more |
    | learned positions | none | $T D$ weights |
    | sinusoidal; rotary positions | $T D / 2$; $2 N D$ | no weights |

    ## In production

    PyTorch's `aten/src/ATen/native/Embedding.cpp` picks rows as you do. For the gradient, each thread owns a range of the table, goes
    through all ids, and adds up its own. On a GPU, `cuda/Embedding.cu` sorts the ids first, so that equal ones are neighbors.

    ## Questions
    """)
    return


@app.function
def answer_order():
    """A query's weight has 8 rows, and was trained with interleaved pairs. In which order must you put them (and those of the key), so that
    code for half-split pairs gives the same scores?

    Return a list of the numbers 0 to 7. Hint: which two of the old rows must end up at places 0 and 4?
    """
    ### BEGIN SOLUTION
    return [0, 2, 4, 6, 1, 3, 5, 7]
    ### END SOLUTION


@app.function
# points: 1
def test_answer_order():
    """WHAT: an order in which the half-split pairs are the old interleaved pairs, with their old angles.
    WHY: this converts weights between the two layouts, and nothing warns you if you forget it.
    TIP: write the pairs of both layouts below each other. Pair i must have the same two rows in both.
    """
    order, x = answer_order(), waves(3, 8)
    assert sorted(order) == [0, 1, 2, 3, 4, 5, 6, 7], f"{order} doesn't have each of the numbers 0 to 7 once"
    expected = apply_rotary(x)[:, order]
    close(apply_rotary(x[:, order], interleaved=False), expected, f"turned in half-split pairs, rows {order}")


@app.cell(hide_code=True)
def question_padding():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A colleague calls `from_pretrained(vectors, freeze=False, padding_idx=0)` and trains with AdamW. Does row 0
    start at zero? Its gradient is always zero: does AdamW move it anyway? Does Adam?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_longer():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** Three models read 128 tokens at a time in training, with learned, sinusoidal or rotary positions. What happens at the 129th?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - An embedding picks rows, as a product with one-hot vectors would. Its gradient is a scatter-add: all uses of an id add up.
    - Words that are used alike get similar vectors; in a tied table, which gets the gradients of both its uses, neighbors do as well.
    - Learned and sinusoidal positions are added. Rotary ones turn pairs, so that scores depend on distances. Mind which pairs.

    **Next:** export your work with `tito module complete 11`. In Module 12, each word looks at the others.
    """)
    return


if __name__ == "__main__":
    app.run()
