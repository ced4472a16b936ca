"""Support for Module 13: what a GPT refuses, and how GPT-2 lays out its weights.

Copied by `tito export` from tito/templates/gpt.py in the course's folder: edit that file instead.
"""

import math

import numpy as np
from numpy import ndarray

from tinytorch.tensor import Tensor


def norm_rows(input: ndarray, normalized_shape: int | tuple, weight: ndarray | None, bias: ndarray | None) -> tuple:
    """The vectors that layer norm normalizes, as rows.

    Args:
        input: floats of shape (..., *normalized_shape).
        normalized_shape: a number, or the sizes of the last axes.
        weight, bias: of that shape, or None for 1 and 0.

    Returns:
        (rows, weight, bias), of shape (n, D), (D,) and (D,), in the dtype of `input`.

    Raises:
        TypeError: the input doesn't hold floats.
        ValueError: shapes that don't fit.

    >>> [part.shape for part in norm_rows(np.ones((2, 3, 4)), (3, 4), None, None)]
    [(2, 12), (12,), (12,)]
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, (int, np.integer)) else tuple(normalized_shape)
    if input.dtype.kind != "f":
        raise TypeError(f"input is {input.dtype}: use floats")
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(f"input has shape {input.shape}: it must end with normalized_shape, which is {shape}")
    for name, x in (("weight", weight), ("bias", bias)):
        if x is not None and x.shape != shape:
            raise ValueError(f"{name} has shape {x.shape}: use that of normalized_shape, {shape}")
    size = math.prod(shape)
    rows = input.reshape(math.prod(input.shape[: -len(shape)]), size)
    weight_row = np.ones(size, input.dtype) if weight is None else weight.reshape(size)
    return rows, weight_row, np.zeros(size, input.dtype) if bias is None else bias.reshape(size)


def _is_count(x: object) -> bool:
    """Whether it is an integer; True and False aren't."""
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


def _is_number(x: object) -> bool:
    return _is_count(x) or isinstance(x, (float, np.floating))


def check_config(config: object) -> None:
    """ValueError unless a GPT of this shape exists: sizes of at least 1, and heads that share the width equally."""
    for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd"):
        value = getattr(config, name)
        if not _is_count(value) or value < 1:
            raise ValueError(f"{name} is {value!r}: use an integer of at least 1")
    if config.n_embd % config.n_head:
        raise ValueError(
            f"n_embd is {config.n_embd} and n_head is {config.n_head}: the heads share the width, so use a multiple of n_head"
        )
    if not _is_number(config.dropout) or not 0 <= config.dropout <= 1:
        raise ValueError(f"dropout is {config.dropout!r}: use a probability, from 0 to 1")


def check_ids(name: str, ids: ndarray, config: object) -> None:
    """TypeError unless they are integers; ValueError if there are none; IndexError if the vocabulary lacks one."""
    if ids.size == 0:
        raise ValueError(f"{name} is empty: give at least one token")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"{name} is {ids.dtype}: use integers, the ids of tokens")
    wrong = ids[(ids < 0) | (ids >= config.vocab_size)]
    if wrong.size:
        raise IndexError(f"{name} has the id {wrong[0]}: the vocabulary has 0 to {config.vocab_size - 1}")


def check_input(ids: ndarray, config: object) -> None:
    """ValueError unless ids have shape (N, T) and fit into the model's block; and as `check_ids`."""
    if ids.ndim != 2:
        raise ValueError(f"ids have shape {ids.shape}: use (batch, tokens)")
    if ids.shape[1] > config.block_size:
        raise ValueError(f"ids have {ids.shape[1]} tokens, and block_size is {config.block_size}: read fewer at a time")
    check_ids("ids", ids, config)


def check_logits(logits: ndarray) -> None:
    """TypeError unless they are an array of floats; ValueError unless it has shape (V,), and a largest number that is finite."""
    if not isinstance(logits, ndarray) or logits.dtype.kind != "f":
        what = logits.dtype if isinstance(logits, ndarray) else type(logits).__name__
        raise TypeError(f"logits are {what}: use a NumPy array of floats")
    if logits.ndim != 1 or not logits.size:
        raise ValueError(f"logits have shape {logits.shape}: use (vocab_size,), the scores of one token")
    if np.isnan(logits).any():
        raise ValueError(f"logits have nan at {np.isnan(logits).argmax()}: has training diverged?")
    if not np.isfinite(logits.max()):
        raise ValueError(f"the largest of the logits is {logits.max()}: it must be finite")


def check_top(logits: ndarray, top_k: int = 1, top_p: float = 1.0) -> None:
    """As `check_logits`; ValueError unless `top_k` is an integer of at least 1, and `top_p` a probability above 0."""
    check_logits(logits)
    if not _is_count(top_k) or top_k < 1:
        raise ValueError(f"top_k is {top_k!r}: use an integer of at least 1, or None to keep all tokens")
    if not _is_number(top_p) or not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p!r}: use a probability, above 0 and at most 1, or None to keep all tokens")


def check_sampling(logits: ndarray, temperature: float) -> None:
    """As `check_logits`; ValueError unless the temperature is a number above 0."""
    check_logits(logits)
    if not _is_number(temperature) or not 0 < temperature < float("inf"):
        raise ValueError(
            f"temperature is {temperature!r}: use a number above 0, or greedy=True for the likeliest token"
        )


def prompt_ids(prompt: object, max_new_tokens: int, stop: int | None, config: object) -> list[int]:
    """The ids of a prompt, once everything that decides how a text goes on was checked.

    Args:
        prompt: a tensor, an array or any iterable of integers.
        max_new_tokens, stop: as for `generate`.
        config: of the model that will read them.

    Raises:
        TypeError: no integers.
        ValueError: the prompt is empty or has more than one axis, or a negative `max_new_tokens`.
        IndexError: the vocabulary lacks an id.
    """
    if isinstance(prompt, str):
        raise TypeError(f"prompt is the text {prompt[:20]!r}: encode it first, and give the ids of its tokens")
    prompt = getattr(prompt, "array", prompt)
    ids = prompt if isinstance(prompt, ndarray) else np.array(list(prompt))
    if ids.ndim != 1:
        raise ValueError(f"prompt has shape {ids.shape}: give the ids of one text, of shape (tokens,)")
    check_ids("prompt", ids, config)
    if not _is_count(max_new_tokens):
        raise TypeError(f"max_new_tokens is {max_new_tokens!r}: use an integer of at least 0")
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens is {max_new_tokens}: use an integer of at least 0")
    if stop is not None:
        check_ids("stop", np.array(stop), config)
    return ids.tolist()


def from_gpt2(gpt: type, config: type, state: dict, n_head: int | None = None) -> object:
    """A GPT with the weights of GPT-2.

    Args:
        gpt, config: the classes `GPT` and `GPTConfig`.
        state: the `state_dict` of a GPT-2: name -> tensor or array.
        n_head: how many heads a layer has; None is GPT-2's own rule, one for every 64 numbers of the width.

    Raises:
        ValueError: a table or the last norm is missing, or the output isn't tied to the table of the tokens.
        RuntimeError: another weight is missing, unknown, or has the wrong shape (as in `load_state_dict`).
    """
    options, weights = gpt2_layout(state, n_head)
    model = gpt(config(**options))
    model.load_state_dict({name: Tensor(x) for name, x in weights.items()})
    return model


def gpt2_layout(state: dict, n_head: int | None = None) -> tuple[dict, dict]:
    """GPT-2's weights under this course's names.

    Args:
        state: name -> array, as in GPT-2's `state_dict`; names may begin with "transformer.".
        n_head: how many heads a layer has; None is GPT-2's own rule, one for every 64 numbers of the width.

    Returns:
        (options of a GPTConfig, name -> array). GPT-2 stores linear layers transposed, (in, out); its buffers with masks aren't needed.

    Raises:
        ValueError: a weight is missing, or the output isn't tied to the tokens' table.
    """
    state = {name.removeprefix("transformer."): np.asarray(getattr(x, "array", x)) for name, x in state.items()}
    if missing := [name for name in ("wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias") if name not in state]:
        raise ValueError(f"state has no {', '.join(missing)}: use the state_dict of a GPT-2")
    output = state.pop("lm_head.weight", state["wte.weight"])
    if output.shape != state["wte.weight"].shape or (output != state["wte.weight"]).any():
        raise ValueError(
            "lm_head.weight differs from wte.weight: this GPT scores tokens with the table that reads them"
        )
    layers = {int(name.split(".")[1]) for name in state if name.startswith("h.")}
    own = {}
    for name, x in state.items():
        if name.endswith((".attn.bias", ".attn.masked_bias")):  # masks
            continue
        name = name.replace("attn.c_attn.", "attn.in_proj_").replace("attn.c_proj", "attn.out_proj")
        own[name] = x.T if name.startswith("h.") and name.endswith("weight") and x.ndim == 2 else x
    vocab_size, n_embd = own["wte.weight"].shape
    n_head = max(1, n_embd // 64) if n_head is None else n_head
    sizes = {"vocab_size": vocab_size, "block_size": len(own["wpe.weight"]), "n_layer": len(layers), "n_embd": n_embd}
    return {**sizes, "n_head": n_head}, own
