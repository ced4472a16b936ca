"""A text as words, and networks that learn it: for the explorations of Modules 12 and 13."""

import re
from functools import cache

import numpy as np


def word_ids(text, words=None):
    """The words and signs of a text as ids.

    Args:
        text: a string.
        words: the vocabulary, a list; what it lacks is left out; if nothing is left, id 0 stays. None: all words of the text, in alphabetical order.

    Returns:
        (words, ids), a list and an array.

    >>> words, ids = word_ids("Who eats? Gina eats.")
    >>> words, ids.tolist()
    (['.', '?', 'Gina', 'Who', 'eats'], [3, 4, 1, 2, 4, 0])
    """
    pieces = re.findall(r"[A-Za-z']+|\d+|[^\w ]", text)
    if words is None:
        words, ids = np.unique(pieces, return_inverse=True)
        return words.tolist(), ids
    places = {word: i for i, word in enumerate(words)}
    return words, np.array([places[piece] for piece in pieces if piece in places] or [0])


def text_rows(words, ids, size):
    r"""The beginning of each text of a corpus, in which an empty line is between texts.

    Args:
        words, ids: as `word_ids` gives them.
        size: how many ids to take; the next text may begin in them.

    Returns:
        Array of shape (texts, size).

    >>> text_rows(*word_ids("\n\nWho eats?\n\nGina eats.\n"), 3).tolist()
    [[4, 5, 2], [3, 5, 1]]
    """
    ends = ids == words.index("\n")
    starts = np.flatnonzero(ends[:-size] & ends[1 : 1 - size]) + 2
    return ids[starts[starts <= len(ids) - size, None] + np.arange(size)]


def bigram_loss(train, test, size, extra=1):
    """The loss of a table that counts which id follows which.

    Args:
        train: ids, an array of shape (n,).
        test: ids of shape (..., tokens).
        size: of the vocabulary.
        extra: how much more often each pair counts than it occurs, so that none has the probability 0.

    >>> float(round(bigram_loss(np.array([0, 1, 0, 1]), np.array([[0, 1]]), 2), 3))  # 0 is followed by 1 with probability 3/4
    0.288
    """
    counts = extra + np.bincount(train[:-1] * size + train[1:], minlength=size * size).reshape(size, size)
    return -np.log((counts / counts.sum(axis=1, keepdims=True))[test[..., :-1], test[..., 1:]]).mean()


def moments_of_training(model, rows, held, optimizer, moments, rate):
    """Train a GPT, and keep copies of it.

    Args:
        model: a GPT.
        rows, held: ids to train with and to measure the loss with, arrays of shape (texts, tokens).
        optimizer: of the model.
        moments: after how many steps to keep a copy; the last one ends the training.
        rate: the highest learning rate; it rises for 40 steps, stays, and falls in the second half.

    Returns:
        For each moment: (step, the loss on `held`, a copy of the model).
    """
    from tinytorch.losses import cross_entropy
    from tinytorch.tensor import Tensor

    def loss_of(rows):
        return cross_entropy(model(Tensor(rows[:, :-1])).flatten(0, 1), Tensor(rows[:, 1:].reshape(-1)))

    rng, kept = np.random.default_rng(0), []
    for step in range(max(moments) + 1):
        if step in moments:
            kept.append((step, loss_of(held).item(), type(model)(model.config)))
            kept[-1][2].load_state_dict(model.state_dict())
        optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / 40, 2 - 2 * step / (max(moments) + 1))
        optimizer.zero_grad()
        loss_of(rows[rng.integers(len(rows), size=16)]).backward()
        optimizer.step()
    return kept


def shown_words(words):
    r"""Words for a figure; the end of a line as a slash.

    >>> shown_words(["Who", "\n"])
    ['Who', '/']
    """
    return [word.replace("\n", "/") for word in words]


def read_sentence(attention, sentence, epochs):
    """What a layer of attention with 4 heads reads, after it has learned to predict the next word of the course's corpus.

    Args:
        attention: the class `MultiheadAttention`.
        sentence: a text; words that the corpus lacks are left out.
        epochs: how often it has seen the corpus' first 250,000 characters.

    Returns:
        The words (15 at most); the weights of each head, of shape (4, words, words); the likeliest next word.
    """
    from tinytorch.autograd import no_grad
    from tinytorch.tensor import Tensor

    ids, read = _trained_reader(attention, epochs)
    words = [word for word in _words(sentence) if word in ids][:15] or ["the"]
    with no_grad():
        logits, weights = read(Tensor([[ids[word] for word in words]]))
    return words, weights.numpy()[0], list(ids)[logits[0, -1].argmax().item()]


def _words(text):
    return re.findall(r"[a-z']+|[.,?!:\d]", text.lower())


@cache
def _trained_reader(attention, epochs, length=16, width=32):
    """(word -> id; a function from ids (N, T) to the logits of the next words, and the weights of 4 heads)."""
    from tinytorch.datasets import SmallTalk
    from tinytorch.embeddings import Embedding, LearnedPositions
    from tinytorch.layers import Linear, Module
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import Adam
    from tinytorch.tensor import Tensor, manual_seed
    from tinytorch.training import batches, train_epoch

    manual_seed(0)
    words, ids = np.unique(_words(SmallTalk().text[:250_000]), return_inverse=True)
    rows = ids[: len(ids) // length * length].reshape(-1, length)
    model = Module()
    model.embedding, model.positions = Embedding(len(words), width), LearnedPositions(length, width)
    model.attention, model.output = attention(width, 4, batch_first=True), Linear(width, len(words))

    def read(ids):
        x = model.positions(model.embedding(ids))
        output, weights = model.attention(x, x, x, is_causal=True, average_attn_weights=False)
        return model.output(x + output), weights

    model.forward, optimizer = lambda ids: read(ids)[0].flatten(0, 1), Adam(model.parameters(), 5e-3)
    for _ in range(epochs):
        data = batches(Tensor(rows[:, :-1]), Tensor(rows[:, 1:]), 64)
        train_epoch(model, lambda logits, y: cross_entropy(logits, y.flatten()), optimizer, data)
    return {word: i for i, word in enumerate(words.tolist())}, read
