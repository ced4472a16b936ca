"""Time byte-pair encoding: training and encoding, against module 10's first version, tiktoken's teaching code and `tokenizers`.

    python -m benchmarks.tokenizer                 # 1,000 merges of a megabyte; the two slow ones take ten minutes in all
    python -m benchmarks.tokenizer --merges 50     # sooner, with smaller ratios
    python -m benchmarks.tokenizer --stream        # also the memory of encoding a file of 1 and of 20 megabytes

The text is tiny-shakespeare (`tito data download TinyShakespeare`), or NumPy's documentation if that isn't there; all read its first
million characters. The fast ones take turns, five times; the slow ones run once. It checks that all learn the same number of
tokens, our two versions the same merges, and that all encode alike. It exits with 1 if a goal is missed.
"""

import argparse
import os
import runpy
import sys
import tempfile
import tracemalloc
from pathlib import Path
from time import perf_counter

from tito import course
from tito.lesson import compare, numpy_pages

CHARACTERS = 1_000_000
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # GPT-2's
ROUNDS = 5
# (what is measured, against what): a goal for the ratio of the second to the first, at least; below 1, how much slower ours may be
GOALS = {
    ("training", "first version"): 25,
    ("training", "tiktoken's teaching code"): 25,
    ("training", "tokenizers, one thread"): 1 / 12,
    ("encoding", "tiktoken's teaching code"): 20,
}


def corpus() -> tuple[str, str]:
    """A million characters, and what they are."""
    from tinytorch.datasets import TinyShakespeare

    try:
        text = "".join(TinyShakespeare(train=train).text for train in (True, False))
        name = "tiny-shakespeare"
    except (OSError, RuntimeError):
        text, name = numpy_pages(), "NumPy's documentation"
    return text[:CHARACTERS], name


def seconds(call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def interleaved(ways: dict) -> dict[str, float]:
    """Median seconds of each way; they take turns."""
    return {name: cost[0] for name, cost in compare(ways, ROUNDS).items()}


def training(text: str, merges: int) -> dict[str, float]:
    """Seconds to learn merges, from the text to the vocabulary, by each way."""
    from tiktoken._educational import bpe_train
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    from tinytorch.text import BYTES, count_words
    from tinytorch.tokenization import BPETokenizer, learn_merges

    learned = {}

    def theirs():
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=BYTES + merges, show_progress=False, initial_alphabet=alphabet)
        tokenizer.train_from_iterator([text], trainer)
        learned["tokenizers"] = tokenizer.get_vocab_size()

    def ours():
        learned["ours"] = BPETokenizer.train(text, BYTES + merges).vocab_size

    times = interleaved({"ours": ours, "tokenizers, one thread": theirs})
    slowly = runpy.run_path(str(course.ROOT / "notebooks" / "10_tokenization.py"))["learn_merges_slowly"]
    first, fast = [], learn_merges(count_words(text), merges)
    times["first version"] = seconds(lambda: first.extend(slowly(count_words(text), merges)))
    if first != fast:
        sys.exit("the two versions of module 10 learned different merges")
    times["tiktoken's teaching code"] = seconds(
        lambda: learned.update(teaching=len(bpe_train(text, BYTES + merges, PATTERN, visualise=None)))
    )
    if len(set(learned.values())) > 1:
        sys.exit(f"they learned different numbers of tokens: {learned}")
    return times


def encoding(text: str, merges: int) -> dict[str, float]:
    """Seconds to encode the text, by a tokenizer in use, and by one that has seen no word before."""
    from tiktoken import Encoding
    from tiktoken._educational import SimpleBytePairEncoding

    from tinytorch.tokenization import BPETokenizer

    tokenizer = BPETokenizer.train(text, 256 + merges)
    ranks = {token: id for id, token in enumerate(tokenizer.tokens)}
    rust = Encoding("ours", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    ids = {}

    def forgetful():
        BPETokenizer([*tokenizer.merges]).encode(text)

    ways = {"ours, with no known words": forgetful, "ours": lambda: ids.update(ours=tokenizer.encode(text))}
    times = interleaved(ways | {"tiktoken (Rust)": lambda: ids.update(rust=rust.encode_ordinary(text))})
    teaching = SimpleBytePairEncoding(pat_str=PATTERN, mergeable_ranks=ranks)
    times["tiktoken's teaching code"] = seconds(lambda: ids.update(teaching=teaching.encode(text, visualise=None)))
    if not ids["ours"] == ids["rust"] == ids["teaching"]:
        sys.exit("they encode the text differently")
    return times


def stream(text: str, merges: int) -> None:
    """Print the peak memory of encoding a file of 1 and of 20 megabytes, id by id."""
    from tinytorch.tokenization import BPETokenizer

    tokenizer = BPETokenizer.train(text, 256 + merges)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text.txt")
        for copies in (1, 20):
            path.write_text(text * copies, encoding="utf-8")
            tokenizer = BPETokenizer([*tokenizer.merges])
            tracemalloc.start()
            count = sum(1 for _ in tokenizer.encode_file(path))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            megabytes = path.stat().st_size / 1e6
            print(f"encode_file: {megabytes:.1f} MB, {count:,} ids, peak {peak / 1e6:.1f} MB of Python's memory")


def report(what: str, times: dict[str, float]) -> bool:
    """Print the times and their ratios to ours. Returns whether each goal is reached."""
    good = True
    for name, time in times.items():
        ratio, goal = time / times["ours"], GOALS.get((what, name))
        reached = goal is None or ratio >= goal
        good = good and reached
        note = "" if goal is None else f", goal at least {goal:.3g}: {'reached' if reached else 'missed'}"
        print(f"{what}: {name}: {time:.3f} s, {ratio:.2f} times ours{note}")
    return good


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokenizer", description=__doc__.partition("\n")[0])
    parser.add_argument("--merges", type=int, default=1000, help="how many are learned")
    parser.add_argument("--characters", type=int, default=CHARACTERS, help="of the text")
    parser.add_argument("--stream", action="store_true", help="also measure the memory of encoding files")
    options = parser.parse_args(arguments)
    os.environ["RAYON_NUM_THREADS"] = "1"  # before tokenizers is imported: one thread
    text, name = corpus()
    text = text[: options.characters]
    print(f"{name}, {len(text):,} characters, {options.merges} merges")
    good = [report(what.__name__, what(text, options.merges)) for what in (training, encoding)]
    if options.stream:
        stream(text, options.merges)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
