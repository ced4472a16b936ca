"""A GPT learns to write like Shakespeare, character by character."""

from tito.milestone import use_own_tinytorch

use_own_tinytorch(__file__)

import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from language import SAMPLE_SEED, TEMPERATURE, Task, gates, recipe, replay, written  # noqa: E402

from tinytorch.data_files import DataError  # noqa: E402
from tinytorch.datasets import TinyShakespeare  # noqa: E402
from tinytorch.tokenization import CharTokenizer  # noqa: E402
from tinytorch.transformers import GPT, GPTConfig  # noqa: E402
from tito.gates import options  # noqa: E402

# chosen by the runs in evidence.json
FULL = gates(loss=1.88, below=0.50)
QUICK = gates(loss=2.05, below=0.40)
FULL_STEPS, QUICK_STEPS = 2_000, 1_000
FULL_SHAPE = {"n_layer": 4, "n_head": 4, "n_embd": 128}
QUICK_SHAPE = {"n_layer": 2, "n_head": 4, "n_embd": 64}
SAMPLE_CHARS = 160


def texts() -> tuple[str, str]:
    """The training part and the held-out part; what is missing is downloaded, or the script ends with a sentence.

    The environment variable TINYTORCH_TEXT may name a file with another text, whose last tenth is held out.
    """
    try:
        if other := os.environ.get("TINYTORCH_TEXT"):
            text = Path(other).read_text(encoding="utf-8")
            return text[: int(0.9 * len(text))], text[int(0.9 * len(text)) :]
        return tuple(TinyShakespeare(train=train, download=True).text for train in (True, False))
    except (DataError, OSError, UnicodeDecodeError) as error:
        sys.exit(f"{error}")


def task(quick: bool) -> Task:
    train, held_out = texts()
    tokenizer = CharTokenizer(train + held_out)

    def sample(net: GPT) -> str:
        return written(net, tokenizer, "\n", SAMPLE_CHARS, temperature=TEMPERATURE, seed=SAMPLE_SEED)

    return Task(
        tokenizer,
        np.array(tokenizer.encode(train)),
        np.array(tokenizer.encode(held_out)),
        GPTConfig(tokenizer.vocab_size, block_size=64, **(QUICK_SHAPE if quick else FULL_SHAPE)),
        recipe(QUICK_STEPS if quick else FULL_STEPS, batch_size=12, lr=1e-2 if quick else 5e-3, stages=10),
        unit="chars",
        sample=sample,
        prompt="What is the matter with the man?",
        levels=(3.0, 2.5, 2.0, 1.6),
    )


def main() -> int:
    chosen = options(__doc__, seeds=1, resume=True)
    if chosen.quick:
        return replay(Path(__file__), chosen, task(quick=True), QUICK, run="02_tinygpt_shakespeare --quick")
    return replay(Path(__file__), chosen, task(quick=False), FULL, run="02_tinygpt_shakespeare")


if __name__ == "__main__":
    sys.exit(main())
