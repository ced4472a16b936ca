"""What happens when you ask for a name that is missing: you read which module brings it, or what the course has instead.

Copied by `tito export` from tito/templates/_later.py in the course's folder: edit that file instead.
"""

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from types import FrameType, ModuleType

from tinytorch import _names

# PyTorch's names that no module brings -> what the course has instead
INSTEAD = {
    "Variable": "a Tensor records gradients itself: tensor(..., requires_grad=True)",
    "accelerator": "everything runs on the CPU",
    "amp": "everything is float32 unless you ask for another dtype",
    "autocast": "everything is float32 unless you ask for another dtype",
    "autograd.Function": "an op that returns (array, backward) brings its own gradient: call it with Tensor.apply",
    "autograd.Variable": "a Tensor records gradients itself: tensor(..., requires_grad=True)",
    "autograd.functional": "loss.backward() computes gradients",
    "bfloat16": "NumPy has float16, float32 and float64",
    "compile": "each operation runs as it comes; module 18 (acceleration) makes them faster by hand",
    "complex64": "tensors hold real numbers",
    "cuda": "everything runs on the CPU, and tinytorch.cuda.is_available() is False",
    "distributed": "everything runs in one process",
    "export": "save(model.state_dict(), file) saves a model",
    "fft": "NumPy has np.fft: use it on x.numpy()",
    "func": "loss.backward() computes gradients",
    "fx": "Tensor.apply sees every operation",
    "hub": "you train every model yourself",
    "jit": "each operation runs as it comes; module 18 (acceleration) makes them faster by hand",
    "linalg": "NumPy has np.linalg: use it on x.numpy()",
    "mps": "everything runs on the CPU",
    "multiprocessing": "everything runs in one process",
    "nn.AdaptiveMaxPool2d": "module 09 (spatial) brings MaxPool2d and AdaptiveAvgPool2d",
    "nn.Conv1d": "module 09 (spatial) brings Conv2d",
    "nn.Conv3d": "module 09 (spatial) brings Conv2d",
    "nn.ConvTranspose2d": "module 09 (spatial) brings Conv2d",
    "nn.DataParallel": "everything runs in one process",
    "nn.Dropout2d": "there is Dropout",
    "nn.EmbeddingBag": "take the mean of what Embedding returns, along the axis of the words",
    "nn.GRU": "for sequences, module 12 (attention) brings MultiheadAttention, module 13 (transformers) a GPT",
    "nn.GroupNorm": "module 09 (spatial) brings BatchNorm2d, module 13 (transformers) LayerNorm",
    "nn.InstanceNorm2d": "module 09 (spatial) brings BatchNorm2d, module 13 (transformers) LayerNorm",
    "nn.KLDivLoss": "there is CrossEntropyLoss",
    "nn.LSTM": "for sequences, module 12 (attention) brings MultiheadAttention, module 13 (transformers) a GPT",
    "nn.MaxPool1d": "module 09 (spatial) brings MaxPool2d",
    "nn.PReLU": "there is LeakyReLU",
    "nn.RMSNorm": "module 13 (transformers) brings LayerNorm",
    "nn.RNN": "for sequences, module 12 (attention) brings MultiheadAttention, module 13 (transformers) a GPT",
    "nn.Transformer": "module 13 (transformers) builds a GPT out of its parts",
    "nn.TransformerEncoder": "module 13 (transformers) builds a GPT out of its parts",
    "nn.TransformerEncoderLayer": "module 13 (transformers) builds the block of a GPT",
    "nn.modules": "every layer is in tinytorch.nn",
    "nn.parallel": "everything runs in one process",
    "nn.utils.prune": "module 16 (compression) prunes",
    "nn.utils.rnn": "for sequences, module 12 (attention) brings MultiheadAttention, module 13 (transformers) a GPT",
    "onnx": "save(model.state_dict(), file) saves a model",
    "optim.Adadelta": "there are SGD, Adam and AdamW",
    "optim.Adagrad": "there are SGD, Adam and AdamW",
    "optim.LBFGS": "there are SGD, Adam and AdamW",
    "optim.NAdam": "there are SGD, Adam and AdamW",
    "optim.lr_scheduler.CosineAnnealingWarmRestarts": "there is CosineAnnealingLR",
    "optim.lr_scheduler.MultiStepLR": "there are StepLR and LambdaLR",
    "optim.lr_scheduler.OneCycleLR": "put a LinearLR and a CosineAnnealingLR into a SequentialLR",
    "profiler": "module 14 (profiling) builds one",
    "set_default_dtype": "everything is float32 unless you ask for another dtype",
    "sparse": "tensors are dense; module 16 (compression) prunes them",
    "special": "NumPy and the tensor's own methods are what there is",
    "use_deterministic_algorithms": "every operation is deterministic already",
    "utils.tensorboard": "the notebooks draw curves with matplotlib",
    "vmap": "operations broadcast over leading axes",
}

# a plain string: importing pathlib would take longer than the rest of tinytorch
MISSING = __file__.removesuffix("_later.py") + "_missing"  # stands in for modules that tinytorch has no file for


def _look_in(folder: str, package: str) -> None:
    """Let Python find modules of a package in one more folder, after its own."""
    vars(sys.modules[package]).setdefault("__path__", []).append(folder)


_look_in(MISSING, "tinytorch")  # first of all: modules that are imported next may need one that is missing


def forget(package: str) -> None:
    """Let the next import of a package, and of what is in it, run it again."""
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[name]


def names_of(package: str) -> Callable[[str], object]:
    """The `__getattr__` of a package: imports its submodules on demand, and says of any other name why it is missing."""
    if package != "tinytorch":
        _look_in("/".join([MISSING, *package.split(".")[1:]]), package)

    def find(name: str) -> object:
        if name.startswith("_"):  # Python and its tools probe for many of these
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return import_module(f"{package}.{name}")
        except ImportError as error:
            if error.name != f"{package}.{name}":
                raise
        kind = ImportError if _is_from_import(sys._getframe(1)) else AttributeError
        raise kind(why_missing(package, name)) from None

    return find


def _is_from_import(frame: FrameType) -> bool:
    """Whether a frame is at `from package import name`: there Python would replace an AttributeError by one that says less."""
    from opcode import opname

    return opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM"


def missing(module: str) -> ImportError:
    """The error of a module that is missing. (For Python's ModuleNotFoundError, marimo would offer to install a package.)"""
    return ImportError(why_missing(*module.rsplit(".", 1)), name=module)


def why_missing(package: str, name: str) -> str:
    """One sentence: which module brings `package.name`, or what there is instead."""
    full, short = f"{package}.{name}", f"{package}.{name}".removeprefix("tinytorch.")
    if slug := _module_that_brings(package, name):
        return f"{full} comes with module {_names.modules[slug]} ({slug}), {_how_to_get(slug)}"
    if instead := INSTEAD.get(short) or INSTEAD.get(short.rpartition(".")[0]):
        return f"{full} is not part of this course: {instead}"
    for other in _names.packages:
        if slug := _module_that_brings(other, name):
            return f"{package} has no {name}: {why_missing(other, name)}"
    for other in [*_names.packages, *(m for m in sys.modules if m.startswith("tinytorch.") and "._" not in m)]:
        if name in _public(other):
            return f"{package} has no {name}, but {other} has it"
    from difflib import get_close_matches

    announced = [name for names in _names.packages.get(package, {}).values() for name in names.split()]
    if close := get_close_matches(name, [*_public(package), *announced], n=1, cutoff=0.7):
        later = f" {why_missing(package, close[0])}" if close[0] in announced else ""
        return f"{package} has no {name}: did you mean {close[0]}?{later}"
    return f"{package} has no {name}, and no module of this course brings it"


def _module_that_brings(package: str, name: str) -> str | None:
    """The module that is not exported yet and brings `package.name`, which may be a module or a package itself."""
    if package == "tinytorch" and name in _names.modules:
        return name
    within = [brought for other, brought in _names.packages.items() if f"{other}.".startswith(f"{package}.{name}.")]
    named = [slug for slug, names in _names.packages.get(package, {}).items() if name in names.split()]
    return next(iter([*named, *(slug for brought in within for slug in brought)]), None)


def _how_to_get(slug: str) -> str:
    number = _names.modules[slug]
    if number > _names.last:
        return f"which this version of the course does not have yet: it ends with module {_names.last}"
    return f"which is not there yet: finish module {number} first (tito module start {number})"


def _public(package: str) -> list[str]:
    """The names that a package has now; none if it cannot be imported."""
    try:
        names = vars(import_module(package)).items()
        return [name for name, value in names if not name.startswith("_") and not isinstance(value, ModuleType)]
    except ImportError:
        return []


def explain_missing(module: str) -> None:
    """Give a module that a notebook exports the `__getattr__` of a package."""
    sys.modules[module].__getattr__ = names_of(module)


def warn(what: str, error: Exception) -> None:
    """Say in one line that a part of the package does not work: the rest must, or how could you fix it?"""
    warnings.warn(f"{what}: {error}", stacklevel=3)
