"""What 02 and 03 share: texts as tokens, a training that shows samples, what is measured on each seed, the gates, and the report."""

import math
import zlib
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

import tinytorch
from tinytorch import Tensor, get_rng_state, manual_seed, no_grad, save, set_rng_state
from tinytorch.loading import Rows
from tinytorch.machine import machine_facts
from tinytorch.nn.functional import cross_entropy
from tinytorch.optim import AdamW, Optimizer
from tinytorch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from tinytorch.tokenization import BPETokenizer, CharTokenizer
from tinytorch.training import evaluate, load, train_epoch
from tinytorch.transformers import GPT, GPTConfig, generate
from tinytorch.utils.data import DataLoader, Dataset
from tito import words
from tito.gates import Gate, conclude, recorded_runs
from tito.picture import draw_writer
from tito.probes import checksum, count_weights, gradient_error
from tito.resumable import Progress, Recipe, Session, Training, run_seeds
from tito.share import measured_share

WARM_UP = 0.1  # the share of the steps in which the learning rate rises
SMOOTHED = 50  # steps, whose mean loss is what a level is compared with
TEMPERATURE, SAMPLE_SEED = 0.8, 1
TEST_BATCH = 50
CURVE_WINDOWS = 100  # on which the held-out loss is measured while it trains; at the end it is measured on all
ONE_BATCH, ONE_BATCH_STEPS = 2, 100  # windows, and steps to learn them by heart
PLACES_TO_CHANGE = (1, 5, 11)  # at which a token is changed, to see whether it moves what comes before


class Windows(Dataset):
    """Pieces of a text: (N, T) ids, and the ids that come next, (N, T).

    Args:
        ids: of the whole text.
        length: T.
        stride: where the next piece starts; T for pieces that don't overlap.
    """

    def __init__(self, ids: np.ndarray, length: int, stride: int = 1):
        self.ids, self.length, self.stride = ids, length, stride

    def __len__(self) -> int:
        return max(0, (len(self.ids) - self.length - 1) // self.stride + 1)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> Rows:
        """A batch at once."""
        pieces = self.ids[self.stride * np.asarray(indices)[:, None] + np.arange(self.length + 1)]
        return Rows([Tensor(pieces[:, :-1]), Tensor(pieces[:, 1:])])

    def first(self, count: int) -> tuple[Tensor, Tensor]:
        """The first pieces as a batch, `count` of them or as many as there are."""
        return self.__getitems__(range(min(count, len(self)))).columns


@dataclass(frozen=True)
class Task:
    """What is learned, by which GPT, and how.

    Args:
        tokenizer: of the text.
        train, held_out: ids.
        config: the shape of the GPT.
        recipe: how it is trained.
        unit: what a token is called, as in "chars".
        sample: text that a GPT writes, to print while it trains.
        prompt: for the picture of its heads.
        levels: at which losses of the training, from high to low, it writes for the comparison.
        skills: what else to measure of a trained GPT, by the names of gates.
    """

    tokenizer: CharTokenizer | BPETokenizer
    train: np.ndarray
    held_out: np.ndarray
    config: GPTConfig
    recipe: Recipe
    unit: str
    sample: Callable[[GPT], str]
    prompt: str
    levels: Sequence[float] = ()
    skills: Callable[[GPT], dict[str, float]] = field(default=lambda net: {})

    @property
    def steps(self) -> int:
        return self.recipe.epochs * self.recipe.items // self.recipe.batch_size

    def facts(self) -> dict:
        """What a checkpoint must agree with."""
        texts = np.concatenate([self.train, self.held_out]).astype(np.int64)
        sizes = {"steps": self.steps, "batch size": self.recipe.batch_size, "checksum of the text": zlib.crc32(texts)}
        return asdict(self.config) | sizes


def text_loss(scores: Tensor, y: Tensor) -> Tensor:
    """The mean cross-entropy of scores (N, T, V) for ids (N, T), in nats."""
    return cross_entropy(scores.flatten(0, 1), y.flatten())


def recipe(steps: int, batch_size: int, lr: float, stages: int) -> Recipe:
    """AdamW, which decays matrices only; the learning rate rises in a straight line, and then falls along half a cosine wave.

    `stages` is how often the held-out loss is measured.
    """

    def optimizer(net: GPT) -> AdamW:
        matrices = [p for p in net.parameters() if p.ndim >= 2]
        others = [p for p in net.parameters() if p.ndim < 2]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
        return AdamW(groups, lr=lr, betas=(0.9, 0.99))

    def scheduler(optimizer: Optimizer, steps: int) -> SequentialLR:
        up = max(1, round(WARM_UP * steps))
        rise = LinearLR(optimizer, start_factor=1 / up, total_iters=up)
        fall = CosineAnnealingLR(optimizer, T_max=max(1, steps - up))
        return SequentialLR(optimizer, [rise, fall], milestones=[up])

    items = steps // stages * batch_size
    return Recipe(stages, batch_size, text_loss, optimizer, scheduler, items=items, max_norm=1.0)


def written(net: GPT, tokenizer: CharTokenizer | BPETokenizer, prompt: str, count: int, **options: object) -> str:
    """What a GPT adds to a prompt, as text; `options` are those of `generate`."""
    return tokenizer.decode([*generate(net, tokenizer.encode(prompt), count, **options)])


# Training


class Writing(Training):
    """The training of a GPT, which prints its losses and a sample after each stage, and writes when its loss reaches a level.

    `levels` has (level, step, text) for each one reached so far.
    """

    def __init__(self, net: GPT, task: Task):
        length = task.config.block_size
        every = max(length, len(task.held_out) // CURVE_WINDOWS)
        held_out = DataLoader(Windows(task.held_out, length, every), batch_size=TEST_BATCH)
        super().__init__(net, Windows(task.train, length), held_out, task.recipe)
        self.task, self.unit = task, (task.unit, length)
        self.recent, self.levels = [], []

    def state_dict(self) -> dict:
        return super().state_dict() | {"recent": self.recent, "levels": self.levels}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.recent, self.levels = list(state["recent"]), list(state["levels"])

    def position(self, epoch: int) -> str:
        return f"step {self.scheduler.last_epoch:,}/{self.task.steps:,}"

    def _loss(self, out: Tensor, y: Tensor) -> Tensor:
        loss = super()._loss(out, y)
        self.recent = [*self.recent[-SMOOTHED + 1 :], loss.item()]
        return loss

    def after_step(self, progress: Progress) -> None:
        if len(self.levels) < len(self.task.levels):
            level = self.task.levels[len(self.levels)]
            if len(self.recent) == SMOOTHED and np.mean(self.recent) <= level:
                self.levels.append([level, self.scheduler.last_epoch, self.task.sample(self.net)])

    def after_epoch(self, progress: Progress) -> None:
        curves = self.curves
        done = len(curves.loss) * len(self.loader.sampler)
        losses = f"loss {curves.loss[-1]:.3f}, held out {curves.tested_loss[-1]:.3f}"
        progress.say(f"{progress.title}, {self.position(0)}: {losses}, {progress.speed(done)}")
        if len(curves.loss) % 2 == 0 or len(curves.loss) == self.recipe.epochs:
            progress.say(indented(self.task.sample(self.net)))


def indented(text: str) -> str:
    """A text that a GPT wrote, set off from what the script says. Characters that move the cursor are replaced."""
    shown = "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return "\n".join(f"    | {line}" for line in shown.strip("\n").split("\n"))


def prepared(seed: int, task: Task) -> Writing:
    """A training that hasn't started."""
    manual_seed(seed)
    return Writing(GPT(task.config), task)


# What is measured


def measure(seed: int, task: Task, session: Session, bigram: float) -> tuple[Writing, dict[str, float]]:
    """Train with one seed; what is measured has the names of `gates`, and "seconds" and "checksum"."""
    training = prepared(seed, task)
    state, net = get_rng_state(), training.net
    measured = before_training(net, task) | {"one batch": one_batch(seed, task)}
    set_rng_state(state)
    session.train("network", f"seed {seed}", training)
    length = task.config.block_size
    pieces = Windows(task.held_out, length, length)
    loss, _ = evaluate(net, text_loss, DataLoader(pieces, batch_size=TEST_BATCH))
    measured |= {"held-out loss": loss, "below the bigram": bigram - loss}
    measured |= causality(net, pieces) | {"positions": told_apart(net, int(task.held_out[0]))} | task.skills(net)
    return training, measured | {"seconds": training.seconds, "checksum": checksum(net)}


def before_training(net: GPT, task: Task) -> dict[str, float]:
    """How far the first loss is from ln V, and whether the gradients of the first step are right. The GPT is left as it was."""
    x, y = Windows(task.train, task.config.block_size, task.config.block_size).first(4)
    loss = text_loss(net(x), y)
    loss.backward()
    errors = [gradient_error(lambda: text_loss(net(x), y), parameter) for parameter in net.parameters()]
    for parameter in net.parameters():
        parameter.grad = None
    return {"first loss above ln V": loss.item() - math.log(task.config.vocab_size), "gradient error": max(errors)}


def one_batch(seed: int, task: Task) -> float:
    """The loss of a new GPT on a few windows, after it had many steps on these alone."""
    manual_seed(seed)
    net, length = GPT(task.config), task.config.block_size
    batch = Windows(task.train, length, length).first(ONE_BATCH)
    optimizer = AdamW(net.parameters(), lr=3e-3)
    for _ in range(ONE_BATCH_STEPS):
        last = train_epoch(net, text_loss, optimizer, [batch])
    return last


def causality(net: GPT, pieces: Windows) -> dict[str, float]:
    """How much a token changes the logits of earlier places (it must not), and those of later ones (it should)."""
    x, _ = pieces.first(4)
    earlier, later = 0.0, math.inf
    with no_grad():
        before = net.eval()(x).numpy()
        for place in PLACES_TO_CHANGE:
            changed = x.numpy().copy()
            changed[:, place] = (changed[:, place] + 1) % net.config.vocab_size
            moved = np.abs(net(Tensor(changed)).numpy() - before)
            earlier, later = max(earlier, float(moved[:, :place].max())), min(later, float(moved[:, place + 1 :].max()))
    return {"earlier logits": earlier, "later logits": later}


def told_apart(net: GPT, token: int) -> float:
    """How much the logits of one repeated token differ between its places, as a share of how much logits differ at all.

    Without positions, every place would read the same, and get the same logits.
    """
    with no_grad():
        logits = net.eval()(Tensor([[token] * net.config.block_size])).numpy()[0]
    return float(logits.std(axis=0).mean() / logits.std())


def bigram_loss(train: np.ndarray, held_out: np.ndarray, size: int) -> float:
    """The held-out loss of counting which token follows which, with the smoothing of three that suits it best."""
    return float(min(words.bigram_loss(train, held_out, size, extra) for extra in (1, 0.1, 0.01)))


def gates(loss: float, below: float, *skills: Gate) -> tuple[Gate, ...]:
    """What every seed must pass: the largest held-out loss, how far it must be below a bigram's, and what a script adds."""
    return (
        Gate("held-out loss", high=loss, form=".3f", meaning="nats per token, on text that it hasn't seen"),
        Gate("below the bigram", low=below, form=".2f", meaning="counting which token follows which costs that much more"),
        *skills,
        Gate("first loss above ln V", low=-0.1, high=0.1, form=".3f", meaning="guessing among V tokens costs ln V"),
        Gate("one batch", high=0.10, form=".3f", meaning="the loss on two windows, learned by heart"),
        Gate("gradient error", high=0.01, form=".1%", meaning="compared with central differences of the loss"),
        Gate("earlier logits", high=1e-4, form=".1g", meaning="when a later token changes, they must not"),
        Gate("later logits", low=0.01, form=".2g", meaning="when an earlier token changes, they should"),
        Gate("positions", low=0.001, form=".1%", meaning="a repeated token is told apart by its place"),
    )  # fmt: skip


# The report


def replay(script: Path, options: Namespace, task: Task, checks: tuple[Gate, ...], run: str) -> int:
    """Train with every seed, keep the GPT and a picture, and hold what was measured against the gates; returns the exit code.

    `run` is the name of the recorded runs in `evidence.json`.
    """
    recorded = recorded_runs(script.parent, run, options)
    config = {"run": run, "seed": options.seed, "seeds": options.seeds} | task.facts()
    session = Session(script.with_suffix(".checkpoint"), config, options.resume)
    print(f"{tinytorch.keep_memory()}\n")
    bigram = introduce(task)
    seeds = range(options.seed, options.seed + options.seeds)
    show = lambda seed, measured: print(f"{row(seed, measured)}\n", flush=True)  # noqa: E731
    run_seeds(session, seeds, lambda seed: measure(seed, task, session, bigram), show)
    training = prepared(options.seed, task)
    training.load_state_dict(session.first)
    compare_levels(training)
    if len(session.runs) > 1:
        losses = [measured["held-out loss"] for measured in session.runs]
        print(f"Held-out loss: mean {np.mean(losses):.3f}, lowest {min(losses):.3f}, highest {max(losses):.3f}")
    picture, kept = script.with_suffix(".png"), script.with_suffix(".gpt")
    draw(picture, training, task, bigram)
    keep(kept, training.net, task.tokenizer)
    session.end()
    print(f"Losses, and what heads read: {picture.name}\nThe GPT of the first seed, for 04_write.py: {kept.name}\n")
    return conclude(checks, session.runs, recorded, options)


def introduce(task: Task) -> float:
    """Print the machine, the task, the learner's share and the bigram's loss, which is returned."""
    machine, config = machine_facts(), task.config
    print(f"{machine['system']}, {machine['cores']} cores, {machine['gflops']:.0f} GFLOP/s measured just now\n")
    print(
        f"{len(task.train):,} {task.unit} to train, {len(task.held_out):,} held out, {config.vocab_size} different ones"
    )
    print(
        f"A GPT with {config.n_layer} layers, {config.n_embd} wide, {config.n_head} heads, block {config.block_size}:"
    )
    print(f"{count_weights(GPT(config)):,} weights, {task.steps:,} steps of {task.recipe.batch_size} windows\n")
    print(f"In a training step and while five tokens are written, these run:\n{share_of(task)}\n")
    bigram = bigram_loss(task.train, task.held_out, config.vocab_size)
    print(f"Guessing costs ln {config.vocab_size} = {math.log(config.vocab_size):.3f}, a counted bigram {bigram:.3f}\n")
    return bigram


def share_of(task: Task) -> str:
    """Which lines of tinytorch/ run in a training step and while five tokens are written, and whose they are."""
    training = prepared(0, task)
    batch = training.loader.dataset.first(2)

    def step_and_write():
        train_epoch(training.net, text_loss, training.optimizer, [batch], max_norm=1.0, scheduler=training.scheduler)
        written(training.net, task.tokenizer, task.prompt, 5, temperature=TEMPERATURE, seed=SAMPLE_SEED)

    return str(measured_share(step_and_write, Path(tinytorch.__file__).parent))


def row(seed: int, measured: dict[str, float]) -> str:
    skills = f", answers {measured['answers']:.1%}" if "answers" in measured else ""
    return (
        f"seed {seed}: held-out loss {measured['held-out loss']:.3f}{skills}, {measured['seconds']:.1f} s,"
        f" checksum of the weights {measured['checksum']:08x}"
    )


def compare_levels(training: Writing) -> None:
    """Print what one GPT wrote at several losses, below each other."""
    for level, step, text in training.levels:
        print(f"At a loss of {level}, after {step:,} steps, it wrote:\n{indented(text)}\n")


def draw(path: Path, training: Writing, task: Task, bigram: float) -> None:
    """Draw the losses, and what four heads of the first and the last layer read in the prompt."""
    size = task.recipe.items // task.recipe.batch_size
    curves = {"training": training.curves.loss, "held out": training.curves.tested_loss}
    ids = task.tokenizer.encode(task.prompt)[: task.config.block_size]
    maps, last = head_maps(training.net, ids), task.config.n_layer - 1
    heads = [(layer, head) for layer in sorted({0, last}) for head in (0, task.config.n_head - 1)]
    draw_writer(
        path,
        steps=[size * (i + 1) for i in range(len(training.curves.loss))],
        curves=curves,
        levels={"a counted bigram": bigram},
        maps=[(f"layer {layer + 1}, head {head + 1}", maps[layer][head]) for layer, head in heads],
        tokens=[task.tokenizer.decode([id]) for id in ids],
    )


def head_maps(net: GPT, ids: list[int]) -> list[np.ndarray]:
    """For each layer, how much each head reads: (heads, T, T)."""
    maps = []
    with no_grad():
        net.eval()
        x = net.wte(Tensor([ids])) + net.wpe(Tensor(np.arange(len(ids))))
        for block in net.h:
            normal = block.ln_1(x)
            _, weights = block.attn(normal, normal, normal, average_attn_weights=False, is_causal=True)
            maps.append(weights.numpy()[0])
            x = block(x)
    return maps


# A GPT that is kept


def keep(path: Path, net: GPT, tokenizer: CharTokenizer | BPETokenizer) -> None:
    """Write a GPT and its tokenizer to a file."""
    if isinstance(tokenizer, CharTokenizer):
        vocabulary = {"characters": "".join(tokenizer.characters)}
    else:
        vocabulary = {"merges": [list(pair) for pair in tokenizer.merges]}
    save({"config": asdict(net.config), "net": net.state_dict(), "vocabulary": vocabulary}, path)


def kept(path: Path) -> tuple[GPT, CharTokenizer | BPETokenizer]:
    """Read what `keep` wrote. ValueError if the file is something else."""
    state = load(path)
    net, vocabulary = GPT(GPTConfig(**state["config"])), state["vocabulary"]
    net.load_state_dict(state["net"])
    if "characters" in vocabulary:
        return net.eval(), CharTokenizer(vocabulary["characters"])
    return net.eval(), BPETokenizer([tuple(pair) for pair in vocabulary["merges"]])
