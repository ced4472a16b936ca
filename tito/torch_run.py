"""Run a PyTorch script on `tinytorch`: what `tito try` starts, as `python -m tito.torch_run`, in a process of its own.

Here `import torch` gives the `tinytorch` that Python finds, and everything below it likewise. To compare, the same script runs
a second time with PyTorch itself.
"""

import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, TracebackType

from tito import __version__
from tito.files import read
from tito.names import Use, names_used
from tito.syntax import parse_python

TORCHVISION = ("transforms", "datasets")  # the packages of torchvision that tinytorch has under the same names
PACKAGES = ("torch", "torchvision")
INTERRUPTED = 130  # the exit code of a program that Ctrl+C stopped


class Alias(MetaPathFinder, Loader):
    """Finds `torch.nn` where `tinytorch.nn` is, as the same module, and explains what is missing."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name.partition(".")[0] in PACKAGES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """
        Raises:
            ImportError: there is no such module; the text says which module of the course brings it.
        """
        if spec.name == "torchvision":
            return _torchvision()
        ours = our_name(spec.name)
        if ours == spec.name:
            raise ImportError(why_missing(ours), name=ours)
        try:
            module = import_module(ours)
        except ModuleNotFoundError as error:
            if error.name != ours:
                raise
            raise ImportError(why_missing(ours), name=spec.name) from None
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run already. Python has set its spec to one for the other name: set it back, or reloading would fail."""
        if state := module.__spec__.loader_state:
            module.__spec__ = state


def _torchvision() -> ModuleType:
    """`torchvision` itself, which imports its two packages when a script asks for them."""

    def find(name: str) -> ModuleType:
        if name.startswith("_"):
            raise AttributeError(f"module 'torchvision' has no attribute {name!r}")
        try:
            return import_module(f"torchvision.{name}")
        except ImportError as error:
            raise AttributeError(str(error)) from None

    module = ModuleType("torchvision")
    module.__path__, module.__getattr__, module.__version__ = [], find, __version__
    return module


def our_name(name: str) -> str:
    """Where a name of PyTorch or torchvision is in tinytorch.

    >>> our_name("torch.nn.Linear"), our_name("torchvision.datasets")
    ('tinytorch.nn.Linear', 'tinytorch.datasets')
    """
    first, dot, rest = name.partition(".")
    return f"tinytorch{dot}{rest}" if first == "torch" or rest.partition(".")[0] in TORCHVISION else name


def in_torchs_words(text: str) -> str:
    """A sentence of tinytorch's with the names that the script uses.

    >>> in_torchs_words("tinytorch.datasets has no VOC, but tinytorch.nn has ReLU")
    'torchvision.datasets has no VOC, but torch.nn has ReLU'
    """
    return re.sub(r"\btinytorch\b", "torch", re.sub(r"\btinytorch\.(transforms|datasets)\b", r"torchvision.\1", text))


def why_missing(ours: str) -> str:
    """Why there is no such module, in one sentence."""
    package, _, name = ours.rpartition(".")
    if package == "torchvision":
        return f"{ours} is not part of this course: it has torchvision.transforms and torchvision.datasets"
    return import_module("tinytorch._later").why_missing(package, name)


def missing_names(uses: list[Use]) -> dict[str, list[int]]:
    """Sentence about a name that is missing -> the lines that use it. What only the run can tell is left to it."""
    lines = {}
    for use in uses:
        if use.certain and (reason := _reason(use.name)):
            lines.setdefault(in_torchs_words(reason), []).append(use.line)
    return {reason: sorted(set(numbers)) for reason, numbers in lines.items()}


def _reason(name: str) -> str:
    """Why a name is missing; empty if it isn't, or if it belongs to an object whose names only the run can tell."""
    first, *rest = name.split(".")
    thing = import_module(first)
    for part in rest:
        if not isinstance(thing, ModuleType) or not hasattr(
            thing, "__getattr__"
        ):  # only a package explains what it lacks
            return ""
        try:
            thing = getattr(thing, part)
        except (AttributeError, ImportError) as error:
            return str(error)
    return ""


def check(script: str) -> None:
    """Refuse a script that names what tinytorch lacks, before any of it runs.

    Raises:
        SystemExit: with exit code 1, after one line for each name.
    """
    missing = missing_names(names_used(parse_python(read(Path(script)), script), *PACKAGES))
    for reason, lines in missing.items():
        print(
            f"{Path(script).name}, line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}: {reason}", file=sys.stderr
        )
    if missing:
        sys.exit(1)


def run(script: str, arguments: list[str]) -> None:
    """Run a script as `python SCRIPT` does: `__name__`, `sys.argv`, and where its imports are looked for.

    Raises:
        SystemExit: it ended itself, or with an error, which has been printed.
    """
    path = Path(script).resolve()
    main = ModuleType("__main__")
    main.__file__ = str(path)
    sys.modules["__main__"], sys.argv = main, [script, *arguments]
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(parse_python(read(path), script), script, "exec", dont_inherit=True), vars(main))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        show(error, path)
        sys.exit(1)


def show(error: Exception, script: Path) -> None:
    """Print the traceback of an error, without tito's own frames. If a name is missing, only the script's, and what to do."""
    advice = _advice(error)
    shown = traceback.TracebackException.from_exception(error)
    hidden = [Path(__file__).parent, *([_package(), Path(importlib.__file__).parent] if advice else [])]
    shown.stack = traceback.StackSummary.from_list([frame for frame in shown.stack if not _is_in(frame, *hidden)])
    if not advice:
        print("".join(shown.format()), end="", file=sys.stderr)
        return
    print("Traceback (the script's own lines):\n" + "".join(shown.stack.format()), end="", file=sys.stderr)
    last = shown.stack[-1] if shown.stack else None
    where = f"{Path(last.filename).name}, line {last.lineno}: " if last else f"{script.name}: "
    print(where + in_torchs_words(advice), file=sys.stderr)


def _package() -> Path:
    """The folder of the tinytorch that runs."""
    return Path(sys.modules["tinytorch"].__file__).parent


def _is_in(frame: traceback.FrameSummary, *folders: Path) -> bool:
    if frame.filename.startswith("<frozen"):  # Python's own import system
        return True
    return any(folder in Path(frame.filename).resolve().parents for folder in folders)


def _advice(error: Exception) -> str:
    """What to do about a name, or an argument, that only the run shows to be missing; empty for every other error."""
    last = Path(_last(error.__traceback__).tb_frame.f_code.co_filename)
    if isinstance(error, ImportError | AttributeError) and (
        last.stem in ("_later", "torch_run") or "_missing" in last.parts
    ):
        return str(error)
    if _package() in last.resolve().parents:  # an error of what the learner wrote
        return ""
    if isinstance(error, AttributeError) and error.obj is not None:
        kind = error.obj if isinstance(error.obj, type) else type(error.obj)
        if kind.__module__.partition(".")[0] == "tinytorch":
            return _no_attribute(kind.__name__, error.name, dir(error.obj))
    if isinstance(error, TypeError) and (
        match := re.match(r"(\w+)\S*\(\) got an unexpected keyword argument '(\w+)'", str(error))
    ):
        return f"{match[1]} has no argument {match[2]!r} in this course: leave it out"
    return ""


def _no_attribute(kind: str, name: str, names: list[str]) -> str:
    why = why_missing(f"tinytorch.{name}")
    if "comes with module" in why:
        return f"{kind} has no {name} yet: {why}"
    close = get_close_matches(name, names, n=1, cutoff=0.7)
    instead = f"did you mean {close[0]}?" if close else "write the line with the names that your modules have"
    return f"{kind} has no {name}, and no module of this course brings it: {instead}"


def _last(frames: TracebackType) -> TracebackType:
    *_, last = _walk(frames)
    return last


def _walk(frames: TracebackType | None) -> Iterator[TracebackType]:
    while frames:
        yield frames
        frames = frames.tb_next


def main(library: str, folder: str, script: str, *arguments: str) -> None:
    """Run a script with `library`, "tinytorch" or "torch"; record the run in `folder`, unless that is "-"."""
    if not sys.flags.safe_path:
        del sys.path[0]  # the current folder, which `python -m` adds: `python SCRIPT` doesn't
    tinytorch = import_module("tinytorch")
    if library == "tinytorch":
        sys.meta_path.insert(0, Alias())
        vars(tinytorch).setdefault("__version__", __version__)
        check(script)
    if folder == "-":
        return run(script, list(arguments))
    from tito.torch_record import recorded

    with recorded(library, Path(folder)):
        return run(script, list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
