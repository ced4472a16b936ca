"""Right and wrong solutions of module 10: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "CharTokenizer.encode": {
        "one by one": """\
ids = []
for c in text:
    if c in self.id_of:
        ids.append(self.id_of[c])
    else:
        raise ValueError(f"unknown character {c!r}")
return ids""",
        "a set of the unknown": """\
unknown = set(text) - set(self.characters)
if unknown:
    raise ValueError(f"unknown: {sorted(unknown)}")
return [self.characters.index(c) for c in text]""",
        "an exception turned into another": """\
try:
    return list(map(self.id_of.__getitem__, text))
except KeyError as error:
    raise ValueError(f"{error} has no id")""",
    },
    "count_pairs": {
        "a defaultdict": """\
from collections import defaultdict

counts = defaultdict(int)
for word, times in words.items():
    for i in range(len(word) - 1):
        counts[(word[i], word[i + 1])] += times
return dict(counts)""",
        "a Counter": """\
from collections import Counter

counts = Counter()
for word, times in words.items():
    for left, right in zip(word[:-1], word[1:]):
        counts[left, right] += times
return counts""",
        "asks first": """\
counts = {}
for word in words:
    ids = list(word)
    for i in range(1, len(ids)):
        pair = (ids[i - 1], ids[i])
        if pair not in counts:
            counts[pair] = 0
        counts[pair] = counts[pair] + words[word]
return counts""",
    },
    "merge": {
        "two branches": """\
result = []
i = 0
while i < len(ids):
    if i < len(ids) - 1 and ids[i] == pair[0] and ids[i + 1] == pair[1]:
        result.append(new_id)
        i += 2
    else:
        result.append(ids[i])
        i += 1
return result""",
        "an iterator": """\
out, skip = [], False
for i, current in enumerate(ids):
    if skip:
        skip = False
    elif list(ids[i : i + 2]) == list(pair):
        out.append(new_id)
        skip = True
    else:
        out.append(current)
return out""",
        "looks back": """\
out, free = [], False  # free: whether the last entry of out may still be merged
for current in ids:
    if free and (out[-1], current) == tuple(pair):
        out[-1] = new_id
        free = False
    else:
        out.append(current)
        free = True
return out""",
    },
    "learn_merges_slowly": {
        "a loop and a break": """\
merges = []
current = [(list(word), times) for word, times in words.items()]
for number in range(count):
    counts = count_pairs({tuple(word): times for word, times in current})
    if not counts:
        break
    best = sorted(counts, key=lambda pair: (-counts[pair], pair[0], pair[1]))[0]
    merges.append(best)
    current = [(merge(word, best, BYTES + number), times) for word, times in current]
return merges""",
        "max, and min of the equal ones": """\
merges = []
while len(merges) < count:
    counts = count_pairs(words)
    if len(counts) == 0:
        return merges
    most = max(counts.values())
    pair = min(p for p in counts if counts[p] == most)
    new_id = 256 + len(merges)
    new_words = {}
    for word, times in words.items():
        new_words[tuple(merge(word, pair, new_id))] = times
    words = new_words
    merges.append(pair)
return merges""",
    },
    "learn_merges": {
        "asks the heap's entry again": """\
text = LinkedIds(words)
counts = text.count_pairs()
heap = []
for pair, n in counts.items():
    heapq.heappush(heap, (-n, pair[0], pair[1]))
result = []
while len(result) < count and heap:
    negative, left, right = heapq.heappop(heap)
    pair = (left, right)
    if counts.get(pair, 0) == 0 or counts[pair] != -negative:
        continue
    changes = text.merge(pair, 256 + len(result))
    result.append(pair)
    for p in changes:
        counts[p] = counts.get(p, 0) + changes[p]
        if counts[p] > 0:
            heapq.heappush(heap, (-counts[p], p[0], p[1]))
return result""",
        "a Counter": """\
from collections import Counter

ids = LinkedIds(words)
counts = Counter(ids.count_pairs())
heap = [(-n, pair) for pair, n in counts.items()]
heapq.heapify(heap)
merges = []
while heap and len(merges) < count:
    n, pair = heapq.heappop(heap)
    if counts[pair] == -n and n < 0:
        changes = ids.merge(pair, BYTES + len(merges))
        merges.append(pair)
        counts.update(changes)
        for p in changes:
            heapq.heappush(heap, (-counts[p], p))
return merges""",
    },
    "encode_word": {
        "the best of a set": """\
ids = list(ids)
while len(ids) >= 2:
    pairs = set(zip(ids, ids[1:]))
    best = min(pairs, key=lambda pair: merges.get(pair, float("inf")))
    if best not in merges:
        break
    ids = merge(ids, best, merges[best])
return ids""",
        "one occurrence at a time": """\
result = list(ids)
while True:
    best = None
    for i in range(len(result) - 1):
        new_id = merges.get((result[i], result[i + 1]))
        if new_id is not None and (best is None or new_id < best[0]):
            best = (new_id, i)
    if best is None:
        return result
    new_id, i = best
    result[i : i + 2] = [new_id]""",
        "all merges in order": """\
ids = list(ids)
for pair, new_id in sorted(merges.items(), key=lambda item: item[1]):
    ids = merge(ids, pair, new_id)
return ids""",
    },
    "decode_ids": {
        "bytes, piece by piece": """\
data = b""
for id in ids:
    data += tokens[id]
return to_text(data)""",
        "Python's own": 'return b"".join([tokens[i] for i in ids]).decode("utf-8", errors="replace")',
    },
    "answer_embedding_bytes": "an answer is two numbers, however they are computed",
}

WRONG = {
    "CharTokenizer.encode": {
        "unknown characters vanish": Wrong(
            "missing check",
            "What is left of a text whose characters you don't know?",
            "return [self.id_of[character] for character in text if character in self.id_of]",
        ),
        "unknown characters get id 0": Wrong(
            "missing check",
            "Which letter has id 0, and what comes back for a character that you don't know?",
            "return [self.id_of.get(character, 0) for character in text]",
        ),
        "a KeyError": Wrong(
            "wrong error",
            "Which error does your code raise at an unknown character, and which does the docstring name?",
            "return [self.id_of[character] for character in text]",
        ),
        "each character once": Wrong(
            "missing case",
            "How many ids does a text with two equal letters have?",
            ("for character in text]", "for character in dict.fromkeys(text)]"),
        ),
        "sorted": Wrong(
            "wrong order",
            "In which order do the ids come back?",
            ("for character in text]", "for character in sorted(text)]"),
        ),
        "code points": Wrong(
            "wrong formula",
            "Which ids does the vocabulary give, and which numbers does Unicode?",
            ("[self.id_of[character] for", "[ord(character) for"),
        ),
        "the error is returned": Wrong(
            "wrong error",
            "Does the caller notice that something is wrong?",
            ("raise ValueError(", "return ValueError("),
        ),
        "no return": Wrong("no return", "What does your function give back?", ("return [self.id_of", "[self.id_of")),
    },
    "count_pairs": {
        "the word's count is ignored": Wrong(
            "ignored argument", "How often does a pair count whose word occurs 5 times?", ("+ times", "+ 1")
        ),
        "overlapping pairs count once": Wrong(
            "missing case",
            "At how many places does the pair (a, a) begin in aaaa?",
            """\
counts = {}
for word, times in words.items():
    last = None
    for pair in zip(word, word[1:]):
        if pair != last:
            counts[pair] = counts.get(pair, 0) + times
            last = pair
        else:
            last = None
return counts""",
        ),
        "once per word": Wrong(
            "missing case",
            "Does a pair that a word has twice count twice?",
            ("zip(word, word[1:], strict=False)", "dict.fromkeys(zip(word, word[1:]))"),
        ),
        "only every second pair": Wrong(
            "off by one",
            "Which pairs of neighbors has a word of three ids?",
            ("zip(word, word[1:], strict=False)", "zip(word[::2], word[1::2])"),
        ),
        "overwritten": Wrong(
            "accumulation",
            "What happens to a count when the pair comes again?",
            ("counts.get(pair, 0) + times", "times"),
        ),
        "pairs across words": Wrong(
            "missing check",
            "Does the end of one word have a neighbor in the next?",
            """\
counts, everything = {}, [(id, times) for word, times in words.items() for id in word]
for (left, times), (right, _) in zip(everything, everything[1:]):
    counts[left, right] = counts.get((left, right), 0) + times
return counts""",
        ),
        "sorted pairs": Wrong(
            "swapped operands",
            "Are ab and ba the same pair?",
            ("counts[pair] =", "pair = tuple(sorted(pair))\n        counts[pair] ="),
        ),
        "in sorted order": Wrong(
            "wrong order",
            "In which order do the pairs come: by their size, or as they are first seen?",
            ("return counts", "return dict(sorted(counts.items()))"),
        ),
        "no return": Wrong("no return", "What does your function give back?", ("return counts", "counts")),
    },
    "merge": {
        "one step after a merge": Wrong(
            "duplicate",
            "Where do you go on after a merge? Is an id used twice?",
            ("i += 2 if matches else 1", "i += 1"),
        ),
        "the last id is lost": Wrong(
            "off by one",
            "What becomes of the last id, which has no right neighbor?",
            ("while i < len(ids):", "while i < len(ids) - 1:"),
        ),
        "only the first": Wrong(
            "missing case",
            "The pair occurs several times. How many of them are left?",
            """\
for i in range(len(ids) - 1):
    if (ids[i], ids[i + 1]) == pair:
        return [*ids[:i], new_id, *ids[i + 2 :]]
return list(ids)""",
        ),
        "from right to left": Wrong(
            "wrong order",
            "In 7 7 7, which two are merged when you go from left to right?",
            """\
merged, i = [], len(ids) - 1
while i >= 0:
    matches = i > 0 and (ids[i - 1], ids[i]) == pair
    merged.append(new_id if matches else ids[i])
    i -= 2 if matches else 1
return merged[::-1]""",
        ),
        "either order": Wrong(
            "swapped operands",
            "Is (2, 1) the pair (1, 2)?",
            ("(ids[i], ids[i + 1]) == pair", "{ids[i], ids[i + 1]} == set(pair)"),
        ),
        "only the left id is compared": Wrong(
            "missing term",
            "What does your code check about the right neighbor?",
            ("(ids[i], ids[i + 1]) == pair", "ids[i] == pair[0]"),
        ),
        "in place": Wrong(
            "in-place change",
            "What do the ids look like afterwards?",
            """\
i = 0
ids = ids if isinstance(ids, list) else list(ids)
while i < len(ids) - 1:
    if (ids[i], ids[i + 1]) == pair:
        ids[i : i + 2] = [new_id]
    i += 1
return ids""",
        ),
        "merges what it made": Wrong(
            "stale state",
            "Can an id that you have just made be part of the same merge?",
            """\
merged = []
for id in ids:
    if merged and merged[-1] == pair[0] and id == pair[1]:
        merged[-1] = pair[0] if pair[0] == pair[1] else new_id
    else:
        merged.append(id)
return [new_id if pair[0] == pair[1] == id and len(merged) < len(ids) else id for id in merged]""",
        ),
        "both ids stay": Wrong(
            "accumulation",
            "How long is the result, if one pair was merged?",
            ("merged.append(new_id if matches else ids[i])", "merged += [ids[i], new_id] if matches else [ids[i]]"),
        ),
        "returns its input": Wrong(
            "aliasing",
            "What do you return when the pair doesn't occur? Is it a list of your own?",
            ("merged, i = [], 0", "if pair not in list(zip(ids, ids[1:])):\n    return ids\nmerged, i = [], 0"),
        ),
        "no return": Wrong("no return", "What does your function give back?", ("return merged", "merged")),
    },
    "learn_merges_slowly": {
        "the pair seen first": Wrong(
            "wrong order",
            "Two pairs have the same count. Which one does the rule take?",
            ("min(counts, key=lambda pair: (-counts[pair], pair))", "max(counts, key=counts.get)"),
            heading="3. Learn from a text which pairs to merge",
        ),
        "the largest pair": Wrong(
            "wrong order",
            "Two pairs have the same count. Which one does the rule take?",
            (
                "min(counts, key=lambda pair: (-counts[pair], pair))",
                "max(counts, key=lambda pair: (counts[pair], pair))",
            ),
        ),
        "the rarest pair": Wrong(
            "sign",
            "Which pair comes first: the one with the largest count, or with the smallest?",
            ("(-counts[pair], pair)", "(counts[pair], pair)"),
        ),
        "the right id doesn't count": Wrong(
            "missing term",
            "Two pairs have the same count and the same left id. Which one does the rule take?",
            ("(-counts[pair], pair)", "(-counts[pair], pair[0])"),
        ),
        "by the bytes of the tokens": Wrong(
            "wrong formula",
            "Does the rule compare ids, or what they spell?",
            """\
merges, words, spelled = [], dict(words), {id: bytes([id]) for id in range(256)}
while len(merges) < count and (counts := count_pairs(words)):
    pair = min(counts, key=lambda pair: (-counts[pair], spelled[pair[0]], spelled[pair[1]]))
    new_id = BYTES + len(merges)
    spelled[new_id] = spelled[pair[0]] + spelled[pair[1]]
    words = {tuple(merge(word, pair, new_id)): times for word, times in words.items()}
    merges.append(pair)
return merges""",
        ),
        "changes the caller's words": Wrong(
            "in-place change",
            "Whose dict do you write to?",
            """\
merges = []
while len(merges) < count and (counts := count_pairs(words)):
    pair = min(counts, key=lambda pair: (-counts[pair], pair))
    for word in list(words):
        words[tuple(merge(word, pair, BYTES + len(merges)))] = words.pop(word)
    merges.append(pair)
return merges""",
        ),
        "never merges": Wrong(
            "stale state",
            "Which words do you count after the first merge?",
            ("words = {tuple(merge(", "merged = {tuple(merge("),
        ),
        "all from one count": Wrong(
            "stale state",
            "What are the counts after the first merge?",
            "counts = count_pairs(words)\nreturn sorted(counts, key=lambda pair: (-counts[pair], pair))[:count]",
        ),
        "the same id each time": Wrong(
            "stale state", "Which id does the second merge make?", ("BYTES + len(merges)", "BYTES")
        ),
        "ids begin at 257": Wrong(
            "off by one", "Which id does the first merge make?", ("BYTES + len(merges)", "BYTES + len(merges) + 1")
        ),
        "fails when no pair is left": Wrong(
            "missing check",
            "What happens when there are fewer pairs than merges to learn?",
            (
                "while len(merges) < count and (counts := count_pairs(words)):",
                "for _ in range(count):\n    counts = count_pairs(words)",
            ),
        ),
        "stops at pairs that occur once": Wrong(
            "too strict",
            "Is a pair that occurs once still a pair?",
            ("pair = min(counts", "if max(counts.values()) < 2:\n        break\n    pair = min(counts"),
        ),
        "one too many": Wrong(
            "off by one", "How many merges are returned?", ("len(merges) < count", "len(merges) <= count")
        ),
        "the word's count is lost": Wrong(
            "ignored argument",
            "How often does a word occur after the first merge?",
            (": times for word, times", ": 1 for word, times"),
        ),
        "ids instead of pairs": Wrong(
            "broken structure",
            "What does the docstring say that the list holds?",
            ("merges.append(pair)", "merges.append(BYTES + len(merges))"),
        ),
        "no return": Wrong("no return", "What does your function give back?", ("return merges", "merges")),
    },
    "learn_merges": {
        "counts anew": Wrong(
            "extra work", "How often does your code go through all words?", "return learn_merges_slowly(words, count)"
        ),
        "stale entries are believed": Wrong(
            "stale state",
            "An entry was put in long ago. Is its count still right when it comes out?",
            ("    if -times != counts[pair]:\n        continue\n", ""),
        ),
        "counts are never corrected": Wrong(
            "stale state",
            "Which counts have changed after a merge?",
            (
                "        counts[changed] = counts.get(changed, 0) + change\n",
                "        counts.setdefault(changed, change)\n",
            ),
        ),
        "changed pairs don't return to the heap": Wrong(
            "missing case",
            "How can a new pair come out of the heap?",
            ("        heapq.heappush(heap, (-counts[changed], changed))\n", ""),
        ),
        "only new pairs return to the heap": Wrong(
            "missing case",
            "A pair's count fell, and its old entry is dropped. When will the pair come out?",
            ("        heapq.heappush(", "        if change > 0:\n            heapq.heappush("),
        ),
        "changes replace counts": Wrong(
            "accumulation", "Is a change the count itself?", ("counts.get(changed, 0) + change", "change")
        ),
        "changes are subtracted": Wrong(
            "sign", "A pair loses two occurrences. What is its count then?", ("+ change", "- change")
        ),
        "the rarest pair first": Wrong(
            "sign",
            "A heap gives its smallest entry. Which pair do you want?",
            """\
ids, merges = LinkedIds(words), []
counts = ids.count_pairs()
heap = [(times, pair) for pair, times in counts.items()]
heapq.heapify(heap)
while heap and len(merges) < count:
    times, pair = heapq.heappop(heap)
    if times != counts[pair] or not times:
        continue
    for changed, change in ids.merge(pair, BYTES + len(merges)).items():
        counts[changed] = counts.get(changed, 0) + change
        heapq.heappush(heap, (counts[changed], changed))
    merges.append(pair)
return merges""",
        ),
        "pairs that are gone are merged": Wrong(
            "missing check", "Can a pair with count 0 be merged?", ("    if times == 0:\n        break\n", "")
        ),
        "ids begin at 257": Wrong(
            "off by one", "Which id does the first merge make?", ("BYTES + len(merges)", "BYTES + len(merges) + 1")
        ),
        "one too many": Wrong(
            "off by one", "How many merges are returned?", ("len(merges) < count", "len(merges) <= count")
        ),
        "no return": Wrong("no return", "What does your function give back?", ("return merges", "merges")),
    },
    "encode_word": {
        "from left to right": Wrong(
            "wrong order",
            "Two pairs can be merged. Which one was learned first?",
            """\
ids, i = list(ids), 0
while i < len(ids) - 1:
    if (ids[i], ids[i + 1]) in merges:
        ids[i : i + 2] = [merges[ids[i], ids[i + 1]]]
        i = 0
    else:
        i += 1
return ids""",
        ),
        "the pair learned last": Wrong(
            "wrong order", "Two pairs can be merged. Which one was learned first?", ("min(pairs, key", "max(pairs, key")
        ),
        "the longest token": Wrong(
            "wrong order",
            "Does the longest token that fits win, or the pair that was learned first?",
            """\
parts = {}
for pair, new_id in merges.items():
    parts[new_id] = sum((parts.get(id, (id,)) for id in pair), ())
ids, out, i = tuple(ids), [], 0
while i < len(ids):
    fitting = [id for id, part in parts.items() if ids[i : i + len(part)] == part]
    best = max(fitting, key=lambda id: len(parts[id]), default=None)
    out.append(ids[i] if best is None else best)
    i += 1 if best is None else len(parts[best])
return out""",
        ),
        "one merge only": Wrong(
            "missing case", "Can anything be merged after the first merge?", ("while pairs :=", "if pairs :=")
        ),
        "a merged id isn't merged again": Wrong(
            "missing case",
            "Can an id above 255 be part of a pair?",
            ("if pair in merges]", "if pair in merges and max(pair) < 256]"),
        ),
        "the smallest pair": Wrong(
            "wrong order", "By what do you choose among the pairs?", ("min(pairs, key=merges.get)", "min(pairs)")
        ),
        "the number of the merge": Wrong(
            "wrong factor",
            "Which id does a pair become?",
            ("merge(ids, pair, merges[pair])", "merge(ids, pair, merges[pair] - 256)"),
        ),
        "bytes come back": Wrong(
            "broken structure",
            "What type does your function return for a word in which nothing can be merged?",
            ("ids = list(ids)\nwhile", "while"),
        ),
        "no return": Wrong("no return", "What does your function give back?", ("return ids", "ids")),
    },
    "decode_ids": {
        "each token on its own": Wrong(
            "wrong order",
            "A character has two bytes, in two tokens. What is the text of each?",
            'return "".join(to_text(tokens[id]) for id in ids)',
        ),
        "bytes come back": Wrong("broken structure", "Is that a text?", 'return b"".join(tokens[id] for id in ids)'),
        "half characters raise": Wrong(
            "too strict",
            "What does your function do when the bytes end within a character?",
            'return b"".join(tokens[id] for id in ids).decode("utf-8")',
        ),
        "half characters vanish": Wrong(
            "missing case",
            "What is shown for half a character?",
            'return b"".join(tokens[id] for id in ids).decode("utf-8", "ignore")',
        ),
        "Latin-1": Wrong(
            "wrong formula",
            "Which encoding were the bytes made with?",
            'return b"".join(tokens[id] for id in ids).decode("latin-1")',
        ),
        "spaces between tokens": Wrong(
            "missing check",
            "What is between two tokens in the text?",
            'return to_text(b" ".join(tokens[id] for id in ids))',
        ),
        "spaces are stripped": Wrong(
            "missing check",
            "Is a space at the end part of the text?",
            'return to_text(b"".join(tokens[id] for id in ids)).strip()',
        ),
        "the printed form": Wrong(
            "broken structure", "What does Python print around bytes?", 'return str(b"".join(tokens[id] for id in ids))'
        ),
        "no return": Wrong("no return", "What does your function give back?", ("return to_text", "to_text")),
    },
    "answer_embedding_bytes": {
        "numbers instead of bytes": Wrong(
            "wrong factor", "How many bytes has a float32?", ("return 4 * numbers", "return numbers")
        ),
        "percent": Wrong(
            "wrong factor", "Is the share between 0 and 1?", ("numbers / 124_439_808", "100 * numbers / 124_439_808")
        ),
        "bytes against numbers": Wrong(
            "wrong factor", "Do you divide bytes by numbers?", ("numbers / 124_439_808", "4 * numbers / 124_439_808")
        ),
        "one token": Wrong("wrong formula", "How many rows has the table?", ("50_257 * 768", "768")),
    },
}
