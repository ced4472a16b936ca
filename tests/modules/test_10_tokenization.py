"""The exported tokenizers, tested with other texts than in the notebook."""

import numpy as np
import pytest

from tinytorch.datasets import SmallTalk
from tinytorch.tensor import Tensor
from tinytorch.text import BYTES, count_words, encode_long, to_bytes
from tinytorch.tokenization import (
    BPETokenizer,
    CharTokenizer,
    count_pairs,
    decode_ids,
    encode_word,
    learn_merges,
    merge,
)
from tito.lesson import merges_by_rule, raises

TEXTS = [
    "", " ", "a", "aaaaaaa", "To be, or not to be: that is the question.", "don't, we'll, I'VE; it's", "\n\n\t  x  \r\n",
    "12 345 6,789.00", "naïve façade — “quoted” …", "Здравствуй, мир", "你好,世界", "नमस्ते", "🙂🙃👩‍🚀", "½ Ⅷ ² ٣", "e\u0301 \u200d \ufeff",
    "\x00\x1c\x85\u2028", "_under_score __init__", "<|end|>", "\U0010ffff",
]  # fmt: skip
BEST = "the", "then", "there", "other", "mother", "them", "thermometer"


def test_pairs_of_the_corpus():
    """WHAT: all pairs of a text add up to its bytes without the last of each word, and each count is right.
    WHY: a pair that is counted once too often may be merged too early.
    TIP: count the pairs of one word of three bytes by hand.
    """
    words = count_words(SmallTalk(train=False).text)
    counts = count_pairs(words)
    assert sum(counts.values()) == sum((len(word) - 1) * times for word, times in words.items())
    for pair in ((32, 116), (116, 104), (97, 97)):
        expected = sum(
            times * sum(word[i : i + 2] == bytes(pair) for i in range(len(word))) for word, times in words.items()
        )
        assert counts.get(pair, 0) == expected, f"{bytes(pair)} occurs {expected} times, not {counts.get(pair, 0)}"


@pytest.mark.parametrize("length", range(1, 9))
def test_a_run_of_equal_ids_is_halved(length):
    """WHAT: in a run of equal ids, each two become one, from the left, and an odd one is left at the end.
    WHY: this is where an id is easily used twice.
    TIP: where do you go on after a merge?
    """
    expected = [7] * (length // 2) + [3] * (length % 2)
    assert merge([3] * length, (3, 3), 7) == expected
    assert merge([3] * length + [4], (3, 4), 7) == [3] * (length - 1) + [7]


@pytest.mark.parametrize("text", [*TEXTS[3:], " ".join(BEST), SmallTalk(train=False).text[:3000]])
def test_merges_are_those_of_counting_anew(text):
    """WHAT: the merges of a plain trainer, one for one, until no pair is left.
    WHY: keeping counts is only worth something if the vocabulary is the same.
    TIP: compare with your first version, and look at the first merge that differs: which counts are wrong there?
    """
    words = count_words(text)
    expected = [pair for pair, *_ in merges_by_rule(words, 300, min)]  # counted anew each time: slow, and plain
    merges = learn_merges(words, 300)
    for number, (actual, right) in enumerate(zip(merges, expected, strict=False)):
        assert actual == right, f"merge {number} is {actual}, expected {right}"
    assert len(merges) == len(expected)


def test_words_are_cut_as_in_training():
    """WHAT: a word that was in the text is encoded as training left it, and a long one as a short one.
    WHY: the network learns from the one and is asked with the other.
    TIP: which pair is merged first: the one that was learned first?
    """
    words = count_words(" ".join(BEST))
    merges = {pair: BYTES + number for number, pair in enumerate(learn_merges(words, 20))}
    for word in words:
        trained = list(word)
        for pair, new_id in merges.items():
            trained = merge(trained, pair, new_id)
        assert encode_word(word, merges) == trained, f"{word}: {encode_word(word, merges)}, expected {trained}"
        assert encode_word(word * 30, merges) == encode_long(word * 30, merges)


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_no_text_is_lost(text, split):
    """WHAT: any text comes back, with any vocabulary, with and without cutting words.
    WHY: a tokenizer that loses a character loses it for good.
    TIP: which ids does the text in the message have, and which bytes are they?
    """
    corpus = SmallTalk(train=False).text[:5000] + "".join(TEXTS)
    for vocab_size in (256, 300, 1000):
        tokenizer = BPETokenizer.train(corpus, vocab_size, split=split)
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert b"".join(tokenizer.tokens[id] for id in ids) == to_bytes(text)


def test_ids_may_be_in_an_array_or_a_tensor():
    """WHAT: decoding takes what a network returns: arrays and tensors of integers.
    WHY: the ids that a network writes are not a list.
    TIP: `check_ids` makes Python's integers of them. Do you use what it returns?
    """
    tokens = [b"x", b"y", b"\xe2\x82", b"\xac"]
    for ids in ([1, 2, 3], np.array([1, 2, 3], np.uint8), Tensor(np.array([1, 2, 3])), (i for i in (1, 2, 3))):
        assert decode_ids(ids, tokens) == "y€"
    for wrong in (4, -1):
        raises(ValueError, lambda id=wrong: decode_ids([id], tokens), f"decode_ids([{wrong}]) with ids from 0 to 3")


def test_characters():
    """WHAT: a text of the corpus comes back from its ids; what isn't in the vocabulary is refused, in both directions.
    WHY: milestones train on characters as well.
    TIP: do you raise before you return?
    """
    text = SmallTalk(train=False).text
    tokenizer = CharTokenizer(text)
    ids = tokenizer.encode(text)
    assert tokenizer.vocab_size == len(set(text)) and max(ids) == tokenizer.vocab_size - 1 and min(ids) == 0
    assert tokenizer.decode(ids) == text
    raises(ValueError, lambda: tokenizer.encode("€"), "encode('€')")
    raises(ValueError, lambda: tokenizer.decode([-1]), "decode([-1])")
