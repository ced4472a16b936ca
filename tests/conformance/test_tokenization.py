"""Merges, ids and texts as in a plain reference, in Hugging Face's `tokenizers` and in `tiktoken`, on any text."""

import random
import re

import pytest
import regex
import tiktoken
import tiktoken._educational as teaching
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thorough import THOROUGH
from tinytorch.datasets import SmallTalk
from tinytorch.text import BYTES, count_words, encode_long, split_words, to_bytes
from tinytorch.tokenization import BPETokenizer, encode_word, learn_merges
from tito.lesson import merges_by_rule, numpy_pages

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
EXAMPLES = settings(max_examples=1000 if THOROUGH else 100, deadline=None)
ANY = st.text(st.characters(exclude_categories=()), max_size=60)  # half surrogates as well
FEW = st.text("ab c'l1\n\xe9", max_size=80)  # few letters, so that pairs repeat and tie
# Hugging Face's byte-level alphabet: the letter for each byte. Its trainer numbers bytes in the order of these letters.
LETTERS = {byte: chr(byte) for byte in (*range(33, 127), *range(161, 173), *range(174, 256))}
LETTERS |= {byte: chr(256 + n) for n, byte in enumerate(byte for byte in range(256) if byte not in LETTERS)}
THEIR_ID = {byte: place for place, byte in enumerate(sorted(LETTERS, key=LETTERS.get))}
OUR_BYTE = {place: byte for byte, place in THEIR_ID.items()}


# A plain reference: no heap, no links, no cache


def replaced(ids, pair, new_id):
    ids, place = list(ids), 0
    while place < len(ids) - 1:
        if tuple(ids[place : place + 2]) == pair:
            ids[place : place + 2] = [new_id]
        place += 1
    return ids


def encoded(data, merges):
    ids = list(data)
    for number, pair in enumerate(merges):
        ids = replaced(ids, pair, BYTES + number)
    return ids


@given(st.one_of(ANY, FEW), st.one_of(ANY, FEW), st.integers(256, 330), st.booleans())
@EXAMPLES
def test_merges_ids_and_texts_are_those_of_the_reference(corpus, text, vocab_size, split):
    if not corpus:
        corpus = "x"
    words = count_words(corpus, split=split)
    tokenizer = BPETokenizer.train(corpus, vocab_size, split=split)
    merges = [*tokenizer.merges]
    assert merges == [pair for pair, *_ in merges_by_rule(words, vocab_size - BYTES, min)]
    assert "".join(split_words(text)) == text
    pieces = [to_bytes(word) for word in split_words(text)] if split else [to_bytes(text)]
    ids = tokenizer.encode(text)
    assert ids == [id for piece in pieces for id in encoded(piece, merges)]
    assert tokenizer.encode(text) == ids  # from the words that it knows by now
    assert tokenizer.decode(ids) == text
    if split:
        assert list(tokenizer.encode_iterable(text)) == ids


@given(st.binary(max_size=300), st.integers(0, 40))
@EXAMPLES
def test_long_texts_are_encoded_as_short_ones(data, count):
    data = bytes(byte % 4 for byte in data)
    merges = {pair: BYTES + number for number, pair in enumerate(learn_merges({data: 1, data[::-1]: 2}, count))}
    assert encode_long(data, merges) == encode_word(data, merges)


# tokenizers


def their_merges(texts, vocab_size):
    """What Hugging Face's trainer learns, as pairs of our ids, and its tokenizer."""
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size, show_progress=False, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()
    )
    theirs.train_from_iterator(texts, trainer)
    pieces = sorted((id, token) for token, id in theirs.get_vocab().items() if id >= BYTES)
    return [token for _, token in pieces], theirs


def our_tokens(text, vocab_size):
    """What we learn if bytes have the ids that theirs have, in their letters."""
    renumbered = {tuple(THEIR_ID[byte] for byte in word): times for word, times in count_words(text).items()}
    tokens = [LETTERS[OUR_BYTE[id]] for id in range(BYTES)]
    merges = learn_merges(renumbered, vocab_size - BYTES)
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens, merges


@pytest.mark.parametrize("corpus", ["small talk", "documentation"])
def test_tokenizers_learns_the_same_from_a_corpus(corpus):
    text = SmallTalk().text if corpus == "small talk" else numpy_pages()[:300_000]
    theirs, tokenizer = their_merges([text], 1256)
    tokens, merges = our_tokens(text, 1256)
    assert tokens[BYTES:] == theirs
    ids = {pair: BYTES + number for number, pair in enumerate(merges)}
    for word in sorted(count_words(text)):
        ours = encode_word([THEIR_ID[byte] for byte in word], ids)
        assert [tokens[id] for id in ours] == tokenizer.encode(word.decode()).tokens


@pytest.mark.parametrize("seed", range(200 if THOROUGH else 30))
def test_tokenizers_learns_the_same_where_counts_are_equal(seed):
    draw = random.Random(seed)
    letters = draw.choice(["ab", "abc ", "aé 1", "xyz\n'! "])
    text = "".join(draw.choices(letters, k=draw.randrange(1, 200)))
    theirs, _ = their_merges([text], 300)
    assert our_tokens(text, 300)[0][BYTES:] == theirs


def test_the_order_of_bytes_decides_where_counts_are_equal():
    """The claim of the notebook: equal counts, the smallest pair in both, but in another order of bytes."""
    theirs, _ = their_merges(["ab\n\n"], 258)
    assert theirs == ["ab", "ĊĊ"]
    tokenizer = BPETokenizer.train("ab\n\n", 258)
    assert tokenizer.tokens[BYTES:] == [b"\n\n", b"ab"]


@given(
    st.text(
        st.characters(exclude_categories=("Cs", "Cn", "Nl", "No"), exclude_characters="\x1c\x1d\x1e\x1f"), max_size=60
    )
)
@EXAMPLES
def test_words_are_those_of_gpt2(text):
    assert split_words(text) == regex.findall(GPT2, text)


# tiktoken


def test_tiktoken_encodes_with_our_vocabulary():
    text = numpy_pages()[:200_000]
    tokenizer = BPETokenizer.train(text, 1500, ["<|end|>"])
    ranks = {token: id for id, token in enumerate(tokenizer.tokens[:-1])}
    theirs = tiktoken.Encoding("ours", pat_str=GPT2, mergeable_ranks=ranks, special_tokens={"<|end|>": 1499})
    for sample in (text, SmallTalk(train=False).text, "naïve “quotes” 你好 🙂 <|end|>", "'" * 90 + "x" * 2000):
        assert tokenizer.encode(sample) == theirs.encode(sample, disallowed_special=())
    assert tokenizer.encode("a<|end|>b", "all") == theirs.encode("a<|end|>b", allowed_special="all")


def test_the_teaching_code_learns_the_same_until_counts_are_equal():
    """It takes the pair seen first, so the merges agree up to the first tie, which this text has after 15 merges or more."""
    text = SmallTalk().text[:60_000]
    words, merges = count_words(text), []
    while True:  # as many merges as have one largest count
        state = {tuple(encoded(word, merges)): times for word, times in words.items()}
        counts = {}
        for word, times in state.items():
            for pair in zip(word, word[1:], strict=False):
                counts[pair] = counts.get(pair, 0) + times
        if sorted(counts.values())[-1] == sorted(counts.values())[-2]:
            break
        merges.append(max(counts, key=counts.get))
    assert len(merges) >= 15, len(merges)
    ranks = teaching.bpe_train(text, BYTES + len(merges), GPT2, visualise=None)
    tokenizer = BPETokenizer.train(text, BYTES + len(merges))
    assert [*tokenizer.merges] == merges
    assert sorted(ranks, key=ranks.get)[BYTES:] == tokenizer.tokens[BYTES:]
    for word in re.findall(r" ?\w+", text)[:300]:
        assert tokenizer.encode(word) == teaching.bpe_encode(ranks, word.encode(), visualise=None)
