"""Record what a training script computes, in either library, so that two runs of it can be compared.

Both runs get the same random numbers, which tinytorch draws, and the same initial weights, which are tinytorch's. So PyTorch's
run shuffles, splits, drops out and augments as tinytorch does. What each library computes with that is its own.
"""

import pickle
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

SAMPLES = 64  # numbers of an array that are kept: those of all arrays of a long run would fill the disk
SEED = 0  # for scripts that set none

# what draws random numbers under the same name in both; tinytorch may lack some
DRAWING = ("rand", "randn", "randint", "randperm", "normal", "multinomial", "rand_like", "randn_like")


class Event(NamedTuple):
    """Something that a run computed."""

    kind: str  # parameter, output, loss or gradient
    name: str  # of the parameter, or of the layer: Net.fc1
    step: int  # calls of backward() before it, and 1
    shape: tuple
    norm: float
    values: np.ndarray  # all numbers, or SAMPLES of them, at places that depend on the size only


class Recording(NamedTuple):
    """One run."""

    events: list[Event]
    initial: list[
        dict[str, np.ndarray]
    ]  # of each network, in the order of their first calls: name -> weights before it
    replaced: list[str]  # weights that had to be set to the other run's
    version: str  # of the library


@cache
def places(size: int) -> np.ndarray | slice:
    """Which numbers of an array are kept."""
    return slice(None) if size <= SAMPLES else np.random.default_rng(size).integers(size, size=SAMPLES)


class Recorder:
    """Watches every call of a module and of backward(), and notes what they compute."""

    def __init__(self, library: ModuleType, initial: list[dict[str, np.ndarray]] | None = None):
        self.library, self.given, self.events, self.initial, self.replaced = library, initial, [], [], []
        self.step, self.networks, self.paths, self.updated = 1, [], {}, False

    def watch(self) -> None:
        """Replace `Tensor.backward` and `Module.__call__` of the library by versions that are recorded."""
        tensor = self.library.Tensor
        tensor.backward = self._watched_backward(tensor.backward)
        try:
            module = import_module(f"{self.library.__name__}.nn").Module
        except (ImportError, AttributeError):
            return  # module 03 is not there yet: the script has no layers
        module.__call__ = self._watched_call(module.__call__)

    def _watched_call(self, call: Callable) -> Callable:
        def watched(module, *args, **kwargs):
            is_outermost = not self.paths
            if is_outermost:
                self._enter(module)
            name = self.paths.get(id(module), type(module).__name__)
            try:
                out = call(module, *args, **kwargs)
            finally:
                if is_outermost:
                    self.paths = {}
            self._note("output", name, out)
            return out

        return watched

    def _watched_backward(self, backward: Callable) -> Callable:
        def watched(loss, *args, **kwargs):
            self._note("loss", "loss", loss)
            backward(loss, *args, **kwargs)
            for network in self.networks:
                for name, parameter in network.named_parameters():
                    self._note("gradient", f"{type(network).__name__}.{name}", parameter.grad)
            self.step, self.updated = self.step + 1, True

        return watched

    def _enter(self, network: object) -> None:
        """Before a call that no other module makes: name all modules in it; note its weights if they may have changed."""
        kind = type(network).__name__
        self.paths = {id(module): f"{kind}.{path}".rstrip(".") for path, module in network.named_modules()}
        if not any(network is known for known in self.networks):
            self._begin(network)
        elif self.updated:
            self.updated = False
            for known in self.networks:
                for name, parameter in known.named_parameters():
                    self._note("parameter", f"{type(known).__name__}.{name}", parameter)

    def _begin(self, network: object) -> None:
        """At a network's first call: keep its weights, or start with the other run's. Parts of a known network have begun."""
        known = {id(parameter) for other in self.networks for parameter in other.parameters()}
        weights = {name: p for name, p in network.named_parameters() if id(p) not in known}
        if not weights:
            return
        given = self.given[len(self.initial)] if self.given and len(self.initial) < len(self.given) else {}
        for name, parameter in weights.items():
            array = self._array(parameter)
            if (
                name in given
                and given[name].shape == array.shape
                and not np.allclose(given[name], array, rtol=1e-5, atol=1e-7)
            ):
                self.replaced.append(f"{type(network).__name__}.{name}")
            if name in given and given[name].shape == array.shape:
                parameter.detach().copy_(self.library.from_numpy(given[name]))
        self.initial.append({name: self._array(p).copy() for name, p in weights.items()})
        self.networks.append(network)

    def _array(self, tensor: object) -> np.ndarray:
        return np.asarray(tensor.detach().numpy())

    def _note(self, kind: str, name: str, value: object) -> None:
        if isinstance(value, tuple | list):  # of several outputs, the first
            value = value[0] if value else None
        if not isinstance(value, self.library.Tensor):
            return
        array = self._array(value)
        numbers = array.ravel().astype(np.float64)
        self.events.append(
            Event(kind, name, self.step, array.shape, float(np.linalg.norm(numbers)), numbers[places(numbers.size)])
        )

    def recording(self) -> Recording:
        return Recording(self.events, self.initial, self.replaced, str(self.library.__version__))


@contextmanager
def recorded(library: str, folder: Path) -> Iterator[None]:
    """Record what happens in this block in a file of `folder`. For PyTorch, tinytorch's recording must be there already.

    Args:
        library: "tinytorch" or "torch".
    """
    import tinytorch

    random.seed(SEED)
    np.random.seed(SEED)
    tinytorch.manual_seed(SEED)
    used, initial = import_module(library), None
    if library == "torch":
        initial = load(folder, "tinytorch").initial
        share_randomness(used, tinytorch)
    keep_files_apart(used, folder / f"files-{library}")
    recorder = Recorder(used, initial)
    recorder.watch()
    try:
        yield
    finally:
        (folder / f"{library}.recording").write_bytes(pickle.dumps(recorder.recording()))


def load(folder: Path, library: str) -> Recording:
    """The recording of a run, which this course's own code has written a moment ago."""
    return pickle.loads((folder / f"{library}.recording").read_bytes())


def keep_files_apart(library: ModuleType, folder: Path) -> None:
    """Let `save` write into a folder of its own, and `load` read from there: two libraries, two formats, one file name."""
    folder.mkdir()
    save, read, files = library.save, library.load, {}

    def save_apart(obj: object, f: object, *args: object, **kwargs: object) -> None:
        if not hasattr(f, "write"):
            f = files.setdefault(str(Path(f).resolve()), folder / f"{len(files)}")
        save(obj, f, *args, **kwargs)

    def load_apart(f: object, *args: object, **kwargs: object) -> object:
        if not hasattr(f, "read"):
            f = files.get(str(Path(f).resolve()), f)
        return read(f, *args, **kwargs)

    library.save, library.load = save_apart, load_apart


# PyTorch with tinytorch's random numbers


def share_randomness(torch: ModuleType, tinytorch: ModuleType) -> None:
    """Let PyTorch use what tinytorch draws: numbers, initial weights, dropped entries, the order of a loader, transforms.

    Everything runs on the CPU, as in tinytorch, whatever accelerator there is.
    """
    torch.cuda.is_available = torch.accelerator.is_available = torch.backends.mps.is_available = lambda: False
    torch.accelerator.current_accelerator = lambda *args, **kwargs: None
    _share_generators(torch, tinytorch)
    _share_draws(torch, tinytorch)
    if _has(tinytorch, "nn.functional.dropout"):
        torch.nn.functional.dropout = _dropout(torch, tinytorch)
    if _has(tinytorch, "utils.data.DataLoader"):
        _share_order(torch, tinytorch)
        _share_images(torch, tinytorch)


def _has(tinytorch: ModuleType, path: str) -> bool:
    """Whether tinytorch has a name yet."""
    package, _, name = f"tinytorch.{path}".rpartition(".")
    try:
        return hasattr(import_module(package), name)
    except ImportError:
        return False


def _share_generators(torch: ModuleType, tinytorch: ModuleType) -> None:
    seed_torch = torch.manual_seed

    def manual_seed(seed: int) -> object:
        tinytorch.manual_seed(seed)
        return seed_torch(seed)

    class Generator(torch.Generator):
        """PyTorch's, with NumPy's generator beside it, which tinytorch draws from."""

        def __init__(self, device: str = "cpu"):
            self.manual_seed(0)

        def manual_seed(self, seed: int) -> "Generator":
            self.numpy = np.random.default_rng(seed)
            super().manual_seed(seed)
            return self

    torch.manual_seed = torch.random.manual_seed = manual_seed
    torch.Generator = Generator
    for name in ("get_rng_state", "set_rng_state"):
        if _has(tinytorch, name):
            setattr(torch, name, getattr(tinytorch, name))


def _share_draws(torch: ModuleType, tinytorch: ModuleType) -> None:
    def draw(name: str) -> Callable:
        ours = getattr(tinytorch, name)

        def drawn(*args, requires_grad: bool = False, dtype=None, generator=None, **options):
            known = {"size", "low", "high", "num_samples", "replacement", "mean", "std", "n"}
            kwargs = {key: value for key, value in options.items() if key in known}
            kwargs |= {"generator": generator} if hasattr(generator, "numpy") else {}
            kwargs |= {"dtype": np.dtype(str(dtype).removeprefix("torch."))} if dtype is not None else {}
            out = ours(*(_to_ours(tinytorch, torch, value) for value in args), **kwargs)
            return torch.from_numpy(out.detach().numpy().copy()).requires_grad_(requires_grad)

        return drawn

    def fill(draw_like: Callable) -> Callable:
        def filled(tensor, a=None, b=None, *, generator=None, **options):
            a, b = (options.get(key, value) for key, value in zip(("mean", "std"), (a, b), strict=True))
            generator = generator if hasattr(generator, "numpy") else None
            with torch.no_grad():
                return tensor.copy_(torch.from_numpy(draw_like(tuple(tensor.shape), a, b, generator)))

        return filled

    def uniform(shape: tuple, a: float | None, b: float | None, generator: object) -> np.ndarray:
        a, b = 0 if a is None else a, 1 if b is None else b
        return np.asarray(a + (b - a) * tinytorch.rand(shape, generator=generator).array)

    def normal(shape: tuple, mean: float | None, std: float | None, generator: object) -> np.ndarray:
        mean, std = 0 if mean is None else mean, 1 if std is None else std
        return np.asarray(mean + std * tinytorch.randn(shape, generator=generator).array)

    for name in DRAWING:
        if _has(tinytorch, name):
            setattr(torch, name, draw(name))
    torch.Tensor.multinomial = lambda tensor, *args, **kwargs: torch.multinomial(tensor, *args, **kwargs)
    torch.Tensor.uniform_, torch.Tensor.normal_ = fill(uniform), fill(normal)


def _to_ours(tinytorch: ModuleType, torch: ModuleType, value: object) -> object:
    if isinstance(value, torch.Tensor):
        return tinytorch.Tensor.wrap(value.detach().numpy())
    return value


def _dropout(torch: ModuleType, tinytorch: ModuleType) -> Callable:
    """PyTorch's dropout, of the entries that tinytorch's drops."""
    theirs = torch.nn.functional.dropout

    def dropout(input, p: float = 0.5, training: bool = True, inplace: bool = False):
        if not training or not 0 < p < 1:
            return theirs(input, p, training, inplace)
        kept = import_module("tinytorch.nn.functional").dropout(tinytorch.ones(*input.shape), p, True).numpy() != 0
        return torch.where(torch.from_numpy(kept), input * (1 / (1 - p)), 0.0)

    return dropout


def _share_order(torch: ModuleType, tinytorch: ModuleType) -> None:
    """The order of items: drawn by tinytorch's samplers and splits, at the moment when its loader draws."""
    ours, loading = import_module("tinytorch.utils.data"), import_module("tinytorch.loading")
    data = torch.utils.data
    iterate, prepare = data.DataLoader.__iter__, data.DataLoader.__init__

    def generator_of(thing: object) -> object:
        return thing.generator if hasattr(thing.generator, "numpy") else None

    def batches(loader: object) -> Iterator:
        seed = int(loading.numpy_generator(generator_of(loader)).integers(2**63))  # as tinytorch's loader begins
        remaining = iterate(loader)
        for number in count(1):
            with loading.random_stream(number, seed):
                batch = next(remaining, loader)
            if batch is loader:
                return
            yield batch

    def prepared(loader: object, *args: object, **kwargs: object) -> None:
        for name in (
            "num_workers",
            "prefetch_factor",
            "persistent_workers",
        ):  # a process of its own draws other numbers
            kwargs.pop(name, None)
        prepare(loader, *args[:5], **kwargs) if len(args) < 7 else prepare(loader, *args[:5], 0, *args[6:], **kwargs)

    def random_order(sampler: object) -> Iterator[int]:
        items = range(len(sampler.data_source))
        return iter(ours.RandomSampler(items, sampler.replacement, sampler._num_samples, generator_of(sampler)))

    def weighted_order(sampler: object) -> Iterator[int]:
        weights = sampler.weights.tolist()
        return iter(
            ours.WeightedRandomSampler(weights, sampler.num_samples, sampler.replacement, generator_of(sampler))
        )

    def random_split(dataset: object, lengths: object, generator: object = None) -> list:
        parts = ours.random_split(range(len(dataset)), lengths, generator if hasattr(generator, "numpy") else None)
        return [data.Subset(dataset, part.indices) for part in parts]

    data.DataLoader.__iter__, data.DataLoader.__init__ = batches, prepared
    data.RandomSampler.__iter__, data.WeightedRandomSampler.__iter__ = random_order, weighted_order
    data.random_split = random_split


def _share_images(torch: ModuleType, tinytorch: ModuleType) -> None:
    """In the place of torchvision: tinytorch's data sets and transforms, which take and return PyTorch's tensors."""
    ours = import_module("tinytorch.transforms")

    def converting(kind: type) -> type:
        class Transform(kind):
            def __call__(self, image: object) -> object:
                out = super().__call__(_to_ours(tinytorch, torch, image))
                return torch.from_numpy(np.array(out.array)) if isinstance(out, tinytorch.Tensor) else out

        Transform.__name__ = Transform.__qualname__ = kind.__name__
        return Transform

    torchvision, transforms = ModuleType("torchvision"), ModuleType("torchvision.transforms")
    for name, thing in vars(ours).items():
        if isinstance(thing, type):
            setattr(transforms, name, thing if name == "Compose" else converting(thing))
    torchvision.__path__, torchvision.transforms = [], transforms
    torchvision.datasets = import_module("tinytorch.datasets")
    sys.modules |= {
        "torchvision": torchvision,
        "torchvision.transforms": transforms,
        "torchvision.datasets": torchvision.datasets,
    }
