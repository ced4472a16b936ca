"""The given half of the tokenizer: words, streams, files, special tokens, and what they refuse."""

import json
import random
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import tinytorch.tokenization
from tinytorch import text as given
from tinytorch.text import LinkedIds, count_words, split_words, to_bytes, to_text, token_bytes
from tinytorch.tokenization import BPETokenizer, CharTokenizer, encode_word
from tito.course import ROOT
from tito.files import read

END, LONGER = "<|end|>", "<|end|><|end|>"
SENTENCE = "It's 12 o'clock, don't you know?  We'll be there\n\n by 13:30 "


@pytest.fixture
def tokenizer():
    return BPETokenizer.train(SENTENCE * 3, 300, [END, LONGER])


def test_words_are_runs_of_one_kind():
    assert split_words(SENTENCE) == [
        "It", "'s", " 12", " o", "'", "clock", ",", " don", "'t", " you", " know", "?", " ", " We", "'ll", " be", " there", "\n\n",
        " by", " 13", ":", "30", " ",
    ]  # fmt: skip
    assert split_words("a_b __x ½x ²") == [
        "a",
        "_",
        "b",
        " __",
        "x",
        " ½x",
        " ²",
    ]  # the simplification that the text names


def test_half_a_pair_survives_and_half_a_character_shows():
    assert to_text(to_bytes("\ud83d x")) == "\ud83d x"
    assert to_text("é".encode()[:1] + b"!") == "\ufffd!"


@pytest.mark.parametrize("seed", range(20))
def test_counts_kept_are_the_counts(seed):
    draw = random.Random(seed)
    words = {bytes(draw.choices(b"abc", k=draw.randrange(12))): draw.randrange(1, 4) for _ in range(20)}
    ids = LinkedIds(words)
    counts = ids.count_pairs()
    for new_id in range(256, 270):
        pair = draw.choice(sorted(pair for pair, times in counts.items() if times > 0))
        for changed, change in ids.merge(pair, new_id).items():
            counts[changed] = counts.get(changed, 0) + change
        words = {tuple(merged(word, pair, new_id)): times for word, times in words.items()}
        again = LinkedIds(words).count_pairs()
        assert {pair: times for pair, times in counts.items() if times} == again
        if not again:
            break


def merged(word, pair, new_id):
    return encode_word(word, {pair: new_id})


# Special tokens


def test_the_name_of_a_special_token_is_text_unless_it_is_allowed(tokenizer):
    end, longer = tokenizer.special_tokens[END], tokenizer.special_tokens[LONGER]
    assert (end, longer) == (tokenizer.vocab_size - 2, tokenizer.vocab_size - 1)
    assert not {end, longer} & set(tokenizer.encode(f"a{END}b{LONGER}"))
    assert tokenizer.encode(f"{END}b{LONGER}", "all") == [end, ord("b"), longer]
    assert tokenizer.encode(f"{LONGER}", [END]) == [end, end]
    assert tokenizer.encode(END, []) == tokenizer.encode(END)  # also if it is the whole text
    for allowed in ((), [END], [LONGER], "all"):
        assert tokenizer.decode(tokenizer.encode(f"x{LONGER}{END} y", allowed)) == f"x{LONGER}{END} y"


def test_special_tokens_are_not_learned():
    counts = count_words(f"ab{END}ab", [END])
    assert counts == {b"ab": 2}
    assert count_words(f"ab{END}ab", [END], split=False) == {b"ab": 2}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: BPETokenizer.train("abc", 257, [END, LONGER]), ValueError, "256 bytes and 2 special tokens need at least 258"),
        (lambda: BPETokenizer.train("abc", 255), ValueError, "vocab_size is 255"),
        (lambda: BPETokenizer.train("abc", 300.0), TypeError, "vocab_size is 300.0: give an integer"),
        (lambda: BPETokenizer.train("abc", "300"), TypeError, "vocab_size is '300': give an integer"),
        (lambda: BPETokenizer.train("", 300), ValueError, "no text to learn from"),
        (lambda: BPETokenizer.train([], 300), ValueError, "no text to learn from"),
        (lambda: BPETokenizer.train(END, 300, [END]), ValueError, "besides the special tokens"),
        (lambda: BPETokenizer.train([b"bytes"], 300), TypeError, "a text must be a str, and this is b'bytes'"),
        (lambda: BPETokenizer.train(b"bytes", 300), TypeError, "texts must be a str, or several, and this is b'bytes'"),
        (lambda: BPETokenizer.train(Path("text.txt"), 300), TypeError, "texts must be a str, or several"),
        (lambda: BPETokenizer.train("abc", 260, END), TypeError, "give a list of names"),
        (lambda: BPETokenizer.train("abc", 300, None), TypeError, "give a list of names"),
        (lambda: BPETokenizer.train("abc", 300, [END, END]), ValueError, "each name once"),
        (lambda: BPETokenizer.train("abc", 300, [""]), ValueError, "none that is empty"),
        (lambda: BPETokenizer(split="gpt2"), TypeError, "split is 'gpt2'"),
        (lambda: BPETokenizer("hello"), ValueError, "or learn merges from a text with BPETokenizer.train"),
        (lambda: BPETokenizer([(97, 256)]), ValueError, "merge 0 is (97, 256)"),
        (lambda: BPETokenizer([(97, 98), (97, 98)]), ValueError, "merged before"),
        (lambda: BPETokenizer([(97, 98, 99)]), ValueError, "give two ids"),
        (lambda: BPETokenizer([(97, True)]), ValueError, "give two ids"),
        (lambda: BPETokenizer().encode(b"x" * 1000), TypeError, "a text must be a str, and this is b'xxx"),
        (lambda: BPETokenizer().encode("abc", [END]), ValueError, "allowed_special has '<|end|>'"),
        (lambda: BPETokenizer((), [END]).encode("abc", END), TypeError, "allowed_special is '<|end|>': give a list"),
        (lambda: BPETokenizer((), [END]).encode("abc", None), TypeError, "allowed_special is None: give a list"),
        (lambda: BPETokenizer().decode([256]), ValueError, "id 256 isn't in the vocabulary: use 0 to 255"),
        (lambda: BPETokenizer().decode([-1]), ValueError, "id -1 isn't in the vocabulary"),
        (lambda: BPETokenizer().decode([1.5]), TypeError, "ids must be integers"),
        (lambda: BPETokenizer().decode(5), TypeError, "ids must be integers"),
        (lambda: BPETokenizer().decode(np.array([[1]])), TypeError, "ids must be integers"),
        (lambda: CharTokenizer("").decode([0]), ValueError, "it is empty"),
        (lambda: BPETokenizer(split=False).encode_iterable(["a"]), ValueError, "can't encode a stream"),
        (lambda: BPETokenizer().encode_iterable(["a"], [END]), ValueError, "allowed_special has '<|end|>'"),
        (lambda: BPETokenizer().encode_iterable(["a"], None), TypeError, "allowed_special is None: give a list"),
        (lambda: list(BPETokenizer().encode_iterable([b"abc"])), TypeError, "a text must be a str, and this is b'abc'"),
        (lambda: BPETokenizer().encode_file("no such file.txt"), FileNotFoundError, "no such file.txt"),
        (lambda: BPETokenizer().save("no such folder/a.json"), FileNotFoundError, "there is no folder"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_at_once(call, error, words):
    with pytest.raises(error, match=".") as caught:
        call()
    assert words in str(caught.value) and len(str(caught.value)) < 200


def test_allowed_special_may_be_any_iterable(tokenizer):
    end = tokenizer.special_tokens[END]
    assert tokenizer.encode(f"a{END}", (name for name in [END])) == [97, end]
    assert list(tokenizer.encode_iterable(["a", END], (name for name in [END]))) == [97, end]
    assert BPETokenizer.train("abab", np.int64(257)).vocab_size == 257


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match=r"latin\.txt isn't UTF-8"):
        list(BPETokenizer().encode_file(path))


# Streams


@pytest.mark.parametrize("seed", range(12))
def test_a_stream_has_the_ids_of_the_whole_text(seed, monkeypatch):
    draw = random.Random(seed)
    monkeypatch.setattr(given, "BUFFER_CHARS", draw.randrange(1, 20))
    pieces = ["'", "ll", "l", " ", "  ", "\n", "ab", "1", "?", "é", END, END[:3], END[3:], "don't", "'re"]
    whole = "".join(draw.choices(pieces, k=300))
    tokenizer = BPETokenizer.train(whole, 300, [END, LONGER])
    for allowed in ((), "all", [END]):
        cuts = sorted(draw.sample(range(len(whole)), 40))
        parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert list(tokenizer.encode_iterable(parts, allowed)) == tokenizer.encode(whole, allowed)


def test_a_file_of_any_size_needs_the_same_memory(tmp_path):
    draw = random.Random(0)
    words = ["".join(draw.choices("abcdefgh", k=draw.randrange(1, 9))) for _ in range(2000)]
    tokenizer, peaks = BPETokenizer.train(" ".join(words), 400), {}
    for copies in (1, 8):
        path = tmp_path / f"{copies}.txt"
        path.write_text("\r\n".join(" ".join(draw.choices(words, k=30_000)) for _ in range(copies)), encoding="utf-8")
        tracemalloc.start()
        try:
            count = sum(1 for _ in tokenizer.encode_file(path))
            peaks[copies] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert count == len(tokenizer.encode(path.read_bytes().decode("utf-8")))
    assert peaks[8] < 1.5 * peaks[1], f"{peaks} bytes for one and for eight times the text"


def test_known_words_are_limited(monkeypatch):
    monkeypatch.setattr(given, "MAX_KNOWN_CHARS", 300)
    tokenizer, most = BPETokenizer.train("abc abd", 260), 0
    text = " ".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(300))
    for start in range(0, len(text), 50):
        assert tokenizer.decode(tokenizer.encode(text[start : start + 50])) == text[start : start + 50]
        known = tokenizer.known
        assert sum(map(len, [*known, *known.words])) == known.chars <= 300
        most = max(most, known.chars)
    assert most > 100


def test_known_words_are_looked_up(monkeypatch):
    tokenizer = BPETokenizer.train(SENTENCE, 300)
    ids = tokenizer.encode(SENTENCE)
    monkeypatch.setattr(tinytorch.tokenization, "encode_word", lambda *args: 1 / 0)
    assert tokenizer.encode(SENTENCE) == ids
    with pytest.raises(ZeroDivisionError):
        tokenizer.encode("unseen")


def test_a_word_longer_than_the_buffer_is_not_read_again_and_again(monkeypatch):
    monkeypatch.setattr(given, "BUFFER_CHARS", 100)
    tokenizer, lengths = BPETokenizer(), []
    settled = tokenizer._settled
    tokenizer._settled = lambda text, *args: lengths.append(len(text)) or settled(text, *args)
    assert len(list(tokenizer.encode_iterable("a" for _ in range(100_000)))) == 100_000
    assert sum(lengths) < 500_000


# Files


def test_a_saved_tokenizer_is_the_same(tokenizer, tmp_path):
    path = tmp_path / "größer.json"
    for saved in (tokenizer, BPETokenizer(), BPETokenizer.train("ab" * 9, 258, split=False)):
        saved.save(path)
        loaded = BPETokenizer.load(path)
        assert type(loaded) is BPETokenizer and vars(loaded) | {"known": 0} == vars(saved) | {"known": 0}
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    content = json.loads(path.read_text(encoding="utf-8"))
    merges = [[97, 98], [256, 256]]
    assert content == GOOD | {"vocab_size": 258, "split": False, "merges": merges}


GOOD = {"format": "tinytorch.bpe", "version": 1, "vocab_size": 256, "split": True, "special_tokens": [], "merges": []}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is cut off, or isn't JSON"),
        ("[" * 100_000, "is cut off, or isn't JSON"),
        (b"\xff\xfe\x00", "is cut off, or isn't JSON"),
        ("[]", "isn't a tokenizer's file"),
        (json.dumps({"merges": []}), "isn't a tokenizer's file"),
        (json.dumps(GOOD | {"version": 2}), "newer version of the course: update yours"),
        (json.dumps(GOOD | {"version": True}), "its version is True"),
        (json.dumps({key: value for key, value in GOOD.items() if key != "merges"}), "it has no 'merges'"),
        (json.dumps(GOOD | {"merges": {}}), "must be lists"),
        (json.dumps(GOOD | {"vocab_size": 257}), "it has 256 tokens, and should have 257"),
        (json.dumps(GOOD | {"merges": [[97, 98], [97, 258]]}), "merge 1 is [97, 258]: give two ids from 0 to 256"),
        (json.dumps(GOOD | {"merges": [[97, 98.0]]}), "give two ids"),
        (json.dumps(GOOD | {"merges": [97]}), "give two ids"),
        (json.dumps(GOOD | {"special_tokens": [1]}), "give a list of names"),
        (json.dumps(GOOD | {"split": "yes"}), "split is 'yes'"),
        (json.dumps(GOOD | {"merges": [[97, 97], *([256 + i, 256 + i] for i in range(60))]}), "67,108,864 bytes"),
    ],
)
def test_a_damaged_file_is_refused_with_its_name(content, words, tmp_path):
    path = tmp_path / "vocabulary.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"vocabulary\.json (is|isn't|was)") as caught:
        BPETokenizer.load(path)
    assert words in str(caught.value)


def test_a_failed_save_leaves_the_old_file(tokenizer, tmp_path, monkeypatch):
    path = tmp_path / "vocabulary.json"
    tokenizer.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(given.os, "fsync", lambda handle: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        BPETokenizer().save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_tokens_join_their_halves():
    assert token_bytes([(104, 105), (256, 33)])[255:] == [b"\xff", b"hi", b"hi!"]


def test_the_book_shows_a_file_as_it_is_written(tmp_path):
    path = tmp_path / "low.json"
    BPETokenizer.train("low low lower", 259, [END]).save(path)
    shown = re.search(r'```text\n(\{"format".*?\})\n```', read(ROOT / "book" / "data.md"), re.DOTALL)[1]
    assert json.loads(shown) == json.loads(path.read_text(encoding="utf-8"))
