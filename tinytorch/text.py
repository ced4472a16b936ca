"""What tokenizers need around your code: words of a text, ids in a linked list, special tokens, streams, files. Module 10 builds on it.

Copied by `tito export` from tito/templates/text.py in the course's folder: edit that file instead.
"""

import heapq
import json
import operator
import os
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

BYTES = 256  # ids below it are bytes; merges make the next ones
FORMAT, VERSION = "tinytorch.bpe", 1  # of a saved tokenizer
MAX_TOKEN_BYTES = 1 << 26  # of all tokens together: a file of 60 merges could ask for 2**60
LONG_BYTES = 100  # a longer word goes to `encode_long`
MAX_KNOWN_CHARS = 1 << 19  # of what is kept with its ids
BUFFER_CHARS = 1 << 16  # what a stream reads before it encodes

# GPT-2's pattern in Python's `re`, which has no \p{L} and \p{N}. So numbers other than decimal digits, such as ½, ² or Ⅷ, count as
# letters here, and the control characters 28 to 31 as spaces. What \w covers comes with Python's Unicode version.
WORD = re.compile(r"'(?:[smtd]|re|ve|ll)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
STRETCH = re.compile(r"\s*\S+|\s+")  # no word goes on from a letter to a space, so each stretch has whole words
LOOKAHEAD = 3  # a word this many characters before the end of a text stays as it is, whatever follows


def split_words(text: str) -> list[str]:
    """The words of a text, each with the space before it: runs of letters, of digits, of other characters. Nothing is lost.

    The pre-tokenization of GPT-2, but for characters that `WORD` names.
    Source: [GPT-2](https://github.com/openai/gpt-2/blob/master/src/encoder.py)

    >>> split_words("It's 12 o'clock!")
    ['It', "'s", ' 12', ' o', "'", 'clock', '!']
    """
    return WORD.findall(text)


def to_bytes(text: str) -> bytes:
    """A text as UTF-8. Half of a surrogate pair, which a str may hold and UTF-8 has no place for, passes as three bytes."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The opposite of `to_bytes`; bytes that aren't UTF-8, such as half a character, become U+FFFD.

    >>> to_text(b"caf\\xc3\\xa9"), to_text(b"caf\\xc3")
    ('café', 'caf\ufffd')
    """
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def check_ids(ids: Iterable[int], size: int) -> list[int]:
    """Ids as Python's integers, from a list, an array or a tensor.

    TypeError if they aren't integers; ValueError if one isn't from 0 to `size` - 1: in a list, -1 would be the last entry.
    """
    try:
        ids = [operator.index(id) for id in getattr(ids, "array", ids)]
    except TypeError:
        raise TypeError(f"ids must be integers, one after the other, and these are {_short(ids)}") from None
    for id in ids:
        if not 0 <= id < size:
            raise ValueError(f"id {id} isn't in the vocabulary: " + (f"use 0 to {size - 1}" if size else "it is empty"))
    return ids


def check_text(text: object) -> None:
    """TypeError unless this is a str."""
    if not isinstance(text, str):
        raise TypeError(f"a text must be a str, and this is {_short(text)}")


def _short(value: object, limit: int = 60) -> str:
    """How a value is printed, cut if that is long."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


class LinkedIds:
    """The ids of all words, each linked to its neighbors, so that a merge costs time only where its pair is.

    Args:
        words: word, a sequence of ids (bytes are one), -> how often it occurs.

    >>> ids = LinkedIds({b"aab": 2})
    >>> ids.count_pairs()
    {(97, 97): 2, (97, 98): 2}
    >>> ids.merge((97, 98), 256)
    {(97, 98): -2, (97, 97): -2, (97, 256): 2}
    >>> ids.ids()
    [97, 256]
    """

    def __init__(self, words: Mapping[Sequence[int], int]):
        self.at: list[int] = []  # place -> id; -1 after each word, and where a merge has removed one
        self.times: list[int] = []  # place -> how often its word occurs
        for word, times in words.items():
            self.at += [*word, -1]
            self.times += [times] * (len(word) + 1)
        self.left, self.right = list(range(-1, len(self.at) - 1)), list(range(1, len(self.at) + 1))
        self.places = defaultdict(list)  # pair -> places of its left half, some of which may be gone by now
        for place, pair in enumerate(zip(self.at, self.at[1:], strict=False)):
            if min(pair) >= 0:
                self.places[pair].append(place)

    def ids(self) -> list[int]:
        """All ids, in order."""
        return [id for id in self.at if id >= 0]

    def count_pairs(self) -> dict[tuple, int]:
        """Pair of neighbors -> how often it occurs."""
        counts = {}
        for pair, places in self.places.items():
            if times := sum(self.times[place] for place in places if self._is_at(pair, place)):
                counts[pair] = times
        return counts

    def _is_at(self, pair: tuple, place: int) -> bool:
        """Whether a pair is still there: an overlapping merge, or an earlier one, may have taken it."""
        return self.at[place] == pair[0] and self.at[self.right[place]] == pair[1]

    def merge(self, pair: tuple, new_id: int) -> dict[tuple, int]:
        """Replace a pair everywhere, in place. Returns by how much the count of each pair has changed."""
        changes, (first, second) = defaultdict(int), pair
        at, left, right = self.at, self.left, self.right
        for place in self.places.pop(pair, ()):
            if not self._is_at(pair, place):
                continue
            gone = right[place]
            times, before, after = self.times[place], left[place], right[gone]
            at[place], at[gone] = new_id, -1
            right[place], left[after] = after, place
            changes[pair] -= times
            if at[before] >= 0:
                changes[at[before], first] -= times
                changes[at[before], new_id] += times
                self.places[at[before], new_id].append(before)
            if at[after] >= 0:
                changes[second, at[after]] -= times
                changes[new_id, at[after]] += times
                self.places[new_id, at[after]].append(place)
        return dict(changes)


def encode_long(ids: Sequence[int], merges: Mapping[tuple, int]) -> list[int]:
    """What Module 10's `encode_word` returns, in near-linear time: for a text that isn't split into words.

    >>> encode_long(b"aaab", {(97, 97): 256, (256, 97): 257})
    [257, 98]
    """
    text, pair_of = LinkedIds({tuple(ids): 1}), {new_id: pair for pair, new_id in merges.items()}
    waiting = [merges[pair] for pair in text.places if pair in merges]  # an earlier merge has a smaller id
    heapq.heapify(waiting)
    while waiting:
        new_id = heapq.heappop(waiting)
        for pair in text.merge(pair_of[new_id], new_id):
            if merges.get(pair, 0) > new_id:
                heapq.heappush(waiting, merges[pair])
    return text.ids()


def token_bytes(merges: Sequence[tuple]) -> list[bytes]:
    """The bytes of each token: of 256 bytes, and of what the merges make of them.

    ValueError if a merge isn't a pair of two earlier ids, or comes twice, or if the tokens would fill the memory.

    >>> token_bytes([(97, 98), (256, 99)])[256:]
    [b'ab', b'abc']
    """
    lengths, seen = [1] * BYTES, set()
    for number, pair in enumerate(merges):
        known = BYTES + number
        is_pair = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(type(id) is int for id in pair)
        if not is_pair or not all(0 <= id < known for id in pair):
            hint = f"give two ids from 0 to {known - 1}, or learn merges from a text with BPETokenizer.train"
            raise ValueError(f"merge {number} is {pair!r}: {hint}")
        if tuple(pair) in seen:
            raise ValueError(f"merge {number} is {pair!r}, which has been merged before: give each pair once")
        seen.add(tuple(pair))
        lengths.append(lengths[pair[0]] + lengths[pair[1]])
    if sum(lengths) > MAX_TOKEN_BYTES:
        raise ValueError(f"the tokens have more than {MAX_TOKEN_BYTES:,} bytes: this vocabulary is damaged")
    tokens = [bytes([byte]) for byte in range(BYTES)]
    for first, second in merges:
        tokens.append(tokens[first] + tokens[second])
    return tokens


class KnownStretches(dict):
    """Stretch of a text -> its ids, packed as bytes: joining bytes is faster than joining lists. A new one is encoded on demand."""

    def __init__(self, merges: Mapping[tuple, int], split: bool):
        self.merges, self.split = merges, split
        self.words: dict[str, list[int]] = {}  # word -> its ids: many stretches have the same ones
        self.chars = 0  # of all stretches and words that are kept

    def __missing__(self, stretch):
        words = split_words(stretch) if self.split else [stretch]
        packed = self[stretch] = array("I", [id for word in words for id in self.ids_of(word)]).tobytes()
        self.chars += len(stretch)
        return packed

    def ids_of(self, word: str) -> list[int]:
        if word not in self.words:
            data = to_bytes(word)
            encode = encode_long if len(data) > LONG_BYTES else self.encode_word
            self.words[word] = encode(data, self.merges)
            self.chars += len(word)
        return self.words[word]

    def forget_too_many(self) -> None:
        """Start over when much is known, so that a stream of any length needs no more memory."""
        if self.chars > MAX_KNOWN_CHARS:
            self.clear()
            self.words.clear()
            self.chars = 0


class Vocabulary:
    """The given half of `BPETokenizer`: its merges and special tokens, streams, and a file to keep them in.

    Args:
        merges: pairs of ids, in the order in which they are merged; the first makes id 256.
        special_tokens: names such as "<|end|>", which take the ids after those.
        split: whether merges stay within words, as `split_words` finds them.
    """

    def __init__(self, merges: Sequence[tuple] = (), special_tokens: Sequence[str] = (), split: bool = True):
        check_special(special_tokens)
        if not isinstance(split, bool):
            raise TypeError(f"split is {split!r}: give True or False")
        names = [to_bytes(name) for name in special_tokens]
        self.tokens = token_bytes(merges) + names  # id -> its bytes
        self.merges = {tuple(pair): BYTES + i for i, pair in enumerate(merges)}  # pair -> id
        self.special_tokens = {name: BYTES + len(merges) + i for i, name in enumerate(special_tokens)}  # name -> id
        self.split = split
        self.known = KnownStretches(self.merges, split)

    @property
    def vocab_size(self) -> int:
        """How many tokens there are: 256 bytes, merges and special tokens."""
        return len(self.tokens)

    def __repr__(self) -> str:
        options = "" if self.split else ", split=False"
        return f"{type(self).__name__}({len(self.merges)} merges, special_tokens={[*self.special_tokens]}{options})"

    def parts(self, text: str, allowed_special: Iterable[str] | str) -> list[tuple[str, bool]]:
        """A text, cut before and after each allowed special token: parts, and whether each is one. The longest name counts.

        TypeError if it isn't a str, ValueError if a name isn't one of `special_tokens`.

        >>> Vocabulary(special_tokens=["<|end|>"]).parts("a<|end|>b", "all")
        [('a', False), ('<|end|>', True), ('b', False)]
        """
        check_text(text)
        names = list(self.special_tokens) if allowed_special == "all" else allowed_special
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise TypeError(f"allowed_special is {names!r}: give a list of {[*self.special_tokens]}, or 'all'")
        names = list(names)
        if unknown := [name for name in names if name not in self.special_tokens]:
            raise ValueError(f"allowed_special has {unknown[0]!r}: give a list of {[*self.special_tokens]}, or 'all'")
        if not names:
            return [(text, False)]
        longest_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        return [(part, bool(i % 2)) for i, part in enumerate(re.split(f"({longest_first})", text))]

    def pieces(self, text: str, allowed_special: Iterable[str] | str) -> Iterator[tuple[str, bool]]:
        """Special tokens and words of a text, and whether each is a special token."""
        for part, is_special in self.parts(text, allowed_special):
            if is_special or not self.split:
                yield part, is_special
            else:
                yield from ((word, False) for word in split_words(part))

    def encode_ordinary(self, text: str, encode_word: Callable[[bytes, dict], list[int]]) -> list[int]:
        """The ids of a text without special tokens. What was encoded before is looked up."""
        self.known.encode_word = encode_word
        ids = array("I", b"".join(map(self.known.__getitem__, STRETCH.findall(text) if self.split else [text])))
        self.known.forget_too_many()
        return ids.tolist()

    def encode_iterable(self, texts: Iterable[str], allowed_special: Iterable[str] | str = ()) -> Iterator[int]:
        """The ids of `encode("".join(texts))`, one by one, with a few words in memory at a time.

        ValueError without pre-tokenization: there, any id may depend on the whole text.
        """
        if not self.split:
            raise ValueError("a tokenizer with split=False can't encode a stream: read the whole text, and call encode")
        if isinstance(allowed_special, Iterable) and not isinstance(allowed_special, str):
            allowed_special = list(allowed_special)  # it is read more than once
        self.parts("", allowed_special)  # refuse unknown names now
        return self._stream(texts, allowed_special)

    def _stream(self, texts, allowed_special):
        tail = LOOKAHEAD + max(map(len, self.special_tokens), default=0)  # what may still change
        waiting, size, enough = [], 0, BUFFER_CHARS
        for text in texts:
            check_text(text)
            waiting.append(text)
            size += len(text)
            if size >= enough:
                buffer = "".join(waiting)
                end = self._settled(buffer, len(buffer) - tail, allowed_special)
                yield from self.encode(buffer[:end], allowed_special)
                waiting, size = [buffer[end:]], len(buffer) - end
                enough = BUFFER_CHARS + 2 * size  # a word longer than the buffer must not be read again and again
        yield from self.encode("".join(waiting), allowed_special)

    def _settled(self, text: str, limit: int, allowed_special) -> int:
        """Where the last word ends that ends at `limit` or before."""
        end = 0
        for piece, _ in self.pieces(text, allowed_special):
            if end + len(piece) > limit:
                return end
            end += len(piece)
        return end

    def encode_file(self, path: str | os.PathLike, allowed_special: Iterable[str] | str = ()) -> Iterator[int]:
        """The ids of a UTF-8 text file of any size, one by one, as `encode_iterable` has them.

        OSError at once if it can't be opened, ValueError with its name if it isn't UTF-8.
        """

        def blocks():
            try:
                with Path(path).open(encoding="utf-8", newline="") as file:
                    while block := file.read(BUFFER_CHARS):
                        yield block
            except UnicodeDecodeError:
                raise ValueError(f"{os.fspath(path)} isn't UTF-8: save it with that encoding") from None

        stream = self.encode_iterable(blocks(), allowed_special)
        Path(path).open("rb").close()  # an error now, and not when the first id is asked for
        return stream

    def save(self, path: str | os.PathLike) -> None:
        """Write a JSON file that `load` reads; an older file is replaced in one step.

        Its keys: `format` ("tinytorch.bpe"), `version` (1), `vocab_size`, `split` (true or false), `special_tokens` (names, in the
        order of their ids), and `merges` (pairs of ids, in order: the first makes id 256). OSError if it can't be written.
        """
        content = {"format": FORMAT, "version": VERSION, "vocab_size": self.vocab_size, "split": self.split}
        content |= {"special_tokens": [*self.special_tokens], "merges": [*self.merges]}
        path = Path(path).resolve()
        if not path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {path.parent}: make it first")
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())  # on the disk before the old file goes
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Vocabulary":
        """The tokenizer in a file that `save` wrote. It holds data only, so it is safe to open a stranger's.

        ValueError, with the file's name, if it is damaged, of another kind, or written by a newer version.
        """
        data, name = Path(path).read_bytes(), os.fspath(path)
        try:
            content = json.loads(data)
        except (ValueError, RecursionError):
            raise ValueError(f"{name} is cut off, or isn't JSON: give a file that a tokenizer's save wrote") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"{name} isn't a tokenizer's file: give one that a tokenizer's save wrote")
        version = content.get("version")
        if type(version) is int and version > VERSION:
            raise ValueError(f"{name} was written by a newer version of the course: update yours")
        try:
            return cls._checked(content, version)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{name} is damaged: {error}. Save the tokenizer again") from None

    @classmethod
    def _checked(cls, content: dict, version: object) -> "Vocabulary":
        """A tokenizer of a file's content. ValueError or TypeError if something in it is wrong."""
        if type(version) is not int or version != VERSION:
            raise ValueError(f"its version is {version!r}, and only {VERSION} exists")
        if missing := {"vocab_size", "split", "special_tokens", "merges"} - set(content):
            raise ValueError(f"it has no {min(missing)!r}")
        if not isinstance(content["merges"], list) or not isinstance(content["special_tokens"], list):
            raise ValueError("its merges and special_tokens must be lists")
        tokenizer = cls(content["merges"], content["special_tokens"], content["split"])
        if content["vocab_size"] != tokenizer.vocab_size:
            raise ValueError(f"it has {tokenizer.vocab_size} tokens, and should have {content['vocab_size']!r}")
        return tokenizer


def check_special(names: Sequence[str]) -> None:
    """TypeError or ValueError unless these are different names of special tokens."""
    is_list = isinstance(names, Iterable) and not isinstance(names, str)
    if not is_list or not all(isinstance(name, str) for name in names):
        raise TypeError(f"special_tokens is {names!r}: give a list of names, such as ['<|end|>']")
    if "" in names or len(set(names)) < len(names):
        raise ValueError(f"special_tokens is {[*names]}: give each name once, and none that is empty")


def count_words(texts: str | Iterable[str], special_tokens: Sequence[str] = (), split: bool = True) -> dict[bytes, int]:
    """What a tokenizer learns from: word, as bytes, -> how often it occurs. Names of special tokens are left out.

    TypeError if it isn't a str, or several; ValueError if there is no text.

    >>> count_words("no, no")
    {b'no': 1, b',': 1, b' no': 1}
    """
    blank, counts = Vocabulary((), special_tokens, split), defaultdict(int)
    if isinstance(texts, bytes) or not isinstance(texts, Iterable):
        raise TypeError(f"texts must be a str, or several, and this is {_short(texts)}")
    for text in [texts] if isinstance(texts, str) else texts:
        for word, is_special in blank.pieces(text, "all"):
            counts[word] += not is_special
    words = {to_bytes(word): count for word, count in counts.items() if word and count}
    if not words:
        raise ValueError("there is no text to learn from: give at least one character besides the special tokens")
    return words


def room_for_merges(vocab_size: int, special_tokens: Sequence[str]) -> int:
    """How many tokens are left besides 256 bytes and the special tokens. ValueError if there are too few even for these."""
    check_special(special_tokens)
    smallest = BYTES + len(special_tokens)
    try:
        vocab_size = operator.index(vocab_size)
    except TypeError:
        raise TypeError(f"vocab_size is {vocab_size!r}: give an integer") from None
    if vocab_size < smallest:
        specials = f"{len(special_tokens)} special tokens"
        raise ValueError(f"vocab_size is {vocab_size}: 256 bytes and {specials} need at least {smallest}")
    return vocab_size - smallest
