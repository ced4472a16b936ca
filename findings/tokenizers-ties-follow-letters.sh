#!/usr/bin/env bash
# Hugging Face's BPE trainer breaks ties by the letters that stand in for bytes, not by the bytes.
#
# In "ab" and a double newline, the pairs (a, b) and (newline, newline) occur once each. Newline is byte 10 and a is byte 97, so by byte
# (newline, newline) is the smaller pair. The byte-level alphabet writes byte 10 as the letter U+010A, which comes after every ASCII
# letter, and ids count up in the order of letters: "ab" is merged first. A trainer that ties by byte values learns another vocabulary.
#
# Seen with tokenizers 0.23.3, Python 3.11, Linux x86_64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check tokenizers==0.23.3
"$folder/venv/bin/python" - <<'PYTHON'
import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

print("tokenizers", tokenizers.__version__)


def first_merge(text):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=257, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([text], trainer)
    return next(token for token, number in tokenizer.get_vocab().items() if number == 256)


for text, expected in (("ab\n\n", "ab"), ("\n\nab", "ab"), ("cd!!ab", "!!"), ("cd1122ab", "11")):
    merged = first_merge(text)
    print(f"{text!r}: the first merge makes {merged!r}")
    assert merged == expected, "this has changed"
PYTHON
