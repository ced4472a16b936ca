"""Where two recorded runs of a script part: the step, its losses, and what differed first."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tito.torch_record import Event, Recording

# (relative to the largest number, absolute). Both libraries round to float32, in another order. A gradient sums numbers that
# nearly cancel, and Adam divides by such sums, so gradients and weights need more room than outputs do.
TOLERANCE = {"loss": (1e-4, 1e-6), "output": (1e-4, 1e-6), "gradient": (1e-3, 1e-6), "parameter": (1e-3, 1e-6)}
LOOSE = 10  # times as much room: for outputs while all losses agree, and for losses once they part slowly
ROUNDING = 2e-6  # relative difference of two losses that one step of float32 may leave
EARLY_ROUNDING = 1e-5  # of weights, in the first steps; the scripts of examples/ stay below 1e-6
NEARLY_ZERO = 1e-3  # weights that are all smaller count as this large
SLOW_STEPS = 10  # a mistake shows at once, or within a few steps; rounding needs more to become visible

ADVICE = {
    "output": "The outputs before it agree: look at this layer, and at the functions between it and the one before.",
    "loss": "Every layer's output agrees: look at the loss function.",
    "gradient": "The outputs agree: look at the backward of this layer, of the functions after it, or of the loss.",
    "parameter": "The gradients agree: look at the optimizer's step, or at what changes gradients before it.",
}
TWO_CORRECT_RUNS = "Two correct runs part like this; a mistake would show within a few steps."
OTHER_ROWS = "The batches differ: look at the data loader, or at what the script does with its rows."

Key = tuple[str, str, int]  # kind, name, and which of those in its step


class Difference(NamedTuple):
    ours: Event
    theirs: Event
    size: float  # of the largest one, relative to the largest number


def report(ours: Recording, theirs: Recording) -> tuple[int, str]:
    """What to tell the learner about two runs.

    Returns:
        (exit code, text): 0 if the runs agree in every step, 1 if they don't or if there is nothing to compare.
    """
    losses = [_losses(run) for run in (ours, theirs)]
    if not all(losses):
        return 1, "backward() was never called, so there is no loss to compare: call the training code in the script."
    pairs = [difference(a, b) for a, b in zip(*losses, strict=False)]
    parted = next((i for i, pair in enumerate(pairs) if not _agree(pair)), None)
    lines = [_about_weights(ours, theirs)] if theirs.replaced else []
    if parted is None:
        return _agreeing(pairs, losses, ours, theirs, lines)
    pair = pairs[parted]
    early = _early_difference(ours, theirs)
    if early is None and (why := _why_rounding(ours, theirs, pairs, parted)):
        within = f"to within {_largest(pairs[:parted]):.0e} of their size"
        lines.append(f"The first {parted} losses agree with PyTorch {theirs.version}, {within}.")
        return 0, "\n".join(
            [*lines, f"From step {parted + 1} on, {_losses_of(pair)}, they part. {why} {TWO_CORRECT_RUNS}"]
        )
    lines.append(f"step {parted + 1}: loss {_losses_of(pair)}. {_before(pairs[:parted])}")
    return 1, "\n".join([*lines, *_cause(ours, theirs, parted + 1, early)])


def difference(ours: Event, theirs: Event) -> Difference:
    """How much two arrays differ, relative to their size; infinitely if their shapes or their infinite entries do."""
    if ours.shape != theirs.shape:
        return Difference(ours, theirs, np.inf)
    numbers = _gap(ours.values, theirs.values, ours.kind)
    norm = _gap(np.array([ours.norm]), np.array([theirs.norm]), ours.kind)
    return Difference(ours, theirs, max(numbers, norm))


def _gap(a: np.ndarray, b: np.ndarray, kind: str) -> float:
    """The largest difference of two arrays, relative to the largest number in them; near 0, to what is as good as 0."""
    relative, absolute = TOLERANCE[kind]
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)):
        return np.inf
    a, b = a[finite], b[finite]
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return float(np.abs(a - b).max(initial=0) / (largest + absolute / relative))


def _agree(pair: Difference, room: float = 1) -> bool:
    return pair.size <= room * TOLERANCE[pair.ours.kind][0]


def _losses(run: Recording) -> list[Event]:
    return [event for event in run.events if event.kind == "loss"]


def _agreeing(
    pairs: list[Difference], losses: list[list[Event]], ours: Recording, theirs: Recording, lines: list[str]
) -> tuple[int, str]:
    """The report when no loss differs: the number of steps may, or what a network computes when it doesn't train."""
    counts = [len(some) for some in losses]
    if counts[0] != counts[1]:
        return 1, "\n".join(
            [*lines, f"{counts[1]} steps (PyTorch) against {counts[0]} (yours); the losses agree as far as both go."]
        )
    within = f"to within {_largest(pairs):.0e} of their size"
    if early := _early_difference(ours, theirs):
        text = f"All {counts[0]} losses agree, {within}, but {_where(early)} differs by more than rounding"
        return 1, "\n".join([*lines, f"{text}: {_values(early)}. {ADVICE['parameter']}"])
    if jump := _sudden_output(ours, theirs):
        text = f"All {counts[0]} losses agree, but {_where(jump)} differs: {_values(jump)}."
        return 1, "\n".join([*lines, f"{text} Look at what it does in eval() mode."])
    return 0, "\n".join([*lines, f"All {counts[0]} losses agree with PyTorch {theirs.version}, {within}."])


def _sudden_output(ours: Recording, theirs: Recording) -> Difference | None:
    """The first output that differs much more than all before it, as where eval() changes what a layer does; or None."""
    largest = TOLERANCE["output"][0]
    for pair in _pairs(ours, theirs):
        if pair.ours.kind == "output":
            if pair.size > LOOSE * largest:
                return pair
            largest = max(largest, pair.size)
    return None


def _pairs(ours: Recording, theirs: Recording, until: int | None = None) -> Iterator[Difference]:
    """What both runs computed, in PyTorch's order, up to a step."""
    by_key = {(event.step, *key): event for key, event in _keyed(ours)}
    for key, event in _keyed(theirs):
        if (until is None or event.step <= until) and (event.step, *key) in by_key:
            yield difference(by_key[event.step, *key], event)


def _keyed(run: Recording) -> Iterator[tuple[Key, Event]]:
    """Each event with a key that finds it in the other run, which may call other small modules in between."""
    counts = {}
    for event in run.events:
        which = counts[event.step, event.kind, event.name] = counts.get((event.step, event.kind, event.name), 0) + 1
        yield (event.kind, event.name, which), event


def _cause(ours: Recording, theirs: Recording, step: int, early: Difference | None) -> list[str]:
    """What differs first, and which layer's output differs in the step where the losses part."""
    first = _first(ours, theirs, step)
    if early is not None and early.ours.step < first.ours.step:
        first = early
    outputs = (pair for pair in _pairs(ours, theirs, step) if pair.ours.kind == "output" and pair.ours.step == step)
    layer = next((pair for pair in outputs if not _agree(pair)), None)
    is_here = first.ours.step == step and first.ours.kind == "output"
    lines = []
    if layer is not None and not is_here:
        lines.append(f"The first layer whose output differs in that step is {layer.ours.name}: {_values(layer)}.")
    begins = "It begins" if is_here or first.ours.kind == "loss" else "It began earlier,"
    where = "" if first.ours.kind == "loss" else f" with {_where(first)}: {_values(first)}"
    advice = OTHER_ROWS if first.ours.shape[:1] != first.theirs.shape[:1] else ADVICE[first.ours.kind]
    lines.append(f"{begins}{where or ' with the loss itself'}. {advice}")
    return lines


def _why_rounding(ours: Recording, theirs: Recording, pairs: list[Difference], parted: int) -> str:
    """Why losses that part after many steps in which they agreed show no mistake, in one sentence; empty if they may show one.

    Both runs round differently, and this grows: slowly, or at once where rounding decides on which side of a kink a number is.
    """
    visible = next(i for i, pair in enumerate(pairs) if pair.size > ROUNDING)
    after = pairs[parted : parted + SLOW_STEPS]
    if visible > 0 and parted - visible >= SLOW_STEPS and all(_agree(pair, LOOSE) for pair in after):
        return "The difference has grown slowly, from rounding."
    first = _first(ours, theirs, parted + 1)
    if (
        first.ours.kind == "gradient"
        and first.ours.step > SLOW_STEPS
        and not _mostly_differ(first, TOLERANCE["gradient"][0])
    ):
        return (
            f"In a few entries only, {_where(first)} differs: {_values(first)}. That happens where a number is so close to 0"
            " that rounding decides whether relu lets it through."
        )
    return ""


def _mostly_differ(pair: Difference, tolerance: float) -> bool:
    """Whether more than half of the numbers differ by more than this part of the largest one."""
    if pair.ours.shape != pair.theirs.shape:
        return True
    size = np.abs(pair.theirs.values).max(initial=NEARLY_ZERO)
    return not np.median(np.abs(pair.ours.values - pair.theirs.values)) <= tolerance * size


def _first(ours: Recording, theirs: Recording, step: int) -> Difference:
    """The first difference up to a step where the losses differ. Backward begins at the end, so of gradients it is the last."""
    pairs = [pair for pair in _pairs(ours, theirs, step) if not _agree(pair)]
    alike = [pair for pair in pairs if (pair.ours.kind, pair.ours.step) == (pairs[0].ours.kind, pairs[0].ours.step)]
    return alike[-1] if pairs[0].ours.kind == "gradient" else pairs[0]


def _early_difference(ours: Recording, theirs: Recording) -> Difference | None:
    """Weights of which most differ by more than rounding after a few steps, as with a decay that is off; or None.

    Most, not all: where a gradient is as good as 0, Adam turns its rounding into a step of full length.
    """
    early = (pair for pair in _pairs(ours, theirs, SLOW_STEPS) if pair.ours.kind == "parameter")
    return next((pair for pair in early if _mostly_differ(pair, EARLY_ROUNDING)), None)


def _about_weights(ours: Recording, theirs: Recording) -> str:
    names = ", ".join(theirs.replaced[:4]) + (", ..." if len(theirs.replaced) > 4 else "")
    return f"Your initial weights differ from PyTorch's for the same random numbers ({names}), so PyTorch starts with yours."


def _before(pairs: list[Difference]) -> str:
    return f"Until then they agree to within {_largest(pairs):.0e} of their size." if pairs else "It is the first one."


def _largest(pairs: list[Difference]) -> float:
    return max(pair.size for pair in pairs)


def _where(pair: Difference) -> str:
    """What an event is about, as in "the output of Net.fc1 in step 3"."""
    kind, name, step = pair.ours.kind, pair.ours.name, pair.ours.step
    if kind == "output":
        return f"the output of {name} in step {step}"
    return f"the gradient of {name} after step {step}" if kind == "gradient" else f"{name} before step {step}"


def _values(pair: Difference) -> str:
    """The numbers that differ most."""
    if pair.ours.shape != pair.theirs.shape:
        return f"shape {pair.theirs.shape} (PyTorch) against {pair.ours.shape} (yours)"
    gap = np.abs(pair.ours.values - pair.theirs.values)
    worst = int(np.argmax(np.where(np.isnan(gap), np.inf, gap))) if gap.size else 0
    return f"{pair.theirs.values[worst]:.6g} (PyTorch) against {pair.ours.values[worst]:.6g} (yours)"


def _losses_of(pair: Difference) -> str:
    return f"{_number(pair.theirs)} (PyTorch) against {_number(pair.ours)} (yours)"


def _number(event: Event) -> str:
    """A loss, or the norm of several."""
    return f"{event.values[0] if event.values.size == 1 else event.norm:.6g}"
