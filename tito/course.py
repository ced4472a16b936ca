"""The curriculum as a table: what there is, in which order, and what it unlocks. Everything else reads it from here."""

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

from tito.errors import TitoError

ROOT = Path(__file__).resolve().parent.parent  # the clone: notebooks, reference package, tests


@dataclass(frozen=True)
class Module:
    """One module: `notebooks/NN_slug.py`, exported as `tinytorch/slug.py`, or under another name."""

    number: str
    slug: str
    tier: str
    builds: str
    checkpoint: str  # number and name of the checkpoint it unlocks
    capability: str  # completes "I can ..."
    offers: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)  # package -> what it shows of it
    vocabulary: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)  # and of the file beside it
    export_name: str = ""  # in `tinytorch/`, if it is not the slug

    @property
    def stem(self) -> str:
        return f"{self.number}_{self.slug}"

    @property
    def exported_as(self) -> str:
        """The name after `tinytorch.` in an import."""
        return self.export_name or self.slug

    @property
    def file(self) -> str:
        """The name of the exported file in `tinytorch/`."""
        return f"{self.exported_as}.py"

    @property
    def former_file(self) -> str | None:
        """What earlier versions of the course called that file, if it had another name."""
        return f"{self.slug}.py" if self.export_name else None

    @property
    def checkpoint_name(self) -> str:
        """The checkpoint without its historical number, which does not follow the order of the modules."""
        return self.checkpoint.partition(" ")[2]

    @property
    def you_can(self) -> str:
        """The capability, said to the learner."""
        return re.sub(r"\bI\b", "you", re.sub(r"\bmy\b", "your", self.capability))

    @property
    def title(self) -> str:
        return f"Module {self.number}: {self.slug.capitalize()}"

    @property
    def brings(self) -> dict[str, list[str]]:
        """Package -> the names that it gets by the module, of itself or of its vocabulary."""
        both = {package: (*self.offers.get(package, ()), *names) for package, names in self.vocabulary.items()}
        return {package: list(dict.fromkeys(names)) for package, names in (self.offers | both).items()}

    @property
    def available(self) -> bool:
        """Whether this version of the course has the module's notebook yet."""
        return (ROOT / "notebooks" / f"{self.stem}.py").exists()


# what `import tinytorch`, `tinytorch.nn` and so on offer of a module; all else is imported from the module itself
TENSOR = {
    "tinytorch": (
        "Tensor", "arange", "cat", "manual_seed", "maximum", "ones", "op", "rand", "randn", "stack", "tensor", "where", "zeros",
    ),
}  # fmt: skip
# of tito/templates/vocabulary/, where the file of the same name has what PyTorch has besides
TENSOR_BESIDES = {
    "tinytorch": (
        "abs", "add", "all", "allclose", "amax", "amin", "any", "arange", "argmax", "argmin", "as_tensor", "bmm",
        "bool", "BoolTensor", "ByteTensor", "ceil", "chunk", "clamp", "clone", "cos", "cumsum", "detach", "device",
        "div", "dot", "double", "DoubleTensor", "einsum", "empty", "enable_grad", "eq", "equal", "erf", "exp", "eye",
        "flatten", "float", "float16", "float32", "float64", "FloatTensor", "floor", "from_numpy", "full", "full_like", "gather", "ge",
        "Generator", "gt", "half", "inference_mode", "int", "int32", "int64", "int8", "IntTensor", "is_grad_enabled",
        "is_tensor", "isfinite", "isnan", "le", "linspace", "log", "log10", "log1p", "logsumexp", "long", "LongTensor",
        "lt", "masked_fill", "matmul", "max", "mean", "min", "minimum", "mm", "mul", "multinomial", "ne", "neg", "norm",
        "normal", "numel", "ones", "ones_like", "outer", "permute", "pow", "prod", "rand", "rand_like", "randint",
        "randn", "randn_like", "randperm", "reciprocal", "reshape", "round", "rsqrt", "scatter_add", "set_grad_enabled",
        "set_num_threads", "set_printoptions", "sign", "sin", "Size", "sort", "split", "sqrt", "square", "squeeze", "std",
        "sub", "sum", "t", "tensor", "topk", "transpose", "tril", "triu", "uint8", "unbind", "unique", "unsqueeze", "var", "where",
        "zeros", "zeros_like",
    ),
    "tinytorch.nn.functional": ("normalize", "one_hot", "pad"),
}  # fmt: skip
ACTIVATIONS = {
    "tinytorch": ("log_softmax", "relu", "sigmoid", "softmax", "tanh"),
    "tinytorch.nn.functional": ("gelu", "leaky_relu", "log_softmax", "relu", "sigmoid", "softmax", "tanh"),
}
ACTIVATIONS_BESIDES = {"tinytorch.nn.functional": ("elu", "gelu", "logsigmoid", "silu", "softplus")}
LAYERS = {
    "tinytorch.nn": (
        "Dropout", "Flatten", "LeakyReLU", "Linear", "LogSoftmax", "Module", "Parameter", "ReLU", "Sequential", "Sigmoid",
        "Softmax", "Tanh",
    ),
    "tinytorch.nn.functional": ("dropout", "linear"),
    "tinytorch.nn.init": ("constant_", "kaiming_uniform_", "uniform_", "xavier_uniform_"),
}  # fmt: skip
LAYERS_BESIDES = {
    "tinytorch.nn": ("ELU", "GELU", "Identity", "ModuleDict", "ModuleList", "SiLU", "Softplus"),
    "tinytorch.nn.init": (
        "calculate_gain", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "xavier_normal_", "xavier_uniform_", "zeros_",
    ),
}  # fmt: skip
LOSSES = {
    "tinytorch.nn.functional": ("binary_cross_entropy_with_logits", "cross_entropy", "l1_loss", "mse_loss"),
}
LOSSES_BESIDES = {
    "tinytorch.nn": (
        "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "HuberLoss", "L1Loss", "MSELoss", "NLLLoss", "SmoothL1Loss",
    ),
    "tinytorch.nn.functional": (
        "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "nll_loss", "smooth_l1_loss",
    ),
}  # fmt: skip
AUTOGRAD = {"tinytorch": ("no_grad",)}
OPTIMIZERS = {
    "tinytorch.optim": ("SGD", "Adam", "AdamW", "Optimizer"),
    "tinytorch.optim.lr_scheduler": ("CosineAnnealingLR", "LRScheduler", "LinearLR", "SequentialLR"),
}
OPTIMIZERS_BESIDES = {
    "tinytorch.optim": ("RMSprop",),
    "tinytorch.optim.lr_scheduler": ("ExponentialLR", "LambdaLR", "ReduceLROnPlateau", "StepLR"),
}
TRAINING = {
    "tinytorch": ("get_rng_state", "load", "save", "set_rng_state"),
    "tinytorch.nn.utils": ("clip_grad_norm_",),
}
TRAINING_BESIDES = {"tinytorch": ("load",), "tinytorch.nn.utils": ("clip_grad_norm_", "clip_grad_value_")}
DATALOADER = {
    "tinytorch.utils.data": ("DataLoader", "Dataset", "RandomSampler", "TensorDataset", "default_collate"),
    "tinytorch.transforms": ("Normalize", "RandomCrop"),
}
DATALOADER_BESIDES = {
    "tinytorch.utils.data": (
        "BatchSampler", "ConcatDataset", "Sampler", "SequentialSampler", "Subset", "WeightedRandomSampler", "random_split",
    ),
    "tinytorch.transforms": ("Compose", "RandomHorizontalFlip", "ToTensor"),
    "tinytorch.datasets": ("CIFAR10", "Digits", "FashionMNIST", "MNIST", "SmallTalk", "TinyShakespeare"),
}  # fmt: skip
SPATIAL = {"tinytorch.nn": ("Conv2d",), "tinytorch.nn.functional": ("conv2d", "max_pool2d")}
SPATIAL_BESIDES = {
    "tinytorch.nn": ("AdaptiveAvgPool2d", "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "MaxPool2d"),
    "tinytorch.nn.functional": ("adaptive_avg_pool2d", "avg_pool2d", "batch_norm"),
}
EMBEDDINGS = {"tinytorch.nn": ("Embedding",), "tinytorch.nn.functional": ("embedding",)}
EMBEDDINGS_BESIDES = {"tinytorch.nn": ("CosineSimilarity",), "tinytorch.nn.functional": ("cosine_similarity",)}
ATTENTION = {"tinytorch.nn": ("MultiheadAttention",), "tinytorch.nn.functional": ("scaled_dot_product_attention",)}
TRANSFORMERS = {"tinytorch.nn": ("LayerNorm",), "tinytorch.nn.functional": ("layer_norm",)}
TRANSFORMERS_BESIDES = {"tinytorch": ("keep_memory",)}


@dataclass(frozen=True)
class Milestone:
    """A piece of history, replayed: `milestones/NN_YEAR_name/` with scripts that run on the reader's own tinytorch."""

    number: str
    folder: str
    title: str
    shows: str

    @property
    def path(self) -> Path:
        return ROOT / "milestones" / self.folder


START, FOUNDATION, ARCHITECTURE = "Start", "Foundation", "Architecture"
OPTIMIZATION, ELECTIVE = "Optimization", "Elective"

MODULES = (
    Module("00", "setup", START, "a first cell, and this machine's peak speed", "00 environment", "configure and check my environment", export_name="machine"),
    Module("01", "tensor", FOUNDATION, "Tensor", "01 foundation", "build the array everything rests on", TENSOR, TENSOR_BESIDES),
    Module("02", "activations", FOUNDATION, "relu, sigmoid, gelu, softmax", "02 intelligence", "add nonlinearity", ACTIVATIONS, ACTIVATIONS_BESIDES),
    Module("03", "layers", FOUNDATION, "Module, Linear, Dropout, Sequential", "03 components", "build layers and compose them", LAYERS, LAYERS_BESIDES),
    Module("04", "losses", FOUNDATION, "MSE, BCE, cross-entropy", "04 networks", "give a multi-layer network an objective", LOSSES, LOSSES_BESIDES),
    Module("05", "autograd", FOUNDATION, "backward, no_grad, gradcheck", "08 differentiation", "compute any gradient", AUTOGRAD),
    Module("06", "optimizers", FOUNDATION, "SGD, Adam, AdamW, schedulers", "09 optimization", "make loss go down", OPTIMIZERS, OPTIMIZERS_BESIDES),
    Module("07", "training", FOUNDATION, "the training loop", "10 training", "train a network and trust the curve", TRAINING, TRAINING_BESIDES),
    Module("08", "dataloader", ARCHITECTURE, "Dataset, DataLoader, transforms", "07 stability", "feed a network well", DATALOADER, DATALOADER_BESIDES),
    Module("09", "spatial", ARCHITECTURE, "Conv2d, pooling, BatchNorm2d", "05 learning", "see with convolutions", SPATIAL, SPATIAL_BESIDES),
    Module("10", "tokenization", ARCHITECTURE, "byte-pair encoding", "16 tokens", "turn text into numbers and back"),
    Module("11", "embeddings", ARCHITECTURE, "Embedding, positions", "17 representation", "give tokens meaning and place", EMBEDDINGS, EMBEDDINGS_BESIDES),
    Module("12", "attention", ARCHITECTURE, "MultiheadAttention", "06 attention", "relate every position to every other", ATTENTION),
    Module("13", "transformers", ARCHITECTURE, "LayerNorm, GPT, generation", "15 capstone", "build a TinyGPT out of parts I already had", TRANSFORMERS, TRANSFORMERS_BESIDES),
    Module("14", "profiling", OPTIMIZATION, "timing, FLOPs, the roofline", "18 profiling", "find the bottleneck"),
    Module("15", "quantization", OPTIMIZATION, "int8, QuantizedLinear", "19 precision", "use a quarter of the memory"),
    Module("16", "compression", OPTIMIZATION, "pruning, low rank, distillation", "11 regularization", "keep the accuracy, drop the weights"),
    Module("17", "memoization", OPTIMIZATION, "the KV cache", "20 caching", "never compute it twice"),
    Module("18", "acceleration", OPTIMIZATION, "faster kernels", "12 kernels", "make the hardware work"),
    Module("19", "benchmarking", OPTIMIZATION, "fair comparison", "13 benchmarking", "make a claim that survives"),
    Module("20", "capstone", OPTIMIZATION, "the Torch Olympics", "21 olympics", "optimise a whole system"),
    Module("21", "deployment", ELECTIVE, "serving, registry, monitoring", "14 deployment", "run a model for other people"),
)  # fmt: skip


MILESTONES = (
    Milestone(
        "01",
        "01_1957_perceptron",
        "The perceptron (Rosenblatt, 1957)",
        "what a neuron does before it has learnt anything, and what it can learn",
    ),
    Milestone(
        "02",
        "02_1969_xor",
        "The XOR crisis (Minsky and Papert, 1969)",
        "what no neuron can learn alone, and a hidden layer can",
    ),
    Milestone(
        "03",
        "03_1986_mlp",
        "The multi-layer perceptron (Rumelhart, Hinton, Williams, 1986)",
        "a network with a hidden layer reads handwriting",
    ),
    Milestone(
        "04",
        "04_1998_cnn",
        "The convolutional network (LeCun and others, 1998)",
        "filters that slide over an image read it with fewer weights",
    ),
    Milestone(
        "05",
        "05_2017_transformer",
        "The transformer (Vaswani and others, 2017)",
        "attention alone reads a text, and a GPT of your own parts writes one",
    ),
)


def available() -> list[Module]:
    """The modules that this version of the course has, in order."""
    return [module for module in MODULES if module.available]


def missing_files() -> str:
    """Why there is no course around `tito`, and what to do; empty when all is there.

    `pip install .` copies `tito` alone; notebooks, tests and milestones are used from the clone.
    """
    parts = {"notebooks": "notebooks/00_setup.py", "tests": "tests/modules", "milestones": "milestones"}
    lacking = [name for name, path in parts.items() if not (ROOT / path).exists()]
    if not lacking:
        return ""
    return (
        f"tito is installed without the course ({', '.join(lacking)} are not in {ROOT}): clone the course's repository"
        " and run `python -m pip install -e .` in the clone"
    )


def refuse_missing_files() -> None:
    """
    Raises:
        TitoError: there are no notebooks, tests or milestones beside `tito`.
    """
    if reason := missing_files():
        raise TitoError(reason)


def find(name: str) -> Module:
    """The module called `01`, `1`, `01_tensor` or `tensor`.

    Raises:
        TitoError: there is no such module, or this version of the course does not have it yet.
    """
    refuse_missing_files()
    wanted = name.strip().lower().removesuffix(".py")
    for module in MODULES:
        if wanted in (module.number, str(int(module.number)), module.slug, module.stem):
            if not module.available:
                raise TitoError(
                    f"module {module.stem} is not part of this version of the course yet: see `tito module list`"
                )
            return module
    names = [name for module in MODULES for name in (module.slug, module.stem)]
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"did you mean {close[0]}? See" if close else "see"
    raise TitoError(f"there is no module {name!r}: {hint} `tito module list`")


def earlier(module: Module) -> list[Module]:
    """The modules before `module`, in order: what it may import, and what must be complete first."""
    return [other for other in available() if other.number < module.number]


def find_milestone(name: str) -> Milestone:
    """The milestone called `01`, `1`, `01_1957_perceptron` or `perceptron`."""
    for milestone in MILESTONES:
        short = milestone.folder.split("_", 2)[2]
        if name.strip().lower() in (milestone.number, str(int(milestone.number)), milestone.folder, short):
            return milestone
    raise TitoError(f"there is no milestone {name!r}: see `tito milestone list`")
