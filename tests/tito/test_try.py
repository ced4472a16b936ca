"""`tito try`: PyTorch scripts on the learner's own modules. The comparison with PyTorch: tests/conformance/test_examples.py."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import examples
from tests.tito.student import done, tito
from tito import torch_scripts
from tito.course import ROOT
from tito.errors import TitoError
from tito.names import names_used
from tito.place import Place
from tito.torch_compare import report
from tito.torch_record import SAMPLES, Event, Recording, load, places
from tito.workspace import init


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    """A workspace in which every module is exported."""
    place = init(tmp_path_factory.mktemp("try") / "mine")[0]
    shutil.copytree(ROOT / "tinytorch", place.package, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def script(folder: Path, text: str, name: str = "train.py") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


# Which names a program uses


@pytest.mark.parametrize(
    ("program", "used"),
    [
        ("import torch", "torch:1"),
        ("import torch.nn as nn\nnn.Linear(1, 2)", "torch.nn:1 torch.nn.Linear:2"),
        ("import torch.nn\ntorch.nn.Linear", "torch.nn:1 torch.nn:2 torch.nn.Linear:2"),
        ("from torch import (\n  nn,\n  optim as o,\n)\no.SGD", "torch:1 torch.nn:2 torch.optim:3 torch.optim.SGD:5"),
        ("from torch.nn import *", "torch.nn:1"),
        ("import torchvision\ntorchvision.models", "torchvision:1 torchvision.models:2"),
        ("import torch as t\nt.nn.Linear(\n1).weight.data", "torch:1 torch.nn:2 torch.nn.Linear:2"),
        ("import torch\ntorch.nn.functional\\\n  .gelu", "torch:1 torch.nn:2 torch.nn.functional:2 torch.nn.functional.gelu:3"),
        ("import numpy\nnumpy.torch", ""),
        ("from .torch import nn\nnn.Linear", ""),
        ("import torchaudio, mytorch.nn", ""),
    ],
)  # fmt: skip
def test_names_and_lines(program, used):
    uses = names_used(ast.parse(program), "torch", "torchvision")
    assert " ".join(f"{use.name}:{use.line}" for use in uses) == used
    assert all(use.certain for use in uses)


@pytest.mark.parametrize(
    "program",
    [
        "from torch import optim\noptim = optim.SGD([])\noptim.X",
        "from torch.utils import data\nfor data, target in loader:\n    data.X",
        "import torch.nn.functional as F\ndef f(F):\n    F.X",
        "import torch\nif torch.cuda.is_available():\n    torch.X",
        "import torch\nif wanted and torch.cuda.is_available():\n    torch.X",
        "import torch\nf = torch.X if hasattr(torch, 'X') else None",
        "import torch\ntry:\n    torch.X\nexcept (ImportError, AttributeError):\n    pass",
        "try:\n    from torch import X\nexcept ImportError:\n    pass",
    ],
)
def test_what_only_the_run_can_tell(program):
    assert [use.certain for use in names_used(ast.parse(program), "torch") if use.name.endswith(".X")] == [False]


@pytest.mark.parametrize(
    "program",
    [
        "import torch\nif torch.cuda.is_available():\n    pass\nelse:\n    torch.X",
        "import torch\nif not torch.cuda.is_available():\n    torch.X",
        "import torch\nif wanted or torch.cuda.is_available():\n    torch.X",
        "import torch\ntry:\n    torch.X\nexcept ValueError:\n    pass",
        "import torch\ntry:\n    pass\nexcept ImportError:\n    torch.X",
    ],
)
def test_what_is_reached_is_certain(program):
    assert [use.certain for use in names_used(ast.parse(program), "torch") if use.name.endswith(".X")] == [True]


# Running


def test_a_script_runs_as_python_runs_it(place, tmp_path):
    script(tmp_path, "value = 3", "beside.py")
    train = script(
        tmp_path,
        "import os, sys\nimport beside\nimport torch\nprint(sys.argv, __name__, beside.value, os.getcwd())\n"
        "print(__file__)\nprint(torch.__file__)\nsys.exit(7)",
    )
    run = tito("try", train, "--", "--lr", "0.1", "--compare", cwd=place.root / "notebooks")
    assert run.returncode == 7, run.stderr
    whose, _, arguments, file, torch = run.stdout.splitlines()
    assert whose == f"tinytorch: {place.package} (yours)"
    assert arguments == f"{[str(train), '--lr', '0.1', '--compare']} __main__ 3 {place.root / 'notebooks'}"
    assert file == str(train) and torch == str(place.package / "__init__.py")


def test_in_the_course_it_is_the_reference(tmp_path):
    run = tito("try", script(tmp_path, "import torch\nprint(torch.ones(2))"), cwd=ROOT)
    assert done(run) == f"tinytorch: {ROOT / 'tinytorch'} (the course's reference)\n\ntensor([1., 1.])\n"


ALIASES = """
import sys
import torch, torch.nn as nn, torch.nn.functional as F, torch.optim as optim, torchvision
from torch import nn as also
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
import torch.utils.data, torchvision.transforms as T
import tinytorch
assert torch is tinytorch and nn is also is tinytorch.nn is torch.nn and F is tinytorch.nn.functional
assert optim is tinytorch.optim and StepLR is tinytorch.optim.lr_scheduler.StepLR
assert DataLoader is tinytorch.utils.data.DataLoader is torch.utils.data.DataLoader
assert datasets is tinytorch.datasets is torchvision.datasets and T is transforms is tinytorch.transforms
assert nn.__spec__.name == "tinytorch.nn" and nn.__name__ == "tinytorch.nn"
import importlib
importlib.reload(F)
assert not any(torch.cuda.is_available() for _ in range(2)) and str(torch.device("cpu")) == "cpu"
torch.set_num_threads(1)
torch.manual_seed(0)
print("all the same", torch.__version__)
"""


def test_torch_is_tinytorch_under_every_name(place, tmp_path):
    assert "all the same 0." in done(tito("try", script(tmp_path, ALIASES), cwd=place.root))


@pytest.mark.parametrize("example", examples.EXAMPLES, ids=lambda path: path.stem)
def test_an_example_trains(example, place, tmp_path):
    printed = done(tito("try", example, "--", *examples.arguments(example, tmp_path), cwd=place.root))
    assert printed.count("loss") + printed.count("resumed") >= 1, printed
    if example.stem in examples.OF_DIGITS:
        assert "100 of 100 right" in printed and (tmp_path / "weights.pt").exists()
    if example.stem == "resume_training":
        assert printed.endswith("the same\n") and (tmp_path / "checkpoint.pt").exists()


# What is missing

MISSING = """print("this must not run")
import torch
from torch.nn import LSTM, Linear
import torchvision.models
from torchvision import datasets
net = torch.nn.RMSNorm(2)
net = torch.compile(torch.nn.RMSNorm(2))
torch.fft.fft(net)
x = torch.nn.functional.grid_sample(net)
datasets.ImageNet
torch.optim.AdamWW
"""


def test_missing_names_are_listed_and_nothing_runs(place, tmp_path):
    run = tito("try", script(tmp_path, MISSING), cwd=place.root)
    assert run.returncode == 1 and "must not run" not in run.stdout
    lines = run.stderr.splitlines()
    for line, expected in zip(
        lines,
        [
            "train.py, line 3: torch.nn.LSTM is not part of this course: for sequences, module 12 (attention) brings",
            "train.py, line 4: torchvision.models is not part of this course: it has torchvision.transforms and",
            "train.py, lines 6, 7: torch.nn.RMSNorm is not part of this course: module 13 (transformers) brings LayerNorm",
            "train.py, line 7: torch.compile is not part of this course: each operation runs as it comes",
            "train.py, line 8: torch.fft is not part of this course: NumPy has np.fft",
            "train.py, line 9: torch.nn.functional has no grid_sample, and no module of this course brings it",
            "train.py, line 10: torchvision.datasets has no ImageNet",
            "train.py, line 11: torch.optim has no AdamWW: did you mean AdamW?",
        ],
        strict=True,
    ):
        assert line.startswith(expected)


def test_what_you_have_not_exported_yet_names_the_module(tmp_path):
    place = init(tmp_path / "mine")[0]
    train = script(
        tmp_path, "import torch\nfrom torch import optim\nnet = torch.nn.Linear(1, 2)\nfrom torchvision import datasets"
    )
    run = tito("try", train, cwd=place.root)
    assert run.returncode == 1
    for line, number, slug in ((2, "06", "optimizers"), (3, "03", "layers"), (4, "08", "dataloader")):
        assert f"train.py, line {line}: torch" in run.stderr
        assert (
            f"comes with module {number} ({slug}), which is not there yet: finish module {number} first" in run.stderr
        )


def test_a_guarded_name_does_not_stop_a_script(place, tmp_path):
    train = script(tmp_path, "import torch\nif torch.cuda.is_available():\n    torch.compile(3)\nprint('ran')")
    assert done(tito("try", train, cwd=place.root)).endswith("ran\n")


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import torch\ndef f(x):\n    return x.conj()\nf(torch.ones(3))", "train.py, line 3: Tensor has no conj, and no module"),
        ("import torch\ntorch.ones(2).softmaxx(0)", "train.py, line 2: Tensor has no softmaxx, and no module of this course brings it: did you mean softmax?"),
        ("import torch\ngetattr(torch.nn, 'RMS' + 'Norm')", "train.py, line 2: torch.nn.RMSNorm is not part of this course"),
        ("import importlib\nimportlib.import_module('torch.onnx')", "train.py, line 2: torch.onnx is not part of this course"),
        ("import importlib\nimportlib.import_module('torch.distributions')", "train.py, line 2: torch has no distributions"),
        ("import torch\ntorch.optim.SGD([torch.ones(1)], lr=1, foreach=True)", "train.py, line 2: SGD has no argument 'foreach' in this course: leave it out"),
    ],
)  # fmt: skip
def test_a_name_that_only_the_run_shows(program, expected, place, tmp_path):
    run = tito("try", script(tmp_path, program), cwd=place.root)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith(expected), run.stderr
    files = {line.split('"')[1] for line in run.stderr.splitlines() if line.startswith("  File ")}
    assert files == {str(tmp_path / "train.py")}


def test_an_error_in_what_you_wrote_shows_your_lines_and_none_of_titos(place, tmp_path):
    run = tito("try", script(tmp_path, "import torch\ntorch.ones(3) @ torch.ones(4)"), cwd=place.root)
    assert run.returncode == 1 and "ValueError: matmul" in run.stderr
    assert str(place.package / "tensor.py") in run.stderr and "torch_run.py" not in run.stderr


def test_your_own_attribute_error_is_not_taken_for_a_missing_name(place, tmp_path):
    program = (
        "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return self.fc9(x)\nNet()(1)"
    )
    run = tito("try", script(tmp_path, program), cwd=place.root)
    assert run.returncode == 1 and "no module of this course" not in run.stderr
    assert run.stderr.endswith("AttributeError: 'Net' object has no attribute 'fc9'\n")


def test_a_script_that_is_interrupted_shows_no_traceback(place, tmp_path):
    run = tito("try", script(tmp_path, "raise KeyboardInterrupt"), cwd=place.root)
    assert run.returncode == 130 and run.stderr == ""


def test_a_signal_is_passed_on_as_a_shell_does():
    assert torch_scripts._exit_code(subprocess.CompletedProcess([], -9)) == 137
    assert torch_scripts._exit_code(subprocess.CompletedProcess([], 3)) == 3


# What is not a script


@pytest.mark.parametrize(
    ("name", "content", "said_in_one_sentence"),
    [
        ("none.py", None, "there is no script none.py: check the path"),
        ("a.ipynb", b"{}", "a.ipynb is a notebook: export it as a Python script and give that"),
        ("a.py", b"x = (\n", "a.py: '(' was never closed on line 1. Fix it and run the command again"),
        ("a.py", b"x = '\xff'", "a.py is not UTF-8 (byte 5): save it as UTF-8 in your editor"),
        ("a.py", b"x = \0", "a.py"),
        (".", None, ". is a folder: give the script in it"),
    ],
)
def test_what_is_not_a_script_is_refused(name, content, said_in_one_sentence, place):
    if content is not None:
        (place.root / name).write_bytes(content)
    run = tito("try", name, cwd=place.root)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith(f"tito: {said_in_one_sentence}") and run.stderr.count("\n") == 1


def test_outside_of_a_workspace(tmp_path):
    run = tito("try", script(tmp_path, "import torch"), cwd=tmp_path)
    assert run.returncode == 1 and "is not in a workspace" in run.stderr


def test_comparing_without_pytorch_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(torch_scripts, "find_spec", lambda name: None)
    with pytest.raises(
        TitoError, match="--compare needs PyTorch, which is not installed: `python -m pip install torch`"
    ):
        torch_scripts.refuse_without_pytorch()


# Recording and comparing, without PyTorch

TWO_STEPS = """
import torch, torch.nn as nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
    def forward(self, x):
        return torch.relu(self.fc(x))
net, x = Net(), torch.ones(4, 3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(2):
    loss = net(x).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
torch.save(net.state_dict(), "weights.pt")
net.load_state_dict(torch.load("weights.pt"))
"""


def test_what_is_recorded(place, tmp_path):
    train, folder = script(tmp_path, TWO_STEPS), tmp_path / "recording"
    folder.mkdir()
    command = [sys.executable, "-m", "tito.torch_run", "tinytorch", str(folder), str(train)]
    subprocess.run(command, cwd=tmp_path, env=place.environment(), check=True)
    recording = load(folder, "tinytorch")
    step = [
        ("output", "Net.fc"),
        ("output", "Net"),
        ("loss", "loss"),
        ("gradient", "Net.fc.weight"),
        ("gradient", "Net.fc.bias"),
    ]
    weights = [("parameter", "Net.fc.weight"), ("parameter", "Net.fc.bias")]
    assert [(event.kind, event.name) for event in recording.events] == [*step, *weights, *step]
    assert [event.step for event in recording.events] == [1] * 5 + [2] * 7
    assert [list(weights) for weights in recording.initial] == [["fc.weight", "fc.bias"]]
    weight, bias = recording.initial[0].values()
    out = recording.events[0]
    assert out.shape == (4, 2) and np.allclose(out.values.reshape(4, 2), weight.sum(axis=1) + bias)
    updated = recording.events[5]
    assert np.allclose(updated.values, (weight - 0.1 * recording.events[3].values.reshape(2, 3)).ravel())
    assert not (tmp_path / "weights.pt").exists()  # kept apart


def test_of_a_large_array_some_numbers_are_kept_always_the_same():
    assert places(SAMPLES) == slice(None)
    assert len(places(SAMPLES + 1)) == SAMPLES and (places(1000) == places(1000)).all() and places(1000).max() < 1000


def event(kind: str, name: str, step: int, *values: float) -> Event:
    array = np.array(values)
    return Event(kind, name, step, array.shape, float(np.linalg.norm(array)), array)


def recording(*events: Event, replaced: tuple = ()) -> Recording:
    return Recording(list(events), [], list(replaced), "2.0")


def steps(count: int = 2, **changed: float) -> Recording:
    """A run of a network of two layers; `changed` adds to the numbers of an event: `fc2_1=0.5` in step 1."""
    names = {"fc1": "output", "fc2": "output", "loss": "loss", "w1": "gradient", "w2": "gradient", "p1": "parameter"}
    events = []
    for step in range(1, count + 1):
        for name in (*["p1"] * (step > 1), "fc1", "fc2", "loss", "w1", "w2"):
            more = changed.get(f"{name}_{step}", 0.0)
            events.append(event(names[name], name, step, *([2.0 + more] if name == "loss" else [1.0, 2.0 + more])))
    return recording(*events)


def test_runs_that_agree():
    code, text = report(steps(3, loss_2=1e-5, fc1_2=1e-5), steps(3))
    assert code == 0 and text.startswith("All 3 losses agree with PyTorch 2.0, to within 5e-06 of their size.")


PARTED = "step 2: loss 2 (PyTorch) against 2.1 (yours). Until then they agree to within 0e+00 of their size."


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "It begins with the loss itself. Every layer's output agrees: look at the loss function."),
        ({"fc2_2": 0.5}, "It begins with the output of fc2 in step 2: 2 (PyTorch) against 2.5 (yours). The outputs before it agree"),
        ({"fc1_2": 0.1, "fc2_2": 0.5}, "It begins with the output of fc1 in step 2: 2 (PyTorch) against 2.1 (yours)."),
        ({"w1_1": 0.1, "w2_1": 0.2, "fc1_2": 0.5}, "The first layer whose output differs in that step is fc1: 2 (PyTorch) against 2.5 (yours).\n"
         "It began earlier, with the gradient of w2 after step 1: 2 (PyTorch) against 2.2 (yours). The outputs agree: look at the backward"),
        ({"p1_2": 0.1, "fc1_2": 0.5}, "The first layer whose output differs in that step is fc1: 2 (PyTorch) against 2.5 (yours).\n"
         "It began earlier, with p1 before step 2: 2 (PyTorch) against 2.1 (yours). The gradients agree: look at the optimizer's step"),
    ],
)  # fmt: skip
def test_where_runs_part(changed, expected):
    code, text = report(steps(3, loss_2=0.1, **changed), steps(3))
    assert code == 1 and text.startswith(f"{PARTED}\n{expected}"), text


def test_what_comes_after_the_step_is_not_reported():
    code, text = report(steps(3, loss_2=0.1, fc1_3=5), steps(3))
    assert code == 1 and "fc1" not in text


def losses(differences: list[float]) -> tuple[Recording, Recording]:
    """Two runs whose losses differ by these parts of their size."""
    runs = [
        [event("loss", "loss", i, 2.0 * (1 + more)) for i, more in enumerate(some, 1)]
        for some in (differences, [0] * 99)
    ]
    return recording(*runs[0]), recording(*runs[1][: len(differences)])


SLOWLY = [1e-6 * 1.2**step for step in range(40)]  # above 1e-4 from step 27 on


def test_losses_that_part_slowly_are_rounded():
    code, text = report(*losses(SLOWLY))
    assert code == 0 and text.startswith("The first 26 losses agree with PyTorch 2.0, to within ")
    assert "From step 27 on, 2 (PyTorch) against 2.00023 (yours), they part. The difference has grown slowly" in text


@pytest.mark.parametrize(
    ("step", "wrong_entries", "expected"),
    [(15, 1, 0), (15, 8, 1), (3, 1, 1)],
    ids=["one entry, late: a kink", "all entries", "one entry at once"],
)
def test_a_gradient_in_which_rounding_decides(step, wrong_entries, expected):
    runs = []
    for more in (0.5, 0.0):
        run = []
        for i in range(1, 31):
            gradient = [1.0] * 8
            gradient[:wrong_entries] = [1.0 + more * (i == step)] * wrong_entries
            run += [event("loss", "loss", i, 2.0 + more * (i > step)), event("gradient", "Net.fc1.bias", i, *gradient)]
        runs.append(recording(*run))
    code, text = report(*runs)
    assert code == expected
    assert f"the gradient of Net.fc1.bias after step {step}" in text and ("relu lets it through" in text) == (code == 0)


def test_weights_that_are_off_from_the_start_are_not_rounding():
    runs = losses(SLOWLY)
    for run, weight in zip(runs, (1.0001, 1.0), strict=True):
        run.events.insert(1, event("parameter", "Net.fc.weight", 2, weight, 0.5 * weight, 0.0))
    code, text = report(*runs)
    assert (
        code == 1 and "It began earlier, with Net.fc.weight before step 2: 1 (PyTorch) against 1.0001 (yours)." in text
    )


def test_weights_that_are_off_while_all_losses_agree():
    ours = [event("loss", "loss", 1, 1.0), event("parameter", "w", 2, 1.0001, 1.0001), event("loss", "loss", 2, 1.0)]
    theirs = [ours[0], event("parameter", "w", 2, 1.0, 1.0), ours[2]]
    code, text = report(recording(*ours), recording(*theirs))
    assert code == 1 and text.startswith(
        "All 2 losses agree, to within 0e+00 of their size, but w before step 2 differs by more"
    )


@pytest.mark.parametrize(
    "differences",
    [
        [1e-7] * 30 + [2e-4] * 9,  # all at once
        [1e-7] * 30 + [1e-5, 5e-5, 2e-4, 4e-4],  # within a few steps
        SLOWLY[:26] + [2e-4, 1e-3, 5e-3, 2e-2],  # a mistake that begins where rounding is nearly visible
        [2e-4] * 20,  # from the start
        SLOWLY[:30] + [np.nan],
    ],
)
def test_losses_that_part_at_once_are_not(differences):
    code, text = report(*losses(differences))
    assert code == 1 and text.startswith("step "), text


def test_an_output_that_differs_while_all_losses_agree():
    code, text = report(steps(fc2_2=0.5), steps())
    assert code == 1 and text.startswith(
        "All 2 losses agree, but the output of fc2 in step 2 differs: 2 (PyTorch) against 2.5"
    )


def test_outputs_that_part_slowly_are_rounded():
    code, text = report(steps(20, **{f"fc1_{step}": 1e-6 * 2**step for step in range(1, 12)}), steps(20))
    assert code == 0 and text.startswith("All 20 losses agree")


def test_other_numbers_of_steps():
    code, text = report(steps(2), steps(3))
    assert code == 1 and text.startswith("3 steps (PyTorch) against 2 (yours);")


def test_nothing_to_compare():
    code, text = report(recording(), recording())
    assert code == 1 and text.startswith("backward() was never called")


def test_nan_and_shapes_are_differences():
    nan, two = event("loss", "loss", 1, np.nan), event("loss", "loss", 1, 1.0, 2.0)
    one = event("loss", "loss", 1, 1.0)
    for ours, theirs in ((nan, one), (one, nan), (two, one)):
        assert report(recording(ours), recording(theirs))[0] == 1
    assert report(recording(nan), recording(nan))[0] == 0


def test_initial_weights_that_differ_are_reported():
    code, text = report(steps(), recording(*steps().events, replaced=["Net.fc1.weight"]))
    assert code == 0 and text.startswith(
        "Your initial weights differ from PyTorch's for the same random numbers (Net.fc1.weight)"
    )
