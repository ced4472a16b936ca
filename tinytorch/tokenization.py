"""Module 10: Tokenization.

Written by `tito export` from notebooks/10_tokenization.py: edit that file instead. sha256: 49532dcace1836bd
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence

from tinytorch.text import BYTES, LinkedIds, Vocabulary, check_ids, count_words, room_for_merges, to_text


class CharTokenizer:
    """A number for each character that occurs in a text.

    >>> CharTokenizer("hello").characters
    ['e', 'h', 'l', 'o']
    """

    def __init__(self, text: str) -> None:
        self.characters = sorted(set(text))
        self.vocab_size = len(self.characters)
        self.id_of = {character: id for id, character in enumerate(self.characters)}

    def encode(self, text: str) -> list[int]:
        """The id of each character.

        Args:
            text: any text.

        Returns:
            A list of integers. ValueError if a character isn't in the vocabulary.

        >>> CharTokenizer("hello").encode("hole")
        [1, 3, 2, 0]
        """
        for character in text:
            if character not in self.id_of:
                raise ValueError(f"{character!r} isn't in the vocabulary: use a tokenizer whose text has it")
        return [self.id_of[character] for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """The text that has these ids. ValueError if one isn't in the vocabulary."""
        return "".join(self.characters[id] for id in check_ids(ids, self.vocab_size))


def count_pairs(words: Mapping[Sequence[int], int]) -> dict[tuple, int]:
    """How often each pair of neighbors occurs.

    Args:
        words: word, a sequence of ids, -> how often it occurs. (Bytes are a sequence of ids: `list(b"low")` is [108, 111, 119].)

    Returns:
        Pair (left id, right id) -> count, in the order in which the pairs are first seen.

    >>> dict(count_pairs({b"low": 2, b"lot": 1}))
    {(108, 111): 3, (111, 119): 2, (111, 116): 1}
    """
    counts = {}
    for word, times in words.items():
        for pair in zip(word, word[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
    return counts


def merge(ids: Sequence[int], pair: tuple, new_id: int) -> list[int]:
    """Replace a pair by one id, wherever it occurs.

    Args:
        ids, pair: a sequence of ids, and two ids (left, right).
        new_id: what replaces them.

    Returns:
        A new list; `ids` stays as it is.

    >>> merge([5, 6, 7, 6, 7, 7], (6, 7), 99)
    [5, 99, 99, 7]
    """
    merged, i = [], 0
    while i < len(ids):
        matches = i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair
        merged.append(new_id if matches else ids[i])
        i += 2 if matches else 1
    return merged


def learn_merges(words: Mapping[Sequence[int], int], count: int) -> list[tuple]:
    """Learn merges, and keep the counts of pairs up to date instead of counting anew.

    Args:
        words: word, a sequence of ids, -> how often it occurs.
        count: how many merges to learn. There are fewer if no pair is left.

    Returns:
        Pairs of ids, in the order in which they were merged: those of `learn_merges_slowly`.

    >>> learn_merges({b"low": 2, b"lot": 1}, 2)
    [(108, 111), (256, 119)]
    """
    ids, merges = LinkedIds(words), []
    counts = ids.count_pairs()
    heap = [(-times, pair) for pair, times in counts.items()]
    heapq.heapify(heap)
    while heap and len(merges) < count:
        times, pair = heapq.heappop(heap)
        if -times != counts[pair]:
            continue
        if times == 0:
            break
        for changed, change in ids.merge(pair, BYTES + len(merges)).items():
            counts[changed] = counts.get(changed, 0) + change
            heapq.heappush(heap, (-counts[changed], changed))
        merges.append(pair)
    return merges


def encode_word(ids: Sequence[int], merges: Mapping[tuple, int]) -> list[int]:
    """Merge what can be merged, the earliest learned pair first.

    Args:
        ids: a sequence of ids: the bytes of a word.
        merges: pair -> the id that it becomes; a pair that was learned earlier has a smaller one.

    Returns:
        A list of ids.

    >>> encode_word(b"abc", {(98, 99): 256, (97, 98): 257})
    [97, 256]
    """
    ids = list(ids)
    while pairs := [pair for pair in zip(ids, ids[1:], strict=False) if pair in merges]:
        pair = min(pairs, key=merges.get)
        ids = merge(ids, pair, merges[pair])
    return ids


def decode_ids(ids: Iterable[int], tokens: Sequence[bytes]) -> str:
    """The text of some ids.

    Args:
        ids: integers, also in an array or a tensor.
        tokens: the bytes of each id.

    Returns:
        A text; what isn't UTF-8 becomes U+FFFD. ValueError (given) if an id isn't in the vocabulary.

    >>> decode_ids([1, 0, 0], [b"na", b"ba"])
    'banana'
    """
    ids = check_ids(ids, len(tokens))
    return to_text(b"".join(tokens[id] for id in ids))


class BPETokenizer(Vocabulary):
    """Byte-pair encoding of any text. `train` learns one; `save` and `load` keep it in a file.

    >>> tokenizer = BPETokenizer.train("low low lower", vocab_size=259, special_tokens=["<|end|>"])
    >>> tokenizer.encode("slow<|end|>"), tokenizer.encode("slow<|end|>", allowed_special="all")
    ([115, 257, 60, 124, 101, 110, 100, 124, 62], [115, 257, 258])
    """

    @classmethod
    def train(
        cls, texts: str | Iterable[str], vocab_size: int, special_tokens: Sequence[str] = (), split: bool = True
    ) -> "BPETokenizer":
        """Learn merges from a text, or several, until there are `vocab_size` tokens, or no pair is left.

        ValueError if there is no text, or no room for 256 bytes and the special tokens.
        """
        count = room_for_merges(vocab_size, special_tokens)
        return cls(learn_merges(count_words(texts, special_tokens, split), count), special_tokens, split)

    def encode(self, text: str, allowed_special: Iterable[str] | str = ()) -> list[int]:
        """The ids of a text. Names of special tokens are text as well, unless `allowed_special` lists them, or is "all"."""
        ids = []
        for part, is_special in self.parts(text, allowed_special):
            ids += [self.special_tokens[part]] if is_special else self.encode_ordinary(part, encode_word)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids. ValueError if one isn't in the vocabulary."""
        return decode_ids(ids, self.tokens)
