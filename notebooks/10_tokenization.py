import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 10: Tokenization")

with app.setup(hide_code=True):
    import heapq
    from collections.abc import Iterable, Mapping, Sequence
    from functools import cache
    from unittest.mock import patch

    import marimo as mo

    from tinytorch.text import (
        BYTES,
        LinkedIds,
        Vocabulary,
        check_ids,
        count_words,
        room_for_merges,
        split_words,
        to_bytes,
        to_text,
    )
    from tito.diagrams import diagram
    from tito.lesson import compare, measure, merges_by_rule, numpy_pages, raises, show, shown_tokens, sliders_of, table


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 10: Tokenization

    A network multiplies numbers, and a text is letters. Give each letter a number? Then a page is 3,000 steps long, and the network must
    learn to spell before it learns anything else. Give each word a number? Then the first typo has none. **Byte-pair encoding** starts
    from bytes, and learns from your text which pieces deserve a number of their own. GPT reads this way. What do the pieces cost, and why
    can't a model that writes essays count the letters in a word?

    **When you are done:** I can ...

    - turn any text into ids and back without losing a character;
    - train byte-pair encoding, say which rule breaks ties, and make the training many times faster by keeping its counts;
    - choose the size of a vocabulary, and predict what a token boundary does to spelling, arithmetic and other languages.

    **You need:** Modules 01 to 09. **It unlocks:** Module 11, embeddings.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("tokenization")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. One number for each character

    The simplest **tokenizer** sorts the characters of a text and numbers them. In "hello" there are four, e, h, l and o, so they get the
    **ids** 0 to 3, and "hello" becomes 1 0 2 2 3. All **tokens** together, here four, are its **vocabulary**. What does it do with a
    character that it has never seen? It can't guess an id; it has to refuse.
    """)
    return


@app.class_definition
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

        Steps:
            1. Is there a character without an id? Raise.
            2. Look up the ids.

        Hint: the constructor has made a dict, `id_of`. `in` on a dict checks its keys.
        """
        ### BEGIN SOLUTION
        for character in text:
            if character not in self.id_of:
                raise ValueError(f"{character!r} isn't in the vocabulary: use a tokenizer whose text has it")
        return [self.id_of[character] for character in text]
        ### END SOLUTION

    def decode(self, ids: Iterable[int]) -> str:
        """The text that has these ids. ValueError if one isn't in the vocabulary."""
        return "".join(self.characters[id] for id in check_ids(ids, self.vocab_size))


@app.function
# points: 2
def test_CharTokenizer_encode():
    """WHAT: one id for each character, in order; a character that isn't there is a ValueError.
    WHY: a network can't learn from text that was changed on the way in.
    TIP: print what you return for the text in the message. At an unknown character, which error do you raise?
    """
    tokenizer = CharTokenizer("to be or not to be")
    for text in ("", "t", "bet", "not one rotten robot", "  "):
        ids, expected = tokenizer.encode(text), [" benort".index(character) for character in text]
        assert ids == expected, f"encode({text!r}) returned {ids}, expected {expected}"
    raises(ValueError, lambda: tokenizer.encode("bets"), "encode('bets') without an s in the vocabulary")


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 2. Bytes, words, and pairs of neighbors

    Characters leave holes: Unicode has more than 150,000, and next year more. But every text is **bytes**: UTF-8 writes "é" as the two
    bytes 195 169, and an emoji as four. With the 256 bytes as vocabulary nothing is ever unknown. The price is length. So find two bytes
    that often come together, and give the pair an id of its own: 256. Then do it again, with pairs that may contain 256. That is
    **byte-pair encoding**. (Philip Gage invented it in 1994 to compress files.)

    Should "dog", "dog." and "dog!" become three tokens? GPT-2 first cuts a text into **words**, and merges only inside of them. It keeps
    letters, digits and everything else apart, and keeps the space before a word with it: `split_words("It's 12 o'clock!")` is "It", "'s",
    " 12", " o", "'", "clock", "!". (In `tinytorch/text.py`. One simplification: GPT-2 counts ½ and Ⅷ as digits, and here they are letters.)
    Words repeat, so keep each once, with its count: "low low low lower" is low once, ␣low twice and ␣lower once. (␣ stands for a space.)

    How often does the pair (l, o) occur there? 4 times. In "aaaa", (a, a) begins at three places; all three count.
    A **merge** replaces each occurrence by the new id, from left to right, and never uses an id twice: with (a, a) as 256, "aaa" becomes
    256 a, and "aaaa" becomes 256 256.
    """)
    return


@app.function
# points: 2
def count_pairs(words: Mapping[Sequence[int], int]) -> dict[tuple, int]:
    """How often each pair of neighbors occurs.

    Args:
        words: word, a sequence of ids, -> how often it occurs. (Bytes are a sequence of ids: `list(b"low")` is [108, 111, 119].)

    Returns:
        Pair (left id, right id) -> count, in the order in which the pairs are first seen.

    >>> dict(count_pairs({b"low": 2, b"lot": 1}))
    {(108, 111): 3, (111, 119): 2, (111, 116): 1}

    Steps:
        1. For each word, go through its pairs of neighbors.
        2. A pair in a word that occurs seven times counts seven times.

    Hint: `zip(a, b)` pairs up the entries of two sequences, until the shorter one ends. Which two?
    """
    ### BEGIN SOLUTION
    counts = {}
    for word, times in words.items():
        for pair in zip(word, word[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
    return counts
    ### END SOLUTION


@app.function
# points: 2
def test_count_pairs():
    """WHAT: each pair of neighbors counts as often as its word occurs, overlapping ones too; nothing crosses words.
    WHY: these counts decide which token is made next.
    TIP: take the words in the message. Which pairs does a word of two ids have? Of one? Of none? Does its count matter?
    """
    for words, expected in (
        ({b"ab": 1, b"cab": 5}, {(97, 98): 6, (99, 97): 5}), ({b"aaaa": 2}, {(97, 97): 6}), ({}, {}),
        ({(256, 97, 256): 3, (97, 256): 4}, {(256, 97): 3, (97, 256): 7}), ({b"": 9, b"a": 9, b"xy": 1}, {(120, 121): 1}),
    ):  # fmt: skip
        counts = count_pairs(words)
        assert counts == expected, f"count_pairs({words}) returned {counts}, expected {expected}"
    first_seen = list(count_pairs({b"ba": 1, b"ab": 9, b"aa": 3}))
    assert first_seen == [(98, 97), (97, 98), (97, 97)], (
        f"pairs of ba, ab, aa come as {first_seen}, and must as first seen"
    )


@app.function
# points: 3
def merge(ids: Sequence[int], pair: tuple, new_id: int) -> list[int]:
    """Replace a pair by one id, wherever it occurs.

    Args:
        ids, pair: a sequence of ids, and two ids (left, right).
        new_id: what replaces them.

    Returns:
        A new list; `ids` stays as it is.

    >>> merge([5, 6, 7, 6, 7, 7], (6, 7), 99)
    [5, 99, 99, 7]

    Steps:
        1. Walk through the ids from left to right.
        2. Does the pair begin here? Then the new id takes its place, and otherwise the id stays. Where do you go on?

    Hint: a `while` loop with an index can step by one or by two. Check that a right neighbor exists.
    """
    ### BEGIN SOLUTION
    merged, i = [], 0
    while i < len(ids):
        matches = i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair
        merged.append(new_id if matches else ids[i])
        i += 2 if matches else 1
    return merged
    ### END SOLUTION


@app.function
# points: 3
def test_merge():
    """WHAT: every occurrence is replaced, from left to right, and no id is used twice.
    WHY: training and encoding both do nothing else, thousands of times.
    TIP: walk through the ids in the message by hand. Where are you after a merge? What happens at the last id?
    """
    for ids, pair, expected in (
        ([1, 2, 3, 1, 2], (1, 2), [99, 3, 99]), ([7, 7, 7], (7, 7), [99, 7]), ([7, 7, 7, 7, 7, 1], (7, 7), [99, 99, 7, 1]),
        ([1, 2, 1], (2, 1), [1, 99]), ([2, 1, 1, 3], (1, 2), [2, 1, 1, 3]), ([5], (5, 5), [5]), (b"xyz", (1, 2), [120, 121, 122]),
    ):  # fmt: skip
        merged = merge(ids, pair, 99)
        assert merged == expected, f"merge({ids}, {pair}, 99) returned {merged}, expected {expected}"


@app.function
# points: 1
def test_merge_more():
    """WHAT: the result is a new list; the ids that go in, a list or bytes, stay as they are.
    WHY: the caller may still need them.
    TIP: does your code write to `ids`, or to a list of its own?
    """
    ids = [7, 7, 1]
    assert merge(ids, (1, 7), 99) is not ids, "merge returned its input: make a new list"
    merge(ids, (7, 7), 99)
    assert ids == [7, 7, 1], f"merge changed its input to {ids}: make a new list"


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. Learn from a text which pairs to merge

    Count all pairs, merge the most frequent one, and begin again with the words as they are now. With low twice and lot once:

    | step | most frequent pair | count | id | the words after it |
    |:---|:---|---:|---:|:---|
    | 1 | l o | 3 | 256 | 256 w, 256 t |
    | 2 | 256 w | 2 | 257 | 257, 256 t |
    | 3 | 256 t | 1 | 258 | 257, 258 |

    Which pair do you take when two have the same count? This happens all the time, and the algorithm doesn't say. **Our rule** takes the
    smallest pair: the one with the smaller left id, and among those the one with the smaller right id. In "ab cd" all pairs occur once, so
    (97, 98) comes first. Any rule works, but two rules give two vocabularies from one text, and then an id means two things.
    `tokenizers` 0.23.3 (Hugging Face) takes the smallest pair as well, but numbers the bytes in another order, printable ones first. The
    teaching code of `tiktoken` 0.14.0 and minbpe take the pair seen first.
    """)
    return


@app.function
# points: 4, not exported
def learn_merges_slowly(words: Mapping[Sequence[int], int], count: int) -> list[tuple]:
    """Learn merges by counting all pairs anew before each one.

    Args:
        words: word, a sequence of ids, -> how often it occurs.
        count: how many merges to learn. There are fewer if no pair is left.

    Returns:
        Pairs of ids, in the order in which they were merged. The first becomes id 256 (`BYTES`), the next 257.

    >>> learn_merges_slowly({b"low": 2, b"lot": 1}, 2)
    [(108, 111), (256, 119)]

    Steps:
        1. Count the pairs. Is none left? Then you are done.
        2. Find the most frequent one, and among equal counts the smallest.
        3. Merge it in every word, and remember it. (`words` belongs to the caller; make your own dict.)

    Hint: `min` takes a `key`. Tuples compare by their first entries, then by the next. A list can't be a dict's key.
    """
    ### BEGIN SOLUTION
    merges, words = [], dict(words)
    while len(merges) < count and (counts := count_pairs(words)):
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        words = {tuple(merge(word, pair, BYTES + len(merges))): times for word, times in words.items()}
        merges.append(pair)
    return merges
    ### END SOLUTION


@app.function
# points: 4
def test_learn_merges_slowly():
    """WHAT: the most frequent pair each time, the smallest of several; new ids count up from 256; it ends when no pair is left.
    WHY: a merge at the wrong place changes all that come after it.
    TIP: write down the words after each merge. Which pairs have the largest count then, and which of these does the rule take?
    """
    for words, count, expected in (
        ({b"low": 2, b"lot": 1}, 3, [(108, 111), (256, 119), (256, 116)]), ({b"cd": 1, b"ab": 1}, 2, [(97, 98), (99, 100)]),
        ({b"aaaa": 1, b"bc": 2}, 3, [(97, 97), (98, 99), (256, 256)]), ({b"ba": 2, b"ab": 2}, 1, [(97, 98)]), ({b"a": 3}, 5, []),
        ({b"abcd": 1, b"bc": 5}, 9, [(98, 99), (97, 256), (257, 100)]), ({b"ab": 3}, 0, []), ({b"ac": 1, b"ab": 1}, 1, [(97, 98)]),
        ({b"aa": 3, b"aab": 1, b"bc": 1}, 3, [(97, 97), (98, 99), (256, 98)]),
    ):  # fmt: skip
        merges = learn_merges_slowly(words, count)
        assert merges == expected, f"returned {merges}, expected {expected}, for {count} merges of {words}"


@app.function
# points: 1
def test_learn_merges_slowly_more():
    """WHAT: the words that go in stay as they are.
    WHY: the caller may learn from them again.
    TIP: does your code write to `words`, or to a dict of its own?
    """
    words = {b"aab": 2, b"ab": 1}
    learn_merges_slowly(words, 2)
    assert words == {b"aab": 2, b"ab": 1}, f"learn_merges_slowly changed its input to {words}: make a new dict"


@app.cell(hide_code=True)
def _():
    sentence = mo.ui.text("the cat in the hat sat on that mat", label="your text", full_width=True)
    steps = sliders_of(merges=(0, 40, 12))
    ties = mo.ui.dropdown(["smallest", "first seen"], "smallest", label="of equal counts, take the pair")
    mo.md(f"""
    ### Explore: watch it learn your sentence

    Each row is one merge; below, the sentence in tokens. **Predict**: which pair comes first? After how many merges is "the" with its
    space one token? From when on do all pairs occur only once, and what does it learn then? Now change the rule: how many new
    tokens do both rules learn, and do these have the same ids? {sentence} {steps.hstack(justify="start")} {ties}
    """)
    return sentence, steps, ties


@app.function(hide_code=True)
def explore_merges(text, count, rule):
    """Table: each merge, its count and how many pairs tie; and the text in tokens."""
    choose = {"smallest": min, "first seen": lambda equal: equal[0]}
    by_rule = {name: merges_by_rule(count_words(text), count, way) for name, way in choose.items()}
    tokens = {name: Vocabulary([row[0] for row in rows]).tokens for name, rows in by_rule.items()}
    ids, rows = [list(to_bytes(word)) for word in split_words(text)], []
    for new_id, (pair, *counts) in enumerate(by_rule[rule], start=BYTES):
        ids = [merge(word, pair, new_id) for word in ids]
        rows.append((new_id, *(shown_tokens([tokens[rule][id]]) for id in (*pair, new_id)), *counts))
    shared = len(set.intersection(*(set(known[BYTES:]) for known in tokens.values())))
    text_ids = [id for word in ids for id in word]
    text = (
        f"{shown_tokens(tokens[rule][id] for id in text_ids)}\n\n{len(to_bytes(text))} bytes, {len(text_ids)} tokens."
    )
    merges = table(("id", "left", "right", "new token", "count", "pairs with that count"), rows)
    return mo.md(f"{merges}\n\n{text} Of {len(rows)} new tokens, both rules learn {shared}.")


@app.cell(hide_code=True)
def _(sentence, steps, ties):
    show(explore_merges, sentence.value[:2000] or " ", *steps.value, ties.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. The same merges, without counting anew

    To learn 1,000 merges your first version counts all pairs 1,000 times. But what changes when (l, o) becomes 256? In "slow", (s, l) and
    (o, w) lose one occurrence each, and (s, 256) and (256, w) gain one; "cat" isn't touched at all. So keep the counts, and correct them
    where a merge happens. `LinkedIds(words)` does the bookkeeping: it links each id to its neighbors, and knows where each pair is. Its
    `merge(pair, new_id)` merges a pair everywhere, and returns by how much each count changes: for "slow", twice, (l, o): -2, (s, l): -2,
    (s, 256): +2, (o, w): -2 and (256, w): +2.

    But which pair is the most frequent now? Looking through all of them would be slow again. A **heap** gives its smallest entry in
    $O(\log n)$, but it can't change an entry whose count is no longer right. So leave the old entry where it is, and push a new one. When an
    old entry comes out, you notice that it is **stale**, and drop it. The merges must be the same as before, one for one.
    """)
    return


@app.function
# points: 4
def learn_merges(words: Mapping[Sequence[int], int], count: int) -> list[tuple]:
    """Learn merges, and keep the counts of pairs up to date instead of counting anew.

    Args:
        words: word, a sequence of ids, -> how often it occurs.
        count: how many merges to learn. There are fewer if no pair is left.

    Returns:
        Pairs of ids, in the order in which they were merged: those of `learn_merges_slowly`.

    >>> learn_merges({b"low": 2, b"lot": 1}, 2)
    [(108, 111), (256, 119)]

    Steps:
        1. Link the ids, count the pairs once (`LinkedIds.count_pairs`), and make a heap whose smallest entry is to be merged next.
        2. Take the smallest entry. Is it stale? Take the next. Is the heap empty, or does the pair no longer occur? Then you are done.
        3. Merge the pair. For each count that changes, also of a new pair, keep the new one, and put a new entry into the heap.

    Hint: `heapq.heapify(list)`, `heapq.heappop(heap)` and `heapq.heappush(heap, entry)`. Entries are compared as tuples are. How
    does the largest count become the smallest entry, and an entry tell whether it is stale?
    """
    ### BEGIN SOLUTION
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
    ### END SOLUTION


@app.function
# points: 4
def test_learn_merges():
    """WHAT: the merges of the first version, in the same order, also where counts are equal, and where a pair's count falls.
    WHY: a faster way that gives other tokens is not a faster way.
    TIP: print pair and count of each entry that leaves the heap, for the case in the message. Where does the order differ?
    """
    for words, count, expected in (
        ({b"low": 2, b"lot": 1}, 3, [(108, 111), (256, 119), (256, 116)]), ({b"cd": 1, b"ab": 1}, 2, [(97, 98), (99, 100)]),
        ({b"aaaa": 1, b"bc": 2}, 3, [(97, 97), (98, 99), (256, 256)]), ({b"ab": 3}, 0, []), ({b"ab": 3, b"": 1}, 9, [(97, 98)]),
        ({b"abc": 3, b"bc": 1, b"ab": 2, b"de": 2}, 4, [(97, 98), (256, 99), (100, 101), (98, 99)]), ({}, 3, []),
    ):  # fmt: skip
        merges = learn_merges(words, count)
        assert merges == expected, f"returned {merges}, expected {expected}, for {count} merges of {words}"
    words = count_words("she sells seashells by the sea shore, so she said; aaa aaaa aaaaa aa")
    assert learn_merges(words, 60) == learn_merges_slowly(words, 60), "'she sells ...': not as in the first version"


@app.function
# points: 1
def test_learn_merges_more():
    """WHAT: pairs are counted once, and each merge is one call of `LinkedIds.merge`.
    WHY: counting anew is what made the first version slow.
    TIP: step 1 counts; step 3 only corrects counts. What does your loop call?
    """
    counted = patch.object(LinkedIds, "count_pairs", autospec=True, side_effect=LinkedIds.count_pairs)
    merged = patch.object(LinkedIds, "merge", autospec=True, side_effect=LinkedIds.merge)
    with counted as count_calls, merged as merge_calls:
        learn_merges({b"lower": 2, b"lowest": 1, b"slow": 3}, 5)
    counted, merged = count_calls.call_count, merge_calls.call_count
    assert counted <= 1 and merged == 5, (
        f"5 merges called LinkedIds.merge {merged} times, and its count_pairs {counted} times"
    )


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. Encode a new word: by rank, not from left to right

    How do you encode a word that wasn't in the text? Replay the training: of all pairs in the word, the one that was learned first has the
    lowest **rank**, and is merged first.

    It isn't enough to go from left to right and merge what you can. Say (b, c) became 256, then (a, b) became 257, and the word is "abc".
    From left to right you would merge (a, b), and get 257 c. In training, (b, c) was merged first, everywhere, and the a before it stayed
    alone. The network that learned from those ids has never seen 257 before a c.
    """)
    return


@app.function
# points: 4
def encode_word(ids: Sequence[int], merges: Mapping[tuple, int]) -> list[int]:
    """Merge what can be merged, the earliest learned pair first.

    Args:
        ids: a sequence of ids: the bytes of a word.
        merges: pair -> the id that it becomes; a pair that was learned earlier has a smaller one.

    Returns:
        A list of ids.

    >>> encode_word(b"abc", {(98, 99): 256, (97, 98): 257})
    [97, 256]

    Steps:
        1. Which pairs of neighbors does the word have now, and which of them can be merged? None? Then you are done.
        2. Merge the one that was learned first, and look again.

    Hint: you have written both halves of this already.
    """
    ### BEGIN SOLUTION
    ids = list(ids)
    while pairs := [pair for pair in zip(ids, ids[1:], strict=False) if pair in merges]:
        pair = min(pairs, key=merges.get)
        ids = merge(ids, pair, merges[pair])
    return ids
    ### END SOLUTION


@app.function
# points: 4
def test_encode_word():
    """WHAT: pairs are merged in the order in which they were learned, until none is left; also pairs of merged ids.
    WHY: encoding must cut a text as training did, or the network reads tokens that it has never seen together.
    TIP: write down the pairs of the word in the message and the id that each would become. Which one is first?
    """
    merges = {(98, 99): 256, (97, 98): 257, (256, 100): 258, (97, 97): 259, (259, 259): 260, (97, 258): 261}
    for word, expected in (
        (b"abc", [97, 256]), (b"ab", [257]), (b"abcd", [261]), (b"abab", [257, 257]), (b"aaaaa", [260, 97]), (b"aaab", [259, 257]),
        (b"xyz", [120, 121, 122]), (b"", []), ([256, 100], [258]),
    ):  # fmt: skip
        ids = encode_word(word, merges)
        assert ids == expected, f"encode_word({word}, merges) returned {ids}, expected {expected}"


@app.cell(hide_code=True)
def _():
    vocabulary = sliders_of(merges=(0, 4000, 500, 100))
    mo.md(f"""
    ### Explore: for how many words does the order matter?

    A megabyte of text is on your computer already: NumPy's documentation. Every fifth word is cut by your function, and by a reader that
    merges the first pair it can, from left to right. **Predict**: what share comes out differently? Does it grow with the
    vocabulary? {vocabulary.hstack(justify="start")}
    """)
    return (vocabulary,)


@app.function(hide_code=True)
def explore_order(count):
    """Table: words that merging from left to right cuts in another way, and their share."""
    learned, words, rows = Vocabulary(numpy_merges()[:count]), sorted(count_words(numpy_pages()))[::5], []
    for word in words:
        ids, place = list(word), 0
        while place < len(ids) - 1:
            new_id = learned.merges.get((ids[place], ids[place + 1]))
            if new_id is not None:
                ids[place : place + 2] = [new_id]
            place = place + 1 if new_id is None else max(place - 1, 0)
        if ids != (by_rank := encode_word(word, learned.merges)):
            rows.append([shown_tokens(learned.tokens[id] for id in cut) for cut in (by_rank, ids)])
    shown = table(("by rank", "from left to right"), rows[:: len(rows) // 8 + 1])
    return mo.md(f"{shown}\n\n{len(rows)} of {len(words)} words differ: {len(rows) / len(words):.0%}.")


@app.function(hide_code=True)
# not exported
@cache
def numpy_merges():
    """4,000 merges of NumPy's documentation."""
    return learn_merges(count_words(numpy_pages()), 4000)


@app.cell(hide_code=True)
def _(vocabulary):
    show(explore_order, *vocabulary.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Back to text, and the whole tokenizer

    Decoding looks up the bytes of each id. But a token needn't end where a character ends: "é" is two bytes, and if they are two tokens,
    neither is text. A network may also write half a character and stop; `to_text(data)` then shows the character U+FFFD, and raises nothing.

    `BPETokenizer` puts your functions together. **Special tokens** are ids for what no text contains: the end of a text, the turn of a
    speaker. They come last, and are never part of a merge. Suppose a user types "<|end|>" into a chat: must it end the conversation?
    Not unless the program says so. `encode` reads the name as plain text, and only what `allowed_special` lists becomes a special id.

    `save` writes merges and special tokens as JSON. Nothing in it is code, so a stranger's file can be loaded; a damaged or newer one is
    refused. `encode_file` yields the ids of a file of any size.
    """)
    return


@app.function
# points: 2
def decode_ids(ids: Iterable[int], tokens: Sequence[bytes]) -> str:
    """The text of some ids.

    Args:
        ids: integers, also in an array or a tensor.
        tokens: the bytes of each id.

    Returns:
        A text; what isn't UTF-8 becomes U+FFFD. ValueError (given) if an id isn't in the vocabulary.

    >>> decode_ids([1, 0, 0], [b"na", b"ba"])
    'banana'

    Steps:
        1. Look up the bytes of each id.
        2. Make one text of them.

    Hint: are the bytes of one token always text? `b"".join(parts)` makes one bytes object of many.
    """
    ids = check_ids(ids, len(tokens))
    ### BEGIN SOLUTION
    return to_text(b"".join(tokens[id] for id in ids))
    ### END SOLUTION


@app.function
# points: 2
def test_decode_ids():
    """WHAT: the bytes of all tokens together are the text, even where a character is cut.
    WHY: every letter outside of plain English takes two bytes or more, and a token may cut any of them.
    TIP: what are the bytes of the ids in the message, all together, and what is their text?
    """
    tokens = [b"na", b"ba", b"caf", b"\xc3", b"\xa9", b"\xf0\x9f", b"\x98\x80!", b" "]
    for ids, expected in (
        ([1, 0, 0], "banana"), ([2, 3, 4], "caf\xe9"), ([5, 6], "\N{GRINNING FACE}!"), ([2, 3], "caf\ufffd"), ([], ""), ((7, 7), "  "),
    ):  # fmt: skip
        text = decode_ids(ids, tokens)
        assert text == expected, f"decode_ids({ids}, tokens) returned {text!r}, expected {expected!r}"


@app.class_definition
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


@app.function
def test_BPETokenizer():
    """WHAT: your functions work together: nothing is lost, and special tokens are text unless they are allowed.
    WHY: everything that a language model reads or writes goes through this class.
    TIP: BPETokenizer is given. If this fails, look at the exercises before it, and at their tests.
    """
    tokenizer = BPETokenizer.train("low low lower", 259, ["<|end|>"])
    for text in ("", "slower", "naïve façade", "\N{GRINNING FACE}", "<|end|> low", "  \n\t ", "l" * 300):
        again = [tokenizer.decode(tokenizer.encode(text, allowed)) for allowed in ((), "all")]
        assert again == [text, text], f"{text!r} came back as {again}"
    ids = tokenizer.encode("<|end|>", "all"), tokenizer.encode("<|end|>")
    assert ids[0] == [258] and 258 not in ids[1], "'<|end|>' must be one id if it is allowed, and else text"


@app.cell(hide_code=True)
def _():
    typed = mo.ui.text("How many r are in strawberry? 12 + 7 = 19", label="your text", full_width=True)
    size = sliders_of(merges=(0, 4000, 500, 100))
    mo.md(f"""
    ### Explore: what does the network see, and what does it cost?

    Texts, cut with merges of NumPy's documentation: English and code. A token that isn't text is shown in hexadecimal. **Predict**: is "hello" the same token as " hello"? Which numbers
    from 8 to 12 are one token? What must a network learn about these ids before it can add, or count letters? Services charge by the
    token: which language pays most for "Good morning! How are you?", and how much with 0 merges? {typed} {size.hstack(justify="start")}
    """)
    return size, typed


@app.function(hide_code=True)
def explore_tokens(typed, count):
    """Table: your text, numbers, spellings of a word, and a greeting in nine languages: tokens, ids, and their number."""
    tokenizer, rows = BPETokenizer(numpy_merges()[:count]), []
    greetings = (
        "Good morning! How are you?", "¡Buenos días! ¿Cómo estás?", "Guten Morgen! Wie geht es dir?", "Günaydın! Nasılsın?",
        "Καλημέρα! Τι κάνεις;", "Доброе утро! Как дела?", "सुप्रभात! आप कैसे हैं?", "早上好!你好吗?", "おはようございます!お元気ですか?",
    )  # fmt: skip
    for text in (typed, "8", "9", "10", "11", "12", "hello", " hello", "Hello", "hello.", *greetings):
        ids, shown = tokenizer.encode(text), '"' + text.replace("|", "¦") + '"'  # no code, so that a long text may wrap
        cut, more = shown_tokens(tokenizer.tokens[id] for id in ids[:20]), " ..." if len(ids) > 20 else ""
        rows.append((shown, len(text), len(to_bytes(text)), len(ids), cut + more, " ".join(map(str, ids[:20])) + more))
    return mo.md(table(("text", "characters", "bytes", "tokens", "the tokens", "what the network gets"), rows))


@app.cell(hide_code=True)
def _(size, typed):
    show(explore_tokens, typed.value[:500], *size.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: how large should a vocabulary be, and how fast do you learn it?

    A larger vocabulary makes texts shorter, but each token needs a row in the network's **embedding** (Module 11): 128 numbers in a small
    GPT. **Predict**: from 256 tokens to 512, how much shorter does NumPy's documentation get? From 2,048 to 4,096? And how many times
    faster is `learn_merges` than `learn_merges_slowly`, for 20 merges and for 100?
    """)
    return


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.function(hide_code=True)
def measure_vocabulary(width=128, merges=(20, 100)):
    """Markdown: length of NumPy's documentation and bytes of the embedding for several vocabularies, and the time of both trainers."""
    text, words, rows = numpy_pages(), count_words(numpy_pages()[:200_000]), []
    tokenizers = {f"{n} merges": BPETokenizer(numpy_merges()[:n]) for n in (0, 256, 768, 1792, 3840)}
    for name, tokenizer in ({"characters": CharTokenizer(text)} | tokenizers).items():
        size, length = tokenizer.vocab_size, len(tokenizer.encode(text))
        rows.append((name, size, length, f"{len(text) / length:.2f}", f"{size * width * 4 / 1024:,.0f} KiB"))
    shown = table(("tokenizer", "vocabulary", "tokens of the text", "characters a token", "embedding"), rows)
    ratios = []
    for count in merges:
        ways = {way.__name__: lambda way=way: way(words, count) for way in (learn_merges_slowly, learn_merges)}  # noqa: B023
        slow, fast = (seconds for seconds, _ in compare(ways, 3).values())
        ratios.append((count, f"{slow * 1e3:,.0f} ms", f"{fast * 1e3:,.1f} ms", f"{slow / fast:.0f}"))
    return mo.md(f"{shown}\n\n{len(words):,} words:\n\n{table(('merges', *ways, 'ratio'), ratios)}")


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_vocabulary)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Each doubling of the vocabulary doubles the table and shortens the text by less: the frequent pairs come first. But attention (Module
    12) takes time that grows with the square of the length, so a shorter text saves more than it seems. The ratio of the two versions grows
    with the number of merges: each costs the slow one a pass through all words, and the fast one only the places that change.

    ## Complexity

    $n$ bytes of different words, $m$ merges, a word of $w$ bytes:

    | | time | memory |
    |:---|:---|:---|
    | `learn_merges_slowly` | $O(n m)$ | $O(n)$ |
    | `learn_merges` | $O(n \log n)$: a merge shortens a word, so there are fewer than $n$ | $O(n)$ |
    | `encode_word` | $O(w^2)$; but words are short, and known ones are looked up | $O(w)$ |

    ## In production

    PyTorch itself has no tokenizer; its retired library for text had GPT-2's (`torchtext/csrc/gpt2_bpe_tokenizer.cpp`). `tokenizers` (Rust)
    trains with counts and a heap as you do, and `tiktoken` (Rust) encodes by rank. GPT-4 and Llama 3 use other patterns for words.

    ## Questions
    """)
    return


@app.function
def answer_embedding_bytes():
    """GPT-2's table has 768 float32 for each of 50,257 tokens. How many bytes is that? What share of its 124,439,808 numbers?

    Return (bytes, share). Hint: the share is between 0 and 1.
    """
    ### BEGIN SOLUTION
    numbers = 50_257 * 768
    return 4 * numbers, numbers / 124_439_808
    ### END SOLUTION


@app.function
# points: 1
def test_answer_embedding_bytes():
    """WHAT: the size of a vocabulary's table, and its share of the network.
    WHY: a vocabulary isn't free, and in a small network it is a large part of the memory.
    TIP: how many numbers does the table have? A float32 has 4 bytes. Is the share one of numbers, and not of bytes?
    """
    size, share = answer_embedding_bytes()
    assert size == 50_257 * 768 * 4, f"{size} isn't the number of bytes"
    assert abs(share - 50_257 * 768 / 124_439_808) < 1e-3, f"{share} isn't the share of the numbers"


@app.cell(hide_code=True)
def question_letters():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** A model answers "How many r are in strawberry?" wrongly, and right when the word is typed as "s t r a w b e r r y". What does it see in each
    case? Name a change of the tokenizer that would help with additions like 127 + 48, and what it costs.

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_ties():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** You train a model, lose the tokenizer's file, and train the tokenizer again on the same text with another library. The vocabulary has the same
    size, and nearly the same tokens. What will the model write, and why? How would you notice before anyone reads it?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - Bytes make every text readable, and merges of frequent pairs make it short. Equal counts need a rule, which two programs must share.
    - Keeping counts, with a heap that may hold stale entries, gives the same merges without reading the text again.
    - Encoding merges by rank; decoding joins bytes first. A special token's name is text unless the program allows it.

    **Next:** export your work with `tito module complete 10`. Module 11 gives every token a place and a meaning.
    """)
    return


if __name__ == "__main__":
    app.run()
